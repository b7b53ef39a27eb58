//! The room `gpio` (see docs/ARCHITECTURE.md).
