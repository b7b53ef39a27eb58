//! Arrivals: what one event writes, and that it writes it once.

use contract::ids::EdgeId;
use contract::sighting::Direction;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use contract::verdict::Outcome;
use uuid::Uuid;

use super::Tenant;
use super::at;
use super::context;
use super::judged;
use super::moment;
use super::passage;
use super::permits::terms;
use super::take;
use super::two_tenants;
use super::write;
use crate::evidence;
use crate::parking::passages;
use crate::parking::permits;
use crate::parking::visits;
use crate::store::StoreError;
use crate::store::Tx;

fn visits_of(tx: &mut Tx, tenant: Tenant) -> Result<Vec<visits::Visit>, StoreError> {
    visits::list_visits(
        tx,
        tenant.organisation,
        &visits::Filter::default(),
        None,
        99,
    )
}

fn news(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.one("SELECT COUNT(*) FROM live_news", &[])?.int(0)
}

/// GR-20: the same event twice changes nothing, not even for those who listen.
#[tokio::test]
async fn the_same_event_twice_changes_nothing() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        let event = judged(passage(1), "AB12", Direction::Entry, Outcome::Open);
        take(tx, north, 5, 10, &event)?;
        let first = (
            passages::find_detail(tx, north.organisation, passage(1))?,
            visits_of(tx, north)?,
            news(tx)?,
        );
        take(tx, north, 5, 10, &event)?;
        let second = (
            passages::find_detail(tx, north.organisation, passage(1))?,
            visits_of(tx, north)?,
            news(tx)?,
        );
        assert_eq!(first, second);
        assert!(first.0.is_some());
        Ok(())
    })
    .await;
}

/// GR-01, GR-18: plate, confidence, camera, direction, time and stages come back as the edge sent them.
#[tokio::test]
async fn a_passage_shows_what_the_edge_saw() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        let event = judged(passage(1), "AB12", Direction::Exit, Outcome::Deny);
        take(tx, north, 5, 10, &event)?;
        let detail = passages::find_detail(tx, north.organisation, passage(1))?.unwrap();
        let text = serde_json::to_string(&detail).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["plate"], "AB12");
        assert_eq!(json["direction"], "exit");
        assert_eq!(json["outcome"], "deny");
        assert_eq!(json["confidence"].to_string(), "0.9");
        assert_eq!(json["first_seen"], "2026-01-01T00:00:00.000Z");
        assert_eq!(json["ended_at"], serde_json::Value::Null);
        assert_eq!(json["stages"]["detect_us"], 11);
        assert_eq!(json["site"]["name"], "Main");
        assert_eq!(json["pictures"][0]["state"], "waiting");
        assert_eq!(
            json["pictures"][0]["url"],
            format!("/api/v1/passages/{}/pictures/crop", passage(1))
        );
        assert_eq!(json["characters"][0]["options"][1]["symbol"], "4");
        assert_eq!(json["event"]["time_quality"], "ntp");
        assert_eq!(json["event"]["seq"], 5);
        assert!(visits_of(tx, north)?.is_empty());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_newer_verdict_of_the_same_passage_replaces_the_older_and_never_the_other_way() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        take(
            tx,
            north,
            6,
            12,
            &judged(passage(1), "AB12", Direction::Entry, Outcome::Open),
        )?;
        take(
            tx,
            north,
            5,
            10,
            &judged(passage(1), "AB99", Direction::Entry, Outcome::Ask),
        )?;
        let passage = passages::find_passage(tx, north.organisation, passage(1))?.unwrap();
        assert_eq!(passage.outcome, Outcome::Open);
        assert_eq!(visits_of(tx, north)?.len(), 1);
        Ok(())
    })
    .await;
}

/// An edge, of this or another organisation, that names somebody else's passage changes nothing of it.
#[tokio::test]
async fn a_passage_belongs_to_the_edge_that_made_it() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        take(
            tx,
            north,
            5,
            10,
            &judged(passage(1), "AB12", Direction::Entry, Outcome::Deny),
        )?;
        let own = passages::find_detail(tx, north.organisation, passage(1))?;
        let forger = Tenant {
            edge: EdgeId(Uuid::from_u128(99)),
            ..north
        };
        let mut forged = judged(passage(1), "EV11", Direction::Entry, Outcome::Open);
        forged.evidence[0].sha256 = [1; 32];
        take(tx, forger, 50, 20, &forged)?;
        take(tx, south, 50, 20, &forged)?;
        assert_eq!(
            passages::find_detail(tx, north.organisation, passage(1))?,
            own
        );
        assert!(visits_of(tx, north)?.is_empty());
        let pictures = evidence::list_pictures(tx, north.organisation, &[passage(1)])?;
        assert_eq!((pictures.len(), pictures[0].sha256), (1, [9; 32]));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_permit_names_the_vehicle_of_a_read_that_is_a_letter_off() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        let id = contract::ids::PermitId(Uuid::from_u128(1));
        permits::insert(tx, north.organisation, id, &terms("AB12"), at(0))?;
        let mut event = judged(passage(1), "A812", Direction::Entry, Outcome::Open);
        event.verdict.permit = Some(id);
        take(tx, north, 1, 10, &event)?;
        take(
            tx,
            north,
            2,
            20,
            &judged(passage(2), "AB12", Direction::Exit, Outcome::Open),
        )?;
        let visits = visits_of(tx, north)?;
        assert_eq!(visits.len(), 1);
        assert_eq!(
            (visits[0].plate.as_str(), visits[0].holder.as_deref()),
            ("AB12", Some("Ana 100%"))
        );
        let passage_one = passages::find_passage(tx, north.organisation, passage(1))?.unwrap();
        assert_eq!(passage_one.permit.unwrap().plate, "AB12");
        // The same permit's id means nothing in another organisation.
        take(tx, south, 1, 10, &event)?;
        let foreign = passages::find_passage(tx, south.organisation, passage(1))?.unwrap();
        assert_eq!(foreign.permit, None);
        assert_eq!(visits_of(tx, south)?[0].plate.as_str(), "A812");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_was_never_set_or_runs_ahead_does_not_sort() {
    let mut early = moment(10);
    early.wall = Timestamp::from_millis(0);
    early.quality = TimeQuality::Unsynced;
    let mut ahead = moment(10);
    ahead.wall = Timestamp::from_millis(i64::MAX);
    let (_store, north, _) = two_tenants().await;
    assert_eq!(context(north, 1, &early).best_time(), at(1_000_000));
    assert_eq!(context(north, 1, &ahead).best_time(), at(1_000_000));
    assert_eq!(context(north, 1, &moment(10)).best_time(), at(10));
}
