//! Log-ins of programs: tokens for name and password, renewed and revoked.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use contract::ids::AccountId;
use contract::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::Arrival;
use super::body::Body;
use super::caller::Caller;
use super::caller::claims_of;
use super::error::ErrorBody;
use super::error::WebError;
use super::log_in::LogIn;
use super::log_in::prove;
use super::session::agent;
use crate::audit;
use crate::audit::Actor;
use crate::auth;
use crate::auth::Claims;
use crate::auth::NewFamily;
use crate::auth::Renewal;
use crate::auth::Renewed;
use crate::auth::Token;
use crate::hub::Hub;
use crate::store::Id;
use crate::store::Priority;

/// What a log-in or a renewal gives.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// Goes into the header `Authorization: Bearer ...`.
    #[schema(
        example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJpc3MiOiJnYXRld2FyZGVuLWh1YiJ9.c2lnbmF0dXJl"
    )]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds for which the access token holds.
    #[schema(example = 1800)]
    pub expires_in: u64,
    /// Brings the next tokens, once. One that comes a second time ends the log-in.
    #[schema(example = "gwr_Zk3v9QadGhOqYFvJg1v3xqOQDHYh3yqgJ8yYdWq3uXo")]
    pub refresh_token: String,
    /// Seconds for which the refresh token holds.
    #[schema(example = 604_800)]
    pub refresh_expires_in: u64,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The newest of the log-in.
    #[schema(example = "gwr_Zk3v9QadGhOqYFvJg1v3xqOQDHYh3yqgJ8yYdWq3uXo")]
    pub refresh_token: String,
}

/// A token of the log-in that is to end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// A refresh token of it, or an access token that holds.
    #[schema(example = "gwr_Zk3v9QadGhOqYFvJg1v3xqOQDHYh3yqgJ8yYdWq3uXo")]
    pub token: String,
}

/// Logs a program in with name and password, and the code of a second factor. Five failures in five minutes from one
/// address, then it waits.
#[utoipa::path(
    post, path = "/api/v1/auth/token", tag = "session", request_body = LogIn,
    responses(
        (status = 200, body = Tokens), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = "default", body = ErrorBody)
    )
)]
pub async fn issue_tokens(
    State(hub): State<Arc<Hub>>,
    arrival: Arrival,
    headers: HeaderMap,
    Body(given): Body<LogIn>,
) -> Result<Json<Tokens>, WebError> {
    let proved = prove(&hub, &arrival, &given).await?;
    let at = hub.clock.wall();
    let ends_at = at.plus(hub.auth.token_log_in);
    let family = NewFamily {
        id: Uuid::fresh(at),
        account: proved.account.id,
        created_at: at,
        expires_at: at.plus(hub.auth.refresh_token).min(ends_at),
        ends_at,
        address: arrival.address.to_string(),
        agent: agent(&headers),
    };
    let refresh = auth::new_refresh_token();
    let tokens = sign(&hub, &family, &refresh, at).await?;
    let claims = tokens.1;
    hub.store
        .write(Priority::People, move |tx| {
            let second_factor = proved.settle(tx)?;
            auth::insert_family(tx, &family, &refresh)?;
            // Read back: whoever was disabled or removed meanwhile has no tokens.
            let caller = auth::find_token_use(tx, &claims, at)?
                .map(Caller::of_token)
                .ok_or(WebError::WrongCredentials)?;
            let entry = audit::Entry {
                organisation: caller.organisation,
                at,
                actor: caller.actor(),
                action: "token.begin",
                object_kind: "account",
                object_id: caller.account.to_string(),
                summary: "Logged in for tokens.".to_owned(),
                details: json!({ "family": family.id, "second_factor": second_factor }),
                address: family.address.clone(),
            };
            Ok::<_, WebError>(audit::record(tx, &entry)?)
        })
        .await?;
    Ok(Json(tokens.0))
}

/// Brings the next tokens for a refresh token. A token that was used before ends the whole log-in, for two have it; so of
/// two renewals at the same time the second does.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "session", request_body = Refresh,
    responses(
        (status = 200, body = Tokens), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = "default", body = ErrorBody)
    )
)]
pub async fn renew_tokens(
    State(hub): State<Arc<Hub>>,
    arrival: Arrival,
    Body(given): Body<Refresh>,
) -> Result<Json<Tokens>, WebError> {
    let at = hub.clock.wall();
    let presented = Token::presented(&given.refresh_token);
    let refresh = auth::new_refresh_token();
    // Before anything is used up: a hub that can't sign leaves the log-in as it is.
    let key = signing_key(&hub, at).await?;
    let (next, lasts) = (refresh.clone(), hub.auth.refresh_token);
    let renewal = hub
        .store
        .write(Priority::People, move |tx| {
            let renewal = auth::renew_tokens(tx, &presented, &next, at, lasts)?;
            let (action, summary, of) = match &renewal {
                Renewal::Done(of) => ("token.refresh", "Renewed the tokens.", of),
                Renewal::Reused(of) => (
                    "token.reused",
                    "A refresh token came a second time: its log-in was ended.",
                    of,
                ),
                Renewal::Unknown => return Ok(renewal),
            };
            let entry = told(of, &arrival, at, action, summary);
            audit::record(tx, &entry)?;
            // Not an error, which would take the end of the family back.
            Ok::<_, WebError>(renewal)
        })
        .await?;
    match renewal {
        Renewal::Done(of) => {
            let claims = Claims::new(of.account, of.family, at, hub.auth.access_token);
            let access = key.sign(&claims).map_err(internal)?;
            Ok(Json(tokens(&hub, access, &refresh, at, of.expires_at)))
        }
        Renewal::Reused(of) => {
            tracing::warn!(account.id = %of.account, "a refresh token came a second time: its log-in was ended");
            metrics::counter!("gatewarden_hub_refresh_tokens_reused_total").increment(1);
            Err(WebError::Unauthenticated)
        }
        Renewal::Unknown => Err(WebError::Unauthenticated),
    }
}

/// Ends a log-in by one of its tokens. A token that nobody knows is answered the same way.
#[utoipa::path(
    post, path = "/api/v1/auth/revoke", tag = "session", request_body = Revoke,
    responses((status = 204), (status = 400, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn revoke_tokens(
    State(hub): State<Arc<Hub>>,
    arrival: Arrival,
    Body(given): Body<Revoke>,
) -> Result<StatusCode, WebError> {
    let at = hub.clock.wall();
    let claims = claims_of(&hub, &given.token).await?;
    let presented = Token::presented(&given.token);
    hub.store
        .write(Priority::People, move |tx| {
            let found = match &claims {
                Some(claims) => auth::find_token_use(tx, claims, at)?.map(|token| Renewed {
                    family: token.family,
                    account: token.account,
                    name: token.name,
                    organisation: token.reach.organisation,
                    expires_at: at,
                }),
                None => auth::find_family(tx, &presented)?,
            };
            let Some(of) = found else {
                return Ok::<_, WebError>(());
            };
            auth::delete_family(tx, of.account, of.family)?;
            let entry = told(
                &of,
                &arrival,
                at,
                "token.revoke",
                "Ended a log-in by its token.",
            );
            Ok(audit::record(tx, &entry)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn sign(
    hub: &Hub,
    family: &NewFamily,
    refresh: &Token,
    at: Timestamp,
) -> Result<(Tokens, Claims), WebError> {
    let claims = Claims::new(family.account, family.id, at, hub.auth.access_token);
    let access = signing_key(hub, at)
        .await?
        .sign(&claims)
        .map_err(internal)?;
    Ok((tokens(hub, access, refresh, at, family.expires_at), claims))
}

async fn signing_key(hub: &Hub, at: Timestamp) -> Result<auth::SigningKey, WebError> {
    auth::signing_key(&hub.store, &hub.seal, at, hub.auth.signing_key)
        .await
        .map_err(internal)
}

fn internal(error: auth::SigningError) -> WebError {
    match error {
        auth::SigningError::Store(error) => error.into(),
        auth::SigningError::Seal(_) | auth::SigningError::Key => WebError::Internal(error.into()),
    }
}

fn tokens(
    hub: &Hub,
    access: Token,
    refresh: &Token,
    at: Timestamp,
    expires_at: Timestamp,
) -> Tokens {
    Tokens {
        access_token: access.reveal().to_owned(),
        token_type: "Bearer",
        expires_in: hub.auth.access_token.as_secs(),
        refresh_token: refresh.reveal().to_owned(),
        refresh_expires_in: expires_at.since(at).as_secs(),
    }
}

fn told(
    of: &Renewed,
    arrival: &Arrival,
    at: Timestamp,
    action: &'static str,
    summary: &str,
) -> audit::Entry {
    let account: AccountId = of.account;
    audit::Entry {
        organisation: of.organisation,
        at,
        actor: Actor::Account(account, of.name.clone()),
        action,
        object_kind: "account",
        object_id: account.to_string(),
        summary: summary.to_owned(),
        details: json!({ "family": of.family }),
        address: arrival.address.to_string(),
    }
}
