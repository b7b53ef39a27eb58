//! One picture in memory: from a file's bytes or a camera's pixels, upright, in RGB. Nothing here looks for plates.

use std::io::Cursor;
use std::sync::OnceLock;

use image::ExtendedColorType;
use image::ImageDecoder;
use image::ImageFormat;
use image::ImageReader;
use image::codecs::jpeg::JpegEncoder;

use crate::crop;
use crate::grey::Grey;
use crate::jpeg;
pub use crate::picture::planes::Colours;
use crate::picture::planes::Planes;

mod planes;

/// The most pixels that a picture may have: 64 megapixels.
pub const MOST_PIXELS: u64 = 64 << 20;

/// The most bytes that a picture's file may have: 64 MiB.
pub const LONGEST_FILE: usize = 64 << 20;

/// The quality of the plate crops that are kept as evidence.
const CROP_QUALITY: u8 = 88;

/// Why bytes are not a picture that we take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// No bytes at all.
    #[error("the picture is empty: 0 bytes")]
    Empty,
    /// The first bytes belong to none of the kinds that we read.
    #[error("this is not a JPEG, PNG or BMP picture")]
    UnknownKind,
    /// More bytes than we read.
    #[error("the picture has {bytes} bytes; at most {LONGEST_FILE} are allowed")]
    TooManyBytes {
        /// How many.
        bytes: usize,
    },
    /// More pixels than we hold.
    #[error(
        "the picture claims {width} x {height} pixels; at most {MOST_PIXELS} pixels are allowed"
    )]
    TooManyPixels {
        /// Claimed width.
        width: u64,
        /// Claimed height.
        height: u64,
    },
    /// A picture without pixels.
    #[error("the picture claims {width} x {height} pixels; both must be at least 1")]
    NoPixels {
        /// Claimed width.
        width: u64,
        /// Claimed height.
        height: u64,
    },
    /// The end is missing.
    #[error("the {kind} picture is cut off after {bytes} bytes")]
    Truncated {
        /// `JPEG`, `PNG` or `BMP`.
        kind: &'static str,
        /// How many bytes there are.
        bytes: usize,
    },
    /// What is there can't be decoded.
    #[error("the {kind} picture is damaged: {why}")]
    Damaged {
        /// `JPEG`, `PNG` or `BMP`.
        kind: &'static str,
        /// What the decoder found.
        why: String,
    },
    /// Raw pixels that do not fill the picture.
    #[error("{width} x {height} {format} pixels need {needed} bytes, {found} are there")]
    PixelCount {
        /// `RGB`, `YUYV` or `YUV 4:2:0`.
        format: &'static str,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes that such a picture has.
        needed: u64,
        /// Bytes handed in.
        found: usize,
    },
    /// A picture, or part of one, that can't be written as JPEG.
    #[error("the picture can't be written as JPEG: {why}")]
    Unwritable {
        /// What the encoder found.
        why: String,
    },
}

/// One picture: upright RGB pixels, and the grey ones once they are asked for. What a video decoder gives is grey first:
/// its colours are computed once they are asked for.
#[derive(Clone, Debug)]
pub struct Picture {
    width: u32,
    height: u32,
    planes: Option<Planes>,
    rgb: OnceLock<Vec<u8>>,
    grey: OnceLock<Grey>,
}

impl Picture {
    /// Decodes a JPEG, PNG or BMP file, told apart by its first bytes, and turns it upright as its EXIF data says.
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
        if bytes.is_empty() {
            return Err(PictureError::Empty);
        }
        if bytes.len() > LONGEST_FILE {
            return Err(PictureError::TooManyBytes { bytes: bytes.len() });
        }
        let picture = if bytes.starts_with(&[0xff, 0xd8]) {
            let (width, height, rgb) = jpeg::decode(bytes)?;
            Self::of_parts(width, height, rgb)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            decode_plain(bytes, ImageFormat::Png, "PNG")?
        } else if bytes.starts_with(b"BM") {
            decode_plain(bytes, ImageFormat::Bmp, "BMP")?
        } else {
            return Err(PictureError::UnknownKind);
        };
        Ok(picture.turned(orientation(bytes)))
    }

    /// A picture of `width * height * 3` bytes of RGB.
    pub fn from_rgb(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, PictureError> {
        check_size(u64::from(width), u64::from(height))?;
        let needed = u64::from(width) * u64::from(height) * 3;
        if rgb.len() as u64 != needed {
            return Err(PictureError::PixelCount {
                format: "RGB",
                width,
                height,
                needed,
                found: rgb.len(),
            });
        }
        Ok(Self::of_parts(width, height, rgb))
    }

    /// A picture from packed YUYV 4:2:2 as V4L2 delivers it: `stride` bytes a row, BT.601, limited range.
    pub fn from_yuyv(
        width: u32,
        height: u32,
        stride: u32,
        yuyv: &[u8],
    ) -> Result<Self, PictureError> {
        check_size(u64::from(width), u64::from(height))?;
        let row_bytes = u64::from(width.div_ceil(2)) * 4;
        let stride = u64::from(stride).max(row_bytes);
        let needed = stride * (u64::from(height) - 1) + row_bytes;
        if (yuyv.len() as u64) < needed {
            return Err(PictureError::PixelCount {
                format: "YUYV",
                width,
                height,
                needed,
                found: yuyv.len(),
            });
        }
        let (columns, stride) = (width as usize, stride as usize);
        let mut rgb = Vec::with_capacity(columns * height as usize * 3);
        for row in 0..height as usize {
            let line = &yuyv[row * stride..row * stride + row_bytes as usize];
            for column in 0..columns {
                let pair = &line[column / 2 * 4..column / 2 * 4 + 4];
                rgb.extend_from_slice(&rgb_of_yuv(pair[column % 2 * 2], pair[1], pair[3]));
            }
        }
        Ok(Self::of_parts(width, height, rgb))
    }

    /// A picture from planar YUV 4:2:0 as a video decoder delivers it: all of Y, then U and V at half the width and
    /// height (rounded up), without padding.
    pub fn from_yuv420(
        width: u32,
        height: u32,
        colours: Colours,
        yuv: Vec<u8>,
    ) -> Result<Self, PictureError> {
        check_size(u64::from(width), u64::from(height))?;
        let luma = u64::from(width) * u64::from(height);
        let chroma = u64::from(width.div_ceil(2)) * u64::from(height.div_ceil(2));
        let needed = luma + 2 * chroma;
        if yuv.len() as u64 != needed {
            return Err(PictureError::PixelCount {
                format: "YUV 4:2:0",
                width,
                height,
                needed,
                found: yuv.len(),
            });
        }
        let planes = Planes::new(width, height, colours, yuv);
        let grey = OnceLock::new();
        let _ = grey.set(planes.grey());
        Ok(Self {
            width,
            height,
            planes: Some(planes),
            rgb: OnceLock::new(),
            grey,
        })
    }

    /// Width in pixels, upright.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, upright.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The pixels, three bytes each, row by row. Of a video's picture they are computed the first time they are asked for.
    pub fn rgb(&self) -> &[u8] {
        self.rgb
            .get_or_init(|| self.planes.as_ref().map(Planes::rgb).unwrap_or_default())
    }

    /// The grey picture; computed the first time it is asked for.
    pub fn grey(&self) -> &Grey {
        self.grey
            .get_or_init(|| Grey::of_rgb(self.width, self.height, self.rgb()))
    }

    /// The whole picture as a JPEG file; `quality` from 1 to 100.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, PictureError> {
        write_jpeg(self.width, self.height, self.rgb(), quality)
    }

    /// The picture with its longer side at most so many pixels: shrunk by a whole number, each pixel the mean of a square.
    pub fn within(self, long_side: u32) -> Self {
        let by = self.width.max(self.height).div_ceil(long_side.max(1));
        if by <= 1 {
            return self;
        }
        let (width, height) = ((self.width / by).max(1), (self.height / by).max(1));
        let (columns, by) = (self.width as usize, by as usize);
        let source = self.rgb();
        let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
        for y in 0..height as usize {
            for x in 0..width as usize {
                let mut sums = [0u32; 3];
                let mut count = 0;
                for row in (y * by..(y + 1) * by).take_while(|row| *row < self.height as usize) {
                    let from = (row * columns + x * by) * 3;
                    let until = (row * columns + ((x + 1) * by).min(columns)) * 3;
                    for pixel in source[from..until].chunks_exact(3) {
                        for (sum, value) in sums.iter_mut().zip(pixel) {
                            *sum += u32::from(*value);
                        }
                        count += 1;
                    }
                }
                rgb.extend(sums.map(|sum| (sum / count.max(1)) as u8));
            }
        }
        Self::of_parts(width, height, rgb)
    }

    /// The plate between four corners (clockwise from its top left), seen from the front with a margin, as a JPEG file.
    pub fn plate_jpeg(&self, corners: &[[f32; 2]; 4]) -> Result<Vec<u8>, PictureError> {
        let (width, height, rgb) = crop::plate_rgb(self, corners);
        write_jpeg(width, height, &rgb, CROP_QUALITY)
    }

    fn of_parts(width: u32, height: u32, rgb: Vec<u8>) -> Self {
        Self {
            width,
            height,
            planes: None,
            rgb: OnceLock::from(rgb),
            grey: OnceLock::new(),
        }
    }

    /// The picture turned as EXIF orientation `1..=8` says; anything else leaves it alone.
    fn turned(self, orientation: u32) -> Self {
        if !(2..=8).contains(&orientation) {
            return self;
        }
        let (width, height) = (self.width as usize, self.height as usize);
        let swapped = orientation >= 5;
        let (new_width, new_height) = if swapped {
            (height, width)
        } else {
            (width, height)
        };
        let source = self.rgb();
        let mut rgb = Vec::with_capacity(source.len());
        for y in 0..new_height {
            for x in 0..new_width {
                let (from_x, from_y) = match orientation {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                let at = (from_y * width + from_x) * 3;
                rgb.extend_from_slice(&source[at..at + 3]);
            }
        }
        Self::of_parts(new_width as u32, new_height as u32, rgb)
    }
}

/// Refuses a claimed size before anything is allocated for it.
pub(crate) fn check_size(width: u64, height: u64) -> Result<(), PictureError> {
    if width == 0 || height == 0 {
        return Err(PictureError::NoPixels { width, height });
    }
    if width.saturating_mul(height) > MOST_PIXELS {
        return Err(PictureError::TooManyPixels { width, height });
    }
    Ok(())
}

fn decode_plain(
    bytes: &[u8],
    format: ImageFormat,
    kind: &'static str,
) -> Result<Picture, PictureError> {
    let refused = |error: image::ImageError| refused(kind, bytes.len(), &error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    // Our own limit on pixels comes first and names the size; this one holds the decoder's scratch memory.
    limits.max_alloc = Some(MOST_PIXELS * 8);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    check_size(u64::from(width), u64::from(height))?;
    let decoded = image::DynamicImage::from_decoder(decoder).map_err(refused)?;
    Ok(Picture::of_parts(
        width,
        height,
        decoded.into_rgb8().into_raw(),
    ))
}

fn refused(kind: &'static str, bytes: usize, error: &image::ImageError) -> PictureError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(at) = cause {
        let ended = at
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof);
        if ended {
            return PictureError::Truncated { kind, bytes };
        }
        cause = at.source();
    }
    PictureError::Damaged {
        kind,
        why: error.to_string(),
    }
}

/// The EXIF orientation of a file; 1, upright, if it says none that can be read.
fn orientation(bytes: &[u8]) -> u32 {
    // The EXIF reader would look through the whole file of a BMP, which has none.
    if bytes.starts_with(b"BM") {
        return 1;
    }
    exif::Reader::new()
        .read_from_container(&mut Cursor::new(bytes))
        .ok()
        .and_then(|exif| {
            exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY)
                .and_then(|field| field.value.get_uint(0))
        })
        .unwrap_or(1)
}

fn write_jpeg(width: u32, height: u32, rgb: &[u8], quality: u8) -> Result<Vec<u8>, PictureError> {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality.clamp(1, 100))
        .encode(rgb, width, height, ExtendedColorType::Rgb8)
        .map_err(|error| PictureError::Unwritable {
            why: error.to_string(),
        })?;
    Ok(file)
}

fn rgb_of_yuv(y: u8, u: u8, v: u8) -> [u8; 3] {
    let luma = 298 * (i32::from(y) - 16);
    let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
    let byte = |value: i32| ((value + 128) >> 8).clamp(0, 255) as u8;
    [
        byte(luma + 409 * v),
        byte(luma - 100 * u - 208 * v),
        byte(luma + 516 * u),
    ]
}

#[cfg(test)]
mod tests;
