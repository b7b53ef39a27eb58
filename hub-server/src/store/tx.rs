//! A transaction, whichever engine runs it.

use contract::ids::EdgeId;

use super::StoreError;
use super::sqlite::SqliteTx;
use super::value::Row;
use super::value::Value;

/// What somebody may be waiting for. Sent after the commit of the transaction that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// There is live news.
    Live,
    /// There are directives for this edge.
    Directives(EdgeId),
    /// This edge was retired: whoever holds its connection closes it.
    Retired(EdgeId),
}

/// A transaction. Statements are written once, in the part of SQL that every engine speaks; `$1, $2` stand in the
/// order of their first use.
pub enum Tx {
    /// SQLite.
    Sqlite(SqliteTx),
}

impl Tx {
    /// Runs a statement and returns how many rows it changed.
    pub fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.execute(sql, values),
        }
    }

    /// Returns the first row of the answer, if there is one.
    pub fn find(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.find(sql, values),
        }
    }

    /// Returns the only row of the answer of a statement that always has one, such as a count.
    pub fn one(&mut self, sql: &str, values: &[Value]) -> Result<Row, StoreError> {
        self.find(sql, values)?.ok_or(StoreError::NotFound)
    }

    /// Returns all rows of the answer.
    pub fn list(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.list(sql, values),
        }
    }

    /// Leaves a wake-up that is sent once the transaction has committed.
    pub fn wake(&mut self, wake: Wake) {
        match self {
            Self::Sqlite(tx) => tx.wake(wake),
        }
    }
}
