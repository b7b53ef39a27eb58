//! A network camera over HTTP: a multipart MJPEG stream, or pictures polled one by one.

use std::time::Duration;

use bytes::Bytes;
use contract::time::Clock;
use http_body_util::BodyExt;
use http_body_util::Empty;
use http_body_util::Limited;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::Uri;
use hyper::body::Incoming;
use hyper::header;
use hyper::header::HeaderValue;
use serde::Deserialize;
use serde::Serialize;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::camera::CameraError;
use crate::camera::Context;
use crate::camera::Frame;
use crate::camera::FrameSource;
use crate::camera::Pixels;
use crate::camera::http::login::Login;
use crate::camera::multipart::LONGEST_PART;
use crate::camera::multipart::Multipart;

mod login;
mod transport;

/// A camera that gives no complete picture for so long is gone.
const SILENCE: Duration = Duration::from_secs(5);
/// What is sent as User-Agent.
const AGENT: &str = concat!("gatewarden/", env!("CARGO_PKG_VERSION"));

/// A network camera.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address, "http://host[:port]/path" or "https://..", without user and password.
    pub url: String,
    /// A stream, or single pictures.
    #[serde(default)]
    pub mode: Mode,
    /// The time from one picture to the next in mode "snapshot".
    #[serde(default = "usual_interval", with = "humantime_serde")]
    pub interval: Duration,
    /// The user name at the camera.
    #[serde(default)]
    pub user: Option<String>,
    /// The name of the credential that holds the password.
    #[serde(default)]
    pub password_credential: Option<String>,
    /// For https: SHA-256 of the camera's certificate in hex. Cameras sign their own.
    #[serde(default)]
    pub tls_fingerprint: Option<String>,
}

/// How pictures are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One request, a multipart stream of JPEG pictures as the answer.
    #[default]
    Mjpeg,
    /// One request for each picture.
    Snapshot,
}

fn usual_interval() -> Duration {
    Duration::from_millis(500)
}

impl Config {
    /// The least time from one picture to the next.
    pub(super) fn pace(&self) -> Option<Duration> {
        match self.mode {
            Mode::Mjpeg => None,
            Mode::Snapshot => Some(self.interval),
        }
    }

    /// What is wrong with it.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Err(why) = Address::parse(self) {
            faults.push(why);
        }
        if self.password_credential.is_some() && self.user.is_none() {
            faults.push("user: a password_credential needs a user".to_owned());
        }
        if self.mode == Mode::Snapshot && self.interval < Duration::from_millis(20) {
            faults.push("interval: at least 20ms between snapshots".to_owned());
        }
        faults
    }
}

/// Where the camera is.
#[derive(Clone, Debug)]
struct Address {
    host: String,
    port: u16,
    /// What a request line carries: path and query.
    target: String,
    /// The fingerprint that the certificate must have, if TLS is spoken.
    tls: Option<[u8; 32]>,
    /// For people: without the query, which may carry a password.
    shown: String,
}

impl Address {
    /// Checks the address; an error is `key: what is allowed`.
    fn parse(config: &Config) -> Result<Self, String> {
        let uri: Uri = config
            .url
            .parse()
            .map_err(|_| "url: it must look like http://host[:port]/path".to_owned())?;
        let authority = uri
            .authority()
            .ok_or_else(|| "url: it has no host".to_owned())?;
        if authority.as_str().contains('@') {
            return Err(
                "url: user and password do not belong into it; use user and password_credential"
                    .to_owned(),
            );
        }
        let scheme = uri.scheme_str().unwrap_or_default();
        let (usual_port, tls) = match scheme {
            "http" => (80, None),
            "https" => (443, Some(fingerprint(config)?)),
            _ => return Err("url: it must begin with http:// or https://".to_owned()),
        };
        Ok(Self {
            host: authority
                .host()
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: authority.port_u16().unwrap_or(usual_port),
            target: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
            tls,
            shown: format!("{scheme}://{authority}{}", uri.path()),
        })
    }
}

fn fingerprint(config: &Config) -> Result<[u8; 32], String> {
    let wanted = || {
        "tls_fingerprint: https needs the SHA-256 of the camera's certificate, 64 hex digits (colons are allowed)".to_owned()
    };
    let digits: Vec<u8> = config
        .tls_fingerprint
        .as_deref()
        .ok_or_else(wanted)?
        .bytes()
        .filter(|byte| *byte != b':')
        .collect();
    let mut fingerprint = [0; 32];
    if digits.len() != 64 {
        return Err(wanted());
    }
    for (byte, pair) in fingerprint.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| wanted())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| wanted())?;
    }
    Ok(fingerprint)
}

/// An open network camera. Blocking outside, a small runtime of its own inside.
pub(super) struct Stream {
    runtime: Runtime,
    dialogue: Dialogue,
    stop: CancellationToken,
    clock: Clock,
    number: u64,
}

/// What is said to the camera, and the stream if one runs.
struct Dialogue {
    address: Address,
    login: Login,
    mode: Mode,
    stream: Option<(Incoming, Multipart)>,
    /// Keeps the connections' tasks.
    tracker: TaskTracker,
}

impl Stream {
    /// Connects, logs in, and in mode "mjpeg" starts the stream.
    pub(super) fn open(config: &Config, context: &Context) -> Result<Self, CameraError> {
        let address = Address::parse(config).map_err(CameraError::Setting)?;
        let password = config
            .password_credential
            .as_deref()
            .map(|name| context.credentials.find(name))
            .transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CameraError::Open {
                what: address.shown.clone(),
                why: error.to_string(),
            })?;
        let mut dialogue = Dialogue {
            login: Login::new(config.user.clone(), password),
            address,
            mode: config.mode,
            stream: None,
            tracker: TaskTracker::new(),
        };
        if config.mode == Mode::Mjpeg {
            limited(&runtime, &context.stop, dialogue.start())?;
        }
        Ok(Self {
            runtime,
            dialogue,
            stop: context.stop.clone(),
            clock: context.clock.clone(),
            number: 0,
        })
    }
}

impl FrameSource for Stream {
    fn next(&mut self) -> Result<Option<Frame>, CameraError> {
        let asked = self.clock.monotonic();
        let bytes = match self.dialogue.mode {
            Mode::Mjpeg => limited(&self.runtime, &self.stop, self.dialogue.part()),
            Mode::Snapshot => limited(&self.runtime, &self.stop, self.dialogue.snapshot()),
        }?;
        let pixels = Pixels::of_file(bytes)?;
        self.number += 1;
        Ok(Some(Frame::taken(
            &self.clock,
            asked,
            self.number,
            None,
            pixels,
        )))
    }
}

/// Runs one step of the dialogue, but not for longer than a camera may be silent.
fn limited<T>(
    runtime: &Runtime,
    stop: &CancellationToken,
    step: impl Future<Output = Result<T, CameraError>>,
) -> Result<T, CameraError> {
    runtime.block_on(async {
        tokio::select! {
            done = tokio::time::timeout(SILENCE, step) => done.unwrap_or_else(|_| {
                Err(CameraError::Lost(format!("no complete picture for {} s", SILENCE.as_secs())))
            }),
            () = stop.cancelled() => Err(CameraError::Lost("the feed was stopped".to_owned())),
        }
    })
}

impl Dialogue {
    /// Asks for the stream and checks that it is one.
    async fn start(&mut self) -> Result<(), CameraError> {
        let response = self.ask().await?;
        let kind = content_type(&response);
        let boundary = boundary(&kind).ok_or_else(|| CameraError::Open {
            what: self.address.shown.clone(),
            why: format!(
                "it answers with {:?}, not a multipart stream; for single pictures set mode = \"snapshot\"",
                shortened(&kind)
            ),
        })?;
        let parts = Multipart::new(boundary.as_deref())
            .map_err(|error| CameraError::Garbage(error.to_string()))?;
        self.stream = Some((response.into_body(), parts));
        Ok(())
    }

    /// The next picture of the stream.
    async fn part(&mut self) -> Result<Bytes, CameraError> {
        let Some((body, parts)) = &mut self.stream else {
            return Err(CameraError::Lost("there is no stream".to_owned()));
        };
        loop {
            // A stream that can't be taken apart would stay so: it is opened again.
            if let Some(part) = parts
                .take()
                .map_err(|error| CameraError::Lost(error.to_string()))?
            {
                return Ok(part);
            }
            let frame = match body.frame().await {
                Some(Ok(frame)) if !parts.is_over() => frame,
                Some(Err(error)) => return Err(CameraError::Lost(error.to_string())),
                Some(Ok(_)) | None => {
                    return Err(CameraError::Lost("the stream ended".to_owned()));
                }
            };
            if let Some(bytes) = frame.data_ref() {
                parts.push(bytes);
            }
        }
    }

    /// One picture for one request.
    async fn snapshot(&mut self) -> Result<Bytes, CameraError> {
        let response = self.ask().await?;
        Limited::new(response.into_body(), LONGEST_PART)
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .map_err(|error| CameraError::Lost(error.to_string()))
    }

    /// One request; a second one with credentials if the camera asks for them.
    async fn ask(&mut self) -> Result<Response<Incoming>, CameraError> {
        let response = self.send().await?;
        let response = if response.status() == StatusCode::UNAUTHORIZED {
            self.login
                .challenged(response.headers())
                .map_err(|why| self.refused(why))?;
            self.send().await?
        } else {
            response
        };
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            return Err(self.refused(format!("it answers {status}")));
        }
        let why = if status.is_redirection() {
            format!("it answers {status}: give the address that it leads to")
        } else {
            format!("it answers {status}")
        };
        Err(CameraError::Open {
            what: self.address.shown.clone(),
            why,
        })
    }

    fn refused(&self, why: String) -> CameraError {
        CameraError::Refused {
            what: self.address.shown.clone(),
            why,
        }
    }

    /// One request over a connection of its own: cameras often close theirs, and streams never end.
    async fn send(&mut self) -> Result<Response<Incoming>, CameraError> {
        let fault = |why: String| CameraError::Open {
            what: self.address.shown.clone(),
            why,
        };
        let host = match (self.address.host.contains(':'), self.address.port) {
            (true, port) => format!("[{}]:{port}", self.address.host),
            (false, port) => format!("{}:{port}", self.address.host),
        };
        let mut request = Request::get(&self.address.target)
            .header(header::HOST, host)
            .header(header::USER_AGENT, AGENT)
            .header(header::ACCEPT, "multipart/x-mixed-replace, image/*")
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|error| fault(error.to_string()))?;
        if let Some(value) = self
            .login
            .authorization(&self.address.target)
            .map_err(&fault)?
        {
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                fault("the user name has characters that HTTP can't carry".to_owned())
            })?;
            value.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let mut sender = transport::connect(
            &self.address.host,
            self.address.port,
            self.address.tls,
            &self.tracker,
        )
        .await
        .map_err(&fault)?;
        sender
            .send_request(request)
            .await
            .map_err(|error| fault(error.to_string()))
    }
}

fn content_type(response: &Response<Incoming>) -> String {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// The boundary of a multipart type; `Some(None)` if it names none, none if the type is another.
fn boundary(kind: &str) -> Option<Option<String>> {
    let mut parameters = kind.split(';');
    let essence = parameters.next().unwrap_or_default().trim();
    if !essence.to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    Some(parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty())
            .then(|| value.to_owned())
    }))
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
