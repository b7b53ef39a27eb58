//! The command line: what can be asked of `hub-server`.

use std::io::IsTerminal;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::bail;
use clap::Parser;
use clap::Subcommand;
use contract::time::Clock;
use tracing_subscriber::EnvFilter;

use crate::account;
use crate::audit;
use crate::auth;
use crate::config;
use crate::config::Config;
use crate::intake;
use crate::provision;
use crate::run;
use crate::store::Store;
use crate::store::StoreError;
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
    /// Print a fresh one-time set-up link, as long as no account exists; older links end.
    SetupLink,
    /// Prepare a fresh hub without a person: organisation, site, permits, an edge's enrolment code.
    Provision(provision::Plan),
    /// Print as JSON how far the hub has each edge's events.
    Status,
    /// Accounts: list, add, reset, disable, enable, import. It works while the hub runs, too.
    Account {
        #[command(subcommand)]
        command: account::Command,
    },
    /// The audit trail.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Print the API's OpenAPI document.
    Openapi,
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Walk the hash chains and report the first line of each that was changed, removed or added.
    Verify {
        /// A file that `audit checkpoint` wrote: nothing up to there may have been changed or removed since.
        #[arg(long)]
        since: Option<PathBuf>,
    },
    /// Print where each trail stands, to be kept outside of this machine.
    Checkpoint,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print a commented file with every setting.
    Example,
}

/// Does what was asked.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    let load = || Config::load(cli.config.as_deref());
    match cli.command {
        Command::Config {
            command: ConfigCommand::Example,
        } => say(config::EXAMPLE),
        Command::Openapi => say(&web::openapi_text()),
        Command::CheckConfig => {
            load()?;
            say("the configuration is sound\n")
        }
        Command::SetupLink => block_on(setup_link(load()?)),
        Command::Provision(plan) => block_on(provision(load()?, plan)),
        Command::Status => block_on(status(load()?)),
        Command::Account { command } => block_on(change_accounts(load()?, command)),
        Command::Audit {
            command: AuditCommand::Verify { since },
        } => block_on(verify_audit(load()?, since)),
        Command::Audit {
            command: AuditCommand::Checkpoint,
        } => block_on(note_checkpoint(load()?)),
        Command::Run => {
            let config = load()?;
            start_log(&config.log)?;
            block_on(run::run(config))
        }
    }
}

async fn setup_link(config: Config) -> anyhow::Result<()> {
    let clock = Clock::System;
    let store = open_store(&config, &clock)?;
    match run::renew_setup_link(&store, &clock).await? {
        Some(token) => {
            let address = run::address(&config, config.web.listen.port());
            say(&run::setup_line(&address, &token))
        }
        None => bail!("this hub is set up already: log in with an account"),
    }
}

async fn provision(config: Config, plan: provision::Plan) -> anyhow::Result<()> {
    let code = provision::provision(&config, plan, &Clock::System).await?;
    say("the hub is provisioned\n")?;
    match code {
        Some(code) => say(&format!("enrolment code: {code}\n")),
        None => Ok(()),
    }
}

async fn status(config: Config) -> anyhow::Result<()> {
    let store = open_store(&config, &Clock::System)?;
    let streams: Result<_, StoreError> = store
        .read(|tx| match auth::oldest_organisation(tx)? {
            Some(organisation) => intake::ledger::list_streams(tx, organisation.id),
            None => Ok(Vec::new()),
        })
        .await;
    let streams: Vec<serde_json::Value> = streams
        .context("reading the ledger")?
        .iter()
        .map(|stream| {
            serde_json::json!({
                "edge": stream.edge,
                "epoch": stream.epoch,
                "through": stream.through,
                "held": stream.held,
            })
        })
        .collect();
    say(&format!("{}\n", serde_json::json!({ "streams": streams })))
}

async fn change_accounts(config: Config, command: account::Command) -> anyhow::Result<()> {
    let clock = Clock::System;
    let store = open_store(&config, &clock)?;
    run::settle_rights(&store).await?;
    let hasher = auth::Hasher::new(config.auth.password_iterations);
    say(&account::run(command, &store, &hasher, &clock).await?)
}

async fn note_checkpoint(config: Config) -> anyhow::Result<()> {
    let store = open_store(&config, &Clock::System)?;
    let noted: Result<Vec<audit::Checkpoint>, StoreError> = store.read(audit::checkpoints).await;
    for one in noted.context("reading the audit trail")? {
        say(&format!("{one}\n"))?;
    }
    Ok(())
}

async fn verify_audit(config: Config, since: Option<PathBuf>) -> anyhow::Result<()> {
    let noted = match since {
        None => Vec::new(),
        Some(file) => std::fs::read_to_string(&file)
            .with_context(|| format!("reading {}", file.display()))?
            .lines()
            .map(|line| {
                line.parse::<audit::Checkpoint>()
                    .with_context(|| format!("reading the checkpoint {line:?}"))
            })
            .collect::<anyhow::Result<Vec<audit::Checkpoint>>>()?,
    };
    let store = open_store(&config, &Clock::System)?;
    let reports: Result<Vec<audit::Report>, StoreError> =
        store.read(move |tx| audit::verify(tx, &noted)).await;
    let mut broken = 0;
    for report in reports.context("reading the audit trail")? {
        let end: String = report
            .end
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let found = match &report.fault {
            None => "sound".to_owned(),
            Some(fault) => {
                broken += 1;
                format!("BROKEN: {fault}")
            }
        };
        say(&format!(
            "{}: {} lines, end {end}: {found}\n",
            report.organisation, report.lines
        ))?;
    }
    if broken > 0 {
        bail!("{broken} audit trail(s) are broken");
    }
    Ok(())
}

/// Opens the store of a hub that exists; it may be running.
fn open_store(config: &Config, clock: &Clock) -> anyhow::Result<Store> {
    let file = config.data.join(crate::store::FILE);
    if !file.is_file() {
        bail!("{} does not exist: start the hub once", file.display());
    }
    Store::open(&config.data, &config.store, clock.wall()).context("opening the store")
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?
        .block_on(work)
}

/// Logs to standard error, where the service manager collects it; standard output is for people.
fn start_log(log: &config::Log) -> anyhow::Result<()> {
    let filter: EnvFilter = log.level.parse().context("reading log.level")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = if log.json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
    started.map_err(|error| anyhow::anyhow!("starting the log: {error}"))
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
