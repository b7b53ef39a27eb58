//! Permits: what lets a plate through a gate, and the book of them that a gate decides by.

use minicbor::Decode;
use minicbor::Encode;
use serde::Deserialize;
use serde::Serialize;

use crate::ids::GateId;
use crate::ids::PermitId;
use crate::plate::Plate;
use crate::time::Timestamp;
use crate::vehicle::Description;

/// Minutes in a day; the end of a span may be 1440, midnight of the next day.
pub const MINUTES_PER_DAY: u16 = 1440;

/// A span of one weekday, in minutes after local midnight: `from` is inside, `until` is not.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
pub struct Span {
    /// 0 is Monday, 6 is Sunday.
    #[n(0)]
    pub weekday: u8,
    /// First minute of the day, 0 to 1439.
    #[n(1)]
    pub from_minute: u16,
    /// First minute after the span, 1 to 1440, later than `from_minute`.
    #[n(2)]
    pub until_minute: u16,
}

/// When in the week a permit holds. No spans: always.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct WeekSchedule {
    /// The spans, in any order; they may overlap.
    #[n(0)]
    pub spans: Vec<Span>,
}

/// Why a schedule is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No such weekday.
    #[error("weekday {0} is not one of 0 (Monday) to 6 (Sunday)")]
    Weekday(u8),
    /// A span that ends before it begins or lies outside the day.
    #[error(
        "a span runs from minute 0..1439 to a later minute up to 1440, not from {from} to {until}"
    )]
    Bounds {
        /// First minute given.
        from: u16,
        /// Last minute given.
        until: u16,
    },
    /// More spans than a person would write.
    #[error("a schedule has at most 64 spans, not {0}")]
    TooMany(usize),
}

impl WeekSchedule {
    /// Checks every span.
    pub fn check(&self) -> Result<(), ScheduleError> {
        if self.spans.len() > 64 {
            return Err(ScheduleError::TooMany(self.spans.len()));
        }
        for span in &self.spans {
            if span.weekday > 6 {
                return Err(ScheduleError::Weekday(span.weekday));
            }
            if span.from_minute >= span.until_minute || span.until_minute > MINUTES_PER_DAY {
                return Err(ScheduleError::Bounds {
                    from: span.from_minute,
                    until: span.until_minute,
                });
            }
        }
        Ok(())
    }

    /// Whether the schedule holds at this minute of this local weekday.
    pub fn covers(&self, weekday: u8, minute: u16) -> bool {
        self.spans.is_empty()
            || self
                .spans
                .iter()
                .any(|s| s.weekday == weekday && s.from_minute <= minute && minute < s.until_minute)
    }
}

/// What lets a plate through a gate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Permit {
    /// Its identity at the hub.
    #[n(0)]
    pub id: PermitId,
    /// The plate that it lets through.
    #[n(1)]
    pub plate: Plate,
    /// From this moment on; none means always.
    #[n(2)]
    pub valid_from: Option<Timestamp>,
    /// Until just before this moment; none means for ever.
    #[n(3)]
    pub valid_until: Option<Timestamp>,
    /// When in the week.
    #[n(4)]
    pub schedule: WeekSchedule,
    /// At which gates; empty means every gate that has the book.
    #[n(5)]
    pub gates: Vec<GateId>,
    /// A denied plate: it is known, and it does not open.
    #[n(6)]
    pub denied: bool,
    /// What it says of its vehicle; none if nothing.
    #[n(7)]
    #[serde(default)]
    pub vehicle: Option<Description>,
}

/// All permits of a gate's organisation at one version. A gate decides by exactly one book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct PermitBook {
    /// Rises with every change at the hub.
    #[n(0)]
    pub version: u64,
    /// The IANA time zone in which schedules are meant, for example `Europe/Madrid`.
    #[n(1)]
    pub time_zone: String,
    /// The permits.
    #[n(2)]
    pub permits: Vec<Permit>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_schedule_always_holds() {
        assert!(WeekSchedule::default().covers(6, 0));
    }

    #[test]
    fn a_span_holds_from_its_first_minute_to_just_before_its_last() {
        let schedule = WeekSchedule {
            spans: vec![Span {
                weekday: 0,
                from_minute: 480,
                until_minute: 1440,
            }],
        };
        schedule.check().unwrap();
        assert!(!schedule.covers(0, 479));
        assert!(schedule.covers(0, 480));
        assert!(schedule.covers(0, 1439));
        assert!(!schedule.covers(1, 600));
    }

    #[test]
    fn impossible_spans_are_named() {
        let with = |weekday, from_minute, until_minute| {
            WeekSchedule {
                spans: vec![Span {
                    weekday,
                    from_minute,
                    until_minute,
                }],
            }
            .check()
            .unwrap_err()
        };
        assert_eq!(with(7, 0, 1), ScheduleError::Weekday(7));
        assert_eq!(
            with(1, 600, 600),
            ScheduleError::Bounds {
                from: 600,
                until: 600
            }
        );
        assert_eq!(
            with(1, 0, 1441),
            ScheduleError::Bounds {
                from: 0,
                until: 1441
            }
        );
    }
}
