//! Preferences as callers see them: kept for each account, checked field by field, and audited.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::Value;
use serde_json::json;

use super::identity_tests::second_site;
use super::testing::TestHub;

const PREFERENCES: &str = "/api/v1/session/preferences";

fn preferences() -> Value {
    json!({
        "language": "es", "time_zone": "Europe/Madrid", "default_site": null, "colour_scheme": "dark",
        "notices": ["entry_denied", "gate_asks"]
    })
}

/// SE-18, UX-11: language, time zone, default site, colours and notices are kept for each account, through a new log-in.
#[tokio::test]
async fn preferences_are_kept_for_each_account_and_audited() {
    let hub = TestHub::new().await;
    let (admin, viewer) = (hub.admin().await, hub.viewer().await);
    let nothing = json!({
        "language": null, "time_zone": null, "default_site": null, "colour_scheme": null, "notices": []
    });
    assert_eq!(viewer.get(PREFERENCES).await.json(), nothing);
    let mut wanted = preferences();
    wanted["default_site"] = json!(hub.site);
    let answer = viewer.put(PREFERENCES, wanted.clone()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    wanted["notices"] = json!(["gate_asks", "entry_denied"]);
    assert_eq!(viewer.get(PREFERENCES).await.json(), wanted);
    assert_eq!(
        admin.get(PREFERENCES).await.json(),
        nothing,
        "one's own only"
    );
    assert_eq!(viewer.put(PREFERENCES, nothing.clone()).await.status, 200);
    assert_eq!(viewer.get(PREFERENCES).await.json(), nothing);
    let trail = admin.get("/api/v1/audit?action=preferences.change").await;
    let lines = trail.json()["items"].as_array().unwrap().clone();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["details"]["language"], "es", "{lines:?}");
}

/// SE-18: what is no language, zone, scheme or notice is refused with its field, and the old stays.
#[tokio::test]
async fn a_preference_that_is_none_is_refused_with_its_field() {
    let hub = TestHub::new().await;
    let viewer = hub.viewer().await;
    viewer.put(PREFERENCES, preferences()).await;
    let before = viewer.get(PREFERENCES).await.json();
    for (field, value) in [
        ("language", json!("fr")),
        ("language", json!("EN")),
        ("language", json!(7)),
        ("time_zone", json!("Europe/Nowhere")),
        ("time_zone", json!("../../etc/passwd")),
        ("time_zone", json!("")),
        ("time_zone", json!("x".repeat(100_000))),
        ("colour_scheme", json!("<script>")),
        (
            "default_site",
            json!("00000000-0000-7000-8000-000000000000"),
        ),
        ("default_site", json!("nowhere")),
        ("notices", json!(null)),
    ] {
        let mut wanted = preferences();
        wanted[field] = value.clone();
        let answer = viewer.put(PREFERENCES, wanted).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{field} {value}");
        assert_eq!(answer.refused_fields(), [field], "{value}");
    }
    let mut wanted = preferences();
    wanted["notices"] = json!(["gate_asks", "everything"]);
    let answer = viewer.put(PREFERENCES, wanted).await;
    assert_eq!(answer.refused_fields(), ["notices[1]"]);
    for field in [
        "language",
        "time_zone",
        "default_site",
        "colour_scheme",
        "notices",
    ] {
        let mut wanted = preferences();
        wanted.as_object_mut().unwrap().remove(field);
        let answer = viewer.put(PREFERENCES, wanted).await;
        assert_eq!(answer.refused_fields(), [field], "left out");
    }
    assert_eq!(viewer.get(PREFERENCES).await.json(), before);
}

/// SE-17, SE-18: a default site is one that its account reaches; one that is out of reach since reads as none.
#[tokio::test]
async fn a_default_site_is_within_reach() {
    let hub = TestHub::new().await;
    let depot = second_site(&hub).await;
    let (_, foreign) = hub.other_organisation("South").await;
    let sites = Some(BTreeSet::from([hub.site]));
    let viewer = hub.person_of(hub.organisation, "viewer", sites).await;
    for site in [depot, foreign] {
        let mut wanted = preferences();
        wanted["default_site"] = json!(site);
        let answer = viewer.put(PREFERENCES, wanted).await;
        assert_eq!(answer.refused_fields(), ["default_site"]);
    }
    let mut wanted = preferences();
    wanted["default_site"] = json!(hub.site);
    assert_eq!(viewer.put(PREFERENCES, wanted).await.status, 200);
    let path = format!("/api/v1/accounts/{}", viewer.account.unwrap());
    let change = json!({ "role": "viewer", "sites": [depot], "disabled": false });
    assert_eq!(hub.admin().await.put(&path, change).await.status, 200);
    assert_eq!(
        viewer.get(PREFERENCES).await.json()["default_site"],
        Value::Null
    );
}
