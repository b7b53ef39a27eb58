//! The audit trail: who did what, when, from where, and that nobody changed the record afterwards.
//!
//! Every write of a person has its line in the same transaction (`record`), so a write without a line does not
//! commit. Lines of one organisation form a hash chain: each carries the hash of the one before it, and
//! `hub-server audit verify` walks them (`chain`). Refused attempts are recorded, too.
//!
//! What holds here:
//! - Lines are only ever added; numbers rise from 1 without gaps. Retention ends the oldest and says so in the trail.
//! - A line's hash is SHA-256 over the hash before it and the line in canonical CBOR (see `chain`).
//! - No secrets, and no plates or names of people in `summary`; `details` may carry what was changed.

mod chain;
mod expire;
mod lines;

use contract::ids::AccountId;
use contract::ids::EdgeId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;

pub use chain::Checkpoint;
pub use chain::Fault;
pub use chain::Report;
pub use chain::checkpoints;
pub use chain::verify;
pub use expire::ENDED_AT_ONCE;
pub use expire::expire;
pub use lines::By;
pub use lines::Count;
pub use lines::Filter;
pub use lines::Line;
pub use lines::count;
pub use lines::list;
pub use lines::list_onwards;
pub use lines::record;

/// Section `[audit]`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many days a line is kept at least; 0: for ever.
    pub keep_days: u32,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A console account, with its name of that day.
    Account(AccountId, String),
    /// An edge.
    Edge(EdgeId),
    /// The hub by itself, or somebody who is not known: before the first log-in, at the command line.
    System,
}

/// One thing that was done or tried.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Whose trail it belongs to.
    pub organisation: OrganisationId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What was done, as `noun.verb`: `permit.create`, `session.refused`.
    pub action: &'static str,
    /// What it was done to: `permit`, `account`, `gate`.
    pub object_kind: &'static str,
    /// Its id, or nothing.
    pub object_id: String,
    /// One sentence for people.
    pub summary: String,
    /// What exactly, for example the values before and after.
    pub details: serde_json::Value,
    /// The address that the request came from, or nothing.
    pub address: String,
}

#[cfg(test)]
mod tests;
