//! Cameras of a gate: how often and where each is looked at, who changed that, and a look through it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use contract::area::Areas;
use contract::camera;
use contract::event::CameraState;
use contract::ids::GateId;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::at::At;
use super::body::Body;
use super::body::Path;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::FieldFault;
use super::error::WebError;
use super::page::Page;
use super::passages::not_shown;
use crate::audit;
use crate::evidence;
use crate::fleet::cameras;
use crate::fleet::cameras::CameraError;
use crate::fleet::cameras::Change;
use crate::fleet::sight::AskError;
use crate::fleet::sight::Reported;
use crate::hub::Hub;
use crate::parking::Named;
use crate::parking::words;
use crate::store::Priority;

/// How long an edge may take to send a picture.
const SNAPSHOT: Duration = Duration::from_secs(10);
/// How many changes the history shows.
const NEWEST: u32 = 50;

/// How often a camera is looked at, and which parts of its picture count.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraSettings {
    /// How many frames a second are looked at, 1 to 15.
    #[schema(example = 8, minimum = 1, maximum = 15)]
    pub fps: u8,
    /// Only what lies in one of these counts; if there are none, everything does. Each is a list of corners `[x, y]`,
    /// parts of the picture's width and height from 0 to 1.
    #[serde(default)]
    #[schema(value_type = Vec<Vec<Vec<f32>>>)]
    pub include: Vec<Vec<[f32; 2]>>,
    /// What lies in one of these does not count, wherever it is.
    #[serde(default)]
    #[schema(value_type = Vec<Vec<Vec<f32>>>)]
    pub exclude: Vec<Vec<[f32; 2]>>,
}

impl From<camera::CameraSettings> for CameraSettings {
    fn from(settings: camera::CameraSettings) -> Self {
        Self {
            fps: settings.fps,
            include: settings.areas.include,
            exclude: settings.areas.exclude,
        }
    }
}

impl From<CameraSettings> for camera::CameraSettings {
    fn from(settings: CameraSettings) -> Self {
        Self {
            fps: settings.fps,
            areas: Areas {
                include: settings.include,
                exclude: settings.exclude,
            },
        }
    }
}

/// A camera of a gate. The answer's `ETag` is its revision; a change names it in `If-Match`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Camera {
    /// The gate.
    pub gate: Named,
    /// The camera's name in the gate's section of the edge's settings.
    #[schema(example = "front")]
    pub name: String,
    /// How it is.
    #[schema(value_type = words::CameraState)]
    pub state: CameraState,
    /// What went wrong.
    pub why: String,
    /// Whether its edge is connected.
    pub connected: bool,
    /// The newest revision of its settings; 0 if nobody ever set any.
    pub revision: u64,
    /// What was set here; null: the edge's own settings hold.
    pub settings: Option<CameraSettings>,
    /// Whether the edge goes by them.
    pub standing: CameraStanding,
    /// Why the edge refused them.
    pub refused: Option<String>,
    /// What the edge says at this moment; null while it is away, or too old to say it.
    pub report: Option<CameraReport>,
}

/// Whether an edge goes by the newest settings of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CameraStanding {
    /// Nobody set anything here: the edge's own settings hold.
    Own,
    /// It does.
    Applied,
    /// It has not said so yet.
    Waiting,
    /// It refused them; what held before still holds.
    Refused,
}

/// How a camera stands at this moment, by its edge.
#[derive(Debug, Serialize, ToSchema)]
pub struct CameraReport {
    /// When the edge said so.
    pub at: At,
    /// What holds at the edge.
    pub in_force: CameraSettings,
    /// What the edge's own file says.
    pub own: CameraSettings,
    /// Frames a second, as the camera sends them.
    pub camera_fps: f32,
    /// Frames a second that are looked at.
    pub looked_fps: f32,
    /// Frames a second that the machine allows at its temperature and load.
    pub allowed_fps: u8,
    /// When the newest frame came, by the edge's clock.
    pub last_frame_at: Option<At>,
}

/// One change of a camera's settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct CameraRevision {
    /// Its number.
    pub revision: u64,
    /// What was set; null: the edge's own settings.
    pub settings: Option<CameraSettings>,
    /// The revision that this one repeats; 0 for the edge's own settings.
    pub restores: Option<u64>,
    /// Who changed it; null: the hub itself, after it was restored from a backup.
    #[schema(example = "ana")]
    pub by: Option<String>,
    /// When.
    pub at: At,
}

/// Which settings to take again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreCamera {
    /// A revision of the history; 0 for the edge's own settings.
    pub revision: u64,
}

/// Shows a camera: what is set, whether the edge goes by it, and how fast it really is.
#[utoipa::path(
    get,
    path = "/api/v1/gates/{id}/cameras/{camera}",
    tag = "fleet",
    params(
        ("id" = Uuid, Path, description = "The gate."),
        ("camera" = String, Path, description = "The camera's name.", example = "front"),
    ),
    responses((status = 200, body = Camera), (status = "default", body = ErrorBody))
)]
pub async fn show_camera(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path((gate, name)): Path<(GateId, String)>,
) -> Result<Response, WebError> {
    let reach = asked.caller.reach;
    let camera = hub
        .store
        .read(move |tx| Ok::<_, WebError>(cameras::find_camera(tx, reach, gate, &name)?))
        .await?
        .ok_or(WebError::NotFound)?;
    Ok(shown(&hub, camera))
}

/// Sets how often and where a camera is looked at. The edge gets it at once, or when it connects next.
#[utoipa::path(
    put,
    path = "/api/v1/gates/{id}/cameras/{camera}",
    tag = "fleet",
    params(
        ("id" = Uuid, Path, description = "The gate."),
        ("camera" = String, Path, description = "The camera's name.", example = "front"),
        ("If-Match" = String, Header, description = "The revision that is changed, as `ETag` gave it.", example = "\"3\""),
    ),
    request_body = CameraSettings,
    responses((status = 200, body = Camera), (status = 412, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn set_camera(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path((gate, name)): Path<(GateId, String)>,
    headers: HeaderMap,
    Body(given): Body<CameraSettings>,
) -> Result<Response, WebError> {
    let settings = camera::CameraSettings::from(given);
    let faults = settings.faults().into_iter();
    WebError::check(
        faults
            .map(|(field, why)| FieldFault { field, why })
            .collect(),
    )?;
    let wanted = Wanted::Settings(settings);
    change(&hub, asked, (gate, name), seen(&headers)?, wanted).await
}

/// Takes former settings of a camera again, or the edge's own.
#[utoipa::path(
    post,
    path = "/api/v1/gates/{id}/cameras/{camera}/restore",
    tag = "fleet",
    params(
        ("id" = Uuid, Path, description = "The gate."),
        ("camera" = String, Path, description = "The camera's name.", example = "front"),
        ("If-Match" = String, Header, description = "The revision that is changed, as `ETag` gave it.", example = "\"3\""),
    ),
    request_body = RestoreCamera,
    responses((status = 200, body = Camera), (status = 412, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn restore_camera(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path((gate, name)): Path<(GateId, String)>,
    headers: HeaderMap,
    Body(given): Body<RestoreCamera>,
) -> Result<Response, WebError> {
    let wanted = Wanted::Former(given.revision);
    change(&hub, asked, (gate, name), seen(&headers)?, wanted).await
}

/// Lists the newest changes of a camera's settings, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/gates/{id}/cameras/{camera}/history",
    tag = "fleet",
    params(
        ("id" = Uuid, Path, description = "The gate."),
        ("camera" = String, Path, description = "The camera's name.", example = "front"),
    ),
    responses((status = 200, body = Page<CameraRevision>), (status = "default", body = ErrorBody))
)]
pub async fn list_camera_history(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path((gate, name)): Path<(GateId, String)>,
) -> Result<Json<Page<CameraRevision>>, WebError> {
    let (organisation, reach) = (asked.caller.organisation, asked.caller.reach);
    let revisions = hub
        .store
        .read(move |tx| {
            if cameras::find_camera(tx, reach, gate, &name)?.is_none() {
                return Err(WebError::NotFound);
            }
            Ok(cameras::list_revisions(
                tx,
                organisation,
                gate,
                &name,
                NEWEST,
            )?)
        })
        .await?;
    let items = revisions
        .into_iter()
        .map(|revision| CameraRevision {
            revision: revision.revision,
            settings: revision.settings.map(CameraSettings::from),
            restores: revision.restores,
            by: revision.account.map(|_| revision.account_name),
            at: revision.at.into(),
        })
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Looks through a camera: its edge sends the newest picture. Each look is in the audit trail. `X-Taken-At` says when the
/// picture was taken.
#[utoipa::path(
    get,
    path = "/api/v1/gates/{id}/cameras/{camera}/snapshot",
    tag = "fleet",
    params(
        ("id" = Uuid, Path, description = "The gate."),
        ("camera" = String, Path, description = "The camera's name.", example = "front"),
    ),
    responses(
        (status = 200, content_type = "image/jpeg", body = Vec<u8>),
        (status = 409, body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn show_snapshot(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path((gate, name)): Path<(GateId, String)>,
) -> Result<Response, WebError> {
    let (reach, now) = (asked.caller.reach, hub.clock.wall());
    let camera = name.clone();
    let edge = hub
        .store
        .write(Priority::People, move |tx| {
            let found =
                cameras::find_camera(tx, reach, gate, &camera)?.ok_or(WebError::NotFound)?;
            let entry = asked.entry(
                now,
                "camera.look",
                ("gate", gate.to_string()),
                "Looked through a camera.",
                serde_json::json!({ "camera": camera }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(found.gate.edge)
        })
        .await?
        .ok_or_else(|| WebError::Conflict("No edge runs this gate.".into()))?;
    let asking = hub
        .sight
        .ask(edge, gate, &name)
        .map_err(|error| match error {
            AskError::Away => {
                WebError::Conflict("The edge is away: it can send no picture.".into())
            }
            AskError::Busy => WebError::TooMany(Duration::from_secs(1)),
        })?;
    let answer = tokio::time::timeout(SNAPSHOT, asking)
        .await
        .map_err(|_| WebError::TimedOut)?
        .map_err(|_| WebError::Conflict("The edge went away before it sent a picture.".into()))?;
    let shot = answer
        .map_err(|why| WebError::Conflict(format!("The edge has no picture: {}.", clean(&why))))?;
    let bytes = evidence::show(shot.bytes).await.map_err(not_shown)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::HeaderName::from_static("x-taken-at"),
            HeaderValue::from_str(&shot.at.to_string())
                .unwrap_or_else(|_| HeaderValue::from_static("")),
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// What to set.
#[derive(Clone)]
enum Wanted {
    Settings(camera::CameraSettings),
    Former(u64),
}

async fn change(
    hub: &Hub,
    asked: Asked,
    (gate, name): (GateId, String),
    seen: u64,
    wanted: Wanted,
) -> Result<Response, WebError> {
    let (reach, now) = (asked.caller.reach, hub.clock.wall());
    let organisation = reach.organisation;
    let sight = hub.sight.clone();
    let camera = hub
        .store
        .write(Priority::People, move |tx| {
            let known = cameras::find_camera(tx, reach, gate, &name)?.ok_or(WebError::NotFound)?;
            let reported = known
                .gate
                .edge
                .and_then(|edge| sight.find_report(edge, gate, &name))
                .map_or(0, |reported| reported.report.revision);
            let (settings, restores) = match wanted.clone() {
                Wanted::Settings(settings) => (Some(settings), None),
                Wanted::Former(0) => (None, Some(0)),
                Wanted::Former(former) => {
                    let found =
                        cameras::list_revisions(tx, organisation, gate, &name, cameras::KEPT)?
                            .into_iter()
                            .find(|revision| revision.revision == former)
                            .ok_or_else(|| {
                                WebError::invalid("revision", "is none of the history")
                            })?;
                    (found.settings, Some(former))
                }
            };
            let change = Change {
                seen,
                reported,
                settings: settings.clone(),
                restores,
                account: asked.caller.account,
                account_name: asked.caller.name.clone(),
                at: now,
            };
            let revision = cameras::set(tx, reach, gate, &name, &change).map_err(refused)?;
            let entry = asked.entry(
                now,
                "camera.set",
                ("gate", gate.to_string()),
                "Set how often and where a camera is looked at.",
                serde_json::json!({
                    "camera": name, "revision": revision, "restores": restores,
                    "before": known.settings.map(CameraSettings::from),
                    "after": settings.map(CameraSettings::from),
                }),
            );
            audit::record(tx, &entry)?;
            cameras::find_camera(tx, reach, gate, &name)?.ok_or(WebError::NotFound)
        })
        .await?;
    Ok(shown(hub, camera))
}

fn refused(error: CameraError) -> WebError {
    match error {
        CameraError::NoSuchCamera => WebError::NotFound,
        CameraError::Stale(_) => WebError::Stale,
        CameraError::Store(error) => error.into(),
    }
}

/// The revision that a caller has seen.
fn seen(headers: &HeaderMap) -> Result<u64, WebError> {
    let why = "must be the revision that is changed, as ETag gave it: a number in double quotes";
    headers
        .get(header::IF_MATCH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix('"')?.strip_suffix('"')?.parse().ok())
        .ok_or_else(|| WebError::invalid("If-Match", why))
}

fn shown(hub: &Hub, camera: cameras::Camera) -> Response {
    let reported = camera
        .gate
        .edge
        .and_then(|edge| hub.sight.find_report(edge, camera.gate.id, &camera.name));
    let connected = camera
        .gate
        .edge
        .is_some_and(|edge| hub.presence.find(edge).is_some());
    let (standing, refused) = standing(&camera, reported.as_ref());
    let etag = HeaderValue::from_str(&format!("\"{}\"", camera.revision))
        .unwrap_or_else(|_| HeaderValue::from_static("\"0\""));
    let body = Camera {
        gate: Named {
            id: camera.gate.id.0,
            name: camera.gate.name,
        },
        name: camera.name,
        state: camera.state,
        why: camera.why,
        connected,
        revision: camera.revision,
        settings: camera.settings.map(CameraSettings::from),
        standing,
        refused,
        report: reported.map(|Reported { report, at }| CameraReport {
            at: at.into(),
            in_force: report.in_force.into(),
            own: report.own.into(),
            camera_fps: report.camera_fps,
            looked_fps: report.looked_fps,
            allowed_fps: report.allowed_fps,
            last_frame_at: report.last_frame.map(At::from),
        }),
    };
    ([(header::ETAG, etag)], Json(body)).into_response()
}

/// What the edge says at this moment counts more than what it said once: it may have lost its disk.
fn standing(
    camera: &cameras::Camera,
    reported: Option<&Reported>,
) -> (CameraStanding, Option<String>) {
    if camera.revision == 0 {
        return (CameraStanding::Own, None);
    }
    let has = reported.map(|reported| reported.report.revision);
    if has == Some(camera.revision) {
        return (CameraStanding::Applied, None);
    }
    match &camera.answer {
        Some(answer) if answer.revision == camera.revision => match &answer.refused {
            Some(why) => (CameraStanding::Refused, Some(clean(why))),
            None if has.is_none() => (CameraStanding::Applied, None),
            None => (CameraStanding::Waiting, None),
        },
        Some(_) | None => (CameraStanding::Waiting, None),
    }
}

/// Words of an edge for people: in one line, and not without end.
fn clean(why: &str) -> String {
    why.chars()
        .filter(|symbol| !symbol.is_control())
        .take(400)
        .collect()
}

#[cfg(test)]
mod tests;
