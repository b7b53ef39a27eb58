//! Which numbers the database holds: opening it, repairing what is missing, putting it aside, forgetting the oldest.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use contract::event::Epoch;
use contract::event::Event;
use contract::event::Fact;
use contract::event::SpoolDamaged;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use contract::wire::Generation;
use tracing::error;
use tracing::warn;

use crate::store::engine::Engine;
use crate::store::engine::EngineError;
use crate::store::engine::sync_dir;
use crate::store::fork;
use crate::store::record;
use crate::store::timekeeper::Timekeeper;

/// Folders of damaged databases that are kept for whoever wants to look.
const MOST_PUT_ASIDE: usize = 2;
/// Events forgotten in one go.
const FORGET_AT_ONCE: u64 = 10_000;

/// Where the numbering stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Which life of the numbering.
    pub epoch: Epoch,
    /// The oldest event.
    pub first: u64,
    /// The number that the next event gets.
    pub next: u64,
    /// The newest event that the hub has.
    pub acked: u64,
    /// The hub's generation that said so.
    pub generation: Generation,
    /// Bytes of all events of this epoch, forgotten ones too.
    pub total: u64,
    /// Bytes of the forgotten ones.
    pub forgotten: u64,
}

impl Numbers {
    /// How many events there are.
    pub fn count(&self) -> u64 {
        self.next.saturating_sub(self.first)
    }

    /// How many bytes they have.
    pub fn bytes(&self) -> u64 {
        self.total.saturating_sub(self.forgotten)
    }

    /// Gives the next number to a record of `len` bytes.
    pub fn take(&mut self, len: u64) {
        self.next += 1;
        self.total = self.total.saturating_add(len);
    }
}

/// A database that is ready.
pub(super) struct Opened {
    /// The database.
    pub engine: Engine,
    /// Where its numbering stands.
    pub numbers: Numbers,
    /// What was lost, if one before it was put aside.
    pub report: Option<SpoolDamaged>,
}

/// Opens the database in `<dir>/spool`. `known`: what it must hold, as far as anyone remembers. A damaged one is put
/// aside and a fresh one with a larger epoch takes its place; `put_aside` does that without asking.
pub(super) fn open(
    dir: &Path,
    time: &Timekeeper,
    known: Option<&Numbers>,
    put_aside: bool,
) -> Result<Opened, EngineError> {
    let home = dir.join("spool");
    fork::settle(dir).map_err(|error| EngineError::Disk(error.to_string()))?;
    let damage = if put_aside {
        "reading met damage again after a repair".to_owned()
    } else {
        match Engine::open(&home).and_then(|engine| settle(engine, time, known)) {
            Ok(Settled::Sound(engine, numbers)) => {
                return Ok(Opened {
                    engine,
                    numbers,
                    report: None,
                });
            }
            Ok(Settled::Unusable(why)) => why,
            Err(EngineError::Damaged(why)) => why,
            Err(other @ (EngineError::Disk(_) | EngineError::Full)) => return Err(other),
        }
    };
    let refused = |error: std::io::Error| EngineError::Disk(error.to_string());
    let aside = quarantine(dir, &home, time.wall()).map_err(refused)?;
    let report = SpoolDamaged {
        epoch: known.map(|known| known.epoch),
        lost: known
            .filter(|known| known.next > known.acked + 1)
            .map(|known| (known.acked + 1, known.next - 1)),
        why: damage,
    };
    error!(
        why = report.why,
        lost = ?report.lost,
        aside = %aside.display(),
        "the spool is damaged and was put aside; a new epoch begins"
    );
    let engine = Engine::open(&home)?;
    let numbers = begin(&engine, next_epoch(known, time))?;
    Ok(Opened {
        engine,
        numbers,
        report: Some(report),
    })
}

enum Settled {
    Sound(Engine, Numbers),
    Unusable(String),
}

/// Brings the database and what is remembered of it together.
fn settle(
    engine: Engine,
    time: &Timekeeper,
    known: Option<&Numbers>,
) -> Result<Settled, EngineError> {
    let (epoch, acked, oldest, first, last) = engine.ask(|engine| {
        Ok((
            engine.meta.get("epoch")?,
            engine.meta.get("acked")?,
            engine.meta.get("first")?,
            engine.events.first()?,
            engine.events.last()?,
        ))
    })?;
    let seq = |entry: &(sled::IVec, sled::IVec)| number(&entry.0).unwrap_or(0);
    let epoch = match (epoch.and_then(|bytes| number(&bytes)), known) {
        (Some(epoch), _) => epoch,
        (None, None) if first.is_none() => {
            let numbers = begin(&engine, next_epoch(None, time))?;
            return Ok(Settled::Sound(engine, numbers));
        }
        (None, _) => return Ok(Settled::Unusable("the database lost its epoch".into())),
    };
    // A newer epoch than the one remembered was begun just before a power cut: what is remembered is of the old one.
    let known = known.filter(|known| known.epoch >= epoch);
    if let Some(known) = known
        && known.epoch != epoch
    {
        return Ok(Settled::Unusable(format!(
            "the database is of epoch {epoch}, not {}",
            known.epoch
        )));
    }
    let oldest = oldest.and_then(|bytes| number(&bytes)).unwrap_or(1);
    let (generation, acked) = match (acked, known) {
        (Some(bytes), _) => two_numbers(&bytes),
        (None, Some(known)) => (known.generation, known.acked),
        (None, None) => (0, 0),
    };
    let mut numbers = Numbers {
        epoch,
        first: first.as_ref().map_or(1, seq),
        next: last.as_ref().map_or(1, |last| seq(last) + 1),
        acked,
        generation,
        total: 0,
        forgotten: 0,
    };
    if let Some((key, value)) = &last {
        numbers.total = number(key)
            .and_then(|seq| record::decode(seq, value).ok())
            .map_or(0, |record| record.total);
    }
    if let Some((key, value)) = &first {
        numbers.forgotten = number(key)
            .and_then(|seq| record::decode(seq, value).ok())
            .map_or(0, |record| record.total.saturating_sub(value.len() as u64));
    }
    fill_ends(&engine, time, oldest, known, &mut numbers)?;
    numbers.acked = numbers.acked.min(numbers.next.saturating_sub(1));
    Ok(Settled::Sound(engine, numbers))
}

/// Puts a `SpoolDamaged` at each number that must be there and is not: after the last and before the first.
fn fill_ends(
    engine: &Engine,
    time: &Timekeeper,
    oldest: u64,
    known: Option<&Numbers>,
    numbers: &mut Numbers,
) -> Result<(), EngineError> {
    let known_next = known.map_or(1, |known| known.next);
    if numbers.count() == 0 {
        (numbers.first, numbers.next) = (oldest, oldest);
    }
    let missing_first = oldest..numbers.first;
    let missing_last = numbers.next..known_next.max(numbers.next);
    if missing_first.is_empty() && missing_last.is_empty() {
        return Ok(());
    }
    warn!(
        before = ?missing_first,
        after = ?missing_last,
        "the spool lacks events: each missing number says so to the hub"
    );
    engine.commit(|engine| {
        for seq in missing_first.clone().chain(missing_last.clone()) {
            let event = stand_in(numbers.epoch, seq, "the record is missing", time);
            let bytes = record::encode(numbers.total, &event);
            numbers.total += bytes.len() as u64;
            engine.events.insert(seq.to_be_bytes(), bytes)?;
        }
        Ok(())
    })?;
    if !missing_first.is_empty() {
        numbers.first = missing_first.start;
    }
    numbers.next = numbers.next.max(missing_last.end);
    Ok(())
}

/// The event that takes the place of one that can't be read, so that numbers stay without gaps and the loss has a name.
pub(super) fn stand_in(epoch: Epoch, seq: u64, why: &str, time: &Timekeeper) -> Event {
    let fact = Fact::SpoolDamaged(SpoolDamaged {
        epoch: Some(epoch),
        lost: Some((seq, seq)),
        why: why.to_owned(),
    });
    Event {
        seq,
        at: time.now(),
        gate: None,
        kind: fact.kind(),
        body: fact.encode().into(),
    }
}

/// After a reopening, removes records that no appender was told are safe: they are held in memory and come again.
pub(super) fn cut_after(engine: &Engine, last: u64) -> Result<(), EngineError> {
    engine.commit(|engine| {
        for entry in engine.events.range((last + 1).to_be_bytes()..) {
            engine.events.remove(entry?.0)?;
        }
        Ok(())
    })
}

/// Removes the events before `until`, but never the newest one: it carries the numbering.
pub(super) fn forget(
    engine: &Engine,
    numbers: &Numbers,
    until: u64,
) -> Result<Numbers, EngineError> {
    let until = until
        .min(numbers.next.saturating_sub(1))
        .min(numbers.first + FORGET_AT_ONCE);
    let mut after = numbers.clone();
    if until <= numbers.first {
        return Ok(after);
    }
    let next = engine.ask(|engine| {
        // sled's log keeps the order of writes: whatever survives a crash, no event is missing from `first` on.
        engine.meta.insert("acked", acked_bytes(numbers))?;
        engine.meta.insert("first", &until.to_be_bytes())?;
        let mut gone = sled::Batch::default();
        for seq in numbers.first..until {
            gone.remove(&seq.to_be_bytes());
        }
        engine.events.apply_batch(gone)?;
        engine.events.get(until.to_be_bytes())
    })?;
    after.first = until;
    if let Some(bytes) = next
        && let Ok(record) = record::decode(until, &bytes)
    {
        after.forgotten = record.total.saturating_sub(bytes.len() as u64);
    }
    Ok(after)
}

/// The first event that must be kept: not acknowledged, or younger than `keep`. Events of an unsynced clock have no age
/// of their own; they go with the next one that has.
pub(super) fn oldest_to_keep(
    engine: &Engine,
    numbers: &Numbers,
    now: Timestamp,
    keep: Duration,
) -> Result<u64, EngineError> {
    engine.ask(|engine| {
        let mut until = numbers.first;
        let last = (numbers.acked + 1).min(numbers.first + FORGET_AT_ONCE);
        for entry in engine
            .events
            .range(numbers.first.to_be_bytes()..last.to_be_bytes())
        {
            let (key, value) = entry?;
            let seq = number(&key).unwrap_or(u64::MAX);
            let Ok(record) = record::decode(seq, &value) else {
                continue;
            };
            let at = record.event.at;
            if at.quality == TimeQuality::Unsynced {
                continue;
            }
            if now.since(at.wall) <= keep {
                break;
            }
            until = seq + 1;
        }
        Ok(until)
    })
}

/// The acknowledgement as the database keeps it.
pub(super) fn acked_bytes(numbers: &Numbers) -> Vec<u8> {
    [
        numbers.generation.to_be_bytes(),
        numbers.acked.to_be_bytes(),
    ]
    .concat()
}

pub(super) fn begin(engine: &Engine, epoch: Epoch) -> Result<Numbers, EngineError> {
    engine.commit(|engine| {
        engine.meta.insert("epoch", &epoch.to_be_bytes())?;
        Ok(())
    })?;
    Ok(Numbers {
        epoch,
        first: 1,
        next: 1,
        ..Numbers::default()
    })
}

/// A number for a new epoch, larger than any before it: by the mark, and by the clock's seconds in case the mark went with the database.
pub(super) fn next_epoch(known: Option<&Numbers>, time: &Timekeeper) -> Epoch {
    let seconds = u64::try_from(time.wall().as_millis() / 1000).unwrap_or(0);
    known.map_or(1, |known| known.epoch + 1).max(seconds)
}

pub(super) fn quarantine(dir: &Path, home: &Path, now: Timestamp) -> std::io::Result<PathBuf> {
    let aside = dir.join(format!("spool.damaged-{:020}", now.as_millis().max(0)));
    if home.exists() {
        if aside.exists() {
            std::fs::remove_dir_all(&aside)?;
        }
        std::fs::rename(home, &aside)?;
        sync_dir(dir)?;
    }
    let mut older: Vec<PathBuf> = std::fs::read_dir(dir)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("spool.damaged-"))
        })
        .collect();
    older.sort();
    for path in older.iter().rev().skip(MOST_PUT_ASIDE) {
        std::fs::remove_dir_all(path)?;
    }
    Ok(aside)
}

/// Reads a big-endian number.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

fn two_numbers(bytes: &[u8]) -> (u64, u64) {
    match bytes.split_at_checked(8) {
        Some((one, two)) => (number(one).unwrap_or(0), number(two).unwrap_or(0)),
        None => (0, 0),
    }
}
