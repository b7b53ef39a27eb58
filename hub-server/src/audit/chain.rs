//! The hash chain: what a line's hash covers, and the walk that finds changes.
//!
//! A line's canonical bytes are one definite CBOR array of 12 items, in this order: organisation (16 bytes), number,
//! at (UTC ms), actor kind, actor id (16 bytes or null), actor name, action, object kind, object id, summary,
//! details (the JSON text as stored), address. Its hash is SHA-256(previous hash || canonical bytes); the first
//! line's previous hash is 32 zero bytes.

use contract::ids::OrganisationId;
use minicbor::Encoder;
use sha2::Digest;
use sha2::Sha256;

use super::lines::Line;
use super::lines::list_onwards;
use crate::store::StoreError;
use crate::store::Tx;

const AT_ONCE: i64 = 1000;

/// What a walk over one organisation's trail found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose trail.
    pub organisation: OrganisationId,
    /// How many lines were walked.
    pub lines: i64,
    /// The hash of the last line: noted elsewhere, it proves later that nothing before it was changed.
    pub end: [u8; 32],
    /// The first fault.
    pub fault: Option<Fault>,
}

/// Where and how a trail is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A line is missing.
    #[error("line {0} is missing")]
    Missing(i64),
    /// A line is not what was recorded.
    #[error("line {0} was changed")]
    Changed(i64),
    /// A line does not follow the one before it.
    #[error("line {0} does not follow the line before it")]
    Unlinked(i64),
    /// The trail ends earlier or elsewhere than the recorded end.
    #[error("the trail ends at line {found}, recorded was line {recorded}")]
    End {
        /// The last line there is.
        found: i64,
        /// The last line that was recorded.
        recorded: i64,
    },
}

/// Returns the hash that the line must carry.
pub(super) fn hash(line: &Line) -> [u8; 32] {
    let mut bytes = Vec::new();
    let written = encode(line, &mut bytes);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    let mut hash = Sha256::new();
    hash.update(line.previous);
    hash.update(&bytes);
    hash.finalize().into()
}

fn encode(
    line: &Line,
    bytes: &mut Vec<u8>,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    let mut e = Encoder::new(bytes);
    e.array(12)?
        .bytes(line.organisation.as_bytes())?
        .i64(line.number)?
        .i64(line.at.as_millis())?
        .str(&line.actor_kind)?;
    match line.actor_id {
        Some(id) => e.bytes(id.as_bytes())?,
        None => e.null()?,
    };
    e.str(&line.actor_name)?
        .str(&line.action)?
        .str(&line.object_kind)?
        .str(&line.object_id)?
        .str(&line.summary)?
        .str(&line.details)?
        .str(&line.address)?;
    Ok(())
}

/// Walks every trail and reports on each.
pub fn verify(tx: &mut Tx) -> Result<Vec<Report>, StoreError> {
    // Both tables, so that neither a trail without its end nor an end without its trail goes unseen.
    let trails = tx.list(
        "SELECT organisation FROM audit_lines UNION SELECT organisation FROM audit_ends ORDER BY organisation",
        &[],
    )?;
    trails.iter().map(|row| walk(tx, row.id(0)?)).collect()
}

fn walk(tx: &mut Tx, organisation: OrganisationId) -> Result<Report, StoreError> {
    let mut report = Report {
        organisation,
        lines: 0,
        end: [0; 32],
        fault: None,
    };
    loop {
        let lines = list_onwards(tx, organisation, report.lines, AT_ONCE)?;
        if lines.is_empty() {
            break;
        }
        for line in &lines {
            report.fault = step(&report, line);
            if report.fault.is_some() {
                return Ok(report);
            }
            report.lines = line.number;
            report.end = line.hash;
        }
    }
    let end = tx.find(
        "SELECT number, hash FROM audit_ends WHERE organisation = $1",
        &[organisation.into()],
    )?;
    let (recorded, hash) = match &end {
        Some(row) => (row.int(0)?, row.hash(1)?),
        None => (0, [0; 32]),
    };
    if (recorded, hash) != (report.lines, report.end) {
        report.fault = Some(Fault::End {
            found: report.lines,
            recorded,
        });
    }
    Ok(report)
}

fn step(report: &Report, line: &Line) -> Option<Fault> {
    let expected = report.lines + 1;
    if line.number != expected {
        Some(Fault::Missing(expected))
    } else if line.previous != report.end {
        Some(Fault::Unlinked(line.number))
    } else if line.hash != hash(line) {
        Some(Fault::Changed(line.number))
    } else {
        None
    }
}
