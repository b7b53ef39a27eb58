//! Which hub to try next, and how long to wait before it. Pure.

use std::time::Duration;

/// The first wait after a failure.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The hubs that this edge may talk to, in order of preference.
#[derive(Clone, Debug)]
pub struct Hubs {
    addresses: Vec<String>,
    current: usize,
    failures: u32,
}

impl Hubs {
    /// A list in order of preference.
    pub fn new(addresses: Vec<String>) -> Self {
        Self {
            addresses,
            current: 0,
            failures: 0,
        }
    }

    /// The hub to try; none if the list is empty.
    pub fn current(&self) -> Option<&str> {
        self.addresses.get(self.current).map(String::as_str)
    }

    /// The hub answered and welcomed this edge: stay with it.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The hub did not answer: the next one is tried. Returns how long to wait before it; `jitter` is 0 to 1.
    pub fn failed(&mut self, jitter: f64) -> Duration {
        if !self.addresses.is_empty() {
            self.current = (self.current + 1) % self.addresses.len();
        }
        // Every hub of the list is tried once before the wait grows.
        let rounds = self.failures / u32::try_from(self.addresses.len().max(1)).unwrap_or(1);
        self.failures = self.failures.saturating_add(1);
        let whole = FIRST_WAIT
            .saturating_mul(1u32.checked_shl(rounds.min(16)).unwrap_or(u32::MAX))
            .min(LONGEST_WAIT);
        // Half of it is random, so that a hundred edges do not come back in one moment.
        whole.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_its_limit_and_falls_after_a_success() {
        let mut hubs = Hubs::new(vec!["a:1".into()]);
        assert_eq!(hubs.failed(1.0), Duration::from_millis(500));
        assert_eq!(hubs.failed(1.0), Duration::from_secs(1));
        assert_eq!(hubs.failed(0.0), Duration::from_secs(1));
        for _ in 0..100 {
            assert!(hubs.failed(1.0) <= LONGEST_WAIT);
        }
        hubs.succeeded();
        assert_eq!(hubs.failed(1.0), Duration::from_millis(500));
    }

    #[test]
    fn a_failure_moves_on_to_the_next_hub_and_a_success_stays() {
        let mut hubs = Hubs::new(vec!["a:1".into(), "b:1".into()]);
        assert_eq!(hubs.current(), Some("a:1"));
        hubs.failed(0.5);
        assert_eq!(hubs.current(), Some("b:1"));
        hubs.succeeded();
        assert_eq!(hubs.current(), Some("b:1"));
        hubs.failed(0.5);
        assert_eq!(hubs.current(), Some("a:1"));
    }

    #[test]
    fn an_empty_list_has_no_hub() {
        let mut hubs = Hubs::new(vec![]);
        hubs.failed(0.5);
        assert_eq!(hubs.current(), None);
    }
}
