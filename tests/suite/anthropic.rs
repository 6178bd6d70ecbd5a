//! The real functions with Anthropic's key: a goal from the question to its verdict, against a server with the real
//! wire format and scripted answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use local_stack::stack::{Person, StackOptions};
use serde_json::{Value, json};
use system_tests::people::Client;
use system_tests::stacks;

const KEY: &str = "sk-ant-test-key";

/// Contents of answers, in the order of the requests.
#[derive(Clone)]
struct Script {
    contents: Arc<Mutex<VecDeque<Value>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Script {
    async fn serve(&self) -> String {
        let router = Router::new()
            .route("/v1/messages", post(answer))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn answer(
    State(script): State<Script>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    if headers.get("x-api-key").is_none_or(|key| key != KEY) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    script.asked.lock().unwrap().push(body);
    let content = script.contents.lock().unwrap().pop_front();
    let content = content.ok_or(StatusCode::NOT_FOUND)?;
    let calls = content
        .as_array()
        .unwrap()
        .iter()
        .any(|block| block["type"] == "tool_use");
    Ok(Json(json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-scripted-1", "content": content,
        "stop_reason": if calls { "tool_use" } else { "end_turn" }, "stop_sequence": null,
        "usage": {"input_tokens": 30, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 10, "output_tokens": 10},
    })))
}

#[tokio::test]
async fn goal_completes_with_anthropic_key() {
    let thought = json!({"type": "thinking", "thinking": "Six times seven.", "signature": "sig=="});
    let called = json!({"type": "tool_use", "id": "toolu_1", "name": "calculate", "input": {"expression": "6 * 7"}});
    let plan = json!({
        "summary": "Think", "criteria": [{"description": "The number is named"}],
        "steps": [{"key": "think", "kind": "agent", "agent": "analyst", "title": "Think", "depends_on": [], "input": {"instructions": "Name the number."}}],
    });
    let text = |text: String| json!([{"type": "text", "text": text}]);
    let verdicts = json!({"verdicts": [{"number": 1, "verdict": "met", "step": "think", "evidence": "it says 42"}]});
    let script = Script {
        contents: Arc::new(Mutex::new(VecDeque::from([
            json!([{"type": "tool_use", "id": "toolu_a", "name": "assessment", "input": {
                "decision": "goal", "goal": {"title": "Find it", "description": "Find the number"}, "score": 0.5, "reasons": []}}]),
            text(plan.to_string()),
            json!([thought, called]),
            text("It is 42.".to_owned()),
            text(verdicts.to_string()),
        ]))),
        asked: Arc::default(),
    };
    let base_url = script.serve().await;
    let with_model = move |mut options: StackOptions| {
        options
            .environment
            .insert("ANTHROPIC_BASE_URL".to_owned(), base_url);
        options
            .environment
            .insert("GOALPOST_MODEL".to_owned(), "claude-scripted".to_owned());
        options.anthropic_api_key = Some(KEY.to_owned().into());
        options
    };
    let stack = stacks::start_with(with_model).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner
        .begin("Explain which number our shoppers think of")
        .await
        .unwrap();
    let done = owner
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(
        done["state"],
        "answered",
        "{done}\n{:?}",
        owner.rows("steps", "").await.unwrap()
    );

    let asked = script.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 5);
    assert!(asked.iter().all(|body| body["model"] == "claude-scripted"
        && body["max_tokens"].is_number()
        && body["system"][0]["cache_control"]["type"] == "ephemeral"));
    let second_turn = asked[3]["messages"].as_array().unwrap();
    assert_eq!(
        second_turn[1]["content"],
        json!([thought, called]),
        "thinking goes back unchanged"
    );
    assert_eq!(second_turn[2]["content"][0]["tool_use_id"], "toolu_1");
    let result = second_turn[2]["content"][0]["content"].to_string();
    assert!(result.contains("42"), "{result}");

    let usage = owner
        .rows(
            "usage_events",
            "select=provider,input_tokens,cached_tokens&provider=eq.anthropic",
        )
        .await
        .unwrap();
    assert_eq!(
        usage,
        vec![json!({"provider": "anthropic", "input_tokens": 100, "cached_tokens": 60}); 5]
    );
    for entry in std::fs::read_dir(stack.log_folder()).unwrap() {
        let log = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!log.contains(KEY), "the model's key is in a log");
    }
    stack.stop().await.unwrap();
}
