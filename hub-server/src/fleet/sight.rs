//! What the cameras of connected edges show at this moment: their reports, and pictures that people ask for. Kept in
//! memory: nothing here outlives the connection that it came by.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use bytes::Bytes;
use contract::camera::CameraReport;
use contract::camera::LONGEST_NAME;
use contract::camera::SnapshotRequest;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::time::Timestamp;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

/// Cameras of one edge that are remembered: what a hostile edge can take is bounded.
const MOST_CAMERAS: usize = 64;
/// Pictures that people wait for at once, from one edge.
const MOST_WAITING: usize = 4;

/// What cameras show; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug, Default)]
struct Inside {
    lines: BTreeMap<EdgeId, Line>,
    waiting: BTreeMap<u64, Waiting>,
    /// Counts connections and requests.
    next: u64,
}

#[derive(Debug)]
struct Line {
    connection: u64,
    requests: mpsc::Sender<SnapshotRequest>,
    reports: BTreeMap<(GateId, String), Reported>,
}

#[derive(Debug)]
struct Waiting {
    edge: EdgeId,
    answer: oneshot::Sender<Answer>,
}

/// A report and when it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported {
    /// What the edge said.
    pub report: CameraReport,
    /// When it came, by the hub's clock.
    pub at: Timestamp,
}

/// A picture, or why there is none.
pub type Answer = Result<Shot, String>;

/// A picture that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// When it was taken, by the edge's clock.
    pub at: Timestamp,
    /// A JPEG file.
    pub bytes: Bytes,
}

/// Why nobody can be asked for a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The edge is not connected.
    #[error("the edge is not connected")]
    Away,
    /// Too many people wait already.
    #[error("too many pictures are waited for")]
    Busy,
}

/// An edge's connection, as long as it lives.
#[derive(Debug)]
pub struct Connected {
    sight: Sight,
    edge: EdgeId,
    connection: u64,
}

impl Sight {
    /// Begins with a connection of an edge, in place of an older one. Requests for its pictures come out of the receiver.
    pub fn connect(&self, edge: EdgeId) -> (Connected, mpsc::Receiver<SnapshotRequest>) {
        let (requests, receiver) = mpsc::channel(MOST_WAITING);
        let mut inside = self.lock();
        inside.next += 1;
        let connection = inside.next;
        let line = Line {
            connection,
            requests,
            reports: BTreeMap::new(),
        };
        inside.lines.insert(edge, line);
        inside.waiting.retain(|_, waiting| waiting.edge != edge);
        let connected = Connected {
            sight: self.clone(),
            edge,
            connection,
        };
        (connected, receiver)
    }

    /// Returns what an edge said of a camera on its present connection.
    pub fn find_report(&self, edge: EdgeId, gate: GateId, camera: &str) -> Option<Reported> {
        let inside = self.lock();
        let line = inside.lines.get(&edge)?;
        line.reports.get(&(gate, camera.to_owned())).cloned()
    }

    /// Asks an edge for a camera's newest picture. The answer comes later; an edge that goes away never answers.
    pub fn ask(
        &self,
        edge: EdgeId,
        gate: GateId,
        camera: &str,
    ) -> Result<oneshot::Receiver<Answer>, AskError> {
        let mut inside = self.lock();
        let Inside {
            lines,
            waiting,
            next,
        } = &mut *inside;
        let line = lines.get(&edge).ok_or(AskError::Away)?;
        // Who gave up waiting makes room.
        waiting.retain(|_, other| !other.answer.is_closed());
        if waiting.values().filter(|other| other.edge == edge).count() >= MOST_WAITING {
            return Err(AskError::Busy);
        }
        *next += 1;
        let request = SnapshotRequest {
            id: *next,
            gate,
            camera: camera.to_owned(),
        };
        line.requests
            .try_send(request)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => AskError::Busy,
                mpsc::error::TrySendError::Closed(_) => AskError::Away,
            })?;
        let (answer, receiver) = oneshot::channel();
        waiting.insert(*next, Waiting { edge, answer });
        Ok(receiver)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected {
    /// Remembers a report. Returns the revision that the edge reported of this camera before, if it did, or `None` for its
    /// first report.
    pub fn report(&self, report: CameraReport, at: Timestamp) -> Option<u64> {
        let mut inside = self.sight.lock();
        let line = inside
            .lines
            .get_mut(&self.edge)
            .filter(|line| line.connection == self.connection)?;
        let key = (report.gate, report.camera.clone());
        let is_known = line.reports.contains_key(&key);
        if report.camera.chars().count() > LONGEST_NAME
            || !is_known && line.reports.len() >= MOST_CAMERAS
        {
            // Not remembered, and nothing is to be done about it.
            return Some(report.revision);
        }
        let before = line.reports.insert(key, Reported { report, at });
        before.map(|before| before.report.revision)
    }

    /// Whether a request of this number waits for this edge's picture.
    pub fn is_awaited(&self, id: u64) -> bool {
        let inside = self.sight.lock();
        inside
            .waiting
            .get(&id)
            .is_some_and(|waiting| waiting.edge == self.edge)
    }

    /// Hands a picture to whoever asked for it.
    pub fn answer(&self, id: u64, answer: Answer) {
        let mut inside = self.sight.lock();
        let is_mine = inside
            .waiting
            .get(&id)
            .is_some_and(|waiting| waiting.edge == self.edge);
        if is_mine && let Some(waiting) = inside.waiting.remove(&id) {
            // Whoever asked may have given up.
            let _ = waiting.answer.send(answer);
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut inside = self.sight.lock();
        let is_mine = inside
            .lines
            .get(&self.edge)
            .is_some_and(|line| line.connection == self.connection);
        if is_mine {
            inside.lines.remove(&self.edge);
            let edge = self.edge;
            inside.waiting.retain(|_, waiting| waiting.edge != edge);
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::area::Areas;
    use contract::camera::CameraSettings;

    use super::*;

    fn edge(n: u8) -> EdgeId {
        EdgeId::new(Timestamp::from_millis(1), [n; 10])
    }

    fn gate() -> GateId {
        GateId::new(Timestamp::from_millis(1), [7; 10])
    }

    fn report(camera: &str, revision: u64) -> CameraReport {
        let settings = CameraSettings {
            fps: 10,
            areas: Areas::default(),
        };
        CameraReport {
            gate: gate(),
            camera: camera.into(),
            revision,
            in_force: settings.clone(),
            own: settings,
            camera_fps: 25.0,
            allowed_fps: 10,
            looked_fps: 9.9,
            last_frame: None,
        }
    }

    fn shot() -> Shot {
        Shot {
            at: Timestamp::from_millis(5),
            bytes: Bytes::from_static(b"\xff\xd8"),
        }
    }

    #[tokio::test]
    async fn a_picture_reaches_who_asked_and_another_edge_can_not_answer_in_its_place() {
        let sight = Sight::default();
        assert_eq!(
            sight.ask(edge(1), gate(), "front").err(),
            Some(AskError::Away)
        );
        let (first, mut requests) = sight.connect(edge(1));
        let (other, _requests) = sight.connect(edge(2));
        let asked = sight.ask(edge(1), gate(), "front").unwrap();
        let request = requests.recv().await.unwrap();
        assert_eq!(request.camera, "front");
        assert!(!other.is_awaited(request.id));
        other.answer(request.id, Err("mine".into()));
        assert!(first.is_awaited(request.id));
        first.answer(request.id, Ok(shot()));
        assert_eq!(asked.await.unwrap(), Ok(shot()));
        assert!(!first.is_awaited(request.id));
    }

    #[tokio::test]
    async fn so_many_wait_at_once_and_an_edge_that_goes_leaves_nobody_waiting() {
        let sight = Sight::default();
        let (connected, mut requests) = sight.connect(edge(1));
        let mut waiting = Vec::new();
        for _ in 0..MOST_WAITING {
            waiting.push(sight.ask(edge(1), gate(), "front").unwrap());
            requests.recv().await.unwrap();
        }
        assert_eq!(
            sight.ask(edge(1), gate(), "front").err(),
            Some(AskError::Busy)
        );
        waiting.pop();
        sight.ask(edge(1), gate(), "front").unwrap();
        drop(connected);
        for answer in waiting {
            assert!(answer.await.is_err());
        }
    }

    #[test]
    fn reports_are_those_of_the_present_connection_and_bounded() {
        let sight = Sight::default();
        let (old, _requests) = sight.connect(edge(1));
        assert_eq!(
            old.report(report("front", 3), Timestamp::from_millis(1)),
            None
        );
        assert_eq!(
            old.report(report("front", 4), Timestamp::from_millis(2)),
            Some(3)
        );
        let (new, _requests) = sight.connect(edge(1));
        assert_eq!(sight.find_report(edge(1), gate(), "front"), None);
        drop(old);
        for n in 0..100 {
            new.report(report(&format!("c{n}"), 1), Timestamp::from_millis(3));
        }
        let found = |name: &str| sight.find_report(edge(1), gate(), name).is_some();
        assert!(found("c0") && found("c63") && !found("c64"));
        assert_eq!(sight.find_report(edge(2), gate(), "c0"), None);
    }
}
