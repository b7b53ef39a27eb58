//! Permits: list, create, change, withdraw, restore, and as a CSV sheet. Every change is one transaction with its audit
//! line, its news and a new permit book for the gates.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use contract::ids::GateId;
use contract::ids::OrganisationId;
use contract::ids::PermitId;
use contract::permit::WeekSchedule;
use contract::plate::Plate;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::at::At;
use super::body::Body;
use super::body::Path;
use super::body::Query;
use super::body::Text;
use super::caller::Asked;
use super::cursor;
use super::error::ErrorBody;
use super::error::FieldFault;
use super::error::WebError;
use super::page::Page;
use super::page::limit;
use crate::audit;
use crate::auth::Reach;
use crate::fleet;
use crate::hub::Hub;
use crate::live;
use crate::parking::permit_sheet;
use crate::parking::permit_sheet::SheetFault;
use crate::parking::permits;
use crate::parking::permits::Filter;
use crate::parking::permits::MOST_IN_FORCE;
use crate::parking::permits::Permit;
use crate::parking::permits::Terms;
use crate::parking::permits::Week;
use crate::parking::words;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// Which permits.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PermitQuery {
    /// Where the page begins, from the page before.
    pub cursor: Option<String>,
    /// 1 to 200 items; 50 if not given.
    pub limit: Option<u32>,
    /// Only permits whose plate, holder or group holds this text.
    pub plate: Option<String>,
    /// Withdrawn permits in place of those in force.
    pub withdrawn: Option<bool>,
}

/// What a person decides about a permit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermitInput {
    /// The plate that it lets through; blanks, dots and dashes do not matter.
    #[schema(example = "1234 BCD")]
    pub plate: String,
    /// Who holds it.
    #[serde(default)]
    #[schema(example = "Ana Ruiz")]
    pub holder: String,
    /// A word to group permits by.
    #[serde(default)]
    #[schema(example = "staff")]
    pub group: String,
    /// Anything else worth knowing.
    #[serde(default)]
    pub note: String,
    /// From this moment on; null means always.
    #[serde(default)]
    pub valid_from: Option<At>,
    /// Until just before this moment; null means for ever.
    #[serde(default)]
    pub valid_until: Option<At>,
    /// When in the week; no spans means always.
    #[serde(default)]
    pub schedule: Week,
    /// At which gates; empty means at every gate.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>)]
    pub gates: Vec<GateId>,
    /// A known plate that does not open.
    #[serde(default)]
    pub denied: bool,
    /// What kind its vehicle is; null if that does not matter.
    #[serde(default)]
    #[schema(value_type = Option<words::VehicleType>)]
    pub vehicle_type: Option<VehicleType>,
    /// Its vehicle's main colour; null if that does not matter.
    #[serde(default)]
    #[schema(value_type = Option<words::VehicleColour>)]
    pub vehicle_colour: Option<VehicleColour>,
}

/// How an import is done.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// What an import did, or would do. With errors it did nothing.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ImportResult {
    /// Whether nothing was to be changed.
    pub dry_run: bool,
    /// Permits in the sheet.
    pub rows: usize,
    /// New ones.
    pub created: usize,
    /// Permits in force whose terms changed. One that says the same as before is counted in `rows` alone.
    pub updated: usize,
    /// What is wrong, by row; then nothing was imported.
    pub errors: Vec<SheetFault>,
}

/// Lists permits by plate.
#[utoipa::path(
    get,
    path = "/api/v1/permits",
    tag = "permits",
    params(PermitQuery),
    responses((status = 200, body = Page<Permit>), (status = "default", body = ErrorBody))
)]
pub async fn list_permits(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<PermitQuery>,
) -> Result<Json<Page<Permit>>, WebError> {
    let limit = limit(query.limit)?;
    let after = cursor::read_plate(query.cursor.as_deref())?.map(|(key, id)| (key, PermitId(id)));
    let text = query
        .plate
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > 100) {
        return Err(WebError::invalid(
            "plate",
            "must have at most 100 characters",
        ));
    }
    let filter = Filter {
        text: text.map(str::to_owned),
        withdrawn: query.withdrawn.unwrap_or(false),
    };
    let reach = asked.caller.reach;
    let asked_for = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let items: Vec<Permit> = hub
        .store
        .read(move |tx| {
            permits::list_permits(tx, reach, &filter, after.as_ref(), asked_for)
                .map_err(WebError::from)
        })
        .await?;
    Ok(Json(Page::of(items, limit, |permit| {
        cursor::after_plate(&permit.terms.plate.key(), permit.id.0)
    })))
}

/// Shows a permit, in force or withdrawn.
#[utoipa::path(
    get,
    path = "/api/v1/permits/{id}",
    tag = "permits",
    params(("id" = Uuid, Path, description = "The permit.")),
    responses((status = 200, body = Permit), (status = "default", body = ErrorBody))
)]
pub async fn show_permit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<PermitId>,
) -> Result<Json<Permit>, WebError> {
    let reach = asked.caller.reach;
    let permit: Permit = hub.store.read(move |tx| find(tx, reach, id)).await?;
    Ok(Json(permit))
}

/// Creates a permit. A plate has at most one in force.
#[utoipa::path(
    post,
    path = "/api/v1/permits",
    tag = "permits",
    request_body = PermitInput,
    responses((status = 201, body = Permit), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn create_permit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<PermitInput>,
) -> Result<(StatusCode, Json<Permit>), WebError> {
    let terms = given.into_terms()?;
    let now = hub.clock.wall();
    let id = PermitId::fresh(now);
    let organisation = asked.caller.organisation;
    let permit = hub
        .store
        .write(Priority::People, move |tx| {
            check(tx, organisation, &terms)?;
            stays_within(tx, &asked, &terms)?;
            let permit = permits::insert(tx, organisation, id, &terms, now).map_err(taken)?;
            bound(tx, organisation)?;
            let entry = asked.entry(
                now,
                "permit.create",
                ("permit", id.to_string()),
                "Created a permit.",
                serde_json::json!({ "after": words::to_news(&permit) }),
            );
            audit::record(tx, &entry)?;
            tell(tx, organisation, &permit)?;
            Ok::<_, WebError>(permit)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(permit)))
}

/// Gives a permit other terms.
#[utoipa::path(
    put,
    path = "/api/v1/permits/{id}",
    tag = "permits",
    params(("id" = Uuid, Path, description = "The permit.")),
    request_body = PermitInput,
    responses((status = 200, body = Permit), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn change_permit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<PermitId>,
    Body(given): Body<PermitInput>,
) -> Result<Json<Permit>, WebError> {
    let terms = given.into_terms()?;
    let now = hub.clock.wall();
    let organisation = asked.caller.organisation;
    let permit = hub
        .store
        .write(Priority::People, move |tx| {
            let before = find_own(tx, &asked, id)?;
            check(tx, organisation, &terms)?;
            stays_within(tx, &asked, &terms)?;
            permits::change(tx, organisation, id, &terms, now).map_err(taken)?;
            changed(
                tx,
                &asked,
                &before,
                now,
                "permit.change",
                "Changed a permit.",
            )
        })
        .await?;
    Ok(Json(permit))
}

/// Withdraws a permit: it opens nothing from the next car on. It can be restored.
#[utoipa::path(
    delete,
    path = "/api/v1/permits/{id}",
    tag = "permits",
    params(("id" = Uuid, Path, description = "The permit.")),
    responses((status = 200, body = Permit), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn withdraw_permit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<PermitId>,
) -> Result<Json<Permit>, WebError> {
    let now = hub.clock.wall();
    let organisation = asked.caller.organisation;
    let permit = hub
        .store
        .write(Priority::People, move |tx| {
            let before = find_own(tx, &asked, id)?;
            if !permits::withdraw(tx, organisation, id, now)? {
                return Err(WebError::Conflict(
                    "This permit is withdrawn already.".into(),
                ));
            }
            changed(
                tx,
                &asked,
                &before,
                now,
                "permit.withdraw",
                "Withdrew a permit.",
            )
        })
        .await?;
    Ok(Json(permit))
}

/// Puts a withdrawn permit in force again.
#[utoipa::path(
    post,
    path = "/api/v1/permits/{id}/restore",
    tag = "permits",
    params(("id" = Uuid, Path, description = "The permit.")),
    responses((status = 200, body = Permit), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn restore_permit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<PermitId>,
) -> Result<Json<Permit>, WebError> {
    let now = hub.clock.wall();
    let organisation = asked.caller.organisation;
    let permit = hub
        .store
        .write(Priority::People, move |tx| {
            let before = find_own(tx, &asked, id)?;
            if !permits::restore(tx, organisation, id, now).map_err(taken)? {
                return Err(WebError::Conflict(
                    "This permit is in force already.".into(),
                ));
            }
            bound(tx, organisation)?;
            changed(
                tx,
                &asked,
                &before,
                now,
                "permit.restore",
                "Restored a permit.",
            )
        })
        .await?;
    Ok(Json(permit))
}

/// Sends the permits in force as a CSV sheet that can be imported again. Cells that a spreadsheet would run as a formula
/// have a quote before them.
#[utoipa::path(
    get,
    path = "/api/v1/permits.csv",
    tag = "permits",
    responses((status = 200, content_type = "text/csv", body = String), (status = "default", body = ErrorBody))
)]
pub async fn export_permits(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Response, WebError> {
    let reach = asked.caller.reach;
    let (list, gates) = hub
        .store
        .read(move |tx| {
            let filter = Filter::default();
            let list = permits::list_permits(tx, reach, &filter, None, MOST_IN_FORCE)?;
            Ok::<_, WebError>((list, gate_names(tx, reach.organisation)?))
        })
        .await?;
    let sheet =
        permit_sheet::write(&list, &gates).map_err(|error| WebError::Internal(error.into()))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"permits.csv\"",
        ),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((headers, sheet).into_response())
}

/// Imports a CSV sheet, all or nothing. A row whose plate has a permit in force changes that permit, any other makes a
/// new one. Columns: plate, holder, group, note, valid_from, valid_until, schedule, gates, denied, vehicle_type,
/// vehicle_colour; only plate must be there. A date without a time is meant in the organisation's time zone, and a last day
/// still counts. A schedule is written as `Mon-Fri 08:00-18:00; Sat 09:00-13:00`, gates by name and parted by semicolons.
#[utoipa::path(
    post,
    path = "/api/v1/permits/import",
    tag = "permits",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv", example = "plate,holder,schedule\n1234BCD,Ana,Mon-Fri 08:00-18:00\n"),
    responses((status = 200, body = ImportResult), (status = "default", body = ErrorBody))
)]
pub async fn import_permits(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<ImportQuery>,
    sheet: Text,
) -> Result<Json<ImportResult>, WebError> {
    let sheet = sheet.of_type("text/csv")?;
    if !asked.caller.reach.is_whole() {
        // A row may change any permit of its plate, and one without gates holds everywhere.
        return Err(WebError::Forbidden(
            "A sheet is for the whole organisation; your account is limited to sites.",
        ));
    }
    let organisation = asked.caller.organisation;
    let (gates, zone) = hub
        .store
        .read(move |tx| {
            let zone = fleet::sites::time_zone(tx, organisation)?;
            Ok::<_, WebError>((gate_names(tx, organisation)?, zone))
        })
        .await?;
    let zone = zone
        .and_then(|name| jiff::tz::TimeZone::get(&name).ok())
        .unwrap_or(jiff::tz::TimeZone::UTC);
    let rows = match permit_sheet::read(&sheet, &gates, &zone) {
        Ok(rows) => rows,
        Err(errors) => {
            return Ok(Json(ImportResult {
                dry_run: query.dry_run,
                errors,
                ..ImportResult::default()
            }));
        }
    };
    let result = if query.dry_run {
        hub.store
            .read(move |tx| {
                let mut result = ImportResult {
                    dry_run: true,
                    rows: rows.len(),
                    ..ImportResult::default()
                };
                for (_, terms) in &rows {
                    match permits::find_in_force(tx, organisation, &terms.plate)? {
                        None => result.created += 1,
                        Some(there) if there.terms != *terms => result.updated += 1,
                        Some(_) => {}
                    }
                }
                Ok::<_, WebError>(result)
            })
            .await?
    } else {
        let now = hub.clock.wall();
        hub.store
            .write(Priority::People, move |tx| import(tx, &asked, &rows, now))
            .await?
    };
    Ok(Json(result))
}

fn import(
    tx: &mut Tx,
    asked: &Asked,
    rows: &[(u64, Terms)],
    now: contract::time::Timestamp,
) -> Result<ImportResult, WebError> {
    let organisation = asked.caller.organisation;
    let mut result = ImportResult {
        rows: rows.len(),
        ..ImportResult::default()
    };
    let mut plates: Vec<&Plate> = Vec::new();
    for (_, terms) in rows {
        match permits::find_in_force(tx, organisation, &terms.plate)? {
            None => {
                permits::insert(tx, organisation, PermitId::fresh(now), terms, now)
                    .map_err(taken)?;
                result.created += 1;
            }
            Some(there) if there.terms != *terms => {
                permits::change(tx, organisation, there.id, terms, now).map_err(taken)?;
                result.updated += 1;
            }
            Some(_) => continue,
        }
        plates.push(&terms.plate);
    }
    if result.created + result.updated > 0 {
        bound(tx, organisation)?;
        let entry = asked.entry(
            now,
            "permit.import",
            ("permit", String::new()),
            format!(
                "Imported a sheet: {} permits created, {} changed.",
                result.created, result.updated
            ),
            serde_json::json!({
                "created": result.created,
                "updated": result.updated,
                "plates": plates.iter().take(1_000).collect::<Vec<_>>(),
            }),
        );
        audit::record(tx, &entry)?;
        fleet::directives::leave_book(tx, organisation)?;
        let news = serde_json::json!({ "imported": result.created + result.updated });
        live::publish(tx, organisation, "permit", &news)?;
    }
    Ok(result)
}

impl PermitInput {
    fn into_terms(self) -> Result<Terms, WebError> {
        let plate = Plate::parse(&self.plate)
            .map_err(|error| WebError::invalid("plate", error.to_string()))?;
        let mut gates = self.gates;
        gates.sort_unstable();
        gates.dedup();
        Ok(Terms {
            plate,
            holder: self.holder.trim().to_owned(),
            group: self.group.trim().to_owned(),
            note: self.note.trim().replace("\r\n", "\n"),
            valid_from: self.valid_from.map(|at| at.0),
            valid_until: self.valid_until.map(|at| at.0),
            schedule: WeekSchedule::from(self.schedule),
            gates,
            denied: self.denied,
            vehicle_type: self.vehicle_type,
            vehicle_colour: self.vehicle_colour,
        })
    }
}

/// Ends a change of one permit: reads it back, writes the audit line, tells consoles and gates.
fn changed(
    tx: &mut Tx,
    asked: &Asked,
    before: &Permit,
    now: contract::time::Timestamp,
    action: &'static str,
    summary: &'static str,
) -> Result<Permit, WebError> {
    let organisation = asked.caller.organisation;
    let after = find(tx, organisation, before.id)?;
    let entry = asked.entry(
        now,
        action,
        ("permit", before.id.to_string()),
        summary,
        serde_json::json!({ "before": words::to_news(before), "after": words::to_news(&after) }),
    );
    audit::record(tx, &entry)?;
    tell(tx, organisation, &after)?;
    Ok(after)
}

fn tell(tx: &mut Tx, organisation: OrganisationId, permit: &Permit) -> Result<(), WebError> {
    fleet::directives::leave_book(tx, organisation)?;
    live::publish(tx, organisation, "permit", &words::to_news(permit))?;
    Ok(())
}

fn find(tx: &mut Tx, of: impl Into<Reach>, id: PermitId) -> Result<Permit, WebError> {
    permits::find_permit(tx, of, id)?.ok_or(WebError::NotFound)
}

/// The permit, if the caller may change it: whoever is limited to sites changes only what holds nowhere else.
fn find_own(tx: &mut Tx, asked: &Asked, id: PermitId) -> Result<Permit, WebError> {
    let permit = find(tx, asked.caller.reach, id)?;
    if holds_elsewhere(tx, asked, &permit.terms)? {
        return Err(WebError::Forbidden(
            "This permit also holds at sites that your account does not reach.",
        ));
    }
    Ok(permit)
}

fn stays_within(tx: &mut Tx, asked: &Asked, terms: &Terms) -> Result<(), WebError> {
    if holds_elsewhere(tx, asked, terms)? {
        return Err(WebError::invalid(
            "gates",
            "must name gates of the sites that your account is limited to",
        ));
    }
    Ok(())
}

fn holds_elsewhere(tx: &mut Tx, asked: &Asked, terms: &Terms) -> Result<bool, StoreError> {
    let reach = asked.caller.reach;
    if reach.is_whole() {
        return Ok(false);
    }
    let own = gate_names(tx, reach)?;
    Ok(terms.gates.is_empty() || terms.gates.iter().any(|gate| !own.contains_key(gate)))
}

fn check(tx: &mut Tx, organisation: OrganisationId, terms: &Terms) -> Result<(), WebError> {
    let faults = terms.faults(&gate_names(tx, organisation)?);
    WebError::check(
        faults
            .into_iter()
            .map(|fault| FieldFault {
                field: fault.field.to_owned(),
                why: fault.why,
            })
            .collect(),
    )
}

/// Refuses to grow beyond what still travels to a gate as one book.
fn bound(tx: &mut Tx, organisation: OrganisationId) -> Result<(), WebError> {
    if permits::count_in_force(tx, organisation)? > MOST_IN_FORCE {
        return Err(WebError::Conflict(format!(
            "An organisation has at most {MOST_IN_FORCE} permits in force."
        )));
    }
    Ok(())
}

fn gate_names(tx: &mut Tx, of: impl Into<Reach>) -> Result<BTreeMap<GateId, String>, StoreError> {
    Ok(fleet::gates::list_gates(tx, of)?
        .into_iter()
        .map(|gate| (gate.id, gate.name))
        .collect())
}

fn taken(error: StoreError) -> WebError {
    if matches!(error, StoreError::Unique(_)) {
        WebError::Conflict("This plate has a permit in force already.".into())
    } else {
        error.into()
    }
}
