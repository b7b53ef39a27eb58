//! What people set for cameras, on its way down; how the cameras stand, and their pictures for people, on their way up.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use contract::camera::CameraDirective;
use contract::camera::CameraDirectives;
use contract::camera::CameraReport;
use contract::camera::CameraSettings;
use contract::camera::Snapshot;
use contract::camera::SnapshotRequest;
use contract::event::CameraSet;
use contract::event::Fact;
use contract::ids::GateId;
use contract::time::Timestamp;
use quinn::SendStream;
use tokio::sync::mpsc;
use tracing::debug;
use tracing::info;
use tracing::warn;

use crate::camera::Control;
use crate::link::Never;
use crate::link::Shared;
use crate::link::dial::Line;
use crate::link::directives::append;
use crate::link::directives::is_obeyed;

/// How often a change of what is measured is told, and how often the same is told again.
const REPORT_EVERY: Duration = Duration::from_secs(1);
const REPORT_AGAIN: Duration = Duration::from_secs(15);
/// Measured rates that differ by less are the same.
const SAME_RATE: f32 = 0.3;
/// The least time from one picture for a person to the next.
const SNAPSHOT_EVERY: Duration = Duration::from_millis(500);
/// Requests for pictures that may wait.
pub(super) const MOST_REQUESTS: usize = 4;

/// Takes what people set: each that is newer than what holds is kept on disk, applied while the cameras run, and answered
/// with an event. What makes no sense is refused with the reason, and what held before holds.
pub(super) async fn take(shared: &Shared, directives: CameraDirectives) -> anyhow::Result<()> {
    if !is_obeyed(shared, directives.term) {
        return Ok(());
    }
    for directive in directives.cameras {
        take_one(shared, directive).await?;
    }
    Ok(())
}

async fn take_one(shared: &Shared, directive: CameraDirective) -> anyhow::Result<()> {
    let (gate, camera, revision) = (directive.gate, directive.camera.clone(), directive.revision);
    let key = (gate, camera.clone());
    let control = shared.cameras.get(&key);
    let holds = control.map_or(0, Control::revision);
    // The same revision again: the hub may not have heard that it holds, so it is said once in each life of the agent.
    if revision < holds || told(shared, &key) >= revision {
        return Ok(());
    }
    let refused = match control {
        None => Some("this edge has no camera of that name".to_owned()),
        Some(_) if revision == holds => None,
        Some(control) => match keep_and_apply(shared, control, directive).await {
            Ok(()) => {
                info!(gate = %gate, camera, revision, "the hub's settings of camera {camera} hold");
                None
            }
            Err(Refused::Nonsense(why)) => Some(why),
            Err(Refused::Disk(why)) => {
                // Not noted as told: the next connection brings it again.
                warn!(gate = %gate, camera, revision, "the settings of camera {camera} can't be kept: {why}");
                return say(shared, gate, camera, revision, Some(why)).await;
            }
        },
    };
    if let Some(why) = &refused {
        warn!(gate = %gate, camera, revision, "the hub's settings of camera {camera} are refused: {why}");
    }
    say(shared, gate, camera, revision, refused).await?;
    shared.told().insert(key, revision);
    Ok(())
}

enum Refused {
    Nonsense(String),
    Disk(String),
}

async fn keep_and_apply(
    shared: &Shared,
    control: &Control,
    directive: CameraDirective,
) -> Result<(), Refused> {
    let (revision, settings) = (directive.revision, directive.settings.clone());
    let faults = settings
        .as_ref()
        .map(CameraSettings::faults)
        .unwrap_or_default();
    if !faults.is_empty() {
        let faults: Vec<String> = faults
            .into_iter()
            .take(MOST_FAULTS)
            .map(|(field, why)| format!("{field}: {why}"))
            .collect();
        return Err(Refused::Nonsense(faults.join("; ")));
    }
    shared
        .store
        .cameras
        .take(directive)
        .await
        .map_err(|error| Refused::Disk(format!("the disk refuses: {error}")))?;
    control
        .apply(revision, settings.as_ref())
        .map_err(Refused::Nonsense)
}

/// Faults that a refusal names.
const MOST_FAULTS: usize = 8;

fn told(shared: &Shared, key: &(GateId, String)) -> u64 {
    shared.told().get(key).copied().unwrap_or(0)
}

async fn say(
    shared: &Shared,
    gate: GateId,
    camera: String,
    revision: u64,
    refused: Option<String>,
) -> anyhow::Result<()> {
    let fact = Fact::CameraSet(CameraSet {
        camera,
        revision,
        refused,
    });
    append(shared, Some(gate), fact).await
}

/// Tells the hub how each camera stands, whenever that changes, and now and then anyway.
pub(super) async fn report(
    shared: &Shared,
    send: &tokio::sync::Mutex<SendStream>,
) -> anyhow::Result<Never> {
    let mut tick = tokio::time::interval(REPORT_EVERY);
    let mut said: BTreeMap<(GateId, String), (Duration, CameraReport)> = BTreeMap::new();
    loop {
        tick.tick().await;
        let now = shared.now();
        for (key, control) in &shared.cameras {
            let report = report_of(key, control);
            let is_known = said.get(key).is_some_and(|(at, before)| {
                now.saturating_sub(*at) < REPORT_AGAIN && is_same(before, &report)
            });
            if is_known {
                continue;
            }
            frames::write(&mut *send.lock().await, &report.clone().into())
                .await
                .context("telling how a camera stands")?;
            said.insert(key.clone(), (now, report));
        }
    }
}

fn report_of((gate, camera): &(GateId, String), control: &Control) -> CameraReport {
    let measured = control.measured();
    CameraReport {
        gate: *gate,
        camera: camera.clone(),
        revision: control.revision(),
        in_force: control.in_force(),
        own: control.own().clone(),
        camera_fps: measured.camera_fps,
        allowed_fps: control.rate().allowed(),
        looked_fps: measured.looked_fps,
        last_frame: control.last_frame(),
    }
}

/// Whether nothing changed that a person would see.
fn is_same(before: &CameraReport, now: &CameraReport) -> bool {
    let near = |one: f32, other: f32| (one - other).abs() < SAME_RATE;
    before.revision == now.revision
        && before.in_force == now.in_force
        && before.allowed_fps == now.allowed_fps
        && near(before.looked_fps, now.looked_fps)
        && near(before.camera_fps, now.camera_fps)
}

/// Sends the pictures that people ask for, one after the other and not faster than [`SNAPSHOT_EVERY`].
pub(super) async fn snapshots(
    line: &Line,
    shared: &Shared,
    requests: &mut mpsc::Receiver<SnapshotRequest>,
) -> anyhow::Result<Never> {
    loop {
        let Some(request) = requests.recv().await else {
            return std::future::pending().await;
        };
        let key = (request.gate, request.camera.clone());
        let taken = match shared.cameras.get(&key).cloned() {
            None => Err("this edge has no camera of that name".to_owned()),
            Some(control) => tokio::task::spawn_blocking(move || control.snapshot())
                .await
                .map_err(|error| error.to_string())
                .and_then(|taken| taken.map_err(|error| error.to_string())),
        };
        let (snapshot, bytes) = answer(request.id, taken);
        debug!(gate = %request.gate, camera = request.camera, bytes = bytes.len(), "somebody looks through camera {}", request.camera);
        let (mut send, _receive) = line
            .connection
            .open_bi()
            .await
            .context("opening a stream for a snapshot")?;
        frames::write(&mut send, &snapshot.into()).await?;
        send.write_all(&bytes).await.context("sending a snapshot")?;
        send.finish()?;
        tokio::time::sleep(SNAPSHOT_EVERY).await;
    }
}

fn answer(id: u64, taken: Result<(Timestamp, Vec<u8>), String>) -> (Snapshot, Vec<u8>) {
    let (at, bytes, why) = match taken {
        Ok((at, bytes)) => (at, bytes, String::new()),
        Err(why) => (Timestamp::default(), Vec::new(), why),
    };
    let snapshot = Snapshot {
        id,
        at,
        size_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        why,
    };
    (snapshot, bytes)
}

#[cfg(test)]
mod tests;
