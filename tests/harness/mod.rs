//! The harness: starts real hubs and real edges for the tests of this crate.
