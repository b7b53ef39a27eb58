//! Pictures that have come and are not decoded yet: the newest wins, and the oldest are given up first. Pure.

use std::collections::VecDeque;

use crate::camera::rtsp::units::Unit;

/// So many pictures wait at most; more, and the machine is too slow for the stream.
const MOST_WAITING: usize = 25;
/// So many bytes of them wait at most.
const MOST_BYTES: usize = 8 << 20;

/// What waits for the decoder, and what was given up.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: VecDeque<Unit>,
    bytes: usize,
    /// Pictures that were given up because the decoder is too slow for the stream.
    given_up: u64,
}

/// Whether the stream goes on without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// It does.
    Enough,
    /// Pictures were given up: the next ones build on them, so only a key frame is of use.
    Overrun,
}

impl Backlog {
    /// Adds the newest picture. A key frame makes those before it worthless.
    pub(super) fn push(&mut self, unit: Unit) -> Room {
        if unit.is_key {
            self.clear();
        }
        self.bytes += unit.slices.len();
        self.waiting.push_back(unit);
        if self.waiting.len() <= MOST_WAITING && self.bytes <= MOST_BYTES {
            return Room::Enough;
        }
        self.given_up += self.waiting.len() as u64;
        self.clear();
        Room::Overrun
    }

    /// The next picture to decode, and whether it is the newest. What nothing builds on is passed over if something
    /// newer waits.
    pub(super) fn take(&mut self) -> Option<(Unit, bool)> {
        loop {
            let unit = self.waiting.pop_front()?;
            self.bytes -= unit.slices.len();
            let is_newest = self.waiting.is_empty();
            if is_newest || unit.is_reference {
                return Some((unit, is_newest));
            }
        }
    }

    /// Forgets everything that waits.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many pictures were given up because the decoder is too slow.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(bytes: usize, is_key: bool, is_reference: bool) -> Unit {
        Unit {
            sets: Vec::new(),
            slices: vec![1; bytes],
            is_key,
            is_reference,
        }
    }

    fn taken(backlog: &mut Backlog) -> Vec<(usize, bool)> {
        std::iter::from_fn(|| backlog.take())
            .map(|(unit, newest)| (unit.slices.len(), newest))
            .collect()
    }

    #[test]
    fn all_that_the_newest_builds_on_is_decoded_in_order_and_the_rest_is_passed_over() {
        let mut backlog = Backlog::default();
        backlog.push(unit(1, true, true));
        backlog.push(unit(2, false, true));
        backlog.push(unit(3, false, false));
        backlog.push(unit(4, false, true));
        backlog.push(unit(5, false, false));
        assert_eq!(
            taken(&mut backlog),
            [(1, false), (2, false), (4, false), (5, true)]
        );
        assert!(backlog.is_empty());
    }

    #[test]
    fn a_key_frame_takes_the_place_of_everything_before_it() {
        let mut backlog = Backlog::default();
        for _ in 0..10 {
            backlog.push(unit(1, false, true));
        }
        assert_eq!(backlog.push(unit(9, true, true)), Room::Enough);
        assert_eq!(taken(&mut backlog), [(9, true)]);
        assert_eq!(backlog.given_up(), 0);
    }

    #[test]
    fn too_many_pictures_or_bytes_give_up_everything_until_the_next_key_frame() {
        let mut backlog = Backlog::default();
        let overrun = (0..=MOST_WAITING)
            .map(|_| backlog.push(unit(1, false, true)))
            .collect::<Vec<_>>();
        assert_eq!(overrun.last(), Some(&Room::Overrun));
        assert!(backlog.is_empty());
        assert_eq!(backlog.given_up(), MOST_WAITING as u64 + 1);
        backlog.push(unit(MOST_BYTES, true, true));
        assert_eq!(backlog.push(unit(1, false, true)), Room::Overrun);
    }

    proptest! {
        #[test]
        fn what_waits_is_bounded_and_the_newest_comes_last(
            units in prop::collection::vec((0usize..3 << 20, any::<bool>(), any::<bool>()), 0..60),
        ) {
            let mut backlog = Backlog::default();
            for (bytes, is_key, is_reference) in units {
                backlog.push(unit(bytes, is_key, is_reference));
                prop_assert!(backlog.waiting.len() <= MOST_WAITING);
                prop_assert!(backlog.waiting.iter().map(|unit| unit.slices.len()).sum::<usize>() <= MOST_BYTES);
            }
            let taken = taken(&mut backlog);
            let newest = taken.iter().filter(|(_, newest)| *newest).count();
            prop_assert_eq!(newest, usize::from(!taken.is_empty()));
            prop_assert!(backlog.bytes == 0);
        }
    }
}
