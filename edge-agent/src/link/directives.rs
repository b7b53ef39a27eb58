//! Directives from the hub: taken in their order, on disk for good, then acknowledged.

use anyhow::Context;
use contract::directive::Instruction;
use contract::directive::Order;
use contract::event::BookTaken;
use contract::event::Fact;
use contract::event::OrderDone;
use contract::event::OrderResult;
use contract::ids::GateId;
use contract::permit::PermitBook;
use contract::time::Timestamp;
use contract::wire::DirectiveAck;
use contract::wire::Directives;
use tracing::info;
use tracing::warn;

use crate::link::Shared;
use crate::orders::OrderRequest;
use crate::store::SpoolError;

/// Takes a message of directives; returns the acknowledgement if there is something to acknowledge. Directives of an
/// older term are of a hub that was deposed, and are not obeyed.
pub(super) async fn take(
    shared: &Shared,
    directives: Directives,
) -> anyhow::Result<Option<DirectiveAck>> {
    if !is_obeyed(shared, directives.term) {
        return Ok(None);
    }
    let mut through = None;
    for directive in directives.directives {
        // What was taken before is acknowledged again: the hub may have lost the first acknowledgement.
        if directive.number > shared.store.permits.directives_through() {
            match directive.instruction {
                Instruction::TakeBook(book) => take_book(shared, directive.number, book).await?,
                Instruction::Order(order) => {
                    take_order(shared, directive.number, order, directives.sent_at).await?;
                }
            }
        }
        through = through.max(Some(directive.number));
    }
    Ok(through.map(|through| DirectiveAck { through }))
}

/// Whether a message of this term is obeyed: not if a newer one is known.
pub(super) fn is_obeyed(shared: &Shared, of: u64) -> bool {
    let mut term = shared
        .term
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if of < *term {
        warn!(term = of, "directives of an older term are not obeyed");
        return false;
    }
    *term = of;
    true
}

async fn take_book(shared: &Shared, number: u64, book: PermitBook) -> anyhow::Result<()> {
    let (version, permits) = (book.version, book.permits.len());
    shared
        .store
        .permits
        .take(number, book)
        .await
        .context("taking the permit book")?;
    info!(
        book.version = version,
        permits, "permit book {version} is in force"
    );
    let taken = Fact::BookTaken(BookTaken {
        version,
        permits: u64::try_from(permits).unwrap_or(u64::MAX),
    });
    append(shared, None, taken).await
}

/// Records the order, so that it runs at most once whatever happens next, and hands it to the gates if it still holds.
async fn take_order(
    shared: &Shared,
    number: u64,
    order: Order,
    sent_at: Timestamp,
) -> anyhow::Result<()> {
    let (id, gate) = (order.id, order.gate);
    let first = shared
        .store
        .orders
        .begin(number, id)
        .await
        .context("recording an order")?;
    if !first {
        return done(
            shared,
            gate,
            OrderDone {
                order: id,
                result: OrderResult::Repeated,
            },
        )
        .await;
    }
    let now = shared.now();
    let left = shared
        .time
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .remaining(&order, sent_at, now);
    let handed_on = left.is_some_and(|left| {
        let request = OrderRequest {
            order,
            expires_monotonic: now + left,
        };
        // A full queue means that gates do not answer: waiting would only make the order late.
        shared.orders.try_send(request).is_ok()
    });
    if handed_on {
        return Ok(());
    }
    warn!(order.id = %id, gate.id = %gate, "order {id} came too late and is not carried out");
    done(
        shared,
        gate,
        OrderDone {
            order: id,
            result: OrderResult::Expired,
        },
    )
    .await
}

async fn done(shared: &Shared, gate: GateId, done: OrderDone) -> anyhow::Result<()> {
    append(shared, Some(gate), Fact::OrderDone(done)).await
}

/// Appends a fact to the spool; one that is held in memory counts.
pub(super) async fn append(
    shared: &Shared,
    gate: Option<GateId>,
    fact: Fact,
) -> anyhow::Result<()> {
    match shared.store.spool.append(gate, fact).await {
        // A failed disk is the store's alarm; the event is held and follows.
        Ok(_) | Err(SpoolError::Held(_)) => Ok(()),
        Err(error @ (SpoolError::Read(_) | SpoolError::Epoch(_) | SpoolError::Closed)) => {
            Err(error.into())
        }
    }
}
