//! The close look: what may be a plate is looked at once more, at a size at which the network sees plates best. Its corners
//! fit better, and what looked like a plate from afar only is found out.

use candle_core::Result;

use super::Detector;
use super::Found;
use super::PADDED_TO;
use super::boxes::bounds;
use super::boxes::overlap;
use super::input::Input;
use super::logit_of;
use super::peaks;
use super::probability_of;
use crate::grey::Grey;

/// Candidates looked at in one frame, surest first: what a hostile picture can cost is bounded.
const MOST_LOOKS: usize = 12;
/// The least sureness of a peak of the close look; the mean of both looks decides.
const LEAST_SURE: f32 = 0.05;
/// A peak whose box overlaps the candidate's less than this is another plate.
const LEAST_OVERLAP: f32 = 0.3;
/// The longest side of a close look that this program takes.
const LONGEST: usize = 512;

/// How closely candidates are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct CloseLook {
    /// The network's input, columns and rows.
    sides: [usize; 2],
    /// The most that a plate fills of it, in network pixels.
    plate: [f32; 2],
}

impl CloseLook {
    /// As the model's list says; none where it says `[0, 0]`.
    pub(super) fn of(
        sides: [usize; 2],
        plate: [f32; 2],
    ) -> std::result::Result<Option<Self>, String> {
        if sides == [0, 0] {
            return Ok(None);
        }
        let is_input = |side: usize| side > 0 && side.is_multiple_of(PADDED_TO) && side <= LONGEST;
        if !sides.into_iter().all(is_input) {
            return Err(format!(
                "the sides of its close look {sides:?} are not multiples of {PADDED_TO} up to {LONGEST}"
            ));
        }
        let fits = plate
            .iter()
            .zip(sides)
            .all(|(part, side)| *part >= 8.0 && *part <= side as f32);
        if !fits {
            return Err(format!(
                "a plate of {plate:?} does not fit its close look of {sides:?}"
            ));
        }
        Ok(Some(Self { sides, plate }))
    }

    /// The candidates with the corners and the sureness that both looks give them, in no order; those are left out that are
    /// no plate from near.
    pub(super) fn at(
        &self,
        detector: &Detector,
        frame: &Grey,
        mut candidates: Vec<Found>,
    ) -> Result<Vec<Found>> {
        candidates.truncate(MOST_LOOKS);
        let (candidates, inputs): (Vec<Found>, Vec<Input>) = candidates
            .into_iter()
            .filter_map(|found| {
                let input = Input::around(frame, &found.corners, self.sides, self.plate)?;
                Some((found, input))
            })
            .unzip();
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<f32> = inputs
            .iter()
            .flat_map(|input| &input.values)
            .copied()
            .collect();
        let [columns, rows] = self.sides;
        let (cells, sides) = detector.cells_of(&values, [inputs.len(), rows, columns])?;
        Ok(cells
            .chunks_exact(cells.len() / inputs.len())
            .zip(inputs.iter().zip(candidates))
            .filter_map(|(cells, (input, far))| {
                let near = peaks(cells, sides, LEAST_SURE, input.place);
                both(far, near)
            })
            .collect())
    }
}

/// What two looks say of a plate: the near one's corners, and the mean of their logits.
fn both(far: Found, near: Vec<Found>) -> Option<Found> {
    let box_of = bounds(&far.corners);
    near.into_iter()
        .map(|near| (overlap(box_of, bounds(&near.corners)), near))
        .filter(|(shared, _)| *shared > LEAST_OVERLAP)
        .max_by(|(one_shared, one), (other_shared, other)| {
            (one.sure * one_shared.sqrt()).total_cmp(&(other.sure * other_shared.sqrt()))
        })
        .map(|(_, near)| Found {
            sure: probability_of(f32::midpoint(logit_of(far.sure), logit_of(near.sure))),
            corners: near.corners,
            before: Some(far.corners),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sure: f32, [left, top, right, bottom]: [f32; 4]) -> Found {
        Found {
            sure,
            corners: [[left, top], [right, top], [right, bottom], [left, bottom]],
            before: None,
        }
    }

    #[test]
    fn both_looks_are_weighed_and_the_near_ones_corners_hold() {
        let far = found(0.9, [0.0, 0.0, 100.0, 30.0]);
        let near = found(0.5, [5.0, 2.0, 98.0, 29.0]);
        let beside = found(0.99, [90.0, 0.0, 190.0, 30.0]);
        let plate = both(far.clone(), vec![beside.clone(), near.clone()]).unwrap();
        assert_eq!(plate.corners, near.corners);
        assert_eq!(plate.before, Some(far.corners));
        assert!((plate.sure - 0.75).abs() < 1e-4, "{}", plate.sure);
        assert_eq!(both(far.clone(), vec![beside]), None);
        assert_eq!(both(far, Vec::new()), None);
    }

    #[test]
    fn a_list_whose_close_look_makes_no_sense_is_refused() {
        assert!(CloseLook::of([0, 0], [0.0, 0.0]).unwrap().is_none());
        assert!(CloseLook::of([256, 160], [100.0, 90.0]).unwrap().is_some());
        for (sides, plate) in [
            ([250, 160], [100.0, 90.0]),
            ([256, 0], [100.0, 90.0]),
            ([4096, 160], [100.0, 90.0]),
            ([256, 160], [300.0, 90.0]),
            ([256, 160], [100.0, f32::NAN]),
        ] {
            assert!(CloseLook::of(sides, plate).is_err(), "{sides:?} {plate:?}");
        }
    }
}
