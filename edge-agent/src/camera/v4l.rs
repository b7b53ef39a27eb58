//! A V4L2 device as a camera, by the v4l crate: MJPEG if it can, packed YUYV otherwise.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use contract::time::Clock;
use serde::Deserialize;
use serde::Serialize;
use v4l::FourCC;
use v4l::buffer::Type;
use v4l::io::traits::CaptureStream;
use v4l::prelude::MmapStream;
use v4l::video::Capture;

use crate::camera::CameraError;
use crate::camera::Frame;
use crate::camera::FrameSource;
use crate::camera::Pixels;

/// Buffers that the driver fills in turn: few, so that a frame is never old.
const BUFFERS: u32 = 3;
/// A camera that gives nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(5);

/// A V4L2 device.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The device, for example "/dev/video0" or a name under /dev/v4l/by-id that stays after replugging.
    #[serde(default = "usual_device")]
    pub device: PathBuf,
    /// The width that is asked for; the driver takes the nearest that it has.
    #[serde(default = "usual_width")]
    pub width: u32,
    /// The height that is asked for.
    #[serde(default = "usual_height")]
    pub height: u32,
}

fn usual_device() -> PathBuf {
    PathBuf::from("/dev/video0")
}

fn usual_width() -> u32 {
    1280
}

fn usual_height() -> u32 {
    720
}

impl Config {
    /// What is wrong with it.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (key, value) in [("width", self.width), ("height", self.height)] {
            if !(16..=8192).contains(&value) {
                faults.push(format!("{key}: {value} is not between 16 and 8192 pixels"));
            }
        }
        faults
    }
}

/// How the device packs its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Packing {
    Mjpeg,
    Yuyv,
}

/// An open device.
pub(super) struct Device {
    stream: MmapStream<'static>,
    packing: Packing,
    width: u32,
    height: u32,
    stride: u32,
    number: u64,
    clock: Clock,
}

impl Device {
    /// Opens the device and starts its stream.
    pub(super) fn open(config: &Config, clock: &Clock) -> Result<Self, CameraError> {
        let fault = |why: String| CameraError::Open {
            what: config.device.display().to_string(),
            why,
        };
        let device =
            v4l::Device::with_path(&config.device).map_err(|error| fault(error.to_string()))?;
        let formats: Vec<FourCC> = device
            .enum_formats()
            .map_err(|error| fault(error.to_string()))?
            .into_iter()
            .map(|description| description.fourcc)
            .collect();
        let (packing, fourcc) = choose(&formats).ok_or_else(|| {
            let names: Vec<String> = formats.iter().map(ToString::to_string).collect();
            fault(format!(
                "it offers neither MJPG, JPEG nor YUYV, but {}",
                names.join(" ")
            ))
        })?;
        let mut wanted = device.format().map_err(|error| fault(error.to_string()))?;
        wanted.width = config.width;
        wanted.height = config.height;
        wanted.fourcc = fourcc;
        let format = device
            .set_format(&wanted)
            .map_err(|error| fault(error.to_string()))?;
        if format.fourcc != fourcc {
            return Err(fault(format!(
                "the driver does not keep the format {fourcc}"
            )));
        }
        let mut stream = MmapStream::with_buffers(&device, Type::VideoCapture, BUFFERS)
            .map_err(|error| fault(error.to_string()))?;
        stream.set_timeout(SILENCE);
        Ok(Self {
            stream,
            packing,
            width: format.width,
            height: format.height,
            stride: format.stride,
            number: 0,
            clock: clock.clone(),
        })
    }
}

impl FrameSource for Device {
    fn next(&mut self) -> Result<Option<Frame>, CameraError> {
        let asked = self.clock.monotonic();
        let (buffer, meta) = self
            .stream
            .next()
            .map_err(|error| CameraError::Lost(error.to_string()))?;
        let used = (meta.bytesused as usize).min(buffer.len());
        let bytes = Bytes::copy_from_slice(&buffer[..used]);
        let pixels = match self.packing {
            Packing::Mjpeg => Pixels::of_file(bytes)?,
            Packing::Yuyv => Pixels::Yuyv {
                width: self.width,
                height: self.height,
                stride: self.stride,
                bytes,
            },
        };
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

/// The packing that we take among those that a device offers: MJPEG needs least of the bus.
fn choose(formats: &[FourCC]) -> Option<(Packing, FourCC)> {
    [
        (Packing::Mjpeg, b"MJPG"),
        (Packing::Mjpeg, b"JPEG"),
        (Packing::Yuyv, b"YUYV"),
    ]
    .into_iter()
    .map(|(packing, code)| (packing, FourCC::new(code)))
    .find(|(_, code)| formats.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mjpeg_is_preferred_and_yuyv_is_enough() {
        let code = |name: &[u8; 4]| FourCC::new(name);
        assert_eq!(
            choose(&[code(b"YUYV"), code(b"MJPG")]),
            Some((Packing::Mjpeg, code(b"MJPG")))
        );
        assert_eq!(
            choose(&[code(b"NV12"), code(b"YUYV")]),
            Some((Packing::Yuyv, code(b"YUYV")))
        );
        assert_eq!(choose(&[code(b"NV12")]), None);
    }

    #[test]
    fn a_device_that_is_not_there_is_named() {
        let config = Config {
            device: PathBuf::from("/dev/no-such-camera"),
            width: 640,
            height: 480,
        };
        let error = Device::open(&config, &Clock::System).err().unwrap();
        assert!(error.to_string().contains("/dev/no-such-camera"), "{error}");
    }

    #[test]
    fn a_size_that_no_camera_has_is_a_fault_of_the_configuration() {
        let config = Config {
            device: usual_device(),
            width: 0,
            height: 480,
        };
        assert_eq!(config.faults().len(), 1);
        assert!(config.faults()[0].starts_with("width"));
    }
}
