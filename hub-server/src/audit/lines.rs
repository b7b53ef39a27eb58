//! The table `audit_lines` with its SQL.

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::Actor;
use super::Entry;
use super::chain;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// One line of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose trail it belongs to.
    pub organisation: OrganisationId,
    /// Its place in the trail, from 1.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// `account`, `edge` or `system`.
    pub actor_kind: String,
    /// The account or edge.
    pub actor_id: Option<Uuid>,
    /// Its name of that day.
    pub actor_name: String,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub object_kind: String,
    /// Its id, or nothing.
    pub object_id: String,
    /// One sentence for people.
    pub summary: String,
    /// JSON, exactly as it was hashed.
    pub details: String,
    /// Where the request came from.
    pub address: String,
    /// The hash of the line before; zeros for the first.
    pub previous: [u8; 32],
    /// This line's hash.
    pub hash: [u8; 32],
}

/// Which lines are asked for; `None` does not filter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only lines before this number.
    pub before: Option<i64>,
    /// Only this action.
    pub action: Option<String>,
    /// Only this account's.
    pub account: Option<AccountId>,
    /// Only what was done to this kind of thing.
    pub object_kind: Option<String>,
    /// Only what was done to the thing of this id.
    pub object: Option<String>,
    /// Only from this address.
    pub address: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// Adds a line to the organisation's trail, in the caller's transaction.
pub fn record(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    let end = tx.find(
        "SELECT number, hash FROM audit_ends WHERE organisation = $1",
        &[entry.organisation.into()],
    )?;
    let (last, previous) = match &end {
        Some(row) => (row.int(0)?, row.hash(1)?),
        None => (0, [0; 32]),
    };
    let (actor_kind, actor_id, actor_name) = match &entry.actor {
        Actor::Account(id, name) => ("account", Some(id.0), name.as_str()),
        Actor::Edge(id) => ("edge", Some(id.0), ""),
        Actor::System => ("system", None, ""),
    };
    let mut line = Line {
        organisation: entry.organisation,
        number: last + 1,
        at: entry.at,
        actor_kind: actor_kind.to_owned(),
        actor_id,
        actor_name: actor_name.to_owned(),
        action: entry.action.to_owned(),
        object_kind: entry.object_kind.to_owned(),
        object_id: entry.object_id.clone(),
        summary: entry.summary.clone(),
        details: entry.details.to_string(),
        address: entry.address.clone(),
        previous,
        hash: [0; 32],
    };
    line.hash = chain::hash(&line);
    insert(tx, &line)
}

fn insert(tx: &mut Tx, line: &Line) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO audit_lines (organisation, number, at, actor_kind, actor_id, actor_name, action, object_kind, \
         object_id, summary, details, address, previous, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            line.organisation.into(),
            line.number.into(),
            line.at.into(),
            (&line.actor_kind).into(),
            line.actor_id.map(|id| id.as_bytes().to_vec()).into(),
            (&line.actor_name).into(),
            (&line.action).into(),
            (&line.object_kind).into(),
            (&line.object_id).into(),
            (&line.summary).into(),
            (&line.details).into(),
            (&line.address).into(),
            line.previous.into(),
            line.hash.into(),
        ],
    )?;
    tx.execute(
        "INSERT INTO audit_ends (organisation, number, hash) VALUES ($1, $2, $3) \
         ON CONFLICT (organisation) DO UPDATE SET number = excluded.number, hash = excluded.hash",
        &[
            line.organisation.into(),
            line.number.into(),
            line.hash.into(),
        ],
    )?;
    Ok(())
}

/// Returns up to `limit` lines, newest first.
pub fn list(
    tx: &mut Tx,
    organisation: OrganisationId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Line>, StoreError> {
    let (within, mut values) = filter.clause(organisation);
    values.push(limit.into());
    let limit = values.len();
    tx.list(
        &format!(
            "SELECT organisation, number, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, summary, \
             details, address, previous, hash FROM audit_lines {within} ORDER BY number DESC LIMIT ${limit}"
        ),
        &values,
    )?
    .iter()
    .map(read)
    .collect()
}

/// By what lines are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The day in UTC, as `2026-01-31`.
    Day,
    /// What was done.
    Action,
    /// Who did it, by the name of that day.
    Actor,
}

/// How many lines have something in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What they have in common.
    pub key: String,
    /// How many.
    pub count: i64,
}

/// Counts the lines: days in their order, others by how many. At most 1,000 groups.
pub fn count(
    tx: &mut Tx,
    organisation: OrganisationId,
    filter: &Filter,
    by: By,
) -> Result<Vec<Count>, StoreError> {
    let (within, values) = filter.clause(organisation);
    // Whole days since 1970, rounded down for moments before it, too.
    let day = "(at - ((at % 86400000) + 86400000) % 86400000) / 86400000";
    let (key, order) = match by {
        By::Day => (day, "1 DESC"),
        By::Action => ("action", "2 DESC, 1"),
        By::Actor => (
            "CASE WHEN actor_name = '' THEN actor_kind ELSE actor_name END",
            "2 DESC, 1",
        ),
    };
    let mut counts = tx
        .list(
            &format!("SELECT {key}, count(*) FROM audit_lines {within} GROUP BY 1 ORDER BY {order} LIMIT 1000"),
            &values,
        )?
        .iter()
        .map(|row| {
            let key = match by {
                By::Day => day_name(row.int(0)?),
                By::Action | By::Actor => row.text(0)?,
            };
            Ok(Count {
                key,
                count: row.int(1)?,
            })
        })
        .collect::<Result<Vec<Count>, StoreError>>()?;
    if by == By::Day {
        counts.reverse();
    }
    Ok(counts)
}

/// `2026-01-31` of whole days since 1970.
fn day_name(day: i64) -> String {
    Timestamp::from_millis(day.saturating_mul(86_400_000))
        .to_string()
        .chars()
        .take_while(|c| *c != 'T')
        .collect()
}

impl Filter {
    /// What goes behind FROM, and its values.
    fn clause(&self, organisation: OrganisationId) -> (String, Vec<Value>) {
        let mut sql = "WHERE organisation = $1".to_owned();
        let mut values: Vec<Value> = vec![organisation.into()];
        let mut and = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        };
        and("number <", self.before.map(Value::from));
        and("at >=", self.from.map(Value::from));
        and("at <", self.until.map(Value::from));
        and("action =", self.action.as_ref().map(Value::from));
        and("actor_id =", self.account.map(Value::from));
        and("object_kind =", self.object_kind.as_ref().map(Value::from));
        and("object_id =", self.object.as_ref().map(Value::from));
        and("address =", self.address.as_ref().map(Value::from));
        (sql, values)
    }
}

/// Returns up to `limit` lines after `after`, oldest first: the order in which the chain is walked.
pub fn list_onwards(
    tx: &mut Tx,
    organisation: OrganisationId,
    after: i64,
    limit: i64,
) -> Result<Vec<Line>, StoreError> {
    tx.list(
        "SELECT organisation, number, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, summary, \
         details, address, previous, hash FROM audit_lines \
         WHERE organisation = $1 AND number > $2 ORDER BY number LIMIT $3",
        &[organisation.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(read)
    .collect()
}

fn read(row: &Row) -> Result<Line, StoreError> {
    Ok(Line {
        organisation: row.id(0)?,
        number: row.int(1)?,
        at: row.timestamp(2)?,
        actor_kind: row.text(3)?,
        actor_id: row
            .opt_bytes(4)?
            .and_then(|bytes| Uuid::from_slice(&bytes).ok()),
        actor_name: row.text(5)?,
        action: row.text(6)?,
        object_kind: row.text(7)?,
        object_id: row.text(8)?,
        summary: row.text(9)?,
        details: row.text(10)?,
        address: row.text(11)?,
        previous: row.hash(12)?,
        hash: row.hash(13)?,
    })
}
