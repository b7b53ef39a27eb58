//! The audit trail, for those who may see it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use contract::ids::AccountId;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use uuid::Uuid;

use super::at::At;
use super::body::Query;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use super::page::limit;
use crate::audit;
use crate::hub::Hub;

/// One line of the trail.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLine {
    /// Its place in the trail.
    pub id: String,
    /// When.
    pub at: At,
    /// Who.
    pub actor: AuditActor,
    /// What was done: `permit.create`.
    pub action: String,
    /// What it was done to.
    pub object_kind: String,
    /// Its id, or nothing.
    pub object_id: String,
    /// One sentence.
    pub summary: String,
    /// What exactly.
    pub details: serde_json::Value,
    /// Where the request came from.
    pub address: String,
    /// The line's hash in the chain, in hex.
    pub hash: String,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditActor {
    /// `account`, `edge` or `system`.
    pub kind: String,
    /// The account or edge.
    pub id: Option<Uuid>,
    /// Its name of that day.
    pub name: String,
}

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Where the page begins, from the page before.
    pub cursor: Option<String>,
    /// 1 to 200 items; 50 if not given.
    pub limit: Option<u32>,
    /// Only this action.
    pub action: Option<String>,
    /// Only this account.
    #[param(value_type = Option<Uuid>)]
    pub account: Option<AccountId>,
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

impl AuditQuery {
    pub(super) fn filter(self) -> Result<audit::Filter, WebError> {
        let before = self
            .cursor
            .map(|cursor| cursor.parse())
            .transpose()
            .map_err(|_| WebError::invalid("cursor", "is not from a page of this list"))?;
        Ok(audit::Filter {
            before,
            action: self.action,
            account: self.account,
            object_kind: self.object_kind,
            object: self.object,
            address: self.address,
            from: self.from.map(|at| at.0),
            until: self.until.map(|at| at.0),
        })
    }
}

impl From<audit::Line> for AuditLine {
    fn from(line: audit::Line) -> Self {
        Self {
            id: line.number.to_string(),
            at: line.at.into(),
            actor: AuditActor {
                kind: line.actor_kind,
                id: line.actor_id,
                name: line.actor_name,
            },
            action: line.action,
            object_kind: line.object_kind,
            object_id: line.object_id,
            summary: line.summary,
            details: serde_json::from_str(&line.details).unwrap_or_default(),
            address: line.address,
            hash: hex(&line.hash),
        }
    }
}

/// Lists the trail, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Page<AuditLine>), (status = "default", body = ErrorBody)))]
pub async fn list_audit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditLine>>, WebError> {
    let limit = limit(query.limit)?;
    let filter = query.filter()?;
    let organisation = asked.caller.organisation;
    let lines = hub
        .store
        .read(move |tx| {
            let asked_for = i64::try_from(limit + 1).unwrap_or(i64::MAX);
            Ok::<_, WebError>(audit::list(tx, organisation, &filter, asked_for)?)
        })
        .await?;
    let lines: Vec<AuditLine> = lines.into_iter().map(AuditLine::from).collect();
    Ok(Json(Page::of(lines, limit, |line| line.id.clone())))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
