//! Passages and their pictures.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use contract::ids::GateId;
use contract::ids::PassageId;
use contract::plate::Plate;
use contract::sighting::Heading;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;
use contract::verdict::Outcome;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::at::At;
use super::body::Path;
use super::body::Query;
use super::caller::Asked;
use super::cursor;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use super::page::limit;
use crate::evidence;
use crate::evidence::PictureStage;
use crate::hub::Hub;
use crate::parking::passages;
use crate::parking::passages::Filter;
use crate::parking::passages::Passage;
use crate::parking::passages::PassageDetail;
use crate::parking::words;

/// Types that a browser may show in the hub's own pages. Anything else an edge names goes out as bytes.
const SHOWN_TYPES: [&str; 2] = ["image/jpeg", "image/png"];

/// Which passages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PassageQuery {
    /// Where the page begins, from the page before.
    pub cursor: Option<String>,
    /// 1 to 200 items; 50 if not given.
    pub limit: Option<u32>,
    /// Only plates that hold these letters and digits.
    #[param(example = "1234")]
    pub plate: Option<String>,
    /// Only this gate.
    #[param(value_type = Option<Uuid>)]
    pub gate: Option<GateId>,
    /// Only this outcome.
    #[param(value_type = Option<words::Outcome>)]
    pub outcome: Option<Outcome>,
    /// Only vehicles of this type.
    #[param(value_type = Option<words::VehicleType>)]
    pub vehicle_type: Option<VehicleType>,
    /// Only vehicles of this colour.
    #[param(value_type = Option<words::VehicleColour>)]
    pub vehicle_colour: Option<VehicleColour>,
    /// Only vehicles that are, or are not, other than their permit says.
    pub mismatch: Option<bool>,
    /// Only those that came towards the camera, went away from it, or whose way was not clear.
    #[param(inline)]
    pub heading: Option<HeadingFilter>,
    /// Not before.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<At>,
    /// Before.
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<At>,
}

/// Which way vehicles went through the camera's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeadingFilter {
    /// Towards the camera.
    Approaching,
    /// Away from it.
    Leaving,
    /// It was not clear.
    Unknown,
}

impl HeadingFilter {
    fn wanted(self) -> Option<Heading> {
        match self {
            Self::Approaching => Some(Heading::Approaching),
            Self::Leaving => Some(Heading::Leaving),
            Self::Unknown => None,
        }
    }
}

/// Lists passages, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/passages",
    tag = "passages",
    params(PassageQuery),
    responses((status = 200, body = Page<Passage>), (status = "default", body = ErrorBody))
)]
pub async fn list_passages(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<PassageQuery>,
) -> Result<Json<Page<Passage>>, WebError> {
    let limit = limit(query.limit)?;
    let before = cursor::read_time(query.cursor.as_deref())?.map(|(at, id)| (at, PassageId(id)));
    let filter = Filter {
        plate: plate_part(query.plate.as_deref())?,
        gate: query.gate,
        outcome: query.outcome,
        vehicle_type: query.vehicle_type,
        vehicle_colour: query.vehicle_colour,
        mismatch: query.mismatch,
        heading: query.heading.map(HeadingFilter::wanted),
        from: query.from.map(|at| at.0),
        until: query.until.map(|at| at.0),
    };
    let reach = asked.caller.reach;
    let asked_for = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let items: Vec<Passage> = hub
        .store
        .read(move |tx| {
            passages::list_passages(tx, reach, &filter, before, asked_for).map_err(WebError::from)
        })
        .await?;
    Ok(Json(Page::of(items, limit, |passage| {
        cursor::after_time(passage.at, passage.id.0)
    })))
}

/// Shows everything that is known of a passage.
#[utoipa::path(
    get,
    path = "/api/v1/passages/{id}",
    tag = "passages",
    params(("id" = Uuid, Path, description = "The passage.")),
    responses((status = 200, body = PassageDetail), (status = "default", body = ErrorBody))
)]
pub async fn show_passage(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<PassageId>,
) -> Result<Json<PassageDetail>, WebError> {
    let reach = asked.caller.reach;
    let detail: Option<PassageDetail> = hub
        .store
        .read(move |tx| passages::find_detail(tx, reach, id).map_err(WebError::from))
        .await?;
    detail.map(Json).ok_or(WebError::NotFound)
}

/// Sends a picture's bytes. A picture that has not arrived, or whose time is over, is not found; the passage says
/// which.
#[utoipa::path(
    get,
    path = "/api/v1/passages/{id}/pictures/{kind}",
    tag = "passages",
    params(
        ("id" = Uuid, Path, description = "The passage."),
        ("kind" = String, Path, description = "`frame` or `crop`.", example = "crop"),
    ),
    responses(
        (status = 200, content_type = "image/jpeg", body = Vec<u8>),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn show_picture(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path((id, kind)): Path<(PassageId, String)>,
) -> Result<Response, WebError> {
    let kind = evidence::read_kind(&kind).ok_or(WebError::NotFound)?;
    let reach = asked.caller.reach;
    let picture = hub
        .store
        .read(move |tx| {
            // A picture belongs to its passage's site.
            if passages::find_passage(tx, reach, id)?.is_none() {
                return Err(WebError::NotFound);
            }
            Ok(evidence::find_picture(tx, reach.organisation, id, kind)?)
        })
        .await?
        .filter(|picture| picture.stage == PictureStage::Stored)
        .ok_or(WebError::NotFound)?;
    let bytes = hub
        .evidence
        .get(picture.sha256)
        .await
        .map_err(|error| WebError::Internal(error.into()))?
        .ok_or(WebError::NotFound)?;
    let media_type = SHOWN_TYPES
        .into_iter()
        .find(|shown| *shown == picture.media_type)
        .unwrap_or("application/octet-stream");
    let headers = [
        (header::CONTENT_TYPE, media_type),
        // A picture never changes, but its time may end: an hour is no loss.
        (header::CACHE_CONTROL, "private, max-age=3600"),
        (header::CONTENT_DISPOSITION, "inline"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((headers, bytes).into_response())
}

/// Reads the part of a plate that a list is narrowed to; blanks alone mean all.
pub(super) fn plate_part(text: Option<&str>) -> Result<Option<Plate>, WebError> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => Plate::parse(text)
            .map(Some)
            .map_err(|error| WebError::invalid("plate", error.to_string())),
    }
}
