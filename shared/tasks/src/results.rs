//! Results as a model reads them: rows of a query as arrays under one header, numbers without a division's tail, and
//! never more than a fixed number of bytes, with a sentence on what is missing. The rows of the journal keep the original.

use serde_json::{Map, Number, Value, json};

use domain::ToolCall;

use crate::data_block::data;

/// Bytes of one result in a prompt.
pub(crate) const RESULT_BYTES: usize = 20_000;

/// Bytes of all results of other steps in one prompt; each may have [`RESULT_BYTES`] if they are few.
const RESULTS_BYTES: usize = 60_000;

/// Bytes that each of very many results still has.
const LEAST_BYTES: usize = 1_500;

/// Characters of a cell, once a result is too long.
const CELL_CHARS: usize = 1_000;

/// Bytes of the sentence that states what is missing.
const NOTE_BYTES: usize = 300;

/// More digits than this mark a number as the outcome of a division or of binary fractions: Postgres gives a quotient at
/// least 16 digits. Then so many decimals are shown.
const LONG_DIGITS: usize = 15;
const SHOWN_DECIMALS: usize = 6;

/// Decimals that are kept even if they are zeros, as in an amount of money.
const KEPT_DECIMALS: usize = 2;

/// Renders the result of a tool call, or its error.
pub(crate) fn of_call(call: &ToolCall) -> String {
    match (&call.result, &call.error) {
        (Some(result), _) => data("result", &compact(result, RESULT_BYTES)),
        (None, Some(error)) => data(
            "error",
            &json!({"code": error.code, "message": error.message}),
        ),
        (None, None) => not_made(),
    }
}

/// Renders the place of a call that has no row.
pub(crate) fn not_made() -> String {
    data(
        "error",
        &json!({"code": "not_called", "message": "this call was not made: an answer may ask for 16; ask for it again"}),
    )
}

/// Renders results of steps, by key.
pub(crate) fn of_steps(steps: &Map<String, Value>) -> Value {
    let budget = share(steps.len());
    let compacted = steps
        .iter()
        .map(|(key, result)| (key.clone(), compact(result, budget)));
    Value::Object(compacted.collect())
}

/// Renders a list of ended steps, each with its `result` or `error`; fields without a value are left out.
pub(crate) fn of_ended_steps(steps: &Value) -> Value {
    let Value::Array(steps) = steps else {
        return steps.clone();
    };
    let budget = share(steps.len());
    let compacted = steps.iter().map(|step| {
        let Value::Object(fields) = step else {
            return step.clone();
        };
        let fields = fields.iter().filter(|(_, value)| !value.is_null());
        let shown = fields.map(|(name, value)| match name.as_str() {
            "result" => (name.clone(), compact(value, budget)),
            _ => (name.clone(), value.clone()),
        });
        Value::Object(shown.collect())
    });
    compacted.collect()
}

fn share(steps: usize) -> usize {
    (RESULTS_BYTES / steps.max(1)).clamp(LEAST_BYTES, RESULT_BYTES)
}

/// Returns a result in fewer bytes: as short as its content permits, and cut to the budget.
pub(crate) fn compact(result: &Value, budget: usize) -> Value {
    let whole = shorten(result);
    let bytes = size(&whole);
    if bytes <= budget {
        return whole;
    }
    match whole {
        Value::Object(fields) if has_rows(&fields) => cut_rows(fields, budget),
        Value::Object(fields) => cut_fields(fields, bytes, budget),
        whole => cut_text(&whole, bytes, budget),
    }
}

/// Bytes in a prompt, where `<` is escaped.
fn size(value: &Value) -> usize {
    let text = value.to_string();
    text.len() + 5 * text.matches('<').count()
}

/// Rows become arrays in the order of `columns`, numbers lose what they do not need.
fn shorten(value: &Value) -> Value {
    match value {
        Value::Object(fields) => match tabulated(fields) {
            Some(table) => table,
            None => {
                let fields = fields.iter();
                Value::Object(fields.map(|(k, v)| (k.clone(), shorten(v))).collect())
            }
        },
        Value::Array(items) => items.iter().map(shorten).collect(),
        Value::Number(number) => trimmed_number(number),
        Value::String(text) => trimmed_text(text).unwrap_or_else(|| value.clone()),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

/// A result of a query with its rows as arrays; none for an object that is no such result.
fn tabulated(fields: &Map<String, Value>) -> Option<Value> {
    let columns = fields.get("columns")?.as_array()?;
    let rows = fields.get("rows")?.as_array()?;
    let names: Vec<&str> = columns.iter().map(Value::as_str).collect::<Option<_>>()?;
    let array = |row: &Value| {
        let cells = row.as_object()?;
        let is_complete =
            cells.len() == names.len() && names.iter().all(|name| cells.contains_key(*name));
        let in_order = names
            .iter()
            .map(|name| cells.get(*name).map_or(Value::Null, shorten));
        is_complete.then(|| Value::Array(in_order.collect()))
    };
    let arrays = rows.iter().map(array).collect::<Option<Vec<Value>>>()?;
    let others = fields
        .iter()
        .filter(|(name, value)| {
            !matches!(name.as_str(), "columns" | "rows")
                && (name.as_str(), *value) != ("truncated", &Value::Bool(false))
        })
        .map(|(name, value)| (name.clone(), shorten(value)));
    let mut table: Map<String, Value> = others.collect();
    table.insert("columns".to_owned(), json!(columns));
    table.insert("rows".to_owned(), Value::Array(arrays));
    Some(Value::Object(table))
}

fn has_rows(fields: &Map<String, Value>) -> bool {
    fields.get("columns").is_some_and(Value::is_array)
        && fields.get("rows").is_some_and(Value::is_array)
}

/// Keeps as many rows as fit, at least one, and states how to read the others.
fn cut_rows(mut fields: Map<String, Value>, budget: usize) -> Value {
    let Some(Value::Array(rows)) = fields.remove("rows") else {
        return Value::Object(fields);
    };
    let others: Map<String, Value> = fields
        .iter()
        .map(|(name, value)| (name.clone(), cut_cells(value)))
        .collect();
    let rest = size(&Value::Object(others.clone())) + NOTE_BYTES;
    let mut left = budget.saturating_sub(rest);
    let mut shown = Vec::new();
    for row in &rows {
        let row = cut_cells(row);
        let bytes = size(&row) + 1;
        if bytes > left && !shown.is_empty() {
            break;
        }
        left = left.saturating_sub(bytes);
        shown.push(row);
    }
    let mut fields = others;
    let count = shown.len();
    if count < rows.len() {
        let more = match fields.get("truncated") {
            Some(Value::Bool(true)) => "more than ",
            _ => "",
        };
        let sentence = format!(
            "first {count} of {more}{} rows; for the others query again with ORDER BY, LIMIT and OFFSET {count}, or ask for fewer rows and columns",
            rows.len()
        );
        fields.insert("shown".to_owned(), Value::String(sentence));
    }
    fields.insert("rows".to_owned(), Value::Array(shown));
    Value::Object(fields)
}

/// Cuts the long texts of a row or of a field.
fn cut_cells(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(cut(text, CELL_CHARS)),
        Value::Array(cells) => cells.iter().map(cut_cells).collect(),
        Value::Object(_) if size(value) > 4 * CELL_CHARS => {
            Value::String(cut(&value.to_string(), CELL_CHARS))
        }
        value => value.clone(),
    }
}

/// Cuts the longest text of an object if that is enough, and its text as JSON otherwise.
fn cut_fields(mut fields: Map<String, Value>, bytes: usize, budget: usize) -> Value {
    let texts = fields
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let Some((name, text)) = texts.max_by_key(|(_, text)| text.len()) else {
        return cut_text(&Value::Object(fields), bytes, budget);
    };
    let own = size(&Value::String(text.clone()));
    let rest = bytes.saturating_sub(own) + NOTE_BYTES;
    if rest >= budget / 2 {
        return cut_text(&Value::Object(fields), bytes, budget);
    }
    // Escapes make a text longer than its characters, by the same share everywhere as far as this knows.
    let mut chars = text.chars().count() * (budget - rest) / own.max(1);
    let mut shorter = cut(&text, chars);
    while size(&Value::String(shorter.clone())) > budget - rest + NOTE_BYTES && chars > 0 {
        chars /= 2;
        shorter = cut(&text, chars);
    }
    fields.insert(name, Value::String(shorter));
    Value::Object(fields)
}

/// Cuts a value as text.
fn cut_text(value: &Value, bytes: usize, budget: usize) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let budget = budget.saturating_sub(NOTE_BYTES);
    // Escaped again as a string, quotes and tags take more.
    let own = size(&Value::String(text.clone())).max(bytes);
    let mut chars = text.chars().count() * budget / own.max(1);
    let mut shorter = cut(&text, chars);
    while size(&Value::String(shorter.clone())) > budget + NOTE_BYTES && chars > 0 {
        chars /= 2;
        shorter = cut(&text, chars);
    }
    Value::String(shorter)
}

/// The beginning of a text, with a word on its length; a text that fits as it is.
fn cut(text: &str, chars: usize) -> String {
    let all = text.chars().count();
    if all <= chars {
        return text.to_owned();
    }
    let shown: String = text.chars().take(chars).collect();
    format!("{shown}… (first {chars} of {all} characters; ask for less to see the rest)")
}

fn trimmed_number(number: &Number) -> Value {
    let text = number.to_string();
    trimmed(&text)
        .and_then(|shorter| serde_json::from_str(&shorter).ok())
        .map_or_else(|| Value::Number(number.clone()), Value::Number)
}

/// A number that is a text because no double can hold it: a number once its tail is gone.
fn trimmed_text(text: &str) -> Option<Value> {
    let (whole, decimals) = text.split_once('.')?;
    let is_number = is_long(whole, decimals)
        && decimals.bytes().all(|byte| byte.is_ascii_digit())
        && digits(whole).bytes().all(|byte| byte.is_ascii_digit())
        && !digits(whole).is_empty();
    let shorter = is_number.then(|| trimmed(text)).flatten()?;
    serde_json::from_str(&shorter).ok().map(Value::Number)
}

fn is_long(whole: &str, decimals: &str) -> bool {
    decimals.len() > SHOWN_DECIMALS && digits(whole).len() + decimals.len() > LONG_DIGITS
}

fn digits(whole: &str) -> &str {
    whole.strip_prefix('-').unwrap_or(whole)
}

/// A decimal number without zeros at its end, down to two decimals, and without the tail of a division; none where it
/// stays as it is. A number below one keeps as many digits as one above it.
fn trimmed(text: &str) -> Option<String> {
    if text.contains(['e', 'E']) {
        return None;
    }
    let (whole, decimals) = text.split_once('.')?;
    let leading = match digits(whole) {
        "0" => decimals.bytes().take_while(|byte| *byte == b'0').count(),
        _ => 0,
    };
    let shown = leading + SHOWN_DECIMALS;
    let (whole, decimals) = if is_long(whole, decimals) && decimals.len() > shown {
        round(whole, decimals, shown)?
    } else {
        (whole.to_owned(), decimals.to_owned())
    };
    let significant = decimals.trim_end_matches('0').len();
    let kept = significant.max(KEPT_DECIMALS.min(decimals.len()));
    let shorter = format!("{whole}.{}", decimals.get(..kept)?);
    (shorter.len() < text.len()).then_some(shorter)
}

/// Rounds half away from zero to so many decimals; none where the digits are too many to count with.
fn round(whole: &str, decimals: &str, shown: usize) -> Option<(String, String)> {
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let kept = decimals.get(..shown)?;
    let up = decimals.as_bytes().get(shown)? >= &b'5';
    let number: u128 = format!("{}{kept}", digits(whole)).parse().ok()?;
    let rounded = number.checked_add(u128::from(up))?.to_string();
    let padded = format!("{rounded:0>width$}", width = shown + 1);
    let (whole, decimals) = padded.split_at(padded.len() - shown);
    Some((format!("{sign}{whole}"), decimals.to_owned()))
}

#[cfg(test)]
mod tests;
