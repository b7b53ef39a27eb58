//! Accounts of the organisation: who they are, as what, and where.
//!
//! Nobody gives away what he does not have: a role is given, and an account changed, only by somebody who has all of
//! its rights. The last account that can manage accounts stays one.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::at::At;
use super::body::Body;
use super::body::Path;
use super::body::Query;
use super::caller::Asked;
use super::caller::Caller;
use super::error::ErrorBody;
use super::error::FieldFault;
use super::error::WebError;
use super::page::Page;
use super::page::limit;
use crate::audit;
use crate::auth;
use crate::fleet;
use crate::hub::Hub;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// The most sites that an account is limited to.
const MOST_SITES: usize = 200;

/// One account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    /// Its identity.
    #[schema(value_type = uuid::Uuid)]
    pub id: AccountId,
    /// The name that it logs in with.
    pub name: String,
    /// The name of its role.
    #[schema(example = "operator")]
    pub role: String,
    /// The sites that it is limited to; null for all, those of the future, too.
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    pub sites: Option<BTreeSet<SiteId>>,
    /// When it was created.
    pub created_at: At,
    /// Since when it may not log in.
    pub disabled_at: Option<At>,
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The name that it will log in with; unique on this hub, in any case.
    #[schema(example = "olga")]
    pub name: String,
    /// At least 8 characters with an upper-case letter, a lower-case letter and a digit.
    #[schema(example = "Correct-Horse-1")]
    pub password: String,
    /// The name of a role of the organisation.
    #[schema(example = "operator")]
    pub role: String,
    /// The sites that it is limited to; null or left out for all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    pub sites: Option<BTreeSet<SiteId>>,
}

/// What an account is to be from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// The name of a role of the organisation.
    #[schema(example = "viewer")]
    pub role: String,
    /// The sites that it is limited to; null for all.
    #[schema(value_type = Option<Vec<uuid::Uuid>>, required = true)]
    #[serde(deserialize_with = "Option::deserialize")]
    pub sites: Option<BTreeSet<SiteId>>,
    /// Whether it may not log in; its sessions end.
    pub disabled: bool,
}

/// A password in place of another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// At least 8 characters with an upper-case letter, a lower-case letter and a digit.
    #[schema(example = "Correct-Horse-2")]
    pub password: String,
}

/// Which accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// Where the page begins, from the page before.
    pub cursor: Option<String>,
    /// 1 to 200 items; 50 if not given.
    pub limit: Option<u32>,
}

impl From<auth::Account> for Account {
    fn from(account: auth::Account) -> Self {
        Self {
            id: account.id,
            name: account.name,
            role: account.role_name,
            sites: account.sites,
            created_at: account.created_at.into(),
            disabled_at: account.disabled_at.map(At::from),
        }
    }
}

/// Lists the organisation's accounts by name.
#[utoipa::path(
    get, path = "/api/v1/accounts", tag = "accounts", params(AccountQuery),
    responses((status = 200, body = Page<Account>), (status = "default", body = ErrorBody))
)]
pub async fn list_accounts(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<AccountQuery>,
) -> Result<Json<Page<Account>>, WebError> {
    let limit = limit(query.limit)?;
    let organisation = asked.caller.organisation;
    let after = query.cursor.unwrap_or_default();
    let accounts = hub
        .store
        .read(move |tx| {
            let asked_for = i64::try_from(limit + 1).unwrap_or(i64::MAX);
            Ok::<_, WebError>(auth::list_accounts(tx, organisation, &after, asked_for)?)
        })
        .await?;
    let accounts: Vec<Account> = accounts.into_iter().map(Account::from).collect();
    Ok(Json(Page::of(accounts, limit, |account| {
        auth::name_key(&account.name)
    })))
}

/// Shows one account.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account.")),
    responses((status = 200, body = Account), (status = "default", body = ErrorBody))
)]
pub async fn show_account(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<AccountId>,
) -> Result<Json<Account>, WebError> {
    let organisation = asked.caller.organisation;
    let account = hub.store.read(move |tx| find(tx, organisation, id)).await?;
    Ok(Json(account.into()))
}

/// Creates an account.
#[utoipa::path(
    post, path = "/api/v1/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = 201, body = Account), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn create_account(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<NewAccount>,
) -> Result<(StatusCode, Json<Account>), WebError> {
    let mut faults = name_faults(&given.name);
    faults.extend(password_faults(&given.password));
    faults.extend(sites_faults(given.sites.as_ref()));
    WebError::check(faults)?;
    let password = hub.hasher.hash(&given.password).await?;
    let at = hub.clock.wall();
    let id = AccountId::fresh(at);
    let created = hub
        .store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let role = role_to_give(tx, &asked.caller, &given.role)?;
            check_sites(tx, organisation, given.sites.as_ref())?;
            let account = auth::Account {
                id,
                organisation,
                name: given.name.trim().to_owned(),
                role: role.id,
                role_name: role.name,
                sites: given.sites.clone(),
                created_at: at,
                disabled_at: None,
            };
            auth::insert_account(tx, &account, &password)
                .map_err(|error| taken(error, "An account of this name exists already."))?;
            let entry = asked.entry(
                at,
                "account.create",
                ("account", id.to_string()),
                format!("Created an account with the role {}.", account.role_name),
                serde_json::json!({ "name": account.name, "after": told(&account) }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(account)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Changes an account's role and sites, and whether it may log in. It holds at once, in sessions that run, too.
#[utoipa::path(
    put, path = "/api/v1/accounts/{id}", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account.")), request_body = AccountChange,
    responses((status = 200, body = Account), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn change_account(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<AccountId>,
    Body(given): Body<AccountChange>,
) -> Result<Json<Account>, WebError> {
    WebError::check(sites_faults(given.sites.as_ref()))?;
    let at = hub.clock.wall();
    let changed = hub
        .store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let before = find_to_change(tx, &asked.caller, id)?;
            let role = role_to_give(tx, &asked.caller, &given.role)?;
            check_sites(tx, organisation, given.sites.as_ref())?;
            let mut after = before.clone();
            after.role = role.id;
            after.role_name = role.name;
            after.sites = given.sites.clone();
            after.disabled_at = given.disabled.then(|| before.disabled_at.unwrap_or(at));
            auth::change_account(tx, &after)?;
            if given.disabled {
                auth::end_log_ins(tx, id, None)?;
            }
            keep_managed(tx, organisation)?;
            let (action, summary) = match (before.disabled_at, after.disabled_at) {
                (None, Some(_)) => ("account.disable", "Disabled an account."),
                (Some(_), None) => ("account.enable", "Enabled an account."),
                (None, None) | (Some(_), Some(_)) => ("account.change", "Changed an account."),
            };
            let entry = asked.entry(
                at,
                action,
                ("account", id.to_string()),
                summary,
                serde_json::json!({ "before": told(&before), "after": told(&after) }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(after)
        })
        .await?;
    Ok(Json(changed.into()))
}

/// Removes an account and ends its sessions. What it did stays in the audit trail.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account.")),
    responses((status = 204), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn remove_account(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<AccountId>,
) -> Result<StatusCode, WebError> {
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let account = find_to_change(tx, &asked.caller, id)?;
            auth::delete_account(tx, organisation, id)?;
            keep_managed(tx, organisation)?;
            let entry = asked.entry(
                at,
                "account.remove",
                ("account", id.to_string()),
                "Removed an account.",
                serde_json::json!({ "name": account.name, "before": told(&account) }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account a new password and ends its sessions, but for the one that asks.
#[utoipa::path(
    put, path = "/api/v1/accounts/{id}/password", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account.")), request_body = NewPassword,
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn reset_password(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<AccountId>,
    Body(given): Body<NewPassword>,
) -> Result<StatusCode, WebError> {
    WebError::check(password_faults(&given.password))?;
    let caller = asked.caller.clone();
    // Asked before the hashing, which costs a core, and again where it is written.
    hub.store
        .read(move |tx| find_to_change(tx, &caller, id).map(|_| ()))
        .await?;
    let password = hub.hasher.hash(&given.password).await?;
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            find_to_change(tx, &asked.caller, id)?;
            auth::update_password(tx, organisation, id, &password)?;
            // The one that asks stays, if somebody does so for himself.
            let own = asked.caller.need_session().ok();
            auth::end_log_ins(tx, id, own)?;
            let entry = asked.entry(
                at,
                "account.password",
                ("account", id.to_string()),
                "Gave an account a new password.",
                serde_json::json!({}),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of an account.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/sessions", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account.")),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn end_sessions(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<AccountId>,
) -> Result<StatusCode, WebError> {
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            find_to_change(tx, &asked.caller, id)?;
            let ended = auth::end_log_ins(tx, id, None)?;
            let entry = asked.entry(
                at,
                "account.log_out",
                ("account", id.to_string()),
                "Ended the sessions of an account.",
                serde_json::json!({ "sessions": ended }),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The role of this name, if the caller has every right that it gives.
fn role_to_give(tx: &mut Tx, caller: &Caller, name: &str) -> Result<auth::Role, WebError> {
    let role = auth::find_role_by_name(tx, caller.organisation, name)?
        .ok_or_else(|| WebError::invalid("role", "is no role of this organisation"))?;
    refuse_more(caller, &role)?;
    Ok(role)
}

/// The account, if the caller has every right that it has.
pub(super) fn find_to_change(
    tx: &mut Tx,
    caller: &Caller,
    id: AccountId,
) -> Result<auth::Account, WebError> {
    let account = find(tx, caller.organisation, id)?;
    let role = auth::find_role(tx, caller.organisation, account.role)?.ok_or(WebError::NotFound)?;
    refuse_more(caller, &role)?;
    Ok(account)
}

/// Nobody gives or takes what he does not have.
pub(super) fn refuse_more(caller: &Caller, role: &auth::Role) -> Result<(), WebError> {
    if role.rights.is_subset(&caller.rights) {
        Ok(())
    } else {
        Err(WebError::Forbidden(
            "This role has rights that yours does not have.",
        ))
    }
}

/// Undoes a change after which nobody could manage accounts.
pub(super) fn keep_managed(tx: &mut Tx, organisation: OrganisationId) -> Result<(), WebError> {
    if auth::is_managed(tx, organisation)? {
        Ok(())
    } else {
        Err(WebError::Conflict(
            "After this nobody could manage accounts. Give another account that right first."
                .into(),
        ))
    }
}

fn find(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: AccountId,
) -> Result<auth::Account, WebError> {
    auth::find_account(tx, organisation, id)?.ok_or(WebError::NotFound)
}

/// What the audit trail keeps of an account.
fn told(account: &auth::Account) -> serde_json::Value {
    serde_json::json!({
        "role": account.role_name,
        "sites": account.sites,
        "disabled": account.disabled_at.is_some(),
    })
}

fn sites_faults(sites: Option<&BTreeSet<SiteId>>) -> Vec<FieldFault> {
    let why = match sites {
        Some(sites) if sites.is_empty() => "must name a site; null means all of them".to_owned(),
        Some(sites) if sites.len() > MOST_SITES => format!("names more than {MOST_SITES} sites"),
        Some(_) | None => return Vec::new(),
    };
    vec![FieldFault {
        field: "sites".to_owned(),
        why,
    }]
}

fn check_sites(
    tx: &mut Tx,
    organisation: OrganisationId,
    sites: Option<&BTreeSet<SiteId>>,
) -> Result<(), WebError> {
    for site in sites.into_iter().flatten() {
        if fleet::sites::find_site(tx, organisation, *site)?.is_none() {
            return Err(WebError::invalid(
                "sites",
                format!("{site} is no site of this organisation"),
            ));
        }
    }
    Ok(())
}

/// A name that somebody else has is a conflict; anything else is as it is.
pub(super) fn taken(error: StoreError, told: &str) -> WebError {
    if matches!(error, StoreError::Unique(_)) {
        WebError::Conflict(told.to_owned())
    } else {
        error.into()
    }
}

/// What is wrong with an account's name.
pub(super) fn name_faults(name: &str) -> Vec<FieldFault> {
    let name = name.trim();
    let rules: [(bool, &str); 3] = [
        (!name.is_empty(), "is empty"),
        (
            name.chars().count() <= auth::NAME_LONGEST,
            "has more than 64 characters",
        ),
        (
            !name.chars().any(is_hidden),
            "has control characters or ones that are not seen",
        ),
    ];
    broken(
        "name",
        rules.iter().filter(|rule| !rule.0).map(|rule| rule.1),
    )
}

/// Control characters, and those that make one name look like another: zero-width ones and turns of direction.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Which rules a new password breaks.
pub(super) fn password_faults(password: &str) -> Vec<FieldFault> {
    broken("password", auth::broken_rules(password).into_iter())
}

fn broken(field: &str, rules: impl Iterator<Item = &'static str>) -> Vec<FieldFault> {
    rules
        .map(|why| FieldFault {
            field: field.to_owned(),
            why: why.to_owned(),
        })
        .collect()
}
