//! What a request carries: JSON bodies, queries and path parts, with faults that name the field.

use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;

use super::error::WebError;

/// A JSON body. Unknown fields are refused by the types themselves (`deny_unknown_fields`).
pub struct Body<T>(pub T);

/// The query of the path.
pub struct Query<T>(pub T);

/// The variable part of the path; one that does not parse names nothing.
pub struct Path<T>(pub T);

/// A body in text of the media type that the route takes, for example `text/csv`.
pub struct Text(pub Bytes, pub HeaderMap);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        if !is_type(request.headers(), "application/json") {
            return Err(WebError::WrongType("application/json"));
        }
        parse_json(&read(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        let headers = request.headers().clone();
        Ok(Self(read(request, state).await?, headers))
    }
}

impl Text {
    /// The bytes, if they came as this media type.
    pub fn of_type(self, wanted: &'static str) -> Result<Bytes, WebError> {
        if is_type(&self.1, wanted) {
            Ok(self.0)
        } else {
            Err(WebError::WrongType(wanted))
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|query: axum::extract::Query<T>| Self(query.0))
            .map_err(|rejection| {
                let text = rejection.body_text();
                let text = text
                    .strip_prefix("Failed to deserialize query string: ")
                    .unwrap_or(&text);
                match text.split_once(": ") {
                    Some((field, why)) if !field.contains(' ') => fault(field, why),
                    _ => fault("", text),
                }
            })
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|path: axum::extract::Path<T>| Self(path.0))
            .map_err(|_| WebError::NotFound)
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, WebError> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => WebError::TooLarge,
            _ => WebError::invalid("body", "could not be read to its end"),
        })
}

fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(wanted))
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WebError> {
    // serde_json refuses nesting deeper than 128 by itself.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        fault(&path, &error.into_inner().to_string())
    })?;
    reader
        .end()
        .map_err(|error| fault("", &error.to_string()))?;
    Ok(value)
}

/// Names the field: the one in the reader's sentence, below the path that the reader was at.
fn fault(path: &str, sentence: &str) -> WebError {
    let path = path.trim_start_matches('.').trim_end_matches(".?");
    let path = if path == "?" { "" } else { path };
    for (start, why) in [
        ("unknown field `", "is not a field here"),
        ("missing field `", "is missing"),
        ("duplicate field `", "is there twice"),
    ] {
        if let Some(rest) = sentence.strip_prefix(start)
            && let Some((name, more)) = rest.split_once('`')
        {
            let field = if path.is_empty() || path == name || path.ends_with(&format!(".{name}")) {
                if path.is_empty() {
                    name.to_owned()
                } else {
                    path.to_owned()
                }
            } else {
                format!("{path}.{name}")
            };
            let allowed = more
                .strip_prefix(", expected ")
                .map(strip_place)
                .map_or_else(String::new, |allowed| format!("; allowed: {allowed}"));
            return WebError::invalid(&field, format!("{why}{allowed}"));
        }
    }
    let field = if path.is_empty() { "body" } else { path };
    WebError::invalid(
        field,
        format!("is not what is allowed: {}", strip_place(sentence)),
    )
}

/// "… at line 1 column 5" tells a person nothing about a field.
fn strip_place(sentence: &str) -> &str {
    sentence
        .split_once(" at line ")
        .map_or(sentence, |(before, _)| before)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading is tested")]
    struct Outer {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading is tested")]
    struct Inner {
        count: u8,
    }

    fn field(json: &str) -> (String, String) {
        match parse_json::<Outer>(json.as_bytes()) {
            Err(WebError::Invalid(faults)) => (faults[0].field.clone(), faults[0].why.clone()),
            other => panic!("{other:?}"),
        }
    }

    /// SE-25: unknown and wrong-typed fields are refused with the field named.
    #[test]
    fn a_fault_names_its_field_and_what_is_allowed() {
        let (name, why) = field(r#"{"name":"x","nmae":1}"#);
        assert_eq!(name, "nmae");
        assert!(why.contains("allowed: `name` or `inner`"), "{why}");
        assert_eq!(field(r#"{}"#), ("name".into(), "is missing".into()));
        assert_eq!(field(r#"{"name":7}"#).0, "name");
        assert_eq!(
            field(r#"{"name":"x","inner":[{"count":300}]}"#).0,
            "inner[0].count"
        );
        assert_eq!(
            field(r#"{"name":"x","inner":[{"cuont":3}]}"#).0,
            "inner[0].cuont"
        );
        assert_eq!(field(r#"{"name":"x"} {}"#).0, "body");
        assert_eq!(field("").0, "body");
        let deep = format!("{{\"name\":{}", "[".repeat(100_000));
        assert_eq!(field(&deep).0, "name");
    }
}
