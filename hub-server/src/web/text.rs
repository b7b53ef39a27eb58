//! Text from outside: what no field of the API takes. Characters that can't be seen change what people read in lists,
//! logs and audit lines without changing what programs compare. Pure.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

/// What is wrong with a text, if anything.
pub(super) fn fault(text: &str) -> Option<&'static str> {
    text.chars().find_map(|c| match c {
        '\n' | '\r' | '\t' => None,
        c if c.is_control() => Some("has a control character"),
        '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{061C}' => Some("has a character that turns the direction of writing"),
        '\u{FEFF}'
        | '\u{200B}'
        | '\u{2060}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}' => Some("has a character that can't be seen"),
        '\u{FFFE}' | '\u{FFFF}' => Some("has what is no character"),
        _ => None,
    })
}

/// JSON of any shape whose texts, names of fields included, are all sound. Builds nothing.
pub(super) struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Sound;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_unit<E>(self) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Sound, E> {
        match fault(text) {
            Some(why) => Err(E::custom(why)),
            None => Ok(Sound),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Sound, A::Error> {
        while list.next_element::<Sound>()?.is_some() {}
        Ok(Sound)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sound, A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if let Some(why) = fault(&name) {
                return Err(serde::de::Error::custom(format!(
                    "the name of a field {why}"
                )));
            }
            map.next_value::<Sound>()?;
        }
        Ok(Sound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_writing_are_sound_and_what_hides_is_not() {
        for fine in [
            "",
            "Ana Müller",
            "日本語",
            "שלום",
            "مرحبا",
            "👩‍🔧",
            "a\nb\tc",
            "क्षि",
            "<script>",
            "'; --",
        ] {
            assert_eq!(fault(fine), None, "{fine:?}");
        }
        for odd in [
            "a\0b",
            "\u{1b}[31m",
            "\u{7f}",
            "\u{85}",
            "abc\u{202E}fdp",
            "\u{2066}x",
            "\u{FEFF}x",
            "x\u{200B}y",
            "x\u{E0041}",
        ] {
            assert!(fault(odd).is_some(), "{odd:?}");
        }
    }
}
