//! A network camera for tests: a small RTSP/1.0 server that plays a [`Video`], and fails as it is told.

pub mod packets;
pub mod video;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use digest_auth::AuthContext;
use digest_auth::AuthorizationHeader;
use digest_auth::HttpMethod;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::rtsp::packets::Packer;
use crate::rtsp::video::Video;
use crate::rtsp::video::is_key;

/// The path of the stream; others are answered with 404.
const PATH: &str = "/stream1";
/// The nonce of the one challenge.
const NONCE: &str = "6761746577617264656e";
/// Ticks of RTP's video clock in a millisecond.
const TICKS: u32 = 90;

/// How a camera asks who it is.
#[derive(Clone, Debug)]
pub enum Login {
    /// User and password in each request.
    Basic(&'static str, &'static str),
    /// Only a proof that the password is known.
    Digest(&'static str, &'static str),
}

/// What goes wrong, counted in pictures of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// The connection ends in the middle of this picture.
    DieIn(usize),
    /// The second half of each NAL unit of this picture is missing.
    Cut(usize),
    /// The second packet of this picture is not sent, but counted.
    Lose(usize),
    /// This picture's packets are random bytes.
    Garbage(usize),
    /// Random bytes of this picture are wrong.
    Garble(usize),
    /// Key frames are left out.
    NoKeys,
    /// Nothing is sent after PLAY.
    Silent,
    /// No packet is marked as the last of its picture, and all have one time.
    NoMarks,
}

/// What a camera does.
#[derive(Clone, Debug)]
pub struct Script {
    /// What it plays; the last picture's key frame is repeated for ever after.
    pub video: Arc<Video>,
    /// The time between pictures.
    pub pace: Duration,
    /// Who may look; everybody without it.
    pub login: Option<Login>,
    /// Each DESCRIBE is answered with this status.
    pub status: Option<u16>,
    /// The codec that the description names.
    pub codec: &'static str,
    /// The parameter sets of the description instead of the video's.
    pub described_sets: Option<String>,
    /// What goes wrong in each session but the last of `troubled`.
    pub trouble: Trouble,
    /// In how many sessions something goes wrong.
    pub troubled: usize,
    /// Seconds until a session without a sign of life ends.
    pub timeout: u32,
    /// The first picture is repeated until [`Camera::begin`] is called.
    pub waits: bool,
}

impl Script {
    /// A camera without troubles.
    pub fn playing(video: Arc<Video>, pace: Duration) -> Self {
        Self {
            video,
            pace,
            login: None,
            status: None,
            codec: "H264",
            described_sets: None,
            trouble: Trouble::None,
            troubled: usize::MAX,
            timeout: 60,
            waits: false,
        }
    }
}

/// A camera that runs until it is dropped.
pub struct Camera {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    script: Script,
    /// Methods that were asked for, in order.
    asked: Mutex<Vec<String>>,
    /// Pictures that the first session has sent.
    sent: AtomicUsize,
    sessions: AtomicUsize,
    begun: AtomicBool,
}

impl Camera {
    /// Starts it on a port of its own.
    pub async fn start(script: Script) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            begun: AtomicBool::new(!script.waits),
            script,
            asked: Mutex::default(),
            sent: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
        });
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let (ours, until) = (Arc::clone(&shared), stop.clone());
        let connections = tracker.clone();
        tracker.spawn(until.clone().run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = Connection::new(stream, Arc::clone(&ours));
                let until = until.clone();
                connections.spawn(async move {
                    // A client that leaves, and a trouble that ends the connection, are no faults of the test.
                    let _ = until.run_until_cancelled(session.run()).await;
                });
            }
        }));
        Ok(Self {
            address,
            shared,
            stop,
        })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("rtsp://{}{PATH}", self.address)
    }

    /// Lets the video begin.
    pub fn begin(&self) {
        self.shared.begun.store(true, Ordering::Relaxed);
    }

    /// The methods that it was asked for.
    pub fn asked(&self) -> Vec<String> {
        self.shared
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the video has played to its end.
    pub fn has_played(&self) -> bool {
        self.shared.sent.load(Ordering::Relaxed) >= self.shared.script.video.pictures.len()
    }

    /// How many sessions have played.
    pub fn sessions(&self) -> usize {
        self.shared.sessions.load(Ordering::Relaxed)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// One connection of a client.
struct Connection {
    stream: TcpStream,
    shared: Arc<Shared>,
    received: BytesMut,
    way: Way,
    packer: Packer,
    /// The next picture, once it plays.
    playing: Option<usize>,
    /// Pictures sent, repeated ones included.
    ticks: u32,
    trouble: Trouble,
}

/// How the packets travel.
enum Way {
    Interleaved,
    Datagrams(UdpSocket),
}

/// One request.
struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl Connection {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self {
            stream,
            shared,
            received: BytesMut::new(),
            way: Way::Interleaved,
            packer: Packer::new(),
            playing: None,
            ticks: 0,
            trouble: Trouble::None,
        }
    }

    /// Answers requests and plays, until the client leaves.
    async fn run(mut self) -> anyhow::Result<()> {
        let mut pace = tokio::time::interval(self.shared.script.pace);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            while let Some(request) = self.request()? {
                self.answer(&request).await?;
            }
            tokio::select! {
                read = self.stream.read_buf(&mut self.received) => {
                    if read? == 0 {
                        return Ok(());
                    }
                }
                _ = pace.tick(), if self.playing.is_some() => self.play().await?,
            }
        }
    }

    /// A request that has come whole. What a client sends about its reception is passed over.
    fn request(&mut self) -> anyhow::Result<Option<Request>> {
        while self.received.first() == Some(&b'$') {
            let Some([_, _, high, low]) = self.received.first_chunk::<4>().copied() else {
                return Ok(None);
            };
            let length = 4 + usize::from(u16::from_be_bytes([high, low]));
            if self.received.len() < length {
                return Ok(None);
            }
            let _ = self.received.split_to(length);
        }
        let end = self
            .received
            .windows(4)
            .position(|four| four == b"\r\n\r\n");
        let Some(end) = end else { return Ok(None) };
        let head = self.received.split_to(end + 4);
        let text = std::str::from_utf8(&head).context("reading a request")?;
        let mut lines = text.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            bail!("a request without method and address");
        };
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        Ok(Some(Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
        }))
    }

    async fn answer(&mut self, request: &Request) -> anyhow::Result<()> {
        self.shared
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request.method.clone());
        let script = self.shared.script.clone();
        if !script
            .login
            .as_ref()
            .is_none_or(|login| knows(login, request))
        {
            let challenge = match script.login {
                Some(Login::Basic(..)) => "Basic realm=\"camera\"".to_owned(),
                _ => format!("Digest realm=\"camera\", nonce=\"{NONCE}\", algorithm=MD5"),
            };
            let header = format!("WWW-Authenticate: {challenge}\r\n");
            return self.reply(request, 401, &header, "").await;
        }
        if !request.target.contains(PATH) {
            return self.reply(request, 404, "", "").await;
        }
        match request.method.as_str() {
            "OPTIONS" => {
                let methods = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n";
                self.reply(request, 200, methods, "").await
            }
            "DESCRIBE" => match script.status {
                Some(status) => self.reply(request, status, "", "").await,
                None => {
                    let header = format!(
                        "Content-Base: {}/\r\nContent-Type: application/sdp\r\n",
                        request.target
                    );
                    let body = description(&script);
                    self.reply(request, 200, &header, &body).await
                }
            },
            "SETUP" => {
                let transport = self.set_up(request).await?;
                let header = format!(
                    "Transport: {transport}\r\nSession: 4711;timeout={}\r\n",
                    script.timeout
                );
                self.reply(request, 200, &header, "").await
            }
            "PLAY" => {
                self.reply(request, 200, "Session: 4711\r\nRange: npt=0-\r\n", "")
                    .await?;
                let before = self.shared.sessions.fetch_add(1, Ordering::Relaxed);
                if before < script.troubled {
                    self.trouble = script.trouble;
                }
                self.playing = Some(0);
                Ok(())
            }
            "TEARDOWN" => {
                self.playing = None;
                self.reply(request, 200, "", "").await
            }
            "GET_PARAMETER" => self.reply(request, 200, "Session: 4711\r\n", "").await,
            _ => self.reply(request, 405, "", "").await,
        }
    }

    async fn reply(
        &mut self,
        request: &Request,
        status: u16,
        headers: &str,
        body: &str,
    ) -> anyhow::Result<()> {
        let number = request.header("CSeq").unwrap_or("0");
        let reason = if status == 200 { "OK" } else { "No" };
        let answer = format!(
            "RTSP/1.0 {status} {reason}\r\nCSeq: {number}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(self.stream.write_all(answer.as_bytes()).await?)
    }

    /// Takes the way that the client asks for, and names it.
    async fn set_up(&mut self, request: &Request) -> anyhow::Result<String> {
        let asked = request.header("Transport").unwrap_or_default();
        let Some(ports) = asked
            .split(';')
            .find_map(|part| part.strip_prefix("client_port="))
        else {
            return Ok("RTP/AVP/TCP;unicast;interleaved=0-1".to_owned());
        };
        let port: u16 = ports.split('-').next().unwrap_or_default().parse()?;
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket
            .connect((self.stream.peer_addr()?.ip(), port))
            .await?;
        let ours = socket.local_addr()?.port();
        self.way = Way::Datagrams(socket);
        Ok(format!(
            "RTP/AVP;unicast;client_port={ports};server_port={ours}-{}",
            ours.wrapping_add(1)
        ))
    }

    /// Sends the next picture.
    async fn play(&mut self) -> anyhow::Result<()> {
        let Some(number) = self.playing else {
            return Ok(());
        };
        if self.trouble == Trouble::Silent {
            return Ok(());
        }
        let has_begun = self.shared.begun.load(Ordering::Relaxed);
        let video = Arc::clone(&self.shared.script.video);
        let mut nals = match video.pictures.get(number) {
            Some(nals) => nals.clone(),
            None => still(&video),
        };
        if self.trouble == Trouble::Cut(number) {
            for nal in nals.iter_mut().filter(|nal| nal.len() > 40) {
                nal.truncate(nal.len() / 2);
            }
        }
        if self.trouble == Trouble::Garble(number) {
            for nal in &mut nals {
                for byte in nal.iter_mut().skip(20).step_by(7) {
                    *byte ^= 0x5a;
                }
            }
        }
        let millis = self.shared.script.pace.as_millis() as u32;
        let timestamp = self.ticks.wrapping_mul(millis.max(1)).wrapping_mul(TICKS);
        self.ticks = self.ticks.wrapping_add(1);
        let mut packets = self.packer.pack(&nals, timestamp);
        match self.trouble {
            Trouble::NoKeys if nals.iter().any(|nal| is_key(nal)) => packets.clear(),
            Trouble::Lose(lost) if lost == number && packets.len() > 1 => {
                packets.remove(1);
            }
            Trouble::Garbage(bad) if bad == number => {
                for (index, packet) in packets.iter_mut().enumerate() {
                    packet.fill(index as u8 ^ 0xa7);
                }
            }
            Trouble::DieIn(last) if last == number => {
                packets.truncate(packets.len().div_ceil(2));
                self.send(&packets).await?;
                bail!("the camera dies as it was told");
            }
            Trouble::NoMarks => {
                for packet in &mut packets {
                    packet[1] &= 0x7f;
                    packet[4..8].fill(0);
                }
            }
            Trouble::None
            | Trouble::Silent
            | Trouble::NoKeys
            | Trouble::Cut(_)
            | Trouble::Garble(_)
            | Trouble::Lose(_)
            | Trouble::Garbage(_)
            | Trouble::DieIn(_) => {}
        }
        self.send(&packets).await?;
        if has_begun {
            self.playing = Some(number + 1);
            self.shared.sent.fetch_max(number + 1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn send(&mut self, packets: &[Vec<u8>]) -> anyhow::Result<()> {
        match &self.way {
            Way::Datagrams(socket) => {
                for packet in packets {
                    // The client may have closed its port.
                    let _ = socket.send(packet).await;
                }
            }
            Way::Interleaved => {
                for packet in packets {
                    let mut framed = vec![b'$', 0];
                    framed.extend_from_slice(&(packet.len() as u16).to_be_bytes());
                    framed.extend_from_slice(packet);
                    self.stream.write_all(&framed).await?;
                }
            }
        }
        Ok(())
    }
}

/// What the camera shows after its video: the last key frame again and again.
fn still(video: &Video) -> Vec<Vec<u8>> {
    video
        .pictures
        .iter()
        .rev()
        .find(|nals| nals.iter().any(|nal| is_key(nal)))
        .cloned()
        .unwrap_or_default()
}

/// Whether the request proves that its sender may look.
fn knows(login: &Login, request: &Request) -> bool {
    let Some(sent) = request.header("Authorization") else {
        return false;
    };
    match login {
        Login::Basic(user, password) => sent.strip_prefix("Basic ").is_some_and(|sent| {
            STANDARD.decode(sent).ok() == Some(format!("{user}:{password}").into_bytes())
        }),
        Login::Digest(user, password) => {
            let Ok(sent) = AuthorizationHeader::parse(sent) else {
                return false;
            };
            let context = AuthContext::new_with_method(
                *user,
                *password,
                &request.target,
                Option::<&[u8]>::None,
                HttpMethod::from(request.method.clone()),
            );
            let mut wanted = sent.clone();
            wanted.digest(&context);
            sent.username == *user && sent.nonce == NONCE && sent.response == wanted.response
        }
    }
}

fn description(script: &Script) -> String {
    let sets = script
        .described_sets
        .clone()
        .unwrap_or_else(|| script.video.described_sets());
    let parameters = if sets.is_empty() {
        String::new()
    } else {
        format!(";sprop-parameter-sets={sets}")
    };
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Gate\r\nt=0 0\r\na=control:*\r\n\
         m=audio 0 RTP/AVP 0\r\na=control:audio\r\n\
         m=video 0 RTP/AVP 96\r\na=rtpmap:96 {codec}/90000\r\n\
         a=fmtp:96 packetization-mode=1{parameters}\r\na=control:video\r\n",
        codec = script.codec
    )
}
