//! Cameras from the console: what a person sets for one, what the edge says of it, and a look through it.
//!
//! Settings travel as messages of their own and not as a [`Directive`](crate::directive::Directive): an edge that does not
//! know them skips them, and still gets its permit book.

use minicbor::Decode;
use minicbor::Encode;

use crate::area::Areas;
use crate::ids::GateId;
use crate::time::Timestamp;

/// The rates that may be set, in frames a second.
pub const RATES: std::ops::RangeInclusive<u8> = 1..=15;
/// The most bytes of a picture that an edge sends because somebody looks through a camera.
pub const LARGEST_SNAPSHOT: u64 = 512 * 1024;
/// The most characters of a camera's name.
pub const LONGEST_NAME: usize = 64;

/// How often a camera is looked at, and which parts of its picture count.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CameraSettings {
    /// How many frames a second are looked at.
    #[n(0)]
    pub fps: u8,
    /// Which parts of its picture count.
    #[n(1)]
    pub areas: Areas,
}

impl CameraSettings {
    /// What is wrong with them: field, and value with what is allowed.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if !RATES.contains(&self.fps) {
            faults.push(("fps".to_owned(), rate_fault(self.fps)));
        }
        faults.extend(self.areas.faults());
        faults
    }
}

/// What is wrong with a rate that may not be set.
pub fn rate_fault(fps: u8) -> String {
    format!("{fps} is not from {} to {}", RATES.start(), RATES.end())
}

/// Hub to edge: what people set for cameras of this edge, each with its revision. All of them at each connection, then each
/// that changes; the newest revision of a camera holds.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CameraDirectives {
    /// The hub's term when they were sent; an older one is not obeyed.
    #[n(0)]
    pub term: u64,
    /// One for each camera.
    #[n(1)]
    pub cameras: Vec<CameraDirective>,
}

/// What a person set for one camera.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CameraDirective {
    /// Which gate.
    #[n(0)]
    pub gate: GateId,
    /// The camera's name in the gate's section.
    #[n(1)]
    pub camera: String,
    /// Rises with each change of this camera, from 1.
    #[n(2)]
    pub revision: u64,
    /// What holds; none: what the edge's own file says.
    #[n(3)]
    pub settings: Option<CameraSettings>,
}

/// Edge to hub, every few seconds: how one camera stands at this moment.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CameraReport {
    /// Which gate.
    #[n(0)]
    pub gate: GateId,
    /// The camera's name.
    #[n(1)]
    pub camera: String,
    /// The newest revision that was taken; 0: none ever.
    #[n(2)]
    pub revision: u64,
    /// What holds.
    #[n(3)]
    pub in_force: CameraSettings,
    /// What the edge's own file says.
    #[n(4)]
    pub own: CameraSettings,
    /// Frames a second, as the camera sends them.
    #[n(5)]
    pub camera_fps: f32,
    /// How many the machine allows at its temperature and load.
    #[n(6)]
    pub allowed_fps: u8,
    /// How many are looked at.
    #[n(7)]
    pub looked_fps: f32,
    /// When the newest frame came.
    #[n(8)]
    pub last_frame: Option<Timestamp>,
}

/// Hub to edge: somebody looks through this camera; send its newest picture.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SnapshotRequest {
    /// Names the answer.
    #[n(0)]
    pub id: u64,
    /// Which gate.
    #[n(1)]
    pub gate: GateId,
    /// The camera's name.
    #[n(2)]
    pub camera: String,
}

/// Edge to hub, first on a stream of its own: the picture that was asked for. Its bytes follow, a JPEG.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Snapshot {
    /// As in the request.
    #[n(0)]
    pub id: u64,
    /// When the picture was taken.
    #[n(1)]
    pub at: Timestamp,
    /// How many bytes follow; 0: there is no picture.
    #[n(2)]
    pub size_bytes: u64,
    /// Why there is none.
    #[n(3)]
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GR-05, GR-06: each field is named with what is allowed.
    #[test]
    fn settings_are_judged_field_by_field() {
        let mut settings = CameraSettings {
            fps: 10,
            areas: Areas::default(),
        };
        assert_eq!(settings.faults(), []);
        settings.fps = 16;
        settings.areas.exclude = vec![vec![[0.1, 0.1], [0.9, 0.1]]];
        let fields: Vec<String> = settings.faults().into_iter().map(|fault| fault.0).collect();
        assert_eq!(fields, ["fps", "exclude[0]"]);
    }
}
