//! Keeps each organisation's broker up to date: availability, what Home Assistant is told, states, events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use contract::ids::OrganisationId;
use rumqttc::Connect;
use rumqttc::LastWill;
use rumqttc::QoS;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing::warn;

use super::brokers;
use super::brokers::Broker;
use super::home;
use super::home::Message;
use super::home::Snapshot;
use super::session::Session;
use super::session::SessionError;
use super::session::Wire;
use crate::outbound::Courier;
use crate::outbound::OutboundError;
use crate::outbound::backoff;
use crate::outbound::outbox;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// Events that are published before the position is noted.
const AT_ONCE: i64 = 100;
/// How often a silent session shows that it lives.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long the broker waits for a sign of life, in seconds.
const KEEP_ALIVE_S: u16 = 60;
/// The longest wait before brokers are looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How an organisation looks at this moment; `run` wires it, because no room of the house knows of parking.
pub type Look = Arc<dyn Fn(&mut Tx, OrganisationId) -> Result<Snapshot, StoreError> + Send + Sync>;

/// Publishes to brokers; clones share everything.
#[derive(Clone)]
pub struct Publisher {
    /// The store, the clock, the way out and the key.
    pub parts: Courier,
    /// What states are.
    pub look: Look,
}

/// What a broker's password is sealed for.
pub fn belongs_to_broker(organisation: OrganisationId) -> String {
    format!("broker of {organisation}")
}

/// Why publishing stopped.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the password can't be opened; set it again")]
    Password,
}

impl Publisher {
    /// Publishes until the hub stops.
    pub async fn run(self, stop: CancellationToken) {
        let mut wakes = self.parts.store.wakes();
        let mut tasks: JoinSet<OrganisationId> = JoinSet::new();
        let mut running: BTreeMap<OrganisationId, (i64, CancellationToken)> = BTreeMap::new();
        loop {
            let wait = match self.parts.store.read(brokers::list_on).await {
                Ok(on) => self.settle(on, &mut running, &mut tasks, &stop),
                Err(error) => {
                    warn!("looking for brokers failed: {error}");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = tasks.join_next() => match ended {
                    Ok(organisation) => {
                        running.remove(&organisation);
                    }
                    Err(error) => warn!("publishing over MQTT ended: {error}"),
                },
                woken = wakes.recv() => if matches!(woken, Err(RecvError::Closed)) {
                    break;
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
        // Each says goodbye.
        while tasks.join_next().await.is_some() {}
    }

    /// Starts what is due, ends what was changed or removed, and says how long to wait.
    fn settle(
        &self,
        on: Vec<Broker>,
        running: &mut BTreeMap<OrganisationId, (i64, CancellationToken)>,
        tasks: &mut JoinSet<OrganisationId>,
        stop: &CancellationToken,
    ) -> Duration {
        let now = self.parts.clock.wall();
        for (organisation, (revision, token)) in running.iter() {
            let holds = on
                .iter()
                .any(|one| one.organisation == *organisation && one.revision == *revision);
            if !holds {
                token.cancel();
            }
        }
        let mut wait = LOOK_EVERY;
        for broker in on {
            let organisation = broker.organisation;
            if running.contains_key(&organisation) {
                continue;
            }
            if broker.next_at > now {
                wait = wait.min(broker.next_at.since(now));
                continue;
            }
            let token = stop.child_token();
            running.insert(organisation, (broker.revision, token.clone()));
            let publisher = self.clone();
            tasks.spawn(async move {
                publisher.serve(broker, token).await;
                organisation
            });
        }
        wait.max(Duration::from_millis(50))
    }

    /// One broker, until it fails or is changed.
    async fn serve(&self, broker: Broker, token: CancellationToken) {
        let organisation = broker.organisation;
        let Err(stopped) = self.publish(&broker, &token).await else {
            return;
        };
        warn!(organisation.id = %organisation, "publishing over MQTT failed: {stopped}");
        let error = stopped.to_string();
        let now = self.parts.clock.wall();
        let noted: Result<(), StoreError> = self
            .parts
            .store
            .write(Priority::Machines, move |tx| {
                // What came through since then set the count back.
                let attempts = brokers::find_broker(tx, organisation)?
                    .map_or(0, |broker| broker.attempts)
                    .saturating_add(1);
                let next = now.plus(backoff::pause(attempts));
                brokers::failed(tx, organisation, attempts, next, &error)
            })
            .await;
        if let Err(error) = noted {
            warn!("noting a failure of MQTT failed: {error}");
        }
    }

    async fn publish(&self, broker: &Broker, token: &CancellationToken) -> Result<(), Stopped> {
        let mut wakes = self.parts.store.wakes();
        let mut session = self.begin(broker).await?;
        info!(organisation.id = %broker.organisation, "publishing over MQTT");
        if !broker.discovery.is_empty() {
            session
                .subscribe(&format!("{}/status", broker.discovery))
                .await?;
        }
        let status = home::availability(&broker.prefix);
        let say = |word: &str| Message {
            topic: status.clone(),
            payload: word.to_owned(),
            is_retained: true,
        };
        session.publish(&[say("online")]).await?;
        let mut published = BTreeMap::new();
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            self.states(broker, &mut session, &mut published).await?;
            self.events(broker, &mut session).await?;
            tokio::select! {
                () = token.cancelled() => {
                    session.publish(&[say("offline")]).await?;
                    session.end().await;
                    return Ok(());
                }
                heard = session.listen() => {
                    heard?;
                    if session.take().iter().any(|one| one.payload.as_ref() == b"online") {
                        // Home Assistant came back and knows nothing.
                        published.clear();
                    }
                }
                woken = wakes.recv() => if matches!(woken, Err(RecvError::Closed)) {
                    return Ok(());
                },
                _ = ping.tick() => session.ping().await?,
            }
        }
    }

    async fn begin(&self, broker: &Broker) -> Result<Session, Stopped> {
        let out = &self.parts.outbound;
        let way = |error: OutboundError| Stopped::Session(SessionError::Way(error));
        let wire = if broker.is_tls {
            let stream = out.connect_tls(&broker.host, broker.port).await;
            Wire::Tls(Box::new(stream.map_err(way)?))
        } else {
            let stream = out.connect_plain(&broker.host, broker.port).await;
            Wire::Plain(stream.map_err(way)?)
        };
        let mut connect = Connect::new(format!("gatewarden-{}", broker.organisation));
        connect.keep_alive = KEEP_ALIVE_S;
        connect.last_will = Some(LastWill::new(
            home::availability(&broker.prefix),
            "offline",
            QoS::AtLeastOnce,
            true,
        ));
        if !broker.user.is_empty() {
            let password = match &broker.password {
                Some(sealed) => self
                    .parts
                    .seal
                    .open_sealed(sealed, &belongs_to_broker(broker.organisation))
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .ok_or(Stopped::Password)?,
                None => String::new(),
            };
            connect.set_login(&broker.user, password);
        }
        Ok(Session::begin(wire, connect).await?)
    }

    /// Publishes what changed of the states and of what Home Assistant is told.
    async fn states(
        &self,
        broker: &Broker,
        session: &mut Session,
        published: &mut BTreeMap<String, String>,
    ) -> Result<(), Stopped> {
        let (look, organisation) = (Arc::clone(&self.look), broker.organisation);
        let shown = self
            .parts
            .store
            .read(move |tx| look(tx, organisation))
            .await?;
        let mut wanted = home::discovery(&broker.prefix, &broker.discovery, &shown);
        wanted.append(&mut home::states(&broker.prefix, &shown));
        session.publish(&home::changes(published, &wanted)).await?;
        *published = wanted;
        Ok(())
    }

    /// Publishes what waits in the outbox, and notes it when the broker has it.
    async fn events(&self, broker: &Broker, session: &mut Session) -> Result<(), Stopped> {
        let organisation = broker.organisation;
        let store = &self.parts.store;
        loop {
            let now = self.parts.clock.wall();
            let events = store
                .write(Priority::Machines, move |tx| {
                    if outbox::has_unseen(tx)? {
                        outbox::stamp(tx, now)?;
                    }
                    let position =
                        brokers::find_broker(tx, organisation)?.map_or(i64::MAX, |b| b.position);
                    outbox::list_after(tx, organisation, position, AT_ONCE)
                })
                .await?;
            let Some(last) = events.last().map(|event| event.number) else {
                return Ok(());
            };
            let messages: Vec<Message> = events
                .iter()
                .map(|event| Message {
                    topic: home::event_topic(&broker.prefix, &event.kind),
                    payload: event.message(),
                    is_retained: false,
                })
                .collect();
            session.publish(&messages).await?;
            let now = self.parts.clock.wall();
            store
                .write(Priority::Machines, move |tx| {
                    brokers::acknowledged(tx, organisation, last, now)
                })
                .await?;
        }
    }
}
