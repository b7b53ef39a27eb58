//! Orders of people on their way from the hub's link or the panel to the gates. The link has recorded an order for good
//! and judged it by the hub's time before it is handed on; the gate looks at the deadline again before it moves the arm.

use std::time::Duration;

use contract::directive::Order;
use tokio::sync::mpsc;

/// An order that is to be carried out at most once, and not after its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// What the person ordered.
    pub order: Order,
    /// The monotonic time from which on it must not be carried out.
    pub expires_monotonic: Duration,
}

impl OrderRequest {
    /// Whether it is too late; `now` is monotonic.
    pub fn is_late(&self, now: Duration) -> bool {
        now >= self.expires_monotonic
    }
}

/// Where orders are put in.
pub type OrderSender = mpsc::Sender<OrderRequest>;
/// Where the gates take them out; each is answered by appending an `OrderDone`.
pub type OrderReceiver = mpsc::Receiver<OrderRequest>;

/// Makes the way for orders. It holds 16: a person gives one at a time, and an order that finds it full is answered as
/// expired, because it could only be carried out late.
pub fn channel() -> (OrderSender, OrderReceiver) {
    mpsc::channel(16)
}

#[cfg(test)]
mod tests {
    use contract::event::BarrierAction;
    use contract::ids::GateId;
    use contract::ids::OrderId;
    use contract::time::Timestamp;

    use super::*;

    #[test]
    fn an_order_is_late_from_its_deadline_on() {
        let at = Timestamp::from_millis(0);
        let request = OrderRequest {
            order: Order {
                id: OrderId::new(at, [1; 10]),
                gate: GateId::new(at, [2; 10]),
                action: BarrierAction::Open,
                given_at: at,
                holds_ms: 10_000,
            },
            expires_monotonic: Duration::from_secs(5),
        };
        assert!(!request.is_late(Duration::from_millis(4_999)));
        assert!(request.is_late(Duration::from_secs(5)));
    }
}
