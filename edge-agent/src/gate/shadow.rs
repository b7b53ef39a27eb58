//! The shadow: a candidate model that looks at a share of the live frames and reports differences. It never acts.
//!
//! It gets copies of pictures and of what the live models read, on a thread of the lowest priority, and has nothing in its
//! hands but counters: no store, no pins, no way back to the gate. A candidate that can't be loaded is reported, and the
//! gates work as if there were none. Texts appear in logs at DEBUG only.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;

use contract::plate::PlateRead;
use metrics::counter;
use serde::Deserialize;
use serde::Serialize;
use tracing::debug;
use tracing::error;
use tracing::info;
use vision::Picture;
use vision::Recogniser;

/// The lowest priority of a thread.
const NICE: i32 = 19;
/// After so many compared frames a line of counts is logged.
const REPORT_EVERY: u64 = 500;
/// Plates whose boxes overlap by this part of both together are the same plate.
const SAME_PLACE: f32 = 0.3;

/// Section `[shadow]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder of the candidate models; without it there is no shadow.
    #[serde(default)]
    pub models: Option<PathBuf>,
    /// Which part of the frames that the live models recognise it looks at, 0 to 1.
    #[serde(default = "share")]
    pub share: f32,
}

fn share() -> f32 {
    0.1
}

impl Config {
    /// What is wrong with this section: key, and value with what is allowed.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if !(0.0..=1.0).contains(&self.share) {
            let why = format!("{} is not from 0 to 1", self.share);
            faults.push(("share".to_owned(), why));
        }
        faults
    }
}

/// What the shadow has found so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// `name@version` of the candidate models; empty while they are not loaded.
    pub models: Vec<String>,
    /// Why there is no shadow although one is wanted.
    pub fault: Option<String>,
    /// Frames that it looked at.
    pub frames: u64,
    /// Frames that it was too slow for.
    pub missed: u64,
    /// Plates that both read the same.
    pub same: u64,
    /// Plates that it reads otherwise.
    pub changed: u64,
    /// Plates that only it reads.
    pub gained: u64,
    /// Plates that only the live models read.
    pub lost: u64,
}

/// The way to the shadow. Clones share it. Without one, offering does nothing.
#[derive(Clone, Debug, Default)]
pub struct Shadow(Option<Arc<Inside>>);

#[derive(Debug)]
struct Inside {
    share: f32,
    /// Shares of frames saved up; at one, a frame is offered.
    saved: Mutex<f32>,
    /// Holds one frame: the next ones are missed while the shadow is at work.
    frames: SyncSender<Offer>,
    report: Arc<Mutex<Report>>,
}

struct Offer {
    camera: String,
    picture: Arc<Picture>,
    plates: Vec<PlateRead>,
}

impl Shadow {
    /// Starts the shadow's thread, which loads the models. It ends when the last clone is dropped.
    pub fn start(config: &Config) -> Self {
        let Some(models) = config.models.clone() else {
            return Self::default();
        };
        let (frames, offers) = std::sync::mpsc::sync_channel(1);
        let report = Arc::new(Mutex::new(Report::default()));
        let shared = Arc::clone(&report);
        let started = std::thread::Builder::new()
            .name("shadow".to_owned())
            .spawn(move || run(&models, &offers, &shared));
        if let Err(error) = started {
            lock(&report).fault = Some(format!("starting its thread: {error}"));
        }
        Self(Some(Arc::new(Inside {
            share: config.share,
            saved: Mutex::new(0.0),
            frames,
            report,
        })))
    }

    /// Offers a frame with what the live models read in it. Never waits.
    pub fn offer(&self, camera: &str, picture: &Arc<Picture>, plates: &[PlateRead]) {
        let Some(inside) = &self.0 else { return };
        {
            let mut saved = inside.saved.lock().unwrap_or_else(PoisonError::into_inner);
            *saved += inside.share;
            if *saved < 1.0 {
                return;
            }
            *saved -= 1.0;
        }
        let offer = Offer {
            camera: camera.to_owned(),
            picture: Arc::clone(picture),
            plates: plates.to_vec(),
        };
        match inside.frames.try_send(offer) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => lock(&inside.report).missed += 1,
            // It could not load its models, and said so.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// What it has found so far; none if no shadow is wanted.
    pub fn report(&self) -> Option<Report> {
        self.0.as_ref().map(|inside| lock(&inside.report).clone())
    }
}

fn lock(report: &Mutex<Report>) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(models: &Path, offers: &Receiver<Offer>, report: &Mutex<Report>) {
    // On Linux a thread has a priority of its own, and the recogniser's threads inherit it. Where that fails the shadow
    // competes with the live models, and the share bounds how much.
    if let Err(error) = rustix::process::nice(NICE) {
        debug!("the shadow keeps its priority: {error}");
    }
    let recogniser = match Recogniser::load(models, 1) {
        Ok(recogniser) => recogniser,
        Err(error) => {
            error!(folder = %models.display(), "there is no shadow, everything else works: {error}");
            lock(report).fault = Some(error.to_string());
            return;
        }
    };
    let names: Vec<String> = recogniser
        .models()
        .iter()
        .map(vision::ModelInfo::label)
        .collect();
    info!(models = ?names, "the shadow looks on");
    lock(report).models = names;
    while let Ok(offer) = offers.recv() {
        look(&recogniser, &offer, report);
    }
}

fn look(recogniser: &Recogniser, offer: &Offer, report: &Mutex<Report>) {
    let recognise = || recogniser.recognise(&offer.picture);
    // A candidate that panics on a picture is a finding, and no reason to stop.
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(recognise));
    let candidate = match seen {
        Ok(Ok(seen)) => seen.plates,
        Ok(Err(error)) => return lock(report).fault = Some(error.to_string()),
        Err(_) => return lock(report).fault = Some("it panicked on a picture".to_owned()),
    };
    let difference = compare(&offer.plates, &candidate);
    let now = {
        let mut report = lock(report);
        report.frames += 1;
        report.same += difference.same;
        report.changed += difference.changed;
        report.gained += difference.gained;
        report.lost += difference.lost;
        report.clone()
    };
    for (what, count) in [
        ("same", difference.same),
        ("changed", difference.changed),
        ("gained", difference.gained),
        ("lost", difference.lost),
    ] {
        counter!("shadow_plates_total", "what" => what).increment(count);
    }
    if difference.changed + difference.gained + difference.lost > 0 {
        let texts = |plates: &[PlateRead]| -> Vec<String> {
            plates.iter().map(|read| read.text.to_string()).collect()
        };
        let camera = &offer.camera;
        debug!(camera, live = ?texts(&offer.plates), candidate = ?texts(&candidate), "the shadow reads otherwise");
    }
    if now.frames.is_multiple_of(REPORT_EVERY) {
        info!(
            frames = now.frames,
            same = now.same,
            changed = now.changed,
            gained = now.gained,
            lost = now.lost,
            "the shadow has looked at {} frames",
            now.frames
        );
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Difference {
    same: u64,
    changed: u64,
    gained: u64,
    lost: u64,
}

/// Holds the plates of one frame against each other: those in the same place are the same plate.
fn compare(live: &[PlateRead], candidate: &[PlateRead]) -> Difference {
    let mut difference = Difference::default();
    let mut free: Vec<&PlateRead> = candidate.iter().collect();
    for read in live {
        let nearest = free
            .iter()
            .enumerate()
            .map(|(place, other)| (place, overlap(read.bounds(), other.bounds())))
            .filter(|(_, overlap)| *overlap >= SAME_PLACE)
            .max_by(|one, other| one.1.total_cmp(&other.1));
        match nearest {
            None => difference.lost += 1,
            Some((place, _)) => {
                let other = free.remove(place);
                if other.text.key() == read.text.key() {
                    difference.same += 1;
                } else {
                    difference.changed += 1;
                }
            }
        }
    }
    difference.gained = free.len() as u64;
    difference
}

/// Intersection over union of two boxes `[x, y, width, height]`.
fn overlap(one: [f32; 4], other: [f32; 4]) -> f32 {
    let along = |axis: usize| {
        let from = one[axis].max(other[axis]);
        let to = (one[axis] + one[axis + 2]).min(other[axis] + other[axis + 2]);
        (to - from).max(0.0)
    };
    let both = along(0) * along(1);
    let all = one[2] * one[3] + other[2] * other[3] - both;
    if all > 0.0 { both / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use contract::plate::Plate;

    use super::*;

    fn read(text: &str, x: f32) -> PlateRead {
        PlateRead {
            text: Plate::parse(text).unwrap(),
            confidence: 0.9,
            corners: [[x, 0.0], [x + 100.0, 0.0], [x + 100.0, 25.0], [x, 25.0]],
            detection: 0.9,
            candidates: Vec::new(),
            characters: Vec::new(),
            region: None,
        }
    }

    fn models() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
    }

    /// Waits until the shadow says something that fits.
    fn until(shadow: &Shadow, offer: impl Fn(), fits: impl Fn(&Report) -> bool) -> Report {
        for _ in 0..200_000 {
            let report = shadow.report().unwrap();
            if fits(&report) {
                return report;
            }
            offer();
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
        panic!("waited too long: {:?}", shadow.report());
    }

    #[test]
    fn plates_are_held_against_each_other_by_their_place() {
        let live = [
            read("AAA111", 0.0),
            read("BBB222", 300.0),
            read("CCC333", 600.0),
        ];
        let candidate = [
            read("BBB222", 310.0),
            read("AAA1I1", 5.0),
            read("DDD444", 900.0),
        ];
        let expected = Difference {
            same: 1,
            changed: 1,
            gained: 1,
            lost: 1,
        };
        assert_eq!(compare(&live, &candidate), expected);
        assert_eq!(compare(&[], &[]), Difference::default());
    }

    #[test]
    fn a_shadow_looks_at_its_share_and_reports_what_it_reads_otherwise() {
        let shadow = Shadow::start(&Config {
            models: Some(models()),
            share: 0.5,
        });
        let bytes = std::fs::read(models().join("../samples/drive/008.jpg")).unwrap();
        let picture = Arc::new(Picture::decode(&bytes).unwrap());
        let recogniser = Recogniser::load(&models(), 1).unwrap();
        let mut plates = recogniser.recognise(&picture).unwrap().plates;
        assert_eq!(plates.len(), 1);
        plates[0].text = Plate::parse("WRONG1").unwrap();
        plates.push(read("FARAWAY", 5000.0));
        let offer = || shadow.offer("front", &picture, &plates);
        let report = until(&shadow, offer, |report| report.frames >= 2);
        assert_eq!(
            (report.changed, report.lost, report.same),
            (report.frames, report.frames, 0)
        );
        assert_eq!(report.models.len(), recogniser.models().len());
        assert_eq!(report.fault, None);
    }

    #[test]
    fn a_candidate_that_is_missing_is_reported_and_offering_to_it_does_nothing() {
        let empty = tempfile::tempdir().unwrap();
        let shadow = Shadow::start(&Config {
            models: Some(empty.path().to_owned()),
            share: 1.0,
        });
        let picture = Arc::new(Picture::from_rgb(64, 48, vec![90; 64 * 48 * 3]).unwrap());
        let offer = || shadow.offer("front", &picture, &[]);
        let report = until(&shadow, offer, |report| report.fault.is_some());
        assert!(report.fault.unwrap().contains("models.toml"));
        assert_eq!(report.frames, 0);
    }

    #[test]
    fn without_the_section_there_is_no_shadow() {
        let shadow = Shadow::start(&Config::default());
        assert_eq!(shadow.report(), None);
    }
}
