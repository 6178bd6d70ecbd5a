//! Anthropic's Messages: what is sent and what is read.

use domain::{ToolCallRequest, Usage};
use llm::{Answer, Message, OutputSchema, Stop, ToolResult};
use serde_json::{Value, json};

use crate::server::{KEY, Reply, Server, ask, model, question};

/// A response with all fields that the reference has.
pub fn message(content: Value, stop_reason: &str) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test-2026", "container": null,
        "content": content, "stop_reason": stop_reason, "stop_sequence": null, "stop_details": null,
        "usage": {"input_tokens": 20, "output_tokens": 30, "cache_creation_input_tokens": 40, "cache_read_input_tokens": 60,
                  "cache_creation": {"ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 0},
                  "output_tokens_details": {"thinking_tokens": 8}, "server_tool_use": null, "service_tier": "standard", "inference_geo": null}
    })
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text, "citations": null})
}

pub fn text_answer(words: &str) -> Reply {
    Reply::json(message(json!([text(words)]), "end_turn"))
}

fn used(id: &str, name: &str, input: Value) -> Value {
    json!({"type": "tool_use", "id": id, "name": name, "input": input})
}

fn result(id: &str, content: &str, is_error: bool) -> ToolResult {
    ToolResult {
        call_id: id.into(),
        name: "sql".into(),
        content: content.into(),
        is_error,
    }
}

fn marked() -> Value {
    json!({"type": "ephemeral"})
}

#[tokio::test]
async fn a_question_has_a_limit_a_marked_system_and_messages_and_nothing_else() {
    let server = Server::start([text_answer("Hello.")]).await;
    let answer = ask(&model(server.anthropic()), question("Hi"))
        .await
        .unwrap();
    assert_eq!(
        answer,
        Answer {
            provider: "anthropic".into(),
            model: "claude-test-2026".into(),
            text: "Hello.".into(),
            calls: Vec::new(),
            stop: Stop::End,
            native: None,
            usage: Usage {
                provider: "anthropic".into(),
                model: "claude-test-2026".into(),
                input_tokens: 120,
                output_tokens: 30,
                cached_tokens: 60,
                cache_write_tokens: 40,
                reasoning_tokens: 8,
                is_estimate: false,
            },
        }
    );
    let asked = server.asked().remove(0);
    assert!(
        asked.head.starts_with("POST /v1/messages HTTP/1.1"),
        "{}",
        asked.head
    );
    for header in [
        &format!("x-api-key: {KEY}\r\n"),
        "anthropic-version: 2023-06-01\r\n",
        "content-type: application/json\r\n",
    ] {
        assert!(asked.head.contains(header), "{header}: {}", asked.head);
    }
    assert!(!asked.head.contains("authorization"), "{}", asked.head);
    assert_eq!(
        asked.body,
        json!({"model": "claude-test", "max_tokens": 77, "stream": false,
            "system": [{"type": "text", "text": "Be short.", "cache_control": marked()}],
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]})
    );
}

#[tokio::test]
async fn parallel_calls_come_back_as_calls_and_go_back_with_their_results() {
    let content = json!([
        text("Two looks."),
        used("toolu_a", "sql", json!({"query": "select 1"})),
        used("toolu_b", "crm_find", json!({}))
    ]);
    let server = Server::start([
        Reply::json(message(content, "tool_use")),
        text_answer("Done."),
    ])
    .await;
    let model = model(server.anthropic());
    let mut request = question("Look");
    request.tools = serde_json::from_value(json!([
        {"name": "sql", "description": "d", "parameters": {"type": "object", "properties": {"query": {"type": "string"}}}},
        {"name": "crm.find", "description": "f"},
    ]))
    .unwrap();
    let answer = ask(&model, request.clone()).await.unwrap();
    assert_eq!(
        (answer.stop, answer.text.as_str(), answer.is_whole()),
        (Stop::Calls, "Two looks.", true)
    );
    let call = |id: &str, name: &str, arguments| ToolCallRequest {
        call_id: id.into(),
        tool: name.into(),
        arguments,
    };
    assert_eq!(
        answer.calls,
        [
            call("toolu_a", "sql", json!({"query": "select 1"})),
            call("toolu_b", "crm.find", json!({}))
        ]
    );
    assert_eq!(answer.native, None, "text and calls are all there is");
    request.messages.push(Message::Assistant(answer));
    request.messages.push(Message::ToolResults {
        results: vec![
            result("toolu_a", "one", false),
            result("toolu_b", "broken", true),
        ],
    });
    request.messages.push(Message::User {
        content: "A note.".into(),
    });
    assert_eq!(ask(&model, request).await.unwrap().text, "Done.");
    let bodies = server.bodies();
    assert_eq!(
        bodies[0]["tools"],
        json!([
            {"name": "sql", "description": "d", "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}}},
            {"name": "crm_find", "description": "f", "input_schema": {"type": "object", "properties": {}}},
        ])
    );
    assert!(
        bodies[0].get("tool_choice").is_none(),
        "the model decides, and may call several at once"
    );
    assert_eq!(
        bodies[0]["messages"][0]["content"][0]["cache_control"],
        marked(),
        "a conversation with tools grows, and is read from the cache"
    );
    assert_eq!(
        bodies[1]["messages"].as_array().unwrap()[1..],
        [
            json!({"role": "assistant", "content": [{"type": "text", "text": "Two looks."},
                used("toolu_a", "sql", json!({"query": "select 1"})), used("toolu_b", "crm_find", json!({}))]}),
            json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_a", "content": "one", "is_error": false},
                {"type": "tool_result", "tool_use_id": "toolu_b", "content": "broken", "is_error": true},
                {"type": "text", "text": "A note.", "cache_control": marked()}]}),
        ]
    );
    let marks = bodies[1].to_string().matches("cache_control").count();
    assert_eq!(marks, 2, "four are allowed");
}

#[tokio::test]
async fn thinking_goes_back_unchanged_and_in_its_order() {
    let content = json!([
        {"type": "thinking", "thinking": "hm", "signature": "sig=="},
        {"type": "redacted_thinking", "data": "opaque"},
        text("Let me look."),
        used("toolu_a", "sql", json!({"query": "select 1"})),
    ]);
    let server = Server::start([
        Reply::json(message(content.clone(), "tool_use")),
        text_answer("ok"),
    ])
    .await;
    let model = model(server.anthropic());
    let mut request = question("Look");
    let answer = ask(&model, request.clone()).await.unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.calls.len()),
        ("Let me look.", 1)
    );
    let kept: Answer = serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
    request.messages.push(Message::Assistant(kept));
    request.messages.push(Message::ToolResults {
        results: vec![result("toolu_a", "one", false)],
    });
    ask(&model, request).await.unwrap();
    let back = server.bodies()[1]["messages"].clone();
    assert_eq!(back[1]["content"], content);
    assert_eq!(back[2]["content"][0]["tool_use_id"], "toolu_a");
}

#[tokio::test]
async fn every_stop_reason_is_a_stop() {
    let cases = [
        ("end_turn", Stop::End),
        ("stop_sequence", Stop::End),
        ("max_tokens", Stop::Length),
        ("model_context_window_exceeded", Stop::Length),
        ("pause_turn", Stop::Paused),
    ];
    for (reason, stop) in cases {
        let server = Server::start([Reply::json(message(json!([text("x")]), reason))]).await;
        let answer = ask(&model(server.anthropic()), question("Hi"))
            .await
            .unwrap();
        assert_eq!((answer.stop, answer.text.as_str()), (stop, "x"), "{reason}");
        assert_eq!(answer.usage.output_tokens, 30, "{reason}: it was paid for");
    }
    let mut refused = message(json!([text("Well, ")]), "refusal");
    refused["stop_details"] =
        json!({"type": "refusal", "category": "bio", "explanation": "Not this."});
    let server = Server::start([
        Reply::json(refused),
        Reply::json(message(json!([]), "refusal")),
    ])
    .await;
    let model = model(server.anthropic());
    for words in ["Not this.", ""] {
        let answer = ask(&model, question("Hi")).await.unwrap();
        assert_eq!((answer.stop, answer.text.as_str()), (Stop::Refusal, words));
    }
}

#[tokio::test]
async fn a_closed_schema_is_an_output_format() {
    let server = Server::start([text_answer("{\"n\": 1}")]).await;
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": false});
    let mut request = question("Count");
    request.output = Some(OutputSchema {
        name: "count".into(),
        schema: schema.clone(),
    });
    let answer = ask(&model(server.anthropic()), request).await.unwrap();
    assert_eq!(answer.text, "{\"n\": 1}");
    let body = &server.bodies()[0];
    assert_eq!(
        body["output_config"],
        json!({"format": {"type": "json_schema", "schema": schema}})
    );
    assert!(body.get("tools").is_none() && body.get("tool_choice").is_none());
}

#[tokio::test]
async fn an_open_schema_is_a_tool_whose_input_is_the_answer() {
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
    let by_tool = json!([
        thought,
        text("Here:"),
        used("toolu_p", "plan", json!({"steps": []}))
    ]);
    let server = Server::start([
        Reply::json(message(by_tool, "tool_use")),
        text_answer("{\"steps\": [1]}"),
        Reply::json(message(
            json!([used("toolu_q", "plan", json!({"steps": "cut"}))]),
            "max_tokens",
        )),
    ])
    .await;
    let model = model(server.anthropic());
    let schema = json!({"type": "object", "properties": {"steps": {"type": "array", "items": {"type": "object"}}}});
    let mut request = question("Plan");
    request.output = Some(OutputSchema {
        name: "plan".into(),
        schema: schema.clone(),
    });
    let answer = ask(&model, request.clone()).await.unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.stop, answer.calls.len()),
        ("{\"steps\":[]}", Stop::End, 0)
    );
    assert_eq!(
        answer.native, None,
        "it goes back as text: the call has no result"
    );
    let body = &server.bodies()[0];
    assert_eq!(body["tools"][0]["input_schema"], schema);
    assert_eq!(body["tools"][0]["name"], "plan");
    assert_eq!(
        body["tool_choice"],
        json!({"type": "auto", "disable_parallel_tool_use": true})
    );
    assert!(
        body["system"][0]["text"]
            .as_str()
            .unwrap()
            .contains("tool `plan`")
    );
    assert!(body.get("output_config").is_none());
    // A model that writes the JSON as text is taken at its word, and one that was cut off is not.
    assert_eq!(
        ask(&model, request.clone()).await.unwrap().text,
        "{\"steps\": [1]}"
    );
    assert_eq!(ask(&model, request).await.unwrap().stop, Stop::Length);
}

#[tokio::test]
async fn a_conversation_begun_with_another_provider_goes_on() {
    let server = Server::start([text_answer("ok")]).await;
    let call = |id: &str| ToolCallRequest {
        call_id: id.into(),
        tool: "crm.find".into(),
        arguments: json!("{\"broken"),
    };
    let answer = Answer {
        provider: "openai".into(),
        calls: vec![call("call.0"), call("")],
        stop: Stop::Calls,
        native: Some(json!([{"type": "of another", "text": "made"}])),
        ..Answer::default()
    };
    let results = || Message::ToolResults {
        results: vec![result("call.0", "a", false), result("", "b", true)],
    };
    let mut request = question("Hi");
    request.messages.extend([
        Message::Assistant(answer.clone()),
        results(),
        Message::User {
            content: " ".into(),
        },
        Message::Assistant(answer),
        results(),
    ]);
    ask(&model(server.anthropic()), request).await.unwrap();
    let messages = server.bodies()[0]["messages"].clone();
    let ids = |at: usize, field: &str| {
        let blocks = messages[at]["content"].as_array().unwrap().iter();
        blocks
            .map(|block| block[field].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(1, "id"),
        ["call_0", "_2"],
        "no id is empty or holds a dot"
    );
    assert_eq!(ids(3, "id"), ["call_0_2", "_3"], "and none comes twice");
    assert_eq!(
        (ids(2, "tool_use_id"), ids(4, "tool_use_id")),
        (ids(1, "id"), ids(3, "id"))
    );
    assert_eq!(
        messages[1]["content"][0],
        used("call_0", "crm_find", json!({}))
    );
    assert_eq!(
        messages.as_array().unwrap().len(),
        5,
        "what is empty is left out: {messages}"
    );
}

#[tokio::test]
async fn a_base_url_may_end_as_openais_does() {
    let server = Server::start([text_answer("ok")]).await;
    let mut config = server.anthropic();
    config.anthropic_base_url = Some(format!("{}/v1/", server.url));
    ask(&model(config), question("Hi")).await.unwrap();
    assert!(server.asked()[0].head.starts_with("POST /v1/messages "));
}

#[tokio::test]
async fn no_question_has_more_tokens_than_its_bound() {
    let server = Server::start([text_answer("ok")]).await;
    let model = model(server.anthropic());
    let request = question("Grüße an alle 👋");
    let candidates = model.resolve(None).unwrap();
    let bound = model.input_bound(candidates.current(), &request);
    ask(&model, request).await.unwrap();
    let bytes = u64::try_from(server.asked()[0].bytes).unwrap();
    assert_eq!(bound, bytes, "the database adds what the provider does");
}
