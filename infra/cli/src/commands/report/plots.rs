//! Plots as SVG.

use std::fmt::Write as _;

use super::page::escape;

/// Width of every plot, in units of its own.
pub(super) const WIDTH: f64 = 800.0;
/// Space for labels on the left.
pub(super) const LABELS: f64 = 170.0;
pub(super) const ROW: f64 = 22.0;

/// Returns an amount for a plot; the numbers of a report are far below the limit of exact integers.
#[allow(clippy::cast_precision_loss)]
pub(super) fn number(amount: i64) -> f64 {
    amount as f64
}

/// Returns a plot of its content.
pub(super) fn svg(height: f64, caption: &str, content: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-label=\"{caption}\">{content}</svg>"
    )
}

/// An amount with its label and its text; a bad one is red.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) amount: f64,
    pub(super) shown: String,
    pub(super) is_bad: bool,
}

/// Draws a bar for each amount, with its label and text.
pub(super) fn bars(caption: &str, amounts: &[Bar]) -> String {
    let most = amounts.iter().map(|bar| bar.amount).fold(0.0, f64::max);
    if most <= 0.0 {
        return String::new();
    }
    let mut content = String::new();
    let mut top = 4.0;
    for bar in amounts {
        let class = if bar.is_bad { "bad" } else { "bar" };
        let width = (bar.amount / most * (WIDTH - LABELS - 90.0)).max(1.0);
        let _ = write!(
            content,
            "<text x=\"0\" y=\"{:.0}\">{}</text><rect class=\"{class}\" x=\"{LABELS}\" y=\"{top:.0}\" width=\"{width:.1}\" height=\"14\" rx=\"2\"/><text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            top + 12.0,
            escape(&shortened(&bar.label)),
            LABELS + width + 4.0,
            top + 12.0,
            escape(&bar.shown)
        );
        top += ROW;
    }
    svg(top, caption, &content)
}

/// Draws a line through the values in their order, with the axis' greatest value; nothing for fewer than two, or for
/// zeros alone.
pub(super) fn curve(values: &[f64]) -> String {
    const HEIGHT: f64 = 160.0;
    let most = values.iter().copied().fold(0.0, f64::max);
    let Some(gaps) = values
        .len()
        .checked_sub(1)
        .filter(|gaps| *gaps > 0 && most > 0.0)
    else {
        return String::new();
    };
    let step = (WIDTH - 70.0) / number(i64::try_from(gaps).unwrap_or(1));
    let mut left = 60.0;
    let points: Vec<String> = values
        .iter()
        .map(|value| {
            let height = value / most;
            let point = format!("{left:.1},{:.1}", HEIGHT - 20.0 - height * (HEIGHT - 40.0));
            left += step;
            point
        })
        .collect();
    let marks: String = points
        .iter()
        .filter_map(|point| point.split_once(','))
        .map(|(x, y)| format!("<circle class=\"bar\" cx=\"{x}\" cy=\"{y}\" r=\"3\"/>"))
        .collect();
    let content = format!(
        "<text x=\"0\" y=\"24\">{}</text><text x=\"0\" y=\"{:.0}\">0</text><polyline class=\"line\" points=\"{}\"/>{marks}",
        axis(most),
        HEIGHT - 16.0,
        points.join(" ")
    );
    svg(HEIGHT, "Goals of this kind", &content)
}

/// Draws a column for each amount in its order, between the labels of the first and the last; nothing without amounts
/// above zero.
pub(super) fn columns(caption: &str, amounts: &[(String, f64)]) -> String {
    const HEIGHT: f64 = 180.0;
    const BASE: f64 = HEIGHT - 20.0;
    let most = amounts
        .iter()
        .map(|(_, amount)| *amount)
        .fold(0.0, f64::max);
    let (Some((first, _)), Some((last, _))) = (amounts.first(), amounts.last()) else {
        return String::new();
    };
    if most <= 0.0 {
        return String::new();
    }
    let step = (WIDTH - 70.0) / number(i64::try_from(amounts.len()).unwrap_or(i64::MAX));
    let mut content = format!(
        "<text x=\"0\" y=\"24\">{}</text><text x=\"0\" y=\"{BASE:.0}\">0</text><text x=\"60\" y=\"{HEIGHT:.0}\">{}</text>",
        axis(most),
        escape(&shortened(first))
    );
    if amounts.len() > 1 {
        let _ = write!(
            content,
            "<text x=\"{WIDTH:.0}\" y=\"{HEIGHT:.0}\" text-anchor=\"end\">{}</text>",
            escape(&shortened(last))
        );
    }
    let mut left = 60.0;
    for (_, amount) in amounts {
        let height = amount / most * (BASE - 20.0);
        let _ = write!(
            content,
            "<rect class=\"bar\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
            BASE - height,
            (step * 0.8).min(60.0)
        );
        left += step;
    }
    svg(HEIGHT, caption, &content)
}

fn axis(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.4}")
    }
}

/// Returns the first letters of a label.
pub(super) fn shortened(label: &str) -> String {
    label.chars().take(24).collect()
}
