//! One test per rule, and a property test that compares the graph rules with an independent search.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::needless_pass_by_value)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn named_tools(names: &[&str]) -> BTreeMap<String, Tool> {
    let tool = |name: &&str| Tool {
        name: (*name).to_owned(),
        ..Tool::default()
    };
    Catalogue::tools_by_name(names.iter().map(tool))
}

fn catalogue() -> Catalogue {
    let names = |list: &[&str]| {
        list.iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>()
    };
    Catalogue {
        agents: [("analyst".to_owned(), names(&["sql", "template"]))].into(),
        tools: named_tools(&["sql", "template", "calculate"]),
        ..Catalogue::default()
    }
}

fn tool(key: &str, depends_on: &[&str]) -> Value {
    json!({"key": key, "kind": "tool", "title": key, "depends_on": depends_on,
           "input": {"tool": "sql", "arguments": {"query": "select 1"}}})
}

fn codes_within(plan: &Value, limits: &Limits) -> BTreeSet<&'static str> {
    check(plan, limits, &catalogue())
        .iter()
        .map(|problem| problem.code.as_str())
        .collect()
}

fn codes(steps: Value) -> Vec<&'static str> {
    codes_within(&json!({"steps": steps}), &Limits::default())
        .into_iter()
        .collect()
}

/// Builds a sound tool step with some fields replaced.
fn changed(changes: Value) -> Value {
    let mut step = tool("a", &[]);
    for (name, value) in changes.as_object().unwrap() {
        step[name] = value.clone();
    }
    json!([step])
}

#[test]
fn contract_plan_is_accepted_with_defaults() {
    let plan = json!({
        "summary": "Audit", "unknown": 1,
        "criteria": [{"description": "every table has row-level security", "check": "steps.a.row_count == 0"}, "a text"],
        "steps": [
            tool("a", &[]),
            {"key": "rank", "kind": "agent", "agent": "analyst", "depends_on": ["a"],
             "input": {"instructions": "Rank them.", "procedure": [{"tool": "template", "arguments": {}}]}},
            {"key": "approve", "kind": "approval", "depends_on": ["rank"], "input": {"question": "Hand over?"}},
            {"key": "hand_over", "kind": "tool", "depends_on": ["approve", "rank"], "on_failure": "continue",
             "condition": {"approve": {"decision": "approved"}}, "max_attempts": 1.0, "timeout_seconds": 86400,
             "input": {"tool": "template", "arguments": {"template": "x"}}},
            {"key": "deeper", "kind": "subgoal", "input": {"title": "t", "description": "d"}}
        ],
        "report": {"title": "Audit", "body": "{{ steps.a|table }}"}
    });
    let plan = Plan::parse(&plan, &Limits::default(), &catalogue()).unwrap();
    assert_eq!(plan.criteria.len(), 2);
    assert_eq!(
        (plan.steps[0].max_attempts, plan.steps[0].timeout_seconds),
        (3, 300)
    );
    assert_eq!(plan.steps[1].title, "rank");
    assert_eq!(plan.steps[3].max_attempts, 1);
    assert_eq!(plan.steps[3].on_failure, OnFailure::Continue);
    let input: AgentInput =
        serde_json::from_value(Value::Object(plan.steps[1].input.clone())).unwrap();
    assert_eq!(input.procedure[0].tool, "template");
}

#[test]
fn plan_without_steps_is_empty() {
    for plan in [
        json!(null),
        json!([]),
        json!({}),
        json!({"steps": []}),
        json!({"steps": {"a": 1}}),
        json!("x"),
    ] {
        assert_eq!(
            codes_within(&plan, &Limits::default()),
            BTreeSet::from(["empty_plan"]),
            "{plan}"
        );
    }
}

#[test]
fn each_step_rule_is_found_alone() {
    let agent = |changes: Value| {
        let mut step = json!({"key": "a", "kind": "agent", "agent": "analyst", "input": {"instructions": "i"}});
        for (name, value) in changes.as_object().unwrap() {
            step[name] = value.clone();
        }
        json!([step])
    };
    let input = |kind: &str, input: Value| json!([{"key": "a", "kind": kind, "input": input}]);
    let cases = [
        (changed(json!({"key": "A"})), "bad_key"),
        (changed(json!({"key": null})), "bad_key"),
        (changed(json!({"key": "plan_2"})), "reserved_key"),
        (json!([tool("a", &[]), tool("a", &[])]), "duplicate_key"),
        (changed(json!({"kind": "judge"})), "unknown_kind"),
        (changed(json!({"depends_on": ["b"]})), "unknown_dependency"),
        (changed(json!({"depends_on": "b"})), "unknown_dependency"),
        (changed(json!({"depends_on": [7]})), "unknown_dependency"),
        (changed(json!({"depends_on": ["a"]})), "self_dependency"),
        (
            json!([tool("a", &[]), tool("b", &["a", "a"])]),
            "duplicate_dependency",
        ),
        (json!([tool("a", &["b"]), tool("b", &["a"])]), "cycle"),
        (agent(json!({"agent": null})), "missing_agent"),
        (agent(json!({"agent": ""})), "missing_agent"),
        (agent(json!({"agent": "unknown"})), "unknown_agent"),
        (changed(json!({"agent": "analyst"})), "agent_on_other_kind"),
        (
            input("tool", json!({"tool": "nothing", "arguments": {}})),
            "unknown_tool",
        ),
        (
            agent(
                json!({"input": {"instructions": "i", "procedure": [{"tool": "nothing", "arguments": {}}]}}),
            ),
            "unknown_tool",
        ),
        (
            agent(
                json!({"input": {"instructions": "i", "procedure": [{"tool": "calculate", "arguments": {}}]}}),
            ),
            "tool_not_allowed_for_agent",
        ),
        (input("tool", json!({"tool": "sql"})), "missing_input"),
        (
            input("tool", json!({"tool": "", "arguments": {}})),
            "missing_input",
        ),
        (input("tool", json!(null)), "missing_input"),
        (agent(json!({"input": {}})), "missing_input"),
        (
            agent(json!({"input": {"instructions": "i", "procedure": [1]}})),
            "missing_input",
        ),
        (
            agent(json!({"input": {"instructions": "i", "procedure": "sql"}})),
            "missing_input",
        ),
        (input("approval", json!({})), "missing_input"),
        (
            input("approval", json!({"question": "q", "content": "c"})),
            "missing_input",
        ),
        (input("subgoal", json!({"title": "t"})), "missing_input"),
        (changed(json!({"condition": {"b": {}}})), "bad_condition"),
        (changed(json!({"condition": []})), "bad_condition"),
        (changed(json!({"on_failure": "retry"})), "bad_on_failure"),
        (changed(json!({"max_attempts": 0})), "bad_attempts"),
        (changed(json!({"max_attempts": 21})), "bad_attempts"),
        (changed(json!({"max_attempts": 1.5})), "bad_attempts"),
        (changed(json!({"max_attempts": "3"})), "bad_attempts"),
        (changed(json!({"timeout_seconds": 86401})), "bad_timeout"),
    ];
    for (steps, code) in cases {
        assert_eq!(codes(steps.clone()), [code], "{steps}");
    }
}

#[test]
fn check_of_an_unknown_shape_is_found() {
    let plan = |check: Value| json!({"steps": [tool("a", &[])], "criteria": ["text", {"description": "d", "check": check}]});
    for good in [
        json!(null),
        json!(5),
        json!("true"),
        json!({"person": "Is it good?"}),
    ] {
        assert_eq!(
            codes_within(&plan(good), &Limits::default()),
            BTreeSet::new()
        );
    }
    let found = check(&plan(json!({"sql": 1})), &Limits::default(), &catalogue());
    assert_eq!(found[0].code, ProblemCode::BadCheck);
    assert!(found[0].message.contains("check.sql"), "{found:?}");
}

#[test]
fn every_problem_is_reported() {
    let steps =
        json!([{"key": "assess", "kind": "x", "depends_on": ["assess"], "max_attempts": 0}, 7]);
    let found = codes(steps);
    assert_eq!(
        found,
        [
            "bad_attempts",
            "bad_key",
            "reserved_key",
            "self_dependency",
            "unknown_kind"
        ]
    );
}

#[test]
fn key_of_earlier_revision_is_duplicate() {
    let mut catalogue = catalogue();
    catalogue.taken_keys.insert("a".into());
    let problems = check(
        &json!({"steps": [tool("a", &[])]}),
        &Limits::default(),
        &catalogue,
    );
    assert_eq!(problems[0].code, ProblemCode::DuplicateKey);
}

#[test]
fn completed_step_of_earlier_revision_is_a_dependency() {
    let mut catalogue = catalogue();
    let steps = json!({"steps": [tool("b", &["a"])]});
    let problems = check(&steps, &Limits::default(), &catalogue);
    assert_eq!(problems[0].code, ProblemCode::UnknownDependency);
    catalogue.taken_keys.insert("a".into());
    catalogue.completed_keys.insert("a".into());
    assert_eq!(check(&steps, &Limits::default(), &catalogue), []);
}

#[test]
fn unknown_name_suggests_nearest_known_one() {
    let message = |step: Value| {
        check(
            &json!({"steps": [step, tool("totals", &[])]}),
            &Limits::default(),
            &catalogue(),
        )[0]
        .message
        .clone()
    };
    let misspelt = message(changed(json!({"input": {"tool": "slq", "arguments": {}}}))[0].clone());
    assert!(misspelt.contains("did you mean `sql`?"), "{misspelt}");
    let misspelt = message(tool("a", &["total"]));
    assert!(misspelt.contains("did you mean `totals`?"), "{misspelt}");
    let misspelt = message(
        json!({"key": "a", "kind": "agent", "agent": "analist", "input": {"instructions": "i"}}),
    );
    assert!(misspelt.contains("did you mean `analyst`?"), "{misspelt}");
}

#[test]
fn caps_allow_the_limit_but_no_more() {
    let chain: Vec<Value> = vec![
        tool("a", &[]),
        tool("b", &["a"]),
        tool("c", &["b"]),
        tool("d", &["b"]),
    ];
    let plan = json!({"steps": chain});
    let size = jsonb_text(&plan).len();
    let limits = Limits {
        max_steps: 4,
        max_depth: 3,
        max_fan_out: 2,
        max_plan_bytes: size,
        ..Limits::default()
    };
    assert_eq!(codes_within(&plan, &limits), BTreeSet::new());
    let tight = Limits {
        max_steps: 3,
        max_depth: 2,
        max_fan_out: 1,
        max_plan_bytes: size - 1,
        ..Limits::default()
    };
    // Too many steps to walk their graph.
    let uncounted = BTreeSet::from(["too_large", "too_many_steps"]);
    assert_eq!(codes_within(&plan, &tight), uncounted);
    let walkable = Limits {
        max_steps: 4,
        ..tight
    };
    let all = BTreeSet::from(["too_deep", "too_large", "too_much_fan_out"]);
    assert_eq!(codes_within(&plan, &walkable), all);
}

/// Prints a value as Postgres prints jsonb, written independently of the code under test.
fn jsonb_text(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(jsonb_text).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{}: {}", json!(name), jsonb_text(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Returns true if a step can be reached from itself, by walking all paths: nothing shared with the code under test.
fn has_cycle(edges: &[BTreeSet<usize>]) -> bool {
    (0..edges.len()).any(|start| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<usize> = edges[start].iter().copied().collect();
        while let Some(step) = open.pop() {
            if reached.insert(step) {
                open.extend(&edges[step]);
            }
        }
        reached.contains(&start)
    })
}

/// Returns the steps on the longest path from `step`, by trying every path.
fn depth(edges: &[BTreeSet<usize>], step: usize) -> usize {
    1 + edges[step]
        .iter()
        .map(|next| depth(edges, *next))
        .max()
        .unwrap_or(0)
}

proptest! {
    #[test]
    fn graph_is_accepted_only_if_acyclic_within_caps(
        edges in proptest::collection::vec(proptest::collection::btree_set(0_usize..7, 0..4), 7)
    ) {
        let edges: Vec<BTreeSet<usize>> = edges.into_iter().enumerate()
            .map(|(own, set)| set.into_iter().filter(|other| *other != own).collect()).collect();
        let names: Vec<String> = (0..7).map(|number| format!("step_{number}")).collect();
        let steps: Vec<Value> = edges.iter().zip(&names).map(|(set, name)| {
            let depends_on: Vec<&str> = set.iter().map(|other| names[*other].as_str()).collect();
            tool(name, &depends_on)
        }).collect();
        let limits = Limits { max_depth: 4, max_fan_out: 3, ..Limits::default() };
        let mut expected = BTreeSet::new();
        if has_cycle(&edges) {
            expected.insert("cycle");
        } else if (0..7).any(|step| depth(&edges, step) > 4) {
            expected.insert("too_deep");
        }
        if (0..7).any(|step| edges.iter().filter(|set| set.contains(&step)).count() > 3) {
            expected.insert("too_much_fan_out");
        }
        let plan = json!({"steps": steps});
        prop_assert_eq!(codes_within(&plan, &limits), expected.clone());
        prop_assert_eq!(Plan::parse(&plan, &limits, &catalogue()).is_ok(), expected.is_empty());
    }

    #[test]
    fn arbitrary_json_is_checked_without_panic(text in "[\\[\\]{}:,\"a-z0-9_. ]{0,60}", key in ".{0,70}", number in any::<f64>()) {
        let step = json!({"key": key, "kind": "tool", "depends_on": [key], "max_attempts": number});
        prop_assert!(!codes(json!([step])).is_empty());
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            prop_assert!(!check(&value, &Limits::default(), &catalogue()).is_empty());
        }
    }
}
