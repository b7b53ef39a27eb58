//! An edge under test: its folder, its process, what its status says, what its arm did.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use crate::drive::Drive;
use crate::process::Process;
use crate::process::run;
use crate::process::run_with;
use crate::wait_for;

/// How long a program may take to start: machines that build at the same time are slow.
const STARTING: Duration = Duration::from_secs(60);

/// What the edge's camera plays.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// Where they lie.
    pub folder: PathBuf,
    /// How many there are.
    pub count: u64,
    /// How they become passages: `frames` or `each_picture`.
    pub join: &'static str,
    /// The time between two of them.
    pub pace: Duration,
    /// The lines of another camera's section, instead of a folder's.
    pub camera: Option<String>,
}

impl Pictures {
    /// The rendered drive: frames join.
    pub fn drive(drive: &Drive) -> anyhow::Result<Self> {
        let pace = Duration::from_secs_f64(1.0 / drive.frames_per_second);
        Ok(Self {
            count: count(&drive.folder)?,
            folder: drive.folder.clone(),
            join: "frames",
            pace,
            camera: None,
        })
    }

    /// Photographs: each is a passage.
    pub fn photographs(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            count: count(folder)?,
            folder: folder.to_owned(),
            join: "each_picture",
            pace: Duration::ZERO,
            camera: None,
        })
    }
}

fn count(folder: &Path) -> anyhow::Result<u64> {
    let mut count = 0;
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?
    {
        let path = entry?.path();
        let kind = path
            .extension()
            .map(|kind| kind.to_string_lossy().to_lowercase());
        count += u64::from(
            kind.is_some_and(|kind| matches!(kind.as_str(), "jpg" | "jpeg" | "png" | "bmp")),
        );
    }
    anyhow::ensure!(
        count > 0,
        "{} holds no JPEG, PNG or BMP picture",
        folder.display()
    );
    Ok(count)
}

/// How far an edge is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pictures that its cameras gave.
    pub pictures: u64,
    /// Whether all cameras have come to their end.
    pub ended: bool,
    /// Passages judged.
    pub passages: u64,
    /// Of these, opened.
    pub opened: u64,
    /// Of these, denied or left to a person.
    pub denied: u64,
    /// Events in the spool.
    pub events: u64,
    /// Events that the hub has not acknowledged.
    pub waiting: u64,
    /// Pictures that the hub does not have yet.
    pub evidence_pending: u64,
}

impl Progress {
    /// Whether everything has played and the hub has it all.
    pub fn is_done(&self) -> bool {
        self.ended && self.waiting == 0 && self.evidence_pending == 0
    }
}

/// An edge with a folder of its own and scripted pins.
pub struct Edge {
    folder: PathBuf,
    process: Option<Process>,
}

impl Edge {
    /// Prepares an edge with one gate in `folder`, with models from the repository at `root`.
    pub fn new(
        folder: &Path,
        root: &Path,
        gate: &str,
        pictures: &Pictures,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).context("making the edge's folder")?;
        let edge = Self {
            folder: folder.to_owned(),
            process: None,
        };
        let camera = pictures.camera.clone().unwrap_or_else(|| {
            let pace = pictures.pace.as_millis();
            format!(
                "kind = \"folder\"\npath = {:?}\npace = \"{pace}ms\"\n",
                pictures.folder
            )
        });
        let config = format!(
            "data = {data:?}\nmodels = {models:?}\n\n\
             [gates.main]\nname = {gate:?}\ndirection = \"entry\"\njoin = \"{join}\"\nhold_open = \"2s\"\ntravel = \"300ms\"\n\n\
             [gates.main.pins]\nkind = \"fake\"\nmoves = {moves:?}\ninputs = [\"loop\", \"safety\"]\nscript = {script:?}\n\n\
             [gates.main.cameras.front]\n{camera}",
            data = edge.data(),
            models = root.join("models"),
            join = pictures.join,
            moves = edge.moves_file(),
            script = edge.script_file(),
        );
        std::fs::write(folder.join("edge.toml"), config)
            .context("writing the edge's configuration")?;
        Ok(edge)
    }

    /// The edge's data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where the scripted arm writes its moves.
    pub fn moves_file(&self) -> PathBuf {
        self.folder.join("moves.jsonl")
    }

    /// Where the scripted inputs take their levels from.
    pub fn script_file(&self) -> PathBuf {
        self.folder.join("inputs.json")
    }

    /// Runs a subcommand and gives what it printed.
    pub async fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut all = arguments.to_vec();
        all.extend(["--config", "edge.toml"]);
        run("edge-agent", &all, &self.folder).await
    }

    /// Enrols it with a hub.
    pub async fn enrol(&self, hub: &str, code: &str) -> anyhow::Result<()> {
        let arguments = ["enrol", "--hub", hub, "--config", "edge.toml"];
        run_with("edge-agent", &arguments, &self.folder, code)
            .await
            .map(drop)
    }

    /// Starts it.
    pub async fn start(&mut self, fault: Option<&str>) -> anyhow::Result<()> {
        let environment: Vec<(&str, &str)> = fault
            .map(|fault| ("GATEWARDEN_FAULT", fault))
            .into_iter()
            .collect();
        self.start_in(&environment, fault.is_none()).await
    }

    /// Starts it with a folder of passwords, as systemd does.
    pub async fn start_with_credentials(&mut self, folder: &Path) -> anyhow::Result<()> {
        let folder = folder.to_string_lossy();
        self.start_in(&[("CREDENTIALS_DIRECTORY", &folder)], true)
            .await
    }

    async fn start_in(&mut self, environment: &[(&str, &str)], lives: bool) -> anyhow::Result<()> {
        let process = Process::start(
            "edge-agent",
            &["run", "--config", "edge.toml"],
            &self.folder,
            environment,
        )?;
        self.process = Some(process);
        if lives {
            wait_for("the edge's status", STARTING, || async {
                self.status().await.ok()
            })
            .await?;
        }
        Ok(())
    }

    /// The process, while it runs.
    pub fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process.as_mut().context("the edge does not run")
    }

    /// What its status socket says.
    pub async fn status(&self) -> anyhow::Result<Value> {
        let printed = self.command(&["status", "--json"]).await?;
        serde_json::from_str(&printed).with_context(|| format!("reading a status: {printed}"))
    }

    /// How far it is.
    pub async fn progress(&mut self) -> anyhow::Result<Progress> {
        let status = match self.status().await {
            Ok(status) => status,
            Err(error) => {
                let process = self.process()?;
                anyhow::ensure!(
                    process.is_running(),
                    "the edge ended:\n{}",
                    process.output()
                );
                return Err(error);
            }
        };
        let sum = |list: &str, key: &str| -> u64 {
            status[list]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|item| item[key].as_u64())
                .sum()
        };
        let spool = &status["spool"];
        let number = |value: &Value, what: &str| {
            value
                .as_u64()
                .with_context(|| format!("the status has no {what}"))
        };
        Ok(Progress {
            pictures: sum("cameras", "frames"),
            ended: cameras_ended(&status),
            passages: sum("gates", "passages"),
            opened: sum("gates", "opened"),
            denied: sum("gates", "denied") + sum("gates", "asked"),
            events: number(&spool["next_seq"], "spool.next_seq")? - 1,
            waiting: number(&spool["waiting"], "spool.waiting")?,
            evidence_pending: number(&status["evidence"]["pending"], "evidence.pending")?,
        })
    }

    /// Waits until everything has played and the hub has it all.
    pub async fn done(&mut self, limit: Duration) -> anyhow::Result<Progress> {
        let waiting = async {
            loop {
                let progress = self.progress().await?;
                if progress.is_done() {
                    return anyhow::Ok(progress);
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        match tokio::time::timeout(limit, waiting).await {
            Ok(progress) => progress,
            Err(_) => {
                let last = self.progress().await;
                let output = self.process()?.output();
                anyhow::bail!(
                    "the edge did not come to its end within {} s: {last:?}\n{output}",
                    limit.as_secs()
                )
            }
        }
    }

    /// The moves of the scripted arm, in order: `open`, `close`.
    pub fn moves(&self) -> anyhow::Result<Vec<String>> {
        let Ok(text) = std::fs::read_to_string(self.moves_file()) else {
            return Ok(Vec::new());
        };
        text.lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line)
                    .with_context(|| format!("reading a move: {line}"))?;
                Ok(line["action"]
                    .as_str()
                    .context("a move has a name")?
                    .to_owned())
            })
            .collect()
    }

    /// Sets the levels of the scripted inputs.
    pub fn set_inputs(&self, levels: &Value) -> anyhow::Result<()> {
        // Renamed into place, so that the agent never reads half a file.
        let fresh = self.folder.join("inputs.new");
        std::fs::write(&fresh, levels.to_string())?;
        std::fs::rename(&fresh, self.script_file()).context("setting the inputs")
    }

    /// Asks the edge to stop and waits.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            let status = process.stop().await?;
            anyhow::ensure!(
                status.success(),
                "the edge stopped with {status}:\n{}",
                process.output()
            );
        }
        Ok(())
    }
}

/// Whether a status tells of cameras, and all of them have come to their end.
pub fn cameras_ended(status: &Value) -> bool {
    status["cameras"]
        .as_array()
        .is_some_and(|all| !all.is_empty() && all.iter().all(|camera| camera["ended"] == true))
}
