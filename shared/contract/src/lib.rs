//! The contract: what an edge and a hub must agree on. Pure: no clock, no I/O, no runtime, no database.
//!
//! Everything that crosses the wire or is kept in the spool is declared here, in CBOR with numbered fields
//! (minicbor): a field number is never reused and never changes its meaning, so that every message ever sent
//! can still be read.

pub mod area;
pub mod camera;
mod cases;
pub mod code;
pub mod directive;
pub mod event;
pub mod ids;
pub mod permit;
pub mod plate;
pub mod region;
pub mod sighting;
pub mod time;
pub mod vehicle;
pub mod verdict;
pub mod wire;
