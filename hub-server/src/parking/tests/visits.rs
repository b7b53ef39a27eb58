//! Visits: an entry and the next exit of a plate are one visit, in whatever order their events arrive.

use std::collections::BTreeSet;

use contract::ids::AccountId;
use contract::ids::PassageId;
use contract::sighting::Direction;
use contract::verdict::Outcome;
use proptest::prelude::*;
use uuid::Uuid;

use super::Tenant;
use super::at;
use super::judged;
use super::passage;
use super::plate;
use super::take;
use super::two_tenants;
use super::write;
use crate::parking::occupancy;
use crate::parking::visits;
use crate::parking::visits::Corrected;
use crate::parking::visits::Corrector;
use crate::parking::visits::Filter;
use crate::parking::visits::Visit;
use crate::parking::visits::VisitState;
use crate::store::StoreError;
use crate::store::Tx;

use Direction::Entry;
use Direction::Exit;

fn by(seconds: i64) -> Corrector {
    Corrector {
        account: AccountId(Uuid::from_u128(3)),
        name: "ana".into(),
        reason: "left by the back gate".into(),
        at: at(seconds),
    }
}

fn all(tx: &mut Tx, tenant: Tenant) -> Result<Vec<Visit>, StoreError> {
    visits::list_visits(tx, tenant.organisation, &Filter::default(), None, 1_000)
}

fn opened(
    tx: &mut Tx,
    tenant: Tenant,
    number: u64,
    direction: Direction,
    seconds: i64,
) -> Result<(), StoreError> {
    let judged = judged(passage(number.into()), "AB12", direction, Outcome::Open);
    take(tx, tenant, number, seconds, &judged)
}

fn on_site(tx: &mut Tx, tenant: Tenant) -> Result<i64, StoreError> {
    Ok(occupancy::list_occupancy(tx, tenant.organisation)?[0].on_site)
}

/// AC-04: an entry and the next exit form one visit with a duration; AC-05: the count follows.
#[tokio::test]
async fn an_entry_and_the_next_exit_are_one_visit() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        opened(tx, north, 1, Entry, 100)?;
        assert_eq!((on_site(tx, north)?, on_site(tx, south)?), (1, 0));
        opened(tx, north, 2, Exit, 160)?;
        let visits = all(tx, north)?;
        assert_eq!(visits.len(), 1);
        assert_eq!(visits[0].state, VisitState::Closed);
        assert_eq!(visits[0].duration_s, Some(60));
        assert_eq!(visits[0].entry_passage, Some(passage(1)));
        assert_eq!(visits[0].exit_passage, Some(passage(2)));
        assert_eq!(on_site(tx, north)?, 0);
        assert!(all(tx, south)?.is_empty());
        Ok(())
    })
    .await;
}

/// AC-04: what has no other half is listed for review.
#[tokio::test]
async fn a_second_entry_and_a_lone_exit_leave_unpaired_visits() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        opened(tx, north, 1, Exit, 100)?;
        opened(tx, north, 2, Entry, 200)?;
        opened(tx, north, 3, Entry, 300)?;
        let filter = Filter {
            state: Some(VisitState::Unpaired),
            plate: Some(plate("b1")),
        };
        let unpaired = visits::list_visits(tx, north.organisation, &filter, None, 9)?;
        let ends: Vec<_> = unpaired
            .iter()
            .map(|v| (v.entry_passage, v.exit_passage))
            .collect();
        assert_eq!(ends, [(Some(passage(2)), None), (None, Some(passage(1)))]);
        assert_eq!(on_site(tx, north)?, 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_second_exit_does_not_close_the_visit_twice() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        opened(tx, north, 1, Entry, 100)?;
        opened(tx, north, 2, Exit, 200)?;
        opened(tx, north, 3, Exit, 300)?;
        let ends: Vec<_> = all(tx, north)?
            .iter()
            .map(|v| (v.state, v.exit_passage))
            .collect();
        assert_eq!(
            ends,
            [
                (VisitState::Unpaired, Some(passage(3))),
                (VisitState::Closed, Some(passage(2)))
            ]
        );
        Ok(())
    })
    .await;
}

/// AC-05: the count is corrected by hand; the exit's own event still finds its visit.
#[tokio::test]
async fn a_visit_closed_by_hand_counts_no_more_and_takes_its_late_exit() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        opened(tx, north, 1, Entry, 100)?;
        let id = all(tx, north)?[0].id;
        assert_eq!(
            visits::close(tx, south.organisation, id, &by(500))?,
            Corrected::NotFound
        );
        let Corrected::Done(visit) = visits::close(tx, north.organisation, id, &by(500))? else {
            panic!("not closed");
        };
        assert_eq!(
            (visit.state, visit.left_at),
            (VisitState::Closed, Some(at(500)))
        );
        assert_eq!(
            visits::close(tx, north.organisation, id, &by(501))?,
            Corrected::AlreadySo
        );
        assert_eq!(on_site(tx, north)?, 0);
        opened(tx, north, 2, Exit, 400)?;
        let visits = all(tx, north)?;
        assert_eq!(visits.len(), 1);
        assert_eq!(visits[0].left_at, Some(at(400)));
        assert_eq!(visits[0].corrected.as_ref().unwrap().by, "ana");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_vehicle_that_came_unseen_is_recorded_once_by_hand() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        let org = north.organisation;
        let Corrected::Done(visit) =
            visits::open_by_hand(tx, org, north.site, &plate("AB12"), &by(100))?
        else {
            panic!("not opened");
        };
        assert_eq!((visit.state, visit.entry_passage), (VisitState::Open, None));
        assert_eq!(
            visit.corrected.as_ref().unwrap().reason,
            "left by the back gate"
        );
        assert_eq!(
            visits::open_by_hand(tx, org, north.site, &plate("AB12"), &by(101))?,
            Corrected::AlreadySo
        );
        assert_eq!(on_site(tx, north)?, 1);
        opened(tx, north, 2, Exit, 400)?;
        assert_eq!(all(tx, north)?[0].duration_s, Some(300));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn pages_of_visits_meet_without_overlap() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        for number in 1..=5_u64 {
            let text = format!("AB{number}");
            // Two share a moment, so that the id decides.
            let seconds = i64::try_from(number / 2).unwrap_or_default();
            take(
                tx,
                north,
                number,
                seconds,
                &judged(passage(number.into()), &text, Entry, Outcome::Open),
            )?;
        }
        let mut seen = BTreeSet::new();
        let mut before = None;
        loop {
            let page = visits::list_visits(tx, north.organisation, &Filter::default(), before, 2)?;
            let Some(last) = page.last() else { break };
            before = Some((last.at, last.id));
            for visit in page {
                assert!(seen.insert(visit.id));
            }
        }
        assert_eq!(seen.len(), 5);
        Ok(())
    })
    .await;
}

/// One crossing of the property: who, which way, when.
#[derive(Clone, Copy, Debug)]
struct Step {
    plate: usize,
    direction: Direction,
    seconds: i64,
    arrives: u32,
    again: bool,
}

fn step() -> impl Strategy<Value = Step> {
    (
        0..2_usize,
        any::<bool>(),
        0..40_i64,
        any::<u32>(),
        any::<bool>(),
    )
        .prop_map(|(plate, entry, seconds, arrives, again)| Step {
            plate,
            direction: if entry { Entry } else { Exit },
            seconds,
            arrives,
            again,
        })
}

type Ends = (Option<PassageId>, Option<PassageId>, String);

/// Pairs neighbours in the order of time: what the desk must come to, however the events arrive.
fn expected(steps: &[(PassageId, Step)]) -> BTreeSet<Ends> {
    let mut ends = BTreeSet::new();
    for text in 0..2 {
        let mut row: Vec<_> = steps.iter().filter(|(_, s)| s.plate == text).collect();
        row.sort_by_key(|(id, s)| (s.seconds, *id));
        let mut next = 0;
        while let Some((id, step)) = row.get(next) {
            let following = row.get(next + 1);
            next += 1;
            match (step.direction, following) {
                (Entry, Some((exit, after))) if after.direction == Exit => {
                    ends.insert((Some(*id), Some(*exit), "Closed".into()));
                    next += 1;
                }
                (Entry, None) => {
                    ends.insert((Some(*id), None, "Open".into()));
                }
                (Entry, Some(_)) => {
                    ends.insert((Some(*id), None, "Unpaired".into()));
                }
                (Exit, _) => {
                    ends.insert((None, Some(*id), "Unpaired".into()));
                }
            }
        }
    }
    ends
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// AC-04 and GR-20: any order of arrival, with repeats, ends in the same visits.
    #[test]
    fn visits_follow_from_time_and_not_from_arrival(steps in proptest::collection::vec(step(), 0..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (store, north, _) = two_tenants().await;
            let steps: Vec<_> = steps
                .into_iter()
                .enumerate()
                .map(|(number, step)| (passage(number as u128 + 1), step))
                .collect();
            let wanted = expected(&steps);
            let mut arrivals = steps;
            arrivals.sort_by_key(|(_, step)| step.arrives);
            let found = write(&store, move |tx| {
                for (seq, (id, step)) in arrivals.iter().enumerate() {
                    let text = ["AB12", "XY99"][step.plate];
                    let judged = judged(*id, text, step.direction, Outcome::Open);
                    for _ in 0..=usize::from(step.again) {
                        take(tx, north, seq as u64 + 1, step.seconds, &judged)?;
                    }
                }
                all(tx, north)
            })
            .await;
            let found: Vec<Ends> = found
                .iter()
                .map(|v| (v.entry_passage, v.exit_passage, format!("{:?}", v.state)))
                .collect();
            assert_eq!(found.len(), wanted.len());
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted);
        });
    }
}
