//! Sites of the organisation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use contract::ids::SiteId;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::page::Page;
use crate::fleet;
use crate::hub::Hub;

/// One place of the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Site {
    /// Its identity.
    #[schema(value_type = Uuid)]
    pub id: SiteId,
    /// Its name.
    #[schema(example = "Town hall car park")]
    pub name: String,
    /// The time zone in which its schedules are meant.
    #[schema(example = "Europe/Madrid")]
    pub time_zone: String,
    /// How many vehicles it has room for, if somebody said so.
    pub capacity: Option<i64>,
}

/// Lists the organisation's sites by name.
#[utoipa::path(
    get,
    path = "/api/v1/sites",
    tag = "fleet",
    responses((status = 200, body = Page<Site>), (status = "default", body = ErrorBody))
)]
pub async fn list_sites(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Page<Site>>, WebError> {
    let reach = asked.caller.reach;
    let sites = hub
        .store
        .read(move |tx| fleet::sites::list_sites(tx, reach).map_err(WebError::from))
        .await?;
    let items = sites
        .into_iter()
        .map(|site| Site {
            id: site.id,
            name: site.name,
            time_zone: site.time_zone,
            capacity: site.capacity,
        })
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}
