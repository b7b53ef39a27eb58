//! Permits as a CSV sheet, in and out. Pure: reads bytes into terms with the faults of every row, writes permits.
//!
//! A cell that a spreadsheet would take for a formula leaves with a quote before it, and comes back without it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use contract::ids::GateId;
use contract::time::Timestamp;
use contract::vehicle::VehicleColour;
use contract::vehicle::VehicleType;
use serde::Serialize;
use utoipa::ToSchema;

use super::permits::Fault;
use super::permits::Permit;
use super::permits::Terms;
use super::schedule;

/// The columns, in the order in which they leave.
pub const COLUMNS: [&str; 11] = [
    "plate",
    "holder",
    "group",
    "note",
    "valid_from",
    "valid_until",
    "schedule",
    "gates",
    "denied",
    "vehicle_type",
    "vehicle_colour",
];
/// The largest sheet in bytes.
pub const LARGEST_BYTES: usize = 4 * 1024 * 1024;
/// The most permits in a sheet.
pub const MOST_ROWS: usize = 20_000;
/// After so many faults, reading stops: nobody reads more.
const MOST_FAULTS: usize = 100;

/// What is wrong in a sheet, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImportRowError)]
pub struct SheetFault {
    /// The line, the header being line 1.
    #[schema(example = 3)]
    pub row: u64,
    /// The column; empty if the whole line is meant.
    #[schema(example = "schedule")]
    pub field: String,
    /// What is wrong and what is allowed.
    #[schema(example = "`8-9` is not a time span, such as `08:00-18:00`; a day ends at 24:00")]
    pub why: String,
}

/// Reads a sheet: all its permits with their lines, or every fault that was found.
pub fn read(
    bytes: &[u8],
    gates: &BTreeMap<GateId, String>,
    zone: &jiff::tz::TimeZone,
) -> Result<Vec<(u64, Terms)>, Vec<SheetFault>> {
    let whole = |why: &str| vec![fault(1, "", why)];
    if bytes.len() > LARGEST_BYTES {
        return Err(whole(&format!("a sheet has at most {LARGEST_BYTES} bytes")));
    }
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
        .map_err(|_| whole("the sheet is not UTF-8; save it as `CSV UTF-8`"))?;
    let text = &text.replace("\r\n", "\n");
    let header = text.lines().next().unwrap_or_default();
    // Spreadsheets of half of Europe part cells by semicolons.
    let delimiter = if header.contains(';') && !header.contains(',') {
        b';'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let columns = match records.next() {
        Some(Ok(header)) => read_header(&header)?,
        Some(Err(_)) | None => {
            return Err(whole("the first line names the columns, at least `plate`"));
        }
    };
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    let mut lines = Lines {
        text: text.as_bytes(),
        byte: 0,
        line: 1,
    };
    let mut lines_of_plates: BTreeMap<String, u64> = BTreeMap::new();
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = lines.of(error.position());
                faults.push(fault(line, "", "this line is not CSV"));
                break;
            }
        };
        let line = lines.of(record.position());
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if rows.len() == MOST_ROWS {
            faults.push(fault(
                line,
                "",
                &format!("a sheet has at most {MOST_ROWS} permits"),
            ));
            break;
        }
        if record.len() != columns.len() {
            faults.push(fault(
                line,
                "",
                &format!(
                    "this line has {} cells, the header has {}",
                    record.len(),
                    columns.len()
                ),
            ));
        } else {
            match read_row(&columns, &record, gates, zone) {
                Err(found) => {
                    faults.extend(found.into_iter().map(|f| fault(line, f.field, &f.why)))
                }
                Ok(terms) => match lines_of_plates.insert(terms.plate.key(), line) {
                    Some(earlier) => faults.push(fault(
                        line,
                        "plate",
                        &format!("line {earlier} has the same plate"),
                    )),
                    None => rows.push((line, terms)),
                },
            }
        }
        if faults.len() >= MOST_FAULTS {
            faults.truncate(MOST_FAULTS);
            break;
        }
    }
    if faults.is_empty() {
        Ok(rows)
    } else {
        Err(faults)
    }
}

/// Writes permits as a sheet that [`read`] takes back. Gates go by name where the name is theirs alone.
pub fn write(permits: &[Permit], gates: &BTreeMap<GateId, String>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for permit in permits {
        let terms = &permit.terms;
        let gate_names: Vec<String> = terms.gates.iter().map(|id| gate_name(*id, gates)).collect();
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let cells = [
            terms.plate.to_string(),
            terms.holder.clone(),
            terms.group.clone(),
            terms.note.clone(),
            time(terms.valid_from),
            time(terms.valid_until),
            schedule::format(&terms.schedule),
            gate_names.join("; "),
            if terms.denied { "yes" } else { "no" }.to_owned(),
            terms
                .vehicle_type
                .map_or_else(String::new, |kind| kind.to_string()),
            terms
                .vehicle_colour
                .map_or_else(String::new, |colour| colour.to_string()),
        ];
        writer.write_record(cells.map(guard))?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// Reads a moment that a person wrote: RFC 3339, or a date in the zone given. A date as an end means that the day
/// still counts.
pub fn read_time(text: &str, is_end: bool, zone: &jiff::tz::TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_millis(at.as_millisecond()));
    }
    let mut day = text.parse::<jiff::civil::Date>().ok()?;
    // `Date` also parses the beginning of longer texts of other kinds.
    if text.len() != 10 {
        return None;
    }
    if is_end {
        day = day.tomorrow().ok()?;
    }
    let at = day.to_zoned(zone.clone()).ok()?.timestamp();
    Some(Timestamp::from_millis(at.as_millisecond()))
}

/// Which line a record begins on. The reader's own count stands before the empty lines that it skips.
struct Lines<'a> {
    text: &'a [u8],
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    /// Positions come in rising order.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let start = position.map_or(0, |p| usize::try_from(p.byte()).unwrap_or(usize::MAX));
        while let Some(&byte) = self.text.get(self.byte)
            && (self.byte < start || byte == b'\n')
        {
            self.line += u64::from(byte == b'\n');
            self.byte += 1;
        }
        self.line
    }
}

fn read_header(header: &csv::StringRecord) -> Result<Vec<&'static str>, Vec<SheetFault>> {
    let mut columns = Vec::new();
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for cell in header {
        let name = cell.trim();
        match COLUMNS
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(name))
        {
            None => faults.push(fault(
                1,
                &shown(name),
                &format!("no such column; there are {}", COLUMNS.join(", ")),
            )),
            Some(column) if !seen.insert(column) => {
                faults.push(fault(1, column, "this column stands twice"))
            }
            Some(column) => columns.push(column),
        }
    }
    if faults.is_empty() && !seen.contains("plate") {
        faults.push(fault(1, "plate", "this column is missing"));
    }
    faults.truncate(MOST_FAULTS);
    if faults.is_empty() {
        Ok(columns)
    } else {
        Err(faults)
    }
}

fn read_row(
    columns: &[&'static str],
    record: &csv::StringRecord,
    gates: &BTreeMap<GateId, String>,
    zone: &jiff::tz::TimeZone,
) -> Result<Terms, Vec<Fault>> {
    let mut cells: BTreeMap<&str, &str> = BTreeMap::new();
    for (column, cell) in columns.iter().zip(record) {
        cells.insert(column, unguard(cell.trim()));
    }
    let cell = |name: &str| cells.get(name).copied().unwrap_or_default();
    let mut faults = Vec::new();
    let mut time = |field: &'static str, is_end| match cell(field) {
        "" => None,
        text => {
            let at = read_time(text, is_end, zone);
            if at.is_none() {
                faults.push(Fault::new(
                    field,
                    "write a date such as 2026-12-31, or a moment such as 2026-12-31T18:00:00Z",
                ));
            }
            at
        }
    };
    let valid_from = time("valid_from", false);
    let valid_until = time("valid_until", true);
    let schedule = schedule::parse(cell("schedule")).unwrap_or_else(|error| {
        faults.push(Fault::new("schedule", error.to_string()));
        Default::default()
    });
    let mut at_gates = Vec::new();
    for name in cell("gates")
        .split(';')
        .map(str::trim)
        .filter(|n| !n.is_empty())
    {
        match find_gate(name, gates) {
            Ok(id) => at_gates.push(id),
            Err(why) => faults.push(Fault::new("gates", why)),
        }
    }
    let denied = match cell("denied").to_ascii_lowercase().as_str() {
        "" | "no" | "false" | "0" => false,
        "yes" | "true" | "1" => true,
        _ => {
            faults.push(Fault::new("denied", "write yes or no"));
            false
        }
    };
    let vehicle_type = match cell("vehicle_type") {
        "" => None,
        word => {
            let kind = VehicleType::parse(word);
            if kind.is_none() {
                let known = VehicleType::ALL.map(VehicleType::word).join(", ");
                faults.push(Fault::new("vehicle_type", format!("write one of {known}")));
            }
            kind
        }
    };
    let vehicle_colour = match cell("vehicle_colour") {
        "" => None,
        word => {
            let colour = VehicleColour::parse(word);
            if colour.is_none() {
                let known = VehicleColour::ALL.map(VehicleColour::word).join(", ");
                faults.push(Fault::new(
                    "vehicle_colour",
                    format!("write one of {known}"),
                ));
            }
            colour
        }
    };
    let plate = match contract::plate::Plate::parse(cell("plate")) {
        Ok(plate) => plate,
        Err(error) => {
            faults.insert(0, Fault::new("plate", error.to_string()));
            return Err(faults);
        }
    };
    let terms = Terms {
        plate,
        holder: cell("holder").to_owned(),
        group: cell("group").to_owned(),
        note: cell("note").to_owned(),
        valid_from,
        valid_until,
        schedule,
        gates: at_gates,
        denied,
        vehicle_type,
        vehicle_colour,
    };
    faults.extend(terms.faults(gates));
    if faults.is_empty() {
        Ok(terms)
    } else {
        Err(faults)
    }
}

fn gate_name(id: GateId, gates: &BTreeMap<GateId, String>) -> String {
    match gates.get(&id) {
        Some(name) if find_gate(name, gates) == Ok(id) && !name.contains(';') => name.clone(),
        Some(_) | None => id.to_string(),
    }
}

fn find_gate(text: &str, gates: &BTreeMap<GateId, String>) -> Result<GateId, String> {
    if let Ok(id) = text.parse::<GateId>()
        && gates.contains_key(&id)
    {
        return Ok(id);
    }
    let mut named = gates.iter().filter(|(_, name)| name.trim() == text);
    match (named.next(), named.next()) {
        (Some((id, _)), None) => Ok(*id),
        (Some(_), Some(_)) => Err(format!(
            "several gates are named `{}`; write the gate's id",
            shown(text)
        )),
        (None, _) => Err(format!("there is no gate `{}`", shown(text))),
    }
}

/// Whether a spreadsheet would take a cell for a formula, once the quotes before it are gone.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%'])
}

pub(super) fn guard(cell: String) -> String {
    if is_formula(&cell) {
        format!("'{cell}")
    } else {
        cell
    }
}

fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        Some(_) | None => cell,
    }
}

fn fault(line: u64, column: &str, why: &str) -> SheetFault {
    SheetFault {
        row: line,
        field: column.to_owned(),
        why: why.to_owned(),
    }
}

/// A cell as it is quoted in a fault: short.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
