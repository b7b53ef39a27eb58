//! Sites: an organisation's places.

use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::time::Timestamp;

use crate::auth::Reach;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// What is wrong with the name of an organisation or a site, if anything is.
pub fn name_fault(name: &str) -> Option<&'static str> {
    let name = name.trim();
    if name.is_empty() {
        Some("is empty")
    } else if name.chars().count() > 100 {
        Some("has more than 100 characters")
    } else if name.chars().any(char::is_control) {
        Some("has control characters")
    } else {
        None
    }
}

/// One place of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its identity.
    pub id: SiteId,
    /// Its name, unique within the organisation.
    pub name: String,
    /// IANA name of the time zone in which schedules are meant.
    pub time_zone: String,
    /// How many vehicles fit, if somebody said.
    pub capacity: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, name, time_zone, capacity, created_at";

/// Inserts a site; a second one of the same name is refused by the database.
pub fn insert(tx: &mut Tx, organisation: OrganisationId, site: &Site) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sites (id, organisation, name, time_zone, capacity, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            Value::from(site.id),
            Value::from(organisation),
            Value::from(site.name.as_str()),
            Value::from(site.time_zone.as_str()),
            Value::from(site.capacity),
            Value::from(site.created_at),
        ],
    )?;
    Ok(())
}

/// Returns the organisation's sites by name.
pub fn list_sites(tx: &mut Tx, of: impl Into<Reach>) -> Result<Vec<Site>, StoreError> {
    let (of, within) = (of.into(), Reach::clause("id", 2));
    tx.list(
        &format!("SELECT {COLUMNS} FROM sites WHERE organisation = $1{within} ORDER BY name"),
        &[Value::from(of.organisation), of.value()],
    )?
    .iter()
    .map(site)
    .collect()
}

/// Returns one site of the organisation.
pub fn find_site(
    tx: &mut Tx,
    of: impl Into<Reach>,
    id: SiteId,
) -> Result<Option<Site>, StoreError> {
    let (of, within) = (of.into(), Reach::clause("id", 3));
    tx.find(
        &format!("SELECT {COLUMNS} FROM sites WHERE organisation = $1 AND id = $2{within}"),
        &[Value::from(of.organisation), Value::from(id), of.value()],
    )?
    .as_ref()
    .map(site)
    .transpose()
}

/// Returns the time zone of the organisation's oldest site: the one in which its permit book is meant.
pub fn time_zone(tx: &mut Tx, organisation: OrganisationId) -> Result<Option<String>, StoreError> {
    tx.find(
        "SELECT time_zone FROM sites WHERE organisation = $1 ORDER BY created_at, id LIMIT 1",
        &[Value::from(organisation)],
    )?
    .map(|row| row.text(0))
    .transpose()
}

fn site(row: &Row) -> Result<Site, StoreError> {
    Ok(Site {
        id: row.id(0)?,
        name: row.text(1)?,
        time_zone: row.text(2)?,
        capacity: row.opt_int(3)?,
        created_at: row.timestamp(4)?,
    })
}
