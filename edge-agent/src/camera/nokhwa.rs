//! A laptop's webcam, by nokhwa, which finds it on every system that it knows.

use ::nokhwa::Camera;
use ::nokhwa::pixel_format::RgbFormat;
use ::nokhwa::utils::CameraIndex;
use ::nokhwa::utils::FrameFormat;
use ::nokhwa::utils::RequestedFormat;
use ::nokhwa::utils::RequestedFormatType;
use bytes::Bytes;
use contract::time::Clock;
use serde::Deserialize;
use serde::Serialize;

use crate::camera::CameraError;
use crate::camera::Frame;
use crate::camera::FrameSource;
use crate::camera::Pixels;

/// A webcam.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which one, from 0.
    #[serde(default)]
    pub index: u32,
}

/// An open webcam.
pub(super) struct Webcam {
    camera: Camera,
    number: u64,
    clock: Clock,
}

impl Webcam {
    /// Opens it at its best resolution and starts its stream.
    pub(super) fn open(config: &Config, clock: &Clock) -> Result<Self, CameraError> {
        let fault = |error: ::nokhwa::NokhwaError| CameraError::Open {
            what: format!("webcam {}", config.index),
            why: error.to_string(),
        };
        let format =
            RequestedFormat::new::<RgbFormat>(RequestedFormatType::AbsoluteHighestFrameRate);
        let mut camera = Camera::new(CameraIndex::Index(config.index), format).map_err(fault)?;
        camera.open_stream().map_err(fault)?;
        Ok(Self {
            camera,
            number: 0,
            clock: clock.clone(),
        })
    }
}

impl FrameSource for Webcam {
    fn next(&mut self) -> Result<Option<Frame>, CameraError> {
        let asked = self.clock.monotonic();
        let lost = |error: ::nokhwa::NokhwaError| CameraError::Lost(error.to_string());
        let buffer = self.camera.frame().map_err(lost)?;
        let size = buffer.resolution();
        let bytes = Bytes::copy_from_slice(buffer.buffer());
        let pixels = packed(
            buffer.source_frame_format(),
            size.width(),
            size.height(),
            bytes,
        )?;
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

/// The pixels of a buffer in one of the formats that we take as they are.
fn packed(
    format: FrameFormat,
    width: u32,
    height: u32,
    bytes: Bytes,
) -> Result<Pixels, CameraError> {
    if format == FrameFormat::MJPEG {
        return Pixels::of_file(bytes);
    }
    if format == FrameFormat::YUYV {
        return Ok(Pixels::Yuyv {
            width,
            height,
            stride: width.div_ceil(2) * 4,
            bytes,
        });
    }
    if format == FrameFormat::RAWRGB {
        return Ok(Pixels::Rgb {
            width,
            height,
            bytes,
        });
    }
    Err(CameraError::Setting(format!(
        "the webcam sends {format}; MJPEG, YUYV and RGB are read"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_of_webcams_become_pixels() {
        let jpeg = Bytes::from_static(&[0xff, 0xd8, 0xff]);
        assert!(matches!(
            packed(FrameFormat::MJPEG, 2, 2, jpeg.clone()),
            Ok(Pixels::Encoded {
                media_type: "image/jpeg",
                ..
            })
        ));
        assert!(matches!(
            packed(FrameFormat::YUYV, 3, 2, jpeg.clone()),
            Ok(Pixels::Yuyv { stride: 8, .. })
        ));
        assert!(packed(FrameFormat::NV12, 2, 2, jpeg).is_err());
        assert!(packed(FrameFormat::MJPEG, 2, 2, Bytes::from_static(b"??")).is_err());
    }
}
