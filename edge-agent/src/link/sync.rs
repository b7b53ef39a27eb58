//! The edge's end of the replication as a pure machine: what to send next, what the hub has for good, when to
//! start over. The shell in `mod.rs` reads the spool and the wire for it; a simulator drives it in the tests.

use std::collections::VecDeque;
use std::time::Duration;

use contract::event::Epoch;
use contract::wire::Ack;
use contract::wire::Gap;
use contract::wire::Generation;
use contract::wire::Welcome;

/// How much may be on its way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Batches sent and not yet acknowledged.
    pub batches: usize,
    /// The longest wait for an acknowledgement before the connection is given up.
    pub stall: Duration,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            batches: 4,
            stall: Duration::from_secs(30),
        }
    }
}

/// What the spool holds when the machine starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which life of the numbering.
    pub epoch: Epoch,
    /// The oldest event that the spool still has.
    pub first_seq: u64,
    /// The number that the next event will get.
    pub next_seq: u64,
    /// The life of the hub's database that acknowledged last.
    pub generation: Generation,
    /// Up to where it acknowledged.
    pub acked: u64,
}

/// What happens to the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A hub welcomed this edge.
    Connected {
        /// What it has.
        welcome: Welcome,
        /// Whether its newest event is the one that the spool holds under that number, as far as both still have it.
        agrees: bool,
    },
    /// The spool changed: an event was appended, or old ones were forgotten.
    Spool {
        /// The oldest event that the spool still has.
        first_seq: u64,
        /// The number that the next event will get.
        next_seq: u64,
    },
    /// The batch asked for by [`Output::Send`] is on the wire.
    Sent {
        /// Its first event: the number asked for.
        from: u64,
        /// Its last event.
        last: u64,
    },
    /// The spool has no event of the number asked for by [`Output::Send`].
    Missing,
    /// The hub has events for good.
    Ack(Ack),
    /// The hub misses events.
    Gap(Gap),
    /// The connection is gone.
    Disconnected,
    /// Time passed.
    Tick,
}

/// Why the connection should be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The hub wants events that the spool no longer has: the next hello says so, and the hub records the gap.
    HistoryGone,
    /// Batches are on their way and nothing was acknowledged for too long.
    Stalled,
    /// The hub acknowledged or asked for what was never sent.
    Impossible,
}

/// What the shell shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Read a batch from here and send it; answer with [`Input::Sent`] or [`Input::Missing`].
    Send {
        /// The first event wanted.
        from: u64,
    },
    /// Remember on disk what the hub has for good.
    RecordAck {
        /// By which life of the hub's database.
        generation: Generation,
        /// Up to here, inclusive.
        through: u64,
    },
    /// The hub has numbers that this spool never gave, or another event under its newest one (a copied or restored
    /// spool): begin a new epoch, then reconnect.
    BeginEpoch,
    /// Give the connection up and make a new one.
    Reconnect(Why),
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Sync {
    held: Held,
    window: Window,
    line: Option<Line>,
}

/// One connection.
#[derive(Clone, Debug)]
struct Line {
    generation: Generation,
    through: u64,
    sent: u64,
    reading: Option<u64>,
    in_flight: VecDeque<u64>,
    heard: Duration,
}

impl Sync {
    /// A machine over what the spool holds, without a connection.
    pub fn new(held: Held, window: Window) -> Self {
        Self {
            held,
            window,
            line: None,
        }
    }

    /// What the hello must say.
    pub fn held(&self) -> Held {
        self.held
    }

    /// Whether batches are on their way.
    pub fn is_waiting(&self) -> bool {
        self.line.as_ref().is_some_and(|l| !l.in_flight.is_empty())
    }

    /// Takes one input; `now` is monotonic.
    pub fn step(&mut self, input: Input, now: Duration) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Connected { welcome, agrees } => {
                self.connected(&welcome, agrees, now, &mut out);
            }
            Input::Spool {
                first_seq,
                next_seq,
            } => {
                self.held.first_seq = self.held.first_seq.max(first_seq);
                self.held.next_seq = self.held.next_seq.max(next_seq);
            }
            Input::Sent { from, last } => self.sent(from, last, now),
            Input::Missing => {
                if self.line.take().is_some() {
                    out.push(Output::Reconnect(Why::HistoryGone));
                }
            }
            Input::Ack(ack) => self.ack(&ack, now, &mut out),
            Input::Gap(gap) => self.gap(&gap, now, &mut out),
            Input::Disconnected => self.line = None,
            Input::Tick => self.tick(now, &mut out),
        }
        self.pump(&mut out);
        out
    }

    fn connected(&mut self, welcome: &Welcome, agrees: bool, now: Duration, out: &mut Vec<Output>) {
        self.line = None;
        if welcome.through >= self.held.next_seq || !agrees {
            out.push(Output::BeginEpoch);
            return;
        }
        // The hub's word is the truth, also when it is less than it once acknowledged: a restored hub is refilled.
        self.line = Some(Line {
            generation: welcome.generation,
            through: welcome.through,
            sent: welcome.through,
            reading: None,
            in_flight: VecDeque::new(),
            heard: now,
        });
        self.record(welcome.generation, welcome.through, out);
    }

    fn sent(&mut self, from: u64, last: u64, now: Duration) {
        let Some(line) = &mut self.line else { return };
        line.reading = None;
        // A gap named meanwhile moved the place: this batch does not count.
        if from == line.sent + 1 && last >= from {
            if line.in_flight.is_empty() {
                line.heard = now;
            }
            line.sent = last;
            line.in_flight.push_back(last);
        }
    }

    fn ack(&mut self, ack: &Ack, now: Duration, out: &mut Vec<Output>) {
        let Some(line) = &mut self.line else { return };
        if ack.generation != line.generation || ack.epoch != self.held.epoch {
            return;
        }
        if ack.through >= self.held.next_seq {
            self.line = None;
            out.push(Output::Reconnect(Why::Impossible));
            return;
        }
        line.heard = now;
        if ack.through <= line.through {
            return;
        }
        line.through = ack.through;
        // An older connection's batch may have been committed after the welcome.
        line.sent = line.sent.max(ack.through);
        while line.in_flight.front().is_some_and(|l| *l <= ack.through) {
            line.in_flight.pop_front();
        }
        self.record(ack.generation, ack.through, out);
    }

    fn gap(&mut self, gap: &Gap, now: Duration, out: &mut Vec<Output>) {
        let Some(line) = &mut self.line else { return };
        if gap.epoch != self.held.epoch {
            return;
        }
        line.heard = now;
        if gap.expected == 0 || gap.expected > line.sent + 1 {
            self.line = None;
            out.push(Output::Reconnect(Why::Impossible));
            return;
        }
        line.sent = gap.expected - 1;
        line.in_flight.clear();
    }

    fn tick(&mut self, now: Duration, out: &mut Vec<Output>) {
        let stalled = self.line.as_ref().is_some_and(|line| {
            !line.in_flight.is_empty() && now.saturating_sub(line.heard) > self.window.stall
        });
        if stalled {
            self.line = None;
            out.push(Output::Reconnect(Why::Stalled));
        }
    }

    fn record(&mut self, generation: Generation, through: u64, out: &mut Vec<Output>) {
        if (self.held.generation, self.held.acked) != (generation, through) {
            self.held.generation = generation;
            self.held.acked = through;
            out.push(Output::RecordAck {
                generation,
                through,
            });
        }
    }

    fn pump(&mut self, out: &mut Vec<Output>) {
        let Some(line) = &mut self.line else { return };
        let from = line.sent + 1;
        if line.reading.is_some()
            || line.in_flight.len() >= self.window.batches
            || from >= self.held.next_seq
        {
            return;
        }
        if from < self.held.first_seq {
            self.line = None;
            out.push(Output::Reconnect(Why::HistoryGone));
            return;
        }
        line.reading = Some(from);
        out.push(Output::Send { from });
    }
}

#[cfg(test)]
mod tests {
    use contract::time::Timestamp;

    use super::*;

    fn machine(first_seq: u64, next_seq: u64) -> Sync {
        let held = Held {
            epoch: 7,
            first_seq,
            next_seq,
            generation: 0,
            acked: 0,
        };
        Sync::new(held, Window::default())
    }

    fn welcome(generation: u64, through: u64) -> Input {
        Input::Connected {
            welcome: Welcome {
                generation,
                through,
                time: Timestamp::from_millis(0),
                term: 1,
                newest_sha256: None,
            },
            agrees: true,
        }
    }

    fn ack(generation: u64, through: u64) -> Input {
        Input::Ack(Ack {
            generation,
            epoch: 7,
            through,
        })
    }

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn it_resumes_behind_what_the_hub_has() {
        let mut sync = machine(1, 11);
        assert_eq!(
            sync.step(welcome(3, 4), NOW),
            vec![
                Output::RecordAck {
                    generation: 3,
                    through: 4
                },
                Output::Send { from: 5 }
            ]
        );
        assert_eq!(sync.step(Input::Sent { from: 5, last: 10 }, NOW), vec![]);
        assert_eq!(
            sync.step(ack(3, 10), NOW),
            vec![Output::RecordAck {
                generation: 3,
                through: 10
            }]
        );
    }

    #[test]
    fn the_window_bounds_what_is_on_its_way() {
        let mut sync = machine(1, 100);
        assert_eq!(sync.step(welcome(3, 0), NOW).len(), 2);
        for n in 1..4 {
            assert_eq!(
                sync.step(Input::Sent { from: n, last: n }, NOW),
                vec![Output::Send { from: n + 1 }]
            );
        }
        assert_eq!(sync.step(Input::Sent { from: 4, last: 4 }, NOW), vec![]);
        assert_eq!(
            sync.step(ack(3, 2), NOW),
            vec![
                Output::RecordAck {
                    generation: 3,
                    through: 2
                },
                Output::Send { from: 5 }
            ]
        );
    }

    #[test]
    fn a_restored_hub_is_refilled_from_what_it_still_has() {
        let mut sync = machine(1, 11);
        sync.step(welcome(3, 10), NOW);
        assert_eq!(
            sync.step(welcome(4, 2), NOW),
            vec![
                Output::RecordAck {
                    generation: 4,
                    through: 2
                },
                Output::Send { from: 3 }
            ]
        );
    }

    #[test]
    fn an_ack_of_another_generation_or_epoch_changes_nothing() {
        let mut sync = machine(1, 11);
        sync.step(welcome(3, 0), NOW);
        sync.step(Input::Sent { from: 1, last: 10 }, NOW);
        assert_eq!(sync.step(ack(2, 10), NOW), vec![]);
        let other = Input::Ack(Ack {
            generation: 3,
            epoch: 6,
            through: 10,
        });
        assert_eq!(sync.step(other, NOW), vec![]);
        assert!(sync.is_waiting());
    }

    #[test]
    fn a_gap_is_filled_from_where_the_hub_expects() {
        let mut sync = machine(1, 11);
        sync.step(welcome(3, 0), NOW);
        sync.step(Input::Sent { from: 1, last: 10 }, NOW);
        let gap = Input::Gap(Gap {
            epoch: 7,
            expected: 4,
            got: 6,
        });
        assert_eq!(sync.step(gap, NOW), vec![Output::Send { from: 4 }]);
    }

    #[test]
    fn history_that_is_gone_is_said_by_a_new_hello() {
        let mut sync = machine(50, 60);
        assert_eq!(
            sync.step(welcome(3, 10), NOW).last(),
            Some(&Output::Reconnect(Why::HistoryGone))
        );
        assert_eq!(sync.held().first_seq, 50);
    }

    #[test]
    fn a_hub_that_knows_more_than_this_spool_gave_makes_a_new_epoch() {
        let mut sync = machine(1, 11);
        assert_eq!(sync.step(welcome(3, 11), NOW), vec![Output::BeginEpoch]);
    }

    #[test]
    fn a_hub_whose_newest_event_is_another_one_makes_a_new_epoch() {
        let mut sync = machine(1, 11);
        let Input::Connected { welcome, .. } = welcome(3, 5) else {
            panic!("a welcome is one");
        };
        let differs = Input::Connected {
            welcome,
            agrees: false,
        };
        assert_eq!(sync.step(differs, NOW), vec![Output::BeginEpoch]);
    }

    #[test]
    fn a_silent_hub_is_given_up() {
        let mut sync = machine(1, 11);
        sync.step(welcome(3, 0), NOW);
        sync.step(Input::Sent { from: 1, last: 10 }, NOW);
        assert_eq!(sync.step(Input::Tick, Duration::from_secs(30)), vec![]);
        assert_eq!(
            sync.step(Input::Tick, Duration::from_secs(31)),
            vec![Output::Reconnect(Why::Stalled)]
        );
    }

    #[test]
    fn an_ack_of_what_was_never_given_is_not_believed() {
        let mut sync = machine(1, 11);
        sync.step(welcome(3, 0), NOW);
        assert_eq!(
            sync.step(ack(3, 11), NOW),
            vec![Output::Reconnect(Why::Impossible)]
        );
        assert_eq!(sync.held().acked, 0);
    }
}
