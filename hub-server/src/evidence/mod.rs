//! The room `evidence` (see docs/ARCHITECTURE.md).
