//! Tables as a model reads them: one line of compact DDL each, those first that fit best, within a number of bytes.
//! Everything here comes from the catalog; comments are their owners' words and stay inside the block's data.

use std::fmt::Write as _;

use crate::inputs::{Column, CommonValues, ForeignKey, Table};

/// Bytes of the described tables in one prompt.
pub(crate) const TABLES_BYTES: usize = 12_000;

/// Bytes of what stands often in them.
const VALUES_BYTES: usize = 4_000;

/// Bytes of the names of tables that are not described.
const NAMES_BYTES: usize = 1_000;

/// Renders the tables, which come in the order of how well they fit. Those that are shown stand in the order of their
/// names, so that a prompt with the same tables begins the same way.
pub(crate) fn render(tables: &[Table], more_tables: u32, readable_schemas: &[String]) -> String {
    let mut shown: Vec<(String, String)> = Vec::new();
    let mut left: Vec<String> = Vec::new();
    let mut bytes = 0;
    for table in tables {
        let line = line(table);
        let fits = bytes + line.len() < TABLES_BYTES || shown.is_empty();
        if fits && left.is_empty() {
            bytes += line.len() + 1;
            shown.push((name_of(table), line));
        } else {
            left.push(name_of(table));
        }
    }
    shown.sort();
    let mut lines: Vec<String> = shown.into_iter().map(|(_, line)| line).collect();
    lines.extend(not_shown(&left, more_tables, readable_schemas));
    if lines.is_empty() {
        lines.push("none".to_owned());
    }
    lines.join("\n")
}

/// Renders what stands often in the tables, a line each; empty where nothing is known.
pub(crate) fn render_values(found: &CommonValues) -> String {
    let mut names: Vec<&String> = found.rows.keys().chain(found.values.keys()).collect();
    names.sort();
    names.dedup();
    let mut text = String::new();
    for name in names {
        let rows = found.rows.get(name).map(|rows| format!("{rows} rows"));
        let columns = found.values.get(name).into_iter().flatten();
        let columns = columns.map(|(column, values)| {
            let values: Vec<String> = values
                .iter()
                .map(|value| quoted(&one_line(value)))
                .collect();
            format!("{} {}", identifier(column), values.join(", "))
        });
        let parts: Vec<String> = rows.into_iter().chain(columns).collect();
        let line = format!("{name}: {}", parts.join("; "));
        if text.len() + line.len() > VALUES_BYTES {
            break;
        }
        let end = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{end}{line}");
    }
    text
}

/// States how many tables are left out, with the names that are known, and how to read of them.
fn not_shown(left: &[String], more_tables: u32, readable_schemas: &[String]) -> Option<String> {
    let count = left.len() + usize::try_from(more_tables).unwrap_or(usize::MAX - left.len());
    if count == 0 {
        return None;
    }
    let mut names = String::new();
    for name in left {
        if names.len() + name.len() > NAMES_BYTES {
            break;
        }
        let comma = if names.is_empty() { "" } else { ", " };
        let _ = write!(names, "{comma}{name}");
    }
    let named = if names.is_empty() {
        String::new()
    } else {
        format!(" ({names}{})", if count > left.len() { ", …" } else { "" })
    };
    let tables = if count == 1 { "table" } else { "tables" };
    let way = if readable_schemas
        .iter()
        .any(|schema| schema == "information_schema")
    {
        "information_schema.columns describes them"
    } else {
        "a table that is not listed may still be read by its name"
    };
    Some(format!("and {count} more {tables}{named}; {way}"))
}

fn name_of(table: &Table) -> String {
    format!("{}.{}", identifier(&table.schema), identifier(&table.name))
}

/// A name as SQL needs it: in quotes where it is not plain.
fn identifier(name: &str) -> String {
    let is_plain = name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| identifier(name)).collect();
    names.join(", ")
}

fn line(table: &Table) -> String {
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .map(|column| column_of(table, column))
        .collect();
    if table.more_columns > 0 {
        parts.push(format!("… {} more columns", table.more_columns));
    }
    parts.extend(rules(table));
    let kind = if table.kind == "view" { "view " } else { "" };
    let mut line = format!("{kind}{} ({})", name_of(table), parts.join(", "));
    if let Some(rows) = table.estimated_rows.filter(|rows| *rows > 0.0) {
        let _ = write!(line, " about {rows:.0} rows");
    }
    if let Some(comment) = &table.comment {
        let _ = write!(line, " -- {}", one_line(comment));
    }
    line
}

/// The keys and checks of more than one column.
fn rules(table: &Table) -> Vec<String> {
    let mut rules = Vec::new();
    if table.primary_key.len() > 1 {
        rules.push(format!("pk ({})", list(&table.primary_key)));
    }
    let wide = table.unique_keys.iter().filter(|key| key.len() > 1);
    rules.extend(wide.map(|key| format!("unique ({})", list(key))));
    let wide = table
        .foreign_keys
        .iter()
        .filter(|key| key.columns.len() > 1);
    rules.extend(wide.map(|key| format!("({}) -> {}", list(&key.columns), target(key))));
    let wide = table.checks.iter().filter(|check| check.columns.len() != 1);
    rules.extend(wide.map(|check| format!("check ({})", expression(&check.expression))));
    rules
}

fn target(key: &ForeignKey) -> String {
    match key.referenced_columns.as_slice() {
        [only] => format!("{}.{}", key.references, identifier(only)),
        several => format!("{} ({})", key.references, list(several)),
    }
}

fn column_of(table: &Table, column: &Column) -> String {
    let is_it = |names: &[String]| matches!(names, [only] if *only == column.name);
    let is_key = table.primary_key.contains(&column.name);
    let mut text = format!(
        "{} {}",
        identifier(&column.name),
        short_type(&column.r#type)
    );
    if is_it(&table.primary_key) {
        text.push_str(" pk");
    } else if column.not_null && !is_key {
        text.push_str(" not null");
    }
    if table.unique_keys.iter().any(|key| is_it(key)) {
        text.push_str(" unique");
    }
    for key in table.foreign_keys.iter().filter(|key| is_it(&key.columns)) {
        let _ = write!(text, " -> {}", target(key));
    }
    if !column.values.is_empty() {
        let values: Vec<String> = column.values.iter().map(|value| quoted(value)).collect();
        let _ = write!(text, " in ({})", values.join(", "));
    }
    for check in table.checks.iter().filter(|check| is_it(&check.columns)) {
        let _ = write!(text, " check ({})", expression(&check.expression));
    }
    if let Some(comment) = &column.comment {
        let _ = write!(text, " /* {} */", one_line(comment));
    }
    text
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A comment cannot end the comment around it, nor the line.
fn one_line(comment: &str) -> String {
    let words: Vec<&str> = comment.split_whitespace().collect();
    words.join(" ").replace("*/", "* /")
}

/// The name by which SQL knows a type too, where it is shorter.
fn short_type(name: &str) -> String {
    const LONG: [(&str, &str); 6] = [
        ("timestamp with time zone", "timestamptz"),
        ("timestamp without time zone", "timestamp"),
        ("time with time zone", "timetz"),
        ("time without time zone", "time"),
        ("character varying", "varchar"),
        ("double precision", "float8"),
    ];
    let mut short = name.to_owned();
    for (long, name) in LONG {
        short = short.replace(long, name);
    }
    short
}

/// Casts that Postgres prints beside literals and that say nothing.
const CASTS: [&str; 8] = [
    "::text[]",
    "::text",
    "::character varying[]",
    "::character varying",
    "::bpchar",
    "::numeric",
    "::bigint",
    "::double precision",
];

/// A check as people write it: without casts beside literals, `in (…)` instead of `= ANY (ARRAY[…])`.
fn expression(printed: &str) -> String {
    let mut plain = String::new();
    let mut rest = printed;
    // Inside quotes everything stays.
    while let Some(letter) = rest.chars().next() {
        if matches!(letter, '\'' | '"') {
            let inside = rest.get(1..).unwrap_or_default();
            let end = inside.find(letter).map_or(rest.len(), |at| at + 2);
            plain.push_str(rest.get(..end).unwrap_or(rest));
            rest = rest.get(end..).unwrap_or_default();
        } else if let Some(cast) = CASTS.iter().find(|cast| rest.starts_with(**cast)) {
            rest = rest.get(cast.len()..).unwrap_or_default();
        } else {
            plain.push(if letter.is_whitespace() { ' ' } else { letter });
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    as_list(&plain).unwrap_or(plain)
}

/// `x in (…)` for an expression that is `x = ANY (ARRAY[…])` and nothing more.
fn as_list(plain: &str) -> Option<String> {
    let (tested, values) = plain.split_once(" = ANY (ARRAY[")?;
    let values = values.strip_suffix("])")?;
    let is_all = !values.contains("ARRAY[") && !values.contains("])");
    is_all.then(|| format!("{tested} in ({values})"))
}

#[cfg(test)]
mod tests;
