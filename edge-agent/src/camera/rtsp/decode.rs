//! H.264 to pixels. The only home of the decoder library, and the seam for one in hardware.
//!
//! What comes here was judged by [`super::sets`]; a picture that the decoder refuses is an error, never a half-grey one.

use openh264::OpenH264API;
use openh264::decoder::Decoder as OpenH264;
use openh264::decoder::DecoderConfig;
use openh264::formats::YUVSource;
use serde::Deserialize;
use serde::Serialize;

/// Which decoder is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The best one that this program and machine have: `software`.
    #[default]
    Auto,
    /// OpenH264 on the processor.
    Software,
    /// The machine's own, through V4L2 (Raspberry Pi 4 and older). This program does not have it; it is refused.
    V4l2,
}

impl Choice {
    /// What is wrong with it.
    pub(super) fn fault(self) -> Option<String> {
        match self {
            Self::Auto | Self::Software => None,
            Self::V4l2 => Some(
                "decoder: \"v4l2\" (decoding in hardware) is not in this program; leave \"auto\", and on a slow machine set keyframes_only = true or take the camera's second stream"
                    .to_owned(),
            ),
        }
    }
}

/// A decoder with its memory of earlier pictures.
pub(super) enum Decoder {
    /// OpenH264.
    Software(Box<OpenH264>),
}

/// One picture: Y, then U and V at half the width and height, without padding.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Planes {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: Vec<u8>,
}

impl Decoder {
    /// One that has seen nothing yet.
    pub(super) fn open(choice: Choice) -> Result<Self, String> {
        if let Some(why) = choice.fault() {
            return Err(why);
        }
        // One thread: the library warns of more. No concealment: a damaged picture must not look like one.
        let decoder = OpenH264::with_api_config(OpenH264API::from_source(), DecoderConfig::new())
            .map_err(|error| format!("starting the decoder: {error}"))?;
        Ok(Self::Software(Box::new(decoder)))
    }

    /// Decodes one picture's slices behind start codes, before a key frame with the parameter sets. The pixels are
    /// copied only if they are `wanted`. None if the decoder keeps the picture back.
    pub(super) fn decode(&mut self, bytes: &[u8], wanted: bool) -> Result<Option<Planes>, String> {
        match self {
            Self::Software(decoder) => {
                let picture = decoder
                    .decode(bytes)
                    .map_err(|error| format!("decoding a picture: {error}"))?;
                match picture {
                    Some(picture) if wanted => copy(&picture).map(Some),
                    Some(_) | None => Ok(None),
                }
            }
        }
    }
}

/// Copies the planes without the decoder's padding.
fn copy(picture: &impl YUVSource) -> Result<Planes, String> {
    let (width, height) = picture.dimensions();
    let (y_stride, u_stride, v_stride) = picture.strides();
    let (columns, rows) = (width.div_ceil(2), height.div_ceil(2));
    let mut bytes = Vec::with_capacity(width * height + 2 * columns * rows);
    for (plane, stride, columns, rows) in [
        (picture.y(), y_stride, width, height),
        (picture.u(), u_stride, columns, rows),
        (picture.v(), v_stride, columns, rows),
    ] {
        for row in 0..rows {
            let line = plane
                .get(row * stride..row * stride + columns)
                .ok_or("the decoder gave less than a picture")?;
            bytes.extend_from_slice(line);
        }
    }
    let narrow = |size: usize| u32::try_from(size).map_err(|_| "the decoder gave a giant picture");
    Ok(Planes {
        width: narrow(width)?,
        height: narrow(height)?,
        bytes,
    })
}
