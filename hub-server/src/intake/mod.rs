//! Intake: one batch of an edge is one transaction.

pub mod ledger;
