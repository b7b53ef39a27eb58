//! Webhooks: who is told what happens, over HTTP. The secret is in one answer, and nowhere afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::name_faults;
use super::at::At;
use super::body::Body;
use super::body::Path;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::FieldFault;
use super::error::WebError;
use super::page::Page;
use crate::audit;
use crate::fleet;
use crate::hub::Hub;
use crate::outbound;
use crate::outbound::Hook;
use crate::outbound::HookState;
use crate::outbound::Secret;
use crate::outbound::Wanted;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// The most webhooks of an organisation.
const MOST_HOOKS: usize = 50;
/// The most sites that a webhook names.
const MOST_SITES: usize = 1000;
/// The longest address.
const URL_BYTES: usize = 2000;

/// One webhook, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhook {
    /// Its identity.
    pub id: Uuid,
    /// What it is for.
    #[schema(example = "visitor screen")]
    pub name: String,
    /// Where it listens.
    #[schema(example = "https://example.com/gatewarden")]
    pub url: String,
    /// The kinds of events that it takes; null for all.
    #[schema(example = json!(["passage", "order"]))]
    pub kinds: Option<BTreeSet<String>>,
    /// The sites whose events it takes; null for all, and for what is about no one site.
    #[schema(value_type = Option<Vec<Uuid>>)]
    pub sites: Option<BTreeSet<Uuid>>,
    /// `on`, `paused`, or `failed`: given up after long failure.
    #[schema(example = "on")]
    pub state: String,
    /// Events of the organisation that it has not got yet, those that it does not take among them.
    #[schema(example = 0)]
    pub waiting: i64,
    /// Events that it did not take in time.
    #[schema(example = 0)]
    pub dead_letters: i64,
    /// Since when every attempt failed.
    pub failing_since: Option<At>,
    /// When it is called again; null: as soon as something happens.
    pub next_attempt_at: Option<At>,
    /// When it took something last.
    pub last_success_at: Option<At>,
    /// Why the last attempt failed, or nothing.
    pub last_error: String,
    /// When it was made.
    pub created_at: At,
}

/// What a webhook is to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookInput {
    /// What it is for.
    #[schema(example = "visitor screen")]
    pub name: String,
    /// Where it listens: `https://`, or `http://` in a network of `[outbound] allow`.
    #[schema(example = "https://example.com/gatewarden")]
    pub url: String,
    /// The kinds of events that it takes; null for all.
    #[schema(required = true, example = json!(["passage"]))]
    #[serde(deserialize_with = "Option::deserialize")]
    pub kinds: Option<BTreeSet<String>>,
    /// The sites whose events it takes; null for all.
    #[schema(value_type = Option<Vec<Uuid>>, required = true, example = json!(null))]
    #[serde(deserialize_with = "Option::deserialize")]
    pub sites: Option<BTreeSet<SiteId>>,
    /// Whether its events wait.
    #[schema(example = false)]
    pub paused: bool,
}

/// A webhook with its secret. This answer is the only one that has it.
#[derive(Serialize, ToSchema)]
pub struct WebhookMade {
    /// What is listed of it.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// Verifies what the hub sends (docs/WEBHOOKS.md).
    #[schema(example = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]
    pub secret: String,
}

/// Lists the organisation's webhooks, oldest first.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "integrations",
    responses((status = 200, body = Page<Webhook>), (status = "default", body = ErrorBody))
)]
pub async fn list_webhooks(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<Webhook>>, WebError> {
    let organisation = asked.caller.organisation;
    let items = hub
        .store
        .read(move |tx| {
            outbound::list_hooks(tx, organisation)?
                .into_iter()
                .map(|hook| shown(tx, hook))
                .collect::<Result<Vec<Webhook>, WebError>>()
        })
        .await?;
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Shows one webhook.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}", tag = "integrations",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = Webhook), (status = "default", body = ErrorBody))
)]
pub async fn show_webhook(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Json<Webhook>, WebError> {
    let organisation = asked.caller.organisation;
    let webhook = hub
        .store
        .read(move |tx| {
            let hook = load(tx, organisation, id)?;
            shown(tx, hook)
        })
        .await?;
    Ok(Json(webhook))
}

/// Makes a webhook. It gets what happens from then on.
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "integrations", request_body = WebhookInput,
    responses((status = 201, body = WebhookMade), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn create_webhook(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<WebhookInput>,
) -> Result<(StatusCode, Json<WebhookMade>), WebError> {
    WebError::check(faults(&given))?;
    let at = hub.clock.wall();
    let id = Uuid::fresh(at);
    let secret = Secret::random();
    let sealed = seal(&hub, id, &secret)?;
    let webhook = hub
        .store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            if outbound::list_hooks(tx, organisation)?.len() >= MOST_HOOKS {
                return Err(WebError::Conflict(format!(
                    "An organisation has at most {MOST_HOOKS} webhooks."
                )));
            }
            check_sites(tx, organisation, &given)?;
            let hook = Hook {
                id,
                organisation,
                name: given.name.trim().to_owned(),
                url: given.url.clone(),
                wanted: wanted(&given),
                secret: sealed.clone(),
                old_secret: None,
                state: state(&given),
                position: 0,
                attempts: 0,
                next_at: at,
                failing_since: None,
                last_success_at: None,
                last_error: String::new(),
                created_at: at,
                changed_at: at,
            };
            outbound::insert_hook(tx, &hook)?;
            let entry = asked.entry(
                at,
                "webhook.create",
                ("webhook", id.to_string()),
                "Made a webhook.",
                told(&hook),
            );
            audit::record(tx, &entry)?;
            let hook = load(tx, organisation, id)?;
            shown(tx, hook)
        })
        .await?;
    let answer = WebhookMade {
        webhook,
        secret: secret.reveal(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Changes a webhook, pauses it, or turns it on again. What waits is tried at once.
#[utoipa::path(
    put, path = "/api/v1/webhooks/{id}", tag = "integrations", request_body = WebhookInput,
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = Webhook), (status = "default", body = ErrorBody))
)]
pub async fn change_webhook(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Body(given): Body<WebhookInput>,
) -> Result<Json<Webhook>, WebError> {
    WebError::check(faults(&given))?;
    let at = hub.clock.wall();
    let webhook = hub
        .store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            check_sites(tx, organisation, &given)?;
            let before = load(tx, organisation, id)?;
            let mut after = before.clone();
            given.name.trim().clone_into(&mut after.name);
            after.url.clone_from(&given.url);
            after.wanted = wanted(&given);
            after.state = state(&given);
            after.changed_at = at;
            outbound::update_hook(tx, &after)?;
            let entry = asked.entry(
                at,
                "webhook.change",
                ("webhook", id.to_string()),
                "Changed a webhook.",
                serde_json::json!({ "before": told(&before), "after": told(&after) }),
            );
            audit::record(tx, &entry)?;
            wake(tx);
            let hook = load(tx, organisation, id)?;
            shown(tx, hook)
        })
        .await?;
    Ok(Json(webhook))
}

/// Removes a webhook. It can be brought back.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", tag = "integrations",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn remove_webhook(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, WebError> {
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            let mut hook = load(tx, asked.caller.organisation, id)?;
            hook.state = HookState::Removed;
            hook.changed_at = at;
            outbound::update_hook(tx, &hook)?;
            let entry = asked.entry(
                at,
                "webhook.remove",
                ("webhook", id.to_string()),
                "Removed a webhook.",
                told(&hook),
            );
            audit::record(tx, &entry)?;
            Ok::<_, WebError>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a removed webhook back, with what the hub still keeps for it.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/restore", tag = "integrations",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = Webhook), (status = "default", body = ErrorBody))
)]
pub async fn restore_webhook(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Json<Webhook>, WebError> {
    let at = hub.clock.wall();
    let webhook = hub
        .store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let mut hook = outbound::find_hook(tx, organisation, id)?.ok_or(WebError::NotFound)?;
            if hook.state == HookState::Removed {
                if outbound::list_hooks(tx, organisation)?.len() >= MOST_HOOKS {
                    return Err(WebError::Conflict(format!(
                        "An organisation has at most {MOST_HOOKS} webhooks."
                    )));
                }
                hook.state = HookState::On;
                hook.changed_at = at;
                outbound::update_hook(tx, &hook)?;
                let entry = asked.entry(
                    at,
                    "webhook.restore",
                    ("webhook", id.to_string()),
                    "Brought a webhook back.",
                    told(&hook),
                );
                audit::record(tx, &entry)?;
                wake(tx);
            }
            shown(tx, hook)
        })
        .await?;
    Ok(Json(webhook))
}

/// Makes a new secret. For a day the old one signs, too, so that the receiver can change without missing anything.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/secret", tag = "integrations",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, body = WebhookMade), (status = "default", body = ErrorBody))
)]
pub async fn renew_secret(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Json<WebhookMade>, WebError> {
    let at = hub.clock.wall();
    let secret = Secret::random();
    let sealed = seal(&hub, id, &secret)?;
    let webhook = hub
        .store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let mut hook = load(tx, organisation, id)?;
            let old = std::mem::replace(&mut hook.secret, sealed.clone());
            hook.old_secret = Some((old, at.plus(outbound::BOTH_SECRETS)));
            hook.changed_at = at;
            outbound::update_hook(tx, &hook)?;
            let entry = asked.entry(
                at,
                "webhook.renew_secret",
                ("webhook", id.to_string()),
                "Made a new secret for a webhook.",
                serde_json::json!({ "name": hook.name }),
            );
            audit::record(tx, &entry)?;
            shown(tx, hook)
        })
        .await?;
    Ok(Json(WebhookMade {
        webhook,
        secret: secret.reveal(),
    }))
}

pub(super) fn load(tx: &mut Tx, organisation: OrganisationId, id: Uuid) -> Result<Hook, WebError> {
    outbound::find_hook(tx, organisation, id)?
        .filter(|hook| hook.state != HookState::Removed)
        .ok_or(WebError::NotFound)
}

/// Lets the courier look at once.
pub(super) fn wake(tx: &mut Tx) {
    tx.wake(crate::store::Wake::Live);
}

fn shown(tx: &mut Tx, hook: Hook) -> Result<Webhook, WebError> {
    let waiting = outbound::count_waiting(tx, &hook)?;
    let dead_letters = outbound::count_letters(tx, hook.organisation, hook.id)?;
    let is_failing = hook.failing_since.is_some() && hook.state == HookState::On;
    Ok(Webhook {
        id: hook.id,
        name: hook.name,
        url: hook.url,
        kinds: some(hook.wanted.kinds),
        sites: some(hook.wanted.sites),
        state: hook.state.name().to_owned(),
        waiting,
        dead_letters,
        failing_since: hook.failing_since.map(At::from),
        next_attempt_at: is_failing.then_some(hook.next_at.into()),
        last_success_at: hook.last_success_at.map(At::from),
        last_error: hook.last_error,
        created_at: hook.created_at.into(),
    })
}

fn some<T: Ord>(set: BTreeSet<T>) -> Option<BTreeSet<T>> {
    (!set.is_empty()).then_some(set)
}

fn wanted(given: &WebhookInput) -> Wanted {
    Wanted {
        kinds: given.kinds.clone().unwrap_or_default(),
        sites: given.sites.iter().flatten().map(|site| site.0).collect(),
    }
}

fn state(given: &WebhookInput) -> HookState {
    if given.paused {
        HookState::Paused
    } else {
        HookState::On
    }
}

fn seal(hub: &Hub, id: Uuid, secret: &Secret) -> Result<Vec<u8>, WebError> {
    hub.seal
        .seal(secret.bytes(), &outbound::belongs_to(id))
        .map_err(|error| WebError::Internal(error.into()))
}

/// What the trail tells of a webhook: of its address no query, which often carries a key.
fn told(hook: &Hook) -> serde_json::Value {
    let url = hook.url.split(['?', '#']).next().unwrap_or_default();
    serde_json::json!({
        "name": hook.name, "url": url, "kinds": hook.wanted.kinds, "sites": hook.wanted.sites,
        "state": hook.state.name(),
    })
}

fn faults(given: &WebhookInput) -> Vec<FieldFault> {
    let mut faults = name_faults(&given.name);
    let mut fault = |field: &str, why: String| {
        faults.push(FieldFault {
            field: field.to_owned(),
            why,
        });
    };
    if given.url.len() > URL_BYTES {
        fault("url", format!("has more than {URL_BYTES} bytes"));
    } else if let Err(why) = outbound::check_url(&given.url) {
        fault("url", why.to_string());
    }
    match &given.kinds {
        Some(kinds) if kinds.is_empty() => {
            fault("kinds", "must name a kind; null means all of them".into());
        }
        Some(kinds) => {
            for kind in kinds {
                if !outbound::KINDS.contains(&kind.as_str()) {
                    let all = outbound::KINDS.join(", ");
                    fault("kinds", format!("names an unknown kind; known: {all}"));
                    break;
                }
            }
        }
        None => {}
    }
    match &given.sites {
        Some(sites) if sites.is_empty() => {
            fault("sites", "must name a site; null means all of them".into());
        }
        Some(sites) if sites.len() > MOST_SITES => {
            fault("sites", format!("names more than {MOST_SITES} sites"));
        }
        Some(_) | None => {}
    }
    faults
}

fn check_sites(
    tx: &mut Tx,
    organisation: OrganisationId,
    given: &WebhookInput,
) -> Result<(), WebError> {
    for site in given.sites.iter().flatten() {
        let found: Result<_, StoreError> = fleet::sites::find_site(tx, organisation, *site);
        if found?.is_none() {
            return Err(WebError::invalid(
                "sites",
                "names a site that does not exist",
            ));
        }
    }
    Ok(())
}
