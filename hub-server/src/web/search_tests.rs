//! The search, count and export of passages through their routes, and the searches that people keep.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use contract::sighting::Direction;
use contract::verdict::Outcome;
use serde_json::Value;
use serde_json::json;

use super::desk_tests::with_gate;
use super::identity_tests::second_site;
use super::testing::Person;
use super::testing::TestHub;
use crate::parking::tests::Tenant;
use crate::parking::tests::judged;
use crate::parking::tests::passage;
use crate::parking::tests::take;
use crate::store::Priority;
use crate::store::StoreError;

const LIST: &str = "/api/v1/passages";
const EXPORT: &str = "/api/v1/passages/export";
const SEARCHES: &str = "/api/v1/passages/searches";

async fn with_passages(hub: &TestHub, plates: &'static [&'static str]) -> Tenant {
    let tenant = with_gate(hub).await;
    let written: Result<(), StoreError> = hub
        .hub
        .store
        .write(Priority::Machines, move |tx| {
            for (number, text) in (1_u32..).zip(plates) {
                let mut event = judged(
                    passage(number.into()),
                    text,
                    Direction::Entry,
                    Outcome::Deny,
                );
                event.sighting.camera = "=front".into();
                take(tx, tenant, number.into(), number.into(), &event)?;
            }
            Ok(())
        })
        .await;
    written.unwrap();
    tenant
}

async fn plates(person: &Person, query: &str) -> Vec<String> {
    let answer = person.get(&format!("{LIST}?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text());
    let items = answer.json()["items"].as_array().cloned().unwrap();
    items
        .iter()
        .map(|item| item["plate"].as_str().unwrap().to_owned())
        .collect()
}

/// AC-03: each way of meaning a plate, through the route, and the count beside it.
#[tokio::test]
async fn passages_are_searched_and_counted_by_plate_time_lane_site_and_outcome() {
    let hub = TestHub::new().await;
    let tenant = with_passages(&hub, &["1234BCD", "1234BCE", "AB12"]).await;
    let viewer = hub.viewer().await;
    for (query, found) in [
        ("plate=34-b", vec!["1234BCE", "1234BCD"]),
        ("plate=12*CD", vec!["1234BCD"]),
        ("plate=%3F%3F12", vec!["AB12"]),
        ("plate=AB&plate_match=prefix", vec!["AB12"]),
        ("plate=1234BCD&plate_match=exact", vec!["1234BCD"]),
        (
            "plate=1234BCD&plate_match=fuzzy",
            vec!["1234BCE", "1234BCD"],
        ),
        ("plate=A123&plate_match=fuzzy&off=2", vec!["AB12"]),
        (
            "outcome=deny&reason=denied",
            vec!["AB12", "1234BCE", "1234BCD"],
        ),
        ("outcome=open", vec![]),
        (
            "from=2026-01-01T00:00:02Z&until=2026-01-01T00:00:03Z",
            vec!["1234BCE"],
        ),
        ("from=9999-12-30T00:00:00Z", vec![]),
        ("until=0001-01-01T00:00:00Z", vec![]),
        ("plate=%20", vec!["AB12", "1234BCE", "1234BCD"]),
    ] {
        assert_eq!(plates(&viewer, query).await, found, "{query}");
        let count = viewer.get(&format!("{LIST}/count?{query}")).await.json();
        assert_eq!(count, json!({ "count": found.len(), "is_more": false }));
    }
    for (site, gate, found) in [
        (hub.site.0, tenant.gate.0, 3),
        (tenant.gate.0, tenant.gate.0, 0),
    ] {
        let query = format!("site={site}&gate={gate}");
        assert_eq!(plates(&viewer, &query).await.len(), found);
    }
}

/// Hostile searches: explosive wildcards, metacharacters, NUL, text that runs from right to left, ranges that end before they
/// begin, page sizes and cursors that nobody gave.
#[tokio::test]
async fn hostile_searches_are_refused_with_their_field() {
    let hub = TestHub::new().await;
    with_passages(&hub, &["1234BCD"]).await;
    let viewer = hub.viewer().await;
    let stars = format!("plate={}", "*".repeat(5_000));
    let deep = format!("plate={}", "A*".repeat(20));
    for (query, field) in [
        (stars.as_str(), "plate"),
        (&deep, "plate"),
        ("plate=%25", "plate"),
        ("plate=_234BCD", "plate"),
        ("plate=%5B0-9%5D*", "plate"),
        ("plate=12%00", "plate"),
        ("plate=%E2%80%AE1234", "plate"),
        ("plate=1%27%20OR%201=1", "plate"),
        ("plate=12*&plate_match=exact", "plate"),
        ("plate=12?&plate_match=fuzzy", "plate"),
        ("plate=12&off=1", "off"),
        ("plate=12&plate_match=fuzzy&off=3", "off"),
        ("plate=12&plate_match=regex", "plate_match"),
        (
            "from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
            "until",
        ),
        ("from=tomorrow", "from"),
        ("from=9999-12-31T23:59:59Z", "from"),
        ("from=99999-01-01T00:00:00Z", "from"),
        ("limit=0", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=-1", "limit"),
        ("cursor=", "cursor"),
        ("cursor=5_a", "cursor"),
        ("cursor=5_00000000000000000000000000000001%27--", "cursor"),
        ("cursor=5&cursor=6", "cursor"),
        ("gate=north", "gate"),
        ("colour=red", "colour"),
    ] {
        let answer = viewer.get(&format!("{LIST}?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.refused_fields(), [field], "{query}");
    }
}

/// SE-17: a cursor names a place and grants nothing, whoever made it.
#[tokio::test]
async fn a_forged_cursor_or_one_of_another_organisation_shows_only_ones_own_list() {
    let hub = TestHub::new().await;
    with_passages(&hub, &["1234BCD", "AB12"]).await;
    let (viewer, foreign) = (hub.viewer().await, hub.foreign_admin().await);
    let first = viewer.get(&format!("{LIST}?limit=1")).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let theirs = foreign.get(&format!("{LIST}?cursor={cursor}")).await.json();
    assert_eq!(theirs["items"], json!([]));
    let forged = "9999999999999_ffffffffffffffffffffffffffffffff";
    let theirs = foreign.get(&format!("{LIST}?cursor={forged}")).await.json();
    assert_eq!(theirs["items"], json!([]));
    assert_eq!(plates(&viewer, &format!("cursor={forged}")).await.len(), 2);
}

/// AC-03, AC-10: the files hold what the list shows, formulas are defused, each export is audited, and who is limited to
/// other sites gets nothing.
#[tokio::test]
async fn passages_are_exported_as_csv_json_and_lines_and_every_export_is_audited() {
    let hub = TestHub::new().await;
    with_passages(&hub, &["1234BCD", "1234BCE", "AB12"]).await;
    let (admin, viewer) = (hub.admin().await, hub.viewer().await);
    let csv = viewer.get(&format!("{EXPORT}?plate=12*")).await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert!(
        csv.headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    let text = csv.text();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("time,plate,outcome"));
    assert!(lines[1].starts_with("2026-01-01T00:00:02.000Z,1234BCE,deny"));
    assert!(lines[1].contains(",'=front,"), "{text}");

    let json = viewer.get(&format!("{EXPORT}?format=json")).await;
    assert_eq!(json.headers["content-type"], "application/json");
    let listed = viewer.get(LIST).await.json();
    assert_eq!(json.json(), listed["items"]);
    let lines = viewer.get(&format!("{EXPORT}?format=jsonl")).await.text();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(Value::from(lines), listed["items"]);
    let empty = viewer.get(&format!("{EXPORT}?format=json&plate=ZZZ")).await;
    assert_eq!(empty.json(), json!([]));

    let trail = admin
        .get("/api/v1/audit?action=passage.export")
        .await
        .json();
    let trail = trail["items"].as_array().unwrap();
    assert_eq!(trail.len(), 4);
    assert_eq!(
        trail[3]["details"],
        json!({ "format": "csv", "query": { "plate": "12*" } })
    );
    let depot = second_site(&hub).await;
    let elsewhere = hub
        .person_of(hub.organisation, "admin", Some(BTreeSet::from([depot])))
        .await;
    for person in [elsewhere, hub.foreign_admin().await] {
        let nothing = person.get(&format!("{EXPORT}?format=json")).await;
        assert_eq!(nothing.json(), json!([]));
    }
    let faulty = viewer.get(&format!("{EXPORT}?format=xml")).await;
    assert_eq!(faulty.refused_fields(), ["format"]);
}

/// An account that loses its access while a file is being sent gets a broken file, not a whole one.
#[tokio::test]
async fn an_export_ends_when_its_account_is_disabled() {
    use http_body_util::BodyExt;

    let hub = TestHub::new().await;
    with_passages(&hub, &["1234BCD"]).await;
    let (admin, viewer) = (hub.admin().await, hub.viewer().await);
    let answer = viewer.open("GET", EXPORT, &[], Vec::new()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let mut body = answer.into_body();
    let head = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(head.starts_with("\u{feff}time".as_bytes()));
    let account = viewer.account.unwrap();
    let path = format!("/api/v1/accounts/{account}");
    let change = json!({ "role": "viewer", "sites": null, "disabled": true });
    let done = admin.put(&path, change).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert!(body.frame().await.unwrap().is_err());
}

/// AC-03: a search is kept, changed, shared and forgotten; names are once per account, and others see only what is shared.
#[tokio::test]
async fn searches_are_kept_per_account_and_shared_within_the_organisation() {
    let hub = TestHub::new().await;
    let (operator, viewer) = (hub.operator().await, hub.viewer().await);
    let body = json!({ "name": " Refused ", "query": { "plate": "12*", "outcome": "deny" } });
    let made = operator.post(SEARCHES, body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let made = made.json();
    assert_eq!(made["name"], "Refused");
    assert_eq!(made["query"], json!({ "plate": "12*", "outcome": "deny" }));
    let again = operator.post(SEARCHES, body.clone()).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(viewer.get(SEARCHES).await.json()["items"], json!([]));

    let path = format!("{SEARCHES}/{}", made["id"].as_str().unwrap());
    let shared = json!({ "name": "Refused", "query": {}, "shared": true });
    assert_eq!(
        viewer.put(&path, shared.clone()).await.status,
        StatusCode::NOT_FOUND
    );
    let changed = operator.put(&path, shared).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let seen = viewer.get(SEARCHES).await.json();
    assert_eq!(seen["items"][0]["own"], false);
    assert_eq!(viewer.delete(&path).await.status, StatusCode::NOT_FOUND);
    let foreign = hub.foreign_admin().await;
    assert_eq!(foreign.get(SEARCHES).await.json()["items"], json!([]));
    let limited = hub
        .person_of(hub.organisation, "viewer", Some(BTreeSet::from([hub.site])))
        .await;
    assert_eq!(limited.get(SEARCHES).await.json()["items"], json!([]));
    assert_eq!(operator.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(operator.delete(&path).await.status, StatusCode::NOT_FOUND);

    for (body, field) in [
        (json!({ "name": "", "query": {} }), "name"),
        (json!({ "name": "a\nb", "query": {} }), "name"),
        (json!({ "name": "x".repeat(61), "query": {} }), "name"),
        (json!({ "name": "x", "query": { "plate": "%" } }), "plate"),
        (
            json!({ "name": "x", "query": { "cursor": "1" } }),
            "query.cursor",
        ),
        (
            json!({ "name": "x", "query": { "mismatch": "yes" } }),
            "query.mismatch",
        ),
    ] {
        let refused = operator.post(SEARCHES, body.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(refused.refused_fields(), [field], "{body}");
    }
}
