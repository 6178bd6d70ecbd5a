//! Inputs of people and models, and every secret, stay out of every log.
//!
//! A stack runs a goal with an agent, tools, an approval and failures, and refuses calls, with a unique word in every
//! input. Then everything written outside the tables of work is searched: the functions' logs, the stack's own, the
//! database server's, and the responses that pg_net keeps.

mod log_sources;

use local_stack::stack::{Person, Stack, StackOptions};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use crate::script::Script;
use log_sources::{CapturedLog, LogSources};

/// Returns the unique word of an input.
fn word(name: &str) -> String {
    format!("canary-{name}-7c1e")
}

const MODEL_KEY: &str = "sk-canary-model-key-7c1e";
const WAKE_SECRET: &str = "Y2FuYXJ5LXdha2Utc2VjcmV0LWNhbmFyeS13YWtlLXNlY3JldA==";

/// Returns every secret of the stack and its people, by name.
fn secrets(stack: &Stack, tokens: &[String]) -> Vec<(&'static str, String)> {
    let url = stack.database_url("postgres");
    let password = url
        .split(['/', ':', '@'])
        .find(|part| part.len() == 32)
        .expect("the password is in the address");
    let signature = |token: &String| token.rsplit('.').next().unwrap().to_owned();
    let keys = stack.keys();
    let stored = keys.to_stored();
    let signing_key = stored["p256_signing_key"].as_str().expect("it is stored");
    vec![
        ("the model's key", MODEL_KEY.to_owned()),
        ("the wake secret", WAKE_SECRET.to_owned()),
        ("the owner's token", signature(&tokens[0])),
        ("the approver's token", signature(&tokens[1])),
        ("a token of whomever", ".eyJ".to_owned()),
        ("the database's password", password.to_owned()),
        (
            "the project's secret key",
            keys.secret_key().expose_secret().to_owned(),
        ),
        (
            "the project's JWT secret",
            keys.jwt_secret().expose_secret().to_owned(),
        ),
        ("the project's signing key", signing_key.to_owned()),
    ]
}

/// Every input with a unique word, by name.
const INPUTS: [&str; 25] = [
    "question",
    "context",
    "idempotency",
    "title",
    "description",
    "summary",
    "criterion",
    "steptitle",
    "instructions",
    "argument",
    "template",
    "sqltext",
    "sqlerror",
    "call",
    "callresult",
    "answer",
    "evidence",
    "shown",
    "approval",
    "comment",
    "rejection",
    "workspace",
    "inserted",
    "toolarguments",
    "secret",
];

fn script() -> Script {
    let plan = json!({
        "summary": word("summary"), "criteria": [word("criterion")],
        "steps": [
            {"key": "filled", "title": word("steptitle"), "kind": "tool",
             "input": {"tool": "template", "arguments": {"template": word("template")}}},
            {"key": "rows", "kind": "tool", "input": {"tool": "sql", "arguments": {"query": format!("select '{}' as word", word("sqltext"))}}},
            {"key": "wrong", "kind": "tool", "on_failure": "continue", "max_attempts": 1,
             "input": {"tool": "sql", "arguments": {"query": format!("select ('{}' || (count(*) - count(*)))::integer as n from shop.orders", word("sqlerror"))}}},
            {"key": "sum", "kind": "tool", "on_failure": "continue", "max_attempts": 1,
             "input": {"tool": "calculate", "arguments": {"expression": format!("1 + {}", word("argument"))}}},
            {"key": "think", "kind": "agent", "agent": "analyst", "depends_on": ["rows"], "input": {"instructions": word("instructions")}},
            {"key": "ask", "kind": "approval", "depends_on": ["think"], "input": {"question": word("approval"), "required_role": "approver"}},
        ],
    });
    let call = |query: String| {
        json!({"role": "assistant", "content": word("toolarguments"), "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "sql", "arguments": json!({"query": query}).to_string()}},
            {"id": "call_2", "type": "function", "function": {"name": "no_such_tool", "arguments": json!({"x": word("call")}).to_string()}},
        ]})
    };
    let goal = json!({"decision": "goal", "goal": {"title": word("title"), "description": word("description")}});
    Script::default()
        .json("assessment", &goal)
        .json("plan", &plan)
        .reply("work", call(format!("select '{}' as word", word("callresult"))))
        .reply("work", call(format!("selekt {}", word("call"))))
        .reply("work", json!({"role": "assistant", "content": word("answer")}))
        .json("verdicts", &json!({"verdicts": [{"number": 1, "verdict": "met", "step": "think", "evidence": word("evidence")}]}))
        .json("assessment", &goal)
        .json("plan", &json!({"summary": "s", "steps": [{"key": "ask", "kind": "approval", "input": {"question": word("shown"), "required_role": "approver"}}]}))
}

#[tokio::test]
async fn logs_contain_no_input_and_no_secret() {
    let log = CapturedLog::start();
    let base_url = script().serve().await;
    let stack = stacks::start_with(|options| {
        let mut options = StackOptions {
            wake_secret: Some(format!("whsec_{WAKE_SECRET}").into()),
            openai_api_key: Some(MODEL_KEY.into()),
            ..options
        };
        for (name, value) in [
            ("OPENAI_BASE_URL", base_url.as_str()),
            ("GOALPOST_MODEL", "scripted"),
            ("AWS_LAMBDA_LOG_LEVEL", "DEBUG"),
        ] {
            options
                .environment
                .insert(name.to_owned(), value.to_owned());
        }
        options
    })
    .await
    .unwrap();
    let tokens = [Person::Owner, Person::Approver]
        .map(|person| stack.token(person).expose_secret().to_owned());
    let owner = Client::of(&stack, Person::Owner).with_token(&tokens[0]);
    let approver = Client::of(&stack, Person::Approver).with_token(&tokens[1]);

    // One goal is worked by tools and an agent and approved; another is rejected with a reason.
    let asked = json!({"workspace_id": DEMO, "question": word("question"), "context": {"note": word("context")}, "idempotency_key": word("idempotency")});
    let first = ask(&owner, &asked).await;
    let decided = approver
        .rpc(
            "decide_approval",
            &decision(&approver, "approved", &word("comment")).await,
        )
        .await
        .unwrap();
    assert_eq!(decided.status, 200, "{decided:?}");
    let done = owner.until_settled(first).await.unwrap();
    assert_eq!(
        done["state"],
        "answered",
        "{done}\n{:#?}",
        owner.rows("steps", "select=key,state,error").await.unwrap()
    );
    let second = ask(
        &owner,
        &json!({"workspace_id": DEMO, "question": word("question")}),
    )
    .await;
    approver
        .rpc(
            "decide_approval",
            &decision(&approver, "rejected", &word("rejection")).await,
        )
        .await
        .unwrap();
    assert_eq!(
        owner.until_settled(second).await.unwrap()["state"],
        "failed"
    );
    assert_eq!(
        owner
            .rpc("create_workspace", &json!({"p_name": word("workspace")}))
            .await
            .unwrap()
            .status,
        200
    );

    // The secret of a tool is stored.
    let server = json!({"p_workspace_id": DEMO, "p_name": "docs", "p_url": "https://docs.example.com/", "p_auth_header_name": "authorization"});
    let secret = json!({"p_workspace_id": DEMO, "p_name": "mcp.docs", "p_secret": word("secret")});
    for (function, arguments) in [("add_mcp_server", &server), ("set_tool_secret", &secret)] {
        let answer = owner.rpc(function, arguments).await.unwrap();
        assert_eq!(answer.status, 200, "{function}: {answer:?}");
    }

    refused(&stack, &owner).await;

    // The words are in the tables, readable with the right access.
    let rows = owner.rows("requests", "").await.unwrap();
    assert!(
        json!(rows).to_string().contains(&word("question")),
        "{rows:?}"
    );
    let failed = owner
        .rows("steps", "select=key,error&state=eq.failed")
        .await
        .unwrap();
    assert!(
        json!(failed).to_string().contains(&word("sqlerror")),
        "the error is visible to those who may see it: {failed:?}"
    );

    // The search works: expected log entries are found in a function's log and in the server's.
    assert!(
        function_log_is_searched(&stack, &log).await,
        "the name of a queue's message is in a function's log"
    );
    assert!(
        server_log_is_searched(&stack, &log).await,
        "and an error that we made is in the server's"
    );
    let sources = LogSources::of(&stack, &log).await;
    assert!(sources.bytes() > 10_000, "there are logs");
    let secrets = secrets(&stack, &tokens);
    let words = INPUTS.map(|name| (name, word(name)));
    let leaks: Vec<_> = words
        .iter()
        .map(|(name, word)| (*name, word.as_str()))
        .chain(
            secrets
                .iter()
                .map(|(name, secret)| (*name, secret.as_str())),
        )
        .flat_map(|(name, secret)| {
            sources
                .with(secret)
                .into_iter()
                .map(move |line| format!("{name} is in {line}"))
        })
        .collect();
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
    stack.stop().await.unwrap();
}

/// Sends a request, and returns its id once it has ended or waits for a person.
async fn ask(owner: &Client, body: &Value) -> i64 {
    let asked = owner.post(body, None).await.unwrap();
    assert_eq!(asked.status, 202, "{asked:?}");
    let id = asked.body["request_id"].as_i64().unwrap();
    owner.until_settled(id).await.unwrap();
    id
}

async fn decision(approver: &Client, decision: &str, comment: &str) -> Value {
    let inbox = approver.rows("inbox", "select=approval_id").await.unwrap();
    assert_eq!(inbox.len(), 1, "{inbox:?}");
    json!({"p_approval_id": inbox[0]["approval_id"], "p_decision": decision, "p_comment": comment})
}

/// Makes calls that are refused, each with a unique word in its data. The word `unreadable` is excluded: Postgres
/// quotes unparsable values (an invalid id, a NUL) in its own log before any function of the product is called.
async fn refused(stack: &Stack, owner: &Client) {
    let long = |name: &str, times: usize| word(name).repeat(times);
    let calls = [
        (
            "accept_request",
            json!({"p_workspace_id": DEMO, "p_question": long("question", 2_000)}),
        ),
        (
            "accept_request",
            json!({"p_workspace_id": DEMO, "p_question": word("question"), "p_context": {"a": long("context", 10_000)}}),
        ),
        (
            "accept_request",
            json!({"p_workspace_id": DEMO, "p_question": word("question"), "p_context": [word("context")]}),
        ),
        (
            "accept_request",
            json!({"p_workspace_id": DEMO, "p_question": word("question"), "p_idempotency_key": long("idempotency", 30)}),
        ),
        (
            "accept_request",
            json!({"p_workspace_id": DEMO, "p_question": format!("{}\0", word("unreadable"))}),
        ),
        (
            "accept_request",
            json!({"p_workspace_id": word("unreadable"), "p_question": word("question")}),
        ),
        (
            "accept_request",
            json!({"p_workspace_id": DEMO, "p_question": "another", "p_idempotency_key": word("idempotency")}),
        ),
        (
            "decide_approval",
            json!({"p_approval_id": word("unreadable"), "p_decision": word("comment"), "p_comment": word("comment")}),
        ),
        ("create_workspace", json!({"p_name": long("workspace", 20)})),
        (
            "set_tool_secret",
            json!({"p_workspace_id": DEMO, "p_name": "webhook", "p_secret": word("secret")}),
        ),
        (
            "set_tool_secret",
            json!({"p_workspace_id": DEMO, "p_name": "mcp.docs", "p_secret": format!("{}\n", word("secret"))}),
        ),
        (
            "set_tool_secret",
            json!({"p_workspace_id": DEMO, "p_name": word("unreadable"), "p_secret": word("secret")}),
        ),
        (word("call").as_str().to_owned().leak(), json!({})),
    ];
    for (function, arguments) in calls {
        let answer = owner.rpc(function, &arguments).await.unwrap();
        assert!(answer.status.is_client_error(), "{function}: {answer:?}");
    }
    for row in [
        json!({"workspace_id": DEMO, "question": long("inserted", 2_000)}),
        json!({"workspace_id": DEMO, "question": word("inserted"), "context": {"a": long("context", 10_000)}}),
        json!({"workspace_id": DEMO, "question": word("inserted"), "state": word("inserted")}),
        json!({"workspace_id": word("unreadable"), "question": word("inserted")}),
    ] {
        let answer = owner.insert("requests", &row).await.unwrap();
        assert!(answer.status.is_client_error(), "{answer:?}");
    }
    let posts = [
        json!({"workspace_id": word("workspace"), "question": word("question")}),
        json!({"workspace_id": DEMO, "question": long("question", 2_000)}),
        json!({"workspace_id": DEMO, "question": word("question"), "context": {"a": long("context", 10_000)}}),
        json!({"workspace_id": "00000000-0000-4000-8000-0000000000a2", "question": word("question")}),
    ];
    for body in posts {
        assert!(
            owner
                .post(&body, Some("wait"))
                .await
                .unwrap()
                .status
                .is_client_error()
        );
    }
    let forged = Client::of(stack, Person::Owner).with_token(&format!(
        "eyJhbGciOiJIUzI1NiJ9.eyJhIjoiYiJ9.{}",
        word("call")
    ));
    assert_eq!(
        forged
            .post(
                &json!({"workspace_id": DEMO, "question": word("question")}),
                None
            )
            .await
            .unwrap()
            .status,
        401
    );
    let wake = reqwest::Client::new()
        .post(stack.function_url("executor"))
        .header("webhook-id", word("call"))
        .header("webhook-signature", word("call"))
        .body(word("call"))
        .send()
        .await
        .unwrap();
    assert_eq!(wake.status(), 401);
}

/// Returns true if an error of the test's own is found in the database server's log.
async fn server_log_is_searched(stack: &Stack, log: &CapturedLog) -> bool {
    let database = stack.admin_db().await.unwrap();
    assert!(
        database
            .batch_execute("do $$ begin raise 'canary-control-7c1e'; end $$")
            .await
            .is_err()
    );
    let found = LogSources::of(stack, log).await.with("canary-control-7c1e");
    found
        .iter()
        .any(|line| line.starts_with("the database server's log"))
}

/// Returns true if the name of an invalid message is found in a function's log.
async fn function_log_is_searched(stack: &Stack, log: &CapturedLog) -> bool {
    let message = json!({"messageId": "canary-logged-7c1e", "receiptHandle": "r", "body": word("call"), "attributes": {},
        "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:local:000000000000:q", "awsRegion": "local"});
    let event = json!({"Records": [message]});
    stack.invoke("executor", &event).await.unwrap();
    let found = LogSources::of(stack, log).await.with("canary-logged-7c1e");
    found.iter().any(|line| line.contains("executor.log"))
}
