//! The console: its files, and its one page for every path that is not the API's.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::assets;
use super::assets::Asset;
use super::error::WebError;

const NONCE_PLACE: &str = "__CSP_NONCE__";
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Gatewarden</title></head>\
<body><h1>Gatewarden</h1><p>This hub was built without its web console.</p>\
<p>Build the console, then the hub: <code>npm ci &amp;&amp; npm run build</code> in <code>hub-server/console</code>, \
then <code>cargo build -p hub-server</code>. <code>scripts/demo</code> does both.</p>\
<p>The API works: <a href=\"/docs\">/docs</a> shows it.</p></body></html>";

/// Serves a file, the page, or a 404 for what can be neither.
pub(super) async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let is_api = path == "api" || path.starts_with("api/");
    if is_api || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return WebError::NotFound.into_response();
    }
    if let Some(asset) = assets::find(path)
        && path != "index.html"
    {
        return file(asset, request.headers());
    }
    // A missing file must not answer with a page: a browser would run HTML as a script.
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.contains('.') && path != "index.html" {
        return WebError::NotFound.into_response();
    }
    match assets::find("index.html") {
        Some(index) => page(&String::from_utf8_lossy(index.plain)),
        None => Html(NOT_BUILT).into_response(),
    }
}

fn file(asset: &Asset, asked: &HeaderMap) -> Response {
    let accepted = asked
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let takes = |coding: &str| {
        accepted.split(',').any(|one| {
            one.split(';')
                .next()
                .is_some_and(|name| name.trim() == coding)
        })
    };
    let (bytes, coding) = match (asset.brotli, asset.gzip) {
        (Some(bytes), _) if takes("br") => (bytes, Some("br")),
        (_, Some(bytes)) if takes("gzip") => (bytes, Some("gzip")),
        _ => (asset.plain, None),
    };
    let media = mime_guess::from_path(asset.path).first_or_octet_stream();
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(media) = HeaderValue::from_str(media.as_ref()) {
        headers.insert(header::CONTENT_TYPE, media);
    }
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // Names below assets/ carry a hash of their bytes.
    let keep = if asset.path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}

/// The page with a fresh nonce: style sheets that the console's components write carry it.
fn page(index: &str) -> Response {
    let nonce = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
    let mut response = Html(index.replace(NONCE_PLACE, &nonce)).into_response();
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: Asset = Asset {
        path: "assets/main-abc.js",
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    fn asking(coding: &'static str) -> Response {
        let mut asked = HeaderMap::new();
        asked.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
        file(&SCRIPT, &asked)
    }

    #[test]
    fn a_hashed_file_is_kept_for_ever_and_packed_as_the_browser_takes_it() {
        let response = asking("gzip, deflate, br;q=0.9");
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript");
        assert!(
            response.headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        assert_eq!(asking("gzip").headers()[header::CONTENT_ENCODING], "gzip");
        assert!(
            asking("identity")
                .headers()
                .get(header::CONTENT_ENCODING)
                .is_none()
        );
    }

    #[test]
    fn each_page_has_a_nonce_of_its_own() {
        let one = page("<meta content=\"__CSP_NONCE__\">");
        let two = page("<meta content=\"__CSP_NONCE__\">");
        let policy = |response: &Response| {
            response.headers()[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_ne!(policy(&one), policy(&two));
        assert!(policy(&one).contains("script-src 'self';"));
    }
}
