//! Statistics: how much came to the gates and what became of it, over a range of time.
//!
//! The store counts by quarters of an hour, so that a month is a few thousand rows, and every time zone's hours and days
//! are made of whole quarters. [`buckets`] puts them together and is pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use contract::ids::GateId;
use contract::ids::SiteId;
use contract::time::Timestamp;
use contract::time::rfc3339;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Reach;
use crate::fleet;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// A quarter of an hour in milliseconds.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// The length of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// An hour of the time zone.
    Hour,
    /// A day of the time zone: 23 or 25 hours when clocks change.
    Day,
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Only this site; all within reach otherwise.
    pub site: Option<SiteId>,
    /// From here.
    pub from: Timestamp,
    /// Until just before here.
    pub until: Timestamp,
}

/// Counts of passages and of vehicles that came and left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StatisticsCounts)]
pub struct Counts {
    /// Vehicles that came in.
    #[schema(example = 128)]
    pub entries: i64,
    /// Vehicles that went out.
    #[schema(example = 121)]
    pub exits: i64,
    /// Passages for which the gate opened by itself.
    #[schema(example = 240)]
    pub opened: i64,
    /// Passages that were denied.
    #[schema(example = 4)]
    pub denied: i64,
    /// Passages that the gate asked about.
    #[schema(example = 9)]
    pub asked: i64,
    /// Passages whose plate no permit has.
    #[schema(example = 7)]
    pub unknown: i64,
    /// Passages without a readable plate.
    #[schema(example = 2)]
    pub unread: i64,
}

/// The counts of an hour or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StatisticsBucket)]
pub struct Bucket {
    /// When it begins.
    #[serde(serialize_with = "rfc3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What is counted in it.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Stays that began in the range and have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stays {
    /// How many.
    pub ended: i64,
    /// Their length together.
    pub total_ms: i64,
}

/// Times that barriers opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Openings {
    /// All of them.
    pub all: i64,
    /// Those that a person ordered.
    pub by_hand: i64,
}

/// What waits for a person's look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// Visits with a missing end.
    pub unpaired: i64,
    /// Vehicles on site since before the moment asked for.
    pub long: i64,
}

/// Counts by quarters of an hour, by their beginning.
pub type Quarters = BTreeMap<i64, Counts>;

impl Counts {
    /// Adds others to these.
    pub fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.exits += other.exits;
        self.opened += other.opened;
        self.denied += other.denied;
        self.asked += other.asked;
        self.unknown += other.unknown;
        self.unread += other.unread;
    }
}

/// Counts passages and crossings by quarters of an hour.
pub fn quarters(tx: &mut Tx, reach: Reach, asked: Asked) -> Result<Quarters, StoreError> {
    let (within, values) = range(reach, asked);
    let mut quarters = Quarters::new();
    for row in tx.list(
        &format!(
            "SELECT at / {QUARTER_MS}, outcome, reason, COUNT(*) FROM passages \
             WHERE organisation = $1 AND at >= $2 AND at < $3{within} GROUP BY 1, 2, 3"
        ),
        &values,
    )? {
        let counts = quarters.entry(row.int(0)? * QUARTER_MS).or_default();
        let (outcome, reason, count) = (row.text(1)?, row.text(2)?, row.int(3)?);
        match outcome.as_str() {
            "open" => counts.opened += count,
            "deny" => counts.denied += count,
            _ => counts.asked += count,
        }
        match reason.as_str() {
            "unknown" => counts.unknown += count,
            "no_plate" => counts.unread += count,
            _ => {}
        }
    }
    for row in tx.list(
        &format!(
            "SELECT at / {QUARTER_MS}, direction, COUNT(*) FROM crossings \
             WHERE organisation = $1 AND at >= $2 AND at < $3{within} GROUP BY 1, 2"
        ),
        &values,
    )? {
        let counts = quarters.entry(row.int(0)? * QUARTER_MS).or_default();
        match row.text(1)?.as_str() {
            "entry" => counts.entries += row.int(2)?,
            _ => counts.exits += row.int(2)?,
        }
    }
    Ok(quarters)
}

/// Counts the stays that began in the range and have ended.
pub fn stays(tx: &mut Tx, reach: Reach, asked: Asked) -> Result<Stays, StoreError> {
    let (within, values) = range(reach, asked);
    let row = tx.one(
        &format!(
            "SELECT COUNT(*), CAST(COALESCE(SUM(left_at - entered_at), 0) AS BIGINT) FROM visits \
             WHERE organisation = $1 AND at >= $2 AND at < $3{within} AND state = 'closed' \
             AND entered_at IS NOT NULL AND left_at IS NOT NULL"
        ),
        &values,
    )?;
    Ok(Stays {
        ended: row.int(0)?,
        total_ms: row.int(1)?,
    })
}

/// Counts how often barriers opened, and how often of these by a person's order.
pub fn openings(tx: &mut Tx, reach: Reach, asked: Asked) -> Result<Openings, StoreError> {
    // Moves know their gate; which gates are meant, the fleet says.
    let gates: BTreeSet<GateId> = fleet::gates::list_gates(tx, reach)?
        .into_iter()
        .filter(|gate| asked.site.is_none_or(|site| site == gate.site))
        .map(|gate| gate.id)
        .collect();
    let mut openings = Openings::default();
    for row in tx.list(
        "SELECT gate, cause, COUNT(*) FROM barrier_moves WHERE organisation = $1 AND event_at >= $2 \
         AND event_at < $3 AND action IN ('open', 'hold_open') GROUP BY 1, 2",
        &[
            reach.organisation.into(),
            asked.from.into(),
            asked.until.into(),
        ],
    )? {
        if gates.contains(&row.id(0)?) {
            openings.all += row.int(2)?;
            if row.text(1)? == "order" {
                openings.by_hand += row.int(2)?;
            }
        }
    }
    Ok(openings)
}

/// Counts visits that somebody should look at; `long_before` is the moment before which a stay that goes on began.
pub fn unsettled(
    tx: &mut Tx,
    reach: Reach,
    long_before: Timestamp,
) -> Result<Unsettled, StoreError> {
    let within = Reach::clause("site", 3);
    let row = tx.one(
        &format!(
            "SELECT COUNT(CASE WHEN state = 'unpaired' THEN 1 END), COUNT(CASE WHEN state = 'open' AND at < $1 THEN 1 END) \
             FROM visits WHERE organisation = $2{within} AND state IN ('unpaired', 'open')"
        ),
        &[long_before.into(), reach.organisation.into(), reach.value()],
    )?;
    Ok(Unsettled {
        unpaired: row.int(0)?,
        long: row.int(1)?,
    })
}

/// Whether any passage was ever taken in.
pub fn any_passage(tx: &mut Tx, reach: Reach) -> Result<bool, StoreError> {
    let within = Reach::clause("site", 2);
    let found = tx.find(
        &format!("SELECT 1 FROM passages WHERE organisation = $1{within} LIMIT 1"),
        &[reach.organisation.into(), reach.value()],
    )?;
    Ok(found.is_some())
}

/// The least time since `from` between an event by an edge whose clock NTP keeps and its arrival, in milliseconds: less
/// than nothing if the hub's clock is behind. `None` without such an event.
pub fn least_delay(tx: &mut Tx, reach: Reach, from: Timestamp) -> Result<Option<i64>, StoreError> {
    let within = Reach::clause("site", 3);
    tx.one(
        &format!(
            "SELECT MIN(received_at - event_at) FROM passages WHERE organisation = $1 AND at >= $2{within} \
             AND time_quality = 'ntp'"
        ),
        &[reach.organisation.into(), from.into(), reach.value()],
    )?
    .opt_int(0)
}

/// Puts quarters together into hours or days of a time zone, empty ones too, in order.
pub fn buckets(quarters: &Quarters, asked: Asked, step: Step, zone: &TimeZone) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = starts(asked, step, zone)
        .into_iter()
        .map(|at| Bucket {
            at,
            counts: Counts::default(),
        })
        .collect();
    for (at, counts) in quarters {
        let after = buckets.partition_point(|bucket| bucket.at.as_millis() <= *at);
        if let Some(bucket) = after
            .checked_sub(1)
            .and_then(|place| buckets.get_mut(place))
        {
            bucket.counts.add(counts);
        }
    }
    buckets
}

/// When the hours or days of the range begin; the first may begin before it.
fn starts(asked: Asked, step: Step, zone: &TimeZone) -> Vec<Timestamp> {
    let until = asked.until.as_millis();
    let Ok(first) = jiff::Timestamp::from_millisecond(asked.from.as_millis()) else {
        return Vec::new();
    };
    let first = first.to_zoned(zone.clone());
    let begun = match step {
        Step::Day => first.start_of_day(),
        Step::Hour => first
            .with()
            .minute(0)
            .second(0)
            .subsec_nanosecond(0)
            .build(),
    };
    let mut starts = Vec::new();
    let mut next = begun.ok();
    while let Some(start) = next {
        let at = start.timestamp().as_millisecond();
        if at >= until {
            break;
        }
        starts.push(Timestamp::from_millis(at));
        let span = match step {
            Step::Day => 1.day(),
            Step::Hour => 1.hour(),
        };
        next = start.checked_add(span).ok();
    }
    starts
}

/// What bounds the rows, behind `organisation = $1 AND at >= $2 AND at < $3`, and its values.
fn range(reach: Reach, asked: Asked) -> (String, Vec<Value>) {
    let mut within = Reach::clause("site", 4);
    let mut values = vec![
        reach.organisation.into(),
        asked.from.into(),
        asked.until.into(),
        reach.value(),
    ];
    if let Some(site) = asked.site {
        within.push_str(" AND site = $5");
        values.push(site.into());
    }
    (within, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(from: &str, until: &str) -> Asked {
        let at = |text: &str| {
            let at: jiff::Timestamp = text.parse().unwrap();
            Timestamp::from_millis(at.as_millisecond())
        };
        Asked {
            site: None,
            from: at(from),
            until: at(until),
        }
    }

    fn one_each(asked: Asked) -> Quarters {
        let quarters =
            (asked.from.as_millis() / QUARTER_MS)..(asked.until.as_millis() / QUARTER_MS);
        let counts = Counts {
            opened: 1,
            ..Counts::default()
        };
        quarters.map(|n| (n * QUARTER_MS, counts)).collect()
    }

    /// AC-07: days are those of the site, whatever its zone, and none is lost when clocks change.
    #[test]
    fn days_are_the_sites_own_also_when_clocks_change() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        // From Saturday's midnight to Monday's, over the night in which an hour is left out.
        let asked_for = asked("2026-03-27T23:00:00Z", "2026-03-29T22:00:00Z");
        let days = buckets(&one_each(asked_for), asked_for, Step::Day, &madrid);
        let opened: Vec<i64> = days.iter().map(|day| day.counts.opened).collect();
        assert_eq!(opened, [96, 92]);
        let hours = buckets(&one_each(asked_for), asked_for, Step::Hour, &madrid);
        assert_eq!(hours.len(), 47);
        assert!(hours.iter().all(|hour| hour.counts.opened == 4));
    }

    #[test]
    fn a_zone_of_a_quarter_hour_has_whole_hours_and_a_range_begins_where_it_was_asked() {
        let kathmandu = TimeZone::get("Asia/Kathmandu").unwrap();
        let asked_for = asked("2026-05-01T00:30:00Z", "2026-05-01T03:30:00Z");
        let hours = buckets(&one_each(asked_for), asked_for, Step::Hour, &kathmandu);
        let opened: Vec<i64> = hours.iter().map(|hour| hour.counts.opened).collect();
        assert_eq!(opened, [3, 4, 4, 1]);
    }

    #[test]
    fn an_empty_range_has_no_buckets() {
        let utc = TimeZone::UTC;
        let nothing = asked("2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z");
        assert_eq!(buckets(&Quarters::new(), nothing, Step::Day, &utc), []);
    }
}
