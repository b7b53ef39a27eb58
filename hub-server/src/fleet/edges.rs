//! Edges: the machines at the gates, what they have, and what they reported of themselves.

use contract::event::HeatChanged;
use contract::event::ModelChanged;
use contract::ids::EdgeId;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::time::Timestamp;
use contract::wire::Hello;

use crate::auth::Reach;
use crate::fleet::gates::Told;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// Whether an edge may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeState {
    /// It may.
    Enrolled,
    /// It may never again.
    Retired,
}

/// One edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Its identity, bound to its certificate.
    pub id: EdgeId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Where it stands.
    pub site: SiteId,
    /// Its name for people.
    pub name: String,
    /// The machine's own name, as it said at enrolment.
    pub machine: String,
    /// The agent's version, as it said last.
    pub version: Option<String>,
    /// Whether it may connect.
    pub state: EdgeState,
    /// When it was enrolled.
    pub created_at: Timestamp,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
    /// When it was last heard, kept coarsely; [`super::presence::Presence`] knows it to the second.
    pub last_heard_at: Option<Timestamp>,
    /// The newest epoch that it reported in.
    pub epoch: Option<u64>,
    /// The number after the newest event that it is known to have in that epoch.
    pub next_seq: u64,
    /// The edge has every directive up to here for good.
    pub directives_through: u64,
    /// The version of the permit book in force.
    pub book_version: u64,
}

/// One model of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeModel {
    /// Its edge.
    pub edge: EdgeId,
    /// What the edge reported.
    pub model: ModelChanged,
    /// When, by the edge's clock.
    pub at: Timestamp,
}

/// Where an edge stands on its thermal ladder.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeHeat {
    /// Its edge.
    pub edge: EdgeId,
    /// The step; 0: nothing is given up.
    pub step: u8,
    /// The most frames a second that are looked at.
    pub most_fps: u8,
    /// Far plates are sought at a smaller scale, too.
    pub is_coarse: bool,
    /// The processor's temperature when it changed.
    pub celsius: Option<f64>,
    /// When it changed, by the edge's clock.
    pub at: Timestamp,
}

const COLUMNS: &str = "id, organisation, site, name, machine, version, state, created_at, \
     retired_at, last_heard_at, epoch, next_seq, directives_through, book_version";

/// Returns the organisation's edges, enrolled ones first, by name.
pub fn list_edges(tx: &mut Tx, of: impl Into<Reach>) -> Result<Vec<Edge>, StoreError> {
    let (of, within) = (of.into(), Reach::clause("site", 2));
    tx.list(
        &format!(
            "SELECT {COLUMNS} FROM edges WHERE organisation = $1{within} ORDER BY state, name, created_at"
        ),
        &[Value::from(of.organisation), of.value()],
    )?
    .iter()
    .map(edge)
    .collect()
}

/// Returns one edge of the organisation.
pub fn find_edge(
    tx: &mut Tx,
    of: impl Into<Reach>,
    id: EdgeId,
) -> Result<Option<Edge>, StoreError> {
    let (of, within) = (of.into(), Reach::clause("site", 3));
    tx.find(
        &format!("SELECT {COLUMNS} FROM edges WHERE organisation = $1 AND id = $2{within}"),
        &[Value::from(of.organisation), Value::from(id), of.value()],
    )?
    .as_ref()
    .map(edge)
    .transpose()
}

/// Returns the edge of a certificate that the authority issued: the one place where the organisation is not known yet.
pub fn find_by_certificate(tx: &mut Tx, id: EdgeId) -> Result<Option<Edge>, StoreError> {
    tx.find(
        &format!("SELECT {COLUMNS} FROM edges WHERE id = $1"),
        &[Value::from(id)],
    )?
    .as_ref()
    .map(edge)
    .transpose()
}

/// Inserts an edge; a second enrolled one of the same name is refused by the database.
pub fn insert(tx: &mut Tx, edge: &Edge, certificate: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO edges (id, organisation, site, name, machine, state, created_at, certificate) \
         VALUES ($1, $2, $3, $4, $5, 'enrolled', $6, $7)",
        &[
            Value::from(edge.id),
            Value::from(edge.organisation),
            Value::from(edge.site),
            Value::from(edge.name.as_str()),
            Value::from(edge.machine.as_str()),
            Value::from(edge.created_at),
            Value::from(certificate.to_vec()),
        ],
    )?;
    Ok(())
}

/// Replaces the certificate of an edge whose first one was lost on the way.
pub fn replace_certificate(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: EdgeId,
    certificate: &[u8],
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE edges SET certificate = $1 WHERE organisation = $2 AND id = $3",
        &[
            Value::from(certificate.to_vec()),
            Value::from(organisation),
            Value::from(id),
        ],
    )?;
    Ok(())
}

/// Retires an edge for ever and frees its gates. Returns whether it was enrolled until now.
pub fn retire(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: EdgeId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE edges SET state = 'retired', retired_at = $1 \
         WHERE organisation = $2 AND id = $3 AND state = 'enrolled'",
        &[Value::from(at), Value::from(organisation), Value::from(id)],
    )?;
    if changed > 0 {
        tx.execute(
            "UPDATE gates SET edge = NULL WHERE organisation = $1 AND edge = $2",
            &[Value::from(organisation), Value::from(id)],
        )?;
        tx.wake(crate::store::Wake::Retired(id));
    }
    Ok(changed > 0)
}

/// Notes what an edge said in its hello.
pub fn greeted(
    tx: &mut Tx,
    organisation: OrganisationId,
    hello: &Hello,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE edges SET version = $1, epoch = $2, next_seq = $3, last_heard_at = $4, \
         book_version = $5 WHERE organisation = $6 AND id = $7",
        &[
            Value::from(hello.version.as_str()),
            Value::from(hello.epoch),
            Value::from(hello.next_seq),
            Value::from(at),
            Value::from(hello.book_version),
            Value::from(organisation),
            Value::from(hello.edge),
        ],
    )?;
    Ok(())
}

/// Notes that an edge was heard; `next_seq` only moves forward.
pub fn heard(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: EdgeId,
    next_seq: u64,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE edges SET next_seq = CASE WHEN next_seq < $1 THEN $1 ELSE next_seq END, \
         last_heard_at = $2 WHERE organisation = $3 AND id = $4",
        &[
            Value::from(next_seq),
            Value::from(at),
            Value::from(organisation),
            Value::from(id),
        ],
    )?;
    Ok(())
}

/// Notes that a permit book is in force at an edge.
pub fn book_taken(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: EdgeId,
    version: u64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE edges SET book_version = $1 WHERE organisation = $2 AND id = $3 \
         AND book_version < $1",
        &[
            Value::from(version),
            Value::from(organisation),
            Value::from(id),
        ],
    )?;
    Ok(())
}

/// Notes the version that a starting agent reports.
pub fn started(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: EdgeId,
    version: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE edges SET version = $1 WHERE organisation = $2 AND id = $3",
        &[
            Value::from(version),
            Value::from(organisation),
            Value::from(id),
        ],
    )?;
    Ok(())
}

/// Takes in the newest state of a model.
pub fn model_changed(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: EdgeId,
    told: Told,
    changed: &ModelChanged,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO edge_models (edge, name, organisation, version, sha256, input, classes, \
         loaded, why, at, epoch, seq) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (edge, name) DO UPDATE SET version = excluded.version, \
         sha256 = excluded.sha256, input = excluded.input, classes = excluded.classes, \
         loaded = excluded.loaded, why = excluded.why, at = excluded.at, \
         epoch = excluded.epoch, seq = excluded.seq \
         WHERE (excluded.epoch, excluded.seq) > (edge_models.epoch, edge_models.seq)",
        &[
            Value::from(id),
            Value::from(changed.name.as_str()),
            Value::from(organisation),
            Value::from(changed.version.as_str()),
            Value::from(changed.sha256.as_str()),
            Value::from(changed.input.as_str()),
            Value::from(changed.classes.as_str()),
            Value::from(changed.loaded),
            Value::from(changed.why.as_str()),
            Value::from(told.at),
            Value::from(told.epoch),
            Value::from(told.seq),
        ],
    )?;
    Ok(())
}

/// Takes in the newest step of an edge's thermal ladder.
pub fn heat_changed(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: EdgeId,
    told: Told,
    heat: &HeatChanged,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO edge_heat (edge, organisation, step, most_fps, is_coarse, celsius, at, epoch, seq) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (edge) DO UPDATE SET step = excluded.step, most_fps = excluded.most_fps, \
         is_coarse = excluded.is_coarse, celsius = excluded.celsius, at = excluded.at, \
         epoch = excluded.epoch, seq = excluded.seq \
         WHERE (excluded.epoch, excluded.seq) > (edge_heat.epoch, edge_heat.seq)",
        &[
            Value::from(id),
            Value::from(organisation),
            Value::from(u32::from(heat.step)),
            Value::from(u32::from(heat.most_fps)),
            Value::from(heat.is_coarse),
            Value::from(heat.celsius.filter(|celsius| celsius.is_finite())),
            Value::from(told.at),
            Value::from(told.epoch),
            Value::from(told.seq),
        ],
    )?;
    Ok(())
}

/// Returns where the organisation's edges stand on their thermal ladders.
pub fn list_heat(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<EdgeHeat>, StoreError> {
    tx.list(
        "SELECT edge, step, most_fps, is_coarse, celsius, at FROM edge_heat \
         WHERE organisation = $1 ORDER BY edge",
        &[Value::from(organisation)],
    )?
    .iter()
    .map(|row| {
        let small = |column| Ok::<_, StoreError>(u8::try_from(row.int(column)?).unwrap_or(u8::MAX));
        Ok(EdgeHeat {
            edge: row.id(0)?,
            step: small(1)?,
            most_fps: small(2)?,
            is_coarse: row.flag(3)?,
            celsius: row.opt_real(4)?,
            at: row.timestamp(5)?,
        })
    })
    .collect()
}

/// Returns the models of the organisation's edges.
pub fn list_models(tx: &mut Tx, of: impl Into<Reach>) -> Result<Vec<EdgeModel>, StoreError> {
    let (of, within) = (of.into(), Reach::clause("e.site", 2));
    tx.list(
        &format!(
            "SELECT m.edge, m.name, m.version, m.sha256, m.input, m.classes, m.loaded, m.why, m.at \
             FROM edge_models m JOIN edges e ON e.id = m.edge \
             WHERE m.organisation = $1{within} ORDER BY m.edge, m.name"
        ),
        &[Value::from(of.organisation), of.value()],
    )?
    .iter()
    .map(|row| {
        Ok(EdgeModel {
            edge: row.id(0)?,
            model: ModelChanged {
                name: row.text(1)?,
                version: row.text(2)?,
                sha256: row.text(3)?,
                input: row.text(4)?,
                classes: row.text(5)?,
                loaded: row.flag(6)?,
                why: row.text(7)?,
            },
            at: row.timestamp(8)?,
        })
    })
    .collect()
}

fn edge(row: &Row) -> Result<Edge, StoreError> {
    Ok(Edge {
        id: row.id(0)?,
        organisation: row.id(1)?,
        site: row.id(2)?,
        name: row.text(3)?,
        machine: row.text(4)?,
        version: row.opt_text(5)?,
        state: if row.text(6)? == "enrolled" {
            EdgeState::Enrolled
        } else {
            EdgeState::Retired
        },
        created_at: row.timestamp(7)?,
        retired_at: row.opt_timestamp(8)?,
        last_heard_at: row.opt_timestamp(9)?,
        epoch: row.opt_number(10)?,
        next_seq: row.number(11)?,
        directives_through: row.number(12)?,
        book_version: row.number(13)?,
    })
}
