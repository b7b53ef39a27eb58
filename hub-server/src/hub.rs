//! What every part of a running hub shares.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use contract::time::Clock;
use tokio::sync::Semaphore;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth;
use crate::fleet::presence::Presence;
use crate::store::Store;
use crate::store::Wake;

/// Consoles that may listen to live news at once.
const LIVE_STREAMS: usize = 256;

/// The hub's parts; handed around as `Arc<Hub>`.
pub struct Hub {
    /// The master record.
    pub store: Store,
    /// Where time comes from.
    pub clock: Clock,
    /// The data directory; rooms that keep files have a folder each in it.
    pub data: PathBuf,
    /// Hashes and checks passwords.
    pub hasher: auth::Hasher,
    /// Counts failed log-ins.
    pub attempts: auth::Attempts,
    /// How people log in.
    pub auth: auth::Config,
    /// Who is connected.
    pub presence: Presence,
    /// What the web needs to know of its surroundings.
    pub web: WebSettings,
    /// Turns of live streams.
    pub live_streams: Arc<Semaphore>,
    /// Set once everything listens; `/ready` tells it.
    pub ready: AtomicBool,
    /// Cancelled when the hub stops.
    pub stop: CancellationToken,
    /// Every task of the hub, so that stopping waits for them.
    pub tasks: TaskTracker,
}

/// What the web needs to know of its surroundings.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// The hub's authority as PEM, offered for download.
    pub authority_pem: String,
    /// Where this hub is reached: `https://name:port`.
    pub address: String,
    /// What a Prometheus server presents; without one only administrators read metrics.
    pub scrape_token: Option<auth::Token>,
    /// How long a request may take.
    pub request_timeout: std::time::Duration,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            authority_pem: String::new(),
            address: "https://localhost:8443".into(),
            scrape_token: None,
            request_timeout: std::time::Duration::from_secs(30),
        }
    }
}

impl Hub {
    /// Joins the parts.
    pub fn new(
        store: Store,
        clock: Clock,
        data: &Path,
        auth: auth::Config,
        web: WebSettings,
    ) -> Self {
        Self {
            store,
            clock,
            data: data.to_owned(),
            hasher: auth::Hasher::new(auth.password_iterations),
            attempts: auth::Attempts::new(auth.login_failures, auth.login_window),
            auth,
            presence: Presence::default(),
            web,
            live_streams: Arc::new(Semaphore::new(LIVE_STREAMS)),
            ready: AtomicBool::new(false),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// The folder of pictures.
    pub fn evidence(&self) -> PathBuf {
        self.data.join("evidence")
    }

    /// Listens to what transactions woke. Look at the tables once after calling this, and again after `Lagged`.
    pub fn wakes(&self) -> broadcast::Receiver<Wake> {
        self.store.wakes()
    }
}
