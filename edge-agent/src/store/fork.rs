//! A forked numbering: the hub has other events under this spool's numbers, because the spool was copied or set back in
//! time. What the hub has not acknowledged goes on under a new epoch, in a database that takes the old one's place.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use contract::event::Epoch;
use contract::time::Timestamp;

use crate::store::engine::Engine;
use crate::store::engine::EngineError;
use crate::store::engine::sync_dir;
use crate::store::numbering;
use crate::store::numbering::Numbers;
use crate::store::record;
use crate::store::timekeeper::Timekeeper;

/// Events copied with one sync.
const AT_ONCE: usize = 1000;

/// The database that is being filled, beside the one in use.
fn next(dir: &Path) -> PathBuf {
    dir.join("spool.next")
}

/// Ends an exchange that a power cut broke off: if the old database is aside already, the new one is whole and takes its
/// place; otherwise nobody knows whether it is, and the old one stays.
pub(super) fn settle(dir: &Path) -> io::Result<()> {
    let (home, next) = (dir.join("spool"), next(dir));
    if !next.exists() {
        return Ok(());
    }
    if home.exists() {
        std::fs::remove_dir_all(&next)?;
    } else {
        std::fs::rename(&next, &home)?;
    }
    sync_dir(dir)
}

/// Fills a database of a new epoch with the events that the hub has not acknowledged, and with what is remembered of
/// orders and pictures. It is on disk for good afterwards.
pub(super) fn fill(
    dir: &Path,
    old: &Engine,
    numbers: &Numbers,
    epoch: Epoch,
    time: &Timekeeper,
) -> Result<(), EngineError> {
    let home = next(dir);
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(|error| EngineError::Disk(error.to_string()))?;
    }
    let new = Engine::open(&home)?;
    let mut begun = numbering::begin(&new, epoch)?;
    let mut seq = numbers.first.max(numbers.acked.saturating_add(1));
    while seq < numbers.next {
        let until = numbers.next.min(seq + AT_ONCE as u64);
        let values = old.ask(|old| {
            (seq..until)
                .map(|seq| old.events.get(seq.to_be_bytes()))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let mut events = sled::Batch::default();
        for (seq, value) in (seq..).zip(values) {
            let found = value
                .ok_or_else(|| "the record is missing".to_owned())
                .and_then(|value| record::decode(seq, &value));
            let mut event = match found {
                Ok(record) => record.event,
                Err(why) => numbering::stand_in(numbers.epoch, seq, &why, time),
            };
            event.seq = begun.next;
            let bytes = record::encode(begun.total, &event);
            begun.take(bytes.len() as u64);
            events.insert(&event.seq.to_be_bytes(), bytes);
        }
        new.commit(|new| new.events.apply_batch(events))?;
        seq = until;
    }
    let (orders, pictures) = old.ask(|old| {
        Ok((
            old.orders.iter().collect::<Result<Vec<_>, _>>()?,
            old.pictures.iter().collect::<Result<Vec<_>, _>>()?,
        ))
    })?;
    new.commit(|new| {
        for (id, at) in orders {
            new.orders.insert(id, at)?;
        }
        for (key, value) in pictures {
            new.pictures.insert(key, value)?;
        }
        Ok(())
    })
}

/// Puts the old database aside and the filled one in its place. Neither may be open. Returns where the old one is.
pub(super) fn exchange(dir: &Path, now: Timestamp) -> Result<PathBuf, EngineError> {
    let home = dir.join("spool");
    numbering::quarantine(dir, &home, now)
        .and_then(|aside| {
            std::fs::rename(next(dir), &home)?;
            sync_dir(dir)?;
            Ok(aside)
        })
        .map_err(|error| EngineError::Disk(error.to_string()))
}
