//! Simulated passages: plates of several regions' syntaxes, read as the reader was measured to read.
//!
//! *Measured*: each character is read as one that was sampled from held-out plates, all views of one plate together
//! (`measured-reads.txt`, from scripts/train/confusions.py), so that dirt that stays and motion that passes are in it as
//! they were there; the quality of the picture is drawn once a passage; characters are dropped and added as often as
//! measured. *Assumed*: characters of one plate err on their own within one quality; four frames a passage, joined by
//! their votes; plates of six forms; besides those that chance brings, one unlisted vehicle in a thousand has a plate that
//! differs from a permit's by one character, other, missing or additional.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use contract::plate::Candidate;
use contract::plate::Character;
use contract::plate::Plate;
use contract::plate::PlateRead;
use contract::plate::matching::Budgets;
use contract::plate::matching::Call;
use contract::plate::matching::Plates;

const MEASURED: &str = include_str!("measured-reads.txt");
/// Qualities of picture.
const TIERS: u64 = 5;
/// Frames a passage.
const FRAMES: usize = 4;
/// A gate that is less sure of a text than this does not open.
const LEAST_CONFIDENCE: f32 = 0.5;
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

/// One character as it was read in each view of one plate; none where it was dropped.
type Track = Vec<Option<Vec<(char, f32)>>>;

/// A gate with its book, and the vehicles that come.
pub struct Simulation {
    random: Random,
    tracks: BTreeMap<(u64, char), Vec<Track>>,
    added: Vec<Vec<(char, f32)>>,
    added_rate: f64,
    permits: Vec<String>,
    plates: Plates,
    /// The permits' keys, and each with one character blotted out.
    near: BTreeSet<String>,
}

impl Simulation {
    /// A book of so many permits.
    pub fn new(permits: usize, seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        let mut keys = BTreeSet::new();
        while keys.len() < permits {
            keys.insert(drawn(&mut random));
        }
        let permits: Vec<String> = keys.into_iter().collect();
        let parsed: Vec<Plate> = permits
            .iter()
            .filter_map(|key| Plate::parse(key).ok())
            .collect();
        let near = permits.iter().flat_map(|key| blots(key)).collect();
        let (tracks, added, added_rate) = measured();
        Self {
            random,
            tracks,
            added,
            added_rate,
            plates: Plates::new(&parsed),
            permits,
            near,
        }
    }

    /// Passages of vehicles with a permit.
    pub fn listed(&mut self, passages: u64) -> Count {
        self.listed_in(passages, FRAMES)
    }

    /// The same if each is seen in one frame alone.
    pub fn listed_in_one_frame(&mut self, passages: u64) -> Count {
        self.listed_in(passages, 1)
    }

    fn listed_in(&mut self, passages: u64, frames: usize) -> Count {
        let mut count = Count {
            passages,
            ..Count::default()
        };
        for _ in 0..passages {
            let place = self.random.below(self.permits.len() as u64) as usize;
            let key = self.permits[place].clone();
            self.pass(&key, frames, &mut count);
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
                if self.plates.find(&key).is_none() {
                    break key;
                }
            };
            self.pass(&key, FRAMES, &mut count);
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

    fn pass(&mut self, key: &str, frames: usize, count: &mut Count) {
        let Some(read) = self.read(key, frames) else {
            return;
        };
        // A plate that differs by two characters or more never opens: most vehicles are done with here.
        let text = read.text.key();
        if !blots(&text).any(|blot| self.near.contains(&blot)) {
            return;
        }
        let weighed = self.plates.weigh(&read);
        match weighed.call(&Budgets::default(), |_| true) {
            Call::Sure(found) if read.confidence >= LEAST_CONFIDENCE => {
                if self.plates.find(key) == Some(found.place) {
                    count.opened += 1;
                } else {
                    count.false_opens += 1;
                }
            }
            Call::Sure(_) | Call::Perhaps(_) | Call::Ambiguous(..) => count.asked += 1,
            Call::Unlisted => {}
        }
    }

    /// What the gate has read when the passage is judged: the votes of its frames.
    fn read(&mut self, key: &str, frames: usize) -> Option<PlateRead> {
        let tier = self.random.below(TIERS);
        let mut views: Vec<Vec<Vec<(char, f32)>>> = vec![Vec::new(); frames];
        for symbol in key.chars() {
            let tracks = self.tracks.get(&(tier, symbol)).or_else(|| {
                // A symbol too rare at this quality is read as at another.
                (0..TIERS).find_map(|tier| self.tracks.get(&(tier, symbol)))
            })?;
            let track = &tracks[self.random.below(tracks.len() as u64) as usize];
            let first = self.random.below(track.len() as u64) as usize;
            for (frame, view) in views.iter_mut().enumerate() {
                view.extend(track[(first + frame) % track.len()].clone());
                if self.random.unit() < self.added_rate && !self.added.is_empty() {
                    view.push(
                        self.added[self.random.below(self.added.len() as u64) as usize].clone(),
                    );
                }
            }
        }
        voted(&views)
    }
}

/// The joined read of several frames: the text with the greatest weight, the surest frame's characters, and the other
/// texts with their weights.
fn voted(views: &[Vec<Vec<(char, f32)>>]) -> Option<PlateRead> {
    struct Text {
        weight: f32,
        all_wrong: f32,
        best: (f32, usize),
    }
    let mut texts: BTreeMap<String, Text> = BTreeMap::new();
    for (place, view) in views.iter().enumerate() {
        let text: String = view
            .iter()
            .filter_map(|options| options.first())
            .map(|option| option.0)
            .collect();
        let sure: f32 = view
            .iter()
            .filter_map(|options| options.first())
            .map(|option| option.1)
            .product();
        if text.is_empty() || text.len() > 12 {
            continue;
        }
        let entry = texts.entry(text).or_insert(Text {
            weight: 0.0,
            all_wrong: 1.0,
            best: (-1.0, place),
        });
        entry.weight += sure;
        entry.all_wrong *= 1.0 - sure;
        if sure > entry.best.0 {
            entry.best = (sure, place);
        }
    }
    let total: f32 = texts.values().map(|text| text.weight).sum();
    let (winner, text) = texts
        .iter()
        .max_by(|(_, one), (_, other)| one.weight.total_cmp(&other.weight))?;
    let confidence = (1.0 - text.all_wrong) * text.weight / total.max(f32::MIN_POSITIVE);
    let mut candidates: Vec<Candidate> = texts
        .iter()
        .filter_map(|(spelled, text)| {
            let share = text.weight / total.max(f32::MIN_POSITIVE);
            let confidence = if spelled == winner {
                confidence
            } else {
                share.min(confidence)
            };
            Some(Candidate {
                text: Plate::parse(spelled).ok()?,
                confidence,
            })
        })
        .collect();
    candidates.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
    candidates.truncate(5);
    Some(PlateRead {
        text: Plate::parse(winner).ok()?,
        confidence,
        corners: [[0.0; 2]; 4],
        detection: 1.0,
        candidates,
        characters: views[text.best.1]
            .iter()
            .map(|options| Character {
                options: options.clone(),
            })
            .collect(),
        region: None,
    })
}

/// A text itself, and with each of its characters blotted out: two texts of a length share one of these if they differ
/// by one character at most.
fn blots(text: &str) -> impl Iterator<Item = String> {
    (0..text.len()).map(|at| {
        let spelled = text.chars().enumerate();
        spelled
            .map(|(place, symbol)| if place == at { '?' } else { symbol })
            .collect()
    })
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

type Measured = (
    BTreeMap<(u64, char), Vec<Track>>,
    Vec<Vec<(char, f32)>>,
    f64,
);

/// The sample of characters as they were read.
fn measured() -> Measured {
    let mut tracks: BTreeMap<(u64, char), Vec<Track>> = BTreeMap::new();
    let mut added = Vec::new();
    let mut added_rate = 0.0;
    for line in MEASURED.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["added-rate", rate] => added_rate = rate.parse().unwrap_or(0.0),
            ["added", word] => added.extend(character(word)),
            [tier, symbol, views @ ..] => {
                if let (Ok(tier), Some(symbol)) = (tier.parse(), symbol.chars().next()) {
                    let track = views.iter().map(|word| character(word)).collect();
                    tracks.entry((tier, symbol)).or_default().push(track);
                }
            }
            _ => {}
        }
    }
    (tracks, added, added_rate)
}

/// Symbols with parts in a thousand, each in five letters; none for a dropped character.
fn character(word: &str) -> Option<Vec<(char, f32)>> {
    let options: Vec<(char, f32)> = word
        .as_bytes()
        .chunks_exact(5)
        .filter_map(|option| {
            let parts: f32 = std::str::from_utf8(&option[1..]).ok()?.parse().ok()?;
            Some((char::from(option[0]), parts / 1000.0))
        })
        .collect();
    (!options.is_empty()).then_some(options)
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

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
