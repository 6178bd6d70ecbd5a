//! Verdicts on criteria by each kind of check, by a model that names its step, and by people.

use local_stack::stack::{Person, StackOptions};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use crate::script::Script;

/// Returns a runbook with two steps and one criterion for each check, described by its place from 1.
fn runbook(name: &str, checks: &[Value]) -> Value {
    let criteria: Vec<Value> = (1..)
        .zip(checks)
        .map(
            |(number, check)| json!({"description": format!("criterion {number}"), "check": check}),
        )
        .collect();
    json!({"name": name, "title": "Checked", "description": "Counts orders and writes a line",
        "plan": {"summary": "Count and write", "criteria": criteria, "steps": [
            {"key": "count", "kind": "tool", "title": "Count", "input": {"tool": "sql", "arguments": {
                "query": "select count(*) as orders, 10.25 as price from shop.orders"}}},
            {"key": "line", "kind": "tool", "title": "Write", "depends_on": ["count"], "input": {"tool": "template", "arguments": {
                "template": "We have {{ steps.count.rows[0].orders }} orders."}}}],
            "report": {"title": "Orders", "body": "{{ steps.line.text }}"}}})
}

/// Applies a runbook and starts it by name. Returns the request.
async fn start(owner: &Client, runbook: &Value) -> i64 {
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": runbook});
    let applied = owner.rpc("apply_runbook", &apply).await.unwrap();
    assert_eq!(applied.body["state"], "active", "{applied:?}");
    let ask = json!({"p_workspace_id": DEMO, "p_question": "Count the orders", "p_runbook": runbook["name"]});
    let accepted = owner.rpc("accept_request", &ask).await.unwrap();
    accepted.body["request_id"].as_i64().unwrap()
}

/// Returns each criterion as "verdict by author".
async fn verdicts(client: &Client, goal: i64) -> Vec<String> {
    let query = format!("goal_id=eq.{goal}&select=verdict,decided_by,evidence&order=number");
    let rows = client.rows("goal_criteria", &query).await.unwrap();
    rows.iter()
        .map(|row| {
            let author = row["decided_by"].as_str().unwrap_or("none");
            format!("{} by {author}", row["verdict"].as_str().unwrap())
        })
        .collect()
}

async fn evidence(client: &Client, goal: i64, number: i64) -> String {
    let query = format!("goal_id=eq.{goal}&number=eq.{number}&select=evidence");
    let rows = client.rows("goal_criteria", &query).await.unwrap();
    rows[0]["evidence"].as_str().unwrap().to_owned()
}

const ORDERS: &str = "{{ steps.count.rows[0].orders }}";
const PRICE: &str = "{{ steps.count.rows[0].price }}";
const LINE: &str = "{{ steps.line.text }}";

#[tokio::test]
async fn each_kind_of_check_is_met_or_left_to_people() {
    let stack = stacks::start().await.unwrap();
    let (owner, approver) = (
        Client::of(&stack, Person::Owner),
        Client::of(&stack, Person::Approver),
    );
    let rows = format!("select count(*) = {ORDERS} from shop.orders");
    let counted = "select count(*) as orders, 1 as one from shop.orders where false";
    let checks = [
        json!("steps.count.row_count == 1"),
        json!({"sql": rows}),
        json!({"sql": {"query": counted, "expect": {"orders": 0}}}),
        json!({"matches": {"value": LINE, "pattern": r"^We have \d+ orders\.$"}}),
        json!({"schema": {"value": "{{ steps.count.rows[0] }}", "schema": {"required": ["orders", "price"]}}}),
        json!({"number": {"value": PRICE, "equals": 10, "tolerance": 0.25}}),
        json!({"number": {"value": ORDERS, "at_least": 1}}),
        // Unknown: a query that fails, one that may not be read, one that returns nothing, and a value that is not there.
        json!({"sql": "select 1 / (count(*) - count(*)) = 1 from shop.orders"}),
        json!({"sql": "select count(*) > 0 from auth.users"}),
        json!({"sql": {"query": "select status from shop.orders where id = -1", "expect": "paid"}}),
        json!({"matches": {"value": "{{ steps.count.rows[7].orders }}", "pattern": "1"}}),
        json!({"number": {"value": LINE, "at_most": 1}}),
        json!({"person": "Is the line well written?"}),
        json!({"person": {"question": "May it go out?", "required_role": "approver"}}),
    ];
    let request = start(&owner, &runbook("checked", &checks)).await;
    let waiting = owner.until_settled(request).await.unwrap();
    assert_eq!(
        waiting["state"], "accepted",
        "it waits for people: {waiting}"
    );
    let goal = waiting["goal_id"].as_i64().unwrap();
    let mut expected = vec!["met by check"; 7];
    expected.extend(["unknown by check"; 5]);
    expected.extend(["unknown by none"; 2]);
    assert_eq!(verdicts(&owner, goal).await, expected);
    for (number, part) in [
        (2, "the query returned"),
        (6, "10.25 is 10 ± 0.25"),
        (8, "division by zero"),
        (9, "auth"),
        (10, "returned no row"),
        (11, "cannot be filled in"),
        (12, "is not a number"),
        (13, "a person decides this"),
    ] {
        let evidence = evidence(&owner, goal, number).await;
        assert!(evidence.contains(part), "criterion {number}: {evidence}");
    }

    let asked = owner
        .rows(
            "approvals",
            "kind=eq.verdict&select=id,question,required_role&order=id",
        )
        .await
        .unwrap();
    let questions: Vec<&str> = asked
        .iter()
        .map(|row| row["question"].as_str().unwrap())
        .collect();
    assert_eq!(
        questions,
        [
            "Is this met? criterion 8; criterion 9; criterion 10; criterion 11; criterion 12; Is the line well written?",
            "May it go out?"
        ]
    );
    let decide = |row: &Value| json!({"p_approval_id": row["id"], "p_decision": "approved", "p_comment": "I looked"});
    let by_owner = owner
        .rpc("decide_approval", &decide(&asked[0]))
        .await
        .unwrap();
    assert_eq!(by_owner.body["state"], "approved", "{by_owner:?}");
    let still = owner.until_settled(request).await.unwrap();
    assert_eq!(
        still["state"], "accepted",
        "the role has not decided: {still}"
    );
    let by_role = approver
        .rpc("decide_approval", &decide(&asked[1]))
        .await
        .unwrap();
    assert_eq!(by_role.body["state"], "approved", "{by_role:?}");
    let done = owner.until_settled(request).await.unwrap();
    assert_eq!(done["state"], "answered", "{done}");
    expected.splice(7.., ["met by person"; 7]);
    assert_eq!(verdicts(&owner, goal).await, expected);
    let report = owner
        .rpc("read_report", &json!({"p_goal_id": goal}))
        .await
        .unwrap();
    assert_eq!(
        report.body["criteria"][13]["decided_by"], "person",
        "{report:?}"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn each_kind_of_check_can_be_unmet() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let checks = [
        json!("steps.count.row_count == 2"),
        json!({"sql": "select count(*) = 0 from shop.orders"}),
        json!({"sql": {"query": "select count(*) from shop.orders", "expect": -1}}),
        json!({"matches": {"value": LINE, "pattern": "customers"}}),
        json!({"schema": {"value": "{{ steps.count.rows }}", "schema": {"type": "array", "minItems": 2}}}),
        json!({"number": {"value": PRICE, "equals": 10, "tolerance": 0.2}}),
        json!({"number": {"value": ORDERS, "at_most": 0}}),
        json!({"person": "Is the line well written?"}),
    ];
    let request = start(&owner, &runbook("unmet", &checks)).await;
    let ended = owner.until_settled(request).await.unwrap();
    assert_eq!(ended["state"], "failed", "no model plans again: {ended}");
    let goal = ended["goal_id"].as_i64().unwrap();
    let mut expected = vec!["unmet by check"; 7];
    expected.push("unknown by none");
    assert_eq!(verdicts(&owner, goal).await, expected);
    let asked = owner.rows("approvals", "kind=eq.verdict").await.unwrap();
    assert!(asked.is_empty(), "{asked:?}");
    let again = owner
        .rows("steps", "key=eq.plan_2&select=input")
        .await
        .unwrap();
    let reason = again[0]["input"]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("not met: criterion 1; criterion 2;"),
        "the next planner receives the reasons: {reason}"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn check_of_unknown_shape_is_refused_with_its_part() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let wrong = runbook("wrong", &[json!({"number": {"value": ORDERS}})]);
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": wrong});
    let checked = owner.rpc("check_runbook", &apply).await.unwrap();
    assert_eq!(
        checked.body["problems"][0]["code"], "bad_check",
        "{checked:?}"
    );
    let refused = owner.rpc("apply_runbook", &apply).await.unwrap();
    assert!(
        refused
            .body
            .to_string()
            .contains("check.number: it needs either equals"),
        "{refused:?}"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn model_names_its_step_and_contradictions_are_reported() {
    let verdict = |step: &str| json!({"number": 1, "verdict": "met", "step": step, "evidence": "the sum is 3"});
    let script = Script::default()
        .json("assessment", &json!({"decision": "goal", "goal": {"title": "Add", "description": "Add twice"}}))
        .json("plan", &json!({"summary": "Two sums", "criteria": ["It is added"], "steps": [
            {"key": "one", "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": "1 + 2"}}},
            {"key": "two", "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": "1 + 3"}}}]}))
        .json("verdicts", &json!({"verdicts": [verdict("nowhere")]}))
        .json("verdicts", &json!({"verdicts": [verdict("one")],
            "contradictions": [{"steps": ["one", "two"], "difference": "one gives 3, two gives 4"}]}));
    let base_url = script.serve().await;
    let stack = stacks::start_with(move |mut options: StackOptions| {
        let environment = &mut options.environment;
        environment.insert("OPENAI_BASE_URL".to_owned(), base_url);
        environment.insert("GOALPOST_MODEL".to_owned(), "scripted".to_owned());
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    })
    .await
    .unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let begun = owner.begin("Add it twice").await.unwrap();
    let request = begun.body["request_id"].as_i64().unwrap();
    let done = owner.until_settled(request).await.unwrap();
    assert_eq!(done["state"], "answered", "{done}");
    let text = done["answer_text"].as_str().unwrap();
    let line = "## Results that contradict each other\n\n- `one`, `two`: one gives 3, two gives 4";
    assert!(text.contains(line), "{text}");
    assert_eq!(
        script.asked_for("verdicts").len(),
        2,
        "it was sent back once"
    );
    let goal = json!({"p_goal_id": done["goal_id"]});
    let report = owner.rpc("read_report", &goal).await.unwrap();
    let criterion = &report.body["criteria"][0];
    assert_eq!(
        (&criterion["decided_by"], &criterion["evidence_step"]),
        (&json!("model"), &json!("one")),
        "{report:?}"
    );
    assert_eq!(
        report.body["contradictions"][0]["steps"],
        json!(["one", "two"])
    );
    stack.stop().await.unwrap();
}
