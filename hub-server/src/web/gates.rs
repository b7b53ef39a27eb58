//! Gates, and orders to move their barriers by hand.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::event::BarrierAction;
use contract::ids::GateId;
use contract::ids::OrderId;
use contract::sighting::Direction;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::at::At;
use super::body::Body;
use super::body::Path;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use super::visits::read_reason;
use crate::audit;
use crate::fleet;
use crate::fleet::orders;
use crate::fleet::orders::OrderError;
use crate::hub::Hub;
use crate::live;
use crate::parking::Named;
use crate::parking::words;
use crate::store::Id;
use crate::store::Priority;

/// How many of a gate's orders a list shows.
const NEWEST: u32 = 50;

/// One barrier.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gate {
    /// Its identity.
    #[schema(value_type = Uuid)]
    pub id: GateId,
    /// Its name.
    #[schema(example = "North entry")]
    pub name: String,
    /// Which way it lets through.
    #[schema(value_type = words::Direction)]
    pub direction: Direction,
    /// Where it stands.
    pub site: Named,
    /// The edge that runs it; null after that edge was retired.
    pub edge: Option<Named>,
}

/// What a person wants a barrier to do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// `open` opens and closes by itself later, `hold_open` stays open until told to close.
    #[schema(value_type = words::BarrierAction)]
    pub action: BarrierAction,
    /// Why, in words, for those who look later.
    #[schema(example = "delivery without a permit")]
    pub reason: String,
}

/// An order to move a barrier. It expires within seconds and runs at most once.
#[derive(Debug, Serialize, ToSchema)]
pub struct Order {
    /// Its identity.
    #[schema(value_type = Uuid)]
    pub id: OrderId,
    /// Which gate.
    #[schema(value_type = Uuid)]
    pub gate: GateId,
    /// What to do.
    #[schema(value_type = words::BarrierAction)]
    pub action: BarrierAction,
    /// Why.
    pub reason: String,
    /// Who gave it.
    #[schema(example = "ana")]
    pub by: String,
    /// When.
    pub given_at: At,
    /// From this moment on it is never carried out.
    pub expires_at: At,
    /// How it stands.
    pub state: OrderState,
    /// When the edge said how it ended.
    pub done_at: Option<At>,
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Not on its way yet.
    Waiting,
    /// On its way.
    Sent,
    /// The barrier was told.
    Done,
    /// It came too late; nothing moved.
    Expired,
    /// It was carried out before; nothing moved again.
    Repeated,
    /// The safety input forbade it.
    Blocked,
    /// The edge has no such gate.
    NoSuchGate,
    /// The barrier's pins refused; whether the arm moved is not known.
    Failed,
}

impl From<orders::OrderState> for OrderState {
    fn from(state: orders::OrderState) -> Self {
        match state {
            orders::OrderState::Waiting => Self::Waiting,
            orders::OrderState::Sent => Self::Sent,
            orders::OrderState::Done => Self::Done,
            orders::OrderState::Expired => Self::Expired,
            orders::OrderState::Repeated => Self::Repeated,
            orders::OrderState::Blocked => Self::Blocked,
            orders::OrderState::NoSuchGate => Self::NoSuchGate,
            orders::OrderState::Failed => Self::Failed,
        }
    }
}

impl From<orders::Order> for Order {
    fn from(order: orders::Order) -> Self {
        Self {
            id: order.id,
            gate: order.gate,
            action: order.action,
            reason: order.reason,
            by: order.account_name,
            given_at: order.given_at.into(),
            expires_at: order.expires_at.into(),
            state: order.state.into(),
            done_at: order.done_at.map(At::from),
        }
    }
}

/// Lists the organisation's gates by name.
#[utoipa::path(
    get,
    path = "/api/v1/gates",
    tag = "fleet",
    responses((status = 200, body = Page<Gate>), (status = "default", body = ErrorBody))
)]
pub async fn list_gates(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<Gate>>, WebError> {
    let reach = asked.caller.reach;
    let (gates, sites, edges) = hub
        .store
        .read(move |tx| {
            Ok::<_, WebError>((
                fleet::gates::list_gates(tx, reach)?,
                fleet::sites::list_sites(tx, reach)?,
                fleet::edges::list_edges(tx, reach)?,
            ))
        })
        .await?;
    let site = |id: Uuid| {
        let name = sites
            .iter()
            .find(|site| site.id.0 == id)
            .map(|site| site.name.clone());
        Named {
            id,
            name: name.unwrap_or_default(),
        }
    };
    let edge = |id: Uuid| {
        let name = edges
            .iter()
            .find(|edge| edge.id.0 == id)
            .map(|edge| edge.name.clone());
        Named {
            id,
            name: name.unwrap_or_default(),
        }
    };
    let items = gates
        .into_iter()
        .map(|gate| Gate {
            id: gate.id,
            name: gate.name,
            direction: gate.direction,
            site: site(gate.site.0),
            edge: gate.edge.map(|id| edge(id.0)),
        })
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Lists the newest orders of a gate, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/gates/{id}/orders",
    tag = "fleet",
    params(("id" = Uuid, Path, description = "The gate.")),
    responses((status = 200, body = Page<Order>), (status = "default", body = ErrorBody))
)]
pub async fn list_orders(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<GateId>,
) -> Result<Json<Page<Order>>, WebError> {
    let (organisation, reach) = (asked.caller.organisation, asked.caller.reach);
    let now = hub.clock.wall();
    let orders = hub
        .store
        .read(move |tx| {
            if fleet::gates::find_gate(tx, reach, id)?.is_none() {
                return Err(WebError::NotFound);
            }
            Ok(orders::list_orders(tx, organisation, id, now, NEWEST)?)
        })
        .await?;
    Ok(Json(Page {
        items: orders.into_iter().map(Order::from).collect(),
        next_cursor: None,
    }))
}

/// Orders a barrier to move. The answer says that the order was left, not that the barrier moved: follow its state.
#[utoipa::path(
    post,
    path = "/api/v1/gates/{id}/orders",
    tag = "fleet",
    params(("id" = Uuid, Path, description = "The gate.")),
    request_body = NewOrder,
    responses((status = 202, body = Order), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn give_order(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<GateId>,
    Body(given): Body<NewOrder>,
) -> Result<(StatusCode, Json<Order>), WebError> {
    let now = hub.clock.wall();
    let (organisation, reach) = (asked.caller.organisation, asked.caller.reach);
    let new = orders::NewOrder {
        id: OrderId::fresh(now),
        gate: id,
        action: given.action,
        reason: read_reason(&given.reason)?,
        account: asked.caller.account,
        account_name: asked.caller.name.clone(),
        given_at: now,
        holds: orders::HOLDS,
    };
    let order = hub
        .store
        .write(Priority::People, move |tx| {
            let gate = fleet::gates::find_gate(tx, reach, id)?.ok_or(WebError::NotFound)?;
            let order = orders::give(tx, organisation, &new).map_err(refused)?;
            let action = words::word(&order.action);
            let entry = asked.entry(
                now,
                "gate.order",
                ("gate", id.to_string()),
                format!("Ordered a barrier to move: {action}."),
                serde_json::json!({ "order": order.id, "action": action, "reason": order.reason }),
            );
            audit::record(tx, &entry)?;
            let order = Order::from(order);
            live::publish_at(
                tx,
                organisation,
                gate.site,
                "order",
                &words::to_news(&order),
            )?;
            Ok::<_, WebError>(order)
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(order)))
}

fn refused(error: OrderError) -> WebError {
    match error {
        OrderError::NoSuchGate => WebError::NotFound,
        OrderError::NoEdge => WebError::Conflict("No edge runs this gate.".into()),
        OrderError::Store(error) => error.into(),
    }
}
