//! A network camera over RTSP: H.264, decoded here.
//!
//! What holds here:
//! - The newest picture wins: what waits is decoded only as far as the newest builds on it, and a machine that is too
//!   slow waits for the next key frame instead of falling behind.
//! - A picture that did not arrive whole is never shown; neither is one that builds on it.
//! - What waits, and what the stream may ask a decoder to keep, is bounded.
//! - No password is in the address or in an error.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use contract::time::Clock;
use serde::Deserialize;
use serde::Serialize;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use tracing::warn;
use url::Url;

use crate::camera::CameraError;
use crate::camera::Context;
use crate::camera::Frame;
use crate::camera::FrameSource;
use crate::camera::Pixels;
use crate::camera::rtsp::backlog::Backlog;
use crate::camera::rtsp::backlog::Room;
use crate::camera::rtsp::decode::Decoder;
use crate::camera::rtsp::decode::Planes;
use crate::camera::rtsp::session::Item;
use crate::camera::rtsp::session::Login;
use crate::camera::rtsp::session::Session;
use crate::camera::rtsp::sets::Fault;
use crate::camera::rtsp::sets::Sets;
use crate::camera::rtsp::units::Assembler;
use crate::camera::rtsp::units::Packet;
use crate::camera::rtsp::units::Unit;

mod backlog;
mod decode;
mod session;
mod sets;
mod units;

pub use decode::Choice;

/// A camera that does not start its stream within this time is away.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// A camera that sends nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(5);
/// A stream that gives no picture for so long is opened again: it has no key frames, or none that can be decoded.
const PICTURE_WITHIN: Duration = Duration::from_secs(30);
/// How long the camera may take to hear that nobody looks any more.
const END_WITHIN: Duration = Duration::from_secs(1);
/// So many faults of the stream without a picture between them, and it is opened again.
const MOST_FAULTS: u32 = 50;
/// So many packets are taken at once at most, so that a flood can't keep pictures from being decoded.
const MOST_AT_ONCE: usize = 4096;
/// How often it is said that the machine is too slow.
const SAY_AGAIN: Duration = Duration::from_secs(600);

/// A network camera over RTSP.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address, "rtsp://host[:port]/path", without user and password.
    pub url: String,
    /// The user name at the camera.
    #[serde(default)]
    pub user: Option<String>,
    /// The name of the credential that holds the password.
    #[serde(default)]
    pub password_credential: Option<String>,
    /// How the video travels.
    #[serde(default)]
    pub transport: Transport,
    /// Decodes key frames only: for slow machines. Set the camera's key frame (I-frame) interval to a second or less.
    #[serde(default)]
    pub keyframes_only: bool,
    /// Which decoder is used.
    #[serde(default)]
    pub decoder: Choice,
}

/// How the video travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Inside the connection: nothing is lost, and firewalls let it through.
    #[default]
    Tcp,
    /// As datagrams, for cameras that offer nothing else. A lost one costs pictures until the next key frame.
    Udp,
}

impl Config {
    /// What is wrong with it.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Err(why) = Address::parse(&self.url) {
            faults.push(why);
        }
        if self.password_credential.is_some() && self.user.is_none() {
            faults.push("user: a password_credential needs a user".to_owned());
        }
        faults.extend(self.decoder.fault());
        faults
    }
}

/// Where the camera is.
#[derive(Clone, Debug)]
struct Address {
    url: Url,
    /// For people: without what may carry a password.
    shown: String,
}

impl Address {
    /// Checks the address; an error is `key: what is allowed`.
    fn parse(url: &str) -> Result<Self, String> {
        let url: Url = url
            .parse()
            .map_err(|_| "url: it must look like rtsp://host[:port]/path".to_owned())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "url: user and password do not belong into it; use user and password_credential"
                    .to_owned(),
            );
        }
        if url.scheme() == "rtsps" {
            return Err("url: rtsps (RTSP over TLS) is not spoken; use rtsp:// on a network of the cameras' own".to_owned());
        }
        if url.scheme() != "rtsp" {
            return Err("url: it must begin with rtsp://".to_owned());
        }
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| "url: it has no host".to_owned())?;
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        // Some cameras want the password in the path, as "user=..&password=..".
        let path = if url.path().contains('=') {
            "/.."
        } else {
            url.path()
        };
        let shown = format!("rtsp://{host}{port}{path}");
        Ok(Self { url, shown })
    }
}

/// An open camera. Blocking outside, a small runtime of its own inside.
pub(super) struct Stream {
    /// None only while it is dropped.
    runtime: Option<Runtime>,
    session: Option<Session>,
    stop: CancellationToken,
    clock: Clock,
    video: Video,
    number: u64,
}

/// From packets to pixels.
struct Video {
    shown: String,
    choice: Choice,
    assembler: Assembler,
    /// Pictures that are whole, before the backlog takes them.
    whole: VecDeque<Unit>,
    backlog: Backlog,
    sets: Sets,
    /// With the version of the sets that it was started with.
    decoder: Option<(Decoder, u64)>,
    /// Since when there was no picture, in the clock's monotonic time.
    since: Duration,
    faults: u32,
    /// What went wrong last.
    last_fault: Option<String>,
    /// When it was said that the machine is too slow.
    said: Option<Duration>,
}

impl Stream {
    /// Connects, logs in and starts the stream.
    pub(super) fn open(config: &Config, context: &Context) -> Result<Self, CameraError> {
        let address = Address::parse(&config.url).map_err(CameraError::Setting)?;
        if let Some(why) = config.decoder.fault() {
            return Err(CameraError::Setting(why));
        }
        let password = config
            .password_credential
            .as_deref()
            .map(|name| context.credentials.find(name))
            .transpose()?;
        let login = Login {
            user: config.user.clone(),
            password,
        };
        let fault = |why: String| CameraError::Open {
            what: address.shown.clone(),
            why,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| fault(error.to_string()))?;
        let opening = Session::open(&address, &login, config.transport);
        let session = runtime.block_on(async {
            tokio::select! {
                opened = tokio::time::timeout(OPEN_WITHIN, opening) => opened.unwrap_or_else(|_| {
                    Err(fault(format!("it does not answer within {} s", OPEN_WITHIN.as_secs())))
                }),
                () = context.stop.cancelled() => Err(stopped()),
            }
        });
        let session = match session {
            Ok(session) => session,
            Err(error) => {
                // A name that is being looked up is not waited for.
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let mut video = Video::new(address.shown, config, context.clock.monotonic());
        // Garbage in the description is no loss yet: the stream may bring better ones.
        let described = video.take_sets(session.sets());
        let stream = Self {
            runtime: Some(runtime),
            session: Some(session),
            stop: context.stop.clone(),
            clock: context.clock.clone(),
            video,
            number: 0,
        };
        described.map(|()| stream)
    }

    /// Waits for packets until at least one picture is whole, and takes what else has come.
    fn gather(&mut self) -> Result<(), CameraError> {
        let (Some(runtime), Some(session)) = (&self.runtime, &mut self.session) else {
            return Err(stopped());
        };
        let (video, stop) = (&mut self.video, &self.stop);
        runtime.block_on(async {
            while video.backlog.is_empty() {
                let item = tokio::select! {
                    item = tokio::time::timeout(SILENCE, session.next()) => item.map_err(|_| {
                        CameraError::Lost(format!("no packet for {} s", SILENCE.as_secs()))
                    })?,
                    () = stop.cancelled() => return Err(stopped()),
                };
                let item = item.ok_or_else(|| CameraError::Lost("the stream ended".to_owned()))?;
                video.take(item)?;
                video.check(self.clock.monotonic())?;
            }
            for _ in 0..MOST_AT_ONCE {
                match session.next_at_hand() {
                    Some(item) => video.take(item)?,
                    None => break,
                }
            }
            Ok(())
        })
    }
}

fn stopped() -> CameraError {
    CameraError::Lost("the feed was stopped".to_owned())
}

impl FrameSource for Stream {
    fn next(&mut self) -> Result<Option<Frame>, CameraError> {
        let asked = self.clock.monotonic();
        loop {
            self.gather()?;
            let decoded = self.video.decode(&self.clock)?;
            self.video.check(self.clock.monotonic())?;
            if let Some(pixels) = decoded {
                self.number += 1;
                return Ok(Some(Frame::taken(
                    &self.clock,
                    asked,
                    self.number,
                    None,
                    pixels,
                )));
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        if let Some(session) = self.session.take() {
            runtime.block_on(session.end(END_WITHIN));
        }
        // A name that is being looked up is not waited for.
        runtime.shutdown_background();
    }
}

impl Video {
    fn new(shown: String, config: &Config, now: Duration) -> Self {
        Self {
            shown,
            choice: config.decoder,
            assembler: Assembler::new(config.keyframes_only),
            whole: VecDeque::new(),
            backlog: Backlog::default(),
            sets: Sets::default(),
            decoder: None,
            since: now,
            faults: 0,
            last_fault: None,
            said: None,
        }
    }

    /// Takes what came; whole pictures go to the backlog.
    fn take(&mut self, item: Item) -> Result<(), CameraError> {
        match item {
            Item::Packet(packet) => self.packet(Packet {
                payload: packet.payload(),
                timestamp: packet.timestamp().timestamp(),
                mark: packet.mark(),
                loss: packet.loss() > 0,
            }),
            Item::Other => Ok(()),
            Item::Fault(why) => {
                self.assembler.reset();
                self.fault(why)
            }
        }
    }

    fn packet(&mut self, packet: Packet<'_>) -> Result<(), CameraError> {
        let taken = self.assembler.push(packet, &mut self.whole);
        while let Some(unit) = self.whole.pop_front() {
            if self.backlog.push(unit) == Room::Overrun {
                self.assembler.wait_for_key();
            }
        }
        match taken {
            Ok(()) => Ok(()),
            Err(damage) => self.fault(format!("a picture did not arrive whole: {damage:?}")),
        }
    }

    /// Counts what is wrong with the stream.
    fn fault(&mut self, why: String) -> Result<(), CameraError> {
        debug!(camera = %self.shown, why, "a fault in a stream");
        self.faults += 1;
        if self.faults >= MOST_FAULTS {
            return Err(CameraError::Lost(format!(
                "{MOST_FAULTS} faults without a picture between them, the last: {why}"
            )));
        }
        self.last_fault = Some(why);
        Ok(())
    }

    /// Whether there was a picture not too long ago.
    fn check(&self, now: Duration) -> Result<(), CameraError> {
        if now.saturating_sub(self.since) < PICTURE_WITHIN {
            return Ok(());
        }
        let last = match &self.last_fault {
            Some(why) => format!("; the last fault: {why}"),
            None => String::new(),
        };
        Err(CameraError::Lost(format!(
            "no key frame that can be decoded for {} s{last}. Set the camera's key frame (I-frame) interval to 1 or 2 seconds",
            PICTURE_WITHIN.as_secs()
        )))
    }

    /// Decodes what waits; gives the newest picture, if there is one.
    fn decode(&mut self, clock: &Clock) -> Result<Option<Pixels>, CameraError> {
        self.say_if_slow(clock.monotonic());
        let mut newest = None;
        while let Some((unit, is_newest)) = self.backlog.take() {
            self.take_sets(&unit.sets)?;
            match self.decode_unit(&unit, is_newest) {
                Ok(None) => {}
                Ok(Some(planes)) => newest = Some(self.pixels(planes, unit.is_key)),
                Err(why) => {
                    // The decoder's memory is not to be trusted, and what waits builds on it.
                    self.decoder = None;
                    self.backlog.clear();
                    self.assembler.wait_for_key();
                    self.fault(why)?;
                }
            }
        }
        if newest.is_some() {
            self.since = clock.monotonic();
            self.faults = 0;
            self.last_fault = None;
        }
        Ok(newest)
    }

    fn decode_unit(&mut self, unit: &Unit, wanted: bool) -> Result<Option<Planes>, String> {
        if !unit.is_key {
            return match &mut self.decoder {
                Some((decoder, _)) => decoder.decode(&unit.slices, wanted),
                None => Ok(None),
            };
        }
        if self.sets.shape().is_none() {
            return Err("a key frame without usable parameter sets".to_owned());
        }
        let version = self.sets.version();
        let mut decoder = match self.decoder.take() {
            Some((decoder, known)) if known == version => decoder,
            // Another size, perhaps: a decoder that has seen nothing else takes it.
            Some(_) | None => Decoder::open(self.choice)?,
        };
        let mut bytes = self.sets.annex_b();
        bytes.extend_from_slice(&unit.slices);
        let planes = decoder.decode(&bytes, wanted)?;
        self.decoder = Some((decoder, version));
        Ok(planes)
    }

    fn pixels(&self, planes: Planes, is_key: bool) -> Pixels {
        Pixels::Yuv420 {
            width: planes.width,
            height: planes.height,
            colours: self
                .sets
                .shape()
                .map(|shape| shape.colours)
                .unwrap_or_default(),
            is_key,
            bytes: Bytes::from(planes.bytes),
        }
    }

    /// Takes parameter sets. What can't be read is passed over; what can't be decoded ends the session with its reason.
    fn take_sets(&mut self, sets: &[Vec<u8>]) -> Result<(), CameraError> {
        for set in sets {
            match self.sets.take(set) {
                Ok(()) => {}
                Err(Fault::Garbage(why)) => self.fault(format!("the camera sent {why}"))?,
                Err(Fault::Unsupported(why)) => {
                    return Err(CameraError::Open {
                        what: self.shown.clone(),
                        why,
                    });
                }
            }
        }
        Ok(())
    }

    fn say_if_slow(&mut self, now: Duration) {
        let given_up = self.backlog.given_up();
        if given_up == 0
            || self
                .said
                .is_some_and(|at| now.saturating_sub(at) < SAY_AGAIN)
        {
            return;
        }
        self.said = Some(now);
        warn!(
            camera = %self.shown,
            given_up,
            "decoding {} is too slow on this machine: {given_up} pictures were given up; set keyframes_only, or a smaller or slower stream",
            self.shown
        );
    }
}

#[cfg(test)]
mod tests;
