//! What became of a webhook's events: attempts, dead letters, and sending them again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use uuid::Uuid;

use super::at::At;
use super::body::Path;
use super::body::Query;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use super::page::limit;
use super::webhooks::load;
use super::webhooks::wake;
use crate::audit;
use crate::hub::Hub;
use crate::outbound;
use crate::store::Priority;

/// One attempt to deliver an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// The event's id, the same in every attempt.
    pub event: Uuid,
    /// Its kind.
    #[schema(example = "passage")]
    pub kind: String,
    /// Which attempt in a row, from 1.
    #[schema(example = 1)]
    pub attempt: u32,
    /// When it ended.
    pub at: At,
    /// How long it took, in milliseconds.
    #[schema(example = 35)]
    pub took_ms: i64,
    /// The answer's status; null: there was no answer.
    #[schema(example = 204)]
    pub status: Option<u16>,
    /// Why it failed; empty: it was taken.
    #[schema(example = "")]
    pub error: String,
    /// How the answer began, as plain text.
    #[schema(example = "")]
    pub answer: String,
    #[serde(skip)]
    number: i64,
}

/// An event that a webhook did not take in time.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetter {
    /// Names it among the webhook's dead letters.
    #[schema(example = 4711)]
    pub number: i64,
    /// The event's id.
    pub event: Uuid,
    /// Its kind.
    #[schema(example = "passage")]
    pub kind: String,
    /// What it tells.
    pub data: serde_json::Value,
    /// When it was given up.
    pub died_at: At,
    /// Why the last attempt failed.
    #[schema(example = "there was no answer in time")]
    pub error: String,
    /// Whether it is about to be sent again.
    pub is_waiting: bool,
}

/// How many were asked for again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    /// Dead letters that are sent again.
    #[schema(example = 1)]
    pub count: usize,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LetterQuery {
    /// Where the page begins, from the page before.
    pub cursor: Option<String>,
    /// 1 to 200 items; 50 if not given.
    pub limit: Option<u32>,
}

impl From<outbound::Attempt> for Delivery {
    fn from(attempt: outbound::Attempt) -> Self {
        Self {
            event: attempt.event,
            kind: attempt.kind,
            attempt: attempt.attempt,
            at: attempt.at.into(),
            took_ms: attempt.took_ms,
            status: attempt.status,
            error: attempt.error,
            answer: attempt.answer,
            number: attempt.id,
        }
    }
}

impl From<outbound::DeadLetter> for DeadLetter {
    fn from(letter: outbound::DeadLetter) -> Self {
        Self {
            number: letter.event.number,
            event: letter.event.id,
            kind: letter.event.kind,
            data: serde_json::from_str(&letter.event.body).unwrap_or_default(),
            died_at: letter.died_at.into(),
            error: letter.error,
            is_waiting: letter.is_waiting,
        }
    }
}

/// Sends a webhook an event of the kind `test` at once, and tells what came of it.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/test", tag = "integrations",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = Delivery), (status = "default", body = ErrorBody))
)]
pub async fn test_webhook(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Json<Delivery>, WebError> {
    let at = hub.clock.wall();
    // The line is written before the call: an attempt that hangs was an attempt.
    let hook = hub
        .store
        .write(Priority::People, move |tx| {
            let hook = load(tx, asked.caller.organisation, id)?;
            let entry = asked.entry(
                at,
                "webhook.test",
                ("webhook", id.to_string()),
                "Sent a webhook a test.",
                serde_json::json!({ "name": hook.name }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(hook)
        })
        .await?;
    let attempt = hub.courier().test(&hook).await?;
    Ok(Json(attempt.into()))
}

/// Lists the newest attempts, the last 200 of a webhook.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/deliveries", tag = "integrations",
    params(("id" = Uuid, Path, description = "The webhook."), LetterQuery),
    responses((status = 200, body = Page<Delivery>), (status = "default", body = ErrorBody))
)]
pub async fn list_deliveries(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Query(query): Query<LetterQuery>,
) -> Result<Json<Page<Delivery>>, WebError> {
    let limit = limit(query.limit)?;
    let before = place(query.cursor.as_deref())?.unwrap_or(i64::MAX);
    let organisation = asked.caller.organisation;
    let list = hub
        .store
        .read(move |tx| {
            load(tx, organisation, id)?;
            Ok::<_, WebError>(outbound::list_attempts(
                tx,
                organisation,
                id,
                before,
                one_more(limit),
            )?)
        })
        .await?;
    let list = list.into_iter().map(Delivery::from).collect();
    Ok(Json(Page::of(list, limit, |one: &Delivery| {
        one.number.to_string()
    })))
}

/// Lists the dead letters, oldest first.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/dead-letters", tag = "integrations",
    params(("id" = Uuid, Path, description = "The webhook."), LetterQuery),
    responses((status = 200, body = Page<DeadLetter>), (status = "default", body = ErrorBody))
)]
pub async fn list_dead_letters(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Query(query): Query<LetterQuery>,
) -> Result<Json<Page<DeadLetter>>, WebError> {
    let limit = limit(query.limit)?;
    let after = place(query.cursor.as_deref())?.unwrap_or(0);
    let organisation = asked.caller.organisation;
    let list = hub
        .store
        .read(move |tx| {
            load(tx, organisation, id)?;
            Ok::<_, WebError>(outbound::list_letters(
                tx,
                organisation,
                id,
                after,
                one_more(limit),
            )?)
        })
        .await?;
    let list = list.into_iter().map(DeadLetter::from).collect();
    Ok(Json(Page::of(list, limit, |one: &DeadLetter| {
        one.number.to_string()
    })))
}

/// Sends all dead letters of a webhook again.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/dead-letters/replay", tag = "integrations",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = Replayed), (status = "default", body = ErrorBody))
)]
pub async fn replay_dead_letters(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Json<Replayed>, WebError> {
    replay(&hub, asked, id, None).await
}

/// Sends one dead letter again.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/dead-letters/{number}/replay", tag = "integrations",
    params(("id" = Uuid, Path, description = "The webhook."), ("number" = i64, Path, description = "The dead letter.")),
    responses((status = 200, body = Replayed), (status = "default", body = ErrorBody))
)]
pub async fn replay_dead_letter(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path((id, number)): Path<(Uuid, i64)>,
) -> Result<Json<Replayed>, WebError> {
    replay(&hub, asked, id, Some(number)).await
}

async fn replay(
    hub: &Hub,
    asked: Asked,
    id: Uuid,
    number: Option<i64>,
) -> Result<Json<Replayed>, WebError> {
    let at = hub.clock.wall();
    let count = hub
        .store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let hook = load(tx, organisation, id)?;
            let count = outbound::replay(tx, organisation, id, number, at)?;
            if count == 0 && number.is_some() {
                return Err(WebError::NotFound);
            }
            let entry = asked.entry(
                at,
                "webhook.replay",
                ("webhook", id.to_string()),
                "Sent dead letters of a webhook again.",
                serde_json::json!({ "name": hook.name, "number": number, "count": count }),
            );
            audit::record(tx, &entry)?;
            wake(tx);
            Ok(count)
        })
        .await?;
    Ok(Json(Replayed { count }))
}

fn one_more(limit: usize) -> i64 {
    i64::try_from(limit + 1).unwrap_or(i64::MAX)
}

fn place(cursor: Option<&str>) -> Result<Option<i64>, WebError> {
    cursor
        .map(str::parse)
        .transpose()
        .map_err(|_| WebError::invalid("cursor", "is not from a page of this list"))
}
