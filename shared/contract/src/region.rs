//! Regions: where a plate was issued, as far as the reader can tell from its looks.

use minicbor::Decode;
use minicbor::Encode;
use serde::Deserialize;
use serde::Serialize;

/// A guess at the region whose plates look like this one.
#[derive(Clone, Debug, PartialEq, Encode, Decode, Serialize, Deserialize)]
pub struct Region {
    /// The region in lower case: a country's ISO 3166 code, with what tells its layouts apart after a dash: `de`,
    /// `gb`, `us`, `br`, `br-mercosur`. A code that a program does not know counts as no guess.
    #[n(0)]
    pub code: String,
    /// How sure the reader is, 0 to 1.
    #[n(1)]
    pub confidence: f32,
}
