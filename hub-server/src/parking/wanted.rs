//! What a person searches plates by: a pattern with wildcards, or a plate that the wanted one is nearly. No SQL here.
//!
//! Plates are compared by their key, so the letter O and the digit 0 are the same everywhere. Near ones are compared by
//! their shape, in which characters that look alike are one.

use std::collections::BTreeSet;

use contract::plate::LONGEST;
use contract::plate::Plate;
use contract::plate::PlateError;

/// The most characters that a search takes, blanks and dashes included.
pub const LONGEST_SEARCH: usize = 64;
/// The most characters that a near plate may be off.
pub const MOST_OFF: usize = 2;

/// Characters that look alike on a plate or to a reader; the first stands for all. O is 0 in every key.
const ALIKE: [&str; 8] = ["0DQ", "1IL", "2Z", "4A", "5S", "6G", "7T", "8B"];

/// Stands before the first character and behind the last in the grams of a plate.
const EDGE: char = '^';

/// Which plates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that a pattern fits.
    Fits(Pattern),
    /// Those that differ by few characters; look-alikes do not count.
    Near(Near),
}

/// A pattern over the whole key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Is(char),
    One,
    Many,
}

/// A plate and how many characters another may be off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    shape: Vec<char>,
    off: usize,
}

/// Why a text is nothing to search by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WantedError {
    /// As for a plate.
    #[error(transparent)]
    Plate(#[from] PlateError),
    /// Longer than anybody types.
    #[error("a search has at most {LONGEST_SEARCH} characters")]
    TooLong,
    /// `*` or `?` where a whole plate belongs.
    #[error("* and ? belong to the match `contains` only")]
    Wildcard,
}

impl Wanted {
    /// Plates that hold this text anywhere. With a `*` (any characters) or a `?` (exactly one) in it, the pattern is meant
    /// from the first character to the last.
    pub fn holding(text: &str) -> Result<Self, WantedError> {
        let parts = parts(text)?;
        let is_plain = parts.iter().all(|part| matches!(part, Part::Is(_)));
        Ok(Self::Fits(Pattern(if is_plain {
            let mut around = vec![Part::Many];
            around.extend(parts);
            around.push(Part::Many);
            around
        } else {
            parts
        })))
    }

    /// Plates that begin with this text.
    pub fn beginning(text: &str) -> Result<Self, WantedError> {
        let mut parts = whole(text)?;
        parts.push(Part::Many);
        Ok(Self::Fits(Pattern(parts)))
    }

    /// This very plate.
    pub fn exactly(text: &str) -> Result<Self, WantedError> {
        Ok(Self::Fits(Pattern(whole(text)?)))
    }

    /// Plates that are this one or differ by at most `off` characters, which may be exchanged, missing or too many.
    /// A plate too short to tell so much apart is allowed less.
    pub fn near(text: &str, off: usize) -> Result<Self, WantedError> {
        let shape: Vec<char> = whole(text)?
            .into_iter()
            .filter_map(|part| match part {
                Part::Is(symbol) => Some(alike(symbol)),
                Part::One | Part::Many => None,
            })
            .collect();
        // One character off loses two grams at most, so that one of any 2n + 1 is left.
        let told_apart = (grams_of(&shape).len() - 1) / 2;
        Ok(Self::Near(Near {
            shape,
            off: off.min(MOST_OFF).min(told_apart),
        }))
    }
}

fn whole(text: &str) -> Result<Vec<Part>, WantedError> {
    let parts = parts(text)?;
    if parts.iter().all(|part| matches!(part, Part::Is(_))) {
        Ok(parts)
    } else {
        Err(WantedError::Wildcard)
    }
}

/// The parts of a text, several `*` in a row as one.
fn parts(text: &str) -> Result<Vec<Part>, WantedError> {
    if text.chars().nth(LONGEST_SEARCH).is_some() {
        return Err(WantedError::TooLong);
    }
    let mut parts: Vec<Part> = Vec::new();
    for symbol in text.chars() {
        match symbol {
            '*' if parts.last() == Some(&Part::Many) => {}
            '*' => parts.push(Part::Many),
            '?' => parts.push(Part::One),
            other => match Plate::parse(other.encode_utf8(&mut [0; 4])) {
                Ok(plate) => parts.extend(plate.key().chars().map(Part::Is)),
                Err(PlateError::Empty) => {}
                Err(error) => return Err(error.into()),
            },
        }
    }
    let places = parts.iter().filter(|part| **part != Part::Many).count();
    if places > LONGEST {
        return Err(PlateError::TooLong.into());
    }
    if parts.is_empty() {
        return Err(PlateError::Empty.into());
    }
    Ok(parts)
}

impl Pattern {
    /// Whether it fits a key. Takes at most the product of both lengths in steps.
    pub fn fits(&self, key: &str) -> bool {
        let key = key.as_bytes();
        // After each part: which lengths of the key's beginning are covered.
        let mut covered = vec![false; key.len() + 1];
        covered[0] = true;
        for part in &self.0 {
            match part {
                Part::Many => {
                    let first = covered.iter().position(|is| *is).unwrap_or(covered.len());
                    covered[first..].fill(true);
                }
                Part::One | Part::Is(_) => {
                    for place in (0..key.len()).rev() {
                        let is_it = match part {
                            Part::Is(symbol) => char::from(key[place]) == *symbol,
                            Part::One | Part::Many => true,
                        };
                        covered[place + 1] = covered[place] && is_it;
                    }
                    covered[0] = false;
                }
            }
        }
        covered[key.len()]
    }

    /// The only key that it fits, if there is only one.
    pub fn only(&self) -> Option<String> {
        self.0
            .iter()
            .map(|part| match part {
                Part::Is(symbol) => Some(*symbol),
                Part::One | Part::Many => None,
            })
            .collect()
    }

    /// The same for SQL's LIKE. A key holds only A-Z and 0-9, so nothing else in it means anything there.
    pub fn like(&self) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Is(symbol) => *symbol,
                Part::One => '_',
                Part::Many => '%',
            })
            .collect()
    }

    /// Grams that every plate has that it fits; none if it names no two neighbours.
    pub fn grams(&self) -> BTreeSet<String> {
        let mut symbols = vec![Some(EDGE)];
        symbols.extend(self.0.iter().map(|part| match part {
            Part::Is(symbol) => Some(alike(*symbol)),
            Part::One | Part::Many => None,
        }));
        symbols.push(Some(EDGE));
        symbols
            .windows(2)
            .filter_map(|pair| Some([pair[0]?, pair[1]?].iter().collect()))
            .collect()
    }
}

impl Near {
    /// How many characters a key is off; none if it is too many.
    pub fn off_by(&self, key: &str) -> Option<usize> {
        let other = shape(key);
        if other.len().abs_diff(self.shape.len()) > self.off {
            return None;
        }
        let off = distance(&self.shape, &other);
        (off <= self.off).then_some(off)
    }

    /// Its grams; a near plate has one of any `2 * off + 1` of them.
    pub fn grams(&self) -> BTreeSet<String> {
        grams_of(&self.shape)
    }

    /// How many of its grams are enough to find every near plate.
    pub fn enough(&self) -> usize {
        2 * self.off + 1
    }

    /// The shortest and the longest near plate.
    pub fn lengths(&self) -> (usize, usize) {
        let long = self.shape.len();
        (long.saturating_sub(self.off), long + self.off)
    }
}

/// The grams of a plate's key: its neighbours by shape, and both its ends.
pub fn grams(key: &str) -> BTreeSet<String> {
    grams_of(&shape(key))
}

fn grams_of(shape: &[char]) -> BTreeSet<String> {
    let mut symbols = vec![EDGE];
    symbols.extend(shape);
    symbols.push(EDGE);
    symbols
        .windows(2)
        .map(|pair| pair.iter().collect())
        .collect()
}

fn shape(key: &str) -> Vec<char> {
    key.chars().map(alike).collect()
}

/// The character that stands for all that look like this one.
fn alike(symbol: char) -> char {
    ALIKE
        .iter()
        .find(|class| class.contains(symbol))
        .and_then(|class| class.chars().next())
        .unwrap_or(symbol)
}

/// How many characters must be exchanged, dropped or added to make one of the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, symbol) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for column in 0..other.len() {
            let exchanged = diagonal + usize::from(*symbol != other[column]);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        match Wanted::holding(text).unwrap() {
            Wanted::Fits(pattern) => pattern,
            Wanted::Near(near) => panic!("{near:?}"),
        }
    }

    fn near(text: &str, off: usize) -> Near {
        match Wanted::near(text, off).unwrap() {
            Wanted::Near(near) => near,
            Wanted::Fits(pattern) => panic!("{pattern:?}"),
        }
    }

    #[test]
    fn a_plain_text_is_held_anywhere_and_wildcards_mean_the_whole_plate() {
        for (text, key, fits) in [
            ("34b", "1234BCD", true),
            ("o1", "A01", true),
            ("12*", "1234BCD", true),
            ("12*", "9128BCD", false),
            ("*bcd", "1234BCD", true),
            ("*bc", "1234BCD", false),
            ("1?34*", "1234BCD", true),
            ("????BCD", "1234BCD", true),
            ("???BCD", "1234BCD", false),
            ("*", "1", true),
            ("?", "", false),
            ("12-34 bcd", "1234BCD", true),
        ] {
            assert_eq!(pattern(text).fits(key), fits, "{text} over {key}");
        }
        let Wanted::Fits(begins) = Wanted::beginning("12").unwrap() else {
            panic!("no pattern");
        };
        assert!(begins.fits("1299") && !begins.fits("9912"));
    }

    /// Wildcards that explode elsewhere, the metacharacters of LIKE and of regular expressions, NUL and text that runs
    /// from right to left: refused, or plainly read.
    #[test]
    fn hostile_searches_are_refused_or_cheap() {
        for text in [
            "",
            " ",
            "%",
            "_",
            "[A-Z]",
            "A\0B",
            "\u{202e}AB",
            "A'--",
            ".^$|",
            "(a+)+",
            "\\",
            "ÄÖ",
            "１２",
        ] {
            assert!(Wanted::holding(text).is_err(), "{text:?}");
        }
        assert_eq!(
            Wanted::holding(&"*".repeat(5_000)),
            Err(WantedError::TooLong)
        );
        assert_eq!(Wanted::holding(&"*".repeat(60)), Wanted::holding("*"));
        assert!(Wanted::holding(&"?".repeat(13)).is_err());
        assert!(Wanted::holding(&"A*".repeat(13)).is_err());
        let steps = pattern(&"A*".repeat(12));
        assert!(!steps.fits("AAAAAAAAAAAB") && steps.fits("AAAAAAAAAAAA"));
        assert_eq!(Wanted::exactly("12*"), Err(WantedError::Wildcard));
        assert_eq!(Wanted::beginning("1?"), Err(WantedError::Wildcard));
        assert_eq!(Wanted::near("1?", 1), Err(WantedError::Wildcard));
    }

    #[test]
    fn look_alikes_do_not_count_and_short_plates_are_allowed_less() {
        let wanted = near("B0S1234", 1);
        assert_eq!(wanted.off_by("805I234"), Some(0));
        assert_eq!(wanted.off_by("805I235"), Some(1));
        assert_eq!(wanted.off_by("805I2"), None);
        assert_eq!(near("12", 2).off, 1);
        assert_eq!(near("1", 2).off, 0);
        assert_eq!(near("1234567", 9).off, 2);
    }

    #[test]
    fn every_class_of_look_alikes_is_apart_from_the_others() {
        let all: Vec<char> = ALIKE.iter().flat_map(|class| class.chars()).collect();
        let once: BTreeSet<char> = all.iter().copied().collect();
        assert_eq!(all.len(), once.len());
        assert!(!once.contains(&'O'), "a key has no letter O");
    }

    proptest! {
        /// The grams that a search asks for never lose a plate that it wants.
        #[test]
        fn grams_never_lose_a_near_plate(
            text in "[A-Z0-9]{1,9}", at in 0_usize..9, with in "[A-Z0-9]{0,2}", drop in 0_usize..3, off in 0_usize..3,
        ) {
            let wanted = near(&text, off);
            let key = Plate::parse(&text).unwrap().key();
            let at = at.min(key.len());
            let end = (at + drop).min(key.len());
            let other = format!("{}{}{}", &key[..at], with.replace('O', "0"), &key[end..]);
            if !other.is_empty() && wanted.off_by(&other).is_some() {
                let theirs = grams(&other);
                let ours: Vec<String> = wanted.grams().into_iter().collect();
                prop_assert!(ours.len() >= wanted.enough());
                // Whichever are taken.
                for start in 0..ours.len() {
                    let mut taken = ours.iter().cycle().skip(start).take(wanted.enough());
                    prop_assert!(taken.any(|gram| theirs.contains(gram)));
                }
            }
        }

        #[test]
        fn grams_of_a_pattern_are_grams_of_all_it_fits(key in "[A-NP-Z0-9]{1,12}", cut in 0_usize..12, long in 0_usize..12) {
            let from = cut.min(key.len() - 1);
            let to = (from + 1 + long).min(key.len());
            for text in [key[from..to].to_owned(), format!("{}*", &key[..to]), format!("*{}", &key[from..])] {
                let pattern = pattern(&text);
                prop_assert!(pattern.fits(&key));
                prop_assert!(pattern.grams().is_subset(&grams(&key)));
            }
        }
    }
}
