//! What the store promises, through its public face.

use tokio::sync::broadcast::error::TryRecvError;

use super::Priority;
use super::StoreError;
use super::Wake;
use super::testing::scratch;

const NEWS: &str = "INSERT INTO live_news (organisation, kind, body) VALUES ($1, $2, $3)";
const COUNT: &str = "SELECT count(*) FROM live_news";

async fn count(store: &super::Store) -> i64 {
    let count: Result<i64, StoreError> = store.read(|tx| tx.one(COUNT, &[])?.int(0)).await;
    count.unwrap()
}

#[tokio::test]
async fn a_write_is_seen_by_readers_and_wakes_follow_the_commit() {
    let store = scratch();
    let mut wakes = store.wakes();
    let written: Result<usize, StoreError> = store
        .write(Priority::People, |tx| {
            tx.wake(Wake::Live);
            tx.wake(Wake::Live);
            tx.execute(NEWS, &[[0_u8; 16].into(), "test".into(), "{}".into()])
        })
        .await;
    assert_eq!(written.unwrap(), 1);
    assert_eq!(count(&store).await, 1);
    assert_eq!(wakes.try_recv().unwrap(), Wake::Live);
    assert_eq!(wakes.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test]
async fn an_error_or_a_panic_leaves_nothing_behind_and_the_store_goes_on() {
    let store = scratch();
    let mut wakes = store.wakes();
    let refused: Result<(), StoreError> = store
        .write(Priority::People, |tx| {
            tx.execute(NEWS, &[[0_u8; 16].into(), "test".into(), "{}".into()])?;
            tx.wake(Wake::Live);
            Err(StoreError::NotFound)
        })
        .await;
    assert!(matches!(refused, Err(StoreError::NotFound)));
    let panicked: Result<(), StoreError> = store
        .write(Priority::Machines, |tx| {
            tx.execute(NEWS, &[[0_u8; 16].into(), "test".into(), "{}".into()])?;
            panic!("planted");
        })
        .await;
    assert!(matches!(panicked, Err(StoreError::Panicked)));
    assert_eq!(count(&store).await, 0);
    assert_eq!(wakes.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test]
async fn refusals_of_the_schema_have_their_own_errors() {
    let store = scratch();
    let (organisation, _) = store.organisation("North").await;
    let repeat: Result<usize, StoreError> = store
        .write(Priority::People, move |tx| {
            tx.execute(
                "INSERT INTO organisations (id, name, created_at) VALUES ($1, 'Again', 0)",
                &[organisation.into()],
            )
        })
        .await;
    assert!(matches!(repeat, Err(StoreError::Unique(column)) if column == "organisations.id"));
    let orphan: Result<usize, StoreError> = store
        .write(Priority::People, |tx| {
            tx.execute(
                "INSERT INTO sites (id, organisation, name, time_zone, created_at) VALUES ($1, $2, 'x', 'UTC', 0)",
                &[[1_u8; 16].into(), [2_u8; 16].into()],
            )
        })
        .await;
    assert!(matches!(orphan, Err(StoreError::Foreign)));
    let odd: Result<usize, StoreError> = store
        .write(Priority::People, |tx| {
            tx.execute(
                "INSERT INTO organisations (id, name, created_at) VALUES ($1, 'Short', 0)",
                &[[1_u8; 3].into()],
            )
        })
        .await;
    assert!(matches!(odd, Err(StoreError::Check(_))));
}

#[tokio::test]
async fn a_read_cannot_write() {
    let store = scratch();
    let refused: Result<usize, StoreError> = store
        .read(|tx| tx.execute(NEWS, &[[0_u8; 16].into(), "test".into(), "{}".into()]))
        .await;
    assert!(matches!(refused, Err(StoreError::Engine(_))));
    assert_eq!(count(&store).await, 0);
}

#[tokio::test]
async fn values_go_in_by_the_order_of_their_first_use_and_returning_takes_effect() {
    let store = scratch();
    let row: Result<(String, i64), StoreError> = store
        .write(Priority::People, |tx| {
            let row = tx.one(
                "INSERT INTO live_news (organisation, kind, body) VALUES ($1, $2, $2) RETURNING body, id",
                &[[0_u8; 16].into(), "twice".into()],
            )?;
            Ok((row.text(0)?, row.int(1)?))
        })
        .await;
    assert_eq!(row.unwrap(), ("twice".to_owned(), 1));
    assert_eq!(count(&store).await, 1);
}

#[tokio::test]
async fn the_generation_survives_reopening_and_a_closed_store_says_so() {
    let store = scratch();
    let generation = store.generation();
    let again = super::Store::open(
        store.dir(),
        &super::Config::default(),
        super::Timestamp::from_millis(9),
    )
    .unwrap();
    assert_eq!(again.generation(), generation);
    let closing = again.clone();
    tokio::task::spawn_blocking(move || closing.close())
        .await
        .unwrap();
    let late: Result<i64, StoreError> = again.read(|tx| tx.one(COUNT, &[])?.int(0)).await;
    assert!(matches!(late, Err(StoreError::Busy)));
}
