//! A hub that was provisioned before anybody had an account.

use harness::hub::Hub;
use reqwest::Method;
use serde_json::json;

/// SE-15: provisioning makes no account; the set-up link does, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provisioned_hub_still_needs_its_set_up_link_and_takes_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::new(&folder.path().join("hub"), 0).unwrap();
    let plan = [
        "provision",
        "--organisation",
        "Town of Ribera",
        "--site",
        "Depot",
        "--time-zone",
        "Europe/Madrid",
    ];
    hub.command(&plan).await.unwrap();
    let again = hub.command(&plan).await.unwrap_err().to_string();
    assert!(
        again.contains("has an organisation already: Town of Ribera"),
        "{again}"
    );

    hub.start(None).await.unwrap();
    let token = hub.set_up_token().await.unwrap();
    let mut api = hub.api().unwrap();
    let state = api.get("/api/v1/setup").await.unwrap();
    assert_eq!(
        (state["needed"].as_bool(), state["organisation"].as_str()),
        (Some(true), Some("Town of Ribera"))
    );
    api.set_up(&token, "marisol", "Olive-Tree-42")
        .await
        .unwrap();
    let session = api.get("/api/v1/session").await.unwrap();
    assert_eq!(session["organisation"]["name"], "Town of Ribera");

    let second = json!({"token": token, "name": "mallory", "password": "Olive-Tree-43"});
    let refused = hub
        .api()
        .unwrap()
        .call(Method::POST, "/api/v1/setup", Some(second))
        .await
        .unwrap();
    assert!(refused.status.is_client_error(), "{refused:?}");
    hub.stop().await.unwrap();
}
