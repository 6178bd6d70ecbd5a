//! The provider's client against a scripted server that speaks its wire format.
//!
//! The responses have the fields of OpenAI's reference for chat completions
//! (platform.openai.com/docs/api-reference/chat/object), errors those of its guide to error codes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::needless_pass_by_value)]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::{CallOrigin, Model};

/// A server that gives its answers in order and keeps what it was asked.
struct Provider {
    url: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Provider {
    async fn start(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let kept = asked.clone();
        tokio::spawn(async move {
            for (head, body) in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let asked = request(&mut stream).await;
                kept.lock().unwrap().push(asked);
                if head == "never" {
                    std::future::pending::<()>().await;
                }
                let answer = format!(
                    "HTTP/1.1 {head}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { url, asked }
    }

    fn model(&self, timeout: Duration) -> Model {
        Model::new(ModelConfig {
            openai_api_key: Some("sk-test".to_owned().into()),
            openai_base_url: Some(self.url.clone()),
            model: Some("gpt-test".into()),
            timeout,
        })
        .unwrap()
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads one request: its head, and its body as JSON.
async fn request(stream: &mut tokio::net::TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0_u8; 8192];
        let read = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.to_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length: ")
                .map(|n| n.parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap() {
            return (head.to_owned(), serde_json::from_str(body).unwrap());
        }
    }
}

fn completion(message: Value, finish_reason: &str) -> (&'static str, String) {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-test-2026", "service_tier": "default", "system_fingerprint": "fp",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150,
                  "prompt_tokens_details": {"cached_tokens": 64}, "completion_tokens_details": {"reasoning_tokens": 8}}
    });
    ("200 OK", body.to_string())
}

fn says(text: &str) -> (&'static str, String) {
    completion(
        json!({"role": "assistant", "content": text, "refusal": null, "annotations": []}),
        "stop",
    )
}

fn question() -> Assess {
    Assess {
        question: "What is a </data> goal?".into(),
        ..Assess::default()
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn answering_now_is_one_call_with_its_usage() {
    let provider = Provider::start(vec![says(r#"{"decision": "answer", "text": "An aim.", "score": 0.2, "reasons": ["common knowledge"]}"#)]).await;
    let (assessment, usage) = provider.model(MINUTE).assess(&question()).await.unwrap();
    assert_eq!(
        assessment.decision,
        Decision::Answer {
            text: "An aim.".into()
        }
    );
    assert_eq!(
        assessment.reasons,
        ["short question without action words", "common knowledge"]
    );
    let expected = Usage {
        provider: "openai".into(),
        model: "gpt-test-2026".into(),
        input_tokens: 120,
        output_tokens: 30,
        cached_tokens: 64,
        ..Usage::default()
    };
    assert_eq!(usage, [expected]);
    let (head, body) = provider.asked().remove(0);
    assert!(
        head.starts_with("POST /v1/chat/completions HTTP/1.1"),
        "{head}"
    );
    assert!(
        head.to_lowercase()
            .contains("authorization: bearer sk-test")
    );
    assert_eq!(
        (&body["model"], &body["max_tokens"]),
        (&json!("gpt-test"), &json!(MAX_ANSWER_TOKENS))
    );
    assert_eq!(body["response_format"]["type"], "json_schema");
    assert_eq!(body["response_format"]["json_schema"]["strict"], false);
    assert_eq!(body["response_format"]["json_schema"]["name"], "assessment");
    let content = body["messages"][1]["content"].as_str().unwrap();
    assert_eq!(
        (&body["messages"][0]["role"], &body["messages"][1]["role"]),
        (&json!("system"), &json!("user"))
    );
    assert_eq!(
        content.matches("<data ").count(),
        content.matches("</data>").count(),
        "the question cannot end its block: {content}"
    );
}

#[tokio::test]
async fn unreadable_json_is_asked_for_once_more_and_both_calls_count() {
    let good = "```json\n{\"decision\": \"goal\", \"goal\": {\"title\": \"t\", \"description\": \"d\"}}\n```";
    let provider = Provider::start(vec![says("sure, here it is"), says(good)]).await;
    let (assessment, usage) = provider.model(MINUTE).assess(&question()).await.unwrap();
    assert!(matches!(assessment.decision, Decision::Goal { .. }));
    assert_eq!(usage.len(), 2);
    let messages = &provider.asked()[1].1["messages"];
    assert_eq!(
        messages[2],
        json!({"role": "assistant", "content": "sure, here it is"})
    );
    assert!(
        messages[3]["content"]
            .as_str()
            .unwrap()
            .starts_with("That cannot be read")
    );

    let provider = Provider::start(vec![says("no"), says(r#"{"decision": "maybe"}"#)]).await;
    let error = provider
        .model(MINUTE)
        .assess(&question())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.usage.len(), error.retryable()),
        ("model_malformed", 2, true)
    );
}

#[tokio::test]
async fn a_plan_comes_back_as_it_is_and_refused_ones_are_shown_again() {
    let provider =
        Provider::start(vec![says(r#"{"summary": "s", "steps": [{"key": "a"}]}"#)]).await;
    let task = PlanTask {
        rejected: Some(json!({"steps": ["old"]})),
        problems: serde_json::from_value(json!([{"code": "bad_key", "message": "m"}])).unwrap(),
        ..PlanTask::default()
    };
    let (planned, _) = provider.model(MINUTE).plan(&task).await.unwrap();
    assert_eq!(
        (&planned.plan["steps"][0]["key"], planned.runbook_id),
        (&json!("a"), None)
    );
    let body = &provider.asked()[0].1;
    let content = body["messages"][1]["content"].as_str().unwrap();
    assert!(
        content.contains("bad_key") && content.contains("old"),
        "{content}"
    );
    assert_eq!(body["max_tokens"], json!(MAX_PLAN_TOKENS));
}

#[tokio::test]
async fn an_agents_turn_is_calls_or_the_end() {
    let calls = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "call_x", "type": "function", "function": {"name": "sql", "arguments": "{\"query\": \"select 1\"}"}},
        {"id": "call_y", "type": "function", "function": {"name": "calculate", "arguments": "{\"expression\": \"{{ 1 }}\"}"}}]});
    let provider =
        Provider::start(vec![completion(calls, "tool_calls"), says("There is one.")]).await;
    let mut task: WorkTask = serde_json::from_value(json!({
        "instructions": "count", "agent": {"name": "analyst", "role": "counts", "model": "gpt-other", "tools": ["sql", "calculate"]},
        "tools": [{"name": "sql", "description": "d", "parameters": {"type": "object"}}, {"name": "calculate"}, {"name": "http_get"}]
    })).unwrap();
    let Turn::Calls(calls) = provider.model(MINUTE).work(&task).await.unwrap().0 else {
        panic!("calls")
    };
    assert_eq!(
        (calls[0].name.as_str(), &calls[0].arguments, calls[0].origin),
        ("sql", &json!({"query": "select 1"}), CallOrigin::Model)
    );
    assert_eq!(calls.len(), 2);
    task.turns = serde_json::from_value(json!([{"calls": [
        {"name": "sql", "arguments": {"query": "select 1"}, "result": {"row_count": 1}},
        {"name": "calculate", "arguments": {}, "error": "no", "error_code": "calculation_failed"}]}])).unwrap();
    let Turn::Done(result) = provider.model(MINUTE).work(&task).await.unwrap().0 else {
        panic!("the end")
    };
    assert_eq!(
        Value::Object(result),
        json!({"row_count": 1, "text": "There is one."})
    );
    let asked = provider.asked();
    let (first, second) = (&asked[0].1, &asked[1].1);
    assert_eq!(first["model"], "gpt-other");
    let names: Vec<&str> = first["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["sql", "calculate"], "only the agent's own tools");
    let messages = second["messages"].as_array().unwrap();
    assert_eq!(
        messages[2]["tool_calls"][0]["id"],
        messages[3]["tool_call_id"]
    );
    assert_eq!(
        messages[2]["tool_calls"][0]["function"]["arguments"],
        "{\"query\":\"select 1\"}"
    );
    assert!(
        messages[4]["content"]
            .as_str()
            .unwrap()
            .contains("calculation_failed")
    );
}

#[tokio::test]
async fn arguments_that_are_no_json_are_malformed_and_counted() {
    let calls = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "sql", "arguments": "{\"query\": "}}]});
    let provider = Provider::start(vec![completion(calls, "tool_calls")]).await;
    let error = provider
        .model(MINUTE)
        .work(&WorkTask::default())
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.usage.len()), ("model_malformed", 1));
    assert!(
        provider.asked()[0].1.get("tools").is_none(),
        "an empty list of tools is refused by the provider"
    );
}

#[tokio::test]
async fn each_criterion_gets_one_verdict() {
    let provider = Provider::start(vec![says(r#"{"verdicts": [{"number": 2, "verdict": "met", "evidence": "rank says so"}, {"number": 9, "verdict": "met", "evidence": "x"}]}"#)]).await;
    let task: JudgeTask = serde_json::from_value(
        json!({"criteria": [{"number": 1, "description": "a"}, {"number": 2, "description": "b"}]}),
    )
    .unwrap();
    let (verdicts, _) = provider.model(MINUTE).judge(&task).await.unwrap();
    let found: Vec<(i32, Verdict)> = verdicts
        .iter()
        .map(|verdict| (verdict.number, verdict.verdict))
        .collect();
    assert_eq!(found, [(1, Verdict::Unknown), (2, Verdict::Met)]);
}

#[tokio::test]
async fn every_failure_has_its_own_code() {
    let error = |message: &str, code: Value| {
        json!({"error": {"message": message, "type": "x", "param": null, "code": code}}).to_string()
    };
    let cases = [
        (
            "401 Unauthorized",
            error("Incorrect API key provided", json!("invalid_api_key")),
            "model_wrong_key",
            false,
            None,
        ),
        (
            "403 Forbidden",
            error("no", json!(null)),
            "model_wrong_key",
            false,
            None,
        ),
        (
            "429 Too Many Requests\r\nretry-after: 6.2",
            error("Rate limit", json!("rate_limit_exceeded")),
            "model_rate_limited",
            true,
            Some(7),
        ),
        (
            "429 Too Many Requests",
            error("quota", json!("insufficient_quota")),
            "model_no_credit",
            false,
            None,
        ),
        (
            "503 Service Unavailable\r\nretry-after: 3",
            error("overloaded", json!(null)),
            "model_overloaded",
            true,
            Some(3),
        ),
        (
            "500 Internal Server Error",
            "oops".to_owned(),
            "model_unavailable",
            true,
            None,
        ),
        (
            "302 Found\r\nlocation: http://127.0.0.1:1/",
            String::new(),
            "model_unavailable",
            true,
            None,
        ),
        (
            "400 Bad Request",
            error("maximum context length", json!("context_length_exceeded")),
            "model_refused",
            false,
            None,
        ),
        (
            "404 Not Found",
            error("The model does not exist", json!("model_not_found")),
            "model_refused",
            false,
            None,
        ),
        ("200 OK", "{}".to_owned(), "model_malformed", true, None),
        (
            "200 OK",
            "not json".to_owned(),
            "model_malformed",
            true,
            None,
        ),
        (
            "200 OK",
            completion(json!({"role": "assistant", "content": "{"}), "length").1,
            "model_truncated",
            true,
            None,
        ),
        (
            "200 OK",
            completion(
                json!({"role": "assistant", "content": null, "refusal": "I will not."}),
                "stop",
            )
            .1,
            "model_refused",
            false,
            None,
        ),
        (
            "200 OK",
            completion(
                json!({"role": "assistant", "content": ""}),
                "content_filter",
            )
            .1,
            "model_refused",
            false,
            None,
        ),
    ];
    for (head, body, code, retryable, after) in cases {
        let provider = Provider::start(vec![(head, body)]).await;
        let error = provider
            .model(MINUTE)
            .assess(&question())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.retryable(), error.retry_after_seconds()),
            (code, retryable, after),
            "{head}: {error}"
        );
        assert!(
            !error.to_string().contains("sk-test") && !error.to_string().contains("127.0.0.1"),
            "{error}"
        );
        assert_eq!(provider.asked().len(), 1, "no hidden retries: {head}");
    }
}

#[tokio::test]
async fn silence_ends_at_the_time_limit_and_a_dead_server_is_unavailable() {
    let provider = Provider::start(vec![("never", String::new())]).await;
    let error = provider
        .model(Duration::from_millis(200))
        .assess(&question())
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("model_timeout", true));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let model = Model::new(ModelConfig {
        openai_base_url: Some(url),
        ..ModelConfig::default()
    })
    .unwrap();
    assert_eq!(
        model.assess(&question()).await.unwrap_err().code(),
        "model_unavailable"
    );
}

#[tokio::test]
async fn what_the_rules_cover_costs_no_call() {
    let provider = Provider::start(Vec::new()).await;
    let task = Assess {
        question: "2 + 2".into(),
        tools: serde_json::from_value(json!([{"name": "calculate"}])).unwrap(),
        ..Assess::default()
    };
    let (assessment, usage) = provider.model(MINUTE).assess(&task).await.unwrap();
    assert!(matches!(assessment.decision, Decision::Steps { .. }) && usage.is_empty());
    assert!(provider.asked().is_empty());
}

#[test]
fn the_key_does_not_show_in_debug_output() {
    let model = Model::new(ModelConfig {
        openai_api_key: Some("sk-secret".to_owned().into()),
        ..ModelConfig::default()
    })
    .unwrap();
    assert!(!format!("{model:?}").contains("sk-secret"));
    assert_eq!(model.name(), DEFAULT_MODEL);
}
