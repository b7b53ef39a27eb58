//! Webhooks from the API down to a real receiver, with a moved clock.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value;
use serde_json::json;

use super::testing::Person;
use super::testing::TestHub;
use crate::live;
use crate::outbound::receiver::Came;
use crate::outbound::receiver::Receiver;
use crate::store::Priority;
use crate::store::StoreError;

async fn locally<F: Future<Output = ()>>(test: F) {
    tokio::task::LocalSet::new().run_until(test).await;
}

async fn made(admin: &Person, url: &str, kinds: Value) -> Value {
    let body =
        json!({ "name": "screen", "url": url, "kinds": kinds, "sites": null, "paused": false });
    let answer = admin.post("/api/v1/webhooks", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.json()
}

/// Something happens: news, in the transaction of its fact.
async fn happens(hub: &TestHub, kind: &'static str, numbers: std::ops::Range<i64>) {
    let (organisation, site) = (hub.organisation, hub.site);
    let written: Result<(), StoreError> = hub
        .hub
        .store
        .write(Priority::Machines, move |tx| {
            for n in numbers.clone() {
                live::publish_at(tx, organisation, site, kind, &json!({ "n": n }))?;
            }
            Ok(())
        })
        .await;
    written.unwrap();
}

async fn pass(hub: &TestHub) {
    hub.hub.courier().pass().await.unwrap();
}

fn numbers(came: &[Came]) -> Vec<i64> {
    came.iter()
        .map(|one| {
            let message: Value = serde_json::from_str(&one.body).unwrap();
            message["data"]["n"].as_i64().unwrap()
        })
        .collect()
}

fn id(came: &Came) -> String {
    came.headers["webhook-id"].to_str().unwrap().to_owned()
}

/// AP-24: a receiver that fails for an hour gets every event afterwards, in order, at least once, under the same id.
#[tokio::test]
async fn a_receiver_that_fails_for_an_hour_gets_every_event_afterwards_in_order() {
    locally(async {
        let hub = TestHub::new().await;
        let admin = hub.admin().await;
        let receiver = Receiver::start(204).await;
        made(&admin, &receiver.url, Value::Null).await;
        happens(&hub, "passage", 0..2).await;
        pass(&hub).await;
        assert_eq!(numbers(&receiver.taken()), [0, 1]);
        receiver.answers(503);
        let mut next = 2;
        for _ in 0..120 {
            happens(&hub, "passage", next..next + 1).await;
            next += 1;
            pass(&hub).await;
            hub.hand.advance(Duration::from_secs(30));
        }
        assert_eq!(receiver.taken().len(), 2);
        let attempts = receiver.came().len() - 2;
        assert!(
            (8..40).contains(&attempts),
            "it backs off: {attempts} attempts in an hour"
        );
        receiver.answers(204);
        hub.hand.advance(Duration::from_secs(3600));
        pass(&hub).await;
        let all: Vec<i64> = (0..next).collect();
        assert_eq!(numbers(&receiver.taken()), all);
        // Every attempt of an event carried the one id, and no two events share one.
        let refused: BTreeSet<String> = receiver.came()[2..2 + attempts].iter().map(id).collect();
        assert_eq!(refused, BTreeSet::from([id(&receiver.taken()[2])]));
        let ids: BTreeSet<String> = receiver.taken().iter().map(id).collect();
        assert_eq!(ids.len(), all.len());
        let shown = admin.get("/api/v1/webhooks").await.json();
        assert_eq!(shown["items"][0]["waiting"], 0);
        assert_eq!(shown["items"][0]["failing_since"], Value::Null);
    })
    .await;
}

/// A hub that died between the answer and its note delivers the event again, under the same id.
#[tokio::test]
async fn what_was_not_noted_comes_again_under_its_id_and_nothing_uncommitted_comes() {
    locally(async {
        let hub = TestHub::new().await;
        let admin = hub.admin().await;
        let receiver = Receiver::start(204).await;
        let hook = made(&admin, &receiver.url, Value::Null).await;
        happens(&hub, "passage", 0..1).await;
        let (organisation, site) = (hub.organisation, hub.site);
        let undone: Result<(), StoreError> = hub
            .hub
            .store
            .write(Priority::Machines, move |tx| {
                live::publish_at(tx, organisation, site, "passage", &json!({ "n": 99 }))?;
                Err(StoreError::Busy)
            })
            .await;
        assert!(undone.is_err());
        pass(&hub).await;
        // The note is lost: as if the hub had been killed before its commit.
        let hook = hook["id"].as_str().unwrap().parse().unwrap();
        let store = &hub.hub.store;
        let back: Result<(), StoreError> = store
            .write(Priority::Machines, move |tx| {
                crate::outbound::testing_forget(tx, hook)
            })
            .await;
        back.unwrap();
        pass(&hub).await;
        let taken = receiver.taken();
        assert_eq!(numbers(&taken), [0, 0]);
        assert_eq!(id(&taken[0]), id(&taken[1]));
        assert_eq!(taken[0].body, taken[1].body);
    })
    .await;
}

/// Standard Webhooks: what the receiver computes with the shown secret is what the hub signed; for a day with both.
#[tokio::test]
async fn the_signature_verifies_with_the_secret_that_was_shown_once() {
    locally(async {
        let hub = TestHub::new().await;
        let admin = hub.admin().await;
        let receiver = Receiver::start(204).await;
        let hook = made(&admin, &receiver.url, Value::Null).await;
        let first = hook["secret"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/webhooks/{}", hook["id"].as_str().unwrap());
        assert!(!admin.get(&path).await.text().contains("whsec_"));
        let signs = |secret: &str, came: &Came| {
            let key = STANDARD
                .decode(secret.strip_prefix("whsec_").unwrap())
                .unwrap();
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            let at = came.headers["webhook-timestamp"].to_str().unwrap();
            let text = format!("{}.{at}.{}", id(came), came.body);
            let signatures = came.headers["webhook-signature"].to_str().unwrap();
            signatures.split(' ').any(|one| {
                let tag = STANDARD.decode(one.strip_prefix("v1,").unwrap()).unwrap();
                hmac::verify(&key, text.as_bytes(), &tag).is_ok()
            })
        };
        happens(&hub, "order", 0..1).await;
        pass(&hub).await;
        assert!(signs(&first, &receiver.taken()[0]));
        let renewed = admin
            .post(&format!("{path}/secret"), json!({}))
            .await
            .json();
        let second = renewed["secret"].as_str().unwrap().to_owned();
        assert_ne!(first, second);
        happens(&hub, "order", 1..2).await;
        pass(&hub).await;
        let both = &receiver.taken()[1];
        assert!(signs(&first, both) && signs(&second, both));
        hub.hand.advance(Duration::from_secs(25 * 3600));
        happens(&hub, "order", 2..3).await;
        pass(&hub).await;
        let alone = &receiver.taken()[2];
        assert!(!signs(&first, alone) && signs(&second, alone));
    })
    .await;
}

#[tokio::test]
async fn what_nobody_takes_for_three_days_is_a_dead_letter_and_can_be_sent_again() {
    locally(async {
        let hub = TestHub::new().await;
        let admin = hub.admin().await;
        let receiver = Receiver::start(500).await;
        let hook = made(&admin, &receiver.url, json!(["passage"])).await;
        let path = format!("/api/v1/webhooks/{}", hook["id"].as_str().unwrap());
        happens(&hub, "passage", 0..3).await;
        happens(&hub, "permit", 7..8).await;
        for _ in 0..74 {
            pass(&hub).await;
            hub.hand.advance(Duration::from_secs(3600));
        }
        // The log-in ended long ago.
        let admin = hub.admin().await;
        happens(&hub, "passage", 3..4).await;
        let letters = admin
            .get(&format!("{path}/dead-letters?limit=2"))
            .await
            .json();
        let kinds = |letters: &Value| letters["items"].as_array().unwrap().len();
        assert_eq!(
            (kinds(&letters), letters["items"][0]["data"]["n"].as_i64()),
            (2, Some(0))
        );
        let rest = format!(
            "{path}/dead-letters?cursor={}",
            letters["next_cursor"].as_str().unwrap()
        );
        assert_eq!(admin.get(&rest).await.json()["items"][0]["data"]["n"], 2);
        // Replayed while it still fails, they stay dead; nobody loops.
        admin
            .post(&format!("{path}/dead-letters/replay"), json!({}))
            .await;
        pass(&hub).await;
        assert_eq!(admin.get(&path).await.json()["dead_letters"], 3);
        receiver.answers(200);
        let one = letters["items"][1]["number"].as_i64().unwrap();
        let replayed = admin
            .post(&format!("{path}/dead-letters/{one}/replay"), json!({}))
            .await;
        assert_eq!(replayed.json()["count"], 1);
        pass(&hub).await;
        assert_eq!(numbers(&receiver.taken()), [1, 3]);
        admin
            .post(&format!("{path}/dead-letters/replay"), json!({}))
            .await;
        pass(&hub).await;
        assert_eq!(numbers(&receiver.taken()), [1, 3, 0, 2]);
        assert_eq!(admin.get(&path).await.json()["dead_letters"], 0);
        let missing = admin
            .post(&format!("{path}/dead-letters/{one}/replay"), json!({}))
            .await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        // What a receiver answers is shown as text, and stays text.
        let log = admin.get(&format!("{path}/deliveries")).await;
        assert!(log.text().contains("<script>alert(1)</script>"));
        assert_eq!(log.headers["content-type"], "application/json");
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_fails_for_days_is_given_up_with_a_line_and_turned_on_again() {
    locally(async {
        let hub = TestHub::new().await;
        let admin = hub.admin().await;
        let receiver = Receiver::start(500).await;
        let hook = made(&admin, &receiver.url, json!(["passage"])).await;
        let path = format!("/api/v1/webhooks/{}", hook["id"].as_str().unwrap());
        for day in 0..7 {
            happens(&hub, "passage", day..day + 1).await;
            for _ in 0..24 {
                pass(&hub).await;
                hub.hand.advance(Duration::from_secs(3600));
            }
        }
        // The log-in ended long ago.
        let admin = hub.admin().await;
        assert_eq!(admin.get(&path).await.json()["state"], "failed");
        let lines = admin.get("/api/v1/audit?action=webhook.give_up").await.json();
        assert_eq!(lines["items"].as_array().unwrap().len(), 1);
        receiver.answers(204);
        let on = json!({ "name": "screen", "url": receiver.url, "kinds": ["passage"], "sites": null, "paused": false });
        admin.put(&path, on).await;
        pass(&hub).await;
        let taken = numbers(&receiver.taken());
        assert_eq!(taken.last(), Some(&6), "{taken:?}");
        assert!(taken.is_sorted(), "{taken:?}");
        receiver.answers(410);
        happens(&hub, "passage", 9..10).await;
        pass(&hub).await;
        assert_eq!(admin.get(&path).await.json()["state"], "failed", "410 Gone");
    })
    .await;
}

#[tokio::test]
async fn redirects_and_private_targets_fail_and_asking_to_wait_is_heard() {
    locally(async {
        let hub = TestHub::new().await;
        let admin = hub.admin().await;
        let receiver = Receiver::start(302).await;
        let hook = made(&admin, &receiver.url, Value::Null).await;
        let path = format!("/api/v1/webhooks/{}", hook["id"].as_str().unwrap());
        let tested = admin.post(&format!("{path}/test"), json!({})).await.json();
        assert_eq!(tested["status"], 302);
        assert_eq!(tested["error"], "it answered 302 Found");
        assert_eq!(receiver.came().len(), 1);
        receiver.answers(429);
        happens(&hub, "passage", 0..1).await;
        pass(&hub).await;
        hub.hand.advance(Duration::from_secs(599));
        pass(&hub).await;
        assert_eq!(receiver.came().len(), 2);
        hub.hand.advance(Duration::from_secs(2));
        pass(&hub).await;
        assert_eq!(receiver.came().len(), 3);
        let inner = made(&admin, "https://10.1.2.3/", Value::Null).await;
        let inner = format!("/api/v1/webhooks/{}/test", inner["id"].as_str().unwrap());
        let tested = admin.post(&inner, json!({})).await.json();
        assert!(
            tested["error"].as_str().unwrap().contains("outbound.allow"),
            "{tested}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_webhook_takes_its_kinds_and_sites_waits_while_paused_and_comes_back_after_removal() {
    locally(async {
        let hub = TestHub::new().await;
        let admin = hub.admin().await;
        let receiver = Receiver::start(204).await;
        let hook = made(&admin, &receiver.url, json!(["passage"])).await;
        let path = format!("/api/v1/webhooks/{}", hook["id"].as_str().unwrap());
        let set = |sites: Value, paused: bool| {
            json!({ "name": "screen", "url": receiver.url, "kinds": ["passage"], "sites": sites, "paused": paused })
        };
        happens(&hub, "permit", 0..1).await;
        happens(&hub, "passage", 1..2).await;
        pass(&hub).await;
        assert_eq!(admin.put(&path, set(json!([hub.site]), true)).await.status, StatusCode::OK);
        happens(&hub, "passage", 2..3).await;
        pass(&hub).await;
        assert_eq!(numbers(&receiver.taken()), [1]);
        admin.put(&path, set(json!([hub.site]), false)).await;
        pass(&hub).await;
        assert_eq!(numbers(&receiver.taken()), [1, 2]);
        assert_eq!(admin.delete(&path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(admin.get(&path).await.status, StatusCode::NOT_FOUND);
        happens(&hub, "passage", 3..4).await;
        pass(&hub).await;
        assert_eq!(numbers(&receiver.taken()), [1, 2]);
        let back = admin.post(&format!("{path}/restore"), json!({})).await;
        assert_eq!(back.status, StatusCode::OK, "{}", back.text());
        for body in [
            json!({ "name": "", "url": receiver.url, "kinds": null, "sites": null, "paused": false }),
            json!({ "name": "x", "url": "file:///etc/passwd", "kinds": null, "sites": null, "paused": false }),
            json!({ "name": "x", "url": "https://a:b@example.com", "kinds": null, "sites": null, "paused": false }),
            json!({ "name": "x", "url": receiver.url, "kinds": ["nonsense"], "sites": null, "paused": false }),
            json!({ "name": "x", "url": receiver.url, "kinds": [], "sites": null, "paused": false }),
            json!({ "name": "x", "url": receiver.url, "kinds": null, "sites": [uuid::Uuid::nil()], "paused": false }),
            json!({ "name": "x", "url": receiver.url, "kinds": null, "sites": null, "paused": false, "x": 1 }),
        ] {
            let refused = admin.post("/api/v1/webhooks", body.clone()).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        }
    })
    .await;
}

/// The running task, woken by a commit.
#[tokio::test]
async fn the_courier_wakes_by_itself_and_a_silent_receiver_holds_up_nobody_else() {
    locally(async {
        let hub = TestHub::new().await;
        let admin = hub.admin().await;
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        made(&admin, &url, Value::Null).await;
        let receiver = Receiver::start(204).await;
        made(&admin, &receiver.url, Value::Null).await;
        let courier = hub.hub.courier().run(hub.hub.stop.clone());
        let running = tokio::task::spawn_local(courier);
        tokio::task::yield_now().await;
        happens(&hub, "passage", 0..5).await;
        let limit = tokio::time::timeout(Duration::from_secs(10), async {
            while receiver.taken().len() < 5 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        limit.await.unwrap();
        assert_eq!(numbers(&receiver.taken()), [0, 1, 2, 3, 4]);
        hub.hub.stop.cancel();
        running.await.unwrap();
    })
    .await;
}
