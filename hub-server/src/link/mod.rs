//! The link: the door for edges, over QUIC.
//!
//! Called by `run`. One connection of an edge carries a control stream (hello and welcome, directives, time), a stream
//! of events, and a stream for each picture. A machine without a certificate is spoken to about enrolment and nothing
//! else.
//!
//! Invariants:
//! - An acknowledgement is sent only after the commit that reached the disk (`session`, `shell`).
//! - Who speaks is established by the certificate; a retired edge and the second holder of an identity are refused.
//! - Memory is bounded by what one connection may have open: one batch, two pictures, one message of directives.
//! - Nothing that a peer sends stops the hub: at worst its own connection is closed.

mod cameras;
mod directives;
mod enrol;
mod events;
mod listen;
mod pictures;
pub mod session;
mod sessions;
mod shell;

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;

use contract::time::Clock;
use serde::Deserialize;
use serde::Serialize;

pub use listen::Listener;

use crate::evidence::Evidence;
use crate::fleet::authority::Authority;
use crate::fleet::presence::Presence;
use crate::fleet::sight::Sight;
use crate::store::Store;

/// Section `[link]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The UDP address that edges connect to.
    pub listen: SocketAddr,
    /// The most connections at once.
    pub most_connections: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::UNSPECIFIED, 8443).into(),
            most_connections: 1000,
        }
    }
}

/// What the link works with.
#[derive(Clone)]
pub struct Parts {
    /// The master record.
    pub store: Store,
    /// Where time comes from.
    pub clock: Clock,
    /// Who issues certificates.
    pub authority: Arc<Authority>,
    /// Who is connected.
    pub presence: Presence,
    /// What cameras show.
    pub sight: Sight,
    /// Where pictures are kept.
    pub evidence: Arc<Evidence>,
}
