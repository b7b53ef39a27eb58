//! `Idempotency-Key`: a write that is sent twice with the same key happens once, and is answered alike both times.
//!
//! The key is taken before the handler runs and keeps its answer afterwards, so a crash between the two makes the key
//! doubtful, and never the write double. Answers that are failures give the key back: they changed nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use contract::ids::AccountId;
use http_body_util::BodyExt;
use http_body_util::Limited;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use super::error::WebError;
use crate::auth;
use crate::auth::Earlier;
use crate::hub::Hub;
use crate::store::Priority;
use crate::store::StoreError;

/// The header.
const HEADER: &str = "idempotency-key";
/// The longest key.
const LONGEST: usize = 128;
/// The largest answer that is kept; none of the API's writes comes near it.
const LARGEST: usize = 256 * 1024;
/// What an answer keeps of its headers.
const KEPT: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::LOCATION,
    header::ETAG,
    header::SET_COOKIE,
];

/// An answer as it is kept.
#[derive(Debug, Deserialize, Serialize)]
struct Kept {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Returns the key that a write carries, if it carries one.
pub(super) fn key_of(request: &Parts) -> Result<Option<String>, WebError> {
    if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(None);
    }
    let mut keys = request.headers.get_all(HEADER).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let key = key.to_str().unwrap_or_default();
    let is_sound = (1..=LONGEST).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic());
    if !is_sound || keys.next().is_some() {
        return Err(WebError::BadHead {
            field: "idempotency-key",
            why: "must be one key of 1 to 128 visible ASCII characters",
        });
    }
    Ok(Some(key.to_owned()))
}

/// Answers a write of `account` with this key: from what is kept, or by running it.
pub(super) async fn answer_once(
    hub: &Arc<Hub>,
    account: AccountId,
    key: String,
    most_bytes: usize,
    request: Request,
    next: Next,
) -> Result<Response, WebError> {
    let (parts, body) = request.into_parts();
    let body = read(body, most_bytes).await?;
    let hash = hash(&parts, &body);
    let now = hub.clock.wall();
    let taken = key.clone();
    let earlier: Earlier = hub
        .store
        .write(Priority::People, move |tx| {
            auth::take_key(tx, account, &taken, hash, now)
        })
        .await
        .map_err(|error: StoreError| WebError::from(error))?;
    match earlier {
        Earlier::New => {}
        Earlier::Answered(sealed) => {
            let opened = auth::open_answer(&hub.seal, account, &key, &sealed)
                .map_err(|error| WebError::Internal(error.into()))?;
            return replay(&opened);
        }
        Earlier::Begun => {
            return Err(WebError::Conflict(
                "A request with this Idempotency-Key was begun, and its end is not known. Look whether it took \
                 effect; if it did not, send it with a new key."
                    .into(),
            ));
        }
        Earlier::Other => {
            return Err(WebError::Conflict(
                "This Idempotency-Key belongs to another request. Use a new key for each write."
                    .into(),
            ));
        }
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    finish(hub, account, key, response).await
}

/// Keeps the answer, or gives the key back.
async fn finish(
    hub: &Arc<Hub>,
    account: AccountId,
    key: String,
    response: Response,
) -> Result<Response, WebError> {
    let status = response.status();
    if !status.is_success() && !status.is_redirection() {
        let released = hub
            .store
            .write(Priority::People, move |tx| {
                auth::release_key(tx, account, &key)
            })
            .await;
        if let Err(error) = released {
            let error: StoreError = error;
            tracing::warn!("giving an idempotency key back failed: {error:#}");
        }
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| WebError::Internal(error.into()))?
        .to_bytes();
    let kept = Kept {
        status: status.as_u16(),
        headers: kept_headers(&parts.headers),
        body: body.to_vec(),
    };
    if body.len() <= LARGEST {
        let text = serde_json::to_vec(&kept).map_err(|error| WebError::Internal(error.into()))?;
        let sealed = auth::seal_answer(&hub.seal, account, &key, &text)
            .map_err(|error| WebError::Internal(error.into()))?;
        let kept: Result<(), StoreError> = hub
            .store
            .write(Priority::People, move |tx| {
                auth::keep_answer(tx, account, &key, &sealed)
            })
            .await;
        // The write is done: an answer that is not kept leaves its key in doubt, and is no failure of the write.
        if let Err(error) = kept {
            tracing::warn!("keeping an answer for its idempotency key failed: {error:#}");
        }
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

async fn read(body: Body, most_bytes: usize) -> Result<Bytes, WebError> {
    let read = Limited::new(body, most_bytes).collect().await;
    match read {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(WebError::TooLarge),
        Err(_) => Err(WebError::invalid("body", "could not be read to its end")),
    }
}

/// The hash of all that a request says: each part with its length, so that no two requests read alike.
fn hash(request: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let path = request
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let header = |name: HeaderName| {
        request
            .headers
            .get(name)
            .map_or(&b""[..], HeaderValue::as_bytes)
    };
    for part in [
        request.method.as_str().as_bytes(),
        path.as_bytes(),
        header(header::CONTENT_TYPE),
        header(header::IF_MATCH),
        body,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    KEPT.iter()
        .filter_map(|name| {
            let value = headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        })
        .collect()
}

fn replay(text: &[u8]) -> Result<Response, WebError> {
    let kept: Kept =
        serde_json::from_slice(text).map_err(|error| WebError::Internal(error.into()))?;
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() =
        StatusCode::from_u16(kept.status).map_err(|error| WebError::Internal(error.into()))?;
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            response.headers_mut().insert(name, value);
        }
    }
    let replayed = HeaderName::from_static("idempotency-replayed");
    response
        .headers_mut()
        .insert(replayed, HeaderValue::from_static("true"));
    Ok(response)
}
