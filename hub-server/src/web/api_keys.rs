//! API keys: how programs call the API on an account's behalf. The secret is in one answer, and nowhere afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::name_faults;
use super::at::At;
use super::body::Body;
use super::body::Path;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::FieldFault;
use super::error::WebError;
use super::page::Page;
use crate::audit;
use crate::auth;
use crate::auth::Right;
use crate::hub::Hub;
use crate::parking::Named;
use crate::store::Id;
use crate::store::Priority;

/// The most keys of an organisation that hold.
const MOST_KEYS: i64 = 200;
/// How many keys a list shows, revoked ones among them.
const NEWEST: u32 = 500;
/// The longest time for which a key is made: two years.
const LONGEST: Duration = Duration::from_secs(2 * 366 * 24 * 60 * 60);

/// One key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKey {
    /// Its identity.
    pub id: Uuid,
    /// What it is for.
    #[schema(example = "accounting")]
    pub name: String,
    /// How its secret begins, to find it again by.
    #[schema(example = "gwk_Zk3v9Qad")]
    pub prefix: String,
    /// The account on whose behalf it calls; it never may more than that.
    pub account: Named,
    /// The names of the rights that it was given.
    #[schema(value_type = Vec<String>, example = json!(["view_passages"]))]
    pub rights: BTreeSet<Right>,
    /// When it was made.
    pub created_at: At,
    /// Until when it holds; null: until it is revoked.
    pub expires_at: Option<At>,
    /// Since when it does not hold.
    pub revoked_at: Option<At>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<At>,
    /// From which address.
    pub last_address: String,
}

/// What a new key is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What it is for.
    #[schema(example = "accounting")]
    pub name: String,
    /// The names of its rights, none that the caller does not have.
    #[schema(value_type = Vec<String>, example = json!(["view_passages"]))]
    pub rights: BTreeSet<Right>,
    /// Until when it holds, at most two years ahead; null: until it is revoked.
    #[schema(required = true, example = json!(null))]
    #[serde(deserialize_with = "Option::deserialize")]
    pub expires_at: Option<At>,
}

/// A key with its secret. This answer is the only one that has it.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyMade {
    /// What is listed of it.
    #[serde(flatten)]
    pub key: ApiKey,
    /// Goes into the header `Authorization: Bearer ...`.
    #[schema(example = "gwk_Zk3v9QadGhOqYFvJg1v3xqOQDHYh3yqgJ8yYdWq3uXo")]
    pub secret: String,
}

impl From<auth::ApiKey> for ApiKey {
    fn from(key: auth::ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            account: Named {
                id: key.account.0,
                name: key.account_name,
            },
            rights: key.rights,
            created_at: key.created_at.into(),
            expires_at: key.expires_at.map(At::from),
            revoked_at: key.revoked_at.map(At::from),
            last_used_at: key.last_used_at.map(At::from),
            last_address: key.last_address,
        }
    }
}

/// Lists the organisation's keys, newest first, revoked ones too.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "accounts",
    responses((status = 200, body = Page<ApiKey>), (status = "default", body = ErrorBody))
)]
pub async fn list_keys(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<ApiKey>>, WebError> {
    let organisation = asked.caller.organisation;
    let keys = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::list_keys(tx, organisation, NEWEST)?))
        .await?;
    Ok(Json(Page {
        items: keys.into_iter().map(ApiKey::from).collect(),
        next_cursor: None,
    }))
}

/// Makes a key of the caller's own account. Only somebody who is logged in makes one, never another key.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "accounts", request_body = NewApiKey,
    responses((status = 201, body = ApiKeyMade), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn create_key(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<NewApiKey>,
) -> Result<(StatusCode, Json<ApiKeyMade>), WebError> {
    asked.caller.need_session()?;
    let at = hub.clock.wall();
    WebError::check(faults(&given, at))?;
    if !given.rights.is_subset(&asked.caller.rights) {
        return Err(WebError::Forbidden(
            "A key has no rights that you do not have.",
        ));
    }
    let secret = auth::new_key();
    let key = auth::ApiKey {
        id: Uuid::fresh(at),
        account: asked.caller.account,
        account_name: asked.caller.name.clone(),
        name: given.name.trim().to_owned(),
        prefix: auth::key_prefix(&secret),
        rights: given.rights,
        created_at: at,
        expires_at: given.expires_at.map(|at| at.0),
        revoked_at: None,
        last_used_at: None,
        last_address: String::new(),
    };
    let (made, kept) = (key.clone(), secret.clone());
    hub.store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            if auth::count_keys(tx, organisation)? >= MOST_KEYS {
                return Err(WebError::Conflict(format!(
                    "An organisation has at most {MOST_KEYS} keys that hold. Revoke one first."
                )));
            }
            auth::insert_key(tx, organisation, &key, &kept)?;
            let entry = asked.entry(
                at,
                "key.create",
                ("api_key", key.id.to_string()),
                "Made an API key.",
                serde_json::json!({
                    "name": key.name, "prefix": key.prefix, "rights": key.rights,
                    "expires_at": key.expires_at.map(At),
                }),
            );
            audit::record(tx, &entry)?;
            Ok(())
        })
        .await?;
    let answer = ApiKeyMade {
        key: made.into(),
        secret: secret.reveal().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Ends a key at once.
#[utoipa::path(
    delete, path = "/api/v1/keys/{id}", tag = "accounts",
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn revoke_key(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, WebError> {
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let key = auth::find_key(tx, organisation, id)?.ok_or(WebError::NotFound)?;
            // Revoking twice is what was asked for already.
            if auth::revoke_key(tx, organisation, id, at)? {
                let entry = asked.entry(
                    at,
                    "key.revoke",
                    ("api_key", id.to_string()),
                    "Revoked an API key.",
                    serde_json::json!({ "name": key.name, "prefix": key.prefix, "account": key.account }),
                );
                audit::record(tx, &entry)?;
            }
            Ok::<_, WebError>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn faults(given: &NewApiKey, now: Timestamp) -> Vec<FieldFault> {
    let mut faults = name_faults(&given.name);
    let mut fault = |field: &str, why: &str| {
        faults.push(FieldFault {
            field: field.to_owned(),
            why: why.to_owned(),
        });
    };
    if given.rights.is_empty() {
        fault("rights", "must name a right");
    }
    if let Some(At(until)) = given.expires_at {
        if until <= now {
            fault("expires_at", "is over already");
        } else if until > now.plus(LONGEST) {
            fault("expires_at", "is more than two years ahead");
        }
    }
    faults
}
