//! Hashes of passwords that came from elsewhere: bcrypt and Argon2. They verify until their owner logs in, which puts
//! one of ours in their place.

use std::str::FromStr;

use argon2::Argon2;
use argon2::Params;
use argon2::PasswordHash;
use argon2::PasswordVerifier;
use bcrypt::HashParts;

/// A hash that costs more than these would stop the hub, and was not made for people who log in.
const BCRYPT_COST_CEILING: u32 = 16;
const ARGON2_MEMORY_CEILING_KIB: u32 = 256 * 1024;
const ARGON2_ROUNDS_CEILING: u32 = 32;
const ARGON2_LANES_CEILING: u32 = 16;

/// Whether a hash is of a kind that verifies here, and costs no more than is allowed.
pub fn is_known(stored: &str) -> bool {
    match kind(stored) {
        Some(Kind::Bcrypt) => {
            HashParts::from_str(stored).is_ok_and(|parts| parts.get_cost() <= BCRYPT_COST_CEILING)
        }
        Some(Kind::Argon2) => parse(stored).is_some(),
        None => false,
    }
}

/// Checks a password; no for a hash that is not [known](is_known).
pub(super) fn verify(password: &str, stored: &str) -> bool {
    if !is_known(stored) {
        return false;
    }
    match kind(stored) {
        // Like every bcrypt, this one looks at the first 72 bytes.
        Some(Kind::Bcrypt) => bcrypt::verify(password, stored).unwrap_or(false),
        Some(Kind::Argon2) => parse(stored).is_some_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        }),
        None => false,
    }
}

enum Kind {
    Bcrypt,
    Argon2,
}

fn kind(stored: &str) -> Option<Kind> {
    if ["$2a$", "$2b$", "$2x$", "$2y$"]
        .iter()
        .any(|start| stored.starts_with(start))
    {
        Some(Kind::Bcrypt)
    } else if ["$argon2id$", "$argon2i$", "$argon2d$"]
        .iter()
        .any(|start| stored.starts_with(start))
    {
        Some(Kind::Argon2)
    } else {
        None
    }
}

fn parse(stored: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(stored).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let is_bounded = params.m_cost() <= ARGON2_MEMORY_CEILING_KIB
        && params.t_cost() <= ARGON2_ROUNDS_CEILING
        && params.p_cost() <= ARGON2_LANES_CEILING
        && hash.hash.is_some();
    is_bounded.then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of the reference implementation: `argon2id`, password "password", salt "somesalt".
    const ARGON2: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    /// SE-02: hashes of other systems verify, and only with their password.
    #[test]
    fn hashes_of_other_systems_verify_with_their_password_only() {
        assert!(is_known(ARGON2) && verify("password", ARGON2) && !verify("Password", ARGON2));
        let made = bcrypt::hash_with_salt("Correct-Horse-1", 4, [7; 16])
            .unwrap()
            .to_string();
        assert!(is_known(&made) && verify("Correct-Horse-1", &made));
        assert!(!verify("Correct-Horse-2", &made));
    }

    #[test]
    fn a_hash_that_is_none_or_would_stop_the_hub_is_not_known() {
        for stored in [
            "",
            "$2a$",
            "$2a$31$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe",
            "$2a$05$short",
            "$1$md5$x",
            "plain",
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=4000,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
            "$argon2id$é",
        ] {
            assert!(!is_known(stored), "{stored}");
            assert!(!verify("password", stored), "{stored}");
        }
    }
}
