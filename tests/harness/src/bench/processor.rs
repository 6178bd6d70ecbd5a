//! Processor time from `/proc`: of Postgres, the functions, this process, and the whole machine.
//!
//! Unreadable values (another operating system, a process that has exited) count as zero, so on a Mac these figures are
//! zero and the others remain valid.

use std::time::Duration;

/// Linux reports processor time to programs in hundredths of a second, independent of the kernel's own tick.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time in seconds of a process, and of its children that it has waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spent {
    pub(super) own: f64,
    pub(super) children: f64,
    pub(super) parent: i32,
}

pub(super) fn of(process_id: i32) -> Option<Spent> {
    read(&std::fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?)
}

/// Parses `/proc/<pid>/stat`. A program name may contain spaces and brackets, so the fields begin after the last
/// bracket.
fn read(stat: &str) -> Option<Spent> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(Spent {
        parent: fields.get(1)?.parse().ok()?,
        own: (number(11)? + number(12)?) / TICKS_PER_SECOND,
        children: (number(13)? + number(14)?) / TICKS_PER_SECOND,
    })
}

/// Returns the processor seconds of a process, its running children, and those it has waited for.
pub(super) fn of_family(process_id: i32) -> f64 {
    let head = of(process_id).unwrap_or_default();
    let living: f64 = processes()
        .filter_map(of)
        .filter(|process| process.parent == process_id)
        .map(|process| process.own)
        .sum();
    head.own + head.children + living
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Returns the processor seconds of all programs since the machine started.
pub(super) fn of_machine() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    busy(&stat).unwrap_or_default()
}

/// Sums the busy times of the first line, which covers all processors: user, nice, system, idle, waiting, interrupts …
fn busy(stat: &str) -> Option<f64> {
    let fields: Vec<f64> = stat
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|field| field.parse().ok())
        .collect();
    let idle = fields.get(3)? + fields.get(4)?;
    Some((fields.iter().sum::<f64>() - idle) / TICKS_PER_SECOND)
}

/// Returns the resident memory of a process in bytes.
pub(super) fn resident_bytes(process_id: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Returns the number of cores that other programs kept busy.
pub(super) fn foreign_cores(machine_seconds: f64, own_seconds: f64, during: Duration) -> f64 {
    let seconds = during.as_secs_f64();
    if seconds <= 0.0 {
        return 0.0;
    }
    ((machine_seconds - own_seconds) / seconds).max(0.0)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::float_cmp
    )]

    use super::*;

    #[test]
    fn program_name_with_brackets_is_parsed() {
        let stat = "7 (a) b (c) S 3 7 7 0 -1 0 0 0 0 0 150 50 20 10 20 0 1 0 5 0";
        let expected = Spent {
            own: 2.0,
            children: 0.3,
            parent: 3,
        };
        assert_eq!(read(stat), Some(expected));
        assert_eq!(read("nonsense"), None);
    }

    #[test]
    fn idle_processors_are_not_busy() {
        assert_eq!(busy("cpu  100 0 200 5000 40 0 0 0 0 0\ncpu0 1"), Some(3.0));
        assert_eq!(busy(""), None);
    }

    #[test]
    fn foreign_cores_are_never_negative() {
        let second = Duration::from_secs(1);
        assert_eq!(foreign_cores(1.5, 1.0, second), 0.5);
        assert_eq!(foreign_cores(1.0, 1.5, second), 0.0);
        assert_eq!(foreign_cores(1.0, 0.0, Duration::ZERO), 0.0);
    }
}
