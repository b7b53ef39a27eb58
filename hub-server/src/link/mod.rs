//! The link: the door for edges, over QUIC.

pub mod session;
