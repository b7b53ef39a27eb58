//! A stage for a scenario: a hub that is set up, the drive's permits in its book, and an edge that is enrolled.

use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

use crate::api::Api;
use crate::drive::Drive;
use crate::edge::Edge;
use crate::edge::Pictures;
use crate::hub::Hub;
use crate::root;
use crate::wait_for;

/// The administrator's name on the stage.
pub const NAME: &str = "marisol";
/// The administrator's password on the stage.
pub const PASSWORD: &str = "Olive-Tree-42";
/// The gate on the stage.
pub const GATE: &str = "Main entrance";

/// Everything that a scenario needs; the folder goes with it.
pub struct Stage {
    /// The hub; it runs.
    pub hub: Hub,
    /// The administrator.
    pub api: Api,
    /// The edge; enrolled, not started.
    pub edge: Edge,
    /// What plays.
    pub drive: Drive,
    /// The folder of it all.
    pub folder: TempDir,
}

impl Stage {
    /// Sets the stage with the rendered drive.
    pub async fn set() -> anyhow::Result<Self> {
        let drive = Drive::load(&root())?;
        let pictures = Pictures::drive(&drive)?;
        Self::set_with(drive, &pictures).await
    }

    /// Sets the stage with other pictures before the same permits.
    pub async fn set_with(drive: Drive, pictures: &Pictures) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("making a folder")?;
        let mut hub = Hub::new(&folder.path().join("hub"), 0)?;
        hub.start(None).await?;
        let token = hub.set_up_token().await?;
        let mut api = hub.api()?;
        api.set_up(&token, NAME, PASSWORD).await?;
        let imported = api.import_permits(&drive.permits_csv()).await?;
        anyhow::ensure!(
            imported["created"] == drive.permits.len(),
            "the import said {imported}"
        );
        let code = hub.enrolment_code(&api, GATE, "entry").await?;
        let edge = Edge::new(&folder.path().join("edge"), &root(), GATE, pictures)?;
        edge.enrol(&hub.link_address(), &code).await?;
        Ok(Self {
            hub,
            api,
            edge,
            drive,
            folder,
        })
    }

    /// Lets the edge fetch the permit book, and stops it: from then on it judges without a hub.
    pub async fn hand_over_book(&mut self) -> anyhow::Result<()> {
        self.edge.start(None).await?;
        let edge = &self.edge;
        wait_for(
            "the permit book at the edge",
            Duration::from_secs(60),
            || async {
                let status = edge.status().await.ok()?;
                (status["book"]["permits"].as_u64()? > 0).then_some(())
            },
        )
        .await?;
        self.edge.stop().await
    }

    /// Logs in again, after the hub was started anew.
    pub async fn log_in_again(&mut self) -> anyhow::Result<()> {
        self.api = self.hub.api()?;
        self.api.log_in(NAME, PASSWORD).await
    }
}
