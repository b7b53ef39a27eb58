//! A folder of pictures as a camera: JPEG, PNG and BMP in the order of their names.

use std::fs::File;
use std::io::Read;
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

/// The most pictures that a folder may hold.
const MOST_PICTURES: usize = 1_000_000;

/// A folder of pictures.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder. Its own pictures are taken, not those of folders in it.
    pub path: PathBuf,
    /// The least time from one picture to the next, for example "200ms".
    #[serde(default, with = "humantime_serde")]
    pub pace: Duration,
    /// Whether it starts again after the last picture.
    #[serde(default)]
    pub repeat: bool,
}

/// An open folder.
pub(super) struct Folder {
    files: Vec<PathBuf>,
    next: usize,
    number: u64,
    repeat: bool,
    clock: Clock,
}

impl Folder {
    /// Lists the pictures.
    pub(super) fn open(config: &Config, clock: &Clock) -> Result<Self, CameraError> {
        let fault = |why: String| CameraError::Open {
            what: config.path.display().to_string(),
            why,
        };
        let files = list_pictures(&config.path).map_err(fault)?;
        if files.is_empty() {
            return Err(fault(
                "there is no JPEG, PNG or BMP picture in it".to_owned(),
            ));
        }
        Ok(Self {
            files,
            next: 0,
            number: 0,
            repeat: config.repeat,
            clock: clock.clone(),
        })
    }
}

impl FrameSource for Folder {
    fn next(&mut self) -> Result<Option<Frame>, CameraError> {
        if self.next == self.files.len() {
            if !self.repeat {
                return Ok(None);
            }
            self.next = 0;
        }
        let path = &self.files[self.next];
        self.next += 1;
        let name = path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        let asked = self.clock.monotonic();
        let unreadable = |why: String| CameraError::Unreadable {
            name: name.clone(),
            why,
        };
        let bytes = read_picture(path).map_err(unreadable)?;
        let pixels = Pixels::of_file(bytes).map_err(|error| unreadable(error.to_string()))?;
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

/// The picture files of a folder by their extensions, in the order of their names.
pub(crate) fn list_pictures(folder: &std::path::Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let is_picture = path
            .extension()
            .and_then(|extension| extension.to_str())
            .map(str::to_ascii_lowercase)
            .is_some_and(|extension| matches!(extension.as_str(), "jpg" | "jpeg" | "png" | "bmp"));
        if is_picture && !path.is_dir() {
            files.push(path);
        }
        if files.len() > MOST_PICTURES {
            return Err(format!("it has more than {MOST_PICTURES} pictures"));
        }
    }
    files.sort();
    Ok(files)
}

/// The bytes of a picture file, if they are not more than a picture may have.
pub(crate) fn read_picture(path: &std::path::Path) -> Result<Bytes, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(vision::LONGEST_FILE as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() > vision::LONGEST_FILE {
        return Err(format!(
            "it has more than {} bytes, the most that a picture may have",
            vision::LONGEST_FILE
        ));
    }
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests;
