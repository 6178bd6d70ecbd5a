//! The report of a period as Markdown.

use std::fmt::Write as _;

use super::data::Report;
use crate::commands::report::markdown::table;

/// Returns the report: what was asked and done, its cost, and what people and analyses decided.
pub(in crate::commands::report) fn text(report: &Report) -> String {
    let mut text = format!("# {}\n\n", report.title());
    for line in report.summary() {
        let _ = writeln!(text, "{line}\n");
    }
    for one in report.tables() {
        table(&mut text, one.title, one.headings, one.rows.into_iter());
    }
    text
}
