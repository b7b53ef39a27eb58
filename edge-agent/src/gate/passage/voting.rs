//! What several reads of one plate say together: a vote character by character. Pure.
//!
//! Reads are aligned to each other, so that a missing or additional character moves the rest by one place and spoils
//! nothing. At each place the reads' probabilities are multiplied, each to the power of its weight: three reads that
//! are each sure of other characters make one good text that none of them had.
//!
//! Frames of one camera are not independent: the same dirt, light and angle fool them all. So the product is tempered:
//! `n` frames count as `n / (1 + CORRELATION * (n - 1))` independent ones, which is never more than `1 / CORRELATION`,
//! however long a car stands there; and a frame in which the plate did not move counts less, because it shows the same
//! pixels again. A single read stays exactly as the reader gave it.

use std::collections::BTreeMap;

use contract::plate::Candidate;
use contract::plate::Character;
use contract::plate::Plate;
use contract::plate::PlateRead;

/// How much two frames of one car have their errors in common, 0 to 1: of the values tried, the one whose votes are as
/// often right as they claim (`examples/voting.rs`).
const CORRELATION: f32 = 0.3;
/// What a frame counts in which the plate is where it was before, and how far it must move, as a part of its width.
const STILL: f32 = 0.35;
const STIRRED: f32 = 0.03;
/// What a read that does not name a symbol leaves for it at most: no frame alone rules anything out.
const UNNAMED: f32 = 0.01;
/// Symbols that share what a read leaves unnamed: a character is taken for one of a few that look like it.
const OTHERS: f32 = 4.0;
/// The least that is left for symbols that no frame names.
const LEAST_LEFT: f32 = 1e-4;
/// Reads kept of one vehicle: the heaviest.
const MOST_READS: usize = 24;
/// Texts remembered of one vehicle.
const MOST_TEXTS: usize = 64;
/// Texts in the making while the likeliest are sought.
const BEAM: usize = 48;
/// Candidates in a read.
const MOST_CANDIDATES: usize = 8;
/// Symbols named for a character.
const MOST_OPTIONS: usize = 4;
/// A symbol or text that is less likely than this is not named, unless it is the best.
const LEAST_NAMED: f32 = 1e-3;
/// What it costs to leave a character out of an alignment; a complete mismatch costs 1.
const GAP_COST: f32 = 0.7;
/// The symbol that stands for no character at this place.
const GAP: char = '-';
/// Plates narrower than this in pixels can hardly be read, and from this width on more pixels help no more.
const NARROW: f32 = 30.0;
const WIDE: f32 = 100.0;

/// The reads of one vehicle.
#[derive(Debug, Default)]
pub(super) struct Votes {
    /// The heaviest reads, in the order in which they came.
    ballots: Vec<Ballot>,
    /// By key: the texts that frames read.
    texts: BTreeMap<String, Text>,
    /// The read whose picture is kept.
    kept: Option<Ballot>,
    /// Where the plate was in the newest frame.
    last: Option<[f32; 4]>,
    /// What all of them say together.
    fused: Option<PlateRead>,
}

#[derive(Clone, Debug)]
struct Ballot {
    read: PlateRead,
    weight: f32,
}

/// How often a text was read.
#[derive(Clone, Copy, Debug, Default)]
struct Text {
    frames: u32,
    surest: f32,
    weight: f32,
}

/// What a read says of one place: symbols with their probabilities.
type Column = Vec<(char, f32)>;

impl Votes {
    /// Adds a frame's read. Returns whether its picture is the best evidence for the text as it stands now.
    pub(super) fn add(&mut self, read: &PlateRead) -> bool {
        let mut weight = weight_of(read);
        let stirred = self
            .last
            .is_none_or(|last| has_stirred(last, read.bounds()));
        if !stirred {
            weight *= STILL;
        }
        self.last = Some(read.bounds());
        let key = read.text.key();
        if self.texts.len() == MOST_TEXTS && !self.texts.contains_key(&key) {
            self.forget_lightest();
        }
        let text = self.texts.entry(key).or_default();
        text.frames += 1;
        text.surest = text.surest.max(part(read.confidence));
        text.weight += weight * part(read.confidence);
        self.ballots.push(Ballot {
            read: read.clone(),
            weight,
        });
        if self.ballots.len() > MOST_READS {
            let lightest = self
                .ballots
                .iter()
                .enumerate()
                .min_by(|(_, one), (_, other)| one.weight.total_cmp(&other.weight));
            if let Some((place, _)) = lightest {
                self.ballots.remove(place);
            }
        }
        let mut fused = fuse(&self.ballots);
        let Some(winner) = &mut fused else {
            return false;
        };
        let winning = winner.text.key();
        let newest = Ballot {
            read: read.clone(),
            weight,
        };
        let better = self
            .kept
            .as_ref()
            .is_none_or(|kept| newest.supports(&winning) > kept.supports(&winning));
        if better {
            self.kept = Some(newest);
        }
        if let Some(kept) = &self.kept {
            // Corners belong to the picture that is kept.
            winner.corners = kept.read.corners;
            winner.detection = kept.read.detection;
        }
        self.fused = fused;
        better
    }

    /// What all reads say together: text, candidates and characters of the vote, corners of the best evidence.
    pub(super) fn read(&self) -> Option<&PlateRead> {
        self.fused.as_ref()
    }

    /// How sure the vote is, 0 to 1.
    pub(super) fn confidence(&self) -> f32 {
        self.fused.as_ref().map_or(0.0, |read| read.confidence)
    }

    /// How many frames read the text of the vote by themselves.
    pub(super) fn agreed(&self) -> u32 {
        self.winning_text().map_or(0, |text| text.frames)
    }

    /// How sure the surest frame is of the text of the vote.
    pub(super) fn surest(&self) -> f32 {
        self.winning_text().map_or(0.0, |text| text.surest)
    }

    /// The texts that frames read, and that of the vote, as keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        let fused = self.fused.as_ref().map(|read| read.text.key());
        let unread = fused.filter(|key| !self.texts.contains_key(key));
        self.texts.keys().cloned().chain(unread)
    }

    fn winning_text(&self) -> Option<Text> {
        let key = self.fused.as_ref()?.text.key();
        self.texts.get(&key).copied()
    }

    fn forget_lightest(&mut self) {
        let lightest = self
            .texts
            .iter()
            .min_by(|(_, one), (_, other)| one.weight.total_cmp(&other.weight))
            .map(|(key, _)| key.clone());
        if let Some(key) = lightest {
            self.texts.remove(&key);
        }
    }
}

impl Ballot {
    /// How well this read supports a text: fewer differences first, then more weight.
    fn supports(&self, key: &str) -> (std::cmp::Reverse<usize>, Weight) {
        let differences = strsim::levenshtein(&self.read.text.key(), key);
        let weight = self.weight * part(self.read.confidence);
        (std::cmp::Reverse(differences), Weight(weight))
    }
}

/// A number with a total order.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Weight(f32);

impl PartialOrd for Weight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.0.total_cmp(&other.0))
    }
}

/// How much a read counts, 0 to 1: few pixels, a doubtful outline and a doubtful reader make a read go wrong.
pub(super) fn weight_of(read: &PlateRead) -> f32 {
    let width = read.bounds()[2];
    let pixels = ((width - NARROW) / (WIDE - NARROW)).clamp(0.1, 1.0);
    let pixels = if pixels.is_finite() { pixels } else { 0.1 };
    pixels * (0.5 + 0.5 * part(read.detection)) * (0.2 + 0.8 * part(read.confidence))
}

/// Whether a plate is not quite where it was.
fn has_stirred(before: [f32; 4], after: [f32; 4]) -> bool {
    let [x, y, width, _] = before;
    let change = (after[0] - x).abs() + (after[1] - y).abs() + (after[2] - width).abs();
    change > STIRRED * width.max(1.0)
}

/// A probability, whatever a model says.
fn part(value: f32) -> f32 {
    if value.is_finite() {
        value.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// The vote. None only without reads.
fn fuse(ballots: &[Ballot]) -> Option<PlateRead> {
    let spine = spine_of(ballots)?;
    if ballots.len() == 1 {
        return Some(spine.read.clone());
    }
    let mut slots = Slots::of(spine);
    let (mut aligned, mut all) = (spine.weight, spine.weight);
    for ballot in ballots {
        if std::ptr::eq(ballot, spine) {
            continue;
        }
        all += ballot.weight;
        // A read with little in common was of something else, or of nothing: it speaks against the text as a whole.
        if is_unlike(&spine.read.text.key(), &ballot.read.text.key()) {
            continue;
        }
        aligned += ballot.weight;
        slots.take(ballot);
    }
    let share = if all > 0.0 { aligned / all } else { 1.0 };
    Some(slots.elect(spine, share))
}

/// The heaviest read of the text that has most weight.
fn spine_of(ballots: &[Ballot]) -> Option<&Ballot> {
    let mut texts: BTreeMap<String, f32> = BTreeMap::new();
    for ballot in ballots {
        *texts.entry(ballot.read.text.key()).or_default() +=
            ballot.weight * part(ballot.read.confidence);
    }
    let (key, _) = texts
        .iter()
        .max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    ballots
        .iter()
        .filter(|ballot| ballot.read.text.key() == *key)
        .max_by(|one, other| {
            let sure = |ballot: &Ballot| ballot.weight * part(ballot.read.confidence);
            sure(one).total_cmp(&sure(other))
        })
}

/// Whether two texts have so little in common that no misreading of single characters explains it.
pub(super) fn is_unlike(one: &str, other: &str) -> bool {
    2 * strsim::levenshtein(one, other) > one.len().max(other.len())
}

/// The places of a plate, from left to right, with what each read says of them.
struct Slots {
    /// Per place, one column for each read taken so far.
    places: Vec<Vec<Column>>,
    /// The weights of the reads, in the order of the columns.
    weights: Vec<f32>,
    /// How sure each read is that nothing stands between its characters.
    lengths: Vec<f32>,
}

impl Slots {
    fn of(ballot: &Ballot) -> Self {
        Self {
            places: columns(&ballot.read)
                .into_iter()
                .map(|column| vec![column])
                .collect(),
            weights: vec![ballot.weight],
            lengths: vec![length_sureness(&ballot.read)],
        }
    }

    /// Aligns a read and takes its vote at each place.
    fn take(&mut self, ballot: &Ballot) {
        let theirs = columns(&ballot.read);
        let length = length_sureness(&ballot.read);
        let gap = || vec![(GAP, length)];
        let pairs = align(&self.consensus(), &theirs);
        let before = self.weights.len();
        let mut places = Vec::with_capacity(pairs.len());
        for (ours, theirs_at) in pairs {
            let mut place = match ours {
                Some(ours) => std::mem::take(&mut self.places[ours]),
                // The reads so far had nothing here.
                None => self.lengths[..before]
                    .iter()
                    .map(|length| vec![(GAP, *length)])
                    .collect(),
            };
            place.push(theirs_at.map_or_else(gap, |at| theirs[at].clone()));
            places.push(place);
        }
        self.places = places;
        self.weights.push(ballot.weight);
        self.lengths.push(length);
    }

    /// What the reads so far say of each place, as plain averages: good enough to align by.
    fn consensus(&self) -> Vec<Column> {
        let total: f32 = self.weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        self.places
            .iter()
            .map(|place| {
                let mut sums: BTreeMap<char, f32> = BTreeMap::new();
                for (column, weight) in place.iter().zip(&self.weights) {
                    for (symbol, likely) in column {
                        *sums.entry(*symbol).or_default() += likely * weight / total;
                    }
                }
                sums.into_iter().collect()
            })
            .collect()
    }

    /// The text that wins, with what else it could be. `share` is how much of all weight took part.
    fn elect(&self, spine: &Ballot, share: f32) -> PlateRead {
        let power = self.power();
        let posteriors: Vec<Column> = self
            .places
            .iter()
            .map(|place| self.posterior(place, power))
            .collect();
        let mut texts = likeliest(&posteriors);
        texts.retain(|(text, _, _)| Plate::parse(text).is_ok());
        let Some((_, _, path)) = texts.first() else {
            return spine.read.clone();
        };
        let characters = posteriors
            .iter()
            .zip(path)
            .filter(|(_, symbol)| **symbol != GAP)
            .map(|(column, symbol)| character(column, *symbol))
            .collect();
        let candidates: Vec<Candidate> = texts
            .iter()
            .enumerate()
            .filter(|(place, (_, likely, _))| *place == 0 || likely * share >= LEAST_NAMED)
            .take(MOST_CANDIDATES)
            .filter_map(|(_, (text, likely, _))| {
                Some(Candidate {
                    text: Plate::parse(text).ok()?,
                    confidence: part(likely * share),
                })
            })
            .collect();
        let Some(best) = candidates.first().cloned() else {
            return spine.read.clone();
        };
        PlateRead {
            text: best.text,
            confidence: best.confidence,
            candidates,
            characters,
            ..spine.read.clone()
        }
    }

    /// What all logarithms are multiplied with: frames that err together are fewer than they look.
    fn power(&self) -> f32 {
        let sum: f32 = self.weights.iter().sum();
        let squares: f32 = self.weights.iter().map(|weight| weight * weight).sum();
        let frames = (sum * sum / squares.max(f32::MIN_POSITIVE)).max(1.0);
        1.0 / (1.0 + CORRELATION * (frames - 1.0))
    }

    /// The probabilities of one place after all votes.
    fn posterior(&self, place: &[Column], power: f32) -> Column {
        let heaviest = self
            .weights
            .iter()
            .copied()
            .fold(f32::MIN_POSITIVE, f32::max);
        let mut symbols: Vec<char> = place.iter().flatten().map(|(symbol, _)| *symbol).collect();
        symbols.sort_unstable();
        symbols.dedup();
        let votes = || {
            place
                .iter()
                .zip(&self.weights)
                .map(|(column, weight)| (column, power * weight / heaviest))
        };
        let mut scores: Vec<f32> = symbols
            .iter()
            .map(|symbol| {
                votes()
                    .map(|(column, weight)| weight * likely_of(column, *symbol).ln())
                    .sum()
            })
            .collect();
        // Symbols that nobody names would have to be the same one in every frame.
        let others: f32 = votes()
            .map(|(column, weight)| weight * (left_of(column) / OTHERS).ln())
            .sum();
        scores.push(others + OTHERS.ln());
        let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
        let sum: f32 = powers.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        let mut column: Column = symbols
            .into_iter()
            .zip(powers)
            .map(|(symbol, power)| (symbol, power / sum))
            .collect();
        merge_zero(&mut column);
        column.sort_by(|one, other| other.1.total_cmp(&one.1));
        column
    }
}

/// What a column leaves for all symbols that it does not name.
fn left_of(column: &Column) -> f32 {
    let named: f32 = column.iter().map(|(_, likely)| likely).sum();
    (1.0 - named).clamp(LEAST_LEFT, 1.0)
}

fn likely_of(column: &Column, symbol: char) -> f32 {
    column
        .iter()
        .find(|(named, _)| *named == symbol)
        .map_or_else(
            || (left_of(column) / OTHERS).max(UNNAMED),
            |(_, likely)| likely.max(LEAST_LEFT),
        )
}

/// The letter O and the digit 0 count as one at a gate: the likelier of them gets the probability of both.
fn merge_zero(column: &mut Column) {
    let find = |symbol: char| column.iter().position(|(named, _)| *named == symbol);
    if let (Some(letter), Some(digit)) = (find('O'), find('0')) {
        let sum = column[letter].1 + column[digit].1;
        let (stays, goes) = if column[letter].1 > column[digit].1 {
            (letter, digit)
        } else {
            (digit, letter)
        };
        column[stays].1 = sum;
        column.remove(goes);
    }
}

/// What a read says of each of its places, with how likely no character stands there.
fn columns(read: &PlateRead) -> Vec<Column> {
    let text = read.text.as_str();
    let whole = text.len() == read.characters.len();
    // A read that names no characters is as sure of each as the root of its confidence.
    let even = part(read.confidence).powf(1.0 / text.len().max(1) as f32);
    let missing = missing_parts(read);
    text.chars()
        .enumerate()
        .map(|(place, symbol)| {
            let mut column: Column = match read.characters.get(place).filter(|_| whole) {
                Some(character) => character
                    .options
                    .iter()
                    .map(|(symbol, likely)| (*symbol, part(*likely)))
                    .filter(|(symbol, likely)| *likely > 0.0 && *symbol != GAP)
                    .collect(),
                None => vec![(symbol, even)],
            };
            if column.is_empty() {
                column.push((symbol, even));
            }
            let sum: f32 = column.iter().map(|(_, likely)| likely).sum();
            let missing = missing.get(place).copied().unwrap_or_default();
            let scale = (1.0 - missing) / sum.max(1.0);
            for (_, likely) in &mut column {
                *likely *= scale;
            }
            if missing > 0.0 {
                column.push((GAP, missing));
            }
            column
        })
        .collect()
}

/// For each character of a read's text, how likely its other candidates say that it is not there.
fn missing_parts(read: &PlateRead) -> Vec<f32> {
    let text: Vec<char> = read.text.as_str().chars().collect();
    let mut missing = vec![0.0; text.len()];
    let total: f32 = read
        .candidates
        .iter()
        .map(|candidate| part(candidate.confidence))
        .sum();
    for candidate in &read.candidates {
        let other: Vec<char> = candidate.text.as_str().chars().collect();
        if other.len() >= text.len() {
            continue;
        }
        let likely = part(candidate.confidence) / total.max(1.0);
        let sharp = |symbols: &[char]| -> Vec<Column> {
            symbols.iter().map(|symbol| vec![(*symbol, 1.0)]).collect()
        };
        for (ours, theirs) in align(&sharp(&text), &sharp(&other)) {
            if let (Some(ours), None) = (ours, theirs) {
                missing[ours] += likely;
            }
        }
    }
    missing.iter().map(|likely| likely.min(0.9)).collect()
}

/// How sure a read is that no further character stands on the plate.
fn length_sureness(read: &PlateRead) -> f32 {
    let longer: f32 = read
        .candidates
        .iter()
        .filter(|candidate| candidate.text.as_str().len() > read.text.as_str().len())
        .map(|candidate| part(candidate.confidence))
        .sum();
    (1.0 - longer).clamp(0.1, 0.95)
}

/// The cheapest alignment of two rows of columns: pairs of places, one of which may lack a partner.
fn align(ours: &[Column], theirs: &[Column]) -> Vec<(Option<usize>, Option<usize>)> {
    let width = theirs.len() + 1;
    let mut costs = vec![0.0f32; (ours.len() + 1) * width];
    for row in 0..=ours.len() {
        for column in 0..=theirs.len() {
            if row + column == 0 {
                continue;
            }
            let at = |row: usize, column: usize| costs[row * width + column];
            let mut least = f32::INFINITY;
            if row > 0 {
                least = least.min(at(row - 1, column) + GAP_COST);
            }
            if column > 0 {
                least = least.min(at(row, column - 1) + GAP_COST);
            }
            if row > 0 && column > 0 {
                let pair = mismatch(&ours[row - 1], &theirs[column - 1]);
                least = least.min(at(row - 1, column - 1) + pair);
            }
            costs[row * width + column] = least;
        }
    }
    let at = |row: usize, column: usize| costs[row * width + column];
    let (mut row, mut column) = (ours.len(), theirs.len());
    let mut pairs = Vec::with_capacity(row.max(column));
    while row > 0 || column > 0 {
        let here = at(row, column);
        let paired = row > 0
            && column > 0
            && at(row - 1, column - 1) + mismatch(&ours[row - 1], &theirs[column - 1])
                <= here + 1e-4;
        if paired {
            (row, column) = (row - 1, column - 1);
            pairs.push((Some(row), Some(column)));
        } else if row > 0 && at(row - 1, column) + GAP_COST <= here + 1e-4 {
            row -= 1;
            pairs.push((Some(row), None));
        } else if column > 0 {
            column -= 1;
            pairs.push((None, Some(column)));
        } else {
            // Numbers that are none could lead here; whatever is left stands alone.
            row -= 1;
            pairs.push((Some(row), None));
        }
    }
    pairs.reverse();
    pairs
}

/// How badly two columns fit, 0 to 1. The letter O and the digit 0 fit.
fn mismatch(ours: &Column, theirs: &Column) -> f32 {
    let like = |symbol: char| if symbol == 'O' { '0' } else { symbol };
    let same: f32 = ours
        .iter()
        .map(|(symbol, likely)| {
            let other: f32 = theirs
                .iter()
                .filter(|(other, _)| like(*other) == like(*symbol))
                .map(|(_, likely)| likely)
                .sum();
            likely * other
        })
        .sum();
    (1.0 - same).clamp(0.0, 1.0)
}

/// The likeliest texts with their probability and the symbol at each place, best first.
fn likeliest(posteriors: &[Column]) -> Vec<(String, f32, Vec<char>)> {
    let mut beam: Vec<(Vec<char>, f32)> = vec![(Vec::new(), 1.0)];
    for column in posteriors {
        let mut next = Vec::with_capacity(beam.len() * MOST_OPTIONS);
        for (path, likely) in &beam {
            for (symbol, here) in column.iter().take(MOST_OPTIONS) {
                let mut longer = path.clone();
                longer.push(*symbol);
                next.push((longer, likely * here));
            }
        }
        next.sort_by(|one, other| other.1.total_cmp(&one.1));
        next.truncate(BEAM);
        beam = next;
    }
    // A text with a gap at either of two places is one text. The key decides: O and 0 are one.
    let mut texts: Vec<(String, f32, Vec<char>)> = Vec::new();
    for (path, likely) in beam {
        let text: String = path.iter().filter(|symbol| **symbol != GAP).collect();
        let key = text.replace('O', "0");
        match texts
            .iter_mut()
            .find(|(known, _, _)| known.replace('O', "0") == key)
        {
            Some((_, sum, _)) => *sum += likely,
            None => texts.push((text, likely, path)),
        }
    }
    texts.sort_by(|one, other| other.1.total_cmp(&one.1));
    texts
}

/// The options of a character of the text; the symbol that stands in it is never cut off.
fn character(column: &Column, symbol: char) -> Character {
    let mut options: Vec<(char, f32)> = column
        .iter()
        .filter(|(named, likely)| *named == symbol || *named != GAP && *likely >= LEAST_NAMED)
        .copied()
        .collect();
    if let Some(place) = options.iter().position(|(named, _)| *named == symbol)
        && place >= MOST_OPTIONS
    {
        options.swap(place, MOST_OPTIONS - 1);
    }
    options.truncate(MOST_OPTIONS);
    Character { options }
}

#[cfg(test)]
#[path = "voting_tests.rs"]
mod tests;
