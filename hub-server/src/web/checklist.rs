//! The checklists: what a hub still needs after its set-up (OP-22), and before it guards real gates (OP-23).
//!
//! Facts are gathered from the store, the configuration and the clocks; [`items`] judges them and is pure. An item is
//! done, open, or can't be told; what is not built yet says so, and stays open.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use contract::event::CameraState;
use contract::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use crate::auth;
use crate::auth::Census;
use crate::auth::Reach;
use crate::auth::Right;
use crate::fleet;
use crate::fleet::edges::EdgeState;
use crate::hub::Hub;
use crate::parking;
use crate::store::StoreError;
use crate::store::Tx;

/// How far back edges' clocks are compared with the hub's.
const CLOCKS_LOOK_BACK: Duration = Duration::from_secs(24 * 60 * 60);
/// How far the hub's clock may be behind an edge's that NTP keeps.
const CLOCK_BEHIND_MS: i64 = 2_000;

/// Both checklists, in the order in which they are worked off.
#[derive(Debug, Serialize, ToSchema)]
pub struct Checklist {
    /// After the set-up: from an empty hub to a gate that opens.
    pub set_up: Vec<ChecklistItem>,
    /// Before the hub guards real gates.
    pub production: Vec<ChecklistItem>,
}

/// One thing to see to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChecklistItem {
    /// Which; stable, for programs.
    #[schema(example = "admins_second_factor")]
    pub id: String,
    /// How it stands.
    pub state: ChecklistState,
    /// What was found, in a sentence.
    #[schema(example = "Accounts that manage accounts and have no second factor: 2.")]
    pub why: String,
    /// How many of what the item counts, if it counts something.
    #[schema(example = 2)]
    pub count: Option<i64>,
    /// The things that it is about, if it names some.
    #[schema(example = json!(["operator"]))]
    pub names: Vec<String>,
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChecklistState {
    /// Seen to.
    Done,
    /// To be seen to.
    Open,
    /// The hub can't tell by itself.
    Unknown,
}

/// What the hub found out about itself.
#[derive(Clone, Debug)]
struct Facts {
    sites: i64,
    edges: i64,
    live_cameras: i64,
    permits: i64,
    has_passage: bool,
    own_factor: bool,
    census: Census,
    /// Seeded roles whose rights are not those of the install.
    changed_roles: Vec<String>,
    /// Under which name people reach the hub.
    host: String,
    /// Other sites whose pages may call the API.
    origins: Vec<String>,
    /// The least delay of an event by an edge that NTP keeps, in milliseconds.
    least_delay: Option<i64>,
    /// Whether the machine says that its clock is kept.
    clock_is_kept: bool,
}

/// Shows both checklists. Each item is looked at anew with every request.
#[utoipa::path(
    get, path = "/api/v1/checklist", tag = "hub",
    responses((status = 200, body = Checklist), (status = "default", body = ErrorBody))
)]
pub async fn show_checklist(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
) -> Result<Json<Checklist>, WebError> {
    let host = host_of(&hub.web.address).to_owned();
    let origins = hub.web.origins.clone();
    let clock_is_kept = clock_is_kept().await;
    let (reach, account) = (asked.caller.reach, asked.caller.account);
    let now = hub.clock.wall();
    let facts = hub
        .store
        .read(move |tx| {
            let facts = Facts {
                own_factor: auth::find_factor(tx, account)?
                    .is_some_and(|factor| factor.confirmed_at.is_some()),
                host: host.clone(),
                origins: origins.clone(),
                clock_is_kept,
                ..gather(tx, reach, now)?
            };
            Ok::<_, WebError>(facts)
        })
        .await?;
    Ok(Json(items(&facts)))
}

fn gather(tx: &mut Tx, reach: Reach, now: Timestamp) -> Result<Facts, StoreError> {
    let organisation = reach.organisation;
    let edges = fleet::edges::list_edges(tx, reach)?;
    let cameras = fleet::gates::list_cameras(tx, organisation)?;
    let back = i64::try_from(CLOCKS_LOOK_BACK.as_millis()).unwrap_or_default();
    let since = Timestamp::from_millis(now.as_millis().saturating_sub(back));
    Ok(Facts {
        sites: count(fleet::sites::list_sites(tx, reach)?.len()),
        edges: count(
            edges
                .iter()
                .filter(|e| e.state == EdgeState::Enrolled)
                .count(),
        ),
        live_cameras: count(
            cameras
                .iter()
                .filter(|c| c.state == CameraState::Live)
                .count(),
        ),
        permits: parking::permits::count_in_force(tx, organisation)?,
        has_passage: parking::statistics::any_passage(tx, reach)?,
        own_factor: false,
        census: auth::census(tx, organisation)?,
        changed_roles: changed_roles(auth::list_roles(tx, organisation)?),
        host: String::new(),
        origins: Vec::new(),
        least_delay: parking::statistics::least_delay(tx, reach, since)?,
        clock_is_kept: false,
    })
}

/// The seeded roles whose rights are not those of the install; the administrator's can't be changed.
fn changed_roles(roles: Vec<auth::Role>) -> Vec<String> {
    let at_install = |seeded: auth::Seeded| -> BTreeSet<Right> {
        let rights = Right::ALL.into_iter();
        rights.filter(|right| seeded.starts_with(*right)).collect()
    };
    roles
        .into_iter()
        .filter(|role| {
            role.seeded.is_some_and(|seeded| {
                seeded != auth::Seeded::Admin && role.rights != at_install(seeded)
            })
        })
        .map(|role| role.name)
        .collect()
}

/// Judges the facts.
fn items(facts: &Facts) -> Checklist {
    let set_up = vec![
        counted("site", facts.sites, "Sites"),
        counted("edge", facts.edges, "Enrolled edges"),
        counted("camera", facts.live_cameras, "Cameras that show something"),
        counted("permit", facts.permits, "Permits in force"),
        told(
            "passage",
            facts.has_passage,
            "Whether a gate has reported a passage.",
        ),
        told(
            "own_second_factor",
            facts.own_factor,
            "Whether your own account has a second factor.",
        ),
        item(
            "people",
            facts.census.active > 1,
            format!("Accounts beside the first: {}.", facts.census.active - 1),
        )
        .counting(facts.census.active - 1),
    ];
    let without = facts.census.managers_without_factor;
    let production = vec![
        // It is made at random at the first start, and there is no other one that could be forgotten.
        told("secret", true, "The key of the secrets is random and this hub's own."),
        // The configuration takes whole names only, so that there is no wildcard that could be forgotten.
        told(
            "origins",
            true,
            "Beside the hub's own pages only the sites named may call it.",
        )
        .naming(facts.origins.clone()),
        item(
            "hosts",
            !is_of_this_machine(&facts.host),
            format!("People reach the hub as {}.", facts.host),
        )
        .naming(vec![facts.host.clone()]),
        item(
            "certificate",
            false,
            "The certificate comes from the hub's own authority: each machine must be told to trust it.".to_owned(),
        ),
        item(
            "admins_second_factor",
            without == 0,
            format!("Accounts that manage accounts and have no second factor: {without}."),
        )
        .counting(without),
        item(
            "role_rights",
            facts.changed_roles.is_empty(),
            "Roles of the start whose rights were changed.".to_owned(),
        )
        .naming(facts.changed_roles.clone()),
        clock(facts),
        item("backups", false, "The hub does not make backups by itself yet.".to_owned()),
        item("alerts", false, "The hub does not send alerts by itself yet.".to_owned()),
    ];
    Checklist { set_up, production }
}

/// The hub's clock, against the machine's own word and against edges that NTP keeps.
fn clock(facts: &Facts) -> ChecklistItem {
    match facts.least_delay {
        Some(delay) if delay < -CLOCK_BEHIND_MS => item(
            "clock",
            false,
            format!(
                "The hub's clock is behind the gates' by {} s.",
                -delay / 1000
            ),
        )
        .counting(-delay / 1000),
        Some(_) => told(
            "clock",
            true,
            "The hub's clock agrees with gates whose clock NTP keeps.",
        ),
        None if facts.clock_is_kept => {
            told("clock", true, "The machine says that its clock is kept.")
        }
        None => ChecklistItem {
            state: ChecklistState::Unknown,
            ..told(
                "clock",
                false,
                "Neither the machine nor a gate says whether the clock is right.",
            )
        },
    }
}

fn counted(id: &str, count: i64, what: &str) -> ChecklistItem {
    item(id, count > 0, format!("{what}: {count}.")).counting(count)
}

fn told(id: &str, is_done: bool, why: &str) -> ChecklistItem {
    item(id, is_done, why.to_owned())
}

fn item(id: &str, is_done: bool, why: String) -> ChecklistItem {
    let state = if is_done {
        ChecklistState::Done
    } else {
        ChecklistState::Open
    };
    ChecklistItem {
        id: id.to_owned(),
        state,
        why,
        count: None,
        names: Vec::new(),
    }
}

impl ChecklistItem {
    fn counting(mut self, count: i64) -> Self {
        self.count = Some(count);
        self
    }

    fn naming(mut self, names: Vec<String>) -> Self {
        self.names = names;
        self
    }
}

/// Whether only this machine itself reaches the hub under this name.
fn is_of_this_machine(host: &str) -> bool {
    let address: Result<IpAddr, _> = host.parse();
    match address {
        Ok(address) => address.is_loopback() || address.is_unspecified(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// The name in `https://name:port`, without the brackets of an address.
fn host_of(address: &str) -> &str {
    let rest = address.strip_prefix("https://").unwrap_or(address);
    match rest.strip_prefix('[') {
        Some(inside) => inside.split(']').next().unwrap_or(inside),
        None => rest.split(':').next().unwrap_or(rest),
    }
}

/// Whether systemd-timesyncd has set this machine's clock since it started.
async fn clock_is_kept() -> bool {
    tokio::fs::try_exists("/run/systemd/timesync/synchronized")
        .await
        .unwrap_or(false)
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Facts {
        Facts {
            sites: 1,
            edges: 0,
            live_cameras: 0,
            permits: 0,
            has_passage: false,
            own_factor: false,
            census: Census {
                active: 1,
                without_factor: 1,
                managers: 1,
                managers_without_factor: 1,
            },
            changed_roles: Vec::new(),
            host: "localhost".into(),
            origins: Vec::new(),
            least_delay: None,
            clock_is_kept: false,
        }
    }

    fn state(checklist: &Checklist, id: &str) -> ChecklistState {
        let mut all = checklist.set_up.iter().chain(&checklist.production);
        all.find(|item| item.id == id).unwrap().state
    }

    /// OP-22: each item ticks itself.
    #[test]
    fn each_item_after_the_set_up_follows_its_own_fact() {
        let open = |facts: &Facts| -> Vec<String> {
            let items = items(facts).set_up.into_iter();
            items
                .filter(|item| item.state != ChecklistState::Done)
                .map(|item| item.id)
                .collect()
        };
        let mut facts = fresh();
        let order = [
            "edge",
            "camera",
            "permit",
            "passage",
            "own_second_factor",
            "people",
        ];
        assert_eq!(open(&facts), order);
        facts.edges = 1;
        assert_eq!(open(&facts), order[1..]);
        facts.live_cameras = 1;
        assert_eq!(open(&facts), order[2..]);
        facts.permits = 1;
        assert_eq!(open(&facts), order[3..]);
        facts.has_passage = true;
        assert_eq!(open(&facts), order[4..]);
        facts.own_factor = true;
        assert_eq!(open(&facts), order[5..]);
        facts.census.active = 2;
        assert!(open(&facts).is_empty());
        facts.sites = 0;
        assert_eq!(open(&facts), ["site"]);
    }

    /// OP-23.
    #[test]
    fn an_item_before_production_is_red_for_its_own_reason_and_green_without_it() {
        let is = |facts: &Facts, id: &str| state(&items(facts), id);
        let mut facts = fresh();
        for host in ["localhost", "hub.localhost", "127.0.0.1", "::1", "0.0.0.0"] {
            facts.host = host.into();
            assert_eq!(is(&facts, "hosts"), ChecklistState::Open, "{host}");
        }
        facts.host = "gates.ribera.example".into();
        assert_eq!(is(&facts, "hosts"), ChecklistState::Done);
        assert_eq!(is(&facts, "admins_second_factor"), ChecklistState::Open);
        facts.census.managers_without_factor = 0;
        assert_eq!(is(&facts, "admins_second_factor"), ChecklistState::Done);
        assert_eq!(is(&facts, "role_rights"), ChecklistState::Done);
        facts.changed_roles = vec!["viewer".into()];
        assert_eq!(is(&facts, "role_rights"), ChecklistState::Open);
        // What is not built is never green.
        assert_eq!(is(&facts, "backups"), ChecklistState::Open);
        assert_eq!(is(&facts, "alerts"), ChecklistState::Open);
    }

    #[test]
    fn a_clock_that_is_behind_is_found_by_the_gates_and_is_never_green_by_itself() {
        let is = |facts: &Facts| state(&items(facts), "clock");
        let mut facts = fresh();
        assert_eq!(is(&facts), ChecklistState::Unknown);
        facts.clock_is_kept = true;
        assert_eq!(is(&facts), ChecklistState::Done);
        facts.least_delay = Some(-61_000);
        assert_eq!(is(&facts), ChecklistState::Open);
        facts.clock_is_kept = false;
        facts.least_delay = Some(-1_500);
        assert_eq!(is(&facts), ChecklistState::Done);
    }

    #[test]
    fn the_host_is_read_from_the_address() {
        for (address, host) in [
            ("https://localhost:8443", "localhost"),
            ("https://gates.example", "gates.example"),
            ("https://[::1]:8443", "::1"),
            ("https://192.0.2.4:1", "192.0.2.4"),
        ] {
            assert_eq!(host_of(address), host);
        }
    }
}
