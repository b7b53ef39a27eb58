//! The search of passages: which of them a list shows, page by page, however many there are.
//!
//! A page never reads more than [`MOST_LOOKED_AT`] entries of an index. Few plates are looked up one by one; everything
//! else walks the index by time, or by gate and time, in windows that grow. A page whose search ended in the midst is
//! short, perhaps empty, and still names the place where the next one goes on.

use contract::ids::GateId;
use contract::ids::PassageId;
use contract::ids::SiteId;
use contract::sighting::Heading;
use contract::time::Timestamp;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;
use contract::verdict::Outcome;
use contract::verdict::Reason;

use super::passages;
use super::passages::Passage;
use super::plates;
use super::plates::Resolved;
use super::wanted::Wanted;
use super::words;
use crate::auth::Reach;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// How many index entries a page may read.
pub const MOST_LOOKED_AT: i64 = 400_000;
/// How many passages are counted before the answer is "more than".
pub const MOST_COUNTED: i64 = 1_000;
/// The windows of a search, the last as often as needed.
const WINDOWS: [i64; 3] = [2_000, 20_000, 100_000];

/// Which passages a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these plates.
    pub plate: Option<Wanted>,
    /// Only this gate.
    pub gate: Option<GateId>,
    /// Only this site.
    pub site: Option<SiteId>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
    /// Only this reason of the verdict.
    pub reason: Option<Reason>,
    /// Only vehicles of this type.
    pub vehicle_type: Option<VehicleType>,
    /// Only vehicles of this colour.
    pub vehicle_colour: Option<VehicleColour>,
    /// Only vehicles that are, or are not, other than their permit says.
    pub mismatch: Option<bool>,
    /// Only those that went this way; `Some(None)`: those whose way was not clear.
    pub heading: Option<Option<Heading>>,
    /// Only from this moment on.
    pub from: Option<Timestamp>,
    /// Only before this moment.
    pub until: Option<Timestamp>,
}

/// The place of a passage in the order of lists.
pub type Place = (Timestamp, PassageId);

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Up to as many as were asked for, newest first.
    pub passages: Vec<Passage>,
    /// Where the search goes on; none if it is over.
    pub rest: Option<Place>,
}

/// How many passages a search has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hits {
    /// As many at least.
    pub count: u64,
    /// Whether there may be more.
    pub is_more: bool,
}

/// Finds passages, newest first, from just before the place given.
pub fn find_passages(
    tx: &mut Tx,
    of: impl Into<Reach>,
    filter: &Filter,
    before: Option<Place>,
    limit: usize,
) -> Result<Found, StoreError> {
    let of = of.into();
    let Some(search) = Search::of(tx, of, filter)? else {
        return Ok(Found::default());
    };
    // One more than asked for tells whether there is more.
    let (mut places, mut rest) = search.run(tx, before, limit + 1)?;
    if places.len() > limit {
        places.truncate(limit);
        rest = places.last().copied();
    }
    let ids: Vec<PassageId> = places.iter().map(|(_, id)| *id).collect();
    Ok(Found {
        passages: passages::list_by_id(tx, of.organisation, &ids)?,
        rest,
    })
}

/// Counts the passages of a search, up to [`MOST_COUNTED`].
pub fn count_passages(
    tx: &mut Tx,
    of: impl Into<Reach>,
    filter: &Filter,
) -> Result<Hits, StoreError> {
    let Some(search) = Search::of(tx, of.into(), filter)? else {
        return Ok(Hits {
            count: 0,
            is_more: false,
        });
    };
    let most = usize::try_from(MOST_COUNTED).unwrap_or(usize::MAX);
    let (places, rest) = search.run(tx, None, most + 1)?;
    Ok(Hits {
        count: places.len().min(most) as u64,
        is_more: places.len() > most || rest.is_some(),
    })
}

/// A search that knows its plates.
struct Search<'a> {
    of: Reach,
    filter: &'a Filter,
    plates: Option<Resolved>,
}

/// A statement that grows.
struct Statement {
    sql: String,
    values: Vec<Value>,
}

impl Statement {
    fn and(&mut self, condition: &str, value: Value) {
        self.values.push(value);
        let place = self.values.len();
        self.sql.push_str(&format!(" AND {condition} ${place}"));
    }

    fn and_place(&mut self, time: &str, comparison: &str, (at, id): Place) {
        self.values.push(at.into());
        self.values.push(id.into());
        let place = self.values.len();
        self.sql.push_str(&format!(
            " AND ({time}, p.id) {comparison} (${}, ${place})",
            place - 1
        ));
    }

    /// Newest first, `limit` at most, from behind `skipped`.
    fn newest(&mut self, limit: i64, skipped: i64) {
        self.values.push(limit.into());
        let place = self.values.len();
        self.sql
            .push_str(&format!(" ORDER BY p.at DESC, p.id DESC LIMIT ${place}"));
        if skipped > 0 {
            self.values.push(skipped.into());
            self.sql.push_str(&format!(" OFFSET ${}", place + 1));
        }
    }

    fn places(&self, tx: &mut Tx) -> Result<Vec<Place>, StoreError> {
        tx.list(&self.sql, &self.values)?
            .iter()
            .map(|row| Ok((row.timestamp(0)?, row.id(1)?)))
            .collect()
    }
}

impl<'a> Search<'a> {
    /// None: nothing can be found.
    fn of(tx: &mut Tx, of: Reach, filter: &'a Filter) -> Result<Option<Self>, StoreError> {
        let plates = match &filter.plate {
            None => None,
            Some(wanted) => Some(plates::resolve(tx, of.organisation, wanted)?),
        };
        let is_empty = matches!(&plates, Some(Resolved::Keys(keys)) if keys.is_empty());
        Ok((!is_empty).then_some(Self { of, filter, plates }))
    }

    fn run(
        &self,
        tx: &mut Tx,
        before: Option<Place>,
        limit: usize,
    ) -> Result<(Vec<Place>, Option<Place>), StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        match &self.plates {
            Some(Resolved::Keys(keys)) => {
                let places = self.by_plates(keys, before, most).places(tx)?;
                Ok((places, None))
            }
            None if !self.is_narrowed() => {
                let mut all = self.walk(before);
                all.newest(most, 0);
                Ok((all.places(tx)?, None))
            }
            Some(Resolved::Like(_)) | None => self.in_windows(tx, before, limit),
        }
    }

    /// Whether entries of the walk are left out.
    fn is_narrowed(&self) -> bool {
        let filter = self.filter;
        !self.of.is_whole()
            || self.plates.is_some()
            || filter.site.is_some()
            || filter.outcome.is_some()
            || filter.reason.is_some()
            || filter.vehicle_type.is_some()
            || filter.vehicle_colour.is_some()
            || filter.mismatch.is_some()
            || filter.heading.is_some()
    }

    fn in_windows(
        &self,
        tx: &mut Tx,
        mut before: Option<Place>,
        limit: usize,
    ) -> Result<(Vec<Place>, Option<Place>), StoreError> {
        let mut found = Vec::new();
        let mut looked_at = 0;
        let mut windows = WINDOWS.into_iter();
        let mut window = 0;
        loop {
            window = windows.next().unwrap_or(window);
            let mut last = self.walk(before);
            last.newest(1, window - 1);
            let end = last.places(tx)?.pop();
            let mut inside = self.walk(before);
            if let Some(end) = end {
                inside.and_place("p.at", ">=", end);
            }
            self.narrow(&mut inside);
            inside.newest(i64::try_from(limit - found.len()).unwrap_or(i64::MAX), 0);
            found.append(&mut inside.places(tx)?);
            looked_at += window;
            if found.len() >= limit || end.is_none() {
                return Ok((found, None));
            }
            if looked_at >= MOST_LOOKED_AT {
                return Ok((found, end));
            }
            before = end;
        }
    }

    /// Everything of the organisation, or of the gate, in the time that is asked for, before the place.
    fn walk(&self, before: Option<Place>) -> Statement {
        // What is compared with its coalesce is compared, and no index is chosen by it: those of time and plate begin with
        // the organisation, that of gates with the gate.
        let organisation = if self.filter.gate.is_some() {
            "coalesce(p.organisation, p.organisation)"
        } else {
            "p.organisation"
        };
        let mut statement = Statement {
            sql: format!("SELECT p.at, p.id FROM passages p WHERE {organisation} = $1"),
            values: vec![self.of.organisation.into()],
        };
        if let Some(gate) = self.filter.gate {
            statement.and("p.gate =", gate.into());
        }
        self.within(&mut statement, "p.at", before);
        statement
    }

    /// A few plates, each from its own place of the index: the cross join and the `+`, which keeps an index from being used
    /// for its column, keep an engine from walking all passages by time for the sake of their order.
    fn by_plates(&self, keys: &[String], before: Option<Place>, limit: i64) -> Statement {
        // Lists of every length share few statements; NULL is no plate.
        let mut values: Vec<Value> = keys.iter().map(Value::from).collect();
        values.resize(keys.len().next_power_of_two(), Value::Null);
        let places: Vec<String> = (1..=values.len()).map(|n| format!("(${n})")).collect();
        values.push(self.of.organisation.into());
        let mut statement = Statement {
            sql: format!(
                "SELECT p.at, p.id FROM (VALUES {}) AS wanted CROSS JOIN passages p \
                 WHERE p.organisation = ${} AND p.plate_key = wanted.column1",
                places.join(", "),
                values.len()
            ),
            values,
        };
        if let Some(gate) = self.filter.gate {
            statement.and("coalesce(p.gate, p.gate) =", gate.into());
        }
        self.within(&mut statement, "+p.at", before);
        self.narrow(&mut statement);
        statement.newest(limit, 0);
        statement
    }

    fn within(&self, statement: &mut Statement, at: &str, before: Option<Place>) {
        if let Some(from) = self.filter.from {
            statement.and(&format!("{at} >="), from.into());
        }
        if let Some(until) = self.filter.until {
            statement.and(&format!("{at} <"), until.into());
        }
        if let Some(before) = before {
            statement.and_place(at, "<", before);
        }
    }

    /// What no walk is ordered by.
    fn narrow(&self, statement: &mut Statement) {
        let filter = self.filter;
        if !self.of.is_whole() {
            statement.values.push(self.of.value());
            let place = statement.values.len();
            statement.sql.push_str(&Reach::clause("p.site", place));
        }
        if let Some(Resolved::Like(pattern)) = &self.plates {
            statement.and("p.plate_key LIKE", pattern.into());
        }
        if let Some(site) = filter.site {
            statement.and("p.site =", site.into());
        }
        let words = [
            ("p.outcome =", filter.outcome.map(|case| words::word(&case))),
            ("p.reason =", filter.reason.map(|case| words::word(&case))),
            (
                "p.vehicle_type =",
                filter.vehicle_type.map(|case| words::word(&case)),
            ),
            (
                "p.vehicle_colour =",
                filter.vehicle_colour.map(|case| words::word(&case)),
            ),
            (
                "p.heading =",
                filter.heading.flatten().map(|case| words::word(&case)),
            ),
        ];
        for (condition, word) in words {
            if let Some(word) = word {
                statement.and(condition, word.into());
            }
        }
        if filter.heading == Some(None) {
            statement.sql.push_str(" AND p.heading IS NULL");
        }
        statement.sql.push_str(match filter.mismatch {
            None => "",
            Some(true) => " AND (p.expected_type IS NOT NULL OR p.expected_colour IS NOT NULL)",
            Some(false) => " AND p.expected_type IS NULL AND p.expected_colour IS NULL",
        });
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::AccountId;
    use contract::ids::OrganisationId;
    use uuid::Uuid;

    use super::*;
    use crate::store::testing::scratch;

    /// How SQLite runs a statement, one step a line.
    fn plan(tx: &mut Tx, statement: &Statement) -> String {
        let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let rows = tx.list(&sql, &statement.values).unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.text(3).unwrap()).collect();
        steps.join("\n")
    }

    fn place() -> Place {
        (Timestamp::from_millis(5), PassageId(Uuid::from_u128(5)))
    }

    /// AC-03: whatever a list is narrowed by, the statements walk or look up an index that covers them, in its own order:
    /// no scan of the table, and a sorter only where a handful of plates is looked up.
    #[tokio::test]
    async fn no_search_of_passages_scans_the_table_or_sorts_what_it_walks() {
        let store = scratch();
        let done: Result<(), StoreError> = store
            .read(|tx| {
                let organisation = OrganisationId(Uuid::from_u128(1));
                let reaches = [
                    Reach::from(organisation),
                    Reach::of_account(organisation, AccountId(Uuid::from_u128(2))),
                ];
                let gates = [None, Some(GateId(Uuid::from_u128(3)))];
                let times = [None, Some(Timestamp::from_millis(1))];
                for (of, gate, from, before) in reaches
                    .into_iter()
                    .flat_map(|of| gates.map(|gate| (of, gate)))
                    .flat_map(|(of, gate)| times.map(|from| (of, gate, from)))
                    .flat_map(|(of, gate, from)| [None, Some(place())].map(|b| (of, gate, from, b)))
                {
                    let filter = Filter {
                        gate,
                        from,
                        until: from.map(|_| Timestamp::from_millis(9)),
                        site: Some(SiteId(Uuid::from_u128(4))),
                        outcome: Some(Outcome::Deny),
                        reason: Some(Reason::Unknown),
                        vehicle_type: Some(VehicleType::Car),
                        vehicle_colour: Some(VehicleColour::Red),
                        mismatch: Some(true),
                        heading: Some(None),
                        plate: None,
                    };
                    let mut search = Search {
                        of,
                        filter: &filter,
                        plates: Some(Resolved::Like("%1%".to_owned())),
                    };
                    let index = if gate.is_some() { "passages_by_gate" } else { "passages_by_time" };
                    let mut end = search.walk(before);
                    end.newest(1, 1_999);
                    let mut inside = search.walk(before);
                    inside.and_place("p.at", ">=", place());
                    search.narrow(&mut inside);
                    inside.newest(51, 0);
                    for statement in [&end, &inside] {
                        let plan = plan(tx, statement);
                        let walks = format!("SEARCH p USING COVERING INDEX {index}");
                        assert!(plan.contains(&walks), "{}\n{plan}", statement.sql);
                        assert!(!plan.contains("SCAN p"), "{plan}");
                        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
                    }
                    search.plates = None;
                    for many in [1_usize, 3, 1_000] {
                        let keys: Vec<String> = (0..many).map(|n| n.to_string()).collect();
                        let looked_up = search.by_plates(&keys, before, 51);
                        let plan = plan(tx, &looked_up);
                        let looks = "SEARCH p USING COVERING INDEX passages_by_plate (organisation=? AND plate_key=?";
                        assert!(plan.contains(looks), "{}\n{plan}", looked_up.sql);
                        assert!(!plan.contains("SCAN p"), "{plan}");
                    }
                }
                Ok(())
            })
            .await;
        done.unwrap();
    }
}
