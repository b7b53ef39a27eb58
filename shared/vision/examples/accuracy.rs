//! Counts how many labelled plates the recogniser finds and reads, with Wilson's 95 % intervals and times.
//!
//! `cargo run -p vision --example accuracy -- FOLDER SET [MODELS [THREADS]]`: FOLDER holds `manifest.csv` with the columns
//! set, image, width, height, x, y, w, h, text; SET is the one to count, for example `us-gate`.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use contract::plate::PlateRead;
use contract::time::Clock;
use vision::Picture;
use vision::Recogniser;

/// A labelled plate is found if a read's upright box overlaps it by more than this (intersection over union).
const OVERLAP: f32 = 0.3;

/// One line of the manifest with a box and a text.
struct Label {
    image: PathBuf,
    bounds: [f32; 4],
    text: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, set, rest @ ..] = arguments.as_slice() else {
        return Err("FOLDER SET [MODELS [THREADS]]".into());
    };
    let models = rest.first().map_or("models", String::as_str);
    let threads = rest.get(1).map_or(Ok(1), |threads| threads.parse())?;
    let labels = labels(Path::new(folder), set)?;
    let recogniser = Recogniser::load(Path::new(models), threads)?;
    let mut out = std::io::stdout().lock();
    let (mut found, mut read, mut extra) = (0, 0, 0);
    let mut times = Vec::new();
    for label in &labels {
        let bytes = std::fs::read(&label.image)?;
        let clock = Clock::System;
        let started = clock.monotonic();
        let picture = Picture::decode(&bytes)?;
        let decoded = clock.monotonic();
        let seen = recogniser.recognise(&picture)?;
        times.push([
            decoded.saturating_sub(started).as_secs_f64() * 1e3,
            seen.detect_us as f64 / 1e3,
            seen.read_us as f64 / 1e3,
        ]);
        let best = seen
            .plates
            .iter()
            .map(|plate| (overlap(plate.bounds(), label.bounds), plate))
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .filter(|(overlap, _)| *overlap > OVERLAP)
            .map(|(_, plate)| plate);
        extra += seen.plates.len() - usize::from(best.is_some());
        found += usize::from(best.is_some());
        let is_exact = best.is_some_and(|plate| plate.text.key() == label.text.replace('O', "0"));
        read += usize::from(is_exact);
        if !is_exact {
            writeln!(
                out,
                "{}: {} read as {}",
                label.image.display(),
                label.text,
                best.map_or_else(|| "nothing".to_owned(), described)
            )?;
        }
    }
    let count = labels.len();
    writeln!(out, "{set}: {count} labelled plates")?;
    for (name, hits) in [("found", found), ("read exactly (O = 0)", read)] {
        let (low, high) = wilson(hits, count);
        writeln!(
            out,
            "{name}: {hits} = {:.1} % (95 %: {:.1} to {:.1} %)",
            100.0 * hits as f64 / count.max(1) as f64,
            100.0 * low,
            100.0 * high
        )?;
    }
    writeln!(out, "other reads: {extra}")?;
    for (stage, name) in ["decode", "detect", "read"].into_iter().enumerate() {
        let mut sorted: Vec<f64> = times.iter().map(|time| time[stage]).collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        writeln!(out, "{name}: median {middle:.1} ms on {threads} threads")?;
    }
    Ok(())
}

fn described(plate: &PlateRead) -> String {
    let others: Vec<String> = plate
        .candidates
        .iter()
        .map(|candidate| format!("{} {:.2}", candidate.text, candidate.confidence))
        .collect();
    others.join(", ")
}

fn labels(folder: &Path, set: &str) -> Result<Vec<Label>, Box<dyn std::error::Error>> {
    let mut labels = Vec::new();
    for line in std::fs::read_to_string(folder.join("manifest.csv"))?.lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let [in_set, image, _, _, x, y, w, h, text, ..] = fields.as_slice() else {
            continue;
        };
        if *in_set != set || text.is_empty() || x.is_empty() {
            continue;
        }
        labels.push(Label {
            image: folder.join(image),
            bounds: [x.parse()?, y.parse()?, w.parse()?, h.parse()?],
            text: (*text).to_owned(),
        });
    }
    Ok(labels)
}

/// Intersection over union of two boxes `[x, y, width, height]`.
fn overlap(one: [f32; 4], other: [f32; 4]) -> f32 {
    let width = (one[0] + one[2]).min(other[0] + other[2]) - one[0].max(other[0]);
    let height = (one[1] + one[3]).min(other[1] + other[3]) - one[1].max(other[1]);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let both = width * height;
    both / (one[2] * one[3] + other[2] * other[3] - both)
}

/// Wilson's interval of a share, at 95 %.
fn wilson(hits: usize, count: usize) -> (f64, f64) {
    let z = 1.96f64;
    let n = count.max(1) as f64;
    let share = hits as f64 / n;
    let centre = share + z * z / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    ((centre - spread) / scale, (centre + spread) / scale)
}
