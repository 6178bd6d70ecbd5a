//! Runbooks through the doors of the product: applied, matched, filled, asked for, explained and retired.

use local_stack::stack::{Person, Stack};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

fn stale_orders() -> Value {
    json!({
        "name": "stale-orders", "title": "Stale orders", "description": "Lists open orders that are stale",
        "examples": ["Which orders are stale?"],
        "parameters": {"type": "object", "required": ["days"], "additionalProperties": false, "properties": {
            "days": {"type": "integer", "minimum": 1, "description": "days without a change"}}},
        "plan": {
            "summary": "Orders that did not change for some days",
            "criteria": [{"description": "The orders are counted", "check": "steps.count.row_count == 1"}],
            "steps": [{"key": "count", "kind": "tool", "title": "Count", "input": {"tool": "sql", "arguments": {
                "query": "select count(*) as orders, {{ parameters.days }} as days from shop.orders"}}}],
            "report": {"title": "Stale orders", "body": "Stale for {{ parameters.days }} days: {{ steps.count.rows[0].days }}."}
        }
    })
}

async fn settled(person: &Client, request: i64) -> Value {
    person.until_settled(request).await.unwrap()
}

#[tokio::test]
async fn applied_runbook_takes_its_parameter_from_the_question() {
    let stack = stacks::start().await.unwrap();
    let (owner, member) = (
        Client::of(&stack, Person::Owner),
        Client::of(&stack, Person::Approver),
    );
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": stale_orders()});
    let refused = member.rpc("apply_runbook", &apply).await.unwrap();
    assert_eq!(refused.body["code"], "ZG002", "{refused:?}");
    let applied = owner.rpc("apply_runbook", &apply).await.unwrap();
    assert_eq!(
        (&applied.body["version"], &applied.body["state"]),
        (&json!(1), &json!("active")),
        "{applied:?}"
    );

    let asked = member
        .ask("Which orders are stale for 30 days?")
        .await
        .unwrap();
    let request = asked.body["request_id"].as_i64().unwrap();
    let done = settled(&member, request).await;
    assert_eq!(done["state"], "answered", "{done}");
    assert!(
        done["answer_text"]
            .as_str()
            .unwrap()
            .contains("Stale for 30 days: 30."),
        "{done}"
    );

    let considered = member
        .rows(
            "runbook_matches",
            "select=fit,is_chosen,relevance,runbooks(name)&order=position",
        )
        .await
        .unwrap();
    assert_eq!(considered[0]["runbooks"]["name"], "stale-orders");
    assert_eq!(
        (&considered[0]["fit"], &considered[0]["is_chosen"]),
        (&json!("use"), &json!(true))
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn missing_parameter_is_asked_and_answered() {
    let stack = stacks::start().await.unwrap();
    let (owner, member) = (
        Client::of(&stack, Person::Owner),
        Client::of(&stack, Person::Approver),
    );
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": stale_orders()});
    owner.rpc("apply_runbook", &apply).await.unwrap();
    let began = std::time::Instant::now();
    let asked = member.ask("Which orders are stale?").await.unwrap();
    assert!(
        began.elapsed().as_secs() < 20,
        "a call that waits returns when its caller is awaited"
    );
    let request = asked.body["request_id"].as_i64().unwrap();
    let waiting = settled(&member, request).await;
    assert_eq!(
        (asked.status.as_u16(), &waiting["state"]),
        (202, &json!("accepted")),
        "it waits for its requester: {waiting}"
    );

    let inbox = member.rpc("read_inbox", &json!({})).await.unwrap();
    let question = &inbox.body[0];
    assert_eq!(
        question["question"], "The runbook stale-orders needs: days (days without a change).",
        "{inbox:?}"
    );
    let answer = json!({"p_approval_id": question["approval_id"], "p_decision": "answered", "p_answer": {"days": 7}});
    let decided = member.rpc("decide_approval", &answer).await.unwrap();
    assert_eq!(decided.body["state"], "approved", "{decided:?}");
    let done = settled(&member, request).await;
    assert!(
        done["answer_text"]
            .as_str()
            .unwrap()
            .contains("Stale for 7 days: 7."),
        "{done}"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn action_outside_a_runbook_is_not_carried_out_by_it() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": stale_orders()});
    owner.rpc("apply_runbook", &apply).await.unwrap();
    let asked = owner
        .ask("Delete the orders that are stale for 30 days")
        .await
        .unwrap();
    let reason = asked.body["reason"].as_str().unwrap_or_default();
    assert!(
        reason.contains("stale-orders (does not cover: delet)"),
        "{asked:?}"
    );

    // A retired version is not started by name either.
    let id = owner
        .rows("runbooks", "select=id&name=eq.stale-orders")
        .await
        .unwrap()[0]["id"]
        .clone();
    owner
        .rpc(
            "set_runbook_state",
            &json!({"p_runbook_id": id, "p_state": "retired"}),
        )
        .await
        .unwrap();
    let start = json!({"p_workspace_id": DEMO, "p_question": "go", "p_runbook": "stale-orders", "p_parameters": {"days": 1}});
    let refused = owner.rpc("accept_request", &start).await.unwrap();
    assert!(
        refused.body["message"]
            .as_str()
            .unwrap()
            .contains("no runbook called stale-orders"),
        "{refused:?}"
    );
    stack.stop().await.unwrap();
}

/// Folds statistics as the schedule does.
async fn fold(stack: &Stack) {
    let tick = json!({"version": "0", "id": "tick", "detail-type": "Scheduled Event", "source": "aws.events",
                      "account": "000000000000", "time": "2026-11-22T00:00:00Z", "region": "local",
                      "resources": ["arn:aws:events:local:000000000000:rule/analyzer"], "detail": {}});
    stack.invoke("analyzer", &tick).await.unwrap();
}

#[tokio::test]
async fn bad_ratings_make_the_next_goal_follow_another_runbook() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    for name in ["a-stale", "b-stale"] {
        let mut runbook = stale_orders();
        runbook["name"] = json!(name);
        let apply = json!({"p_workspace_id": DEMO, "p_runbook": runbook});
        owner.rpc("apply_runbook", &apply).await.unwrap();
    }
    let followed = async || {
        let asked = owner
            .ask("Which orders are stale for 30 days?")
            .await
            .unwrap();
        let request = asked.body["request_id"].as_i64().unwrap();
        let done = settled(&owner, request).await;
        assert_eq!(done["state"], "answered", "{done}");
        let chosen =
            "select=runbooks(name),workflow_runs!inner(goal_id,request_id)&is_chosen=is.true";
        let chosen = format!("{chosen}&workflow_runs.request_id=eq.{request}");
        let chosen = owner.rows("runbook_matches", &chosen).await.unwrap();
        let goal = chosen[0]["workflow_runs"]["goal_id"].as_i64().unwrap();
        (
            goal,
            chosen[0]["runbooks"]["name"].as_str().unwrap().to_owned(),
        )
    };
    let (goal, name) = followed().await;
    assert_eq!(
        name, "a-stale",
        "of equal runbooks the first by name is followed"
    );
    fold(&stack).await;
    let (_, name) = followed().await;
    assert_eq!(name, "a-stale", "a success speaks for it");
    let rating = json!({"p_goal_id": goal, "p_rating": "bad", "p_comment": "Not those"});
    let given = owner.rpc("give_feedback", &rating).await.unwrap();
    assert_eq!(given.body["rating"], "bad", "{given:?}");
    let row = json!({"workspace_id": DEMO, "goal_id": goal + 1, "rating": "bad"});
    assert_eq!(owner.insert("feedback", &row).await.unwrap().status, 201);
    fold(&stack).await;
    let (_, name) = followed().await;
    assert_eq!(
        name, "b-stale",
        "two bad ratings lower the bound of its success"
    );
    stack.stop().await.unwrap();
}
