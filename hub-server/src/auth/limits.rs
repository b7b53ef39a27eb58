//! How many failed log-ins an address has. Pure but for its lock: time comes in as a parameter.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use contract::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::rights::Seeded;

/// Which kind of people somebody belongs to: each has counters of its own, so that customers who mistype at the counter's
/// address never keep staff out, nor staff customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// Who works for the organisation.
    #[default]
    Staff,
    /// Who is its customer.
    Customer,
}

impl Principal {
    /// What an account of the role of this name is. The role Customer of the start keeps its name.
    pub fn of_role(name: &str) -> Self {
        if name == Seeded::Customer.name() {
            Self::Customer
        } else {
            Self::Staff
        }
    }
}

/// Addresses that are remembered; beyond that the ones seen longest ago go.
const LARGEST: usize = 10_000;

/// Failed attempts by address.
pub struct Attempts {
    allowed: usize,
    window: Duration,
    failures: Mutex<BTreeMap<IpAddr, Vec<Timestamp>>>,
}

impl Attempts {
    /// Allows `allowed` failures in each `window`.
    pub fn new(allowed: usize, window: Duration) -> Self {
        Self {
            allowed,
            window,
            failures: Mutex::new(BTreeMap::new()),
        }
    }

    /// Counts an attempt before it is made, so that many at once can't slip through. `Err` says how long to wait.
    pub fn begin(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let mut failures = self.lock();
        if failures.len() >= LARGEST {
            self.forget(&mut failures, now);
        }
        let list = failures.entry(network(address)).or_default();
        list.retain(|at| now.since(*at) < self.window);
        if list.len() >= self.allowed
            && let Some(first) = list.first()
        {
            return Err(self.window.saturating_sub(now.since(*first)));
        }
        list.push(now);
        Ok(())
    }

    /// The attempt that began last at this address was no failure.
    pub fn succeeded(&self, address: IpAddr) {
        let mut failures = self.lock();
        let network = network(address);
        if let Some(list) = failures.get_mut(&network) {
            list.pop();
            if list.is_empty() {
                failures.remove(&network);
            }
        }
    }

    fn forget(&self, failures: &mut BTreeMap<IpAddr, Vec<Timestamp>>, now: Timestamp) {
        failures.retain(|_, list| list.iter().any(|at| now.since(*at) < self.window));
        if failures.len() >= LARGEST {
            // A flood from more addresses than we remember: the counts start anew rather than grow for ever.
            failures.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Vec<Timestamp>>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One household has a whole /64 of IPv6, so it counts as one address; an IPv4 address counts alike in both forms.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
    }
}
