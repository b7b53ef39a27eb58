//! Who calls how often: request rates by address, for administrators.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::at::At;
use super::caller::Asked;
use super::error::ErrorBody;
use super::traffic::Counted;
use super::traffic::Traffic;
use crate::hub::Hub;

/// Addresses that one answer lists.
const MOST: usize = 500;

/// The addresses that called in the last hour.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressList {
    /// The busiest first, 500 at most.
    pub items: Vec<AddressRate>,
}

/// What came from one address.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressRate {
    /// The address.
    #[schema(example = "192.0.2.7")]
    pub address: String,
    /// Whether it came with a log-in or a key of your organisation; otherwise without any.
    pub logged_in: bool,
    /// Requests in the last 60 seconds, the minute that is half over reckoned from its part.
    pub requests_last_minute: u32,
    /// Requests in the last 60 minutes.
    pub requests_last_hour: u32,
    /// How many of these were refused (4xx), failed log-ins and rate limits among them.
    pub refused_last_hour: u32,
    /// When it called last.
    pub last_seen: At,
}

/// Lists who called in the last hour, by address: the own organisation's people and keys, and who calls without a
/// log-in. Kept in memory since the hub's start.
#[utoipa::path(
    get,
    path = "/api/v1/addresses",
    tag = "operations",
    responses((status = 200, body = AddressList), (status = "default", body = ErrorBody))
)]
pub async fn list_addresses(
    State(hub): State<Arc<Hub>>,
    Extension(traffic): Extension<Arc<Traffic>>,
    asked: Asked,
) -> Json<AddressList> {
    let list = traffic.list(asked.caller.organisation, hub.clock.wall());
    let items = list.into_iter().take(MOST).map(shown).collect();
    Json(AddressList { items })
}

fn shown(one: Counted) -> AddressRate {
    AddressRate {
        address: one.address.to_string(),
        logged_in: one.is_known,
        requests_last_minute: one.last_minute,
        requests_last_hour: one.last_hour,
        refused_last_hour: one.refused_last_hour,
        last_seen: one.last_seen.into(),
    }
}
