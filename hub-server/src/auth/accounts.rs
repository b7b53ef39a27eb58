//! The tables `accounts` and `account_sites`: who uses the console, as what, and where.

use std::collections::BTreeSet;

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::rights::Right;
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
    /// Its role.
    pub role: Uuid,
    /// Its role's name.
    pub role_name: String,
    /// The sites that it is limited to; `None` for all of its organisation, those of the future, too.
    pub sites: Option<BTreeSet<SiteId>>,
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
        "INSERT INTO accounts (id, organisation, name, name_key, role, all_sites, password, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            account.id.into(),
            account.organisation.into(),
            (&account.name).into(),
            name_key(&account.name).into(),
            account.role.into(),
            account.sites.is_none().into(),
            password.into(),
            account.created_at.into(),
        ],
    )?;
    put_sites(tx, account)
}

/// Puts an account's role, sites and whether it is disabled in place of the old; false if there is no such account.
pub fn change_account(tx: &mut Tx, account: &Account) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE accounts SET role = $1, all_sites = $2, disabled_at = $3 WHERE organisation = $4 AND id = $5",
        &[
            account.role.into(),
            account.sites.is_none().into(),
            account.disabled_at.into(),
            account.organisation.into(),
            account.id.into(),
        ],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    tx.execute(
        "DELETE FROM account_sites WHERE account = $1",
        &[account.id.into()],
    )?;
    put_sites(tx, account)?;
    Ok(true)
}

/// Removes an account with its sessions; false if there is none. What it did stays in the audit trail.
pub fn delete_account(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: AccountId,
) -> Result<bool, StoreError> {
    super::sessions::end_log_ins(tx, id, None)?;
    let gone = tx.execute(
        "DELETE FROM accounts WHERE organisation = $1 AND id = $2",
        &[organisation.into(), id.into()],
    )?;
    Ok(gone == 1)
}

const COLUMNS: &str =
    "a.id, a.organisation, a.name, a.role, r.name, a.all_sites, a.created_at, a.disabled_at";

/// Returns the account that logs in with this name, and its password's hash. The one query by name over all
/// organisations: whoever logs in has not said yet whose he is.
pub fn find_by_name(tx: &mut Tx, name: &str) -> Result<Option<(Account, String)>, StoreError> {
    let row = tx.find(
        &format!(
            "SELECT {COLUMNS}, a.password FROM accounts a JOIN roles r ON r.id = a.role WHERE a.name_key = $1"
        ),
        &[name_key(name).into()],
    )?;
    row.map(|row| Ok((read(tx, &row)?, row.text(8)?)))
        .transpose()
}

/// Returns the organisation's account of this id.
pub fn find_account(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: AccountId,
) -> Result<Option<Account>, StoreError> {
    let row = tx.find(
        &format!(
            "SELECT {COLUMNS} FROM accounts a JOIN roles r ON r.id = a.role \
             WHERE a.organisation = $1 AND a.id = $2"
        ),
        &[organisation.into(), id.into()],
    )?;
    row.map(|row| read(tx, &row)).transpose()
}

/// Returns the hash of an account's password.
pub fn find_password(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: AccountId,
) -> Result<Option<String>, StoreError> {
    tx.find(
        "SELECT password FROM accounts WHERE organisation = $1 AND id = $2",
        &[organisation.into(), id.into()],
    )?
    .map(|row| row.text(0))
    .transpose()
}

/// Returns the organisation's accounts after the name given, by name.
pub fn list_accounts(
    tx: &mut Tx,
    organisation: OrganisationId,
    after: &str,
    limit: i64,
) -> Result<Vec<Account>, StoreError> {
    let rows = tx.list(
        &format!(
            "SELECT {COLUMNS} FROM accounts a JOIN roles r ON r.id = a.role \
             WHERE a.organisation = $1 AND a.name_key > $2 ORDER BY a.name_key LIMIT $3"
        ),
        &[organisation.into(), after.into(), limit.into()],
    )?;
    let mut accounts = Vec::with_capacity(rows.len());
    for row in &rows {
        accounts.push(read(tx, row)?);
    }
    Ok(accounts)
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

/// Whether somebody can still manage the organisation's accounts: may log in, is not limited to sites, and has the
/// right. Asked at the end of each change, in its transaction, so that nobody locks an organisation out.
pub fn is_managed(tx: &mut Tx, organisation: OrganisationId) -> Result<bool, StoreError> {
    let row = tx.find(
        "SELECT 1 FROM accounts a JOIN roles r ON r.id = a.role \
         WHERE a.organisation = $1 AND a.disabled_at IS NULL AND a.all_sites = 1 \
         AND (r.seeded = 'admin' OR EXISTS (SELECT 1 FROM role_rights x WHERE x.role = r.id AND x.right_name = $2)) \
         LIMIT 1",
        &[organisation.into(), Right::ManageAccounts.name().into()],
    )?;
    Ok(row.is_some())
}

fn put_sites(tx: &mut Tx, account: &Account) -> Result<(), StoreError> {
    for site in account.sites.iter().flatten() {
        tx.execute(
            "INSERT INTO account_sites (account, site) VALUES ($1, $2)",
            &[account.id.into(), site.into()],
        )?;
    }
    Ok(())
}

fn read(tx: &mut Tx, row: &Row) -> Result<Account, StoreError> {
    let id: AccountId = row.id(0)?;
    let sites = if row.flag(5)? {
        None
    } else {
        let rows = tx.list(
            "SELECT site FROM account_sites WHERE account = $1",
            &[id.into()],
        )?;
        Some(
            rows.iter()
                .map(|row| row.id(0))
                .collect::<Result<_, StoreError>>()?,
        )
    };
    Ok(Account {
        id,
        organisation: row.id(1)?,
        name: row.text(2)?,
        role: row.id(3)?,
        role_name: row.text(4)?,
        sites,
        created_at: row.timestamp(6)?,
        disabled_at: row.opt_timestamp(7)?,
    })
}
