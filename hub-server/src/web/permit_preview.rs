//! What a permit would match, shown while somebody types its plate.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use contract::ids::PermitId;
use contract::plate::Plate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::Query;
use super::caller::Asked;
use super::error::ErrorBody;
use super::error::WebError;
use crate::hub::Hub;
use crate::parking::preview;
use crate::parking::preview::PermitPreview;

/// Which plate.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PreviewQuery {
    /// The plate that a permit shall let through; blanks, dots and dashes do not matter.
    #[param(example = "1234 BCD")]
    pub plate: String,
    /// The permit that is being edited: it is left out of what the plate is compared with.
    #[param(value_type = Option<Uuid>)]
    pub except: Option<PermitId>,
}

/// Shows what a permit of a plate would match: readings that gates would take for it, and permits that are too near to
/// tell apart.
#[utoipa::path(
    get,
    path = "/api/v1/permits/preview",
    tag = "permits",
    params(PreviewQuery),
    responses((status = 200, body = PermitPreview), (status = "default", body = ErrorBody))
)]
pub async fn preview_permit(
    State(hub): State<Arc<Hub>>,
    asked: Asked,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<PermitPreview>, WebError> {
    let plate = Plate::parse(&query.plate)
        .map_err(|error| WebError::invalid("plate", error.to_string()))?;
    let reach = asked.caller.reach;
    // A book is long, and comparing with all of it is no work for the thread that answers everybody.
    let preview: PermitPreview = hub
        .store
        .read(move |tx| {
            let listed = preview::list_listed(tx, reach, query.except)?;
            Ok::<_, WebError>(preview::of(plate.clone(), &listed))
        })
        .await?;
    Ok(Json(preview))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::StatusCode;
    use serde_json::Value;
    use serde_json::json;

    use super::super::desk_tests::with_gate;
    use super::super::identity_tests::second_site;
    use super::super::testing::Person;
    use super::super::testing::TestHub;

    const PREVIEW: &str = "/api/v1/permits/preview";

    async fn with_permit(person: &Person, plate: &str, denied: bool) -> String {
        let body = json!({ "plate": plate, "holder": "Ana", "denied": denied });
        let made = person.post("/api/v1/permits", body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        made.json()["id"].as_str().unwrap().to_owned()
    }

    async fn shown(person: &Person, query: &str) -> Value {
        let answer = person.get(&format!("{PREVIEW}?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    }

    /// AC-01
    #[tokio::test]
    async fn a_preview_names_the_permits_that_are_too_near_and_the_readings_that_ask() {
        let hub = TestHub::new().await;
        let (admin, viewer) = (hub.admin().await, hub.viewer().await);
        let near = with_permit(&admin, "AB12 CD1", true).await;
        with_permit(&admin, "ZZ99 ZZZ", false).await;
        let preview = shown(&viewer, "plate=ab12-cdi").await;
        assert_eq!(preview["plate"], "AB12CDI");
        assert_eq!(preview["taken"], Value::Null);
        let found = preview["near"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{preview}");
        assert_eq!(found[0]["permit"]["id"], near.as_str());
        assert_eq!(found[0]["permit"]["holder"], "Ana");
        assert_eq!(found[0]["denied"], true);
        assert_eq!(
            (&found[0]["own"], &found[0]["other"]),
            (&json!("I"), &json!("1"))
        );
        let alike = preview["look_alikes"].as_array().unwrap();
        assert!(
            alike.iter().all(|alike| alike["text"] != "AB12CDI"),
            "{preview}"
        );
    }

    #[tokio::test]
    async fn a_plate_that_has_a_permit_is_said_to_be_taken_unless_that_one_is_edited() {
        let hub = TestHub::new().await;
        let admin = hub.admin().await;
        let id = with_permit(&admin, "0O12 BCD", false).await;
        // The letter O and the digit 0 count as the same.
        let preview = shown(&admin, "plate=OO12BCD").await;
        assert_eq!(preview["taken"]["id"], id.as_str());
        let edited = shown(&admin, &format!("plate=OO12BCD&except={id}")).await;
        assert_eq!(edited["taken"], Value::Null);
        admin.delete(&format!("/api/v1/permits/{id}")).await;
        let withdrawn = shown(&admin, "plate=OO12BCD").await;
        assert_eq!(withdrawn["taken"], Value::Null);
    }

    #[tokio::test]
    async fn permits_of_other_organisations_are_never_shown() {
        let hub = TestHub::new().await;
        let (admin, foreign) = (hub.admin().await, hub.foreign_admin().await);
        with_permit(&foreign, "AB12 CD1", false).await;
        for plate in ["AB12CD1", "AB12CDI"] {
            let preview = shown(&admin, &format!("plate={plate}")).await;
            assert_eq!(preview["taken"], Value::Null);
            assert_eq!(preview["near"], json!([]), "{plate}");
        }
    }

    /// SE-17: who is limited to sites is shown permits of every gate and of its own gates, and no others.
    #[tokio::test]
    async fn permits_of_other_sites_alone_are_not_shown_to_who_is_limited_to_sites() {
        let hub = TestHub::new().await;
        let tenant = with_gate(&hub).await;
        let admin = hub.admin().await;
        let bound = json!({ "plate": "AB12 CD1", "holder": "Bound", "denied": false, "gates": [tenant.gate] });
        let made = admin.post("/api/v1/permits", bound).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        with_permit(&admin, "AB12 CDT", false).await;
        let depot = second_site(&hub).await;
        let mut found = Vec::new();
        for site in [hub.site, depot] {
            let sites = Some(BTreeSet::from([site]));
            let limited = hub.person_of(hub.organisation, "viewer", sites).await;
            let near = shown(&limited, "plate=AB12CDI").await["near"].clone();
            let taken = shown(&limited, "plate=AB12CD1").await["taken"]["holder"].clone();
            let mut holders: Vec<String> = near
                .as_array()
                .unwrap()
                .iter()
                .map(|near| near["permit"]["holder"].as_str().unwrap().to_owned())
                .collect();
            holders.sort();
            found.push((holders, taken));
        }
        let (own, other) = (&found[0], &found[1]);
        assert_eq!(
            *own,
            (vec!["Ana".to_owned(), "Bound".to_owned()], json!("Bound"))
        );
        assert_eq!(*other, (vec!["Ana".to_owned()], Value::Null));
    }

    #[tokio::test]
    async fn what_is_no_plate_is_refused_with_its_field() {
        let hub = TestHub::new().await;
        let viewer = hub.viewer().await;
        let long = "A".repeat(5_000);
        for plate in [
            "",
            "%20-",
            "AB%3Cscript%3E",
            "%F0%9F%9A%97",
            "'%20OR%201=1",
            &long,
        ] {
            let answer = viewer.get(&format!("{PREVIEW}?plate={plate}")).await;
            assert!(answer.status.is_client_error(), "{plate}");
            assert_eq!(answer.refused_fields(), ["plate"], "{plate}");
        }
        for query in [
            "",
            "plate=AB12&plate=CD34",
            "plate=AB12&colour=red",
            "plate=AB12&except=7",
            "plate=%ff",
        ] {
            let answer = viewer.get(&format!("{PREVIEW}?{query}")).await;
            assert!(
                answer.status.is_client_error(),
                "{query}: {}",
                answer.text()
            );
        }
    }
}
