//! A network camera: the drive as H.264 over RTSP, from its packets to passages at the hub.

use std::sync::Arc;
use std::time::Duration;

use contract::verdict::Outcome;
use harness::drive::Drive;
use harness::edge::Pictures;
use harness::record;
use harness::root;
use harness::rtsp::Camera;
use harness::rtsp::Login;
use harness::rtsp::Script;
use harness::rtsp::video::Video;
use harness::stage::Stage;
use harness::wait_for;

/// A key frame about every two seconds, as cameras are usually set; the last one shows an empty lane, which stays.
const KEY_EVERY: u32 = 11;
/// A drive takes this long at most, on a machine that does other things, too.
const DRIVE: Duration = Duration::from_secs(240);

/// GR-02: the drive plays through retina, with a password by Digest, and is judged as its truth says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_drive_over_rtsp_is_judged_as_it_is_from_a_folder() {
    let drive = Drive::load(&root()).unwrap();
    let folder = drive.folder.clone();
    let video = tokio::task::spawn_blocking(move || Video::of_folder(&folder, KEY_EVERY))
        .await
        .unwrap()
        .unwrap();
    let pace = Duration::from_secs_f64(1.0 / drive.frames_per_second);
    let mut script = Script::playing(Arc::new(video), pace);
    script.login = Some(Login::Digest("gate", "s3cret"));
    script.waits = true;
    let camera = Camera::start(script).await.unwrap();

    let mut pictures = Pictures::drive(&drive).unwrap();
    pictures.camera = Some(format!(
        "kind = \"rtsp\"\nurl = {:?}\nuser = \"gate\"\npassword_credential = \"front\"\n",
        camera.url()
    ));
    let mut stage = Stage::set_with(drive, &pictures).await.unwrap();
    let credentials = stage.folder.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("front"), "s3cret\n").unwrap();
    stage
        .edge
        .start_with_credentials(&credentials)
        .await
        .unwrap();
    let edge = &stage.edge;
    wait_for("the permit book and the camera", DRIVE, || async {
        let status = edge.status().await.ok()?;
        let is_live = status["cameras"][0]["state"] == "live";
        (is_live && status["book"]["permits"].as_u64()? > 0).then_some(())
    })
    .await
    .unwrap();
    let shown = edge.command(&["cameras"]).await.unwrap();
    assert!(
        shown.contains("front: live") && shown.contains("fps"),
        "{shown}"
    );

    camera.begin();
    let cars = stage.drive.passages.len() as u64;
    wait_for("the end of the video", DRIVE, || async {
        camera.has_played().then_some(())
    })
    .await
    .unwrap();
    wait_for("every car at the hub", DRIVE, || async {
        let status = edge.status().await.ok()?;
        let passages = status["gates"][0]["passages"].as_u64()?;
        let waiting = status["spool"]["waiting"].as_u64()?;
        (passages >= cars && waiting == 0).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(camera.sessions(), 1, "one session carried it all");
    let asked = camera.asked();
    assert!(asked.contains(&"PLAY".to_owned()), "{asked:?}");

    let mut passages = stage.api.list("/api/v1/passages").await.unwrap();
    passages.reverse();
    let told: Vec<(String, String)> = passages
        .iter()
        .map(|passage| {
            let text = |key: &str| passage[key].as_str().unwrap_or_default().to_owned();
            (text("plate"), text("outcome"))
        })
        .collect();
    let truth: Vec<(String, String)> = stage
        .drive
        .passages
        .iter()
        .map(|car| {
            let outcome = if car.permitted { "open" } else { "deny" };
            (car.plate.clone(), outcome.to_owned())
        })
        .collect();
    assert_eq!(told, truth);

    stage.edge.stop().await.unwrap();
    stage.hub.stop().await.unwrap();
    let at_edge = record::of_edge(&stage.edge.data()).await.unwrap();
    assert_eq!(
        record::plates(&at_edge, Outcome::Open),
        stage.drive.permitted()
    );
    record::same(&at_edge, &record::of_hub(&stage.hub.data()).await.unwrap()).unwrap();
}
