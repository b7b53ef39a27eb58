//! Several cameras on one gate: the same plate in two of them within seconds is one passage. Pure.
//!
//! A front camera and a rear camera see one vehicle one after the other. Only the same text joins them: two cars of a
//! fleet with nearly the same plate follow each other through a gate every day.

use std::time::Duration;

use contract::ids::PassageId;
use contract::time::Timestamp;

/// Passages remembered: a gate sees few within seconds.
const MOST: usize = 16;

/// The passages that a gate's cameras judged of late.
#[derive(Debug)]
pub struct Twins {
    within: Duration,
    judged: Vec<Judged>,
}

#[derive(Debug)]
struct Judged {
    camera: usize,
    key: String,
    passage: PassageId,
    opened: bool,
    /// The newest frame that showed it; none while its camera still sees it.
    last_seen: Option<Timestamp>,
}

/// What another camera of the gate knows of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    /// The passage that it is on.
    pub passage: PassageId,
    /// Whether the gate opened for it.
    pub opened: bool,
}

impl Twins {
    /// Joins what two cameras see at most this far apart; zero joins nothing.
    pub fn new(within: Duration) -> Self {
        Self {
            within,
            judged: Vec::new(),
        }
    }

    /// The passage of the same plate that another camera judged of late. `at` is the first frame of this one.
    pub fn find(&self, camera: usize, key: &str, at: Timestamp) -> Option<Twin> {
        if self.within.is_zero() {
            return None;
        }
        self.judged
            .iter()
            .rev()
            .find(|judged| {
                let late = judged
                    .last_seen
                    .is_none_or(|last_seen| at.since(last_seen) <= self.within);
                judged.camera != camera && judged.key == key && late
            })
            .map(|judged| Twin {
                passage: judged.passage,
                opened: judged.opened,
            })
    }

    /// Takes note of a verdict.
    pub fn judged(&mut self, camera: usize, key: String, passage: PassageId, opened: bool) {
        self.judged
            .retain(|judged| judged.passage != passage || judged.camera != camera);
        if self.judged.len() == MOST {
            self.judged.remove(0);
        }
        self.judged.push(Judged {
            camera,
            key,
            passage,
            opened,
            last_seen: None,
        });
    }

    /// The camera does not see the vehicle any more.
    pub fn lost(&mut self, camera: usize, passage: PassageId, last_seen: Timestamp) {
        for judged in &mut self.judged {
            if judged.camera == camera && judged.passage == passage {
                judged.last_seen = Some(last_seen);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(n: u8) -> PassageId {
        PassageId::new(Timestamp::from_millis(1), [n; 10])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_000 * seconds)
    }

    /// GR-21: two cameras on one gate.
    #[test]
    fn the_same_plate_in_two_cameras_within_seconds_is_one_passage() {
        let mut twins = Twins::new(Duration::from_secs(10));
        twins.judged(0, "BKX4711".into(), passage(1), true);
        let twin = Twin {
            passage: passage(1),
            opened: true,
        };
        assert_eq!(
            twins.find(1, "BKX4711", at(100)),
            Some(twin),
            "it is still in view of the other"
        );
        twins.lost(0, passage(1), at(100));
        assert_eq!(twins.find(1, "BKX4711", at(110)), Some(twin));
        assert_eq!(
            twins.find(1, "BKX4711", at(111)),
            None,
            "that was another time"
        );
    }

    #[test]
    fn another_plate_or_the_same_camera_again_is_a_passage_of_its_own() {
        let mut twins = Twins::new(Duration::from_secs(10));
        twins.judged(0, "FLEET01".into(), passage(1), true);
        assert_eq!(twins.find(1, "FLEET02", at(1)), None);
        assert_eq!(twins.find(0, "FLEET01", at(1)), None);
        let mut never = Twins::new(Duration::ZERO);
        never.judged(0, "FLEET01".into(), passage(1), true);
        assert_eq!(never.find(1, "FLEET01", at(1)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut twins = Twins::new(Duration::from_secs(10));
        for n in 0..200 {
            twins.judged(0, format!("AB{n}"), passage(n), false);
        }
        assert_eq!(twins.judged.len(), MOST);
        assert!(twins.find(1, "AB199", at(1)).is_some());
    }
}
