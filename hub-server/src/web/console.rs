//! The console's files, embedded in the binary: compressed beforehand, named by hash, cached for good.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;

/// One embedded file.
struct Asset {
    path: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    immutable: bool,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Where index.html wants its nonce.
const NONCE: &str = "__CSP_NONCE__";

/// The file at `path`, or the console's page for every other path: its router knows the rest.
pub fn serve(path: &str, asked: &HeaderMap) -> Response {
    let path = path.trim_start_matches('/');
    match ASSETS.iter().find(|asset| asset.path == path) {
        Some(asset) => file(asset, asked),
        None if path.starts_with("assets/") => not_found(),
        None => page(),
    }
}

fn file(asset: &Asset, asked: &HeaderMap) -> Response {
    let takes_brotli = asked
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(',')
                .any(|coding| coding.trim().starts_with("br"))
        });
    let packed = takes_brotli && asset.brotli.len() < asset.plain.len();
    let mut response = Response::new(Body::from(if packed { asset.brotli } else { asset.plain }));
    let headers = response.headers_mut();
    let kind = mime_guess::from_path(asset.path).first_or_octet_stream();
    if let Ok(kind) = HeaderValue::from_str(kind.as_ref()) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    let caching = if asset.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

/// The page with a fresh nonce, in it and in its content policy.
fn page() -> Response {
    let nonce = STANDARD.encode(rand::rng().random::<[u8; 16]>());
    let mut response = Response::new(Body::from(INDEX.replace(NONCE, &nonce)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn not_found() -> Response {
    let mut response = Response::new(Body::from("no such file"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_has_a_nonce_of_its_own_that_its_policy_names() {
        let policy = |response: &Response| {
            response.headers()[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .to_owned()
        };
        let (first, second) = (page(), page());
        assert_ne!(policy(&first), policy(&second));
        assert!(
            policy(&first).contains("script-src 'self';"),
            "no inline scripts"
        );
    }

    #[test]
    fn a_missing_asset_is_not_the_page() {
        assert_eq!(
            serve("/assets/gone-123.js", &HeaderMap::new()).status(),
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            serve("/permits/new", &HeaderMap::new()).status(),
            StatusCode::OK
        );
    }
}
