//! Grey pictures, their scaling, and the thumbnails that tell whether anything moves.

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
        let mut pixels = Vec::with_capacity(rgb.len() / 3);
        pixels.extend(rgb.chunks_exact(3).map(|pixel| {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
            // 0.299, 0.587 and 0.114 in parts of 65536, rounded.
            ((19_595 * r + 38_470 * g + 7_471 * b + 32_768) >> 16) as u8
        }));
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
        let across = taps(self.width, width);
        let down = taps(self.height, height);
        let mut line = vec![0.0f32; self.width];
        let mut scaled = Vec::with_capacity(width * height);
        for (first, weights) in &down {
            line.fill(0.0);
            for (row, weight) in weights.iter().enumerate() {
                let start = (first + row) * self.width;
                let source = &self.pixels[start..start + self.width];
                for (sum, pixel) in line.iter_mut().zip(source) {
                    *sum += weight * f32::from(*pixel);
                }
            }
            scaled.extend(across.iter().map(|(first, weights)| {
                line[*first..]
                    .iter()
                    .zip(weights)
                    .map(|(value, weight)| value * weight)
                    .sum::<f32>()
            }));
        }
        scaled
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

/// For each output pixel of one axis: the first source pixel, and the weights from it on. They sum to one.
fn taps(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let ratio = from as f64 / to as f64;
    (0..to)
        .map(|index| {
            if ratio >= 1.0 {
                let (start, end) = (index as f64 * ratio, (index + 1) as f64 * ratio);
                let first = (start as usize).min(from - 1);
                let last = (end.ceil() as usize).clamp(first + 1, from);
                let weights = (first..last)
                    .map(|pixel| {
                        let covered = end.min((pixel + 1) as f64) - start.max(pixel as f64);
                        (covered.max(0.0) / ratio) as f32
                    })
                    .collect();
                (first, weights)
            } else {
                let centre = ((index as f64 + 0.5) * ratio - 0.5).clamp(0.0, (from - 1) as f64);
                let first = (centre as usize).min(from.saturating_sub(2));
                let part = (centre - first as f64) as f32;
                if from == 1 {
                    (0, vec![1.0])
                } else {
                    (first, vec![1.0 - part, part])
                }
            }
        })
        .collect()
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
            let taps = taps(from, to);
            assert_eq!(taps.len(), to);
            for (first, weights) in taps {
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
