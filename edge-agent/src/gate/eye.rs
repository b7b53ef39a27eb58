//! One camera's look: takes its frames, decodes each once, and recognises what moves.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::area::Areas;
use contract::event::CameraState;
use contract::plate::PlateRead;
use contract::sighting::Stages;
use contract::time::Clock;
use contract::time::Timestamp;
use metrics::counter;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tracing::debug;
use tracing::warn;
use vision::Detail;
use vision::Picture;
use vision::Recogniser;

use crate::camera::Control;
use crate::camera::Counts;
use crate::camera::Feed;
use crate::camera::FeedItem;
use crate::camera::Frame;
use crate::camera::Measured;
use crate::camera::Motion;
use crate::camera::Pacer;
use crate::camera::Pixels;
use crate::camera::THUMBNAIL;
use crate::gate::shadow::Shadow;

/// A camera at work.
pub(super) struct Eye {
    /// Which camera of the gate.
    pub place: usize,
    pub feed: Feed,
    pub recogniser: Option<Arc<Recogniser>>,
    pub models: Vec<String>,
    /// The candidate models that look on.
    pub shadow: Shadow,
    pub clock: Clock,
    /// Recognise also what does not move.
    pub always: bool,
    /// The time from one picture to the next of a folder or clip: its frames are that far apart, however slow we are.
    pub pace: Option<Duration>,
    /// Whether something stands on the loop.
    pub awake: watch::Receiver<bool>,
    /// How many frames a second are looked at (a folder's and a clip's are all), and where: plates whose centre is elsewhere
    /// are not seen.
    pub control: Control,
}

/// What a camera has to say.
pub(super) enum Glance {
    /// It looked at a frame.
    Seen(Seen),
    /// It went away, came back or froze.
    Camera(CameraState, String),
    /// Only its counts changed.
    Nothing,
    /// A folder or clip is over.
    Ended,
}

/// What one frame showed.
pub(super) struct Seen {
    /// When it was captured.
    pub at: Timestamp,
    /// What was recognised; none if nothing moved.
    pub plates: Option<Vec<PlateRead>>,
    /// The frame itself.
    pub shot: Shot,
    /// How long the stages took.
    pub stages: Stages,
}

/// A frame that may become evidence.
#[derive(Clone)]
pub(super) struct Shot {
    pub picture: Arc<Picture>,
    /// The camera's own JPEG, if it sent one.
    pub jpeg: Option<Bytes>,
}

/// A glance of the camera at `place`, with the camera's counts.
pub(super) struct Message {
    pub place: usize,
    pub glance: Glance,
    pub counts: Counts,
    /// Frames that were looked at, a second.
    pub looked_fps: f32,
}

impl Eye {
    /// Looks until the gate stops listening. The channel holds one message: a camera that is ahead of its gate waits,
    /// and its feed drops what is old.
    pub async fn run(mut self, gate: mpsc::Sender<Message>) {
        let mut areas = self.control.areas();
        let mut motion = motion_in(&areas);
        let mut pacer = Pacer::default();
        let mut first: Option<Timestamp> = None;
        let mut number: u32 = 0;
        loop {
            let item = tokio::select! {
                item = self.feed.next() => item,
                () = gate.closed() => return,
            };
            let wanted = self.control.areas();
            if !Arc::ptr_eq(&wanted, &areas) {
                areas = wanted;
                motion = motion_in(&areas);
            }
            if let FeedItem::Frame(frame) = &item {
                let measured = Measured {
                    camera_fps: self.feed.counts().fps,
                    looked_fps: pacer.measured(),
                };
                self.control.note(frame, measured);
            }
            let glance = match item {
                FeedItem::Frame(_) if self.is_early(&mut pacer) => {
                    counter!("frames_paced_total", "camera" => self.feed.name().to_owned())
                        .increment(1);
                    continue;
                }
                FeedItem::Frame(frame) => {
                    let first = *first.get_or_insert(frame.at);
                    let at = match self.pace {
                        Some(pace) if !pace.is_zero() => first.plus(pace.saturating_mul(number)),
                        Some(_) | None => frame.at,
                    };
                    number = number.saturating_add(1);
                    let (after, glance) = self.look(frame, at, motion, &areas).await;
                    motion = after;
                    glance
                }
                FeedItem::Unreadable { name, why } => {
                    warn!(
                        camera = self.feed.name(),
                        file = name,
                        "a picture can't be read: {why}"
                    );
                    Glance::Nothing
                }
                FeedItem::State(state, why) => {
                    if state == CameraState::Offline {
                        self.control.note_silence();
                    }
                    Glance::Camera(state, why)
                }
                FeedItem::Ended => Glance::Ended,
            };
            let message = Message {
                place: self.place,
                glance,
                counts: self.feed.counts(),
                looked_fps: pacer.measured(),
            };
            if gate.send(message).await.is_err() {
                return;
            }
        }
    }

    /// Whether a live camera's frame comes sooner than the rate wants the next one: it costs no decoding.
    fn is_early(&self, pacer: &mut Pacer) -> bool {
        let now = self.clock.monotonic();
        if self.pace.is_some() {
            pacer.note(now);
            return false;
        }
        !pacer.pass(now, self.control.rate().allowed())
    }

    /// Decoding and recognising block, so they run on a thread of their own.
    async fn look(
        &self,
        frame: Frame,
        at: Timestamp,
        motion: Motion,
        areas: &Arc<Areas>,
    ) -> (Motion, Glance) {
        let Some(recogniser) = self.recogniser.clone() else {
            return (motion, Glance::Nothing);
        };
        let always = self.always || *self.awake.borrow();
        let clock = self.clock.clone();
        let within = Arc::clone(areas);
        let detail = self.control.rate().detail();
        let work = move || {
            let mut motion = motion;
            let seen = see(
                &frame,
                at,
                (&recogniser, detail),
                &mut motion,
                always,
                &clock,
            )
            .map(|seen| Seen {
                plates: seen
                    .plates
                    .map(|plates| inside(&within, plates, &seen.shot)),
                ..seen
            });
            (motion, seen)
        };
        let (motion, seen) = match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            // A frame that makes the recogniser panic is dropped; the next one is looked at afresh.
            Err(error) => (motion_in(areas), Err(error.to_string())),
        };
        let glance = match seen {
            Ok(seen) => {
                self.log(&seen);
                if let Some(plates) = &seen.plates {
                    let camera = self.feed.name();
                    self.shadow.offer(camera, &seen.shot.picture, plates);
                }
                Glance::Seen(seen)
            }
            Err(why) => {
                counter!("frames_unreadable_total", "camera" => self.feed.name().to_owned())
                    .increment(1);
                warn!(camera = self.feed.name(), "a frame can't be used: {why}");
                Glance::Nothing
            }
        };
        (motion, glance)
    }

    /// Every attempt is logged, matched or not; plates only at DEBUG and below.
    fn log(&self, seen: &Seen) {
        let camera = self.feed.name();
        match &seen.plates {
            None => counter!("frames_skipped_total", "camera" => camera.to_owned()).increment(1),
            Some(plates) => {
                counter!("frames_recognised_total", "camera" => camera.to_owned()).increment(1);
                let scores: Vec<f32> = plates.iter().map(|read| read.confidence).collect();
                debug!(
                    camera,
                    models = ?self.models,
                    plates = plates.len(),
                    ?scores,
                    texts = ?plates.iter().map(|read| read.text.as_str()).collect::<Vec<_>>(),
                    decode_us = seen.stages.decode_us,
                    detect_us = seen.stages.detect_us,
                    read_us = seen.stages.read_us,
                    "recognised a frame of {camera}: {} plates",
                    plates.len()
                );
            }
        }
    }
}

fn motion_in(areas: &Areas) -> Motion {
    if areas.is_everything() {
        Motion::default()
    } else {
        Motion::default().within(areas.mask(THUMBNAIL.0, THUMBNAIL.1))
    }
}

fn see(
    frame: &Frame,
    at: Timestamp,
    (recogniser, detail): (&Recogniser, Detail),
    motion: &mut Motion,
    always: bool,
    clock: &Clock,
) -> Result<Seen, String> {
    let started = clock.monotonic();
    let picture = frame.decode().map_err(|error| format!("{error:#}"))?;
    let mut stages = Stages {
        capture_us: frame.capture_us,
        decode_us: micros(clock.monotonic().saturating_sub(started)),
        ..Stages::default()
    };
    let moved = motion.changed(&picture.grey().thumbnail(THUMBNAIL.0, THUMBNAIL.1));
    let plates = if always || moved {
        let found = recogniser
            .recognise_in(&picture, detail)
            .map_err(|error| format!("{error:#}"))?;
        stages.detect_us = found.detect_us;
        stages.read_us = found.read_us;
        Some(found.plates)
    } else {
        None
    };
    let jpeg = match &frame.pixels {
        Pixels::Encoded { bytes, media_type } if *media_type == "image/jpeg" => Some(bytes.clone()),
        Pixels::Encoded { .. }
        | Pixels::Yuyv { .. }
        | Pixels::Yuv420 { .. }
        | Pixels::Rgb { .. } => None,
    };
    Ok(Seen {
        at,
        plates,
        shot: Shot {
            picture: Arc::new(picture),
            jpeg,
        },
        stages,
    })
}

/// The plates whose centre lies where plates count.
fn inside(areas: &Areas, mut plates: Vec<PlateRead>, shot: &Shot) -> Vec<PlateRead> {
    if areas.is_everything() {
        return plates;
    }
    let (width, height) = (shot.picture.width() as f32, shot.picture.height() as f32);
    plates.retain(|read| {
        let [x, y] = read.corners.iter().fold([0.0, 0.0], |[x, y], corner| {
            [x + corner[0] / 4.0, y + corner[1] / 4.0]
        });
        areas.hold(x / width, y / height)
    });
    plates
}

/// Whole microseconds.
pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
