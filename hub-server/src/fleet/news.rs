//! Live news of edges and gates: told at the site where they stand.

use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrganisationId;

use super::edges;
use super::gates;
use crate::live;
use crate::store::StoreError;
use crate::store::Tx;

/// Tells what happened to an edge.
pub fn of_edge(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    body: &serde_json::Value,
) -> Result<(), StoreError> {
    match edges::find_edge(tx, organisation, edge)? {
        Some(edge) => live::publish_at(tx, organisation, edge.site, "edge", body),
        None => live::publish(tx, organisation, "edge", body),
    }
}

/// Tells what happened at a gate; `kind` as in [`live::News`].
pub fn of_gate(
    tx: &mut Tx,
    organisation: OrganisationId,
    gate: GateId,
    kind: &str,
    body: &serde_json::Value,
) -> Result<(), StoreError> {
    match gates::find_gate(tx, organisation, gate)? {
        Some(gate) => live::publish_at(tx, organisation, gate.site, kind, body),
        None => live::publish(tx, organisation, kind, body),
    }
}
