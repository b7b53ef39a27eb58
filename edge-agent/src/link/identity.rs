//! Who this edge is: its key, its certificate, the authority that it trusts, and the gates it was enrolled for. Files
//! in `<data>/identity`, readable by the owner alone. The key is made here and never leaves.

use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::sighting::Direction;
use contract::wire::EnrolReply;
use contract::wire::EnrolledGate;
use rcgen::KeyPair;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde::Serialize;

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// This machine was not enrolled.
    #[error("this machine is not enrolled: run `edge-agent enrol --hub HOST:PORT`")]
    NotEnrolled,
    /// A file can't be read or written.
    #[error("keeping the identity in {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("reading the identity from {path}: {why}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The key can't be made.
    #[error("making the key")]
    Key(#[from] rcgen::Error),
}

/// This edge's identity.
pub struct Identity {
    /// Its id at the hub.
    pub edge: EdgeId,
    /// The hub that enrolled it, as `host:port`.
    pub hub: String,
    /// The gates that it runs.
    pub gates: Vec<EnrolledGate>,
    /// Its certificate in DER.
    pub certificate: CertificateDer<'static>,
    /// The authority that it trusts, in DER.
    pub authority: CertificateDer<'static>,
    key: KeyPair,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("edge", &self.edge)
            .field("hub", &self.hub)
            .finish_non_exhaustive()
    }
}

/// `edge.toml` of the identity folder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    edge: EdgeId,
    hub: String,
    gates: Vec<CardGate>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CardGate {
    id: GateId,
    name: String,
    direction: Direction,
}

const KEY: &str = "key.pem";
const CERTIFICATE: &str = "certificate.pem";
const AUTHORITY: &str = "authority.pem";
/// Written last: with it the enrolment is complete.
const CARD: &str = "edge.toml";

/// The folder of the identity under the data folder.
pub fn folder(data: &Path) -> PathBuf {
    data.join("identity")
}

impl Identity {
    /// Reads the identity under the data folder.
    pub fn load(data: &Path) -> Result<Self, IdentityError> {
        let dir = folder(data);
        let card_path = dir.join(CARD);
        if !card_path.exists() {
            return Err(IdentityError::NotEnrolled);
        }
        let card: Card =
            toml::from_str(&read(&card_path)?).map_err(|why| damaged(&card_path, &why))?;
        let key_path = dir.join(KEY);
        let key = KeyPair::from_pem(&read(&key_path)?).map_err(|why| damaged(&key_path, &why))?;
        Ok(Self {
            edge: card.edge,
            hub: card.hub,
            gates: card
                .gates
                .into_iter()
                .map(|gate| EnrolledGate {
                    id: gate.id,
                    name: gate.name,
                    direction: gate.direction,
                })
                .collect(),
            certificate: read_certificate(&dir.join(CERTIFICATE))?,
            authority: read_certificate(&dir.join(AUTHORITY))?,
            key,
        })
    }

    /// The key in PKCS#8 DER, for the handshake.
    pub(super) fn key_der(&self) -> Vec<u8> {
        self.key.serialize_der()
    }
}

/// Returns the key that waits for a certificate, or makes one. A key that was offered before is offered again: the
/// hub's answer may have been lost, and the hub then knows the key.
pub(super) fn key_for_enrolment(data: &Path) -> Result<KeyPair, IdentityError> {
    let dir = folder(data);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&dir)
        .map_err(|source| IdentityError::File {
            path: dir.clone(),
            source,
        })?;
    let path = dir.join(KEY);
    if path.exists() && !dir.join(CARD).exists() {
        return KeyPair::from_pem(&read(&path)?).map_err(|why| damaged(&path, &why));
    }
    // A machine that is enrolled anew is a new edge: its old key ends with its old certificate.
    if dir.join(CARD).exists() {
        fs::remove_file(dir.join(CARD)).map_err(|source| IdentityError::File {
            path: dir.join(CARD),
            source,
        })?;
    }
    let key = KeyPair::generate()?;
    write_private(&path, key.serialize_pem().as_bytes())?;
    Ok(key)
}

/// Keeps what the hub answered, on disk for good.
pub(super) fn keep(data: &Path, hub: &str, reply: &EnrolReply) -> Result<(), IdentityError> {
    let dir = folder(data);
    let card = Card {
        edge: reply.edge,
        hub: hub.to_owned(),
        gates: reply
            .gates
            .iter()
            .map(|gate| CardGate {
                id: gate.id,
                name: gate.name.clone(),
                direction: gate.direction,
            })
            .collect(),
    };
    let card_path = dir.join(CARD);
    let text = toml::to_string(&card).map_err(|why| damaged(&card_path, &why))?;
    write_private(&dir.join(CERTIFICATE), pem(&reply.certificate).as_bytes())?;
    write_private(&dir.join(AUTHORITY), pem(&reply.authority).as_bytes())?;
    write_private(&card_path, text.as_bytes())
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

fn read(path: &Path) -> Result<String, IdentityError> {
    fs::read_to_string(path).map_err(|source| IdentityError::File {
        path: path.to_owned(),
        source,
    })
}

fn read_certificate(path: &Path) -> Result<CertificateDer<'static>, IdentityError> {
    CertificateDer::from_pem_slice(read(path)?.as_bytes()).map_err(|why| damaged(path, &why))
}

fn damaged(path: &Path, why: &dyn std::fmt::Display) -> IdentityError {
    IdentityError::Damaged {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

/// Writes a file that only its owner may read, whole or not at all, on disk for good.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), IdentityError> {
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        if let Some(dir) = path.parent() {
            fs::File::open(dir)?.sync_all()?;
        }
        Ok(())
    };
    write().map_err(|source| IdentityError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use contract::time::Timestamp;

    use super::*;

    fn reply(key: &KeyPair) -> EnrolReply {
        let certificate = rcgen::CertificateParams::new(vec!["edge".to_owned()])
            .unwrap()
            .self_signed(key)
            .unwrap();
        let at = Timestamp::from_millis(1);
        EnrolReply {
            edge: EdgeId::new(at, [1; 10]),
            certificate: certificate.der().to_vec().into(),
            authority: certificate.der().to_vec().into(),
            gates: vec![EnrolledGate {
                id: GateId::new(at, [2; 10]),
                name: "North entry".into(),
                direction: Direction::Entry,
            }],
            time: at,
        }
    }

    #[test]
    fn an_identity_comes_back_as_it_was_kept_and_its_files_are_private() {
        let data = tempfile::tempdir().unwrap();
        assert!(matches!(
            Identity::load(data.path()),
            Err(IdentityError::NotEnrolled)
        ));
        let key = key_for_enrolment(data.path()).unwrap();
        let reply = reply(&key);
        keep(data.path(), "hub.example:8443", &reply).unwrap();
        let identity = Identity::load(data.path()).unwrap();
        assert_eq!(identity.edge, reply.edge);
        assert_eq!(identity.gates, reply.gates);
        assert_eq!(identity.certificate.as_ref(), reply.certificate.as_slice());
        assert_eq!(identity.key_der(), key.serialize_der());
        for entry in fs::read_dir(folder(data.path())).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_key_that_waits_for_its_certificate_is_offered_again_and_an_old_one_is_not() {
        let data = tempfile::tempdir().unwrap();
        let first = key_for_enrolment(data.path()).unwrap();
        let again = key_for_enrolment(data.path()).unwrap();
        assert_eq!(first.serialize_der(), again.serialize_der());
        keep(data.path(), "hub", &reply(&first)).unwrap();
        let other = key_for_enrolment(data.path()).unwrap();
        assert_ne!(first.serialize_der(), other.serialize_der());
    }

    #[test]
    fn a_damaged_card_is_named() {
        let data = tempfile::tempdir().unwrap();
        let key = key_for_enrolment(data.path()).unwrap();
        keep(data.path(), "hub", &reply(&key)).unwrap();
        fs::write(folder(data.path()).join(CARD), "edge = 3").unwrap();
        let error = Identity::load(data.path()).unwrap_err();
        assert!(error.to_string().contains("edge.toml"), "{error}");
    }
}
