//! Connections and who holds them: how many at once, in all and from one address, and how long they may do nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use bytes::Bytes;
use http_body::Frame;
use http_body::SizeHint;
use ipnet::IpNet;
use tokio::sync::Notify;

use super::Config;
use super::rates;

/// Who is connected.
pub(super) struct Guests {
    most: usize,
    most_of_one: usize,
    proxies: Vec<IpNet>,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    all: usize,
    of: BTreeMap<IpAddr, usize>,
}

/// A connection that was let in; it counts until this is dropped.
pub(super) struct Seat {
    address: IpAddr,
    held: Arc<Mutex<Held>>,
}

impl Guests {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            most: config.connections,
            most_of_one: config.connections_per_address,
            proxies: config.proxies.clone(),
            held: Arc::default(),
        }
    }

    /// Lets a connection in, or says which bound it would break.
    pub(super) fn admit(&self, address: IpAddr) -> Result<Seat, &'static str> {
        let is_proxy = self
            .proxies
            .iter()
            .any(|network| network.contains(&address.to_canonical()));
        let address = rates::household(address);
        let mut held = lock(&self.held);
        if held.all >= self.most {
            return Err("full");
        }
        let of = held.of.entry(address).or_default();
        if *of >= self.most_of_one && !is_proxy {
            return Err("address");
        }
        *of += 1;
        held.all += 1;
        Ok(Seat {
            address,
            held: Arc::clone(&self.held),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        held.all = held.all.saturating_sub(1);
        if let Some(of) = held.of.get_mut(&self.address) {
            *of = of.saturating_sub(1);
            if *of == 0 {
                held.of.remove(&self.address);
            }
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The requests that run on one connection.
#[derive(Default)]
pub(super) struct Running {
    count: AtomicUsize,
    changed: Notify,
}

/// A request that runs, until its answer is written.
pub(super) struct Turn(Arc<Running>);

impl Running {
    pub(super) fn begin(self: &Arc<Self>) -> Turn {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
        Turn(Arc::clone(self))
    }

    /// Ends once nothing has run for so long.
    pub(super) async fn is_idle_for(&self, idle: Duration) {
        loop {
            let changed = tokio::time::timeout(idle, self.changed.notified()).await;
            if changed.is_err() && self.count.load(Ordering::SeqCst) == 0 {
                return;
            }
        }
    }
}

impl Turn {
    /// Runs on until the answer's body is written or given up.
    pub(super) fn until_the_end_of(self, answer: Response<Body>) -> Response<Body> {
        answer.map(|body| Body::new(Answering { body, _turn: self }))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_one();
    }
}

/// A body with the turn that it ends.
struct Answering {
    body: Body,
    _turn: Turn,
}

impl http_body::Body for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SE-23: so many connections from one address and in all; what ends makes room.
    #[test]
    fn connections_are_bounded_in_all_and_by_address() {
        let guests = Guests::new(&Config {
            connections: 5,
            connections_per_address: 2,
            proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Config::default()
        });
        let from = |text: &str| guests.admit(text.parse().unwrap());
        let one = from("192.0.2.1").unwrap();
        let _two = from("::ffff:192.0.2.1").unwrap();
        assert_eq!(from("192.0.2.1").err(), Some("address"));
        drop(one);
        let _three = from("192.0.2.1").unwrap();
        let _proxied = [
            from("10.0.0.1").unwrap(),
            from("10.0.0.1").unwrap(),
            from("10.0.0.1").unwrap(),
        ];
        assert_eq!(from("192.0.2.9").err(), Some("full"));
        drop(_proxied);
        assert_eq!(lock(&guests.held).of.len(), 1);
        let _household = [from("2001:db8::1").unwrap(), from("2001:db8::2").unwrap()];
        assert_eq!(from("2001:db8::3").err(), Some("address"));
    }

    #[tokio::test]
    async fn a_connection_is_idle_when_nothing_runs_on_it() {
        let running = Arc::new(Running::default());
        let turn = running.begin();
        let idle = Duration::from_millis(20);
        let long = tokio::time::timeout(idle * 5, running.is_idle_for(idle)).await;
        assert!(long.is_err(), "a request runs");
        let answer = turn.until_the_end_of(Response::new(Body::from("x")));
        let long = tokio::time::timeout(idle * 5, running.is_idle_for(idle)).await;
        assert!(long.is_err(), "its answer is being written");
        drop(answer);
        tokio::time::timeout(Duration::from_secs(10), running.is_idle_for(idle))
            .await
            .unwrap();
    }
}
