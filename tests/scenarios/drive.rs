//! The main job: cars come, the gate decides, the console shows it.

use std::collections::BTreeSet;
use std::time::Duration;

use contract::verdict::Outcome;
use harness::record;
use harness::stage::Stage;
use serde_json::Value;

/// GR-01, GR-03, GR-04, GR-11, GR-13, GR-18, GR-20, AC-01, AC-02, AC-04, AC-11: from picture to console.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_drive_opens_for_exactly_the_permitted_cars_and_reaches_the_console_with_its_pictures()
{
    let mut stage = Stage::set().await.unwrap();
    stage.edge.start(None).await.unwrap();
    let progress = stage.edge.done(Duration::from_secs(240)).await.unwrap();
    let cars = stage.drive.passages.len() as u64;
    assert_eq!(
        progress.passages, cars,
        "one passage a car, the same car again and nose to tail included"
    );

    // What the API tells is what the truth of the drive says, in order.
    let mut passages = stage.api.list("/api/v1/passages").await.unwrap();
    passages.reverse();
    let told: Vec<(String, String)> = passages
        .iter()
        .map(|p| {
            (
                p["plate"].as_str().unwrap_or_default().to_owned(),
                p["outcome"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let truth: Vec<(String, String)> = stage
        .drive
        .passages
        .iter()
        .map(|car| {
            (
                car.plate.clone(),
                if car.permitted { "open" } else { "deny" }.to_owned(),
            )
        })
        .collect();
    assert_eq!(told, truth);
    for passage in &passages {
        shows_everything(&stage, passage).await;
    }

    // A car that came twice without leaving is one visit to review and one open visit; the others are on site.
    let open = stage.api.list("/api/v1/visits?state=open").await.unwrap();
    let on_site: BTreeSet<String> = open
        .iter()
        .map(|v| v["plate"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(on_site, stage.drive.permitted_plates());
    let occupancy = stage.api.get("/api/v1/occupancy").await.unwrap();
    assert_eq!(
        occupancy["sites"][0]["on_site"],
        on_site.len(),
        "{occupancy}"
    );
    let unpaired = stage
        .api
        .list("/api/v1/visits?state=unpaired")
        .await
        .unwrap();
    assert_eq!(
        unpaired.len(),
        stage.drive.permitted().len() - on_site.len()
    );

    stage.edge.stop().await.unwrap();
    stage.hub.stop().await.unwrap();
    let at_edge = record::of_edge(&stage.edge.data()).await.unwrap();
    record::same(&at_edge, &record::of_hub(&stage.hub.data()).await.unwrap()).unwrap();
    assert_eq!(
        record::plates(&at_edge, Outcome::Open),
        stage.drive.permitted()
    );
    record::moves_have_causes(&at_edge, stage.edge.moves().unwrap().len()).unwrap();
}

async fn shows_everything(stage: &Stage, passage: &Value) {
    let id = passage["id"].as_str().unwrap();
    let detail = stage
        .api
        .get(&format!("/api/v1/passages/{id}"))
        .await
        .unwrap();
    assert!(detail["confidence"].as_f64().unwrap() > 0.0, "{detail}");
    assert!(
        detail["book_version"].as_u64().unwrap() > 0,
        "the verdict names its book: {detail}"
    );
    assert_eq!(detail["corners"].as_array().unwrap().len(), 4);
    assert!(!detail["candidates"].as_array().unwrap().is_empty());
    let models = detail["models"].as_array().unwrap();
    for name in [
        "plate-detector",
        "plate-reader",
        "vehicle-type",
        "vehicle-colour",
    ] {
        assert!(
            models
                .iter()
                .any(|model| model.as_str().unwrap().starts_with(&format!("{name}@"))),
            "{name} is named: {detail}"
        );
    }
    assert!(detail["vehicle"]["colour"].is_string(), "{detail}");
    for stage_name in ["decode_us", "detect_us", "read_us"] {
        assert!(
            detail["stages"][stage_name].as_u64().unwrap() > 0,
            "{stage_name} in {detail}"
        );
    }
    let kinds: BTreeSet<&str> = detail["pictures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, BTreeSet::from(["crop", "frame"]));
    for kind in kinds {
        let (media_type, bytes) = stage
            .api
            .bytes(&format!("/api/v1/passages/{id}/pictures/{kind}"))
            .await
            .unwrap();
        assert_eq!(media_type, "image/jpeg");
        vision::Picture::decode(&bytes).expect("the picture of a passage is a picture");
    }
}
