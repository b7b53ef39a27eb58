//! How people like their console: language, time zone, default site, colours, and what is announced.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use contract::ids::SiteId;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::body::Body;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::FieldFault;
use super::error::WebError;
use crate::audit;
use crate::auth;
use crate::auth::ColourScheme;
use crate::auth::Language;
use crate::auth::Notice;
use crate::auth::Reach;
use crate::fleet;
use crate::hub::Hub;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// The longest name of a time zone, in characters.
const ZONE_LONGEST: usize = 64;

/// What the caller prefers. It is put as a whole: each field is there, and null is what the browser says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// The language of the console: `en`, `de` or `es`.
    #[schema(value_type = Option<String>, required = true, example = "de", pattern = "^(en|de|es)$")]
    #[serde(deserialize_with = "Option::deserialize")]
    pub language: Option<Language>,
    /// The zone in which times are shown, by its name in the IANA's list.
    #[schema(required = true, example = "Europe/Madrid")]
    #[serde(deserialize_with = "Option::deserialize")]
    pub time_zone: Option<String>,
    /// The site that lists begin with; null for all. One that is out of the caller's reach since reads as null.
    #[schema(value_type = Option<uuid::Uuid>, required = true)]
    #[serde(deserialize_with = "Option::deserialize")]
    pub default_site: Option<SiteId>,
    /// `light` or `dark`.
    #[schema(value_type = Option<String>, required = true, example = "dark", pattern = "^(light|dark)$")]
    #[serde(deserialize_with = "Option::deserialize")]
    pub colour_scheme: Option<ColourScheme>,
    /// What the console announces when it happens: `gate_asks`, `entry_denied`, `camera_down`.
    #[schema(value_type = Vec<String>, example = json!(["gate_asks"]))]
    pub notices: BTreeSet<Notice>,
}

impl Preferences {
    fn of(kept: auth::Preferences) -> Self {
        Self {
            language: kept.language,
            time_zone: kept.time_zone,
            default_site: kept.default_site,
            colour_scheme: kept.colour_scheme,
            notices: kept.notices,
        }
    }
}

/// Shows what the caller prefers; nulls if nothing was ever put.
#[utoipa::path(
    get, path = "/api/v1/session/preferences", tag = "session",
    responses((status = 200, body = Preferences), (status = "default", body = ErrorBody))
)]
pub async fn show_preferences(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Preferences>, WebError> {
    let (account, reach) = (asked.caller.account, asked.caller.reach);
    let kept = hub
        .store
        .read(move |tx| {
            let mut kept = auth::find_preferences(tx, account)?;
            if let Some(site) = kept.default_site
                && !is_within(tx, reach, site)?
            {
                kept.default_site = None;
            }
            Ok::<_, WebError>(kept)
        })
        .await?;
    Ok(Json(Preferences::of(kept)))
}

/// Puts what the caller prefers.
#[utoipa::path(
    put, path = "/api/v1/session/preferences", tag = "session", request_body = Preferences,
    responses((status = 200, body = Preferences), (status = 400, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn set_preferences(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<Preferences>,
) -> Result<Json<Preferences>, WebError> {
    WebError::check(zone_fault(given.time_zone.as_deref()))?;
    let at = hub.clock.wall();
    let answer = given.clone();
    hub.store
        .write(Priority::People, move |tx| {
            let account = asked.caller.account;
            if let Some(site) = given.default_site
                && !is_within(tx, asked.caller.reach, site)?
            {
                return Err(WebError::invalid("default_site", "is not one of your sites"));
            }
            let preferences = auth::Preferences {
                language: given.language,
                time_zone: given.time_zone.clone(),
                default_site: given.default_site,
                colour_scheme: given.colour_scheme,
                notices: given.notices.clone(),
            };
            auth::put_preferences(tx, account, &preferences)?;
            let entry = asked.entry(
                at,
                "preferences.change",
                ("account", account.to_string()),
                "Changed the own preferences.",
                json!({
                    "language": given.language, "time_zone": given.time_zone, "default_site": given.default_site,
                    "colour_scheme": given.colour_scheme, "notices": given.notices,
                }),
            );
            Ok(audit::record(tx, &entry)?)
        })
        .await?;
    Ok(Json(answer))
}

fn is_within(tx: &mut Tx, reach: Reach, site: SiteId) -> Result<bool, StoreError> {
    let sites = fleet::sites::list_sites(tx, reach)?;
    Ok(sites.iter().any(|known| known.id == site))
}

fn zone_fault(zone: Option<&str>) -> Vec<FieldFault> {
    let is_known =
        |zone: &str| zone.chars().count() <= ZONE_LONGEST && jiff::tz::TimeZone::get(zone).is_ok();
    if zone.is_none_or(is_known) {
        return Vec::new();
    }
    vec![FieldFault {
        field: "time_zone".to_owned(),
        why: "is not a name of the IANA's list, such as Europe/Madrid".to_owned(),
    }]
}
