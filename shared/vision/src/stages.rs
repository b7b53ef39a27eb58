//! Each stage of a recognition by itself, for measurements only: behind the feature `stages`, which no program of ours
//! turns on.

use candle_core::Result;

use crate::picture::Picture;
use crate::reader;
use crate::recogniser::Recogniser;

/// A frame as the detector's network takes it: one channel, row by row.
pub struct Scaled(crate::detector::Input);

impl Scaled {
    /// `height * width` values.
    pub fn values(&self) -> &[f32] {
        &self.0.values
    }

    /// Rows and columns, with the padding.
    pub fn sides(&self) -> [usize; 2] {
        [self.0.height, self.0.width]
    }
}

impl Recogniser {
    /// Scales a frame for the detector; its grey picture is computed if nobody has asked for it yet.
    pub fn scale(&self, picture: &Picture) -> Scaled {
        self.inside(|(detector, _)| Scaled(detector.input(picture.grey())))
    }

    /// The detector's network alone: nine planes of cells.
    pub fn detect(&self, frame: &Scaled) -> Result<Vec<f32>> {
        self.inside(|(detector, _)| Ok(detector.cells(&frame.0)?.0))
    }

    /// The plates as the reader's network takes them, one after the other.
    pub fn crops(&self, picture: &Picture, plates: &[[[f32; 2]; 4]]) -> Vec<f32> {
        self.inside(|_| reader::crops(picture.grey(), plates))
    }

    /// The reader's network alone: for each crop its classes, each with its steps.
    pub fn classes(&self, crops: &[f32], count: usize) -> Result<Vec<f32>> {
        self.inside(|(_, reader)| Ok(reader.outputs(crops, count)?.0))
    }
}
