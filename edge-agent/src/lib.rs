//! The program at the gate as a library, so that tests can drive its rooms.

pub mod camera;
pub mod faults;
pub mod gate;
pub mod gpio;
pub mod link;
pub mod orders;
pub mod recognize;
pub mod store;
