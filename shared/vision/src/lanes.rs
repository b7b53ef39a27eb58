//! The one file with `unsafe`: vectors of floats for each instruction set, and the sums of products that convolutions
//! are made of. Nothing else here: no tensors, no layout, no threads.
//!
//! Why each `unsafe` is sound:
//! - A value of [`Avx512`], [`Avx2`] or [`Neon`] is made in [`Set::all`] alone, after the processor said that it has the
//!   instructions, so their methods may use them.
//! - [`tile`] reads through pointers, without a check for each value; [`Row::work`] proves once for each row that every
//!   place that a tile can reach lies inside its slices, and panics if not.

#![expect(
    unsafe_code,
    reason = "vector instructions and unchecked reads; the reasons stand above and at each use"
)]

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::*;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
use std::sync::OnceLock;

/// Vectors of one instruction set. A value of such a type is the proof that this processor has it.
pub(crate) trait Lanes: Copy {
    /// Floats in a vector.
    const COUNT: usize;
    /// Vectors of outputs that [`tile`] keeps for a pixel.
    const VECTORS: usize;
    /// Pixels that [`tile`] keeps at most: all sums stay in registers.
    const PIXELS: usize;
    /// `COUNT` floats.
    type Vector: Copy;
    /// The same value in each lane.
    fn splat(self, value: f32) -> Self::Vector;
    /// `one * other + sum`.
    fn multiply_add(
        self,
        one: Self::Vector,
        other: Self::Vector,
        sum: Self::Vector,
    ) -> Self::Vector;
    /// `one + other`.
    fn add(self, one: Self::Vector, other: Self::Vector) -> Self::Vector;
    /// `one - other`.
    fn subtract(self, one: Self::Vector, other: Self::Vector) -> Self::Vector;
    /// The larger one of each lane; of something that is no number and 0 it may be either.
    fn larger(self, one: Self::Vector, other: Self::Vector) -> Self::Vector;
    /// The first `COUNT` values of a slice, which has so many.
    fn load(self, from: &[f32]) -> Self::Vector;
    /// Writes the first `COUNT` values of a slice, which has so many.
    fn store(self, vector: Self::Vector, to: &mut [f32]);
    /// The `COUNT` values from a place on.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn read(self, from: *const f32) -> Self::Vector;
}

/// Work that is written once and compiled for each instruction set. `work` is `#[inline(always)]`.
pub(crate) trait Work {
    /// Does it.
    fn work<L: Lanes>(self, lanes: L);
}

/// The instruction sets that a kernel is compiled for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Set {
    /// 16 floats, x86-64.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// 8 floats, x86-64.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// 4 floats, ARM.
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    /// What the compiler makes of plain Rust.
    Plain(Plain),
}

/// AVX-512F.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

/// AVX2 with fused multiplication and addition.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

/// NEON.
#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon(());

/// No instructions beyond those of the compiler's target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

impl Set {
    /// All that this processor has, the fastest first.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                all.push(Self::Avx512(Avx512(())));
            }
            if std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma")
            {
                all.push(Self::Avx2(Avx2(())));
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            all.push(Self::Neon(Neon(())));
        }
        all.push(Self::Plain(Plain));
        all
    }

    /// The fastest one of this processor.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<Set> = OnceLock::new();
        *BEST.get_or_init(|| Self::all().first().copied().unwrap_or(Self::Plain(Plain)))
    }

    /// Floats in a vector.
    pub(crate) fn count(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => Avx512::COUNT,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Avx2::COUNT,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => Neon::COUNT,
            Self::Plain(_) => Plain::COUNT,
        }
    }

    /// Vectors of outputs in a panel of packed weights.
    pub(crate) fn vectors(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => Avx512::VECTORS,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Avx2::VECTORS,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => Neon::VECTORS,
            Self::Plain(_) => Plain::VECTORS,
        }
    }

    /// Does the work with these instructions.
    pub(crate) fn run(self, work: impl Work) {
        match self {
            // SAFETY: the value proves that the processor has the instructions.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(lanes) => unsafe { run_avx512(lanes, work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(lanes) => unsafe { run_avx2(lanes, work) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Self::Neon(lanes) => unsafe { run_neon(lanes, work) },
            Self::Plain(lanes) => work.work(lanes),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn run_avx512(lanes: Avx512, work: impl Work) {
    work.work(lanes);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(lanes: Avx2, work: impl Work) {
    work.work(lanes);
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
fn run_neon(lanes: Neon, work: impl Work) {
    work.work(lanes);
}

/// The arithmetic of one instruction set by its intrinsics.
macro_rules! lanes {
    ($set:ty, $vector:ty, $count:literal, $vectors:literal, $pixels:literal,
     $splat:ident, $fused:expr, $add:ident, $subtract:ident, $larger:ident, $load:ident, $store:ident) => {
        impl Lanes for $set {
            const COUNT: usize = $count;
            const VECTORS: usize = $vectors;
            const PIXELS: usize = $pixels;
            type Vector = $vector;
            #[inline(always)]
            fn splat(self, value: f32) -> $vector {
                // SAFETY: the processor has the instruction, as `self` proves.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            fn multiply_add(self, one: $vector, other: $vector, sum: $vector) -> $vector {
                // SAFETY: as above.
                unsafe { $fused(one, other, sum) }
            }
            #[inline(always)]
            fn add(self, one: $vector, other: $vector) -> $vector {
                // SAFETY: as above.
                unsafe { $add(one, other) }
            }
            #[inline(always)]
            fn subtract(self, one: $vector, other: $vector) -> $vector {
                // SAFETY: as above.
                unsafe { $subtract(one, other) }
            }
            #[inline(always)]
            fn larger(self, one: $vector, other: $vector) -> $vector {
                // SAFETY: as above.
                unsafe { $larger(one, other) }
            }
            #[inline(always)]
            fn load(self, from: &[f32]) -> $vector {
                let from = &from[..$count];
                // SAFETY: as above, and the slice has so many values.
                unsafe { $load(from.as_ptr()) }
            }
            #[inline(always)]
            fn store(self, vector: $vector, to: &mut [f32]) {
                let to = &mut to[..$count];
                // SAFETY: as above, and the slice has so many values.
                unsafe { $store(to.as_mut_ptr(), vector) }
            }
            #[inline(always)]
            unsafe fn read(self, from: *const f32) -> $vector {
                // SAFETY: as above; the caller knows that the values can be read.
                unsafe { $load(from) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
lanes!(
    Avx512,
    __m512,
    16,
    2,
    12,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_max_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps
);

#[cfg(target_arch = "x86_64")]
lanes!(
    Avx2,
    __m256,
    8,
    2,
    6,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_max_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps
);

#[cfg(target_arch = "aarch64")]
lanes!(
    Neon,
    float32x4_t,
    4,
    4,
    6,
    vdupq_n_f32,
    |one, other, sum| vfmaq_f32(sum, one, other),
    vaddq_f32,
    vsubq_f32,
    vmaxnmq_f32,
    vld1q_f32,
    vst1q_f32
);

impl Lanes for Plain {
    const COUNT: usize = 4;
    const VECTORS: usize = 2;
    const PIXELS: usize = 6;
    type Vector = [f32; 4];
    #[inline(always)]
    fn splat(self, value: f32) -> [f32; 4] {
        [value; 4]
    }
    #[inline(always)]
    fn multiply_add(self, one: [f32; 4], other: [f32; 4], sum: [f32; 4]) -> [f32; 4] {
        // Not fused: without the instruction that is a call for each value.
        std::array::from_fn(|lane| one[lane] * other[lane] + sum[lane])
    }
    #[inline(always)]
    fn add(self, one: [f32; 4], other: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|lane| one[lane] + other[lane])
    }
    #[inline(always)]
    fn subtract(self, one: [f32; 4], other: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|lane| one[lane] - other[lane])
    }
    #[inline(always)]
    fn larger(self, one: [f32; 4], other: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|lane| one[lane].max(other[lane]))
    }
    #[inline(always)]
    fn load(self, from: &[f32]) -> [f32; 4] {
        std::array::from_fn(|lane| from[lane])
    }
    #[inline(always)]
    fn store(self, vector: [f32; 4], to: &mut [f32]) {
        to[..4].copy_from_slice(&vector);
    }
    #[inline(always)]
    unsafe fn read(self, from: *const f32) -> [f32; 4] {
        // SAFETY: the caller knows that the values can be read; an array of floats may lie anywhere that a float may.
        unsafe { from.cast::<[f32; 4]>().read() }
    }
}

/// A row of output pixels, each a weighted sum of a window of the input.
///
/// A window is some runs of `run` values each: with the channels of a pixel side by side, the three pixels that a row of
/// a 3 x 3 kernel meets are one run.
pub(crate) struct Row<'a> {
    /// The input.
    pub(crate) input: &'a [f32],
    /// Where the window of the first pixel starts.
    pub(crate) first: usize,
    /// From one pixel's window to the next one's.
    pub(crate) step: usize,
    /// Where each run starts, counted from the start of the window.
    pub(crate) runs: &'a [usize],
    /// Values of a run.
    pub(crate) run: usize,
    /// The weights as [`packed`] orders them for this instruction set.
    pub(crate) weights: &'a [f32],
    /// What each output starts with; as many as there are outputs, rounded up to whole vectors.
    pub(crate) bias: &'a [f32],
    /// Values that each pixel's outputs are added to: two neighbouring pixels share them.
    pub(crate) doubled: Option<&'a [f32]>,
    /// Whether negative values are cut to zero.
    pub(crate) relu: bool,
    /// Outputs of a pixel.
    pub(crate) outputs: usize,
    /// `pixels * outputs` values.
    pub(crate) output: &'a mut [f32],
}

impl Work for Row<'_> {
    #[inline(always)]
    fn work<L: Lanes>(mut self, lanes: L) {
        let pixels = self.output.len() / self.outputs;
        let padded = self.outputs.next_multiple_of(L::COUNT);
        if pixels == 0 {
            return;
        }
        // What the unchecked reads of `tile` rely on.
        let last_run = self.runs.iter().copied().max().unwrap_or(0);
        let furthest = last_run
            .checked_add(self.run)
            .and_then(|window| (pixels - 1).checked_mul(self.step)?.checked_add(window))
            .and_then(|reach| reach.checked_add(self.first));
        assert!(furthest.is_some_and(|furthest| furthest <= self.input.len()));
        assert!(
            self.weights.len() == self.runs.len() * self.run * padded && self.bias.len() == padded
        );
        let mut at = 0;
        while at < padded {
            if L::VECTORS == 4 && padded - at >= 4 * L::COUNT {
                self.panel::<L, 4>(lanes, at, pixels);
                at += 4 * L::COUNT;
            } else if L::VECTORS == 2 && padded - at >= 2 * L::COUNT {
                self.panel::<L, 2>(lanes, at, pixels);
                at += 2 * L::COUNT;
            } else {
                self.panel::<L, 1>(lanes, at, pixels);
                at += L::COUNT;
            }
        }
    }
}

impl Row<'_> {
    /// The outputs from `at` on, `VECTORS` vectors of them, of all pixels.
    #[inline(always)]
    fn panel<L: Lanes, const VECTORS: usize>(&mut self, lanes: L, at: usize, pixels: usize) {
        let mut pixel = 0;
        while pixel < pixels {
            let left = pixels - pixel;
            // A tile that would reach over the end starts earlier and computes some pixels again.
            let tile = |size: usize| pixel.min(pixels - size);
            if L::PIXELS == 12 && pixels >= 12 && left > 6 {
                self.tile::<L, VECTORS, 12>(lanes, at, tile(12));
                pixel += 12;
            } else if pixels >= 6 && left > 3 {
                self.tile::<L, VECTORS, 6>(lanes, at, tile(6));
                pixel += 6;
            } else if pixels >= 3 && left > 1 {
                self.tile::<L, VECTORS, 3>(lanes, at, tile(3));
                pixel += 3;
            } else {
                self.tile::<L, VECTORS, 1>(lanes, at, pixel);
                pixel += 1;
            }
        }
    }

    /// The outputs from `at` on, `VECTORS` vectors of them, of `PIXELS` pixels.
    #[inline(always)]
    fn tile<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
        &mut self,
        lanes: L,
        at: usize,
        pixel: usize,
    ) {
        let depth = self.runs.len() * self.run;
        let weights = &self.weights[at * depth..(at + VECTORS * L::COUNT) * depth];
        let mut sums: [[L::Vector; VECTORS]; PIXELS] = {
            let bias: [L::Vector; VECTORS] =
                std::array::from_fn(|index| lanes.load(&self.bias[at + index * L::COUNT..]));
            [bias; PIXELS]
        };
        let input = &self.input[self.first + pixel * self.step..];
        // SAFETY: `work` has checked that the windows of all pixels of the row lie inside the input; `pixel + PIXELS` is at
        // most the row's pixels. The slice above has VECTORS * COUNT weights for each value of a window.
        unsafe {
            accumulate(
                lanes, &mut sums, input, self.step, self.runs, self.run, weights,
            );
        }
        for (index, sums) in sums.into_iter().enumerate() {
            let place = (pixel + index) * self.outputs + at;
            let shared = (pixel + index) / 2 * self.outputs + at;
            for (vector, sum) in sums.into_iter().enumerate() {
                let lane = vector * L::COUNT;
                let count = (self.outputs - at).saturating_sub(lane).min(L::COUNT);
                let to = &mut self.output[place + lane..][..count];
                let shared = self.doubled.map(|values| &values[shared + lane..][..count]);
                self::finish(lanes, sum, shared, self.relu, to);
            }
        }
    }
}

/// Adds what is shared with the neighbour, cuts what is negative, and stores; a last vector may have fewer outputs than lanes.
#[inline(always)]
fn finish<L: Lanes>(lanes: L, sum: L::Vector, shared: Option<&[f32]>, relu: bool, to: &mut [f32]) {
    const WIDEST: usize = 16;
    let mut sum = sum;
    if let Some(shared) = shared {
        let shared = if shared.len() == L::COUNT {
            lanes.load(shared)
        } else {
            let mut whole = [0.0; WIDEST];
            whole[..shared.len()].copy_from_slice(shared);
            lanes.load(&whole)
        };
        sum = lanes.add(sum, shared);
    }
    if relu {
        sum = lanes.larger(sum, lanes.splat(0.0));
    }
    if to.len() == L::COUNT {
        lanes.store(sum, to);
    } else {
        let mut whole = [0.0; WIDEST];
        lanes.store(sum, &mut whole);
        to.copy_from_slice(&whole[..to.len()]);
    }
}

/// Adds to the sums of each pixel its window's values, each times a vector of weights for each vector of outputs.
///
/// # Safety
/// `(PIXELS - 1) * step + runs[..] + run` is inside the input for each run, and there are `VECTORS * COUNT` weights for
/// each value of all runs.
#[inline(always)]
unsafe fn accumulate<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
    lanes: L,
    sums: &mut [[L::Vector; VECTORS]; PIXELS],
    input: &[f32],
    step: usize,
    runs: &[usize],
    run: usize,
    weights: &[f32],
) {
    let mut kept = *sums;
    let mut weight = weights.as_ptr();
    for start in runs {
        // SAFETY: what the caller promises. Every third pixel has a pointer of its own; processors reach the two after it
        // by once and twice the step, so that few registers hold addresses.
        unsafe {
            let mut thirds: [*const f32; 4] = [input.as_ptr().add(*start); 4];
            for (index, third) in thirds.iter_mut().enumerate().take(PIXELS.div_ceil(3)) {
                *third = third.add(3 * index * step);
            }
            for _ in 0..run {
                let vectors: [L::Vector; VECTORS] =
                    std::array::from_fn(|index| lanes.read(weight.add(index * L::COUNT)));
                weight = weight.add(VECTORS * L::COUNT);
                for (pixel, sums) in kept.iter_mut().enumerate() {
                    let value = lanes.splat(*thirds[pixel / 3].add(pixel % 3 * step));
                    for (sum, vector) in sums.iter_mut().zip(vectors) {
                        *sum = lanes.multiply_add(value, vector, *sum);
                    }
                }
                for third in thirds.iter_mut().take(PIXELS.div_ceil(3)) {
                    *third = third.add(1);
                }
            }
        }
    }
    *sums = kept;
}

/// Weights in the order in which [`Row`] reads them: in panels of so many vectors of outputs as [`Row::work`] takes,
/// and in a panel for each value of a window its outputs side by side, zeros after the last.
///
/// `weight` gives the weight of an output for a value of the window, of `depth` values.
pub(crate) fn packed(
    set: Set,
    outputs: usize,
    depth: usize,
    weight: impl Fn(usize, usize) -> f32,
) -> Vec<f32> {
    let (count, vectors) = (set.count(), set.vectors());
    let padded = outputs.next_multiple_of(count);
    let mut packed = Vec::with_capacity(padded * depth);
    let mut at = 0;
    while at < padded {
        let panel = if padded - at >= vectors * count {
            vectors * count
        } else {
            count
        };
        for value in 0..depth {
            packed.extend((at..at + panel).map(|output| {
                if output < outputs {
                    weight(output, value)
                } else {
                    0.0
                }
            }));
        }
        at += panel;
    }
    packed
}
