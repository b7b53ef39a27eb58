//! Simulates passages of unlisted and of listed vehicles at a gate with a book of permits, and counts what opens.
//!
//!     cargo run --release --workspace --example false_opens -- [--unlisted N] [--listed N] [--permits N] [--seed N] \
//!         [--half tuning|report] [--sets us,br] [--open P] [--ask P]
//!
//! What is drawn from what was measured and what is assumed stands in `simulation.rs`. Budgets are chosen with `--half
//! tuning`; what is published comes from `--half report`, whose plates neither the confusion table nor the budgets know.

mod measured;
mod simulation;

use std::io::Write;

use clap::Parser;
use edge_agent::gate::verdict::Policy;

use measured::Half;
use simulation::Share;
use simulation::Simulation;

#[derive(Parser)]
struct Arguments {
    /// Passages of vehicles without a permit.
    #[arg(long, default_value_t = 10_000_000)]
    unlisted: u64,
    /// Passages of vehicles with one.
    #[arg(long, default_value_t = 100_000)]
    listed: u64,
    /// Permits in the book.
    #[arg(long, default_value_t = 2_000)]
    permits: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which held-back plates: `tuning` or `report`.
    #[arg(long, default_value = "report")]
    half: String,
    /// Which sets of held-back plates, parted by commas: us, br, web, synthetic.
    #[arg(long, default_value = "us,br")]
    sets: String,
    /// The budget to open, in place of the usual one.
    #[arg(long)]
    open: Option<f64>,
    /// The budget to take notice, in place of the usual one.
    #[arg(long)]
    ask: Option<f64>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let half = match arguments.half.as_str() {
        "tuning" => Half::Tuning,
        "report" => Half::Report,
        other => anyhow::bail!("{other:?} is neither tuning nor report"),
    };
    let sets: Vec<&str> = arguments.sets.split(',').collect();
    let permits = arguments.permits.clamp(1, 50_000);
    let mut policy = Policy::default();
    policy.budgets.strict = arguments.open.unwrap_or(policy.budgets.strict);
    policy.budgets.loose = arguments.ask.unwrap_or(policy.budgets.loose);
    let mut simulation = Simulation::new(permits, arguments.seed, half, &sets, policy);
    let mut out = std::io::stdout().lock();
    let Arguments {
        seed,
        half,
        sets: names,
        ..
    } = &arguments;
    writeln!(
        out,
        "{permits} permits, seed {seed}, plates of {names}, half {half}"
    )?;
    for set in &sets {
        writeln!(out, "replayed {set}: {}", simulation.replayed(set))?;
    }
    writeln!(out, "listed:     {}", simulation.listed(arguments.listed))?;
    out.flush()?;
    let neighbours = simulation.unlisted(arguments.unlisted / 1_000, Share::NeighboursOnly);
    writeln!(out, "neighbours: {neighbours}")?;
    out.flush()?;
    let unlisted = simulation.unlisted(arguments.unlisted, Share::Stated);
    writeln!(out, "unlisted:   {unlisted}")?;
    Ok(())
}
