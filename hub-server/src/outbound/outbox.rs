//! The table `outbox`: events on their way out, in order, each under an id that stays.

use std::collections::BTreeSet;
use std::time::Duration;

use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::time::Timestamp;
use uuid::Uuid;

use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// What can be told, and what each means is in docs/WEBHOOKS.md.
pub const KINDS: [&str; 9] = [
    "passage",
    "visit",
    "order",
    "edge",
    "input",
    "camera",
    "camera_settings",
    "permit",
    "webhook",
];

/// For this long the outbox keeps what somebody has not taken.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the order.
    pub number: i64,
    /// The id that receivers see, the same in every attempt.
    pub id: Uuid,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Where it happened; none: about no one site.
    pub site: Option<SiteId>,
    /// One of [`KINDS`].
    pub kind: String,
    /// JSON.
    pub body: String,
    /// When the courier saw it.
    pub seen_at: Timestamp,
}

/// What a receiver takes; empty sets take all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Kinds of events.
    pub kinds: BTreeSet<String>,
    /// Sites; what is about no one site is for those who take all.
    pub sites: BTreeSet<Uuid>,
}

impl Wanted {
    /// Whether the event is for this receiver.
    pub fn takes(&self, event: &Event) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&event.kind);
        let site =
            self.sites.is_empty() || event.site.is_some_and(|site| self.sites.contains(&site.0));
        kind && site
    }
}

impl Event {
    /// The message that receivers get: the same bytes in every attempt.
    pub fn message(&self) -> String {
        let data: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        serde_json::json!({
            "id": self.id,
            "number": self.number,
            "type": self.kind,
            "organisation": self.organisation,
            "site": self.site,
            "data": data,
        })
        .to_string()
    }
}

/// Leaves an event in the caller's transaction, if anybody of the organisation takes events.
pub fn leave(
    tx: &mut Tx,
    organisation: OrganisationId,
    site: Option<SiteId>,
    kind: &str,
    body: &serde_json::Value,
) -> Result<(), StoreError> {
    let somebody = tx.find(
        "SELECT 1 FROM webhooks WHERE organisation = $1 AND state <> 'removed' \
         UNION ALL SELECT 1 FROM brokers WHERE organisation = $1 LIMIT 1",
        &[organisation.into()],
    )?;
    if somebody.is_none() {
        return Ok(());
    }
    let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
    tx.execute(
        "INSERT INTO outbox (event, organisation, site, kind, body) VALUES ($1, $2, $3, $4, $5)",
        &[
            id.into(),
            organisation.into(),
            site.into(),
            kind.into(),
            body.to_string().into(),
        ],
    )?;
    Ok(())
}

/// Whether events came that nobody has seen.
pub(super) fn has_unseen(tx: &mut Tx) -> Result<bool, StoreError> {
    let unseen = tx.find("SELECT 1 FROM outbox WHERE seen_at IS NULL LIMIT 1", &[])?;
    Ok(unseen.is_some())
}

/// Notes when events were seen first: from then on they wait.
pub(super) fn stamp(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    tx.execute(
        "UPDATE outbox SET seen_at = $1 WHERE seen_at IS NULL",
        &[now.into()],
    )
}

/// The number of the newest event of anybody; 0 for none.
pub(super) fn newest(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.one("SELECT coalesce(max(id), 0) FROM outbox", &[])?
        .int(0)
}

/// Up to `limit` seen events of the organisation after `after`, in order.
pub(super) fn list_after(
    tx: &mut Tx,
    organisation: OrganisationId,
    after: i64,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    tx.list(
        "SELECT id, event, organisation, site, kind, body, seen_at FROM outbox \
         WHERE organisation = $1 AND id > $2 AND seen_at IS NOT NULL ORDER BY id LIMIT $3",
        &[organisation.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(read)
    .collect()
}

/// How many events of the organisation come after `after`, whoever takes them.
pub(super) fn count_after(
    tx: &mut Tx,
    organisation: OrganisationId,
    after: i64,
) -> Result<i64, StoreError> {
    tx.one(
        "SELECT count(*) FROM outbox WHERE organisation = $1 AND id > $2",
        &[organisation.into(), after.into()],
    )?
    .int(0)
}

/// Removes what everybody has, and what is too old to be taken by anybody.
pub fn trim(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    let oldest = Timestamp::from_millis(
        now.as_millis()
            .saturating_sub(i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX)),
    );
    tx.execute(
        "DELETE FROM outbox WHERE seen_at < $1 OR (seen_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM webhooks WHERE webhooks.organisation = outbox.organisation \
         AND webhooks.state <> 'removed' AND webhooks.position < outbox.id) \
         AND NOT EXISTS (SELECT 1 FROM brokers WHERE brokers.organisation = outbox.organisation \
         AND brokers.position < outbox.id))",
        &[oldest.into()],
    )
}

fn read(row: &Row) -> Result<Event, StoreError> {
    Ok(Event {
        number: row.int(0)?,
        id: row.id(1)?,
        organisation: row.id(2)?,
        site: row.opt_id(3)?,
        kind: row.text(4)?,
        body: row.text(5)?,
        seen_at: row.timestamp(6)?,
    })
}
