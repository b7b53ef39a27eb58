//! One vehicle in the making: what frames say of its plate, where it is, and how it was judged. Pure.

use contract::ids::PassageId;
use contract::plate::PlateRead;
use contract::sighting::Heading;
use contract::sighting::Sighting;
use contract::time::Timestamp;

use super::Rules;
use super::heading::Spot;
use super::heading::Trail;
use super::voting::Votes;
use super::voting::is_unlike;

/// Another text that is this sure, and elsewhere, is another car at once.
pub(super) const STRANGER_SURE: f32 = 0.6;
/// A text is settled only if one frame alone was this sure of it.
const SETTLED_SURE: f32 = 0.8;
/// A plate further from the last place than this many widths can't be the same one a frame later.
const FAR: f32 = 1.5;
/// A plate this much narrower than a frame before is another one, further away.
const NARROWER: f32 = 0.7;

/// How sure it is that a read is of a vehicle; the surest fit wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// About where it was, a text that is not wholly another one.
    Place,
    /// About where it was, one character differs.
    Near,
    /// Its text, but not where it was.
    Text,
    /// Its text, about where it was.
    Both,
}

/// How a vehicle was judged.
#[derive(Clone, Debug, PartialEq)]
enum Stand {
    /// Not yet.
    Open,
    /// The gate opened for it so often, the last time then.
    LetIn { at: Timestamp, times: u32 },
    /// It was refused with this text; looked at again then.
    Refused { at: Timestamp, key: String },
}

/// One vehicle.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) passage: PassageId,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) frames: u32,
    /// Frames in a row without it.
    pub(super) absent: u32,
    /// It is a vehicle and no stray read.
    pub(super) confirmed: bool,
    /// It stood at the front once: it is a passage.
    pub(super) fronted: bool,
    /// Its last word was said; a verdict follows.
    pub(super) settled: bool,
    stand: Stand,
    votes: Votes,
    trail: Trail,
}

impl Track {
    /// A vehicle whose plate was first seen here. Its first read is its best so far.
    pub(super) fn new(passage: PassageId, at: Timestamp, read: &PlateRead) -> Self {
        let mut votes = Votes::default();
        votes.add(read);
        Self {
            passage,
            first_seen: at,
            last_seen: at,
            frames: 1,
            absent: 0,
            confirmed: false,
            fronted: false,
            settled: false,
            stand: Stand::Open,
            votes,
            trail: Trail::new(at, Spot::of(read)),
        }
    }

    /// Adds a frame's read. Returns whether its picture is the best evidence so far.
    pub(super) fn add(&mut self, at: Timestamp, read: &PlateRead) -> bool {
        self.frames = self.frames.saturating_add(1);
        self.absent = 0;
        self.last_seen = at;
        self.trail.add(at, Spot::of(read));
        self.votes.add(read)
    }

    pub(super) fn is_seen(&self) -> bool {
        self.absent == 0
    }

    pub(super) fn spot(&self) -> Spot {
        self.trail.spot()
    }

    pub(super) fn confidence(&self) -> f32 {
        self.votes.confidence()
    }

    pub(super) fn heading(&self) -> Option<Heading> {
        self.trail.heading()
    }

    /// How well a read fits; none if it is of another vehicle.
    pub(super) fn fit(&self, at: Timestamp, read: &PlateRead, rules: &Rules) -> Option<Fit> {
        let key = read.text.key();
        let keys: Vec<String> = self.votes.keys().collect();
        let known = keys.contains(&key);
        let elsewhere = self.is_elsewhere(Spot::of(read));
        let hidden = self.is_gone(at, rules);
        if known && !elsewhere {
            return Some(Fit::Both);
        }
        // What is gone comes back where it was lost; the same text further away is the same car, come again.
        if known && !hidden {
            return Some(Fit::Text);
        }
        if elsewhere {
            return None;
        }
        if keys
            .iter()
            .any(|known| strsim::levenshtein(known, &key) <= 1)
        {
            // After a pause a sure read of nearly the same text is the next car of the same fleet.
            return (!hidden || read.confidence < rules.sure).then_some(Fit::Near);
        }
        let unlike =
            read.confidence >= STRANGER_SURE && keys.iter().all(|known| is_unlike(known, &key));
        // Cars do not change places between two frames: it is the same one, read a little differently.
        (!unlike && !hidden && at.since(self.last_seen) < rules.gone_after).then_some(Fit::Place)
    }

    /// Whether a plate stands where this vehicle can't be a frame later: well beside, or further away.
    pub(super) fn is_elsewhere(&self, spot: Spot) -> bool {
        let here = self.spot();
        let far = (spot.x - here.x).hypot(spot.y - here.y) > FAR * spot.width.max(here.width);
        let leaving = self.heading() == Some(Heading::Leaving);
        let other_way = if leaving {
            // What leaves becomes narrower by itself; one that is much wider is the next.
            here.width < NARROWER * spot.width
        } else {
            spot.width < NARROWER * here.width
        };
        far || other_way
    }

    /// Whether its plate has been out of sight for long enough to have left.
    pub(super) fn is_gone(&self, at: Timestamp, rules: &Rules) -> bool {
        self.absent >= rules.gone_frames && at.since(self.last_seen) >= rules.gone_after
    }

    pub(super) fn is_judged(&self) -> bool {
        self.stand != Stand::Open
    }

    /// Whether all frames together are as sure as they will get.
    pub(super) fn is_settled(&self, rules: &Rules) -> bool {
        // Far away, several frames can agree on the same bad read; one of them must have been good by itself.
        let agreed = self.votes.agreed() >= rules.settle_frames
            && self.votes.surest() >= SETTLED_SURE
            && self.confidence() >= rules.sure;
        agreed || self.frames >= rules.most_frames
    }

    /// Takes note of a verdict.
    pub(super) fn judged(&mut self, opened: bool) {
        let at = self.last_seen;
        self.stand = match (&self.stand, opened) {
            (Stand::LetIn { times, .. }, true) => Stand::LetIn {
                at,
                times: times.saturating_add(1),
            },
            (Stand::Open | Stand::Refused { .. }, true) => Stand::LetIn { at, times: 1 },
            // Whom the gate let in once it does not turn away.
            (Stand::LetIn { .. }, false) => return,
            (Stand::Open | Stand::Refused { .. }, false) => Stand::Refused {
                at,
                key: self.text_key(),
            },
        };
    }

    /// Whether a vehicle that was judged and is still there may be looked at again: it may open, and only that.
    pub(super) fn is_due(&mut self, rules: &Rules) -> bool {
        let now = self.last_seen;
        let moved_at = self.trail.moved_at();
        let key = self.text_key();
        match &mut self.stand {
            Stand::Open => false,
            Stand::LetIn { at, times } => {
                let waited = now.since(*at);
                let doublings = times.saturating_sub(1).min(16);
                let patience = rules.rearm_after.saturating_mul(1 << doublings);
                let stands = *times < rules.most_openings && waited >= patience;
                // A driver sits in what moves.
                let moved =
                    moved_at.since(*at) >= rules.rearm_after / 2 && waited >= rules.rearm_after;
                stands || moved
            }
            Stand::Refused { at, key: refused } => {
                let other = *refused != key && self.votes.agreed() >= rules.settle_frames;
                let due = other || now.since(*at) >= rules.rearm_after;
                if due {
                    (*at, *refused) = (now, key);
                }
                due
            }
        }
    }

    /// The permit book changed: whom it refused may be asked for again at once.
    pub(super) fn recheck(&mut self) {
        if let Stand::Refused { at, .. } = &mut self.stand {
            *at = Timestamp::from_millis(i64::MIN);
        }
    }

    pub(super) fn sighting(&self, camera: &str) -> Sighting {
        Sighting {
            passage: self.passage,
            plate: self.votes.read().cloned(),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            frames: self.frames,
            camera: camera.to_owned(),
            heading: self.heading(),
            vehicle: None,
        }
    }

    /// The text of the vote as a key.
    pub(super) fn text_key(&self) -> String {
        self.votes
            .read()
            .map(|read| read.text.key())
            .unwrap_or_default()
    }
}
