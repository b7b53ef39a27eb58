//! The hub's end of the replication as a pure machine: what to welcome, take in, acknowledge and name as missing.
//! The shell in `shell.rs` reads the wire and the store for it; a simulator drives it in the tests.

use contract::event::Epoch;
use contract::wire::Ack;
use contract::wire::Gap;
use contract::wire::Generation;

/// How the hub meets an edge, from the edge's hello and what the store has of that epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The hub has everything up to here, or knows that it is lost.
    pub through: u64,
    /// Numbers that neither side has any more: the first missing one and the first after them.
    pub lost: Option<(u64, u64)>,
    /// The edge's numbering ends before what the hub has: a copied or restored spool. It will begin a new epoch.
    pub behind: bool,
}

/// Compares what an edge says it holds with what the hub has of that epoch.
pub fn greet(stored_through: u64, first_seq: u64, next_seq: u64) -> Greeting {
    let behind = stored_through >= next_seq;
    let gone = first_seq > stored_through.saturating_add(1) && first_seq <= next_seq && !behind;
    Greeting {
        through: if gone { first_seq - 1 } else { stored_through },
        lost: gone.then_some((stored_through + 1, first_seq)),
        behind,
    }
}

/// What happens to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A batch arrived whole.
    Batch {
        /// Which life of the numbering.
        epoch: Epoch,
        /// The number of its first event.
        first_seq: u64,
        /// How many events.
        count: u64,
    },
    /// The batch to be taken in was committed, on disk for good; the store has everything up to here.
    Committed {
        /// The newest number without a gap before it.
        through: u64,
    },
}

/// What the shell shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Take the batch in, in one transaction; answer with [`Input::Committed`].
    TakeIn,
    /// Tell the edge that everything up to a number is on disk.
    Ack(Ack),
    /// Record that numbers are missing, then tell the edge.
    NameGap(Gap),
    /// Drop the batch: the gap before it was named already, and the edge starts over from there.
    Drop,
    /// Close the connection: this is no batch of this session.
    Refuse,
}

/// The machine, after the welcome.
#[derive(Clone, Debug)]
pub struct Session {
    generation: Generation,
    epoch: Epoch,
    through: u64,
    named: Option<u64>,
}

impl Session {
    /// A session in which the edge was welcomed with `through`.
    pub fn new(generation: Generation, epoch: Epoch, through: u64) -> Self {
        Self {
            generation,
            epoch,
            through,
            named: None,
        }
    }

    /// The newest number that the hub has without a gap before it.
    pub fn through(&self) -> u64 {
        self.through
    }

    /// Takes one input.
    pub fn step(&mut self, input: Input) -> Output {
        match input {
            Input::Batch {
                epoch,
                first_seq,
                count,
            } => self.batch(epoch, first_seq, count),
            Input::Committed { through } => {
                self.through = self.through.max(through);
                self.named = None;
                Output::Ack(Ack {
                    generation: self.generation,
                    epoch: self.epoch,
                    through: self.through,
                })
            }
        }
    }

    fn batch(&mut self, epoch: Epoch, first_seq: u64, count: u64) -> Output {
        if epoch != self.epoch
            || first_seq == 0
            || count == 0
            || first_seq.checked_add(count).is_none()
        {
            return Output::Refuse;
        }
        let expected = self.through + 1;
        if first_seq <= expected {
            // A repeat, too: the store drops what it has, and the edge needs the ack that it lost.
            return Output::TakeIn;
        }
        if self.named == Some(expected) {
            return Output::Drop;
        }
        self.named = Some(expected);
        Output::NameGap(Gap {
            epoch,
            expected,
            got: first_seq,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(first_seq: u64, count: u64) -> Input {
        Input::Batch {
            epoch: 7,
            first_seq,
            count,
        }
    }

    #[test]
    fn it_acknowledges_only_what_was_committed() {
        let mut session = Session::new(3, 7, 4);
        assert_eq!(session.step(batch(5, 10)), Output::TakeIn);
        assert_eq!(session.through(), 4);
        let Output::Ack(ack) = session.step(Input::Committed { through: 14 }) else {
            panic!("no ack");
        };
        assert_eq!((ack.generation, ack.epoch, ack.through), (3, 7, 14));
    }

    #[test]
    fn a_repeat_is_taken_in_again_and_acknowledged_again() {
        let mut session = Session::new(3, 7, 14);
        assert_eq!(session.step(batch(5, 10)), Output::TakeIn);
    }

    #[test]
    fn a_gap_is_named_once_until_something_is_taken_in() {
        let mut session = Session::new(3, 7, 4);
        let gap = Gap {
            epoch: 7,
            expected: 5,
            got: 6,
        };
        assert_eq!(session.step(batch(6, 1)), Output::NameGap(gap));
        assert_eq!(session.step(batch(7, 1)), Output::Drop);
        assert_eq!(session.step(batch(5, 1)), Output::TakeIn);
        session.step(Input::Committed { through: 5 });
        assert!(matches!(session.step(batch(9, 1)), Output::NameGap(_)));
    }

    #[test]
    fn another_epoch_or_an_impossible_batch_is_refused() {
        let mut session = Session::new(3, 7, 4);
        for (epoch, first_seq, count) in [(8, 5, 1), (7, 0, 1), (7, 5, 0), (7, u64::MAX, 2)] {
            let input = Input::Batch {
                epoch,
                first_seq,
                count,
            };
            assert_eq!(session.step(input), Output::Refuse);
        }
    }

    #[test]
    fn what_an_edge_no_longer_has_is_a_gap_for_ever() {
        let greeting = greet(10, 50, 60);
        assert_eq!((greeting.through, greeting.lost), (49, Some((11, 50))));
        assert_eq!(greet(10, 11, 60).lost, None);
        assert_eq!(greet(10, 1, 60).through, 10);
    }

    #[test]
    fn a_numbering_that_ends_before_what_the_hub_has_is_noticed() {
        assert!(greet(10, 1, 10).behind);
        assert!(!greet(10, 1, 11).behind);
    }

    proptest! {
        #[test]
        fn the_welcome_never_skips_what_the_edge_still_has(stored in 0u64..100, first in 1u64..100, more in 0u64..100) {
            let next = first + more;
            let greeting = greet(stored, first, next);
            prop_assert!(greeting.through >= stored);
            prop_assert!(greeting.through == stored || greeting.through < first);
        }

        #[test]
        fn no_input_panics(epoch in 0u64..3, first: u64, count: u64, through in 0u64..1000) {
            let mut session = Session::new(1, 1, through);
            session.step(Input::Batch { epoch, first_seq: first, count });
        }
    }
}
