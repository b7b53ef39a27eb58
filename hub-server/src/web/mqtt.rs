//! Where the organisation publishes over MQTT.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::at::At;
use super::body::Body;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::FieldFault;
use super::error::WebError;
use super::webhooks::wake;
use crate::audit;
use crate::hub::Hub;
use crate::outbound;
use crate::outbound::Broker;
use crate::store::Priority;
use crate::store::Tx;

/// Where the organisation publishes, and how that goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mqtt {
    /// The broker; null: nothing is published.
    pub broker: Option<MqttBroker>,
}

/// A broker. Its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct MqttBroker {
    /// Its name or address.
    #[schema(example = "broker.example.com")]
    pub host: String,
    /// Its port.
    #[schema(example = 8883)]
    pub port: u16,
    /// Whether it is called over TLS.
    pub tls: bool,
    /// With what the hub logs in; empty: without.
    pub user: String,
    /// Whether a password is set.
    pub has_password: bool,
    /// How every topic begins.
    #[schema(example = "gatewarden")]
    pub prefix: String,
    /// Home Assistant's prefix; empty: nothing is announced to it.
    #[schema(example = "homeassistant")]
    pub discovery: String,
    /// Whether anything is published.
    pub on: bool,
    /// Events that the broker has not got.
    #[schema(example = 0)]
    pub waiting: i64,
    /// When it acknowledged something last.
    pub last_success_at: Option<At>,
    /// Why the last attempt failed, or nothing.
    pub last_error: String,
    /// When it is called again after a failure.
    pub next_attempt_at: Option<At>,
}

/// Where the organisation is to publish.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MqttInput {
    /// The broker's name or address; one in a private network needs `[outbound] allow`.
    #[schema(example = "broker.example.com")]
    pub host: String,
    /// Its port.
    #[schema(example = 8883)]
    pub port: u16,
    /// Whether it is called over TLS; without it in allowed networks only.
    pub tls: bool,
    /// With what the hub logs in; empty: without.
    #[schema(example = "gatewarden")]
    pub user: String,
    /// Its password; null keeps the one that is set.
    #[schema(required = true, example = json!(null))]
    #[serde(deserialize_with = "Option::deserialize")]
    pub password: Option<String>,
    /// How every topic begins.
    #[schema(example = "gatewarden")]
    pub prefix: String,
    /// Home Assistant's prefix; empty: nothing is announced to it.
    #[schema(example = "homeassistant")]
    pub discovery: String,
    /// Whether anything is published.
    pub on: bool,
}

/// Shows where the organisation publishes, and how that goes.
#[utoipa::path(
    get, path = "/api/v1/mqtt", tag = "integrations",
    responses((status = 200, body = Mqtt), (status = "default", body = ErrorBody))
)]
pub async fn show_mqtt(State(hub): State<Arc<Hub>>, asked: Asked) -> Result<Json<Mqtt>, WebError> {
    let organisation = asked.caller.organisation;
    let broker = hub
        .store
        .read(move |tx| {
            outbound::find_broker(tx, organisation)?
                .map(|broker| shown(tx, broker))
                .transpose()
        })
        .await?;
    Ok(Json(Mqtt { broker }))
}

/// Sets where the organisation publishes. A broker that is set first gets what happens from then on; the settings of
/// one can be changed without losing what waits.
#[utoipa::path(
    put, path = "/api/v1/mqtt", tag = "integrations", request_body = MqttInput,
    responses((status = 200, body = Mqtt), (status = "default", body = ErrorBody))
)]
pub async fn set_mqtt(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<MqttInput>,
) -> Result<Json<Mqtt>, WebError> {
    WebError::check(faults(&given))?;
    let at = hub.clock.wall();
    let organisation = asked.caller.organisation;
    let sealed = given
        .password
        .as_ref()
        .map(|password| {
            let what = outbound::belongs_to_broker(organisation);
            hub.seal
                .seal(password.as_bytes(), &what)
                .map_err(|error| WebError::Internal(error.into()))
        })
        .transpose()?;
    let broker = hub
        .store
        .write(Priority::People, move |tx| {
            let before = outbound::find_broker(tx, organisation)?;
            let kept = before.as_ref().and_then(|broker| broker.password.clone());
            let after = Broker {
                organisation,
                host: given.host.clone(),
                port: given.port,
                is_tls: given.tls,
                user: given.user.clone(),
                password: if given.user.is_empty() {
                    None
                } else {
                    sealed.clone().or(kept)
                },
                prefix: given.prefix.clone(),
                discovery: given.discovery.clone(),
                is_on: given.on,
                position: 0,
                attempts: 0,
                next_at: at,
                last_success_at: None,
                last_error: String::new(),
                revision: 0,
                changed_at: at,
            };
            outbound::save_broker(tx, &after)?;
            let entry = asked.entry(
                at,
                "mqtt.change",
                ("mqtt", String::new()),
                "Set where the hub publishes over MQTT.",
                serde_json::json!({
                    "before": before.as_ref().map(told), "after": told(&after), "password": sealed.is_some(),
                }),
            );
            audit::record(tx, &entry)?;
            wake(tx);
            outbound::find_broker(tx, organisation)?
                .map(|broker| shown(tx, broker))
                .transpose()
        })
        .await?;
    Ok(Json(Mqtt { broker }))
}

/// Ends publishing, and forgets the broker with its password and what waits for it.
#[utoipa::path(
    delete, path = "/api/v1/mqtt", tag = "integrations",
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn remove_mqtt(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<StatusCode, WebError> {
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            let organisation = asked.caller.organisation;
            let before = outbound::find_broker(tx, organisation)?;
            // Removing twice is what was asked for already.
            if outbound::delete_broker(tx, organisation)? {
                let entry = asked.entry(
                    at,
                    "mqtt.remove",
                    ("mqtt", String::new()),
                    "Ended publishing over MQTT.",
                    serde_json::json!({ "before": before.as_ref().map(told) }),
                );
                audit::record(tx, &entry)?;
                wake(tx);
            }
            Ok::<_, WebError>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(tx: &mut Tx, broker: Broker) -> Result<MqttBroker, WebError> {
    let waiting = outbound::count_unpublished(tx, &broker)?;
    Ok(MqttBroker {
        host: broker.host,
        port: broker.port,
        tls: broker.is_tls,
        user: broker.user,
        has_password: broker.password.is_some(),
        prefix: broker.prefix,
        discovery: broker.discovery,
        on: broker.is_on,
        waiting,
        last_success_at: broker.last_success_at.map(At::from),
        last_error: broker.last_error,
        next_attempt_at: (broker.attempts > 0).then_some(broker.next_at.into()),
    })
}

fn told(broker: &Broker) -> serde_json::Value {
    serde_json::json!({
        "host": broker.host, "port": broker.port, "tls": broker.is_tls, "user": broker.user,
        "prefix": broker.prefix, "discovery": broker.discovery, "on": broker.is_on,
    })
}

fn faults(given: &MqttInput) -> Vec<FieldFault> {
    let is_host = |text: &str| {
        !text.is_empty()
            && text.len() <= 253
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
    };
    let is_topic = |text: &str| {
        text.len() <= 100
            && !text.starts_with(['/', '$'])
            && !text.ends_with('/')
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'))
    };
    let is_short = |text: &str| text.len() <= 256 && !text.chars().any(char::is_control);
    let rules = [
        (
            is_host(&given.host),
            "host",
            "is not a host name or an address",
        ),
        (given.port != 0, "port", "must be between 1 and 65535"),
        (
            is_short(&given.user),
            "user",
            "has more than 256 bytes, or control characters",
        ),
        (
            given.password.as_deref().is_none_or(is_short),
            "password",
            "has more than 256 bytes, or control characters",
        ),
        (
            !given.prefix.is_empty() && is_topic(&given.prefix),
            "prefix",
            "must be a topic of letters, digits, / - _ and . without wildcards",
        ),
        (
            is_topic(&given.discovery),
            "discovery",
            "must be a topic of letters, digits, / - _ and . without wildcards, or nothing",
        ),
    ];
    rules
        .iter()
        .filter(|(holds, _, _)| !holds)
        .map(|(_, field, why)| FieldFault {
            field: (*field).to_owned(),
            why: (*why).to_owned(),
        })
        .collect()
}
