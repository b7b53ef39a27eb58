//! The layers that both networks are made of, with their weights in memory.

use std::collections::BTreeMap;

use candle_core::Device;
use candle_core::Result;
use candle_core::Storage;
use candle_core::Tensor;
use rayon::iter::IntoParallelIterator;
use rayon::iter::ParallelIterator;

/// The tensors of one weights file, by name.
pub(crate) type Weights = BTreeMap<String, Tensor>;

/// The most bytes of unrolled input that one multiplication takes: they stay in a core's cache.
const TILE_BYTES: usize = 1 << 20;

/// One convolution with bias, zero padding of half its kernel. A line convolution has a kernel of height 1.
///
/// It unrolls its input into columns and leaves the multiplication to candle: candle's own convolution unrolls value by
/// value and spends two thirds of its time there.
pub(crate) struct Conv {
    /// `outputs x (inputs * kernel rows * kernel columns)`.
    weight: Tensor,
    bias: Vec<f32>,
    inputs: usize,
    kernel: [usize; 2],
    stride: usize,
}

/// The sizes of one pass.
#[derive(Clone, Copy)]
struct Pass {
    height: usize,
    width: usize,
    out_height: usize,
    out_width: usize,
}

impl Conv {
    /// The layer `name`, a square kernel over rows and columns: `outputs x inputs x kernel x kernel`.
    pub(crate) fn plane(
        weights: &Weights,
        name: &str,
        [inputs, outputs, kernel, stride]: [usize; 4],
    ) -> std::result::Result<Self, String> {
        let weight = find(weights, name, "weight", &[outputs, inputs, kernel, kernel])?;
        Self::over(weights, name, weight, [kernel, kernel], stride)
    }

    /// The layer `name`, a kernel along a line: `outputs x inputs x kernel`, stride 1.
    pub(crate) fn line(
        weights: &Weights,
        name: &str,
        [inputs, outputs, kernel]: [usize; 3],
    ) -> std::result::Result<Self, String> {
        let weight = find(weights, name, "weight", &[outputs, inputs, kernel])?;
        Self::over(weights, name, weight, [1, kernel], 1)
    }

    fn over(
        weights: &Weights,
        name: &str,
        weight: Tensor,
        kernel: [usize; 2],
        stride: usize,
    ) -> std::result::Result<Self, String> {
        let fault = |error: candle_core::Error| error.to_string();
        let (outputs, inputs) = (weight.dims()[0], weight.dims()[1]);
        let bias = find(weights, name, "bias", &[outputs])?;
        Ok(Self {
            weight: weight
                .reshape((outputs, inputs * kernel[0] * kernel[1]))
                .and_then(|weight| weight.contiguous())
                .map_err(fault)?,
            bias: bias.to_vec1().map_err(fault)?,
            inputs,
            kernel,
            stride,
        })
    }

    /// The convolution with its bias, before any activation.
    pub(crate) fn apply(&self, input: &Tensor) -> Result<Tensor> {
        self.run(input, |value| value)
    }

    /// The convolution with its bias, negative values cut to zero.
    pub(crate) fn apply_relu(&self, input: &Tensor) -> Result<Tensor> {
        self.run(input, |value| value.max(0.0))
    }

    /// `[n, inputs, height, width]`, or `[n, inputs, width]` for a line.
    fn run(&self, input: &Tensor, activation: impl Fn(f32) -> f32) -> Result<Tensor> {
        let (count, height, width) = match *input.dims() {
            [count, inputs, height, width] if inputs == self.inputs => (count, height, width),
            [count, inputs, width] if inputs == self.inputs => (count, 1, width),
            _ => candle_core::bail!("{:?} is no input of {} channels", input.dims(), self.inputs),
        };
        let pass = Pass {
            height,
            width,
            out_height: height.div_ceil(self.stride),
            out_width: width.div_ceil(self.stride),
        };
        let input = input.contiguous()?;
        let outputs = self.bias.len();
        let plane = pass.out_height * pass.out_width;
        let depth = self.inputs * self.kernel[0] * self.kernel[1];
        // Rows of all pictures, so that small pictures share a multiplication.
        let rows = count * pass.out_height;
        let tile = (TILE_BYTES / 4 / depth / pass.out_width).clamp(1, rows.max(1));
        let tiles: Vec<(usize, Tensor)> = with_values(&input, |values| {
            (0..rows.div_ceil(tile))
                .into_par_iter()
                .map(|index| {
                    let first = index * tile;
                    let last = (first + tile).min(rows);
                    let columns = self.unroll(values, pass, first..last);
                    let columns = tensor(columns, &[depth, (last - first) * pass.out_width])?;
                    Ok((first, self.weight.matmul(&columns)?))
                })
                .collect::<Result<_>>()
        })?;
        let mut output = vec![0.0f32; count * outputs * plane];
        for (first, product) in tiles {
            with_values(&product, |values| {
                let columns = values.len() / outputs;
                for (channel, line) in values.chunks_exact(columns).enumerate() {
                    for (row, line) in line.chunks_exact(pass.out_width).enumerate() {
                        let (picture, row) = (
                            (first + row) / pass.out_height,
                            (first + row) % pass.out_height,
                        );
                        let at = (picture * outputs + channel) * plane + row * pass.out_width;
                        for (to, from) in output[at..at + pass.out_width].iter_mut().zip(line) {
                            *to = activation(from + self.bias[channel]);
                        }
                    }
                }
                Ok(())
            })?;
        }
        if input.rank() == 3 {
            tensor(output, &[count, outputs, pass.out_width])
        } else {
            tensor(output, &[count, outputs, pass.out_height, pass.out_width])
        }
    }

    /// For each weight of a kernel the inputs that it meets at each output pixel of some rows, zero outside.
    fn unroll(&self, values: &[f32], pass: Pass, rows: std::ops::Range<usize>) -> Vec<f32> {
        let [kernel_rows, kernel_columns] = self.kernel;
        let (above, left) = (kernel_rows / 2, kernel_columns / 2);
        let per_weight = rows.len() * pass.out_width;
        let mut columns = vec![0.0f32; self.inputs * kernel_rows * kernel_columns * per_weight];
        let mut weights = columns.chunks_exact_mut(per_weight);
        for channel in 0..self.inputs {
            for dy in 0..kernel_rows {
                for dx in 0..kernel_columns {
                    let Some(weight) = weights.next() else {
                        continue;
                    };
                    for (row, to) in rows.clone().zip(weight.chunks_exact_mut(pass.out_width)) {
                        let (picture, row) = (row / pass.out_height, row % pass.out_height);
                        let y = (row * self.stride + dy).wrapping_sub(above);
                        if y >= pass.height {
                            continue;
                        }
                        let start =
                            ((picture * self.inputs + channel) * pass.height + y) * pass.width;
                        let line = &values[start..start + pass.width];
                        // The first output pixel whose input is not left of the picture, and its input.
                        let skip = left.saturating_sub(dx).div_ceil(self.stride);
                        let from = (skip * self.stride + dx).saturating_sub(left);
                        let (Some(to), Some(line)) = (to.get_mut(skip..), line.get(from..)) else {
                            continue;
                        };
                        if self.stride == 1 {
                            let length = to.len().min(line.len());
                            to[..length].copy_from_slice(&line[..length]);
                        } else {
                            for (to, from) in to.iter_mut().zip(line.iter().step_by(self.stride)) {
                                *to = *from;
                            }
                        }
                    }
                }
            }
        }
        columns
    }
}

/// Hands the values of a contiguous tensor to `act` without copying them.
fn with_values<T>(tensor: &Tensor, act: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    let (Storage::Cpu(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets())
    else {
        candle_core::bail!("a tensor is not contiguous on the CPU")
    };
    act(&storage.as_slice::<f32>()?[start..end])
}

/// A plane at twice its height and width, every value doubled in both directions.
pub(crate) fn doubled(input: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = input.dims4()?;
    input.upsample_nearest2d(height * 2, width * 2)
}

/// Moves each `block x block` square of pixels into channels: `[height * width]` to `[block * block, height / block,
/// width / block]`, channel `dy * block + dx`. Both sides are multiples of `block`.
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
pub(crate) fn tensor(values: Vec<f32>, shape: &[usize]) -> Result<Tensor> {
    Tensor::from_vec(values, shape, &Device::Cpu)
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
mod tests {
    use super::*;

    /// A layer with weights that all differ.
    fn weights(shape: &[usize]) -> Weights {
        let count: usize = shape.iter().product();
        let values = (0..count)
            .map(|index| ((index * 37 % 101) as f32 - 50.0) / 60.0)
            .collect();
        let bias = (0..shape[0])
            .map(|index| index as f32 / 3.0 - 0.5)
            .collect();
        Weights::from([
            ("layer.weight".to_owned(), tensor(values, shape).unwrap()),
            ("layer.bias".to_owned(), tensor(bias, &[shape[0]]).unwrap()),
        ])
    }

    fn picture(shape: &[usize]) -> Tensor {
        let count: usize = shape.iter().product();
        let values = (0..count)
            .map(|index| ((index * 53 % 97) as f32 - 48.0) / 40.0)
            .collect();
        tensor(values, shape).unwrap()
    }

    fn same(one: &Tensor, other: &Tensor) {
        assert_eq!(one.dims(), other.dims());
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (one, other) in values(one).into_iter().zip(values(other)) {
            assert!((one - other).abs() < 1e-3, "{one} {other}");
        }
    }

    #[test]
    fn a_convolution_gives_what_candle_gives_for_any_size_kernel_and_stride() {
        for (kernel, stride) in [(3, 1), (3, 2), (1, 1)] {
            let weights = weights(&[5, 3, kernel, kernel]);
            let conv = Conv::plane(&weights, "layer", [3, 5, kernel, stride]).unwrap();
            for (count, height, width) in [(1, 1, 1), (2, 7, 5), (1, 8, 16), (3, 2, 300)] {
                let input = picture(&[count, 3, height, width]);
                let bias = weights["layer.bias"].reshape((1, 5, 1, 1)).unwrap();
                let wanted = input
                    .conv2d(&weights["layer.weight"], kernel / 2, stride, 1, 1)
                    .and_then(|output| output.broadcast_add(&bias))
                    .unwrap();
                same(&conv.apply(&input).unwrap(), &wanted);
                same(&conv.apply_relu(&input).unwrap(), &wanted.relu().unwrap());
            }
        }
    }

    #[test]
    fn a_line_convolution_gives_what_candle_gives() {
        for kernel in [1, 3, 5] {
            let weights = weights(&[4, 6, kernel]);
            let conv = Conv::line(&weights, "layer", [6, 4, kernel]).unwrap();
            for (count, width) in [(1, 1), (2, 3), (5, 36)] {
                let input = picture(&[count, 6, width]);
                let bias = weights["layer.bias"].reshape((1, 4, 1)).unwrap();
                let wanted = input
                    .conv1d(&weights["layer.weight"], kernel / 2, 1, 1, 1)
                    .and_then(|output| output.broadcast_add(&bias))
                    .unwrap();
                same(&conv.apply(&input).unwrap(), &wanted);
            }
        }
    }

    #[test]
    fn a_layer_of_another_shape_is_named() {
        let weights = weights(&[5, 3, 3, 3]);
        let error = Conv::plane(&weights, "layer", [4, 5, 3, 1]).err().unwrap();
        assert!(error.contains("layer.weight"), "{error}");
        let error = Conv::plane(&weights, "other", [3, 5, 3, 1]).err().unwrap();
        assert!(error.contains("other.weight"), "{error}");
        let conv = Conv::plane(&weights, "layer", [3, 5, 3, 1]).unwrap();
        assert!(conv.apply(&picture(&[1, 4, 8, 8])).is_err());
    }

    #[test]
    fn space_to_depth_puts_each_pixel_of_a_square_into_its_channel() {
        #[rustfmt::skip]
        let pixels = [
            0.0, 1.0, 10.0, 11.0,
            2.0, 3.0, 12.0, 13.0,
        ];
        let channels = space_to_depth(&pixels, 4, 2, 2);
        assert_eq!(channels, [0.0, 10.0, 1.0, 11.0, 2.0, 12.0, 3.0, 13.0]);
    }
}
