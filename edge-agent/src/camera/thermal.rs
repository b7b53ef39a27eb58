//! The thermal ladder: what a hot or overloaded machine gives up, step by step. Pure: readings are parameters.
//!
//! Fewer frames come first, then the detector's fine pass at a smaller scale, then fewer frames still.
//! Each step down about halves what recognition costs; it comes at once when the machine is too hot. An overloaded machine
//! that is not hot gives up the first step only. A step up comes after the machine was cool for a while, so that the ladder
//! does not swing. What can't be read counts as cool.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

/// What each step leaves: the most frames a second that are looked at, and whether far plates are sought coarsely.
const STEPS: [Step; 5] = [
    Step::full(15),
    Step::full(8),
    Step::coarse(8),
    Step::coarse(4),
    Step::coarse(1),
];
/// A machine whose work of the last minute is this many times what its cores can do is overloaded.
const OVERLOADED: f32 = 2.0;
const RELAXED: f32 = 1.2;
/// The lowest step that load alone leads to: the work may be another program's, and less of ours would not help.
const LOWEST_FOR_LOAD: usize = 1;
/// From one step down to the next the machine gets so long to cool.
const SETTLES: Duration = Duration::from_secs(20);

/// Section `[thermal]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file with the temperature in thousandths of a degree; without such a file only the load counts.
    #[serde(default = "zone")]
    pub zone: std::path::PathBuf,
    /// From this temperature on, in degrees Celsius, less is looked at.
    #[serde(default = "hot")]
    pub hot_celsius: f32,
    /// Below this one, for a while, more again.
    #[serde(default = "cool")]
    pub cool_celsius: f32,
    /// How long it must be cool.
    #[serde(default = "calm", with = "humantime_serde")]
    pub calm: Duration,
}

fn zone() -> std::path::PathBuf {
    "/sys/class/thermal/thermal_zone0/temp".into()
}

fn hot() -> f32 {
    75.0
}

fn cool() -> f32 {
    68.0
}

fn calm() -> Duration {
    Duration::from_secs(60)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            zone: zone(),
            hot_celsius: hot(),
            cool_celsius: cool(),
            calm: calm(),
        }
    }
}

impl Config {
    /// What is wrong with this section: key, and value with what is allowed.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if !(40.0..=110.0).contains(&self.hot_celsius) {
            let why = format!("{} is not from 40 to 110", self.hot_celsius);
            faults.push(("hot_celsius".to_owned(), why));
        }
        let below = self.hot_celsius - 1.0;
        if !(20.0..=below).contains(&self.cool_celsius) {
            let why = format!(
                "{} is not from 20 to {below}, one below hot_celsius",
                self.cool_celsius
            );
            faults.push(("cool_celsius".to_owned(), why));
        }
        let seconds = self.calm.as_secs();
        if !(5..=3600).contains(&seconds) {
            faults.push((
                "calm".to_owned(),
                format!("{:?} is not from 5s to 3600s", self.calm),
            ));
        }
        faults
    }
}

/// How the machine is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// The processor's temperature, if it can be read.
    pub celsius: Option<f32>,
    /// The work of the last minute, as a multiple of what the cores can do.
    pub load: Option<f32>,
}

/// What one step leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The most frames a second that are looked at.
    pub most_fps: u8,
    /// Far plates are sought at a smaller scale.
    pub is_coarse: bool,
}

impl Step {
    const fn full(most_fps: u8) -> Self {
        Self {
            most_fps,
            is_coarse: false,
        }
    }

    const fn coarse(most_fps: u8) -> Self {
        Self {
            most_fps,
            is_coarse: true,
        }
    }
}

/// Where the ladder stands, for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// 0 is everything; each step gives up more.
    pub step: u8,
    /// The most frames a second that are looked at.
    pub most_fps: u8,
    /// Far plates are sought at a smaller scale, too.
    pub is_coarse: bool,
    /// The processor's temperature, if it can be read.
    pub celsius: Option<f32>,
    /// The work of the last minute, as a multiple of what the cores can do.
    pub load: Option<f32>,
}

/// The ladder.
#[derive(Clone, Debug)]
pub struct Ladder {
    config: Config,
    step: usize,
    /// When it last went down.
    lowered: Option<Duration>,
    /// Since when the machine is cool.
    calm_since: Option<Duration>,
}

impl Ladder {
    /// At the top.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            step: 0,
            lowered: None,
            calm_since: None,
        }
    }

    /// Takes a reading. Returns the new step if it changed.
    pub fn take(&mut self, now: Duration, reading: Reading) -> Option<u8> {
        let above = |value: Option<f32>, limit: f32| value.is_some_and(|value| value >= limit);
        let lowest = if above(reading.celsius, self.config.hot_celsius) {
            STEPS.len() - 1
        } else if above(reading.load, OVERLOADED) {
            LOWEST_FOR_LOAD
        } else {
            0
        };
        let warm = above(reading.celsius, self.config.cool_celsius);
        let busy = above(reading.load, RELAXED) && self.step <= LOWEST_FOR_LOAD;
        let before = self.step;
        if self.step < lowest {
            self.calm_since = None;
            let settled = self
                .lowered
                .is_none_or(|lowered| now.saturating_sub(lowered) >= SETTLES);
            if settled {
                self.step += 1;
                self.lowered = Some(now);
            }
        } else if warm || busy {
            self.calm_since = None;
        } else {
            let since = *self.calm_since.get_or_insert(now);
            if self.step > 0 && now.saturating_sub(since) >= self.config.calm {
                self.step -= 1;
                self.calm_since = Some(now);
            }
        }
        (self.step != before).then(|| self.number())
    }

    /// What it leaves where it stands.
    pub fn leaves(&self) -> Step {
        STEPS[self.step]
    }

    /// Where it stands, with the reading that it stands there for.
    pub fn report(&self, reading: Reading) -> Report {
        Report {
            step: self.number(),
            most_fps: self.leaves().most_fps,
            is_coarse: self.leaves().is_coarse,
            celsius: reading.celsius,
            load: reading.load,
        }
    }

    fn number(&self) -> u8 {
        u8::try_from(self.step).unwrap_or(u8::MAX)
    }
}

/// The temperature that a thermal zone's file holds, in degrees Celsius.
pub fn celsius_of(text: &str) -> Option<f32> {
    let thousandths: i32 = text.trim().parse().ok()?;
    let celsius = thousandths as f32 / 1000.0;
    (-60.0..=200.0).contains(&celsius).then_some(celsius)
}

/// The load of the last minute from `/proc/loadavg`, for so many cores.
pub fn load_of(text: &str, cores: usize) -> Option<f32> {
    let load: f32 = text.split_whitespace().next()?.parse().ok()?;
    (load.is_finite() && load >= 0.0).then(|| load / cores.max(1) as f32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One reading every five seconds; the rates that hold after each.
    fn rates(celsius: &[f32]) -> Vec<u8> {
        steps(celsius).iter().map(|step| step.most_fps).collect()
    }

    fn steps(celsius: &[f32]) -> Vec<Step> {
        let mut ladder = Ladder::new(Config::default());
        celsius
            .iter()
            .zip(0u64..)
            .map(|(celsius, number)| {
                let reading = Reading {
                    celsius: Some(*celsius),
                    load: None,
                };
                ladder.take(Duration::from_secs(5 * number), reading);
                ladder.leaves()
            })
            .collect()
    }

    #[test]
    fn a_hot_machine_gives_up_step_by_step_and_gets_time_to_cool_between_them() {
        let held = steps(&[
            60.0, 74.9, 76.0, 76.0, 76.0, 76.0, 76.0, 77.0, 77.0, 77.0, 80.0, 85.0, 85.0, 85.0,
            90.0, 90.0, 90.0, 90.0, 90.0,
        ]);
        let mut left = vec![Step::full(15); 2];
        for step in [Step::full(8), Step::coarse(8), Step::coarse(4)] {
            left.extend([step; 4]);
        }
        left.extend([Step::coarse(1); 5]);
        assert_eq!(held, left);
    }

    #[test]
    fn it_comes_back_only_after_it_was_cool_for_a_while() {
        let mut celsius = vec![80.0];
        celsius.extend([70.0; 40]);
        assert_eq!(
            rates(&celsius).last(),
            Some(&8),
            "between the two limits nothing changes"
        );
        let mut celsius = vec![80.0];
        celsius.extend([60.0; 11]);
        celsius.push(70.0);
        celsius.extend([60.0; 12]);
        let held = rates(&celsius);
        assert!(
            held[1..].iter().all(|rate| *rate == 8),
            "one warm reading begins it anew: {held:?}"
        );
        celsius.push(60.0);
        assert_eq!(rates(&celsius).last(), Some(&15));
    }

    #[test]
    fn an_overloaded_machine_counts_as_hot_and_an_unreadable_one_as_cool() {
        let mut ladder = Ladder::new(Config::default());
        let overloaded = Reading {
            celsius: None,
            load: Some(3.0),
        };
        assert_eq!(ladder.take(Duration::ZERO, overloaded), Some(1));
        let busy_for_long = ladder.clone().take(Duration::from_secs(600), overloaded);
        assert_eq!(busy_for_long, None, "load alone gives up one step");
        let report = ladder.report(overloaded);
        assert_eq!(
            (report.step, report.most_fps, report.load),
            (1, 8, Some(3.0))
        );
        let later = Duration::from_secs(1);
        assert_eq!(ladder.take(later, Reading::default()), None);
        assert_eq!(
            ladder.take(Duration::from_secs(61), Reading::default()),
            Some(0)
        );
    }

    #[test]
    fn what_the_system_says_is_read_or_left_aside() {
        assert_eq!(celsius_of("48312\n"), Some(48.312));
        assert_eq!(celsius_of("999999999"), None);
        assert_eq!(celsius_of("hot"), None);
        assert_eq!(load_of("3.00 1.00 0.50 2/345 6789\n", 4), Some(0.75));
        assert_eq!(load_of("NaN", 4), None);
        assert_eq!(load_of("", 4), None);
    }

    #[test]
    fn limits_that_do_not_fit_are_named_with_what_is_allowed() {
        let config = Config {
            hot_celsius: 300.0,
            cool_celsius: 300.0,
            calm: Duration::ZERO,
            ..Config::default()
        };
        let keys: Vec<String> = config.faults().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["hot_celsius", "cool_celsius", "calm"]);
        assert_eq!(Config::default().faults(), []);
    }

    proptest! {
        #[test]
        fn any_readings_move_it_one_step_at_a_time(
            readings in prop::collection::vec((prop::option::of(prop::num::f32::ANY), prop::option::of(0.0f32..9.0), 0u64..90), 0..60),
        ) {
            let mut ladder = Ladder::new(Config::default());
            let (mut now, mut step) = (0, 0i16);
            for (celsius, load, gap) in readings {
                now += gap;
                ladder.take(Duration::from_secs(now), Reading { celsius, load });
                let next = i16::from(ladder.report(Reading::default()).step);
                prop_assert!((next - step).abs() <= 1 && next < 5);
                step = next;
            }
        }

        #[test]
        fn any_text_of_the_system_is_read_or_left_aside(text in ".{0,40}") {
            celsius_of(&text);
            load_of(&text, 0);
        }
    }
}
