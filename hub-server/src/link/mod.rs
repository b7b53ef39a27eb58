//! The link: the door for edges, over QUIC.

pub mod session;

use std::net::Ipv4Addr;
use std::net::SocketAddr;

use serde::Deserialize;
use serde::Serialize;

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
