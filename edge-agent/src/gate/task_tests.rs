//! The gate as a whole: scripted pins, folders of pictures, orders.

use std::path::Path;
use std::path::PathBuf;

use contract::directive::Order;
use contract::event::Event;
use contract::ids::OrderId;
use contract::ids::PermitId;
use contract::permit::Permit;
use contract::permit::PermitBook;
use contract::permit::WeekSchedule;
use contract::plate::Plate;
use contract::time::Clock;
use contract::time::Timestamp;
use contract::verdict::Reason;
use vision::Recogniser;

use super::*;

/// The longest that anything here may take, on a machine that is busy with other things.
const LIMIT: Duration = Duration::from_secs(240);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn eyes() -> Eyes {
    let recogniser = Recogniser::load(&repository().join("models"), 0).unwrap();
    Eyes {
        models: vec!["plate-reader@test".into()],
        shadow: crate::gate::shadow::Shadow::default(),
        looked: Arc::default(),
        recogniser: Some(Arc::new(recogniser)),
    }
}

fn blind() -> Eyes {
    Eyes {
        models: Vec::new(),
        recogniser: None,
        shadow: crate::gate::shadow::Shadow::default(),
        looked: Arc::default(),
    }
}

struct Bench {
    dir: tempfile::TempDir,
    id: GateId,
    store: Arc<Store>,
    orders: mpsc::Sender<OrderRequest>,
    status: watch::Receiver<Status>,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Bench {
    /// A gate with scripted pins; `more` are further lines of its settings.
    fn start(more: &str, eyes: Eyes) -> Self {
        Self::start_in(more, eyes, |_| {})
    }

    /// The same in a folder that `spoil` prepares.
    fn start_in(more: &str, eyes: Eyes, spoil: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        spoil(dir.path());
        let store = Store::open(dir.path(), Clock::System, crate::store::Config::default());
        let store = Arc::new(store.unwrap());
        let here = dir.path().display();
        let text = format!(
            "direction = \"entry\"\nhold_open = \"1s\"\ntravel = \"100ms\"\ndebounce = \"0s\"\n\
             pins.kind = \"fake\"\npins.moves = \"{here}/pins.log\"\npins.inputs = [\"loop\", \"safety\"]\n\
             pins.script = \"{here}/inputs.json\"\n{more}"
        );
        let config: Config = toml::from_str(&text).unwrap();
        let id = GateId::new(Timestamp::from_millis(1), [1; 10]);
        let blank = Status {
            id,
            name: "north".into(),
            passages: 0,
            opened: 0,
            denied: 0,
            asked: 0,
            opened_again: 0,
            state: State::Closed,
            fault: None,
            inputs: BTreeMap::new(),
            cameras: BTreeMap::new(),
        };
        let controls = crate::gate::controls(&config, &crate::camera::Ceiling::default());
        let (status, watch_status) = watch::channel(blank);
        let (orders, receiver) = mpsc::channel(4);
        let cancel = CancellationToken::new();
        let gate = Gate {
            id,
            name: "north".into(),
            pins: crate::gpio::open(&config.pins, &Clock::System).unwrap(),
            config,
            store: Arc::clone(&store),
            eyes,
            credentials: Credentials::default(),
            controls,
            orders: receiver,
            status,
            cancel: cancel.clone(),
        };
        Self {
            dir,
            id,
            store,
            orders,
            status: watch_status,
            cancel,
            task: TaskTracker::new().spawn(run(gate)),
        }
    }

    async fn permit(&self, plates: &[&str]) {
        let permits = plates
            .iter()
            .zip(1..)
            .map(|(plate, n)| Permit {
                id: PermitId::new(Timestamp::from_millis(1), [n; 10]),
                plate: Plate::parse(plate).unwrap(),
                valid_from: None,
                valid_until: None,
                schedule: WeekSchedule::default(),
                gates: Vec::new(),
                denied: false,
                vehicle: None,
            })
            .collect();
        let book = PermitBook {
            version: 3,
            time_zone: "Europe/Madrid".into(),
            permits,
        };
        self.store.permits.take(1, book).await.unwrap();
    }

    async fn wait(&mut self, what: &str, ready: impl FnMut(&Status) -> bool) {
        let waited = tokio::time::timeout(LIMIT, self.status.wait_for(ready)).await;
        waited
            .unwrap_or_else(|_| panic!("waited too long for {what}"))
            .unwrap();
    }

    async fn over(&mut self) {
        self.wait("the end of the pictures", |status| {
            status.cameras.values().any(|camera| camera.ended)
        })
        .await;
    }

    fn order(&self, n: u8, action: BarrierAction, holds: Duration) -> OrderRequest {
        let at = Timestamp::from_millis(1);
        OrderRequest {
            order: Order {
                id: OrderId::new(at, [n; 10]),
                gate: self.id,
                action,
                given_at: at,
                holds_ms: 10_000,
            },
            expires_monotonic: Clock::System.monotonic() + holds,
        }
    }

    /// Gives an order and waits for its answer.
    async fn obey(&self, n: u8, action: BarrierAction, holds: Duration) -> OrderResult {
        let request = self.order(n, action, holds);
        let id = request.order.id;
        self.orders.send(request).await.unwrap();
        let mut spool = self.store.spool.watch();
        let answer = async {
            loop {
                let answered = self.facts().into_iter().find_map(|fact| {
                    if let Fact::OrderDone(done) = fact
                        && done.order == id
                    {
                        Some(done.result)
                    } else {
                        None
                    }
                });
                if let Some(result) = answered {
                    return result;
                }
                spool.changed().await.unwrap();
            }
        };
        tokio::time::timeout(LIMIT, answer).await.unwrap()
    }

    fn events(&self) -> Vec<Event> {
        self.store.spool.read(1, 100_000, usize::MAX).unwrap()
    }

    fn facts(&self) -> Vec<Fact> {
        self.events()
            .iter()
            .filter_map(|event| event.fact().unwrap())
            .collect()
    }

    fn judged(&self) -> Vec<Judged> {
        self.facts()
            .into_iter()
            .filter_map(|fact| {
                if let Fact::Judged(judged) = fact {
                    Some(judged)
                } else {
                    None
                }
            })
            .collect()
    }

    fn moves(&self) -> Vec<String> {
        std::fs::read_to_string(self.dir.path().join("pins.log"))
            .unwrap_or_default()
            .lines()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                line["action"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    fn set_inputs(&self, levels: &str) {
        let new = self.dir.path().join("inputs.new");
        std::fs::write(&new, levels).unwrap();
        std::fs::rename(&new, self.dir.path().join("inputs.json")).unwrap();
    }

    async fn stop(self) -> tempfile::TempDir {
        self.cancel.cancel();
        tokio::time::timeout(LIMIT, self.task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        self.store.close().await;
        self.dir
    }
}

#[derive(serde::Deserialize)]
struct Truth {
    permits: Vec<TruthPermit>,
    passages: Vec<TruthPassage>,
}

#[derive(serde::Deserialize)]
struct TruthPermit {
    plate: String,
}

#[derive(serde::Deserialize)]
struct TruthPassage {
    plate: String,
    permitted: bool,
}

fn key(text: &str) -> String {
    Plate::parse(text).unwrap().key()
}

/// GR-01, GR-03, GR-13, GR-18, AC-02, AC-11: the rendered drive, with no network anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn the_drive_opens_for_exactly_the_permitted_cars() {
    let drive = repository().join("samples/drive");
    let truth: Truth =
        serde_json::from_slice(&std::fs::read(drive.join("truth.json")).unwrap()).unwrap();
    let camera = format!(
        "cameras.front = {{ kind = \"folder\", path = \"{}\", pace = \"200ms\" }}\n",
        drive.display()
    );
    let mut bench = Bench::start(&camera, eyes());
    let permits: Vec<&str> = truth
        .permits
        .iter()
        .map(|permit| permit.plate.as_str())
        .collect();
    bench.permit(&permits).await;
    bench.over().await;

    let seen: Vec<(String, bool)> = bench
        .judged()
        .iter()
        .map(|judged| {
            let text = judged
                .sighting
                .plate
                .as_ref()
                .map_or_else(String::new, |read| read.text.key());
            (text, judged.verdict.outcome == Outcome::Open)
        })
        .collect();
    let expected: Vec<(String, bool)> = truth
        .passages
        .iter()
        .map(|passage| (key(&passage.plate), passage.permitted))
        .collect();
    let opened = |list: &[(String, bool)]| -> Vec<String> {
        list.iter()
            .filter(|(_, open)| *open)
            .map(|(text, _)| text.clone())
            .collect()
    };
    assert_eq!(opened(&seen), opened(&expected), "saw {seen:?}");
    assert_eq!(seen.len(), expected.len(), "saw {seen:?}");

    for judged in bench.judged() {
        assert_eq!(judged.verdict.book_version, 3);
        assert!(judged.stages.decode_us > 0 && judged.stages.detect_us > 0);
        assert_eq!(judged.evidence.len(), 2, "frame and crop");
    }
    let opens = bench
        .moves()
        .iter()
        .filter(|action| *action == "open")
        .count();
    assert_eq!(opens, opened(&expected).len());
    assert!(!bench.store.evidence.pending(100).is_empty());
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_photographs_is_one_passage_a_picture() {
    let more = format!(
        "join = \"each_picture\"\ncameras.front = {{ kind = \"folder\", path = \"{}\" }}\n",
        repository().join("samples/pictures").display()
    );
    let mut bench = Bench::start(&more, eyes());
    bench.over().await;
    let pictures = std::fs::read_dir(repository().join("samples/pictures"))
        .unwrap()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().to_lowercase();
            [".jpg", ".png", ".bmp"]
                .iter()
                .any(|end| name.ends_with(end))
        })
        .count();
    let judged = bench.judged();
    assert_eq!(judged.len(), pictures);
    assert!(
        judged
            .iter()
            .any(|judged| judged.verdict.reason == Reason::NoPlate)
    );
    let ended = bench
        .facts()
        .iter()
        .filter(|fact| matches!(fact, Fact::PassageEnded(_)))
        .count();
    assert_eq!(ended, pictures);
    bench.stop().await;
}

/// GR-10: without models the barrier, orders and events work.
#[tokio::test(flavor = "multi_thread")]
async fn without_models_orders_still_move_the_barrier() {
    let more = format!(
        "cameras.front = {{ kind = \"folder\", path = \"{}\" }}\n",
        repository().join("samples/pictures").display()
    );
    let mut bench = Bench::start(&more, blind());
    bench.over().await;
    assert_eq!(bench.judged(), []);
    assert_eq!(
        bench.obey(1, BarrierAction::Open, LIMIT).await,
        OrderResult::Done
    );
    bench
        .wait("closing", |status| status.state == State::Closing)
        .await;
    let dir = bench.stop().await;
    let moves = std::fs::read_to_string(dir.path().join("pins.log")).unwrap();
    assert_eq!(moves.lines().count(), 2, "{moves}");
}

/// GR-14: open, hold, close; the event carries the order and its result.
#[tokio::test(flavor = "multi_thread")]
async fn orders_are_recorded_before_the_barrier_moves() {
    let bench = Bench::start("", blind());
    assert_eq!(
        bench.moves(),
        Vec::<String>::new(),
        "nothing moves at the start"
    );
    assert_eq!(
        bench.obey(1, BarrierAction::HoldOpen, LIMIT).await,
        OrderResult::Done
    );
    assert_eq!(
        bench.obey(2, BarrierAction::Close, LIMIT).await,
        OrderResult::Done
    );
    let order = |n| Cause::Order(OrderId::new(Timestamp::from_millis(1), [n; 10]));
    let moved: Vec<BarrierMoved> = bench
        .facts()
        .into_iter()
        .filter_map(|fact| {
            if let Fact::BarrierMoved(moved) = fact {
                Some(moved)
            } else {
                None
            }
        })
        .collect();
    let expected = [
        (BarrierAction::HoldOpen, order(1)),
        (BarrierAction::Close, order(2)),
    ]
    .map(|(action, cause)| BarrierMoved { action, cause });
    assert_eq!(moved, expected);
    let dir = bench.stop().await;
    assert!(dir.path().join("pins.log").exists());
}

/// Invariant 12.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_comes_too_late_moves_nothing() {
    let bench = Bench::start("", blind());
    let result = bench.obey(1, BarrierAction::Open, Duration::ZERO).await;
    assert_eq!(result, OrderResult::Expired);
    assert_eq!(bench.moves(), Vec::<String>::new());
    bench.stop().await;
}

/// GR-12: inputs are events, and the safety input forbids closing.
#[tokio::test(flavor = "multi_thread")]
async fn the_safety_input_is_recorded_and_blocks_closing() {
    let mut bench = Bench::start("", blind());
    assert_eq!(
        bench.obey(1, BarrierAction::Open, LIMIT).await,
        OrderResult::Done
    );
    bench.set_inputs("{\"safety\": true}");
    bench
        .wait("the safety input", |status| {
            status.inputs.get("safety") == Some(&true)
        })
        .await;
    assert_eq!(
        bench.obey(2, BarrierAction::Close, LIMIT).await,
        OrderResult::Blocked
    );
    let recorded = bench.facts().into_iter().any(|fact| {
        matches!(fact, Fact::InputChanged(changed) if changed.input == "safety" && changed.active)
    });
    assert!(recorded);
    bench.set_inputs("{}");
    bench
        .wait("the arm down", |status| status.state == State::Closed)
        .await;
    assert_eq!(bench.moves(), ["open", "close"]);
    bench.stop().await;
}

/// Invariant 2: a broken disk locks nobody in.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_refusing_disk_the_barrier_still_moves() {
    let block = |dir: &Path| std::fs::write(dir.join("spool"), b"in the way").unwrap();
    let mut bench = Bench::start_in("", blind(), block);
    let request = bench.order(1, BarrierAction::Open, LIMIT);
    bench.orders.send(request).await.unwrap();
    bench
        .wait("the arm", |status| status.state == State::Open)
        .await;
    assert_eq!(bench.moves()[0], "open");
    let mut spool = bench.store.spool.watch();
    assert!(spool.borrow().fault.is_some());
    std::fs::remove_file(bench.dir.path().join("spool")).unwrap();
    let written = spool.wait_for(|state| state.held == 0 && state.fault.is_none());
    tokio::time::timeout(LIMIT, written).await.unwrap().unwrap();
    assert!(
        bench
            .facts()
            .iter()
            .any(|fact| matches!(fact, Fact::OrderDone(_)))
    );
    bench.stop().await;
}

/// GR-14: a person who gave an order learns that the pins refused it.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_the_pins_refuse_has_failed() {
    let mut bench = Bench::start("", blind());
    let pins = bench.dir.path().join("pins.log");
    std::fs::remove_file(&pins).unwrap();
    std::fs::create_dir(&pins).unwrap();
    let request = bench.order(1, BarrierAction::Open, LIMIT);
    let order = request.order.id;
    bench.orders.send(request).await.unwrap();
    let mut spool = bench.store.spool.watch();
    let failed = spool.wait_for(|_| {
        let result = OrderResult::Failed;
        bench
            .facts()
            .contains(&Fact::OrderDone(OrderDone { order, result }))
    });
    tokio::time::timeout(LIMIT, failed).await.unwrap().unwrap();
    bench
        .wait("the fault", |status| status.fault.is_some())
        .await;
    bench.stop().await;
}

/// Invariant 3: after a kill with the arm up, the next start moves nothing and says how the arm is; a person closes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_the_relay_on_leaves_the_arm_up_and_says_so() {
    let up = |dir: &Path| std::fs::write(dir.join("pins.log"), "{\"action\":\"open\"}\n").unwrap();
    let mut bench = Bench::start_in("pins.hold = true\n", blind(), up);
    bench
        .wait("the state", |status| status.state == State::HeldOpen)
        .await;
    assert_eq!(bench.moves(), ["open"]);
    assert_eq!(
        bench.obey(1, BarrierAction::Close, LIMIT).await,
        OrderResult::Done
    );
    bench
        .wait("the arm down", |status| status.state == State::Closed)
        .await;
    assert_eq!(bench.moves(), ["open", "close"]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_until_the_arm_is_down() {
    let mut bench = Bench::start("", blind());
    assert_eq!(
        bench.obey(1, BarrierAction::Open, LIMIT).await,
        OrderResult::Done
    );
    bench
        .wait("the arm", |status| status.state != State::Closed)
        .await;
    let dir = bench.stop().await;
    let moves = std::fs::read_to_string(dir.path().join("pins.log")).unwrap();
    assert!(moves.lines().last().unwrap().contains("close"), "{moves}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_can_not_open_is_reported_and_stops_nothing() {
    let bench = Bench::start(
        "cameras.front = { kind = \"folder\", path = \"/nonexistent/pictures\" }\n",
        eyes(),
    );
    let mut spool = bench.store.spool.watch();
    let offline = spool.wait_for(|_| {
        bench.facts().iter().any(|fact| {
            matches!(fact, Fact::CameraChanged(changed) if changed.state == CameraState::Offline)
        })
    });
    tokio::time::timeout(LIMIT, offline).await.unwrap().unwrap();
    assert_eq!(
        bench.obey(1, BarrierAction::Open, LIMIT).await,
        OrderResult::Done
    );
    bench.stop().await;
}

/// The first pictures of the drive: one car, with a permit.
fn one_car(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for number in 0..14 {
        let name = format!("{number:03}.jpg");
        let from = repository().join("samples/drive").join(&name);
        std::fs::copy(from, folder.join(name)).unwrap();
    }
}

/// GR-21: two cameras of one gate at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_car_that_two_cameras_see_is_one_passage_and_opens_once() {
    let pictures = tempfile::tempdir().unwrap();
    let mut more = String::new();
    for camera in ["front", "rear"] {
        let folder = pictures.path().join(camera);
        one_car(&folder);
        more += &format!(
            "cameras.{camera} = {{ kind = \"folder\", path = \"{}\", pace = \"200ms\" }}\n",
            folder.display()
        );
    }
    let mut bench = Bench::start(&more, eyes());
    bench.permit(&["BKX4711"]).await;
    bench
        .wait("the end of both cameras", |status| {
            let ended = status.cameras.values().filter(|camera| camera.ended);
            ended.count() == 2
        })
        .await;
    let status = bench.status.borrow().clone();
    assert_eq!((status.passages, status.opened), (1, 1));
    assert!(status.cameras.values().all(|camera| camera.frames == 14));
    assert_eq!(bench.judged().len(), 1);
    let ended = bench
        .facts()
        .iter()
        .filter(|fact| matches!(fact, Fact::PassageEnded(_)))
        .count();
    assert_eq!(ended, 1);
    let opens = bench.moves();
    let opens = opens.iter().filter(|action| *action == "open");
    assert_eq!(opens.count(), 1);
    bench.stop().await;
}

/// GR-06
#[tokio::test(flavor = "multi_thread")]
async fn a_plate_whose_centre_is_outside_the_areas_is_never_recorded() {
    let pictures = tempfile::tempdir().unwrap();
    one_car(pictures.path());
    let camera = |areas: &str| {
        format!(
            "cameras.front = {{ kind = \"folder\", path = \"{}\", pace = \"200ms\", {areas} }}\n",
            pictures.path().display()
        )
    };
    for (areas, judged) in [
        (
            "include = [[[0.0, 0.0], [0.3, 0.0], [0.3, 1.0], [0.0, 1.0]]]",
            0,
        ),
        (
            "exclude = [[[0.2, 0.2], [0.8, 0.2], [0.8, 0.9], [0.2, 0.9]]]",
            0,
        ),
        (
            "include = [[[0.2, 0.2], [0.8, 0.2], [0.8, 0.9], [0.2, 0.9]]]",
            1,
        ),
    ] {
        let mut bench = Bench::start(&camera(areas), eyes());
        bench.over().await;
        assert_eq!(bench.judged().len(), judged, "{areas}");
        bench.stop().await;
    }
}

/// GR-07: a frame without motion and without a loop costs no inference; an active loop wakes the models.
#[tokio::test(flavor = "multi_thread")]
async fn a_still_scene_costs_no_recognition_until_something_stands_on_the_loop() {
    let pictures = tempfile::tempdir().unwrap();
    let flat = vision::Picture::from_rgb(320, 180, vec![90; 320 * 180 * 3]).unwrap();
    std::fs::write(pictures.path().join("a.jpg"), flat.to_jpeg(80).unwrap()).unwrap();
    let more = format!(
        "cameras.front = {{ kind = \"folder\", path = \"{}\", pace = \"20ms\", repeat = true }}\n",
        pictures.path().display()
    );
    let mut bench = Bench::start(&more, eyes());
    let front = |status: &Status| status.cameras.get("front").cloned().unwrap_or_default();
    bench
        .wait("a still scene", |status| front(status).skipped >= 3)
        .await;
    let before = front(&bench.status.borrow()).recognised;
    let skipped = front(&bench.status.borrow()).skipped;
    bench
        .wait("more of it", |status| front(status).skipped >= skipped + 10)
        .await;
    assert_eq!(front(&bench.status.borrow()).recognised, before);
    bench.set_inputs("{\"loop\": true}");
    bench
        .wait("the models", |status| {
            front(status).recognised >= before + 3
        })
        .await;
    bench.set_inputs("{}");
    bench.stop().await;
}

/// GR-09: what no gate looks at is never in memory; one that looks loads it at its first vehicle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_that_looks_at_no_vehicle_loads_no_model_for_it() {
    let drive = repository().join("samples/drive");
    let pictures = tempfile::tempdir().unwrap();
    std::fs::copy(drive.join("008.jpg"), pictures.path().join("1.jpg")).unwrap();
    let camera = format!(
        "cameras.front = {{ kind = \"folder\", path = {:?} }}",
        pictures.path()
    );
    for (vehicles, loaded) in [(false, 0), (true, 2)] {
        let eyes = eyes();
        let recogniser = eyes.recogniser.clone().unwrap();
        let more = format!("join = \"each_picture\"\nvehicles = {vehicles}\n{camera}");
        let mut bench = Bench::start(&more, eyes);
        bench.over().await;
        let judged = bench.judged();
        assert!(!judged.is_empty());
        assert_eq!(judged[0].sighting.vehicle.is_some(), vehicles);
        assert_eq!(recogniser.vehicle_models().len(), loaded);
        assert_eq!(recogniser.loading_took().is_some(), vehicles);
        assert_eq!(judged[0].models.len(), 1 + loaded, "{:?}", judged[0].models);
        bench.stop().await;
    }
}
