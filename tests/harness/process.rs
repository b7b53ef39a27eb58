//! A program under test: its output kept line by line, killed when dropped.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncRead;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::Command;

use crate::wait_for;

/// A running program.
pub struct Process {
    name: String,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

/// Where the programs lie: beside the one that runs.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let me = std::env::current_exe().context("finding the running program")?;
    let found = me
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.with_context(|| format!("{name} is not built: run `cargo build --workspace` first"))
}

impl Process {
    /// Starts a program with its output kept.
    pub fn start(
        name: &str,
        arguments: &[&str],
        folder: &Path,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(program(name)?)
            .args(arguments)
            .current_dir(folder)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        if let Some(output) = child.stdout.take() {
            keep(output, Arc::clone(&lines));
        }
        if let Some(output) = child.stderr.take() {
            keep(output, Arc::clone(&lines));
        }
        Ok(Self {
            name: name.to_owned(),
            child,
            lines,
        })
    }

    /// The first line that `choose` takes, from those printed already or later.
    pub async fn line<T>(
        &mut self,
        what: &str,
        limit: Duration,
        choose: impl Fn(&str) -> Option<T>,
    ) -> anyhow::Result<T> {
        let lines = Arc::clone(&self.lines);
        let search = || {
            let found = lines
                .lock()
                .ok()
                .and_then(|lines| lines.iter().find_map(|line| choose(line)));
            async move { found }
        };
        let name = self.name.clone();
        let waited = wait_for(what, limit, search);
        tokio::select! {
            found = waited => found.with_context(|| format!("{name} printed:\n{}", self.output())),
            status = self.child.wait() => bail!("{name} ended ({:?}) before {what}:\n{}", status, self.output()),
        }
    }

    /// Everything printed so far.
    pub fn output(&self) -> String {
        self.lines
            .lock()
            .map(|lines| lines.join("\n"))
            .unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub async fn ended(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!(
                "{} did not end within {} s:\n{}",
                self.name,
                limit.as_secs(),
                self.output()
            ),
        }
    }

    /// `kill -9`.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child
            .kill()
            .await
            .with_context(|| format!("killing {}", self.name))
    }

    /// Asks it to stop, as systemd would, and waits.
    pub async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        if let Some(id) = self.child.id() {
            let asked = Command::new("kill")
                .args(["-TERM", &id.to_string()])
                .status()
                .await?;
            anyhow::ensure!(asked.success(), "asking {} to stop", self.name);
        }
        self.ended(Duration::from_secs(30)).await
    }
}

/// Runs a program to its end and gives what it printed; fails if it failed.
pub async fn run(name: &str, arguments: &[&str], folder: &Path) -> anyhow::Result<String> {
    run_with(name, arguments, folder, "").await
}

/// Runs a program with a line of input.
pub async fn run_with(
    name: &str,
    arguments: &[&str],
    folder: &Path,
    input: &str,
) -> anyhow::Result<String> {
    let mut child = Command::new(program(name)?)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    if let Some(mut pipe) = child.stdin.take() {
        // A program that needs no input may have closed it.
        let _ = pipe.write_all(format!("{input}\n").as_bytes()).await;
    }
    let output = child
        .wait_with_output()
        .await
        .with_context(|| format!("running {name}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!(
            "{name} {} failed: {printed}{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(printed)
}

#[expect(
    clippy::disallowed_methods,
    reason = "these tasks end with the program whose output they read"
)]
fn keep(output: impl AsyncRead + Unpin + Send + 'static, lines: Arc<Mutex<Vec<String>>>) {
    tokio::spawn(async move {
        let mut reader = BufReader::new(output).lines();
        while let Ok(Some(line)) = reader.next_line().await {
            if let Ok(mut lines) = lines.lock() {
                lines.push(line);
            }
        }
    });
}
