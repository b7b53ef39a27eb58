//! Gates: barriers with their cameras, loops and pins, and the newest that their edge reported of them.

use contract::event::CameraChanged;
use contract::event::CameraState;
use contract::event::InputChanged;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::sighting::Direction;
use contract::time::Timestamp;

use crate::auth::Reach;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// One barrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Its identity.
    pub id: GateId,
    /// Where it stands.
    pub site: SiteId,
    /// The edge that runs it; none after that edge was retired.
    pub edge: Option<EdgeId>,
    /// Its name, unique within the site.
    pub name: String,
    /// Which way it lets through.
    pub direction: Direction,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The newest state of one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateInput {
    /// Its gate.
    pub gate: GateId,
    /// Its name: `loop`, `safety`, ...
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// Since when, by the edge's clock.
    pub at: Timestamp,
}

/// The newest state of one camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateCamera {
    /// Its gate.
    pub gate: GateId,
    /// Its name in the gate's configuration.
    pub name: String,
    /// How it is.
    pub state: CameraState,
    /// What went wrong, without passwords.
    pub why: String,
    /// Since when, by the edge's clock.
    pub at: Timestamp,
}

/// Which event told something: of two, the later one is believed, in whatever order they come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// Life of the edge's numbering.
    pub epoch: u64,
    /// Number in it.
    pub seq: u64,
    /// The edge's wall clock.
    pub at: Timestamp,
}

const COLUMNS: &str = "id, site, edge, name, direction, created_at";

/// Returns the organisation's gates by name.
pub fn list_gates(tx: &mut Tx, of: impl Into<Reach>) -> Result<Vec<Gate>, StoreError> {
    let (of, within) = (of.into(), Reach::clause("site", 2));
    tx.list(
        &format!("SELECT {COLUMNS} FROM gates WHERE organisation = $1{within} ORDER BY name, id"),
        &[Value::from(of.organisation), of.value()],
    )?
    .iter()
    .map(gate)
    .collect()
}

/// Returns one gate of the organisation.
pub fn find_gate(
    tx: &mut Tx,
    of: impl Into<Reach>,
    id: GateId,
) -> Result<Option<Gate>, StoreError> {
    let (of, within) = (of.into(), Reach::clause("site", 3));
    tx.find(
        &format!("SELECT {COLUMNS} FROM gates WHERE organisation = $1 AND id = $2{within}"),
        &[Value::from(of.organisation), Value::from(id), of.value()],
    )?
    .as_ref()
    .map(gate)
    .transpose()
}

/// Returns a gate of a site by its name.
pub fn find_by_name(
    tx: &mut Tx,
    organisation: OrganisationId,
    site: SiteId,
    name: &str,
) -> Result<Option<Gate>, StoreError> {
    tx.find(
        &format!("SELECT {COLUMNS} FROM gates WHERE organisation = $1 AND site = $2 AND name = $3"),
        &[
            Value::from(organisation),
            Value::from(site),
            Value::from(name),
        ],
    )?
    .as_ref()
    .map(gate)
    .transpose()
}

/// Returns the gates that an edge runs, by name.
pub fn list_of_edge(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
) -> Result<Vec<Gate>, StoreError> {
    tx.list(
        &format!(
            "SELECT {COLUMNS} FROM gates WHERE organisation = $1 AND edge = $2 ORDER BY name, id"
        ),
        &[Value::from(organisation), Value::from(edge)],
    )?
    .iter()
    .map(gate)
    .collect()
}

/// Inserts a gate; a second one of the same name at a site is refused by the database.
pub fn insert(tx: &mut Tx, organisation: OrganisationId, gate: &Gate) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO gates (id, organisation, site, edge, name, direction, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            Value::from(gate.id),
            Value::from(organisation),
            Value::from(gate.site),
            Value::from(gate.edge),
            Value::from(gate.name.as_str()),
            Value::from(direction_name(gate.direction)),
            Value::from(gate.created_at),
        ],
    )?;
    Ok(())
}

/// Gives a gate to an edge: its history stays with the gate.
pub fn assign(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: GateId,
    edge: EdgeId,
    direction: Direction,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE gates SET edge = $1, direction = $2 WHERE organisation = $3 AND id = $4",
        &[
            Value::from(edge),
            Value::from(direction_name(direction)),
            Value::from(organisation),
            Value::from(gate),
        ],
    )?;
    Ok(())
}

/// Takes in the newest state of an input.
pub fn input_changed(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: GateId,
    told: Told,
    changed: &InputChanged,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO gate_inputs (gate, name, organisation, active, at, epoch, seq) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (gate, name) DO UPDATE SET active = excluded.active, at = excluded.at, \
         epoch = excluded.epoch, seq = excluded.seq \
         WHERE (excluded.epoch, excluded.seq) > (gate_inputs.epoch, gate_inputs.seq)",
        &[
            Value::from(gate),
            Value::from(changed.input.as_str()),
            Value::from(organisation),
            Value::from(changed.active),
            Value::from(told.at),
            Value::from(told.epoch),
            Value::from(told.seq),
        ],
    )?;
    Ok(())
}

/// Takes in the newest state of a camera.
pub fn camera_changed(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: GateId,
    told: Told,
    changed: &CameraChanged,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO gate_cameras (gate, name, organisation, state, why, at, epoch, seq) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (gate, name) DO UPDATE SET state = excluded.state, why = excluded.why, \
         at = excluded.at, epoch = excluded.epoch, seq = excluded.seq \
         WHERE (excluded.epoch, excluded.seq) > (gate_cameras.epoch, gate_cameras.seq)",
        &[
            Value::from(gate),
            Value::from(changed.camera.as_str()),
            Value::from(organisation),
            Value::from(camera_state_name(changed.state)),
            Value::from(changed.why.as_str()),
            Value::from(told.at),
            Value::from(told.epoch),
            Value::from(told.seq),
        ],
    )?;
    Ok(())
}

/// Returns the newest state of every input of the organisation's gates.
pub fn list_inputs(
    tx: &mut Tx,
    organisation: OrganisationId,
) -> Result<Vec<GateInput>, StoreError> {
    tx.list(
        "SELECT gate, name, active, at FROM gate_inputs WHERE organisation = $1 \
         ORDER BY gate, name",
        &[Value::from(organisation)],
    )?
    .iter()
    .map(|row| {
        Ok(GateInput {
            gate: row.id(0)?,
            name: row.text(1)?,
            active: row.flag(2)?,
            at: row.timestamp(3)?,
        })
    })
    .collect()
}

/// Returns the newest state of every camera of the organisation's gates.
pub fn list_cameras(
    tx: &mut Tx,
    organisation: OrganisationId,
) -> Result<Vec<GateCamera>, StoreError> {
    tx.list(
        "SELECT gate, name, state, why, at FROM gate_cameras WHERE organisation = $1 \
         ORDER BY gate, name",
        &[Value::from(organisation)],
    )?
    .iter()
    .map(|row| {
        Ok(GateCamera {
            gate: row.id(0)?,
            name: row.text(1)?,
            state: match row.text(2)?.as_str() {
                "live" => CameraState::Live,
                "frozen" => CameraState::Frozen,
                _ => CameraState::Offline,
            },
            why: row.text(3)?,
            at: row.timestamp(4)?,
        })
    })
    .collect()
}

/// The name of a direction in the store and the API.
pub fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Entry => "entry",
        Direction::Exit => "exit",
    }
}

/// The direction of a name of the store and the API.
pub fn direction_of(name: &str) -> Option<Direction> {
    match name {
        "entry" => Some(Direction::Entry),
        "exit" => Some(Direction::Exit),
        _ => None,
    }
}

fn camera_state_name(state: CameraState) -> &'static str {
    match state {
        CameraState::Live => "live",
        CameraState::Offline => "offline",
        CameraState::Frozen => "frozen",
    }
}

fn gate(row: &Row) -> Result<Gate, StoreError> {
    Ok(Gate {
        id: row.id(0)?,
        site: row.id(1)?,
        edge: row.opt_id(2)?,
        name: row.text(3)?,
        // The table's CHECK allows the two names only.
        direction: direction_of(&row.text(4)?).unwrap_or(Direction::Entry),
        created_at: row.timestamp(5)?,
    })
}
