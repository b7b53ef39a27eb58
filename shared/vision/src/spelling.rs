//! From the reader's steps to texts: CTC prefix beam search, and what else each character could be. Pure.

use std::collections::BTreeMap;

use contract::plate::Candidate;
use contract::plate::Character;
use contract::plate::LONGEST;
use contract::plate::Plate;

use crate::syntax::Expectation;

/// The blank, ten digits and 26 letters.
pub(crate) const CLASSES: usize = 37;
/// The classes after the blank.
pub(crate) const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// The blank's class.
pub(crate) const BLANK: usize = 0;
/// How many prefixes the search keeps at each step.
const BEAM: usize = 16;
/// A class that is less likely than this at a step starts no prefix.
const LEAST_CLASS: f32 = 1e-3;
/// How many texts a read names.
const MOST_CANDIDATES: usize = 5;
/// A text that is less likely than this is not named, unless it is the best.
const LEAST_CANDIDATE: f32 = 1e-3;
/// How many symbols a character names.
const MOST_OPTIONS: usize = 4;
/// A symbol that is less likely than this is not named, unless it is the best.
const LEAST_OPTION: f32 = 0.01;

/// The probability of each class at each step, from left to right.
#[derive(Clone, Debug)]
pub(crate) struct Steps(Vec<[f32; CLASSES]>);

/// What the steps spell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spelling {
    /// The most likely texts, best first; never empty.
    pub(crate) candidates: Vec<Candidate>,
    /// The characters of the best text.
    pub(crate) characters: Vec<Character>,
}

impl Steps {
    /// Softmax over `CLASSES` planes of `steps` logits each.
    pub(crate) fn of_logits(logits: &[f32], steps: usize) -> Self {
        let probabilities = (0..steps)
            .map(|step| {
                let column: [f32; CLASSES] =
                    std::array::from_fn(|class| logits[class * steps + step]);
                let highest = column.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let powers = column.map(|logit| (logit - highest).exp());
                let sum: f32 = powers.iter().sum();
                powers.map(|power| power / sum)
            })
            .collect();
        Self(probabilities)
    }

    /// The steps of two rows as one text, upper row first: a blank between keeps equal symbols apart.
    pub(crate) fn above(mut self, lower: Self) -> Self {
        let mut blank = [0.0; CLASSES];
        blank[BLANK] = 1.0;
        self.0.push(blank);
        self.0.extend(lower.0);
        self
    }

    /// What stands on the plate; none if that is nothing, or longer than any plate. Of texts that look alike, the one that
    /// is written as expected wins: a zero among digits, an O among letters.
    pub(crate) fn spell(&self, expected: &Expectation) -> Option<Spelling> {
        let texts = weighed(self.search(), expected);
        let mut candidates = Vec::new();
        for (codes, probability) in &texts {
            if codes.is_empty() {
                // An empty plate that is likelier than every text is no plate at all.
                if candidates.is_empty() {
                    return None;
                }
                continue;
            }
            let is_worth = candidates.is_empty() || *probability >= LEAST_CANDIDATE;
            if codes.len() > LONGEST || !is_worth || candidates.len() == MOST_CANDIDATES {
                continue;
            }
            let text: String = codes.iter().map(|code| symbol(*code)).collect();
            if let Ok(text) = Plate::parse(&text) {
                candidates.push((
                    codes,
                    Candidate {
                        text,
                        confidence: probability.clamp(0.0, 1.0),
                    },
                ));
            }
        }
        let (codes, _) = candidates.first()?;
        let characters = self.characters(codes);
        Some(Spelling {
            characters,
            candidates: candidates
                .into_iter()
                .map(|(_, candidate)| candidate)
                .collect(),
        })
    }

    /// The likeliest texts as classes with their probability, which sums over all their alignments; best first.
    fn search(&self) -> Vec<(Vec<u8>, f32)> {
        // Each prefix with the probability that it ends in a blank, and that it ends in its last symbol.
        let mut beam: Vec<(Vec<u8>, [f32; 2])> = vec![(Vec::new(), [1.0, 0.0])];
        for step in &self.0 {
            let mut next: BTreeMap<Vec<u8>, [f32; 2]> = BTreeMap::new();
            for (prefix, [blank, symbol]) in &beam {
                let kept = next.entry(prefix.clone()).or_default();
                kept[0] += (blank + symbol) * step[BLANK];
                if let Some(last) = prefix.last() {
                    kept[1] += symbol * step[usize::from(*last)];
                }
                for (class, likely) in step.iter().enumerate().skip(1) {
                    if *likely < LEAST_CLASS {
                        continue;
                    }
                    let code = class as u8;
                    // The same symbol again needs a blank between.
                    let before = if prefix.last() == Some(&code) {
                        *blank
                    } else {
                        blank + symbol
                    };
                    if before > 0.0 {
                        let mut longer = prefix.clone();
                        longer.push(code);
                        next.entry(longer).or_default()[1] += before * likely;
                    }
                }
            }
            beam = next.into_iter().collect();
            beam.sort_by(|(_, one), (_, other)| {
                (other[0] + other[1]).total_cmp(&(one[0] + one[1]))
            });
            beam.truncate(BEAM);
        }
        beam.into_iter()
            .map(|(codes, [blank, symbol])| (codes, blank + symbol))
            .collect()
    }

    /// For each character of a text, the symbols at the steps where it most likely stands.
    fn characters(&self, codes: &[u8]) -> Vec<Character> {
        self.runs(codes)
            .into_iter()
            .zip(codes)
            .map(|(run, code)| {
                let highest = |class: usize| {
                    self.0[run.clone()]
                        .iter()
                        .map(|step| step[class])
                        .fold(0.0, f32::max)
                };
                let mut options: Vec<(u8, f32)> = (1..CLASSES)
                    .map(|class| (class as u8, highest(class)))
                    .filter(|(class, probability)| class == code || *probability >= LEAST_OPTION)
                    .collect();
                options.sort_by(|(_, one), (_, other)| other.total_cmp(one));
                // The symbol that stands in the text is never cut off.
                if let Some(place) = options.iter().position(|(class, _)| class == code)
                    && place >= MOST_OPTIONS
                {
                    options.swap(place, MOST_OPTIONS - 1);
                }
                options.truncate(MOST_OPTIONS);
                Character {
                    options: options
                        .into_iter()
                        .map(|(class, probability)| (symbol(class), probability))
                        .collect(),
                }
            })
            .collect()
    }

    /// The steps of each character on the likeliest alignment of a text (Viterbi over blank, c0, blank, c1, .. blank).
    fn runs(&self, codes: &[u8]) -> Vec<std::ops::Range<usize>> {
        let states = 2 * codes.len() + 1;
        let class = |state: usize| {
            if state.is_multiple_of(2) {
                BLANK
            } else {
                usize::from(codes[state / 2])
            }
        };
        let cost = |step: &[f32; CLASSES], state: usize| -step[class(state)].max(1e-30).ln();
        let mut costs = vec![f32::INFINITY; states];
        let mut came_from: Vec<Vec<usize>> = Vec::with_capacity(self.0.len());
        for (index, step) in self.0.iter().enumerate() {
            let mut next = vec![f32::INFINITY; states];
            let mut from = vec![0; states];
            for state in 0..states {
                let mut best = if index == 0 {
                    let free = if state <= 1 { 0.0 } else { f32::INFINITY };
                    (free, state)
                } else {
                    (costs[state], state)
                };
                if index > 0 {
                    if state >= 1 && costs[state - 1] < best.0 {
                        best = (costs[state - 1], state - 1);
                    }
                    let skips = state >= 3 && state % 2 == 1 && class(state) != class(state - 2);
                    if skips && costs[state - 2] < best.0 {
                        best = (costs[state - 2], state - 2);
                    }
                }
                next[state] = best.0 + cost(step, state);
                from[state] = best.1;
            }
            costs = next;
            came_from.push(from);
        }
        let mut state = if states >= 2 && costs[states - 2] < costs[states - 1] {
            states - 2
        } else {
            states - 1
        };
        let mut runs = vec![0..0; codes.len()];
        for index in (0..self.0.len()).rev() {
            if state % 2 == 1 {
                let run = &mut runs[state / 2];
                if run.start == run.end {
                    *run = index..index + 1;
                } else {
                    run.start = index;
                }
            }
            state = came_from[index][state];
        }
        runs
    }
}

/// Texts with their probabilities given what is expected; best first. What the search did not keep weighs as the average.
fn weighed(texts: Vec<(Vec<u8>, f32)>, expected: &Expectation) -> Vec<(Vec<u8>, f32)> {
    let kept: f32 = texts.iter().map(|(_, probability)| probability).sum();
    let mut texts: Vec<(Vec<u8>, f32)> = texts
        .into_iter()
        .map(|(codes, probability)| {
            let text: String = codes.iter().map(|code| symbol(*code)).collect();
            // An empty plate is judged by its looks alone.
            let weight = if text.is_empty() {
                1.0
            } else {
                expected.weight(&text)
            };
            (codes, probability * weight)
        })
        .collect();
    let sum: f32 = texts.iter().map(|(_, weighed)| weighed).sum();
    let total = if kept > 0.0 {
        sum / kept * kept.max(1.0)
    } else {
        0.0
    };
    if total > 0.0 {
        for (_, weighed) in &mut texts {
            *weighed /= total;
        }
    }
    texts.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    texts
}

/// The symbol of a class from 1 on.
fn symbol(class: u8) -> char {
    char::from(match class {
        1..=10 => b'0' + (class - 1),
        _ => b'A' + (class.saturating_sub(11)).min(25),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Steps in which each symbol of the text has the probability given; `_` is a blank.
    fn steps(text: &str, sure: f32) -> Steps {
        Steps(
            text.chars()
                .map(|c| {
                    let class = match c {
                        '_' => BLANK,
                        '0'..='9' => c as usize - '0' as usize + 1,
                        _ => c as usize - 'A' as usize + 11,
                    };
                    let mut step = [(1.0 - sure) / (CLASSES - 1) as f32; CLASSES];
                    step[class] = sure;
                    step
                })
                .collect(),
        )
    }

    #[test]
    fn repeats_merge_unless_a_blank_stands_between() {
        let spelling = steps("_AAA_A1_2", 0.99)
            .spell(&Expectation::default())
            .unwrap();
        assert_eq!(spelling.candidates[0].text.as_str(), "AA12");
        assert_eq!(spelling.characters.len(), 4);
        assert_eq!(spelling.characters[3].options[0].0, '2');
    }

    #[test]
    fn a_doubtful_character_names_both_symbols_and_both_texts() {
        let mut doubtful = steps("A_8_", 0.98);
        doubtful.0[2][usize::from(b'B' - b'A') + 11] = 0.4;
        doubtful.0[2][9] = 0.55;
        let spelling = doubtful.spell(&Expectation::default()).unwrap();
        let texts: Vec<&str> = spelling
            .candidates
            .iter()
            .map(|candidate| candidate.text.as_str())
            .collect();
        assert_eq!(texts[..2], ["A8", "AB"]);
        assert!(spelling.candidates[0].confidence > spelling.candidates[1].confidence);
        let symbols: Vec<char> = spelling.characters[1]
            .options
            .iter()
            .map(|option| option.0)
            .collect();
        assert_eq!(symbols, ['8', 'B']);
    }

    #[test]
    fn two_rows_are_one_text_and_equal_symbols_at_the_seam_stay_two() {
        let spelling = steps("_AB1", 0.99)
            .above(steps("12_", 0.99))
            .spell(&Expectation::default())
            .unwrap();
        assert_eq!(spelling.candidates[0].text.as_str(), "AB112");
    }

    #[test]
    fn among_look_alikes_the_text_that_is_written_as_in_its_region_wins() {
        let mut doubtful = steps("_B_A_T_7_0_8_6_", 0.98);
        doubtful.0[9][usize::from(b'Q' - b'A') + 11] = 0.55;
        doubtful.0[9][1] = 0.4;
        let plain = doubtful.spell(&Expectation::default()).unwrap();
        assert_eq!(plain.candidates[0].text.as_str(), "BAT7Q86");
        let brazil: Vec<f32> = crate::syntax::REGIONS
            .split(' ')
            .map(|code| f32::from(code == "br"))
            .collect();
        let expected = doubtful.spell(&Expectation::of_regions(&brazil)).unwrap();
        assert_eq!(expected.candidates[0].text.as_str(), "BAT7086");
        assert!(expected.candidates[0].confidence > plain.candidates[0].confidence);
    }

    #[test]
    fn nothing_read_is_no_plate() {
        assert_eq!(steps("________", 0.99).spell(&Expectation::default()), None);
    }

    #[test]
    fn more_characters_than_any_plate_has_are_no_plate() {
        let long: String = ('A'..='Z').collect();
        assert_eq!(steps(&long, 0.999).spell(&Expectation::default()), None);
    }

    /// The probability of a text by summing over every path: 3 steps only.
    fn by_all_paths(steps: &Steps, wanted: &[u8]) -> f32 {
        let mut sum = 0.0;
        for a in 0..CLASSES {
            for b in 0..CLASSES {
                for c in 0..CLASSES {
                    let mut codes = Vec::new();
                    let mut last = BLANK;
                    for class in [a, b, c] {
                        if class != last && class != BLANK {
                            codes.push(class as u8);
                        }
                        last = class;
                    }
                    if codes == wanted {
                        sum += steps.0[0][a] * steps.0[1][b] * steps.0[2][c];
                    }
                }
            }
        }
        sum
    }

    #[test]
    fn a_confidence_sums_over_all_ways_to_spell_the_text() {
        let steps = steps("AB_", 0.9);
        let (codes, probability) = steps.search().into_iter().next().unwrap();
        let exact = by_all_paths(&steps, &codes);
        assert!((probability - exact).abs() < 1e-3, "{probability} {exact}");
    }

    proptest! {
        #[test]
        fn any_output_of_a_network_gives_sound_candidates(logits in prop::collection::vec(-30.0f32..30.0, CLASSES * 12)) {
            if let Some(spelling) = Steps::of_logits(&logits, 12).spell(&Expectation::default()) {
                prop_assert!(!spelling.candidates.is_empty() && spelling.candidates.len() <= MOST_CANDIDATES);
                let total: f32 = spelling.candidates.iter().map(|candidate| candidate.confidence).sum();
                prop_assert!(total <= 1.001);
                prop_assert!(spelling.candidates.windows(2).all(|two| two[0].confidence >= two[1].confidence));
                prop_assert_eq!(spelling.characters.len(), spelling.candidates[0].text.as_str().len());
                for (character, symbol) in spelling.characters.iter().zip(spelling.candidates[0].text.as_str().chars()) {
                    prop_assert!(character.options.iter().any(|option| option.0 == symbol));
                }
            }
        }

        #[test]
        fn a_network_gone_mad_is_no_panic(value in prop::num::f32::ANY) {
            let _ = Steps::of_logits(&[value; CLASSES * 12], 12).spell(&Expectation::default());
        }
    }
}
