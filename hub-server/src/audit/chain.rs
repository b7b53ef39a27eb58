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

use super::expire;
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
    /// The last line that ended by policy; 0 if the trail begins at its first.
    pub cut: i64,
    /// The number of the last line that was walked.
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
    /// The trail begins later than at 1, and no line of it says that older ones ended there.
    #[error("the lines up to {0} are missing, and no line says that they ended by policy")]
    Cut(i64),
    /// A line is not the one that a checkpoint names.
    #[error("line {0} is not the one of the checkpoint: the trail was written anew")]
    Checkpoint(i64),
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

/// Where a trail stood: noted outside the hub, it proves later that nothing before it was changed or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose trail.
    pub organisation: OrganisationId,
    /// The last line.
    pub number: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl std::fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ", self.organisation, self.number)?;
        self.hash
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a text is no checkpoint.
#[derive(Debug, thiserror::Error)]
#[error("a checkpoint is an organisation's id, a number and 64 hexadecimal digits")]
pub struct NoCheckpoint;

impl std::str::FromStr for Checkpoint {
    type Err = NoCheckpoint;

    fn from_str(text: &str) -> Result<Self, NoCheckpoint> {
        let mut parts = text.split_ascii_whitespace();
        let (Some(organisation), Some(number), Some(digits), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoCheckpoint);
        };
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NoCheckpoint);
        }
        let mut hash = [0; 32];
        for (place, byte) in hash.iter_mut().enumerate() {
            let pair = digits.get(place * 2..place * 2 + 2).ok_or(NoCheckpoint)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NoCheckpoint)?;
        }
        let organisation: uuid::Uuid = organisation.parse().map_err(|_| NoCheckpoint)?;
        Ok(Self {
            organisation: OrganisationId(organisation),
            number: number.parse().map_err(|_| NoCheckpoint)?,
            hash,
        })
    }
}

/// Where every trail stands.
pub fn checkpoints(tx: &mut Tx) -> Result<Vec<Checkpoint>, StoreError> {
    tx.list(
        "SELECT organisation, number, hash FROM audit_ends ORDER BY organisation",
        &[],
    )?
    .iter()
    .map(|row| {
        Ok(Checkpoint {
            organisation: row.id(0)?,
            number: row.int(1)?,
            hash: row.hash(2)?,
        })
    })
    .collect()
}

/// Walks every trail and reports on each, also against checkpoints that were noted before.
pub fn verify(tx: &mut Tx, noted: &[Checkpoint]) -> Result<Vec<Report>, StoreError> {
    // Both tables, so that neither a trail without its end nor an end without its trail goes unseen.
    let trails = tx.list(
        "SELECT organisation FROM audit_lines UNION SELECT organisation FROM audit_ends ORDER BY organisation",
        &[],
    )?;
    let mut reports = trails
        .iter()
        .map(|row| walk(tx, row.id(0)?, noted))
        .collect::<Result<Vec<Report>, StoreError>>()?;
    // A trail of which nothing is left at all is only known from outside.
    for one in noted {
        if !reports
            .iter()
            .any(|report| report.organisation == one.organisation)
        {
            reports.push(Report {
                organisation: one.organisation,
                cut: 0,
                lines: 0,
                end: [0; 32],
                fault: Some(Fault::End {
                    found: 0,
                    recorded: one.number,
                }),
            });
        }
    }
    Ok(reports)
}

fn walk(
    tx: &mut Tx,
    organisation: OrganisationId,
    noted: &[Checkpoint],
) -> Result<Report, StoreError> {
    let mut report = Report {
        organisation,
        cut: 0,
        lines: 0,
        end: [0; 32],
        fault: None,
    };
    if let Some(row) = tx.find(
        "SELECT number, hash FROM audit_cuts WHERE organisation = $1",
        &[organisation.into()],
    )? {
        report.cut = row.int(0)?;
        report.lines = report.cut;
        report.end = row.hash(1)?;
    }
    let cut = (report.cut, report.end);
    let mut is_told = report.cut == 0;
    let is_noted = |number: i64, hash: [u8; 32]| {
        noted
            .iter()
            .filter(|one| one.organisation == organisation && one.number == number)
            .all(|one| one.hash == hash)
    };
    if !is_noted(cut.0, cut.1) {
        report.fault = Some(Fault::Checkpoint(cut.0));
        return Ok(report);
    }
    loop {
        let lines = list_onwards(tx, organisation, report.lines, AT_ONCE)?;
        if lines.is_empty() {
            break;
        }
        for line in &lines {
            report.fault = step(&report, line);
            if report.fault.is_none() && !is_noted(line.number, line.hash) {
                report.fault = Some(Fault::Checkpoint(line.number));
            }
            if report.fault.is_some() {
                return Ok(report);
            }
            is_told = is_told || tells(line, cut);
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
    let noted_end = noted
        .iter()
        .filter(|one| one.organisation == organisation)
        .map(|one| one.number)
        .max()
        .unwrap_or(0);
    if !is_told {
        report.fault = Some(Fault::Cut(report.cut));
    } else if noted_end > report.lines {
        report.fault = Some(Fault::End {
            found: report.lines,
            recorded: noted_end,
        });
    } else if (recorded, hash) != (report.lines, report.end) {
        report.fault = Some(Fault::End {
            found: report.lines,
            recorded,
        });
    }
    Ok(report)
}

/// Whether the line says that the trail begins after this cut.
fn tells(line: &Line, (number, hash): (i64, [u8; 32])) -> bool {
    if line.action != expire::ACTION {
        return false;
    }
    let details: serde_json::Value = serde_json::from_str(&line.details).unwrap_or_default();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    details["through"] == number && details["hash"] == hash.as_str()
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
