//! Finding a host's addresses and calling one of those that were checked: the name is looked up once, and exactly an
//! address that passed is dialled, so that a name which changes its answer in between (DNS rebinding) gains nothing.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::OutboundError;
use super::address::Network;
use super::address::Place;
use super::address::place;

/// Addresses of one host that are tried.
const MOST_TRIED: usize = 4;

/// Who answers for names.
#[derive(Debug)]
pub(super) enum Resolver {
    /// The machine's own resolver.
    System,
    /// Answers given one after the other, the last for good; counts how often it was asked.
    #[cfg(test)]
    Scripted(std::sync::Mutex<Script>),
}

/// What a scripted resolver says.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) answers: Vec<Vec<IpAddr>>,
    pub(super) asked: usize,
}

/// A host that may be called.
#[derive(Debug)]
pub(super) struct Checked {
    /// Where to call, in the resolver's order.
    pub(super) addresses: Vec<SocketAddr>,
    /// Whether every address is in a network that the operator allowed.
    pub(super) is_allowed: bool,
}

/// Looks a host up and leaves out what may not be called.
pub(super) async fn check(
    resolver: &Resolver,
    host: &str,
    port: u16,
    allowed: &[Network],
) -> Result<Checked, OutboundError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = match bare.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => resolver.look_up(host, port).await?,
    };
    let mut is_allowed = true;
    let addresses: Vec<SocketAddr> = found
        .iter()
        .filter(|address| match place(**address, allowed) {
            Place::Allowed => true,
            Place::Public => {
                is_allowed = false;
                true
            }
            Place::Forbidden => false,
        })
        .map(|address| SocketAddr::new(address.to_canonical(), port))
        .take(MOST_TRIED)
        .collect();
    if addresses.is_empty() {
        return Err(match found.first() {
            Some(address) => OutboundError::Forbidden(*address),
            None => OutboundError::NoSuchHost,
        });
    }
    Ok(Checked {
        addresses,
        is_allowed,
    })
}

/// Calls the first address that answers.
pub(super) async fn dial(
    addresses: &[SocketAddr],
    within: Duration,
) -> Result<TcpStream, OutboundError> {
    let mut failed = OutboundError::NoSuchHost;
    for address in addresses {
        match tokio::time::timeout(within, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are written whole; waiting for more only costs time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => failed = OutboundError::Connect(error.kind()),
            Err(_) => failed = OutboundError::TimedOut,
        }
    }
    Err(failed)
}

impl Resolver {
    async fn look_up(&self, host: &str, port: u16) -> Result<Vec<IpAddr>, OutboundError> {
        match self {
            Self::System => Ok(tokio::net::lookup_host((host, port))
                .await
                .map_err(|_| OutboundError::NoSuchHost)?
                .map(|address| address.ip())
                .collect()),
            #[cfg(test)]
            Self::Scripted(script) => {
                let mut script = script
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                script.asked += 1;
                let last = script.answers.len().saturating_sub(1);
                let turn = (script.asked - 1).min(last);
                Ok(script.answers.get(turn).cloned().unwrap_or_default())
            }
        }
    }
}
