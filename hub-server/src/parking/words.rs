//! The contract's words as columns and as schemas: an enum is kept as the word that the API shows.

use contract::plate::Plate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::openapi::schema::Object;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::schema::Type;

use crate::store::Row;
use crate::store::StoreError;

/// The word of an enum's case.
pub fn word(case: &impl Serialize) -> String {
    match serde_json::to_value(case) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => {
            debug_assert!(false, "cases of the contract are words");
            String::new()
        }
    }
}

/// Reads a case from a column.
pub fn read_word<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(row.text(column)?)).map_err(|_| {
        StoreError::Column {
            column,
            wanted: "a word that this build knows",
        }
    })
}

/// A value of the contract as JSON, for a column.
pub fn to_json(value: &impl Serialize) -> String {
    // Structs of numbers, texts and lists always become JSON; an empty text would be refused when read.
    serde_json::to_string(value).unwrap_or_default()
}

/// A value as live news carry it. Goes by its text, so that an `f32` keeps its few digits.
pub fn to_news(value: &impl Serialize) -> serde_json::Value {
    serde_json::from_str(&to_json(value)).unwrap_or_default()
}

/// Reads a JSON column.
pub fn read_json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, StoreError> {
    serde_json::from_str(&row.text(column)?).map_err(|_| StoreError::Column {
        column,
        wanted: "JSON of its kind",
    })
}

/// Reads a plate from a column.
pub fn read_plate(row: &Row, column: usize) -> Result<Plate, StoreError> {
    Plate::parse(&row.text(column)?).map_err(|_| StoreError::Column {
        column,
        wanted: "a plate",
    })
}

/// The schema of [`contract::verdict::Outcome`].
pub fn outcome() -> Object {
    one_of(&["open", "deny", "ask"])
}

/// The schema of [`contract::verdict::Reason`].
pub fn reason() -> Object {
    one_of(&[
        "permitted",
        "denied",
        "unknown",
        "not_yet_valid",
        "expired",
        "outside_schedule",
        "other_gate",
        "unsure",
        "ambiguous",
        "time_unknown",
        "no_plate",
    ])
}

/// The schema of [`contract::sighting::Direction`].
pub fn direction() -> Object {
    one_of(&["entry", "exit"])
}

/// The schema of [`contract::time::TimeQuality`].
pub fn time_quality() -> Object {
    one_of(&["unsynced", "hub", "ntp"])
}

/// The schema of [`contract::event::BarrierAction`].
pub fn action() -> Object {
    one_of(&["open", "close", "hold_open"])
}

fn one_of(words: &[&str]) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()))
        .build()
}

#[cfg(test)]
mod tests {
    use contract::verdict::Reason;

    use super::*;

    #[test]
    fn a_case_is_kept_as_the_word_that_its_schema_names() {
        assert_eq!(word(&Reason::OutsideSchedule), "outside_schedule");
        let schema = serde_json::to_value(reason()).unwrap();
        assert!(
            schema["enum"]
                .as_array()
                .unwrap()
                .contains(&"outside_schedule".into())
        );
    }
}
