//! Planted faults: the process kills itself at a named point, so that tests can cut it off anywhere.
//!
//! Points: `receive`, `commit-before`, `commit-after`, `ack`. In release builds a point is nothing.

#[cfg(debug_assertions)]
use std::sync::OnceLock;
#[cfg(debug_assertions)]
use std::sync::atomic::AtomicU64;
#[cfg(debug_assertions)]
use std::sync::atomic::Ordering;

#[cfg(debug_assertions)]
static PLAN: OnceLock<(String, u64)> = OnceLock::new();
#[cfg(debug_assertions)]
static PASSED: AtomicU64 = AtomicU64::new(0);

/// Plants the fault `name:nth`: the process dies at the nth passing of the point. Returns whether the text is a plan.
#[cfg(debug_assertions)]
pub fn plant(plan: &str) -> bool {
    let Some((name, nth)) = plan.split_once(':') else {
        return false;
    };
    let Ok(nth) = nth.parse() else { return false };
    PLAN.set((name.to_owned(), nth)).is_ok()
}

/// Passes a point; dies here, as by a power cut, if the plan says so.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    if let Some((planned, nth)) = PLAN.get()
        && planned == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth
    {
        let me = rustix::process::getpid();
        let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}

/// Release builds plant nothing.
#[cfg(not(debug_assertions))]
pub fn plant(_plan: &str) -> bool {
    false
}

/// Release builds pass every point.
#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}
