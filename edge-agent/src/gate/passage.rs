//! Joins what frames show into passages: one vehicle, one passage. Pure: time is the frames' own.
//!
//! A passage begins with a plate and ends when its plate is gone for a while, or when another plate takes its place:
//! two cars nose to tail stay two. Texts are weighed over all frames, so that one bad frame decides nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use contract::ids::PassageId;
use contract::plate::Candidate;
use contract::plate::PlateRead;
use contract::sighting::Sighting;
use contract::time::Timestamp;
use serde::Deserialize;

/// How frames become passages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// Frames of a camera: one vehicle is seen in several of them.
    #[default]
    Frames,
    /// Photographs: each is a passage of its own, also one without a plate.
    EachPicture,
}

/// The rules of joining.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// How frames become passages.
    pub join: Join,
    /// A plate that is gone for this long has left.
    pub gone_after: Duration,
    /// It has left only if so many frames in a row lack it: a slow machine sees few frames.
    pub gone_frames: u32,
    /// A single frame that is this sure is enough to look at.
    pub sure: f32,
    /// A text that so many frames agree on is settled.
    pub settle_frames: u32,
    /// After so many frames the best text is taken as it is.
    pub most_frames: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            join: Join::Frames,
            gone_after: Duration::from_secs(1),
            gone_frames: 3,
            sure: 0.9,
            settle_frames: 4,
            most_frames: 40,
        }
    }
}

/// A plate that was seen once, and less sure than this, is taken for a stain on the wall.
const LEAST_ALONE: f32 = 0.35;
/// Another text that is this sure, and elsewhere, is another car at once.
const STRANGER_SURE: f32 = 0.6;
/// A text is settled only if one frame alone was this sure of it.
const SETTLED_SURE: f32 = 0.8;
/// Candidates kept in a sighting.
const MOST_CANDIDATES: usize = 8;

/// What the joiner wants done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// This frame holds the best read of the passage: keep its picture.
    Keep(PassageId),
    /// The sighting may be judged: it may open, and only that.
    Look(Sighting),
    /// The sighting must be judged: nothing better will come.
    Settle(Sighting),
    /// The passage is over.
    Ended {
        /// Which one.
        passage: PassageId,
        /// The newest frame that showed it.
        last_seen: Timestamp,
        /// How many frames showed it.
        frames: u32,
    },
}

/// Joins the frames of one camera.
#[derive(Debug)]
pub struct Joiner {
    rules: Rules,
    camera: String,
    current: Option<Track>,
    /// A text that is not the current one, seen in the newest frame.
    stranger: Option<Track>,
}

impl Joiner {
    /// A joiner for the camera of this name.
    pub fn new(camera: &str, rules: Rules) -> Self {
        Self {
            rules,
            camera: camera.to_owned(),
            current: None,
            stranger: None,
        }
    }

    /// Takes the plates of a frame, largest first. `fresh` makes ids.
    pub fn frame(
        &mut self,
        at: Timestamp,
        plates: &[PlateRead],
        fresh: &mut dyn FnMut() -> PassageId,
    ) -> Vec<Step> {
        match self.rules.join {
            Join::EachPicture => self.each_picture(at, plates, fresh()),
            Join::Frames => self.join_frame(at, plates, fresh),
        }
    }

    /// The passage was judged: no other verdict follows. Returns nothing if it is over already.
    pub fn judged(&mut self, passage: PassageId) {
        if let Some(track) = &mut self.current
            && track.passage == passage
        {
            track.judged = true;
        }
    }

    /// No frame comes any more, or none came for long: what is open ends.
    pub fn finish(&mut self) -> Vec<Step> {
        self.stranger = None;
        let mut steps = Vec::new();
        self.end(&mut steps);
        steps
    }

    /// When the current passage was last seen.
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.current.as_ref().map(|track| track.last_seen)
    }

    fn each_picture(&self, at: Timestamp, plates: &[PlateRead], passage: PassageId) -> Vec<Step> {
        let sighting = Sighting {
            passage,
            plate: foremost(plates).cloned(),
            first_seen: at,
            last_seen: at,
            frames: 1,
            camera: self.camera.clone(),
        };
        vec![
            Step::Keep(passage),
            Step::Settle(sighting),
            Step::Ended {
                passage,
                last_seen: at,
                frames: 1,
            },
        ]
    }

    fn join_frame(
        &mut self,
        at: Timestamp,
        plates: &[PlateRead],
        fresh: &mut dyn FnMut() -> PassageId,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let gone = self.current.as_ref().is_some_and(|track| {
            track.absent >= self.rules.gone_frames
                && at.since(track.last_seen) >= self.rules.gone_after
        });
        if gone {
            self.end(&mut steps);
        }
        let Some(track) = &mut self.current else {
            match foremost(plates) {
                Some(read) => self.begin(at, read, fresh(), &mut steps),
                None => self.stranger = None,
            }
            return steps;
        };
        if let Some(read) = plates.iter().find(|read| track.is_like(read)) {
            self.stranger = None;
            if track.add(at, read) {
                steps.push(Step::Keep(track.passage));
            }
            self.look(&mut steps);
            return steps;
        }
        track.absent += 1;
        match foremost(plates) {
            None => self.stranger = None,
            Some(read) => self.meet(at, read, fresh, &mut steps),
        }
        steps
    }

    /// A frame shows another text than the current passage's.
    fn meet(
        &mut self,
        at: Timestamp,
        read: &PlateRead,
        fresh: &mut dyn FnMut() -> PassageId,
        steps: &mut Vec<Step>,
    ) {
        let Some(track) = &mut self.current else {
            return;
        };
        let elsewhere = track.is_elsewhere(read);
        let unlike = read.confidence >= STRANGER_SURE && track.is_unlike(read);
        if !elsewhere && !unlike && at.since(track.last_seen) < self.rules.gone_after {
            // Cars do not change places between two frames: it is the same one, read a little differently.
            self.stranger = None;
            if track.add(at, read) {
                steps.push(Step::Keep(track.passage));
            }
            self.look(steps);
        } else if let Some(stranger) = &mut self.stranger
            && stranger.is_like(read)
        {
            // Twice the same other text: it is another car, and it came with the first of the two.
            stranger.add(at, read);
            // The first frame's picture is gone; this one's is at hand.
            stranger.keep(read.text.key(), read);
            let stranger = self.stranger.take();
            self.end(steps);
            self.current = stranger;
            if let Some(track) = &self.current {
                steps.push(Step::Keep(track.passage));
            }
            self.look(steps);
        } else if elsewhere && read.confidence >= STRANGER_SURE {
            self.end(steps);
            self.begin(at, read, fresh(), steps);
        } else {
            self.stranger = Some(Track::new(fresh(), at, read));
        }
    }

    fn begin(
        &mut self,
        at: Timestamp,
        read: &PlateRead,
        passage: PassageId,
        steps: &mut Vec<Step>,
    ) {
        self.stranger = None;
        self.current = Some(Track::new(passage, at, read));
        steps.push(Step::Keep(passage));
        self.look(steps);
    }

    /// Offers the sighting, if it is good enough to be looked at.
    fn look(&self, steps: &mut Vec<Step>) {
        let Some(track) = &self.current else { return };
        if track.judged {
            return;
        }
        let sighting = track.sighting(&self.camera);
        let confidence = sighting.plate.as_ref().map_or(0.0, |read| read.confidence);
        // Far away, several frames can agree on the same bad read; one of them must have been good by itself.
        let settled = track.agreed() >= self.rules.settle_frames
            && track.surest() >= SETTLED_SURE
            && confidence >= self.rules.sure;
        if settled || track.frames >= self.rules.most_frames {
            steps.push(Step::Settle(sighting));
        } else if track.frames >= 2 || confidence >= self.rules.sure {
            steps.push(Step::Look(sighting));
        }
    }

    fn end(&mut self, steps: &mut Vec<Step>) {
        let Some(track) = self.current.take() else {
            return;
        };
        if !track.judged {
            let sighting = track.sighting(&self.camera);
            let confidence = sighting.plate.as_ref().map_or(0.0, |read| read.confidence);
            if track.frames < 2 && confidence < LEAST_ALONE {
                return;
            }
            steps.push(Step::Settle(sighting));
        }
        steps.push(Step::Ended {
            passage: track.passage,
            last_seen: track.last_seen,
            frames: track.frames,
        });
    }
}

/// One vehicle in the making.
#[derive(Debug)]
struct Track {
    passage: PassageId,
    first_seen: Timestamp,
    last_seen: Timestamp,
    frames: u32,
    /// Frames in a row without it.
    absent: u32,
    judged: bool,
    /// By key: what the frames say of each text.
    texts: BTreeMap<String, Text>,
    /// The text whose picture is kept.
    kept: Option<String>,
    /// Where it was last: centre, width.
    place: [f32; 3],
}

#[derive(Debug)]
struct Text {
    /// Sum over the frames of how likely this text was.
    weight: f32,
    /// How unlikely it is that every frame that put this text first was wrong.
    all_wrong: f32,
    /// Sum of the confidence of the frames that put it first.
    first_weight: f32,
    /// How many put it first.
    firsts: u32,
    /// The surest read among them, or the first candidate's text if there is none.
    best: Option<PlateRead>,
    shown: Candidate,
}

impl Track {
    fn new(passage: PassageId, at: Timestamp, read: &PlateRead) -> Self {
        let mut track = Self {
            passage,
            first_seen: at,
            last_seen: at,
            frames: 0,
            absent: 0,
            judged: false,
            texts: BTreeMap::new(),
            kept: None,
            place: place_of(read),
        };
        track.add(at, read);
        track
    }

    /// Adds a frame's read. Returns whether it is the best read so far.
    fn add(&mut self, at: Timestamp, read: &PlateRead) -> bool {
        self.frames += 1;
        self.absent = 0;
        self.last_seen = at;
        self.place = place_of(read);
        let mut seen_text = false;
        for candidate in &read.candidates {
            seen_text |= candidate.text == read.text;
            self.text(candidate).weight += candidate.confidence.clamp(0.0, 1.0);
        }
        let own = Candidate {
            text: read.text.clone(),
            confidence: read.confidence,
        };
        let confidence = read.confidence.clamp(0.0, 1.0);
        let text = self.text(&own);
        if !seen_text {
            text.weight += confidence;
        }
        text.firsts += 1;
        text.first_weight += confidence;
        text.all_wrong *= 1.0 - confidence;
        let better = text
            .best
            .as_ref()
            .is_none_or(|best| read.confidence > best.confidence);
        if better {
            text.best = Some(read.clone());
        }
        let key = read.text.key();
        if self.winner().is_none_or(|(winner, _)| *winner != key) {
            return false;
        }
        let keep = better || self.kept.as_ref() != Some(&key);
        if keep {
            self.keep(key, read);
        }
        keep
    }

    /// Makes `read` the one whose picture is kept: the corners of a sighting belong to its picture.
    fn keep(&mut self, key: String, read: &PlateRead) {
        if let Some(text) = self.texts.get_mut(&key) {
            text.best = Some(read.clone());
        }
        self.kept = Some(key);
    }

    fn text(&mut self, candidate: &Candidate) -> &mut Text {
        self.texts
            .entry(candidate.text.key())
            .or_insert_with(|| Text {
                weight: 0.0,
                all_wrong: 1.0,
                first_weight: 0.0,
                firsts: 0,
                best: None,
                shown: candidate.clone(),
            })
    }

    /// The text with the greatest weight among those that at least one frame put first.
    fn winner(&self) -> Option<(&String, &Text)> {
        self.texts
            .iter()
            .filter(|(_, text)| text.best.is_some())
            .max_by(|(_, one), (_, other)| one.weight.total_cmp(&other.weight))
    }

    /// How many frames put the winner first.
    fn agreed(&self) -> u32 {
        self.winner().map_or(0, |(_, text)| text.firsts)
    }

    /// How sure the best single frame is of the winner.
    fn surest(&self) -> f32 {
        let best = self.winner().and_then(|(_, text)| text.best.as_ref());
        best.map_or(0.0, |read| read.confidence)
    }

    fn sighting(&self, camera: &str) -> Sighting {
        Sighting {
            passage: self.passage,
            plate: self.read(),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            frames: self.frames,
            camera: camera.to_owned(),
        }
    }

    /// The best read, with what all frames together say of its text and of others.
    fn read(&self) -> Option<PlateRead> {
        let (winner, text) = self.winner()?;
        let mut read = text.best.clone()?;
        let firsts: f32 = self.texts.values().map(|text| text.first_weight).sum();
        // Frames that put other texts first speak against it; frames that agree leave less room for chance.
        let share = if firsts > 0.0 {
            text.first_weight / firsts
        } else {
            1.0
        };
        read.confidence = ((1.0 - text.all_wrong) * share).clamp(0.0, 1.0);
        let total: f32 = self.texts.values().map(|text| text.weight).sum();
        let mut candidates: Vec<(bool, Candidate)> = self
            .texts
            .iter()
            .map(|(key, text)| {
                let is_winner = key == winner;
                let part = text.weight / total.max(f32::MIN_POSITIVE);
                let candidate = Candidate {
                    text: if is_winner {
                        read.text.clone()
                    } else {
                        text.shown.text.clone()
                    },
                    confidence: if is_winner {
                        read.confidence
                    } else {
                        part.min(read.confidence)
                    },
                };
                (is_winner, candidate)
            })
            .collect();
        candidates.sort_by(|(first, one), (second, other)| {
            second
                .cmp(first)
                .then(other.confidence.total_cmp(&one.confidence))
        });
        candidates.truncate(MOST_CANDIDATES);
        read.candidates = candidates
            .into_iter()
            .map(|(_, candidate)| candidate)
            .collect();
        Some(read)
    }

    /// Whether a read is of this vehicle: a text that a frame put first, or nearly one at about the same place.
    fn is_like(&self, read: &PlateRead) -> bool {
        let key = read.text.key();
        let known = |near: bool| {
            self.texts.iter().any(|(known, text)| {
                text.best.is_some()
                    && (*known == key || near && differs_by_at_most_one(known, &key))
            })
        };
        known(false) || !self.is_elsewhere(read) && known(true)
    }

    /// Whether a read has so little in common with every text of this vehicle that no misreading explains it: the
    /// next car stands nose to tail where this one stood.
    fn is_unlike(&self, read: &PlateRead) -> bool {
        let key = read.text.key();
        self.texts
            .iter()
            .filter(|(_, text)| text.best.is_some())
            .all(|(known, _)| 2 * strsim::levenshtein(known, &key) > known.len().max(key.len()))
    }

    /// Whether a read stands where this vehicle can't be a frame later: further away, or well beside.
    fn is_elsewhere(&self, read: &PlateRead) -> bool {
        let [x, y, width] = self.place;
        let [other_x, other_y, other_width] = place_of(read);
        let far = (other_x - x).hypot(other_y - y) > 1.5 * width.max(other_width);
        far || other_width < 0.7 * width
    }
}

/// Centre and width of a plate.
fn place_of(read: &PlateRead) -> [f32; 3] {
    let [x, y, width, height] = read.bounds();
    [x + width / 2.0, y + height / 2.0, width.max(1.0)]
}

/// The plate of the foremost vehicle: the largest of those that are read at least half as surely as the surest.
fn foremost(plates: &[PlateRead]) -> Option<&PlateRead> {
    let surest = plates
        .iter()
        .map(|read| read.confidence)
        .fold(0.0, f32::max);
    plates
        .iter()
        .find(|read| read.confidence >= surest / 2.0)
        .or(plates.first())
}

/// Whether one changed, missing or additional character at most lies between the texts.
fn differs_by_at_most_one(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() {
        (one.as_bytes(), other.as_bytes())
    } else {
        (other.as_bytes(), one.as_bytes())
    };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same_start = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let rest = &short[same_start..];
    let skip = usize::from(short.len() == long.len() && !rest.is_empty());
    rest.get(skip..) == long.get((same_start + 1).min(long.len())..)
}

#[cfg(test)]
#[path = "passage_tests.rs"]
mod tests;
