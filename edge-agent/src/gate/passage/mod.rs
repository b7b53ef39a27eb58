//! Joins what frames show into passages: one vehicle, one passage. Pure: time is the frames' own.
//!
//! Each plate in view is followed on its own ([`track`]); its text is voted on by all its frames ([`voting`]). The
//! vehicle at the front is the widest plate, and only it is judged: what stands behind it waits for its turn, so that
//! nobody enters by the permit of the car behind. What holds here:
//! - two cars nose to tail stay two: another text where a vehicle stood, or one that is seen while it is gone;
//! - a plate that is lost for some frames (a wiper, a pedestrian) and comes back where it was is the same passage;
//! - a passage is settled at most once and ends at most once; between, it may be looked at again, and only to open;
//! - a car that waits at the closed arm may open it again, ever more rarely while it stands still.

mod heading;
mod track;
pub mod twins;
mod voting;

use std::time::Duration;

use contract::ids::PassageId;
use contract::plate::PlateRead;
use contract::sighting::Heading;
use contract::sighting::Sighting;
use contract::time::Timestamp;
use serde::Deserialize;

use self::heading::Spot;
use self::track::Fit;
use self::track::STRANGER_SURE;
use self::track::Track;

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

/// What happens to a vehicle that moves away from the camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// It is judged like every other.
    #[default]
    Judge,
    /// It is neither judged nor recorded.
    Ignore,
}

/// The rules of joining.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// How frames become passages.
    pub join: Join,
    /// What happens to a vehicle that moves away from the camera.
    pub leaving: Leaving,
    /// A plate that is gone for this long has left.
    pub gone_after: Duration,
    /// It has left only if so many frames in a row lack it: a slow machine sees few frames.
    pub gone_frames: u32,
    /// A plate that left and is seen again this soon where it was lost is still the same passage.
    pub resume_within: Duration,
    /// A single frame that is this sure is enough to look at.
    pub sure: f32,
    /// A text that so many frames agree on is settled.
    pub settle_frames: u32,
    /// After so many frames the best text is taken as it is.
    pub most_frames: u32,
    /// A vehicle that is still there may open again after so long, twice so long, and so on.
    pub rearm_after: Duration,
    /// The most openings for a vehicle that does not move.
    pub most_openings: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            join: Join::Frames,
            leaving: Leaving::Judge,
            gone_after: Duration::from_secs(1),
            gone_frames: 3,
            resume_within: Duration::from_secs(5),
            sure: 0.9,
            settle_frames: 4,
            most_frames: 40,
            rearm_after: Duration::from_secs(30),
            most_openings: 3,
        }
    }
}

/// A plate that was seen once, and less sure than this, is taken for a stain on the wall.
const LEAST_ALONE: f32 = 0.35;
/// Plates followed at a time: each keeps a picture.
const MOST_TRACKS: usize = 6;
/// The next vehicle is at the front when the one before it was not seen for this long, and in so many frames.
const YIELD_AFTER: Duration = Duration::from_millis(500);
const YIELD_FRAMES: u32 = 2;
/// A plate must be wider by this factor to overtake the one at the front: widths jitter.
const OVERTAKES: f32 = 1.15;
/// A lane that ignores leaving vehicles waits for so many frames to know which way one goes.
const HEADING_FRAMES: u32 = 6;
/// A stray read is forgotten when so many frames lack it.
const STRAY_FRAMES: u32 = 2;

/// What the joiner wants done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// NEW: a vehicle stands at the front for the first time.
    New(PassageId),
    /// This frame holds the best read of the vehicle: keep its picture.
    Keep(PassageId),
    /// UPDATE: more is known; the sighting may be judged: it may open, and only that.
    Update(Sighting),
    /// The sighting must be judged: nothing better will come.
    Settle(Sighting),
    /// A vehicle that was judged is still there: it may open again, and only that.
    Again(Sighting),
    /// LOST: the passage is over.
    Lost {
        /// Which one.
        passage: PassageId,
        /// The newest frame that showed it.
        last_seen: Timestamp,
        /// How many frames showed it.
        frames: u32,
        /// Which way it went through the picture; none if that is not clear.
        heading: Option<Heading>,
    },
    /// It was no passage: its picture is not needed.
    Forget(PassageId),
}

/// Joins the frames of one camera.
#[derive(Debug)]
pub struct Joiner {
    rules: Rules,
    camera: String,
    tracks: Vec<Track>,
    /// The vehicle at the front.
    front: Option<PassageId>,
}

impl Joiner {
    /// A joiner for the camera of this name.
    pub fn new(camera: &str, rules: Rules) -> Self {
        Self {
            rules,
            camera: camera.to_owned(),
            tracks: Vec::new(),
            front: None,
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

    /// A frame in which nothing moved: what was there is there still.
    pub fn still(&mut self, at: Timestamp) -> Vec<Step> {
        for track in self.tracks.iter_mut().filter(|track| track.is_seen()) {
            track.last_seen = at;
        }
        let mut steps = Vec::new();
        self.look_again(&mut steps);
        steps
    }

    /// The passage was judged: no other verdict follows, except one that opens.
    pub fn judged(&mut self, passage: PassageId, opened: bool) {
        let judged = |track: &&mut Track| track.passage == passage;
        if let Some(track) = self.tracks.iter_mut().find(judged) {
            track.judged(opened);
        }
    }

    /// The permit book changed: who was refused and still waits is looked at again with the next frame.
    pub fn recheck(&mut self) {
        for track in &mut self.tracks {
            track.recheck();
        }
    }

    /// No frame comes any more, or none came for long: what is open ends.
    pub fn finish(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.front_track().is_some_and(Track::is_seen) {
            self.take_front(&mut steps);
        }
        let mut tracks = std::mem::take(&mut self.tracks);
        tracks.sort_by_key(|track| track.first_seen);
        for track in tracks {
            self.end(track, &mut steps);
        }
        self.front = None;
        steps
    }

    fn each_picture(&self, at: Timestamp, plates: &[PlateRead], passage: PassageId) -> Vec<Step> {
        let sighting = Sighting {
            passage,
            plate: foremost(plates).cloned(),
            first_seen: at,
            last_seen: at,
            frames: 1,
            camera: self.camera.clone(),
            heading: None,
            vehicle: None,
        };
        vec![
            Step::New(passage),
            Step::Keep(passage),
            Step::Settle(sighting),
            Step::Lost {
                passage,
                last_seen: at,
                frames: 1,
                heading: None,
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
        self.retire(at, &mut steps);
        let matched = self.match_reads(at, plates);
        let seen: Vec<usize> = matched.iter().copied().flatten().collect();
        for (place, track) in self.tracks.iter_mut().enumerate() {
            if !seen.contains(&place) {
                track.absent = track.absent.saturating_add(1);
            }
        }
        let mut newcomers = Vec::new();
        for (read, place) in plates.iter().zip(&matched) {
            match place.and_then(|place| self.tracks.get_mut(place)) {
                Some(track) => {
                    if track.add(at, read) {
                        steps.push(Step::Keep(track.passage));
                    }
                    if !track.confirmed {
                        track.confirmed = true;
                        newcomers.push(track.passage);
                    }
                }
                None => newcomers.extend(self.meet(at, read, fresh, &mut steps)),
            }
        }
        for newcomer in newcomers {
            self.displace(newcomer, &mut steps);
        }
        self.forget_strays(&mut steps);
        self.choose_front(at, &mut steps);
        self.look(&mut steps);
        self.look_again(&mut steps);
        steps
    }

    /// Settles what has left the picture, and ends it when it did not come back.
    fn retire(&mut self, at: Timestamp, steps: &mut Vec<Step>) {
        let mut kept = Vec::with_capacity(self.tracks.len());
        for mut track in std::mem::take(&mut self.tracks) {
            if !track.is_gone(at, &self.rules) {
                kept.push(track);
                continue;
            }
            self.settle(&mut track, steps);
            let hidden_for = at.since(track.last_seen);
            // Only what is a passage can go on as one.
            let waits = (track.is_judged() || track.settled)
                && hidden_for < self.rules.gone_after + self.rules.resume_within;
            if waits {
                kept.push(track);
            } else {
                self.end(track, steps);
            }
        }
        self.tracks = kept;
    }

    /// For each read the track that it is of, best fits first; each track gets one read at most.
    fn match_reads(&self, at: Timestamp, plates: &[PlateRead]) -> Vec<Option<usize>> {
        let mut pairs: Vec<(Fit, usize, usize)> = Vec::new();
        for (read_at, read) in plates.iter().enumerate() {
            for (track_at, track) in self.tracks.iter().enumerate() {
                if let Some(fit) = track.fit(at, read, &self.rules) {
                    pairs.push((fit, read_at, track_at));
                }
            }
        }
        // Of equal fits the larger plate and the older vehicle come first.
        pairs.sort_by(|one, other| {
            other
                .0
                .cmp(&one.0)
                .then((one.1, one.2).cmp(&(other.1, other.2)))
        });
        let mut matched = vec![None; plates.len()];
        let mut taken = vec![false; self.tracks.len()];
        for (_, read_at, track_at) in pairs {
            if matched[read_at].is_none() && !taken[track_at] {
                matched[read_at] = Some(track_at);
                taken[track_at] = true;
            }
        }
        matched
    }

    /// A read that is of no vehicle known. Returns the new one if it is no stray read for certain.
    fn meet(
        &mut self,
        at: Timestamp,
        read: &PlateRead,
        fresh: &mut dyn FnMut() -> PassageId,
        steps: &mut Vec<Step>,
    ) -> Option<PassageId> {
        if !self.make_room(steps) {
            return None;
        }
        let spot = Spot::of(read);
        let rules = self.rules;
        let mut others = self
            .tracks
            .iter()
            .filter(|track| track.confirmed && !track.is_gone(at, &rules))
            .peekable();
        let alone = others.peek().is_none();
        let apart =
            read.confidence >= STRANGER_SURE && others.all(|track| track.is_elsewhere(spot));
        let passage = fresh();
        let mut track = Track::new(passage, at, read);
        track.confirmed = alone || apart;
        let confirmed = track.confirmed;
        self.tracks.push(track);
        steps.push(Step::Keep(passage));
        confirmed.then_some(passage)
    }

    /// Ends the vehicle that has been out of sight longest, if there are too many. False: all of them are in view.
    fn make_room(&mut self, steps: &mut Vec<Step>) -> bool {
        if self.tracks.len() < MOST_TRACKS {
            return true;
        }
        let unseen = self
            .tracks
            .iter()
            .enumerate()
            .filter(|(_, track)| !track.is_seen())
            .min_by_key(|(_, track)| track.last_seen)
            .map(|(place, _)| place);
        let Some(place) = unseen else { return false };
        let track = self.tracks.remove(place);
        self.end(track, steps);
        true
    }

    /// A vehicle that stands where another stood, or that shows its text again, has taken its place: that one is over.
    fn displace(&mut self, newcomer: PassageId, steps: &mut Vec<Step>) {
        let Some(new) = self.tracks.iter().find(|track| track.passage == newcomer) else {
            return;
        };
        let (spot, text) = (new.spot(), new.text_key());
        let over = |track: &Track| {
            let same = track.text_key() == text;
            track.passage != newcomer && !track.is_seen() && (same || !track.is_elsewhere(spot))
        };
        let (over, kept): (Vec<Track>, Vec<Track>) =
            std::mem::take(&mut self.tracks).into_iter().partition(over);
        self.tracks = kept;
        for track in over {
            self.end(track, steps);
        }
    }

    fn forget_strays(&mut self, steps: &mut Vec<Step>) {
        self.tracks.retain(|track| {
            let stray = !track.confirmed && track.absent >= STRAY_FRAMES;
            if stray {
                steps.push(Step::Forget(track.passage));
            }
            !stray
        });
    }

    fn front_track(&self) -> Option<&Track> {
        let front = self.front?;
        self.tracks.iter().find(|track| track.passage == front)
    }

    /// Says which vehicle is at the front, if another one took its place.
    fn choose_front(&mut self, at: Timestamp, steps: &mut Vec<Step>) {
        let next = self
            .widest()
            .map(|track| (track.passage, track.spot().width));
        let Some((next, width)) = next else { return };
        let overtaken = match self.front_track() {
            None => true,
            Some(front) if front.passage == next => false,
            Some(front) if front.is_seen() => width > OVERTAKES * front.spot().width,
            Some(front) => front.absent >= YIELD_FRAMES && at.since(front.last_seen) >= YIELD_AFTER,
        };
        if !overtaken {
            return;
        }
        let before = self.front.filter(|front| {
            self.tracks
                .iter()
                .any(|track| track.passage == *front && !track.is_seen())
        });
        if let Some(before) = before
            && let Some(place) = self.tracks.iter().position(|track| track.passage == before)
        {
            // It went first, and its verdict comes first.
            let mut track = self.tracks.remove(place);
            self.settle(&mut track, steps);
            self.tracks.insert(place, track);
        }
        self.take_front(steps);
    }

    /// The widest plate in view among those that are read at least half as surely as the surest.
    fn widest(&self) -> Option<&Track> {
        let in_view = || {
            self.tracks
                .iter()
                .filter(|track| track.confirmed && track.is_seen())
        };
        let surest = in_view().map(Track::confidence).fold(0.0, f32::max);
        in_view()
            .filter(|track| track.confidence() >= surest / 2.0)
            .max_by(|one, other| one.spot().width.total_cmp(&other.spot().width))
    }

    fn take_front(&mut self, steps: &mut Vec<Step>) {
        let Some(passage) = self.widest().map(|track| track.passage) else {
            return;
        };
        self.front = Some(passage);
        let chosen = |track: &&mut Track| track.passage == passage;
        if let Some(track) = self.tracks.iter_mut().find(chosen)
            && !track.fronted
        {
            track.fronted = true;
            steps.push(Step::New(passage));
        }
    }

    /// Offers the sighting at the front, if it is good enough to be looked at.
    fn look(&mut self, steps: &mut Vec<Step>) {
        let Some(track) = self.front_track() else {
            return;
        };
        if track.is_judged() || track.settled || !track.is_seen() {
            return;
        }
        let heading = track.heading();
        if self.rules.leaving == Leaving::Ignore {
            let waits = heading.is_none() && track.frames < HEADING_FRAMES;
            if waits || heading == Some(Heading::Leaving) {
                return;
            }
        }
        let sighting = track.sighting(&self.camera);
        if track.is_settled(&self.rules) {
            steps.push(Step::Settle(sighting));
        } else if track.frames >= 2 || track.confidence() >= self.rules.sure {
            steps.push(Step::Update(sighting));
        }
    }

    /// Offers a vehicle at the front that was judged and is still there.
    fn look_again(&mut self, steps: &mut Vec<Step>) {
        let (front, rules) = (self.front, self.rules);
        let at_front = |track: &&mut Track| Some(track.passage) == front && track.is_seen();
        if let Some(track) = self.tracks.iter_mut().find(at_front)
            && track.is_due(&rules)
        {
            let sighting = track.sighting(&self.camera);
            steps.push(Step::Again(sighting));
        }
    }

    /// The last word on a vehicle that was not judged. Nothing, if it was a stain, never at the front, or ignored.
    fn settle(&self, track: &mut Track, steps: &mut Vec<Step>) {
        if track.is_judged() || track.settled || !self.is_passage(track) {
            return;
        }
        track.settled = true;
        steps.push(Step::Settle(track.sighting(&self.camera)));
    }

    fn is_passage(&self, track: &Track) -> bool {
        let stain = track.frames < 2 && track.confidence() < LEAST_ALONE;
        let ignored =
            self.rules.leaving == Leaving::Ignore && track.heading() == Some(Heading::Leaving);
        track.fronted && !stain && !ignored
    }

    fn end(&mut self, mut track: Track, steps: &mut Vec<Step>) {
        if self.front == Some(track.passage) {
            self.front = None;
        }
        self.settle(&mut track, steps);
        if track.is_judged() || track.settled {
            steps.push(Step::Lost {
                passage: track.passage,
                last_seen: track.last_seen,
                frames: track.frames,
                heading: track.heading(),
            });
        } else {
            steps.push(Step::Forget(track.passage));
        }
    }
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

#[cfg(test)]
mod tests;
