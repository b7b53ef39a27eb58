//! The one thread that writes the database: it gathers what callers ask for, commits it as a group, and answers.

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::time::Duration;

use contract::event::Epoch;
use contract::event::Event;
use contract::event::EvidenceKind;
use contract::event::Fact;
use contract::event::SpoolDamaged;
use contract::ids::GateId;
use contract::ids::OrderId;
use contract::ids::PassageId;
use contract::time::Moment;
use contract::wire::Generation;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::store::Config;
use crate::store::engine::Engine;
use crate::store::engine::EngineError;
use crate::store::evidence::Shelf;
use crate::store::fork;
use crate::store::mark::Mark;
use crate::store::mark::MarkFile;
use crate::store::numbering;
use crate::store::numbering::Numbers;
use crate::store::record;
use crate::store::spool::SpoolError;
use crate::store::spool::SpoolState;
use crate::store::timekeeper::Timekeeper;

/// The most events held in memory while the disk refuses; the oldest go first, and how many is reported.
const MOST_HELD: usize = 10_000;
/// The most events of one group.
const GROUP: usize = 1024;
/// How often what waits is tried again, and marks are written that nobody waits for.
const TICK: Duration = Duration::from_secs(1);
/// How many ticks lie between two looks for what may be forgotten.
const TICKS_TO_TIDY: u64 = 60;
/// How long orders are remembered.
const KEEP_ORDERS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What callers ask of the committer.
pub(super) enum Command {
    Append {
        facts: Vec<Pending>,
        answer: oneshot::Sender<Result<Vec<u64>, SpoolError>>,
    },
    Acknowledge {
        generation: Generation,
        through: u64,
        answer: oneshot::Sender<()>,
    },
    Order {
        number: u64,
        id: OrderId,
        answer: oneshot::Sender<bool>,
    },
    Directive {
        number: u64,
        answer: oneshot::Sender<()>,
    },
    Delivered {
        passage: PassageId,
        kind: EvidenceKind,
        answer: oneshot::Sender<()>,
    },
    BeginEpoch {
        forked: Epoch,
        answer: oneshot::Sender<Result<(), SpoolError>>,
    },
    /// Look for what may be forgotten at once; tests and the cap ask for it.
    Tidy {
        answer: oneshot::Sender<()>,
    },
    Close {
        answer: oneshot::Sender<()>,
    },
}

/// An event without its number.
pub(super) struct Pending {
    pub at: Moment,
    pub gate: Option<GateId>,
    pub kind: u16,
    pub body: Vec<u8>,
}

impl Pending {
    pub fn new(at: Moment, gate: Option<GateId>, fact: &Fact) -> Self {
        Self {
            at,
            gate,
            kind: fact.kind(),
            body: fact.encode(),
        }
    }

    pub fn numbered(&self, seq: u64) -> Event {
        Event {
            seq,
            at: self.at.clone(),
            gate: self.gate,
            kind: self.kind,
            body: self.body.clone().into(),
        }
    }
}

/// The way to the committer. The channel is unbounded, yet short: every caller waits for its answer, so there is at
/// most one message per caller; a caller that gave up on a dead disk leaves its event behind, and those are bounded by
/// `MOST_HELD` once the disk answers or fails.
#[derive(Clone)]
pub(super) struct Commands(pub Sender<Command>);

impl Commands {
    pub async fn order(&self, number: u64, id: OrderId) -> Result<bool, SpoolError> {
        let (answer, done) = oneshot::channel();
        self.send(Command::Order { number, id, answer })?;
        done.await.map_err(|_| SpoolError::Closed)
    }

    pub async fn directive(&self, number: u64) -> Result<(), SpoolError> {
        let (answer, done) = oneshot::channel();
        self.send(Command::Directive { number, answer })?;
        done.await.map_err(|_| SpoolError::Closed)
    }

    pub async fn tidy(&self) -> Result<(), SpoolError> {
        let (answer, done) = oneshot::channel();
        self.send(Command::Tidy { answer })?;
        done.await.map_err(|_| SpoolError::Closed)
    }

    pub async fn close(&self) {
        let (answer, done) = oneshot::channel();
        if self.send(Command::Close { answer }).is_ok() {
            // An error means that the thread ended already.
            let _ = done.await;
        }
    }

    pub fn send(&self, command: Command) -> Result<(), SpoolError> {
        self.0.send(command).map_err(|_| SpoolError::Closed)
    }
}

/// What readers share with the committer.
pub(super) struct Shared {
    /// The database; none while the disk refuses.
    pub engine: RwLock<Option<Arc<Engine>>>,
    /// A reader met something that sled calls damage: the committer looks into it.
    pub suspect: AtomicBool,
    /// The newest directive taken for good.
    pub directives: Arc<AtomicU64>,
}

impl Shared {
    pub fn engine(&self) -> Option<Arc<Engine>> {
        self.engine
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_engine(&self, engine: Option<Arc<Engine>>) {
        let mut place = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, engine);
        drop(place);
        // sled flushes when it is dropped, and may panic on the damage that made us drop it.
        if catch_unwind(AssertUnwindSafe(|| drop(old))).is_err() {
            warn!("sled panicked while it was closed");
        }
    }
}

/// The committer's own things.
pub(super) struct Committer {
    pub dir: PathBuf,
    pub config: Config,
    pub time: Timekeeper,
    pub shared: Arc<Shared>,
    pub shelf: Shelf,
    pub mark: MarkFile,
    pub numbers: Numbers,
    pub state: watch::Sender<SpoolState>,
    /// Whether `numbers` were read from the database by this process, rather than from the mark, which may be older.
    pub exact: bool,
    /// Events that are not on disk, oldest first.
    pub held: VecDeque<Pending>,
    /// How many held events were dropped.
    pub dropped: u64,
    /// What the disk said.
    pub fault: Option<String>,
    /// How often readers met damage; the second time the database is put aside.
    pub suspicions: u32,
    /// Orders that could not be written down.
    pub orders_in_memory: BTreeSet<OrderId>,
    /// After the database was put aside, directives up to this number are not begun again.
    pub orders_before: u64,
    /// The acknowledgement or the directives changed since the mark was written.
    pub unwritten: bool,
    pub ticks: u64,
}

type Answers = Vec<(usize, oneshot::Sender<Result<Vec<u64>, SpoolError>>)>;

impl Committer {
    /// Runs until it is told to close, or until nobody can tell it anything more.
    pub fn run(mut self, commands: &Receiver<Command>) {
        loop {
            let first = match commands.recv_timeout(TICK) {
                Ok(command) => command,
                Err(RecvTimeoutError::Timeout) => {
                    self.tick();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // What came while the last group was being synced makes the next group: no timer is needed, and a lone
            // event does not wait for company.
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(command) = commands.try_recv()
            {
                group.push(command);
            }
            if let Some(closed) = self.carry_out(group) {
                self.close();
                // The engine is dropped before the answer, so that the folder can be opened again.
                drop(self);
                let _ = closed.send(());
                return;
            }
        }
    }

    fn carry_out(&mut self, group: Vec<Command>) -> Option<oneshot::Sender<()>> {
        let mut facts = Vec::new();
        let mut answers: Answers = Vec::new();
        let mut orders = Vec::new();
        let mut delivered = Vec::new();
        let mut closing = None;
        let mut forks = Vec::new();
        for command in group {
            match command {
                Command::Append {
                    facts: more,
                    answer,
                } => {
                    answers.push((more.len(), answer));
                    facts.extend(more);
                }
                Command::Acknowledge {
                    generation,
                    through,
                    answer,
                } => {
                    self.acknowledge(generation, through);
                    self.publish();
                    let _ = answer.send(());
                }
                Command::Order { number, id, answer } => orders.push((number, id, answer)),
                Command::Directive { number, answer } => {
                    self.shared.directives.fetch_max(number, Ordering::SeqCst);
                    self.write_mark(true, false);
                    let _ = answer.send(());
                }
                Command::Delivered {
                    passage,
                    kind,
                    answer,
                } => {
                    self.shelf.mark_delivered(passage, kind, self.time.wall());
                    delivered.push(answer);
                }
                Command::BeginEpoch { forked, answer } => forks.push((forked, answer)),
                Command::Tidy { answer } => {
                    self.tidy();
                    self.publish();
                    let _ = answer.send(());
                }
                Command::Close { answer } => closing = Some(answer),
            }
        }
        if !facts.is_empty() || !orders.is_empty() || !delivered.is_empty() {
            self.commit(facts, answers, orders);
        }
        for answer in delivered {
            let _ = answer.send(());
        }
        for (forked, answer) in forks {
            let begun = self.begin_epoch(forked);
            self.publish();
            let _ = answer.send(begun.map_err(|why| SpoolError::Epoch(why.to_string())));
        }
        self.publish();
        closing
    }

    /// Puts the forked database aside; what the hub does not have of it goes on in a new one.
    fn begin_epoch(&mut self, forked: Epoch) -> Result<(), EngineError> {
        if self.numbers.epoch != forked {
            return Ok(());
        }
        let engine = self
            .shared
            .engine()
            .ok_or_else(|| EngineError::Disk(self.fault.clone().unwrap_or_default()))?;
        let epoch = numbering::next_epoch(Some(&self.numbers), &self.time);
        fork::fill(&self.dir, &engine, &self.numbers, epoch, &self.time)?;
        drop(engine);
        self.shared.set_engine(None);
        let swapped = fork::exchange(&self.dir, self.time.wall());
        // Whatever the exchange left, the next database is opened; a broken-off exchange is ended by that.
        let known = self.numbers.clone();
        self.open(Some(&known), false);
        let aside = swapped?;
        if self.numbers.epoch == forked {
            return Err(EngineError::Disk("the new database can't be opened".into()));
        }
        error!(
            from = forked, to = self.numbers.epoch, aside = %aside.display(),
            "the hub has other events under this spool's numbers: a new epoch begins"
        );
        let fact = Fact::SpoolDamaged(SpoolDamaged {
            epoch: Some(forked),
            lost: None,
            why: "the spool was copied or set back in time".into(),
        });
        self.held
            .push_front(Pending::new(self.time.now(), None, &fact));
        self.commit(Vec::new(), Vec::new(), Vec::new());
        Ok(())
    }

    /// Commits a group: pictures first, then orders and events, one sync, then the answers.
    fn commit(
        &mut self,
        facts: Vec<Pending>,
        answers: Answers,
        orders: Vec<(u64, OrderId, oneshot::Sender<bool>)>,
    ) {
        let waited = self.held.len();
        self.held.extend(facts);
        let mut fresh = Vec::new();
        let result = self.write(&orders, &mut fresh);
        let first = match result {
            Ok(first) => first,
            Err(why) => {
                self.fail(&why, &orders, &mut fresh);
                None
            }
        };
        // Whoever is answered finds what it asked for when it reads.
        self.publish();
        for ((number, id, answer), fresh) in orders.into_iter().zip(fresh) {
            if fresh {
                info!(order = %id, directive = number, "order {id} begins");
            }
            let _ = answer.send(fresh);
        }
        let mut place = first.map(|first| first + waited as u64);
        for (count, answer) in answers {
            let said = match place.as_mut() {
                Some(next) => {
                    let numbers = (*next..*next + count as u64).collect();
                    *next += count as u64;
                    Ok(numbers)
                }
                None => Err(SpoolError::Held(self.fault.clone().unwrap_or_default())),
            };
            // Nobody listens any more if the caller gave up waiting; the event is safe all the same.
            let _ = answer.send(said);
        }
    }

    /// Writes what is held. Returns the first number given.
    fn write(
        &mut self,
        orders: &[(u64, OrderId, oneshot::Sender<bool>)],
        fresh: &mut Vec<bool>,
    ) -> Result<Option<u64>, EngineError> {
        let engine = self
            .shared
            .engine()
            .ok_or_else(|| EngineError::Disk(self.fault.clone().unwrap_or_default()))?;
        self.make_room(&engine)?;
        let (shelved, written) = self.shelf.settle();
        let mut events = sled::Batch::default();
        let mut numbers = self.numbers.clone();
        let first = numbers.next;
        for pending in &self.held {
            let event = pending.numbered(numbers.next);
            let bytes = record::encode(numbers.total, &event);
            numbers.take(bytes.len() as u64);
            events.insert(&event.seq.to_be_bytes(), bytes);
        }
        let (before, now) = (self.orders_before, self.time.wall());
        let memory = &self.orders_in_memory;
        engine.commit(|engine| {
            engine.pictures.apply_batch(shelved)?;
            for id in memory {
                engine
                    .orders
                    .insert(id.as_bytes(), &now.as_millis().to_be_bytes())?;
            }
            for (number, id, _) in orders {
                let seen = engine
                    .orders
                    .insert(id.as_bytes(), &now.as_millis().to_be_bytes())?;
                fresh.push(seen.is_none() && *number > before);
            }
            engine.events.apply_batch(events)?;
            engine
                .meta
                .insert("acked", numbering::acked_bytes(&numbers))?;
            Ok(())
        })?;
        self.shelf.settled(&written);
        self.numbers = numbers;
        self.held.clear();
        self.orders_in_memory.clear();
        self.fault = None;
        if let Some(newest) = orders.iter().map(|(number, _, _)| *number).max() {
            self.shared.directives.fetch_max(newest, Ordering::SeqCst);
        }
        self.write_mark(!orders.is_empty(), false);
        Ok(Some(first))
    }

    /// The disk refused: events stay in memory, orders are remembered there, and an alarm goes up.
    fn fail(
        &mut self,
        why: &EngineError,
        orders: &[(u64, OrderId, oneshot::Sender<bool>)],
        fresh: &mut Vec<bool>,
    ) {
        fresh.clear();
        for (number, id, _) in orders {
            // The database can't be asked; a directive's number below the newest taken is a repeat, too.
            let taken = self.shared.directives.fetch_max(*number, Ordering::SeqCst);
            fresh.push(self.orders_in_memory.insert(*id) && *number > taken);
        }
        if self.fault.is_none() {
            error!(
                held = self.held.len(),
                "the spool can't write ({why}): events are held in memory, barriers keep moving"
            );
        }
        self.fault = Some(why.to_string());
        // A full queue is no reason to close the database; everything else is: after a failed sync nobody knows what
        // is on disk, and sled refuses to go on.
        if !matches!(why, EngineError::Full) {
            self.shared.set_engine(None);
        }
        while self.held.len() > MOST_HELD {
            self.held.pop_front();
            self.dropped += 1;
        }
    }

    fn tick(&mut self) {
        self.ticks += 1;
        if self.shared.suspect.swap(false, Ordering::SeqCst) {
            self.suspicions += 1;
            warn!(
                times = self.suspicions,
                "reading the spool met damage: opening it again"
            );
            self.shared.set_engine(None);
        }
        if self.shared.engine().is_none() {
            self.reopen();
        }
        if self.shared.engine().is_some() {
            if self.dropped > 0 {
                self.report_dropped();
            }
            let held = self.held.len();
            if held > 0 || self.unwritten || self.shelf.has_unsettled() {
                self.commit(Vec::new(), Vec::new(), Vec::new());
            }
            if self.held.is_empty() && held > 0 {
                info!(
                    events = held,
                    "the spool writes again: what was held is on disk"
                );
            }
        }
        if self.ticks.is_multiple_of(TICKS_TO_TIDY) {
            self.tidy();
        }
        self.publish();
    }

    /// Opens the database for the first time. `known`: what the mark says.
    pub fn start(&mut self, known: Option<&Numbers>) {
        self.open(known, false);
        if let Some(engine) = self.shared.engine() {
            let shelf = self.shelf.clone();
            if let Err(why) = engine.ask(|engine| shelf.load(&engine.pictures)) {
                error!("the list of pictures can't be read: {why}");
            }
        }
        if !self.held.is_empty() || self.shelf.has_unsettled() {
            self.commit(Vec::new(), Vec::new(), Vec::new());
        }
        self.write_mark(true, false);
        self.publish();
    }

    fn reopen(&mut self) {
        let known = self.numbers.clone();
        self.open((known.epoch > 0).then_some(&known), self.suspicions > 1);
    }

    fn open(&mut self, known: Option<&Numbers>, put_aside: bool) {
        let opened = numbering::open(&self.dir, &self.time, known, put_aside).and_then(|opened| {
            // Records beyond what this process committed belong to a group that failed: they are held, and come again.
            if let (true, None, Some(known)) = (self.exact, &opened.report, known)
                && known.epoch == opened.numbers.epoch
            {
                numbering::cut_after(&opened.engine, known.next.saturating_sub(1))?;
                let numbers = Numbers {
                    next: known.next,
                    total: known.total,
                    ..opened.numbers
                };
                return Ok(numbering::Opened { numbers, ..opened });
            }
            Ok(opened)
        });
        match opened {
            Ok(opened) => {
                if let Some(report) = opened.report {
                    self.orders_before = self.shared.directives.load(Ordering::SeqCst);
                    self.shelf.adopt();
                    self.suspicions = 0;
                    let fact = Fact::SpoolDamaged(report);
                    self.held
                        .push_front(Pending::new(self.time.now(), None, &fact));
                }
                self.numbers = opened.numbers;
                self.exact = true;
                self.shared.set_engine(Some(Arc::new(opened.engine)));
                // What is held decides when there is something to hold: the alarm ends when it is written.
                if self.held.is_empty() {
                    self.fault = None;
                }
                self.write_mark(true, false);
            }
            Err(why) => {
                if self.fault.is_none() {
                    error!("the spool can't be opened ({why}): events are held in memory");
                }
                self.fault = Some(why.to_string());
            }
        }
    }

    fn report_dropped(&mut self) {
        let fact = Fact::SpoolDamaged(SpoolDamaged {
            epoch: Some(self.numbers.epoch),
            lost: None,
            why: format!(
                "{} events were dropped from memory while the disk refused",
                self.dropped
            ),
        });
        self.dropped = 0;
        self.held
            .push_front(Pending::new(self.time.now(), None, &fact));
    }

    fn acknowledge(&mut self, generation: Generation, through: u64) {
        let newest = self.numbers.next.saturating_sub(1);
        if through > newest {
            warn!(
                through,
                newest, "the hub acknowledges events that this spool does not have"
            );
        }
        let through = through.min(newest);
        if generation != self.numbers.generation {
            if through < self.numbers.acked {
                info!(
                    generation,
                    from = through + 1,
                    until = self.numbers.acked,
                    "a hub of generation {generation} has fewer events: it is refilled"
                );
            }
            self.numbers.generation = generation;
            self.numbers.acked = through;
            self.unwritten = true;
        } else if through > self.numbers.acked {
            self.numbers.acked = through;
            self.unwritten = true;
        }
    }

    fn write_mark(&mut self, sync: bool, clean: bool) {
        let mark = Mark {
            epoch: self.numbers.epoch,
            last_seq: self.numbers.next.saturating_sub(1),
            acked: self.numbers.acked,
            generation: self.numbers.generation,
            directives: self.shared.directives.load(Ordering::SeqCst),
            clean,
        };
        self.unwritten = false;
        // The mark helps to report a loss exactly; without it the loss is only known less exactly.
        if let Err(error) = self.mark.write(&mark, sync) {
            warn!("the spool's mark can't be written: {error}");
        }
    }

    fn publish(&self) {
        let state = SpoolState {
            epoch: self.numbers.epoch,
            first_seq: self.numbers.first,
            next_seq: self.numbers.next,
            acked: self.numbers.acked,
            generation: self.numbers.generation,
            bytes: self.numbers.bytes(),
            held: self.held.len() as u64,
            fault: self.fault.clone(),
        };
        self.state.send_if_modified(|old| {
            let changed = *old != state;
            *old = state;
            changed
        });
    }

    /// Forgets the oldest acknowledged events if the cap is reached; says so if nothing may be forgotten.
    fn make_room(&mut self, engine: &Engine) -> Result<(), EngineError> {
        let wanted = self.held.len() as u64;
        let over = |numbers: &Numbers| {
            numbers.count() + wanted > self.config.most_events
                || numbers.bytes() > self.config.most_bytes
        };
        while over(&self.numbers) {
            // A little more than needed, so that not every append has to make room.
            let until = (self.numbers.first + wanted.max(64)).min(self.numbers.acked + 1);
            if until <= self.numbers.first {
                return Err(EngineError::Full);
            }
            let numbers = numbering::forget(engine, &self.numbers, until)?;
            if numbers.first == self.numbers.first {
                break;
            }
            self.numbers = numbers;
        }
        Ok(())
    }

    /// Forgets what was acknowledged and is old enough: events, pictures, orders.
    fn tidy(&mut self) {
        let Some(engine) = self.shared.engine() else {
            return;
        };
        let now = self.time.wall();
        let until = numbering::oldest_to_keep(&engine, &self.numbers, now, self.config.keep_events);
        match until.and_then(|until| numbering::forget(&engine, &self.numbers, until)) {
            Ok(numbers) => self.numbers = numbers,
            Err(why) => warn!("old events can't be forgotten: {why}"),
        }
        let gone = self.shelf.expire(now, &self.config);
        let orders = engine.ask(|engine| {
            engine.pictures.apply_batch(gone)?;
            for entry in engine.orders.iter() {
                let (id, at) = entry?;
                let at = at.as_ref().try_into().map_or(0, i64::from_be_bytes);
                let at = contract::time::Timestamp::from_millis(at);
                if now.since(at) > KEEP_ORDERS {
                    engine.orders.remove(id)?;
                }
            }
            Ok(())
        });
        if let Err(why) = orders {
            warn!("old orders and pictures can't be forgotten: {why}");
        }
    }

    fn close(&mut self) {
        if !self.held.is_empty() || self.unwritten || self.shelf.has_unsettled() {
            self.commit(Vec::new(), Vec::new(), Vec::new());
        }
        if !self.held.is_empty() {
            error!(
                events = self.held.len(),
                "events in memory are lost: the disk refused to the end"
            );
        }
        self.write_mark(true, self.held.is_empty() && self.fault.is_none());
        self.publish();
        self.shared.set_engine(None);
    }
}
