//! The rendered drive and its ground truth: `samples/drive/truth.json`.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;

/// What the generator knows about the drive that it rendered.
#[derive(Clone, Debug, Deserialize)]
pub struct Drive {
    /// Where the frames lie.
    #[serde(skip)]
    pub folder: PathBuf,
    /// Frames per second.
    pub frames_per_second: f64,
    /// The cars in the order in which they come.
    pub passages: Vec<Car>,
    /// Who may pass.
    pub permits: Vec<Holder>,
}

/// One car of the drive.
#[derive(Clone, Debug, Deserialize)]
pub struct Car {
    /// Its plate.
    pub plate: String,
    /// Whether it has a permit.
    pub permitted: bool,
}

/// One permit of the drive.
#[derive(Clone, Debug, Deserialize)]
pub struct Holder {
    /// The plate.
    pub plate: String,
    /// Whose it is.
    pub holder: String,
}

impl Drive {
    /// Reads the drive of the repository.
    pub fn load(root: &Path) -> anyhow::Result<Self> {
        let folder = root.join("samples/drive");
        let text = std::fs::read_to_string(folder.join("truth.json"))
            .context("reading the drive's ground truth")?;
        let mut drive: Self =
            serde_json::from_str(&text).context("reading the drive's ground truth")?;
        drive.folder = folder;
        Ok(drive)
    }

    /// The plates that the gate must open for, one entry a passage.
    pub fn permitted(&self) -> Vec<String> {
        self.passages
            .iter()
            .filter(|car| car.permitted)
            .map(|car| car.plate.clone())
            .collect()
    }

    /// The plates that the gate must not open for.
    pub fn refused(&self) -> Vec<String> {
        self.passages
            .iter()
            .filter(|car| !car.permitted)
            .map(|car| car.plate.clone())
            .collect()
    }

    /// The different plates with a permit that come by.
    pub fn permitted_plates(&self) -> BTreeSet<String> {
        self.permitted().into_iter().collect()
    }

    /// The permits as the CSV that the hub takes in.
    pub fn permits_csv(&self) -> String {
        let rows = self
            .permits
            .iter()
            .map(|permit| format!("{},{}\n", permit.plate, permit.holder));
        std::iter::once("plate,holder\n".to_owned())
            .chain(rows)
            .collect()
    }
}
