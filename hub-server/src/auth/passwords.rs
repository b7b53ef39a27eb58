//! Passwords: the rules, and PBKDF2-HMAC-SHA256 off the store's threads, a bounded number at once.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use ring::pbkdf2;
use tokio::sync::Semaphore;

use super::common_passwords;
use super::imported;

const SCHEME: &str = "pbkdf2-sha256";
/// Hashing at once: each takes a core for a fraction of a second.
const AT_ONCE: usize = 2;
/// Callers that may wait for a turn; the next one hears `Busy`.
const WAITING: usize = 32;
/// A longer one only costs time to read.
const LONGEST: usize = 1024;
const SHORTEST: usize = 8;
/// A hash with more rounds than this was not made by us, and would stop the hub.
const ITERATIONS_CEILING: u32 = 10_000_000;

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum HasherError {
    /// Too many log-ins at once.
    #[error("too many passwords are being checked")]
    Busy,
    /// The random source or a thread failed.
    #[error("hashing a password")]
    Failed,
}

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct Hasher {
    iterations: NonZeroU32,
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Hasher {
    /// A hasher with this many rounds for new passwords.
    pub fn new(iterations: u32) -> Self {
        Self {
            iterations: NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: &str) -> Result<String, HasherError> {
        let password = password.to_owned();
        let iterations = self.iterations;
        self.take_turn(move || {
            let salt: [u8; 32] = rand::random();
            write(iterations, &salt, &derive(iterations, &salt, &password))
        })
        .await
    }

    /// Checks a password. Without a hash (nobody has that name) it does the same work and answers no.
    pub async fn verify(
        &self,
        password: &str,
        stored: Option<String>,
    ) -> Result<bool, HasherError> {
        let password = password.to_owned();
        let iterations = self.iterations;
        self.take_turn(move || {
            let imported = stored
                .as_deref()
                .filter(|stored| imported::is_known(stored));
            if let Some(imported) = imported {
                return imported::verify(&password, imported);
            }
            match stored.as_deref().and_then(Parts::read) {
                Some(parts) => {
                    let found = derive(parts.iterations, &parts.salt, &password);
                    super::tokens::same(&found, &parts.hash)
                }
                None => {
                    derive(iterations, &[0; 32], &password);
                    false
                }
            }
        })
        .await
    }

    /// Whether a stored hash has fewer rounds than new ones get.
    pub fn is_outdated(&self, stored: &str) -> bool {
        Parts::read(stored).is_none_or(|parts| parts.iterations < self.iterations)
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HasherError> {
        let waiting = Waiting::enter(&self.waiting).ok_or(HasherError::Busy)?;
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_| HasherError::Failed)?;
        drop(waiting);
        tokio::task::spawn_blocking(move || {
            // The turn ends with the work, even if the caller has gone away.
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(|_| HasherError::Failed)
    }
}

/// Makes a password that keeps the rules: 80 random bits in four groups.
pub fn made_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJ";
    let random: [u8; 16] = rand::random();
    let mut text = String::new();
    for (place, byte) in random.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    // Whatever the letters are, each kind that the rules want is there.
    text + "-Aa7"
}

/// Returns each rule that a password breaks, as a sentence; none if it may be used.
pub fn broken_rules(password: &str) -> Vec<&'static str> {
    let rules: [(bool, &str); 5] = [
        (
            password.chars().count() >= SHORTEST,
            "needs at least 8 characters",
        ),
        (password.len() <= LONGEST, "has at most 1024 bytes"),
        (
            password.chars().any(char::is_uppercase),
            "needs an upper-case letter",
        ),
        (
            password.chars().any(char::is_lowercase),
            "needs a lower-case letter",
        ),
        (
            password.chars().any(|c| c.is_ascii_digit()),
            "needs a digit",
        ),
    ];
    let broken: Vec<&str> = rules
        .into_iter()
        .filter_map(|(kept, rule)| (!kept).then_some(rule))
        .collect();
    // Of one that is no password anyway there is nothing more to say.
    if broken.is_empty() && common_passwords::is_common(password) {
        return vec!["is one that everybody tries first, or only a little changed"];
    }
    broken
}

struct Parts {
    iterations: NonZeroU32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Parts {
    fn read(stored: &str) -> Option<Self> {
        let mut parts = stored.split('$');
        let scheme = parts.next()?;
        let iterations: NonZeroU32 = parts.next()?.parse().ok()?;
        let salt = BASE64_STANDARD_NO_PAD.decode(parts.next()?).ok()?;
        let hash = BASE64_STANDARD_NO_PAD.decode(parts.next()?).ok()?;
        let ours = scheme == SCHEME
            && parts.next().is_none()
            && hash.len() == 32
            && iterations.get() <= ITERATIONS_CEILING;
        ours.then_some(Self {
            iterations,
            salt,
            hash,
        })
    }
}

fn write(iterations: NonZeroU32, salt: &[u8], hash: &[u8]) -> String {
    let salt = BASE64_STANDARD_NO_PAD.encode(salt);
    let hash = BASE64_STANDARD_NO_PAD.encode(hash);
    format!("{SCHEME}${iterations}${salt}${hash}")
}

fn derive(iterations: NonZeroU32, salt: &[u8], password: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        iterations,
        salt,
        password.as_bytes(),
        &mut hash,
    );
    hash
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::SeqCst);
        let me = Self(count);
        (before < WAITING).then_some(me)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
