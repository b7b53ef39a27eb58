//! Stamps moments, and says how far the wall clock can be trusted.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use contract::time::Clock;
use contract::time::Moment;
use contract::time::TimeQuality;
use contract::time::Timestamp;

/// Wall clocks before this moment (2026-01-01) are not set: the program is younger.
const PLAUSIBLE: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// The edge's idea of time; clones share it. The hub's time is kept as an offset: the agent never sets the machine's
/// clock.
#[derive(Clone)]
pub struct Timekeeper(Arc<Shared>);

struct Shared {
    clock: Clock,
    boot: String,
    /// The wall clock is kept by something that we can't see (chrony, PTP, a battery): the configuration says so.
    trusted: bool,
    /// systemd-timesyncd touches this file when the clock is synchronised.
    ntp_mark: PathBuf,
    hub: Mutex<Option<HubTime>>,
}

/// The hub's time against our monotonic time, so that jumps of the wall clock do not matter.
#[derive(Clone, Copy)]
struct HubTime {
    time: Timestamp,
    at: Duration,
}

impl Timekeeper {
    /// Makes a timekeeper. `boot` names this process's run; `trusted` counts the machine's clock as kept by NTP.
    pub fn new(clock: Clock, boot: String, trusted: bool) -> Self {
        Self::with_mark(
            clock,
            boot,
            trusted,
            PathBuf::from("/run/systemd/timesync/synchronized"),
        )
    }

    fn with_mark(clock: Clock, boot: String, trusted: bool, ntp_mark: PathBuf) -> Self {
        Self(Arc::new(Shared {
            clock,
            boot,
            trusted,
            ntp_mark,
            hub: Mutex::new(None),
        }))
    }

    /// The clock underneath.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Names this process's run; monotonic times compare only within it.
    pub fn boot(&self) -> &str {
        &self.0.boot
    }

    /// Takes the hub's time, which was `time` when our monotonic clock stood at `at` (the middle of the round trip).
    pub fn take_hub_time(&self, time: Timestamp, at: Duration) {
        let mut hub = self.0.hub.lock().unwrap_or_else(PoisonError::into_inner);
        *hub = Some(HubTime { time, at });
    }

    /// The present moment with its quality.
    pub fn now(&self) -> Moment {
        let monotonic = self.0.clock.monotonic();
        let (wall, quality) = self.wall_at(monotonic);
        Moment {
            wall,
            monotonic_ms: u64::try_from(monotonic.as_millis()).unwrap_or(u64::MAX),
            boot: self.0.boot.clone(),
            quality,
        }
    }

    /// The best wall time there is.
    pub fn wall(&self) -> Timestamp {
        self.wall_at(self.0.clock.monotonic()).0
    }

    /// How far [`Self::wall`] can be trusted.
    pub fn quality(&self) -> TimeQuality {
        self.wall_at(self.0.clock.monotonic()).1
    }

    fn wall_at(&self, monotonic: Duration) -> (Timestamp, TimeQuality) {
        let machine = self.0.clock.wall();
        if machine >= PLAUSIBLE && (self.0.trusted || self.0.ntp_mark.exists()) {
            return (machine, TimeQuality::Ntp);
        }
        let hub = *self.0.hub.lock().unwrap_or_else(PoisonError::into_inner);
        match hub {
            Some(HubTime { time, at }) => {
                let wall = time.plus(monotonic.saturating_sub(at));
                (wall, TimeQuality::Hub)
            }
            None => (machine, TimeQuality::Unsynced),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(wall: Timestamp, trusted: bool) -> (Timekeeper, Arc<contract::time::ManualClock>) {
        let (clock, hand) = Clock::manual(wall);
        let absent = PathBuf::from("/nonexistent/synchronized");
        (
            Timekeeper::with_mark(clock, "boot".into(), trusted, absent),
            hand,
        )
    }

    #[test]
    fn a_clock_that_nobody_set_is_unsynced_until_the_hub_says_the_time() {
        let (time, hand) = keeper(Timestamp::from_millis(1_000), false);
        assert_eq!(time.quality(), TimeQuality::Unsynced);
        let hub = PLAUSIBLE.plus(Duration::from_secs(60));
        time.take_hub_time(hub, Duration::ZERO);
        hand.advance(Duration::from_secs(5));
        let now = time.now();
        assert_eq!(now.wall, hub.plus(Duration::from_secs(5)));
        assert_eq!(now.quality, TimeQuality::Hub);
    }

    #[test]
    fn a_jump_of_the_wall_clock_does_not_move_the_hubs_time() {
        let (time, hand) = keeper(PLAUSIBLE, false);
        time.take_hub_time(PLAUSIBLE, Duration::ZERO);
        hand.jump_to(Timestamp::from_millis(0));
        assert_eq!(time.wall(), PLAUSIBLE);
    }

    #[test]
    fn a_trusted_clock_before_the_programs_birth_is_not_believed() {
        let (time, _hand) = keeper(Timestamp::from_millis(0), true);
        assert_eq!(time.quality(), TimeQuality::Unsynced);
        let (time, _hand) = keeper(PLAUSIBLE, true);
        assert_eq!(time.quality(), TimeQuality::Ntp);
    }
}
