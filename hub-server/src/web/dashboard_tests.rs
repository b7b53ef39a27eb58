//! Dashboards, statistics and checklists as callers see them: by right, by site, by organisation.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::StatusCode;
use contract::event::BarrierAction;
use contract::event::CameraChanged;
use contract::event::CameraState;
use contract::ids::OrderId;
use contract::sighting::Direction;
use contract::verdict::Outcome;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::desk_tests::with_gate;
use super::desk_tests::write;
use super::testing::Person;
use super::testing::TestHub;
use crate::auth::Seeded;
use crate::fleet;
use crate::fleet::gates::Told;
use crate::fleet::orders::NewOrder;
use crate::fleet::sites::Site;
use crate::parking::tests::Tenant;
use crate::parking::tests::at;
use crate::parking::tests::judged;
use crate::parking::tests::passage;
use crate::parking::tests::take;
use crate::store::Id;

const DASHBOARD: &str = "/api/v1/dashboard";
const STATISTICS: &str = "/api/v1/statistics";
const CHECKLIST: &str = "/api/v1/checklist";

/// Two vehicles come, one of them leaves an hour later, one asks and one is denied; all within the first day of 2026.
async fn a_day(hub: &TestHub) -> Tenant {
    let tenant = with_gate(hub).await;
    let day = [
        (1, 3_600, "1111AAA", Direction::Entry, Outcome::Open),
        (2, 3_700, "2222BBB", Direction::Entry, Outcome::Open),
        (3, 7_200, "1111AAA", Direction::Exit, Outcome::Open),
        (4, 7_300, "3333CCC", Direction::Entry, Outcome::Ask),
        (5, 80_000, "4444DDD", Direction::Entry, Outcome::Deny),
        (6, 80_100, "5555EEE", Direction::Exit, Outcome::Open),
    ];
    write(hub, move |tx| {
        for (number, seconds, plate, direction, outcome) in day {
            let event = judged(passage(number.into()), plate, direction, outcome);
            take(tx, tenant, number, seconds, &event)?;
        }
        let camera = CameraChanged {
            camera: "front".into(),
            state: CameraState::Frozen,
            why: "the picture stands still".into(),
        };
        let told = Told {
            at: at(80_000),
            epoch: 1,
            seq: 90,
        };
        fleet::gates::camera_changed(tx, tenant.organisation, tenant.gate, told, &camera)
    })
    .await;
    let account = hub.admin().await.account.unwrap();
    write(hub, move |tx| {
        let order = NewOrder {
            id: OrderId(Uuid::from_u128(77)),
            gate: tenant.gate,
            action: BarrierAction::Open,
            reason: "a delivery".into(),
            account,
            account_name: "ana".into(),
            given_at: at(80_200),
            holds: Duration::from_secs(10),
        };
        // The edge is away, so nobody collects it.
        fleet::orders::give(tx, tenant.organisation, &order)
            .map(drop)
            .map_err(|_| crate::store::StoreError::NotFound)
    })
    .await;
    hub.hand.jump_to(at(86_400));
    tenant
}

async fn read(person: &Person, path: &str) -> Value {
    let answer = person.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

/// UX-05: what needs attention, and only what the role may see.
#[tokio::test]
async fn each_role_lands_on_the_part_of_the_dashboard_that_it_may_see() {
    let hub = TestHub::new().await;
    let tenant = a_day(&hub).await;
    let admin = read(&hub.admin().await, DASHBOARD).await;
    assert_eq!(
        admin["passages"],
        json!({ "all": 6, "asked": 1, "denied": 1, "unknown": 1 })
    );
    // One came out that nobody saw come in; one is still there, for less than a day.
    assert_eq!(admin["visits"], json!({ "unpaired": 1, "long": 0 }));
    let fleet = &admin["fleet"];
    assert_eq!(fleet["edges"], 1);
    assert_eq!(fleet["connected"], 0);
    assert_eq!(fleet["away"][0]["edge"]["name"], "north-pi");
    assert_eq!(fleet["cameras_down"][0]["camera"], "front");
    assert_eq!(fleet["cameras_down"][0]["state"], "frozen");
    let refused = &fleet["orders_refused"];
    assert_eq!(refused[0]["gate"]["id"], json!(tenant.gate));
    assert_eq!(
        (&refused[0]["state"], &refused[0]["action"]),
        (&json!("expired"), &json!("open"))
    );
    assert!(admin["accounts"]["without_second_factor"].as_i64() > Some(0));

    let parts = async |role: Seeded| -> Vec<bool> {
        let shown = read(&hub.person(hub.organisation, role).await, DASHBOARD).await;
        ["passages", "visits", "fleet", "accounts"]
            .map(|part| shown[part].is_object())
            .to_vec()
    };
    assert_eq!(parts(Seeded::Operator).await, [true, true, true, false]);
    assert_eq!(parts(Seeded::Viewer).await, [true, true, true, false]);
    assert_eq!(parts(Seeded::Technician).await, [true, false, true, false]);
    assert_eq!(parts(Seeded::Customer).await, [false; 4]);

    // A day later nothing of this is news, but the lone exit is still not settled.
    hub.hand.jump_to(at(86_400 * 3));
    let later = read(&hub.admin().await, DASHBOARD).await;
    assert_eq!(later["passages"]["all"], 0);
    assert_eq!(later["visits"], json!({ "unpaired": 1, "long": 1 }));
    assert_eq!(later["fleet"]["orders_refused"], json!([]));
}

/// AC-07: entries by hour and day, unknown share, average stay and manual-open share of a site and a range.
#[tokio::test]
async fn statistics_count_entries_shares_and_stays_of_a_range() {
    let hub = TestHub::new().await;
    a_day(&hub).await;
    let viewer = hub.viewer().await;
    let day = read(&viewer, STATISTICS).await;
    assert_eq!(day["step"], "hour");
    assert_eq!(day["passages"], 6);
    let total = &day["total"];
    assert_eq!((&total["entries"], &total["exits"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&total["opened"], &total["denied"], &total["asked"]),
        (&json!(4), &json!(1), &json!(1))
    );
    assert_eq!(day["unknown_share"], json!(1.0 / 6.0));
    assert_eq!(
        (&day["stays"], &day["average_stay_s"]),
        (&json!(1), &json!(3_600))
    );
    let buckets = day["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 24);
    let summed: i64 = buckets.iter().map(|b| b["entries"].as_i64().unwrap()).sum();
    assert_eq!(summed, 2);

    // Half of the day, day by day, of one site.
    let path = format!(
        "{STATISTICS}?site={}&from=2026-01-01T01:30:00Z&until=2026-01-01T12:00:00Z&step=day",
        hub.site
    );
    let half = read(&viewer, &path).await;
    assert_eq!(half["buckets"].as_array().unwrap().len(), 1);
    assert_eq!(half["passages"], 2);
    assert_eq!(half["average_stay_s"], Value::Null);

    // Who sees no visits learns nothing of stays.
    let technician = hub.person(hub.organisation, Seeded::Technician).await;
    let shown = read(&technician, STATISTICS).await;
    assert_eq!(
        (&shown["stays"], &shown["average_stay_s"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(shown["passages"], 6);
}

/// SE-17: neither another organisation nor an account of another site counts these.
#[tokio::test]
async fn figures_keep_to_the_organisation_and_the_sites_of_who_asks() {
    let hub = TestHub::new().await;
    a_day(&hub).await;
    let depot = crate::fleet::sites::Site {
        id: contract::ids::SiteId::fresh(hub.hub.clock.wall()),
        name: "Depot".into(),
        time_zone: "Europe/Madrid".into(),
        capacity: None,
        created_at: at(0),
    };
    let (id, organisation) = (depot.id, hub.organisation);
    write(&hub, move |tx| {
        let depot: Site = depot.clone();
        fleet::sites::insert(tx, organisation, &depot)
    })
    .await;
    let elsewhere = hub
        .person_of(organisation, "admin", Some(BTreeSet::from([id])))
        .await;
    for person in [hub.foreign_admin().await, elsewhere] {
        let shown = read(&person, DASHBOARD).await;
        assert_eq!(shown["passages"]["all"], 0);
        assert_eq!(shown["visits"]["unpaired"], 0);
        assert_eq!(shown["fleet"]["edges"], 0);
        assert_eq!(shown["fleet"]["cameras"], 0);
        assert_eq!(shown["fleet"]["orders_refused"], json!([]));
        let counted = read(&person, STATISTICS).await;
        assert_eq!(
            (&counted["passages"], &counted["openings"]),
            (&json!(0), &json!(0))
        );
        let path = format!("{STATISTICS}?site={}", hub.site);
        assert_eq!(person.get(&path).await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_range_that_is_none_or_too_long_is_refused_by_field() {
    let hub = TestHub::new().await;
    let viewer = hub.viewer().await;
    for query in [
        "from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "from=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z",
        "from=2026-01-01T00:00:00Z&until=2026-03-01T00:00:00Z&step=hour",
        "from=2020-01-01T00:00:00Z&until=2026-03-01T00:00:00Z",
        "from=yesterday",
        "step=minute",
        "site=north",
        "sites=north",
        "until=9999-12-31T23:59:59Z&from=0001-01-01T00:00:00Z",
    ] {
        let answer = viewer.get(&format!("{STATISTICS}?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
}

/// OP-22, OP-23: a fresh hub has most of its list open, and items close as things are done.
#[tokio::test]
async fn the_checklist_ticks_itself_as_the_hub_is_set_up() {
    let hub = TestHub::new().await;
    let open = async |admin: &Person, list: &str| -> Vec<String> {
        let checklist = read(admin, CHECKLIST).await;
        let items = checklist[list].as_array().unwrap().clone();
        items
            .into_iter()
            .filter(|item| item["state"] != "done")
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let before = [
        "edge",
        "camera",
        "permit",
        "passage",
        "own_second_factor",
        "people",
    ];
    let admin = hub.admin().await;
    assert_eq!(open(&admin, "set_up").await, before);
    a_day(&hub).await;
    hub.operator().await;
    // The log-in of the day before has ended.
    let admin = hub.admin().await;
    let permit = json!({ "plate": "1234 BCD" });
    assert_eq!(
        admin.post("/api/v1/permits", permit).await.status,
        StatusCode::CREATED
    );
    // The camera is frozen: a camera that shows nothing new does not count.
    assert_eq!(
        open(&admin, "set_up").await,
        ["camera", "own_second_factor"]
    );
    let production = open(&admin, "production").await;
    for id in ["hosts", "admins_second_factor", "backups", "alerts"] {
        assert!(
            production.contains(&id.to_owned()),
            "{id} in {production:?}"
        );
    }
    assert!(!production.contains(&"secret".to_owned()));
    assert!(!production.contains(&"role_rights".to_owned()));
    // The gates' NTP clocks and the hub's agree.
    assert!(!production.contains(&"clock".to_owned()), "{production:?}");
}
