//! What people do with their own log-ins: see and end them, and change their password.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::password_faults;
use super::answer::Arrival;
use super::at::At;
use super::body::Body;
use super::body::Path;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::log_in::count_attempt;
use super::page::Page;
use crate::audit;
use crate::auth;
use crate::hub::Hub;
use crate::store::Priority;
use crate::store::StoreError;

/// One log-in that holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionListed {
    /// Names it; it is no secret.
    pub id: Uuid,
    /// `session` of a browser, or `token` of a program that logged in with name and password.
    #[schema(example = "session")]
    pub kind: &'static str,
    /// Whether it is the one that asks.
    pub own: bool,
    /// When it began.
    pub began_at: At,
    /// When it ends by itself.
    pub expires_at: At,
    /// The address where it began.
    #[schema(example = "192.0.2.7")]
    pub address: String,
    /// What the browser called itself.
    pub agent: String,
}

/// A new password, and the one that it replaces.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password that holds.
    #[schema(example = "Correct-Horse-1")]
    pub current: String,
    /// The new one: at least 8 characters with an upper-case letter, a lower-case letter and a digit.
    #[schema(example = "Correct-Horse-2")]
    pub password: String,
}

/// Lists the caller's own log-ins that hold, newest first.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "session",
    responses((status = 200, body = Page<SessionListed>), (status = "default", body = ErrorBody))
)]
pub async fn list_sessions(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<SessionListed>>, WebError> {
    let own = asked.caller.need_session()?;
    let now = hub.clock.wall();
    let account = asked.caller.account;
    let (sessions, families) = hub
        .store
        .read(move |tx| {
            let sessions = auth::list_sessions(tx, account, now)?;
            Ok::<_, WebError>((sessions, auth::list_families(tx, account, now)?))
        })
        .await?;
    let shown = |kind: &'static str| {
        move |listed: auth::Listed| SessionListed {
            id: listed.id,
            kind,
            own: listed.id == own,
            began_at: listed.created_at.into(),
            expires_at: listed.expires_at.into(),
            address: listed.address,
            agent: listed.agent,
        }
    };
    let mut items: Vec<SessionListed> = sessions
        .into_iter()
        .map(shown("session"))
        .chain(families.into_iter().map(shown("token")))
        .collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.began_at));
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Ends one of the caller's own log-ins.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "session",
    params(("id" = Uuid, Path, description = "The log-in.")),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn end_session(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, WebError> {
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            let account = asked.caller.account;
            if !auth::delete_session(tx, account, id)? && !auth::delete_family(tx, account, id)? {
                return Err(WebError::NotFound);
            }
            let entry = asked.entry(
                at,
                "session.end",
                ("account", asked.caller.account.to_string()),
                "Ended a log-in.",
                serde_json::json!({ "session": id }),
            );
            Ok(audit::record(tx, &entry)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the caller's own password. Every other log-in of the account ends.
#[utoipa::path(
    put, path = "/api/v1/session/password", tag = "session", request_body = PasswordChange,
    responses((status = 204), (status = 429, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn change_password(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    arrival: Arrival,
    Body(given): Body<PasswordChange>,
) -> Result<StatusCode, WebError> {
    let mut faults = password_faults(&given.password);
    if given.password == given.current {
        faults.push(super::error::FieldFault {
            field: "password".into(),
            why: "is the one that you have".into(),
        });
    }
    WebError::check(faults)?;
    let session = asked.caller.need_session()?;
    // Whoever found an open console shall not guess the password there either.
    count_attempt(&hub, &arrival, asked.caller.principal())?;
    let (organisation, account) = (asked.caller.organisation, asked.caller.account);
    let stored: Option<String> = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_password(tx, organisation, account)?))
        .await?;
    if !hub.hasher.verify(&given.current, stored).await? {
        record_refusal(&hub, asked).await?;
        return Err(WebError::invalid("current", "is not your password"));
    }
    hub.attempts_of(asked.caller.principal())
        .succeeded(arrival.address);
    let password = hub.hasher.hash(&given.password).await?;
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            auth::update_password(tx, organisation, account, &password)?;
            auth::end_log_ins(tx, account, Some(session))?;
            let entry = asked.entry(
                at,
                "account.password",
                ("account", account.to_string()),
                "Changed the own password.",
                serde_json::json!({}),
            );
            Ok::<_, WebError>(audit::record(tx, &entry)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn record_refusal(hub: &Hub, asked: Asked) -> Result<(), WebError> {
    let entry = asked.entry(
        hub.clock.wall(),
        "account.password_refused",
        ("account", asked.caller.account.to_string()),
        "Gave a wrong password while changing it.",
        serde_json::json!({}),
    );
    hub.store
        .write(Priority::People, move |tx| {
            audit::record(tx, &entry)?;
            Ok::<(), StoreError>(())
        })
        .await?;
    Ok(())
}
