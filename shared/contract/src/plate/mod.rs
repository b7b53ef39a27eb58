//! Plates: the text as we compare it, a read with its character probabilities, and which listed plate a read may be.
//!
//! `confusion` is how the reader errs, `syntax` where letters and digits stand, `matching` weighs both against a book.

mod confusion;
pub mod matching;
mod preview;
mod syntax;

use std::fmt;

use minicbor::Decode;
use minicbor::Encode;
use serde::Deserialize;
use serde::Serialize;

pub use self::preview::LookAlike;
pub use self::preview::Preview;
pub use self::preview::preview;
pub use self::syntax::regions_of;
use crate::region::Region;

/// The longest plate text that we keep.
pub const LONGEST: usize = 12;

/// A plate's text in one form: A-Z and 0-9 only, upper case, 1 to 12 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Serialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Plate(#[n(0)] String);

/// Why a text is not a plate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlateError {
    /// Nothing is left after separators are dropped.
    #[error("a plate needs at least one letter A-Z or digit 0-9")]
    Empty,
    /// Longer than any plate.
    #[error("a plate has at most {LONGEST} letters and digits")]
    TooLong,
    /// A character that no plate carries.
    #[error(
        "a plate has letters A-Z, digits 0-9, spaces, dots, dashes and middle dots; {0:?} is none of them"
    )]
    Character(char),
}

impl Plate {
    /// Normalises what a person or a model wrote: drops separators, raises case, refuses everything else.
    pub fn parse(text: &str) -> Result<Self, PlateError> {
        let mut plate = String::with_capacity(LONGEST);
        for c in text.chars() {
            match c {
                'A'..='Z' | '0'..='9' => plate.push(c),
                'a'..='z' => plate.push(c.to_ascii_uppercase()),
                ' ' | '\u{a0}' | '-' | '.' | '\u{b7}' | '\t' => {}
                other => return Err(PlateError::Character(other)),
            }
            if plate.len() > LONGEST {
                return Err(PlateError::TooLong);
            }
        }
        if plate.is_empty() {
            Err(PlateError::Empty)
        } else {
            Ok(Self(plate))
        }
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text under which two plates count as the same at a gate: the letter O and the digit 0 look alike on
    /// many countries' plates, and some print only one of them.
    pub fn key(&self) -> String {
        self.0.replace('O', "0")
    }
}

impl fmt::Display for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plate({})", self.0)
    }
}

impl<'b, C> Decode<'b, C> for Plate {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let position = d.position();
        Self::parse(d.str()?)
            .map_err(|_| minicbor::decode::Error::message("not a plate").at(position))
    }
}

impl<'de> Deserialize<'de> for Plate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// One possible text of a read.
#[derive(Clone, Debug, PartialEq, Encode, Decode, Serialize, Deserialize)]
pub struct Candidate {
    /// The text, normalised.
    #[n(0)]
    pub text: Plate,
    /// How likely the whole text is, 0 to 1.
    #[n(1)]
    pub confidence: f32,
}

/// What the reader thinks stands at one place of the plate: symbols with their probabilities, most likely first.
#[derive(Clone, Debug, PartialEq, Encode, Decode, Serialize, Deserialize)]
pub struct Character {
    /// `(symbol, probability 0 to 1)`, at most a handful.
    #[n(0)]
    pub options: Vec<(char, f32)>,
}

/// One plate in one picture.
#[derive(Clone, Debug, PartialEq, Encode, Decode, Serialize, Deserialize)]
pub struct PlateRead {
    /// The most likely text.
    #[n(0)]
    pub text: Plate,
    /// How likely the whole text is, 0 to 1.
    #[n(1)]
    pub confidence: f32,
    /// The corners in pixels of the frame, clockwise from the top left: `[[x, y]; 4]`.
    #[n(2)]
    pub corners: [[f32; 2]; 4],
    /// How sure the detector is that this is a plate, 0 to 1.
    #[n(3)]
    pub detection: f32,
    /// The most likely texts, the first is `text`.
    #[n(4)]
    pub candidates: Vec<Candidate>,
    /// The characters of `text` with what else they could be.
    #[n(5)]
    pub characters: Vec<Character>,
    /// Where the plate seems to be from; none if the reader does not say.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

impl PlateRead {
    /// The smallest upright box around the corners: `[x, y, width, height]` in pixels of the frame.
    pub fn bounds(&self) -> [f32; 4] {
        let [mut left, mut top] = self.corners[0];
        let [mut right, mut bottom] = self.corners[0];
        for [x, y] in self.corners {
            left = left.min(x);
            right = right.max(x);
            top = top.min(y);
            bottom = bottom.max(y);
        }
        [left, top, right - left, bottom - top]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn separators_and_case_do_not_matter() {
        assert_eq!(Plate::parse("m-ab 12·3").unwrap().as_str(), "MAB123");
    }

    #[test]
    fn what_is_no_plate_is_named() {
        assert_eq!(Plate::parse(" - "), Err(PlateError::Empty));
        assert_eq!(Plate::parse("ABCDEFG1234567"), Err(PlateError::TooLong));
        assert_eq!(Plate::parse("AB<script>"), Err(PlateError::Character('<')));
    }

    #[test]
    fn the_letter_o_and_zero_share_a_key() {
        assert_eq!(
            Plate::parse("OO1").unwrap().key(),
            Plate::parse("001").unwrap().key()
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_plate_or_an_error_and_parsing_twice_changes_nothing(text in ".{0,40}") {
            if let Ok(plate) = Plate::parse(&text) {
                prop_assert!(plate.as_str().len() <= LONGEST);
                prop_assert_eq!(Plate::parse(plate.as_str()).unwrap(), plate);
            }
        }
    }
}
