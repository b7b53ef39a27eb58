//! The shell around the gate's pure parts: takes glances, orders, inputs and time; records; moves the arm.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use contract::event::BarrierAction;
use contract::event::BarrierMoved;
use contract::event::CameraChanged;
use contract::event::CameraState;
use contract::event::Cause;
use contract::event::Evidence;
use contract::event::EvidenceKind;
use contract::event::Fact;
use contract::event::InputChanged;
use contract::event::Judged;
use contract::event::OrderDone;
use contract::event::OrderResult;
use contract::event::PassageEnded;
use contract::ids::GateId;
use contract::ids::PassageId;
use contract::sighting::Sighting;
use contract::sighting::Stages;
use contract::verdict::Outcome;
use contract::verdict::Verdict;
use jiff::tz::TimeZone;
use metrics::counter;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::camera::Ceiling;
use crate::camera::Control;
use crate::camera::Credentials;
use crate::camera::Feed;
use crate::faults;
use crate::gate::Config;
use crate::gate::Controls;
use crate::gate::Eyes;
use crate::gate::Status;
use crate::gate::eye::Eye;
use crate::gate::eye::Glance;
use crate::gate::eye::Message;
use crate::gate::eye::Seen;
use crate::gate::eye::Shot;
use crate::gate::eye::micros;
use crate::gate::look;
use crate::gate::machine::Machine;
use crate::gate::machine::Move;
use crate::gate::machine::Sensor;
use crate::gate::machine::State;
use crate::gate::machine::Times;
use crate::gate::passage::Join;
use crate::gate::passage::Joiner;
use crate::gate::passage::Step;
use crate::gate::passage::twins::Twins;
use crate::gate::verdict;
use crate::gate::verdict::Index;
use crate::gate::verdict::Place;
use crate::gpio::Debounce;
use crate::gpio::Input;
use crate::gpio::Pins;
use crate::orders::OrderRequest;
use crate::store::Store;

/// How often inputs are read and the machine is told the time.
const TICK: Duration = Duration::from_millis(20);
/// How long a decision waits for its pictures to be on disk; after that the gate goes on without them.
const PICTURES: Duration = Duration::from_secs(2);
/// How long an arm that must go up at once waits for the disk.
const URGENT: Duration = Duration::from_millis(100);
/// The quality of a frame that is packed as JPEG by us.
const JPEG_QUALITY: u8 = 85;

/// What one gate needs.
pub struct Gate {
    /// Its identity.
    pub id: GateId,
    /// Its name.
    pub name: String,
    /// Its section of the configuration.
    pub config: Config,
    /// Its wires, open.
    pub pins: Pins,
    /// What remembers.
    pub store: Arc<Store>,
    /// What recognises.
    pub eyes: Eyes,
    /// The cameras' passwords.
    pub credentials: Credentials,
    /// How often and where each camera is looked at.
    pub controls: Controls,
    /// Orders for this gate. Holds a few: a person gives one at a time.
    pub orders: mpsc::Receiver<OrderRequest>,
    /// How it stands.
    pub status: watch::Sender<Status>,
    /// Ends it: a move in progress is finished first.
    pub cancel: CancellationToken,
}

/// Runs a gate until it is cancelled and its arm is down, or held up.
pub async fn run(gate: Gate) -> anyhow::Result<()> {
    let cancel = gate.cancel.clone();
    let (mut lane, mut orders) = Lane::new(gate);
    let tracker = TaskTracker::new();
    let (awake, watch_awake) = watch::channel(false);
    // One glance at a time: a camera that is ahead waits.
    let (sender, mut glances) = mpsc::channel(1);
    lane.open_eyes(&tracker, &sender, &watch_awake)?;
    drop(sender);
    tracker.close();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut seeing = true;
    while !cancel.is_cancelled() {
        tokio::select! {
            // Inputs before frames: what is under the arm comes first.
            biased;
            () = cancel.cancelled() => break,
            _ = tick.tick() => lane.tick().await,
            Some(request) = orders.recv() => lane.order(request).await,
            message = glances.recv(), if seeing => match message {
                Some(message) => lane.glance(message).await,
                None => seeing = false,
            },
        }
        awake.send_replace(lane.machine.is_loop_active());
        lane.publish();
    }
    drop(glances);
    drop(awake);
    tracker.wait().await;
    while !matches!(lane.machine.state(), State::Closed | State::HeldOpen) || lane.rest_at.is_some()
    {
        tick.tick().await;
        lane.tick().await;
        lane.publish();
    }
    info!(gate = %lane.id, "gate {} is at rest", lane.name);
    Ok(())
}

/// One camera's passages.
struct View {
    name: String,
    joiner: Joiner,
    /// By vehicle in view: the frame of its best read, with its stages.
    kept: BTreeMap<PassageId, (Shot, Stages)>,
    /// Its frames come at the pace of the clock, not of a file.
    live: bool,
    /// The newest recognised frame showed no plate.
    empty: bool,
}

/// Why a sighting is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    /// More is known: it may open, and only that.
    Update,
    /// Nothing better will come.
    Settle,
    /// It was judged and is still there: it may open again, and only that.
    Again,
}

struct Contact {
    name: String,
    input: Box<dyn Input>,
    debounce: Debounce,
    sensor: Option<Sensor>,
    /// It can't be read, and that was said.
    broken: bool,
}

struct Lane {
    id: GateId,
    name: String,
    config: Config,
    pins: Box<dyn crate::gpio::Barrier>,
    contacts: Vec<Contact>,
    store: Arc<Store>,
    eyes: Eyes,
    credentials: Credentials,
    controls: Controls,
    machine: Machine,
    /// When a pulse ends.
    rest_at: Option<Duration>,
    views: Vec<View>,
    books: watch::Receiver<Arc<contract::permit::PermitBook>>,
    index: Arc<Index>,
    /// Stages of the passages that were judged and are not over.
    stages: BTreeMap<PassageId, Stages>,
    /// What the cameras of this gate judged of late.
    twins: Twins,
    /// Vehicles that another camera of this gate saw first, with the passage that they are on.
    adopted: BTreeMap<PassageId, PassageId>,
    /// When a passage opened last.
    opened_at: Option<Duration>,
    status: Status,
    publisher: watch::Sender<Status>,
}

impl Lane {
    fn new(gate: Gate) -> (Self, mpsc::Receiver<OrderRequest>) {
        let times = Times {
            hold_open: gate.config.hold_open,
            travel: gate.config.travel,
        };
        let machine = Machine::new(times, gate.pins.is_up);
        let contacts = gate
            .pins
            .inputs
            .into_iter()
            .map(|(name, input)| Contact {
                sensor: Sensor::of(&name),
                debounce: Debounce::new(gate.config.debounce),
                broken: false,
                name,
                input,
            })
            .collect();
        let mut books = gate.store.permits.watch();
        let index = Arc::new(index(&books.borrow_and_update()));
        let status = gate.status.borrow().clone();
        let twins = Twins::new(gate.config.same_within);
        let lane = Self {
            id: gate.id,
            name: gate.name,
            config: gate.config,
            pins: gate.pins.barrier,
            contacts,
            store: gate.store,
            eyes: gate.eyes,
            credentials: gate.credentials,
            controls: gate.controls,
            machine,
            rest_at: None,
            views: Vec::new(),
            books,
            index,
            stages: BTreeMap::new(),
            twins,
            adopted: BTreeMap::new(),
            opened_at: None,
            status,
            publisher: gate.status,
        };
        (lane, gate.orders)
    }

    fn open_eyes(
        &mut self,
        tracker: &TaskTracker,
        gate: &mpsc::Sender<Message>,
        awake: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let clock = self.store.time.clock().clone();
        for (place, (name, mount)) in self.config.cameras.iter().enumerate() {
            let camera = &mount.source;
            let lossless = !camera.is_live();
            let feed = Feed::start(
                name,
                camera.clone(),
                self.credentials.clone(),
                clock.clone(),
                lossless,
            )
            .with_context(|| format!("starting the camera {name}"))?;
            self.views.push(View {
                name: name.clone(),
                joiner: Joiner::new(name, self.config.rules()),
                kept: BTreeMap::new(),
                live: !lossless,
                empty: true,
            });
            let eye = Eye {
                place,
                feed,
                recogniser: self.eyes.recogniser.clone(),
                models: self.eyes.models.clone(),
                shadow: self.eyes.shadow.clone(),
                clock: clock.clone(),
                always: !self.config.motion || self.config.join == Join::EachPicture,
                pace: if lossless { camera.pace() } else { None },
                awake: awake.clone(),
                control: self
                    .controls
                    .get(name)
                    .cloned()
                    .unwrap_or_else(|| Control::new(mount, &Ceiling::default())),
            };
            tracker.spawn(eye.run(gate.clone()));
        }
        Ok(())
    }

    fn now(&self) -> Duration {
        self.store.time.clock().monotonic()
    }

    fn publish(&mut self) {
        self.status.state = self.machine.state();
        // What is set changes without a frame, too: of a camera that is away, or whose clip is over.
        for (name, camera) in &mut self.status.cameras {
            if let Some(control) = self.controls.get(name) {
                let rate = control.rate();
                (camera.wanted_fps, camera.allowed_fps) = (rate.wanted(), rate.allowed());
                camera.set_by = control.set_by();
            }
        }
        self.publisher.send_replace(self.status.clone());
    }

    async fn tick(&mut self) {
        if self.rest_at.is_some_and(|at| self.now() >= at) {
            self.rest_at = None;
            let ended = self.pins.rest();
            self.note(ended.map(|()| None));
        }
        self.read_inputs().await;
        let now = self.now();
        if let Some(moved) = self.machine.tick(now) {
            self.carry_out(Vec::new(), moved).await;
        }
    }

    async fn read_inputs(&mut self) {
        let mut changes = Vec::new();
        let now = self.now();
        for contact in &mut self.contacts {
            let raw = contact.read();
            let Some(active) = contact.debounce.take(now, raw) else {
                continue;
            };
            self.status.inputs.insert(contact.name.clone(), active);
            let changed = InputChanged {
                input: contact.name.clone(),
                active,
            };
            changes.push((contact.sensor, changed));
        }
        for (sensor, changed) in changes {
            info!(gate = %self.id, input = changed.input, active = changed.active, "input {} changed", changed.input);
            let active = changed.active;
            let fact = Fact::InputChanged(changed);
            let moved = sensor.and_then(|sensor| self.machine.input(now, sensor, active));
            match moved {
                Some(moved) => {
                    self.carry_out(vec![fact], moved).await;
                }
                None => {
                    self.record(&[fact], Some(URGENT)).await;
                }
            }
        }
    }

    async fn order(&mut self, request: OrderRequest) {
        let order = request.order;
        let now = self.now();
        let done = |result| {
            Fact::OrderDone(OrderDone {
                order: order.id,
                result,
            })
        };
        if now >= request.expires_monotonic {
            info!(gate = %self.id, order = %order.id, "order {} came too late", order.id);
            self.record(&[done(OrderResult::Expired)], None).await;
            return;
        }
        match self
            .machine
            .command(now, order.action, Cause::Order(order.id))
        {
            Ok(moved) => {
                info!(gate = %self.id, order = %order.id, action = ?order.action, "gate {} moves by order", self.name);
                self.carry_out(vec![done(OrderResult::Done)], moved).await;
            }
            Err(_blocked) => {
                info!(gate = %self.id, order = %order.id, "order {} is blocked: something is under the arm", order.id);
                self.record(&[done(OrderResult::Blocked)], None).await;
            }
        }
    }

    async fn glance(&mut self, message: Message) {
        let place = message.place;
        let Some(view) = self.views.get(place) else {
            return;
        };
        let camera = self.status.cameras.entry(view.name.clone()).or_default();
        camera.state = message.counts.state;
        camera.fps = message.counts.fps;
        camera.looked_fps = message.looked_fps;
        camera.last_frame = message.counts.last_frame;
        camera.frames = message.counts.frames;
        camera.replaced = message.counts.skipped;
        camera.unreadable = message.counts.unreadable;
        match message.glance {
            Glance::Seen(seen) => self.see(place, seen).await,
            Glance::Camera(state, why) => self.camera(place, state, why).await,
            Glance::Nothing => {}
            Glance::Ended => {
                self.finish(place).await;
                self.camera_status(place).ended = true;
            }
        }
    }

    fn camera_status(&mut self, place: usize) -> &mut crate::gate::CameraStatus {
        let name = self.views[place].name.clone();
        self.status.cameras.entry(name).or_default()
    }

    async fn camera(&mut self, place: usize, state: CameraState, why: String) {
        let status = self.camera_status(place);
        status.state = Some(state);
        status.why.clone_from(&why);
        let camera = self.views[place].name.clone();
        if state == CameraState::Live {
            debug!(gate = %self.id, camera, "camera {camera} is live");
        } else {
            warn!(gate = %self.id, camera, ?state, "camera {camera} is {state:?}: {why}");
            // Nobody sees the car leave.
            self.finish(place).await;
        }
        let fact = Fact::CameraChanged(CameraChanged { camera, state, why });
        self.record(&[fact], None).await;
    }

    async fn finish(&mut self, place: usize) {
        let steps = self.views[place].joiner.finish();
        self.follow(place, steps, None).await;
    }

    async fn see(&mut self, place: usize, seen: Seen) {
        self.take_book();
        let time = self.store.time.clone();
        let view = &mut self.views[place];
        let mut fresh = || PassageId::new(time.wall(), rand::random());
        let steps = match &seen.plates {
            Some(plates) => {
                view.empty = plates.is_empty();
                view.joiner.frame(seen.at, plates, &mut fresh)
            }
            // Nothing moved: an empty lane is still empty, and a car is still there.
            None if view.empty => view.joiner.frame(seen.at, &[], &mut fresh),
            None => view.joiner.still(seen.at),
        };
        let camera = self.camera_status(place);
        match seen.plates {
            Some(_) => camera.recognised += 1,
            None => camera.skipped += 1,
        }
        self.follow(place, steps, Some(&seen)).await;
    }

    async fn follow(&mut self, place: usize, steps: Vec<Step>, seen: Option<&Seen>) {
        for step in steps {
            match step {
                Step::New(passage) => {
                    debug!(gate = %self.id, passage = %passage, "something stands at gate {}", self.name);
                }
                Step::Keep(passage) => {
                    if let Some(seen) = seen {
                        let kept = (seen.shot.clone(), seen.stages);
                        self.views[place].kept.insert(passage, kept);
                    }
                }
                Step::Update(sighting) => self.consider(place, sighting, Occasion::Update).await,
                Step::Settle(sighting) => self.consider(place, sighting, Occasion::Settle).await,
                Step::Again(sighting) => self.consider(place, sighting, Occasion::Again).await,
                Step::Forget(passage) => {
                    self.views[place].kept.remove(&passage);
                }
                Step::Lost {
                    passage,
                    last_seen,
                    frames,
                    heading,
                } => {
                    self.views[place].kept.remove(&passage);
                    if let Some(of) = self.adopted.remove(&passage) {
                        // The camera that saw it first ends the passage.
                        self.twins.lost(place, of, last_seen);
                        continue;
                    }
                    self.twins.lost(place, passage, last_seen);
                    let stages = self.stages.remove(&passage).unwrap_or_default();
                    let fact = Fact::PassageEnded(PassageEnded {
                        passage,
                        last_seen,
                        frames,
                        stages,
                        heading,
                    });
                    self.record(&[fact], None).await;
                }
            }
        }
    }

    /// Judges a vehicle, unless another camera of this gate did and opened. Only what nothing better follows is refused.
    async fn consider(&mut self, place: usize, mut sighting: Sighting, occasion: Occasion) {
        let own = sighting.passage;
        if occasion == Occasion::Again && !self.may_open_again(place) {
            return;
        }
        let key = sighting.plate.as_ref().map(|read| read.text.key());
        let twin = key.and_then(|key| self.twins.find(place, &key, sighting.first_seen));
        if let Some(twin) = twin
            && occasion != Occasion::Again
        {
            self.adopted.insert(own, twin.passage);
            if twin.opened {
                self.views[place].joiner.judged(own, true);
                return;
            }
        }
        let adopted = self.adopted.get(&own).copied();
        sighting.passage = adopted.unwrap_or(own);
        let (verdict, took) = self.judge(&sighting);
        let opens = verdict.outcome == Outcome::Open;
        if opens || occasion == Occasion::Settle && adopted.is_none() {
            let first = occasion != Occasion::Again && adopted.is_none();
            self.decide(place, own, sighting, verdict, took, first)
                .await;
        } else if occasion == Occasion::Settle {
            self.views[place].joiner.judged(own, false);
        }
    }

    /// Whether a vehicle that waits may open once more: the arm is down, and the clock that nobody can set back or
    /// forward says that enough time went by.
    fn may_open_again(&self, place: usize) -> bool {
        let now = self.now();
        let waited = self
            .opened_at
            .is_none_or(|at| now.saturating_sub(at) >= self.config.rearm_after);
        self.machine.state() == State::Closed && (waited || !self.views[place].live)
    }

    /// Takes the newest permit book; who was refused by the one before is looked at again.
    fn take_book(&mut self) {
        if self.books.has_changed().unwrap_or(false) {
            self.index = Arc::new(index(&self.books.borrow_and_update()));
            for view in &mut self.views {
                view.joiner.recheck();
            }
        }
    }

    fn judge(&mut self, sighting: &Sighting) -> (Verdict, Duration) {
        let started = self.now();
        self.take_book();
        let moment = self.store.time.now();
        let place = Place {
            gate: self.id,
            at: moment.wall,
            quality: moment.quality,
        };
        let verdict = verdict::judge(
            &self.index,
            &self.config.policy(),
            &place,
            sighting.plate.as_ref(),
        );
        (verdict, self.now().saturating_sub(started))
    }

    /// Records a verdict with its pictures, and opens if it says so. `own` is the vehicle in the camera's view; `first`
    /// says that its passage was not judged before.
    async fn decide(
        &mut self,
        place: usize,
        own: PassageId,
        mut sighting: Sighting,
        verdict: Verdict,
        took: Duration,
        first: bool,
    ) {
        let passage = sighting.passage;
        let kept = self.views[place].kept.get(&own).cloned();
        let mut stages = kept
            .as_ref()
            .map_or_else(Stages::default, |(_, stages)| *stages);
        stages.decide_us = micros(took);
        if let (Some((shot, _)), true) = (&kept, self.config.vehicles) {
            let started = self.now();
            let picture = Arc::clone(&shot.picture);
            sighting.vehicle = look::at(self.eyes.recogniser.clone(), picture, &sighting).await;
            self.eyes.looked.notify_one();
            if sighting.vehicle.is_some() {
                stages.vehicle_us = micros(self.now().saturating_sub(started));
            }
        }
        let mismatch = look::mismatch(&self.books.borrow(), &verdict, sighting.vehicle.as_ref());
        let verdict = look::weighed(verdict, self.config.other_vehicle, mismatch.is_some());
        let opens = verdict.outcome == Outcome::Open;
        let evidence = match kept {
            Some((shot, _)) => self.keep_pictures(&sighting, shot).await,
            None => Vec::new(),
        };
        self.count(&sighting, &verdict, first);
        self.views[place].joiner.judged(own, opens);
        if let Some(read) = &sighting.plate {
            self.twins.judged(place, read.text.key(), passage, opens);
        }
        let judged = Fact::Judged(Judged {
            direction: self.config.direction,
            stages,
            evidence,
            models: self.eyes.labels(),
            sighting,
            verdict: verdict.clone(),
            mismatch,
        });
        let opening = opens.then(|| {
            let now = self.now();
            self.opened_at = Some(now);
            self.machine
                .command(now, BarrierAction::Open, Cause::Passage(passage))
        });
        let (record_us, actuate_us) = match opening {
            Some(Ok(moved)) => self.carry_out(vec![judged], moved).await,
            Some(Err(_)) | None => (self.record(&[judged], None).await, 0),
        };
        stages.record_us = record_us;
        stages.actuate_us = actuate_us;
        self.stages.insert(passage, stages);
    }

    fn count(&mut self, sighting: &Sighting, verdict: &Verdict, first: bool) {
        let (outcome, sum) = match verdict.outcome {
            Outcome::Open => ("open", &mut self.status.opened),
            Outcome::Deny => ("deny", &mut self.status.denied),
            Outcome::Ask => ("ask", &mut self.status.asked),
        };
        if first {
            *sum += 1;
            self.status.passages += 1;
            counter!("passages_total", "gate" => self.name.clone(), "outcome" => outcome)
                .increment(1);
        } else {
            self.status.opened_again += 1;
            counter!("opened_again_total", "gate" => self.name.clone()).increment(1);
        }
        info!(
            gate = %self.id,
            passage = %sighting.passage,
            verdict = outcome,
            reason = ?verdict.reason,
            book.version = verdict.book_version,
            frames = sighting.frames,
            confidence = sighting.plate.as_ref().map(|read| read.confidence),
            models = ?self.eyes.models,
            "gate {}: {outcome} ({:?})",
            self.name,
            verdict.reason
        );
        debug!(passage = %sighting.passage, plate = ?sighting.plate.as_ref().map(|read| read.text.as_str()), "judged");
    }

    /// Keeps the frame and the plate's crop. A picture that can't be kept keeps nobody waiting.
    async fn keep_pictures(&mut self, sighting: &Sighting, shot: Shot) -> Vec<Evidence> {
        let pictures = self.store.evidence.clone();
        let passage = sighting.passage;
        let corners = sighting.plate.as_ref().map(|read| read.corners);
        let work = move || {
            let mut kept = Vec::new();
            let frame = match &shot.jpeg {
                Some(bytes) => Ok(bytes.to_vec()),
                None => shot.picture.to_jpeg(JPEG_QUALITY),
            };
            let crop = corners.map(|corners| shot.picture.plate_jpeg(&corners));
            let pictures_of = [
                (EvidenceKind::Frame, Some(frame)),
                (EvidenceKind::Crop, crop),
            ];
            for (kind, packed) in pictures_of {
                let Some(packed) = packed else { continue };
                let put = packed.map_err(|error| error.to_string()).and_then(|bytes| {
                    pictures
                        .put(passage, kind, "image/jpeg", &bytes)
                        .map_err(|error| format!("{error}: {}", source_of(&error)))
                });
                match put {
                    Ok(evidence) => kept.push(evidence),
                    Err(why) => warn!(passage = %passage, "a picture is not kept: {why}"),
                }
            }
            kept
        };
        match tokio::time::timeout(PICTURES, tokio::task::spawn_blocking(work)).await {
            Ok(kept) => kept.unwrap_or_default(),
            Err(_) => {
                warn!(passage = %passage, "the pictures are not kept: the disk does not answer");
                Vec::new()
            }
        }
    }

    /// Records a move with what belongs to it, then moves the arm. Returns how long both took, in microseconds.
    async fn carry_out(&mut self, mut facts: Vec<Fact>, moved: Move) -> (u64, u64) {
        facts.push(Fact::BarrierMoved(BarrierMoved {
            action: moved.action,
            cause: moved.cause.clone(),
        }));
        let record_us = self.record(&facts, moved.urgent.then_some(URGENT)).await;
        faults::point("arm");
        let started = self.now();
        if moved.action == BarrierAction::Close && self.is_unsafe() {
            // Something came under the arm while the event was written: it stays up, and the event of that follows.
            warn!(gate = %self.id, "gate {} does not close: something is under the arm", self.name);
            let now = self.now();
            if let Some(reopening) = self.machine.input(now, Sensor::Safety, true) {
                let opened = self.pins.open();
                self.note(opened);
                let fact = Fact::BarrierMoved(BarrierMoved {
                    action: reopening.action,
                    cause: reopening.cause,
                });
                self.record(&[fact], Some(URGENT)).await;
            }
            // What counts from here on is the debounced level: a spike must not hold the gate open for ever.
            let settled = self.settled_safety();
            self.machine.input(now, Sensor::Safety, settled);
            return (record_us, 0);
        }
        let told = match moved.action {
            BarrierAction::Open | BarrierAction::HoldOpen => self.pins.open(),
            BarrierAction::Close => self.pins.close(),
        };
        let refused = told.is_err();
        self.note(told);
        let actuate_us = micros(self.now().saturating_sub(started));
        faults::point("arm");
        if let (true, Cause::Order(order)) = (refused, moved.cause) {
            let result = OrderResult::Failed;
            self.record(&[Fact::OrderDone(OrderDone { order, result })], None)
                .await;
        }
        (record_us, actuate_us)
    }

    /// Reads the safety input at this moment, before any debouncing.
    fn is_unsafe(&mut self) -> bool {
        let safety = |contact: &&mut Contact| contact.sensor == Some(Sensor::Safety);
        self.contacts
            .iter_mut()
            .find(safety)
            .is_some_and(Contact::read)
    }

    /// The safety input's level after debouncing.
    fn settled_safety(&self) -> bool {
        self.contacts
            .iter()
            .find(|contact| contact.sensor == Some(Sensor::Safety))
            .and_then(|contact| self.status.inputs.get(&contact.name).copied())
            .unwrap_or(false)
    }

    /// Notes what the barrier's pins said.
    fn note(&mut self, told: Result<Option<Duration>, crate::gpio::PinError>) {
        match told {
            Ok(pulse) => {
                self.status.fault = None;
                if let Some(pulse) = pulse {
                    self.rest_at = Some(self.now() + pulse);
                }
            }
            Err(why) => {
                error!(gate = %self.id, "the barrier of gate {} can't be moved: {why}", self.name);
                counter!("barrier_faults_total", "gate" => self.name.clone()).increment(1);
                self.status.fault = Some(why.to_string());
            }
        }
    }

    /// Puts facts into the spool and waits until they are on disk for good, at most for `patience`. Returns how long it
    /// took, in microseconds. Whatever the disk says, the gate goes on.
    async fn record(&mut self, facts: &[Fact], patience: Option<Duration>) -> u64 {
        let started = self.now();
        let append = self.store.spool.append_all(Some(self.id), facts);
        let appended = match patience {
            None => append.await,
            Some(patience) => match tokio::time::timeout(patience, append).await {
                Ok(appended) => appended,
                // The spool has the facts, and writes them when the disk answers.
                Err(_) => Ok(Vec::new()),
            },
        };
        if let Err(error) = appended {
            counter!("events_held_total", "gate" => self.name.clone()).increment(1);
            error!(gate = %self.id, "gate {} goes on without its disk: {error}", self.name);
        }
        micros(self.now().saturating_sub(started))
    }
}

impl Contact {
    /// The raw level. A safety input that can't be read counts as active: an arm stays up rather than come down blindly.
    fn read(&mut self) -> bool {
        match self.input.is_active() {
            Ok(raw) => {
                self.broken = false;
                raw
            }
            Err(why) => {
                if !self.broken {
                    error!(
                        input = self.name,
                        "input {} can't be read: {why}", self.name
                    );
                    self.broken = true;
                }
                self.sensor == Some(Sensor::Safety)
            }
        }
    }
}

fn source_of(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

fn index(book: &Arc<contract::permit::PermitBook>) -> Index {
    let zone = TimeZone::get(&book.time_zone);
    if let Err(error) = &zone
        && book.version > 0
    {
        warn!("the permit book's time zone is not known here, schedules are not judged: {error}");
    }
    Index::new(Arc::clone(book), zone.ok())
}

#[cfg(test)]
#[path = "task_tests.rs"]
mod tests;
