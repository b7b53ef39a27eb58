//! The harness: starts real hubs and real edges as processes, and talks to them as people and cameras would.
//!
//! Used by the tests of this crate and by the demo. Every wait has a limit and waits for the thing itself.

pub mod api;
pub mod drive;
pub mod edge;
pub mod hub;
pub mod process;
pub mod record;
pub mod rtsp;
pub mod stage;

use std::future::Future;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// Asks again and again until the answer is there, or fails naming what was waited for.
pub async fn wait_for<T, F, Fut>(what: &str, limit: Duration, mut ask: F) -> anyhow::Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(limit, asking).await {
        Ok(answer) => Ok(answer),
        Err(_) => bail!("waited {} s in vain for {what}", limit.as_secs()),
    }
}
