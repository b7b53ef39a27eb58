//! Which passage of one set of models is which passage of the other, and what changed. Pure.

use serde::Serialize;

use super::Made;

/// Passages that are so many frames apart at most may be the same.
const APART: u32 = 2;

/// What both sets of models made of one vehicle.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) live: Option<Made>,
    pub(super) candidate: Option<Made>,
}

/// What the candidate would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    /// The same text, the same verdict.
    Same,
    /// Another text, or another verdict.
    Changed,
    /// Only the candidate saw it.
    Gained,
    /// Only the models in use saw it.
    Lost,
}

impl Pair {
    pub(super) fn change(&self) -> Change {
        match (&self.live, &self.candidate) {
            (Some(live), Some(candidate)) => {
                let key = |made: &Made| made.text.as_ref().map(contract::plate::Plate::key);
                if key(live) == key(candidate) && live.verdict == candidate.verdict {
                    Change::Same
                } else {
                    Change::Changed
                }
            }
            (None, _) => Change::Gained,
            (_, None) => Change::Lost,
        }
    }

    /// The first and last frame of it.
    pub(super) fn frames(&self) -> [u32; 2] {
        let both = || self.live.iter().chain(&self.candidate);
        [
            both().map(|made| made.frames[0]).min().unwrap_or_default(),
            both().map(|made| made.frames[1]).max().unwrap_or_default(),
        ]
    }
}

/// Pairs passages that share frames, those with the same text first; in the order of their frames.
pub(super) fn pairs(live: Vec<Made>, candidate: Vec<Made>) -> Vec<Pair> {
    let mut choices: Vec<(bool, u32, usize, usize)> = Vec::new();
    for (place, one) in live.iter().enumerate() {
        for (other_place, other) in candidate.iter().enumerate() {
            let shared = shared_frames(one.frames, other.frames);
            if let Some(shared) = shared {
                choices.push((one.text == other.text, shared, place, other_place));
            }
        }
    }
    choices.sort_by(|one, other| {
        (other.0, other.1)
            .cmp(&(one.0, one.1))
            .then((one.2, one.3).cmp(&(other.2, other.3)))
    });
    let mut live: Vec<Option<Made>> = live.into_iter().map(Some).collect();
    let mut candidate: Vec<Option<Made>> = candidate.into_iter().map(Some).collect();
    let mut pairs = Vec::new();
    for (_, _, place, other_place) in choices {
        if live[place].is_some() && candidate[other_place].is_some() {
            pairs.push(Pair {
                live: live[place].take(),
                candidate: candidate[other_place].take(),
            });
        }
    }
    let alone = |live: Option<Made>, candidate: Option<Made>| Pair { live, candidate };
    pairs.extend(
        live.into_iter()
            .flatten()
            .map(|made| alone(Some(made), None)),
    );
    pairs.extend(
        candidate
            .into_iter()
            .flatten()
            .map(|made| alone(None, Some(made))),
    );
    pairs.sort_by_key(Pair::frames);
    pairs
}

/// How many frames two spans share; a small gap counts as none but is no reason to part them.
fn shared_frames(one: [u32; 2], other: [u32; 2]) -> Option<u32> {
    let from = one[0].max(other[0]);
    let to = one[1].min(other[1]);
    (from <= to.saturating_add(APART)).then(|| (to + 1).saturating_sub(from))
}

#[cfg(test)]
mod tests {
    use contract::plate::Plate;
    use contract::verdict::Outcome;
    use proptest::prelude::*;

    use super::*;

    fn made(text: &str, from: u32, to: u32) -> Made {
        Made {
            text: Plate::parse(text).ok(),
            confidence: 0.9,
            verdict: None,
            frames: [from, to],
        }
    }

    #[test]
    fn what_changed_was_gained_or_lost_is_told_apart() {
        let mut opened = made("7KDM294", 27, 32);
        opened.verdict = Some(Outcome::Open);
        let live = vec![
            made("BKX4711", 3, 8),
            made("LK2IFWP", 15, 20),
            made("7KDM294", 27, 32),
            made("XYZ", 60, 61),
        ];
        let candidate = vec![
            made("BKX4711", 4, 8),
            made("LK21FWP", 15, 19),
            opened,
            made("RTF4H82", 40, 44),
        ];
        let changes: Vec<Change> = pairs(live, candidate).iter().map(Pair::change).collect();
        assert_eq!(
            changes,
            [
                Change::Same,
                Change::Changed,
                Change::Changed,
                Change::Gained,
                Change::Lost
            ]
        );
    }

    #[test]
    fn cars_nose_to_tail_are_paired_by_their_text() {
        let live = vec![made("AAA111", 1, 6), made("BBB222", 5, 9)];
        let candidate = vec![made("AAA111", 2, 7), made("BBB222", 3, 9)];
        let all = pairs(live, candidate);
        assert!(
            all.iter().all(|pair| pair.change() == Change::Same),
            "{all:?}"
        );
    }

    proptest! {
        #[test]
        fn every_passage_is_in_exactly_one_pair(
            live in prop::collection::vec(("[AB]{1,2}", 0u32..40, 0u32..6), 0..8),
            candidate in prop::collection::vec(("[AB]{1,2}", 0u32..40, 0u32..6), 0..8),
        ) {
            let all = |list: &[(String, u32, u32)]| -> Vec<Made> {
                list.iter().map(|(text, from, more)| made(text, *from, from + more)).collect()
            };
            let pairs = pairs(all(&live), all(&candidate));
            prop_assert_eq!(pairs.iter().filter(|pair| pair.live.is_some()).count(), live.len());
            prop_assert_eq!(pairs.iter().filter(|pair| pair.candidate.is_some()).count(), candidate.len());
        }
    }
}
