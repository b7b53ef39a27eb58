//! Simulates passages of unlisted and of listed vehicles at a gate with a book of permits, and counts what opens.
//!
//!     cargo run --release -p contract --example false_opens -- [unlisted=10000000] [listed=200000] [permits=2000] [seed=1]
//!
//! What is drawn from what was measured and what is assumed stands in `simulation.rs`.

#![allow(clippy::print_stdout, reason = "a program for people")]

mod simulation;

use simulation::Share;
use simulation::Simulation;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let mut next = |default| match numbers.next() {
        Some(Ok(number)) => number,
        _ => default,
    };
    let (unlisted, listed, permits, seed) = (next(10_000_000), next(200_000), next(2_000), next(1));
    let permits = usize::try_from(permits)
        .unwrap_or(usize::MAX)
        .clamp(1, 50_000);
    let mut simulation = Simulation::new(permits, seed);
    println!("{permits} permits, seed {seed}, 4 frames a passage");
    println!("listed:     {}", simulation.listed(listed));
    println!("  one frame {}", simulation.listed_in_one_frame(listed));
    println!(
        "unlisted:   {}",
        simulation.unlisted(unlisted, Share::Stated)
    );
    println!(
        "neighbours: {}",
        simulation.unlisted(unlisted / 10, Share::NeighboursOnly)
    );
}
