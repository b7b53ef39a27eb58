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
use super::log_in::LogIn;
use super::log_in::prove;
use crate::audit;
use crate::auth;
use crate::auth::NewSession;
use crate::auth::Token;
use crate::hub::Hub;
use crate::store::Id;
use crate::store::Priority;
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
                // A token needs none, and keys don't come here.
                Means::Token { .. } | Means::Key { .. } => String::new(),
            },
            version: super::VERSION.to_owned(),
            build: super::BUILD.to_owned(),
        }
    }
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
    let proved = prove(&hub, &arrival, &given).await?;
    let start = Start::new(&hub, &arrival, &headers, proved.account.id);
    let begun = start.clone();
    let caller = hub
        .store
        .write(Priority::People, move |tx| {
            let second_factor = proved.settle(tx)?;
            begun.begin(tx, second_factor)
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
            let account = asked.caller.account;
            if !auth::delete_session(tx, account, session)? {
                auth::delete_family(tx, account, session)?;
            }
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

/// What the browser calls itself, as far as a list of sessions needs it.
pub(super) fn agent(headers: &HeaderMap) -> String {
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
