//! The contract's words as columns and as schemas: an enum is kept as the word that the API shows.

use contract::plate::Plate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

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

/// Reads a case from a column that may be empty.
pub fn read_opt_word<T: DeserializeOwned>(
    row: &Row,
    column: usize,
) -> Result<Option<T>, StoreError> {
    match row.opt_text(column)? {
        None => Ok(None),
        Some(_) => read_word(row, column).map(Some),
    }
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

macro_rules! shown {
    ($($(#[$doc:meta])* $name:ident: $($case:ident),+;)+) => {
        $(
            $(#[$doc])*
            #[derive(ToSchema)]
            #[schema(rename_all = "snake_case")]
            pub enum $name {
                $(
                    #[doc = concat!("As [`", stringify!($case), "`] of the contract.")]
                    $case,
                )+
            }
        )+
    };
}

shown! {
    /// What the gate decided, as the API's document shows it.
    Outcome: Open, Deny, Ask;
    /// Why the gate decided so, as the API's document shows it.
    Reason: Permitted, Denied, Unknown, NotYetValid, Expired, OutsideSchedule, OtherGate, Unsure, Ambiguous, TimeUnknown,
        NoPlate;
    /// Which way a gate lets through, as the API's document shows it.
    Direction: Entry, Exit;
    /// Which way a vehicle went through a camera's picture, as the API's document shows it.
    Heading: Approaching, Leaving;
    /// What kind of vehicle, as the API's document shows it.
    VehicleType: Car, Van, Truck, Bus, Motorcycle;
    /// A vehicle's main colour, as the API's document shows it.
    VehicleColour: White, Grey, Black, Red, Blue, Green, Yellow, Brown;
    /// How far a clock can be trusted, as the API's document shows it.
    TimeQuality: Unsynced, Hub, Ntp;
    /// What a barrier can be told, as the API's document shows it.
    BarrierAction: Open, Close, HoldOpen;
    /// How a camera is, as the API's document shows it.
    CameraState: Live, Offline, Frozen;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use contract::verdict;
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn a_case_is_kept_as_the_word_that_its_schema_names() {
        use verdict::Reason as R;
        let all = [
            R::Permitted,
            R::Denied,
            R::Unknown,
            R::NotYetValid,
            R::Expired,
            R::OutsideSchedule,
            R::OtherGate,
            R::Unsure,
            R::Ambiguous,
            R::TimeUnknown,
            R::NoPlate,
        ];
        let words: BTreeSet<String> = all.iter().map(word).collect();
        let schema = serde_json::to_value(Reason::schema()).unwrap();
        let shown = schema["enum"].as_array().unwrap();
        let shown: BTreeSet<String> = shown
            .iter()
            .map(|w| w.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(words, shown);
    }

    #[test]
    fn types_and_colours_of_vehicles_are_kept_as_the_words_that_their_schemas_name() {
        let shown = |schema: serde_json::Value| -> Vec<String> {
            let words = schema["enum"].as_array().unwrap();
            words
                .iter()
                .map(|w| w.as_str().unwrap().to_owned())
                .collect()
        };
        let types = shown(serde_json::to_value(VehicleType::schema()).unwrap());
        assert_eq!(
            types,
            contract::vehicle::VehicleType::ALL.map(|one| word(&one))
        );
        let colours = shown(serde_json::to_value(VehicleColour::schema()).unwrap());
        assert_eq!(
            colours,
            contract::vehicle::VehicleColour::ALL.map(|one| word(&one))
        );
    }
}
