//! The hub is away for the whole drive: the gate does not notice, and nothing is missing afterwards.

use std::time::Duration;

use contract::verdict::Outcome;
use harness::edge::cameras_ended;
use harness::record;
use harness::stage::Stage;
use harness::wait_for;

/// GR-13, GR-19, GR-20: the same plates open, and the hub ends with the same events, in order, none twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_hub_away_for_the_whole_drive_the_gate_opens_and_the_hub_catches_up() {
    let mut stage = Stage::set().await.unwrap();
    stage.hand_over_book().await.unwrap();
    stage.hub.stop().await.unwrap();
    let before = stage.edge.moves().unwrap().len();

    // The whole drive again, with nobody there.
    stage.edge.start(None).await.unwrap();
    wait_for("the drive to end", Duration::from_secs(240), || async {
        let status = stage.edge.status().await.ok()?;
        cameras_ended(&status).then_some(())
    })
    .await
    .unwrap();
    let waiting = stage.edge.progress().await.unwrap();
    assert!(waiting.waiting > 0, "the events wait: {waiting:?}");
    assert!(
        stage.edge.moves().unwrap().len() > before,
        "the arm moved without a hub"
    );

    stage.hub.start(None).await.unwrap();
    let progress = stage.edge.done(Duration::from_secs(60)).await.unwrap();
    assert_eq!(progress.waiting, 0);
    stage.edge.stop().await.unwrap();
    stage.hub.stop().await.unwrap();
    let at_edge = record::of_edge(&stage.edge.data()).await.unwrap();
    record::same(&at_edge, &record::of_hub(&stage.hub.data()).await.unwrap()).unwrap();
    let opened = record::plates(&at_edge, Outcome::Open);
    assert!(
        opened.ends_with(&stage.drive.permitted()),
        "the whole drive opened for {opened:?}"
    );
}
