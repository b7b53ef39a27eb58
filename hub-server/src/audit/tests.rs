//! The trail, through the room's public face.

use contract::ids::AccountId;
use contract::ids::OrganisationId;

use super::Actor;
use super::Entry;
use super::Fault;
use super::Filter;
use super::Report;
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
    let reports: Result<_, StoreError> = store.read(verify).await;
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
                verify(tx)?,
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
