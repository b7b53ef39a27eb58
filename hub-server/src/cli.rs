//! The command line: what can be asked of `hub-server`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use clap::Subcommand;

use crate::config;
use crate::config::Config;
use crate::web;

/// The hub of Gatewarden: master record, edges' other end, API and console.
#[derive(Debug, Parser)]
#[command(name = "hub-server", version = web::VERSION_AND_BUILD)]
pub struct Cli {
    /// The configuration file; without one, defaults and the environment hold.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the hub.
    Run,
    /// Check the configuration and report every fault.
    CheckConfig,
    /// Print the API's OpenAPI document.
    Openapi,
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print a commented file with every setting.
    Example,
}

/// Does what was asked.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Config {
            command: ConfigCommand::Example,
        } => say(config::EXAMPLE),
        Command::Openapi => say(&web::openapi_text()),
        Command::CheckConfig => {
            Config::load(cli.config.as_deref())?;
            say("the configuration is sound\n")
        }
        Command::Run => {
            Config::load(cli.config.as_deref())?;
            Ok(())
        }
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    std::io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .context("writing to the terminal")
}

/// Prints an error with its causes.
pub fn say_error(error: &anyhow::Error) {
    // Nobody is left to tell if even that fails.
    let _ = writeln!(std::io::stderr().lock(), "hub-server: {error:#}");
}
