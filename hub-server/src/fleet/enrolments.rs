//! Enrolments: one-time codes by which a machine becomes an edge. Only the hash of a code's secret is kept.

use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::sighting::Direction;
use contract::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::auth::Reach;
use crate::fleet::directives;
use crate::fleet::edges;
use crate::fleet::edges::Edge;
use crate::fleet::edges::EdgeState;
use crate::fleet::gates;
use crate::fleet::gates::Gate;
use crate::fleet::sites;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// How long a code can be used.
pub const HOLDS: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// A gate that an edge is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedGate {
    /// Its name, unique within the site.
    pub name: String,
    /// Which way it lets through.
    pub direction: Direction,
}

/// A code that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Its identity; not the code.
    pub id: Uuid,
    /// Whose edge it will be.
    pub organisation: OrganisationId,
    /// Where the edge will stand.
    pub site: SiteId,
    /// The edge's name for people.
    pub name: String,
    /// The gates that it will run.
    pub gates: Vec<PlannedGate>,
    /// Who gave the code out.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it stops to hold.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// SHA-256 of the key that used it.
    pub used_key: Option<Vec<u8>>,
    /// The edge that it made.
    pub edge: Option<EdgeId>,
}

/// Why a code can't be given out or used.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// No such site in this organisation.
    #[error("no such site")]
    NoSuchSite,
    /// An enrolled edge has this name.
    #[error("an edge is called {0} already")]
    EdgeTaken(String),
    /// An enrolled edge runs a gate of this name.
    #[error("gate {0} is run by another edge already")]
    GateTaken(String),
    /// No such code.
    #[error("this code was never given out")]
    BadCode,
    /// Used by another machine.
    #[error("this code was used already")]
    UsedCode,
    /// Too old.
    #[error("this code has expired")]
    ExpiredCode,
    /// The store failed.
    #[error("keeping the enrolment")]
    Store(#[from] StoreError),
}

const COLUMNS: &str = "id, organisation, site, name, gates, created_by, created_at, expires_at, \
     used_at, used_key, edge, secret_hash";

/// Keeps a new code by its secret's hash. Names that are taken are refused here, so that the technician at the gate
/// does not meet them.
pub fn create(tx: &mut Tx, enrolment: &Enrolment, secret_hash: [u8; 32]) -> Result<(), EnrolError> {
    let organisation = enrolment.organisation;
    sites::find_site(tx, organisation, enrolment.site)?.ok_or(EnrolError::NoSuchSite)?;
    check_names(tx, enrolment)?;
    let gates = serde_json::to_string(&enrolment.gates)
        .map_err(|source| StoreError::Engine(Box::new(source)))?;
    tx.execute(
        "INSERT INTO enrolments (id, organisation, site, name, gates, secret_hash, created_by, \
         created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            Value::from(enrolment.id.as_bytes()),
            Value::from(organisation),
            Value::from(enrolment.site),
            Value::from(enrolment.name.as_str()),
            Value::from(gates),
            Value::from(secret_hash),
            Value::from(enrolment.created_by.as_str()),
            Value::from(enrolment.created_at),
            Value::from(enrolment.expires_at),
        ],
    )?;
    Ok(())
}

/// Returns the organisation's newest codes, newest first.
pub fn list_enrolments(
    tx: &mut Tx,
    of: impl Into<Reach>,
    limit: u32,
) -> Result<Vec<Enrolment>, StoreError> {
    let (of, within) = (of.into(), Reach::clause("site", 2));
    let newest = 3;
    let rows = tx.list(
        &format!(
            "SELECT {COLUMNS} FROM enrolments WHERE organisation = $1{within} \
             ORDER BY created_at DESC, id DESC LIMIT ${newest}"
        ),
        &[Value::from(of.organisation), of.value(), Value::from(limit)],
    )?;
    rows.iter().map(enrolment).collect()
}

/// The hash of a code's secret, as it is kept.
pub fn hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Finds the enrolment of a code that may be used with this key: a fresh one, or the one that this very key used,
/// whose answer may have been lost. The organisation follows from the code.
pub fn find_usable(
    tx: &mut Tx,
    secret_hash: [u8; 32],
    key_sha256: [u8; 32],
    now: Timestamp,
) -> Result<Enrolment, EnrolError> {
    // Every kept hash is compared in full, so that the time taken says nothing about how near a guess is.
    let since = now.as_millis().saturating_sub(7 * 24 * 60 * 60 * 1000);
    let rows = tx.list(
        &format!("SELECT {COLUMNS} FROM enrolments WHERE created_at > $1"),
        &[Value::from(since)],
    )?;
    let mut found = None;
    for row in &rows {
        if bool::from(row.bytes(11)?.ct_eq(&secret_hash)) {
            found = Some(enrolment(row)?);
        }
    }
    let found = found.ok_or(EnrolError::BadCode)?;
    match &found.used_key {
        Some(key) if bool::from(key.ct_eq(&key_sha256)) => Ok(found),
        Some(_) => Err(EnrolError::UsedCode),
        None if found.expires_at <= now => Err(EnrolError::ExpiredCode),
        None => Ok(found),
    }
}

/// What a machine that uses a code becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The new edge's identity, or the one that the code made before.
    pub edge: EdgeId,
    /// Identities for its gates, as many as planned; a gate that exists keeps its own.
    pub gates: Vec<GateId>,
    /// The machine's own name.
    pub machine: String,
    /// The certificate in DER.
    pub certificate: Vec<u8>,
    /// SHA-256 of its key.
    pub key_sha256: [u8; 32],
    /// The hub's time.
    pub at: Timestamp,
}

/// Uses a code: makes the edge with its gates and its permit book. Returns the gates that it runs.
pub fn join(
    tx: &mut Tx,
    enrolment: &Enrolment,
    joining: &Joining,
) -> Result<Vec<Gate>, EnrolError> {
    let organisation = enrolment.organisation;
    if let Some(edge) = enrolment.edge {
        if !edges::find_edge(tx, organisation, edge)?
            .is_some_and(|e| e.state == EdgeState::Enrolled)
        {
            return Err(EnrolError::UsedCode);
        }
        edges::replace_certificate(tx, organisation, edge, &joining.certificate)?;
        return Ok(gates::list_of_edge(tx, organisation, edge)?);
    }
    check_names(tx, enrolment)?;
    let edge = Edge {
        id: joining.edge,
        organisation,
        site: enrolment.site,
        name: enrolment.name.clone(),
        machine: joining.machine.clone(),
        version: None,
        state: EdgeState::Enrolled,
        created_at: joining.at,
        retired_at: None,
        last_heard_at: None,
        epoch: None,
        next_seq: 1,
        directives_through: 0,
        book_version: 0,
    };
    edges::insert(tx, &edge, &joining.certificate)?;
    // Two machines with one code: the second finds it used.
    let used = tx.execute(
        "UPDATE enrolments SET used_at = $1, used_key = $2, edge = $3 \
         WHERE organisation = $4 AND id = $5 AND used_at IS NULL",
        &[
            Value::from(joining.at),
            Value::from(joining.key_sha256),
            Value::from(joining.edge),
            Value::from(organisation),
            Value::from(enrolment.id.as_bytes()),
        ],
    )?;
    if used == 0 {
        return Err(EnrolError::UsedCode);
    }
    for (planned, id) in enrolment.gates.iter().zip(&joining.gates) {
        let known = gates::find_by_name(tx, organisation, enrolment.site, &planned.name)?;
        if let Some(gate) = known {
            gates::assign(tx, organisation, gate.id, joining.edge, planned.direction)?;
        } else {
            let gate = Gate {
                id: *id,
                site: enrolment.site,
                edge: Some(joining.edge),
                name: planned.name.clone(),
                direction: planned.direction,
                created_at: joining.at,
            };
            gates::insert(tx, organisation, &gate)?;
        }
    }
    directives::leave_book_for(tx, organisation, joining.edge)?;
    Ok(gates::list_of_edge(tx, organisation, joining.edge)?)
}

fn check_names(tx: &mut Tx, enrolment: &Enrolment) -> Result<(), EnrolError> {
    let taken = edges::list_edges(tx, enrolment.organisation)?
        .iter()
        .any(|e| e.state == EdgeState::Enrolled && e.name == enrolment.name);
    if taken {
        return Err(EnrolError::EdgeTaken(enrolment.name.clone()));
    }
    for planned in &enrolment.gates {
        let gate = gates::find_by_name(tx, enrolment.organisation, enrolment.site, &planned.name)?;
        if gate.is_some_and(|g| g.edge.is_some()) {
            return Err(EnrolError::GateTaken(planned.name.clone()));
        }
    }
    Ok(())
}

fn enrolment(row: &Row) -> Result<Enrolment, StoreError> {
    Ok(Enrolment {
        id: Uuid::from_slice(&row.bytes(0)?)
            .map_err(|source| StoreError::Engine(Box::new(source)))?,
        organisation: row.id(1)?,
        site: row.id(2)?,
        name: row.text(3)?,
        gates: serde_json::from_str(&row.text(4)?)
            .map_err(|source| StoreError::Engine(Box::new(source)))?,
        created_by: row.text(5)?,
        created_at: row.timestamp(6)?,
        expires_at: row.timestamp(7)?,
        used_at: row.opt_timestamp(8)?,
        used_key: row.opt_bytes(9)?,
        edge: row.opt_id(10)?,
    })
}
