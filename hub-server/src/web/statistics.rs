//! Passages, visits and openings in figures, over a range of time.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use contract::ids::SiteId;
use contract::time::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::at::At;
use super::body::Query;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::FieldFault;
use super::error::WebError;
use crate::auth::Right;
use crate::fleet;
use crate::fleet::sites::Site;
use crate::hub::Hub;
use crate::parking::statistics;
use crate::parking::statistics::Bucket;
use crate::parking::statistics::Counts;
use crate::parking::statistics::Openings;
use crate::parking::statistics::Stays;
use crate::parking::statistics::Step;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest range by hours.
const HOURS_LONGEST: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// The longest range by days.
const DAYS_LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// Ranges up to here are shown by hours unless something else is asked for.
const HOURS_USUAL: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// What is counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsQuery {
    /// Only this site; every site within reach otherwise.
    #[param(value_type = Option<uuid::Uuid>)]
    pub site: Option<SiteId>,
    /// From this moment; a day before `until` if not given.
    pub from: Option<At>,
    /// Until just before this moment; now if not given.
    pub until: Option<At>,
    /// `hour` for up to 31 days, `day` for up to 366; what fits the range if not given.
    pub step: Option<Step>,
}

/// Figures over a range of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statistics {
    /// From here.
    pub from: At,
    /// Until just before here.
    pub until: At,
    /// How long a bucket is.
    pub step: Step,
    /// Whose hours and days: the site's, or of the first site by name.
    #[schema(example = "Europe/Madrid")]
    pub time_zone: String,
    /// Every passage.
    #[schema(example = 253)]
    pub passages: i64,
    /// The sums of the buckets.
    pub total: Counts,
    /// The part of the passages whose plate no permit has, 0 to 1; null without a passage.
    #[schema(example = 0.028)]
    pub unknown_share: Option<f64>,
    /// How often barriers opened.
    #[schema(example = 244)]
    pub openings: i64,
    /// How often of these by a person's order.
    #[schema(example = 4)]
    pub openings_by_hand: i64,
    /// The part of the openings that a person ordered, 0 to 1; null without an opening.
    #[schema(example = 0.016)]
    pub by_hand_share: Option<f64>,
    /// Stays that began in the range and have ended; null without the right to see visits.
    #[schema(example = 120)]
    pub stays: Option<i64>,
    /// How long these were on average, in seconds; null if there are none, or without the right to see visits.
    #[schema(example = 5400)]
    pub average_stay_s: Option<i64>,
    /// Hour by hour or day by day, empty ones too, in order.
    pub buckets: Vec<Bucket>,
}

/// Counts what came to the gates of a site, or of all, over a range of time.
#[utoipa::path(
    get,
    path = "/api/v1/statistics",
    tag = "visits",
    params(StatisticsQuery),
    responses(
        (status = 200, body = Statistics), (status = 400, body = ErrorBody), (status = "default", body = ErrorBody)
    )
)]
pub async fn show_statistics(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<StatisticsQuery>,
) -> Result<Json<Statistics>, WebError> {
    let until = query.until.map_or_else(|| hub.clock.wall(), |at| at.0);
    let from = query.from.map_or_else(|| day_before(until), |at| at.0);
    let step = step_of(from, until, query.step)?;
    let wanted = statistics::Asked {
        site: query.site,
        from,
        until,
    };
    let reach = asked.caller.reach;
    let sees_visits = asked.caller.may(Right::ViewVisits);
    let (site, quarters, openings, stays) = hub
        .store
        .read(move |tx| {
            let site = zone_site(fleet::sites::list_sites(tx, reach)?, query.site)?;
            let quarters = statistics::quarters(tx, reach, wanted)?;
            let openings = statistics::openings(tx, reach, wanted)?;
            let stays = match sees_visits {
                true => Some(statistics::stays(tx, reach, wanted)?),
                false => None,
            };
            Ok::<_, WebError>((site, quarters, openings, stays))
        })
        .await?;
    let time_zone = site.map_or_else(|| "UTC".to_owned(), |site| site.time_zone);
    let zone = TimeZone::get(&time_zone).unwrap_or(TimeZone::UTC);
    let mut total = Counts::default();
    quarters.values().for_each(|counts| total.add(counts));
    Ok(Json(summed(
        wanted,
        step,
        time_zone,
        total,
        openings,
        stays,
        statistics::buckets(&quarters, wanted, step, &zone),
    )))
}

fn summed(
    asked: statistics::Asked,
    step: Step,
    time_zone: String,
    total: Counts,
    openings: Openings,
    stays: Option<Stays>,
    buckets: Vec<Bucket>,
) -> Statistics {
    let passages = total.opened + total.denied + total.asked;
    Statistics {
        from: asked.from.into(),
        until: asked.until.into(),
        step,
        time_zone,
        passages,
        total,
        unknown_share: share(total.unknown, passages),
        openings: openings.all,
        openings_by_hand: openings.by_hand,
        by_hand_share: share(openings.by_hand, openings.all),
        stays: stays.map(|stays| stays.ended),
        average_stay_s: stays.and_then(|stays| (stays.total_ms / 1000).checked_div(stays.ended)),
        buckets,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2^52, and a share is for people"
)]
fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The site whose time zone counts; a site that is asked for must be within reach.
fn zone_site(sites: Vec<Site>, asked: Option<SiteId>) -> Result<Option<Site>, WebError> {
    let mut sites = sites.into_iter();
    match asked {
        Some(id) => match sites.find(|site| site.id == id) {
            Some(site) => Ok(Some(site)),
            None => Err(WebError::invalid("site", "is not one of your sites")),
        },
        None => Ok(sites.next()),
    }
}

fn day_before(until: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_millis()).unwrap_or_default();
    Timestamp::from_millis(until.as_millis().saturating_sub(day))
}

/// The step, or what is wrong with the range.
fn step_of(from: Timestamp, until: Timestamp, asked: Option<Step>) -> Result<Step, WebError> {
    if from >= until {
        return Err(WebError::invalid("from", "must be before until"));
    }
    let length = until.since(from);
    let usual = if length <= HOURS_USUAL {
        Step::Hour
    } else {
        Step::Day
    };
    let step = asked.unwrap_or(usual);
    let (longest, days) = match step {
        Step::Hour => (HOURS_LONGEST, 31),
        Step::Day => (DAYS_LONGEST, 366),
    };
    if length > longest {
        return Err(WebError::Invalid(vec![FieldFault {
            field: "from".to_owned(),
            why: format!("must be at most {days} days before until with this step"),
        }]));
    }
    Ok(step)
}
