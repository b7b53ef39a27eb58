//! Joining, as drives would show it.

use contract::plate::Plate;
use proptest::prelude::*;

use super::*;

fn plate(text: &str, confidence: f32, [x, y, width]: [f32; 3]) -> PlateRead {
    let text = Plate::parse(text).unwrap();
    PlateRead {
        text: text.clone(),
        confidence,
        corners: [
            [x, y],
            [x + width, y],
            [x + width, y + width / 4.0],
            [x, y + width / 4.0],
        ],
        detection: 0.9,
        candidates: vec![Candidate { text, confidence }],
        characters: Vec::new(),
        region: None,
    }
}

/// A plate that grows from frame to frame as its car comes near.
fn near(text: &str, confidence: f32, step: u32) -> PlateRead {
    let step = step as f32;
    plate(
        text,
        confidence,
        [400.0 - 4.0 * step, 270.0 + 14.0 * step, 100.0 + 14.0 * step],
    )
}

struct Lane {
    joiner: Joiner,
    millis: i64,
    ids: u8,
    steps: Vec<Step>,
}

impl Lane {
    fn new(rules: Rules) -> Self {
        Self {
            joiner: Joiner::new("front", rules),
            millis: 0,
            ids: 0,
            steps: Vec::new(),
        }
    }

    /// One frame, 200 ms after the last.
    fn frame(&mut self, plates: &[PlateRead]) -> Vec<Step> {
        self.millis += 200;
        let ids = &mut self.ids;
        let steps = self
            .joiner
            .frame(Timestamp::from_millis(self.millis), plates, &mut || {
                *ids += 1;
                PassageId::new(Timestamp::from_millis(1), [*ids; 10])
            });
        for step in &steps {
            if let Step::Settle(sighting) = step {
                self.joiner.judged(sighting.passage);
            }
        }
        self.steps.extend(steps.clone());
        steps
    }

    fn empty(&mut self, frames: u32) {
        for _ in 0..frames {
            self.frame(&[]);
        }
    }

    fn drive(&mut self, text: &str, frames: u32) {
        for step in 0..frames {
            self.frame(&[near(text, 0.8, step)]);
        }
    }

    fn finish(&mut self) -> Vec<String> {
        self.steps.extend(self.joiner.finish());
        let ended = self
            .steps
            .iter()
            .filter(|step| matches!(step, Step::Ended { .. }))
            .count();
        let settled = settled(&self.steps);
        assert_eq!(
            ended,
            settled.len(),
            "each passage is settled once and ends once"
        );
        settled
            .into_iter()
            .map(|sighting| text_of(&sighting))
            .collect()
    }
}

fn settled(steps: &[Step]) -> Vec<Sighting> {
    steps
        .iter()
        .filter_map(|step| match step {
            Step::Settle(sighting) => Some(sighting.clone()),
            Step::Keep(_) | Step::Look(_) | Step::Ended { .. } => None,
        })
        .collect()
}

fn text_of(sighting: &Sighting) -> String {
    sighting
        .plate
        .as_ref()
        .map_or_else(|| "-".to_owned(), |read| read.text.to_string())
}

/// GR-01: one passage per car.
#[test]
fn frames_of_one_car_are_one_passage() {
    let mut lane = Lane::new(Rules::default());
    lane.empty(3);
    lane.drive("BKX4711", 6);
    lane.empty(6);
    assert_eq!(lane.finish(), ["BKX4711"]);
}

#[test]
fn two_cars_nose_to_tail_stay_two() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("7KDM294", 6);
    lane.drive("RTF4H82", 6);
    assert_eq!(lane.finish(), ["7KDM294", "RTF4H82"]);
}

#[test]
fn two_cars_nose_to_tail_stay_two_when_both_plates_are_in_view() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("7KDM294", 4);
    lane.frame(&[near("7KDM294", 0.8, 5), near("RTF4H82", 0.7, 0)]);
    for step in 1..5 {
        lane.frame(&[near("RTF4H82", 0.7, step)]);
    }
    assert_eq!(lane.finish(), ["7KDM294", "RTF4H82"]);
}

#[test]
fn two_cars_nose_to_tail_stay_two_even_where_the_first_one_stood() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("7KDM294", 4);
    for _ in 0..4 {
        lane.frame(&[near("RTF4H82", 0.9, 3)]);
    }
    assert_eq!(lane.finish(), ["7KDM294", "RTF4H82"]);
}

#[test]
fn a_single_frame_of_another_text_in_the_same_place_is_no_second_car() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("7KDM294", 4);
    lane.frame(&[near("RTF4H82", 0.9, 4)]);
    lane.frame(&[near("7KDM294", 0.8, 5)]);
    assert_eq!(lane.finish(), ["7KDM294"]);
}

#[test]
fn two_cars_with_nearly_the_same_plate_stay_two() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("FLEET01", 6);
    lane.drive("FLEET02", 6);
    assert_eq!(lane.finish(), ["FLEET01", "FLEET02"]);
}

#[test]
fn the_same_car_again_is_a_new_passage() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("BKX4711", 6);
    lane.empty(8);
    lane.drive("BKX4711", 6);
    assert_eq!(lane.finish(), ["BKX4711", "BKX4711"]);
}

#[test]
fn a_plate_that_is_missed_in_some_frames_is_still_the_same_car() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("BKX4711", 2);
    lane.empty(3);
    lane.frame(&[near("BKX4711", 0.8, 6)]);
    assert_eq!(lane.finish(), ["BKX4711"]);
}

#[test]
fn on_a_slow_machine_time_alone_ends_no_passage() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("BKX4711", 2);
    lane.millis += 5_000;
    lane.empty(1);
    lane.millis += 5_000;
    lane.frame(&[near("BKX4711", 0.8, 3)]);
    assert_eq!(lane.finish(), ["BKX4711"]);
}

#[test]
fn one_bad_frame_neither_splits_a_passage_nor_decides_its_text() {
    let mut lane = Lane::new(Rules::default());
    lane.frame(&[near("8XX47", 0.3, 0)]);
    lane.frame(&[near("BKX4711", 0.7, 1)]);
    lane.frame(&[near("BKX4711", 0.8, 2)]);
    lane.frame(&[near("BKX47J1", 0.5, 3)]);
    lane.frame(&[near("QQQ", 0.4, 4)]);
    lane.frame(&[near("BKX4711", 0.8, 5)]);
    assert_eq!(lane.finish().last().unwrap(), "BKX4711");
    let last = settled(&lane.steps).pop().unwrap();
    assert!(last.plate.unwrap().confidence > 0.6);
}

#[test]
fn frames_that_agree_are_surer_than_any_of_them() {
    let mut lane = Lane::new(Rules::default());
    lane.frame(&[near("BKX4711", 0.6, 0)]);
    let steps = lane.frame(&[near("BKX4711", 0.6, 1)]);
    let Some(Step::Look(sighting)) = steps.last() else {
        panic!("{steps:?}");
    };
    assert!((sighting.plate.as_ref().unwrap().confidence - 0.84).abs() < 0.01);
}

#[test]
fn a_sure_frame_may_open_at_once_and_a_doubtful_one_waits_for_the_next() {
    let mut lane = Lane::new(Rules::default());
    let steps = lane.frame(&[near("BKX4711", 0.95, 0)]);
    assert!(matches!(steps.last(), Some(Step::Look(_))), "{steps:?}");
    let mut lane = Lane::new(Rules::default());
    let steps = lane.frame(&[near("BKX4711", 0.7, 0)]);
    assert!(
        !steps.iter().any(|step| matches!(step, Step::Look(_))),
        "{steps:?}"
    );
}

#[test]
fn after_the_verdict_nothing_is_judged_again() {
    let mut lane = Lane::new(Rules::default());
    lane.frame(&[near("BKX4711", 0.95, 0)]);
    let passage = PassageId::new(Timestamp::from_millis(1), [1; 10]);
    lane.joiner.judged(passage);
    lane.steps.clear();
    for step in 1..60 {
        lane.frame(&[near("BKX4711", 0.95, step.min(6))]);
    }
    lane.steps.extend(lane.joiner.finish());
    assert!(settled(&lane.steps).is_empty());
    assert!(matches!(
        lane.steps.last(),
        Some(Step::Ended { frames: 60, .. })
    ));
}

#[test]
fn a_car_that_stays_is_settled_while_it_stands_there() {
    let mut lane = Lane::new(Rules::default());
    for _ in 0..4 {
        lane.frame(&[near("XYZ999", 0.85, 6)]);
    }
    assert_eq!(settled(&lane.steps).len(), 1);
}

#[test]
fn bad_reads_from_far_away_settle_nothing_before_the_good_ones() {
    let mut lane = Lane::new(Rules::default());
    for step in 0..4 {
        lane.frame(&[near("BKX47II", 0.55, step)]);
    }
    assert!(settled(&lane.steps).is_empty());
    for step in 4..7 {
        lane.frame(&[near("BKX4711", 0.97, step)]);
    }
    assert_eq!(lane.finish(), ["BKX4711"]);
}

#[test]
fn a_single_doubtful_read_is_a_stain_on_the_wall() {
    let mut lane = Lane::new(Rules::default());
    lane.frame(&[near("III", 0.1, 0)]);
    lane.empty(10);
    assert!(lane.finish().is_empty());
}

#[test]
fn the_kept_picture_is_the_one_that_the_corners_belong_to() {
    let mut lane = Lane::new(Rules::default());
    let mut kept = None;
    let reads = [
        near("BKX4711", 0.5, 0),
        near("BKX4712", 0.8, 1),
        near("BKX4711", 0.45, 2),
        near("BKX4711", 0.4, 3),
    ];
    let mut last = None;
    for read in &reads {
        for step in lane.frame(std::slice::from_ref(read)) {
            match step {
                Step::Keep(_) => kept = Some(read.corners),
                Step::Look(sighting) | Step::Settle(sighting) => last = sighting.plate,
                Step::Ended { .. } => {}
            }
        }
    }
    let last = last.unwrap();
    assert_eq!(last.text.as_str(), "BKX4711");
    assert_eq!(Some(last.corners), kept);
}

#[test]
fn each_picture_is_a_passage_also_without_a_plate() {
    let rules = Rules {
        join: Join::EachPicture,
        ..Rules::default()
    };
    let mut lane = Lane::new(rules);
    lane.frame(&[near("AAA111", 0.2, 9), near("BBB222", 0.9, 3)]);
    lane.frame(&[]);
    lane.frame(&[near("BBB222", 0.9, 3)]);
    assert_eq!(lane.finish(), ["BBB222", "-", "BBB222"]);
}

#[test]
fn texts_are_near_if_one_character_differs() {
    for (one, other, near) in [
        ("ABC", "ABC", true),
        ("ABC", "ABD", true),
        ("ABC", "AB", true),
        ("ABC", "BC", true),
        ("ABC", "AXBC", true),
        ("ABC", "ADE", false),
        ("ABC", "ABCDE", false),
        ("", "A", true),
        ("", "AB", false),
    ] {
        assert_eq!(differs_by_at_most_one(one, other), near, "{one} {other}");
        assert_eq!(differs_by_at_most_one(other, one), near, "{other} {one}");
    }
}

proptest! {
    /// Whatever the frames show: each passage is settled at most once, ends once, and its confidence is one.
    #[test]
    fn any_frames_make_whole_passages(
        frames in proptest::collection::vec(
            proptest::collection::vec(("[AB0]{1,4}", 0.0f32..1.0, 0u32..8), 0..3), 0..60),
    ) {
        let mut lane = Lane::new(Rules::default());
        for frame in frames {
            let plates: Vec<PlateRead> = frame.iter().map(|(text, p, step)| near(text, *p, *step)).collect();
            lane.frame(&plates);
        }
        lane.finish();
        for sighting in settled(&lane.steps) {
            let read = sighting.plate.unwrap();
            prop_assert!((0.0..=1.0).contains(&read.confidence));
            prop_assert_eq!(&read.candidates[0].text, &read.text);
            prop_assert!(sighting.first_seen <= sighting.last_seen && sighting.frames > 0);
        }
    }
}
