//! Searches of passages that people keep and share.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::ids::AccountId;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::at::At;
use super::body;
use super::body::Body;
use super::body::Path;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use super::passages::PassageQuery;
use crate::audit;
use crate::hub::Hub;
use crate::parking::saved_searches;
use crate::parking::saved_searches::MOST_KEPT;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// The longest name.
const NAME_LONGEST: usize = 60;

/// A search that somebody keeps.
#[derive(Debug, Serialize, ToSchema)]
pub struct SavedSearch {
    /// Its identity.
    pub id: Uuid,
    /// What it is called.
    #[schema(example = "Refused last night")]
    pub name: String,
    /// What the list is narrowed by.
    pub query: PassageQuery,
    /// Whether whoever reaches all sites of the organisation sees it.
    pub shared: bool,
    /// Whether it is the caller's own; only those can be changed.
    pub own: bool,
    /// Who keeps it.
    pub account: SearchOwner,
    /// When it was kept or changed.
    pub updated_at: At,
}

/// Who keeps a search.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchOwner {
    /// The account.
    #[schema(value_type = Uuid)]
    pub id: AccountId,
    /// Its name when it kept the search.
    pub name: String,
}

/// A search to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedSearchInput {
    /// What it is called, 1 to 60 characters; once per account.
    #[schema(example = "Refused last night")]
    pub name: String,
    /// What the list is narrowed by.
    #[schema(example = json!({ "plate": "12*BCD", "outcome": "deny" }))]
    #[serde(deserialize_with = "body::object")]
    pub query: PassageQuery,
    /// Whether whoever reaches all sites of the organisation sees it.
    #[serde(default)]
    pub shared: bool,
}

impl SavedSearchInput {
    fn checked(self) -> Result<Self, WebError> {
        let name = self.name.trim().to_owned();
        if name.is_empty()
            || name.chars().count() > NAME_LONGEST
            || name.chars().any(char::is_control)
        {
            return Err(WebError::invalid(
                "name",
                format!("must have 1 to {NAME_LONGEST} characters on one line"),
            ));
        }
        self.query.filter()?;
        Ok(Self { name, ..self })
    }
}

fn shown(search: saved_searches::SavedSearch, caller: AccountId) -> SavedSearch {
    SavedSearch {
        id: search.id,
        name: search.name,
        // One that an older version kept and this one does not know narrows nothing.
        query: serde_json::from_str(&search.query).unwrap_or_default(),
        shared: search.is_shared,
        own: search.account == caller,
        account: SearchOwner {
            id: search.account,
            name: search.account_name,
        },
        updated_at: search.updated_at.into(),
    }
}

/// Lists the caller's own searches and those that others share, by name. Accounts limited to sites see their own alone.
#[utoipa::path(
    get,
    path = "/api/v1/passages/searches",
    tag = "passages",
    responses((status = 200, body = Page<SavedSearch>), (status = "default", body = ErrorBody))
)]
pub async fn list_searches(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<SavedSearch>>, WebError> {
    let (reach, account) = (asked.caller.reach, asked.caller.account);
    let list: Vec<saved_searches::SavedSearch> = hub
        .store
        .read(move |tx| {
            let with_shared = reach.is_whole();
            saved_searches::list(tx, reach.organisation, account, with_shared)
                .map_err(WebError::from)
        })
        .await?;
    Ok(Json(Page {
        items: list.into_iter().map(|one| shown(one, account)).collect(),
        next_cursor: None,
    }))
}

/// Keeps a search.
#[utoipa::path(
    post,
    path = "/api/v1/passages/searches",
    tag = "passages",
    request_body = SavedSearchInput,
    responses((status = 201, body = SavedSearch), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn keep_search(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<SavedSearchInput>,
) -> Result<(StatusCode, Json<SavedSearch>), WebError> {
    let given = given.checked()?;
    let now = hub.clock.wall();
    let id = Uuid::fresh(now);
    let search = hub
        .store
        .write(Priority::People, move |tx| {
            let (organisation, account) = (asked.caller.organisation, asked.caller.account);
            if saved_searches::count_own(tx, organisation, account)? >= MOST_KEPT {
                return Err(WebError::Conflict(format!(
                    "An account keeps at most {MOST_KEPT} searches."
                )));
            }
            let search = saved_searches::SavedSearch {
                id,
                account,
                account_name: asked.caller.name.clone(),
                name: given.name.clone(),
                query: crate::parking::words::to_json(&given.query),
                is_shared: given.shared,
                revision: 0,
                updated_at: now,
            };
            keep(tx, &asked, search, "search.create", "Kept a search.")
        })
        .await?;
    Ok((StatusCode::CREATED, Json(search)))
}

/// Changes one of the caller's own searches.
#[utoipa::path(
    put,
    path = "/api/v1/passages/searches/{id}",
    tag = "passages",
    params(("id" = Uuid, Path, description = "The search.")),
    request_body = SavedSearchInput,
    responses((status = 200, body = SavedSearch), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn change_search(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Body(given): Body<SavedSearchInput>,
) -> Result<Json<SavedSearch>, WebError> {
    let given = given.checked()?;
    let now = hub.clock.wall();
    let search = hub
        .store
        .write(Priority::People, move |tx| {
            let (organisation, account) = (asked.caller.organisation, asked.caller.account);
            let before = saved_searches::find_own(tx, organisation, account, id)?
                .ok_or(WebError::NotFound)?;
            let search = saved_searches::SavedSearch {
                name: given.name.clone(),
                query: crate::parking::words::to_json(&given.query),
                is_shared: given.shared,
                revision: before.revision + 1,
                updated_at: now,
                ..before
            };
            keep(tx, &asked, search, "search.change", "Changed a search.")
        })
        .await?;
    Ok(Json(search))
}

/// Forgets one of the caller's own searches.
#[utoipa::path(
    delete,
    path = "/api/v1/passages/searches/{id}",
    tag = "passages",
    params(("id" = Uuid, Path, description = "The search.")),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn forget_search(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, WebError> {
    let now = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            let (organisation, account) = (asked.caller.organisation, asked.caller.account);
            if !saved_searches::forget(tx, organisation, account, id)? {
                return Err(WebError::NotFound);
            }
            let object = ("search", id.to_string());
            let details = serde_json::json!({});
            let entry = asked.entry(now, "search.delete", object, "Forgot a search.", details);
            audit::record(tx, &entry)?;
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn keep(
    tx: &mut Tx,
    asked: &Asked,
    search: saved_searches::SavedSearch,
    action: &'static str,
    summary: &'static str,
) -> Result<SavedSearch, WebError> {
    saved_searches::keep(tx, asked.caller.organisation, &search).map_err(|error| {
        if matches!(error, StoreError::Unique(_)) {
            WebError::Conflict("You keep a search of this name already.".into())
        } else {
            error.into()
        }
    })?;
    let (now, id, account) = (search.updated_at, search.id, search.account);
    let search = shown(search, account);
    let details = serde_json::json!({
        "name": search.name, "query": search.query, "shared": search.shared,
    });
    let entry = asked.entry(now, action, ("search", id.to_string()), summary, details);
    audit::record(tx, &entry)?;
    Ok(search)
}
