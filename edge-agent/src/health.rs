//! How the agent stands: a JSON document on a socket in the data folder, metrics on another, and the asking side.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use contract::event::ModelChanged;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use vision::Recogniser;

use crate::camera::thermal;
use crate::gate;
use crate::gate::shadow;
use crate::link;
use crate::store::Store;

/// What an answer is made of.
pub struct Board {
    /// What remembers.
    pub store: Arc<Store>,
    /// How each gate stands.
    pub gates: Vec<watch::Receiver<gate::Status>>,
    /// How the link stands.
    pub link: watch::Receiver<link::Status>,
    /// The models, loaded or not.
    pub models: watch::Receiver<Vec<ModelChanged>>,
    /// What recognises; none if the models can't be used.
    pub recogniser: Option<Arc<Recogniser>>,
    /// The candidate models that look on.
    pub shadow: shadow::Shadow,
    /// Where the thermal ladder stands.
    pub thermal: watch::Receiver<thermal::Report>,
    /// When this process started.
    pub started_at: Timestamp,
    /// The counters.
    pub metrics: PrometheusHandle,
}

/// The answer on the status socket.
#[derive(Debug, Serialize)]
struct Status {
    version: &'static str,
    started_at: String,
    time: String,
    time_quality: TimeQuality,
    gates: Vec<gate::Status>,
    cameras: Vec<Camera>,
    spool: Spool,
    evidence: Evidence,
    link: Link,
    book: Book,
    models: Vec<ModelChanged>,
    /// How long the first look at a vehicle took to load its models; none before it.
    vehicle_models_load_ms: Option<u64>,
    thermal: thermal::Report,
    shadow: Option<shadow::Report>,
}

#[derive(Debug, Serialize)]
struct Camera {
    gate: String,
    name: String,
    state: Option<contract::event::CameraState>,
    why: String,
    fps: f32,
    wanted_fps: u8,
    allowed_fps: u8,
    looked_fps: f32,
    set_by: String,
    last_frame_age_ms: Option<u64>,
    frames: u64,
    replaced: u64,
    skipped: u64,
    recognised: u64,
    unreadable: u64,
    ended: bool,
}

#[derive(Debug, Serialize)]
struct Spool {
    epoch: u64,
    first_seq: u64,
    next_seq: u64,
    acked: u64,
    generation: u64,
    waiting: u64,
    oldest_age_s: Option<u64>,
    bytes: u64,
    held_in_memory: u64,
    fault: Option<String>,
}

#[derive(Debug, Serialize)]
struct Evidence {
    pending: usize,
}

#[derive(Debug, Serialize)]
struct Link {
    connected: bool,
    hub: String,
    since: String,
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Book {
    version: u64,
    permits: usize,
    time_zone: String,
}

/// The socket that answers with the status, under the data folder.
pub fn status_socket(data: &Path) -> PathBuf {
    data.join("status.sock")
}

/// The socket that answers with metrics, under the data folder.
pub fn metrics_socket(data: &Path) -> PathBuf {
    data.join("metrics.sock")
}

/// Binds a socket that only the agent's user may ask. One that a killed process left is replaced.
pub fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("replacing {}", path.display()));
        }
        Ok(()) | Err(_) => {}
    }
    let listener =
        UnixListener::bind(path).with_context(|| format!("binding {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .with_context(|| format!("closing {} to others", path.display()))?;
    Ok(listener)
}

/// Answers on both sockets until it is cancelled.
pub async fn serve(
    board: Board,
    status: UnixListener,
    metrics: UnixListener,
    cancel: CancellationToken,
) {
    loop {
        let (stream, answer) = tokio::select! {
            () = cancel.cancelled() => return,
            Ok((stream, _)) = status.accept() => (stream, board.status()),
            Ok((stream, _)) = metrics.accept() => (stream, board.metrics()),
            else => return,
        };
        let mut stream = stream;
        // An asker that does not read is not waited for.
        let written = tokio::time::timeout(std::time::Duration::from_secs(1), async {
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        });
        if let Err(error) = written.await {
            debug!("an asker went away: {error}");
        }
    }
}

impl Board {
    fn status(&self) -> String {
        let status = self.gather();
        serde_json::to_string(&status).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
    }

    fn gather(&self) -> Status {
        let now = self.store.time.now();
        let gates: Vec<gate::Status> = self
            .gates
            .iter()
            .map(|gate| gate.borrow().clone())
            .collect();
        let cameras = gates
            .iter()
            .flat_map(|gate| {
                gate.cameras.iter().map(|(name, camera)| Camera {
                    gate: gate.name.clone(),
                    name: name.clone(),
                    state: camera.state,
                    why: camera.why.clone(),
                    fps: camera.fps,
                    wanted_fps: camera.wanted_fps,
                    allowed_fps: camera.allowed_fps,
                    looked_fps: camera.looked_fps,
                    set_by: camera.set_by.clone(),
                    last_frame_age_ms: camera.last_frame.map(|at| {
                        let age = self.store.time.clock().wall().since(at).as_millis();
                        u64::try_from(age).unwrap_or(u64::MAX)
                    }),
                    frames: camera.frames,
                    replaced: camera.replaced,
                    skipped: camera.skipped,
                    recognised: camera.recognised,
                    unreadable: camera.unreadable,
                    ended: camera.ended,
                })
            })
            .collect();
        let spool = self.store.spool.watch().borrow().clone();
        let oldest = self.store.spool.read(spool.acked + 1, 1, 1).ok();
        let oldest = oldest.and_then(|events| events.first().map(|event| event.at.wall));
        let link = self.link.borrow().clone();
        let book = self.store.permits.book();
        Status {
            version: env!("CARGO_PKG_VERSION"),
            started_at: self.started_at.to_string(),
            time: now.wall.to_string(),
            time_quality: now.quality,
            gates,
            cameras,
            spool: Spool {
                epoch: spool.epoch,
                first_seq: spool.first_seq,
                next_seq: spool.next_seq,
                acked: spool.acked,
                generation: spool.generation,
                waiting: spool.waiting(),
                oldest_age_s: oldest.map(|at| now.wall.since(at).as_secs()),
                bytes: spool.bytes,
                held_in_memory: spool.held,
                fault: spool.fault,
            },
            evidence: Evidence {
                pending: self.store.evidence.waiting(),
            },
            link: Link {
                connected: link.connected,
                hub: link.hub,
                since: link.since.to_string(),
                error: link.error,
            },
            book: Book {
                version: book.version,
                permits: book.permits.len(),
                time_zone: book.time_zone.clone(),
            },
            models: self.models.borrow().clone(),
            vehicle_models_load_ms: self
                .recogniser
                .as_ref()
                .and_then(|recogniser| recogniser.loading_took())
                .map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            thermal: self.thermal.borrow().clone(),
            shadow: self.shadow.report(),
        }
    }

    fn metrics(&self) -> String {
        let spool = self.store.spool.watch().borrow().clone();
        metrics::gauge!("spool_waiting").set(spool.waiting() as f64);
        metrics::gauge!("spool_held_in_memory").set(spool.held as f64);
        metrics::gauge!("spool_bytes").set(spool.bytes as f64);
        metrics::gauge!("evidence_waiting").set(self.store.evidence.waiting() as f64);
        let connected = self.link.borrow().connected;
        metrics::gauge!("link_connected").set(f64::from(u8::from(connected)));
        self.metrics.render()
    }
}

/// Asks a running agent.
pub fn ask(socket: &Path) -> anyhow::Result<String> {
    let mut stream = UnixStream::connect(socket)
        .with_context(|| format!("asking the agent at {}: is it running?", socket.display()))?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .context("reading the agent's answer")?;
    Ok(answer)
}
