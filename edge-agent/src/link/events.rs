//! The stream of events: drives the machine of `sync` with the spool on one side and the wire on the other.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::event::Fact;
use contract::wire::Batch;
use contract::wire::Hello;
use contract::wire::Message;
use contract::wire::Welcome;
use quinn::RecvStream;
use quinn::SendStream;
use sha2::Digest;
use sha2::Sha256;
use tokio::sync::mpsc;
use tracing::error;
use tracing::warn;

use crate::link::End;
use crate::link::LIMIT;
use crate::link::Shared;
use crate::link::dial::Line;
use crate::link::sync::Held;
use crate::link::sync::Input;
use crate::link::sync::Output;
use crate::link::sync::Sync;
use crate::link::sync::Window;
use crate::store::SpoolError;

/// The most events of a batch.
const BATCH_EVENTS: usize = 512;
/// The most bytes of a batch, before packing.
const BATCH_BYTES: usize = 256 * 1024;
/// How often the machine is told that time passes.
const TICK: Duration = Duration::from_secs(1);

/// Sends what the hub does not have, until the connection ends.
pub(super) async fn run(
    line: &Line,
    shared: &Shared,
    hello: Hello,
    welcome: Welcome,
) -> anyhow::Result<End> {
    let mut watch = shared.store.spool.watch();
    let known = watch.borrow().clone();
    if known.epoch != hello.epoch {
        bail!("the spool began a new epoch during the handshake");
    }
    let held = Held {
        epoch: hello.epoch,
        first_seq: known.first_seq,
        next_seq: known.next_seq,
        generation: known.generation,
        acked: known.acked,
    };
    let mut sync = Sync::new(held, Window::default());
    let (mut send, receive) = line
        .connection
        .open_bi()
        .await
        .context("opening the stream of events")?;
    // Four batches can be on their way, each with one answer: 16 are never full with an honest hub, and a hub that
    // says more is read no faster than it is understood.
    let (put, mut answers) = mpsc::channel(16);
    let listening = listen(receive, put);
    tokio::pin!(listening);
    let mut tick = tokio::time::interval(TICK);
    let agrees = agrees(shared, &held, &welcome);
    let connected = Input::Connected { welcome, agrees };
    let mut next: VecDeque<Output> = sync.step(connected, shared.now()).into();
    loop {
        while let Some(output) = next.pop_front() {
            match output {
                Output::Send { from } => {
                    let input = send_batch(shared, &mut send, held.epoch, from).await?;
                    next.extend(sync.step(input, shared.now()));
                }
                Output::RecordAck {
                    generation,
                    through,
                } => {
                    crate::faults::point("ack");
                    record(shared, generation, through).await?;
                }
                Output::BeginEpoch => {
                    shared.store.spool.begin_epoch(held.epoch).await?;
                    return Ok(End::ForkedNumbering);
                }
                Output::Reconnect(why) => return Ok(End::Reconnect(why)),
            }
        }
        let input = tokio::select! {
            ended = &mut listening => return ended,
            answer = answers.recv() => match answer {
                Some(input) => input,
                None => bail!("the hub closed the stream of events"),
            },
            changed = watch.changed() => {
                changed.context("the spool is closed")?;
                let state = watch.borrow_and_update();
                if state.epoch != held.epoch {
                    bail!("the spool began a new epoch");
                }
                Input::Spool { first_seq: state.first_seq, next_seq: state.next_seq }
            }
            _ = tick.tick() => Input::Tick,
        };
        next.extend(sync.step(input, shared.now()));
    }
}

/// Whether the hub's newest event is ours. What either side does not hold any more says nothing.
fn agrees(shared: &Shared, held: &Held, welcome: &Welcome) -> bool {
    let Some(theirs) = &welcome.newest_sha256 else {
        return true;
    };
    if !(held.first_seq..held.next_seq).contains(&welcome.through) {
        return true;
    }
    let Ok(events) = shared.store.spool.read(welcome.through, 1, 1) else {
        return true;
    };
    let Some(ours) = events.first().filter(|event| event.seq == welcome.through) else {
        return true;
    };
    // A record that became unreadable after it was sent stands for the event itself.
    if matches!(ours.fact(), Ok(Some(Fact::SpoolDamaged(_)))) {
        return true;
    }
    minicbor::to_vec(ours).is_ok_and(|bytes| Sha256::digest(&bytes)[..] == theirs[..])
}

/// Reads one batch from the spool and writes it to the wire.
async fn send_batch(
    shared: &Shared,
    send: &mut SendStream,
    epoch: u64,
    from: u64,
) -> anyhow::Result<Input> {
    let events = shared.store.spool.read(from, BATCH_EVENTS, BATCH_BYTES)?;
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(Input::Missing);
    };
    if first.seq != from {
        return Ok(Input::Missing);
    }
    let last = last.seq;
    let Some(batch) = Batch::pack(epoch, &events) else {
        bail!("packing the events from {from} to {last} failed");
    };
    frames::write(send, &batch.into())
        .await
        .context("sending a batch")?;
    crate::faults::point("send");
    Ok(Input::Sent { from, last })
}

async fn record(shared: &Shared, generation: u64, through: u64) -> anyhow::Result<()> {
    match shared.store.spool.acknowledge(generation, through).await {
        Ok(()) => Ok(()),
        // The hub has the events all the same: after a restart they are offered again, and dropped there.
        Err(SpoolError::Held(why) | SpoolError::Read(why) | SpoolError::Epoch(why)) => {
            warn!("an acknowledgement could not be recorded: {why}");
            Ok(())
        }
        Err(SpoolError::Closed) => {
            error!("the spool is closed under the link");
            bail!("the spool is closed")
        }
    }
}

/// Hands the hub's answers on; ends with the stream.
async fn listen(mut receive: RecvStream, put: mpsc::Sender<Input>) -> anyhow::Result<End> {
    loop {
        let input = match frames::read(&mut receive, LIMIT)
            .await
            .context("reading the stream of events")?
        {
            Some(Message::Ack(ack)) => Input::Ack(ack),
            Some(Message::Gap(gap)) => Input::Gap(gap),
            Some(other) => bail!("a message of kind {} on the stream of events", other.kind()),
            None => bail!("the hub closed the stream of events"),
        };
        if put.send(input).await.is_err() {
            bail!("nobody takes the hub's answers");
        }
    }
}
