//! The walls of docs/ARCHITECTURE.md as a test.
