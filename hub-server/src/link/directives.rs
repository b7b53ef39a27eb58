//! The control stream of one edge: directives down as they are left, their acknowledgements and questions up.

use std::sync::Arc;

use anyhow::Context;
use anyhow::bail;
use contract::directive::Directive;
use contract::directive::Instruction;
use contract::directive::Order;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use contract::wire::Directives;
use contract::wire::Message;
use contract::wire::TimeReply;
use quinn::RecvStream;
use quinn::SendStream;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::sync::broadcast::error::RecvError;

use crate::fleet;
use crate::fleet::directives as left;
use crate::fleet::directives::Pending;
use crate::fleet::edges;
use crate::fleet::edges::Edge;
use crate::fleet::edges::EdgeState;
use crate::fleet::orders;
use crate::fleet::orders::OrderState;
use crate::link::cameras;
use crate::link::shell::Welcomed;
use crate::parking;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Wake;

/// The largest message of an edge on the control stream.
const LIMIT: usize = 64 * 1024;

/// Takes what the edge says on the control stream; ends with it.
pub(super) async fn listen(
    welcomed: &Arc<Welcomed>,
    send: &Mutex<SendStream>,
    mut receive: RecvStream,
) -> anyhow::Result<()> {
    let (organisation, edge) = (welcomed.organisation, welcomed.edge);
    loop {
        match frames::read(&mut receive, LIMIT).await? {
            Some(Message::TimeRequest(request)) => {
                let reply = TimeReply {
                    sent_monotonic_ms: request.sent_monotonic_ms,
                    time: welcomed.parts.clock.wall(),
                };
                frames::write(&mut *send.lock().await, &reply.into()).await?;
            }
            Some(Message::DirectiveAck(ack)) => {
                welcomed
                    .parts
                    .store
                    .write(Priority::Machines, move |tx| {
                        left::acknowledge(tx, organisation, edge, ack.through)
                    })
                    .await
                    .map_err(|error: StoreError| {
                        anyhow::Error::new(error).context("noting taken directives")
                    })?;
            }
            Some(Message::CameraReport(report)) => cameras::take_report(welcomed, report).await?,
            Some(other) => bail!("a message of kind {} on the control stream", other.kind()),
            None => return Ok(()),
        }
    }
}

/// Sends what is left for the edge, now and whenever something new is.
pub(super) async fn push(welcomed: &Arc<Welcomed>, send: &Mutex<SendStream>) -> anyhow::Result<()> {
    // Listening begins before the first look: what is left in between is not missed.
    let mut wakes = welcomed.parts.store.wakes();
    let mut sent = welcomed.directives_through;
    let mut cameras_sent = cameras::Sent::new();
    if is_retired(welcomed).await? {
        return Ok(());
    }
    loop {
        if let Some(directives) = collect(welcomed, sent).await? {
            let last = directives.directives.last().map(|last| last.number);
            frames::write(&mut *send.lock().await, &directives.into())
                .await
                .context("sending directives")?;
            sent = sent.max(last.unwrap_or(sent));
        }
        if let Some(directives) = cameras::collect(welcomed, &mut cameras_sent).await? {
            frames::write(&mut *send.lock().await, &directives.into())
                .await
                .context("sending the cameras' settings")?;
        }
        loop {
            match wakes.recv().await {
                Ok(Wake::Directives(edge)) if edge == welcomed.edge => break,
                Ok(Wake::Retired(edge)) if edge == welcomed.edge => {
                    return Ok(());
                }
                Ok(Wake::Directives(_) | Wake::Retired(_) | Wake::Live) => {}
                // So much happened that some of it was not heard, a retirement perhaps: the edge connects anew.
                Err(RecvError::Lagged(_)) => bail!("too much happened to follow it"),
                Err(RecvError::Closed) => bail!("the store is closed"),
            }
        }
    }
}

/// Collects what the edge has not been sent on this connection, in rising order; none if there is nothing.
async fn collect(welcomed: &Welcomed, sent: u64) -> anyhow::Result<Option<Directives>> {
    let (organisation, edge) = (welcomed.organisation, welcomed.edge);
    let now = welcomed.parts.clock.wall();
    let look = move |tx: &mut Tx| {
        let pending = left::pending(tx, organisation, edge, sent, now)?;
        message(tx, organisation, pending, now)
    };
    let directives: Option<Directives> = welcomed
        .parts
        .store
        .read(look)
        .await
        .map_err(|error: StoreError| anyhow::Error::new(error).context("collecting directives"))?;
    let orders: Vec<_> = directives
        .iter()
        .flat_map(|message| &message.directives)
        .filter_map(|directive| match &directive.instruction {
            Instruction::Order(order) => Some((order.id, order.gate)),
            Instruction::TakeBook(_) => None,
        })
        .collect();
    if !orders.is_empty() {
        // Before it is sent: an order that may have run is never called expired.
        welcomed
            .parts
            .store
            .write(Priority::People, move |tx| {
                for (id, gate) in &orders {
                    orders::mark_sent(tx, organisation, *id, now)?;
                    let state = OrderState::Sent.name();
                    let news = json!({ "id": id, "gate": gate, "state": state });
                    fleet::news::of_gate(tx, organisation, *gate, "order", &news)?;
                }
                Ok(())
            })
            .await
            .map_err(|error: StoreError| anyhow::Error::new(error).context("noting sent orders"))?;
    }
    Ok(directives)
}

/// Puts the pending directives into one message.
fn message(
    tx: &mut Tx,
    organisation: OrganisationId,
    pending: Pending,
    now: Timestamp,
) -> Result<Option<Directives>, StoreError> {
    let mut directives: Vec<Directive> = pending
        .orders
        .into_iter()
        .map(|order| Directive {
            number: order.number,
            instruction: Instruction::Order(Order {
                id: order.id,
                gate: order.gate,
                action: order.action,
                given_at: order.given_at,
                holds_ms: u32::try_from(order.expires_at.since(order.given_at).as_millis())
                    .unwrap_or(u32::MAX),
            }),
        })
        .collect();
    if let Some(number) = pending.book {
        directives.push(Directive {
            number,
            instruction: Instruction::TakeBook(parking::permits::book(tx, organisation)?),
        });
    }
    directives.sort_by_key(|directive| directive.number);
    Ok((!directives.is_empty()).then_some(Directives {
        term: left::TERM,
        sent_at: now,
        directives,
    }))
}

/// Whether the edge was retired between its hello and now.
async fn is_retired(welcomed: &Welcomed) -> anyhow::Result<bool> {
    let (organisation, edge) = (welcomed.organisation, welcomed.edge);
    let known: Option<Edge> = welcomed
        .parts
        .store
        .read(move |tx| edges::find_edge(tx, organisation, edge))
        .await
        .map_err(|error: StoreError| anyhow::Error::new(error).context("looking the edge up"))?;
    Ok(known.is_none_or(|known| known.state == EdgeState::Retired))
}
