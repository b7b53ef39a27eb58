//! The durable queue and retained history of events.

use contract::event::Epoch;
use contract::event::Event;
use contract::event::Fact;
use contract::ids::GateId;
use contract::wire::Generation;
use tokio::sync::watch;

/// Why an event is not on disk, or can't be read from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// The disk refused: the event is held in memory and written later. The caller goes on, with an alarm.
    #[error("holding an event in memory: {0}")]
    Held(String),
    /// The events can't be read.
    #[error("reading events: {0}")]
    Read(String),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

/// How the spool stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpoolState {
    /// Which life of the numbering.
    pub epoch: Epoch,
    /// The oldest event on disk.
    pub first_seq: u64,
    /// The number that the next event on disk will get.
    pub next_seq: u64,
    /// The newest event that the hub has for good.
    pub acked: u64,
    /// The hub's generation that said so; 0 before the first acknowledgement.
    pub generation: Generation,
    /// Bytes of the events on disk.
    pub bytes: u64,
    /// Events held in memory because the disk refuses.
    pub held: u64,
    /// What the disk said, while events are held.
    pub fault: Option<String>,
}

impl SpoolState {
    /// How many events on disk the hub does not have.
    pub fn waiting(&self) -> u64 {
        self.next_seq.saturating_sub(1).saturating_sub(self.acked)
    }
}

/// The spool; clones share it.
#[derive(Clone)]
pub struct Spool {
    state: watch::Receiver<SpoolState>,
}

impl Spool {
    /// Appends a fact. Returns its number once it is on disk for good.
    pub async fn append(&self, _gate: Option<GateId>, _fact: Fact) -> Result<u64, SpoolError> {
        std::future::pending().await
    }

    /// Reads consecutive events from `from_seq` on (or from the oldest kept, if that is later): at most `most_events`,
    /// and no more after `most_bytes`. Only what is on disk for good is returned.
    pub fn read(
        &self,
        _from_seq: u64,
        _most_events: usize,
        _most_bytes: usize,
    ) -> Result<Vec<Event>, SpoolError> {
        Err(SpoolError::Closed)
    }

    /// Takes the hub's word that it has every event up to `through`. Within one generation the mark only rises; a
    /// new generation sets it, also backwards, so that the hub is refilled from here.
    pub async fn acknowledge(
        &self,
        _generation: Generation,
        _through: u64,
    ) -> Result<(), SpoolError> {
        std::future::pending().await
    }

    /// How the spool stands, and every change of it.
    pub fn watch(&self) -> watch::Receiver<SpoolState> {
        self.state.clone()
    }

    pub(super) async fn close(&self) {
        std::future::pending().await
    }
}
