//! SQLite: connections, statements, and what their errors mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;
use rusqlite::ffi;
use rusqlite::types::ToSqlOutput;
use rusqlite::types::ValueRef;

use super::StoreError;
use super::tx::Wake;
use super::value::Row;
use super::value::Value;

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const STATEMENTS_KEPT: usize = 256;

/// A connection with, while it runs, its transaction.
pub struct SqliteTx {
    connection: Connection,
    wakes: Vec<Wake>,
}

/// Opens the database file for the writer, and makes it if it is not there.
pub(super) fn open_writer(file: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The journal mode answers with a row, so it can't be set in a batch.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

/// Opens the database file for a reader, which can't write.
pub(super) fn open_reader(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

impl SqliteTx {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            wakes: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, write: bool) -> Result<(), StoreError> {
        self.wakes.clear();
        let sql = if write { "BEGIN IMMEDIATE" } else { "BEGIN" };
        Ok(self.connection.execute_batch(sql)?)
    }

    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// Undoes what the transaction did; SQLite may already have done so after an I/O error.
    pub(super) fn roll_back(&mut self) {
        self.wakes.clear();
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "rolling a transaction back failed");
        }
    }

    pub(super) fn take_wakes(&mut self) -> Vec<Wake> {
        std::mem::take(&mut self.wakes)
    }

    pub(super) fn wake(&mut self, wake: Wake) {
        if !self.wakes.contains(&wake) {
            self.wakes.push(wake);
        }
    }

    pub(super) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        // A statement with RETURNING is run by `find` or `list`; `execute` refuses it.
        Ok(statement.execute(rusqlite::params_from_iter(values))?)
    }

    pub(super) fn find(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let first = rows.next()?.map(|row| read(row, columns)).transpose()?;
        // A statement with RETURNING takes effect only when it has run to its end.
        while rows.next()?.is_some() {}
        Ok(first)
    }

    pub(super) fn list(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let mut list = Vec::new();
        while let Some(row) = rows.next()? {
            list.push(read(row, columns)?);
        }
        Ok(list)
    }
}

fn read(row: &rusqlite::Row<'_>, columns: usize) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(columns);
    for column in 0..columns {
        values.push(match row.get_ref(column)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Int(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        });
    }
    Ok(Row(values))
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error().copied() else {
            return Self::Engine(Box::new(error));
        };
        let said = error.to_string();
        match code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                return Self::Unique(column_of(&said));
            }
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return Self::Foreign,
            ffi::SQLITE_CONSTRAINT_CHECK | ffi::SQLITE_CONSTRAINT_NOTNULL => {
                return Self::Check(column_of(&said));
            }
            _ => {}
        }
        if code.code == ErrorCode::DatabaseBusy || code.code == ErrorCode::DatabaseLocked {
            return Self::Busy;
        }
        if matches!(
            code.code,
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
        ) {
            return Self::Disk(Box::new(error));
        }
        Self::Engine(Box::new(error))
    }
}

/// "UNIQUE constraint failed: permits.plate" names the column after the colon.
fn column_of(said: &str) -> String {
    said.rsplit(": ").next().unwrap_or_default().to_owned()
}
