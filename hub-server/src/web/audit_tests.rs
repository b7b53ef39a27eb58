//! The trail through the API: search, counts, files, and that what is in it stays text.

use axum::http::StatusCode;
use serde_json::Value;
use serde_json::json;

use super::testing::TestHub;

const SCRIPT: &str = "<script>alert(document.cookie)</script>";

/// SE-60, SE-61: search by resource, address and action, in pages; counts; another organisation sees none of it.
#[tokio::test]
async fn the_trail_is_searched_counted_and_paged_within_the_organisation() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let role = |name: &str| json!({ "name": name, "rights": ["view_fleet"] });
    let made = admin.post("/api/v1/roles", role("one")).await.json();
    let id = made["id"].as_str().unwrap().to_owned();
    admin.put(&format!("/api/v1/roles/{id}"), role("two")).await;
    admin.post("/api/v1/roles", role("three")).await;
    let items = async |path: String| -> Vec<Value> {
        let answer = admin.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()["items"].as_array().unwrap().clone()
    };
    let lines = items(format!("/api/v1/audit?object_kind=role&object={id}")).await;
    let actions: Vec<&str> = lines
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["role.change", "role.create"]);
    let address = lines[0]["address"].as_str().unwrap();
    assert_eq!(
        items(format!("/api/v1/audit?address={address}&object_kind=role"))
            .await
            .len(),
        3
    );
    assert!(
        items("/api/v1/audit?address=192.0.2.250".into())
            .await
            .is_empty()
    );
    let first = admin
        .get("/api/v1/audit?object_kind=role&limit=2")
        .await
        .json();
    let next = first["next_cursor"].as_str().unwrap();
    let rest = items(format!(
        "/api/v1/audit?object_kind=role&limit=2&cursor={next}"
    ))
    .await;
    assert_eq!(rest.len(), 1);
    let counts = items("/api/v1/audit/counts?by=action&object_kind=role".into()).await;
    assert_eq!(counts[0], json!({ "key": "role.create", "count": 2 }));
    let days = items("/api/v1/audit/counts?by=day&object_kind=role".into()).await;
    assert_eq!(days, [json!({ "key": "2026-01-01", "count": 3 })]);
    let foreign = hub.foreign_admin().await;
    let seen = foreign.get("/api/v1/audit?object_kind=role").await.json();
    assert_eq!(seen["items"], json!([]));
    let taken = foreign.get("/api/v1/audit/export?format=csv").await.text();
    assert!(!taken.contains(&id));
    for query in ["cursor=x", "by=week", "nonsense=1", "format=xls"] {
        let path = match query.split('=').next() {
            Some("by") => format!("/api/v1/audit/counts?{query}"),
            Some("format") => format!("/api/v1/audit/export?{query}"),
            _ => format!("/api/v1/audit?{query}"),
        };
        assert_eq!(
            admin.get(&path).await.status,
            StatusCode::BAD_REQUEST,
            "{path}"
        );
    }
}

/// ThingsBoard CVE-2021-42750, CVE-2022-40004: a script in a name is text in the trail and in its files, and no formula.
#[tokio::test]
async fn a_script_in_the_trail_stays_text_and_a_file_holds_every_line() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    for name in [SCRIPT, "=HYPERLINK(1)"] {
        let role = json!({ "name": name, "rights": ["view_fleet"] });
        assert_eq!(
            admin.post("/api/v1/roles", role).await.status,
            StatusCode::CREATED
        );
    }
    let listed = admin.get("/api/v1/audit?object_kind=role").await;
    assert_eq!(listed.headers["content-type"], "application/json");
    assert_eq!(listed.headers["x-content-type-options"], "nosniff");
    let csv = admin
        .get("/api/v1/audit/export?format=csv&object_kind=role")
        .await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert!(
        csv.headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    let text = csv.text();
    assert!(text.starts_with("number,at,actor_kind"));
    assert!(text.contains("<script>alert"));
    assert!(!text.contains(",\"=") && !text.contains(",="));
    let jsonl = admin.get("/api/v1/audit/export?format=jsonl").await.text();
    let lines: Vec<Value> = jsonl
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let newest: i64 = lines[0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        i64::try_from(lines.len()).unwrap(),
        newest,
        "every line is there"
    );
    assert_eq!(lines[0]["action"], "audit.export");
}

/// The password of a broker is in no answer and no line.
#[tokio::test]
async fn a_brokers_password_is_shown_nowhere() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let body = |password: Value, prefix: &str| {
        json!({
            "host": "127.0.0.1", "port": 9, "tls": false, "user": "hub", "password": password, "prefix": prefix,
            "discovery": "homeassistant", "on": true
        })
    };
    let set = admin
        .put("/api/v1/mqtt", body(json!("CANARY-secret"), "gw"))
        .await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    assert_eq!(set.json()["broker"]["has_password"], true);
    let kept = admin
        .put("/api/v1/mqtt", body(Value::Null, "gw/north"))
        .await;
    assert_eq!(kept.json()["broker"]["has_password"], true);
    for path in ["/api/v1/mqtt", "/api/v1/audit"] {
        assert!(!admin.get(path).await.text().contains("CANARY"), "{path}");
    }
    for prefix in ["", "a/#", "+", "/a", "a/", "$SYS", "a b", "ä"] {
        let refused = admin.put("/api/v1/mqtt", body(Value::Null, prefix)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{prefix}");
    }
    assert_eq!(
        admin.delete("/api/v1/mqtt").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        admin.get("/api/v1/mqtt").await.json()["broker"],
        Value::Null
    );
}
