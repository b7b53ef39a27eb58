//! The simulated world: disks, memories and wires of one edge and one hub, driven by one random sequence.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use contract::time::Timestamp;
use contract::wire::Ack;
use contract::wire::Gap;
use contract::wire::Welcome;
use edge_agent::link::sync;
use edge_agent::link::sync::Held;
use edge_agent::link::sync::Sync;
use edge_agent::link::sync::Window;
use hub_server::link::session;
use hub_server::link::session::Session;
use minicbor::bytes::ByteArray;

/// What kind of bad luck a world has, beside broken connections and crashes, which all have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing else.
    Crashes,
    /// The hub's disk is set back to an older state.
    Restores,
    /// The edge forgets what was never acknowledged.
    FullSpool,
    /// The edge's disk is set back to an older state.
    SpoolSetBack,
}

/// SplitMix64: one number in, the same sequence out, on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What an edge sends.
#[derive(Clone, Debug)]
enum Up {
    Hello {
        epoch: u64,
        first_seq: u64,
        next_seq: u64,
    },
    Batch {
        epoch: u64,
        first_seq: u64,
        events: Vec<u64>,
    },
}

/// What a hub sends.
#[derive(Clone, Debug)]
enum Down {
    Welcome(Welcome),
    Ack(Ack),
    Gap(Gap),
}

/// One connection: two queues in order, as a reliable stream has them.
#[derive(Default)]
struct Wire {
    up: VecDeque<Up>,
    down: VecDeque<Down>,
    /// The hub's memory of this connection.
    session: Option<Session>,
}

/// One (edge, epoch) on the hub's disk.
#[derive(Clone, Default)]
struct Stream {
    through: u64,
    rows: BTreeMap<u64, u64>,
    lost: Vec<(u64, u64)>,
}

#[derive(Clone)]
struct HubDisk {
    generation: u64,
    streams: BTreeMap<u64, Stream>,
}

#[derive(Clone)]
struct EdgeDisk {
    epoch: u64,
    first_seq: u64,
    next_seq: u64,
    events: BTreeMap<u64, u64>,
    acked: u64,
    generation: u64,
}

enum EdgeLine {
    Greeting(u64),
    Open(u64, Sync),
}

/// Everything.
pub struct World {
    plan: Plan,
    dice: Dice,
    now: Duration,
    hub: HubDisk,
    backups: Vec<HubDisk>,
    edge: EdgeDisk,
    copies: Vec<EdgeDisk>,
    line: Option<EdgeLine>,
    wires: BTreeMap<u64, Wire>,
    next_wire: u64,
    next_generation: u64,
    next_epoch: u64,
    /// Every event that was ever on the edge's disk for good.
    truth: BTreeMap<(u64, u64), u64>,
    /// Those that the edge's disk no longer has.
    forgotten: BTreeMap<(u64, u64), ()>,
    trace: u64,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(seed: u64, plan: Plan) -> Self {
        let hub = HubDisk {
            generation: 1,
            streams: BTreeMap::new(),
        };
        let edge = EdgeDisk {
            epoch: 1,
            first_seq: 1,
            next_seq: 1,
            events: BTreeMap::new(),
            acked: 0,
            generation: 0,
        };
        Self {
            plan,
            dice: Dice(seed),
            now: Duration::ZERO,
            backups: vec![hub.clone()],
            hub,
            copies: vec![edge.clone()],
            edge,
            line: None,
            wires: BTreeMap::new(),
            next_wire: 1,
            next_generation: 2,
            next_epoch: 2,
            truth: BTreeMap::new(),
            forgotten: BTreeMap::new(),
            trace: seed,
        }
    }

    /// Something happens.
    pub fn step(&mut self) {
        self.now += Duration::from_millis(self.dice.below(500));
        match self.dice.below(100) {
            0..25 => self.append(),
            25..35 => self.connect(),
            35..60 => self.deliver_up(true),
            60..85 => self.deliver_down(true),
            85..88 => self.break_line(),
            88..90 => self.kill_edge(),
            90..92 => self.kill_hub(),
            92..94 => self.double(),
            94..96 => self.feed(sync::Input::Tick, true),
            96..98 => self.forget(),
            _ => self.plan_luck(),
        }
    }

    /// No more bad luck: both sides live and the line holds, until the hub has everything.
    pub fn settle(&mut self) {
        for _ in 0..20_000 {
            let through = self
                .hub
                .streams
                .get(&self.edge.epoch)
                .map_or(0, |stream| stream.through);
            let present = self.wire_of_line();
            let quiet = self.wires.iter().all(|(id, wire)| {
                wire.up.is_empty() && (Some(*id) != present || wire.down.is_empty())
            });
            if through + 1 >= self.edge.next_seq && self.line.is_some() && quiet {
                return;
            }
            if self.line.is_none() {
                self.connect();
            }
            self.deliver_up(false);
            self.deliver_down(false);
            self.feed(sync::Input::Tick, false);
        }
        panic!("the hub never got everything");
    }

    /// Universal: every event once and unchanged at the hub, or its number named as missing.
    pub fn verify(&self) {
        for ((epoch, seq), payload) in &self.truth {
            let stream = self.hub.streams.get(epoch);
            let row = stream.and_then(|stream| stream.rows.get(seq));
            let named = stream.is_some_and(|s| s.lost.iter().any(|(a, b)| a <= seq && seq < b));
            match row {
                Some(row) => assert_eq!(row, payload, "event {seq} of epoch {epoch} was changed"),
                None => {
                    assert!(
                        named,
                        "event {seq} of epoch {epoch} is missing and not named"
                    );
                    let gone = self.forgotten.contains_key(&(*epoch, *seq));
                    assert!(
                        gone,
                        "event {seq} of epoch {epoch} was given up and still there"
                    );
                }
            }
        }
        for (epoch, stream) in &self.hub.streams {
            for seq in stream.rows.keys() {
                assert!(
                    self.truth.contains_key(&(*epoch, *seq)),
                    "an event out of nothing"
                );
            }
        }
        if self.plan == Plan::Crashes {
            assert!(self.forgotten.keys().all(|key| {
                self.hub
                    .streams
                    .get(&key.0)
                    .is_some_and(|s| s.rows.contains_key(&key.1))
            }));
        }
    }

    /// A number over all that happened.
    pub fn fingerprint(&self) -> u64 {
        self.trace
    }

    fn note(&mut self, what: u64) {
        self.trace = (self.trace ^ what)
            .wrapping_mul(0x0000_0100_0000_01B3)
            .rotate_left(7);
    }

    fn append(&mut self) {
        for _ in 0..=self.dice.below(6) {
            let seq = self.edge.next_seq;
            let payload = self.dice.next();
            self.edge.events.insert(seq, payload);
            self.edge.next_seq += 1;
            self.truth.insert((self.edge.epoch, seq), payload);
        }
        self.note(self.edge.next_seq);
        self.tell_spool();
    }

    fn tell_spool(&mut self) {
        let input = sync::Input::Spool {
            first_seq: self.edge.first_seq,
            next_seq: self.edge.next_seq,
        };
        self.feed(input, true);
    }

    fn connect(&mut self) {
        if self.line.is_some() {
            return;
        }
        let id = self.next_wire;
        self.next_wire += 1;
        let mut wire = Wire::default();
        wire.up.push_back(Up::Hello {
            epoch: self.edge.epoch,
            first_seq: self.edge.first_seq,
            next_seq: self.edge.next_seq,
        });
        self.wires.insert(id, wire);
        self.line = Some(EdgeLine::Greeting(id));
        self.note(id);
    }

    fn wire_of_line(&self) -> Option<u64> {
        match self.line {
            Some(EdgeLine::Greeting(id) | EdgeLine::Open(id, _)) => Some(id),
            None => None,
        }
    }

    /// The hub hears something: on the present connection, or, late, on one that the edge has left.
    fn deliver_up(&mut self, luck: bool) {
        let ids: Vec<u64> = self
            .wires
            .iter()
            .filter(|(_, wire)| !wire.up.is_empty())
            .map(|(id, _)| *id)
            .collect();
        if ids.is_empty() {
            return;
        }
        let pick = usize::try_from(self.dice.below(ids.len() as u64)).unwrap();
        let id = ids[pick];
        let Some(message) = self.wires.get_mut(&id).and_then(|wire| wire.up.pop_front()) else {
            return;
        };
        self.note(id);
        match message {
            Up::Hello {
                epoch,
                first_seq,
                next_seq,
            } => self.hub_greets(id, epoch, first_seq, next_seq, luck),
            Up::Batch {
                epoch,
                first_seq,
                events,
            } => self.hub_takes(id, epoch, first_seq, &events, luck),
        }
    }

    fn hub_greets(&mut self, id: u64, epoch: u64, first_seq: u64, next_seq: u64, luck: bool) {
        if luck && self.dice.one_in(20) {
            return self.kill_hub();
        }
        let stream = self.hub.streams.entry(epoch).or_default();
        let greeting = session::greet(stream.through, first_seq, next_seq);
        stream.lost.extend(greeting.lost);
        stream.through = stream.through.max(greeting.through);
        let newest = stream.rows.get(&greeting.through).copied();
        self.committed();
        if luck && self.dice.one_in(20) {
            return self.kill_hub();
        }
        let welcome = Welcome {
            generation: self.hub.generation,
            through: greeting.through,
            time: Timestamp::from_millis(0),
            term: 1,
            newest_sha256: newest.map(digest),
        };
        let session = Session::new(self.hub.generation, epoch, greeting.through);
        if let Some(wire) = self.wires.get_mut(&id) {
            wire.session = Some(session);
            wire.down.push_back(Down::Welcome(welcome));
        }
    }

    fn hub_takes(&mut self, id: u64, epoch: u64, first_seq: u64, events: &[u64], luck: bool) {
        let input = session::Input::Batch {
            epoch,
            first_seq,
            count: events.len() as u64,
        };
        let Some(session) = self
            .wires
            .get_mut(&id)
            .and_then(|wire| wire.session.as_mut())
        else {
            return;
        };
        match session.step(input) {
            session::Output::TakeIn => {}
            session::Output::NameGap(gap) => {
                if let Some(wire) = self.wires.get_mut(&id) {
                    wire.down.push_back(Down::Gap(gap));
                }
                return;
            }
            session::Output::Drop => return,
            session::Output::Ack(_) => panic!("an acknowledgement without a commit"),
            session::Output::Refuse => panic!("an honest batch was refused"),
        }
        if luck && self.dice.one_in(15) {
            return self.kill_hub();
        }
        let through = self.commit_batch(epoch, first_seq, events);
        if luck && self.dice.one_in(15) {
            return self.kill_hub();
        }
        let Some(wire) = self.wires.get_mut(&id) else {
            return;
        };
        let committed = session::Input::Committed { through };
        match wire.session.as_mut().map(|session| session.step(committed)) {
            Some(session::Output::Ack(ack)) => {
                let stream = self.hub.streams.get(&epoch);
                assert!(
                    stream.is_some_and(|s| s.through >= ack.through),
                    "acknowledged too much"
                );
                wire.down.push_back(Down::Ack(ack));
            }
            other => panic!("after a commit comes the acknowledgement, not {other:?}"),
        }
    }

    /// What `intake::take_batch` does, on the simulated disk.
    fn commit_batch(&mut self, epoch: u64, first_seq: u64, events: &[u64]) -> u64 {
        let stream = self.hub.streams.entry(epoch).or_default();
        if first_seq > stream.through + 1 {
            return stream.through;
        }
        for (seq, payload) in (first_seq..).zip(events) {
            let row = stream.rows.entry(seq).or_insert(*payload);
            assert_eq!(row, payload, "two events under one number");
            stream.through = stream.through.max(seq);
        }
        for seq in 1..=stream.through {
            let lost = stream.lost.iter().any(|(a, b)| *a <= seq && seq < *b);
            assert!(
                lost || stream.rows.contains_key(&seq),
                "a hole before `through`"
            );
        }
        let through = stream.through;
        self.committed();
        through
    }

    fn committed(&mut self) {
        if self.plan == Plan::Restores && self.dice.one_in(4) {
            self.backups.push(self.hub.clone());
        }
    }

    /// The edge hears something.
    fn deliver_down(&mut self, luck: bool) {
        let Some(id) = self.wire_of_line() else {
            return;
        };
        let message = self
            .wires
            .get_mut(&id)
            .and_then(|wire| wire.down.pop_front());
        let Some(message) = message else { return };
        self.note(id.rotate_left(9));
        match message {
            Down::Welcome(welcome) => {
                let held = Held {
                    epoch: self.edge.epoch,
                    first_seq: self.edge.first_seq,
                    next_seq: self.edge.next_seq,
                    generation: self.edge.generation,
                    acked: self.edge.acked,
                };
                let window = Window {
                    batches: 3,
                    stall: Duration::from_secs(30),
                };
                self.line = Some(EdgeLine::Open(id, Sync::new(held, window)));
                let ours = self.edge.events.get(&welcome.through);
                let agrees = match (ours, &welcome.newest_sha256) {
                    (Some(ours), Some(theirs)) => digest(*ours) == *theirs,
                    _ => true,
                };
                self.feed(sync::Input::Connected { welcome, agrees }, luck);
            }
            Down::Ack(ack) => self.feed(sync::Input::Ack(ack), luck),
            Down::Gap(gap) => self.feed(sync::Input::Gap(gap), luck),
        }
    }

    /// Gives the edge's machine an input and does what it says.
    fn feed(&mut self, input: sync::Input, luck: bool) {
        let Some(EdgeLine::Open(id, sync)) = &mut self.line else {
            return;
        };
        let id = *id;
        let mut todo: VecDeque<sync::Output> = sync.step(input, self.now).into();
        while let Some(output) = todo.pop_front() {
            if luck && self.dice.one_in(40) {
                return self.kill_edge();
            }
            match output {
                sync::Output::Send { from } => {
                    let answer = self.edge_sends(id, from);
                    if luck && self.dice.one_in(40) {
                        return self.kill_edge();
                    }
                    if let Some(EdgeLine::Open(_, sync)) = &mut self.line {
                        todo.extend(sync.step(answer, self.now));
                    }
                }
                sync::Output::RecordAck {
                    generation,
                    through,
                } => {
                    self.edge.generation = generation;
                    self.edge.acked = through;
                }
                sync::Output::BeginEpoch => {
                    assert_eq!(
                        self.plan,
                        Plan::SpoolSetBack,
                        "an honest spool began a new epoch"
                    );
                    self.begin_epoch();
                    return self.break_line();
                }
                sync::Output::Reconnect(why) => {
                    assert_ne!(why, sync::Why::Impossible, "an honest hub was not believed");
                    return self.break_line();
                }
            }
        }
    }

    fn edge_sends(&mut self, id: u64, from: u64) -> sync::Input {
        let most = usize::try_from(1 + self.dice.below(5)).unwrap();
        let events: Vec<(u64, u64)> = self
            .edge
            .events
            .range(from..)
            .take(most)
            .map(|(seq, payload)| (*seq, *payload))
            .collect();
        match (events.first(), events.last()) {
            (Some((first, _)), Some((last, _))) if *first == from => {
                let batch = Up::Batch {
                    epoch: self.edge.epoch,
                    first_seq: from,
                    events: events.iter().map(|(_, payload)| *payload).collect(),
                };
                if let Some(wire) = self.wires.get_mut(&id) {
                    wire.up.push_back(batch);
                }
                sync::Input::Sent { from, last: *last }
            }
            _ => sync::Input::Missing,
        }
    }

    /// The edge leaves its connection. What is on its way to the hub may still arrive, whole or in part.
    fn break_line(&mut self) {
        let Some(id) = self.wire_of_line() else {
            return;
        };
        self.line = None;
        self.note(id.rotate_left(3));
        let keep = self.dice.below(4);
        if let Some(wire) = self.wires.get_mut(&id) {
            wire.down.clear();
            wire.up.truncate(usize::try_from(keep).unwrap());
        }
    }

    fn kill_edge(&mut self) {
        self.note(11);
        self.break_line();
    }

    fn kill_hub(&mut self) {
        self.note(13);
        self.wires.clear();
        self.line = None;
    }

    /// A batch arrives twice.
    fn double(&mut self) {
        let Some(id) = self.wire_of_line() else {
            return;
        };
        if let Some(wire) = self.wires.get_mut(&id)
            && let Some(batch @ Up::Batch { .. }) = wire.up.front().cloned()
        {
            wire.up.push_front(batch);
        }
    }

    /// Retention: acknowledged events leave the spool.
    fn forget(&mut self) {
        let end = self
            .edge
            .acked
            .min(self.edge.first_seq + self.dice.below(10));
        self.forget_before(end + 1);
    }

    fn forget_before(&mut self, first: u64) {
        let first = first.min(self.edge.next_seq);
        while self.edge.first_seq < first {
            let seq = self.edge.first_seq;
            self.edge.events.remove(&seq);
            self.forgotten.insert((self.edge.epoch, seq), ());
            self.edge.first_seq += 1;
        }
        self.tell_spool();
    }

    fn plan_luck(&mut self) {
        match self.plan {
            Plan::Crashes => {}
            Plan::Restores => {
                let pick = usize::try_from(self.dice.below(self.backups.len() as u64)).unwrap();
                self.hub = self.backups[pick].clone();
                self.hub.generation = self.next_generation;
                self.next_generation += 1;
                self.kill_hub();
            }
            Plan::FullSpool => {
                let first = self.edge.first_seq + self.dice.below(8);
                self.forget_before(first);
            }
            Plan::SpoolSetBack => self.set_back(),
        }
    }

    /// The edge's disk becomes a copy of an earlier day; some cars come, and then the edge calls the hub.
    fn set_back(&mut self) {
        self.copies.push(self.edge.clone());
        let pick = usize::try_from(self.dice.below(self.copies.len() as u64)).unwrap();
        let copy = self.copies[pick].clone();
        if copy.epoch != self.edge.epoch {
            return;
        }
        let stream = self.hub.streams.entry(copy.epoch).or_default();
        let stored = stream.through;
        let differs = match (stream.rows.get(&stored), copy.events.get(&stored)) {
            (Some(theirs), Some(ours)) => theirs != ours,
            _ => false,
        };
        let is_forked = stored >= copy.next_seq || differs;
        // What only the lost disk had is gone for good, and nobody can know of it; what the copy has counts again.
        for seq in stored + 1..self.edge.next_seq {
            self.truth.remove(&(copy.epoch, seq));
        }
        for (seq, payload) in copy.events.range(stored + 1..) {
            self.truth.insert((copy.epoch, *seq), *payload);
        }
        self.wires.clear();
        self.line = None;
        self.edge = copy;
        for _ in 0..self.dice.below(4) {
            self.append();
        }
        let before = self.edge.epoch;
        self.connect();
        self.deliver_up(false);
        self.deliver_down(false);
        assert_eq!(
            self.edge.epoch != before,
            is_forked,
            "a spool set back in time goes on counting only if the hub has nothing else under its numbers"
        );
    }

    /// What `Spool::begin_epoch` does: what was not acknowledged goes on under new numbers.
    fn begin_epoch(&mut self) {
        let fresh = EdgeDisk {
            epoch: self.next_epoch,
            first_seq: 1,
            next_seq: 1,
            events: BTreeMap::new(),
            acked: 0,
            generation: 0,
        };
        let forked = std::mem::replace(&mut self.edge, fresh);
        self.next_epoch += 1;
        for (seq, payload) in forked.events.range(forked.acked + 1..) {
            // Under the old number stays what the hub has.
            let stream = self.hub.streams.get(&forked.epoch);
            let kept = stream.and_then(|stream| stream.rows.get(seq));
            match kept {
                Some(kept) => self.truth.insert((forked.epoch, *seq), *kept),
                None => self.truth.remove(&(forked.epoch, *seq)),
            };
            let number = self.edge.next_seq;
            self.edge.events.insert(number, *payload);
            self.truth.insert((self.edge.epoch, number), *payload);
            self.edge.next_seq += 1;
        }
    }
}

/// Stands for the hash of an event: payloads are random.
fn digest(payload: u64) -> ByteArray<32> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&payload.to_be_bytes());
    bytes.into()
}
