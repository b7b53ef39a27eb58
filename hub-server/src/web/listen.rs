//! The listeners: HTTPS with bounds on everything a stranger can hold open, and plain HTTP that only redirects.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::Request;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;
use contract::time::Timestamp;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use rustls::server::ResolvesServerCert;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::Config;
use super::Here;
use super::Peer;
use super::answer;
use super::certificates::Certificates;
use super::guests::Guests;
use super::guests::Running;
use super::guests::Seat;
use super::health;
use super::trust;
use crate::fleet::authority::Authority;
use crate::hub::Hub;

const RENEWAL: Duration = Duration::from_secs(24 * 60 * 60);
/// How often files that the operator drops in are looked at.
const LOOK: Duration = Duration::from_secs(10);
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(10);
/// How long a client may take nothing of what is written to it.
const STALLED: Duration = Duration::from_secs(30);
const STREAMS: u32 = 100;
const HEADER_BYTES: u32 = 32 * 1024;
/// After a refusal by the system (no file descriptors left, say) accepting rests a moment.
const REST: Duration = Duration::from_millis(200);
const REDIRECTS: usize = 128;

/// A bound HTTPS listener.
pub struct Https {
    listener: TcpListener,
    tls: TlsAcceptor,
    certificates: Arc<Certificates>,
    guests: Guests,
    idle: Duration,
}

impl Https {
    /// Binds the port and readies the certificate under the names given.
    pub async fn bind(
        config: &Config,
        authority: Arc<Authority>,
        names: Vec<String>,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let address = config.listen;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("listening on {address} (web.listen)"))?;
        let certificates = Arc::new(Certificates::open(config, authority, names, now)?);
        if certificates.is_own() {
            tracing::info!("HTTPS shows the operator's own certificate");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let shown: Arc<dyn ResolvesServerCert> = Arc::clone(&certificates) as _;
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .context("choosing TLS versions")?
            .with_no_client_auth()
            .with_cert_resolver(shown);
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            listener,
            tls: TlsAcceptor::from(Arc::new(tls)),
            certificates,
            guests: Guests::new(config),
            idle: config.idle_timeout,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener
            .local_addr()
            .context("asking for the HTTPS port")
    }

    /// Serves until the hub stops; connections then finish what they are answering.
    pub async fn serve(self, hub: Arc<Hub>, site: Router) {
        // The certificate holds for a year; a hub that runs that long has a new one in time.
        let mut renew = tokio::time::interval(RENEWAL);
        renew.reset();
        let mut look = tokio::time::interval(LOOK);
        loop {
            let accepted = tokio::select! {
                () = hub.stop.cancelled() => return,
                _ = renew.tick() => {
                    if let Err(error) = self.certificates.renew(hub.clock.wall()) {
                        tracing::warn!("the HTTPS certificate could not be renewed: {error:#}");
                    }
                    continue;
                }
                _ = look.tick() => {
                    self.look(&hub);
                    continue;
                }
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => match self.guests.admit(peer.ip()) {
                    Ok(seat) => self.take(&hub, &site, stream, peer, seat),
                    // Closed at once: a queue of strangers would be waited for by everybody behind them.
                    Err(why) => {
                        metrics::counter!("gatewarden_hub_refused_connections_total", "why" => why)
                            .increment(1)
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "accepting an HTTPS connection failed");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    fn look(&self, hub: &Hub) {
        match self.certificates.reload(hub.clock.wall()) {
            Ok(false) => {}
            Ok(true) => tracing::info!("a new HTTPS certificate is shown from here on"),
            Err(error) => tracing::warn!(
                "the new HTTPS certificate can't be used, the present one stays: {error:#}"
            ),
        }
    }

    fn take(&self, hub: &Arc<Hub>, site: &Router, stream: TcpStream, peer: SocketAddr, seat: Seat) {
        let tls = self.tls.clone();
        let site = site.clone();
        let stop = hub.stop.clone();
        let idle = self.idle;
        hub.tasks.spawn(async move {
            metrics::gauge!("gatewarden_hub_connections").increment(1);
            tokio::select! {
                served = serve_connection(tls, stream, peer, site, stop.clone(), idle) => {
                    if let Err(error) = served {
                        tracing::debug!(client.address = %peer.ip(), "a connection ended: {error:#}");
                    }
                }
                // A client that does not finish is cut off.
                () = async { stop.cancelled().await; tokio::time::sleep(HANDSHAKE).await } => {}
            }
            metrics::gauge!("gatewarden_hub_connections").decrement(1);
            drop(seat);
        });
    }
}

async fn serve_connection(
    tls: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    site: Router,
    stop: tokio_util::sync::CancellationToken,
    idle: Duration,
) -> anyhow::Result<()> {
    // Answers are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let here = stream.local_addr().context("asking for the own address")?;
    let mut stream = Box::pin(TimeoutStream::new(stream));
    stream.as_mut().set_write_timeout_pinned(Some(STALLED));
    let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream))
        .await
        .context("waiting for the TLS handshake")?
        .context("shaking hands")?;
    let running = Arc::new(Running::default());
    let counted = Arc::clone(&running);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(Here(here.ip()));
        let turn = counted.begin();
        let answer = site.clone().oneshot(request.map(Body::new));
        async move { answer.await.map(|answer| turn.until_the_end_of(answer)) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_headers(100);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        served = connection.as_mut() => return served.map_err(|error| anyhow::anyhow!("{error}")),
        () = stop.cancelled() => {}
        () = running.is_idle_for(idle) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::time::timeout(idle, connection)
        .await
        .context("waiting for a client to go")?
        .map_err(|error| anyhow::anyhow!("{error}"))
}

/// Answers plain HTTP with a redirect to HTTPS on `port`, and with what helps people trust the authority, until the hub
/// stops.
pub async fn redirect(hub: Arc<Hub>, listener: TcpListener, port: u16) {
    let connections = Arc::new(Semaphore::new(REDIRECTS));
    loop {
        let Ok(turn) = Arc::clone(&connections).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            () = hub.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let stop = hub.stop.clone();
                let hub_of = Arc::clone(&hub);
                hub.tasks.spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| {
                        let answer = in_plain(&hub_of, &request, port);
                        async move { Ok::<_, Infallible>(answer) }
                    });
                    let connection = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEADERS)
                        .keep_alive(false)
                        .serve_connection(TokioIo::new(stream), service);
                    tokio::select! {
                        // Whoever speaks badly to the redirect is not worth a line in the log.
                        _ = tokio::time::timeout(HEADERS * 2, connection) => {}
                        () = stop.cancelled() => {}
                    }
                    drop(turn);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accepting an HTTP connection failed");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// The two exceptions that whoever does not trust the hub yet could not read over HTTPS, and the redirect.
fn in_plain<B>(hub: &Hub, request: &Request<B>, port: u16) -> Response<Body> {
    let mut response = match (request.method().as_str(), request.uri().path()) {
        ("GET" | "HEAD", "/trust") => trust::page(hub, request.headers()),
        ("GET" | "HEAD", "/authority.crt") => health::authority(hub),
        _ => return redirected(request, port),
    };
    answer::harden(response.headers_mut());
    response
        .headers_mut()
        .remove(header::STRICT_TRANSPORT_SECURITY);
    response
}

fn redirected<B>(request: &Request<B>, port: u16) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let location = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .and_then(|host| host.parse::<axum::http::uri::Authority>().ok())
        .filter(|host| !host.as_str().contains('@'))
        .map(|host| {
            let path = request
                .uri()
                .path_and_query()
                .map_or("/", axum::http::uri::PathAndQuery::as_str);
            match port {
                443 => format!("https://{}{path}", host.host()),
                port => format!("https://{}:{port}{path}", host.host()),
            }
        })
        .and_then(|location| HeaderValue::from_str(&location).ok());
    match location {
        Some(location) => {
            *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
            response.headers_mut().insert(header::LOCATION, location);
        }
        None => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    answer::harden(response.headers_mut());
    // RFC 6797, 7.2: never over plain HTTP, where it could be forged.
    response
        .headers_mut()
        .remove(header::STRICT_TRANSPORT_SECURITY);
    response
}

#[cfg(test)]
#[path = "listen_tests.rs"]
mod tests;
