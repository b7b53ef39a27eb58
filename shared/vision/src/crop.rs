//! A plate seen from the front: perspective rectification of four corners, for the reader and as evidence.

use crate::grey::Grey;
use crate::picture::Picture;

/// The margin around the plate, as a part of its width and height. The reader was trained with it.
pub(crate) const MARGIN: [f32; 2] = [0.06, 0.12];
/// Most samples along one side of an output pixel, against aliasing of plates that are larger than the crop.
const MOST_SAMPLES: usize = 4;
/// The height of evidence crops, and their longest width.
const EVIDENCE_HEIGHT: f32 = 120.0;
const EVIDENCE_WIDEST: f32 = 640.0;

/// Takes the unit square to four corners.
pub(crate) struct Homography([f32; 8]);

impl Homography {
    /// `(0,0) (1,0) (1,1) (0,1)` go to the corners, in this order.
    pub(crate) fn to(corners: &[[f32; 2]; 4]) -> Self {
        let [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = corners.map(|corner| corner.map(f64::from));
        let (dx1, dx2, sx) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
        let (dy1, dy2, sy) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
        let area = dx1 * dy2 - dx2 * dy1;
        // A quadrilateral without area has no perspective; as a parallelogram it still has samples.
        let (g, h) = if area.abs() < 1e-9 {
            (0.0, 0.0)
        } else {
            ((sx * dy2 - dx2 * sy) / area, (dx1 * sy - sx * dy1) / area)
        };
        Self(
            [
                x1 - x0 + g * x1,
                x3 - x0 + h * x3,
                x0,
                y1 - y0 + g * y1,
                y3 - y0 + h * y3,
                y0,
                g,
                h,
            ]
            .map(|value| value as f32),
        )
    }

    /// Where the point `(a, b)` of the unit square lies.
    pub(crate) fn at(&self, a: f32, b: f32) -> (f32, f32) {
        let [ax, bx, cx, ay, by, cy, g, h] = self.0;
        let depth = g * a + h * b + 1.0;
        (
            (ax * a + bx * b + cx) / depth,
            (ay * a + by * b + cy) / depth,
        )
    }
}

/// The part of a plate's height that each of its two rows gets; they overlap, because layouts part them at different heights.
pub(crate) const ROW_SHARE: f32 = 0.56;

/// The corners of the rows of a plate in two rows, upper and lower.
pub(crate) fn row_corners(corners: &[[f32; 2]; 4]) -> [[[f32; 2]; 4]; 2] {
    let to_frame = Homography::to(corners);
    [[0.0, ROW_SHARE], [1.0 - ROW_SHARE, 1.0]].map(|[top, bottom]| {
        [[0.0, top], [1.0, top], [1.0, bottom], [0.0, bottom]].map(|[a, b]| {
            let (x, y) = to_frame.at(a, b);
            [x, y]
        })
    })
}

/// The plate between four corners of a grey frame with its margin, `width * height` values from 0 to 255.
pub(crate) fn plate_grey(
    frame: &Grey,
    corners: &[[f32; 2]; 4],
    width: usize,
    height: usize,
) -> Vec<f32> {
    let [across, down] = sides(corners);
    let longest = (across / width as f32).max(down / height as f32);
    let samples = (longest.ceil() as usize).clamp(1, MOST_SAMPLES);
    let to_frame = Homography::to(corners);
    let part = 1.0 / samples as f32;
    let share = part * part;
    let mut crop = Vec::with_capacity(width * height);
    for v in 0..height {
        for u in 0..width {
            let mut sum = 0.0;
            for j in 0..samples {
                let b = stretched(v as f32 + (j as f32 + 0.5) * part, height, MARGIN[1]);
                for i in 0..samples {
                    let a = stretched(u as f32 + (i as f32 + 0.5) * part, width, MARGIN[0]);
                    let (x, y) = to_frame.at(a, b);
                    sum += frame.sample(x - 0.5, y - 0.5);
                }
            }
            crop.push(sum * share);
        }
    }
    crop
}

/// The same for people: RGB, as large as the plate deserves. Width, height, pixels.
pub(crate) fn plate_rgb(picture: &Picture, corners: &[[f32; 2]; 4]) -> (u32, u32, Vec<u8>) {
    let [across, down] = sides(corners);
    let aspect = (across / down.max(1.0)).clamp(0.5, 8.0);
    let height = if aspect.is_finite() {
        EVIDENCE_HEIGHT.min(EVIDENCE_WIDEST / aspect)
    } else {
        EVIDENCE_HEIGHT
    };
    let height = (height as usize).max(1);
    let width = ((height as f32 * aspect) as usize).clamp(1, EVIDENCE_WIDEST as usize);
    let to_frame = Homography::to(corners);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for v in 0..height {
        let b = stretched(v as f32 + 0.5, height, MARGIN[1]);
        for u in 0..width {
            let a = stretched(u as f32 + 0.5, width, MARGIN[0]);
            let (x, y) = to_frame.at(a, b);
            rgb.extend_from_slice(&colour(picture, x - 0.5, y - 0.5));
        }
    }
    (width as u32, height as u32, rgb)
}

/// A place in the crop, 0 to `length`, as a place on the plate, where 0 to 1 is the plate itself.
fn stretched(place: f32, length: usize, margin: f32) -> f32 {
    place / length as f32 * (1.0 + 2.0 * margin) - margin
}

/// The longer of the two sides across, and of the two down.
fn sides(corners: &[[f32; 2]; 4]) -> [f32; 2] {
    let side = |from: usize, to: usize| {
        (corners[to][0] - corners[from][0]).hypot(corners[to][1] - corners[from][1])
    };
    [side(0, 1).max(side(3, 2)), side(1, 2).max(side(0, 3))]
}

fn colour(picture: &Picture, x: f32, y: f32) -> [u8; 3] {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let x = x.clamp(0.0, (width - 1) as f32);
    let y = y.clamp(0.0, (height - 1) as f32);
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (part_x, part_y) = (x - left as f32, y - top as f32);
    let rgb = picture.rgb();
    std::array::from_fn(|channel| {
        let at = |column: usize, row: usize| f32::from(rgb[(row * width + column) * 3 + channel]);
        let upper = at(left, top) + (at(right, top) - at(left, top)) * part_x;
        let lower = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * part_x;
        (upper + (lower - upper) * part_y + 0.5) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_square_goes_to_the_corners_whatever_their_perspective() {
        let corners = [[10.0, 20.0], [110.0, 30.0], [90.0, 80.0], [15.0, 60.0]];
        let homography = Homography::to(&corners);
        for ((a, b), [x, y]) in [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
            .into_iter()
            .zip(corners)
        {
            let (at_x, at_y) = homography.at(a, b);
            assert!((at_x - x).abs() < 1e-3 && (at_y - y).abs() < 1e-3);
        }
    }

    #[test]
    fn a_crop_of_an_upright_plate_shows_the_plate_and_its_margin() {
        let mut rgb = vec![0u8; 100 * 50 * 3];
        for y in 20..30 {
            for x in 40..60 {
                rgb[(y * 100 + x) * 3..(y * 100 + x) * 3 + 3].fill(200);
            }
        }
        let picture = Picture::from_rgb(100, 50, rgb).unwrap();
        let corners = [[40.0, 20.0], [60.0, 20.0], [60.0, 30.0], [40.0, 30.0]];
        let crop = plate_grey(picture.grey(), &corners, 144, 40);
        assert!((crop[20 * 144 + 72] - 200.0).abs() < 1.0);
        assert!(crop[0] < 1.0);
        let (width, height, rgb) = plate_rgb(&picture, &corners);
        let middle = ((height / 2 * width + width / 2) * 3) as usize;
        assert_eq!(rgb[middle..middle + 3], [200, 200, 200]);
        assert_eq!(rgb[..3], [0, 0, 0]);
    }

    #[test]
    fn the_rows_of_an_upright_plate_are_its_upper_and_lower_part_and_overlap() {
        let corners = [[10.0, 100.0], [110.0, 100.0], [110.0, 200.0], [10.0, 200.0]];
        let [upper, lower] = row_corners(&corners);
        let near = |one: [f32; 2], other: [f32; 2]| {
            (one[0] - other[0]).abs() < 1e-3 && (one[1] - other[1]).abs() < 1e-3
        };
        assert!(near(upper[0], [10.0, 100.0]) && near(upper[2], [110.0, 156.0]));
        assert!(near(lower[0], [10.0, 144.0]) && near(lower[2], [110.0, 200.0]));
    }

    #[test]
    fn hostile_corners_give_a_crop_and_no_panic() {
        let picture = Picture::from_rgb(4, 4, vec![9; 48]).unwrap();
        for corners in [
            [[0.0; 2]; 4],
            [[f32::NAN; 2]; 4],
            [[f32::INFINITY, -1.0], [1e30, 0.0], [3.0, -1e30], [0.0, 0.0]],
            [[0.0, 0.0], [1e9, 0.0], [1e9, 1.0], [0.0, 1.0]],
        ] {
            let (width, height, rgb) = plate_rgb(&picture, &corners);
            assert_eq!(rgb.len(), (width * height * 3) as usize);
            for part in [corners].into_iter().chain(row_corners(&corners)) {
                assert_eq!(plate_grey(picture.grey(), &part, 144, 40).len(), 5760);
            }
        }
    }
}
