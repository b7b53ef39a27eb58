//! What every part of a running hub shares.

use std::path::PathBuf;

use contract::time::Clock;
use tokio::sync::broadcast;

use crate::store::Store;
use crate::store::Wake;

/// The hub's parts; handed around as `Arc<Hub>`.
pub struct Hub {
    /// The master record.
    pub store: Store,
    /// Where time comes from.
    pub clock: Clock,
    /// The data directory; rooms that keep files have a folder each in it.
    pub data: PathBuf,
}

impl Hub {
    /// The folder of pictures.
    pub fn evidence(&self) -> PathBuf {
        self.data.join("evidence")
    }

    /// Listens to what transactions woke. Look at the tables once after calling this, and again after `Lagged`.
    pub fn wakes(&self) -> broadcast::Receiver<Wake> {
        self.store.wakes()
    }
}
