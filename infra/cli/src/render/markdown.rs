//! Markdown as a terminal can show it: lightly styled, tables aligned.
//!
//! The one thing to know: this is for reading on a terminal alone, where an endless table cell is cut. Where output
//! goes to a file or another program, the Markdown is passed on untouched.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use super::escaped;
use super::palette::{Palette, Screen};

/// Lines of prose are not made longer than this, however wide the screen is.
const WIDEST_PROSE: usize = 100;
const GAP: &str = "  ";
/// No column is made narrower than this to fit a table on the screen.
const NARROWEST_COLUMN: usize = 12;
/// A cell that would take more lines than this is cut.
const LINES_PER_CELL: usize = 4;

/// The text as lines for this screen.
pub(crate) fn lines(text: &str, screen: Screen) -> Vec<String> {
    let text = escaped(text);
    let mut lines = Vec::new();
    let mut table: Vec<&str> = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        if !is_code && !is_fence && line.trim_start().starts_with('|') {
            table.push(line);
            continue;
        }
        lines.append(&mut aligned(&table, screen));
        table.clear();
        if is_fence {
            is_code = !is_code;
            continue;
        }
        match is_code {
            true if line.is_empty() => lines.push(String::new()),
            true => lines.push(screen.palette.live(&format!("    {line}"))),
            false => prose(line, screen, &mut lines),
        }
    }
    lines.append(&mut aligned(&table, screen));
    // Templates leave empty lines where they said nothing.
    lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
    lines
}

fn prose(line: &str, screen: Screen, lines: &mut Vec<String>) {
    let palette = screen.palette;
    let hashes = line.chars().take_while(|letter| *letter == '#').count();
    if (1..=6).contains(&hashes)
        && let Some(heading) = line.get(hashes..).and_then(|rest| rest.strip_prefix(' '))
    {
        lines.push(palette.strong(&plain(heading)));
        if hashes == 1 {
            lines.push(palette.dim(&"─".repeat(measure_text_width(&plain(heading)))));
        }
        return;
    }
    let indent = line.len() - line.trim_start().len();
    let text = line.trim_start();
    let (first, hanging, text) = match text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")) {
        Some(item) => ("• ", "  ", item),
        None => match text.strip_prefix("> ") {
            Some(quoted) => ("│ ", "│ ", quoted),
            None => ("", "", text),
        },
    };
    let margin = " ".repeat(indent);
    let room = screen
        .width
        .min(WIDEST_PROSE)
        .saturating_sub(indent + first.chars().count())
        .max(20);
    for (number, part) in wrapped(text, room).iter().enumerate() {
        let lead = if number == 0 { first } else { hanging };
        lines.push(
            format!("{margin}{lead}{}", inline(part, palette))
                .trim_end()
                .to_owned(),
        );
    }
}

/// Breaks at spaces, never inside `code`.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut is_code = false;
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        let fits = line.is_empty() || line.chars().count() + 1 + word.chars().count() <= room;
        if fits || is_code {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
        is_code ^= word.matches('`').count() % 2 == 1;
    }
    lines
}

/// `**strong**` and `` `code` ``.
fn inline(text: &str, palette: Palette) -> String {
    let mut out = String::new();
    for (number, part) in text.split('`').enumerate() {
        if number % 2 == 1 {
            out.push_str(&palette.live(part));
            continue;
        }
        for (number, part) in part.split("**").enumerate() {
            match number % 2 {
                1 => out.push_str(&palette.strong(part)),
                _ => out.push_str(part),
            }
        }
    }
    out
}

fn plain(text: &str) -> String {
    text.replace("**", "").replace('`', "")
}

fn aligned(rows: &[&str], screen: Screen) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row)).collect();
    let is_rule = |row: &Vec<String>| {
        row.iter()
            .all(|cell| cell.chars().all(|letter| matches!(letter, '-' | ':')))
    };
    let texts: Vec<&Vec<String>> = rows.iter().filter(|row| !is_rule(row)).collect();
    let widths = widths(&texts, screen.width);
    let rule = widths
        .iter()
        .map(|width| "─".repeat(*width))
        .collect::<Vec<_>>()
        .join(GAP);
    let mut lines = Vec::new();
    for row in &rows {
        match is_rule(row) {
            true => lines.push(screen.palette.dim(&rule)),
            false => lines.append(&mut row_lines(row, &widths, screen.palette)),
        }
    }
    lines
}

/// As wide as their contents, but for the widest ones, which give way until the table fits.
fn widths(rows: &[&Vec<String>], room: usize) -> Vec<usize> {
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| measure_text_width(&plain(cell)))
            .max()
            .unwrap_or_default()
    };
    let mut widths: Vec<usize> = (0..columns).map(width).collect();
    let gaps = GAP.len() * columns.saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
    while excess > 0 {
        let Some(widest) = widths
            .iter_mut()
            .max()
            .filter(|width| **width > NARROWEST_COLUMN)
        else {
            break;
        };
        let given = excess.min((*widest - NARROWEST_COLUMN).div_ceil(2));
        *widest -= given;
        excess -= given;
    }
    widths
}

fn row_lines(row: &[String], widths: &[usize], palette: Palette) -> Vec<String> {
    let cells: Vec<Vec<String>> = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| cell_lines(cell, *width, palette))
        .collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let line = |number: usize| {
        let parts = cells.iter().zip(widths).map(|(cell, width)| {
            let part = cell.get(number).map_or("", String::as_str);
            pad_str(part, *width, Alignment::Left, None)
        });
        parts.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// A cell that fits keeps its style; one that is wrapped has none, since a style must not be torn.
fn cell_lines(cell: &str, width: usize, palette: Palette) -> Vec<String> {
    let text = plain(cell);
    if measure_text_width(&text) <= width {
        return vec![inline(cell, palette)];
    }
    let all = wrapped(&text, width);
    let is_cut = all.len() > LINES_PER_CELL;
    let mut lines: Vec<String> = all.into_iter().take(LINES_PER_CELL).collect();
    if is_cut && let Some(last) = lines.last_mut() {
        last.push_str(" …");
    }
    lines
        .iter()
        .map(|line| truncate_str(line, width, "…").into_owned())
        .collect()
}

fn cells(row: &str) -> Vec<String> {
    let row = row
        .trim()
        .trim_start_matches('|')
        .trim_end_matches('|')
        .replace("\\|", "\u{0}");
    row.split('|')
        .map(|cell| cell.trim().replace('\u{0}', "|"))
        .collect()
}
