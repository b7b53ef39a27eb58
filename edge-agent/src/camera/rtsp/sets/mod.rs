//! The parameter sets of an H.264 stream: read and judged here, before a decoder sees them. Pure.
//!
//! They say how large the pictures are and how many of them a decoder keeps: what the camera claims is checked before
//! memory is taken for it, and what the decoder can't do is named in words that help at the camera's settings.

use std::collections::BTreeMap;

use h264_reader::Context;
use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::sps::ChromaFormat;
use h264_reader::nal::sps::FrameMbsFlags;
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::rbsp::BitRead;
use h264_reader::rbsp::BitReader;
use h264_reader::rbsp::BitReaderError;
use h264_reader::rbsp::Numeric;
use h264_reader::rbsp::Primitive;
use vision::Colours;

use crate::camera::rtsp::units::START;

/// The most pixels of a picture: level 5.1, 4096 x 2304.
const MOST_PIXELS: u64 = 4096 * 2304;
/// The most bytes of all pictures that the stream asks a decoder to keep.
const MOST_KEPT: u64 = 96 << 20;
/// BT.709 in the numbers of the standard, and "not said".
const BT709: u8 = 1;
const NOT_SAID: u8 = 2;
/// From this height on a stream that does not say it has the colours of high definition.
const HIGH_DEFINITION: u32 = 720;

/// What a stream's pictures are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Width in pixels.
    pub(super) width: u32,
    /// Height in pixels.
    pub(super) height: u32,
    /// How its numbers stand for colours.
    pub(super) colours: Colours,
}

/// Why a parameter set is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It can't be read, or belongs to none that was.
    Garbage(&'static str),
    /// It is sound, and pictures of that kind can't be decoded here; says what to set in the camera.
    Unsupported(String),
}

/// The sets that are in force, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Sets {
    sequences: BTreeMap<u8, (Vec<u8>, Shape)>,
    pictures: BTreeMap<u8, Vec<u8>>,
    context: Context,
    newest: Option<u8>,
    /// Counts the changes, so that a decoder can be told from one that is out of date.
    version: u64,
}

impl Sets {
    /// Takes one parameter set, of either kind. One that is in force already changes nothing.
    pub(super) fn take(&mut self, nal: &[u8]) -> Result<(), Fault> {
        let header = nal
            .first()
            .ok_or(Fault::Garbage("an empty parameter set"))?;
        match header & 0x1f {
            7 => self.take_sequence(nal),
            8 => self.take_picture(nal),
            _ => Err(Fault::Garbage("no parameter set")),
        }
    }

    /// How often the sets have changed.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// What pictures are like by the newest sequence parameter set; none before there is one and a picture's.
    pub(super) fn shape(&self) -> Option<Shape> {
        if self.pictures.is_empty() {
            return None;
        }
        let (_, shape) = self.sequences.get(&self.newest?)?;
        Some(*shape)
    }

    /// All of them behind start codes, as a decoder wants them before a key frame.
    pub(super) fn annex_b(&self) -> Vec<u8> {
        let sequences = self.sequences.values().map(|(nal, _)| nal);
        let mut bytes = Vec::new();
        for nal in sequences.chain(self.pictures.values()) {
            bytes.extend_from_slice(&START);
            bytes.extend_from_slice(nal);
        }
        bytes
    }

    fn take_sequence(&mut self, nal: &[u8]) -> Result<(), Fault> {
        const UNREADABLE: Fault = Fault::Garbage("a sequence parameter set that can't be read");
        let known = self.sequences.iter().find(|(_, (old, _))| old == nal);
        if let Some((id, _)) = known {
            self.newest = Some(*id);
            return Ok(());
        }
        let bytes = h264_reader::rbsp::decode_nal(nal).map_err(|_| UNREADABLE)?;
        let set = SeqParameterSet::from_bits(Lenient(BitReader::new(bytes.as_ref())))
            .map_err(|_| UNREADABLE)?;
        let shape = shape_of(&set)?;
        let id = set.id().id();
        self.context.put_seq_param_set(set);
        self.sequences.insert(id, (nal.to_vec(), shape));
        self.newest = Some(id);
        self.version += 1;
        Ok(())
    }

    fn take_picture(&mut self, nal: &[u8]) -> Result<(), Fault> {
        if self.pictures.values().any(|known| known == nal) {
            return Ok(());
        }
        const UNREADABLE: Fault = Fault::Garbage("a picture parameter set that can't be read");
        let bytes = h264_reader::rbsp::decode_nal(nal).map_err(|_| UNREADABLE)?;
        let bits = Lenient(BitReader::new(bytes.as_ref()));
        let set = PicParameterSet::from_bits(&self.context, bits).map_err(|_| UNREADABLE)?;
        if set.slice_groups.is_some() {
            return Err(Fault::Unsupported(
                "its pictures come in slice groups: set the camera's H.264 profile to Main or High"
                    .to_owned(),
            ));
        }
        self.pictures
            .insert(set.pic_parameter_set_id.id(), nal.to_vec());
        self.version += 1;
        Ok(())
    }
}

/// Judges a sequence parameter set.
fn shape_of(set: &SeqParameterSet) -> Result<Shape, Fault> {
    let chroma = &set.chroma_info;
    let is_8_bit = chroma.bit_depth_luma_minus8 == 0 && chroma.bit_depth_chroma_minus8 == 0;
    if chroma.chroma_format != ChromaFormat::YUV420 || !is_8_bit {
        return Err(Fault::Unsupported(
            "its colours are not 8 bit 4:2:0: set the camera's H.264 profile to Main or High"
                .to_owned(),
        ));
    }
    if set.frame_mbs_flags != FrameMbsFlags::Frames {
        return Err(Fault::Unsupported(
            "its pictures are interlaced: set the camera to progressive".to_owned(),
        ));
    }
    // Counted in blocks first: the library's own sums may overflow.
    let blocks = (u64::from(set.pic_width_in_mbs_minus1) + 1)
        .saturating_mul(u64::from(set.pic_height_in_map_units_minus1) + 1);
    let pixels = blocks.saturating_mul(256);
    if pixels > MOST_PIXELS {
        return Err(Fault::Unsupported(format!(
            "its pictures have {pixels} pixels, and {MOST_PIXELS} are allowed: set a smaller resolution in the camera"
        )));
    }
    let kept = pixels.saturating_mul(3) / 2 * u64::from(set.max_num_ref_frames.max(1));
    if kept > MOST_KEPT {
        return Err(Fault::Unsupported(format!(
            "decoding it takes {} MB, and {} are allowed: set a smaller resolution, or fewer reference frames, in the camera",
            kept >> 20,
            MOST_KEPT >> 20
        )));
    }
    let (width, height) = set
        .pixel_dimensions()
        .map_err(|_| Fault::Garbage("a sequence parameter set that crops everything away"))?;
    if width == 0 || height == 0 {
        return Err(Fault::Garbage(
            "a sequence parameter set that crops everything away",
        ));
    }
    let signal = set
        .vui_parameters
        .as_ref()
        .and_then(|vui| vui.video_signal_type.as_ref());
    let matrix = signal
        .and_then(|signal| signal.colour_description.as_ref())
        .map_or(NOT_SAID, |colours| colours.matrix_coefficients);
    Ok(Shape {
        width,
        height,
        colours: Colours {
            full_range: signal.is_some_and(|signal| signal.video_full_range_flag),
            bt709: match matrix {
                NOT_SAID => height >= HIGH_DEFINITION,
                said => said == BT709,
            },
        },
    })
}

/// Reads bits, and lets a set end with bytes that mean nothing: some cameras add them.
struct Lenient<'a>(BitReader<&'a [u8]>);

impl BitRead for Lenient<'_> {
    fn read_ue(&mut self, name: &'static str) -> Result<u32, BitReaderError> {
        self.0.read_ue(name)
    }

    fn read_se(&mut self, name: &'static str) -> Result<i32, BitReaderError> {
        self.0.read_se(name)
    }

    fn read_bool(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        self.0.read_bool(name)
    }

    fn read<U: Numeric>(
        &mut self,
        bit_count: u32,
        name: &'static str,
    ) -> Result<U, BitReaderError> {
        self.0.read(bit_count, name)
    }

    fn read_to<V: Primitive>(&mut self, name: &'static str) -> Result<V, BitReaderError> {
        self.0.read_to(name)
    }

    fn skip(&mut self, bit_count: u32, name: &'static str) -> Result<(), BitReaderError> {
        self.0.skip(bit_count, name)
    }

    fn has_more_rbsp_data(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        self.0.has_more_rbsp_data(name)
    }

    fn finish_rbsp(self) -> Result<(), BitReaderError> {
        match self.0.finish_rbsp() {
            Err(BitReaderError::RemainingData) => Ok(()),
            other => other,
        }
    }

    fn finish_sei_payload(self) -> Result<(), BitReaderError> {
        self.0.finish_sei_payload()
    }
}

#[cfg(test)]
mod tests;
