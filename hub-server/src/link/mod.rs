//! The room `link` (see docs/ARCHITECTURE.md).
