//! Shows the main job on this machine: a hub and an edge on loopback, scripted pins, and pictures that play.

use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use harness::drive::Drive;
use harness::edge::Edge;
use harness::edge::Pictures;
use harness::edge::Progress;
use harness::hub::Hub;

/// Gatewarden's demonstration.
#[derive(Debug, Parser)]
struct Arguments {
    /// The repository.
    #[arg(long)]
    root: PathBuf,
    /// A folder of photographs to play, one passage a picture, in place of the rendered drive.
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// End when the hub has acknowledged everything.
    #[arg(long)]
    once: bool,
    /// The console's port; 0 takes a free one.
    #[arg(long, default_value_t = 8443)]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    match demonstrate(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if even that fails.
            let _ = writeln!(std::io::stderr(), "demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demonstrate(arguments: &Arguments) -> anyhow::Result<()> {
    let root = arguments
        .root
        .canonicalize()
        .context("finding the repository")?;
    let folder = root.join(".demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("clearing the last demonstration")?;
    }
    let drive = Drive::load(&root)?;
    let pictures = match &arguments.pictures {
        None => Pictures::drive(&drive)?,
        Some(folder) => Pictures::photographs(
            &folder
                .canonicalize()
                .with_context(|| format!("finding {}", folder.display()))?,
        )?,
    };

    let mut hub = Hub::new(&folder.join("hub"), arguments.port)?;
    std::fs::write(folder.join("permits.csv"), drive.permits_csv())
        .context("writing the permits")?;
    let code = provision(&hub, &folder.join("permits.csv")).await?;
    hub.start(None).await?;
    let token = hub.set_up_token().await?;
    say(&format!(
        "The hub runs. {} permits are in its book.",
        drive.permits.len()
    ))?;

    let mut edge = Edge::new(&folder.join("edge"), &root, "Main entrance", &pictures)?;
    edge.enrol(&hub.link_address(), &code).await?;
    edge.start(None).await?;
    say("The edge is enrolled, and its gate is watching.")?;
    say(&format!(
        "\n  Console      {}\n  Set-up link  {}/setup#token={token}\n",
        hub.address(),
        hub.address()
    ))?;
    say("The browser will warn of a certificate that it does not know: the hub made it itself.\n")?;

    if arguments.once {
        let progress = until_done(&mut edge, pictures.count).await?;
        let line = summary(&hub, &mut edge, &progress).await?;
        edge.stop().await?;
        hub.stop().await?;
        return say(&line);
    }
    let watching = async {
        let progress = until_done(&mut edge, pictures.count).await?;
        say(&summary(&hub, &mut edge, &progress).await?)?;
        say("All pictures have played. Hub and edge go on running; end them with Ctrl-C.")?;
        std::future::pending::<anyhow::Result<()>>().await
    };
    tokio::select! {
        ended = watching => ended?,
        signal = tokio::signal::ctrl_c() => signal.context("waiting for Ctrl-C")?,
    }
    say("\nStopping.")?;
    edge.stop().await?;
    hub.stop().await
}

/// Makes the organisation, its site, its permits and an enrolment before the hub starts; gives the enrolment's code.
async fn provision(hub: &Hub, permits: &Path) -> anyhow::Result<String> {
    let permits = permits.to_string_lossy();
    let arguments = [
        "provision",
        "--organisation",
        "Town of Ribera",
        "--site",
        "Depot",
        "--time-zone",
        "Europe/Madrid",
        "--permits",
        &permits,
        "--edge",
        "gate-pi",
        "--gate",
        "Main entrance:entry",
    ];
    let printed = hub.command(&arguments).await?;
    let line = printed
        .lines()
        .find_map(|line| line.strip_prefix("enrolment code:"));
    Ok(line
        .context("provisioning prints an enrolment code")?
        .trim()
        .to_owned())
}

/// Shows how far it is until all pictures have played and the hub has everything.
async fn until_done(edge: &mut Edge, pictures: u64) -> anyhow::Result<Progress> {
    let terminal = std::io::stdout().is_terminal();
    let mut last = String::new();
    loop {
        let progress = edge.progress().await?;
        let line = format!(
            "  {} of {pictures} pictures, {} passages, {} opened, {} denied, {} events waiting for the hub, {} pictures to send",
            progress.pictures,
            progress.passages,
            progress.opened,
            progress.denied,
            progress.waiting,
            progress.evidence_pending,
        );
        if terminal {
            let mut out = std::io::stdout().lock();
            write!(out, "\r{line:<110}")?;
            out.flush()?;
        } else if line != last && (progress.is_done() || progress.pictures % 10 == 0) {
            say(&line)?;
        }
        last = line;
        if progress.is_done() {
            if terminal {
                say("")?;
            }
            return Ok(progress);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

async fn summary(hub: &Hub, edge: &mut Edge, progress: &Progress) -> anyhow::Result<String> {
    let at_hub = hub.events_held().await?;
    let at_edge = edge.progress().await?.events;
    anyhow::ensure!(
        at_hub <= at_edge,
        "the hub holds {at_hub} events of {at_edge}: some of them twice"
    );
    Ok(format!(
        "{} pictures, {} passages, {} opened, {} denied, {at_edge} events at the edge, {at_hub} at the hub, {} missing",
        progress.pictures,
        progress.passages,
        progress.opened,
        progress.denied,
        at_edge.saturating_sub(at_hub),
    ))
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("writing to the terminal")
}
