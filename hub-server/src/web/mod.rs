//! The door for people: HTTPS, the API under /api/v1, its document, the console's files.
//!
//! `routes` is the table of every path with its method and the right that it needs; one layer made from that line
//! admits or refuses the request before its handler runs. Handlers read the request, ask the store once, and answer.
//!
//! What holds here:
//! - Every line of `routes` names its access; a test calls each as every kind of caller, and
//!   expects what `matrix.txt` says.
//! - A write needs the session's CSRF token and comes from the hub's own pages; its audit line is in its transaction.
//! - Every failure has the one error body; the client never sees our text of an internal one.
//! - Bodies, times, connections and streams are bounded.

mod accounts;
mod addresses;
mod answer;
mod api_keys;
mod assets;
mod at;
mod audit;
mod audit_export;
mod body;
mod caller;
mod cameras;
mod certificates;
mod checklist;
mod config;
mod console;
mod cursor;
mod dashboard;
mod docs;
mod door;
mod edges;
mod error;
mod gates;
mod guests;
mod health;
mod idempotency;
mod listen;
mod live;
mod log_in;
mod models;
mod mqtt;
mod page;
mod passage_export;
mod passages;
mod permit_preview;
mod permits;
mod preferences;
mod rates;
mod roles;
mod routes;
mod saved_searches;
mod second_factor;
mod session;
mod sessions;
mod setup;
mod sites;
mod statistics;
#[cfg(any(test, debug_assertions))]
pub mod testing;
mod text;
mod tokens;
mod traffic;
mod trust;
mod visits;
mod webhook_letters;
mod webhooks;

use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

pub use config::Config;
pub use listen::Https;
pub use listen::redirect;

use crate::hub::Hub;

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Which build this is, as the release script named it.
pub const BUILD: &str = env!("GATEWARDEN_BUILD");
/// Both, as `--version` shows them.
pub const VERSION_AND_BUILD: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("GATEWARDEN_BUILD"),
    ")"
);

/// Who is at the other end of the connection; put on each request by the listener.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// At which of the hub's own addresses the connection arrived; put on each request by the listener.
#[derive(Clone, Copy, Debug)]
pub struct Here(pub IpAddr);

/// The site, ready to be served.
pub type Site = Router;

/// Makes the whole site: API, document, console. `names` are those of its certificate.
pub fn site(hub: Arc<Hub>, config: &Config, names: &[String]) -> Router {
    let door = Arc::new(door::Door::new(config, names));
    let traffic = Arc::new(traffic::Traffic::default());
    let lines = routes::table();
    let mut router = Router::new();
    for line in lines {
        let rate = config.rates.of(line.method, line.path);
        let threshold = rates::Threshold::new(rate, hub.clock.clone());
        let admission =
            caller::Admission::new(Arc::clone(&hub), Arc::clone(&door), &line, threshold);
        let guarded = line
            .methods
            .layer(axum::extract::DefaultBodyLimit::max(line.body_bytes))
            .route_layer(axum::middleware::from_fn_with_state(
                admission,
                caller::admit,
            ));
        router = router.route(line.path, guarded);
    }
    router
        .fallback(console::serve)
        .layer(axum::Extension(Arc::clone(&traffic)))
        .layer(tower::util::option_layer(door.sharing()))
        .layer(axum::middleware::from_fn_with_state(
            answer::Surroundings {
                hub: Arc::clone(&hub),
                door,
                traffic,
                threshold: Arc::new(rates::Threshold::new(
                    config.rates.of_files(),
                    hub.clock.clone(),
                )),
            },
            answer::frame,
        ))
        .with_state(hub)
}

/// The OpenAPI document, made from the code.
pub fn openapi() -> serde_json::Value {
    docs::document(&routes::table())
}

/// The document as it is committed: two spaces of indent and a line feed at the end.
pub fn openapi_text() -> String {
    let mut text = serde_json::to_string_pretty(&openapi()).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod dashboard_tests;
#[cfg(test)]
mod desk_tests;
#[cfg(test)]
mod door_tests;
#[cfg(test)]
mod factor_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod key_tests;
#[cfg(test)]
mod matrix_tests;
#[cfg(test)]
mod preference_tests;
#[cfg(test)]
mod rate_tests;
#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod secret_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod token_tests;
#[cfg(test)]
mod webhook_tests;
