//! Accounts of the organisation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::ids::AccountId;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::at::At;
use super::body::Body;
use super::body::Query;
use super::caller::Asked;
use super::error::FieldFault;
use super::error::WebError;
use super::page::Page;
use super::page::limit;
use crate::audit;
use crate::auth;
use crate::auth::Role;
use crate::hub::Hub;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;

/// One account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    /// Its identity.
    #[schema(value_type = uuid::Uuid)]
    pub id: AccountId,
    /// The name that it logs in with.
    pub name: String,
    /// `admin`, `operator` or `viewer`.
    #[schema(value_type = String, example = "operator")]
    pub role: Role,
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
    pub name: String,
    /// At least 8 characters with an upper-case letter, a lower-case letter and a digit.
    pub password: String,
    /// `admin`, `operator` or `viewer`.
    #[schema(value_type = String, example = "operator")]
    pub role: Role,
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
            role: account.role,
            created_at: account.created_at.into(),
            disabled_at: account.disabled_at.map(At::from),
        }
    }
}

/// Lists the organisation's accounts by name.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", params(AccountQuery), responses((status = 200, body = Page<Account>)))]
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

/// Creates an account.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", request_body = NewAccount, responses((status = 201, body = Account)))]
pub async fn create_account(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<NewAccount>,
) -> Result<(StatusCode, Json<Account>), WebError> {
    let mut faults = name_faults(&given.name);
    faults.extend(password_faults(&given.password));
    WebError::check(faults)?;
    let password = hub.hasher.hash(&given.password).await?;
    let at = hub.clock.wall();
    let account = auth::Account {
        id: AccountId::fresh(at),
        organisation: asked.caller.organisation,
        name: given.name.trim().to_owned(),
        role: given.role,
        created_at: at,
        disabled_at: None,
    };
    let entry = asked.entry(
        at,
        "account.create",
        ("account", account.id.to_string()),
        format!("Created an account with the role {}.", given.role.name()),
        serde_json::json!({ "name": account.name, "role": given.role.name() }),
    );
    let created = account.clone();
    hub.store
        .write(Priority::People, move |tx| {
            auth::insert_account(tx, &account, &password).map_err(|error| match error {
                StoreError::Unique(_) => {
                    WebError::Conflict("An account of this name exists already.".into())
                }
                other @ (StoreError::Foreign
                | StoreError::Check(_)
                | StoreError::NotFound
                | StoreError::Busy
                | StoreError::Closed
                | StoreError::Panicked
                | StoreError::Column { .. }
                | StoreError::Migration(_)
                | StoreError::Disk(_)
                | StoreError::Engine(_)) => other.into(),
            })?;
            audit::record(tx, &entry)?;
            Ok::<(), WebError>(())
        })
        .await?;
    Ok((StatusCode::CREATED, Json(created.into())))
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
            !name.chars().any(char::is_control),
            "has control characters",
        ),
    ];
    broken(
        "name",
        rules.iter().filter(|rule| !rule.0).map(|rule| rule.1),
    )
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
