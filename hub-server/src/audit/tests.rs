//! The trail, through the room's public face.

use contract::ids::AccountId;
use contract::ids::OrganisationId;

use super::Actor;
use super::By;
use super::Checkpoint;
use super::Entry;
use super::Fault;
use super::Filter;
use super::Report;
use super::checkpoints;
use super::count;
use super::expire;
use super::list;
use super::record;
use super::verify;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::testing::Scratch;
use crate::store::testing::scratch;

async fn three_lines(store: &Scratch) -> (OrganisationId, AccountId) {
    let (organisation, _) = store.organisation("North").await;
    let at = store.clock.wall();
    let account = AccountId::fresh(at);
    let written: Result<(), StoreError> = store
        .write(Priority::People, move |tx| {
            for action in ["permit.create", "permit.change", "permit.create"] {
                record(
                    tx,
                    &Entry {
                        organisation,
                        at,
                        actor: Actor::Account(account, "anna".into()),
                        action,
                        object_kind: "permit",
                        object_id: "1".into(),
                        summary: "A permit.".into(),
                        details: serde_json::json!({ "plate": "AB123" }),
                        address: "192.0.2.1".into(),
                    },
                )?;
            }
            Ok(())
        })
        .await;
    written.unwrap();
    (organisation, account)
}

async fn tamper(store: &Scratch, sql: &'static str) -> Vec<Report> {
    let done: Result<usize, StoreError> = store
        .write(Priority::People, move |tx| tx.execute(sql, &[]))
        .await;
    assert!(done.unwrap() > 0);
    let reports: Result<_, StoreError> = store.read(|tx| verify(tx, &[])).await;
    reports.unwrap()
}

#[tokio::test]
async fn an_untouched_trail_verifies_and_lists_newest_first() {
    let store = scratch();
    let (organisation, account) = three_lines(&store).await;
    let read: Result<_, StoreError> = store
        .read(move |tx| {
            let filter = Filter {
                action: Some("permit.create".into()),
                account: Some(account),
                ..Filter::default()
            };
            let other = Filter {
                account: Some(AccountId::fresh(contract::time::Timestamp::from_millis(1))),
                ..Filter::default()
            };
            Ok((
                verify(tx, &[])?,
                list(tx, organisation, &filter, 10)?,
                list(tx, organisation, &other, 10)?,
            ))
        })
        .await;
    let (reports, lines, none) = read.unwrap();
    assert_eq!(reports.len(), 1);
    assert_eq!((reports[0].lines, &reports[0].fault), (3, &None));
    assert_eq!(lines.iter().map(|l| l.number).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(lines[0].previous, {
        let read: Result<_, StoreError> = store
            .read(move |tx| list(tx, organisation, &Filter::default(), 10))
            .await;
        read.unwrap()[1].hash
    });
    assert!(none.is_empty());
}

#[tokio::test]
async fn a_changed_line_is_found() {
    let store = scratch();
    three_lines(&store).await;
    let reports = tamper(
        &store,
        "UPDATE audit_lines SET summary = 'x' WHERE number = 2",
    )
    .await;
    assert_eq!(reports[0].fault, Some(Fault::Changed(2)));
}

#[tokio::test]
async fn a_removed_line_is_found() {
    let store = scratch();
    three_lines(&store).await;
    let reports = tamper(&store, "DELETE FROM audit_lines WHERE number = 2").await;
    assert_eq!(reports[0].fault, Some(Fault::Missing(2)));
}

#[tokio::test]
async fn a_cut_end_is_found() {
    let store = scratch();
    three_lines(&store).await;
    let reports = tamper(&store, "DELETE FROM audit_lines WHERE number = 3").await;
    assert_eq!(
        reports[0].fault,
        Some(Fault::End {
            found: 2,
            recorded: 3
        })
    );
}

#[tokio::test]
async fn a_trail_that_was_removed_whole_is_found() {
    let store = scratch();
    three_lines(&store).await;
    let reports = tamper(&store, "DELETE FROM audit_lines").await;
    assert_eq!(
        reports[0].fault,
        Some(Fault::End {
            found: 0,
            recorded: 3
        })
    );
}

async fn expire_before(store: &Scratch, limit: i64) -> usize {
    let now = store.clock.wall();
    let limit = contract::time::Timestamp::from_millis(limit);
    let done: Result<usize, StoreError> = store
        .write(Priority::Machines, move |tx| expire(tx, limit, now))
        .await;
    done.unwrap()
}

/// SE-63: retention leaves its own line, and what is left still verifies; a cut without that line is found.
#[tokio::test]
async fn retention_leaves_its_own_line_and_a_chain_that_still_verifies() {
    let store = scratch();
    let (organisation, _) = three_lines(&store).await;
    let noted: Result<Vec<Checkpoint>, StoreError> = store.read(checkpoints).await;
    let noted = noted.unwrap();
    store.hand.advance(std::time::Duration::from_secs(3600));
    assert_eq!(
        expire_before(&store, store.clock.wall().as_millis()).await,
        2,
        "the newest stays"
    );
    let read: Result<_, StoreError> = store
        .read(move |tx| {
            Ok((
                verify(tx, &noted)?,
                list(tx, organisation, &Filter::default(), 10)?,
            ))
        })
        .await;
    let (reports, lines) = read.unwrap();
    assert_eq!(
        (reports[0].cut, reports[0].lines, &reports[0].fault),
        (2, 4, &None)
    );
    assert_eq!(lines[0].action, "audit.expire");
    assert!(lines[0].details.contains("\"count\":2"));
    // Ending more by hand and moving the cut along is found: no line says so.
    let hash =
        "UPDATE audit_cuts SET number = 3, hash = (SELECT hash FROM audit_lines WHERE number = 3)";
    tamper(&store, hash).await;
    let reports = tamper(&store, "DELETE FROM audit_lines WHERE number = 3").await;
    assert_eq!(reports[0].fault, Some(Fault::Cut(3)));
}

/// SE-64: a trail that was written anew from its start verifies by itself, and not against a checkpoint.
#[tokio::test]
async fn a_trail_that_was_written_anew_is_found_by_its_checkpoint() {
    let store = scratch();
    let (organisation, _) = three_lines(&store).await;
    let noted: Result<Vec<Checkpoint>, StoreError> = store.read(checkpoints).await;
    let noted = noted.unwrap();
    assert_eq!(noted[0].number, 3);
    tamper(&store, "DELETE FROM audit_lines").await;
    tamper(&store, "DELETE FROM audit_ends").await;
    let against = |noted: Vec<Checkpoint>| {
        let store = store.store();
        async move {
            let read: Result<Vec<Report>, StoreError> =
                store.read(move |tx| verify(tx, &noted)).await;
            read.unwrap()
        }
    };
    let gone = against(noted.clone()).await;
    assert_eq!(
        gone[0].fault,
        Some(Fault::End {
            found: 0,
            recorded: 3
        })
    );
    let at = store.clock.wall();
    let written: Result<(), StoreError> = store
        .write(Priority::People, move |tx| {
            for number in 0..4 {
                record(
                    tx,
                    &Entry {
                        organisation,
                        at,
                        actor: Actor::System,
                        action: "permit.create",
                        object_kind: "permit",
                        object_id: number.to_string(),
                        summary: "Another story.".into(),
                        details: serde_json::json!({}),
                        address: String::new(),
                    },
                )?;
            }
            Ok(())
        })
        .await;
    written.unwrap();
    assert_eq!(against(Vec::new()).await[0].fault, None);
    assert_eq!(against(noted).await[0].fault, Some(Fault::Checkpoint(3)));
}

/// SE-61: lines are counted by day, action and actor, within the same filters as the search.
#[tokio::test]
async fn lines_are_counted_by_day_action_and_actor() {
    let store = scratch();
    let (organisation, account) = three_lines(&store).await;
    let read: Result<_, StoreError> = store
        .read(move |tx| {
            let all = Filter::default();
            let some = Filter {
                object_kind: Some("permit".into()),
                object: Some("1".into()),
                address: Some("192.0.2.1".into()),
                account: Some(account),
                ..Filter::default()
            };
            let none = Filter {
                address: Some("192.0.2.2".into()),
                ..Filter::default()
            };
            Ok((
                count(tx, organisation, &all, By::Action)?,
                count(tx, organisation, &some, By::Day)?,
                count(tx, organisation, &all, By::Actor)?,
                count(tx, organisation, &none, By::Actor)?,
            ))
        })
        .await;
    let (actions, days, actors, none) = read.unwrap();
    let shown = |counts: &[super::Count]| -> Vec<(String, i64)> {
        counts
            .iter()
            .map(|one| (one.key.clone(), one.count))
            .collect()
    };
    assert_eq!(
        shown(&actions),
        [
            ("permit.create".to_owned(), 2),
            ("permit.change".to_owned(), 1)
        ]
    );
    assert_eq!(shown(&days), [("2026-01-01".to_owned(), 3)]);
    assert_eq!(shown(&actors), [("anna".to_owned(), 3)]);
    assert!(none.is_empty());
}
