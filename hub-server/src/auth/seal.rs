//! Secrets at rest: what the hub must be able to read again (unlike passwords) is sealed with AES-256-GCM.
//!
//! The key comes from the systemd credential `secrets-key` (64 hexadecimal digits); without one the hub makes
//! `secrets.key` in its data directory, for its owner only. A sealed text names what it belongs to, so that it opens
//! nowhere else, and its version, so that another method can follow.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ring::aead::AES_256_GCM;
use ring::aead::Aad;
use ring::aead::LessSafeKey;
use ring::aead::NONCE_LEN;
use ring::aead::Nonce;
use ring::aead::UnboundKey;

use super::placeholders::placeholder_fault;

/// The file of the key, in the data directory.
const FILE: &str = "secrets.key";
/// The first byte of what this version seals.
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;

/// Why the key or a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key file could not be read or made.
    #[error("using the key of the secrets, {path}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The key is not 64 hexadecimal digits.
    #[error("the key of the secrets must be 64 hexadecimal digits")]
    NoKey,
    /// The key is one that anybody would guess.
    #[error("the key of the secrets is a placeholder: make one with `openssl rand -hex 32`")]
    Placeholder,
    /// It was sealed with another key, for something else, or was changed.
    #[error("opening a sealed secret: it is damaged, or the key is another")]
    Damaged,
}

/// Seals and opens secrets. It does not print.
pub struct Seal(LessSafeKey);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(***)")
    }
}

impl Seal {
    /// Takes the key from the credential, or from the file in `data`, which is made if it is not there.
    pub fn open(data: &Path, credential: Option<&str>) -> Result<Self, SealError> {
        let key = match credential {
            Some(text) => parse(text)?,
            None => {
                let path = data.join(FILE);
                match fs::read_to_string(&path) {
                    Ok(text) => parse(&text)?,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(&path)?,
                    Err(source) => return Err(failed(&path, source)),
                }
            }
        };
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| SealError::NoKey)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals a secret for what `belongs_to` names.
    pub fn seal(&self, secret: &[u8], belongs_to: &str) -> Result<Vec<u8>, SealError> {
        // 96 random bits: two alike in a billion secrets of one key are less likely than one in 10^10.
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut text = secret.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(belongs_to.as_bytes()),
                &mut text,
            )
            .map_err(|_| SealError::Damaged)?;
        Ok([&[VERSION], nonce.as_slice(), &text].concat())
    }

    /// Opens what was sealed for the same.
    pub fn open_sealed(&self, sealed: &[u8], belongs_to: &str) -> Result<Vec<u8>, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError::Damaged)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::Damaged)?;
        if *version != VERSION {
            return Err(SealError::Damaged);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
        let mut text = text.to_vec();
        let open = self
            .0
            .open_in_place(nonce, Aad::from(belongs_to.as_bytes()), &mut text)
            .map_err(|_| SealError::Damaged)?;
        Ok(open.to_vec())
    }
}

fn parse(text: &str) -> Result<[u8; KEY_BYTES], SealError> {
    let text = text.trim();
    if placeholder_fault(text).is_some() {
        return Err(SealError::Placeholder);
    }
    if text.len() != KEY_BYTES * 2 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(SealError::NoKey);
    }
    let mut key = [0; KEY_BYTES];
    for (place, byte) in key.iter_mut().enumerate() {
        let digits = text.get(place * 2..place * 2 + 2).ok_or(SealError::NoKey)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| SealError::NoKey)?;
    }
    Ok(key)
}

/// Makes the key's file. A half-written one under another name never becomes the key.
fn make(path: &Path) -> Result<[u8; KEY_BYTES], SealError> {
    let key: [u8; KEY_BYTES] = rand::random();
    let mut text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    text.push('\n');
    let unfinished = path.with_extension("new");
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        // Fails if another process was faster; then its key is the one.
        .and_then(|()| fs::hard_link(&unfinished, path));
    // A left-over of the unfinished file is written over next time.
    let _ = fs::remove_file(&unfinished);
    match written {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            parse(&fs::read_to_string(path).map_err(|source| failed(path, source))?)
        }
        Err(source) => Err(failed(path, source)),
    }
}

fn failed(path: &Path, source: std::io::Error) -> SealError {
    SealError::File {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// SE-46, SE-47: a random key of 32 bytes for its owner only; what it seals opens with it, for the same thing, whole.
    #[test]
    fn a_sealed_secret_opens_only_with_its_key_and_for_what_it_belongs_to() {
        let folder = tempfile::tempdir().unwrap();
        let seal = Seal::open(folder.path(), None).unwrap();
        let mode = fs::metadata(folder.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let sealed = seal.seal(b"secret", "one").unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_ne!(sealed, seal.seal(b"secret", "one").unwrap());
        let again = Seal::open(folder.path(), None).unwrap();
        assert_eq!(again.open_sealed(&sealed, "one").unwrap(), b"secret");
        assert!(again.open_sealed(&sealed, "other").is_err());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(again.open_sealed(&changed, "one").is_err(), "byte {place}");
            assert!(again.open_sealed(&sealed[..place], "one").is_err());
        }
        let other = Seal::open(
            folder.path(),
            Some("9f2c1e7ab4d05863f1c29e7d4b08a6532d91f0c47be86a35e20d7f194c6b8a03"),
        )
        .unwrap();
        assert!(other.open_sealed(&sealed, "one").is_err());
        assert_eq!(format!("{other:?}"), "Seal(***)");
    }

    /// SE-45: a start with a placeholder fails.
    #[test]
    fn a_key_that_is_none_is_refused_and_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "",
            "short",
            &"0".repeat(64),
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            &"zz".repeat(32),
            &"ab".repeat(33),
            &"é".repeat(32),
        ] {
            assert!(matches!(
                Seal::open(folder.path(), Some(text)),
                Err(SealError::NoKey | SealError::Placeholder)
            ));
            fs::write(folder.path().join(FILE), text).unwrap();
            assert!(Seal::open(folder.path(), None).is_err(), "{text}");
        }
    }
}
