//! Requests through every entry point: immediate answers, refusals, and the equality of all entry points.

use local_stack::stack::Person;
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use crate::script::Script;

#[tokio::test]
async fn simple_question_is_answered_within_the_call() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let answer = owner.ask("What is 17% of 2,340?").await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["state"], "answered");
    assert_eq!(answer.body["answer_text"], "397.8");
    assert!(
        owner.rows("goals", "").await.unwrap().is_empty(),
        "no goal was made for it"
    );
    let request = owner.rows("requests", "").await.unwrap();
    assert!(
        request[0]["complexity_reasons"]
            .as_array()
            .is_some_and(|reasons| !reasons.is_empty())
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn count_question_is_answered_from_requesters_rows() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let database = stack.admin_db().await.unwrap();
    let orders: i64 = database
        .query_one("select count(*) from shop.orders", &[])
        .await
        .unwrap()
        .get(0);
    let answer = owner.ask("How many orders do we have?").await.unwrap();
    assert_eq!(answer.body["state"], "answered", "{answer:?}");
    let text = answer.body["answer_text"]
        .as_str()
        .unwrap()
        .replace([',', '.', ' '], "");
    assert!(
        text.contains(&orders.to_string()),
        "{orders} orders, but the answer is: {answer:?}"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn uncovered_question_fails_with_remedy() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let answer = owner.ask("Write a poem about the sea").await.unwrap();
    assert_eq!(answer.body["state"], "failed", "{answer:?}");
    let reason = answer.body["reason"].as_str().unwrap();
    assert!(
        reason.contains("no language model configured; set OPENAI_API_KEY"),
        "{reason}"
    );
    let letters = owner.rows("dead_letters", "").await.unwrap();
    assert_eq!(letters.len(), 1, "it can be tried again once a key is set");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn inserted_request_row_is_worked() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let row = json!({"workspace_id": DEMO, "question": "What is 6 * 7?"});
    assert_eq!(owner.insert("requests", &row).await.unwrap().status, 201);
    let id = owner.rows("requests", "").await.unwrap()[0]["id"]
        .as_i64()
        .unwrap();
    let done = owner.until_settled(id).await.unwrap();
    assert_eq!(
        (done["state"].clone(), done["answer_text"].clone()),
        (json!("answered"), json!("42"))
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn repeated_idempotency_key_creates_one_request() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let body =
        json!({"workspace_id": DEMO, "question": "What is 1 + 1?", "idempotency_key": "once"});
    let first = owner.post(&body, None).await.unwrap();
    let second = owner.post(&body, None).await.unwrap();
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (202, 202));
    assert_eq!(first.body["request_id"], second.body["request_id"]);
    assert_eq!(
        (&first.body["repeated"], &second.body["repeated"]),
        (&json!(false), &json!(true))
    );
    let other =
        json!({"workspace_id": DEMO, "question": "What is 2 + 2?", "idempotency_key": "once"});
    let conflict = owner.post(&other, None).await.unwrap();
    assert_eq!(conflict.status, 409, "{conflict:?}");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn intake_names_the_problem_of_a_request() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let too_long = "x".repeat(16_001);
    let cases: Vec<(Value, u16, &str)> = vec![
        (json!([1]), 400, "body_not_an_object"),
        (json!({"question": "?"}), 400, "workspace_missing"),
        (
            json!({"workspace_id": "demo", "question": "?"}),
            400,
            "workspace_malformed",
        ),
        (json!({"workspace_id": DEMO}), 400, "question_missing"),
        (
            json!({"workspace_id": DEMO, "question": "  "}),
            400,
            "question_missing",
        ),
        (
            json!({"workspace_id": DEMO, "question": 3}),
            400,
            "field_malformed",
        ),
        (
            json!({"workspace_id": DEMO, "question": too_long}),
            413,
            "question_too_long",
        ),
        (
            json!({"workspace_id": DEMO, "question": "?", "context": []}),
            400,
            "context_not_an_object",
        ),
        (
            json!({"workspace_id": DEMO, "question": "?", "idempotency_key": ""}),
            400,
            "idempotency_key_malformed",
        ),
        (
            json!({"workspace_id": "00000000-0000-4000-8000-0000000000a2", "question": "?"}),
            404,
            "not_found",
        ),
        (
            json!({"workspace_id": DEMO, "question": "?", "paramters": {}}),
            400,
            "field_unknown",
        ),
        (
            json!({"workspace_id": DEMO, "question": "?", "parameters": {"schema": "shop"}}),
            400,
            "parameters_without_runbook",
        ),
        (
            json!({"workspace_id": DEMO, "question": "?", "runbook": "table-overview", "parameters": 7}),
            400,
            "parameters_not_an_object",
        ),
        (
            json!({"workspace_id": DEMO, "question": "?", "budget": "little"}),
            400,
            "budget_not_an_object",
        ),
        (
            json!({"workspace_id": DEMO, "question": "?", "budget": {"max_cents": 5}}),
            400,
            "invalid_input",
        ),
        (
            json!({"workspace_id": DEMO, "question": "?", "runbook": "no-such-runbook"}),
            400,
            "invalid_input",
        ),
    ];
    for (body, status, code) in cases {
        let answer = owner.post(&body, None).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), answer.body["code"].as_str()),
            (status, Some(code)),
            "{body}: {answer:?}"
        );
        assert!(
            answer.body["message"]
                .as_str()
                .is_some_and(|message| message.len() > 10),
            "{answer:?}"
        );
    }
    let forged =
        Client::of(&stack, Person::Owner).with_token("eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoieCJ9.x");
    assert_eq!(forged.ask("?").await.unwrap().status, 401);

    let database = stack.admin_db().await.unwrap();
    database
        .batch_execute("update goalpost.workspaces set max_open_requests = 1")
        .await
        .unwrap();
    let busy = Client::of(&stack, Person::Owner);
    let statuses = [
        busy.post(
            &json!({"workspace_id": DEMO, "question": "Audit my database"}),
            None,
        )
        .await
        .unwrap()
        .status
        .as_u16(),
        busy.post(
            &json!({"workspace_id": DEMO, "question": "What is 1 + 1?"}),
            None,
        )
        .await
        .unwrap()
        .status
        .as_u16(),
    ];
    assert_eq!(statuses, [202, 429]);
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn posted_runbook_starts_with_its_parameters() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let body = json!({"workspace_id": DEMO, "question": "Show me the shop's tables", "runbook": "table-overview", "parameters": {"schema": "shop"}});
    let posted = owner.post(&body, Some("wait=25")).await.unwrap();
    assert_eq!(posted.body["state"], "answered", "{posted:?}");
    let query = "select=runbook,parameters,complexity_score";
    let rows = owner.rows("requests", query).await.unwrap();
    let expected = json!({"runbook": "table-overview", "parameters": {"schema": "shop"}, "complexity_score": null});
    assert_eq!(rows, [expected]);
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn posted_context_and_budget_reach_models_and_caps() {
    let goal = json!({"decision": "goal", "goal": {"title": "Compare", "description": "Compare the offers"}});
    let plan = json!({"summary": "Read and compare", "criteria": ["The cheaper offer is named"], "steps": [
        {"key": "compare", "kind": "agent", "agent": "analyst", "title": "Compare", "depends_on": [], "input": {"instructions": "Name the cheaper offer."}}]});
    let script = Script::default()
        .json("assessment", &goal)
        .json("plan", &plan)
        .reply(
            "work",
            json!({"role": "assistant", "content": "Northwind is cheaper."}),
        )
        .json(
            "verdicts",
            &json!({"verdicts": [{"number": 1, "verdict": "met", "step": "compare", "evidence": "it is named"}]}),
        );
    let base_url = script.serve().await;
    let stack = stacks::start_with(|mut options| {
        let named = [
            ("OPENAI_BASE_URL", base_url),
            ("GOALPOST_MODEL", "scripted".to_owned()),
        ];
        let named = named.map(|(name, value)| (name.to_owned(), value));
        options.environment.extend(named);
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    })
    .await
    .unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let body = json!({"workspace_id": DEMO, "question": "Which offer is cheaper?", "context": {"offers": ["Northwind: 1234", "Southwind: 5678"]},
                      "budget": {"max_microusd": 4_321_000, "approve_plan": false}});
    let posted = owner.post(&body, None).await.unwrap();
    let ended = owner
        .until_settled(posted.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(ended["state"], "answered", "{ended}");
    for purpose in ["assessment", "plan", "work", "verdicts"] {
        let calls = script.asked_for(purpose);
        assert!(!calls.is_empty(), "{purpose} was not called");
        assert!(
            calls[0].to_string().contains("Southwind: 5678"),
            "{purpose}: {}",
            calls[0]
        );
    }
    let budgets = owner
        .rows("budgets", "select=cap_microusd&scope=eq.run")
        .await
        .unwrap();
    assert_eq!(budgets, [json!({"cap_microusd": 4_321_000})]);
    stack.stop().await.unwrap();
}

/// Questions that share words with a runbook but differ in action, filter or period, or request the opposite.
const NEAR_MISSES: [&str; 9] = [
    "Delete all my orders this week",
    "Email the sales of this week to bob@example.com",
    "How many refunds last month?",
    "How many orders were cancelled?",
    "cancelled orders and refunds",
    "Don't write the weekly review",
    "What did we not sell last week?",
    "Explain in two sentences what a foreign key is.",
    "show me",
];

#[tokio::test]
async fn question_near_a_runbook_is_refused_without_model() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    for question in NEAR_MISSES {
        let asked = owner.ask(question).await.unwrap();
        let ended = owner
            .until_settled(asked.body["request_id"].as_i64().unwrap())
            .await
            .unwrap();
        assert_eq!(
            (&ended["state"], &ended["reason_code"]),
            (&"failed".into(), &"no_language_model".into()),
            "{question}: {ended}"
        );
    }
    let asked = owner.ask("How did the shop do this week?").await.unwrap();
    let ended = owner
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(ended["state"], "answered", "{ended}");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn largest_result_of_a_query_answers_its_request() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    // 200 rows of 240 kB: with the spaces that Postgres writes, a third more.
    let columns: Vec<String> = (100..270).map(|number| format!("1 as c{number}")).collect();
    let query = format!("select {} from generate_series(1, 200)", columns.join(", "));
    let answer = owner.ask(&query).await.unwrap();
    assert_eq!(answer.body["state"], "answered", "{answer:?}");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn changed_request_is_refused_at_both_doors() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let of_rpc = |question: &str, key: &str| json!({"p_workspace_id": DEMO, "p_question": question, "p_idempotency_key": key});
    let of_http = |question: &str, key: &str| json!({"workspace_id": DEMO, "question": question, "idempotency_key": key});
    let first = owner
        .rpc("accept_request", &of_rpc("What is 1 + 1?", "both"))
        .await
        .unwrap();
    let id = first.body["request_id"].as_i64().unwrap();
    let again = owner
        .post(&of_http(" What is 1 + 1? \n", " both "), None)
        .await
        .unwrap();
    assert_eq!(again.body["request_id"], id, "{again:?}");
    let again = owner
        .rpc("accept_request", &of_rpc("\tWhat is 1 + 1? ", "both  "))
        .await
        .unwrap();
    assert_eq!(again.body["request_id"], id, "{again:?}");
    let other = of_rpc("What is 1 + 2?", "both");
    let refused = owner.rpc("accept_request", &other).await.unwrap();
    assert_eq!(refused.body["code"], "ZG004", "{refused:?}");
    assert!(refused.body.to_string().contains(&format!("request {id}")));
    let other = of_http("What is 1 + 2?", "both");
    let refused = owner.post(&other, None).await.unwrap();
    assert_eq!(refused.status.as_u16(), 409, "{refused:?}");
    stack.stop().await.unwrap();
}
