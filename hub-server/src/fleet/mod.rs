//! The room `fleet` (see docs/ARCHITECTURE.md).
