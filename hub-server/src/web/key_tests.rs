//! API keys as programs use them: what they may do, until when, and what is left of them.

use std::time::Duration;

use axum::http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;

use super::testing::Answer;
use super::testing::Person;
use super::testing::TestHub;
use crate::auth::Seeded;
use crate::live;
use crate::store::Priority;
use crate::store::StoreError;

const KEYS: &str = "/api/v1/keys";

/// Makes a key of this person and gives what the answer says and a program that uses it.
async fn made(hub: &TestHub, owner: &Person, rights: &[&str]) -> (Value, Person) {
    let body = json!({ "name": "accounting", "rights": rights, "expires_at": null });
    let answer = owner.post(KEYS, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let mut program = hub.stranger();
    let key = answer.json();
    key["secret"].as_str().unwrap().clone_into(&mut program.key);
    (key, program)
}

async fn listed(admin: &Person) -> Value {
    admin.get(KEYS).await.json()["items"][0].clone()
}

/// SE-13: a key is shown once, kept as a hash, works on its scope only, and its last use is shown.
#[tokio::test]
async fn a_key_is_shown_once_and_works_only_on_its_scope() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (key, program) = made(&hub, &admin, &["view_permits", "edit_permits"]).await;
    let secret = key["secret"].as_str().unwrap();
    assert!(secret.starts_with("gwk_") && secret.len() == 47);
    let list = admin.get(KEYS).await;
    assert!(!list.text().contains(secret));
    assert_eq!(list.json()["items"][0]["prefix"], secret[..12]);
    assert_eq!(list.json()["items"][0]["last_used_at"], Value::Null);
    let file = std::fs::read(hub.dir().join(crate::store::FILE)).unwrap();
    let log = std::fs::read(hub.dir().join(format!("{}-wal", crate::store::FILE)));
    let bytes = [file, log.unwrap_or_default()].concat();
    let is_kept = bytes
        .windows(secret.len())
        .any(|part| part == secret.as_bytes());
    assert!(!is_kept, "only the hash is in the database");

    let permit = program
        .post("/api/v1/permits", json!({ "plate": "AB12" }))
        .await;
    assert_eq!(permit.status, StatusCode::CREATED, "without a CSRF token");
    assert_eq!(program.get("/api/v1/permits").await.status, StatusCode::OK);
    for path in ["/api/v1/accounts", "/api/v1/passages", KEYS, "/metrics"] {
        assert_eq!(
            program.get(path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    for path in ["/api/v1/session", "/api/v1/sessions"] {
        let refused = program.get(path).await;
        assert_eq!(
            refused.status,
            StatusCode::FORBIDDEN,
            "{path} is for people"
        );
    }
    let used = listed(&admin).await;
    assert_eq!(used["last_used_at"], "2026-01-01T00:00:00.000Z");
    assert_eq!(used["last_address"], "192.0.2.7");
    hub.hand.advance(Duration::from_secs(59));
    program.get("/api/v1/permits").await;
    assert_eq!(listed(&admin).await["last_used_at"], used["last_used_at"]);
    hub.hand.advance(Duration::from_secs(1));
    program.get("/api/v1/permits").await;
    assert_eq!(
        listed(&admin).await["last_used_at"],
        "2026-01-01T00:01:00.000Z"
    );
    let trail = admin.get("/api/v1/audit?action=permit.create").await.json();
    let name = trail["items"][0]["actor"].to_string();
    assert!(name.contains("by the key accounting"), "{trail}");
}

/// SE-13: revoked, expired, or without an account that may log in, a key is nothing at once.
#[tokio::test]
async fn a_key_ends_with_its_revocation_its_time_and_its_account() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let status = async |program: &Person| program.get("/api/v1/permits").await.status;
    let (key, program) = made(&hub, &admin, &["view_permits"]).await;
    let path = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(status(&program).await, StatusCode::UNAUTHORIZED);
    assert!(listed(&admin).await["revoked_at"].is_string());
    let trail = admin.get("/api/v1/audit?action=key.revoke").await.json();
    assert_eq!(trail["items"].as_array().unwrap().len(), 1);

    let body = json!({ "name": "short", "rights": ["view_permits"], "expires_at": "2026-01-01T01:00:00Z" });
    let answer = admin.post(KEYS, body).await.json();
    let mut short = hub.stranger();
    answer["secret"]
        .as_str()
        .unwrap()
        .clone_into(&mut short.key);
    hub.hand.advance(Duration::from_secs(60 * 60 - 1));
    assert_eq!(status(&short).await, StatusCode::OK);
    hub.hand.advance(Duration::from_secs(1));
    assert_eq!(status(&short).await, StatusCode::UNAUTHORIZED);

    let owner = hub.person(hub.organisation, Seeded::Admin).await;
    let (_, program) = made(&hub, &owner, &["view_permits", "view_audit"]).await;
    let account = format!("/api/v1/accounts/{}", owner.account.unwrap());
    let weaker = json!({ "role": "viewer", "sites": null, "disabled": false });
    admin.put(&account, weaker).await;
    assert_eq!(status(&program).await, StatusCode::OK);
    let audit = program.get("/api/v1/audit").await.status;
    assert_eq!(audit, StatusCode::FORBIDDEN, "never more than its account");
    let off = json!({ "role": "viewer", "sites": null, "disabled": true });
    admin.put(&account, off).await;
    assert_eq!(status(&program).await, StatusCode::UNAUTHORIZED);
    admin.delete(&account).await;
    assert_eq!(status(&program).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_makes_no_keys_and_nobody_makes_one_with_more_than_he_has() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (_, program) = made(&hub, &admin, &["manage_keys", "manage_accounts"]).await;
    let body = json!({ "name": "child", "rights": ["manage_keys"], "expires_at": null });
    assert_eq!(program.post(KEYS, body).await.status, StatusCode::FORBIDDEN);
    let role = json!({ "name": "desk", "rights": ["manage_keys", "view_fleet"] });
    assert_eq!(
        admin.post("/api/v1/roles", role).await.status,
        StatusCode::CREATED
    );
    let desk = hub.person_of(hub.organisation, "desk", None).await;
    let more = json!({ "name": "more", "rights": ["order_barrier"], "expires_at": null });
    assert_eq!(desk.post(KEYS, more).await.status, StatusCode::FORBIDDEN);
    let others = hub.foreign_admin().await;
    assert_eq!(others.get(KEYS).await.json()["items"], json!([]));
}

/// SE-25, SE-27, SE-28: what is no key is refused field by field, and no odd header is one.
#[tokio::test]
async fn odd_keys_are_refused() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let good = json!({ "name": "<script>", "rights": ["view_fleet"], "expires_at": null });
    assert_eq!(
        admin.post(KEYS, good.clone()).await.status,
        StatusCode::CREATED
    );
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (body, field) in [
        (with("name", json!("")), "name"),
        (with("name", json!("a\u{202e}b")), "name"),
        (with("name", json!(7)), "name"),
        (with("rights", json!([])), "rights"),
        (with("rights", json!(["root"])), "rights[0]"),
        (
            with("expires_at", json!("2026-01-01T00:00:00Z")),
            "expires_at",
        ),
        (
            with("expires_at", json!("2036-01-01T00:00:00Z")),
            "expires_at",
        ),
        (with("expires_at", json!("soon")), "expires_at"),
        (with("secret", json!("gwk_mine")), "secret"),
        (
            json!({ "name": "x", "rights": ["view_fleet"] }),
            "expires_at",
        ),
    ] {
        let answer: Answer = admin.post(KEYS, body.clone()).await;
        assert_eq!(answer.refused_fields(), [field], "{body}");
    }
    let mut thief = hub.stranger();
    for odd in [
        "gwk_",
        "gwk_' OR 1=1 --",
        &format!("gwk_{}", "A".repeat(43)),
        &format!("gwk_{}", "A".repeat(9000)),
    ] {
        odd.clone_into(&mut thief.key);
        assert_eq!(
            thief.get("/api/v1/sites").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    // A wrong key is not helped by a cookie that is right.
    let mut both = admin.clone();
    "gwk_wrong".clone_into(&mut both.key);
    assert_eq!(
        both.get("/api/v1/sites").await.status,
        StatusCode::UNAUTHORIZED
    );
    for odd in ["x", "'%20OR%201=1", "00000000-0000-7000-8000-000000000000"] {
        let gone = admin.delete(&format!("{KEYS}/{odd}")).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

#[tokio::test]
async fn a_live_stream_by_key_ends_when_the_key_does() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (key, program) = made(&hub, &admin, &["view_passages"]).await;
    let mut stream = program.open("GET", "/api/v1/live", &[], Vec::new()).await;
    assert_eq!(stream.status(), StatusCode::OK);
    let first = stream.body_mut().frame().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(first.data_ref().unwrap()).contains("hello"));
    let path = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    admin.delete(&path).await;
    let organisation = hub.organisation;
    let written: Result<(), StoreError> = hub
        .hub
        .store
        .write(Priority::Machines, move |tx| {
            live::publish(tx, organisation, "passage", &json!({ "n": 1 }))
        })
        .await;
    written.unwrap();
    let rest = tokio::time::timeout(Duration::from_secs(10), stream.into_body().collect()).await;
    let rest = rest.expect("the stream ends").unwrap().to_bytes();
    assert!(rest.is_empty(), "{rest:?}");
}
