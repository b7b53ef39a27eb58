//! Pictures on their way to a browser: what an edge sent is judged by its first bytes, decoded within bounds, and written
//! anew. Whatever else was in the file (scripts, places, thumbnails, a second file behind the first) stays behind.

use std::io::Cursor;

use bytes::Bytes;
use image::ImageFormat;
use image::ImageReader;
use image::Limits;
use image::codecs::jpeg::JpegEncoder;
use tokio::sync::Semaphore;

/// The widest and highest picture; what claims more is a bomb or no camera's.
const LARGEST_SIDE: u32 = 8192;
/// Bytes that decoding one may take: nine megapixels.
const MOST_BYTES: u64 = 28 * 1024 * 1024;
/// Of 100; what plates need to stay readable.
const QUALITY: u8 = 92;
/// Pictures that are decoded at once, over the whole hub.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Why a picture is not shown.
#[derive(Debug, thiserror::Error)]
pub enum ShownError {
    /// Its first bytes are not those of JPEG or PNG.
    #[error("it is neither JPEG nor PNG")]
    NoPicture,
    /// It is larger than a picture may be, or broken.
    #[error("it is damaged or too large")]
    Damaged,
}

/// Writes a picture anew as JPEG.
pub async fn show(bytes: Bytes) -> Result<Bytes, ShownError> {
    // Never closed.
    let _turn = TURNS.acquire().await.map_err(|_| ShownError::Damaged)?;
    tokio::task::spawn_blocking(move || write_anew(&bytes))
        .await
        .map_err(|_| ShownError::Damaged)?
}

fn write_anew(bytes: &[u8]) -> Result<Bytes, ShownError> {
    let format = image::guess_format(bytes).map_err(|_| ShownError::NoPicture)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png) {
        return Err(ShownError::NoPicture);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    let reader = |limits: Limits| {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        reader.limits(limits);
        reader
    };
    // The head first: a decoder may take memory for the whole before it looks at its bound.
    let (width, height) = reader(limits.clone())
        .into_dimensions()
        .map_err(|_| ShownError::Damaged)?;
    if width > LARGEST_SIDE
        || height > LARGEST_SIDE
        || u64::from(width) * u64::from(height) * 3 > MOST_BYTES
    {
        return Err(ShownError::Damaged);
    }
    let picture = reader(limits)
        .decode()
        .map_err(|_| ShownError::Damaged)?
        .into_rgb8();
    let mut written = Vec::new();
    JpegEncoder::new_with_quality(&mut written, QUALITY)
        .encode_image(&picture)
        .map_err(|_| ShownError::Damaged)?;
    Ok(written.into())
}

#[cfg(test)]
mod tests {
    use image::DynamicImage;
    use image::RgbImage;

    use super::*;

    fn picture(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([x.to_le_bytes()[0], y.to_le_bytes()[0], 90])
        });
        DynamicImage::ImageRgb8(picture)
            .write_to(&mut bytes, format)
            .unwrap();
        bytes.into_inner()
    }

    /// SE-32: what is shown is a picture and nothing else, whatever was in the file.
    #[tokio::test]
    async fn a_picture_is_written_anew_and_leaves_everything_else_behind() {
        let script = b"<script>alert(1)</script>";
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let mut bytes = picture(format, 320, 200);
            bytes.extend(script);
            if format == ImageFormat::Jpeg {
                // A comment segment with a script, right after the start.
                let mut comment = vec![0xff, 0xfe, 0, 27];
                comment.extend(script);
                bytes.splice(2..2, comment);
            }
            let shown = show(bytes.into()).await.unwrap();
            assert_eq!(image::guess_format(&shown).unwrap(), ImageFormat::Jpeg);
            assert!(!shown.windows(7).any(|part| part == b"<script"));
            let again = image::load_from_memory(&shown).unwrap();
            assert_eq!((again.width(), again.height()), (320, 200));
        }
    }

    /// SE-32: bombs, other kinds of files and half files are refused, by their bytes and not by their name.
    #[tokio::test]
    async fn picture_bombs_and_other_files_are_refused() {
        let mut bomb = picture(ImageFormat::Jpeg, 16, 16);
        let frame = bomb
            .windows(2)
            .position(|mark| mark == [0xff, 0xc0])
            .unwrap();
        // Height and width of the frame say 65,500 each: 12 GiB of pixels in 600 bytes.
        bomb[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        let mut png_bomb = picture(ImageFormat::Png, 16, 16);
        png_bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xdc, 0, 0, 0xff, 0xdc]);
        let mut half = picture(ImageFormat::Png, 320, 200);
        half.truncate(half.len() / 2);
        let before = resident();
        for bytes in [
            bomb,
            png_bomb,
            half,
            Vec::new(),
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec(),
            b"GIF89a<script>alert(1)</script>".to_vec(),
            b"<!doctype html><script>alert(1)</script>".to_vec(),
            b"PK\x03\x04zip".to_vec(),
            b"BM".to_vec(),
            vec![0xff, 0xd8, 0xff],
        ] {
            let start = bytes.clone();
            let refused = show(bytes.into()).await;
            assert!(refused.is_err(), "{:?}", &start[..start.len().min(20)]);
        }
        let grown = resident().saturating_sub(before);
        assert!(grown < 64 * 1024, "{grown} KiB more memory");
    }

    /// KiB of memory that this process has had at most.
    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
