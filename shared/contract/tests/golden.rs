//! Every message ever sent can still be read: the recorded bytes in `golden/` decode, and say what they said.
//!
//! One file a version of the protocol, one line a message: its name, its kind, its body in hex. A line is never
//! changed or removed; a new message or a new field adds lines.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::too_many_lines,
    reason = "one list of samples, one entry a message"
)]

use std::collections::BTreeSet;

use contract::area::Areas;
use contract::camera::*;
use contract::directive::Directive;
use contract::directive::Instruction;
use contract::directive::Order;
use contract::event::*;
use contract::ids::*;
use contract::permit::*;
use contract::plate::*;
use contract::region::*;
use contract::sighting::*;
use contract::time::*;
use contract::vehicle::*;
use contract::verdict::*;
use contract::wire::*;

const VERSION_1: &str = include_str!("golden/version-1.txt");

#[test]
fn the_bytes_of_version_1_still_mean_what_they_meant() {
    let recorded: Vec<&str> = VERSION_1
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    for (line, (name, kind, bytes)) in recorded.iter().zip(samples()) {
        assert_eq!(
            *line,
            format!("{name} {kind} {}", hex(&bytes)),
            "{name} was written otherwise"
        );
    }
    assert_eq!(
        recorded.len(),
        samples().len(),
        "each sample has its line:\n{}",
        lines()
    );
}

#[test]
fn every_recorded_body_is_read_by_its_kind() {
    for line in VERSION_1.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (name, kind, body) = (
            words.next().unwrap(),
            words.next().unwrap(),
            words.next().unwrap(),
        );
        let kind = kind.parse().unwrap();
        let body = unhex(body);
        let known = match name.strip_prefix("fact/") {
            Some(_) => Fact::decode(kind, &body).unwrap().is_some(),
            None => Message::parse(kind, &body).unwrap().is_some(),
        };
        assert!(known, "{name} is not known any more");
    }
}

#[test]
fn a_read_from_before_regions_has_none_and_is_written_as_before() {
    let bytes = minicbor::to_vec(read()).unwrap();
    // An array of six: the region, which is none, takes no byte.
    assert_eq!(bytes[0], 0x86);
    let old: PlateRead = minicbor::decode(&bytes).unwrap();
    assert_eq!(old.region, None);
    let mut json = serde_json::to_value(read()).unwrap();
    assert!(json.get("region").is_none());
    let kept: PlateRead = serde_json::from_value(json.take()).unwrap();
    assert_eq!(kept, read());
}

#[test]
fn an_end_with_a_heading_of_a_newer_build_is_read_without_it() {
    // As the recorded line of a leaving vehicle, with a way that this build does not know.
    let passage = "01".repeat(16);
    let bytes = unhex(&format!("8550{passage}1403870102030405060709"));
    let Some(Fact::PassageEnded(ended)) = Fact::decode(4, &bytes).unwrap() else {
        panic!("kind 4 is the end of a passage");
    };
    assert_eq!((ended.heading, ended.frames), (None, 3));
}

#[test]
fn a_verdict_from_before_probabilities_has_none() {
    // [Ask, Ambiguous, no permit, version 4], as builds before wrote it.
    let bytes = unhex("840208f604");
    let verdict: Verdict = minicbor::decode(&bytes).unwrap();
    assert_eq!((verdict.probability, verdict.runner_up), (None, None));
    assert_eq!(verdict.book_version, 4);
    assert_eq!(
        minicbor::to_vec(&verdict).unwrap(),
        bytes,
        "and is written as before"
    );
}

#[test]
fn every_kind_has_a_recorded_line() {
    let recorded: BTreeSet<String> = samples()
        .into_iter()
        .map(|(name, kind, _)| format!("{} {kind}", name.split('/').next().unwrap()))
        .collect();
    for kind in 1..=18 {
        assert!(
            recorded.contains(&format!("message {kind}")),
            "no golden bytes of message {kind}"
        );
    }
    for kind in 1..=12 {
        assert!(
            recorded.contains(&format!("fact {kind}")),
            "no golden bytes of fact {kind}"
        );
    }
}

fn lines() -> String {
    samples()
        .iter()
        .map(|(name, kind, bytes)| format!("{name} {kind} {}\n", hex(bytes)))
        .collect()
}

fn samples() -> Vec<(String, u16, Vec<u8>)> {
    let facts = facts().into_iter().map(|fact| {
        (
            format!("fact/{}", fact.kind_name()),
            fact.kind(),
            fact.encode(),
        )
    });
    let messages = messages().into_iter().map(|(name, message)| {
        (
            format!("message/{name}"),
            message.kind(),
            message.to_frame()[HEADER..].to_vec(),
        )
    });
    facts.chain(messages).collect()
}

fn uuid(byte: u8) -> uuid::Uuid {
    uuid::Uuid::from_bytes([byte; 16])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn read() -> PlateRead {
    let text = Plate::parse("AB12CDE").unwrap();
    PlateRead {
        text: text.clone(),
        confidence: 0.75,
        corners: [[1.0, 2.0], [3.0, 2.0], [3.0, 4.0], [1.0, 4.5]],
        detection: 0.5,
        candidates: vec![Candidate {
            text,
            confidence: 0.75,
        }],
        characters: vec![Character {
            options: vec![('A', 0.75), ('4', 0.25)],
        }],
        region: None,
    }
}

fn stages() -> Stages {
    Stages {
        capture_us: 1,
        decode_us: 2,
        detect_us: 3,
        read_us: 4,
        decide_us: 5,
        record_us: 6,
        actuate_us: 7,
        vehicle_us: 0,
    }
}

fn facts() -> Vec<Fact> {
    vec![
        Fact::Started(Started {
            version: "0.1.0".into(),
            clean: true,
        }),
        Fact::Judged(Judged {
            sighting: Sighting {
                passage: PassageId(uuid(1)),
                plate: Some(read()),
                first_seen: at(10),
                last_seen: at(20),
                frames: 3,
                camera: "front".into(),
                heading: None,
                vehicle: None,
            },
            verdict: Verdict {
                outcome: Outcome::Open,
                reason: Reason::Permitted,
                permit: Some(PermitId(uuid(2))),
                book_version: 4,
                probability: None,
                runner_up: None,
            },
            direction: Direction::Entry,
            stages: stages(),
            evidence: vec![Evidence {
                kind: EvidenceKind::Crop,
                sha256: [7; 32],
                size_bytes: 99,
                media_type: "image/jpeg".into(),
            }],
            models: vec!["plate-reader@1".into()],
            mismatch: None,
        }),
        Fact::BarrierMoved(BarrierMoved {
            action: BarrierAction::Open,
            cause: Cause::Passage(PassageId(uuid(1))),
        }),
        Fact::BarrierMoved(BarrierMoved {
            action: BarrierAction::HoldOpen,
            cause: Cause::Order(OrderId(uuid(3))),
        }),
        Fact::BarrierMoved(BarrierMoved {
            action: BarrierAction::Close,
            cause: Cause::HoldOver,
        }),
        Fact::PassageEnded(PassageEnded {
            passage: PassageId(uuid(1)),
            last_seen: at(20),
            frames: 3,
            stages: stages(),
            heading: None,
        }),
        Fact::PassageEnded(PassageEnded {
            passage: PassageId(uuid(1)),
            last_seen: at(20),
            frames: 3,
            stages: stages(),
            heading: Some(Heading::Leaving),
        }),
        Fact::InputChanged(InputChanged {
            input: "loop".into(),
            active: true,
        }),
        Fact::OrderDone(OrderDone {
            order: OrderId(uuid(3)),
            result: OrderResult::Blocked,
        }),
        Fact::CameraChanged(CameraChanged {
            camera: "front".into(),
            state: CameraState::Frozen,
            why: "still".into(),
        }),
        Fact::ModelChanged(ModelChanged {
            name: "plate-reader".into(),
            version: "1".into(),
            sha256: "ab".into(),
            input: "144x40".into(),
            classes: "0-9 A-Z".into(),
            loaded: true,
            why: String::new(),
        }),
        Fact::SpoolDamaged(SpoolDamaged {
            epoch: Some(5),
            lost: Some((6, 7)),
            why: "torn".into(),
        }),
        Fact::BookTaken(BookTaken {
            version: 4,
            permits: 2,
        }),
        Fact::Judged(Judged {
            sighting: Sighting {
                passage: PassageId(uuid(1)),
                plate: Some(PlateRead {
                    region: Some(Region {
                        code: "gb".into(),
                        confidence: 0.5,
                    }),
                    ..read()
                }),
                first_seen: at(10),
                last_seen: at(20),
                frames: 3,
                camera: "front".into(),
                heading: None,
                vehicle: None,
            },
            verdict: Verdict {
                outcome: Outcome::Open,
                reason: Reason::Permitted,
                permit: Some(PermitId(uuid(2))),
                book_version: 4,
                probability: None,
                runner_up: None,
            },
            direction: Direction::Entry,
            stages: stages(),
            evidence: Vec::new(),
            models: Vec::new(),
            mismatch: None,
        }),
        Fact::Judged(Judged {
            sighting: Sighting {
                passage: PassageId(uuid(1)),
                plate: Some(read()),
                first_seen: at(10),
                last_seen: at(20),
                frames: 3,
                camera: "front".into(),
                heading: Some(Heading::Approaching),
                vehicle: None,
            },
            verdict: Verdict {
                outcome: Outcome::Open,
                reason: Reason::Permitted,
                permit: Some(PermitId(uuid(2))),
                book_version: 4,
                probability: None,
                runner_up: None,
            },
            direction: Direction::Entry,
            stages: stages(),
            evidence: vec![Evidence {
                kind: EvidenceKind::Crop,
                sha256: [7; 32],
                size_bytes: 99,
                media_type: "image/jpeg".into(),
            }],
            models: vec!["plate-reader@1".into()],
            mismatch: None,
        }),
        Fact::Judged(Judged {
            sighting: Sighting {
                passage: PassageId(uuid(1)),
                plate: None,
                first_seen: at(10),
                last_seen: at(20),
                frames: 3,
                camera: "front".into(),
                heading: None,
                vehicle: Some(Vehicle {
                    kind: Some(VehicleType::Car),
                    kind_confidence: 0.75,
                    colour: None,
                    colour_confidence: 0.5,
                }),
            },
            verdict: Verdict {
                outcome: Outcome::Open,
                reason: Reason::Permitted,
                permit: Some(PermitId(uuid(2))),
                book_version: 4,
                probability: None,
                runner_up: None,
            },
            direction: Direction::Entry,
            stages: Stages {
                vehicle_us: 8,
                ..stages()
            },
            evidence: Vec::new(),
            models: Vec::new(),
            mismatch: Some(Description {
                kind: Some(VehicleType::Van),
                colour: Some(VehicleColour::Red),
            }),
        }),
        Fact::CameraSet(CameraSet {
            camera: "front".into(),
            revision: 3,
            refused: Some("fps: 99 is not from 1 to 15".into()),
        }),
        Fact::HeatChanged(HeatChanged {
            step: 2,
            most_fps: 8,
            is_coarse: true,
            celsius: Some(76.5),
            load: None,
        }),
        Fact::Judged(Judged {
            sighting: Sighting {
                passage: PassageId(uuid(1)),
                plate: None,
                first_seen: at(10),
                last_seen: at(20),
                frames: 3,
                camera: "front".into(),
                heading: Some(Heading::Leaving),
                vehicle: None,
            },
            verdict: Verdict {
                outcome: Outcome::Ask,
                reason: Reason::Ambiguous,
                permit: Some(PermitId(uuid(2))),
                book_version: 4,
                probability: Some(0.75),
                runner_up: Some(RunnerUp {
                    permit: PermitId(uuid(6)),
                    probability: 0.125,
                }),
            },
            direction: Direction::Exit,
            stages: stages(),
            evidence: Vec::new(),
            models: Vec::new(),
            mismatch: None,
        }),
    ]
}

fn messages() -> Vec<(&'static str, Message)> {
    let event = Event {
        seq: 1,
        at: Moment {
            wall: at(1),
            monotonic_ms: 2,
            boot: "boot".into(),
            quality: TimeQuality::Hub,
        },
        gate: Some(GateId(uuid(4))),
        kind: 1,
        body: vec![0x80].into(),
    };
    // The packed bytes are fixed: another release of zstd may pack otherwise, and must still unpack these.
    let plain = minicbor::to_vec(vec![event]).unwrap();
    let batch = Batch {
        epoch: 5,
        first_seq: 1,
        count: 1,
        packed: plain.into(),
    };
    let permit = Permit {
        id: PermitId(uuid(2)),
        plate: Plate::parse("AB12CDE").unwrap(),
        valid_from: Some(at(1)),
        valid_until: None,
        schedule: WeekSchedule {
            spans: vec![Span {
                weekday: 0,
                from_minute: 480,
                until_minute: 1080,
            }],
        },
        gates: vec![GateId(uuid(4))],
        denied: false,
        vehicle: None,
    };
    let described = PermitBook {
        version: 5,
        time_zone: "Europe/Madrid".into(),
        permits: vec![Permit {
            vehicle: Some(Description {
                kind: None,
                colour: Some(VehicleColour::Green),
            }),
            ..permit.clone()
        }],
    };
    let book = PermitBook {
        version: 4,
        time_zone: "Europe/Madrid".into(),
        permits: vec![permit],
    };
    let order = Order {
        id: OrderId(uuid(3)),
        gate: GateId(uuid(4)),
        action: BarrierAction::Open,
        given_at: at(1),
        holds_ms: 10_000,
    };
    let directives = vec![
        Directive {
            number: 1,
            instruction: Instruction::TakeBook(book),
        },
        Directive {
            number: 2,
            instruction: Instruction::Order(order),
        },
    ];
    vec![
        (
            "Hello",
            Hello {
                edge: EdgeId(uuid(5)),
                epoch: 5,
                first_seq: 1,
                next_seq: 2,
                boot: "boot".into(),
                version: "0.1.0".into(),
                directives_through: 3,
                book_version: 4,
            }
            .into(),
        ),
        (
            "Welcome",
            Welcome {
                generation: 1,
                through: 2,
                time: at(3),
                term: 4,
                newest_sha256: None,
            }
            .into(),
        ),
        (
            "Refusal",
            Refusal {
                code: "busy".into(),
                message: "later".into(),
            }
            .into(),
        ),
        ("Batch", batch.into()),
        (
            "Ack",
            Ack {
                generation: 1,
                epoch: 5,
                through: 2,
            }
            .into(),
        ),
        (
            "Gap",
            Gap {
                epoch: 5,
                expected: 2,
                got: 4,
            }
            .into(),
        ),
        (
            "Directives",
            Directives {
                term: 1,
                sent_at: at(2),
                directives,
            }
            .into(),
        ),
        ("DirectiveAck", DirectiveAck { through: 2 }.into()),
        (
            "PictureOffer",
            PictureOffer {
                passage: PassageId(uuid(1)),
                kind: EvidenceKind::Frame,
                sha256: [7; 32],
                size_bytes: 99,
                media_type: "image/jpeg".into(),
            }
            .into(),
        ),
        (
            "PictureAnswer",
            PictureAnswer {
                state: PictureState::Wanted,
            }
            .into(),
        ),
        (
            "TimeRequest",
            TimeRequest {
                sent_monotonic_ms: 7,
            }
            .into(),
        ),
        (
            "TimeReply",
            TimeReply {
                sent_monotonic_ms: 7,
                time: at(8),
            }
            .into(),
        ),
        (
            "EnrolRequest",
            EnrolRequest {
                code: "CODE".into(),
                request: vec![1, 2].into(),
                machine: "pi".into(),
            }
            .into(),
        ),
        (
            "EnrolReply",
            EnrolReply {
                edge: EdgeId(uuid(5)),
                certificate: vec![1].into(),
                authority: vec![2].into(),
                gates: vec![EnrolledGate {
                    id: GateId(uuid(4)),
                    name: "North".into(),
                    direction: Direction::Exit,
                }],
                time: at(9),
            }
            .into(),
        ),
        (
            "Directives",
            Directives {
                term: 1,
                sent_at: at(2),
                directives: vec![Directive {
                    number: 3,
                    instruction: Instruction::TakeBook(described),
                }],
            }
            .into(),
        ),
        (
            "CameraDirectives",
            CameraDirectives {
                term: 1,
                cameras: vec![
                    CameraDirective {
                        gate: GateId(uuid(4)),
                        camera: "front".into(),
                        revision: 3,
                        settings: Some(camera_settings()),
                    },
                    CameraDirective {
                        gate: GateId(uuid(4)),
                        camera: "rear".into(),
                        revision: 4,
                        settings: None,
                    },
                ],
            }
            .into(),
        ),
        (
            "CameraReport",
            CameraReport {
                gate: GateId(uuid(4)),
                camera: "front".into(),
                revision: 3,
                in_force: camera_settings(),
                own: CameraSettings {
                    fps: 10,
                    areas: Areas::default(),
                },
                camera_fps: 25.0,
                allowed_fps: 8,
                looked_fps: 5.5,
                last_frame: Some(at(9)),
            }
            .into(),
        ),
        (
            "SnapshotRequest",
            SnapshotRequest {
                id: 7,
                gate: GateId(uuid(4)),
                camera: "front".into(),
            }
            .into(),
        ),
        (
            "Snapshot",
            Snapshot {
                id: 7,
                at: at(9),
                size_bytes: 99,
                why: String::new(),
            }
            .into(),
        ),
    ]
}

fn camera_settings() -> CameraSettings {
    CameraSettings {
        fps: 6,
        areas: Areas {
            include: vec![vec![[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]]],
            exclude: Vec::new(),
        },
    }
}

/// GR-06: whatever polygons arrive, they are judged and none panics; what can't be a polygon is no message.
#[test]
fn a_camera_directive_that_is_nonsense_is_read_and_judged_or_refused() {
    let mut wild = camera_settings();
    wild.fps = 200;
    wild.areas.include = vec![vec![[f32::NAN, f32::INFINITY], [-1.0, 2.0]]; 40];
    let bytes = minicbor::to_vec(&wild).unwrap();
    let read: CameraSettings = minicbor::decode(&bytes).unwrap();
    assert_eq!(read.faults().len(), 42);
    let message = Message::from(CameraDirectives {
        term: 1,
        cameras: Vec::new(),
    });
    let frame = message.to_frame();
    for cut in HEADER..frame.len() {
        assert!(Message::parse(15, &frame[HEADER..cut]).is_err());
    }
    // Three numbers are no corner; an array that claims to be long takes no memory before its items come.
    for body in ["8201818383f90000f90000f90000", "82019b7fffffffffffffff"] {
        assert!(Message::parse(15, &unhex(body)).is_err(), "{body}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&text[place..place + 2], 16).unwrap())
        .collect()
}
