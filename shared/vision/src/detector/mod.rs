//! The plate detector: a grey frame in, the four corners of each plate out. scripts/train/networks.py describes it.

mod boxes;
mod close;
mod input;

use candle_core::Result;
use candle_core::Tensor;

pub(crate) use self::boxes::bounds;
use self::boxes::contained;
use self::boxes::is_outline;
use self::boxes::overlap;
use self::close::CloseLook;
use self::input::BORDER;
pub(crate) use self::input::Input;
use self::input::Place;
use self::input::is_small;
pub(crate) use self::input::wholes;
use crate::grey::Grey;
use crate::layers::Conv;
use crate::layers::Map;
use crate::layers::Scratch;
use crate::layers::Weights;
use crate::models::Task;

/// A box of which more than this part lies in a surer one, or the other way round, is the same plate.
const CONTAINED: f32 = 0.7;
/// Frames with a longer side than this lose plates when they shrink to the network's size: worth a look at a larger one.
const LARGE: usize = 1600;
/// The longer side of that look, as a multiple of the usual one.
const LARGER: usize = 2;
/// The network pads to a multiple of this.
const PADDED_TO: usize = 32;
/// The longer side of a coarse fine pass, as a part of the usual one: its work is that part squared, 4 of 9.
const COARSE: (usize, usize) = (2, 3);
/// Network pixels that one output cell stands for.
const CELL: usize = 8;
/// Long sides that this program takes: memory and time grow with their square.
const LONG_SIDES: std::ops::RangeInclusive<usize> = 64..=2048;
/// Peaks looked at in one frame, surest first: what a hostile picture can cost is bounded.
const MOST_PEAKS: usize = 64;

/// One plate found in a frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// How sure the network is, 0 to 1.
    pub(crate) sure: f32,
    /// Clockwise from the plate's top left, in pixels of the frame; a pixel's centre lies at +0.5.
    pub(crate) corners: [[f32; 2]; 4],
    /// The corners before the close look, if there was one: what is left to try where nothing can be read.
    pub(crate) before: Option<[[f32; 2]; 4]>,
}

/// How finely far plates are sought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// At the scale that the network was trained for.
    #[default]
    Full,
    /// At two thirds of it: less than half the work, and the farthest plates are missed.
    Coarse,
}

/// The network with its weights.
pub(crate) struct Detector {
    stem: Conv,
    down8: Conv,
    body8: Conv,
    down16: Conv,
    body16a: Conv,
    body16b: Conv,
    down32: Conv,
    body32a: Conv,
    body32b: Conv,
    lateral32: Conv,
    lateral16: Conv,
    lateral8: Conv,
    head: Conv,
    out: Conv,
    scratch: Scratch,
    rule: Rule,
}

/// What makes a peak a plate, and the size at which plates are sought.
#[derive(Clone, Copy, Debug)]
struct Rule {
    long_side: usize,
    near_long_side: usize,
    /// The least sureness of what is worth a close look.
    candidate: f32,
    threshold: f32,
    same_plate: f32,
    close: Option<CloseLook>,
}

impl Detector {
    /// The network over its weights; an error says what is missing in them, or can't be run.
    pub(crate) fn over(weights: &Weights, task: &Task) -> std::result::Result<Self, String> {
        let rule = Rule::of(task)?;
        let conv = |name, shape| Conv::plane(weights, name, shape);
        Ok(Self {
            stem: conv("stem", [16, 32, 3, 1])?,
            down8: conv("down8", [32, 64, 3, 2])?,
            body8: conv("body8", [64, 64, 3, 1])?,
            down16: conv("down16", [64, 96, 3, 2])?,
            body16a: conv("body16a", [96, 96, 3, 1])?,
            body16b: conv("body16b", [96, 96, 3, 1])?,
            down32: conv("down32", [96, 128, 3, 2])?,
            body32a: conv("body32a", [128, 128, 3, 1])?,
            body32b: conv("body32b", [128, 128, 3, 1])?,
            lateral32: conv("lateral32", [128, 64, 1, 1])?,
            lateral16: conv("lateral16", [96, 64, 1, 1])?,
            lateral8: conv("lateral8", [64, 64, 1, 1])?,
            head: conv("head", [64, 64, 3, 1])?,
            out: conv("out", [64, 9, 1, 1])?,
            scratch: Scratch::default(),
            rule,
        })
    }

    /// The plates of a frame, surest first: a fine pass for far plates, and a coarse one, which costs an eighth of it, for
    /// plates that are too near for the fine one to see whole; then a close look at each.
    pub(crate) fn find(&self, frame: &Grey, detail: Detail) -> Result<Vec<Found>> {
        let long_side = match detail {
            Detail::Full => self.rule.long_side,
            Detail::Coarse => (self.rule.long_side * COARSE.0 / COARSE.1).max(*LONG_SIDES.start()),
        };
        let mut found = self.peaks(&Input::of(frame, long_side, 0.0))?;
        if self.rule.near_long_side > 0 {
            let border = if is_small(frame) { BORDER } else { 0.0 };
            found.extend(self.peaks(&Input::of(frame, self.rule.near_long_side, border))?);
        }
        self.settled(frame, found)
    }

    /// The plates of a large frame at twice the usual size, four times the cost; none of a frame that would gain nothing.
    pub(crate) fn find_in_large(&self, frame: &Grey) -> Result<Vec<Found>> {
        if frame.width().max(frame.height()) <= LARGE {
            return Ok(Vec::new());
        }
        let long_side = (self.rule.long_side * LARGER).min(*LONG_SIDES.end());
        let found = self.peaks(&Input::of(frame, long_side, 0.0))?;
        self.settled(frame, found)
    }

    /// Of all peaks each plate once, looked at closely, if it is sure enough.
    fn settled(&self, frame: &Grey, found: Vec<Found>) -> Result<Vec<Found>> {
        let mut found = each_once(found, self.rule.same_plate);
        if let Some(close) = &self.rule.close {
            let seen = close.at(self, frame, found)?;
            found = each_once(seen, self.rule.same_plate);
        }
        found.retain(|plate| plate.sure >= self.rule.threshold);
        Ok(found)
    }

    fn peaks(&self, input: &Input) -> Result<Vec<Found>> {
        let (cells, sides) = self.cells(input)?;
        Ok(peaks(&cells, sides, self.rule.candidate, input.place))
    }

    /// A frame as the network takes it in the fine pass.
    #[cfg(feature = "stages")]
    pub(crate) fn input(&self, frame: &Grey) -> Input {
        Input::of(frame, self.rule.long_side, 0.0)
    }

    /// What the network says of each cell, plane by plane, and its rows and columns.
    pub(crate) fn cells(&self, input: &Input) -> Result<(Vec<f32>, [usize; 2])> {
        self.cells_of(&input.values, [1, input.height, input.width])
    }

    /// The same of several inputs of one size, one after the other.
    fn cells_of(&self, values: &[f32], sides: [usize; 3]) -> Result<(Vec<f32>, [usize; 2])> {
        let output = self.run(&Map::of_squares(values, sides, 4, &self.scratch)?)?;
        let (_, _, rows, columns) = output.dims4()?;
        Ok((output.flatten_all()?.to_vec1()?, [rows, columns]))
    }

    /// `n` maps of 16 channels, `h x w`, to `[n, 9, h / 2, w / 2]`.
    pub(crate) fn run(&self, input: &Map) -> Result<Tensor> {
        let x = self.stem.apply_relu(input)?;
        let x = self.down8.apply_relu(&x)?;
        let c8 = self.body8.apply_relu(&x)?;
        let x = self.down16.apply_relu(&c8)?;
        let x = self.body16a.apply_relu(&x)?;
        let c16 = self.body16b.apply_relu(&x)?;
        let x = self.down32.apply_relu(&c16)?;
        let x = self.body32a.apply_relu(&x)?;
        let c32 = self.body32b.apply_relu(&x)?;
        let p32 = self.lateral32.apply(&c32)?;
        let p16 = self.lateral16.apply_adding_doubled(&c16, &p32)?;
        let p8 = self.lateral8.apply_relu_adding_doubled(&c8, &p16)?;
        self.out.apply(&self.head.apply_relu(&p8)?)?.to_tensor()
    }

    /// The memory that its maps come from.
    #[cfg(test)]
    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }
}

impl Rule {
    fn of(task: &Task) -> std::result::Result<Self, String> {
        let Task::DetectPlate {
            long_side,
            near_long_side,
            pad_multiple,
            stride,
            candidate,
            threshold,
            nms_iou,
            close_look,
            close_plate,
        } = task
        else {
            return Err("its task is not detect-plate".to_owned());
        };
        if (*pad_multiple, *stride) != (PADDED_TO, CELL) {
            return Err(format!(
                "its padding and stride are {pad_multiple} and {stride}; this network has {PADDED_TO} and {CELL}"
            ));
        }
        if !LONG_SIDES.contains(long_side) {
            return Err(format!(
                "its long side {long_side} is not in {LONG_SIDES:?}"
            ));
        }
        if *near_long_side != 0 && !LONG_SIDES.contains(near_long_side) {
            return Err(format!(
                "its near long side {near_long_side} is neither 0 nor in {LONG_SIDES:?}"
            ));
        }
        let candidate = candidate.unwrap_or(*threshold);
        for (name, value) in [
            ("candidate", &candidate),
            ("threshold", threshold),
            ("nms_iou", nms_iou),
        ] {
            if !(*value > 0.0 && *value < 1.0) {
                return Err(format!("its {name} {value} is not between 0 and 1"));
            }
        }
        Ok(Self {
            long_side: *long_side,
            near_long_side: *near_long_side,
            candidate,
            threshold: *threshold,
            same_plate: *nms_iou,
            close: CloseLook::of(*close_look, *close_plate)?,
        })
    }
}

/// The peaks of an output of nine planes as plates, surest first; neighbours may be the same plate.
fn peaks(cells: &[f32], [rows, columns]: [usize; 2], threshold: f32, place: Place) -> Vec<Found> {
    let plane = rows * columns;
    // A monotonic function keeps the order, so peaks are sought among logits.
    let logit = |row: usize, column: usize| cells[row * columns + column];
    let least = logit_of(threshold);
    let mut peaks = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let centre = logit(row, column);
            if centre.is_nan() || centre < least {
                continue;
            }
            let mut around_rows = row.saturating_sub(1)..=(row + 1).min(rows - 1);
            let is_peak = around_rows.all(|near_row| {
                (column.saturating_sub(1)..=(column + 1).min(columns - 1))
                    .all(|near_column| logit(near_row, near_column) <= centre)
            });
            if is_peak {
                peaks.push((centre, row, column));
            }
        }
    }
    peaks.sort_by(|one, other| other.0.total_cmp(&one.0));
    peaks.truncate(MOST_PEAKS);
    peaks
        .into_iter()
        .filter_map(|(logit, row, column)| {
            let at = row * columns + column;
            let corners = std::array::from_fn(|index| {
                let x = cells[(1 + 2 * index) * plane + at];
                let y = cells[(2 + 2 * index) * plane + at];
                place.in_frame([
                    (column as f32 + 0.5 + x) * CELL as f32,
                    (row as f32 + 0.5 + y) * CELL as f32,
                ])
            });
            is_outline(&corners).then_some(Found {
                sure: probability_of(logit),
                corners,
                before: None,
            })
        })
        .collect()
}

/// The logit of a probability.
fn logit_of(probability: f32) -> f32 {
    (probability / (1.0 - probability)).ln()
}

/// The probability of a logit.
fn probability_of(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// Each plate once, surest first: a box that overlaps a surer one by more than `same_plate`, or lies in it or around it, is
/// the same plate. A plate that is too near for the fine pass shows parts of itself there.
fn each_once(mut found: Vec<Found>, same_plate: f32) -> Vec<Found> {
    found.sort_by(|one, other| other.sure.total_cmp(&one.sure));
    let mut kept: Vec<Found> = Vec::new();
    for plate in found {
        let box_of = bounds(&plate.corners);
        let is_new = kept.iter().all(|other| {
            let other = bounds(&other.corners);
            overlap(box_of, other) <= same_plate && contained(box_of, other) <= CONTAINED
        });
        if is_new {
            kept.push(plate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        scale: [1.0; 2],
        border: 0.0,
        origin: [0.0; 2],
    };

    /// Nine planes with one plate of 4 x 2 cells around each of the peaks.
    fn output(rows: usize, columns: usize, peaks: &[(usize, usize, f32)]) -> Vec<f32> {
        let plane = rows * columns;
        let mut cells = vec![-9.0; plane];
        for (row, column, logit) in peaks {
            cells[row * columns + column] = *logit;
        }
        for value in [-2.0, -1.0, 2.0, -1.0, 2.0, 1.0, -2.0, 1.0] {
            cells.extend(std::iter::repeat_n(value, plane));
        }
        cells
    }

    fn found(sure: f32, [left, top, right, bottom]: [f32; 4]) -> Found {
        Found {
            sure,
            corners: [[left, top], [right, top], [right, bottom], [left, bottom]],
            before: None,
        }
    }

    #[test]
    fn a_peak_becomes_a_plate_in_pixels_of_the_frame() {
        let cells = output(8, 8, &[(3, 4, 2.0)]);
        let place = Place {
            scale: [0.5, 0.25],
            border: 4.0,
            origin: [0.0; 2],
        };
        let found = peaks(&cells, [8, 8], 0.5, place);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].corners[0],
            [(2.5 * 8.0 - 4.0) * 2.0, (2.5 * 8.0 - 4.0) * 4.0]
        );
        assert_eq!(
            found[0].corners[2],
            [(6.5 * 8.0 - 4.0) * 2.0, (4.5 * 8.0 - 4.0) * 4.0]
        );
        assert!((found[0].sure - 0.880_797).abs() < 1e-4);
    }

    #[test]
    fn a_neighbour_and_an_overlapping_peak_are_the_same_plate() {
        let cells = output(
            8,
            16,
            &[(3, 4, 2.0), (3, 5, 1.0), (3, 6, 1.5), (3, 12, 3.0)],
        );
        let found = each_once(peaks(&cells, [8, 16], 0.5, PLACE), 0.3);
        assert_eq!(found.len(), 2);
        assert!(found[0].sure > found[1].sure);
    }

    /// The fine pass sees parts of a plate that fills the frame, the coarse one the whole.
    #[test]
    fn a_part_of_a_surer_plate_is_no_plate_and_one_beside_it_is() {
        let near = found(0.9, [0.0, 0.0, 400.0, 100.0]);
        let part = found(0.6, [150.0, 10.0, 260.0, 90.0]);
        let beside = found(0.5, [380.0, 0.0, 520.0, 90.0]);
        let kept = each_once(vec![part, beside.clone(), near.clone()], 0.3);
        assert_eq!(kept, vec![near, beside]);
    }

    #[test]
    fn corners_that_enclose_nothing_or_are_no_numbers_are_no_plate() {
        let mut cells = output(4, 4, &[(1, 1, 2.0)]);
        cells[16 + 5] = f32::NAN;
        assert!(peaks(&cells, [4, 4], 0.5, PLACE).is_empty());
        let mut folded = output(4, 4, &[(1, 1, 2.0)]);
        for value in &mut folded[16..] {
            *value = 0.0;
        }
        assert!(peaks(&folded, [4, 4], 0.5, PLACE).is_empty());
    }
}
