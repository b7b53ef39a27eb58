//! A recorded drive through two sets of models.

use super::*;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn args(from: PathBuf, candidate: &Path) -> Args {
    Args {
        from,
        models: Some(repository().join("models")),
        models_candidate: candidate.to_owned(),
        json: true,
        permits: None,
        each_picture: false,
        pace: Duration::from_millis(200),
        threads: 1,
    }
}

fn lines(args: &Args) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    run(args, &mut out).unwrap();
    out.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// The first cars of the drive, a picture that is none, and a file of permits.
fn recorded(frames: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..frames {
        let name = format!("{number:03}.jpg");
        let from = repository().join("samples/drive").join(&name);
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("002b.jpg"), b"\xff\xd8 no picture").unwrap();
    std::fs::write(
        folder.path().join("permits.csv"),
        "plate,holder\nBKX 4711,Anna\n",
    )
    .unwrap();
    folder
}

#[test]
fn a_replay_shows_the_passages_of_both_models_with_their_verdicts() {
    let folder = recorded(24);
    let mut args = args(folder.path().to_owned(), &repository().join("models"));
    args.permits = Some(folder.path().join("permits.csv"));
    let lines = lines(&args);
    let summary = &lines.last().unwrap()["summary"];
    assert_eq!(summary["frames"], 24);
    assert_eq!(summary["unreadable"], 1);
    assert_eq!(
        (
            &summary["same"],
            &summary["changed"],
            &summary["gained"],
            &summary["lost"]
        ),
        (&2.into(), &0.into(), &0.into(), &0.into()),
        "{lines:?}"
    );
    assert_eq!(lines[0]["in_use"]["text"], "BKX4711");
    assert_eq!(lines[0]["candidate"]["verdict"], "open");
    assert_eq!(lines[1]["in_use"]["verdict"], "deny");
    assert!(lines[0]["files"][0].as_str().unwrap().ends_with(".jpg"));
    assert_eq!(
        summary["models"].as_array().unwrap(),
        summary["models_candidate"].as_array().unwrap()
    );
}

#[test]
fn people_get_a_table_with_a_line_of_counts() {
    let folder = recorded(9);
    let args = Args {
        json: false,
        ..args(folder.path().to_owned(), &repository().join("models"))
    };
    let mut out = Vec::new();
    run(&args, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains("1 same, 0 changed, 0 gained, 0 lost"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn candidate_models_that_are_missing_or_damaged_are_named() {
    let empty = tempfile::tempdir().unwrap();
    let error = run(&args("x".into(), empty.path()), &mut Vec::new()).unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("loading the candidate models") && text.contains("models.toml"),
        "{text}"
    );
    // The right list, and weights that are cut off.
    let models = repository().join("models");
    for entry in std::fs::read_dir(&models).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        let whole = entry
            .path()
            .extension()
            .is_none_or(|end| end != "safetensors");
        let kept = if whole { bytes.len() } else { bytes.len() / 2 };
        std::fs::write(empty.path().join(entry.file_name()), &bytes[..kept]).unwrap();
    }
    let error = run(&args("x".into(), empty.path()), &mut Vec::new()).unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("loading the candidate models") && text.contains("SHA-256"),
        "{text}"
    );
}

#[test]
fn a_recording_without_a_picture_and_a_bad_permit_file_are_named() {
    let models = repository().join("models");
    let empty = tempfile::tempdir().unwrap();
    assert!(run(&args(empty.path().to_owned(), &models), &mut Vec::new()).is_err());
    std::fs::write(empty.path().join("a.jpg"), b"\xff\xd8 no picture").unwrap();
    let error = run(&args(empty.path().to_owned(), &models), &mut Vec::new()).unwrap_err();
    assert!(format!("{error:#}").contains("no frame of"), "{error:#}");
    let permits = empty.path().join("permits.txt");
    std::fs::write(&permits, "BKX4711\nB<X\n").unwrap();
    let error = read_permits(&permits).unwrap_err();
    assert!(format!("{error:#}").contains("line 2"), "{error:#}");
}
