//! The tables of what was delivered and what was not: `webhook_attempts` and `webhook_dead_letters`.

use contract::ids::OrganisationId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::hooks::Hook;
use super::outbox::Event;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// Attempts that are kept of a webhook.
const KEPT: i64 = 200;

/// One attempt to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its number; rises.
    pub id: i64,
    /// Which event.
    pub event: Uuid,
    /// Its kind.
    pub kind: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub took_ms: i64,
    /// The answer's status; none: there was no answer.
    pub status: Option<u16>,
    /// Why it failed; empty: it was taken.
    pub error: String,
    /// How the answer began.
    pub answer: String,
}

/// An event that a webhook did not take in time.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// The event itself.
    pub event: Event,
    /// Why the last attempt failed.
    pub error: String,
    /// When it was given up.
    pub died_at: Timestamp,
    /// Whether it was asked for again.
    pub is_waiting: bool,
}

/// Writes down an attempt; its number counts itself.
pub(super) fn insert_attempt(
    tx: &mut Tx,
    hook: &Hook,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let id = tx
        .one(
            "INSERT INTO webhook_attempts (organisation, webhook, event, kind, attempt, at, took_ms, status, error, \
             answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
            &[
                hook.organisation.into(),
                hook.id.into(),
                attempt.event.into(),
                (&attempt.kind).into(),
                attempt.attempt.into(),
                attempt.at.into(),
                attempt.took_ms.into(),
                attempt.status.map(i64::from).into(),
                (&attempt.error).into(),
                (&attempt.answer).into(),
            ],
        )?
        .int(0)?;
    // Numbers are everybody's, so the place of the last that is kept is looked up.
    tx.execute(
        "DELETE FROM webhook_attempts WHERE webhook = $1 AND id <= coalesce((SELECT id FROM webhook_attempts \
         WHERE webhook = $1 AND id <= $2 ORDER BY id DESC LIMIT 1 OFFSET $3), 0)",
        &[hook.id.into(), id.into(), KEPT.into()],
    )?;
    Ok(())
}

/// Up to `limit` attempts before `before`, newest first.
pub fn list_attempts(
    tx: &mut Tx,
    organisation: OrganisationId,
    hook: Uuid,
    before: i64,
    limit: i64,
) -> Result<Vec<Attempt>, StoreError> {
    tx.list(
        "SELECT id, event, kind, attempt, at, took_ms, status, error, answer FROM webhook_attempts \
         WHERE organisation = $1 AND webhook = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
        &[
            organisation.into(),
            hook.into(),
            before.into(),
            limit.into(),
        ],
    )?
    .iter()
    .map(|row| {
        Ok(Attempt {
            id: row.int(0)?,
            event: row.id(1)?,
            kind: row.text(2)?,
            attempt: u32::try_from(row.int(3)?).unwrap_or(u32::MAX),
            at: row.timestamp(4)?,
            took_ms: row.int(5)?,
            status: row
                .opt_int(6)?
                .and_then(|status| u16::try_from(status).ok()),
            error: row.text(7)?,
            answer: row.text(8)?,
        })
    })
    .collect()
}

/// Puts an event aside.
pub(super) fn bury(
    tx: &mut Tx,
    hook: Uuid,
    event: &Event,
    error: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO webhook_dead_letters (webhook, number, organisation, event, site, kind, body, died_at, error) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (webhook, number) DO NOTHING",
        &[
            hook.into(),
            event.number.into(),
            event.organisation.into(),
            event.id.into(),
            event.site.into(),
            (&event.kind).into(),
            (&event.body).into(),
            now.into(),
            error.into(),
        ],
    )?;
    Ok(())
}

const LETTER: &str = "number, event, organisation, site, kind, body, died_at, error, replay_at";

/// Up to `limit` dead letters after `after`, oldest first.
pub fn list_letters(
    tx: &mut Tx,
    organisation: OrganisationId,
    hook: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<DeadLetter>, StoreError> {
    tx.list(
        &format!(
            "SELECT {LETTER} FROM webhook_dead_letters \
             WHERE organisation = $1 AND webhook = $2 AND number > $3 ORDER BY number LIMIT $4"
        ),
        &[organisation.into(), hook.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(read)
    .collect()
}

/// How many dead letters a webhook has.
pub fn count_letters(
    tx: &mut Tx,
    organisation: OrganisationId,
    hook: Uuid,
) -> Result<i64, StoreError> {
    tx.one(
        "SELECT count(*) FROM webhook_dead_letters WHERE organisation = $1 AND webhook = $2",
        &[organisation.into(), hook.into()],
    )?
    .int(0)
}

/// Asks for one dead letter again, or for all, at once; returns how many.
pub fn replay(
    tx: &mut Tx,
    organisation: OrganisationId,
    hook: Uuid,
    number: Option<i64>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    tx.execute(
        "UPDATE webhooks SET next_at = 0 WHERE organisation = $1 AND id = $2",
        &[organisation.into(), hook.into()],
    )?;
    tx.execute(
        "UPDATE webhook_dead_letters SET replay_at = $1 \
         WHERE organisation = $2 AND webhook = $3 AND ($4 = 0 OR number = $5)",
        &[
            now.into(),
            organisation.into(),
            hook.into(),
            number.is_some().into(),
            number.unwrap_or_default().into(),
        ],
    )
}

/// The first dead letter that was asked for again.
pub(super) fn first_replay(tx: &mut Tx, hook: Uuid) -> Result<Option<DeadLetter>, StoreError> {
    tx.find(
        &format!(
            "SELECT {LETTER} FROM webhook_dead_letters WHERE webhook = $1 AND replay_at IS NOT NULL \
             ORDER BY number LIMIT 1"
        ),
        &[hook.into()],
    )?
    .as_ref()
    .map(read)
    .transpose()
}

/// A dead letter was taken.
pub(super) fn delete_letter(tx: &mut Tx, hook: Uuid, number: i64) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM webhook_dead_letters WHERE webhook = $1 AND number = $2",
        &[hook.into(), number.into()],
    )?;
    Ok(())
}

/// Replays of a receiver that still fails stay dead: a person asks again.
pub(super) fn end_replays(tx: &mut Tx, hook: Uuid, error: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE webhook_dead_letters SET replay_at = NULL, error = $1 WHERE webhook = $2 AND replay_at IS NOT NULL",
        &[error.into(), hook.into()],
    )?;
    Ok(())
}

fn read(row: &Row) -> Result<DeadLetter, StoreError> {
    let died_at = row.timestamp(6)?;
    Ok(DeadLetter {
        event: Event {
            number: row.int(0)?,
            id: row.id(1)?,
            organisation: row.id(2)?,
            site: row.opt_id(3)?,
            kind: row.text(4)?,
            body: row.text(5)?,
            seen_at: died_at,
        },
        died_at,
        error: row.text(7)?,
        is_waiting: row.opt_timestamp(8)?.is_some(),
    })
}
