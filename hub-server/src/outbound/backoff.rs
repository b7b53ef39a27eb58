//! When to try again. Pure: how often it failed and since when in, an answer out.

use std::time::Duration;

use contract::time::Timestamp;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
pub const LONGEST: Duration = Duration::from_secs(60 * 60);
/// After this long an event is a dead letter.
pub const PATIENCE: Duration = Duration::from_secs(72 * 60 * 60);
/// After this long without one success a receiver is given up until a person turns it on.
pub const GIVE_UP: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// How long to wait after the n-th failure in a row, from 1: doubling from a second to an hour.
pub fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(12);
    FIRST.saturating_mul(1 << doublings).min(LONGEST)
}

/// Whether an event that was seen at `seen` has waited too long.
pub fn is_too_old(seen: Timestamp, now: Timestamp) -> bool {
    now.since(seen) >= PATIENCE
}

/// Whether a receiver that fails since `since` is given up.
pub fn is_given_up(since: Timestamp, now: Timestamp) -> bool {
    now.since(since) >= GIVE_UP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_a_second_to_an_hour() {
        let seconds: Vec<u64> = (1..=14).map(|n| pause(n).as_secs()).collect();
        assert_eq!(
            seconds,
            [
                1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600
            ]
        );
        assert_eq!(pause(0), FIRST);
        assert_eq!(pause(u32::MAX), LONGEST);
    }
}
