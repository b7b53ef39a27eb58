//! The wires: a barrier to move and inputs to read, on a Raspberry Pi or scripted.
//!
//! Called by the gate's task alone. Opening pins never moves anything: an output goes to its rest level before it becomes
//! an output, and it stays there when the agent ends. A pulse is begun here and ended by [`Barrier::rest`] after the time
//! that the move returned, so that nobody sleeps in this room.

mod fake;
mod pi;

use std::collections::BTreeMap;
use std::time::Duration;

use contract::time::Clock;
use serde::Deserialize;

/// What can go wrong with a pin.
#[derive(Debug, thiserror::Error)]
#[error("{pin}: {why}")]
pub struct PinError {
    /// Which pin or file.
    pub pin: String,
    /// What the system said.
    pub why: String,
}

/// A barrier. The seam to the hardware.
pub trait Barrier: Send {
    /// Tells it to open. Some time: call [`Barrier::rest`] after it, to end the pulse.
    fn open(&mut self) -> Result<Option<Duration>, PinError>;
    /// Tells it to close, or lets it close by itself. Some time: as for opening.
    fn close(&mut self) -> Result<Option<Duration>, PinError>;
    /// Ends a pulse.
    fn rest(&mut self) -> Result<(), PinError>;
}

/// An input. The seam to the hardware.
pub trait Input: Send {
    /// Whether it is active at this moment, before any debouncing.
    fn is_active(&mut self) -> Result<bool, PinError>;
}

/// Section `[gates.NAME.pins]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Config {
    /// The pins of a Raspberry Pi.
    Pi(pi::Config),
    /// Files in place of pins, for trying out and for tests.
    Fake(fake::Config),
}

impl Config {
    /// What is wrong with this section: key, value and what is allowed.
    pub fn faults(&self) -> Vec<(String, String)> {
        match self {
            Self::Pi(pi) => pi.faults(),
            Self::Fake(_) => Vec::new(),
        }
    }
}

/// The wires of one gate.
pub struct Pins {
    /// The arm.
    pub barrier: Box<dyn Barrier>,
    /// An agent before this one told the arm to be up, and its relay still does. Opening the wires does not change that.
    pub is_up: bool,
    /// The inputs by name.
    pub inputs: Inputs,
}

/// Inputs by name.
pub type Inputs = BTreeMap<String, Box<dyn Input>>;

/// Opens the wires of one gate, and moves nothing.
pub fn open(config: &Config, clock: &Clock) -> Result<Pins, PinError> {
    match config {
        Config::Pi(config) => pi::open(config),
        Config::Fake(config) => fake::open(config, clock),
    }
}

/// Opens the inputs of one gate and leaves its barrier alone, for looking at the wiring.
pub fn open_inputs(config: &Config, clock: &Clock) -> Result<Inputs, PinError> {
    match config {
        Config::Pi(config) => pi::open_inputs(config),
        Config::Fake(config) => fake::open(config, clock).map(|pins| pins.inputs),
    }
}

/// Believes a level once it stayed the same for a while. Pure: time is a parameter.
#[derive(Clone, Debug)]
pub struct Debounce {
    settle: Duration,
    level: bool,
    other_since: Option<Duration>,
}

impl Debounce {
    /// Starts from the inactive level.
    pub fn new(settle: Duration) -> Self {
        Self {
            settle,
            level: false,
            other_since: None,
        }
    }

    /// Takes a raw level; returns the new level if it changed.
    pub fn take(&mut self, now: Duration, raw: bool) -> Option<bool> {
        if raw == self.level {
            self.other_since = None;
            return None;
        }
        let since = *self.other_since.get_or_insert(now);
        if now.saturating_sub(since) < self.settle {
            return None;
        }
        self.level = raw;
        self.other_since = None;
        Some(raw)
    }

    /// The level that is believed.
    pub fn level(&self) -> bool {
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// GR-12: debounce.
    #[test]
    fn a_bouncing_contact_changes_once() {
        let mut contact = Debounce::new(ms(50));
        for (at, raw) in [(0, true), (10, false), (20, true), (30, false), (40, true)] {
            assert_eq!(contact.take(ms(at), raw), None);
        }
        assert_eq!(contact.take(ms(89), true), None);
        assert_eq!(contact.take(ms(90), true), Some(true));
        assert_eq!(contact.take(ms(100), true), None);
        assert!(contact.level());
    }

    #[test]
    fn without_a_settling_time_every_change_counts() {
        let mut contact = Debounce::new(Duration::ZERO);
        assert_eq!(contact.take(ms(1), true), Some(true));
        assert_eq!(contact.take(ms(1), false), Some(false));
    }
}
