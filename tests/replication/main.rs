//! Both ends of the replication in one simulated world: connections that break, messages that come late or twice,
//! either side killed at any step, a hub restored from a backup, a spool that had to forget. Whatever happens, the hub
//! ends with every event once and unchanged, or names its number as missing.
//!
//! A world is made from one number. A failure prints it, and it replays identically.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod world;

use world::Plan;
use world::World;

/// Worlds a run. The long run of a release has many more.
const SEEDS: u64 = 10_000;
const STEPS: usize = 250;

fn run(seed: u64, plan: Plan) -> u64 {
    let outcome = std::panic::catch_unwind(|| {
        let mut world = World::new(seed, plan);
        for _ in 0..STEPS {
            world.step();
        }
        world.settle();
        world.verify();
        world.fingerprint()
    });
    match outcome {
        Ok(fingerprint) => fingerprint,
        Err(_) => panic!("seed {seed} of {plan:?} failed, as told above"),
    }
}

/// GR-19: zero lost, none twice, contents unchanged, with crashes of either side at each step.
#[test]
fn nothing_is_lost_or_doubled_when_either_side_dies_at_any_step() {
    for seed in 0..SEEDS {
        run(seed, Plan::Crashes);
    }
}

/// Experiment 9: a hub restored from an older backup is refilled; what no edge has any more is named.
#[test]
fn a_restored_hub_is_refilled_or_names_what_is_missing() {
    for seed in 0..SEEDS {
        run(seed, Plan::Restores);
    }
}

/// A spool at its limit forgets what nobody acknowledged: the numbers are named, and everything else arrives.
#[test]
fn what_a_full_spool_forgot_is_named_and_the_rest_arrives() {
    for seed in 0..SEEDS {
        run(seed, Plan::FullSpool);
    }
}

/// Experiment 10, its half that one machine can see: a spool copied back in time begins a new epoch, and nothing at
/// the hub is overwritten.
#[test]
fn a_spool_set_back_in_time_begins_a_new_epoch() {
    for seed in 0..SEEDS {
        run(seed, Plan::SpoolSetBack);
    }
}

#[test]
fn a_seed_replays_identically() {
    for seed in 0..50 {
        assert_eq!(run(seed, Plan::Restores), run(seed, Plan::Restores));
    }
}
