//! What surrounds every request: its number, its time, the security headers, the standard error body, metrics.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use futures_util::FutureExt;
use uuid::Uuid;

use super::Peer;
use super::error;
use super::error::Problem;
use super::error::WebError;
use crate::hub::Hub;

/// The policy of every answer that does not bring its own.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_XSS_PROTECTION, "1; mode=block"),
    (
        header::STRICT_TRANSPORT_SECURITY,
        "max-age=31536000; includeSubDomains",
    ),
    (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// What is known of a request before anybody reads it.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Finds it in the log.
    pub request_id: String,
    /// Where it came from.
    pub address: IpAddr,
}

/// Surrounds a request.
pub(super) async fn frame(
    State(hub): State<Arc<Hub>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = hub.clock.monotonic();
    let arrival = Arrival {
        request_id: request_number(&hub).to_string(),
        address: request
            .extensions()
            .get::<Peer>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip()),
    };
    request.extensions_mut().insert(arrival.clone());
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("console", MatchedPath::as_str)
        .to_owned();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(hub.web.request_timeout, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => WebError::Internal(anyhow::anyhow!("the handler panicked")).into_response(),
        Err(_) => WebError::TimedOut.into_response(),
    };
    let response = complete(&hub, response, &arrival, &route);
    let took = hub.clock.monotonic().saturating_sub(began);
    metrics::histogram!(
        "gatewarden_hub_request_seconds",
        "method" => method.as_str().to_owned(),
        "route" => route,
        "status" => response.status().as_u16().to_string(),
    )
    .record(took.as_secs_f64());
    response
}

/// Gives a failed answer its body, and every answer its headers.
fn complete(hub: &Hub, mut response: Response, arrival: &Arrival, route: &str) -> Response {
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let problem = response
            .extensions_mut()
            .remove::<Problem>()
            .unwrap_or_else(|| Problem::of_status(status));
        if status.is_server_error() {
            tracing::error!(
                request.id = %arrival.request_id,
                http.route = route,
                http.status = status.as_u16(),
                cause = problem.cause.as_deref().unwrap_or("none given"),
                "request {} to {route} failed", arrival.request_id,
            );
        }
        let body = error::body(&problem, &arrival.request_id, hub.clock.wall().into());
        *response.body_mut() = Body::from(body);
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(POLICY));
    // Answers of the API are for this caller at this moment, unless a handler says otherwise.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&arrival.request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

fn request_number(hub: &Hub) -> Uuid {
    let at = hub.clock.wall().as_millis().max(0).unsigned_abs();
    uuid::Builder::from_unix_timestamp_millis(at, &rand::random()).into_uuid()
}
