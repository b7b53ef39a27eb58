//! Places where a test kills this process: only in builds with debug assertions, and only when told to.
//!
//! `GATEWARDEN_FAULT=append:3` (read by config.rs) ends the process with SIGKILL when it passes the point `append` for
//! the third time. Points: `append` (before and after the sync), `arm` (before and after the pin changes), `send` (a
//! batch is written), `ack` (an acknowledgement came and is not recorded).

use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// When to die.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    point: String,
    passing: u32,
}

static PLAN: OnceLock<(Plan, AtomicU32)> = OnceLock::new();

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("a fault is written name:nth, for example append:3, not {text:?}");
        let (point, passing) = text.split_once(':').ok_or_else(wrong)?;
        let passing = passing.parse().map_err(|_| wrong())?;
        if point.is_empty() || passing == 0 {
            return Err(wrong());
        }
        Ok(Self {
            point: point.to_owned(),
            passing,
        })
    }
}

/// Arms the plan for the rest of this process's life.
pub fn arm(plan: Plan) {
    // A second plan is ignored: the first one is as good.
    let _ = PLAN.set((plan, AtomicU32::new(0)));
}

/// Dies here if the plan says so.
pub fn point(name: &str) {
    if cfg!(debug_assertions)
        && let Some((plan, passed)) = PLAN.get()
        && plan.point == name
        && passed.fetch_add(1, Ordering::SeqCst) + 1 == plan.passing
    {
        die();
    }
}

fn die() {
    // The `kill` of the system's shell-free way: no destructor, no flush, as a power switch would do it.
    let pid = rustix::process::getpid();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_name_and_a_count() {
        let plan: Plan = "append:3".parse().unwrap();
        assert_eq!((plan.point.as_str(), plan.passing), ("append", 3));
        for wrong in ["append", "append:", "append:0", ":1", "append:x"] {
            assert!(wrong.parse::<Plan>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn points_without_a_plan_do_nothing() {
        point("append");
    }
}
