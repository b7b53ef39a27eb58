//! The table `brokers` with its SQL.

use contract::ids::OrganisationId;
use contract::time::Timestamp;

use crate::outbound::outbox;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// Where an organisation publishes.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Whose it is.
    pub organisation: OrganisationId,
    /// The broker's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is called over TLS.
    pub is_tls: bool,
    /// With what it is logged in to; empty: without.
    pub user: String,
    /// The sealed password.
    pub password: Option<Vec<u8>>,
    /// How every topic begins.
    pub prefix: String,
    /// Home Assistant's prefix; empty: nothing is announced to it.
    pub discovery: String,
    /// Whether anything is published.
    pub is_on: bool,
    /// The broker has everything up to here.
    pub position: i64,
    /// Failed attempts since the last success.
    pub attempts: u32,
    /// It is not called before.
    pub next_at: Timestamp,
    /// When it acknowledged something last.
    pub last_success_at: Option<Timestamp>,
    /// Why the last attempt failed, or nothing.
    pub last_error: String,
    /// Rises with every change.
    pub revision: i64,
    /// When a person changed it last.
    pub changed_at: Timestamp,
}

const COLUMNS: &str = "organisation, host, port, is_tls, user_name, password, prefix, discovery, is_on, position, \
                       attempts, next_at, last_success_at, last_error, revision, changed_at";

/// The organisation's broker.
pub fn find_broker(
    tx: &mut Tx,
    organisation: OrganisationId,
) -> Result<Option<Broker>, StoreError> {
    tx.find(
        &format!("SELECT {COLUMNS} FROM brokers WHERE organisation = $1"),
        &[organisation.into()],
    )?
    .as_ref()
    .map(read)
    .transpose()
}

/// Everybody's brokers that are published to.
pub(super) fn list_on(tx: &mut Tx) -> Result<Vec<Broker>, StoreError> {
    tx.list(
        &format!("SELECT {COLUMNS} FROM brokers WHERE is_on = 1 ORDER BY organisation"),
        &[],
    )?
    .iter()
    .map(read)
    .collect()
}

/// Writes what a person set. A new one gets what happens from this moment on; a changed one goes on where it was.
pub fn save_broker(tx: &mut Tx, broker: &Broker) -> Result<(), StoreError> {
    let newest = outbox::newest(tx)?;
    tx.execute(
        "INSERT INTO brokers (organisation, host, port, is_tls, user_name, password, prefix, discovery, is_on, \
         position, attempts, next_at, last_error, revision, changed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, '', 1, $11) \
         ON CONFLICT (organisation) DO UPDATE SET host = excluded.host, port = excluded.port, \
         is_tls = excluded.is_tls, user_name = excluded.user_name, password = excluded.password, \
         prefix = excluded.prefix, discovery = excluded.discovery, is_on = excluded.is_on, attempts = 0, next_at = 0, \
         last_error = '', revision = brokers.revision + 1, changed_at = excluded.changed_at",
        &[
            broker.organisation.into(),
            (&broker.host).into(),
            i64::from(broker.port).into(),
            broker.is_tls.into(),
            (&broker.user).into(),
            broker.password.clone().into(),
            (&broker.prefix).into(),
            (&broker.discovery).into(),
            broker.is_on.into(),
            newest.into(),
            broker.changed_at.into(),
        ],
    )?;
    Ok(())
}

/// Removes the organisation's broker; false if it has none.
pub fn delete_broker(tx: &mut Tx, organisation: OrganisationId) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "DELETE FROM brokers WHERE organisation = $1",
        &[organisation.into()],
    )?;
    Ok(gone > 0)
}

/// How many events the broker has not got.
pub fn count_unpublished(tx: &mut Tx, broker: &Broker) -> Result<i64, StoreError> {
    outbox::count_after(tx, broker.organisation, broker.position)
}

/// Notes that the broker has everything up to `position`; never goes back.
pub(super) fn acknowledged(
    tx: &mut Tx,
    organisation: OrganisationId,
    position: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE brokers SET position = CASE WHEN position < $1 THEN $1 ELSE position END, attempts = 0, next_at = 0, \
         last_error = '', last_success_at = $2 WHERE organisation = $3",
        &[position.into(), now.into(), organisation.into()],
    )?;
    Ok(())
}

/// Notes that the broker could not be published to.
pub(super) fn failed(
    tx: &mut Tx,
    organisation: OrganisationId,
    attempts: u32,
    next_at: Timestamp,
    error: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE brokers SET attempts = $1, next_at = $2, last_error = $3 WHERE organisation = $4",
        &[
            attempts.into(),
            next_at.into(),
            error.into(),
            organisation.into(),
        ],
    )?;
    Ok(())
}

fn read(row: &Row) -> Result<Broker, StoreError> {
    Ok(Broker {
        organisation: row.id(0)?,
        host: row.text(1)?,
        port: u16::try_from(row.int(2)?).map_err(|_| StoreError::Column {
            column: 2,
            wanted: "a port",
        })?,
        is_tls: row.flag(3)?,
        user: row.text(4)?,
        password: row.opt_bytes(5)?,
        prefix: row.text(6)?,
        discovery: row.text(7)?,
        is_on: row.flag(8)?,
        position: row.int(9)?,
        attempts: u32::try_from(row.int(10)?).unwrap_or(u32::MAX),
        next_at: row.timestamp(11)?,
        last_success_at: row.opt_timestamp(12)?,
        last_error: row.text(13)?,
        revision: row.int(14)?,
        changed_at: row.timestamp(15)?,
    })
}
