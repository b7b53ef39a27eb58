//! The desk through its public face, on a scratch store with two organisations.

mod arrivals;
mod likelihood;
mod passages;
mod permits;
mod search;
mod sheet;
mod visits;

use contract::event::Evidence;
use contract::event::EvidenceKind;
use contract::event::Judged;
use contract::ids::EdgeId;
use contract::ids::GateId;
use contract::ids::OrganisationId;
use contract::ids::PassageId;
use contract::ids::SiteId;
use contract::plate::Candidate;
use contract::plate::Character;
use contract::plate::Plate;
use contract::plate::PlateRead;
use contract::sighting::Direction;
use contract::sighting::Sighting;
use contract::sighting::Stages;
use contract::time::Moment;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use contract::verdict::Outcome;
use contract::verdict::Reason;
use contract::verdict::Verdict;
use uuid::Uuid;

use super::Context;

use crate::store::Priority;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::testing::Scratch;
use crate::store::testing::scratch;

/// 2026-01-01T00:00:00Z, the scratch clock's stand.
pub const NEW_YEAR: i64 = 1_767_225_600_000;

/// An organisation with one site, and an edge and a gate that exist only as ids.
#[derive(Clone, Copy, Debug)]
pub struct Tenant {
    pub organisation: OrganisationId,
    pub site: SiteId,
    pub gate: GateId,
    pub edge: EdgeId,
}

/// A store with two tenants that differ in everything.
pub async fn two_tenants() -> (Scratch, Tenant, Tenant) {
    let store = scratch();
    let mut tenants = Vec::new();
    for (name, mark) in [("North", 1_u128), ("South", 2_u128)] {
        let (organisation, site) = store.organisation(name).await;
        tenants.push(Tenant {
            organisation,
            site,
            gate: GateId(Uuid::from_u128(mark << 64 | 0x6a7e)),
            edge: EdgeId(Uuid::from_u128(mark << 64 | 0xed6e)),
        });
    }
    (store, tenants[0], tenants[1])
}

/// Writes, and expects it to work.
pub async fn write<T: Send + 'static>(
    store: &Scratch,
    work: impl Fn(&mut Tx) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(Priority::Machines, work).await.unwrap()
}

pub fn passage(number: u128) -> PassageId {
    PassageId(Uuid::from_u128(
        0x0193_0000_0000_7000_8000_0000_0000_0000 + number,
    ))
}

pub fn plate(text: &str) -> Plate {
    Plate::parse(text).unwrap()
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NEW_YEAR + seconds * 1_000)
}

/// The moment `seconds` after new year, by a clock that NTP keeps.
pub fn moment(seconds: i64) -> Moment {
    Moment {
        wall: at(seconds),
        monotonic_ms: 1,
        boot: "boot".into(),
        quality: TimeQuality::Ntp,
    }
}

/// A verdict about a plate.
pub fn judged(id: PassageId, text: &str, direction: Direction, outcome: Outcome) -> Judged {
    let read = PlateRead {
        text: plate(text),
        confidence: 0.9,
        corners: [[1.0, 2.0], [3.0, 2.0], [3.0, 4.0], [1.0, 4.0]],
        detection: 0.8,
        candidates: vec![Candidate {
            text: plate(text),
            confidence: 0.9,
        }],
        characters: vec![Character {
            options: vec![('A', 0.75), ('4', 0.25)],
        }],
        region: None,
    };
    Judged {
        sighting: Sighting {
            passage: id,
            plate: Some(read),
            first_seen: at(0),
            last_seen: at(1),
            frames: 3,
            camera: "front".into(),
            heading: None,
            vehicle: None,
        },
        verdict: Verdict {
            outcome,
            reason: match outcome {
                Outcome::Open => Reason::Permitted,
                Outcome::Deny => Reason::Denied,
                Outcome::Ask => Reason::Unknown,
            },
            permit: None,
            book_version: 7,
            probability: None,
            runner_up: None,
        },
        direction,
        stages: Stages {
            detect_us: 11,
            ..Stages::default()
        },
        evidence: vec![Evidence {
            kind: EvidenceKind::Crop,
            sha256: [9; 32],
            size_bytes: 100,
            media_type: "image/jpeg".into(),
        }],
        models: vec!["plate-reader@1".into()],
        mismatch: None,
    }
}

/// Takes in a verdict as `intake` would, `seconds` after new year.
pub fn take(
    tx: &mut Tx,
    tenant: Tenant,
    seq: u64,
    seconds: i64,
    judged: &Judged,
) -> Result<(), StoreError> {
    let moment = moment(seconds);
    crate::parking::arrivals::judged(tx, &context(tenant, seq, &moment), judged)
}

pub fn context(tenant: Tenant, seq: u64, moment: &Moment) -> Context<'_> {
    Context {
        organisation: tenant.organisation,
        site: tenant.site,
        gate: tenant.gate,
        edge: tenant.edge,
        epoch: 1,
        seq,
        at: moment,
        received_at: at(1_000_000),
    }
}
