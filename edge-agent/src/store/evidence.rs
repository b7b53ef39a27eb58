//! Pictures that go with events: files, with a list of those that the hub does not have yet.

use std::path::PathBuf;

use contract::event::Evidence;
use contract::event::EvidenceKind;
use contract::ids::PassageId;

/// Why a picture is not kept.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The disk refused.
    #[error("writing a picture")]
    Disk(#[source] std::io::Error),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

/// A picture that the hub does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingPicture {
    /// The passage that it is evidence of.
    pub passage: PassageId,
    /// What it is, as the event names it.
    pub evidence: Evidence,
    /// Where its bytes are.
    pub path: PathBuf,
}

/// The pictures; clones share them.
#[derive(Clone)]
pub struct Pictures {}

impl Pictures {
    /// Keeps a picture. Its bytes are on disk for good before the next append is answered.
    pub fn put(
        &self,
        _passage: PassageId,
        _kind: EvidenceKind,
        _media_type: &str,
        _bytes: &[u8],
    ) -> Result<Evidence, EvidenceError> {
        Err(EvidenceError::Closed)
    }

    /// The oldest pictures that the hub does not have.
    pub fn pending(&self, _most: usize) -> Vec<PendingPicture> {
        Vec::new()
    }

    /// How many pictures the hub does not have.
    pub fn waiting(&self) -> usize {
        0
    }

    /// The hub has this picture of this passage (or does not want it): it is kept for a while and then deleted.
    pub async fn delivered(
        &self,
        _passage: PassageId,
        _kind: EvidenceKind,
    ) -> Result<(), EvidenceError> {
        std::future::pending().await
    }
}
