//! The command line: what a technician types at the gate.

use std::io::BufRead;
use std::io::IsTerminal;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use clap::Parser;
use clap::Subcommand;
use contract::time::Clock;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

use crate::config;
use crate::config::Config;
use crate::config::Environment;
use crate::control;
use crate::gpio;
use crate::gpio::Debounce;
use crate::health;
use crate::link;
use crate::recognize;
use crate::replay;
use crate::run;

/// Version and build.
const VERSION: &str = match option_env!("GATEWARDEN_BUILD") {
    Some(build) => build,
    None => concat!(env!("CARGO_PKG_VERSION"), " (built from source)"),
};

/// The program at the gate: sees, decides, acts and remembers until a hub has it for good.
#[derive(Debug, Parser)]
#[command(name = "edge-agent", version = VERSION)]
struct Cli {
    /// The settings.
    #[arg(long, global = true, value_name = "FILE", default_value = config::USUAL)]
    config: PathBuf,
    /// Checks the settings and does nothing else.
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the gates.
    Run,
    /// Makes this machine an edge of a hub, with a one-time code from its console.
    ///
    /// The code is read from standard input: other users of this machine can see a command's arguments.
    Enrol {
        /// The hub as HOST:PORT.
        #[arg(long)]
        hub: String,
        /// This machine's name for people; its host name by default.
        #[arg(long)]
        machine: Option<String>,
    },
    /// Reads plates in picture files, without a gate.
    Recognize(recognize::Args),
    /// Runs recorded passages through two sets of models and shows what would change. Nothing is recorded, nothing moves.
    Replay(replay::Args),
    /// Shows how the running agent stands.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows the events that wait for the hub.
    Queue,
    /// Shows the cameras with their measured rate and the age of the last frame.
    Cameras,
    /// Sets how many frames a second of a camera are looked at, until the agent stops.
    Fps {
        /// The gate's name.
        gate: String,
        /// The camera's name in the gate's section.
        camera: String,
        /// 1 to 15.
        fps: u8,
    },
    /// Prints the running agent's metrics.
    Metrics,
    /// Prints each change of the inputs, for checking the wiring. Stop the agent first.
    Wiring,
    /// About the settings.
    Config {
        #[command(subcommand)]
        what: ConfigCommand,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Prints the complete file with comments.
    Example,
}

/// Does what the command line says.
pub fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let environment = config::environment()?;
    if cli.check {
        let config = config::load(&cli.config)?;
        let gates = config.gates.len();
        return say(&format!("{} is sound: {gates} gates", cli.config.display()));
    }
    match cli.command {
        None => bail!("a command is missing: `edge-agent run`, or `edge-agent --help`"),
        Some(Command::Config {
            what: ConfigCommand::Example,
        }) => say(config::EXAMPLE.trim_end()),
        Some(Command::Recognize(args)) => {
            log(&environment, "warn");
            if recognize::run(&args, &mut std::io::stdout().lock())? {
                Ok(())
            } else {
                bail!("some pictures can't be read")
            }
        }
        Some(Command::Replay(args)) => {
            log(&environment, "warn");
            replay::run(&args, &mut std::io::stdout().lock())
        }
        Some(Command::Run) => {
            // What the RTSP library says per packet comes back in its errors.
            log(&environment, "info,retina=off");
            let config = config::load(&cli.config)?;
            runtime()?.block_on(run::run(config, environment))
        }
        Some(Command::Enrol { hub, machine }) => {
            log(&environment, "warn");
            let config = config::load(&cli.config)?;
            let machine = machine.unwrap_or(environment.machine);
            let code = ask_code()?;
            runtime()?.block_on(enrol(&config, &hub, code.trim(), &machine))
        }
        Some(Command::Status { json }) => {
            let answer = health::ask(&health::status_socket(&data(&cli.config)?))?;
            if json { say(&answer) } else { status(&answer) }
        }
        Some(Command::Queue) => queue(&data(&cli.config)?),
        Some(Command::Cameras) => cameras(&data(&cli.config)?),
        Some(Command::Fps { gate, camera, fps }) => {
            let change = control::Change::Fps { gate, camera, fps };
            control::tell(&control::socket(&data(&cli.config)?), &change)
        }
        Some(Command::Metrics) => {
            say(health::ask(&health::metrics_socket(&data(&cli.config)?))?.trim_end())
        }
        Some(Command::Wiring) => {
            let config = config::load(&cli.config)?;
            runtime()?.block_on(wiring(&config))
        }
    }
}

fn data(config: &Path) -> anyhow::Result<PathBuf> {
    Ok(config::load(config)?.data)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}").context("printing")
}

fn log(environment: &Environment, usual: &str) {
    let filter = environment.log.as_deref().unwrap_or(usual);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if environment.log_json {
        lines.json().init();
    } else {
        lines.init();
    }
}

/// Asks for the enrolment code, or takes it from a pipe.
fn ask_code() -> anyhow::Result<String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        let mut out = std::io::stdout().lock();
        write!(out, "Enrolment code: ")
            .and_then(|()| out.flush())
            .context("writing to the terminal")?;
    }
    let mut code = String::new();
    input
        .lock()
        .take(200)
        .read_line(&mut code)
        .context("reading the enrolment code")?;
    Ok(code)
}

async fn enrol(config: &Config, hub: &str, code: &str, machine: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("making {}", config.data.display()))?;
    let gates = link::enrol(hub, code, &config.data, machine, &Clock::System).await?;
    let names: Vec<&str> = gates.iter().map(|gate| gate.name.as_str()).collect();
    say(&format!("enrolled at {hub} for {}", names.join(", ")))?;
    if let Err(faults) = config::match_gates(config, &gates) {
        say(&format!("the settings do not fit yet: {faults}"))?;
    }
    Ok(())
}

fn status(answer: &str) -> anyhow::Result<()> {
    let status: Value = serde_json::from_str(answer).context("reading the agent's answer")?;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "edge-agent {} since {}",
        text(&status["version"]),
        text(&status["started_at"])
    )?;
    for gate in status["gates"].as_array().into_iter().flatten() {
        writeln!(
            out,
            "gate {}: {}, {} passages: {} opened, {} denied, {} asked; inputs {}",
            text(&gate["name"]),
            text(&gate["state"]),
            gate["passages"],
            gate["opened"],
            gate["denied"],
            gate["asked"],
            gate["inputs"],
        )?;
        if !gate["fault"].is_null() {
            writeln!(
                out,
                "  its barrier can't be moved: {}",
                text(&gate["fault"])
            )?;
        }
    }
    for camera in status["cameras"].as_array().into_iter().flatten() {
        writeln!(
            out,
            "camera {} / {}: {}, {} frames a second wanted, set by {}",
            text(&camera["gate"]),
            text(&camera["name"]),
            camera["state"].as_str().unwrap_or("starting"),
            camera["wanted_fps"],
            text(&camera["set_by"]),
        )?;
    }
    let link = &status["link"];
    writeln!(
        out,
        "link: {} {} {}",
        if link["connected"] == true {
            "connected to"
        } else {
            "not connected to"
        },
        text(&link["hub"]),
        text(&link["error"]),
    )?;
    let spool = &status["spool"];
    writeln!(
        out,
        "events: {} wait for the hub, {} in memory",
        spool["waiting"], spool["held_in_memory"]
    )?;
    writeln!(
        out,
        "pictures: {} wait for the hub",
        status["evidence"]["pending"]
    )?;
    writeln!(
        out,
        "permits: {} in book {}; the clock is {}",
        status["book"]["permits"],
        status["book"]["version"],
        text(&status["time_quality"]),
    )?;
    let thermal = &status["thermal"];
    if thermal["step"].as_u64().is_some_and(|step| step > 0) {
        writeln!(
            out,
            "heat: step {}, at most {} frames a second{}; {} degrees, load {}",
            thermal["step"],
            thermal["most_fps"],
            if thermal["is_coarse"] == true {
                ", far plates sought less finely"
            } else {
                ""
            },
            text(&thermal["celsius"]),
            text(&thermal["load"]),
        )?;
    }
    let shadow = &status["shadow"];
    if !shadow.is_null() {
        writeln!(
            out,
            "shadow: {} frames; plates {} same, {} changed, {} gained, {} lost; {}",
            shadow["frames"],
            shadow["same"],
            shadow["changed"],
            shadow["gained"],
            shadow["lost"],
            text(&shadow["fault"]),
        )?;
    }
    models(&status, &mut out)
}

/// Prints which models there are, and whether each is loaded.
fn models(status: &Value, out: &mut impl Write) -> anyhow::Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    if let Some(load_ms) = status["vehicle_models_load_ms"].as_u64() {
        writeln!(
            out,
            "the first look at a vehicle loaded its models in {load_ms} ms"
        )?;
    }
    for model in status["models"].as_array().into_iter().flatten() {
        let loaded = if model["loaded"] == true {
            "loaded"
        } else {
            "NOT loaded"
        };
        writeln!(
            out,
            "model {} {}: {loaded} {}",
            text(&model["name"]),
            text(&model["version"]),
            text(&model["why"]),
        )?;
    }
    Ok(())
}

fn queue(data: &Path) -> anyhow::Result<()> {
    let answer = health::ask(&health::status_socket(data))?;
    let status: Value = serde_json::from_str(&answer).context("reading the agent's answer")?;
    let spool = &status["spool"];
    let age = spool["oldest_age_s"]
        .as_u64()
        .filter(|_| spool["waiting"] != 0);
    say(&format!(
        "{} events wait for the hub ({}), {} bytes kept; numbers {} to {} of epoch {}, acknowledged up to {}",
        spool["waiting"],
        age.map_or_else(
            || "none is old".to_owned(),
            |age| format!("the oldest for {age} s")
        ),
        spool["bytes"],
        spool["first_seq"],
        spool["next_seq"].as_u64().unwrap_or(1).saturating_sub(1),
        spool["epoch"],
        spool["acked"],
    ))?;
    if let Some(fault) = spool["fault"].as_str() {
        say(&format!(
            "{} more are held in memory: {fault}",
            spool["held_in_memory"]
        ))?;
    }
    Ok(())
}

fn cameras(data: &Path) -> anyhow::Result<()> {
    let answer = health::ask(&health::status_socket(data))?;
    let status: Value = serde_json::from_str(&answer).context("reading the agent's answer")?;
    for camera in status["cameras"].as_array().into_iter().flatten() {
        say(&format!(
            "{} / {}: {} {:.1} fps, {:.1} looked at ({} wanted, {} allowed; set by {}), last frame {} ms ago, {} frames, {} replaced, {} without motion, {} unreadable {}",
            camera["gate"].as_str().unwrap_or_default(),
            camera["name"].as_str().unwrap_or_default(),
            camera["state"].as_str().unwrap_or("starting"),
            camera["fps"].as_f64().unwrap_or_default(),
            camera["looked_fps"].as_f64().unwrap_or_default(),
            camera["wanted_fps"],
            camera["allowed_fps"],
            camera["set_by"].as_str().unwrap_or("edge.toml"),
            camera["last_frame_age_ms"],
            camera["frames"],
            camera["replaced"],
            camera["skipped"],
            camera["unreadable"],
            camera["why"].as_str().unwrap_or_default(),
        ))?;
    }
    Ok(())
}

/// Prints each edge of each input until it is interrupted.
async fn wiring(config: &Config) -> anyhow::Result<()> {
    let clock = Clock::System;
    let mut wires = Vec::new();
    for (key, gate) in &config.gates {
        let inputs = gpio::open_inputs(&gate.pins, &clock)
            .with_context(|| format!("opening the inputs of gates.{key}"))?;
        for (name, input) in inputs {
            say(&format!("{key}/{name}: watching"))?;
            wires.push((format!("{key}/{name}"), input, Debounce::new(gate.debounce)));
        }
    }
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    loop {
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => return stopped.context("waiting for the interrupt"),
            _ = tick.tick() => {}
        }
        for (name, input, debounce) in &mut wires {
            let raw = input
                .is_active()
                .with_context(|| format!("reading {name}"))?;
            if let Some(active) = debounce.take(clock.monotonic(), raw) {
                let level = if active { "active" } else { "inactive" };
                say(&format!("{} {name}: {level}", clock.wall()))?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    /// OP-24.
    #[test]
    fn the_version_is_shown() {
        let version = Cli::command().render_version();
        assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
    }
}
