//! How the reader errs: which symbol stands there when it names another, and how often it drops or adds a character.
//!
//! The figures are measured on held-out plates by `scripts/train/confusions.py` and committed as `confusions.txt`.

use std::sync::LazyLock;

/// The symbols of a key: ten digits and 25 letters, the letter O being the digit 0.
pub(super) const SYMBOLS: usize = 35;

const TABLE: &str = include_str!("confusions.txt");

/// What the reader's errors look like.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Confusion {
    /// `true_of[named][true]`: how likely a symbol stands there when the reader is certain of another; rows sum to 1.
    pub(super) true_of: [[f64; SYMBOLS]; SYMBOLS],
    /// How likely the reader leaves a character out.
    pub(super) dropped: f64,
    /// How likely it reads one more, for each character of the read.
    pub(super) added: f64,
}

/// The measured figures.
pub(super) fn measured() -> &'static Confusion {
    static MEASURED: LazyLock<Confusion> = LazyLock::new(|| parse(TABLE).0);
    &MEASURED
}

/// The code of a symbol in a key; none if no plate carries it.
pub(super) fn code_of(symbol: char) -> Option<u8> {
    Some(match symbol {
        '0'..='9' => symbol as u8 - b'0',
        'A'..='N' => symbol as u8 - b'A' + 10,
        'O' => 0,
        'P'..='Z' => symbol as u8 - b'A' + 9,
        _ => return None,
    })
}

/// The symbol of a code.
pub(super) fn symbol_of(code: u8) -> char {
    char::from(match code {
        0..=9 => b'0' + code,
        10..=23 => b'A' + (code - 10),
        _ => b'P' + (code - 24).min(10),
    })
}

/// Reads the table; also tells how many of its lines mean nothing.
fn parse(table: &str) -> (Confusion, usize) {
    let mut strange = 0;
    let mut given = [[None; SYMBOLS]; SYMBOLS];
    let (mut dropped, mut added) = (0.005, 0.002);
    for line in table.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let probability = words.last().and_then(|word| word.parse::<f64>().ok());
        let probability = probability.filter(|p| (0.0..=1.0).contains(p));
        match (words.as_slice(), probability) {
            (["read", named, stood, _], Some(p)) => {
                let code = |word: &str| word.chars().next().and_then(code_of).map(usize::from);
                match (code(named), code(stood)) {
                    (Some(named), Some(stood)) => given[named][stood] = Some(p),
                    _ => strange += 1,
                }
            }
            (["dropped", _], Some(p)) => dropped = p,
            (["added", _], Some(p)) => added = p,
            ([], _) => {}
            ([first, ..], _) if first.starts_with('#') => {}
            _ => strange += 1,
        }
    }
    let mut true_of = [[0.0; SYMBOLS]; SYMBOLS];
    for (named, (row, given)) in true_of.iter_mut().zip(&given).enumerate() {
        fill(row, given, named);
    }
    let confusion = Confusion {
        true_of,
        dropped: dropped.clamp(1e-4, 0.05),
        added: added.clamp(1e-4, 0.05),
    };
    (confusion, strange)
}

/// What a row does not give is shared by the pairs it does not name, and never nothing: no error is impossible.
fn fill(row: &mut [f64; SYMBOLS], given: &[Option<f64>; SYMBOLS], named: usize) {
    const LEAST: f64 = 5e-6;
    let silent = given.iter().filter(|p| p.is_none()).count();
    let rest = (1.0 - given.iter().flatten().sum::<f64>()).max(0.0);
    let of_silent = if given.get(named).is_some_and(Option::is_some) {
        (rest / silent.max(1) as f64).max(LEAST)
    } else {
        LEAST
    };
    for (stood, (p, given)) in row.iter_mut().zip(given).enumerate() {
        let unknown = if stood == named { 0.98 } else { of_silent };
        *p = given.unwrap_or(unknown);
    }
    let sum: f64 = row.iter().sum();
    for p in row {
        *p /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_committed_table_means_something_and_rows_are_probabilities() {
        let (confusion, strange) = parse(TABLE);
        assert_eq!(strange, 0);
        for (named, row) in confusion.true_of.iter().enumerate() {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!(row.iter().all(|p| *p > 0.0), "no error is impossible");
            // A reader that errs more often than not would be no reader.
            assert!(row[named] > 0.5, "{}", symbol_of(named as u8));
        }
        assert!(confusion.dropped < 0.05 && confusion.added < 0.05);
    }

    #[test]
    fn a_hostile_table_still_gives_probabilities() {
        let (confusion, strange) =
            parse("read A\nread A B 7\nread é B 0.5\ndropped NaN\nhello\nread 8 B 0.1\n\n# note");
        assert_eq!(strange, 5);
        for row in confusion.true_of {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn symbols_and_codes_are_each_others_inverse_and_o_is_zero() {
        for code in 0..SYMBOLS as u8 {
            assert_eq!(code_of(symbol_of(code)), Some(code));
        }
        assert_eq!(code_of('O'), code_of('0'));
        for symbol in ['o', 'é', ' ', '-', '\0'] {
            assert_eq!(code_of(symbol), None);
        }
    }
}
