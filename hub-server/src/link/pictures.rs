//! Pictures of one edge: offered, wanted, sent, checked, stored.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use contract::wire::PictureAnswer;
use contract::wire::PictureOffer;
use contract::wire::PictureState;
use quinn::RecvStream;
use quinn::SendStream;
use sha2::Digest;
use sha2::Sha256;
use tokio::io::AsyncReadExt;

use crate::evidence;
use crate::evidence::PictureStage;
use crate::link::shell::Welcomed;
use crate::parking;
use crate::store::Priority;
use crate::store::StoreError;

/// How long a picture's bytes may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Answers one offer and takes its bytes if they are wanted.
pub(super) async fn serve(
    welcomed: &Arc<Welcomed>,
    offer: PictureOffer,
    mut send: SendStream,
    mut receive: RecvStream,
) -> anyhow::Result<()> {
    // One more than that, and its edge waits: memory is bounded by pictures, not by offers.
    let _room = welcomed.pictures.acquire().await?;
    let (organisation, edge) = (welcomed.organisation, welcomed.edge);
    let (passage, kind, sha256) = (offer.passage, offer.kind, offer.sha256);
    let stage: Option<PictureStage> = welcomed
        .parts
        .store
        .read(move |tx| evidence::picture_stage(tx, organisation, edge, passage, kind, sha256))
        .await
        .map_err(|error: StoreError| anyhow::Error::new(error).context("looking a picture up"))?;
    let state = match stage {
        None => PictureState::Unwanted,
        Some(PictureStage::Stored | PictureStage::Expired) => PictureState::Stored,
        Some(PictureStage::Waiting)
            if offer.size_bytes > welcomed.parts.evidence.largest_bytes() =>
        {
            PictureState::Unwanted
        }
        Some(PictureStage::Waiting) => PictureState::Wanted,
    };
    frames::write(&mut send, &PictureAnswer { state }.into()).await?;
    if state == PictureState::Wanted {
        let bytes = tokio::time::timeout(PATIENCE, read(&mut receive, offer.size_bytes))
            .await
            .context("a picture took too long")??;
        let state = keep(welcomed, &offer, bytes).await?;
        frames::write(&mut send, &PictureAnswer { state }.into()).await?;
    }
    send.finish()?;
    Ok(())
}

/// Reads at most one byte more than was announced: enough to see that it is too much.
async fn read(receive: &mut RecvStream, size_bytes: u64) -> anyhow::Result<Bytes> {
    let mut bytes = Vec::new();
    receive
        .take(size_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .await
        .context("reading a picture")?;
    Ok(bytes.into())
}

async fn keep(
    welcomed: &Welcomed,
    offer: &PictureOffer,
    bytes: Bytes,
) -> anyhow::Result<PictureState> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    if size != offer.size_bytes || digest != offer.sha256 {
        return Ok(PictureState::Damaged);
    }
    welcomed
        .parts
        .evidence
        .put(offer.sha256, bytes)
        .await
        .context("storing a picture")?;
    let (organisation, edge, now) = (
        welcomed.organisation,
        welcomed.edge,
        welcomed.parts.clock.wall(),
    );
    let (passage, kind, sha256) = (offer.passage, offer.kind, offer.sha256);
    welcomed
        .parts
        .store
        .write(Priority::Machines, move |tx| {
            parking::passages::picture_stored(tx, organisation, edge, passage, kind, sha256, now)
        })
        .await
        .map_err(|error: StoreError| anyhow::Error::new(error).context("noting a picture"))?;
    Ok(PictureState::Stored)
}
