//! A person opens the gate by hand: once, and only if the order is fresh.

use std::time::Duration;

use harness::stage::GATE;
use harness::stage::Stage;
use harness::wait_for;
use serde_json::Value;
use serde_json::json;

async fn gate(stage: &Stage) -> String {
    let gates = stage.api.get("/api/v1/gates").await.unwrap();
    let gate = gates["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|gate| gate["name"] == GATE)
        .unwrap();
    gate["id"].as_str().unwrap().to_owned()
}

async fn ended(stage: &Stage, gate: &str, order: &Value) -> Value {
    wait_for("the order's end", Duration::from_secs(40), || async {
        let orders = stage
            .api
            .get(&format!("/api/v1/gates/{gate}/orders"))
            .await
            .ok()?;
        let found = orders["items"]
            .as_array()?
            .iter()
            .find(|o| o["id"] == order["id"])?
            .clone();
        (!matches!(found["state"].as_str()?, "waiting" | "sent")).then_some(found)
    })
    .await
    .unwrap()
}

/// Sets a stage with a picture in which nothing moves the arm, and waits until the edge is connected.
async fn quiet_stage() -> Stage {
    let drive = harness::drive::Drive::load(&harness::root()).unwrap();
    let still = tempfile::tempdir().unwrap();
    std::fs::copy(drive.folder.join("000.jpg"), still.path().join("000.jpg")).unwrap();
    let mut pictures = harness::edge::Pictures::photographs(still.path()).unwrap();
    pictures.folder = still.keep();
    let mut stage = Stage::set_with(drive, &pictures).await.unwrap();
    stage.edge.start(None).await.unwrap();
    stage.edge.done(Duration::from_secs(60)).await.unwrap();
    stage
}

/// GR-14: the barrier acts, and the order carries user, reason and result.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_opens_the_gate_once_and_its_result_comes_back() {
    let stage = quiet_stage().await;
    assert!(
        stage.edge.moves().unwrap().is_empty(),
        "nothing moved on start-up"
    );
    let gate = gate(&stage).await;
    let body = json!({"action": "open", "reason": "the plate is muddy"});
    let order = stage
        .api
        .post(&format!("/api/v1/gates/{gate}/orders"), body)
        .await
        .unwrap();
    let done = ended(&stage, &gate, &order).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(
        (done["by"].as_str(), done["reason"].as_str()),
        (Some("marisol"), Some("the plate is muddy"))
    );
    wait_for(
        "the arm to close again",
        Duration::from_secs(20),
        || async { (stage.edge.moves().ok()? == ["open", "close"]).then_some(()) },
    )
    .await
    .unwrap();
    let audit = stage.api.list("/api/v1/audit").await.unwrap();
    assert!(
        audit
            .iter()
            .any(|line| line["details"].to_string().contains("the plate is muddy")),
        "{audit:?}"
    );
}

/// GR-14: reconnecting never opens an empty lane.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_nobody_collected_in_time_never_moves_the_arm() {
    let mut stage = quiet_stage().await;
    let gate = gate(&stage).await;
    stage.edge.stop().await.unwrap();
    let body = json!({"action": "open", "reason": "nobody is there"});
    let order = stage
        .api
        .post(&format!("/api/v1/gates/{gate}/orders"), body)
        .await
        .unwrap();
    let done = ended(&stage, &gate, &order).await;
    assert_eq!(done["state"], "expired", "{done}");
    stage.edge.start(None).await.unwrap();
    stage.edge.done(Duration::from_secs(60)).await.unwrap();
    assert!(stage.edge.moves().unwrap().is_empty());
}

/// GR-14, GR-12: a hand's order does not close the arm on somebody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_is_blocked_while_the_safety_input_is_active() {
    let stage = quiet_stage().await;
    let gate = gate(&stage).await;
    let path = format!("/api/v1/gates/{gate}/orders");
    let held = stage
        .api
        .post(
            &path,
            json!({"action": "hold_open", "reason": "a wide load"}),
        )
        .await
        .unwrap();
    assert_eq!(ended(&stage, &gate, &held).await["state"], "done");
    stage.edge.set_inputs(&json!({"safety": true})).unwrap();
    wait_for(
        "the safety input at the hub",
        Duration::from_secs(20),
        || async {
            let edges = stage.api.get("/api/v1/edges").await.ok()?;
            let inputs = edges["items"][0]["gates"][0]["inputs"].as_array()?.clone();
            inputs
                .iter()
                .any(|input| input["name"] == "safety" && input["active"] == true)
                .then_some(())
        },
    )
    .await
    .unwrap();
    let close = stage
        .api
        .post(&path, json!({"action": "close", "reason": "done"}))
        .await
        .unwrap();
    assert_eq!(ended(&stage, &gate, &close).await["state"], "blocked");
    assert_eq!(stage.edge.moves().unwrap(), ["open"]);
}
