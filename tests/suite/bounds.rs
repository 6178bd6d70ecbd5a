//! Bounds of size and shape: at every entry point the largest accepted input and the smallest refused one, each refusal
//! with a code of its own. Everything accepted is worked to an end, because none of it can break a claim.

use local_stack::stack::{Person, Stack, StackOptions, Switch};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

const QUESTION: &str = "What is 6 * 7?";

/// A body as bytes, since some are not JSON.
type Attempt = (&'static str, Vec<u8>, u16, &'static str);

fn nested(levels: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

fn body(more: &str) -> String {
    format!(r#"{{"workspace_id": "{DEMO}", "question": "{QUESTION}"{more}}}"#)
}

fn filled(bytes: usize) -> Vec<u8> {
    let mut body = body("").into_bytes();
    body.resize(bytes, b' ');
    body
}

fn question(characters: usize, character: &str) -> Vec<u8> {
    let rest = characters - QUESTION.chars().count();
    let question = format!("{}{QUESTION}", character.repeat(rest));
    json!({"workspace_id": DEMO, "question": question})
        .to_string()
        .into_bytes()
}

fn of_context(context: &str) -> Vec<u8> {
    body(&format!(r#", "context": {context}"#)).into_bytes()
}

/// Returns the bodies POSTed to intake.
fn intake_attempts() -> Vec<Attempt> {
    let list = |values: usize| format!(r#"{{"a": [{}]}}"#, vec!["0"; values].join(","));
    let text = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    let key = |length: usize| {
        body(&format!(r#", "idempotency_key": "{}""#, "k".repeat(length))).into_bytes()
    };
    vec![
        ("a body of the largest size", filled(1024 * 1024), 202, ""),
        (
            "one byte more",
            filled(1024 * 1024 + 1),
            413,
            "body_too_large",
        ),
        ("the longest question", question(16_000, "x"), 202, ""),
        (
            "one character more",
            question(16_001, "x"),
            413,
            "question_too_long",
        ),
        (
            "the longest question in the largest characters",
            question(16_000, "🙂"),
            202,
            "",
        ),
        ("the longest key", key(255), 202, ""),
        (
            "one character more",
            key(256),
            400,
            "idempotency_key_malformed",
        ),
        ("the deepest context", of_context(&nested(31)), 202, ""),
        (
            "one level more",
            of_context(&nested(32)),
            400,
            "json_too_deep",
        ),
        (
            "a hundred thousand levels",
            of_context(&"[".repeat(100_000)),
            400,
            "json_too_deep",
        ),
        ("a large context", of_context(&text(65_000)), 202, ""),
        (
            "one too large",
            of_context(&text(65_537)),
            413,
            "context_too_large",
        ),
        (
            "one that grows when it is stored",
            of_context(&list(9_000)),
            413,
            "payload_too_large",
        ),
        (
            "too many values",
            of_context(&list(10_000)),
            400,
            "json_too_many_values",
        ),
        ("the longest number", of_context(r#"{"a": 1e307}"#), 202, ""),
        (
            "one digit more",
            of_context(r#"{"a": 1e308}"#),
            400,
            "json_number_too_long",
        ),
        (
            "a number that Postgres cannot hold",
            of_context(r#"{"a": 1e200000}"#),
            400,
            "json_number_too_long",
        ),
        (
            "a key twice",
            body(&format!(r#", "question": "{QUESTION}""#)).into_bytes(),
            400,
            "json_duplicate_key",
        ),
        ("a NUL", of_context(r#"{"a": "\u0000"}"#), 400, "json_nul"),
        (
            "a raw NUL",
            body("").replace("What", "Wh\0at").into_bytes(),
            400,
            "invalid_json",
        ),
        (
            "half a character",
            [body("").as_bytes(), b"\xff"].concat(),
            400,
            "invalid_json",
        ),
        (
            "a lone surrogate",
            of_context(r#"{"a": "\ud800"}"#),
            400,
            "invalid_json",
        ),
        (
            "a body cut short",
            body("").as_bytes()[..40].to_vec(),
            400,
            "invalid_json",
        ),
        ("nothing", Vec::new(), 400, "invalid_json"),
    ]
}

/// Returns the bodies sent to the database's API: the same bounds, enforced by the database.
fn api_attempts() -> Vec<Attempt> {
    let call = |question: &str, more: &str| {
        format!(r#"{{"p_workspace_id": "{DEMO}", "p_question": "{question}"{more}}}"#).into_bytes()
    };
    let context = |context: &str| call(QUESTION, &format!(r#", "p_context": {context}"#));
    let long = |characters: usize| format!("{}{QUESTION}", "x".repeat(characters - QUESTION.len()));
    let text = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes));
    let mut whole = call(QUESTION, "");
    whole.resize(1_000_001, b' ');
    vec![
        ("the longest question", call(&long(16_000), ""), 200, ""),
        ("one character more", call(&long(16_001), ""), 400, "ZG003"),
        ("no question", call(" ", ""), 400, "ZG003"),
        (
            "the longest key",
            call(
                QUESTION,
                &format!(r#", "p_idempotency_key": "{}""#, "j".repeat(255)),
            ),
            200,
            "",
        ),
        (
            "one character more",
            call(
                QUESTION,
                &format!(r#", "p_idempotency_key": "{}""#, "j".repeat(256)),
            ),
            400,
            "ZG003",
        ),
        ("the deepest context", context(&nested(32)), 200, ""),
        ("one level more", context(&nested(33)), 400, "ZG003"),
        (
            "as deep as a reader reads",
            context(&nested(124)),
            400,
            "ZG003",
        ),
        ("a large context", context(&text(65_000)), 200, ""),
        ("one too large", context(&text(65_600)), 400, "ZG007"),
        ("a list in its place", context("[]"), 400, "ZG003"),
        ("the longest number", context(r#"{"a": 1e307}"#), 200, ""),
        ("one digit more", context(r#"{"a": 1e308}"#), 400, "ZG003"),
        (
            "a number that is short here and long there",
            context(r#"{"a": 0e-16000}"#),
            400,
            "ZG003",
        ),
        (
            "a number that Postgres cannot hold",
            context(r#"{"a": 1e200000}"#),
            400,
            "22003",
        ),
        ("a NUL in the question", call("a\\u0000b", ""), 400, ""),
        (
            "a NUL in the context",
            context(r#"{"a": "\u0000"}"#),
            400,
            "22P05",
        ),
        (
            "half a character",
            call("\u{0}", "")
                .into_iter()
                .map(|byte| if byte == 0 { 0xff } else { byte })
                .collect(),
            400,
            "",
        ),
        (
            "a body cut short",
            call(QUESTION, "")[..50].to_vec(),
            400,
            "",
        ),
        ("too large a body", whole, 413, ""),
    ]
}

async fn started() -> Stack {
    stacks::start_with(|options| StackOptions {
        pg_net: Switch::On,
        ..options
    })
    .await
    .unwrap()
}

/// Sends each body, compares the reply, and returns the number of accepted ones.
async fn attempt(owner: &Client, url: &str, attempts: Vec<Attempt>) -> usize {
    let mut taken = 0;
    for (what, body, status, code) in attempts {
        let answer = owner.post_bytes(url, body).await.unwrap();
        let returned = answer.body["code"].as_str().unwrap_or_default();
        assert_eq!(answer.status.as_u16(), status, "{what}: {answer:?}");
        assert!(code.is_empty() || returned == code, "{what}: {answer:?}");
        if !answer.status.is_success() {
            assert!(
                answer.body["message"]
                    .as_str()
                    .is_some_and(|message| message.len() > 10),
                "{what}: {answer:?}"
            );
        }
        taken += usize::from(answer.status.is_success());
    }
    taken
}

/// Waits until every request has ended; none is lost, and no step has a second attempt.
async fn until_all_ended(stack: &Stack, owner: &Client, taken: usize) {
    for request in owner.rows("requests", "select=id").await.unwrap() {
        owner
            .until_settled(request["id"].as_i64().unwrap())
            .await
            .unwrap();
    }
    let database = stack.admin_db().await.unwrap();
    let ended = "select count(*), count(*) filter (where state in ('answered', 'failed')) from goalpost.requests";
    let row = database.query_one(ended, &[]).await.unwrap();
    let taken = i64::try_from(taken).unwrap();
    assert_eq!(
        (row.get::<_, i64>(0), row.get::<_, i64>(1)),
        (taken, taken),
        "each that was taken has ended"
    );
    let again = "select count(*) from goalpost.step_attempts where attempt > 1 or outcome in ('lost', 'timed_out')";
    assert_eq!(
        database
            .query_one(again, &[])
            .await
            .unwrap()
            .get::<_, i64>(0),
        0,
        "none had to be tried again"
    );
    for stats in stack.host().stats() {
        assert_eq!(
            (stats.errors, stats.timeouts),
            (0, 0),
            "{} never failed",
            stats.name
        );
    }
}

#[tokio::test]
async fn intake_refuses_excess_by_code_and_completes_rest() {
    let stack = started().await;
    let owner = Client::of(&stack, Person::Owner);
    let taken = attempt(&owner, &stack.function_url("intake"), intake_attempts()).await;
    for (path, status) in [
        ("requests/9223372036854775808", 400),
        ("requests/-1", 404),
        ("requests/1%00", 400),
        ("requests/x", 400),
        ("nothing/here", 404),
    ] {
        let answer = owner
            .get(&format!("{}{path}", stack.function_url("intake")))
            .await
            .unwrap();
        assert_eq!(answer.status.as_u16(), status, "{path}: {answer:?}");
    }
    until_all_ended(&stack, &owner, taken).await;
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn api_refuses_excess_by_code_and_completes_rest() {
    let stack = started().await;
    let owner = Client::of(&stack, Person::Owner);
    let url = format!("{}/rest/v1/rpc/accept_request", stack.url());
    let mut taken = attempt(&owner, &url, api_attempts()).await;

    // The same bounds for rows.
    let rows = [
        (
            json!({"workspace_id": DEMO, "question": "x".repeat(16_001)}),
            400,
            "ZG003",
        ),
        (
            json!({"workspace_id": DEMO, "question": QUESTION, "context": {"a": "x".repeat(65_536)}}),
            400,
            "ZG007",
        ),
        (
            json!({"workspace_id": DEMO, "question": QUESTION, "context": serde_json::from_str::<Value>(&nested(33)).unwrap()}),
            400,
            "ZG003",
        ),
        (
            json!({"workspace_id": DEMO, "question": QUESTION, "context": serde_json::from_str::<Value>(&nested(32)).unwrap()}),
            201,
            "",
        ),
    ];
    for (row, status, code) in rows {
        let answer = owner.insert("requests", &row).await.unwrap();
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.body["code"].as_str().unwrap_or_default()
            ),
            (status, code),
            "{answer:?}"
        );
        taken += usize::from(answer.status.is_success());
    }
    let others = [
        (
            "create_workspace",
            json!({"p_name": "x".repeat(200)}),
            200,
            "",
        ),
        (
            "create_workspace",
            json!({"p_name": "x".repeat(201)}),
            400,
            "ZG003",
        ),
        (
            "decide_approval",
            json!({"p_approval_id": 1, "p_decision": "x".repeat(100_000)}),
            400,
            "ZG001",
        ),
        (
            "decide_approval",
            json!({"p_approval_id": 1e300, "p_decision": "approved"}),
            400,
            "",
        ),
        (
            "invite_member",
            json!({"p_workspace_id": DEMO, "p_person": DEMO, "p_role": "x".repeat(100_000)}),
            400,
            "ZG003",
        ),
        ("cancel_goal", json!({"p_goal_id": {"a": 1}}), 400, ""),
    ];
    for (function, arguments, status, code) in others {
        let answer = owner.rpc(function, &arguments).await.unwrap();
        let returned = answer.body["code"].as_str().unwrap_or_default();
        assert_eq!(answer.status.as_u16(), status, "{function}: {answer:?}");
        assert!(
            code.is_empty() || returned == code,
            "{function}: {answer:?}"
        );
    }
    until_all_ended(&stack, &owner, taken).await;
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn invalid_queue_messages_fail_individually() {
    let stack = stacks::start_with(|options| StackOptions {
        pg_net: Switch::Off,
        ..options
    })
    .await
    .unwrap();
    let wake = |id: i64| {
        json!({"type": "INSERT", "table": "wakes", "schema": "goalpost", "old_record": null,
                                "record": {"id": id, "function": "executor", "ready_count": 1}})
        .to_string()
    };
    let deep = |levels: usize| {
        format!(
            r#"{{"schema": "goalpost", "table": "wakes", "record": {}}}"#,
            nested(levels)
        )
    };
    let messages = [
        ("wake", wake(1)),
        ("nothing", String::new()),
        ("text", "hello".to_owned()),
        ("cut", wake(1)[..30].to_owned()),
        ("deep", deep(40)),
        ("deeper", deep(100_000)),
        ("large", format!("{}{}", wake(1), " ".repeat(1024 * 1024))),
        ("nul", wake(1).replace("executor", "\\u0000")),
        ("twice", wake(1).replace("\"id\":1", "\"id\":1,\"id\":2")),
        ("number", wake(1).replace("\"id\":1", "\"id\":1e400")),
        ("negative", wake(-1)),
        ("other", json!({"question": "?"}).to_string()),
        ("last", wake(2)),
    ];
    let records: Vec<Value> = messages
        .iter()
        .map(|(name, body)| json!({"messageId": name, "receiptHandle": name, "body": body, "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:local:000000000000:q", "awsRegion": "local"}))
        .collect();
    for function in [
        "intake",
        "planner",
        "executor",
        "aggregator",
        "analyzer",
        "notifier",
    ] {
        let answer = stack
            .invoke(function, &json!({"Records": records}))
            .await
            .unwrap();
        let mut failed: Vec<_> = answer["batchItemFailures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["itemIdentifier"].as_str().unwrap())
            .collect();
        let mut expected: Vec<_> = messages
            .iter()
            .map(|(name, _)| *name)
            // A wake that names another function is refused.
            .filter(|name| function != "executor" || !["wake", "last"].contains(name))
            .collect();
        failed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(failed, expected, "{function}");
    }
    for stats in stack.host().stats() {
        assert_eq!(stats.errors, 0, "{}", stats.name);
    }
    stack.stop().await.unwrap();
}
