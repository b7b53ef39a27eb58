//! `edge-agent recognize`: reads picture files with the models of a gate, without a gate.

mod vehicle;

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use contract::plate::PlateRead;
use contract::time::Clock;
use serde::Serialize;
use vision::Look;
use vision::Picture;
use vision::Recogniser;
use vision::Unread;

use crate::camera::list_pictures;
use crate::camera::read_picture;
use vehicle::VehicleLine;

/// Where the installed models are.
const INSTALLED: &str = "/usr/share/gatewarden/models";
/// How deep folders in folders are looked into.
const DEEPEST: u32 = 16;

/// Reads plates in picture files.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Threads for the networks; 0 takes one for each core.
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// The folder of the models; by default `models` here or beside the program, then the installed one.
    #[arg(long)]
    pub models: Option<PathBuf>,
    /// Take each picture as the crop of one vehicle: tell its type and colour, look for no plates.
    #[arg(long)]
    pub vehicle_crops: bool,
    /// Picture files (JPEG, PNG, BMP) or folders of them.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// Reads every picture and writes a line for each. False if any could not be read.
pub fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<bool> {
    let folder = find_models(args.models.as_deref());
    let recogniser = Recogniser::load(&folder, args.threads).context("loading the models")?;
    let mut all_read = true;
    if args.vehicle_crops && !args.json {
        vehicle::write_head(out)?;
    } else if !args.json {
        writeln!(
            out,
            "{:<40} {:>11} {:>7}  {:<12} {:>6}  box",
            "file", "size", "ms", "plate", "sure"
        )?;
    }
    for path in &args.paths {
        walk(path, DEEPEST, &mut |file| {
            if args.vehicle_crops {
                let line = vehicle::look_at(&recogniser, file);
                all_read &= line.is_ok();
                return vehicle::write(out, file, &line, args.json);
            }
            let line = recognise(&recogniser, file);
            all_read &= line.is_ok();
            if args.json {
                serde_json::to_writer(&mut *out, &Line::of(file, &line))?;
                writeln!(out)?;
            } else {
                write_rows(out, file, &line)?;
            }
            Ok(())
        })?;
    }
    out.flush()?;
    Ok(all_read)
}

/// The folder of models: the one given, or the first of the usual places that holds a list.
pub fn find_models(given: Option<&Path>) -> PathBuf {
    if let Some(given) = given {
        return given.to_owned();
    }
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join("models")));
    [Some(PathBuf::from("models")), beside]
        .into_iter()
        .flatten()
        .find(|folder| folder.join("models.toml").is_file())
        .unwrap_or_else(|| PathBuf::from(INSTALLED))
}

/// Calls `visit` for a file, or for each picture of a folder and the folders in it, in the order of their names.
fn walk(
    path: &Path,
    depth: u32,
    visit: &mut dyn FnMut(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if !path.is_dir() {
        return visit(path);
    }
    let reading = || format!("listing the folder {}", path.display());
    for picture in list_pictures(path)
        .map_err(anyhow::Error::msg)
        .with_context(reading)?
    {
        visit(&picture)?;
    }
    if depth == 0 {
        return Ok(());
    }
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        if entry.file_type().with_context(reading)?.is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    for folder in folders {
        walk(&folder, depth - 1, visit)?;
    }
    Ok(())
}

/// What was seen in one file.
struct Seen {
    width: u32,
    height: u32,
    plates: Vec<PlateRead>,
    unread: Vec<Unread>,
    /// The look of each plate's vehicle.
    looks: Vec<Option<Look>>,
    millis: Millis,
}

#[derive(Clone, Copy, Serialize)]
struct Millis {
    decode: f64,
    detect: f64,
    read: f64,
    vehicle: f64,
    total: f64,
}

fn recognise(recogniser: &Recogniser, file: &Path) -> Result<Seen, String> {
    let clock = Clock::System;
    let bytes = read_picture(file)?;
    let started = clock.monotonic();
    let picture = Picture::decode(&bytes).map_err(|error| error.to_string())?;
    let decoded = clock.monotonic();
    let seen = recogniser
        .recognise_still(&picture)
        .map_err(|error| error.to_string())?;
    let read = clock.monotonic();
    let looks = seen
        .plates
        .iter()
        .map(|plate| recogniser.look(&picture, &plate.corners))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let done = clock.monotonic();
    Ok(Seen {
        width: picture.width(),
        height: picture.height(),
        plates: seen.plates,
        unread: seen.unread,
        looks,
        millis: Millis {
            decode: rounded(decoded.saturating_sub(started).as_secs_f64() * 1e3),
            detect: rounded(seen.detect_us as f64 / 1e3),
            read: rounded(seen.read_us as f64 / 1e3),
            vehicle: rounded(done.saturating_sub(read).as_secs_f64() * 1e3),
            total: rounded(read.saturating_sub(started).as_secs_f64() * 1e3),
        },
    })
}

/// One line of JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Read {
        file: String,
        width: u32,
        height: u32,
        plates: Vec<PlateLine<'a>>,
        /// Plates without a readable text.
        unread: Vec<UnreadLine>,
        millis: Millis,
    },
    Failed {
        file: String,
        error: &'a str,
    },
}

#[derive(Serialize)]
struct PlateLine<'a> {
    text: &'a str,
    confidence: f64,
    #[serde(rename = "box")]
    bounds: [f64; 4],
    corners: [[f64; 2]; 4],
    candidates: Vec<CandidateLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vehicle: Option<VehicleLine>,
}

#[derive(Serialize)]
struct UnreadLine {
    #[serde(rename = "box")]
    bounds: [f64; 4],
    corners: [[f64; 2]; 4],
    detection: f64,
}

#[derive(Serialize)]
struct CandidateLine<'a> {
    text: &'a str,
    confidence: f64,
}

impl<'a> Line<'a> {
    fn of(file: &Path, seen: &'a Result<Seen, String>) -> Self {
        let file = file.display().to_string();
        match seen {
            Err(error) => Self::Failed { file, error },
            Ok(seen) => Self::Read {
                file,
                width: seen.width,
                height: seen.height,
                plates: seen
                    .plates
                    .iter()
                    .zip(&seen.looks)
                    .map(|(plate, look)| PlateLine::of(plate, look.as_ref()))
                    .collect(),
                unread: seen.unread.iter().map(UnreadLine::of).collect(),
                millis: seen.millis,
            },
        }
    }
}

impl<'a> PlateLine<'a> {
    fn of(plate: &'a PlateRead, look: Option<&Look>) -> Self {
        Self {
            text: plate.text.as_str(),
            confidence: rounded(f64::from(plate.confidence)),
            bounds: plate.bounds().map(|value| rounded(f64::from(value))),
            corners: plate
                .corners
                .map(|corner| corner.map(|value| rounded(f64::from(value)))),
            candidates: plate
                .candidates
                .iter()
                .map(|candidate| CandidateLine {
                    text: candidate.text.as_str(),
                    confidence: rounded(f64::from(candidate.confidence)),
                })
                .collect(),
            vehicle: look.map(VehicleLine::of),
        }
    }
}

impl UnreadLine {
    fn of(plate: &Unread) -> Self {
        Self {
            bounds: plate.bounds().map(|value| rounded(f64::from(value))),
            corners: (plate.corners).map(|corner| corner.map(|value| rounded(f64::from(value)))),
            detection: rounded(f64::from(plate.detection)),
        }
    }
}

fn write_rows(
    out: &mut impl Write,
    file: &Path,
    seen: &Result<Seen, String>,
) -> std::io::Result<()> {
    let file = file.display().to_string();
    let seen = match seen {
        Err(error) => return writeln!(out, "{file:<40} {error}"),
        Ok(seen) => seen,
    };
    let size = format!("{}x{}", seen.width, seen.height);
    let head = format!("{file:<40} {size:>11} {:>7.1}", seen.millis.total);
    if seen.plates.is_empty() && seen.unread.is_empty() {
        return writeln!(out, "{head}  -");
    }
    for plate in &seen.plates {
        let [x, y, width, height] = plate.bounds();
        writeln!(
            out,
            "{head}  {:<12} {:>5.1}%  {x:.0},{y:.0} {width:.0}x{height:.0}",
            plate.text,
            plate.confidence * 100.0
        )?;
    }
    for plate in &seen.unread {
        let [x, y, width, height] = plate.bounds();
        writeln!(
            out,
            "{head}  {:<12} {:>6}  {x:.0},{y:.0} {width:.0}x{height:.0}",
            "(unread)", ""
        )?;
    }
    Ok(())
}

/// Four digits after the point are more than anybody needs.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests;
