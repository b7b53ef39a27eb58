//! Who is connected at this moment. Kept in memory: the store knows it coarsely, and a restart begins empty.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use contract::ids::EdgeId;
use contract::time::Timestamp;

/// One connected edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Names the edge's process.
    pub boot: String,
    /// From where it is connected.
    pub address: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was heard last.
    pub last_heard: Timestamp,
}

/// The connected edges; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    edges: Arc<Mutex<BTreeMap<EdgeId, Present>>>,
}

impl Presence {
    /// Notes that an edge is connected, in place of what was noted of it.
    pub fn connected(&self, edge: EdgeId, present: Present) {
        self.lock().insert(edge, present);
    }

    /// Notes that an edge was heard.
    pub fn heard(&self, edge: EdgeId, at: Timestamp) {
        if let Some(present) = self.lock().get_mut(&edge) {
            present.last_heard = present.last_heard.max(at);
        }
    }

    /// Notes that the connection which began at `since` is gone; a newer one stays.
    pub fn gone(&self, edge: EdgeId, boot: &str, since: Timestamp) {
        let mut edges = self.lock();
        if edges
            .get(&edge)
            .is_some_and(|p| p.boot == boot && p.since == since)
        {
            edges.remove(&edge);
        }
    }

    /// Returns an edge that is connected.
    pub fn find(&self, edge: EdgeId) -> Option<Present> {
        self.lock().get(&edge).cloned()
    }

    /// Returns how many edges are connected.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<EdgeId, Present>> {
        self.edges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_old_connection_leaves_the_new_one() {
        let presence = Presence::default();
        let edge = EdgeId::new(Timestamp::from_millis(1), [1; 10]);
        let present = |boot: &str, since| Present {
            boot: boot.into(),
            address: "192.0.2.1:5".into(),
            since: Timestamp::from_millis(since),
            last_heard: Timestamp::from_millis(since),
        };
        presence.connected(edge, present("a", 1));
        presence.connected(edge, present("b", 2));
        presence.gone(edge, "a", Timestamp::from_millis(1));
        assert_eq!(presence.find(edge).unwrap().boot, "b");
        presence.gone(edge, "b", Timestamp::from_millis(2));
        assert_eq!(presence.count(), 0);
    }
}
