//! The room `auth` (see docs/ARCHITECTURE.md).
