//! How the hub is: for load balancers, monitors and people.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::WebError;
use crate::auth;
use crate::hub::Hub;
use crate::store::StoreError;

const PATIENCE: Duration = Duration::from_secs(5);

/// How the hub is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `degraded`.
    pub status: String,
    /// The hub's version.
    pub version: String,
    /// The hub's build.
    pub build: String,
    /// `ok` or `failed`.
    pub database: String,
    /// Which life of the database this is.
    pub generation: u64,
    /// The edges.
    pub edges: HealthEdges,
}

/// How many edges there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthEdges {
    /// Connected at this moment.
    pub connected: usize,
}

/// Whether the hub takes requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// Always true; a hub that is not ready answers 503.
    pub ready: bool,
}

/// Shows how the hub is. Always 200: `status` tells; `/ready` is for load balancers.
#[utoipa::path(get, path = "/health", tag = "hub", responses((status = 200, body = Health)))]
pub async fn show_health(State(hub): State<Arc<Hub>>) -> Json<Health> {
    let is_well = database_answers(&hub).await;
    let word = |well: &str, ill: &str| {
        if is_well {
            well.to_owned()
        } else {
            ill.to_owned()
        }
    };
    let health = Health {
        status: word("ok", "degraded"),
        version: super::VERSION.to_owned(),
        build: super::BUILD.to_owned(),
        database: word("ok", "failed"),
        generation: hub.store.generation(),
        edges: HealthEdges {
            connected: hub.presence.count(),
        },
    };
    Json(health)
}

/// Says whether the hub takes requests.
#[utoipa::path(get, path = "/ready", tag = "hub", responses((status = 200, body = Ready)))]
pub async fn show_ready(State(hub): State<Arc<Hub>>) -> Result<Json<Ready>, WebError> {
    let is_up = hub.ready.load(Ordering::SeqCst) && !hub.stop.is_cancelled();
    if is_up && database_answers(&hub).await {
        Ok(Json(Ready { ready: true }))
    } else {
        Err(WebError::Busy)
    }
}

/// Shows the hub's metrics as Prometheus reads them.
#[utoipa::path(get, path = "/metrics", tag = "hub", responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn show_metrics(State(hub): State<Arc<Hub>>) -> Response {
    let (people, machines) = hub.store.writes_waiting();
    let waiting = |who: &'static str, count: usize| {
        metrics::gauge!("gatewarden_hub_writes_waiting", "who" => who).set(count as f64);
    };
    waiting("people", people);
    waiting("machines", machines);
    metrics::gauge!("gatewarden_hub_edges_connected").set(hub.presence.count() as f64);
    metrics::gauge!("gatewarden_hub_build_info", "version" => super::VERSION, "build" => super::BUILD)
        .set(1.0);
    (
        StatusCode::OK,
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        crate::metrics::render(),
    )
        .into_response()
}

/// Hands out the certificate of the hub's own authority, for browsers that are to trust it.
#[utoipa::path(get, path = "/authority.crt", tag = "hub", responses((status = 200, content_type = "application/x-x509-ca-cert", body = String)))]
pub async fn show_authority(State(hub): State<Arc<Hub>>) -> Response {
    authority(&hub)
}

/// The authority's certificate as a download.
pub(super) fn authority(hub: &Hub) -> Response {
    (
        [
            (header::CONTENT_TYPE, "application/x-x509-ca-cert"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"gatewarden-authority.crt\"",
            ),
        ],
        hub.authority.pem().to_owned(),
    )
        .into_response()
}

async fn database_answers(hub: &Hub) -> bool {
    let asked = async {
        let found: Result<bool, StoreError> = hub.store.read(auth::any_account).await;
        found
    };
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(_)))
}
