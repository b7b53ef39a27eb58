//! Week schedules as text, for people and for CSV files: `Mon-Fri 08:00-18:00; Sat 09:00-13:00`. Pure.
//!
//! A text is parts joined by `;`. A part is days (`Mon`, `Mon-Fri`, `Mon,Wed,Fri`), a space, and times
//! (`08:00-18:00`, several joined by `,`). The end of a day is `24:00`. A time that ends before it begins runs over
//! midnight into the next day. An empty text, or `always`, means the whole week.

use std::collections::BTreeMap;
use std::fmt::Write;

use contract::permit::MINUTES_PER_DAY;
use contract::permit::ScheduleError;
use contract::permit::Span;
use contract::permit::WeekSchedule;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Longer than any schedule of 64 spans that a person writes.
const LONGEST_TEXT: usize = 2_000;

/// Why a text is not a week schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleTextError {
    /// A part without days and times.
    #[error("`{0}` is not days and times, such as `Mon-Fri 08:00-18:00`")]
    Part(String),
    /// A word that is no weekday.
    #[error("`{0}` is not a weekday; use Mon, Tue, Wed, Thu, Fri, Sat, Sun")]
    Day(String),
    /// A text that is no time span of a day.
    #[error("`{0}` is not a time span, such as `08:00-18:00`; a day ends at 24:00")]
    Time(String),
    /// Longer than any schedule.
    #[error("a schedule has at most {LONGEST_TEXT} characters")]
    TooLong,
    /// The spans are not a schedule.
    #[error(transparent)]
    Spans(#[from] ScheduleError),
}

/// Reads a schedule that a person wrote.
pub fn parse(text: &str) -> Result<WeekSchedule, ScheduleTextError> {
    let text = text.trim();
    if text.len() > LONGEST_TEXT {
        return Err(ScheduleTextError::TooLong);
    }
    let mut spans = Vec::new();
    if !text.eq_ignore_ascii_case("always") {
        for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            parse_part(part, &mut spans)?;
        }
    }
    let schedule = WeekSchedule { spans };
    schedule.check()?;
    Ok(schedule)
}

/// Writes a schedule so that [`parse`] reads it again. Weekdays in a row with the same times become one part.
pub fn format(schedule: &WeekSchedule) -> String {
    let mut times: BTreeMap<u8, Vec<(u16, u16)>> = BTreeMap::new();
    for span in &schedule.spans {
        times
            .entry(span.weekday)
            .or_default()
            .push((span.from_minute, span.until_minute));
    }
    for of_day in times.values_mut() {
        of_day.sort_unstable();
        of_day.dedup();
    }
    let mut text = String::new();
    let mut first = 0;
    while first < 7 {
        let Some(of_day) = times.get(&first) else {
            first += 1;
            continue;
        };
        let mut last = first;
        while last < 6 && times.get(&(last + 1)) == Some(of_day) {
            last += 1;
        }
        write_part(&mut text, first, last, of_day);
        first = last + 1;
    }
    text
}

fn parse_part(part: &str, spans: &mut Vec<Span>) -> Result<(), ScheduleTextError> {
    // Days hold no blanks of their own, so the first blank ends them; `Mon, Wed 8:00-9:00` is told apart by its digit.
    let Some(first_digit) = part.find(|c: char| c.is_ascii_digit()) else {
        return Err(ScheduleTextError::Part(part.to_owned()));
    };
    let (days, times) = part.split_at(first_digit);
    let days = parse_days(days.trim(), part)?;
    for time in times.split(',').map(str::trim) {
        let (from, until) =
            parse_time(time).ok_or_else(|| ScheduleTextError::Time(time.to_owned()))?;
        for &weekday in &days {
            add(spans, weekday, from, until);
        }
        // A bound while reading: a short text can name many spans.
        if spans.len() > 64 {
            return Err(ScheduleError::TooMany(spans.len()).into());
        }
    }
    Ok(())
}

fn add(spans: &mut Vec<Span>, weekday: u8, from_minute: u16, until_minute: u16) {
    let mut push = |weekday, from_minute, until_minute| {
        let span = Span {
            weekday,
            from_minute,
            until_minute,
        };
        if !spans.contains(&span) {
            spans.push(span);
        }
    };
    if from_minute < until_minute {
        push(weekday, from_minute, until_minute);
    } else {
        push(weekday, from_minute, MINUTES_PER_DAY);
        if until_minute > 0 {
            push((weekday + 1) % 7, 0, until_minute);
        }
    }
}

fn parse_days(text: &str, part: &str) -> Result<Vec<u8>, ScheduleTextError> {
    if text.is_empty() {
        return Err(ScheduleTextError::Part(part.to_owned()));
    }
    let mut days = Vec::new();
    for range in text.split(',').map(str::trim) {
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (parse_day(from.trim())?, parse_day(to.trim())?),
            None => {
                let day = parse_day(range)?;
                (day, day)
            }
        };
        let mut day = from;
        loop {
            if !days.contains(&day) {
                days.push(day);
            }
            if day == to {
                break;
            }
            day = (day + 1) % 7;
        }
    }
    Ok(days)
}

fn parse_day(text: &str) -> Result<u8, ScheduleTextError> {
    (0..7)
        .zip(DAYS)
        .find(|(_, name)| name.eq_ignore_ascii_case(text))
        .map(|(day, _)| day)
        .ok_or_else(|| ScheduleTextError::Day(text.to_owned()))
}

/// `08:00-18:00` as minutes; the same time twice is no span.
fn parse_time(text: &str) -> Option<(u16, u16)> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (parse_minute(from.trim())?, parse_minute(until.trim())?);
    (from != until && from < MINUTES_PER_DAY).then_some((from, until))
}

fn parse_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let all_digits = |t: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit())
    };
    if !all_digits(hour, 1..=2) || !all_digits(minute, 2..=2) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= MINUTES_PER_DAY).then_some(total)
}

fn write_part(text: &mut String, first: u8, last: u8, times: &[(u16, u16)]) {
    if !text.is_empty() {
        text.push_str("; ");
    }
    text.push_str(DAYS[usize::from(first)]);
    if last > first {
        let _ = write!(text, "-{}", DAYS[usize::from(last)]);
    }
    for (at, (from, until)) in times.iter().enumerate() {
        let _ = write!(
            text,
            "{}{:02}:{:02}-{:02}:{:02}",
            if at == 0 { " " } else { "," },
            from / 60,
            from % 60,
            until / 60,
            until % 60
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_written_week_is_read() {
        let schedule = parse("Mon-Fri 08:00-18:00; Sat 09:00-13:00").unwrap();
        assert_eq!(schedule.spans.len(), 6);
        assert!(schedule.covers(4, 1_079));
        assert!(!schedule.covers(4, 1_080));
        assert!(schedule.covers(5, 540));
        assert!(!schedule.covers(6, 600));
    }

    #[test]
    fn lists_and_several_times_are_read_in_any_case() {
        let schedule = parse("mon, wed 8:00-12:00, 13:00-17:00 ;").unwrap();
        assert_eq!(
            format(&schedule),
            "Mon 08:00-12:00,13:00-17:00; Wed 08:00-12:00,13:00-17:00"
        );
    }

    #[test]
    fn nothing_and_always_mean_the_whole_week() {
        assert!(parse("  ").unwrap().spans.is_empty());
        assert!(parse("Always").unwrap().spans.is_empty());
        assert_eq!(format(&WeekSchedule::default()), "");
    }

    #[test]
    fn a_night_runs_into_the_next_day_and_the_week_is_round() {
        let schedule = parse("Sun 22:00-06:00").unwrap();
        assert!(schedule.covers(6, 1_439));
        assert!(schedule.covers(0, 359));
        assert!(!schedule.covers(0, 360));
        assert_eq!(parse("Sat-Mon 00:00-24:00").unwrap().spans.len(), 3);
    }

    #[test]
    fn what_is_no_schedule_is_named() {
        let error = |text: &str| parse(text).unwrap_err();
        assert_eq!(
            error("Monday 08:00-09:00"),
            ScheduleTextError::Day("Monday".into())
        );
        assert_eq!(
            error("08:00-09:00"),
            ScheduleTextError::Part("08:00-09:00".into())
        );
        assert_eq!(error("Mon"), ScheduleTextError::Part("Mon".into()));
        for time in [
            "8-9",
            "08:00",
            "25:00-26:00",
            "08:60-09:00",
            "08:00-08:00",
            "24:00-01:00",
            "+8:00-09:00",
        ] {
            assert!(
                parse(&format!("Mon 0{time}")).is_err() || parse(&format!("Mon {time}")).is_err(),
                "{time}"
            );
        }
        assert_eq!(
            error(&"Mon 08:00-09:00;".repeat(200)),
            ScheduleTextError::TooLong
        );
        let many: Vec<String> = (0..12).map(|h| format!("{h:02}:00-{h:02}:30")).collect();
        assert!(matches!(
            error(&format!("Mon-Sun {}", many.join(","))),
            ScheduleTextError::Spans(ScheduleError::TooMany(_))
        ));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            spans in proptest::collection::vec((0u8..7, 0u16..1440, 1u16..=1440), 0..20)
        ) {
            let spans = spans
                .into_iter()
                .filter(|(_, from, until)| from < until)
                .map(|(weekday, from_minute, until_minute)| Span { weekday, from_minute, until_minute })
                .collect();
            let schedule = WeekSchedule { spans };
            let mut wanted = schedule.spans.clone();
            wanted.sort_unstable();
            wanted.dedup();
            let mut read = parse(&format(&schedule)).unwrap().spans;
            read.sort_unstable();
            prop_assert_eq!(read, wanted);
        }

        #[test]
        fn any_text_is_a_schedule_or_an_error(text in ".{0,80}") {
            if let Ok(schedule) = parse(&text) {
                prop_assert!(schedule.check().is_ok());
            }
        }
    }
}
