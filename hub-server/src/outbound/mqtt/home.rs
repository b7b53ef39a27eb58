//! What is published, and how Home Assistant is told of it. Pure: a snapshot in, topics and payloads out.
//!
//! A barrier is a cover with a state and without a command topic: nothing that comes over MQTT moves a barrier.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: String,
    pub(super) is_retained: bool,
}

/// An organisation at one moment, as a home shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Its sites.
    pub sites: Vec<Site>,
    /// Its gates.
    pub gates: Vec<Gate>,
    /// Its edges.
    pub edges: Vec<Edge>,
}

/// A site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its identity.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Vehicles on it.
    pub on_site: i64,
}

/// A gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Its identity.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Whether its barrier was told to open last; none: it never was told anything.
    pub is_open: Option<bool>,
    /// The plate that was read last.
    pub plate: Option<String>,
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Its identity.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Whether it is connected.
    pub is_online: bool,
}

/// Where the hub says whether it is there.
pub(super) fn availability(prefix: &str) -> String {
    format!("{prefix}/status")
}

/// Where an event of this kind goes.
pub(super) fn event_topic(prefix: &str, kind: &str) -> String {
    format!("{prefix}/event/{kind}")
}

/// What Home Assistant is told of, by topic.
pub(super) fn discovery(
    prefix: &str,
    discovery: &str,
    shown: &Snapshot,
) -> BTreeMap<String, String> {
    let mut configs = BTreeMap::new();
    if discovery.is_empty() {
        return configs;
    }
    let mut add = |component: &str, kind: &str, id: Uuid, own: Value, device: (&str, &str)| {
        let unique = format!("gatewarden_{}_{kind}", id.simple());
        let mut config = json!({
            "unique_id": unique,
            "availability_topic": availability(prefix),
            "device": {
                "identifiers": [format!("gatewarden_{}", id.simple())],
                "name": device.0,
                "manufacturer": "Gatewarden",
                "model": device.1,
            },
            "origin": { "name": "Gatewarden", "sw_version": env!("CARGO_PKG_VERSION") },
        });
        if let (Value::Object(config), Value::Object(own)) = (&mut config, own) {
            config.extend(own);
        }
        configs.insert(
            format!("{discovery}/{component}/{unique}/config"),
            config.to_string(),
        );
    };
    for gate in &shown.gates {
        let device = (gate.name.as_str(), "Gate");
        let barrier = json!({
            "name": "Barrier", "device_class": "gate", "state_topic": state_topic(prefix, "gate", gate.id, "barrier"),
            "state_open": "open", "state_closed": "closed",
        });
        add("cover", "barrier", gate.id, barrier, device);
        let plate = json!({
            "name": "Last plate", "icon": "mdi:car", "state_topic": state_topic(prefix, "gate", gate.id, "plate"),
        });
        add("sensor", "plate", gate.id, plate, device);
    }
    for site in &shown.sites {
        let occupancy = json!({
            "name": "Vehicles on site", "icon": "mdi:parking", "state_class": "measurement",
            "unit_of_measurement": "vehicles", "state_topic": state_topic(prefix, "site", site.id, "occupancy"),
        });
        add(
            "sensor",
            "occupancy",
            site.id,
            occupancy,
            (&site.name, "Site"),
        );
    }
    for edge in &shown.edges {
        let online = json!({
            "name": "Online", "device_class": "connectivity", "payload_on": "ON", "payload_off": "OFF",
            "state_topic": state_topic(prefix, "edge", edge.id, "online"),
        });
        add(
            "binary_sensor",
            "online",
            edge.id,
            online,
            (&edge.name, "Edge"),
        );
    }
    configs
}

/// The states, by topic.
pub(super) fn states(prefix: &str, shown: &Snapshot) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    for gate in &shown.gates {
        if let Some(is_open) = gate.is_open {
            let word = if is_open { "open" } else { "closed" };
            states.insert(
                state_topic(prefix, "gate", gate.id, "barrier"),
                word.to_owned(),
            );
        }
        if let Some(plate) = &gate.plate {
            states.insert(state_topic(prefix, "gate", gate.id, "plate"), plate.clone());
        }
    }
    for site in &shown.sites {
        states.insert(
            state_topic(prefix, "site", site.id, "occupancy"),
            site.on_site.to_string(),
        );
    }
    for edge in &shown.edges {
        let word = if edge.is_online { "ON" } else { "OFF" };
        states.insert(
            state_topic(prefix, "edge", edge.id, "online"),
            word.to_owned(),
        );
    }
    states
}

/// What changed from what was published to what is: new and other values, and nothing for what is gone.
pub(super) fn changes(
    published: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> Vec<Message> {
    let retained = |topic: &String, payload: &str| Message {
        topic: topic.clone(),
        payload: payload.to_owned(),
        is_retained: true,
    };
    let set = wanted
        .iter()
        .filter(|(topic, payload)| published.get(*topic) != Some(payload))
        .map(|(topic, payload)| retained(topic, payload));
    // An empty retained message takes a topic away.
    let gone = published
        .keys()
        .filter(|topic| !wanted.contains_key(*topic))
        .map(|topic| retained(topic, ""));
    set.chain(gone).collect()
}

fn state_topic(prefix: &str, what: &str, id: Uuid, part: &str) -> String {
    format!("{prefix}/{what}/{id}/{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Snapshot {
        Snapshot {
            sites: vec![Site {
                id: Uuid::from_u128(1),
                name: "Main".into(),
                on_site: 3,
            }],
            gates: vec![Gate {
                id: Uuid::from_u128(2),
                name: "North".into(),
                is_open: Some(true),
                plate: Some("AB123".into()),
            }],
            edges: vec![Edge {
                id: Uuid::from_u128(3),
                name: "pi".into(),
                is_online: true,
            }],
        }
    }

    #[test]
    fn a_barrier_is_announced_as_a_cover_that_nothing_over_mqtt_moves() {
        let configs = discovery("gw", "homeassistant", &shown());
        assert_eq!(configs.len(), 4);
        for (topic, config) in &configs {
            let config: Value = serde_json::from_str(config).unwrap();
            assert!(config.get("command_topic").is_none(), "{topic}");
            assert_eq!(config["availability_topic"], "gw/status");
            let state = config["state_topic"].as_str().unwrap();
            assert!(states("gw", &shown()).contains_key(state), "{state}");
        }
        let cover =
            "homeassistant/cover/gatewarden_00000000000000000000000000000002_barrier/config";
        assert!(configs[cover].contains("\"device_class\":\"gate\""));
        assert!(discovery("gw", "", &shown()).is_empty());
    }

    #[test]
    fn only_what_changed_is_published_and_what_is_gone_is_taken_away() {
        let before = states("gw", &shown());
        let mut after = shown();
        after.sites[0].on_site = 4;
        after.edges.clear();
        let messages = changes(&before, &states("gw", &after));
        let payloads: Vec<&str> = messages.iter().map(|one| one.payload.as_str()).collect();
        assert_eq!(payloads, ["4", ""]);
        assert!(messages.iter().all(|one| one.is_retained));
        assert!(changes(&before, &before).is_empty());
    }
}
