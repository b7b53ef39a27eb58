//! Chooses what to do; the work starts one call deeper.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match hub_server::cli::run(hub_server::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            hub_server::cli::say_error(&error);
            ExitCode::FAILURE
        }
    }
}
