//! Cameras as callers see them: rights, revisions, field errors, history, looks.

use axum::http::StatusCode;
use bytes::Bytes;
use contract::camera;
use contract::event::CameraChanged;
use contract::event::CameraSet;
use contract::event::CameraState;
use contract::ids::EdgeId;
use contract::time::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::fleet::cameras;
use crate::fleet::gates;
use crate::fleet::gates::Told;
use crate::fleet::sight::Shot;
use crate::parking::tests::Tenant;
use crate::web::desk_tests::trail;
use crate::web::desk_tests::with_gate;
use crate::web::desk_tests::write;
use crate::web::testing::Answer;
use crate::web::testing::Person;
use crate::web::testing::TestHub;
use crate::web::testing::picture;

fn told(seq: u64) -> Told {
    Told {
        epoch: 1,
        seq,
        at: Timestamp::from_millis(1),
    }
}

/// A gate whose edge has reported the camera `front`.
async fn with_camera(hub: &TestHub) -> (Tenant, String) {
    let tenant = with_gate(hub).await;
    write(hub, move |tx| {
        let live = CameraChanged {
            camera: "front".into(),
            state: CameraState::Live,
            why: String::new(),
        };
        gates::camera_changed(tx, tenant.organisation, tenant.gate, told(1), &live)
    })
    .await;
    (
        tenant,
        format!("/api/v1/gates/{}/cameras/front", tenant.gate),
    )
}

async fn set(person: &Person, path: &str, seen: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("if-match", seen)];
    person
        .send_with("PUT", path, &headers, body.to_string().into_bytes())
        .await
}

async fn restore(person: &Person, path: &str, seen: &str, revision: u64) -> Answer {
    let headers = [("content-type", "application/json"), ("if-match", seen)];
    let body = json!({ "revision": revision }).to_string().into_bytes();
    person
        .send_with("POST", &format!("{path}/restore"), &headers, body)
        .await
}

async fn answered(hub: &TestHub, tenant: Tenant, seq: u64, revision: u64, refused: Option<&str>) {
    let set = CameraSet {
        camera: "front".into(),
        revision,
        refused: refused.map(str::to_owned),
    };
    write(hub, move |tx| {
        cameras::answered(tx, tenant.organisation, tenant.gate, told(seq), &set)
    })
    .await;
}

fn triangle() -> Value {
    json!([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]])
}

/// GR-05, GR-06: set, waiting, applied, refused, history with who and when, former settings again, audit.
#[tokio::test]
async fn a_camera_is_set_answered_and_taken_back() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    let (tenant, path) = with_camera(&hub).await;
    let first = operator.get(&path).await;
    assert_eq!(first.headers["etag"], "\"0\"");
    assert_eq!(first.json()["standing"], "own");
    assert_eq!(first.json()["settings"], Value::Null);

    let body = json!({ "fps": 5, "include": [triangle()], "exclude": [] });
    let done = set(&operator, &path, "\"0\"", &body).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(done.headers["etag"], "\"1\"");
    let shown = done.json();
    assert_eq!(
        (&shown["settings"], &shown["standing"], &shown["revision"]),
        (&body, &json!("waiting"), &json!(1))
    );
    answered(&hub, tenant, 2, 1, None).await;
    assert_eq!(operator.get(&path).await.json()["standing"], "applied");

    let other = json!({ "fps": 15 });
    set(&operator, &path, "\"1\"", &other).await;
    answered(&hub, tenant, 3, 2, Some("fps: no\u{7}")).await;
    // An older answer that comes late changes nothing.
    answered(&hub, tenant, 2, 1, None).await;
    let refused = operator.get(&path).await.json();
    assert_eq!(
        (&refused["standing"], &refused["refused"]),
        (&json!("refused"), &json!("fps: no"))
    );

    let back = restore(&operator, &path, "\"2\"", 1).await.json();
    assert_eq!((&back["settings"], &back["revision"]), (&body, &json!(3)));
    let own = restore(&operator, &path, "\"3\"", 0).await.json();
    assert_eq!(own["settings"], Value::Null);
    assert_eq!(own["standing"], "waiting", "the edge has to hear of it");
    let gone = restore(&operator, &path, "\"4\"", 77).await;
    assert_eq!(gone.refused_fields(), ["revision"]);

    let history = operator.get(&format!("{path}/history")).await.json();
    let told: Vec<(Value, Value, bool)> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["revision"].clone(),
                item["restores"].clone(),
                item["by"].as_str().unwrap().starts_with("operator-"),
            )
        })
        .collect();
    let expected = [
        (4, json!(0)),
        (3, json!(1)),
        (2, Value::Null),
        (1, Value::Null),
    ];
    assert_eq!(
        told,
        expected.map(|(revision, restores)| (json!(revision), restores, true))
    );
    let lines = trail(&hub).await;
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines.iter().all(|line| line.0 == "camera.set"), "{lines:?}");
}

/// GR-06: each bad field is named, nothing is written; a stale revision is 412.
#[tokio::test]
async fn bad_settings_are_refused_field_by_field_and_a_stale_revision_is_said() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    let (_, path) = with_camera(&hub).await;
    let crossed = json!([[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]);
    let many = json!(vec![triangle(); 17]);
    for (body, fields) in [
        (json!({}), vec!["fps"]),
        (json!({ "fps": 0 }), vec!["fps"]),
        (
            json!({ "fps": 16, "include": [[[0, 0]]] }),
            vec!["fps", "include[0]"],
        ),
        (json!({ "fps": 300 }), vec!["fps"]),
        (
            json!({ "fps": 5, "exclude": [crossed] }),
            vec!["exclude[0]"],
        ),
        (
            json!({ "fps": 5, "include": [[[0, 0], [1.1, 0], [0, 1]]] }),
            vec!["include[0]"],
        ),
        (
            json!({ "fps": 5, "include": [[[0, 0], [1e39, 0], [0, 1]]] }),
            vec!["include[0]"],
        ),
        (
            json!({ "fps": 5, "include": [[[0, 0], [null, 0], [0, 1]]] }),
            vec!["include[0][1][0]"],
        ),
        (
            json!({ "fps": 5, "include": [[[0, 0, 0]]] }),
            vec!["include[0][0]"],
        ),
        (json!({ "fps": 5, "include": many }), vec!["include"]),
        (json!({ "fps": 5, "incldue": [] }), vec!["incldue"]),
    ] {
        let answer = set(&operator, &path, "\"0\"", &body).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{body}: {}",
            answer.text()
        );
        assert_eq!(answer.refused_fields(), fields, "{body}: {}", answer.text());
    }
    let good = json!({ "fps": 5 });
    for seen in ["", "*", "0", "\"x\"", "W/\"0\"", "\"-1\""] {
        let answer = set(&operator, &path, seen, &good).await;
        assert_eq!(answer.refused_fields(), ["If-Match"], "{seen}");
    }
    assert!(trail(&hub).await.is_empty());
    assert_eq!(
        set(&operator, &path, "\"0\"", &good).await.status,
        StatusCode::OK
    );
    let stale = set(&operator, &path, "\"0\"", &good).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(stale.json()["error_code"], "stale");
    assert_eq!(
        restore(&operator, &path, "\"0\"", 0).await.status,
        StatusCode::PRECONDITION_FAILED
    );
}

/// GR-05, GR-06, SE-17: who may do what, and that nobody meets another organisation's camera, or one that is not there.
#[tokio::test]
async fn only_who_may_sets_a_camera_and_only_one_that_is_there() {
    let hub = TestHub::new().await;
    let (tenant, path) = with_camera(&hub).await;
    let body = json!({ "fps": 5 });
    let viewer = hub.viewer().await;
    assert_eq!(viewer.get(&path).await.status, StatusCode::OK);
    assert_eq!(
        set(&viewer, &path, "\"0\"", &body).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        viewer.get(&format!("{path}/snapshot")).await.status,
        StatusCode::FORBIDDEN
    );
    let foreign = hub.foreign_admin().await;
    let admin = hub.admin().await;
    let rear = format!("/api/v1/gates/{}/cameras/rear", tenant.gate);
    for (person, path) in [(&foreign, &path), (&admin, &rear)] {
        let answers = [
            person.get(path).await,
            person.get(&format!("{path}/history")).await,
            person.get(&format!("{path}/snapshot")).await,
            set(person, path, "\"0\"", &body).await,
            restore(person, path, "\"0\"", 0).await,
        ];
        for answer in answers {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text());
        }
    }
    assert_eq!(
        set(&admin, &path, "\"0\"", &body).await.status,
        StatusCode::OK
    );
}

fn report(tenant: Tenant, revision: u64) -> camera::CameraReport {
    let settings = camera::CameraSettings {
        fps: 5,
        areas: contract::area::Areas::default(),
    };
    camera::CameraReport {
        gate: tenant.gate,
        camera: "front".into(),
        revision,
        in_force: settings.clone(),
        own: settings,
        camera_fps: 25.0,
        allowed_fps: 5,
        looked_fps: 4.75,
        last_frame: None,
    }
}

/// GR-05: the measured rate stands beside the wanted one; what the edge says now counts more than what it said once.
#[tokio::test]
async fn the_edges_report_shows_the_measured_rate_and_what_holds() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    let (tenant, path) = with_camera(&hub).await;
    assert_eq!(operator.get(&path).await.json()["report"], Value::Null);
    let (connected, _requests) = hub.hub.sight.connect(tenant.edge);
    set(&operator, &path, "\"0\"", &json!({ "fps": 5 })).await;
    connected.report(report(tenant, 1), Timestamp::from_millis(5));
    let shown = operator.get(&path).await.json();
    assert_eq!(shown["standing"], "applied", "{shown}");
    assert_eq!(shown["report"]["looked_fps"], 4.75);
    // The edge said that it holds, and then lost its disk.
    answered(&hub, tenant, 2, 1, None).await;
    connected.report(report(tenant, 0), Timestamp::from_millis(6));
    assert_eq!(operator.get(&path).await.json()["standing"], "waiting");
    // Another edge's report about this gate is not believed.
    let (stranger, _requests) = hub.hub.sight.connect(EdgeId(uuid::Uuid::from_u128(99)));
    stranger.report(report(tenant, 1), Timestamp::from_millis(7));
    assert_eq!(operator.get(&path).await.json()["standing"], "waiting");
    drop(connected);
    assert_eq!(operator.get(&path).await.json()["report"], Value::Null);
}

/// An edge that holds more than this database remembers is given the database's word under a newer number, once.
#[tokio::test]
async fn a_hub_from_a_backup_overtakes_what_its_edge_holds() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    let (tenant, path) = with_camera(&hub).await;
    set(&operator, &path, "\"0\"", &json!({ "fps": 5 })).await;
    let reported = move |edge, revision| {
        move |tx: &mut crate::store::Tx| {
            let at = Timestamp::from_millis(9);
            let which = (tenant.gate, "front");
            cameras::overtake(tx, tenant.organisation, edge, which, revision, at)
        }
    };
    assert!(!write(&hub, reported(tenant.edge, 1)).await);
    let stranger = EdgeId(uuid::Uuid::from_u128(99));
    assert!(!write(&hub, reported(stranger, 9)).await);
    assert!(write(&hub, reported(tenant.edge, 9)).await);
    assert!(!write(&hub, reported(tenant.edge, 9)).await);
    let shown = operator.get(&path).await.json();
    assert_eq!(
        (&shown["revision"], &shown["settings"]["fps"]),
        (&json!(10), &json!(5))
    );
    let history = operator.get(&format!("{path}/history")).await.json();
    assert_eq!(history["items"][0]["by"], Value::Null);
    // No hub ever gave such a number.
    assert!(!write(&hub, reported(tenant.edge, u64::MAX >> 1)).await);
}

/// GR-06: a look is one picture from the edge, and a line in the audit trail.
#[tokio::test]
async fn a_look_through_a_camera_comes_from_its_edge_and_is_audited() {
    let hub = TestHub::new().await;
    let operator = hub.operator().await;
    let (tenant, path) = with_camera(&hub).await;
    let look = format!("{path}/snapshot");
    let away = operator.get(&look).await;
    assert_eq!(away.status, StatusCode::CONFLICT, "{}", away.text());

    let (connected, mut requests) = hub.hub.sight.connect(tenant.edge);
    let (answer, ()) = tokio::join!(operator.get(&look), async {
        let request = requests.recv().await.unwrap();
        assert_eq!(
            (request.gate, request.camera.as_str()),
            (tenant.gate, "front")
        );
        let shot = Shot {
            at: Timestamp::from_millis(1_767_225_600_000),
            bytes: Bytes::from(picture()),
        };
        connected.answer(request.id, Ok(shot));
    });
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.bytes.starts_with(b"\xff\xd8\xff"));
    assert_eq!(answer.headers["content-type"], "image/jpeg");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["x-taken-at"], "2026-01-01T00:00:00.000Z");

    let (none, ()) = tokio::join!(operator.get(&look), async {
        let request = requests.recv().await.unwrap();
        connected.answer(
            request.id,
            Err("the camera has given no picture yet".into()),
        );
    });
    assert_eq!(none.status, StatusCode::CONFLICT);
    assert!(
        none.text().contains("has given no picture yet"),
        "{}",
        none.text()
    );
    let lines = trail(&hub).await;
    assert_eq!(lines.len(), 3);
    assert!(
        lines.iter().all(|line| line.0 == "camera.look"),
        "{lines:?}"
    );
}
