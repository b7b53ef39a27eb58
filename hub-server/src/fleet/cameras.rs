//! What people set for cameras: every revision with who and when, and what the edge answered.
//!
//! The newest revision of a camera holds. An edge is sent all of its cameras' newest revisions when it connects and each
//! that changes; it takes what is newer than what it has, so that sending twice changes nothing.

use contract::area::Areas;
use contract::camera::CameraDirective;
use contract::camera::CameraSettings;
use contract::event::CameraSet;
use contract::event::CameraState;
use contract::ids::AccountId;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;

use crate::auth::Reach;
use crate::fleet::gates;
use crate::fleet::gates::Gate;
use crate::fleet::gates::Told;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;
use crate::store::Wake;

/// Revisions of one camera that are kept.
pub const KEPT: u32 = 200;

/// One camera with what holds for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Its gate.
    pub gate: Gate,
    /// Its name in the gate's section.
    pub name: String,
    /// How it is.
    pub state: CameraState,
    /// What is wrong with it.
    pub why: String,
    /// The newest revision; 0: nobody ever set anything.
    pub revision: u64,
    /// What people set; none: the edge's own settings hold.
    pub settings: Option<CameraSettings>,
    /// The newest that the edge said of it.
    pub answer: Option<Answer>,
}

/// What an edge said of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which one.
    pub revision: u64,
    /// Why it was refused; none: it holds.
    pub refused: Option<String>,
    /// When, by the edge's clock.
    pub at: Timestamp,
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Its number, from 1.
    pub revision: u64,
    /// What was set; none: the edge's own settings.
    pub settings: Option<CameraSettings>,
    /// The revision that this one repeats.
    pub restores: Option<u64>,
    /// Who changed it; none: the hub itself.
    pub account: Option<AccountId>,
    /// Their name then.
    pub account_name: String,
    /// When.
    pub at: Timestamp,
}

/// What a person changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The revision that the person has seen: another one in the meantime is not overwritten.
    pub seen: u64,
    /// A revision that the edge is known to have: the new one comes out newer.
    pub reported: u64,
    /// What to set; none: the edge's own settings.
    pub settings: Option<CameraSettings>,
    /// The revision that this repeats.
    pub restores: Option<u64>,
    /// Who.
    pub account: AccountId,
    /// Their name.
    pub account_name: String,
    /// When.
    pub at: Timestamp,
}

/// Why settings can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// No such gate in this organisation, or no such camera at it.
    #[error("no such camera")]
    NoSuchCamera,
    /// Somebody else changed them first.
    #[error("revision {0} is the newest")]
    Stale(u64),
    /// The store failed.
    #[error("writing a camera's settings")]
    Store(#[from] StoreError),
}

/// Returns a camera of a gate that its edge has reported.
pub fn find_camera(
    tx: &mut Tx,
    of: impl Into<Reach>,
    gate: GateId,
    name: &str,
) -> Result<Option<Camera>, StoreError> {
    let of = of.into();
    let organisation = of.organisation;
    let Some(gate) = gates::find_gate(tx, of, gate)? else {
        return Ok(None);
    };
    let known = gates::list_cameras(tx, organisation)?
        .into_iter()
        .find(|known| known.gate == gate.id && known.name == name);
    let Some(known) = known else {
        return Ok(None);
    };
    let newest = list_revisions(tx, organisation, gate.id, name, 1)?.pop();
    let answer = find_answer(tx, organisation, gate.id, name)?;
    Ok(Some(Camera {
        gate,
        name: known.name,
        state: known.state,
        why: known.why,
        revision: newest.as_ref().map_or(0, |newest| newest.revision),
        settings: newest.and_then(|newest| newest.settings),
        answer,
    }))
}

/// Returns the newest revisions of a camera, newest first.
pub fn list_revisions(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: GateId,
    camera: &str,
    limit: u32,
) -> Result<Vec<Revision>, StoreError> {
    tx.list(
        "SELECT revision, fps, areas, restores, account, account_name, at FROM camera_revisions \
         WHERE organisation = $1 AND gate = $2 AND camera = $3 ORDER BY revision DESC LIMIT $4",
        &[
            Value::from(organisation),
            Value::from(gate),
            Value::from(camera),
            Value::from(limit),
        ],
    )?
    .iter()
    .map(|row| {
        Ok(Revision {
            revision: row.number(0)?,
            settings: settings(row, 1)?,
            restores: row.opt_number(3)?,
            account: row.opt_id(4)?,
            account_name: row.text(5)?,
            at: row.timestamp(6)?,
        })
    })
    .collect()
}

/// Sets a camera anew, and wakes its edge's session after the commit. Returns the new revision.
pub fn set(
    tx: &mut Tx,
    of: impl Into<Reach>,
    gate: GateId,
    name: &str,
    change: &Change,
) -> Result<u64, CameraError> {
    let of = of.into();
    let camera = find_camera(tx, of, gate, name)?.ok_or(CameraError::NoSuchCamera)?;
    if camera.revision != change.seen {
        return Err(CameraError::Stale(camera.revision));
    }
    let revision = Revision {
        revision: camera.revision.max(change.reported.min(LARGEST_REVISION)) + 1,
        settings: change.settings.clone(),
        restores: change.restores,
        account: Some(change.account),
        account_name: change.account_name.clone(),
        at: change.at,
    };
    insert(tx, of.organisation, &camera.gate, name, &revision)?;
    Ok(revision.revision)
}

/// An edge reports a newer revision than this database remembers: it comes from a life that was lost. What the database
/// says is left again under a newer number. Returns whether it was.
pub fn overtake(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    (gate, name): (GateId, &str),
    reported: u64,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let camera = find_camera(tx, organisation, gate, name)?
        .filter(|camera| camera.gate.edge == Some(edge))
        .filter(|camera| (camera.revision + 1..LARGEST_REVISION).contains(&reported));
    let Some(camera) = camera else {
        return Ok(false);
    };
    let revision = Revision {
        revision: reported + 1,
        settings: camera.settings,
        restores: Some(camera.revision),
        account: None,
        account_name: String::new(),
        at,
    };
    insert(tx, organisation, &camera.gate, name, &revision)?;
    Ok(true)
}

/// Numbers from here on are not believed: no hub ever gave them.
const LARGEST_REVISION: u64 = 1 << 40;

fn insert(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: &Gate,
    camera: &str,
    revision: &Revision,
) -> Result<(), StoreError> {
    let (fps, areas) = match &revision.settings {
        Some(settings) => {
            let areas = serde_json::to_string(&settings.areas)
                .map_err(|error| StoreError::Engine(error.into()))?;
            (Some(u32::from(settings.fps)), Some(areas))
        }
        None => (None, None),
    };
    tx.execute(
        "INSERT INTO camera_revisions (gate, camera, revision, organisation, fps, areas, restores, \
         account, account_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            Value::from(gate.id),
            Value::from(camera),
            Value::from(revision.revision),
            Value::from(organisation),
            Value::from(fps),
            Value::from(areas),
            Value::from(revision.restores),
            Value::from(revision.account),
            Value::from(revision.account_name.as_str()),
            Value::from(revision.at),
        ],
    )?;
    tx.execute(
        "DELETE FROM camera_revisions WHERE organisation = $1 AND gate = $2 AND camera = $3 \
         AND revision <= (SELECT revision FROM camera_revisions WHERE organisation = $1 \
         AND gate = $2 AND camera = $3 ORDER BY revision DESC LIMIT 1 OFFSET $4)",
        &[
            Value::from(organisation),
            Value::from(gate.id),
            Value::from(camera),
            Value::from(KEPT),
        ],
    )?;
    if let Some(edge) = gate.edge {
        tx.wake(Wake::Directives(edge));
    }
    Ok(())
}

/// Takes in what an edge said of a revision.
pub fn answered(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: GateId,
    told: Told,
    set: &CameraSet,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO camera_answers (gate, camera, organisation, revision, refused, at, epoch, seq) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (gate, camera) DO UPDATE SET revision = excluded.revision, \
         refused = excluded.refused, at = excluded.at, epoch = excluded.epoch, seq = excluded.seq \
         WHERE (excluded.epoch, excluded.seq) > (camera_answers.epoch, camera_answers.seq)",
        &[
            Value::from(gate),
            Value::from(set.camera.as_str()),
            Value::from(organisation),
            Value::from(set.revision),
            Value::from(set.refused.clone()),
            Value::from(told.at),
            Value::from(told.epoch),
            Value::from(told.seq),
        ],
    )?;
    Ok(())
}

/// Returns what an edge is to know: the newest revision of each camera of its gates.
pub fn list_directives(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
) -> Result<Vec<CameraDirective>, StoreError> {
    tx.list(
        "SELECT r.gate, r.camera, r.revision, r.fps, r.areas FROM camera_revisions r \
         JOIN gates g ON g.id = r.gate \
         WHERE r.organisation = $1 AND g.organisation = $1 AND g.edge = $2 AND r.revision = \
         (SELECT max(n.revision) FROM camera_revisions n WHERE n.gate = r.gate AND n.camera = r.camera) \
         ORDER BY r.gate, r.camera",
        &[Value::from(organisation), Value::from(edge)],
    )?
    .iter()
    .map(|row| {
        Ok(CameraDirective {
            gate: row.id(0)?,
            camera: row.text(1)?,
            revision: row.number(2)?,
            settings: settings(row, 3)?,
        })
    })
    .collect()
}

fn find_answer(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: GateId,
    camera: &str,
) -> Result<Option<Answer>, StoreError> {
    tx.find(
        "SELECT revision, refused, at FROM camera_answers \
         WHERE organisation = $1 AND gate = $2 AND camera = $3",
        &[
            Value::from(organisation),
            Value::from(gate),
            Value::from(camera),
        ],
    )?
    .map(|row| {
        Ok(Answer {
            revision: row.number(0)?,
            refused: row.opt_text(1)?,
            at: row.timestamp(2)?,
        })
    })
    .transpose()
}

/// The settings in two columns of a row: the rate, and the areas as JSON.
fn settings(row: &Row, first: usize) -> Result<Option<CameraSettings>, StoreError> {
    let (Some(fps), Some(areas)) = (row.opt_int(first)?, row.opt_text(first + 1)?) else {
        return Ok(None);
    };
    let areas: Areas = serde_json::from_str(&areas).map_err(|_| StoreError::Column {
        column: first + 1,
        wanted: "areas in JSON",
    })?;
    Ok(Some(CameraSettings {
        fps: u8::try_from(fps).unwrap_or(u8::MAX),
        areas,
    }))
}
