//! Cameras of one edge: what people set goes down, reports and pictures for people come up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::camera::CameraDirective;
use contract::camera::CameraDirectives;
use contract::camera::CameraReport;
use contract::camera::LARGEST_SNAPSHOT;
use contract::camera::Snapshot;
use contract::camera::SnapshotRequest;
use contract::ids::GateId;
use quinn::RecvStream;
use quinn::SendStream;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;
use tokio::sync::mpsc;

use crate::audit;
use crate::audit::Actor;
use crate::fleet::cameras;
use crate::fleet::directives::TERM;
use crate::fleet::sight::Shot;
use crate::link::shell::Welcomed;
use crate::store::Priority;
use crate::store::StoreError;

/// How long a snapshot's bytes may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The revisions that were sent on this connection.
pub(super) type Sent = BTreeMap<(GateId, String), u64>;

/// Collects what the edge has not been sent on this connection; none if there is nothing.
pub(super) async fn collect(
    welcomed: &Welcomed,
    sent: &mut Sent,
) -> anyhow::Result<Option<CameraDirectives>> {
    let (organisation, edge) = (welcomed.organisation, welcomed.edge);
    let all: Vec<CameraDirective> = welcomed
        .parts
        .store
        .read(move |tx| cameras::list_directives(tx, organisation, edge))
        .await
        .map_err(|error: StoreError| {
            anyhow::Error::new(error).context("collecting the cameras' settings")
        })?;
    let mut fresh = Vec::new();
    for directive in all {
        let key = (directive.gate, directive.camera.clone());
        if sent.insert(key, directive.revision) != Some(directive.revision) {
            fresh.push(directive);
        }
    }
    Ok((!fresh.is_empty()).then_some(CameraDirectives {
        term: TERM,
        cameras: fresh,
    }))
}

/// Remembers how a camera stands. An edge that has a newer revision than the hub remembers gets the hub's again.
pub(super) async fn take_report(welcomed: &Welcomed, report: CameraReport) -> anyhow::Result<()> {
    let (gate, camera, revision) = (report.gate, report.camera.clone(), report.revision);
    let now = welcomed.parts.clock.wall();
    let before = welcomed.sight.report(sound(report), now);
    if before == Some(revision) {
        return Ok(());
    }
    let (organisation, edge) = (welcomed.organisation, welcomed.edge);
    welcomed
        .parts
        .store
        .write(Priority::Machines, move |tx| {
            if cameras::overtake(tx, organisation, edge, (gate, &camera), revision, now)? {
                let entry = audit::Entry {
                    organisation,
                    at: now,
                    actor: Actor::Edge(edge),
                    action: "camera.overtake",
                    object_kind: "gate",
                    object_id: gate.to_string(),
                    summary: "An edge held camera settings that this hub does not remember: the hub's were left again"
                        .to_owned(),
                    details: json!({ "camera": camera, "revision": revision }),
                    address: String::new(),
                };
                audit::record(tx, &entry)?;
            }
            Ok(())
        })
        .await
        .map_err(|error: StoreError| anyhow::Error::new(error).context("noting a camera's report"))
}

/// What an edge measured, without numbers that are none.
fn sound(mut report: CameraReport) -> CameraReport {
    for rate in [&mut report.camera_fps, &mut report.looked_fps] {
        if !rate.is_finite() {
            *rate = 0.0;
        }
    }
    report
}

/// Sends on what people ask for.
pub(super) async fn ask(
    requests: &mut mpsc::Receiver<SnapshotRequest>,
    send: &Mutex<SendStream>,
) -> anyhow::Result<()> {
    while let Some(request) = requests.recv().await {
        frames::write(&mut *send.lock().await, &request.into())
            .await
            .context("asking for a snapshot")?;
    }
    // A newer connection of the same edge took over.
    std::future::pending().await
}

/// Takes a picture that somebody asked for.
pub(super) async fn serve(
    welcomed: &Arc<Welcomed>,
    snapshot: Snapshot,
    mut send: SendStream,
    receive: RecvStream,
) -> anyhow::Result<()> {
    send.finish()?;
    if snapshot.size_bytes > LARGEST_SNAPSHOT {
        bail!("a snapshot of {} bytes", snapshot.size_bytes);
    }
    if !welcomed.sight.is_awaited(snapshot.id) {
        // Whoever asked has given up, or nobody did: the bytes are not taken.
        return Ok(());
    }
    let mut bytes = Vec::new();
    let mut part = receive.take(snapshot.size_bytes.saturating_add(1));
    let reading = part.read_to_end(&mut bytes);
    tokio::time::timeout(PATIENCE, reading)
        .await
        .context("a snapshot took too long")?
        .context("reading a snapshot")?;
    let is_whole = u64::try_from(bytes.len()).is_ok_and(|size| size == snapshot.size_bytes);
    let answer = if snapshot.size_bytes == 0 {
        Err(snapshot.why)
    } else if is_whole && bytes.starts_with(&[0xff, 0xd8]) {
        Ok(Shot {
            at: snapshot.at,
            bytes: bytes.into(),
        })
    } else {
        Err("what the edge sent is no whole JPEG".to_owned())
    };
    welcomed.sight.answer(snapshot.id, answer);
    Ok(())
}
