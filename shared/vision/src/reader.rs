//! The plate reader: rectified plates in, a probability for each symbol at each step out, with the region and the rows.
//! scripts/train/networks.py describes it; `spelling` turns steps into texts.

use candle_core::Result;
use candle_core::Tensor;
use contract::region::Region;

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
use crate::spelling::Spelling;
use crate::spelling::Steps;
use crate::syntax::Expectation;
use crate::syntax::REGIONS;

/// The size of a rectified plate.
pub(crate) const WIDTH: usize = 144;
/// The size of a rectified plate.
pub(crate) const HEIGHT: usize = 40;
/// How many steps the network reads from left to right.
const STEPS: usize = WIDTH / 4;
/// The least deviation that a crop is divided by, in grey levels: an empty crop stays quiet.
const LEAST_DEVIATION: f32 = 8.0;
/// The outputs beside the steps: a region each, then "two rows".
const ABOUT: usize = 48;
/// A plate that is less likely than this to have two rows is read in one only: rows cost two more passes.
const LEAST_TWO_ROWS: f32 = 0.1;

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
    about: Conv,
    regions: Vec<String>,
    scratch: Scratch,
}

/// What stands on one plate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// The text, of one row or of two.
    pub(crate) spelling: Spelling,
    /// Whose plate it looks like.
    pub(crate) region: Region,
}

/// The network's outputs for one crop.
struct Look {
    steps: Steps,
    /// How likely each region is.
    regions: Vec<f32>,
    /// How likely the crop shows a plate in two rows.
    two_rows: f32,
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
            row_share: crop::ROW_SHARE,
            regions: REGIONS.to_owned(),
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
            about: line("about", [256, ABOUT, 1])?,
            regions: REGIONS.split(' ').map(str::to_owned).collect(),
            scratch: Scratch::default(),
        })
    }

    /// What stands on each plate of a frame, in the order of the corners; none where nothing is read.
    pub(crate) fn read(
        &self,
        frame: &Grey,
        plates: &[[[f32; 2]; 4]],
    ) -> Result<Vec<Option<Reading>>> {
        let looks = self.look(frame, plates)?;
        let rows: Vec<[[f32; 2]; 4]> = plates
            .iter()
            .zip(&looks)
            .filter(|(_, look)| look.two_rows >= LEAST_TWO_ROWS)
            .flat_map(|(corners, _)| crop::row_corners(corners))
            .collect();
        let mut rows = self.look(frame, &rows)?.into_iter();
        let readings = looks.into_iter().map(|look| {
            let expected = Expectation::of_regions(&look.regions);
            let in_two = if look.two_rows >= LEAST_TWO_ROWS {
                rows.next()
                    .zip(rows.next())
                    .and_then(|(upper, lower)| upper.steps.above(lower.steps).spell(&expected))
            } else {
                None
            };
            let spelling = likelier(look.steps.spell(&expected), in_two, look.two_rows)?;
            let (place, confidence) = highest(&look.regions);
            let region = Region {
                code: self.regions.get(place)?.clone(),
                confidence,
            };
            Some(Reading { spelling, region })
        });
        Ok(readings.collect())
    }

    /// The outputs for the plates between some corners.
    fn look(&self, frame: &Grey, plates: &[[[f32; 2]; 4]]) -> Result<Vec<Look>> {
        if plates.is_empty() {
            return Ok(Vec::new());
        }
        let (steps, about) = self.outputs(&crops(frame, plates), plates.len())?;
        Ok(steps
            .chunks_exact(CLASSES * STEPS)
            .zip(about.chunks_exact(ABOUT))
            .map(|(logits, about)| Look {
                steps: Steps::of_logits(logits, STEPS),
                regions: shares(&about[..ABOUT - 1]),
                two_rows: 1.0 / (1.0 + (-about[ABOUT - 1]).exp()),
            })
            .collect())
    }

    /// What the network says of each class at each step, class by class, and about each whole plate, of some crops.
    pub(crate) fn outputs(&self, crops: &[f32], count: usize) -> Result<(Vec<f32>, Vec<f32>)> {
        let sides = [count, HEIGHT, WIDTH];
        let (steps, about) = self.run(&Map::of_squares(crops, sides, 2, &self.scratch)?)?;
        Ok((
            steps.flatten_all()?.to_vec1()?,
            about.flatten_all()?.to_vec1()?,
        ))
    }

    /// `n` maps of 4 channels, 20 x 72, to the steps `[n, 37, 1, 36]`, and to `[n, 48]` about the whole plate.
    pub(crate) fn run(&self, input: &Map) -> Result<(Tensor, Tensor)> {
        let x = self.conv1.apply_relu(input)?;
        let x = self.conv2.apply_relu(&x)?;
        let x = self.conv3.apply_relu(&x)?;
        let x = self.conv4.apply_relu(&x)?;
        let x = self.conv5.apply_relu(&x)?;
        let x = self.squeeze.apply_relu(&x)?.to_line()?;
        let x = self.line1.apply_relu(&x)?;
        let x = self.line2.apply_relu(&x)?;
        let steps = self.out.apply(&x)?.to_tensor()?;
        // The mean of the layer is the layer of the mean.
        let about = self.about.apply(&x)?.to_tensor()?.mean(3)?.squeeze(2)?;
        Ok((steps, about))
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

/// Of a text read in one row and one read in two, the likelier, given how likely two rows are.
fn likelier(one: Option<Spelling>, two: Option<Spelling>, two_rows: f32) -> Option<Spelling> {
    let best = |spelling: &Option<Spelling>| {
        spelling
            .as_ref()
            .and_then(|spelling| spelling.candidates.first())
            .map_or(0.0, |candidate| candidate.confidence)
    };
    if two_rows * best(&two) > (1.0 - two_rows) * best(&one) {
        two
    } else {
        one
    }
}

/// The probabilities behind some logits; zeros where they are no numbers.
fn shares(logits: &[f32]) -> Vec<f32> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|logit| (logit - highest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    let scale = if sum.is_finite() && sum > 0.0 {
        1.0 / sum
    } else {
        0.0
    };
    powers
        .into_iter()
        .map(|power| if scale > 0.0 { power * scale } else { 0.0 })
        .collect()
}

/// The place of the highest probability, and itself.
fn highest(probabilities: &[f32]) -> (usize, f32) {
    probabilities
        .iter()
        .copied()
        .enumerate()
        .fold((0, 0.0), |best, (place, probability)| {
            if probability > best.1 {
                (place, probability)
            } else {
                best
            }
        })
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
    use contract::plate::Candidate;
    use contract::plate::Plate;

    use super::*;

    fn spelling(text: &str, confidence: f32) -> Spelling {
        Spelling {
            candidates: vec![Candidate {
                text: Plate::parse(text).unwrap(),
                confidence,
            }],
            characters: Vec::new(),
        }
    }

    #[test]
    fn there_is_an_output_for_each_region_and_one_for_the_rows() {
        assert_eq!(REGIONS.split(' ').count() + 1, ABOUT);
    }

    #[test]
    fn the_rows_weigh_with_what_can_be_read_in_them() {
        let one = || Some(spelling("1", 0.1));
        let two = || Some(spelling("22", 0.8));
        assert_eq!(likelier(one(), two(), 0.5), two());
        assert_eq!(likelier(one(), two(), 0.05), one());
        assert_eq!(likelier(one(), None, 0.99), one());
        assert_eq!(likelier(None, two(), 0.2), two());
        assert_eq!(likelier(None, None, 0.5), None);
    }

    #[test]
    fn the_likeliest_region_has_its_share_of_all_and_no_numbers_give_no_confidence() {
        let (place, confidence) = highest(&shares(&[0.0, 1.0, 0.0]));
        assert_eq!(place, 1);
        assert!((confidence - 0.576).abs() < 1e-3, "{confidence}");
        assert_eq!(highest(&shares(&[f32::NAN; 3])), (0, 0.0));
    }

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
