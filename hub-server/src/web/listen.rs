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
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::Config;
use super::Here;
use super::Peer;
use super::answer;
use crate::fleet::authority::Authority;
use crate::hub::Hub;

const RENEWAL: Duration = Duration::from_secs(24 * 60 * 60);
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(10);
const STREAMS: u32 = 100;
const HEADER_BYTES: u32 = 32 * 1024;
/// After a refusal by the system (no file descriptors left, say) accepting rests a moment.
const REST: Duration = Duration::from_millis(200);
const REDIRECTS: usize = 128;

/// A bound HTTPS listener.
pub struct Https {
    listener: TcpListener,
    tls: TlsAcceptor,
    connections: Arc<Semaphore>,
    certificate: Certificate,
}

/// What the certificate of the listener is made from.
struct Certificate {
    authority: Arc<Authority>,
    names: Vec<String>,
}

impl Certificate {
    fn issue(&self, now: Timestamp) -> anyhow::Result<TlsAcceptor> {
        let issued = self
            .authority
            .issue_server(&self.names, now)
            .context("issuing the HTTPS certificate")?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .context("choosing TLS versions")?
            .with_no_client_auth()
            .with_single_cert(issued.chain, issued.key)
            .context("taking the HTTPS certificate")?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(tls)))
    }
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
        let certificate = Certificate { authority, names };
        Ok(Self {
            listener,
            tls: certificate.issue(now)?,
            connections: Arc::new(Semaphore::new(config.connections)),
            certificate,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener
            .local_addr()
            .context("asking for the HTTPS port")
    }

    /// Serves until the hub stops; connections then finish what they are answering.
    pub async fn serve(mut self, hub: Arc<Hub>, site: Router) {
        // The certificate holds for a year; a hub that runs that long has a new one in time.
        let mut renew = tokio::time::interval(RENEWAL);
        renew.reset();
        loop {
            let turn = tokio::select! {
                () = hub.stop.cancelled() => return,
                // At the cap, new connections wait in the system's queue.
                turn = Arc::clone(&self.connections).acquire_owned() => turn,
            };
            let Ok(turn) = turn else { return };
            let accepted = tokio::select! {
                () = hub.stop.cancelled() => return,
                _ = renew.tick() => {
                    match self.certificate.issue(hub.clock.wall()) {
                        Ok(tls) => self.tls = tls,
                        Err(error) => tracing::warn!("the HTTPS certificate could not be renewed: {error:#}"),
                    }
                    continue;
                }
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let tls = self.tls.clone();
                    let site = site.clone();
                    let stop = hub.stop.clone();
                    hub.tasks.spawn(async move {
                        metrics::gauge!("gatewarden_hub_connections").increment(1);
                        tokio::select! {
                            served = serve_connection(tls, stream, peer, site, stop.clone()) => {
                                if let Err(error) = served {
                                    tracing::debug!(client.address = %peer.ip(), "a connection ended: {error:#}");
                                }
                            }
                            // A client that does not finish is cut off.
                            () = async { stop.cancelled().await; tokio::time::sleep(HANDSHAKE).await } => {}
                        }
                        metrics::gauge!("gatewarden_hub_connections").decrement(1);
                        drop(turn);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting an HTTPS connection failed");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }
}

async fn serve_connection(
    tls: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    site: Router,
    stop: tokio_util::sync::CancellationToken,
) -> anyhow::Result<()> {
    // Answers are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let here = stream.local_addr().context("asking for the own address")?;
    let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream))
        .await
        .context("waiting for the TLS handshake")?
        .context("shaking hands")?;
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(Here(here.ip()));
        site.clone().oneshot(request.map(Body::new))
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
        served = connection.as_mut() => served.map_err(|error| anyhow::anyhow!("{error}")),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await.map_err(|error| anyhow::anyhow!("{error}"))
        }
    }
}

/// Answers plain HTTP with a redirect to HTTPS on `port`, and with nothing else, until the hub stops.
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
                hub.tasks.spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| async move {
                        Ok::<_, Infallible>(redirected(&request, port))
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
mod tests {
    use rustls_pki_types::ServerName;
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::web;
    use crate::web::testing::TestHub;

    const LIMIT: Duration = Duration::from_secs(10);

    /// A hub's site behind its real listener.
    async fn listening(connections: usize) -> (TestHub, SocketAddr) {
        let test = TestHub::new().await;
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            connections,
            ..Config::default()
        };
        let names = vec!["localhost".to_owned()];
        let authority = Arc::clone(&test.hub.authority);
        let https = Https::bind(
            &config,
            authority,
            names.clone(),
            contract::time::Clock::System.wall(),
        )
        .await
        .unwrap();
        let address = https.address().unwrap();
        let site = web::site(Arc::clone(&test.hub), &config, &names);
        test.hub
            .tasks
            .spawn(https.serve(Arc::clone(&test.hub), site));
        (test, address)
    }

    fn connector(
        test: &TestHub,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> TlsConnector {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(test.hub.authority.certificate().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    async fn fetch(connector: &TlsConnector, address: SocketAddr) -> String {
        let work = async {
            let stream = TcpStream::connect(address).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let mut stream = connector.connect(name, stream).await.unwrap();
            let request = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        tokio::time::timeout(LIMIT, work).await.unwrap()
    }

    /// SE-40, SE-41: TLS 1.2 and 1.3 under a certificate that the hub made itself.
    #[tokio::test]
    async fn https_answers_under_the_hubs_own_authority() {
        let (test, address) = listening(8).await;
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let answer = fetch(&connector(&test, &[version]), address).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(answer.contains("\"database\":\"ok\""), "{answer}");
        }
    }

    /// SE-40: nothing is answered in plain text.
    #[tokio::test]
    async fn plain_text_at_the_https_port_gets_no_answer() {
        let (_test, address) = listening(8).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "the connection is closed");
        assert!(
            !String::from_utf8_lossy(&answer).contains("HTTP/"),
            "{answer:?}"
        );
    }

    #[tokio::test]
    async fn a_silent_client_costs_one_connection_and_a_stop_ends_all() {
        let (test, address) = listening(2).await;
        let silent = TcpStream::connect(address).await.unwrap();
        let both = [&rustls::version::TLS12, &rustls::version::TLS13];
        let answer = fetch(&connector(&test, &both), address).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        drop(silent);
        test.hub.stop.cancel();
        test.hub.tasks.close();
        tokio::time::timeout(LIMIT, test.hub.tasks.wait())
            .await
            .unwrap();
    }

    fn location(host: Option<&str>, path: &str, port: u16) -> (StatusCode, String) {
        let mut request = Request::builder().uri(path);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        let response = redirected(&request.body(()).unwrap(), port);
        let location = response.headers().get(header::LOCATION);
        (
            response.status(),
            location.map_or(String::new(), |l| l.to_str().unwrap().to_owned()),
        )
    }

    /// SE-43: `http://host/x` returns 301 to `https://host/x`.
    #[test]
    fn plain_http_is_sent_to_https_with_its_path() {
        assert_eq!(
            location(Some("hub.example"), "/x?y=1", 443),
            (
                StatusCode::MOVED_PERMANENTLY,
                "https://hub.example/x?y=1".into()
            )
        );
        assert_eq!(
            location(Some("[::1]:8080"), "/", 8443).1,
            "https://[::1]:8443/"
        );
        for odd in [None, Some(""), Some("a b"), Some("user@hub"), Some("hub/x")] {
            assert_eq!(
                location(odd, "/", 443).0,
                StatusCode::BAD_REQUEST,
                "{odd:?}"
            );
        }
    }
}
