//! One connection to a camera: TCP, or TLS to the one certificate whose fingerprint is configured.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::DigitallySignedStruct;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::ServerName;
use rustls_pki_types::UnixTime;
use sha2::Digest;
use sha2::Sha256;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::TaskTracker;

/// A connection that is ready for one request. Its task ends with it.
pub(super) async fn connect(
    host: &str,
    port: u16,
    fingerprint: Option<[u8; 32]>,
    tracker: &TaskTracker,
) -> Result<SendRequest<Empty<Bytes>>, String> {
    let stream = TcpStream::connect((host, port))
        .await
        .map_err(|error| error.to_string())?;
    // A frame is wanted at once, and requests are small.
    stream
        .set_nodelay(true)
        .map_err(|error| error.to_string())?;
    match fingerprint {
        None => shake_hands(stream, tracker).await,
        Some(fingerprint) => {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|_| "its host is no name for TLS".to_owned())?;
            let stream = connector(fingerprint)?
                .connect(name, stream)
                .await
                .map_err(|error| error.to_string())?;
            shake_hands(stream, tracker).await
        }
    }
}

async fn shake_hands(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    tracker: &TaskTracker,
) -> Result<SendRequest<Empty<Bytes>>, String> {
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(256 << 10)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // Its errors come out of the request and the body as well.
    tracker.spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

fn connector(fingerprint: [u8; 32]) -> Result<TlsConnector, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned {
            fingerprint,
            provider,
        }))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Trusts one certificate by its hash, whoever signed it and whatever name it carries.
#[derive(Debug)]
struct Pinned {
    fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found: [u8; 32] = Sha256::digest(certificate).into();
        if found == self.fingerprint {
            return Ok(ServerCertVerified::assertion());
        }
        let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        Err(rustls::Error::General(format!(
            "the camera's certificate has the fingerprint {found}, another one is configured"
        )))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
