//! The syntax of regions' plates: where letters and where digits stand. It raises or lowers what a read may mean, and
//! never changes a read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::confusion::SYMBOLS;
use super::confusion::code_of;

/// What may stand at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// One of 26 letters.
    Letter,
    /// One of ten digits.
    Digit,
    /// Either.
    Any,
}

/// The classes of a plate from left to right.
pub(super) type Pattern = Vec<Class>;

/// Region, and its plates' forms: a class (L, D or A for either) with how many of it, `LL` being written `L2`.
const FORMS: &[(&str, &str)] = &[
    ("ad", "L1D4"),
    ("al", "L2D3L2"),
    ("ar", "L2D3L2 L3D3"),
    ("at", "L1-2D3-5L1-2 L1-2D6"),
    ("ba", "L1D2L1D3 D3L1D3"),
    ("be", "D1L3D3 L3D3 D3L3"),
    ("bg", "L1-2D4L2"),
    ("br", "L3D4"),
    ("br-mercosur", "L3D1L1D2 L3D4"),
    ("by", "D4L2D1"),
    ("ca", "L4D3 L3D3-4 D3L3 D1L2D3 L1D2L1D2"),
    ("ch", "L2D1-6"),
    ("cl", "L4D2 L2D4"),
    ("co", "L3D3"),
    ("cz", "D1A2D4 L2-3D4"),
    ("de", "L2-5D1-4 L2-4D1-4L1"),
    ("dk", "L2D5"),
    ("ee", "D3L3"),
    ("es", "D4L3 L1-2D4L1-2"),
    ("fi", "L2-3D1-3"),
    ("fr", "L2D3L2 D2-4L2-3D2"),
    ("gb", "L2D2L3 L1D1-3L3 L3D1-3L1"),
    ("gr", "L3D4"),
    ("hr", "L2D3-4L1-2"),
    ("hu", "L3D3 L4D3"),
    ("ie", "D2-3L1-2D1-6"),
    ("it", "L2D3L2"),
    ("lt", "L3D3"),
    ("lu", "L2D4 D4-5"),
    ("lv", "L2D1-4"),
    ("md", "L3D3"),
    ("me", "L2A2D3"),
    ("mk", "L2D3-4L2"),
    ("mx", "L3D3-4 L3D3L1 L1D2L3"),
    (
        "nl",
        "L2D3L1 L1D3L2 D2L3D1 D1L3D2 L3D2L1 L1D2L3 D2L2D2 L2D2L2 L4D2 D2L4",
    ),
    ("no", "L2D5"),
    ("pl", "L2-3D4-5 L2-3D2-4L1-2 L2-3L1D3-4"),
    ("pt", "L2D2L2 D2L2D2 D4L2 L2D4"),
    ("ro", "L1-2D2-3L3"),
    ("rs", "L2D3-4L2"),
    ("ru", "L1D3L2D2-3"),
    ("se", "L3D2A1"),
    ("si", "L2A1A1D3 L2D3L2 L2D2L3 L2D4L1"),
    ("sk", "L2D3L2"),
    ("tr", "D2L1-3D2-4"),
    ("ua", "L2D4L2"),
    ("us", "A5-8 L3D3-4 D3L3 D1L3D3"),
    ("uy", "L3D4"),
];

/// The longest plate that a syntax speaks of.
const LONGEST: usize = 12;

/// The share of a region's plates that keep to no form: personal, old, diplomatic ones.
const IRREGULAR: f64 = 0.05;
/// The same where the region is not known.
const ANYTHING: f64 = 0.2;

/// What plates of somewhere look like: forms with their shares, by length.
#[derive(Debug, Default)]
pub(super) struct Syntax {
    by_length: BTreeMap<usize, Vec<(f64, Pattern)>>,
    /// The share of plates without a form, spread over nine lengths.
    formless: f64,
}

impl Syntax {
    fn of(patterns: &[Pattern], formless: f64) -> Self {
        let mut by_length: BTreeMap<usize, Vec<(f64, Pattern)>> = BTreeMap::new();
        let share = (1.0 - formless) / patterns.len().max(1) as f64;
        for pattern in patterns {
            let row = (share, pattern.clone());
            by_length.entry(pattern.len()).or_default().push(row);
        }
        Self {
            by_length,
            formless,
        }
    }

    /// How much likelier a read of `means.len()` characters comes from a random plate of this syntax than from random
    /// symbols; `means` gives the mean gain of each class at each place.
    pub(super) fn gain(&self, means: &[[f64; 3]]) -> f64 {
        let forms = self.by_length.get(&means.len());
        let formed: f64 = forms
            .into_iter()
            .flatten()
            .map(|(share, pattern)| {
                let places = pattern.iter().zip(means);
                let product: f64 = places
                    .map(|(class, means)| means[*class as usize])
                    .product();
                share * product
            })
            .sum();
        let formless: f64 = means
            .iter()
            .map(|means| means[Class::Any as usize])
            .product();
        formed + self.formless / 9.0 * formless
    }

    /// How likely a random plate of this syntax is this one, as codes.
    pub(super) fn share(&self, codes: &[u8]) -> f64 {
        let forms = self.by_length.get(&codes.len());
        let formed: f64 = forms
            .into_iter()
            .flatten()
            .filter(|(_, pattern)| {
                pattern
                    .iter()
                    .zip(codes)
                    .all(|(class, code)| class.holds(*code))
            })
            .map(|(share, pattern)| {
                let sizes = pattern.iter().map(|class| class.size() as f64);
                share / sizes.product::<f64>()
            })
            .sum();
        formed + self.formless / 9.0 / (SYMBOLS as f64).powi(codes.len() as i32)
    }

    /// Whether a plate, as codes, keeps to a form.
    pub(super) fn fits(&self, codes: &[u8]) -> bool {
        self.by_length.get(&codes.len()).is_some_and(|forms| {
            forms.iter().any(|(_, pattern)| {
                pattern
                    .iter()
                    .zip(codes)
                    .all(|(class, code)| class.holds(*code))
            })
        })
    }
}

impl Class {
    /// Whether a symbol is of this class; the code 0 is the digit 0 as well as the letter O.
    pub(super) fn holds(self, code: u8) -> bool {
        match self {
            Self::Letter => code == 0 || code >= 10,
            Self::Digit => code < 10,
            Self::Any => true,
        }
    }

    /// The class of a symbol alone.
    pub(super) fn of(code: u8) -> Self {
        if code < 10 { Self::Digit } else { Self::Letter }
    }

    /// How many symbols it holds.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Letter => 26,
            Self::Digit => 10,
            Self::Any => SYMBOLS,
        }
    }
}

/// The syntax of a region; none for a code that we do not know.
pub(super) fn of_region(code: &str) -> Option<&'static Syntax> {
    static REGIONS: LazyLock<BTreeMap<&'static str, Syntax>> = LazyLock::new(|| {
        let regions = FORMS.iter();
        regions
            .map(|(region, forms)| (*region, Syntax::of(&expanded(forms), IRREGULAR)))
            .collect()
    });
    REGIONS.get(code)
}

/// Plates of anywhere: every form that some region has.
pub(super) fn of_anywhere() -> &'static Syntax {
    static ANYWHERE: LazyLock<Syntax> = LazyLock::new(|| {
        let mut patterns: Vec<Pattern> = FORMS
            .iter()
            .flat_map(|(_, forms)| expanded(forms))
            .collect();
        patterns.sort();
        patterns.dedup();
        Syntax::of(&patterns, ANYTHING)
    });
    &ANYWHERE
}

/// The regions whose forms a plate keeps to, in alphabetical order; empty for a plate of no known form.
pub fn regions_of(plate: &super::Plate) -> Vec<&'static str> {
    let codes: Vec<u8> = plate.as_str().chars().filter_map(code_of).collect();
    FORMS
        .iter()
        .map(|(region, _)| *region)
        .filter(|region| of_region(region).is_some_and(|syntax| syntax.fits(&codes)))
        .collect()
}

/// Every pattern of forms such as `L1-2D4`.
fn expanded(forms: &str) -> Vec<Pattern> {
    forms
        .split(' ')
        .flat_map(|form| {
            let mut patterns = vec![Pattern::new()];
            for (class, fewest, most) in parts(form) {
                patterns = patterns
                    .iter()
                    .flat_map(|start| {
                        (fewest..=most).map(move |count| {
                            let mut longer = start.clone();
                            longer.extend(std::iter::repeat_n(class, count));
                            longer
                        })
                    })
                    .collect();
            }
            patterns
        })
        .filter(|pattern| (1..=LONGEST).contains(&pattern.len()))
        .collect()
}

/// The parts of a form: a class, and how many of it at least and at most.
fn parts(form: &str) -> Vec<(Class, usize, usize)> {
    form.split_inclusive(|c: char| c.is_ascii_digit()).fold(
        Vec::new(),
        |mut parts: Vec<(Class, usize, usize)>, piece| {
            let count = piece
                .chars()
                .last()
                .and_then(|c| c.to_digit(10))
                .map_or(1, |digit| digit as usize);
            let class = match piece.chars().next() {
                Some('L') => Class::Letter,
                Some('D') => Class::Digit,
                Some('A') => Class::Any,
                // The end of a range: `-4`.
                _ => {
                    if let Some(last) = parts.last_mut() {
                        last.2 = count;
                    }
                    return parts;
                }
            };
            parts.push((class, count, count));
            parts
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::Plate;
    use super::*;

    fn regions(text: &str) -> Vec<&'static str> {
        regions_of(&Plate::parse(text).unwrap())
    }

    #[test]
    fn forms_are_expanded_to_every_length_they_allow() {
        assert_eq!(expanded("L1-2D1").len(), 2);
        assert_eq!(
            expanded("L2D1L3")[0],
            [
                Class::Letter,
                Class::Letter,
                Class::Digit,
                Class::Letter,
                Class::Letter,
                Class::Letter
            ]
        );
        for (region, forms) in FORMS {
            assert!(!expanded(forms).is_empty(), "{region}");
        }
    }

    #[test]
    fn plates_are_known_by_their_regions_forms() {
        assert!(regions("AB12 CDE").contains(&"gb"));
        assert!(regions("1234 BCD").contains(&"es"));
        assert!(regions("M-AB 123").contains(&"de"));
        assert!(regions("BRA 2E19").contains(&"br-mercosur"));
        assert!(!regions("BRA 2E19").contains(&"br"));
        assert!(regions("1A2B3C4D5E").is_empty());
    }

    #[test]
    fn the_letter_o_may_stand_where_a_digit_or_a_letter_does() {
        assert!(regions("OO12 OOO").contains(&"gb"));
        assert!(regions("ABO12CD").contains(&"fr"));
    }
}
