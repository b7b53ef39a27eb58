//! Permits: what lets a plate through a gate, with the SQL of the table `permits`, and the book that gates decide by.

use std::collections::BTreeMap;

use contract::ids::GateId;
use contract::ids::OrganisationId;
use contract::ids::PermitId;
use contract::permit::PermitBook;
use contract::permit::Span;
use contract::permit::WeekSchedule;
use contract::plate::Plate;
use contract::time::Timestamp;
use contract::time::rfc3339;
use contract::vehicle::Description;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::auth::Reach;
use crate::fleet;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// The longest holder and group.
const LONGEST_NAME: usize = 100;
/// The longest note.
const LONGEST_NOTE: usize = 1_000;
/// The most gates that a permit names.
const MOST_GATES: usize = 200;
/// The most permits in force of one organisation, so that its book still travels as one message.
pub const MOST_IN_FORCE: i64 = 50_000;

/// A permit as the hub keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Permit {
    /// Its identity.
    #[schema(value_type = Uuid)]
    pub id: PermitId,
    /// What a person decided.
    #[serde(flatten)]
    pub terms: Terms,
    /// When it was withdrawn; it opens nothing since.
    #[serde(serialize_with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub withdrawn_at: Option<Timestamp>,
    /// When it was made.
    #[serde(serialize_with = "rfc3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(serialize_with = "rfc3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// What a person decides about a permit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Terms {
    /// The plate that it lets through, normalised.
    #[schema(value_type = String, example = "1234BCD")]
    pub plate: Plate,
    /// Who holds it.
    #[schema(example = "Ana Ruiz")]
    pub holder: String,
    /// A word to group permits by.
    #[schema(example = "staff")]
    pub group: String,
    /// Anything else worth knowing.
    pub note: String,
    /// From this moment on; none means always.
    #[serde(serialize_with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_from: Option<Timestamp>,
    /// Until just before this moment; none means for ever.
    #[serde(serialize_with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
    /// When in the week, in the time zone of the organisation's first site; no spans means always.
    #[schema(value_type = Week)]
    pub schedule: WeekSchedule,
    /// At which gates; empty means at every gate.
    #[schema(value_type = Vec<Uuid>)]
    pub gates: Vec<GateId>,
    /// A known plate that does not open.
    pub denied: bool,
    /// What kind its vehicle is; none if that does not matter. Another one is noted on the passage, or makes the gate ask.
    #[schema(value_type = Option<words::VehicleType>)]
    pub vehicle_type: Option<VehicleType>,
    /// Its vehicle's main colour; none if that does not matter.
    #[schema(value_type = Option<words::VehicleColour>)]
    pub vehicle_colour: Option<VehicleColour>,
}

/// When in the week a permit holds. No spans: always.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WeekSchedule)]
pub struct Week {
    /// The spans, in any order; they may overlap.
    pub spans: Vec<WeekSpan>,
}

/// A span of one weekday, in minutes after local midnight.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Span)]
pub struct WeekSpan {
    /// 0 is Monday, 6 is Sunday.
    #[schema(minimum = 0, maximum = 6, example = 0)]
    pub weekday: u8,
    /// First minute of the day, 0 to 1439.
    #[schema(minimum = 0, maximum = 1439, example = 480)]
    pub from_minute: u16,
    /// First minute after the span, 1 to 1440, later than `from_minute`.
    #[schema(minimum = 1, maximum = 1440, example = 1080)]
    pub until_minute: u16,
}

impl From<Week> for WeekSchedule {
    fn from(week: Week) -> Self {
        Self {
            spans: week
                .spans
                .into_iter()
                .map(|span| Span {
                    weekday: span.weekday,
                    from_minute: span.from_minute,
                    until_minute: span.until_minute,
                })
                .collect(),
        }
    }
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field.
    pub field: &'static str,
    /// What is wrong and what is allowed.
    pub why: String,
}

impl Fault {
    /// A fault of a field.
    pub fn new(field: &'static str, why: impl Into<String>) -> Self {
        Self {
            field,
            why: why.into(),
        }
    }
}

/// Which permits a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only permits whose plate, holder or group holds this text.
    pub text: Option<String>,
    /// Whether withdrawn ones are listed, in place of those in force.
    pub withdrawn: bool,
}

impl Terms {
    /// What the permit says of its vehicle, as gates compare it.
    fn description(&self) -> Option<Description> {
        let description = Description {
            kind: self.vehicle_type,
            colour: self.vehicle_colour,
        };
        (!description.is_empty()).then_some(description)
    }

    /// Returns everything that is wrong; the gates of the organisation are given.
    pub fn faults(&self, gates: &BTreeMap<GateId, String>) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (field, text, longest) in [
            ("holder", &self.holder, LONGEST_NAME),
            ("group", &self.group, LONGEST_NAME),
            ("note", &self.note, LONGEST_NOTE),
        ] {
            if text.chars().count() > longest {
                faults.push(Fault::new(field, format!("at most {longest} characters")));
            }
            let may_break = field == "note";
            if text
                .chars()
                .any(|c| c.is_control() && !(may_break && c == '\n'))
            {
                faults.push(Fault::new(field, "control characters are not text"));
            }
        }
        for (field, at) in [
            ("valid_from", self.valid_from),
            ("valid_until", self.valid_until),
        ] {
            // Years 1970 to 9999: anything else is a slip, and does not print as RFC 3339.
            if at.is_some_and(|at| !(0..253_402_300_800_000).contains(&at.as_millis())) {
                faults.push(Fault::new(field, "a moment from 1970 to 9999"));
            }
        }
        if let (Some(from), Some(until)) = (self.valid_from, self.valid_until)
            && from >= until
        {
            faults.push(Fault::new("valid_until", "must be later than valid_from"));
        }
        if let Err(error) = self.schedule.check() {
            faults.push(Fault::new("schedule", error.to_string()));
        }
        if self.gates.len() > MOST_GATES {
            faults.push(Fault::new(
                "gates",
                format!("at most {MOST_GATES} gates; none means all"),
            ));
        }
        if let Some(unknown) = self.gates.iter().find(|gate| !gates.contains_key(gate)) {
            faults.push(Fault::new("gates", format!("there is no gate {unknown}")));
        }
        faults
    }
}

const COLUMNS: &str = "id, plate, holder, group_name, note, valid_from, valid_until, schedule_json, gates_json, denied, \
                       withdrawn_at, created_at, updated_at, vehicle_type, vehicle_colour";

/// Adds a permit. A second one in force for the same plate is refused by the database as [`StoreError::Unique`].
pub fn insert(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: PermitId,
    terms: &Terms,
    now: Timestamp,
) -> Result<Permit, StoreError> {
    let (schedule, gates) = (
        words::to_json(&terms.schedule),
        words::to_json(&terms.gates),
    );
    tx.execute(
        "INSERT INTO permits (organisation, id, plate, plate_key, holder, group_name, note, valid_from, valid_until, \
         schedule_json, gates_json, denied, created_at, updated_at, vehicle_type, vehicle_colour) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15)",
        &[
            organisation.into(),
            id.into(),
            terms.plate.as_str().into(),
            terms.plate.key().into(),
            terms.holder.as_str().into(),
            terms.group.as_str().into(),
            terms.note.as_str().into(),
            terms.valid_from.into(),
            terms.valid_until.into(),
            schedule.into(),
            gates.into(),
            terms.denied.into(),
            now.into(),
            terms.vehicle_type.map(VehicleType::word).into(),
            terms.vehicle_colour.map(VehicleColour::word).into(),
        ],
    )?;
    Ok(Permit {
        id,
        terms: terms.clone(),
        withdrawn_at: None,
        created_at: now,
        updated_at: now,
    })
}

/// Gives a permit other terms. False: no such permit.
pub fn change(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: PermitId,
    terms: &Terms,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (schedule, gates) = (
        words::to_json(&terms.schedule),
        words::to_json(&terms.gates),
    );
    let changed = tx.execute(
        "UPDATE permits SET plate = $1, plate_key = $2, holder = $3, group_name = $4, note = $5, valid_from = $6, \
         valid_until = $7, schedule_json = $8, gates_json = $9, denied = $10, updated_at = $11, \
         vehicle_type = $12, vehicle_colour = $13 WHERE organisation = $14 AND id = $15",
        &[
            terms.plate.as_str().into(),
            terms.plate.key().into(),
            terms.holder.as_str().into(),
            terms.group.as_str().into(),
            terms.note.as_str().into(),
            terms.valid_from.into(),
            terms.valid_until.into(),
            schedule.into(),
            gates.into(),
            terms.denied.into(),
            now.into(),
            terms.vehicle_type.map(VehicleType::word).into(),
            terms.vehicle_colour.map(VehicleColour::word).into(),
            organisation.into(),
            id.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// Withdraws a permit in force. False: no such permit, or withdrawn before.
pub fn withdraw(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: PermitId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE permits SET withdrawn_at = $1, updated_at = $1 \
         WHERE organisation = $2 AND id = $3 AND withdrawn_at IS NULL",
        &[now.into(), organisation.into(), id.into()],
    )?;
    Ok(changed == 1)
}

/// Puts a withdrawn permit in force again; refused as [`StoreError::Unique`] if its plate has another by then.
/// False: no such permit, or not withdrawn.
pub fn restore(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: PermitId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE permits SET withdrawn_at = NULL, updated_at = $1 \
         WHERE organisation = $2 AND id = $3 AND withdrawn_at IS NOT NULL",
        &[now.into(), organisation.into(), id.into()],
    )?;
    Ok(changed == 1)
}

/// Returns a permit, in force or withdrawn.
pub fn find_permit(
    tx: &mut Tx,
    of: impl Into<Reach>,
    id: PermitId,
) -> Result<Option<Permit>, StoreError> {
    let of = of.into();
    let mut values: Vec<Value> = vec![of.organisation.into(), id.into()];
    let within = within(tx, of, &mut values)?;
    tx.find(
        &format!("SELECT {COLUMNS} FROM permits WHERE organisation = $1 AND id = $2{within}"),
        &values,
    )?
    .map(|row| read(&row))
    .transpose()
}

/// Returns the permit in force of a plate, by the plate's key.
pub fn find_in_force(
    tx: &mut Tx,
    organisation: OrganisationId,
    plate: &Plate,
) -> Result<Option<Permit>, StoreError> {
    tx.find(
        &format!(
            "SELECT {COLUMNS} FROM permits WHERE organisation = $1 AND plate_key = $2 AND withdrawn_at IS NULL"
        ),
        &[organisation.into(), plate.key().into()],
    )?
    .map(|row| read(&row))
    .transpose()
}

/// Lists permits by plate, after the one given as plate key and id.
pub fn list_permits(
    tx: &mut Tx,
    of: impl Into<Reach>,
    filter: &Filter,
    after: Option<&(String, PermitId)>,
    limit: i64,
) -> Result<Vec<Permit>, StoreError> {
    let of = of.into();
    let mut sql = format!(
        "SELECT {COLUMNS} FROM permits WHERE organisation = $1 AND withdrawn_at IS {}",
        if filter.withdrawn { "NOT NULL" } else { "NULL" }
    );
    let mut values: Vec<Value> = vec![of.organisation.into()];
    sql.push_str(&within(tx, of, &mut values)?);
    let mut next = |value: Value| {
        values.push(value);
        values.len()
    };
    if let Some(text) = &filter.text {
        // As a plate the text loses its separators; as a name it keeps them.
        let plate: String = Plate::parse(text).map_or_else(|_| String::new(), |plate| plate.key());
        let by_name = next(format!("%{}%", escape_like(&text.to_lowercase())).into());
        sql.push_str(&format!(
            " AND (LOWER(holder) LIKE ${by_name} ESCAPE '!' OR LOWER(group_name) LIKE ${by_name} ESCAPE '!'"
        ));
        if !plate.is_empty() {
            sql.push_str(&format!(
                " OR plate_key LIKE ${}",
                next(format!("%{plate}%").into())
            ));
        }
        sql.push(')');
    }
    if let Some((plate_key, id)) = after {
        sql.push_str(&format!(
            " AND (plate_key, id) > (${}, ${})",
            next(plate_key.as_str().into()),
            next((*id).into())
        ));
    }
    sql.push_str(&format!(
        " ORDER BY plate_key, id LIMIT ${}",
        next(limit.into())
    ));
    tx.list(&sql, &values)?.iter().map(read).collect()
}

/// What narrows a statement to the permits that hold at a gate within reach: those of every gate, and those that name
/// one of its gates. Who reaches the whole organisation is not narrowed.
pub(super) fn within(
    tx: &mut Tx,
    of: Reach,
    values: &mut Vec<Value>,
) -> Result<String, StoreError> {
    if of.is_whole() {
        return Ok(String::new());
    }
    let mut clause = String::from(" AND (gates_json = '[]'");
    for gate in fleet::gates::list_gates(tx, of)? {
        // An id holds only hexadecimal digits and hyphens, so nothing in it means anything to LIKE.
        values.push(format!("%\"{}\"%", gate.id).into());
        clause.push_str(&format!(" OR gates_json LIKE ${}", values.len()));
    }
    clause.push(')');
    Ok(clause)
}

/// Counts the permits in force.
pub fn count_in_force(tx: &mut Tx, organisation: OrganisationId) -> Result<i64, StoreError> {
    tx.one(
        "SELECT COUNT(*) FROM permits WHERE organisation = $1 AND withdrawn_at IS NULL",
        &[organisation.into()],
    )?
    .int(0)
}

/// Returns what the gates of an organisation decide by: every permit in force, none withdrawn.
pub fn book(tx: &mut Tx, organisation: OrganisationId) -> Result<PermitBook, StoreError> {
    let permits = list_permits(tx, organisation, &Filter::default(), None, MOST_IN_FORCE)?;
    Ok(PermitBook {
        version: fleet::directives::book_version(tx, organisation)?,
        time_zone: fleet::sites::time_zone(tx, organisation)?.unwrap_or_else(|| "UTC".to_owned()),
        permits: permits
            .into_iter()
            .map(|permit| (permit.terms.description(), permit))
            .map(|(vehicle, permit)| contract::permit::Permit {
                id: permit.id,
                plate: permit.terms.plate,
                valid_from: permit.terms.valid_from,
                valid_until: permit.terms.valid_until,
                schedule: permit.terms.schedule,
                gates: permit.terms.gates,
                denied: permit.terms.denied,
                vehicle,
            })
            .collect(),
    })
}

/// A text as LIKE takes it literally, with `!` as the escape.
fn escape_like(text: &str) -> String {
    text.replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_")
}

fn read(row: &Row) -> Result<Permit, StoreError> {
    Ok(Permit {
        id: row.id(0)?,
        terms: Terms {
            plate: words::read_plate(row, 1)?,
            holder: row.text(2)?,
            group: row.text(3)?,
            note: row.text(4)?,
            valid_from: row.opt_timestamp(5)?,
            valid_until: row.opt_timestamp(6)?,
            schedule: words::read_json(row, 7)?,
            gates: words::read_json(row, 8)?,
            denied: row.flag(9)?,
            vehicle_type: words::read_opt_word(row, 13)?,
            vehicle_colour: words::read_opt_word(row, 14)?,
        },
        withdrawn_at: row.opt_timestamp(10)?,
        created_at: row.timestamp(11)?,
        updated_at: row.timestamp(12)?,
    })
}
