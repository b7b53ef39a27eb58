//! The permit book in force, in a file of its own: a damaged queue does not close the gate to its permits.
//!
//! `permits.book` is magic, checksum and CBOR; it is replaced by rename, and the book before it stays as
//! `permits.previous` in case the newer one can't be read.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use contract::permit::PermitBook;
use tokio::sync::watch;
use tracing::error;
use tracing::info;

use crate::store::committer::Commands;
use crate::store::engine::sync_dir;

const MAGIC: &[u8; 4] = b"GWB1";
/// A book larger than this is none: about 800,000 permits.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Why a permit book could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum PermitsError {
    /// The disk refused; the old book stays in force.
    #[error("writing the permit book")]
    Disk(#[source] io::Error),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

/// The permit book in force; clones share it.
#[derive(Clone)]
pub struct Permits {
    dir: PathBuf,
    book: Arc<watch::Sender<Arc<PermitBook>>>,
    directives: Arc<AtomicU64>,
    commands: Commands,
    /// One book is written at a time.
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl Permits {
    pub(super) fn open(dir: &Path, directives: Arc<AtomicU64>, commands: Commands) -> Self {
        let (book, number) = load(dir);
        directives.fetch_max(number, Ordering::SeqCst);
        Self {
            dir: dir.to_owned(),
            book: Arc::new(watch::Sender::new(Arc::new(book))),
            directives,
            commands,
            writing: Arc::new(tokio::sync::Mutex::new(())),
        }
    }

    /// The book in force.
    pub fn book(&self) -> Arc<PermitBook> {
        self.book.borrow().clone()
    }

    /// Every book that comes into force.
    pub fn watch(&self) -> watch::Receiver<Arc<PermitBook>> {
        self.book.subscribe()
    }

    /// Puts `book` in force, whole or not at all, as directive `number`. Returns once it is on disk for good.
    pub async fn take(&self, number: u64, book: PermitBook) -> Result<(), PermitsError> {
        let _one = self.writing.lock().await;
        let book = Arc::new(book);
        let (dir, written) = (self.dir.clone(), Arc::clone(&book));
        tokio::task::spawn_blocking(move || write(&dir, number, &written))
            .await
            .map_err(|_| PermitsError::Closed)?
            .map_err(PermitsError::Disk)?;
        let (version, permits) = (book.version, book.permits.len());
        self.book.send_replace(book);
        info!(
            book.version = version,
            permits, "permit book {version} is in force"
        );
        self.commands
            .directive(number)
            .await
            .map_err(|_| PermitsError::Closed)
    }

    /// The newest directive that this edge has taken for good, a book or an order.
    pub fn directives_through(&self) -> u64 {
        self.directives.load(Ordering::SeqCst)
    }
}

fn write(dir: &Path, number: u64, book: &PermitBook) -> io::Result<()> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([0; 4]);
    bytes.extend(number.to_be_bytes());
    minicbor::encode(book, &mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let crc = crc32fast::hash(&bytes[8..]);
    bytes[4..8].copy_from_slice(&crc.to_be_bytes());

    let (new, current, previous) = paths(dir);
    let mut file = fs::File::create(&new)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    // `current` exists at every moment: it is linked, not moved, to `previous`.
    if current.exists() {
        match fs::remove_file(&previous) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => fs::hard_link(&current, &previous)?,
        }
    }
    fs::rename(&new, &current)?;
    sync_dir(dir)
}

fn paths(dir: &Path) -> (PathBuf, PathBuf, PathBuf) {
    (
        dir.join("permits.new"),
        dir.join("permits.book"),
        dir.join("permits.previous"),
    )
}

/// The newest book that can be read, and the number of the directive that brought it.
fn load(dir: &Path) -> (PermitBook, u64) {
    let (_, current, previous) = paths(dir);
    for path in [current, previous] {
        match read(&path) {
            Ok(Some(found)) => return found,
            Ok(None) => {}
            Err(why) => error!(
                path = %path.display(),
                "the permit book can't be read ({why}): the one before it is used until the hub sends a new one"
            ),
        }
    }
    (PermitBook::default(), 0)
}

fn read(path: &Path) -> Result<Option<(PermitBook, u64)>, String> {
    let bytes = match fs::metadata(path) {
        Ok(meta) if meta.len() > LARGEST => return Err("it is too large".into()),
        Ok(_) => fs::read(path).map_err(|error| error.to_string())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let Some((head, body)) = bytes.split_first_chunk::<16>() else {
        return Err("it is cut off".into());
    };
    if &head[..4] != MAGIC {
        return Err("it is no permit book".into());
    }
    if crc32fast::hash(&bytes[8..]).to_be_bytes() != head[4..8] {
        return Err("its checksum is wrong".into());
    }
    let mut number = [0; 8];
    number.copy_from_slice(&head[8..]);
    let book = minicbor::decode(body).map_err(|error| error.to_string())?;
    Ok(Some((book, u64::from_be_bytes(number))))
}
