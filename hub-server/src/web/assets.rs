//! The console's files, embedded by build.rs.

/// One file of the console.
pub(super) struct Asset {
    /// Its path below the site.
    pub(super) path: &'static str,
    /// Its bytes.
    pub(super) plain: &'static [u8],
    /// The same, packed with brotli.
    pub(super) brotli: Option<&'static [u8]>,
    /// The same, packed with gzip.
    pub(super) gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Returns the file of this path.
pub(super) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}
