//! The door as strangers meet it: hosts, paths, proxies, networks, other sites' pages.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use serde_json::json;

use super::Config;
use super::door;
use super::door::Door;
use super::routes;
use super::testing::Answer;
use super::testing::Person;
use super::testing::TestHub;

async fn asked(person: &Person, path: &str, headers: &[(&str, &str)]) -> Answer {
    person.send_with("GET", path, headers, Vec::new()).await
}

/// SE-35, ThingsBoard CVE-2020-27687: only the hub's own names are answered, so that no link or cache can be poisoned.
#[tokio::test]
async fn a_foreign_or_doubtful_host_is_refused() {
    let hub = TestHub::with(&Config {
        hosts: vec!["gate.example".into()],
        ..Config::default()
    })
    .await;
    let person = hub.admin().await;
    for ours in [
        "localhost",
        "LOCALHOST:8443",
        "hub.example.",
        "gate.example:1",
    ] {
        let answer = asked(&person, "/api/v1/sites", &[("host", ours)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{ours}");
    }
    for foreign in [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8443",
        "localhost@evil.example",
        "hub.example/x",
        "192.0.2.1",
        "",
        "a b",
    ] {
        for path in ["/", "/health", "/api/v1/sites", "/docs/index.html"] {
            let answer = asked(&person, path, &[("host", foreign)]).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{foreign} {path}");
            assert_eq!(answer.refused_fields(), ["host"], "{foreign}");
            if !foreign.is_empty() {
                let shown = answer.text();
                assert!(!shown.contains(foreign), "the answer repeats it: {shown}");
            }
        }
    }
    let twice = [("host", "localhost"), ("host", "evil.example")];
    assert_eq!(asked(&person, "/", &twice).await.status, 400);
    let absolute = asked(&person, "https://evil.example/health", &[]).await;
    assert_eq!(absolute.refused_fields(), ["host"]);
}

/// SE-30, Home Assistant CVE-2023-27482: a path that climbs or hides what it means is refused before any route, and
/// whatever a right guards stays guarded in every spelling.
#[tokio::test]
async fn a_path_that_climbs_or_hides_is_refused_in_every_spelling() {
    let hub = TestHub::new().await;
    for person in [hub.stranger(), hub.admin().await] {
        for path in [
            "/../etc/passwd",
            "/docs/../api/v1/accounts",
            "/docs/..%2fapi/v1/accounts",
            "/docs/%2e%2e/api/v1/accounts",
            "/docs/%2E%2E%2Fapi%2Fv1%2Faccounts",
            "/docs/%252e%252e%252fapi",
            "/docs/%25252e%25252e/api",
            "/docs/..%5c..%5cetc",
            "/docs/..%255cetc",
            "/docs/%c0%ae%c0%ae/etc",
            "/docs/index.html%00.png",
            "/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "/api/v1/%61ccounts/..%2f..",
            "/api/v1/passages/x/pictures/..%2f..%2fsecrets.key",
            "/api/v1/permits%0d%0aset-cookie:%20x=1",
            "/docs/%zz",
            "/docs/%25252525252525252e",
        ] {
            let answer = person.get(path).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
            assert_eq!(answer.refused_fields(), ["path"], "{path}");
        }
        // The remaining spellings of a guarded path are the path itself, or nothing.
        for path in [
            "//api/v1/accounts",
            "/api//v1/accounts",
            "/API/V1/ACCOUNTS",
            "/api/v1/accounts/",
        ] {
            let answer = person.get(path).await;
            assert!(!answer.text().contains("\"items\""), "{path}: {answer:?}");
        }
    }
    let spelt = hub.stranger().get("/api/v1/%61ccounts").await;
    assert_ne!(spelt.status, StatusCode::OK, "{spelt:?}");
    for fine in [
        "/",
        "/api/v1/permits.csv",
        "/gates/front%20gate",
        "/a/%C3%A9",
        "/50%25",
    ] {
        assert_eq!(door::path_fault(fine), None, "{fine}");
    }
}

/// SE-24, SE-25, SE-26: what only could be refused is refused from the head, on every route, and no byte of it is read.
#[tokio::test]
async fn no_route_reads_a_body_that_is_too_large_packed_or_of_another_type() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    let mut seen = 0;
    for line in routes::table() {
        if line.method == "GET" {
            continue;
        }
        let path = line
            .path
            .replace("{id}", "00000000-0000-7000-8000-000000000000")
            .replace("{camera}", "front");
        let item = serde_json::to_value(&line.paths).unwrap();
        let pointer = format!(
            "/{}/{}/requestBody/content",
            line.path.replace('/', "~1"),
            line.method.to_lowercase()
        );
        let media = item
            .pointer(&pointer)
            .and_then(|content| content.as_object()?.keys().next().cloned());
        let send = async |media: &str, more: (&str, &str), bytes: usize| {
            let headers = [("content-type", media), more];
            let body = vec![b' '; bytes];
            admin.send_with(line.method, &path, &headers, body).await
        };
        let none = ("x-none", "");
        let name = format!("{} {path}", line.method);
        match &media {
            Some(media) => {
                let large = send(media, none, line.body_bytes + 1).await;
                assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE, "{name}");
                let packed = send(media, ("content-encoding", "gzip"), 10).await;
                assert_eq!(packed.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name}");
                let odd = format!("{media}; charset=utf-16");
                for media in [
                    "text/plain",
                    "application/xml",
                    "multipart/form-data",
                    odd.as_str(),
                ] {
                    let other = send(media, none, 10).await;
                    assert_eq!(other.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name}");
                }
            }
            None => {
                let body = send("application/json", none, 3).await;
                assert_eq!(
                    body.status,
                    StatusCode::BAD_REQUEST,
                    "{name}: {}",
                    body.text()
                );
                assert_eq!(body.refused_fields(), ["body"], "{name}");
            }
        }
        seen += 1;
    }
    assert!(seen > 20, "{seen} routes were tried");
}

fn way(
    door: &Door,
    peer: &str,
    headers: &[(&'static str, &str)],
) -> (String, bool, Option<String>) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    let way = door.way(peer.parse::<IpAddr>().unwrap(), &map);
    (way.address.to_string(), way.was_plain, way.number)
}

/// SE-22, SE-36: what proxies say is believed from the configured networks only, and only as far as they are.
#[test]
fn forwarded_addresses_are_believed_from_proxies_only() {
    let config = Config {
        proxies: vec!["10.0.0.0/24".parse().unwrap(), "fd00::/64".parse().unwrap()],
        ..Config::default()
    };
    let door = Door::new(&config, &[]);
    let of = |peer: &str, told: &str| way(&door, peer, &[("x-forwarded-for", told)]).0;
    assert_eq!(of("192.0.2.1", "198.51.100.7"), "192.0.2.1", "no proxy");
    assert_eq!(of("10.0.0.9", "198.51.100.7"), "198.51.100.7");
    assert_eq!(of("::ffff:10.0.0.9", "198.51.100.7"), "198.51.100.7");
    assert_eq!(of("fd00::1", "[2001:db8::7]:443"), "2001:db8::7");
    assert_eq!(of("10.0.0.9", "198.51.100.7:5000"), "198.51.100.7");
    // The client's own claim stands further left, and counts for nothing.
    assert_eq!(
        of("10.0.0.9", "127.0.0.1, 198.51.100.7, 10.0.0.8"),
        "198.51.100.7"
    );
    assert_eq!(of("10.0.0.9", "127.0.0.1, garbage, 10.0.0.8"), "10.0.0.8");
    assert_eq!(of("10.0.0.9", ""), "10.0.0.9");
    let headers = [("x-forwarded-proto", "http"), ("x-request-id", "waf-1")];
    assert_eq!(
        way(&door, "192.0.2.1", &headers),
        ("192.0.2.1".into(), false, None)
    );
    assert_eq!(
        way(&door, "10.0.0.9", &headers),
        ("10.0.0.9".into(), true, Some("waf-1".into()))
    );
    let odd = [("x-request-id", "a\tb")];
    assert_eq!(way(&door, "10.0.0.9", &odd).2, None);
}

/// SE-36, SE-43: behind a proxy the hub knows who calls, and sends plain HTTP to HTTPS.
#[tokio::test]
async fn behind_a_proxy_the_hub_knows_who_calls_and_keeps_to_https() {
    let hub = TestHub::with(&Config {
        proxies: vec!["192.0.2.0/24".parse().unwrap()],
        ..Config::default()
    })
    .await;
    let refused = asked(
        &hub.viewer().await,
        "/api/v1/accounts",
        &[("x-forwarded-for", "203.0.113.5")],
    )
    .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let trail = hub
        .admin()
        .await
        .get("/api/v1/audit?action=access.refused")
        .await
        .json();
    assert_eq!(trail["items"][0]["address"], "203.0.113.5");
    let plain = asked(
        &hub.stranger(),
        "/passages?page=2",
        &[("x-forwarded-proto", "http")],
    )
    .await;
    assert_eq!(plain.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(
        plain.headers[header::LOCATION],
        "https://localhost/passages?page=2"
    );
    let admin = hub.admin().await;
    let headers = [
        ("x-forwarded-proto", "http"),
        ("content-type", "application/json"),
    ];
    let write = admin
        .send_with("POST", "/api/v1/permits", &headers, b"{}".to_vec())
        .await;
    assert_eq!(write.status, StatusCode::FORBIDDEN);
    let numbered = asked(&hub.stranger(), "/health", &[("x-request-id", "waf-77")]).await;
    assert_eq!(numbered.headers["x-request-id"], "waf-77");
}

/// SE-22: people use the console from the networks named; programs with a key and probes come from anywhere.
#[tokio::test]
async fn the_console_is_open_to_its_networks_only() {
    let hub = TestHub::with(&Config {
        console_networks: vec![
            "198.51.100.0/24".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ],
        ..Config::default()
    })
    .await;
    let mut admin = hub.admin().await;
    for inside in [
        "198.51.100.7:1",
        "[::ffff:198.51.100.7]:1",
        "[2001:db8::7]:1",
    ] {
        admin.address = inside;
        assert_eq!(
            admin.get("/api/v1/sites").await.status,
            StatusCode::OK,
            "{inside}"
        );
    }
    let key = json!({ "name": "counter", "rights": ["view_fleet"], "expires_at": null });
    let made = admin.post("/api/v1/keys", key).await.json();
    admin.address = "192.0.2.7:1";
    for path in [
        "/",
        "/api/v1/sites",
        "/api/v1/setup",
        "/docs/index.html",
        "/openapi.json",
    ] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let log_in = json!({ "name": "x", "password": "y" });
    let log_in = hub.stranger().post("/api/v1/session", log_in).await;
    assert_eq!(log_in.status, StatusCode::FORBIDDEN);
    for path in ["/health", "/ready", "/authority.crt"] {
        assert_eq!(
            hub.stranger().get(path).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
    // A word that is no key opens nothing, neither beside a cookie nor beside a password.
    let odd = [("authorization", "Bearer x")];
    assert_ne!(
        asked(&hub.stranger(), "/api/v1/sites", &odd).await.status,
        StatusCode::OK
    );
    let beside = asked(&admin, "/api/v1/sites", &odd).await;
    assert_ne!(beside.status, StatusCode::OK, "{beside:?}");
    let mut program = hub.stranger();
    made["secret"]
        .as_str()
        .unwrap()
        .clone_into(&mut program.key);
    assert_eq!(program.get("/api/v1/sites").await.status, StatusCode::OK);
}

/// SE-34: pages of the named sites may call with a key; others get no word of it.
#[tokio::test]
async fn other_sites_get_no_cors_headers() {
    let hub = TestHub::with(&Config {
        origins: vec!["https://app.example".into()],
        ..Config::default()
    })
    .await;
    let told = |answer: &Answer| -> Vec<String> {
        let names = answer.headers.keys().map(ToString::to_string);
        names
            .filter(|name| name.starts_with("access-control-"))
            .collect()
    };
    let ask = |origin: &'static str| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization"),
        ]
    };
    let person = hub.stranger();
    let ours = person
        .send_with(
            "OPTIONS",
            "/api/v1/permits",
            &ask("https://app.example"),
            Vec::new(),
        )
        .await;
    assert_eq!(
        ours.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN],
        "https://app.example"
    );
    assert!(!told(&ours).contains(&"access-control-allow-credentials".to_owned()));
    for foreign in [
        "https://evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "null",
    ] {
        let preflight = person
            .send_with("OPTIONS", "/api/v1/permits", &ask(foreign), Vec::new())
            .await;
        assert_eq!(told(&preflight), Vec::<String>::new(), "{foreign}");
        let plain = asked(&person, "/health", &[("origin", foreign)]).await;
        assert_eq!(told(&plain), Vec::<String>::new(), "{foreign}");
    }
    // A key in a page of a named site works; a session, whose cookie a browser would bring along, does not.
    let admin = hub.admin().await;
    let key = json!({ "name": "app", "rights": ["edit_permits"], "expires_at": null });
    let made = admin.post("/api/v1/keys", key).await.json();
    let mut app = hub.stranger();
    made["secret"].as_str().unwrap().clone_into(&mut app.key);
    let headers = [
        ("origin", "https://app.example"),
        ("sec-fetch-site", "cross-site"),
        ("content-type", "application/json"),
    ];
    let body = || br#"{"plate":"APP1"}"#.to_vec();
    let by_key = app
        .send_with("POST", "/api/v1/permits", &headers, body())
        .await;
    assert_eq!(by_key.status, StatusCode::CREATED, "{}", by_key.text());
    let by_session = admin
        .send_with("POST", "/api/v1/permits", &headers, body())
        .await;
    assert_eq!(by_session.status, StatusCode::FORBIDDEN);
    let nobody = TestHub::new().await.stranger();
    let none = nobody
        .send_with(
            "OPTIONS",
            "/api/v1/permits",
            &ask("https://app.example"),
            Vec::new(),
        )
        .await;
    assert_eq!(told(&none), Vec::<String>::new());
}

/// SE-29, go2rtc CVE-2024-29192: over HTTP/2, where the host is no header, an older browser's origin is compared, too.
#[tokio::test]
async fn the_origin_of_a_write_is_compared_over_http_2_too() {
    let hub = TestHub::new().await;
    let admin = hub.admin().await;
    for (origin, expected) in [("https://evil.example", 403), ("https://hub.example", 204)] {
        let headers = [("host", "hub.example"), ("origin", origin)];
        let path = "https://hub.example/api/v1/session";
        let answer = admin.send_with("DELETE", path, &headers, Vec::new()).await;
        assert_eq!(answer.status.as_u16(), expected, "{origin}");
    }
}
