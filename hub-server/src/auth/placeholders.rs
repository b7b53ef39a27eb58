//! Words that stand where a secret should: a hub that starts with one would be open to whoever read the example. Pure.

/// The shortest secret that somebody else chose.
const SHORTEST: usize = 16;
/// Words of examples.
const WORDS: [&str; 12] = [
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "example",
    "replace",
    "password",
    "secret",
    "todo",
    "your-",
    "your_",
    "default",
];

/// Why a text can't be a secret, if it can't.
pub fn placeholder_fault(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if text.len() < SHORTEST {
        return Some("it is shorter than 16 characters");
    }
    if WORDS.iter().any(|word| lower.contains(word)) || text.contains(['<', '>', '$', '{']) {
        return Some("it is a placeholder");
    }
    let mut seen: Vec<char> = lower.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() < 6 || is_repeated(&lower) {
        return Some("it repeats itself");
    }
    None
}

/// Whether it is one part of up to a quarter of it over and over, or counts upwards.
fn is_repeated(text: &str) -> bool {
    let bytes = text.as_bytes();
    let repeats = |length: usize| {
        bytes
            .iter()
            .zip(bytes.iter().skip(length))
            .all(|(a, b)| a == b)
    };
    let counts = bytes
        .windows(2)
        .filter(|pair| pair[0].wrapping_add(1) == pair[1])
        .count();
    (1..=bytes.len() / 4).any(repeats) || counts * 2 > bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_secrets() {
        for odd in [
            "",
            "short",
            "changeme-changeme",
            "CHANGE_ME_PLEASE_1234",
            "<your token here>",
            "${SCRAPE_TOKEN_VALUE}",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "0000000000000000000000000000000000000000000000000000000000000001",
            "deadbeefdeadbeefdeadbeefdeadbeef",
            "my-secret-password",
            "abcdefghijklmnopqrstuvwxyz",
        ] {
            assert!(placeholder_fault(odd).is_some(), "{odd}");
        }
        for fine in [
            "mK8vQz2LwXn4TbRj",
            "9f2c1e7ab4d05863f1c29e7d4b08a6532d91f0c47be86a35e20d7f194c6b8a03",
        ] {
            assert_eq!(placeholder_fault(fine), None, "{fine}");
        }
    }
}
