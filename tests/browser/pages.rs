//! Every page with real data behind it: looked at in both schemes and widths, and by keyboard alone.

use std::time::Duration;

use harness::wait_for;
use serde_json::json;

use crate::browser::Browser;

/// WebDriver's codes of keys.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

/// Pages by address, with what each shows in English, German and Spanish.
const PAGES: [(&str, &str, [&str; 3]); 11] = [
    (
        "overview",
        "/",
        [
            "What matters to you now",
            "Was jetzt für Sie zählt",
            "Lo que le importa ahora",
        ],
    ),
    (
        "live",
        "/live",
        [
            "What comes to your gates",
            "Was an Ihre Tore kommt",
            "Lo que llega a sus accesos",
        ],
    ),
    (
        "passages",
        "/passages",
        [
            "Every vehicle that came",
            "Jedes Fahrzeug, das an ein Tor kam",
            "Todos los vehículos que llegaron",
        ],
    ),
    (
        "permits",
        "/permits",
        [
            "Which plates open which gates",
            "Welche Kennzeichen welche Tore öffnen",
            "Qué matrículas abren qué accesos",
        ],
    ),
    (
        "visits",
        "/visits",
        [
            "Who is on site, who was",
            "Wer auf dem Gelände ist",
            "Quién está en el recinto",
        ],
    ),
    (
        "edges",
        "/edges",
        [
            "The small computers at your gates",
            "Die kleinen Rechner an Ihren Toren",
            "Los pequeños ordenadores",
        ],
    ),
    (
        "accounts",
        "/accounts",
        [
            "Who may use this console",
            "Wer diese Konsole benutzen darf",
            "Quién puede usar esta consola",
        ],
    ),
    (
        "roles",
        "/roles",
        [
            "What an account may do",
            "Was ein Konto tun darf",
            "Lo que puede hacer una cuenta",
        ],
    ),
    (
        "keys",
        "/keys",
        [
            "How programs call the hub",
            "Wie Programme den Hub ansprechen",
            "Cómo llaman los programas",
        ],
    ),
    (
        "checklist",
        "/checklist",
        [
            "From an empty hub",
            "Vom leeren Hub",
            "De un servidor vacío",
        ],
    ),
    (
        "account",
        "/account",
        ["Second factor", "Zweiter Faktor", "Segundo factor"],
    ),
];

/// UX-01: every page fits and is accessible at two widths, in light and dark.
pub async fn every_page_is_accessible_in_light_and_dark(browser: &Browser, address: &str) {
    for (name, path, [shown, _, _]) in PAGES {
        browser.go(&format!("{address}{path}")).await.unwrap();
        browser.sees(shown).await.unwrap();
        // What comes after the page's own words: figures, lists, tiles.
        tokio::time::sleep(Duration::from_millis(600)).await;
        browser.look(name).await.unwrap();
    }
    browser.go(&format!("{address}/nowhere")).await.unwrap();
    browser.sees("There is no such page").await.unwrap();
    browser.look("no-such-page").await.unwrap();
}

/// UX-01: the console by keyboard alone: skip link, dialog, focus.
pub async fn the_keyboard_alone_reaches_everything(browser: &Browser, address: &str) {
    browser.go(&format!("{address}/accounts")).await.unwrap();
    browser.sees("Who may use this console").await.unwrap();
    let focused =
        "return document.activeElement.innerText || document.activeElement.ariaLabel || ''";
    browser.keys(TAB).await.unwrap();
    assert_eq!(
        browser.ask(focused).await.unwrap(),
        json!("Skip to the content")
    );
    browser.keys(ENTER).await.unwrap();
    wait_for(
        "the content to have the focus",
        Duration::from_secs(5),
        || async {
            let id = browser.ask("return document.activeElement.id").await.ok()?;
            (id == json!("content")).then_some(())
        },
    )
    .await
    .unwrap();
    browser.keys(TAB).await.unwrap();
    assert_eq!(browser.ask(focused).await.unwrap(), json!("New account"));
    // What has the focus is marked.
    let marked = "const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' || s.boxShadow !== 'none'";
    assert_eq!(browser.ask(marked).await.unwrap(), json!(true));
    browser.keys(ENTER).await.unwrap();
    browser.sees("First password").await.unwrap();
    browser.look("new-account").await.unwrap();
    let inside =
        "return document.querySelector('[role=dialog]')?.contains(document.activeElement) ?? false";
    for _ in 0..12 {
        browser.keys(TAB).await.unwrap();
        assert_eq!(browser.ask(inside).await.unwrap(), json!(true));
    }
    browser.keys(ESCAPE).await.unwrap();
    wait_for("the focus to come back", Duration::from_secs(5), || async {
        let back = browser.ask(focused).await.ok()?;
        (back == json!("New account")).then_some(())
    })
    .await
    .unwrap();
}
