//! Cameras: where frames come from, and the thread that keeps them coming.
//!
//! The gate's task starts one [`Feed`] for each camera and takes [`FeedItem`]s from it. What holds here:
//! - A camera never blocks a gate: a live source hands over its newest frame and drops the older one; only a source
//!   that can wait (a folder, a clip) waits for the gate.
//! - A source that fails is opened again, after 0.5 s doubling to 30 s; the gate is told once, and once when it is back.
//! - A frame is decoded once, by whoever needs its pixels ([`Frame::decode`]).
//! - What a network or a disk claims about sizes is checked before memory is taken for it.
//! - No password reaches an error or a log: they come by the name of a credential.

mod clip;
mod control;
mod credentials;
mod feed;
mod folder;
mod http;
mod motion;
mod multipart;
mod nokhwa;
mod rate;
mod rtsp;
pub mod thermal;
mod v4l;

use std::time::Duration;

use bytes::Bytes;
use contract::area::Areas;
use contract::camera::CameraSettings;
use contract::time::Clock;
use contract::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use vision::Colours;
use vision::Picture;
use vision::PictureError;

pub use crate::camera::control::Control;
pub use crate::camera::control::Controls;
pub use crate::camera::control::Measured;
pub use crate::camera::control::SnapshotError;
pub use crate::camera::credentials::Credentials;
pub use crate::camera::feed::Counts;
pub use crate::camera::feed::Feed;
pub use crate::camera::feed::FeedItem;
pub(crate) use crate::camera::folder::list_pictures;
pub(crate) use crate::camera::folder::read_picture;
pub use crate::camera::motion::Motion;
pub use crate::camera::motion::THUMBNAIL;
pub use crate::camera::rate::Ceiling;
pub use crate::camera::rate::Pacer;
pub use crate::camera::rate::Rate;

/// A camera as a gate uses it: section `[gates.KEY.cameras.NAME]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Mount {
    /// How many frames a second are looked at, of those that a live camera sends.
    #[serde(default = "usual_fps")]
    pub fps: u8,
    /// Which parts of its picture count.
    #[serde(flatten)]
    pub areas: Areas,
    /// Where its frames come from.
    #[serde(flatten)]
    pub source: Config,
}

fn usual_fps() -> u8 {
    10
}

impl Mount {
    /// What is wrong with it, each as `key: value and what is allowed`.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.source.faults();
        let settings = CameraSettings {
            fps: self.fps,
            areas: self.areas.clone(),
        };
        let named = |(field, why): (String, String)| format!("{field}: {why}");
        faults.extend(settings.faults().into_iter().map(named));
        faults
    }
}

/// Where a camera's frames come from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Config {
    /// Pictures in a folder, in the order of their names.
    Folder(folder::Config),
    /// A recorded clip: MJPEG in AVI, or parts of a multipart stream in a file.
    Clip(clip::Config),
    /// A V4L2 device: a USB camera, or a Pi camera with the V4L2 driver.
    V4l(v4l::Config),
    /// A laptop's webcam.
    Nokhwa(nokhwa::Config),
    /// A network camera over HTTP.
    Http(http::Config),
    /// A network camera over RTSP, with H.264.
    Rtsp(rtsp::Config),
}

impl Config {
    /// Whether frames are lost if nobody takes them. A folder and a clip wait for the gate.
    pub fn is_live(&self) -> bool {
        match self {
            Self::Folder(_) | Self::Clip(_) => false,
            Self::V4l(_) | Self::Nokhwa(_) | Self::Http(_) | Self::Rtsp(_) => true,
        }
    }

    /// A recording: a folder of pictures, or a clip; as fast as it can be read, once.
    pub fn recorded(path: &std::path::Path) -> Self {
        let (path, pace, repeat) = (path.to_owned(), Duration::ZERO, false);
        if path.is_dir() {
            Self::Folder(folder::Config { path, pace, repeat })
        } else {
            Self::Clip(clip::Config { path, pace, repeat })
        }
    }

    /// The least time from one frame to the next.
    pub fn pace(&self) -> Option<Duration> {
        match self {
            Self::Folder(folder) => Some(folder.pace),
            Self::Clip(clip) => Some(clip.pace),
            Self::Http(http) => http.pace(),
            Self::V4l(_) | Self::Nokhwa(_) | Self::Rtsp(_) => None,
        }
    }

    /// What is wrong with this configuration, each as `key: what is allowed`.
    pub fn faults(&self) -> Vec<String> {
        match self {
            Self::Folder(_) | Self::Clip(_) | Self::Nokhwa(_) => Vec::new(),
            Self::V4l(v4l) => v4l.faults(),
            Self::Http(http) => http.faults(),
            Self::Rtsp(rtsp) => rtsp.faults(),
        }
    }
}

/// Something that delivers frames, one after the other. The seam to the hardware. It is opened, used and dropped on one
/// thread: some drivers may not move to another.
pub trait FrameSource {
    /// Blocks until there is a frame. `Ok(None)`: the source is over and there will never be another.
    fn next(&mut self) -> Result<Option<Frame>, CameraError>;
}

/// What a source needs to open.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where passwords are.
    pub credentials: Credentials,
    /// The time of frames.
    pub clock: Clock,
    /// Ends a wait for the network early.
    pub stop: CancellationToken,
}

/// Opens the source that the configuration names.
pub fn open(config: &Config, context: &Context) -> Result<Box<dyn FrameSource>, CameraError> {
    Ok(match config {
        Config::Folder(config) => Box::new(folder::Folder::open(config, &context.clock)?),
        Config::Clip(config) => Box::new(clip::Clip::open(config, &context.clock)?),
        Config::V4l(config) => Box::new(v4l::Device::open(config, &context.clock)?),
        Config::Nokhwa(config) => Box::new(nokhwa::Webcam::open(config, &context.clock)?),
        Config::Http(config) => Box::new(http::Stream::open(config, context)?),
        Config::Rtsp(config) => Box::new(rtsp::Stream::open(config, context)?),
    })
}

/// One picture of a camera, as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Counts the frames of this source since it was opened, from 1.
    pub number: u64,
    /// When it was in hand.
    pub at: Timestamp,
    /// How long it took from asking for it to having it, in microseconds.
    pub capture_us: u64,
    /// The file's name, where frames have names.
    pub name: Option<String>,
    /// The picture.
    pub pixels: Pixels,
}

/// A picture as a camera delivers it.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// A file: JPEG, PNG or BMP.
    Encoded {
        /// The file's bytes.
        bytes: Bytes,
        /// `image/jpeg`, `image/png` or `image/bmp`.
        media_type: &'static str,
    },
    /// Packed YUYV 4:2:2.
    Yuyv {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes from one row to the next.
        stride: u32,
        /// The pixels.
        bytes: Bytes,
    },
    /// Planar YUV 4:2:0 of a video: all of Y, then U and V at half the width and height, without padding.
    Yuv420 {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// How its numbers stand for colours.
        colours: Colours,
        /// It was decoded without any other picture.
        is_key: bool,
        /// The pixels.
        bytes: Bytes,
    },
    /// Three bytes a pixel.
    Rgb {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The pixels.
        bytes: Bytes,
    },
}

impl Frame {
    /// Decodes the picture; costs milliseconds, so it is done once for each frame.
    pub fn decode(&self) -> Result<Picture, PictureError> {
        match &self.pixels {
            Pixels::Encoded { bytes, .. } => Picture::decode(bytes),
            Pixels::Yuyv {
                width,
                height,
                stride,
                bytes,
            } => Picture::from_yuyv(*width, *height, *stride, bytes),
            Pixels::Yuv420 {
                width,
                height,
                colours,
                is_key: _,
                bytes,
            } => Picture::from_yuv420(*width, *height, *colours, bytes.to_vec()),
            Pixels::Rgb {
                width,
                height,
                bytes,
            } => Picture::from_rgb(*width, *height, bytes.to_vec()),
        }
    }
}

impl Pixels {
    /// The bytes, whatever they mean.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Encoded { bytes, .. }
            | Self::Yuyv { bytes, .. }
            | Self::Yuv420 { bytes, .. }
            | Self::Rgb { bytes, .. } => bytes,
        }
    }

    /// A file's bytes, if they begin like a picture that we read.
    fn of_file(bytes: Bytes) -> Result<Self, CameraError> {
        let media_type = media_type(&bytes).ok_or_else(|| {
            CameraError::Garbage(format!(
                "{} bytes that begin like no JPEG, PNG or BMP",
                bytes.len()
            ))
        })?;
        Ok(Self::Encoded { bytes, media_type })
    }
}

/// Why a source gives no frame. Never carries a password.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// One picture can't be read; the source goes on with the next.
    #[error("reading {name}: {why}")]
    Unreadable {
        /// The file.
        name: String,
        /// What the system said.
        why: String,
    },
    /// The configuration can't work.
    #[error("{0}")]
    Setting(String),
    /// The source can't be opened.
    #[error("opening {what}: {why}")]
    Open {
        /// The device, folder or address.
        what: String,
        /// What the system said.
        why: String,
    },
    /// The camera refuses the user name or password, or wants some and has none.
    #[error("logging in at {what}: {why}")]
    Refused {
        /// The address, without user and password.
        what: String,
        /// What the camera said.
        why: String,
    },
    /// What came is not what a camera sends.
    #[error("the camera sent {0}")]
    Garbage(String),
    /// The stream broke or stayed silent.
    #[error("the camera is silent: {0}")]
    Lost(String),
}

/// The type of a picture file by its first bytes.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'B', b'M', ..] => Some("image/bmp"),
        _ => None,
    }
}

impl Frame {
    /// The frame whose bytes have just come; `asked` is the monotonic time at which it was asked for.
    fn taken(
        clock: &Clock,
        asked: Duration,
        number: u64,
        name: Option<String>,
        pixels: Pixels,
    ) -> Self {
        let took = clock.monotonic().saturating_sub(asked);
        Self {
            number,
            at: clock.wall(),
            capture_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            name,
            pixels,
        }
    }
}
