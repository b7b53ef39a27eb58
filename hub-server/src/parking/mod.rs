//! The room `parking` (see docs/ARCHITECTURE.md).
