//! Sightings: what a gate believes after one or more frames.

use minicbor::Decode;
use minicbor::Encode;
use serde::Deserialize;
use serde::Serialize;

use crate::cases::known;
use crate::ids::PassageId;
use crate::plate::PlateRead;
use crate::time::Timestamp;
use crate::vehicle::Vehicle;

/// What one model saw in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// When the frame was captured.
    pub at: Timestamp,
    /// The plates of the frame, largest first.
    pub plates: Vec<PlateRead>,
    /// How long each stage took for this frame.
    pub stages: Stages,
}

/// What the gate believes about one vehicle: the best read of its frames.
#[derive(Clone, Debug, PartialEq, Encode, Decode, Serialize, Deserialize)]
pub struct Sighting {
    /// The passage that this vehicle is on.
    #[n(0)]
    pub passage: PassageId,
    /// The best read so far; none if something came by without a readable plate.
    #[n(1)]
    pub plate: Option<PlateRead>,
    /// The first frame that showed it.
    #[n(2)]
    pub first_seen: Timestamp,
    /// The newest frame that showed it.
    #[n(3)]
    pub last_seen: Timestamp,
    /// How many frames showed it.
    #[n(4)]
    pub frames: u32,
    /// The camera's name in the gate's configuration.
    #[n(5)]
    pub camera: String,
    /// Which way it moves through the picture; none while that is not clear.
    #[n(6)]
    pub heading: Option<Heading>,
    /// What was seen of the vehicle besides its plate; none if nothing looked.
    #[n(7)]
    pub vehicle: Option<Vehicle>,
}

/// Which way a vehicle moves through a camera's picture. A way that this build does not know decodes as none where it is
/// optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    /// Towards the camera.
    #[n(0)]
    Approaching,
    /// Away from it.
    #[n(1)]
    Leaving,
}

impl Heading {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Approaching, Self::Leaving];
}

impl<'b, C> Decode<'b, C> for Heading {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        known(d, &Self::ALL)
    }
}

/// Which way through the gate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Onto the site.
    #[n(0)]
    Entry,
    /// Off the site.
    #[n(1)]
    Exit,
}

/// How long each stage took, in microseconds; a stage that did not run is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Stages {
    /// From the camera's clock to the frame in hand.
    #[n(0)]
    pub capture_us: u64,
    /// Bytes to pixels.
    #[n(1)]
    pub decode_us: u64,
    /// Finding plates.
    #[n(2)]
    pub detect_us: u64,
    /// Reading plates.
    #[n(3)]
    pub read_us: u64,
    /// Sighting to verdict.
    #[n(4)]
    pub decide_us: u64,
    /// Appending the event to the spool, on disk for good.
    #[n(5)]
    pub record_us: u64,
    /// Telling the barrier to move.
    #[n(6)]
    pub actuate_us: u64,
    /// Looking at the vehicle: its type and colour.
    #[n(7)]
    #[cbor(skip_if = "is_zero")]
    #[serde(default)]
    pub vehicle_us: u64,
}

/// A stage that did not run is left out, as it was before there was one.
fn is_zero(micros: &u64) -> bool {
    *micros == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sighting(heading: Option<Heading>) -> Sighting {
        Sighting {
            passage: PassageId(uuid::Uuid::from_bytes([1; 16])),
            plate: None,
            first_seen: Timestamp::from_millis(10),
            last_seen: Timestamp::from_millis(20),
            frames: 3,
            camera: "front".into(),
            heading,
            vehicle: Some(Vehicle {
                kind_confidence: 0.5,
                ..Vehicle::default()
            }),
        }
    }

    #[test]
    fn every_heading_is_read_by_its_number() {
        for heading in Heading::ALL {
            let bytes = minicbor::to_vec(heading).unwrap();
            assert_eq!(minicbor::decode::<Heading>(&bytes).unwrap(), heading);
        }
    }

    #[test]
    fn a_heading_of_a_newer_build_is_none_and_swallows_nothing() {
        let written = minicbor::to_vec(sighting(Some(Heading::Leaving))).unwrap();
        let place = b"front";
        let at = written
            .windows(place.len())
            .position(|window| window == place)
            .unwrap()
            + place.len();
        assert_eq!(written[at], 1, "the heading stands behind the camera");
        for unknown in [2u8, 0x17, 0x20] {
            let mut newer = written.clone();
            newer[at] = unknown;
            let read: Sighting = minicbor::decode(&newer).unwrap();
            assert_eq!(read, sighting(None), "{unknown:#x}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_sighting_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = minicbor::decode::<Sighting>(&bytes);
            let _ = minicbor::decode::<Option<Heading>>(&bytes);
        }
    }
}
