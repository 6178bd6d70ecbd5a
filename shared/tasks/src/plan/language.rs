//! How plans are written, for prompts: generated from what the check of plans reads, so that both say the same.

use std::fmt::Write as _;

use domain::StepKind;
use domain::expression::{FILTERS, TESTS};
use domain::plan::{KINDS, KindDoc};
use serde_json::{Map, Value, json};

/// Filters of our own, with what they make; the other ones are Jinja's.
const OWN_FILTERS: &str = "`table` (rows, or a query's whole result, to a Markdown table; `table(\"name\", \"total\")` chooses columns), \
`money` (1234.5 to 1,234.50; `money(\"€\")`), `number` (1234.5678|number(2) to 1,234.57), `code` (a fenced block)";

fn kinds_of<'a>(kinds: &'a [StepKind]) -> impl Iterator<Item = &'static KindDoc> + 'a {
    KINDS.iter().filter(|doc| kinds.contains(&doc.kind))
}

/// Describes steps of these kinds, templates, filters and tests.
pub(crate) fn describe(kinds: &[StepKind]) -> String {
    let mut text = String::from(
        "## Steps\n\
         A step is `{\"key\", \"kind\", \"title\", \"depends_on\", \"input\"}`. `key`: a lower-case letter, then lower-case letters, digits or `_`; \
         unique. A step of kind `agent` also has `agent`, the name of a listed agent. `depends_on`: keys of the steps whose results it reads or that must end before it. If needed also \
         `condition` (`{\"<key in depends_on>\": {part of its result}}`: the step is left out where the result does not contain the part) and \
         `on_failure` (`\"fail\"`, or `\"continue\"` to go on without it).\n",
    );
    for doc in kinds_of(kinds) {
        let input: Vec<String> = doc
            .input
            .iter()
            .map(|(name, _, holds)| format!("`{name}` {holds}"))
            .collect();
        let result: Vec<String> = doc
            .result
            .iter()
            .map(|(name, holds)| format!("`{name}` {holds}"))
            .collect();
        let result = match (doc.kind, result.is_empty()) {
            (StepKind::Agent, _) => "the fields of `output_schema`; without one, `text`".to_owned(),
            (_, true) => "the fields listed with the tool".to_owned(),
            (_, false) => result.join("; "),
        };
        let _ = writeln!(
            text,
            "- kind `{}`: {}. Input: {}. Result: {result}.",
            doc.kind,
            doc.purpose,
            input.join("; ")
        );
    }
    let standard: Vec<&str> = FILTERS
        .iter()
        .copied()
        .filter(|filter| !["table", "money", "number", "code"].contains(filter))
        .collect();
    let _ = write!(
        text,
        "\n## Templates\n\
         Strings in `arguments` are Jinja templates over `steps.<key in depends_on>`, `goal`, `question`, `parameters` and `now`. A string that \
         is exactly one `{{{{ expression }}}}` becomes that value, lists and objects included. A query's value is \
         `steps.<key>.rows[0].<column>`. A name that is not there is an error; test it with `is defined`.\n\
         Filters: {OWN_FILTERS}; and {}.\n\
         Tests: {}.",
        standard.join(", "),
        TESTS.join(", ")
    );
    text
}

/// Returns the JSON Schema of a step of one of these kinds.
pub(crate) fn step_schema(kinds: &[StepKind]) -> Value {
    let forms: Vec<Value> = kinds_of(kinds).map(form).collect();
    match forms.as_slice() {
        [only] => only.clone(),
        _ => json!({"anyOf": forms}),
    }
}

fn form(doc: &KindDoc) -> Value {
    // What each field holds is in the prompt.
    let field = |kind: &str| json!({"type": kind});
    let input: Map<String, Value> = doc
        .input
        .iter()
        .map(|(name, kind, _)| (name.trim_end_matches('?').to_owned(), field(kind)))
        .collect();
    let input_required = doc.input.iter().map(|(name, ..)| *name);
    let input_required: Vec<&str> = input_required.filter(|name| !name.ends_with('?')).collect();
    let properties = json!({
        "key": {"type": "string"},
        "kind": {"const": doc.kind.as_str()},
        "title": {"type": "string"},
        "depends_on": {"type": "array", "items": {"type": "string"}},
        "input": {"type": "object", "properties": input, "required": input_required, "additionalProperties": false},
        "condition": {"type": ["object", "null"], "additionalProperties": {"type": "object"}},
        "on_failure": {"type": "string", "enum": ["fail", "continue"]}
    });
    let mut properties = properties.as_object().cloned().unwrap_or_default();
    let mut required = vec!["key", "kind", "title", "depends_on", "input"];
    if doc.kind == StepKind::Agent {
        properties.insert("agent".to_owned(), field("string"));
        required.push("agent");
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const ALL: &[StepKind] = &[
        StepKind::Tool,
        StepKind::Agent,
        StepKind::Approval,
        StepKind::Subgoal,
    ];

    #[test]
    fn every_kind_and_field_is_in_text_and_schema() {
        let text = describe(ALL);
        let forms = step_schema(ALL)["anyOf"].as_array().unwrap().clone();
        assert_eq!(forms.len(), KINDS.len());
        for (doc, form) in KINDS.iter().zip(&forms) {
            assert!(text.contains(&format!("kind `{}`", doc.kind)), "{text}");
            assert_eq!(form["properties"]["kind"]["const"], doc.kind.as_str());
            for (name, ..) in doc.input {
                assert!(text.contains(&format!("`{name}` ")), "{name}");
                let name = name.trim_end_matches('?');
                assert!(
                    form["properties"]["input"]["properties"]
                        .get(name)
                        .is_some(),
                    "{name}"
                );
            }
        }
        assert_eq!(
            step_schema(&[StepKind::Tool])["properties"]["kind"]["const"],
            "tool"
        );
    }
}
