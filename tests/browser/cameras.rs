//! A camera's page: a look through it, areas drawn by mouse and keyboard, saved, applied, taken back.

use std::time::Duration;

use harness::drive::Drive;
use harness::edge::Pictures;
use harness::root;
use harness::stage::GATE;
use harness::stage::NAME;
use harness::stage::PASSWORD;
use harness::stage::Stage;
use harness::wait_for;
use serde_json::Value;

use crate::browser::Browser;

/// WebDriver's codes of keys.
const ENTER: &str = "\u{e007}";
const ARROW_RIGHT: &str = "\u{e014}";
const DELETE: &str = "\u{e017}";

/// GR-05, GR-06, UX-01: an operator draws on what the camera shows, and sees that the edge goes by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_draws_an_area_on_a_cameras_picture() {
    let drive = Drive::load(&root()).unwrap();
    let still = tempfile::tempdir().unwrap();
    std::fs::copy(drive.folder.join("008.jpg"), still.path().join("008.jpg")).unwrap();
    let pictures = Pictures::photographs(still.path()).unwrap();
    let mut stage = Stage::set_with(drive, &pictures).await.unwrap();
    stage.edge.start(None).await.unwrap();
    stage.edge.done(Duration::from_secs(120)).await.unwrap();
    let gates = stage.api.get("/api/v1/gates").await.unwrap();
    let gate = gates["items"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/gates/{gate}/cameras/front");

    let browser = Browser::start(stage.folder.path()).await.unwrap();
    let address = stage.hub.address();
    browser.go(&format!("{address}/login")).await.unwrap();
    browser.fill("Name", NAME).await.unwrap();
    browser.fill("Password", PASSWORD).await.unwrap();
    browser.press("Log in").await.unwrap();
    browser.sees("What matters to you now").await.unwrap();
    browser.go(&format!("{address}/edges")).await.unwrap();
    browser.follow("front").await.unwrap();
    browser.sees(GATE).await.unwrap();
    browser.sees("Edge\u{2019}s own settings").await.unwrap();
    browser.shows_pictures(1).await.unwrap();
    browser.look("camera-own").await.unwrap();

    // Three corners by mouse, one by the keyboard, where the cross stands at first.
    browser.press("Draw an area").await.unwrap();
    for corner in [[0.2, 0.25], [0.8, 0.25], [0.85, 0.9]] {
        browser.tap(corner).await.unwrap();
    }
    browser
        .type_into("Areas on the picture", ENTER)
        .await
        .unwrap();
    browser.sees("4 corners").await.unwrap();
    browser.look("camera-drawing").await.unwrap();
    browser.press("Finish the area").await.unwrap();
    // The fifth corner is put in on a side, moved, taken out again; the last act is undone.
    browser
        .type_into("Corner 1 of area 1", ENTER)
        .await
        .unwrap();
    browser
        .type_into("Corner 2 of area 1", ARROW_RIGHT)
        .await
        .unwrap();
    browser
        .type_into("Corner 5 of area 1", DELETE)
        .await
        .unwrap();
    browser.press("Undo").await.unwrap();
    browser.look("camera-drawn").await.unwrap();
    browser.press("Save").await.unwrap();
    browser.sees("Applied").await.unwrap();
    let set = stage.api.get(&path).await.unwrap();
    let corners = &set["settings"]["include"][0];
    assert_eq!(corners.as_array().unwrap().len(), 5, "{set}");
    // WebDriver counts from the middle of what is in view, in whole pixels.
    let near = |corner: &Value, [x, y]: [f64; 2]| {
        let part = |at: usize| corner[at].as_f64().unwrap();
        (part(0) - x).abs() < 0.03 && (part(1) - y).abs() < 0.03
    };
    for (corner, at) in corners.as_array().unwrap().iter().zip([
        [0.2, 0.25],
        [0.51, 0.25],
        [0.8, 0.25],
        [0.85, 0.9],
        [0.5, 0.5],
    ]) {
        assert!(near(corner, at), "{corner} is not at {at:?}");
    }
    let status = stage.edge.status().await.unwrap();
    assert_eq!(status["cameras"][0]["set_by"], "hub, revision 1");

    // The former settings again, with one press.
    browser.look("camera-applied").await.unwrap();
    browser
        .press_named("Take the edge\u{2019}s own settings again")
        .await
        .unwrap();
    wait_for(
        "the edge's own settings",
        Duration::from_secs(60),
        || async {
            let camera = stage.api.get(&path).await.ok()?;
            let is_own = camera["settings"].is_null() && camera["revision"] == 2;
            (is_own && camera["standing"] == "applied").then_some(())
        },
    )
    .await
    .unwrap();
    browser
        .sees("2: the edge\u{2019}s own settings")
        .await
        .unwrap();
    browser.look("camera-restored").await.unwrap();
    assert_eq!(
        browser.complaints().await.unwrap(),
        Vec::<String>::new(),
        "the browser complained"
    );
    browser.end().await.unwrap();
    stage.edge.stop().await.unwrap();
    stage.hub.stop().await.unwrap();
}
