//! Passages as a file: a CSV sheet, a JSON list, or JSON lines, sent while they are read.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::body::read_query;
use super::body::set_apart;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::passages::PassageQuery;
use crate::audit;
use crate::auth;
use crate::auth::Reach;
use crate::hub::Hub;
use crate::parking::passage_sheet;
use crate::parking::passages::Passage;
use crate::parking::search;
use crate::parking::search::Filter;
use crate::parking::search::Found;
use crate::parking::search::Place;
use crate::store::Priority;

/// Passages that are read and sent at once.
const AT_ONCE: usize = 500;

/// As what passages are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// A sheet with a head line. Cells that a spreadsheet would run as a formula have a quote before them.
    #[default]
    Csv,
    /// One list.
    Json,
    /// One passage on each line.
    Jsonl,
}

/// How passages are sent.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// As what; `csv` if not given.
    #[serde(default)]
    #[param(inline, required = false)]
    pub format: ExportFormat,
}

/// What is exported, and how.
pub struct Wish {
    query: PassageQuery,
    format: ExportFormat,
}

impl<S: Send + Sync> FromRequestParts<S> for Wish {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        let (own, rest) = set_apart(&parts.uri, &["format"]);
        let own: ExportQuery = read_query(&own)?;
        Ok(Self {
            query: read_query(&rest)?,
            format: own.format,
        })
    }
}

/// Sends all passages of a search as a file, newest first, and notes that in the audit trail. A file that ends early, because
/// the hub stopped or the account lost its access, ends with a broken connection and never looks whole.
#[utoipa::path(
    get,
    path = "/api/v1/passages/export",
    tag = "passages",
    params(ExportQuery, PassageQuery),
    responses(
        (status = 200, content(
            (String = "text/csv", example = "time,plate,outcome\n2026-01-31T12:30:00.000Z,1234BCD,open\n"),
            (Vec<Passage> = "application/json"),
            (String = "application/x-ndjson"),
        )),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn export_passages(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    wish: Wish,
) -> Result<Response, WebError> {
    let filter = wish.query.filter()?;
    let turn = Arc::clone(&hub.exports)
        .try_acquire_owned()
        .map_err(|_| WebError::Busy)?;
    let format = wish.format;
    let entry = asked.entry(
        hub.clock.wall(),
        "passage.export",
        ("passage", String::new()),
        "Exported passages.",
        serde_json::json!({ "format": format, "query": wish.query }),
    );
    hub.store
        .write(Priority::People, move |tx| {
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(())
        })
        .await?;
    let export = Export {
        reach: asked.caller.reach,
        asked,
        hub,
        filter,
        format,
        step: Step::Head,
        is_first: true,
        _turn: turn,
    };
    let body = Body::from_stream(stream::try_unfold(export, Export::next));
    let (media, name) = match format {
        ExportFormat::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"passages.csv\"",
        ),
        ExportFormat::Json => ("application/json", "attachment; filename=\"passages.json\""),
        ExportFormat::Jsonl => (
            "application/x-ndjson",
            "attachment; filename=\"passages.jsonl\"",
        ),
    };
    let headers = [
        (header::CONTENT_TYPE, media),
        (header::CONTENT_DISPOSITION, name),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((headers, body).into_response())
}

/// A file that is being sent.
struct Export {
    hub: Arc<Hub>,
    asked: Asked,
    reach: Reach,
    filter: Filter,
    format: ExportFormat,
    step: Step,
    /// Whether no passage was sent yet.
    is_first: bool,
    _turn: OwnedSemaphorePermit,
}

/// What comes next.
enum Step {
    Head,
    Page(Option<Place>),
    Tail,
    Done,
}

impl Export {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, anyhow::Error> {
        if self.hub.stop.is_cancelled() {
            anyhow::bail!("the hub stops");
        }
        let bytes = match self.step {
            Step::Head => {
                self.step = Step::Page(None);
                match self.format {
                    ExportFormat::Csv => passage_sheet::head()?,
                    ExportFormat::Json => b"[".to_vec(),
                    ExportFormat::Jsonl => Vec::new(),
                }
            }
            Step::Page(before) => {
                let found = self.page(before).await?;
                self.step = found.rest.map_or(Step::Tail, |rest| Step::Page(Some(rest)));
                self.written(&found.passages)?
            }
            Step::Tail => {
                self.step = Step::Done;
                match self.format {
                    ExportFormat::Json => b"]\n".to_vec(),
                    ExportFormat::Csv | ExportFormat::Jsonl => Vec::new(),
                }
            }
            Step::Done => return Ok(None),
        };
        Ok(Some((bytes.into(), self)))
    }

    /// The next passages, for an account that still has access.
    async fn page(&self, before: Option<Place>) -> Result<Found, anyhow::Error> {
        let (reach, filter) = (self.reach, self.filter.clone());
        let account = self.asked.caller.account;
        let found: Result<Found, WebError> = self
            .hub
            .store
            .read(move |tx| {
                let account = auth::find_account(tx, reach.organisation, account)?;
                if account.is_none_or(|account| account.disabled_at.is_some()) {
                    return Err(WebError::Unauthenticated);
                }
                Ok(search::find_passages(tx, reach, &filter, before, AT_ONCE)?)
            })
            .await;
        found.map_err(|error| anyhow::anyhow!("reading passages for an export: {error:?}"))
    }

    fn written(&mut self, passages: &[Passage]) -> Result<Vec<u8>, anyhow::Error> {
        if self.format == ExportFormat::Csv {
            return Ok(passage_sheet::lines(passages)?);
        }
        let mut bytes = Vec::new();
        for passage in passages {
            if self.format == ExportFormat::Json && !self.is_first {
                bytes.push(b',');
            }
            self.is_first = false;
            serde_json::to_writer(&mut bytes, passage)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }
}
