//! Connecting to a hub: QUIC with TLS 1.3, the hub checked against the pinned authority, this edge by its certificate.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context;
use contract::time::Clock;
use contract::wire::ALPN;
use contract::wire::ALPN_ENROL;
use quinn::crypto::rustls::QuicClientConfig;
use rustls::CertificateError;
use rustls::DigitallySignedStruct;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use sha2::Digest;
use sha2::Sha256;

use crate::link::identity::Identity;

/// The one name in the certificate of every hub's link: it is checked whatever address was dialled, so that a hub can
/// move. The pinned authority signs it for hubs alone.
const HUB_NAME: &str = "hub.gatewarden.internal";
/// How long an address may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How often this end shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// After this silence the connection is dead.
const SILENCE: Duration = Duration::from_secs(10);

/// An open connection with the socket that it lives on.
pub(super) struct Line {
    pub(super) connection: quinn::Connection,
    endpoint: quinn::Endpoint,
}

impl Line {
    /// Says goodbye and waits a moment for it to be sent.
    pub(super) async fn close(&self, why: &[u8]) {
        self.connection.close(0u32.into(), why);
        let _ = tokio::time::timeout(Duration::from_secs(1), self.endpoint.wait_idle()).await;
    }
}

/// Connects as the edge of `identity`.
pub(super) async fn connect(
    address: &str,
    identity: &Identity,
    clock: &Clock,
) -> anyhow::Result<Line> {
    let verifier = Pinned {
        authority: OnceLock::new(),
        mark: None,
    };
    verifier
        .pin(identity.authority.clone())
        .map_err(|why| anyhow::anyhow!("the pinned authority can't be used: {why}"))?;
    let config = builder(clock)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(
            vec![identity.certificate.clone()],
            PrivatePkcs8KeyDer::from(identity.key_der()).into(),
        )
        .context("using this edge's certificate")?;
    dial(address, config, ALPN).await
}

/// Connects without a certificate, to a hub whose authority has the fingerprint given. Returns the authority, too.
pub(super) async fn connect_for_enrolment(
    address: &str,
    fingerprint: [u8; 8],
    clock: &Clock,
) -> anyhow::Result<(Line, CertificateDer<'static>)> {
    let verifier = Arc::new(Pinned {
        authority: OnceLock::new(),
        mark: Some(fingerprint),
    });
    let config = builder(clock)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let line = dial(address, config, ALPN_ENROL).await?;
    let authority = verifier
        .authority
        .get()
        .map(|authority| authority.certificate.clone())
        .context("the hub showed no authority")?;
    Ok((line, authority))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn builder(
    clock: &Clock,
) -> anyhow::Result<rustls::ConfigBuilder<rustls::ClientConfig, rustls::WantsVerifier>> {
    rustls::ClientConfig::builder_with_details(provider(), Arc::new(ClockTime(clock.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .context("choosing TLS 1.3")
}

async fn dial(
    address: &str,
    mut config: rustls::ClientConfig,
    alpn: &[u8],
) -> anyhow::Result<Line> {
    config.alpn_protocols = vec![alpn.to_vec()];
    // Enrolment and reconnection are rare: a full handshake each time is worth its clearness.
    config.resumption = rustls::client::Resumption::disabled();
    let mut transport = quinn::TransportConfig::default();
    transport
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(SILENCE.try_into().context("the idle limit")?))
        .max_concurrent_bidi_streams(0u32.into())
        .max_concurrent_uni_streams(0u32.into())
        .datagram_receive_buffer_size(None);
    let mut client = quinn::ClientConfig::new(Arc::new(
        QuicClientConfig::try_from(config).context("preparing TLS for QUIC")?,
    ));
    client.transport_config(Arc::new(transport));
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(address)
        .await
        .with_context(|| format!("looking {address} up"))?
        .collect();
    let mut last = anyhow::anyhow!("{address} has no address");
    for remote in addresses {
        let local: IpAddr = if remote.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let endpoint = quinn::Endpoint::client((local, 0).into()).context("opening a UDP port")?;
        let connecting = endpoint
            .connect_with(client.clone(), remote, HUB_NAME)
            .context("preparing a connection")?;
        match tokio::time::timeout(ANSWER, connecting).await {
            Ok(Ok(connection)) => {
                return Ok(Line {
                    connection,
                    endpoint,
                });
            }
            Ok(Err(error)) => {
                last = anyhow::Error::new(error).context(format!("talking to {remote}"))
            }
            Err(_) => last = anyhow::anyhow!("{remote} did not answer within {ANSWER:?}"),
        }
    }
    Err(last)
}

/// Our clock as TLS asks for it.
#[derive(Debug)]
struct ClockTime(Clock);

impl rustls::time_provider::TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = self.0.wall().as_millis().max(0).unsigned_abs();
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

/// Believes hubs of one authority: the pinned one, or the first one shown that has the mark of the enrolment code.
struct Pinned {
    authority: OnceLock<Authority>,
    mark: Option<[u8; 8]>,
}

struct Authority {
    certificate: CertificateDer<'static>,
    not_before: UnixTime,
    inner: Arc<WebPkiServerVerifier>,
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinned").finish_non_exhaustive()
    }
}

impl Pinned {
    fn pin(&self, certificate: CertificateDer<'static>) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone())?;
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|why| rustls::Error::General(why.to_string()))?;
        let not_before = x509_parser::parse_x509_certificate(&certificate)
            .map_err(|_| rustls::Error::InvalidCertificate(CertificateError::BadEncoding))?
            .1
            .validity()
            .not_before
            .timestamp();
        // The first one stays: it is not exchanged in the middle of a handshake.
        let _ = self.authority.set(Authority {
            certificate,
            not_before: UnixTime::since_unix_epoch(Duration::from_secs(
                not_before.max(0).unsigned_abs(),
            )),
            inner,
        });
        Ok(())
    }

    fn inner(&self) -> Result<&Authority, rustls::Error> {
        self.authority
            .get()
            .ok_or(rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer,
            ))
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let (Some(mark), None) = (self.mark, self.authority.get()) {
            let shown = intermediates
                .iter()
                .find(|shown| Sha256::digest(shown)[..8] == mark);
            if let Some(shown) = shown {
                self.pin(shown.clone().into_owned())?;
            }
        }
        let authority = self.inner()?;
        // A machine without a battery wakes up in 1970: no certificate of this authority is older than the authority
        // itself, and a hub's begins with it.
        let now = if now.as_secs() < authority.not_before.as_secs() {
            authority.not_before
        } else {
            now
        };
        authority.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner()?
            .inner
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner()?
            .inner
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
