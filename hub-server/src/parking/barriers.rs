//! What barriers were told last.

use contract::ids::GateId;
use contract::ids::OrganisationId;

use crate::store::StoreError;
use crate::store::Tx;

/// Whether the newest that a gate's barrier was told is to open; none: it never was told anything.
pub fn was_opened(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: GateId,
) -> Result<Option<bool>, StoreError> {
    let newest = tx.find(
        "SELECT action FROM barrier_moves WHERE organisation = $1 AND gate = $2 \
         ORDER BY event_at DESC, epoch DESC, seq DESC LIMIT 1",
        &[organisation.into(), gate.into()],
    )?;
    newest.map(|row| Ok(row.text(0)? != "close")).transpose()
}
