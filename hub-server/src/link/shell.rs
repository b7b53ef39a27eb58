//! One connection of an edge, from its hello to its end: the shell around `session`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::ids::EdgeId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use contract::wire::Hello;
use contract::wire::Message;
use contract::wire::Refusal;
use contract::wire::Welcome;
use minicbor::bytes::ByteArray;
use quinn::Connection;
use quinn::SendStream;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::info;
use tracing::warn;

use crate::audit;
use crate::audit::Actor;
use crate::fleet;
use crate::fleet::directives as left;
use crate::fleet::edges;
use crate::fleet::edges::Edge;
use crate::fleet::edges::EdgeState;
use crate::fleet::presence::Present;
use crate::fleet::sight::Connected;
use crate::intake::ledger;
use crate::intake::ledger::Stream;
use crate::link::Parts;
use crate::link::cameras;
use crate::link::directives;
use crate::link::events;
use crate::link::pictures;
use crate::link::session;
use crate::link::session::Session;
use crate::link::sessions::Sessions;
use crate::store::Priority;
use crate::store::StoreError;

/// The largest message on a stream except pictures' bytes: a batch of one large event fits.
pub(super) const LIMIT: usize = 4 * 1024 * 1024;
/// The largest hello, offer, or first message of a stream that is no batch.
const FIRST_LIMIT: usize = LIMIT;
/// How long a peer may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often presence is brought up to date from what the socket heard.
const LISTEN_EVERY: Duration = Duration::from_secs(1);
/// Pictures of one edge that may be in memory at once.
const PICTURES: usize = 2;

/// A welcomed edge, shared by the parts of its connection.
pub(super) struct Welcomed {
    pub(super) parts: Parts,
    pub(super) connection: Connection,
    pub(super) organisation: OrganisationId,
    pub(super) edge: EdgeId,
    pub(super) stream: Stream,
    /// The stream of events holds it; a second such stream finds it taken.
    pub(super) session: tokio::sync::Mutex<Session>,
    pub(super) pictures: Semaphore,
    /// Where its cameras' reports and pictures go.
    pub(super) sight: Connected,
    pub(super) directives_through: u64,
}

/// Serves one connection whose certificate names `edge`.
pub(super) async fn serve(
    parts: Parts,
    connection: Connection,
    edge: EdgeId,
    sessions: Arc<Sessions>,
    tasks: TaskTracker,
) -> anyhow::Result<()> {
    let (mut send, mut receive) = tokio::time::timeout(PATIENCE, connection.accept_bi())
        .await
        .context("no control stream was opened in time")??;
    let first = tokio::time::timeout(PATIENCE, frames::read(&mut receive, 64 * 1024))
        .await
        .context("no hello came in time")??;
    let Some(Message::Hello(hello)) = first else {
        connection.close(3u32.into(), b"a hello comes first");
        bail!("the first message was not a hello");
    };
    let known = match admit(&parts, edge, &hello).await? {
        Ok(known) => known,
        Err(refusal) => return refuse(&connection, &mut send, refusal).await,
    };
    if let Err(in_use) = sessions.claim(edge, &hello.boot, &connection).await {
        let address = connection.remote_address().to_string();
        record_second_holder(&parts, &known, &address, &in_use.other).await?;
        let refusal = refusal(
            "identity_in_use",
            "another machine is connected as this edge",
        );
        return refuse(&connection, &mut send, refusal).await;
    }
    let ended = welcome(&parts, &connection, &known, hello, send, receive, &tasks).await;
    sessions.release(edge, &connection);
    connection.close(0u32.into(), b"closed");
    ended
}

/// Checks that this edge may connect and says sensible things.
async fn admit(
    parts: &Parts,
    edge: EdgeId,
    hello: &Hello,
) -> anyhow::Result<Result<Edge, Refusal>> {
    if hello.edge != edge {
        return Ok(Err(refusal(
            "wrong_identity",
            "the hello names another edge than the certificate",
        )));
    }
    let limit = i64::MAX.unsigned_abs();
    if hello.first_seq == 0
        || hello.next_seq < hello.first_seq
        || [
            hello.epoch,
            hello.next_seq,
            hello.directives_through,
            hello.book_version,
        ]
        .iter()
        .any(|number| *number >= limit)
    {
        return Ok(Err(refusal(
            "bad_hello",
            "the numbers of the hello are impossible",
        )));
    }
    let known: Option<Edge> = parts
        .store
        .read(move |tx| edges::find_by_certificate(tx, edge))
        .await
        .context("looking the edge up")?;
    Ok(match known {
        None => Err(refusal("unknown_edge", "this hub does not know this edge")),
        Some(known) if known.state == EdgeState::Retired => {
            Err(refusal("retired_edge", "this edge was retired"))
        }
        Some(known) => Ok(known),
    })
}

async fn welcome(
    parts: &Parts,
    connection: &Connection,
    known: &Edge,
    hello: Hello,
    mut send: SendStream,
    receive: quinn::RecvStream,
    tasks: &TaskTracker,
) -> anyhow::Result<()> {
    let since = parts.clock.wall();
    let stream = Stream {
        organisation: known.organisation,
        edge: known.id,
        epoch: hello.epoch,
    };
    let (through, newest_sha256) = greet(parts, stream, &hello, since).await?;
    let generation = parts.store.generation();
    let answer = Welcome {
        generation,
        through,
        time: parts.clock.wall(),
        term: left::TERM,
        newest_sha256,
    };
    frames::write(&mut send, &answer.into())
        .await
        .context("welcoming the edge")?;
    let present = Present {
        boot: hello.boot.clone(),
        address: connection.remote_address().to_string(),
        since,
        last_heard: since,
    };
    parts.presence.connected(known.id, present);
    info!(edge.id = %known.id, through, "edge {} is connected", known.id);
    let (sight, mut requests) = parts.sight.connect(known.id);
    let welcomed = Arc::new(Welcomed {
        parts: parts.clone(),
        connection: connection.clone(),
        organisation: known.organisation,
        edge: known.id,
        stream,
        session: tokio::sync::Mutex::new(Session::new(generation, hello.epoch, through)),
        pictures: Semaphore::new(PICTURES),
        sight,
        directives_through: hello.directives_through,
    });
    let send = tokio::sync::Mutex::new(send);
    let ended = tokio::select! {
        ended = directives::listen(&welcomed, &send, receive) => ended,
        ended = directives::push(&welcomed, &send) => ended,
        ended = cameras::ask(&mut requests, &send) => ended,
        ended = streams(&welcomed, tasks) => ended,
        () = hear(&welcomed) => Ok(()),
    };
    parts.presence.gone(known.id, &hello.boot, since);
    info!(edge.id = %known.id, "edge {} is gone", known.id);
    let gone: Result<(), StoreError> = parts
        .store
        .write(Priority::Machines, {
            let (organisation, edge, at) = (known.organisation, known.id, parts.clock.wall());
            move |tx| {
                edges::heard(tx, organisation, edge, 0, at)?;
                let news = json!({ "id": edge, "connected": false, "at": at.to_string() });
                fleet::news::of_edge(tx, organisation, edge, &news)
            }
        })
        .await;
    if let Err(error) = gone {
        warn!(edge.id = %known.id, "noting that an edge is gone failed: {error}");
    }
    ended
}

/// Compares what the edge holds with what the hub has, records what is lost, and returns where the edge goes on.
async fn greet(
    parts: &Parts,
    stream: Stream,
    hello: &Hello,
    now: Timestamp,
) -> anyhow::Result<(u64, Option<ByteArray<32>>)> {
    let hello = hello.clone();
    parts
        .store
        .write(Priority::Machines, move |tx| {
            let stored = ledger::through(tx, &stream)?;
            let greeting = session::greet(stored, hello.first_seq, hello.next_seq);
            if let Some((expected, got)) = greeting.lost {
                ledger::record_gap(tx, &stream, expected, got, true, now)?;
                let details = json!({ "epoch": stream.epoch, "expected": expected, "got": got });
                let summary = "Events of an edge are lost: it no longer has them";
                audit::record(tx, &line(&stream, now, "event.gap", summary, details))?;
            }
            if greeting.behind {
                let details =
                    json!({ "epoch": stream.epoch, "stored": stored, "next": hello.next_seq });
                let summary =
                    "An edge counts behind what it sent: its storage was copied or restored";
                audit::record(tx, &line(&stream, now, "edge.behind", summary, details))?;
            }
            ledger::advance(tx, &stream, greeting.through, 0, 0, 0)?;
            edges::greeted(tx, stream.organisation, &hello, now)?;
            left::greet(tx, stream.organisation, &hello)?;
            let news = json!({ "id": stream.edge, "connected": true, "at": now.to_string() });
            fleet::news::of_edge(tx, stream.organisation, stream.edge, &news)?;
            let newest = ledger::raw(tx, &stream, greeting.through)?
                .map(|raw| <[u8; 32]>::from(Sha256::digest(&raw)).into());
            Ok::<_, StoreError>((greeting.through, newest))
        })
        .await
        .context("greeting the edge")
}

/// Takes the edge's further streams: the one of events, and those of pictures.
async fn streams(welcomed: &Arc<Welcomed>, tasks: &TaskTracker) -> anyhow::Result<()> {
    loop {
        let (send, mut receive) = welcomed.connection.accept_bi().await?;
        let welcomed = Arc::clone(welcomed);
        tasks.spawn(async move {
            let served = async {
                // The stream of events may open long before the first event.
                match frames::read(&mut receive, FIRST_LIMIT).await? {
                    Some(Message::Batch(batch)) => {
                        events::serve(&welcomed, batch, send, receive).await
                    }
                    Some(Message::PictureOffer(offer)) => {
                        pictures::serve(&welcomed, offer, send, receive).await
                    }
                    Some(Message::Snapshot(snapshot)) => {
                        cameras::serve(&welcomed, snapshot, send, receive).await
                    }
                    Some(other) => bail!("a stream that begins with kind {}", other.kind()),
                    None => Ok(()),
                }
            };
            if let Err(error) = served.await {
                if welcomed.connection.close_reason().is_none() {
                    warn!(edge.id = %welcomed.edge, "a stream of an edge failed: {error:#}");
                }
                welcomed.connection.close(3u32.into(), b"a stream failed");
            }
        });
    }
}

/// Brings presence up to date while the connection lives; ends with it.
async fn hear(welcomed: &Welcomed) {
    let mut tick = tokio::time::interval(LISTEN_EVERY);
    let mut before = 0;
    loop {
        tokio::select! {
            _ = welcomed.connection.closed() => return,
            _ = tick.tick() => {}
        }
        let heard = welcomed.connection.stats().udp_rx.datagrams;
        if heard != before {
            before = heard;
            let now = welcomed.parts.clock.wall();
            welcomed.parts.presence.heard(welcomed.edge, now);
        }
    }
}

/// A second process claims an identity: both are named.
async fn record_second_holder(
    parts: &Parts,
    known: &Edge,
    address: &str,
    other: &str,
) -> anyhow::Result<()> {
    warn!(edge.id = %known.id, address, other, "a second machine claims to be edge {}", known.id);
    let (organisation, edge, now) = (known.organisation, known.id, parts.clock.wall());
    let (address, other) = (address.to_owned(), other.to_owned());
    parts
        .store
        .write(Priority::Machines, move |tx| {
            let stream = Stream {
                organisation,
                edge,
                epoch: 0,
            };
            let details = json!({ "refused": address, "connected": other });
            let summary = "A second machine claims to be this edge and was refused";
            audit::record(
                tx,
                &line(&stream, now, "edge.identity_in_use", summary, details),
            )?;
            let news = json!({ "id": edge, "identity_in_use": true, "at": now.to_string() });
            fleet::news::of_edge(tx, organisation, edge, &news)
        })
        .await
        .map_err(|error: StoreError| anyhow::Error::new(error).context("recording a second holder"))
}

fn line(
    stream: &Stream,
    at: Timestamp,
    action: &'static str,
    summary: &str,
    details: serde_json::Value,
) -> audit::Entry {
    audit::Entry {
        organisation: stream.organisation,
        at,
        actor: Actor::Edge(stream.edge),
        action,
        object_kind: "edge",
        object_id: stream.edge.to_string(),
        summary: summary.to_owned(),
        details,
        address: String::new(),
    }
}

pub(super) fn refusal(code: &str, message: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

/// Says why, waits until it was heard, and closes.
pub(super) async fn refuse(
    connection: &Connection,
    send: &mut SendStream,
    refusal: Refusal,
) -> anyhow::Result<()> {
    info!(address = %connection.remote_address(), code = refusal.code, "a connection is refused");
    frames::write(send, &refusal.into()).await?;
    send.finish()?;
    let _ = tokio::time::timeout(PATIENCE, send.stopped()).await;
    connection.close(4u32.into(), b"refused");
    Ok(())
}
