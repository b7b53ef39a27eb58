//! Frames and pieces of frames as the network takes them.

use super::PADDED_TO;
use super::boxes::bounds;
use crate::grey::Grey;

/// A frame is enlarged at most so much.
const MOST_ENLARGED: f64 = 2.0;
/// A picture whose longer side is shorter than this may be a crop of a plate: the near pass puts grey around it.
const SMALL: usize = 400;
/// The width of that grey on each side, as a part of the longer side.
pub(super) const BORDER: f64 = 0.15;
/// A small picture of such proportions may be nothing but a plate.
const WHOLE: std::ops::RangeInclusive<f64> = 1.5..=7.0;
/// How much of a picture of a plate is not plate on each side, across and down: people cut them out differently.
const INSETS: [[f32; 2]; 3] = [[0.0, 0.0], [0.03, 0.05], [0.05, 0.08]];
/// What is seen beside a frame.
const BESIDE: u8 = 127;

/// Whether a picture may be a crop of a plate rather than a scene.
pub(super) fn is_small(frame: &Grey) -> bool {
    frame.width().max(frame.height()) < SMALL
}

/// The whole picture as one plate, cut more or less closely, if it is small and has a plate's proportions; else nothing.
pub(crate) fn wholes(frame: &Grey) -> Vec<[[f32; 2]; 4]> {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    if !is_small(frame) || !WHOLE.contains(&f64::from(width / height)) {
        return Vec::new();
    }
    INSETS
        .iter()
        .map(|[across, down]| {
            let (left, top) = (width * across, height * down);
            let (right, bottom) = (width - left, height - top);
            [[left, top], [right, top], [right, bottom], [left, bottom]]
        })
        .collect()
}

/// A frame or a piece of one as the network takes it.
pub(crate) struct Input {
    /// Row by row.
    pub(crate) values: Vec<f32>,
    /// Pixels of a row, with the padding.
    pub(crate) width: usize,
    /// Rows, with the padding.
    pub(crate) height: usize,
    pub(super) place: Place,
}

/// Where a frame lies in the network's input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Network pixels for each pixel of the frame, across and down.
    pub(super) scale: [f32; 2],
    /// Network pixels left of the frame and above it.
    pub(super) border: f32,
    /// The frame's pixel that the piece begins with.
    pub(super) origin: [f32; 2],
}

impl Place {
    /// A point of the network's input as a point of the frame.
    pub(super) fn in_frame(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let [scale_x, scale_y] = self.scale;
        [
            (x - self.border) / scale_x + self.origin[0],
            (y - self.border) / scale_y + self.origin[1],
        ]
    }
}

impl Input {
    /// The frame at `long_side`, with `border` of that as mid-grey on each side.
    pub(super) fn of(frame: &Grey, long_side: usize, border: f64) -> Self {
        let long = frame.width().max(frame.height());
        let scale = (long_side as f64 / long as f64).min(MOST_ENLARGED);
        let side = |length: usize| ((length as f64 * scale + 0.5) as usize).max(1);
        let (inner_width, inner_height) = (side(frame.width()), side(frame.height()));
        let border = (border * inner_width.max(inner_height) as f64 + 0.5) as usize;
        let width = (inner_width + 2 * border).next_multiple_of(PADDED_TO);
        let height = (inner_height + 2 * border).next_multiple_of(PADDED_TO);
        let scaled = frame.scaled(inner_width, inner_height);
        let mut values = vec![0.0; width * height];
        for (to, from) in values
            .chunks_exact_mut(width)
            .skip(border)
            .zip(scaled.chunks_exact(inner_width))
        {
            for (value, grey) in to[border..].iter_mut().zip(from) {
                *value = grey / 127.5 - 1.0;
            }
        }
        let ratio = |inner: usize, outer: usize| (inner as f64 / outer as f64) as f32;
        Self {
            values,
            width,
            height,
            place: Place {
                scale: [
                    ratio(inner_width, frame.width()),
                    ratio(inner_height, frame.height()),
                ],
                border: border as f32,
                origin: [0.0; 2],
            },
        }
    }

    /// The surroundings of a plate at `width x height`, so that the plate fills at most `[across, down]` of it; mid-grey beside the frame.
    /// None of corners that no piece of a frame can be cut around.
    pub(super) fn around(
        frame: &Grey,
        corners: &[[f32; 2]; 4],
        [width, height]: [usize; 2],
        [across, down]: [f32; 2],
    ) -> Option<Self> {
        let [left, top, right, bottom] = bounds(corners);
        let scale = (across / (right - left).max(1.0)).min(down / (bottom - top).max(1.0));
        let cut = |side: usize| (side as f32 / scale + 0.5) as usize;
        let (columns, rows) = (cut(width), cut(height));
        // Corners far beside the frame, or a plate as large as several frames, are no plate.
        let within = |value: f32, side: usize| value > -(side as f32) && value < 2.0 * side as f32;
        let (middle_x, middle_y) = (f32::midpoint(left, right), f32::midpoint(top, bottom));
        let is_sane = corners.iter().flatten().all(|value| value.is_finite())
            && within(middle_x, frame.width())
            && within(middle_y, frame.height())
            && (1..=MOST_CUT * frame.width()).contains(&columns)
            && (1..=MOST_CUT * frame.height().max(frame.width())).contains(&rows);
        if !is_sane {
            return None;
        }
        let first_x = (middle_x - columns as f32 / 2.0).floor();
        let first_y = (middle_y - rows as f32 / 2.0).floor();
        let piece = frame.piece(
            [first_x as isize, first_y as isize],
            [columns, rows],
            BESIDE,
        );
        let values = piece
            .scaled(width, height)
            .into_iter()
            .map(|grey| grey / 127.5 - 1.0)
            .collect();
        Some(Self {
            values,
            width,
            height,
            place: Place {
                scale: [width as f32 / columns as f32, height as f32 / rows as f32],
                border: 0.0,
                origin: [first_x, first_y],
            },
        })
    }
}

/// A piece is at most so many frames wide: what a hostile picture can cost is bounded.
const MOST_CUT: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_thin_frame_still_has_an_input() {
        let strip = Grey::of_rgb(3000, 1, &vec![255; 9000]);
        let input = Input::of(&strip, 768, 0.0);
        assert_eq!((input.width, input.height), (768, 32));
        assert!((input.values[0] - 1.0).abs() < 1e-5);
        assert!(input.values[768].abs() < 1e-6, "the padding is zero");
    }

    #[test]
    fn a_border_moves_the_frame_and_the_place_tells_where_it_is() {
        let crop = Grey::of_rgb(100, 50, &vec![255; 100 * 50 * 3]);
        let input = Input::of(&crop, 200, 0.15);
        assert_eq!((input.width, input.height), (288, 160));
        assert!((input.place.border - 30.0).abs() < 1e-6);
        assert!((input.place.scale[0] - 2.0).abs() < 1e-6);
        let white = |x: usize, y: usize| input.values[y * input.width + x] > 0.5;
        assert!(white(30, 30) && white(229, 129));
        assert!(!white(29, 30) && !white(230, 129) && !white(30, 130));
    }

    #[test]
    fn only_a_small_picture_of_plate_like_proportions_can_be_a_plate_as_a_whole() {
        let picture = |width: u32, height: u32| {
            Grey::of_rgb(width, height, &vec![9; (width * height * 3) as usize])
        };
        let cuts = wholes(&picture(200, 100));
        assert_eq!(cuts.len(), 3);
        assert_eq!(cuts[0][2], [200.0, 100.0]);
        assert_eq!(cuts[2][0], [10.0, 8.0]);
        for (width, height) in [(100, 100), (399, 20), (800, 400)] {
            assert!(
                wholes(&picture(width, height)).is_empty(),
                "{width} x {height}"
            );
        }
    }

    /// A white plate at 300..340, 200..210 of a black frame.
    fn frame() -> Grey {
        let mut rgb = vec![0; 640 * 480 * 3];
        for y in 200..210 {
            rgb[(y * 640 + 300) * 3..(y * 640 + 340) * 3].fill(255);
        }
        Grey::of_rgb(640, 480, &rgb)
    }

    #[test]
    fn a_plate_seen_closely_stands_in_the_middle_at_the_size_asked_for() {
        let corners = [
            [300.0, 200.0],
            [340.0, 200.0],
            [340.0, 210.0],
            [300.0, 210.0],
        ];
        let input = Input::around(&frame(), &corners, [256, 160], [100.0, 90.0]).unwrap();
        let white = |x: usize, y: usize| input.values[y * input.width + x] > 0.0;
        let across: Vec<usize> = (0..256).filter(|x| white(*x, 80)).collect();
        assert!((98..=102).contains(&across.len()), "{}", across.len());
        let [x, y] = input.place.in_frame([128.0, 80.0]);
        assert!(
            (x - 320.0).abs() < 1.0 && (y - 205.0).abs() < 1.0,
            "{x} {y}"
        );
    }

    #[test]
    fn beside_the_frame_is_mid_grey_and_corners_that_are_no_plate_give_no_piece() {
        let at_edge = [[-10.0, -5.0], [40.0, -5.0], [40.0, 10.0], [-10.0, 10.0]];
        let input = Input::around(&frame(), &at_edge, [256, 160], [100.0, 90.0]).unwrap();
        assert!(input.values[0].abs() < 0.01, "{}", input.values[0]);
        for wrong in [f32::NAN, f32::INFINITY, -1e9, 1e30] {
            let corners = [[wrong, 0.0], [100.0, 0.0], [100.0, 30.0], [wrong, 30.0]];
            assert!(Input::around(&frame(), &corners, [256, 160], [100.0, 90.0]).is_none());
        }
    }
}
