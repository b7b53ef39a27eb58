//! Simulated passages at a gate with a book of permits: frames are joined, judged and settled by the gate's own code
//! (`gate::passage`, `gate::verdict`) with its usual rules and budgets.
//!
//! *Measured*: each passage is as one that was measured drove up (`measured.rs`): eight frames in which the plate grows
//! from far to near, their widths, and frames in which another text or none was read; how well each character of the plate
//! was read, so that a plate's bad characters come together as they did; each character as one of its kind that was read
//! about as well, in all frames of its passage, with what else the reader named, dropped and added. *Assumed*: what a
//! character is taken for does not depend on the plate around it; ten frames a second; plates of six forms and no region
//! guess; O and 0 count as one from the start; besides those that chance brings, one unlisted vehicle in a thousand has a
//! plate that differs from a permit's by one character, other, missing or additional. [`Simulation::replayed`] assumes
//! nothing: the measured passages as they were.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use contract::ids::GateId;
use contract::ids::PassageId;
use contract::ids::PermitId;
use contract::permit::Permit;
use contract::permit::PermitBook;
use contract::permit::WeekSchedule;
use contract::plate::Plate;
use contract::sighting::Sighting;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use contract::verdict::Outcome;
use edge_agent::gate::passage::Joiner;
use edge_agent::gate::passage::Rules;
use edge_agent::gate::passage::Step;
use edge_agent::gate::verdict;
use edge_agent::gate::verdict::Index;
use edge_agent::gate::verdict::Policy;
use uuid::Uuid;

use crate::measured::Approach;
use crate::measured::Column;
use crate::measured::Half;
use crate::measured::Measured;

/// From one frame to the next, in milliseconds.
const PACE: i64 = 100;
/// Of how many unlisted vehicles one is a neighbour of a permit.
const ONE_NEIGHBOUR_IN: u64 = 1_000;

/// Forms of plates: L is a letter, D a digit.
const FORMS: [&str; 6] = [
    "LLDDLLL", "DDDDLLL", "LLLDLDD", "LLDDDLL", "LLLDDDD", "LLLLDDD",
];

/// Which unlisted vehicles come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// One in a thousand is made a neighbour of a permit.
    Stated,
    /// Every one is.
    NeighboursOnly,
}

/// What came of passages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub passages: u64,
    /// Opened; for a listed vehicle: for its own permit.
    pub opened: u64,
    /// A person is asked.
    pub asked: u64,
    /// Opened for a permit that is not the vehicle's.
    pub false_opens: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.passages.max(1) as f64;
        // The upper end of the 95 % interval: the rule of three, and its like for a few.
        let wrong = self.false_opens as f64;
        let most = if self.false_opens == 0 {
            3.0
        } else {
            wrong + 1.92 + 1.96 * (wrong + 0.96).sqrt()
        };
        write!(
            f,
            "{} passages, opened {} ({:.2} %), asked {} ({:.2} %), false opens {} (at most {:.1e} a passage, 95 %)",
            self.passages,
            self.opened,
            100.0 * self.opened as f64 / count,
            self.asked,
            100.0 * self.asked as f64 / count,
            self.false_opens,
            most / count
        )
    }
}

/// A gate with its book, and the vehicles that come.
pub struct Simulation {
    random: Random,
    measured: Measured,
    /// The sets that passages are drawn from, as if each had as many.
    sets: Vec<String>,
    permits: Vec<String>,
    listed: BTreeSet<String>,
    index: Index,
    policy: Policy,
    near: Near,
    /// Joins and judges every passage, also those that can't open.
    pub thorough: bool,
}

impl Simulation {
    /// A book of so many permits; passages are drawn from these sets.
    pub fn new(permits: usize, seed: u64, half: Half, sets: &[&str], policy: Policy) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        let mut keys = BTreeSet::new();
        while keys.len() < permits {
            keys.insert(drawn(&mut random));
        }
        let permits: Vec<String> = keys.iter().cloned().collect();
        Self {
            random,
            measured: Measured::load(half),
            sets: sets.iter().map(|set| (*set).to_owned()).collect(),
            index: index_of(&permits),
            near: Near::new(&permits),
            permits,
            listed: keys,
            policy,
            thorough: false,
        }
    }

    /// Passages of vehicles with a permit.
    pub fn listed(&mut self, passages: u64) -> Count {
        let mut count = Count {
            passages,
            ..Count::default()
        };
        for _ in 0..passages {
            let place = self.random.below(self.permits.len() as u64) as usize;
            let key = self.permits[place].clone();
            self.pass(&key, true, &mut count);
        }
        count
    }

    /// The measured passages of a set as they were, whole, each with a permit in the book beside the others.
    pub fn replayed(&self, set: &str) -> Count {
        let mut count = Count::default();
        for number in 0..self.measured.count(set) {
            let Some((key, approach)) = self.measured.replay(set, number) else {
                continue;
            };
            let mut permits = self.permits.clone();
            if !self.listed.contains(&key) {
                permits.push(key.clone());
            }
            count.passages += 1;
            self.judge(&index_of(&permits), &permits, &key, &approach, &mut count);
        }
        count
    }

    /// Passages of vehicles without one.
    pub fn unlisted(&mut self, passages: u64, share: Share) -> Count {
        let mut count = Count {
            passages,
            ..Count::default()
        };
        for _ in 0..passages {
            let neighbour =
                share == Share::NeighboursOnly || self.random.below(ONE_NEIGHBOUR_IN) == 0;
            let key = loop {
                let key = if neighbour {
                    self.neighbour()
                } else {
                    drawn(&mut self.random)
                };
                if !self.listed.contains(&key) {
                    break key;
                }
            };
            self.pass(&key, false, &mut count);
        }
        count
    }

    fn neighbour(&mut self) -> String {
        let place = self.random.below(self.permits.len() as u64) as usize;
        let mut symbols: Vec<char> = self.permits[place].chars().collect();
        let at = self.random.below(symbols.len() as u64) as usize;
        let form = if symbols[at].is_ascii_digit() {
            'D'
        } else {
            'L'
        };
        match self.random.below(10) {
            0 => {
                symbols.remove(at);
            }
            1 => symbols.insert(at, symbol(&mut self.random, form)),
            _ => symbols[at] = symbol(&mut self.random, form),
        }
        symbols.into_iter().collect()
    }

    fn pass(&mut self, key: &str, is_listed: bool, count: &mut Count) {
        let random = &mut self.random;
        let set = &self.sets[random.below(self.sets.len() as u64) as usize];
        let below = |bound: usize| random.below(bound as u64) as usize;
        let Some(approach) = self.measured.drive(set, key, below) else {
            return;
        };
        if is_listed || self.thorough || self.near.may_open(&approach) {
            self.judge(&self.index, &self.permits, key, &approach, count);
        }
    }

    fn judge(
        &self,
        index: &Index,
        permits: &[String],
        key: &str,
        approach: &Approach,
        count: &mut Count,
    ) {
        let mut gate = Gate::new(index, &self.policy);
        for (number, read) in approach.reads().enumerate() {
            let at = Timestamp::from_millis(START + PACE * number as i64);
            let reads: Vec<_> = read.into_iter().collect();
            let fresh = &mut gate.fresh;
            let steps = gate.joiner.frame(at, &reads, &mut || {
                *fresh += 1;
                PassageId(Uuid::from_u128(*fresh))
            });
            gate.follow(steps);
        }
        let steps = gate.joiner.finish();
        gate.follow(steps);
        let plates: Vec<&String> = gate
            .opened
            .iter()
            .filter_map(|permit| permits.get(permit.0.as_u128() as usize))
            .collect();
        // Whoever sits in the car gets in once.
        if plates.iter().any(|plate| *plate != key) {
            count.false_opens += 1;
        } else if !plates.is_empty() {
            count.opened += 1;
        } else if gate.asked {
            count.asked += 1;
        }
    }
}

const START: i64 = 1_800_000_000_000;

/// One gate while one car drives up.
struct Gate<'a> {
    index: &'a Index,
    policy: &'a Policy,
    joiner: Joiner,
    fresh: u128,
    opened: Vec<PermitId>,
    asked: bool,
}

impl<'a> Gate<'a> {
    fn new(index: &'a Index, policy: &'a Policy) -> Self {
        Self {
            index,
            policy,
            joiner: Joiner::new("front", Rules::default()),
            fresh: 0,
            opened: Vec::new(),
            asked: false,
        }
    }

    /// As `gate/task` does: an update and a second look may open and only that, settling is the last word.
    fn follow(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Update(sighting) | Step::Again(sighting) => {
                    self.judge(&sighting, false);
                }
                Step::Settle(sighting) => self.judge(&sighting, true),
                Step::New(_) | Step::Keep(_) | Step::Forget(_) | Step::Lost { .. } => {}
            }
        }
    }

    fn judge(&mut self, sighting: &Sighting, is_last: bool) {
        let place = verdict::Place {
            gate: GateId(Uuid::nil()),
            at: sighting.last_seen,
            quality: TimeQuality::Ntp,
        };
        let verdict = verdict::judge(self.index, self.policy, &place, sighting.plate.as_ref());
        let opens = verdict.outcome == Outcome::Open;
        if opens || is_last {
            self.joiner.judged(sighting.passage, opens);
        }
        if let (true, Some(permit)) = (opens, verdict.permit) {
            self.opened.push(permit);
        }
        self.asked |= is_last && verdict.outcome == Outcome::Ask;
    }
}

/// The permits in a book: each one's id is its place.
fn index_of(permits: &[String]) -> Index {
    let permits = permits.iter().enumerate().filter_map(|(place, key)| {
        Some(Permit {
            id: PermitId(Uuid::from_u128(place as u128)),
            plate: Plate::parse(key).ok()?,
            valid_from: None,
            valid_until: None,
            schedule: WeekSchedule::default(),
            gates: Vec::new(),
            denied: false,
            vehicle: None,
        })
    });
    let book = PermitBook {
        version: 1,
        time_zone: "UTC".into(),
        permits: permits.collect(),
    };
    Index::new(Arc::new(book), None)
}

/// Which permits the symbols named by some frame could spell: a gate opens only for a text that differs from the joined
/// one by a character at most, so most unlisted vehicles are done with here.
struct Near {
    /// By length: for each place and symbol, the permits that have it there, one bit each.
    lengths: BTreeMap<usize, Vec<BTreeMap<char, Vec<u64>>>>,
    /// By length: the permits of it.
    held: BTreeMap<usize, Vec<u64>>,
    words: usize,
}

impl Near {
    fn new(permits: &[String]) -> Self {
        let words = permits.len().div_ceil(64);
        let mut held: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        let mut lengths: BTreeMap<usize, Vec<BTreeMap<char, Vec<u64>>>> = BTreeMap::new();
        for (number, permit) in permits.iter().enumerate() {
            held.entry(permit.len()).or_insert_with(|| vec![0; words])[number / 64] |=
                1 << (number % 64);
            let places = lengths
                .entry(permit.len())
                .or_insert_with(|| vec![BTreeMap::new(); permit.len()]);
            for (place, symbol) in places.iter_mut().zip(permit.chars()) {
                place.entry(symbol).or_insert_with(|| vec![0; words])[number / 64] |=
                    1 << (number % 64);
            }
        }
        Self {
            lengths,
            held,
            words,
        }
    }

    fn may_open(&self, approach: &Approach) -> bool {
        let sharp = |text: &String| -> Vec<Column> {
            text.chars()
                .map(|symbol| Column {
                    named: vec![symbol],
                    is_optional: false,
                })
                .collect()
        };
        self.spells(&approach.columns)
            || approach.others.iter().any(|text| self.spells(&sharp(text)))
    }

    /// Whether some permit can be spelled with one place at most spelled otherwise.
    fn spells(&self, columns: &[Column]) -> bool {
        self.lengths.iter().any(|(length, places)| {
            // By how many places of the permit are spelled: the permits with no place otherwise, and with one.
            let mut so_far = vec![(vec![0u64; self.words], vec![0u64; self.words]); length + 1];
            so_far[0].0.fill(u64::MAX);
            for column in columns {
                for spelled in (0..=*length).rev() {
                    let mut here = if column.is_optional {
                        so_far[spelled].clone()
                    } else {
                        (vec![0; self.words], vec![0; self.words])
                    };
                    if let Some(before) = spelled.checked_sub(1) {
                        let of_named: Vec<&Vec<u64>> = column
                            .named
                            .iter()
                            .filter_map(|symbol| places[before].get(symbol))
                            .collect();
                        let (none, one) = &so_far[before];
                        for word in 0..self.words {
                            let there = of_named.iter().fold(0, |sum, bits| sum | bits[word]);
                            here.0[word] |= none[word] & there;
                            here.1[word] |= (one[word] & there) | (none[word] & !there);
                        }
                    }
                    so_far[spelled] = here;
                }
            }
            let (none, one) = &so_far[*length];
            // The bits behind the last permit of a length mean nothing: every symbol is foreign to them.
            none.iter()
                .chain(one)
                .zip(self.held[length].iter().cycle())
                .any(|(bits, held)| bits & held != 0)
        })
    }
}

fn drawn(random: &mut Random) -> String {
    let form = FORMS[random.below(FORMS.len() as u64) as usize];
    form.chars().map(|class| symbol(random, class)).collect()
}

/// A letter (O is the digit 0 in a key) or a digit.
fn symbol(random: &mut Random, class: char) -> char {
    if class == 'D' {
        char::from(b'0' + random.below(10) as u8)
    } else {
        match char::from(b'A' + random.below(26) as u8) {
            'O' => '0',
            letter => letter,
        }
    }
}

/// A small generator (splitmix64): the same seed gives the same passages everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}
