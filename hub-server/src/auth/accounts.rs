//! The table `accounts`: who uses the console.

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;

use super::rights::Role;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// The longest name in characters.
pub const NAME_LONGEST: usize = 64;

/// One account. The password's hash is asked for apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its identity.
    pub id: AccountId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// The name that it logs in with.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was created.
    pub created_at: Timestamp,
    /// Since when it may not log in.
    pub disabled_at: Option<Timestamp>,
}

/// The form in which two names are the same.
pub fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Inserts an account; a name that exists anywhere on this hub is `StoreError::Unique`.
pub fn insert_account(tx: &mut Tx, account: &Account, password: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO accounts (id, organisation, name, name_key, role, password, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            account.id.into(),
            account.organisation.into(),
            (&account.name).into(),
            name_key(&account.name).into(),
            account.role.name().into(),
            password.into(),
            account.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns the account that logs in with this name, and its password's hash. The one query by name over all
/// organisations: whoever logs in has not said yet whose he is.
pub fn find_by_name(tx: &mut Tx, name: &str) -> Result<Option<(Account, String)>, StoreError> {
    tx.find(
        "SELECT id, organisation, name, role, created_at, disabled_at, password FROM accounts WHERE name_key = $1",
        &[name_key(name).into()],
    )?
    .map(|row| Ok((read(&row)?, row.text(6)?)))
    .transpose()
}

/// Returns the organisation's account of this id.
pub fn find_account(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: AccountId,
) -> Result<Option<Account>, StoreError> {
    tx.find(
        "SELECT id, organisation, name, role, created_at, disabled_at FROM accounts \
         WHERE organisation = $1 AND id = $2",
        &[organisation.into(), id.into()],
    )?
    .map(|row| read(&row))
    .transpose()
}

/// Returns the organisation's accounts after the name given, by name.
pub fn list_accounts(
    tx: &mut Tx,
    organisation: OrganisationId,
    after: &str,
    limit: i64,
) -> Result<Vec<Account>, StoreError> {
    tx.list(
        "SELECT id, organisation, name, role, created_at, disabled_at FROM accounts \
         WHERE organisation = $1 AND name_key > $2 ORDER BY name_key LIMIT $3",
        &[organisation.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(read)
    .collect()
}

/// Puts a new hash in place of the old.
pub fn update_password(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: AccountId,
    password: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE accounts SET password = $1 WHERE organisation = $2 AND id = $3",
        &[password.into(), organisation.into(), id.into()],
    )?;
    Ok(())
}

/// Whether the hub has been set up: whether any account exists.
pub fn any_account(tx: &mut Tx) -> Result<bool, StoreError> {
    Ok(tx.find("SELECT 1 FROM accounts LIMIT 1", &[])?.is_some())
}

fn read(row: &Row) -> Result<Account, StoreError> {
    let role = row.text(3)?;
    Ok(Account {
        id: row.id(0)?,
        organisation: row.id(1)?,
        name: row.text(2)?,
        role: Role::parse(&role).ok_or(StoreError::Column {
            column: 3,
            wanted: "a role",
        })?,
        created_at: row.timestamp(4)?,
        disabled_at: row.opt_timestamp(5)?,
    })
}
