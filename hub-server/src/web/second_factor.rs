//! The second factor of people's own accounts: set up with an authenticator, confirmed by a code, turned off again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::ids::AccountId;
use qrcodegen::QrCode;
use qrcodegen::QrCodeEcc;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::find_to_change;
use super::answer::Arrival;
use super::at::At;
use super::body::Body;
use super::body::Path;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use super::log_in::count_attempt;
use crate::audit;
use crate::auth;
use crate::auth::SecondFactor;
use crate::hub::Hub;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// Empty modules around a QR code, as its standard wants them.
const QUIET: i32 = 4;

/// Whether the caller's log-in asks for a code.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondFactorState {
    /// Whether it does.
    pub on: bool,
    /// Since when.
    pub since: Option<At>,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
}

/// A password, to show that it is still its owner who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The caller's password.
    #[schema(example = "Correct-Horse-1")]
    pub password: String,
}

/// What an authenticator needs. It is shown in this answer only.
#[derive(Serialize, ToSchema)]
pub struct SecondFactorOffer {
    /// To type into the authenticator.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// The same with all that belongs to it, as an address.
    pub url: String,
    /// The address as a QR code.
    pub qr: Qr,
}

/// A QR code to draw.
#[derive(Serialize, ToSchema)]
pub struct Qr {
    /// Its width and height in modules, with the quiet zone.
    pub size: i32,
    /// Its dark modules as the path of an SVG with that view box.
    pub path: String,
}

/// A code of the authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Six digits.
    #[schema(example = "287082")]
    pub code: String,
}

/// Codes for the day on which the authenticator is lost. They are shown in this answer only.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each logs in once in place of a code.
    pub codes: Vec<String>,
}

/// A password and a code, to turn the second factor off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnOff {
    /// The caller's password.
    #[schema(example = "Correct-Horse-1")]
    pub password: String,
    /// A code of the authenticator, or a recovery code.
    #[schema(example = "287082")]
    pub code: String,
}

/// Shows whether the caller's log-in asks for a code.
#[utoipa::path(
    get, path = "/api/v1/session/second-factor", tag = "session",
    responses((status = 200, body = SecondFactorState), (status = "default", body = ErrorBody))
)]
pub async fn show_second_factor(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<SecondFactorState>, WebError> {
    let account = asked.caller.account;
    let state = hub
        .store
        .read(move |tx| {
            let since = auth::find_factor(tx, account)?.and_then(|factor| factor.confirmed_at);
            let left = auth::count_recovery_codes(tx, account)?;
            Ok::<_, WebError>(SecondFactorState {
                on: since.is_some(),
                since: since.map(At::from),
                recovery_codes: left,
            })
        })
        .await?;
    Ok(Json(state))
}

/// Makes a secret for an authenticator. Nothing is asked for at log-in until a code of it is given.
#[utoipa::path(
    post, path = "/api/v1/session/second-factor", tag = "session", request_body = Begin,
    responses((status = 201, body = SecondFactorOffer), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn begin_second_factor(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    arrival: Arrival,
    Body(given): Body<Begin>,
) -> Result<(StatusCode, Json<SecondFactorOffer>), WebError> {
    check_password(&hub, &asked, &arrival, &given.password).await?;
    let account = asked.caller.account;
    let secret = auth::new_secret();
    let sealed = hub
        .seal
        .seal(&secret, &auth::factor_belongs_to(account))
        .map_err(|error| WebError::Internal(error.into()))?;
    let (typed, url) = auth::factor_shown(&secret, &asked.caller.name)
        .ok_or_else(|| WebError::Internal(anyhow::anyhow!("writing an authenticator's address")))?;
    let qr = draw(&url).ok_or_else(|| WebError::Internal(anyhow::anyhow!("drawing a QR code")))?;
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            if !auth::begin_factor(tx, account, &sealed, at)? {
                return Err(WebError::Conflict(
                    "Your second factor is on. Turn it off to set up another.".into(),
                ));
            }
            let entry = asked.entry(
                at,
                "second_factor.begin",
                ("account", account.to_string()),
                "Began to set up a second factor.",
                serde_json::json!({}),
            );
            Ok(audit::record(tx, &entry)?)
        })
        .await?;
    let offer = SecondFactorOffer {
        secret: typed,
        url,
        qr,
    };
    Ok((StatusCode::CREATED, Json(offer)))
}

/// Turns the second factor on with a code of the authenticator. Every other log-in of the account ends.
#[utoipa::path(
    put, path = "/api/v1/session/second-factor", tag = "session", request_body = Confirm,
    responses((status = 200, body = RecoveryCodes), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody))
)]
pub async fn confirm_second_factor(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Body(given): Body<Confirm>,
) -> Result<Json<RecoveryCodes>, WebError> {
    let session = asked.caller.need_session()?;
    let account = asked.caller.account;
    let at = hub.clock.wall();
    let factor = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_factor(tx, account)?))
        .await?
        .filter(|factor| factor.confirmed_at.is_none())
        .ok_or_else(|| WebError::Conflict("No second factor is being set up.".into()))?;
    refuse_while_failing(&factor, at)?;
    let Some(step) = step_of(&hub, account, &factor, &given.code)? else {
        count_failure(&hub, account).await?;
        return Err(WebError::invalid(
            "code",
            "is not the one that is shown now",
        ));
    };
    let codes = auth::new_recovery_codes();
    let kept = codes.clone();
    hub.store
        .write(Priority::People, move |tx| {
            if !auth::confirm_factor(tx, account, step, &kept, at)? {
                return Err(WebError::Conflict("Your second factor is on.".into()));
            }
            auth::end_log_ins(tx, account, Some(session))?;
            let entry = asked.entry(
                at,
                "second_factor.on",
                ("account", account.to_string()),
                "Turned the second factor on.",
                serde_json::json!({}),
            );
            Ok(audit::record(tx, &entry)?)
        })
        .await?;
    Ok(Json(RecoveryCodes { codes }))
}

/// Turns the second factor off.
#[utoipa::path(
    post, path = "/api/v1/session/second-factor/off", tag = "session", request_body = TurnOff,
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn turn_second_factor_off(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    arrival: Arrival,
    Body(given): Body<TurnOff>,
) -> Result<StatusCode, WebError> {
    check_password(&hub, &asked, &arrival, &given.password).await?;
    let account = asked.caller.account;
    let proof = check_code(&hub, account, &given.code)
        .await?
        .ok_or_else(|| WebError::invalid("code", "is not one that holds"))?;
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            proof.use_up(tx, account)?;
            auth::delete_factor(tx, account)?;
            let entry = asked.entry(
                at,
                "second_factor.off",
                ("account", account.to_string()),
                "Turned the second factor off.",
                serde_json::json!({}),
            );
            Ok::<_, WebError>(audit::record(tx, &entry)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Turns somebody's second factor off, because the authenticator and the recovery codes are lost. Its sessions end.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/second-factor", tag = "accounts",
    params(("id" = Uuid, Path, description = "The account.")),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn reset_second_factor(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Path(id): Path<AccountId>,
) -> Result<StatusCode, WebError> {
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            find_to_change(tx, &asked.caller, id)?;
            let was_on = auth::delete_factor(tx, id)?;
            auth::end_log_ins(tx, id, asked.caller.need_session().ok())?;
            let entry = asked.entry(
                at,
                "second_factor.reset",
                ("account", id.to_string()),
                "Turned the second factor of an account off.",
                serde_json::json!({ "was_on": was_on }),
            );
            Ok::<_, WebError>(audit::record(tx, &entry)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a code that holds is, to be used up in the transaction of what it allows.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// The code of a step of 30 seconds.
    Step(i64),
    /// The hash of a recovery code.
    Recovery([u8; 32]),
}

impl Proof {
    /// Uses the code up; of two who bring one at the same time, one is refused.
    pub(super) fn use_up(&self, tx: &mut Tx, account: AccountId) -> Result<(), WebError> {
        let used = match self {
            Self::Step(step) => auth::use_step(tx, account, *step)?,
            Self::Recovery(hash) => auth::use_recovery_code(tx, account, hash)?,
        };
        if used {
            Ok(())
        } else {
            Err(WebError::WrongCredentials)
        }
    }

    /// What the audit trail says of it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Step(_) => "authenticator",
            Self::Recovery(_) => "recovery_code",
        }
    }
}

/// Checks a code, of the authenticator or a recovery one, and counts it if it is wrong.
pub(super) async fn check_code(
    hub: &Hub,
    account: AccountId,
    code: &str,
) -> Result<Option<Proof>, WebError> {
    let at = hub.clock.wall();
    let factor: Option<SecondFactor> = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_factor(tx, account)?))
        .await?
        .filter(|factor| factor.confirmed_at.is_some());
    let Some(factor) = factor else {
        return Ok(None);
    };
    refuse_while_failing(&factor, at)?;
    if let Some(step) = step_of(hub, account, &factor, code)? {
        return Ok(Some(Proof::Step(step)));
    }
    if let Some(hash) = auth::recovery_hash(code) {
        let is_one = hub
            .store
            .read(move |tx| Ok::<_, WebError>(auth::has_recovery_code(tx, account, &hash)?))
            .await?;
        if is_one {
            return Ok(Some(Proof::Recovery(hash)));
        }
    }
    count_failure(hub, account).await?;
    Ok(None)
}

fn refuse_while_failing(
    factor: &SecondFactor,
    at: contract::time::Timestamp,
) -> Result<(), WebError> {
    factor
        .must_wait(at)
        .map_or(Ok(()), |wait| Err(WebError::TooMany(wait)))
}

fn step_of(
    hub: &Hub,
    account: AccountId,
    factor: &SecondFactor,
    code: &str,
) -> Result<Option<i64>, WebError> {
    let secret = hub
        .seal
        .open_sealed(&factor.sealed, &auth::factor_belongs_to(account))
        .map_err(|error| WebError::Internal(error.into()))?;
    Ok(auth::step_of(
        &secret,
        code,
        hub.clock.wall(),
        factor.last_step,
    ))
}

async fn count_failure(hub: &Hub, account: AccountId) -> Result<(), WebError> {
    let at = hub.clock.wall();
    hub.store
        .write(Priority::People, move |tx| {
            auth::count_failure(tx, account, at)?;
            Ok::<(), StoreError>(())
        })
        .await?;
    Ok(())
}

/// Whoever found an open console shall not change how its owner logs in.
async fn check_password(
    hub: &Hub,
    asked: &Asked,
    arrival: &Arrival,
    password: &str,
) -> Result<(), WebError> {
    asked.caller.need_session()?;
    count_attempt(hub, arrival, asked.caller.principal())?;
    let (organisation, account) = (asked.caller.organisation, asked.caller.account);
    let stored: Option<String> = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_password(tx, organisation, account)?))
        .await?;
    if !hub.hasher.verify(password, stored).await? {
        return Err(WebError::invalid("password", "is not your password"));
    }
    hub.attempts_of(asked.caller.principal())
        .succeeded(arrival.address);
    Ok(())
}

fn draw(text: &str) -> Option<Qr> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path.push_str(&format!("M{},{}h1v1h-1z", x + QUIET, y + QUIET));
            }
        }
    }
    Some(Qr {
        size: code.size() + 2 * QUIET,
        path,
    })
}
