//! The wire: frames of (kind, version, bytes) and the messages of the protocol `gatewarden/1`.
//!
//! A frame is `kind: u16, version: u16, length: u32` in network order, then `length` bytes of CBOR. A receiver skips
//! kinds that it does not know. The same frames travel over QUIC streams and over TCP with TLS.

use minicbor::Decode;
use minicbor::Encode;
use minicbor::bytes::ByteArray;
use minicbor::bytes::ByteVec;

use crate::camera::CameraDirectives;
use crate::camera::CameraReport;
use crate::camera::Snapshot;
use crate::camera::SnapshotRequest;
use crate::directive::Directive;
use crate::event::Epoch;
use crate::event::Event;
use crate::event::EvidenceKind;
use crate::ids::EdgeId;
use crate::ids::GateId;
use crate::ids::PassageId;
use crate::sighting::Direction;
use crate::time::Timestamp;

/// The protocol's name in the TLS handshake.
pub const ALPN: &[u8] = b"gatewarden/1";
/// The protocol's name for enrolment, where the edge has no certificate yet.
pub const ALPN_ENROL: &[u8] = b"gatewarden-enrol/1";
/// The version that this build writes.
pub const VERSION: u16 = 1;
/// Bytes before a frame's body.
pub const HEADER: usize = 8;
/// The largest body that a receiver takes.
pub const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// The largest batch after unpacking: a bound against bombs.
pub const LARGEST_BATCH: usize = 16 * 1024 * 1024;

/// Which life of the hub's database.
pub type Generation = u64;

/// Why bytes are not a message.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// A body larger than any message.
    #[error("a frame announces {0} bytes, more than the {LARGEST_BODY} allowed")]
    TooLarge(usize),
    /// A body that is not the CBOR of its kind.
    #[error("reading a message of kind {kind}")]
    Body {
        /// The frame's kind.
        kind: u16,
        /// What the reader found.
        #[source]
        source: minicbor::decode::Error,
    },
    /// A batch that does not unpack, or to more than is allowed.
    #[error("unpacking a batch")]
    Unpack(#[source] std::io::Error),
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The message's kind.
    pub kind: u16,
    /// The version of the sender.
    pub version: u16,
    /// The body's length in bytes.
    pub length: usize,
}

impl Header {
    /// Reads a header and refuses impossible lengths before any memory is taken for the body.
    pub fn parse(bytes: [u8; HEADER]) -> Result<Self, WireError> {
        let [k0, k1, v0, v1, l0, l1, l2, l3] = bytes;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if length > LARGEST_BODY {
            return Err(WireError::TooLarge(length));
        }
        Ok(Self {
            kind: u16::from_be_bytes([k0, k1]),
            version: u16::from_be_bytes([v0, v1]),
            length,
        })
    }
}

macro_rules! messages {
    ($($(#[$doc:meta])* $number:literal $name:ident),+ $(,)?) => {
        /// Everything that an edge and a hub say to each other.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Message {
            $($(#[$doc])* $name($name),)+
        }

        impl Message {
            /// The kind's number on the wire.
            pub fn kind(&self) -> u16 {
                match self { $(Self::$name(_) => $number,)+ }
            }

            /// The message as a frame, header and body.
            pub fn to_frame(&self) -> Vec<u8> {
                let mut frame = vec![0; HEADER];
                let written = match self { $(Self::$name(message) => minicbor::encode(message, &mut frame),)+ };
                debug_assert!(written.is_ok(), "writing to memory does not fail");
                let length = u32::try_from(frame.len() - HEADER).unwrap_or(u32::MAX);
                frame[0..2].copy_from_slice(&self.kind().to_be_bytes());
                frame[2..4].copy_from_slice(&VERSION.to_be_bytes());
                frame[4..8].copy_from_slice(&length.to_be_bytes());
                frame
            }

            /// Reads a body of the kind given. `Ok(None)`: a kind that this build does not know.
            pub fn parse(kind: u16, body: &[u8]) -> Result<Option<Self>, WireError> {
                match kind {
                    $($number => minicbor::decode(body)
                        .map(|message| Some(Self::$name(message)))
                        .map_err(|source| WireError::Body { kind, source }),)+
                    _ => Ok(None),
                }
            }
        }

        $(impl From<$name> for Message {
            fn from(message: $name) -> Self {
                Self::$name(message)
            }
        })+
    };
}

messages! {
    /// Edge to hub, first.
    1 Hello,
    /// Hub to edge, in answer.
    2 Welcome,
    /// Hub to edge: this connection is refused.
    3 Refusal,
    /// Edge to hub: events.
    4 Batch,
    /// Hub to edge: "I have them for good".
    5 Ack,
    /// Hub to edge: events are missing before the batch.
    6 Gap,
    /// Hub to edge: instructions.
    7 Directives,
    /// Edge to hub: instructions taken, up to a number, on disk for good.
    8 DirectiveAck,
    /// Edge to hub: a picture follows on this stream.
    9 PictureOffer,
    /// Hub to edge: whether the picture's bytes are wanted, or are stored.
    10 PictureAnswer,
    /// Edge to hub: what time is it?
    11 TimeRequest,
    /// Hub to edge: the time.
    12 TimeReply,
    /// Edge to hub before it has a certificate: code and certificate request.
    13 EnrolRequest,
    /// Hub to edge: the certificate and what the edge needs to know.
    14 EnrolReply,
    /// Hub to edge: what people set for cameras.
    15 CameraDirectives,
    /// Edge to hub: how a camera stands at this moment.
    16 CameraReport,
    /// Hub to edge: somebody looks through a camera.
    17 SnapshotRequest,
    /// Edge to hub: the picture follows on this stream.
    18 Snapshot,
}

/// Edge to hub, first: who I am and what I have.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Hello {
    /// Must be the certificate's identity.
    #[n(0)]
    pub edge: EdgeId,
    /// Which life of the numbering.
    #[n(1)]
    pub epoch: Epoch,
    /// The oldest event that the spool still has.
    #[n(2)]
    pub first_seq: u64,
    /// The number that the next event will get.
    #[n(3)]
    pub next_seq: u64,
    /// Names this process; a second holder of the same identity has another.
    #[n(4)]
    pub boot: String,
    /// The agent's version.
    #[n(5)]
    pub version: String,
    /// The directive up to which this edge has taken them for good.
    #[n(6)]
    pub directives_through: u64,
    /// The version of the permit book in force.
    #[n(7)]
    pub book_version: u64,
}

/// Hub to edge: what I have of you.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Welcome {
    /// Which life of the hub's database.
    #[n(0)]
    pub generation: Generation,
    /// The newest event of this (edge, epoch) that the hub has for good without a gap before it; 0 for none.
    #[n(1)]
    pub through: u64,
    /// The hub's time.
    #[n(2)]
    pub time: Timestamp,
    /// The hub's term; an edge obeys only the newest.
    #[n(3)]
    pub term: u64,
    /// SHA-256 of event `through` as it came, 32 bytes: an edge whose own event of that number is another one was
    /// copied or set back in time. None if the hub does not hold that event.
    #[n(4)]
    pub newest_sha256: Option<ByteArray<32>>,
}

/// Why a connection is refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Refusal {
    /// Stable name: `unknown_edge`, `retired_edge`, `identity_in_use`, `wrong_identity`, `bad_code`, `used_code`,
    /// `expired_code`, `busy`.
    #[n(0)]
    pub code: String,
    /// For a person.
    #[n(1)]
    pub message: String,
}

/// Edge to hub: consecutive events of one epoch, packed with zstd.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Batch {
    /// Which life of the numbering.
    #[n(0)]
    pub epoch: Epoch,
    /// The number of the first event.
    #[n(1)]
    pub first_seq: u64,
    /// How many events.
    #[n(2)]
    pub count: u32,
    /// zstd of the CBOR array of [`Event`].
    #[n(3)]
    pub packed: ByteVec,
}

impl Batch {
    /// Packs consecutive events; `None` if there are none.
    pub fn pack(epoch: Epoch, events: &[Event]) -> Option<Self> {
        let first_seq = events.first()?.seq;
        let mut bytes = Vec::new();
        minicbor::encode(events, &mut bytes).ok()?;
        let packed = zstd::bulk::compress(&bytes, 3).ok()?;
        Some(Self {
            epoch,
            first_seq,
            count: u32::try_from(events.len()).ok()?,
            packed: packed.into(),
        })
    }

    /// Unpacks, bounded by [`LARGEST_BATCH`].
    pub fn unpack(&self) -> Result<Vec<Event>, WireError> {
        let bytes =
            zstd::bulk::decompress(&self.packed, LARGEST_BATCH).map_err(WireError::Unpack)?;
        minicbor::decode(&bytes).map_err(|source| WireError::Body { kind: 4, source })
    }

    /// Unpacks with each event's own bytes, bounded by [`LARGEST_BATCH`]. An entry that is CBOR and not an event is
    /// kept, too: it must not hold up those behind it.
    pub fn unpack_verbatim(&self) -> Result<Vec<Verbatim>, WireError> {
        let bytes =
            zstd::bulk::decompress(&self.packed, LARGEST_BATCH).map_err(WireError::Unpack)?;
        let wrong = |source| WireError::Body { kind: 4, source };
        let mut decoder = minicbor::Decoder::new(&bytes);
        let count = decoder.array().map_err(wrong)?.ok_or_else(|| {
            wrong(minicbor::decode::Error::message(
                "a batch is an array of a known length",
            ))
        })?;
        if count != u64::from(self.count) {
            return Err(wrong(minicbor::decode::Error::message(
                "a batch holds as many events as it says",
            )));
        }
        let mut events = Vec::new();
        for _ in 0..count {
            let start = decoder.position();
            decoder.skip().map_err(wrong)?;
            let raw = bytes[start..decoder.position()].to_vec();
            let event = minicbor::decode(&raw).ok();
            events.push(Verbatim { event, raw });
        }
        Ok(events)
    }
}

/// An event with the bytes that it came as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verbatim {
    /// The event; none if the bytes are CBOR of something else.
    pub event: Option<Event>,
    /// Its bytes, fields of the future included.
    pub raw: Vec<u8>,
}

/// Hub to edge: every event of (this edge, `epoch`) up to `through` is on the hub's disk.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Ack {
    /// Which life of the hub's database.
    #[n(0)]
    pub generation: Generation,
    /// Which life of the numbering.
    #[n(1)]
    pub epoch: Epoch,
    /// Up to here, inclusive.
    #[n(2)]
    pub through: u64,
}

/// Hub to edge: the batch started later than the hub expected.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Gap {
    /// Which life of the numbering.
    #[n(0)]
    pub epoch: Epoch,
    /// The first missing number.
    #[n(1)]
    pub expected: u64,
    /// The number that came.
    #[n(2)]
    pub got: u64,
}

/// Hub to edge: instructions in rising order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Directives {
    /// The hub's term when they were sent.
    #[n(0)]
    pub term: u64,
    /// The hub's time when they were sent; orders are judged by it.
    #[n(1)]
    pub sent_at: Timestamp,
    /// The instructions.
    #[n(2)]
    pub directives: Vec<Directive>,
}

/// Edge to hub: taken up to `through`, on disk for good.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DirectiveAck {
    /// Up to here, inclusive.
    #[n(0)]
    pub through: u64,
}

/// Edge to hub: a picture, on a stream of its own. The bytes follow once the hub wants them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PictureOffer {
    /// The passage that it is evidence of.
    #[n(0)]
    pub passage: PassageId,
    /// What it shows.
    #[n(1)]
    pub kind: EvidenceKind,
    /// SHA-256 of the bytes.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub sha256: [u8; 32],
    /// How many bytes.
    #[n(3)]
    pub size_bytes: u64,
    /// Its type.
    #[n(4)]
    pub media_type: String,
}

/// Hub to edge, about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum PictureState {
    /// Send the bytes.
    #[n(0)]
    Wanted,
    /// The hub has it for good.
    #[n(1)]
    Stored,
    /// No event of this edge names it: forget it.
    #[n(2)]
    Unwanted,
    /// The bytes are not what was offered: send again later.
    #[n(3)]
    Damaged,
}

/// Hub to edge, about a picture.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PictureAnswer {
    /// What to do or what was done.
    #[n(0)]
    pub state: PictureState,
}

/// Edge to hub: what time is it?
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TimeRequest {
    /// The edge's monotonic milliseconds, returned as they came.
    #[n(0)]
    pub sent_monotonic_ms: u64,
}

/// Hub to edge: the time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TimeReply {
    /// As in the request.
    #[n(0)]
    pub sent_monotonic_ms: u64,
    /// The hub's time.
    #[n(1)]
    pub time: Timestamp,
}

/// Edge to hub before it has a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnrolRequest {
    /// The one-time code, as typed: case and dashes do not matter.
    #[n(0)]
    pub code: String,
    /// PKCS#10 in DER, signed by the key that stays on the edge.
    #[n(1)]
    pub request: ByteVec,
    /// The machine's name, for people.
    #[n(2)]
    pub machine: String,
}

/// Hub to edge: you are this edge, with this certificate, for these gates.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnrolReply {
    /// The new identity.
    #[n(0)]
    pub edge: EdgeId,
    /// The certificate in DER.
    #[n(1)]
    pub certificate: ByteVec,
    /// The hub's authority in DER, trusted from this moment on.
    #[n(2)]
    pub authority: ByteVec,
    /// The gates that this edge is to run.
    #[n(3)]
    pub gates: Vec<EnrolledGate>,
    /// The hub's time.
    #[n(4)]
    pub time: Timestamp,
}

/// One gate of an enrolled edge.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnrolledGate {
    /// Its identity.
    #[n(0)]
    pub id: GateId,
    /// Its name, as in the console.
    #[n(1)]
    pub name: String,
    /// Which way it lets through.
    #[n(2)]
    pub direction: Direction,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::Fact;
    use crate::event::InputChanged;
    use crate::time::Moment;
    use crate::time::TimeQuality;

    fn event(seq: u64) -> Event {
        let fact = Fact::InputChanged(InputChanged {
            input: "loop".into(),
            active: true,
        });
        Event {
            seq,
            at: Moment {
                wall: Timestamp::from_millis(1),
                monotonic_ms: 2,
                boot: "b".into(),
                quality: TimeQuality::Hub,
            },
            gate: None,
            kind: fact.kind(),
            body: fact.encode().into(),
        }
    }

    #[test]
    fn a_batch_comes_back_as_it_went() {
        let events = vec![event(7), event(8)];
        let batch = Batch::pack(3, &events).unwrap();
        assert_eq!((batch.first_seq, batch.count), (7, 2));
        let frame = Message::from(batch).to_frame();
        let header = Header::parse(frame[..HEADER].try_into().unwrap()).unwrap();
        let Some(Message::Batch(back)) = Message::parse(header.kind, &frame[HEADER..]).unwrap()
        else {
            panic!("not a batch");
        };
        assert_eq!(back.unpack().unwrap(), events);
    }

    #[test]
    fn events_keep_their_own_bytes_and_a_strange_one_does_not_hide_the_others() {
        let mut bytes = Vec::new();
        let mut encoder = minicbor::Encoder::new(&mut bytes);
        encoder.array(2).unwrap().str("not an event").unwrap();
        minicbor::encode(event(8), &mut bytes).unwrap();
        let batch = Batch {
            epoch: 3,
            first_seq: 7,
            count: 2,
            packed: zstd::bulk::compress(&bytes, 3).unwrap().into(),
        };
        let events = batch.unpack_verbatim().unwrap();
        assert_eq!(events[0].event, None);
        assert_eq!(events[1].event, Some(event(8)));
        assert_eq!(events[1].raw, minicbor::to_vec(event(8)).unwrap());
        assert!(Batch { count: 3, ..batch }.unpack_verbatim().is_err());
    }

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let packed = zstd::bulk::compress(&vec![0; LARGEST_BATCH + 1], 3).unwrap();
        let batch = Batch {
            epoch: 1,
            first_seq: 1,
            count: 1,
            packed: packed.into(),
        };
        assert!(matches!(batch.unpack(), Err(WireError::Unpack(_))));
    }

    #[test]
    fn an_impossible_length_is_refused_by_the_header() {
        assert!(matches!(
            Header::parse([0, 1, 0, 1, 255, 255, 255, 255]),
            Err(WireError::TooLarge(_))
        ));
    }

    #[test]
    fn a_kind_of_the_future_is_skipped() {
        assert_eq!(Message::parse(999, &[1, 2, 3]).unwrap(), None);
        assert_eq!(Fact::decode(999, &[0xff]).unwrap(), None);
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_and_never_a_panic(kind in 0u16..20, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some(Message::Batch(batch))) = Message::parse(kind, &body) {
                let _ = batch.unpack();
                let _ = batch.unpack_verbatim();
            }
            let _ = Fact::decode(kind, &body);
        }
    }
}
