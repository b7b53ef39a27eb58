//! The plate reader: rectified plates in, a probability for each symbol at each step out. scripts/train/networks.py
//! describes it; `spelling` turns steps into texts.

use candle_core::Result;
use candle_core::Tensor;

use crate::crop;
use crate::grey::Grey;
use crate::layers::Conv;
use crate::layers::Map;
use crate::layers::Scratch;
use crate::layers::Weights;
use crate::models::Task;
use crate::spelling::ALPHABET;
use crate::spelling::BLANK;
use crate::spelling::CLASSES;
use crate::spelling::Steps;

/// The size of a rectified plate.
pub(crate) const WIDTH: usize = 144;
/// The size of a rectified plate.
pub(crate) const HEIGHT: usize = 40;
/// How many steps the network reads from left to right.
const STEPS: usize = WIDTH / 4;
/// The least deviation that a crop is divided by, in grey levels: an empty crop stays quiet.
const LEAST_DEVIATION: f32 = 8.0;

/// The network with its weights.
pub(crate) struct Reader {
    conv1: Conv,
    conv2: Conv,
    conv3: Conv,
    conv4: Conv,
    conv5: Conv,
    squeeze: Conv,
    line1: Conv,
    line2: Conv,
    out: Conv,
    scratch: Scratch,
}

impl Reader {
    /// The network over its weights; an error says what is missing in them, or can't be run.
    pub(crate) fn over(weights: &Weights, task: &Task) -> std::result::Result<Self, String> {
        let ours = Task::ReadPlate {
            width: WIDTH,
            height: HEIGHT,
            steps: STEPS,
            alphabet: ALPHABET.to_owned(),
            blank: BLANK,
            margin_x: crop::MARGIN[0],
            margin_y: crop::MARGIN[1],
        };
        if *task != ours {
            return Err(format!("its task is {task:?}; this network is {ours:?}"));
        }
        let plane = |name, shape| Conv::plane(weights, name, shape);
        let line = |name, shape| Conv::line(weights, name, shape);
        Ok(Self {
            conv1: plane("conv1", [4, 48, 3, 1])?,
            conv2: plane("conv2", [48, 64, 3, 1])?,
            conv3: plane("conv3", [64, 96, 3, 2])?,
            conv4: plane("conv4", [96, 96, 3, 1])?,
            conv5: plane("conv5", [96, 96, 3, 1])?,
            squeeze: plane("squeeze", [96, 48, 1, 1])?,
            line1: line("line1", [480, 256, 3])?,
            line2: line("line2", [256, 256, 5])?,
            out: line("out", [256, CLASSES, 1])?,
            scratch: Scratch::default(),
        })
    }

    /// The steps of each plate of a frame, in the order of the corners.
    pub(crate) fn read(&self, frame: &Grey, plates: &[[[f32; 2]; 4]]) -> Result<Vec<Steps>> {
        if plates.is_empty() {
            return Ok(Vec::new());
        }
        let logits = self.logits(&crops(frame, plates), plates.len())?;
        Ok(logits
            .chunks_exact(CLASSES * STEPS)
            .map(|plate| Steps::of_logits(plate, STEPS))
            .collect())
    }

    /// What the network says of each class at each step, class by class, of some crops.
    pub(crate) fn logits(&self, crops: &[f32], count: usize) -> Result<Vec<f32>> {
        let sides = [count, HEIGHT, WIDTH];
        let logits = self.run(&Map::of_squares(crops, sides, 2, &self.scratch)?)?;
        logits.flatten_all()?.to_vec1()
    }

    /// `n` maps of 4 channels, 20 x 72, to `[n, 37, 1, 36]`.
    pub(crate) fn run(&self, input: &Map) -> Result<Tensor> {
        let x = self.conv1.apply_relu(input)?;
        let x = self.conv2.apply_relu(&x)?;
        let x = self.conv3.apply_relu(&x)?;
        let x = self.conv4.apply_relu(&x)?;
        let x = self.conv5.apply_relu(&x)?;
        let x = self.squeeze.apply_relu(&x)?.to_line()?;
        let x = self.line1.apply_relu(&x)?;
        let x = self.line2.apply_relu(&x)?;
        self.out.apply(&x)?.to_tensor()
    }

    /// The memory that its maps come from.
    #[cfg(test)]
    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }
}

/// The plates of a frame as the network takes them, one after the other.
pub(crate) fn crops(frame: &Grey, plates: &[[[f32; 2]; 4]]) -> Vec<f32> {
    let mut values = Vec::with_capacity(plates.len() * WIDTH * HEIGHT);
    for corners in plates {
        let mut crop = crop::plate_grey(frame, corners, WIDTH, HEIGHT);
        standardise(&mut crop);
        values.extend(crop);
    }
    values
}

/// Zero mean and unit deviation.
fn standardise(crop: &mut [f32]) {
    let count = crop.len() as f32;
    let mean = crop.iter().sum::<f32>() / count;
    let variance = crop
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum::<f32>()
        / count;
    let deviation = variance.sqrt().max(LEAST_DEVIATION);
    for value in crop {
        *value = (*value - mean) / deviation;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standardised_crop_has_mean_zero_and_deviation_one_and_an_empty_one_stays_flat() {
        let mut crop: Vec<f32> = (0..100).map(|value| value as f32).collect();
        standardise(&mut crop);
        assert!(crop.iter().sum::<f32>().abs() < 1e-3);
        let squares: f32 = crop.iter().map(|value| value * value).sum();
        assert!((squares / 100.0 - 1.0).abs() < 1e-3);
        let mut flat = vec![128.0; 100];
        standardise(&mut flat);
        assert!(flat.iter().all(|value| *value == 0.0));
    }
}
