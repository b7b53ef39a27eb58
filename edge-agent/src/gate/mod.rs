//! The gate: one task for each, from frame to arm.
//!
//! `run` starts [`run`] for each gate and hands orders to [`route`]. A gate's cameras look on their own ([`eye`]); what they
//! see is joined to passages ([`passage`]), judged ([`verdict`]), recorded, and then the arm moves ([`machine`], [`task`]).
//! Invariants:
//! - nothing between camera and barrier waits for a network;
//! - no barrier moves before its event is in the spool; if the disk refuses, the event is in memory and the barrier moves;
//! - without models, cameras or permits, orders and inputs work on;
//! - plates never appear in logs above DEBUG.

mod eye;
mod look;
pub mod machine;
pub mod passage;
pub mod shadow;
mod task;
pub mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use contract::event::CameraState;
use contract::event::Fact;
use contract::event::OrderDone;
use contract::event::OrderResult;
use contract::ids::GateId;
use contract::plate::matching::Budgets;
use contract::sighting::Direction;
use contract::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::sync::mpsc;
use tracing::warn;
use vision::Recogniser;

use crate::camera;
use crate::gpio;
use crate::orders::OrderReceiver;
use crate::orders::OrderRequest;
use crate::store::Store;

pub use look::OtherVehicle;
pub use task::Gate;
pub use task::run;

/// Section `[gates.KEY]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its name, as it was enrolled; the section's key if it is missing.
    #[serde(default)]
    pub name: Option<String>,
    /// Which way it lets through.
    pub direction: Direction,
    /// How frames become passages.
    #[serde(default)]
    pub join: passage::Join,
    /// What happens to a plate that no permit names.
    #[serde(default)]
    pub unknown: verdict::Unknown,
    /// A read that is less sure than this never opens.
    #[serde(default = "half")]
    pub least_confidence: f32,
    /// Another reading that is at least this part as likely as the best one, and in the book, keeps the gate closed.
    #[serde(default = "half")]
    pub ambiguous_ratio: f32,
    /// How sure a read must be of a permit.
    #[serde(default)]
    pub matching: Matching,
    /// How long the barrier stays open; longer while something is under the arm.
    #[serde(default = "hold_open", with = "humantime_serde")]
    pub hold_open: Duration,
    /// How long the arm takes from one end to the other.
    #[serde(default = "travel", with = "humantime_serde")]
    pub travel: Duration,
    /// A plate that is gone for this long has left.
    #[serde(default = "gone_after", with = "humantime_serde")]
    pub gone_after: Duration,
    /// A plate that left and is seen again this soon where it was lost is still the same passage.
    #[serde(default = "resume_within", with = "humantime_serde")]
    pub resume_within: Duration,
    /// A vehicle that waits at the closed arm may open it again after so long, twice so long, and so on.
    #[serde(default = "rearm_after", with = "humantime_serde")]
    pub rearm_after: Duration,
    /// Two cameras that see the same plate this far apart see one passage.
    #[serde(default = "same_within", with = "humantime_serde")]
    pub same_within: Duration,
    /// What happens to a vehicle that moves away from the camera.
    #[serde(default)]
    pub leaving: passage::Leaving,
    /// Still pictures cost no recognition.
    #[serde(default = "yes")]
    pub motion: bool,
    /// An input's level counts after it stayed the same for this long.
    #[serde(default = "debounce", with = "humantime_serde")]
    pub debounce: Duration,
    /// Vehicles are looked at: their type and colour. If no gate does, the models for it are never loaded.
    #[serde(default = "yes")]
    pub vehicles: bool,
    /// What happens if a permit holds, and the vehicle is surely not the one that it describes.
    #[serde(default)]
    pub other_vehicle: OtherVehicle,
    /// The wires.
    pub pins: gpio::Config,
    /// The cameras by name.
    #[serde(default)]
    pub cameras: BTreeMap<String, camera::Mount>,
}

/// Section `[gates.KEY.matching]`: how sure a read must be of a permit.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matching {
    /// The gate opens by itself only if it is at least this likely that the vehicle has a permit that holds.
    pub open: f64,
    /// A plate of the book that is at least this likely counts: a denied one stays out, a permitted one asks a person.
    pub ask: f64,
}

impl Default for Matching {
    fn default() -> Self {
        let budgets = Budgets::default();
        Self {
            open: budgets.strict,
            ask: budgets.loose,
        }
    }
}

impl Matching {
    /// What a gate may be set to. Below the least `open` the simulated false opens rise; at 1 nothing ever opens.
    const OPEN: std::ops::RangeInclusive<f64> = 0.99..=0.99999;
    const ASK: std::ops::RangeInclusive<f64> = 0.001..=0.5;

    fn faults(&self) -> Vec<(String, String)> {
        [
            ("open", self.open, Self::OPEN),
            ("ask", self.ask, Self::ASK),
        ]
        .into_iter()
        // Written so that what is no number is refused, too.
        .filter(|(_, value, allowed)| !allowed.contains(value))
        .map(|(key, value, allowed)| {
            let (least, most) = (allowed.start(), allowed.end());
            (
                key.to_owned(),
                format!("{value} is not from {least} to {most}"),
            )
        })
        .collect()
    }

    fn budgets(&self) -> Budgets {
        Budgets {
            strict: self.open,
            loose: self.ask,
            ..Budgets::default()
        }
    }
}

fn half() -> f32 {
    0.5
}

fn hold_open() -> Duration {
    Duration::from_secs(8)
}

fn travel() -> Duration {
    Duration::from_secs(2)
}

fn gone_after() -> Duration {
    Duration::from_secs(1)
}

fn resume_within() -> Duration {
    Duration::from_secs(5)
}

fn rearm_after() -> Duration {
    Duration::from_secs(30)
}

fn same_within() -> Duration {
    Duration::from_secs(10)
}

fn debounce() -> Duration {
    Duration::from_millis(50)
}

fn yes() -> bool {
    true
}

impl Config {
    /// What is wrong with this section: key, and value with what is allowed.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        for (key, part) in [
            ("least_confidence", self.least_confidence),
            ("ambiguous_ratio", self.ambiguous_ratio),
        ] {
            if !(0.0..=1.0).contains(&part) {
                faults.push((key.to_owned(), format!("{part} is not from 0 to 1")));
            }
        }
        for (key, value, least, most) in [
            ("hold_open", self.hold_open, 1, 600),
            ("travel", self.travel, 0, 60),
            ("gone_after", self.gone_after, 0, 60),
            ("resume_within", self.resume_within, 0, 60),
            ("rearm_after", self.rearm_after, 5, 3600),
            ("same_within", self.same_within, 0, 60),
            ("debounce", self.debounce, 0, 5),
        ] {
            let allowed = Duration::from_secs(least)..=Duration::from_secs(most);
            if !allowed.contains(&value) {
                faults.push((
                    key.to_owned(),
                    format!("{value:?} is not from {least}s to {most}s"),
                ));
            }
        }
        if !self.vehicles && self.other_vehicle == OtherVehicle::Ask {
            let why = "\"ask\" needs vehicles = true: nothing would be seen of them".to_owned();
            faults.push(("other_vehicle".to_owned(), why));
        }
        let matching = self.matching.faults().into_iter();
        faults.extend(matching.map(|(key, why)| (format!("matching.{key}"), why)));
        let pins = self.pins.faults().into_iter();
        faults.extend(pins.map(|(key, why)| (format!("pins.{key}"), why)));
        for (name, camera) in &self.cameras {
            let camera = camera.faults().into_iter();
            faults.extend(camera.map(|why| (format!("cameras.{name}"), why)));
        }
        faults
    }

    fn rules(&self) -> passage::Rules {
        passage::Rules {
            join: self.join,
            leaving: self.leaving,
            gone_after: self.gone_after,
            resume_within: self.resume_within,
            rearm_after: self.rearm_after,
            ..passage::Rules::default()
        }
    }

    fn policy(&self) -> verdict::Policy {
        verdict::Policy {
            unknown: self.unknown,
            least_confidence: self.least_confidence,
            ambiguous_ratio: self.ambiguous_ratio,
            budgets: self.matching.budgets(),
        }
    }
}

/// How a gate stands.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Its identity.
    pub id: GateId,
    /// Its name.
    pub name: String,
    /// Passages judged since the start.
    pub passages: u64,
    /// Of these, opened.
    pub opened: u64,
    /// Of these, denied.
    pub denied: u64,
    /// Of these, left to a person.
    pub asked: u64,
    /// Openings for a vehicle that was judged before and still waited.
    pub opened_again: u64,
    /// Where the arm is.
    pub state: machine::State,
    /// What the barrier's pins said when they could not be moved.
    pub fault: Option<String>,
    /// The inputs by name.
    pub inputs: BTreeMap<String, bool>,
    /// The cameras by name.
    pub cameras: BTreeMap<String, CameraStatus>,
}

/// How a camera stands.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CameraStatus {
    /// How it is; none before the first attempt.
    pub state: Option<CameraState>,
    /// Why it is not live.
    pub why: String,
    /// Frames in a second, as the camera sends them.
    pub fps: f32,
    /// Of these, how many are wanted to be looked at.
    pub wanted_fps: u8,
    /// How many the machine allows at its temperature and load.
    pub allowed_fps: u8,
    /// How many are looked at.
    pub looked_fps: f32,
    /// Who said how often and where it is looked at: `edge.toml`, or `hub, revision 3`.
    pub set_by: String,
    /// When the newest frame came.
    pub last_frame: Option<Timestamp>,
    /// Frames that it gave.
    pub frames: u64,
    /// Frames that a newer one replaced.
    pub replaced: u64,
    /// Frames that nothing moved in: they cost no recognition.
    pub skipped: u64,
    /// Frames that were recognised.
    pub recognised: u64,
    /// Pictures that could not be read.
    pub unreadable: u64,
    /// A folder or clip is over, and everything in it was judged.
    pub ended: bool,
}

/// What can be changed of a gate's cameras while it runs, by their names.
pub type Controls = BTreeMap<String, camera::Control>;

/// The cameras as a gate's section says.
pub fn controls(config: &Config, ceiling: &camera::Ceiling) -> Controls {
    config
        .cameras
        .iter()
        .map(|(name, mount)| (name.clone(), camera::Control::new(mount, ceiling)))
        .collect()
}

/// What recognises, shared by all gates.
#[derive(Clone)]
pub struct Eyes {
    /// The models; none if they can't be used.
    pub recogniser: Option<Arc<Recogniser>>,
    /// `name@version` of each model that plates are read with.
    pub models: Vec<String>,
    /// The candidate models that look on.
    pub shadow: shadow::Shadow,
    /// Told after each look at a vehicle: the first one loads the models for it.
    pub looked: Arc<Notify>,
}

impl Eyes {
    /// `name@version` of each model that is loaded at this moment.
    fn labels(&self) -> Vec<String> {
        let looks = self.recogniser.iter();
        let looks = looks.flat_map(|recogniser| recogniser.vehicle_models());
        let looks = looks.map(vision::ModelInfo::label);
        self.models.iter().cloned().chain(looks).collect()
    }
}

/// Hands orders to their gates. One that names no gate of this edge is answered here.
pub async fn route(
    mut orders: OrderReceiver,
    gates: BTreeMap<GateId, mpsc::Sender<OrderRequest>>,
    store: Arc<Store>,
) {
    while let Some(request) = orders.recv().await {
        let order = request.order.id;
        let gate = request.order.gate;
        let refused = match gates.get(&gate) {
            None => Some(OrderResult::NoSuchGate),
            // A gate that can't take it at once would carry it out late.
            Some(sender) => sender
                .try_send(request)
                .is_err()
                .then_some(OrderResult::Expired),
        };
        if let Some(result) = refused {
            warn!(order = %order, ?result, "order {order} is refused");
            let fact = Fact::OrderDone(OrderDone { order, result });
            if let Err(error) = store.spool.append(Some(gate), fact).await {
                warn!("recording a refused order: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_those_of_the_contract_unless_they_are_set() {
        assert_eq!(Matching::default().budgets(), Budgets::default());
        let set: Matching = toml::from_str("open = 0.999\nask = 0.1").unwrap();
        let budgets = set.budgets();
        assert_eq!((budgets.strict, budgets.loose), (0.999, 0.1));
        assert!(set.faults().is_empty() && Matching::default().faults().is_empty());
    }

    #[test]
    fn budgets_that_would_open_for_anybody_or_nobody_are_refused_by_name() {
        for (text, keys) in [
            ("open = 0.5", vec!["open"]),
            ("open = 1.0", vec!["open"]),
            ("open = nan\nask = nan", vec!["open", "ask"]),
            ("open = -inf\nask = 0.9", vec!["open", "ask"]),
            ("ask = 0.0", vec!["ask"]),
        ] {
            let set: Matching = toml::from_str(text).unwrap();
            let faults = set.faults();
            let found: Vec<&str> = faults.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(found, keys, "{text}");
            assert!(faults.iter().all(|(_, why)| why.contains("is not from")));
        }
        assert!(toml::from_str::<Matching>("strict = 0.9").is_err());
    }
}
