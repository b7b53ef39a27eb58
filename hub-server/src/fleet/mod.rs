//! The fleet: sites, gates and edges; how an edge joins, what the hub leaves for it, and what it reported of itself.
//!
//! Called by the doors (`link`, `web`) and by `intake`. It owns the tables of `0002_fleet.sql` except the ledger,
//! its streams and gaps, which are `intake`'s.
//!
//! Invariants:
//! - Every query of tenant data carries the organisation. The exceptions begin with an edge's certificate or with a
//!   one-time code, and give the organisation back.
//! - The hub never reaches into an edge: it leaves directives, numbered upwards per edge, and wakes the session after
//!   the commit.
//! - The newest revision of a camera's settings holds; an older one is never left again.
//! - An order expires within seconds, and its state only moves forward.

pub mod authority;
pub mod cameras;
pub mod directives;
pub mod edges;
pub mod enrolments;
pub mod gates;
pub mod news;
pub mod orders;
pub mod presence;
pub mod sight;
pub mod sites;
