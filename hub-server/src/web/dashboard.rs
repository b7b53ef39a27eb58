//! What somebody who has just logged in should know: what needs attention, and how the fleet and the accounts are.
//!
//! Each part is there if the caller has the right to see what it sums up, so that every role lands on a fitting page.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use contract::event::BarrierAction;
use contract::event::CameraState;
use contract::ids::GateId;
use contract::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::at::At;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::gates::OrderState;
use crate::auth;
use crate::auth::Reach;
use crate::auth::Right;
use crate::fleet;
use crate::fleet::edges::EdgeState;
use crate::fleet::gates::Gate;
use crate::hub::Hub;
use crate::parking::Named;
use crate::parking::statistics;
use crate::parking::statistics::Counts;
use crate::parking::words;
use crate::store::StoreError;
use crate::store::Tx;

/// How far back asks, denials and refused orders are told.
const LOOKS_BACK: Duration = Duration::from_secs(24 * 60 * 60);
/// How many of each kind are named.
const MOST: usize = 20;

/// What somebody who has just logged in should know. A part is null if the caller may not see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dashboard {
    /// Passages of the last 24 hours.
    pub passages: Option<DashboardPassages>,
    /// Visits that somebody should look at.
    pub visits: Option<DashboardVisits>,
    /// Edges, cameras and orders.
    pub fleet: Option<DashboardFleet>,
    /// Accounts and their second factors.
    pub accounts: Option<DashboardAccounts>,
}

/// Passages of the last 24 hours.
#[derive(Debug, Serialize, ToSchema)]
pub struct DashboardPassages {
    /// All of them.
    #[schema(example = 253)]
    pub all: i64,
    /// Those that a gate asked about.
    #[schema(example = 9)]
    pub asked: i64,
    /// Those that were denied.
    #[schema(example = 4)]
    pub denied: i64,
    /// Those whose plate no permit has.
    #[schema(example = 7)]
    pub unknown: i64,
}

/// Visits that somebody should look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct DashboardVisits {
    /// With a missing entry or exit.
    #[schema(example = 2)]
    pub unpaired: i64,
    /// On site for longer than a day.
    #[schema(example = 1)]
    pub long: i64,
}

/// Edges, cameras and orders.
#[derive(Debug, Serialize, ToSchema)]
pub struct DashboardFleet {
    /// Enrolled edges.
    #[schema(example = 3)]
    pub edges: usize,
    /// Those that are connected.
    #[schema(example = 2)]
    pub connected: usize,
    /// Those that are not, up to 20.
    pub away: Vec<EdgeAway>,
    /// Cameras that reported.
    #[schema(example = 4)]
    pub cameras: usize,
    /// Those that show nothing new, up to 20.
    pub cameras_down: Vec<CameraDown>,
    /// Edges that give something up because they are hot or overloaded.
    pub hot: Vec<Named>,
    /// Enrolment codes that wait for their edge.
    #[schema(example = 0)]
    pub codes_waiting: usize,
    /// Orders of the last 24 hours that moved nothing, newest first, up to 20.
    pub orders_refused: Vec<OrderRefused>,
}

/// An edge that is not connected.
#[derive(Debug, Serialize, ToSchema)]
pub struct EdgeAway {
    /// Which.
    pub edge: Named,
    /// When it was heard last; null if never.
    pub last_heard_at: Option<At>,
}

/// A camera that shows nothing new.
#[derive(Debug, Serialize, ToSchema)]
pub struct CameraDown {
    /// Where.
    pub gate: Named,
    /// Its name.
    #[schema(example = "front")]
    pub camera: String,
    /// What it is in place of live.
    #[schema(value_type = words::CameraState)]
    pub state: CameraState,
    /// Since when.
    pub at: At,
}

/// An order that moved nothing.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderRefused {
    /// Where.
    pub gate: Named,
    /// What was wanted.
    #[schema(value_type = words::BarrierAction)]
    pub action: BarrierAction,
    /// What became of it.
    pub state: OrderState,
    /// When it was given.
    pub at: At,
}

/// Accounts and their second factors.
#[derive(Debug, Serialize, ToSchema)]
pub struct DashboardAccounts {
    /// Those that may log in.
    #[schema(example = 6)]
    pub active: i64,
    /// Those of them without a second factor.
    #[schema(example = 4)]
    pub without_second_factor: i64,
}

/// Shows what somebody who has just logged in should know.
#[utoipa::path(
    get, path = "/api/v1/dashboard", tag = "hub",
    responses((status = 200, body = Dashboard), (status = "default", body = ErrorBody))
)]
pub async fn show_dashboard(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Dashboard>, WebError> {
    asked.caller.need_session()?;
    let caller = asked.caller;
    let now = hub.clock.wall();
    let presence = hub.presence.clone();
    let mut dashboard: Dashboard = hub
        .store
        .read(move |tx| {
            let reach = caller.reach;
            let dashboard = Dashboard {
                passages: match caller.may(Right::ViewPassages) {
                    true => Some(passages(tx, reach, now)?),
                    false => None,
                },
                visits: match caller.may(Right::ViewVisits) {
                    true => Some(visits(tx, reach, now)?),
                    false => None,
                },
                fleet: match caller.may(Right::ViewFleet) {
                    true => Some(fleet_of(tx, reach, now, &presence)?),
                    false => None,
                },
                accounts: match caller.may(Right::ManageAccounts) {
                    true => Some(accounts(tx, reach)?),
                    false => None,
                },
            };
            Ok::<_, WebError>(dashboard)
        })
        .await?;
    if let Some(fleet) = &mut dashboard.fleet {
        fleet.away.truncate(MOST);
        fleet.cameras_down.truncate(MOST);
    }
    Ok(Json(dashboard))
}

fn passages(tx: &mut Tx, reach: Reach, now: Timestamp) -> Result<DashboardPassages, StoreError> {
    let asked = statistics::Asked {
        site: None,
        from: back(now),
        until: now.plus(Duration::from_millis(1)),
    };
    let mut total = Counts::default();
    let quarters = statistics::quarters(tx, reach, asked)?;
    quarters.values().for_each(|counts| total.add(counts));
    Ok(DashboardPassages {
        all: total.opened + total.denied + total.asked,
        asked: total.asked,
        denied: total.denied,
        unknown: total.unknown,
    })
}

fn visits(tx: &mut Tx, reach: Reach, now: Timestamp) -> Result<DashboardVisits, StoreError> {
    let unsettled = statistics::unsettled(tx, reach, back(now))?;
    Ok(DashboardVisits {
        unpaired: unsettled.unpaired,
        long: unsettled.long,
    })
}

fn fleet_of(
    tx: &mut Tx,
    reach: Reach,
    now: Timestamp,
    presence: &fleet::presence::Presence,
) -> Result<DashboardFleet, StoreError> {
    let mut edges = fleet::edges::list_edges(tx, reach)?;
    edges.retain(|edge| edge.state == EdgeState::Enrolled);
    let gates: BTreeMap<GateId, Gate> = fleet::gates::list_gates(tx, reach)?
        .into_iter()
        .map(|gate| (gate.id, gate))
        .collect();
    let mut cameras = fleet::gates::list_cameras(tx, reach.organisation)?;
    // A gate whose edge was retired has no camera any more.
    cameras.retain(|camera| gates.get(&camera.gate).is_some_and(|g| g.edge.is_some()));
    let heat = fleet::edges::list_heat(tx, reach.organisation)?;
    let codes = fleet::enrolments::list_enrolments(tx, reach, 100)?;
    let refused = fleet::orders::list_refused(tx, reach, back(now), now, MOST as u32)?;
    let gate = |id: GateId| gates.get(&id).map(named_gate);
    Ok(DashboardFleet {
        edges: edges.len(),
        connected: edges
            .iter()
            .filter(|edge| presence.find(edge.id).is_some())
            .count(),
        away: edges
            .iter()
            .filter(|edge| presence.find(edge.id).is_none())
            .map(|edge| EdgeAway {
                edge: Named {
                    id: edge.id.0,
                    name: edge.name.clone(),
                },
                last_heard_at: edge.last_heard_at.map(At),
            })
            .collect(),
        cameras: cameras.len(),
        cameras_down: cameras
            .iter()
            .filter(|camera| camera.state != CameraState::Live)
            .filter_map(|camera| {
                Some(CameraDown {
                    gate: gate(camera.gate)?,
                    camera: camera.name.clone(),
                    state: camera.state,
                    at: camera.at.into(),
                })
            })
            .collect(),
        hot: edges
            .iter()
            .filter(|edge| {
                heat.iter()
                    .any(|heat| heat.edge == edge.id && heat.step > 0)
            })
            .map(|edge| Named {
                id: edge.id.0,
                name: edge.name.clone(),
            })
            .collect(),
        codes_waiting: codes
            .iter()
            .filter(|code| code.used_at.is_none() && code.expires_at > now)
            .count(),
        orders_refused: refused
            .iter()
            .filter_map(|order| {
                Some(OrderRefused {
                    gate: gate(order.gate)?,
                    action: order.action,
                    state: order.state.into(),
                    at: order.given_at.into(),
                })
            })
            .collect(),
    })
}

fn accounts(tx: &mut Tx, reach: Reach) -> Result<DashboardAccounts, StoreError> {
    let census = auth::census(tx, reach.organisation)?;
    Ok(DashboardAccounts {
        active: census.active,
        without_second_factor: census.without_factor,
    })
}

fn named_gate(gate: &Gate) -> Named {
    Named {
        id: gate.id.0,
        name: gate.name.clone(),
    }
}

fn back(now: Timestamp) -> Timestamp {
    let back = i64::try_from(LOOKS_BACK.as_millis()).unwrap_or_default();
    Timestamp::from_millis(now.as_millis().saturating_sub(back))
}
