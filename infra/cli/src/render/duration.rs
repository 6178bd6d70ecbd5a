//! Durations and ages in words.

use chrono::{DateTime, Utc};

/// Formats the time between two moments: `84 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`.
pub(crate) fn took(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    milliseconds((to - from).num_milliseconds())
}

/// Formats a number of milliseconds; a number below zero (two clocks) counts as zero.
pub(crate) fn milliseconds(milliseconds: i64) -> String {
    let milliseconds = milliseconds.max(0);
    let seconds = milliseconds / 1000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..60 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// Formats an age: `12 s ago`, `in 6 d 23 h`.
pub(crate) fn age(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if then > now {
        format!("in {}", took(now, then))
    } else {
        format!("{} ago", took(then, now))
    }
}
