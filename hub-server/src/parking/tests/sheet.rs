//! The CSV sheet: what leaves comes back, what is hostile is named or defused.

use std::collections::BTreeMap;

use contract::ids::GateId;
use contract::ids::PermitId;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;
use proptest::prelude::*;
use uuid::Uuid;

use super::at;
use super::permits::terms;
use crate::parking::permit_sheet::LARGEST_BYTES;
use crate::parking::permit_sheet::SheetFault;
use crate::parking::permit_sheet::read;
use crate::parking::permit_sheet::write;
use crate::parking::permits::Permit;
use crate::parking::permits::Terms;

fn gates() -> BTreeMap<GateId, String> {
    [(5, "North"), (6, "South; old"), (7, "Twin"), (8, "Twin")]
        .into_iter()
        .map(|(id, name)| (GateId(Uuid::from_u128(id)), name.to_owned()))
        .collect()
}

fn read_utc(text: &str) -> Result<Vec<(u64, Terms)>, Vec<SheetFault>> {
    read(text.as_bytes(), &gates(), &jiff::tz::TimeZone::UTC)
}

fn sheet(terms: &[Terms]) -> String {
    let permits: Vec<Permit> = terms
        .iter()
        .map(|terms| Permit {
            id: PermitId(Uuid::nil()),
            terms: terms.clone(),
            withdrawn_at: None,
            created_at: at(0),
            updated_at: at(0),
        })
        .collect();
    String::from_utf8(write(&permits, &gates()).unwrap()).unwrap()
}

#[test]
fn a_sheet_of_a_spreadsheet_is_read() {
    let rows = read_utc(
        "\u{feff}Plate;holder;valid_until;schedule;gates;denied\r\n\
         1234 bcd;Ana;2026-12-31;\"Mon-Fri 08:00-18:00; Sat 09:00-13:00\";North;no\r\n\
         ;;;;;\r\n\
         x-1;;2026-12-31T10:00:00+02:00;;;YES\r\n",
    )
    .unwrap();
    assert_eq!(rows.len(), 2);
    let (line, first) = &rows[0];
    assert_eq!((*line, first.plate.as_str()), (2, "1234BCD"));
    assert_eq!(
        first.valid_until.unwrap().to_string(),
        "2027-01-01T00:00:00.000Z"
    );
    assert_eq!(first.schedule.spans.len(), 6);
    assert_eq!(first.gates, vec![GateId(Uuid::from_u128(5))]);
    assert!(rows[1].1.denied);
    assert_eq!(
        rows[1].1.valid_until.unwrap().to_string(),
        "2026-12-31T08:00:00.000Z"
    );
}

#[test]
fn every_fault_names_its_line_and_column_and_nothing_is_taken() {
    let faults = read_utc(
        "plate,holder,valid_from,schedule,gates,denied\n\
         AB1,ok,,,,\n\
         <b>,ok,yesterday,8-9,Twin,maybe\n\
         a-b-1,same plate,,,,\n\
         CD2,too few\n\
         CD3,ok,,,Nowhere,\n",
    )
    .unwrap_err();
    let found: Vec<_> = faults.iter().map(|f| (f.row, f.field.as_str())).collect();
    assert_eq!(
        found,
        [
            (3, "plate"),
            (3, "valid_from"),
            (3, "schedule"),
            (3, "gates"),
            (3, "denied"),
            (4, "plate"),
            (5, ""),
            (6, "gates"),
        ]
    );
    assert!(faults[5].why.contains("line 2"));
}

/// VC-11
#[test]
fn what_a_sheet_says_of_vehicles_is_read_and_other_words_are_named() {
    let rows = read_utc("plate,vehicle_type,vehicle_colour\nAB1, Van ,RED\nAB2,,\n").unwrap();
    assert_eq!(rows[0].1.vehicle_type, Some(VehicleType::Van));
    assert_eq!(rows[0].1.vehicle_colour, Some(VehicleColour::Red));
    assert_eq!(
        (rows[1].1.vehicle_type, rows[1].1.vehicle_colour),
        (None, None)
    );
    let faults = read_utc("plate,vehicle_type,vehicle_colour\nAB1,tank,=pink\n").unwrap_err();
    let found: Vec<_> = faults.iter().map(|f| (f.row, f.field.as_str())).collect();
    assert_eq!(found, [(2, "vehicle_type"), (2, "vehicle_colour")]);
    assert!(faults[0].why.contains("motorcycle"), "{}", faults[0].why);
}

#[test]
fn hostile_sheets_are_refused() {
    for (text, column) in [
        ("", ""),
        ("holder\nAna\n", "plate"),
        ("plate,plate\na,b\n", "plate"),
        ("plate,salary\nAB1,1\n", "salary"),
    ] {
        assert_eq!(read_utc(text).unwrap_err()[0].field, column, "{text:?}");
    }
    let zone = jiff::tz::TimeZone::UTC;
    assert!(read(b"plate\n\xff\xfe", &gates(), &zone).is_err());
    assert!(read(&vec![b'a'; LARGEST_BYTES + 1], &gates(), &zone).is_err());
    let many = format!("plate\n{}", "AB-?\n".repeat(5_000));
    assert_eq!(read_utc(&many).unwrap_err().len(), 100);
    let wide = format!("plate{}\n", ",x".repeat(5_000));
    assert!(read_utc(&wide).unwrap_err().len() <= 100);
    assert!(read_utc("plate\n\"AB1\n").is_ok_and(|rows| rows.len() == 1));
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_leaves_quoted() {
    let mut hostile = terms("AB12");
    hostile.holder = "=HYPERLINK(\"http://x\")".into();
    hostile.group = "@SUM(1)".into();
    hostile.note = "'+1".into();
    let text = sheet(std::slice::from_ref(&hostile));
    let line = text.lines().nth(1).unwrap();
    assert!(line.starts_with("AB12,\"'=HYPERLINK"), "{line}");
    assert!(line.contains(",'@SUM(1),''+1,"), "{line}");
    assert_eq!(read_utc(&text).unwrap()[0].1, hostile);
}

#[test]
fn gates_go_by_name_where_it_is_theirs_alone() {
    let mut all = terms("AB12");
    all.gates = gates().keys().copied().collect();
    let text = sheet(std::slice::from_ref(&all));
    assert!(text.contains("North; "));
    assert!(!text.contains("Twin"));
    assert_eq!(read_utc(&text).unwrap()[0].1.gates, all.gates);
}

proptest! {
    #[test]
    fn what_leaves_comes_back(
        holder in "[ -~éß'=+@-]{0,20}",
        note in "[ -~\n'=+@-]{0,30}",
        denied: bool,
        from in proptest::option::of(0..9_i64),
    ) {
        let mut written = terms("AB12");
        written.holder = holder.trim().to_owned();
        written.note = note.trim().to_owned();
        written.denied = denied;
        written.valid_from = from.map(at);
        let text = sheet(std::slice::from_ref(&written));
        prop_assert_eq!(&read_utc(&text).unwrap()[0].1, &written);
    }

    #[test]
    fn any_bytes_are_a_sheet_or_faults(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes, &gates(), &jiff::tz::TimeZone::UTC);
        let mut after_header = b"plate,note,schedule\n".to_vec();
        after_header.extend(bytes);
        let _ = read(&after_header, &gates(), &jiff::tz::TimeZone::UTC);
    }
}
