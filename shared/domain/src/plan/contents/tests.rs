//! One case per kind of mistake: each names the step, the fault and the intended name.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value
)]

use serde_json::json;

use super::*;
use crate::tool::Tool;

fn catalogue() -> Catalogue {
    let fields = |names: &[&str]| {
        names
            .iter()
            .map(|name| ((*name).to_owned(), json!("")))
            .collect()
    };
    let sql = Tool {
        name: "sql".into(),
        parameters: json!({"type": "object", "required": ["query"], "additionalProperties": false, "properties": {
            "query": {"type": "string"}, "row_limit": {"type": "integer", "minimum": 1, "maximum": 1000}}}),
        result: fields(&["columns", "rows", "row_count"]),
        ..Tool::default()
    };
    let template = Tool {
        name: "template".into(),
        parameters: json!({"type": "object", "required": ["template"], "additionalProperties": false, "properties": {
            "template": {"type": "string"}, "data": {"type": "object"}}}),
        result: fields(&["text"]),
        ..Tool::default()
    };
    let post = Tool {
        name: "post".into(),
        parameters: json!({"type": "object", "properties": {"to": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "body": {"type": "object"}, "count": {"type": "integer"}}}),
        ..Tool::default()
    };
    Catalogue {
        agents: [("analyst".to_owned(), ["sql".to_owned()].into())].into(),
        tools: Catalogue::tools_by_name([sql, template, post]),
        completed_keys: ["earlier".to_owned()].into(),
        ..Catalogue::default()
    }
}

fn query(key: &str, sql: &str) -> Value {
    json!({"key": key, "kind": "tool", "depends_on": [], "input": {"tool": "sql", "arguments": {"query": sql}}})
}

fn call(depends_on: &[&str], tool: &str, arguments: Value) -> Value {
    json!({"key": "b", "kind": "tool", "depends_on": depends_on, "input": {"tool": tool, "arguments": arguments}})
}

/// Returns the problems of a plan of a query `orders` and one more step.
fn problems(step: Value) -> Vec<(ProblemCode, String)> {
    let plan = json!({"steps": [query("orders", "select 1 as n"), step]});
    let found = check_contents(&plan, &catalogue());
    assert!(
        found
            .iter()
            .all(|problem| problem.step_key.as_deref() == Some("b")),
        "{found:?}"
    );
    found
        .into_iter()
        .map(|problem| (problem.code, problem.message))
        .collect()
}

#[track_caller]
fn assert_one(step: Value, code: ProblemCode, part: &str) {
    let found = problems(step);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, code, "{found:?}");
    assert!(found[0].1.contains(part), "{found:?}");
}

#[test]
fn sound_contents_have_no_problem() {
    for step in [
        call(
            &["orders"],
            "template",
            json!({"template": "{{ steps.orders.rows|table }} {{ extra }}", "data": {"extra": "{{ steps.orders.row_count }}"}}),
        ),
        call(
            &["orders"],
            "sql",
            json!({"query": "select {{ steps.orders.rows[0].n }}", "row_limit": "{{ steps.orders.row_count }}"}),
        ),
        call(
            &["orders"],
            "post",
            json!({"to": "{{ steps.orders.rows[0].n }}", "body": "{{ steps.orders }}", "count": 1}),
        ),
        call(
            &["earlier"],
            "post",
            json!({"body": {"text": "{{ steps.earlier.anything }}"}}),
        ),
        json!({"key": "b", "kind": "agent", "agent": "analyst", "depends_on": ["orders"],
               "input": {"instructions": "look", "procedure": [
                   {"tool": "sql", "arguments": {"query": "select 1"}},
                   {"tool": "sql", "arguments": {"query": "select {{ results[0].rows[0].n }}"}}]}}),
        json!({"key": "b", "kind": "approval", "depends_on": ["orders"],
               "input": {"question": "Reorder {{ steps.orders.rows[0].n }} of {{ goal.title }}?"}}),
        json!({"key": "b", "kind": "approval", "depends_on": ["orders"],
               "input": {"question": "Send this?", "content": {"note": ["{{ steps.orders.rows[0].n }} orders", 7]}}}),
        json!({"key": "b", "kind": "approval", "depends_on": ["orders"], "input": {"question": "Send this?",
               "content": {"tool": "post", "arguments": {"to": "{{ steps.orders.rows[0].n }}", "count": "{{ steps.orders.row_count }}"}}}}),
        json!({"key": "b", "kind": "tool", "depends_on": ["orders"], "condition": {"orders": {"row_count": 1}},
               "input": {"tool": "post", "arguments": {}}}),
    ] {
        assert_eq!(problems(step.clone()), [], "{step}");
    }
}

#[test]
fn arguments_are_checked_by_tool_schema() {
    assert_one(
        call(&[], "sql", json!({"qery": "select 1"})),
        ProblemCode::BadArguments,
        "did you mean `query`?",
    );
    assert_one(
        call(&[], "sql", json!({"query": "select 1", "row_limit": 5000})),
        ProblemCode::BadArguments,
        "at most 1000",
    );
    assert_one(
        call(&[], "post", json!({"count": "three"})),
        ProblemCode::BadArguments,
        "type integer",
    );
    // A text with a hole in it is a text, whatever fills the hole.
    assert_one(
        call(
            &["orders"],
            "post",
            json!({"count": "n = {{ steps.orders.row_count }}"}),
        ),
        ProblemCode::BadArguments,
        "type integer",
    );
    let procedure = json!({"key": "b", "kind": "agent", "agent": "analyst",
        "input": {"instructions": "i", "procedure": [{"tool": "sql", "arguments": {}}]}});
    assert_one(procedure, ProblemCode::BadArguments, "\"query\" is missing");
}

#[test]
fn undefined_names_are_reported() {
    let template =
        |depends_on: &[&str], text: &str| call(depends_on, "template", json!({"template": text}));
    let unknown = ProblemCode::UnknownName;
    assert_one(
        template(&[], "{{ steps.orders.rows }}"),
        unknown,
        "`orders` is not in depends_on; add it there",
    );
    assert_one(
        template(&[], "{{ steps.order.rows }}"),
        unknown,
        "did you mean `orders`?",
    );
    assert_one(
        template(&["orders"], "{{ steps.orders.row_cout }}"),
        unknown,
        "did you mean `row_count`?",
    );
    assert_one(
        template(&[], "{{ stpes.orders }}"),
        unknown,
        "did you mean `steps`?",
    );
    assert_one(template(&[], "{{ extra }}"), unknown, "there is no `extra`");
    let condition = json!({"key": "b", "kind": "tool", "depends_on": ["orders"], "condition": {"orders": {"decision": "approved"}},
        "input": {"tool": "post", "arguments": {}}});
    assert_one(condition, unknown, "no field `decision`");
}

#[test]
fn unparsable_templates_are_found() {
    let template = |text: &str| call(&["orders"], "template", json!({"template": text}));
    let bad = ProblemCode::BadExpression;
    let both = problems(call(
        &[],
        "template",
        json!({"template": "{{ steps.orders.rows|tabel }}"}),
    ));
    assert_eq!(
        both.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        [bad, ProblemCode::UnknownName],
        "{both:?}"
    );
    assert_one(
        template("{{ steps.orders.rows|tabel }}"),
        bad,
        "did you mean `table`?",
    );
    assert_one(template("{{ steps.orders.rows "), bad, "arguments.template");
    assert_one(template("{% for x in %}"), bad, "cannot be read");
    let question = json!({"key": "b", "kind": "approval", "depends_on": ["orders"],
        "input": {"question": "{% if steps.orders %}Go?{% endif %}"}});
    assert_one(question, bad, "only paths are filled in");
    let approving = |content: Value| json!({"key": "b", "kind": "approval", "depends_on": ["orders"], "input": {"question": "Go?", "content": content}});
    let inner = approving(json!({"lines": [{"text": "{{ steps.orders.rows|table }}"}]}));
    assert_one(inner, bad, "input.content.lines[0].text");
    let unread = approving(json!({"text": "{{ steps.earlier.text }}"}));
    assert_one(unread, ProblemCode::UnknownName, "not in depends_on");
    let misfit = approving(json!({"tool": "post", "arguments": {"count": "many"}}));
    assert_one(misfit, ProblemCode::BadArguments, "arguments of `post`");
    let nowhere = approving(json!({"tool": "pots", "arguments": {}}));
    assert_one(nowhere, ProblemCode::UnknownTool, "did you mean `post`?");
    let instructions = json!({"key": "b", "kind": "agent", "agent": "analyst", "depends_on": ["orders"],
        "input": {"instructions": "Look at {{ steps.orders.rows }}"}});
    assert_one(instructions, bad, "not filled in");
    for schema in [json!(7), json!({"unevaluatedProperties": false})] {
        let step = json!({"key": "b", "kind": "agent", "agent": "analyst", "input": {"instructions": "i", "output_schema": schema}});
        assert_one(step, ProblemCode::BadOutputSchema, "simpler schema");
    }
    let list = json!({"key": "b", "kind": "agent", "agent": "analyst",
        "input": {"instructions": "i", "output_schema": {"type": "array", "items": {"type": "string"}}}});
    assert_one(
        list,
        ProblemCode::BadOutputSchema,
        "put the value into a field",
    );
}

#[test]
fn checks_and_report_read_every_step() {
    let found = |check: &str, body: &str| {
        let criteria =
            json!([{"description": "d", "check": check}, {"description": "e", "check": null}, "f"]);
        let plan = json!({"steps": [query("orders", "select 1")], "criteria": criteria, "report": {"title": "t", "body": body}});
        let found = check_contents(&plan, &catalogue());
        found
            .into_iter()
            .map(|problem| (problem.code, problem.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found(
            "steps.orders.row_count > 0 and steps.earlier.n",
            "{{ goal.title }} {{ steps.orders|table }}"
        ),
        []
    );
    let both = found("steps.order.row_count > 0", "{{ steps.orders.total }}");
    assert_eq!(
        both.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        [ProblemCode::UnknownName; 2]
    );
    assert!(both[0].1.contains("did you mean `orders`?"), "{both:?}");
    assert!(
        both[1].1.contains("report.body") && both[1].1.contains("no field `total`"),
        "{both:?}"
    );
    let both = found("steps.orders.row_count >", "{% if %}");
    assert_eq!(
        both.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        [ProblemCode::BadExpression; 2]
    );
}

#[test]
fn checks_of_each_kind_are_examined() {
    let found = |check: Value| {
        let plan = json!({"steps": [query("orders", "select 1")], "criteria": [{"description": "d", "check": check}]});
        let found = check_contents(&plan, &catalogue());
        found
            .into_iter()
            .map(|problem| (problem.code, problem.message))
            .collect::<Vec<_>>()
    };
    let value = "{{ steps.orders.row_count }}";
    for good in [
        json!({"sql": "select {{ steps.orders.row_count }} = 1"}),
        json!({"matches": {"value": value, "pattern": "^1$"}}),
        json!({"schema": {"value": {"n": [value]}, "schema": {"type": "object"}}}),
        json!({"number": {"value": value, "equals": 1}}),
        json!({"person": "Is it {{ good }}?"}),
    ] {
        assert_eq!(found(good.clone()), [], "{good}");
    }
    let unknown = "{{ steps.order.row_count }}";
    for (bad, code) in [
        (
            json!({"sql": "select {{ steps.order.n }}"}),
            ProblemCode::UnknownName,
        ),
        (
            json!({"matches": {"value": unknown, "pattern": "1"}}),
            ProblemCode::UnknownName,
        ),
        (
            json!({"schema": {"value": [{"n": unknown}], "schema": {}}}),
            ProblemCode::UnknownName,
        ),
        (
            json!({"number": {"value": unknown, "equals": 1}}),
            ProblemCode::UnknownName,
        ),
        (
            json!({"number": {"value": "{{ steps. }}", "equals": 1}}),
            ProblemCode::BadExpression,
        ),
        (
            json!({"matches": {"value": value, "pattern": "("}}),
            ProblemCode::BadCheck,
        ),
        (
            json!({"schema": {"value": value, "schema": {"type": 7}}}),
            ProblemCode::BadCheck,
        ),
    ] {
        let found = found(bad.clone());
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        assert_eq!(found[0].0, code, "{bad}: {found:?}");
    }
}

#[test]
fn queries_without_holes_are_returned() {
    let plan = json!({"steps": [
        query("a", "select 1"),
        query("b", "select {{ steps.a.rows[0].n }}"),
        {"key": "c", "kind": "agent", "agent": "analyst",
         "input": {"instructions": "i", "procedure": [{"tool": "sql", "arguments": {"query": "select 2"}}]}},
        {"key": "d", "kind": "tool", "input": {"tool": "post", "arguments": {"query": "select 3"}}},
    ], "criteria": [
        {"description": "d", "check": {"sql": "select 4"}}, {"description": "e", "check": "true"},
        {"description": "f", "check": {"sql": "select {{ steps.a.row_count }} = 1"}}, "g"]});
    let found = queries(&plan);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|query| (query.step_key.as_deref().unwrap_or("-"), query.sql.as_str()))
        .collect();
    assert_eq!(
        found,
        [("a", "select 1"), ("c", "select 2"), ("-", "select 4")]
    );
}

#[test]
fn later_plan_keeps_criteria_descriptions() {
    let mut catalogue = catalogue();
    let plan = json!({"steps": [query("orders", "select 1")], "criteria": [
        {"description": " orders are counted", "check": "steps.orders.row_count > 0"}, "It reads nicely"]});
    assert_eq!(check_contents(&plan, &catalogue), []);
    catalogue.criteria = vec!["Orders are counted".to_owned(), "It reads well".to_owned()];
    let found = check_contents(&plan, &catalogue);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code, ProblemCode::UnknownCriterion);
    assert!(found[0].message.contains("\"It reads well\""), "{found:?}");
}
