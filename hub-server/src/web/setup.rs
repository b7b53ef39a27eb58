//! The set-up of a fresh hub: its organisation, its first site, its first administrator.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Response;
use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::name_faults;
use super::accounts::password_faults;
use super::answer::Arrival;
use super::body::Body;
use super::error::FieldFault;
use super::error::WebError;
use super::log_in::count_attempt;
use super::session::Session;
use super::session::Start;
use crate::audit;
use crate::audit::Actor;
use crate::auth;
use crate::auth::Account;
use crate::auth::Organisation;
use crate::auth::Seeded;
use crate::auth::Token;
use crate::fleet::sites;
use crate::fleet::sites::Site;
use crate::hub::Hub;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;

/// Whether the hub waits for its set-up.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupState {
    /// True until the first administrator exists.
    pub needed: bool,
    /// The organisation's name, if the hub was provisioned with one; then set-up asks for the administrator only.
    pub organisation: Option<String>,
}

/// What a fresh hub needs to know.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// From the set-up link that the hub printed.
    pub token: String,
    /// The organisation's name. This and the site are not asked for if the hub was provisioned with them.
    #[serde(default)]
    pub organisation: String,
    /// The first site's name.
    #[serde(default)]
    pub site: String,
    /// The site's time zone: `Europe/Madrid`.
    #[serde(default)]
    pub time_zone: String,
    /// The administrator's name.
    pub name: String,
    /// The administrator's password.
    pub password: String,
}

/// Says whether the hub waits for its set-up.
#[utoipa::path(get, path = "/api/v1/setup", tag = "session", responses((status = 200, body = SetupState)))]
pub async fn show_setup(State(hub): State<Arc<Hub>>) -> Result<Json<SetupState>, WebError> {
    let state = hub
        .store
        .read(|tx| {
            let needed = !auth::any_account(tx)?;
            // Who is set up tells nobody whose hub it is.
            let provisioned = if needed {
                auth::oldest_organisation(tx)?
            } else {
                None
            };
            Ok::<_, WebError>(SetupState {
                needed,
                organisation: provisioned.map(|there| there.name),
            })
        })
        .await?;
    Ok(Json(state))
}

/// Sets the hub up with the one-time link, and logs its administrator in.
#[utoipa::path(post, path = "/api/v1/setup", tag = "session", request_body = SetupRequest, responses((status = 201, body = Session)))]
pub async fn set_up(
    State(hub): State<Arc<Hub>>,
    arrival: Arrival,
    headers: HeaderMap,
    Body(given): Body<SetupRequest>,
) -> Result<Response, WebError> {
    let provisioned = hub
        .store
        .read(|tx| Ok::<_, WebError>(auth::oldest_organisation(tx)?))
        .await?;
    WebError::check(faults(&given, provisioned.is_none()))?;
    count_attempt(&hub, &arrival, auth::Principal::Staff)?;
    let token = Token::presented(given.token.trim());
    let presented = token.clone();
    hub.store
        .read(move |tx| {
            refuse_unless_holds(
                auth::any_account(tx)?,
                auth::setup_link_holds(tx, &presented)?,
            )
        })
        .await?;
    let password = hub.hasher.hash(&given.password).await?;
    let at = hub.clock.wall();
    let is_provisioned = provisioned.is_some();
    let organisation = provisioned.unwrap_or_else(|| Organisation {
        id: OrganisationId::fresh(at),
        name: given.organisation.trim().to_owned(),
    });
    let site = Site {
        id: SiteId::fresh(at),
        name: given.site.trim().to_owned(),
        time_zone: given.time_zone.clone(),
        capacity: None,
        created_at: at,
    };
    let (id, name) = (AccountId::fresh(at), given.name.trim().to_owned());
    let entry = audit::Entry {
        organisation: organisation.id,
        at,
        actor: Actor::Account(id, name.clone()),
        action: "hub.set_up",
        object_kind: "organisation",
        object_id: organisation.id.to_string(),
        summary: "The hub was set up.".to_owned(),
        details: if is_provisioned {
            serde_json::json!({ "organisation": organisation.name })
        } else {
            serde_json::json!({ "organisation": organisation.name, "site": site.name, "time_zone": site.time_zone })
        },
        address: arrival.address.to_string(),
    };
    let start = Start::new(&hub, &arrival, &headers, id);
    let begun = start.clone();
    let caller = hub
        .store
        .write(Priority::People, move |tx| {
            // Asked again: of two who use the link at once, one wins.
            refuse_unless_holds(auth::any_account(tx)?, auth::setup_link_holds(tx, &token)?)?;
            if !is_provisioned {
                auth::insert_organisation(tx, &organisation, at)?;
                sites::insert(tx, organisation.id, &site)?;
            }
            let role = auth::find_role_by_name(tx, organisation.id, Seeded::Admin.name())?
                .ok_or(StoreError::NotFound)?;
            let account = Account {
                id,
                organisation: organisation.id,
                name: name.clone(),
                role: role.id,
                role_name: role.name,
                sites: None,
                created_at: at,
                disabled_at: None,
            };
            auth::insert_account(tx, &account, &password)?;
            auth::remove_setup_link(tx)?;
            audit::record(tx, &entry)?;
            begun.begin(tx, None)
        })
        .await?;
    hub.attempts.succeeded(arrival.address);
    tracing::info!("the hub was set up");
    Ok(start.answer(StatusCode::CREATED, &caller))
}

fn refuse_unless_holds(is_set_up: bool, holds: bool) -> Result<(), WebError> {
    if is_set_up {
        Err(WebError::Conflict("This hub is set up already.".into()))
    } else if holds {
        Ok(())
    } else {
        Err(WebError::invalid(
            "token",
            "is not that of the newest set-up link; `hub-server setup-link` prints a new one",
        ))
    }
}

fn faults(given: &SetupRequest, is_fresh: bool) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    if is_fresh {
        for (field, text) in [("organisation", &given.organisation), ("site", &given.site)] {
            faults.extend(sites::name_fault(text).map(|why| FieldFault {
                field: field.to_owned(),
                why: why.to_owned(),
            }));
        }
        if jiff::tz::TimeZone::get(&given.time_zone).is_err() {
            faults.push(FieldFault {
                field: "time_zone".into(),
                why: "is not the name of a time zone, such as Europe/Madrid".into(),
            });
        }
    }
    faults.extend(name_faults(&given.name));
    faults.extend(password_faults(&given.password));
    faults
}
