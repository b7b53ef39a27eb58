//! A person sets a camera at the hub: the edge goes by it while its cameras run, and says so.

use std::sync::Arc;
use std::time::Duration;

use harness::drive::Drive;
use harness::edge::Pictures;
use harness::root;
use harness::rtsp::Camera;
use harness::rtsp::Script;
use harness::rtsp::video::Video;
use harness::stage::Stage;
use harness::wait_for;
use serde_json::Value;
use serde_json::json;

const KEY_EVERY: u32 = 11;
/// About eight frames a second.
const PACE: Duration = Duration::from_millis(120);
/// On a machine that does other things, too.
const LIMIT: Duration = Duration::from_secs(240);

/// GR-05, GR-06: the measured rate follows within seconds and without a restart; plates outside the drawn area are no
/// passages; what was set survives a restart of the edge, and a look through the camera is audited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_set_at_the_hub_is_looked_at_as_a_person_says() {
    let drive = Drive::load(&root()).unwrap();
    let folder = drive.folder.clone();
    let video = tokio::task::spawn_blocking(move || Video::of_folder(&folder, KEY_EVERY))
        .await
        .unwrap()
        .unwrap();
    let mut script = Script::playing(Arc::new(video), PACE);
    script.waits = true;
    let camera = Camera::start(script).await.unwrap();
    let mut pictures = Pictures::drive(&drive).unwrap();
    pictures.camera = Some(format!("kind = \"rtsp\"\nurl = {:?}\n", camera.url()));
    let mut stage = Stage::set_with(drive, &pictures).await.unwrap();
    stage.edge.start(None).await.unwrap();

    let gates = stage.api.get("/api/v1/gates").await.unwrap();
    let gate = gates["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/gates/{gate}/cameras/front");
    let first = wait_for("the camera at its usual rate", LIMIT, || async {
        let camera = stage.api.get(&path).await.ok()?;
        (looked_fps(&camera)? > 6.0).then_some(camera)
    })
    .await
    .unwrap();
    assert_eq!(
        (&first["standing"], &first["report"]["own"]["fps"]),
        (&json!("own"), &json!(10))
    );
    let (kind, picture) = stage.api.bytes(&format!("{path}/snapshot")).await.unwrap();
    assert_eq!(kind, "image/jpeg");
    vision::Picture::decode(&picture).expect("a snapshot is a picture");

    // A corner of the sky counts, and two frames a second of it.
    let sky = json!([[0.0, 0.0], [0.2, 0.0], [0.0, 0.15]]);
    let body = json!({ "fps": 2, "include": [sky], "exclude": [] });
    let started = stage.edge.status().await.unwrap()["started_at"].clone();
    let set = stage.api.put_over(&path, 0, body.clone()).await.unwrap();
    assert_eq!(set["revision"], 1);
    let asked = tokio::time::Instant::now();
    let applied = wait_for("the measured rate", LIMIT, || async {
        let camera = stage.api.get(&path).await.ok()?;
        let is_slow = looked_fps(&camera)? < 3.0;
        (is_slow && camera["standing"] == "applied").then_some(camera)
    })
    .await
    .unwrap();
    eprintln!("the measured rate followed after {:?}", asked.elapsed());
    assert_eq!(applied["settings"], body);
    let status = stage.edge.status().await.unwrap();
    assert_eq!(status["started_at"], started, "no restart");
    assert_eq!(status["cameras"][0]["set_by"], "hub, revision 1");

    // Every frame is looked at, every car drives by, and none of their plates is in the sky.
    let faster = json!({ "fps": 15, "include": [sky], "exclude": [] });
    stage.api.put_over(&path, 1, faster).await.unwrap();
    wait_for("the measured rate to rise again", LIMIT, || async {
        let camera = stage.api.get(&path).await.ok()?;
        (looked_fps(&camera)? > 5.0).then_some(())
    })
    .await
    .unwrap();
    camera.begin();
    wait_for("the end of the video", LIMIT, || async {
        camera.has_played().then_some(())
    })
    .await
    .unwrap();
    stage.edge.stop().await.unwrap();
    stage.edge.start(None).await.unwrap();
    let edge = &stage.edge;
    let status = wait_for("the edge after its restart", LIMIT, || async {
        let status = edge.status().await.ok()?;
        (status["spool"]["waiting"] == 0 && status["cameras"][0]["state"] == "live")
            .then_some(status)
    })
    .await
    .unwrap();
    assert_eq!(status["cameras"][0]["set_by"], "hub, revision 2");
    assert_eq!(status["cameras"][0]["wanted_fps"], 15);
    let passages = stage.api.list("/api/v1/passages").await.unwrap();
    assert_eq!(passages, Vec::<Value>::new());
    let audit = stage.api.list("/api/v1/audit").await.unwrap();
    for action in ["camera.set", "camera.look"] {
        assert!(
            audit.iter().any(|line| line["action"] == action),
            "{action} in {audit:?}"
        );
    }
    stage.edge.stop().await.unwrap();
    stage.hub.stop().await.unwrap();
}

fn looked_fps(camera: &Value) -> Option<f64> {
    camera["report"]["looked_fps"].as_f64()
}
