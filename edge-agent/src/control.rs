//! What may be changed while the agent runs: one line of JSON on a socket in the data folder, one line as the answer.
//!
//! Only the agent's user may write to it (mode 0600). A change holds until the agent stops or the hub sets the camera anew;
//! the hub's settings, or those of the file, say what holds after the next start.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use serde::Deserialize;
use serde::Serialize;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use tracing::info;

use crate::gate::Controls;

/// The longest line that is read, in bytes.
const LONGEST: u64 = 4096;
/// How long an asker may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// What to change.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "set", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// How many frames a second of a camera are looked at.
    Fps {
        /// The gate's name.
        gate: String,
        /// The camera's name in the gate's section.
        camera: String,
        /// 1 to 15.
        fps: u8,
    },
}

#[derive(Debug, Deserialize, Serialize)]
struct Answer {
    done: bool,
    why: String,
}

/// The cameras of each gate by its name.
pub type Gates = BTreeMap<String, Controls>;

/// The socket that takes changes, under the data folder.
pub fn socket(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// Takes changes until it is cancelled.
pub async fn serve(listener: UnixListener, gates: Gates, cancel: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = cancel.cancelled() => return,
            Ok((stream, _)) = listener.accept() => stream,
            else => return,
        };
        match tokio::time::timeout(PATIENCE, answer(stream, &gates)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!("an asker went away: {error}"),
            Err(_) => debug!("an asker was too slow"),
        }
    }
}

async fn answer(mut stream: tokio::net::UnixStream, gates: &Gates) -> std::io::Result<()> {
    let (from, mut to) = stream.split();
    let mut line = String::new();
    tokio::io::BufReader::new(from.take(LONGEST))
        .read_line(&mut line)
        .await?;
    let answer = match change(&line, gates) {
        Ok(()) => Answer {
            done: true,
            why: String::new(),
        },
        Err(why) => Answer { done: false, why },
    };
    let text = serde_json::to_string(&answer)?;
    to.write_all(text.as_bytes()).await?;
    to.write_all(b"\n").await?;
    to.shutdown().await
}

/// Carries out one line. An error says what is allowed.
fn change(line: &str, gates: &Gates) -> Result<(), String> {
    let change: Change = serde_json::from_str(line).map_err(|error| error.to_string())?;
    match change {
        Change::Fps { gate, camera, fps } => {
            let names = |names: Vec<&String>| format!("{names:?}");
            let cameras = gates.get(&gate).ok_or_else(|| {
                let known = names(gates.keys().collect());
                format!("gate: {gate:?} is none of {known}")
            })?;
            let control = cameras.get(&camera).ok_or_else(|| {
                let known = names(cameras.keys().collect());
                format!("camera: {camera:?} is none of {known}")
            })?;
            control
                .rate()
                .set(fps)
                .map_err(|why| format!("fps: {why}"))?;
            info!(
                gate,
                camera, fps, "camera {camera} of gate {gate} is looked at {fps} times a second"
            );
            Ok(())
        }
    }
}

/// Tells a running agent to change something.
pub fn tell(socket: &Path, change: &Change) -> anyhow::Result<()> {
    let mut stream = UnixStream::connect(socket)
        .with_context(|| format!("asking the agent at {}: is it running?", socket.display()))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut line = serde_json::to_string(change).context("writing the change")?;
    line.push('\n');
    stream
        .write_all(line.as_bytes())
        .context("telling the agent")?;
    let mut text = String::new();
    BufReader::new(stream)
        .read_line(&mut text)
        .context("reading the agent's answer")?;
    let answer: Answer = serde_json::from_str(&text).context("reading the agent's answer")?;
    if !answer.done {
        bail!("the agent refuses: {}", answer.why);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::camera::Ceiling;
    use crate::camera::Control;
    use crate::camera::Mount;

    fn gates() -> Gates {
        let mount: Mount = toml::from_str("kind = \"folder\"\npath = \"/nowhere\"").unwrap();
        let control = Control::new(&mount, &Ceiling::default());
        let cameras = Controls::from([("front".to_owned(), control)]);
        Gates::from([("North entry".to_owned(), cameras)])
    }

    /// GR-05
    #[tokio::test]
    async fn a_camera_is_looked_at_as_often_as_a_technician_says_without_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let socket = socket(folder.path());
        let listener = crate::health::bind(&socket).unwrap();
        let (gates, cancel) = (gates(), CancellationToken::new());
        let rate = gates["North entry"]["front"].rate().clone();
        let serving =
            tokio_util::task::TaskTracker::new().spawn(serve(listener, gates, cancel.clone()));
        let set = |fps| {
            let change = Change::Fps {
                gate: "North entry".into(),
                camera: "front".into(),
                fps,
            };
            let socket = socket.clone();
            tokio::task::spawn_blocking(move || tell(&socket, &change))
        };
        set(3).await.unwrap().unwrap();
        assert_eq!(rate.allowed(), 3);
        let refused = set(40).await.unwrap().unwrap_err();
        assert!(
            refused.to_string().contains("40 is not from 1 to 15"),
            "{refused:#}"
        );
        assert_eq!(rate.allowed(), 3);
        cancel.cancel();
        serving.await.unwrap();
    }

    #[test]
    fn a_gate_or_camera_that_is_not_there_is_named_with_those_that_are() {
        let line = r#"{"set":"fps","gate":"South","camera":"front","fps":5}"#;
        assert_eq!(
            change(line, &gates()).unwrap_err(),
            "gate: \"South\" is none of [\"North entry\"]"
        );
        let line = r#"{"set":"fps","gate":"North entry","camera":"rear","fps":5}"#;
        assert!(
            change(line, &gates())
                .unwrap_err()
                .contains("is none of [\"front\"]")
        );
    }

    proptest! {
        #[test]
        fn any_line_is_a_change_or_an_error(line in ".{0,200}") {
            prop_assert!(change(&line, &gates()).is_err());
        }
    }
}
