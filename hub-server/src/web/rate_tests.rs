//! How often one may call, who called how often, and writes that are sent twice.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header;
use serde_json::json;

use super::Config;
use super::testing::Answer;
use super::testing::Person;
use super::testing::TestHub;

const PERMITS: &str = "/api/v1/permits";

async fn few() -> TestHub {
    let mut config = Config::default();
    config.rates.each = "20/1m".parse().unwrap();
    let few = ("POST /api/v1/permits".to_owned(), "3/1m".parse().unwrap());
    config.rates.routes = [few].into();
    TestHub::with(&config).await
}

async fn make(person: &Person, plate: &str) -> Answer {
    person.post(PERMITS, json!({ "plate": plate })).await
}

/// SE-21, SE-23: by address and route, by account and route, each with its threshold; 429 says how long to wait.
#[tokio::test]
async fn over_the_threshold_of_a_route_one_waits_and_others_do_not() {
    let hub = few().await;
    let mut admin = hub.admin().await;
    for number in 0..3 {
        let made = make(&admin, &format!("AB{number}")).await;
        assert_eq!(made.status, StatusCode::CREATED);
    }
    let refused = make(&admin, "AB9").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers[header::RETRY_AFTER], "21");
    assert_eq!(refused.json()["details"]["retry_after_s"], 21);
    // The account is counted wherever it calls from; another account at another address is not.
    admin.address = "198.51.100.1:1";
    assert_eq!(
        make(&admin, "AB9").await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    let mut other = hub.admin().await;
    assert_eq!(
        make(&other, "AB9").await.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the same address"
    );
    other.address = "198.51.100.2:1";
    assert_eq!(make(&other, "AB8").await.status, StatusCode::CREATED);
    // Other routes have counts of their own.
    assert_eq!(admin.get(PERMITS).await.status, StatusCode::OK);
    hub.hand.advance(Duration::from_secs(20));
    admin.address = "198.51.100.3:1";
    assert_eq!(make(&admin, "AB7").await.status, StatusCode::CREATED);
    // Strangers are stopped before anything is looked up, and pages are counted, too.
    let mut thief = hub.stranger();
    thief.address = "198.51.100.4:1";
    // A page is some fifty files, and has as many times the threshold.
    for (path, times) in [("/api/v1/audit", 20), ("/", 1_000), ("/health", 20)] {
        let mut last = thief.get(path).await;
        for _ in 0..times {
            last = thief.get(path).await;
        }
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
    let scraper = [("authorization", "Bearer scrape-me")];
    let metrics = hub
        .stranger()
        .send_with("GET", "/metrics", &scraper, Vec::new())
        .await;
    let counted = "gatewarden_hub_refused_requests_total{why=\"rate\"}";
    assert!(metrics.text().contains(counted), "{}", metrics.text());
}

/// SE-22: request rates by address: those of one's own organisation, and of who is not logged in.
#[tokio::test]
async fn administrators_see_who_calls_how_often() {
    let hub = TestHub::new().await;
    let mut admin = hub.admin().await;
    admin.address = "198.51.100.1:1";
    let mut foreign = hub.foreign_admin().await;
    foreign.address = "198.51.100.2:1";
    let mut thief = hub.stranger();
    thief.address = "[2001:db8::7]:1";
    for _ in 0..5 {
        admin.get("/api/v1/sites").await;
        foreign.get("/api/v1/sites").await;
        thief.get("/api/v1/sites").await;
    }
    let list = admin.get("/api/v1/addresses").await.json();
    let mut rows: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["address"].as_str().unwrap(),
                row["logged_in"].as_bool().unwrap(),
                row["requests_last_minute"].as_u64().unwrap(),
                row["refused_last_hour"].as_u64().unwrap(),
            )
        })
        .collect();
    rows.sort_unstable();
    let expected = [("198.51.100.1", true, 5, 0), ("2001:db8::7", false, 5, 5)];
    assert_eq!(rows, expected);
    hub.hand.advance(Duration::from_secs(90));
    let later = admin.get("/api/v1/addresses").await.json();
    let thief = &later["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["address"] == "2001:db8::7")
        .unwrap()
        .clone();
    assert_eq!(
        (&thief["requests_last_minute"], &thief["requests_last_hour"]),
        (&json!(2), &json!(5))
    );
    hub.hand.advance(Duration::from_secs(3600));
    let gone = admin.get("/api/v1/addresses").await;
    assert!(!gone.text().contains("2001:db8"), "{}", gone.text());
}

async fn once(person: &Person, key: &str, plate: &str) -> Answer {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let body = json!({ "plate": plate }).to_string().into_bytes();
    person.send_with("POST", PERMITS, &headers, body).await
}

/// A write that is sent twice with one key happens once and is answered alike; another write with it is refused.
#[tokio::test]
async fn a_write_that_is_sent_twice_with_its_key_happens_once() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let first = once(&admin, "key-1", "AB1").await;
    let again = once(&admin, "key-1", "AB1").await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert!(!first.headers.contains_key("idempotency-replayed"));
    assert_eq!(
        again.headers.get(header::LOCATION),
        first.headers.get(header::LOCATION)
    );
    let permits = admin.get(PERMITS).await.json();
    assert_eq!(permits["items"].as_array().unwrap().len(), 1);
    let other = once(&admin, "key-1", "AB2").await;
    assert_eq!(
        (other.status, &other.json()["error_code"]),
        (StatusCode::CONFLICT, &json!("conflict"))
    );
    // A key is its account's own, so another one's is a request of its own.
    let operator = hub.operator().await;
    assert_eq!(
        once(&operator, "key-1", "AB3").await.status,
        StatusCode::CREATED
    );
    // What changed nothing may be tried again; here the plate has a permit until it is withdrawn.
    assert_eq!(
        once(&admin, "key-2", "AB3").await.status,
        StatusCode::CONFLICT
    );
    let id = admin.get("/api/v1/permits?plate=AB3").await.json()["items"][0]["id"].clone();
    let path = format!("{PERMITS}/{}", id.as_str().unwrap());
    assert!(admin.delete(&path).await.status.is_success());
    assert_eq!(
        once(&admin, "key-2", "AB3").await.status,
        StatusCode::CREATED
    );
    for odd in ["", "a b", &"k".repeat(129)] {
        let answer = once(&admin, odd, "AB4").await;
        assert_eq!(answer.refused_fields(), ["idempotency-key"], "{odd:?}");
    }
    // A day later the key is free.
    hub.hand.advance(Duration::from_secs(24 * 60 * 60 - 1));
    let mut late = hub.stranger();
    late.cookie = admin.cookie.clone();
    late.csrf = admin.csrf.clone();
    assert_eq!(once(&late, "key-1", "AB1").await.bytes, first.bytes);
    hub.hand.advance(Duration::from_secs(1));
    let fresh = hub.admin().await;
    let now = hub.hub.clock.wall();
    let removed: Result<usize, crate::store::StoreError> = hub
        .hub
        .store
        .write(crate::store::Priority::People, move |tx| {
            crate::auth::delete_expired_answers(tx, now)
        })
        .await;
    assert_eq!(removed.unwrap(), 3);
    assert_eq!(
        once(&fresh, "key-1", "AB5").await.status,
        StatusCode::CREATED
    );
}

/// A crash between a write and its answer leaves the key in doubt; the write is not done twice. What is kept is
/// sealed, for it may hold a secret that is shown once.
#[tokio::test]
async fn a_key_in_doubt_is_said_and_kept_answers_are_sealed() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let key =
        json!({ "name": "program", "rights": ["view_fleet"], "expires_at": null }).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "make-key"),
    ];
    let send = async || {
        admin
            .send_with("POST", "/api/v1/keys", &headers, key.clone().into_bytes())
            .await
    };
    let made = send().await;
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(send().await.bytes, made.bytes);
    let rows = hub.rows().await;
    let kept = format!("{:?}", rows["kept_answers"]);
    let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
    assert!(!kept.contains(&secret) && !kept.contains(&hex) && kept.contains("make-key"));
    // As a crash leaves it: taken, unanswered.
    let account = admin.account.unwrap();
    let now = hub.hub.clock.wall();
    let body = json!({ "plate": "AB1" }).to_string();
    let taken: Result<crate::auth::Earlier, crate::store::StoreError> = hub
        .hub
        .store
        .write(crate::store::Priority::People, move |tx| {
            crate::auth::take_key(tx, account, "doubt", [7; 32], now)
        })
        .await;
    assert_eq!(taken.unwrap(), crate::auth::Earlier::New);
    let other = once(&admin, "doubt", "AB1").await;
    assert_eq!(other.status, StatusCode::CONFLICT, "{body}");
    let permits = admin.get(PERMITS).await.json();
    assert_eq!(permits["items"].as_array().unwrap().len(), 0);
}
