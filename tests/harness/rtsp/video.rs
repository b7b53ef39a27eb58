//! Videos of our own making: pictures as H.264, made while the test runs.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openh264::OpenH264API;
use openh264::encoder::BitRate;
use openh264::encoder::Encoder;
use openh264::encoder::EncoderConfig;
use openh264::encoder::FrameRate;
use openh264::encoder::IntraFramePeriod;
use openh264::encoder::Profile;
use openh264::encoder::RateControlMode;
use openh264::encoder::VuiConfig;
use openh264::formats::RgbSliceU8;
use openh264::formats::YUVBuffer;
use vision::Picture;

/// Pictures as they go over the wire.
#[derive(Clone, Debug, Default)]
pub struct Video {
    /// Each with its NAL units, without start codes. The first one, and every key frame, has its parameter sets.
    pub pictures: Vec<Vec<Vec<u8>>>,
}

impl Video {
    /// Encodes pictures of one size; every `key_every`th is a key frame.
    pub fn of(
        pictures: impl IntoIterator<Item = anyhow::Result<Picture>>,
        key_every: u32,
        profile: Profile,
    ) -> anyhow::Result<Self> {
        let config = EncoderConfig::new()
            .bitrate(BitRate::from_bps(6_000_000))
            .max_frame_rate(FrameRate::from_hz(5.0))
            .rate_control_mode(RateControlMode::Quality)
            .skip_frames(false)
            .profile(profile)
            .scene_change_detect(false)
            .intra_frame_period(IntraFramePeriod::from_num_frames(key_every))
            .vui(VuiConfig::bt601());
        let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config)
            .context("starting the encoder")?;
        let mut video = Self::default();
        for picture in pictures {
            let picture = picture?;
            let size = (picture.width() as usize, picture.height() as usize);
            let yuv = YUVBuffer::from_rgb8_source(RgbSliceU8::new(picture.rgb(), size));
            let bytes = encoder.encode(&yuv).context("encoding a picture")?.to_vec();
            let nals: Vec<Vec<u8>> = openh264::nal_units(&bytes).map(without_start).collect();
            anyhow::ensure!(!nals.is_empty(), "the encoder skipped a picture");
            video.pictures.push(nals);
        }
        Ok(video)
    }

    /// Encodes the picture files of a folder, in the order of their names.
    pub fn of_folder(folder: &Path, key_every: u32) -> anyhow::Result<Self> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .with_context(|| format!("reading {}", folder.display()))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.retain(|path| path.extension().is_some_and(|kind| kind == "jpg"));
        files.sort();
        let pictures = files.iter().map(|path| {
            let bytes =
                std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
            Picture::decode(&bytes).with_context(|| format!("decoding {}", path.display()))
        });
        Self::of(pictures, key_every, Profile::Baseline)
    }

    /// Pictures of these mean greys, grainy, so that each has bytes to lose.
    pub fn of_greys(
        greys: &[u8],
        (width, height): (u32, u32),
        key_every: u32,
        profile: Profile,
    ) -> anyhow::Result<Self> {
        let mut grain = 1_u32;
        let pictures = greys.iter().map(|grey| {
            let rgb = (0..width * height)
                .flat_map(|_| {
                    grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let offset = ((grain >> 24) % 25) as i16 - 12;
                    [(i16::from(*grey) + offset).clamp(0, 255) as u8; 3]
                })
                .collect();
            Picture::from_rgb(width, height, rgb).context("making a picture")
        });
        Self::of(pictures, key_every, profile)
    }

    /// `sprop-parameter-sets` of the description: those of the first picture.
    pub fn described_sets(&self) -> String {
        let sets: Vec<String> = self
            .pictures
            .first()
            .into_iter()
            .flatten()
            .filter(|nal| matches!(nal.first().map(|header| header & 0x1f), Some(7 | 8)))
            .map(|nal| STANDARD.encode(nal))
            .collect();
        sets.join(",")
    }
}

/// Whether a NAL unit is part of a key frame.
pub fn is_key(nal: &[u8]) -> bool {
    nal.first().is_some_and(|header| header & 0x1f == 5)
}

fn without_start(nal: &[u8]) -> Vec<u8> {
    let zeros = nal.iter().take_while(|byte| **byte == 0).count();
    nal[(zeros + 1).min(nal.len())..].to_vec()
}
