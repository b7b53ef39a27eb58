//! Arrivals: what the desk does when a gate judged somebody. One event, one passage, and for a vehicle let through,
//! one end of a visit.

use contract::event::Judged;
use contract::verdict::Outcome;

use super::Context;
use super::likelihood;
use super::passages;
use super::permits;
use super::visits;
use super::visits::Crossing;
use crate::evidence;
use crate::store::StoreError;
use crate::store::Tx;

/// An event names a frame and a crop; more than this is not taken down.
const MOST_PICTURES: usize = 8;

/// Takes in a verdict: the passage, the pictures that will follow, and, if the gate let a plate through, the visit
/// that begins or ends. Taking in the same event again changes nothing.
pub fn judged(tx: &mut Tx, from: &Context<'_>, judged: &Judged) -> Result<(), StoreError> {
    if !passages::upsert(tx, from, judged)? {
        return Ok(());
    }
    let passage = judged.sighting.passage;
    likelihood::keep(tx, from.organisation, passage, &judged.verdict)?;
    for picture in judged.evidence.iter().take(MOST_PICTURES) {
        evidence::expect(
            tx,
            from.organisation,
            from.edge,
            passage,
            picture,
            from.best_time(),
        )?;
    }
    if let (Outcome::Open, Some(read)) = (judged.verdict.outcome, &judged.sighting.plate) {
        // The permit says which vehicle it is, if the read is a letter off.
        let permit = match judged.verdict.permit {
            Some(id) => permits::find_permit(tx, from.organisation, id)?,
            None => None,
        };
        let crossing = Crossing {
            passage: Some(passage),
            site: from.site,
            plate: permit
                .as_ref()
                .map_or(&read.text, |permit| &permit.terms.plate)
                .clone(),
            permit: permit.map(|permit| permit.id),
            direction: judged.direction,
            at: from.best_time(),
        };
        visits::cross(tx, from.organisation, &crossing)?;
    }
    passages::publish(tx, from.organisation, passage)
}
