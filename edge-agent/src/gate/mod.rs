//! The room `gate` (see docs/ARCHITECTURE.md).
