//! `edge-agent replay`: runs a site's own recorded passages through two sets of models and shows what would change.
//!
//! The same frames go through both, and both through the same joining and judging as at the gate. Nothing is recorded and
//! nothing moves. What holds here: a picture that can't be read is counted and skipped; a set of models that can't be
//! loaded is named.

mod compare;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::ids::GateId;
use contract::ids::PassageId;
use contract::ids::PermitId;
use contract::permit::Permit;
use contract::permit::PermitBook;
use contract::permit::WeekSchedule;
use contract::plate::Plate;
use contract::plate::PlateRead;
use contract::sighting::Sighting;
use contract::time::Clock;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use contract::verdict::Outcome;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use vision::Recogniser;

use self::compare::Change;
use self::compare::Pair;
use crate::camera;
use crate::camera::CameraError;
use crate::camera::Credentials;
use crate::gate::passage::Join;
use crate::gate::passage::Joiner;
use crate::gate::passage::Rules;
use crate::gate::passage::Step;
use crate::gate::verdict;
use crate::gate::verdict::Index;
use crate::gate::verdict::Place;
use crate::gate::verdict::Policy;
use crate::recognize::find_models;

/// Runs recorded passages through two sets of models.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A folder of pictures in the order of their names, or a clip.
    #[arg(value_name = "DIR|CLIP")]
    pub from: PathBuf,
    /// The models that are in use; by default those that `run` would take.
    #[arg(long)]
    pub models: Option<PathBuf>,
    /// The models that could take their place.
    #[arg(long)]
    pub models_candidate: PathBuf,
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Plates that have a permit, one a line, or a CSV file whose first column is the plate: shows verdicts, too.
    #[arg(long, value_name = "FILE")]
    pub permits: Option<PathBuf>,
    /// Each picture is a passage of its own.
    #[arg(long)]
    pub each_picture: bool,
    /// The time from one frame to the next.
    #[arg(long, default_value = "200ms", value_parser = humantime_serde::re::humantime::parse_duration)]
    pub pace: Duration,
    /// Threads for the networks; 0 takes one for each core.
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
}

/// What one set of models made of one vehicle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Made {
    /// Its text; none if something came by without a readable plate.
    pub(crate) text: Option<Plate>,
    /// How sure it was.
    pub(crate) confidence: f32,
    /// What the gate would have done; none without permits.
    pub(crate) verdict: Option<Outcome>,
    /// The first and the last frame that showed it, from 1.
    pub(crate) frames: [u32; 2],
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Counts {
    same: u32,
    changed: u32,
    gained: u32,
    lost: u32,
}

/// When every recording begins.
const START: Timestamp = Timestamp::from_millis(1);

/// Runs everything through both and writes a line for each passage.
pub fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let live = Recogniser::load(&find_models(args.models.as_deref()), args.threads)
        .context("loading the models in use")?;
    let candidate = Recogniser::load(&args.models_candidate, args.threads)
        .context("loading the candidate models")?;
    let permits = args.permits.as_deref().map(read_permits).transpose()?;
    let rules = Rules {
        join: if args.each_picture {
            Join::EachPicture
        } else {
            Join::Frames
        },
        ..Rules::default()
    };
    let pace = args.pace.max(Duration::from_millis(1));
    let mut sides = [&live, &candidate].map(|_| Side::new(rules, permits.as_ref(), pace));
    let mut tape = Tape::open(&args.from)?;
    while let Some((number, picture)) = tape.next()? {
        let at = START.plus(pace.saturating_mul(number - 1));
        for (side, recogniser) in sides.iter_mut().zip([&live, &candidate]) {
            let seen = recogniser
                .recognise(&picture)
                .with_context(|| format!("recognising frame {number}"))?;
            side.spent_us += seen.detect_us + seen.read_us;
            side.frame(at, &seen.plates);
        }
    }
    if tape.frames == 0 {
        bail!("no frame of {} can be read", args.from.display());
    }
    let [live_side, candidate_side] = sides;
    let millis = [&live_side, &candidate_side]
        .map(|side| rounded(side.spent_us as f64 / 1e3 / f64::from(tape.frames)));
    let pairs = compare::pairs(live_side.finish(), candidate_side.finish());
    let mut counts = Counts::default();
    if !args.json {
        writeln!(
            out,
            "{:<8} {:<11} {:<12} {:>6} {:<7} {:<12} {:>6} verdict",
            "change", "frames", "in use", "sure", "verdict", "candidate", "sure"
        )?;
    }
    for pair in &pairs {
        match pair.change() {
            Change::Same => counts.same += 1,
            Change::Changed => counts.changed += 1,
            Change::Gained => counts.gained += 1,
            Change::Lost => counts.lost += 1,
        }
        if args.json {
            serde_json::to_writer(&mut *out, &Line::of(pair, &tape.names))?;
            writeln!(out)?;
        } else {
            write_row(out, pair)?;
        }
    }
    let names = |recogniser: &Recogniser| -> Vec<String> {
        recogniser
            .models()
            .iter()
            .map(vision::ModelInfo::label)
            .collect()
    };
    let summary = Summary {
        frames: tape.frames,
        unreadable: tape.unreadable,
        counts,
        models: names(&live),
        models_candidate: names(&candidate),
        ms_a_frame: millis[0],
        ms_a_frame_candidate: millis[1],
    };
    if args.json {
        serde_json::to_writer(&mut *out, &serde_json::json!({ "summary": summary }))?;
        writeln!(out)?;
    } else {
        writeln!(
            out,
            "{} passages in {} frames ({} unreadable): {} same, {} changed, {} gained, {} lost; {} ms a frame in use, {} ms candidate",
            pairs.len(),
            summary.frames,
            summary.unreadable,
            counts.same,
            counts.changed,
            counts.gained,
            counts.lost,
            summary.ms_a_frame,
            summary.ms_a_frame_candidate,
        )?;
    }
    out.flush().context("printing")
}

/// The recording.
struct Tape {
    source: Box<dyn camera::FrameSource>,
    frames: u32,
    unreadable: u32,
    /// The files by the number of their frame, where frames have names.
    names: BTreeMap<u32, String>,
}

impl Tape {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let context = camera::Context {
            credentials: Credentials::default(),
            clock: Clock::System,
            stop: CancellationToken::new(),
        };
        Ok(Self {
            source: camera::open(&camera::Config::recorded(path), &context)?,
            frames: 0,
            unreadable: 0,
            names: BTreeMap::new(),
        })
    }

    /// The next frame with its number, from 1.
    fn next(&mut self) -> anyhow::Result<Option<(u32, vision::Picture)>> {
        loop {
            let frame = match self.source.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(None),
                Err(CameraError::Unreadable { .. } | CameraError::Garbage(_)) => {
                    self.unreadable += 1;
                    continue;
                }
                Err(error) => return Err(error).context("reading the recording"),
            };
            let Ok(picture) = frame.decode() else {
                self.unreadable += 1;
                continue;
            };
            self.frames += 1;
            if let Some(name) = frame.name {
                self.names.insert(self.frames, name);
            }
            return Ok(Some((self.frames, picture)));
        }
    }
}

/// One set of models with its own joining and judging.
struct Side<'a> {
    joiner: Joiner,
    permits: Option<&'a Index>,
    made: BTreeMap<PassageId, Made>,
    fresh: u128,
    spent_us: u64,
    pace: Duration,
}

impl<'a> Side<'a> {
    fn new(rules: Rules, permits: Option<&'a Index>, pace: Duration) -> Self {
        Self {
            joiner: Joiner::new("replay", rules),
            permits,
            made: BTreeMap::new(),
            fresh: 0,
            spent_us: 0,
            pace,
        }
    }

    fn frame(&mut self, at: Timestamp, plates: &[PlateRead]) {
        let fresh = &mut self.fresh;
        let steps = self.joiner.frame(at, plates, &mut || {
            *fresh += 1;
            PassageId(uuid::Uuid::from_u128(*fresh))
        });
        self.follow(steps);
    }

    fn follow(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Update(sighting) => {
                    let verdict = self.judge(&sighting);
                    if verdict == Some(Outcome::Open) {
                        self.note(&sighting, verdict);
                    }
                }
                Step::Settle(sighting) => {
                    let verdict = self.judge(&sighting);
                    self.note(&sighting, verdict);
                }
                // A replay shows the first verdict; what happens to a car that waits on depends on the arm.
                Step::New(_) | Step::Keep(_) | Step::Forget(_) | Step::Again(_) => {}
                Step::Lost {
                    passage, last_seen, ..
                } => {
                    let last = self.number_of(last_seen);
                    if let Some(made) = self.made.get_mut(&passage) {
                        made.frames[1] = made.frames[1].max(last);
                    }
                }
            }
        }
    }

    /// The number of the frame that was taken then.
    fn number_of(&self, at: Timestamp) -> u32 {
        let before = at.since(START).as_millis() / self.pace.as_millis().max(1);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn judge(&self, sighting: &Sighting) -> Option<Outcome> {
        let place = Place {
            gate: GateId(uuid::Uuid::nil()),
            at: sighting.last_seen,
            quality: TimeQuality::Ntp,
        };
        let read = sighting.plate.as_ref();
        let judged = |index| verdict::judge(index, &Policy::default(), &place, read).outcome;
        self.permits.map(judged)
    }

    fn note(&mut self, sighting: &Sighting, verdict: Option<Outcome>) {
        self.joiner
            .judged(sighting.passage, verdict == Some(Outcome::Open));
        let read = sighting.plate.as_ref();
        self.made.insert(
            sighting.passage,
            Made {
                text: read.map(|read| read.text.clone()),
                confidence: read.map_or(0.0, |read| read.confidence),
                verdict,
                frames: [
                    self.number_of(sighting.first_seen),
                    self.number_of(sighting.last_seen),
                ],
            },
        );
    }

    /// What it made of everything, in order.
    fn finish(mut self) -> Vec<Made> {
        let steps = self.joiner.finish();
        self.follow(steps);
        let mut made: Vec<Made> = self.made.into_values().collect();
        made.sort_by_key(|made| made.frames);
        made
    }
}

/// The plates of a file as a permit book that holds at all times.
fn read_permits(path: &Path) -> anyhow::Result<Index> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("reading the permits {}", path.display()))?;
    let mut permits = Vec::new();
    for (line, number) in text.lines().zip(1u32..) {
        let cell = line.split([',', ';']).next().unwrap_or_default();
        let cell = cell.trim().trim_matches('"');
        if cell.is_empty() || cell.starts_with('#') || number == 1 && cell == "plate" {
            continue;
        }
        let plate = Plate::parse(cell)
            .with_context(|| format!("reading line {number} of {}", path.display()))?;
        permits.push(Permit {
            id: PermitId(uuid::Uuid::from_u128(u128::from(number))),
            plate,
            valid_from: None,
            valid_until: None,
            schedule: WeekSchedule::default(),
            gates: Vec::new(),
            denied: false,
            vehicle: None,
        });
    }
    let book = PermitBook {
        version: 1,
        time_zone: "UTC".to_owned(),
        permits,
    };
    Ok(Index::new(Arc::new(book), None))
}

#[derive(Serialize)]
struct Line<'a> {
    change: Change,
    frames: [u32; 2],
    files: Option<[&'a str; 2]>,
    in_use: Option<&'a Made>,
    candidate: Option<&'a Made>,
}

#[derive(Serialize)]
struct Summary {
    frames: u32,
    unreadable: u32,
    #[serde(flatten)]
    counts: Counts,
    models: Vec<String>,
    models_candidate: Vec<String>,
    ms_a_frame: f64,
    ms_a_frame_candidate: f64,
}

impl<'a> Line<'a> {
    fn of(pair: &'a Pair, names: &'a BTreeMap<u32, String>) -> Self {
        let [first, last] = pair.frames();
        let named = |frame| names.get(&frame).map(String::as_str);
        Self {
            change: pair.change(),
            frames: [first, last],
            files: named(first)
                .zip(named(last))
                .map(|(first, last)| [first, last]),
            in_use: pair.live.as_ref(),
            candidate: pair.candidate.as_ref(),
        }
    }
}

fn write_row(out: &mut impl Write, pair: &Pair) -> anyhow::Result<()> {
    let cells = |made: &Option<Made>| {
        let Some(made) = made else {
            return ("-".to_owned(), String::new(), String::new());
        };
        let text = made
            .text
            .as_ref()
            .map_or_else(|| "?".to_owned(), Plate::to_string);
        let verdict = made.verdict.map_or("", |outcome| match outcome {
            Outcome::Open => "open",
            Outcome::Deny => "deny",
            Outcome::Ask => "ask",
        });
        (
            text,
            format!("{:.1}%", made.confidence * 100.0),
            verdict.to_owned(),
        )
    };
    let change = match pair.change() {
        Change::Same => "same",
        Change::Changed => "CHANGED",
        Change::Gained => "GAINED",
        Change::Lost => "LOST",
    };
    let [first, last] = pair.frames();
    let (text, sure, verdict) = cells(&pair.live);
    let (other_text, other_sure, other_verdict) = cells(&pair.candidate);
    writeln!(
        out,
        "{change:<8} {:<11} {text:<12} {sure:>6} {verdict:<7} {other_text:<12} {other_sure:>6} {other_verdict}",
        format!("{first}-{last}"),
    )
    .context("printing")
}

/// Two digits after the point are more than anybody needs.
fn rounded(value: f64) -> f64 {
    (value * 1e2).round() / 1e2
}

#[cfg(test)]
mod tests;
