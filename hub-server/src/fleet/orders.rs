//! Orders: a person moves a barrier by hand. An order expires within seconds and runs at most once.

use std::time::Duration;

use contract::event::BarrierAction;
use contract::event::OrderResult;
use contract::ids::AccountId;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrderId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;

use crate::auth::Reach;
use crate::fleet::directives;
use crate::fleet::gates;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;
use crate::store::Wake;

/// How long an order holds unless something else is said.
pub const HOLDS: Duration = Duration::from_secs(10);

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Left for the edge.
    Waiting,
    /// On its way to the edge; the edge's answer is not in yet.
    Sent,
    /// The barrier was told.
    Done,
    /// It was not carried out in time and never will be.
    Expired,
    /// The edge had carried it out, or begun to, before; nothing moved again.
    Repeated,
    /// The safety input forbade it.
    Blocked,
    /// The edge does not run that gate.
    NoSuchGate,
    /// The barrier's pins refused: whether the arm moved is not known.
    Failed,
}

impl OrderState {
    /// The name in the store and the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Expired => "expired",
            Self::Repeated => "repeated",
            Self::Blocked => "blocked",
            Self::NoSuchGate => "no_such_gate",
            Self::Failed => "failed",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "waiting" => Self::Waiting,
            "sent" => Self::Sent,
            "done" => Self::Done,
            "repeated" => Self::Repeated,
            "blocked" => Self::Blocked,
            "no_such_gate" => Self::NoSuchGate,
            "failed" => Self::Failed,
            // The table's CHECK leaves only this one.
            _ => Self::Expired,
        }
    }
}

/// An order that a person gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Its identity.
    pub id: OrderId,
    /// Which barrier.
    pub gate: GateId,
    /// What to do.
    pub action: BarrierAction,
    /// Why, in the person's words.
    pub reason: String,
    /// Who.
    pub account: AccountId,
    /// Their name at this moment.
    pub account_name: String,
    /// When.
    pub given_at: Timestamp,
    /// How long it holds; [`HOLDS`] as a rule.
    pub holds: Duration,
}

/// An order as the hub knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its identity.
    pub id: OrderId,
    /// Which barrier.
    pub gate: GateId,
    /// The edge that runs it.
    pub edge: EdgeId,
    /// The directive that carries it.
    pub number: u64,
    /// What to do.
    pub action: BarrierAction,
    /// Why.
    pub reason: String,
    /// Who gave it.
    pub account: AccountId,
    /// Their name then.
    pub account_name: String,
    /// When it was given.
    pub given_at: Timestamp,
    /// When it stops to hold.
    pub expires_at: Timestamp,
    /// How it stands.
    pub state: OrderState,
    /// When it was sent to the edge.
    pub sent_at: Option<Timestamp>,
    /// When it ended, by the edge's clock.
    pub done_at: Option<Timestamp>,
}

/// Why an order can't be given.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// No such gate in this organisation.
    #[error("no such gate")]
    NoSuchGate,
    /// No edge runs this gate.
    #[error("no edge runs this gate")]
    NoEdge,
    /// The store failed.
    #[error("writing the order")]
    Store(#[from] StoreError),
}

const COLUMNS: &str = "id, gate, edge, number, action, reason, account, account_name, given_at, \
     expires_at, state, sent_at, done_at";

/// Leaves an order for the edge that runs the gate, and wakes its session after the commit.
pub fn give(
    tx: &mut Tx,
    organisation: OrganisationId,
    new: &NewOrder,
) -> Result<Order, OrderError> {
    let gate = gates::find_gate(tx, organisation, new.gate)?.ok_or(OrderError::NoSuchGate)?;
    let edge = gate.edge.ok_or(OrderError::NoEdge)?;
    let number = directives::take_number(tx, organisation, edge)?;
    let order = Order {
        id: new.id,
        gate: new.gate,
        edge,
        number,
        action: new.action,
        reason: new.reason.clone(),
        account: new.account,
        account_name: new.account_name.clone(),
        given_at: new.given_at,
        expires_at: new.given_at.plus(new.holds),
        state: OrderState::Waiting,
        sent_at: None,
        done_at: None,
    };
    tx.execute(
        "INSERT INTO orders (id, organisation, gate, edge, number, action, reason, account, \
         account_name, given_at, expires_at, state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting')",
        &[
            Value::from(order.id),
            Value::from(organisation),
            Value::from(order.gate),
            Value::from(order.edge),
            Value::from(order.number),
            Value::from(action_name(order.action)),
            Value::from(order.reason.as_str()),
            Value::from(order.account),
            Value::from(order.account_name.as_str()),
            Value::from(order.given_at),
            Value::from(order.expires_at),
        ],
    )?;
    tx.wake(Wake::Directives(edge));
    Ok(order)
}

/// Returns the newest orders of a gate as they stand at `now`, newest first.
pub fn list_orders(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: GateId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Order>, StoreError> {
    let rows = tx.list(
        &format!(
            "SELECT {COLUMNS} FROM orders WHERE organisation = $1 AND gate = $2 \
             ORDER BY given_at DESC, id DESC LIMIT $3"
        ),
        &[
            Value::from(organisation),
            Value::from(gate),
            Value::from(limit),
        ],
    )?;
    rows.iter().map(|row| order(row, now)).collect()
}

/// Returns the newest orders since `since` that moved nothing although a person wanted it, as they stand at `now`.
pub fn list_refused(
    tx: &mut Tx,
    reach: Reach,
    since: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Order>, StoreError> {
    let (within, newest) = (Reach::clause("site", 4), 5);
    let rows = tx.list(
        &format!(
            "SELECT {COLUMNS} FROM orders WHERE organisation = $1 AND given_at >= $2 \
             AND (state IN ('expired', 'blocked', 'no_such_gate', 'failed') OR (state = 'waiting' AND expires_at <= $3)) \
             AND gate IN (SELECT id FROM gates WHERE organisation = $1{within}) \
             ORDER BY given_at DESC, id DESC LIMIT ${newest}"
        ),
        &[
            Value::from(reach.organisation),
            Value::from(since),
            Value::from(now),
            reach.value(),
            Value::from(limit),
        ],
    )?;
    rows.iter().map(|row| order(row, now)).collect()
}

/// Returns one order as it stands at `now`.
pub fn find_order(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: OrderId,
    now: Timestamp,
) -> Result<Option<Order>, StoreError> {
    tx.find(
        &format!("SELECT {COLUMNS} FROM orders WHERE organisation = $1 AND id = $2"),
        &[Value::from(organisation), Value::from(id)],
    )?
    .map(|row| order(&row, now))
    .transpose()
}

/// Returns the orders that an edge shall still carry out, in the order of their numbers.
pub fn list_pending(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    after: u64,
    now: Timestamp,
) -> Result<Vec<Order>, StoreError> {
    let rows = tx.list(
        &format!(
            "SELECT {COLUMNS} FROM orders WHERE organisation = $1 AND edge = $2 AND number > $3 \
             AND expires_at > $4 AND state IN ('waiting', 'sent') ORDER BY number"
        ),
        &[
            Value::from(organisation),
            Value::from(edge),
            Value::from(after),
            Value::from(now),
        ],
    )?;
    rows.iter().map(|row| order(row, now)).collect()
}

/// Notes that an order is on its way. Written before it is sent, so that what may have run is never called expired.
pub fn mark_sent(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: OrderId,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE orders SET state = 'sent', sent_at = $1 \
         WHERE organisation = $2 AND id = $3 AND state = 'waiting'",
        &[Value::from(at), Value::from(organisation), Value::from(id)],
    )?;
    Ok(())
}

/// Marks the waiting orders of an edge that were not sent in time.
pub fn expire(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    now: Timestamp,
) -> Result<usize, StoreError> {
    tx.execute(
        "UPDATE orders SET state = 'expired' WHERE organisation = $1 AND edge = $2 \
         AND state = 'waiting' AND expires_at <= $3",
        &[
            Value::from(organisation),
            Value::from(edge),
            Value::from(now),
        ],
    )
}

/// Takes in how an order ended. Only the edge that got it may say so, and of "done" only the pins' refusal
/// is believed afterwards. Returns whether
/// something changed.
pub fn finish(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    id: OrderId,
    result: OrderResult,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let (state, over) = match result {
        OrderResult::Done => (
            "done",
            "('waiting', 'sent', 'expired', 'repeated', 'blocked')",
        ),
        OrderResult::Expired => ("expired", "('waiting', 'sent')"),
        OrderResult::Repeated => ("repeated", "('waiting', 'sent')"),
        OrderResult::Blocked => ("blocked", "('waiting', 'sent', 'repeated')"),
        OrderResult::NoSuchGate => ("no_such_gate", "('waiting', 'sent')"),
        // Recorded as done before the pins were told.
        OrderResult::Failed => (
            "failed",
            "('waiting', 'sent', 'expired', 'repeated', 'done')",
        ),
    };
    let changed = tx.execute(
        &format!(
            "UPDATE orders SET state = $1, done_at = $2 \
             WHERE organisation = $3 AND edge = $4 AND id = $5 AND state IN {over}"
        ),
        &[
            Value::from(state),
            Value::from(at),
            Value::from(organisation),
            Value::from(edge),
            Value::from(id),
        ],
    )?;
    Ok(changed > 0)
}

/// The name of an action in the store and the API.
pub fn action_name(action: BarrierAction) -> &'static str {
    match action {
        BarrierAction::Open => "open",
        BarrierAction::Close => "close",
        BarrierAction::HoldOpen => "hold_open",
    }
}

fn order(row: &Row, now: Timestamp) -> Result<Order, StoreError> {
    let expires_at = row.timestamp(9)?;
    let written = OrderState::of(&row.text(10)?);
    // Nobody has marked it yet, and nobody will send it any more.
    let state = if written == OrderState::Waiting && expires_at <= now {
        OrderState::Expired
    } else {
        written
    };
    Ok(Order {
        id: row.id(0)?,
        gate: row.id(1)?,
        edge: row.id(2)?,
        number: row.number(3)?,
        action: match row.text(4)?.as_str() {
            "close" => BarrierAction::Close,
            "hold_open" => BarrierAction::HoldOpen,
            // The table's CHECK leaves only this one.
            _ => BarrierAction::Open,
        },
        reason: row.text(5)?,
        account: row.id(6)?,
        account_name: row.text(7)?,
        given_at: row.timestamp(8)?,
        expires_at,
        state,
        sent_at: row.opt_timestamp(11)?,
        done_at: row.opt_timestamp(12)?,
    })
}
