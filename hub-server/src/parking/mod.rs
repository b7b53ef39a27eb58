//! Parking: who may come in, who came by, who is on site.
//!
//! Called by `intake` (what gates judged), by `link` (the permits of a book) and by `web` (people). It owns the tables
//! `permits`, `passages`, `barrier_moves`, `crossings`, `visits`, `saved_searches` and those of the register of
//! plates, and asks `evidence` for pictures and `fleet` for the names of sites and gates.
//!
//! Invariants:
//! - Every query carries the organisation.
//! - One passage is one row. Taking in the same event twice changes nothing.
//! - A plate has at most one permit in force; the database refuses a second.
//! - Visits follow from the crossings in the order of their time, whatever the order of their arrival. A person's
//!   correction stands beside the events and never in their place.

pub mod arrivals;
pub mod barriers;
pub mod likelihood;
pub mod occupancy;
pub mod passage_sheet;
pub mod passages;
pub mod permit_sheet;
pub mod permits;
pub mod plates;
pub mod preview;
pub mod saved_searches;
pub mod schedule;
pub mod search;
pub mod statistics;
pub mod visits;
pub mod wanted;
pub mod words;

use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::time::Moment;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::fleet;
use crate::store::StoreError;
use crate::store::Tx;

/// Where an event comes from: established by `intake`, never taken from the event's own words.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The edge's organisation.
    pub organisation: OrganisationId,
    /// The gate's site.
    pub site: SiteId,
    /// The gate, which belongs to the edge.
    pub gate: GateId,
    /// The edge.
    pub edge: EdgeId,
    /// Which life of the edge's numbering.
    pub epoch: u64,
    /// The event's number.
    pub seq: u64,
    /// When it happened, by the edge's clocks.
    pub at: &'a Moment,
    /// When the hub took it in.
    pub received_at: Timestamp,
}

impl Context<'_> {
    /// The moment to sort and to count by: the edge's, unless its clock was never set or runs ahead of the hub's.
    pub fn best_time(&self) -> Timestamp {
        match self.at.quality {
            TimeQuality::Unsynced => self.received_at,
            TimeQuality::Hub | TimeQuality::Ntp => self.at.wall.min(self.received_at),
        }
    }
}

/// Something of the fleet, as a list names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Named {
    /// Its identity.
    pub id: Uuid,
    /// Its name today.
    #[schema(example = "North entry")]
    pub name: String,
}

/// The names of an organisation's sites and gates.
pub(crate) struct Names {
    sites: Vec<Named>,
    gates: Vec<Named>,
}

impl Names {
    /// Asks the fleet.
    pub(crate) fn load(tx: &mut Tx, organisation: OrganisationId) -> Result<Self, StoreError> {
        let sites = fleet::sites::list_sites(tx, organisation)?;
        let gates = fleet::gates::list_gates(tx, organisation)?;
        Ok(Self {
            sites: sites
                .into_iter()
                .map(|site| Named {
                    id: site.id.0,
                    name: site.name,
                })
                .collect(),
            gates: gates
                .into_iter()
                .map(|gate| Named {
                    id: gate.id.0,
                    name: gate.name,
                })
                .collect(),
        })
    }

    pub(crate) fn site(&self, id: SiteId) -> Named {
        named(&self.sites, id.0)
    }

    pub(crate) fn gate(&self, id: GateId) -> Named {
        named(&self.gates, id.0)
    }
}

fn named(all: &[Named], id: Uuid) -> Named {
    all.iter()
        .find(|named| named.id == id)
        .cloned()
        .unwrap_or(Named {
            id,
            name: String::new(),
        })
}

#[cfg(test)]
pub(crate) mod tests;
