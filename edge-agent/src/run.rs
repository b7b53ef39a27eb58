//! Builds the agent from top to bottom, and stops it from bottom to top.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::event::Fact;
use contract::event::ModelChanged;
use contract::event::Started;
use contract::ids::GateId;
use contract::time::Clock;
use contract::wire::EnrolledGate;
use metrics_exporter_prometheus::PrometheusBuilder;
use sd_notify::NotifyState;
use tokio::net::UnixListener;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;
use tracing::info;
use tracing::warn;
use vision::Recogniser;

use crate::camera::Ceiling;
use crate::camera::Controls;
use crate::camera::Credentials;
use crate::config;
use crate::config::Config;
use crate::config::Environment;
use crate::control;
use crate::faults;
use crate::gate;
use crate::gate::Gate;
use crate::gate::shadow::Shadow;
use crate::gpio;
use crate::health;
use crate::health::Board;
use crate::heat;
use crate::link;
use crate::link::Identity;
use crate::link::IdentityError;
use crate::orders;
use crate::recognize;
use crate::store::Store;

/// Runs the agent until a signal, and says whether it stopped cleanly.
pub async fn run(config: Config, environment: Environment) -> anyhow::Result<()> {
    let clock = Clock::System;
    let started_at = clock.wall();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        gates = config.gates.len(),
        "edge-agent starts"
    );
    if let Some(plan) = environment.fault {
        warn!("this process will kill itself: {plan:?}");
        faults::arm(plan);
    }
    // An error means that one is installed already, in a test.
    let _ = rustls::crypto::ring::default_provider().install_default();
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("making {}", config.data.display()))?;
    let (identity, gates) = identify(&config)?;
    info!(enrolled = identity.is_some(), "the gates are known");

    let mut pins = Vec::new();
    for (key, section) in &config.gates {
        let open = gpio::open(&section.pins, &clock)
            .with_context(|| format!("opening the pins of gates.{key}"))?;
        pins.push(open);
    }
    info!("the pins are open, and nothing moved");
    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .context("installing the metrics")?;
    let [status_socket, metrics_socket, control_socket] = bind_sockets(&config.data)?;

    let store = open_store(&config, clock.clone()).await?;
    info!(clean = store.was_clean(), "the store is open");
    let (eyes, models) = load_models(&config).await;
    announce(&store, &models).await;
    let (models, shown) = watch::channel(models);
    info!(loaded = eyes.recogniser.is_some(), "the models are known");

    // Gates end first, then the link has a moment to say so, then the rest.
    let (stop_gates, stop_rest) = (CancellationToken::new(), CancellationToken::new());
    let (gate_tasks, other_tasks) = (TaskTracker::new(), TaskTracker::new());
    let (order_sender, order_receiver) = orders::channel();
    // One message for each gate that ends.
    let (failed, mut failures) = mpsc::channel(config.gates.len().max(1));
    let ceiling = Ceiling::default();
    let controls = gate_controls(&config, &gates, &ceiling);
    let cameras = apply_kept(&store, &gates, &controls);
    let parts = Parts {
        config: &config,
        controls: &controls,
        credentials: Credentials::in_folder(environment.credentials),
        store: &store,
        eyes: &eyes,
        cancel: &stop_gates,
    };
    let (routes, statuses) = start_gates(&parts, pins, &gates, &gate_tasks, &failed);
    drop(failed);
    info!("the gates run");

    other_tasks.spawn(gate::route(order_receiver, routes, Arc::clone(&store)));
    let (link_status, link_watch) = watch::channel(link::Status::default());
    let way = Way {
        config: config.link.clone(),
        store: Arc::clone(&store),
        orders: order_sender,
        cameras,
        status: link_status,
        cancel: stop_rest.clone(),
    };
    start_link(identity, way, &other_tasks);
    let heat = heat::start(&config.thermal, ceiling, &store, &other_tasks, &stop_rest);
    let watched = statuses.clone();
    let board = Board {
        store: Arc::clone(&store),
        gates: statuses,
        link: link_watch,
        models: shown,
        recogniser: eyes.recogniser.clone(),
        shadow: eyes.shadow.clone(),
        thermal: heat,
        started_at,
        metrics,
    };
    other_tasks.spawn(health::serve(
        board,
        status_socket,
        metrics_socket,
        stop_rest.clone(),
    ));
    other_tasks.spawn(control::serve(control_socket, controls, stop_rest.clone()));
    other_tasks.spawn(watch_first_look(
        eyes.clone(),
        Arc::clone(&store),
        models,
        stop_rest.clone(),
    ));
    other_tasks.spawn(feed_watchdog(watched, stop_rest.clone()));
    sd_notify::notify(&[NotifyState::Ready]).context("telling systemd")?;
    info!("edge-agent is ready");

    let why = tokio::select! {
        stopped = signalled() => stopped.map(|()| None)?,
        Some((name, ended)) = failures.recv() => Some((name, ended)),
    };
    info!("edge-agent stops");
    // An error means that systemd went away; it will find out by itself.
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    gate_tasks.close();
    other_tasks.close();
    let stop = async {
        stop_gates.cancel();
        gate_tasks.wait().await;
        info!("the gates are at rest");
        stop_rest.cancel();
        other_tasks.wait().await;
        store.close().await;
        info!("the store is closed");
    };
    let clean = tokio::select! {
        stopped = tokio::time::timeout(config.stop_within, stop) => stopped.is_ok(),
        again = signalled() => {
            again?;
            warn!("a second signal: ending at once");
            std::process::exit(130);
        }
    };
    conclude(why, clean, config.stop_within)
}

/// Binds the sockets of status, metrics and control.
fn bind_sockets(data: &Path) -> anyhow::Result<[UnixListener; 3]> {
    let sockets = [
        health::bind(&health::status_socket(data))?,
        health::bind(&health::metrics_socket(data))?,
        health::bind(&control::socket(data))?,
    ];
    info!(data = %data.display(), "the status and control sockets listen");
    Ok(sockets)
}

/// Says how the agent ended.
fn conclude(why: Option<Ended>, clean: bool, limit: Duration) -> anyhow::Result<()> {
    if let Some((name, ended)) = why {
        ended.with_context(|| format!("running gate {name}"))?;
        bail!("gate {name} ended by itself");
    }
    if !clean {
        error!(?limit, "the stop took too long and was cut short");
        bail!("the stop took longer than {:?}", limit);
    }
    info!("edge-agent stopped cleanly");
    Ok(())
}

/// What every gate gets.
struct Parts<'a> {
    config: &'a Config,
    controls: &'a control::Gates,
    credentials: Credentials,
    store: &'a Arc<Store>,
    eyes: &'a gate::Eyes,
    cancel: &'a CancellationToken,
}

/// A gate's name and how it ended.
type Ended = (String, anyhow::Result<()>);
type Routes = BTreeMap<GateId, mpsc::Sender<orders::OrderRequest>>;

fn start_gates(
    parts: &Parts<'_>,
    pins: Vec<gpio::Pins>,
    gates: &[EnrolledGate],
    tasks: &TaskTracker,
    failed: &mpsc::Sender<Ended>,
) -> (Routes, Vec<watch::Receiver<gate::Status>>) {
    let mut routes = Routes::new();
    let mut statuses = Vec::new();
    for ((section, pins), enrolled) in parts.config.gates.values().zip(pins).zip(gates) {
        // Holds a few orders: a person gives one at a time, and one that can't be taken at once is refused.
        let (sender, receiver) = mpsc::channel(4);
        routes.insert(enrolled.id, sender);
        let status = watch::Sender::new(blank(enrolled));
        statuses.push(status.subscribe());
        let gate = Gate {
            id: enrolled.id,
            name: enrolled.name.clone(),
            config: section.clone(),
            pins,
            store: Arc::clone(parts.store),
            eyes: parts.eyes.clone(),
            credentials: parts.credentials.clone(),
            controls: parts
                .controls
                .get(&enrolled.name)
                .cloned()
                .unwrap_or_default(),
            orders: receiver,
            status,
            cancel: parts.cancel.clone(),
        };
        let (name, failed) = (enrolled.name.clone(), failed.clone());
        tasks.spawn(async move {
            let ended = gate::run(gate).await;
            // The receiver is gone when the agent stops; then nobody needs to know.
            let _ = failed.send((name, ended)).await;
        });
    }
    (routes, statuses)
}

/// What the link is made of.
struct Way {
    config: link::Config,
    store: Arc<Store>,
    orders: orders::OrderSender,
    cameras: Controls,
    status: watch::Sender<link::Status>,
    cancel: CancellationToken,
}

fn start_link(identity: Option<Identity>, way: Way, tasks: &TaskTracker) {
    match identity {
        Some(identity) => {
            tasks.spawn(link::run(
                way.config,
                identity,
                way.store,
                way.orders,
                way.cameras,
                way.status,
                way.cancel,
            ));
            info!("the link runs");
        }
        // The other end finds out that no order will come.
        None => info!("there is no link: this agent stands alone"),
    }
}

/// What can be changed of all cameras, by the names of their gates.
fn gate_controls(config: &Config, gates: &[EnrolledGate], ceiling: &Ceiling) -> control::Gates {
    config
        .gates
        .values()
        .zip(gates)
        .map(|(section, enrolled)| (enrolled.name.clone(), gate::controls(section, ceiling)))
        .collect()
}

/// Puts in force what the hub said before this start. Returns the cameras as the hub names them.
fn apply_kept(store: &Store, gates: &[EnrolledGate], controls: &control::Gates) -> Controls {
    let mut cameras = Controls::new();
    for gate in gates {
        for (name, control) in controls.get(&gate.name).into_iter().flatten() {
            cameras.insert((gate.id, name.clone()), control.clone());
        }
    }
    for kept in store.cameras.list() {
        let Some(control) = cameras.get(&(kept.gate, kept.camera.clone())) else {
            continue;
        };
        if let Err(why) = control.apply(kept.revision, kept.settings.as_ref()) {
            warn!(gate = %kept.gate, camera = kept.camera, "the kept settings of camera {} are not used: {why}", kept.camera);
        }
    }
    cameras
}

/// The identity and the gates in the order of the settings.
fn identify(config: &Config) -> anyhow::Result<(Option<Identity>, Vec<EnrolledGate>)> {
    if config.standalone {
        return Ok((None, stand_alone(config)?));
    }
    match Identity::load(&config.data) {
        Ok(identity) => {
            let gates = config::match_gates(config, &identity.gates)?;
            Ok((Some(identity), gates))
        }
        Err(error @ IdentityError::NotEnrolled) => {
            Err(error).context("(or set standalone = true to run without a hub)")
        }
        Err(error) => Err(error).context("reading the identity"),
    }
}

/// Gate ids of an agent without a hub, kept in a file so that events of one gate stay together.
fn stand_alone(config: &Config) -> anyhow::Result<Vec<EnrolledGate>> {
    let path = config.data.join("standalone.toml");
    let mut ids: BTreeMap<String, GateId> = match std::fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let mut gates = Vec::new();
    for (key, section) in &config.gates {
        let name = section.name.clone().unwrap_or_else(|| key.clone());
        let id = *ids
            .entry(name.clone())
            .or_insert_with(|| GateId::new(Clock::System.wall(), rand::random()));
        gates.push(EnrolledGate {
            id,
            name,
            direction: section.direction,
        });
    }
    write_whole(&path, &toml::to_string(&ids)?)?;
    Ok(gates)
}

fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    std::fs::write(&new, text)
        .and_then(|()| std::fs::rename(&new, path))
        .with_context(|| format!("writing {}", path.display()))
}

async fn open_store(config: &Config, clock: Clock) -> anyhow::Result<Arc<Store>> {
    let (data, section) = (config.data.clone(), config.store.clone());
    // Opening may repair, and that blocks.
    let store = tokio::task::spawn_blocking(move || Store::open(&data, clock, section))
        .await
        .context("opening the store")??;
    Ok(Arc::new(store))
}

/// Loads the models. Without them the agent runs all the same: barriers, orders, inputs and events need none.
async fn load_models(config: &Config) -> (gate::Eyes, Vec<ModelChanged>) {
    let folder = recognize::find_models(config.models.as_deref());
    let threads = config.threads;
    let from = folder.clone();
    let loaded = tokio::task::spawn_blocking(move || Recogniser::load(&from, threads)).await;
    let why = match loaded {
        Ok(Ok(recogniser)) => {
            let models = recogniser.models();
            let mut facts: Vec<ModelChanged> =
                models.iter().map(|model| changed(model, "")).collect();
            facts.extend(missing(&recogniser, &folder));
            facts.extend(waiting(config, &recogniser));
            let eyes = gate::Eyes {
                shadow: Shadow::start(&config.shadow),
                looked: Arc::default(),
                models: models.iter().map(vision::ModelInfo::label).collect(),
                recogniser: Some(Arc::new(recogniser)),
            };
            return (eyes, facts);
        }
        Ok(Err(error)) => format!("{error:#}"),
        Err(error) => error.to_string(),
    };
    error!(folder = %folder.display(), "model_unavailable: nothing is recognised, everything else works: {why}");
    let mut facts: Vec<ModelChanged> = vision::list_models(&folder)
        .unwrap_or_default()
        .iter()
        .map(|model| changed(model, &why))
        .collect();
    if facts.is_empty() {
        facts = ["plate-detector", "plate-reader"]
            .map(|name| unlisted(name, &why))
            .into();
    }
    let eyes = gate::Eyes {
        recogniser: None,
        models: Vec::new(),
        shadow: Shadow::default(),
        looked: Arc::default(),
    };
    (eyes, facts)
}

/// The models that are not loaded yet, with when they will be.
fn waiting(config: &Config, recogniser: &Recogniser) -> Vec<ModelChanged> {
    let is_wanted = config.gates.values().any(|gate| gate.vehicles);
    let why = if is_wanted {
        FIRST_USE
    } else {
        "switched off: no gate has vehicles = true"
    };
    let waiting = recogniser.waiting();
    waiting.iter().map(|model| changed(model, why)).collect()
}

/// Why a model that nothing needed yet is not loaded.
const FIRST_USE: &str = "loaded at its first use";

/// Waits for the first look at a vehicle, which loads the models for it, and says what was loaded and how long that took.
async fn watch_first_look(
    eyes: gate::Eyes,
    store: Arc<Store>,
    shown: watch::Sender<Vec<ModelChanged>>,
    cancel: CancellationToken,
) {
    let Some(recogniser) = eyes.recogniser else {
        return;
    };
    let took = loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = eyes.looked.notified() => {}
        }
        if let Some(took) = recogniser.loading_took() {
            break took;
        }
    };
    let loaded = recogniser.vehicle_models();
    let mut facts: Vec<ModelChanged> = loaded.iter().map(|model| changed(model, "")).collect();
    for error in recogniser.missing() {
        error!("model_unavailable: plates are read, and vehicles are not told apart: {error:#}");
        let name = error.model().unwrap_or_default();
        facts.push(unlisted(name, &error.to_string()));
    }
    let load_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    for model in loaded {
        info!(model = %model.label(), load_ms, "the first look at a vehicle loaded {}", model.label());
    }
    shown.send_modify(|shown| {
        for fact in &facts {
            shown.retain(|known| known.name != fact.name);
            shown.push(fact.clone());
        }
    });
    let facts: Vec<Fact> = facts.into_iter().map(Fact::ModelChanged).collect();
    if let Err(error) = store.spool.append_all(None, &facts).await {
        error!("what was loaded is not on disk: {error}");
    }
}

/// The models that plates are read without, with why they are not loaded.
fn missing(recogniser: &Recogniser, folder: &Path) -> Vec<ModelChanged> {
    let listed = vision::list_models(folder).unwrap_or_default();
    let mut facts = Vec::new();
    for error in recogniser.missing() {
        error!(folder = %folder.display(), "model_unavailable: plates are read, and vehicles are not told apart: {error:#}");
        let name = error.model().unwrap_or_default();
        let why = error.to_string();
        facts.push(match listed.iter().find(|model| model.name == name) {
            Some(model) => changed(model, &why),
            None => unlisted(name, &why),
        });
    }
    facts
}

/// A model that no list describes.
fn unlisted(name: &str, why: &str) -> ModelChanged {
    ModelChanged {
        name: name.to_owned(),
        version: String::new(),
        sha256: String::new(),
        input: String::new(),
        classes: String::new(),
        loaded: false,
        why: why.to_owned(),
    }
}

fn changed(model: &vision::ModelInfo, why: &str) -> ModelChanged {
    ModelChanged {
        name: model.name.clone(),
        version: model.version.clone(),
        sha256: model.sha256.clone(),
        input: model.input.clone(),
        classes: model.classes.clone(),
        loaded: why.is_empty(),
        why: why.to_owned(),
    }
}

/// Records the start and what can be recognised with.
async fn announce(store: &Store, models: &[ModelChanged]) {
    let mut facts = vec![Fact::Started(Started {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clean: store.was_clean(),
    })];
    // What waits for its first use is told once it is loaded.
    let told = models.iter().filter(|model| model.why != FIRST_USE);
    facts.extend(told.cloned().map(Fact::ModelChanged));
    if let Err(error) = store.spool.append_all(None, &facts).await {
        error!("the start is not on disk: {error}");
    }
}

fn blank(gate: &EnrolledGate) -> gate::Status {
    gate::Status {
        id: gate.id,
        name: gate.name.clone(),
        passages: 0,
        opened: 0,
        denied: 0,
        asked: 0,
        opened_again: 0,
        state: gate::machine::State::Closed,
        fault: None,
        inputs: BTreeMap::new(),
        cameras: BTreeMap::new(),
    }
}

/// Tells systemd that the agent lives, but only while every gate reports in.
async fn feed_watchdog(mut gates: Vec<watch::Receiver<gate::Status>>, cancel: CancellationToken) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut tick = tokio::time::interval((limit / 3).max(Duration::from_millis(100)));
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = tick.tick() => {}
        }
        let alive = gates.iter_mut().all(|gate| {
            let reported = gate.has_changed().unwrap_or(false);
            gate.mark_unchanged();
            reported
        });
        if alive {
            // Without systemd nobody listens.
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        } else {
            warn!("a gate does not report in: systemd is not told that all is well");
        }
    }
}

async fn signalled() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
