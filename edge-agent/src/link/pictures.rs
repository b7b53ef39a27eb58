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
use crate::link::frames;
use crate::store::PendingPicture;

/// How many pictures are looked at in one round.
const ROUND: usize = 16;
/// The wait when there is nothing to do, or nothing could be done.
const IDLE: Duration = Duration::from_secs(2);
/// A picture that no event of this edge names is offered this long before it is forgotten: its event may be on its way.
const UNWANTED: Duration = Duration::from_secs(120);
/// How long one picture may take.
const ONE_PICTURE: Duration = Duration::from_secs(120);

/// Sends pictures that the hub does not have, for as long as the connection lives.
pub(super) async fn run(line: &Line, shared: &Shared) -> anyhow::Result<Never> {
    let mut watch = shared.store.spool.watch();
    let mut unwanted: BTreeMap<(PassageId, EvidenceKind), Duration> = BTreeMap::new();
    loop {
        let pending = shared.store.evidence.pending(ROUND);
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
            let forget = match sent {
                Sent::Stored | Sent::Gone => true,
                Sent::Damaged => false,
                Sent::Unwanted => {
                    let key = (picture.passage, picture.evidence.kind);
                    let since = *unwanted.entry(key).or_insert_with(|| shared.now());
                    shared.now().saturating_sub(since) >= UNWANTED
                }
            };
            if forget {
                let kind = picture.evidence.kind;
                shared
                    .store
                    .evidence
                    .delivered(picture.passage, kind)
                    .await
                    .context("noting a delivered picture")?;
                unwanted.remove(&(picture.passage, kind));
                moved = true;
            }
        }
        if !moved {
            tokio::time::sleep(IDLE).await;
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
