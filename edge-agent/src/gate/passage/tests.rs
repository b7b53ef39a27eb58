//! Joining, as drives would show it.

use contract::plate::Candidate;
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
                self.joiner.judged(sighting.passage, false);
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
            .filter(|step| matches!(step, Step::Lost { .. }))
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
            Step::New(_)
            | Step::Keep(_)
            | Step::Forget(_)
            | Step::Update(_)
            | Step::Again(_)
            | Step::Lost { .. } => None,
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
fn frames_that_agree_are_surer_than_any_of_them_but_not_as_sure_as_if_they_were_independent() {
    let mut lane = Lane::new(Rules::default());
    lane.frame(&[near("BKX4711", 0.6, 0)]);
    let steps = lane.frame(&[near("BKX4711", 0.6, 1)]);
    let Some(Step::Update(sighting)) = steps.last() else {
        panic!("{steps:?}");
    };
    let confidence = sighting.plate.as_ref().unwrap().confidence;
    // Independent frames would make it 0.98: each character is right with 0.93, and errors seldom agree.
    assert!(confidence > 0.84 && confidence < 0.96, "{confidence}");
}

#[test]
fn a_sure_frame_may_open_at_once_and_a_doubtful_one_waits_for_the_next() {
    let mut lane = Lane::new(Rules::default());
    let steps = lane.frame(&[near("BKX4711", 0.95, 0)]);
    assert!(matches!(steps.last(), Some(Step::Update(_))), "{steps:?}");
    let mut lane = Lane::new(Rules::default());
    let steps = lane.frame(&[near("BKX4711", 0.7, 0)]);
    assert!(
        !steps.iter().any(|step| matches!(step, Step::Update(_))),
        "{steps:?}"
    );
}

#[test]
fn after_the_verdict_nothing_is_judged_again() {
    let mut lane = Lane::new(Rules::default());
    lane.frame(&[near("BKX4711", 0.95, 0)]);
    let passage = PassageId::new(Timestamp::from_millis(1), [1; 10]);
    lane.joiner.judged(passage, true);
    lane.steps.clear();
    for step in 1..60 {
        lane.frame(&[near("BKX4711", 0.95, step.min(6))]);
    }
    lane.steps.extend(lane.joiner.finish());
    assert!(settled(&lane.steps).is_empty());
    assert!(matches!(
        lane.steps.last(),
        Some(Step::Lost { frames: 60, .. })
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
                Step::Update(sighting) | Step::Settle(sighting) => last = sighting.plate,
                Step::New(_) | Step::Forget(_) | Step::Again(_) | Step::Lost { .. } => {}
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

/// What the gate would do: judges what it is given, and remembers for whom it opened.
fn opened_at(lane: &mut Lane, frames: u32, read: impl Fn(u32) -> Vec<PlateRead>) -> Vec<i64> {
    let mut opened = Vec::new();
    for frame in 0..frames {
        let steps = lane.frame(&read(frame));
        for step in steps {
            if let Step::Update(sighting) | Step::Settle(sighting) | Step::Again(sighting) = step {
                lane.joiner.judged(sighting.passage, true);
                opened.push(lane.millis / 1000);
            }
        }
    }
    opened
}

/// GR-01: a car that waits before the arm.
#[test]
fn a_car_that_waits_for_minutes_is_let_in_again_ever_more_rarely_and_not_for_ever() {
    let mut lane = Lane::new(Rules::default());
    let opened = opened_at(&mut lane, 5 * 1200, |_| vec![near("BKX4711", 0.95, 6)]);
    assert_eq!(opened, [0, 30, 90]);
}

#[test]
fn a_car_that_waits_and_then_drives_on_is_let_in_once_more() {
    let mut lane = Lane::new(Rules::default());
    opened_at(&mut lane, 5 * 600, |_| vec![near("BKX4711", 0.95, 2)]);
    let opened = opened_at(&mut lane, 5 * 20, |_| vec![near("BKX4711", 0.95, 6)]);
    assert_eq!(opened.len(), 1, "{opened:?}");
    let back = opened_at(&mut lane, 5 * 8, |_| vec![near("BKX4711", 0.95, 2)]);
    assert!(back.is_empty(), "too soon after the last opening: {back:?}");
}

#[test]
fn a_car_that_was_refused_is_asked_for_again_when_the_book_changes_and_now_and_then() {
    let mut lane = Lane::new(Rules::default());
    let again = |steps: &[Step]| steps.iter().any(|step| matches!(step, Step::Again(_)));
    for _ in 0..20 {
        let steps = lane.frame(&[near("BKX4711", 0.95, 6)]);
        assert!(!again(&steps));
    }
    assert_eq!(settled(&lane.steps).len(), 1);
    lane.joiner.recheck();
    assert!(again(&lane.frame(&[near("BKX4711", 0.95, 6)])));
    let asked = (0..5 * 65)
        .filter(|_| again(&lane.frame(&[near("BKX4711", 0.95, 6)])))
        .count();
    assert_eq!(asked, 2, "every half minute");
    let still = (0..5 * 31).filter(|_| {
        lane.millis += 200;
        again(&lane.joiner.still(Timestamp::from_millis(lane.millis)))
    });
    assert_eq!(still.count(), 1, "also while nothing moves");
}

#[test]
fn a_plate_behind_a_wiper_or_a_pedestrian_comes_back_as_the_same_passage() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("BKX4711", 5);
    lane.empty(15);
    for _ in 0..5 {
        lane.frame(&[near("BKX4711", 0.8, 5)]);
    }
    lane.empty(60);
    assert_eq!(lane.finish(), ["BKX4711"]);
    let lost: Vec<u32> = lane
        .steps
        .iter()
        .filter_map(|step| {
            if let Step::Lost { frames, .. } = step {
                Some(*frames)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(lost, [10]);
}

#[test]
fn a_car_of_the_same_fleet_where_the_last_one_was_lost_is_another_passage() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("FLEET01", 6);
    lane.empty(8);
    for _ in 0..5 {
        lane.frame(&[near("FLEET02", 0.95, 5)]);
    }
    assert_eq!(lane.finish(), ["FLEET01", "FLEET02"]);
}

#[test]
fn a_car_that_stops_half_way_is_one_passage() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("BKX4711", 3);
    for _ in 0..200 {
        lane.frame(&[near("BKX4711", 0.7, 3)]);
    }
    for step in 4..9 {
        lane.frame(&[near("BKX4711", 0.8, step)]);
    }
    lane.empty(40);
    assert_eq!(lane.finish(), ["BKX4711"]);
}

/// Nobody enters by the permit of the car behind.
#[test]
fn the_car_behind_is_not_judged_before_the_one_in_front_has_gone() {
    let mut lane = Lane::new(Rules::default());
    for _ in 0..30 {
        lane.frame(&[near("7KDM294", 0.8, 6), near("RTF4H82", 0.95, 0)]);
    }
    let judged = |steps: &[Step]| -> Vec<String> {
        steps
            .iter()
            .filter_map(|step| match step {
                Step::Update(sighting) | Step::Settle(sighting) | Step::Again(sighting) => {
                    Some(text_of(sighting))
                }
                Step::New(_) | Step::Keep(_) | Step::Forget(_) | Step::Lost { .. } => None,
            })
            .collect()
    };
    assert!(judged(&lane.steps).iter().all(|text| text == "7KDM294"));
    // A wiper hides the one in front for a moment.
    lane.steps.clear();
    for _ in 0..2 {
        lane.frame(&[near("RTF4H82", 0.95, 0)]);
    }
    assert!(judged(&lane.steps).is_empty(), "{:?}", lane.steps);
    for _ in 0..10 {
        lane.frame(&[near("RTF4H82", 0.95, 1)]);
    }
    assert_eq!(judged(&lane.steps).first().unwrap(), "RTF4H82");
}

#[test]
fn three_half_good_reads_give_one_good_read() {
    let mut lane = Lane::new(Rules::default());
    for (step, text) in ["8KX4711", "BKX4171", "BKX47I1"].into_iter().enumerate() {
        lane.frame(&[near(text, 0.7, u32::try_from(step).unwrap())]);
    }
    assert_eq!(lane.finish(), ["BKX4711"]);
}

#[test]
fn a_lane_that_ignores_leaving_cars_judges_only_those_that_come() {
    let rules = Rules {
        leaving: Leaving::Ignore,
        ..Rules::default()
    };
    let mut lane = Lane::new(rules);
    for step in (0..8).rev() {
        lane.frame(&[near("7KDM294", 0.95, step)]);
    }
    lane.empty(40);
    assert!(lane.finish().is_empty());
    let waits = lane
        .steps
        .iter()
        .all(|step| matches!(step, Step::New(_) | Step::Keep(_) | Step::Forget(_)));
    assert!(waits, "{:?}", lane.steps);
    let mut lane = Lane::new(rules);
    lane.drive("7KDM294", 8);
    assert_eq!(lane.finish(), ["7KDM294"]);
    let mut lane = Lane::new(rules);
    for _ in 0..8 {
        lane.frame(&[near("7KDM294", 0.95, 3)]);
    }
    assert_eq!(
        lane.finish(),
        ["7KDM294"],
        "one that stands there is judged"
    );
}

#[test]
fn the_heading_is_known_when_the_passage_ends() {
    let mut lane = Lane::new(Rules::default());
    lane.drive("BKX4711", 6);
    lane.finish();
    assert!(matches!(
        lane.steps.last(),
        Some(Step::Lost {
            heading: Some(Heading::Approaching),
            ..
        })
    ));
}

#[test]
fn more_plates_than_can_be_followed_do_not_lock_out_a_car() {
    let mut lane = Lane::new(Rules::default());
    for n in 0..10u8 {
        let text = format!("{n}{n}XYZ{n}{n}");
        lane.frame(&[plate(
            &text,
            0.9,
            [100.0 * f32::from(n), 40.0 * f32::from(n), 60.0],
        )]);
    }
    for step in 0..6 {
        lane.frame(&[near("BKX4711", 0.95, step)]);
    }
    assert_eq!(lane.finish().last().unwrap(), "BKX4711");
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
        // Every picture that is kept is let go of.
        let mut kept = std::collections::BTreeSet::new();
        for step in &lane.steps {
            match step {
                Step::Keep(passage) => drop(kept.insert(*passage)),
                Step::Forget(passage) | Step::Lost { passage, .. } => drop(kept.remove(passage)),
                Step::New(_) | Step::Update(_) | Step::Settle(_) | Step::Again(_) => {}
            }
        }
        prop_assert!(kept.is_empty());
    }
}
