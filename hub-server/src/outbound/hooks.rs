//! The table `webhooks` with its SQL.

use std::collections::BTreeSet;
use std::time::Duration;

use contract::ids::OrganisationId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::outbox;
use super::outbox::Wanted;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// For this long a replaced secret signs beside the new one.
pub const BOTH_SECRETS: Duration = Duration::from_secs(24 * 60 * 60);

/// How a webhook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookState {
    /// It gets events.
    On,
    /// A person paused it; events wait.
    Paused,
    /// It was given up after long failure, until a person turns it on; events wait.
    Failed,
    /// It was removed, and can be brought back.
    Removed,
}

/// One receiver.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its identity.
    pub id: Uuid,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What people call it.
    pub name: String,
    /// Where it listens.
    pub url: String,
    /// What it takes.
    pub wanted: Wanted,
    /// The sealed secret.
    pub secret: Vec<u8>,
    /// The sealed secret before, and until when it signs, too.
    pub old_secret: Option<(Vec<u8>, Timestamp)>,
    /// How it is.
    pub state: HookState,
    /// It has everything up to here, or it is a dead letter.
    pub position: i64,
    /// Failed attempts since the last success.
    pub attempts: u32,
    /// It is not called before.
    pub next_at: Timestamp,
    /// Since when every attempt failed.
    pub failing_since: Option<Timestamp>,
    /// When it took something last.
    pub last_success_at: Option<Timestamp>,
    /// Why the last attempt failed, or nothing.
    pub last_error: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a person changed it last.
    pub changed_at: Timestamp,
}

impl HookState {
    /// Its name in the API and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Paused => "paused",
            Self::Failed => "failed",
            Self::Removed => "removed",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::On, Self::Paused, Self::Failed, Self::Removed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

const COLUMNS: &str = "id, organisation, name, url, kinds, sites, secret, old_secret, old_until, state, position, \
                       attempts, next_at, failing_since, last_success_at, last_error, created_at, changed_at";

/// The organisation's webhooks, removed ones not, oldest first.
pub fn list_hooks(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<Hook>, StoreError> {
    tx.list(
        &format!(
            "SELECT {COLUMNS} FROM webhooks WHERE organisation = $1 AND state <> 'removed' ORDER BY created_at, id"
        ),
        &[organisation.into()],
    )?
    .iter()
    .map(read)
    .collect()
}

/// One webhook of the organisation, a removed one, too.
pub fn find_hook(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: Uuid,
) -> Result<Option<Hook>, StoreError> {
    tx.find(
        &format!("SELECT {COLUMNS} FROM webhooks WHERE organisation = $1 AND id = $2"),
        &[organisation.into(), id.into()],
    )?
    .as_ref()
    .map(read)
    .transpose()
}

/// How many events of its organisation a webhook has not got, those that it does not take among them.
pub fn count_waiting(tx: &mut Tx, hook: &Hook) -> Result<i64, StoreError> {
    outbox::count_after(tx, hook.organisation, hook.position)
}

/// Everybody's webhooks that may be called at this moment.
pub(super) fn list_due(tx: &mut Tx, now: Timestamp) -> Result<Vec<Hook>, StoreError> {
    tx.list(
        &format!(
            "SELECT {COLUMNS} FROM webhooks WHERE next_at <= $1 AND state <> 'removed' AND (state = 'on' AND EXISTS \
             (SELECT 1 FROM outbox WHERE outbox.organisation = webhooks.organisation \
             AND outbox.id > webhooks.position AND outbox.seen_at IS NOT NULL) OR EXISTS \
             (SELECT 1 FROM webhook_dead_letters WHERE webhook = webhooks.id AND replay_at IS NOT NULL)) ORDER BY id"
        ),
        &[now.into()],
    )?
    .iter()
    .map(read)
    .collect()
}

/// When the next webhook may be called that may not be yet.
pub(super) fn next_due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    tx.one(
        "SELECT min(next_at) FROM webhooks WHERE state = 'on' AND next_at > $1",
        &[now.into()],
    )?
    .opt_timestamp(0)
}

/// Adds a webhook. It gets what happens from this moment on.
pub fn insert_hook(tx: &mut Tx, hook: &Hook) -> Result<(), StoreError> {
    let position = outbox::newest(tx)?;
    tx.execute(
        "INSERT INTO webhooks (id, organisation, name, url, kinds, sites, secret, state, position, attempts, next_at, \
         last_error, created_at, changed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, '', $10, $11)",
        &[
            hook.id.into(),
            hook.organisation.into(),
            (&hook.name).into(),
            (&hook.url).into(),
            list(&hook.wanted.kinds).into(),
            list(&hook.wanted.sites).into(),
            hook.secret.clone().into(),
            hook.state.name().into(),
            position.into(),
            hook.created_at.into(),
            hook.changed_at.into(),
        ],
    )?;
    Ok(())
}

/// Writes what a person may change: name, address, what it takes, state, secrets. It is called again at once.
pub fn update_hook(tx: &mut Tx, hook: &Hook) -> Result<(), StoreError> {
    let (old_secret, old_until) = match &hook.old_secret {
        Some((secret, until)) => (Some(secret.clone()), Some(*until)),
        None => (None, None),
    };
    tx.execute(
        "UPDATE webhooks SET name = $1, url = $2, kinds = $3, sites = $4, secret = $5, old_secret = $6, \
         old_until = $7, state = $8, changed_at = $9, attempts = 0, next_at = 0, failing_since = NULL \
         WHERE organisation = $10 AND id = $11",
        &[
            (&hook.name).into(),
            (&hook.url).into(),
            list(&hook.wanted.kinds).into(),
            list(&hook.wanted.sites).into(),
            hook.secret.clone().into(),
            old_secret.into(),
            old_until.into(),
            hook.state.name().into(),
            hook.changed_at.into(),
            hook.organisation.into(),
            hook.id.into(),
        ],
    )?;
    Ok(())
}

/// Notes that everything up to `position` is done; never goes back.
pub(super) fn advance(tx: &mut Tx, id: Uuid, position: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE webhooks SET position = $1 WHERE id = $2 AND position < $1",
        &[position.into(), id.into()],
    )?;
    Ok(())
}

/// Forgets what a webhook has got, as if the hub had been killed before it was noted.
#[cfg(test)]
pub fn testing_forget(tx: &mut Tx, id: Uuid) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE webhooks SET position = 0 WHERE id = $1",
        &[id.into()],
    )?;
    Ok(())
}

/// Notes that it took something.
pub(super) fn succeeded(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE webhooks SET attempts = 0, next_at = 0, failing_since = NULL, last_error = '', last_success_at = $1 \
         WHERE id = $2",
        &[now.into(), id.into()],
    )?;
    Ok(())
}

/// Notes that an attempt failed.
pub(super) fn failed(
    tx: &mut Tx,
    id: Uuid,
    attempts: u32,
    next_at: Timestamp,
    now: Timestamp,
    error: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE webhooks SET attempts = $1, next_at = $2, failing_since = coalesce(failing_since, $3), last_error = $4 \
         WHERE id = $5",
        &[
            attempts.into(),
            next_at.into(),
            now.into(),
            error.into(),
            id.into(),
        ],
    )?;
    Ok(())
}

/// Gives a webhook up; false if it was not on.
pub(super) fn give_up(tx: &mut Tx, id: Uuid) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE webhooks SET state = 'failed' WHERE id = $1 AND state = 'on'",
        &[id.into()],
    )?;
    Ok(changed > 0)
}

fn list<T: serde::Serialize>(set: &BTreeSet<T>) -> String {
    // Words and ids always become JSON.
    serde_json::to_string(set).unwrap_or_else(|_| "[]".to_owned())
}

fn read(row: &Row) -> Result<Hook, StoreError> {
    let wrong = |column, wanted| StoreError::Column { column, wanted };
    let old = match (row.opt_bytes(7)?, row.opt_timestamp(8)?) {
        (Some(secret), Some(until)) => Some((secret, until)),
        (_, _) => None,
    };
    Ok(Hook {
        id: row.id(0)?,
        organisation: row.id(1)?,
        name: row.text(2)?,
        url: row.text(3)?,
        wanted: Wanted {
            kinds: serde_json::from_str(&row.text(4)?).map_err(|_| wrong(4, "a list of kinds"))?,
            sites: serde_json::from_str(&row.text(5)?).map_err(|_| wrong(5, "a list of sites"))?,
        },
        secret: row.bytes(6)?,
        old_secret: old,
        state: HookState::parse(&row.text(9)?).ok_or_else(|| wrong(9, "a webhook's state"))?,
        position: row.int(10)?,
        attempts: u32::try_from(row.int(11)?).unwrap_or(u32::MAX),
        next_at: row.timestamp(12)?,
        failing_since: row.opt_timestamp(13)?,
        last_success_at: row.opt_timestamp(14)?,
        last_error: row.text(15)?,
        created_at: row.timestamp(16)?,
        changed_at: row.timestamp(17)?,
    })
}
