//! The ledger: every event of every edge once, verbatim, with how far each (edge, epoch) is complete and which
//! numbers are missing.

use contract::event::Epoch;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;

use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// Its meaning is in the desks.
    Taken,
    /// A kind of the future, kept for a later version.
    Unknown,
    /// Its bytes are not what its kind needs.
    Unreadable,
    /// About a gate of somebody else, or against a rule of a desk.
    Refused,
}

impl EntryState {
    /// The name in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
        }
    }
}

/// Which stream an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Which edge.
    pub edge: EdgeId,
    /// Which life of its numbering.
    pub epoch: Epoch,
}

/// One event as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its number.
    pub seq: u64,
    /// The edge's wall clock at the event.
    pub at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Its kind.
    pub kind: u16,
    /// The gate that it says it concerns.
    pub gate: Option<GateId>,
    /// Its bytes.
    pub raw: &'a [u8],
}

/// What the ledger did with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is new.
    Fresh,
    /// It was there, byte for byte.
    Repeat,
    /// Another event stands under its number: two spools count in one epoch. The first one stays.
    Conflict,
}

/// How a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which edge.
    pub edge: EdgeId,
    /// Which life of its numbering.
    pub epoch: Epoch,
    /// Complete up to here.
    pub through: u64,
    /// How many events are held.
    pub held: u64,
    /// How many of them could not be read.
    pub unreadable: u64,
    /// How many of them were refused.
    pub refused: u64,
}

/// Missing numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingNumbers {
    /// Which edge.
    pub edge: EdgeId,
    /// Which life of its numbering.
    pub epoch: Epoch,
    /// The first missing number.
    pub expected: u64,
    /// The first number after them.
    pub got: u64,
    /// When it was noticed.
    pub at: Timestamp,
    /// `open`, `filled` or `lost`.
    pub state: String,
}

/// Returns how far a stream is complete; 0 if nothing of it is known.
pub fn through(tx: &mut Tx, stream: &Stream) -> Result<u64, StoreError> {
    tx.find(
        "SELECT through FROM streams WHERE organisation = $1 AND edge = $2 AND epoch = $3",
        &[
            Value::from(stream.organisation),
            Value::from(stream.edge),
            Value::from(stream.epoch),
        ],
    )?
    .map_or(Ok(0), |row| row.number(0))
}

/// Returns the bytes of one event as they came, if it is held.
pub fn raw(tx: &mut Tx, stream: &Stream, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
    tx.find(
        "SELECT raw FROM ledger WHERE organisation = $1 AND edge = $2 AND epoch = $3 AND seq = $4",
        &[
            Value::from(stream.organisation),
            Value::from(stream.edge),
            Value::from(stream.epoch),
            Value::from(seq),
        ],
    )?
    .map(|row| row.bytes(0))
    .transpose()
}

/// Moves a stream forward and counts what it holds.
pub fn advance(
    tx: &mut Tx,
    stream: &Stream,
    through: u64,
    fresh: u64,
    unreadable: u64,
    refused: u64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO streams (edge, epoch, organisation, through, held, unreadable, refused) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (edge, epoch) DO UPDATE SET \
         through = CASE WHEN streams.through < excluded.through THEN excluded.through \
         ELSE streams.through END, held = streams.held + excluded.held, \
         unreadable = streams.unreadable + excluded.unreadable, \
         refused = streams.refused + excluded.refused",
        &[
            Value::from(stream.edge),
            Value::from(stream.epoch),
            Value::from(stream.organisation),
            Value::from(through),
            Value::from(fresh),
            Value::from(unreadable),
            Value::from(refused),
        ],
    )?;
    Ok(())
}

/// Keeps an event, unless its number is taken.
pub fn keep(tx: &mut Tx, stream: &Stream, entry: &Entry<'_>) -> Result<Kept, StoreError> {
    let fresh = tx.execute(
        "INSERT INTO ledger (edge, epoch, seq, organisation, received_at, at, kind, gate, raw, \
         state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'taken') \
         ON CONFLICT (edge, epoch, seq) DO NOTHING",
        &[
            Value::from(stream.edge),
            Value::from(stream.epoch),
            Value::from(entry.seq),
            Value::from(stream.organisation),
            Value::from(entry.received_at),
            Value::from(entry.at),
            Value::from(u32::from(entry.kind)),
            Value::from(entry.gate),
            Value::from(entry.raw),
        ],
    )?;
    if fresh > 0 {
        return Ok(Kept::Fresh);
    }
    Ok(
        if raw(tx, stream, entry.seq)?.as_deref() == Some(entry.raw) {
            Kept::Repeat
        } else {
            Kept::Conflict
        },
    )
}

/// Notes that an event stays without effect, and why.
pub fn mark(
    tx: &mut Tx,
    stream: &Stream,
    seq: u64,
    state: EntryState,
    why: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE ledger SET state = $1, why = $2 \
         WHERE organisation = $3 AND edge = $4 AND epoch = $5 AND seq = $6",
        &[
            Value::from(state.name()),
            Value::from(why),
            Value::from(stream.organisation),
            Value::from(stream.edge),
            Value::from(stream.epoch),
            Value::from(seq),
        ],
    )?;
    Ok(())
}

/// Names missing numbers: asked for again, or lost for ever.
pub fn record_gap(
    tx: &mut Tx,
    stream: &Stream,
    expected: u64,
    got: u64,
    lost: bool,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO gaps (edge, epoch, expected, got, organisation, at, state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (edge, epoch, expected) DO UPDATE SET got = excluded.got, \
         at = excluded.at, state = excluded.state, closed_at = NULL",
        &[
            Value::from(stream.edge),
            Value::from(stream.epoch),
            Value::from(expected),
            Value::from(got),
            Value::from(stream.organisation),
            Value::from(at),
            Value::from(if lost { "lost" } else { "open" }),
        ],
    )?;
    Ok(())
}

/// Closes the open gaps of a stream that came in after all.
pub fn close_gaps(
    tx: &mut Tx,
    stream: &Stream,
    through: u64,
    at: Timestamp,
) -> Result<usize, StoreError> {
    tx.execute(
        "UPDATE gaps SET state = 'filled', closed_at = $1 WHERE organisation = $2 AND edge = $3 \
         AND epoch = $4 AND state = 'open' AND got <= $5",
        &[
            Value::from(at),
            Value::from(stream.organisation),
            Value::from(stream.edge),
            Value::from(stream.epoch),
            Value::from(through.saturating_add(1)),
        ],
    )
}

/// Returns the gaps of the organisation's edges, newest first.
pub fn list_gaps(
    tx: &mut Tx,
    organisation: OrganisationId,
    limit: u32,
) -> Result<Vec<MissingNumbers>, StoreError> {
    tx.list(
        "SELECT edge, epoch, expected, got, at, state FROM gaps WHERE organisation = $1 \
         ORDER BY at DESC LIMIT $2",
        &[Value::from(organisation), Value::from(limit)],
    )?
    .iter()
    .map(|row| {
        Ok(MissingNumbers {
            edge: row.id(0)?,
            epoch: row.number(1)?,
            expected: row.number(2)?,
            got: row.number(3)?,
            at: row.timestamp(4)?,
            state: row.text(5)?,
        })
    })
    .collect()
}

/// Returns how the streams of the organisation's edges stand, newest epoch first.
pub fn list_streams(
    tx: &mut Tx,
    organisation: OrganisationId,
) -> Result<Vec<Standing>, StoreError> {
    tx.list(
        "SELECT edge, epoch, through, held, unreadable, refused FROM streams \
         WHERE organisation = $1 ORDER BY edge, epoch DESC",
        &[Value::from(organisation)],
    )?
    .iter()
    .map(|row| {
        Ok(Standing {
            edge: row.id(0)?,
            epoch: row.number(1)?,
            through: row.number(2)?,
            held: row.number(3)?,
            unreadable: row.number(4)?,
            refused: row.number(5)?,
        })
    })
    .collect()
}
