//! Searches of passages that people keep, with the SQL of the table `saved_searches`.

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use uuid::Uuid;

use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// The most that an account keeps.
pub const MOST_KEPT: i64 = 100;

/// One kept search.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedSearch {
    /// Its identity.
    pub id: Uuid,
    /// Whose it is: only they change it.
    pub account: AccountId,
    /// That account's name when it was kept.
    pub account_name: String,
    /// What it is called; once per account.
    pub name: String,
    /// What the list is narrowed by: JSON as the API takes it.
    pub query: String,
    /// Whether whoever reaches all sites of the organisation sees it.
    pub is_shared: bool,
    /// How often it was changed.
    pub revision: u64,
    /// When it was kept or changed.
    pub updated_at: Timestamp,
}

const COLUMNS: &str =
    "id, account, account_name, name, query_json, is_shared, revision, updated_at";

/// Lists an account's own searches and, if `with_shared`, those that others share, by name.
pub fn list(
    tx: &mut Tx,
    organisation: OrganisationId,
    account: AccountId,
    with_shared: bool,
) -> Result<Vec<SavedSearch>, StoreError> {
    tx.list(
        &format!(
            "SELECT {COLUMNS} FROM saved_searches WHERE organisation = $1 AND (account = $2 OR is_shared = $3) \
             ORDER BY name, id LIMIT 1000"
        ),
        &[
            organisation.into(),
            account.into(),
            // No row has a 2.
            Value::Int(if with_shared { 1 } else { 2 }),
        ],
    )?
    .iter()
    .map(read)
    .collect()
}

/// Returns one of an account's own searches.
pub fn find_own(
    tx: &mut Tx,
    organisation: OrganisationId,
    account: AccountId,
    id: Uuid,
) -> Result<Option<SavedSearch>, StoreError> {
    tx.find(
        &format!(
            "SELECT {COLUMNS} FROM saved_searches WHERE organisation = $1 AND account = $2 AND id = $3"
        ),
        &[organisation.into(), account.into(), id.into()],
    )?
    .as_ref()
    .map(read)
    .transpose()
}

/// How many an account keeps.
pub fn count_own(
    tx: &mut Tx,
    organisation: OrganisationId,
    account: AccountId,
) -> Result<i64, StoreError> {
    tx.one(
        "SELECT count(*) FROM saved_searches WHERE organisation = $1 AND account = $2",
        &[organisation.into(), account.into()],
    )?
    .int(0)
}

/// Keeps a search; one of the same id is replaced. `Unique`: the account has one of this name.
pub fn keep(
    tx: &mut Tx,
    organisation: OrganisationId,
    search: &SavedSearch,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO saved_searches (organisation, id, account, account_name, name, query_json, is_shared, revision, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (organisation, id) DO UPDATE SET name = excluded.name, query_json = excluded.query_json, \
         is_shared = excluded.is_shared, revision = excluded.revision, updated_at = excluded.updated_at",
        &[
            organisation.into(),
            search.id.into(),
            search.account.into(),
            (&search.account_name).into(),
            (&search.name).into(),
            (&search.query).into(),
            search.is_shared.into(),
            search.revision.into(),
            search.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Forgets one of an account's own searches. False: there is none.
pub fn forget(
    tx: &mut Tx,
    organisation: OrganisationId,
    account: AccountId,
    id: Uuid,
) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "DELETE FROM saved_searches WHERE organisation = $1 AND account = $2 AND id = $3",
        &[organisation.into(), account.into(), id.into()],
    )?;
    Ok(gone == 1)
}

fn read(row: &Row) -> Result<SavedSearch, StoreError> {
    Ok(SavedSearch {
        id: row.id(0)?,
        account: row.id(1)?,
        account_name: row.text(2)?,
        name: row.text(3)?,
        query: row.text(4)?,
        is_shared: row.flag(5)?,
        revision: row.number(6)?,
        updated_at: row.timestamp(7)?,
    })
}
