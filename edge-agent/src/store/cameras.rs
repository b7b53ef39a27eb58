//! What people set for this edge's cameras, in a file of its own: it survives restarts, power cuts and a damaged queue.
//!
//! `cameras.settings` is magic, checksum and CBOR; it is replaced by rename. If it can't be read, the edge's own settings
//! hold until the hub says the others again, which it does at every connection.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use contract::camera::CameraDirective;
use contract::ids::GateId;
use minicbor::Decode;
use minicbor::Encode;
use tracing::error;

use crate::store::engine::sync_dir;

const MAGIC: &[u8; 4] = b"GWC1";
/// Larger than this is no such file: about a hundred cameras with the most polygons.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The newest settings of each camera; clones share them.
#[derive(Clone)]
pub struct Cameras {
    dir: PathBuf,
    kept: Arc<Mutex<Settings>>,
    /// One file is written at a time.
    writing: Arc<tokio::sync::Mutex<()>>,
}

type Settings = BTreeMap<(GateId, String), CameraDirective>;

#[derive(Decode, Encode)]
struct File {
    #[n(0)]
    cameras: Vec<CameraDirective>,
}

impl Cameras {
    pub(super) fn open(dir: &Path) -> Self {
        let kept = match read(dir) {
            Ok(file) => file.cameras,
            Err(why) => {
                error!(
                    path = %path(dir).display(),
                    "the cameras' settings can't be read ({why}): those of edge.toml hold until the hub says the others again"
                );
                Vec::new()
            }
        };
        let kept = kept
            .into_iter()
            .map(|directive| ((directive.gate, directive.camera.clone()), directive))
            .collect();
        Self {
            dir: dir.to_owned(),
            kept: Arc::new(Mutex::new(kept)),
            writing: Arc::new(tokio::sync::Mutex::new(())),
        }
    }

    /// What was set for each camera.
    pub fn list(&self) -> Vec<CameraDirective> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.values().cloned().collect()
    }

    /// Keeps what was set for a camera, if it is newer than what is kept; returns once it is on disk for good. If the disk
    /// refuses, what was kept before stays.
    pub async fn take(&self, directive: CameraDirective) -> io::Result<()> {
        let _one = self.writing.lock().await;
        let mut next = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let key = (directive.gate, directive.camera.clone());
        if next
            .get(&key)
            .is_some_and(|known| known.revision >= directive.revision)
        {
            return Ok(());
        }
        next.insert(key, directive);
        let (dir, file) = (
            self.dir.clone(),
            File {
                cameras: next.values().cloned().collect(),
            },
        );
        tokio::task::spawn_blocking(move || write(&dir, &file))
            .await
            .map_err(io::Error::other)??;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("cameras.settings")
}

fn write(dir: &Path, file: &File) -> io::Result<()> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([0; 4]);
    minicbor::encode(file, &mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    if u64::try_from(bytes.len()).is_ok_and(|bytes| bytes > LARGEST) {
        return Err(io::Error::other(
            "the settings of all cameras are too large",
        ));
    }
    let crc = crc32fast::hash(&bytes[8..]);
    bytes[4..8].copy_from_slice(&crc.to_be_bytes());
    let new = dir.join("cameras.new");
    let mut to = fs::File::create(&new)?;
    to.write_all(&bytes)?;
    to.sync_all()?;
    fs::rename(&new, path(dir))?;
    sync_dir(dir)
}

fn read(dir: &Path) -> Result<File, String> {
    let path = path(dir);
    let bytes = match fs::metadata(&path) {
        Ok(meta) if meta.len() > LARGEST => return Err("it is too large".into()),
        Ok(_) => fs::read(&path).map_err(|error| error.to_string())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(File {
                cameras: Vec::new(),
            });
        }
        Err(error) => return Err(error.to_string()),
    };
    let Some((head, body)) = bytes.split_first_chunk::<8>() else {
        return Err("it is cut off".into());
    };
    if &head[..4] != MAGIC {
        return Err("it is no file of camera settings".into());
    }
    if crc32fast::hash(body).to_be_bytes() != head[4..8] {
        return Err("its checksum is wrong".into());
    }
    minicbor::decode(body).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use contract::area::Areas;
    use contract::camera::CameraSettings;
    use contract::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn directive(revision: u64, fps: u8) -> CameraDirective {
        CameraDirective {
            gate: GateId::new(Timestamp::from_millis(1), [1; 10]),
            camera: "front".into(),
            revision,
            settings: Some(CameraSettings {
                fps,
                areas: Areas::default(),
            }),
        }
    }

    /// GR-05, GR-06: a newer revision wins, an older or the same one changes nothing, and a restart keeps it.
    #[tokio::test]
    async fn the_newest_revision_is_kept_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let cameras = Cameras::open(folder.path());
        assert_eq!(cameras.list(), []);
        for (revision, fps) in [(3, 5), (2, 9), (3, 8), (4, 6), (4, 7)] {
            cameras.take(directive(revision, fps)).await.unwrap();
        }
        assert_eq!(cameras.list(), [directive(4, 6)]);
        assert_eq!(Cameras::open(folder.path()).list(), [directive(4, 6)]);
    }

    /// A power cut while the file is written leaves the old one; a file that rotted is said and holds nothing.
    #[tokio::test]
    async fn half_a_file_beside_it_is_nothing_and_a_damaged_file_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        Cameras::open(folder.path())
            .take(directive(3, 5))
            .await
            .unwrap();
        std::fs::write(folder.path().join("cameras.new"), b"GWC1half").unwrap();
        assert_eq!(Cameras::open(folder.path()).list(), [directive(3, 5)]);
        let whole = std::fs::read(path(folder.path())).unwrap();
        for place in 0..whole.len() {
            let mut spoiled = whole.clone();
            spoiled[place] ^= 0x40;
            std::fs::write(path(folder.path()), &spoiled).unwrap();
            assert_eq!(Cameras::open(folder.path()).list(), [], "byte {place}");
        }
    }

    #[tokio::test]
    async fn a_disk_that_refuses_leaves_what_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let cameras = Cameras::open(folder.path());
        cameras.take(directive(3, 5)).await.unwrap();
        std::fs::create_dir(folder.path().join("cameras.new")).unwrap();
        assert!(cameras.take(directive(4, 6)).await.is_err());
        assert_eq!(cameras.list(), [directive(3, 5)]);
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(path(folder.path()), bytes).unwrap();
            prop_assert!(read(folder.path()).is_err());
        }
    }
}
