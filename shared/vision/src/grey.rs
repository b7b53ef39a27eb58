//! Grey pictures, their scaling, and the thumbnails that tell whether anything moves.

use rayon::iter::IndexedParallelIterator;
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSliceMut;

use crate::lanes::Lanes;
use crate::lanes::Set;
use crate::lanes::Work;

/// Rows of a scaled picture that a thread takes at once.
const BAND: usize = 32;

/// A grey picture, one byte a pixel, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grey {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Grey {
    /// The luminance of RGB pixels.
    pub(crate) fn of_rgb(width: u32, height: u32, rgb: &[u8]) -> Self {
        let mut pixels = vec![0; rgb.len() / 3];
        Set::best().run(Luminance {
            rgb,
            grey: &mut pixels,
        });
        Self {
            width: width as usize,
            height: height as usize,
            pixels,
        }
    }

    /// `width * height` grey pixels, as they are.
    pub(crate) fn of_pixels(width: u32, height: u32, pixels: Vec<u8>) -> Self {
        Self {
            width: width as usize,
            height: height as usize,
            pixels,
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The mean grey of `columns * rows` equal cells, row by row.
    pub fn thumbnail(&self, columns: usize, rows: usize) -> Vec<u8> {
        self.scaled(columns.max(1), rows.max(1))
            .into_iter()
            .map(|value| (value + 0.5).clamp(0.0, 255.0) as u8)
            .collect()
    }

    /// The picture at another size, 0 to 255: along each axis the mean of the stretch that an output pixel covers where
    /// it shrinks, and bilinear between pixel centres where it grows.
    pub(crate) fn scaled(&self, width: usize, height: usize) -> Vec<f32> {
        let across = Taps::of(self.width, width);
        let down = Taps::of(self.height, height);
        let mut scaled = vec![0.0; width * height];
        let band = |(index, scaled): (usize, &mut [f32])| {
            Set::best().run(Scaling {
                picture: self,
                across: &across,
                down: &down,
                first: index * BAND,
                scaled,
            });
        };
        // Whoever is not in a pool of ours would start the one that the whole process shares.
        if rayon::current_thread_index().is_some() {
            scaled
                .par_chunks_mut(BAND * width)
                .enumerate()
                .for_each(band);
        } else {
            scaled.chunks_mut(BAND * width).enumerate().for_each(band);
        }
        scaled
    }

    /// A piece of the picture from `[x, y]` on, `[columns, rows]` large; `beside` where it is not the picture's.
    pub(crate) fn piece(
        &self,
        [x, y]: [isize; 2],
        [columns, rows]: [usize; 2],
        beside: u8,
    ) -> Self {
        let mut pixels = vec![beside; columns * rows];
        // The columns that both have, in the picture and in the piece.
        let (from, skip) = (x.max(0) as usize, (-x).max(0) as usize);
        let count = (self.width.saturating_sub(from)).min(columns.saturating_sub(skip));
        for (row, to) in pixels.chunks_exact_mut(columns).enumerate() {
            let Ok(row) = usize::try_from(y + row as isize) else {
                continue;
            };
            if row < self.height && count > 0 {
                let line = &self.pixels[row * self.width + from..][..count];
                to[skip..skip + count].copy_from_slice(line);
            }
        }
        Self {
            width: columns,
            height: rows,
            pixels,
        }
    }

    /// The grey value at a point between pixels, where pixel centres have whole coordinates; outside, the nearest edge.
    pub(crate) fn sample(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = (
            (left + 1).min(self.width - 1),
            (top + 1).min(self.height - 1),
        );
        let (part_x, part_y) = (x - left as f32, y - top as f32);
        let at = |column: usize, row: usize| f32::from(self.pixels[row * self.width + column]);
        let upper = at(left, top) + (at(right, top) - at(left, top)) * part_x;
        let lower = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * part_x;
        upper + (lower - upper) * part_y
    }
}

/// RGB to grey.
struct Luminance<'a> {
    rgb: &'a [u8],
    grey: &'a mut [u8],
}

impl Work for Luminance<'_> {
    #[inline(always)]
    fn work<L: Lanes>(self, _: L) {
        for (grey, [r, g, b]) in self.grey.iter_mut().zip(self.rgb.as_chunks::<3>().0) {
            let [r, g, b] = [*r, *g, *b].map(u32::from);
            // 0.299, 0.587 and 0.114 in parts of 65536, rounded.
            *grey = ((19_595 * r + 38_470 * g + 7_471 * b + 32_768) >> 16) as u8;
        }
    }
}

/// Some rows of a scaled picture, from row `first` on.
struct Scaling<'a> {
    picture: &'a Grey,
    across: &'a Taps,
    down: &'a Taps,
    first: usize,
    scaled: &'a mut [f32],
}

impl Work for Scaling<'_> {
    #[inline(always)]
    fn work<L: Lanes>(self, _: L) {
        let width = self.picture.width;
        let mut line = vec![0.0f32; width];
        let rows = self.scaled.chunks_exact_mut(self.across.first.len());
        for (index, to) in rows.enumerate() {
            let (first, weights) = self.down.at(self.first + index);
            line.fill(0.0);
            for (row, weight) in weights
                .iter()
                .enumerate()
                .filter(|(_, weight)| **weight != 0.0)
            {
                let source = &self.picture.pixels[(first + row) * width..][..width];
                for (sum, pixel) in line.iter_mut().zip(source) {
                    *sum += weight * f32::from(*pixel);
                }
            }
            match self.across.count {
                1 => across::<1>(self.across, &line, to),
                2 => across::<2>(self.across, &line, to),
                3 => across::<3>(self.across, &line, to),
                4 => across::<4>(self.across, &line, to),
                _ => {
                    for (index, to) in to.iter_mut().enumerate() {
                        let (first, weights) = self.across.at(index);
                        let values = line[first..].iter().zip(weights);
                        *to = values.map(|(value, weight)| value * weight).sum();
                    }
                }
            }
        }
    }
}

/// A row of a scaled picture where each of its pixels has `COUNT` weights.
#[inline(always)]
fn across<const COUNT: usize>(taps: &Taps, line: &[f32], to: &mut [f32]) {
    let weights = taps.weights.as_chunks::<COUNT>().0;
    for ((to, first), weights) in to.iter_mut().zip(&taps.first).zip(weights) {
        let values = &line[*first..*first + COUNT];
        *to = (0..COUNT).map(|index| values[index] * weights[index]).sum();
    }
}

/// How the pixels of one axis become those of another length: for each output pixel the first source pixel, and equally
/// many weights from it on. They sum to one.
struct Taps {
    count: usize,
    first: Vec<usize>,
    weights: Vec<f32>,
}

impl Taps {
    fn of(from: usize, to: usize) -> Self {
        let ratio = from as f64 / to as f64;
        let count = if ratio >= 1.0 {
            // A stretch that starts inside a pixel touches one more.
            (ratio.ceil() as usize + 1).min(from)
        } else {
            2.min(from)
        };
        let (mut firsts, mut weights) = (Vec::with_capacity(to), Vec::with_capacity(to * count));
        for index in 0..to {
            if ratio >= 1.0 {
                let (start, end) = (index as f64 * ratio, (index + 1) as f64 * ratio);
                let first = (start as usize).min(from - count);
                firsts.push(first);
                weights.extend((first..first + count).map(|pixel| {
                    let covered = end.min((pixel + 1) as f64) - start.max(pixel as f64);
                    (covered.max(0.0) / ratio) as f32
                }));
            } else {
                let centre = ((index as f64 + 0.5) * ratio - 0.5).clamp(0.0, (from - 1) as f64);
                let first = (centre as usize).min(from - count);
                let part = (centre - first as f64) as f32;
                firsts.push(first);
                weights.extend([1.0 - part, part].iter().take(count));
            }
        }
        Self {
            count,
            first: firsts,
            weights,
        }
    }

    /// The first source pixel of an output pixel, and the weights.
    fn at(&self, index: usize) -> (usize, &[f32]) {
        let weights = &self.weights[index * self.count..(index + 1) * self.count];
        (self.first[index], weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize, pixels: Vec<u8>) -> Grey {
        Grey {
            width,
            height,
            pixels,
        }
    }

    #[test]
    fn the_weights_of_each_output_pixel_sum_to_one_and_stay_inside() {
        for (from, to) in [
            (1920, 768),
            (1280, 768),
            (640, 768),
            (3, 2),
            (1, 5),
            (2, 5),
            (7, 7),
            (65_000, 1),
        ] {
            let taps = Taps::of(from, to);
            assert_eq!(taps.first.len(), to);
            for (first, weights) in (0..to).map(|index| taps.at(index)) {
                assert!(first + weights.len() <= from, "{from} to {to}");
                let sum: f32 = weights.iter().sum();
                assert!((sum - 1.0).abs() < 1e-3, "{from} to {to}: {sum}");
            }
        }
    }

    #[test]
    fn shrinking_takes_the_mean_of_what_a_pixel_covers() {
        let picture = grey(3, 1, vec![0, 90, 240]);
        let scaled = picture.scaled(2, 1);
        assert!((scaled[0] - 30.0).abs() < 1e-3);
        assert!((scaled[1] - 190.0).abs() < 1e-3);
    }

    #[test]
    fn growing_keeps_the_edges_and_blends_between_centres() {
        let picture = grey(2, 1, vec![0, 100]);
        let scaled = picture.scaled(4, 1);
        assert_eq!(scaled, vec![0.0, 25.0, 75.0, 100.0]);
    }

    #[test]
    fn a_point_outside_has_the_value_of_the_nearest_edge() {
        let picture = grey(2, 2, vec![10, 20, 30, 40]);
        assert!((picture.sample(-5.0, -5.0) - 10.0).abs() < 1e-6);
        assert!((picture.sample(0.5, 0.5) - 25.0).abs() < 1e-6);
        assert!((picture.sample(9.0, f32::INFINITY) - 40.0).abs() < 1e-6);
    }
}
