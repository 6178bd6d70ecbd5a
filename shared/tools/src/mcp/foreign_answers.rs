//! Answers in the forms that other servers write, from a server that sends them byte for byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::test_server::TestDatabase;
use super::tests::{context, registry};
use super::*;
use crate::Registry;

/// A server's answer: the media type and the body.
type Sent = (&'static str, Vec<u8>);

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

pub(super) struct Spoken {
    database: TestDatabase,
    registry: Registry,
    /// The names that came with `tools/call`.
    called: Arc<Mutex<Vec<Value>>>,
}

impl Spoken {
    /// Starts a server with these tools, which answers a call with `sent`.
    async fn new(
        tools: Value,
        sent: impl Fn(&Value) -> Sent + Clone + Send + Sync + 'static,
    ) -> Self {
        let answer = move |question: &Value| {
            let result = match question["method"].as_str().unwrap() {
                "initialize" => json!({"protocolVersion": "2025-11-25"}),
                "tools/list" => json!({"tools": tools}),
                _ => return sent(question),
            };
            result_of(question, &result)
        };
        Self::answering(answer).await
    }

    async fn answering(answer: impl Fn(&Value) -> Sent + Clone + Send + Sync + 'static) -> Self {
        let called: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = called.clone();
        let handler = move |body: Bytes| {
            let (answer, kept) = (answer.clone(), kept.clone());
            async move {
                let question: Value = serde_json::from_slice(&body).unwrap();
                if question["method"] == "tools/call" {
                    kept.lock()
                        .unwrap()
                        .push(question["params"]["name"].clone());
                }
                if question.get("id").is_none() {
                    return StatusCode::ACCEPTED.into_response();
                }
                let (kind, body) = answer(&question);
                let sent: Response = ([(header::CONTENT_TYPE, kind)], body).into_response();
                sent
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let router = axum::Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            database: TestDatabase {
                url: format!("http://{host}/mcp"),
                ..TestDatabase::of(&super::test_server::Server::default())
            },
            registry: registry(&[host]),
            called,
        }
    }

    async fn list(&self) -> Result<Value, ToolError> {
        let arguments = json!({"server": "docs"});
        let context = context(&self.database);
        self.registry.call("mcp_list", &arguments, &context).await
    }

    /// Lists and approves the tools, and calls one.
    async fn call(&self, tool: &str, arguments: Value) -> Result<Value, ToolError> {
        self.list().await?;
        self.database.approve();
        let name = format!("mcp.docs.{tool}");
        self.registry
            .call(&name, &arguments, &context(&self.database))
            .await
    }
}

fn result_of(question: &Value, result: &Value) -> Sent {
    let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": result});
    (JSON, answer.to_string().into_bytes())
}

fn echo() -> Value {
    json!([{"name": "echo", "inputSchema": {"type": "object"}}])
}

#[tokio::test]
async fn failed_call_gives_its_reason() {
    let reason = "no such page";
    for result in [
        json!({"isError": true, "content": [], "structuredContent": {"reason": reason}}),
        json!({"isError": true, "structuredContent": {"error": {"inner": [{"message": reason}]}}}),
        json!({"isError": true, "content": [{"type": "text", "text": " "}], "structuredContent": reason}),
        json!({"isError": true, "content": [{"type": "resource_link", "uri": reason}]}),
        json!({"isError": true, "content": [{"type": "resource", "resource": {"text": reason}}]}),
        json!({"isError": true, "content": [{"type": "json", "json": {"error": reason}}]}),
        json!({"isError": true, "content": {"type": "text", "text": reason}}),
        json!({"isError": true, "content": reason}),
        json!({"isError": "true", "error": {"message": reason}}),
        json!({"isError": true, "content": [reason]}),
    ] {
        let shown = result.to_string();
        let server = Spoken::new(echo(), move |question| result_of(question, &result)).await;
        let error = server.call("echo", json!({})).await.unwrap_err();
        assert_eq!(error.code, "mcp_tool_failed", "{shown}");
        assert!(error.message.contains(reason), "{shown}: {}", error.message);
    }
}

#[tokio::test]
async fn refusal_of_any_shape_gives_its_reason() {
    let reason = "no such page";
    for error in [
        json!({"code": 1, "message": reason}),
        json!({"code": 1, "message": "", "data": {"detail": reason}}),
        json!({"code": 1, "message": "Invalid params", "data": [{"message": reason}]}),
        json!({"error": {"message": reason}}),
        json!(reason),
        json!([{"msg": reason}]),
    ] {
        for result in [None, Some(Value::Null), Some(json!({}))] {
            let sent = error.clone();
            let server = Spoken::new(echo(), move |question| {
                let mut answer = json!({"id": question["id"], "error": sent});
                if let Some(result) = &result {
                    answer["result"] = result.clone();
                }
                (JSON, answer.to_string().into_bytes())
            })
            .await;
            let refused = server.call("echo", json!({})).await.unwrap_err();
            assert_eq!(refused.code, "mcp_rejected", "{error}");
            assert!(
                refused.message.contains(reason),
                "{error}: {}",
                refused.message
            );
        }
    }
}

#[tokio::test]
async fn answer_of_any_form_is_read() {
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let answer =
        r#"{"jsonrpc":"2.0","id":100,"result":{"content":[{"type":"text","text":"a\ud83d"}]}}"#;
    let as_event = format!("data: {answer}");
    let sent: Vec<Sent> = vec![
        (JSON, answer.into()),
        (JSON, answer.replace("100", "\"100\"").into()),
        (JSON, answer.replace("100", "100.0").into()),
        (JSON, format!("\u{feff}{answer}").into()),
        (JSON, format!("[{answer}]").into()),
        (JSON, utf16(&format!("\u{feff}{answer}"))),
        ("text/plain", answer.into()),
        ("application/problem+json; charset=utf-8", answer.into()),
        ("", answer.into()),
        ("text/plain", as_event.clone().into()),
        (EVENTS, format!("\u{feff}{as_event}\n\n").into()),
        (EVENTS, format!("{as_event}\r\r").into()),
        (EVENTS, as_event.into()),
    ];
    for (kind, body) in sent {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let server = Spoken::new(echo(), move |_| (kind, body.clone())).await;
        let result = server.call("echo", json!({})).await;
        assert_eq!(result.unwrap()["text"], "a\u{fffd}", "{kind}: {shown}");
    }
}

#[tokio::test]
async fn answer_to_another_request_leaves_outcome_unknown() {
    for body in [
        r#"{"id":99,"result":{}}"#,
        r#"{"id":"1000","result":{}}"#,
        r#"{"result":{}}"#,
        r#"{"id":100}"#,
        r#"{"id":100,"result":"done"}"#,
        r#"{"id":100,"result":null}"#,
        "[]",
        "{",
        "",
    ] {
        let server = Spoken::new(echo(), move |_| (JSON, body.into())).await;
        let error = server.call("echo", json!({})).await.unwrap_err();
        assert_eq!(
            error.code,
            crate::OUTCOME_UNKNOWN,
            "{body}: {}",
            error.message
        );
    }
}

#[tokio::test]
async fn result_without_content_keeps_other_fields() {
    for (result, text, structured) in [
        (json!({"content": "plain"}), "plain", Value::Null),
        (
            json!({"content": [{"text": "plain"}]}),
            "plain",
            Value::Null,
        ),
        (
            json!({"content": [{"type": "text", "text": 5}]}),
            "5",
            Value::Null,
        ),
        (
            json!({"toolResult": {"n": 1}}),
            "",
            json!({"toolResult": {"n": 1}}),
        ),
        (json!({"structuredContent": [1]}), "", json!([1])),
        (json!({"_meta": {}}), "", Value::Null),
    ] {
        let server = Spoken::new(echo(), move |question| result_of(question, &result)).await;
        let got = server.call("echo", json!({})).await.unwrap();
        assert_eq!(
            (&got["text"], &got["structured"]),
            (&json!(text), &structured)
        );
    }
}

#[tokio::test]
async fn list_ends_at_empty_or_repeated_cursor() {
    for next in [json!(""), json!(null), json!("same"), json!(7)] {
        let shown = next.to_string();
        let server =
            Spoken::answering(move |question| match question["method"].as_str().unwrap() {
                "initialize" => result_of(question, &json!({"protocolVersion": "2025-11-25"})),
                _ => result_of(question, &json!({"tools": echo(), "nextCursor": next})),
            })
            .await;
        let listed = server.list().await.unwrap();
        assert_eq!(listed["tools"], json!({"echo": "pending"}), "{shown}");
    }
}

#[tokio::test]
async fn server_of_older_known_version_is_called() {
    for version in ["2024-10-07", "2024-11-05", "2025-03-26", "2025-06-18"] {
        let server =
            Spoken::answering(move |question| match question["method"].as_str().unwrap() {
                "initialize" => result_of(question, &json!({"protocolVersion": version})),
                "tools/list" => result_of(question, &json!({"tools": echo()})),
                _ => result_of(
                    question,
                    &json!({"content": [{"type": "text", "text": "a"}]}),
                ),
            })
            .await;
        assert_eq!(
            server.call("echo", json!({})).await.unwrap()["text"],
            "a",
            "{version}"
        );
    }
    for version in [json!("1999-01-01"), json!(null), json!(20_241_105)] {
        let server = Spoken::answering(move |question| {
            result_of(question, &json!({"protocolVersion": version}))
        })
        .await;
        assert_eq!(server.list().await.unwrap_err().code, "mcp_malformed");
    }
}

#[tokio::test]
async fn tool_is_called_by_its_own_name() {
    let long = "x".repeat(100);
    for name in ["repo/search", "a:b", "with space", &long, "größe"] {
        let tools = json!([{"name": name}, {"name": ""}]);
        let server = Spoken::new(tools, |question| {
            result_of(question, &json!({"content": []}))
        })
        .await;
        let listed = server.list().await.unwrap();
        let notes = listed["notes"].to_string();
        assert!(
            notes.contains(&format!("the server calls it {name}")),
            "{notes}"
        );
        assert!(notes.contains("its name is empty"), "{notes}");
        let recorded = server.database.recorded.lock().unwrap().clone();
        assert_eq!(recorded.as_array().unwrap().len(), 2, "{recorded}");
        let alias = recorded
            .as_array()
            .unwrap()
            .iter()
            .find(|tool| tool["original_name"] == name);
        let alias = alias.unwrap()["name"].as_str().unwrap();
        server.call(alias, json!({})).await.unwrap();
        assert_eq!(*server.called.lock().unwrap(), [json!(name)]);
    }
}

#[tokio::test]
async fn unreadable_schema_part_is_left_to_server() {
    let tools = json!([{"name": "send", "inputSchema": {
        "type": "object", "required": ["to", "n"], "unevaluatedProperties": false,
        "properties": {"n": {"type": "integer"}, "to": {"type": "string", "pattern": "^(?!\\.)(?!.*\\.\\.)[^@]+@[^@]+$"}},
    }}]);
    let server = Spoken::new(tools, |question| {
        result_of(question, &json!({"content": []}))
    })
    .await;
    server
        .call("send", json!({"to": "a@b", "n": 1}))
        .await
        .unwrap();
    let error = server
        .call("send", json!({"to": 5, "n": 1}))
        .await
        .unwrap_err();
    assert_eq!(error.code, "invalid_arguments");
    assert_eq!(server.called.lock().unwrap().len(), 1);
}
