//! What a request carries: JSON bodies, queries and path parts, with faults that name the field.

use std::fmt;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use http_body::Body as _;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeOwned;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;
use utoipa::IntoParams;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::ParameterIn;

use super::error::FieldFault;
use super::error::WebError;
use super::page;
use super::routes::Line;
use super::text;
use super::text::Sound;

/// Faults that one answer names.
const MOST_FAULTS: usize = 20;

/// How deep a JSON body may nest; what the API takes is at most a handful deep.
const DEEPEST: usize = 32;

/// Reads a field that must be an object: a derived struct whose fields may all be left out would take `[]` as well.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}

/// What is known of a body before it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announced {
    /// Whether there is one at all.
    pub(super) is_there: bool,
    /// Its size, if the head says it.
    pub(super) bytes: Option<u64>,
}

impl Announced {
    pub(super) fn of(body: &axum::body::Body) -> Self {
        Self {
            is_there: !body.is_end_stream(),
            bytes: body.size_hint().exact(),
        }
    }
}

/// What bodies a route takes; judged by the head alone.
#[derive(Clone, Debug)]
pub(super) struct Takes {
    media: Vec<String>,
    /// Names in the query; none of a route that is no part of the document.
    query: Option<Vec<String>>,
    bytes: usize,
}

impl Takes {
    /// What the route's part of the document says.
    pub(super) fn of(line: &Line) -> Self {
        let operations: Vec<_> = line
            .paths
            .paths
            .values()
            .flat_map(|item| [&item.get, &item.post, &item.put, &item.patch, &item.delete])
            .flatten()
            .collect();
        let media = operations
            .iter()
            .filter_map(|operation| match &operation.request_body {
                Some(RefOr::T(body)) => Some(body),
                Some(RefOr::Ref(_)) | None => None,
            })
            .flat_map(|body| body.content.keys().cloned())
            .collect();
        let query = operations
            .iter()
            .flat_map(|operation| operation.parameters.iter().flatten())
            .filter_map(|parameter| match parameter {
                RefOr::T(parameter) => Some(parameter),
                RefOr::Ref(_) => None,
            })
            .filter(|parameter| matches!(parameter.parameter_in, ParameterIn::Query))
            .map(|parameter| parameter.name.clone())
            .collect();
        Self {
            media,
            query: (!operations.is_empty()).then_some(query),
            bytes: line.body_bytes,
        }
    }

    /// Refuses what the handler could only refuse, or would not even look at. Nothing of a body is read.
    pub(super) fn check(&self, request: &Parts, body: Announced) -> Result<(), WebError> {
        self.check_query(request.uri.query().unwrap_or_default())?;
        let headers = &request.headers;
        if body.bytes.is_some_and(|bytes| bytes > self.bytes as u64) {
            return Err(WebError::TooLarge);
        }
        let is_packed = headers
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .any(|coding| coding != "identity");
        if is_packed {
            return Err(WebError::WrongType("bodies that are not packed"));
        }
        let named = headers.get(header::CONTENT_TYPE);
        match self.media.first() {
            // Some programs send `{}` with every request.
            None if body.is_there && body.bytes != Some(2) => Err(WebError::BadHead {
                field: "body",
                why: "is not taken here",
            }),
            Some(first) if body.is_there || named.is_some() => {
                if self.media.iter().any(|media| is_type(headers, media)) {
                    Ok(())
                } else {
                    Err(WebError::WrongType(named_type(first)))
                }
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Takes {
    /// Refuses names that the route does not know: one that is misspelt would otherwise narrow nothing.
    fn check_query(&self, query: &str) -> Result<(), WebError> {
        let Some(known) = &self.query else {
            return Ok(());
        };
        let mut faults = Vec::new();
        let mut seen = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (plain_text(name), plain_text(value));
            let why = if !known.contains(&name) {
                Some(match known.as_slice() {
                    [] => "is not known here; this route takes no query".to_owned(),
                    known => format!("is not known here; allowed: {}", known.join(", ")),
                })
            } else if seen.contains(&name) {
                Some("is there twice".to_owned())
            } else {
                text::fault(&value).map(str::to_owned)
            };
            if let Some(why) = why {
                let field = name.chars().take(64).collect();
                faults.push(FieldFault { field, why });
            }
            seen.push(name);
        }
        faults.truncate(MOST_FAULTS);
        WebError::check(faults)
    }
}

/// A JSON body. Unknown fields are refused by the types themselves (`deny_unknown_fields`).
pub struct Body<T>(pub T);

/// The query of the path.
pub struct Query<T>(pub T);

/// The query of a list: what it is narrowed by, and which part of it is asked for.
pub struct Listing<T> {
    /// What it is narrowed by.
    pub query: T,
    /// Where the page begins, from the page before.
    pub cursor: Option<String>,
    /// How many items a page has, within what is allowed.
    pub limit: usize,
}

/// The part of a list that is asked for, as the document shows it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the document is made from it")]
pub struct Part {
    /// Where the page begins, from the page before.
    cursor: Option<String>,
    /// 1 to 200 items; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

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
        read_query(&parts.uri).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Listing<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        let (own, rest) = set_apart(&parts.uri, &["cursor", "limit"]);
        let own: Place = read_query(&own)?;
        Ok(Self {
            query: read_query(&rest)?,
            cursor: own.cursor,
            limit: page::limit(own.limit)?,
        })
    }
}

#[derive(Deserialize)]
struct Place {
    cursor: Option<String>,
    limit: Option<u32>,
}

pub(super) fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, WebError> {
    axum::extract::Query::try_from_uri(uri)
        .map(|query: axum::extract::Query<T>| query.0)
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

/// Two addresses: one with the parts of the query that have these names, one with the others.
pub(super) fn set_apart(uri: &Uri, names: &[&str]) -> (Uri, Uri) {
    let is_named = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default();
        names.contains(&name)
    };
    let query = uri.query().unwrap_or_default();
    let (named, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_named);
    let address = |parts: &[&str]| {
        Uri::builder()
            .path_and_query(format!("/?{}", parts.join("&")))
            .build()
            .unwrap_or_default()
    };
    (address(&named), address(&others))
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

/// A name or a value as the query spells it.
fn plain_text(spelt: &str) -> String {
    let spelt = spelt.replace('+', " ");
    percent_decode_str(&spelt).decode_utf8_lossy().into_owned()
}

/// Whether the body comes as this media type, and in UTF-8 if it says in what.
fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let mut named = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (named.next(), named.next()) else {
        return false;
    };
    let mut parts = value.to_str().unwrap_or_default().split(';');
    let is_media = parts
        .next()
        .is_some_and(|media| media.trim().eq_ignore_ascii_case(wanted));
    let is_utf8 = parts.all(|part| match part.split_once('=') {
        Some((name, set)) if name.trim().eq_ignore_ascii_case("charset") => {
            set.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) | None => true,
    });
    is_media && is_utf8
}

/// The types that routes take, as refusals name them.
fn named_type(media: &str) -> &'static str {
    ["application/json", "text/csv"]
        .into_iter()
        .find(|known| *known == media)
        .unwrap_or("the type that /docs names")
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WebError> {
    if is_deeper_than(bytes, DEEPEST) {
        return Err(WebError::invalid(
            "body",
            format!("nests deeper than {DEEPEST} levels"),
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    // What is no JSON at all is told by the second reading, with the words of the type.
    if let Err(error) = serde_path_to_error::deserialize::<_, Sound>(&mut reader)
        && error.inner().is_data()
    {
        let path = error.path().to_string();
        let why = error.into_inner().to_string();
        let field = path.trim_start_matches('.').trim_end_matches(".?");
        let field = if matches!(field, "" | "?") {
            "body"
        } else {
            field
        };
        return Err(WebError::invalid(field, strip_place(&why)));
    }
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

/// Whether JSON nests deeper than this. It looks at brackets outside of texts only, and builds nothing.
fn is_deeper_than(bytes: &[u8], most: usize) -> bool {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
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
    use axum::http::HeaderValue;
    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_lists_place_is_set_apart_from_what_it_is_narrowed_by() {
        let uri: Uri = "/x?plate=1%202&cursor=5_a&limit=3&gate=".parse().unwrap();
        let (own, rest) = set_apart(&uri, &["cursor", "limit"]);
        assert_eq!(own.query(), Some("cursor=5_a&limit=3"));
        assert_eq!(rest.query(), Some("plate=1%202&gate="));
        let place: Place = read_query(&own).unwrap();
        assert_eq!(
            (place.cursor.as_deref(), place.limit),
            (Some("5_a"), Some(3))
        );
    }

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
        let (name, why) = field(&deep);
        assert_eq!(name, "body");
        assert!(why.contains("nests deeper than 32"), "{why}");
        let brackets = format!("{{\"name\":\"{}\\\"\"}}", "[".repeat(100));
        assert!(parse_json::<Outer>(brackets.as_bytes()).is_ok());
    }

    /// SE-26: one content type, the one that is taken, in UTF-8.
    #[test]
    fn a_content_type_is_the_one_that_is_taken_and_in_utf_8() {
        let is_json = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
            }
            is_type(&headers, "application/json")
        };
        assert!(is_json(&["application/json"]));
        assert!(is_json(&["Application/JSON ; charset=\"UTF-8\""]));
        for odd in [
            &[][..],
            &["text/plain"],
            &["application/json; charset=utf-16"],
            &["application/jsonx"],
            &["application/json", "text/plain"],
            &[""],
        ] {
            assert!(!is_json(odd), "{odd:?}");
        }
    }
}
