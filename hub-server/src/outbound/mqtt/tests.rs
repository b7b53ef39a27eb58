//! Publishing to a real Mosquitto, with a moved clock, and to a broker that drops in the middle.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use contract::ids::OrganisationId;
use rumqttc::ConnAck;
use rumqttc::Connect;
use rumqttc::ConnectReturnCode;
use rumqttc::Packet;
use rumqttc::PubAck;
use rumqttc::Publish;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::brokers;
use super::brokers::Broker;
use super::home::Gate;
use super::home::Snapshot;
use super::publisher::Publisher;
use super::publisher::belongs_to_broker;
use super::session::Session;
use super::session::Wire;
use crate::auth::Seal;
use crate::outbound::Config;
use crate::outbound::Courier;
use crate::outbound::Outbound;
use crate::outbound::outbox;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Wake;
use crate::store::testing::Scratch;
use crate::store::testing::scratch;

/// A real broker on a port of its own.
struct Mosquitto {
    _child: Child,
    _folder: TempDir,
}

impl Mosquitto {
    async fn start(port: u16, settings: &str, files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().display().to_string();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let config = format!(
            "user root\nlistener {port} 127.0.0.1\n{}\n",
            settings.replace("DIR", &dir)
        );
        let file = folder.path().join("mosquitto.conf");
        std::fs::write(&file, config).unwrap();
        let binary = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .expect("Mosquitto is installed by scripts/prepare");
        let child = Command::new(binary)
            .arg("-c")
            .arg(&file)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let listens = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), listens)
            .await
            .unwrap();
        Self {
            _child: child,
            _folder: folder,
        }
    }
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

struct World {
    store: Scratch,
    organisation: OrganisationId,
    publisher: Publisher,
    stop: CancellationToken,
}

impl World {
    async fn new(authorities: Vec<std::path::PathBuf>) -> Self {
        let store = scratch();
        let (organisation, _) = store.organisation("North").await;
        let config = Config {
            allow: vec!["127.0.0.1".parse().unwrap()],
            authorities,
            ..Config::default()
        };
        let parts = Courier {
            store: store.store(),
            clock: store.clock.clone(),
            outbound: Outbound::open(&config).unwrap(),
            seal: Arc::new(Seal::open(store.dir(), None).unwrap()),
        };
        let look = |_: &mut crate::store::Tx, _| {
            Ok(Snapshot {
                gates: vec![Gate {
                    id: uuid::Uuid::from_u128(2),
                    name: "North".into(),
                    is_open: Some(false),
                    plate: None,
                }],
                ..Snapshot::default()
            })
        };
        Self {
            organisation,
            publisher: Publisher {
                parts,
                look: Arc::new(look),
            },
            stop: CancellationToken::new(),
            store,
        }
    }

    fn broker(&self, port: u16) -> Broker {
        Broker {
            organisation: self.organisation,
            host: "127.0.0.1".into(),
            port,
            is_tls: false,
            user: String::new(),
            password: None,
            prefix: "gw".into(),
            discovery: "homeassistant".into(),
            is_on: true,
            position: 0,
            attempts: 0,
            next_at: self.store.clock.wall(),
            last_success_at: None,
            last_error: String::new(),
            revision: 0,
            changed_at: self.store.clock.wall(),
        }
    }

    async fn save(&self, broker: Broker) {
        let saved: Result<(), StoreError> = self
            .store
            .write(Priority::People, move |tx| {
                brokers::save_broker(tx, &broker)?;
                tx.wake(Wake::Live);
                Ok(())
            })
            .await;
        saved.unwrap();
    }

    async fn happens(&self, n: i64) {
        let organisation = self.organisation;
        let left: Result<(), StoreError> = self
            .store
            .write(Priority::Machines, move |tx| {
                outbox::leave(
                    tx,
                    organisation,
                    None,
                    "passage",
                    &serde_json::json!({ "n": n }),
                )?;
                tx.wake(Wake::Live);
                Ok(())
            })
            .await;
        left.unwrap();
    }

    async fn saved(&self) -> Broker {
        let organisation = self.organisation;
        let found: Result<Option<Broker>, StoreError> = self
            .store
            .read(move |tx| brokers::find_broker(tx, organisation))
            .await;
        found.unwrap().unwrap()
    }

    fn run(&self) -> tokio::task::JoinHandle<()> {
        tokio_util::task::TaskTracker::new().spawn(self.publisher.clone().run(self.stop.clone()))
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work)
        .await
        .unwrap()
}

/// Somebody who listens to everything.
async fn listener(port: u16) -> Session {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut session = Session::begin(Wire::Plain(stream), Connect::new("listener"))
        .await
        .unwrap();
    session.subscribe("#").await.unwrap();
    session
}

/// The events that come, `(n, id)`, until this many came; and everything retained on the way.
async fn events(session: &mut Session, count: usize) -> (Vec<(i64, String)>, Vec<Publish>) {
    let mut events = Vec::new();
    let mut others = Vec::new();
    while events.len() < count {
        for came in session.take() {
            if came.topic == "gw/event/passage" {
                let message: serde_json::Value = serde_json::from_slice(&came.payload).unwrap();
                let id = message["id"].as_str().unwrap().to_owned();
                events.push((message["data"]["n"].as_i64().unwrap(), id));
            } else {
                others.push(came);
            }
        }
        if events.len() < count {
            session.listen().await.unwrap();
        }
    }
    (events, others)
}

/// The measure for MQTT: a broker that is away for an hour gets every event afterwards, in order, each under one id.
#[tokio::test]
async fn a_broker_that_is_away_for_an_hour_gets_every_event_afterwards_in_order() {
    let world = World::new(Vec::new()).await;
    let port = free_port().await;
    world.save(world.broker(port)).await;
    let running = world.run();
    for n in 0..60 {
        world.happens(n).await;
        world.store.hand.advance(Duration::from_secs(60));
        tokio::task::yield_now().await;
    }
    within(async {
        while world.saved().await.attempts == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert!(world.saved().await.last_error.contains("connecting failed"));
    assert_eq!(world.saved().await.position, 0);
    let _mosquitto = Mosquitto::start(port, "allow_anonymous true", &[]).await;
    let mut session = listener(port).await;
    world.store.hand.advance(Duration::from_secs(3600));
    world.happens(60).await;
    let (came, others) = within(events(&mut session, 61)).await;
    let numbers: Vec<i64> = came.iter().map(|one| one.0).collect();
    assert_eq!(numbers, (0..61).collect::<Vec<i64>>());
    let ids: BTreeSet<&String> = came.iter().map(|one| &one.1).collect();
    assert_eq!(ids.len(), 61);
    let payload = |topic: &str| {
        let found = others.iter().rfind(|one| one.topic == topic);
        found.map(|one| String::from_utf8(one.payload.to_vec()).unwrap())
    };
    assert_eq!(payload("gw/status").as_deref(), Some("online"));
    let gate = uuid::Uuid::from_u128(2);
    assert_eq!(
        payload(&format!("gw/gate/{gate}/barrier")).as_deref(),
        Some("closed")
    );
    let config = format!(
        "homeassistant/cover/gatewarden_{}_barrier/config",
        gate.simple()
    );
    assert!(payload(&config).unwrap().contains("\"state_topic\""));
    // A hub that stops says so, and what it said is there for those who come later.
    world.stop.cancel();
    within(running).await.unwrap();
    let mut later = listener(port).await;
    let status = within(async {
        loop {
            if let Some(came) = later
                .take()
                .into_iter()
                .find(|one| one.topic == "gw/status")
            {
                return came;
            }
            later.listen().await.unwrap();
        }
    })
    .await;
    assert_eq!(
        (status.payload.as_ref(), status.retain),
        (&b"offline"[..], true)
    );
}

/// A broker that acknowledges three messages of a connection and drops it gets everything in the end, in order.
#[tokio::test]
async fn a_broker_that_drops_in_mid_publish_gets_everything_in_the_end() {
    let world = World::new(Vec::new()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut broker = world.broker(listener.local_addr().unwrap().port());
    broker.discovery = String::new();
    world.save(broker).await;
    for n in 0..10 {
        world.happens(n).await;
    }
    let running = world.run();
    let mut came: Vec<(i64, String)> = Vec::new();
    for connection in 0..4 {
        within(async {
            while i64::from(world.saved().await.attempts) < connection {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        // The pause after a failure is by the moved clock.
        world.store.hand.advance(Duration::from_secs(3600));
        world.happens(10 + connection).await;
        let (mut stream, _) = within(listener.accept()).await.unwrap();
        let acks = if connection < 3 {
            4 + 3 * connection
        } else {
            1000
        };
        let mut buffer = BytesMut::new();
        let mut done = 0;
        while done < acks && !came.iter().any(|one| one.0 == 13) {
            let packet = match Packet::read(&mut buffer, 1 << 20) {
                Ok(packet) => packet,
                Err(_) => {
                    if within(stream.read_buf(&mut buffer)).await.unwrap() == 0 {
                        break;
                    }
                    continue;
                }
            };
            let mut answer = BytesMut::new();
            if let Packet::Connect(_) = packet {
                let let_in = ConnAck::new(ConnectReturnCode::Success, false);
                Packet::ConnAck(let_in).write(&mut answer, 100).unwrap();
            } else if let Packet::Publish(publish) = packet {
                if publish.topic == "gw/event/passage" {
                    let message: serde_json::Value =
                        serde_json::from_slice(&publish.payload).unwrap();
                    let id = message["id"].as_str().unwrap().to_owned();
                    came.push((message["data"]["n"].as_i64().unwrap(), id));
                }
                Packet::PubAck(PubAck::new(publish.pkid))
                    .write(&mut answer, 100)
                    .unwrap();
                done += 1;
            }
            stream.write_all(&answer).await.unwrap();
        }
    }
    // Repeats are allowed; without them everything is there, in order, each number under one id.
    let mut seen = BTreeSet::new();
    let firsts: Vec<i64> = came
        .iter()
        .filter(|one| seen.insert(one.1.clone()))
        .map(|one| one.0)
        .collect();
    assert_eq!(firsts, (0..14).collect::<Vec<i64>>());
    assert!(came.len() > firsts.len(), "the drops made repeats");
    world.stop.cancel();
    running.abort();
}

/// TLS is verified, the log-in is needed, and a wrong password is told and not tried in a loop.
#[tokio::test]
async fn a_broker_over_tls_with_a_log_in_takes_the_right_password_only() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, made.cert.pem()).unwrap();
    let port = free_port().await;
    let users = folder.path().join("users");
    let status = Command::new("mosquitto_passwd")
        .args(["-b", "-c"])
        .arg(&users)
        .args(["hub", "right"])
        .status();
    assert!(status.await.unwrap().success());
    let settings = "allow_anonymous false\npassword_file DIR/users\ncertfile DIR/cert.pem\nkeyfile DIR/key.pem";
    let files = [
        ("users", std::fs::read_to_string(&users).unwrap()),
        ("cert.pem", made.cert.pem()),
        ("key.pem", made.signing_key.serialize_pem()),
    ];
    let _mosquitto = Mosquitto::start(port, settings, &files).await;
    let attempt = async |world: &World, password: &str| {
        let mut broker = world.broker(port);
        broker.is_tls = true;
        broker.user = "hub".into();
        let what = belongs_to_broker(world.organisation);
        let sealed = world.publisher.parts.seal.seal(password.as_bytes(), &what);
        broker.password = Some(sealed.unwrap());
        world.save(broker).await;
        world.happens(1).await;
        let running = world.run();
        let after = within(async {
            loop {
                let broker = world.saved().await;
                if broker.attempts > 0 || broker.last_success_at.is_some() {
                    return broker;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let attempts = world.saved().await.attempts;
        world.stop.cancel();
        within(running).await.unwrap();
        (after, attempts)
    };
    let stranger = World::new(Vec::new()).await;
    let (broker, _) = attempt(&stranger, "right").await;
    assert!(
        broker.last_error.contains("no trusted TLS"),
        "{}",
        broker.last_error
    );
    let wrong = World::new(vec![authority.clone()]).await;
    let (broker, attempts) = attempt(&wrong, "wrong").await;
    assert!(
        broker.last_error.contains("refuses the log-in"),
        "{}",
        broker.last_error
    );
    assert_eq!(attempts, 1);
    let right = World::new(vec![authority]).await;
    let (broker, _) = attempt(&right, "right").await;
    assert_eq!((broker.last_error.as_str(), broker.attempts), ("", 0));
    assert!(broker.last_success_at.is_some());
}
