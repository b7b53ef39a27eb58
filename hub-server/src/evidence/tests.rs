//! The end of pictures, through the room's public face.

use std::time::Duration;

use bytes::Bytes;
use contract::event::Evidence as Announced;
use contract::event::EvidenceKind;
use contract::ids::EdgeId;
use contract::ids::OrganisationId;
use contract::ids::PassageId;
use contract::time::Timestamp;
use sha2::Digest;
use sha2::Sha256;
use uuid::Uuid;

use super::Config;
use super::Evidence;
use super::Expired;
use super::PictureStage;
use super::expect;
use super::expire_due;
use super::find_picture;
use super::mark_stored;
use super::picture_stage;
use super::set_retention;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::testing::Scratch;
use crate::store::testing::scratch;

const EDGE: EdgeId = EdgeId(Uuid::from_u128(1));
const FRAME: EvidenceKind = EvidenceKind::Frame;

fn passage(number: u128) -> PassageId {
    PassageId(Uuid::from_u128(number))
}

async fn keep(
    store: &Scratch,
    evidence: &Evidence,
    organisation: OrganisationId,
    number: u128,
    bytes: &'static [u8],
    taken_at: Timestamp,
) -> [u8; 32] {
    let sha256: [u8; 32] = Sha256::digest(bytes).into();
    evidence
        .put(sha256, Bytes::from_static(bytes))
        .await
        .unwrap();
    let kept: Result<bool, StoreError> = store
        .write(Priority::Machines, move |tx| {
            let announced = Announced {
                kind: FRAME,
                sha256,
                size_bytes: bytes.len() as u64,
                media_type: "image/jpeg".into(),
            };
            expect(
                tx,
                organisation,
                EDGE,
                passage(number),
                &announced,
                taken_at,
            )?;
            mark_stored(
                tx,
                organisation,
                EDGE,
                passage(number),
                FRAME,
                sha256,
                taken_at,
            )
        })
        .await;
    assert!(kept.unwrap());
    sha256
}

async fn stage(store: &Scratch, organisation: OrganisationId, number: u128) -> PictureStage {
    let found: Result<_, StoreError> = store
        .read(move |tx| find_picture(tx, organisation, passage(number), FRAME))
        .await;
    found.unwrap().unwrap().stage
}

/// AC-11: after the retention date the picture is gone and the row says so; each organisation has its own.
#[tokio::test]
async fn after_its_retention_a_picture_is_gone_and_its_row_says_so() {
    let store = scratch();
    let evidence = Evidence::open(&store.dir().join("evidence"), &Config::default()).unwrap();
    let (north, _) = store.organisation("North").await;
    let (south, _) = store.organisation("South").await;
    let start = store.clock.wall();
    let old = keep(&store, &evidence, north, 1, b"old", start).await;
    let shared = keep(&store, &evidence, north, 2, b"shared", start).await;
    keep(&store, &evidence, south, 3, b"shared", start).await;
    let short: Result<(), StoreError> = store
        .write(Priority::People, move |tx| set_retention(tx, north, 7))
        .await;
    short.unwrap();

    store.hand.advance(Duration::from_secs(7 * 24 * 3_600));
    assert_eq!(
        expire_due(&store, &evidence, &store.clock).await.unwrap(),
        Expired::default()
    );
    store.hand.advance(Duration::from_secs(1));
    let young = keep(&store, &evidence, north, 4, b"young", store.clock.wall()).await;
    let done = expire_due(&store, &evidence, &store.clock).await.unwrap();
    assert_eq!(
        done,
        Expired {
            pictures: 2,
            files: 1
        }
    );

    assert_eq!(evidence.get(old).await.unwrap(), None);
    assert_eq!(stage(&store, north, 1).await, PictureStage::Expired);
    assert_eq!(stage(&store, north, 2).await, PictureStage::Expired);
    // The other organisation keeps the same bytes longer.
    assert_eq!(stage(&store, south, 3).await, PictureStage::Stored);
    assert_eq!(evidence.get(shared).await.unwrap().unwrap(), "shared");
    assert_eq!(evidence.get(young).await.unwrap().unwrap(), "young");
    assert_eq!(
        expire_due(&store, &evidence, &store.clock).await.unwrap(),
        Expired::default()
    );

    store.hand.advance(Duration::from_secs(24 * 24 * 3_600));
    let done = expire_due(&store, &evidence, &store.clock).await.unwrap();
    assert_eq!(
        done,
        Expired {
            pictures: 2,
            files: 2
        }
    );
    assert_eq!(evidence.get(shared).await.unwrap(), None);
}

#[tokio::test]
async fn an_expired_picture_is_not_taken_in_again() {
    let store = scratch();
    let evidence = Evidence::open(&store.dir().join("evidence"), &Config::default()).unwrap();
    let (north, _) = store.organisation("North").await;
    let old = keep(&store, &evidence, north, 1, b"old", store.clock.wall()).await;
    store.hand.advance(Duration::from_secs(31 * 24 * 3_600));
    expire_due(&store, &evidence, &store.clock).await.unwrap();
    let again: Result<_, StoreError> = store
        .write(Priority::Machines, move |tx| {
            let stage = picture_stage(tx, north, EDGE, passage(1), FRAME, old)?;
            let stored = mark_stored(
                tx,
                north,
                EDGE,
                passage(1),
                FRAME,
                old,
                Timestamp::from_millis(0),
            )?;
            Ok((stage, stored))
        })
        .await;
    assert_eq!(again.unwrap(), (Some(PictureStage::Expired), false));
}
