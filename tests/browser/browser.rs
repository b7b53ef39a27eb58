//! Chromium as a person uses it: labels, buttons, what is on the page, and how it looks at two widths.

use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::PoisonError;
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
use fantoccini::wd::TimeoutConfiguration;
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
    /// What was found on pages that were looked at, so that one run names everything.
    findings: Mutex<Vec<String>>,
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
        // axe looks at every element, which takes its time on a machine that does other things.
        let patient = TimeoutConfiguration::new(
            Some(Duration::from_secs(240)),
            Some(Duration::from_secs(240)),
            None,
        );
        client.update_timeouts(patient).await?;
        client.set_window_size(1440, 1000).await?;
        std::fs::create_dir_all(root().join("target/screenshots"))?;
        Ok(Self {
            client,
            findings: Mutex::default(),
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

    /// Takes screenshots at each width in light and dark, and notes if the page is wider than the window, where
    /// `end` fails; what axe finds is printed.
    pub async fn look(&self, name: &str) -> anyhow::Result<()> {
        for scheme in ["light", "dark"] {
            self.prefer(scheme).await?;
            for width in WIDTHS {
                let shown = format!("{name}-{width}-{scheme}");
                self.picture(&shown, width).await?;
                self.accessible(&shown).await?;
            }
        }
        self.prefer("light").await?;
        self.emulate(None).await?;
        self.client
            .set_window_size(1440, 1000)
            .await
            .context("setting the window's size")
    }

    async fn picture(&self, name: &str, width: u32) -> anyhow::Result<()> {
        self.client.set_window_size(width, 1000).await?;
        // Headless Chromium has a least window width; the page's own width is set exactly.
        self.emulate(Some((width, 1000))).await?;
        tokio::time::sleep(Duration::from_millis(400)).await;
        // The whole page, up to a few screens.
        let script = "return document.documentElement.scrollHeight";
        let height = self.client.execute(script, vec![]).await?;
        let height = u32::try_from(height.as_u64().unwrap_or_default()).unwrap_or_default();
        if height > 1000 {
            self.emulate(Some((width, height.min(4000)))).await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let picture = self
            .client
            .screenshot()
            .await
            .context("taking a screenshot")?;
        std::fs::write(
            root().join(format!("target/screenshots/{name}.png")),
            picture,
        )?;
        let script =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let over = self
            .client
            .execute(script, vec![])
            .await?
            .as_i64()
            .unwrap_or_default();
        if over > 0 {
            self.found(format!(
                "{name} is {over} pixels too wide for a window of {width}"
            ));
        }
        Ok(())
    }

    /// Prints what axe finds that is serious or critical: WCAG 2.1 A and AA, and what it calls best practice.
    #[expect(
        clippy::print_stderr,
        reason = "a finding that does not fail the test must be read"
    )]
    async fn accessible(&self, name: &str) -> anyhow::Result<()> {
        let path = root().join("hub-server/console/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}: run `npm ci` in the console", path.display()))?;
        self.client.execute(&axe, vec![]).await?;
        let script = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] }).then(
                (found) => done(found.violations
                    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
                    .flatMap((one) => one.nodes.map((node) =>
                        one.id + ': ' + node.html.slice(0, 160) + ' ' + (node.failureSummary || '').slice(0, 240)))),
                (error) => done([String(error)]))";
        let found = self.client.execute_async(script, vec![]).await?;
        let found: Vec<&str> = found
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for finding in found {
            eprintln!("TO MEND: axe on {name}: {finding}");
        }
        Ok(())
    }

    /// Prefers light or dark colours, as the system of a person does.
    async fn prefer(&self, scheme: &str) -> anyhow::Result<()> {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}))
            .await
    }

    /// Runs a script of the page and gives what it returns.
    pub async fn ask(&self, script: &str) -> anyhow::Result<Value> {
        self.client
            .execute(script, vec![])
            .await
            .with_context(|| format!("asking the page: {script}"))
    }

    /// Types keys to whatever has the focus.
    pub async fn keys(&self, keys: &str) -> anyhow::Result<()> {
        self.client
            .active_element()
            .await?
            .send_keys(keys)
            .await
            .context("typing keys")
    }

    async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<()> {
        self.client
            .issue_cmd(DevTools(json!({"cmd": command, "params": parameters})))
            .await
            .map(drop)
            .with_context(|| format!("telling the browser {command}"))
    }

    async fn emulate(&self, size: Option<(u32, u32)>) -> anyhow::Result<()> {
        let (command, parameters) = match size {
            Some((width, height)) => (
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
            ),
            None => ("Emulation.clearDeviceMetricsOverride", json!({})),
        };
        self.devtools(command, parameters).await
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
                !message.contains("status of 401")
                    && !message.contains("status of 404")
                    // A cable was pulled on purpose.
                    && !message.contains("net::ERR_CONNECTION_")
                    && !message.contains("net::ERR_EMPTY_RESPONSE")
            })
            .collect())
    }

    fn found(&self, finding: String) {
        self.findings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(finding);
    }

    /// Closes the browser. Fails if a page was too wide.
    pub async fn end(self) -> anyhow::Result<()> {
        let findings = self
            .findings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .join("\n");
        anyhow::ensure!(findings.is_empty(), "{findings}");
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
