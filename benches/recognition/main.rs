//! How fast plates are found and read, and how that compares with other engines on the same networks: scripts/bench
//! recognition.
//!
//! All on one thread, in one run, engine after engine in turns, so that noise of the machine meets all alike. Times are
//! of the process's processor, not of the clock on the wall: on a machine that others use, the wall tells about them.
//! `peers` holds the other engines; criterion measures each stage by itself.

mod peers;

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use criterion::Criterion;
use rustix::time::ClockId;
use rustix::time::clock_gettime;
use vision::Picture;
use vision::Recogniser;

use peers::Net;

/// The frame that everything is measured with.
const SIDES: [u32; 2] = [1280, 720];
/// Rounds of the comparison.
const ROUNDS: usize = 31;
/// Frames of a camera in the test of two at once.
const FRAMES: usize = 40;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let models = root.join("models");
    let before = resident();
    let recogniser = Recogniser::load(&models, 1).expect("the models");
    let file = frame(&root.join("samples/pictures/day.jpg"));
    let picture = Picture::decode(&file).expect("the frame");
    let plates = recogniser
        .recognise(&picture)
        .expect("a recognition")
        .plates;
    let corners: Vec<[[f32; 2]; 4]> = plates.iter().map(|plate| plate.corners).collect();
    assert!(
        !corners.is_empty(),
        "no plate is found in the frame: nothing to measure"
    );
    for _ in 0..5 {
        let _ = recogniser.recognise(&Picture::decode(&file).expect("the frame"));
    }
    println!(
        "frame {} x {}, {} plate(s), one thread",
        SIDES[0],
        SIDES[1],
        corners.len()
    );
    println!(
        "resident memory with both networks after {} frames: {} MiB, {before} MiB before",
        6,
        resident()
    );

    stages(&recogniser, &file, &corners);
    compare(&recogniser, &models, &picture, &corners[..1]);
    two_cameras(&models, &file);
    if std::env::var_os("GATEWARDEN_BENCH_QUICK").is_none() {
        with_criterion(&recogniser, &file, &corners);
    }
}

/// The sample, enlarged to the size that we measure, as a JPEG file.
fn frame(sample: &Path) -> Vec<u8> {
    let small = Picture::decode(&std::fs::read(sample).expect("the sample")).expect("the sample");
    let [width, height] = SIDES.map(|side| side as usize);
    let (from_width, from_height) = (small.width() as usize, small.height() as usize);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (
                x as f32 * (from_width - 1) as f32 / (width - 1) as f32,
                y as f32 * (from_height - 1) as f32 / (height - 1) as f32,
            );
            let (left, top) = (u as usize, v as usize);
            let (right, bottom) = (
                (left + 1).min(from_width - 1),
                (top + 1).min(from_height - 1),
            );
            for channel in 0..3 {
                let at = |column: usize, row: usize| {
                    f32::from(small.rgb()[(row * from_width + column) * 3 + channel])
                };
                let upper = at(left, top) + (at(right, top) - at(left, top)) * u.fract();
                let lower = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * u.fract();
                rgb.push((upper + (lower - upper) * v.fract() + 0.5) as u8);
            }
        }
    }
    let picture = Picture::from_rgb(SIDES[0], SIDES[1], rgb).expect("the frame");
    picture.to_jpeg(90).expect("the frame")
}

/// Each stage of the pipeline, medians.
fn stages(recogniser: &Recogniser, file: &[u8], corners: &[[[f32; 2]; 4]]) {
    let mut times: [Vec<Duration>; 7] = Default::default();
    for _ in 0..ROUNDS {
        let (picture, decode) = timed(|| Picture::decode(file).expect("the frame"));
        let (_, grey) = timed(|| picture.grey().width());
        let (scaled, scale) = timed(|| recogniser.scale(&picture));
        let (_, detect) = timed(|| recogniser.detect(&scaled).expect("the detector"));
        let (crops, crop) = timed(|| recogniser.crops(&picture, corners));
        let (_, read) = timed(|| {
            recogniser
                .classes(&crops, corners.len())
                .expect("the reader")
        });
        let (_, whole) = timed(|| {
            recogniser
                .recognise(&Picture::decode(file).expect("the frame"))
                .expect("both")
        });
        for (times, time) in times
            .iter_mut()
            .zip([decode, grey, scale, detect, crop, read, whole])
        {
            times.push(time);
        }
    }
    println!("\n{:<34}{:>10}", "stage", "ms of CPU");
    for (name, times) in [
        "decode JPEG",
        "grey",
        "scale",
        "detector's network",
        "crop",
        "reader's network",
        "whole: decode to text",
    ]
    .iter()
    .zip(times)
    {
        println!("{name:<34}{:>10.2}", milliseconds(median(times)));
    }
    println!(
        "OpenALPR 2.3, the published anchor of our issue, US pictures: 161 ms; it is in no package registry, so it was not run here."
    );
}

/// Our networks and each peer's, in turns.
fn compare(recogniser: &Recogniser, models: &Path, picture: &Picture, corners: &[[[f32; 2]; 4]]) {
    let scaled = recogniser.scale(picture);
    let crops = recogniser.crops(picture, corners);
    let [height, width] = scaled.sides();
    for (name, values, sides) in [
        ("plate-detector", scaled.values(), [1, 1, height, width]),
        ("plate-reader", &crops[..], [1, 1, 40, 144]),
    ] {
        let ours = || {
            if name == "plate-detector" {
                recogniser.detect(&scaled).expect("the detector")
            } else {
                recogniser.classes(&crops, 1).expect("the reader")
            }
        };
        let wanted = ours();
        let mut nets: Vec<(&str, Net)> = Vec::new();
        for (engine, net) in peers::load(models, name, sides) {
            match net {
                Ok(mut net) => {
                    let (found, _) = net.run(values).expect("the other engine");
                    let furthest = found
                        .iter()
                        .zip(&wanted)
                        .map(|(one, other)| (one - other).abs())
                        .fold(0.0, f32::max);
                    assert!(
                        found.len() == wanted.len() && furthest < 1e-2,
                        "{engine} computes something else for {name}: {furthest}"
                    );
                    nets.push((engine, net));
                }
                Err(why) => println!("\n!!! {engine} is NOT measured for {name}: {why}"),
            }
        }
        let mut our_times = Vec::new();
        let mut their_times: Vec<Vec<Duration>> = vec![Vec::new(); nets.len()];
        for _ in 0..ROUNDS {
            our_times.push(timed(ours).1);
            for ((_, net), times) in nets.iter_mut().zip(&mut their_times) {
                times.push(net.run(values).expect("the other engine").1);
            }
        }
        let ours = median(our_times);
        println!("\n{name:<34}{:>10}{:>24}", "ms of CPU", "times ours takes");
        println!("{:<34}{:>10.2}{:>24.2}", "ours", milliseconds(ours), 1.0);
        for ((engine, _), times) in nets.iter().zip(their_times) {
            let theirs = median(times);
            println!(
                "{engine:<34}{:>10.2}{:>24.2}",
                milliseconds(theirs),
                theirs.as_secs_f64() / ours.as_secs_f64()
            );
        }
    }
}

/// Two cameras that share the recogniser's pool: what a frame waits for, by the clock on the wall.
fn two_cameras(models: &Path, file: &[u8]) {
    let recogniser = Recogniser::load(models, 1).expect("the models");
    let picture = Picture::decode(file).expect("the frame");
    let camera = || -> Vec<Duration> {
        (0..FRAMES)
            .map(|_| {
                let started = Instant::now();
                recogniser.recognise(&picture).expect("a recognition");
                started.elapsed()
            })
            .collect()
    };
    let alone = camera();
    let both: Vec<Duration> = std::thread::scope(|scope| {
        let cameras = [scope.spawn(camera), scope.spawn(camera)];
        cameras
            .into_iter()
            .flat_map(|camera| camera.join().expect("a camera"))
            .collect()
    });
    let (alone_slow, both_slow) = (slow(alone.clone()), slow(both.clone()));
    println!(
        "\n{:<34}{:>10}{:>24}",
        "cameras on a pool of one thread", "median ms", "slowest twentieth, ms"
    );
    for (name, times, slow) in [("one", alone, alone_slow), ("two at once", both, both_slow)] {
        println!(
            "{name:<34}{:>10.2}{:>24.2}",
            milliseconds(median(times)),
            milliseconds(slow)
        );
    }
}

fn with_criterion(recogniser: &Recogniser, file: &[u8], corners: &[[[f32; 2]; 4]]) {
    let picture = Picture::decode(file).expect("the frame");
    let scaled = recogniser.scale(&picture);
    let crops = recogniser.crops(&picture, corners);
    let mut criterion = Criterion::default()
        .sample_size(20)
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_secs(1));
    println!();
    criterion.bench_function("decode", |bench| bench.iter(|| Picture::decode(file)));
    criterion.bench_function("scale", |bench| bench.iter(|| recogniser.scale(&picture)));
    criterion.bench_function("detect", |bench| bench.iter(|| recogniser.detect(&scaled)));
    criterion.bench_function("crop", |bench| {
        bench.iter(|| recogniser.crops(&picture, corners))
    });
    criterion.bench_function("read", |bench| {
        bench.iter(|| recogniser.classes(&crops, corners.len()))
    });
    criterion.bench_function("whole", |bench| {
        bench.iter(|| recogniser.recognise(&Picture::decode(file).expect("the frame")));
    });
    criterion.final_summary();
}

/// What came out, and the time that the process's threads spent on it.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = spent();
    let output = std::hint::black_box(work());
    (output, spent().saturating_sub(started))
}

fn spent() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The time that all but a twentieth stay below.
fn slow(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[(times.len() * 19 / 20).min(times.len() - 1)]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The process's resident memory in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
