//! The end of pictures: after an organisation's retention the rows say `expired`, then the files go.

use std::time::Duration;

use anyhow::Context;
use contract::time::Clock;

use super::Evidence;
use super::pictures;
use crate::store::Priority;
use crate::store::Store;
use crate::store::StoreError;

/// How many rows or files one transaction deals with, so that people never wait long behind it.
const AT_ONCE: u32 = 500;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Pictures whose time is over.
    pub pictures: usize,
    /// Files that went; fewer, if pictures shared them or never arrived.
    pub files: usize,
}

/// Ends every picture that is older than its organisation's retention. Safe to run at any time and again: a round
/// that was cut short is finished by the next one.
pub async fn expire_due(
    store: &Store,
    evidence: &Evidence,
    clock: &Clock,
) -> anyhow::Result<Expired> {
    let mut done = Expired::default();
    let organisations = store
        .read(pictures::organisations_with_pictures)
        .await
        .context("looking for pictures")?;
    for organisation in organisations {
        loop {
            let now = clock.wall();
            let marked: Result<usize, StoreError> = store
                .write(Priority::Machines, move |tx| {
                    let days = pictures::load_retention(tx, organisation)?;
                    let kept = i64::try_from((DAY * days).as_millis()).unwrap_or(i64::MAX);
                    let before = contract::time::Timestamp::from_millis(
                        now.as_millis().saturating_sub(kept),
                    );
                    pictures::mark_expired(tx, organisation, before, now, AT_ONCE)
                })
                .await;
            let marked = marked.context("ending pictures")?;
            done.pictures += marked;
            if marked == 0 {
                break;
            }
        }
    }
    loop {
        let files: Result<Vec<[u8; 32]>, StoreError> =
            store.read(|tx| pictures::files_to_clear(tx, AT_ONCE)).await;
        let files = files.context("looking for files of ended pictures")?;
        if files.is_empty() {
            break;
        }
        for file in files {
            done.files += usize::from(clear(store, evidence, clock, file).await?);
        }
    }
    if done.pictures > 0 {
        tracing::info!(
            pictures = done.pictures,
            files = done.files,
            "pictures reached the end of their time"
        );
    }
    Ok(done)
}

/// Removes a file that no living row needs. True: it was removed.
async fn clear(
    store: &Store,
    evidence: &Evidence,
    clock: &Clock,
    file: [u8; 32],
) -> anyhow::Result<bool> {
    // A row that needs the file is written before its bytes are offered, and bytes are put under the same guard: so
    // whoever comes after this look writes the file anew.
    let guard = evidence.hold().await;
    let needed: Result<bool, StoreError> =
        store.read(move |tx| pictures::is_needed(tx, file)).await;
    let needed = needed.context("asking whether a file is needed")?;
    if !needed {
        evidence.remove(file).await.context("ending a picture")?;
    }
    drop(guard);
    let now = clock.wall();
    let cleared: Result<(), StoreError> = store
        .write(Priority::Machines, move |tx| {
            pictures::mark_cleared(tx, file, now)
        })
        .await;
    cleared.context("recording that a picture's file is gone")?;
    Ok(!needed)
}
