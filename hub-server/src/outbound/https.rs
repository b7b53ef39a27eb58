//! One request and its answer over HTTP/1.1, on a connection of its own.

use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::header;
use hyper::header::HeaderValue;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use url::Url;

use super::Outbound;
use super::OutboundError;
use super::dial;

/// The most bytes of an answer's head.
const HEAD_BYTES: usize = 32 * 1024;
const AGENT: &str = concat!("Gatewarden/", env!("CARGO_PKG_VERSION"));

/// Where an answer ends.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long the whole may take.
    pub timeout: Duration,
    /// The most bytes of the answer's body.
    pub largest_bytes: usize,
}

impl Outbound {
    /// Sends a request to its absolute address, within the configured limits, and reads the answer, whatever its
    /// status. A redirect is an answer like any other.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, OutboundError> {
        let config = self.config();
        let limits = Limits {
            timeout: config.timeout,
            largest_bytes: config.largest_answer_bytes,
        };
        self.send_within(request, limits).await
    }

    /// As [`Outbound::send`], within other limits.
    pub async fn send_within(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Response<Bytes>, OutboundError> {
        tokio::time::timeout(limits.timeout, self.sent(request, limits))
            .await
            .map_err(|_| OutboundError::TimedOut)?
    }

    async fn sent(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Response<Bytes>, OutboundError> {
        // One reader of addresses decides on the host, the port and the path, so that no two can disagree.
        let url = check_url(&request.uri().to_string())?;
        let (host, port) = (
            url.host_str().unwrap_or_default().to_owned(),
            url.port_or_known_default().unwrap_or(443),
        );
        let request = prepared(request, &url)?;
        if url.scheme() == "https" {
            let stream = self.secured(&self.inner.https, &host, port).await?;
            return exchange(stream, request, limits).await;
        }
        let inner = &self.inner;
        let checked = dial::check(&inner.resolver, &host, port, &inner.config.allow).await?;
        if !checked.is_allowed {
            return Err(OutboundError::Plain);
        }
        let stream = dial::dial(&checked.addresses, inner.config.connect_timeout).await?;
        exchange(stream, request, limits).await
    }
}

/// Reads an address that a request may go to. Whether its host may be called is seen when it is.
pub fn check_url(text: &str) -> Result<Url, OutboundError> {
    let url = Url::parse(text).map_err(|_| OutboundError::Address("it is no URL"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(OutboundError::Address(
            "only https:// and http:// are known",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutboundError::Address(
            "it may carry no name and no password",
        ));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(OutboundError::Address("it has no host"));
    }
    Ok(url)
}

fn prepared(request: Request<Bytes>, url: &Url) -> Result<Request<Full<Bytes>>, OutboundError> {
    let (mut parts, body) = request.into_parts();
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    parts.uri = target
        .parse()
        .map_err(|_| OutboundError::Address("its path can't be asked for"))?;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let host =
        HeaderValue::from_str(&host).map_err(|_| OutboundError::Address("the host is no name"))?;
    parts.headers.insert(header::HOST, host);
    parts
        .headers
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    parts
        .headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(AGENT));
    Ok(Request::from_parts(parts, Full::new(body)))
}

async fn exchange<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    request: Request<Full<Bytes>>,
    limits: Limits,
) -> Result<Response<Bytes>, OutboundError> {
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        read(answer, limits.largest_bytes).await
    };
    // The connection moves only while it is polled; it ends with this request, whichever way that ends.
    let mut answer = std::pin::pin!(answer);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = &mut answer => answer,
        ended = &mut connection => {
            ended.map_err(broken)?;
            answer.await
        }
    }
}

async fn read(
    answer: Response<hyper::body::Incoming>,
    largest: usize,
) -> Result<Response<Bytes>, OutboundError> {
    let (parts, mut body) = answer.into_parts();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(broken)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > largest {
            return Err(OutboundError::TooLarge(largest));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Response::from_parts(parts, bytes.freeze()))
}

fn broken(error: hyper::Error) -> OutboundError {
    OutboundError::Broken(error.to_string())
}
