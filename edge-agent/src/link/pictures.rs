//! Pictures: each on a stream of its own, after the hub has acknowledged the events that name them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::event::EvidenceKind;
use contract::ids::PassageId;
use contract::wire::Message;
use contract::wire::PictureOffer;
use contract::wire::PictureState;
use sha2::Digest;
use sha2::Sha256;
use tracing::debug;
use tracing::warn;

use crate::link::LIMIT;
use crate::link::Never;
use crate::link::Shared;
use crate::link::dial::Line;
use crate::store::PendingPicture;

/// How many pictures are looked at in one round.
const ROUND: usize = 16;
/// The wait when there is nothing to do, or nothing could be done.
const IDLE: Duration = Duration::from_secs(2);
/// A picture that no event of this edge names is offered this long before it is forgotten: its event may be on its way.
const UNWANTED: Duration = Duration::from_secs(120);
/// The longest wait before a picture that could not be read or was damaged on its way is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How long one picture may take.
const ONE_PICTURE: Duration = Duration::from_secs(120);

/// Sends pictures that the hub does not have, for as long as the connection lives.
pub(super) async fn run(line: &Line, shared: &Shared) -> anyhow::Result<Never> {
    let mut watch = shared.store.spool.watch();
    let mut unwanted: BTreeMap<(PassageId, EvidenceKind), Duration> = BTreeMap::new();
    let mut later: BTreeMap<(PassageId, EvidenceKind), Later> = BTreeMap::new();
    loop {
        let now = shared.now();
        let mut pending = shared.store.evidence.pending(ROUND + later.len());
        // Pictures that failed wait for their time, so that a few bad ones never hold up the others.
        pending.retain(|picture| {
            later
                .get(&(picture.passage, picture.evidence.kind))
                .is_none_or(|later| later.at <= now)
        });
        pending.truncate(ROUND);
        if pending.is_empty() {
            tokio::time::sleep(IDLE).await;
            continue;
        }
        // The events that name these pictures were appended about now: the hub must have them first.
        let needed = watch.borrow_and_update().next_seq.saturating_sub(1);
        watch
            .wait_for(|state| state.acked >= needed)
            .await
            .context("the spool is closed")?;
        let mut moved = false;
        for picture in pending {
            let sent = tokio::time::timeout(ONE_PICTURE, send(line, &picture))
                .await
                .context("a picture took too long")??;
            let key = (picture.passage, picture.evidence.kind);
            let forget = match sent {
                Sent::Stored | Sent::Gone => true,
                Sent::Damaged => {
                    let (now, tries) = (shared.now(), later.get(&key).map_or(0, |l| l.tries));
                    later.insert(key, Later::after(tries + 1, now));
                    false
                }
                Sent::Unwanted => {
                    let since = *unwanted.entry(key).or_insert_with(|| shared.now());
                    shared.now().saturating_sub(since) >= UNWANTED
                }
            };
            if forget {
                shared
                    .store
                    .evidence
                    .delivered(key.0, key.1)
                    .await
                    .context("noting a delivered picture")?;
                unwanted.remove(&key);
                later.remove(&key);
                moved = true;
            }
        }
        if !moved {
            tokio::time::sleep(IDLE).await;
        }
    }
}

/// When a picture that could not be sent is tried again.
#[derive(Debug, PartialEq)]
struct Later {
    tries: u32,
    at: Duration,
}

impl Later {
    /// After the `tries`th failure: the wait doubles from two seconds up to an hour.
    fn after(tries: u32, now: Duration) -> Self {
        let wait = IDLE.saturating_mul(1 << tries.saturating_sub(1).min(16));
        Self {
            tries,
            at: now + wait.min(LONGEST_WAIT),
        }
    }
}

enum Sent {
    Stored,
    Unwanted,
    Damaged,
    /// The file is not there any more, or is not the picture any more.
    Gone,
}

async fn send(line: &Line, picture: &PendingPicture) -> anyhow::Result<Sent> {
    let bytes = match tokio::fs::read(&picture.path).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            warn!(passage.id = %picture.passage, "a picture is gone before it was sent");
            return Ok(Sent::Gone);
        }
        Err(error) => {
            warn!(%error, "a picture can't be read; it is tried again later");
            return Ok(Sent::Damaged);
        }
    };
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    if digest != picture.evidence.sha256 {
        // A power cut or a failing card: nobody can prove anything by it, and it must not hold up the others.
        warn!(passage.id = %picture.passage, "a picture was damaged on this disk and is given up");
        return Ok(Sent::Gone);
    }
    let (mut send, mut receive) = line
        .connection
        .open_bi()
        .await
        .context("opening a stream for a picture")?;
    let offer = PictureOffer {
        passage: picture.passage,
        kind: picture.evidence.kind,
        sha256: picture.evidence.sha256,
        size_bytes: picture.evidence.size_bytes,
        media_type: picture.evidence.media_type.clone(),
    };
    frames::write(&mut send, &offer.into()).await?;
    loop {
        let state = match frames::read(&mut receive, LIMIT).await? {
            Some(Message::PictureAnswer(answer)) => answer.state,
            Some(other) => bail!("a message of kind {} about a picture", other.kind()),
            None => bail!("the hub closed a picture's stream without an answer"),
        };
        match state {
            PictureState::Wanted => {
                send.write_all(&bytes).await.context("sending a picture")?;
                send.finish()?;
            }
            PictureState::Stored => {
                debug!(passage.id = %picture.passage, "a picture is stored at the hub");
                return Ok(Sent::Stored);
            }
            PictureState::Unwanted => return Ok(Sent::Unwanted),
            PictureState::Damaged => {
                warn!(passage.id = %picture.passage, "the hub found a picture damaged");
                return Ok(Sent::Damaged);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_of_a_picture_that_fails_doubles_up_to_an_hour() {
        let now = Duration::from_secs(100);
        let waits: Vec<u64> = [1, 2, 3, 12, 40]
            .map(|tries| (Later::after(tries, now).at - now).as_secs())
            .into();
        assert_eq!(waits, [2, 4, 8, 3600, 3600]);
    }
}
