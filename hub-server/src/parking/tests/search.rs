//! The search of passages over a store: what is found, page by page, and the register of plates.

use std::collections::BTreeSet;

use contract::ids::AccountId;
use contract::ids::PassageId;
use contract::sighting::Direction;
use contract::verdict::Outcome;
use uuid::Uuid;

use super::Tenant;
use super::judged;
use super::passage;
use super::take;
use super::two_tenants;
use super::write;
use crate::auth::Reach;
use crate::parking::plates;
use crate::parking::plates::Resolved;
use crate::parking::search::Filter;
use crate::parking::search::Place;
use crate::parking::search::count_passages;
use crate::parking::search::find_passages;
use crate::parking::wanted::Wanted;
use crate::store::StoreError;
use crate::store::Tx;

/// Takes in one passage per plate, numbered from 1, a second apart.
fn take_all(tx: &mut Tx, tenant: Tenant, plates: &[String]) -> Result<(), StoreError> {
    for (number, text) in (1..).zip(plates) {
        let event = judged(passage(number), text, Direction::Entry, Outcome::Deny);
        let seconds = i64::try_from(number).unwrap();
        take(tx, tenant, u64::try_from(number).unwrap(), seconds, &event)?;
    }
    Ok(())
}

/// The plates that a search finds, newest first, walked in pages of two.
fn found(tx: &mut Tx, of: impl Into<Reach>, filter: &Filter) -> Result<Vec<String>, StoreError> {
    let of = of.into();
    let mut texts = Vec::new();
    let mut before: Option<Place> = None;
    loop {
        let page = find_passages(tx, of, filter, before, 2)?;
        assert!(page.passages.len() <= 2);
        texts.extend(page.passages.into_iter().map(|one| {
            one.plate
                .map_or_else(String::new, |plate| plate.to_string())
        }));
        before = page.rest;
        if before.is_none() {
            return Ok(texts);
        }
    }
}

fn of(wanted: Wanted) -> Filter {
    Filter {
        plate: Some(wanted),
        ..Filter::default()
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// AC-03: exact, prefix, contained, with wildcards, and one or two characters off.
#[tokio::test]
async fn passages_are_found_by_exact_partial_wildcard_and_fuzzy_plate() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        let own = texts(&[
            "1234BCD", "1234BCE", "1294BCD", "I234BCO", "77AB123", "AB123", "O01", "9934XYZ",
        ]);
        take_all(tx, north, &own)?;
        take_all(tx, south, &texts(&["1234BCD"]))?;
        let org = north.organisation;
        for (wanted, expected) in [
            (Wanted::exactly("1234 bcd"), vec!["1234BCD"]),
            (Wanted::exactly("1234B"), vec![]),
            (Wanted::beginning("123"), vec!["1234BCE", "1234BCD"]),
            (Wanted::beginning("0o"), vec!["O01"]),
            (
                Wanted::holding("34"),
                vec!["9934XYZ", "I234BCO", "1234BCE", "1234BCD"],
            ),
            (Wanted::holding("b1"), vec!["AB123", "77AB123"]),
            (Wanted::holding("7"), vec!["77AB123"]),
            (Wanted::holding("*b*3"), vec!["AB123", "77AB123"]),
            (
                Wanted::holding("12?4BC?"),
                vec!["1294BCD", "1234BCE", "1234BCD"],
            ),
            (Wanted::holding("?????"), vec!["AB123"]),
            (Wanted::holding("QQ"), vec![]),
            (
                Wanted::near("1234BCD", 1),
                vec!["I234BCO", "1294BCD", "1234BCE", "1234BCD"],
            ),
            (Wanted::near("AB1234", 1), vec!["AB123"]),
            (Wanted::near("7AB12", 2), vec!["AB123", "77AB123"]),
            (Wanted::near("ZZZZZZZ", 2), vec![]),
        ] {
            let wanted = wanted.unwrap();
            assert_eq!(found(tx, org, &of(wanted.clone()))?, expected, "{wanted:?}");
            let hits = count_passages(tx, org, &of(wanted))?;
            assert_eq!((hits.count, hits.is_more), (expected.len() as u64, false));
        }
        Ok(())
    })
    .await;
}

/// The grams find what a comparison with every plate finds, for patterns and for near plates.
#[tokio::test]
async fn the_register_finds_what_comparing_every_plate_finds() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        // Few symbols, so that many are near each other.
        let mut seed = 7_u64;
        let mut next = |below: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let symbols: Vec<char> = "0123ABDIQ8".chars().collect();
        let mut keys = BTreeSet::new();
        for _ in 0..600 {
            let long = 3 + next(5);
            let key: String = (0..long)
                .map(|_| symbols[usize::try_from(next(10)).unwrap()])
                .collect();
            keys.insert(key);
        }
        for key in &keys {
            plates::note(tx, north.organisation, key)?;
        }
        let all: Vec<String> = keys.iter().cloned().collect();
        for number in 0..80 {
            let key = &all[(number * 7) % all.len()];
            for off in 0..3 {
                let wanted = Wanted::near(key, off).unwrap();
                let Wanted::Near(near) = &wanted else {
                    unreachable!()
                };
                let expected: BTreeSet<String> = all
                    .iter()
                    .filter(|other| near.off_by(other).is_some())
                    .cloned()
                    .collect();
                let Resolved::Keys(keys) = plates::resolve(tx, north.organisation, &wanted)? else {
                    panic!("near plates are named");
                };
                assert_eq!(
                    keys.into_iter().collect::<BTreeSet<_>>(),
                    expected,
                    "{wanted:?}"
                );
            }
            for text in [
                key[1..].to_owned(),
                format!("{}*", &key[..2]),
                format!("*{}*{}", &key[..1], &key[2..]),
            ] {
                let wanted = Wanted::holding(&text).unwrap();
                let Wanted::Fits(pattern) = &wanted else {
                    unreachable!()
                };
                let expected: BTreeSet<String> = all
                    .iter()
                    .filter(|other| pattern.fits(other))
                    .cloned()
                    .collect();
                match plates::resolve(tx, north.organisation, &wanted)? {
                    Resolved::Keys(keys) => {
                        assert_eq!(
                            keys.into_iter().collect::<BTreeSet<_>>(),
                            expected,
                            "{text}"
                        );
                    }
                    // Of these the passages are compared.
                    Resolved::Like(_) => assert!(pattern.grams().is_empty(), "{text}"),
                }
            }
        }
        Ok(())
    })
    .await;
}

/// AC-03, SE-17: a page begins where the last ended, whatever comes in meanwhile.
#[tokio::test]
async fn pages_of_a_search_neither_repeat_nor_skip_while_new_passages_come_in() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        let plates: Vec<String> = (1..=9).map(|n| format!("AB{n}")).collect();
        take_all(tx, north, &plates)?;
        let org = north.organisation;
        for wanted in [
            None,
            Some(Wanted::holding("AB").unwrap()),
            Some(Wanted::holding("A*").unwrap()),
        ] {
            let filter = Filter {
                plate: wanted,
                outcome: Some(Outcome::Deny),
                ..Filter::default()
            };
            let first = find_passages(tx, org, &filter, None, 4)?;
            let event = judged(passage(100), "AB99", Direction::Entry, Outcome::Deny);
            take(tx, north, 100, 500, &event)?;
            let second = find_passages(tx, org, &filter, first.rest, 4)?;
            let ids = |found: &crate::parking::search::Found| -> Vec<PassageId> {
                found.passages.iter().map(|one| one.id).collect()
            };
            let newest = ids(&first)[0];
            assert!(newest == passage(9) || newest == passage(100));
            assert!(ids(&first).iter().all(|id| !ids(&second).contains(id)));
            let all: BTreeSet<PassageId> = ids(&first).into_iter().chain(ids(&second)).collect();
            assert_eq!(all.len(), 8);
        }
        Ok(())
    })
    .await;
}

/// A search that finds little among very many answers in time, says that it is not over, and comes to the end page by page.
#[tokio::test]
async fn a_search_that_finds_little_among_many_goes_on_page_by_page() {
    let (store, north, _) = two_tenants().await;
    let rare = Filter {
        outcome: Some(Outcome::Ask),
        ..Filter::default()
    };
    let filter = rare.clone();
    write(&store, move |tx| {
        take_all(tx, north, &texts(&["AB1"]))?;
        let event = judged(passage(2), "AB2", Direction::Entry, Outcome::Ask);
        take(tx, north, 2, 0, &event)?;
        // The rest at once: 450,000 copies of the first, each a second later.
        tx.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450000) \
             INSERT INTO passages (organisation, id, site, gate, edge, epoch, seq, event_at, time_quality, received_at, \
             at, camera, plate, plate_key, direction, outcome, reason, book_version, first_seen, last_seen, frames, \
             stages_json, models_json) \
             SELECT organisation, CAST(printf('%016d', i) AS BLOB), site, gate, edge, epoch, seq, event_at, \
             time_quality, received_at, at + i * 1000, camera, plate, plate_key, direction, outcome, reason, \
             book_version, first_seen, last_seen, frames, stages_json, models_json FROM passages, n WHERE seq = 1",
            &[],
        )?;
        Ok(())
    })
    .await;
    let read: Result<_, StoreError> = store
        .read(move |tx| {
            let org = north.organisation;
            let first = find_passages(tx, org, &filter, None, 5)?;
            assert!(first.passages.is_empty() && first.rest.is_some());
            let hits = count_passages(tx, org, &filter)?;
            assert_eq!((hits.count, hits.is_more), (0, true));
            let second = find_passages(tx, org, &filter, first.rest, 5)?;
            let ids: Vec<_> = second.passages.iter().map(|one| one.id).collect();
            assert_eq!((ids, second.rest), (vec![passage(2)], None));
            // What is everywhere is found at once, and counted up to a limit.
            let often = of(Wanted::holding("*1").unwrap());
            assert_eq!(find_passages(tx, org, &often, None, 5)?.passages.len(), 5);
            let hits = count_passages(tx, org, &often)?;
            assert_eq!((hits.count, hits.is_more), (1_000, true));
            Ok(())
        })
        .await;
    read.unwrap();
}

/// AC-10: what a limited account searches by plate, gate or nothing stays within its sites.
#[tokio::test]
async fn a_search_stays_within_the_sites_of_an_account() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        take_all(tx, north, &texts(&["1234BCD", "AB12"]))?;
        // Of an account that is limited to no site at all.
        let stranger = Reach::of_account(north.organisation, AccountId(Uuid::from_u128(77)));
        for wanted in [
            None,
            Some(Wanted::exactly("1234BCD").unwrap()),
            Some(Wanted::near("1234BCE", 1).unwrap()),
            Some(Wanted::holding("12").unwrap()),
            Some(Wanted::holding("?B*").unwrap()),
        ] {
            for gate in [None, Some(north.gate)] {
                let filter = Filter {
                    plate: wanted.clone(),
                    gate,
                    ..Filter::default()
                };
                assert!(
                    !found(tx, north.organisation, &filter)?.is_empty(),
                    "{filter:?}"
                );
                assert!(found(tx, stranger, &filter)?.is_empty(), "{filter:?}");
                assert_eq!(count_passages(tx, stranger, &filter)?.count, 0);
            }
        }
        Ok(())
    })
    .await;
}

/// Passages from before the register get their plates into it, in parts that go on where a start was cut off.
#[tokio::test]
async fn plates_of_older_passages_are_filled_in_and_a_fill_that_was_cut_off_goes_on() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        take_all(tx, north, &texts(&["1234BCD", "1234BCD", "AB12"]))?;
        take_all(tx, south, &texts(&["ZZ99"]))?;
        // As a database from before the register is.
        for table in ["plates", "plate_grams", "plate_gram_counts"] {
            tx.execute(&format!("DELETE FROM {table}"), &[])?;
        }
        assert_eq!(plates::fill_part(tx)?, Some(3));
        let near = of(Wanted::near("1234BCE", 1).unwrap());
        assert_eq!(found(tx, north.organisation, &near)?.len(), 2);
        assert_eq!(
            found(tx, south.organisation, &of(Wanted::beginning("Z").unwrap()))?,
            ["ZZ99"]
        );
        Ok(())
    })
    .await;
    // The first part is done; the rest finds nothing new, and nothing is left to do at the next start.
    assert_eq!(plates::fill(&store).await.unwrap(), 0);
    write(&store, move |tx| {
        assert_eq!(plates::fill_part(tx)?, None);
        let count = tx
            .one("SELECT sum(plates) FROM plate_gram_counts", &[])?
            .int(0)?;
        let grams = tx.one("SELECT count(*) FROM plate_grams", &[])?.int(0)?;
        assert_eq!(count, grams);
        Ok(())
    })
    .await;
}
