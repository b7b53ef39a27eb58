//! What goes into a statement and what comes out of it, the same for every engine.

use contract::ids::AccountId;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrderId;
use contract::ids::OrganisationId;
use contract::ids::PassageId;
use contract::ids::PermitId;
use contract::ids::SiteId;
use contract::ids::VisitId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::StoreError;

/// One value of a statement or of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// BIGINT: numbers, flags (0 and 1), times in UTC milliseconds.
    Int(i64),
    /// DOUBLE PRECISION.
    Real(f64),
    /// TEXT.
    Text(String),
    /// BYTEA: ids (16 bytes), hashes, messages kept verbatim.
    Bytes(Vec<u8>),
}

/// A 16-byte id that a column can hold.
pub trait Id: Sized {
    /// Wraps the id.
    fn from_uuid(uuid: Uuid) -> Self;

    /// Makes a new id for something that begins at `at`.
    fn fresh(at: Timestamp) -> Self;
}

macro_rules! ids {
    ($($name:ident),+ $(,)?) => {
        $(
            impl Id for $name {
                fn from_uuid(uuid: Uuid) -> Self {
                    Self(uuid)
                }

                fn fresh(at: Timestamp) -> Self {
                    Self::new(at, rand::random())
                }
            }

            impl From<$name> for Value {
                fn from(id: $name) -> Self {
                    Self::Bytes(id.as_bytes().to_vec())
                }
            }

            impl From<&$name> for Value {
                fn from(id: &$name) -> Self {
                    Self::Bytes(id.as_bytes().to_vec())
                }
            }
        )+
    };
}

ids!(
    OrganisationId,
    SiteId,
    GateId,
    EdgeId,
    PassageId,
    PermitId,
    OrderId,
    VisitId,
    AccountId,
);

impl Id for Uuid {
    fn from_uuid(uuid: Uuid) -> Self {
        uuid
    }

    fn fresh(at: Timestamp) -> Self {
        AccountId::new(at, rand::random()).0
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Bytes(id.as_bytes().to_vec())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u64> for Value {
    /// Keeps all 64 bits; numbers from 2^63 on come back right, but sort as negative ones.
    fn from(number: u64) -> Self {
        Self::Int(number.cast_signed())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(flag.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<f32> for Value {
    fn from(number: f32) -> Self {
        Self::Real(number.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.as_millis())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    /// Adds the choices of an `IN (..)` to a statement's values and returns their places, `$3, $4`. There must be at
    /// least one; the last is repeated up to a power of two, so that lists of every length share few statements.
    pub fn among(values: &mut Vec<Self>, mut choices: Vec<Self>) -> String {
        if let Some(last) = choices.last().cloned() {
            choices.resize(choices.len().next_power_of_two(), last);
        }
        let first = values.len() + 1;
        let places: Vec<String> = (first..first + choices.len())
            .map(|place| format!("${place}"))
            .collect();
        values.append(&mut choices);
        places.join(", ")
    }
}

/// One row of an answer. Columns are read by their place in the statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    /// The value as it is.
    pub fn value(&self, column: usize) -> Result<&Value, StoreError> {
        self.0.get(column).ok_or(StoreError::Column {
            column,
            wanted: "a column",
        })
    }

    /// A TEXT.
    pub fn text(&self, column: usize) -> Result<String, StoreError> {
        need(self.opt_text(column)?, column, "a text")
    }

    /// A TEXT or NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text.clone())),
            Value::Int(_) | Value::Real(_) | Value::Bytes(_) => wrong(column, "a text"),
        }
    }

    /// A BIGINT.
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        need(self.opt_int(column)?, column, "a number")
    }

    /// A BIGINT or NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Int(number) => Ok(Some(*number)),
            Value::Text(_) | Value::Real(_) | Value::Bytes(_) => wrong(column, "a number"),
        }
    }

    /// A BIGINT that was written from a `u64`.
    pub fn number(&self, column: usize) -> Result<u64, StoreError> {
        Ok(self.int(column)?.cast_unsigned())
    }

    /// A BIGINT that was written from a `u64`, or NULL.
    pub fn opt_number(&self, column: usize) -> Result<Option<u64>, StoreError> {
        Ok(self.opt_int(column)?.map(i64::cast_unsigned))
    }

    /// A flag.
    pub fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// A number with a fraction.
    pub fn real(&self, column: usize) -> Result<f64, StoreError> {
        need(
            self.opt_real(column)?,
            column,
            "a number that may have a fraction",
        )
    }

    /// A number with a fraction, or NULL.
    pub fn opt_real(&self, column: usize) -> Result<Option<f64>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Real(number) => Ok(Some(*number)),
            // Engines may give sums and averages of whole numbers back as whole numbers.
            Value::Int(number) => Ok(Some(*number as f64)),
            Value::Text(_) | Value::Bytes(_) => wrong(column, "a number that may have a fraction"),
        }
    }

    /// A BYTEA.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        need(self.opt_bytes(column)?, column, "bytes")
    }

    /// A BYTEA, under the engine's other name for it.
    pub fn blob(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.bytes(column)
    }

    /// A BYTEA or NULL.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes.clone())),
            Value::Int(_) | Value::Real(_) | Value::Text(_) => wrong(column, "bytes"),
        }
    }

    /// A BYTEA of exactly 32 bytes: a hash.
    pub fn hash(&self, column: usize) -> Result<[u8; 32], StoreError> {
        <[u8; 32]>::try_from(self.bytes(column)?).or_else(|_| wrong(column, "a hash of 32 bytes"))
    }

    /// A time.
    pub fn timestamp(&self, column: usize) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.int(column)?))
    }

    /// A time or NULL.
    pub fn opt_timestamp(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt_int(column)?.map(Timestamp::from_millis))
    }

    /// An id: `row.id::<GateId>(0)`.
    pub fn id<T: Id>(&self, column: usize) -> Result<T, StoreError> {
        need(self.opt_id(column)?, column, "an id")
    }

    /// An id or NULL.
    pub fn opt_id<T: Id>(&self, column: usize) -> Result<Option<T>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => match Uuid::from_slice(bytes) {
                Ok(uuid) => Ok(Some(T::from_uuid(uuid))),
                Err(_) => wrong(column, "an id of 16 bytes"),
            },
            Value::Int(_) | Value::Real(_) | Value::Text(_) => wrong(column, "an id"),
        }
    }
}

fn need<T>(value: Option<T>, column: usize, wanted: &'static str) -> Result<T, StoreError> {
    value.ok_or(StoreError::Column { column, wanted })
}

fn wrong<T>(column: usize, wanted: &'static str) -> Result<T, StoreError> {
    Err(StoreError::Column { column, wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_64_bits_comes_back_whole() {
        let row = Row(vec![Value::from(u64::MAX), Value::from(Some(7_i64))]);
        assert_eq!(row.number(0).unwrap(), u64::MAX);
        assert_eq!(row.opt_int(1).unwrap(), Some(7));
    }

    #[test]
    fn a_column_of_another_type_is_an_error_that_names_it() {
        let row = Row(vec![Value::Null, Value::Text("x".into())]);
        assert!(row.text(0).is_err());
        assert_eq!(row.opt_text(0).unwrap(), None);
        let error = row.id::<GateId>(1).unwrap_err();
        assert_eq!(error.to_string(), "reading column 1, which is not an id");
        assert!(row.int(9).is_err());
    }
}
