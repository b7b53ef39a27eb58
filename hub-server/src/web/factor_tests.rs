//! The second factor as people meet it: set up, asked for at log-in, used once, lost, and needed by a role.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;
use serde_json::json;
use totp_rs::Builder;
use totp_rs::Secret;

use super::testing::Answer;
use super::testing::Person;
use super::testing::TestHub;

const PASSWORD: &str = "Correct-Horse-1";
const FACTOR: &str = "/api/v1/session/second-factor";
const STEP: Duration = Duration::from_secs(30);

/// What an authenticator shows at the hub's time, some steps away.
fn code(hub: &TestHub, secret: &str, steps: i64) -> String {
    let totp = Builder::new()
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .build()
        .unwrap();
    let seconds = hub.hub.clock.wall().as_millis() / 1000 + steps * 30;
    totp.generate(u64::try_from(seconds).unwrap()).to_string()
}

async fn try_log_in(hub: &TestHub, code: Option<&str>) -> Answer {
    let body = json!({ "name": "Olga", "password": PASSWORD, "code": code });
    hub.stranger().post("/api/v1/session", body).await
}

fn said(answer: &Answer) -> String {
    answer.json()["error_code"]
        .as_str()
        .unwrap_or("")
        .to_owned()
}

/// An account that is logged in, its path, the secret of its factor and its recovery codes.
async fn with_factor(hub: &TestHub, admin: &Person) -> (Person, String, String, Vec<String>) {
    let account = json!({ "name": "Olga", "password": PASSWORD, "role": "operator" });
    let made = admin.post("/api/v1/accounts", account).await.json();
    let path = format!("/api/v1/accounts/{}", made["id"].as_str().unwrap());
    let mut olga = hub.stranger();
    let answer = try_log_in(hub, None).await;
    olga.take_session(&answer);
    let offer = olga.post(FACTOR, json!({ "password": PASSWORD })).await;
    assert_eq!(offer.status, StatusCode::CREATED, "{}", offer.text());
    let secret = offer.json()["secret"].as_str().unwrap().to_owned();
    let confirm = json!({ "code": code(hub, &secret, 0) });
    let codes = olga.put(FACTOR, confirm).await;
    assert_eq!(codes.status, StatusCode::OK, "{}", codes.text());
    let codes = codes.json()["codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    (olga, path, secret, codes)
}

/// The second factor: TOTP with a secret that is sealed at rest, asked for after the password; a code holds
/// once.
#[tokio::test]
async fn a_log_in_with_a_second_factor_needs_a_code_and_each_code_once() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (olga, _, secret, codes) = with_factor(&hub, &admin).await;
    assert_eq!(codes.len(), 10);
    let state = olga.get(FACTOR).await.json();
    assert_eq!(
        (&state["on"], &state["recovery_codes"]),
        (&json!(true), &json!(10))
    );
    let file = std::fs::read(hub.dir().join(crate::store::FILE)).unwrap();
    let log = std::fs::read(hub.dir().join(format!("{}-wal", crate::store::FILE)));
    let bytes = [file, log.unwrap_or_default()].concat();
    let raw = Secret::try_from_base32(&secret).unwrap();
    for kept in [raw.as_ref(), secret.as_bytes(), codes[0].as_bytes()] {
        assert!(!bytes.windows(kept.len()).any(|part| part == kept));
    }

    assert_eq!(said(&try_log_in(&hub, None).await), "code_needed");
    let used = code(&hub, &secret, 0);
    assert_eq!(
        said(&try_log_in(&hub, Some(&used)).await),
        "wrong_code",
        "the code of the set-up"
    );
    hub.hand.advance(STEP);
    let fresh = code(&hub, &secret, 0);
    let done = try_log_in(&hub, Some(&fresh)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(said(&try_log_in(&hub, Some(&fresh)).await), "wrong_code");
    assert_eq!(
        said(&try_log_in(&hub, Some(&used)).await),
        "wrong_code",
        "an older code after a newer one"
    );
    let wrong = json!({ "name": "Olga", "password": "Wrong-Horse-1", "code": fresh });
    let refused = hub.stranger().post("/api/v1/session", wrong).await;
    assert_eq!(said(&refused), "wrong_credentials", "no hint of the code");
    let trail = admin.get("/api/v1/audit?action=session.begin").await.json();
    assert_eq!(
        trail["items"][0]["details"]["second_factor"], "authenticator",
        "{trail}"
    );
    let refused = admin.get("/api/v1/audit?action=session.refused").await;
    assert_eq!(refused.json()["items"].as_array().unwrap().len(), 4);
}

/// Of two log-ins with the same code at the same time, one is refused.
#[tokio::test]
async fn a_code_that_two_bring_at_once_lets_one_in() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (_, _, secret, _) = with_factor(&hub, &admin).await;
    hub.hand.advance(STEP);
    let code = code(&hub, &secret, 0);
    let (one, two) = tokio::join!(try_log_in(&hub, Some(&code)), try_log_in(&hub, Some(&code)));
    let let_in = [one, two]
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(let_in, 1);
}

#[tokio::test]
async fn a_recovery_code_logs_in_once_and_the_factor_is_turned_off_with_another() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (_, _, _, codes) = with_factor(&hub, &admin).await;
    let typed = codes[0].to_lowercase().replace('-', " ");
    let done = try_log_in(&hub, Some(&typed)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(said(&try_log_in(&hub, Some(&typed)).await), "wrong_code");
    let mut olga = hub.stranger();
    olga.take_session(&done);
    assert_eq!(olga.get(FACTOR).await.json()["recovery_codes"], 9);
    let off = format!("{FACTOR}/off");
    let wrong = json!({ "password": "Wrong-Horse-1", "code": codes[1] });
    assert_eq!(olga.post(&off, wrong).await.refused_fields(), ["password"]);
    let wrong = json!({ "password": PASSWORD, "code": codes[0] });
    assert_eq!(olga.post(&off, wrong).await.refused_fields(), ["code"]);
    let right = json!({ "password": PASSWORD, "code": codes[1] });
    assert_eq!(olga.post(&off, right).await.status, StatusCode::NO_CONTENT);
    assert_eq!(try_log_in(&hub, None).await.status, StatusCode::OK);
}

/// Five wrong codes stop the looking at an account's codes for a while, from whatever address they come; who does not
/// know the password can't use them up.
#[tokio::test]
async fn wrong_codes_are_limited_by_account_and_only_behind_the_password() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let (_, _, secret, _) = with_factor(&hub, &admin).await;
    hub.hand.advance(STEP);
    let from = async |address: &'static str, password: &str, code: &str| {
        let mut thief = hub.stranger();
        thief.address = address;
        let body = json!({ "name": "Olga", "password": password, "code": code });
        thief.post("/api/v1/session", body).await
    };
    for _ in 0..5 {
        let refused = from("198.51.100.1:1", "Wrong-Horse-1", "000000").await;
        assert_eq!(said(&refused), "wrong_credentials");
    }
    for address in [
        "198.51.100.2:1",
        "198.51.100.3:1",
        "198.51.100.4:1",
        "198.51.100.5:1",
        "198.51.100.6:1",
    ] {
        assert_eq!(said(&from(address, PASSWORD, "abcdef").await), "wrong_code");
    }
    let right = code(&hub, &secret, 0);
    let waits = from("198.51.100.7:1", PASSWORD, &right).await;
    assert_eq!(
        waits.status,
        StatusCode::TOO_MANY_REQUESTS,
        "{}",
        waits.text()
    );
    hub.hand.advance(Duration::from_secs(300));
    let right = code(&hub, &secret, 0);
    let done = from("198.51.100.7:1", PASSWORD, &right).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
}

/// A role can need a second factor: until it is set up, nothing else is allowed, and keys of the account do nothing.
#[tokio::test]
async fn a_role_that_needs_a_second_factor_gives_nothing_before() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let role = json!({
        "name": "guard", "rights": ["view_passages", "manage_keys"], "needs_second_factor": true
    });
    let made = admin.post("/api/v1/roles", role).await;
    assert_eq!(made.json()["needs_second_factor"], true, "{}", made.text());
    let account = json!({ "name": "Olga", "password": PASSWORD, "role": "guard" });
    admin.post("/api/v1/accounts", account).await;
    let answer = try_log_in(&hub, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        (
            &answer.json()["needs_second_factor"],
            &answer.json()["rights"]
        ),
        (&json!(true), &json!([]))
    );
    let mut olga = hub.stranger();
    olga.take_session(&answer);
    let refused = olga.get("/api/v1/passages").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(
        refused.text().contains("second factor"),
        "{}",
        refused.text()
    );
    let offer = olga
        .post(FACTOR, json!({ "password": PASSWORD }))
        .await
        .json();
    let confirm = json!({ "code": code(&hub, offer["secret"].as_str().unwrap(), 0) });
    assert_eq!(olga.put(FACTOR, confirm).await.status, StatusCode::OK);
    assert_eq!(olga.get("/api/v1/passages").await.status, StatusCode::OK);
    let key = json!({ "name": "k", "rights": ["view_passages"], "expires_at": null });
    let key = olga.post("/api/v1/keys", key).await.json();
    let mut program = hub.stranger();
    key["secret"].as_str().unwrap().clone_into(&mut program.key);
    assert_eq!(program.get("/api/v1/passages").await.status, StatusCode::OK);
    let accounts = admin.get("/api/v1/accounts").await.json();
    let olgas = accounts["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|account| account["name"] == "Olga")
        .unwrap();
    let reset = format!(
        "/api/v1/accounts/{}/second-factor",
        olgas["id"].as_str().unwrap()
    );
    assert_eq!(admin.delete(&reset).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        program.get("/api/v1/passages").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        olga.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED,
        "its sessions ended"
    );
}

/// SE-25: what is no code is refused, and an offer that nobody confirmed asks for nothing at log-in.
#[tokio::test]
async fn odd_codes_are_refused_and_an_unconfirmed_factor_is_none() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let account = json!({ "name": "Olga", "password": PASSWORD, "role": "operator" });
    admin.post("/api/v1/accounts", account).await;
    let mut olga = hub.stranger();
    let answer = try_log_in(&hub, None).await;
    olga.take_session(&answer);
    let none = olga.put(FACTOR, json!({ "code": "000000" })).await;
    assert_eq!(none.status, StatusCode::CONFLICT);
    let wrong = olga
        .post(FACTOR, json!({ "password": "Wrong-Horse-1" }))
        .await;
    assert_eq!(wrong.refused_fields(), ["password"]);
    let offer = olga
        .post(FACTOR, json!({ "password": PASSWORD }))
        .await
        .json();
    let qr = &offer["qr"];
    assert!(qr["size"].as_i64().unwrap() > 30 && qr["path"].as_str().unwrap().starts_with('M'));
    for odd in ["", "1", "' OR 1=1", "<script>", "１２３４５６"] {
        let refused = olga.put(FACTOR, json!({ "code": odd })).await;
        let is_code = refused.refused_fields() == ["code"];
        assert!(is_code, "{odd}: {}", refused.text());
        if odd == "<script>" {
            hub.hand.advance(Duration::from_secs(300));
        }
    }
    for (body, field) in [
        (json!({ "code": 123_456 }), "code"),
        (json!({}), "code"),
        (json!({ "code": "1", "more": 1 }), "more"),
    ] {
        assert_eq!(olga.put(FACTOR, body).await.refused_fields(), [field]);
    }
    assert_eq!(
        try_log_in(&hub, None).await.status,
        StatusCode::OK,
        "nothing was confirmed"
    );
    let again = olga
        .post(FACTOR, json!({ "password": PASSWORD }))
        .await
        .json();
    assert_ne!(again["secret"], offer["secret"]);
    let old = json!({ "code": code(&hub, offer["secret"].as_str().unwrap(), 0) });
    assert_eq!(olga.put(FACTOR, old).await.refused_fields(), ["code"]);
    let new = json!({ "code": code(&hub, again["secret"].as_str().unwrap(), 0) });
    assert_eq!(olga.put(FACTOR, new).await.status, StatusCode::OK);
    let twice = olga.post(FACTOR, json!({ "password": PASSWORD })).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let value: Value = olga.get(FACTOR).await.json();
    assert!(value.get("secret").is_none());
}
