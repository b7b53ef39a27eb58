//! Publishing over MQTT: every event, and the retained state that Home Assistant shows.
//!
//! An organisation has at most one broker. Its position in the outbox moves when the broker has acknowledged (QoS 1), so
//! an outage loses nothing; what was sent and not acknowledged comes again under the same id. `session` speaks the
//! protocol, `home` says what is published, `publisher` runs it.

mod brokers;
mod home;
mod publisher;
mod session;

pub use brokers::Broker;
pub use brokers::count_unpublished;
pub use brokers::delete_broker;
pub use brokers::find_broker;
pub use brokers::save_broker;
pub use home::Edge;
pub use home::Gate;
pub use home::Site;
pub use home::Snapshot;
pub use publisher::Look;
pub use publisher::Publisher;
pub use publisher::belongs_to_broker;

#[cfg(test)]
mod tests;
