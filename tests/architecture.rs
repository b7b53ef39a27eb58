//! The walls of docs/ARCHITECTURE.md as a test: which room may name which, the one home of each engine, purity, SQL.
//!
//! Each wall is a row of a table below. `a_planted_violation_of_each_wall_is_found` plants one violation of every wall
//! and fails if the checks let it through.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use syn::visit::Visit;

/// Rooms of the edge and what each may use. `*` is everything: start.
const EDGE_ROOMS: &[(&str, &[&str])] = &[
    ("main", &["*"]),
    ("cli", &["*"]),
    ("run", &["*"]),
    ("lib", &["*"]),
    (
        "config",
        &[
            "camera", "gpio", "sensors", "gate", "store", "link", "faults",
        ],
    ),
    ("health", &["camera", "gpio", "gate", "store", "link"]),
    ("recognize", &["camera"]),
    ("replay", &["camera", "gate", "recognize"]),
    ("control", &["gate", "camera", "health"]),
    ("heat", &["camera", "store"]),
    ("orders", &[]),
    ("faults", &[]),
    ("panel", &["camera", "gpio", "sensors", "store", "orders"]),
    (
        "gate",
        &["camera", "gpio", "sensors", "store", "orders", "faults"],
    ),
    ("link", &["camera", "store", "orders", "faults"]),
    ("store", &["faults"]),
    ("camera", &[]),
    ("gpio", &[]),
    ("sensors", &[]),
];

/// Rooms of the hub and what each may use, top floor first.
const HUB_ROOMS: &[(&str, &[&str])] = &[
    ("main", &["*"]),
    ("cli", &["*"]),
    ("run", &["*"]),
    ("lib", &["*"]),
    ("provision", &["*"]),
    ("account", &["*"]),
    (
        "config",
        &[
            "web", "link", "store", "evidence", "audit", "auth", "fleet", "live", "jobs",
            "outbound",
        ],
    ),
    (
        "hub",
        &[
            "store", "evidence", "fleet", "live", "auth", "metrics", "outbound",
        ],
    ),
    ("provision", &["*"]),
    ("faults", &[]),
    ("home", &["hub", "parking", "fleet", "outbound", "store"]),
    (
        "web",
        &[
            "hub", "intake", "parking", "fleet", "auth", "audit", "live", "metrics", "evidence",
            "store", "outbound",
        ],
    ),
    (
        "link",
        &[
            "hub", "intake", "parking", "fleet", "audit", "live", "evidence", "store", "faults",
            "metrics",
        ],
    ),
    (
        "jobs",
        &[
            "hub", "parking", "fleet", "auth", "audit", "live", "evidence", "store",
        ],
    ),
    (
        "intake",
        &["parking", "fleet", "audit", "live", "store", "faults"],
    ),
    (
        "parking",
        &["fleet", "auth", "audit", "live", "evidence", "store"],
    ),
    ("fleet", &["alerts", "audit", "auth", "live", "store"]),
    ("alerts", &["audit", "live", "store"]),
    ("auth", &["audit", "store"]),
    ("audit", &["store"]),
    ("live", &["auth", "outbound", "store"]),
    ("metrics", &[]),
    ("outbound", &["auth", "audit", "store"]),
    ("evidence", &["store"]),
    ("store", &["faults"]),
];

/// Engines and their one home: `(crate, where it may be named)`, paths relative to the repository.
const HOMES: &[(&str, &[&str])] = &[
    ("sled", &["edge-agent/src/store/"]),
    ("candle_core", &["shared/vision/"]),
    ("candle_nn", &["shared/vision/"]),
    ("rppal", &["edge-agent/src/gpio/pi.rs"]),
    ("v4l", &["edge-agent/src/camera/v4l.rs"]),
    ("nokhwa", &["edge-agent/src/camera/nokhwa.rs"]),
    ("retina", &["edge-agent/src/camera/rtsp/session.rs"]),
    ("h264_reader", &["edge-agent/src/camera/rtsp/sets/"]),
    // The tests make their own videos with the same library.
    (
        "openh264",
        &[
            "edge-agent/src/camera/rtsp/decode.rs",
            "edge-agent/src/camera/rtsp/tests.rs",
            "tests/harness/rtsp/",
            "tests/cameras/",
        ],
    ),
    ("rusqlite", &["hub-server/src/store/"]),
    ("rusqlite_migration", &["hub-server/src/store/"]),
    ("postgres", &["hub-server/src/store/"]),
    (
        "quinn",
        &[
            "edge-agent/src/link/",
            "hub-server/src/link/",
            "hub-server/src/cluster/",
        ],
    ),
    ("axum", &["hub-server/src/web/"]),
    ("utoipa_axum", &["hub-server/src/web/"]),
    ("rumqttc", &["hub-server/src/outbound/mqtt/"]),
];

/// Crates that the contract must not know.
const NOT_IN_CONTRACT: &[&str] = &[
    "tokio",
    "quinn",
    "sled",
    "rusqlite",
    "postgres",
    "axum",
    "hyper",
    "candle_core",
    "rustls",
];

/// Files that hold rules only: no `async`, clock or I/O. A folder ends with `/`.
const PURE: &[&str] = &[
    "shared/contract/src/",
    "edge-agent/src/gate/machine.rs",
    "edge-agent/src/gate/passage/",
    "edge-agent/src/gate/verdict.rs",
    "edge-agent/src/link/sync.rs",
    "edge-agent/src/link/hubs.rs",
    "edge-agent/src/camera/motion.rs",
    "edge-agent/src/camera/rate.rs",
    "edge-agent/src/camera/thermal.rs",
    "edge-agent/src/replay/compare.rs",
    "edge-agent/src/camera/multipart.rs",
    "edge-agent/src/camera/rtsp/backlog.rs",
    "edge-agent/src/camera/rtsp/sets/",
    "edge-agent/src/camera/rtsp/units/",
    "hub-server/src/link/session.rs",
    "hub-server/src/parking/schedule.rs",
    "hub-server/src/parking/wanted.rs",
];

/// The one file that reads the clock may look impure.
const PURE_EXCEPT: &[&str] = &["shared/contract/src/time.rs"];

/// Paths that a pure file must not name.
const IMPURE: &[&str] = &[
    "tokio",
    "quinn",
    "std::fs",
    "std::net",
    "std::io::stdin",
    "std::process",
    "std::thread",
    "contract::time::Clock",
    "std::time::Instant",
    "std::time::SystemTime",
    "rusqlite",
    "sled",
    "axum",
    "hyper",
];

/// The hardware seams, the only traits; and `Id`, by which the store reads a typed id out of a column.
const SEAMS: &[&str] = &["FrameSource", "Barrier", "Input", "Probe", "Id"];

/// The one file whose traits are widths of the processor's vectors: the same kernel is compiled for each.
const VECTOR_WIDTHS: &str = "shared/vision/src/lanes.rs";

/// Names that say nothing.
const FORBIDDEN_NAMES: &[&str] = &[
    "util", "utils", "common", "helpers", "misc", "types", "manager", "service", "handler",
    "handlers", "base",
];

/// Who owns which table: a desk or house room runs SQL on its own tables only.
const TABLES: &[(&str, &[&str])] = &[
    (
        "parking",
        &[
            "permits",
            "passages",
            "barrier_moves",
            "crossings",
            "visits",
            "plates",
            "plate_grams",
            "plate_gram_counts",
            "plates_filled",
            "saved_searches",
        ],
    ),
    (
        "fleet",
        &[
            "sites",
            "gates",
            "edges",
            "enrolments",
            "orders",
            "gate_inputs",
            "gate_cameras",
            "camera_revisions",
            "camera_answers",
            "edge_heat",
            "edge_models",
            "books",
        ],
    ),
    ("intake", &["ledger", "streams", "gaps"]),
    (
        "auth",
        &[
            "accounts",
            "account_sites",
            "roles",
            "role_rights",
            "known_rights",
            "reach",
            "api_keys",
            "api_key_rights",
            "second_factors",
            "recovery_codes",
            "preferences",
            "signing_keys",
            "token_families",
            "refresh_tokens",
            "sessions",
            "setup_links",
            "kept_answers",
            "organisations",
        ],
    ),
    ("audit", &["audit_lines", "audit_ends", "audit_cuts"]),
    ("evidence", &["pictures", "picture_retention"]),
    (
        "outbound",
        &[
            "outbox",
            "webhooks",
            "webhook_attempts",
            "webhook_dead_letters",
            "brokers",
        ],
    ),
    ("store", &["lives"]),
    ("live", &["live_news"]),
];

/// A wall that a file climbs over.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Breach {
    wall: &'static str,
    file: String,
    what: String,
}

#[test]
fn the_tree_keeps_its_walls() {
    let files = sources();
    assert!(
        files.len() > 40,
        "the check reads the tree: only {} files found",
        files.len()
    );
    let breaches = breaches(&files);
    assert!(
        breaches.is_empty(),
        "walls are broken:\n{}",
        listed(&breaches)
    );
}

/// One violation of each wall, at least: `(wall, file, source)`.
const PLANTED: &[(&str, &str, &str)] = &[
    (
        "programs",
        "edge-agent/src/gate/task.rs",
        "use hub_server::store::Tx;",
    ),
    (
        "programs",
        "hub-server/src/web/passages.rs",
        "fn f() { edge_agent::run::run(); }",
    ),
    (
        "contract",
        "shared/contract/src/wire.rs",
        "use tokio::net::UdpSocket;",
    ),
    (
        "rooms",
        "edge-agent/src/gate/task.rs",
        "use crate::link::sync::Sync;",
    ),
    (
        "rooms",
        "edge-agent/src/store/spool.rs",
        "use crate::gate::task::Gate;",
    ),
    (
        "rooms",
        "hub-server/src/parking/visits.rs",
        "use crate::intake::ledger::Ledger;",
    ),
    (
        "rooms",
        "hub-server/src/web/edges.rs",
        "use crate::link::listen::Listener;",
    ),
    (
        "rooms",
        "hub-server/src/audit/mod.rs",
        "fn f() { crate::auth::accounts::find(); }",
    ),
    (
        "rooms",
        "hub-server/src/attic/mod.rs",
        "use crate::store::Tx;",
    ),
    ("homes", "edge-agent/src/link/sync.rs", "use sled::Db;"),
    (
        "homes",
        "edge-agent/src/gate/task.rs",
        "fn f() { rppal::gpio::Gpio::new(); }",
    ),
    (
        "homes",
        "hub-server/src/parking/visits.rs",
        "use rusqlite::Connection;",
    ),
    (
        "homes",
        "edge-agent/src/gate/task.rs",
        "use candle_core::Tensor;",
    ),
    ("homes", "hub-server/src/fleet/edges.rs", "use axum::Json;"),
    ("pure", "edge-agent/src/gate/machine.rs", "async fn f() {}"),
    (
        "pure",
        "edge-agent/src/gate/verdict.rs",
        "use contract::time::Clock;",
    ),
    (
        "pure",
        "hub-server/src/link/session.rs",
        "fn f() { std::fs::read(\"x\"); }",
    ),
    (
        "pure",
        "edge-agent/src/link/sync.rs",
        "fn f() { let _ = std::time::Instant::now(); }",
    ),
    (
        "seams",
        "hub-server/src/parking/permits.rs",
        "pub trait PermitStore {}",
    ),
    ("names", "edge-agent/src/gate/helpers.rs", ""),
    (
        "tables",
        "hub-server/src/parking/visits.rs",
        "const Q: &str = \"SELECT name FROM accounts WHERE id = $1\";",
    ),
    (
        "tables",
        "hub-server/src/fleet/edges.rs",
        "const Q: &str = \"UPDATE permits SET note = $1\";",
    ),
    (
        "sql",
        "hub-server/src/parking/visits.rs",
        "const Q: &str = \"SELECT id FROM visits WHERE a = $2 AND b = $1\";",
    ),
    (
        "sql",
        "hub-server/src/parking/visits.rs",
        "const Q: &str = \"INSERT OR REPLACE INTO visits (id) VALUES ($1)\";",
    ),
    (
        "sql",
        "hub-server/src/web/visits.rs",
        "const Q: &str = \"SELECT id FROM visits\";",
    ),
];

#[test]
fn a_planted_violation_of_each_wall_is_found() {
    let mut walls = BTreeSet::new();
    for (wall, file, source) in PLANTED {
        let found = breaches(&[((*file).to_owned(), (*source).to_owned())]);
        assert!(
            found.iter().any(|b| b.wall == *wall && b.file == *file),
            "{file} breaks the wall {wall:?} with {source:?} and nobody noticed: {}",
            listed(&found),
        );
        walls.insert(*wall);
    }
    let expected: BTreeSet<&str> = WALLS.iter().map(|(name, _)| *name).collect();
    assert_eq!(walls, expected, "every wall has a planted violation");
}

#[test]
fn the_manifests_keep_the_programs_apart_and_the_contract_bare() {
    let manifest = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    assert!(!manifest("edge-agent/Cargo.toml").contains("hub-server"));
    assert!(!manifest("hub-server/Cargo.toml").contains("edge-agent"));
    let contract = manifest("shared/contract/Cargo.toml");
    for engine in NOT_IN_CONTRACT {
        assert!(
            !contract.contains(&format!("\n{}", engine.replace('_', "-"))),
            "contract depends on {engine}"
        );
    }
}

#[test]
fn the_map_in_the_architecture_document_is_the_tree() {
    let document = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    for (program, rooms) in [("edge-agent", EDGE_ROOMS), ("hub-server", HUB_ROOMS)] {
        let mapped = mapped_rooms(&document, program);
        let built: BTreeSet<String> = fs::read_dir(root().join(program).join("src"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        assert_eq!(
            mapped, built,
            "the map of {program} in docs/ARCHITECTURE.md and its folders differ"
        );
        for room in &built {
            assert!(
                rooms.iter().any(|(name, _)| name == room),
                "{program}/src/{room} has no row in the table of walls"
            );
        }
    }
}

#[test]
fn every_proof_named_in_the_feature_list_exists() {
    let document = ["docs/FEATURES.md", "docs/CONTROLS.md"]
        .map(|path| fs::read_to_string(root().join(path)).unwrap())
        .join("\n");
    let mut files = sources();
    collect_all(&root().join("tests"), &mut files);
    for folder in ["shared", "edge-agent/src", "hub-server/src"] {
        collect_all(&root().join(folder), &mut files);
    }
    let proofs: BTreeSet<&str> = document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.matches('_').count() > 2 && !name.contains('/'))
        .collect();
    assert!(proofs.len() > 30, "only {} proofs are named", proofs.len());
    for proof in proofs {
        let declared = format!("fn {proof}(");
        assert!(
            files.iter().any(|(_, source)| source.contains(&declared)),
            "no test is called {proof}"
        );
    }
}

/// The console's proofs are written `folder/file.test.ts: name of the test`.
#[test]
fn every_proof_of_the_console_named_in_the_feature_list_exists() {
    let document = fs::read_to_string(root().join("docs/FEATURES.md")).unwrap();
    let spans = document.split('`').skip(1).step_by(2);
    let mut checked = 0;
    for (file, name) in spans.filter_map(|span| span.split_once(".test.ts: ")) {
        let path = root().join(format!("hub-server/console/src/{file}.test.ts"));
        let source = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            source.contains(&format!("test('{name}'")),
            "{file} has no test called {name}"
        );
        checked += 1;
    }
    assert!(
        checked > 2,
        "only {checked} proofs of the console are named"
    );
}

/// The rooms that the document's map lists for a program: lines `  room/   what` below the line of the program.
fn mapped_rooms(document: &str, program: &str) -> BTreeSet<String> {
    document
        .lines()
        .skip_while(|line| !line.starts_with(&format!("{program}/")))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| {
            line.trim_start()
                .split_once('/')
                .map(|(room, _)| room.to_owned())
        })
        .filter(|room| !room.contains(' '))
        .collect()
}

/// Rooms, and what each may use.
type Rooms = &'static [(&'static str, &'static [&'static str])];

type Check = fn(&File, &mut Vec<Breach>);

/// The walls by name.
const WALLS: &[(&str, Check)] = &[
    ("programs", programs_stay_apart),
    ("contract", contract_is_bare),
    ("rooms", rooms_use_lower_floors),
    ("homes", engines_have_one_home),
    ("pure", pure_files_are_pure),
    ("seams", traits_stand_at_the_hardware),
    ("names", names_say_something),
    ("tables", rooms_query_their_own_tables),
    ("sql", sql_is_portable),
];

/// One source file, read.
struct File {
    path: String,
    /// Paths named outside tests, `crate::store::Tx` as `crate::store::Tx`.
    paths: BTreeSet<String>,
    traits: Vec<String>,
    asynchronous: bool,
    strings: Vec<String>,
    /// Modules that it declares: `v4l` in `camera/mod.rs` is the room's own file, not the crate.
    modules: BTreeSet<String>,
}

fn breaches(files: &[(String, String)]) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, source) in files {
        let file = read(path, source);
        for (_, check) in WALLS {
            check(&file, &mut found);
        }
    }
    found.sort();
    found
}

fn listed(breaches: &[Breach]) -> String {
    breaches
        .iter()
        .map(|b| format!("  {}: {}: {}", b.wall, b.file, b.what))
        .collect::<Vec<_>>()
        .join("\n")
}

fn programs_stay_apart(file: &File, found: &mut Vec<Breach>) {
    for (program, other) in [("edge-agent/", "hub_server"), ("hub-server/", "edge_agent")] {
        if file.path.starts_with(program) && file.names(other) {
            found.push(file.breach("programs", format!("names {other}")));
        }
    }
}

fn contract_is_bare(file: &File, found: &mut Vec<Breach>) {
    if file.path.starts_with("shared/contract/") {
        for engine in NOT_IN_CONTRACT.iter().filter(|engine| file.names(engine)) {
            found.push(file.breach("contract", format!("names {engine}")));
        }
    }
}

fn rooms_use_lower_floors(file: &File, found: &mut Vec<Breach>) {
    let Some((rooms, room)) = file.room() else {
        return;
    };
    let Some((_, allowed)) = rooms.iter().find(|(name, _)| *name == room) else {
        found.push(file.breach("rooms", format!("the room {room} has no row in the table")));
        return;
    };
    if allowed.contains(&"*") {
        return;
    }
    for path in &file.paths {
        let mut parts = path.split("::");
        if parts.next() != Some("crate") {
            continue;
        }
        let Some(used) = parts.next() else { continue };
        if used != room && rooms.iter().any(|(name, _)| *name == used) && !allowed.contains(&used) {
            found.push(file.breach("rooms", format!("{room} uses {path}")));
        }
    }
}

fn engines_have_one_home(file: &File, found: &mut Vec<Breach>) {
    for (engine, homes) in HOMES {
        let at_home = homes.iter().any(|home| file.path.starts_with(home));
        let is_own = file.modules.contains(*engine);
        if file.names(engine) && !at_home && !is_own {
            found.push(file.breach(
                "homes",
                format!("names {engine}, whose home is {}", homes.join(", ")),
            ));
        }
    }
}

fn pure_files_are_pure(file: &File, found: &mut Vec<Breach>) {
    let pure = PURE
        .iter()
        .any(|p| file.path == *p || (p.ends_with('/') && file.path.starts_with(p)));
    if !pure || PURE_EXCEPT.contains(&file.path.as_str()) {
        return;
    }
    if file.asynchronous {
        found.push(file.breach("pure", "is asynchronous".to_owned()));
    }
    for impure in IMPURE.iter().filter(|impure| file.names(impure)) {
        found.push(file.breach("pure", format!("names {impure}")));
    }
}

fn traits_stand_at_the_hardware(file: &File, found: &mut Vec<Breach>) {
    for name in file
        .traits
        .iter()
        .filter(|name| file.path != VECTOR_WIDTHS && !SEAMS.contains(&name.as_str()))
    {
        found.push(file.breach(
            "seams",
            format!("declares the trait {name}; use an enum or a function"),
        ));
    }
}

fn names_say_something(file: &File, found: &mut Vec<Breach>) {
    for part in file.path.split('/') {
        let name = part.trim_end_matches(".rs");
        if FORBIDDEN_NAMES.contains(&name) {
            found.push(file.breach("names", format!("{name} says nothing")));
        }
    }
}

fn rooms_query_their_own_tables(file: &File, found: &mut Vec<Breach>) {
    let Some((_, room)) = file.room() else { return };
    if !file.path.starts_with("hub-server/") || room == "store" {
        return;
    }
    for table in file
        .strings
        .iter()
        .filter(|s| is_sql(s))
        .flat_map(|sql| tables_of(sql))
    {
        let owner = TABLES
            .iter()
            .find(|(_, tables)| tables.contains(&table.as_str()))
            .map(|(owner, _)| *owner);
        if owner != Some(room) {
            let owner = owner.unwrap_or("nobody");
            found.push(file.breach(
                "tables",
                format!("{room} queries {table}, which belongs to {owner}"),
            ));
        }
    }
}

fn sql_is_portable(file: &File, found: &mut Vec<Breach>) {
    if !file.path.starts_with("hub-server/src/") || file.path.starts_with("hub-server/src/store/") {
        return;
    }
    for sql in file.strings.iter().filter(|s| is_sql(s)) {
        if file.path.starts_with("hub-server/src/web/")
            || file.path.starts_with("hub-server/src/link/")
        {
            found.push(file.breach("sql", format!("a door runs SQL: {sql}")));
        }
        let mut expected = 1;
        for number in parameters_of(sql) {
            if number > expected {
                found
                    .push(file.breach("sql", format!("${number} comes before ${expected}: {sql}")));
                break;
            }
            expected = expected.max(number + 1);
        }
        let upper = sql.to_uppercase();
        for word in [
            "INSERT OR ",
            "REPLACE INTO",
            " GLOB ",
            "ROWID",
            "PRAGMA",
            "IFNULL(",
            "STRFTIME(",
            "DATETIME(",
            "::",
        ] {
            if upper.contains(word) {
                found.push(file.breach("sql", format!("{word:?} is not portable: {sql}")));
            }
        }
    }
}

fn is_sql(text: &str) -> bool {
    let upper = text.trim_start().to_uppercase();
    ["SELECT ", "INSERT ", "UPDATE ", "DELETE FROM ", "WITH "]
        .iter()
        .any(|verb| upper.starts_with(verb))
        && [" FROM ", "FROM ", "INTO ", " SET "]
            .iter()
            .any(|word| upper.contains(word))
}

/// The tables that a statement names: what follows FROM, JOIN, INTO, UPDATE, less its own WITH names.
fn tables_of(sql: &str) -> BTreeSet<String> {
    let words: Vec<String> = sql
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let own: BTreeSet<&String> = words
        .windows(3)
        .filter(|w| (w[0] == "with" || w[0] == "recursive") && w[2] == "as")
        .map(|w| &w[1])
        .collect();
    words
        .windows(2)
        .enumerate()
        .filter(|(place, w)| {
            matches!(w[0].as_str(), "from" | "join" | "into") || *place == 0 && w[0] == "update"
        })
        .map(|(_, w)| w[1].clone())
        .filter(|table| !own.contains(table) && table != "select" && table != "values")
        .collect()
}

fn parameters_of(sql: &str) -> Vec<u32> {
    sql.split('$')
        .skip(1)
        .filter_map(|rest| {
            rest.chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .ok()
        })
        .collect()
}

impl File {
    fn breach(&self, wall: &'static str, what: String) -> Breach {
        Breach {
            wall,
            file: self.path.clone(),
            what,
        }
    }

    /// Whether the file names this crate or path outside tests.
    fn names(&self, what: &str) -> bool {
        self.paths
            .iter()
            .any(|path| path == what || path.starts_with(&format!("{what}::")))
    }

    /// The table of its program and its room's name.
    fn room(&self) -> Option<(Rooms, &str)> {
        let (rooms, rest) = if let Some(rest) = self.path.strip_prefix("edge-agent/src/") {
            (EDGE_ROOMS, rest)
        } else {
            (HUB_ROOMS, self.path.strip_prefix("hub-server/src/")?)
        };
        let first = rest.split('/').next()?;
        Some((rooms, first.trim_end_matches(".rs")))
    }
}

fn read(path: &str, source: &str) -> File {
    let tree =
        syn::parse_file(source).unwrap_or_else(|error| panic!("{path} does not parse: {error}"));
    let mut reader = Reader::default();
    reader.visit_file(&tree);
    File {
        path: path.to_owned(),
        paths: reader.resolved(),
        traits: reader.traits,
        asynchronous: reader.asynchronous,
        strings: reader.strings,
        modules: reader.modules,
    }
}

#[derive(Default)]
struct Reader {
    modules: BTreeSet<String>,
    paths: BTreeSet<String>,
    imports: BTreeMap<String, String>,
    traits: Vec<String>,
    asynchronous: bool,
    strings: Vec<String>,
}

impl Reader {
    /// Paths with their first segment replaced by what it was imported as.
    fn resolved(&self) -> BTreeSet<String> {
        self.paths
            .iter()
            .map(|path| {
                let (first, rest) = path.split_once("::").unwrap_or((path, ""));
                match self.imports.get(first) {
                    Some(full) if rest.is_empty() => full.clone(),
                    Some(full) => format!("{full}::{rest}"),
                    None => path.clone(),
                }
            })
            .chain(self.imports.values().cloned())
            .collect()
    }

    fn import(&mut self, prefix: &str, tree: &syn::UseTree) {
        let join = |name: String| {
            if prefix.is_empty() {
                name
            } else {
                format!("{prefix}::{name}")
            }
        };
        match tree {
            syn::UseTree::Path(path) => self.import(&join(path.ident.to_string()), &path.tree),
            syn::UseTree::Name(name) => {
                self.imports
                    .insert(name.ident.to_string(), join(name.ident.to_string()));
            }
            syn::UseTree::Rename(rename) => {
                self.imports
                    .insert(rename.rename.to_string(), join(rename.ident.to_string()));
            }
            syn::UseTree::Glob(_) => {
                self.paths.insert(prefix.to_owned());
            }
            syn::UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|item| self.import(prefix, item)),
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string().contains("test"))
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.modules.insert(item.ident.to_string());
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.import("", &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let text = path
            .segments
            .iter()
            .map(|s| s.ident.to_string())
            .collect::<Vec<_>>()
            .join("::");
        self.paths.insert(text);
        syn::visit::visit_path(self, path);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.traits.push(item.ident.to_string());
        syn::visit::visit_item_trait(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.asynchronous |= signature.asyncness.is_some();
        syn::visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, expression: &'ast syn::ExprAsync) {
        self.asynchronous = true;
        syn::visit::visit_expr_async(self, expression);
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.strings.push(literal.value());
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // Statements inside macros such as `concat!` and `format!` are strings too.
        if let Ok(list) = item.parse_body_with(
            syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated,
        ) {
            list.iter()
                .for_each(|expression| self.visit_expr(expression));
        }
        self.visit_path(&item.path);
    }
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in [
        "shared/contract/src",
        "shared/frames/src",
        "shared/vision/src",
        "edge-agent/src",
        "hub-server/src",
    ] {
        collect(&root().join(folder), &mut files);
    }
    files
}

/// All Rust files below a folder, tests included.
fn collect_all(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_all(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push((
                path.display().to_string(),
                fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            // A room's `tests.rs`, `x_tests.rs` and `tests/` are compiled for tests only.
            if !name.ends_with("tests.rs") && !name.contains("/tests/") {
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}
