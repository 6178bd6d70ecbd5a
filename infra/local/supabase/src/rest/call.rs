//! The SQL text of a function call.
//!
//! Names come from the catalog and are quoted; values travel in the one bound parameter, so a caller's text never
//! becomes SQL. The text depends on the signature, the given names and the role alone, so each connection prepares it
//! once.

use super::routine::{Parameter, Routine};
use std::collections::BTreeSet;

/// The place of the arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Arguments {
    /// `$1` is a JSON object with typed values.
    JsonObject,
    /// `$1` is a JSON object with the texts of query parameters.
    Texts,
    /// `$1` is the one argument.
    WholeBody,
}

/// The form of the result that the caller requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The function's result: an array for a set, otherwise the value.
    AsReturned,
    /// Exactly one row, without an array around it.
    OneObject,
}

/// Returns the text of the call. Its result is one row: body, row count, `response.headers`, `response.status`.
pub(super) fn statement(
    routine: &Routine,
    given: &BTreeSet<&str>,
    arguments: Arguments,
    wanted: Wanted,
    role: &str,
) -> String {
    let used = routine.parameters.iter();
    let used =
        used.filter(|p| arguments == Arguments::WholeBody || given.contains(p.name.as_str()));
    let used = used.collect::<Vec<_>>();
    let call = format!(
        "{}.{}({})",
        quoted(&routine.schema),
        quoted(&routine.name),
        passed(&used, arguments)
    );
    let rows = match routine.returns.composite {
        true => format!("select c.* from {}{call} as c", source(&used, arguments)),
        false => format!("select c.v from {}{call} as c(v)", source(&used, arguments)),
    };
    let value = if routine.returns.composite {
        "t"
    } else {
        "t.v"
    };
    let body = match (routine.returns.void, routine.returns.set, wanted) {
        (true, ..) => "''".to_owned(),
        (_, true, Wanted::AsReturned) => {
            format!("coalesce(pg_catalog.json_agg({value})::text, '[]')")
        }
        _ => format!(
            "coalesce((pg_catalog.array_agg(pg_catalog.to_json({value})))[1]::text, 'null')"
        ),
    };
    // The role is part of the text, and so of the key under which the statement is kept: the right to a schema is
    // checked when a statement is prepared and not again.
    format!(
        "/* {} */ select {body} as body, count(*) as row_count\
         , nullif(pg_catalog.current_setting('response.headers', true), '') as headers\
         , nullif(pg_catalog.current_setting('response.status', true), '') as status from ({rows}) as t",
        role.replace("*/", "")
    )
}

fn source(used: &[&Parameter], arguments: Arguments) -> String {
    if used.is_empty() || arguments == Arguments::WholeBody {
        return String::new();
    }
    let columns = used.iter().map(|parameter| match arguments {
        Arguments::Texts => format!(
            "($1::text::json ->> {})::{} as {}",
            literal(&parameter.name),
            parameter.sql_type,
            quoted(&parameter.name)
        ),
        _ => format!("{} {}", quoted(&parameter.name), parameter.sql_type),
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    match arguments {
        Arguments::Texts => format!("(select {columns}) as b, lateral "),
        _ => format!("pg_catalog.json_to_record($1::text::json) as b({columns}), lateral "),
    }
}

fn passed(used: &[&Parameter], arguments: Arguments) -> String {
    let passed = used.iter().map(|parameter| match arguments {
        Arguments::WholeBody => format!("$1::text::{}", parameter.sql_type),
        _ => {
            let name = quoted(&parameter.name);
            let variadic = if parameter.variadic { "variadic " } else { "" };
            format!("{variadic}{name} => b.{name}")
        }
    });
    passed.collect::<Vec<_>>().join(", ")
}

/// Returns true if the statement has a parameter.
pub(super) fn binds_arguments(given: &BTreeSet<&str>, arguments: Arguments) -> bool {
    arguments == Arguments::WholeBody || !given.is_empty()
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
