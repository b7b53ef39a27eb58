//! The room's rules, through its public face.

use std::net::IpAddr;
use std::time::Duration;

use contract::ids::AccountId;
use contract::time::Timestamp;

use super::*;
use crate::store::Id;
use crate::store::Priority;
use crate::store::StoreError;
use crate::store::testing::scratch;

/// SE-01: PBKDF2-HMAC-SHA256, at least 100,000 rounds, 32-byte random salt, rounds stored and raised.
#[tokio::test]
async fn a_password_is_kept_as_pbkdf2_with_its_own_salt_and_rounds() {
    let hasher = Hasher::new(ITERATIONS_FLOOR);
    let one = hasher.hash("Correct-Horse-1").await.unwrap();
    let two = hasher.hash("Correct-Horse-1").await.unwrap();
    assert_ne!(one, two, "each has its own salt");
    let parts: Vec<&str> = one.split('$').collect();
    assert_eq!(
        (parts[0], parts[1], parts[2].len()),
        ("pbkdf2-sha256", "100000", 43)
    );
    assert!(
        hasher
            .verify("Correct-Horse-1", Some(one.clone()))
            .await
            .unwrap()
    );
    assert!(
        !hasher
            .verify("Correct-Horse-2", Some(one.clone()))
            .await
            .unwrap()
    );
    assert!(!hasher.is_outdated(&one));
    assert!(
        Hasher::new(600_000).is_outdated(&one),
        "rounds are raised at log-in"
    );
    assert_eq!(Config::default().password_iterations, 600_000);
}

#[tokio::test]
async fn a_hash_that_is_not_ours_never_verifies() {
    let hasher = Hasher::new(1);
    for stored in [
        "",
        "pbkdf2-sha256$0$AA$AA",
        "pbkdf2-sha256$99999999$AA$AA",
        "x$1$AA$AA",
        "pbkdf2-sha256$1$AA$",
    ] {
        assert!(
            !hasher.verify("", Some(stored.to_owned())).await.unwrap(),
            "{stored}"
        );
        assert!(hasher.is_outdated(stored));
    }
    assert!(!hasher.verify("anything", None).await.unwrap());
}

/// SE-03: min 8 characters, upper, lower and number; the rule that failed is named.
#[test]
fn each_broken_rule_of_a_password_is_named() {
    assert!(broken_rules("Tqlmwde1").is_empty());
    assert_eq!(broken_rules("Abcdef1"), ["needs at least 8 characters"]);
    assert_eq!(broken_rules("abcdefg1"), ["needs an upper-case letter"]);
    assert_eq!(broken_rules("ABCDEFG1"), ["needs a lower-case letter"]);
    assert_eq!(broken_rules("Abcdefgh"), ["needs a digit"]);
    assert_eq!(
        broken_rules("P@ssw0rd"),
        ["is one that everybody tries first, or only a little changed"]
    );
    assert_eq!(broken_rules("").len(), 4);
    assert_eq!(broken_rules(&format!("Aa1{}", "x".repeat(2000))).len(), 1);
}

/// SE-20: five failures in five minutes from an address; then it waits.
#[test]
fn the_sixth_attempt_waits_and_a_success_does_not_count() {
    let attempts = Attempts::new(5, Duration::from_secs(300));
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    let at = |s: i64| Timestamp::from_millis(s * 1000);
    for s in 0..4 {
        attempts.begin(address, at(s)).unwrap();
    }
    attempts.begin(address, at(4)).unwrap();
    attempts.succeeded(address);
    attempts.begin(address, at(5)).unwrap();
    assert_eq!(
        attempts.begin(address, at(10)),
        Err(Duration::from_secs(290))
    );
    attempts
        .begin("192.0.2.2".parse().unwrap(), at(10))
        .unwrap();
    attempts.begin(address, at(300)).unwrap();
    assert!(attempts.begin(address, at(300)).is_err());
}

#[test]
fn neighbours_in_one_ipv6_network_count_as_one_address() {
    let attempts = Attempts::new(1, Duration::from_secs(300));
    let now = Timestamp::from_millis(0);
    attempts.begin("2001:db8::1".parse().unwrap(), now).unwrap();
    assert!(attempts.begin("2001:db8::2".parse().unwrap(), now).is_err());
    attempts
        .begin("2001:db8:0:1::1".parse().unwrap(), now)
        .unwrap();
    attempts.begin("192.0.2.1".parse().unwrap(), now).unwrap();
    assert!(
        attempts
            .begin("::ffff:192.0.2.1".parse().unwrap(), now)
            .is_err()
    );
}

/// SE-09: the roles of the start, as documented.
#[test]
fn the_seeded_roles_start_with_the_documented_rights() {
    for (weak, strong) in [
        (Seeded::Viewer, Seeded::Operator),
        (Seeded::Operator, Seeded::Admin),
        (Seeded::Technician, Seeded::Admin),
        (Seeded::Customer, Seeded::Viewer),
    ] {
        for right in Right::ALL {
            assert!(
                strong.starts_with(right) || !weak.starts_with(right),
                "{right:?}"
            );
        }
    }
    for right in Right::ALL {
        assert!(Seeded::Admin.starts_with(right) && !Seeded::Customer.starts_with(right));
        assert_eq!(serde_json::to_value(right).unwrap(), right.name());
        assert_eq!(Right::parse(right.name()), Some(right));
    }
    for role in Seeded::ALL {
        assert_eq!(Seeded::parse(role.name()), Some(role));
    }
}

/// SE-10: a right that a later version brings goes to the seeded roles once; what people took away stays away.
#[tokio::test]
async fn a_new_right_is_given_to_the_seeded_roles_once() {
    let store = scratch();
    let (organisation, _) = store.organisation("North").await;
    let now = store.clock.wall();
    let told: Result<_, StoreError> = store
        .write(Priority::People, move |tx| {
            seed_roles(tx, organisation, now)?;
            let mut viewer = find_role_by_name(tx, organisation, "viewer")?.unwrap();
            viewer.rights.clear();
            change_role(tx, organisation, &viewer)?;
            // To this store every right is new.
            let new = settle_rights(tx)?;
            let given = find_role_by_name(tx, organisation, "viewer")?.unwrap();
            change_role(tx, organisation, &viewer)?;
            let again = settle_rights(tx)?;
            let kept = find_role_by_name(tx, organisation, "viewer")?.unwrap();
            let customer = find_role_by_name(tx, organisation, "Customer")?.unwrap();
            Ok((
                new,
                given.rights.len(),
                again,
                kept.rights.len(),
                customer.rights.len(),
            ))
        })
        .await;
    assert_eq!(told.unwrap(), (Right::ALL.len(), 5, 0, 0, 0));
}

#[tokio::test]
async fn a_session_holds_until_its_end_and_its_token_is_not_in_the_store() {
    let store = scratch();
    let (organisation, _) = store.organisation("North").await;
    let now = store.clock.wall();
    let token = Token::random();
    let (kept, csrf) = (token.clone(), Token::random());
    let written: Result<(), StoreError> = store
        .write(Priority::People, move |tx| {
            seed_roles(tx, organisation, now)?;
            let role = find_role_by_name(tx, organisation, "operator")?.unwrap();
            let account = Account {
                id: AccountId::fresh(now),
                organisation,
                name: "Anna".into(),
                role: role.id,
                role_name: role.name,
                sites: None,
                created_at: now,
                disabled_at: None,
            };
            insert_account(tx, &account, "x")?;
            let session = NewSession {
                id: uuid::Uuid::fresh(now),
                token: kept.clone(),
                csrf: csrf.clone(),
                account: account.id,
                created_at: now,
                expires_at: now.plus(Duration::from_secs(60)),
                address: "192.0.2.1".into(),
                agent: String::new(),
            };
            insert_session(tx, &session)
        })
        .await;
    written.unwrap();
    let presented = token.clone();
    let found: Result<_, StoreError> = store
        .read(move |tx| {
            Ok((
                find_session(tx, &presented, now)?,
                find_session(tx, &presented, now.plus(Duration::from_secs(60)))?,
                find_session(tx, &Token::random(), now)?,
                find_by_name(tx, " aNNA ")?,
            ))
        })
        .await;
    let (session, late, other, account) = found.unwrap();
    let session = session.unwrap();
    assert_eq!(session.role, "operator");
    assert!(session.rights.contains(&Right::EditPermits) && session.reach.is_whole());
    assert!(late.is_none() && other.is_none());
    assert_eq!(account.unwrap().0.name, "Anna");
    assert!(!format!("{token:?}").contains(token.reveal()));
    let gone: Result<usize, StoreError> = store
        .write(Priority::Machines, move |tx| {
            delete_expired(tx, now.plus(Duration::from_secs(60)))
        })
        .await;
    assert_eq!(gone.unwrap(), 1);
}

/// SE-15: the set-up link holds until it is used, and a new one ends the old.
#[tokio::test]
async fn only_the_newest_set_up_link_holds_and_only_until_it_is_used() {
    let store = scratch();
    let now = store.clock.wall();
    let (old, new) = (Token::random(), Token::random());
    let held: Result<_, StoreError> = store
        .write(Priority::People, move |tx| {
            renew_setup_link(tx, &old, now)?;
            renew_setup_link(tx, &new, now)?;
            let held = (setup_link_holds(tx, &old)?, setup_link_holds(tx, &new)?);
            remove_setup_link(tx)?;
            Ok((held, setup_link_holds(tx, &new)?))
        })
        .await;
    assert_eq!(held.unwrap(), ((false, true), false));
}
