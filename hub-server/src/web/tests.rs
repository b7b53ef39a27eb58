//! The site as callers see it: rights of every route, errors, sessions, headers, live news.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header;
use http_body_util::BodyExt;
use serde_json::json;

use super::routes;
use super::testing::TestHub;
use crate::live;
use crate::store::Priority;
use crate::store::StoreError;

const PASSWORD: &str = "Correct-Horse-1";

#[test]
fn every_line_agrees_with_its_handlers_document_and_operations_have_their_own_names() {
    let mut names = Vec::new();
    for line in routes::table() {
        let Some((path, item)) = line.paths.paths.first_key_value() else {
            continue;
        };
        assert_eq!(path, line.path);
        let item = serde_json::to_value(item).unwrap();
        let operation = &item[line.method.to_lowercase()];
        assert!(
            operation.is_object(),
            "{} {path} documents another method",
            line.method
        );
        names.push(operation["operationId"].as_str().unwrap().to_owned());
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// AP-01, AP-02: the committed document is the code's. `hub-server openapi > hub-server/openapi.json` renews it.
#[test]
fn the_committed_document_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let code = super::openapi_text();
    if committed != code {
        // At hand for whoever changed the code on purpose.
        let _ = std::fs::write(std::env::temp_dir().join("gatewarden-openapi.json"), &code);
    }
    assert!(
        committed == code,
        "hub-server/openapi.json is not that of the code: run `cargo run -p hub-server -- openapi > hub-server/openapi.json`"
    );
}

#[tokio::test]
async fn a_refused_attempt_is_in_the_audit_trail() {
    let hub = TestHub::new().await;
    let refused = hub.viewer().await.get("/api/v1/accounts").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let trail = hub
        .admin()
        .await
        .get("/api/v1/audit?action=access.refused")
        .await
        .json();
    assert_eq!(trail["items"][0]["object_id"], "GET /api/v1/accounts");
    assert_eq!(trail["items"][0]["address"], "192.0.2.7");
    assert_eq!(trail["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_failure_has_the_standard_body_with_the_requests_number() {
    let hub = TestHub::new().await;
    let answer = hub.stranger().get("/api/v1/nothing").await;
    let body = answer.json();
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(body["error_code"], "not_found");
    assert_eq!(
        body["request_id"],
        answer.headers["x-request-id"].to_str().unwrap()
    );
    assert_eq!(body["timestamp"], "2026-01-01T00:00:00.000Z");
    assert!(body.get("message").is_some() && body.get("details").is_some());
    let answer = hub
        .stranger()
        .send("PATCH", "/health", None, Vec::new())
        .await;
    assert_eq!(answer.json()["error_code"], "method_not_allowed");
    assert_eq!(answer.headers[header::ALLOW], "GET,HEAD");
}

/// SE-33: the headers of every answer: of every route, of pages and files, of failures.
#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let hub = TestHub::new().await;
    let person = hub.stranger();
    let mut answers = Vec::new();
    for line in routes::table() {
        let path = line
            .path
            .replace("{file}", "index.html")
            .replace(['{', '}'], "");
        let answer = person.send(line.method, &path, None, Vec::new()).await;
        answers.push((format!("{} {path}", line.method), answer));
    }
    for path in [
        "/",
        "/passages",
        "/api/v1/none",
        "/x.js",
        "/favicon.ico",
        "/../x",
    ] {
        answers.push((path.to_owned(), person.get(path).await));
    }
    answers.push((
        "PATCH".to_owned(),
        person.send("PATCH", "/health", None, Vec::new()).await,
    ));
    let foreign = [("host", "evil.example")];
    answers.push((
        "host".to_owned(),
        person.send_with("GET", "/", &foreign, Vec::new()).await,
    ));
    for (name, answer) in answers {
        let header = |header: &str| {
            let mut values = answer.headers.get_all(header).iter();
            let value = values
                .next()
                .unwrap_or_else(|| panic!("{name} lacks {header}"));
            assert!(values.next().is_none(), "{name}: {header} is there twice");
            value.to_str().unwrap().to_owned()
        };
        for (wanted, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("x-xss-protection", "1; mode=block"),
            (
                "strict-transport-security",
                "max-age=31536000; includeSubDomains",
            ),
            ("referrer-policy", "strict-origin-when-cross-origin"),
        ] {
            assert_eq!(header(wanted), value, "{name}");
        }
        let policy = header("content-security-policy");
        let directive = |of: &str| {
            let mut all = policy.split("; ").filter_map(|one| one.split_once(' '));
            all.find(|(directive, _)| *directive == of)
                .map(|(_, set)| set.to_owned())
        };
        assert_eq!(
            directive("default-src").as_deref(),
            Some("'self'"),
            "{name}"
        );
        assert_eq!(directive("script-src").as_deref(), Some("'self'"), "{name}");
        assert_eq!(
            directive("frame-ancestors").as_deref(),
            Some("'none'"),
            "{name}"
        );
        assert_eq!(directive("object-src").as_deref(), Some("'none'"), "{name}");
        assert!(
            !policy.contains("unsafe-eval") && !policy.contains("http:"),
            "{name}: {policy}"
        );
        assert!(header("x-request-id").len() >= 36, "{name}");
    }
}

#[tokio::test]
async fn unknown_pages_are_the_consoles_and_missing_files_are_missing() {
    let hub = TestHub::new().await;
    let page = hub.stranger().get("/passages/7").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.headers[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(
        hub.stranger().get("/assets/gone.js").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        hub.stranger().get("/api").await.json()["error_code"],
        "not_found"
    );
}

fn setup_body(token: &str) -> serde_json::Value {
    json!({
        "token": token, "organisation": "Town", "site": "Depot", "time_zone": "Europe/Madrid",
        "name": "Anna", "password": PASSWORD,
    })
}

/// SE-15: the first administrator comes with the one-time link, and only once.
#[tokio::test]
async fn a_fresh_hub_is_set_up_once_with_its_link() {
    let hub = TestHub::fresh("the-link").await;
    let mut person = hub.stranger();
    assert_eq!(
        person.get("/api/v1/setup").await.json(),
        json!({ "needed": true, "organisation": null })
    );
    let wrong = person.post("/api/v1/setup", setup_body("guess")).await;
    assert_eq!(
        (wrong.status, wrong.refused_fields()),
        (StatusCode::BAD_REQUEST, vec!["token".into()])
    );
    let mut odd = setup_body("the-link");
    odd["time_zone"] = json!("Mars/North");
    odd["password"] = json!("short");
    let odd = person.post("/api/v1/setup", odd).await;
    assert_eq!(
        odd.refused_fields(),
        ["time_zone", "password", "password", "password"]
    );
    let done = person.post("/api/v1/setup", setup_body("the-link")).await;
    assert_eq!(done.status, StatusCode::CREATED, "{done:?}");
    person.take_session(&done);
    let session = person.get("/api/v1/session").await.json();
    assert_eq!(
        (&session["account"]["name"], &session["account"]["role"]),
        (&json!("Anna"), &json!("admin"))
    );
    assert_eq!(session["organisation"]["name"], "Town");
    assert!(
        session["rights"]
            .as_array()
            .unwrap()
            .contains(&json!("manage_accounts"))
    );
    let again = hub
        .stranger()
        .post("/api/v1/setup", setup_body("the-link"))
        .await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(
        person.get("/api/v1/setup").await.json(),
        json!({ "needed": false, "organisation": null })
    );
}

/// SE-07, SE-08: HttpOnly, Secure, SameSite=Lax, 32 random bytes, 24 hours.
#[tokio::test]
async fn a_log_in_holds_for_a_day_or_until_log_out() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let made = admin
        .post(
            "/api/v1/accounts",
            json!({ "name": "Olga", "password": PASSWORD, "role": "operator" }),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let mut olga = hub.stranger();
    let answer = olga
        .post(
            "/api/v1/session",
            json!({ "name": " olga", "password": PASSWORD }),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.ends_with("; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"),
        "{cookie}"
    );
    olga.take_session(&answer);
    assert_eq!(olga.cookie.len(), 43, "32 bytes in base64");
    assert_eq!(olga.get("/api/v1/session").await.status, StatusCode::OK);
    let mut other = hub.stranger();
    let second = other
        .post(
            "/api/v1/session",
            json!({ "name": "Olga", "password": PASSWORD }),
        )
        .await;
    other.take_session(&second);
    assert_eq!(
        other.delete("/api/v1/session").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        other.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED
    );
    hub.hand.advance(Duration::from_secs(24 * 60 * 60 - 1));
    assert_eq!(olga.get("/api/v1/session").await.status, StatusCode::OK);
    hub.hand.advance(Duration::from_secs(1));
    assert_eq!(
        olga.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED
    );
}

/// SE-11, SE-20: staff and customers are principals of their own: each logs in as what it is, and has counters of its own.
#[tokio::test]
async fn staff_and_customers_log_in_apart_and_are_counted_apart() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    for (name, role) in [("Olga", "admin"), ("Carla", "customer")] {
        let account = json!({ "name": name, "password": PASSWORD, "role": role });
        assert_eq!(admin.post("/api/v1/accounts", account).await.status, 201);
    }
    let mut counter = hub.stranger();
    counter.address = "198.51.100.9:1";
    let log_in = async |name: &str, password: &str, principal: &str| {
        let body = json!({ "name": name, "password": password, "principal": principal });
        counter.post("/api/v1/session", body).await.status.as_u16()
    };
    assert_eq!(
        log_in("Olga", PASSWORD, "customer").await,
        401,
        "as what one is not"
    );
    assert_eq!(log_in("Carla", PASSWORD, "staff").await, 401);
    assert_eq!(log_in("Carla", PASSWORD, "customer").await, 200);
    for _ in 0..4 {
        assert_eq!(log_in("Carla", "Wrong-Horse-1", "customer").await, 401);
    }
    assert_eq!(log_in("Carla", PASSWORD, "customer").await, 429);
    assert_eq!(
        log_in("Olga", PASSWORD, "staff").await,
        200,
        "staff is not kept out"
    );
    for _ in 0..4 {
        assert_eq!(log_in("Olga", "Wrong-Horse-1", "staff").await, 401);
    }
    assert_eq!(log_in("Olga", PASSWORD, "staff").await, 429);
    let body = json!({ "name": "Olga", "password": PASSWORD });
    let elsewhere = hub.stranger().post("/api/v1/session", body).await;
    assert_eq!(elsewhere.status, StatusCode::OK, "the owner from elsewhere");
    assert_eq!(log_in("Olga", PASSWORD, "owner").await, 400);
}

/// SE-20: the sixth attempt waits, even with the right password; others' addresses do not.
#[tokio::test]
async fn five_failed_log_ins_block_the_address_for_a_while() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    admin
        .post(
            "/api/v1/accounts",
            json!({ "name": "Olga", "password": PASSWORD, "role": "viewer" }),
        )
        .await;
    let mut thief = hub.stranger();
    thief.address = "198.51.100.9:1";
    for name in ["Olga", "olga", "Nobody", "Olga", "Olga"] {
        let answer = thief
            .post(
                "/api/v1/session",
                json!({ "name": name, "password": "Wrong-Horse-1" }),
            )
            .await;
        assert_eq!(
            (answer.status, &answer.json()["error_code"]),
            (StatusCode::UNAUTHORIZED, &json!("wrong_credentials"))
        );
    }
    let right = json!({ "name": "Olga", "password": PASSWORD });
    let blocked = thief.post("/api/v1/session", right.clone()).await;
    assert_eq!(blocked.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(blocked.headers[header::RETRY_AFTER], "301");
    assert_eq!(
        hub.stranger()
            .post("/api/v1/session", right.clone())
            .await
            .status,
        StatusCode::OK
    );
    hub.hand.advance(Duration::from_secs(300));
    assert_eq!(
        thief.post("/api/v1/session", right).await.status,
        StatusCode::OK
    );
    let trail = admin.get("/api/v1/audit?action=session.refused").await;
    assert_eq!(trail.json()["items"].as_array().unwrap().len(), 5);
    assert!(
        !trail.text().contains("Nobody"),
        "a name that nobody has is not recorded"
    );
}

#[tokio::test]
async fn accounts_are_the_organisations_own_and_names_are_unique() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let body = json!({ "name": "Olga", "password": PASSWORD, "role": "viewer" });
    assert_eq!(
        admin.post("/api/v1/accounts", body.clone()).await.status,
        StatusCode::CREATED
    );
    assert_eq!(
        admin.post("/api/v1/accounts", body).await.status,
        StatusCode::CONFLICT
    );
    let weak = admin
        .post(
            "/api/v1/accounts",
            json!({ "name": "", "password": "abc", "role": "viewer" }),
        )
        .await;
    assert_eq!(
        weak.refused_fields(),
        ["name", "password", "password", "password"]
    );
    let odd = admin
        .post(
            "/api/v1/accounts",
            json!({ "name": "x", "password": PASSWORD, "role": "king" }),
        )
        .await;
    assert_eq!(odd.refused_fields(), ["role"]);
    let more = admin
        .post("/api/v1/accounts", json!({ "name": "x", "is_root": true }))
        .await;
    assert_eq!(more.refused_fields(), ["is_root"]);
    let page = admin.get("/api/v1/accounts?limit=1").await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let next = admin
        .get(&format!(
            "/api/v1/accounts?cursor={}",
            page["next_cursor"].as_str().unwrap()
        ))
        .await
        .json();
    assert_eq!(next["items"][0]["name"], "Olga");
    assert_eq!(next["next_cursor"], json!(null));
    let theirs = hub.foreign_admin().await.get("/api/v1/accounts").await;
    assert_eq!(theirs.json()["items"].as_array().unwrap().len(), 1);
    assert!(!theirs.text().contains("Olga"));
    assert_eq!(
        admin.get("/api/v1/accounts?limit=0").await.refused_fields(),
        ["limit"]
    );
    assert_eq!(
        admin
            .get("/api/v1/accounts?colour=red")
            .await
            .refused_fields(),
        ["colour"]
    );
}

/// SE-29: a write from another site, or without the token, is refused.
#[tokio::test]
async fn a_write_from_another_site_is_refused() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("origin", "https://evil.example"), ("host", "hub.example")],
        vec![("origin", "null"), ("host", "hub.example")],
    ] {
        let mut headers = headers;
        headers.push(("content-type", "application/json"));
        let answer = admin
            .send_with("POST", "/api/v1/session", &headers, b"{}".to_vec())
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let mut bare = admin.clone();
    bare.csrf = String::new();
    assert_eq!(
        bare.delete("/api/v1/session").await.status,
        StatusCode::FORBIDDEN
    );
    let ours = [
        ("origin", "https://hub.example:8443"),
        ("host", "hub.example:8443"),
    ];
    assert_eq!(
        admin
            .send_with("DELETE", "/api/v1/session", &ours, Vec::new())
            .await
            .status,
        StatusCode::NO_CONTENT
    );
}

/// SE-24, SE-25, SE-26: too large, of the wrong type, not JSON.
#[tokio::test]
async fn a_bad_body_is_refused_before_its_handler() {
    let hub = TestHub::new().await;
    let stranger = hub.stranger();
    let large = vec![b' '; routes::BODY_BYTES + 1];
    let answer = stranger
        .send("POST", "/api/v1/session", Some("application/json"), large)
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = stranger
        .send(
            "POST",
            "/api/v1/session",
            Some("text/plain"),
            b"{}".to_vec(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let answer = stranger
        .send(
            "POST",
            "/api/v1/session",
            Some("application/json"),
            b"\xff\xfe".to_vec(),
        )
        .await;
    assert_eq!(answer.refused_fields(), ["body"]);
}

/// SE-12: metrics need an administrator or the scrape token.
#[tokio::test]
async fn metrics_are_for_administrators_and_for_the_scraper() {
    let hub = TestHub::new().await;
    hub.stranger().get("/health").await;
    let scraped = hub
        .stranger()
        .send_with(
            "GET",
            "/metrics",
            &[("authorization", "Bearer scrape-me")],
            Vec::new(),
        )
        .await;
    assert_eq!(scraped.status, StatusCode::OK);
    assert!(
        scraped
            .text()
            .contains("gatewarden_hub_request_seconds_bucket")
    );
    let wrong = hub
        .stranger()
        .send_with(
            "GET",
            "/metrics",
            &[("authorization", "Bearer guess")],
            Vec::new(),
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
}

/// OP-24: version and build.
#[tokio::test]
async fn health_shows_version_database_and_generation() {
    let hub = TestHub::new().await;
    let health = hub.stranger().get("/health").await.json();
    assert_eq!(
        (&health["status"], &health["database"]),
        (&json!("ok"), &json!("ok"))
    );
    assert_eq!(health["version"], super::VERSION);
    assert_eq!(health["generation"], hub.hub.store.generation());
    assert_eq!(hub.stranger().get("/ready").await.status, StatusCode::OK);
    hub.hub.stop.cancel();
    assert_eq!(
        hub.stranger().get("/ready").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

async fn publish(hub: &TestHub, n: u32) {
    let organisation = hub.organisation;
    let written: Result<(), StoreError> = hub
        .hub
        .store
        .write(Priority::Machines, move |tx| {
            live::publish(tx, organisation, "passage", &json!({ "n": n }))
        })
        .await;
    written.unwrap();
}

async fn read_until(response: &mut axum::response::Response, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let frame =
            tokio::time::timeout(Duration::from_secs(10), response.body_mut().frame()).await;
        let frame = frame
            .expect("news in time")
            .expect("the stream goes on")
            .unwrap();
        text.push_str(&String::from_utf8_lossy(frame.data_ref().unwrap()));
    }
    text
}

#[tokio::test]
async fn live_news_resume_after_the_last_seen_and_say_when_some_are_gone() {
    let hub = TestHub::new().await;
    publish(&hub, 1).await;
    let viewer = hub.viewer().await;
    let mut stream = viewer.open("GET", "/api/v1/live", &[], Vec::new()).await;
    read_until(&mut stream, "event: hello").await;
    publish(&hub, 2).await;
    let text = read_until(&mut stream, "{\"n\":2}").await;
    assert!(
        text.contains("event: passage") && !text.contains("{\"n\":1}"),
        "{text}"
    );
    let generation = hub.hub.store.generation();
    publish(&hub, 3).await;
    let id = format!("{generation}-1");
    let mut resumed = viewer
        .open("GET", "/api/v1/live", &[("last-event-id", &id)], Vec::new())
        .await;
    let text = read_until(&mut resumed, "{\"n\":3}").await;
    assert!(
        text.contains("{\"n\":2}") && text.contains(&format!("id: {generation}-3")),
        "{text}"
    );
    let mut lost = viewer
        .open(
            "GET",
            "/api/v1/live",
            &[("last-event-id", "1-1")],
            Vec::new(),
        )
        .await;
    read_until(&mut lost, "event: reset").await;
    hub.hub.stop.cancel();
    let end = tokio::time::timeout(Duration::from_secs(10), lost.into_body().collect()).await;
    assert!(end.is_ok(), "the stream ends when the hub stops");
}

#[tokio::test]
async fn news_of_another_organisation_never_arrive() {
    let hub = TestHub::new().await;
    let foreign = hub.foreign_admin().await;
    let start = [("last-event-id", format!("{}-0", hub.hub.store.generation()))];
    let start: Vec<(&str, &str)> = start
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut stream = foreign
        .open("GET", "/api/v1/live", &start, Vec::new())
        .await;
    read_until(&mut stream, "event: ").await;
    publish(&hub, 1).await;
    let next = tokio::time::timeout(Duration::from_millis(200), stream.body_mut().frame()).await;
    assert!(next.is_err(), "nothing arrived");
}
