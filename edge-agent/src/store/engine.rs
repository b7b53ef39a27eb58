//! The sled database of the store: opening, syncing, and telling damage from a disk that refuses.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::Duration;

/// What sled says when another handle holds its lock.
const LOCKED: &str = "could not acquire lock";

/// Why the database could not be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineError {
    /// The disk is full, read-only or otherwise refuses: the data may be fine.
    #[error("the disk refuses: {0}")]
    Disk(String),
    /// The queue is at its cap, and nothing in it may be forgotten.
    #[error("the queue is full, and the hub has not acknowledged any of it")]
    Full,
    /// The data is damaged.
    #[error("the data is damaged: {0}")]
    Damaged(String),
}

/// The open database.
pub(super) struct Engine {
    db: sled::Db,
    /// Events by number.
    pub events: sled::Tree,
    /// Epoch and acknowledgement.
    pub meta: sled::Tree,
    /// Orders by id.
    pub orders: sled::Tree,
    /// Pictures by passage and kind.
    pub pictures: sled::Tree,
    /// A second handle on sled's log: `flush` alone does not survive a power cut.
    log: File,
}

impl Engine {
    /// Opens or makes the database. sled's own threads may hold the lock of a database that was just closed for a
    /// moment longer.
    pub fn open(dir: &Path) -> Result<Self, EngineError> {
        let mut tries = 0;
        loop {
            match Self::open_once(dir) {
                Err(EngineError::Disk(why)) if why.contains(LOCKED) && tries < 40 => {
                    tries += 1;
                    std::thread::park_timeout(Duration::from_millis(25));
                }
                opened => return opened,
            }
        }
    }

    fn open_once(dir: &Path) -> Result<Self, EngineError> {
        guarded(|| {
            std::fs::create_dir_all(dir)?;
            let db = sled::Config::new()
                .path(dir)
                .mode(sled::Mode::HighThroughput)
                .cache_capacity(32 * 1024 * 1024)
                .flush_every_ms(None)
                .open()?;
            let engine = Self {
                events: db.open_tree("events")?,
                meta: db.open_tree("meta")?,
                orders: db.open_tree("orders")?,
                pictures: db.open_tree("pictures")?,
                log: OpenOptions::new().write(true).open(dir.join("db"))?,
                db,
            };
            // What a killed process left in the page cache is on disk for good before anyone reads it.
            engine.db.flush()?;
            engine.log.sync_data()?;
            sync_dir(dir)?;
            if let Some(parent) = dir.parent() {
                sync_dir(parent)?;
            }
            Ok(engine)
        })
    }

    /// Runs `work` on the trees and puts its result on disk for good.
    pub fn commit(
        &self,
        work: impl FnOnce(&Self) -> Result<(), sled::Error>,
    ) -> Result<(), EngineError> {
        guarded(|| {
            work(self)?;
            crate::faults::point("append");
            self.db.flush()?;
            self.log.sync_data()?;
            crate::faults::point("append");
            Ok(())
        })
    }

    /// Runs `work`, turning sled's errors and panics into ours.
    pub fn ask<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, sled::Error>,
    ) -> Result<T, EngineError> {
        guarded(|| work(self).map_err(Fault::from))
    }
}

/// Puts a folder's entries on disk for good.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

enum Fault {
    Sled(sled::Error),
    Io(io::Error),
}

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        Self::Sled(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// sled can panic on damaged data; a panic is damage.
fn guarded<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, EngineError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Fault::Io(error))) => Err(EngineError::Disk(error.to_string())),
        Ok(Err(Fault::Sled(error))) => Err(classify(&error)),
        Err(panic) => {
            let why = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "sled panicked".to_owned());
            Err(EngineError::Damaged(why))
        }
    }
}

fn classify(error: &sled::Error) -> EngineError {
    let text = error.to_string();
    if let sled::Error::Io(io) = error {
        let refuses = matches!(
            io.kind(),
            io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::OutOfMemory
                | io::ErrorKind::NotFound
        );
        // A reader of the old handle still holds sled's lock while we reopen.
        if refuses || text.contains(LOCKED) {
            return EngineError::Disk(text);
        }
    }
    EngineError::Damaged(text)
}
