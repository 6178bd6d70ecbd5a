//! Reads dates and periods in English questions. Weeks begin on Monday.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::words::words;

/// The dates of a question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The first and the last day of each date or period; a date is a period of one day.
    periods: Vec<(NaiveDate, NaiveDate)>,
    /// The words of each, without a preposition and signs around them.
    texts: Vec<String>,
    /// The text without the dates, so that their digits are not read as numbers.
    pub(super) rest: String,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Finds the dates and periods of a text; `local_now` contains today's date as `YYYY-MM-DD`.
pub(super) fn find(text: &str, local_now: &str) -> Found {
    let today = local_now
        .split(|letter: char| letter.is_whitespace() || letter == 'T')
        .find_map(iso);
    let Some(today) = today else {
        return Found {
            rest: text.to_owned(),
            ..Found::default()
        };
    };
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let plain: Vec<String> = tokens
        .iter()
        .map(|token| {
            token
                .trim_matches(|letter: char| ",.;:?!()".contains(letter))
                .to_lowercase()
        })
        .collect();
    let mut found = Found::default();
    let mut rest = Vec::new();
    let mut place = 0;
    while let Some(token) = tokens.get(place) {
        let words: Vec<&str> = plain.iter().skip(place).map(String::as_str).collect();
        match period(&words, today) {
            Some((length, first, last)) => {
                found.periods.push((first, last));
                let phrase: Vec<&str> = tokens.iter().skip(place).take(length).copied().collect();
                found.texts.push(without_preposition(&phrase.join(" ")));
                place += length;
            }
            None => {
                rest.push(*token);
                place += 1;
            }
        }
    }
    found.rest = rest.join(" ");
    found
}

fn without_preposition(phrase: &str) -> String {
    let phrase = phrase.trim_matches(|letter: char| ",.;:?!()".contains(letter));
    let rest = ["in ", "during ", "for "].iter().find_map(|word| {
        let (start, rest) = phrase.split_at_checked(word.len())?;
        start.eq_ignore_ascii_case(word).then_some(rest)
    });
    rest.unwrap_or(phrase).to_owned()
}

/// Returns the words of the one date or period.
pub(super) fn words_of_period(found: &Found) -> Option<String> {
    match found.texts.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Returns the value of a date parameter: of two dates, or of a period, the first for a name such as `from` and the last
/// for a name such as `until`; a single day for any name.
pub(super) fn value(found: &Found, name: &str) -> Option<String> {
    const FIRST: &[&str] = &["from", "since", "start", "begin", "after", "first"];
    const LAST: &[&str] = &["to", "until", "till", "end", "before", "last", "by"];
    let words = words(name);
    let is_any = |set: &[&str]| words.iter().any(|word| set.contains(&word.as_str()));
    let (first, last) = match found.periods.as_slice() {
        [one] => *one,
        // "between A and B", "from A to B"
        [(from, _), (_, until)] if from <= until => (*from, *until),
        _ => return None,
    };
    let day = match (is_any(FIRST), is_any(LAST)) {
        (true, false) => first,
        (false, true) => last,
        _ if first == last => first,
        _ => return None,
    };
    Some(day.format("%Y-%m-%d").to_string())
}

/// Returns the date or period with which the words begin: its number of words, first and last day.
fn period(words: &[&str], today: NaiveDate) -> Option<(usize, NaiveDate, NaiveDate)> {
    let day = |length: usize, date: NaiveDate| Some((length, date, date));
    let word = |place: usize| words.get(place).copied().unwrap_or_default();
    match word(0) {
        "today" => return day(1, today),
        "yesterday" => return day(1, today.checked_sub_days(Days::new(1))?),
        "tomorrow" => return day(1, today.checked_add_days(Days::new(1))?),
        "last" | "past" | "previous" if word(2).starts_with("day") => {
            let count: u64 = word(1).parse().ok()?;
            let first = today.checked_sub_days(Days::new(count.checked_sub(1)?))?;
            return Some((3, first, today));
        }
        which @ ("last" | "past" | "previous" | "this" | "current" | "next") => {
            let shift = match which {
                "this" | "current" => 0,
                "next" => 1,
                _ => -1,
            };
            let (first, last) = named_period(word(1), shift, today)?;
            return Some((2, first, last));
        }
        _ => {}
    }
    if let Some(date) = iso(word(0)) {
        return day(1, date);
    }
    if let Some(quarter) = word(0)
        .strip_prefix('q')
        .and_then(|digit| digit.parse::<u32>().ok())
    {
        let year = year_of(word(1));
        let first_month = quarter.checked_sub(1)?.checked_mul(3)?.checked_add(1)?;
        let first = NaiveDate::from_ymd_opt(year.unwrap_or(today.year()), first_month, 1)?;
        return Some((1 + usize::from(year.is_some()), first, end_of(first, 3)?));
    }
    written(words, today)
}

/// Returns a date such as "3 December 2026", "December 3, 2026", "December 3", or a month such as "March 2026" and "in
/// March". A year
/// that is not given is this one.
fn written(words: &[&str], today: NaiveDate) -> Option<(usize, NaiveDate, NaiveDate)> {
    let word = |place: usize| words.get(place).copied().unwrap_or_default();
    let month = |place: usize| month_of(word(place));
    // "in March", but not "in March 2026" and "on March 3", which are read from the month on.
    if let ("in" | "during" | "for", Some(month), None, None) =
        (word(0), month(1), day_of(word(2)), year_of(word(2)))
    {
        let first = NaiveDate::from_ymd_opt(today.year(), month, 1)?;
        return Some((2, first, end_of(first, 1)?));
    }
    let number = |place: usize| day_of(word(place));
    let year = |place: usize| year_of(word(place));
    let of = |month: u32, day: u32, place: usize| {
        let date = NaiveDate::from_ymd_opt(year(place).unwrap_or(today.year()), month, day)?;
        Some((place + usize::from(year(place).is_some()), date, date))
    };
    match (number(0), month(0)) {
        (Some(day), _) => of(month(1)?, day, 2),
        (None, Some(month)) => match (number(1), year(1)) {
            (Some(day), _) => of(month, day, 2),
            (None, Some(year)) => {
                let first = NaiveDate::from_ymd_opt(year, month, 1)?;
                Some((2, first, end_of(first, 1)?))
            }
            // A month alone: "may" and "march" are other words too.
            (None, None) => None,
        },
        (None, None) => None,
    }
}

/// Returns the day of a month: `3`, `3rd`.
fn day_of(word: &str) -> Option<u32> {
    let digits = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let day = digits.parse().ok();
    day.filter(|day| (1..=31).contains(day))
}

fn year_of(word: &str) -> Option<i32> {
    let year = word.parse().ok();
    year.filter(|year| (1900..2200).contains(year))
}

fn month_of(word: &str) -> Option<u32> {
    let place = MONTHS
        .iter()
        .position(|name| *name == word || (word.len() == 3 && name.starts_with(word)))?;
    u32::try_from(place).ok()?.checked_add(1)
}

/// Returns the week, month, quarter or year that lies `shift` from today's, or the weekday of that week.
fn named_period(name: &str, shift: i32, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let monday =
        today.checked_sub_days(Days::new(u64::from(today.weekday().num_days_from_monday())))?;
    let week = moved_days(monday, i64::from(shift).checked_mul(7)?)?;
    if let Some(weekday) = WEEKDAYS.iter().position(|one| *one == name) {
        // "last Friday" is the newest one before today.
        let date = moved_days(monday, i64::try_from(weekday).ok()?)?;
        let date = match shift {
            -1 if date >= today => moved_days(date, -7)?,
            1 if date <= today => moved_days(date, 7)?,
            _ => date,
        };
        return Some((date, date));
    }
    match name {
        "week" => Some((week, moved_days(week, 6)?)),
        "month" => {
            let first = moved_months(today.with_day(1)?, shift)?;
            Some((first, end_of(first, 1)?))
        }
        "quarter" => {
            let first = NaiveDate::from_ymd_opt(today.year(), today.month0() / 3 * 3 + 1, 1)?;
            let first = moved_months(first, shift.checked_mul(3)?)?;
            Some((first, end_of(first, 3)?))
        }
        "year" => {
            let first = NaiveDate::from_ymd_opt(today.year().checked_add(shift)?, 1, 1)?;
            Some((first, end_of(first, 12)?))
        }
        _ => None,
    }
}

fn moved_days(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let count = Days::new(days.unsigned_abs());
    if days < 0 {
        date.checked_sub_days(count)
    } else {
        date.checked_add_days(count)
    }
}

fn moved_months(date: NaiveDate, months: i32) -> Option<NaiveDate> {
    let count = Months::new(months.unsigned_abs());
    if months < 0 {
        date.checked_sub_months(count)
    } else {
        date.checked_add_months(count)
    }
}

/// Returns the last day of a period of months that begins on this day.
fn end_of(first: NaiveDate, months: u32) -> Option<NaiveDate> {
    first
        .checked_add_months(Months::new(months))?
        .checked_sub_days(Days::new(1))
}

fn iso(word: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(word, "%Y-%m-%d").ok()
}
