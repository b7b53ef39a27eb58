//! Events: facts that an edge reports, numbered without gaps within (edge, epoch).

use minicbor::Decode;
use minicbor::Encode;
use minicbor::bytes::ByteVec;
use serde::Deserialize;
use serde::Serialize;

use crate::ids::GateId;
use crate::ids::OrderId;
use crate::ids::PassageId;
use crate::sighting::Direction;
use crate::sighting::Heading;
use crate::sighting::Sighting;
use crate::sighting::Stages;
use crate::time::Moment;
use crate::time::Timestamp;
use crate::vehicle::Description;
use crate::verdict::Verdict;

/// Which life of an edge's numbering: a fresh spool takes a new, larger one.
pub type Epoch = u64;

/// One event as the spool keeps it, as it travels, and as the hub stores it verbatim: a hub keeps kinds that it
/// does not know yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Event {
    /// Number within the epoch, from 1, without gaps.
    #[n(0)]
    pub seq: u64,
    /// When it happened.
    #[n(1)]
    pub at: Moment,
    /// The gate that it concerns, if it concerns one.
    #[n(2)]
    pub gate: Option<GateId>,
    /// Which kind of fact `body` is.
    #[n(3)]
    pub kind: u16,
    /// The fact in CBOR.
    #[n(4)]
    pub body: ByteVec,
}

impl Event {
    /// Reads the body. `Ok(None)`: a kind that this build does not know.
    pub fn fact(&self) -> Result<Option<Fact>, minicbor::decode::Error> {
        Fact::decode(self.kind, &self.body)
    }
}

macro_rules! facts {
    ($($(#[$doc:meta])* $number:literal $name:ident),+ $(,)?) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(
            clippy::large_enum_variant,
            reason = "most facts are verdicts, and none is kept in memory for long"
        )]
        pub enum Fact {
            $($(#[$doc])* $name($name),)+
        }

        impl Fact {
            /// The kind's number on the wire.
            pub fn kind(&self) -> u16 {
                match self { $(Self::$name(_) => $number,)+ }
            }

            /// The kind's name, for logs and the API.
            pub fn kind_name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)+ }
            }

            /// The body in CBOR.
            pub fn encode(&self) -> Vec<u8> {
                let mut bytes = Vec::new();
                let written = match self { $(Self::$name(fact) => minicbor::encode(fact, &mut bytes),)+ };
                debug_assert!(written.is_ok(), "writing to memory does not fail");
                bytes
            }

            /// Reads a body of the kind given. `Ok(None)`: a kind that this build does not know.
            pub fn decode(kind: u16, body: &[u8]) -> Result<Option<Self>, minicbor::decode::Error> {
                match kind {
                    $($number => minicbor::decode(body).map(|fact| Some(Self::$name(fact))),)+
                    _ => Ok(None),
                }
            }
        }
    };
}

facts! {
    /// The agent started.
    1 Started,
    /// A gate judged a sighting; recorded before the arm moves.
    2 Judged,
    /// A barrier was told to move, or was refused.
    3 BarrierMoved,
    /// A passage is over.
    4 PassageEnded,
    /// An input changed, after debounce.
    5 InputChanged,
    /// An order from a person was carried out or refused.
    6 OrderDone,
    /// A camera went away, came back or froze.
    7 CameraChanged,
    /// A model can't be used.
    8 ModelChanged,
    /// A damaged spool was put aside; says what was lost.
    9 SpoolDamaged,
    /// A new permit book is in force.
    10 BookTaken,
    /// What a person set for a camera holds, or was refused.
    11 CameraSet,
    /// A hot or overloaded machine gives up more, or less, than before.
    12 HeatChanged,
}

/// The agent started.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Started {
    /// The agent's version.
    #[n(0)]
    pub version: String,
    /// Whether the last run ended cleanly.
    #[n(1)]
    pub clean: bool,
}

/// One picture kept as evidence. Its bytes follow the event, by their hash.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Evidence {
    /// What it shows.
    #[n(0)]
    pub kind: EvidenceKind,
    /// SHA-256 of the file's bytes, 32 bytes.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub sha256: [u8; 32],
    /// The file's size in bytes.
    #[n(2)]
    pub size_bytes: u64,
    /// Its type, for example `image/jpeg`.
    #[n(3)]
    pub media_type: String,
}

/// What a picture shows.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The whole frame that the winning read came from.
    #[n(0)]
    Frame,
    /// The plate.
    #[n(1)]
    Crop,
}

/// A gate judged a sighting.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Judged {
    /// What was seen.
    #[n(0)]
    pub sighting: Sighting,
    /// What was decided and why.
    #[n(1)]
    pub verdict: Verdict,
    /// Which way this gate lets through.
    #[n(2)]
    pub direction: Direction,
    /// How long each stage took up to the decision.
    #[n(3)]
    pub stages: Stages,
    /// The pictures kept.
    #[n(4)]
    pub evidence: Vec<Evidence>,
    /// `name@version` of each model that took part.
    #[n(5)]
    pub models: Vec<String>,
    /// What the permit says of its vehicle and what was seen surely contradicts; none if they agree, or either says nothing.
    #[n(6)]
    pub mismatch: Option<Description>,
}

/// What a barrier can be told.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum BarrierAction {
    /// Open, and close by itself later.
    #[n(0)]
    Open,
    /// Close, if nothing is under the arm.
    #[n(1)]
    Close,
    /// Open and stay open until told to close.
    #[n(2)]
    HoldOpen,
}

/// What made a barrier move.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Cause {
    /// The verdict of this passage.
    #[n(0)]
    Passage(#[n(0)] PassageId),
    /// An order of a person.
    #[n(1)]
    Order(#[n(0)] OrderId),
    /// The hold time ran out and the way is free.
    #[n(2)]
    HoldOver,
}

/// A barrier was told to move, or was refused. Recorded before the pin changes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BarrierMoved {
    /// What it was told.
    #[n(0)]
    pub action: BarrierAction,
    /// What made it move.
    #[n(1)]
    pub cause: Cause,
}

/// A passage is over: the vehicle is gone, and how the barrier moved is known.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PassageEnded {
    /// Which one.
    #[n(0)]
    pub passage: PassageId,
    /// The last frame or loop that showed it.
    #[n(1)]
    pub last_seen: Timestamp,
    /// How many frames showed it.
    #[n(2)]
    pub frames: u32,
    /// All stages, with recording and actuation.
    #[n(3)]
    pub stages: Stages,
    /// Which way it went through the picture, by all its frames; none if that is not clear.
    #[n(4)]
    pub heading: Option<Heading>,
}

/// An input changed, after debounce.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct InputChanged {
    /// Its name in the gate's configuration: `loop`, `safety`, `limit_open`, `tamper`.
    #[n(0)]
    pub input: String,
    /// Whether it is active.
    #[n(1)]
    pub active: bool,
}

/// How an order ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum OrderResult {
    /// The barrier was told.
    #[n(0)]
    Done,
    /// It came too late to be carried out.
    #[n(1)]
    Expired,
    /// It was carried out before; nothing moved again.
    #[n(2)]
    Repeated,
    /// The safety input forbade it.
    #[n(3)]
    Blocked,
    /// No such gate at this edge.
    #[n(4)]
    NoSuchGate,
    /// The barrier's pins refused: whether the arm moved is not known.
    #[n(5)]
    Failed,
}

/// An order from a person was carried out or refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OrderDone {
    /// Which order.
    #[n(0)]
    pub order: OrderId,
    /// How it ended.
    #[n(1)]
    pub result: OrderResult,
}

/// How a camera is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum CameraState {
    /// Frames arrive and change.
    #[n(0)]
    Live,
    /// No frames.
    #[n(1)]
    Offline,
    /// Frames arrive and never change.
    #[n(2)]
    Frozen,
}

/// A camera went away, came back or froze.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CameraChanged {
    /// Its name in the gate's configuration.
    #[n(0)]
    pub camera: String,
    /// How it is.
    #[n(1)]
    pub state: CameraState,
    /// What went wrong, without passwords.
    #[n(2)]
    pub why: String,
}

/// How a model is, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct ModelChanged {
    /// Its name: `plate-detector`, `plate-reader`.
    #[n(0)]
    pub name: String,
    /// Its version.
    #[n(1)]
    pub version: String,
    /// SHA-256 of its weights, in hex.
    #[n(2)]
    pub sha256: String,
    /// Input size as `width x height`, or the long side.
    #[n(3)]
    pub input: String,
    /// What it tells apart.
    #[n(4)]
    pub classes: String,
    /// Whether it is loaded.
    #[n(5)]
    pub loaded: bool,
    /// Why it is not.
    #[n(6)]
    pub why: String,
}

/// A damaged spool was put aside; says what was lost.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SpoolDamaged {
    /// The epoch of the damaged spool, if it could be read.
    #[n(0)]
    pub epoch: Option<Epoch>,
    /// The first and last number that may be lost, if known.
    #[n(1)]
    pub lost: Option<(u64, u64)>,
    /// What was found.
    #[n(2)]
    pub why: String,
}

/// A new permit book is in force.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BookTaken {
    /// Its version.
    #[n(0)]
    pub version: u64,
    /// How many permits it holds.
    #[n(1)]
    pub permits: u64,
}

/// What a person set for a camera holds, or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CameraSet {
    /// Its name in the gate's section.
    #[n(0)]
    pub camera: String,
    /// Which revision.
    #[n(1)]
    pub revision: u64,
    /// Why it was refused, and what held before still holds; none: it holds.
    #[n(2)]
    pub refused: Option<String>,
}

/// A hot or overloaded machine gives up more, or less, than before.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct HeatChanged {
    /// The step of the thermal ladder; 0: nothing is given up.
    #[n(0)]
    pub step: u8,
    /// The most frames a second that are looked at.
    #[n(1)]
    pub most_fps: u8,
    /// Far plates are sought at a smaller scale, too.
    #[n(2)]
    pub is_coarse: bool,
    /// The processor's temperature in degrees Celsius, if it can be read.
    #[n(3)]
    pub celsius: Option<f32>,
    /// The work of the last minute, as a multiple of what the cores can do.
    #[n(4)]
    pub load: Option<f32>,
}
