//! The program at the gate as a library, so that tests can drive its rooms.

pub mod camera;
pub mod cli;
pub mod config;
pub mod control;
pub mod faults;
pub mod gate;
pub mod gpio;
pub mod health;
pub mod heat;
pub mod link;
pub mod orders;
pub mod recognize;
pub mod replay;
pub mod run;
pub mod store;
