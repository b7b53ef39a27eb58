//! How much a vote over the frames of a passage gains over its best single frame, with the real reader on worn pictures.
//!
//!     cargo run --workspace --example voting -- [--models DIR] [--passages N] [--seed N] TRUTH
//!
//! TRUTH is `samples/drive/truth.json`, or a `manifest.csv` whose lines of the set `us-gate` are used. Of each plate a
//! piece of the picture is worn down as a bad camera would: few pixels, little contrast and a stain that stay the same
//! in all frames of a passage, noise, blur and JPEG that differ. Six frames make a passage.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use contract::ids::PassageId;
use contract::plate::Plate;
use contract::plate::PlateRead;
use contract::time::Timestamp;
use edge_agent::gate::passage::Joiner;
use edge_agent::gate::passage::Rules;
use edge_agent::gate::passage::Step;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use vision::Picture;
use vision::Recogniser;

const FRAMES: u32 = 6;

#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value = "models")]
    models: PathBuf,
    /// Passages in all.
    #[arg(long, default_value_t = 240)]
    passages: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    truth: PathBuf,
}

/// A plate in a picture: file, text, box as x, y, width, height.
struct Car {
    picture: PathBuf,
    text: String,
    bounds: [f32; 4],
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let recogniser = Recogniser::load(&arguments.models, 1).context("loading the models")?;
    let cars = cars(&arguments.truth)?;
    anyhow::ensure!(
        !cars.is_empty(),
        "no plates in {}",
        arguments.truth.display()
    );
    let mut random = StdRng::seed_from_u64(arguments.seed);
    let (mut frame, mut best, mut vote) = (Score::default(), Score::default(), Score::default());
    for number in 0..arguments.passages {
        let car = &cars[number % cars.len()];
        let reads = passage(car, &recogniser, &mut random)?;
        for read in &reads {
            frame.count(Some(read), &car.text);
        }
        let surest = reads
            .iter()
            .max_by(|one, other| one.confidence.total_cmp(&other.confidence));
        best.count(surest, &car.text);
        vote.count(joined(&reads).as_ref(), &car.text);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} passages of {FRAMES} frames", arguments.passages)?;
    for (name, score) in [
        ("a frame with a read", &frame),
        ("the surest frame", &best),
        ("the vote", &vote),
    ] {
        writeln!(out, "{name:<20} {}", score.line())?;
    }
    Ok(())
}

fn cars(truth: &Path) -> anyhow::Result<Vec<Car>> {
    let text =
        std::fs::read_to_string(truth).with_context(|| format!("reading {}", truth.display()))?;
    let folder = truth.parent().unwrap_or(Path::new("."));
    if truth.extension().is_some_and(|end| end == "csv") {
        return Ok(text
            .lines()
            .filter_map(|line| manifest_line(folder, line))
            .collect());
    }
    let truth: serde_json::Value = serde_json::from_str(&text).context("reading the truth")?;
    let mut cars = Vec::new();
    for picture in truth["pictures"].as_array().into_iter().flatten() {
        for plate in picture["plates"].as_array().into_iter().flatten() {
            let corners: Vec<[f32; 2]> = serde_json::from_value(plate["corners"].clone())?;
            let along = |axis: usize| corners.iter().map(move |corner| corner[axis]);
            let (left, right) = (
                along(0).fold(f32::MAX, f32::min),
                along(0).fold(0.0, f32::max),
            );
            let (top, bottom) = (
                along(1).fold(f32::MAX, f32::min),
                along(1).fold(0.0, f32::max),
            );
            cars.push(Car {
                picture: folder.join(picture["file"].as_str().unwrap_or_default()),
                text: plate["plate"].as_str().unwrap_or_default().to_owned(),
                bounds: [left, top, right - left, bottom - top],
            });
        }
    }
    Ok(cars)
}

fn manifest_line(folder: &Path, line: &str) -> Option<Car> {
    let cells: Vec<&str> = line.split(',').collect();
    let ["us-gate", picture, _, _, x, y, width, height, text, ..] = cells[..] else {
        return None;
    };
    let number = |cell: &str| cell.parse::<f32>().ok();
    Some(Car {
        picture: folder.join(picture),
        text: text.to_owned(),
        bounds: [number(x)?, number(y)?, number(width)?, number(height)?],
    })
}

/// What the reader makes of six worn frames of one car.
fn passage(
    car: &Car,
    recogniser: &Recogniser,
    random: &mut StdRng,
) -> anyhow::Result<Vec<PlateRead>> {
    let bytes = std::fs::read(&car.picture)
        .with_context(|| format!("reading {}", car.picture.display()))?;
    let picture = Picture::decode(&bytes).context("decoding")?;
    let [x, y, width, height] = car.bounds;
    let wear = Wear {
        pixels: random.random_range(26.0..60.0),
        contrast: random.random_range(0.25..1.0),
        light: random.random_range(-30.0..30.0),
        stain: random.random_bool(0.3).then(|| {
            [
                random.random_range(0.1..0.9),
                random.random_range(0.2..0.8),
                random.random_range(0.02..0.06),
            ]
        }),
    };
    let mut reads = Vec::new();
    for _ in 0..FRAMES {
        let size = wear.pixels * random.random_range(0.9..1.15) / width;
        let piece = Piece {
            left: x - width * random.random_range(0.7..1.3),
            top: y - height * random.random_range(1.2..2.2),
            width: width * 3.2,
            height: height * 4.5,
            scale: size.min(1.5),
        };
        let worn = wear.apply(&picture, &piece, car.bounds, random)?;
        let seen = recogniser.recognise(&worn).context("recognising")?;
        let right = seen.plates.into_iter().max_by(|one, other| {
            let wide = |read: &PlateRead| read.bounds()[2];
            wide(one).total_cmp(&wide(other))
        });
        reads.extend(right);
    }
    Ok(reads)
}

/// The part of a picture that is cut out, and how much it is scaled.
struct Piece {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
    scale: f32,
}

/// What stays the same in all frames of a passage.
struct Wear {
    /// The plate's width in pixels.
    pixels: f32,
    contrast: f32,
    light: f32,
    /// A grey spot on the plate: place and size as parts of its width and height.
    stain: Option<[f32; 3]>,
}

impl Wear {
    fn apply(
        &self,
        picture: &Picture,
        piece: &Piece,
        plate: [f32; 4],
        random: &mut StdRng,
    ) -> anyhow::Result<Picture> {
        let columns = ((piece.width * piece.scale) as usize).max(32);
        let rows = ((piece.height * piece.scale) as usize).max(32);
        let noise = random.random_range(2.0..14.0f32);
        let blur = random.random_range(0.6..1.6f32);
        let step = 1.0 / piece.scale;
        let mut rgb = Vec::with_capacity(columns * rows * 3);
        for row in 0..rows {
            for column in 0..columns {
                let centre = [
                    piece.left + (column as f32 + 0.5) * step,
                    piece.top + (row as f32 + 0.5) * step,
                ];
                let mut grey = average(picture, centre, step * blur);
                if let Some([x, y, size]) = self.stain {
                    let across = centre[0] - (plate[0] + x * plate[2]);
                    let down = centre[1] - (plate[1] + y * plate[3]);
                    if across.hypot(down) < size * plate[2] {
                        grey = 120.0;
                    }
                }
                let jitter: f32 = (0..4).map(|_| random.random_range(-1.0..1.0f32)).sum();
                let value =
                    128.0 + (grey - 128.0) * self.contrast + self.light + noise * jitter * 0.87;
                rgb.extend([value.clamp(0.0, 255.0) as u8; 3]);
            }
        }
        let worn = Picture::from_rgb(u32::try_from(columns)?, u32::try_from(rows)?, rgb)?;
        let jpeg = worn.to_jpeg(random.random_range(45..85u8))?;
        Ok(Picture::decode(&jpeg)?)
    }
}

/// The mean grey of a square around a point.
fn average(picture: &Picture, [x, y]: [f32; 2], side: f32) -> f32 {
    let (width, height) = (picture.width() as i64, picture.height() as i64);
    let half = f32::max(side / 2.0, 0.5);
    let (mut sum, mut count) = (0.0, 0.0);
    for row in
        (y - half).round() as i64..((y + half).round() as i64).max((y - half).round() as i64 + 1)
    {
        for column in (x - half).round() as i64
            ..((x + half).round() as i64).max((x - half).round() as i64 + 1)
        {
            let at = (row.clamp(0, height - 1) * width + column.clamp(0, width - 1)) as usize * 3;
            let pixel = &picture.rgb()[at..at + 3];
            sum +=
                0.3 * f32::from(pixel[0]) + 0.59 * f32::from(pixel[1]) + 0.11 * f32::from(pixel[2]);
            count += 1.0;
        }
    }
    sum / count
}

/// What the gate would believe at the end.
fn joined(reads: &[PlateRead]) -> Option<PlateRead> {
    let mut joiner = Joiner::new("bench", Rules::default());
    let mut ids = 0;
    let mut believed = None;
    let mut at = 0;
    let mut steps = Vec::new();
    for read in reads {
        at += 200;
        let plates = std::slice::from_ref(read);
        steps.extend(joiner.frame(Timestamp::from_millis(at), plates, &mut || {
            ids += 1;
            PassageId::new(Timestamp::from_millis(1), [ids; 10])
        }));
    }
    steps.extend(joiner.finish());
    for step in steps {
        if let Step::Settle(sighting) | Step::Update(sighting) = step {
            believed = sighting.plate;
        }
    }
    believed
}

/// How often a text was right, and how sure it claimed to be.
#[derive(Default)]
struct Score {
    all: usize,
    exact: usize,
    claimed: f32,
    /// Tenths of confidence: how many, how many right, sum of claims.
    bins: [(usize, usize, f32); 10],
}

impl Score {
    fn count(&mut self, read: Option<&PlateRead>, truth: &str) {
        self.all += 1;
        let Some(read) = read else { return };
        let right = Plate::parse(truth).is_ok_and(|truth| truth.key() == read.text.key());
        self.exact += usize::from(right);
        self.claimed += read.confidence;
        let bin = &mut self.bins[((read.confidence * 10.0) as usize).min(9)];
        bin.0 += 1;
        bin.1 += usize::from(right);
        bin.2 += read.confidence;
    }

    fn line(&self) -> String {
        let all = self.all.max(1) as f32;
        let error: f32 = self
            .bins
            .iter()
            .map(|(_, right, claimed)| (*right as f32 - claimed).abs())
            .sum();
        format!(
            "{:>5} of {:<5} exact ({:.1} %), claims {:.1} %, calibration error {:.1} %",
            self.exact,
            self.all,
            100.0 * self.exact as f32 / all,
            100.0 * self.claimed / all,
            100.0 * error / all,
        )
    }
}
