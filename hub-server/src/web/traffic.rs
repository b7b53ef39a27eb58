//! Who calls how often: requests by address over the last hour, in memory, for administrators to look at. Pure but for
//! its lock: time comes in as a parameter.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use contract::ids::OrganisationId;
use contract::time::Timestamp;

/// Addresses that are remembered; beyond that the half that was seen longest ago goes.
const MOST: usize = 4096;
/// Minutes that are remembered.
const MINUTES: usize = 60;

/// Requests by address.
#[derive(Default)]
pub(super) struct Traffic {
    seen: Mutex<BTreeMap<(IpAddr, Option<OrganisationId>), Seen>>,
}

#[derive(Clone)]
struct Seen {
    last: Timestamp,
    /// Requests and refusals of each minute; the place is the minute modulo their number.
    minutes: [(u32, u32); MINUTES],
}

/// What came from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) address: IpAddr,
    /// Whether they came with a log-in or a key of the organisation that asks.
    pub(super) is_known: bool,
    pub(super) last_minute: u32,
    pub(super) last_hour: u32,
    pub(super) refused_last_hour: u32,
    pub(super) last_seen: Timestamp,
}

impl Traffic {
    /// Counts a request by somebody of this organisation, or by nobody who is known.
    pub(super) fn note(
        &self,
        address: IpAddr,
        organisation: Option<OrganisationId>,
        is_refused: bool,
        now: Timestamp,
    ) {
        let mut seen = self.lock();
        let key = (address, organisation);
        if seen.len() >= MOST && !seen.contains_key(&key) {
            forget(&mut seen);
        }
        let fresh = Seen {
            last: now,
            minutes: [(0, 0); MINUTES],
        };
        let one = seen.entry(key).or_insert(fresh);
        one.advance(now);
        let place = minute(now).rem_euclid(MINUTES as i64);
        if let Some(count) = usize::try_from(place)
            .ok()
            .and_then(|place| one.minutes.get_mut(place))
        {
            count.0 = count.0.saturating_add(1);
            count.1 = count.1.saturating_add(u32::from(is_refused));
        }
    }

    /// Lists the addresses that an organisation may know of: where its own people and keys call from, and who calls
    /// without a log-in. The busiest first.
    pub(super) fn list(&self, organisation: OrganisationId, now: Timestamp) -> Vec<Counted> {
        let mut seen = self.lock();
        let mut list: Vec<Counted> = seen
            .iter_mut()
            .filter(|((_, of), _)| of.is_none_or(|of| of == organisation))
            .map(|((address, of), one)| one.counted(*address, of.is_some(), now))
            .filter(|one| one.last_hour > 0)
            .collect();
        list.sort_by_key(|one| std::cmp::Reverse((one.last_hour, one.last_seen)));
        list
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(IpAddr, Option<OrganisationId>), Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Empties the minutes that passed since the last request.
    fn advance(&mut self, now: Timestamp) {
        let passed = minute(now).saturating_sub(minute(self.last));
        for step in 1..=passed.clamp(0, MINUTES as i64) {
            let place = minute(self.last)
                .saturating_add(step)
                .rem_euclid(MINUTES as i64);
            if let Some(count) = usize::try_from(place)
                .ok()
                .and_then(|place| self.minutes.get_mut(place))
            {
                *count = (0, 0);
            }
        }
        // A clock that is set back stays in the newest minute.
        self.last = self.last.max(now);
    }

    fn counted(&mut self, address: IpAddr, is_known: bool, now: Timestamp) -> Counted {
        let last_seen = self.last;
        self.advance(now);
        // The running minute and, as far as it is missing, the one before.
        let at = |ago: i64| {
            let place = minute(now).saturating_sub(ago).rem_euclid(MINUTES as i64);
            let count = usize::try_from(place)
                .ok()
                .and_then(|place| self.minutes.get(place));
            count.map_or(0, |count| count.0)
        };
        let into = now.as_millis().rem_euclid(60_000);
        let rest = i64::from(at(1)).saturating_mul(60_000 - into) / 60_000;
        let last_minute = at(0).saturating_add(u32::try_from(rest).unwrap_or(u32::MAX));
        let sum =
            |of: fn(&(u32, u32)) -> u32| self.minutes.iter().map(of).fold(0, u32::saturating_add);
        self.last = last_seen;
        Counted {
            address,
            is_known,
            last_minute,
            last_hour: sum(|count| count.0),
            refused_last_hour: sum(|count| count.1),
            last_seen,
        }
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(60_000)
}

fn forget(seen: &mut BTreeMap<(IpAddr, Option<OrganisationId>), Seen>) {
    let mut last: Vec<Timestamp> = seen.values().map(|one| one.last).collect();
    last.sort_unstable();
    if let Some(middle) = last.get(last.len() / 2).copied() {
        seen.retain(|_, one| one.last > middle);
    }
    if seen.len() >= MOST {
        // All at the same moment: a flood. Counting begins anew rather than growing for ever.
        seen.clear();
    }
}
