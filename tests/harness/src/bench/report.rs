//! Output of a measurement: JSON for programs, a table beside the targets for people.

use local_stack::terminal::{Screen, table};

use super::measured::{Measured, Repetitions, Written};

/// Target of the project for one figure: an upper or a lower bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aim {
    AtMost(f64),
    AtLeast(f64),
}

impl Aim {
    pub(super) fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {most}"),
            Self::AtLeast(least) => format!("≥ {least}"),
        }
    }
}

/// Maximum number of rows in the table of the log.
const MOST_WRITERS: usize = 30;

/// Figure as a row of the table.
struct Row {
    name: &'static str,
    places: usize,
    of: fn(&Measured) -> f64,
}

const ROWS: [Row; 14] = [
    Row {
        name: "ms per step",
        places: 2,
        of: |m| m.ms_per_step,
    },
    Row {
        name: "steps per second",
        places: 0,
        of: |m| m.steps_per_second,
    },
    Row {
        name: "p50 ms",
        places: 2,
        of: |m| m.p50_ms,
    },
    Row {
        name: "p95 ms",
        places: 2,
        of: |m| m.p95_ms,
    },
    Row {
        name: "transactions per step",
        places: 2,
        of: |m| m.transactions_per_step,
    },
    Row {
        name: "of these, writing",
        places: 2,
        of: |m| m.writing_transactions_per_step,
    },
    Row {
        name: "rows per step",
        places: 2,
        of: |m| m.rows_per_step,
    },
    Row {
        name: "WAL bytes per step",
        places: 0,
        of: |m| m.wal_bytes_per_step,
    },
    Row {
        name: "fsyncs per step",
        places: 2,
        of: |m| m.fsyncs_per_step,
    },
    Row {
        name: "requests per step",
        places: 2,
        of: |m| m.requests_per_step,
    },
    Row {
        name: "Postgres CPU ms per step",
        places: 2,
        of: |m| m.postgres_cpu_ms_per_step,
    },
    Row {
        name: "functions CPU ms per step",
        places: 2,
        of: |m| m.functions_cpu_ms_per_step,
    },
    Row {
        name: "stack CPU ms per step",
        places: 2,
        of: |m| m.stack_cpu_ms_per_step,
    },
    Row {
        name: "foreign cores",
        places: 2,
        of: |m| m.foreign_cores,
    },
];

/// Returns the targets, by workload and row.
pub(super) fn aim(workload: &str, row: &str) -> Option<Aim> {
    let aim = match (workload, row) {
        ("chain", "ms per step") => Aim::AtMost(2.4),
        ("chain", "transactions per step") => Aim::AtMost(1.1),
        ("fanout", "steps per second") => Aim::AtLeast(1940.0),
        ("throughput", "steps per second") => Aim::AtLeast(2220.0),
        ("fanout" | "throughput", "transactions per step") => Aim::AtMost(0.3),
        ("chain" | "fanout" | "throughput", "WAL bytes per step") => Aim::AtMost(1300.0),
        ("goal", "p50 ms") => Aim::AtMost(150.0),
        _ => return None,
    };
    Some(aim)
}

/// Formats the table of one workload: a column per mode, medians with the range of all repetitions.
pub(crate) fn lines(screen: Screen, modes: &[Repetitions]) -> Vec<String> {
    let Some(first) = modes.first() else {
        return Vec::new();
    };
    let workload = first.median.workload;
    let mut headings = vec!["FIGURE"];
    headings.extend(modes.iter().map(|mode| match mode.median.mode {
        "managed" => "MANAGED INSTANCES",
        _ => "ONE INVOCATION A SANDBOX",
    }));
    headings.push("AIM");
    let rows: Vec<Vec<String>> = ROWS
        .iter()
        .map(|row| {
            let aim = aim(workload, row.name);
            let mut cells = vec![row.name.to_owned()];
            cells.extend(modes.iter().map(|mode| cell(screen, row, mode, aim)));
            cells.push(aim.map_or_else(String::new, Aim::words));
            cells
        })
        .collect();
    let mut lines = table::lines(screen, &headings, &rows);
    lines.push(String::new());
    lines.push(screen.palette.dim(&format!(
        "{} steps in {} runs; percentiles are of {}",
        first.median.steps, first.median.runs, first.median.latency_of
    )));
    if modes.iter().any(|mode| mode.median.foreign_cores >= 0.25) {
        lines.push(screen.palette.asks(
            "Other programs were busy meanwhile: counts stand, times do not. Measure again on an idle machine.",
        ));
    }
    lines
}

/// Formats the largest writers of the log, and the sum of all.
pub(crate) fn wal_lines(screen: Screen, written: &[Written], steps: u64) -> Vec<String> {
    let shown = written.iter().take(MOST_WRITERS);
    let mut rows: Vec<Vec<String>> = shown
        .map(|one| {
            vec![
                one.relation.clone(),
                one.kind.clone(),
                one.record.clone(),
                one.records.to_string(),
                format!("{:.0}", one.bytes_per_step),
                one.full_page_bytes.to_string(),
            ]
        })
        .collect();
    let bytes: u64 = written.iter().map(|one| one.bytes).sum();
    let pages: u64 = written.iter().map(|one| one.full_page_bytes).sum();
    #[expect(clippy::cast_precision_loss, reason = "bytes of one measurement")]
    let per_step = super::figures::per(bytes as f64, steps);
    rows.push(vec![
        "all".to_owned(),
        String::new(),
        String::new(),
        written
            .iter()
            .map(|one| one.records)
            .sum::<u64>()
            .to_string(),
        format!("{per_step:.0}"),
        pages.to_string(),
    ]);
    let headings = [
        "RELATION",
        "KIND",
        "RECORD",
        "RECORDS",
        "BYTES PER STEP",
        "OF WHOLE PAGES",
    ];
    table::lines(screen, &headings, &rows)
}

fn cell(screen: Screen, row: &Row, mode: &Repetitions, aim: Option<Aim>) -> String {
    let places = row.places;
    let value = (row.of)(&mode.median);
    let text = format!("{value:.places$}");
    let text = match aim.map(|aim| aim.is_met(value)) {
        Some(true) => screen.palette.good(&format!("{text} ✓")),
        Some(false) => screen.palette.bad(&format!("{text} ✗")),
        None => text,
    };
    if mode.all.len() < 2 {
        return text;
    }
    let values = || mode.all.iter().map(row.of);
    let least = values().fold(f64::INFINITY, f64::min);
    let most = values().fold(f64::NEG_INFINITY, f64::max);
    format!("{text} ({least:.places$}–{most:.places$})")
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
    use local_stack::terminal::Palette;

    fn plain() -> Screen {
        Screen {
            palette: Palette::PLAIN,
            width: 200,
            is_terminal: false,
        }
    }

    fn repetition(ms_per_step: f64) -> Measured {
        Measured {
            workload: "chain",
            mode: "frozen",
            ms_per_step,
            ..Measured::default()
        }
    }

    #[test]
    fn table_shows_median_range_and_target() {
        let fast = Repetitions {
            median: repetition(2.0),
            all: vec![repetition(1.5), repetition(2.0), repetition(9.0)],
            wal_by_table: Vec::new(),
        };
        let lines = lines(plain(), &[fast]);
        let line = lines
            .iter()
            .find(|line| line.starts_with("ms per step"))
            .unwrap();
        assert!(
            line.contains("2.00 ✓ (1.50–9.00)") && line.ends_with("≤ 2.4"),
            "{line}"
        );
    }

    #[test]
    fn missed_target_is_marked() {
        let slow = Repetitions {
            median: repetition(2.41),
            all: vec![repetition(2.41)],
            wal_by_table: Vec::new(),
        };
        let lines = lines(plain(), &[slow]);
        assert!(
            lines
                .iter()
                .any(|line| line.contains("2.41 ✗") && !line.contains('('))
        );
    }

    #[test]
    fn every_target_has_a_visible_row() {
        let named = |workload: &str| {
            ROWS.iter()
                .filter(|row| aim(workload, row.name).is_some())
                .count()
        };
        assert_eq!(
            [
                named("chain"),
                named("fanout"),
                named("throughput"),
                named("goal")
            ],
            [3, 3, 3, 1]
        );
    }

    #[test]
    fn agreed_fields_come_first() {
        let text = serde_json::to_string(&Measured::default()).unwrap();
        let agreed = [
            "workload",
            "steps",
            "wall_seconds",
            "ms_per_step",
            "steps_per_second",
            "p50_ms",
            "p95_ms",
            "transactions_per_step",
            "wal_bytes_per_step",
            "requests_per_step",
        ];
        let places: Vec<usize> = agreed
            .iter()
            .map(|field| text.find(&format!("\"{field}\":")).unwrap())
            .collect();
        assert!(places.is_sorted(), "{text}");
        assert!(places[9] < text.find("\"mode\"").unwrap());
    }
}
