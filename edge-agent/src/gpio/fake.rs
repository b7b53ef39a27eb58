//! Files in place of pins: moves are lines of JSON, inputs come from a script.
//!
//! The script is read again when it changes. It is either a list of steps from the start on,
//! `[{"at_ms": 500, "input": "loop", "active": true}]`, or the levels that hold at this moment, `{"loop": true}`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use contract::time::Clock;
use serde::Deserialize;

use crate::gpio::Barrier;
use crate::gpio::Input;
use crate::gpio::Inputs;
use crate::gpio::PinError;
use crate::gpio::Pins;

/// How long the arm of the fake takes.
const TRAVEL: Duration = Duration::from_millis(300);

/// Scripted pins.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Every move is appended to this file as a line of JSON.
    pub moves: PathBuf,
    /// The names of the inputs.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// The script of the inputs; it may be missing or come later.
    #[serde(default)]
    pub script: Option<PathBuf>,
    /// `limit_open` and `limit_closed` follow the arm.
    #[serde(default)]
    pub limits: bool,
    /// The relay holds: what the last agent told the arm still holds at the next start.
    #[serde(default)]
    pub hold: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Script {
    Steps(Vec<Step>),
    Levels(BTreeMap<String, bool>),
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Step {
    at_ms: u64,
    input: String,
    active: bool,
}

impl Script {
    fn level(&self, input: &str, since_start: Duration) -> bool {
        match self {
            Self::Levels(levels) => levels.get(input).copied().unwrap_or(false),
            Self::Steps(steps) => steps
                .iter()
                .filter(|step| {
                    step.input == input && Duration::from_millis(step.at_ms) <= since_start
                })
                .max_by_key(|step| step.at_ms)
                .is_some_and(|step| step.active),
        }
    }
}

/// The arm: whether it was told to go up, and when.
#[derive(Clone, Copy, Default)]
struct Arm {
    up: bool,
    told: Duration,
}

type SharedArm = Arc<Mutex<Arm>>;

pub(super) fn open(config: &Config, clock: &Clock) -> Result<Pins, PinError> {
    let arm = SharedArm::default();
    let start = clock.monotonic();
    let mut inputs = Inputs::new();
    for name in &config.inputs {
        let input = Scripted {
            name: name.clone(),
            path: config.script.clone(),
            read: None,
            start,
            clock: clock.clone(),
        };
        inputs.insert(name.clone(), Box::new(input));
    }
    if config.limits {
        for up in [true, false] {
            let name = if up { "limit_open" } else { "limit_closed" };
            let limit = Limit {
                arm: Arc::clone(&arm),
                up,
                clock: clock.clone(),
            };
            inputs.insert(name.to_owned(), Box::new(limit));
        }
    }
    let barrier = Logged {
        path: config.moves.clone(),
        arm,
        clock: clock.clone(),
    };
    // A file that can't be written is found at the start, not with the first car.
    barrier.log_file()?;
    let moves = std::fs::read_to_string(&config.moves).map_err(|why| fault(&config.moves, &why))?;
    let last = moves
        .lines()
        .last()
        .and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    Ok(Pins {
        is_up: config.hold && last.is_some_and(|last| last["action"] == "open"),
        barrier: Box::new(barrier),
        inputs,
    })
}

struct Logged {
    path: PathBuf,
    arm: SharedArm,
    clock: Clock,
}

impl Logged {
    fn log_file(&self) -> Result<std::fs::File, PinError> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(|error| fault(&self.path, &error))
    }

    fn log(&self, action: &str, up: bool) -> Result<Option<Duration>, PinError> {
        let now = self.clock.monotonic();
        let line = serde_json::json!({
            "at": self.clock.wall().to_string(),
            "monotonic_ms": u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            "action": action,
        });
        // One write, so that a process killed here leaves whole lines.
        self.log_file()?
            .write_all(format!("{line}\n").as_bytes())
            .map_err(|error| fault(&self.path, &error))?;
        *self.arm.lock().unwrap_or_else(PoisonError::into_inner) = Arm { up, told: now };
        Ok(None)
    }
}

impl Barrier for Logged {
    fn open(&mut self) -> Result<Option<Duration>, PinError> {
        self.log("open", true)
    }

    fn close(&mut self) -> Result<Option<Duration>, PinError> {
        self.log("close", false)
    }

    fn rest(&mut self) -> Result<(), PinError> {
        Ok(())
    }
}

/// Tells one version of a file from the next: time, inode, length.
type Version = (i64, i64, u64, u64);

struct Scripted {
    name: String,
    path: Option<PathBuf>,
    /// The script as it was read, with the file's version then.
    read: Option<(Version, Script)>,
    start: Duration,
    clock: Clock,
}

impl Input for Scripted {
    fn is_active(&mut self) -> Result<bool, PinError> {
        let Some(path) = &self.path else {
            return Ok(false);
        };
        let Ok(meta) = std::fs::metadata(path) else {
            self.read = None;
            return Ok(false);
        };
        // A file's time alone is too coarse: two scripts can come in one tick of it.
        let changed = (meta.mtime(), meta.mtime_nsec(), meta.ino(), meta.len());
        if self.read.as_ref().is_none_or(|(read, _)| *read != changed) {
            let bytes = std::fs::read(path).map_err(|error| fault(path, &error))?;
            let script = serde_json::from_slice(&bytes).map_err(|error| fault(path, &error))?;
            self.read = Some((changed, script));
        }
        let since_start = self.clock.monotonic().saturating_sub(self.start);
        Ok(self
            .read
            .as_ref()
            .is_some_and(|(_, script)| script.level(&self.name, since_start)))
    }
}

struct Limit {
    arm: SharedArm,
    up: bool,
    clock: Clock,
}

impl Input for Limit {
    fn is_active(&mut self) -> Result<bool, PinError> {
        let arm = *self.arm.lock().unwrap_or_else(PoisonError::into_inner);
        let arrived = self.clock.monotonic() >= arm.told + TRAVEL;
        Ok(arm.up == self.up && arrived)
    }
}

fn fault(path: &Path, why: &dyn std::fmt::Display) -> PinError {
    PinError {
        pin: path.display().to_string(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use contract::time::Timestamp;

    use super::*;

    fn config(dir: &Path) -> Config {
        Config {
            moves: dir.join("pins.log"),
            inputs: vec!["loop".into(), "safety".into()],
            script: Some(dir.join("inputs.json")),
            limits: true,
            hold: false,
        }
    }

    #[test]
    fn opening_pins_moves_nothing_and_moves_are_lines() {
        let dir = tempfile::tempdir().unwrap();
        let (clock, hand) = Clock::manual(Timestamp::from_millis(0));
        let mut pins = open(&config(dir.path()), &clock).unwrap();
        let moves = || std::fs::read_to_string(dir.path().join("pins.log")).unwrap();
        assert_eq!(moves(), "");
        pins.barrier.open().unwrap();
        hand.advance(Duration::from_secs(1));
        pins.barrier.close().unwrap();
        let actions: Vec<serde_json::Value> = moves()
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["action"].clone())
            .collect();
        assert_eq!(actions, ["open", "close"]);
    }

    #[test]
    fn inputs_follow_a_script_of_steps() {
        let dir = tempfile::tempdir().unwrap();
        let steps = r#"[{"at_ms": 500, "input": "loop", "active": true}, {"at_ms": 900, "input": "loop", "active": false}]"#;
        std::fs::write(dir.path().join("inputs.json"), steps).unwrap();
        let (clock, hand) = Clock::manual(Timestamp::from_millis(0));
        let mut pins = open(&config(dir.path()), &clock).unwrap();
        let mut level = |advance: u64| {
            hand.advance(Duration::from_millis(advance));
            pins.inputs.get_mut("loop").unwrap().is_active().unwrap()
        };
        assert_eq!(
            [level(0), level(500), level(399), level(1)],
            [false, true, true, false]
        );
    }

    #[test]
    fn inputs_follow_levels_and_a_broken_script_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (clock, _hand) = Clock::manual(Timestamp::from_millis(0));
        let mut pins = open(&config(dir.path()), &clock).unwrap();
        let safety = pins.inputs.get_mut("safety").unwrap();
        assert!(!safety.is_active().unwrap());
        std::fs::write(dir.path().join("inputs.json"), r#"{"safety": true}"#).unwrap();
        assert!(safety.is_active().unwrap());
        let broken = dir.path().join("other.json");
        std::fs::write(&broken, "nonsense").unwrap();
        std::fs::rename(&broken, dir.path().join("inputs.json")).unwrap();
        let seen = safety.is_active();
        assert!(seen.is_err_and(|error| error.to_string().contains("inputs.json")));
    }

    #[test]
    fn limits_follow_the_arm() {
        let dir = tempfile::tempdir().unwrap();
        let (clock, hand) = Clock::manual(Timestamp::from_millis(0));
        let mut pins = open(&config(dir.path()), &clock).unwrap();
        hand.advance(TRAVEL);
        pins.barrier.open().unwrap();
        let mut up = || {
            pins.inputs
                .get_mut("limit_open")
                .unwrap()
                .is_active()
                .unwrap()
        };
        assert!(!up());
        hand.advance(TRAVEL);
        assert!(up());
    }
}
