//! Verdicts: open, deny or ask, and why.

use minicbor::Decode;
use minicbor::Encode;
use serde::Deserialize;
use serde::Serialize;

use crate::ids::PermitId;

/// What the gate shall do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Open.
    #[n(0)]
    Open,
    /// Stay closed.
    #[n(1)]
    Deny,
    /// Stay closed until a person decides.
    #[n(2)]
    Ask,
}

/// Why.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A permit holds for this plate here and at this time.
    #[n(0)]
    Permitted,
    /// The plate is in the book as denied.
    #[n(1)]
    Denied,
    /// No permit has this plate.
    #[n(2)]
    Unknown,
    /// The permit is not valid yet.
    #[n(3)]
    NotYetValid,
    /// The permit is no longer valid.
    #[n(4)]
    Expired,
    /// Outside the permit's week schedule.
    #[n(5)]
    OutsideSchedule,
    /// The permit does not name this gate.
    #[n(6)]
    OtherGate,
    /// The read is not sure enough to open.
    #[n(7)]
    Unsure,
    /// The read could be two permits: never opens.
    #[n(8)]
    Ambiguous,
    /// The permit has limits in time, and nobody set this clock yet.
    #[n(9)]
    TimeUnknown,
    /// Something came by without a readable plate.
    #[n(10)]
    NoPlate,
}

/// What the gate decided, and by what.
#[derive(Clone, Debug, PartialEq, Encode, Decode, Serialize, Deserialize)]
pub struct Verdict {
    /// What to do.
    #[n(0)]
    pub outcome: Outcome,
    /// Why.
    #[n(1)]
    pub reason: Reason,
    /// The permit that decided, if one did.
    #[n(2)]
    pub permit: Option<PermitId>,
    /// The version of the permit book that was asked.
    #[n(3)]
    pub book_version: u64,
    /// How likely it is, 0 to 1, that the vehicle is the one of `permit`; none without either, or from builds before this.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f32>,
    /// The likeliest other plate of the book; none if no other is worth naming.
    #[n(5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<RunnerUp>,
}

/// A plate of the book that the read may be instead.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode, Serialize, Deserialize)]
pub struct RunnerUp {
    /// A permit of that plate, whether it holds or not.
    #[n(0)]
    pub permit: PermitId,
    /// How likely it is, 0 to 1, that the vehicle is that one.
    #[n(1)]
    pub probability: f32,
}
