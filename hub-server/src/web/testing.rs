//! A hub without sockets for web tests: the whole site in memory, with people who are logged in. Not in release
//! builds.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::Request;
use axum::http::StatusCode;
use axum::http::header;
use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::time::ManualClock;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use uuid::Uuid;

use super::Peer;
use super::caller::COOKIE;
use super::caller::CSRF_HEADER;
use crate::auth;
use crate::auth::Account;
use crate::auth::NewSession;
use crate::auth::Seeded;
use crate::auth::Token;
use crate::evidence;
use crate::evidence::Evidence;
use crate::fleet::authority::Authority;
use crate::fleet::presence::Presence;
use crate::fleet::sight::Sight;
use crate::hub::Hub;
use crate::hub::Parts;
use crate::hub::WebSettings;
use crate::outbound;
use crate::outbound::Outbound;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::testing::Scratch;
use crate::store::testing::scratch;

/// The names of its certificate.
const NAMES: [&str; 2] = ["localhost", "hub.example"];

/// A hub with one organisation, one site and an account of each role.
pub struct TestHub {
    /// The hub itself.
    pub hub: Arc<Hub>,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Its site.
    pub site: SiteId,
    /// Moves its clock.
    pub hand: Arc<ManualClock>,
    router: Router,
    scratch: Scratch,
}

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Person {
    router: Router,
    /// The account, of those who were made logged in.
    pub account: Option<AccountId>,
    /// The session's cookie, or nothing.
    pub cookie: String,
    /// The session's CSRF token, or nothing.
    pub csrf: String,
    /// The API key, or nothing.
    pub key: String,
    /// From where this person calls.
    pub address: &'static str,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Receivers of tests listen on this machine; other private networks stay closed.
fn outbound_to_this_machine() -> outbound::Config {
    outbound::Config {
        allow: "127.0.0.1".parse().into_iter().collect(),
        ..outbound::Config::default()
    }
}

impl TestHub {
    /// A hub with an organisation and a site.
    pub async fn new() -> Self {
        let scratch = scratch();
        let (organisation, site) = organisation_with_roles(&scratch, "North").await;
        Self::over(scratch, organisation, site)
    }

    /// A hub that nobody has set up; its one-time link has the token given.
    pub async fn fresh(token: &str) -> Self {
        let scratch = scratch();
        let at = scratch.clock.wall();
        let token = Token::presented(token);
        let left: Result<(), StoreError> = scratch
            .write(Priority::People, move |tx| {
                auth::renew_setup_link(tx, &token, at)
            })
            .await;
        if let Err(error) = left {
            panic!("leaving a set-up link: {error:?}");
        }
        Self::over(scratch, OrganisationId::fresh(at), SiteId::fresh(at))
    }

    /// The same with these settings of the web.
    pub async fn with(config: &super::Config) -> Self {
        let scratch = scratch();
        let (organisation, site) = organisation_with_roles(&scratch, "North").await;
        Self::under(scratch, organisation, site, config)
    }

    fn over(scratch: Scratch, organisation: OrganisationId, site: SiteId) -> Self {
        Self::under(scratch, organisation, site, &super::Config::default())
    }

    fn under(
        scratch: Scratch,
        organisation: OrganisationId,
        site: SiteId,
        config: &super::Config,
    ) -> Self {
        crate::metrics::install();
        let accounts = auth::Config {
            password_iterations: 1000,
            ..auth::Config::default()
        };
        let web = WebSettings {
            scrape_token: Some(Token::presented("scrape-me")),
            ..WebSettings::default()
        };
        let at = scratch.clock.wall();
        let authority = Authority::open(&scratch.dir().join("authority"), at);
        let evidence = Evidence::open(
            &scratch.dir().join("evidence"),
            &evidence::Config::default(),
        );
        let seal = auth::Seal::open(scratch.dir(), None);
        let (Ok(authority), Ok(evidence), Ok(seal)) = (authority, evidence, seal) else {
            panic!("opening a scratch authority, evidence and seal");
        };
        let outbound = match Outbound::open(&outbound_to_this_machine()) {
            Ok(outbound) => outbound,
            Err(error) => panic!("opening the way out: {error:?}"),
        };
        let hub = Arc::new(Hub::new(Parts {
            store: scratch.store(),
            clock: scratch.clock.clone(),
            data: scratch.dir().to_owned(),
            authority: Arc::new(authority),
            evidence: Arc::new(evidence),
            seal,
            presence: Presence::default(),
            sight: Sight::default(),
            outbound,
            auth: accounts,
            web,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }));
        hub.ready.store(true, std::sync::atomic::Ordering::SeqCst);
        Self {
            router: super::site(Arc::clone(&hub), config, &NAMES.map(str::to_owned)),
            hub,
            organisation,
            site,
            hand: Arc::clone(&scratch.hand),
            scratch,
        }
    }

    /// The hub's data directory.
    pub fn dir(&self) -> PathBuf {
        self.scratch.dir().to_owned()
    }

    /// Every row of every table as text.
    pub async fn rows(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.scratch.rows().await
    }

    /// Somebody who is not logged in.
    pub fn stranger(&self) -> Person {
        Person {
            router: self.router.clone(),
            account: None,
            cookie: String::new(),
            csrf: String::new(),
            key: String::new(),
            address: "192.0.2.7:4000",
        }
    }

    /// An administrator.
    pub async fn admin(&self) -> Person {
        self.person(self.organisation, Seeded::Admin).await
    }

    /// An operator.
    pub async fn operator(&self) -> Person {
        self.person(self.organisation, Seeded::Operator).await
    }

    /// A viewer.
    pub async fn viewer(&self) -> Person {
        self.person(self.organisation, Seeded::Viewer).await
    }

    /// An administrator of another organisation of the same hub.
    pub async fn foreign_admin(&self) -> Person {
        let (organisation, _) = self.other_organisation("South").await;
        self.person(organisation, Seeded::Admin).await
    }

    /// Another organisation of the same hub, with a site.
    pub async fn other_organisation(&self, name: &str) -> (OrganisationId, SiteId) {
        organisation_with_roles(&self.scratch, name).await
    }

    /// A new account of this role, logged in.
    pub async fn person(&self, organisation: OrganisationId, role: Seeded) -> Person {
        self.person_of(organisation, role.name(), None).await
    }

    /// A new account of the role of this name, limited to sites or not, logged in.
    pub async fn person_of(
        &self,
        organisation: OrganisationId,
        role: &str,
        sites: Option<BTreeSet<SiteId>>,
    ) -> Person {
        let at = self.hub.clock.wall();
        let id = AccountId::fresh(at);
        let session = NewSession {
            id: Uuid::fresh(at),
            token: Token::random(),
            csrf: Token::random(),
            account: id,
            created_at: at,
            expires_at: at.plus(Duration::from_secs(24 * 60 * 60)),
            address: "test".to_owned(),
            agent: String::new(),
        };
        let mut person = self.stranger();
        person.account = Some(id);
        person.cookie = session.token.reveal().to_owned();
        person.csrf = session.csrf.reveal().to_owned();
        let role = role.to_owned();
        let written: Result<(), StoreError> = self
            .hub
            .store
            .write(Priority::People, move |tx| {
                let role = auth::find_role_by_name(tx, organisation, &role)?
                    .ok_or(StoreError::NotFound)?;
                let account = Account {
                    id,
                    organisation,
                    name: format!("{}-{id}", role.name),
                    role: role.id,
                    role_name: role.name,
                    sites: sites.clone(),
                    created_at: at,
                    disabled_at: None,
                };
                auth::insert_account(tx, &account, "none")?;
                auth::insert_session(tx, &session)
            })
            .await;
        if let Err(error) = written {
            panic!("writing a person: {error:?}");
        }
        person
    }
}

/// A small JPEG, as an edge sends one.
pub fn picture() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let small = image::RgbImage::new(16, 16);
    match small.write_to(&mut bytes, image::ImageFormat::Jpeg) {
        Ok(()) => bytes.into_inner(),
        Err(error) => panic!("writing a picture: {error}"),
    }
}

async fn organisation_with_roles(scratch: &Scratch, name: &str) -> (OrganisationId, SiteId) {
    let (organisation, site) = scratch.organisation(name).await;
    let at = scratch.clock.wall();
    let seeded: Result<(), StoreError> = scratch
        .write(Priority::People, move |tx| {
            auth::seed_roles(tx, organisation, at)
        })
        .await;
    if let Err(error) = seeded {
        panic!("seeding roles: {error:?}");
    }
    (organisation, site)
}

impl Person {
    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, Vec::new()).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let bytes = body.to_string().into_bytes();
        self.send("POST", path, Some("application/json"), bytes)
            .await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        let bytes = body.to_string().into_bytes();
        self.send("PUT", path, Some("application/json"), bytes)
            .await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, Vec::new()).await
    }

    /// Any request.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        media: Option<&str>,
        body: Vec<u8>,
    ) -> Answer {
        let mut headers = Vec::new();
        if let Some(media) = media {
            headers.push(("content-type", media));
        }
        self.send_with(method, path, &headers, body).await
    }

    /// Any request with further headers.
    pub async fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let response = self.open(method, path, headers, body).await;
        let (parts, body) = response.into_parts();
        let bytes = match body.collect().await {
            Ok(body) => body.to_bytes().to_vec(),
            Err(error) => panic!("reading the answer: {error}"),
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    /// Any request, its answer's body unread: for streams.
    pub async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> axum::response::Response {
        let mut request = Request::builder().method(method).uri(path);
        if !self.cookie.is_empty() {
            request = request.header(header::COOKIE, format!("{COOKIE}={}", self.cookie));
        }
        if !self.csrf.is_empty() {
            request = request.header(CSRF_HEADER, &self.csrf);
        }
        if !self.key.is_empty() {
            let key = format!("Bearer {}", self.key);
            request = request.header(header::AUTHORIZATION, key);
        }
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header(header::HOST, "localhost");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = match request.body(Body::from(body)) {
            Ok(request) => request,
            Err(error) => panic!("making a request: {error}"),
        };
        if let Ok(address) = self.address.parse() {
            request.extensions_mut().insert(Peer(address));
        }
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Takes over the session that an answer handed out.
    pub fn take_session(&mut self, answer: &Answer) {
        let cookie = answer.headers[header::SET_COOKIE]
            .to_str()
            .unwrap_or_default();
        self.cookie = cookie
            .split(['=', ';'])
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        self.csrf = answer.json()["csrf"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
    }
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The fields that the answer refuses.
    pub fn refused_fields(&self) -> Vec<String> {
        let body = self.json();
        let fields = body["details"]["fields"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        fields
            .iter()
            .filter_map(|field| field["field"].as_str().map(str::to_owned))
            .collect()
    }
}
