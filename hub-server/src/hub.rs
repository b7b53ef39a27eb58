//! What every part of a running hub shares.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use contract::time::Clock;
use tokio::sync::Semaphore;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth;
use crate::evidence::Evidence;
use crate::fleet::authority::Authority;
use crate::fleet::presence::Presence;
use crate::fleet::sight::Sight;
use crate::outbound::Courier;
use crate::outbound::Outbound;
use crate::store::Store;
use crate::store::Wake;

/// Consoles that may listen to live news at once.
const LIVE_STREAMS: usize = 256;
/// Exports that may be sent at once.
const EXPORTS: usize = 8;

/// The hub's parts; handed around as `Arc<Hub>`.
pub struct Hub {
    /// The master record.
    pub store: Store,
    /// Where time comes from.
    pub clock: Clock,
    /// The data directory; rooms that keep files have a folder each in it.
    pub data: PathBuf,
    /// Who issues certificates.
    pub authority: Arc<Authority>,
    /// Where pictures are kept.
    pub evidence: Arc<Evidence>,
    /// Seals secrets that the hub must read again.
    pub seal: Arc<auth::Seal>,
    /// Hashes and checks passwords.
    pub hasher: auth::Hasher,
    /// Counts failed log-ins of staff.
    pub attempts: auth::Attempts,
    /// Counts failed log-ins of customers.
    pub customer_attempts: auth::Attempts,
    /// The one way out.
    pub outbound: Outbound,
    /// How people log in.
    pub auth: auth::Config,
    /// Who is connected.
    pub presence: Presence,
    /// What cameras show.
    pub sight: Sight,
    /// What the web needs to know of its surroundings.
    pub web: WebSettings,
    /// Turns of live streams.
    pub live_streams: Arc<Semaphore>,
    /// Turns of exports, each of which reads for as long as its receiver takes it.
    pub exports: Arc<Semaphore>,
    /// Set once everything listens; `/ready` tells it.
    pub ready: AtomicBool,
    /// Cancelled when the hub stops.
    pub stop: CancellationToken,
    /// Every task of the hub, so that stopping waits for them.
    pub tasks: TaskTracker,
}

/// What a hub is made of.
pub struct Parts {
    /// The master record.
    pub store: Store,
    /// Where time comes from.
    pub clock: Clock,
    /// The data directory.
    pub data: PathBuf,
    /// Who issues certificates.
    pub authority: Arc<Authority>,
    /// Where pictures are kept.
    pub evidence: Arc<Evidence>,
    /// Seals secrets that the hub must read again.
    pub seal: auth::Seal,
    /// Who is connected.
    pub presence: Presence,
    /// What cameras show.
    pub sight: Sight,
    /// The one way out.
    pub outbound: Outbound,
    /// How people log in.
    pub auth: auth::Config,
    /// What the web needs to know of its surroundings.
    pub web: WebSettings,
    /// Cancelled when the hub stops.
    pub stop: CancellationToken,
    /// Every task of the hub.
    pub tasks: TaskTracker,
}

/// What the web needs to know of its surroundings.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Where people reach this hub: `https://name:port`.
    pub address: String,
    /// Where edges reach this hub: `name:port`.
    pub link_address: String,
    /// What a Prometheus server presents; without one only administrators read metrics.
    pub scrape_token: Option<auth::Token>,
    /// Other sites whose pages may call the API, as configured.
    pub origins: Vec<String>,
    /// How long a request may take.
    pub request_timeout: std::time::Duration,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            address: "https://localhost:8443".into(),
            link_address: "localhost:8443".into(),
            scrape_token: None,
            origins: Vec::new(),
            request_timeout: std::time::Duration::from_secs(30),
        }
    }
}

impl Hub {
    /// Joins the parts.
    pub fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            clock: parts.clock,
            data: parts.data,
            authority: parts.authority,
            evidence: parts.evidence,
            seal: Arc::new(parts.seal),
            hasher: auth::Hasher::new(parts.auth.password_iterations),
            attempts: auth::Attempts::new(parts.auth.login_failures, parts.auth.login_window),
            customer_attempts: auth::Attempts::new(
                parts.auth.login_failures,
                parts.auth.login_window,
            ),
            auth: parts.auth,
            presence: parts.presence,
            sight: parts.sight,
            outbound: parts.outbound,
            web: parts.web,
            live_streams: Arc::new(Semaphore::new(LIVE_STREAMS)),
            exports: Arc::new(Semaphore::new(EXPORTS)),
            ready: AtomicBool::new(false),
            stop: parts.stop,
            tasks: parts.tasks,
        }
    }

    /// Takes events to webhooks.
    pub fn courier(&self) -> Courier {
        Courier {
            store: self.store.clone(),
            clock: self.clock.clone(),
            outbound: self.outbound.clone(),
            seal: Arc::clone(&self.seal),
        }
    }

    /// The counters of one kind of people.
    pub fn attempts_of(&self, principal: auth::Principal) -> &auth::Attempts {
        match principal {
            auth::Principal::Staff => &self.attempts,
            auth::Principal::Customer => &self.customer_attempts,
        }
    }

    /// Listens to what transactions woke. Look at the tables once after calling this, and again after `Lagged`.
    pub fn wakes(&self) -> broadcast::Receiver<Wake> {
        self.store.wakes()
    }
}
