//! What surrounds every request: its number, its time, the security headers, the standard error body, metrics.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use contract::ids::OrganisationId;
use futures_util::FutureExt;
use uuid::Uuid;

use super::Peer;
use super::door;
use super::door::Door;
use super::error;
use super::error::Problem;
use super::error::WebError;
use super::rates::Threshold;
use super::rates::Who;
use super::traffic::Traffic;
use crate::hub::Hub;

/// The policy of every answer that does not bring its own.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 8] = [
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
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    ),
];

/// Characters of a refused path that the log shows.
const SHOWN: usize = 200;

/// What is known of a request before anybody reads it.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Finds it in the log.
    pub request_id: String,
    /// Where it came from.
    pub address: IpAddr,
    /// Whether people may use the console from there.
    pub is_inside: bool,
    /// Under which name, and port if it said one, the hub was asked.
    pub host: String,
}

/// Whose organisation called; put on the answer once that is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose(pub(super) OrganisationId);

/// What surrounds the site.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) hub: Arc<Hub>,
    pub(super) door: Arc<Door>,
    pub(super) traffic: Arc<Traffic>,
    /// Of what is no route: the console's files and pages.
    pub(super) threshold: Arc<Threshold>,
}

/// Surrounds a request.
pub(super) async fn frame(
    State(around): State<Surroundings>,
    request: Request,
    next: Next,
) -> Response {
    let Surroundings {
        hub,
        door,
        traffic,
        threshold,
    } = around;
    let began = hub.clock.monotonic();
    let (mut parts, body) = request.into_parts();
    let peer = parts
        .extensions
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let way = door.way(peer, &parts.headers);
    let number = way.number.clone();
    let mut arrival = Arrival {
        request_id: number.unwrap_or_else(|| request_number(&hub).to_string()),
        address: way.address,
        is_inside: door.is_inside(way.address),
        host: String::new(),
    };
    let method = parts.method.clone();
    let route = parts
        .extensions
        .get::<MatchedPath>()
        .map_or("console", MatchedPath::as_str)
        .to_owned();
    let is_route = parts.extensions.get::<MatchedPath>().is_some();
    let mut response = match door.check(&parts) {
        Ok(host) if way.was_plain => to_https(&parts, &host),
        // Routes ask for themselves: programs may call them from elsewhere.
        Ok(_) if !is_route && !arrival.is_inside => WebError::OUTSIDE.into_response(),
        Ok(_) if let Some(wait) = too_many(&threshold, is_route, &arrival) => {
            WebError::TooMany(wait).into_response()
        }
        Ok(host) => {
            arrival.host = host;
            parts.extensions.insert(arrival.clone());
            let request = Request::from_parts(parts, body);
            let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
            match tokio::time::timeout(hub.web.request_timeout, answer).await {
                Ok(Ok(response)) => response,
                Ok(Err(_)) => {
                    WebError::Internal(anyhow::anyhow!("the handler panicked")).into_response()
                }
                Err(_) => WebError::TimedOut.into_response(),
            }
        }
        Err(error) => {
            refuse(&parts, &arrival, &error);
            error.into_response()
        }
    };
    let whose = response.extensions_mut().remove::<Whose>();
    traffic.note(
        arrival.address,
        whose.map(|whose| whose.0),
        response.status().is_client_error(),
        hub.clock.wall(),
    );
    let response = complete(&hub, response, &arrival, &route);
    let took = hub.clock.monotonic().saturating_sub(began);
    metrics::histogram!(
        "gatewarden_hub_request_seconds",
        "method" => method_label(&method),
        "route" => route,
        "status" => response.status().as_u16().to_string(),
    )
    .record(took.as_secs_f64());
    response
}

/// Says how long to wait, if what is no route is asked for too often.
fn too_many(threshold: &Threshold, is_route: bool, arrival: &Arrival) -> Option<Duration> {
    if is_route {
        return None;
    }
    let wait = threshold.pass(&Who::at(arrival.address)).err()?;
    metrics::counter!("gatewarden_hub_refused_requests_total", "why" => "rate").increment(1);
    Some(wait)
}

/// Notes a request that the door refused. Its path is shown as far as it helps, and never what it asks for.
fn refuse(request: &Parts, arrival: &Arrival, error: &WebError) {
    metrics::counter!("gatewarden_hub_refused_requests_total", "why" => "door").increment(1);
    let path: String = request.uri.path().chars().take(SHOWN).collect();
    tracing::info!(
        request.id = %arrival.request_id,
        client.address = %arrival.address,
        http.path = ?path,
        "the door refused a request: {error:?}",
    );
}

/// The method as a label: strangers can't make new ones.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// The way to the same page over HTTPS, for who reached a proxy in plain text. A write has been read on the way already.
fn to_https(request: &Parts, host: &str) -> Response {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return WebError::Forbidden("Writes go over HTTPS only.").into_response();
    }
    let path = request
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str());
    match HeaderValue::from_str(&format!("https://{host}{path}")) {
        Ok(there) => (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, there)]).into_response(),
        Err(_) => WebError::NotFound.into_response(),
    }
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
    harden(headers);
    door::hide_sharing(headers);
    // Answers of the API are for this caller at this moment, unless a handler says otherwise.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&arrival.request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

/// Puts the security headers on an answer; a policy that it brings stays.
pub(super) fn harden(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(POLICY));
}

fn request_number(hub: &Hub) -> Uuid {
    let at = hub.clock.wall().as_millis().max(0).unsigned_abs();
    uuid::Builder::from_unix_timestamp_millis(at, &rand::random()).into_uuid()
}
