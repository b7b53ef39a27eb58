//! Permits come down as directives, and the next car is judged by the new book.

use std::time::Duration;

use harness::stage::Stage;
use harness::wait_for;
use reqwest::Method;
use serde_json::Value;

async fn book_at_edge(stage: &Stage, permits: u64) -> Value {
    wait_for(
        &format!("a book of {permits} permits at the edge"),
        Duration::from_secs(30),
        || async {
            let status = stage.edge.status().await.ok()?;
            (status["book"]["permits"].as_u64()? == permits).then(|| status["book"].clone())
        },
    )
    .await
    .unwrap()
}

/// AC-01, AC-02: withdrawn at the hub, closed at the gate; the book survives a restart without the hub.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_permit_closes_the_gate_and_the_book_survives_a_restart() {
    let mut stage = Stage::set().await.unwrap();
    let all = stage.drive.permits.len() as u64;
    let plate = stage.drive.permitted()[0].clone();
    let permits = stage.api.list("/api/v1/permits").await.unwrap();
    let permit = permits
        .iter()
        .find(|p| p["plate"] == plate.as_str())
        .unwrap();
    let path = format!("/api/v1/permits/{}", permit["id"].as_str().unwrap());
    stage.api.expect(Method::DELETE, &path, None).await.unwrap();

    stage.edge.start(None).await.unwrap();
    let book = book_at_edge(&stage, all - 1).await;
    stage.hub.stop().await.unwrap();
    stage.edge.stop().await.unwrap();

    stage.edge.start(None).await.unwrap();
    assert_eq!(
        book_at_edge(&stage, all - 1).await["version"],
        book["version"]
    );
    stage.hub.start(None).await.unwrap();
    stage.log_in_again().await.unwrap();
    stage.edge.done(Duration::from_secs(240)).await.unwrap();
    let passages = stage
        .api
        .list(&format!("/api/v1/passages?plate={plate}"))
        .await
        .unwrap();
    let last = &passages[0];
    assert_eq!(
        (last["outcome"].as_str(), last["reason"].as_str()),
        (Some("deny"), Some("unknown")),
        "{last}"
    );
    assert_eq!(last["book_version"], book["version"]);

    // Undo: the permit is in force again, and the gate has it.
    stage
        .api
        .post(&format!("{path}/restore"), Value::Null)
        .await
        .unwrap();
    book_at_edge(&stage, all).await;
}
