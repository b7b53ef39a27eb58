//! Directives: instructions that the hub leaves for an edge; the edge collects them in order.

use minicbor::Decode;
use minicbor::Encode;

use crate::event::BarrierAction;
use crate::ids::GateId;
use crate::ids::OrderId;
use crate::permit::PermitBook;
use crate::time::Timestamp;

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Directive {
    /// Rises with every directive for this edge; the edge acknowledges up to a number.
    #[n(0)]
    pub number: u64,
    /// What to do.
    #[n(1)]
    pub instruction: Instruction,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Instruction {
    /// Take this permit book in place of the old one, whole or not at all.
    #[n(0)]
    TakeBook(#[n(0)] PermitBook),
    /// Move a barrier because a person said so.
    #[n(1)]
    Order(#[n(0)] Order),
}

/// A person's order to move a barrier. It expires within seconds and runs at most once: reconnecting never opens
/// an empty lane.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Order {
    /// Its identity; an edge carries out each once.
    #[n(0)]
    pub id: OrderId,
    /// Which barrier.
    #[n(1)]
    pub gate: GateId,
    /// What to do.
    #[n(2)]
    pub action: BarrierAction,
    /// The hub's time when it was given.
    #[n(3)]
    pub given_at: Timestamp,
    /// How long it holds, in milliseconds from `given_at` by the hub's clock.
    #[n(4)]
    pub holds_ms: u32,
}
