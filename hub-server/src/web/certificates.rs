//! The certificate of HTTPS: the hub's own, made by its authority, or files that the operator drops in. Whichever it is, a
//! new one holds for the next handshake; connections that run are left alone.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use anyhow::Context;
use anyhow::bail;
use contract::time::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::server::ClientHello;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::Config;
use crate::fleet::authority::Authority;

/// What HTTPS shows to whoever connects.
#[derive(Debug)]
pub(super) struct Certificates {
    authority: Arc<Authority>,
    names: Vec<String>,
    files: Option<Files>,
    provider: Arc<CryptoProvider>,
    current: RwLock<Shown>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    /// What the files looked like when they were last read, whether that went well or not.
    stamp: Option<[Stamp; 2]>,
}

/// Changes whenever a file does: when, how large, which one.
type Stamp = (i64, i64, u64, u64);

impl Certificates {
    /// Readies the certificate. Files that are named and can't be used end the start: they would be missed later.
    pub(super) fn open(
        config: &Config,
        authority: Arc<Authority>,
        names: Vec<String>,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let files = config.certificate.clone().zip(config.key.clone());
        let files = files.map(|(certificate, key)| Files { certificate, key });
        let shown = match &files {
            Some(files) => {
                let stamp = files.stamp();
                let key = files.load(&provider, now)?;
                Shown { key, stamp }
            }
            None => Shown {
                key: issue(&authority, &names, &provider, now)?,
                stamp: None,
            },
        };
        Ok(Self {
            authority,
            names,
            files,
            provider,
            current: RwLock::new(shown),
        })
    }

    /// Whether the operator's own files are shown.
    pub(super) fn is_own(&self) -> bool {
        self.files.is_some()
    }

    /// Issues the hub's own certificate anew; files are none of its business.
    pub(super) fn renew(&self, now: Timestamp) -> anyhow::Result<()> {
        if self.files.is_none() {
            let key = issue(&self.authority, &self.names, &self.provider, now)?;
            self.show(key, None);
        }
        Ok(())
    }

    /// Reads the files again if they changed. What can't be used, such as a certificate whose key is still on its way,
    /// leaves the present one in place. True: a new one is shown.
    pub(super) fn reload(&self, now: Timestamp) -> anyhow::Result<bool> {
        let Some(files) = &self.files else {
            return Ok(false);
        };
        let stamp = files.stamp();
        let seen = self
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .stamp;
        if stamp == seen {
            return Ok(false);
        }
        match files.load(&self.provider, now) {
            Ok(key) => {
                self.show(key, stamp);
                Ok(true)
            }
            Err(error) => {
                // Said once for each change.
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                current.stamp = stamp;
                Err(error)
            }
        }
    }

    fn show(&self, key: Arc<CertifiedKey>, stamp: Option<[Stamp; 2]>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Shown { key, stamp };
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current.key))
    }
}

fn issue(
    authority: &Authority,
    names: &[String],
    provider: &CryptoProvider,
    now: Timestamp,
) -> anyhow::Result<Arc<CertifiedKey>> {
    let issued = authority
        .issue_server(names, now)
        .context("issuing the HTTPS certificate")?;
    let key = CertifiedKey::from_der(issued.chain, issued.key, provider)
        .context("taking the HTTPS certificate")?;
    Ok(Arc::new(key))
}

impl Files {
    fn stamp(&self) -> Option<[Stamp; 2]> {
        let of = |path: &Path| {
            let seen = fs::metadata(path).ok()?;
            Some((seen.mtime(), seen.mtime_nsec(), seen.len(), seen.ino()))
        };
        Some([of(&self.certificate)?, of(&self.key)?])
    }

    fn load(&self, provider: &CryptoProvider, now: Timestamp) -> anyhow::Result<Arc<CertifiedKey>> {
        let shown = self.certificate.display();
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .with_context(|| format!("reading certificates from {shown} (web.certificate)"))?;
        let Some(first) = chain.first() else {
            bail!("{shown} (web.certificate) holds no certificate in PEM");
        };
        let (_, parsed) = x509_parser::parse_x509_certificate(first).with_context(|| {
            format!("reading the first certificate of {shown} (web.certificate)")
        })?;
        let ends = parsed.validity().not_after.timestamp();
        if ends.saturating_mul(1000) <= now.as_millis() {
            bail!(
                "the certificate in {shown} (web.certificate) ended on {}",
                parsed.validity().not_after
            );
        }
        let path = self.key.display();
        let mode = fs::metadata(&self.key)
            .with_context(|| format!("looking at {path} (web.key)"))?
            .permissions()
            .mode();
        if mode & 0o007 != 0 {
            bail!(
                "{path} (web.key) can be read by everybody on this machine; take that right away (chmod o-rwx)"
            );
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .with_context(|| format!("reading a private key from {path} (web.key)"))?;
        let key = CertifiedKey::from_der(chain, key, provider).with_context(|| {
            format!("{shown} and {path} do not belong together (web.certificate, web.key)")
        })?;
        Ok(Arc::new(key))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    struct Place {
        folder: tempfile::TempDir,
        authority: Arc<Authority>,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let authority = Authority::open(&folder.path().join("authority"), NOW).unwrap();
            Self {
                folder,
                authority: Arc::new(authority),
            }
        }

        fn config(&self) -> Config {
            Config {
                certificate: Some(self.folder.path().join("chain.pem")),
                key: Some(self.folder.path().join("key.pem")),
                ..Config::default()
            }
        }

        fn open(&self) -> anyhow::Result<Certificates> {
            Certificates::open(&self.config(), Arc::clone(&self.authority), Vec::new(), NOW)
        }

        /// Drops in a certificate of somebody else, valid around `at`.
        fn drop_in(&self, name: &str, at: Timestamp) -> CertificateDer<'static> {
            let (certificate, key) = foreign(name, at);
            self.put("chain.pem", &certificate.pem(), 0o644);
            self.put("key.pem", &key.serialize_pem(), 0o640);
            certificate.der().clone()
        }

        fn put(&self, name: &str, text: &str, mode: u32) {
            let path = self.folder.path().join(name);
            let new = path.with_extension("new");
            fs::write(&new, text).unwrap();
            fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
            fs::rename(new, path).unwrap();
        }
    }

    fn foreign(name: &str, at: Timestamp) -> (rcgen::Certificate, rcgen::KeyPair) {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let start =
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_millis(at.as_millis().unsigned_abs());
        params.not_before = start;
        params.not_after = start + Duration::from_secs(90 * 24 * 60 * 60);
        let key = rcgen::KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap(), key)
    }

    fn shown(certificates: &Certificates) -> CertificateDer<'static> {
        certificates.current.read().unwrap().key.cert[0].clone()
    }

    /// SE-42: files that are dropped in are taken at start and whenever they change.
    #[test]
    fn own_files_are_taken_at_start_and_when_they_change() {
        let place = Place::new();
        let first = place.drop_in("hub.example", NOW);
        let certificates = place.open().unwrap();
        assert_eq!(shown(&certificates), first);
        assert!(!certificates.reload(NOW).unwrap(), "nothing changed");
        let second = place.drop_in("hub.example", NOW);
        assert!(certificates.reload(NOW).unwrap());
        assert_eq!(shown(&certificates), second);
        certificates.renew(NOW).unwrap();
        assert_eq!(
            shown(&certificates),
            second,
            "renewing is for the hub's own"
        );
    }

    /// SE-42: a half-finished or damaged replacement leaves what is there in place, and is said once.
    #[test]
    fn what_can_not_be_used_leaves_the_present_certificate_in_place() {
        let place = Place::new();
        let first = place.drop_in("hub.example", NOW);
        let certificates = place.open().unwrap();
        let (other, key) = foreign("hub.example", NOW);
        for (name, text, mode) in [
            ("chain.pem", other.pem(), 0o644),
            ("chain.pem", "garbage".to_owned(), 0o644),
            ("chain.pem", String::new(), 0o644),
            (
                "key.pem",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
                0o600,
            ),
        ] {
            place.put(name, &text, mode);
            assert!(certificates.reload(NOW).is_err(), "{name}: {text}");
            assert!(!certificates.reload(NOW).unwrap(), "it is said once");
            assert_eq!(shown(&certificates), first);
        }
        place.put("chain.pem", &other.pem(), 0o644);
        place.put("key.pem", &key.serialize_pem(), 0o600);
        assert!(certificates.reload(NOW).unwrap());
        assert_eq!(&shown(&certificates), other.der());
        fs::remove_file(place.folder.path().join("key.pem")).unwrap();
        assert!(certificates.reload(NOW).is_err());
        assert_eq!(&shown(&certificates), other.der());
    }

    #[test]
    fn unusable_files_end_the_start_with_their_setting_named() {
        let place = Place::new();
        let error = |place: &Place| format!("{:#}", place.open().unwrap_err());
        assert!(
            error(&place).contains("web.certificate"),
            "{}",
            error(&place)
        );
        place.drop_in("hub.example", NOW);
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(place.folder.path().join("key.pem"), open).unwrap();
        assert!(
            error(&place).contains("can be read by everybody"),
            "{}",
            error(&place)
        );
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        let past =
            Timestamp::from_millis(NOW.as_millis() - i64::try_from(year.as_millis()).unwrap());
        place.drop_in("hub.example", past);
        assert!(error(&place).contains("ended on"), "{}", error(&place));
    }
}
