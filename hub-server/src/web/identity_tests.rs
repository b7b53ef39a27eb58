//! Accounts, roles and log-ins as callers see them: who may change whom, what holds at once, and what is refused.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use contract::ids::SiteId;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;

use super::testing::Answer;
use super::testing::Person;
use super::testing::TestHub;
use crate::fleet;
use crate::fleet::sites::Site;
use crate::live;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;

const PASSWORD: &str = "Correct-Horse-1";
const OTHER: &str = "Correct-Horse-2";

async fn log_in(hub: &TestHub, name: &str, password: &str) -> (Answer, Person) {
    let mut person = hub.stranger();
    let answer = person
        .post(
            "/api/v1/session",
            json!({ "name": name, "password": password }),
        )
        .await;
    if answer.status == StatusCode::OK {
        person.take_session(&answer);
    }
    (answer, person)
}

/// Makes an account and gives its path and itself, logged in.
async fn made(hub: &TestHub, admin: &Person, name: &str, role: &str) -> (String, Person) {
    let made = admin
        .post(
            "/api/v1/accounts",
            json!({ "name": name, "password": PASSWORD, "role": role }),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let path = format!("/api/v1/accounts/{}", made.json()["id"].as_str().unwrap());
    let (answer, person) = log_in(hub, name, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    (path, person)
}

async fn role_path(admin: &Person, name: &str) -> String {
    let roles = admin.get("/api/v1/roles").await.json();
    let role = roles["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|role| role["name"] == name)
        .unwrap_or_else(|| panic!("no role {name}"))
        .clone();
    format!("/api/v1/roles/{}", role["id"].as_str().unwrap())
}

pub(super) async fn second_site(hub: &TestHub) -> SiteId {
    let (organisation, at) = (hub.organisation, hub.hub.clock.wall());
    let id = SiteId::fresh(at);
    let written: Result<(), StoreError> = hub
        .hub
        .store
        .write(Priority::People, move |tx| {
            let site = Site {
                id,
                name: "Depot".into(),
                time_zone: "UTC".into(),
                capacity: None,
                created_at: at,
            };
            fleet::sites::insert(tx, organisation, &site)
        })
        .await;
    written.unwrap();
    id
}

async fn actions(admin: &Person) -> Vec<String> {
    let trail = admin.get("/api/v1/audit?limit=200").await.json();
    let mut actions: Vec<String> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["action"].as_str().unwrap().to_owned())
        .collect();
    actions.reverse();
    actions
}

/// SE-09, SE-10: five roles from the start; one's own are made, changed and removed, and hold at once.
#[tokio::test]
async fn a_role_is_made_changed_and_removed_and_holds_at_once() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let roles = admin.get("/api/v1/roles").await.json();
    let names: Vec<&str> = roles["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["admin", "operator", "viewer", "technician", "customer"]
    );
    let body = json!({ "name": " Night shift ", "rights": ["view_passages", "view_permits"] });
    let role = admin.post("/api/v1/roles", body.clone()).await;
    assert_eq!(role.status, StatusCode::CREATED, "{}", role.text());
    assert_eq!(role.json()["name"], "Night shift");
    assert_eq!(
        admin.post("/api/v1/roles", body).await.status,
        StatusCode::CONFLICT
    );
    let path = format!("/api/v1/roles/{}", role.json()["id"].as_str().unwrap());
    let (account, olga) = made(&hub, &admin, "Olga", "night SHIFT").await;
    assert_eq!(olga.get("/api/v1/permits").await.status, StatusCode::OK);
    let less = json!({ "name": "Night shift", "rights": ["view_passages"] });
    assert_eq!(admin.put(&path, less).await.status, StatusCode::OK);
    assert_eq!(
        olga.get("/api/v1/permits").await.status,
        StatusCode::FORBIDDEN,
        "in a session that runs"
    );
    assert_eq!(
        olga.get("/api/v1/session").await.json()["rights"],
        json!(["view_passages"])
    );
    let used = admin.delete(&path).await;
    assert_eq!(used.status, StatusCode::CONFLICT, "{}", used.text());
    let change = json!({ "role": "viewer", "sites": null, "disabled": false });
    assert_eq!(admin.put(&account, change).await.status, StatusCode::OK);
    assert_eq!(olga.get("/api/v1/permits").await.status, StatusCode::OK);
    assert_eq!(admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        actions(&admin).await,
        [
            "role.create",
            "account.create",
            "session.begin",
            "role.change",
            "access.refused",
            "account.change",
            "role.remove"
        ]
    );
}

#[tokio::test]
async fn the_roles_from_the_start_keep_their_names_and_the_administrator_its_rights() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (of_admin, of_viewer) = (
        role_path(&admin, "admin").await,
        role_path(&admin, "viewer").await,
    );
    let weak = json!({ "name": "admin", "rights": ["view_passages"] });
    assert_eq!(
        admin.put(&of_admin, weak).await.status,
        StatusCode::CONFLICT
    );
    let renamed = json!({ "name": "guest", "rights": [] });
    assert_eq!(
        admin.put(&of_viewer, renamed).await.refused_fields(),
        ["name"]
    );
    for path in [&of_admin, &of_viewer] {
        assert_eq!(admin.delete(path).await.status, StatusCode::CONFLICT);
    }
    let narrower = json!({ "name": "viewer", "rights": ["view_passages"] });
    let viewer = hub.viewer().await;
    assert_eq!(admin.put(&of_viewer, narrower).await.status, StatusCode::OK);
    assert_eq!(
        viewer.get("/api/v1/visits").await.status,
        StatusCode::FORBIDDEN
    );
}

/// The last account that can manage accounts can't be removed, disabled, limited or demoted, nor its role emptied.
#[tokio::test]
async fn nobody_locks_the_organisation_out() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let me = format!("/api/v1/accounts/{}", admin.account.unwrap());
    for change in [
        json!({ "role": "viewer", "sites": null, "disabled": false }),
        json!({ "role": "admin", "sites": null, "disabled": true }),
        json!({ "role": "admin", "sites": [hub.site], "disabled": false }),
    ] {
        let answer = admin.put(&me, change.clone()).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{change}");
    }
    assert_eq!(admin.delete(&me).await.status, StatusCode::CONFLICT);
    assert_eq!(
        admin.get("/api/v1/accounts").await.status,
        StatusCode::OK,
        "nothing of it was kept"
    );
    // A role of one's own that manages accounts counts, until it is emptied.
    let rights: Value = admin.get("/api/v1/session").await.json()["rights"].clone();
    let role = json!({ "name": "chief", "rights": rights });
    admin.post("/api/v1/roles", role).await;
    let (_, chief) = made(&hub, &admin, "Chief", "chief").await;
    assert_eq!(chief.delete(&me).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        admin.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED
    );
    let emptied = json!({ "name": "chief", "rights": ["view_fleet"] });
    let path = role_path(&chief, "chief").await;
    assert_eq!(chief.put(&path, emptied).await.status, StatusCode::CONFLICT);
}

/// Nobody gives, takes or changes what he does not have: a manager of accounts does not become an administrator.
#[tokio::test]
async fn a_manager_of_accounts_gives_no_right_that_he_lacks() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let boss = format!("/api/v1/accounts/{}", admin.account.unwrap());
    let role = json!({ "name": "desk", "rights": ["manage_accounts", "view_passages"] });
    admin.post("/api/v1/roles", role).await;
    let (me, desk) = made(&hub, &admin, "Desk", "desk").await;
    let raised = json!({ "role": "admin", "sites": null, "disabled": false });
    let viewer = json!({ "role": "viewer", "sites": null, "disabled": false });
    let password = json!({ "password": OTHER });
    let new = json!({ "name": "x", "password": PASSWORD, "role": "operator" });
    let more = json!({ "name": "more", "rights": ["order_barrier"] });
    let own = role_path(&admin, "desk").await;
    for (what, answer) in [
        ("raise himself", desk.put(&me, raised).await),
        ("demote the administrator", desk.put(&boss, viewer).await),
        (
            "take over the administrator",
            desk.put(&format!("{boss}/password"), password).await,
        ),
        (
            "log the administrator out",
            desk.delete(&format!("{boss}/sessions")).await,
        ),
        ("remove the administrator", desk.delete(&boss).await),
        ("make an operator", desk.post("/api/v1/accounts", new).await),
        (
            "make a role",
            desk.post("/api/v1/roles", more.clone()).await,
        ),
        ("widen his role", desk.put(&own, more).await),
    ] {
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
    }
    assert_eq!(admin.get("/api/v1/session").await.status, StatusCode::OK);
}

/// SE-62: a disabled account is out at once and stays out; a new password ends the sessions of the old.
#[tokio::test]
async fn disabling_and_a_new_password_end_running_sessions() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (path, olga) = made(&hub, &admin, "Olga", "operator").await;
    let off = json!({ "role": "operator", "sites": null, "disabled": true });
    let on = json!({ "role": "operator", "sites": null, "disabled": false });
    assert!(admin.put(&path, off).await.json()["disabled_at"].is_string());
    assert_eq!(
        olga.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        log_in(&hub, "Olga", PASSWORD).await.0.json()["error_code"],
        "wrong_credentials"
    );
    assert_eq!(
        admin.put(&path, on).await.json()["disabled_at"],
        Value::Null
    );
    assert_eq!(
        olga.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED,
        "the old session does not come back"
    );
    let (_, olga) = log_in(&hub, "Olga", PASSWORD).await;
    let weak = admin
        .put(&format!("{path}/password"), json!({ "password": "short" }))
        .await;
    assert!(
        weak.refused_fields()
            .iter()
            .all(|field| field == "password")
    );
    let reset = admin
        .put(&format!("{path}/password"), json!({ "password": OTHER }))
        .await;
    assert_eq!(reset.status, StatusCode::NO_CONTENT, "{}", reset.text());
    assert_eq!(
        olga.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(log_in(&hub, "Olga", OTHER).await.0.status, StatusCode::OK);
    let told = actions(&admin).await;
    for action in ["account.disable", "account.enable", "account.password"] {
        assert!(told.iter().any(|told| told == action), "{action}");
    }
}

/// SE-62: one's own password is changed with the one that holds; other log-ins end, guesses are counted.
#[tokio::test]
async fn one_changes_ones_own_password_and_other_log_ins_end() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (_, here) = made(&hub, &admin, "Olga", "operator").await;
    let (_, there) = log_in(&hub, "Olga", PASSWORD).await;
    let path = "/api/v1/session/password";
    let wrong = json!({ "current": "Wrong-Horse-1", "password": OTHER });
    assert_eq!(
        here.put(path, wrong.clone()).await.refused_fields(),
        ["current"]
    );
    let same = json!({ "current": PASSWORD, "password": PASSWORD });
    assert_eq!(here.put(path, same).await.refused_fields(), ["password"]);
    let right = json!({ "current": PASSWORD, "password": OTHER });
    let changed = here.put(path, right).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text());
    assert_eq!(here.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(
        there.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED
    );
    for _ in 0..4 {
        here.put(path, wrong.clone()).await;
    }
    assert_eq!(
        here.put(path, wrong).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(
        actions(&admin)
            .await
            .iter()
            .filter(|action| *action == "account.password_refused")
            .count(),
        5
    );
}

/// SE-07, SE-08: people see their own log-ins and end them; nobody sees or ends another's.
#[tokio::test]
async fn one_sees_and_ends_ones_own_log_ins_only() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (account, here) = made(&hub, &admin, "Olga", "viewer").await;
    let mut there = hub.stranger();
    let body = json!({ "name": "Olga", "password": PASSWORD }).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "<script>alert(1)</script>"),
    ];
    let answer = there
        .send_with("POST", "/api/v1/session", &headers, body.into_bytes())
        .await;
    there.take_session(&answer);
    let list = here.get("/api/v1/sessions").await;
    let items = list.json()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 2);
    assert!(!list.text().contains(&here.cookie) && !list.text().contains(&there.cookie));
    let other = items
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["own"] == false)
        .unwrap();
    assert_eq!(other["agent"], "<script>alert(1)</script>");
    let path = format!("/api/v1/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(admin.delete(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(here.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        there.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED
    );
    let all = format!("{account}/sessions");
    assert_eq!(admin.delete(&all).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        here.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED
    );
}

/// SE-17: an account that is limited to sites sees and changes nothing of another one, and has no right over the whole
/// organisation, whatever its role.
#[tokio::test]
async fn a_limit_to_sites_holds_in_running_sessions_too() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let depot = second_site(&hub).await;
    let (path, olga) = made(&hub, &admin, "Olga", "admin").await;
    let sites = |answer: &Answer| answer.json()["items"].as_array().unwrap().len();
    assert_eq!(sites(&olga.get("/api/v1/sites").await), 2);
    let limited = json!({ "role": "admin", "sites": [depot], "disabled": false });
    let changed = admin.put(&path, limited).await;
    assert_eq!(
        changed.json()["sites"],
        json!([depot]),
        "{}",
        changed.text()
    );
    let seen = olga.get("/api/v1/sites").await;
    assert_eq!(sites(&seen), 1);
    assert_eq!(seen.json()["items"][0]["name"], "Depot");
    for wide in [
        "/api/v1/accounts",
        "/api/v1/roles",
        "/api/v1/audit",
        "/metrics",
    ] {
        assert_eq!(olga.get(wide).await.status, StatusCode::FORBIDDEN, "{wide}");
    }
    let elsewhere = json!({ "site": hub.site, "plate": "AB12", "reason": "x" });
    let refused = olga.post("/api/v1/visits", elsewhere).await;
    assert_eq!(refused.refused_fields(), ["site"]);
    let here = json!({ "site": depot, "plate": "AB12", "reason": "x" });
    assert_eq!(
        olga.post("/api/v1/visits", here).await.status,
        StatusCode::CREATED
    );
    let enrol =
        json!({ "name": "pi", "site": hub.site, "gates": [{ "name": "g", "direction": "entry" }] });
    let refused = olga.post("/api/v1/edges/enrolments", enrol).await;
    assert_eq!(refused.refused_fields(), ["site"]);
    let everywhere = json!({ "plate": "CD34" });
    let refused = olga.post("/api/v1/permits", everywhere.clone()).await;
    assert_eq!(refused.refused_fields(), ["gates"]);
    let permit = admin.post("/api/v1/permits", everywhere).await.json();
    let one = format!("/api/v1/permits/{}", permit["id"].as_str().unwrap());
    assert_eq!(
        olga.get(&one).await.status,
        StatusCode::OK,
        "it holds here, too"
    );
    assert_eq!(olga.delete(&one).await.status, StatusCode::FORBIDDEN);
    let sheet = olga
        .send(
            "POST",
            "/api/v1/permits/import",
            Some("text/csv"),
            b"plate\nXY9\n".to_vec(),
        )
        .await;
    assert_eq!(sheet.status, StatusCode::FORBIDDEN);
    let none = json!({ "role": "viewer", "sites": [], "disabled": false });
    assert_eq!(admin.put(&path, none).await.refused_fields(), ["sites"]);
    let foreign = hub.other_organisation("South").await.1;
    let other = json!({ "role": "viewer", "sites": [foreign], "disabled": false });
    assert_eq!(admin.put(&path, other).await.refused_fields(), ["sites"]);
    let left_out = json!({ "role": "viewer", "disabled": false });
    assert_eq!(admin.put(&path, left_out).await.refused_fields(), ["sites"]);
}

async fn told(hub: &TestHub, site: Option<SiteId>, kind: &'static str, what: &'static str) {
    let organisation = hub.organisation;
    let written: Result<(), StoreError> = hub
        .hub
        .store
        .write(Priority::Machines, move |tx| {
            let body = json!({ "what": what });
            match site {
                Some(site) => live::publish_at(tx, organisation, site, kind, &body),
                None => live::publish(tx, organisation, kind, &body),
            }
        })
        .await;
    written.unwrap();
}

async fn read_until(response: &mut axum::response::Response, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let frame = response.body_mut().frame();
        let frame = tokio::time::timeout(std::time::Duration::from_secs(10), frame).await;
        let frame = frame.expect("news in time").expect("the stream goes on");
        text.push_str(&String::from_utf8_lossy(frame.unwrap().data_ref().unwrap()));
    }
    text
}

/// SE-17: live news of another site, and of what the role may not see, never arrive; a narrowed account's stream ends.
#[tokio::test]
async fn live_news_keep_to_the_sites_and_rights_of_the_listener() {
    let hub = TestHub::new().await;
    let depot = second_site(&hub).await;
    let here = Some(BTreeSet::from([depot]));
    let limited = hub.person_of(hub.organisation, "technician", here).await;
    let whole = hub.operator().await;
    let mut narrow = limited.open("GET", "/api/v1/live", &[], Vec::new()).await;
    let mut wide = whole.open("GET", "/api/v1/live", &[], Vec::new()).await;
    read_until(&mut narrow, "event: hello").await;
    read_until(&mut wide, "event: hello").await;
    told(&hub, Some(hub.site), "passage", "of another site").await;
    told(&hub, None, "edge", "of the organisation").await;
    told(&hub, Some(depot), "visit", "for other rights").await;
    told(&hub, Some(depot), "unheard", "of no known kind").await;
    told(&hub, Some(depot), "passage", "the end").await;
    let text = read_until(&mut narrow, "the end").await;
    for hidden in [
        "another site",
        "organisation",
        "other rights",
        "no known kind",
    ] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let text = read_until(&mut wide, "the end").await;
    assert!(
        text.contains("another site") && text.contains("other rights"),
        "{text}"
    );
    let admin = hub.admin().await;
    let path = format!("/api/v1/accounts/{}", whole.account.unwrap());
    let limit = json!({ "role": "operator", "sites": [depot], "disabled": false });
    assert_eq!(admin.put(&path, limit).await.status, StatusCode::OK);
    told(&hub, Some(hub.site), "passage", "after the limit").await;
    let rest = tokio::time::timeout(
        std::time::Duration::from_secs(10),
        wide.into_body().collect(),
    );
    let rest = rest.await.expect("the stream ends").unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&rest).contains("after the limit"));
}

/// SE-25, SE-27, SE-28: the hostile corpus over every text field of accounts and roles is refused field by field or
/// kept as the mere text that it is.
#[tokio::test]
async fn hostile_texts_are_refused_or_kept_as_text() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    for (number, text) in [
        "'; DROP TABLE accounts; --",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "%00",
        "Ω≈ç√∫",
    ]
    .into_iter()
    .enumerate()
    {
        let account = json!({ "name": text, "password": PASSWORD, "role": "viewer" });
        let made = admin.post("/api/v1/accounts", account).await;
        assert_eq!(made.status, StatusCode::CREATED, "{text}: {}", made.text());
        assert_eq!(made.json()["name"], text);
        let role = json!({ "name": format!("{text}{number}"), "rights": [] });
        assert_eq!(
            admin.post("/api/v1/roles", role).await.status,
            StatusCode::CREATED
        );
        let none = json!({ "name": "n", "password": PASSWORD, "role": text });
        assert_eq!(
            admin.post("/api/v1/accounts", none).await.refused_fields(),
            ["role"]
        );
        let (answer, _) = log_in(&hub, text, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{text}");
    }
    for text in [
        "",
        "  ",
        "a\u{0}b",
        "a\nb",
        "ad\u{200b}min",
        "\u{202e}nimda",
        &"x".repeat(65),
    ] {
        let account = json!({ "name": text, "password": PASSWORD, "role": "viewer" });
        let role = json!({ "name": text, "rights": [] });
        assert_eq!(
            admin
                .post("/api/v1/accounts", account)
                .await
                .refused_fields()[0],
            "name",
            "{text:?}"
        );
        assert_eq!(
            admin.post("/api/v1/roles", role).await.refused_fields()[0],
            "name"
        );
    }
    for (path, body, field) in [
        (
            "/api/v1/roles",
            json!({ "name": "r", "rights": ["everything"] }),
            "rights[0]",
        ),
        (
            "/api/v1/roles",
            json!({ "name": "r", "rights": "view_fleet" }),
            "rights",
        ),
        ("/api/v1/roles", json!({ "name": 7, "rights": [] }), "name"),
        ("/api/v1/roles", json!({ "name": "r" }), "rights"),
        (
            "/api/v1/roles",
            json!({ "name": "r", "rights": [], "seeded": "admin" }),
            "seeded",
        ),
        (
            "/api/v1/accounts",
            json!({ "name": "n", "password": 7, "role": "viewer" }),
            "password",
        ),
        (
            "/api/v1/accounts",
            json!({ "name": "n", "password": PASSWORD, "role": "viewer", "sites": ["x"] }),
            "sites[0]",
        ),
        (
            "/api/v1/accounts",
            json!({ "name": "n", "password": PASSWORD, "role": ["viewer"] }),
            "role",
        ),
        (
            "/api/v1/accounts",
            json!({ "name": "n", "password": PASSWORD, "role": "viewer", "organisation": "x" }),
            "organisation",
        ),
    ] {
        let answer = admin.post(path, body.clone()).await;
        assert_eq!(answer.refused_fields(), [field], "{body}");
    }
    for odd in [
        "x",
        "'%20OR%201=1",
        "..%2f..",
        "00000000-0000-7000-8000-000000000000",
    ] {
        for path in [
            format!("/api/v1/accounts/{odd}"),
            format!("/api/v1/roles/{odd}"),
            format!("/api/v1/sessions/{odd}"),
        ] {
            // The door refuses what climbs; the rest names nothing.
            let expected = if odd.contains("..") { 400 } else { 404 };
            assert_eq!(admin.delete(&path).await.status, expected, "{path}");
        }
    }
}
