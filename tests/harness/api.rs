//! The hub's API as a person's browser calls it: cookie, CSRF token, the hub's own authority trusted.

use std::sync::Once;

use anyhow::Context;
use anyhow::bail;
use reqwest::Method;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;

/// A session with the hub.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    base: String,
    csrf: String,
}

/// An answer: status and JSON body (null if there is none).
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The body.
    pub body: Value,
}

impl Api {
    /// Somebody who has not logged in; trusts the certificate authority given.
    pub fn new(base: &str, authority_pem: &[u8]) -> anyhow::Result<Self> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An error means that one is installed already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let authority =
            reqwest::Certificate::from_pem(authority_pem).context("reading the hub's authority")?;
        let client = reqwest::Client::builder()
            .tls_certs_only([authority])
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("making a client")?;
        Ok(Self {
            client,
            base: base.to_owned(),
            csrf: String::new(),
        })
    }

    /// Uses the set-up link: makes the first administrator and logs in.
    pub async fn set_up(&mut self, token: &str, name: &str, password: &str) -> anyhow::Result<()> {
        let body = json!({
            "token": token, "organisation": "Town of Ribera", "site": "Depot", "time_zone": "Europe/Madrid",
            "name": name, "password": password,
        });
        self.begin("/api/v1/setup", body).await
    }

    /// Logs in.
    pub async fn log_in(&mut self, name: &str, password: &str) -> anyhow::Result<()> {
        self.begin(
            "/api/v1/session",
            json!({"name": name, "password": password}),
        )
        .await
    }

    async fn begin(&mut self, path: &str, body: Value) -> anyhow::Result<()> {
        let session = self.expect(Method::POST, path, Some(body)).await?;
        self.csrf = session["csrf"]
            .as_str()
            .context("a session has a CSRF token")?
            .to_owned();
        Ok(())
    }

    /// Calls the API and gives whatever it answers.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Answer> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("X-CSRF-Token", &self.csrf);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("calling {path}"))?;
        let status = response.status();
        let bytes = response.bytes().await?;
        Ok(Answer {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        })
    }

    /// Calls the API and fails unless it succeeds.
    pub async fn expect(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let answer = self.call(method.clone(), path, body).await?;
        if !answer.status.is_success() {
            bail!(
                "{method} {path} answered {}: {}",
                answer.status,
                answer.body
            );
        }
        Ok(answer.body)
    }

    /// `GET`, as JSON.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.expect(Method::GET, path, None).await
    }

    /// `POST`, as JSON.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        // A route that takes no body refuses one, `null` too.
        let body = (!body.is_null()).then_some(body);
        self.expect(Method::POST, path, body).await
    }

    /// `PUT` of what stands at the revision that was seen.
    pub async fn put_over(&self, path: &str, seen: u64, body: Value) -> anyhow::Result<Value> {
        let request = self
            .client
            .put(format!("{}{path}", self.base))
            .header("X-CSRF-Token", &self.csrf)
            .header("If-Match", format!("\"{seen}\""))
            .json(&body);
        let response = request.send().await?;
        let status = response.status();
        let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
        anyhow::ensure!(status.is_success(), "PUT {path} answered {status}: {body}");
        Ok(body)
    }

    /// Imports permits as CSV.
    pub async fn import_permits(&self, csv: &str) -> anyhow::Result<Value> {
        let request = self
            .client
            .post(format!("{}/api/v1/permits/import", self.base))
            .header("X-CSRF-Token", &self.csrf)
            .header("content-type", "text/csv")
            .body(csv.to_owned());
        let response = request.send().await?;
        let status = response.status();
        let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
        anyhow::ensure!(
            status.is_success(),
            "importing permits answered {status}: {body}"
        );
        Ok(body)
    }

    /// `GET`, as bytes with their media type.
    pub async fn bytes(&self, path: &str) -> anyhow::Result<(String, Vec<u8>)> {
        let response = self
            .client
            .get(format!("{}{path}", self.base))
            .send()
            .await?
            .error_for_status()?;
        let kind = response
            .headers()
            .get("content-type")
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        Ok((kind, response.bytes().await?.to_vec()))
    }

    /// All items of a paged list.
    pub async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let page = match &cursor {
                None => self.get(path).await?,
                Some(cursor) => self.get(&format!("{path}{join}cursor={cursor}")).await?,
            };
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(items);
            }
        }
    }
}
