//! The durable queue and retained history of events: what callers see of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::event::Epoch;
use contract::event::Event;
use contract::event::Fact;
use contract::ids::GateId;
use contract::wire::Generation;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tracing::error;

use crate::store::committer::Command;
use crate::store::committer::Commands;
use crate::store::committer::Pending;
use crate::store::committer::Shared;
use crate::store::engine::EngineError;
use crate::store::numbering;
use crate::store::record;
use crate::store::timekeeper::Timekeeper;

/// How long an appender waits for the disk. A card that hangs locks nobody in.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why an event is not on disk, or can't be read from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// The disk refused: the event is held in memory and written later. The caller goes on, with an alarm.
    #[error("holding an event in memory: {0}")]
    Held(String),
    /// The events can't be read.
    #[error("reading events: {0}")]
    Read(String),
    /// A new epoch can't be begun: the old one stays.
    #[error("beginning a new epoch: {0}")]
    Epoch(String),
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
    pub(super) commands: Commands,
    pub(super) shared: Arc<Shared>,
    pub(super) state: watch::Receiver<SpoolState>,
    pub(super) time: Timekeeper,
}

impl Spool {
    /// Appends a fact. Returns its number once it is on disk for good.
    pub async fn append(&self, gate: Option<GateId>, fact: Fact) -> Result<u64, SpoolError> {
        let numbers = self.append_all(gate, &[fact]).await?;
        numbers.first().copied().ok_or(SpoolError::Closed)
    }

    /// Appends facts of one moment in their order, with one sync. Returns their numbers once all are on disk for good.
    pub async fn append_all(
        &self,
        gate: Option<GateId>,
        facts: &[Fact],
    ) -> Result<Vec<u64>, SpoolError> {
        let at = self.time.now();
        let facts = facts
            .iter()
            .map(|fact| Pending::new(at.clone(), gate, fact))
            .collect();
        let (answer, done) = oneshot::channel();
        self.commands.send(Command::Append { facts, answer })?;
        match tokio::time::timeout(PATIENCE, done).await {
            Ok(answer) => answer.map_err(|_| SpoolError::Closed)?,
            Err(_) => Err(SpoolError::Held("the disk does not answer".into())),
        }
    }

    /// Reads consecutive events from `from_seq` on (or from the oldest kept, if that is later): at most `most_events`,
    /// and no more after `most_bytes`. Only what is on disk for good is returned.
    pub fn read(
        &self,
        from_seq: u64,
        most_events: usize,
        most_bytes: usize,
    ) -> Result<Vec<Event>, SpoolError> {
        let (first, next, epoch) = {
            let state = self.state.borrow();
            (state.first_seq, state.next_seq, state.epoch)
        };
        let Some(engine) = self.shared.engine() else {
            return Err(SpoolError::Read("the disk refuses".into()));
        };
        let mut events = Vec::new();
        let mut bytes = 0;
        let from = from_seq.max(first);
        for seq in from..next {
            if events.len() >= most_events || bytes >= most_bytes {
                break;
            }
            let value = match engine.ask(|engine| engine.events.get(seq.to_be_bytes())) {
                Ok(value) => value,
                Err(why) => {
                    if matches!(why, EngineError::Damaged(_)) {
                        self.shared.suspect.store(true, Ordering::SeqCst);
                    }
                    return if events.is_empty() {
                        Err(SpoolError::Read(why.to_string()))
                    } else {
                        Ok(events)
                    };
                }
            };
            let found = value
                .as_deref()
                .ok_or_else(|| "the record is missing".to_owned())
                .and_then(|value| record::decode(seq, value));
            let event = match found {
                Ok(record) => record.event,
                // The tidier forgot it between our look at the state and here: the caller starts again behind it.
                Err(_) if seq < self.state.borrow().first_seq => return Ok(events),
                Err(why) => self.replace(&engine, epoch, seq, &why)?,
            };
            bytes += value.map_or(0, |value| value.len());
            events.push(event);
        }
        Ok(events)
    }

    /// Puts an event that names the loss in the place of one that can't be read.
    fn replace(
        &self,
        engine: &crate::store::engine::Engine,
        epoch: Epoch,
        seq: u64,
        why: &str,
    ) -> Result<Event, SpoolError> {
        error!(
            seq,
            why, "event {seq} can't be read: its number says so to the hub"
        );
        let event = numbering::stand_in(epoch, seq, why, &self.time);
        let before = engine
            .ask(|engine| engine.events.get(seq.saturating_sub(1).to_be_bytes()))
            .ok()
            .flatten()
            .and_then(|value| record::decode(seq - 1, &value).ok())
            .map_or(0, |record| record.total);
        let bytes = record::encode(before, &event);
        engine
            .commit(|engine| engine.events.insert(seq.to_be_bytes(), bytes).map(|_| ()))
            .map_err(|why| SpoolError::Read(why.to_string()))?;
        Ok(event)
    }

    /// Takes the hub's word that it has every event up to `through`. Within one generation the mark only rises; a
    /// new generation sets it, also backwards, so that the hub is refilled from here.
    pub async fn acknowledge(
        &self,
        generation: Generation,
        through: u64,
    ) -> Result<(), SpoolError> {
        let (answer, done) = oneshot::channel();
        self.commands.send(Command::Acknowledge {
            generation,
            through,
            answer,
        })?;
        done.await.map_err(|_| SpoolError::Closed)
    }

    /// Begins a new epoch if the present one is `forked`: the hub has other events under its numbers. What the hub has
    /// not acknowledged goes on under new numbers, the rest is put aside.
    pub async fn begin_epoch(&self, forked: Epoch) -> Result<(), SpoolError> {
        let (answer, done) = oneshot::channel();
        self.commands.send(Command::BeginEpoch { forked, answer })?;
        done.await.map_err(|_| SpoolError::Closed)?
    }

    /// How the spool stands, and every change of it.
    pub fn watch(&self) -> watch::Receiver<SpoolState> {
        self.state.clone()
    }
}
