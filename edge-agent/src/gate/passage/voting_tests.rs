//! The vote, with reads that are wrong in the ways in which reads are wrong.

use contract::plate::LONGEST;
use proptest::prelude::*;

use super::*;

/// A read whose characters have these probabilities: `B:0.8/8:0.2 K:1 ...`.
fn read(columns: &str) -> PlateRead {
    let characters: Vec<Character> = columns
        .split(' ')
        .map(|column| Character {
            options: column
                .split('/')
                .map(|option| {
                    let (symbol, likely) = option.split_once(':').unwrap_or((option, "0.99"));
                    (symbol.chars().next().unwrap(), likely.parse().unwrap())
                })
                .collect(),
        })
        .collect();
    let text: String = characters
        .iter()
        .map(|character| character.options[0].0)
        .collect();
    let confidence = characters
        .iter()
        .map(|character| character.options[0].1)
        .product();
    let text = Plate::parse(&text).unwrap();
    PlateRead {
        text: text.clone(),
        confidence,
        corners: [[0.0, 0.0], [90.0, 0.0], [90.0, 20.0], [0.0, 20.0]],
        detection: 0.9,
        candidates: vec![Candidate { text, confidence }],
        characters,
        region: None,
    }
}

fn vote(reads: &[PlateRead]) -> PlateRead {
    let mut votes = Votes::default();
    for (read, place) in reads.iter().zip(0u8..) {
        let mut read = read.clone();
        for corner in &mut read.corners {
            corner[1] += 20.0 * f32::from(place);
        }
        votes.add(&read);
    }
    votes.read().unwrap().clone()
}

#[test]
fn a_single_read_stays_as_it_is() {
    let single = read("B:0.6/8:0.4 K X 4 7");
    assert_eq!(vote(std::slice::from_ref(&single)), single);
}

#[test]
fn each_character_is_decided_by_the_reads_that_saw_it_best() {
    let voted = vote(&[
        read("8:0.5/B:0.45 K X 4 7"),
        read("B:0.9/8:0.08 K X 4:0.5/A:0.48 7"),
        read("B:0.8/8:0.1 H:0.5/K:0.45 X 4:0.9/A:0.1 7"),
    ]);
    assert_eq!(voted.text.as_str(), "BKX47");
    assert_eq!(voted.characters.len(), 5);
    assert_eq!(voted.candidates[0].text, voted.text);
    let product: f32 = voted
        .characters
        .iter()
        .map(|character| character.options[0].1)
        .product();
    assert!(
        (product - voted.confidence).abs() < 0.02,
        "{product} {}",
        voted.confidence
    );
}

#[test]
fn a_missing_and_an_additional_character_spoil_nothing() {
    let whole = read("B K X 4 7 1 1");
    let missing = read("B K X 4 7 1");
    let additional = read("I B K X 4 7 1 1");
    for reads in [
        [whole.clone(), missing.clone(), additional.clone()],
        [missing.clone(), additional.clone(), whole.clone()],
        [additional, whole, missing],
    ] {
        assert_eq!(vote(&reads).text.as_str(), "BKX4711");
    }
}

#[test]
fn frames_that_err_together_never_count_as_more_than_a_few_independent_ones() {
    let doubtful = read("A:0.6/4:0.4 B C");
    let many = vote(&vec![doubtful.clone(); 20]);
    let confidence = many.characters[0].options[0].1;
    // 1 / CORRELATION independent reads of 0.6 against 0.4 give 0.794.
    assert!(confidence > 0.7 && confidence < 0.794, "{confidence}");
    let mut standing = Votes::default();
    for _ in 0..200 {
        standing.add(&doubtful);
    }
    let confidence = standing.read().unwrap().characters[0].options[0].1;
    assert!(
        confidence < 0.7,
        "the same pixels again say little: {confidence}"
    );
}

#[test]
fn one_confident_misread_does_not_outvote_the_others() {
    let voted = vote(&[
        read("8:0.999 K X"),
        read("B:0.9/8:0.05 K X"),
        read("B:0.9/8:0.05 K X"),
    ]);
    assert_eq!(voted.text.as_str(), "BKX");
    assert!(
        voted.confidence < 0.95,
        "the doubt stays: {}",
        voted.confidence
    );
}

#[test]
fn a_far_and_narrow_read_counts_less_than_a_near_one() {
    let mut far = read("8:0.9 K X 4 7");
    far.corners = [[0.0, 0.0], [36.0, 0.0], [36.0, 9.0], [0.0, 9.0]];
    let near = read("B:0.9 K X 4 7");
    assert!(weight_of(&far) < 0.3 * weight_of(&near));
    assert_eq!(vote(&[far.clone(), far, near]).text.as_str(), "BKX47");
}

#[test]
fn the_letter_o_and_zero_are_one_vote() {
    let voted = vote(&[read("A O:0.9 1"), read("A 0:0.9 1"), read("A 0:0.9 1")]);
    assert_eq!(voted.text.key(), "A01");
    assert!(voted.confidence > 0.85, "{}", voted.confidence);
}

#[test]
fn a_read_of_something_else_lowers_the_trust_and_changes_no_character() {
    let alone = vote(&[read("B K X 4 7"), read("B K X 4 7")]);
    let with = vote(&[read("B K X 4 7"), read("B K X 4 7"), read("Q W E R T")]);
    assert_eq!(with.text, alone.text);
    assert!(
        with.confidence < 0.8 * alone.confidence,
        "{}",
        with.confidence
    );
}

#[test]
fn the_kept_picture_is_that_of_a_read_that_says_what_the_vote_says() {
    let mut votes = Votes::default();
    let at = |mut read: PlateRead, x: f32| {
        for corner in &mut read.corners {
            corner[0] += x;
        }
        read
    };
    assert!(votes.add(&at(read("8:0.9 K X 4 7"), 10.0)));
    assert!(
        votes.add(&at(read("B:0.95 K X 4 7"), 20.0)),
        "the vote turned to B"
    );
    assert!(
        !votes.add(&at(read("B:0.5 K X 4 7"), 30.0)),
        "an unsure one is no better"
    );
    let voted = votes.read().unwrap();
    assert_eq!((voted.text.as_str(), voted.corners[0][0]), ("BKX47", 20.0));
}

/// A noise model: each character of each frame is taken for one that looks like it with a chance that differs from passage
/// to passage, and the reader knows how doubtful it is about as well as it is right. Returns the shares of passages whose
/// surest frame, and whose vote, is right.
fn noisy_passages(passages: u32, frames: usize) -> (f32, f32) {
    let alike = |c: char| match c {
        'B' => '8',
        '8' => 'B',
        'I' => '1',
        '1' => 'I',
        'S' => '5',
        '5' => 'S',
        'Z' => '2',
        '2' => 'Z',
        'K' => 'X',
        _ => 'K',
    };
    let mut state = 42u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let (mut surest_right, mut vote_right) = (0u32, 0u32);
    for _ in 0..passages {
        let truth = "BS1KX4Z";
        let doubt = 0.05 + 0.25 * random();
        let reads: Vec<PlateRead> = (0..frames)
            .map(|_| {
                let columns: Vec<String> = truth
                    .chars()
                    .map(|c| {
                        let doubt = doubt * 2.0 * random();
                        let (first, second) = if random() < doubt {
                            (alike(c), c)
                        } else {
                            (c, alike(c))
                        };
                        let sure = (1.0 - doubt).max(0.51);
                        format!("{first}:{sure}/{second}:{}", 0.99 - sure)
                    })
                    .collect();
                read(&columns.join(" "))
            })
            .collect();
        let surest = reads
            .iter()
            .max_by(|one, other| one.confidence.total_cmp(&other.confidence))
            .unwrap();
        surest_right += u32::from(surest.text.as_str() == truth);
        vote_right += u32::from(vote(&reads).text.as_str() == truth);
    }
    let share = |right: u32| right as f32 / passages as f32;
    (share(surest_right), share(vote_right))
}

#[test]
fn a_vote_is_right_far_more_often_than_the_surest_frame_if_frames_err_by_themselves() {
    // Measured: 0.42 and 0.81.
    let (surest, vote) = noisy_passages(400, 6);
    assert!(
        vote > 0.75 && vote > surest + 0.3,
        "surest frame {surest}, vote {vote}"
    );
}

proptest! {
    /// Whatever reads come: a sound read comes out, whose probabilities are some.
    #[test]
    fn any_reads_make_a_sound_vote(
        reads in proptest::collection::vec(("[A-C0-2]{1,12}", prop::num::f32::ANY, 0.0f32..1.0, 1.0f32..300.0), 1..30),
    ) {
        let mut votes = Votes::default();
        for (text, confidence, symbol, width) in &reads {
            let text = Plate::parse(text).unwrap();
            let characters = text
                .as_str()
                .chars()
                .map(|c| Character { options: vec![(c, *symbol), ('X', 0.3)] })
                .collect();
            votes.add(&PlateRead {
                text: text.clone(),
                confidence: *confidence,
                corners: [[0.0, 0.0], [*width, 0.0], [*width, 9.0], [0.0, 9.0]],
                detection: *confidence,
                candidates: vec![Candidate { text, confidence: *symbol }],
                characters,
                region: None,
            });
        }
        let voted = votes.read().unwrap();
        prop_assert!(voted.text.as_str().len() <= LONGEST);
        if reads.len() > 1 {
            prop_assert!((0.0..=1.0).contains(&voted.confidence));
            let total: f32 = voted.candidates.iter().map(|candidate| candidate.confidence).sum();
            prop_assert!(total <= 1.01, "{total}");
            for character in &voted.characters {
                let total: f32 = character.options.iter().map(|option| option.1).sum();
                prop_assert!(total <= 1.01, "{total}");
            }
        }
        prop_assert_eq!(&voted.candidates[0].text, &voted.text);
        prop_assert_eq!(voted.characters.len(), voted.text.as_str().len());
    }
}
