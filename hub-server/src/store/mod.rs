//! The store: the only room that names a database.
//!
//! Every other room asks it with closures: `store.read(|tx| ..)` and `store.write(Priority::People, |tx| ..)`. The
//! closures are synchronous and run on store threads: one writer, several readers. They are `Fn`, because an engine
//! may run one again after a serialization failure; so they have no effect outside `tx`.
//!
//! What holds here:
//! - `write` returns `Ok` only after a commit that reached the disk (WAL, `synchronous=FULL`).
//! - A closure that returns an error, or panics, leaves nothing behind.
//! - Wake-ups (`tx.wake`) are sent after the commit, never for work that was rolled back.
//! - People's writes go before machines', and neither starves the other.
//! - SQL is written once, in the part that SQLite and PostgreSQL both speak.

mod migrate;
mod queue;
mod sqlite;
#[cfg(any(test, debug_assertions))]
pub mod testing;
mod tx;
mod value;

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::JoinHandle;

use contract::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use tokio::sync::broadcast;
use tokio::sync::oneshot;

pub use tx::Tx;
pub use tx::Wake;
pub use value::Id;
pub use value::Row;
pub use value::Value;

use crate::faults;
use queue::Queue;
use sqlite::SqliteTx;

/// The database's file in the data directory.
pub const FILE: &str = "hub.sqlite3";
/// Wake-ups that a slow listener may be behind. Beyond that it hears `Lagged` and looks at everything once.
const WAKES_KEPT: usize = 1024;

/// How the hub stores.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many reads may run at once.
    pub readers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { readers: 4 }
    }
}

/// Who waits for a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// A person at the console: goes first.
    People,
    /// An edge or a job.
    Machines,
}

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A value that must be unique is there already; names `table.column`.
    #[error("{0} must be unique")]
    Unique(String),
    /// A row that another one names is missing, or is still named.
    #[error("a row that is referred to is missing")]
    Foreign,
    /// A value that the schema does not allow.
    #[error("the schema does not allow this value: {0}")]
    Check(String),
    /// The row asked for is not there.
    #[error("no such row")]
    NotFound,
    /// Too much waits, or the engine is locked.
    #[error("the store is busy")]
    Busy,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The closure panicked; nothing was written.
    #[error("the work in a transaction panicked")]
    Panicked,
    /// A column is not what the code reads it as.
    #[error("reading column {column}, which is not {wanted}")]
    Column {
        /// Its place in the statement.
        column: usize,
        /// What the code wanted.
        wanted: &'static str,
    },
    /// The schema could not be brought up to date.
    #[error("bringing the schema up to date")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk is full, broken, or gone.
    #[error("the database's disk refuses")]
    Disk(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The engine failed.
    #[error("running a statement")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

type Job = Box<dyn FnOnce(&mut Tx) + Send>;

/// The store; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    file: PathBuf,
    generation: u64,
    writes: Arc<Queue<Job>>,
    reads: Arc<Queue<Job>>,
    wakes: broadcast::Sender<Wake>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the database in `dir`, brings its schema up to date and starts the store threads.
    pub fn open(dir: &Path, config: &Config, now: Timestamp) -> Result<Self, StoreError> {
        let file = dir.join(FILE);
        let mut connection = sqlite::open_writer(&file)?;
        let generation = migrate::sqlite(&mut connection, now)?;
        let (wakes, _) = broadcast::channel(WAKES_KEPT);
        let writes = Arc::new(Queue::<Job>::new());
        let reads = Arc::new(Queue::<Job>::new());
        let mut threads = vec![start("store-writer", connection, &writes)?];
        for _ in 0..config.readers.max(1) {
            threads.push(start("store-reader", sqlite::open_reader(&file)?, &reads)?);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                file,
                generation,
                writes,
                reads,
                wakes,
                threads: Mutex::new(threads),
            }),
        })
    }

    /// Reads in one consistent snapshot.
    pub async fn read<T, E>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            // A caller that went away needs no answer.
            let _ = answer.send(run_read(tx, &work));
        });
        if self.inner.reads.push(Priority::People, job).is_err() {
            return Err(StoreError::Busy.into());
        }
        wait.await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Writes in one transaction; `Ok` means that it is on the disk. The work goes on if the caller stops waiting.
    pub async fn write<T, E>(
        &self,
        priority: Priority,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let wakes = self.inner.wakes.clone();
        let job: Job = Box::new(move |tx| {
            let result = run_write(tx, &work);
            if result.is_ok() {
                let Tx::Sqlite(engine) = tx;
                for wake in engine.take_wakes() {
                    // Nobody listening is fine: listeners look at the tables when they come.
                    let _ = wakes.send(wake);
                }
            }
            let _ = answer.send(result);
        });
        if self.inner.writes.push(priority, job).is_err() {
            return Err(StoreError::Busy.into());
        }
        wait.await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Listens to wake-ups. Look at the tables once after calling this, and again after `Lagged`.
    pub fn wakes(&self) -> broadcast::Receiver<Wake> {
        self.inner.wakes.subscribe()
    }

    /// Which life of the database this is.
    pub fn generation(&self) -> u64 {
        self.inner.generation
    }

    /// The database's file.
    pub fn file(&self) -> &Path {
        &self.inner.file
    }

    /// How many writes wait: people's and machines'.
    pub fn writes_waiting(&self) -> (usize, usize) {
        self.inner.writes.waiting()
    }

    /// Takes no more work, does what waits, and ends the threads. Blocks; call it off the runtime.
    pub fn close(&self) {
        self.inner.writes.close();
        self.inner.reads.close();
        let threads = std::mem::take(
            &mut *self
                .inner
                .threads
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a store thread panicked");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.writes.close();
        self.reads.close();
    }
}

fn start(
    name: &str,
    connection: rusqlite::Connection,
    queue: &Arc<Queue<Job>>,
) -> Result<JoinHandle<()>, StoreError> {
    let queue = Arc::clone(queue);
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let mut tx = Tx::Sqlite(SqliteTx::new(connection));
            while let Some(job) = queue.pop() {
                job(&mut tx);
            }
        })
        .map_err(|source| StoreError::Engine(Box::new(source)))
}

fn run_read<T, E: From<StoreError>>(
    tx: &mut Tx,
    work: &impl Fn(&mut Tx) -> Result<T, E>,
) -> Result<T, E> {
    begin(tx, false)?;
    let result = guarded(tx, work);
    roll_back(tx);
    result
}

fn run_write<T, E: From<StoreError>>(
    tx: &mut Tx,
    work: &impl Fn(&mut Tx) -> Result<T, E>,
) -> Result<T, E> {
    begin(tx, true)?;
    let result = guarded(tx, work).and_then(|value| {
        faults::point("commit-before");
        let Tx::Sqlite(engine) = tx;
        engine.commit()?;
        faults::point("commit-after");
        Ok(value)
    });
    if result.is_err() {
        roll_back(tx);
    }
    result
}

/// A panic in a closure ends its transaction, not the store.
fn guarded<T, E: From<StoreError>>(
    tx: &mut Tx,
    work: &impl Fn(&mut Tx) -> Result<T, E>,
) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}

fn begin(tx: &mut Tx, write: bool) -> Result<(), StoreError> {
    let Tx::Sqlite(engine) = tx;
    engine.begin(write)
}

fn roll_back(tx: &mut Tx) {
    let Tx::Sqlite(engine) = tx;
    engine.roll_back();
}

#[cfg(test)]
mod tests;
