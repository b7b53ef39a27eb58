//! The hub as a library, so that tests can drive its rooms.

pub mod account;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod config;
pub mod evidence;
pub mod faults;
pub mod fleet;
pub mod home;
pub mod hub;
pub mod intake;
pub mod link;
pub mod live;
pub mod metrics;
pub mod outbound;
pub mod parking;
pub mod provision;
pub mod run;
pub mod store;
pub mod web;
