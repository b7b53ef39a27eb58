//! Watches the machine's temperature and load, and holds the cameras' rates to what it can bear.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use contract::event::Fact;
use contract::event::HeatChanged;
use contract::time::Clock;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::camera::Ceiling;
use crate::camera::thermal;
use crate::camera::thermal::Ladder;
use crate::camera::thermal::Reading;
use crate::store::Store;

/// How often the temperature and the load are read.
const HEAT: Duration = Duration::from_secs(5);

/// Starts watching. The receiver says where the ladder stands.
pub fn start(
    config: &thermal::Config,
    ceiling: Ceiling,
    store: &Arc<Store>,
    tasks: &TaskTracker,
    cancel: &CancellationToken,
) -> watch::Receiver<thermal::Report> {
    let ladder = Ladder::new(config.clone());
    let (report, watched) = watch::channel(ladder.report(Reading::default()));
    tasks.spawn(watch_machine(
        ladder,
        config.zone.clone(),
        ceiling,
        Arc::clone(store),
        report,
        cancel.clone(),
    ));
    watched
}

/// Holds the cameras' rates to what the machine can bear, and says each step.
async fn watch_machine(
    mut ladder: Ladder,
    zone: PathBuf,
    ceiling: Ceiling,
    store: Arc<Store>,
    report: watch::Sender<thermal::Report>,
    cancel: CancellationToken,
) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let clock = Clock::System;
    let mut tick = tokio::time::interval(HEAT);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = tick.tick() => {}
        }
        // Both files are the kernel's memory, not a disk's.
        let read = |path: &Path| std::fs::read_to_string(path).ok();
        let reading = Reading {
            celsius: read(&zone).and_then(|text| thermal::celsius_of(&text)),
            load: read(Path::new("/proc/loadavg")).and_then(|text| thermal::load_of(&text, cores)),
        };
        if let Some(step) = ladder.take(clock.monotonic(), reading) {
            let left = ladder.leaves();
            ceiling.set(left.most_fps, left.is_coarse);
            metrics::counter!("thermal_steps_total").increment(1);
            warn!(
                step,
                most_fps = left.most_fps,
                is_coarse = left.is_coarse,
                celsius = reading.celsius,
                load = reading.load,
                "the machine is on step {step} of the thermal ladder: at most {} frames a second",
                left.most_fps
            );
            let changed = Fact::HeatChanged(HeatChanged {
                step,
                most_fps: left.most_fps,
                is_coarse: left.is_coarse,
                celsius: reading.celsius,
                load: reading.load,
            });
            // The hub hears of it; if the disk refuses, the event is held, and that has an alarm of its own.
            if let Err(error) = store.spool.append(None, changed).await {
                warn!("the step is not on disk: {error}");
            }
        }
        metrics::gauge!("thermal_step").set(f64::from(ladder.report(reading).step));
        if let Some(celsius) = reading.celsius {
            metrics::gauge!("cpu_celsius").set(f64::from(celsius));
        }
        report.send_replace(ladder.report(reading));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Rate;

    /// GR-05, MO-04: a hot machine lowers the rates of its cameras, and says so.
    #[tokio::test]
    async fn a_hot_machine_lowers_the_rate_of_its_cameras() {
        let folder = tempfile::tempdir().unwrap();
        let zone = folder.path().join("temp");
        std::fs::write(&zone, "81500\n").unwrap();
        let config = thermal::Config {
            zone,
            ..thermal::Config::default()
        };
        let (ceiling, tasks, cancel) = (
            Ceiling::default(),
            TaskTracker::new(),
            CancellationToken::new(),
        );
        let rate = Rate::new(12, &ceiling);
        let kept = crate::store::Config::default();
        let store = Store::open(&folder.path().join("store"), Clock::System, kept);
        let store = Arc::new(store.unwrap());
        let mut spool = store.spool.watch();
        let mut report = start(&config, ceiling, &store, &tasks, &cancel);
        let report = report
            .wait_for(|report| report.step == 1)
            .await
            .unwrap()
            .clone();
        assert_eq!((report.most_fps, report.celsius), (8, Some(81.5)));
        assert_eq!((rate.wanted(), rate.allowed()), (12, 8));
        spool.wait_for(|state| state.next_seq > 1).await.unwrap();
        let event = store.spool.read(1, 1, 10_000).unwrap().remove(0);
        let Some(Fact::HeatChanged(told)) = event.fact().unwrap() else {
            panic!("the first event tells of the heat");
        };
        assert_eq!(
            (told.step, told.most_fps, told.is_coarse, told.celsius),
            (1, 8, false, Some(81.5))
        );
        cancel.cancel();
        tasks.close();
        tasks.wait().await;
    }
}
