//! The console in Debian's Chromium: a person sets the hub up, watches the drive, and works with permits and gates.
//!
//! Every page is looked at 360 and 1440 pixels wide; the screenshots lie in target/screenshots.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod cable;
mod cameras;
mod pages;

use std::time::Duration;

use browser::Browser;
use cable::Cable;
use harness::drive::Drive;
use harness::edge::Edge;
use harness::edge::Pictures;
use harness::hub::Hub;
use harness::root;
use harness::stage::GATE;
use harness::stage::NAME;
use harness::stage::PASSWORD;

/// SE-15, UX-01, UX-12, GR-01, GR-14, GR-18, AC-01, AC-05, AC-11, OP-24: from the set-up link to a gate opened by hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sets_up_the_hub_and_watches_the_drive() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::new(&folder.path().join("hub"), 0).unwrap();
    hub.start(None).await.unwrap();
    let token = hub.set_up_token().await.unwrap();
    let browser = Browser::start(folder.path()).await.unwrap();

    // The set-up link.
    browser
        .go(&format!("{}/setup#token={token}", hub.address()))
        .await
        .unwrap();
    browser
        .fill("Organisation", "Town of Ribera")
        .await
        .unwrap();
    browser.fill("First site", "Depot").await.unwrap();
    browser.fill("Name to log in with", NAME).await.unwrap();
    browser.fill("Password", "olive").await.unwrap();
    browser.look("set-up").await.unwrap();
    browser.fill("Password", PASSWORD).await.unwrap();
    browser.press("Set up and log in").await.unwrap();
    browser.sees("Enrol an edge").await.unwrap();

    // What the console cannot do by itself: the machine at the gate.
    let mut api = hub.api().unwrap();
    api.log_in(NAME, PASSWORD).await.unwrap();
    let drive = Drive::load(&root()).unwrap();
    api.import_permits(&drive.permits_csv()).await.unwrap();
    let code = hub.enrolment_code(&api, GATE, "entry").await.unwrap();
    let mut edge = Edge::new(
        &folder.path().join("edge"),
        &root(),
        GATE,
        &Pictures::drive(&drive).unwrap(),
    )
    .unwrap();
    edge.enrol(&hub.link_address(), &code).await.unwrap();

    // Live, without a reload: the page is open before the first car comes.
    let address: url::Url = hub.address().parse().unwrap();
    let dialled = ([127, 0, 0, 1], address.port().unwrap()).into();
    let cable = Cable::to(dialled).await.unwrap();
    let mut through_cable = address.join("/live").unwrap();
    through_cable.set_port(Some(cable.port)).unwrap();
    browser.go(through_cable.as_str()).await.unwrap();
    browser.sees("Nothing has come by yet").await.unwrap();
    edge.start(None).await.unwrap();
    browser.sees(&drive.passages[0].plate).await.unwrap();
    let last = &drive.passages.last().unwrap().plate;
    a_cut_feed_is_shown_and_heals_without_a_gap(&browser, &cable, &api, &mut edge, last).await;
    browser.look("live-feed").await.unwrap();

    // A passage with its pictures.
    browser
        .go(&format!("{}/passages", hub.address()))
        .await
        .unwrap();
    browser.sees(last).await.unwrap();
    let passages = api.list("/api/v1/passages").await.unwrap();
    browser
        .go(&format!(
            "{}/passages/{}",
            hub.address(),
            passages[0]["id"].as_str().unwrap()
        ))
        .await
        .unwrap();
    browser.sees("Time from picture to arm").await.unwrap();
    browser
        .sees("A permit holds for this plate.")
        .await
        .unwrap();
    browser.sees("Is the permit’s plate").await.unwrap();
    browser.shows_pictures(2).await.unwrap();
    browser.look("passage").await.unwrap();

    works_with_permits_and_visits(&browser, &hub.address()).await;
    opens_the_gate_by_hand(&browser, &hub.address(), &edge).await;
    let address = hub.address();
    pages::every_page_is_accessible_in_light_and_dark(&browser, &address).await;
    pages::the_keyboard_alone_reaches_everything(&browser, &address).await;

    assert_eq!(
        browser.complaints().await.unwrap(),
        Vec::<String>::new(),
        "the browser complained"
    );
    browser.end().await.unwrap();
    edge.stop().await.unwrap();
    hub.stop().await.unwrap();
}

/// UX-12: the connection is cut while cars pass; the page says so, comes back by itself, and misses none of them.
async fn a_cut_feed_is_shown_and_heals_without_a_gap(
    browser: &Browser,
    cable: &Cable,
    api: &harness::api::Api,
    edge: &mut Edge,
    last: &str,
) {
    let shown = "return [...document.querySelectorAll('section[aria-labelledby=feed] li a')].map((a) => a.pathname)";
    cable.pull();
    browser
        .sees("The connection to the hub was lost.")
        .await
        .unwrap();
    let before = browser.ask(shown).await.unwrap();
    edge.done(Duration::from_secs(240)).await.unwrap();
    let all = api.list("/api/v1/passages").await.unwrap();
    let all: Vec<String> = all
        .iter()
        .map(|passage| format!("/passages/{}", passage["id"].as_str().unwrap()))
        .collect();
    assert_eq!(browser.ask(shown).await.unwrap(), before);
    assert!(
        before.as_array().unwrap().len() < all.len(),
        "no car passed during the cut"
    );
    cable.put_back();
    browser.sees(last).await.unwrap();
    let healed = browser.ask(shown).await.unwrap();
    assert_eq!(
        healed,
        serde_json::json!(all),
        "in order, none missing, none twice"
    );
    let body = browser.ask("return document.body.innerText").await.unwrap();
    assert!(
        !body
            .as_str()
            .unwrap_or_default()
            .contains("connection to the hub was lost")
    );
}

async fn works_with_permits_and_visits(browser: &Browser, address: &str) {
    // A permit by hand.
    browser.go(&format!("{}/permits", address)).await.unwrap();
    browser.press("New permit").await.unwrap();
    browser.fill("Plate", "rtf 4h82").await.unwrap();
    browser.fill("Holder", "Rita Ferraz").await.unwrap();
    browser.look("permit").await.unwrap();
    browser.press("Create").await.unwrap();
    browser
        .sees("The permit for RTF4H82 is saved")
        .await
        .unwrap();

    // A plate that a bad picture can't tell from the one just made is shown to be near while it is typed.
    browser.press("New permit").await.unwrap();
    browser.fill("Plate", "rtf 4h8z").await.unwrap();
    browser
        .sees("Listed plates that differ by one character")
        .await
        .unwrap();
    browser.sees("2 in place of Z").await.unwrap();
    browser.look("preview").await.unwrap();

    // Who is on site.
    browser.go(&format!("{}/visits", address)).await.unwrap();
    browser.sees("on site").await.unwrap();
}

async fn opens_the_gate_by_hand(browser: &Browser, address: &str, edge: &Edge) {
    // The gate by hand.
    browser.go(&format!("{}/edges", address)).await.unwrap();
    browser.sees("Connected").await.unwrap();
    let before = edge.moves().unwrap().len();
    browser
        .press_named(&format!("Open {GATE} by hand"))
        .await
        .unwrap();
    browser.fill("Reason", "the plate is muddy").await.unwrap();
    browser.look("order").await.unwrap();
    browser.press_in_dialog("Open the gate").await.unwrap();
    harness::wait_for("the arm to move", Duration::from_secs(20), || async {
        (edge.moves().ok()?.len() > before).then_some(())
    })
    .await
    .unwrap();

    // The audit trail has it.
    browser.go(&format!("{}/audit", address)).await.unwrap();
    browser.sees(NAME).await.unwrap();
    browser.look("audit").await.unwrap();
    browser.go(&format!("{}/accounts", address)).await.unwrap();
    browser.sees("Administrator").await.unwrap();
    browser
        .sees(&format!("Gatewarden {}", env!("CARGO_PKG_VERSION")))
        .await
        .unwrap();
}
