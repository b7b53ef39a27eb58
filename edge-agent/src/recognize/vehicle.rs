//! A vehicle's look in the probe's output: beside a plate, or of pictures that show one vehicle each.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use contract::time::Clock;
use contract::vehicle::Vehicle;
use serde::Serialize;
use vision::Look;
use vision::Picture;
use vision::Recogniser;

use super::rounded;
use crate::camera::read_picture;

/// What was seen of a vehicle, with how likely everything else was.
#[derive(Serialize)]
pub(super) struct VehicleLine {
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    type_confidence: f64,
    colour: Option<&'static str>,
    colour_confidence: f64,
    classes: BTreeMap<&'static str, f64>,
    colours: BTreeMap<&'static str, f64>,
}

impl VehicleLine {
    pub(super) fn of(look: &Look) -> Self {
        let Vehicle {
            kind,
            kind_confidence,
            colour,
            colour_confidence,
        } = look.vehicle;
        let part = |value: f32| rounded(f64::from(value));
        Self {
            kind: kind.map(contract::vehicle::VehicleType::word),
            type_confidence: part(kind_confidence),
            colour: colour.map(contract::vehicle::VehicleColour::word),
            colour_confidence: part(colour_confidence),
            classes: look
                .classes
                .iter()
                .map(|(name, sure)| (*name, part(*sure)))
                .collect(),
            colours: look
                .colours
                .iter()
                .map(|(colour, sure)| (colour.word(), part(*sure)))
                .collect(),
        }
    }
}

/// What was seen in the picture of one vehicle.
#[derive(Serialize)]
pub(super) struct Crop {
    width: u32,
    height: u32,
    vehicle: VehicleLine,
    millis: Millis,
}

#[derive(Serialize)]
struct Millis {
    decode: f64,
    vehicle: f64,
    total: f64,
}

#[derive(Serialize)]
struct Line<'a> {
    file: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    crop: Option<&'a Crop>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Looks at a file that shows one vehicle.
pub(super) fn look_at(recogniser: &Recogniser, file: &Path) -> Result<Crop, String> {
    let clock = Clock::System;
    let bytes = read_picture(file)?;
    let started = clock.monotonic();
    let picture = Picture::decode(&bytes).map_err(|error| error.to_string())?;
    let decoded = clock.monotonic();
    let look = recogniser
        .look_at_crop(&picture)
        .map_err(|error| error.to_string())?
        .ok_or("no model of a vehicle's look is loaded")?;
    let done = clock.monotonic();
    let millis = |from: std::time::Duration, until: std::time::Duration| {
        rounded(until.saturating_sub(from).as_secs_f64() * 1e3)
    };
    Ok(Crop {
        width: picture.width(),
        height: picture.height(),
        vehicle: VehicleLine::of(&look),
        millis: Millis {
            decode: millis(started, decoded),
            vehicle: millis(decoded, done),
            total: millis(started, done),
        },
    })
}

/// The head of the table for people.
pub(super) fn write_head(out: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        out,
        "{:<40} {:>11} {:>7}  {:<11} {:>6}  {:<7} {:>6}",
        "file", "size", "ms", "type", "sure", "colour", "sure"
    )
}

/// Writes a line of the table, or one of JSON.
pub(super) fn write(
    out: &mut impl Write,
    file: &Path,
    seen: &Result<Crop, String>,
    json: bool,
) -> anyhow::Result<()> {
    let file = file.display().to_string();
    if json {
        let line = Line {
            file,
            crop: seen.as_ref().ok(),
            error: seen.as_ref().err().map(String::as_str),
        };
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
        return Ok(());
    }
    match seen {
        Err(error) => writeln!(out, "{file:<40} {error}")?,
        Ok(seen) => {
            let size = format!("{}x{}", seen.width, seen.height);
            let vehicle = &seen.vehicle;
            writeln!(
                out,
                "{file:<40} {size:>11} {:>7.1}  {:<11} {:>5.1}%  {:<7} {:>5.1}%",
                seen.millis.total,
                vehicle.kind.unwrap_or("-"),
                vehicle.type_confidence * 100.0,
                vehicle.colour.unwrap_or("-"),
                vehicle.colour_confidence * 100.0
            )?;
        }
    }
    Ok(())
}
