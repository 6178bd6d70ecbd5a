//! Evaluation of models: the list of tasks is valid, and the score separates a correct model from a wrong one.

use harness::eval::{self, Kind, Settings, Tasks};
use local_stack::postgres::seed;
use local_stack::stack::StackOptions;
use serde_json::{Value, json};
use system_tests::Database;

use crate::script::Script;

const TASKS: &str = r#"
[[task]]
name = "customers"
kind = "lookup"
question = "How many customers are there in all?"
facts = "select count(*) from shop.customers"
max_calls = 1

[[task]]
name = "reorder"
kind = "write"
question = "Reorder 5 pieces of product 1."
holds = ["select count(*) = 1 from public.reorders where product_id = 1 and quantity = 5"]
max_calls = 2

[[task]]
name = "invented"
kind = "aggregate"
question = "How many orders are there by now?"
facts = "select count(*) from shop.orders"
max_calls = 1
"#;

fn settings(tasks: Tasks) -> Settings {
    Settings {
        tasks,
        parallel: 1,
        task_seconds: 60,
        price: None,
    }
}

fn steps(calls: &[(&str, Value)]) -> Value {
    let mut before: Vec<String> = Vec::new();
    let mut steps = Vec::new();
    for (tool, arguments) in calls {
        let key = format!("{tool}_{}", steps.len());
        steps.push(json!({"key": key, "kind": "tool", "title": key, "depends_on": before, "input": {"tool": tool, "arguments": arguments}}));
        before.push(key);
    }
    json!({"decision": "steps", "steps": steps, "score": 0.2, "reasons": ["one query"]})
}

#[tokio::test]
async fn task_is_done_only_if_its_outcome_holds() {
    let script = Script::default()
        .json("assessment", &steps(&[
            ("sql", json!({"query": "select count(*) as n from shop.customers"})),
            ("template", json!({"template": "{{ steps.sql_0.rows[0].n }} customers"})),
        ]))
        .json("assessment", &json!({"decision": "goal", "goal": {"title": "Reorder", "description": "5 of product 1"}, "score": 0.6, "reasons": ["it writes"]}))
        .json("plan", &json!({"summary": "Writes one row.", "criteria": [], "report": null, "steps": [
            {"key": "approve", "kind": "approval", "title": "May it?", "depends_on": [], "input": {"question": "Reorder 5?"}},
            {"key": "write", "kind": "tool", "title": "Write", "depends_on": ["approve"], "input": {"tool": "table_write",
             "arguments": {"table": "public.reorders", "rows": [{"product_id": 1, "quantity": 5}]}}}]}))
        .json("assessment", &json!({"decision": "answer", "text": "About 7 orders.", "score": 0.1, "reasons": ["guessed"]}));
    let mut options = StackOptions::for_tests();
    let base_url = script.serve().await;
    for (name, value) in [
        ("OPENAI_BASE_URL", base_url.as_str()),
        ("GOALPOST_MODEL", "scripted"),
    ] {
        options
            .environment
            .insert(name.to_owned(), value.to_owned());
    }
    options.openai_api_key = Some("sk-test-key".to_owned().into());
    let report = eval::run(settings(Tasks::parse(TASKS).unwrap()), options)
        .await
        .unwrap();

    let outcomes: Vec<(&str, bool, usize)> = report
        .results
        .iter()
        .map(|result| (result.name.as_str(), result.is_done(), result.usage.calls))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("customers", true, 1),
            ("reorder", true, 2),
            ("invented", false, 1)
        ],
        "{report:#?}"
    );
    assert!(
        report.results[2].problems[0].starts_with("does not state "),
        "{report:#?}"
    );
    assert_eq!(report.rows_by_kind().last().unwrap()[1], "2 of 3");
    let tokens = |name: &str| json!(report)["results"][0][name].as_u64();
    assert!(tokens("input_tokens") > Some(0) && tokens("output_tokens") > Some(0));
}

#[tokio::test]
async fn run_without_a_model_is_refused() {
    let error = eval::run(
        settings(Tasks::parse(TASKS).unwrap()),
        StackOptions::for_tests(),
    )
    .await
    .unwrap_err();
    assert!(error.to_string().contains("set OPENAI_API_KEY"), "{error}");
}

#[tokio::test]
async fn shipped_tasks_have_verifiable_outcomes() {
    let tasks = eval::read_tasks(None).unwrap();
    assert!(tasks.len() >= 40, "{}", tasks.len());
    let database = Database::fresh().await.unwrap();
    let owner = database.owner().await.unwrap();
    let seed = seed::text(&system_tests::workspace()).unwrap();
    owner.run(&seed).await.unwrap();
    owner
        .run(include_str!("../harness/eval/stage.sql"))
        .await
        .unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for task in tasks.iter() {
        kinds.insert(task.kind);
        let has_outcome = task.facts.is_some()
            || !task.holds.is_empty()
            || !task.contains.is_empty()
            || !task.omits.is_empty();
        assert!(has_outcome, "{} has no outcome to check", task.name);
        if let Some(facts) = &task.facts {
            let rows = owner
                .json(&format!("select jsonb_agg(to_jsonb(f)) from ({facts}) f"))
                .await
                .unwrap();
            assert!(
                rows.as_array().is_some_and(|rows| !rows.is_empty()),
                "{}: {rows}",
                task.name
            );
        }
        for sql in &task.holds {
            let holds = owner
                .json(&format!("select to_jsonb(({sql}))"))
                .await
                .unwrap();
            assert!(holds.is_boolean(), "{}: {sql} gives {holds}", task.name);
        }
    }
    for kind in [
        Kind::Lookup,
        Kind::Aggregate,
        Kind::Comparison,
        Kind::Research,
        Kind::Write,
        Kind::Question,
        Kind::Delegation,
        Kind::Impossible,
        Kind::Ambiguous,
        Kind::Hostile,
    ] {
        assert!(kinds.contains(&kind), "no task is of kind {kind:?}");
    }
}

/// The aims of the held-out part; `cargo harness eval matching` prints the figures.
#[tokio::test]
async fn held_out_questions_find_their_runbooks() {
    let server = local_stack::postgres::Server::shared_by_tests()
        .await
        .unwrap();
    let report = eval::run_matching(server, None).await.unwrap();
    assert!(report.matches.len() >= 250, "{}", report.matches.len());
    let (held_out, with_history) = (report.held_out, report.held_out_with_history);
    assert!(held_out.all.false_use <= 0.02, "{held_out:?}");
    for part in [held_out.near_words, with_history.near_words] {
        assert!(part.top_1 >= 0.95 && part.recall_3 >= 0.98, "{part:?}");
        assert!(part.false_use <= 0.03, "{part:?}");
        assert!(part.used >= 0.75, "{part:?}");
    }
    assert!(report.tuning.false_use <= 0.05, "{:?}", report.tuning);
}
