//! Intake by its public face: batches as they come from an honest, a confused and a hostile edge.

use contract::event::BarrierAction;
use contract::event::Event;
use contract::event::Fact;
use contract::event::InputChanged;
use contract::event::OrderDone;
use contract::event::OrderResult;
use contract::ids::AccountId;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrderId;
use contract::ids::OrganisationId;
use contract::sighting::Direction;
use contract::time::Moment;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use contract::wire::Hello;
use contract::wire::Verbatim;
use uuid::Uuid;

use super::Taken;
use super::ledger;
use super::ledger::Stream;
use super::take_batch;
use crate::audit;
use crate::fleet::directives;
use crate::fleet::edges;
use crate::fleet::enrolments;
use crate::fleet::enrolments::Enrolment;
use crate::fleet::enrolments::Joining;
use crate::fleet::enrolments::PlannedGate;
use crate::fleet::gates;
use crate::fleet::orders;
use crate::fleet::orders::NewOrder;
use crate::fleet::orders::OrderState;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::testing::Scratch;
use crate::store::testing::scratch;

struct Bench {
    store: Scratch,
    organisation: OrganisationId,
    edge: EdgeId,
    gate: GateId,
    foreign_gate: GateId,
}

impl Bench {
    /// Two edges of one organisation, each with a gate.
    async fn new() -> Self {
        let store = scratch();
        let (organisation, site) = store.organisation("North").await;
        let mut made = Vec::new();
        for (n, name) in ["North", "South"].into_iter().enumerate() {
            let at = store.clock.wall();
            let enrolment = Enrolment {
                id: Uuid::from_u128(n as u128 + 1),
                organisation,
                site,
                name: name.into(),
                gates: vec![PlannedGate {
                    name: format!("{name} entry"),
                    direction: Direction::Entry,
                }],
                created_by: "marisol".into(),
                created_at: at,
                expires_at: at.plus(enrolments::HOLDS),
                used_at: None,
                used_key: None,
                edge: None,
            };
            let joining = Joining {
                edge: EdgeId::fresh(at),
                gates: vec![GateId::fresh(at)],
                machine: "pi".into(),
                certificate: vec![1],
                key_sha256: [1; 32],
                at,
            };
            made.push((joining.edge, joining.gates[0]));
            store
                .write(Priority::People, move |tx| {
                    enrolments::create(tx, &enrolment, enrolments::hash(&[n as u8]))?;
                    enrolments::join(tx, &enrolment, &joining)
                })
                .await
                .unwrap();
        }
        Self {
            store,
            organisation,
            edge: made[0].0,
            gate: made[0].1,
            foreign_gate: made[1].1,
        }
    }

    fn stream(&self) -> Stream {
        Stream {
            organisation: self.organisation,
            edge: self.edge,
            epoch: 7,
        }
    }

    async fn take(&self, first_seq: u64, events: Vec<Verbatim>) -> Taken {
        let (stream, at) = (self.stream(), self.store.clock.wall());
        self.store
            .write(Priority::Machines, move |tx| {
                take_batch(tx, &stream, first_seq, &events, at)
            })
            .await
            .unwrap()
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.read(work).await.unwrap()
    }

    async fn states(&self) -> Vec<(u64, String)> {
        self.read(|tx| {
            tx.list("SELECT seq, state FROM ledger ORDER BY seq", &[])?
                .iter()
                .map(|row| Ok((row.number(0)?, row.text(1)?)))
                .collect()
        })
        .await
    }

    async fn audit(&self) -> Vec<String> {
        let organisation = self.organisation;
        self.read(move |tx| audit::list(tx, organisation, &audit::Filter::default(), 50))
            .await
            .into_iter()
            .map(|line| line.action)
            .collect()
    }
}

fn event(seq: u64, gate: Option<GateId>, kind: u16, body: Vec<u8>) -> Event {
    Event {
        seq,
        at: Moment {
            wall: Timestamp::from_millis(1_767_225_600_000),
            monotonic_ms: seq,
            boot: "b".into(),
            quality: TimeQuality::Ntp,
        },
        gate,
        kind,
        body: body.into(),
    }
}

fn told(seq: u64, gate: GateId, active: bool) -> Verbatim {
    let fact = Fact::InputChanged(InputChanged {
        input: "loop".into(),
        active,
    });
    verbatim(event(seq, Some(gate), fact.kind(), fact.encode()))
}

fn verbatim(event: Event) -> Verbatim {
    Verbatim {
        raw: minicbor::to_vec(&event).unwrap(),
        event: Some(event),
    }
}

/// GR-19: taking in the same batch twice changes nothing.
#[tokio::test]
async fn a_repeat_changes_nothing_and_an_overlap_adds_only_what_is_new() {
    let bench = Bench::new().await;
    let batch = |from: u64, until: u64| {
        (from..until)
            .map(|n| told(n, bench.gate, n % 2 == 0))
            .collect::<Vec<_>>()
    };
    let first = bench.take(1, batch(1, 5)).await;
    assert_eq!((first.through, first.fresh, first.repeats), (4, 4, 0));
    let again = bench.take(1, batch(1, 5)).await;
    assert_eq!((again.through, again.fresh, again.repeats), (4, 0, 4));
    let overlap = bench.take(3, batch(3, 8)).await;
    assert_eq!((overlap.through, overlap.fresh, overlap.repeats), (7, 3, 2));
    let organisation = bench.organisation;
    let standing = bench
        .read(move |tx| ledger::list_streams(tx, organisation))
        .await;
    assert_eq!((standing[0].through, standing[0].held), (7, 7));
}

#[tokio::test]
async fn a_batch_behind_a_gap_is_not_taken() {
    let bench = Bench::new().await;
    let taken = bench.take(3, vec![told(3, bench.gate, true)]).await;
    assert_eq!((taken.through, taken.fresh), (0, 0));
    assert!(bench.states().await.is_empty());
}

#[tokio::test]
async fn a_gap_is_named_until_it_is_filled() {
    let bench = Bench::new().await;
    let (stream, at, organisation) = (bench.stream(), bench.store.clock.wall(), bench.organisation);
    bench
        .store
        .write(Priority::Machines, move |tx| {
            ledger::record_gap(tx, &stream, 1, 3, false, at)
        })
        .await
        .unwrap();
    let gaps = bench
        .read(move |tx| ledger::list_gaps(tx, organisation, 10))
        .await;
    assert_eq!(
        (gaps[0].expected, gaps[0].got, gaps[0].state.as_str()),
        (1, 3, "open")
    );
    bench
        .take(
            1,
            vec![told(1, bench.gate, true), told(2, bench.gate, false)],
        )
        .await;
    let gaps = bench
        .read(move |tx| ledger::list_gaps(tx, organisation, 10))
        .await;
    assert_eq!(gaps[0].state, "filled");
}

/// A forged event for another gate is refused, kept as evidence and recorded; what comes behind it is not held up.
#[tokio::test]
async fn an_event_for_a_gate_of_another_edge_is_refused_and_holds_nothing_up() {
    let bench = Bench::new().await;
    let batch = vec![
        told(1, bench.gate, true),
        told(2, bench.foreign_gate, true),
        told(3, bench.gate, false),
    ];
    let taken = bench.take(1, batch).await;
    assert_eq!((taken.through, taken.refused), (3, 1));
    let states = bench.states().await;
    assert_eq!(states[1], (2, "refused".to_owned()));
    assert_eq!(states[2], (3, "taken".to_owned()));
    let organisation = bench.organisation;
    let inputs = bench
        .read(move |tx| gates::list_inputs(tx, organisation))
        .await;
    assert_eq!(inputs.len(), 1);
    assert_eq!((inputs[0].gate, inputs[0].active), (bench.gate, false));
    assert!(bench.audit().await.contains(&"event.refused".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_verbatim_and_holds_nothing_up() {
    let bench = Bench::new().await;
    let future = verbatim(event(2, Some(bench.gate), 60_000, vec![1, 2, 3]));
    let batch = vec![
        verbatim(event(1, Some(bench.gate), 2, b"garbage".to_vec())),
        future.clone(),
        Verbatim {
            event: None,
            raw: vec![0x63, 1, 2, 3],
        },
        // An event that says another number than its place.
        verbatim(event(90, Some(bench.gate), 60_000, vec![])),
        told(5, bench.gate, true),
    ];
    let taken = bench.take(1, batch).await;
    assert_eq!((taken.through, taken.unreadable, taken.refused), (5, 3, 0));
    let states: Vec<String> = bench
        .states()
        .await
        .into_iter()
        .map(|(_, state)| state)
        .collect();
    assert_eq!(
        states,
        ["unreadable", "unknown", "unreadable", "unreadable", "taken"]
    );
    let raw = bench
        .read(|tx| {
            tx.one("SELECT raw FROM ledger WHERE seq = 2", &[])?
                .bytes(0)
        })
        .await;
    assert_eq!(raw, future.raw);
}

/// Two spools in one epoch: the first event stays, the other is counted and recorded.
#[tokio::test]
async fn another_event_under_a_taken_number_overwrites_nothing() {
    let bench = Bench::new().await;
    bench.take(1, vec![told(1, bench.gate, true)]).await;
    let taken = bench.take(1, vec![told(1, bench.gate, false)]).await;
    assert_eq!((taken.conflicts, taken.fresh), (1, 0));
    let organisation = bench.organisation;
    let inputs = bench
        .read(move |tx| gates::list_inputs(tx, organisation))
        .await;
    assert!(inputs[0].active);
    assert!(bench.audit().await.contains(&"event.conflict".to_owned()));
}

/// A disk that is full for a moment says nothing about an event: the batch is not taken, and comes again.
#[tokio::test]
async fn a_full_disk_refuses_no_event() {
    let bench = Bench::new().await;
    let pages = async |most: u64| {
        let set = format!("PRAGMA max_page_count = {most}");
        let set: Result<_, StoreError> = bench
            .store
            .write(Priority::Machines, move |tx| tx.list(&set, &[]))
            .await;
        set.unwrap();
    };
    pages(1).await;
    let gate = bench.gate;
    let events: Vec<Verbatim> = (1..=3000)
        .map(|seq| told(seq, gate, seq % 2 == 0))
        .collect();
    let (stream, at) = (bench.stream(), bench.store.clock.wall());
    let taking = events.clone();
    let full = bench
        .store
        .write(Priority::Machines, move |tx| {
            take_batch(tx, &stream, 1, &taking, at)
        })
        .await;
    assert!(matches!(full, Err(StoreError::Disk(_))), "{full:?}");
    assert!(bench.states().await.is_empty());
    pages(1_000_000_000).await;
    let taken = bench.take(1, events).await;
    assert_eq!((taken.fresh, taken.refused), (3000, 0));
}

/// GR-14: an order ends once; "done" is taken back only by the pins' refusal, and nobody else's edge can end it.
#[tokio::test]
async fn an_order_ends_by_its_own_edge_and_done_stays_done() {
    let bench = Bench::new().await;
    let at = bench.store.clock.wall();
    let order = NewOrder {
        id: OrderId::fresh(at),
        gate: bench.gate,
        action: BarrierAction::Open,
        reason: "the plate is muddy".into(),
        account: AccountId::fresh(at),
        account_name: "marisol".into(),
        given_at: at,
        holds: orders::HOLDS,
    };
    let (organisation, id) = (bench.organisation, order.id);
    let given = bench
        .store
        .write(Priority::People, move |tx| {
            orders::give(tx, organisation, &order)
        })
        .await
        .unwrap();
    assert_eq!(given.state, OrderState::Waiting);
    let gate = bench.gate;
    let done = |seq, order, result| {
        let fact = Fact::OrderDone(OrderDone { order, result });
        verbatim(event(seq, Some(gate), fact.kind(), fact.encode()))
    };
    bench
        .take(
            1,
            vec![
                done(1, id, OrderResult::Repeated),
                done(2, id, OrderResult::Done),
                done(3, id, OrderResult::Expired),
                done(4, OrderId::fresh(at), OrderResult::Done),
            ],
        )
        .await;
    let now = bench
        .read(move |tx| orders::find_order(tx, organisation, id, at))
        .await;
    assert_eq!(now.unwrap().state, OrderState::Done);
    assert_eq!(bench.states().await[3].1, "refused");
    let refused = vec![
        done(5, id, OrderResult::Failed),
        done(6, id, OrderResult::Done),
    ];
    bench.take(5, refused).await;
    let now = bench
        .read(move |tx| orders::find_order(tx, organisation, id, at))
        .await;
    assert_eq!(now.unwrap().state, OrderState::Failed);
}

#[tokio::test]
async fn an_order_that_nobody_collected_expires_by_itself() {
    let bench = Bench::new().await;
    let at = bench.store.clock.wall();
    let order = NewOrder {
        id: OrderId::fresh(at),
        gate: bench.gate,
        action: BarrierAction::Open,
        reason: String::new(),
        account: AccountId::fresh(at),
        account_name: "marisol".into(),
        given_at: at,
        holds: orders::HOLDS,
    };
    let (organisation, edge, id) = (bench.organisation, bench.edge, order.id);
    bench
        .store
        .write(Priority::People, move |tx| {
            orders::give(tx, organisation, &order)
        })
        .await
        .unwrap();
    let pending = move |now: Timestamp| {
        move |tx: &mut Tx| {
            let waiting = directives::pending(tx, organisation, edge, 0, now)?
                .orders
                .len();
            let state = orders::find_order(tx, organisation, id, now)?.map(|order| order.state);
            Ok((waiting, state))
        }
    };
    let before = bench.read(pending(at)).await;
    assert_eq!(before, (1, Some(OrderState::Waiting)));
    let after = bench.read(pending(at.plus(orders::HOLDS))).await;
    assert_eq!(after, (0, Some(OrderState::Expired)));
}

/// A hub restored from a backup had given higher numbers than it remembers: nothing new hides below them.
#[tokio::test]
async fn a_hello_with_forgotten_directives_moves_the_counters_forward() {
    let bench = Bench::new().await;
    let (organisation, edge) = (bench.organisation, bench.edge);
    let hello = Hello {
        edge,
        epoch: 7,
        first_seq: 1,
        next_seq: 1,
        boot: "b".into(),
        version: "0".into(),
        directives_through: 50,
        book_version: 9,
    };
    bench
        .store
        .write(Priority::Machines, move |tx| {
            directives::greet(tx, organisation, &hello)
        })
        .await
        .unwrap();
    let now = bench.store.clock.wall();
    let (book, version) = bench
        .read(move |tx| {
            Ok((
                directives::pending(tx, organisation, edge, 0, now)?.book,
                directives::book_version(tx, organisation)?,
            ))
        })
        .await;
    assert!(book.is_some_and(|number| number > 50), "{book:?}");
    assert!(version > 9);
}

#[tokio::test]
async fn a_retired_edge_frees_its_gates_and_its_name() {
    let bench = Bench::new().await;
    let (organisation, edge, at) = (bench.organisation, bench.edge, bench.store.clock.wall());
    let retired: Result<bool, StoreError> = bench
        .store
        .write(Priority::People, move |tx| {
            let first = edges::retire(tx, organisation, edge, at)?;
            Ok(first && !edges::retire(tx, organisation, edge, at)?)
        })
        .await;
    assert!(retired.unwrap());
    let list = bench
        .read(move |tx| gates::list_gates(tx, organisation))
        .await;
    assert_eq!(list.iter().filter(|gate| gate.edge.is_none()).count(), 1);
}
