//! The UDP port: TLS, accepting connections, and what they may use.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use contract::time::Clock;
use contract::wire::ALPN;
use contract::wire::ALPN_ENROL;
use quinn::crypto::rustls::HandshakeData;
use quinn::crypto::rustls::QuicServerConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;
use tracing::info;
use tracing::warn;

use crate::fleet::authority::edge_of;
use crate::link::Config;
use crate::link::Parts;
use crate::link::enrol;
use crate::link::enrol::Attempts;
use crate::link::sessions::Sessions;
use crate::link::shell;

/// How often this end shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// After this silence a connection is dead.
const SILENCE: Duration = Duration::from_secs(10);
/// A handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The link's certificate holds for a year; a hub that runs that long makes a new one in time.
const NEW_CERTIFICATE: Duration = Duration::from_secs(24 * 60 * 60);
/// Streams that a peer may have open: control, events, and a few pictures.
const STREAMS: u32 = 6;

/// The open port.
pub struct Listener {
    parts: Parts,
    endpoint: quinn::Endpoint,
    most_connections: usize,
}

impl Listener {
    /// Opens the port, so that a wrong setting fails at once. Connections are taken by [`Self::run`].
    pub fn bind(parts: Parts, config: &Config) -> anyhow::Result<Self> {
        let endpoint = quinn::Endpoint::server(server_config(&parts)?, config.listen)
            .with_context(|| format!("opening UDP port {} for edges", config.listen))?;
        Ok(Self {
            parts,
            endpoint,
            most_connections: config.most_connections,
        })
    }

    /// The address that was opened.
    pub fn local_address(&self) -> anyhow::Result<SocketAddr> {
        self.endpoint.local_addr().context("asking for the port")
    }

    /// Serves edges until it is cancelled, then says goodbye to all of them.
    pub async fn run(self, cancel: CancellationToken) -> anyhow::Result<()> {
        let tasks = TaskTracker::new();
        let room = Arc::new(Semaphore::new(self.most_connections));
        let sessions = Arc::new(Sessions::default());
        let attempts = Arc::new(Attempts::default());
        let mut renew = tokio::time::interval(NEW_CERTIFICATE);
        renew.reset();
        loop {
            let incoming = tokio::select! {
                () = cancel.cancelled() => break,
                _ = renew.tick() => {
                    match server_config(&self.parts) {
                        Ok(config) => self.endpoint.set_server_config(Some(config)),
                        Err(error) => warn!("the link's certificate could not be renewed: {error:#}"),
                    }
                    continue;
                }
                incoming = self.endpoint.accept() => incoming.context("the port was closed")?,
            };
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                incoming.refuse();
                continue;
            };
            // An address is believed after one more round trip, so that nobody can make us work under a false one.
            if !incoming.remote_address_validated() && incoming.may_retry() {
                let _ = incoming.retry();
                continue;
            }
            let parts = self.parts.clone();
            let sessions = Arc::clone(&sessions);
            let attempts = Arc::clone(&attempts);
            let cancel = cancel.clone();
            let session_tasks = tasks.clone();
            tasks.spawn(async move {
                let remote = incoming.remote_address();
                let served = serve(incoming, parts, sessions, attempts, session_tasks, cancel);
                if let Err(error) = served.await {
                    debug!(address = %remote, "a connection ended: {error:#}");
                }
                drop(permit);
            });
        }
        self.endpoint.close(0u32.into(), b"the hub is stopping");
        tasks.close();
        tasks.wait().await;
        self.endpoint.wait_idle().await;
        info!("the link is closed");
        Ok(())
    }
}

async fn serve(
    incoming: quinn::Incoming,
    parts: Parts,
    sessions: Arc<Sessions>,
    attempts: Arc<Attempts>,
    tasks: TaskTracker,
    cancel: CancellationToken,
) -> anyhow::Result<()> {
    let connection = tokio::time::timeout(HANDSHAKE, incoming)
        .await
        .context("the handshake took too long")?
        .context("shaking hands")?;
    let protocol = connection
        .handshake_data()
        .and_then(|data| data.downcast::<HandshakeData>().ok())
        .and_then(|data| data.protocol)
        .unwrap_or_default();
    if protocol == ALPN_ENROL {
        return enrol::serve(&parts, &connection, &attempts).await;
    }
    // The verifier has checked the chain; here it is asked whom the certificate names.
    let edge = connection
        .peer_identity()
        .and_then(|identity| identity.downcast::<Vec<CertificateDer<'static>>>().ok())
        .and_then(|chain| chain.first().and_then(edge_of));
    let Some(edge) = edge else {
        connection.close(1u32.into(), b"a certificate of an edge is needed");
        anyhow::bail!("a connection without an edge's certificate");
    };
    tokio::select! {
        () = cancel.cancelled() => {
            connection.close(0u32.into(), b"the hub is stopping");
            Ok(())
        }
        ended = shell::serve(parts, connection.clone(), edge, sessions, tasks) => ended,
    }
}

fn server_config(parts: &Parts) -> anyhow::Result<quinn::ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(parts.authority.certificate().clone())
        .context("trusting our own authority")?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .context("preparing the check of edges' certificates")?;
    let issued = parts.authority.issue_link(parts.clock.wall())?;
    let time = Arc::new(ClockTime(parts.clock.clone()));
    let mut tls = rustls::ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .context("choosing TLS 1.3")?
        .with_client_cert_verifier(verifier)
        .with_single_cert(issued.chain, issued.key)
        .context("using the link's certificate")?;
    tls.alpn_protocols = vec![ALPN.to_vec(), ALPN_ENROL.to_vec()];
    let mut transport = quinn::TransportConfig::default();
    transport
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(SILENCE.try_into().context("the idle limit")?))
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(0u32.into())
        .stream_receive_window((1024u32 * 1024).into())
        .receive_window((4u32 * 1024 * 1024).into())
        .datagram_receive_buffer_size(None);
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(
        QuicServerConfig::try_from(tls).context("preparing TLS for QUIC")?,
    ));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// Our clock as TLS asks for it.
#[derive(Debug)]
struct ClockTime(Clock);

impl rustls::time_provider::TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = self.0.wall().as_millis().max(0).unsigned_abs();
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}
