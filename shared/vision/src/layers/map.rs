//! What layers hand to each other: pictures of many channels as candle tensors, the channels of a pixel side by side and
//! zeros around each picture, so that no kernel asks where a picture ends. And the memory that they are kept in.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use candle_core::CpuStorage;
use candle_core::Device;
use candle_core::InplaceOp1;
use candle_core::InplaceOp2;
use candle_core::InplaceOp3;
use candle_core::Layout;
use candle_core::Result;
use candle_core::Storage;
use candle_core::Tensor;

/// Zeros around each picture on every side: half of the largest kernel.
pub(super) const HALO: usize = 2;
/// Values of a line of the cache. A picture's values start with one, so that few vectors reach over two.
const ALIGNED: usize = 16;
/// Values that the scratch memory keeps at most for the next picture, 64 MiB.
const MOST_KEPT: usize = 16 << 20;

/// The size of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Pictures.
    pub(super) count: usize,
    /// Rows of a picture; 1 if it is a line.
    pub(super) height: usize,
    /// Pixels of a row.
    pub(super) width: usize,
    /// Values of a pixel.
    pub(super) channels: usize,
}

impl Size {
    /// Values of a row with its halo.
    pub(super) fn row(self) -> usize {
        (self.width + 2 * HALO) * self.channels
    }

    /// Rows of a picture with its halo.
    pub(super) fn rows(self) -> usize {
        self.height + 2 * HALO
    }

    /// Values of all pictures with their halos.
    pub(super) fn values(self) -> usize {
        self.count * self.rows() * self.row()
    }

    /// Zeros after the last picture: tiles of four pixels that reach over its end read them.
    pub(super) fn after(self) -> usize {
        2 * self.row() + 4 * self.channels
    }

    /// Where the pixels of a row of a picture start, counted from the first value.
    pub(super) fn start_of(self, picture: usize, row: usize) -> usize {
        (picture * self.rows() + HALO + row) * self.row() + HALO * self.channels
    }
}

/// Some pictures of the same size between two layers.
pub(crate) struct Map {
    pub(super) values: Tensor,
    /// Where the first picture's halo starts in `values`.
    pub(super) start: usize,
    pub(super) size: Size,
    pub(super) scratch: Scratch,
}

impl Map {
    /// The pictures of a tensor `[count, channels, height, width]`.
    pub(crate) fn of(pictures: &Tensor, scratch: &Scratch) -> Result<Self> {
        let (count, channels, height, width) = pictures.dims4()?;
        let size = Size {
            count,
            height,
            width,
            channels,
        };
        let pixels: Vec<f32> = pictures.permute((0, 2, 3, 1))?.flatten_all()?.to_vec1()?;
        scratch.take(size)?.filled(|map| {
            for (index, row) in pixels.chunks_exact((width * channels).max(1)).enumerate() {
                let start = size.start_of(index / height, index % height);
                map[start..start + row.len()].copy_from_slice(row);
            }
        })
    }

    /// Pictures of one channel, row by row, each square of `block x block` pixels as one pixel of `block * block` channels:
    /// channel `dy * block + dx`. Both sides are multiples of `block`.
    pub(crate) fn of_squares(
        pixels: &[f32],
        [count, height, width]: [usize; 3],
        block: usize,
        scratch: &Scratch,
    ) -> Result<Self> {
        if pixels.len() != count * height * width || height % block != 0 || width % block != 0 {
            candle_core::bail!(
                "{} values are no {count} pictures of {height} x {width}",
                pixels.len()
            );
        }
        let size = Size {
            count,
            height: height / block,
            width: width / block,
            channels: block * block,
        };
        scratch.take(size)?.filled(|map| {
            for (index, row) in pixels.chunks_exact(width).enumerate() {
                let (picture, row_of_picture) = (index / height, index % height);
                let start = size.start_of(picture, row_of_picture / block);
                let to = &mut map[start..start + size.width * size.channels];
                let lane = row_of_picture % block * block;
                // A length that the compiler knows is a move; one that it does not is a call for every few values.
                match block {
                    2 => spread::<2>(row, to, lane, size.channels),
                    4 => spread::<4>(row, to, lane, size.channels),
                    _ => {
                        let pixels = to.chunks_exact_mut(size.channels);
                        for (to, from) in pixels.zip(row.chunks_exact(block)) {
                            to[lane..lane + block].copy_from_slice(from);
                        }
                    }
                }
            }
        })
    }

    /// The rows of each picture as further channels of a line: row `row` of channel `channel` becomes channel
    /// `channel * height + row`.
    pub(crate) fn to_line(&self) -> Result<Self> {
        let from = self.size;
        let to = Size {
            height: 1,
            channels: from.channels * from.height,
            ..from
        };
        let line = self.scratch.take(to)?;
        let act = |line_values: &mut [f32], values: &[f32]| {
            let (line_values, values) = (&mut line_values[line.start..], &values[self.start..]);
            for picture in 0..from.count {
                let start = to.start_of(picture, 0);
                for row in 0..from.height {
                    let pixels =
                        &values[from.start_of(picture, row)..][..from.width * from.channels];
                    let steps = &mut line_values[start..start + to.width * to.channels];
                    for (pixel, step) in pixels
                        .chunks_exact(from.channels)
                        .zip(steps.chunks_exact_mut(to.channels))
                    {
                        for (value, to) in pixel
                            .iter()
                            .zip(step[row..].iter_mut().step_by(from.height))
                        {
                            *to = *value;
                        }
                    }
                }
            }
        };
        line.values.inplace_op2(
            &self.values,
            &Kernel {
                name: "to_line",
                act,
            },
        )?;
        Ok(line)
    }

    /// The pictures as a tensor `[count, channels, height, width]`.
    pub(crate) fn to_tensor(&self) -> Result<Tensor> {
        let size = self.size;
        let Size {
            count,
            height,
            width,
            channels,
        } = size;
        let mut pictures = vec![0.0; count * channels * height * width];
        with_values(&self.values, |values| {
            let values = &values[self.start..];
            for picture in 0..count {
                for row in 0..height {
                    let pixels = &values[size.start_of(picture, row)..][..width * channels];
                    for channel in 0..channels {
                        let at = ((picture * channels + channel) * height + row) * width;
                        let from = pixels[channel..].iter().step_by(channels);
                        for (to, from) in pictures[at..at + width].iter_mut().zip(from) {
                            *to = *from;
                        }
                    }
                }
            }
        })?;
        Tensor::from_vec(pictures, (count, channels, height, width), &Device::Cpu)
    }

    /// The map with the values that `fill` writes between the halos.
    fn filled(self, fill: impl Fn(&mut [f32])) -> Result<Self> {
        let start = self.start;
        let act = |values: &mut [f32]| fill(&mut values[start..]);
        self.values.inplace_op1(&Kernel { name: "fill", act })?;
        Ok(self)
    }
}

/// Puts each `BLOCK` values of a row to the same channels of a pixel.
fn spread<const BLOCK: usize>(row: &[f32], to: &mut [f32], lane: usize, channels: usize) {
    for (to, from) in to
        .chunks_exact_mut(channels)
        .zip(row.as_chunks::<BLOCK>().0)
    {
        if let Some(to) = to[lane..].first_chunk_mut::<BLOCK>() {
            *to = *from;
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        self.scratch.give_back(Kept {
            values: self.values.clone(),
            start: self.start,
            size: self.size,
        });
    }
}

/// The memory of maps that are no longer used, for the next picture: asking the system for fresh pages costs more time
/// than a small layer. The halos of what is kept are zero. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Scratch(Arc<Mutex<VecDeque<Kept>>>);

struct Kept {
    values: Tensor,
    start: usize,
    size: Size,
}

impl Scratch {
    /// A map of this size. Its halos are zero; its pixels have any values.
    pub(super) fn take(&self, size: Size) -> Result<Map> {
        let kept = {
            let mut all = self.lock();
            let found = all.iter().rposition(|kept| kept.size == size);
            found.and_then(|index| all.remove(index))
        };
        let Kept {
            values,
            start,
            size,
        } = match kept {
            Some(kept) => kept,
            None => {
                let (values, start) = aligned(size.values() + size.after(), |_| ())?;
                Kept {
                    values,
                    start,
                    size,
                }
            }
        };
        Ok(Map {
            values,
            start,
            size,
            scratch: self.clone(),
        })
    }

    fn give_back(&self, kept: Kept) {
        let mut all = self.lock();
        all.push_back(kept);
        let mut sum: usize = all.iter().map(|kept| kept.size.values()).sum();
        while sum > MOST_KEPT {
            let Some(oldest) = all.pop_front() else {
                break;
            };
            sum -= oldest.size.values();
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tensor of at least `count` values that start on a line of the cache, and where they start. `fill` gets them as zeros.
pub(super) fn aligned(count: usize, fill: impl FnOnce(&mut [f32])) -> Result<(Tensor, usize)> {
    let mut values = vec![0.0f32; count + ALIGNED];
    let start = values
        .as_ptr()
        .align_offset(ALIGNED * size_of::<f32>())
        .min(ALIGNED);
    fill(&mut values[start..start + count]);
    let length = values.len();
    // candle takes the vector as it is: its values stay where they are.
    Ok((Tensor::from_vec(values, length, &Device::Cpu)?, start))
}

/// A function of ours as an operation of candle's: from the values of none, one or two tensors to those of another one.
pub(super) struct Kernel<F> {
    pub(super) name: &'static str,
    pub(super) act: F,
}

impl<F: Fn(&mut [f32])> InplaceOp1 for Kernel<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, output: &mut CpuStorage, _: &Layout) -> Result<()> {
        (self.act)(values_of(output)?);
        Ok(())
    }
}

impl<F: Fn(&mut [f32], &[f32])> InplaceOp2 for Kernel<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(
        &self,
        output: &mut CpuStorage,
        _: &Layout,
        input: &CpuStorage,
        _: &Layout,
    ) -> Result<()> {
        (self.act)(values_of(output)?, input.as_slice()?);
        Ok(())
    }
}

impl<F: Fn(&mut [f32], &[f32], &[f32])> InplaceOp3 for Kernel<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(
        &self,
        output: &mut CpuStorage,
        _: &Layout,
        one: &CpuStorage,
        _: &Layout,
        other: &CpuStorage,
        _: &Layout,
    ) -> Result<()> {
        (self.act)(values_of(output)?, one.as_slice()?, other.as_slice()?);
        Ok(())
    }
}

fn values_of(storage: &mut CpuStorage) -> Result<&mut [f32]> {
    let CpuStorage::F32(values) = storage else {
        candle_core::bail!("a map is not of single precision")
    };
    Ok(values)
}

/// Hands the values of a tensor, all that its memory holds, to `act` without copying them.
pub(super) fn with_values<T>(tensor: &Tensor, act: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let (storage, _) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        candle_core::bail!("a tensor is not on the CPU")
    };
    Ok(act(storage.as_slice()?))
}
