//! The reads that were measured: cars with held-back plates that drive up to a camera (`measured-reads.txt`, made by
//! scripts/train/confusions.py), and reads of other plates put together from their characters.

use std::collections::BTreeMap;

use contract::plate::Candidate;
use contract::plate::Character;
use contract::plate::Plate;
use contract::plate::PlateRead;

const MEASURED: &str = include_str!("measured-reads.txt");
/// A character is drawn from at least so many of its kind that were read about as well.
const ALIKE: usize = 6;
/// What a reader that is sure of a symbol gives it.
const SURE: f32 = 0.9998;
/// No character at this place.
const GAP: char = '-';
/// Texts that a read names, as the reader does.
const MOST_CANDIDATES: usize = 5;
const LEAST_CANDIDATE: f32 = 1e-3;

/// Which of the held-back plates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// Those that the confusion table was learned on and the budgets were chosen with.
    Tuning,
    /// The others: nothing was ever chosen by them.
    Report,
}

/// What one frame says of one character: symbols with their probabilities, likeliest first; `-` is no character.
type Word = Vec<(char, f32)>;

#[derive(Clone, Debug)]
struct Place {
    word: Word,
    /// The reader saw one that the plate does not have.
    added: bool,
}

#[derive(Clone, Debug)]
enum Seen {
    /// Its characters, in the order of the plate.
    Places(Vec<Place>),
    /// Quite another text.
    Other(String, f32),
    /// No text at all.
    Nothing,
}

#[derive(Clone, Debug)]
struct Frame {
    width: f32,
    seen: Seen,
}

/// A measured passage.
#[derive(Clone, Debug)]
struct Passage {
    set: String,
    text: String,
    frames: Vec<Frame>,
}

impl Passage {
    /// How badly a character was read: the mean over its frames of what the reader was short of certain, in nats.
    fn doubt(&self, place: usize) -> f32 {
        let symbol = self.text.chars().nth(place).unwrap_or(GAP);
        let likely = |frame: &Frame| match &frame.seen {
            Seen::Places(places) => {
                let word = places
                    .iter()
                    .filter(|place| !place.added)
                    .nth(place)
                    .map(|place| &place.word);
                let option = word.and_then(|word| word.iter().find(|option| option.0 == symbol));
                Some(option.map_or(0.0, |option| option.1))
            }
            Seen::Other(..) | Seen::Nothing => None,
        };
        let doubts: Vec<f32> = self
            .frames
            .iter()
            .filter_map(likely)
            .map(|likely| -likely.max(1e-3).ln())
            .collect();
        doubts.iter().sum::<f32>() / doubts.len().max(1) as f32
    }
}

/// Where a character was read: passage and place in its plate.
type Track = (usize, usize);

/// The measured passages of one half.
#[derive(Debug)]
pub struct Measured {
    passages: Vec<Passage>,
    /// By passage and place: how badly that character was read.
    doubts: Vec<Vec<f32>>,
    /// By symbol: where it was read, the best reads first.
    tracks: BTreeMap<char, Vec<(f32, Track)>>,
    /// By set: its passages.
    sets: BTreeMap<String, Vec<usize>>,
}

/// What a camera sees of one car.
pub struct Approach {
    frames: Vec<Frame>,
    /// What all frames together could spell, place by place.
    pub columns: Vec<Column>,
    /// The texts of frames that have little in common with the plate.
    pub others: Vec<String>,
}

/// A place of what frames could spell.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// The symbols that some frame names.
    pub named: Vec<char>,
    /// In some frame no character may stand here.
    pub is_optional: bool,
}

impl Measured {
    /// Reads the sample.
    pub fn load(half: Half) -> Self {
        let mut passages = parse(MEASURED, half);
        passages.retain(|passage| !passage.frames.is_empty());
        let doubts: Vec<Vec<f32>> = passages
            .iter()
            .map(|passage| {
                (0..passage.text.len())
                    .map(|place| passage.doubt(place))
                    .collect()
            })
            .collect();
        let mut tracks: BTreeMap<char, Vec<(f32, Track)>> = BTreeMap::new();
        let mut sets: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, (passage, doubts)) in passages.iter().zip(&doubts).enumerate() {
            sets.entry(passage.set.clone()).or_default().push(number);
            for (place, (symbol, doubt)) in passage.text.chars().zip(doubts).enumerate() {
                tracks
                    .entry(symbol)
                    .or_default()
                    .push((*doubt, (number, place)));
            }
        }
        for of_symbol in tracks.values_mut() {
            of_symbol.sort_by(|one, other| one.0.total_cmp(&other.0));
        }
        Self {
            passages,
            doubts,
            tracks,
            sets,
        }
    }

    /// How many passages a set has.
    pub fn count(&self, set: &str) -> usize {
        self.sets.get(set).map_or(0, Vec::len)
    }

    /// The plate of a passage of a set, and the passage as it was read, whole.
    pub fn replay(&self, set: &str, number: usize) -> Option<(String, Approach)> {
        let passage = self.passages.get(*self.sets.get(set)?.get(number)?)?;
        let frames: Vec<Frame> = passage.frames.clone();
        Some((passage.text.clone(), approach(frames, passage.text.len())))
    }

    /// A car with this plate drives up as one of a set did: its frames are as wide, and as many of its characters are as
    /// badly read. Each character is one of its kind that was read about as well, in all frames together.
    pub fn drive(
        &self,
        set: &str,
        key: &str,
        mut below: impl FnMut(usize) -> usize,
    ) -> Option<Approach> {
        let of_set = self.sets.get(set).filter(|of_set| !of_set.is_empty())?;
        let donor = of_set[below(of_set.len())];
        let doubts = &self.doubts[donor];
        let mut frames: Vec<Frame> = Vec::new();
        for frame in &self.passages[donor].frames {
            let seen = match &frame.seen {
                Seen::Places(_) => Seen::Places(Vec::new()),
                Seen::Other(text, sure) => Seen::Other(text.clone(), *sure),
                Seen::Nothing => Seen::Nothing,
            };
            frames.push(Frame {
                width: frame.width,
                seen,
            });
        }
        for (at, symbol) in key.chars().enumerate() {
            let doubt = doubts.get(at * doubts.len() / key.len()).copied()?;
            let alike = self.alike(doubt, symbol)?;
            let (_, (from, place)) = alike[below(alike.len())];
            for (number, frame) in frames.iter_mut().enumerate() {
                let Seen::Places(places) = &mut frame.seen else {
                    continue;
                };
                places.extend(self.added(donor, number, at));
                places.push(Place {
                    word: self.word(from, place, number),
                    added: false,
                });
            }
        }
        Some(approach(frames, key.len()))
    }

    /// The characters of this kind that were read about as well.
    fn alike(&self, doubt: f32, symbol: char) -> Option<&[(f32, Track)]> {
        let of_symbol = self.tracks.get(&symbol)?;
        let mut from = of_symbol.partition_point(|track| track.0 < 0.8 * doubt - 1e-4);
        let mut until = of_symbol.partition_point(|track| track.0 <= 1.25 * doubt + 1e-4);
        while until - from < ALIKE.min(of_symbol.len()) {
            from = from.saturating_sub(1);
            until = (until + 1).min(of_symbol.len());
        }
        of_symbol.get(from..until)
    }

    /// What stands before a place of the donor's that its plate does not have.
    fn added(&self, donor: usize, frame: usize, at: usize) -> Vec<Place> {
        let Some(Seen::Places(places)) = self.passages[donor]
            .frames
            .get(frame)
            .map(|frame| &frame.seen)
        else {
            return Vec::new();
        };
        let mut own = 0;
        let mut before = Vec::new();
        for place in places {
            if place.added && own == at {
                before.push(place.clone());
            }
            own += usize::from(!place.added);
        }
        before
    }

    /// A character in a frame; where the frame was lost as a whole, in the nearest one that was not.
    fn word(&self, from: usize, place: usize, frame: usize) -> Word {
        let frames = &self.passages[from].frames;
        let own = |number: usize| match frames.get(number).map(|frame| &frame.seen) {
            Some(Seen::Places(places)) => places
                .iter()
                .filter(|place| !place.added)
                .nth(place)
                .map(|place| place.word.clone()),
            Some(Seen::Other(..) | Seen::Nothing) | None => None,
        };
        (0..frames.len())
            .flat_map(|away| [frame.checked_sub(away), Some(frame + away)])
            .flatten()
            .find_map(own)
            .unwrap_or_default()
    }
}

fn approach(frames: Vec<Frame>, length: usize) -> Approach {
    let mut columns = vec![Column::default(); length];
    // Before each place of the plate, and after the last, the additional characters of all frames.
    let mut added: Vec<Vec<Column>> = vec![Vec::new(); length + 1];
    let mut others = Vec::new();
    for frame in &frames {
        let places = match &frame.seen {
            Seen::Nothing => continue,
            Seen::Other(text, _) => {
                others.push(text.clone());
                continue;
            }
            Seen::Places(places) => places,
        };
        let (mut own, mut nth) = (0, 0);
        for place in places {
            let column = if place.added {
                let here = &mut added[own.min(length)];
                if here.len() == nth {
                    here.push(Column {
                        named: Vec::new(),
                        is_optional: true,
                    });
                }
                nth += 1;
                &mut here[nth - 1]
            } else {
                nth = 0;
                own += 1;
                &mut columns[(own - 1).min(length - 1)]
            };
            column.is_optional |= place.word.is_empty();
            for (symbol, _) in &place.word {
                column.is_optional |= *symbol == GAP;
                if !column.named.contains(symbol) {
                    column.named.push(*symbol);
                }
            }
        }
    }
    let mut all = added.remove(0);
    for (column, after) in columns.into_iter().zip(added) {
        all.push(column);
        all.extend(after);
    }
    Approach {
        frames,
        columns: all,
        others,
    }
}

impl Approach {
    /// The reads of its frames, far to near; none where nothing was read.
    pub fn reads(&self) -> impl Iterator<Item = Option<PlateRead>> {
        let count = self.frames.len();
        let frames = self.frames.iter().enumerate();
        frames.map(move |(number, frame)| read(frame, number, count))
    }
}

/// What the reader says of a frame. The car comes from the upper middle of the picture.
fn read(frame: &Frame, number: usize, count: usize) -> Option<PlateRead> {
    let (width, height) = (frame.width, frame.width / 4.7);
    let way = number as f32 / count.max(1) as f32;
    let (left, top) = (640.0 - width / 2.0 + 20.0 * way, 250.0 + 200.0 * way);
    let corners = [
        [left, top],
        [left + width, top],
        [left + width, top + height],
        [left, top + height],
    ];
    let (candidates, characters) = match &frame.seen {
        Seen::Nothing => return None,
        Seen::Other(text, sure) => (vec![(text.clone(), *sure)], Vec::new()),
        Seen::Places(places) => spelled(places),
    };
    let candidates: Vec<Candidate> = candidates
        .iter()
        .filter_map(|(text, confidence)| {
            Some(Candidate {
                text: Plate::parse(text).ok()?,
                confidence: *confidence,
            })
        })
        .collect();
    let first = candidates.first()?.clone();
    Some(PlateRead {
        text: first.text,
        confidence: first.confidence,
        corners,
        detection: 0.95,
        candidates,
        characters,
        region: None,
    })
}

/// The likeliest texts, and the characters of the best one.
fn spelled(places: &[Place]) -> (Vec<(String, f32)>, Vec<Character>) {
    let mut texts = vec![(String::new(), 1.0f32)];
    let mut characters = Vec::new();
    for place in places {
        let Some((first, _)) = place.word.first() else {
            continue;
        };
        let mut longer = Vec::with_capacity(texts.len() * place.word.len());
        for (text, likely) in &texts {
            for (symbol, here) in &place.word {
                let mut text = text.clone();
                if *symbol != GAP {
                    text.push(*symbol);
                }
                longer.push((text, likely * here));
            }
        }
        longer.sort_by(|one, other| other.1.total_cmp(&one.1));
        longer.truncate(2 * MOST_CANDIDATES);
        texts = longer;
        if *first != GAP {
            let there: f32 = place
                .word
                .iter()
                .filter(|option| option.0 == GAP)
                .map(|option| 1.0 - option.1)
                .sum();
            let there = if there > 0.0 { there } else { 1.0 };
            let options = place.word.iter().filter(|option| option.0 != GAP);
            characters.push(Character {
                options: options
                    .map(|(symbol, here)| (*symbol, here / there))
                    .collect(),
            });
        }
    }
    let mut merged: Vec<(String, f32)> = Vec::new();
    for (text, likely) in texts.into_iter().filter(|(text, _)| !text.is_empty()) {
        match merged.iter_mut().find(|(known, _)| *known == text) {
            Some((_, sum)) => *sum += likely,
            None => merged.push((text, likely)),
        }
    }
    // The first is the text of the characters, whatever became likelier by being merged.
    let best = merged.first().map_or(0.0, |first| first.1);
    merged.retain(|(_, likely)| *likely >= LEAST_CANDIDATE || *likely >= best);
    merged.truncate(MOST_CANDIDATES);
    (merged, characters)
}

fn parse(text: &str, wanted: Half) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let mut is_wanted = false;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["passage", half, set, _, text] => {
                is_wanted = (*half == "0") == (wanted == Half::Tuning);
                if is_wanted {
                    passages.push(Passage {
                        set: (*set).to_owned(),
                        text: (*text).to_owned(),
                        frames: Vec::new(),
                    });
                }
            }
            [width, seen @ ..] if is_wanted => {
                let seen = match seen {
                    ["none"] => Seen::Nothing,
                    ["other", sure, text] => Seen::Other((*text).to_owned(), parts(sure)),
                    words => Seen::Places(words.iter().map(|word| place(word)).collect()),
                };
                if let (Some(passage), Ok(width)) = (passages.last_mut(), width.parse()) {
                    passage.frames.push(Frame { width, seen });
                }
            }
            _ => {}
        }
    }
    passages
}

fn place(word: &str) -> Place {
    let (added, word) = word
        .strip_prefix('+')
        .map_or((false, word), |word| (true, word));
    let options = match word.as_bytes() {
        [b'?'] => Vec::new(),
        [symbol] => vec![(char::from(*symbol), SURE)],
        bytes => bytes
            .chunks_exact(5)
            .filter_map(|option| {
                Some((
                    char::from(option[0]),
                    parts(std::str::from_utf8(&option[1..]).ok()?),
                ))
            })
            .collect(),
    };
    Place {
        word: options,
        added,
    }
}

fn parts(word: &str) -> f32 {
    word.parse::<f32>().unwrap_or(0.0) / 10_000.0
}
