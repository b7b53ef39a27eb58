//! Pages of a list: items and where the next page begins.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::WebError;

const USUAL: u32 = 50;
const LARGEST: u32 = 200;

/// One page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of `limit` items from up to one more than that; `cursor` names the place after an item.
    pub fn of(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(cursor) } else { None };
        Self { items, next_cursor }
    }
}

/// How many items were asked for, within what is allowed.
pub fn limit(asked: Option<u32>) -> Result<usize, WebError> {
    match asked.unwrap_or(USUAL) {
        asked @ 1..=LARGEST => Ok(asked as usize),
        _ => Err(WebError::invalid(
            "limit",
            format!("must be between 1 and {LARGEST}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_next_only_if_there_is_one() {
        let page = Page::of(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!(
            (page.items, page.next_cursor),
            (vec![1, 2], Some("2".into()))
        );
        let page = Page::of(vec![1, 2], 2, ToString::to_string);
        assert_eq!(page.next_cursor, None);
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err());
        assert_eq!(limit(None).unwrap(), 50);
    }
}
