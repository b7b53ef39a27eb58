//! Tests of the layers: they compute what candle and a plain loop compute, whatever the sizes and the instruction set.

use proptest::prelude::Just;
use proptest::prelude::Strategy;
use proptest::prop_oneof;
use proptest::proptest;

use super::*;

/// A value for a place: all differ, about as large as a network's.
fn value(index: usize, seed: usize) -> f32 {
    let mixed = (index + 1)
        .wrapping_mul(2_654_435_761)
        .wrapping_add(seed * 40_503);
    ((mixed >> 8) % 2003) as f32 / 1001.0 - 1.0
}

fn values(shape: &[usize], seed: usize) -> Tensor {
    let count = shape.iter().product();
    tensor((0..count).map(|index| value(index, seed)).collect(), shape).unwrap()
}

/// A layer with weights that all differ.
fn weights(shape: &[usize]) -> Weights {
    Weights::from([
        ("layer.weight".to_owned(), values(shape, 1)),
        ("layer.bias".to_owned(), values(&shape[..1], 2)),
    ])
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn same(one: &Tensor, other: &Tensor) {
    assert_eq!(one.dims(), other.dims());
    for (one, other) in flat(one).into_iter().zip(flat(other)) {
        assert!((one - other).abs() < 1e-3, "{one} {other}");
    }
}

fn map(pictures: &Tensor) -> Map {
    Map::of(pictures, &Scratch::default()).unwrap()
}

/// Sizes of a layer and of its input.
#[derive(Clone, Copy, Debug)]
struct Case {
    count: usize,
    inputs: usize,
    outputs: usize,
    height: usize,
    width: usize,
    kernel: [usize; 2],
    stride: usize,
}

impl Case {
    fn weights(self) -> Weights {
        weights(&[self.outputs, self.inputs, self.kernel[0], self.kernel[1]])
    }

    fn layer(self, set: Set) -> Conv {
        let weights = self.weights();
        Conv::over(
            &weights,
            "layer",
            &weights["layer.weight"],
            self.kernel,
            self.stride,
            set,
        )
        .unwrap()
    }

    fn input(self) -> Tensor {
        values(&[self.count, self.inputs, self.height, self.width], 3)
    }

    /// A loop over everything, in double precision, without a thought for speed.
    fn by_hand(self, input: &[f32]) -> Vec<f64> {
        let weights = self.weights();
        let (bias, weights) = (flat(&weights["layer.bias"]), flat(&weights["layer.weight"]));
        let [rows, columns] = self.kernel;
        let mut output = Vec::new();
        for picture in 0..self.count {
            for (out, bias) in bias.iter().enumerate() {
                for y in 0..self.height.div_ceil(self.stride) {
                    for x in 0..self.width.div_ceil(self.stride) {
                        let mut sum = f64::from(*bias);
                        for channel in 0..self.inputs {
                            for dy in 0..rows {
                                for dx in 0..columns {
                                    let row = (y * self.stride + dy).wrapping_sub(rows / 2);
                                    let column = (x * self.stride + dx).wrapping_sub(columns / 2);
                                    if row < self.height && column < self.width {
                                        let from =
                                            ((picture * self.inputs + channel) * self.height + row)
                                                * self.width
                                                + column;
                                        let weight = ((out * self.inputs + channel) * rows + dy)
                                            * columns
                                            + dx;
                                        sum += f64::from(input[from]) * f64::from(weights[weight]);
                                    }
                                }
                            }
                        }
                        output.push(sum);
                    }
                }
            }
        }
        output
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let kernels = prop_oneof![
        Just([1, 1]),
        Just([3, 3]),
        Just([5, 5]),
        Just([1, 3]),
        Just([1, 5])
    ];
    (
        1..4usize,
        1..40usize,
        1..70usize,
        1..12usize,
        1..30usize,
        kernels,
        1..4usize,
    )
        .prop_map(
            |(count, inputs, outputs, height, width, kernel, stride)| Case {
                count,
                inputs,
                outputs,
                height,
                width,
                kernel,
                stride,
            },
        )
}

proptest! {
    #[test]
    fn a_convolution_gives_what_a_plain_loop_gives_on_every_instruction_set(case in cases()) {
        let input = case.input();
        let wanted = case.by_hand(&flat(&input));
        for set in Set::all() {
            let layer = case.layer(set);
            let input = map(&input);
            let plain = flat(&layer.apply(&input).unwrap().to_tensor().unwrap());
            let cut = flat(&layer.apply_relu(&input).unwrap().to_tensor().unwrap());
            assert_eq!(plain.len(), wanted.len());
            for ((plain, cut), wanted) in plain.into_iter().zip(cut).zip(&wanted) {
                assert!((f64::from(plain) - wanted).abs() < 1e-3, "{set:?}: {plain} {wanted}");
                assert!((f64::from(cut) - wanted.max(0.0)).abs() < 1e-3, "{set:?}: {cut} {wanted}");
            }
        }
    }

    #[test]
    fn adding_a_doubled_map_gives_what_candle_gives(case in cases()) {
        let case = Case { height: case.height * 2, width: case.width * 2, stride: 1, ..case };
        let half = values(&[case.count, case.outputs, case.height / 2, case.width / 2], 4);
        let doubled = half.upsample_nearest2d(case.height, case.width).unwrap();
        for set in Set::all() {
            let (layer, input) = (case.layer(set), map(&case.input()));
            let plain = layer.apply(&input).unwrap().to_tensor().unwrap();
            let wanted = (plain + &doubled).unwrap();
            let sum = layer.apply_adding_doubled(&input, &map(&half)).unwrap();
            same(&sum.to_tensor().unwrap(), &wanted);
            let cut = layer.apply_relu_adding_doubled(&input, &map(&half)).unwrap();
            same(&cut.to_tensor().unwrap(), &wanted.relu().unwrap());
        }
    }
}

#[test]
fn a_plane_and_a_line_give_what_candle_gives() {
    for (kernel, stride) in [(3, 1), (3, 2), (1, 1), (5, 2)] {
        let weights = weights(&[5, 3, kernel, kernel]);
        let conv = Conv::plane(&weights, "layer", [3, 5, kernel, stride]).unwrap();
        for (count, height, width) in [(1, 1, 1), (2, 7, 5), (1, 8, 16), (3, 2, 300)] {
            let input = values(&[count, 3, height, width], 5);
            let bias = weights["layer.bias"].reshape((1, 5, 1, 1)).unwrap();
            let wanted = input
                .conv2d(&weights["layer.weight"], kernel / 2, stride, 1, 1)
                .and_then(|output| output.broadcast_add(&bias))
                .unwrap();
            same(
                &conv.apply(&map(&input)).unwrap().to_tensor().unwrap(),
                &wanted,
            );
        }
    }
    for kernel in [1, 3, 5] {
        let weights = weights(&[37, 6, kernel]);
        let conv = Conv::line(&weights, "layer", [6, 37, kernel]).unwrap();
        for (count, width) in [(1, 1), (2, 3), (5, 36)] {
            let input = values(&[count, 6, width], 6);
            let bias = weights["layer.bias"].reshape((1, 37, 1)).unwrap();
            let wanted = input
                .conv1d(&weights["layer.weight"], kernel / 2, 1, 1, 1)
                .and_then(|output| output.broadcast_add(&bias))
                .and_then(|output| output.unsqueeze(2))
                .unwrap();
            let output = conv.apply(&map(&input.unsqueeze(2).unwrap())).unwrap();
            same(&output.to_tensor().unwrap(), &wanted);
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    };
    for (count, height, width, kernel) in
        [(1, 1, 100, [1, 5]), (2, 30, 41, [3, 3]), (1, 2, 50, [3, 3])]
    {
        let case = Case {
            count,
            inputs: 16,
            outputs: 48,
            height,
            width,
            kernel,
            stride: 1,
        };
        let run = || {
            flat(
                &case
                    .layer(Set::best())
                    .apply(&map(&case.input()))
                    .unwrap()
                    .to_tensor()
                    .unwrap(),
            )
        };
        let alone = pool(1).install(run);
        assert_eq!(pool(3).install(run), alone);
    }
}

#[test]
fn values_that_are_no_numbers_reach_only_the_pixels_around_them() {
    let case = Case {
        count: 1,
        inputs: 16,
        outputs: 32,
        height: 20,
        width: 20,
        kernel: [3, 3],
        stride: 1,
    };
    for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut pixels = flat(&case.input());
        pixels[0] = poison;
        let input = map(&tensor(pixels, &[1, 16, 20, 20]).unwrap());
        for set in Set::all() {
            let output = case.layer(set).apply(&input).unwrap().to_tensor().unwrap();
            assert!(
                flat(&output)[..400]
                    .iter()
                    .skip(8 * 20)
                    .all(|value| value.is_finite())
            );
            assert!(!flat(&output)[0].is_finite());
        }
    }
}

#[test]
fn memory_that_is_used_again_still_has_zeros_around_each_picture() {
    let scratch = Scratch::default();
    let weights = weights(&[4, 4, 3, 3]);
    let conv = Conv::plane(&weights, "layer", [4, 4, 3, 1]).unwrap();
    let pictures = values(&[2, 4, 9, 7], 7);
    let first = {
        let input = Map::of(&pictures, &scratch).unwrap();
        conv.apply(&conv.apply(&input).unwrap())
            .unwrap()
            .to_tensor()
            .unwrap()
    };
    for _ in 0..3 {
        let input = Map::of(&pictures, &scratch).unwrap();
        let again = conv.apply(&conv.apply(&input).unwrap()).unwrap();
        assert_eq!(flat(&again.to_tensor().unwrap()), flat(&first));
    }
}

#[test]
fn a_layer_of_another_shape_is_named() {
    let weights = weights(&[5, 3, 3, 3]);
    let error = Conv::plane(&weights, "layer", [4, 5, 3, 1]).err().unwrap();
    assert!(error.contains("layer.weight"), "{error}");
    let error = Conv::plane(&weights, "other", [3, 5, 3, 1]).err().unwrap();
    assert!(error.contains("other.weight"), "{error}");
    let error = Conv::plane(&weights, "layer", [3, 5, 3, 0]).err().unwrap();
    assert!(error.contains("stride 0"), "{error}");
    let conv = Conv::plane(&weights, "layer", [3, 5, 3, 1]).unwrap();
    assert!(conv.apply(&map(&values(&[1, 4, 8, 8], 1))).is_err());
    let input = map(&values(&[1, 3, 8, 8], 1));
    for half in [[1, 5, 4, 3], [1, 4, 4, 4], [2, 5, 4, 4]] {
        assert!(
            conv.apply_adding_doubled(&input, &map(&values(&half, 1)))
                .is_err()
        );
    }
    let even = self::weights(&[5, 3, 4, 4]);
    assert!(Conv::plane(&even, "layer", [3, 5, 4, 1]).is_err());
}

#[test]
fn each_pixel_of_a_square_becomes_a_channel() {
    #[rustfmt::skip]
    let pixels = [
        0.0, 1.0, 10.0, 11.0,
        2.0, 3.0, 12.0, 13.0,
    ];
    let channels = [0.0, 10.0, 1.0, 11.0, 2.0, 12.0, 3.0, 13.0];
    assert_eq!(space_to_depth(&pixels, 4, 2, 2), channels);
    let map = Map::of_squares(&pixels, [1, 2, 4], 2, &Scratch::default()).unwrap();
    assert_eq!(flat(&map.to_tensor().unwrap()), channels);
    assert!(Map::of_squares(&pixels, [1, 2, 3], 2, &Scratch::default()).is_err());
}

#[test]
fn rows_become_channels_of_a_line() {
    let pictures = values(&[2, 3, 4, 5], 8);
    let line = map(&pictures).to_line().unwrap().to_tensor().unwrap();
    let wanted = pictures.reshape((2, 12, 1, 5)).unwrap();
    assert_eq!(flat(&line), flat(&wanted));
    assert_eq!(line.dims(), wanted.dims());
}
