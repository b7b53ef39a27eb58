//! Pictures that prove what a gate saw: their bytes on disk, and the table that says which passage each belongs to.
//!
//! Used by the doors (an edge delivers, a console looks) and by `parking` (a judged passage names its pictures).
//! Invariants: a file is named by the SHA-256 of its bytes in hex and by nothing else, so no name from outside ever
//! becomes a path; a file is on disk for good before a row says `stored`; a row says `expired` before its file goes;
//! a file that another living row needs is never removed; every query carries the organisation.

mod expire;
mod files;
mod pictures;
mod shown;

pub use expire::Expired;
pub use expire::expire_due;
pub use files::Evidence;
pub use files::EvidenceError;
pub use pictures::DEFAULT_RETENTION_DAYS;
pub use pictures::Picture;
pub use pictures::PictureStage;
pub use pictures::expect;
pub use pictures::find_picture;
pub use pictures::kind_word;
pub use pictures::list_pictures;
pub use pictures::load_retention;
pub use pictures::mark_stored;
pub use pictures::picture_stage;
pub use pictures::read_kind;
pub use pictures::set_retention;
pub use shown::ShownError;
pub use shown::show;

use serde::Deserialize;
use serde::Serialize;

/// The section `[evidence]` of hub.toml. How long pictures are kept is data of the organisation, not config.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The largest picture that is taken in, in bytes.
    pub largest_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            largest_bytes: 16 * 1024 * 1024,
        }
    }
}

#[cfg(test)]
mod tests;
