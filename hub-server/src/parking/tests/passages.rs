//! Passages: lists, pages, filters, what completes a row, and whose it is.

use std::collections::BTreeSet;

use contract::event::BarrierAction;
use contract::event::BarrierMoved;
use contract::event::Cause;
use contract::event::EvidenceKind;
use contract::event::PassageEnded;
use contract::ids::OrderId;
use contract::sighting::Direction;
use contract::sighting::Heading;
use contract::sighting::Stages;
use contract::vehicle::Description;
use contract::vehicle::Vehicle;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;
use contract::verdict::Outcome;
use uuid::Uuid;

use super::at;
use super::context;
use super::judged;
use super::moment;
use super::passage;
use super::take;
use super::two_tenants;
use super::write;
use crate::evidence;
use crate::evidence::PictureStage;
use crate::parking::passages;
use crate::parking::search::Filter;
use crate::parking::search::find_passages;
use crate::parking::wanted::Wanted;

/// SE-17, AC-10: no list, detail or picture of one organisation is there for another.
#[tokio::test]
async fn another_organisation_sees_nothing_of_a_passage() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        take(
            tx,
            north,
            1,
            10,
            &judged(passage(1), "AB12", Direction::Entry, Outcome::Open),
        )?;
        let (org, other) = (north.organisation, south.organisation);
        assert!(
            find_passages(tx, other, &Filter::default(), None, 9)?
                .passages
                .is_empty()
        );
        assert_eq!(passages::find_passage(tx, other, passage(1))?, None);
        assert_eq!(passages::find_detail(tx, other, passage(1))?, None);
        assert!(evidence::list_pictures(tx, other, &[passage(1)])?.is_empty());
        assert_eq!(
            evidence::find_picture(tx, other, passage(1), EvidenceKind::Crop)?,
            None
        );
        let now = at(50);
        let (crop, hash) = (EvidenceKind::Crop, [9; 32]);
        // Neither another organisation nor another edge of the same one can deliver it.
        assert!(!passages::picture_stored(
            tx,
            other,
            north.edge,
            passage(1),
            crop,
            hash,
            now
        )?);
        assert!(!passages::picture_stored(
            tx,
            org,
            south.edge,
            passage(1),
            crop,
            hash,
            now
        )?);
        assert_eq!(
            evidence::picture_stage(tx, org, south.edge, passage(1), crop, hash)?,
            None
        );
        let stage = evidence::picture_stage(tx, org, north.edge, passage(1), crop, hash)?;
        assert_eq!(stage, Some(PictureStage::Waiting));
        assert!(passages::picture_stored(
            tx,
            org,
            north.edge,
            passage(1),
            crop,
            hash,
            now
        )?);
        assert!(!passages::picture_stored(
            tx,
            org,
            north.edge,
            passage(1),
            crop,
            hash,
            now
        )?);
        let shown = passages::find_passage(tx, org, passage(1))?.unwrap();
        assert_eq!(shown.pictures[0].state, PictureStage::Stored);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn pages_meet_without_overlap_and_filters_hold_on_each() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        for number in 1..=9_u64 {
            let outcome = if number % 3 == 0 {
                Outcome::Deny
            } else {
                Outcome::Ask
            };
            let text = if number > 4 { "XX1" } else { "YY1" };
            // Three share each moment.
            let seconds = i64::try_from(number / 3).unwrap_or_default();
            take(
                tx,
                north,
                number,
                seconds,
                &judged(passage(number.into()), text, Direction::Entry, outcome),
            )?;
        }
        let org = north.organisation;
        let mut walk = |filter: &Filter| {
            let mut seen = BTreeSet::new();
            let mut before = None;
            let mut last_at = at(1_000);
            loop {
                let page = find_passages(tx, org, filter, before, 2)?;
                for passage in page.passages {
                    assert!(passage.at <= last_at);
                    last_at = passage.at;
                    assert!(seen.insert(passage.id));
                }
                before = page.rest;
                if before.is_none() {
                    break;
                }
            }
            Ok::<_, crate::store::StoreError>(seen.len())
        };
        assert_eq!(walk(&Filter::default())?, 9);
        assert_eq!(
            walk(&Filter {
                outcome: Some(Outcome::Deny),
                ..Filter::default()
            })?,
            3
        );
        assert_eq!(
            walk(&Filter {
                plate: Some(Wanted::holding("x-x").unwrap()),
                ..Filter::default()
            })?,
            5
        );
        assert_eq!(
            walk(&Filter {
                gate: Some(north.gate),
                ..Filter::default()
            })?,
            9
        );
        assert_eq!(
            walk(&Filter {
                gate: Some(contract::ids::GateId(Uuid::nil())),
                ..Filter::default()
            })?,
            0
        );
        let middle = Filter {
            from: Some(at(1)),
            until: Some(at(2)),
            ..Filter::default()
        };
        assert_eq!(walk(&middle)?, 3);
        Ok(())
    })
    .await;
}

/// GR-13, GR-18: what the arm did and the whole time of each stage stand in the passage's one row.
#[tokio::test]
async fn moves_and_the_end_complete_the_row_once() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        let org = north.organisation;
        take(
            tx,
            north,
            1,
            10,
            &judged(passage(1), "AB12", Direction::Entry, Outcome::Open),
        )?;
        let open = BarrierMoved {
            action: BarrierAction::Open,
            cause: Cause::Passage(passage(1)),
        };
        let close = BarrierMoved {
            action: BarrierAction::Close,
            cause: Cause::HoldOver,
        };
        let order = BarrierMoved {
            action: BarrierAction::Open,
            cause: Cause::Order(OrderId(Uuid::from_u128(4))),
        };
        for _ in 0..2 {
            passages::barrier_moved(tx, &context(north, 2, &moment(11)), &open)?;
            passages::barrier_moved(tx, &context(north, 3, &moment(19)), &close)?;
            passages::barrier_moved(tx, &context(north, 5, &moment(30)), &order)?;
            passages::barrier_moved(tx, &context(north, 6, &moment(39)), &close)?;
        }
        let ended = PassageEnded {
            passage: passage(1),
            last_seen: at(18),
            frames: 12,
            stages: Stages {
                actuate_us: 77,
                ..Stages::default()
            },
            heading: None,
        };
        passages::ended(tx, &context(south, 4, &moment(20)), &ended)?;
        assert_eq!(
            passages::find_passage(tx, org, passage(1))?
                .unwrap()
                .ended_at,
            None
        );
        passages::ended(tx, &context(north, 4, &moment(20)), &ended)?;
        passages::ended(tx, &context(north, 9, &moment(90)), &ended)?;
        let detail = passages::find_detail(tx, org, passage(1))?.unwrap();
        let moves: Vec<_> = detail
            .barrier
            .iter()
            .map(|m| (m.action, m.cause.as_str(), m.at))
            .collect();
        assert_eq!(
            moves,
            [
                (BarrierAction::Open, "passage", at(11)),
                (BarrierAction::Close, "hold_over", at(19))
            ]
        );
        assert_eq!(detail.passage.ended_at, Some(at(20)));
        assert_eq!(
            (detail.passage.frames, detail.passage.stages.actuate_us),
            (12, 77)
        );
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_end_of_a_passage_whose_verdict_was_lost_makes_no_row() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        let ended = PassageEnded {
            passage: passage(1),
            last_seen: at(18),
            frames: 12,
            stages: Stages::default(),
            heading: None,
        };
        passages::ended(tx, &context(north, 4, &moment(20)), &ended)?;
        assert_eq!(
            passages::find_passage(tx, north.organisation, passage(1))?,
            None
        );
        Ok(())
    })
    .await;
}

/// VC-11: a passage shows its vehicle's type and colour with confidence and what its permit said otherwise, and lists are
/// narrowed by them.
#[tokio::test]
async fn a_passage_shows_its_vehicle_and_lists_are_narrowed_by_it() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        let org = north.organisation;
        let mut car = judged(passage(1), "AB12", Direction::Entry, Outcome::Open);
        let seen = Vehicle {
            kind: Some(VehicleType::Car),
            kind_confidence: 0.875,
            colour: Some(VehicleColour::Blue),
            colour_confidence: 0.75,
        };
        car.sighting.vehicle = Some(seen);
        car.mismatch = Some(Description {
            kind: Some(VehicleType::Van),
            colour: None,
        });
        take(tx, north, 1, 10, &car)?;
        // An edge that says what nobody can be: numbers that are none, and nothing told.
        let mut strange = judged(passage(2), "CD34", Direction::Entry, Outcome::Deny);
        strange.sighting.vehicle = Some(Vehicle {
            kind: None,
            kind_confidence: f32::NAN,
            colour: None,
            colour_confidence: 7.5,
        });
        strange.mismatch = Some(Description::default());
        take(tx, north, 2, 20, &strange)?;
        let plain = judged(passage(3), "EF56", Direction::Entry, Outcome::Deny);
        take(tx, north, 3, 30, &plain)?;

        let shown = passages::find_passage(tx, org, passage(1))?.unwrap();
        assert_eq!(shown.vehicle, Some(seen));
        assert_eq!(shown.mismatch, car.mismatch);
        let shown = passages::find_passage(tx, org, passage(2))?.unwrap();
        let vehicle = shown.vehicle.unwrap();
        assert_eq!((vehicle.kind, vehicle.kind_confidence), (None, 0.0));
        assert_eq!((vehicle.colour, vehicle.colour_confidence), (None, 1.0));
        assert_eq!(shown.mismatch, None);
        let shown = passages::find_passage(tx, org, passage(3))?.unwrap();
        assert_eq!((shown.vehicle, shown.mismatch), (None, None));

        let mut ids = |filter: Filter| -> Vec<_> {
            let found = find_passages(tx, org, &filter, None, 9).unwrap();
            found
                .passages
                .into_iter()
                .map(|passage| passage.id)
                .collect()
        };
        let of_type = |kind| Filter {
            vehicle_type: Some(kind),
            ..Filter::default()
        };
        assert_eq!(ids(of_type(VehicleType::Car)), [passage(1)]);
        assert!(ids(of_type(VehicleType::Bus)).is_empty());
        let of_colour = |colour| Filter {
            vehicle_type: Some(VehicleType::Car),
            vehicle_colour: Some(colour),
            ..Filter::default()
        };
        assert_eq!(ids(of_colour(VehicleColour::Blue)), [passage(1)]);
        assert!(ids(of_colour(VehicleColour::Red)).is_empty());
        let of_mismatch = |mismatch| Filter {
            mismatch: Some(mismatch),
            ..Filter::default()
        };
        assert_eq!(ids(of_mismatch(true)), [passage(1)]);
        assert_eq!(ids(of_mismatch(false)), [passage(3), passage(2)]);
        Ok(())
    })
    .await;
}

/// GR-01: which way it went is shown, known better at its end, and lists are narrowed by it.
#[tokio::test]
async fn a_passage_shows_which_way_it_went_and_lists_are_narrowed_by_it() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        for (number, heading) in [
            (1, Some(Heading::Approaching)),
            (2, None),
            (3, Some(Heading::Approaching)),
        ] {
            let id = passage(u128::from(number));
            let mut event = judged(id, "AB12", Direction::Entry, Outcome::Open);
            event.sighting.heading = heading;
            take(tx, north, number, 10, &event)?;
        }
        let end = |number: u128, heading| PassageEnded {
            passage: passage(number),
            last_seen: at(20),
            frames: 9,
            stages: Stages::default(),
            heading,
        };
        let when = moment(20);
        // Not clear at the end: what the verdict said stays.
        passages::ended(tx, &context(north, 4, &when), &end(1, None))?;
        passages::ended(
            tx,
            &context(north, 5, &when),
            &end(3, Some(Heading::Leaving)),
        )?;
        for (wanted, found) in [
            (None, vec![3, 2, 1]),
            (Some(Some(Heading::Approaching)), vec![1]),
            (Some(Some(Heading::Leaving)), vec![3]),
            (Some(None), vec![2]),
        ] {
            let filter = Filter {
                heading: wanted,
                ..Filter::default()
            };
            let list = find_passages(tx, north.organisation, &filter, None, 9)?.passages;
            let ids: Vec<_> = list.iter().map(|one| one.id).collect();
            let found: Vec<_> = found.into_iter().map(passage).collect();
            assert_eq!(ids, found, "{wanted:?}");
            assert!(wanted.is_none_or(|wanted| list.iter().all(|one| one.heading == wanted)));
        }
        Ok(())
    })
    .await;
}
