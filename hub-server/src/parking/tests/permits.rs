//! Permits: one in force per plate, withdrawn and restored, and never seen by another organisation.

use std::collections::BTreeMap;

use contract::ids::GateId;
use contract::ids::PermitId;
use contract::permit::Span;
use contract::permit::WeekSchedule;
use contract::time::Timestamp;
use contract::vehicle::Description;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;
use uuid::Uuid;

use super::at;
use super::plate;
use super::two_tenants;
use super::write;
use crate::parking::permits;
use crate::parking::permits::Filter;
use crate::parking::permits::Terms;
use crate::store::Priority;
use crate::store::StoreError;

pub fn terms(text: &str) -> Terms {
    Terms {
        plate: plate(text),
        holder: "Ana 100%".into(),
        group: "staff".into(),
        note: String::new(),
        valid_from: None,
        valid_until: Some(at(10)),
        schedule: WeekSchedule {
            spans: vec![Span {
                weekday: 2,
                from_minute: 480,
                until_minute: 1_080,
            }],
        },
        gates: vec![GateId(Uuid::from_u128(5))],
        denied: false,
        vehicle_type: Some(VehicleType::Van),
        vehicle_colour: Some(VehicleColour::Red),
    }
}

fn permit(number: u128) -> PermitId {
    PermitId(Uuid::from_u128(number))
}

/// AC-01: what an operator writes comes back, and the book carries it.
#[tokio::test]
async fn a_permit_is_kept_as_written_and_stands_in_the_book() {
    let (store, north, _) = two_tenants().await;
    let org = north.organisation;
    let (made, found, book) = write(&store, move |tx| {
        let made = permits::insert(tx, org, permit(1), &terms("AB 12"), at(0))?;
        let found = permits::find_permit(tx, org, permit(1))?;
        Ok((made, found, permits::book(tx, org)?))
    })
    .await;
    assert_eq!(Some(made), found);
    assert_eq!(book.time_zone, "UTC");
    assert_eq!(book.permits.len(), 1);
    assert_eq!(book.permits[0].plate, plate("AB12"));
    assert_eq!(book.permits[0].schedule, terms("AB12").schedule);
}

#[tokio::test]
async fn the_database_refuses_a_second_permit_in_force_for_a_plate_that_looks_the_same() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        permits::insert(tx, north.organisation, permit(1), &terms("OOO1"), at(0))?;
        // Another organisation's plate is another matter.
        permits::insert(tx, south.organisation, permit(1), &terms("0001"), at(0))
    })
    .await;
    let second: Result<_, StoreError> = store
        .write(Priority::People, move |tx| {
            permits::insert(tx, north.organisation, permit(2), &terms("0001"), at(0))
        })
        .await;
    assert!(matches!(second, Err(StoreError::Unique(_))));
}

#[tokio::test]
async fn a_withdrawn_permit_leaves_the_book_and_can_come_back_unless_its_plate_has_another() {
    let (store, north, _) = two_tenants().await;
    let org = north.organisation;
    write(&store, move |tx| {
        permits::insert(tx, org, permit(1), &terms("AB12"), at(0))?;
        assert!(permits::withdraw(tx, org, permit(1), at(1))?);
        assert!(!permits::withdraw(tx, org, permit(1), at(2))?);
        assert!(permits::book(tx, org)?.permits.is_empty());
        assert!(permits::restore(tx, org, permit(1), at(3))?);
        assert!(!permits::restore(tx, org, permit(1), at(3))?);
        assert_eq!(permits::book(tx, org)?.permits.len(), 1);
        permits::withdraw(tx, org, permit(1), at(4))?;
        permits::insert(tx, org, permit(2), &terms("AB12"), at(5)).map(|_| ())
    })
    .await;
    let back: Result<bool, StoreError> = store
        .write(Priority::People, move |tx| {
            permits::restore(tx, org, permit(1), at(6))
        })
        .await;
    assert!(matches!(back, Err(StoreError::Unique(_))));
}

/// SE-17: every function is tried with the other organisation's id.
#[tokio::test]
async fn another_organisation_neither_sees_nor_changes_a_permit() {
    let (store, north, south) = two_tenants().await;
    let (org, other) = (north.organisation, south.organisation);
    write(&store, move |tx| {
        let made = permits::insert(tx, org, permit(1), &terms("AB12"), at(0))?;
        assert_eq!(permits::find_permit(tx, other, permit(1))?, None);
        assert_eq!(permits::find_in_force(tx, other, &plate("AB12"))?, None);
        assert!(permits::list_permits(tx, other, &Filter::default(), None, 10)?.is_empty());
        assert!(permits::book(tx, other)?.permits.is_empty());
        assert_eq!(permits::count_in_force(tx, other)?, 0);
        assert!(!permits::change(tx, other, permit(1), &terms("XX"), at(1))?);
        assert!(!permits::withdraw(tx, other, permit(1), at(1))?);
        assert!(!permits::restore(tx, other, permit(1), at(1))?);
        assert_eq!(permits::find_permit(tx, org, permit(1))?, Some(made));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn lists_go_by_plate_page_by_page_and_find_by_plate_holder_and_group() {
    let (store, north, _) = two_tenants().await;
    let org = north.organisation;
    write(&store, move |tx| {
        for (number, text) in [(1, "CC3"), (2, "AA1"), (3, "BB2")] {
            permits::insert(tx, org, permit(number), &terms(text), at(0))?;
        }
        let mut odd = terms("DD4");
        odd.holder = "Zoë_X".into();
        permits::insert(tx, org, permit(4), &odd, at(0))?;
        let page = permits::list_permits(tx, org, &Filter::default(), None, 2)?;
        let plates: Vec<_> = page.iter().map(|p| p.terms.plate.as_str()).collect();
        assert_eq!(plates, ["AA1", "BB2"]);
        let after = ("BB2".to_owned(), page[1].id);
        let rest = permits::list_permits(tx, org, &Filter::default(), Some(&after), 9)?;
        assert_eq!(rest.len(), 2);
        let mut find = |text: &str| {
            let filter = Filter {
                text: Some(text.into()),
                withdrawn: false,
            };
            permits::list_permits(tx, org, &filter, None, 9).map(|found| found.len())
        };
        assert_eq!(find("b-b")?, 1);
        assert_eq!(find("STAFF")?, 4);
        assert_eq!(find("100%")?, 3);
        assert_eq!(find("ë_x")?, 1);
        assert_eq!(find("' OR 1=1 --")?, 0);
        Ok(())
    })
    .await;
}

#[test]
fn every_fault_of_the_terms_is_named_at_once() {
    let mut bad = terms("AB12");
    bad.holder = "x".repeat(101);
    bad.note = "tab\tor\u{7}bell".into();
    bad.valid_from = bad.valid_until;
    bad.schedule.spans[0].weekday = 9;
    let fields: Vec<_> = bad
        .faults(&BTreeMap::new())
        .into_iter()
        .map(|fault| fault.field)
        .collect();
    assert_eq!(
        fields,
        ["holder", "note", "valid_until", "schedule", "gates"]
    );
    let mut late = terms("AB12");
    late.valid_until = Some(Timestamp::from_millis(i64::MAX));
    let gates = BTreeMap::from([(GateId(Uuid::from_u128(5)), "North".to_owned())]);
    assert_eq!(late.faults(&gates)[0].field, "valid_until");
    assert!(terms("AB12").faults(&gates).is_empty());
}

/// VC-11: what a permit says of its vehicle stands in the book that the gates compare it by; nothing said is none.
#[tokio::test]
async fn the_book_carries_what_a_permit_says_of_its_vehicle() {
    let (store, north, _) = two_tenants().await;
    let org = north.organisation;
    write(&store, move |tx| {
        let mut said = terms("AB12");
        permits::insert(tx, org, permit(1), &said, at(0))?;
        assert_eq!(
            permits::book(tx, org)?.permits[0].vehicle,
            Some(Description {
                kind: Some(VehicleType::Van),
                colour: Some(VehicleColour::Red)
            })
        );
        (said.vehicle_type, said.vehicle_colour) = (None, None);
        assert!(permits::change(tx, org, permit(1), &said, at(1))?);
        assert_eq!(permits::book(tx, org)?.permits[0].vehicle, None);
        let kept = permits::find_permit(tx, org, permit(1))?.unwrap();
        assert_eq!(kept.terms, said);
        Ok(())
    })
    .await;
}
