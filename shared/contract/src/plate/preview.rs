//! What a permit of a plate would match, before anyone makes it: shown to people while they type. Pure.

use super::Candidate;
use super::Character;
use super::Plate;
use super::PlateRead;
use super::confusion;
use super::confusion::SYMBOLS;
use super::confusion::code_of;
use super::confusion::symbol_of;
use super::matching::Budgets;
use super::matching::Call;
use super::matching::Plates;

/// From which measured probability on two symbols count as often confused.
const OFTEN: f64 = 2e-4;
/// The most look-alike readings that are named.
const MOST_LOOK_ALIKES: usize = 24;
/// The most listed plates that are named as near.
const MOST_NEAR: usize = 20;

/// A reading that is not the plate, and may still be taken for it.
#[derive(Clone, Debug, PartialEq)]
pub struct LookAlike {
    /// What the reader names.
    pub text: Plate,
    /// Which character it names otherwise, counted from 0.
    pub place: usize,
    /// What it names there.
    pub named: char,
    /// Whether the gate opens if the reader wavers there between the two: 55 % for this one, 40 % for the plate's.
    pub opens_wavering: bool,
    /// Whether the gate asks a person, or keeps a denied plate out, even if the reader is sure of this one.
    pub asks: bool,
    /// The probability that a sure reading of it is the plate, 0 to 1.
    pub probability: f64,
}

/// A listed plate that differs from the plate by one character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// Which of the listed plates given.
    pub place: usize,
    /// The characters in which they differ, `(the plate's, the listed one's)`; none where one of them has no such place.
    pub differs: (Option<char>, Option<char>),
    /// Whether the reader takes one for the other often.
    pub often: bool,
}

/// What a permit of a plate would match.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The readings that are taken for it or nearly so, the likeliest first.
    pub look_alikes: Vec<LookAlike>,
    /// The listed plates that are too near to tell apart in a bad picture.
    pub near: Vec<Near>,
}

/// What a permit of `plate` would match in a book that lists `listed` (with or without the plate itself).
pub fn preview(plate: &Plate, listed: &[Plate], budgets: &Budgets) -> Preview {
    let near = near(plate, listed);
    // Only the plate and its neighbours can be taken for one another; the others count by their number alone.
    let neighbours = near.iter().filter_map(|near| listed.get(near.place));
    let book = Plates::new(std::iter::once(plate).chain(neighbours)).among(listed.len().max(1));
    let mut look_alikes = Vec::new();
    for (place, stands) in plate.as_str().chars().enumerate() {
        let Some(code) = code_of(stands) else {
            continue;
        };
        for named in (0..SYMBOLS as u8).filter(|named| *named != code) {
            let true_of = &confusion::measured().true_of;
            if true_of[usize::from(named)][usize::from(code)] < OFTEN {
                continue;
            }
            look_alikes.extend(look_alike(
                plate,
                (place, stands, symbol_of(named)),
                &book,
                budgets,
            ));
        }
    }
    look_alikes.sort_by(|one, other| {
        let by_probability = other.probability.total_cmp(&one.probability);
        by_probability.then(one.text.cmp(&other.text))
    });
    look_alikes.truncate(MOST_LOOK_ALIKES);
    Preview { look_alikes, near }
}

fn look_alike(
    plate: &Plate,
    (place, stands, named): (usize, char, char),
    book: &Plates,
    budgets: &Budgets,
) -> Option<LookAlike> {
    let other: String = plate
        .as_str()
        .chars()
        .enumerate()
        .map(|(at, symbol)| if at == place { named } else { symbol })
        .collect();
    let text = Plate::parse(&other).ok()?;
    let own = book.find(&plate.key())?;
    let sure = book.weigh(&reading(&text, place, &[(named, 0.99)]));
    let probability_of = |weighed: &super::matching::Weighed| {
        let found = weighed.matches.iter().find(|found| found.place == own);
        found.map_or(0.0, |found| found.probability)
    };
    let wavering = book.weigh(&reading(&text, place, &[(named, 0.55), (stands, 0.40)]));
    let opens_wavering =
        matches!(wavering.call(budgets, |_| true), Call::Sure(found) if found.place == own);
    let probability = probability_of(&sure);
    Some(LookAlike {
        text,
        place,
        named,
        opens_wavering,
        asks: probability >= budgets.loose,
        probability,
    })
}

/// A read that is sure of every character but one.
fn reading(text: &Plate, place: usize, options: &[(char, f32)]) -> PlateRead {
    let characters: Vec<Character> = text
        .as_str()
        .chars()
        .enumerate()
        .map(|(at, symbol)| Character {
            options: if at == place {
                options.to_vec()
            } else {
                vec![(symbol, 0.99)]
            },
        })
        .collect();
    let confidence = options.first().map_or(0.0, |option| option.1);
    let candidates: Vec<Candidate> = options
        .iter()
        .filter_map(|(symbol, confidence)| {
            let spelled = text.as_str().chars().enumerate();
            let spelled: String = spelled
                .map(|(at, c)| if at == place { *symbol } else { c })
                .collect();
            Some(Candidate {
                text: Plate::parse(&spelled).ok()?,
                confidence: *confidence,
            })
        })
        .collect();
    PlateRead {
        text: text.clone(),
        confidence,
        corners: [[0.0; 2]; 4],
        detection: 1.0,
        candidates,
        characters,
        region: None,
    }
}

/// The listed plates that differ by one character, those that are often confused first.
fn near(plate: &Plate, listed: &[Plate]) -> Vec<Near> {
    let own: Vec<char> = plate.key().chars().collect();
    let mut near: Vec<Near> = listed
        .iter()
        .enumerate()
        .filter_map(|(place, other)| {
            let other: Vec<char> = other.key().chars().collect();
            let differs = one_difference(&own, &other)?;
            let often = match differs {
                (Some(one), Some(other)) => is_confused(one, other),
                (one, other) => one.is_some() != other.is_some(),
            };
            Some(Near {
                place,
                differs,
                often,
            })
        })
        .collect();
    near.sort_by_key(|near| (!near.often, near.place));
    near.truncate(MOST_NEAR);
    near
}

/// The one character in which two texts differ; none if they are the same or differ by more.
fn one_difference(one: &[char], other: &[char]) -> Option<(Option<char>, Option<char>)> {
    let start = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let rest = (one.get(start..)?, other.get(start..)?);
    match rest {
        ([], []) => None,
        ([a, one_tail @ ..], [b, other_tail @ ..]) if one_tail == other_tail => {
            Some((Some(*a), Some(*b)))
        }
        ([a, tail @ ..], longer) if tail == longer => Some((Some(*a), None)),
        (shorter, [b, tail @ ..]) if shorter == tail => Some((None, Some(*b))),
        _ => None,
    }
}

fn is_confused(one: char, other: char) -> bool {
    let (Some(one), Some(other)) = (code_of(one), code_of(other)) else {
        return false;
    };
    let table = &confusion::measured().true_of;
    let (one, other) = (usize::from(one), usize::from(other));
    table[one][other].max(table[other][one]) >= OFTEN
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plate(text: &str) -> Plate {
        Plate::parse(text).unwrap()
    }

    #[test]
    fn a_plate_shows_the_readings_that_open_or_ask_for_it() {
        let found = preview(&plate("AB12CDI"), &[plate("XX99XXX")], &Budgets::default());
        let one = found
            .look_alikes
            .iter()
            .find(|alike| alike.text == plate("AB12CD1"));
        let one = one.expect("1 is often taken for I");
        assert_eq!((one.place, one.named), (6, '1'));
        assert!(one.opens_wavering && one.asks, "{one:?}");
        assert!(found.near.is_empty());
    }

    #[test]
    fn a_neighbour_that_is_listed_is_named_and_then_wavering_does_not_open() {
        let listed = [
            plate("AB12CD1"),
            plate("ZZ99ZZZ"),
            plate("AB12CDI"),
            plate("AB12CD"),
        ];
        let found = preview(&plate("AB12CDI"), &listed, &Budgets::default());
        assert_eq!(
            found.near,
            [
                Near {
                    place: 0,
                    differs: (Some('I'), Some('1')),
                    often: true
                },
                Near {
                    place: 3,
                    differs: (Some('I'), None),
                    often: true
                },
            ]
        );
        let one = found
            .look_alikes
            .iter()
            .find(|alike| alike.text == listed[0])
            .unwrap();
        assert!(!one.opens_wavering, "{one:?}");
    }

    #[test]
    fn differences_are_one_other_one_more_or_one_less() {
        let chars = |text: &str| text.chars().collect::<Vec<char>>();
        let of = |one: &str, other: &str| one_difference(&chars(one), &chars(other));
        assert_eq!(of("ABC", "ABC"), None);
        assert_eq!(of("ABC", "AXC"), Some((Some('B'), Some('X'))));
        assert_eq!(of("ABC", "AC"), Some((Some('B'), None)));
        assert_eq!(of("AB", "ABC"), Some((None, Some('C'))));
        assert_eq!(of("", "A"), Some((None, Some('A'))));
        assert_eq!(of("ABCD", "BACD"), None);
    }

    proptest! {
        #[test]
        fn any_plate_has_a_preview_of_bounded_size(
            text in "[A-Z0-9]{1,12}",
            listed in proptest::collection::vec("[A-C0-2]{1,12}", 0..30),
        ) {
            let listed: Vec<Plate> = listed.iter().map(|text| plate(text)).collect();
            let found = preview(&plate(&text), &listed, &Budgets::default());
            prop_assert!(found.look_alikes.len() <= MOST_LOOK_ALIKES && found.near.len() <= MOST_NEAR);
            for alike in &found.look_alikes {
                prop_assert!((0.0..=1.0).contains(&alike.probability));
                prop_assert!(alike.text.key() != plate(&text).key());
            }
        }

        #[test]
        fn nearness_is_symmetric(one in "[A-D01]{1,5}", other in "[A-D01]{1,5}") {
            let (one, other) = (plate(&one), plate(&other));
            let there = near(&one, std::slice::from_ref(&other));
            let back = near(&other, std::slice::from_ref(&one));
            prop_assert_eq!(there.len(), back.len());
            for (there, back) in there.iter().zip(&back) {
                prop_assert_eq!(there.differs, (back.differs.1, back.differs.0));
                prop_assert_eq!(there.often, back.often);
            }
        }
    }
}
