//! Work runs with the rights of its requester. A colleague who edits it gains none of the requester's rights.

use local_stack::stack::{Person, Stack, StackOptions};
use serde_json::{Value, json};
use system_tests::people::{Answer, Client, DEMO};
use system_tests::stacks;

use crate::script::Script;

const FORBIDDEN: &str = "select count(*) as customers from shop.customers";

fn plan(query: &str) -> Value {
    json!({"summary": "One query", "criteria": ["It was read"], "steps": [
        {"key": "read", "kind": "tool", "input": {"tool": "sql", "arguments": {"query": query}}}]})
}

/// Starts a stack on which the owner makes requests, and the other member has this role and sees no customer.
async fn stack_with_colleague(role: &str) -> Stack {
    let model = Script::default()
        .json(
            "assessment",
            &json!({"decision": "goal", "goal": {"title": "Read", "description": "Read one"}}),
        )
        .json("plan", &plan("select 1 as one"))
        .json(
            "verdicts",
            &json!({"verdicts": [{"number": 1, "verdict": "met", "step": "read", "evidence": "read"}]}),
        )
        .serve()
        .await;
    let stack = stacks::start_with(move |mut options: StackOptions| {
        options
            .environment
            .insert("OPENAI_BASE_URL".to_owned(), model);
        options
            .environment
            .insert("GOALPOST_MODEL".to_owned(), "scripted".to_owned());
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    })
    .await
    .unwrap();
    let colleague = Person::Approver.id().to_string();
    stack
        .admin_db()
        .await
        .unwrap()
        .batch_execute(&format!(
            "delete from shop.staff where user_id = '{colleague}';
             update goalpost.members set role = '{role}' where user_id = '{colleague}'"
        ))
        .await
        .unwrap();
    stack
}

/// Counts the rows of a table of the shop that this person sees.
async fn customers_seen_by(stack: &Stack, person: Person) -> i64 {
    let database = stack.admin_db().await.unwrap();
    database
        .batch_execute(&format!(
            "begin; select set_config('request.jwt.claims', '{{\"sub\": \"{}\", \"role\": \"authenticated\"}}', true);
             set local role authenticated",
            person.id()
        ))
        .await
        .unwrap();
    let row = database
        .query_one("select count(*) from shop.customers", &[])
        .await
        .unwrap();
    database.batch_execute("rollback").await.unwrap();
    row.get(0)
}

async fn ask(owner: &Client, budget: &Value) -> i64 {
    let asked = owner
        .rpc(
            "accept_request",
            &json!({"p_workspace_id": DEMO, "p_question": "Read one", "p_budget": budget}),
        )
        .await
        .unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    owner.until_settled(request_id).await.unwrap();
    request_id
}

async fn pending(owner: &Client) -> Value {
    let approvals = owner
        .rows("approvals", "state=eq.pending&kind=eq.plan")
        .await
        .unwrap();
    approvals[0].clone()
}

async fn approve(person: &Client, approval: &Value, more: &Value) -> Answer {
    let mut call = json!({"p_approval_id": approval["id"], "p_decision": "approved"});
    for (name, value) in more.as_object().unwrap() {
        call[name] = value.clone();
    }
    person.rpc("decide_approval", &call).await.unwrap()
}

/// Returns the results of the steps that read.
async fn read_results(owner: &Client) -> Vec<Value> {
    owner
        .rows("steps", "select=result&key=eq.read")
        .await
        .unwrap()
}

#[tokio::test]
async fn member_cannot_edit_plan_another_asked_to_see() {
    let stack = stack_with_colleague("member").await;
    let owner = Client::of(&stack, Person::Owner);
    let member = Client::of(&stack, Person::Approver);
    assert_eq!(customers_seen_by(&stack, Person::Approver).await, 0);
    assert_eq!(customers_seen_by(&stack, Person::Owner).await, 800);

    let request_id = ask(&owner, &json!({"approve_plan": true})).await;
    let approval = pending(&owner).await;
    assert!(member.rows("inbox", "").await.unwrap().is_empty());
    let edited = json!({"p_edited": {"plan": plan(FORBIDDEN)}});
    for attempt in [edited, json!({})] {
        let refused = approve(&member, &approval, &attempt).await;
        assert_eq!(refused.body["code"], "ZG002", "{refused:?}");
    }
    assert!(read_results(&owner).await.is_empty());

    let decided = approve(&owner, &approval, &json!({})).await;
    assert_eq!(decided.body["state"], "approved", "{decided:?}");
    let ended = owner.until_settled(request_id).await.unwrap();
    assert_eq!(ended["state"], "answered", "{ended:#}");
    let results = read_results(&owner).await;
    assert!(!json!(results).to_string().contains("800"), "{results:?}");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn approvers_edit_runs_only_after_requester_confirms() {
    let stack = stack_with_colleague("approver").await;
    let owner = Client::of(&stack, Person::Owner);
    let approver = Client::of(&stack, Person::Approver);
    let limits = json!({"p_workspace_id": DEMO, "p_limits": {"approve_plans": true}});
    owner.rpc("set_workspace_limits", &limits).await.unwrap();

    let request_id = ask(&owner, &json!({})).await;
    let approval = pending(&owner).await;
    let edit = json!({"p_edited": {"plan": plan(FORBIDDEN)}});
    let edited = approve(&approver, &approval, &edit).await;
    assert_eq!(edited.body["state"], "pending", "{edited:?}");
    assert_eq!(edited.body["waits_for"], "requester", "{edited:?}");
    assert!(read_results(&owner).await.is_empty(), "nothing has run");

    let inbox = owner.rows("inbox", "").await.unwrap();
    let shown = &inbox[0];
    assert_eq!(shown["original"]["plan"], plan("select 1 as one"));
    assert_eq!(shown["subject"]["plan"], plan(FORBIDDEN));
    assert_eq!(shown["edited_by"], Person::Approver.id().to_string());
    let hash = json!({"p_subject_hash": shown["subject_hash"]});
    let again = approve(&approver, &approval, &hash).await;
    assert_eq!(again.body["code"], "ZG002", "{again:?}");

    let rejection = json!({"p_approval_id": approval["id"], "p_decision": "rejected"});
    let returned = owner.rpc("decide_approval", &rejection).await.unwrap();
    assert_eq!(returned.body["state"], "pending", "{returned:?}");
    let decided = approve(&approver, &approval, &json!({})).await;
    assert_eq!(decided.body["state"], "approved", "{decided:?}");
    owner.until_settled(request_id).await.unwrap();
    let results = read_results(&owner).await;
    assert_eq!(results.len(), 1);
    assert!(!json!(results).to_string().contains("800"), "{results:?}");
    stack.stop().await.unwrap();
}
