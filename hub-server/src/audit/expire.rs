//! Retention: old lines end by policy, and the trail says so itself.
//!
//! What ended leaves a cut: the number and the hash of the last line that is gone. The same stands in a line
//! `audit.expire` of the trail, recorded in the same transaction, so that a chain that begins later than at 1 without
//! such a line is found out.

use contract::ids::OrganisationId;
use contract::time::Timestamp;

use super::Actor;
use super::Entry;
use super::lines;
use crate::store::StoreError;
use crate::store::Tx;

/// As many lines of an organisation end in one transaction; the rest in the next.
pub const ENDED_AT_ONCE: usize = 5000;
/// The action of the line that retention leaves.
pub(super) const ACTION: &str = "audit.expire";

/// Ends the oldest lines from before `limit`, of each organisation up to 5,000; returns how many.
pub fn expire(tx: &mut Tx, limit: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
    let organisations = tx.list(
        "SELECT organisation FROM audit_ends ORDER BY organisation",
        &[],
    )?;
    let mut ended = 0;
    for row in organisations {
        ended += expire_of(tx, row.id(0)?, limit, now)?;
    }
    Ok(ended)
}

fn expire_of(
    tx: &mut Tx,
    organisation: OrganisationId,
    limit: Timestamp,
    now: Timestamp,
) -> Result<usize, StoreError> {
    // The chain stays whole from some number on: a clock that was set back does not tear holes.
    let bounds = tx.one(
        "SELECT coalesce(min(number), 0), coalesce((SELECT min(number) FROM audit_lines WHERE organisation = $1 AND at >= $2), \
         max(number)) FROM audit_lines WHERE organisation = $1",
        &[organisation.into(), limit.into()],
    )?;
    let Some(first_kept) = bounds.opt_int(1)? else {
        return Ok(0);
    };
    let first = bounds.int(0)?;
    // The newest line always stays: the next one needs its hash to be looked at.
    let through =
        (first_kept - 1).min(first - 1 + i64::try_from(ENDED_AT_ONCE).unwrap_or(i64::MAX));
    if through < first {
        return Ok(0);
    }
    let Some(last) = lines::list_onwards(tx, organisation, through - 1, 1)?.pop() else {
        return Ok(0);
    };
    let hash: String = last.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let count = tx.execute(
        "DELETE FROM audit_lines WHERE organisation = $1 AND number <= $2",
        &[organisation.into(), through.into()],
    )?;
    tx.execute(
        "INSERT INTO audit_cuts (organisation, number, hash, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organisation) DO UPDATE SET number = excluded.number, hash = excluded.hash, at = excluded.at",
        &[
            organisation.into(),
            through.into(),
            last.hash.into(),
            now.into(),
        ],
    )?;
    lines::record(
        tx,
        &Entry {
            organisation,
            at: now,
            actor: Actor::System,
            action: ACTION,
            object_kind: "audit",
            object_id: String::new(),
            summary: "Old lines of the audit trail ended by policy.".to_owned(),
            details: serde_json::json!({
                "through": through, "hash": hash, "count": count, "before": limit.to_string(),
            }),
            address: String::new(),
        },
    )?;
    Ok(count)
}
