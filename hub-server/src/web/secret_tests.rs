//! Secrets: none in the repository, none in logs, none in answers; nothing of the hub reaches a shell or listens where
//! nobody knows.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Value;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::testing::TestHub;

const PASSWORD: &str = "Correct-Horse-1";
/// The key that the API's document shows; no hub ever made it.
const EXAMPLE: &str = "gwk_Zk3v9QadGhOqYFvJg1v3xqOQDHYh3yqgJ8yYdWq3uXo";

/// Every text file of the repository that people wrote, with its path in it.
fn sources(below: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = below.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                if !matches!(
                    name.as_str(),
                    "target" | "node_modules" | ".git" | "dist" | ".demo"
                ) {
                    folders.push(path);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path.strip_prefix(root).unwrap().display().to_string(), text));
            }
        }
    }
    found
}

/// A secret in a text, by what the well-known kinds look like.
fn secret_in(text: &str) -> Option<String> {
    let run = |rest: &str, of: fn(char) -> bool| rest.chars().take_while(|c| of(*c)).count();
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    for (start, least) in [
        ("gwk_", 40),
        ("ghp_", 36),
        ("github_pat_", 40),
        ("AKIA", 16),
        ("xoxb-", 20),
        ("sk_live_", 20),
        ("glpat-", 20),
    ] {
        for (place, _) in text.match_indices(start) {
            if text[place..].starts_with(EXAMPLE) {
                continue;
            }
            if run(&text[place + start.len()..], word) >= least {
                return Some(format!("{start}..."));
            }
        }
    }
    for (place, _) in text.match_indices("PRIVATE KEY-----") {
        let rest: String = text[place + 16..]
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(60)
            .collect();
        if run(&rest, |c| {
            c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
        }) >= 40
        {
            return Some("a private key".to_owned());
        }
    }
    for (place, _) in text.match_indices("://") {
        let rest: String = text[place + 3..]
            .chars()
            .take_while(|c| !matches!(c, '/' | ' ' | '"' | '\n' | '`' | '\''))
            .collect();
        if let Some((user, host)) = rest.split_once('@')
            && let Some((_, password)) = user.split_once(':')
            && password.len() >= 12
            && host.contains('.')
            && !host.contains("example")
        {
            return Some(format!("an address with a password: {host}"));
        }
    }
    None
}

/// SE-45, ThingsBoard CVE-2023-26462: the repository has no key, token or password of anybody; what a hub needs it makes
/// itself, at random, at its first start.
#[test]
fn the_repository_holds_no_secret() {
    let files = sources(&["."]);
    assert!(files.len() > 300, "{} files were read", files.len());
    let found: Vec<String> = files
        .iter()
        .filter_map(|(path, text)| Some(format!("{path}: {}", secret_in(text)?)))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    // What the scan is for, it finds.
    let key = format!("gwk_{}", "a1".repeat(22));
    let pem = format!(
        "-----BEGIN EC PRIVATE KEY-----\n{}\n",
        "MHcCAQEEIB".repeat(5)
    );
    let url = format!("rtsp://admin:{}@10.0.0.7/", "longpassword12");
    for planted in [&key, &pem, &url] {
        assert!(secret_in(planted).is_some(), "{planted}");
    }
}

/// Frigate CVE-2026-25643: no setting, and nothing else from outside, reaches a shell: the hub starts no program at all.
/// Home Assistant CVE-2026-34205: it listens where its settings say, and nowhere else.
#[test]
fn the_hub_starts_no_program_and_listens_in_known_places_only() {
    let binds = [
        "TcpListener::bind",
        "UdpSocket::bind",
        "Endpoint::server",
        "UnixListener",
    ];
    let mut listening = Vec::new();
    for (path, text) in sources(&["hub-server/src"]) {
        // What only tests use: no release build has it.
        if path.ends_with("tests.rs")
            || path.contains("/tests/")
            || path.ends_with("outbound/receiver.rs")
        {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for command in ["process::Command", "Command::new", "libc::system", "execve"] {
            assert!(
                !code.contains(command),
                "{path} starts a program: {command}"
            );
        }
        if binds.iter().any(|bind| code.contains(bind)) {
            listening.push(path);
        }
    }
    listening.sort();
    let known = [
        "hub-server/src/link/listen.rs",
        "hub-server/src/run.rs",
        "hub-server/src/web/listen.rs",
    ];
    assert_eq!(listening, known);
}

/// Frigate CVE-2026-75608, SE-47: no answer has a field for a password, and a secret only where it is shown once.
#[test]
fn no_answer_has_a_field_for_a_secret_but_where_it_is_shown_once() {
    let document = super::openapi();
    let mut shown = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut names = Vec::new();
            fields(&document, &operation["responses"], 0, &mut names);
            let is_secret = |name: &&String| {
                ["password", "secret", "token", "private", "credential"]
                    .iter()
                    .any(|word| name.contains(word))
            };
            shown.extend(
                names
                    .iter()
                    .filter(is_secret)
                    .map(|name| format!("{method} {path} {name}")),
            );
        }
    }
    shown.sort();
    shown.dedup();
    // A key, a webhook's signing secret and that of a second factor, once, to whom they belong.
    let once = [
        "post /api/v1/auth/refresh access_token",
        "post /api/v1/auth/refresh refresh_token",
        "post /api/v1/auth/refresh token_type",
        "post /api/v1/auth/token access_token",
        "post /api/v1/auth/token refresh_token",
        "post /api/v1/auth/token token_type",
        "post /api/v1/keys secret",
        "post /api/v1/webhooks secret",
        "post /api/v1/webhooks/{id}/secret secret",
        "post /api/v1/session/second-factor secret",
    ];
    let odd: Vec<_> = shown
        .iter()
        .filter(|one| !once.contains(&one.as_str()) && !is_harmless(one))
        .collect();
    assert!(odd.is_empty(), "{odd:#?}");
    for one in once {
        assert!(
            shown.iter().any(|shown| shown == one),
            "{one} in {shown:#?}"
        );
    }
}

/// Fields with such a word that say something about a secret, and are none.
fn is_harmless(line: &str) -> bool {
    let name = line.rsplit(' ').next().unwrap();
    name.starts_with("has_") || name.starts_with("needs_") || name.ends_with("_at")
}

fn fields(document: &Value, schema: &Value, depth: usize, found: &mut Vec<String>) {
    if depth > 12 {
        return;
    }
    match schema {
        Value::Object(map) => {
            if let Some(to) = map.get("$ref").and_then(Value::as_str) {
                let there = document.pointer(to.trim_start_matches('#')).unwrap();
                return fields(document, there, depth + 1, found);
            }
            if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                found.extend(properties.keys().cloned());
            }
            map.iter()
                .filter(|(name, _)| *name != "example")
                .for_each(|(_, inner)| fields(document, inner, depth + 1, found));
        }
        Value::Array(list) => list
            .iter()
            .for_each(|inner| fields(document, inner, depth + 1, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// SE-49: passwords, tokens, keys and codes are in no line of the log, even at its most talkative, and in no answer and
/// no audit line but the one that shows them once.
#[tokio::test]
async fn no_secret_is_in_the_log_or_the_audit_trail() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let hub = TestHub::fresh("the-set-up-token").await;
    let mut person = hub.stranger();
    let set_up = json!({
        "token": "the-set-up-token", "organisation": "Town", "site": "Depot", "time_zone": "UTC",
        "name": "Anna", "password": PASSWORD,
    });
    let done = person.post("/api/v1/setup", set_up).await;
    assert!(done.status.is_success(), "{}", done.text());
    person.take_session(&done);
    let mut secrets = vec![
        PASSWORD.to_owned(),
        "the-set-up-token".to_owned(),
        person.cookie.clone(),
        person.csrf.clone(),
    ];
    let wrong = json!({ "name": "Anna", "password": "Wrong-Horse-77" });
    hub.stranger().post("/api/v1/session", wrong).await;
    secrets.push("Wrong-Horse-77".to_owned());
    let key = json!({ "name": "program", "rights": ["view_fleet"], "expires_at": null });
    let key = person.post("/api/v1/keys", key).await.json()["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut program = hub.stranger();
    program.key.clone_from(&key);
    assert!(program.get("/api/v1/sites").await.status.is_success());
    program.key = format!("{}x", key.replace('a', "b"));
    program.get("/api/v1/sites").await;
    secrets.push(key);
    let begun = person
        .post(
            "/api/v1/session/second-factor",
            json!({ "password": PASSWORD }),
        )
        .await
        .json();
    secrets.push(begun["secret"].as_str().unwrap().to_owned());
    let change = json!({ "current": PASSWORD, "password": "Changed-Horse-88" });
    person.put("/api/v1/session/password", change).await;
    secrets.push("Changed-Horse-88".to_owned());
    // What goes wrong is told in more words than what goes well.
    let broken = format!("{{\"name\":\"Anna\",\"password\":\"{PASSWORD}\",}}").into_bytes();
    let answer = hub
        .stranger()
        .send("POST", "/api/v1/session", Some("application/json"), broken)
        .await;
    assert!(!answer.text().contains(PASSWORD), "{}", answer.text());
    let typed = hub
        .stranger()
        .post(
            "/api/v1/session",
            json!({ "name": 7, "password": PASSWORD }),
        )
        .await;
    assert!(!typed.text().contains(PASSWORD), "{}", typed.text());
    hub.stranger()
        .get(&format!("/api/v1/session?token={PASSWORD}"))
        .await;
    hub.stranger()
        .get(&format!("/../{PASSWORD}?password={PASSWORD}"))
        .await;
    let rows = hub.rows().await;
    let trail = format!("{:?}", rows["audit_lines"]);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the hub was set up"), "the log is kept: {log}");
    // The path of a refused request is shown; a secret in it would be a secret in an address already.
    let log: String = log
        .lines()
        .filter(|line| !line.contains("the door refused"))
        .collect();
    for secret in secrets {
        assert!(!secret.is_empty());
        assert!(!log.contains(&secret), "the log has {secret}");
        assert!(!trail.contains(&secret), "the trail has {secret}");
    }
}
