//! Intake: one batch of an edge is one transaction. The ledger keeps each event once and verbatim; then every desk that
//! cares hears of it, visibly, here.
//!
//! Called by `link`. It is the only room that names several desks. It owns the tables `ledger`, `streams` and `gaps`.
//!
//! Invariants:
//! - Taking in the same batch twice changes nothing.
//! - No event holds up those behind it: one that can't be read, is of the future, or is against a rule stays in the
//!   ledger with the reason, and its desks never see it.
//! - An event speaks only for gates of the edge that sent it; a forged one is kept as evidence and recorded.
//! - Where an event comes from is established from the certificate, never from its own words.

pub mod ledger;

use std::collections::BTreeMap;

use contract::event::Event;
use contract::event::Fact;
use contract::event::OrderDone;
use contract::event::SpoolDamaged;
use contract::ids::GateId;
use contract::time::Timestamp;
use contract::wire::Verbatim;
use serde_json::json;
use tracing::warn;

use crate::audit;
use crate::audit::Actor;
use crate::fleet;
use crate::fleet::cameras;
use crate::fleet::edges;
use crate::fleet::gates;
use crate::fleet::gates::Gate;
use crate::fleet::gates::Told;
use crate::fleet::orders;
use crate::intake::ledger::Entry;
use crate::intake::ledger::EntryState;
use crate::intake::ledger::Kept;
use crate::intake::ledger::Stream;
use crate::parking;
use crate::store::StoreError;
use crate::store::Tx;

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The stream is complete up to here.
    pub through: u64,
    /// Events that are new.
    pub fresh: u64,
    /// Events that were here.
    pub repeats: u64,
    /// Events under a number that another event has: two spools count in one epoch.
    pub conflicts: u64,
    /// Events that were refused.
    pub refused: u64,
    /// Events that could not be read.
    pub unreadable: u64,
}

/// Takes in consecutive events from `first_seq` on. A batch that begins after a gap is not taken: `through` tells.
pub fn take_batch(
    tx: &mut Tx,
    stream: &Stream,
    first_seq: u64,
    events: &[Verbatim],
    received_at: Timestamp,
) -> Result<Taken, StoreError> {
    let through = ledger::through(tx, stream)?;
    let mut taken = Taken {
        through,
        ..Taken::default()
    };
    if first_seq > through.saturating_add(1) {
        return Ok(taken);
    }
    let from = Source {
        stream,
        received_at,
        gates: gates::list_of_edge(tx, stream.organisation, stream.edge)?
            .into_iter()
            .map(|gate| (gate.id, gate))
            .collect(),
    };
    let mut why_refused = None;
    for (seq, verbatim) in (first_seq..).zip(events) {
        match from.take(tx, seq, verbatim)? {
            Effect::Repeat => taken.repeats += 1,
            Effect::Conflict => taken.conflicts += 1,
            Effect::Fresh => taken.fresh += 1,
            Effect::Unreadable => {
                taken.fresh += 1;
                taken.unreadable += 1;
            }
            Effect::Refused(why) => {
                taken.fresh += 1;
                taken.refused += 1;
                why_refused.get_or_insert((seq, why));
            }
        }
        taken.through = taken.through.max(seq);
    }
    ledger::advance(
        tx,
        stream,
        taken.through,
        taken.fresh,
        taken.unreadable,
        taken.refused,
    )?;
    if taken.fresh > 0 {
        ledger::close_gaps(tx, stream, taken.through, received_at)?;
        let next = taken.through.saturating_add(1);
        edges::heard(tx, stream.organisation, stream.edge, next, received_at)?;
    }
    from.record(tx, &taken, why_refused)?;
    Ok(taken)
}

/// What one event did.
enum Effect {
    Fresh,
    Repeat,
    Conflict,
    Unreadable,
    Refused(String),
}

/// Where a batch comes from.
struct Source<'a> {
    stream: &'a Stream,
    received_at: Timestamp,
    gates: BTreeMap<GateId, Gate>,
}

/// Why a fact has no effect.
enum Refusal {
    /// Kept, and recorded with this reason.
    Because(String),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Source<'_> {
    fn take(&self, tx: &mut Tx, seq: u64, verbatim: &Verbatim) -> Result<Effect, StoreError> {
        // An event that says another number than its place is not believed in anything else either.
        let event = verbatim.event.as_ref().filter(|event| event.seq == seq);
        let entry = Entry {
            seq,
            at: event.map_or(self.received_at, |event| event.at.wall),
            received_at: self.received_at,
            kind: event.map_or(0, |event| event.kind),
            gate: event.and_then(|event| event.gate),
            raw: &verbatim.raw,
        };
        match ledger::keep(tx, self.stream, &entry)? {
            Kept::Repeat => return Ok(Effect::Repeat),
            Kept::Conflict => return Ok(Effect::Conflict),
            Kept::Fresh => {}
        }
        let Some(event) = event else {
            let why = "the bytes are not an event of this number";
            ledger::mark(tx, self.stream, seq, EntryState::Unreadable, why)?;
            return Ok(Effect::Unreadable);
        };
        match event.fact() {
            Ok(Some(fact)) => self.tell(tx, event, &fact),
            Ok(None) => {
                ledger::mark(
                    tx,
                    self.stream,
                    seq,
                    EntryState::Unknown,
                    "a kind of the future",
                )?;
                Ok(Effect::Fresh)
            }
            Err(why) => {
                let why = format!("reading the body: {why}");
                ledger::mark(tx, self.stream, seq, EntryState::Unreadable, &why)?;
                Ok(Effect::Unreadable)
            }
        }
    }

    /// Tells the desks. What a desk did before it failed is undone; the event stays.
    fn tell(&self, tx: &mut Tx, event: &Event, fact: &Fact) -> Result<Effect, StoreError> {
        tx.execute("SAVEPOINT one_event", &[])?;
        let why = match self.dispatch(tx, event, fact) {
            Ok(()) => {
                tx.execute("RELEASE SAVEPOINT one_event", &[])?;
                return Ok(Effect::Fresh);
            }
            Err(Refusal::Because(why)) => why,
            // These say nothing about the event: the whole batch is tried again.
            Err(Refusal::Store(
                error @ (StoreError::Busy
                | StoreError::Closed
                | StoreError::Panicked
                | StoreError::Disk(_)),
            )) => return Err(error),
            Err(Refusal::Store(error)) => {
                warn!(
                    edge.id = %self.stream.edge, event.seq = event.seq,
                    "a desk refused an event: {error}"
                );
                format!("{}: {error}", fact.kind_name())
            }
        };
        tx.execute("ROLLBACK TO SAVEPOINT one_event", &[])?;
        tx.execute("RELEASE SAVEPOINT one_event", &[])?;
        ledger::mark(tx, self.stream, event.seq, EntryState::Refused, &why)?;
        Ok(Effect::Refused(why))
    }

    fn dispatch(&self, tx: &mut Tx, event: &Event, fact: &Fact) -> Result<(), Refusal> {
        let (organisation, edge) = (self.stream.organisation, self.stream.edge);
        let told = Told {
            epoch: self.stream.epoch,
            seq: event.seq,
            at: event.at.wall,
        };
        match fact {
            Fact::Judged(judged) => {
                parking::arrivals::judged(tx, &self.context(event)?, judged)?;
            }
            Fact::BarrierMoved(moved) => {
                parking::passages::barrier_moved(tx, &self.context(event)?, moved)?;
            }
            Fact::PassageEnded(ended) => {
                parking::passages::ended(tx, &self.context(event)?, ended)?;
            }
            Fact::InputChanged(changed) => {
                let gate = self.gate(event)?.id;
                gates::input_changed(tx, organisation, gate, told, changed)?;
                let news = json!({
                    "gate": gate, "name": changed.input, "active": changed.active,
                    "at": told.at.to_string(),
                });
                fleet::news::of_gate(tx, organisation, gate, "input", &news)?;
            }
            Fact::CameraChanged(changed) => {
                let gate = self.gate(event)?.id;
                gates::camera_changed(tx, organisation, gate, told, changed)?;
                let news = json!({
                    "gate": gate, "name": changed.camera, "state": changed.state,
                    "why": changed.why, "at": told.at.to_string(),
                });
                fleet::news::of_gate(tx, organisation, gate, "camera", &news)?;
            }
            Fact::OrderDone(done) => self.order_done(tx, told, done)?,
            Fact::ModelChanged(changed) => {
                edges::model_changed(tx, organisation, edge, told, changed)?;
                self.edge_news(tx)?;
            }
            Fact::Started(started) => {
                edges::started(tx, organisation, edge, &started.version)?;
                self.edge_news(tx)?;
            }
            Fact::BookTaken(book) => {
                edges::book_taken(tx, organisation, edge, book.version)?;
                self.edge_news(tx)?;
            }
            Fact::SpoolDamaged(damaged) => self.spool_damaged(tx, damaged)?,
            Fact::CameraSet(set) => {
                let gate = self.gate(event)?.id;
                cameras::answered(tx, organisation, gate, told, set)?;
                let news = json!({
                    "gate": gate, "name": set.camera, "revision": set.revision,
                    "refused": set.refused, "at": told.at.to_string(),
                });
                fleet::news::of_gate(tx, organisation, gate, "camera_settings", &news)?;
            }
            Fact::HeatChanged(heat) => {
                edges::heat_changed(tx, organisation, edge, told, heat)?;
                self.edge_news(tx)?;
            }
        }
        Ok(())
    }

    /// The gate of an event, if it is one of this edge's.
    fn gate(&self, event: &Event) -> Result<&Gate, Refusal> {
        let id = event
            .gate
            .ok_or_else(|| Refusal::Because("it names no gate".to_owned()))?;
        self.gates
            .get(&id)
            .ok_or_else(|| Refusal::Because(format!("gate {id} is not run by this edge")))
    }

    fn context<'e>(&self, event: &'e Event) -> Result<parking::Context<'e>, Refusal> {
        let gate = self.gate(event)?;
        Ok(parking::Context {
            organisation: self.stream.organisation,
            site: gate.site,
            gate: gate.id,
            edge: self.stream.edge,
            epoch: self.stream.epoch,
            seq: event.seq,
            at: &event.at,
            received_at: self.received_at,
        })
    }

    fn order_done(&self, tx: &mut Tx, told: Told, done: &OrderDone) -> Result<(), Refusal> {
        let organisation = self.stream.organisation;
        let changed = orders::finish(
            tx,
            organisation,
            self.stream.edge,
            done.order,
            done.result,
            told.at,
        )?;
        let order = orders::find_order(tx, organisation, done.order, self.received_at)?
            .filter(|order| order.edge == self.stream.edge)
            .ok_or_else(|| Refusal::Because("no order of that name was given to it".to_owned()))?;
        if changed {
            let news = json!({
                "id": order.id, "gate": order.gate, "state": order.state.name(),
                "done_at": told.at.to_string(),
            });
            fleet::news::of_gate(tx, organisation, order.gate, "order", &news)?;
        }
        Ok(())
    }

    /// What a damaged spool lost is a gap in the epoch that it belonged to.
    fn spool_damaged(&self, tx: &mut Tx, damaged: &SpoolDamaged) -> Result<(), Refusal> {
        if let (Some(epoch), Some((first, last))) = (damaged.epoch, damaged.lost) {
            let lost = Stream {
                epoch,
                ..*self.stream
            };
            let first = first.max(ledger::through(tx, &lost)?.saturating_add(1));
            if first <= last {
                let after = last.saturating_add(1);
                ledger::record_gap(tx, &lost, first, after, true, self.received_at)?;
            }
        }
        self.audit(
            tx,
            "spool.damaged",
            "A damaged event store was put aside at the edge",
            json!({ "epoch": damaged.epoch, "lost": damaged.lost, "why": damaged.why }),
        )?;
        self.edge_news(tx)?;
        Ok(())
    }

    /// Leaves one line a batch about what was refused or contradictory: a hostile edge can't flood the trail.
    fn record(
        &self,
        tx: &mut Tx,
        taken: &Taken,
        refused: Option<(u64, String)>,
    ) -> Result<(), StoreError> {
        if let Some((seq, why)) = refused {
            self.audit(
                tx,
                "event.refused",
                "Events of an edge were refused",
                json!({ "epoch": self.stream.epoch, "first": seq, "count": taken.refused, "why": why }),
            )?;
        }
        if taken.conflicts > 0 {
            self.audit(
                tx,
                "event.conflict",
                "An edge sent other events under numbers that were taken: its storage was copied or restored",
                json!({ "epoch": self.stream.epoch, "count": taken.conflicts }),
            )?;
        }
        Ok(())
    }

    fn audit(
        &self,
        tx: &mut Tx,
        action: &'static str,
        summary: &str,
        details: serde_json::Value,
    ) -> Result<(), StoreError> {
        audit::record(
            tx,
            &audit::Entry {
                organisation: self.stream.organisation,
                at: self.received_at,
                actor: Actor::Edge(self.stream.edge),
                action,
                object_kind: "edge",
                object_id: self.stream.edge.to_string(),
                summary: summary.to_owned(),
                details,
                address: String::new(),
            },
        )
    }

    fn edge_news(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let news = json!({ "id": self.stream.edge });
        fleet::news::of_edge(tx, self.stream.organisation, self.stream.edge, &news)
    }
}

#[cfg(test)]
mod tests;
