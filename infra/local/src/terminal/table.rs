//! Tables for a terminal: aligned columns, no frames, the last column cut to the rest of the line.
//!
//! Cells may contain colours; widths are those of the visible text.

use console::{measure_text_width, pad_str, truncate_str};

use super::escape::escaped;
use super::palette::Screen;

const GAP: &str = "  ";
/// The smallest width of the last column, even if the line becomes too long.
const LAST_AT_LEAST: usize = 12;

/// Returns the lines of a table with headings; no lines without rows.
pub fn lines(screen: Screen, headings: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    // Before they are measured: an escaped character has another width.
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| escaped(cell).into_owned()).collect())
        .collect();
    let widths = widths(headings, &rows);
    let (all_but_last, last) = widths.split_at(widths.len().saturating_sub(1));
    let before: usize = all_but_last.iter().map(|width| width + GAP.len()).sum();
    let room = screen.width.saturating_sub(before).max(LAST_AT_LEAST);
    let last = last.first().copied().unwrap_or_default().min(room);
    let headings: Vec<String> = headings
        .iter()
        .map(|heading| screen.palette.dim(heading))
        .collect();
    std::iter::once(&headings)
        .chain(&rows)
        .map(|row| line(row, all_but_last, last))
        .collect()
}

fn widths(headings: &[&str], rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths: Vec<usize> = headings
        .iter()
        .map(|heading| measure_text_width(heading))
        .collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(measure_text_width(cell));
        }
    }
    widths
}

fn line(row: &[String], widths: &[usize], last: usize) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(&pad_str(cell, *width, console::Alignment::Left, None));
        line.push_str(GAP);
    }
    if let Some(cell) = row.get(widths.len()) {
        line.push_str(&truncate_str(cell, last, "…"));
    }
    line.trim_end().to_owned()
}
