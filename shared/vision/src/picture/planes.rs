//! Planar YUV 4:2:0 as video decoders give it: grey comes straight from Y, colours only if somebody asks.

use crate::grey::Grey;

/// How a video's numbers stand for colours; its stream says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colours {
    /// Y goes from 0 to 255, not from 16 to 235.
    pub full_range: bool,
    /// The weights of BT.709 (high definition), not those of BT.601.
    pub bt709: bool,
}

/// Y, U and V of one picture without padding. The lengths were checked.
#[derive(Clone, Debug)]
pub(super) struct Planes {
    width: usize,
    height: usize,
    colours: Colours,
    bytes: Vec<u8>,
}

/// What U and V add to red, green and blue, in parts of 256.
struct Weights {
    red_v: i32,
    green_u: i32,
    green_v: i32,
    blue_u: i32,
}

impl Planes {
    /// The caller has checked that `bytes` are the three planes.
    pub(super) fn new(width: u32, height: u32, colours: Colours, bytes: Vec<u8>) -> Self {
        Self {
            width: width as usize,
            height: height as usize,
            colours,
            bytes,
        }
    }

    /// The grey picture: Y, stretched to 0 to 255.
    pub(super) fn grey(&self) -> Grey {
        let luma = &self.bytes[..self.width * self.height];
        let pixels = if self.colours.full_range {
            luma.to_vec()
        } else {
            let stretched: [u8; 256] = std::array::from_fn(|y| stretch(y as u8));
            luma.iter().map(|y| stretched[usize::from(*y)]).collect()
        };
        Grey::of_pixels(self.width as u32, self.height as u32, pixels)
    }

    /// The colours, three bytes a pixel.
    pub(super) fn rgb(&self) -> Vec<u8> {
        let weights = Weights::of(self.colours);
        let (luma, chroma) = self.bytes.split_at(self.width * self.height);
        let columns = self.width.div_ceil(2);
        let (u, v) = chroma.split_at(columns * self.height.div_ceil(2));
        let mut rgb = Vec::with_capacity(luma.len() * 3);
        for (row, line) in luma.chunks_exact(self.width).enumerate() {
            let at = row / 2 * columns;
            let (u, v) = (&u[at..at + columns], &v[at..at + columns]);
            for ((pair, u), v) in line.chunks(2).zip(u).zip(v) {
                let (u, v) = (i32::from(*u) - 128, i32::from(*v) - 128);
                let red = weights.red_v * v;
                let green = weights.green_u * u + weights.green_v * v;
                let blue = weights.blue_u * u;
                for y in pair {
                    let luma = if self.colours.full_range {
                        i32::from(*y) << 8
                    } else {
                        298 * (i32::from(*y) - 16)
                    };
                    let byte = |value: i32| ((value + 128) >> 8).clamp(0, 255) as u8;
                    rgb.extend_from_slice(&[
                        byte(luma + red),
                        byte(luma + green),
                        byte(luma + blue),
                    ]);
                }
            }
        }
        rgb
    }
}

impl Weights {
    fn of(colours: Colours) -> Self {
        let (red_v, green_u, green_v, blue_u) = match (colours.bt709, colours.full_range) {
            (false, false) => (409, -100, -208, 516),
            (false, true) => (359, -88, -183, 454),
            (true, false) => (459, -55, -136, 541),
            (true, true) => (403, -48, -120, 475),
        };
        Self {
            red_v,
            green_u,
            green_v,
            blue_u,
        }
    }
}

/// 16 to 235 as 0 to 255, rounded as the colours are.
fn stretch(y: u8) -> u8 {
    ((298 * (i32::from(y) - 16) + 128) >> 8).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Picture;
    use super::*;

    fn near(found: &[u8], wanted: [u8; 3]) -> bool {
        found
            .iter()
            .zip(wanted)
            .all(|(found, wanted)| found.abs_diff(wanted) <= 2)
    }

    /// Two by two pixels of one colour.
    fn flat(colours: Colours, [y, u, v]: [u8; 3]) -> Picture {
        Picture::from_yuv420(2, 2, colours, vec![y, y, y, y, u, v]).unwrap()
    }

    #[test]
    fn a_video_picture_has_the_colours_that_its_numbers_stand_for() {
        let usual = Colours::default();
        let full = Colours {
            full_range: true,
            ..usual
        };
        let high = Colours {
            bt709: true,
            ..usual
        };
        let both = Colours {
            bt709: true,
            full_range: true,
        };
        // The same red in each of the four.
        for (colours, red) in [
            (usual, [81, 90, 240]),
            (full, [76, 85, 255]),
            (high, [63, 102, 240]),
            (both, [54, 99, 255]),
        ] {
            let picture = flat(colours, red);
            assert!(
                near(&picture.rgb()[..3], [255, 0, 0]),
                "{colours:?} {:?}",
                &picture.rgb()[..3]
            );
        }
        assert!(near(&flat(usual, [235, 128, 128]).rgb()[9..], [255; 3]));
        assert!(near(&flat(full, [255, 128, 128]).rgb()[9..], [255; 3]));
    }

    #[test]
    fn the_grey_of_a_video_picture_is_its_luma_and_needs_no_colours() {
        let luma = [16, 235, 100, 0, 255, 126];
        let bytes = [luma.as_slice(), &[1, 2, 3, 4]].concat();
        let picture = Picture::from_yuv420(3, 2, Colours::default(), bytes.clone()).unwrap();
        assert_eq!(picture.grey().pixels(), [0, 255, 98, 0, 255, 128]);
        let full = Colours {
            full_range: true,
            bt709: true,
        };
        let picture = Picture::from_yuv420(3, 2, full, bytes).unwrap();
        assert_eq!(picture.grey().pixels(), luma);
        assert_eq!(picture.rgb().len(), 3 * 2 * 3);
    }

    #[test]
    fn planes_that_do_not_fill_the_picture_are_refused() {
        let refused = |width, height, length| {
            Picture::from_yuv420(width, height, Colours::default(), vec![0; length]).is_err()
        };
        assert!(refused(4, 4, 23));
        assert!(refused(4, 4, 25));
        assert!(refused(0, 4, 0));
        assert!(refused(u32::MAX, u32::MAX, 8));
        assert!(!refused(4, 4, 24));
        assert!(!refused(3, 3, 17));
    }

    proptest! {
        #[test]
        fn grey_and_the_grey_of_the_colours_agree_where_there_is_no_colour(
            luma in prop::collection::vec(any::<u8>(), 12),
            full_range in any::<bool>(),
            bt709 in any::<bool>(),
        ) {
            let bytes = [luma.as_slice(), &[128; 8]].concat();
            let colours = Colours { full_range, bt709 };
            let picture = Picture::from_yuv420(3, 4, colours, bytes).unwrap();
            let of_colours = Grey::of_rgb(3, 4, picture.rgb());
            for (direct, again) in picture.grey().pixels().iter().zip(of_colours.pixels()) {
                prop_assert!(direct.abs_diff(*again) <= 1, "{direct} {again}");
            }
        }
    }
}
