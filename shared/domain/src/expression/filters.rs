//! Filters for reports. Their input is data: whatever a cell holds, a table stays a table.

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("table", table);
    environment.add_filter("money", money);
    environment.add_filter("number", number);
    environment.add_filter("code", code);
}

/// Renders a list of objects as a Markdown table: `rows|table("name", "size")`.
///
/// The columns may also be given as one list. Without any, a query's whole result (`{"columns": …, "rows": …}`) shows
/// its own columns, and plain rows those of the first row.
#[expect(
    clippy::needless_pass_by_value,
    reason = "filters take the rest of their arguments like this"
)]
fn table(state: &State, value: &Value, columns: Rest<Value>) -> Result<String, Error> {
    let is_result = value.kind() == ValueKind::Map;
    let rows = if is_result {
        value.get_attr("rows")?
    } else {
        value.clone()
    };
    if rows.is_undefined() {
        let message = "table needs a list of rows or the result of a query";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    let rows: Vec<Value> = rows.try_iter()?.collect();
    let columns = match columns.0.as_slice() {
        [] if is_result => names(&value.get_attr("columns")?)?,
        [] => rows.first().map(names).transpose()?.unwrap_or_default(),
        [list] if list.kind() == ValueKind::Seq => names(list)?,
        given => given.iter().map(text).collect(),
    };
    if rows.is_empty() || columns.is_empty() {
        return Ok("_No rows._".into());
    }
    let cells = rows.len().saturating_mul(columns.len());
    state.consume_fuel(u64::try_from(cells).unwrap_or(u64::MAX))?;
    let heading = columns.iter().map(|name| escaped(name)).collect::<Vec<_>>();
    let mut lines = vec![line(&heading), line(&vec!["---".to_owned(); columns.len()])];
    for row in &rows {
        let mut shown = Vec::with_capacity(columns.len());
        for name in &columns {
            let cell = escaped(&text(&row.get_attr(name)?));
            state.consume_fuel(cell.len() as u64 / 64)?;
            shown.push(cell);
        }
        lines.push(line(&shown));
    }
    Ok(lines.join("\n"))
}

/// Formats an amount: `1234.5|money` is "1,234.50"; `1234.5|money("€")` is "€1,234.50".
fn money(value: &Value, unit: Option<&str>) -> Result<String, Error> {
    let amount = finite(value)?;
    let sign = if amount < 0.0 { "-" } else { "" };
    let digits = grouped(&format!("{:.2}", amount.abs()));
    Ok(format!("{sign}{}{digits}", unit.unwrap_or_default()))
}

/// Formats a number: `1234567.891|number` is "1,234,567.891"; `1234.5678|number(2)` is "1,234.57".
fn number(value: &Value, decimals: Option<usize>) -> Result<String, Error> {
    let amount = finite(value)?;
    let sign = if amount < 0.0 { "-" } else { "" };
    let digits = match decimals {
        Some(decimals) => format!("{:.*}", decimals.min(12), amount.abs()),
        None => format!("{}", amount.abs()),
    };
    Ok(format!("{sign}{}", grouped(&digits)))
}

/// Renders a fenced block that its content cannot end: `sql|code("sql")`.
fn code(value: &Value, language: Option<&str>) -> String {
    let content = text(value);
    let longest = content
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let language: String = language
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("{fence}{language}\n{}\n{fence}", content.trim_end())
}

/// Reads a number, also when a query returned it as text.
fn finite(value: &Value) -> Result<f64, Error> {
    let number = match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => f64::try_from(value.clone()).ok(),
    };
    number.filter(|number| number.is_finite()).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("`{}` is not a number", short(value)),
        )
    })
}

/// Inserts commas between groups of three digits before the point.
fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut shown = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    shown
}

fn names(list: &Value) -> Result<Vec<String>, Error> {
    Ok(list.try_iter()?.map(|name| text(&name)).collect())
}

/// Renders a cell: empty for a missing value, JSON for lists and objects.
fn text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => String::new(),
        ValueKind::Seq | ValueKind::Map => serde_json::to_string(value).unwrap_or_default(),
        _ => value.to_string(),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}

/// Escapes a cell, which must neither end its column or its row nor become HTML.
fn escaped(cell: &str) -> String {
    let mut shown = String::with_capacity(cell.len());
    for letter in cell.chars() {
        match letter {
            '|' => shown.push_str("\\|"),
            '\\' => shown.push_str("\\\\"),
            '<' => shown.push_str("&lt;"),
            '\n' | '\r' => shown.push(' '),
            other => shown.push(other),
        }
    }
    shown
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}
