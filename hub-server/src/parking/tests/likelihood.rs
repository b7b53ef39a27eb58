//! How sure a gate was: kept as the edge sent it, within bounds, and never naming what the caller does not reach.

use contract::ids::PermitId;
use contract::sighting::Direction;
use contract::verdict::Outcome;
use contract::verdict::RunnerUp;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::Tenant;
use super::at;
use super::judged;
use super::passage;
use super::permits::terms;
use super::take;
use super::two_tenants;
use super::write;
use crate::parking::passages;
use crate::parking::permits;
use crate::store::StoreError;
use crate::store::Tx;

fn permit(number: u128) -> PermitId {
    PermitId(Uuid::from_u128(number))
}

/// Takes in a verdict that was this likely, with this permit next to it, and gives what the passage shows.
fn shown(
    tx: &mut Tx,
    tenant: Tenant,
    seq: u64,
    probability: Option<f32>,
    other: Option<(PermitId, f32)>,
) -> Result<Value, StoreError> {
    let mut event = judged(passage(1), "AB12", Direction::Entry, Outcome::Ask);
    event.verdict.probability = probability;
    event.verdict.runner_up = other.map(|(permit, probability)| RunnerUp {
        permit,
        probability,
    });
    take(tx, tenant, seq, 10, &event)?;
    let detail = passages::find_detail(tx, tenant.organisation, passage(1))?.unwrap();
    let json: Value = serde_json::from_str(&serde_json::to_string(&detail).unwrap()).unwrap();
    Ok(json!([json["probability"], json["runner_up"]]))
}

/// GR-13: a passage says how likely its permit was, and which other came nearest; the newer verdict replaces it.
#[tokio::test]
async fn a_passage_says_how_likely_its_permit_was_and_which_other_came_nearest() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        permits::insert(tx, north.organisation, permit(3), &terms("AB 13"), at(0))?;
        let first = shown(tx, north, 5, Some(0.75), Some((permit(3), 0.25)))?;
        let other = json!({ "id": permit(3), "plate": "AB13", "holder": "Ana 100%" });
        assert_eq!(
            first,
            json!([0.75, { "permit": other, "probability": 0.25 }])
        );
        assert_eq!(shown(tx, north, 6, None, None)?, json!([null, null]));
        Ok(())
    })
    .await;
}

/// What an edge reports is never more than 1 nor less than 0, nor something that is no number.
#[tokio::test]
async fn a_likelihood_out_of_bounds_is_brought_within_them() {
    let (store, north, _) = two_tenants().await;
    write(&store, move |tx| {
        permits::insert(tx, north.organisation, permit(3), &terms("AB 13"), at(0))?;
        let sent = [
            (7.5, 1.0),
            (-0.5, 0.0),
            (f32::NAN, 0.0),
            (f32::INFINITY, 0.0),
            (f32::NEG_INFINITY, 0.0),
        ];
        for (seq, (sent, kept)) in (5..).zip(sent) {
            let json = shown(tx, north, seq, Some(sent), Some((permit(3), sent)))?;
            assert_eq!(json[0], json!(kept), "{sent}");
            assert_eq!(json[1]["probability"], json!(kept), "{sent}");
        }
        Ok(())
    })
    .await;
}

/// SE-09: an edge that names another organisation's permit, or none that exists, learns and shows nothing of it.
#[tokio::test]
async fn a_runner_up_of_another_organisation_is_not_named() {
    let (store, north, south) = two_tenants().await;
    write(&store, move |tx| {
        permits::insert(tx, south.organisation, permit(4), &terms("AB 14"), at(0))?;
        for (seq, foreign) in [(5, permit(4)), (6, permit(99))] {
            let json = shown(tx, north, seq, Some(0.5), Some((foreign, 0.5)))?;
            assert_eq!(json, json!([0.5, null]));
        }
        Ok(())
    })
    .await;
}
