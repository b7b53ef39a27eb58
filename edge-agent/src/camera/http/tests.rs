//! Tests of network cameras against a server in the test: streams, log-ins, broken and lying cameras.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

use base64::Engine;
use contract::event::CameraState;
use contract::time::Timestamp;
use vision::Picture;

use super::*;
use crate::camera::Config as CameraConfig;
use crate::camera::Credentials;
use crate::camera::Feed;
use crate::camera::FeedItem;

const SECRET: &str = "correct horse";
/// No test waits longer than this for an event.
const LIMIT: Duration = Duration::from_secs(30);

fn jpeg(shade: u8) -> Vec<u8> {
    Picture::from_rgb(16, 16, vec![shade; 16 * 16 * 3])
        .unwrap()
        .to_jpeg(90)
        .unwrap()
}

/// What a camera in a test was asked.
struct Asked {
    target: String,
    authorization: Option<String>,
    /// From 0.
    count: usize,
}

/// A camera that answers each connection's one request with what `answer` writes. Returns its address.
fn camera(
    answer: impl Fn(&Asked, &mut TcpStream) -> std::io::Result<()> + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            if reader.read_line(&mut line).is_err() {
                continue;
            }
            let mut asked = Asked {
                target: line.split(' ').nth(1).unwrap_or_default().to_owned(),
                authorization: None,
                count,
            };
            loop {
                line.clear();
                if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                    break;
                }
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("authorization")
                {
                    asked.authorization = Some(value.trim().to_owned());
                }
            }
            // The client may leave before it has read everything.
            let _ = answer(&asked, &mut stream);
        }
    });
    address
}

fn unauthorized(stream: &mut TcpStream, challenges: &[&str]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n")?;
    for challenge in challenges {
        write!(stream, "WWW-Authenticate: {challenge}\r\n")?;
    }
    write!(stream, "Connection: close\r\n\r\n")
}

fn start_stream(stream: &mut TcpStream) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=\"--cam\"\r\n\r\n"
    )
}

fn send_part(stream: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    write!(
        stream,
        "--cam\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    stream.write_all(b"\r\n")
}

fn send_picture(stream: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

fn config(url: &str, mode: Mode) -> Config {
    Config {
        url: url.to_owned(),
        mode,
        interval: Duration::from_millis(20),
        user: None,
        password_credential: None,
        tls_fingerprint: None,
    }
}

fn with_login(url: &str, mode: Mode) -> Config {
    Config {
        user: Some("gate".to_owned()),
        password_credential: Some("north".to_owned()),
        ..config(url, mode)
    }
}

/// A folder of credentials with one password, and what a source needs to open.
fn context() -> (Context, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("north"), SECRET).unwrap();
    let context = Context {
        credentials: Credentials::in_folder(Some(folder.path().to_owned())),
        clock: Clock::System,
        stop: CancellationToken::new(),
    };
    (context, folder)
}

async fn next(feed: &mut Feed) -> FeedItem {
    tokio::time::timeout(LIMIT, feed.next())
        .await
        .expect("something from the camera")
}

async fn next_state(feed: &mut Feed) -> (CameraState, String) {
    loop {
        if let FeedItem::State(state, why) = next(feed).await {
            return (state, why);
        }
    }
}

fn is_basic(asked: &Asked) -> bool {
    let wanted = base64::engine::general_purpose::STANDARD.encode(format!("gate:{SECRET}"));
    asked.authorization.as_deref() == Some(&format!("Basic {wanted}"))
}

fn is_digest(asked: &Asked) -> bool {
    let Some(header) = asked.authorization.as_deref() else {
        return false;
    };
    let Ok(mut answer) = digest_auth::AuthorizationHeader::parse(header) else {
        return false;
    };
    let response = answer.response.clone();
    answer.digest(&digest_auth::AuthContext::new(
        "gate",
        SECRET,
        asked.target.clone(),
    ));
    answer.response == response && answer.uri == asked.target
}

/// GR-02
#[test]
fn a_stream_behind_basic_or_digest_gives_its_pictures() {
    let digest = r#"Digest realm="cam", qop="auth", nonce="8f2c", algorithm=MD5"#;
    let sha = r#"Digest realm="cam", qop="auth", nonce="8f2c", algorithm=SHA-256"#;
    for challenges in [
        vec![r#"Basic realm="cam""#],
        vec![digest],
        vec![r#"Basic realm="cam""#, sha],
    ] {
        let wants_digest = challenges
            .iter()
            .any(|challenge| challenge.starts_with("Digest"));
        let asked_with = challenges.clone();
        let url = camera(move |asked, stream| {
            let is_in = if wants_digest {
                is_digest(asked)
            } else {
                is_basic(asked)
            };
            if !is_in {
                return unauthorized(stream, &asked_with);
            }
            start_stream(stream)?;
            for shade in [10, 20, 30] {
                send_part(stream, &jpeg(shade))?;
            }
            Ok(())
        });
        let (context, _folder) = context();
        let config = with_login(&format!("{url}/video?channel=1"), Mode::Mjpeg);
        let mut source = Stream::open(&config, &context).unwrap();
        for (number, shade) in [(1, 10), (2, 20), (3, 30)] {
            let frame = source.next().unwrap().unwrap();
            assert_eq!(frame.number, number, "{challenges:?}");
            assert_eq!(frame.pixels.bytes(), &jpeg(shade));
        }
        assert!(matches!(source.next(), Err(CameraError::Lost(_))));
    }
}

#[test]
fn snapshots_are_polled_with_one_digest_challenge() {
    let digest = r#"Digest realm="cam", qop="auth", nonce="8f2c", algorithm=MD5"#;
    let url = camera(move |asked, stream| {
        if !is_digest(asked) {
            return unauthorized(stream, &[digest]);
        }
        send_picture(stream, &jpeg(asked.count as u8))
    });
    let (context, _folder) = context();
    let config = with_login(&format!("{url}/shot.jpg"), Mode::Snapshot);
    let mut source = Stream::open(&config, &context).unwrap();
    for count in 1..4u8 {
        let frame = source.next().unwrap().unwrap();
        assert_eq!(frame.pixels.bytes(), &jpeg(count), "one challenge only");
    }
}

#[test]
fn a_wrong_password_is_refused_and_never_named() {
    let url = camera(|_, stream| unauthorized(stream, &[r#"Basic realm="cam""#]));
    let (context, _folder) = context();
    let target = format!("{url}/video?pwd=hunter2");
    let error = Stream::open(&with_login(&target, Mode::Mjpeg), &context)
        .err()
        .unwrap();
    assert!(matches!(error, CameraError::Refused { .. }), "{error}");
    let text = format!("{error} {error:?}");
    assert!(
        !text.contains(SECRET) && !text.contains("hunter2"),
        "{text}"
    );
    assert!(text.contains("401"), "{text}");
    let error = Stream::open(&config(&target, Mode::Mjpeg), &context)
        .err()
        .unwrap();
    assert!(error.to_string().contains("none are configured"), "{error}");
}

#[test]
fn what_a_camera_answers_wrongly_is_named() {
    let html = camera(|_, stream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"
        )
    });
    let missing = camera(|_, stream| {
        write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        )
    });
    let moved = camera(|_, stream| {
        write!(
            stream,
            "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
        )
    });
    let babble = camera(|_, stream| write!(stream, "RTSP/1.0 400 nonsense\r\n\r\n"));
    let (context, _folder) = context();
    for (url, wanted) in [
        (html, "snapshot"),
        (missing, "404"),
        (moved, "leads to"),
        (babble, "opening http://127.0.0.1"),
        ("http://127.0.0.1:1".to_owned(), "opening"),
    ] {
        let error = Stream::open(&config(&url, Mode::Mjpeg), &context)
            .err()
            .unwrap();
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[test]
fn a_snapshot_that_is_no_picture_is_garbage() {
    let url = camera(|_, stream| send_picture(stream, b"<html>busy</html>"));
    let (context, _folder) = context();
    let mut source = Stream::open(&config(&url, Mode::Snapshot), &context).unwrap();
    assert!(matches!(source.next(), Err(CameraError::Garbage(_))));
}

#[test]
fn an_address_that_can_not_work_is_a_fault_of_the_configuration() {
    for (url, wanted) in [
        ("camera.local", "url"),
        ("rtsp://camera/1", "http://"),
        ("http://gate:pw@camera/", "password_credential"),
        ("https://camera/", "tls_fingerprint"),
        ("http://", "url"),
    ] {
        let faults = config(url, Mode::Mjpeg).faults();
        assert_eq!(faults.len(), 1, "{url}");
        assert!(faults[0].contains(wanted), "{url}: {}", faults[0]);
        assert!(!faults[0].contains("pw@"));
    }
    let pinned = Config {
        tls_fingerprint: Some("AB:".repeat(31) + "ab"),
        ..config("https://[::1]:8443/x", Mode::Mjpeg)
    };
    assert_eq!(pinned.faults(), Vec::<String>::new());
    let address = Address::parse(&pinned).unwrap();
    assert_eq!((address.host.as_str(), address.port), ("::1", 8443));
    assert_eq!(address.tls, Some([0xab; 32]));
}

/// GR-15
#[tokio::test]
async fn a_stream_that_breaks_is_reported_and_opened_again() {
    let url = camera(|asked, stream| {
        start_stream(stream)?;
        send_part(stream, &jpeg(asked.count as u8 + 1))
    });
    let mut feed = Feed::start(
        "north",
        CameraConfig::Http(config(&url, Mode::Mjpeg)),
        Credentials::default(),
        Clock::System,
        false,
    )
    .unwrap();
    assert_eq!(next_state(&mut feed).await.0, CameraState::Live);
    let (state, why) = next_state(&mut feed).await;
    assert_eq!(state, CameraState::Offline);
    assert!(!why.is_empty());
    assert_eq!(next_state(&mut feed).await.0, CameraState::Live);
    assert!(feed.counts().opened >= 2);
}

#[tokio::test]
async fn a_stream_of_garbage_goes_offline_and_a_little_garbage_does_not() {
    let url = camera(|asked, stream| {
        start_stream(stream)?;
        let garbage = if asked.count == 0 { 3 } else { 200 };
        for _ in 0..garbage {
            send_part(stream, b"\0\0\0garbage")?;
        }
        send_part(stream, &jpeg(7))
    });
    let mut feed = Feed::start(
        "north",
        CameraConfig::Http(config(&url, Mode::Mjpeg)),
        Credentials::default(),
        Clock::System,
        false,
    )
    .unwrap();
    assert_eq!(next_state(&mut feed).await.0, CameraState::Live);
    assert_eq!(feed.counts().unreadable, 3);
    let (state, _) = next_state(&mut feed).await;
    assert_eq!(state, CameraState::Offline);
}

/// GR-15
#[tokio::test]
async fn a_picture_that_stays_the_same_to_the_last_bit_is_frozen_until_it_changes() {
    let shade = Arc::new(AtomicU8::new(50));
    let shown = Arc::clone(&shade);
    let url = camera(move |_, stream| {
        start_stream(stream)?;
        loop {
            send_part(stream, &jpeg(shown.load(Ordering::SeqCst)))?;
        }
    });
    let (clock, hand) = Clock::manual(Timestamp::from_millis(0));
    let mut feed = Feed::start(
        "north",
        CameraConfig::Http(config(&url, Mode::Mjpeg)),
        Credentials::default(),
        clock,
        false,
    )
    .unwrap();
    assert_eq!(next_state(&mut feed).await.0, CameraState::Live);
    while feed.counts().frames < 6 {
        next(&mut feed).await;
    }
    hand.advance(Duration::from_secs(11));
    let (state, why) = next_state(&mut feed).await;
    assert_eq!(state, CameraState::Frozen);
    assert!(why.contains("same picture"), "{why}");
    shade.store(200, Ordering::SeqCst);
    assert_eq!(next_state(&mut feed).await.0, CameraState::Live);
}
