//! The tables `api_keys` and `api_key_rights`: how programs call the API on an account's behalf.
//!
//! A key is 32 random bytes behind `gwk_`, shown once and kept as a hash. It may do what it was given and its account
//! still may, at the sites that its account reaches; it ends with its account's right to log in.

use std::collections::BTreeSet;
use std::time::Duration;

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::reach::Reach;
use super::rights::Right;
use super::roles;
use super::tokens::Token;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// How every key begins, so that one that leaked is recognised by people and scanners.
pub const KEY_START: &str = "gwk_";
/// Characters of a key that are shown in lists.
const PREFIX: usize = 12;
/// How exactly the last use is kept: a write for every request would cost more than it tells.
const USED_EVERY: Duration = Duration::from_secs(60);

/// One key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identity.
    pub id: Uuid,
    /// Whose.
    pub account: AccountId,
    /// Its account's name.
    pub account_name: String,
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// What it was given.
    pub rights: BTreeSet<Right>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
    /// Since when it does not.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_address: String,
}

/// A key that was presented and holds, with what a request needs of its account.
#[derive(Clone, Debug)]
pub struct KeyUse {
    /// The key.
    pub id: Uuid,
    /// What it is for.
    pub key_name: String,
    /// Whose.
    pub account: AccountId,
    /// Its account's name.
    pub name: String,
    /// The name of its account's role.
    pub role: String,
    /// What it may do at this moment.
    pub rights: BTreeSet<Right>,
    /// What it reaches.
    pub reach: Reach,
    /// Its organisation's name.
    pub organisation_name: String,
    /// Whether its last use is so long ago that this one is to be noted.
    pub is_to_note: bool,
}

/// Makes the secret of a new key.
pub fn new_key() -> Token {
    Token::presented(&format!("{KEY_START}{}", Token::random().reveal()))
}

/// The part of a key that is shown in lists.
pub fn prefix_of(key: &Token) -> String {
    key.reveal().chars().take(PREFIX).collect()
}

/// Inserts a key.
pub fn insert_key(
    tx: &mut Tx,
    organisation: OrganisationId,
    key: &ApiKey,
    secret: &Token,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO api_keys (id, organisation, account, name, prefix, key_hash, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            key.id.into(),
            organisation.into(),
            key.account.into(),
            (&key.name).into(),
            (&key.prefix).into(),
            secret.hash().into(),
            key.created_at.into(),
            key.expires_at.into(),
        ],
    )?;
    for right in &key.rights {
        tx.execute(
            "INSERT INTO api_key_rights (api_key, right_name) VALUES ($1, $2)",
            &[key.id.into(), right.name().into()],
        )?;
    }
    Ok(())
}

/// Returns who presents a key, if it holds and its account may log in. The lookup is by hash, so its time tells
/// nothing about other keys.
pub fn find_key_use(
    tx: &mut Tx,
    secret: &Token,
    now: Timestamp,
) -> Result<Option<KeyUse>, StoreError> {
    let row = tx.find(
        "SELECT k.id, k.name, a.id, a.name, a.role, r.name, r.seeded, a.all_sites, a.organisation, o.name, \
         k.last_used_at FROM api_keys k JOIN accounts a ON a.id = k.account \
         JOIN organisations o ON o.id = a.organisation JOIN roles r ON r.id = a.role \
         WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2) \
         AND a.disabled_at IS NULL",
        &[secret.hash().into(), now.into()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let (id, account) = (row.id(0)?, row.id(2)?);
    let seeded = roles::read_seeded(&row, 6)?;
    let has_all_sites = row.flag(7)?;
    let organisation: OrganisationId = row.id(8)?;
    let of_account = roles::rights_of_account(tx, account, row.id(4)?, seeded, has_all_sites)?;
    let given = rights_of_key(tx, id)?;
    Ok(Some(KeyUse {
        id,
        key_name: row.text(1)?,
        account,
        name: row.text(3)?,
        role: row.text(5)?,
        rights: given.intersection(&of_account).copied().collect(),
        reach: if has_all_sites {
            organisation.into()
        } else {
            Reach::of_account(organisation, account)
        },
        organisation_name: row.text(9)?,
        is_to_note: row
            .opt_timestamp(10)?
            .is_none_or(|last| now.since(last) >= USED_EVERY),
    }))
}

/// Notes that a key was used.
pub fn note_use(tx: &mut Tx, id: Uuid, at: Timestamp, address: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE api_keys SET last_used_at = $1, last_address = $2 WHERE id = $3",
        &[at.into(), address.into(), id.into()],
    )?;
    Ok(())
}

const COLUMNS: &str = "k.id, k.account, a.name, k.name, k.prefix, k.created_at, k.expires_at, k.revoked_at, \
                       k.last_used_at, k.last_address";

/// Returns the organisation's keys, newest first, revoked ones too.
pub fn list_keys(
    tx: &mut Tx,
    organisation: OrganisationId,
    limit: u32,
) -> Result<Vec<ApiKey>, StoreError> {
    let rows = tx.list(
        &format!(
            "SELECT {COLUMNS} FROM api_keys k JOIN accounts a ON a.id = k.account \
             WHERE k.organisation = $1 ORDER BY k.created_at DESC, k.id DESC LIMIT $2"
        ),
        &[organisation.into(), limit.into()],
    )?;
    let mut keys = Vec::with_capacity(rows.len());
    for row in &rows {
        keys.push(read(tx, row)?);
    }
    Ok(keys)
}

/// Returns one key of the organisation.
pub fn find_key(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: Uuid,
) -> Result<Option<ApiKey>, StoreError> {
    let row = tx.find(
        &format!(
            "SELECT {COLUMNS} FROM api_keys k JOIN accounts a ON a.id = k.account \
             WHERE k.organisation = $1 AND k.id = $2"
        ),
        &[organisation.into(), id.into()],
    )?;
    row.map(|row| read(tx, &row)).transpose()
}

/// Counts the keys of the organisation that are not revoked.
pub fn count_keys(tx: &mut Tx, organisation: OrganisationId) -> Result<i64, StoreError> {
    tx.one(
        "SELECT count(*) FROM api_keys WHERE organisation = $1 AND revoked_at IS NULL",
        &[organisation.into()],
    )?
    .int(0)
}

/// Ends a key; false if it had ended, or there is none.
pub fn revoke_key(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: Uuid,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE api_keys SET revoked_at = $1 WHERE organisation = $2 AND id = $3 AND revoked_at IS NULL",
        &[at.into(), organisation.into(), id.into()],
    )?;
    Ok(changed == 1)
}

fn rights_of_key(tx: &mut Tx, id: Uuid) -> Result<BTreeSet<Right>, StoreError> {
    let mut rights = BTreeSet::new();
    for row in tx.list(
        "SELECT right_name FROM api_key_rights WHERE api_key = $1",
        &[id.into()],
    )? {
        rights.extend(Right::parse(&row.text(0)?));
    }
    Ok(rights)
}

fn read(tx: &mut Tx, row: &Row) -> Result<ApiKey, StoreError> {
    let id = row.id(0)?;
    Ok(ApiKey {
        id,
        account: row.id(1)?,
        account_name: row.text(2)?,
        name: row.text(3)?,
        prefix: row.text(4)?,
        rights: rights_of_key(tx, id)?,
        created_at: row.timestamp(5)?,
        expires_at: row.opt_timestamp(6)?,
        revoked_at: row.opt_timestamp(7)?,
        last_used_at: row.opt_timestamp(8)?,
        last_address: row.text(9)?,
    })
}
