//! What the edge remembers: events, permits, orders and pictures, safe against power cuts.
//!
//! The gate appends here before an arm moves; the link reads from here and acknowledges. This is the only room that
//! names sled. Its invariants:
//! - an append is answered after the record is on disk for good (sled's flush *and* our own sync), or with
//!   [`SpoolError::Held`]: the event waits in memory, an alarm is up, and the caller goes on;
//! - numbers within an epoch have no gaps; a record that can't be read is replaced by a `SpoolDamaged` that takes its
//!   number, and a store that can't be opened is put aside whole and named in a `SpoolDamaged` of the next epoch;
//! - an event is forgotten only after an acknowledgement and the retention window (or, when the cap is reached, after
//!   an acknowledgement alone);
//! - the permit book lives in a file of its own: a damaged queue does not close the gate to its permits.

mod cameras;
mod committer;
mod engine;
mod evidence;
mod fork;
mod mark;
mod numbering;
mod orders;
mod permits;
mod record;
mod spool;
#[cfg(test)]
mod tests;
mod timekeeper;

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::fs::File;
use std::fs::TryLockError;
use std::path::Path;
use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use contract::time::Clock;
use serde::Deserialize;
use tokio::sync::watch;

use crate::store::committer::Commands;
use crate::store::committer::Committer;
use crate::store::committer::Shared;
use crate::store::evidence::Shelf;
use crate::store::mark::MarkFile;
use crate::store::numbering::Numbers;

pub use cameras::Cameras;
pub use evidence::EvidenceError;
pub use evidence::PendingPicture;
pub use evidence::Pictures;
pub use orders::Orders;
pub use permits::Permits;
pub use permits::PermitsError;
pub use spool::Spool;
pub use spool::SpoolError;
pub use spool::SpoolState;
pub use timekeeper::Timekeeper;

/// Section `[store]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long acknowledged events are kept, so that a hub restored from a backup can be refilled.
    #[serde(with = "humantime_serde")]
    pub keep_events: Duration,
    /// The most events kept; when reached, the oldest acknowledged ones go first.
    pub most_events: u64,
    /// The most bytes of events kept; when reached, the oldest acknowledged ones go first.
    pub most_bytes: u64,
    /// How long pictures are kept after the hub has them.
    #[serde(with = "humantime_serde")]
    pub keep_pictures: Duration,
    /// The most bytes of pictures kept; when reached, the oldest delivered ones go first.
    pub most_picture_bytes: u64,
    /// Counts the machine's clock as kept by NTP, for machines whose time keeper the agent can't see (chrony, PTP, a
    /// battery-backed clock).
    pub trust_clock: bool,
}

impl Default for Config {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            keep_events: 30 * DAY,
            most_events: 5_000_000,
            most_bytes: 2_000_000_000,
            keep_pictures: 7 * DAY,
            most_picture_bytes: 4_000_000_000,
            trust_clock: false,
        }
    }
}

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds it.
    #[error("the store in {0} is in use by another process")]
    InUse(std::path::PathBuf),
    /// The folder can't be used.
    #[error("preparing the store in {dir}")]
    Folder {
        /// Which folder.
        dir: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Everything that the edge remembers.
pub struct Store {
    /// Events on their way to the hub, and their retained history.
    pub spool: Spool,
    /// The permit book in force.
    pub permits: Permits,
    /// What people set for the cameras.
    pub cameras: Cameras,
    /// Orders that were carried out, each once.
    pub orders: Orders,
    /// Pictures that go with events.
    pub evidence: Pictures,
    /// Stamps what is remembered, and says how far the clock can be trusted.
    pub time: Timekeeper,
    commands: Commands,
    was_clean: bool,
    /// Held for as long as the store is open.
    _lock: File,
}

impl Store {
    /// Opens the store in `dir`, repairs what can be repaired, and puts aside what can't. A disk that refuses does not
    /// stop it: events are then held in memory, with an alarm.
    pub fn open(dir: &Path, clock: Clock, config: Config) -> Result<Self, StoreError> {
        let folder = |source| StoreError::Folder {
            dir: dir.to_owned(),
            source,
        };
        std::fs::create_dir_all(dir.join("evidence")).map_err(folder)?;
        let lock = File::create(dir.join("lock")).map_err(folder)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(dir.to_owned())),
            Err(TryLockError::Error(source)) => return Err(folder(source)),
        }
        let boot = format!("{:016x}", rand::random::<u64>());
        let time = Timekeeper::new(clock, boot, config.trust_clock);
        let (mark, found) = MarkFile::open(&dir.join("spool.mark")).map_err(folder)?;
        let known = found.map(|mark| Numbers {
            epoch: mark.epoch,
            first: 1,
            next: mark.last_seq + 1,
            acked: mark.acked,
            generation: mark.generation,
            ..Numbers::default()
        });
        let directives = Arc::new(AtomicU64::new(found.map_or(0, |mark| mark.directives)));
        let shelf = Shelf::new(dir.join("evidence"));
        let (sender, receiver) = std::sync::mpsc::channel();
        let commands = Commands(sender);
        let permits = Permits::open(dir, Arc::clone(&directives), commands.clone());
        let shared = Arc::new(Shared {
            engine: RwLock::new(None),
            suspect: AtomicBool::new(false),
            directives,
        });
        let (state, watch) = watch::channel(SpoolState::default());
        let mut committer = Committer {
            dir: dir.to_owned(),
            config,
            time: time.clone(),
            shared: Arc::clone(&shared),
            shelf: shelf.clone(),
            mark,
            numbers: known.clone().unwrap_or_default(),
            exact: false,
            state,
            held: VecDeque::new(),
            dropped: 0,
            fault: None,
            suspicions: 0,
            orders_in_memory: BTreeSet::new(),
            orders_before: 0,
            unwritten: false,
            ticks: 0,
        };
        committer.start(known.as_ref());
        std::thread::Builder::new()
            .name("spool".into())
            .spawn(move || committer.run(&receiver))
            .map_err(folder)?;
        Ok(Self {
            spool: Spool {
                commands: commands.clone(),
                shared,
                state: watch,
                time: time.clone(),
            },
            permits,
            cameras: Cameras::open(dir),
            orders: Orders::new(commands.clone()),
            evidence: Pictures::new(shelf, commands.clone()),
            time,
            commands,
            was_clean: found.is_none_or(|mark| mark.clean),
            _lock: lock,
        })
    }

    /// Whether the last run closed the store; a first run counts as clean.
    pub fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// Forgets at once what may be forgotten; otherwise that happens every minute.
    pub async fn tidy(&self) -> Result<(), SpoolError> {
        self.commands.tidy().await
    }

    /// Writes what is waiting, marks the store clean and ends its thread.
    pub async fn close(&self) {
        self.commands.close().await;
    }
}
