//! The tables `second_factors` and `recovery_codes`: TOTP (RFC 6238) and the codes for the day on which it is lost.
//!
//! A code is taken once: of the steps of 30 seconds only later ones than the last. Five wrong codes in five minutes stop
//! the checking of an account's codes for the rest of the five minutes; only who knows the password comes that far.

use std::time::Duration;

use contract::ids::AccountId;
use contract::time::Timestamp;
use rand::RngExt;
use sha2::Digest;
use sha2::Sha256;
use totp_rs::Algorithm;
use totp_rs::Builder;
use totp_rs::Totp;

use crate::store::StoreError;
use crate::store::Tx;

/// Who the authenticator says that the code is for.
const ISSUER: &str = "Gatewarden";
const STEP_S: u64 = 30;
/// Steps before and after this one of which codes are taken, for clocks that are a little off.
const SKEW: u16 = 1;
const SECRET_BYTES: usize = 20;
/// How many recovery codes one has.
pub const RECOVERY_CODES: usize = 10;
/// Without what looks alike: 32 characters, five bits each.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const RECOVERY_LENGTH: usize = 16;
const FAILURES: i64 = 5;
const FAILURE_WINDOW: Duration = Duration::from_secs(5 * 60);

/// An account's second factor as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// The shared secret, sealed.
    pub sealed: Vec<u8>,
    /// Since when it is asked for; `None` while nobody has given a code of it.
    pub confirmed_at: Option<Timestamp>,
    /// The newest step of which a code was taken.
    pub last_step: i64,
    /// Wrong codes, and since when they are counted.
    pub failures: (i64, Option<Timestamp>),
}

impl SecondFactor {
    /// How long no code of the account is looked at.
    pub fn must_wait(&self, now: Timestamp) -> Option<Duration> {
        let (failures, since) = self.failures;
        let over = now.since(since?);
        (failures >= FAILURES && over < FAILURE_WINDOW).then(|| FAILURE_WINDOW.saturating_sub(over))
    }
}

/// What a sealed secret belongs to.
pub fn belongs_to(account: AccountId) -> String {
    format!("second factor of {account}")
}

/// Makes a new shared secret.
pub fn new_secret() -> [u8; SECRET_BYTES] {
    rand::random()
}

/// What an authenticator needs: the secret to type and the address to scan. `None` if the secret is none.
pub fn shown(secret: &[u8], account_name: &str) -> Option<(String, String)> {
    let totp = builder(secret)
        // A colon ends the issuer in the address.
        .with_account_name(account_name.replace(':', " "))
        .with_issuer(Some(ISSUER))
        .build()
        .ok()?;
    Some((totp.secret().to_base32(), totp.to_url().ok()?))
}

/// The step of 30 seconds whose code this is, if it is one of those that are taken now and is later than `last`.
pub fn step_of(secret: &[u8], code: &str, now: Timestamp, last: i64) -> Option<i64> {
    let totp: Totp = builder(secret).build().ok()?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now.as_millis() / 1000).ok()?;
    let step = i64::try_from(totp.check(&code, seconds)?).ok()?;
    (step > last).then_some(step)
}

/// Makes recovery codes: to be shown once, in groups of four.
pub fn new_recovery_codes() -> Vec<String> {
    let mut random = rand::rng();
    (0..RECOVERY_CODES)
        .map(|_| {
            let mut code = String::with_capacity(RECOVERY_LENGTH + 3);
            for place in 0..RECOVERY_LENGTH {
                if place > 0 && place % 4 == 0 {
                    code.push('-');
                }
                code.push(char::from(ALPHABET[random.random_range(0..ALPHABET.len())]));
            }
            code
        })
        .collect()
}

/// What is kept of a recovery code, however it was typed. `None` if it can't be one. Its 80 random bits need no salt.
pub fn recovery_hash(code: &str) -> Option<[u8; 32]> {
    let code: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    (code.len() == RECOVERY_LENGTH && code.bytes().all(|b| ALPHABET.contains(&b)))
        .then(|| Sha256::digest(code.as_bytes()).into())
}

/// Puts a new factor, which nobody has confirmed, in place of one that was not confirmed either. False if one is on.
pub fn begin_factor(
    tx: &mut Tx,
    account: AccountId,
    sealed: &[u8],
    at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "INSERT INTO second_factors (account, secret, created_at) VALUES ($1, $2, $3) \
         ON CONFLICT (account) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, \
         last_step = 0, failures = 0, failing_since = NULL WHERE second_factors.confirmed_at IS NULL",
        &[account.into(), sealed.into(), at.into()],
    )?;
    Ok(changed == 1)
}

/// Turns a factor on, and keeps the hashes of its recovery codes.
pub fn confirm_factor(
    tx: &mut Tx,
    account: AccountId,
    step: i64,
    codes: &[String],
    at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE second_factors SET confirmed_at = $1, last_step = $2, failures = 0, failing_since = NULL \
         WHERE account = $3 AND confirmed_at IS NULL AND last_step < $2",
        &[at.into(), step.into(), account.into()],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    tx.execute(
        "DELETE FROM recovery_codes WHERE account = $1",
        &[account.into()],
    )?;
    for hash in codes.iter().filter_map(|code| recovery_hash(code)) {
        tx.execute(
            "INSERT INTO recovery_codes (account, code_hash) VALUES ($1, $2)",
            &[account.into(), hash.into()],
        )?;
    }
    Ok(true)
}

/// Returns an account's factor, confirmed or not.
pub fn find_factor(tx: &mut Tx, account: AccountId) -> Result<Option<SecondFactor>, StoreError> {
    tx.find(
        "SELECT secret, confirmed_at, last_step, failures, failing_since FROM second_factors WHERE account = $1",
        &[account.into()],
    )?
    .map(|row| {
        Ok(SecondFactor {
            sealed: row.bytes(0)?,
            confirmed_at: row.opt_timestamp(1)?,
            last_step: row.int(2)?,
            failures: (row.int(3)?, row.opt_timestamp(4)?),
        })
    })
    .transpose()
}

/// Uses a step's code up; false if one of it or of a later one was used meanwhile.
pub fn use_step(tx: &mut Tx, account: AccountId, step: i64) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE second_factors SET last_step = $1, failures = 0, failing_since = NULL \
         WHERE account = $2 AND last_step < $1",
        &[step.into(), account.into()],
    )?;
    Ok(changed == 1)
}

/// Uses a recovery code up; false if there is none like it.
pub fn use_recovery_code(
    tx: &mut Tx,
    account: AccountId,
    hash: &[u8; 32],
) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "DELETE FROM recovery_codes WHERE account = $1 AND code_hash = $2",
        &[account.into(), hash.into()],
    )?;
    Ok(gone == 1)
}

/// Whether this is one of the account's recovery codes.
pub fn has_recovery_code(
    tx: &mut Tx,
    account: AccountId,
    hash: &[u8; 32],
) -> Result<bool, StoreError> {
    let row = tx.find(
        "SELECT 1 FROM recovery_codes WHERE account = $1 AND code_hash = $2",
        &[account.into(), hash.into()],
    )?;
    Ok(row.is_some())
}

/// Counts a wrong code.
pub fn count_failure(tx: &mut Tx, account: AccountId, at: Timestamp) -> Result<(), StoreError> {
    let window_ms = i64::try_from(FAILURE_WINDOW.as_millis()).unwrap_or(i64::MAX);
    let old = Timestamp::from_millis(at.as_millis().saturating_sub(window_ms));
    tx.execute(
        "UPDATE second_factors SET \
         failures = CASE WHEN failing_since IS NULL OR failing_since <= $1 THEN 1 ELSE failures + 1 END, \
         failing_since = CASE WHEN failing_since IS NULL OR failing_since <= $1 THEN $2 ELSE failing_since END \
         WHERE account = $3",
        &[old.into(), at.into(), account.into()],
    )?;
    Ok(())
}

/// How many recovery codes are left.
pub fn count_recovery_codes(tx: &mut Tx, account: AccountId) -> Result<i64, StoreError> {
    tx.one(
        "SELECT count(*) FROM recovery_codes WHERE account = $1",
        &[account.into()],
    )?
    .int(0)
}

/// Turns a factor off, with its recovery codes; false if there was none.
pub fn delete_factor(tx: &mut Tx, account: AccountId) -> Result<bool, StoreError> {
    tx.execute(
        "DELETE FROM recovery_codes WHERE account = $1",
        &[account.into()],
    )?;
    let gone = tx.execute(
        "DELETE FROM second_factors WHERE account = $1",
        &[account.into()],
    )?;
    Ok(gone == 1)
}

fn builder(secret: &[u8]) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(SKEW)
        .with_step_duration(STEP_S)
        .with_secret(secret.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's appendix B; its codes there have eight digits, of which authenticators show the last six.
    const RFC: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(step_of(RFC, code, at(seconds), 0), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_is_taken_a_step_early_or_late_and_never_twice() {
        let code = "287082"; // of step 1
        assert_eq!(step_of(RFC, "28 70 82", at(59), 0), Some(1));
        assert_eq!(step_of(RFC, code, at(89), 0), Some(1), "one step late");
        assert_eq!(step_of(RFC, code, at(0), 0), Some(1), "one step early");
        assert_eq!(step_of(RFC, code, at(90), 0), None);
        assert_eq!(step_of(RFC, code, at(59), 1), None, "used");
        for odd in [
            "",
            "28708",
            "2870822",
            "abcdef",
            "２８７０８２",
            "-87082",
            "' OR 1=1",
        ] {
            assert_eq!(step_of(RFC, odd, at(59), 0), None, "{odd}");
        }
    }

    #[test]
    fn recovery_codes_differ_and_are_read_however_they_are_typed() {
        let codes = new_recovery_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let hashes: std::collections::BTreeSet<_> = codes
            .iter()
            .map(|code| recovery_hash(code).unwrap())
            .collect();
        assert_eq!(hashes.len(), RECOVERY_CODES);
        let typed = format!(" {} ", codes[0].replace('-', " ").to_lowercase());
        assert_eq!(recovery_hash(&typed), recovery_hash(&codes[0]));
        for odd in ["", "ABCD", "ABCD-EFGH-JKLM-NPQ0", "123456", &"A".repeat(17)] {
            assert_eq!(recovery_hash(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_an_authenticator_scans_names_the_account_and_the_product() {
        let (secret, url) = shown(RFC, "an:na é").unwrap();
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(
            url.starts_with("otpauth://totp/Gatewarden:an%20na"),
            "{url}"
        );
        assert!(
            url.contains("secret=GEZDG") && url.contains("issuer=Gatewarden"),
            "{url}"
        );
    }
}
