//! The files: `<root>/ab/abcdef...`, named by the SHA-256 of their bytes. Knows no table and no passage.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use sha2::Digest;
use sha2::Sha256;
use tokio::sync::Mutex;

use super::Config;

/// A picture's name: the SHA-256 of its bytes.
pub type Hash = [u8; 32];

/// Why a picture could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Larger than this hub takes.
    #[error("a picture has {bytes} bytes, more than the {largest} allowed")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        largest: u64,
    },
    /// The bytes are not those that were announced.
    #[error("the bytes of a picture are not those that were announced")]
    WrongHash,
    /// The file on disk is not what was stored.
    #[error("picture {0} is damaged on disk")]
    Damaged(String),
    /// The disk refused.
    #[error("{doing} picture files")]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// What the disk said.
        #[source]
        source: io::Error,
    },
}

/// The hub's picture files. Clones are the same store.
#[derive(Clone, Debug)]
pub struct Evidence {
    root: Arc<PathBuf>,
    largest_bytes: u64,
    /// Held while a file appears or goes: a picture that arrives again just as its older twin expires must end on
    /// disk.
    changing: Arc<Mutex<()>>,
}

impl Evidence {
    /// Opens the store in `root`, makes the folder if it is missing, and clears what an interrupted write left.
    pub fn open(root: &Path, config: &Config) -> Result<Self, EvidenceError> {
        let doing = "opening the folder of";
        let incoming = root.join("incoming");
        make_private_folder(&incoming).map_err(disk(doing))?;
        for entry in fs::read_dir(&incoming).map_err(disk(doing))? {
            let entry = entry.map_err(disk(doing))?;
            fs::remove_file(entry.path()).map_err(disk(doing))?;
        }
        Ok(Self {
            root: Arc::new(root.to_owned()),
            largest_bytes: config.largest_bytes,
            changing: Arc::default(),
        })
    }

    /// The largest picture that [`Evidence::put`] takes, in bytes; ask before reading an upload into memory.
    pub fn largest_bytes(&self) -> u64 {
        self.largest_bytes
    }

    /// Keeps a picture. When this returns, it is on disk for good. Keeping the same bytes again changes nothing.
    pub async fn put(&self, announced: Hash, bytes: Bytes) -> Result<(), EvidenceError> {
        let size = bytes.len() as u64;
        if size > self.largest_bytes {
            return Err(EvidenceError::TooLarge {
                bytes: size,
                largest: self.largest_bytes,
            });
        }
        let _changing = self.changing.lock().await;
        let root = Arc::clone(&self.root);
        on_disk_thread("writing", move || {
            if hash(&bytes) != announced {
                return Err(EvidenceError::WrongHash);
            }
            write(&root, &announced, &bytes).map_err(disk("writing"))
        })
        .await
    }

    /// Returns a picture's bytes, checked against its name; none if there is no such file.
    pub async fn get(&self, name: Hash) -> Result<Option<Bytes>, EvidenceError> {
        let path = path_of(&self.root, &name);
        let largest = self.largest_bytes;
        on_disk_thread("reading", move || {
            match read(&path, largest).map_err(disk("reading"))? {
                None => Ok(None),
                Some(bytes) if hash(&bytes) == name => Ok(Some(Bytes::from(bytes))),
                Some(_) => Err(EvidenceError::Damaged(hex(&name))),
            }
        })
        .await
    }

    /// Keeps files from appearing and going while the guard lives.
    pub(super) async fn hold(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    /// Removes a file; none is fine. Call it under [`Evidence::hold`].
    pub(super) async fn remove(&self, name: Hash) -> Result<(), EvidenceError> {
        let path = path_of(&self.root, &name);
        on_disk_thread("removing", move || match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk("removing")(error)),
            Ok(()) | Err(_) => Ok(()),
        })
        .await
    }
}

/// The name as 64 hex digits.
pub fn hex(name: &Hash) -> String {
    use std::fmt::Write;
    name.iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// The only place that makes a path, from 32 bytes and nothing else.
fn path_of(root: &Path, name: &Hash) -> PathBuf {
    let name = hex(name);
    root.join(&name[..2]).join(name)
}

fn write(root: &Path, name: &Hash, bytes: &[u8]) -> io::Result<()> {
    let path = path_of(root, name);
    if read(&path, bytes.len() as u64)?.is_some_and(|there| there == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(root);
    if make_private_folder(folder)? {
        fs::File::open(root)?.sync_all()?;
    }
    // One writer at a time, so the temporary name needs no randomness; a leftover of a crash is replaced.
    let temporary = root.join("incoming").join(hex(name));
    let _ = fs::remove_file(&temporary);
    let mut file = private_file()
        .write(true)
        .create_new(true)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, &path)?;
    fs::File::open(folder)?.sync_all()
}

/// Reads a plain file of at most `largest` bytes; a link, a folder or a longer file counts as damage and reads as
/// empty, which no hash matches.
fn read(path: &Path, largest: u64) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_file() && there.len() <= largest => fs::read(path).map(Some),
        Ok(_) => Ok(Some(Vec::new())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a folder that only this user can enter; says whether it was new.
fn make_private_folder(path: &Path) -> io::Result<bool> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if path.is_dir() {
        return Ok(false);
    }
    builder.recursive(true).create(path)?;
    Ok(true)
}

fn private_file() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn disk(doing: &'static str) -> impl Fn(io::Error) -> EvidenceError {
    move |source| EvidenceError::Disk { doing, source }
}

async fn on_disk_thread<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> Result<T, EvidenceError> + Send + 'static,
) -> Result<T, EvidenceError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|stopped| Err(disk(doing)(io::Error::other(stopped))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(root: &Path) -> Evidence {
        Evidence::open(root, &Config { largest_bytes: 64 }).unwrap()
    }

    fn files_below(root: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files_below(&path));
            } else {
                found.push(path);
            }
        }
        found
    }

    #[tokio::test]
    async fn a_picture_is_kept_under_its_hash_and_read_back_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let name = hash(b"picture");
        open(folder.path())
            .put(name, Bytes::from_static(b"picture"))
            .await
            .unwrap();
        let again = open(folder.path());
        again
            .put(name, Bytes::from_static(b"picture"))
            .await
            .unwrap();
        assert_eq!(again.get(name).await.unwrap().unwrap(), "picture");
        let hex = hex(&name);
        assert_eq!(
            files_below(folder.path()),
            vec![folder.path().join(&hex[..2]).join(hex)]
        );
    }

    #[tokio::test]
    async fn bytes_that_were_not_announced_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = open(folder.path());
        let refused = evidence.put([7; 32], Bytes::from_static(b"other")).await;
        assert!(matches!(refused, Err(EvidenceError::WrongHash)));
        let refused = evidence
            .put(hash(&[0; 65]), Bytes::from_static(&[0; 65]))
            .await;
        assert!(matches!(
            refused,
            Err(EvidenceError::TooLarge {
                bytes: 65,
                largest: 64
            })
        ));
        assert!(files_below(folder.path()).is_empty());
        assert!(evidence.get([7; 32]).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_damaged_file_is_named_and_healed_by_the_next_put() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = open(folder.path());
        let name = hash(b"picture");
        evidence
            .put(name, Bytes::from_static(b"picture"))
            .await
            .unwrap();
        for damage in [&b"pictuer"[..], b"", &[b'x'; 100]] {
            fs::write(path_of(folder.path(), &name), damage).unwrap();
            assert!(matches!(
                evidence.get(name).await,
                Err(EvidenceError::Damaged(_))
            ));
            evidence
                .put(name, Bytes::from_static(b"picture"))
                .await
                .unwrap();
            assert_eq!(evidence.get(name).await.unwrap().unwrap(), "picture");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_in_the_place_of_a_picture_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        fs::write(&outside, b"secret").unwrap();
        let root = folder.path().join("evidence");
        let evidence = open(&root);
        let name = hash(b"secret");
        let path = path_of(&root, &name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&outside, &path).unwrap();
        assert!(matches!(
            evidence.get(name).await,
            Err(EvidenceError::Damaged(_))
        ));
        evidence
            .put(name, Bytes::from_static(b"secret"))
            .await
            .unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        evidence.remove(name).await.unwrap();
        evidence.remove(name).await.unwrap();
        assert!(outside.exists());
    }

    #[tokio::test]
    async fn an_interrupted_write_is_cleared_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()));
        fs::write(folder.path().join("incoming").join("half"), b"pict").unwrap();
        drop(open(folder.path()));
        assert!(files_below(folder.path()).is_empty());
    }
}
