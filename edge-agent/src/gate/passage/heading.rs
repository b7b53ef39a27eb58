//! Which way a vehicle moves through the picture: towards the camera or away from it. Pure.

use contract::plate::PlateRead;
use contract::sighting::Heading;
use contract::time::Timestamp;

/// Places remembered from the beginning, and from the end.
const REMEMBERED: usize = 3;
/// A plate that became wider or narrower by this factor says which way; with few frames it takes more.
const GREW: f32 = 1.10;
const GREW_SOON: f32 = 1.15;
/// As does one that moved down or up by this part of its width.
const DRIFTED: f32 = 0.5;
const DRIFTED_SOON: f32 = 0.8;
/// A plate that moved by this part of its width, or changed its width by this factor, has moved.
const MOVED: f32 = 0.5;
const MOVED_GREW: f32 = 1.18;

/// Where a plate is: its centre and width in pixels of the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
}

impl Spot {
    pub(super) fn of(read: &PlateRead) -> Self {
        let [x, y, width, height] = read.bounds();
        Self {
            x: x + width / 2.0,
            y: y + height / 2.0,
            width: width.max(1.0),
        }
    }

    fn has_moved_from(self, other: Self) -> bool {
        let wider = self.width.max(other.width);
        let far = (self.x - other.x).hypot(self.y - other.y) > MOVED * wider;
        far || wider > MOVED_GREW * self.width.min(other.width)
    }
}

/// The way of one plate through the picture.
#[derive(Debug)]
pub(super) struct Trail {
    first: Vec<Spot>,
    last: Vec<Spot>,
    count: usize,
    /// Where it came to rest, and since when.
    rest: (Spot, Timestamp),
}

impl Trail {
    pub(super) fn new(at: Timestamp, spot: Spot) -> Self {
        Self {
            first: vec![spot],
            last: vec![spot],
            count: 1,
            rest: (spot, at),
        }
    }

    pub(super) fn add(&mut self, at: Timestamp, spot: Spot) {
        self.count += 1;
        if self.first.len() < REMEMBERED {
            self.first.push(spot);
        }
        self.last.push(spot);
        if self.last.len() > REMEMBERED {
            self.last.remove(0);
        }
        if spot.has_moved_from(self.rest.0) {
            self.rest = (spot, at);
        }
    }

    /// Where it is.
    pub(super) fn spot(&self) -> Spot {
        self.last.last().copied().unwrap_or(self.rest.0)
    }

    /// When it last moved by more than a plate's jitter.
    pub(super) fn moved_at(&self) -> Timestamp {
        self.rest.1
    }

    /// Which way it moves; none while that is not clear. A camera looks at its lane from above, so that what comes
    /// nearer becomes wider and sinks in the picture.
    pub(super) fn heading(&self) -> Option<Heading> {
        let few = REMEMBERED.min(self.count / 2);
        if few == 0 {
            return None;
        }
        let early = middle(&self.first[..few.min(self.first.len())]);
        let late = middle(&self.last[self.last.len().saturating_sub(few)..]);
        let (grew, drifted) = if few < REMEMBERED {
            (GREW_SOON, DRIFTED_SOON)
        } else {
            (GREW, DRIFTED)
        };
        let growth = late.width / early.width;
        let drift = (late.y - early.y) / early.width.max(late.width);
        if growth >= grew {
            Some(Heading::Approaching)
        } else if growth <= 1.0 / grew {
            Some(Heading::Leaving)
        } else if drift >= drifted {
            Some(Heading::Approaching)
        } else if drift <= -drifted {
            Some(Heading::Leaving)
        } else {
            None
        }
    }
}

/// The middle value of each coordinate.
fn middle(spots: &[Spot]) -> Spot {
    let median = |of: fn(&Spot) -> f32| {
        let mut values: Vec<f32> = spots.iter().map(of).collect();
        values.sort_by(f32::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(1.0)
    };
    Spot {
        x: median(|spot| spot.x),
        y: median(|spot| spot.y),
        width: median(|spot| spot.width).max(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(widths_and_heights: &[(f32, f32)]) -> Trail {
        let mut spots = widths_and_heights.iter().map(|(width, y)| Spot {
            x: 400.0,
            y: *y,
            width: *width,
        });
        let mut trail = Trail::new(Timestamp::from_millis(0), spots.next().unwrap());
        for (spot, at) in spots.zip(1..) {
            trail.add(Timestamp::from_millis(at * 200), spot);
        }
        trail
    }

    #[test]
    fn a_plate_that_grows_comes_and_one_that_shrinks_leaves() {
        let coming = [
            (100.0, 200.0),
            (104.0, 202.0),
            (110.0, 205.0),
            (118.0, 208.0),
            (130.0, 214.0),
            (140.0, 220.0),
        ];
        assert_eq!(trail(&coming).heading(), Some(Heading::Approaching));
        let mut leaving = coming;
        leaving.reverse();
        assert_eq!(trail(&leaving).heading(), Some(Heading::Leaving));
    }

    #[test]
    fn a_plate_that_keeps_its_size_is_judged_by_where_it_goes() {
        let sinking = [
            (100.0, 100.0),
            (100.0, 120.0),
            (101.0, 140.0),
            (100.0, 160.0),
            (102.0, 180.0),
            (101.0, 200.0),
        ];
        assert_eq!(trail(&sinking).heading(), Some(Heading::Approaching));
        let mut rising = sinking;
        rising.reverse();
        assert_eq!(trail(&rising).heading(), Some(Heading::Leaving));
    }

    #[test]
    fn one_that_stands_or_was_seen_once_has_no_heading() {
        assert_eq!(trail(&[(100.0, 100.0)]).heading(), None);
        let jitter = [
            (100.0, 100.0),
            (104.0, 101.0),
            (97.0, 99.0),
            (101.0, 102.0),
            (103.0, 100.0),
            (99.0, 98.0),
        ];
        assert_eq!(trail(&jitter).heading(), None);
    }

    #[test]
    fn jitter_is_no_movement_and_a_step_forward_is() {
        let mut trail = trail(&[(100.0, 100.0), (103.0, 103.0), (98.0, 97.0)]);
        assert_eq!(trail.moved_at(), Timestamp::from_millis(0));
        let ahead = Spot {
            x: 400.0,
            y: 160.0,
            width: 112.0,
        };
        trail.add(Timestamp::from_millis(9_000), ahead);
        assert_eq!(trail.moved_at(), Timestamp::from_millis(9_000));
    }
}
