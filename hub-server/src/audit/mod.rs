//! The room `audit` (see docs/ARCHITECTURE.md).
