//! A bounded run of `examples/false_opens`: nothing opens for a vehicle without a permit, and most with one get in.

#![allow(
    dead_code,
    reason = "the program uses more of the simulation than its bounded run"
)]

#[path = "../examples/false_opens/measured.rs"]
mod measured;
#[path = "../examples/false_opens/simulation.rs"]
mod simulation;

use edge_agent::gate::verdict::Policy;
use measured::Half;
use simulation::Share;
use simulation::Simulation;

fn simulation(seed: u64) -> Simulation {
    Simulation::new(2_000, seed, Half::Report, &["us", "br"], Policy::default())
}

#[test]
fn unlisted_vehicles_stay_out_and_most_listed_ones_get_in() {
    let mut simulation = simulation(1);
    let unlisted = simulation.unlisted(20_000, Share::Stated);
    assert_eq!(
        (unlisted.false_opens, unlisted.opened),
        (0, 0),
        "{unlisted}"
    );
    let neighbours = simulation.unlisted(500, Share::NeighboursOnly);
    // Now and then the reader is as sure of a wrong character as of a right one.
    assert!(
        neighbours.false_opens * 200 <= neighbours.passages,
        "{neighbours}"
    );
    assert!(neighbours.asked > 0, "they are near: {neighbours}");
    let listed = simulation.listed(500);
    assert_eq!(listed.false_opens, 0, "{listed}");
    // A floor below what the page of the models states, for the sample is small.
    assert!(listed.opened * 100 >= listed.passages * 88, "{listed}");
    assert!(
        listed.opened < listed.passages,
        "the simulated reader errs: {listed}"
    );
}

/// The shortcut leaves out only passages that could not open: with it and without, the same ones do.
#[test]
fn what_the_simulation_passes_over_could_not_have_opened() {
    for share in [Share::Stated, Share::NeighboursOnly] {
        let (mut short, mut thorough) = (simulation(2), simulation(2));
        thorough.thorough = true;
        let opened = |count: simulation::Count| (count.opened, count.false_opens);
        assert_eq!(
            opened(short.unlisted(400, share)),
            opened(thorough.unlisted(400, share))
        );
    }
}
