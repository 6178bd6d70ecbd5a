//! Reports through the command line, and the queries that it prints for their numbers, against a real database.

use local_stack::stack::{Person, Stack, StackOptions};
use serde_json::{Value, json};
use system_tests::command;
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use crate::script::Script;

async fn goalpost(stack: &Stack, arguments: &[&str]) -> String {
    command::print(stack, arguments).await.unwrap()
}

async fn goalpost_json(stack: &Stack, arguments: &[&str]) -> Value {
    serde_json::from_str(&goalpost(stack, arguments).await).unwrap()
}

/// Lists the pointers of all numbers.
fn numbers(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(pointer.to_owned()),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                numbers(item, &format!("{pointer}/{place}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                numbers(field, &format!("{pointer}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Returns true for equal values; numbers of different notation are equal, and so are null and a missing field.
fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one.unwrap_or(&Value::Null), other.unwrap_or(&Value::Null)) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(Some(one), Some(other)))
        }
        (Value::Object(one), Value::Object(other)) => {
            let mut names = one.keys().chain(other.keys());
            names.all(|name| is_same(one.get(name), other.get(name)))
        }
        (one, other) => one == other,
    }
}

/// Runs each query and compares its rows with the report; every number of the report has to be in one of them.
async fn assert_numbers_are_rows(stack: &Stack, report: &Value, queries: &Value) {
    let database = stack.admin_db().await.unwrap();
    let mut left = Vec::new();
    numbers(report, "", &mut left);
    let count = left.len();
    for query in queries.as_array().unwrap() {
        let pointer = query["pointer"].as_str().unwrap();
        let sql = query["sql"].as_str().unwrap().trim_end_matches(';');
        let sql = format!("select coalesce(jsonb_agg(to_jsonb(q)), '[]')::text from ({sql}) q");
        let rows: String = database.query_one(&sql, &[]).await.unwrap().get(0);
        let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
        let part = report.pointer(pointer).unwrap();
        let entries: Vec<(String, &Value)> = match part {
            Value::Array(entries) => (0..)
                .zip(entries)
                .map(|(place, entry): (usize, _)| (format!("{pointer}/{place}"), entry))
                .collect(),
            Value::Null => Vec::new(),
            object => vec![(pointer.to_owned(), object)],
        };
        assert_eq!(rows.len(), entries.len(), "{pointer}: {rows:?}, {part}");
        for (row, (pointer, entry)) in rows.iter().zip(entries) {
            for (column, value) in row.as_object().unwrap() {
                let shown = entry.get(column);
                assert!(
                    is_same(Some(value), shown),
                    "{pointer}/{column}: the rows have {value}, the report {shown:?}"
                );
                let field = format!("{pointer}/{column}");
                left.retain(|number| *number != field && !number.starts_with(&format!("{field}/")));
            }
        }
    }
    assert!(left.is_empty(), "numbers without a query: {left:?}");
    assert!(count > 40, "{count} numbers");
}

/// Checks that what the command prints as JSON is part of what the function returned.
fn assert_is_part(printed: &Value, returned: &Value) {
    let mut pointers = Vec::new();
    numbers(printed, "", &mut pointers);
    assert!(!pointers.is_empty());
    for pointer in pointers {
        let (one, other) = (printed.pointer(&pointer), returned.pointer(&pointer));
        assert!(is_same(one, other), "{pointer}: {one:?}, {other:?}");
    }
}

/// Starts a stack whose model plans a goal with an agent and an approval.
async fn stack_with_model() -> Stack {
    let goal = json!({"title": "Think <b>twice</b>", "description": "Think about it", "goal_type": "thinking"});
    let steps = json!([
        {"key": "think", "kind": "agent", "agent": "analyst", "input": {"instructions": "Think."}},
        {"key": "sum", "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": "1 + 2"}}},
        {"key": "allow", "kind": "approval", "depends_on": ["think"], "input": {"question": "May it?", "required_role": "member"}}]);
    let verdict =
        json!({"number": 1, "verdict": "met", "step": "think", "evidence": "it is thought"});
    let script = Script::default()
        .json("assessment", &json!({"decision": "goal", "goal": goal}))
        .json(
            "plan",
            &json!({"summary": "Think", "criteria": ["It is thought"], "steps": steps}),
        )
        .reply("work", json!({"role": "assistant", "content": "Thought."}))
        .json("verdicts", &json!({"verdicts": [verdict]}));
    let base_url = script.serve().await;
    stacks::start_with(move |mut options: StackOptions| {
        let environment = &mut options.environment;
        environment.insert("OPENAI_BASE_URL".to_owned(), base_url);
        environment.insert("GOALPOST_MODEL".to_owned(), "scripted".to_owned());
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    })
    .await
    .unwrap()
}

/// Works a goal off, with an approval, a rating, a failed goal of another kind, and an analysis. Returns the goal.
async fn work(owner: &Client) -> i64 {
    let begun = owner.begin("Think about it").await.unwrap();
    let request = begun.body["request_id"].as_i64().unwrap();
    owner.until_settled(request).await.unwrap();
    let asked = owner.rows("approvals", "select=id").await.unwrap();
    let decide = json!({"p_approval_id": asked[0]["id"], "p_decision": "approved"});
    owner.rpc("decide_approval", &decide).await.unwrap();
    let done = owner.until_settled(request).await.unwrap();
    assert_eq!(done["state"], "answered", "{done}");
    let goal = done["goal_id"].as_i64().unwrap();
    let rating =
        json!({"p_goal_id": goal, "p_rating": "bad", "p_comment": "Think longer next time"});
    let rated = owner.rpc("give_feedback", &rating).await.unwrap();
    assert_eq!(rated.body["rating"], "bad", "{rated:?}");

    let runbook = json!({"name": "broken", "title": "Broken", "description": "Divides by zero", "goal_type": "breaking",
        "plan": {"summary": "Divide", "steps": [{"key": "divide", "kind": "tool", "title": "Divide",
            "input": {"tool": "sql", "arguments": {"query": "select 1 / (count(*) - count(*)) from shop.orders"}}}]}});
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": runbook});
    let applied = owner.rpc("apply_runbook", &apply).await.unwrap();
    assert_eq!(applied.body["state"], "active", "{applied:?}");
    let ask = json!({"p_workspace_id": DEMO, "p_question": "Divide", "p_runbook": "broken"});
    let begun = owner.rpc("accept_request", &ask).await.unwrap();
    let request = begun.body["request_id"].as_i64().unwrap();
    let failed = owner.until_settled(request).await.unwrap();
    assert_eq!(failed["state"], "failed", "{failed}");

    let analyse = json!({"p_workspace_id": DEMO});
    let started = owner.rpc("start_analysis", &analyse).await.unwrap();
    let request = started.body["request_id"].as_i64().unwrap();
    owner.until_settled(request).await.unwrap();
    goal
}

#[tokio::test]
async fn every_number_of_a_report_equals_its_printed_query() {
    let stack = stack_with_model().await;
    let owner = Client::of(&stack, Person::Owner);
    let goal = work(&owner).await;

    let id = goal.to_string();
    let call = json!({"p_goal_id": goal});
    let report = owner.rpc("read_report", &call).await.unwrap().body;
    assert!(
        report["usage"]["all"]["calls"].as_i64() > Some(2),
        "{report}"
    );
    let queries = goalpost_json(&stack, &["report", &id, "--sql", "--json"]).await;
    assert_numbers_are_rows(&stack, &report, &queries).await;
    assert_is_part(
        &goalpost_json(&stack, &["report", &id, "--json"]).await,
        &report,
    );
    let printed = goalpost(&stack, &["report", &id, "--sql"]).await;
    for query in queries.as_array().unwrap() {
        assert!(printed.contains(query["sql"].as_str().unwrap()), "{query}");
    }

    // Bounds that are the same for each reader.
    let database = stack.admin_db().await.unwrap();
    let days = "select to_char(now() - interval '2 days', 'YYYY-MM-DD'), to_char(now() + interval '2 days', 'YYYY-MM-DD')";
    let days = database.query_one(days, &[]).await.unwrap();
    let (since, until): (String, String) = (days.get(0), days.get(1));
    let call = json!({"p_workspace_id": DEMO, "p_since": format!("{since}T00:00:00Z"), "p_until": format!("{until}T00:00:00Z")});
    let report = owner.rpc("read_period_report", &call).await.unwrap().body;
    assert_eq!(
        report["work"]["goals"],
        json!([{"state": "completed", "goals": 1}, {"state": "failed", "goals": 1}])
    );
    for part in [
        "/work/kinds/1",
        "/work/failures/0",
        "/work/estimates/0",
        "/usage/agents/0",
        "/usage/runbooks",
        "/dearest/0",
        "/decisions/approvals/0",
        "/decisions/ratings/0",
        "/decisions/improvements/0",
    ] {
        assert!(report.pointer(part).is_some(), "{part} is not in {report}");
    }
    let period = ["report", "--since", &since, "--until", &until];
    let queries = goalpost_json(&stack, &[&period[..], &["--sql", "--json"]].concat()).await;
    assert_numbers_are_rows(&stack, &report, &queries).await;
    assert_is_part(
        &goalpost_json(&stack, &[&period[..], &["--json"]].concat()).await,
        &report,
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn period_report_is_printed_and_written() {
    let stack = stack_with_model().await;
    let owner = Client::of(&stack, Person::Owner);
    let goal = work(&owner).await;
    let text = goalpost(&stack, &["report", "--since", "7d"]).await;
    for part in [
        "# Report of ",
        "Goals: 1 completed, 1 failed.",
        "| thinking |",
        "| breaking | broken 1 | 1 | 0 | 1 |",
        "## Cost by day",
        "## Estimate against actual cost",
        "## Ratings",
        "Think <b>twice</b>",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("week.html");
    let path = path.to_str().unwrap();
    let wrote = goalpost(&stack, &["report", "--since", "7d", "--html", path]).await;
    assert!(wrote.starts_with("Wrote "), "{wrote}");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(
        page.contains("&lt;b&gt;twice") && !page.contains("<b>"),
        "{page}"
    );
    assert_eq!(page.matches("<svg").count(), 2, "{page}");
    for (by, column) in [
        ("model", "model"),
        ("achieved-goal", "goal_id"),
        ("estimate", "estimated_microusd"),
    ] {
        let rows = goalpost_json(&stack, &["costs", "--by", by, "--json"]).await;
        assert!(!rows[0][column].is_null(), "{by}: {rows}");
        goalpost(&stack, &["costs", "--by", by]).await;
    }
    let achieved = goalpost_json(&stack, &["costs", "--by", "achieved-goal", "--json"]).await;
    assert_eq!(achieved[0]["goal_id"], goal, "{achieved}");
    stack.stop().await.unwrap();
}
