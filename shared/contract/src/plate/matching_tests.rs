//! What a read may be: examples, and properties over any read.

use proptest::prelude::*;

use super::super::Candidate;
use super::*;
use crate::region::Region;

fn plate(text: &str) -> Plate {
    Plate::parse(text).unwrap()
}

fn book(texts: &[&str]) -> Plates {
    let plates: Vec<Plate> = texts.iter().map(|text| plate(text)).collect();
    Plates::new(&plates)
}

/// A read that is sure of every character but those given.
fn read(text: &str, doubts: &[(usize, &[(char, f32)])]) -> PlateRead {
    let text = plate(text);
    let characters = text
        .as_str()
        .chars()
        .enumerate()
        .map(|(at, symbol)| Character {
            options: doubts
                .iter()
                .find(|(place, _)| *place == at)
                .map_or_else(|| vec![(symbol, 0.999)], |(_, options)| options.to_vec()),
        })
        .collect();
    PlateRead {
        text,
        confidence: 0.9,
        corners: [[0.0; 2]; 4],
        detection: 0.9,
        candidates: Vec::new(),
        characters,
        region: None,
    }
}

fn probability_of(plates: &Plates, read: &PlateRead, text: &str) -> f64 {
    let place = plates.find(&plate(text).key()).unwrap();
    let weighed = plates.weigh(read);
    let found = weighed.matches.iter().find(|found| found.place == place);
    found.map_or(0.0, |found| found.probability)
}

#[test]
fn a_sure_read_of_a_listed_plate_is_that_plate() {
    let plates = book(&["AB12CDE", "AB12CDF", "XY99ZZZ"]);
    let weighed = plates.weigh(&read("AB12CDE", &[]));
    assert!(weighed.unlisted < 0.0005, "{weighed:?}");
    assert!(weighed.matches[0].probability > 0.98, "{weighed:?}");
    assert!(
        matches!(weighed.call(&Budgets::default(), |_| true), Call::Sure(found) if found.place == 0)
    );
    // Without a permit that holds nothing is sure.
    assert!(matches!(
        weighed.call(&Budgets::default(), |_| false),
        Call::Perhaps(_)
    ));
}

#[test]
fn a_sure_read_of_another_plate_is_unlisted() {
    let plates = book(&["AB12CDE", "XY99ZZZ"]);
    let weighed = plates.weigh(&read("KL34MNP", &[]));
    assert!(weighed.unlisted > 0.999, "{weighed:?}");
}

#[test]
fn a_wavering_character_is_the_listed_plate_and_a_sure_neighbour_is_not() {
    let plates = book(&["AB12CDI", "XY99ZZZ"]);
    let wavering = read("AB12CD1", &[(6, &[('1', 0.55), ('I', 0.40)])]);
    assert!(probability_of(&plates, &wavering, "AB12CDI") > 0.9995);
    let found = &plates.weigh(&wavering).matches[0];
    assert_eq!(found.changes, 1);
    assert!(found.is_backed(&Budgets::default()));
    // K is hardly ever taken for I.
    let neighbour = read("AB12CDK", &[]);
    assert!(probability_of(&plates, &neighbour, "AB12CDI") < 0.9);
    assert!(
        !plates
            .weigh(&neighbour)
            .matches
            .iter()
            .any(|found| found.is_backed(&Budgets::default()))
    );
}

#[test]
fn a_dropped_and_an_added_character_are_aligned_and_never_backed() {
    let plates = book(&["AB12CDE", "XY99ZZZ"]);
    for (text, least) in [("AB12CE", 0.3), ("AB12CDDE", 0.05)] {
        let weighed = plates.weigh(&read(text, &[]));
        let found = &weighed.matches[0];
        assert_eq!(found.place, 0, "{text}");
        assert!(found.probability > least, "{text}: {weighed:?}");
        assert!(found.probability < 0.9995, "{text}: {weighed:?}");
        assert_eq!((found.changes, found.support), (1, 0.0), "{text}");
        assert!(!found.is_backed(&Budgets::default()));
    }
}

#[test]
fn the_letter_o_and_zero_are_one_plate() {
    let plates = book(&["O0O1234", "OO01234"]);
    assert_eq!(plates.len(), 1);
    assert!(probability_of(&plates, &read("0001234", &[]), "OOO1234") > 0.9995);
}

#[test]
fn the_region_raises_its_own_plates_and_changes_no_read() {
    let plates = book(&["BRA2E19", "BRA2819"]);
    let between = |region: Option<&str>| {
        let mut read = read("BRA2E19", &[(4, &[('E', 0.50), ('8', 0.45)])]);
        read.region = region.map(|code| Region {
            code: code.into(),
            confidence: 0.95,
        });
        (
            probability_of(&plates, &read, "BRA2E19"),
            probability_of(&plates, &read, "BRA2819"),
        )
    };
    let (plain, plain_other) = between(None);
    // Old plates have four digits: there the 8 is the likelier one.
    let (old, old_other) = between(Some("br"));
    assert!(old < plain && old_other > plain_other && old_other > old);
    // A region that nobody knows is no guess.
    assert_eq!(between(Some("atlantis")), (plain, plain_other));
}

#[test]
fn other_frames_texts_speak_as_well_as_the_best_frames_characters() {
    let plates = book(&["AB12CDE", "AB12CDF"]);
    let mut joined = read("AB12CDE", &[]);
    joined.candidates = [("AB12CDE", 0.55), ("AB12CDF", 0.45)]
        .map(|(text, confidence)| Candidate {
            text: plate(text),
            confidence,
        })
        .to_vec();
    let weighed = plates.weigh(&joined);
    assert_eq!(weighed.clear(&Budgets::default()), None, "{weighed:?}");
}

#[test]
fn tens_of_thousands_of_plates_are_looked_up_and_not_aligned() {
    let plates: Vec<Plate> = (0..50_000)
        .map(|n| {
            plate(&format!(
                "{:04}{}",
                n % 10_000,
                ["BCD", "FGH", "JKL", "MNP", "RST"][n / 10_000]
            ))
        })
        .collect();
    let plates = Plates::new(&plates);
    assert_eq!(plates.len(), 50_000);
    let near = plates.near(&Evidence::of(&read("1234BCD", &[])));
    assert!(near.len() <= MOST_WEIGHED);
    assert!(probability_of(&plates, &read("1234BCD", &[]), "1234BCD") > 0.9);
}

#[test]
fn frames_that_read_more_or_fewer_characters_speak_against_opening() {
    let plates = book(&["MYD0R24", "XY99ZZZ"]);
    let mut joined = read("MYD0R24", &[]);
    joined.candidates = [("MYD0R24", 0.51), ("MYJD0R24", 0.49)]
        .map(|(text, confidence)| Candidate {
            text: plate(text),
            confidence,
        })
        .to_vec();
    let weighed = plates.weigh(&joined);
    assert!(matches!(
        weighed.call(&Budgets::default(), |_| true),
        Call::Perhaps(_)
    ));
}

/// Any read that could come over the wire, sane or not.
fn any_read() -> impl Strategy<Value = PlateRead> {
    let number = prop_oneof![
        0.0f32..1.0,
        Just(f32::NAN),
        Just(f32::INFINITY),
        Just(-1.0f32),
        Just(1e30f32)
    ];
    let options = proptest::collection::vec(
        (
            any::<char>().prop_union(proptest::char::range('0', 'Z')),
            number.clone(),
        ),
        0..6,
    );
    let characters = proptest::collection::vec(options, 0..14);
    let candidates = proptest::collection::vec(("[A-C0-2]{1,12}", number.clone()), 0..6);
    let region = proptest::option::of(("[a-z]{0,3}", number.clone()));
    ("[A-C0-2]{1,12}", characters, candidates, region, number).prop_map(
        |(text, characters, candidates, region, confidence)| PlateRead {
            text: plate(&text),
            confidence,
            corners: [[f32::NAN; 2]; 4],
            detection: confidence,
            candidates: candidates
                .into_iter()
                .map(|(text, confidence)| Candidate {
                    text: plate(&text),
                    confidence,
                })
                .collect(),
            characters: characters
                .into_iter()
                .map(|options| Character { options })
                .collect(),
            region: region.map(|(code, confidence)| Region { code, confidence }),
        },
    )
}

proptest! {
    #[test]
    fn probabilities_are_probabilities_whatever_is_read(
        read in any_read(),
        listed in proptest::collection::vec("[A-C0-2]{1,12}", 0..12),
    ) {
        let plates: Vec<Plate> = listed.iter().map(|text| plate(text)).collect();
        let weighed = Plates::new(&plates).weigh(&read);
        let sum: f64 = weighed.matches.iter().map(|found| found.probability).sum();
        prop_assert!(weighed.unlisted >= 0.0 && sum + weighed.unlisted <= 1.0 + 1e-9, "{:?}", weighed);
        for found in &weighed.matches {
            prop_assert!((0.0..=1.0).contains(&found.probability));
            prop_assert!((0.0..=1.0).contains(&found.support));
        }
    }

    #[test]
    fn an_exact_sure_read_of_a_lone_listed_plate_is_it(text in "[A-Z0-9]{4,10}") {
        let plates = book(&[&text]);
        let found = &plates.weigh(&read(&text, &[])).matches[0];
        prop_assert!(found.probability > 0.999, "{:?}", found);
        prop_assert_eq!(found.changes, 0);
    }

    #[test]
    fn a_likelier_character_never_makes_its_plate_less_likely(
        text in "[A-Z0-9]{4,9}",
        place in 0usize..4,
        low in 0.05f32..0.9,
        more in 0.0f32..0.09,
        other in proptest::char::range('A', 'N'),
    ) {
        let stands = plate(&text).key().chars().nth(place).unwrap();
        prop_assume!(stands != other);
        let plates = book(&[&text, "QQ999QQ"]);
        let with = |sure: f32| read(&text, &[(place, &[(stands, sure), (other, 0.99 - sure)])]);
        let (before, after) = (
            probability_of(&plates, &with(low), &text),
            probability_of(&plates, &with(low + more), &text),
        );
        prop_assert!(after >= before - 1e-9, "{} then {}", before, after);
    }

    #[test]
    fn the_order_of_the_book_does_not_matter(
        listed in proptest::collection::vec("[A-C0-2]{3,5}", 1..8),
        text in "[A-C0-2]{3,5}",
    ) {
        let there: Vec<Plate> = listed.iter().map(|text| plate(text)).collect();
        let back: Vec<Plate> = there.iter().rev().cloned().collect();
        let (one, other) = (Plates::new(&there), Plates::new(&back));
        for listed in &listed {
            let difference = probability_of(&one, &read(&text, &[]), listed) - probability_of(&other, &read(&text, &[]), listed);
            prop_assert!(difference.abs() < 1e-9);
        }
    }

    #[test]
    fn two_plates_between_which_a_read_is_even_are_never_clear(place in 0usize..7, pair in prop_oneof![Just(('8', 'B')), Just(('1', 'I')), Just(('2', 'Z'))]) {
        let spelled = |symbol: char| -> String {
            "AB12CDE".chars().enumerate().map(|(at, c)| if at == place { symbol } else { c }).collect()
        };
        let plates = book(&[&spelled(pair.0), &spelled(pair.1)]);
        let even = read(&spelled(pair.0), &[(place, &[(pair.0, 0.5), (pair.1, 0.49)])]);
        let weighed = plates.weigh(&even);
        prop_assert_eq!(weighed.clear(&Budgets::default()), None);
    }
}
