//! The report of a period as one self-contained HTML file, with plots of its goals by state and its cost by day.

use std::fmt::Write as _;

use super::data::Report;
use crate::commands::report::page::{escape, figure, frame, table};
use crate::commands::report::plots::{Bar, bars, columns, number};

/// Returns the page.
pub(in crate::commands::report) fn page(report: &Report) -> String {
    let title = report.title();
    let mut body = format!("<h1>{}</h1>\n", escape(&title));
    for line in report.summary() {
        let _ = writeln!(body, "<p>{}</p>", escape(&line));
    }
    let goals: Vec<Bar> = report
        .work
        .goals
        .iter()
        .map(|one| Bar {
            label: one.state.clone(),
            amount: number(one.goals),
            shown: one.goals.to_string(),
            is_bad: one.state == "failed",
        })
        .collect();
    figure(
        &mut body,
        "Goals by state",
        &bars("Goals by state", &goals),
        "Goals asked in the period, by their state now.",
    );
    let days: Vec<(String, f64)> = report
        .usage
        .days
        .iter()
        .map(|one| (one.name(), number(one.cost_microusd) / 1e6))
        .collect();
    figure(
        &mut body,
        "Cost",
        &columns("Cost by day", &days),
        "Cost in dollars of each day (UTC) with model calls.",
    );
    for one in report.tables() {
        table(&mut body, one.title, one.headings, one.rows.into_iter());
    }
    frame(&title, &body)
}
