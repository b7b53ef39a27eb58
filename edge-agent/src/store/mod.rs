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

mod engine;
mod evidence;
mod mark;
mod orders;
mod permits;
mod spool;
mod timekeeper;

use std::path::Path;
use std::time::Duration;

use contract::time::Clock;
use serde::Deserialize;

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
    /// Orders that were carried out, each once.
    pub orders: Orders,
    /// Pictures that go with events.
    pub evidence: Pictures,
    /// Stamps what is remembered, and says how far the clock can be trusted.
    pub time: Timekeeper,
}

impl Store {
    /// Opens the store in `dir`, repairs what can be repaired, and puts aside what can't.
    pub fn open(_dir: &Path, _clock: Clock, _config: Config) -> Result<Self, StoreError> {
        todo!("lands with the committer")
    }

    /// Whether the last run closed the store.
    pub fn was_clean(&self) -> bool {
        false
    }

    /// Writes what is waiting, marks the store clean and ends its thread.
    pub async fn close(&self) {
        self.spool.close().await;
    }
}
