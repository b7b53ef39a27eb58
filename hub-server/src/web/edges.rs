//! Edges: how each is, and how a machine becomes one or ceases to be one.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::code::EnrolCode;
use contract::event::CameraState;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::SiteId;
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
use super::error::FieldFault;
use super::error::WebError;
use super::models::Model;
use super::page::Page;
use crate::audit;
use crate::auth::Reach;
use crate::fleet;
use crate::fleet::edges;
use crate::fleet::enrolments;
use crate::fleet::enrolments::EnrolError;
use crate::fleet::enrolments::PlannedGate;
use crate::fleet::gates;
use crate::hub::Hub;
use crate::intake::ledger;
use crate::live;
use crate::parking::Named;
use crate::parking::words;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// The longest name of an edge or a gate.
const LONGEST_NAME: usize = 64;
/// The most gates of one edge.
const MOST_GATES: usize = 16;
/// How many gaps of the organisation are looked at.
const NEWEST_GAPS: u32 = 1_000;
/// How many codes a list shows.
const NEWEST_CODES: u32 = 100;

/// One edge and everything it reported of itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct Edge {
    /// Its identity, bound to its certificate.
    #[schema(value_type = Uuid)]
    pub id: EdgeId,
    /// Its name.
    #[schema(example = "north-pi")]
    pub name: String,
    /// The machine's own name.
    pub machine: String,
    /// Where it stands.
    pub site: Named,
    /// The agent's version.
    pub version: Option<String>,
    /// Whether it may connect.
    pub state: EdgeState,
    /// Whether it is connected.
    pub connected: bool,
    /// When it was heard last.
    pub last_heard_at: Option<At>,
    /// Events that it has and the hub has not.
    pub lag_events: u64,
    /// Events of it that the hub holds, of all its epochs.
    pub events_held: u64,
    /// The newest life of its numbering.
    pub epoch: u64,
    /// The hub has everything up to here in that epoch.
    pub through: u64,
    /// The permit book in force at the edge.
    pub book_version: u64,
    /// The permit book that it should have.
    pub wanted_book_version: u64,
    /// Numbers that are missing and were not filled.
    pub gaps: Vec<Gap>,
    /// Its gates.
    pub gates: Vec<EdgeGate>,
    /// Its models.
    pub models: Vec<Model>,
    /// What it gives up because it is hot or overloaded; null if it never said.
    pub heat: Option<EdgeHeat>,
}

/// Where an edge stands on its thermal ladder.
#[derive(Debug, Serialize, ToSchema)]
pub struct EdgeHeat {
    /// 0: nothing is given up; each step gives up more.
    pub step: u8,
    /// The most frames a second that are looked at.
    pub most_fps: u8,
    /// Far plates are sought at a smaller scale, too.
    pub is_coarse: bool,
    /// The processor's temperature in degrees Celsius when that began.
    pub celsius: Option<f64>,
    /// Since when.
    pub at: At,
}

/// Whether an edge may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EdgeState {
    /// It may.
    Enrolled,
    /// It may never again.
    Retired,
}

/// Missing numbers of an edge's events.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gap {
    /// In which life of the numbering.
    pub epoch: u64,
    /// The first missing number.
    pub expected: u64,
    /// The first number after them.
    pub got: u64,
    /// When it was noticed.
    pub at: At,
}

/// A gate of an edge.
#[derive(Debug, Serialize, ToSchema)]
pub struct EdgeGate {
    /// Its identity.
    #[schema(value_type = Uuid)]
    pub id: GateId,
    /// Its name.
    pub name: String,
    /// Which way it lets through.
    #[schema(value_type = words::Direction)]
    pub direction: Direction,
    /// The newest state of each input.
    pub inputs: Vec<GateInput>,
    /// The newest state of each camera.
    pub cameras: Vec<GateCamera>,
}

/// An input of a gate.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateInput {
    /// Its name.
    #[schema(example = "loop")]
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// Since when.
    pub at: At,
}

/// A camera of a gate.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateCamera {
    /// Its name.
    #[schema(example = "front")]
    pub name: String,
    /// How it is.
    #[schema(value_type = words::CameraState)]
    pub state: CameraState,
    /// What went wrong.
    pub why: String,
    /// Since when.
    pub at: At,
}

/// A machine that is to become an edge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnrolment {
    /// The edge's name, unique in the organisation.
    #[schema(example = "north-pi")]
    pub name: String,
    /// Where it stands; null if the organisation has one site.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    pub site: Option<SiteId>,
    /// The gates that it runs.
    pub gates: Vec<NewGate>,
}

/// A gate that an edge is to run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGate {
    /// Its name, unique at its site.
    #[schema(example = "North entry")]
    pub name: String,
    /// Which way it lets through.
    #[schema(value_type = words::Direction)]
    pub direction: Direction,
}

/// A one-time code. It is shown once and kept nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolmentCode {
    /// The enrolment that it is for.
    pub id: Uuid,
    /// The code.
    #[schema(example = "7Q4K-W2ZD-9XH3-P0NB-6RVT-M5CJ-AE")]
    pub code: String,
    /// It can be used until then.
    pub expires_at: At,
    /// Where the edge connects.
    #[schema(example = "hub.example.org:8443")]
    pub address: String,
    /// What to run on the edge. It asks for the code: a command line is no place for a secret.
    pub command: String,
}

/// A code that was given out, without the code.
#[derive(Debug, Serialize, ToSchema)]
pub struct Enrolment {
    /// Its identity.
    pub id: Uuid,
    /// The name that the edge gets.
    pub name: String,
    /// Who gave it out.
    pub created_by: String,
    /// When.
    pub created_at: At,
    /// It can be used until then.
    pub expires_at: At,
    /// When it was used.
    pub used_at: Option<At>,
    /// The edge that it made.
    #[schema(value_type = Option<Uuid>)]
    pub edge: Option<EdgeId>,
}

/// What one answer about edges is made of, read in one snapshot.
struct Snapshot {
    edges: Vec<edges::Edge>,
    sites: Vec<fleet::sites::Site>,
    gates: Vec<gates::Gate>,
    inputs: Vec<gates::GateInput>,
    cameras: Vec<gates::GateCamera>,
    models: Vec<edges::EdgeModel>,
    heat: Vec<edges::EdgeHeat>,
    streams: Vec<ledger::Standing>,
    gaps: Vec<ledger::MissingNumbers>,
    wanted_book_version: u64,
}

/// Lists the organisation's edges with their lag, gates and models.
#[utoipa::path(
    get,
    path = "/api/v1/edges",
    tag = "fleet",
    responses((status = 200, body = Page<Edge>), (status = "default", body = ErrorBody))
)]
pub async fn list_edges(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<Edge>>, WebError> {
    let reach = asked.caller.reach;
    let snapshot = hub
        .store
        .read(move |tx| load(tx, reach).map_err(WebError::from))
        .await?;
    let items = snapshot
        .edges
        .iter()
        .map(|edge| snapshot.show(edge, &hub))
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Gives out a one-time code by which a machine becomes an edge. It holds for 24 hours.
#[utoipa::path(
    post,
    path = "/api/v1/edges/enrolments",
    tag = "fleet",
    request_body = NewEnrolment,
    responses((status = 201, body = EnrolmentCode), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn enrol_edge(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<NewEnrolment>,
) -> Result<(StatusCode, Json<EnrolmentCode>), WebError> {
    WebError::check(faults(&given))?;
    let now = hub.clock.wall();
    let organisation = asked.caller.organisation;
    let code = EnrolCode {
        secret: rand::random(),
        authority: hub.authority.fingerprint(),
    };
    let secret_hash = enrolments::hash(&code.secret);
    // An enrolment is no edge yet; its id is of the same kind.
    let id = EdgeId::fresh(now).0;
    let expires_at = now.plus(enrolments::HOLDS);
    let planned: Vec<PlannedGate> = given
        .gates
        .iter()
        .map(|gate| PlannedGate {
            name: gate.name.trim().to_owned(),
            direction: gate.direction,
        })
        .collect();
    let (name, site) = (given.name.trim().to_owned(), given.site);
    hub.store
        .write(Priority::People, move |tx| {
            let enrolment = enrolments::Enrolment {
                id,
                organisation,
                site: choose_site(tx, asked.caller.reach, site)?,
                name: name.clone(),
                gates: planned.clone(),
                created_by: asked.caller.name.clone(),
                created_at: now,
                expires_at,
                used_at: None,
                used_key: None,
                edge: None,
            };
            enrolments::create(tx, &enrolment, secret_hash).map_err(refused)?;
            let entry = asked.entry(
                now,
                "edge.enrol",
                ("enrolment", id.to_string()),
                "Gave out an enrolment code.",
                serde_json::json!({ "name": name, "gates": planned, "expires_at": At(expires_at) }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(())
        })
        .await?;
    let (code, address) = (code.to_string(), hub.web.link_address.clone());
    let answer = EnrolmentCode {
        id,
        command: format!("edge-agent enrol --hub {address}"),
        code,
        expires_at: expires_at.into(),
        address,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Lists the newest codes that were given out, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/edges/enrolments",
    tag = "fleet",
    responses((status = 200, body = Page<Enrolment>), (status = "default", body = ErrorBody))
)]
pub async fn list_enrolments(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<Enrolment>>, WebError> {
    let reach = asked.caller.reach;
    let list = hub
        .store
        .read(move |tx| {
            enrolments::list_enrolments(tx, reach, NEWEST_CODES).map_err(WebError::from)
        })
        .await?;
    let items = list
        .into_iter()
        .map(|enrolment| Enrolment {
            id: enrolment.id,
            name: enrolment.name,
            created_by: enrolment.created_by,
            created_at: enrolment.created_at.into(),
            expires_at: enrolment.expires_at.into(),
            used_at: enrolment.used_at.map(At::from),
            edge: enrolment.edge,
        })
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Retires an edge for ever: its connection is closed and refused from then on, its gates are free for another.
#[utoipa::path(
    delete,
    path = "/api/v1/edges/{id}",
    tag = "fleet",
    params(("id" = Uuid, Path, description = "The edge.")),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn retire_edge(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<EdgeId>,
) -> Result<StatusCode, WebError> {
    let now = hub.clock.wall();
    let (organisation, reach) = (asked.caller.organisation, asked.caller.reach);
    hub.store
        .write(Priority::People, move |tx| {
            let edge = edges::find_edge(tx, reach, id)?.ok_or(WebError::NotFound)?;
            // Retiring twice is what was asked for already.
            if edges::retire(tx, organisation, id, now)? {
                let entry = asked.entry(
                    now,
                    "edge.retire",
                    ("edge", id.to_string()),
                    "Retired an edge.",
                    serde_json::json!({ "name": edge.name, "machine": edge.machine }),
                );
                audit::record(tx, &entry)?;
                let news = serde_json::json!({ "id": id, "name": edge.name, "state": "retired" });
                live::publish_at(tx, organisation, edge.site, "edge", &news)?;
            }
            Ok::<_, WebError>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn load(tx: &mut Tx, reach: Reach) -> Result<Snapshot, StoreError> {
    let organisation = reach.organisation;
    Ok(Snapshot {
        edges: edges::list_edges(tx, reach)?,
        sites: fleet::sites::list_sites(tx, reach)?,
        gates: gates::list_gates(tx, reach)?,
        inputs: gates::list_inputs(tx, organisation)?,
        cameras: gates::list_cameras(tx, organisation)?,
        models: edges::list_models(tx, reach)?,
        heat: edges::list_heat(tx, organisation)?,
        streams: ledger::list_streams(tx, organisation)?,
        gaps: ledger::list_gaps(tx, organisation, NEWEST_GAPS)?,
        wanted_book_version: fleet::directives::book_version(tx, organisation)?,
    })
}

impl Snapshot {
    fn show(&self, edge: &edges::Edge, hub: &Hub) -> Edge {
        let present = hub.presence.find(edge.id);
        let of_edge = || self.streams.iter().filter(|stream| stream.edge == edge.id);
        let through = of_edge()
            .find(|stream| Some(stream.epoch) == edge.epoch)
            .map_or(0, |stream| stream.through);
        let site = self.sites.iter().find(|site| site.id == edge.site);
        let last_heard = present.as_ref().map(|present| present.last_heard);
        Edge {
            id: edge.id,
            name: edge.name.clone(),
            machine: edge.machine.clone(),
            site: Named {
                id: edge.site.0,
                name: site.map(|site| site.name.clone()).unwrap_or_default(),
            },
            version: edge.version.clone(),
            state: match edge.state {
                edges::EdgeState::Enrolled => EdgeState::Enrolled,
                edges::EdgeState::Retired => EdgeState::Retired,
            },
            connected: present.is_some(),
            last_heard_at: last_heard.max(edge.last_heard_at).map(At::from),
            lag_events: edge.next_seq.saturating_sub(1).saturating_sub(through),
            events_held: of_edge().map(|stream| stream.held).sum(),
            epoch: edge.epoch.unwrap_or(0),
            through,
            book_version: edge.book_version,
            wanted_book_version: self.wanted_book_version,
            gaps: self
                .gaps
                .iter()
                .filter(|gap| gap.edge == edge.id && gap.state != "filled")
                .map(|gap| Gap {
                    epoch: gap.epoch,
                    expected: gap.expected,
                    got: gap.got,
                    at: gap.at.into(),
                })
                .collect(),
            gates: self
                .gates
                .iter()
                .filter(|gate| gate.edge == Some(edge.id))
                .map(|gate| self.show_gate(gate))
                .collect(),
            heat: self
                .heat
                .iter()
                .find(|heat| heat.edge == edge.id)
                .map(|heat| EdgeHeat {
                    step: heat.step,
                    most_fps: heat.most_fps,
                    is_coarse: heat.is_coarse,
                    celsius: heat.celsius,
                    at: heat.at.into(),
                }),
            models: self
                .models
                .iter()
                .filter(|of| of.edge == edge.id)
                .map(|of| Model::from(of.model.clone()))
                .collect(),
        }
    }

    fn show_gate(&self, gate: &gates::Gate) -> EdgeGate {
        EdgeGate {
            id: gate.id,
            name: gate.name.clone(),
            direction: gate.direction,
            inputs: self
                .inputs
                .iter()
                .filter(|input| input.gate == gate.id)
                .map(|input| GateInput {
                    name: input.name.clone(),
                    active: input.active,
                    at: input.at.into(),
                })
                .collect(),
            cameras: self
                .cameras
                .iter()
                .filter(|camera| camera.gate == gate.id)
                .map(|camera| GateCamera {
                    name: camera.name.clone(),
                    state: camera.state,
                    why: camera.why.clone(),
                    at: camera.at.into(),
                })
                .collect(),
        }
    }
}

/// Returns the site asked for, or the only one there is.
fn choose_site(tx: &mut Tx, reach: Reach, asked_for: Option<SiteId>) -> Result<SiteId, WebError> {
    if let Some(site) = asked_for {
        return match fleet::sites::find_site(tx, reach, site)? {
            Some(site) => Ok(site.id),
            None => Err(refused(EnrolError::NoSuchSite)),
        };
    }
    match fleet::sites::list_sites(tx, reach)?.as_slice() {
        [only] => Ok(only.id),
        _ => Err(WebError::invalid(
            "site",
            "must be given, for there is not exactly one",
        )),
    }
}

fn faults(given: &NewEnrolment) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let mut fault = |field: String, why: String| faults.push(FieldFault { field, why });
    let is_name = |name: &str| {
        let name = name.trim();
        !name.is_empty()
            && name.chars().count() <= LONGEST_NAME
            && !name.chars().any(char::is_control)
    };
    let rule = format!("must be 1 to {LONGEST_NAME} characters in one line");
    if !is_name(&given.name) {
        fault("name".into(), rule.clone());
    }
    if given.gates.is_empty() || given.gates.len() > MOST_GATES {
        fault("gates".into(), format!("must be 1 to {MOST_GATES} gates"));
    }
    let mut names = BTreeSet::new();
    for (number, gate) in given.gates.iter().enumerate().take(MOST_GATES) {
        let field = format!("gates[{number}].name");
        if !is_name(&gate.name) {
            fault(field, rule.clone());
        } else if !names.insert(gate.name.trim()) {
            fault(field, "stands twice".into());
        }
    }
    faults
}

fn refused(error: EnrolError) -> WebError {
    match error {
        EnrolError::NoSuchSite => WebError::invalid("site", "is no site of this organisation"),
        EnrolError::EdgeTaken(_) => {
            WebError::Conflict("An edge of this name is enrolled already.".into())
        }
        EnrolError::GateTaken(name) => {
            WebError::Conflict(format!("Another edge runs the gate {name} already."))
        }
        EnrolError::Store(error) => error.into(),
        // These are about using a code, not about giving one out.
        error @ (EnrolError::BadCode | EnrolError::UsedCode | EnrolError::ExpiredCode) => {
            WebError::Internal(error.into())
        }
    }
}
