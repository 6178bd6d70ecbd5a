//! The rules for plans exist twice, in Rust and in SQL: these tests compare them.

use std::collections::{BTreeMap, BTreeSet};

use domain::Tool;
use domain::plan::{Catalogue, Limits, check};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use system_tests::Database;

const PLANS: usize = 4000;

fn catalogue() -> Catalogue {
    let tools = ["sql", "template"].map(str::to_owned);
    Catalogue {
        agents: BTreeMap::from([
            ("analyst".to_owned(), BTreeSet::from(tools.clone())),
            ("idle".to_owned(), BTreeSet::new()),
        ]),
        tools: Catalogue::tools_by_name(tools.map(|name| Tool {
            name,
            ..Tool::default()
        })),
        taken_keys: BTreeSet::from(["plan".to_owned(), "old".to_owned(), "done".to_owned()]),
        completed_keys: BTreeSet::from(["done".to_owned()]),
        ..Catalogue::default()
    }
}

/// Returns small caps, so that random plans reach them.
fn limits() -> Limits {
    Limits {
        max_steps: 5,
        max_fan_out: 2,
        max_depth: 3,
        max_plan_bytes: 1500,
        ..Limits::default()
    }
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(0)),
        Just(json!(3.0)),
        Just(json!(2.5)),
        Just(json!("")),
        Just(json!("3")),
        Just(json!([])),
        Just(json!({})),
        Just(json!(["a"])),
        Just(json!({"a": 1})),
    ]
}

/// Generates mostly valid values, sometimes any value, sometimes none.
fn mostly(good: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![12 => good.prop_map(Some), 1 => anything().prop_map(Some), 1 => Just(None)]
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    proptest::sample::select(texts).prop_map(Value::from)
}

const KEYS: &[&str] = &[
    "a", "b", "c", "d", "e_1", "old", "done", "plan", "judge_2", "A", "1x", "", "long",
];
const GOOD_KEYS: &[&str] = &["a", "b", "c", "d", "e_1"];

fn call() -> impl Strategy<Value = Value> {
    (
        mostly(one_of(&["sql", "template", "http", ""])),
        mostly(Just(json!({}))),
    )
        .prop_map(|(tool, arguments)| object([("tool", tool), ("arguments", arguments)]))
}

fn input() -> impl Strategy<Value = Value> {
    prop_oneof![
        call(),
        (
            mostly(one_of(&["do it", ""])),
            mostly(proptest::collection::vec(call(), 0..3).prop_map(Value::from))
        )
            .prop_map(|(instructions, procedure)| object([
                ("instructions", instructions),
                ("procedure", procedure)
            ])),
        (
            mostly(one_of(&["may we?", ""])),
            prop_oneof![
                2 => Just(None),
                1 => mostly(Just(json!({"text": "{{ steps.a.text }}"}))),
                1 => mostly(one_of(&["text"]))
            ]
        )
            .prop_map(|(question, content)| object([("question", question), ("content", content)])),
        (mostly(one_of(&["t", ""])), mostly(one_of(&["d", ""]))).prop_map(
            |(title, description)| object([("title", title), ("description", description)])
        ),
    ]
}

fn dependencies() -> impl Strategy<Value = Value> {
    let element = prop_oneof![10 => one_of(GOOD_KEYS), 1 => one_of(&["done"]), 1 => one_of(KEYS), 1 => anything()];
    proptest::collection::vec(element, 0..3).prop_map(Value::from)
}

fn condition() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map(
        proptest::sample::select(GOOD_KEYS),
        Just(json!({"x": 1})),
        0..2,
    )
    .prop_map(|map| {
        map.into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<serde_json::Map<_, _>>()
    })
    .prop_map(Value::from)
}

fn step() -> impl Strategy<Value = Value> {
    (
        mostly(prop_oneof![8 => one_of(GOOD_KEYS), 1 => one_of(KEYS)]),
        mostly(one_of(&["tool", "agent", "approval", "subgoal", "tool", "judge"])),
        prop_oneof![3 => Just(None), 2 => mostly(one_of(&["analyst", "idle", "nobody", ""]))],
        mostly(dependencies()),
        mostly(input()),
        prop_oneof![4 => Just(None), 1 => mostly(condition())],
        prop_oneof![6 => Just(None), 1 => mostly(one_of(&["fail", "continue", "explode"]))],
        prop_oneof![6 => Just(None), 1 => mostly(proptest::sample::select(&[0, 1, 20, 21][..]).prop_map(Value::from))],
        prop_oneof![6 => Just(None), 1 => mostly(proptest::sample::select(&[0, 1, 86400, 86401][..]).prop_map(Value::from))],
    )
        .prop_map(|(key, kind, agent, depends_on, input, condition, on_failure, attempts, timeout)| {
            object([
                ("key", key),
                ("kind", kind),
                ("agent", agent),
                ("depends_on", depends_on),
                ("input", input),
                ("condition", condition),
                ("on_failure", on_failure),
                ("max_attempts", attempts),
                ("timeout_seconds", timeout),
            ])
        })
}

/// Generates plans in which everything but the graph is valid, so that its rules are reached often.
fn graph() -> impl Strategy<Value = Value> {
    proptest::collection::vec(proptest::collection::btree_set(0..6usize, 0..3), 1..7).prop_map(
        |edges| {
            let count = edges.len();
            let steps: Vec<Value> = edges
                .into_iter()
                .enumerate()
                .map(|(number, on)| {
                    let on: Vec<String> = on
                        .into_iter()
                        .filter(|other| *other < count && *other != number)
                        .map(|other| format!("s{other}"))
                        .collect();
                    json!({"key": format!("s{number}"), "kind": "tool", "depends_on": on,
                       "input": {"tool": "sql", "arguments": {}}})
                })
                .collect();
            json!({"steps": steps})
        },
    )
}

/// Generates checks of criteria, mostly near one of the shapes.
fn criterion_check() -> impl Strategy<Value = Value> {
    let fields = (
        mostly(one_of(&["select 1", ""])),
        prop_oneof![2 => Just(None), 1 => mostly(Just(json!({"n": 1})))],
    )
        .prop_map(|(query, expect)| object([("query", query), ("expect", expect)]));
    let number = || prop_oneof![2 => Just(None), 1 => mostly(Just(json!(-1))), 2 => mostly(Just(json!(2.5)))];
    let numbers = (
        mostly(Just(json!(1))),
        number(),
        number(),
        number(),
        number(),
    )
        .prop_map(|(value, equals, tolerance, at_least, at_most)| {
            object([
                ("value", value),
                ("equals", equals),
                ("tolerance", tolerance),
                ("at_least", at_least),
                ("at_most", at_most),
            ])
        });
    let of = |kind: &'static str, value: Option<Value>| object([(kind, value)]);
    prop_oneof![
        mostly(fields).prop_map(move |value| of("sql", value)),
        mostly(one_of(&["select 1", ""])).prop_map(move |value| of("sql", value)),
        mostly(numbers).prop_map(move |value| of("number", value)),
        (mostly(one_of(&["a"])), mostly(one_of(&["a", ""]))).prop_map(move |(value, pattern)| of(
            "matches",
            Some(object([("value", value), ("pattern", pattern)]))
        )),
        (
            mostly(one_of(&["a"])),
            mostly(Just(json!({"type": "string"})))
        )
            .prop_map(move |(value, schema)| of(
                "schema",
                Some(object([("value", value), ("schema", schema)]))
            )),
        (
            mostly(one_of(&["ok?", ""])),
            mostly(one_of(&["admin", "king"]))
        )
            .prop_map(move |(question, role)| of(
                "person",
                Some(object([("question", question), ("required_role", role)]))
            )),
        mostly(one_of(&["ok?", ""])).prop_map(move |value| of("person", value)),
        one_of(&["steps.a.n == 1"]),
        anything(),
        Just(json!({"sql": "select 1", "person": "ok?"})),
        Just(json!({"sql": "select 1", "odd": null})),
    ]
}

/// Generates one sound step with criteria.
fn checked() -> impl Strategy<Value = Value> {
    let criterion = prop_oneof![
        8 => criterion_check().prop_map(|check| json!({"description": "d", "check": check})),
        1 => anything(),
    ];
    prop_oneof![
        8 => proptest::collection::vec(criterion, 1..3).prop_map(Value::from),
        1 => anything(),
    ]
    .prop_map(|criteria| {
        json!({"criteria": criteria, "steps": [{"key": "a", "kind": "tool", "input": {"tool": "sql", "arguments": {}}}]})
    })
}

fn plan() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => checked(),
        4 => proptest::collection::vec(step(), 0..7).prop_map(|steps| json!({"steps": steps})),
        3 => graph(),
        1 => anything().prop_map(|steps| json!({"steps": steps})),
        1 => proptest::collection::vec(prop_oneof![step(), anything()], 0..3).prop_map(|steps| json!({"steps": steps})),
        1 => (1000..2000usize).prop_map(|length| json!({"summary": "x".repeat(length), "steps": []})),
    ]
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect())
}

#[tokio::test]
async fn rust_and_sql_agree_on_every_plan() {
    let database = Database::fresh().await.unwrap();
    let owner = database.owner().await.unwrap();
    let agents = json!({"analyst": ["sql", "template"], "idle": []});
    // A fixed seed makes failures reproducible. Another seed gives new plans.
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]),
    );
    let strategy = plan();
    let plans: Vec<Value> = (0..PLANS)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();

    let sent = serde_json::to_string(&plans).unwrap().replace('\'', "''");
    let found = owner
        .json(&format!(
            "select jsonb_agg((select coalesce(jsonb_agg(distinct c ->> 'code' order by c ->> 'code'), '[]')
                                 from jsonb_array_elements(goalpost_private.check_plan(
                                   p.value, '{agents}', array['sql', 'template'], array['plan', 'old', 'done'],
                                   (select l from jsonb_populate_record(
                                     (select x from goalpost_private.limits x),
                                     '{{\"max_steps\": 5, \"max_fan_out\": 2, \"max_depth\": 3, \"max_plan_bytes\": 1500}}') l), array['done'])) c)
                              order by p.number)
               from jsonb_array_elements('{sent}'::jsonb) with ordinality p (value, number)"
        ))
        .await
        .unwrap();

    let (catalogue, limits) = (catalogue(), limits());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (plan, in_sql) in plans.iter().zip(found.as_array().unwrap()) {
        let in_rust: BTreeSet<String> = check(plan, &limits, &catalogue)
            .iter()
            .map(|problem| problem.code.to_string())
            .collect();
        assert_eq!(json!(in_rust), *in_sql, "on {plan}");
        let verdicts = if in_rust.is_empty() {
            vec!["accepted".to_owned()]
        } else {
            in_rust.into_iter().collect()
        };
        for code in verdicts {
            *seen.entry(code).or_default() += 1;
        }
    }
    // The plans must reach every rule, or the agreement proves little. Expressions are parsed in Rust alone; the
    // database stores them and never evaluates one.
    let of_rust_alone = [
        "bad_expression",
        "bad_output_schema",
        "bad_arguments",
        "unknown_name",
        "unknown_criterion",
        "bad_query",
    ];
    let shared = |code: &&domain::plan::ProblemCode| !of_rust_alone.contains(&code.as_str());
    for code in domain::plan::ProblemCode::ALL.iter().filter(shared) {
        assert!(
            seen.contains_key(code.as_str()),
            "no plan broke the rule {code}: {seen:?}"
        );
    }
    assert!(
        seen["accepted"] > PLANS / 50,
        "too few plans were right: {seen:?}"
    );
}

/// Models copy the worked examples of the prompts: these pass every check that needs no table.
#[test]
fn examples_of_prompts_pass_the_check() {
    let registry = tools::Registry::builtin(tools::HttpPolicy::default()).unwrap();
    let catalogue = Catalogue {
        agents: BTreeMap::from([("writer".to_owned(), BTreeSet::new())]),
        tools: Catalogue::tools_by_name(registry.catalogue()),
        ..Catalogue::default()
    };
    for file in ["plan_example.json", "assess_example.json"] {
        let path = system_tests::workspace()
            .join("shared/tasks/prompts")
            .join(file);
        let plan: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(check(&plan, &Limits::default(), &catalogue), [], "{file}");
        assert_eq!(
            domain::plan::check_contents(&plan, &catalogue),
            [],
            "{file}"
        );
    }
}

/// Renders numbers. serde_json's `arbitrary_precision` is on in a build of the whole workspace (a dependency of the
/// local stack enables it) and off in a build of one function: templates must not depend on it.
#[test]
fn templates_receive_numbers_in_workspace_build() {
    let context = json!({"whole": 7, "part": 2.5, "rows": [{"n": 1}, {"n": 2}]});
    let rendered = domain::expression::render(
        &json!("{{ whole * part + (rows | map(attribute=\"n\") | sum) }}"),
        &context,
    );
    assert_eq!(rendered.unwrap(), json!(20.5));
    let text =
        domain::expression::render_report("{{ whole }} and {{ part }}: {{ rows }}", &context)
            .unwrap();
    assert!(!text.contains("private"), "{text}");
}
