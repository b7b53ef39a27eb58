//! Relays and inputs of a Raspberry Pi, by rppal.

use std::collections::BTreeMap;
use std::time::Duration;

use rppal::gpio::Gpio;
use rppal::gpio::InputPin;
use rppal::gpio::Level;
use rppal::gpio::Mode;
use rppal::gpio::OutputPin;
use serde::Deserialize;

use crate::gpio::Barrier;
use crate::gpio::Input;
use crate::gpio::Inputs;
use crate::gpio::PinError;
use crate::gpio::Pins;

/// The highest BCM number on the 40-pin header.
const HIGHEST: u8 = 27;

/// How the barrier's controller is wired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relay {
    /// A pulse opens; the barrier closes by itself.
    OnePulse,
    /// A pulse on one pin opens, on another closes.
    TwoPulses,
    /// The barrier is open for as long as the relay holds.
    Hold,
}

/// The pins of a Raspberry Pi, by BCM number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How the barrier's controller is wired.
    pub relay: Relay,
    /// The pin of the relay that opens.
    pub open_pin: u8,
    /// The pin of the relay that closes, for `two_pulses`.
    #[serde(default)]
    pub close_pin: Option<u8>,
    /// How long a pulse is.
    #[serde(default = "pulse", with = "humantime_serde")]
    pub pulse: Duration,
    /// The relays switch when their pin is low.
    #[serde(default)]
    pub active_low: bool,
    /// The inputs by name.
    #[serde(default)]
    pub inputs: BTreeMap<String, Wire>,
}

fn pulse() -> Duration {
    Duration::from_millis(500)
}

/// One input.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// Its BCM number.
    pub pin: u8,
    /// It is active when its pin is low, as contacts to ground are.
    #[serde(default = "yes")]
    pub active_low: bool,
    /// The resistor inside the Pi.
    #[serde(default)]
    pub pull: Pull,
}

fn yes() -> bool {
    true
}

/// The resistor inside the Pi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pull {
    /// To 3.3 V.
    #[default]
    Up,
    /// To ground.
    Down,
    /// None: there is one outside.
    Off,
}

impl Config {
    pub(super) fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut used: BTreeMap<u8, String> = BTreeMap::new();
        let outputs = [
            ("open_pin", Some(self.open_pin)),
            ("close_pin", self.close_pin),
        ];
        let outputs = outputs
            .into_iter()
            .filter_map(|(key, pin)| Some((key.to_owned(), pin?)));
        let inputs = self
            .inputs
            .iter()
            .map(|(name, wire)| (format!("inputs.{name}.pin"), wire.pin));
        for (key, pin) in outputs.chain(inputs) {
            if pin > HIGHEST {
                faults.push((
                    key,
                    format!("{pin} is not a BCM number from 0 to {HIGHEST}"),
                ));
            } else if let Some(other) = used.insert(pin, key.clone()) {
                faults.push((key, format!("{pin} is used by {other} already")));
            }
        }
        match (self.relay, self.close_pin) {
            (Relay::TwoPulses, None) => faults.push((
                "close_pin".into(),
                "missing: relay = \"two_pulses\" needs a pin that closes".into(),
            )),
            (Relay::OnePulse | Relay::Hold, Some(pin)) => faults.push((
                "close_pin".into(),
                format!("{pin} has no meaning: only relay = \"two_pulses\" closes by a pin"),
            )),
            (Relay::TwoPulses, Some(_)) | (Relay::OnePulse | Relay::Hold, None) => {}
        }
        let allowed = Duration::from_millis(50)..=Duration::from_secs(5);
        if !allowed.contains(&self.pulse) {
            faults.push((
                "pulse".into(),
                format!("{:?} is not from 50ms to 5s", self.pulse),
            ));
        }
        faults
    }
}

pub(super) fn open(config: &Config) -> Result<Pins, PinError> {
    let gpio = bank()?;
    let output = |pin: u8, on: bool| -> Result<OutputPin, PinError> {
        let free = gpio.get(pin).map_err(|error| refused(pin, &error))?;
        // rppal sets the level before the mode: the relay never sees a moment of the other level.
        let mut output = if on == config.active_low {
            free.into_output_low()
        } else {
            free.into_output_high()
        };
        // The pin stays an output at its rest level when the agent ends; as an input it would float.
        output.set_reset_on_drop(false);
        Ok(output)
    };
    let held = config.relay == Relay::Hold && is_held(&gpio, config)?;
    let barrier = Relays {
        relay: config.relay,
        pulse: config.pulse,
        active_low: config.active_low,
        open: output(config.open_pin, held)?,
        close: config.close_pin.map(|pin| output(pin, false)).transpose()?,
        held,
    };
    Ok(Pins {
        barrier: Box::new(barrier),
        is_up: held,
        inputs: inputs_of(&gpio, config)?,
    })
}

/// Whether an agent before this one left the holding relay on: then the arm stays up, because a start moves nothing. After
/// power-up the pin is an input, and its level means nothing.
fn is_held(gpio: &Gpio, config: &Config) -> Result<bool, PinError> {
    let pin = config.open_pin;
    let free = gpio.get(pin).map_err(|error| refused(pin, &error))?;
    let on = (free.read() == Level::High) != config.active_low;
    Ok(free.mode() == Mode::Output && on)
}

pub(super) fn open_inputs(config: &Config) -> Result<Inputs, PinError> {
    inputs_of(&bank()?, config)
}

fn inputs_of(gpio: &Gpio, config: &Config) -> Result<Inputs, PinError> {
    let mut inputs = Inputs::new();
    for (name, wire) in &config.inputs {
        let free = gpio
            .get(wire.pin)
            .map_err(|error| refused(wire.pin, &error))?;
        let pin = match wire.pull {
            Pull::Up => free.into_input_pullup(),
            Pull::Down => free.into_input_pulldown(),
            Pull::Off => free.into_input(),
        };
        let contact = Contact {
            pin,
            active_low: wire.active_low,
        };
        inputs.insert(name.clone(), Box::new(contact));
    }
    Ok(inputs)
}

fn bank() -> Result<Gpio, PinError> {
    Gpio::new().map_err(|error| PinError {
        pin: "GPIO".into(),
        why: error.to_string(),
    })
}

fn refused(pin: u8, error: &rppal::gpio::Error) -> PinError {
    PinError {
        pin: format!("GPIO {pin}"),
        why: error.to_string(),
    }
}

struct Relays {
    relay: Relay,
    pulse: Duration,
    active_low: bool,
    open: OutputPin,
    close: Option<OutputPin>,
    /// The relay is to stay on (`hold`).
    held: bool,
}

impl Relays {
    fn set(pin: &mut OutputPin, on: bool, active_low: bool) {
        if on == active_low {
            pin.set_low();
        } else {
            pin.set_high();
        }
    }
}

impl Barrier for Relays {
    fn open(&mut self) -> Result<Option<Duration>, PinError> {
        self.rest()?;
        Self::set(&mut self.open, true, self.active_low);
        self.held = self.relay == Relay::Hold;
        Ok((!self.held).then_some(self.pulse))
    }

    fn close(&mut self) -> Result<Option<Duration>, PinError> {
        self.held = false;
        self.rest()?;
        match &mut self.close {
            Some(pin) => {
                Self::set(pin, true, self.active_low);
                Ok(Some(self.pulse))
            }
            None => Ok(None),
        }
    }

    fn rest(&mut self) -> Result<(), PinError> {
        Self::set(&mut self.open, self.held, self.active_low);
        if let Some(pin) = &mut self.close {
            Self::set(pin, false, self.active_low);
        }
        Ok(())
    }
}

impl Drop for Relays {
    fn drop(&mut self) {
        // A pulse ends; a relay that holds the arm up goes on holding it: stopping the agent closes on nobody.
        // Setting a level can't fail.
        let _ = self.rest();
    }
}

struct Contact {
    pin: InputPin,
    active_low: bool,
}

impl Input for Contact {
    fn is_active(&mut self) -> Result<bool, PinError> {
        Ok(self.pin.is_low() == self.active_low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Config {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn impossible_wiring_is_named_all_at_once() {
        let config = parse(
            "relay = \"two_pulses\"\nopen_pin = 40\npulse = \"1ms\"\ninputs.loop.pin = 5\ninputs.safety.pin = 5\n",
        );
        let faults = config.faults();
        let keys: Vec<&str> = faults.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            ["open_pin", "inputs.safety.pin", "close_pin", "pulse"]
        );
    }

    #[test]
    fn sound_wiring_has_no_faults() {
        let config = parse("relay = \"one_pulse\"\nopen_pin = 17\ninputs.loop.pin = 5\n");
        assert_eq!(config.faults(), []);
        assert_eq!(config.pulse, Duration::from_millis(500));
    }
}
