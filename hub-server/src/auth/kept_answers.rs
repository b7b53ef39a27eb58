//! The table `kept_answers`: the answers to writes that came with an `Idempotency-Key`, so that a write that is sent
//! twice happens once. Kept for a day, sealed: an answer may carry a secret that is shown once.

use std::time::Duration;

use contract::ids::AccountId;
use contract::time::Timestamp;

use super::seal::Seal;
use super::seal::SealError;
use crate::store::StoreError;
use crate::store::Tx;

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of a key when a request comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing: the key is this request's from here on.
    New,
    /// The same request was answered; this is the answer, sealed.
    Answered(Vec<u8>),
    /// The same request was begun, and its end is not known (yet).
    Begun,
    /// Another request had this key.
    Other,
}

/// Takes the key for a request, unless an earlier one has it. `request` is the hash of all that the request says.
pub fn take(
    tx: &mut Tx,
    account: AccountId,
    key: &str,
    request: [u8; 32],
    now: Timestamp,
) -> Result<Earlier, StoreError> {
    let expired = a_day_before(now);
    tx.execute(
        "DELETE FROM kept_answers WHERE account = $1 AND key = $2 AND begun_at <= $3",
        &[account.into(), key.into(), expired.into()],
    )?;
    let taken = tx.execute(
        "INSERT INTO kept_answers (account, key, request, begun_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (account, key) DO NOTHING",
        &[account.into(), key.into(), request.into(), now.into()],
    )?;
    if taken == 1 {
        return Ok(Earlier::New);
    }
    let row = tx.find(
        "SELECT request, answer FROM kept_answers WHERE account = $1 AND key = $2",
        &[account.into(), key.into()],
    )?;
    let Some(row) = row else {
        return Err(StoreError::NotFound);
    };
    if row.bytes(0)? != request {
        return Ok(Earlier::Other);
    }
    Ok(match row.opt_bytes(1)? {
        Some(answer) => Earlier::Answered(answer),
        None => Earlier::Begun,
    })
}

/// Keeps the answer of a request that took its key.
pub fn keep(tx: &mut Tx, account: AccountId, key: &str, sealed: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE kept_answers SET answer = $1 WHERE account = $2 AND key = $3",
        &[sealed.to_vec().into(), account.into(), key.into()],
    )?;
    Ok(())
}

/// Gives the key back: the request changed nothing.
pub fn release(tx: &mut Tx, account: AccountId, key: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM kept_answers WHERE account = $1 AND key = $2 AND answer IS NULL",
        &[account.into(), key.into()],
    )?;
    Ok(())
}

/// Removes what is older than a day, and returns how many.
pub fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    let expired = a_day_before(now);
    tx.execute(
        "DELETE FROM kept_answers WHERE begun_at <= $1",
        &[expired.into()],
    )
}

/// Seals an answer for its account and key.
pub fn seal(
    seal: &Seal,
    account: AccountId,
    key: &str,
    answer: &[u8],
) -> Result<Vec<u8>, SealError> {
    seal.seal(answer, &belongs_to(account, key))
}

/// Opens a sealed answer.
pub fn open(
    seal: &Seal,
    account: AccountId,
    key: &str,
    sealed: &[u8],
) -> Result<Vec<u8>, SealError> {
    seal.open_sealed(sealed, &belongs_to(account, key))
}

fn a_day_before(now: Timestamp) -> Timestamp {
    let day = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_sub(day))
}

fn belongs_to(account: AccountId, key: &str) -> String {
    format!("answer of {account} to {key}")
}
