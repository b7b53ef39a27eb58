//! Vehicles: what a camera saw of one besides its plate, what a permit says of one, and whether both can be the same.

use std::fmt;

use minicbor::Decode;
use minicbor::Encode;
use serde::Deserialize;
use serde::Serialize;

use crate::cases::known;

/// What kind of vehicle. A kind that this build does not know decodes as none where it is optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum VehicleType {
    /// A passenger car.
    #[n(0)]
    Car,
    /// A van, a minibus, an ambulance.
    #[n(1)]
    Van,
    /// A pickup, a truck, an articulated lorry.
    #[n(2)]
    Truck,
    /// A bus or coach.
    #[n(3)]
    Bus,
    /// A motorcycle or scooter.
    #[n(4)]
    Motorcycle,
}

impl VehicleType {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Car,
        Self::Van,
        Self::Truck,
        Self::Bus,
        Self::Motorcycle,
    ];

    /// Its word, as the API and the models' list write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Car => "car",
            Self::Van => "van",
            Self::Truck => "truck",
            Self::Bus => "bus",
            Self::Motorcycle => "motorcycle",
        }
    }

    /// Reads a word; blanks around it and case do not matter.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        Self::ALL
            .into_iter()
            .find(|known| known.word().eq_ignore_ascii_case(word))
    }
}

impl<'b, C> Decode<'b, C> for VehicleType {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        known(d, &Self::ALL)
    }
}

impl fmt::Display for VehicleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A vehicle's main colour. One that this build does not know decodes as none where it is optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum VehicleColour {
    /// White.
    #[n(0)]
    White,
    /// Grey and silver.
    #[n(1)]
    Grey,
    /// Black.
    #[n(2)]
    Black,
    /// Red.
    #[n(3)]
    Red,
    /// Blue.
    #[n(4)]
    Blue,
    /// Green.
    #[n(5)]
    Green,
    /// Yellow.
    #[n(6)]
    Yellow,
    /// Brown and beige.
    #[n(7)]
    Brown,
}

impl VehicleColour {
    /// Every colour.
    pub const ALL: [Self; 8] = [
        Self::White,
        Self::Grey,
        Self::Black,
        Self::Red,
        Self::Blue,
        Self::Green,
        Self::Yellow,
        Self::Brown,
    ];

    /// Its word, as the API and the models' list write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::Grey => "grey",
            Self::Black => "black",
            Self::Red => "red",
            Self::Blue => "blue",
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Brown => "brown",
        }
    }

    /// Reads a word; blanks around it and case do not matter.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        Self::ALL
            .into_iter()
            .find(|known| known.word().eq_ignore_ascii_case(word))
    }

    /// Whether light, dirt or a camera's white balance make one of the two look like the other.
    fn is_near(self, other: Self) -> bool {
        const NEAR: [(VehicleColour, VehicleColour); 9] = [
            (VehicleColour::White, VehicleColour::Grey),
            (VehicleColour::Grey, VehicleColour::Black),
            (VehicleColour::Grey, VehicleColour::Blue),
            (VehicleColour::Grey, VehicleColour::Green),
            (VehicleColour::Grey, VehicleColour::Brown),
            (VehicleColour::Black, VehicleColour::Blue),
            (VehicleColour::Black, VehicleColour::Green),
            (VehicleColour::Black, VehicleColour::Brown),
            (VehicleColour::Red, VehicleColour::Brown),
        ];
        NEAR.contains(&(self, other)) || NEAR.contains(&(other, self))
    }
}

impl<'b, C> Decode<'b, C> for VehicleColour {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        known(d, &Self::ALL)
    }
}

impl fmt::Display for VehicleColour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a camera saw of a vehicle. Nothing of it ever opens a gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, Decode, Serialize, Deserialize)]
pub struct Vehicle {
    /// What kind it is; none if the model is not sure enough to say.
    #[n(0)]
    #[serde(rename = "type")]
    pub kind: Option<VehicleType>,
    /// How likely the likeliest kind is, 0 to 1, told or not.
    #[n(1)]
    #[serde(rename = "type_confidence")]
    pub kind_confidence: f32,
    /// Its main colour; none if the model is not sure enough, or the picture has no colours.
    #[n(2)]
    pub colour: Option<VehicleColour>,
    /// How likely the likeliest colour is, 0 to 1, told or not; 0 if the picture has no colours.
    #[n(3)]
    pub colour_confidence: f32,
}

/// A sighting contradicts a description only if it is at least this sure. Types need more: around a plate, a van or a pickup
/// looks much like a car.
const CONTRADICTS_TYPE: f32 = 0.9;
const CONTRADICTS_COLOUR: f32 = 0.8;

/// What a permit says of its vehicle, as far as it says anything.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
pub struct Description {
    /// What kind it is.
    #[n(0)]
    #[serde(rename = "type")]
    pub kind: Option<VehicleType>,
    /// Its main colour.
    #[n(1)]
    pub colour: Option<VehicleColour>,
}

impl Description {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.kind.is_none() && self.colour.is_none()
    }

    /// The parts that what was seen surely contradicts; none if it may well be this vehicle. Colours that light makes
    /// look alike (white and grey, grey and black, ...) contradict nothing.
    pub fn contradicted_by(&self, seen: &Vehicle) -> Option<Self> {
        // Written so that a confidence that is no number contradicts nothing.
        let kind = self.kind.filter(|said| {
            seen.kind_confidence >= CONTRADICTS_TYPE && seen.kind.is_some_and(|kind| kind != *said)
        });
        let colour = self.colour.filter(|said| {
            seen.colour_confidence >= CONTRADICTS_COLOUR
                && seen
                    .colour
                    .is_some_and(|colour| colour != *said && !colour.is_near(*said))
        });
        let parts = Self { kind, colour };
        (!parts.is_empty()).then_some(parts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(kind: VehicleType, colour: VehicleColour, sure: f32) -> Vehicle {
        Vehicle {
            kind: Some(kind),
            kind_confidence: sure,
            colour: Some(colour),
            colour_confidence: sure,
        }
    }

    #[test]
    fn a_red_van_is_contradicted_by_a_blue_car_and_only_if_that_is_sure() {
        let said = Description {
            kind: Some(VehicleType::Van),
            colour: Some(VehicleColour::Red),
        };
        let sure = seen(VehicleType::Car, VehicleColour::Blue, 0.9);
        assert_eq!(said.contradicted_by(&sure), Some(said));
        let unsure = seen(VehicleType::Car, VehicleColour::Blue, 0.6);
        assert_eq!(said.contradicted_by(&unsure), None);
        let absurd = seen(VehicleType::Car, VehicleColour::Blue, f32::NAN);
        assert_eq!(said.contradicted_by(&absurd), None);
        assert_eq!(said.contradicted_by(&Vehicle::default()), None);
    }

    #[test]
    fn only_the_contradicted_part_is_named_and_colours_that_light_confuse_contradict_nothing() {
        let said = Description {
            kind: Some(VehicleType::Car),
            colour: Some(VehicleColour::White),
        };
        let silver = seen(VehicleType::Car, VehicleColour::Grey, 0.99);
        assert_eq!(said.contradicted_by(&silver), None);
        let black = seen(VehicleType::Car, VehicleColour::Black, 0.99);
        assert_eq!(
            said.contradicted_by(&black),
            Some(Description {
                kind: None,
                colour: said.colour
            })
        );
        assert_eq!(Description::default().contradicted_by(&black), None);
    }

    #[test]
    fn words_are_those_of_the_api_and_come_back() {
        for kind in VehicleType::ALL {
            let word = serde_json::to_value(kind).unwrap();
            assert_eq!(word, kind.word());
            assert_eq!(
                VehicleType::parse(&format!(" {} ", kind.word().to_uppercase())),
                Some(kind)
            );
        }
        for colour in VehicleColour::ALL {
            let word = serde_json::to_value(colour).unwrap();
            assert_eq!(word, colour.word());
            assert_eq!(VehicleColour::parse(colour.word()), Some(colour));
        }
        assert_eq!(VehicleType::parse("tank"), None);
        assert_eq!(VehicleColour::parse(""), None);
    }

    #[test]
    fn a_kind_or_colour_of_a_newer_build_is_none_and_the_rest_is_read() {
        // [9, 0.5, 1, 0.75]: a kind that this build does not know, and grey.
        let bytes = [0x84, 9, 0xfa, 0x3f, 0, 0, 0, 1, 0xfa, 0x3f, 0x40, 0, 0];
        let vehicle: Vehicle = minicbor::decode(&bytes).unwrap();
        assert_eq!(vehicle.kind, None);
        assert_eq!(vehicle.kind_confidence, 0.5);
        assert_eq!(vehicle.colour, Some(VehicleColour::Grey));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_vehicle_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = minicbor::decode::<Vehicle>(&bytes);
            let _ = minicbor::decode::<Description>(&bytes);
        }

        #[test]
        fn what_a_permit_says_is_never_contradicted_by_itself(kind in 0usize..5, colour in 0usize..8, sure in any::<f32>()) {
            let (kind, colour) = (VehicleType::ALL[kind], VehicleColour::ALL[colour]);
            let said = Description { kind: Some(kind), colour: Some(colour) };
            prop_assert_eq!(said.contradicted_by(&seen(kind, colour, sure)), None);
        }
    }
}
