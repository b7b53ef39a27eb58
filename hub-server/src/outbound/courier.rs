//! The courier: takes events to webhooks, each webhook in a lane of its own, in order, until they are taken.
//!
//! Nothing is kept in memory: what a webhook has is its position in the outbox, which moves in the transaction that
//! notes the success. A hub that dies in between delivers that one event again, under the same id.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::time::Clock;
use contract::time::Timestamp;
use futures_util::future::join_all;
use hyper::Request;
use hyper::StatusCode;
use hyper::header;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use super::Outbound;
use super::backoff;
use super::hooks;
use super::hooks::Hook;
use super::hooks::HookState;
use super::letters;
use super::letters::Attempt;
use super::outbox;
use super::outbox::Event;
use super::signature::Secret;
use crate::audit;
use crate::audit::Actor;
use crate::auth::Seal;
use crate::store::Id;
use crate::store::Priority;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Tx;

/// Events that are looked at in one go.
const AT_ONCE: i64 = 200;
/// How much of an answer is kept, in characters.
const ANSWER_KEPT: usize = 500;
/// The longest wait before the courier looks again by itself.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Takes events to webhooks; clones share everything.
#[derive(Clone)]
pub struct Courier {
    /// The master record.
    pub store: Store,
    /// Where time comes from.
    pub clock: Clock,
    /// The way out.
    pub outbound: Outbound,
    /// Opens the secrets.
    pub seal: Arc<Seal>,
}

/// What a webhook's secret is sealed for.
pub fn belongs_to(hook: Uuid) -> String {
    format!("webhook {hook}")
}

/// What a lane does next.
enum Turn {
    /// Nothing at this moment.
    Rest,
    /// What came is not for this webhook: it has everything up to here.
    Skip(i64),
    /// This event, and whether it is a dead letter that was asked for again.
    Deliver(Box<Hook>, Box<Event>, bool),
}

/// What came of an attempt, beside its line in the log.
struct Outcome {
    attempt: Attempt,
    /// How long the receiver asked to be left alone.
    retry_after: Option<Duration>,
}

impl Courier {
    /// Delivers until the hub stops.
    pub async fn run(self, stop: CancellationToken) {
        let mut wakes = self.store.wakes();
        let mut lanes: JoinSet<Uuid> = JoinSet::new();
        let mut busy = BTreeSet::new();
        loop {
            let (due, wait) = self.due().await.unwrap_or_else(|error| {
                warn!("looking for events to deliver failed: {error}");
                (Vec::new(), LOOK_EVERY)
            });
            for hook in due {
                if busy.insert(hook.id) {
                    let courier = self.clone();
                    lanes.spawn(async move {
                        courier.lane(&hook).await;
                        hook.id
                    });
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                Some(ended) = lanes.join_next() => match ended {
                    Ok(hook) => {
                        busy.remove(&hook);
                    }
                    // Which lane panicked is not told, so all are looked at again; a lane that still runs goes on.
                    Err(error) => {
                        warn!("a lane of the courier ended: {error}");
                        lanes.abort_all();
                        while lanes.join_next().await.is_some() {}
                        busy.clear();
                    }
                },
                woken = wakes.recv() => if matches!(woken, Err(RecvError::Closed)) {
                    return;
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Delivers everything that is due at this moment and comes back when nothing is.
    pub async fn pass(&self) -> Result<(), StoreError> {
        loop {
            let (due, _) = self.due().await?;
            if due.is_empty() {
                return Ok(());
            }
            join_all(due.iter().map(|hook| self.lane(hook))).await;
        }
    }

    /// Sends a webhook an event that tells nothing, and says what came of it.
    pub async fn test(&self, hook: &Hook) -> Result<Attempt, StoreError> {
        let now = self.clock.wall();
        let event = Event {
            number: 0,
            id: Uuid::fresh(now),
            organisation: hook.organisation,
            site: None,
            kind: "test".to_owned(),
            body: "{}".to_owned(),
            seen_at: now,
        };
        let outcome = self.attempt(hook, &event).await;
        let (hook, attempt) = (hook.clone(), outcome.attempt.clone());
        self.store
            .write(Priority::Machines, move |tx| {
                letters::insert_attempt(tx, &hook, &attempt)
            })
            .await?;
        Ok(outcome.attempt)
    }

    /// The webhooks with work, and how long until there may be more.
    async fn due(&self) -> Result<(Vec<Hook>, Duration), StoreError> {
        let now = self.clock.wall();
        let unseen = self.store.read(outbox::has_unseen).await?;
        if unseen {
            self.store
                .write(Priority::Machines, move |tx| outbox::stamp(tx, now))
                .await?;
        }
        let (due, next) = self
            .store
            .read(move |tx| {
                Ok::<_, StoreError>((hooks::list_due(tx, now)?, hooks::next_due(tx, now)?))
            })
            .await?;
        let wait = next.map_or(LOOK_EVERY, |at| at.since(now).min(LOOK_EVERY));
        Ok((due, wait.max(Duration::from_millis(50))))
    }

    /// One webhook's events, one after the other, until one fails or none is left.
    async fn lane(&self, hook: &Hook) {
        loop {
            match self.step(hook).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    warn!(webhook.id = %hook.id, "delivering to webhook {} failed: {error}", hook.id);
                    return;
                }
            }
        }
    }

    async fn step(&self, hook: &Hook) -> Result<bool, StoreError> {
        let (organisation, id, now) = (hook.organisation, hook.id, self.clock.wall());
        let turn = self
            .store
            .read(move |tx| next(tx, organisation, id, now))
            .await?;
        match turn {
            Turn::Rest => Ok(false),
            Turn::Skip(position) => {
                self.store
                    .write(Priority::Machines, move |tx| {
                        hooks::advance(tx, id, position)
                    })
                    .await?;
                Ok(true)
            }
            Turn::Deliver(hook, event, is_letter) => {
                let outcome = self.attempt(&hook, &event).await;
                let is_taken = outcome.attempt.error.is_empty();
                self.store
                    .write(Priority::Machines, move |tx| {
                        if outcome.attempt.error.is_empty() {
                            taken(tx, &hook, &event, is_letter, &outcome.attempt)
                        } else {
                            refused(tx, &hook, &event, is_letter, &outcome)
                        }
                    })
                    .await?;
                Ok(is_taken)
            }
        }
    }

    async fn attempt(&self, hook: &Hook, event: &Event) -> Outcome {
        let began = self.clock.monotonic();
        let answer = match self.request(hook, event) {
            Ok(request) => self
                .outbound
                .send(request)
                .await
                .map_err(|error| error.to_string()),
            Err(why) => Err(why.to_owned()),
        };
        let now = self.clock.wall();
        let took = self.clock.monotonic().saturating_sub(began);
        let mut attempt = Attempt {
            id: 0,
            event: event.id,
            kind: event.kind.clone(),
            attempt: hook.attempts.saturating_add(1),
            at: now,
            took_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            status: None,
            error: String::new(),
            answer: String::new(),
        };
        let mut retry_after = None;
        match answer {
            Ok(answer) => {
                attempt.status = Some(answer.status().as_u16());
                attempt.answer = beginning(answer.body());
                if !answer.status().is_success() {
                    attempt.error = format!("it answered {}", answer.status());
                    retry_after = answer
                        .headers()
                        .get(header::RETRY_AFTER)
                        .and_then(|value| value.to_str().ok()?.parse().ok())
                        .map(Duration::from_secs);
                }
            }
            Err(why) => attempt.error = why,
        }
        Outcome {
            attempt,
            retry_after,
        }
    }

    fn request(&self, hook: &Hook, event: &Event) -> Result<Request<Bytes>, &'static str> {
        let now = self.clock.wall();
        let body = event.message();
        let timestamp = now.as_millis().div_euclid(1000);
        let sign = |sealed: &[u8]| -> Result<String, &'static str> {
            let opened = self
                .seal
                .open_sealed(sealed, &belongs_to(hook.id))
                .ok()
                .and_then(|bytes| Secret::of_bytes(&bytes))
                .ok_or("its secret can't be opened; make a new one")?;
            Ok(opened.sign(event.id, timestamp, &body))
        };
        let mut signatures = sign(&hook.secret)?;
        if let Some((old, until)) = &hook.old_secret
            && now < *until
        {
            signatures = format!("{signatures} {}", sign(old)?);
        }
        Request::post(&hook.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", event.id.to_string())
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures)
            .body(Bytes::from(body))
            .map_err(|_| "its address can't be called")
    }
}

fn next(
    tx: &mut Tx,
    organisation: contract::ids::OrganisationId,
    id: Uuid,
    now: Timestamp,
) -> Result<Turn, StoreError> {
    let Some(hook) = hooks::find_hook(tx, organisation, id)? else {
        return Ok(Turn::Rest);
    };
    if hook.state == HookState::Removed || hook.next_at > now {
        return Ok(Turn::Rest);
    }
    if let Some(letter) = letters::first_replay(tx, id)? {
        return Ok(Turn::Deliver(Box::new(hook), Box::new(letter.event), true));
    }
    if hook.state != HookState::On {
        return Ok(Turn::Rest);
    }
    let events = outbox::list_after(tx, organisation, hook.position, AT_ONCE)?;
    let last = events.last().map(|event| event.number);
    match events.into_iter().find(|event| hook.wanted.takes(event)) {
        Some(event) => Ok(Turn::Deliver(Box::new(hook), Box::new(event), false)),
        None => Ok(last.map_or(Turn::Rest, Turn::Skip)),
    }
}

fn taken(
    tx: &mut Tx,
    hook: &Hook,
    event: &Event,
    is_letter: bool,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    if is_letter {
        letters::delete_letter(tx, hook.id, event.number)?;
    } else {
        hooks::advance(tx, hook.id, event.number)?;
    }
    letters::insert_attempt(tx, hook, attempt)?;
    hooks::succeeded(tx, hook.id, attempt.at)
}

fn refused(
    tx: &mut Tx,
    hook: &Hook,
    event: &Event,
    is_letter: bool,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    let attempt = &outcome.attempt;
    let now = attempt.at;
    let pause = backoff::pause(attempt.attempt)
        .max(outcome.retry_after.unwrap_or_default())
        .min(backoff::LONGEST);
    letters::insert_attempt(tx, hook, attempt)?;
    if is_letter {
        letters::end_replays(tx, hook.id, &attempt.error)?;
    } else {
        bury_old(tx, hook, event, now, &attempt.error)?;
    }
    hooks::failed(
        tx,
        hook.id,
        attempt.attempt,
        now.plus(pause),
        now,
        &attempt.error,
    )?;
    let since = hook.failing_since.unwrap_or(now);
    let is_gone = attempt.status == Some(StatusCode::GONE.as_u16());
    if (is_gone || backoff::is_given_up(since, now)) && hooks::give_up(tx, hook.id)? {
        record_given_up(tx, hook, attempt, since)?;
    }
    Ok(())
}

/// The receiver just failed, so whatever has waited too long becomes a dead letter, and the rest goes on in order.
fn bury_old(
    tx: &mut Tx,
    hook: &Hook,
    event: &Event,
    now: Timestamp,
    error: &str,
) -> Result<(), StoreError> {
    if !backoff::is_too_old(event.seen_at, now) {
        return Ok(());
    }
    let mut position = event.number.saturating_sub(1).max(hook.position);
    loop {
        let events = outbox::list_after(tx, hook.organisation, position, AT_ONCE)?;
        let old: Vec<&Event> = events
            .iter()
            .take_while(|event| backoff::is_too_old(event.seen_at, now))
            .collect();
        let Some(last) = old.last() else { break };
        position = last.number;
        for event in old.iter().filter(|event| hook.wanted.takes(event)) {
            letters::bury(tx, hook.id, event, error, now)?;
        }
    }
    hooks::advance(tx, hook.id, position)
}

fn record_given_up(
    tx: &mut Tx,
    hook: &Hook,
    attempt: &Attempt,
    since: Timestamp,
) -> Result<(), StoreError> {
    warn!(webhook.id = %hook.id, "webhook {} is given up after long failure", hook.id);
    let details = serde_json::json!({
        "name": hook.name, "failing_since": since.to_string(), "status": attempt.status, "error": attempt.error,
    });
    audit::record(
        tx,
        &audit::Entry {
            organisation: hook.organisation,
            at: attempt.at,
            actor: Actor::System,
            action: "webhook.give_up",
            object_kind: "webhook",
            object_id: hook.id.to_string(),
            summary: "A webhook was turned off after long failure; its events wait.".to_owned(),
            details,
            address: String::new(),
        },
    )?;
    let news =
        serde_json::json!({ "id": hook.id, "state": "failed", "at": attempt.at.to_string() });
    outbox::leave(tx, hook.organisation, None, "webhook", &news)
}

/// How an answer begins, without what could move a terminal.
fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body)
        .chars()
        .take(ANSWER_KEPT)
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}
