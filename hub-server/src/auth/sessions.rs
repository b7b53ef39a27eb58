//! The table `sessions`: log-ins that hold.

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;

use super::rights::Role;
use super::tokens::Token;
use crate::store::StoreError;
use crate::store::Tx;

/// A log-in that holds, with what every request needs of its account.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who.
    pub account: AccountId,
    /// With which name.
    pub name: String,
    /// As what.
    pub role: Role,
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Its organisation's name.
    pub organisation_name: String,
    /// What each write must present.
    pub csrf: Token,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// Begins a session.
pub fn insert_session(
    tx: &mut Tx,
    token: &Token,
    csrf: &Token,
    account: AccountId,
    created_at: Timestamp,
    expires_at: Timestamp,
    address: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sessions (token_hash, account, csrf, created_at, expires_at, address) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            token.hash().into(),
            account.into(),
            csrf.reveal().into(),
            created_at.into(),
            expires_at.into(),
            address.into(),
        ],
    )?;
    Ok(())
}

/// Returns the session of a cookie, if it holds and its account may log in. The lookup is by hash, so its time tells
/// nothing about other tokens.
pub fn find_session(
    tx: &mut Tx,
    token: &Token,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let row = tx.find(
        "SELECT a.id, a.name, a.role, a.organisation, o.name, s.csrf, s.expires_at FROM sessions s \
         JOIN accounts a ON a.id = s.account JOIN organisations o ON o.id = a.organisation \
         WHERE s.token_hash = $1 AND s.expires_at > $2 AND a.disabled_at IS NULL",
        &[token.hash().into(), now.into()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let role = row.text(2)?;
    Ok(Some(Session {
        account: row.id(0)?,
        name: row.text(1)?,
        role: Role::parse(&role).ok_or(StoreError::Column {
            column: 2,
            wanted: "a role",
        })?,
        organisation: row.id(3)?,
        organisation_name: row.text(4)?,
        csrf: Token::presented(&row.text(5)?),
        expires_at: row.timestamp(6)?,
    }))
}

/// Ends the session of a cookie.
pub fn delete_session(tx: &mut Tx, token: &Token) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM sessions WHERE token_hash = $1",
        &[token.hash().into()],
    )?;
    Ok(())
}

/// Removes the sessions that hold no more and returns how many there were.
pub fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= $1", &[now.into()])
}
