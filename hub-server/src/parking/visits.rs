//! Visits: from entry to exit, with the SQL of the tables `visits` and `crossings`.
//!
//! Crossings of one plate at one site stand in the order of their time. An entry and the exit right after it are one
//! visit; every other crossing is a visit with one end: `open` if it is the newest and an entry, `unpaired`
//! otherwise. A crossing that arrives late goes between its neighbours, and only their visits change.

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::ids::PassageId;
use contract::ids::PermitId;
use contract::ids::SiteId;
use contract::ids::VisitId;
use contract::plate::Plate;
use contract::sighting::Direction;
use contract::time::Timestamp;
use contract::time::rfc3339;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::Named;
use super::Names;
use super::words;
use crate::auth::Reach;
use crate::live;
use crate::store::Id;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// A vehicle's stay at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Visit {
    /// Its identity.
    #[schema(value_type = Uuid)]
    pub id: VisitId,
    /// The plate.
    #[schema(value_type = String, example = "1234BCD")]
    pub plate: Plate,
    /// Who holds the permit that let it in or out.
    pub holder: Option<String>,
    /// Where.
    pub site: Named,
    /// Whether it goes on.
    pub state: VisitState,
    /// When it came.
    #[serde(serialize_with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub entered_at: Option<Timestamp>,
    /// The passage by which it came.
    #[schema(value_type = Option<Uuid>)]
    pub entry_passage: Option<PassageId>,
    /// When it left.
    #[serde(serialize_with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub left_at: Option<Timestamp>,
    /// The passage by which it left.
    #[schema(value_type = Option<Uuid>)]
    pub exit_passage: Option<PassageId>,
    /// How long it was there, in seconds, if both ends are known.
    pub duration_s: Option<i64>,
    /// What a person put right.
    pub corrected: Option<Correction>,
    /// The moment that lists are sorted by.
    #[serde(skip)]
    pub at: Timestamp,
}

/// How a visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VisitState {
    /// On site.
    Open,
    /// Entry and exit are known, or a person said that it is over.
    Closed,
    /// One end is missing: somebody should look at it.
    Unpaired,
}

/// What a person put right about a visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Correction {
    /// Who.
    #[schema(example = "ana")]
    pub by: String,
    /// Why.
    #[schema(example = "left through the workshop's gate")]
    pub reason: String,
    /// When.
    #[serde(serialize_with = "rfc3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A person who corrects, and why.
#[derive(Clone, Debug)]
pub struct Corrector {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Which visits a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this state.
    pub state: Option<VisitState>,
    /// Only plates that hold these letters and digits.
    pub plate: Option<Plate>,
}

/// A movement of a plate onto a site or off it.
#[derive(Clone, Debug)]
pub(super) struct Crossing {
    /// The passage; none if a person recorded it by hand.
    pub passage: Option<PassageId>,
    /// Where.
    pub site: SiteId,
    /// The vehicle's plate.
    pub plate: Plate,
    /// The permit that let it through.
    pub permit: Option<PermitId>,
    /// Which way.
    pub direction: Direction,
    /// When.
    pub at: Timestamp,
}

/// What came of a correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Corrected {
    /// This is the visit as it is now.
    Done(Box<Visit>),
    /// There is no such visit.
    NotFound,
    /// The visit was over already, or the vehicle is on site already.
    AlreadySo,
}

const COLUMNS: &str = "v.id, v.plate, m.holder, v.site, v.state, v.entered_at, v.entry_passage, v.left_at, \
                       v.exit_passage, v.corrected_name, v.corrected_reason, v.corrected_at, v.at";
const FROM: &str =
    "FROM visits v LEFT JOIN permits m ON m.organisation = v.organisation AND m.id = v.permit";

/// Lists visits, newest first, from just before the one given.
pub fn list_visits(
    tx: &mut Tx,
    of: impl Into<Reach>,
    filter: &Filter,
    before: Option<(Timestamp, VisitId)>,
    limit: i64,
) -> Result<Vec<Visit>, StoreError> {
    let of = of.into();
    let organisation = of.organisation;
    let mut sql = format!("SELECT {COLUMNS} {FROM} WHERE v.organisation = $1");
    let mut values: Vec<Value> = vec![organisation.into()];
    let mut next = |value: Value| {
        values.push(value);
        values.len()
    };
    if !of.is_whole() {
        sql.push_str(&Reach::clause("v.site", next(of.value())));
    }
    if let Some(state) = filter.state {
        sql.push_str(&format!(
            " AND v.state = ${}",
            next(words::word(&state).into())
        ));
    }
    if let Some(plate) = &filter.plate {
        let holds = next(format!("%{}%", plate.key()).into());
        sql.push_str(&format!(" AND v.plate_key LIKE ${holds}"));
    }
    if let Some((at, id)) = before {
        let (at, id) = (next(at.into()), next(id.into()));
        sql.push_str(&format!(" AND (v.at, v.id) < (${at}, ${id})"));
    }
    let limit = next(limit.into());
    sql.push_str(&format!(" ORDER BY v.at DESC, v.id DESC LIMIT ${limit}"));
    let rows = tx.list(&sql, &values)?;
    let names = Names::load(tx, organisation)?;
    rows.iter().map(|row| read(row, &names)).collect()
}

/// Returns one visit.
pub fn find_visit(
    tx: &mut Tx,
    of: impl Into<Reach>,
    id: VisitId,
) -> Result<Option<Visit>, StoreError> {
    let of = of.into();
    let mut values: Vec<Value> = vec![of.organisation.into(), id.into()];
    let within = if of.is_whole() {
        String::new()
    } else {
        values.push(of.value());
        Reach::clause("v.site", values.len())
    };
    let row = tx.find(
        &format!("SELECT {COLUMNS} {FROM} WHERE v.organisation = $1 AND v.id = $2{within}"),
        &values,
    )?;
    match row {
        Some(row) => {
            let names = Names::load(tx, of.organisation)?;
            read(&row, &names).map(Some)
        }
        None => Ok(None),
    }
}

/// Ends a visit because a person says that it is over. The exit's own event may still arrive and be attached.
pub fn close(
    tx: &mut Tx,
    of: impl Into<Reach>,
    id: VisitId,
    by: &Corrector,
) -> Result<Corrected, StoreError> {
    let of = of.into();
    let organisation = of.organisation;
    if find_visit(tx, of, id)?.is_none() {
        return Ok(Corrected::NotFound);
    }
    let changed = tx.execute(
        // Of an unpaired visit nobody knows when it ended: only an open one ends with the correction.
        "UPDATE visits SET left_at = CASE WHEN state = 'open' THEN $1 ELSE left_at END, state = 'closed', \
         closed_by_hand = 1, corrected_by = $2, corrected_name = $3, corrected_reason = $4, corrected_at = $1 \
         WHERE organisation = $5 AND id = $6 AND state <> 'closed'",
        &[
            by.at.into(),
            by.account.into(),
            by.name.as_str().into(),
            by.reason.as_str().into(),
            organisation.into(),
            id.into(),
        ],
    )?;
    answer(tx, organisation, id, changed == 1)
}

/// Records by hand that a vehicle is on site.
pub fn open_by_hand(
    tx: &mut Tx,
    organisation: OrganisationId,
    site: SiteId,
    plate: &Plate,
    by: &Corrector,
) -> Result<Corrected, StoreError> {
    let on_site = tx.find(
        "SELECT 1 FROM visits WHERE organisation = $1 AND site = $2 AND plate_key = $3 AND state = 'open'",
        &[organisation.into(), site.into(), plate.key().into()],
    )?;
    if on_site.is_some() {
        return Ok(Corrected::AlreadySo);
    }
    let permit = super::permits::find_in_force(tx, organisation, plate)?;
    let crossing = Crossing {
        passage: None,
        site,
        plate: plate.clone(),
        permit: permit.map(|permit| permit.id),
        direction: Direction::Entry,
        at: by.at,
    };
    let Some(id) = cross(tx, organisation, &crossing)? else {
        return Ok(Corrected::AlreadySo);
    };
    tx.execute(
        "UPDATE visits SET corrected_by = $1, corrected_name = $2, corrected_reason = $3, corrected_at = $4 \
         WHERE organisation = $5 AND id = $6",
        &[
            by.account.into(),
            by.name.as_str().into(),
            by.reason.as_str().into(),
            by.at.into(),
            organisation.into(),
            id.into(),
        ],
    )?;
    answer(tx, organisation, id, true)
}

/// Puts a crossing between its neighbours in time and pairs anew what stands beside it. Returns the visit that it
/// belongs to; none if this crossing is known already.
pub(super) fn cross(
    tx: &mut Tx,
    organisation: OrganisationId,
    crossing: &Crossing,
) -> Result<Option<VisitId>, StoreError> {
    let place = Place {
        organisation,
        site: crossing.site,
        plate_key: crossing.plate.key(),
    };
    let own = Known {
        id: crossing
            .passage
            .unwrap_or_else(|| PassageId::fresh(crossing.at)),
        passage: crossing.passage,
        at: crossing.at,
        direction: crossing.direction,
        visit: VisitId::fresh(crossing.at),
    };
    if !insert_crossing(tx, &place, &own)? {
        return Ok(None);
    }
    let before = neighbour(tx, &place, &own, Side::Before)?;
    let after = neighbour(tx, &place, &own, Side::After)?;
    let entered_before = before.filter(|known| known.direction == Direction::Entry);
    let left_after = after
        .as_ref()
        .filter(|known| known.direction == Direction::Exit);
    let whose = Whose {
        plate: crossing.plate.clone(),
        permit: crossing.permit,
    };
    let mut changed = Vec::new();
    let visit = match crossing.direction {
        Direction::Entry => {
            if let Some(earlier) = &entered_before {
                // Its exit, if it had one, is this entry's.
                detach_exit(tx, &place, earlier.visit)?;
                changed.push(earlier.visit);
            }
            match left_after {
                // Nobody came before it, so its visit waits for this entry.
                Some(exit) if entered_before.is_none() => {
                    attach_entry(tx, &place, exit.visit, &own)?;
                    exit.visit
                }
                Some(exit) => {
                    insert_visit(
                        tx,
                        &place,
                        &whose,
                        &own,
                        Some(&own),
                        Some(exit),
                        VisitState::Closed,
                    )?;
                    move_crossing(tx, &place, exit, own.visit)?;
                    own.visit
                }
                None => {
                    let state = if after.is_none() {
                        VisitState::Open
                    } else {
                        VisitState::Unpaired
                    };
                    insert_visit(tx, &place, &whose, &own, Some(&own), None, state)?;
                    own.visit
                }
            }
        }
        Direction::Exit => match &entered_before {
            Some(entry) => {
                detach_exit(tx, &place, entry.visit)?;
                if let Some(exit) = left_after {
                    // It was this entry's exit, and is one without an entry.
                    let alone = VisitId::fresh(exit.at);
                    insert_visit(
                        tx,
                        &place,
                        &whose,
                        &Known {
                            visit: alone,
                            ..exit.clone()
                        },
                        None,
                        Some(exit),
                        VisitState::Unpaired,
                    )?;
                    move_crossing(tx, &place, exit, alone)?;
                    changed.push(alone);
                }
                attach_exit(tx, &place, entry.visit, &own)?;
                entry.visit
            }
            None => {
                insert_visit(
                    tx,
                    &place,
                    &whose,
                    &own,
                    None,
                    Some(&own),
                    VisitState::Unpaired,
                )?;
                own.visit
            }
        },
    };
    move_crossing(tx, &place, &own, visit)?;
    changed.push(visit);
    for visit in changed {
        publish(tx, organisation, visit)?;
    }
    Ok(Some(visit))
}

/// One plate at one site of one organisation: what a row of crossings is about.
struct Place {
    organisation: OrganisationId,
    site: SiteId,
    plate_key: String,
}

/// A crossing as the table has it.
#[derive(Clone)]
struct Known {
    id: PassageId,
    passage: Option<PassageId>,
    at: Timestamp,
    direction: Direction,
    visit: VisitId,
}

/// Whom a new visit is of.
struct Whose {
    plate: Plate,
    permit: Option<PermitId>,
}

enum Side {
    Before,
    After,
}

fn insert_crossing(tx: &mut Tx, place: &Place, own: &Known) -> Result<bool, StoreError> {
    let fresh = tx.execute(
        "INSERT INTO crossings (organisation, id, passage, site, plate_key, at, direction, visit) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organisation, id) DO NOTHING",
        &[
            place.organisation.into(),
            own.id.into(),
            own.passage.into(),
            place.site.into(),
            place.plate_key.as_str().into(),
            own.at.into(),
            words::word(&own.direction).into(),
            own.visit.into(),
        ],
    )?;
    Ok(fresh == 1)
}

fn move_crossing(
    tx: &mut Tx,
    place: &Place,
    crossing: &Known,
    to: VisitId,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE crossings SET visit = $1 WHERE organisation = $2 AND id = $3",
        &[to.into(), place.organisation.into(), crossing.id.into()],
    )?;
    Ok(())
}

fn neighbour(
    tx: &mut Tx,
    place: &Place,
    own: &Known,
    side: Side,
) -> Result<Option<Known>, StoreError> {
    let (than, order) = match side {
        Side::Before => ("<", "DESC"),
        Side::After => (">", "ASC"),
    };
    tx.find(
        &format!(
            "SELECT id, passage, at, direction, visit FROM crossings \
             WHERE organisation = $1 AND site = $2 AND plate_key = $3 AND (at, id) {than} ($4, $5) \
             ORDER BY at {order}, id {order} LIMIT 1"
        ),
        &[
            place.organisation.into(),
            place.site.into(),
            place.plate_key.as_str().into(),
            own.at.into(),
            own.id.into(),
        ],
    )?
    .map(|row| {
        Ok(Known {
            id: row.id(0)?,
            passage: row.opt_id(1)?,
            at: row.timestamp(2)?,
            direction: words::read_word(&row, 3)?,
            visit: row.id(4)?,
        })
    })
    .transpose()
}

fn insert_visit(
    tx: &mut Tx,
    place: &Place,
    whose: &Whose,
    by: &Known,
    entry: Option<&Known>,
    exit: Option<&Known>,
    state: VisitState,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO visits (organisation, id, site, plate, plate_key, permit, state, at, entered_at, entry_passage, \
         left_at, exit_passage) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            place.organisation.into(),
            by.visit.into(),
            place.site.into(),
            whose.plate.as_str().into(),
            place.plate_key.as_str().into(),
            whose.permit.into(),
            words::word(&state).into(),
            by.at.into(),
            entry.map(|known| known.at).into(),
            entry.and_then(|known| known.passage).into(),
            exit.map(|known| known.at).into(),
            exit.and_then(|known| known.passage).into(),
        ],
    )?;
    Ok(())
}

/// Takes a visit's exit away, if it has one: what is left is an entry that another crossing follows.
fn detach_exit(tx: &mut Tx, place: &Place, visit: VisitId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE visits SET left_at = CASE WHEN closed_by_hand = 0 THEN NULL WHEN exit_passage IS NULL THEN left_at \
         ELSE corrected_at END, exit_passage = NULL, \
         state = CASE WHEN closed_by_hand = 1 THEN 'closed' ELSE 'unpaired' END \
         WHERE organisation = $1 AND id = $2",
        &[place.organisation.into(), visit.into()],
    )?;
    Ok(())
}

fn attach_exit(tx: &mut Tx, place: &Place, visit: VisitId, exit: &Known) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE visits SET exit_passage = $1, left_at = $2, state = 'closed' WHERE organisation = $3 AND id = $4",
        &[
            exit.passage.into(),
            exit.at.into(),
            place.organisation.into(),
            visit.into(),
        ],
    )?;
    Ok(())
}

fn attach_entry(
    tx: &mut Tx,
    place: &Place,
    visit: VisitId,
    entry: &Known,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE visits SET entry_passage = $1, entered_at = $2, at = $2, state = 'closed' \
         WHERE organisation = $3 AND id = $4",
        &[
            entry.passage.into(),
            entry.at.into(),
            place.organisation.into(),
            visit.into(),
        ],
    )?;
    Ok(())
}

fn answer(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: VisitId,
    changed: bool,
) -> Result<Corrected, StoreError> {
    if changed {
        publish(tx, organisation, id)?;
    }
    Ok(match find_visit(tx, organisation, id)? {
        None => Corrected::NotFound,
        Some(_) if !changed => Corrected::AlreadySo,
        Some(visit) => Corrected::Done(Box::new(visit)),
    })
}

fn publish(tx: &mut Tx, organisation: OrganisationId, id: VisitId) -> Result<(), StoreError> {
    match find_visit(tx, organisation, id)? {
        Some(visit) => {
            let site = SiteId(visit.site.id);
            live::publish_at(tx, organisation, site, "visit", &words::to_news(&visit))
        }
        None => Ok(()),
    }
}

fn read(row: &Row, names: &Names) -> Result<Visit, StoreError> {
    let (entered_at, left_at) = (row.opt_timestamp(5)?, row.opt_timestamp(7)?);
    let corrected = match (row.opt_text(9)?, row.opt_text(10)?, row.opt_timestamp(11)?) {
        (Some(by), Some(reason), Some(at)) => Some(Correction { by, reason, at }),
        _ => None,
    };
    Ok(Visit {
        id: row.id(0)?,
        plate: words::read_plate(row, 1)?,
        holder: row.opt_text(2)?,
        site: names.site(row.id(3)?),
        state: words::read_word(row, 4)?,
        entered_at,
        entry_passage: row.opt_id(6)?,
        left_at,
        exit_passage: row.opt_id(8)?,
        duration_s: entered_at
            .zip(left_at)
            .map(|(from, to)| (to.as_millis() - from.as_millis()) / 1_000),
        corrected,
        at: row.timestamp(12)?,
    })
}
