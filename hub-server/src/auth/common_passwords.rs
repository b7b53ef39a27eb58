//! Passwords that everybody tries first: the list, and the disguises under which it is found again.
//!
//! `common_passwords.txt` is our own list of words (Apache-2.0, like the code): what people choose by themselves once
//! capitals and digits are asked for. Digits, signs and capitals around or in the place of letters do not hide a word.

const LIST: &str = include_str!("common_passwords.txt");
/// Rows of keys and letters; a password that only walks along one is no password.
const ROWS: [&str; 6] = [
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
];
/// Letters beside a common word that are too few to make it another.
const FEW: usize = 2;

/// Whether it is one of those, in whatever disguise.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    [plain(&lower), undisguised(&lower)]
        .iter()
        .any(|letters| is_common_word(letters) || is_walk(letters))
}

fn is_common_word(letters: &str) -> bool {
    if letters.len() <= FEW {
        // Nothing but digits and signs, with the letters that the rules ask for.
        return true;
    }
    LIST.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .any(|word| {
            let rest = letters.replace(word, "");
            rest.len() < letters.len() && rest.len() <= FEW
        })
}

/// A run along a row of keys, forwards or backwards, or one letter again and again.
fn is_walk(letters: &str) -> bool {
    let backwards: String = letters.chars().rev().collect();
    let is_one = letters
        .chars()
        .next()
        .is_some_and(|first| letters.chars().all(|c| c == first));
    is_one
        || ROWS.iter().any(|row| {
            [letters, backwards.as_str()]
                .into_iter()
                .any(|walk| walk.len() > FEW && row.contains(walk))
        })
}

/// Its letters alone.
fn plain(lower: &str) -> String {
    lower.chars().filter(|c| c.is_alphabetic()).collect()
}

/// Its letters, with what is used in their place read as them, and what stands before and after left out.
fn undisguised(lower: &str) -> String {
    lower
        .trim_matches(|c: char| !c.is_alphabetic() && c != '@' && c != '$')
        .chars()
        .filter_map(|c| match c {
            '0' => Some('o'),
            '1' | '!' | '|' => Some('i'),
            '3' | '€' => Some('e'),
            '4' | '@' => Some('a'),
            '5' | '$' => Some('s'),
            '7' => Some('t'),
            '8' => Some('b'),
            c if c.is_alphabetic() => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SE-03: what everybody tries first is refused, however it is written.
    #[test]
    fn a_common_password_is_found_in_its_disguises() {
        for password in [
            "Password1",
            "P@ssw0rd",
            "pa55Word!",
            "Welcome2026",
            "Summer2025!",
            "Qwerty123",
            "Admin123",
            "Gatewarden1",
            "Abcdefg1",
            "Aaaaaaa1",
            "12345678Aa",
            "Contraseña1",
            "Passwort99",
            "Iloveyou2",
            "Dragon!!77",
            "Hgfdsa12",
            "Barcelona1",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn other_passwords_are_not() {
        for password in [
            "Correct-Horse-1",
            "Olive-Branch-7",
            "tr0ub4dor&Three",
            "kB7vTq2mXz",
            "Summer-Rain-Falls-9",
            "Łódź-Kraków-12",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn the_list_is_in_the_form_in_which_it_is_compared() {
        let words: Vec<&str> = LIST
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        assert!(words.len() > 300, "{}", words.len());
        for word in &words {
            assert_eq!(
                *word,
                plain(&word.to_lowercase()),
                "letters in lower case only"
            );
            assert!(
                word.chars().count() >= 4,
                "{word} is too short to tell anything"
            );
        }
        let unique: std::collections::BTreeSet<_> = words.iter().collect();
        assert_eq!(unique.len(), words.len());
    }
}
