//! Both networks over one picture: find the plates, read them all at once.

use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use contract::plate::PlateRead;
use contract::time::Clock;

use crate::detector;
use crate::detector::Detail;
use crate::detector::Detector;
use crate::detector::Found;
use crate::grey::Grey;
use crate::models;
use crate::models::Entry;
use crate::models::ModelError;
use crate::models::ModelInfo;
use crate::picture::Picture;
use crate::reader::Reader;
use crate::reader::Reading;
use crate::spelling::Spelling;
use crate::vehicle::ColourNetwork;
use crate::vehicle::Look;
use crate::vehicle::TypeNetwork;
use crate::vehicle::VehicleEye;

/// Plates read in one picture, largest first: what a hostile picture can cost is bounded.
const MOST_PLATES: usize = 16;

/// A text whose characters are less sure than this on average (geometric mean) was read off something else than a plate:
/// a sign, a grille, a bumper sticker. Measured on held-out frames: it drops no right text and most wrong boxes.
const LEAST_SURE: f32 = 0.5;
/// Grilles and headlamps read as one or two characters; so short a text must be beyond doubt.
const SHORT: usize = 2;
const LEAST_SURE_SHORT: f32 = 0.95;
/// A small picture taken as a plate as a whole must read as one without doubt.
const LEAST_SURE_WHOLE: f32 = 0.85;
/// And how sure the detector is then said to be: it found nothing.
const SURE_OF_WHOLE: f32 = 0.1;

/// What was seen in one picture, and how long it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Recognition {
    /// The plates with a readable text, largest first.
    pub plates: Vec<PlateRead>,
    /// The plates on which nothing could be read, surest first.
    pub unread: Vec<Unread>,
    /// Finding plates, in microseconds.
    pub detect_us: u64,
    /// Reading them, in microseconds.
    pub read_us: u64,
}

/// A plate that was found and could not be read: too far, too dirty, cut off, or after all something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Unread {
    /// Clockwise from the plate's top left, in pixels of the picture.
    pub corners: [[f32; 2]; 4],
    /// How sure the detector is, 0 to 1.
    pub detection: f32,
}

/// The networks in memory, with the threads that run them. Share one by reference.
pub struct Recogniser {
    pool: rayon::ThreadPool,
    detector: Detector,
    reader: Reader,
    models: Vec<ModelInfo>,
    missing: Vec<ModelError>,
    /// Loaded by the first look at a vehicle.
    vehicle: OnceLock<Vehicle>,
    folder: PathBuf,
    list: Vec<Entry>,
}

/// The models of a vehicle's look.
const VEHICLE_MODELS: [&str; 2] = ["vehicle-type", "vehicle-colour"];

/// What the first look at a vehicle loaded.
struct Vehicle {
    eye: VehicleEye,
    models: Vec<ModelInfo>,
    missing: Vec<ModelError>,
    took: Duration,
}

impl Recogniser {
    /// Loads the models that plates are read with, of those that `models.toml` in `folder` lists, each checked against its
    /// hash; `threads` of 0 takes one for each core. The models of a vehicle's look are checked, too, and loaded by the
    /// first look. Without them plates are read all the same; [`Recogniser::missing`] names them.
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
        let missing = VEHICLE_MODELS
            .into_iter()
            .filter_map(|name| models::check(folder, &list, name).err())
            .collect();
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
            missing,
            vehicle: OnceLock::new(),
            folder: folder.to_owned(),
            list,
        })
    }

    /// What is loaded at this moment.
    pub fn models(&self) -> Vec<ModelInfo> {
        let mut models = self.models.clone();
        models.extend_from_slice(self.vehicle_models());
        models
    }

    /// The models of a vehicle's look, as far as they are loaded: none before the first look.
    pub fn vehicle_models(&self) -> &[ModelInfo] {
        self.vehicle.get().map_or(&[], |vehicle| &vehicle.models)
    }

    /// The models that the first look at a vehicle loads; none once it has.
    pub fn waiting(&self) -> Vec<ModelInfo> {
        if self.vehicle.get().is_some() {
            return Vec::new();
        }
        let is_missing = |name: &str| {
            let mut names = self.missing.iter().filter_map(ModelError::model);
            names.any(|missing| missing == name)
        };
        self.list
            .iter()
            .map(Entry::info)
            .filter(|info| VEHICLE_MODELS.contains(&info.name.as_str()) && !is_missing(&info.name))
            .collect()
    }

    /// Why models that plates can be read without can't be used.
    pub fn missing(&self) -> &[ModelError] {
        self.vehicle
            .get()
            .map_or(&self.missing, |vehicle| &vehicle.missing)
    }

    /// How long the first look took to load its models; none before it.
    pub fn loading_took(&self) -> Option<Duration> {
        self.vehicle.get().map(|vehicle| vehicle.took)
    }

    fn vehicle(&self) -> &VehicleEye {
        let load = || {
            let clock = Clock::System;
            let started = clock.monotonic();
            let (mut models, mut missing) = (Vec::new(), Vec::new());
            let (folder, list) = (self.folder.as_path(), self.list.as_slice());
            let kind = models::load(folder, list, VEHICLE_MODELS[0], |weights, entry| {
                TypeNetwork::over(weights, entry.task())
            });
            let colour = models::load(folder, list, VEHICLE_MODELS[1], |weights, entry| {
                ColourNetwork::over(weights, entry.task())
            });
            let eye = VehicleEye {
                kind: kept(kind, &mut models, &mut missing),
                colour: kept(colour, &mut models, &mut missing),
            };
            Vehicle {
                eye,
                models,
                missing,
                took: clock.monotonic().saturating_sub(started),
            }
        };
        &self.vehicle.get_or_init(load).eye
    }

    /// The look of the vehicle whose plate has these corners, in pixels of the picture. None if no model of it is loaded,
    /// or the corners are no plate's.
    pub fn look(
        &self,
        picture: &Picture,
        corners: &[[f32; 2]; 4],
    ) -> Result<Option<Look>, ModelError> {
        self.pool
            .install(|| self.vehicle().at_plate(picture, corners))
            .map_err(|error| failed("vehicle", &error))
    }

    /// The look of the one vehicle that fills a picture. None if no model of it is loaded.
    pub fn look_at_crop(&self, picture: &Picture) -> Result<Option<Look>, ModelError> {
        self.pool
            .install(|| self.vehicle().at_crop(picture))
            .map_err(|error| failed("vehicle", &error))
    }

    /// The plates of a picture. Blocks for as long as the networks need.
    pub fn recognise(&self, picture: &Picture) -> Result<Recognition, ModelError> {
        self.recognise_in(picture, Detail::Full)
    }

    /// The plates of a picture, with far ones sought as finely as `detail` says.
    pub fn recognise_in(
        &self,
        picture: &Picture,
        detail: Detail,
    ) -> Result<Recognition, ModelError> {
        self.pool.install(|| self.run(picture, detail))
    }

    /// The plates of a single picture that nothing follows, as a person hands it in. Where nothing is read in a large picture
    /// it is looked at once more at a larger size (four times the usual cost); a small one may also be a plate as a whole.
    pub fn recognise_still(&self, picture: &Picture) -> Result<Recognition, ModelError> {
        self.pool.install(|| {
            let mut seen = self.run(picture, Detail::Full)?;
            let grey = picture.grey();
            let mut watch = Watch::start();
            if seen.plates.is_empty() {
                let found = self
                    .detector
                    .find_in_large(grey)
                    .map_err(|error| failed("plate-detector", &error))?;
                watch.detected();
                let (plates, unread) = self.read(grey, found, LEAST_SURE)?;
                seen.plates = plates;
                seen.unread.extend(unread);
            }
            self.read_as_whole(grey, &mut seen)?;
            let (detect_us, read_us) = watch.read();
            seen.detect_us += detect_us;
            seen.read_us += read_us;
            Ok(seen)
        })
    }

    /// Where a small picture reads better as one plate than as a scene with plates, it is one.
    fn read_as_whole(&self, grey: &Grey, seen: &mut Recognition) -> Result<(), ModelError> {
        let wholes = detector::wholes(grey).into_iter().map(|corners| Found {
            sure: SURE_OF_WHOLE,
            corners,
            before: None,
        });
        let (plates, _) = self.read(grey, wholes.collect(), LEAST_SURE_WHOLE)?;
        let best = plates
            .into_iter()
            .max_by(|one, other| one.confidence.total_cmp(&other.confidence));
        if let Some(whole) = best
            && (seen.plates.iter()).all(|plate| plate.confidence < whole.confidence)
        {
            seen.plates = vec![whole];
            seen.unread.clear();
        }
        Ok(())
    }

    /// Work on the networks in their threads.
    #[cfg(feature = "stages")]
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce((&Detector, &Reader)) -> T + Send) -> T {
        self.pool.install(|| work((&self.detector, &self.reader)))
    }

    fn run(&self, picture: &Picture, detail: Detail) -> Result<Recognition, ModelError> {
        let mut watch = Watch::start();
        let grey = picture.grey();
        let found = self
            .detector
            .find(grey, detail)
            .map_err(|error| failed("plate-detector", &error))?;
        watch.detected();
        let (plates, unread) = self.read(grey, found, LEAST_SURE)?;
        let (detect_us, read_us) = watch.read();
        Ok(Recognition {
            plates,
            unread,
            detect_us,
            read_us,
        })
    }

    /// What stands on the plates that were found, largest first, without what is surely no text of a plate; and the plates
    /// without a text.
    fn read(
        &self,
        grey: &Grey,
        mut found: Vec<Found>,
        least_sure: f32,
    ) -> Result<(Vec<PlateRead>, Vec<Unread>), ModelError> {
        found.truncate(MOST_PLATES);
        let (mut plates, mut unread) = (Vec::with_capacity(found.len()), Vec::new());
        let (mut again, mut seen_closely) = (Vec::new(), Vec::new());
        for (plate, reading) in self.readings(grey, found)? {
            let text = plate_read(&plate, reading, least_sure);
            match (text, plate.before) {
                (Some(read), _) => plates.push(read),
                (None, None) => unread.push(Unread::of(&plate)),
                // What the close look lost, the corners from afar may still show.
                (None, Some(corners)) => {
                    again.push(Found {
                        sure: plate.sure,
                        corners,
                        before: None,
                    });
                    seen_closely.push(plate);
                }
            }
        }
        for ((plate, reading), closely) in self.readings(grey, again)?.into_iter().zip(seen_closely)
        {
            match plate_read(&plate, reading, least_sure) {
                Some(read) => plates.push(read),
                None => unread.push(Unread::of(&closely)),
            }
        }
        plates.sort_by(|one, other| area(other).total_cmp(&area(one)));
        unread.sort_by(|one, other| other.detection.total_cmp(&one.detection));
        Ok((plates, unread))
    }

    /// What stands on each plate, if anything does.
    fn readings(
        &self,
        grey: &Grey,
        found: Vec<Found>,
    ) -> Result<Vec<(Found, Option<Reading>)>, ModelError> {
        let corners: Vec<[[f32; 2]; 4]> = found.iter().map(|plate| plate.corners).collect();
        let readings = self
            .reader
            .read(grey, &corners)
            .map_err(|error| failed("plate-reader", &error))?;
        Ok(found.into_iter().zip(readings).collect())
    }
}

impl Unread {
    /// Left, top, width and height of the upright box around it, in pixels of the picture.
    pub fn bounds(&self) -> [f32; 4] {
        let [left, top, right, bottom] = detector::bounds(&self.corners);
        [left, top, right - left, bottom - top]
    }

    fn of(plate: &Found) -> Self {
        Self {
            corners: plate.corners,
            detection: plate.sure,
        }
    }
}

/// A reading as a plate's, if it is one.
fn plate_read(plate: &Found, reading: Option<Reading>, least_sure: f32) -> Option<PlateRead> {
    let Reading { spelling, region } = reading?;
    let best = spelling.candidates.first()?;
    if !is_plausible(&spelling, least_sure) {
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
}

/// How long finding and reading took.
struct Watch {
    clock: Clock,
    started: Duration,
    detected: Duration,
}

impl Watch {
    fn start() -> Self {
        let clock = Clock::System;
        let started = clock.monotonic();
        Self {
            clock,
            started,
            detected: started,
        }
    }

    fn detected(&mut self) {
        self.detected = self.clock.monotonic();
    }

    /// Microseconds of finding, and of reading until now.
    fn read(&self) -> (u64, u64) {
        let now = self.clock.monotonic();
        (
            micros(self.detected.saturating_sub(self.started)),
            micros(now.saturating_sub(self.detected)),
        )
    }
}

/// A network that may be missing: what is wrong with it is kept beside.
fn kept<N>(
    loaded: Result<(ModelInfo, N), ModelError>,
    models: &mut Vec<ModelInfo>,
    missing: &mut Vec<ModelError>,
) -> Option<N> {
    match loaded {
        Ok((info, network)) => {
            models.push(info);
            Some(network)
        }
        Err(error) => {
            missing.push(error);
            None
        }
    }
}

/// Whether a text is sure enough to have stood on a plate.
fn is_plausible(spelling: &Spelling, least_sure: f32) -> bool {
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
        mean >= least_sure
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
