//! A peer with a good certificate, or none, that says nonsense.

use std::sync::Arc;
use std::time::Duration;

use contract::event::Event;
use contract::time::Moment;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use contract::wire::ALPN;
use contract::wire::ALPN_ENROL;
use contract::wire::Batch;
use contract::wire::Hello;
use contract::wire::Message;
use quinn::crypto::rustls::QuicClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::pair::Edge;
use crate::pair::Hub;

/// Connects once and throws what `seed` says.
pub async fn throw(hub: &Hub, edge: &Edge, seed: u64) {
    let endpoint = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
    let config = client(hub, edge, seed % 4 == 3);
    let connecting = endpoint
        .connect_with(config, hub.address, "hub.gatewarden.internal")
        .unwrap();
    let connection = connecting.await.unwrap();
    let thrown = async {
        let (mut send, mut receive) = connection.open_bi().await?;
        if seed % 4 == 1 || seed % 4 == 2 {
            send.write_all(&hello(edge, seed).to_frame()).await?;
            let mut some = [0; 8];
            receive.read_exact(&mut some).await?;
            for n in 0..3 {
                let (mut events, _) = connection.open_bi().await?;
                events.write_all(&bytes(seed * 7 + n)).await?;
                events.finish()?;
            }
        } else {
            send.write_all(&bytes(seed)).await?;
            send.finish()?;
        }
        anyhow::Ok(())
    };
    // The hub may close in the middle: that is its right.
    let _ = tokio::time::timeout(Duration::from_secs(10), thrown).await;
    let _ = tokio::time::timeout(Duration::from_millis(300), connection.closed()).await;
    connection.close(0u32.into(), b"");
    endpoint.wait_idle().await;
}

fn hello(edge: &Edge, seed: u64) -> Message {
    Message::from(Hello {
        edge: edge.id,
        epoch: 1_000_000 + seed,
        first_seq: 1,
        next_seq: 1_000,
        boot: "thrower".into(),
        version: "0".into(),
        directives_through: 0,
        book_version: 0,
    })
}

/// Frames that are wrong in one way each.
fn bytes(seed: u64) -> Vec<u8> {
    let mut noise = rand_bytes(seed, 400);
    match seed % 6 {
        0 => noise,
        // A batch whose body is noise.
        1 => frame(4, &noise),
        // A giant announcement.
        2 => vec![0, 4, 0, 1, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3],
        // A picture's offer of noise.
        3 => frame(9, &noise),
        // Cut short.
        4 => {
            noise = frame(4, &noise);
            noise.truncate(100);
            noise
        }
        // Well formed, behind a gap, in the epoch of the hello that went before.
        _ => {
            let event = Event {
                seq: 900,
                at: Moment {
                    wall: Timestamp::from_millis(0),
                    monotonic_ms: 0,
                    boot: "thrower".into(),
                    quality: TimeQuality::Unsynced,
                },
                gate: None,
                kind: 999,
                body: vec![0xff].into(),
            };
            let epoch = 1_000_000 + seed / 7;
            Message::from(Batch::pack(epoch, &[event]).unwrap()).to_frame()
        }
    }
}

fn frame(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut frame = kind.to_be_bytes().to_vec();
    frame.extend([0, 1]);
    frame.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    frame.extend(body);
    frame
}

fn rand_bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

fn client(hub: &Hub, edge: &Edge, stranger: bool) -> quinn::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(hub.authority.certificate().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let mut tls = if stranger {
        builder.with_no_client_auth()
    } else {
        let read = |name: &str| std::fs::read(edge.data().join("identity").join(name)).unwrap();
        let certificate = CertificateDer::from_pem_slice(&read("certificate.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(&read("key.pem")).unwrap();
        builder
            .with_client_auth_cert(vec![certificate], key)
            .unwrap()
    };
    tls.alpn_protocols = vec![if stranger { ALPN_ENROL } else { ALPN }.to_vec()];
    quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
}
