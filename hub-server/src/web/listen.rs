//! The listeners: HTTPS with our own accept loop, and a plain one that only redirects to it (SE-40, SE-43).
//!
//! Slow or silent clients cost a bounded number of connections and a bounded time: handshakes and headers have limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::HeaderValue;
use axum::http::Request;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::Response;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;
use tower::service_fn;
use tracing::debug;
use tracing::warn;

/// Connections at once, over all clients. Beyond it new ones wait in the system's queue.
const MOST_CONNECTIONS: usize = 1024;
/// A client has this long to finish the TLS handshake, and again to send a request's headers.
const PATIENCE: Duration = Duration::from_secs(10);

/// TLS for browsers: 1.2 and newer.
pub fn tls(issued: crate::fleet::authority::Issued) -> anyhow::Result<ServerConfig> {
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .context("choosing TLS versions")?
            .with_no_client_auth()
            .with_single_cert(issued.chain, issued.key)
            .context("using the HTTPS certificate")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Serves the console and the API until cancelled.
pub async fn https(
    listener: TcpListener,
    config: ServerConfig,
    router: Router,
    tracker: TaskTracker,
    cancel: CancellationToken,
) {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    while let Some((stream, peer, place)) = accept(&listener, &places, &cancel).await {
        let (acceptor, router, cancel) = (acceptor.clone(), router.clone(), cancel.clone());
        tracker.spawn(async move {
            let _place = place;
            match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => connection(TokioIo::new(stream), peer, router, cancel).await,
                Ok(Err(error)) => debug!(%peer, "a TLS handshake failed: {error}"),
                Err(_) => debug!(%peer, "a TLS handshake took too long"),
            }
        });
    }
}

/// Answers every request with the same address under HTTPS until cancelled.
pub async fn redirect(
    listener: TcpListener,
    https_port: u16,
    tracker: TaskTracker,
    cancel: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    while let Some((stream, peer, place)) = accept(&listener, &places, &cancel).await {
        let cancel = cancel.clone();
        tracker.spawn(async move {
            let _place = place;
            let answer = service_fn(move |request: Request<Body>| async move {
                Ok::<_, std::convert::Infallible>(moved(&request, https_port))
            });
            let router = Router::new().fallback_service(answer);
            connection(TokioIo::new(stream), peer, router, cancel).await;
        });
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    cancel: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    loop {
        let place = tokio::select! {
            () = cancel.cancelled() => return None,
            place = Arc::clone(places).acquire_owned() => place.ok()?,
        };
        let accepted = tokio::select! {
            () = cancel.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Answers are small and wanted at once.
                let _ = stream.set_nodelay(true);
                return Some((stream, peer, place));
            }
            Err(error) => {
                // Out of file handles, usually: give the others time to end.
                warn!("accepting a connection failed: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection<I>(io: I, peer: SocketAddr, router: Router, cancel: CancellationToken)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request.map(Body::new))
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .max_concurrent_streams(128);
    let serving = builder.serve_connection_with_upgrades(io, TowerToHyperService::new(service));
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = cancel.cancelled() => {
            serving.as_mut().graceful_shutdown();
            match tokio::time::timeout(Duration::from_secs(5), serving).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        debug!(%peer, "a connection ended: {error}");
    }
}

fn moved(request: &Request<Body>, https_port: u16) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .and_then(|host| host.parse::<axum::http::uri::Authority>().ok())
        .map_or_else(|| "localhost".to_owned(), |host| host.host().to_owned());
    let port = if https_port == 443 {
        String::new()
    } else {
        format!(":{https_port}")
    };
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let target = format!("https://{host}{port}{path}");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    match target
        .parse::<Uri>()
        .ok()
        .and_then(|_| HeaderValue::from_str(&target).ok())
    {
        Some(target) => {
            response.headers_mut().insert(header::LOCATION, target);
        }
        None => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(host: &str, path: &str) -> Response {
        let request = Request::builder()
            .uri(path)
            .header(header::HOST, host)
            .body(Body::empty())
            .unwrap();
        moved(&request, 8443)
    }

    /// SE-43.
    #[test]
    fn http_is_sent_to_the_same_place_under_https() {
        let response = asked("gate.example:8080", "/permits?plate=AB1");
        assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY);
        assert_eq!(
            response.headers()[header::LOCATION],
            "https://gate.example:8443/permits?plate=AB1"
        );
    }

    #[test]
    fn a_host_that_is_none_does_not_reach_the_answer() {
        let response = asked("evil.example/\\x", "/");
        assert_eq!(
            response.headers()[header::LOCATION],
            "https://localhost:8443/"
        );
    }
}
