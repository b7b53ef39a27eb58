//! The one-time enrolment code: a secret for the hub, and the mark of the hub's authority for the edge, so that each
//! proves itself to the other by what a person carried.

use std::fmt;
use std::str::FromStr;

/// Crockford's base32: no I, L, O, U, so that a code can be read aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 128 bits in fives.
const SYMBOLS: usize = 26;

/// An enrolment code. It does not print by `Debug`: it is a secret until it is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EnrolCode {
    /// Known to the hub by its hash alone.
    pub secret: [u8; 8],
    /// The first bytes of the SHA-256 of the hub's authority certificate in DER.
    pub authority: [u8; 8],
}

/// Why a text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Too short or too long.
    #[error("an enrolment code has {SYMBOLS} letters and digits, not {0}")]
    Length(usize),
    /// A character that no code has.
    #[error("{0:?} is in no enrolment code")]
    Symbol(char),
    /// The spare bits at the end are set.
    #[error("the last character of the enrolment code is wrong")]
    Tail,
}

impl fmt::Display for EnrolCode {
    /// Groups of four with dashes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = [0; 16];
        all[..8].copy_from_slice(&self.secret);
        all[8..].copy_from_slice(&self.authority);
        // 128 bits and two spare ones at the end: 26 symbols of five bits.
        let bits = u128::from_be_bytes(all);
        for n in 0..SYMBOLS {
            if n > 0 && n % 4 == 0 {
                f.write_str("-")?;
            }
            let left = 123 - 5 * i32::try_from(n).unwrap_or(0);
            let five = if left >= 0 {
                (bits >> left) & 31
            } else {
                (bits << -left) & 31
            };
            let symbol = ALPHABET[usize::try_from(five).unwrap_or(0)];
            write!(f, "{}", char::from(symbol))?;
        }
        Ok(())
    }
}

impl fmt::Debug for EnrolCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolCode(..)")
    }
}

impl FromStr for EnrolCode {
    type Err = CodeError;

    /// Reads a code as typed: case, dashes and spaces do not matter, and look-alikes are understood.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let mut symbols = Vec::with_capacity(SYMBOLS);
        for typed in text.chars() {
            if typed == '-' || typed.is_whitespace() {
                continue;
            }
            let meant = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = ALPHABET
                .iter()
                .position(|symbol| char::from(*symbol) == meant)
                .ok_or(CodeError::Symbol(typed))?;
            symbols.push(u128::try_from(value).unwrap_or(0));
            if symbols.len() > 100 {
                break;
            }
        }
        if symbols.len() != SYMBOLS {
            return Err(CodeError::Length(symbols.len()));
        }
        let mut bits = 0u128;
        for symbol in &symbols[..SYMBOLS - 1] {
            bits = (bits << 5) | symbol;
        }
        let tail = symbols[SYMBOLS - 1];
        if tail & 3 != 0 {
            return Err(CodeError::Tail);
        }
        let all = ((bits << 3) | (tail >> 2)).to_be_bytes();
        let mut code = Self {
            secret: [0; 8],
            authority: [0; 8],
        };
        code.secret.copy_from_slice(&all[..8]);
        code.authority.copy_from_slice(&all[8..]);
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_prints_in_groups_and_hides_from_debug() {
        let code = EnrolCode {
            secret: [0; 8],
            authority: [255; 8],
        };
        assert_eq!(code.to_string(), "0000-0000-0000-1ZZZ-ZZZZ-ZZZZ-ZW");
        assert_eq!(format!("{code:?}"), "EnrolCode(..)");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!("ABC".parse::<EnrolCode>(), Err(CodeError::Length(3)));
        assert_eq!("A*C".parse::<EnrolCode>(), Err(CodeError::Symbol('*')));
        let tail = "0000-0000-0000-7ZZZ-ZZZZ-ZZZZ-ZX".parse::<EnrolCode>();
        assert_eq!(tail, Err(CodeError::Tail));
        assert!("A".repeat(100_000).parse::<EnrolCode>().is_err());
    }

    proptest! {
        #[test]
        fn every_code_survives_being_typed(secret: [u8; 8], authority: [u8; 8]) {
            let code = EnrolCode { secret, authority };
            prop_assert_eq!(code.to_string().parse::<EnrolCode>(), Ok(code));
            let typed = code.to_string().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
            prop_assert_eq!(typed.parse::<EnrolCode>(), Ok(code));
        }

        #[test]
        fn any_text_is_a_code_or_an_error(text in ".{0,60}") {
            let _ = text.parse::<EnrolCode>();
        }
    }
}
