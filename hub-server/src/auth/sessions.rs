//! The table `sessions`: log-ins that hold.

use std::collections::BTreeSet;

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::reach::Reach;
use super::rights::Right;
use super::roles;
use super::token_families;
use super::tokens::Token;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// A log-in that holds, with what every request needs of its account.
#[derive(Clone, Debug)]
pub struct Session {
    /// Names it to people; it is no secret.
    pub id: Uuid,
    /// Who.
    pub account: AccountId,
    /// With which name.
    pub name: String,
    /// The name of its role.
    pub role: String,
    /// What it may do at this moment.
    pub rights: BTreeSet<Right>,
    /// Whether it has no rights until its account has a second factor.
    pub needs_second_factor: bool,
    /// What it reaches.
    pub reach: Reach,
    /// Its organisation's name.
    pub organisation_name: String,
    /// What each write must present.
    pub csrf: Token,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// A log-in that is about to hold.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Names it to people.
    pub id: Uuid,
    /// The cookie.
    pub token: Token,
    /// What each write must present.
    pub csrf: Token,
    /// Whose.
    pub account: AccountId,
    /// From when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// Where it was begun.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// A log-in as its owner sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Names it.
    pub id: Uuid,
    /// From when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// Where it was begun.
    pub address: String,
    /// What the browser called itself.
    pub agent: String,
}

impl Listed {
    /// Reads id, begin, end, address and agent, in this order.
    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id(0)?,
            created_at: row.timestamp(1)?,
            expires_at: row.timestamp(2)?,
            address: row.text(3)?,
            agent: row.text(4)?,
        })
    }
}

/// Begins a session.
pub fn insert_session(tx: &mut Tx, session: &NewSession) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sessions (token_hash, id, account, csrf, created_at, expires_at, address, agent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            session.token.hash().into(),
            session.id.into(),
            session.account.into(),
            session.csrf.reveal().into(),
            session.created_at.into(),
            session.expires_at.into(),
            (&session.address).into(),
            (&session.agent).into(),
        ],
    )?;
    Ok(())
}

/// Returns the session of a cookie, if it holds and its account may log in. The lookup is by hash, so its time tells
/// nothing about other tokens. Role, rights and sites are read each time: a change of them holds at once.
pub fn find_session(
    tx: &mut Tx,
    token: &Token,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let row = tx.find(
        "SELECT s.id, a.id, a.name, a.role, r.name, r.seeded, a.all_sites, a.organisation, o.name, s.csrf, s.expires_at \
         FROM sessions s JOIN accounts a ON a.id = s.account JOIN organisations o ON o.id = a.organisation \
         JOIN roles r ON r.id = a.role \
         WHERE s.token_hash = $1 AND s.expires_at > $2 AND a.disabled_at IS NULL",
        &[token.hash().into(), now.into()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let account = row.id(1)?;
    let seeded = roles::read_seeded(&row, 5)?;
    let has_all_sites = row.flag(6)?;
    let organisation: OrganisationId = row.id(7)?;
    let needs_second_factor = roles::is_waiting(tx, account, row.id(3)?)?;
    let rights = roles::rights_of_account(tx, account, row.id(3)?, seeded, has_all_sites)?;
    Ok(Some(Session {
        id: row.id(0)?,
        account,
        name: row.text(2)?,
        role: row.text(4)?,
        rights,
        needs_second_factor,
        reach: if has_all_sites {
            organisation.into()
        } else {
            Reach::of_account(organisation, account)
        },
        organisation_name: row.text(8)?,
        csrf: Token::presented(&row.text(9)?),
        expires_at: row.timestamp(10)?,
    }))
}

/// Returns the sessions of an account that hold, newest first.
pub fn list_sessions(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<Listed>, StoreError> {
    tx.list(
        "SELECT id, created_at, expires_at, address, agent FROM sessions \
         WHERE account = $1 AND expires_at > $2 ORDER BY created_at DESC, id",
        &[account.into(), now.into()],
    )?
    .iter()
    .map(Listed::read)
    .collect()
}

/// Ends one session of an account; false if it has no such session.
pub fn delete_session(tx: &mut Tx, account: AccountId, id: Uuid) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "DELETE FROM sessions WHERE account = $1 AND id = $2",
        &[account.into(), id.into()],
    )?;
    Ok(gone == 1)
}

/// Ends all log-ins of an account, sessions and families of tokens, but the one given, and returns how many.
pub fn end_log_ins(
    tx: &mut Tx,
    account: AccountId,
    but: Option<Uuid>,
) -> Result<usize, StoreError> {
    // No log-in has the id of zeros.
    let but = but.unwrap_or(Uuid::nil());
    let families = token_families::delete_families_of(tx, account, but)?;
    let sessions = tx.execute(
        "DELETE FROM sessions WHERE account = $1 AND id <> $2",
        &[account.into(), but.into()],
    )?;
    Ok(sessions + families)
}

/// Removes the sessions that hold no more and returns how many there were.
pub fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= $1", &[now.into()])
}
