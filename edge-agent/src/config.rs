//! The agent's settings: one TOML file, each key overridable from the environment, all faults reported together.
//!
//! The only file that reads the environment. `GATEWARDEN_EDGE__GATES__NORTH__HOLD_OPEN=12s` sets `hold_open` of
//! `[gates.north]`. Secrets are never in the file: a key that looks like one is refused, and its value is not printed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use contract::wire::EnrolledGate;
use figment::Figment;
use figment::providers::Env;
use figment::providers::Format;
use figment::providers::Toml;
use serde::Deserialize;

use crate::camera::thermal;
use crate::faults::Plan;
use crate::gate;
use crate::gate::shadow;
use crate::link;
use crate::store;

/// The complete file with comments, as `edge-agent config example` prints it.
pub const EXAMPLE: &str = include_str!("../edge.example.toml");
/// Where the settings are if nobody says otherwise.
pub const USUAL: &str = "/etc/gatewarden/edge.toml";

/// Everything in `edge.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder that everything is remembered in.
    #[serde(default = "data")]
    pub data: PathBuf,
    /// The folder of the models; by default `models` here or beside the program, then the installed one.
    #[serde(default)]
    pub models: Option<PathBuf>,
    /// Threads for recognition; 0 takes one for each core.
    #[serde(default)]
    pub threads: usize,
    /// Runs without a hub: gates get ids of their own, events stay here.
    #[serde(default)]
    pub standalone: bool,
    /// How long a stop may take.
    #[serde(default = "stop_within", with = "humantime_serde")]
    pub stop_within: std::time::Duration,
    /// What is remembered, and for how long.
    #[serde(default)]
    pub store: store::Config,
    /// The way to the hub.
    #[serde(default)]
    pub link: link::Config,
    /// What a hot machine gives up.
    #[serde(default)]
    pub thermal: thermal::Config,
    /// Candidate models that look on.
    #[serde(default)]
    pub shadow: shadow::Config,
    /// The gates by key.
    pub gates: BTreeMap<String, gate::Config>,
}

fn data() -> PathBuf {
    PathBuf::from("/var/lib/gatewarden-edge")
}

fn stop_within() -> std::time::Duration {
    std::time::Duration::from_secs(20)
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key, with dots.
    pub key: String,
    /// The value, and what is allowed.
    pub why: String,
}

/// Everything that is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub struct Faults {
    /// Where they came from.
    pub path: PathBuf,
    /// In the order of the keys.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, count) = (self.path.display(), self.faults.len());
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} fault{plural} in {path}")?;
        for fault in &self.faults {
            write!(f, "\n  {}: {}", fault.key, fault.why)?;
        }
        Ok(())
    }
}

/// What the process was started with besides the settings.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// systemd's folder of passwords.
    pub credentials: Option<PathBuf>,
    /// Where a test wants the process to die.
    pub fault: Option<Plan>,
    /// What is logged, for example `info,edge_agent=debug`.
    pub log: Option<String>,
    /// Log lines are JSON.
    pub log_json: bool,
    /// The machine's name.
    pub machine: String,
}

/// Reads the environment, once.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one home of environment variables"
)]
pub fn environment() -> anyhow::Result<Environment> {
    let fault = match std::env::var("GATEWARDEN_FAULT") {
        Ok(text) => Some(text.parse().map_err(|why| {
            anyhow::anyhow!("reading the environment variable GATEWARDEN_FAULT: {why}")
        })?),
        Err(_) => None,
    };
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Ok(Environment {
        credentials: std::env::var("CREDENTIALS_DIRECTORY")
            .ok()
            .map(PathBuf::from),
        fault,
        log: std::env::var("GATEWARDEN_LOG").ok(),
        log_json: std::env::var("GATEWARDEN_LOG_FORMAT").is_ok_and(|format| format == "json"),
        machine: machine.trim().to_owned(),
    })
}

/// Reads the settings and checks everything in them.
pub fn load(path: &Path) -> Result<Config, Faults> {
    let text = std::fs::read_to_string(path).map_err(|error| Faults {
        path: path.to_owned(),
        faults: vec![Fault {
            key: "file".into(),
            why: format!("it can't be read: {error}"),
        }],
    })?;
    parse(path, &text, Env::prefixed("GATEWARDEN_EDGE__").split("__"))
}

fn parse(path: &Path, text: &str, overrides: impl figment::Provider) -> Result<Config, Faults> {
    let found = |faults| {
        Err(Faults {
            path: path.to_owned(),
            faults,
        })
    };
    if let Err(error) = toml::from_str::<toml::Table>(text) {
        let why = error.to_string();
        return found(vec![Fault {
            key: "file".into(),
            why: why.trim().replace('\n', "\n    "),
        }]);
    }
    let figment = Figment::from(Toml::string(text)).merge(overrides);
    // Each section is read by itself, so that one fault does not hide the others.
    let mut faults = Vec::new();
    let whole = figment.extract::<Config>();
    if whole.is_err() {
        faults = read_parts(&figment);
    }
    match whole {
        Ok(config) => {
            faults.extend(check(&config));
            if faults.is_empty() {
                return Ok(config);
            }
        }
        Err(error) if faults.is_empty() => {
            faults.extend(error.into_iter().map(|error| explain(&error)))
        }
        Err(_) => {}
    }
    faults.sort_by(|one, other| one.key.cmp(&other.key));
    faults.dedup();
    found(faults)
}

/// Reads every section on its own and gathers what is wrong with each.
fn read_parts(figment: &Figment) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Ok(whole) = figment.extract::<figment::value::Dict>() else {
        return faults;
    };
    for (key, value) in &whole {
        match (key.as_str(), value) {
            ("gates", figment::value::Value::Dict(_, gates)) => {
                for gate in gates.keys() {
                    faults.extend(read_part::<gate::Config>(figment, &format!("gates.{gate}")));
                    if let Ok(config) =
                        figment.extract_inner::<gate::Config>(&format!("gates.{gate}"))
                    {
                        faults.extend(check_gate(gate, &config));
                    }
                }
            }
            ("gates", _) => faults.push(Fault {
                key: key.clone(),
                why: "must be sections [gates.KEY], one for each gate".into(),
            }),
            ("store", _) => faults.extend(read_part::<store::Config>(figment, key)),
            ("link", _) => faults.extend(read_part::<link::Config>(figment, key)),
            ("thermal", _) => faults.extend(read_part::<thermal::Config>(figment, key)),
            ("shadow", _) => faults.extend(read_part::<shadow::Config>(figment, key)),
            _ => faults.extend(read_top(figment, key)),
        }
    }
    if !whole.contains_key("gates") {
        faults.push(Fault {
            key: "gates".into(),
            why: "missing: at least one section [gates.KEY] is needed".into(),
        });
    }
    faults
}

/// Reads one key of the top level, with the gates left out.
fn read_top(figment: &Figment, key: &str) -> Vec<Fault> {
    let none: BTreeMap<String, u8> = BTreeMap::new();
    let alone = Figment::from(figment::providers::Serialized::default("gates", none));
    let value: Result<figment::value::Value, _> = figment.find_value(key);
    match value {
        Ok(value) => alone
            .merge(figment::providers::Serialized::default(key, value))
            .extract::<Config>()
            .err()
            .map(|error| error.into_iter().map(|error| explain(&error)).collect())
            .unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// Reads one section and gathers what is wrong with it: a key that can't be read is named and left out, and the rest is
/// read again.
fn read_part<T: serde::de::DeserializeOwned>(figment: &Figment, section: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut left_out = Vec::new();
    let mut value = match figment.find_value(section) {
        Ok(value) => value,
        Err(_) => return faults,
    };
    // figment's own `extract_inner` puts the section's path behind the inner one.
    while let Err(error) = value.deserialize::<T>() {
        let missing = matches!(error.kind, figment::error::Kind::MissingField(_));
        let fault = explain(&error);
        let key = fault.key.split('.').next().unwrap_or_default().to_owned();
        if !(missing && left_out.contains(&key)) {
            faults.push(Fault {
                key: join(section, &fault.key),
                why: fault.why,
            });
        }
        let removed = if let figment::value::Value::Dict(_, keys) = &mut value
            && !missing
        {
            keys.remove(&key).is_some()
        } else {
            false
        };
        if !removed {
            break;
        }
        left_out.push(key);
    }
    faults
}

fn join(section: &str, key: &str) -> String {
    if key.is_empty() {
        section.to_owned()
    } else {
        format!("{section}.{key}")
    }
}

/// Words for one fault of figment's. The value of a key that looks like a secret is not repeated.
fn explain(error: &figment::Error) -> Fault {
    let mut key = error.path.join(".");
    let mut why = error.kind.to_string().replace("``", "`");
    if let figment::error::Kind::UnknownField(name, allowed) = &error.kind {
        if !key.ends_with(name.as_str()) {
            key = join(&key, name);
        }
        why = format!("unknown; allowed are {}", allowed.join(", "));
    }
    if let figment::error::Kind::MissingField(name) = &error.kind {
        if !key.ends_with(name.as_ref()) {
            key = join(&key, name);
        }
        why = "missing".into();
    }
    let last = key.rsplit('.').next().unwrap_or_default().to_lowercase();
    if ["password", "secret", "token", "passwd"]
        .iter()
        .any(|word| last.contains(word))
    {
        why = if matches!(error.kind, figment::error::Kind::UnknownField(..)) {
            format!("{why}; secrets are never in this file, name a systemd credential")
        } else {
            "not allowed here (the value is not shown); secrets are never in this file, name a systemd credential".into()
        };
    }
    Fault { key, why }
}

fn check(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |key: &str, why: String| {
        faults.push(Fault {
            key: key.to_owned(),
            why,
        });
    };
    if config.gates.is_empty() {
        fault(
            "gates",
            "empty: at least one section [gates.KEY] is needed".into(),
        );
    }
    if config.threads > 256 {
        fault(
            "threads",
            format!("{} is not from 0 to 256", config.threads),
        );
    }
    let seconds = config.stop_within.as_secs();
    if !(1..=300).contains(&seconds) {
        fault(
            "stop_within",
            format!("{:?} is not from 1s to 300s", config.stop_within),
        );
    }
    for (key, value, least) in [
        ("store.most_events", config.store.most_events, 1_000),
        ("store.most_bytes", config.store.most_bytes, 10_000_000),
        (
            "store.most_picture_bytes",
            config.store.most_picture_bytes,
            10_000_000,
        ),
    ] {
        if value < least {
            fault(key, format!("{value} is less than {least}"));
        }
    }
    for (section, inner) in [
        ("thermal", config.thermal.faults()),
        ("shadow", config.shadow.faults()),
    ] {
        for (key, why) in inner {
            fault(&format!("{section}.{key}"), why);
        }
    }
    for hub in &config.link.hubs {
        let port = hub
            .rsplit_once(':')
            .map(|(host, port)| (host, port.parse::<u16>()));
        if !matches!(port, Some((host, Ok(1..))) if !host.is_empty()) {
            fault("link.hubs", format!("{hub:?} is not HOST:PORT"));
        }
    }
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, gate) in &config.gates {
        let name = gate.name.as_deref().unwrap_or(key);
        if let Some(other) = names.insert(name, key) {
            let key = format!("gates.{key}.name");
            fault(
                &key,
                format!("{name:?} is the name of gates.{other} already"),
            );
        }
    }
    for (key, gate) in &config.gates {
        faults.extend(check_gate(key, gate));
    }
    faults
}

fn check_gate(key: &str, gate: &gate::Config) -> Vec<Fault> {
    let named = |(inner, why): (String, String)| Fault {
        key: format!("gates.{key}.{inner}"),
        why,
    };
    gate.faults().into_iter().map(named).collect()
}

/// Finds each configured gate among the enrolled ones, by name. Returns what does not fit.
pub fn match_gates(
    config: &Config,
    enrolled: &[EnrolledGate],
) -> Result<Vec<EnrolledGate>, Faults> {
    let mut matched = Vec::new();
    let mut faults = Vec::new();
    let known: Vec<&str> = enrolled.iter().map(|gate| gate.name.as_str()).collect();
    for (key, gate) in &config.gates {
        let name = gate.name.as_deref().unwrap_or(key);
        match enrolled.iter().find(|enrolled| enrolled.name == name) {
            Some(found) if found.direction == gate.direction => matched.push(found.clone()),
            Some(found) => faults.push(Fault {
                key: format!("gates.{key}.direction"),
                why: format!(
                    "{:?}, but the hub enrolled it as {:?}",
                    gate.direction, found.direction
                ),
            }),
            None => faults.push(Fault {
                key: format!("gates.{key}.name"),
                why: format!(
                    "{name:?} is not enrolled; this machine's gates are {}",
                    known.join(", ")
                ),
            }),
        }
    }
    if faults.is_empty() {
        Ok(matched)
    } else {
        Err(Faults {
            path: PathBuf::from("the settings, against the enrolment"),
            faults,
        })
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::GateId;
    use contract::sighting::Direction;
    use contract::time::Timestamp;
    use figment::providers::Serialized;
    use proptest::prelude::*;

    use super::*;

    const SMALL: &str = r#"
[gates.north]
direction = "entry"
pins = { kind = "fake", moves = "pins.log" }
cameras.front = { kind = "folder", path = "pictures" }
"#;

    fn read(text: &str) -> Result<Config, Vec<(String, String)>> {
        let none: BTreeMap<String, u8> = BTreeMap::new();
        parse(Path::new("edge.toml"), text, Serialized::globals(none)).map_err(|faults| {
            faults
                .faults
                .into_iter()
                .map(|fault| (fault.key, fault.why))
                .collect()
        })
    }

    fn keys(text: &str) -> Vec<String> {
        read(text)
            .unwrap_err()
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    }

    /// OP-10.
    #[test]
    fn the_example_is_whole_and_sound() {
        let config = read(EXAMPLE).unwrap();
        assert!(!config.gates.is_empty());
    }

    #[test]
    fn a_small_file_gets_safe_defaults() {
        let config = read(SMALL).unwrap();
        let gate = &config.gates["north"];
        assert_eq!(gate.hold_open.as_secs(), 8);
        assert_eq!(gate.unknown, gate::verdict::Unknown::Deny);
        assert_eq!(config.store, store::Config::default());
    }

    /// OP-08: all faults at once, each with its key, value and what is allowed.
    #[test]
    fn all_faults_are_reported_together() {
        let text = r#"
threads = "many"
colour = "blue"
[store]
keep_events = "soon"
[gates.north]
direction = "sideways"
join = "glue"
pins = { kind = "fake", moves = "pins.log" }
[gates.south]
direction = "exit"
hold_open = "0s"
least_confidence = 7.5
matching = { open = 0.2 }
pins = { kind = "pi", relay = "hold", open_pin = 99 }
"#;
        let faults = read(text).unwrap_err();
        let text = format!("{faults:?}");
        for key in [
            "threads",
            "colour",
            "store",
            "gates.north.direction",
            "gates.north.join",
            "gates.south.hold_open",
            "gates.south.least_confidence",
            "gates.south.matching.open",
            "gates.south.pins.open_pin",
        ] {
            assert!(
                faults.iter().any(|(found, _)| found.starts_with(key)),
                "{key}: {text}"
            );
        }
        assert!(text.contains("7.5 is not from 0 to 1"), "{text}");
    }

    #[test]
    fn an_unknown_key_is_named_with_those_that_are_allowed() {
        let faults = read(&format!("{SMALL}hold_opne = \"3s\"\n")).unwrap_err();
        assert_eq!(faults[0].0, "gates.north.hold_opne");
        assert!(faults[0].1.contains("hold_open"), "{faults:?}");
    }

    /// GR-05, GR-06
    #[test]
    fn a_cameras_rate_and_areas_are_read_and_what_is_wrong_with_them_is_named() {
        let camera = |keys: &str| {
            SMALL.replace(
                "path = \"pictures\"",
                &format!("path = \"pictures\", {keys}"),
            )
        };
        let config = read(&camera(
            "fps = 4, include = [[[0.0, 0.2], [1.0, 0.2], [1.0, 1.0]]]",
        ))
        .unwrap();
        let front = &config.gates["north"].cameras["front"];
        assert_eq!((front.fps, front.areas.include.len()), (4, 1));
        assert!(front.areas.exclude.is_empty());
        let faults = read(&camera(
            "fps = 16, exclude = [[[0, 0], [640, 0], [640, 480]]]",
        ))
        .unwrap_err();
        let text = format!("{faults:?}");
        for told in [
            "gates.north.cameras.front",
            "fps: 16 is not from 1 to 15",
            "exclude[0]: the corner [640, 0]",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        let faults = read(&camera("inclde = []")).unwrap_err();
        assert!(format!("{faults:?}").contains("inclde"), "{faults:?}");
    }

    /// OP-08: secrets are masked.
    #[test]
    fn a_secret_is_refused_and_not_repeated() {
        let faults = read(&format!("password = \"hunter2\"\n{SMALL}")).unwrap_err();
        let text = format!("{faults:?}");
        assert!(text.contains("secrets are never in this file"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn limits_of_heat_and_of_the_shadow_are_checked() {
        let text = format!(
            "[thermal]\nhot_celsius = 300.0\n[shadow]\nmodels = \"candidate\"\nshare = 2.0\n{SMALL}"
        );
        assert_eq!(keys(&text), ["shadow.share", "thermal.hot_celsius"]);
        assert_eq!(
            keys(&format!("[shadow]\nshape = 1\n{SMALL}")),
            ["shadow.shape"]
        );
    }

    #[test]
    fn no_gates_and_gates_of_one_name_are_faults() {
        assert_eq!(keys("threads = 1\n"), ["gates"]);
        let twice = SMALL.replace("[gates.north]", "[gates.south]\nname = \"north\"");
        assert_eq!(keys(&format!("{SMALL}{twice}")), ["gates.south.name"]);
    }

    #[test]
    fn text_that_is_no_toml_is_named_with_its_place() {
        let faults = read("gates = [\n").unwrap_err();
        assert_eq!(faults[0].0, "file");
        assert!(faults[0].1.contains("line"), "{faults:?}");
    }

    #[test]
    fn the_environment_overrides_a_key() {
        let north: BTreeMap<&str, BTreeMap<&str, BTreeMap<&str, &str>>> = BTreeMap::from([(
            "gates",
            BTreeMap::from([("north", BTreeMap::from([("hold_open", "12s")]))]),
        )]);
        let config = parse(Path::new("edge.toml"), SMALL, Serialized::globals(north)).unwrap();
        assert_eq!(config.gates["north"].hold_open.as_secs(), 12);
    }

    #[test]
    fn gates_are_matched_with_the_enrolment_by_name_and_direction() {
        let config = read(SMALL).unwrap();
        let gate = |name: &str, direction| EnrolledGate {
            id: GateId::new(Timestamp::from_millis(1), [1; 10]),
            name: name.to_owned(),
            direction,
        };
        let sound = [gate("north", Direction::Entry)];
        assert_eq!(match_gates(&config, &sound).unwrap(), sound);
        let error = match_gates(&config, &[gate("East", Direction::Entry)]).unwrap_err();
        assert!(
            error.to_string().contains("\"north\" is not enrolled"),
            "{error}"
        );
        let error = match_gates(&config, &[gate("north", Direction::Exit)]).unwrap_err();
        assert!(error.to_string().contains("direction"), "{error}");
    }

    proptest! {
        #[test]
        fn any_text_is_settings_or_faults_and_never_a_panic(text in "[a-z\\[\\]=\".0-9\n ]{0,80}") {
            if let Err(faults) = read(&text) {
                prop_assert!(!faults.is_empty());
            }
        }
    }
}
