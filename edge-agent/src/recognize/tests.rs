//! Tests of the probe.

use clap::Parser;

use super::*;

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn args(arguments: &[&str]) -> Args {
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");
    let usual = ["recognize", "--threads", "1", "--models", models];
    Cli::parse_from(usual.iter().chain(arguments)).args
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let jpeg = Picture::from_rgb(64, 48, vec![90; 64 * 48 * 3])
        .unwrap()
        .to_jpeg(90)
        .unwrap();
    std::fs::write(folder.path().join("a.jpg"), &jpeg).unwrap();
    std::fs::write(folder.path().join("b.jpg"), &jpeg[..jpeg.len() / 2]).unwrap();
    std::fs::create_dir(folder.path().join("deeper")).unwrap();
    std::fs::write(folder.path().join("deeper/c.jpg"), &jpeg).unwrap();
    folder
}

#[test]
fn each_picture_has_a_line_of_json_and_a_broken_one_does_not_stop_the_run() {
    let folder = folder();
    let path = folder.path().to_str().unwrap();
    let mut out = Vec::new();
    assert!(!run(&args(&["--json", path]), &mut out).unwrap());
    let lines: Vec<serde_json::Value> = out
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["width"], 64);
    assert_eq!(lines[0]["height"], 48);
    assert_eq!(lines[0]["plates"], serde_json::json!([]));
    assert_eq!(lines[0]["unread"], serde_json::json!([]));
    for stage in ["decode", "detect", "read", "vehicle", "total"] {
        assert!(lines[0]["millis"][stage].is_f64(), "{stage}");
    }
    assert!(lines[1]["file"].as_str().unwrap().ends_with("b.jpg"));
    assert!(lines[1]["error"].as_str().unwrap().contains("cut off"));
    assert!(lines[2]["file"].as_str().unwrap().ends_with("deeper/c.jpg"));
}

#[test]
fn a_plate_is_one_object_with_box_corners_and_candidates() {
    let plate = PlateRead {
        text: contract::plate::Plate::parse("AB12").unwrap(),
        confidence: 0.5,
        corners: [[1.0, 2.0], [11.0, 2.0], [11.0, 6.0], [1.0, 6.0]],
        detection: 0.9,
        candidates: vec![contract::plate::Candidate {
            text: contract::plate::Plate::parse("AB12").unwrap(),
            confidence: 0.5,
        }],
        characters: Vec::new(),
        region: None,
    };
    assert_eq!(
        serde_json::to_value(PlateLine::of(&plate, None)).unwrap(),
        serde_json::json!({
            "text": "AB12", "confidence": 0.5, "box": [1.0, 2.0, 10.0, 4.0],
            "corners": [[1.0, 2.0], [11.0, 2.0], [11.0, 6.0], [1.0, 6.0]],
            "candidates": [{"text": "AB12", "confidence": 0.5}],
        })
    );
}

#[test]
fn a_plate_that_could_not_be_read_is_told_with_its_box_and_without_a_text() {
    let plate = Unread {
        corners: [[1.0, 2.0], [11.0, 2.0], [11.0, 6.0], [1.0, 6.0]],
        detection: 0.75,
    };
    assert_eq!(
        serde_json::to_value(UnreadLine::of(&plate)).unwrap(),
        serde_json::json!({
            "box": [1.0, 2.0, 10.0, 4.0], "detection": 0.75,
            "corners": [[1.0, 2.0], [11.0, 2.0], [11.0, 6.0], [1.0, 6.0]],
        })
    );
}

#[test]
fn without_json_people_get_a_table() {
    let folder = folder();
    let mut out = Vec::new();
    let path = folder.path().join("a.jpg");
    assert!(run(&args(&[path.to_str().unwrap()]), &mut out).unwrap());
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("64x48"), "{text}");
}

#[test]
fn a_path_that_is_not_there_is_a_line_with_an_error() {
    let mut out = Vec::new();
    assert!(!run(&args(&["--json", "/no/such/picture.jpg"]), &mut out).unwrap());
    let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert!(line["error"].as_str().is_some());
}

#[test]
fn a_folder_without_models_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let arguments = Args {
        models: Some(empty.path().to_owned()),
        ..args(&["x.jpg"])
    };
    let error = run(&arguments, &mut Vec::new()).unwrap_err();
    assert!(format!("{error:#}").contains("models.toml"), "{error:#}");
}

/// VC-11
#[test]
fn the_look_of_a_plates_vehicle_stands_beside_the_stated_fields() {
    let look = Look {
        vehicle: contract::vehicle::Vehicle {
            kind: Some(contract::vehicle::VehicleType::Truck),
            kind_confidence: 0.75,
            colour: None,
            colour_confidence: 0.25,
        },
        classes: vec![("pickup", 0.5), ("truck", 0.25), ("car", 0.25)],
        colours: vec![(contract::vehicle::VehicleColour::Red, 0.25)],
    };
    assert_eq!(
        serde_json::to_value(VehicleLine::of(&look)).unwrap(),
        serde_json::json!({
            "type": "truck", "type_confidence": 0.75, "colour": null, "colour_confidence": 0.25,
            "classes": {"pickup": 0.5, "truck": 0.25, "car": 0.25}, "colours": {"red": 0.25},
        })
    );
}

/// VC-11
#[test]
fn a_picture_of_one_vehicle_is_told_without_a_plate_and_a_grey_one_has_no_colour() {
    let folder = folder();
    let path = folder.path().to_str().unwrap();
    let mut out = Vec::new();
    let asked = args(&["--json", "--vehicle-crops", path]);
    assert!(!run(&asked, &mut out).unwrap());
    let lines: Vec<serde_json::Value> = out
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["width"], 64);
    assert_eq!(lines[0]["vehicle"]["colour"], serde_json::Value::Null);
    assert!(lines[0]["vehicle"]["type_confidence"].is_f64());
    assert_eq!(lines[0]["vehicle"]["classes"].as_object().unwrap().len(), 7);
    assert!(lines[0]["millis"]["vehicle"].is_f64());
    assert!(lines[0].get("plates").is_none());
    assert!(lines[1]["error"].as_str().unwrap().contains("cut off"));
    let mut table = Vec::new();
    assert!(!run(&args(&["--vehicle-crops", path]), &mut table).unwrap());
    assert_eq!(String::from_utf8(table).unwrap().lines().count(), 4);
}
