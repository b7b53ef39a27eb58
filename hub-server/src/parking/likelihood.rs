//! How sure a gate was of a passage's permit, and which other permit came nearest; with the SQL of these columns of the
//! table `passages`.

use contract::ids::OrganisationId;
use contract::ids::PassageId;
use contract::verdict::Verdict;
use serde::Serialize;
use utoipa::ToSchema;

use super::passages::PermitMention;
use super::permits;
use crate::auth::Reach;
use crate::store::StoreError;
use crate::store::Tx;

/// How sure a gate was of a passage's permit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Likelihood {
    /// How likely it was, 0 to 1, that the vehicle is the permit's; none if no permit decided, or the gate did not say.
    #[schema(example = 0.9998)]
    pub probability: Option<f32>,
    /// The likeliest other plate of the permit book; none if no other was worth naming.
    pub runner_up: Option<RunnerUp>,
}

/// A permit whose plate the read might have been instead.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RunnerUp {
    /// The permit, as it is today.
    pub permit: PermitMention,
    /// How likely it was, 0 to 1.
    #[schema(example = 0.002)]
    pub probability: f32,
}

/// Keeps what a verdict says of its permit, in the row of its passage.
pub(super) fn keep(
    tx: &mut Tx,
    organisation: OrganisationId,
    passage: PassageId,
    verdict: &Verdict,
) -> Result<(), StoreError> {
    let other = verdict.runner_up;
    tx.execute(
        "UPDATE passages SET probability = $1, runner_up = $2, runner_up_probability = $3 \
         WHERE organisation = $4 AND id = $5",
        &[
            verdict.probability.map(part).into(),
            other.map(|other| other.permit).into(),
            other.map(|other| part(other.probability)).into(),
            organisation.into(),
            passage.into(),
        ],
    )?;
    Ok(())
}

/// Returns what is kept of a passage. A permit that is not within reach is not named.
pub(super) fn find(tx: &mut Tx, of: Reach, passage: PassageId) -> Result<Likelihood, StoreError> {
    let row = tx.find(
        "SELECT probability, runner_up, runner_up_probability FROM passages WHERE organisation = $1 AND id = $2",
        &[of.organisation.into(), passage.into()],
    )?;
    let Some(row) = row else {
        return Ok(Likelihood::default());
    };
    let permit = match row.opt_id(1)? {
        Some(id) => permits::find_permit(tx, of, id)?,
        None => None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "they were written from an f32"
    )]
    let (probability, other) = (
        row.opt_real(0)?.map(|probability| probability as f32),
        row.opt_real(2)?.map(|probability| probability as f32),
    );
    Ok(Likelihood {
        probability,
        runner_up: permit.zip(other).map(|(permit, probability)| RunnerUp {
            permit: PermitMention {
                id: permit.id,
                plate: permit.terms.plate.as_str().to_owned(),
                holder: permit.terms.holder,
            },
            probability,
        }),
    })
}

/// A probability that an edge reported: a number from 0 to 1, whatever it sent.
fn part(probability: f32) -> f32 {
    if probability.is_finite() {
        probability.clamp(0.0, 1.0)
    } else {
        0.0
    }
}
