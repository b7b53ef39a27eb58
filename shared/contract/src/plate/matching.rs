//! How likely a read is one of the plates of a book, and how likely it is a plate that the book does not name. Pure.
//!
//! Bayes over the book's plates and one more explanation, *some unlisted plate*. The evidence of a plate is how much
//! likelier the read is if that plate stood there than if random symbols did: a sum over the alignments of plate and
//! read, with what the reader says of each character, corrected by how it is known to err, and with dropped and added
//! characters. An unlisted plate is a random one of the region's syntax, or, much oftener than chance alone would have
//! it, a **neighbour** of a listed one: fleets and streets have plates in a row, and forgers change one character.

use std::collections::BTreeMap;

use super::Character;
use super::LONGEST;
use super::Plate;
use super::PlateRead;
use super::confusion;
use super::confusion::Confusion;
use super::confusion::SYMBOLS;
use super::confusion::code_of;
use super::syntax;
use super::syntax::Class;

/// How many of the vehicles at a gate have a permit.
const LISTED: f64 = 0.5;
/// How many of the others have a plate that differs from a listed one by one character.
const NEIGHBOURS: f64 = 0.02;
/// How many of these neighbours have one character more or less rather than another one.
const LONGER_OR_SHORTER: f64 = 0.2;
/// Of the random plates at least this part is taken for unlisted ones, however much the read looks like a listed one.
const LEAST_RANDOM: f64 = 1e-4;
/// How much less likely than the best plate, in nats, a plate may be to be weighed at all.
const WORTH: f64 = 18.0;
/// The most plates that are weighed in full.
const MOST_WEIGHED: usize = 48;

/// From which probability on the gate opens, and from which on it takes notice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budgets {
    /// The least probability that the vehicle has a permit that holds, for the gate to open by itself.
    pub strict: f64,
    /// The least probability with which a plate counts as possibly there: a denied one stays out, a permitted one asks.
    pub loose: f64,
    /// A second plate that is at least this part as likely as the first makes a read ambiguous.
    pub ambiguous_ratio: f64,
    /// A character that is not the reader's first choice must be at least this part as likely as that.
    pub least_support: f64,
    /// At most this part of the read's weight may be on texts with more or fewer characters: such frames saw another plate.
    pub most_contested: f64,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            strict: 0.9995,
            loose: 0.05,
            ambiguous_ratio: 0.2,
            least_support: 0.5,
            most_contested: 0.35,
        }
    }
}

/// The distinct plates of a book, by key, ready to be weighed against reads.
#[derive(Clone, Debug, Default)]
pub struct Plates {
    plates: Vec<Codes>,
    keys: BTreeMap<String, usize>,
    /// How many plates the book has, where these are only some of them.
    among: usize,
}

/// One plate of the book and what a read says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// Which plate: what [`Plates::find`] answers for its key.
    pub place: usize,
    /// The probability that this plate is the one that was read, 0 to 1.
    pub probability: f64,
    /// How many characters differ from the read's text: others, dropped, added.
    pub changes: usize,
    /// The least likely of its characters against the reader's first choice at that place, 0 to 1; 0 if the length differs.
    pub support: f64,
}

impl Match {
    /// Whether the reader itself says so: its first choice throughout, or wavering at one character.
    pub fn is_backed(&self, budgets: &Budgets) -> bool {
        self.changes == 0 || self.changes == 1 && self.support >= budgets.least_support
    }
}

/// What a read may be. The probabilities of the matches and `unlisted` sum to at most 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// The plates worth naming, the likeliest first.
    pub matches: Vec<Match>,
    /// The probability of a plate that the book does not name.
    pub unlisted: f64,
    /// Which part of the read's weight is on texts of another length than its own, 0 to 1.
    pub contested: f64,
}

/// What a read comes to, leaving aside when and where a permit holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Call<'a> {
    /// This plate, surely enough to open.
    Sure(&'a Match),
    /// This plate, but another listed one is nearly as likely: never opens.
    Ambiguous(&'a Match, &'a Match),
    /// Perhaps this plate.
    Perhaps(&'a Match),
    /// No listed plate.
    Unlisted,
}

impl Weighed {
    /// What the read comes to. `holds` says of a plate whether it has a permit that holds: two of them add up, for the
    /// gate would open for either, unless they are too even.
    pub fn call(&self, budgets: &Budgets, holds: impl Fn(usize) -> bool) -> Call<'_> {
        let Some(first) = self.matches.first() else {
            return Call::Unlisted;
        };
        if first.probability < budgets.loose && first.changes > 0 {
            return Call::Unlisted;
        }
        if let Some(second) = self.matches.get(1)
            && second.probability >= budgets.ambiguous_ratio * first.probability
        {
            return Call::Ambiguous(first, second);
        }
        let holding = self.matches.iter().filter(|found| holds(found.place));
        let holding: f64 = holding.map(|found| found.probability).sum();
        let is_settled = self.contested <= budgets.most_contested;
        if holds(first.place) && holding >= budgets.strict && is_settled && first.is_backed(budgets)
        {
            Call::Sure(first)
        } else {
            Call::Perhaps(first)
        }
    }

    /// How likely a plate is the one that was read; 0 for one that is not worth naming.
    pub fn probability_of(&self, place: usize) -> f64 {
        let found = self.matches.iter().find(|found| found.place == place);
        found.map_or(0.0, |found| found.probability)
    }

    /// The likeliest plate, unless a second one is nearly as likely.
    pub fn clear(&self, budgets: &Budgets) -> Option<&Match> {
        let first = self.matches.first()?;
        let rival = self.matches.get(1).map_or(0.0, |second| second.probability);
        (rival < budgets.ambiguous_ratio * first.probability).then_some(first)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Codes {
    codes: [u8; LONGEST],
    length: usize,
}

impl Codes {
    fn of(plate: &Plate) -> Self {
        let mut codes = [0; LONGEST];
        let mut length = 0;
        for (place, code) in codes
            .iter_mut()
            .zip(plate.as_str().chars().filter_map(code_of))
        {
            *place = code;
            length += 1;
        }
        Self { codes, length }
    }

    fn as_slice(&self) -> &[u8] {
        self.codes.get(..self.length).unwrap_or(&[])
    }
}

impl Plates {
    /// The distinct plates among these; two of one key count as one.
    pub fn new<'a>(plates: impl IntoIterator<Item = &'a Plate>) -> Self {
        let mut made = Self::default();
        for plate in plates {
            made.keys.entry(plate.key()).or_insert_with(|| {
                made.plates.push(Codes::of(plate));
                made.plates.len() - 1
            });
        }
        made
    }

    /// The same as a part of a book of `count` plates, the rest of which no read here comes near.
    #[must_use]
    pub fn among(self, count: usize) -> Self {
        Self {
            among: count,
            ..self
        }
    }

    /// The plate of a key.
    pub fn find(&self, key: &str) -> Option<usize> {
        self.keys.get(key).copied()
    }

    /// How many distinct plates there are.
    pub fn len(&self) -> usize {
        self.plates.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.plates.is_empty()
    }

    /// Weighs a read against every plate.
    pub fn weigh(&self, read: &PlateRead) -> Weighed {
        let evidence = Evidence::of(read);
        let region = read.region.as_ref().and_then(|region| {
            let sure = f64::from(region.confidence);
            let sure = if sure.is_nan() {
                0.0
            } else {
                sure.clamp(0.0, 0.98)
            };
            syntax::of_region(&region.code).map(|syntax| (sure, syntax))
        });
        let count = self.plates.len().max(self.among).max(1) as f64;
        let near = self.near(&evidence);
        let near: Vec<(usize, &[u8])> = near
            .into_iter()
            .filter_map(|place| Some((place, self.plates.get(place)?.as_slice())))
            .collect();
        let mut neighbours = 0.0;
        let mut listed = 0.0;
        let mut weights = Vec::with_capacity(near.len());
        let share = |codes: &[u8]| {
            let anywhere = syntax::of_anywhere().share(codes);
            region.map_or(anywhere, |(sure, syntax)| {
                sure * syntax.share(codes) + (1.0 - sure) * anywhere
            })
        };
        for (place, plate) in &near {
            let others = near.iter().map(|(_, other)| *other);
            // An unlisted plate is none of the book's: what the neighbours and the random plates have in common with it
            // is taken from them, or a fleet with plates in a row would keep its own cars out.
            let unlisted = evidence.neighbours(plate) - evidence.listed_neighbours(plate, others);
            neighbours += unlisted.max(0.0) / count;
            if plate.len() == evidence.length {
                listed += share(plate) * evidence.straight(plate);
            }
            // A plate that is none of the region's is as likely as the region guess is wrong.
            let of_region = region.map_or(
                1.0,
                |(sure, syntax)| {
                    if syntax.fits(plate) { 1.0 } else { 1.0 - sure }
                },
            );
            weights.push((*place, LISTED / count * evidence.gain(plate) * of_region));
        }
        let means = evidence.means();
        let anywhere = syntax::of_anywhere().gain(&means);
        let random = region.map_or(anywhere, |(sure, syntax)| {
            sure * syntax.gain(&means) + (1.0 - sure) * anywhere
        });
        let random = (random - listed).max(LEAST_RANDOM * random);
        let others = (1.0 - LISTED) * ((1.0 - NEIGHBOURS) * random + NEIGHBOURS * neighbours);
        let total: f64 = others + weights.iter().map(|(_, weight)| weight).sum::<f64>();
        if !(total.is_finite() && total > 0.0) {
            // Nothing can be said of such a read.
            return Weighed {
                matches: Vec::new(),
                unlisted: 1.0,
                contested: 0.0,
            };
        }
        let mut matches: Vec<Match> = weights
            .into_iter()
            .filter_map(|(place, weight)| {
                let (changes, support) = evidence.backing(self.plates.get(place)?.as_slice());
                Some(Match {
                    place,
                    probability: (weight / total).clamp(0.0, 1.0),
                    changes,
                    support,
                })
            })
            .filter(|found| found.probability >= 1e-6 || found.changes == 0)
            .collect();
        matches.sort_by(|one, other| {
            let by_probability = other.probability.total_cmp(&one.probability);
            by_probability.then(one.place.cmp(&other.place))
        });
        Weighed {
            matches,
            unlisted: (others / total).clamp(0.0, 1.0),
            contested: contested(read),
        }
    }

    /// The plates that are worth weighing in full: a sum of table look-ups each, so that tens of thousands take a
    /// fraction of a millisecond.
    fn near(&self, evidence: &Evidence) -> Vec<usize> {
        let mut best = f64::NEG_INFINITY;
        let mut rough: Vec<(f64, usize)> = Vec::new();
        for (place, plate) in self.plates.iter().enumerate() {
            let score = evidence.roughly(plate.as_slice(), best - WORTH);
            if score > best - WORTH {
                best = best.max(score);
                rough.push((score, place));
            }
        }
        rough.retain(|(score, _)| *score >= best - WORTH);
        rough.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        rough.truncate(MOST_WEIGHED);
        rough.into_iter().map(|(_, place)| place).collect()
    }
}

/// What a read says of each of its places.
struct Evidence {
    length: usize,
    /// The read's text in codes.
    text: [u8; LONGEST],
    /// By place and symbol: the probability that the reader gives it.
    own: [[f64; SYMBOLS]; LONGEST],
    /// By place and symbol: the logarithm of how much likelier it is there, corrected for the reader's errors, than a
    /// random symbol.
    gains: [[f64; SYMBOLS]; LONGEST],
    dropped: f64,
    added: f64,
}

impl Evidence {
    fn of(read: &PlateRead) -> Self {
        let confusion = confusion::measured();
        let text = Codes::of(&read.text);
        let own = own_probabilities(read, &text);
        let mut gains = [[0.0; SYMBOLS]; LONGEST];
        for (gains, own) in gains.iter_mut().zip(&own).take(text.length) {
            corrected(own, confusion, gains);
            for gain in gains {
                *gain = (*gain * SYMBOLS as f64).ln();
            }
        }
        Self {
            length: text.length,
            text: text.codes,
            own,
            gains,
            dropped: confusion.dropped.ln(),
            added: confusion.added.ln(),
        }
    }

    /// The best alignment's logarithm with at most one character dropped or added; gives up below `least`.
    fn roughly(&self, plate: &[u8], least: f64) -> f64 {
        if plate.len() == self.length {
            let mut sum = 0.0;
            for (gains, code) in self.gains.iter().zip(plate) {
                sum += gains[usize::from(*code)];
            }
            return sum;
        }
        if plate.len().abs_diff(self.length) != 1 {
            return f64::NEG_INFINITY;
        }
        let one = if plate.len() > self.length {
            self.dropped
        } else {
            self.added
        };
        // The symbols in front must fit somewhere: a plate of quite another start and end is passed over.
        let most = 3.6 * self.length.min(plate.len()) as f64 + one;
        if most < least {
            return f64::NEG_INFINITY;
        }
        self.shifted(plate)
            .into_iter()
            .fold(f64::NEG_INFINITY, f64::max)
            + one
    }

    /// For each place where the longer of plate and read may have its additional character, the logarithm of the rest.
    fn shifted(&self, plate: &[u8]) -> Vec<f64> {
        let shorter = plate.len().min(self.length);
        let is_dropped = plate.len() > self.length;
        let gain = |place: usize, skip: usize| {
            let (at, of) = if is_dropped {
                (place, place + skip)
            } else {
                (place + skip, place)
            };
            match (self.gains.get(at), plate.get(of)) {
                (Some(gains), Some(code)) => gains[usize::from(*code)],
                _ => f64::NEG_INFINITY,
            }
        };
        let mut tail: f64 = (0..shorter).map(|place| gain(place, 1)).sum();
        let mut head = 0.0;
        let mut sums = Vec::with_capacity(shorter + 1);
        sums.push(head + tail);
        for place in 0..shorter {
            tail -= gain(place, 1);
            head += gain(place, 0);
            sums.push(head + tail);
        }
        sums
    }

    /// How much likelier this read is if the plate stood there than if random symbols did: the sum over all alignments
    /// that drop and add two characters at most.
    fn gain(&self, plate: &[u8]) -> f64 {
        let (dropped, added) = (self.dropped.exp(), self.added.exp());
        let kept = 1.0 - dropped - added;
        let mut before = [0.0; LONGEST + 1];
        for (place, sum) in before.iter_mut().enumerate().take(self.length + 1) {
            *sum = if place <= 2 {
                added.powi(place as i32)
            } else {
                0.0
            };
        }
        for (row, code) in plate.iter().enumerate() {
            let mut sums = [0.0; LONGEST + 1];
            for place in 0..=self.length {
                if place.abs_diff(row + 1) > 2 {
                    continue;
                }
                let mut sum = before[place] * dropped;
                if place > 0 {
                    sum +=
                        before[place - 1] * kept * self.gains[place - 1][usize::from(*code)].exp();
                    sum += sums[place - 1] * added;
                }
                sums[place] = sum;
            }
            before = sums;
        }
        before[self.length]
    }

    /// How much likelier this read is if the plate stood there than if random symbols did, nothing dropped or added.
    fn straight(&self, plate: &[u8]) -> f64 {
        let gains = plate.iter().zip(&self.gains);
        let sum: f64 = gains.map(|(code, gains)| gains[usize::from(*code)]).sum();
        sum.exp()
    }

    /// What of [`Self::neighbours`] is of plates that the book lists, as far as they are as long as the read.
    fn listed_neighbours<'a>(&self, plate: &[u8], listed: impl Iterator<Item = &'a [u8]>) -> f64 {
        if plate.len() != self.length {
            return 0.0;
        }
        let of_listed = |other: &[u8]| {
            let mut differences = plate.iter().zip(other).filter(|(one, other)| one != other);
            let (own, code) = differences.next()?;
            let class = Class::of(*own);
            let is_neighbour = differences.next().is_none() && class.holds(*code);
            is_neighbour.then(|| self.straight(other) / (class.size() - 1) as f64)
        };
        let sums: f64 = listed
            .filter(|other| other.len() == plate.len())
            .filter_map(of_listed)
            .sum();
        (1.0 - LONGER_OR_SHORTER) * sums / plate.len().max(1) as f64
    }

    /// The mean gain over the plates that differ from this one by one character.
    fn neighbours(&self, plate: &[u8]) -> f64 {
        if plate.len() == self.length {
            let sum: f64 = plate
                .iter()
                .zip(&self.gains)
                .map(|(code, gains)| gains[usize::from(*code)])
                .sum();
            let other = |(code, gains): (&u8, &[f64; SYMBOLS])| {
                let own = gains[usize::from(*code)];
                let class = Class::of(*code);
                let others: f64 = (0..SYMBOLS as u8)
                    .filter(|symbol| symbol != code && class.holds(*symbol))
                    .map(|symbol| gains[usize::from(symbol)].exp())
                    .sum();
                (sum - own).exp() * others / (class.size() - 1) as f64
            };
            let sums: f64 = plate.iter().zip(&self.gains).map(other).sum();
            return (1.0 - LONGER_OR_SHORTER) * sums / plate.len().max(1) as f64;
        }
        if plate.len().abs_diff(self.length) != 1 {
            return 0.0;
        }
        let sums = self.shifted(plate);
        let count = sums.len().max(1) as f64;
        LONGER_OR_SHORTER * sums.into_iter().map(f64::exp).sum::<f64>() / count
    }

    /// At each place, the mean gain of a letter, a digit, any symbol.
    fn means(&self) -> Vec<[f64; 3]> {
        let mean = |gains: &[f64; SYMBOLS], class: Class| {
            let held = (0..SYMBOLS as u8).filter(|symbol| class.holds(*symbol));
            held.map(|symbol| gains[usize::from(symbol)].exp())
                .sum::<f64>()
                / class.size() as f64
        };
        let classes = [Class::Letter, Class::Digit, Class::Any];
        let places = self.gains.iter().take(self.length);
        places
            .map(|gains| classes.map(|class| mean(gains, class)))
            .collect()
    }

    /// How many characters differ from the read's text, and how well the reader backs the one that it backs least.
    fn backing(&self, plate: &[u8]) -> (usize, f64) {
        let text = self.text.get(..self.length).unwrap_or(&[]);
        if plate.len() != text.len() {
            return (changes(plate, text), 0.0);
        }
        let mut support = 1.0_f64;
        let mut different = 0;
        for ((code, named), own) in plate.iter().zip(text).zip(&self.own) {
            if code != named {
                different += 1;
                let first = own.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
                support = support.min(own[usize::from(*code)] / first);
            }
        }
        (different, support.clamp(0.0, 1.0))
    }
}

/// Which part of the weight of a read's texts is on those of another length than its own.
fn contested(read: &PlateRead) -> f64 {
    let length = Codes::of(&read.text).length;
    let (mut other, mut all) = (0.0, f64::MIN_POSITIVE);
    for candidate in read.candidates.iter().take(32) {
        let sure = probability(candidate.confidence);
        all += sure;
        if Codes::of(&candidate.text).length != length {
            other += sure;
        }
    }
    other / all
}

/// How many characters have to be changed, dropped or added to make one text of another.
fn changes(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, code) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for (column, named) in other.iter().enumerate() {
            let kept = diagonal + usize::from(code != named);
            diagonal = row[column + 1];
            row[column + 1] = kept.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The reader's probabilities by place and symbol: of its characters, and of the texts that it names. Where several
/// frames were joined, the texts say what the other frames saw. Each place sums to 1, whatever the read holds.
fn own_probabilities(read: &PlateRead, text: &Codes) -> [[f64; SYMBOLS]; LONGEST] {
    let mut own = [[1.0 / SYMBOLS as f64; SYMBOLS]; LONGEST];
    let fits = read.characters.len() == text.length;
    let mut of_texts = [[0.0; SYMBOLS]; LONGEST];
    let mut named = 0.0;
    for candidate in read.candidates.iter().take(32) {
        let codes = Codes::of(&candidate.text);
        let sure = probability(candidate.confidence);
        if codes.length == text.length {
            named += sure;
            for (place, code) in of_texts.iter_mut().zip(codes.as_slice()) {
                place[usize::from(*code)] += sure;
            }
        }
    }
    for (place, own) in own.iter_mut().enumerate().take(text.length) {
        let code = usize::from(text.codes[place]);
        let character = read.characters.get(place).filter(|_| fits);
        if let Some(character) = character {
            *own = of_character(character, code);
        } else if named > 0.0 {
            *own = normalised(of_texts[place], code);
        } else {
            *own = normalised([0.0; SYMBOLS], code);
        }
        if named > 0.0 {
            let whole = named.max(1.0);
            let unnamed = 1.0 - (named / whole);
            for (symbol, own) in own.iter_mut().enumerate() {
                let of_texts = of_texts[place][symbol] / whole + unnamed * *own;
                *own = f64::midpoint(*own, of_texts);
            }
        }
    }
    own
}

/// A character's options as probabilities by symbol; what they leave open is spread over all symbols.
fn of_character(character: &Character, code: usize) -> [f64; SYMBOLS] {
    let mut own = [0.0; SYMBOLS];
    for (symbol, sure) in character.options.iter().take(SYMBOLS + 1) {
        if let Some(symbol) = code_of(*symbol) {
            own[usize::from(symbol)] += probability(*sure);
        }
    }
    let sum: f64 = own.iter().sum();
    if sum <= 0.0 || sum > 1.0 {
        return normalised(own, code);
    }
    for p in &mut own {
        *p += (1.0 - sum) / SYMBOLS as f64;
    }
    own
}

fn normalised(mut own: [f64; SYMBOLS], code: usize) -> [f64; SYMBOLS] {
    let sum: f64 = own.iter().sum();
    if sum > 0.0 {
        for p in &mut own {
            *p /= sum;
        }
        return own;
    }
    let mut certain = [0.0; SYMBOLS];
    certain[code.min(SYMBOLS - 1)] = 1.0;
    certain
}

/// What stands there, by what the reader says and how it errs.
fn corrected(own: &[f64; SYMBOLS], confusion: &Confusion, sums: &mut [f64; SYMBOLS]) {
    for (sure, row) in own.iter().zip(&confusion.true_of) {
        if *sure > 0.0 {
            for (sum, p) in sums.iter_mut().zip(row) {
                *sum += sure * p;
            }
        }
    }
}

/// A probability from outside: what is none counts as nothing.
fn probability(given: f32) -> f64 {
    if given.is_nan() {
        0.0
    } else {
        f64::from(given).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
