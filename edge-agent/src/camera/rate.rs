//! How many frames a second a gate looks at: set by a person, lowered by a hot machine, changed while it runs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::camera::RATES;
use contract::camera::rate_fault;
use vision::Detail;

/// The rate is measured over so much time.
const MEASURED_OVER: Duration = Duration::from_secs(4);

/// The rate of one camera. Clones share it.
#[derive(Clone, Debug)]
pub struct Rate {
    wanted: Arc<AtomicU8>,
    ceiling: Ceiling,
}

/// What the machine can bear at most, for all cameras. Clones share it.
#[derive(Clone, Debug)]
pub struct Ceiling {
    fps: Arc<AtomicU8>,
    is_coarse: Arc<AtomicBool>,
}

impl Default for Ceiling {
    fn default() -> Self {
        Self {
            fps: Arc::new(AtomicU8::new(*RATES.end())),
            is_coarse: Arc::default(),
        }
    }
}

impl Ceiling {
    /// Lowers or raises it; `is_coarse`: far plates are sought at a smaller scale.
    pub fn set(&self, fps: u8, is_coarse: bool) {
        self.fps
            .store(fps.clamp(*RATES.start(), *RATES.end()), Ordering::Relaxed);
        self.is_coarse.store(is_coarse, Ordering::Relaxed);
    }
}

impl Rate {
    /// A camera that is looked at so often, as far as the ceiling allows.
    pub fn new(fps: u8, ceiling: &Ceiling) -> Self {
        Self {
            wanted: Arc::new(AtomicU8::new(fps.clamp(*RATES.start(), *RATES.end()))),
            ceiling: ceiling.clone(),
        }
    }

    /// What a person wants, in frames a second.
    pub fn wanted(&self) -> u8 {
        self.wanted.load(Ordering::Relaxed)
    }

    /// What is done, in frames a second.
    pub fn allowed(&self) -> u8 {
        self.wanted().min(self.ceiling.fps.load(Ordering::Relaxed))
    }

    /// How finely far plates are sought.
    pub fn detail(&self) -> Detail {
        if self.ceiling.is_coarse.load(Ordering::Relaxed) {
            Detail::Coarse
        } else {
            Detail::Full
        }
    }

    /// Changes what is wanted. An error says what is allowed.
    pub fn set(&self, fps: u8) -> Result<(), String> {
        if !RATES.contains(&fps) {
            return Err(rate_fault(fps));
        }
        self.wanted.store(fps, Ordering::Relaxed);
        Ok(())
    }
}

/// Lets through so many frames a second, and measures how many it were. Pure: time is a parameter.
#[derive(Debug, Default)]
pub struct Pacer {
    /// When the last frame that passed was due; none before the first.
    last: Option<Duration>,
    passed: VecDeque<Duration>,
}

impl Pacer {
    /// Whether a frame that is here now is looked at.
    pub fn pass(&mut self, now: Duration, fps: u8) -> bool {
        let step = Duration::from_secs(1) / u32::from(fps.max(1));
        let due = self.last.map_or(now, |last| last + step);
        // A camera's frames come a little early and late: a tenth of the step is no reason to wait for the next one.
        if now + step / 10 < due {
            return false;
        }
        // What was missed is not made up for.
        self.last = Some(due.max(now.saturating_sub(step / 2)));
        self.note(now);
        true
    }

    /// Counts a frame that was looked at whatever the rate.
    pub fn note(&mut self, now: Duration) {
        self.passed.push_back(now);
        while self.passed.len() > 1
            && self
                .passed
                .front()
                .is_some_and(|first| now.saturating_sub(*first) > MEASURED_OVER)
        {
            self.passed.pop_front();
        }
    }

    /// Frames a second, over the last few seconds.
    pub fn measured(&self) -> f32 {
        match (self.passed.front(), self.passed.back()) {
            (Some(first), Some(last)) if last > first => {
                (self.passed.len() - 1) as f32 / (*last - *first).as_secs_f32()
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// So many of a camera's frames pass within a second, in each second.
    fn passed(camera_fps: u64, rates: &[u8]) -> Vec<usize> {
        let mut pacer = Pacer::default();
        rates
            .iter()
            .zip(0u64..)
            .map(|(fps, second)| {
                (0..camera_fps)
                    .filter(|frame| {
                        let jitter = if frame % 2 == 0 { 3 } else { 0 };
                        let at = second * 1000 + frame * 1000 / camera_fps + jitter;
                        pacer.pass(Duration::from_millis(at), *fps)
                    })
                    .count()
            })
            .collect()
    }

    /// GR-05: the rate follows at once, whatever the camera's own rate is.
    #[test]
    fn the_frames_that_pass_follow_the_rate_that_is_set() {
        for camera in [15, 25, 30] {
            let counts = passed(camera, &[15, 15, 15, 4, 4, 4, 10, 10, 1, 1]);
            for (count, wanted) in counts.iter().zip([15, 15, 15, 4, 4, 4, 10, 10, 1, 1]) {
                assert!(count.abs_diff(wanted) <= 1, "{camera}: {counts:?}");
            }
        }
        assert_eq!(
            passed(5, &[15, 15]),
            [5, 5],
            "a slow camera is not slowed down"
        );
    }

    #[test]
    fn the_rate_is_measured_over_the_last_seconds() {
        let mut pacer = Pacer::default();
        for frame in 0..100u64 {
            pacer.pass(Duration::from_millis(frame * 40), 5);
        }
        assert!((pacer.measured() - 5.0).abs() < 0.3, "{}", pacer.measured());
    }

    #[test]
    fn a_rate_that_no_one_may_set_is_refused_and_a_hot_machine_lowers_what_is_done() {
        let ceiling = Ceiling::default();
        let rate = Rate::new(10, &ceiling);
        assert!(rate.set(0).unwrap_err().contains("from 1 to 15"));
        assert!(rate.set(16).is_err());
        rate.set(12).unwrap();
        ceiling.set(4, false);
        assert_eq!((rate.wanted(), rate.allowed()), (12, 4));
        ceiling.set(15, false);
        assert_eq!(rate.allowed(), 12);
    }

    proptest! {
        #[test]
        fn never_more_frames_pass_than_the_rate_allows(
            gaps in prop::collection::vec(0u64..200, 1..300), fps in 1u8..=15,
        ) {
            let mut pacer = Pacer::default();
            let mut now = 100_000;
            let mut passed = 0u64;
            for gap in &gaps {
                now += gap;
                passed += u64::from(pacer.pass(Duration::from_millis(now), fps));
            }
            let span = gaps.iter().sum::<u64>();
            prop_assert!(passed <= span * u64::from(fps) / 1000 * 2 + 3);
        }
    }
}
