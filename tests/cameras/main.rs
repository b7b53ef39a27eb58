//! Network cameras over RTSP: what they may send, refuse, lose and damage, against a camera in the test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use contract::event::CameraState;
use contract::time::Clock;
use edge_agent::camera::Config;
use edge_agent::camera::Credentials;
use edge_agent::camera::Feed;
use edge_agent::camera::FeedItem;
use edge_agent::camera::Frame;
use edge_agent::camera::Pixels;
use harness::rtsp::Camera;
use harness::rtsp::Login;
use harness::rtsp::Script;
use harness::rtsp::Trouble;
use harness::rtsp::video::Video;
use harness::wait_for;
use openh264::encoder::Profile;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

/// No test waits longer than this for an event.
const LIMIT: Duration = Duration::from_secs(60);
const PACE: Duration = Duration::from_millis(60);
const SECRET: &str = "correct horse";
/// The mean greys of the pictures of the usual video; a key frame each fourth.
const GREYS: [u8; 12] = [30, 46, 62, 78, 94, 110, 126, 142, 158, 174, 190, 206];
const KEY_EVERY: u32 = 4;
const SIZE: (u32, u32) = (320, 240);

fn usual_video() -> Arc<Video> {
    Arc::new(Video::of_greys(&GREYS, SIZE, KEY_EVERY, Profile::Baseline).unwrap())
}

fn usual_script() -> Script {
    Script::playing(usual_video(), PACE)
}

/// A feed from the camera, with other settings besides.
fn feed(camera: &Camera, settings: Value) -> (Feed, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("north"), SECRET).unwrap();
    let mut config = json!({"kind": "rtsp", "url": camera.url()});
    for (key, value) in settings.as_object().unwrap() {
        config[key] = value.clone();
    }
    let config: Config = serde_json::from_value(config).unwrap();
    assert!(config.faults().is_empty(), "{:?}", config.faults());
    let credentials = Credentials::in_folder(Some(folder.path().to_owned()));
    let feed = Feed::start("north", config, credentials, Clock::System, false).unwrap();
    (feed, folder)
}

async fn next(feed: &mut Feed) -> FeedItem {
    tokio::time::timeout(LIMIT, feed.next())
        .await
        .expect("something from the camera")
}

async fn next_frame(feed: &mut Feed) -> Frame {
    loop {
        if let FeedItem::Frame(frame) = next(feed).await {
            return frame;
        }
    }
}

/// Why the camera is away.
async fn why_offline(feed: &mut Feed) -> String {
    loop {
        if let FeedItem::State(CameraState::Offline, why) = next(feed).await {
            return why;
        }
    }
}

/// Which of the video's pictures a frame shows.
fn shown(frame: &Frame) -> usize {
    let picture = frame.decode().unwrap();
    assert_eq!((picture.width(), picture.height()), SIZE);
    let pixels = picture.grey().pixels();
    let mean = pixels.iter().map(|pixel| f64::from(*pixel)).sum::<f64>() / pixels.len() as f64;
    GREYS
        .iter()
        .position(|grey| (f64::from(*grey) - mean).abs() < 6.0)
        .unwrap_or_else(|| panic!("no picture of the video has the mean grey {mean}"))
}

/// The pictures that are shown until the video has played and its last key frame is repeated.
async fn all_shown(feed: &mut Feed, camera: &Camera) -> Vec<usize> {
    let mut all = Vec::new();
    loop {
        let is_over = camera.has_played();
        let frame = next_frame(feed).await;
        if is_over {
            return all;
        }
        all.push(shown(&frame));
    }
}

/// GR-02
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_over_tcp_or_udp_shows_its_pictures_in_order() {
    for transport in ["tcp", "udp"] {
        let camera = Camera::start(usual_script()).await.unwrap();
        let (mut feed, _folder) = feed(&camera, json!({"transport": transport}));
        let all = all_shown(&mut feed, &camera).await;
        assert!(all.is_sorted(), "{transport}: {all:?}");
        assert!(all.len() >= 3, "{transport}: {all:?}");
        assert_eq!(feed.counts().state, Some(CameraState::Live));
        drop(feed);
        wait_for("the camera to hear of the end", LIMIT, || async {
            camera
                .asked()
                .contains(&"TEARDOWN".to_owned())
                .then_some(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_profiles_of_cameras_are_decoded_without_delay() {
    for profile in [Profile::Main, Profile::High] {
        let video = Video::of_greys(&GREYS, SIZE, KEY_EVERY, profile).unwrap();
        let mut script = Script::playing(Arc::new(video), PACE);
        script.waits = true;
        let camera = Camera::start(script).await.unwrap();
        let (mut feed, _folder) = feed(&camera, json!({}));
        // The one picture that is sent again and again comes although nothing follows it.
        assert_eq!(shown(&next_frame(&mut feed).await), 0);
        camera.begin();
        let all = all_shown(&mut feed, &camera).await;
        assert!(all.is_sorted(), "{all:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_goes_by_basic_or_digest_and_a_wrong_or_missing_one_is_named() {
    for login in [Login::Basic("gate", SECRET), Login::Digest("gate", SECRET)] {
        let mut script = usual_script();
        script.login = Some(login);
        let camera = Camera::start(script).await.unwrap();
        let right = json!({"user": "gate", "password_credential": "north"});
        let (mut known, _folder) = feed(&camera, right);
        next_frame(&mut known).await;
        let (mut wrong, _folder) = feed(
            &camera,
            json!({"user": "guest", "password_credential": "north"}),
        );
        let why = why_offline(&mut wrong).await;
        assert!(
            why.contains("does not take this user and password"),
            "{why}"
        );
        assert!(!why.contains(SECRET), "{why}");
        let (mut nobody, _folder) = feed(&camera, json!({}));
        let why = why_offline(&mut nobody).await;
        assert!(why.contains("none are configured"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_and_another_codec_are_named_with_what_to_do() {
    for (status, codec, wanted) in [
        (Some(404), "H264", "no such stream"),
        (Some(453), "H264", "no room for another viewer"),
        (None, "H265", "only H.264 is read"),
        (None, "JPEG", "only H.264 is read"),
    ] {
        let mut script = usual_script();
        script.status = status;
        script.codec = codec;
        let camera = Camera::start(script).await.unwrap();
        let (mut feed, _folder) = feed(&camera, json!({}));
        let why = why_offline(&mut feed).await;
        assert!(why.contains(wanted), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_is_lost_or_cut_costs_those_up_to_the_next_key_frame_and_none_is_shown_broken()
 {
    for trouble in [Trouble::Lose(5), Trouble::Cut(5), Trouble::Garbage(5)] {
        let mut script = usual_script();
        script.trouble = trouble;
        let camera = Camera::start(script).await.unwrap();
        let (mut feed, _folder) = feed(&camera, json!({}));
        let all = all_shown(&mut feed, &camera).await;
        assert!(
            !all.iter().any(|number| (5..8).contains(number)),
            "{trouble:?}: {all:?}"
        );
        assert!(
            all.iter().any(|number| *number >= 8),
            "{trouble:?}: {all:?}"
        );
        assert!(all.is_sorted(), "{trouble:?}: {all:?}");
        assert_eq!(camera.sessions(), 1, "{trouble:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_bytes_in_a_picture_do_not_end_the_stream() {
    let mut script = usual_script();
    script.trouble = Trouble::Garble(5);
    let camera = Camera::start(script).await.unwrap();
    let (mut feed, _folder) = feed(&camera, json!({}));
    wait_for("the end of the video", LIMIT, || async {
        camera.has_played().then_some(())
    })
    .await
    .unwrap();
    // What is repeated after the video is its last key frame.
    let still = async { while shown(&next_frame(&mut feed).await) != 8 {} };
    tokio::time::timeout(LIMIT, still)
        .await
        .expect("the last key frame");
    assert_eq!(camera.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_dies_in_a_picture_or_falls_silent_is_reported_and_opened_again() {
    for trouble in [Trouble::DieIn(5), Trouble::Silent] {
        let mut script = usual_script();
        script.trouble = trouble;
        script.troubled = 1;
        let camera = Camera::start(script).await.unwrap();
        let (mut feed, _folder) = feed(&camera, json!({}));
        let why = why_offline(&mut feed).await;
        assert!(why.contains("the camera is silent"), "{trouble:?}: {why}");
        loop {
            if let FeedItem::State(CameraState::Live, _) = next(&mut feed).await {
                break;
            }
        }
        assert!(shown(&next_frame(&mut feed).await) <= GREYS.len());
        assert_eq!(camera.sessions(), 2, "{trouble:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_marks_and_with_a_standing_clock_is_shown() {
    let mut script = usual_script();
    script.trouble = Trouble::NoMarks;
    let camera = Camera::start(script).await.unwrap();
    let (mut feed, _folder) = feed(&camera, json!({}));
    let all = all_shown(&mut feed, &camera).await;
    assert!(all.is_sorted() && all.len() > 3, "{all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_in_the_description_is_passed_over_if_the_stream_brings_its_own_parameter_sets() {
    for sets in ["", "Z0IAHv8=,aP8=", "////,!!!!", "Z0LAHg=="] {
        let mut script = usual_script();
        script.described_sets = Some(sets.to_owned());
        let camera = Camera::start(script).await.unwrap();
        let (mut feed, _folder) = feed(&camera, json!({}));
        shown(&next_frame(&mut feed).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_key_frames_only_nothing_else_is_decoded() {
    let camera = Camera::start(usual_script()).await.unwrap();
    let (mut feed, _folder) = feed(&camera, json!({"keyframes_only": true}));
    let all = all_shown(&mut feed, &camera).await;
    assert!(
        all.iter().all(|number| number % KEY_EVERY as usize == 0),
        "{all:?}"
    );
    assert!(!all.is_empty());
    let frame = next_frame(&mut feed).await;
    assert!(matches!(frame.pixels, Pixels::Yuv420 { is_key: true, .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_may_change_in_the_middle_of_a_stream() {
    let mut video = Video::of_greys(&GREYS[..4], (640, 480), KEY_EVERY, Profile::Main).unwrap();
    let small = Video::of_greys(&GREYS[4..8], SIZE, KEY_EVERY, Profile::Baseline).unwrap();
    video.pictures.extend(small.pictures);
    let camera = Camera::start(Script::playing(Arc::new(video), PACE))
        .await
        .unwrap();
    let (mut feed, _folder) = feed(&camera, json!({}));
    let mut widths = Vec::new();
    loop {
        let picture = next_frame(&mut feed).await.decode().unwrap();
        if widths.last() != Some(&picture.width()) {
            widths.push(picture.width());
        }
        if picture.width() == SIZE.0 {
            break;
        }
    }
    assert_eq!(widths.last(), Some(&320));
    assert_eq!(camera.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_kept_alive() {
    let mut script = usual_script();
    script.timeout = 2;
    let camera = Camera::start(script).await.unwrap();
    let (feed, _folder) = feed(&camera, json!({}));
    wait_for("signs of life", LIMIT, || async {
        let asked = camera.asked();
        (asked.contains(&"OPTIONS".to_owned()) && asked.contains(&"GET_PARAMETER".to_owned()))
            .then_some(())
    })
    .await
    .unwrap();
    assert_eq!(feed.counts().state, Some(CameraState::Live));
    assert_eq!(camera.sessions(), 1);
}
