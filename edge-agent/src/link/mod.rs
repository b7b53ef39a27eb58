//! The link: talks to a hub over QUIC, and is the only room that does.
//!
//! Called by `run`. Events go up in batches, directives come down, pictures follow their events on streams of their
//! own, and the hub's time is asked for. What people set for cameras is kept and applied here. The gates never wait for it: it reads what `store` has on disk, and it hands
//! orders on through a channel.
//!
//! Invariants:
//! - An event is forgotten by nobody before the hub's acknowledgement of this generation is on disk (`sync`).
//! - What the hub has of this epoch is what its welcome says, also when it is less than it once acknowledged.
//! - A directive is acknowledged after it is on disk for good; an order is recorded before it is handed on, judged by
//!   the hub's time, and late in doubt (`directives`, `hub_time`).
//! - Memory is bounded: four batches, one picture, one directive message.
//! - A hub is believed only if its certificate comes from the pinned authority (`dial`).

mod cameras;
mod dial;
mod directives;
mod enrol;
mod events;
mod hub_time;
mod hubs;
mod identity;
mod pictures;
pub mod sync;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::camera::SnapshotRequest;
use contract::ids::GateId;
use contract::time::Timestamp;
use contract::wire::Hello;
use contract::wire::Message;
use contract::wire::TimeRequest;
use contract::wire::Welcome;
use quinn::RecvStream;
use quinn::SendStream;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing::warn;

pub use enrol::enrol;
pub use identity::Identity;
pub use identity::IdentityError;

use crate::camera::Controls;
use crate::link::dial::Line;
use crate::link::hub_time::HubTime;
use crate::link::hubs::Hubs;
use crate::orders::OrderSender;
use crate::store::Store;

/// Section `[link]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Hubs as `host:port`, in order of preference. Empty: the one that enrolled this machine.
    pub hubs: Vec<String>,
}

/// How the link stands, for the status socket and the panel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether a hub has welcomed this edge and the connection stands.
    pub connected: bool,
    /// The hub that is or was tried last.
    pub hub: String,
    /// Since when it is so.
    pub since: Timestamp,
    /// Why it is not connected.
    pub error: Option<String>,
}

/// The largest message on the streams of control and events, from the hub. Permit books are the large ones.
const LIMIT: usize = contract::wire::LARGEST_BODY;
/// How long the hub may take to welcome.
const WELCOME: Duration = Duration::from_secs(15);
/// How often the hub is asked for the time.
const TIME_EVERY: Duration = Duration::from_secs(15);
/// The wait after a refusal that only a person can lift.
const REFUSED_WAIT: Duration = Duration::from_secs(60);

/// What the parts of a connection share.
struct Shared {
    store: Arc<Store>,
    orders: OrderSender,
    time: Mutex<HubTime>,
    /// The newest term that a hub named; directives of an older one are not obeyed.
    term: Mutex<u64>,
    /// The cameras of this edge.
    cameras: Controls,
    /// The revision of each camera that this process has answered.
    told: Mutex<BTreeMap<(GateId, String), u64>>,
}

impl Shared {
    fn now(&self) -> Duration {
        self.store.time.clock().monotonic()
    }

    fn told(&self) -> std::sync::MutexGuard<'_, BTreeMap<(GateId, String), u64>> {
        self.told
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes the hub's answer to "what time is it?".
    fn take_time(&self, time: Timestamp, asked: Duration, answered: Duration) {
        let mut hub = self
            .time
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if hub.take(time, asked, answered)
            && let Some((time, at)) = hub.middle()
        {
            self.store.time.take_hub_time(time, at);
        }
    }
}

/// Why a connection ended.
#[derive(Debug)]
enum End {
    /// The hub refused this edge.
    Refused {
        /// The stable name of the reason.
        code: String,
        /// For a person.
        message: String,
    },
    /// The machine of `sync` asks for a new connection.
    Reconnect(sync::Why),
    /// The hub knows numbers that this spool never gave: the spool has begun a new epoch.
    ForkedNumbering,
}

/// Keeps this edge connected until it is cancelled.
pub async fn run(
    config: Config,
    identity: Identity,
    store: Arc<Store>,
    orders: OrderSender,
    cameras: Controls,
    status: watch::Sender<Status>,
    cancel: CancellationToken,
) {
    let list = if config.hubs.is_empty() {
        vec![identity.hub.clone()]
    } else {
        config.hubs
    };
    let mut hubs = Hubs::new(list);
    let shared = Shared {
        store,
        orders,
        time: Mutex::new(HubTime::default()),
        term: Mutex::new(0),
        cameras,
        told: Mutex::default(),
    };
    while !cancel.is_cancelled() {
        let Some(address) = hubs.current().map(str::to_owned) else {
            warn!("no hub is configured: events stay in the spool");
            return;
        };
        let ended = tokio::select! {
            () = cancel.cancelled() => break,
            ended = connection(&address, &identity, &shared, &mut hubs, &status) => ended,
        };
        let mut wait = hubs.failed(rand::random());
        let why = match ended {
            Ok(End::Refused { code, message }) => {
                if code != "identity_in_use" && code != "busy" {
                    wait = wait.max(REFUSED_WAIT);
                }
                format!("the hub refused this edge: {message} ({code})")
            }
            Ok(End::Reconnect(why)) => format!("starting the connection over: {why:?}"),
            Ok(End::ForkedNumbering) => {
                "the hub has other events under this spool's numbers: it was copied or restored, and begins a new epoch"
                    .to_owned()
            }
            Err(error) => format!("{error:#}"),
        };
        warn!(hub = %address, wait_ms = wait.as_millis(), "the link to the hub is down: {why}");
        disconnected(&status, &shared, &address, why);
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    info!("the link is closed");
}

fn disconnected(status: &watch::Sender<Status>, shared: &Shared, address: &str, why: String) {
    let now = shared.store.time.wall();
    status.send_modify(|status| {
        if status.connected || status.since == Timestamp::default() {
            status.since = now;
        }
        status.connected = false;
        address.clone_into(&mut status.hub);
        status.error = Some(why);
    });
}

/// One connection, from the handshake to its end.
async fn connection(
    address: &str,
    identity: &Identity,
    shared: &Shared,
    hubs: &mut Hubs,
    status: &watch::Sender<Status>,
) -> anyhow::Result<End> {
    let line = dial::connect(address, identity, shared.store.time.clock()).await?;
    let (mut send, mut receive) = line
        .connection
        .open_bi()
        .await
        .context("opening the control stream")?;
    let spool = shared.store.spool.watch().borrow().clone();
    let hello = Hello {
        edge: identity.edge,
        epoch: spool.epoch,
        first_seq: spool.first_seq,
        next_seq: spool.next_seq,
        boot: shared.store.time.boot().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        directives_through: shared.store.permits.directives_through(),
        book_version: shared.store.permits.book().version,
    };
    let welcome = match greet(&hello, shared, &mut send, &mut receive).await? {
        Ok(welcome) => welcome,
        Err(end) => return Ok(end),
    };
    info!(hub = %address, through = welcome.through, "connected to the hub at {address}");
    hubs.succeeded();
    status.send_replace(Status {
        connected: true,
        hub: address.to_owned(),
        since: shared.store.time.wall(),
        error: None,
    });
    let ended = work(&line, shared, hello, welcome, send, receive).await;
    line.close(b"closed").await;
    ended
}

/// Says hello and waits for the welcome.
async fn greet(
    hello: &Hello,
    shared: &Shared,
    send: &mut SendStream,
    receive: &mut RecvStream,
) -> anyhow::Result<Result<Welcome, End>> {
    let asked = shared.now();
    frames::write(send, &hello.clone().into())
        .await
        .context("saying hello")?;
    let answer = tokio::time::timeout(WELCOME, frames::read(receive, LIMIT))
        .await
        .context("the hub did not answer the hello in time")??;
    match answer {
        Some(Message::Welcome(welcome)) => {
            *shared
                .time
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = HubTime::default();
            shared.take_time(welcome.time, asked, shared.now());
            let mut term = shared
                .term
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if welcome.term < *term {
                bail!(
                    "this hub is of term {}, and {} is known",
                    welcome.term,
                    *term
                );
            }
            *term = welcome.term;
            Ok(Ok(welcome))
        }
        Some(Message::Refusal(refusal)) => Ok(Err(End::Refused {
            code: refusal.code,
            message: refusal.message,
        })),
        Some(other) => bail!("the hub answered the hello with kind {}", other.kind()),
        None => bail!("the hub closed the connection without a welcome"),
    }
}

/// Runs the parts of a welcomed connection until one of them ends.
async fn work(
    line: &Line,
    shared: &Shared,
    hello: Hello,
    welcome: Welcome,
    send: SendStream,
    mut receive: RecvStream,
) -> anyhow::Result<End> {
    let send = tokio::sync::Mutex::new(send);
    let (ask, mut asked) = mpsc::channel(cameras::MOST_REQUESTS);
    tokio::select! {
        ended = events::run(line, shared, hello, welcome) => ended,
        ended = control(shared, &send, &mut receive, &ask) => ended.map(|never| match never {}),
        ended = ask_time(shared, &send) => ended.map(|never| match never {}),
        ended = pictures::run(line, shared) => ended.map(|never| match never {}),
        ended = cameras::report(shared, &send) => ended.map(|never| match never {}),
        ended = cameras::snapshots(line, shared, &mut asked) => ended.map(|never| match never {}),
    }
}

/// Nothing: a part that ends only with an error.
enum Never {}

/// Takes what the hub says on the control stream.
async fn control(
    shared: &Shared,
    send: &tokio::sync::Mutex<SendStream>,
    receive: &mut RecvStream,
    ask: &mpsc::Sender<SnapshotRequest>,
) -> anyhow::Result<Never> {
    loop {
        let message = frames::read(receive, LIMIT)
            .await
            .context("reading the control stream")?;
        match message {
            Some(Message::Directives(directives)) => {
                if let Some(ack) = directives::take(shared, directives).await? {
                    frames::write(&mut *send.lock().await, &ack.into()).await?;
                }
            }
            Some(Message::CameraDirectives(directives)) => {
                cameras::take(shared, directives).await?;
            }
            // A hub that asks faster than pictures can be sent gets those it asked for first.
            Some(Message::SnapshotRequest(request)) => drop(ask.try_send(request)),
            Some(Message::TimeReply(reply)) => {
                let asked = Duration::from_millis(reply.sent_monotonic_ms);
                let now = shared.now();
                // An answer to a question of the future is none.
                if asked <= now {
                    shared.take_time(reply.time, asked, now);
                }
            }
            Some(Message::Refusal(refusal)) => {
                bail!(
                    "the hub ended the session: {} ({})",
                    refusal.message,
                    refusal.code
                )
            }
            Some(other) => bail!("a message of kind {} on the control stream", other.kind()),
            None => bail!("the hub closed the control stream"),
        }
    }
}

/// Asks the hub for the time, again and again.
async fn ask_time(shared: &Shared, send: &tokio::sync::Mutex<SendStream>) -> anyhow::Result<Never> {
    let mut tick = tokio::time::interval(TIME_EVERY);
    loop {
        tick.tick().await;
        let request = TimeRequest {
            sent_monotonic_ms: u64::try_from(shared.now().as_millis()).unwrap_or(u64::MAX),
        };
        frames::write(&mut *send.lock().await, &request.into())
            .await
            .context("asking for the time")?;
    }
}
