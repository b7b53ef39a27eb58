//! How people and programs reach the hub: the section `[web]` of hub.toml, and what is wrong with it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::uri::Uri;
use ipnet::IpNet;
use serde::Deserialize;
use serde::Serialize;

use super::rates::Rates;
use super::routes;

/// How people reach the hub.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where HTTPS listens.
    pub listen: SocketAddr,
    /// Where plain HTTP listens; it only redirects to HTTPS. `"off"` for nowhere.
    #[serde(with = "address_or_off")]
    pub redirect: Option<SocketAddr>,
    /// Further names and addresses under which the hub is reached; they stand in its certificate. The first is used
    /// in links.
    pub names: Vec<String>,
    /// A file with the operator's own certificate and the chain behind it, in PEM; `""`: the hub makes its own. It is
    /// read again when it changes.
    #[serde(with = "path_or_none")]
    pub certificate: Option<PathBuf>,
    /// The private key of that certificate, in PEM.
    #[serde(with = "path_or_none")]
    pub key: Option<PathBuf>,
    /// Further names that a request may carry in `Host`, beside those of the certificate.
    pub hosts: Vec<String>,
    /// Networks of proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Request-Id` are believed.
    pub proxies: Vec<IpNet>,
    /// Other sites whose pages may call the API with a key, each as `https://name` or `https://name:port`.
    pub origins: Vec<String>,
    /// Networks from which people may use the console; nothing here means everywhere.
    pub console_networks: Vec<IpNet>,
    /// HTTPS connections at once.
    pub connections: usize,
    /// HTTPS connections at once from one address (of IPv6 a /64); proxies have no such bound.
    pub connections_per_address: usize,
    /// How long a connection may stay open without a request.
    #[serde(with = "humantime_serde")]
    pub idle_timeout: Duration,
    /// How often each caller may call each route.
    pub rates: Rates,
    /// How long a request may take.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8443)),
            redirect: Some(SocketAddr::from(([0, 0, 0, 0], 8080))),
            names: Vec::new(),
            certificate: None,
            key: None,
            hosts: Vec::new(),
            proxies: Vec::new(),
            origins: Vec::new(),
            console_networks: Vec::new(),
            connections: 1024,
            connections_per_address: 64,
            idle_timeout: Duration::from_secs(120),
            rates: Rates::default(),
            request_timeout: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// What is well written and still not allowed, each with its key, its value and what is allowed.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (key, is_zero) in [
            ("web.connections", self.connections == 0),
            (
                "web.connections_per_address",
                self.connections_per_address == 0,
            ),
            ("web.request_timeout", self.request_timeout.is_zero()),
            ("web.idle_timeout", self.idle_timeout.is_zero()),
        ] {
            if is_zero {
                faults.push(format!("{key} = 0: more than nothing is needed"));
            }
        }
        if self.redirect == Some(self.listen) && self.listen.port() != 0 {
            faults.push(format!(
                "web.redirect = {}: it must differ from web.listen",
                self.listen
            ));
        }
        if self.certificate.is_some() != self.key.is_some() {
            faults.push("web.certificate and web.key: both are needed, or neither".to_owned());
        }
        let routes = routes::names();
        for route in self
            .rates
            .routes
            .keys()
            .filter(|route| !routes.contains(route))
        {
            faults.push(format!(
                "web.rates.routes has {route:?}: it is no route such as \"POST /api/v1/session\""
            ));
        }
        for (key, names) in [("web.names", &self.names), ("web.hosts", &self.hosts)] {
            for name in names.iter().filter(|name| !is_host(name)) {
                faults.push(format!(
                    "{key} has {name:?}: host names and IP addresses are allowed"
                ));
            }
        }
        for origin in self.origins.iter().filter(|origin| !is_origin(origin)) {
            let why = if origin.contains('*') {
                "every site would be let in; name each one"
            } else {
                "https://name or https://name:port is allowed, without a path"
            };
            faults.push(format!("web.origins has {origin:?}: {why}"));
        }
        for network in self
            .proxies
            .iter()
            .filter(|network| network.prefix_len() == 0)
        {
            faults.push(format!(
                "web.proxies has {network}: the whole world is no proxy; anybody could claim any address"
            ));
        }
        faults
    }
}

fn is_host(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
    !name.is_empty() && name.chars().all(allowed)
}

/// Whether it is written as browsers write an origin: they are compared letter by letter.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    uri.scheme_str() == Some("https")
        && !authority.contains('@')
        && !authority.contains('*')
        && text == format!("https://{}", authority.to_ascii_lowercase())
        && !text.ends_with(":443")
}

/// A path as text, or nothing.
mod path_or_none {
    use std::path::PathBuf;

    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;

    pub fn serialize<S: Serializer>(
        path: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match path {
            Some(path) => serializer.collect_str(&path.display()),
            None => serializer.serialize_str(""),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }
}

/// An address as text, or `off`.
mod address_or_off {
    use std::net::SocketAddr;

    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;

    pub fn serialize<S: Serializer>(
        address: &Option<SocketAddr>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match address {
            Some(address) => serializer.collect_str(address),
            None => serializer.serialize_str("off"),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SocketAddr>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "off" {
            return Ok(None);
        }
        let wrong = |_| {
            serde::de::Error::custom(format!(
                "{text:?} is neither an address with a port nor \"off\""
            ))
        };
        text.parse().map(Some).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SE-34: `*` in the allowed origins is refused at start, and so is what no browser would send.
    #[test]
    fn a_wildcard_or_a_half_origin_is_refused_at_start() {
        for odd in [
            "*",
            "https://*",
            "https://*.example",
            "http://app.example",
            "https://app.example/",
            "https://app.example/path",
            "https://App.example",
            "https://user@app.example",
            "https://app.example:443",
            "app.example",
            "null",
            "",
        ] {
            let config = Config {
                origins: vec![odd.to_owned()],
                ..Config::default()
            };
            let faults = config.faults();
            assert_eq!(faults.len(), 1, "{odd:?}: {faults:?}");
            assert!(faults[0].starts_with("web.origins has "), "{faults:?}");
        }
        let config = Config {
            origins: vec![
                "https://app.example".into(),
                "https://app.example:8443".into(),
            ],
            ..Config::default()
        };
        assert_eq!(config.faults(), Vec::<String>::new());
    }

    #[test]
    fn names_and_proxies_that_mean_nothing_or_everything_are_refused_at_start() {
        let config = Config {
            hosts: vec!["hub.example/x".into(), String::new()],
            proxies: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()],
            rates: Rates {
                routes: [("GET /nothing".to_owned(), "1/1s".parse().unwrap())].into(),
                ..Rates::default()
            },
            ..Config::default()
        };
        let faults = config.faults();
        assert_eq!(faults.len(), 5, "{faults:?}");
    }
}
