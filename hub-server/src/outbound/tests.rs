//! The way out against real receivers that are hostile, slow or badly certified.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::Response;
use rcgen::CertifiedKey;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::outbound::dial::Script;

fn local() -> Config {
    Config {
        allow: vec!["127.0.0.1/32".parse().unwrap()],
        timeout: Duration::from_secs(5),
        ..Config::default()
    }
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

/// Answers every connection with these bytes, after it has read a request's head.
async fn receiver(answer: &'static [u8]) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer).await;
        }
    });
    (port, task)
}

async fn answer_of(config: &Config, url: &str) -> Result<Response<Bytes>, OutboundError> {
    Outbound::open(config).unwrap().send(get(url)).await
}

async fn locally<F: Future<Output = ()>>(test: F) {
    tokio::task::LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn an_answer_comes_back_whole_and_a_redirect_is_not_followed() {
    locally(async {
        let (port, _task) = receiver(
            b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/\r\ncontent-length: 2\r\n\r\nhi",
        )
        .await;
        let answer = answer_of(&local(), &format!("http://127.0.0.1:{port}/a?b=c"))
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 302);
        assert_eq!(answer.body().as_ref(), b"hi");
    })
    .await;
}

/// ThingsBoard CVE-2025-34282.
#[tokio::test]
async fn nothing_private_is_called_however_it_is_written() {
    for url in [
        "http://127.0.0.1:9/",
        "https://127.0.0.1:9/",
        "https://localhost:9/",
        "https://0x7f.1:9/",
        "https://2130706433:9/",
        "https://0177.0.0.1:9/",
        "https://[::1]:9/",
        "https://[::ffff:127.0.0.1]:9/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://10.1.2.3/",
        "https://[fd00::1]/",
        "https://0.0.0.0:9/",
    ] {
        let refused = answer_of(&Config::default(), url).await.unwrap_err();
        assert!(
            matches!(
                refused,
                OutboundError::Forbidden(_) | OutboundError::NoSuchHost
            ),
            "{url}: {refused}"
        );
    }
}

#[test]
fn an_address_that_is_none_is_refused() {
    for url in [
        "",
        "x",
        "/a",
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "javascript:alert(1)",
        "https://",
        "https://user:pass@example.com/",
        "https://a@b/",
        "http://exa mple.com/",
    ] {
        assert!(https::check_url(url).is_err(), "{url}");
    }
    assert!(https::check_url("https://example.com/hook?x=1").is_ok());
}

#[tokio::test]
async fn plain_text_goes_to_allowed_networks_only() {
    let resolver = scripted(&[&["93.184.216.34"]]);
    let out = Outbound::over(&Config::default(), resolver).unwrap();
    let refused = out.send(get("http://example.com/")).await.unwrap_err();
    assert!(matches!(refused, OutboundError::Plain), "{refused}");
}

fn scripted(answers: &[&[&str]]) -> Resolver {
    let answers: Vec<Vec<IpAddr>> = answers
        .iter()
        .map(|turn| turn.iter().map(|text| text.parse().unwrap()).collect())
        .collect();
    Resolver::Scripted(Mutex::new(Script { answers, asked: 0 }))
}

/// DNS rebinding: a name that says something else after the check is not asked again; what was checked is called.
#[tokio::test]
async fn a_name_that_turns_private_after_the_check_gains_nothing() {
    locally(async {
        let (port, _task) = receiver(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        let resolver = scripted(&[&["127.0.0.1"], &["169.254.169.254"]]);
        let out = Outbound::over(&local(), resolver).unwrap();
        let url = format!("http://rebind.example:{port}/");
        let answer = out.send(get(&url)).await.unwrap();
        assert_eq!(answer.status().as_u16(), 204);
        match &out.inner.resolver {
            Resolver::Scripted(script) => assert_eq!(script.lock().unwrap().asked, 1),
            Resolver::System => panic!("it was scripted"),
        }
        // The next request looks again, and what it sees then is refused.
        let refused = out.send(get(&url)).await.unwrap_err();
        assert!(matches!(refused, OutboundError::Forbidden(_)), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn of_a_names_addresses_only_those_that_may_be_called_are() {
    locally(async {
        let (port, _task) = receiver(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        let resolver = scripted(&[&["10.0.0.1", "::1", "127.0.0.1", "169.254.169.254"]]);
        let out = Outbound::over(&local(), resolver).unwrap();
        let answer = out
            .send(get(&format!("http://mixed.example:{port}/")))
            .await;
        assert_eq!(answer.unwrap().status().as_u16(), 204);
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_hangs_or_never_ends_costs_no_more_than_the_limits() {
    locally(async {
        let config = Config {
            timeout: Duration::from_millis(300),
            ..local()
        };
        let (port, _task) = receiver(b"HTTP/1.1 200 OK\r\n").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = listener.local_addr().unwrap().port();
        // Nobody accepts: the kernel takes the call, and no answer ever comes.
        let hung = answer_of(&config, &format!("http://127.0.0.1:{silent}/")).await;
        assert!(matches!(hung, Err(OutboundError::TimedOut)), "{hung:?}");
        let cut = answer_of(&config, &format!("http://127.0.0.1:{port}/")).await;
        assert!(
            matches!(cut, Err(OutboundError::Broken(_) | OutboundError::TimedOut)),
            "{cut:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_10_gb_is_cut_at_the_limit() {
    locally(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let flood = tokio::task::spawn_local(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await.unwrap();
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n")
                .await;
            let mut sent = 0_usize;
            while stream.write_all(&[b'x'; 65536]).await.is_ok() {
                sent += 65536;
            }
            sent
        });
        let refused = answer_of(&local(), &format!("http://127.0.0.1:{port}/")).await;
        assert!(
            matches!(refused, Err(OutboundError::TooLarge(_))),
            "{refused:?}"
        );
        // The connection was closed on it: it could send what buffers hold, not gigabytes.
        assert!(flood.await.unwrap() < 64 * 1024 * 1024);
    })
    .await;
}

#[tokio::test]
async fn a_head_without_an_end_is_refused() {
    locally(async {
        let head: &'static [u8] = Box::leak(
            [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 200_000]]
                .concat()
                .into(),
        );
        let (port, _task) = receiver(head).await;
        let refused = answer_of(&local(), &format!("http://127.0.0.1:{port}/")).await;
        assert!(
            matches!(refused, Err(OutboundError::Broken(_))),
            "{refused:?}"
        );
    })
    .await;
}

/// Serves HTTPS with a self-made certificate for `name` and returns its port and the certificate as PEM.
async fn secure(name: &str) -> (u16, String) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    (port, cert.pem())
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_for_another_name_is_refused() {
    locally(async {
        let folder = tempfile::tempdir().unwrap();
        let (port, pem) = secure("hook.example").await;
        let file: PathBuf = folder.path().join("authority.pem");
        std::fs::write(&file, pem).unwrap();
        let trusting = Config {
            authorities: vec![file],
            ..local()
        };
        let send = |config: Config, host: &'static str| async move {
            let out = Outbound::over(&config, scripted(&[&["127.0.0.1"]])).unwrap();
            out.send(get(&format!("https://{host}:{port}/"))).await
        };
        let stranger = send(local(), "hook.example").await;
        assert!(
            matches!(stranger, Err(OutboundError::Tls(_))),
            "{stranger:?}"
        );
        let other = send(trusting.clone(), "other.example").await;
        assert!(matches!(other, Err(OutboundError::Tls(_))), "{other:?}");
        let right = send(trusting, "hook.example").await.unwrap();
        assert_eq!(right.status().as_u16(), 204);
        // What speaks no TLS is not spoken to in plain text instead.
        let (plain, _task) = receiver(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let refused = answer_of(&local(), &format!("https://127.0.0.1:{plain}/")).await;
        assert!(matches!(refused, Err(OutboundError::Tls(_))), "{refused:?}");
    })
    .await;
}
