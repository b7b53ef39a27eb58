//! Cameras over the link: what people set reaches the edge, what the edge says reaches the hub, and a look through one.

use contract::area::Areas;
use contract::camera::CameraSettings;
use contract::event::CameraChanged;
use contract::event::CameraState;
use contract::event::Fact;
use contract::ids::AccountId;
use contract::time::Clock;
use contract::time::Timestamp;
use edge_agent::camera::Ceiling;
use edge_agent::camera::Control;
use edge_agent::camera::Frame;
use edge_agent::camera::Measured;
use edge_agent::camera::Mount;
use edge_agent::camera::Pixels;
use hub_server::fleet::cameras;
use hub_server::fleet::cameras::Camera;
use hub_server::fleet::cameras::Change;
use hub_server::fleet::sight::AskError;
use hub_server::store::Priority;
use hub_server::store::StoreError;

use crate::LIMIT;
use crate::pair::Edge;
use crate::pair::Hub;

fn settings(fps: u8) -> CameraSettings {
    CameraSettings {
        fps,
        areas: Areas {
            include: Vec::new(),
            exclude: vec![vec![[0.0, 0.0], [0.25, 0.0], [0.25, 0.25]]],
        },
    }
}

async fn camera(hub: &Hub, edge: &Edge) -> Option<Camera> {
    let (organisation, gate) = (hub.organisation, edge.gates[0].id);
    let found: Result<_, StoreError> = hub
        .parts
        .store
        .read(move |tx| cameras::find_camera(tx, organisation, gate, "front"))
        .await;
    found.unwrap()
}

async fn set(hub: &Hub, edge: &Edge, seen: u64, settings: CameraSettings) -> u64 {
    let (organisation, gate) = (hub.organisation, edge.gates[0].id);
    let change = Change {
        seen,
        reported: 0,
        settings: Some(settings),
        restores: None,
        account: AccountId::new(Timestamp::from_millis(1), [1; 10]),
        account_name: "ana".into(),
        at: Timestamp::from_millis(1),
    };
    hub.parts
        .store
        .write(Priority::People, move |tx| {
            cameras::set(tx, organisation, gate, "front", &change)
        })
        .await
        .unwrap()
}

/// An edge with a camera that shows a grey picture.
async fn with_camera(hub: &Hub) -> (Edge, Control) {
    let mut edge = Edge::enrolled(hub, "North", &["North entry"]).await;
    let mount: Mount =
        serde_json::from_str(r#"{"fps":10,"kind":"folder","path":"/nowhere"}"#).unwrap();
    let control = Control::new(&mount, &Ceiling::default());
    let frame = Frame {
        number: 1,
        at: Timestamp::from_millis(7),
        capture_us: 0,
        name: None,
        pixels: Pixels::Rgb {
            width: 64,
            height: 32,
            bytes: vec![90; 64 * 32 * 3].into(),
        },
    };
    let measured = Measured {
        camera_fps: 25.0,
        looked_fps: 9.5,
    };
    control.note(&frame, measured);
    let gate = edge.gates[0].id;
    edge.cameras
        .insert((gate, "front".to_owned()), control.clone());
    let live = Fact::CameraChanged(CameraChanged {
        camera: "front".into(),
        state: CameraState::Live,
        why: String::new(),
    });
    edge.store.spool.append(Some(gate), live).await.unwrap();
    (edge, control)
}

/// GR-05, GR-06: settings reach an edge at once, one that was away when it comes, and the hub hears that they hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_reach_an_edge_at_once_and_one_that_was_away_when_it_comes() {
    let mut hub = Hub::start(Clock::System).await;
    let (mut edge, control) = with_camera(&hub).await;
    edge.connect();
    edge.all_acknowledged(LIMIT).await;
    let first = set(&hub, &edge, 0, settings(4)).await;
    let applied = |wanted: u64| {
        let (hub, edge) = (&hub, &edge);
        harness::wait_for("the edge's word", LIMIT, move || async move {
            let answer = camera(hub, edge).await?.answer?;
            (answer.revision == wanted).then_some(answer)
        })
    };
    assert_eq!(applied(first).await.unwrap().refused, None);
    assert_eq!(control.in_force(), settings(4));
    let report = harness::wait_for("the edge's report", LIMIT, || async {
        let report = hub
            .parts
            .sight
            .find_report(edge.id, edge.gates[0].id, "front")?;
        (report.report.revision == first).then_some(report.report)
    })
    .await
    .unwrap();
    assert_eq!((report.in_force, report.own.fps), (settings(4), 10));
    assert!((report.looked_fps - 9.5).abs() < 1e-6);

    edge.stop().await;
    let second = set(&hub, &edge, first, settings(6)).await;
    let third = set(&hub, &edge, second, settings(7)).await;
    hub.restart().await;
    edge.connect();
    let applied = harness::wait_for("the edge's word", LIMIT, || async {
        let answer = camera(&hub, &edge).await?.answer?;
        (answer.revision == third).then_some(answer)
    });
    assert_eq!(applied.await.unwrap().refused, None);
    assert_eq!(control.in_force(), settings(7));
    hub.stop().await;
}

/// GR-06: somebody looks through a camera, and nobody can while its edge is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_brings_the_newest_picture_over_the_link() {
    let hub = Hub::start(Clock::System).await;
    let (mut edge, control) = with_camera(&hub).await;
    let gate = edge.gates[0].id;
    let sight = hub.parts.sight.clone();
    assert_eq!(
        sight.ask(edge.id, gate, "front").err(),
        Some(AskError::Away)
    );
    edge.connect();
    edge.all_acknowledged(LIMIT).await;
    let shot = sight.ask(edge.id, gate, "front").unwrap().await.unwrap();
    let shot = shot.unwrap();
    assert_eq!(shot.at, Timestamp::from_millis(7));
    let shown = vision::Picture::decode(&shot.bytes).unwrap();
    assert_eq!((shown.width(), shown.height()), (64, 32));
    assert_eq!(control.snapshot().unwrap().1, shot.bytes.to_vec());
    let none = sight.ask(edge.id, gate, "rear").unwrap().await.unwrap();
    assert_eq!(none.unwrap_err(), "this edge has no camera of that name");
    edge.stop().await;
    hub.stop().await;
}
