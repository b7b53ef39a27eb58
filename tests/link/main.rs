//! The link between a real edge's store and a real hub's store, over QUIC on loopback: enrolment, events, directives,
//! pictures, and peers that mean no good.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod cameras;
mod garbage;
mod pair;

use std::time::Duration;

use contract::directive::Order;
use contract::event::BarrierAction;
use contract::event::EvidenceKind;
use contract::event::Fact;
use contract::event::InputChanged;
use contract::event::Judged;
use contract::ids::GateId;
use contract::ids::OrderId;
use contract::ids::PassageId;
use contract::sighting::Direction;
use contract::sighting::Sighting;
use contract::sighting::Stages;
use contract::time::Clock;
use contract::verdict::Outcome;
use contract::verdict::Reason;
use contract::verdict::Verdict;
use hub_server::fleet::directives;
use hub_server::fleet::edges;
use hub_server::fleet::orders;
use hub_server::fleet::orders::NewOrder;
use hub_server::fleet::orders::OrderState;
use hub_server::intake::ledger;
use hub_server::store::Id;
use hub_server::store::Priority;
use hub_server::store::StoreError;
use pair::Edge;
use pair::Hub;
use tokio::task::JoinSet;

const LIMIT: Duration = Duration::from_secs(60);

/// A wrong, used or expired code is refused, each with its name; the right one makes an edge once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_makes_one_edge_and_every_other_code_is_refused_by_name() {
    let (clock, hand) = Clock::manual(contract::time::Timestamp::from_millis(1_790_000_000_000));
    let hub = Hub::start(clock).await;
    let machine = tempfile::tempdir().unwrap();
    let refused = |error: anyhow::Error| format!("{error:#}");

    let mut wrong = hub.code("North", &["North entry"]).await;
    wrong.secret[0] ^= 1;
    let said = refused(hub.enrol(&wrong, machine.path()).await.unwrap_err());
    assert!(said.contains("bad_code"), "{said}");

    let code = hub.code("South", &["South entry", "South exit"]).await;
    let mut other_hub = code;
    other_hub.authority[0] ^= 1;
    assert!(hub.enrol(&other_hub, machine.path()).await.is_err());

    let gates = hub.enrol(&code, machine.path()).await.unwrap();
    assert_eq!(gates.len(), 2);
    let first = edge_agent::link::Identity::load(machine.path()).unwrap();

    let stranger = tempfile::tempdir().unwrap();
    let said = refused(hub.enrol(&code, stranger.path()).await.unwrap_err());
    assert!(said.contains("used_code"), "{said}");

    // The answer was lost on its way: the same machine, with the same key, asks again.
    std::fs::remove_file(machine.path().join("identity/edge.toml")).unwrap();
    hub.enrol(&code, machine.path()).await.unwrap();
    let again = edge_agent::link::Identity::load(machine.path()).unwrap();
    assert_eq!(first.edge, again.edge);

    let late = hub.code("West", &["West entry"]).await;
    hand.advance(Duration::from_secs(25 * 60 * 60));
    let said = refused(hub.enrol(&late, stranger.path()).await.unwrap_err());
    assert!(said.contains("expired_code"), "{said}");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_tries_codes_is_stopped() {
    let hub = Hub::start(Clock::System).await;
    let code = hub.code("North", &["North entry"]).await;
    let machine = tempfile::tempdir().unwrap();
    let mut said = String::new();
    for guess in 1..=11u8 {
        let mut wrong = code;
        wrong.secret[7] ^= guess;
        said = format!("{:#}", hub.enrol(&wrong, machine.path()).await.unwrap_err());
    }
    assert!(said.contains("busy"), "{said}");
    let said = format!("{:#}", hub.enrol(&code, machine.path()).await.unwrap_err());
    assert!(said.contains("busy"), "{said}");
    hub.stop().await;
}

/// GR-19, GR-20: 2,000 events arrive in order, once and unchanged, while the hub goes away again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_events_survive_disconnects() {
    let mut hub = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
    edge.connect();
    let gate = edge.gates[0].id;
    let mut writers = JoinSet::new();
    for writer in 0..40 {
        let spool = edge.store.spool.clone();
        writers.spawn(async move {
            for n in 0..50 {
                let fact = Fact::InputChanged(InputChanged {
                    input: format!("loop{writer}"),
                    active: n % 2 == 0,
                });
                spool.append(Some(gate), fact).await.unwrap();
            }
        });
    }
    for _ in 0..4 {
        hub.restart().await;
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    edge.all_acknowledged(LIMIT).await;
    let held = hub.events(edge.id).await;
    let sent = edge.store.spool.read(1, 10_000, usize::MAX).unwrap();
    assert!(sent.len() >= 2000);
    assert_eq!(held.len(), sent.len());
    for (held, sent) in held.iter().zip(&sent) {
        assert_eq!((held.seq, held.state.as_str()), (sent.seq, "taken"));
        assert_eq!(held.raw, minicbor::to_vec(sent).unwrap());
    }
    edge.stop().await;
    hub.stop().await;
}

/// Experiment 10: a card image of an earlier day is put back, cars come before the hub is reached, and one number of
/// each pair is the hub's already. Nothing at the hub is changed, and every event of both lives is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_set_back_in_time_goes_on_in_a_new_epoch_and_loses_nothing() {
    for later in [0, 2, 30] {
        let hub = Hub::start(Clock::System).await;
        let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
        let gate = edge.gates[0].id;
        edge.connect();
        write(&edge, gate, "early", 10).await;
        edge.all_acknowledged(LIMIT).await;
        edge.stop().await;
        let image = edge.image().await;
        edge.connect();
        write(&edge, gate, "lost with the card", 20).await;
        edge.all_acknowledged(LIMIT).await;
        edge.stop().await;
        let before = hub.events(edge.id).await;
        edge.put_back(image).await;
        let forked = edge.store.spool.watch().borrow().epoch;
        write(&edge, gate, "after the return", later).await;
        edge.connect();
        let mut watch = edge.store.spool.watch();
        let settled = watch.wait_for(|state| state.epoch > forked && state.waiting() == 0);
        tokio::time::timeout(LIMIT, settled).await.unwrap().unwrap();
        let held = hub.events(edge.id).await;
        assert_eq!(&held[..before.len()], &before[..]);
        let sent = edge.store.spool.read(1, 1000, usize::MAX).unwrap();
        assert_eq!(sent.len(), later + 1, "the new cars, and the reason");
        for (held, sent) in held[before.len()..].iter().zip(&sent) {
            assert_eq!((held.seq, held.state.as_str()), (sent.seq, "taken"));
            assert_eq!(held.raw, minicbor::to_vec(sent).unwrap());
        }
        assert_eq!(held.len(), before.len() + sent.len());
        edge.stop().await;
        hub.stop().await;
    }
}

async fn write(edge: &Edge, gate: GateId, input: &str, count: usize) {
    for n in 0..count {
        let fact = Fact::InputChanged(InputChanged {
            input: input.to_owned(),
            active: n % 2 == 0,
        });
        edge.store.spool.append(Some(gate), fact).await.unwrap();
    }
}

/// A certificate of another authority opens nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_certificate_is_refused() {
    let hub = Hub::start(Clock::System).await;
    let other = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&other, "North", &["North entry"]).await;
    edge.believe(&hub);
    edge.connect();
    let status = edge.status(|status| status.error.is_some(), LIMIT).await;
    assert!(!status.connected);
    assert_eq!(hub.presence(), 0);
    edge.stop().await;
    hub.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_does_not_believe_a_foreign_hub() {
    let hub = Hub::start(Clock::System).await;
    let other = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
    edge.call(&other);
    edge.connect();
    let status = edge.status(|status| status.error.is_some(), LIMIT).await;
    assert!(!status.connected, "{status:?}");
    edge.stop().await;
    hub.stop().await;
    other.stop().await;
}

/// A board without a battery wakes up in 1970: it still finds its hub, and takes the time from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_in_1970_connects_and_learns_the_time() {
    let hub = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
    let (lost, _hand) = Clock::manual(contract::time::Timestamp::from_millis(5_000));
    edge.reopen(lost).await;
    edge.connect();
    edge.status(|status| status.connected, LIMIT).await;
    assert_eq!(edge.store.time.quality(), contract::time::TimeQuality::Hub);
    assert!(edge.store.time.wall().as_millis() > 1_700_000_000_000);
    edge.stop().await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retired_edge_is_disconnected_and_stays_out() {
    let hub = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
    edge.connect();
    edge.status(|status| status.connected, LIMIT).await;
    let (organisation, id) = (hub.organisation, edge.id);
    let at = Clock::System.wall();
    let retired: Result<bool, StoreError> = hub
        .store()
        .write(Priority::People, move |tx| {
            edges::retire(tx, organisation, id, at)
        })
        .await;
    assert!(retired.unwrap());
    let refused = |status: &edge_agent::link::Status| {
        status
            .error
            .as_ref()
            .is_some_and(|why| why.contains("retired_edge"))
    };
    edge.status(refused, LIMIT).await;
    edge.stop().await;
    hub.stop().await;
}

/// Experiment 10: the second holder of an identity is refused, and both are named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloned_card_is_refused_and_recorded() {
    let hub = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
    edge.connect();
    edge.status(|status| status.connected, LIMIT).await;
    let mut clone = edge.cloned();
    clone.connect();
    let in_use = |status: &edge_agent::link::Status| {
        status
            .error
            .as_ref()
            .is_some_and(|why| why.contains("identity_in_use"))
    };
    clone.status(in_use, LIMIT).await;
    assert!(edge.status(|_| true, LIMIT).await.connected);
    assert!(
        hub.audit_actions()
            .await
            .contains(&"edge.identity_in_use".to_owned())
    );
    clone.stop().await;
    // When the first one is gone, its place is free within seconds.
    edge.stop().await;
    clone.connect();
    clone.status(|status| status.connected, LIMIT).await;
    clone.stop().await;
    hub.stop().await;
}

/// GR-14: an order reaches the gate once, whatever the connection does; an old one never.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_arrives_once_and_a_late_one_never() {
    let mut hub = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
    let late = give(&hub, &edge, Duration::from_millis(1)).await;
    edge.connect();
    edge.status(|status| status.connected, LIMIT).await;
    let fresh = give(&hub, &edge, Duration::from_secs(10)).await;
    let request = tokio::time::timeout(LIMIT, edge.orders.recv())
        .await
        .unwrap()
        .unwrap();
    let Order { id, action, .. } = request.order;
    assert_eq!((id, action), (fresh, BarrierAction::Open));
    hub.restart().await;
    edge.status(|status| status.connected, LIMIT).await;
    let second = give(&hub, &edge, Duration::from_secs(10)).await;
    let request = tokio::time::timeout(LIMIT, edge.orders.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        request.order.id, second,
        "only the new order is carried out"
    );
    assert_eq!(hub.order(late).await.state, OrderState::Expired);
    assert_eq!(hub.order(fresh).await.state, OrderState::Sent);
    edge.stop().await;
    hub.stop().await;
}

async fn give(hub: &Hub, edge: &Edge, holds: Duration) -> OrderId {
    let at = Clock::System.wall();
    let order = NewOrder {
        id: OrderId::fresh(at),
        gate: edge.gates[0].id,
        action: BarrierAction::Open,
        reason: "the plate is muddy".into(),
        account: contract::ids::AccountId::fresh(at),
        account_name: "marisol".into(),
        given_at: at,
        holds,
    };
    let id = order.id;
    let organisation = hub.organisation;
    hub.store()
        .write(Priority::People, move |tx| {
            orders::give(tx, organisation, &order)
        })
        .await
        .unwrap();
    id
}

/// AC-01: the newest permit book comes down, and only it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_book_is_in_force_at_the_edge_after_a_change() {
    let hub = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
    let organisation = hub.organisation;
    let mut wanted = 0;
    for _ in 0..3 {
        let left: Result<u64, StoreError> = hub
            .store()
            .write(Priority::People, move |tx| {
                directives::leave_book(tx, organisation)
            })
            .await;
        wanted = left.unwrap();
    }
    edge.connect();
    let mut books = edge.store.permits.watch();
    let arrived = books.wait_for(|book| book.version == wanted);
    tokio::time::timeout(LIMIT, arrived).await.unwrap().unwrap();
    edge.all_acknowledged(LIMIT).await;
    let known: Result<_, StoreError> = hub
        .store()
        .read(move |tx| edges::list_edges(tx, organisation))
        .await;
    assert_eq!(known.unwrap()[0].book_version, wanted);
    edge.stop().await;
    hub.stop().await;
}

/// AC-11: pictures follow their events and arrive unchanged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_follows_its_event() {
    let hub = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
    let at = Clock::System.wall();
    let passage = PassageId::fresh(at);
    let bytes: Vec<u8> = (0..200_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let kept = edge
        .store
        .evidence
        .put(passage, EvidenceKind::Frame, "image/jpeg", &bytes)
        .unwrap();
    let judged = Judged {
        sighting: Sighting {
            passage,
            plate: None,
            first_seen: at,
            last_seen: at,
            frames: 1,
            camera: "front".into(),
            heading: None,
            vehicle: None,
        },
        verdict: Verdict {
            outcome: Outcome::Deny,
            reason: Reason::NoPlate,
            permit: None,
            book_version: 1,
            probability: None,
            runner_up: None,
        },
        direction: Direction::Entry,
        stages: Stages::default(),
        evidence: vec![kept.clone()],
        models: Vec::new(),
        mismatch: None,
    };
    let gate = edge.gates[0].id;
    edge.store
        .spool
        .append(Some(gate), Fact::Judged(judged))
        .await
        .unwrap();
    edge.connect();
    harness::wait_for("the picture at the hub", LIMIT, || async {
        hub.evidence.get(kept.sha256).await.ok().flatten()
    })
    .await
    .unwrap();
    let stored = hub.evidence.get(kept.sha256).await.unwrap().unwrap();
    assert_eq!(stored.as_ref(), bytes.as_slice());
    harness::wait_for("the edge's note", LIMIT, || async {
        (edge.store.evidence.waiting() == 0).then_some(())
    })
    .await
    .unwrap();
    edge.stop().await;
    hub.stop().await;
}

/// Nothing that a peer sends stops the hub, with or without a certificate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_on_every_stream_harms_nobody() {
    let hub = Hub::start(Clock::System).await;
    let mut edge = Edge::enrolled(&hub, "North", &["North entry"]).await;
    for seed in 0..60 {
        garbage::throw(&hub, &edge, seed).await;
    }
    edge.connect();
    edge.status(|status| status.connected, LIMIT).await;
    edge.store.spool.append(None, harmless()).await.unwrap();
    edge.all_acknowledged(LIMIT).await;
    let organisation = hub.organisation;
    let gaps: Result<_, StoreError> = hub
        .store()
        .read(move |tx| ledger::list_gaps(tx, organisation, 10))
        .await;
    // The thrower sent one honest-looking batch behind a gap: it was named and not taken in.
    assert!(
        gaps.unwrap()
            .iter()
            .any(|gap| gap.expected == 1 && gap.got == 900)
    );
    edge.stop().await;
    hub.stop().await;
}

fn harmless() -> Fact {
    Fact::Started(contract::event::Started {
        version: "0".into(),
        clean: true,
    })
}
