//! What time it is at the hub, from question and answer. Pure: monotonic time is a parameter.

use std::time::Duration;

use contract::directive::Order;
use contract::time::Timestamp;

/// The best answer so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubTime {
    best: Option<Sample>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    time: Timestamp,
    asked: Duration,
    answered: Duration,
}

/// An answer this old is replaced by any newer one: clocks drift, and a person may have set the hub's.
const OLD: Duration = Duration::from_secs(60);

impl HubTime {
    /// Takes an answer: the hub said `time` somewhere between `asked` and `answered`. Returns whether it is the best
    /// one now: the one with the shortest way, unless that one is old.
    pub fn take(&mut self, time: Timestamp, asked: Duration, answered: Duration) -> bool {
        let way = answered.saturating_sub(asked);
        let better = self.best.is_none_or(|best| {
            way <= best.answered.saturating_sub(best.asked)
                || answered.saturating_sub(best.answered) > OLD
        });
        if better {
            self.best = Some(Sample {
                time,
                asked,
                answered,
            });
        }
        better
    }

    /// The latest that the hub's clock can show at `now`: orders are judged by it, so that doubt closes and does not
    /// open. None before the first answer.
    pub fn latest(&self, now: Duration) -> Option<Timestamp> {
        self.best
            .map(|best| best.time.plus(now.saturating_sub(best.asked)))
    }

    /// The monotonic moment in the middle of the best answer's way, with the hub's time there.
    pub fn middle(&self) -> Option<(Timestamp, Duration)> {
        self.best
            .map(|best| (best.time, (best.asked + best.answered) / 2))
    }

    /// How long an order that was sent at `sent_at` still holds at `now`; none if it does not. `sent_at` is only ever a
    /// reason to expire earlier: a message can lie on its way for minutes.
    pub fn remaining(&self, order: &Order, sent_at: Timestamp, now: Duration) -> Option<Duration> {
        let hub_now = self.latest(now)?.max(sent_at);
        // An order of the future is of a clock that jumped: what it would open for is not known.
        if order.given_at > hub_now {
            return None;
        }
        let until = order
            .given_at
            .plus(Duration::from_millis(u64::from(order.holds_ms)));
        let left = until.since(hub_now);
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use contract::event::BarrierAction;
    use contract::ids::GateId;
    use contract::ids::OrderId;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn order(given_at: i64) -> Order {
        Order {
            id: OrderId::new(at(0), [1; 10]),
            gate: GateId::new(at(0), [2; 10]),
            action: BarrierAction::Open,
            given_at: at(given_at),
            holds_ms: 10_000,
        }
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn an_order_holds_for_its_time_by_the_hubs_clock() {
        let mut time = HubTime::default();
        assert_eq!(
            time.remaining(&order(1_000_000), at(1_000_000), ms(0)),
            None
        );
        assert!(time.take(at(1_000_000), ms(500), ms(510)));
        assert_eq!(
            time.remaining(&order(1_000_000), at(1_000_000), ms(1_500)),
            Some(ms(9_000))
        );
        assert_eq!(
            time.remaining(&order(1_000_000), at(1_000_000), ms(10_500)),
            None
        );
    }

    #[test]
    fn an_order_that_lay_on_its_way_is_late_although_it_was_sent_in_time() {
        let mut time = HubTime::default();
        time.take(at(1_000_000), ms(0), ms(1));
        let left = time.remaining(&order(1_000_000), at(1_000_100), ms(60_000));
        assert_eq!(left, None);
    }

    #[test]
    fn an_order_of_the_future_does_not_open() {
        let mut time = HubTime::default();
        time.take(at(1_000_000), ms(0), ms(1));
        assert_eq!(
            time.remaining(&order(9_000_000), at(1_000_000), ms(1)),
            None
        );
    }

    #[test]
    fn the_shortest_way_is_believed_until_it_is_old() {
        let mut time = HubTime::default();
        assert!(time.take(at(1_000), ms(0), ms(10)));
        assert!(!time.take(at(2_000), ms(1_000), ms(1_400)));
        assert!(time.take(at(3_000), ms(2_000), ms(2_005)));
        assert!(time.take(at(70_000), ms(69_000), ms(69_900)));
        assert_eq!(time.latest(ms(70_000)), Some(at(71_000)));
    }
}
