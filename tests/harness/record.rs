//! What both ends have on disk, read after they stopped: the edge's spool and the hub's ledger.

use std::path::Path;

use anyhow::Context;
use contract::event::Event;
use contract::event::Fact;
use contract::time::Clock;
use contract::verdict::Outcome;

/// One event as it lies on a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The epoch.
    pub epoch: u64,
    /// The event.
    pub event: Event,
}

/// Every event that the edge's spool holds, in order.
pub async fn of_edge(data: &Path) -> anyhow::Result<Vec<Kept>> {
    let store =
        edge_agent::store::Store::open(data, Clock::System, edge_agent::store::Config::default())
            .context("opening the edge's store")?;
    let state = store.spool.watch().borrow().clone();
    let mut kept = Vec::new();
    let mut next = state.first_seq;
    while next < state.next_seq {
        let events = store
            .spool
            .read(next, 1000, 1 << 20)
            .context("reading the spool")?;
        let Some(last) = events.last() else { break };
        next = last.seq + 1;
        kept.extend(events.into_iter().map(|event| Kept {
            epoch: state.epoch,
            event,
        }));
    }
    store.close().await;
    Ok(kept)
}

/// Every event that the hub holds, in the order in which it took them in.
pub async fn of_hub(data: &Path) -> anyhow::Result<Vec<Kept>> {
    let store = hub_server::store::Store::open(
        data,
        &hub_server::store::Config::default(),
        Clock::System.wall(),
    )
    .context("opening the hub's store")?;
    let rows = store
        .read(|tx| {
            tx.list(
                "SELECT epoch, seq, raw FROM ledger ORDER BY received_at, epoch, seq",
                &[],
            )
        })
        .await
        .context("reading the ledger")?;
    let kept = rows
        .iter()
        .map(|row| {
            let event: Event =
                minicbor::decode(&row.bytes(2)?).context("an event in the ledger")?;
            Ok(Kept {
                epoch: row.number(0)?,
                event,
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(kept)
}

/// The plates for which a gate judged `outcome`, in the order of the events.
pub fn plates(events: &[Kept], outcome: Outcome) -> Vec<String> {
    events
        .iter()
        .filter_map(|kept| match kept.event.fact() {
            Ok(Some(Fact::Judged(judged))) if judged.verdict.outcome == outcome => judged
                .sighting
                .plate
                .map(|read| read.text.as_str().to_owned()),
            _ => None,
        })
        .collect()
}

/// Fails unless the hub has exactly the edge's events, in order, none twice.
pub fn same(edge: &[Kept], hub: &[Kept]) -> anyhow::Result<()> {
    let numbers = |kept: &[Kept]| {
        kept.iter()
            .map(|k| (k.epoch, k.event.seq))
            .collect::<Vec<_>>()
    };
    let (at_edge, at_hub) = (numbers(edge), numbers(hub));
    let first = at_edge.first().map_or(1, |(_, seq)| *seq);
    anyhow::ensure!(first == 1, "the edge's spool begins at {first}");
    anyhow::ensure!(
        at_edge == at_hub,
        "the edge has {at_edge:?}\nthe hub has  {at_hub:?}"
    );
    for (ours, theirs) in edge.iter().zip(hub) {
        anyhow::ensure!(
            ours == theirs,
            "event {} differs:\n{ours:?}\n{theirs:?}",
            ours.event.seq
        );
    }
    Ok(())
}

/// Fails unless every move of the arm that opens was recorded before it, and for a cause.
pub fn moves_have_causes(edge: &[Kept], pins: usize) -> anyhow::Result<()> {
    let told = edge
        .iter()
        .filter(|kept| matches!(kept.event.fact(), Ok(Some(Fact::BarrierMoved(_)))))
        .count();
    anyhow::ensure!(
        pins <= told,
        "the arm moved {pins} times, and {told} moves are recorded"
    );
    Ok(())
}
