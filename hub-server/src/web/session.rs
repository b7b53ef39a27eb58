//! Logging in and out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use contract::ids::AccountId;
use contract::ids::OrganisationId;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::Arrival;
use super::body::Body;
use super::caller::Asked;
use super::caller::COOKIE;
use super::caller::Caller;
use super::caller::Means;
use super::error::WebError;
use super::second_factor::Proof;
use super::second_factor::check_code;
use crate::audit;
use crate::audit::Actor;
use crate::auth;
use crate::auth::Account;
use crate::auth::NewSession;
use crate::auth::Token;
use crate::hub::Hub;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// The longest name of a browser that is kept, in characters.
const LONGEST_AGENT: usize = 200;

/// Who is logged in, and what the console needs to know of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// The account.
    pub account: SessionAccount,
    /// Its organisation.
    pub organisation: SessionOrganisation,
    /// The names of its rights.
    pub rights: Vec<String>,
    /// True if its role has rights only with a second factor, which is to be set up first.
    pub needs_second_factor: bool,
    /// Goes into the `X-CSRF-Token` header of each write.
    pub csrf: String,
    /// The hub's version.
    pub version: String,
    /// The hub's build.
    pub build: String,
}

/// The account of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionAccount {
    /// Its identity.
    #[schema(value_type = uuid::Uuid)]
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// The name of its role.
    #[schema(example = "operator")]
    pub role: String,
}

/// The organisation of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionOrganisation {
    /// Its identity.
    #[schema(value_type = uuid::Uuid)]
    pub id: OrganisationId,
    /// Its name.
    pub name: String,
}

impl Session {
    fn of(caller: &Caller) -> Self {
        Self {
            account: SessionAccount {
                id: caller.account,
                name: caller.name.clone(),
                role: caller.role.clone(),
            },
            organisation: SessionOrganisation {
                id: caller.organisation,
                name: caller.organisation_name.clone(),
            },
            rights: caller
                .rights
                .iter()
                .map(|right| right.name().to_owned())
                .collect(),
            needs_second_factor: caller.needs_second_factor,
            csrf: match &caller.means {
                Means::Session { csrf, .. } => csrf.reveal().to_owned(),
                // Only people who are logged in come here.
                Means::Key { .. } => String::new(),
            },
            version: super::VERSION.to_owned(),
            build: super::BUILD.to_owned(),
        }
    }
}

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The account's name, in any case.
    pub name: String,
    /// Its password.
    pub password: String,
    /// A code of its authenticator or a recovery code, if it has a second factor. Without one such a log-in hears
    /// `code_needed`, once the password is right.
    #[serde(default)]
    pub code: Option<String>,
}

/// Shows who is logged in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = Session)))]
pub async fn show_session(asked: Asked) -> Json<Session> {
    Json(Session::of(&asked.caller))
}

/// Logs in. Five failures in five minutes from one address, then it waits.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = LogIn, responses((status = 200, body = Session)))]
pub async fn log_in(
    State(hub): State<Arc<Hub>>,
    arrival: Arrival,
    headers: HeaderMap,
    Body(given): Body<LogIn>,
) -> Result<Response, WebError> {
    count_attempt(&hub, &arrival)?;
    let name = given.name.clone();
    let found: Option<(Account, String)> = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_by_name(tx, &name)?))
        .await?;
    let stored = found.as_ref().map(|(_, stored)| stored.clone());
    let is_right = hub.hasher.verify(&given.password, stored).await?;
    let Some((account, stored)) =
        found.filter(|(account, _)| is_right && account.disabled_at.is_none())
    else {
        metrics::counter!("gatewarden_hub_log_ins_total", "result" => "refused").increment(1);
        record_failure(&hub, &arrival, given.name).await?;
        return Err(WebError::WrongCredentials);
    };
    let proof = match second_step(&hub, &account, given.code.as_deref()).await {
        Ok(proof) => proof,
        Err(error) => {
            if matches!(error, WebError::NeedsCode) {
                // Whoever has the password has not failed yet.
                hub.attempts.succeeded(arrival.address);
            } else {
                record_wrong_code(&hub, &arrival, &account).await?;
            }
            return Err(error);
        }
    };
    hub.attempts.succeeded(arrival.address);
    metrics::counter!("gatewarden_hub_log_ins_total", "result" => "done").increment(1);
    let raised = if hub.hasher.is_outdated(&stored) {
        Some(hub.hasher.hash(&given.password).await?)
    } else {
        None
    };
    let start = Start::new(&hub, &arrival, &headers, account.id);
    let begun = start.clone();
    let caller = hub
        .store
        .write(Priority::People, move |tx| {
            if let Some(raised) = &raised {
                auth::update_password(tx, account.organisation, account.id, raised)?;
            }
            if let Some(proof) = &proof {
                proof.use_up(tx, account.id)?;
            }
            begun.begin(tx, proof.as_ref().map(Proof::name))
        })
        .await?;
    Ok(start.answer(StatusCode::OK, &caller))
}

/// Logs out: the cookie is worth nothing from this moment on.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204)))]
pub async fn log_out(State(hub): State<Arc<Hub>>, asked: Asked) -> Result<Response, WebError> {
    let session = asked.caller.need_session()?;
    let entry = asked.entry(
        hub.clock.wall(),
        "session.end",
        ("account", asked.caller.account.to_string()),
        "Logged out.",
        serde_json::json!({}),
    );
    hub.store
        .write(Priority::People, move |tx| {
            auth::delete_session(tx, asked.caller.account, session)?;
            audit::record(tx, &entry)?;
            Ok::<(), WebError>(())
        })
        .await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, "", 0);
    Ok(response)
}

/// A session that is about to begin.
#[derive(Clone)]
pub(super) struct Start {
    session: NewSession,
    seconds: u64,
}

impl Start {
    pub(super) fn new(
        hub: &Hub,
        arrival: &Arrival,
        headers: &HeaderMap,
        account: AccountId,
    ) -> Self {
        let at = hub.clock.wall();
        Self {
            session: NewSession {
                id: Uuid::fresh(at),
                token: Token::random(),
                csrf: Token::random(),
                account,
                created_at: at,
                expires_at: at.plus(hub.auth.session),
                address: arrival.address.to_string(),
                agent: agent(headers),
            },
            seconds: hub.auth.session.as_secs(),
        }
    }

    /// Writes the session with its audit line.
    /// `second_factor` names what was shown beside the password.
    pub(super) fn begin(
        &self,
        tx: &mut Tx,
        second_factor: Option<&'static str>,
    ) -> Result<Caller, WebError> {
        auth::insert_session(tx, &self.session)?;
        // Read back: whoever was disabled or removed meanwhile has no session.
        let caller = auth::find_session(tx, &self.session.token, self.session.created_at)?
            .map(Caller::of)
            .ok_or(WebError::WrongCredentials)?;
        audit::record(
            tx,
            &audit::Entry {
                organisation: caller.organisation,
                at: self.session.created_at,
                actor: caller.actor(),
                action: "session.begin",
                object_kind: "account",
                object_id: caller.account.to_string(),
                summary: "Logged in.".to_owned(),
                details: serde_json::json!({ "session": self.session.id, "second_factor": second_factor }),
                address: self.session.address.clone(),
            },
        )?;
        Ok(caller)
    }

    /// The answer that hands the cookie over.
    pub(super) fn answer(&self, status: StatusCode, caller: &Caller) -> Response {
        let mut response = (status, Json(Session::of(caller))).into_response();
        set_cookie(&mut response, self.session.token.reveal(), self.seconds);
        response
    }
}

/// Counts an attempt to log in or to set up, or says how long to wait.
pub(super) fn count_attempt(hub: &Hub, arrival: &Arrival) -> Result<(), WebError> {
    hub.attempts
        .begin(arrival.address, hub.clock.wall())
        .map_err(|wait| {
            metrics::counter!("gatewarden_hub_log_ins_total", "result" => "limited").increment(1);
            tracing::warn!(client.address = %arrival.address, "log-ins from {} wait after too many failures", arrival.address);
            WebError::TooMany(wait)
        })
}

/// Asks for the second factor of an account that has one; nothing if it has none.
async fn second_step(
    hub: &Hub,
    account: &Account,
    code: Option<&str>,
) -> Result<Option<Proof>, WebError> {
    let id = account.id;
    let is_on = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_factor(tx, id)?))
        .await?
        .is_some_and(|factor| factor.confirmed_at.is_some());
    if !is_on {
        return Ok(None);
    }
    match code.map(str::trim).filter(|code| !code.is_empty()) {
        None => Err(WebError::NeedsCode),
        Some(code) => match check_code(hub, id, code).await? {
            Some(proof) => Ok(Some(proof)),
            None => Err(WebError::WrongCode),
        },
    }
}

async fn record_wrong_code(
    hub: &Hub,
    arrival: &Arrival,
    account: &Account,
) -> Result<(), WebError> {
    let entry = audit::Entry {
        organisation: account.organisation,
        at: hub.clock.wall(),
        actor: Actor::System,
        action: "session.refused",
        object_kind: "account",
        object_id: account.id.to_string(),
        summary: "Wrong code of the second factor.".to_owned(),
        details: serde_json::json!({ "account_exists": true, "second_factor": true }),
        address: arrival.address.to_string(),
    };
    hub.store
        .write(Priority::People, move |tx| {
            audit::record(tx, &entry)?;
            Ok::<(), StoreError>(())
        })
        .await?;
    Ok(())
}

/// What the browser calls itself, as far as a list of sessions needs it.
fn agent(headers: &HeaderMap) -> String {
    headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_AGENT)
        .collect()
}

fn set_cookie(response: &mut Response, value: &str, seconds: u64) {
    let cookie =
        format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// A name that nobody has may be a password in the wrong field, so it is not recorded.
async fn record_failure(hub: &Hub, arrival: &Arrival, name: String) -> Result<(), WebError> {
    let at = hub.clock.wall();
    let address = arrival.address.to_string();
    hub.store
        .write(Priority::People, move |tx| {
            let known = auth::find_by_name(tx, &name)?.map(|(account, _)| account);
            let organisation = match &known {
                Some(account) => Some(account.organisation),
                None => auth::oldest_organisation(tx)?.map(|organisation| organisation.id),
            };
            let Some(organisation) = organisation else {
                return Ok::<(), StoreError>(());
            };
            audit::record(
                tx,
                &audit::Entry {
                    organisation,
                    at,
                    actor: Actor::System,
                    action: "session.refused",
                    object_kind: "account",
                    object_id: known
                        .as_ref()
                        .map_or_else(String::new, |account| account.id.to_string()),
                    summary: "Wrong name or password.".to_owned(),
                    details: serde_json::json!({ "account_exists": known.is_some() }),
                    address: address.clone(),
                },
            )
        })
        .await?;
    Ok(())
}
