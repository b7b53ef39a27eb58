//! Chromium as a person uses it: labels, buttons, what is on the page, and how it looks at two widths.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use fantoccini::Client;
use fantoccini::ClientBuilder;
use fantoccini::Locator;
use fantoccini::actions::InputSource;
use fantoccini::actions::MOUSE_BUTTON_LEFT;
use fantoccini::actions::MouseActions;
use fantoccini::actions::PointerAction;
use fantoccini::elements::Element;
use harness::root;
use harness::wait_for;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::Command;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// A phone and a desk.
const WIDTHS: [u32; 2] = [360, 1440];

/// A browser with one window.
pub struct Browser {
    client: Client,
    /// Ends with the test.
    _driver: Child,
}

impl Browser {
    /// Starts ChromeDriver and Chromium, with a profile in `folder`.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting chromedriver: install Debian's chromium and chromium-driver")?;
        let output = driver
            .stdout
            .take()
            .context("chromedriver prints its port")?;
        let mut lines = BufReader::new(output).lines();
        let port = loop {
            let line = lines.next_line().await?.context("chromedriver ended")?;
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let options = json!({
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--lang=en", format!("--user-data-dir={}", folder.join("profile").display()),
            ]},
        });
        let Value::Object(capabilities) = options else {
            bail!("capabilities are an object")
        };
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("starting Chromium")?;
        client.set_window_size(1440, 1000).await?;
        std::fs::create_dir_all(root().join("target/screenshots"))?;
        Ok(Self {
            client,
            _driver: driver,
        })
    }

    /// Opens an address.
    pub async fn go(&self, address: &str) -> anyhow::Result<()> {
        self.client
            .goto(address)
            .await
            .with_context(|| format!("opening {address}"))
    }

    /// Waits until the page shows a text.
    pub async fn sees(&self, text: &str) -> anyhow::Result<()> {
        let what = format!("{text:?} on the page");
        let found = wait_for(&what, PATIENCE, || async {
            let body = self
                .client
                .execute("return document.body.innerText", vec![])
                .await
                .ok()?;
            let body = body.as_str()?.replace('\u{a0}', " ");
            (body.contains(text) || squeezed(&body).contains(&squeezed(text))).then_some(())
        });
        if let Err(error) = found.await {
            let body = self
                .client
                .execute("return document.body.innerText", vec![])
                .await?;
            bail!("{error:#}; it shows: {}", body.as_str().unwrap_or_default());
        }
        Ok(())
    }

    /// Writes into the field with this label, in place of what was there.
    pub async fn fill(&self, label: &str, text: &str) -> anyhow::Result<()> {
        let path = format!(
            "//*[(self::input or self::textarea) and @id = //label[normalize-space(.) = {label:?} or \
             starts-with(normalize-space(.), {label:?})]/@for]",
        );
        let field = self
            .visible(&path)
            .await
            .with_context(|| format!("the field {label}"))?;
        field.clear().await?;
        field
            .send_keys(text)
            .await
            .with_context(|| format!("writing into {label}"))
    }

    /// Presses the button with this text.
    pub async fn press(&self, text: &str) -> anyhow::Result<()> {
        self.click(&format!("//button[normalize-space(.) = {text:?}]"))
            .await
    }

    /// Presses the button with this accessible name.
    pub async fn press_named(&self, name: &str) -> anyhow::Result<()> {
        self.click(&format!("//button[@aria-label = {name:?}]"))
            .await
    }

    /// Presses the button with this text in the dialog.
    pub async fn press_in_dialog(&self, text: &str) -> anyhow::Result<()> {
        self.click(&format!(
            "//*[@role = 'dialog']//button[normalize-space(.) = {text:?}]"
        ))
        .await
    }

    /// Clicks as soon as nothing lies over the element: a page that changes its width takes a moment.
    async fn click(&self, path: &str) -> anyhow::Result<()> {
        let what = format!("a click on {path}");
        wait_for(&what, PATIENCE, || async {
            self.visible(path).await.ok()?.click().await.ok()
        })
        .await
    }

    async fn visible(&self, path: &str) -> anyhow::Result<Element> {
        wait_for(path, PATIENCE, || async {
            for element in self.client.find_all(Locator::XPath(path)).await.ok()? {
                if element.is_displayed().await.unwrap_or(false) {
                    return Some(element);
                }
            }
            None
        })
        .await
    }

    /// Presses the pointer at parts of the width and height of the area that a person draws on.
    pub async fn tap(&self, [x, y]: [f64; 2]) -> anyhow::Result<()> {
        let ground = self.visible("//*[@role = 'application']").await?;
        let (_, _, width, height) = ground.rectangle().await?;
        // Offsets count from the middle.
        let offset = |part: f64, side: f64| (part - 0.5) * side;
        let presses = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveToElement {
                element: ground,
                duration: None,
                x: offset(x, width),
                y: offset(y, height),
            })
            .then(PointerAction::Down {
                button: MOUSE_BUTTON_LEFT,
            })
            .then(PointerAction::Up {
                button: MOUSE_BUTTON_LEFT,
            });
        self.client
            .perform_actions(presses)
            .await
            .context("pressing the pointer")
    }

    /// Types keys into what has this accessible name, or one that begins so.
    pub async fn type_into(&self, name: &str, keys: &str) -> anyhow::Result<()> {
        let element = self
            .visible(&format!("//*[starts-with(@aria-label, {name:?})]"))
            .await?;
        element
            .send_keys(keys)
            .await
            .with_context(|| format!("typing into {name}"))
    }

    /// Follows the link with this text.
    pub async fn follow(&self, text: &str) -> anyhow::Result<()> {
        self.click(&format!("//a[normalize-space(.) = {text:?}]"))
            .await
    }

    /// Waits until at least `count` pictures are there with pixels in them.
    pub async fn shows_pictures(&self, count: u64) -> anyhow::Result<()> {
        let script =
            "return [...document.images].filter(i => i.complete && i.naturalWidth > 20).length";
        wait_for(&format!("{count} pictures"), PATIENCE, || async {
            let shown = self.client.execute(script, vec![]).await.ok()?.as_u64()?;
            (shown >= count).then_some(())
        })
        .await
    }

    /// Takes a screenshot at each width, and fails if the page is wider than the window.
    pub async fn look(&self, name: &str) -> anyhow::Result<()> {
        for width in WIDTHS {
            self.client.set_window_size(width, 1000).await?;
            // Headless Chromium has a least window width; the page's own width is set exactly.
            self.emulate(Some(width)).await?;
            tokio::time::sleep(Duration::from_millis(400)).await;
            let picture = self
                .client
                .screenshot()
                .await
                .context("taking a screenshot")?;
            std::fs::write(
                root().join(format!("target/screenshots/{name}-{width}.png")),
                picture,
            )?;
            let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let over = self
                .client
                .execute(script, vec![])
                .await?
                .as_i64()
                .unwrap_or_default();
            anyhow::ensure!(
                over <= 0,
                "{name} is {over} pixels too wide for a window of {width}"
            );
        }
        self.emulate(None).await?;
        self.client
            .set_window_size(1440, 1000)
            .await
            .context("setting the window's size")
    }

    async fn emulate(&self, width: Option<u32>) -> anyhow::Result<()> {
        let (command, parameters) = match width {
            Some(width) => (
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false}),
            ),
            None => ("Emulation.clearDeviceMetricsOverride", json!({})),
        };
        self.client
            .issue_cmd(DevTools(json!({"cmd": command, "params": parameters})))
            .await
            .map(drop)
            .context("setting the page's width")
    }

    /// What the browser logged as errors: refused styles and scripts, failed requests, uncaught exceptions.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let log = self
            .client
            .issue_cmd(Log)
            .await
            .context("reading the browser's log")?;
        Ok(log
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["level"] == "SEVERE")
            .filter_map(|entry| entry["message"].as_str().map(str::to_owned))
            // Who is not logged in yet is told so by a 401, and a picture that is on its way by a 404.
            .filter(|message| {
                !message.contains("status of 401") && !message.contains("status of 404")
            })
            .collect())
    }

    /// Closes the browser.
    pub async fn end(self) -> anyhow::Result<()> {
        self.client.close().await.context("closing the browser")
    }
}

/// Plates are shown with their groups apart: compared without spaces.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// A command of Chromium's own protocol.
#[derive(Debug)]
struct DevTools(Value);

impl fantoccini::wd::WebDriverCompatibleCommand for DevTools {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}

/// Asks for the browser's log.
#[derive(Debug)]
struct Log;

impl fantoccini::wd::WebDriverCompatibleCommand for Log {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (
            http::Method::POST,
            Some(json!({"type": "browser"}).to_string()),
        )
    }
}
