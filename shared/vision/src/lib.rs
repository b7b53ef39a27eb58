//! Pictures to findings: decodes what a camera sent, finds the plates in it, reads them, and tells their vehicles' looks.
//!
//! The only home of candle. Callers hand in bytes or pixels and get plain values of the contract back. What holds here:
//! - No size that a file claims is believed before it is checked, and half a picture is an error, never a grey half.
//! - A model whose hash is not the one in `models.toml` is not used.
//! - All work runs in a thread pool of the [`Recogniser`], never in one that others share.
//! - The pre-processing is the one the networks were trained with, `scripts/train/networks.py` describes it.

mod crop;
mod detector;
mod grey;
mod jpeg;
mod lanes;
mod layers;
mod models;
mod picture;
mod reader;
mod recogniser;
mod spelling;
#[cfg(feature = "stages")]
mod stages;
mod syntax;
mod vehicle;

pub use detector::Detail;
pub use grey::Grey;
pub use models::ModelError;
pub use models::ModelInfo;
pub use models::list_models;
pub use picture::Colours;
pub use picture::LONGEST_FILE;
pub use picture::MOST_PIXELS;
pub use picture::Picture;
pub use picture::PictureError;
pub use recogniser::Recogniser;
pub use recogniser::Recognition;
pub use recogniser::Unread;
#[cfg(feature = "stages")]
pub use stages::Scaled;
pub use vehicle::Look;
