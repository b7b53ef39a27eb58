//! The permit book in force, in a file of its own.

use std::sync::Arc;

use contract::permit::PermitBook;
use tokio::sync::watch;

/// Why a permit book could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum PermitsError {
    /// The disk refused; the old book stays in force.
    #[error("writing the permit book")]
    Disk(#[source] std::io::Error),
}

/// The permit book in force; clones share it.
#[derive(Clone)]
pub struct Permits {
    book: watch::Receiver<Arc<PermitBook>>,
}

impl Permits {
    /// The book in force.
    pub fn book(&self) -> Arc<PermitBook> {
        self.book.borrow().clone()
    }

    /// Every book that comes into force.
    pub fn watch(&self) -> watch::Receiver<Arc<PermitBook>> {
        self.book.clone()
    }

    /// Puts `book` in force, whole or not at all, as directive `number`. Returns once it is on disk for good.
    pub async fn take(&self, _number: u64, _book: PermitBook) -> Result<(), PermitsError> {
        std::future::pending().await
    }

    /// The newest directive that this edge has taken for good, a book or an order.
    pub fn directives_through(&self) -> u64 {
        0
    }
}
