//! Pictures that go with events: files, with a list of those that the hub does not have yet.
//!
//! A file is named by its passage and kind, so that the list can be made again from the folder if the database is lost.
//! [`Pictures::put`] writes the bytes; the committer syncs them before it answers the next append.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use contract::event::Evidence;
use contract::event::EvidenceKind;
use contract::ids::PassageId;
use contract::time::Timestamp;
use minicbor::Decode;
use minicbor::Encode;
use sha2::Digest;
use sha2::Sha256;
use tokio::sync::Notify;
use tokio::sync::oneshot;
use tracing::warn;

use crate::store::Config;
use crate::store::committer::Command;
use crate::store::committer::Commands;
use crate::store::engine::sync_dir;

type Key = (PassageId, EvidenceKind);

/// Why a picture is not kept.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The disk refused.
    #[error("writing a picture")]
    Disk(#[source] io::Error),
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
pub struct Pictures {
    shelf: Shelf,
    commands: Commands,
}

impl Pictures {
    pub(super) fn new(shelf: Shelf, commands: Commands) -> Self {
        Self { shelf, commands }
    }

    /// Keeps a picture. Its bytes are on disk for good before the next append is answered.
    pub fn put(
        &self,
        passage: PassageId,
        kind: EvidenceKind,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Evidence, EvidenceError> {
        let evidence = Evidence {
            kind,
            sha256: Sha256::digest(bytes).into(),
            size_bytes: bytes.len() as u64,
            media_type: media_type.to_owned(),
        };
        let path = self.shelf.path(passage, &evidence);
        fs::write(&path, bytes).map_err(EvidenceError::Disk)?;
        self.shelf.rows().insert(
            (passage, kind),
            Row {
                evidence: evidence.clone(),
                delivered_at: None,
            },
        );
        Ok(evidence)
    }

    /// The oldest pictures that the hub does not have.
    pub fn pending(&self, most: usize) -> Vec<PendingPicture> {
        let rows = self.shelf.rows();
        rows.waiting
            .iter()
            .filter(|key| !rows.unsynced.contains(key))
            .filter_map(|key| rows.all.get(key).map(|row| (key.0, row)))
            .take(most)
            .map(|(passage, row)| PendingPicture {
                passage,
                evidence: row.evidence.clone(),
                path: self.shelf.path(passage, &row.evidence),
            })
            .collect()
    }

    /// How many pictures the hub does not have.
    pub fn waiting(&self) -> usize {
        self.shelf.rows().waiting.len()
    }

    /// Returns when there may be a new picture for the hub.
    pub async fn changed(&self) {
        self.shelf.0.changed.notified().await;
    }

    /// The hub has this picture of this passage, or does not want it: it is kept for a while and then deleted.
    pub async fn delivered(
        &self,
        passage: PassageId,
        kind: EvidenceKind,
    ) -> Result<(), EvidenceError> {
        let (answer, done) = oneshot::channel();
        self.commands
            .send(Command::Delivered {
                passage,
                kind,
                answer,
            })
            .map_err(|_| EvidenceError::Closed)?;
        done.await.map_err(|_| EvidenceError::Closed)
    }
}

/// One picture in the list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Row {
    #[n(0)]
    evidence: Evidence,
    #[n(1)]
    delivered_at: Option<Timestamp>,
}

/// The folder and its list; shared between [`Pictures`] and the committer.
#[derive(Clone)]
pub(super) struct Shelf(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    rows: Mutex<Rows>,
    changed: Notify,
}

#[derive(Default)]
struct Rows {
    all: BTreeMap<Key, Row>,
    /// Rows that the hub does not have.
    waiting: BTreeSet<Key>,
    /// Rows whose file is not on disk for good.
    unsynced: BTreeSet<Key>,
    /// Rows that differ from the database's.
    unwritten: BTreeSet<Key>,
    bytes: u64,
}

impl Rows {
    fn insert(&mut self, key: Key, row: Row) {
        self.load(key, row);
        self.unsynced.insert(key);
        self.unwritten.insert(key);
    }

    fn load(&mut self, key: Key, row: Row) {
        self.remove(key);
        self.bytes += row.evidence.size_bytes;
        if row.delivered_at.is_none() {
            self.waiting.insert(key);
        }
        self.all.insert(key, row);
    }

    fn remove(&mut self, key: Key) -> Option<Row> {
        let row = self.all.remove(&key)?;
        self.bytes = self.bytes.saturating_sub(row.evidence.size_bytes);
        self.waiting.remove(&key);
        self.unsynced.remove(&key);
        self.unwritten.remove(&key);
        Some(row)
    }
}

impl Shelf {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self(Arc::new(Inner {
            dir,
            rows: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, passage: PassageId, evidence: &Evidence) -> PathBuf {
        let extension = match evidence.media_type.as_str() {
            "image/jpeg" => "jpg",
            "image/png" => "png",
            "image/bmp" => "bmp",
            _ => "bin",
        };
        let kind = kind_name(evidence.kind);
        self.0.dir.join(format!("{passage}-{kind}.{extension}"))
    }

    /// Takes the list over from the database; files that it does not name belong to events that were never recorded.
    pub(super) fn load(&self, tree: &sled::Tree) -> Result<(), sled::Error> {
        for entry in tree.iter() {
            let (key, value) = entry?;
            let row: Option<Row> = minicbor::decode(&value).ok();
            if let (Some(key), Some(row)) = (parse_key(&key), row)
                && self.path(key.0, &row.evidence).exists()
            {
                self.rows().load(key, row);
            }
        }
        self.each_file(|key, path| {
            if !self.rows().all.contains_key(&key) {
                // Not found is as good as deleted, and what can't be deleted is tried again at the next start.
                let _ = fs::remove_file(path);
            }
        });
        Ok(())
    }

    /// After the database was put aside: makes the list again, from memory and from the folder.
    pub(super) fn adopt(&self) {
        {
            let mut rows = self.rows();
            rows.unwritten = rows.all.keys().copied().collect();
        }
        self.each_file(|key, path| {
            if self.rows().all.contains_key(&key) {
                return;
            }
            let Ok(bytes) = fs::read(path) else { return };
            let media_type = match path.extension().and_then(|e| e.to_str()) {
                Some("jpg") => "image/jpeg",
                Some("png") => "image/png",
                Some("bmp") => "image/bmp",
                Some(_) | None => "application/octet-stream",
            };
            let row = Row {
                evidence: Evidence {
                    kind: key.1,
                    sha256: Sha256::digest(&bytes).into(),
                    size_bytes: bytes.len() as u64,
                    media_type: media_type.to_owned(),
                },
                delivered_at: None,
            };
            self.rows().insert(key, row);
        });
    }

    fn each_file(&self, mut work: impl FnMut(Key, &Path)) {
        let Ok(entries) = fs::read_dir(&self.0.dir) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let key = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .and_then(|stem| stem.rsplit_once('-'))
                .and_then(|(passage, kind)| Some((passage.parse().ok()?, parse_kind(kind)?)));
            if let Some(key) = key {
                work(key, &path);
            }
        }
    }

    pub(super) fn has_unsettled(&self) -> bool {
        !self.rows().unwritten.is_empty()
    }

    /// Puts the files of new pictures on disk for good and returns the rows to write.
    pub(super) fn settle(&self) -> (sled::Batch, Vec<Key>) {
        let unsynced: Vec<(Key, PathBuf)> = {
            let rows = self.rows();
            let path = |key: &Key| Some((*key, self.path(key.0, &rows.all.get(key)?.evidence)));
            rows.unsynced.iter().filter_map(path).collect()
        };
        if !unsynced.is_empty() {
            for (key, path) in unsynced {
                let synced = File::open(&path).and_then(|file| file.sync_all());
                let mut rows = self.rows();
                match synced {
                    Ok(()) => {
                        rows.unsynced.remove(&key);
                    }
                    Err(error) => {
                        warn!(path = %path.display(), "a picture is lost: {error}");
                        rows.remove(key);
                    }
                }
            }
            if let Err(error) = sync_dir(&self.0.dir) {
                warn!("the pictures' folder can't be synced: {error}");
            }
        }
        let rows = self.rows();
        let mut batch = sled::Batch::default();
        let mut written = Vec::new();
        for key in rows.unwritten.difference(&rows.unsynced) {
            let Some(row) = rows.all.get(key) else {
                continue;
            };
            let mut bytes = Vec::new();
            let encoded = minicbor::encode(row, &mut bytes);
            debug_assert!(encoded.is_ok(), "writing to memory does not fail");
            batch.insert(lay_key(*key), bytes);
            written.push(*key);
        }
        (batch, written)
    }

    /// The rows of [`Self::settle`] are in the database.
    pub(super) fn settled(&self, written: &[Key]) {
        let mut rows = self.rows();
        for key in written {
            rows.unwritten.remove(key);
        }
        drop(rows);
        if !written.is_empty() {
            self.0.changed.notify_waiters();
        }
    }

    pub(super) fn mark_delivered(&self, passage: PassageId, kind: EvidenceKind, now: Timestamp) {
        let mut rows = self.rows();
        let key = (passage, kind);
        if let Some(row) = rows.all.get_mut(&key) {
            row.delivered_at.get_or_insert(now);
            rows.waiting.remove(&key);
            rows.unwritten.insert(key);
        }
    }

    /// Deletes what was delivered long ago, and above the cap the oldest: delivered ones first. Returns the rows to remove.
    pub(super) fn expire(&self, now: Timestamp, config: &Config) -> sled::Batch {
        let mut gone = sled::Batch::default();
        let mut rows = self.rows();
        let old: Vec<Key> = rows
            .all
            .iter()
            .filter(|(_, row)| {
                row.delivered_at
                    .is_some_and(|at| now.since(at) > config.keep_pictures)
            })
            .map(|(key, _)| *key)
            .collect();
        let mut surplus: Vec<Key> = Vec::new();
        if rows.bytes > config.most_picture_bytes {
            let (waiting, delivered): (Vec<Key>, Vec<Key>) = rows
                .all
                .keys()
                .copied()
                .partition(|key| rows.waiting.contains(key));
            surplus = delivered.into_iter().chain(waiting).collect();
        }
        let mut undelivered = 0;
        for (i, key) in old.iter().chain(&surplus).enumerate() {
            if i >= old.len() && rows.bytes <= config.most_picture_bytes {
                break;
            }
            let Some(row) = rows.remove(*key) else {
                continue;
            };
            undelivered += u64::from(row.delivered_at.is_none());
            // Not found is as good as deleted.
            let _ = fs::remove_file(self.path(key.0, &row.evidence));
            gone.remove(lay_key(*key));
        }
        if undelivered > 0 {
            warn!(
                pictures = undelivered,
                "the pictures' cap is reached: {undelivered} that the hub does not have were deleted"
            );
        }
        gone
    }
}

fn kind_name(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Frame => "frame",
        EvidenceKind::Crop => "crop",
    }
}

fn parse_kind(name: &str) -> Option<EvidenceKind> {
    match name {
        "frame" => Some(EvidenceKind::Frame),
        "crop" => Some(EvidenceKind::Crop),
        _ => None,
    }
}

fn lay_key((passage, kind): Key) -> Vec<u8> {
    let mut key = passage.as_bytes().to_vec();
    key.extend(kind_name(kind).as_bytes());
    key
}

fn parse_key(bytes: &[u8]) -> Option<Key> {
    let (passage, kind) = bytes.split_at_checked(16)?;
    let passage = PassageId(uuid::Uuid::from_slice(passage).ok()?);
    Some((passage, parse_kind(std::str::from_utf8(kind).ok()?)?))
}
