//! A recorded clip as a camera: MJPEG in an AVI file, or a multipart stream that was saved to a file.

use std::fs::File;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use contract::time::Clock;
use serde::Deserialize;
use serde::Serialize;

use crate::camera::CameraError;
use crate::camera::Frame;
use crate::camera::FrameSource;
use crate::camera::Pixels;
use crate::camera::multipart::LONGEST_PART;
use crate::camera::multipart::Multipart;

/// Codecs of AVI files that are one JPEG a frame.
const MJPEG: [&[u8; 4]; 4] = [b"MJPG", b"JPEG", b"AVRN", b"DMB1"];
/// Bytes of a multipart file that are read at once.
const CHUNK: usize = 64 << 10;

/// A clip.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    /// The least time from one frame to the next, for example "40ms".
    #[serde(default, with = "humantime_serde")]
    pub pace: Duration,
    /// Whether it starts again after the last frame.
    #[serde(default)]
    pub repeat: bool,
}

/// An open clip.
pub(super) struct Clip {
    name: String,
    file: BufReader<File>,
    form: Form,
    repeat: bool,
    number: u64,
    /// Frames since the start of the file: one that has none is not repeated for ever.
    here: u64,
    /// After a cut the file has nothing more.
    cut_off: bool,
    clock: Clock,
}

enum Form {
    Avi,
    Multipart(Multipart),
}

impl Clip {
    /// Opens the file and looks at its first bytes.
    pub(super) fn open(config: &Config, clock: &Clock) -> Result<Self, CameraError> {
        let fault = |why: String| CameraError::Open {
            what: config.path.display().to_string(),
            why,
        };
        let file = File::open(&config.path).map_err(|error| fault(error.to_string()))?;
        let mut file = BufReader::new(file);
        let mut start = [0; 12];
        let known = fill(&mut file, &mut start).map_err(|error| fault(error.to_string()))?;
        let form = if known == 12 && start.starts_with(b"RIFF") && start.ends_with(b"AVI ") {
            Form::Avi
        } else if start.trim_ascii_start().starts_with(b"--") {
            multipart()
        } else {
            return Err(fault(
                "it is neither an AVI file nor a multipart stream".to_owned(),
            ));
        };
        file.rewind().map_err(|error| fault(error.to_string()))?;
        Ok(Self {
            name: config.path.file_name().map_or_else(
                || config.path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            ),
            file,
            form,
            repeat: config.repeat,
            number: 0,
            here: 0,
            cut_off: false,
            clock: clock.clone(),
        })
    }

    /// The next frame's bytes; none at the end of the file.
    fn read(&mut self) -> Result<Option<Bytes>, CameraError> {
        let place = self.here + 1;
        let fault = |why: String| CameraError::Unreadable {
            name: format!("{} frame {place}", self.name),
            why,
        };
        if self.cut_off {
            return Ok(None);
        }
        let result = match &mut self.form {
            Form::Avi => next_of_avi(&mut self.file),
            Form::Multipart(parts) => next_of_multipart(&mut self.file, parts),
        };
        result.map_err(|why| {
            self.cut_off = true;
            fault(why)
        })
    }

    fn rewind(&mut self) -> Result<(), CameraError> {
        self.file
            .rewind()
            .map_err(|error| CameraError::Lost(error.to_string()))?;
        if matches!(self.form, Form::Multipart(_)) {
            self.form = multipart();
        }
        self.here = 0;
        self.cut_off = false;
        Ok(())
    }
}

impl FrameSource for Clip {
    fn next(&mut self) -> Result<Option<Frame>, CameraError> {
        let asked = self.clock.monotonic();
        let mut bytes = self.read()?;
        if bytes.is_none() && self.repeat && self.here > 0 {
            self.rewind()?;
            bytes = self.read()?;
        }
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        self.here += 1;
        let name = format!("{} frame {}", self.name, self.here);
        let pixels = Pixels::of_file(bytes).map_err(|error| CameraError::Unreadable {
            name: name.clone(),
            why: error.to_string(),
        })?;
        self.number += 1;
        Ok(Some(Frame::taken(
            &self.clock,
            asked,
            self.number,
            Some(name),
            pixels,
        )))
    }
}

fn multipart() -> Form {
    // Without a boundary given there is none that could be refused.
    Multipart::new(None).map_or(Form::Avi, Form::Multipart)
}

/// Walks RIFF chunks to the next one that holds a picture. Lists are entered, everything else is skipped.
fn next_of_avi(file: &mut (impl Read + Seek)) -> Result<Option<Bytes>, String> {
    loop {
        let mut head = [0; 8];
        let read = fill(file, &mut head).map_err(|error| error.to_string())?;
        if read == 0 {
            return Ok(None);
        }
        if read < head.len() {
            return Err("the clip is cut off".to_owned());
        }
        let [a, b, c, d, size @ ..] = head;
        let size = u32::from_le_bytes(size);
        let skip = i64::from(size) + i64::from(size % 2);
        match [a, b, c, d] {
            [b'R', b'I', b'F', b'F'] | [b'L', b'I', b'S', b'T'] => {
                let mut kind = [0; 4];
                let read = fill(file, &mut kind).map_err(|error| error.to_string())?;
                if read < kind.len() {
                    return Err("the clip is cut off".to_owned());
                }
            }
            [b's', b't', b'r', b'h'] if size >= 8 => {
                let mut stream = [0; 8];
                let read = fill(file, &mut stream).map_err(|error| error.to_string())?;
                if read < stream.len() {
                    return Err("the clip is cut off".to_owned());
                }
                check_codec(&stream)?;
                file.seek_relative(skip - 8)
                    .map_err(|error| error.to_string())?;
            }
            [b'0'..=b'9', b'0'..=b'9', b'd', b'c' | b'b'] if size > 0 => {
                if size as usize > LONGEST_PART {
                    return Err(format!(
                        "the clip claims a frame of {size} bytes; at most {LONGEST_PART} are allowed"
                    ));
                }
                let mut bytes = Vec::new();
                file.by_ref()
                    .take(u64::from(size))
                    .read_to_end(&mut bytes)
                    .map_err(|error| error.to_string())?;
                if bytes.len() < size as usize {
                    return Err("the clip is cut off".to_owned());
                }
                file.seek_relative(skip - i64::from(size))
                    .map_err(|error| error.to_string())?;
                return Ok(Some(Bytes::from(bytes)));
            }
            _ => file
                .seek_relative(skip)
                .map_err(|error| error.to_string())?,
        }
    }
}

/// Refuses a video stream of another codec. Many writers leave the codec out of this header.
fn check_codec(stream: &[u8; 8]) -> Result<(), String> {
    let [v, i, d, s, codec @ ..] = *stream;
    let codec = codec.map(|letter| letter.to_ascii_uppercase());
    let is_known = codec == [0; 4] || MJPEG.contains(&&codec);
    if [v, i, d, s] == *b"vids" && !is_known {
        return Err(format!(
            "the clip's codec is {}; MJPEG is read",
            codec.escape_ascii()
        ));
    }
    Ok(())
}

fn next_of_multipart(file: &mut impl Read, parts: &mut Multipart) -> Result<Option<Bytes>, String> {
    loop {
        if let Some(part) = parts.take().map_err(|error| error.to_string())? {
            return Ok(Some(part));
        }
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).map_err(|error| error.to_string())?;
        if read == 0 {
            return Ok(None);
        }
        parts.push(&chunk[..read]);
    }
}

/// Reads until the slice is full or the file ends.
fn fill(file: &mut impl Read, into: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read(&mut into[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
