//! The room `intake` (see docs/ARCHITECTURE.md).
