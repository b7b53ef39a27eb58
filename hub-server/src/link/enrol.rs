//! Enrolment: a machine without a certificate shows a one-time code and becomes an edge.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::code::EnrolCode;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::time::Timestamp;
use contract::wire::EnrolReply;
use contract::wire::EnrolRequest;
use contract::wire::EnrolledGate;
use contract::wire::Message;
use contract::wire::Refusal;
use quinn::Connection;
use serde_json::json;
use tracing::info;

use crate::audit;
use crate::audit::Actor;
use crate::fleet;
use crate::fleet::enrolments;
use crate::fleet::enrolments::EnrolError;
use crate::fleet::enrolments::Enrolment;
use crate::fleet::enrolments::Joining;
use crate::fleet::gates::Gate;
use crate::link::Parts;
use crate::link::shell::refusal;
use crate::link::shell::refuse;
use crate::store::Id;
use crate::store::Priority;

/// The largest request.
const LIMIT: usize = 64 * 1024;
/// How long a machine may take to ask.
const PATIENCE: Duration = Duration::from_secs(15);
/// Wrong codes that one address may show within [`WINDOW`].
const MOST_WRONG: u32 = 10;
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// Addresses that are remembered. When there are more, the oldest is forgotten.
const MOST_ADDRESSES: usize = 10_000;
/// The longest name of a machine that is kept.
const MOST_NAME: usize = 100;

/// Who showed wrong codes, so that nobody tries them all.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    wrong: Mutex<BTreeMap<IpAddr, (Timestamp, u32)>>,
}

impl Attempts {
    fn may_try(&self, address: IpAddr, now: Timestamp) -> bool {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|_, (since, _)| now.since(*since) < WINDOW);
        wrong
            .get(&address)
            .is_none_or(|(_, count)| *count < MOST_WRONG)
    }

    fn was_wrong(&self, address: IpAddr, now: Timestamp) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.entry(address).or_insert((now, 0)).1 += 1;
        if wrong.len() > MOST_ADDRESSES {
            let oldest = wrong
                .iter()
                .min_by_key(|(_, (since, _))| *since)
                .map(|(address, _)| *address);
            if let Some(oldest) = oldest {
                wrong.remove(&oldest);
            }
        }
    }
}

/// Serves one connection of a machine that wants to become an edge.
pub(super) async fn serve(
    parts: &Parts,
    connection: &Connection,
    attempts: &Attempts,
) -> anyhow::Result<()> {
    let (mut send, mut receive) = tokio::time::timeout(PATIENCE, connection.accept_bi())
        .await
        .context("no stream was opened in time")??;
    let asked = tokio::time::timeout(PATIENCE, frames::read(&mut receive, LIMIT))
        .await
        .context("no request came in time")??;
    let Some(Message::EnrolRequest(request)) = asked else {
        connection.close(3u32.into(), b"an enrolment request comes first");
        bail!("the first message was not an enrolment request");
    };
    let address = connection.remote_address().ip();
    let now = parts.clock.wall();
    if !attempts.may_try(address, now) {
        let busy = refusal(
            "busy",
            "too many wrong codes came from this address: wait ten minutes",
        );
        return refuse(connection, &mut send, busy).await;
    }
    match join(parts, &request, address, now).await? {
        Ok(reply) => {
            info!(edge.id = %reply.edge, %address, "edge {} is enrolled", reply.edge);
            frames::write(&mut send, &reply.into()).await?;
            send.finish()?;
            let _ = tokio::time::timeout(PATIENCE, send.stopped()).await;
            connection.close(0u32.into(), b"enrolled");
            Ok(())
        }
        Err(refusal) => {
            attempts.was_wrong(address, now);
            refuse(connection, &mut send, refusal).await
        }
    }
}

/// Checks the code, issues the certificate and makes the edge.
async fn join(
    parts: &Parts,
    request: &EnrolRequest,
    address: IpAddr,
    now: Timestamp,
) -> anyhow::Result<Result<EnrolReply, Refusal>> {
    let Ok(code) = request.code.parse::<EnrolCode>() else {
        return Ok(Err(refusal("bad_code", "this is not an enrolment code")));
    };
    let secret_hash = enrolments::hash(&code.secret);
    // Issued before the code is looked at, outside of any transaction: a certificate of an edge that nobody knows opens
    // nothing, and whether a code is right can't be told from the time taken.
    let fresh = EdgeId::fresh(now);
    let Ok(issued) = parts.authority.issue_edge(&request.request, fresh, now) else {
        return Ok(Err(refusal(
            "bad_request",
            "the certificate request can't be used",
        )));
    };
    let key_sha256 = issued.key_sha256;
    let found: Result<Enrolment, EnrolError> = parts
        .store
        .read(move |tx| enrolments::find_usable(tx, secret_hash, key_sha256, now))
        .await;
    let enrolment = match found {
        Ok(enrolment) => enrolment,
        Err(error) => return refused(error),
    };
    let (edge, certificate) = match enrolment.edge {
        None => (fresh, issued.der),
        Some(edge) => (
            edge,
            parts.authority.issue_edge(&request.request, edge, now)?.der,
        ),
    };
    let joining = Joining {
        edge,
        gates: enrolment.gates.iter().map(|_| GateId::fresh(now)).collect(),
        machine: request.machine.chars().take(MOST_NAME).collect(),
        certificate: certificate.clone(),
        key_sha256,
        at: now,
    };
    let gates: Result<Vec<Gate>, EnrolError> = parts
        .store
        .write(Priority::People, move |tx| {
            let gates = enrolments::join(tx, &enrolment, &joining)?;
            audit::record(
                tx,
                &audit::Entry {
                    organisation: enrolment.organisation,
                    at: now,
                    actor: Actor::Edge(edge),
                    action: "edge.enrol",
                    object_kind: "edge",
                    object_id: edge.to_string(),
                    summary: "A machine used an enrolment code and became an edge".to_owned(),
                    details: json!({ "enrolment": enrolment.id, "machine": joining.machine }),
                    address: address.to_string(),
                },
            )?;
            let news = json!({ "id": edge, "enrolled": true, "at": now.to_string() });
            fleet::news::of_edge(tx, enrolment.organisation, edge, &news)?;
            Ok(gates)
        })
        .await;
    match gates {
        Ok(gates) => Ok(Ok(EnrolReply {
            edge,
            certificate: certificate.into(),
            authority: parts.authority.certificate().to_vec().into(),
            gates: gates
                .into_iter()
                .map(|gate| EnrolledGate {
                    id: gate.id,
                    name: gate.name,
                    direction: gate.direction,
                })
                .collect(),
            time: parts.clock.wall(),
        })),
        Err(error) => refused(error),
    }
}

fn refused(error: EnrolError) -> anyhow::Result<Result<EnrolReply, Refusal>> {
    let code = match &error {
        EnrolError::BadCode => "bad_code",
        EnrolError::UsedCode => "used_code",
        EnrolError::ExpiredCode => "expired_code",
        EnrolError::EdgeTaken(_) | EnrolError::GateTaken(_) | EnrolError::NoSuchSite => {
            "name_taken"
        }
        EnrolError::Store(_) => return Err(anyhow::Error::new(error).context("enrolling")),
    };
    Ok(Err(refusal(code, &error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_stopped_after_ten_wrong_codes_and_may_try_again_later() {
        let attempts = Attempts::default();
        let address: IpAddr = [192, 0, 2, 1].into();
        let start = Timestamp::from_millis(0);
        for _ in 0..MOST_WRONG {
            assert!(attempts.may_try(address, start));
            attempts.was_wrong(address, start);
        }
        assert!(!attempts.may_try(address, start));
        assert!(attempts.may_try([192, 0, 2, 2].into(), start));
        assert!(attempts.may_try(address, start.plus(WINDOW)));
    }

    #[test]
    fn the_memory_of_addresses_is_bounded() {
        let attempts = Attempts::default();
        for n in 0..20_000u32 {
            let address = IpAddr::from(std::net::Ipv4Addr::from(n));
            attempts.was_wrong(address, Timestamp::from_millis(n.into()));
        }
        assert_eq!(attempts.wrong.lock().unwrap().len(), MOST_ADDRESSES);
    }
}
