//! The layers that the networks are made of, with their weights in memory.
//!
//! candle holds the tensors; the kernels are ours, as operations of candle's. Layers hand each other a [`Map`], and a
//! [`Conv`] is one pass over it: products, bias, the addition of a coarser map, and the cut at zero. [`crate::lanes`]
//! is the one file with `unsafe`.

mod map;
mod winograd;

use std::collections::BTreeMap;

use candle_core::Result;
use candle_core::Tensor;
use rayon::iter::IndexedParallelIterator;
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSliceMut;

use crate::lanes;
use crate::lanes::Row;
use crate::lanes::Set;
use map::HALO;
use map::Kernel;
use map::Size;
use winograd::Transformed;

pub(crate) use map::Map;
pub(crate) use map::Scratch;

/// The tensors of one weights file, by name.
pub(crate) type Weights = BTreeMap<String, Tensor>;

/// Pixels of a row that are worth a thread of their own, where there are fewer rows than threads.
const LEAST_SPAN: usize = 12;

/// One convolution with bias, zero padding of half its kernel. A line convolution has a kernel of height 1.
pub(crate) struct Conv {
    /// Ordered for the instruction set, from `start` on.
    weights: Tensor,
    start: usize,
    /// One for each output, then zeros to a whole vector.
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
    /// Rows and columns: 1, 3 or 5 each.
    kernel: [usize; 2],
    stride: usize,
    set: Set,
    /// For kernels of 3 x 3 and stride 1.
    transformed: Option<Transformed>,
}

impl Conv {
    /// The layer `name`, a square kernel over rows and columns: `outputs x inputs x kernel x kernel`. The kernel is 1, 3 or
    /// 5; any stride.
    pub(crate) fn plane(
        weights: &Weights,
        name: &str,
        [inputs, outputs, kernel, stride]: [usize; 4],
    ) -> std::result::Result<Self, String> {
        let weight = find(weights, name, "weight", &[outputs, inputs, kernel, kernel])?;
        Self::over(
            weights,
            name,
            &weight,
            [kernel, kernel],
            stride,
            Set::best(),
        )
    }

    /// The layer `name`, a kernel of 1, 3 or 5 along a line: `outputs x inputs x kernel`, stride 1.
    pub(crate) fn line(
        weights: &Weights,
        name: &str,
        [inputs, outputs, kernel]: [usize; 3],
    ) -> std::result::Result<Self, String> {
        let weight = find(weights, name, "weight", &[outputs, inputs, kernel])?;
        Self::over(weights, name, &weight, [1, kernel], 1, Set::best())
    }

    fn over(
        weights: &Weights,
        name: &str,
        weight: &Tensor,
        kernel: [usize; 2],
        stride: usize,
        set: Set,
    ) -> std::result::Result<Self, String> {
        let fault = |error: candle_core::Error| error.to_string();
        let (outputs, inputs) = (weight.dims()[0], weight.dims()[1]);
        let fits = |side: usize| side % 2 == 1 && side / 2 <= HALO;
        if !kernel.into_iter().all(fits) || stride == 0 || inputs * outputs == 0 {
            return Err(format!(
                "layer {name} has the kernel {kernel:?}, stride {stride}, {inputs} inputs and {outputs} outputs"
            ));
        }
        let bias = find(weights, name, "bias", &[outputs])?;
        let mut bias: Vec<f32> = bias.to_vec1().map_err(fault)?;
        bias.resize(outputs.next_multiple_of(set.count()), 0.0);
        let plain: Vec<f32> = weight
            .flatten_all()
            .and_then(|weight| weight.to_vec1())
            .map_err(fault)?;
        let window = kernel[0] * kernel[1];
        let packed = lanes::packed(set, outputs, window * inputs, |output, value| {
            // A window goes row by row, pixel by pixel, channel by channel; the file's channels are the slowest.
            let (place, channel) = (value / inputs, value % inputs);
            plain[(output * inputs + channel) * window + place]
        });
        let (weights, start) =
            map::aligned(packed.len(), |values| values.copy_from_slice(&packed)).map_err(fault)?;
        let transformed = if kernel == [3, 3] && stride == 1 {
            Transformed::of(&plain, inputs, outputs, set).map_err(fault)?
        } else {
            None
        };
        Ok(Self {
            transformed,
            weights,
            start,
            bias,
            inputs,
            outputs,
            kernel,
            stride,
            set,
        })
    }

    /// The convolution with its bias, before any activation.
    pub(crate) fn apply(&self, input: &Map) -> Result<Map> {
        self.run(input, None, false)
    }

    /// The convolution with its bias, negative values cut to zero.
    pub(crate) fn apply_relu(&self, input: &Map) -> Result<Map> {
        self.run(input, None, true)
    }

    /// The convolution with its bias, plus a map of half its output's sides, every value of it doubled in both directions.
    pub(crate) fn apply_adding_doubled(&self, input: &Map, half: &Map) -> Result<Map> {
        self.run(input, Some(half), false)
    }

    /// The same, negative values of the sum cut to zero.
    pub(crate) fn apply_relu_adding_doubled(&self, input: &Map, half: &Map) -> Result<Map> {
        self.run(input, Some(half), true)
    }

    fn run(&self, input: &Map, half: Option<&Map>, relu: bool) -> Result<Map> {
        let from = input.size;
        if from.channels != self.inputs {
            candle_core::bail!("{from:?} is no input of {} channels", self.inputs);
        }
        let to = Size {
            height: from.height.div_ceil(self.stride),
            width: from.width.div_ceil(self.stride),
            channels: self.outputs,
            ..from
        };
        let output = input.scratch.take(to)?;
        if let (Some(transformed), None) = (&self.transformed, half) {
            map::with_values(transformed.weights(), |weights| {
                let act = |values: &mut [f32], input_values: &[f32]| {
                    let values = &mut values[output.start..output.start + to.values()];
                    let input_values = &input_values[input.start..];
                    transformed.pass(values, input_values, from, weights, &self.bias, relu);
                };
                let kernel = Kernel {
                    name: "conv_3x3",
                    act,
                };
                output.values.inplace_op2(&input.values, &kernel)
            })??;
            return Ok(output);
        }
        let pass = |values: &mut [f32],
                    input_values: &[f32],
                    weights: &[f32],
                    coarse: Option<(&[f32], Size)>| {
            let values = &mut values[output.start..output.start + to.values()];
            let weights = &weights[self.start..self.start + self.bias.len() * self.depth()];
            self.pass(
                values,
                to,
                &input_values[input.start..],
                from,
                weights,
                coarse,
                relu,
            );
        };
        map::with_values(&self.weights, |weights| {
            let Some(half) = half else {
                let act = |values: &mut [f32], input: &[f32]| pass(values, input, weights, None);
                let kernel = Kernel { name: "conv", act };
                return output.values.inplace_op2(&input.values, &kernel);
            };
            let doubled = Size {
                height: half.size.height * 2,
                width: half.size.width * 2,
                ..half.size
            };
            if doubled != to {
                candle_core::bail!("{:?} is not half of {to:?}", half.size);
            }
            let act = |values: &mut [f32], input: &[f32], coarse: &[f32]| {
                pass(
                    values,
                    input,
                    weights,
                    Some((&coarse[half.start..], half.size)),
                );
            };
            let kernel = Kernel {
                name: "conv_adding_doubled",
                act,
            };
            output
                .values
                .inplace_op3(&input.values, &half.values, &kernel)
        })??;
        Ok(output)
    }

    /// Values of a window.
    fn depth(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.inputs
    }

    /// Every pixel of the output, its rows shared among the threads.
    #[expect(clippy::too_many_arguments, reason = "three maps, each with its size")]
    fn pass(
        &self,
        output: &mut [f32],
        to: Size,
        input: &[f32],
        from: Size,
        weights: &[f32],
        coarse: Option<(&[f32], Size)>,
        relu: bool,
    ) {
        let [rows, columns] = self.kernel;
        let runs: Vec<usize> = (0..rows).map(|row| row * from.row()).collect();
        let threads = rayon::current_num_threads();
        let span = if to.count * to.height < threads {
            to.width.div_ceil(threads).next_multiple_of(LEAST_SPAN)
        } else {
            to.width
        };
        output
            .par_chunks_exact_mut(to.row())
            .enumerate()
            .for_each(|(index, line)| {
                let (picture, row) = (index / to.rows(), index % to.rows());
                if !(HALO..HALO + to.height).contains(&row) {
                    return;
                }
                let row = row - HALO;
                let pixels = &mut line[HALO * to.channels..(HALO + to.width) * to.channels];
                // The window of the row's first pixel: half a kernel above and left of it.
                let first = from.start_of(picture, 0) + row * self.stride * from.row()
                    - rows / 2 * from.row()
                    - columns / 2 * from.channels;
                pixels
                    .par_chunks_mut((span * to.channels).max(1))
                    .enumerate()
                    .for_each(|(index, output)| {
                        let pixel = index * span;
                        self.set.run(Row {
                            input,
                            first: first + pixel * self.stride * from.channels,
                            step: self.stride * from.channels,
                            runs: &runs,
                            run: columns * from.channels,
                            weights,
                            bias: &self.bias,
                            doubled: coarse.map(|(values, size)| {
                                &values
                                    [size.start_of(picture, row / 2) + pixel / 2 * size.channels..]
                            }),
                            relu,
                            outputs: self.outputs,
                            output,
                        });
                    });
            });
    }
}

/// Moves each `block x block` square of pixels into channels: `[height * width]` to `[block * block, height / block,
/// width / block]`, channel `dy * block + dx`. Both sides are multiples of `block`.
#[cfg(test)]
pub(crate) fn space_to_depth(
    pixels: &[f32],
    width: usize,
    height: usize,
    block: usize,
) -> Vec<f32> {
    let mut channels = Vec::with_capacity(pixels.len());
    for dy in 0..block {
        for dx in 0..block {
            for row in 0..height / block {
                let start = (row * block + dy) * width + dx;
                let line = &pixels[start..(row * block + dy + 1) * width];
                channels.extend(line.iter().step_by(block));
            }
        }
    }
    channels
}

/// Values on the CPU as a tensor.
#[cfg(test)]
pub(crate) fn tensor(values: Vec<f32>, shape: &[usize]) -> Result<Tensor> {
    Tensor::from_vec(values, shape, &candle_core::Device::Cpu)
}

fn find(
    weights: &Weights,
    layer: &str,
    part: &str,
    shape: &[usize],
) -> std::result::Result<Tensor, String> {
    let name = format!("{layer}.{part}");
    let tensor = weights
        .get(&name)
        .ok_or_else(|| format!("it has no tensor {name}"))?;
    if tensor.dims() != shape {
        return Err(format!(
            "tensor {name} has the shape {:?}, {shape:?} is needed",
            tensor.dims()
        ));
    }
    Ok(tensor.clone())
}

#[cfg(test)]
mod tests;
