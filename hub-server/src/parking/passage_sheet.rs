//! Passages as rows of a CSV sheet for people: words, names and times as lists show them.
//!
//! A cell that a spreadsheet would take for a formula leaves with a quote before it.

use super::passages::Passage;
use super::permit_sheet::guard;
use super::words;

/// The columns.
pub const HEAD: [&str; 18] = [
    "time",
    "plate",
    "outcome",
    "reason",
    "site",
    "gate",
    "direction",
    "camera",
    "heading",
    "vehicle_type",
    "vehicle_colour",
    "expected_type",
    "expected_colour",
    "confidence",
    "permit_plate",
    "permit_holder",
    "ended",
    "id",
];

/// The first line, with what tells spreadsheets that this is UTF-8.
pub fn head() -> Result<Vec<u8>, csv::Error> {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    let mut writer = csv::Writer::from_writer(&mut bytes);
    writer.write_record(HEAD)?;
    writer.flush()?;
    drop(writer);
    Ok(bytes)
}

/// One line per passage.
pub fn lines(passages: &[Passage]) -> Result<Vec<u8>, csv::Error> {
    let mut bytes = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut bytes);
    for passage in passages {
        writer.write_record(cells(passage).map(guard))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(bytes)
}

fn cells(passage: &Passage) -> [String; 18] {
    let vehicle = passage.vehicle.as_ref();
    let mismatch = passage.mismatch.as_ref();
    let permit = passage.permit.as_ref();
    let word = |word: Option<String>| word.unwrap_or_default();
    [
        passage.at.to_string(),
        word(passage.plate.as_ref().map(ToString::to_string)),
        words::word(&passage.outcome),
        words::word(&passage.reason),
        passage.site.name.clone(),
        passage.gate.name.clone(),
        words::word(&passage.direction),
        passage.camera.clone(),
        word(passage.heading.map(|one| words::word(&one))),
        word(
            vehicle
                .and_then(|seen| seen.kind)
                .map(|one| words::word(&one)),
        ),
        word(
            vehicle
                .and_then(|seen| seen.colour)
                .map(|one| words::word(&one)),
        ),
        word(
            mismatch
                .and_then(|said| said.kind)
                .map(|one| words::word(&one)),
        ),
        word(
            mismatch
                .and_then(|said| said.colour)
                .map(|one| words::word(&one)),
        ),
        word(passage.confidence.map(|sure| sure.to_string())),
        word(permit.map(|permit| permit.plate.clone())),
        word(permit.map(|permit| permit.holder.clone())),
        word(passage.ended_at.map(|at| at.to_string())),
        passage.id.to_string(),
    ]
}
