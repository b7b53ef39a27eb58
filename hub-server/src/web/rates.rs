//! How often anybody may call: so many requests in so long a time, by address and route, and by account or key and
//! route. Time comes from the hub's clock. `governor` does the counting (GCRA: no window to wait for the end of).

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::ids::AccountId;
use governor::Quota;
use governor::RateLimiter;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// After so many requests the counts of those who have been quiet are forgotten.
const TIDY_EVERY: u32 = 4096;

/// The console's files of one page, about.
const FILES_A_PAGE: u32 = 50;

/// So many requests in so long a time, written `600/1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    requests: NonZeroU32,
    per: Duration,
}

/// The section `[web.rates]`: thresholds of each caller on each route.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// What holds on a route that is not named below.
    pub each: Rate,
    /// Routes with a threshold of their own, as `"POST /api/v1/session"`.
    pub routes: BTreeMap<String, Rate>,
}

impl Default for Rates {
    fn default() -> Self {
        let routes = [
            ("POST /api/v1/permits/import", "30/1m"),
            ("POST /api/v1/session", "60/1m"),
            ("POST /api/v1/setup", "30/1m"),
        ];
        let routes = routes
            .into_iter()
            .filter_map(|(route, rate)| Some((route.to_owned(), rate.parse().ok()?)));
        Self {
            each: Rate {
                requests: NonZeroU32::MIN.saturating_add(599),
                per: Duration::from_secs(60),
            },
            routes: routes.collect(),
        }
    }
}

impl Rates {
    /// What holds on the console's files: a page is some fifty of them, and an office may share one address.
    pub(super) fn of_files(&self) -> Rate {
        let most = NonZeroU32::MIN.saturating_add(FILES_A_PAGE - 1);
        Rate {
            requests: self.each.requests.saturating_mul(most),
            per: self.each.per,
        }
    }

    /// What holds on a route.
    pub(super) fn of(&self, method: &str, path: &str) -> Rate {
        let named = self.routes.get(&format!("{method} {path}"));
        named.copied().unwrap_or(self.each)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no rate such as \"600/1m\" (requests, then the time for them)");
        let (requests, per) = text.split_once('/').ok_or_else(wrong)?;
        let requests = requests.trim().parse().map_err(|_| wrong())?;
        let per =
            humantime_serde::re::humantime::parse_duration(per.trim()).map_err(|_| wrong())?;
        if per.is_zero() || per > Duration::from_secs(24 * 60 * 60) {
            return Err(format!("{text:?}: a rate is for a time of up to a day"));
        }
        if per / u32::from(requests) < Duration::from_nanos(1) {
            return Err(wrong());
        }
        Ok(Self { requests, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = humantime_serde::re::humantime::format_duration(self.per);
        write!(f, "{}/{per}", self.requests)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Everybody at an address; of IPv6 a /64, which is one household.
    Address(IpAddr),
    /// An account, from wherever it calls.
    Account(AccountId),
    /// One of an account's keys, by its name.
    Key(AccountId, String),
}

impl Who {
    pub(super) fn at(address: IpAddr) -> Self {
        Self::Address(household(address))
    }
}

/// Who counts as one: an IPv4 address in both its forms, and a whole /64 of IPv6.
pub(super) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
    }
}

/// The hub's clock as the counting asks for it.
struct Ticking(contract::time::Clock);

impl governor::clock::Clock for Ticking {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// The threshold of one route.
pub(super) struct Threshold {
    counted: RateLimiter<Who, HashMapStateStore<Who>, Ticking, NoOpMiddleware<Duration>>,
    clock: contract::time::Clock,
    since_tidy: AtomicU32,
}

impl Threshold {
    pub(super) fn new(rate: Rate, clock: contract::time::Clock) -> Self {
        // A period of at least a nanosecond: parsing refuses others.
        let quota = Quota::with_period(rate.per / u32::from(rate.requests))
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(rate.requests);
        Self {
            counted: RateLimiter::new(quota, HashMapStateStore::default(), Ticking(clock.clone())),
            clock,
            since_tidy: AtomicU32::new(0),
        }
    }

    /// Counts a request, or says how long to wait before the next.
    pub(super) fn pass(&self, who: &Who) -> Result<(), Duration> {
        if self.since_tidy.fetch_add(1, Ordering::Relaxed) >= TIDY_EVERY {
            self.since_tidy.store(0, Ordering::Relaxed);
            self.counted.retain_recent();
        }
        self.counted
            .check_key(who)
            .map_err(|until| until.wait_time_from(self.clock.monotonic()))
    }
}

#[cfg(test)]
mod tests {
    use contract::time::Clock;
    use contract::time::Timestamp;

    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn a_rate_is_read_as_it_is_written_and_nonsense_is_named() {
        for text in ["600/1m", "1/1day", "30/10s"] {
            assert_eq!(rate(text).to_string(), text);
        }
        for odd in [
            "",
            "600",
            "0/1m",
            "-1/1m",
            "600/",
            "600/0s",
            "600/2days",
            "4000000000/1ns",
            "x/1m",
            "1/1m/1m",
        ] {
            assert!(odd.parse::<Rate>().is_err(), "{odd}");
        }
    }

    /// SE-21: over the threshold one waits; others, by address or by account, do not.
    #[test]
    fn a_burst_is_let_through_and_then_as_many_as_the_rate_says() {
        let (clock, hand) = Clock::manual(Timestamp::from_millis(0));
        let threshold = Threshold::new(rate("6/1m"), clock);
        let who = Who::at("192.0.2.1".parse().unwrap());
        for _ in 0..6 {
            assert_eq!(threshold.pass(&who), Ok(()));
        }
        let wait = threshold.pass(&who).unwrap_err();
        assert!(
            wait > Duration::from_secs(9) && wait <= Duration::from_secs(10),
            "{wait:?}"
        );
        let other = Who::at("192.0.2.2".parse().unwrap());
        assert_eq!(threshold.pass(&other), Ok(()));
        hand.advance(Duration::from_secs(10));
        assert_eq!(threshold.pass(&who), Ok(()));
        assert!(threshold.pass(&who).is_err());
        hand.advance(Duration::from_secs(60));
        for _ in 0..6 {
            assert_eq!(threshold.pass(&who), Ok(()));
        }
    }

    #[test]
    fn a_household_counts_as_one_and_the_quiet_are_forgotten() {
        let (clock, hand) = Clock::manual(Timestamp::from_millis(0));
        let threshold = Threshold::new(rate("1/1m"), clock);
        let in_house = |last: &str| Who::at(format!("2001:db8::{last}").parse().unwrap());
        assert_eq!(threshold.pass(&in_house("1")), Ok(()));
        assert!(threshold.pass(&in_house("2")).is_err());
        let mapped = Who::at("::ffff:192.0.2.1".parse().unwrap());
        assert_eq!(mapped, Who::at("192.0.2.1".parse().unwrap()));
        for number in 0..TIDY_EVERY * 3 {
            hand.advance(Duration::from_millis(100));
            let _ = threshold.pass(&Who::at(IpAddr::V4(number.into())));
        }
        assert!(
            threshold.counted.len() < TIDY_EVERY as usize * 2,
            "{}",
            threshold.counted.len()
        );
    }
}
