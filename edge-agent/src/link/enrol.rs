//! Enrolment: a machine becomes an edge by a one-time code that a technician types.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::code::EnrolCode;
use contract::time::Clock;
use contract::wire::EnrolReply;
use contract::wire::EnrolRequest;
use contract::wire::EnrolledGate;
use contract::wire::Message;
use rcgen::CertificateParams;

use crate::link::dial;
use crate::link::identity;

/// The largest answer.
const LIMIT: usize = 256 * 1024;
/// How long the hub may take.
const ANSWER: Duration = Duration::from_secs(30);

/// Becomes an edge of the hub at `hub` (`host:port`) with the code given, keeps the identity under `data`, and returns
/// the gates that this machine is to run. The code proves the hub to this machine, too: a hub that has not the
/// authority in the code never gets to see it.
pub async fn enrol(
    hub: &str,
    code: &str,
    data: &Path,
    machine: &str,
    clock: &Clock,
) -> anyhow::Result<Vec<EnrolledGate>> {
    let code: EnrolCode = code.parse().context("reading the enrolment code")?;
    let key = identity::key_for_enrolment(data)?;
    let request = CertificateParams::new(Vec::new())
        .and_then(|params| params.serialize_request(&key))
        .context("making the certificate request")?;
    let (line, authority) = dial::connect_for_enrolment(hub, code.authority, clock)
        .await
        .with_context(|| format!("connecting to the hub at {hub}"))?;
    let ask = async {
        let (mut send, mut receive) = line.connection.open_bi().await?;
        let request = EnrolRequest {
            code: code.to_string(),
            request: request.der().to_vec().into(),
            machine: machine.to_owned(),
        };
        frames::write(&mut send, &request.into()).await?;
        send.finish()?;
        anyhow::Ok(frames::read(&mut receive, LIMIT).await?)
    };
    let answer = tokio::time::timeout(ANSWER, ask)
        .await
        .context("the hub did not answer the enrolment in time")??;
    let reply = match answer {
        Some(Message::EnrolReply(reply)) => reply,
        Some(Message::Refusal(refusal)) => {
            bail!(
                "the hub refused the enrolment: {} ({})",
                refusal.message,
                refusal.code
            )
        }
        Some(other) => bail!("the hub answered with a message of kind {}", other.kind()),
        None => bail!("the hub closed the connection without an answer"),
    };
    check(&reply, &authority)?;
    identity::keep(data, hub, &reply)?;
    line.close(b"enrolled").await;
    Ok(reply.gates)
}

/// The authority to be trusted from now on must be the one that the code vouched for.
fn check(reply: &EnrolReply, authority: &[u8]) -> anyhow::Result<()> {
    if reply.authority.as_slice() != authority {
        bail!("the hub sent another authority than the one that its connection showed");
    }
    if reply.gates.is_empty() {
        bail!("the hub gave this machine no gates");
    }
    x509_parser::parse_x509_certificate(&reply.certificate)
        .map_err(|why| anyhow::anyhow!("the certificate that the hub sent can't be read: {why}"))?;
    Ok(())
}
