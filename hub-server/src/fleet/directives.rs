//! Directives: what the hub leaves for an edge, numbered upwards per edge. Orders and the newest permit book are the
//! two kinds; of permit books only the newest is ever sent.

use contract::ids::EdgeId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use contract::wire::Hello;

use crate::fleet::orders;
use crate::fleet::orders::Order;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;
use crate::store::Wake;

/// The term of a hub that stands alone: nobody can have been promoted in its place.
pub const TERM: u64 = 1;

/// What waits for one edge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// The number of the directive by which the edge is to take the newest permit book.
    pub book: Option<u64>,
    /// Orders that still hold, by number.
    pub orders: Vec<Order>,
}

/// Leaves a new version of the permit book for every edge of the organisation, and wakes their sessions after the
/// commit. Called in the transaction that changed the permits. Returns the version.
pub fn leave_book(tx: &mut Tx, organisation: OrganisationId) -> Result<u64, StoreError> {
    let version = tx
        .one(
            "INSERT INTO books (organisation, version) VALUES ($1, 1) \
             ON CONFLICT (organisation) DO UPDATE SET version = books.version + 1 \
             RETURNING version",
            &[Value::from(organisation)],
        )?
        .number(0)?;
    let edges = tx.list(
        "UPDATE edges SET book_directive = next_directive, next_directive = next_directive + 1 \
         WHERE organisation = $1 AND state = 'enrolled' RETURNING id",
        &[Value::from(organisation)],
    )?;
    for row in edges {
        tx.wake(Wake::Directives(row.id(0)?));
    }
    Ok(version)
}

/// Returns the version of the organisation's permit book; 0 if it never had one.
pub fn book_version(tx: &mut Tx, organisation: OrganisationId) -> Result<u64, StoreError> {
    tx.find(
        "SELECT version FROM books WHERE organisation = $1",
        &[Value::from(organisation)],
    )?
    .map_or(Ok(0), |row| row.number(0))
}

/// Takes the next directive number of an edge.
pub fn take_number(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
) -> Result<u64, StoreError> {
    tx.one(
        "UPDATE edges SET next_directive = next_directive + 1 \
         WHERE organisation = $1 AND id = $2 RETURNING next_directive - 1",
        &[Value::from(organisation), Value::from(edge)],
    )?
    .number(0)
}

/// Leaves the organisation's present book for one edge, which may be its first.
pub fn leave_book_for(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO books (organisation, version) VALUES ($1, 1) \
         ON CONFLICT (organisation) DO NOTHING",
        &[Value::from(organisation)],
    )?;
    tx.execute(
        "UPDATE edges SET book_directive = next_directive, next_directive = next_directive + 1 \
         WHERE organisation = $1 AND id = $2",
        &[Value::from(organisation), Value::from(edge)],
    )?;
    Ok(())
}

/// Brings the hub's view of an edge's directives in line with what the edge says it has. A hub restored from a
/// backup learns here that it had given higher numbers, and an edge with a fresh spool is given its book again.
pub fn greet(tx: &mut Tx, organisation: OrganisationId, hello: &Hello) -> Result<(), StoreError> {
    let row = tx.one(
        "SELECT next_directive, book_directive FROM edges WHERE organisation = $1 AND id = $2",
        &[Value::from(organisation), Value::from(hello.edge)],
    )?;
    let (next, book) = (row.number(0)?, row.number(1)?);
    let through = hello.directives_through;
    if through >= next {
        // Numbers that this database does not remember giving: what waits below them would never be taken.
        tx.execute(
            "UPDATE orders SET state = 'expired' WHERE organisation = $1 AND edge = $2 \
             AND state = 'waiting' AND number <= $3",
            &[
                Value::from(organisation),
                Value::from(hello.edge),
                Value::from(through),
            ],
        )?;
    }
    tx.execute(
        "UPDATE edges SET next_directive = $1, directives_through = $2 \
         WHERE organisation = $3 AND id = $4",
        &[
            Value::from(next.max(through.saturating_add(1))),
            Value::from(through),
            Value::from(organisation),
            Value::from(hello.edge),
        ],
    )?;
    let wanted = book_version(tx, organisation)?;
    if hello.book_version > wanted {
        // The edge holds a book from a life that this database has forgotten: the present one must come out newer.
        tx.execute(
            "INSERT INTO books (organisation, version) VALUES ($1, $2) \
             ON CONFLICT (organisation) DO UPDATE SET version = excluded.version",
            &[Value::from(organisation), Value::from(hello.book_version)],
        )?;
        leave_book(tx, organisation)?;
    } else if hello.book_version != wanted && book <= through {
        leave_book_for(tx, organisation, hello.edge)?;
    }
    Ok(())
}

/// Returns what waits for an edge after the number given, or after what it has acknowledged if that is later.
pub fn pending(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    after: u64,
    now: Timestamp,
) -> Result<Pending, StoreError> {
    let row = tx.one(
        "SELECT directives_through, book_directive FROM edges \
         WHERE organisation = $1 AND id = $2",
        &[Value::from(organisation), Value::from(edge)],
    )?;
    let after = after.max(row.number(0)?);
    let number = row.number(1)?;
    Ok(Pending {
        book: (number > after).then_some(number),
        orders: orders::list_pending(tx, organisation, edge, after, now)?,
    })
}

/// Notes that an edge has every directive up to `through` for good. A number that was never given is not believed.
pub fn acknowledge(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    through: u64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE edges SET directives_through = $1 WHERE organisation = $2 AND id = $3 \
         AND directives_through < $1 AND next_directive > $1",
        &[
            Value::from(through),
            Value::from(organisation),
            Value::from(edge),
        ],
    )?;
    Ok(())
}
