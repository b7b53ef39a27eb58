//! What may be changed of a camera while it runs, and what can be seen of it: how often and where it is looked at, its
//! newest picture. Whoever looks, and whoever sets, hold clones of one [`Control`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use contract::area::Areas;
use contract::camera::CameraSettings;
use contract::camera::LARGEST_SNAPSHOT;
use contract::ids::GateId;
use contract::time::Timestamp;

use crate::camera::Ceiling;
use crate::camera::Frame;
use crate::camera::Mount;
use crate::camera::Pixels;
use crate::camera::Rate;

/// The longest side of a picture that somebody looks at, and the qualities tried until it is small enough.
const SNAPSHOT_SIDE: u32 = 1280;
const QUALITIES: [u8; 3] = [80, 55, 30];

/// All cameras of an edge, by gate and name.
pub type Controls = BTreeMap<(GateId, String), Control>;

/// One camera's. Clones share it.
#[derive(Clone, Debug)]
pub struct Control {
    /// What `edge.toml` says.
    own: Arc<CameraSettings>,
    rate: Rate,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug)]
struct Inside {
    /// The hub's revision that holds or was taken last; 0: none.
    revision: u64,
    /// Whether the hub's settings hold, and not the camera's own.
    is_set: bool,
    areas: Arc<Areas>,
    newest: Option<Frame>,
    measured: Measured,
}

/// How fast a camera is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Frames a second, as the camera sends them.
    pub camera_fps: f32,
    /// How many of them are looked at.
    pub looked_fps: f32,
}

/// Why there is no picture to look at.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The camera has given none yet.
    #[error("the camera has given no picture yet")]
    None,
    /// The newest one can't be read.
    #[error("the camera's newest picture can't be read: {0}")]
    Unreadable(String),
    /// It stays too large whatever is tried.
    #[error("the camera's picture has more than {LARGEST_SNAPSHOT} bytes at the lowest quality")]
    TooLarge,
}

impl Control {
    /// A camera as its section says.
    pub fn new(mount: &Mount, ceiling: &Ceiling) -> Self {
        let own = CameraSettings {
            fps: mount.fps,
            areas: mount.areas.clone(),
        };
        Self {
            rate: Rate::new(own.fps, ceiling),
            inside: Arc::new(Mutex::new(Inside {
                revision: 0,
                is_set: false,
                areas: Arc::new(own.areas.clone()),
                newest: None,
                measured: Measured::default(),
            })),
            own: Arc::new(own),
        }
    }

    /// Puts the hub's settings in force at once, or the camera's own if there are none. An error names each fault, and
    /// what held before still holds.
    pub fn apply(&self, revision: u64, settings: Option<&CameraSettings>) -> Result<(), String> {
        let wanted = settings.unwrap_or(&self.own);
        let faults = wanted.faults();
        if !faults.is_empty() {
            let faults: Vec<String> = faults
                .into_iter()
                .map(|(field, why)| format!("{field}: {why}"))
                .collect();
            return Err(faults.join("; "));
        }
        let mut inside = self.lock();
        self.rate.set(wanted.fps)?;
        inside.areas = Arc::new(wanted.areas.clone());
        inside.revision = revision;
        inside.is_set = settings.is_some();
        Ok(())
    }

    /// How often it is looked at.
    pub fn rate(&self) -> &Rate {
        &self.rate
    }

    /// Which parts of its picture count.
    pub fn areas(&self) -> Arc<Areas> {
        Arc::clone(&self.lock().areas)
    }

    /// The newest revision of the hub that was taken; 0: none.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// What holds.
    pub fn in_force(&self) -> CameraSettings {
        CameraSettings {
            fps: self.rate.wanted(),
            areas: self.areas().as_ref().clone(),
        }
    }

    /// What `edge.toml` says.
    pub fn own(&self) -> &CameraSettings {
        &self.own
    }

    /// Who said what holds, for people: `edge.toml`, `hub, revision 3`; with `fps by hand` if a technician set that.
    pub fn set_by(&self) -> String {
        let (revision, is_set) = {
            let inside = self.lock();
            (inside.revision, inside.is_set)
        };
        if is_set {
            format!("hub, revision {revision}")
        } else if revision > 0 {
            format!("edge.toml, as the hub's revision {revision} says")
        } else {
            "edge.toml".to_owned()
        }
    }

    /// Keeps the newest frame and how fast the camera is.
    pub fn note(&self, frame: &Frame, measured: Measured) {
        let mut inside = self.lock();
        inside.newest = Some(frame.clone());
        inside.measured = measured;
    }

    /// How fast the camera is; nothing while it is away.
    pub fn measured(&self) -> Measured {
        self.lock().measured
    }

    /// Notes that no frames come: what was measured no longer holds.
    pub fn note_silence(&self) {
        self.lock().measured = Measured::default();
    }

    /// When the newest frame came.
    pub fn last_frame(&self) -> Option<Timestamp> {
        self.lock().newest.as_ref().map(|frame| frame.at)
    }

    /// The newest picture as a JPEG of at most [`LARGEST_SNAPSHOT`] bytes, and when it was taken. Blocks for as long as
    /// packing takes.
    pub fn snapshot(&self) -> Result<(Timestamp, Vec<u8>), SnapshotError> {
        let frame = self.lock().newest.clone().ok_or(SnapshotError::None)?;
        let fits = |bytes: usize| u64::try_from(bytes).is_ok_and(|bytes| bytes <= LARGEST_SNAPSHOT);
        if let Pixels::Encoded { bytes, media_type } = &frame.pixels
            && *media_type == "image/jpeg"
            && fits(bytes.len())
        {
            return Ok((frame.at, bytes.to_vec()));
        }
        let unreadable = |error: vision::PictureError| SnapshotError::Unreadable(error.to_string());
        let picture = frame.decode().map_err(unreadable)?.within(SNAPSHOT_SIDE);
        for quality in QUALITIES {
            let bytes = picture.to_jpeg(quality).map_err(unreadable)?;
            if fits(bytes.len()) {
                return Ok((frame.at, bytes));
            }
        }
        Err(SnapshotError::TooLarge)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
