//! The layers that both networks are made of, with their weights in memory.

use std::collections::BTreeMap;

use candle_core::Device;
use candle_core::Result;
use candle_core::Tensor;

/// The tensors of one weights file, by name.
pub(crate) type Weights = BTreeMap<String, Tensor>;

/// One convolution with bias. A line convolution (over width only) has a kernel of height 1.
pub(crate) struct Conv {
    weight: Tensor,
    bias: Tensor,
    stride: usize,
    padding: usize,
}

impl Conv {
    /// The layer `name`, a square kernel over rows and columns: `outputs x inputs x kernel x kernel`.
    pub(crate) fn plane(
        weights: &Weights,
        name: &str,
        [inputs, outputs, kernel, stride]: [usize; 4],
    ) -> std::result::Result<Self, String> {
        let weight = find(weights, name, "weight", &[outputs, inputs, kernel, kernel])?;
        let bias = find(weights, name, "bias", &[outputs])?;
        Ok(Self {
            weight,
            bias: bias
                .reshape((1, outputs, 1, 1))
                .map_err(|error| error.to_string())?,
            stride,
            padding: kernel / 2,
        })
    }

    /// The layer `name`, a kernel along a line: `outputs x inputs x kernel`, stride 1.
    pub(crate) fn line(
        weights: &Weights,
        name: &str,
        [inputs, outputs, kernel]: [usize; 3],
    ) -> std::result::Result<Self, String> {
        let weight = find(weights, name, "weight", &[outputs, inputs, kernel])?;
        let bias = find(weights, name, "bias", &[outputs])?;
        Ok(Self {
            weight,
            bias: bias
                .reshape((1, outputs, 1))
                .map_err(|error| error.to_string())?,
            stride: 1,
            padding: kernel / 2,
        })
    }

    /// The convolution with its bias, before any activation.
    pub(crate) fn apply(&self, input: &Tensor) -> Result<Tensor> {
        let output = if self.weight.rank() == 3 {
            input.conv1d(&self.weight, self.padding, self.stride, 1, 1)?
        } else {
            input.conv2d(&self.weight, self.padding, self.stride, 1, 1)?
        };
        output.broadcast_add(&self.bias)
    }

    /// The convolution with its bias, negative values cut to zero.
    pub(crate) fn apply_relu(&self, input: &Tensor) -> Result<Tensor> {
        self.apply(input)?.relu()
    }
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
