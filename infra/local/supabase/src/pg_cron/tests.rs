//! Tests of the clock's handling of elapsed time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use super::*;

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

#[test]
fn missed_minutes_are_run_unless_the_clock_jumped() {
    let minutes = |last: &str, now: &str| minutes_between(at(last), at(now)).collect::<Vec<_>>();
    assert!(minutes("2026-11-22T16:00:00Z", "2026-11-22T16:00:59Z").is_empty());
    assert_eq!(
        minutes("2026-11-22T16:00:00Z", "2026-11-22T16:02:01Z"),
        [at("2026-11-22T16:01:00Z"), at("2026-11-22T16:02:00Z")]
    );
    assert_eq!(
        minutes("2026-11-22T16:00:00Z", "2026-11-22T19:00:01Z"),
        [at("2026-11-22T19:00:00Z")]
    );
    assert!(minutes("2026-11-22T16:00:00Z", "2026-11-22T15:59:01Z").is_empty());
}

#[test]
fn clock_sleeps_until_the_next_minute() {
    assert_eq!(
        until_next_minute(at("2026-11-22T16:00:59.500Z")),
        Duration::from_millis(500)
    );
    assert_eq!(
        until_next_minute(at("2026-11-22T16:00:00Z")),
        Duration::from_secs(60)
    );
}
