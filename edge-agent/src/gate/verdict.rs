//! Open, deny or ask: judges one read against the permit book. Pure: time and book are parameters.
//!
//! Opening has a strict budget: only if it is nearly certain that the vehicle has a permit that holds, and never if
//! another plate of the book is nearly as likely. Taking notice has a loose one: a plate that may well be a denied one
//! stays out, and one that may well be a permitted one asks (`contract::plate::matching`).

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::ids::GateId;
use contract::permit::Permit;
use contract::permit::PermitBook;
use contract::plate::PlateRead;
use contract::plate::matching::Budgets;
use contract::plate::matching::Call;
use contract::plate::matching::Plates;
use contract::plate::matching::Weighed;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use contract::verdict::Outcome;
use contract::verdict::Reason;
use contract::verdict::RunnerUp;
use contract::verdict::Verdict;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// What happens to a plate that no permit names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// The gate stays closed.
    #[default]
    Deny,
    /// The gate stays closed until a person decides.
    Ask,
}

/// The lane's rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// What happens to a plate that no permit names.
    pub unknown: Unknown,
    /// A read that is less sure than this never opens.
    pub least_confidence: f32,
    /// Another reading that is at least this part as likely as the best one is taken seriously.
    pub ambiguous_ratio: f32,
    /// From which probability on a permit opens, and from which on a plate counts as possibly there.
    pub budgets: Budgets,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            unknown: Unknown::Deny,
            least_confidence: 0.5,
            ambiguous_ratio: 0.5,
            budgets: Budgets::default(),
        }
    }
}

/// A permit book that can be asked quickly.
#[derive(Debug)]
pub struct Index {
    book: Arc<PermitBook>,
    by_key: BTreeMap<String, Vec<usize>>,
    /// The distinct plates, to be weighed against a read.
    plates: Plates,
    /// By place in `plates`: the permits of that plate.
    by_place: Vec<Vec<usize>>,
    /// The zone of the schedules; none if this machine does not know it.
    zone: Option<TimeZone>,
}

impl Index {
    /// Indexes a book. `zone` is the book's time zone, if this machine knows it.
    pub fn new(book: Arc<PermitBook>, zone: Option<TimeZone>) -> Self {
        let mut by_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, permit) in book.permits.iter().enumerate() {
            by_key.entry(permit.plate.key()).or_default().push(place);
        }
        let plates = Plates::new(book.permits.iter().map(|permit| &permit.plate));
        let mut by_place = vec![Vec::new(); plates.len()];
        for (key, permits) in &by_key {
            if let Some(of_plate) = plates.find(key).and_then(|place| by_place.get_mut(place)) {
                of_plate.clone_from(permits);
            }
        }
        Self {
            book,
            by_key,
            plates,
            by_place,
            zone,
        }
    }

    /// The book's version.
    pub fn version(&self) -> u64 {
        self.book.version
    }

    fn permits<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a Permit> {
        self.by_key
            .get(key)
            .into_iter()
            .flatten()
            .filter_map(|place| self.book.permits.get(*place))
    }

    fn permits_at(&self, place: usize) -> impl Iterator<Item = &Permit> {
        self.by_place
            .get(place)
            .into_iter()
            .flatten()
            .filter_map(|permit| self.book.permits.get(*permit))
    }

    /// The permit of a plate that holds here and at this time, if none denies it.
    fn holding(&self, place: &Place, plate: usize) -> Option<&Permit> {
        if self.denying(place, plate).is_some() {
            return None;
        }
        self.permits_at(plate)
            .find(|permit| !permit.denied && weigh(self, place, permit) == Reason::Permitted)
    }

    /// What denies a plate here and at this time.
    fn denying(&self, place: &Place, plate: usize) -> Option<&Permit> {
        self.permits_at(plate).find(|permit| {
            let reason = weigh(self, place, permit);
            permit.denied && matches!(reason, Reason::Permitted | Reason::TimeUnknown)
        })
    }
}

/// Where and when a read is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The gate.
    pub gate: GateId,
    /// The wall clock.
    pub at: Timestamp,
    /// How far it can be trusted.
    pub quality: TimeQuality,
}

/// A plate that is less likely than this is not named beside the one that decided.
const LEAST_NAMED: f64 = 0.001;

/// Judges one read; no read at all is something that came by without a readable plate.
pub fn judge(index: &Index, policy: &Policy, place: &Place, read: Option<&PlateRead>) -> Verdict {
    let Some(read) = read else {
        return Verdict {
            outcome: unknown(policy),
            reason: Reason::NoPlate,
            permit: None,
            book_version: index.version(),
            probability: None,
            runner_up: None,
        };
    };
    let weighed = index.plates.weigh(read);
    let (outcome, reason, permit) = judge_read(index, policy, place, read, &weighed);
    let own = permit.and_then(|permit| index.plates.find(&permit.plate.key()));
    Verdict {
        outcome,
        reason,
        permit: permit.map(|permit| permit.id),
        book_version: index.version(),
        probability: own.map(|own| weighed.probability_of(own) as f32),
        runner_up: runner_up(index, place, &weighed, own),
    }
}

/// The likeliest plate of the book besides the one that decided, by the permit that comes nearest to opening.
fn runner_up(
    index: &Index,
    place: &Place,
    weighed: &Weighed,
    own: Option<usize>,
) -> Option<RunnerUp> {
    let other = weighed
        .matches
        .iter()
        .find(|found| Some(found.place) != own && found.probability >= LEAST_NAMED)?;
    let permit = index
        .permits_at(other.place)
        .max_by_key(|permit| (permit.denied, rank(weigh(index, place, permit))))?;
    Some(RunnerUp {
        permit: permit.id,
        probability: other.probability as f32,
    })
}

type Judgement<'a> = (Outcome, Reason, Option<&'a Permit>);

fn judge_read<'a>(
    index: &'a Index,
    policy: &Policy,
    place: &Place,
    read: &PlateRead,
    weighed: &Weighed,
) -> Judgement<'a> {
    let key = read.text.key();
    let mut best: Option<(Reason, &Permit)> = None;
    for permit in index.permits(&key) {
        let reason = weigh(index, place, permit);
        // An entry that denies only counts where and while it holds.
        if permit.denied {
            if matches!(reason, Reason::Permitted | Reason::TimeUnknown) {
                return (Outcome::Deny, Reason::Denied, Some(permit));
            }
            continue;
        }
        if best.is_none_or(|(other, _)| rank(reason) > rank(other)) {
            best = Some((reason, permit));
        }
    }
    let budgets = &policy.budgets;
    let denied = weighed
        .matches
        .iter()
        .filter(|found| found.probability >= budgets.loose)
        .find_map(|found| index.denying(place, found.place));
    let call = weighed.call(budgets, |plate| index.holding(place, plate).is_some());
    let Some((reason, permit)) = best else {
        if let Some(denied) = denied {
            return (Outcome::Deny, Reason::Denied, Some(denied));
        }
        return judge_unlisted(index, policy, place, read, call);
    };
    if reason == Reason::TimeUnknown {
        return (Outcome::Ask, reason, Some(permit));
    }
    if reason != Reason::Permitted {
        return (Outcome::Deny, reason, Some(permit));
    }
    if read.confidence.is_nan() || read.confidence < policy.least_confidence {
        return (Outcome::Ask, Reason::Unsure, Some(permit));
    }
    if denied.is_some() || could_be_another(index, policy, read, &key) {
        return (Outcome::Ask, Reason::Ambiguous, Some(permit));
    }
    match call {
        Call::Sure(found) if index.plates.find(&key) == Some(found.place) => {
            (Outcome::Open, Reason::Permitted, Some(permit))
        }
        Call::Ambiguous(..) => (Outcome::Ask, Reason::Ambiguous, Some(permit)),
        Call::Sure(_) | Call::Perhaps(_) | Call::Unlisted => {
            (Outcome::Ask, Reason::Unsure, Some(permit))
        }
    }
}

/// Judges a read whose text no permit has: it may still be a listed plate, misread by one character.
fn judge_unlisted<'a>(
    index: &'a Index,
    policy: &Policy,
    place: &Place,
    read: &PlateRead,
    call: Call<'_>,
) -> Judgement<'a> {
    let sure = !read.confidence.is_nan() && read.confidence >= policy.least_confidence;
    let holding = |plate: usize| index.holding(place, plate);
    match call {
        Call::Sure(found) if sure => match holding(found.place) {
            Some(permit) => (Outcome::Open, Reason::Permitted, Some(permit)),
            None => (unknown(policy), Reason::Unknown, None),
        },
        Call::Ambiguous(first, second) => match holding(first.place).or(holding(second.place)) {
            Some(permit) => (Outcome::Ask, Reason::Ambiguous, Some(permit)),
            None => (unknown(policy), Reason::Unknown, None),
        },
        Call::Sure(found) | Call::Perhaps(found) => match holding(found.place) {
            Some(permit) => (Outcome::Ask, Reason::Unsure, Some(permit)),
            None => (unknown(policy), Reason::Unknown, None),
        },
        Call::Unlisted => (unknown(policy), Reason::Unknown, None),
    }
}

fn unknown(policy: &Policy) -> Outcome {
    match policy.unknown {
        Unknown::Deny => Outcome::Deny,
        Unknown::Ask => Outcome::Ask,
    }
}

/// Whether another reading, nearly as likely, is in the book under another key: permitted or denied, it is another car.
fn could_be_another(index: &Index, policy: &Policy, read: &PlateRead, key: &str) -> bool {
    let of_best: f32 = read
        .candidates
        .iter()
        .filter(|candidate| candidate.text.key() == key)
        .map(|candidate| candidate.confidence)
        .sum::<f32>()
        .max(f32::MIN_POSITIVE);
    let mut others: BTreeMap<String, f32> = BTreeMap::new();
    for candidate in &read.candidates {
        let other = candidate.text.key();
        if other != key {
            *others.entry(other).or_default() += candidate.confidence;
        }
    }
    others.into_iter().any(|(other, confidence)| {
        confidence >= policy.ambiguous_ratio * of_best && index.permits(&other).next().is_some()
    })
}

/// What one permit says about this place and time, leaving its `denied` aside.
fn weigh(index: &Index, place: &Place, permit: &Permit) -> Reason {
    if !permit.gates.is_empty() && !permit.gates.contains(&place.gate) {
        return Reason::OtherGate;
    }
    let limited = permit.valid_from.is_some()
        || permit.valid_until.is_some()
        || !permit.schedule.spans.is_empty();
    if limited && place.quality == TimeQuality::Unsynced {
        return Reason::TimeUnknown;
    }
    if permit.valid_from.is_some_and(|from| place.at < from) {
        return Reason::NotYetValid;
    }
    if permit.valid_until.is_some_and(|until| place.at >= until) {
        return Reason::Expired;
    }
    if permit.schedule.spans.is_empty() {
        return Reason::Permitted;
    }
    match local(index.zone.as_ref(), place.at) {
        None => Reason::TimeUnknown,
        Some((weekday, minute)) if permit.schedule.covers(weekday, minute) => Reason::Permitted,
        Some(_) => Reason::OutsideSchedule,
    }
}

/// Of several permits of one plate, the one that comes nearest to opening explains the verdict.
fn rank(reason: Reason) -> u8 {
    match reason {
        Reason::Permitted => 6,
        Reason::TimeUnknown => 5,
        Reason::OutsideSchedule => 4,
        Reason::NotYetValid => 3,
        Reason::Expired => 2,
        Reason::OtherGate => 1,
        Reason::Denied | Reason::Unknown | Reason::Unsure | Reason::Ambiguous | Reason::NoPlate => {
            0
        }
    }
}

/// Weekday (0 is Monday) and minute of the day in the book's zone.
fn local(zone: Option<&TimeZone>, at: Timestamp) -> Option<(u8, u16)> {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
    let local = at.to_zoned(zone?.clone());
    let weekday = u8::try_from(local.weekday().to_monday_zero_offset()).ok()?;
    let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).ok()?;
    Some((weekday, minute))
}

#[cfg(test)]
mod tests {
    use contract::ids::PermitId;
    use contract::permit::Span;
    use contract::permit::WeekSchedule;
    use contract::plate::Candidate;
    use contract::plate::Plate;
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000); // Friday 2027-01-15 08:00 UTC

    fn gate(n: u8) -> GateId {
        GateId::new(AT, [n; 10])
    }

    fn permit(n: u8, plate: &str) -> Permit {
        Permit {
            id: PermitId::new(AT, [n; 10]),
            plate: Plate::parse(plate).unwrap(),
            valid_from: None,
            valid_until: None,
            schedule: WeekSchedule::default(),
            gates: Vec::new(),
            denied: false,
            vehicle: None,
        }
    }

    fn index(permits: Vec<Permit>) -> Index {
        let book = PermitBook {
            version: 7,
            time_zone: "Europe/Madrid".into(),
            permits,
        };
        // One hour east of Greenwich, as Madrid is in winter.
        Index::new(Arc::new(book), Some(TimeZone::fixed(jiff::tz::offset(1))))
    }

    fn read(texts: &[(&str, f32)]) -> PlateRead {
        let candidates: Vec<Candidate> = texts
            .iter()
            .map(|(text, confidence)| Candidate {
                text: Plate::parse(text).unwrap(),
                confidence: *confidence,
            })
            .collect();
        PlateRead {
            text: candidates[0].text.clone(),
            confidence: candidates[0].confidence,
            corners: [[0.0; 2]; 4],
            detection: 0.9,
            candidates,
            characters: Vec::new(),
            region: None,
        }
    }

    fn place() -> Place {
        Place {
            gate: gate(1),
            at: AT,
            quality: TimeQuality::Ntp,
        }
    }

    fn verdict(permits: Vec<Permit>, place: &Place, texts: &[(&str, f32)]) -> (Outcome, Reason) {
        let verdict = judge(
            &index(permits),
            &Policy::default(),
            place,
            Some(&read(texts)),
        );
        assert_eq!(verdict.book_version, 7);
        (verdict.outcome, verdict.reason)
    }

    /// GR-13: the verdict names the permit and the book's version.
    #[test]
    fn a_listed_plate_opens_and_the_verdict_names_its_permit() {
        let listed = permit(1, "ABC 123");
        let verdict = judge(
            &index(vec![listed.clone()]),
            &Policy::default(),
            &place(),
            Some(&read(&[("ABC123", 0.9)])),
        );
        assert_eq!(verdict.outcome, Outcome::Open);
        assert_eq!(verdict.reason, Reason::Permitted);
        assert_eq!(verdict.permit, Some(listed.id));
        assert_eq!(verdict.book_version, 7);
        assert!(verdict.probability.unwrap() > 0.9995);
        assert_eq!(verdict.runner_up, None);
    }

    #[test]
    fn the_letter_o_and_zero_count_as_one() {
        let seen = verdict(vec![permit(1, "O00B")], &place(), &[("0OOB", 0.9)]);
        assert_eq!(seen, (Outcome::Open, Reason::Permitted));
    }

    /// AC-02: an unknown plate follows the lane's policy.
    #[test]
    fn an_unknown_plate_follows_the_lanes_policy() {
        let book = index(vec![permit(1, "ABC123")]);
        let stranger = read(&[("XYZ999", 0.9)]);
        for (unknown, outcome) in [(Unknown::Deny, Outcome::Deny), (Unknown::Ask, Outcome::Ask)] {
            let policy = Policy {
                unknown,
                ..Policy::default()
            };
            let verdict = judge(&book, &policy, &place(), Some(&stranger));
            assert_eq!(
                (verdict.outcome, verdict.reason),
                (outcome, Reason::Unknown)
            );
            let verdict = judge(&book, &policy, &place(), None);
            assert_eq!(
                (verdict.outcome, verdict.reason),
                (outcome, Reason::NoPlate)
            );
        }
    }

    /// AC-02: a denied plate does not open, whatever else lists it.
    #[test]
    fn a_denied_plate_stays_out_even_if_a_permit_lists_it_too() {
        let mut denied = permit(2, "ABC123");
        denied.denied = true;
        for permits in [
            vec![permit(1, "ABC123"), denied.clone()],
            vec![denied, permit(1, "ABC123")],
        ] {
            let seen = verdict(permits, &place(), &[("ABC123", 0.99)]);
            assert_eq!(seen, (Outcome::Deny, Reason::Denied));
        }
    }

    #[test]
    fn a_denial_counts_only_where_and_while_it_holds() {
        let mut elsewhere = permit(2, "ABC123");
        elsewhere.denied = true;
        elsewhere.gates = vec![gate(9)];
        let mut over = permit(3, "ABC123");
        over.denied = true;
        over.valid_until = Some(AT);
        let seen = verdict(
            vec![elsewhere, over, permit(1, "ABC123")],
            &place(),
            &[("ABC123", 0.99)],
        );
        assert_eq!(seen, (Outcome::Open, Reason::Permitted));
    }

    #[test]
    fn validity_starts_at_its_first_moment_and_ends_before_its_last() {
        let mut limited = permit(1, "ABC123");
        limited.valid_from = Some(AT);
        limited.valid_until = Some(AT.plus(std::time::Duration::from_millis(1)));
        let at = |millis| Place {
            at: Timestamp::from_millis(AT.as_millis() + millis),
            ..place()
        };
        let seen = |millis| verdict(vec![limited.clone()], &at(millis), &[("ABC123", 0.9)]);
        assert_eq!(seen(-1), (Outcome::Deny, Reason::NotYetValid));
        assert_eq!(seen(0), (Outcome::Open, Reason::Permitted));
        assert_eq!(seen(1), (Outcome::Deny, Reason::Expired));
    }

    #[test]
    fn the_week_schedule_is_meant_in_the_books_zone() {
        let mut office = permit(1, "ABC123");
        // Friday 09:00 to 09:01 in the book's zone: 08:00 UTC is inside.
        office.schedule.spans = vec![Span {
            weekday: 4,
            from_minute: 540,
            until_minute: 541,
        }];
        let seen = verdict(vec![office.clone()], &place(), &[("ABC123", 0.9)]);
        assert_eq!(seen, (Outcome::Open, Reason::Permitted));
        let later = Place {
            at: Timestamp::from_millis(AT.as_millis() + 60_000),
            ..place()
        };
        let seen = verdict(vec![office], &later, &[("ABC123", 0.9)]);
        assert_eq!(seen, (Outcome::Deny, Reason::OutsideSchedule));
    }

    #[test]
    fn without_a_set_clock_limits_ask_and_permits_without_limits_open() {
        let unsynced = Place {
            quality: TimeQuality::Unsynced,
            ..place()
        };
        let mut limited = permit(1, "ABC123");
        limited.valid_until = Some(Timestamp::from_millis(i64::MAX));
        let seen = verdict(vec![limited], &unsynced, &[("ABC123", 0.9)]);
        assert_eq!(seen, (Outcome::Ask, Reason::TimeUnknown));
        let seen = verdict(vec![permit(1, "ABC123")], &unsynced, &[("ABC123", 0.9)]);
        assert_eq!(seen, (Outcome::Open, Reason::Permitted));
    }

    #[test]
    fn a_schedule_in_a_zone_that_nobody_knows_asks() {
        let mut office = permit(1, "ABC123");
        office.schedule.spans = vec![Span {
            weekday: 4,
            from_minute: 0,
            until_minute: 1440,
        }];
        let book = PermitBook {
            permits: vec![office],
            ..PermitBook::default()
        };
        let index = Index::new(Arc::new(book), None);
        let verdict = judge(
            &index,
            &Policy::default(),
            &place(),
            Some(&read(&[("ABC123", 0.9)])),
        );
        assert_eq!(
            (verdict.outcome, verdict.reason),
            (Outcome::Ask, Reason::TimeUnknown)
        );
    }

    #[test]
    fn a_permit_of_another_gate_does_not_open_this_one() {
        let mut other = permit(1, "ABC123");
        other.gates = vec![gate(2), gate(3)];
        let seen = verdict(vec![other.clone()], &place(), &[("ABC123", 0.9)]);
        assert_eq!(seen, (Outcome::Deny, Reason::OtherGate));
        other.gates.push(gate(1));
        let seen = verdict(vec![other], &place(), &[("ABC123", 0.9)]);
        assert_eq!(seen, (Outcome::Open, Reason::Permitted));
    }

    #[test]
    fn an_unsure_read_asks() {
        let seen = verdict(vec![permit(1, "ABC123")], &place(), &[("ABC123", 0.49)]);
        assert_eq!(seen, (Outcome::Ask, Reason::Unsure));
        let seen = verdict(vec![permit(1, "ABC123")], &place(), &[("ABC123", f32::NAN)]);
        assert_eq!(seen, (Outcome::Ask, Reason::Unsure));
    }

    /// Invariant 13.
    #[test]
    fn a_read_that_could_be_two_permits_never_opens() {
        let permits = || vec![permit(1, "ABC123"), permit(2, "ABG123")];
        let close = [("ABC123", 0.55), ("ABG123", 0.40)];
        assert_eq!(
            verdict(permits(), &place(), &close),
            (Outcome::Ask, Reason::Ambiguous)
        );
        let far = [("ABC123", 0.80), ("ABG123", 0.10)];
        assert_eq!(
            verdict(permits(), &place(), &far),
            (Outcome::Open, Reason::Permitted)
        );
        let nobody = [("ABC123", 0.55), ("XBC123", 0.40)];
        assert_eq!(
            verdict(permits(), &place(), &nobody),
            (Outcome::Open, Reason::Permitted)
        );
    }

    fn wavering(text: &str, other: &str) -> PlateRead {
        read(&[(text, 0.55), (other, 0.40)])
    }

    #[test]
    fn a_read_that_wavers_at_one_character_opens_for_the_listed_plate() {
        let book = index(vec![permit(1, "AB12CDI")]);
        let seen = wavering("AB12CD1", "AB12CDI");
        let verdict = judge(&book, &Policy::default(), &place(), Some(&seen));
        assert_eq!(
            (verdict.outcome, verdict.reason),
            (Outcome::Open, Reason::Permitted)
        );
        assert_eq!(verdict.permit, Some(permit(1, "AB12CDI").id));
        // The same read with a neighbour in the book could be either.
        let both = index(vec![permit(1, "AB12CDI"), permit(2, "AB12CD1")]);
        let verdict = judge(&both, &Policy::default(), &place(), Some(&seen));
        assert_eq!(
            (verdict.outcome, verdict.reason),
            (Outcome::Ask, Reason::Ambiguous)
        );
    }

    /// AC-02: a denied plate does not get in, nor go unnoticed, by a small misread.
    #[test]
    fn a_denied_plate_is_denied_though_one_character_is_misread() {
        let mut denied = permit(1, "AB12CDI");
        denied.denied = true;
        let book = index(vec![denied.clone(), permit(2, "XY99ZZZ")]);
        let policy = Policy {
            unknown: Unknown::Ask,
            ..Policy::default()
        };
        for seen in [wavering("AB12CD1", "AB12CDI"), read(&[("AB12CD1", 0.9)])] {
            let verdict = judge(&book, &policy, &place(), Some(&seen));
            assert_eq!(
                (verdict.outcome, verdict.reason, verdict.permit),
                (Outcome::Deny, Reason::Denied, Some(denied.id))
            );
        }
    }

    #[test]
    fn the_same_plate_twice_is_not_ambiguous() {
        let seen = verdict(
            vec![permit(1, "AB12CDE"), permit(2, "AB-12 CDE")],
            &place(),
            &[("AB12CDE", 0.9)],
        );
        assert_eq!(seen, (Outcome::Open, Reason::Permitted));
    }

    proptest! {
        /// Invariant 13: whatever is read, the gate opens only for a permit that holds, one character away at most.
        #[test]
        fn it_never_opens_without_a_permit_that_holds(
            plates in proptest::collection::vec(("[A-D0-2]{2,3}", any::<bool>(), 0u8..3, -2i64..3, -2i64..3), 0..8),
            reads in proptest::collection::vec(("[A-D0-2]{2,3}", 0.0f32..1.0), 1..4),
            synced in any::<bool>(),
        ) {
            let permits: Vec<Permit> = plates.iter().enumerate().map(|(n, (plate, denied, scope, from, until))| {
                let mut made = permit(u8::try_from(n).unwrap(), plate);
                made.denied = *denied;
                if *scope > 0 {
                    made.gates = vec![gate(*scope)];
                }
                let at = |days: i64| Timestamp::from_millis(AT.as_millis() + days * 86_400_000);
                made.valid_from = (*from != 2).then(|| at(*from));
                made.valid_until = (*until != 2).then(|| at(*until));
                made
            }).collect();
            let texts: Vec<(&str, f32)> = reads.iter().map(|(text, p)| (text.as_str(), *p)).collect();
            let quality = if synced { TimeQuality::Hub } else { TimeQuality::Unsynced };
            let here = Place { quality, ..place() };
            let seen = read(&texts);
            let verdict = judge(&index(permits.clone()), &Policy::default(), &here, Some(&seen));
            if verdict.outcome == Outcome::Open {
                let permit = permits.iter().find(|p| Some(p.id) == verdict.permit).unwrap();
                let (listed, text) = (permit.plate.key(), seen.text.key());
                prop_assert_eq!(listed.len(), text.len());
                let different = listed.chars().zip(text.chars()).filter(|(one, other)| one != other).count();
                prop_assert!(different <= 1, "{} for {}", listed, text);
                prop_assert!(!permit.denied);
                prop_assert!(permit.gates.is_empty() || permit.gates.contains(&gate(1)));
                prop_assert!(permit.valid_from.is_none_or(|from| from <= AT && synced));
                prop_assert!(permit.valid_until.is_none_or(|until| AT < until && synced));
                prop_assert!(seen.confidence >= 0.5);
            }
        }
    }
}
