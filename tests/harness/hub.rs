//! A hub under test: its folder, its process, its addresses.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use crate::api::Api;
use crate::process::Process;
use crate::process::run;
use crate::wait_for;

/// How long a program may take to start: machines that build at the same time are slow.
const STARTING: Duration = Duration::from_secs(60);

/// A hub with a folder of its own. It can be started, killed and started again on the same ports.
pub struct Hub {
    /// Its folder: configuration and data.
    pub folder: PathBuf,
    /// The port of the console; 0 until the first start chose one.
    pub https_port: u16,
    /// The port that edges connect to; 0 until the first start chose one.
    pub link_port: u16,
    process: Option<Process>,
}

impl Hub {
    /// Prepares a hub in `folder`, with the console on `port` (0: any free one).
    pub fn new(folder: &Path, port: u16) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).context("making the hub's folder")?;
        let hub = Self {
            folder: folder.to_owned(),
            https_port: port,
            link_port: 0,
            process: None,
        };
        hub.write_config()?;
        Ok(hub)
    }

    fn write_config(&self) -> anyhow::Result<()> {
        let config = format!(
            "data = {:?}\n[web]\nlisten = \"127.0.0.1:{}\"\nredirect = \"off\"\n[link]\nlisten = \"127.0.0.1:{}\"\n",
            self.folder.join("data"),
            self.https_port,
            self.link_port,
        );
        std::fs::write(self.folder.join("hub.toml"), config)
            .context("writing the hub's configuration")
    }

    /// Runs a subcommand of the hub and gives what it printed.
    pub async fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut all = vec!["--config", "hub.toml"];
        all.extend(arguments);
        run("hub-server", &all, &self.folder).await
    }

    /// Starts the hub and waits until it serves. A port of an earlier start may be somebody else's for a moment.
    pub async fn start(&mut self, fault: Option<&str>) -> anyhow::Result<()> {
        let mut tries = 0;
        loop {
            match self.start_once(fault).await {
                Err(error) if tries < 20 && error.to_string().contains("in use") => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                started => return started,
            }
        }
    }

    async fn start_once(&mut self, fault: Option<&str>) -> anyhow::Result<()> {
        let environment: Vec<(&str, &str)> = fault
            .map(|fault| ("GATEWARDEN_FAULT", fault))
            .into_iter()
            .collect();
        let mut process = Process::start(
            "hub-server",
            &["--config", "hub.toml", "run"],
            &self.folder,
            &environment,
        )?;
        let port = |key: &'static str| {
            move |line: &str| {
                let address = line.strip_prefix(key)?.trim().split(' ').next()?;
                address
                    .trim_end_matches('/')
                    .rsplit_once(':')?
                    .1
                    .parse()
                    .ok()
            }
        };
        self.https_port = process
            .line("the console's address", STARTING, port("console:"))
            .await?;
        self.link_port = process
            .line("the link's address", STARTING, port("edges:"))
            .await?;
        self.process = Some(process);
        // The next start takes the same ports, so that edges and consoles find it again.
        self.write_config()
    }

    /// The token of the set-up link that the hub printed.
    pub async fn set_up_token(&mut self) -> anyhow::Result<String> {
        let token = |line: &str| {
            let (_, token) = line.strip_prefix("set-up link")?.split_once("token=")?;
            Some(token.trim().to_owned())
        };
        self.process()?
            .line("the set-up link", STARTING, token)
            .await
    }

    /// Where the console is.
    pub fn address(&self) -> String {
        format!("https://localhost:{}", self.https_port)
    }

    /// Where edges connect to.
    pub fn link_address(&self) -> String {
        format!("127.0.0.1:{}", self.link_port)
    }

    /// The hub's data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Somebody who has not logged in yet.
    pub fn api(&self) -> anyhow::Result<Api> {
        let authority = std::fs::read(self.data().join("authority/certificate.pem"))
            .context("reading the authority")?;
        Api::new(&self.address(), &authority)
    }

    /// The process, while it runs.
    pub fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process.as_mut().context("the hub does not run")
    }

    /// Asks the hub to stop and waits.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            let status = process.stop().await?;
            anyhow::ensure!(
                status.success(),
                "the hub stopped with {status}:\n{}",
                process.output()
            );
        }
        Ok(())
    }

    /// Enrols an edge with one gate; gives the code.
    pub async fn enrolment_code(
        &self,
        api: &Api,
        gate: &str,
        direction: &str,
    ) -> anyhow::Result<String> {
        let body = serde_json::json!({
            "name": format!("edge of {gate}"), "site": null, "gates": [{"name": gate, "direction": direction}],
        });
        let enrolment = api.post("/api/v1/edges/enrolments", body).await?;
        Ok(enrolment["code"]
            .as_str()
            .context("an enrolment has a code")?
            .to_owned())
    }

    /// How many events the hub's database holds.
    pub async fn events_held(&self) -> anyhow::Result<u64> {
        let printed = self.command(&["status"]).await?;
        let status: Value = serde_json::from_str(&printed).context("reading the hub's status")?;
        let streams = status["streams"]
            .as_array()
            .context("a status has streams")?;
        Ok(streams
            .iter()
            .filter_map(|stream| stream["held"].as_u64())
            .sum())
    }

    /// Waits until the hub holds `events` of its only edge.
    pub async fn holds(&self, api: &Api, events: u64, limit: Duration) -> anyhow::Result<Value> {
        wait_for(&format!("{events} events at the hub"), limit, || async {
            let edges = api.get("/api/v1/edges").await.ok()?;
            let edge = edges["items"].get(0)?.clone();
            (edge["events_held"].as_u64()? >= events).then_some(edge)
        })
        .await
    }
}
