//! The thread behind a camera: opens it, opens it again when it breaks, and hands over its newest frame.

use std::any::Any;
use std::collections::VecDeque;
use std::hash::Hasher;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use contract::event::CameraState;
use contract::time::Clock;
use contract::time::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use tracing::info;

use crate::camera::CameraError;
use crate::camera::Config;
use crate::camera::Context;
use crate::camera::Credentials;
use crate::camera::Frame;
use crate::camera::FrameSource;
use crate::camera::Pixels;

/// The wait before a broken source is opened again: the first, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A live picture that stays the same to the last bit for so long, and so many frames, is frozen.
const FROZEN_AFTER: Duration = Duration::from_secs(10);
const FROZEN_FRAMES: u32 = 5;
/// So many pictures in a row that are none, and the source is opened again.
const MOST_GARBAGE: u32 = 10;
/// Items that wait for the gate: one frame, and the states around it. The oldest state is dropped first.
const MOST_WAITING: usize = 32;

/// What a camera has for its gate.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedItem {
    /// A picture.
    Frame(Frame),
    /// One picture of a folder or clip that can't be read; the next ones follow.
    Unreadable {
        /// The file, or the frame's place in the clip.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The camera went away, came back or froze; says why.
    State(CameraState, String),
    /// A folder or clip is over. Nothing follows.
    Ended,
}

/// What a camera has done so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Frames that the source gave.
    pub frames: u64,
    /// Frames that a newer one replaced before the gate took them.
    pub skipped: u64,
    /// Pictures that could not be read.
    pub unreadable: u64,
    /// How often the source was opened.
    pub opened: u64,
    /// Frames in a second, over the last few.
    pub fps: f32,
    /// When the newest frame came.
    pub last_frame: Option<Timestamp>,
    /// How the camera is; none before the first attempt.
    pub state: Option<CameraState>,
    /// Whether a folder or clip is over.
    pub ended: bool,
}

/// One camera's frames. Dropping it ends its thread.
pub struct Feed {
    name: String,
    shared: Arc<Shared>,
}

impl Feed {
    /// Starts the camera's thread. With `lossless` the source waits until the gate has taken each frame; a live
    /// camera is never made to wait.
    pub fn start(
        name: &str,
        config: Config,
        credentials: Credentials,
        clock: Clock,
        lossless: bool,
    ) -> std::io::Result<Self> {
        let context = Context {
            credentials,
            clock,
            stop: CancellationToken::new(),
        };
        let lossless = lossless && !config.is_live();
        let shared = Arc::new(Shared::new(context.stop.clone()));
        let thread = Pump {
            name: name.to_owned(),
            shared: Arc::clone(&shared),
            watch: Watch::new(config.is_live()),
            config,
            context,
            lossless,
        };
        std::thread::Builder::new()
            .name(format!("camera-{name}"))
            .spawn(move || thread.run())?;
        Ok(Self {
            name: name.to_owned(),
            shared,
        })
    }

    /// The camera's name in the gate's configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits for what comes next. After [`FeedItem::Ended`] it waits for ever. Dropping the future loses nothing.
    pub async fn next(&mut self) -> FeedItem {
        loop {
            if let Some(item) = self.shared.take() {
                return item;
            }
            self.shared.news.notified().await;
        }
    }

    /// What the camera has done so far.
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts.clone()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.shared.room.notify_all();
    }
}

/// What the thread and the gate share.
struct Shared {
    inside: Mutex<Inside>,
    /// Wakes the thread: the gate took something, or the feed is dropped.
    room: Condvar,
    /// Wakes the gate.
    news: Notify,
    stop: CancellationToken,
}

#[derive(Default)]
struct Inside {
    /// In the order in which they happened, with at most one frame of a live camera.
    waiting: VecDeque<FeedItem>,
    counts: Counts,
}

impl Shared {
    fn new(stop: CancellationToken) -> Self {
        Self {
            inside: Mutex::default(),
            room: Condvar::new(),
            news: Notify::new(),
            stop,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<FeedItem> {
        let item = self.lock().waiting.pop_front();
        if item.is_some() {
            self.room.notify_all();
        }
        item
    }

    /// Puts an item at the end, and counts it.
    fn put(&self, item: FeedItem, lossless: bool) {
        let mut inside = self.lock();
        if lossless {
            while !inside.waiting.is_empty() && !self.stop.is_cancelled() {
                inside = self
                    .room
                    .wait(inside)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        match &item {
            FeedItem::Frame(_) => {
                let older = inside
                    .waiting
                    .iter()
                    .position(|other| matches!(other, FeedItem::Frame(_)));
                if let Some(older) = older {
                    inside.waiting.remove(older);
                    inside.counts.skipped += 1;
                }
            }
            FeedItem::Unreadable { .. } => inside.counts.unreadable += 1,
            FeedItem::State(state, _) => inside.counts.state = Some(*state),
            FeedItem::Ended => inside.counts.ended = true,
        }
        if inside.waiting.len() == MOST_WAITING {
            inside.waiting.pop_front();
        }
        inside.waiting.push_back(item);
        drop(inside);
        self.news.notify_one();
    }

    /// Waits, at most so long, for the end.
    fn pause(&self, time: Duration, clock: &Clock) {
        let until = clock.monotonic() + time;
        let mut inside = self.lock();
        loop {
            let left = until.saturating_sub(clock.monotonic());
            if left.is_zero() || self.stop.is_cancelled() {
                return;
            }
            inside = self
                .room
                .wait_timeout(inside, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// The thread's own.
struct Pump {
    name: String,
    shared: Arc<Shared>,
    watch: Watch,
    config: Config,
    context: Context,
    lossless: bool,
}

/// How one opened source came to its end.
enum Over {
    Ended,
    Broken(CameraError),
    Stopped,
}

impl Pump {
    fn run(mut self) {
        let mut wait = FIRST_WAIT;
        while !self.shared.stop.is_cancelled() {
            let frames = self.shared.lock().counts.frames;
            let over = match guarded(|| super::open(&self.config, &self.context)) {
                Ok(mut source) => self.pump(source.as_mut()),
                Err(error) => Over::Broken(error),
            };
            match over {
                Over::Stopped => return,
                Over::Ended => {
                    info!(camera = %self.name, "camera {}: no more pictures", self.name);
                    self.shared.put(FeedItem::Ended, self.lossless);
                    return;
                }
                Over::Broken(error) => {
                    let error = format!("{error:#}");
                    debug!(camera = %self.name, %error, "a camera broke");
                    let state = self.watch.state_after_loss();
                    self.report(state, error);
                }
            }
            if self.shared.lock().counts.frames > frames {
                wait = FIRST_WAIT;
            }
            self.shared.pause(wait, &Clock::System);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Takes frames until the source ends or breaks.
    fn pump(&mut self, source: &mut dyn FrameSource) -> Over {
        self.shared.lock().counts.opened += 1;
        let pace = self.config.pace().unwrap_or_default();
        let mut garbage = 0;
        loop {
            let started = Clock::System.monotonic();
            if self.shared.stop.is_cancelled() {
                return Over::Stopped;
            }
            match guarded(|| source.next()) {
                Ok(Some(frame)) => {
                    garbage = 0;
                    self.take(frame);
                }
                Ok(None) => return Over::Ended,
                Err(CameraError::Unreadable { name, why }) => {
                    self.shared
                        .put(FeedItem::Unreadable { name, why }, self.lossless);
                }
                Err(error @ CameraError::Garbage(_)) if garbage < MOST_GARBAGE => {
                    garbage += 1;
                    self.shared.lock().counts.unreadable += 1;
                    debug!(camera = %self.name, %error, "a camera sent garbage");
                }
                Err(error) => return Over::Broken(error),
            }
            let spent = Clock::System.monotonic().saturating_sub(started);
            self.shared
                .pause(pace.saturating_sub(spent), &Clock::System);
        }
    }

    fn take(&mut self, frame: Frame) {
        let now = self.context.clock.monotonic();
        let state = self.watch.frame(|| print_of(&frame.pixels), now);
        if state == Some(CameraState::Frozen) {
            let why = format!(
                "the same picture, to the last bit, for {} s",
                FROZEN_AFTER.as_secs()
            );
            self.report(state, why);
        } else {
            self.report(state, String::new());
        }
        {
            let mut inside = self.shared.lock();
            inside.counts.frames += 1;
            inside.counts.fps = self.watch.fps;
            inside.counts.last_frame = Some(frame.at);
        }
        self.shared.put(FeedItem::Frame(frame), self.lossless);
    }

    fn report(&self, state: Option<CameraState>, why: String) {
        if let Some(state) = state {
            info!(camera = %self.name, ?state, why, "camera {} is {state:?}", self.name);
            self.shared.put(FeedItem::State(state, why), false);
        }
    }
}

/// A driver that panics is a source that broke; the gate goes on.
fn guarded<T>(act: impl FnOnce() -> Result<T, CameraError>) -> Result<T, CameraError> {
    std::panic::catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        Err(CameraError::Lost(format!(
            "its driver panicked: {}",
            message(panic.as_ref())
        )))
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it does not say why")
}

/// Judges whether a camera is live or frozen. Pure: time and prints are parameters.
struct Watch {
    /// Whether the same picture again means anything.
    live: bool,
    state: Option<CameraState>,
    /// The newest picture's print, since when it is the same, and how often.
    same: Option<(u64, Duration, u32)>,
    last: Option<Duration>,
    fps: f32,
}

impl Watch {
    fn new(live: bool) -> Self {
        Self {
            live,
            state: None,
            same: None,
            last: None,
            fps: 0.0,
        }
    }

    /// The new state, if this frame changes it. A frame without a print says nothing about freezing.
    fn frame(&mut self, print: impl FnOnce() -> Option<u64>, now: Duration) -> Option<CameraState> {
        if let Some(last) = self.last {
            let gap = now.saturating_sub(last).as_secs_f32().max(1e-3);
            let weight = if self.fps == 0.0 { 1.0 } else { 0.1 };
            self.fps += (1.0 / gap - self.fps) * weight;
        }
        self.last = Some(now);
        let mut state = CameraState::Live;
        let print = if self.live { print() } else { None };
        if self.live && print.is_none() && self.state == Some(CameraState::Frozen) {
            state = CameraState::Frozen;
        }
        if let Some(print) = print {
            match &mut self.same {
                Some((same, since, times)) if *same == print => {
                    *times = times.saturating_add(1);
                    let frozen = now.saturating_sub(*since) >= FROZEN_AFTER;
                    if frozen && *times >= FROZEN_FRAMES {
                        state = CameraState::Frozen;
                    } else if self.state == Some(CameraState::Frozen) {
                        // Opened again, and still the same picture.
                        state = CameraState::Frozen;
                    }
                }
                _ => self.same = Some((print, now, 1)),
            }
        }
        self.change_to(state)
    }

    /// The new state when the source broke.
    fn state_after_loss(&mut self) -> Option<CameraState> {
        self.last = None;
        self.fps = 0.0;
        self.change_to(CameraState::Offline)
    }

    fn change_to(&mut self, state: CameraState) -> Option<CameraState> {
        let changed = self.state != Some(state);
        self.state = Some(state);
        changed.then_some(state)
    }
}

/// A number that is the same for the same picture. Of raw pixels every 64th group of bytes is enough: noise is everywhere.
/// A video's pictures between key frames have none: where nothing moves its encoder repeats them to the last bit.
fn print_of(pixels: &Pixels) -> Option<u64> {
    let mut hasher = std::hash::DefaultHasher::new();
    match pixels {
        Pixels::Yuv420 { is_key: false, .. } => return None,
        Pixels::Encoded { bytes, .. } => hasher.write(bytes),
        Pixels::Yuyv { bytes, .. } | Pixels::Yuv420 { bytes, .. } | Pixels::Rgb { bytes, .. } => {
            for group in bytes.chunks(16).step_by(64) {
                hasher.write(group);
            }
        }
    }
    Some(hasher.finish())
}

#[cfg(test)]
mod tests;
