//! The audit trail as files, and counted. A file is sent while it is read, so that a trail of any length fits.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use contract::ids::OrganisationId;
use futures_util::stream;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::at::At;
use super::audit::AuditLine;
use super::audit::AuditQuery;
use super::body::Query;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use crate::audit;
use crate::hub::Hub;
use crate::store::Priority;
use crate::store::StoreError;

/// Lines that are read in one go.
const AT_ONCE: i64 = 500;
const HEAD: &str = "number,at,actor_kind,actor_id,actor_name,action,object_kind,object_id,summary,details,address,hash\n";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Comma-separated values with a head.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Which file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` or `jsonl`.
    #[param(inline)]
    pub format: FileFormat,
    /// Only this action.
    pub action: Option<String>,
    /// Only this account.
    #[param(value_type = Option<uuid::Uuid>)]
    pub account: Option<contract::ids::AccountId>,
    /// Only what was done to this kind of thing: `permit`.
    pub object_kind: Option<String>,
    /// Only what was done to the thing of this id.
    pub object: Option<String>,
    /// Only from this address.
    pub address: Option<String>,
    /// Not before.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<At>,
    /// Before.
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<At>,
}

/// By what lines are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedBy {
    /// The day, in UTC.
    Day,
    /// What was done.
    Action,
    /// Who did it.
    Actor,
}

/// What is counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CountQuery {
    /// `day`, `action` or `actor`.
    #[param(inline)]
    pub by: CountedBy,
    /// Only this action.
    pub action: Option<String>,
    /// Only this account.
    #[param(value_type = Option<uuid::Uuid>)]
    pub account: Option<contract::ids::AccountId>,
    /// Only what was done to this kind of thing: `permit`.
    pub object_kind: Option<String>,
    /// Only from this address.
    pub address: Option<String>,
    /// Not before.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<At>,
    /// Before.
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<At>,
}

/// Lines that have something in common.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditCount {
    /// What they have in common: a day, an action or a name.
    #[schema(example = "permit.create")]
    pub key: String,
    /// How many they are.
    #[schema(example = 12)]
    pub count: i64,
}

/// The counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditCounts {
    /// Days in their order, at most the last 1,000; others by how many.
    pub items: Vec<AuditCount>,
}

/// Counts the trail's lines by day, action or actor.
#[utoipa::path(
    get, path = "/api/v1/audit/counts", tag = "audit", params(CountQuery),
    responses((status = 200, body = AuditCounts), (status = "default", body = ErrorBody))
)]
pub async fn count_audit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<CountQuery>,
) -> Result<Json<AuditCounts>, WebError> {
    let by = match query.by {
        CountedBy::Day => audit::By::Day,
        CountedBy::Action => audit::By::Action,
        CountedBy::Actor => audit::By::Actor,
    };
    let filter = audit::Filter {
        before: None,
        action: query.action,
        account: query.account,
        object_kind: query.object_kind,
        object: None,
        address: query.address,
        from: query.from.map(|at| at.0),
        until: query.until.map(|at| at.0),
    };
    let organisation = asked.caller.organisation;
    let counts: Result<Vec<audit::Count>, StoreError> = hub
        .store
        .read(move |tx| audit::count(tx, organisation, &filter, by))
        .await;
    let items = counts?
        .into_iter()
        .map(|one| AuditCount {
            key: one.key,
            count: one.count,
        })
        .collect();
    Ok(Json(AuditCounts { items }))
}

/// Sends the trail as a file, newest first, as long as it is. Who took it stands in the trail.
#[utoipa::path(
    get, path = "/api/v1/audit/export", tag = "audit", params(ExportQuery),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = "default", body = ErrorBody)
    )
)]
pub async fn export_audit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<ExportQuery>,
) -> Result<Response, WebError> {
    let format = query.format;
    let filter = AuditQuery {
        cursor: None,
        limit: None,
        action: query.action,
        account: query.account,
        object_kind: query.object_kind,
        object: query.object,
        address: query.address,
        from: query.from,
        until: query.until,
    }
    .filter()?;
    let organisation = asked.caller.organisation;
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            let name = match format {
                FileFormat::Csv => "csv",
                FileFormat::Jsonl => "jsonl",
            };
            let entry = asked.entry(
                at,
                "audit.export",
                ("audit", String::new()),
                "Took the audit trail as a file.",
                serde_json::json!({ "format": name }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(())
        })
        .await?;
    let (kind, name, head) = match format {
        FileFormat::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"audit.csv\"",
            HEAD,
        ),
        FileFormat::Jsonl => (
            "application/jsonl",
            "attachment; filename=\"audit.jsonl\"",
            "",
        ),
    };
    let reading = Reading {
        hub,
        organisation,
        filter,
        format,
        head: Some(head),
        is_over: false,
    };
    let body = Body::from_stream(stream::unfold(reading, |mut reading| async move {
        let part = reading.next().await?;
        Some((part, reading))
    }));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    Ok((headers, body).into_response())
}

struct Reading {
    hub: Arc<Hub>,
    organisation: OrganisationId,
    filter: audit::Filter,
    format: FileFormat,
    head: Option<&'static str>,
    is_over: bool,
}

impl Reading {
    /// The next part of the file; an error breaks the answer off, so that no cut file looks whole.
    async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        if let Some(head) = self.head.take() {
            return Some(Ok(Bytes::from_static(head.as_bytes())));
        }
        if self.is_over {
            return None;
        }
        let (organisation, filter) = (self.organisation, self.filter.clone());
        let read: Result<Vec<audit::Line>, StoreError> = self
            .hub
            .store
            .read(move |tx| audit::list(tx, organisation, &filter, AT_ONCE))
            .await;
        let lines = match read {
            Ok(lines) => lines,
            Err(error) => {
                self.is_over = true;
                return Some(Err(error));
            }
        };
        let last = lines.last()?.number;
        self.filter.before = Some(last);
        let mut text = String::new();
        for line in lines {
            match self.format {
                FileFormat::Csv => row(&mut text, &AuditLine::from(line)),
                FileFormat::Jsonl => {
                    // Texts, numbers and JSON always become JSON.
                    text.push_str(
                        &serde_json::to_string(&AuditLine::from(line)).unwrap_or_default(),
                    );
                    text.push('\n');
                }
            }
        }
        Some(Ok(Bytes::from(text)))
    }
}

fn row(text: &mut String, line: &AuditLine) {
    let cells = [
        line.id.clone(),
        line.at.0.to_string(),
        line.actor.kind.clone(),
        line.actor.id.map(|id| id.to_string()).unwrap_or_default(),
        line.actor.name.clone(),
        line.action.clone(),
        line.object_kind.clone(),
        line.object_id.clone(),
        line.summary.clone(),
        line.details.to_string(),
        line.address.clone(),
        line.hash.clone(),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    text.push_str(&cells.join(","));
    text.push('\n');
}

/// A cell that no spreadsheet takes for a formula.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_stays_one_cell() {
        assert_eq!(quoted("=cmd()"), "\"'=cmd()\"");
        assert_eq!(quoted("a,\"b\"\nc"), "\"a,\"\"b\"\"\nc\"");
        assert_eq!(quoted(""), "\"\"");
    }
}
