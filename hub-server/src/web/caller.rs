//! Who calls: the layer that admits or refuses a request by its route's line, and what handlers learn of the caller.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::answer::Arrival;
use super::answer::Whose;
use super::body::Announced;
use super::body::Takes;
use super::door::Door;
use super::door::PROBES;
use super::error::WebError;
use super::idempotency;
use super::rates::Threshold;
use super::rates::Who;
use super::routes::Access;
use super::routes::Line;
use crate::audit;
use crate::audit::Actor;
use crate::auth;
use crate::auth::Claims;
use crate::auth::Principal;
use crate::auth::Reach;
use crate::auth::Right;
use crate::auth::Token;
use crate::hub::Hub;
use crate::store::Priority;
use crate::store::StoreError;

/// The cookie that carries a session.
pub const COOKIE: &str = "gatewarden_session";
/// The header that each write carries.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// Who is logged in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// The name of its role.
    pub role: String,
    /// What it may do at this moment.
    pub rights: BTreeSet<Right>,
    /// Its organisation: every query of tenant data carries it.
    pub organisation: OrganisationId,
    /// What it reaches of its organisation: queries of what belongs to a site carry it.
    pub reach: Reach,
    /// Its organisation's name.
    pub organisation_name: String,
    /// Whether it has no rights until its account has a second factor.
    pub needs_second_factor: bool,
    /// How it shows who it is.
    pub means: Means,
}

/// How a caller shows who it is.
#[derive(Clone, Debug)]
pub enum Means {
    /// By a session's cookie.
    Session {
        /// The session, as it is named to people.
        id: Uuid,
        /// The token that each write must carry.
        csrf: Token,
    },
    /// By an access token in the header `Authorization`.
    Token {
        /// Its family, as it is named to people.
        family: Uuid,
    },
    /// By an API key in the header `Authorization`.
    Key {
        /// What it is for.
        name: String,
    },
}

impl Caller {
    /// Staff or a customer.
    pub(super) fn principal(&self) -> Principal {
        Principal::of_role(&self.role)
    }

    /// Whether it has the right.
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// Who calls by this session.
    pub(super) fn of(session: auth::Session) -> Self {
        Self {
            account: session.account,
            name: session.name,
            role: session.role,
            rights: session.rights,
            organisation: session.reach.organisation,
            reach: session.reach,
            organisation_name: session.organisation_name,
            needs_second_factor: session.needs_second_factor,
            means: Means::Session {
                id: session.id,
                csrf: session.csrf,
            },
        }
    }

    /// Who calls by this access token.
    pub(super) fn of_token(token: auth::TokenUse) -> Self {
        Self {
            account: token.account,
            name: token.name,
            role: token.role,
            rights: token.rights,
            organisation: token.reach.organisation,
            reach: token.reach,
            organisation_name: token.organisation_name,
            needs_second_factor: token.needs_second_factor,
            means: Means::Token {
                family: token.family,
            },
        }
    }

    fn of_key(key: auth::KeyUse) -> Self {
        Self {
            account: key.account,
            name: key.name,
            role: key.role,
            rights: key.rights,
            organisation: key.reach.organisation,
            reach: key.reach,
            organisation_name: key.organisation_name,
            needs_second_factor: false,
            means: Means::Key { name: key.key_name },
        }
    }

    /// The log-in, which is a session or a family of tokens, or a refusal: what belongs to a person who is logged in is
    /// none of a key's business.
    pub(super) fn need_session(&self) -> Result<Uuid, WebError> {
        match &self.means {
            Means::Session { id, .. } => Ok(*id),
            Means::Token { family } => Ok(*family),
            Means::Key { .. } => Err(WebError::Forbidden(
                "This is for people who are logged in, not for API keys.",
            )),
        }
    }

    /// The actor of audit lines; of a key it says so.
    pub(super) fn actor(&self) -> Actor {
        let name = match &self.means {
            Means::Session { .. } | Means::Token { .. } => self.name.clone(),
            Means::Key { name } => format!("{} by the key {name}", self.name),
        };
        Actor::Account(self.account, name)
    }
}

/// A request by somebody who is logged in; what an audit line needs.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who asks.
    pub caller: Caller,
    /// Where it came from.
    pub address: IpAddr,
}

impl Asked {
    /// The actor of audit lines.
    pub fn actor(&self) -> Actor {
        self.caller.actor()
    }

    /// An audit line of this request. Record it in the transaction of what it tells.
    pub fn entry(
        &self,
        at: Timestamp,
        action: &'static str,
        object: (&'static str, String),
        summary: impl Into<String>,
        details: serde_json::Value,
    ) -> audit::Entry {
        audit::Entry {
            organisation: self.caller.organisation,
            at,
            actor: self.actor(),
            action,
            object_kind: object.0,
            object_id: object.1,
            summary: summary.into(),
            details,
            address: self.address.to_string(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        // Only an open route runs without a caller; a handler of one that wants a caller is refused like a stranger.
        let caller = parts.extensions.get::<Caller>().cloned();
        let arrival = parts.extensions.get::<Arrival>().cloned();
        match (caller, arrival) {
            (Some(caller), Some(arrival)) => Ok(Self {
                caller,
                address: arrival.address,
            }),
            _ => Err(WebError::Unauthenticated),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Arrival {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| WebError::Internal(anyhow::anyhow!("a request without its frame")))
    }
}

/// A route's guard.
#[derive(Clone)]
pub(super) struct Admission {
    hub: Arc<Hub>,
    door: Arc<Door>,
    access: Access,
    takes: Takes,
    threshold: Arc<Threshold>,
    body_bytes: usize,
}

impl Admission {
    pub(super) fn new(hub: Arc<Hub>, door: Arc<Door>, line: &Line, threshold: Threshold) -> Self {
        Self {
            hub,
            door,
            access: line.access,
            takes: Takes::of(line),
            threshold: Arc::new(threshold),
            body_bytes: line.body_bytes,
        }
    }
}

/// Admits the request, or answers in the handler's place.
pub(super) async fn admit(
    State(guard): State<Admission>,
    request: Request,
    next: Next,
) -> Response {
    // The body can't be shared between threads, so the head is looked at without it.
    let (mut parts, body) = request.into_parts();
    let checked = check(&guard, &mut parts, Announced::of(&body)).await;
    let caller = parts.extensions.get::<Caller>();
    let whose = caller.map(|caller| Whose(caller.organisation));
    let account = caller.map(|caller| caller.account);
    let mut response = match checked {
        Ok(key) => {
            let request = Request::from_parts(parts, body);
            match (account, key) {
                (Some(account), Some(key)) => {
                    idempotency::answer_once(
                        &guard.hub,
                        account,
                        key,
                        guard.body_bytes,
                        request,
                        next,
                    )
                    .await
                }
                (Some(_) | None, _) => Ok(next.run(request).await),
            }
        }
        Err(error) => Err(error),
    }
    .unwrap_or_else(IntoResponse::into_response);
    if let Some(whose) = whose {
        response.extensions_mut().insert(whose);
    }
    response
}

/// Judges the head: how often, from where, who, and what. Leaves the caller with the request, and gives back the key
/// under which a write wants to happen once.
async fn check(
    guard: &Admission,
    request: &mut Parts,
    body: Announced,
) -> Result<Option<String>, WebError> {
    pass(guard, || {
        let arrival = request.extensions.get::<Arrival>();
        arrival.map(|arrival| Who::at(arrival.address))
    })?;
    let is_write = !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if is_write && !is_from_our_pages(request) && !is_shared(guard, &request.headers) {
        return Err(WebError::Forbidden("The request came from another site."));
    }
    let caller = identify(guard, request, is_write).await?;
    pass(guard, || {
        caller.as_ref().map(|caller| match &caller.means {
            Means::Session { .. } | Means::Token { .. } => Who::Account(caller.account),
            Means::Key { name } => Who::Key(caller.account, name.clone()),
        })
    })?;
    if !may_come_from_outside(guard.access, request, caller.as_ref())
        && !request
            .extensions
            .get::<Arrival>()
            .is_some_and(|arrival| arrival.is_inside)
    {
        return Err(WebError::OUTSIDE);
    }
    // Last, so that nobody learns from it what a route takes; and before a byte of the body is read.
    guard.takes.check(request, body)?;
    idempotency::key_of(request)
}

/// Counts the request, or says that there were too many.
fn pass(guard: &Admission, who: impl FnOnce() -> Option<Who>) -> Result<(), WebError> {
    let Some(who) = who() else { return Ok(()) };
    guard.threshold.pass(&who).map_err(|wait| {
        metrics::counter!("gatewarden_hub_refused_requests_total", "why" => "rate").increment(1);
        WebError::TooMany(wait)
    })
}

/// Whether this is not the console: a program with a key, the scraper, a probe.
fn may_come_from_outside(access: Access, request: &Parts, caller: Option<&Caller>) -> bool {
    match caller {
        Some(caller) => matches!(caller.means, Means::Key { .. }),
        None => access == Access::Scrape || PROBES.contains(&request.uri.path()),
    }
}

async fn identify(
    guard: &Admission,
    request: &mut Parts,
    is_write: bool,
) -> Result<Option<Caller>, WebError> {
    let headers = &request.headers;
    let right = match guard.access {
        Access::Open => return Ok(None),
        Access::Scrape if presents_scrape_token(&guard.hub, headers) => return Ok(None),
        Access::Scrape => Some(Right::Metrics),
        Access::LoggedIn => None,
        Access::Right(right) => Some(right),
    };
    let caller = find_caller(&guard.hub, request)
        .await?
        .ok_or(WebError::Unauthenticated)?;
    // Whoever reads this knows who called; the handler runs only if all is well.
    request.extensions.insert(caller.clone());
    match &caller.means {
        Means::Session { csrf, .. } => {
            if is_write && !presents_csrf(csrf, &request.headers) {
                return Err(WebError::Forbidden(
                    "The X-CSRF-Token header is missing or wrong. Load the page again.",
                ));
            }
        }
        // No page of another site can put a token or a key into the header, so there is nothing to forge.
        Means::Token { .. } => {}
        Means::Key { .. } => {
            if guard.access == Access::LoggedIn {
                caller.need_session()?;
            }
        }
    }
    if let Some(right) = right
        && !caller.may(right)
    {
        record_refusal(&guard.hub, request, &caller, right).await?;
        if caller.needs_second_factor {
            return Err(WebError::Forbidden(
                "Your role needs a second factor. Set one up on the page of your account.",
            ));
        }
        return Err(WebError::Forbidden("Your role does not have this right."));
    }
    Ok(Some(caller))
}

/// Returns who the key, the token or the cookie belongs to. Whoever presents a key or a token is judged by it alone.
async fn find_caller(hub: &Hub, request: &Parts) -> Result<Option<Caller>, WebError> {
    let now = hub.clock.wall();
    if let Some(secret) = presented_key(&request.headers) {
        let found: Option<auth::KeyUse> = hub
            .store
            .read(move |tx| Ok::<_, WebError>(auth::find_key_use(tx, &secret, now)?))
            .await?;
        let Some(key) = found else { return Ok(None) };
        if key.is_to_note {
            let address = address_of(request);
            let id = key.id;
            hub.store
                .write(Priority::Machines, move |tx| {
                    auth::note_use(tx, id, now, &address)
                })
                .await?;
        }
        return Ok(Some(Caller::of_key(key)));
    }
    if let Some(token) = bearer(&request.headers) {
        let Some(claims) = claims_of(hub, token).await? else {
            return Ok(None);
        };
        let found: Option<auth::TokenUse> = hub
            .store
            .read(move |tx| Ok::<_, WebError>(auth::find_token_use(tx, &claims, now)?))
            .await?;
        return Ok(found.map(Caller::of_token));
    }
    let Some(token) = session_token(&request.headers) else {
        return Ok(None);
    };
    let session: Option<auth::Session> = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_session(tx, &token, now)?))
        .await?;
    Ok(session.map(Caller::of))
}

/// What an access token says, if the hub signed it and it has not ended. Whether its family holds is another question.
pub(super) async fn claims_of(hub: &Hub, token: &str) -> Result<Option<Claims>, WebError> {
    let Some(key) = auth::key_of_access_token(token) else {
        return Ok(None);
    };
    let public: Option<Vec<u8>> = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_public_key(tx, &key)?))
        .await?;
    let now = hub.clock.wall();
    Ok(public.and_then(|public| auth::check_access_token(token, &public, now)))
}

/// The API key that the request carries, right or not.
pub(super) fn presented_key(headers: &HeaderMap) -> Option<Token> {
    bearer(headers)
        .filter(|presented| presented.starts_with(auth::KEY_START))
        .map(Token::presented)
}

/// What stands behind `Bearer`, which is written in any case.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, presented) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| presented.trim())
}

fn address_of(request: &Parts) -> String {
    request
        .extensions
        .get::<Arrival>()
        .map_or_else(String::new, |arrival| arrival.address.to_string())
}

/// The session's token that the request's cookie carries.
pub(super) fn session_token(headers: &HeaderMap) -> Option<Token> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(cookie::Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == COOKIE)
        .map(|cookie| Token::presented(cookie.value()))
}

fn presents_csrf(csrf: &Token, headers: &HeaderMap) -> bool {
    headers
        .get(CSRF_HEADER)
        .is_some_and(|value| auth::same(value.as_bytes(), csrf.reveal().as_bytes()))
}

fn presents_scrape_token(hub: &Hub, headers: &HeaderMap) -> bool {
    match (&hub.web.scrape_token, bearer(headers)) {
        (Some(token), Some(presented)) => {
            auth::same(presented.as_bytes(), token.reveal().as_bytes())
        }
        _ => false,
    }
}

/// Browsers say where a write comes from. Programs that say nothing still need the session and its CSRF token.
fn is_from_our_pages(request: &Parts) -> bool {
    let text = |name| {
        request
            .headers
            .get(name)
            .and_then(|value: &axum::http::HeaderValue| value.to_str().ok())
    };
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else {
        return true;
    };
    let host = request.extensions.get::<Arrival>().map(|a| a.host.as_str());
    let from = origin.strip_prefix("https://");
    from.is_some() && from.map(str::to_ascii_lowercase).as_deref() == host
}

/// Whether a page of a site that the operator named calls with a key: it has nothing that a browser would send along.
fn is_shared(guard: &Admission, headers: &HeaderMap) -> bool {
    headers
        .get(header::ORIGIN)
        .is_some_and(|origin| guard.door.shares_with(origin))
        && bearer(headers).is_some()
        && !headers.contains_key(header::COOKIE)
}

async fn record_refusal(
    hub: &Hub,
    request: &Parts,
    caller: &Caller,
    right: Right,
) -> Result<(), WebError> {
    let address = address_of(request);
    let path = request
        .extensions
        .get::<axum::extract::MatchedPath>()
        .map_or("", axum::extract::MatchedPath::as_str)
        .to_owned();
    let entry = audit::Entry {
        organisation: caller.organisation,
        at: hub.clock.wall(),
        actor: caller.actor(),
        action: "access.refused",
        object_kind: "route",
        object_id: format!("{} {path}", request.method),
        summary: format!("Refused for lack of the right {}.", right.name()),
        details: serde_json::json!({ "right": right.name(), "role": caller.role }),
        address,
    };
    hub.store
        .write(Priority::People, move |tx| {
            audit::record(tx, &entry)?;
            Ok::<(), StoreError>(())
        })
        .await?;
    Ok(())
}
