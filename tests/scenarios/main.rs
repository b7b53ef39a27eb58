//! Scenarios: a real hub and a real edge as processes, loopback QUIC, scripted pins, and the rendered drive.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cameras;
mod drive;
mod offline;
mod orders;
mod permits;
mod provisioned;
mod rtsp;
