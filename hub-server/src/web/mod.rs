//! The room `web` (see docs/ARCHITECTURE.md).

pub mod console;
pub mod listen;
