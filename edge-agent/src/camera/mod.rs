//! The room `camera` (see docs/ARCHITECTURE.md).
