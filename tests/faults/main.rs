//! Faults: either program is killed (SIGKILL) at exact steps, started again, and nothing may be lost or doubled.
//!
//! The steps are the fault points of docs/decisions/0003-fault-points.md. Which passings of a point are hit comes from a
//! seed; both are printed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::RangeInclusive;
use std::time::Duration;

use contract::verdict::Outcome;
use harness::record;
use harness::stage::Stage;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// A drive takes this long at most, on a machine that does other things, too.
const DRIVE: Duration = Duration::from_secs(240);

#[derive(Clone, Copy, Debug)]
enum Victim {
    Edge,
    Hub,
}

/// Kills `victim` at the `nth` passing of `point`, starts it again, and lets the drive come to its end.
async fn kill_at(victim: Victim, point: &str, nth: u64) -> anyhow::Result<()> {
    let fault = format!("{point}:{nth}");
    let mut stage = Stage::set().await?;
    stage.hand_over_book().await?;
    match victim {
        Victim::Edge => {
            stage.edge.start(Some(&fault)).await?;
            let status = stage.edge.process()?.ended(DRIVE).await?;
            anyhow::ensure!(
                !status.success(),
                "{fault}: the edge was to be killed and ended with {status}"
            );
            stage.edge.start(None).await?;
        }
        Victim::Hub => {
            stage.hub.stop().await?;
            stage.hub.start(Some(&fault)).await?;
            stage.edge.start(None).await?;
            let status = stage.hub.process()?.ended(DRIVE).await?;
            anyhow::ensure!(
                !status.success(),
                "{fault}: the hub was to be killed and ended with {status}"
            );
            stage.hub.start(None).await?;
        }
    }
    let progress = stage.edge.done(DRIVE).await?;
    stage.edge.stop().await?;
    stage.hub.stop().await?;

    let at_edge = record::of_edge(&stage.edge.data()).await?;
    let at_hub = record::of_hub(&stage.hub.data()).await?;
    record::same(&at_edge, &at_hub)?;
    record::moves_have_causes(&at_edge, stage.edge.moves()?.len())?;
    // An edge that was killed plays its folder again from the start: what it judged last is the whole drive.
    let opened = record::plates(&at_edge, Outcome::Open);
    anyhow::ensure!(
        opened.ends_with(&stage.drive.permitted()),
        "opened for {opened:?}"
    );
    let refused: Vec<String> = stage.drive.refused();
    anyhow::ensure!(
        !opened.iter().any(|plate| refused.contains(plate)),
        "opened for {opened:?}"
    );
    anyhow::ensure!(progress.passages > 0, "{progress:?}");
    Ok(())
}

/// Kills at two passings of a point that a printed seed chooses.
#[expect(clippy::print_stdout, reason = "seeds are printed")]
async fn kill_twice(victim: Victim, point: &str, passings: RangeInclusive<u64>) {
    let seed: u64 = rand::rng().random();
    let mut random = StdRng::seed_from_u64(seed);
    let first = random.random_range(passings.clone());
    let second = loop {
        let second = random.random_range(passings.clone());
        if second != first {
            break second;
        }
    };
    for nth in [first, second] {
        println!("killing the {victim:?} at passing {nth} of {point} (seed {seed})");
        if let Err(error) = kill_at(victim, point, nth).await {
            panic!("killed the {victim:?} at passing {nth} of {point} (seed {seed}): {error:#}");
        }
    }
}

/// GR-19, GR-20: an append is on disk before it counts, or it never was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_killed_while_it_appends_loses_and_doubles_nothing() {
    kill_twice(Victim::Edge, "append", 1..=12).await;
}

/// GR-13, GR-19: the event of a move is on disk before the pin changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_killed_as_the_arm_moves_has_recorded_the_move() {
    kill_twice(Victim::Edge, "arm", 1..=6).await;
}

/// GR-20: a batch that may or may not have arrived is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_killed_while_it_sends_sends_again() {
    kill_twice(Victim::Edge, "send", 1..=4).await;
}

/// GR-20: an acknowledgement that was not recorded is given again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_killed_before_it_records_an_acknowledgement_is_told_again() {
    kill_twice(Victim::Edge, "ack", 1..=4).await;
}

/// GR-20: a batch that was received and not committed is not acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_killed_as_it_receives_has_promised_nothing() {
    kill_twice(Victim::Hub, "receive", 1..=4).await;
}

/// GR-20: fewer than ten commits are the start's own. Before a commit nothing is there, after it everything, and the repeat changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_killed_around_a_commit_has_all_of_a_batch_or_nothing() {
    kill_twice(Victim::Hub, "commit-before", 10..=14).await;
    kill_twice(Victim::Hub, "commit-after", 10..=14).await;
}

/// GR-20: committed and not acknowledged: the edge sends again, and the hub knows them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_killed_before_it_acknowledges_knows_the_repeat() {
    kill_twice(Victim::Hub, "ack", 1..=4).await;
}
