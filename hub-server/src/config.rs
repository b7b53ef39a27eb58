//! The hub's configuration: one TOML file, every key overridable from the environment; the only reader of both.
//!
//! `GATEWARDEN_HUB__WEB__LISTEN=0.0.0.0:443` overrides `listen` in `[web]`. Each room gets its own section only.

use std::env;
use std::path::Path;
use std::path::PathBuf;

use figment::Figment;
use figment::error::Kind;
use figment::providers::Env;
use figment::providers::Format;
use figment::providers::Serialized;
use figment::providers::Toml;
use figment::value::Dict;
use figment::value::Value;
use serde::Deserialize;
use serde::Serialize;

use crate::audit;
use crate::auth;
use crate::evidence;
use crate::link;
use crate::outbound;
use crate::store;
use crate::web;

/// The commented example, complete: every key with its default.
pub const EXAMPLE: &str = include_str!("../hub.example.toml");

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the hub keeps its database, pictures and keys.
    pub data: PathBuf,
    /// The console and the API.
    pub web: web::Config,
    /// How people log in.
    pub auth: auth::Config,
    /// The audit trail.
    pub audit: audit::Config,
    /// The pictures.
    pub evidence: evidence::Config,
    /// The edges.
    pub link: link::Config,
    /// What the hub itself calls.
    pub outbound: outbound::Config,
    /// The database.
    pub store: store::Config,
    /// The log.
    pub log: Log,
}

/// Section `[log]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter by room such as `info,hub_server::link=debug`.
    pub level: String,
    /// One JSON object a line, for collectors.
    pub json: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("/var/lib/gatewarden-hub"),
            web: web::Config::default(),
            auth: auth::Config::default(),
            audit: audit::Config::default(),
            evidence: evidence::Config::default(),
            link: link::Config::default(),
            outbound: outbound::Config::default(),
            store: store::Config::default(),
            log: Log::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            json: false,
        }
    }
}

/// What is wrong with a configuration: every fault, each with its key, its value and what is allowed.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} fault(s):\n{}", .0.len(), .0.join("\n"))]
pub struct Faults(pub Vec<String>);

impl Config {
    /// Reads the file, if one is named, and the environment over it, and checks everything.
    pub fn load(file: Option<&Path>) -> Result<Self, Faults> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(Faults(vec![format!("{}: no such file", file.display())]));
            }
            figment = figment.merge(Toml::file(file));
        }
        figment = figment.merge(Env::prefixed("GATEWARDEN_HUB__").split("__"));
        let (config, mut faults) = read(&figment);
        if let Some(config) = &config {
            faults.extend(config.faults());
        }
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(Faults(faults)),
        }
    }

    /// What is well written and still not allowed.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.data.as_os_str().is_empty() {
            faults.push("data = \"\": a folder is needed".to_owned());
        }
        if self.store.readers == 0 || self.store.readers > 64 {
            faults.push(format!(
                "store.readers = {}: 1 to 64 are allowed",
                self.store.readers
            ));
        }
        if self.auth.password_iterations < auth::ITERATIONS_FLOOR {
            faults.push(format!(
                "auth.password_iterations = {}: at least {} is needed",
                self.auth.password_iterations,
                auth::ITERATIONS_FLOOR
            ));
        }
        for (key, is_zero) in [
            ("auth.session", self.auth.session.is_zero()),
            ("auth.access_token", self.auth.access_token.is_zero()),
            ("auth.refresh_token", self.auth.refresh_token.is_zero()),
            ("auth.token_log_in", self.auth.token_log_in.is_zero()),
            ("auth.signing_key", self.auth.signing_key.is_zero()),
            ("auth.login_failures", self.auth.login_failures == 0),
            ("auth.login_window", self.auth.login_window.is_zero()),
            ("evidence.largest_bytes", self.evidence.largest_bytes == 0),
            (
                "outbound.connect_timeout",
                self.outbound.connect_timeout.is_zero(),
            ),
            ("outbound.timeout", self.outbound.timeout.is_zero()),
            (
                "outbound.largest_answer_bytes",
                self.outbound.largest_answer_bytes == 0,
            ),
        ] {
            if is_zero {
                faults.push(format!("{key} = 0: more than nothing is needed"));
            }
        }
        if self.auth.access_token > auth::ACCESS_TOKEN_LONGEST {
            faults.push(format!(
                "auth.access_token = {:?}: at most a day is allowed",
                self.auth.access_token
            ));
        }
        if self.link.most_connections == 0 {
            faults.push("link.most_connections = 0: at least 1 is needed".to_owned());
        }
        faults.extend(self.web.faults());
        if let Err(error) = self.log.level.parse::<tracing_subscriber::EnvFilter>() {
            faults.push(format!("log.level = {:?}: {error}", self.log.level));
        }
        faults
    }
}

/// Reads what was written, and all that is wrong with it: a fault is noted, its key left out, and the rest read again.
fn read(figment: &Figment) -> (Option<Config>, Vec<String>) {
    let mut faults = Vec::new();
    let mut written = match figment.extract::<Dict>() {
        Ok(written) => written,
        Err(error) => {
            faults.extend(error.into_iter().map(|fault| fault.to_string()));
            return (None, faults);
        }
    };
    loop {
        let error = match Figment::from(Serialized::defaults(&written)).extract::<Config>() {
            Ok(config) => return (Some(config), faults),
            Err(error) => error,
        };
        let mut is_less = false;
        for fault in error {
            let mut path = fault.path.clone();
            if let Kind::UnknownField(name, _) = &fault.kind
                && path.last() != Some(name)
            {
                path.push(name.clone());
            }
            let key = path.join(".");
            let place = figment
                .find_metadata(&key)
                .map_or_else(String::new, |found| match &found.source {
                    Some(source) => format!(" (in {source})"),
                    None => format!(" (in the {})", found.name),
                });
            faults.push(format!("{key}: {}{place}", fault.kind));
            is_less |= leave_out(&mut written, &path);
        }
        if !is_less {
            return (None, faults);
        }
    }
}

fn leave_out(dict: &mut Dict, path: &[String]) -> bool {
    match path {
        [] => false,
        [last] => dict.remove(last).is_some(),
        [first, rest @ ..] => match dict.get_mut(first) {
            Some(Value::Dict(_, inner)) => leave_out(inner, rest),
            _ => false,
        },
    }
}

/// The fault that `GATEWARDEN_FAULT` plants, if it is set.
#[expect(
    clippy::disallowed_methods,
    reason = "this file is the reader of the environment"
)]
pub fn planted_fault() -> Option<String> {
    env::var("GATEWARDEN_FAULT").ok()
}

/// A secret that the service manager handed over as a file in `$CREDENTIALS_DIRECTORY`, less its line end.
#[expect(
    clippy::disallowed_methods,
    reason = "this file is the reader of the environment"
)]
pub fn credential(name: &str) -> Option<String> {
    let folder = env::var("CREDENTIALS_DIRECTORY").ok()?;
    let text = std::fs::read_to_string(Path::new(&folder).join(name)).ok()?;
    let secret = text.trim_end();
    (!secret.is_empty()).then(|| secret.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, Faults> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(Some(&file))
    }

    /// OP-10.
    #[test]
    fn the_example_is_complete_and_says_the_defaults() {
        let example: toml::Table = toml::from_str(EXAMPLE).unwrap();
        assert_eq!(example, toml::Table::try_from(Config::default()).unwrap());
        load(EXAMPLE).unwrap();
    }

    /// OP-08.
    #[test]
    fn all_faults_are_told_at_once_with_key_value_and_what_is_allowed() {
        let faults = load("[store]\nreaders = 0\n[link]\nmost_connections = 0\n")
            .unwrap_err()
            .to_string();
        assert!(faults.contains("store.readers = 0: 1 to 64"), "{faults}");
        assert!(faults.contains("link.most_connections = 0"), "{faults}");
    }

    /// OP-08.
    #[test]
    fn an_unknown_key_is_named_with_those_that_exist() {
        let faults = load("[web]\nlisten_on = \"0.0.0.0:1\"\n")
            .unwrap_err()
            .to_string();
        assert!(
            faults.contains("listen_on") && faults.contains("`redirect`"),
            "{faults}"
        );
    }

    /// OP-08.
    #[test]
    fn faults_of_writing_and_of_meaning_are_told_together() {
        let text = "[web]\nlisten_on = 1\nlisten = \"nowhere\"\n[auth]\nsession = 7\npassword_iterations = 1\n[cellar]\n";
        let Faults(faults) = load(text).unwrap_err();
        for part in [
            "web.listen_on: unknown field",
            "web.listen: ",
            "auth.session: ",
            "auth.password_iterations = 1: at least 100000",
            "cellar: unknown field",
        ] {
            assert!(
                faults.iter().any(|fault| fault.starts_with(part)),
                "{part} in {faults:#?}"
            );
        }
        assert_eq!(faults.len(), 5, "{faults:#?}");
        assert!(faults[0].contains("hub.toml"), "{faults:#?}");
    }

    #[test]
    fn a_wrong_type_and_a_missing_file_are_named() {
        let faults = load("[web]\nlisten = 8443\n").unwrap_err().to_string();
        assert!(faults.contains("listen"), "{faults}");
        let missing = Config::load(Some(Path::new("/nowhere/hub.toml")))
            .unwrap_err()
            .to_string();
        assert!(
            missing.contains("/nowhere/hub.toml: no such file"),
            "{missing}"
        );
    }
}
