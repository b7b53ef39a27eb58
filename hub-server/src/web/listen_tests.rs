//! The listeners as strangers meet them, over real sockets.

use rustls_pki_types::ServerName;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsConnector;

use super::*;
use crate::web;
use crate::web::testing::TestHub;

const LIMIT: Duration = Duration::from_secs(10);

/// A hub's site behind its real listener.
async fn listening(connections: usize) -> (TestHub, SocketAddr) {
    let test = TestHub::new().await;
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        connections,
        ..Config::default()
    };
    let names = vec!["localhost".to_owned()];
    let authority = Arc::clone(&test.hub.authority);
    let https = Https::bind(
        &config,
        authority,
        names.clone(),
        contract::time::Clock::System.wall(),
    )
    .await
    .unwrap();
    let address = https.address().unwrap();
    let site = web::site(Arc::clone(&test.hub), &config, &names);
    test.hub
        .tasks
        .spawn(https.serve(Arc::clone(&test.hub), site));
    (test, address)
}

fn connector(
    test: &TestHub,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsConnector {
    connector_to(test.hub.authority.certificate().clone(), versions)
}

fn connector_to(
    root: rustls_pki_types::CertificateDer<'static>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn fetch(connector: &TlsConnector, address: SocketAddr) -> String {
    let work = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        let request = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    tokio::time::timeout(LIMIT, work).await.unwrap()
}

/// SE-40, SE-41: TLS 1.2 and 1.3 under a certificate that the hub made itself.
#[tokio::test]
async fn https_answers_under_the_hubs_own_authority() {
    let (test, address) = listening(8).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let answer = fetch(&connector(&test, &[version]), address).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("\"database\":\"ok\""), "{answer}");
    }
}

/// SE-40: nothing is answered in plain text.
#[tokio::test]
async fn plain_text_at_the_https_port_gets_no_answer() {
    let (_test, address) = listening(8).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection is closed");
    assert!(
        !String::from_utf8_lossy(&answer).contains("HTTP/"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_silent_client_costs_one_connection_and_a_stop_ends_all() {
    let (test, address) = listening(2).await;
    let silent = TcpStream::connect(address).await.unwrap();
    let both = [&rustls::version::TLS12, &rustls::version::TLS13];
    let answer = fetch(&connector(&test, &both), address).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(silent);
    test.hub.stop.cancel();
    test.hub.tasks.close();
    tokio::time::timeout(LIMIT, test.hub.tasks.wait())
        .await
        .unwrap();
}

fn location(host: Option<&str>, path: &str, port: u16) -> (StatusCode, String) {
    let mut request = Request::builder().uri(path);
    if let Some(host) = host {
        request = request.header(header::HOST, host);
    }
    let response = redirected(&request.body(()).unwrap(), port);
    let location = response.headers().get(header::LOCATION);
    (
        response.status(),
        location.map_or(String::new(), |l| l.to_str().unwrap().to_owned()),
    )
}

/// SE-43: `http://host/x` returns 301 to `https://host/x`.
#[test]
fn plain_http_is_sent_to_https_with_its_path() {
    assert_eq!(
        location(Some("hub.example"), "/x?y=1", 443),
        (
            StatusCode::MOVED_PERMANENTLY,
            "https://hub.example/x?y=1".into()
        )
    );
    assert_eq!(
        location(Some("[::1]:8080"), "/", 8443).1,
        "https://[::1]:8443/"
    );
    for odd in [None, Some(""), Some("a b"), Some("user@hub"), Some("hub/x")] {
        assert_eq!(
            location(odd, "/", 443).0,
            StatusCode::BAD_REQUEST,
            "{odd:?}"
        );
    }
}

/// SE-40: a scanner's question in each older version gets the alert for it; so does anything before TLS.
#[tokio::test]
async fn older_versions_of_tls_are_refused_with_their_alert() {
    let (_test, address) = listening(8).await;
    for (minor, name) in [
        (0, "SSL 3.0"),
        (1, "TLS 1.0"),
        (2, "TLS 1.1"),
        (3, "TLS 1.2"),
    ] {
        let mut hello = vec![3, minor];
        hello.extend([7; 32]);
        // No session; ECDHE with ECDSA; no compression; P-256 and its signatures.
        hello.extend([0, 0, 4, 0xc0, 0x2b, 0xc0, 0x09, 1, 0, 0, 22]);
        hello.extend([0, 10, 0, 4, 0, 2, 0, 0x17]);
        hello.extend([0, 13, 0, 4, 0, 2, 4, 3]);
        hello.extend([0, 11, 0, 2, 1, 0]);
        let length = u8::try_from(hello.len()).unwrap();
        let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
        record.extend(hello);
        let answer = speak(address, &record, true).await;
        // 21 is an alert, and 70 protocol_version; 22 is a server that goes on.
        let seen = (answer[0], answer[6]);
        if minor < 3 {
            assert_eq!(seen, (21, 70), "{name}: {answer:?}");
        } else {
            assert_eq!(seen.0, 22, "{name}: {answer:?}");
        }
    }
    let ssl2 = [0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10];
    let answer = speak(address, &ssl2, true).await;
    assert!(
        answer.first().is_none_or(|first| *first == 21),
        "{answer:?}"
    );
}

/// Sends bytes, says that no more come or not, and gives what comes back until the end.
async fn speak(address: SocketAddr, bytes: &[u8], is_all: bool) -> Vec<u8> {
    let work = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        if is_all {
            stream.shutdown().await.unwrap();
        }
        let mut answer = Vec::new();
        // A reset after the alert is an end, too.
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    tokio::time::timeout(LIMIT, work).await.unwrap()
}

/// SE-42: a certificate that is dropped in is shown to the next who connects; a connection that runs goes on.
#[tokio::test]
async fn a_new_certificate_is_shown_without_ending_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    let put = |authority: &Authority| {
        let now = contract::time::Clock::System.wall();
        let issued = authority
            .issue_server(&["localhost".to_owned()], now)
            .unwrap();
        let pem = |label: &str, der: &[u8]| {
            let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, der);
            format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
        };
        std::fs::write(
            folder.path().join("chain.pem"),
            pem("CERTIFICATE", &issued.chain[0]),
        )
        .unwrap();
        let path = folder.path().join("key.pem");
        std::fs::write(&path, pem("PRIVATE KEY", issued.key.secret_der())).unwrap();
        let private = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
        std::fs::set_permissions(path, private).unwrap();
    };
    let now = contract::time::Clock::System.wall();
    let first = Authority::open(&folder.path().join("first"), now).unwrap();
    let second = Authority::open(&folder.path().join("second"), now).unwrap();
    put(&first);
    let config = Config {
        certificate: Some(folder.path().join("chain.pem")),
        key: Some(folder.path().join("key.pem")),
        ..Config::default()
    };
    let test = TestHub::new().await;
    let https = bind(&test, config).await;
    let address = https.address().unwrap();
    let certificates = Arc::clone(&https.certificates);
    let site = web::site(
        Arc::clone(&test.hub),
        &Config::default(),
        &["localhost".to_owned()],
    );
    test.hub
        .tasks
        .spawn(https.serve(Arc::clone(&test.hub), site));
    let both = [&rustls::version::TLS12, &rustls::version::TLS13];
    let trusting = |authority: &Authority| connector_to(authority.certificate().clone(), &both);
    let mut running = open(&trusting(&first), address).await.unwrap();
    assert!(ask(&mut running).await.starts_with("HTTP/1.1 200"));
    put(&second);
    assert!(certificates.reload(now).unwrap());
    assert!(
        open(&trusting(&first), address).await.is_err(),
        "the old one is shown"
    );
    let mut fresh = open(&trusting(&second), address).await.unwrap();
    assert!(ask(&mut fresh).await.starts_with("HTTP/1.1 200"));
    assert!(
        ask(&mut running).await.starts_with("HTTP/1.1 200"),
        "the running one ended"
    );
}

async fn bind(test: &TestHub, config: Config) -> Https {
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        ..config
    };
    let names = vec!["localhost".to_owned()];
    let now = contract::time::Clock::System.wall();
    Https::bind(&config, Arc::clone(&test.hub.authority), names, now)
        .await
        .unwrap()
}

type Open = tokio_rustls::client::TlsStream<TcpStream>;

async fn open(connector: &TlsConnector, address: SocketAddr) -> std::io::Result<Open> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, stream).await
}

/// Asks once more on an open connection.
async fn ask(stream: &mut Open) -> String {
    let request = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !answer.ends_with(b"}") {
        let count = tokio::time::timeout(LIMIT, stream.read(&mut part))
            .await
            .unwrap()
            .unwrap();
        assert!(count > 0, "the connection ended");
        answer.extend(&part[..count]);
    }
    String::from_utf8(answer).unwrap()
}

/// SE-23: more connections than the bound of one address are closed at once and counted; who is connected is served.
#[tokio::test]
async fn connections_over_the_bound_are_closed_at_once_and_counted() {
    let test = TestHub::new().await;
    let https = bind(
        &test,
        Config {
            connections_per_address: 3,
            ..Config::default()
        },
    )
    .await;
    let address = https.address().unwrap();
    let site = web::site(
        Arc::clone(&test.hub),
        &Config::default(),
        &["localhost".to_owned()],
    );
    test.hub
        .tasks
        .spawn(https.serve(Arc::clone(&test.hub), site));
    let both = [&rustls::version::TLS12, &rustls::version::TLS13];
    let connector = connector(&test, &both);
    let mut served = open(&connector, address).await.unwrap();
    let _silent = [
        TcpStream::connect(address).await.unwrap(),
        TcpStream::connect(address).await.unwrap(),
    ];
    let answer = speak(address, b"", false).await;
    assert!(answer.is_empty());
    assert!(ask(&mut served).await.starts_with("HTTP/1.1 200"));
    let metrics = crate::metrics::render();
    let counted = "gatewarden_hub_refused_connections_total{why=\"address\"}";
    assert!(metrics.contains(counted), "{metrics}");
}

/// SE-41, SE-43: in plain HTTP there is a redirect, and what one needs to trust the hub; nothing of the API.
#[tokio::test]
async fn plain_http_helps_to_trust_the_hub_and_redirects_the_rest() {
    let test = TestHub::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    test.hub
        .tasks
        .spawn(redirect(Arc::clone(&test.hub), listener, 8443));
    let get = async |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nhost: hub.example\r\n\r\n");
        String::from_utf8(speak(address, request.as_bytes(), false).await).unwrap()
    };
    let trust = get("/trust").await;
    assert!(
        trust.starts_with("HTTP/1.1 200") && trust.contains(&test.hub.authority.sha256_text()),
        "{trust}"
    );
    let file = get("/authority.crt").await;
    assert!(
        file.contains("BEGIN CERTIFICATE") && file.contains("x-x509-ca-cert"),
        "{file}"
    );
    for path in [
        "/",
        "/health",
        "/api/v1/session",
        "/trust/",
        "/trust%2f",
        "/metrics",
    ] {
        let moved = get(path).await;
        let there = format!("location: https://hub.example:8443{path}\r\n");
        assert!(
            moved.starts_with("HTTP/1.1 301") && moved.contains(&there),
            "{moved}"
        );
    }
    for answer in [trust, file, get("/").await] {
        assert!(
            answer.contains("x-content-type-options: nosniff")
                && answer.contains("x-frame-options: DENY"),
            "{answer}"
        );
        assert!(!answer.contains("strict-transport-security"), "{answer}");
    }
}
