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
use contract::ids::SiteId;
use contract::plate::Plate;
use contract::sighting::Heading;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;
use contract::verdict::Outcome;
use contract::verdict::Reason;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::at::At;
use super::body::Listing;
use super::body::Part;
use super::body::Path;
use super::body::Query;
use super::caller::Asked;
use super::cursor;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use crate::evidence;
use crate::evidence::PictureStage;
use crate::hub::Hub;
use crate::parking::passages;
use crate::parking::passages::Passage;
use crate::parking::passages::PassageDetail;
use crate::parking::search;
use crate::parking::search::Filter;
use crate::parking::search::Found;
use crate::parking::search::Hits;
use crate::parking::wanted::Wanted;
use crate::parking::words;

/// Which passages.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
#[schema(as = PassageQuery)]
pub struct PassageQuery {
    /// A plate or a part of one; blanks and dashes do not matter, the letter O and the digit 0 are the same. With
    /// `plate_match` `contains` it may have wildcards, and is then meant from the first character to the last: `*` stands
    /// for any characters, `?` for exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "12*BCD")]
    #[schema(example = "12*BCD")]
    pub plate: Option<String>,
    /// How `plate` is meant; `contains` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub plate_match: Option<PlateMatch>,
    /// With `plate_match` `fuzzy`: how many characters may be off, 1 or 2; 1 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 2)]
    #[schema(minimum = 1, maximum = 2)]
    pub off: Option<u8>,
    /// Only this gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<Uuid>)]
    #[schema(value_type = Option<Uuid>)]
    pub gate: Option<GateId>,
    /// Only this site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<Uuid>)]
    #[schema(value_type = Option<Uuid>)]
    pub site: Option<SiteId>,
    /// Only this outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<words::Outcome>)]
    #[schema(value_type = Option<words::Outcome>)]
    pub outcome: Option<Outcome>,
    /// Only this reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<words::Reason>)]
    #[schema(value_type = Option<words::Reason>)]
    pub reason: Option<Reason>,
    /// Only vehicles of this type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<words::VehicleType>)]
    #[schema(value_type = Option<words::VehicleType>)]
    pub vehicle_type: Option<VehicleType>,
    /// Only vehicles of this colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<words::VehicleColour>)]
    #[schema(value_type = Option<words::VehicleColour>)]
    pub vehicle_colour: Option<VehicleColour>,
    /// Only vehicles that are, or are not, other than their permit says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<bool>,
    /// Only those that came towards the camera, went away from it, or whose way was not clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub heading: Option<HeadingFilter>,
    /// Not before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<At>,
    /// Before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<At>,
}

/// How a plate is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlateMatch {
    /// Anywhere in the plate, or as the wildcards say.
    #[default]
    Contains,
    /// At its beginning.
    Prefix,
    /// This very plate.
    Exact,
    /// This plate, or one that differs by as many characters as `off` says. Characters that look alike do not count. Of
    /// more than 1,000 such plates the nearest.
    Fuzzy,
}

/// How many passages a search has.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassageCount {
    /// As many at least; counted up to 1,000.
    #[schema(example = 1000)]
    pub count: u64,
    /// Whether there may be more.
    pub is_more: bool,
}

impl PassageQuery {
    /// What the desk searches by, or what is wrong with it.
    pub(super) fn filter(&self) -> Result<Filter, WebError> {
        if let (Some(from), Some(until)) = (self.from, self.until)
            && from >= until
        {
            return Err(WebError::invalid("until", "must be after from"));
        }
        Ok(Filter {
            plate: self.wanted()?,
            gate: self.gate,
            site: self.site,
            outcome: self.outcome,
            reason: self.reason,
            vehicle_type: self.vehicle_type,
            vehicle_colour: self.vehicle_colour,
            mismatch: self.mismatch,
            heading: self.heading.map(HeadingFilter::wanted),
            from: self.from.map(|at| at.0),
            until: self.until.map(|at| at.0),
        })
    }

    /// Blanks alone mean all plates.
    fn wanted(&self) -> Result<Option<Wanted>, WebError> {
        let kind = self.plate_match.unwrap_or_default();
        if self.off.is_some() && kind != PlateMatch::Fuzzy {
            return Err(WebError::invalid("off", "belongs to plate_match fuzzy"));
        }
        let off = self.off.unwrap_or(1);
        if !(1..=2).contains(&off) {
            return Err(WebError::invalid("off", "must be 1 or 2"));
        }
        let Some(text) = self.plate.as_deref().filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        match kind {
            PlateMatch::Contains => Wanted::holding(text),
            PlateMatch::Prefix => Wanted::beginning(text),
            PlateMatch::Exact => Wanted::exactly(text),
            PlateMatch::Fuzzy => Wanted::near(text, off.into()),
        }
        .map(Some)
        .map_err(|error| WebError::invalid("plate", error.to_string()))
    }
}

/// Which way vehicles went through the camera's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
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

/// Lists passages, newest first. A page of a search that finds little among very many may be short, or empty: while
/// there is a `next_cursor`, the search goes on.
#[utoipa::path(
    get,
    path = "/api/v1/passages",
    tag = "passages",
    params(Part, PassageQuery),
    responses((status = 200, body = Page<Passage>), (status = "default", body = ErrorBody))
)]
pub async fn list_passages(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    list: Listing<PassageQuery>,
) -> Result<Json<Page<Passage>>, WebError> {
    let before = cursor::read_time(list.cursor.as_deref())?.map(|(at, id)| (at, PassageId(id)));
    let filter = list.query.filter()?;
    let (reach, limit) = (asked.caller.reach, list.limit);
    let found: Found = hub
        .store
        .read(move |tx| {
            search::find_passages(tx, reach, &filter, before, limit).map_err(WebError::from)
        })
        .await?;
    Ok(Json(Page {
        items: found.passages,
        next_cursor: found.rest.map(|(at, id)| cursor::after_time(at, id.0)),
    }))
}

/// Counts the passages of a search, up to 1,000.
#[utoipa::path(
    get,
    path = "/api/v1/passages/count",
    tag = "passages",
    params(PassageQuery),
    responses((status = 200, body = PassageCount), (status = "default", body = ErrorBody))
)]
pub async fn count_passages(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<PassageQuery>,
) -> Result<Json<PassageCount>, WebError> {
    let filter = query.filter()?;
    let reach = asked.caller.reach;
    let hits: Hits = hub
        .store
        .read(move |tx| search::count_passages(tx, reach, &filter).map_err(WebError::from))
        .await?;
    Ok(Json(PassageCount {
        count: hits.count,
        is_more: hits.is_more,
    }))
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
    let bytes = evidence::show(bytes).await.map_err(not_shown)?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        // A picture never changes, but its time may end: an hour is no loss.
        (header::CACHE_CONTROL, "private, max-age=3600"),
        (header::CONTENT_DISPOSITION, "inline"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((headers, bytes).into_response())
}

/// What an edge sent as a picture and no browser gets to see.
pub(super) fn not_shown(why: evidence::ShownError) -> WebError {
    WebError::Conflict(format!("This picture can't be shown: {why}."))
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
