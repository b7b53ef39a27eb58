//! Roles of the organisation: the five from the start and those that people make.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::keep_managed;
use super::accounts::name_faults;
use super::accounts::refuse_more;
use super::accounts::taken;
use super::at::At;
use super::body::Body;
use super::body::Path;
use super::caller::Asked;
use super::caller::Caller;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use crate::audit;
use crate::auth;
use crate::auth::Right;
use crate::auth::Seeded;
use crate::hub::Hub;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// The most roles of an organisation.
const MOST_ROLES: usize = 100;

/// One role.
#[derive(Debug, Serialize, ToSchema)]
pub struct Role {
    /// Its identity.
    pub id: Uuid,
    /// Its name, by which accounts name it.
    #[schema(example = "operator")]
    pub name: String,
    /// Whether it is one of the five from the start: its name stays and it can't be removed.
    pub seeded: bool,
    /// Whether it always has every right; then only `needs_second_factor` can be changed.
    pub fixed: bool,
    /// The names of its rights.
    #[schema(value_type = Vec<String>, example = json!(["view_passages", "view_fleet"]))]
    pub rights: BTreeSet<Right>,
    /// Whether an account has these rights only with a second factor.
    pub needs_second_factor: bool,
    /// When it was made.
    pub created_at: At,
}

/// What a role is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleInput {
    /// Its name, unique in the organisation, in any case.
    #[schema(example = "night shift")]
    pub name: String,
    /// The names of its rights.
    #[schema(value_type = Vec<String>, example = json!(["view_passages", "order_barrier"]))]
    pub rights: BTreeSet<Right>,
    /// Whether an account has these rights only with a second factor.
    #[serde(default)]
    pub needs_second_factor: bool,
}

impl From<auth::Role> for Role {
    fn from(role: auth::Role) -> Self {
        Self {
            id: role.id,
            name: role.name,
            seeded: role.seeded.is_some(),
            fixed: role.seeded == Some(Seeded::Admin),
            rights: role.rights,
            needs_second_factor: role.needs_second_factor,
            created_at: role.created_at.into(),
        }
    }
}

/// Lists the organisation's roles.
#[utoipa::path(
    get, path = "/api/v1/roles", tag = "accounts",
    responses((status = 200, body = Page<Role>), (status = "default", body = ErrorBody))
)]
pub async fn list_roles(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<Role>>, WebError> {
    let organisation = asked.caller.organisation;
    let roles = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::list_roles(tx, organisation)?))
        .await?;
    Ok(Json(Page {
        items: roles.into_iter().map(Role::from).collect(),
        next_cursor: None,
    }))
}

/// Makes a role. Nobody makes one with rights that he does not have.
#[utoipa::path(
    post, path = "/api/v1/roles", tag = "accounts", request_body = RoleInput,
    responses((status = 201, body = Role), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn create_role(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<RoleInput>,
) -> Result<(StatusCode, Json<Role>), WebError> {
    WebError::check(name_faults(&given.name))?;
    let at = hub.clock.wall();
    let id = Uuid::fresh(at);
    let made = hub
        .store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let role = auth::Role {
                id,
                name: given.name.trim().to_owned(),
                seeded: None,
                rights: given.rights.clone(),
                needs_second_factor: given.needs_second_factor,
                created_at: at,
            };
            refuse_more(&asked.caller, &role)?;
            if auth::list_roles(tx, organisation)?.len() >= MOST_ROLES {
                return Err(WebError::Conflict(format!(
                    "An organisation has at most {MOST_ROLES} roles."
                )));
            }
            auth::insert_role(tx, organisation, &role)
                .map_err(|error| taken(error, "A role of this name exists already."))?;
            let entry = asked.entry(
                at,
                "role.create",
                ("role", id.to_string()),
                "Made a role.",
                serde_json::json!({ "after": told(&role) }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(role)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Changes a role's name and rights; it holds at once for every account that has it.
#[utoipa::path(
    put, path = "/api/v1/roles/{id}", tag = "accounts",
    params(("id" = Uuid, Path, description = "The role.")), request_body = RoleInput,
    responses((status = 200, body = Role), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn change_role(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Body(given): Body<RoleInput>,
) -> Result<Json<Role>, WebError> {
    WebError::check(name_faults(&given.name))?;
    let at = hub.clock.wall();
    let changed = hub
        .store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let before = find_to_change(tx, &asked.caller, id)?;
            let after = auth::Role {
                name: given.name.trim().to_owned(),
                rights: given.rights.clone(),
                needs_second_factor: given.needs_second_factor,
                ..before.clone()
            };
            if before.seeded == Some(Seeded::Admin) && before.rights != after.rights {
                return Err(WebError::Conflict(
                    "The administrator always has every right.".into(),
                ));
            }
            if before.seeded.is_some() && before.name != after.name {
                return Err(WebError::invalid(
                    "name",
                    "of a role from the start stays as it is",
                ));
            }
            refuse_more(&asked.caller, &after)?;
            auth::change_role(tx, organisation, &after)
                .map_err(|error| taken(error, "A role of this name exists already."))?;
            keep_managed(tx, organisation)?;
            let entry = asked.entry(
                at,
                "role.change",
                ("role", id.to_string()),
                "Changed a role.",
                serde_json::json!({ "before": told(&before), "after": told(&after) }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(after)
        })
        .await?;
    Ok(Json(changed.into()))
}

/// Removes a role that nobody has.
#[utoipa::path(
    delete, path = "/api/v1/roles/{id}", tag = "accounts",
    params(("id" = Uuid, Path, description = "The role.")),
    responses((status = 204), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn remove_role(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, WebError> {
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let role = find_to_change(tx, &asked.caller, id)?;
            if role.seeded.is_some() {
                return Err(WebError::Conflict(
                    "The roles from the start can't be removed.".into(),
                ));
            }
            match auth::delete_role(tx, organisation, id) {
                Err(StoreError::Foreign) => {
                    return Err(WebError::Conflict(
                        "An account has this role. Give it another one first.".into(),
                    ));
                }
                done => done?,
            };
            let entry = asked.entry(
                at,
                "role.remove",
                ("role", id.to_string()),
                "Removed a role.",
                serde_json::json!({ "before": told(&role) }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn find_to_change(tx: &mut Tx, caller: &Caller, id: Uuid) -> Result<auth::Role, WebError> {
    let role = auth::find_role(tx, caller.organisation, id)?.ok_or(WebError::NotFound)?;
    refuse_more(caller, &role)?;
    Ok(role)
}

/// What the audit trail keeps of a role.
fn told(role: &auth::Role) -> serde_json::Value {
    serde_json::json!({ "name": role.name, "rights": role.rights, "needs_second_factor": role.needs_second_factor })
}
