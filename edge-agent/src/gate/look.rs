//! A vehicle's look: its type and colour, seen once a passage on its best frame, and whether a permit says otherwise.

use std::sync::Arc;
use std::time::Duration;

use contract::permit::PermitBook;
use contract::sighting::Sighting;
use contract::vehicle::Description;
use contract::vehicle::Vehicle;
use contract::verdict::Outcome;
use contract::verdict::Verdict;
use serde::Deserialize;
use tracing::warn;
use vision::Picture;
use vision::Recogniser;

/// A decision waits for a look no longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// What happens if a permit holds, and the vehicle is surely not the one that it describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherVehicle {
    /// The gate opens; the passage says what does not fit.
    #[default]
    Note,
    /// The gate stays closed until a person decides.
    Ask,
}

/// What the kept frame of a sighting shows of its vehicle. None if nothing can look, or there is no plate to look around.
pub(super) async fn at(
    recogniser: Option<Arc<Recogniser>>,
    picture: Arc<Picture>,
    sighting: &Sighting,
) -> Option<Vehicle> {
    let recogniser = recogniser?;
    let corners = sighting.plate.as_ref()?.corners;
    let work = tokio::task::spawn_blocking(move || recogniser.look(&picture, &corners));
    let passage = sighting.passage;
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(Ok(look))) => look.map(|look| look.vehicle),
        Ok(Ok(Err(error))) => {
            warn!(passage = %passage, "a vehicle can't be looked at: {error:#}");
            None
        }
        Ok(Err(error)) => {
            warn!(passage = %passage, "a vehicle can't be looked at: {error}");
            None
        }
        Err(_) => {
            warn!(passage = %passage, "a vehicle is not looked at: this machine is too busy");
            None
        }
    }
}

/// What the permit that decided says of its vehicle and what was seen surely contradicts.
pub(super) fn mismatch(
    book: &PermitBook,
    verdict: &Verdict,
    seen: Option<&Vehicle>,
) -> Option<Description> {
    let permit = verdict.permit?;
    let permit = book.permits.iter().find(|known| known.id == permit)?;
    permit.vehicle?.contradicted_by(seen?)
}

/// What a mismatch makes of a verdict: nothing that it sees ever opens, and it denies nobody.
pub(super) fn weighed(mut verdict: Verdict, policy: OtherVehicle, is_mismatch: bool) -> Verdict {
    if is_mismatch && policy == OtherVehicle::Ask && verdict.outcome == Outcome::Open {
        verdict.outcome = Outcome::Ask;
    }
    verdict
}

#[cfg(test)]
mod tests {
    use contract::ids::PermitId;
    use contract::permit::Permit;
    use contract::permit::WeekSchedule;
    use contract::plate::Plate;
    use contract::vehicle::VehicleColour;
    use contract::vehicle::VehicleType;
    use contract::verdict::Reason;

    use super::*;

    const VAN: Description = Description {
        kind: Some(VehicleType::Van),
        colour: Some(VehicleColour::Red),
    };

    fn permit_id() -> PermitId {
        PermitId(uuid::Uuid::from_bytes([2; 16]))
    }

    fn book(vehicle: Option<Description>) -> PermitBook {
        PermitBook {
            version: 1,
            time_zone: "UTC".into(),
            permits: vec![Permit {
                id: permit_id(),
                plate: Plate::parse("AB12CDE").unwrap(),
                valid_from: None,
                valid_until: None,
                schedule: WeekSchedule::default(),
                gates: Vec::new(),
                denied: false,
                vehicle,
            }],
        }
    }

    fn verdict(outcome: Outcome, permit: Option<PermitId>) -> Verdict {
        Verdict {
            outcome,
            reason: Reason::Permitted,
            permit,
            book_version: 1,
            probability: None,
            runner_up: None,
        }
    }

    fn blue_car() -> Vehicle {
        Vehicle {
            kind: Some(VehicleType::Car),
            kind_confidence: 0.97,
            colour: Some(VehicleColour::Blue),
            colour_confidence: 0.9,
        }
    }

    /// VC-11
    #[test]
    fn a_permit_for_a_red_van_does_not_fit_a_blue_car() {
        let open = verdict(Outcome::Open, Some(permit_id()));
        let seen = blue_car();
        assert_eq!(mismatch(&book(Some(VAN)), &open, Some(&seen)), Some(VAN));
        assert_eq!(mismatch(&book(None), &open, Some(&seen)), None);
        assert_eq!(mismatch(&book(Some(VAN)), &open, None), None);
        let stranger = verdict(Outcome::Deny, None);
        assert_eq!(mismatch(&book(Some(VAN)), &stranger, Some(&seen)), None);
        let gone = PermitBook::default();
        assert_eq!(mismatch(&gone, &open, Some(&seen)), None);
    }

    /// VC-11
    #[test]
    fn a_mismatch_opens_nothing_and_asks_only_where_the_gate_is_set_so() {
        for outcome in [Outcome::Open, Outcome::Deny, Outcome::Ask] {
            for policy in [OtherVehicle::Note, OtherVehicle::Ask] {
                for is_mismatch in [false, true] {
                    let after = weighed(verdict(outcome, None), policy, is_mismatch).outcome;
                    let asks =
                        outcome == Outcome::Open && policy == OtherVehicle::Ask && is_mismatch;
                    let wanted = if asks { Outcome::Ask } else { outcome };
                    assert_eq!(after, wanted, "{outcome:?} {policy:?} {is_mismatch}");
                }
            }
        }
    }
}
