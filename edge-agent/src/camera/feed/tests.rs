//! Tests of feeds: the newest frame wins, a folder waits, a source that is away is tried again.

use vision::Picture;

use super::*;
use crate::camera::folder;

/// No test waits longer than this for an event.
const LIMIT: Duration = Duration::from_secs(30);

fn folder_of(pictures: u8) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..pictures {
        let picture = Picture::from_rgb(16, 16, vec![index; 16 * 16 * 3]).unwrap();
        let path = folder.path().join(format!("{index:03}.jpg"));
        std::fs::write(path, picture.to_jpeg(80).unwrap()).unwrap();
    }
    folder
}

fn started(path: &std::path::Path, lossless: bool) -> Feed {
    let config = Config::Folder(folder::Config {
        path: path.to_owned(),
        pace: Duration::ZERO,
        repeat: false,
    });
    Feed::start(
        "north",
        config,
        Credentials::default(),
        Clock::System,
        lossless,
    )
    .unwrap()
}

async fn next(feed: &mut Feed) -> FeedItem {
    tokio::time::timeout(LIMIT, feed.next())
        .await
        .expect("something from the camera")
}

/// What the feed has to say until it ends.
async fn all(feed: &mut Feed) -> Vec<FeedItem> {
    let mut items = Vec::new();
    loop {
        let item = next(feed).await;
        let is_end = item == FeedItem::Ended;
        items.push(item);
        if is_end {
            return items;
        }
    }
}

fn numbers(items: &[FeedItem]) -> Vec<u64> {
    items
        .iter()
        .filter_map(|item| match item {
            FeedItem::Frame(frame) => Some(frame.number),
            FeedItem::Unreadable { .. } | FeedItem::State(..) | FeedItem::Ended => None,
        })
        .collect()
}

#[tokio::test]
async fn a_lossless_folder_waits_for_the_gate_and_loses_nothing() {
    let folder = folder_of(40);
    std::fs::write(folder.path().join("020a.jpg"), b"garbage").unwrap();
    let mut feed = started(folder.path(), true);
    let items = all(&mut feed).await;
    assert_eq!(numbers(&items), (1..=40).collect::<Vec<u64>>());
    assert_eq!(items[0], FeedItem::State(CameraState::Live, String::new()));
    assert!(
        items
            .iter()
            .any(|item| matches!(item, FeedItem::Unreadable { name, .. } if name == "020a.jpg"))
    );
    let counts = feed.counts();
    assert_eq!(
        (counts.frames, counts.skipped, counts.unreadable),
        (40, 0, 1)
    );
    assert!(counts.ended);
}

/// GR-07
#[tokio::test]
async fn the_newest_frame_wins_if_the_gate_is_slow() {
    let folder = folder_of(40);
    let mut feed = started(folder.path(), false);
    let clock = Clock::System;
    let until = clock.monotonic() + LIMIT;
    while !feed.counts().ended && clock.monotonic() < until {
        std::thread::yield_now();
    }
    let items = all(&mut feed).await;
    assert_eq!(numbers(&items), [40]);
    assert_eq!(feed.counts().skipped, 39);
}

#[tokio::test]
async fn a_source_that_is_away_is_reported_once_and_opened_when_it_is_there() {
    let folder = folder_of(1);
    let path = folder.path().join("mounted");
    let mut feed = started(&path, true);
    let FeedItem::State(state, why) = next(&mut feed).await else {
        panic!("a state comes first");
    };
    assert_eq!(state, CameraState::Offline);
    assert!(why.contains("mounted"), "{why}");
    // Moved there whole: a folder that is seen half written would end early.
    std::fs::rename(folder_of(3).keep(), &path).unwrap();
    let items = all(&mut feed).await;
    assert_eq!(items[0], FeedItem::State(CameraState::Live, String::new()));
    assert_eq!(numbers(&items), [1, 2, 3]);
}

#[tokio::test]
async fn a_dropped_feed_ends_its_thread() {
    let folder = folder_of(5);
    let mut feed = started(folder.path(), true);
    next(&mut feed).await;
    let shared = Arc::downgrade(&feed.shared);
    drop(feed);
    let clock = Clock::System;
    let until = clock.monotonic() + LIMIT;
    while shared.strong_count() > 0 && clock.monotonic() < until {
        std::thread::yield_now();
    }
    assert_eq!(shared.strong_count(), 0);
}

#[test]
fn a_driver_that_panics_is_a_source_that_broke() {
    let error = guarded::<()>(|| panic!("ioctl")).unwrap_err();
    assert!(error.to_string().contains("ioctl"), "{error}");
}

#[test]
fn a_camera_is_frozen_only_after_enough_time_and_enough_frames() {
    let second = Duration::from_secs;
    let mut watch = Watch::new(true);
    assert_eq!(watch.frame(|| Some(1), second(0)), Some(CameraState::Live));
    // A slow camera: two pictures alike in 20 s are no proof.
    assert_eq!(watch.frame(|| Some(1), second(20)), None);
    for at in 21..23 {
        assert_eq!(watch.frame(|| Some(1), second(at)), None);
    }
    assert_eq!(
        watch.frame(|| Some(1), second(23)),
        Some(CameraState::Frozen)
    );
    assert_eq!(watch.frame(|| Some(1), second(24)), None);
    assert_eq!(watch.frame(|| Some(2), second(25)), Some(CameraState::Live));
    assert_eq!(watch.state_after_loss(), Some(CameraState::Offline));
    assert_eq!(watch.state_after_loss(), None);
    // Between a video's key frames nothing is known: the state stays.
    let mut video = Watch::new(true);
    for at in 0..20 {
        assert_eq!(
            video.frame(|| None, second(at)),
            (at == 0).then_some(CameraState::Live)
        );
    }
    for at in 20..30 {
        video.frame(|| Some(1), second(2 * at));
    }
    assert_eq!(video.frame(|| None, second(61)), None);
    assert_eq!(video.frame(|| Some(2), second(62)), Some(CameraState::Live));
    // A folder may show the same picture as often as it likes.
    let mut folder = Watch::new(false);
    folder.frame(|| Some(1), second(0));
    assert_eq!(folder.frame(|| Some(1), second(99)), None);
}

#[test]
fn raw_pixels_that_differ_anywhere_near_a_sampled_group_differ_in_print() {
    let pixels = |value: u8| Pixels::Rgb {
        width: 64,
        height: 64,
        bytes: vec![value; 64 * 64 * 3].into(),
    };
    assert_ne!(print_of(&pixels(1)), print_of(&pixels(2)));
    assert_eq!(print_of(&pixels(1)), print_of(&pixels(1)));
}
