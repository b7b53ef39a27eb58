//! Who holds which identity: one process an edge. A second holder is refused while the first one lives.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use contract::ids::EdgeId;

/// An edge that lives shows it every second, so silence for this long means that it is gone.
const PROBE: Duration = Duration::from_millis(3000);
const PROBE_STEP: Duration = Duration::from_millis(250);

/// The living connections of edges.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    holders: Mutex<BTreeMap<EdgeId, Holder>>,
}

#[derive(Clone, Debug)]
struct Holder {
    boot: String,
    connection: quinn::Connection,
}

/// The identity is held by another process that lives.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InUse {
    /// From where the other one is connected.
    pub(super) other: String,
}

impl Sessions {
    /// Takes the identity for this connection. The same process may come again at once; another one has to wait until
    /// the holder is seen to be silent.
    pub(super) async fn claim(
        &self,
        edge: EdgeId,
        boot: &str,
        connection: &quinn::Connection,
    ) -> Result<(), InUse> {
        loop {
            let Some(holder) = self.take_if_free(edge, boot, connection) else {
                return Ok(());
            };
            if lives(&holder.connection).await {
                return Err(InUse {
                    other: holder.connection.remote_address().to_string(),
                });
            }
            holder.connection.close(2u32.into(), b"silent");
        }
    }

    /// Gives the identity back, if this connection still holds it.
    pub(super) fn release(&self, edge: EdgeId, connection: &quinn::Connection) {
        let mut holders = self.lock();
        if holders
            .get(&edge)
            .is_some_and(|h| h.connection.stable_id() == connection.stable_id())
        {
            holders.remove(&edge);
        }
    }

    /// Returns the living holder that stands in the way; none: the identity is taken for this connection.
    fn take_if_free(
        &self,
        edge: EdgeId,
        boot: &str,
        connection: &quinn::Connection,
    ) -> Option<Holder> {
        let mut holders = self.lock();
        if let Some(holder) = holders.get(&edge) {
            if holder.boot != boot && holder.connection.close_reason().is_none() {
                return Some(holder.clone());
            }
            holder.connection.close(2u32.into(), b"replaced");
        }
        let holder = Holder {
            boot: boot.to_owned(),
            connection: connection.clone(),
        };
        holders.insert(edge, holder);
        None
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<EdgeId, Holder>> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether something is heard on a connection within the time of a probe.
async fn lives(connection: &quinn::Connection) -> bool {
    let before = connection.stats().udp_rx.datagrams;
    let mut waited = Duration::ZERO;
    while waited < PROBE {
        if connection.close_reason().is_some() {
            return false;
        }
        if connection.stats().udp_rx.datagrams != before {
            return true;
        }
        tokio::time::sleep(PROBE_STEP).await;
        waited += PROBE_STEP;
    }
    false
}
