//! Hostile input over every route, made from the API's own document: what is unknown or of a wrong type is refused with
//! its field named, and a corpus of attacks changes nothing but what it says it writes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::header;
use serde_json::Value;
use serde_json::json;

use super::Config;
use super::matrix_tests::World;
use super::testing::Answer;
use super::testing::Person;

type Rows = BTreeMap<String, BTreeSet<String>>;

/// Tables that any request may add to: the record of it.
const RECORDS: [&str; 4] = ["audit_lines", "audit_ends", "live_news", "kept_answers"];

/// Texts that have broken others. None may do more here than be refused, or be kept as the text it is.
fn corpus() -> Vec<String> {
    let mut texts: Vec<String> = [
        // SQL
        "'",
        "' OR '1'='1",
        "'; DROP TABLE permits; --",
        "'; DELETE FROM accounts; --",
        "'); UPDATE accounts SET role = 'admin'; --",
        "' UNION SELECT password FROM accounts --",
        "1; ATTACH DATABASE '/tmp/x' AS x",
        "\" OR \"\"=\"",
        "$1",
        "%' OR 1=1 OR '%",
        // Scripts
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        "<svg/onload=alert(1)>",
        "{{constructor.constructor('alert(1)')()}}",
        "${7*7}",
        "</title><script>alert(1)</script>",
        // Paths and shells
        "../../../../etc/passwd",
        "..\\..\\windows\\win.ini",
        "/etc/shadow",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "$(reboot)",
        "`id`",
        "| cat /etc/passwd",
        "; rm -rf /",
        "%2e%2e%2f",
        "CON",
        // Headers, logs, sheets
        "x\r\nSet-Cookie: gatewarden_session=1",
        "x\n2026-01-01 ERROR forged",
        "=cmd|'/c calc'!A1",
        "\u{1b}[2J\u{1b}[31m",
        // Unicode
        "a\0b",
        "\u{202E}fdp.exe",
        "\u{2066}x\u{2069}",
        "\u{FEFF}admin",
        "ad\u{200B}min",
        "аdmin",
        "ﬀ",
        "İ",
        "\u{0301}\u{0301}\u{0301}",
        "\u{FFFD}",
        "\u{10FFFF}",
        "𝕬𝖉𝖒𝖎𝖓",
        // Words that parsers trip over
        "null",
        "true",
        "-1",
        "1e999",
        "NaN",
        "99999999999999999999",
        "0x7fffffff",
        "[]",
        "{}",
        "__proto__",
        " ",
        "",
    ]
    .map(str::to_owned)
    .into();
    texts.push("A".repeat(100_000));
    texts.push("𝕬".repeat(5_000));
    texts.push("\u{0301}".repeat(5_000));
    texts
}

/// What no answer may show: a word of ours about how the hub is made.
const INSIDES: [&str; 9] = [
    "sqlite",
    "syntax error",
    "constraint failed",
    "panicked",
    "backtrace",
    ".rs:",
    "/gatewarden-",
    "stack overflow",
    "no such table",
];

/// SE-37, and what every answer to a hostile request is: no failure of ours, nothing of our insides, nothing to run.
fn is_harmless(what: &str, answer: &Answer) {
    assert!(!answer.status.is_server_error(), "{what}: {answer:?}");
    let text = answer.text();
    for inside in INSIDES {
        assert!(!text.contains(inside), "{what} shows {inside:?}: {text}");
    }
    let media = answer.headers.get(header::CONTENT_TYPE);
    let media = media.map_or("", |media| media.to_str().unwrap());
    assert!(
        !media.contains("html") || !text.contains("alert(1)"),
        "{what}: {text}"
    );
    if answer.status.is_client_error() {
        assert_eq!(media, "application/json", "{what}");
        assert!(answer.json()["error_code"].is_string(), "{what}: {text}");
    }
    assert!(!answer.headers.contains_key("set-cookie") || !text.contains("gatewarden_session=1"));
}

/// An operation of the document.
struct Operation {
    method: String,
    path: String,
    query: Vec<Value>,
    in_path: Vec<String>,
    body: Option<Value>,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut list = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let of = |place: &str| {
                parameters
                    .iter()
                    .filter(|p| p["in"] == place)
                    .cloned()
                    .collect::<Vec<_>>()
            };
            list.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                query: of("query"),
                in_path: of("path")
                    .iter()
                    .map(|p| p["name"].as_str().unwrap().to_owned())
                    .collect(),
                body: operation
                    .pointer("/requestBody/content/application~1json/schema")
                    .cloned(),
            });
        }
    }
    list
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(to) => resolved(
            document,
            document.pointer(to.trim_start_matches('#')).unwrap(),
        ),
        None => schema,
    }
}

/// The schemas that a value may follow.
fn choices<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let schema = resolved(document, schema);
    for any in ["oneOf", "anyOf"] {
        if let Some(list) = schema[any].as_array() {
            return list.iter().flat_map(|one| choices(document, one)).collect();
        }
    }
    vec![schema]
}

fn kinds(document: &Value, schema: &Value) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for choice in choices(document, schema) {
        match &choice["type"] {
            Value::String(kind) => _ = kinds.insert(kind.clone()),
            Value::Array(list) => {
                kinds.extend(list.iter().map(|kind| kind.as_str().unwrap().to_owned()))
            }
            _ if choice.get("properties").is_some() => _ = kinds.insert("object".into()),
            _ if choice.get("enum").is_some() || choice.get("const").is_some() => {
                _ = kinds.insert("string".into())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
        }
    }
    kinds
}

/// Something of this shape.
fn sample(document: &Value, schema: &Value, depth: usize) -> Value {
    let choice = choices(document, schema)
        .into_iter()
        .find(|choice| choice["type"] != "null")
        .unwrap();
    if let Some(first) = choice["enum"].as_array().and_then(|list| list.first()) {
        return first.clone();
    }
    let kinds = kinds(document, choice);
    let is = |kind: &str| kinds.contains(kind);
    if is("object") && depth < 6 {
        let none = serde_json::Map::new();
        let fields = choice["properties"].as_object().unwrap_or(&none);
        return fields
            .iter()
            .map(|(name, field)| (name.clone(), sample(document, field, depth + 1)))
            .collect::<serde_json::Map<_, _>>()
            .into();
    }
    if is("array") {
        return json!([sample(document, &choice["items"], depth + 1)]);
    }
    if is("string") {
        return match choice["format"].as_str() {
            Some("uuid") => json!("00000000-0000-7000-8000-000000000000"),
            Some("date-time") => json!("2026-01-31T12:30:00Z"),
            _ => json!("x"),
        };
    }
    if is("integer") || is("number") {
        json!(1)
    } else {
        json!(false)
    }
}

/// Every field below a schema with its pointer, the root included.
fn fields(
    document: &Value,
    schema: &Value,
    at: &str,
    depth: usize,
    found: &mut Vec<(String, Value)>,
) {
    found.push((at.to_owned(), schema.clone()));
    if depth > 6 {
        return;
    }
    for choice in choices(document, schema) {
        if let Some(properties) = choice["properties"].as_object() {
            for (name, field) in properties {
                fields(document, field, &format!("{at}/{name}"), depth + 1, found);
            }
        }
        if choice["type"] == "array" {
            fields(
                document,
                &choice["items"],
                &format!("{at}/0"),
                depth + 1,
                found,
            );
        }
    }
}

/// Puts a value at a pointer; what is missing on the way is made as the schema says.
fn put(document: &Value, schema: &Value, body: &mut Value, pointer: &str, value: Value) {
    let Some((first, rest)) = pointer
        .strip_prefix('/')
        .map(|p| p.split_once('/').unwrap_or((p, "")))
    else {
        *body = value;
        return;
    };
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!("/{rest}")
    };
    if body.is_null() || (first == "0" && body.as_array().is_some_and(Vec::is_empty)) {
        *body = sample(document, schema, 0);
    }
    for choice in choices(document, schema) {
        if first == "0" && choice["type"] == "array" {
            return put(document, &choice["items"], &mut body[0], &rest, value);
        }
        if let Some(field) = choice["properties"].get(first) {
            if body.get(first).is_none() {
                body[first] = sample(document, field, 0);
            }
            return put(document, field, &mut body[first], &rest, value);
        }
    }
    body[first] = value;
}

/// A pointer as the API names fields: `gates[0].name`.
fn named(pointer: &str) -> String {
    let mut name = String::new();
    for part in pointer.split('/').skip(1) {
        if part.parse::<usize>().is_ok() {
            name.push_str(&format!("[{part}]"));
        } else {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(part);
        }
    }
    name
}

async fn world() -> World {
    // What is tried here is what requests carry, not how many come.
    let mut config = Config::default();
    config.rates.each = "100000/1s".parse().unwrap();
    config.rates.routes.clear();
    World::under(&config).await
}

async fn send(
    world: &World,
    person: &Person,
    operation: &Operation,
    query: &str,
    body: &Value,
) -> Answer {
    let path = world.path(&operation.path, person).await;
    // The query that is tried takes the place of the good one.
    let path = match path.split_once('?') {
        Some((bare, _)) if !query.is_empty() => bare.to_owned(),
        Some(_) | None => path,
    };
    send_to(person, operation, &format!("{path}{query}"), body).await
}

async fn send_to(person: &Person, operation: &Operation, path: &str, body: &Value) -> Answer {
    let mut headers = vec![("if-match", "\"0\"")];
    if !body.is_null() {
        headers.push(("content-type", "application/json"));
    }
    let bytes = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    person
        .send_with(&operation.method, path, &headers, bytes)
        .await
}

fn is_stream(operation: &Operation) -> bool {
    operation.path == "/api/v1/live"
}

/// The tables in which two states differ, each with how many rows went.
fn differences(before: &Rows, after: &Rows) -> BTreeMap<String, usize> {
    let empty = BTreeSet::new();
    after
        .iter()
        .filter(|(table, _)| !RECORDS.contains(&table.as_str()))
        .filter_map(|(table, rows)| {
            let old = before.get(table).unwrap_or(&empty);
            (old != rows).then(|| (table.clone(), old.difference(rows).count()))
        })
        .collect()
}

/// SE-25: on every route of the document, unknown fields at every level, values of every wrong type, and unknown and
/// wrong names in the query are refused, each with its field named; nothing in the store changes.
#[tokio::test]
async fn every_route_refuses_unknown_and_wrong_typed_fields_by_name() {
    let document = super::openapi();
    let world = world().await;
    let admin = world.caller("admin").await;
    let before = world.hub.rows().await;
    let mut wrong = Vec::new();
    let mut tried = 0;
    let mut judge = |what: String, field: &str, answer: &Answer| {
        tried += 1;
        let refused = answer.refused_fields();
        let is_named = refused
            .iter()
            .any(|name| name == field || name.starts_with(field));
        let is_refusal = matches!(answer.status.as_u16(), 400 | 422);
        if !is_refusal || !is_named {
            wrong.push(format!(
                "{what}: {} names {refused:?}: {}",
                answer.status,
                answer.text()
            ));
        }
    };
    for operation in operations(&document) {
        if is_stream(&operation) {
            continue;
        }
        let valid: Value = serde_json::from_str(&world.body(&operation.method, &operation.path).1)
            .unwrap_or_default();
        let answer = send(&world, &admin, &operation, "?zz_unknown=1", &valid).await;
        judge(format!("{operation}?zz_unknown"), "zz_unknown", &answer);
        for parameter in &operation.query {
            let name = parameter["name"].as_str().unwrap();
            let is_text = kinds(&document, &parameter["schema"]).contains("string")
                && choices(&document, &parameter["schema"])
                    .iter()
                    .all(|s| s.get("enum").is_none() && s.get("format").is_none());
            if !is_text {
                let query = format!("?{name}=%3Cnonsense%3E");
                judge(
                    format!("{operation}{query}"),
                    name,
                    &send(&world, &admin, &operation, &query, &valid).await,
                );
            }
            let query = format!("?{name}=1&{name}=2");
            judge(
                format!("{operation}{query}"),
                name,
                &send(&world, &admin, &operation, &query, &valid).await,
            );
        }
        let Some(schema) = &operation.body else {
            continue;
        };
        let mut all = Vec::new();
        fields(&document, schema, "", 0, &mut all);
        for (pointer, field) in all {
            let kinds = kinds(&document, &field);
            if kinds.contains("object") {
                let mut body = valid.clone();
                put(
                    &document,
                    schema,
                    &mut body,
                    &format!("{pointer}/zz_unknown"),
                    json!(1),
                );
                let name = named(&format!("{pointer}/zz_unknown"));
                judge(
                    format!("{operation} +{name}"),
                    &name,
                    &send(&world, &admin, &operation, "", &body).await,
                );
            }
            for (kind, value) in [
                ("integer", json!(7)),
                ("number", json!(7.5)),
                ("boolean", json!(true)),
                ("string", json!("<nonsense>")),
                ("array", json!([])),
                ("object", json!({ "zz": 1 })),
            ] {
                let is_taken =
                    kinds.contains(kind) || (kind == "integer" && kinds.contains("number"));
                if is_taken || kinds.is_empty() {
                    continue;
                }
                let mut body = valid.clone();
                put(&document, schema, &mut body, &pointer, value.clone());
                let name = named(&pointer);
                judge(
                    format!("{operation} {name}={value}"),
                    &name,
                    &send(&world, &admin, &operation, "", &body).await,
                );
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(tried > 300, "{tried} requests were tried");
    let changed = differences(&before, &world.hub.rows().await);
    assert!(changed.is_empty(), "refused requests changed {changed:?}");
}

/// SE-25, SE-27, SE-28, SE-30, SE-37; ThingsBoard CVE-2021-42750, Frigate CVE-2026-25643, Home Assistant CVE-2025-62172:
/// the corpus over every text in body, query and path of every route, as an administrator. No answer is a failure of
/// ours or shows our insides; what is refused changes nothing; what is taken changes only the tables that a good request
/// changes, a row each.
#[tokio::test]
async fn the_hostile_corpus_changes_nothing_but_what_it_says_it_writes() {
    let document = super::openapi();
    let corpus = corpus();
    let mut tried = 0;
    let mut taken = 0;
    for operation in operations(&document) {
        if is_stream(&operation) {
            continue;
        }
        // A world of its own, so that what one leaves is not what the next finds.
        let world = world().await;
        let admin = world.caller("admin").await;
        let valid: Value = serde_json::from_str(&world.body(&operation.method, &operation.path).1)
            .unwrap_or_default();
        // Which tables a good request changes; of those that end what the others need, none is sent.
        let start = world.hub.rows().await;
        let mut own: BTreeSet<String> = BTreeSet::new();
        if operation.body.is_some() {
            send(&world, &admin, &operation, "", &valid).await;
            own = differences(&start, &world.hub.rows().await)
                .into_keys()
                .collect();
        }
        let mut groups: Vec<(String, Vec<Answer>, Rows)> = Vec::new();
        for parameter in &operation.query {
            let name = parameter["name"].as_str().unwrap();
            let (mut answers, before) = (Vec::new(), world.hub.rows().await);
            for text in corpus.iter().filter(|text| text.len() < 10_000) {
                let query = format!(
                    "?{name}={}",
                    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                );
                answers.push(send(&world, &admin, &operation, &query, &valid).await);
            }
            groups.push((format!("{operation}?{name}"), answers, before));
        }
        for name in &operation.in_path {
            let (mut answers, before) = (Vec::new(), world.hub.rows().await);
            for text in corpus
                .iter()
                .filter(|text| text.len() < 10_000 && !text.is_empty())
            {
                let text =
                    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                        .to_string();
                let route = operation.path.replace(&format!("{{{name}}}"), &text);
                let path = world.path_of(&operation.path, &route, &admin).await;
                answers.push(send_to(&admin, &operation, &path, &valid).await);
            }
            groups.push((format!("{operation} {{{name}}}"), answers, before));
        }
        let mut all = Vec::new();
        if let Some(schema) = &operation.body {
            fields(&document, schema, "", 0, &mut all);
        }
        for (pointer, field) in all {
            if !kinds(&document, &field).contains("string") {
                continue;
            }
            let (mut answers, before) = (Vec::new(), world.hub.rows().await);
            for text in &corpus {
                let mut body = valid.clone();
                put(
                    &document,
                    operation.body.as_ref().unwrap(),
                    &mut body,
                    &pointer,
                    json!(text),
                );
                answers.push(send(&world, &admin, &operation, "", &body).await);
                if operation.path == "/api/v1/session" {
                    // So that the limit of log-ins does not hide what follows.
                    world.hub.hand.advance(Duration::from_secs(301));
                }
            }
            groups.push((format!("{operation} {}", named(&pointer)), answers, before));
            let after = world.hub.rows().await;
            let (what, answers, before) = groups.last().unwrap();
            let good = answers
                .iter()
                .filter(|answer| answer.status.is_success())
                .count();
            for (table, gone) in differences(before, &after) {
                assert!(good > 0, "{what} was refused and changed {table}");
                assert!(
                    own.contains(&table),
                    "{what} changed {table}, which is not its own: {own:?}"
                );
                assert!(
                    gone <= good,
                    "{what} changed {gone} rows of {table} with {good} requests"
                );
            }
        }
        for (what, answers, _) in &groups {
            tried += answers.len();
            taken += answers
                .iter()
                .filter(|answer| answer.status.is_success())
                .count();
            for answer in answers {
                is_harmless(what, answer);
            }
        }
        // Reads, and writes whose path or query was hostile, change nothing at all.
        if operation.body.is_none() {
            let changed = differences(&start, &world.hub.rows().await);
            assert!(changed.is_empty(), "{operation} changed {changed:?}");
        }
    }
    assert!(
        tried > 2_000 && taken > 100,
        "{tried} were tried, {taken} taken"
    );
}

/// SE-24, SE-27: the sheet of permits, the one upload: bombs, broken lines, hostile cells.
#[tokio::test]
async fn a_hostile_sheet_is_refused_line_by_line_and_changes_nothing() {
    let world = world().await;
    let admin = world.caller("admin").await;
    let before = world.hub.rows().await;
    let mut sheets: Vec<Vec<u8>> = corpus()
        .iter()
        .map(|text| format!("plate,holder\n{text},x\n").into_bytes())
        .collect();
    sheets.extend(corpus().into_iter().map(String::into_bytes));
    sheets.push(b"plate,holder\n\xff\xfe\xc0\xae,x\n".to_vec());
    sheets.push(b"plate\n".repeat(200_000));
    sheets.push([b"plate,".repeat(300_000), b"\n".to_vec()].concat());
    sheets.push(b"\"".repeat(1_000_000));
    sheets.push(b"\x1f\x8b\x08\0\0\0\0\0PK\x03\x04".to_vec());
    sheets.push(b"plate,holder\nAB123,\"\x00\"\n".to_vec());
    for sheet in sheets {
        let path = "/api/v1/permits/import?dry_run=true";
        let answer = admin.send("POST", path, Some("text/csv"), sheet).await;
        is_harmless("a sheet", &answer);
    }
    let changed = differences(&before, &world.hub.rows().await);
    assert!(changed.is_empty(), "{changed:?}");
}
