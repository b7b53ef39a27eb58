//! The tables `token_families` and `refresh_tokens`: log-ins of programs, from the password to the last renewal.
//!
//! Each refresh token renews once. One that comes a second time shows that two have it, and nobody can tell who is the
//! thief: the whole family ends, the access tokens of it, too. A family that ended has no rows.

use std::collections::BTreeSet;
use std::time::Duration;

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::access_tokens::Claims;
use super::reach::Reach;
use super::rights::Right;
use super::roles;
use super::sessions::Listed;
use super::tokens::Token;
use crate::store::StoreError;
use crate::store::Tx;

/// How every refresh token begins, so that one that leaked is recognised by people and scanners.
const START: &str = "gwr_";

/// A log-in that is about to hold.
#[derive(Clone, Debug)]
pub struct NewFamily {
    /// Names it to people; it is no secret.
    pub id: Uuid,
    /// Whose.
    pub account: AccountId,
    /// From when.
    pub created_at: Timestamp,
    /// When its first refresh token ends.
    pub expires_at: Timestamp,
    /// When it ends, however often it is renewed.
    pub ends_at: Timestamp,
    /// Where it was begun.
    pub address: String,
    /// What the program calls itself.
    pub agent: String,
}

/// An access token that was presented and holds, with what a request needs of its account.
#[derive(Clone, Debug)]
pub struct TokenUse {
    /// Its family.
    pub family: Uuid,
    /// Whose.
    pub account: AccountId,
    /// Its account's name.
    pub name: String,
    /// The name of its account's role.
    pub role: String,
    /// What it may do at this moment.
    pub rights: BTreeSet<Right>,
    /// Whether it has no rights until its account has a second factor.
    pub needs_second_factor: bool,
    /// What it reaches.
    pub reach: Reach,
    /// Its organisation's name.
    pub organisation_name: String,
}

/// What came of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is used up; the next one is kept.
    Done(Renewed),
    /// It had been used: its family is gone.
    Reused(Renewed),
    /// There is none like it, it ended, or its account may not log in.
    Unknown,
}

/// The family of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Which.
    pub family: Uuid,
    /// Whose.
    pub account: AccountId,
    /// Its account's name.
    pub name: String,
    /// Its account's organisation.
    pub organisation: OrganisationId,
    /// When its newest refresh token ends.
    pub expires_at: Timestamp,
}

/// Makes a refresh token.
pub fn new_refresh_token() -> Token {
    Token::presented(&format!("{START}{}", Token::random().reveal()))
}

/// Begins a family with its first refresh token.
pub fn insert_family(tx: &mut Tx, family: &NewFamily, first: &Token) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO token_families (id, account, created_at, expires_at, ends_at, address, agent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            family.id.into(),
            family.account.into(),
            family.created_at.into(),
            family.expires_at.into(),
            family.ends_at.into(),
            (&family.address).into(),
            (&family.agent).into(),
        ],
    )?;
    insert_token(tx, family.id, first, family.created_at)
}

/// Uses a refresh token up and keeps the next one, which lasts for `lasts` or to the family's end. Of two that come at
/// the same time the second is one that comes again.
pub fn renew(
    tx: &mut Tx,
    presented: &Token,
    next: &Token,
    now: Timestamp,
    lasts: Duration,
) -> Result<Renewal, StoreError> {
    let row = tx.find(
        "SELECT f.id, f.account, a.name, a.organisation, f.ends_at FROM refresh_tokens t \
         JOIN token_families f ON f.id = t.family JOIN accounts a ON a.id = f.account \
         WHERE t.token_hash = $1 AND f.expires_at > $2 AND a.disabled_at IS NULL",
        &[presented.hash().into(), now.into()],
    )?;
    let Some(row) = row else {
        return Ok(Renewal::Unknown);
    };
    let mut renewed = Renewed {
        family: row.id(0)?,
        account: row.id(1)?,
        name: row.text(2)?,
        organisation: row.id(3)?,
        expires_at: now.plus(lasts).min(row.timestamp(4)?),
    };
    let used = tx.execute(
        "UPDATE refresh_tokens SET used_at = $1 WHERE token_hash = $2 AND used_at IS NULL",
        &[now.into(), presented.hash().into()],
    )?;
    if used == 0 {
        renewed.expires_at = now;
        delete_family(tx, renewed.account, renewed.family)?;
        return Ok(Renewal::Reused(renewed));
    }
    insert_token(tx, renewed.family, next, now)?;
    tx.execute(
        "UPDATE token_families SET expires_at = $1 WHERE id = $2",
        &[renewed.expires_at.into(), renewed.family.into()],
    )?;
    Ok(Renewal::Done(renewed))
}

/// Returns who an access token stands for, if its family holds and its account may log in. Role, rights and sites are
/// read each time: a change of them holds at once.
pub fn find_token_use(
    tx: &mut Tx,
    claims: &Claims,
    now: Timestamp,
) -> Result<Option<TokenUse>, StoreError> {
    if !claims.holds_at(now) {
        return Ok(None);
    }
    let row = tx.find(
        "SELECT f.id, a.id, a.name, a.role, r.name, r.seeded, a.all_sites, a.organisation, o.name \
         FROM token_families f JOIN accounts a ON a.id = f.account JOIN organisations o ON o.id = a.organisation \
         JOIN roles r ON r.id = a.role \
         WHERE f.id = $1 AND f.account = $2 AND f.expires_at > $3 AND a.disabled_at IS NULL",
        &[
            claims.family.into(),
            claims.account().into(),
            now.into(),
        ],
    )?;
    let Some(row) = row else { return Ok(None) };
    let (account, role) = (row.id(1)?, row.id(3)?);
    let seeded = roles::read_seeded(&row, 5)?;
    let has_all_sites = row.flag(6)?;
    let organisation: OrganisationId = row.id(7)?;
    Ok(Some(TokenUse {
        family: row.id(0)?,
        account,
        name: row.text(2)?,
        role: row.text(4)?,
        rights: roles::rights_of_account(tx, account, role, seeded, has_all_sites)?,
        needs_second_factor: roles::is_waiting(tx, account, role)?,
        reach: if has_all_sites {
            organisation.into()
        } else {
            Reach::of_account(organisation, account)
        },
        organisation_name: row.text(8)?,
    }))
}

/// Returns the family that a refresh token belongs to, whatever became of the token.
pub fn find_family(tx: &mut Tx, presented: &Token) -> Result<Option<Renewed>, StoreError> {
    tx.find(
        "SELECT f.id, f.account, a.name, a.organisation, f.expires_at FROM refresh_tokens t \
         JOIN token_families f ON f.id = t.family JOIN accounts a ON a.id = f.account WHERE t.token_hash = $1",
        &[presented.hash().into()],
    )?
    .map(|row| {
        Ok(Renewed {
            family: row.id(0)?,
            account: row.id(1)?,
            name: row.text(2)?,
            organisation: row.id(3)?,
            expires_at: row.timestamp(4)?,
        })
    })
    .transpose()
}

/// Returns the families of an account that hold, newest first.
pub fn list_families(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<Listed>, StoreError> {
    tx.list(
        "SELECT id, created_at, expires_at, address, agent FROM token_families \
         WHERE account = $1 AND expires_at > $2 ORDER BY created_at DESC, id",
        &[account.into(), now.into()],
    )?
    .iter()
    .map(Listed::read)
    .collect()
}

/// Ends one family of an account; false if it has no such family.
pub fn delete_family(tx: &mut Tx, account: AccountId, id: Uuid) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "DELETE FROM token_families WHERE account = $1 AND id = $2",
        &[account.into(), id.into()],
    )?;
    Ok(gone == 1)
}

/// Ends all families of an account but the one given, and returns how many.
pub(super) fn delete_families_of(
    tx: &mut Tx,
    account: AccountId,
    but: Uuid,
) -> Result<usize, StoreError> {
    tx.execute(
        "DELETE FROM token_families WHERE account = $1 AND id <> $2",
        &[account.into(), but.into()],
    )
}

/// Removes the families that hold no more, with their tokens, and returns how many refresh tokens went.
pub fn delete_ended_families(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    let tokens = tx.execute(
        "DELETE FROM refresh_tokens WHERE family IN (SELECT id FROM token_families WHERE expires_at <= $1)",
        &[now.into()],
    )?;
    tx.execute(
        "DELETE FROM token_families WHERE expires_at <= $1",
        &[now.into()],
    )?;
    Ok(tokens)
}

fn insert_token(tx: &mut Tx, family: Uuid, token: &Token, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO refresh_tokens (token_hash, family, created_at) VALUES ($1, $2, $3)",
        &[token.hash().into(), family.into(), at.into()],
    )?;
    Ok(())
}
