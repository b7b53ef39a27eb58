//! Which part of a picture shows a vehicle, and that part as a network wants it: RGB, small, square. Pure.

use crate::picture::Picture;

/// The side of a seen square in pixels.
pub(crate) const SIDE: usize = 80;
/// Most samples along one side of an output pixel, against aliasing.
const MOST_SAMPLES: usize = 4;
/// What lies outside the picture: middle grey, zero to the networks.
const OUTSIDE: f32 = 127.5;
/// A long plate, 520 x 110 mm, and a short one, about 305 x 155 mm, in square metres; and the ratio of width to height that
/// tells them apart.
const LONG: f32 = 0.52 * 0.11;
const SHORT: f32 = 0.305 * 0.155;
const LONG_RATIO: f32 = 3.2;

/// A square of a picture: its middle and its side in pixels, a pixel's centre lying at +0.5.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Square {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) side: f32,
}

impl Square {
    /// The whole of a picture that shows nothing but one vehicle.
    pub(crate) fn whole(picture: &Picture) -> Self {
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        Self {
            x: width / 2.0,
            y: height / 2.0,
            side: width.max(height),
        }
    }

    /// Where a vehicle is whose plate has these corners: `metres` wide by the plate's size, its middle `above` sides over
    /// the plate's. None if the corners are no plate's.
    pub(crate) fn over_plate(corners: &[[f32; 2]; 4], metres: f32, above: f32) -> Option<Self> {
        let length = |from: usize, to: usize| {
            (corners[to][0] - corners[from][0]).hypot(corners[to][1] - corners[from][1])
        };
        let across = ((length(0, 1) + length(3, 2)) / 2.0).max(1.0);
        let down = ((length(1, 2) + length(0, 3)) / 2.0).max(1.0);
        let size = if across / down > LONG_RATIO {
            LONG
        } else {
            SHORT
        };
        let side = metres * (across * down / size).sqrt();
        let middle = |axis: usize| corners.iter().map(|corner| corner[axis]).sum::<f32>() / 4.0;
        let square = Self {
            x: middle(0),
            y: middle(1) - above * side,
            side,
        };
        // A picture has at most 64 megapixels; a square far larger than any is nonsense.
        let is_sound = square.x.abs() < 1e6 && square.y.abs() < 1e6 && side < 1e6;
        is_sound.then_some(square)
    }

    /// The square as `SIDE x SIDE` pixels in planes of red, green and blue, 0 to 255.
    pub(crate) fn of(self, picture: &Picture) -> Vec<f32> {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let samples = ((self.side / SIDE as f32).ceil() as usize).clamp(1, MOST_SAMPLES);
        let across = axis(self.x - self.side / 2.0, self.side, samples, width);
        let down = axis(self.y - self.side / 2.0, self.side, samples, height);
        let rgb = picture.rgb();
        let share = 1.0 / (samples * samples) as f32;
        let mut planes = vec![OUTSIDE; 3 * SIDE * SIDE];
        for (v, rows) in down.chunks_exact(samples).enumerate() {
            for (u, columns) in across.chunks_exact(samples).enumerate() {
                if !is_inside(self.y, self.side, v, height)
                    || !is_inside(self.x, self.side, u, width)
                {
                    continue;
                }
                let mut sum = [0.0f32; 3];
                for row in rows {
                    for column in columns {
                        for (channel, sum) in sum.iter_mut().enumerate() {
                            let at =
                                |x: usize, y: usize| f32::from(rgb[(y * width + x) * 3 + channel]);
                            let upper = at(column.low, row.low)
                                + (at(column.high, row.low) - at(column.low, row.low))
                                    * column.part;
                            let lower = at(column.low, row.high)
                                + (at(column.high, row.high) - at(column.low, row.high))
                                    * column.part;
                            *sum += upper + (lower - upper) * row.part;
                        }
                    }
                }
                for (channel, sum) in sum.into_iter().enumerate() {
                    planes[(channel * SIDE + v) * SIDE + u] = sum * share;
                }
            }
        }
        planes
    }
}

/// One sample of an axis: the pixels on both sides, and how far it lies towards the second.
struct Tap {
    low: usize,
    high: usize,
    part: f32,
}

/// The samples of an axis, `samples` for each of `SIDE` pixels. `length` is at least 1.
fn axis(start: f32, side: f32, samples: usize, length: usize) -> Vec<Tap> {
    (0..SIDE * samples)
        .map(|index| {
            let place = (index as f32 + 0.5) / samples as f32 * side / SIDE as f32;
            let at = (start + place - 0.5).clamp(0.0, (length - 1) as f32);
            let low = at as usize;
            Tap {
                low,
                high: (low + 1).min(length - 1),
                part: at - low as f32,
            }
        })
        .collect()
}

/// Whether the middle of the output pixel `index` lies in the picture.
fn is_inside(middle: f32, side: f32, index: usize, length: usize) -> bool {
    let at = middle - side / 2.0 + (index as f32 + 0.5) * side / SIDE as f32;
    (0.0..length as f32).contains(&at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(width: u32, height: u32, paint: impl Fn(u32, u32) -> [u8; 3]) -> Picture {
        let rgb = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| paint(x, y))
            .collect();
        Picture::from_rgb(width, height, rgb).unwrap()
    }

    #[test]
    fn a_long_plate_and_a_short_one_give_a_vehicle_of_the_same_size() {
        // Both at 200 pixels a metre.
        let long = [
            [500.0, 500.0],
            [604.0, 500.0],
            [604.0, 522.0],
            [500.0, 522.0],
        ];
        let short = [
            [500.0, 500.0],
            [561.0, 500.0],
            [561.0, 531.0],
            [500.0, 531.0],
        ];
        for corners in [long, short] {
            let square = Square::over_plate(&corners, 2.0, 0.25).unwrap();
            assert!((square.side - 400.0).abs() < 1.0, "{square:?}");
            let middle = (corners[0][1] + corners[2][1]) / 2.0;
            assert!((square.y - (middle - 100.0)).abs() < 1.0, "{square:?}");
        }
    }

    #[test]
    fn a_square_shows_its_part_of_the_picture_and_grey_beyond_the_edge() {
        let picture = painted(
            200,
            100,
            |x, _| if x < 100 { [200, 0, 0] } else { [0, 0, 100] },
        );
        let square = Square {
            x: 100.0,
            y: 0.0,
            side: 100.0,
        };
        let planes = square.of(&picture);
        let at = |channel: usize, v: usize, u: usize| planes[(channel * SIDE + v) * SIDE + u];
        // The upper half lies above the picture.
        assert_eq!(at(0, 10, 10), OUTSIDE);
        assert_eq!(at(0, 60, 10), 200.0);
        assert_eq!(at(2, 60, 70), 100.0);
        assert_eq!(at(0, 60, 70), 0.0);
    }

    #[test]
    fn hostile_corners_and_the_smallest_picture_give_a_square_or_none() {
        let tiny = painted(1, 1, |_, _| [9, 9, 9]);
        for corners in [
            [[0.0; 2]; 4],
            [[f32::NAN; 2]; 4],
            [[f32::INFINITY, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]],
            [[-1e30, 0.0], [1e30, 0.0], [1e30, 1e30], [0.0, 1e30]],
            [[3.0, 3.0], [1.0, 3.0], [1.0, 1.0], [3.0, 1.0]],
        ] {
            if let Some(square) = Square::over_plate(&corners, 2.4, 0.2) {
                assert_eq!(square.of(&tiny).len(), 3 * SIDE * SIDE);
            }
        }
        assert!(
            Square::whole(&tiny)
                .of(&tiny)
                .iter()
                .all(|value| *value == 9.0)
        );
    }
}
