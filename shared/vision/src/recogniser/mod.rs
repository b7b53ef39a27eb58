//! Both networks over one picture: find the plates, read them all at once.

use std::path::Path;
use std::time::Duration;

use contract::plate::PlateRead;
use contract::time::Clock;

use crate::detector::Detector;
use crate::models;
use crate::models::ModelError;
use crate::models::ModelInfo;
use crate::picture::Picture;
use crate::reader::Reader;
use crate::reader::Reading;
use crate::spelling::Spelling;

/// Plates read in one picture, largest first: what a hostile picture can cost is bounded.
const MOST_PLATES: usize = 16;

/// A text whose characters are less sure than this on average (geometric mean) was read off something else than a plate:
/// a sign, a grille, a bumper sticker. Measured on held-out frames: it drops no right text and most wrong boxes.
const LEAST_SURE: f32 = 0.5;
/// Grilles and headlamps read as one or two characters; so short a text must be beyond doubt.
const SHORT: usize = 2;
const LEAST_SURE_SHORT: f32 = 0.95;

/// What was seen in one picture, and how long it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Recognition {
    /// The plates with a readable text, largest first.
    pub plates: Vec<PlateRead>,
    /// Finding plates, in microseconds.
    pub detect_us: u64,
    /// Reading them, in microseconds.
    pub read_us: u64,
}

/// The networks in memory, with the threads that run them. Share one by reference.
pub struct Recogniser {
    pool: rayon::ThreadPool,
    detector: Detector,
    reader: Reader,
    models: Vec<ModelInfo>,
}

impl Recogniser {
    /// Loads the models that `models.toml` in `folder` lists, each checked against its hash; `threads` of 0 takes one
    /// for each core.
    pub fn load(folder: &Path, threads: usize) -> Result<Self, ModelError> {
        let list = models::read_list(folder)?;
        let (detector_info, detector) =
            models::load(folder, &list, "plate-detector", |weights, entry| {
                Detector::over(weights, entry.task())
            })?;
        let (reader_info, reader) =
            models::load(folder, &list, "plate-reader", |weights, entry| {
                Reader::over(weights, entry.task())
            })?;
        // candle would take the pool that the whole process shares, and wait behind everybody else in it.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("vision-{index}"))
            .build()
            .map_err(|error| ModelError::Run {
                name: "recogniser".to_owned(),
                why: error.to_string(),
            })?;
        Ok(Self {
            pool,
            detector,
            reader,
            models: vec![detector_info, reader_info],
        })
    }

    /// What is loaded.
    pub fn models(&self) -> &[ModelInfo] {
        &self.models
    }

    /// The plates of a picture. Blocks for as long as the networks need.
    pub fn recognise(&self, picture: &Picture) -> Result<Recognition, ModelError> {
        self.pool.install(|| self.run(picture))
    }

    /// Work on the networks in their threads.
    #[cfg(feature = "stages")]
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce((&Detector, &Reader)) -> T + Send) -> T {
        self.pool.install(|| work((&self.detector, &self.reader)))
    }

    fn run(&self, picture: &Picture) -> Result<Recognition, ModelError> {
        let clock = Clock::System;
        let started = clock.monotonic();
        let grey = picture.grey();
        let mut found = self
            .detector
            .find(grey)
            .map_err(|error| failed("plate-detector", &error))?;
        found.truncate(MOST_PLATES);
        let detected = clock.monotonic();
        let corners: Vec<[[f32; 2]; 4]> = found.iter().map(|plate| plate.corners).collect();
        let readings = self
            .reader
            .read(grey, &corners)
            .map_err(|error| failed("plate-reader", &error))?;
        let mut plates: Vec<PlateRead> = found
            .into_iter()
            .zip(readings)
            .filter_map(|(plate, reading)| {
                let Reading { spelling, region } = reading?;
                let best = spelling.candidates.first()?;
                if !is_plausible(&spelling) {
                    return None;
                }
                Some(PlateRead {
                    text: best.text.clone(),
                    confidence: best.confidence,
                    corners: plate.corners,
                    detection: plate.sure,
                    candidates: spelling.candidates,
                    characters: spelling.characters,
                    region: Some(region),
                })
            })
            .collect();
        plates.sort_by(|one, other| area(other).total_cmp(&area(one)));
        let read = clock.monotonic();
        Ok(Recognition {
            plates,
            detect_us: micros(detected.saturating_sub(started)),
            read_us: micros(read.saturating_sub(detected)),
        })
    }
}

/// Whether a text is sure enough to have stood on a plate.
fn is_plausible(spelling: &Spelling) -> bool {
    let Some(best) = spelling.candidates.first() else {
        return false;
    };
    let text = best.text.as_str();
    let logarithms: f32 = text
        .chars()
        .zip(&spelling.characters)
        .map(|(symbol, character)| {
            character
                .options
                .iter()
                .find(|option| option.0 == symbol)
                .map_or(f32::MIN_POSITIVE, |option| option.1.max(f32::MIN_POSITIVE))
                .ln()
        })
        .sum();
    let mean = (logarithms / text.len().max(1) as f32).exp();
    if text.len() <= SHORT {
        mean >= LEAST_SURE_SHORT
    } else {
        mean >= LEAST_SURE
    }
}

fn area(plate: &PlateRead) -> f32 {
    let [_, _, width, height] = plate.bounds();
    width * height
}

fn failed(name: &str, error: &candle_core::Error) -> ModelError {
    ModelError::Run {
        name: name.to_owned(),
        why: error.to_string(),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
