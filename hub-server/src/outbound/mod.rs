//! The one guarded way out: every connection that the hub itself begins goes through here.
//!
//! Called by whoever must reach another machine: webhooks, MQTT, the audit stream, OIDC. Nobody else dials.
//!
//! What holds here:
//! - A name is looked up once; what it says is checked, and exactly a checked address is dialled.
//! - Only the public Internet is called, and networks that the operator allowed (`[outbound] allow`); never the
//!   addresses at which clouds hand out credentials.
//! - TLS is always verified; plain text goes to allowed networks only.
//! - Redirects are not followed. Each answer has an end: in time and in bytes.
//! - An event is written to the outbox in the transaction of its fact (`leave`), and every receiver has a position of
//!   its own there: in order, at least once, under an id that stays (`courier`).

mod address;
mod backoff;
mod courier;
mod dial;
mod hooks;
mod https;
mod letters;
mod mqtt;
mod outbox;
mod signature;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::ServerName;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use address::Network;
pub use courier::Courier;
pub use courier::belongs_to;
pub use hooks::BOTH_SECRETS;
pub use hooks::Hook;
pub use hooks::HookState;
pub use hooks::count_waiting;
pub use hooks::find_hook;
pub use hooks::insert_hook;
pub use hooks::list_hooks;
#[cfg(test)]
pub use hooks::testing_forget;
pub use hooks::update_hook;
pub use https::Limits;
pub use https::check_url;
pub use letters::Attempt;
pub use letters::DeadLetter;
pub use letters::count_letters;
pub use letters::list_attempts;
pub use letters::list_letters;
pub use letters::replay;
pub use mqtt::Broker;
pub use mqtt::Edge;
pub use mqtt::Gate;
pub use mqtt::Look;
pub use mqtt::Publisher;
pub use mqtt::Site;
pub use mqtt::Snapshot;
pub use mqtt::belongs_to_broker;
pub use mqtt::count_unpublished;
pub use mqtt::delete_broker;
pub use mqtt::find_broker;
pub use mqtt::save_broker;
pub use outbox::KINDS;
pub use outbox::Wanted;
pub use outbox::leave;
pub use outbox::trim;
pub use signature::Secret;

use dial::Resolver;

/// Section `[outbound]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Networks beside the public Internet that the hub may call, such as `192.168.7.0/24`.
    pub allow: Vec<Network>,
    /// Files (PEM) of authorities that are trusted beside the machine's own.
    pub authorities: Vec<PathBuf>,
    /// How long one address has to answer a call.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// How long a request may take, with its answer.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// The largest answer that is read.
    pub largest_answer_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            authorities: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            largest_answer_bytes: 1024 * 1024,
        }
    }
}

/// Why something outside was not reached. The sentences are for whoever set the target up, and carry no secrets.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address of the target is none.
    #[error("the address is not one that can be called: {0}")]
    Address(&'static str),
    /// It would go over the wire readable.
    #[error("only https:// is allowed, but for networks in outbound.allow")]
    Plain,
    /// It lies where nothing may be called.
    #[error("{0} is not in the public Internet, and not in outbound.allow")]
    Forbidden(IpAddr),
    /// Nobody knows the name.
    #[error("the name has no address")]
    NoSuchHost,
    /// Nobody answered the call.
    #[error("connecting failed: {0}")]
    Connect(std::io::ErrorKind),
    /// The certificate is not trusted, or it is no TLS.
    #[error("no trusted TLS: {0}")]
    Tls(String),
    /// It took too long.
    #[error("there was no answer in time")]
    TimedOut,
    /// The answer is larger than what is read.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The other end does not speak HTTP, or stopped in the middle.
    #[error("the exchange broke off: {0}")]
    Broken(String),
    /// An authority could not be read.
    #[error("reading the authority {path}")]
    Authority {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// TLS could not be set up.
    #[error("setting up TLS")]
    SetUp(#[source] rustls::Error),
}

/// The way out; clones share it.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    resolver: Resolver,
    https: TlsConnector,
    tls: TlsConnector,
}

impl Outbound {
    /// Reads the authorities: those of the machine, and those that are configured.
    pub fn open(config: &Config) -> Result<Self, OutboundError> {
        Self::over(config, Resolver::System)
    }

    fn over(config: &Config, resolver: Resolver) -> Result<Self, OutboundError> {
        let mut roots = RootCertStore::empty();
        let machine = rustls_native_certs::load_native_certs();
        for error in &machine.errors {
            tracing::warn!("reading the machine's authorities: {error}");
        }
        let (_, ignored) = roots.add_parsable_certificates(machine.certs);
        if ignored > 0 {
            tracing::debug!(
                ignored,
                "{ignored} of the machine's authorities are not usable"
            );
        }
        for path in &config.authorities {
            let failed = |source| OutboundError::Authority {
                path: path.clone(),
                source,
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(failed)? {
                roots
                    .add(certificate.map_err(failed)?)
                    .map_err(OutboundError::SetUp)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(OutboundError::SetUp)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut https = tls.clone();
        https.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            inner: Arc::new(Inner {
                config: config.clone(),
                resolver,
                https: TlsConnector::from(Arc::new(https)),
                tls: TlsConnector::from(Arc::new(tls)),
            }),
        })
    }

    /// What was configured.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Calls a host without TLS: allowed networks only.
    pub async fn connect_plain(&self, host: &str, port: u16) -> Result<TcpStream, OutboundError> {
        let inner = &self.inner;
        let checked = dial::check(&inner.resolver, host, port, &inner.config.allow).await?;
        if !checked.is_allowed {
            return Err(OutboundError::Plain);
        }
        dial::dial(&checked.addresses, inner.config.connect_timeout).await
    }

    /// Calls a host over TLS, and verifies that it is the one.
    pub async fn connect_tls(
        &self,
        host: &str,
        port: u16,
    ) -> Result<TlsStream<TcpStream>, OutboundError> {
        self.secured(&self.inner.tls, host, port).await
    }

    /// Where datagrams to a host may go: allowed networks only, for they are readable on their way.
    pub async fn datagram_target(
        &self,
        host: &str,
        port: u16,
    ) -> Result<std::net::SocketAddr, OutboundError> {
        let inner = &self.inner;
        let checked = dial::check(&inner.resolver, host, port, &inner.config.allow).await?;
        match checked.addresses.first() {
            Some(address) if checked.is_allowed => Ok(*address),
            Some(_) | None => Err(OutboundError::Plain),
        }
    }

    async fn secured(
        &self,
        tls: &TlsConnector,
        host: &str,
        port: u16,
    ) -> Result<TlsStream<TcpStream>, OutboundError> {
        let inner = &self.inner;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| OutboundError::Address("the host is no name"))?;
        let checked = dial::check(&inner.resolver, host, port, &inner.config.allow).await?;
        let within = inner.config.connect_timeout;
        let stream = dial::dial(&checked.addresses, within).await?;
        tokio::time::timeout(within, tls.connect(name, stream))
            .await
            .map_err(|_| OutboundError::TimedOut)?
            .map_err(|error| OutboundError::Tls(error.to_string()))
    }
}

#[cfg(test)]
pub mod receiver;
#[cfg(test)]
mod tests;
