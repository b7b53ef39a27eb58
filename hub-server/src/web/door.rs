//! The door: what a request must be before any route looks at it. Its host, its path, its address behind proxies, the
//! networks of the console, the sites whose pages may call. Pure: the answer is a value.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::header;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use ipnet::IpNet;
use percent_encoding::percent_decode;
use tower_http::cors::AllowOrigin;
use tower_http::cors::CorsLayer;

use super::Config;
use super::Here;
use super::error::WebError;
use super::text;

/// How often a path is decoded in search of what it hides; one that is still encoded then is refused.
const DECODINGS: usize = 4;
/// How long a browser may remember what a site's pages may do.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// The longest number of a request that is taken over from a proxy.
const LONGEST_NUMBER: usize = 64;
/// What is not the console, though open to anybody: answered to every network that reaches the port.
pub(super) const PROBES: [&str; 5] = ["/health", "/ready", "/metrics", "/authority.crt", "/trust"];

/// What the door knows.
pub(super) struct Door {
    hosts: BTreeSet<String>,
    proxies: Vec<IpNet>,
    console: Vec<IpNet>,
    origins: Vec<HeaderValue>,
}

/// How a request came, as far as it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Who sent it.
    pub(super) address: IpAddr,
    /// Whether the last proxy was reached in plain text.
    pub(super) was_plain: bool,
    /// The number that a proxy gave it.
    pub(super) number: Option<String>,
}

impl Door {
    pub(super) fn new(config: &Config, names: &[String]) -> Self {
        let hosts = names.iter().chain(&config.names).chain(&config.hosts);
        let origins = config.origins.iter();
        Self {
            hosts: hosts.map(|name| name.to_ascii_lowercase()).collect(),
            proxies: config.proxies.clone(),
            console: config.console_networks.clone(),
            origins: origins.filter_map(|origin| origin.parse().ok()).collect(),
        }
    }

    /// Whether this address is a proxy that is believed.
    pub(super) fn is_proxy(&self, address: IpAddr) -> bool {
        holds(&self.proxies, address)
    }

    /// Says who sent a request that came over the connection with `peer`. Only a proxy's word counts, and of a chain of
    /// them the last address that is none.
    pub(super) fn way(&self, peer: IpAddr, headers: &HeaderMap) -> Way {
        let mut way = Way {
            address: peer.to_canonical(),
            was_plain: false,
            number: None,
        };
        if !self.is_proxy(peer) {
            return way;
        }
        let told: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for one in told.into_iter().rev() {
            // What can't be read ends the chain: nothing before it can be believed.
            let Some(address) = read_address(one) else {
                break;
            };
            way.address = address;
            if !self.is_proxy(address) {
                break;
            }
        }
        let last = |name: &str| headers.get_all(name).iter().next_back();
        way.was_plain = last("x-forwarded-proto")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.rsplit(',').next())
            .is_some_and(|proto| proto.trim().eq_ignore_ascii_case("http"));
        way.number = last("x-request-id")
            .and_then(|value| value.to_str().ok())
            .filter(|number| is_number(number))
            .map(str::to_owned);
        way
    }

    /// Lets a request in, or says why not. Gives back under which name and port the hub was asked.
    pub(super) fn check(&self, request: &Parts) -> Result<String, WebError> {
        let host = host_of(request).map_err(|why| WebError::BadHead { field: "host", why })?;
        if !self.is_ours(&host, request.extensions.get::<Here>()) {
            return Err(WebError::BadHead {
                field: "host",
                why: "is none of this hub's names (web.names, web.hosts)",
            });
        }
        if let Some(why) = path_fault(request.uri.path()) {
            return Err(WebError::BadHead { field: "path", why });
        }
        Ok(host.as_str().to_ascii_lowercase())
    }

    /// Whether people may use the console from there.
    pub(super) fn is_inside(&self, address: IpAddr) -> bool {
        self.console.is_empty() || holds(&self.console, address)
    }

    /// Whether pages of this origin may call with a key.
    pub(super) fn shares_with(&self, origin: &HeaderValue) -> bool {
        self.origins.contains(origin)
    }

    /// The layer that tells browsers which other sites' pages may call; none if there is none.
    pub(super) fn sharing(&self) -> Option<CorsLayer> {
        if self.origins.is_empty() {
            return None;
        }
        // Without credentials: a browser sends no cookie along, so such a page has only the key that it was given.
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::list(self.origins.clone()))
            .allow_methods([
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_MATCH,
                header::IF_NONE_MATCH,
                HeaderName::from_static("idempotency-key"),
            ])
            .expose_headers([
                header::ETAG,
                header::LOCATION,
                header::LINK,
                header::RETRY_AFTER,
                HeaderName::from_static("x-request-id"),
            ])
            .max_age(REMEMBERED);
        Some(layer)
    }

    fn is_ours(&self, host: &Authority, here: Option<&Here>) -> bool {
        let name = host.host().trim_start_matches('[').trim_end_matches(']');
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        // Nobody can point an address at another machine, so the one that was dialled is as good as a name.
        let was_dialled = || {
            let asked = name.parse::<IpAddr>().ok();
            asked.is_some_and(|asked| {
                here.is_some_and(|here| here.0.to_canonical() == asked.to_canonical())
            })
        };
        self.hosts.contains(&name) || was_dialled()
    }
}

/// Takes away what the layer of `Door::sharing` says to everybody: other sites get no header of it at all.
pub(super) fn hide_sharing(headers: &mut HeaderMap) {
    if headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    for name in [
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        header::ACCESS_CONTROL_MAX_AGE,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ] {
        headers.remove(name);
    }
}

fn holds(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|a| a.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port)
        .or_else(bracketed)
        .map(|address| address.to_canonical())
}

fn is_number(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=LONGEST_NUMBER).contains(&text.len()) && text.chars().all(allowed)
}

/// The one host that a request names.
fn host_of(request: &Parts) -> Result<Authority, &'static str> {
    let mut named = request.headers.get_all(header::HOST).iter();
    let first = named.next();
    if named.next().is_some() {
        return Err("is there twice");
    }
    let told = first
        .map(|host| {
            let host = host.to_str().unwrap_or_default();
            host.parse::<Authority>()
                .ok()
                .filter(|host| !host.as_str().contains('@') && !host.host().is_empty())
                .ok_or("is no host name")
        })
        .transpose()?;
    match (request.uri.authority(), told) {
        (Some(asked), Some(told)) if !asked.as_str().eq_ignore_ascii_case(told.as_str()) => {
            Err("differs from the address that is asked for")
        }
        (Some(asked), _) if asked.as_str().contains('@') => Err("is no host name"),
        (Some(asked), _) => Ok(asked.clone()),
        (None, Some(told)) => Ok(told),
        (None, None) => Err("is missing"),
    }
}

/// What is wrong with a path, if anything: it climbs, or hides what it means below encodings.
pub(super) fn path_fault(path: &str) -> Option<&'static str> {
    let mut text = path.as_bytes().to_vec();
    for turn in 0..DECODINGS {
        let Ok(whole) = std::str::from_utf8(&text) else {
            return Some("is not UTF-8");
        };
        if whole.chars().any(char::is_control) {
            return Some("has a control character");
        }
        if let Some(why) = text::fault(whole) {
            return Some(why);
        }
        if whole.contains('\\') {
            return Some("has a backslash");
        }
        if whole.split('/').any(|part| matches!(part, "." | "..")) {
            return Some("climbs out of its folder");
        }
        let decoded: Vec<u8> = percent_decode(&text).collect();
        // From the second turn on the text is not what a route was chosen by.
        let slashes = |text: &[u8]| text.iter().filter(|byte| **byte == b'/').count();
        if slashes(&decoded) != slashes(&text) {
            return Some("has an encoded slash");
        }
        if decoded == text {
            let is_broken = turn == 0 && whole.contains('%');
            return is_broken.then_some("has a percent sign that encodes nothing");
        }
        text = decoded;
    }
    Some("is encoded over and over")
}
