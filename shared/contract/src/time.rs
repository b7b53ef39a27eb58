//! Time as a parameter: UTC milliseconds, the quality of a clock, and the one place that reads it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use minicbor::Decode;
use minicbor::Encode;
use serde::Deserialize;
use serde::Serialize;

/// A moment in UTC, in milliseconds since 1970. The unit of the wire and of the store.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Timestamp(#[n(0)] i64);

impl Timestamp {
    /// The moment `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `by` later; saturates at the end of time.
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// How the API writes a [`Timestamp`], for `#[serde(serialize_with = "rfc3339::serialize")]`.
pub mod rfc3339 {
    use serde::Serializer;

    use super::Timestamp;

    /// Writes RFC 3339 in UTC, with milliseconds.
    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    /// Writes RFC 3339 in UTC, or null.
    pub fn option<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.collect_str(at),
            None => serializer.serialize_none(),
        }
    }
}

/// How far a wall clock can be trusted.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum TimeQuality {
    /// Nobody set this clock since the machine started.
    #[default]
    #[n(0)]
    Unsynced,
    /// Set from the hub's time.
    #[n(1)]
    Hub,
    /// Kept by NTP.
    #[n(2)]
    Ntp,
}

/// When something happened, so that order survives clock jumps: boot, monotonic time in it, wall time and its quality.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Moment {
    /// The wall clock.
    #[n(0)]
    pub wall: Timestamp,
    /// Milliseconds since this process's machine started.
    #[n(1)]
    pub monotonic_ms: u64,
    /// Which boot the monotonic time belongs to.
    #[n(2)]
    pub boot: String,
    /// How far the wall clock can be trusted.
    #[n(3)]
    pub quality: TimeQuality,
}

/// Where time comes from: the machine, or a test's hand. The only place that reads a clock.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clocks.
    System,
    /// Moved by hand.
    Manual(Arc<ManualClock>),
}

/// A clock that a test moves.
#[derive(Debug)]
pub struct ManualClock {
    wall_ms: AtomicI64,
    monotonic_ms: AtomicI64,
}

impl Clock {
    /// A clock that stands at `wall` until it is moved.
    pub fn manual(wall: Timestamp) -> (Self, Arc<ManualClock>) {
        let manual = Arc::new(ManualClock {
            wall_ms: AtomicI64::new(wall.as_millis()),
            monotonic_ms: AtomicI64::new(0),
        });
        (Self::Manual(Arc::clone(&manual)), manual)
    }

    /// The wall clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of the system clock"
    )]
    pub fn wall(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Manual(clock) => Timestamp::from_millis(clock.wall_ms.load(Ordering::SeqCst)),
        }
    }

    /// Time that only moves forward, from a fixed point of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of the system clock"
    )]
    pub fn monotonic(&self) -> Duration {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        match self {
            Self::System => START.get_or_init(std::time::Instant::now).elapsed(),
            Self::Manual(clock) => Duration::from_millis(
                clock
                    .monotonic_ms
                    .load(Ordering::SeqCst)
                    .max(0)
                    .unsigned_abs(),
            ),
        }
    }
}

impl ManualClock {
    /// Lets `by` pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.wall_ms.fetch_add(millis, Ordering::SeqCst);
        self.monotonic_ms.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the wall clock, as a person or NTP would; monotonic time does not move.
    pub fn jump_to(&self, wall: Timestamp) {
        self.wall_ms.store(wall.as_millis(), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_as_rfc3339_with_milliseconds() {
        assert_eq!(
            Timestamp::from_millis(1_700_000_000_123).to_string(),
            "2023-11-14T22:13:20.123Z"
        );
    }

    #[test]
    fn a_jump_of_the_wall_clock_leaves_monotonic_time_alone() {
        let (clock, hand) = Clock::manual(Timestamp::from_millis(0));
        hand.advance(Duration::from_secs(2));
        hand.jump_to(Timestamp::from_millis(-5));
        assert_eq!(clock.monotonic(), Duration::from_secs(2));
        assert_eq!(clock.wall().as_millis(), -5);
    }
}
