//! Live news as server-sent events.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::Sse;
use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::caller::Asked;
use super::caller::Means;
use super::caller::bearer;
use super::caller::claims_of;
use super::caller::presented_key;
use super::caller::session_token;
use super::error::WebError;
use crate::auth;
use crate::auth::Claims;
use crate::auth::Reach;
use crate::auth::Right;
use crate::auth::Token;
use crate::hub::Hub;
use crate::live;
use crate::live::News;
use crate::store::StoreError;
use crate::store::Wake;

const HEARTBEAT: Duration = Duration::from_secs(15);
const AT_ONCE: i64 = 200;

/// Follows what happens. Each event has an id; `Last-Event-ID` resumes after it. `reset` says that news was missed
/// which the hub no longer keeps: load everything again. A comment every 15 seconds shows that the stream lives.
#[utoipa::path(
    get, path = "/api/v1/live", tag = "live",
    params(("Last-Event-ID" = Option<String>, Header, description = "Resume after this event.")),
    responses((status = 200, content_type = "text/event-stream", body = String)),
)]
pub async fn follow_live(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let turn = Arc::clone(&hub.live_streams)
        .try_acquire_owned()
        .map_err(|_| WebError::Busy)?;
    let shown = match asked.caller.means {
        Means::Session { .. } => session_token(&headers).map(Shown::Cookie),
        Means::Token { .. } => match bearer(&headers) {
            Some(token) => claims_of(&hub, token).await?.map(Shown::Token),
            None => None,
        },
        Means::Key { .. } => presented_key(&headers).map(Shown::Key),
    };
    let shown = shown.ok_or(WebError::Unauthenticated)?;
    // Listening begins before the first look, so that nothing falls between the two.
    let wakes = hub.wakes();
    let (newest, oldest) = hub
        .store
        .read(|tx| Ok::<_, WebError>(live::ends(tx)?))
        .await?;
    let resume = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .map(|id| resume_after(id, hub.store.generation(), newest, oldest));
    let (after, missed) = match resume {
        Some(Some(after)) => (after, false),
        Some(None) => (newest, true),
        None => (newest, false),
    };
    metrics::gauge!("gatewarden_hub_live_streams").increment(1);
    let follower = Follower {
        reach: asked.caller.reach,
        hub,
        shown,
        wakes,
        after,
        first: true,
        missed,
        _turn: turn,
    };
    let mut response = Sse::new(news(follower)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that collects answers would hold the news back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// Reads `generation-number`. `None`: that place is gone, or belongs to another life of the database.
fn resume_after(id: &str, generation: u64, newest: i64, oldest: i64) -> Option<i64> {
    let (life, number) = id.split_once('-')?;
    let number: i64 = number.parse().ok()?;
    let is_ours = life.parse() == Ok(generation) && number <= newest;
    (is_ours && number.saturating_add(1) >= oldest).then_some(number)
}

/// By what the listener showed who it is; looked at again before each item.
#[derive(Clone)]
enum Shown {
    Cookie(Token),
    Token(Claims),
    Key(Token),
}

struct Follower {
    hub: Arc<Hub>,
    reach: Reach,
    shown: Shown,
    wakes: broadcast::Receiver<Wake>,
    after: i64,
    first: bool,
    missed: bool,
    _turn: OwnedSemaphorePermit,
}

impl Drop for Follower {
    fn drop(&mut self) {
        metrics::gauge!("gatewarden_hub_live_streams").decrement(1);
    }
}

fn news(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follower, |mut follower| async move {
        let events = follower.next().await?;
        Some((stream::iter(events.into_iter().map(Ok)), follower))
    })
    .flatten()
}

impl Follower {
    /// The next events, or `None` when the stream is over: the hub stops, or the log-in no longer holds.
    async fn next(&mut self) -> Option<Vec<Event>> {
        let generation = self.hub.store.generation();
        if std::mem::take(&mut self.first) {
            let kind = if self.missed { "reset" } else { "hello" };
            let hello = Event::default()
                .id(format!("{generation}-{}", self.after))
                .event(kind)
                .data("{}");
            return Some(vec![hello]);
        }
        loop {
            let reach = self.reach;
            let after = self.after;
            let read: Result<Vec<News>, StoreError> = self
                .hub
                .store
                .read(move |tx| live::list_after(tx, reach, after, AT_ONCE))
                .await;
            let list = read
                .inspect_err(|error| tracing::warn!(%error, "reading live news failed"))
                .ok()?;
            if let Some(last) = list.last() {
                // News are for those who are logged in at this moment, however busy the gates are.
                let rights = self.rights().await?;
                self.after = last.id;
                let event = |news: &News| {
                    Event::default()
                        .id(format!("{generation}-{}", news.id))
                        .event(&news.kind)
                        .data(&news.body)
                };
                let events: Vec<Event> = list
                    .iter()
                    .filter(|news| shows(&rights, &news.kind))
                    .map(event)
                    .collect();
                if events.is_empty() {
                    continue;
                }
                return Some(events);
            }
            if !self.wait().await {
                self.rights().await?;
                return Some(vec![Event::default().comment("")]);
            }
        }
    }

    /// Waits for news; false after a silent heartbeat or when the hub stops.
    async fn wait(&mut self) -> bool {
        let stop = self.hub.stop.clone();
        let listen = async {
            loop {
                match self.wakes.recv().await {
                    Ok(Wake::Live) | Err(RecvError::Lagged(_)) => return true,
                    Ok(Wake::Directives(_) | Wake::Retired(_)) => {}
                    Err(RecvError::Closed) => return false,
                }
            }
        };
        tokio::select! {
            waited = tokio::time::timeout(HEARTBEAT, listen) => waited.unwrap_or(false),
            () = stop.cancelled() => false,
        }
    }

    /// What the listener may do at this moment. `None` ends the stream: the hub stops, the log-in holds no more, it
    /// lost the right, or it reaches other sites than when the stream began; a console then begins anew.
    async fn rights(&self) -> Option<BTreeSet<Right>> {
        if self.hub.stop.is_cancelled() {
            return None;
        }
        let shown = self.shown.clone();
        let now = self.hub.clock.wall();
        let found: Result<_, StoreError> = self
            .hub
            .store
            .read(move |tx| {
                Ok(match &shown {
                    Shown::Cookie(token) => auth::find_session(tx, token, now)?
                        .map(|session| (session.reach, session.rights)),
                    Shown::Token(claims) => auth::find_token_use(tx, claims, now)?
                        .map(|token| (token.reach, token.rights)),
                    Shown::Key(secret) => {
                        auth::find_key_use(tx, secret, now)?.map(|key| (key.reach, key.rights))
                    }
                })
            })
            .await;
        let (reach, rights) = found.ok()??;
        let holds = reach == self.reach && rights.contains(&Right::ViewPassages);
        holds.then_some(rights)
    }
}

/// Whether news of this kind is for somebody with these rights: the same that the page of its subject needs.
fn shows(rights: &BTreeSet<Right>, kind: &str) -> bool {
    let right = match kind {
        "passage" | "input" | "camera" => Right::ViewPassages,
        "permit" => Right::ViewPermits,
        "visit" => Right::ViewVisits,
        "order" | "edge" => Right::ViewFleet,
        _ => return false,
    };
    rights.contains(&right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_gone_or_of_another_life_is_not_resumed() {
        assert_eq!(resume_after("7-5", 7, 9, 3), Some(5));
        assert_eq!(resume_after("7-2", 7, 9, 3), Some(2));
        assert_eq!(resume_after("7-1", 7, 9, 3), None);
        assert_eq!(resume_after("6-5", 7, 9, 3), None);
        assert_eq!(resume_after("7-10", 7, 9, 3), None);
        for odd in ["", "7", "x-5", "7-x", "7-99999999999999999999"] {
            assert_eq!(resume_after(odd, 7, 9, 3), None, "{odd}");
        }
    }
}
