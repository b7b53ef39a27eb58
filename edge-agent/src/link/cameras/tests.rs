//! Settings of cameras at the edge: kept, applied while cameras run, refused; reports and pictures.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use contract::area::Areas;
use contract::time::Clock;
use contract::time::Timestamp;

use super::*;
use crate::camera::Ceiling;
use crate::camera::Controls;
use crate::camera::Frame;
use crate::camera::Measured;
use crate::camera::Mount;
use crate::camera::Pixels;
use crate::link::hub_time::HubTime;
use crate::orders;
use crate::store::Store;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn gate() -> GateId {
    GateId::new(Timestamp::from_millis(1), [1; 10])
}

fn key() -> (GateId, String) {
    (gate(), "front".to_owned())
}

/// An edge with one camera, which `edge.toml` says is looked at 10 times a second.
fn edge(dir: &Path) -> Shared {
    let store = Store::open(dir, Clock::manual(NOW).0, crate::store::Config::default()).unwrap();
    let mount: Mount =
        serde_json::from_str(r#"{"fps":10,"kind":"folder","path":"/nowhere"}"#).unwrap();
    let control = Control::new(&mount, &Ceiling::default());
    for kept in store.cameras.list() {
        control
            .apply(kept.revision, kept.settings.as_ref())
            .unwrap();
    }
    Shared {
        store: Arc::new(store),
        orders: orders::channel().0,
        time: Mutex::new(HubTime::default()),
        term: Mutex::new(0),
        cameras: Controls::from([(key(), control)]),
        told: Mutex::default(),
    }
}

fn settings(fps: u8) -> CameraSettings {
    CameraSettings {
        fps,
        areas: Areas {
            include: vec![vec![[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]],
            exclude: Vec::new(),
        },
    }
}

fn directive(revision: u64, settings: Option<CameraSettings>) -> CameraDirective {
    CameraDirective {
        gate: gate(),
        camera: "front".into(),
        revision,
        settings,
    }
}

async fn say_to(edge: &Shared, directive: CameraDirective) {
    let message = CameraDirectives {
        term: 1,
        cameras: vec![directive],
    };
    take(edge, message).await.unwrap();
}

/// What the edge answered: revisions with why they were refused.
fn answers(edge: &Shared) -> Vec<(u64, Option<String>)> {
    let events = edge.store.spool.read(1, 1_000, usize::MAX).unwrap();
    events
        .iter()
        .filter_map(|event| {
            if let Some(Fact::CameraSet(set)) = event.fact().unwrap() {
                assert_eq!(event.gate, Some(gate()));
                Some((set.revision, set.refused))
            } else {
                None
            }
        })
        .collect()
}

/// GR-05, GR-06: the newest revision holds at once, older ones and repeats change nothing, a restart keeps it.
#[tokio::test]
async fn what_the_hub_says_holds_at_once_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = edge(dir.path());
    let control = first.cameras[&key()].clone();
    assert_eq!(control.set_by(), "edge.toml");
    say_to(&first, directive(3, Some(settings(4)))).await;
    say_to(&first, directive(2, Some(settings(9)))).await;
    say_to(&first, directive(3, Some(settings(8)))).await;
    assert_eq!(control.in_force(), settings(4));
    assert_eq!(control.rate().allowed(), 4);
    assert_eq!(control.set_by(), "hub, revision 3");
    assert_eq!(answers(&first), [(3, None)]);
    first.store.close().await;
    drop(first);

    let again = edge(dir.path());
    let control = again.cameras[&key()].clone();
    assert_eq!((control.revision(), control.in_force()), (3, settings(4)));
    // The hub may not have heard that it holds: it is said once more, and once only.
    say_to(&again, directive(3, Some(settings(4)))).await;
    say_to(&again, directive(3, Some(settings(4)))).await;
    assert_eq!(answers(&again), [(3, None), (3, None)]);
    say_to(&again, directive(4, None)).await;
    assert_eq!(control.in_force(), *control.own());
    assert_eq!(control.set_by(), "edge.toml, as the hub's revision 4 says");
}

/// GR-06: nonsense is refused with the reason, and what held before holds, also after a restart.
#[tokio::test]
async fn nonsense_is_refused_with_the_reason_and_the_old_settings_hold() {
    let dir = tempfile::tempdir().unwrap();
    let shared = edge(dir.path());
    let control = shared.cameras[&key()].clone();
    say_to(&shared, directive(1, Some(settings(4)))).await;
    let mut crossed = settings(99);
    crossed.areas.exclude = vec![
        vec![[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]],
        vec![[f32::NAN, 0.5], [0.5, 2.0], [0.1, 0.1]],
    ];
    say_to(&shared, directive(2, Some(crossed.clone()))).await;
    say_to(&shared, directive(2, Some(crossed))).await;
    let strange = CameraDirective {
        camera: "rear".into(),
        ..directive(7, Some(settings(5)))
    };
    say_to(&shared, strange).await;
    let answers = answers(&shared);
    assert_eq!(answers.len(), 3, "{answers:?}");
    let why = answers[1].1.as_deref().unwrap();
    for part in [
        "fps: 99 is not from 1 to 15",
        "exclude[0]: its sides 1 and 3 cross",
        "exclude[1]: the corner [NaN, 0.5]",
    ] {
        assert!(why.contains(part), "{why}");
    }
    let no_camera = "this edge has no camera of that name".to_owned();
    assert_eq!(answers[2], (7, Some(no_camera)));
    assert_eq!((control.revision(), control.in_force()), (1, settings(4)));
    assert_eq!(
        shared.store.cameras.list(),
        [directive(1, Some(settings(4)))]
    );
}

#[tokio::test]
async fn a_deposed_hub_and_a_disk_that_refuses_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let shared = edge(dir.path());
    *shared.term.lock().unwrap() = 2;
    say_to(&shared, directive(5, Some(settings(4)))).await;
    assert_eq!(
        (answers(&shared), shared.cameras[&key()].revision()),
        (Vec::new(), 0)
    );
    *shared.term.lock().unwrap() = 1;
    std::fs::create_dir(dir.path().join("cameras.new")).unwrap();
    say_to(&shared, directive(5, Some(settings(4)))).await;
    let refused = answers(&shared);
    assert!(
        refused[0]
            .1
            .as_deref()
            .unwrap()
            .starts_with("the disk refuses")
    );
    assert_eq!(shared.cameras[&key()].revision(), 0);
    // The disk is back, and the next connection brings it again.
    std::fs::remove_dir(dir.path().join("cameras.new")).unwrap();
    say_to(&shared, directive(5, Some(settings(4)))).await;
    assert_eq!(shared.cameras[&key()].in_force(), settings(4));
}

fn frame(pixels: Pixels) -> Frame {
    Frame {
        number: 1,
        at: NOW,
        capture_us: 0,
        name: None,
        pixels,
    }
}

/// GR-06: what a person draws on is the newest picture, small enough, or a stated reason.
#[test]
fn a_look_gives_the_newest_picture_or_says_why_not() {
    let mount: Mount = serde_json::from_str(r#"{"kind":"folder","path":"/nowhere"}"#).unwrap();
    let control = Control::new(&mount, &Ceiling::default());
    let (head, bytes) = answer(7, control.snapshot().map_err(|error| error.to_string()));
    assert_eq!((head.id, head.size_bytes, bytes.len()), (7, 0, 0));
    assert_eq!(head.why, "the camera has given no picture yet");

    let rgb = Pixels::Rgb {
        width: 2600,
        height: 1300,
        bytes: vec![90; 2600 * 1300 * 3].into(),
    };
    control.note(&frame(rgb), Measured::default());
    let (at, large) = control.snapshot().unwrap();
    let shown = vision::Picture::decode(&large).unwrap();
    assert_eq!((at, shown.width(), shown.height()), (NOW, 866, 433));

    let own = Pixels::Encoded {
        bytes: large.clone().into(),
        media_type: "image/jpeg",
    };
    control.note(&frame(own), Measured::default());
    assert_eq!(
        control.snapshot().unwrap().1,
        large,
        "as the camera sent it"
    );

    let garbage = Pixels::Encoded {
        bytes: vec![0xff; 600_000].into(),
        media_type: "image/jpeg",
    };
    control.note(&frame(garbage), Measured::default());
    assert!(control.snapshot().is_err());
}

/// GR-05: a change that a person would see is told, noise is not.
#[test]
fn a_report_is_news_if_a_person_would_see_it() {
    let mount: Mount = serde_json::from_str(r#"{"kind":"folder","path":"/nowhere"}"#).unwrap();
    let control = Control::new(&mount, &Ceiling::default());
    let measured = |looked_fps| Measured {
        camera_fps: 25.0,
        looked_fps,
    };
    let grey = Pixels::Rgb {
        width: 1,
        height: 1,
        bytes: vec![9; 3].into(),
    };
    control.note(&frame(grey.clone()), measured(9.9));
    let before = report_of(&key(), &control);
    control.note(&frame(grey.clone()), measured(10.1));
    assert!(is_same(&before, &report_of(&key(), &control)));
    control.note(&frame(grey), measured(4.0));
    assert!(!is_same(&before, &report_of(&key(), &control)));
    control.note_silence();
    assert_eq!(report_of(&key(), &control).looked_fps, 0.0);
    let before = report_of(&key(), &control);
    control.apply(1, Some(&settings(3))).unwrap();
    let now = report_of(&key(), &control);
    assert!(!is_same(&before, &now));
    assert_eq!((now.revision, now.in_force.fps, now.own.fps), (1, 3, 10));
}
