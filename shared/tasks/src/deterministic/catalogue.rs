//! The catalogue rule: which questions the tools answer by themselves, without a language model.
//!
//! It recognises four forms and nothing else; a question with more words than its form is not
//! covered, because half an answer would be a wrong one ("how many orders last week" is not "how
//! many orders"). `README.md` beside this crate has the same table, and a test asks its examples.
//!
//! | Form | Becomes |
//! |---|---|
//! | nothing but arithmetic, with or without "what is" and the like; "average (sum, smallest, largest) of" a list | `calculate` |
//! | one URL, alone or in a question for its content | `http_get`, then the start of what it gave |
//! | a bare SELECT (or WITH … SELECT) | `sql`, then its rows as a table |
//! | "how many X (are there, do we have)", X a readable table, singular or plural | `sql` count, then a sentence |

mod arithmetic;
mod count;

use domain::Tool;
use serde_json::{Value, json};

use crate::inputs::Table;

/// Steps that answer a question; the last one's result is the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct DeterministicPlan {
    /// Which form it has.
    pub reason: &'static str,
    /// Steps as in a plan.
    pub steps: Vec<Value>,
}

/// Covers a question of any of the forms.
#[must_use]
pub fn plan_for(question: &str, tools: &[Tool], tables: &[Table]) -> Option<DeterministicPlan> {
    exact_plan_for(question, tools)
        .or_else(|| count_plan_for(question, tools, tables))
        .or_else(|| url_plan_for(question, tools))
}

/// Covers arithmetic and a bare SELECT: forms that cannot mean anything else.
#[must_use]
pub fn exact_plan_for(question: &str, tools: &[Tool]) -> Option<DeterministicPlan> {
    let question = question.trim();
    if let Some(expression) =
        arithmetic::expression(question).filter(|_| has(tools, &["calculate"]))
    {
        return Some(DeterministicPlan {
            reason: "arithmetic",
            steps: vec![calculate(&expression)],
        });
    }
    let is_query = is_select(question) && has(tools, &["sql", "template"]);
    is_query.then(|| DeterministicPlan {
        reason: "a bare SELECT",
        steps: select(question),
    })
}

/// Covers a count of one readable table.
#[must_use]
pub fn count_plan_for(
    question: &str,
    tools: &[Tool],
    tables: &[Table],
) -> Option<DeterministicPlan> {
    let has_tools = has(tools, &["sql", "template"]);
    let table = count::table(question.trim(), tables).filter(|_| has_tools)?;
    Some(DeterministicPlan {
        reason: "a count of one table",
        steps: count(table),
    })
}

/// Covers one URL to read, alone or in a question that asks for no more than its content.
#[must_use]
pub fn url_plan_for(question: &str, tools: &[Tool]) -> Option<DeterministicPlan> {
    let url = url(question).filter(|_| has(tools, &["http_get", "template"]))?;
    Some(DeterministicPlan {
        reason: "a URL to read",
        steps: fetch(url),
    })
}

fn has(tools: &[Tool], names: &[&str]) -> bool {
    names
        .iter()
        .all(|name| tools.iter().any(|tool| tool.name == *name))
}

fn step(key: &str, title: &str, tool: &str, depends_on: &[&str], arguments: &Value) -> Value {
    json!({
        "key": key, "kind": "tool", "title": title, "depends_on": depends_on,
        "input": {"tool": tool, "arguments": arguments}
    })
}

fn calculate(expression: &str) -> Value {
    let arguments = json!({"expression": literal(expression)});
    step("calculate", "Calculate", "calculate", &[], &arguments)
}

fn select(query: &str) -> Vec<Value> {
    let query = query.trim_end_matches(|letter: char| letter == ';' || letter.is_whitespace());
    let template = "{{ steps.query|table }}\n\n{{ steps.query.row_count }} row{% if steps.query.row_count != 1 %}s{% endif %}{% if steps.query.truncated %} (there are more){% endif %}.";
    vec![
        step(
            "query",
            "Run the query",
            "sql",
            &[],
            &json!({"query": literal(query)}),
        ),
        step(
            "answer",
            "Show the rows",
            "template",
            &["query"],
            &json!({"template": template}),
        ),
    ]
}

fn fetch(url: &str) -> Vec<Value> {
    let template = "The address answered {{ steps.fetch.status }} ({{ steps.fetch.content_type }}).\n\n{{ steps.fetch.body[:4000]|code }}";
    vec![
        step(
            "fetch",
            "Read the address",
            "http_get",
            &[],
            &json!({"url": literal(url)}),
        ),
        step(
            "answer",
            "Show its text",
            "template",
            &["fetch"],
            &json!({"template": template}),
        ),
    ]
}

fn count(table: &Table) -> Vec<Value> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let query = format!(
        "select count(*) as count from {}.{}",
        quoted(&table.schema),
        quoted(&table.name)
    );
    let many = count::spoken(&count::plural(&table.name));
    let one = count::spoken(&count::singular(&table.name));
    let template = "{% set count = steps.count.rows[0].count %}There {% if count == 1 %}is 1 {{ one }}{% else %}are {{ count|number }} {{ many }}{% endif %}.";
    let data = json!({"one": literal(&one), "many": literal(&many)});
    vec![
        step(
            "count",
            &format!("Count {many}"),
            "sql",
            &[],
            &json!({"query": literal(&query)}),
        ),
        step(
            "answer",
            "Say how many",
            "template",
            &["count"],
            &json!({"template": template, "data": data}),
        ),
    ]
}

/// A text in a step's arguments that stays what it is, whatever it looks like: arguments are templates.
fn literal(text: &str) -> String {
    let looks_like_template = ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark));
    if looks_like_template {
        format!("{{{{ {} }}}}", Value::from(text))
    } else {
        text.to_owned()
    }
}

fn is_select(question: &str) -> bool {
    let words: Vec<String> = question
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::to_ascii_lowercase)
        .collect();
    match words.first().map(String::as_str) {
        // "Select" begins ordinary sentences too; a query has a FROM, or after it a *, a literal, a call or a value's name.
        Some("select") => {
            let then = question
                .get("select".len()..)
                .unwrap_or_default()
                .trim_start();
            words.iter().any(|word| word == "from")
                || then.starts_with(|c: char| c.is_ascii_digit() || "*'(-".contains(c))
                || is_value(then)
        }
        Some("with") => words.iter().any(|word| word == "select") && question.contains('('),
        _ => false,
    }
}

/// Values of SQL that have a name and no arguments.
const NAMED_VALUES: &[&str] = &[
    "current_catalog",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "current_user",
    "false",
    "localtime",
    "localtimestamp",
    "null",
    "session_user",
    "true",
];

/// Returns true for a list of columns that begins with a call, such as `now()`, or with a value's name alone.
fn is_value(columns: &str) -> bool {
    let name_ends = columns.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    let (name, rest) = columns.split_at(name_ends.unwrap_or(columns.len()));
    let is_named = NAMED_VALUES.contains(&name.to_ascii_lowercase().as_str());
    let ends = rest.trim_start();
    !name.is_empty() && rest.starts_with('(') && rest.contains(')')
        || is_named && (ends.is_empty() || ends.starts_with([';', ',', ':']))
}

/// What statements of DDL act on.
const OBJECTS: &[&str] = &[
    "database",
    "extension",
    "function",
    "index",
    "policy",
    "role",
    "schema",
    "table",
    "trigger",
    "type",
    "view",
];

/// Returns the verb of a statement that changes data or its definition; nothing for a request in plain words.
#[must_use]
pub fn changing_statement(question: &str) -> Option<String> {
    let words: Vec<String> = question
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    let is_statement = match word(0) {
        "delete" => word(1) == "from",
        "insert" | "merge" => word(1) == "into",
        // After the table, which may be named with its schema.
        "update" => word(2) == "set" || word(3) == "set",
        "truncate" => words.len() <= 4,
        "drop" | "alter" => OBJECTS.contains(&word(1)),
        "create" => OBJECTS.contains(&word(1)) && question.contains('('),
        _ => false,
    };
    is_statement.then(|| word(0).to_uppercase())
}

/// Words around a URL that ask for its content and for nothing else.
const READING_WORDS: &[&str] = &[
    "a", "about", "address", "answer", "can", "contain", "content", "contents", "could", "do",
    "does", "fetch", "from", "get", "give", "has", "is", "it", "me", "of", "on", "open", "page",
    "please", "read", "return", "say", "says", "show", "site", "tell", "text", "the", "there",
    "to", "url", "what", "whats", "you", "s",
];

/// Returns the only URL in a question that consists of it and of [`READING_WORDS`].
fn url(question: &str) -> Option<&str> {
    let mut urls = Vec::new();
    for word in question.split_whitespace() {
        let bare =
            word.trim_matches(|c: char| matches!(c, '<' | '>' | '(' | ')' | '"' | '\'' | '`'));
        let bare = bare.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '>']);
        let lower = bare.to_lowercase();
        if lower.starts_with("https://") || lower.starts_with("http://") {
            urls.push(bare);
        } else if !is_about_reading(&lower) {
            return None;
        }
    }
    match urls.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

fn is_about_reading(word: &str) -> bool {
    word.split(|letter: char| !letter.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .all(|part| READING_WORDS.contains(&part))
}

#[cfg(test)]
mod tests;
