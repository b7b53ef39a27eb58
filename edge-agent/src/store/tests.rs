//! The store through its public face: what survives what.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use contract::event::Event;
use contract::event::EvidenceKind;
use contract::event::Fact;
use contract::event::InputChanged;
use contract::event::SpoolDamaged;
use contract::ids::OrderId;
use contract::ids::PassageId;
use contract::permit::PermitBook;
use contract::time::Clock;
use contract::time::ManualClock;
use contract::time::Timestamp;

use super::Config;
use super::SpoolError;
use super::Store;
use super::StoreError;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn fact(n: u64) -> Fact {
    Fact::InputChanged(InputChanged {
        input: format!("loop {n}"),
        active: true,
    })
}

fn trusted() -> Config {
    Config {
        trust_clock: true,
        ..Config::default()
    }
}

fn open(dir: &Path) -> Store {
    Store::open(dir, Clock::manual(NOW).0, trusted()).unwrap()
}

fn open_with(dir: &Path, config: Config) -> (Store, Arc<ManualClock>) {
    let (clock, hand) = Clock::manual(NOW);
    (Store::open(dir, clock, config).unwrap(), hand)
}

async fn append(store: &Store, numbers: std::ops::RangeInclusive<u64>) {
    for n in numbers {
        assert_eq!(store.spool.append(None, fact(n)).await, Ok(n));
    }
}

fn seqs(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}

fn damage(event: &Event) -> Option<SpoolDamaged> {
    match event.fact().unwrap() {
        Some(Fact::SpoolDamaged(damage)) => Some(damage),
        _ => None,
    }
}

/// Opens sled behind the store's back.
fn behind(dir: &Path, work: impl FnOnce(&sled::Tree)) {
    let db = super::engine::Engine::open(&dir.join("spool")).unwrap();
    db.commit(|engine| {
        work(&engine.events);
        Ok(())
    })
    .unwrap();
}

/// A copy of the store's folder as a killed process leaves it.
fn killed(dir: &Path) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target: PathBuf = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let snapshot = tempfile::tempdir().unwrap();
    copy(dir, snapshot.path());
    snapshot
}

/// GR-19: events queue across restarts.
#[tokio::test]
async fn events_survive_a_restart_in_order_and_the_numbering_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert!(store.was_clean());
    append(&store, 1..=5).await;
    let epoch = store.spool.watch().borrow().epoch;
    store.close().await;
    drop(store);

    let store = open(dir.path());
    assert!(store.was_clean());
    let state = store.spool.watch().borrow().clone();
    assert_eq!(
        (state.epoch, state.first_seq, state.next_seq),
        (epoch, 1, 6)
    );
    assert_eq!(state.waiting(), 5);
    let events = store.spool.read(1, 100, usize::MAX).unwrap();
    assert_eq!(seqs(&events), [1, 2, 3, 4, 5]);
    assert_eq!(events[2].fact().unwrap(), Some(fact(3)));
    append(&store, 6..=6).await;
    store.close().await;
}

/// GR-19: what an appender was told is safe is there after the process was killed.
#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, 1..=20).await;
    store.spool.acknowledge(7, 4).await.unwrap();
    append(&store, 21..=21).await;
    let snapshot = killed(dir.path());
    store.close().await;

    let revived = open(snapshot.path());
    assert!(!revived.was_clean());
    let state = revived.spool.watch().borrow().clone();
    assert_eq!((state.next_seq, state.acked, state.generation), (22, 4, 7));
    assert_eq!(revived.spool.read(5, 100, usize::MAX).unwrap().len(), 17);
    revived.close().await;
}

#[tokio::test]
async fn a_group_of_appends_keeps_its_order_and_needs_no_company() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let facts: Vec<Fact> = (1..=300).map(fact).collect();
    let all = futures_util::future::join_all(
        facts
            .iter()
            .map(|fact| store.spool.append(None, fact.clone())),
    )
    .await;
    let numbers: Vec<u64> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
    assert_eq!(
        store.spool.append_all(None, &facts[..3]).await,
        Ok(vec![301, 302, 303])
    );
    let events = store.spool.read(299, 3, usize::MAX).unwrap();
    assert_eq!(seqs(&events), [299, 300, 301]);
    store.close().await;
}

#[tokio::test]
async fn a_reader_gets_no_more_bytes_than_it_asks_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, 1..=10).await;
    assert_eq!(store.spool.read(1, 100, 1).unwrap().len(), 1);
    assert_eq!(store.spool.read(11, 100, 1000).unwrap(), []);
    store.close().await;
}

/// GR-20: an acknowledgement is cumulative and only rises within a generation.
#[tokio::test]
async fn an_acknowledgement_rises_within_a_generation_and_falls_back_in_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, 1..=10).await;
    let state = store.spool.watch();
    store.spool.acknowledge(1, 8).await.unwrap();
    store.spool.acknowledge(1, 3).await.unwrap();
    store.tidy().await.unwrap();
    assert_eq!(state.borrow().acked, 8);
    // The hub was restored from a backup: it has less, and is refilled.
    store.spool.acknowledge(2, 3).await.unwrap();
    store.tidy().await.unwrap();
    assert_eq!((state.borrow().acked, state.borrow().generation), (3, 2));
    // A hub that claims what we never had is believed only as far as we have it.
    store.spool.acknowledge(2, 1000).await.unwrap();
    store.tidy().await.unwrap();
    assert_eq!(state.borrow().acked, 10);
    store.close().await;
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.spool.watch().borrow().acked, 10);
    store.close().await;
}

#[tokio::test]
async fn events_are_forgotten_only_when_acknowledged_and_old() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hand) = open_with(dir.path(), trusted());
    append(&store, 1..=10).await;
    hand.advance(Config::default().keep_events + Duration::from_secs(1));
    append(&store, 11..=20).await;
    let state = store.spool.watch();
    store.tidy().await.unwrap();
    assert_eq!(state.borrow().first_seq, 1, "old, and not acknowledged");
    store.spool.acknowledge(1, 15).await.unwrap();
    store.tidy().await.unwrap();
    append(&store, 21..=21).await;
    assert_eq!(state.borrow().first_seq, 11, "acknowledged, and not old");
    // A restart does not take forgotten events for lost ones, even after the mark went back.
    store.spool.acknowledge(2, 5).await.unwrap();
    store.close().await;
    drop(store);
    let store = open(dir.path());
    let events = store.spool.read(1, 100, usize::MAX).unwrap();
    assert_eq!(seqs(&events), (11..=21).collect::<Vec<_>>());
    assert!(events.iter().all(|event| damage(event).is_none()));
    store.close().await;
}

#[tokio::test]
async fn at_the_cap_acknowledged_events_go_and_others_wait_in_memory_with_an_alarm() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        most_events: 10,
        ..trusted()
    };
    let (store, _hand) = open_with(dir.path(), config);
    append(&store, 1..=10).await;
    // Nothing may be forgotten: the event is held, and the caller goes on.
    let held = store.spool.append(None, fact(11)).await;
    assert!(matches!(held, Err(SpoolError::Held(_))), "{held:?}");
    let mut state = store.spool.watch();
    state.wait_for(|state| state.held == 1).await.unwrap();
    assert!(state.borrow().fault.is_some());
    assert_eq!(store.spool.read(1, 100, usize::MAX).unwrap().len(), 10);
    // The hub acknowledges: there is room, and what was held gets its number.
    store.spool.acknowledge(1, 6).await.unwrap();
    let settled = state.wait_for(|state| state.held == 0 && state.next_seq == 12);
    tokio::time::timeout(Duration::from_secs(20), settled)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(state.borrow().fault, None);
    let events = store.spool.read(1, 100, usize::MAX).unwrap();
    assert_eq!(seqs(&events), (7..=11).collect::<Vec<_>>());
    assert_eq!(events.last().unwrap().fact().unwrap(), Some(fact(11)));
    store.close().await;
}

#[tokio::test]
async fn a_damaged_record_is_named_and_takes_its_own_number() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, 1..=5).await;
    store.close().await;
    drop(store);
    behind(dir.path(), |events| {
        let mut bytes = events.get(3u64.to_be_bytes()).unwrap().unwrap().to_vec();
        bytes[20] ^= 1;
        events.insert(3u64.to_be_bytes(), bytes).unwrap();
        events.remove(4u64.to_be_bytes()).unwrap();
    });
    let store = open(dir.path());
    let events = store.spool.read(1, 100, usize::MAX).unwrap();
    assert_eq!(seqs(&events), [1, 2, 3, 4, 5]);
    assert_eq!(damage(&events[2]).unwrap().lost, Some((3, 3)));
    assert_eq!(damage(&events[3]).unwrap().lost, Some((4, 4)));
    assert_eq!(events[4].fact().unwrap(), Some(fact(5)));
    // Read again, it is the same event: the hub never sees two under one number.
    assert_eq!(store.spool.read(1, 100, usize::MAX).unwrap(), events);
    store.close().await;
}

#[tokio::test]
async fn a_lost_tail_is_named_number_by_number() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, 1..=5).await;
    store.close().await;
    drop(store);
    behind(dir.path(), |events| {
        for seq in 4u64..=5 {
            events.remove(seq.to_be_bytes()).unwrap();
        }
    });
    let store = open(dir.path());
    let events = store.spool.read(1, 100, usize::MAX).unwrap();
    assert_eq!(seqs(&events), [1, 2, 3, 4, 5]);
    assert_eq!(damage(&events[4]).unwrap().lost, Some((5, 5)));
    append(&store, 6..=6).await;
    store.close().await;
}

/// Experiment 6: garbage in the database is put aside, and what it took is reported exactly.
#[tokio::test]
async fn a_damaged_database_is_put_aside_and_the_next_epoch_says_what_was_lost() {
    for (name, spoil) in spoils() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        append(&store, 1..=9).await;
        store.spool.acknowledge(1, 4).await.unwrap();
        let passage = PassageId::new(NOW, [1; 10]);
        store
            .evidence
            .put(passage, EvidenceKind::Frame, "image/jpeg", b"picture")
            .unwrap();
        append(&store, 10..=10).await;
        let number = 3;
        store.permits.take(number, book(8)).await.unwrap();
        let epoch = store.spool.watch().borrow().epoch;
        store.close().await;
        drop(store);
        spoil(&dir.path().join("spool"));

        let store = open(dir.path());
        let state = store.spool.watch().borrow().clone();
        assert!(state.epoch > epoch, "{name}: a larger epoch");
        let events = store.spool.read(1, 100, usize::MAX).unwrap();
        let report = damage(&events[0]).unwrap();
        assert_eq!(report.epoch, Some(epoch), "{name}");
        assert_eq!(report.lost, Some((5, 10)), "{name}");
        append(&store, 2..=2).await;
        // The gate still knows its permits, and the pictures are still offered.
        assert_eq!(store.permits.book().version, 8, "{name}");
        assert_eq!(store.permits.directives_through(), number, "{name}");
        assert_eq!(store.evidence.pending(9).len(), 1, "{name}");
        // An order taken before the damage does not run again.
        let old = OrderId::new(NOW, [9; 10]);
        assert_eq!(store.orders.begin(number, old).await, Ok(false), "{name}");
        let new = OrderId::new(NOW, [8; 10]);
        assert_eq!(
            store.orders.begin(number + 1, new).await,
            Ok(true),
            "{name}"
        );
        store.close().await;
    }
}

/// Experiment 10: a card set back in time. What the hub has not acknowledged goes on under a new epoch, the orders
/// that ran stay known, and asking twice changes nothing.
#[tokio::test]
async fn a_forked_numbering_goes_on_in_a_new_epoch_with_what_the_hub_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, 1..=2500).await;
    store.spool.acknowledge(7, 1200).await.unwrap();
    let order = OrderId::new(NOW, [9; 10]);
    assert_eq!(store.orders.begin(3, order).await, Ok(true));
    let passage = PassageId::new(NOW, [1; 10]);
    store
        .evidence
        .put(passage, EvidenceKind::Frame, "image/jpeg", b"picture")
        .unwrap();
    append(&store, 2501..=2501).await;
    let forked = store.spool.watch().borrow().epoch;
    store.spool.begin_epoch(forked).await.unwrap();
    store.spool.begin_epoch(forked).await.unwrap();

    for _ in 0..2 {
        let state = store.spool.watch().borrow().clone();
        assert!(state.epoch > forked);
        assert_eq!((state.first_seq, state.next_seq, state.acked), (1, 1303, 0));
        let events = store.spool.read(1, 5000, usize::MAX).unwrap();
        assert_eq!(seqs(&events), (1..=1302).collect::<Vec<_>>());
        for (event, n) in events[..1301].iter().zip(1201..) {
            assert_eq!(event.fact().unwrap(), Some(fact(n)));
        }
        assert_eq!(damage(&events[1301]).unwrap().epoch, Some(forked));
        assert_eq!(store.orders.begin(3, order).await, Ok(false));
        assert_eq!(store.evidence.pending(9).len(), 1);
    }
    store.close().await;
    drop(store);
    let store = open(dir.path());
    append(&store, 1303..=1303).await;
    store.close().await;
}

/// A power cut at each step of the exchange leaves one of the two databases, and nothing is lost.
#[tokio::test]
async fn a_power_cut_while_a_new_epoch_begins_leaves_the_old_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, 1..=9).await;
    store.spool.acknowledge(7, 4).await.unwrap();
    append(&store, 10..=10).await;
    let forked = store.spool.watch().borrow().epoch;
    store.close().await;
    drop(store);
    let old = killed(dir.path());
    let store = open(dir.path());
    store.spool.begin_epoch(forked).await.unwrap();
    store.close().await;
    drop(store);

    // The new database is being filled beside the old one: nobody knows whether it is whole.
    let filling = killed(old.path());
    std::fs::create_dir(filling.path().join("spool.next")).unwrap();
    std::fs::write(filling.path().join("spool.next/db"), b"half").unwrap();
    // The old one is aside, and the new one not yet in its place; what is remembered is of the old one.
    let aside = killed(old.path());
    std::fs::remove_dir_all(aside.path().join("spool")).unwrap();
    let filled = killed(&dir.path().join("spool"));
    std::fs::rename(filled.keep(), aside.path().join("spool.next")).unwrap();

    let store = open(filling.path());
    assert_eq!(store.spool.watch().borrow().epoch, forked);
    assert_eq!(store.spool.read(1, 99, usize::MAX).unwrap().len(), 10);
    store.close().await;
    let store = open(aside.path());
    assert!(store.spool.watch().borrow().epoch > forked);
    let events = store.spool.read(1, 99, usize::MAX).unwrap();
    assert_eq!(seqs(&events), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(events[0].fact().unwrap(), Some(fact(5)));
    assert_eq!(events[5].fact().unwrap(), Some(fact(10)));
    store.close().await;
}

type Spoil = (&'static str, fn(&Path));

fn spoils() -> [Spoil; 4] {
    [
        ("removed", |home| std::fs::remove_dir_all(home).unwrap()),
        ("emptied log", |home| {
            std::fs::write(home.join("db"), b"").unwrap();
        }),
        ("garbage for settings", |home| {
            std::fs::write(
                home.join("conf"),
                b"segment_size: x\nuse_compression: maybe\n",
            )
            .unwrap();
        }),
        ("garbage for a log", |home| {
            for entry in std::fs::read_dir(home).unwrap().flatten() {
                if entry.file_name().to_string_lossy().starts_with("snap") {
                    std::fs::remove_file(entry.path()).unwrap();
                }
            }
            let len = std::fs::metadata(home.join("db")).unwrap().len();
            let len = usize::try_from(len).unwrap();
            std::fs::write(home.join("db"), vec![0x5a; len]).unwrap();
        }),
    ]
}

/// Experiment 6 in small: whatever bit flips, the store opens, keeps counting and never panics.
#[tokio::test]
async fn any_flipped_byte_leaves_a_store_that_works() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, 1..=50).await;
    store.close().await;
    drop(store);
    let len = std::fs::metadata(dir.path().join("spool/db"))
        .unwrap()
        .len();
    let filled = std::fs::read(dir.path().join("spool/db"))
        .unwrap()
        .iter()
        .rposition(|byte| *byte != 0)
        .unwrap_or(0);
    for step in 0..24 {
        let copy = killed(dir.path());
        let path = copy.path().join("spool/db");
        let mut bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, len);
        bytes[filled * step / 24] ^= 0x40;
        std::fs::write(&path, bytes).unwrap();
        let store = open(copy.path());
        let first = store.spool.append(None, fact(0)).await;
        let state = store.spool.watch().borrow().clone();
        let Ok(seq) = first else {
            panic!("step {step}: {first:?}");
        };
        assert_eq!(state.next_seq, seq + 1);
        let read = store.spool.read(1, 1000, usize::MAX);
        if let Ok(events) = read {
            let expected: Vec<u64> = (events[0].seq..=seq).collect();
            assert_eq!(seqs(&events), expected, "step {step}: no gaps");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn two_processes_never_share_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let second = Store::open(dir.path(), Clock::System, trusted());
    assert!(matches!(second, Err(StoreError::InUse(_))));
    store.close().await;
}

fn book(version: u64) -> PermitBook {
    PermitBook {
        version,
        time_zone: "Europe/Madrid".into(),
        permits: Vec::new(),
    }
}

/// GR-13, AC-01: the book in force survives a restart, and a torn one falls back to the one before it.
#[tokio::test]
async fn the_permit_book_survives_a_restart_and_a_damaged_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert_eq!(store.permits.book().version, 0);
    let mut watch = store.permits.watch();
    store.permits.take(4, book(17)).await.unwrap();
    store.permits.take(5, book(18)).await.unwrap();
    assert!(watch.has_changed().unwrap());
    assert_eq!(watch.borrow_and_update().version, 18);
    store.close().await;
    drop(store);

    let store = open(dir.path());
    assert_eq!(*store.permits.book(), book(18));
    assert_eq!(store.permits.directives_through(), 5);
    store.close().await;
    drop(store);

    let path = dir.path().join("permits.book");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(20);
    std::fs::write(&path, bytes).unwrap();
    let store = open(dir.path());
    assert_eq!(store.permits.book().version, 17);
    store.close().await;
}

/// GR-14: an order runs at most once, also across restarts and kills.
#[tokio::test]
async fn an_order_begins_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (one, two) = (OrderId::new(NOW, [1; 10]), OrderId::new(NOW, [2; 10]));
    assert_eq!(store.orders.begin(1, one).await, Ok(true));
    assert_eq!(store.orders.begin(1, one).await, Ok(false));
    let snapshot = killed(dir.path());
    store.close().await;
    let store = open(snapshot.path());
    assert_eq!(store.permits.directives_through(), 1);
    assert_eq!(store.orders.begin(1, one).await, Ok(false));
    assert_eq!(store.orders.begin(2, two).await, Ok(true));
    store.close().await;
}

/// AC-11: pictures wait for the hub across restarts, and go some time after it has them.
#[tokio::test]
async fn pictures_wait_for_the_hub_and_expire_after_it_has_them() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hand) = open_with(dir.path(), trusted());
    let passage = PassageId::new(NOW, [1; 10]);
    let put = |kind, bytes: &[u8]| store.evidence.put(passage, kind, "image/jpeg", bytes);
    let frame = put(EvidenceKind::Frame, b"frame").unwrap();
    put(EvidenceKind::Crop, b"crop").unwrap();
    assert_eq!(
        store.evidence.pending(9),
        [],
        "not before its bytes are on disk for good"
    );
    append(&store, 1..=1).await;
    assert_eq!(store.evidence.pending(9).len(), 2);
    let first = store.evidence.pending(1).remove(0);
    assert_eq!(first.evidence, frame);
    assert_eq!(std::fs::read(&first.path).unwrap(), b"frame");
    store
        .evidence
        .delivered(passage, EvidenceKind::Frame)
        .await
        .unwrap();
    store.close().await;
    drop(store);

    let (store, hand2) = open_with(dir.path(), trusted());
    assert_eq!(store.evidence.waiting(), 1);
    assert!(first.path.exists());
    hand.advance(Duration::ZERO);
    hand2.advance(Config::default().keep_pictures + Duration::from_secs(1));
    store.tidy().await.unwrap();
    assert!(!first.path.exists());
    assert_eq!(
        store.evidence.pending(9).len(),
        1,
        "what the hub lacks is kept"
    );
    store.close().await;
}

#[tokio::test]
async fn above_the_pictures_cap_the_delivered_go_first() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        most_picture_bytes: 25,
        ..trusted()
    };
    let (store, _hand) = open_with(dir.path(), config);
    let ids: Vec<PassageId> = (0..4).map(|n| PassageId::new(NOW, [n; 10])).collect();
    for id in &ids {
        store
            .evidence
            .put(*id, EvidenceKind::Frame, "image/png", b"0123456789")
            .unwrap();
    }
    append(&store, 1..=1).await;
    store
        .evidence
        .delivered(ids[2], EvidenceKind::Frame)
        .await
        .unwrap();
    store.tidy().await.unwrap();
    let left: Vec<PassageId> = store
        .evidence
        .pending(9)
        .iter()
        .map(|p| p.passage)
        .collect();
    assert_eq!(left, [ids[1], ids[3]]);
    store.close().await;
}

#[tokio::test]
async fn a_picture_of_an_event_that_was_never_recorded_is_cleared_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let passage = PassageId::new(NOW, [1; 10]);
    store
        .evidence
        .put(passage, EvidenceKind::Frame, "image/jpeg", b"frame")
        .unwrap();
    let snapshot = killed(dir.path());
    store.close().await;
    let store = open(snapshot.path());
    assert_eq!(store.evidence.waiting(), 0);
    let files = std::fs::read_dir(snapshot.path().join("evidence")).unwrap();
    assert_eq!(files.count(), 0);
    store.close().await;
}

/// Invariant 2: a disk that refuses holds events in memory, and they are written when it answers again.
#[tokio::test]
async fn with_a_refusing_disk_events_and_orders_live_in_memory_until_it_answers() {
    let dir = tempfile::tempdir().unwrap();
    // A file where the database's folder must be: it can't be made.
    std::fs::write(dir.path().join("spool"), b"in the way").unwrap();
    let store = open(dir.path());
    let held = store.spool.append(None, fact(1)).await;
    assert!(matches!(held, Err(SpoolError::Held(_))), "{held:?}");
    let order = OrderId::new(NOW, [1; 10]);
    assert_eq!(store.orders.begin(1, order).await, Ok(true));
    assert_eq!(store.orders.begin(1, order).await, Ok(false));
    std::fs::remove_file(dir.path().join("spool")).unwrap();
    let mut state = store.spool.watch();
    let written = state.wait_for(|state| state.held == 0 && state.next_seq == 2);
    tokio::time::timeout(Duration::from_secs(20), written)
        .await
        .unwrap()
        .unwrap();
    let events = store.spool.read(1, 9, usize::MAX).unwrap();
    assert_eq!(events[0].fact().unwrap(), Some(fact(1)));
    assert_eq!(store.orders.begin(1, order).await, Ok(false));
    store.close().await;
}
