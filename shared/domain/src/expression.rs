//! Templates and checks inside plans: minijinja, within bounds.
//!
//! Plans are untrusted, so an expression can neither run for ever nor fill the memory (fuel pays for each instruction
//! and each 64 bytes), reads nothing but the context that it is given, and fails on a name that does not exist instead
//! of printing nothing. Nothing is escaped for HTML, since the outputs are Markdown, SQL and JSON; results are data and
//! are never rendered a second time.
//!
//! A template's source is bounded before it is parsed (`limits`), and it is evaluated on a thread with a stack of its
//! own (`guard`): the parser and the engine recurse, and a stack that overflows ends the process.
//!
//! Besides minijinja's own filters (`sort`, `selectattr`, `map`, `join`, `tojson`, …) there are: `table` (rows to a
//! Markdown table), `money`, `number` and `code` (a fenced block). [`FILTERS`] and [`TESTS`] are the lists that prompts
//! and messages show.

mod bounded;
mod error;
mod filters;
mod guard;
mod inspect;
mod json;
mod limits;
mod tokens;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value as Jinja};
use serde_json::{Map, Value};

pub use error::{Error, MAX_OUTPUT_BYTES};
pub(crate) use inspect::holds_only_paths;
pub use inspect::{References, references_in_expression, references_in_template};

/// Filters that templates and checks may use.
pub const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "code",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "money",
    "number",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "table",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// Tests (`x is defined`) that templates and checks may use.
pub const TESTS: &[&str] = &[
    "defined",
    "undefined",
    "none",
    "true",
    "false",
    "boolean",
    "number",
    "integer",
    "float",
    "string",
    "sequence",
    "mapping",
    "iterable",
    "odd",
    "even",
    "divisibleby",
    "startingwith",
    "endingwith",
    "in",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "lower",
    "upper",
];

/// Steps of work for one template: about 30 MB of data or half a million instructions.
const FUEL: u64 = 500_000;

/// The longest part of a value that evidence quotes.
const MAX_EVIDENCE_CHARS: usize = 120;

/// The value of a check, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// True if the check holds.
    pub holds: bool,
    /// The expression and the values that it read, in one line.
    pub evidence: String,
}

/// Fills in the templates in a step's arguments, at any depth.
///
/// A string that is exactly one `{{ expression }}` becomes that JSON value, lists and objects
/// included; any other string is rendered as text. Names of fields are left alone.
///
/// # Errors
/// See [`Error`]; the whole result is at most [`MAX_OUTPUT_BYTES`].
pub fn render(arguments: &Value, context: &Value) -> Result<Value, Error> {
    if !has_marks(arguments) {
        return within_output(arguments.clone());
    }
    let (arguments, context) = (arguments.clone(), json::to_jinja(context));
    guard::run(move || {
        let environment = environment();
        let mut room = MAX_OUTPUT_BYTES;
        within_output(render_value(&environment, &arguments, &context, &mut room)?)
    })
}

fn within_output(rendered: Value) -> Result<Value, Error> {
    if rendered.to_string().len() > MAX_OUTPUT_BYTES {
        return Err(Error::TooLarge);
    }
    Ok(rendered)
}

/// Evaluates the check of a criterion.
///
/// # Errors
/// See [`Error`]; a check that cannot be evaluated is neither true nor false.
pub fn evaluate_check(expression: &str, context: &Value) -> Result<Check, Error> {
    let (expression, context) = (expression.to_owned(), json::to_jinja(context));
    guard::run(move || evaluate(&expression, &context))
}

fn evaluate(expression: &str, context: &Jinja) -> Result<Check, Error> {
    let environment = environment();
    let guarded = limits::guarded_expression(expression)?;
    let compiled = environment
        .compile_expression(&guarded)
        .map_err(|e| refusal(&e))?;
    let value = compiled
        .eval(context.clone())
        .map_err(|error| refusal(&error))?;
    if value.is_undefined() {
        return Err(Error::Undefined(expression.to_owned()));
    }
    let holds = value.is_true();
    let mut names: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
    names.sort_unstable();
    let seen = names
        .iter()
        .filter_map(|name| quoted(&environment, name, context));
    let seen: Vec<String> = seen.collect();
    let mut evidence = format!("`{expression}` is {holds}");
    if !seen.is_empty() {
        evidence.push_str(&format!(" ({})", seen.join(", ")));
    }
    Ok(Check { holds, evidence })
}

/// Renders a template to text, for reports and for the `template` tool.
///
/// # Errors
/// See [`Error`]; the text is at most [`MAX_OUTPUT_BYTES`].
pub fn render_report(template: &str, context: &Value) -> Result<String, Error> {
    let text = if is_template(template) {
        let (template, context) = (template.to_owned(), json::to_jinja(context));
        guard::run(move || render_text(&environment(), &template, &context))?
    } else {
        template.to_owned()
    };
    if text.len() > MAX_OUTPUT_BYTES {
        Err(Error::TooLarge)
    } else {
        Ok(text)
    }
}

/// Renders a report of which parts are missing: an undefined name prints nothing.
///
/// # Errors
/// See [`Error`]; the text is at most [`MAX_OUTPUT_BYTES`].
pub fn render_partial_report(template: &str, context: &Value) -> Result<String, Error> {
    let (template, context) = (template.to_owned(), json::to_jinja(context));
    let text = guard::run(move || {
        let mut environment = environment();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        render_text(&environment, &template, &context)
    })?;
    match text.len() > MAX_OUTPUT_BYTES {
        true => Err(Error::TooLarge),
        false => Ok(text),
    }
}

/// Creates the engine. No loader is set and the include feature is not compiled in, so a template reads only its
/// context.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(false);
    filters::add_to(&mut environment);
    bounded::add_to(&mut environment);
    environment
}

fn render_value(
    environment: &Environment<'_>,
    value: &Value,
    context: &Jinja,
    room: &mut usize,
) -> Result<Value, Error> {
    match value {
        Value::String(text) => render_string(environment, text, context, room),
        Value::Array(items) => {
            let items = items
                .iter()
                .map(|item| render_value(environment, item, context, room));
            items.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Value::Object(fields) => {
            let mut rendered = Map::new();
            for (name, value) in fields {
                rendered.insert(
                    name.clone(),
                    render_value(environment, value, context, room)?,
                );
            }
            Ok(Value::Object(rendered))
        }
        other => Ok(other.clone()),
    }
}

fn render_string(
    environment: &Environment<'_>,
    text: &str,
    context: &Jinja,
    room: &mut usize,
) -> Result<Value, Error> {
    if guard::is_over_time() {
        return Err(Error::TooMuchWork);
    }
    let guarded = whole_expression(text)
        .map(limits::guarded_expression)
        .transpose()?;
    let expression = guarded
        .as_deref()
        .and_then(|inner| environment.compile_expression(inner).ok());
    if let Some(expression) = expression {
        let value = expression
            .eval(context.clone())
            .map_err(|error| refusal(&error))?;
        return json::from_jinja(&value, room);
    }
    let rendered = render_text(environment, text, context)?;
    *room = room.checked_sub(rendered.len()).ok_or(Error::TooLarge)?;
    Ok(Value::String(rendered))
}

fn render_text(
    environment: &Environment<'_>,
    template: &str,
    context: &Jinja,
) -> Result<String, Error> {
    if !is_template(template) {
        return Ok(template.to_owned());
    }
    let guarded = limits::guarded_template(template)?;
    let compiled = environment
        .template_from_str(&guarded)
        .map_err(|error| refusal(&error))?;
    compiled
        .render(context.clone())
        .map_err(|error| refusal(&error))
}

/// Returns the expression of a text that is exactly one `{{ expression }}`. `{{ a }}, {{ b }}` also begins and ends like
/// one, but what is between the outer braces cannot be read as an expression.
pub(crate) fn whole_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?;
    inner.strip_suffix("}}")
}

/// Returns true if the text has a tag; any other text stands for itself.
pub(crate) fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// Returns true if a string anywhere in a value has a tag.
pub(crate) fn has_marks(value: &Value) -> bool {
    match value {
        Value::String(text) => is_template(text),
        Value::Array(items) => items.iter().any(has_marks),
        Value::Object(fields) => fields.values().any(has_marks),
        _ => false,
    }
}

/// Returns "steps.rank.row_count = 3" for a name that a check reads.
fn quoted(environment: &Environment<'_>, name: &str, context: &Jinja) -> Option<String> {
    let value = environment
        .compile_expression(name)
        .ok()?
        .eval(context.clone())
        .ok()?;
    let mut room = MAX_OUTPUT_BYTES;
    let text = json::from_jinja(&value, &mut room).ok()?.to_string();
    if text.chars().count() <= MAX_EVIDENCE_CHARS {
        return Some(format!("{name} = {text}"));
    }
    let start: String = text.chars().take(MAX_EVIDENCE_CHARS).collect();
    Some(format!("{name} = {start}…"))
}

fn refusal(error: &minijinja::Error) -> Error {
    let line = error
        .line()
        .map(|line| format!(" (line {line})"))
        .unwrap_or_default();
    let detail = error.detail().unwrap_or_default();
    let message = match (error.kind().to_string(), detail) {
        (kind, "") => format!("{kind}{line}"),
        (kind, detail) => format!("{kind}: {detail}{line}"),
    };
    match error.kind() {
        ErrorKind::OutOfFuel => Error::TooMuchWork,
        ErrorKind::UndefinedError => Error::Undefined(message),
        ErrorKind::SyntaxError
        | ErrorKind::UnknownFilter
        | ErrorKind::UnknownFunction
        | ErrorKind::UnknownTest
        | ErrorKind::BadEscape => Error::Syntax(message),
        _ => Error::Value(message),
    }
}

#[cfg(test)]
mod tests;
