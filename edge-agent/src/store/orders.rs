//! Orders that were begun: each runs at most once, also across restarts.

use contract::ids::OrderId;

use crate::store::committer::Commands;
use crate::store::spool::SpoolError;

/// The memory of orders; clones share it.
#[derive(Clone)]
pub struct Orders {
    commands: Commands,
}

impl Orders {
    pub(super) fn new(commands: Commands) -> Self {
        Self { commands }
    }

    /// Remembers, for good, that order `id` of directive `number` begins. Returns `true` the first time and `false` for
    /// every repeat. With a failed disk it is remembered in memory: a broken disk locks nobody in.
    pub async fn begin(&self, number: u64, id: OrderId) -> Result<bool, SpoolError> {
        self.commands.order(number, id).await
    }
}
