//! Who somebody is who is not logged in yet: name, password, and the code of a second factor.

use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Arrival;
use super::error::WebError;
use super::second_factor::Proof;
use super::second_factor::check_code;
use crate::audit;
use crate::audit::Actor;
use crate::auth;
use crate::auth::Account;
use crate::auth::Principal;
use crate::hub::Hub;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The account's name, in any case.
    pub name: String,
    /// Its password.
    pub password: String,
    /// A code of its authenticator or a recovery code, if it has a second factor. Without one such a log-in hears
    /// `code_needed`, once the password is right.
    #[serde(default)]
    pub code: Option<String>,
    /// `staff`, which holds if nothing is said, or `customer`. An account logs in as what it is only.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "staff", pattern = "^(staff|customer)$")]
    pub principal: Principal,
}

/// Somebody who showed who he is.
#[derive(Clone, Debug)]
pub(super) struct Proved {
    /// The account.
    pub(super) account: Account,
    /// The code that was shown beside the password.
    proof: Option<Proof>,
    /// The password's hash with today's rounds, if the kept one has fewer.
    raised: Option<String>,
}

impl Proved {
    /// Uses the code up and raises the hash, in the transaction of the log-in. Returns what the code was.
    pub(super) fn settle(&self, tx: &mut Tx) -> Result<Option<&'static str>, WebError> {
        let account = &self.account;
        if let Some(raised) = &self.raised {
            auth::update_password(tx, account.organisation, account.id, raised)?;
        }
        if let Some(proof) = &self.proof {
            proof.use_up(tx, account.id)?;
        }
        Ok(self.proof.as_ref().map(Proof::name))
    }
}

/// Checks name, password and code. Five failures in five minutes from one address, then it waits.
pub(super) async fn prove(hub: &Hub, arrival: &Arrival, given: &LogIn) -> Result<Proved, WebError> {
    count_attempt(hub, arrival, given.principal)?;
    let name = given.name.clone();
    let found: Option<(Account, String)> = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_by_name(tx, &name)?))
        .await?;
    let stored = found.as_ref().map(|(_, stored)| stored.clone());
    let is_right = hub.hasher.verify(&given.password, stored).await?;
    let Some((account, stored)) = found.filter(|(account, _)| {
        let is_its_kind = Principal::of_role(&account.role_name) == given.principal;
        is_right && is_its_kind && account.disabled_at.is_none()
    }) else {
        metrics::counter!("gatewarden_hub_log_ins_total", "result" => "refused").increment(1);
        record_failure(hub, arrival, given.name.clone()).await?;
        return Err(WebError::WrongCredentials);
    };
    let proof = match second_step(hub, &account, given.code.as_deref()).await {
        Ok(proof) => proof,
        Err(error) => {
            if matches!(error, WebError::NeedsCode) {
                // Whoever has the password has not failed yet.
                hub.attempts_of(given.principal).succeeded(arrival.address);
            } else {
                record_wrong_code(hub, arrival, &account).await?;
            }
            return Err(error);
        }
    };
    hub.attempts_of(given.principal).succeeded(arrival.address);
    metrics::counter!("gatewarden_hub_log_ins_total", "result" => "done").increment(1);
    let raised = if hub.hasher.is_outdated(&stored) {
        Some(hub.hasher.hash(&given.password).await?)
    } else {
        None
    };
    Ok(Proved {
        account,
        proof,
        raised,
    })
}

/// Counts an attempt to log in or to set up, or says how long to wait.
pub(super) fn count_attempt(
    hub: &Hub,
    arrival: &Arrival,
    principal: Principal,
) -> Result<(), WebError> {
    hub.attempts_of(principal)
        .begin(arrival.address, hub.clock.wall())
        .map_err(|wait| {
            metrics::counter!("gatewarden_hub_log_ins_total", "result" => "limited").increment(1);
            tracing::warn!(client.address = %arrival.address, "log-ins from {} wait after too many failures", arrival.address);
            WebError::TooMany(wait)
        })
}

/// Asks for the second factor of an account that has one; nothing if it has none.
async fn second_step(
    hub: &Hub,
    account: &Account,
    code: Option<&str>,
) -> Result<Option<Proof>, WebError> {
    let id = account.id;
    let is_on = hub
        .store
        .read(move |tx| Ok::<_, WebError>(auth::find_factor(tx, id)?))
        .await?
        .is_some_and(|factor| factor.confirmed_at.is_some());
    if !is_on {
        return Ok(None);
    }
    match code.map(str::trim).filter(|code| !code.is_empty()) {
        None => Err(WebError::NeedsCode),
        Some(code) => match check_code(hub, id, code).await? {
            Some(proof) => Ok(Some(proof)),
            None => Err(WebError::WrongCode),
        },
    }
}

async fn record_wrong_code(
    hub: &Hub,
    arrival: &Arrival,
    account: &Account,
) -> Result<(), WebError> {
    let entry = audit::Entry {
        organisation: account.organisation,
        at: hub.clock.wall(),
        actor: Actor::System,
        action: "session.refused",
        object_kind: "account",
        object_id: account.id.to_string(),
        summary: "Wrong code of the second factor.".to_owned(),
        details: serde_json::json!({ "account_exists": true, "second_factor": true }),
        address: arrival.address.to_string(),
    };
    hub.store
        .write(Priority::People, move |tx| {
            audit::record(tx, &entry)?;
            Ok::<(), StoreError>(())
        })
        .await?;
    Ok(())
}

/// A name that nobody has may be a password in the wrong field, so it is not recorded.
async fn record_failure(hub: &Hub, arrival: &Arrival, name: String) -> Result<(), WebError> {
    let at = hub.clock.wall();
    let address = arrival.address.to_string();
    hub.store
        .write(Priority::People, move |tx| {
            let known = auth::find_by_name(tx, &name)?.map(|(account, _)| account);
            let organisation = match &known {
                Some(account) => Some(account.organisation),
                None => auth::oldest_organisation(tx)?.map(|organisation| organisation.id),
            };
            let Some(organisation) = organisation else {
                return Ok::<(), StoreError>(());
            };
            audit::record(
                tx,
                &audit::Entry {
                    organisation,
                    at,
                    actor: Actor::System,
                    action: "session.refused",
                    object_kind: "account",
                    object_id: known
                        .as_ref()
                        .map_or_else(String::new, |account| account.id.to_string()),
                    summary: "Wrong name or password.".to_owned(),
                    details: serde_json::json!({ "account_exists": known.is_some() }),
                    address: address.clone(),
                },
            )
        })
        .await?;
    Ok(())
}
