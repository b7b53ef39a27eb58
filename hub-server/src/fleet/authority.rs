//! The hub's own certificate authority: made at the first start, kept in two files, issues the certificates of edges,
//! of the link and of the web.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use contract::ids::EdgeId;
use contract::time::Timestamp;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertificateSigningRequestParams;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::PublicKeyData;
use rcgen::SanType;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use sha2::Digest;
use sha2::Sha256;

/// The one name in the link's certificate: an edge checks it whatever address it dialled, so that a hub can move.
pub const LINK_NAME: &str = "hub.gatewarden.internal";
/// What comes before the edge's id in its certificate's URI.
pub const EDGE_URI: &str = "gatewarden:edge:";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const AUTHORITY_DAYS: u32 = 20 * 365;
const EDGE_DAYS: u32 = 10 * 365;
/// What browsers accept of a certificate below an authority of one's own.
const WEB_DAYS: u32 = 397;

/// Why the authority can't work.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Its files can't be read or written.
    #[error("keeping the authority in {path}")]
    File {
        /// Which file or folder.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Its files hold something else.
    #[error("reading the authority's certificate or key from {path}: {why}")]
    Damaged {
        /// Which file.
        path: String,
        /// What was found.
        why: String,
    },
    /// A certificate could not be made.
    #[error("issuing a certificate")]
    Issue(#[from] rcgen::Error),
}

/// A certificate chain and its key, for a server.
#[derive(Debug)]
pub struct Issued {
    /// The certificate, then the authority's.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
}

/// An edge's certificate.
#[derive(Debug)]
pub struct EdgeCertificate {
    /// In DER.
    pub der: Vec<u8>,
    /// SHA-256 of the public key in it.
    pub key_sha256: [u8; 32],
}

/// The authority.
pub struct Authority {
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    not_before: Timestamp,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Opens the authority in `dir`, or makes it there if the folder has none.
    pub fn open(dir: &Path, now: Timestamp) -> Result<Self, AuthorityError> {
        let key_path = dir.join("key.pem");
        let certificate_path = dir.join("certificate.pem");
        fs::create_dir_all(dir).map_err(|source| file_error(dir, source))?;
        if !certificate_path.exists() {
            make(&key_path, &certificate_path, now)?;
        }
        let pem = fs::read_to_string(&certificate_path)
            .map_err(|source| file_error(&certificate_path, source))?;
        let key_pem =
            fs::read_to_string(&key_path).map_err(|source| file_error(&key_path, source))?;
        let damaged = |path: &Path, why: &dyn std::fmt::Display| AuthorityError::Damaged {
            path: path.display().to_string(),
            why: why.to_string(),
        };
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|why| damaged(&certificate_path, &why))?;
        let key = KeyPair::from_pem(&key_pem).map_err(|why| damaged(&key_path, &why))?;
        let not_before = {
            let (_, parsed) = x509_parser::parse_x509_certificate(&certificate)
                .map_err(|why| damaged(&certificate_path, &why))?;
            if parsed.public_key().raw != key.subject_public_key_info() {
                return Err(damaged(&key_path, &"it is not the certificate's key"));
            }
            Timestamp::from_millis(
                parsed
                    .validity()
                    .not_before
                    .timestamp()
                    .saturating_mul(1000),
            )
        };
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self {
            certificate,
            pem,
            issuer,
            not_before,
        })
    }

    /// The authority's certificate in DER, for machines.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The authority's certificate in PEM, for people who want their browser to trust it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The first eight bytes of the certificate's SHA-256: what an enrolment code carries of it.
    pub fn fingerprint(&self) -> [u8; 8] {
        let digest: [u8; 32] = Sha256::digest(&self.certificate).into();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        first
    }

    /// The certificate's SHA-256 as people compare it: `AB:CD:...`.
    pub fn sha256_text(&self) -> String {
        let digest = Sha256::digest(&self.certificate);
        let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }

    /// Issues a certificate for HTTPS under the names and addresses given.
    pub fn issue_server(&self, names: &[String], now: Timestamp) -> Result<Issued, AuthorityError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.subject_alt_names = names
            .iter()
            .map(|name| match name.parse::<IpAddr>() {
                Ok(address) => Ok(SanType::IpAddress(address)),
                Err(_) => Ok(SanType::DnsName(name.as_str().try_into()?)),
            })
            .collect::<Result<_, rcgen::Error>>()?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Gatewarden hub");
        // A day back, for browsers whose clock is behind.
        validity(&mut params, back(now), WEB_DAYS);
        self.issue_for_server(params)
    }

    /// Issues the link's certificate. It begins with the authority itself, so that an edge whose clock stands before
    /// today can still check it.
    pub fn issue_link(&self, now: Timestamp) -> Result<Issued, AuthorityError> {
        let mut params = CertificateParams::new(vec![LINK_NAME.to_owned()])?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Gatewarden link");
        validity(&mut params, now, WEB_DAYS);
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_1970(self.not_before);
        self.issue_for_server(params)
    }

    /// Issues an edge's certificate from its request. Only the key is taken from the request: what it says about
    /// names and uses is not believed.
    pub fn issue_edge(
        &self,
        request: &[u8],
        edge: EdgeId,
        now: Timestamp,
    ) -> Result<EdgeCertificate, AuthorityError> {
        let request = CertificateSigningRequestParams::from_der(
            &CertificateSigningRequestDer::from(request.to_vec()),
        )?;
        let mut params = CertificateParams::new(Vec::new())?;
        params
            .distinguished_name
            .push(DnType::CommonName, format!("Gatewarden edge {edge}"));
        params.subject_alt_names = vec![SanType::URI(format!("{EDGE_URI}{edge}").try_into()?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        validity(&mut params, back(now), EDGE_DAYS);
        let certificate = params.signed_by(&request.public_key, &self.issuer)?;
        Ok(EdgeCertificate {
            der: certificate.der().to_vec(),
            key_sha256: Sha256::digest(request.public_key.subject_public_key_info()).into(),
        })
    }

    fn issue_for_server(&self, mut params: CertificateParams) -> Result<Issued, AuthorityError> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Issued {
            chain: vec![certificate.der().clone(), self.certificate.clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }
}

/// Returns the edge that a certificate names, if it names exactly one.
pub fn edge_of(certificate: &CertificateDer<'_>) -> Option<EdgeId> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let names = parsed.subject_alternative_name().ok()??;
    let mut edges = names.value.general_names.iter().filter_map(|name| {
        if let x509_parser::extensions::GeneralName::URI(uri) = name {
            uri.strip_prefix(EDGE_URI)
        } else {
            None
        }
    });
    let edge = edges.next()?.parse().ok()?;
    edges.next().is_none().then_some(edge)
}

fn make(key_path: &Path, certificate_path: &Path, now: Timestamp) -> Result<(), AuthorityError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Gatewarden authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut params, back(now), AUTHORITY_DAYS);
    let certificate = params.self_signed(&key)?;
    // The certificate last: a start that is cut short between the two makes both again.
    write_private(key_path, key.serialize_pem().as_bytes())?;
    write_private(certificate_path, certificate.pem().as_bytes())
}

/// Writes a file that only its owner may read, whole or not at all, on disk for good.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), AuthorityError> {
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
    write().map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: std::io::Error) -> AuthorityError {
    AuthorityError::File {
        path: path.display().to_string(),
        source,
    }
}

fn validity(params: &mut CertificateParams, from: Timestamp, days: u32) {
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_1970(from);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_1970(from.plus(DAY * days));
}

fn back(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.as_millis().saturating_sub(24 * 60 * 60 * 1000))
}

/// Whole seconds after 1970; a clock before it counts as 1970.
fn since_1970(at: Timestamp) -> Duration {
    Duration::from_secs(at.as_millis().max(0).unsigned_abs() / 1000)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn request(key: &KeyPair) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["evil.example".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.serialize_request(key).unwrap().der().to_vec()
    }

    #[test]
    fn the_authority_survives_a_restart_and_its_files_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::open(dir.path(), NOW).unwrap();
        let again = Authority::open(dir.path(), NOW.plus(DAY * 30)).unwrap();
        assert_eq!(first.certificate(), again.certificate());
        assert_eq!(first.fingerprint(), again.fingerprint());
        for name in ["key.pem", "certificate.pem"] {
            let mode = fs::metadata(dir.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn an_edge_gets_its_name_and_nothing_that_it_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path(), NOW).unwrap();
        let key = KeyPair::generate().unwrap();
        let edge = EdgeId::new(NOW, [3; 10]);
        let issued = authority.issue_edge(&request(&key), edge, NOW).unwrap();
        let der = CertificateDer::from(issued.der);
        assert_eq!(edge_of(&der), Some(edge));
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
        assert!(!parsed.is_ca());
        assert!(!format!("{:?}", parsed.subject_alternative_name()).contains("evil"));
    }

    #[test]
    fn a_request_signed_by_another_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path(), NOW).unwrap();
        let mut request = request(&KeyPair::generate().unwrap());
        let last = request.len() - 1;
        request[last] ^= 1;
        let edge = EdgeId::new(NOW, [3; 10]);
        assert!(authority.issue_edge(&request, edge, NOW).is_err());
        assert!(authority.issue_edge(b"garbage", edge, NOW).is_err());
    }

    #[test]
    fn a_key_of_another_authority_is_named() {
        let dir = tempfile::tempdir().unwrap();
        Authority::open(dir.path(), NOW).unwrap();
        let other = KeyPair::generate().unwrap().serialize_pem();
        fs::write(dir.path().join("key.pem"), other).unwrap();
        assert!(matches!(
            Authority::open(dir.path(), NOW),
            Err(AuthorityError::Damaged { .. })
        ));
    }

    #[test]
    fn the_links_certificate_holds_as_early_as_the_authority() {
        let dir = tempfile::tempdir().unwrap();
        Authority::open(dir.path(), NOW).unwrap();
        let later = NOW.plus(DAY * 400);
        let authority = Authority::open(dir.path(), later).unwrap();
        let issued = authority.issue_link(later).unwrap();
        let (_, link) = x509_parser::parse_x509_certificate(&issued.chain[0]).unwrap();
        let (_, top) = x509_parser::parse_x509_certificate(&issued.chain[1]).unwrap();
        assert_eq!(link.validity().not_before, top.validity().not_before);
        assert!(link.validity().not_after.timestamp() * 1000 > later.as_millis());
    }

    #[test]
    fn the_web_gets_names_and_addresses() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path(), NOW).unwrap();
        let names = ["hub.example".to_owned(), "127.0.0.1".to_owned()];
        let issued = authority.issue_server(&names, NOW).unwrap();
        let (_, web) = x509_parser::parse_x509_certificate(&issued.chain[0]).unwrap();
        let alternative = web.subject_alternative_name().unwrap().unwrap();
        assert_eq!(alternative.value.general_names.len(), 2);
    }
}
