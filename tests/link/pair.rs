//! A hub and an edge in this process: their stores and their links, nothing else.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use contract::code::EnrolCode;
use contract::ids::EdgeId;
use contract::ids::OrderId;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::sighting::Direction;
use contract::time::Clock;
use contract::wire::EnrolledGate;
use edge_agent::link::Identity;
use edge_agent::link::Status;
use edge_agent::orders::OrderReceiver;
use hub_server::audit;
use hub_server::evidence::Evidence;
use hub_server::fleet::authority::Authority;
use hub_server::fleet::enrolments;
use hub_server::fleet::enrolments::Enrolment;
use hub_server::fleet::enrolments::PlannedGate;
use hub_server::fleet::orders;
use hub_server::fleet::orders::Order;
use hub_server::fleet::presence::Presence;
use hub_server::fleet::sight::Sight;
use hub_server::link::Config;
use hub_server::link::Listener;
use hub_server::link::Parts;
use hub_server::store::Priority;
use hub_server::store::Store;
use hub_server::store::StoreError;
use hub_server::store::testing::Scratch;
use hub_server::store::testing::scratch;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A hub's store and link.
pub struct Hub {
    scratch: Scratch,
    pub parts: Parts,
    pub organisation: OrganisationId,
    site: SiteId,
    pub address: SocketAddr,
    pub authority: Arc<Authority>,
    pub evidence: Arc<Evidence>,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

/// One event as the hub's ledger has it.
#[derive(Debug, PartialEq)]
pub struct HeldEvent {
    pub seq: u64,
    pub raw: Vec<u8>,
    pub state: String,
}

impl Hub {
    pub async fn start(clock: Clock) -> Self {
        let scratch = scratch();
        let (organisation, site) = scratch.organisation("North").await;
        let dir = scratch.dir().to_owned();
        let authority = Arc::new(Authority::open(&dir.join("authority"), clock.wall()).unwrap());
        let kept = hub_server::evidence::Config::default();
        let evidence = Arc::new(Evidence::open(&dir.join("evidence"), &kept).unwrap());
        let parts = Parts {
            store: Store::clone(&scratch),
            clock,
            authority: Arc::clone(&authority),
            presence: Presence::default(),
            sight: Sight::default(),
            evidence: Arc::clone(&evidence),
        };
        let mut hub = Self {
            scratch,
            parts,
            organisation,
            site,
            address: ([127, 0, 0, 1], 0).into(),
            authority,
            evidence,
            cancel: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        hub.listen().await;
        hub
    }

    async fn listen(&mut self) {
        let config = Config {
            listen: self.address,
            ..Config::default()
        };
        // The old socket is closed by a task of its own, a moment after its listener ended.
        let limit = Duration::from_secs(10);
        let listener = harness::wait_for("the port", limit, || async {
            Listener::bind(self.parts.clone(), &config).ok()
        })
        .await
        .unwrap();
        self.address = listener.local_address().unwrap();
        self.cancel = CancellationToken::new();
        let cancel = self.cancel.clone();
        self.tasks
            .spawn(async move { listener.run(cancel).await.unwrap() });
    }

    /// The link goes away, every connection with it, and comes back at the same address.
    pub async fn restart(&mut self) {
        self.end().await;
        self.listen().await;
    }

    async fn end(&mut self) {
        self.cancel.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }

    pub async fn stop(mut self) {
        self.end().await;
    }

    pub fn store(&self) -> &Store {
        &self.scratch
    }

    pub fn presence(&self) -> usize {
        self.parts.presence.count()
    }

    /// Gives a code out.
    pub async fn code(&self, name: &str, gates: &[&str]) -> EnrolCode {
        let at = self.parts.clock.wall();
        let code = EnrolCode {
            secret: rand::random(),
            authority: self.authority.fingerprint(),
        };
        let enrolment = Enrolment {
            id: contract::ids::PermitId::new(at, rand::random()).0,
            organisation: self.organisation,
            site: self.site,
            name: name.to_owned(),
            gates: gates
                .iter()
                .map(|gate| PlannedGate {
                    name: (*gate).to_owned(),
                    direction: Direction::Entry,
                })
                .collect(),
            created_by: "marisol".into(),
            created_at: at,
            expires_at: at.plus(enrolments::HOLDS),
            used_at: None,
            used_key: None,
            edge: None,
        };
        let hash = enrolments::hash(&code.secret);
        self.store()
            .write(Priority::People, move |tx| {
                enrolments::create(tx, &enrolment, hash)
            })
            .await
            .unwrap();
        code
    }

    pub async fn enrol(&self, code: &EnrolCode, data: &Path) -> anyhow::Result<Vec<EnrolledGate>> {
        let hub = self.address.to_string();
        edge_agent::link::enrol(&hub, &code.to_string(), data, "pi", &self.parts.clock).await
    }

    pub async fn events(&self, edge: EdgeId) -> Vec<HeldEvent> {
        let read: Result<_, StoreError> = self
            .store()
            .read(move |tx| {
                tx.list(
                    "SELECT seq, raw, state FROM ledger WHERE edge = $1 ORDER BY epoch, seq",
                    &[edge.into()],
                )?
                .iter()
                .map(|row| {
                    Ok(HeldEvent {
                        seq: row.number(0)?,
                        raw: row.bytes(1)?,
                        state: row.text(2)?,
                    })
                })
                .collect()
            })
            .await;
        read.unwrap()
    }

    pub async fn order(&self, id: OrderId) -> Order {
        let (organisation, now) = (self.organisation, self.parts.clock.wall());
        let read: Result<_, StoreError> = self
            .store()
            .read(move |tx| orders::find_order(tx, organisation, id, now))
            .await;
        read.unwrap().unwrap()
    }

    pub async fn audit_actions(&self) -> Vec<String> {
        let organisation = self.organisation;
        let read: Result<_, StoreError> = self
            .store()
            .read(move |tx| audit::list(tx, organisation, &audit::Filter::default(), 100))
            .await;
        read.unwrap().into_iter().map(|line| line.action).collect()
    }
}

/// An edge's store and link.
pub struct Edge {
    data: tempfile::TempDir,
    clock: Clock,
    pub id: EdgeId,
    pub gates: Vec<EnrolledGate>,
    pub store: Arc<edge_agent::store::Store>,
    pub orders: OrderReceiver,
    /// The cameras by gate and name; set before it connects.
    pub cameras: edge_agent::camera::Controls,
    hub: String,
    status: watch::Receiver<Status>,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

impl Edge {
    /// A machine that was just enrolled.
    pub async fn enrolled(hub: &Hub, name: &str, gates: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let code = hub.code(name, gates).await;
        hub.enrol(&code, data.path()).await.unwrap();
        Self::open(data, hub.parts.clock.clone())
    }

    fn open(data: tempfile::TempDir, clock: Clock) -> Self {
        let identity = Identity::load(data.path()).unwrap();
        let config = edge_agent::store::Config::default();
        let store =
            edge_agent::store::Store::open(&data.path().join("store"), clock.clone(), config);
        Self {
            clock,
            id: identity.edge,
            gates: identity.gates.clone(),
            store: Arc::new(store.unwrap()),
            orders: edge_agent::orders::channel().1,
            cameras: edge_agent::camera::Controls::new(),
            hub: identity.hub.clone(),
            status: watch::channel(Status::default()).1,
            cancel: CancellationToken::new(),
            tasks: JoinSet::new(),
            data,
        }
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Another machine with the same identity and a spool of its own.
    pub fn cloned(&self) -> Self {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("identity")).unwrap();
        for file in std::fs::read_dir(self.data().join("identity")).unwrap() {
            let file = file.unwrap();
            let copy = data.path().join("identity").join(file.file_name());
            std::fs::copy(file.path(), copy).unwrap();
        }
        Self::open(data, self.clock.clone())
    }

    /// An image of the card, taken while the machine is off.
    pub async fn image(&mut self) -> tempfile::TempDir {
        self.switch_off().await;
        let image = tempfile::tempdir().unwrap();
        copy(&self.data().join("store"), image.path());
        self.switch_on("store");
        image
    }

    /// The image is put back on the card.
    pub async fn put_back(&mut self, image: tempfile::TempDir) {
        self.switch_off().await;
        let store = self.data().join("store");
        std::fs::remove_dir_all(&store).unwrap();
        copy(image.path(), &store);
        self.switch_on("store");
    }

    /// Lets go of the store: something else stands in its place until the machine is on again.
    async fn switch_off(&mut self) {
        self.store.close().await;
        self.switch_on("off");
    }

    fn switch_on(&mut self, store: &str) {
        let config = edge_agent::store::Config::default();
        let dir = self.data().join(store);
        let store = edge_agent::store::Store::open(&dir, self.clock.clone(), config);
        self.store = Arc::new(store.unwrap());
    }

    /// The same machine after a restart under another clock.
    pub async fn reopen(&mut self, clock: Clock) {
        self.store.close().await;
        let config = edge_agent::store::Config::default();
        let fresh = self.data().join("store-of-another-day");
        let store = edge_agent::store::Store::open(&fresh, clock, config);
        self.store = Arc::new(store.unwrap());
    }

    /// The edge trusts this hub's authority in place of its own, and calls it.
    pub fn believe(&mut self, hub: &Hub) {
        let path = self.data().join("identity/authority.pem");
        std::fs::write(path, hub.authority.pem()).unwrap();
        self.call(hub);
    }

    /// The edge calls this hub.
    pub fn call(&mut self, hub: &Hub) {
        self.hub = hub.address.to_string();
    }

    /// Starts the link.
    pub fn connect(&mut self) {
        let (send, orders) = edge_agent::orders::channel();
        let (put, status) = watch::channel(Status::default());
        self.orders = orders;
        self.status = status;
        self.cancel = CancellationToken::new();
        let config = edge_agent::link::Config {
            hubs: vec![self.hub.clone()],
        };
        let identity = Identity::load(self.data()).unwrap();
        let (store, cancel) = (Arc::clone(&self.store), self.cancel.clone());
        self.tasks.spawn(edge_agent::link::run(
            config,
            identity,
            store,
            send,
            self.cameras.clone(),
            put,
            cancel,
        ));
    }

    /// Waits until the link stands as wanted.
    pub async fn status(&mut self, wanted: impl Fn(&Status) -> bool, limit: Duration) -> Status {
        let waiting = self.status.wait_for(|status| wanted(status));
        tokio::time::timeout(limit, waiting)
            .await
            .unwrap()
            .unwrap()
            .clone()
    }

    /// Waits until the hub has everything.
    pub async fn all_acknowledged(&self, limit: Duration) {
        let mut watch = self.store.spool.watch();
        let all = watch.wait_for(|state| state.next_seq > 1 && state.waiting() == 0);
        tokio::time::timeout(limit, all).await.unwrap().unwrap();
    }

    /// Ends the link.
    pub async fn stop(&mut self) {
        self.cancel.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
