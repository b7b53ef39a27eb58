//! How an organisation looks to a smart home: what MQTT publishes as states. It stands at the start's floor, because no
//! room of the house knows of fleet and parking at once.

use std::sync::Arc;

use contract::ids::OrganisationId;

use crate::fleet;
use crate::fleet::edges::EdgeState;
use crate::fleet::presence::Presence;
use crate::hub::Hub;
use crate::outbound::Edge;
use crate::outbound::Gate;
use crate::outbound::Look;
use crate::outbound::Publisher;
use crate::outbound::Site;
use crate::outbound::Snapshot;
use crate::parking;
use crate::store::StoreError;
use crate::store::Tx;

/// Who publishes the hub's states and events over MQTT.
pub fn publisher(hub: &Hub) -> Publisher {
    let presence = hub.presence.clone();
    let look: Look = Arc::new(move |tx, organisation| look(tx, organisation, &presence));
    Publisher {
        parts: hub.courier(),
        look,
    }
}

fn look(
    tx: &mut Tx,
    organisation: OrganisationId,
    presence: &Presence,
) -> Result<Snapshot, StoreError> {
    let sites = parking::occupancy::list_occupancy(tx, organisation)?
        .into_iter()
        .map(|one| Site {
            id: one.site.id,
            name: one.site.name,
            on_site: one.on_site,
        })
        .collect();
    let mut gates = Vec::new();
    for gate in fleet::gates::list_gates(tx, organisation)? {
        let filter = parking::search::Filter {
            gate: Some(gate.id),
            ..parking::search::Filter::default()
        };
        let newest = parking::search::find_passages(tx, organisation, &filter, None, 1)?
            .passages
            .pop();
        gates.push(Gate {
            id: gate.id.0,
            name: gate.name,
            is_open: parking::barriers::was_opened(tx, organisation, gate.id)?,
            plate: newest
                .and_then(|passage| passage.plate)
                .map(|plate| plate.to_string()),
        });
    }
    let edges = fleet::edges::list_edges(tx, organisation)?
        .into_iter()
        .filter(|edge| edge.state != EdgeState::Retired)
        .map(|edge| Edge {
            id: edge.id.0,
            name: edge.name,
            is_online: presence.find(edge.id).is_some(),
        })
        .collect();
    Ok(Snapshot {
        sites,
        gates,
        edges,
    })
}
