//! Cursors of lists: the place after an item, as text. It holds no secret and grants nothing: a changed one only asks
//! for another place of the caller's own list.

use contract::time::Timestamp;
use uuid::Uuid;

use super::error::WebError;

/// Writes the place after an item of a list that is sorted by time.
pub fn after_time(at: Timestamp, id: Uuid) -> String {
    format!("{}_{}", at.as_millis(), id.simple())
}

/// Reads what [`after_time`] wrote.
pub fn read_time(cursor: Option<&str>) -> Result<Option<(Timestamp, Uuid)>, WebError> {
    let place = |text: &str| {
        let (at, id) = split(text)?;
        Some((Timestamp::from_millis(at.parse().ok()?), id))
    };
    cursor
        .map(|text| place(text).ok_or_else(refused))
        .transpose()
}

/// Writes the place after an item of a list that is sorted by a plate's key.
pub fn after_plate(key: &str, id: Uuid) -> String {
    format!("{key}_{}", id.simple())
}

/// Reads what [`after_plate`] wrote.
pub fn read_plate(cursor: Option<&str>) -> Result<Option<(String, Uuid)>, WebError> {
    let place = |text: &str| {
        let (key, id) = split(text)?;
        let is_key = !key.is_empty()
            && key.len() <= contract::plate::LONGEST
            && key
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        is_key.then(|| (key.to_owned(), id))
    };
    cursor
        .map(|text| place(text).ok_or_else(refused))
        .transpose()
}

fn split(text: &str) -> Option<(&str, Uuid)> {
    let (first, id) = text.split_once('_')?;
    (id.len() == 32).then_some(())?;
    Some((first, id.parse().ok()?))
}

fn refused() -> WebError {
    WebError::invalid(
        "cursor",
        "is not one that this list gave; leave it out to begin",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_left() {
        let (at, id) = (Timestamp::from_millis(-7), Uuid::from_u128(9));
        assert_eq!(
            read_time(Some(&after_time(at, id))).unwrap(),
            Some((at, id))
        );
        assert_eq!(
            read_plate(Some(&after_plate("AB12", id))).unwrap(),
            Some(("AB12".to_owned(), id))
        );
        assert_eq!(read_time(None).unwrap(), None);
    }

    #[test]
    fn a_tampered_cursor_is_refused() {
        let id = Uuid::from_u128(9).simple().to_string();
        for text in [
            String::new(),
            "_".into(),
            "5".into(),
            format!("x_{id}"),
            format!("99999999999999999999_{id}"),
            format!("5_{}", &id[1..]),
            format!("5_{id}0"),
            "5_00000000-0000-0000-0000-000000000009".into(),
            format!("5_{id}' OR 1=1"),
        ] {
            assert!(read_time(Some(&text)).is_err(), "{text}");
            assert!(
                read_plate(Some(&text.to_lowercase())).is_err()
                    || text.starts_with('5') && text.len() == 34,
                "{text}"
            );
        }
        assert!(read_plate(Some(&format!("ab_{id}"))).is_err());
        assert!(read_plate(Some(&format!("%_{id}"))).is_err());
    }
}
