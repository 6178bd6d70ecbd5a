//! When a job is due: five cron fields in UTC, `N seconds`, or one of the `@` words.
//!
//! The one thing to know: days follow the rule of Vixie's cron, which pg_cron kept: when both the
//! day of the month and the day of the week are restricted, either is enough.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Timelike as _, Utc};
use std::time::Duration;

/// A schedule, read from `cron.job.schedule`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Schedule {
    /// Each so many seconds, counted from the start of the run before.
    Every(Duration),
    /// In every minute that the fields name.
    Minutes(Box<Fields>),
    /// Once, when the clock starts.
    AtStart,
}

/// The minutes that five fields name. Each set has one bit per value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    last_day: Restriction,
    months: u64,
    weekdays: u64,
    day_rule: DayRule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Restriction {
    Absent,
    Present,
}

/// How day of the month and day of the week go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DayRule {
    Both,
    Either,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 8] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Schedule {
    /// Reads a schedule; `None` when it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        match text.as_str() {
            "@reboot" | "@restart" => return Some(Self::AtStart),
            "@yearly" | "@annually" => return Self::read("0 0 1 1 *"),
            "@monthly" => return Self::read("0 0 1 * *"),
            "@weekly" => return Self::read("0 0 * * 0"),
            "@daily" | "@midnight" => return Self::read("0 0 * * *"),
            "@hourly" => return Self::read("0 * * * *"),
            _ => {}
        }
        let fields = text.split_whitespace().collect::<Vec<_>>();
        match fields.as_slice() {
            [count, "second" | "seconds"] => {
                let count = count
                    .parse()
                    .ok()
                    .filter(|count| (1..=59).contains(count))?;
                Some(Self::Every(Duration::from_secs(count)))
            }
            [minutes, hours, days, months, weekdays] => {
                let last_day = if *days == "$" {
                    Restriction::Present
                } else {
                    Restriction::Absent
                };
                let mut weekday_set = set(weekdays, 0, 7, &WEEKDAYS)?;
                if weekday_set & 0b1000_0001 != 0 {
                    weekday_set |= 0b1000_0001;
                }
                let starred = days.starts_with('*') || weekdays.starts_with('*');
                Some(Self::Minutes(Box::new(Fields {
                    minutes: set(minutes, 0, 59, &[])?,
                    hours: set(hours, 0, 23, &[])?,
                    days: if *days == "$" {
                        0
                    } else {
                        set(days, 1, 31, &[])?
                    },
                    last_day,
                    months: set(months, 1, 12, &MONTHS)?,
                    weekdays: weekday_set,
                    day_rule: if starred {
                        DayRule::Both
                    } else {
                        DayRule::Either
                    },
                })))
            }
            _ => None,
        }
    }
}

impl Fields {
    /// Whether the minute that `time` is in is named.
    pub(super) fn include(&self, time: DateTime<Utc>) -> bool {
        let on_day = has(self.days, time.day())
            || (self.last_day == Restriction::Present && is_last_of_month(time.date_naive()));
        let on_weekday = has(self.weekdays, time.weekday().num_days_from_sunday());
        let on_date = match self.day_rule {
            DayRule::Both => on_day && on_weekday,
            DayRule::Either => on_day || on_weekday,
        };
        on_date
            && has(self.minutes, time.minute())
            && has(self.hours, time.hour())
            && has(self.months, time.month())
    }
}

fn has(set: u64, value: u32) -> bool {
    set & (1 << value) != 0
}

fn is_last_of_month(date: NaiveDate) -> bool {
    date.checked_add_days(Days::new(1))
        .is_none_or(|tomorrow| tomorrow.month() != date.month())
}

/// Reads one field: values, ranges and steps, with commas between.
fn set(field: &str, low: u32, high: u32, names: &[&str]) -> Option<u64> {
    let value = |text: &str| {
        let named = names.iter().position(|name| *name == text);
        let named = named
            .and_then(|position| u32::try_from(position).ok())
            .map(|n| n + low);
        named
            .or_else(|| number(text))
            .filter(|value| (low..=high).contains(value))
    };
    let mut set = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, number(step).filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match (range, range.split_once('-')) {
            ("*", _) => (low, high),
            (_, Some((first, last))) => (value(first)?, value(last)?),
            // Vixie's cron knows no step from a single value.
            (_, None) if part.contains('/') => return None,
            (single, None) => (value(single)?, value(single)?),
        };
        if first > last {
            return None;
        }
        for value in (first..=last).step_by(usize::try_from(step).ok()?) {
            set |= 1_u64 << value;
        }
    }
    Some(set)
}

/// Reads digits alone: `parse` takes a sign, which pg_cron refuses.
fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    fn due(schedule: &str, time: &str) -> bool {
        match Schedule::read(schedule).unwrap() {
            Schedule::Minutes(fields) => fields.include(format!("{time}:30Z").parse().unwrap()),
            other => panic!("{schedule} is {other:?}"),
        }
    }

    #[test]
    fn schedule_fields_match_minutes_of_vixie_cron() {
        // 22 November 2026 is a Sunday.
        for (schedule, time, expected) in [
            ("* * * * *", "2026-11-22T16:38", true),
            ("38 16 * * *", "2026-11-22T16:38", true),
            ("39 16 * * *", "2026-11-22T16:38", false),
            ("*/5 * * * *", "2026-11-22T16:35", true),
            ("*/5 * * * *", "2026-11-22T16:36", false),
            ("10-20/5 * * * *", "2026-11-22T16:15", true),
            ("10-20/5 * * * *", "2026-11-22T16:16", false),
            ("0,30 9-17 * * 1-5", "2026-11-23T09:30", true),
            ("0,30 9-17 * * 1-5", "2026-11-22T09:30", false),
            ("0 0 * * 0", "2026-11-22T00:00", true),
            ("0 0 * * 7", "2026-11-22T00:00", true),
            ("0 0 * * sun", "2026-11-22T00:00", true),
            ("0 0 * dec,* mon,*", "2026-11-22T00:00", true),
            ("0 0 * nov *", "2026-11-22T00:00", true),
            ("0 0 * dec *", "2026-11-22T00:00", false),
            // Both days restricted: either is enough.
            ("0 0 13 * 0", "2026-11-22T00:00", true),
            ("0 0 22 * 5", "2026-11-22T00:00", true),
            ("0 0 13 * 5", "2026-11-22T00:00", false),
            // One is a star, even with a step: both must hold.
            ("0 0 */2 * 0", "2026-11-22T00:00", false),
            ("0 0 $ * *", "2026-11-30T00:00", true),
            ("0 0 $ * *", "2026-11-29T00:00", false),
            ("0 0 $ * *", "2028-02-29T00:00", true),
            ("@hourly", "2026-11-22T16:00", true),
            ("@daily", "2026-11-22T16:00", false),
            ("@weekly", "2026-11-22T00:00", true),
        ] {
            assert_eq!(due(schedule, time), expected, "{schedule} at {time}");
        }
    }

    #[test]
    fn seconds_are_an_interval_of_1_to_59() {
        assert_eq!(
            Schedule::read("10 seconds"),
            Some(Schedule::Every(Duration::from_secs(10)))
        );
        assert_eq!(
            Schedule::read("1 second"),
            Some(Schedule::Every(Duration::from_secs(1)))
        );
        assert_eq!(Schedule::read("60 seconds"), None);
        assert_eq!(Schedule::read("0 seconds"), None);
    }

    #[test]
    fn invalid_schedule_is_refused() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "5/2 * * * *",
            "20-10 * * * *",
            "@often",
            "a * * * *",
            "*/0 * * * *",
            "+5 * * * *",
            "*/+5 * * * *",
            "0,,5 * * * *",
            "mon * * * *",
            "0 1jan * * *",
            "0 0 15W * *",
            "0 0 L * *",
            "0 0 * * 1#2",
            "0 0 * * +5",
        ] {
            assert_eq!(Schedule::read(text), None, "{text}");
        }
    }
}
