//! Access and refresh tokens as programs meet them: got with a password, renewed once each, and worth nothing as soon as
//! anything about them ends.

use std::time::Duration;

use axum::http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;

use super::testing::Answer;
use super::testing::Person;
use super::testing::TestHub;
use crate::auth;
use crate::store::Priority;
use crate::store::StoreError;

const PASSWORD: &str = "Correct-Horse-1";
const TOKEN: &str = "/api/v1/auth/token";
const REFRESH: &str = "/api/v1/auth/refresh";
const REVOKE: &str = "/api/v1/auth/revoke";

/// An account of this role: its path.
async fn olga(admin: &Person, role: &str) -> String {
    let account = json!({ "name": "Olga", "password": PASSWORD, "role": role });
    let made = admin.post("/api/v1/accounts", account).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    format!("/api/v1/accounts/{}", made.json()["id"].as_str().unwrap())
}

async fn tokens(hub: &TestHub) -> Value {
    let body = json!({ "name": "olga", "password": PASSWORD });
    let answer = hub.stranger().post(TOKEN, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

/// A program that presents this access token.
fn program(hub: &TestHub, tokens: &Value) -> Person {
    let mut program = hub.stranger();
    tokens["access_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut program.key);
    program
}

async fn refresh(hub: &TestHub, tokens: &Value) -> Answer {
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    hub.stranger().post(REFRESH, body).await
}

async fn is_in(program: &Person) -> bool {
    match program.get("/api/v1/session").await.status {
        StatusCode::OK => true,
        StatusCode::UNAUTHORIZED => false,
        other => panic!("{other}"),
    }
}

async fn count(admin: &Person, action: &str) -> usize {
    let trail = admin
        .get(&format!("/api/v1/audit?action={action}"))
        .await
        .json();
    trail["items"].as_array().unwrap().len()
}

/// SE-04: the documented answer; half an hour; the account's rights; writes without a CSRF token, audited as the person.
#[tokio::test]
async fn a_program_logs_in_for_half_an_hour_and_has_its_accounts_rights() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    olga(&admin, "operator").await;
    let given = tokens(&hub).await;
    assert_eq!(given["token_type"], "Bearer");
    assert_eq!(given["expires_in"], 1800);
    assert_eq!(given["refresh_expires_in"], 604_800);
    let program = program(&hub, &given);
    let session = program.get("/api/v1/session").await.json();
    assert_eq!(session["account"]["name"], "Olga");
    assert_eq!(session["csrf"], "");
    let visit = json!({ "site": hub.site, "plate": "NEW3", "reason": "r" });
    let made = program.post("/api/v1/visits", visit).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(program.get("/api/v1/accounts").await.status, 403);
    let trail = admin.get("/api/v1/audit?action=token.begin").await.json();
    assert_eq!(trail["items"][0]["actor"]["name"], "Olga", "{trail}");
    hub.hand.advance(Duration::from_secs(1799));
    assert!(is_in(&program).await);
    hub.hand.advance(Duration::from_secs(1));
    assert!(!is_in(&program).await);
}

/// SE-04: a bad token is not made good by a cookie beside it, and the scheme is written in any case.
#[tokio::test]
async fn whoever_presents_a_token_is_judged_by_it_alone() {
    let hub = TestHub::new().await;
    let mut admin = hub.admin().await;
    olga(&admin, "viewer").await;
    let given = tokens(&hub).await;
    for bad in [
        "x",
        "a.b.c",
        "gwr_x",
        given["refresh_token"].as_str().unwrap(),
    ] {
        bad.clone_into(&mut admin.key);
        assert!(!is_in(&admin).await, "{bad}");
    }
    let access = given["access_token"].as_str().unwrap();
    for header in [format!("bearer {access}"), format!("BEARER {access}")] {
        let headers = [("authorization", header.as_str())];
        let answer = hub
            .stranger()
            .send_with("GET", "/api/v1/session", &headers, Vec::new())
            .await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    for header in [format!("Basic {access}"), access.to_owned()] {
        let headers = [("authorization", header.as_str())];
        let answer = hub
            .stranger()
            .send_with("GET", "/api/v1/session", &headers, Vec::new())
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

/// SE-04: the password and the code of a second factor are asked for as at any log-in, and failures are counted.
#[tokio::test]
async fn tokens_cost_what_a_log_in_costs() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    olga(&admin, "operator").await;
    let mut thief = hub.stranger();
    thief.address = "198.51.100.9:1";
    for _ in 0..5 {
        let wrong = json!({ "name": "olga", "password": "Wrong-Horse-1" });
        let answer = thief.post(TOKEN, wrong).await;
        assert_eq!(answer.json()["error_code"], "wrong_credentials");
    }
    let right = json!({ "name": "olga", "password": PASSWORD });
    assert_eq!(thief.post(TOKEN, right.clone()).await.status, 429);
    assert_eq!(thief.post("/api/v1/session", right).await.status, 429);
    let unknown = json!({ "name": "olga", "password": PASSWORD, "scope": "all" });
    let answer = hub.stranger().post(TOKEN, unknown).await;
    assert_eq!(answer.refused_fields(), ["scope"]);
    assert_eq!(count(&admin, "session.refused").await, 5);
}

/// SE-05: seven days, a new one with each use, and thirty days after the log-in it takes a password again.
#[tokio::test]
async fn a_refresh_token_renews_once_and_the_next_goes_on() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    olga(&admin, "operator").await;
    let mut given = tokens(&hub).await;
    hub.hand.advance(Duration::from_secs(7 * 86_400 - 1));
    let next = refresh(&hub, &given).await;
    assert_eq!(next.status, StatusCode::OK, "{}", next.text());
    assert_ne!(next.json()["refresh_token"], given["refresh_token"]);
    given = next.json();
    assert!(is_in(&program(&hub, &given)).await);
    assert_eq!(given["refresh_expires_in"], 604_800);
    for _ in 0..3 {
        hub.hand.advance(Duration::from_secs(7 * 86_400 - 1));
        given = refresh(&hub, &given).await.json();
    }
    assert_eq!(
        given["refresh_expires_in"],
        2 * 86_400 + 4,
        "the log-in ends after 30 days"
    );
    hub.hand.advance(Duration::from_secs(2 * 86_400 + 4));
    assert_eq!(refresh(&hub, &given).await.status, StatusCode::UNAUTHORIZED);
    let fresh = tokens(&hub).await;
    hub.hand.advance(Duration::from_secs(7 * 86_400));
    assert_eq!(
        refresh(&hub, &fresh).await.status,
        StatusCode::UNAUTHORIZED,
        "unused"
    );
}

/// SE-05: re-use of an old refresh token ends the family at once, its access tokens too, and is audited.
#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_the_family() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    olga(&admin, "operator").await;
    let first = tokens(&hub).await;
    let other = tokens(&hub).await;
    let second = refresh(&hub, &first).await.json();
    let third = refresh(&hub, &second).await.json();
    let last = program(&hub, &third);
    assert!(is_in(&last).await);
    assert_eq!(refresh(&hub, &first).await.status, StatusCode::UNAUTHORIZED);
    assert!(!is_in(&last).await, "the newest access token, too");
    assert!(!is_in(&program(&hub, &first)).await);
    for old in [&first, &second, &third] {
        assert_eq!(refresh(&hub, old).await.status, StatusCode::UNAUTHORIZED);
    }
    assert!(
        is_in(&program(&hub, &other)).await,
        "another log-in goes on"
    );
    assert_eq!(count(&admin, "token.reused").await, 1);
    let trail = admin.get("/api/v1/audit?limit=200").await.text();
    assert!(!trail.contains("gwr_"), "no token in the trail");
}

/// SE-05: of renewals at the same time one gets tokens, and the others end the family.
#[tokio::test]
async fn of_renewals_at_the_same_time_one_wins_and_the_family_ends() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    olga(&admin, "operator").await;
    let given = tokens(&hub).await;
    let (one, two, three) = tokio::join!(
        refresh(&hub, &given),
        refresh(&hub, &given),
        refresh(&hub, &given)
    );
    let won: Vec<&Answer> = [&one, &two, &three]
        .into_iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .collect();
    assert_eq!(won.len(), 1);
    assert!(!is_in(&program(&hub, &won[0].json())).await);
    assert_eq!(count(&admin, "token.reused").await, 1);
}

/// SE-04: role, disabling, password and removal hold in the next request, long before the token's end.
#[tokio::test]
async fn a_token_never_outlives_a_change_of_its_account() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let path = olga(&admin, "operator").await;
    let given = tokens(&hub).await;
    let olga = program(&hub, &given);
    let change =
        |role: &str, disabled: bool| json!({ "role": role, "sites": null, "disabled": disabled });
    assert_eq!(olga.get("/api/v1/visits").await.status, 200);
    assert_eq!(
        admin.put(&path, change("technician", false)).await.status,
        200
    );
    assert_eq!(olga.get("/api/v1/visits").await.status, 403, "another role");
    assert_eq!(
        admin.put(&path, change("technician", true)).await.status,
        200
    );
    assert!(!is_in(&olga).await, "disabled");
    assert_eq!(refresh(&hub, &given).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        admin.put(&path, change("operator", false)).await.status,
        200
    );
    assert!(!is_in(&olga).await, "what ended stays ended");

    let given = tokens(&hub).await;
    let olga = program(&hub, &given);
    let reset = json!({ "password": PASSWORD });
    assert_eq!(
        admin.put(&format!("{path}/password"), reset).await.status,
        204
    );
    assert!(!is_in(&olga).await, "another password");
    assert_eq!(refresh(&hub, &given).await.status, StatusCode::UNAUTHORIZED);

    let given = tokens(&hub).await;
    let olga = program(&hub, &given);
    assert_eq!(admin.delete(&format!("{path}/sessions")).await.status, 204);
    assert!(!is_in(&olga).await, "its log-ins were ended");

    let olga = program(&hub, &tokens(&hub).await);
    assert_eq!(admin.delete(&path).await.status, 204);
    assert!(!is_in(&olga).await, "removed");
}

/// SE-05: by either of its tokens a log-in ends; a token that nobody knows tells nothing and changes nothing.
#[tokio::test]
async fn a_log_in_is_revoked_by_one_of_its_tokens() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    olga(&admin, "operator").await;
    let stranger = hub.stranger();
    for which in ["refresh_token", "access_token"] {
        let given = tokens(&hub).await;
        let answer = stranger
            .post(REVOKE, json!({ "token": given[which] }))
            .await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
        assert!(!is_in(&program(&hub, &given)).await, "{which}");
        assert_eq!(refresh(&hub, &given).await.status, StatusCode::UNAUTHORIZED);
    }
    let kept = tokens(&hub).await;
    for odd in ["", "gwr_", "a.b.c", &"x".repeat(500_000)] {
        let answer = stranger.post(REVOKE, json!({ "token": odd })).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    assert!(is_in(&program(&hub, &kept)).await);
    assert_eq!(count(&admin, "token.revoke").await, 2);
    let too_large = json!({ "refresh_token": "x".repeat(2_000_000) });
    assert_eq!(stranger.post(REFRESH, too_large).await.status, 413);
}

/// SE-04: one's log-ins by token are listed beside the sessions and ended like them; logging out by token ends it.
#[tokio::test]
async fn log_ins_by_token_are_listed_and_ended_like_sessions() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    olga(&admin, "operator").await;
    let (one, two) = (tokens(&hub).await, tokens(&hub).await);
    let (one, two) = (program(&hub, &one), program(&hub, &two));
    let list = one.get("/api/v1/sessions").await.json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert!(items.iter().all(|item| item["kind"] == "token"), "{list}");
    let other = items.iter().find(|item| item["own"] == false).unwrap();
    let path = format!("/api/v1/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(admin.delete(&path).await.status, 404, "somebody else's");
    assert_eq!(one.delete(&path).await.status, 204);
    assert!(is_in(&one).await && !is_in(&two).await);
    assert_eq!(one.delete("/api/v1/session").await.status, 204);
    assert!(!is_in(&one).await);
}

/// SE-04: no key is shipped; the first log-in makes one, sealed. A new one signs from then on, and the old one verifies what
/// it signed to its end. A key that was removed verifies nothing.
#[tokio::test]
async fn the_signing_key_is_the_hubs_own_sealed_and_replaced() {
    let (hub, other) = (TestHub::new().await, TestHub::new().await);
    for hub in [&hub, &other] {
        olga(&hub.admin().await, "operator").await;
    }
    let old = program(&hub, &tokens(&hub).await);
    assert!(is_in(&old).await);
    let mut elsewhere = other.stranger();
    elsewhere.key.clone_from(&old.key);
    assert!(!is_in(&elsewhere).await, "another hub's key");
    let kept = std::fs::read(hub.dir().join(crate::store::FILE)).unwrap();
    let log = std::fs::read(hub.dir().join(format!("{}-wal", crate::store::FILE)));
    let bytes = [kept, log.unwrap_or_default()].concat();
    // How every Ed25519 key begins as PKCS#8.
    let start = [0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    assert!(!bytes.windows(start.len()).any(|part| part == start));

    auth::rotate_signing_key(&hub.hub.store, &hub.hub.seal, hub.hub.clock.wall())
        .await
        .unwrap();
    let new = program(&hub, &tokens(&hub).await);
    assert!(is_in(&old).await && is_in(&new).await);
    let head = |person: &Person| person.key.split('.').next().unwrap().to_owned();
    assert_ne!(head(&old), head(&new));
    hub.hand.advance(Duration::from_secs(1));
    let now = hub.hub.clock.wall();
    let gone: Result<usize, StoreError> = hub
        .hub
        .store
        .write(Priority::People, move |tx| {
            auth::delete_retired_keys(tx, now)
        })
        .await;
    assert_eq!(gone.unwrap(), 1);
    assert!(!is_in(&old).await && is_in(&new).await);
    hub.hand.advance(Duration::from_secs(31 * 86_400));
    let later = program(&hub, &tokens(&hub).await);
    assert_ne!(head(&new), head(&later), "a new key after thirty days");
}

/// SE-06: what has ended of the tokens is removed and counted; what holds stays.
#[tokio::test]
async fn ended_tokens_are_removed_and_counted() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    olga(&admin, "operator").await;
    let ended = tokens(&hub).await;
    refresh(&hub, &ended).await;
    hub.hand.advance(Duration::from_secs(6 * 86_400));
    let kept = tokens(&hub).await;
    hub.hand.advance(Duration::from_secs(86_400));
    let now = hub.hub.clock.wall();
    let remove = || async {
        let removed: Result<usize, StoreError> = hub
            .hub
            .store
            .write(Priority::Machines, move |tx| {
                auth::delete_ended_families(tx, now)
            })
            .await;
        removed.unwrap()
    };
    assert_eq!(remove().await, 2, "the used one and the one after it");
    assert_eq!(remove().await, 0);
    assert_eq!(refresh(&hub, &kept).await.status, StatusCode::OK);
}

/// SE-04: a live stream by token ends when its family does.
#[tokio::test]
async fn a_live_stream_by_token_ends_when_its_log_in_does() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    olga(&admin, "operator").await;
    let given = tokens(&hub).await;
    let program = program(&hub, &given);
    let response = program.open("GET", "/api/v1/live", &[], Vec::new()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    assert!(body.frame().await.is_some(), "hello");
    hub.stranger()
        .post(REVOKE, json!({ "token": given["refresh_token"] }))
        .await;
    let visit = json!({ "site": hub.site, "plate": "NEW3", "reason": "r" });
    admin.post("/api/v1/visits", visit).await;
    let ended = tokio::time::timeout(Duration::from_secs(20), async {
        while body.frame().await.is_some() {}
    })
    .await;
    assert!(ended.is_ok(), "the stream ends");
}
