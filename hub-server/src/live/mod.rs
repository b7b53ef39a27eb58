//! The room `live` (see docs/ARCHITECTURE.md).
