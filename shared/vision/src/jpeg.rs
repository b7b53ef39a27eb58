//! JPEG files to RGB, whole or not at all: zune-jpeg decodes, and a walk over the markers first finds what is cut off.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::picture::PictureError;
use crate::picture::check_size;

/// Width, height and RGB of a JPEG file.
pub(crate) fn decode(bytes: &[u8]) -> Result<(u32, u32, Vec<u8>), PictureError> {
    let (width, height) = survey(bytes)?;
    check_size(u64::from(width), u64::from(height))?;
    // The decoder fills what is missing with grey and calls it a picture, unless it is strict.
    let options = DecoderOptions::new_fast()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(64)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let rgb = decoder
        .decode()
        .map_err(|error| damaged(error.to_string()))?;
    let info = decoder
        .info()
        .ok_or_else(|| damaged("it has no size".to_owned()))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    if rgb.len() as u64 != u64::from(width) * u64::from(height) * 3 {
        return Err(damaged(
            "its pixels do not fill the size that it claims".to_owned(),
        ));
    }
    Ok((width, height, rgb))
}

/// The size that the frame header claims, if the file goes on to its end marker.
fn survey(bytes: &[u8]) -> Result<(u16, u16), PictureError> {
    let cut_off = || PictureError::Truncated {
        kind: "JPEG",
        bytes: bytes.len(),
    };
    let mut size = None;
    let mut at = 2;
    let mut scanned = false;
    loop {
        // To the next marker: past fill bytes, and inside a scan past its data (stuffed zeros and restarts).
        while bytes.get(at).ok_or_else(cut_off)? != &0xff {
            at += 1;
        }
        while bytes.get(at).ok_or_else(cut_off)? == &0xff {
            at += 1;
        }
        let marker = bytes[at];
        at += 1;
        match marker {
            0x00 | 0x01 | 0xd0..=0xd8 => continue,
            0xd9 => break,
            _ => {}
        }
        let segment = bytes.get(at..at + 2).ok_or_else(cut_off)?;
        let length = usize::from(u16::from_be_bytes([segment[0], segment[1]]));
        if length < 2 {
            return Err(damaged(format!(
                "segment {marker:02x} is shorter than its own length"
            )));
        }
        let body = bytes.get(at + 2..at + length).ok_or_else(cut_off)?;
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame && size.is_none() {
            let [_, h1, h2, w1, w2, ..] = body else {
                return Err(damaged("its frame header is too short".to_owned()));
            };
            size = Some((
                u16::from_be_bytes([*w1, *w2]),
                u16::from_be_bytes([*h1, *h2]),
            ));
        }
        scanned |= marker == 0xda;
        at += length;
    }
    match size {
        Some(size) if scanned => Ok(size),
        Some(_) => Err(damaged("it has no scan".to_owned())),
        None => Err(damaged("it has no frame header".to_owned())),
    }
}

fn damaged(why: String) -> PictureError {
    PictureError::Damaged { kind: "JPEG", why }
}
