//! The models on disk: `models.toml` names each with its file and hash, and nothing is loaded that does not match.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use candle_core::DType;
use candle_core::Device;
use serde::Deserialize;
use sha2::Digest;
use sha2::Sha256;

use crate::layers::Weights;

/// The list's file name.
const LIST: &str = "models.toml";
/// The most bytes that a list or a weights file may have.
const LONGEST_LIST: u64 = 256 << 10;
const LONGEST_WEIGHTS: u64 = 256 << 20;

/// Why a model can't be used. Names the model's file and the reason.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The list can't be read.
    #[error("reading the list of models {path}: {why}")]
    List {
        /// The list.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The list lacks a model that is needed.
    #[error("the list of models {path} has no model {name:?}")]
    NotListed {
        /// The list.
        path: PathBuf,
        /// What is missing.
        name: String,
    },
    /// The weights can't be read.
    #[error("reading the weights {path} of {name}: {why}")]
    File {
        /// The model.
        name: String,
        /// Its weights.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The weights are not those that the list promises.
    #[error("the weights {path} of {name} have the SHA-256 {found}; the list promises {promised}")]
    Hash {
        /// The model.
        name: String,
        /// Its weights.
        path: PathBuf,
        /// The file's hash.
        found: String,
        /// The list's hash.
        promised: String,
    },
    /// The weights are not those of this network.
    #[error("the weights {path} of {name} do not fit: {why}")]
    Weights {
        /// The model.
        name: String,
        /// Its weights.
        path: PathBuf,
        /// What is missing or has another shape.
        why: String,
    },
    /// The machine gives no threads or memory for it.
    #[error("running {name}: {why}")]
    Run {
        /// The model, or `recogniser` for all.
        name: String,
        /// What failed.
        why: String,
    },
}

impl ModelError {
    /// The model that can't be used; none if the whole list can't.
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::List { .. } => None,
            Self::NotListed { name, .. }
            | Self::File { name, .. }
            | Self::Hash { name, .. }
            | Self::Weights { name, .. }
            | Self::Run { name, .. } => Some(name),
        }
    }
}

/// What a list says about a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// Its name: `plate-detector`, `plate-reader`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its weights, in lower-case hex.
    pub sha256: String,
    /// Its input: width x height, or the long side.
    pub input: String,
    /// What it tells apart.
    pub classes: String,
}

impl ModelInfo {
    /// `name@version`, as events carry it.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// Returns what the list in `folder` says, without reading any weights: what a hub is told when loading fails.
pub fn list_models(folder: &Path) -> Result<Vec<ModelInfo>, ModelError> {
    Ok(read_list(folder)?.iter().map(Entry::info).collect())
}

/// One entry of the list: which file, and how its network is to be fed.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Entry {
    name: String,
    version: String,
    file: String,
    sha256: String,
    input: String,
    #[serde(flatten)]
    task: Task,
}

/// What a network is for, with the numbers that its training fixed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub(crate) enum Task {
    /// Finds plates.
    DetectPlate {
        /// Frames are scaled so that their longer side has so many pixels.
        long_side: usize,
        /// The same for the coarse pass that finds near plates; 0: there is none.
        #[serde(default)]
        near_long_side: usize,
        /// Then padded to a multiple of this.
        pad_multiple: usize,
        /// Pixels that an output cell stands for.
        stride: usize,
        /// The least sureness of what is looked at closely; as `threshold` if left out.
        #[serde(default)]
        candidate: Option<f32>,
        /// The least sureness of a plate.
        threshold: f32,
        /// Plates that overlap more than this are the same.
        nms_iou: f32,
        /// Columns and rows of the close look at each candidate; `[0, 0]`: there is none.
        #[serde(default)]
        close_look: [usize; 2],
        /// The most that a plate fills of it, across and down.
        #[serde(default)]
        close_plate: [f32; 2],
    },
    /// Reads plates.
    ReadPlate {
        /// The size of a rectified plate.
        width: usize,
        /// The size of a rectified plate.
        height: usize,
        /// From left to right.
        steps: usize,
        /// The classes after the blank.
        alphabet: String,
        /// The blank's class.
        blank: usize,
        /// The margin around the plate, as a part of its width.
        margin_x: f32,
        /// And of its height.
        margin_y: f32,
        /// The part of a plate's height that each of its two rows gets.
        row_share: f32,
        /// The regions that it tells apart, separated by spaces.
        regions: String,
    },
    /// Tells a vehicle's type.
    VehicleType {
        /// It sees a square of so many pixels a side.
        side: usize,
        /// The classes in their order.
        classes: Vec<String>,
        /// How wide the squares around a plate are.
        metres: Vec<f32>,
        /// How far their middle lies over the plate's, as a part of their side.
        above: f32,
        /// Logits are divided by this.
        temperature: f32,
        /// A type less sure than this is not told.
        told: f32,
    },
    /// Tells a vehicle's colour.
    VehicleColour {
        /// It sees a square of so many pixels a side.
        side: usize,
        /// The colours in their order.
        colours: Vec<String>,
        /// How wide the square around a plate is.
        metres: f32,
        /// How far its middle lies over the plate's, as a part of its side.
        above: f32,
        /// Logits are divided by this.
        temperature: f32,
        /// A colour less sure than this is not told.
        told: f32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    model: Vec<Entry>,
}

impl Entry {
    pub(crate) fn info(&self) -> ModelInfo {
        let (input, classes) = match &self.task {
            Task::DetectPlate { long_side, .. } => (
                format!("{}, long side {long_side}", self.input),
                "plate".to_owned(),
            ),
            Task::ReadPlate {
                width,
                height,
                alphabet,
                ..
            } => (
                format!("{}, {width} x {height}", self.input),
                alphabet.clone(),
            ),
            Task::VehicleType { side, classes, .. } => (
                format!("{}, {side} x {side}", self.input),
                classes.join(" "),
            ),
            Task::VehicleColour { side, colours, .. } => (
                format!("{}, {side} x {side}", self.input),
                colours.join(" "),
            ),
        };
        ModelInfo {
            name: self.name.clone(),
            version: self.version.clone(),
            sha256: self.sha256.to_ascii_lowercase(),
            input,
            classes,
        }
    }

    pub(crate) fn task(&self) -> &Task {
        &self.task
    }
}

/// The entries of the list in `folder`.
pub(crate) fn read_list(folder: &Path) -> Result<Vec<Entry>, ModelError> {
    let path = folder.join(LIST);
    let fault = |why: String| ModelError::List {
        path: path.clone(),
        why,
    };
    let bytes = read_whole(&path, LONGEST_LIST).map_err(fault)?;
    let text = String::from_utf8(bytes).map_err(|_| fault("it is not UTF-8".to_owned()))?;
    let list: List = toml::from_str(&text).map_err(|error| fault(error.to_string()))?;
    for entry in &list.model {
        let plain = Path::new(&entry.file).components().count() == 1
            && Path::new(&entry.file).file_name().is_some();
        if !plain {
            return Err(fault(format!(
                "the file of {} must be a plain name in the same folder",
                entry.name
            )));
        }
    }
    Ok(list.model)
}

/// Checks that the weights of the model `name` of a list are there and those that it promises, and keeps nothing of them.
pub(crate) fn check(folder: &Path, list: &[Entry], name: &str) -> Result<(), ModelError> {
    read_checked(folder, list, name).map(drop)
}

/// The entry of the model `name` of a list, and the bytes of its weights, which are those that it promises.
fn read_checked<'list>(
    folder: &Path,
    list: &'list [Entry],
    name: &str,
) -> Result<(&'list Entry, Vec<u8>), ModelError> {
    let entry = list
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| ModelError::NotListed {
            path: folder.join(LIST),
            name: name.to_owned(),
        })?;
    let path = folder.join(&entry.file);
    let bytes = read_whole(&path, LONGEST_WEIGHTS).map_err(|why| ModelError::File {
        name: name.to_owned(),
        path: path.clone(),
        why,
    })?;
    let found = hex(&Sha256::digest(&bytes));
    if !found.eq_ignore_ascii_case(&entry.sha256) {
        return Err(ModelError::Hash {
            name: name.to_owned(),
            path,
            found,
            promised: entry.sha256.clone(),
        });
    }
    Ok((entry, bytes))
}

/// The model `name` of a list: its entry and its network, built by `build` from checked weights.
pub(crate) fn load<N>(
    folder: &Path,
    list: &[Entry],
    name: &str,
    build: impl FnOnce(&Weights, &Entry) -> Result<N, String>,
) -> Result<(ModelInfo, N), ModelError> {
    let (entry, bytes) = read_checked(folder, list, name)?;
    let path = folder.join(&entry.file);
    let misfit = |why: String| ModelError::Weights {
        name: name.to_owned(),
        path: path.clone(),
        why,
    };
    let mut weights = Weights::new();
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
        .map_err(|error| misfit(error.to_string()))?;
    for (name, tensor) in tensors {
        // Files keep half precision, half the size; the CPU computes in single precision.
        let tensor = tensor
            .to_dtype(DType::F32)
            .map_err(|error| misfit(error.to_string()))?;
        weights.insert(name, tensor);
    }
    let network = build(&weights, entry).map_err(misfit)?;
    Ok((entry.info(), network))
}

fn read_whole(path: &Path, longest: u64) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let read = file
        .take(longest + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if read as u64 > longest {
        return Err(format!("it has more than {longest} bytes"));
    }
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
