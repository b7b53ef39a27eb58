//! The desk and the fleet as callers see them: permits and their sheet, passages, pictures, visits, edges, orders.

use axum::http::StatusCode;
use axum::http::header;
use bytes::Bytes;
use contract::code::EnrolCode;
use contract::event::EvidenceKind;
use contract::event::ModelChanged;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::sighting::Direction;
use contract::verdict::Outcome;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use uuid::Uuid;

use super::testing::Person;
use super::testing::TestHub;
use super::testing::picture;
use crate::audit;
use crate::fleet;
use crate::fleet::edges::Edge;
use crate::fleet::edges::EdgeState;
use crate::fleet::gates::Gate;
use crate::fleet::gates::Told;
use crate::parking::passages;
use crate::parking::permit_sheet::LARGEST_BYTES;
use crate::parking::tests::Tenant;
use crate::parking::tests::at;
use crate::parking::tests::judged;
use crate::parking::tests::passage;
use crate::parking::tests::take;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

const PERMITS: &str = "/api/v1/permits";
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

pub(super) async fn write<T: Send + 'static>(
    hub: &TestHub,
    work: impl Fn(&mut Tx) -> Result<T, StoreError> + Send + 'static,
) -> T {
    hub.hub.store.write(Priority::Machines, work).await.unwrap()
}

/// An edge with one gate in the hub's organisation.
pub(super) async fn with_gate(hub: &TestHub) -> Tenant {
    let tenant = Tenant {
        organisation: hub.organisation,
        site: hub.site,
        gate: GateId(Uuid::from_u128(7)),
        edge: EdgeId(Uuid::from_u128(8)),
    };
    write(hub, move |tx| {
        let edge = Edge {
            id: tenant.edge,
            organisation: tenant.organisation,
            site: tenant.site,
            name: "north-pi".into(),
            machine: "raspberrypi".into(),
            version: None,
            state: EdgeState::Enrolled,
            created_at: at(0),
            retired_at: None,
            last_heard_at: None,
            epoch: None,
            next_seq: 1,
            directives_through: 0,
            book_version: 0,
        };
        fleet::edges::insert(tx, &edge, b"certificate")?;
        let gate = Gate {
            id: tenant.gate,
            site: tenant.site,
            edge: Some(tenant.edge),
            name: "North entry".into(),
            direction: Direction::Entry,
            created_at: at(0),
        };
        fleet::gates::insert(tx, tenant.organisation, &gate)
    })
    .await;
    tenant
}

async fn passes(hub: &TestHub, tenant: Tenant, number: u64, text: &'static str, outcome: Outcome) {
    write(hub, move |tx| {
        let seconds = i64::try_from(number).unwrap_or_default();
        let event = judged(passage(number.into()), text, Direction::Entry, outcome);
        take(tx, tenant, number, seconds, &event)
    })
    .await;
}

/// The actions of the trail, oldest first, with everything that the lines say.
pub(super) async fn trail(hub: &TestHub) -> Vec<(String, String)> {
    let organisation = hub.organisation;
    let lines: Result<_, StoreError> = hub
        .hub
        .store
        .read(move |tx| audit::list(tx, organisation, &audit::Filter::default(), 100))
        .await;
    let mut lines: Vec<_> = lines
        .unwrap()
        .into_iter()
        .map(|line| (line.action, format!("{} {}", line.summary, line.details)))
        .collect();
    lines.reverse();
    lines
}

async fn actions(hub: &TestHub) -> Vec<String> {
    trail(hub).await.into_iter().map(|line| line.0).collect()
}

async fn book_version(hub: &TestHub) -> u64 {
    let organisation = hub.organisation;
    write(hub, move |tx| {
        fleet::directives::book_version(tx, organisation)
    })
    .await
}

async fn send_sheet(person: &Person, query: &str, sheet: &str) -> super::testing::Answer {
    person
        .send(
            "POST",
            &format!("{PERMITS}/import{query}"),
            Some("text/csv; charset=utf-8"),
            sheet.as_bytes().to_vec(),
        )
        .await
}

/// AC-01: each change of a permit is one transaction with its audit line and a new book for the gates.
#[tokio::test]
async fn a_permit_is_created_changed_withdrawn_and_restored() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    let tenant = with_gate(&hub).await;
    let body = json!({
        "plate": "1234 bcd", "holder": " Ana ", "group": "staff", "note": "",
        "valid_from": "2026-01-01T00:00:00Z", "valid_until": null,
        "schedule": { "spans": [{ "weekday": 0, "from_minute": 480, "until_minute": 1080 }] },
        "gates": [tenant.gate], "denied": false,
    });
    let created = operator.post(PERMITS, body.clone()).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let permit = created.json();
    assert_eq!(permit["plate"], "1234BCD");
    assert_eq!(permit["holder"], "Ana");
    assert_eq!(permit["valid_from"], "2026-01-01T00:00:00.000Z");
    assert_eq!(permit["withdrawn_at"], Value::Null);
    let one = format!("{PERMITS}/{}", permit["id"].as_str().unwrap());
    assert_eq!(operator.get(&one).await.json(), permit);
    assert_eq!(operator.get(PERMITS).await.json()["items"], json!([permit]));

    let again = operator.post(PERMITS, json!({ "plate": "1234BCD" })).await;
    assert_eq!(again.status, StatusCode::CONFLICT);

    let mut other = body;
    other["denied"] = json!(true);
    let changed = operator.put(&one, other).await;
    assert_eq!(changed.json()["denied"], true, "{}", changed.text());
    let withdrawn = operator.delete(&one).await.json();
    assert!(withdrawn["withdrawn_at"].is_string());
    assert_eq!(operator.delete(&one).await.status, StatusCode::CONFLICT);
    assert_eq!(operator.get(PERMITS).await.json()["items"], json!([]));
    let gone = operator.get(&format!("{PERMITS}?withdrawn=true")).await;
    assert_eq!(gone.json()["items"][0]["id"], permit["id"]);
    let restored = operator.post(&format!("{one}/restore"), json!({})).await;
    assert_eq!(restored.json()["withdrawn_at"], Value::Null);

    assert_eq!(
        actions(&hub).await,
        [
            "permit.create",
            "permit.change",
            "permit.withdraw",
            "permit.restore"
        ]
    );
    assert_eq!(book_version(&hub).await, 4);
    // Summaries are shown in lists and logs: no plates and no names in them.
    for (_, text) in trail(&hub).await {
        let summary = text.split('{').next().unwrap_or_default().to_owned();
        assert!(
            !summary.contains("1234") && !summary.contains("Ana"),
            "{summary}"
        );
    }
}

#[tokio::test]
async fn a_permit_that_is_none_is_refused_field_by_field_and_leaves_nothing() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    for (body, fields) in [
        (json!({}), vec!["plate"]),
        (json!({ "plate": "<script>" }), vec!["plate"]),
        (json!({ "plate": "AB1", "plaet": 1 }), vec!["plaet"]),
        (
            json!({ "plate": "AB1", "valid_from": "tomorrow" }),
            vec!["valid_from"],
        ),
        (
            json!({ "plate": "AB1", "schedule": { "spans": [{ "weekday": 1, "from_minute": -1, "until_minute": 5 }] } }),
            vec!["schedule.spans[0].from_minute"],
        ),
        (
            json!({ "plate": "AB1", "holder": "x".repeat(101), "gates": [NOBODY],
                    "schedule": { "spans": [{ "weekday": 9, "from_minute": 1, "until_minute": 5 }] } }),
            vec!["holder", "schedule", "gates"],
        ),
    ] {
        let answer = operator.post(PERMITS, body.clone()).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{body}: {}",
            answer.text()
        );
        assert_eq!(answer.refused_fields(), fields, "{body}: {}", answer.text());
    }
    assert!(actions(&hub).await.is_empty());
    assert_eq!(book_version(&hub).await, 0);
    for cursor in ["x", "AB1_00", "AB1'--_00000000000070008000000000000000"] {
        let answer = operator.get(&format!("{PERMITS}?cursor={cursor}")).await;
        assert_eq!(answer.refused_fields(), ["cursor"], "{}", answer.text());
    }
}

#[tokio::test]
async fn a_sheet_is_tried_then_taken_in_whole_and_comes_out_again() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    with_gate(&hub).await;
    operator
        .post(PERMITS, json!({ "plate": "AB1", "holder": "old" }))
        .await;
    let sheet = "plate,holder,schedule,gates\n\
                 ab-1,new,,\n\
                 CD2,=1+1,Mon-Fri 08:00-18:00,North entry\n";
    let tried = send_sheet(&operator, "?dry_run=true", sheet).await.json();
    assert_eq!(
        tried,
        json!({ "dry_run": true, "rows": 2, "created": 1, "updated": 1, "errors": [] })
    );
    assert_eq!(book_version(&hub).await, 1);
    let done = send_sheet(&operator, "", sheet).await.json();
    assert_eq!((&done["created"], &done["updated"]), (&json!(1), &json!(1)));
    assert_eq!(book_version(&hub).await, 2);
    let again = send_sheet(&operator, "", sheet).await.json();
    assert_eq!(
        (&again["rows"], &again["created"], &again["updated"]),
        (&json!(2), &json!(0), &json!(0))
    );
    assert_eq!(actions(&hub).await, ["permit.create", "permit.import"]);

    let out = operator.get("/api/v1/permits.csv").await;
    assert_eq!(out.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert!(out.text().contains("CD2,'=1+1,"), "{}", out.text());
    let back = send_sheet(&operator, "", &out.text()).await.json();
    assert_eq!((&back["created"], &back["updated"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn a_sheet_with_one_bad_row_changes_nothing() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    let bad = send_sheet(&operator, "", "plate,denied\nAB1,\nCD2,perhaps\n").await;
    assert_eq!(bad.status, StatusCode::OK);
    let result = bad.json();
    assert_eq!(result["errors"][0]["row"], 3);
    assert_eq!(result["errors"][0]["field"], "denied");
    assert_eq!(operator.get(PERMITS).await.json()["items"], json!([]));
    assert!(actions(&hub).await.is_empty());

    let json = operator.post(&format!("{PERMITS}/import"), json!({})).await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let huge = send_sheet(&operator, "", &"x".repeat(LARGEST_BYTES + 1)).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// SE-17, AC-10: another organisation's administrator meets nothing of this one, by list or by id.
#[tokio::test]
async fn another_organisation_meets_nothing() {
    let hub = TestHub::new().await;
    let (admin, foreign) = (hub.admin().await, hub.foreign_admin().await);
    let tenant = with_gate(&hub).await;
    passes(&hub, tenant, 1, "AB12", Outcome::Open).await;
    let permit = admin.post(PERMITS, json!({ "plate": "AB12" })).await.json();
    let visit = admin.get("/api/v1/visits").await.json()["items"][0].clone();
    assert_eq!(visit["state"], "open", "{visit}");

    for list in [
        "passages",
        "permits",
        "visits",
        "gates",
        "edges",
        "edges/enrolments",
        "models/metadata",
    ] {
        let answer = foreign.get(&format!("/api/v1/{list}")).await;
        assert_eq!(
            answer.json()["items"],
            json!([]),
            "{list}: {}",
            answer.text()
        );
    }
    assert_eq!(
        foreign.get("/api/v1/occupancy").await.json()["sites"][0]["on_site"],
        0
    );
    assert_eq!(
        foreign
            .get("/api/v1/permits.csv")
            .await
            .text()
            .lines()
            .count(),
        1
    );
    let permit = format!("/api/v1/permits/{}", permit["id"].as_str().unwrap());
    let (gate, edge) = (tenant.gate, tenant.edge);
    let reason = json!({ "reason": "curious" });
    let order = json!({ "action": "open", "reason": "curious" });
    for (method, path, body) in [
        ("GET", permit.clone(), json!({})),
        ("PUT", permit.clone(), json!({ "plate": "AB12" })),
        ("DELETE", permit.clone(), json!({})),
        ("POST", format!("{permit}/restore"), json!({})),
        ("GET", format!("/api/v1/passages/{}", passage(1)), json!({})),
        (
            "GET",
            format!("/api/v1/passages/{}/pictures/crop", passage(1)),
            json!({}),
        ),
        (
            "POST",
            format!("/api/v1/visits/{}/close", visit["id"].as_str().unwrap()),
            reason,
        ),
        ("GET", format!("/api/v1/gates/{gate}/orders"), json!({})),
        ("POST", format!("/api/v1/gates/{gate}/orders"), order),
        ("DELETE", format!("/api/v1/edges/{edge}"), json!({})),
    ] {
        let bytes = body.to_string().into_bytes();
        let answer = foreign
            .send(method, &path, Some("application/json"), bytes)
            .await;
        assert_eq!(
            answer.status,
            StatusCode::NOT_FOUND,
            "{method} {path}: {}",
            answer.text()
        );
    }
    let site = json!({ "site": tenant.site, "plate": "AB12", "reason": "curious" });
    assert_eq!(
        foreign.post("/api/v1/visits", site).await.refused_fields(),
        ["site"]
    );
    let edge = json!({ "name": "x", "site": tenant.site, "gates": [{ "name": "y", "direction": "exit" }] });
    assert_eq!(
        foreign
            .post("/api/v1/edges/enrolments", edge)
            .await
            .refused_fields(),
        ["site"]
    );
    assert_eq!(admin.get("/api/v1/visits").await.json()["items"][0], visit);
}

#[tokio::test]
async fn passages_come_page_by_page_and_tampered_cursors_are_refused() {
    let hub = TestHub::new().await;
    let viewer = hub.viewer().await;
    let tenant = with_gate(&hub).await;
    for number in 1..=5 {
        passes(&hub, tenant, number, "AB12", Outcome::Deny).await;
    }
    let mut path = "/api/v1/passages?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = viewer.get(&path).await.json();
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["gate"]["name"], "North entry");
            seen.push(item["id"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/passages?limit=2&cursor={cursor}");
    }
    let wanted: Vec<_> = (1..=5).rev().map(|n| passage(n).to_string()).collect();
    assert_eq!(seen, wanted);
    for (query, field) in [
        ("cursor=1_1", "cursor"),
        ("cursor=%27", "cursor"),
        ("limit=0", "limit"),
        ("outcome=maybe", "outcome"),
        ("from=today", "from"),
        ("plate=%3C", "plate"),
        ("palte=AB", "palte"),
    ] {
        let answer = viewer.get(&format!("/api/v1/passages?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(
            answer.refused_fields(),
            [field],
            "{query}: {}",
            answer.text()
        );
    }
    let none = viewer.get("/api/v1/passages?outcome=open").await.json();
    assert_eq!(none["items"], json!([]));
    let detail = viewer
        .get(&format!("/api/v1/passages/{}", passage(1)))
        .await
        .json();
    assert_eq!(detail["event"]["edge"]["name"], "north-pi");
    assert_eq!(
        viewer.get("/api/v1/passages/7").await.status,
        StatusCode::NOT_FOUND
    );
}

/// AC-11: a picture is shown once it is here, and its row says when its time is over.
#[tokio::test]
async fn a_picture_is_shown_while_it_is_kept() {
    let hub = TestHub::new().await;
    let viewer = hub.viewer().await;
    let tenant = with_gate(&hub).await;
    let sha256: [u8; 32] = Sha256::digest(picture()).into();
    write(&hub, move |tx| {
        let mut event = judged(passage(1), "AB12", Direction::Entry, Outcome::Deny);
        event.evidence[0].sha256 = sha256;
        event.evidence[0].media_type = "image/svg+xml".into();
        take(tx, tenant, 1, 1, &event)
    })
    .await;
    let path = format!("/api/v1/passages/{}/pictures/crop", passage(1));
    assert_eq!(viewer.get(&path).await.status, StatusCode::NOT_FOUND);
    hub.hub
        .evidence
        .put(sha256, Bytes::from(picture()))
        .await
        .unwrap();
    write(&hub, move |tx| {
        let (org, edge, now) = (tenant.organisation, tenant.edge, at(9));
        passages::picture_stored(tx, org, edge, passage(1), EvidenceKind::Crop, sha256, now)
    })
    .await;
    let shown = viewer.get(&path).await;
    assert_eq!(shown.status, StatusCode::OK);
    // What an edge calls a drawing is shown as the picture that it is, written anew.
    assert!(shown.bytes.starts_with(b"\xff\xd8\xff"));
    assert_eq!(shown.headers[header::CONTENT_TYPE], "image/jpeg");
    assert!(
        shown.headers[header::CACHE_CONTROL]
            .to_str()
            .unwrap()
            .starts_with("private")
    );
    assert_eq!(shown.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(
        hub.stranger().get(&path).await.status,
        StatusCode::UNAUTHORIZED
    );
    let odd = format!("/api/v1/passages/{}/pictures/..%2F..%2Fetc", passage(1));
    assert_eq!(viewer.get(&odd).await.status, StatusCode::BAD_REQUEST);

    hub.hand
        .advance(std::time::Duration::from_secs(31 * 24 * 3_600));
    crate::evidence::expire_due(&hub.hub.store, &hub.hub.evidence, &hub.hub.clock)
        .await
        .unwrap();
    let viewer = hub.viewer().await;
    assert_eq!(viewer.get(&path).await.status, StatusCode::NOT_FOUND);
    let row = viewer.get("/api/v1/passages").await.json();
    assert_eq!(row["items"][0]["pictures"][0]["state"], "expired");
}

/// AC-05: the count of a site is corrected by hand, with a reason, and the trail says by whom.
#[tokio::test]
async fn visits_are_corrected_by_hand_and_audited() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    let tenant = with_gate(&hub).await;
    passes(&hub, tenant, 1, "AB12", Outcome::Open).await;
    let on_site = async |n: i64| {
        let answer = operator.get("/api/v1/occupancy").await.json();
        assert_eq!(answer["sites"][0]["on_site"], n, "{answer}");
    };
    on_site(1).await;
    let visit = operator.get("/api/v1/visits?state=open").await.json()["items"][0].clone();
    let close = format!("/api/v1/visits/{}/close", visit["id"].as_str().unwrap());
    assert_eq!(
        operator
            .post(&close, json!({ "reason": "  " }))
            .await
            .refused_fields(),
        ["reason"]
    );
    assert_eq!(
        operator.post(&close, json!({})).await.refused_fields(),
        ["reason"]
    );
    let closed = operator
        .post(&close, json!({ "reason": "towed" }))
        .await
        .json();
    assert_eq!(
        (&closed["state"], &closed["corrected"]["reason"]),
        (&json!("closed"), &json!("towed"))
    );
    assert_eq!(
        operator
            .post(&close, json!({ "reason": "towed" }))
            .await
            .status,
        StatusCode::CONFLICT
    );
    on_site(0).await;

    let unseen = json!({ "site": tenant.site, "plate": "xy 99", "reason": "camera was off" });
    let opened = operator.post("/api/v1/visits", unseen.clone()).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text());
    assert_eq!(
        operator.post("/api/v1/visits", unseen).await.status,
        StatusCode::CONFLICT
    );
    on_site(1).await;
    assert_eq!(actions(&hub).await, ["visit.close", "visit.open"]);
}

/// GR-14: an order carries who, why and what; a gate that no edge runs takes none.
#[tokio::test]
async fn an_order_is_left_for_the_edge_and_audited() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let tenant = with_gate(&hub).await;
    let path = format!("/api/v1/gates/{}/orders", tenant.gate);
    let answer = admin
        .post(&path, json!({ "action": "explode", "reason": "x" }))
        .await;
    assert_eq!(answer.refused_fields(), ["action"]);
    let given = admin
        .post(
            &path,
            json!({ "action": "hold_open", "reason": "delivery" }),
        )
        .await;
    assert_eq!(given.status, StatusCode::ACCEPTED, "{}", given.text());
    let order = given.json();
    assert_eq!(
        (&order["state"], &order["reason"]),
        (&json!("waiting"), &json!("delivery"))
    );
    assert_eq!(admin.get(&path).await.json()["items"], json!([order]));
    hub.hand.advance(std::time::Duration::from_secs(60));
    assert_eq!(
        admin.get(&path).await.json()["items"][0]["state"],
        "expired"
    );

    let edge = format!("/api/v1/edges/{}", tenant.edge);
    assert_eq!(admin.delete(&edge).await.status, StatusCode::NO_CONTENT);
    assert_eq!(admin.delete(&edge).await.status, StatusCode::NO_CONTENT);
    let late = admin
        .post(&path, json!({ "action": "open", "reason": "x" }))
        .await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert_eq!(
        admin.get("/api/v1/gates").await.json()["items"][0]["edge"],
        Value::Null
    );
    assert_eq!(
        admin.get("/api/v1/edges").await.json()["items"][0]["state"],
        "retired"
    );
    assert_eq!(actions(&hub).await, ["gate.order", "edge.retire"]);
}

#[tokio::test]
async fn an_enrolment_code_carries_the_authority_and_is_written_nowhere() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let path = "/api/v1/edges/enrolments";
    let gates = json!([{ "name": "North entry", "direction": "entry" }]);
    let given = admin
        .post(path, json!({ "name": "north-pi", "gates": gates }))
        .await;
    assert_eq!(given.status, StatusCode::CREATED, "{}", given.text());
    let given = given.json();
    let code: EnrolCode = given["code"].as_str().unwrap().parse().unwrap();
    assert_eq!(code.authority, hub.hub.authority.fingerprint());
    assert!(
        given["command"]
            .as_str()
            .unwrap()
            .contains(given["address"].as_str().unwrap())
    );
    let listed = admin.get(path).await;
    assert_eq!(listed.json()["items"][0]["name"], "north-pi");
    assert!(!listed.text().contains(given["code"].as_str().unwrap()));
    let lines = trail(&hub).await;
    assert_eq!(lines[0].0, "edge.enrol");
    assert!(!lines[0].1.contains(given["code"].as_str().unwrap()));
    for (body, fields) in [
        (json!({ "name": "", "gates": [] }), vec!["name", "gates"]),
        (
            json!({ "name": "a", "gates": [{ "name": "x", "direction": "entry" }, { "name": " x", "direction": "exit" }] }),
            vec!["gates[1].name"],
        ),
        (
            json!({ "name": "a", "gates": [{ "name": "x", "direction": "up" }] }),
            vec!["gates[0].direction"],
        ),
        (
            json!({ "name": "a", "gates": gates, "site": NOBODY }),
            vec!["site"],
        ),
    ] {
        let answer = admin.post(path, body).await;
        assert_eq!(answer.refused_fields(), fields, "{}", answer.text());
    }
}

/// GR-16: the models of each edge with version, hash, size, classes and state; looking is audited.
#[tokio::test]
async fn models_are_shown_and_looking_is_audited() {
    let hub = TestHub::new().await;
    let viewer = hub.viewer().await;
    let tenant = with_gate(&hub).await;
    write(&hub, move |tx| {
        let model = ModelChanged {
            name: "plate-reader".into(),
            version: "3".into(),
            sha256: "ab".repeat(32),
            input: "160x40".into(),
            classes: "A-Z0-9".into(),
            loaded: false,
            why: "the file is missing".into(),
        };
        let told = Told {
            epoch: 1,
            seq: 1,
            at: at(1),
        };
        fleet::edges::model_changed(tx, tenant.organisation, tenant.edge, told, &model)
    })
    .await;
    let shown = viewer.get("/api/v1/models/metadata").await.json();
    let model = &shown["items"][0];
    assert_eq!(
        (&model["edge"]["name"], &model["version"]),
        (&json!("north-pi"), &json!("3"))
    );
    assert_eq!(
        (&model["loaded"], &model["why"]),
        (&json!(false), &json!("the file is missing"))
    );
    assert_eq!(
        viewer.get("/api/v1/edges").await.json()["items"][0]["models"][0]["name"],
        "plate-reader"
    );
    assert_eq!(actions(&hub).await, ["models.view"]);
}

/// VC-11: a permit says what its vehicle looks like in words that are known, and passages are asked for by them.
#[tokio::test]
async fn a_permits_vehicle_and_the_filters_take_known_words_only() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    let body = json!({ "plate": "AB12", "vehicle_type": "van", "vehicle_colour": "red" });
    let created = operator.post(PERMITS, body).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let permit = created.json();
    assert_eq!(permit["vehicle_type"], "van");
    assert_eq!(permit["vehicle_colour"], "red");
    let one = format!("{PERMITS}/{}", permit["id"].as_str().unwrap());
    let plain = operator.put(&one, json!({ "plate": "AB12" })).await.json();
    assert_eq!(plain["vehicle_type"], Value::Null);
    assert_eq!(plain["vehicle_colour"], Value::Null);
    for hostile in [
        json!("tank"),
        json!("Van"),
        json!(7),
        json!(["van"]),
        json!(""),
    ] {
        for field in ["vehicle_type", "vehicle_colour"] {
            let mut body = json!({ "plate": "CD34" });
            body[field] = hostile.clone();
            let refused = operator.post(PERMITS, body).await;
            assert!(refused.status.is_client_error(), "{field} {hostile}");
        }
    }
    let list = "/api/v1/passages?vehicle_type=van&vehicle_colour=red&mismatch=true";
    assert_eq!(operator.get(list).await.json()["items"], json!([]));
    for query in [
        "vehicle_type=tank",
        "vehicle_colour=",
        "mismatch=perhaps",
        "heading=up",
    ] {
        let refused = operator.get(&format!("/api/v1/passages?{query}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query}");
    }
}
