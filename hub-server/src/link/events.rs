//! The stream of events of one edge: a batch is one transaction, and its acknowledgement follows the commit.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::wire::Batch;
use contract::wire::Message;
use quinn::RecvStream;
use quinn::SendStream;
use tracing::warn;

use crate::faults;
use crate::intake;
use crate::intake::Taken;
use crate::intake::ledger;
use crate::link::session::Input;
use crate::link::session::Output;
use crate::link::shell::LIMIT;
use crate::link::shell::Welcomed;
use crate::store::Priority;
use crate::store::StoreError;

/// The wait before a batch that met a busy store is tried again.
const BUSY_WAIT: Duration = Duration::from_millis(200);

/// Takes batches in until the stream ends.
pub(super) async fn serve(
    welcomed: &Arc<Welcomed>,
    first: Batch,
    mut send: SendStream,
    mut receive: RecvStream,
) -> anyhow::Result<()> {
    let Ok(mut session) = welcomed.session.try_lock() else {
        bail!("a second stream of events");
    };
    let mut batch = first;
    loop {
        faults::point("receive");
        let input = Input::Batch {
            epoch: batch.epoch,
            first_seq: batch.first_seq,
            count: batch.count.into(),
        };
        match session.step(input) {
            Output::TakeIn => {
                let through = take_in(welcomed, &batch).await?;
                if let Output::Ack(ack) = session.step(Input::Committed { through }) {
                    faults::point("ack");
                    frames::write(&mut send, &ack.into()).await?;
                }
            }
            Output::NameGap(gap) => {
                let (stream, now) = (welcomed.stream, welcomed.parts.clock.wall());
                let (expected, got) = (gap.expected, gap.got);
                warn!(edge.id = %welcomed.edge, expected, got, "events are missing before a batch");
                welcomed
                    .parts
                    .store
                    .write(Priority::Machines, move |tx| {
                        ledger::record_gap(tx, &stream, expected, got, false, now)
                    })
                    .await
                    .context("recording a gap")?;
                frames::write(&mut send, &gap.into()).await?;
            }
            Output::Ack(_) | Output::Drop => {}
            Output::Refuse => bail!("a batch that is none of this session"),
        }
        batch = match frames::read(&mut receive, LIMIT).await? {
            Some(Message::Batch(batch)) => batch,
            Some(other) => bail!("a message of kind {} on the stream of events", other.kind()),
            None => return Ok(()),
        };
    }
}

/// Takes one batch in; returns when it is on disk for good.
async fn take_in(welcomed: &Welcomed, batch: &Batch) -> anyhow::Result<u64> {
    let events = Arc::new(batch.unpack_verbatim()?);
    let (stream, first_seq) = (welcomed.stream, batch.first_seq);
    let received_at = welcomed.parts.clock.wall();
    loop {
        let events = Arc::clone(&events);
        let taken: Result<Taken, StoreError> = welcomed
            .parts
            .store
            .write(Priority::Machines, move |tx| {
                intake::take_batch(tx, &stream, first_seq, &events, received_at)
            })
            .await;
        match taken {
            Ok(taken) => {
                if taken.refused + taken.conflicts + taken.unreadable > 0 {
                    warn!(
                        edge.id = %welcomed.edge, taken.refused, taken.conflicts, taken.unreadable,
                        "events were kept without effect"
                    );
                }
                return Ok(taken.through);
            }
            Err(StoreError::Busy) => tokio::time::sleep(BUSY_WAIT).await,
            Err(error) => return Err(error).context("taking a batch in"),
        }
    }
}
