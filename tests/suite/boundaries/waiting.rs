//! Waiting calls to intake: the call works on its own request, keeps its time limit, and is not starved by drains.

use std::time::{Duration, Instant};

use futures::future::join_all;
use local_stack::stack::{Person, Stack, StackOptions, Switch};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

/// Queues requests of another workspace of the same person.
async fn queue_elsewhere(stack: &Stack, requests: usize) -> String {
    let owner = Client::of(stack, Person::Owner);
    let made = json!({"p_name": "Elsewhere"});
    let made = owner.rpc("create_workspace", &made).await.unwrap();
    let workspace = made.body["workspace_id"].as_str().unwrap().to_owned();
    let database = stack.admin_db().await.unwrap();
    database
        .execute(
            "update goalpost.workspaces set max_open_requests = 100000 where id::text = $1",
            &[&workspace],
        )
        .await
        .unwrap();
    let questions: Vec<Value> = (0..requests)
        .map(|number| json!({"question": format!("What is {number} * 7?")}))
        .collect();
    let queued = json!({"p_workspace_id": workspace, "p_requests": questions});
    let queued = owner.rpc("accept_requests", &queued).await.unwrap();
    assert!(queued.status.is_success(), "{queued:?}");
    workspace
}

async fn assess_steps(stack: &Stack, workspace: &str, state: &str) -> i64 {
    let count = "select count(*) from goalpost.steps where kind = 'assess' and workspace_id::text = $1 and state = $2";
    let database = stack.admin_db().await.unwrap();
    let row = database.query_one(count, &[&workspace, &state]).await;
    row.unwrap().get(0)
}

#[tokio::test]
async fn waiting_call_works_on_its_own_request_only() {
    let stack = stacks::start_with(|options| StackOptions {
        pg_net: Switch::Off,
        ..options
    })
    .await
    .unwrap();
    let workspace = queue_elsewhere(&stack, 300).await;
    let owner = Client::of(&stack, Person::Owner);
    let question = json!({"workspace_id": DEMO, "question": "What is 6 * 7?"});
    let answer = owner.post(&question, Some("wait=3")).await.unwrap();
    // No wake arrives here, so the steps after the assessment wait.
    assert_eq!(answer.body["state"], "accepted", "{answer:?}");
    assert_eq!(assess_steps(&stack, DEMO, "completed").await, 1);
    assert_eq!(assess_steps(&stack, &workspace, "ready").await, 300);
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn waiting_call_answers_202_within_its_limit() {
    // It accepts connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let model = format!("http://{}/v1", silent.local_addr().unwrap());
    let stack = stacks::start_with(|mut options| {
        options.pg_net = Switch::Off;
        options.environment.extend([
            ("OPENAI_BASE_URL".to_owned(), model),
            ("GOALPOST_MODEL".to_owned(), "silent".to_owned()),
        ]);
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    })
    .await
    .unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let question =
        json!({"workspace_id": DEMO, "question": "Which of our customers may leave us, and why?"});
    let began = Instant::now();
    let answer = owner.post(&question, Some("wait=6")).await.unwrap();
    let took = began.elapsed();
    assert_eq!(answer.status.as_u16(), 202, "{answer:?}");
    // The limit, and a second for the sandbox to start.
    assert!(took < Duration::from_secs(7), "{took:?}");
    assert_eq!(
        assess_steps(&stack, DEMO, "ready").await,
        1,
        "what was not finished is put back"
    );
    stack.stop().await.unwrap();
}

/// Concurrent callers, with the default limits of the functions.
const PEOPLE: usize = 50;

#[tokio::test]
async fn drains_leave_room_for_people() {
    let stack = stacks::start().await.unwrap();
    queue_elsewhere(&stack, 400).await;
    let owner = Client::of(&stack, Person::Owner);
    let limits = json!({"p_workspace_id": DEMO, "p_limits": {"max_open_requests": 1000}});
    let set = owner.rpc("set_workspace_limits", &limits).await.unwrap();
    assert!(set.status.is_success(), "{set:?}");
    for round in 0..10 {
        let questions: Vec<Value> = (0..PEOPLE)
            .map(|number| json!({"workspace_id": DEMO, "question": format!("What is {round} + {number}?")}))
            .collect();
        let calls = questions.iter().map(|question| owner.post(question, None));
        for answer in join_all(calls).await {
            let answer = answer.unwrap();
            assert_eq!(answer.status.as_u16(), 202, "{answer:?}");
        }
    }
    stack.stop().await.unwrap();
}
