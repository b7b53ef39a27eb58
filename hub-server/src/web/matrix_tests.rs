//! The rights matrix: every route as every kind of caller, against the table in `matrix.txt`, which stands apart from
//! the routes. A route that is not in the table, or a line of it that is no route, fails the test.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use axum::http::header;
use bytes::Bytes;
use contract::event::CameraChanged;
use contract::event::CameraState;
use contract::event::EvidenceKind;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::SiteId;
use contract::sighting::Direction;
use contract::verdict::Outcome;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use uuid::Uuid;

use super::Config;
use super::routes;
use super::testing::Person;
use super::testing::TestHub;
use super::testing::picture;
use crate::auth::Seeded;
use crate::fleet;
use crate::fleet::edges::Edge;
use crate::fleet::edges::EdgeState;
use crate::fleet::gates::Gate;
use crate::fleet::gates::Told;
use crate::fleet::sites::Site;
use crate::parking::passages;
use crate::parking::tests::Tenant;
use crate::parking::tests::at;
use crate::parking::tests::judged;
use crate::parking::tests::passage;
use crate::parking::tests::take;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

const TABLE: &str = include_str!("matrix.txt");
const PASSWORD: &str = "Correct-Horse-1";
/// Stands in everything of the world that an outsider must not see.
const MARK: &str = "CANARY";

/// Everybody who calls, in the order of the table's columns.
const CALLERS: [&str; 9] = [
    "nobody",
    "admin",
    "operator",
    "viewer",
    "technician",
    "customer",
    "other-site",
    "other-org",
    "key",
];

/// From where each of them calls.
const ADDRESSES: [&str; 9] = [
    "192.0.2.10:1",
    "192.0.2.11:1",
    "192.0.2.12:1",
    "192.0.2.13:1",
    "192.0.2.14:1",
    "192.0.2.15:1",
    "192.0.2.16:1",
    "192.0.2.17:1",
    "192.0.2.18:1",
];

/// A hub with one of everything, for a call to be about.
pub(super) struct World {
    pub(super) hub: TestHub,
    depot: SiteId,
    tenant: Tenant,
    permit: String,
    withdrawn: String,
    visit: String,
    account: String,
    role: String,
    key: String,
    webhook: String,
    search: String,
}

impl World {
    async fn new() -> Self {
        Self::under(&Config::default()).await
    }

    /// The same with these settings of the web.
    pub(super) async fn under(config: &Config) -> Self {
        let hub = TestHub::with(config).await;
        let tenant = Tenant {
            organisation: hub.organisation,
            site: hub.site,
            gate: GateId(Uuid::from_u128(7)),
            edge: EdgeId(Uuid::from_u128(8)),
        };
        let depot = SiteId::fresh(hub.hub.clock.wall());
        let sha256: [u8; 32] = Sha256::digest(picture()).into();
        write(&hub, move |tx| build(tx, tenant, depot, sha256)).await;
        let stored = hub.hub.evidence.put(sha256, Bytes::from(picture()));
        stored.await.unwrap();
        let admin = hub.admin().await;
        let made = async |path: &str, body: Value| -> String {
            let answer = admin.post(path, body).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.text());
            let json = answer.json();
            json["id"].as_str().unwrap().to_owned()
        };
        let permit = json!({ "plate": "CANARY1", "holder": MARK, "gates": [tenant.gate] });
        let permit = made("/api/v1/permits", permit).await;
        let other = json!({ "plate": "CANARY2", "holder": MARK, "gates": [tenant.gate] });
        let withdrawn = made("/api/v1/permits", other).await;
        admin.delete(&format!("/api/v1/permits/{withdrawn}")).await;
        let visit = json!({ "site": hub.site, "plate": "CANARY3", "reason": MARK });
        let visit = made("/api/v1/visits", visit).await;
        let order = json!({ "action": "open", "reason": MARK });
        made(&format!("/api/v1/gates/{}/orders", tenant.gate), order).await;
        let enrolment = json!({
            "name": "CANARY pi 2", "site": hub.site, "gates": [{ "name": "CANARY exit", "direction": "exit" }]
        });
        made("/api/v1/edges/enrolments", enrolment).await;
        let role = json!({ "name": "CANARY role", "rights": ["view_fleet"] });
        let role = made("/api/v1/roles", role).await;
        let account = json!({ "name": "CANARY account", "password": PASSWORD, "role": "viewer" });
        let account = made("/api/v1/accounts", account).await;
        let key = json!({ "name": "CANARY key", "rights": ["view_fleet"], "expires_at": null });
        let key = made("/api/v1/keys", key).await;
        // Nobody listens there; a test call says so.
        let webhook = json!({
            "name": "CANARY hook", "url": "http://127.0.0.1:9/CANARY", "kinds": null, "sites": null, "paused": true
        });
        let webhook = made("/api/v1/webhooks", webhook).await;
        let search = json!({ "name": "CANARY search", "query": { "plate": MARK }, "shared": true });
        let search = made("/api/v1/passages/searches", search).await;
        Self {
            hub,
            depot,
            tenant,
            permit,
            withdrawn,
            visit,
            account,
            role,
            key,
            webhook,
            search,
        }
    }

    pub(super) async fn caller(&self, name: &str) -> Person {
        match name {
            "nobody" => self.hub.stranger(),
            "other-site" => {
                let depot = Some(BTreeSet::from([self.depot]));
                self.hub
                    .person_of(self.hub.organisation, "admin", depot)
                    .await
            }
            "other-org" => self.hub.foreign_admin().await,
            "key" => {
                let rights = ["view_passages", "edit_permits", "manage_keys"];
                let body = json!({ "name": "CANARY key", "rights": rights, "expires_at": null });
                let admin = self.hub.admin().await;
                let made = admin.post("/api/v1/keys", body).await.json();
                let mut program = self.hub.stranger();
                made["secret"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut program.key);
                program
            }
            role => {
                let role = Seeded::parse(role).unwrap();
                self.hub.person(self.hub.organisation, role).await
            }
        }
    }

    /// The route's path with the ids of this world in it; of sessions the caller's own.
    pub(super) async fn path(&self, route: &str, caller: &Person) -> String {
        self.path_of(route, route, caller).await
    }

    /// The same of a spelling in which some variables have a value already.
    pub(super) async fn path_of(&self, route: &str, spelt: &str, caller: &Person) -> String {
        let subject = match route.split('/').nth(3).unwrap_or_default() {
            "passages" if route.contains("/searches/") => self.search.clone(),
            "passages" => passage(1).to_string(),
            "permits" if route.ends_with("/restore") => self.withdrawn.clone(),
            "permits" => self.permit.clone(),
            "visits" => self.visit.clone(),
            "gates" => self.tenant.gate.to_string(),
            "edges" => self.tenant.edge.to_string(),
            "accounts" => self.account.clone(),
            "roles" => self.role.clone(),
            "keys" => self.key.clone(),
            "webhooks" => self.webhook.clone(),
            "sessions" => own_session(caller).await,
            _ => String::new(),
        };
        let path = spelt
            .replace("{id}", &subject)
            .replace("{file}", "index.html")
            .replace("{camera}", "front")
            .replace("{number}", "1")
            .replace("{kind}", "crop");
        // A plate that is near one of this world.
        let path = match route {
            "/api/v1/permits/preview" => format!("{path}?plate=ZANARY1"),
            "/api/v1/audit/counts" => format!("{path}?by=day"),
            "/api/v1/audit/export" => format!("{path}?format=csv"),
            _ => path,
        };
        assert!(!path.contains('{'), "no value for a variable of {route}");
        path
    }

    /// A body with which the call succeeds for those who may.
    pub(super) fn body(&self, method: &str, route: &str) -> (&'static str, String) {
        let gate = self.tenant.gate;
        let body = match (method, route) {
            ("POST", "/api/v1/setup") => json!({
                "token": "x", "name": "n", "password": PASSWORD, "organisation": "o", "site": "s", "time_zone": "UTC"
            }),
            ("POST", "/api/v1/auth/refresh") => json!({ "refresh_token": "gwr_none" }),
            ("POST", "/api/v1/auth/revoke") => json!({ "token": "gwr_none" }),
            ("POST", "/api/v1/session" | "/api/v1/auth/token") => {
                json!({ "name": "CANARY account", "password": PASSWORD })
            }
            ("PUT", "/api/v1/session/password") => {
                json!({ "current": "none", "password": PASSWORD })
            }
            ("PUT", "/api/v1/session/preferences") => json!({
                "language": "de", "time_zone": null, "default_site": null, "colour_scheme": null, "notices": []
            }),
            ("POST", "/api/v1/session/second-factor") => json!({ "password": "none" }),
            ("PUT", "/api/v1/session/second-factor") => json!({ "code": "000000" }),
            ("POST", "/api/v1/session/second-factor/off") => {
                json!({ "password": "none", "code": "000000" })
            }
            ("POST", "/api/v1/accounts") => {
                json!({ "name": "new", "password": PASSWORD, "role": "viewer" })
            }
            ("PUT", "/api/v1/accounts/{id}") => {
                json!({ "role": "operator", "sites": null, "disabled": false })
            }
            ("PUT", "/api/v1/accounts/{id}/password") => json!({ "password": "Correct-Horse-2" }),
            ("POST" | "PUT", "/api/v1/roles" | "/api/v1/roles/{id}") => {
                json!({ "name": "renamed", "rights": ["view_visits"] })
            }
            ("POST", "/api/v1/keys") => {
                json!({ "name": "new", "rights": ["view_fleet"], "expires_at": null })
            }
            ("PUT", "/api/v1/mqtt") => json!({
                "host": "127.0.0.1", "port": 9, "tls": false, "user": "", "password": null, "prefix": "gatewarden",
                "discovery": "homeassistant", "on": false
            }),
            ("POST" | "PUT", "/api/v1/webhooks" | "/api/v1/webhooks/{id}") => json!({
                "name": "new", "url": "http://127.0.0.1:9/", "kinds": ["passage"], "sites": null, "paused": true
            }),
            ("POST", "/api/v1/permits") => json!({ "plate": "NEW1", "gates": [gate] }),
            ("PUT", "/api/v1/permits/{id}") => json!({ "plate": "CANARY1", "gates": [gate] }),
            ("POST", "/api/v1/permits/import") => {
                return ("text/csv", "plate,holder\nNEW2,Ana\n".to_owned());
            }
            ("POST" | "PUT", "/api/v1/passages/searches" | "/api/v1/passages/searches/{id}") => {
                json!({ "name": "new", "query": { "plate": "CANARY*" }, "shared": true })
            }
            ("POST", "/api/v1/visits") => {
                json!({ "site": self.hub.site, "plate": "NEW3", "reason": "r" })
            }
            ("POST", "/api/v1/visits/{id}/close") => json!({ "reason": "r" }),
            ("POST", "/api/v1/gates/{id}/orders") => json!({ "action": "open", "reason": "r" }),
            ("PUT", "/api/v1/gates/{id}/cameras/{camera}") => json!({ "fps": 5 }),
            ("POST", "/api/v1/gates/{id}/cameras/{camera}/restore") => json!({ "revision": 0 }),
            ("POST", "/api/v1/edges/enrolments") => json!({
                "name": "new-pi", "site": self.hub.site, "gates": [{ "name": "new gate", "direction": "entry" }]
            }),
            _ => return ("", String::new()),
        };
        ("application/json", body.to_string())
    }

    /// What an administrator sees of everything that a call could change.
    async fn state(&self) -> Vec<Value> {
        let admin = self.hub.admin().await;
        let mut state = Vec::new();
        for path in [
            "/api/v1/permits",
            "/api/v1/permits?withdrawn=true",
            "/api/v1/visits",
            "/api/v1/edges/enrolments",
            "/api/v1/roles",
            "/api/v1/webhooks",
            "/api/v1/gates",
        ] {
            state.push(admin.get(path).await.json());
        }
        let orders = format!("/api/v1/gates/{}/orders", self.tenant.gate);
        state.push(admin.get(&orders).await.json());
        let camera = format!("/api/v1/gates/{}/cameras/front", self.tenant.gate);
        state.push(admin.get(&camera).await.json());
        let account = format!("/api/v1/accounts/{}", self.account);
        state.push(admin.get(&account).await.json());
        // Callers bring keys of their own; this is the one that calls are about.
        let keys = admin.get("/api/v1/keys").await.json();
        let is_subject = |key: &&Value| key["id"] == self.key.as_str();
        let keys = keys["items"].as_array().unwrap();
        let subject = keys.iter().find(is_subject).unwrap();
        state.push(subject["revoked_at"].clone());
        let edges = admin.get("/api/v1/edges").await.json();
        state.push(edges["items"][0]["state"].clone());
        state
    }
}

fn build(tx: &mut Tx, tenant: Tenant, depot: SiteId, sha256: [u8; 32]) -> Result<(), StoreError> {
    let org = tenant.organisation;
    let site = Site {
        id: depot,
        name: "Depot".into(),
        time_zone: "UTC".into(),
        capacity: None,
        created_at: at(0),
    };
    fleet::sites::insert(tx, org, &site)?;
    let edge = Edge {
        id: tenant.edge,
        organisation: org,
        site: tenant.site,
        name: "CANARY pi".into(),
        machine: "raspberrypi".into(),
        version: None,
        state: EdgeState::Enrolled,
        created_at: at(0),
        retired_at: None,
        last_heard_at: None,
        epoch: None,
        next_seq: 1,
        directives_through: 0,
        book_version: 0,
    };
    fleet::edges::insert(tx, &edge, b"certificate")?;
    let gate = Gate {
        id: tenant.gate,
        site: tenant.site,
        edge: Some(tenant.edge),
        name: "CANARY gate".into(),
        direction: Direction::Entry,
        created_at: at(0),
    };
    fleet::gates::insert(tx, org, &gate)?;
    let camera = CameraChanged {
        camera: "front".into(),
        state: CameraState::Live,
        why: MARK.into(),
    };
    let told = Told {
        epoch: 1,
        seq: 1,
        at: at(0),
    };
    fleet::gates::camera_changed(tx, org, tenant.gate, told, &camera)?;
    let mut event = judged(passage(1), "CANARY9", Direction::Entry, Outcome::Deny);
    event.evidence[0].sha256 = sha256;
    take(tx, tenant, 1, 1, &event)?;
    passages::picture_stored(
        tx,
        org,
        tenant.edge,
        passage(1),
        EvidenceKind::Crop,
        sha256,
        at(9),
    )?;
    Ok(())
}

async fn write<T: Send + 'static>(
    hub: &TestHub,
    work: impl Fn(&mut Tx) -> Result<T, StoreError> + Send + 'static,
) -> T {
    hub.hub.store.write(Priority::Machines, work).await.unwrap()
}

async fn own_session(caller: &Person) -> String {
    let list = caller.get("/api/v1/sessions").await.json();
    list["items"][0]["id"]
        .as_str()
        .unwrap_or("00000000-0000-7000-8000-000000000000")
        .to_owned()
}

/// The table: for each method and path the expected status per caller.
fn table() -> BTreeMap<(String, String), Vec<u16>> {
    let mut table = BTreeMap::new();
    let mut lines = TABLE
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let head: Vec<&str> = lines.next().unwrap().split_whitespace().skip(2).collect();
    assert_eq!(head, CALLERS, "the table's columns");
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words.len(), 2 + CALLERS.len(), "{line}");
        let expected = words[2..]
            .iter()
            .map(|word| word.parse().unwrap())
            .collect();
        let key = (words[0].to_owned(), words[1].to_owned());
        assert!(table.insert(key, expected).is_none(), "twice: {line}");
    }
    table
}

/// Calls a route and gives status and body; of a stream, which has no end, the head only.
async fn call(world: &World, caller: &Person, method: &str, route: &str) -> (u16, String) {
    let path = world.path(route, caller).await;
    let (media, body) = world.body(method, route);
    // Of what has revisions nobody changed anything yet.
    let mut headers = vec![("if-match", "\"0\"")];
    if !media.is_empty() {
        headers.push(("content-type", media));
    }
    let response = caller
        .open(method, &path, &headers, body.into_bytes())
        .await;
    let status = response.status().as_u16();
    let is_stream = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|media| media == "text/event-stream");
    if is_stream {
        return (status, String::new());
    }
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// SE-09, SE-12, SE-17: every route x (nobody, each role, another site, another organisation), pictures and the live
/// stream included. Refused calls change nothing, and outsiders see nothing of this organisation or site.
#[tokio::test]
async fn every_route_answers_every_caller_as_the_table_says() {
    let table = table();
    let routes: BTreeSet<(String, String)> = routes::table()
        .iter()
        .map(|line| (line.method.to_owned(), line.path.to_owned()))
        .collect();
    let listed: BTreeSet<(String, String)> = table.keys().cloned().collect();
    let missing: Vec<_> = routes.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&routes).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "matrix.txt lacks {missing:?} and has {gone:?}, which are no routes"
    );
    let shared = World::new().await;
    let before = shared.state().await;
    let mut wrong = Vec::new();
    for ((method, route), expected) in &table {
        for (number, (name, expected)) in CALLERS.into_iter().zip(expected).enumerate() {
            let changes = method != "GET" && (200..300).contains(expected);
            let own = if changes {
                Some(World::new().await)
            } else {
                None
            };
            let world = own.as_ref().unwrap_or(&shared);
            let mut caller = world.caller(name).await;
            // Attempts to log in are counted by address; these are of many people.
            caller.address = ADDRESSES[number];
            let (status, text) = call(world, &caller, method, route).await;
            if status != *expected {
                wrong.push(format!(
                    "{method} {route} {name}: {status}, not {expected}: {text}"
                ));
            }
            let is_outsider = matches!(name, "nobody" | "other-site" | "other-org");
            if is_outsider && method == "GET" && text.to_uppercase().contains(MARK) {
                wrong.push(format!(
                    "{method} {route} shows {name} what it must not: {text}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        shared.state().await,
        before,
        "a refused call changed something"
    );
}

/// SE-04: an access token is answered as its account's session is, on every route that changes nothing.
#[tokio::test]
async fn a_token_is_answered_as_its_accounts_session_is() {
    let world = World::new().await;
    let admin = world.hub.admin().await;
    let account = json!({ "name": "by token", "password": PASSWORD, "role": "operator" });
    admin.post("/api/v1/accounts", account).await;
    let log_in = json!({ "name": "by token", "password": PASSWORD });
    let tokens = world
        .hub
        .stranger()
        .post("/api/v1/auth/token", log_in)
        .await;
    let mut program = world.hub.stranger();
    tokens.json()["access_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut program.key);
    for ((method, route), expected) in &table() {
        let operator = expected[2];
        let is_counted = route.starts_with("/api/v1/session/") && operator == 400;
        if is_counted || (method != "GET" && (200..300).contains(&operator)) {
            continue;
        }
        let (status, text) = call(&world, &program, method, route).await;
        assert_eq!(status, operator, "{method} {route}: {text}");
    }
}

/// A write without the session's token is refused whoever sends it, before anything of it is read.
#[tokio::test]
async fn every_write_of_a_session_needs_its_token() {
    let world = World::new().await;
    let before = world.state().await;
    for line in routes::table() {
        let is_open = line.access == routes::Access::Open;
        if line.method == "GET" || is_open {
            continue;
        }
        let mut admin = world.caller("admin").await;
        let path = world.path(line.path, &admin).await;
        let (media, body) = world.body(line.method, line.path);
        for csrf in ["", "forged"] {
            admin.csrf = csrf.to_owned();
            let headers = [("content-type", media)];
            let answer = admin
                .send_with(line.method, &path, &headers, body.clone().into_bytes())
                .await;
            assert_eq!(
                answer.status.as_u16(),
                403,
                "{} {} with the token {csrf:?}",
                line.method,
                line.path
            );
        }
    }
    assert_eq!(world.state().await, before);
}
