//! The API's own document, and the page that shows it.

use std::sync::Arc;

use axum::Json;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::Components;
use utoipa::openapi::Info;
use utoipa::openapi::OpenApi;
use utoipa::openapi::Paths;

use super::body::Path;
use super::error::ErrorBody;
use super::error::WebError;
use super::routes;
use super::routes::Access;
use super::routes::Line;

/// The page brings a style sheet with data: pictures and sets styles by itself; its scripts are files of ours.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Makes the document from the table of routes.
pub(super) fn document(lines: &[Line]) -> Value {
    let mut info = Info::new("Gatewarden", super::VERSION);
    info.description = Some(
        "The hub's API. Log in at /api/v1/session; the cookie then identifies you, and each write carries the \
         session's csrf in X-CSRF-Token. Programs present an API key, or an access token of /api/v1/auth/token, as Authorization: Bearer. Times are RFC 3339 in UTC. Lists are pages: give next_cursor as cursor. A \
         write may carry an Idempotency-Key: sent again within a day, it happens once and is answered alike. Over a \
         route's rate comes 429 with Retry-After."
            .to_owned(),
    );
    let mut api = OpenApi::new(info, Paths::new());
    let mut components = Components::new();
    let mut references = Vec::new();
    ErrorBody::schemas(&mut references);
    components.schemas.extend(references);
    components
        .schemas
        .insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    for line in lines {
        components.schemas.extend(line.schemas.iter().cloned());
        for (path, item) in &line.paths.paths {
            match api.paths.paths.get_mut(path) {
                Some(there) => there.merge_operations(item.clone()),
                None => {
                    api.paths.paths.insert(path.clone(), item.clone());
                }
            }
        }
    }
    api.components = Some(components);
    let mut document = serde_json::to_value(&api).unwrap_or_default();
    for line in lines {
        let pointer = format!(
            "/paths/{}/{}",
            line.path.replace('~', "~0").replace('/', "~1"),
            line.method.to_lowercase()
        );
        if let Some(operation) = document.pointer_mut(&pointer) {
            complete(operation, line);
        }
    }
    document["components"]["securitySchemes"] = json!({
        "session": { "type": "apiKey", "in": "cookie", "name": super::caller::COOKIE },
        "csrf": { "type": "apiKey", "in": "header", "name": "X-CSRF-Token" },
        "key": { "type": "http", "scheme": "bearer", "bearerFormat": "gwk_..." },
        "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
        "scrape": { "type": "http", "scheme": "bearer" },
    });
    document
}

/// What every operation has: the error body, and who may call it.
fn complete(operation: &mut Value, line: &Line) {
    operation["responses"]["default"] = json!({
        "description": "A failure",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ErrorBody" } } },
    });
    let session = if line.method == "GET" {
        json!({ "session": [] })
    } else {
        json!({ "session": [], "csrf": [] })
    };
    let (security, who) = match line.access {
        Access::Open => (json!([]), "Open to anybody.".to_owned()),
        Access::LoggedIn => (
            json!([session, { "token": [] }]),
            "Needs a log-in.".to_owned(),
        ),
        Access::Right(right) => (
            json!([session, { "token": [] }, { "key": [] }]),
            format!("Needs the right `{}`.", right.name()),
        ),
        Access::Scrape => (
            json!([session, { "token": [] }, { "key": [] }, { "scrape": [] }]),
            "Needs the right `metrics` or the scrape token.".to_owned(),
        ),
    };
    operation["security"] = security;
    let told = operation["description"].as_str().unwrap_or_default();
    operation["description"] = json!(format!("{told}\n\n{who}").trim());
}

/// Shows the document.
pub(super) async fn show_document() -> Json<Value> {
    Json(document(&routes::table()))
}

/// Shows the page; its files are relative to it.
pub(super) async fn show_page() -> Response {
    Redirect::to("/docs/index.html").into_response()
}

/// Shows one of the page's files.
pub(super) async fn show_file(Path(file): Path<String>) -> Result<Response, WebError> {
    let config = Arc::new(utoipa_swagger_ui::Config::from("/openapi.json"));
    let file = utoipa_swagger_ui::serve(&file, config)
        .map_err(|error| WebError::Internal(anyhow::anyhow!("{error}")))?
        .ok_or(WebError::NotFound)?;
    let mut response = (
        [(header::CONTENT_TYPE, file.content_type.clone())],
        file.bytes.into_owned(),
    )
        .into_response();
    if file.gzpipped {
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    Ok(response)
}
