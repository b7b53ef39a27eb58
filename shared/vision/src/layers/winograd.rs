//! 3 x 3 convolutions of stride 1 with a quarter of the multiplications: Winograd's F(4 x 4, 3 x 3), after Lavin and Gray
//! 2015. A tile of 6 x 6 input pixels is transformed into 36 places, each place is multiplied by the transformed weights
//! of its own, and 36 results become 4 x 4 output pixels. In single precision the sums differ from the direct ones in the
//! sixth digit.

use std::cell::RefCell;

use candle_core::Result;
use candle_core::Tensor;
use rayon::iter::IndexedParallelIterator;
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSliceMut;

use crate::lanes;
use crate::lanes::Lanes;
use crate::lanes::Row;
use crate::lanes::Set;
use crate::lanes::Work;
use crate::layers::map::HALO;
use crate::layers::map::Size;
use crate::layers::map::aligned;

/// Output pixels along a side of a tile.
const OUT: usize = 4;
/// Input pixels along a side of a tile, and places along a side after the transformation.
const IN: usize = 6;
/// Places of a tile.
const PLACES: usize = IN * IN;
/// Values of all tiles that are transformed together: they stay in a core's second cache beside the weights.
const BAND_VALUES: usize = 160 << 10;
/// Values between the planes of two places beyond what they need: planes a multiple of 4096 bytes apart would all fall
/// into the same few lines of the first cache.
const APART: usize = 16;

thread_local! {
    /// The transformed tiles of a band; a thread works on one band at a time.
    static TILES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// The transformed weights of a layer.
pub(super) struct Transformed {
    /// For each place the weights of all outputs for all inputs, as [`lanes::packed`] orders them.
    weights: Tensor,
    start: usize,
    zeros: Vec<f32>,
    inputs: usize,
    outputs: usize,
    set: Set,
}

impl Transformed {
    /// The layer's weights, `outputs x inputs x 3 x 3`; none if it has channels that do not fill vectors.
    pub(super) fn of(
        plain: &[f32],
        inputs: usize,
        outputs: usize,
        set: Set,
    ) -> Result<Option<Self>> {
        if !(inputs.is_multiple_of(set.count()) && outputs.is_multiple_of(set.count())) {
            return Ok(None);
        }
        let kernels: Vec<[f32; PLACES]> = plain
            .as_chunks::<9>()
            .0
            .iter()
            .map(transformed_kernel)
            .collect();
        let plane = inputs * outputs;
        let (weights, start) = aligned(PLACES * plane, |all| {
            for (place, plane) in all.chunks_exact_mut(plane).enumerate() {
                let weight = |output: usize, input: usize| kernels[output * inputs + input][place];
                plane.copy_from_slice(&lanes::packed(set, outputs, inputs, weight));
            }
        })?;
        Ok(Some(Self {
            weights,
            start,
            zeros: vec![0.0; outputs],
            inputs,
            outputs,
            set,
        }))
    }

    /// The tensor that [`Transformed::pass`] takes the values of.
    pub(super) fn weights(&self) -> &Tensor {
        &self.weights
    }

    /// Every pixel of the output, bands of tiles shared among the threads. `input` starts with the first halo and has two
    /// rows and two pixels of zeros after the last.
    pub(super) fn pass(
        &self,
        output: &mut [f32],
        input: &[f32],
        size: Size,
        weights: &[f32],
        bias: &[f32],
        relu: bool,
    ) {
        let to = Size {
            channels: self.outputs,
            ..size
        };
        let across = size.width.div_ceil(OUT);
        let per_tile = PLACES * (self.inputs + self.outputs);
        let rows = (BAND_VALUES / per_tile / across).clamp(1, size.height.div_ceil(OUT));
        let weights = &weights[self.start..self.start + PLACES * self.inputs * self.outputs];
        output
            .par_chunks_exact_mut(to.rows() * to.row())
            .enumerate()
            .for_each(|(picture, output)| {
                output[HALO * to.row()..(HALO + size.height) * to.row()]
                    .par_chunks_mut(rows * OUT * to.row())
                    .enumerate()
                    .for_each(|(index, output)| {
                        let first =
                            size.start_of(picture, index * rows * OUT) - size.row() - size.channels;
                        let band = Band {
                            first,
                            across,
                            down: (output.len() / to.row()).div_ceil(OUT),
                            size,
                        };
                        self.band(&band, output, input, weights, bias, relu);
                    });
            });
    }

    fn band(
        &self,
        band: &Band,
        output: &mut [f32],
        input: &[f32],
        weights: &[f32],
        bias: &[f32],
        relu: bool,
    ) {
        let tiles = band.across * band.down;
        let (in_plane, out_plane) = (tiles * self.inputs + APART, tiles * self.outputs + APART);
        TILES.with_borrow_mut(|values| {
            let needed = PLACES * (in_plane + out_plane) + 2 * APART;
            if values.len() < needed {
                *values = vec![0.0; needed];
            }
            let start = values.as_ptr().align_offset(64).min(APART);
            let (before, after) = values[start..].split_at_mut(PLACES * in_plane);
            self.set.run(Scatter {
                band,
                input,
                plane: in_plane,
                tiles: before,
            });
            let planes = before
                .chunks_exact(in_plane)
                .zip(after.chunks_exact_mut(out_plane))
                .zip(weights.chunks_exact(self.inputs * self.outputs));
            for ((before, after), weights) in planes {
                self.set.run(Row {
                    input: before,
                    first: 0,
                    step: self.inputs,
                    runs: &[0],
                    run: self.inputs,
                    weights,
                    bias: &self.zeros,
                    doubled: None,
                    relu: false,
                    outputs: self.outputs,
                    output: &mut after[..tiles * self.outputs],
                });
            }
            self.set.run(Gather {
                band,
                tiles: after,
                plane: out_plane,
                channels: self.outputs,
                bias,
                relu,
                output,
            });
        });
    }
}

/// Some rows of tiles of a picture.
struct Band {
    /// Where the first tile's window starts in the input.
    first: usize,
    /// Tiles of a row.
    across: usize,
    /// Rows of tiles.
    down: usize,
    /// The size of the input.
    size: Size,
}

/// Takes the windows of a band apart into their places.
struct Scatter<'a> {
    band: &'a Band,
    input: &'a [f32],
    plane: usize,
    tiles: &'a mut [f32],
}

impl Work for Scatter<'_> {
    #[inline(always)]
    fn work<L: Lanes>(self, lanes: L) {
        let Band {
            first,
            across,
            down,
            size,
        } = *self.band;
        for tile in 0..across * down {
            let window =
                first + tile / across * OUT * size.row() + tile % across * OUT * size.channels;
            for channel in (0..size.channels).step_by(L::COUNT) {
                let mut places = [[lanes.splat(0.0); IN]; IN];
                for (row, places) in places.iter_mut().enumerate() {
                    let start = window + row * size.row() + channel;
                    let line = &self.input[start..start + (IN - 1) * size.channels + L::COUNT];
                    let pixels =
                        std::array::from_fn(|column| lanes.load(&line[column * size.channels..]));
                    *places = input_side(lanes, pixels);
                }
                let start = tile * size.channels + channel;
                let columns: [[L::Vector; IN]; IN] =
                    std::array::from_fn(|column| places.map(|row| row[column]));
                for (column, pixels) in columns.into_iter().enumerate() {
                    let down = input_side(lanes, pixels);
                    for (row, vector) in down.into_iter().enumerate() {
                        let place = row * IN + column;
                        lanes.store(vector, &mut self.tiles[place * self.plane + start..]);
                    }
                }
            }
        }
    }
}

/// Puts the places of a band together to output pixels.
struct Gather<'a> {
    band: &'a Band,
    tiles: &'a [f32],
    plane: usize,
    channels: usize,
    bias: &'a [f32],
    relu: bool,
    /// Whole rows with their halos.
    output: &'a mut [f32],
}

impl Work for Gather<'_> {
    #[inline(always)]
    fn work<L: Lanes>(self, lanes: L) {
        let line = (self.band.size.width + 2 * HALO) * self.channels;
        let height = self.output.len() / line;
        let zero = lanes.splat(0.0);
        for tile in 0..self.band.across * self.band.down {
            let (top, left) = (tile / self.band.across * OUT, tile % self.band.across * OUT);
            let rows = (height - top).min(OUT);
            let columns = (self.band.size.width - left).min(OUT);
            for channel in (0..self.channels).step_by(L::COUNT) {
                let start = tile * self.channels + channel;
                let mut halves = [[zero; IN]; OUT];
                for column in 0..IN {
                    let places = std::array::from_fn(|row| {
                        lanes.load(&self.tiles[(row * IN + column) * self.plane + start..])
                    });
                    for (half, vector) in halves.iter_mut().zip(output_side(lanes, places)) {
                        half[column] = vector;
                    }
                }
                let bias = lanes.load(&self.bias[channel..]);
                for (row, half) in halves.into_iter().enumerate() {
                    let pixels = output_side(lanes, half);
                    if row >= rows {
                        continue;
                    }
                    let place = (top + row) * line + (HALO + left) * self.channels + channel;
                    for (column, vector) in pixels.into_iter().enumerate().take(columns) {
                        let mut vector = lanes.add(vector, bias);
                        if self.relu {
                            vector = lanes.larger(vector, zero);
                        }
                        lanes.store(vector, &mut self.output[place + column * self.channels..]);
                    }
                }
            }
        }
    }
}

/// One side of the transformation of a window.
#[inline(always)]
fn input_side<L: Lanes>(lanes: L, x: [L::Vector; IN]) -> [L::Vector; IN] {
    let [x0, x1, x2, x3, x4, x5] = x;
    let times = |factor: f32, one, sum| lanes.multiply_add(lanes.splat(factor), one, sum);
    // 4 x0 - 5 x2 + x4 and 4 x1 - 5 x3 + x5
    let first = times(4.0, x0, times(-5.0, x2, x4));
    let last = times(4.0, x1, times(-5.0, x3, x5));
    // (x4 - 4 x2) +- (x3 - 4 x1)
    let (even, odd) = (times(-4.0, x2, x4), times(-4.0, x1, x3));
    // (x4 - x2) +- 2 (x3 - x1)
    let (near, far) = (lanes.subtract(x4, x2), lanes.subtract(x3, x1));
    [
        first,
        lanes.add(even, odd),
        lanes.subtract(even, odd),
        times(2.0, far, near),
        times(-2.0, far, near),
        last,
    ]
}

/// One side of the transformation back.
#[inline(always)]
fn output_side<L: Lanes>(lanes: L, m: [L::Vector; IN]) -> [L::Vector; OUT] {
    let [m0, m1, m2, m3, m4, m5] = m;
    let times = |factor: f32, one, sum| lanes.multiply_add(lanes.splat(factor), one, sum);
    let (sum, difference) = (lanes.add(m1, m2), lanes.subtract(m1, m2));
    let (far_sum, far_difference) = (lanes.add(m3, m4), lanes.subtract(m3, m4));
    [
        lanes.add(m0, lanes.add(sum, far_sum)),
        times(2.0, far_difference, difference),
        times(4.0, far_sum, sum),
        lanes.add(m5, times(8.0, far_difference, difference)),
    ]
}

/// A kernel of 3 x 3 weights in the 36 places, computed in double precision.
fn transformed_kernel(kernel: &[f32; 9]) -> [f32; PLACES] {
    let side = |[a, b, c]: [f64; 3]| {
        [
            a / 4.0,
            -(a + b + c) / 6.0,
            -(a - b + c) / 6.0,
            a / 24.0 + b / 12.0 + c / 6.0,
            a / 24.0 - b / 12.0 + c / 6.0,
            c,
        ]
    };
    let rows: [[f64; IN]; 3] = std::array::from_fn(|row| {
        side(std::array::from_fn(|column| {
            f64::from(kernel[row * 3 + column])
        }))
    });
    let mut places = [0.0; PLACES];
    for column in 0..IN {
        for (row, value) in side(rows.map(|row| row[column])).into_iter().enumerate() {
            places[row * IN + column] = value as f32;
        }
    }
    places
}
