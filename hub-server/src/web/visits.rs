//! Visits, who is on site, and their correction by hand.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::ids::SiteId;
use contract::ids::VisitId;
use contract::plate::Plate;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::body::Body;
use super::body::Path;
use super::body::Query;
use super::caller::Asked;
use super::cursor;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use super::page::limit;
use super::passages::plate_part;
use crate::audit;
use crate::fleet;
use crate::hub::Hub;
use crate::parking::occupancy;
use crate::parking::visits;
use crate::parking::visits::Corrected;
use crate::parking::visits::Corrector;
use crate::parking::visits::Filter;
use crate::parking::visits::Visit;
use crate::parking::visits::VisitState;
use crate::store::Priority;

/// The longest reason that a person gives.
const LONGEST_REASON: usize = 500;

/// Which visits.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VisitQuery {
    /// Where the page begins, from the page before.
    pub cursor: Option<String>,
    /// 1 to 200 items; 50 if not given.
    pub limit: Option<u32>,
    /// Only this state.
    pub state: Option<VisitState>,
    /// Only plates that hold these letters and digits.
    pub plate: Option<String>,
}

/// Why a visit is closed by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseVisit {
    /// In words, for those who look later.
    #[schema(example = "left through the workshop's gate")]
    pub reason: String,
}

/// A vehicle that is on site and that no gate saw coming.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVisit {
    /// Where it is.
    #[schema(value_type = Uuid)]
    pub site: SiteId,
    /// Its plate.
    #[schema(example = "1234 BCD")]
    pub plate: String,
    /// Why, in words, for those who look later.
    #[schema(example = "came in while the camera was being cleaned")]
    pub reason: String,
}

/// How full each site is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Occupancy {
    /// Every site of the organisation.
    pub sites: Vec<occupancy::Occupancy>,
}

/// Lists visits, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/visits",
    tag = "visits",
    params(VisitQuery),
    responses((status = 200, body = Page<Visit>), (status = "default", body = ErrorBody))
)]
pub async fn list_visits(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<VisitQuery>,
) -> Result<Json<Page<Visit>>, WebError> {
    let limit = limit(query.limit)?;
    let before = cursor::read_time(query.cursor.as_deref())?.map(|(at, id)| (at, VisitId(id)));
    let filter = Filter {
        state: query.state,
        plate: plate_part(query.plate.as_deref())?,
    };
    let reach = asked.caller.reach;
    let asked_for = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let items: Vec<Visit> = hub
        .store
        .read(move |tx| {
            visits::list_visits(tx, reach, &filter, before, asked_for).map_err(WebError::from)
        })
        .await?;
    Ok(Json(Page::of(items, limit, |visit| {
        cursor::after_time(visit.at, visit.id.0)
    })))
}

/// Closes a visit by hand: the vehicle is no longer counted. The exit's own event may still be attached later.
#[utoipa::path(
    post,
    path = "/api/v1/visits/{id}/close",
    tag = "visits",
    params(("id" = Uuid, Path, description = "The visit.")),
    request_body = CloseVisit,
    responses((status = 200, body = Visit), (status = "default", body = ErrorBody))
)]
pub async fn close_visit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<VisitId>,
    Body(given): Body<CloseVisit>,
) -> Result<Json<Visit>, WebError> {
    let by = corrector(&hub, &asked, &given.reason)?;
    let reach = asked.caller.reach;
    let entry = asked.entry(
        by.at,
        "visit.close",
        ("visit", id.to_string()),
        "Closed a visit by hand.",
        serde_json::json!({ "reason": by.reason }),
    );
    let visit = hub
        .store
        .write(Priority::People, move |tx| {
            match visits::close(tx, reach, id, &by)? {
                Corrected::Done(visit) => {
                    audit::record(tx, &entry)?;
                    Ok(visit)
                }
                Corrected::NotFound => Err(WebError::NotFound),
                Corrected::AlreadySo => {
                    Err(WebError::Conflict("This visit is closed already.".into()))
                }
            }
        })
        .await?;
    Ok(Json(*visit))
}

/// Records by hand that a vehicle is on site.
#[utoipa::path(
    post,
    path = "/api/v1/visits",
    tag = "visits",
    request_body = NewVisit,
    responses((status = 201, body = Visit), (status = "default", body = ErrorBody))
)]
pub async fn open_visit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<NewVisit>,
) -> Result<(StatusCode, Json<Visit>), WebError> {
    let by = corrector(&hub, &asked, &given.reason)?;
    let plate = Plate::parse(&given.plate)
        .map_err(|error| WebError::invalid("plate", error.to_string()))?;
    let (organisation, reach) = (asked.caller.organisation, asked.caller.reach);
    let site = given.site;
    let visit = hub
        .store
        .write(Priority::People, move |tx| {
            if fleet::sites::find_site(tx, reach, site)?.is_none() {
                return Err(WebError::invalid("site", "is no site of this organisation"));
            }
            match visits::open_by_hand(tx, organisation, site, &plate, &by)? {
                Corrected::Done(visit) => {
                    let entry = asked.entry(
                        by.at,
                        "visit.open",
                        ("visit", visit.id.to_string()),
                        "Recorded by hand that a vehicle is on site.",
                        serde_json::json!({ "reason": by.reason, "plate": plate, "site": site }),
                    );
                    audit::record(tx, &entry)?;
                    Ok(visit)
                }
                Corrected::NotFound => Err(WebError::NotFound),
                Corrected::AlreadySo => Err(WebError::Conflict(
                    "This vehicle is on site already.".into(),
                )),
            }
        })
        .await?;
    Ok((StatusCode::CREATED, Json(*visit)))
}

/// Shows how many vehicles are on each site.
#[utoipa::path(
    get,
    path = "/api/v1/occupancy",
    tag = "visits",
    responses((status = 200, body = Occupancy), (status = "default", body = ErrorBody))
)]
pub async fn show_occupancy(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Occupancy>, WebError> {
    let reach = asked.caller.reach;
    let sites = hub
        .store
        .read(move |tx| occupancy::list_occupancy(tx, reach).map_err(WebError::from))
        .await?;
    Ok(Json(Occupancy { sites }))
}

fn corrector(hub: &Hub, asked: &Asked, reason: &str) -> Result<Corrector, WebError> {
    Ok(Corrector {
        account: asked.caller.account,
        name: asked.caller.name.clone(),
        reason: read_reason(reason)?,
        at: hub.clock.wall(),
    })
}

/// Reads a reason that a person must give.
pub(super) fn read_reason(text: &str) -> Result<String, WebError> {
    let text = text.trim();
    if text.is_empty()
        || text.chars().count() > LONGEST_REASON
        || text.chars().any(char::is_control)
    {
        return Err(WebError::invalid(
            "reason",
            format!("must be 1 to {LONGEST_REASON} characters in one line"),
        ));
    }
    Ok(text.to_owned())
}
