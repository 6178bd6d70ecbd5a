//! OpenAI's Chat Completions: what is sent and what is read.

use domain::{ToolCallRequest, Usage};
use llm::{Answer, Message, ModelCaller as _, OutputSchema, Stop, ToolResult};
use serde_json::{Value, json};

use crate::server::{KEY, Reply, Server, ask, model, question};

/// A response with all fields that the reference has.
pub fn completion(message: Value, finish_reason: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-test-2026",
        "service_tier": "default", "system_fingerprint": "fp",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150,
                  "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 16, "audio_tokens": 0},
                  "completion_tokens_details": {"reasoning_tokens": 8, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}
    })
}

pub fn text_answer(text: &str) -> Reply {
    let message = json!({"role": "assistant", "content": text, "refusal": null, "annotations": []});
    Reply::json(completion(message, "stop"))
}

fn called(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

#[tokio::test]
async fn a_question_has_a_model_a_limit_and_messages_and_nothing_else() {
    let server = Server::start([text_answer("Hello.")]).await;
    let answer = ask(&model(server.openai()), question("Hi")).await.unwrap();
    assert_eq!(
        answer,
        Answer {
            provider: "openai".into(),
            model: "gpt-test-2026".into(),
            text: "Hello.".into(),
            calls: Vec::new(),
            stop: Stop::End,
            native: None,
            usage: Usage {
                provider: "openai".into(),
                model: "gpt-test-2026".into(),
                input_tokens: 120,
                output_tokens: 30,
                cached_tokens: 64,
                cache_write_tokens: 16,
                reasoning_tokens: 8,
                is_estimate: false,
            },
        }
    );
    let asked = server.asked().remove(0);
    assert!(
        asked.head.starts_with("POST /v1/chat/completions HTTP/1.1"),
        "{}",
        asked.head
    );
    assert!(
        asked
            .head
            .contains(&format!("authorization: bearer {KEY}\r\n")),
        "{}",
        asked.head
    );
    assert!(
        asked.head.contains("content-type: application/json\r\n"),
        "{}",
        asked.head
    );
    assert!(
        asked.head.contains("user-agent: goalpost/"),
        "{}",
        asked.head
    );
    assert_eq!(
        asked.body,
        json!({"model": "gpt-test", "max_tokens": 77, "stream": false, "messages": [
            {"role": "system", "content": "Be short."}, {"role": "user", "content": "Hi"}]})
    );
}

#[tokio::test]
async fn parallel_calls_come_back_as_calls_and_go_back_with_their_results() {
    let message = json!({"role": "assistant", "content": "Two looks.", "refusal": null, "tool_calls": [
        called("call_a", "sql", "{\"query\": \"select 1\"}"), called("call_b", "crm_find", "")]});
    let server = Server::start([
        Reply::json(completion(message, "tool_calls")),
        text_answer("Done."),
    ])
    .await;
    let model = model(server.openai());
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
            call("call_a", "sql", json!({"query": "select 1"})),
            call("call_b", "crm.find", json!({}))
        ]
    );
    let result = |id: &str, content: &str, is_error| ToolResult {
        call_id: id.into(),
        name: "sql".into(),
        content: content.into(),
        is_error,
    };
    request.messages.push(Message::Assistant(answer));
    request.messages.push(Message::ToolResults {
        results: vec![
            result("call_a", "one", false),
            result("call_b", "broken", true),
        ],
    });
    assert_eq!(ask(&model, request).await.unwrap().text, "Done.");
    let bodies = server.bodies();
    assert_eq!(
        bodies[0]["tools"],
        json!([
            {"type": "function", "function": {"name": "sql", "description": "d",
                "parameters": {"type": "object", "properties": {"query": {"type": "string"}}}}},
            {"type": "function", "function": {"name": "crm_find", "description": "f",
                "parameters": {"type": "object", "properties": {}}}},
        ])
    );
    assert_eq!(
        bodies[1]["messages"].as_array().unwrap()[2..],
        [
            json!({"role": "assistant", "content": "Two looks.", "tool_calls": [
                called("call_a", "sql", "{\"query\":\"select 1\"}"), called("call_b", "crm_find", "{}")]}),
            json!({"role": "tool", "tool_call_id": "call_a", "content": "one"}),
            json!({"role": "tool", "tool_call_id": "call_b", "content": "broken"}),
        ]
    );
}

#[tokio::test]
async fn non_object_arguments_are_kept_as_text() {
    let calls = [
        called("a", "sql", "{\"query\": "),
        called("b", "sql", "[1]"),
        // What some compatible servers send: no id and the object itself, or an id twice.
        json!({"function": {"name": "sql", "arguments": {"query": "q"}}}),
        called("a", "sql", "{}"),
    ];
    let message = json!({"role": "assistant", "content": null, "tool_calls": calls});
    let server = Server::start([Reply::json(completion(message, "tool_calls"))]).await;
    let answer = ask(&model(server.openai()), question("Look"))
        .await
        .unwrap();
    let arguments: Vec<_> = answer
        .calls
        .iter()
        .map(|call| call.arguments.clone())
        .collect();
    assert_eq!(
        arguments,
        [
            json!("{\"query\": "),
            json!("[1]"),
            json!({"query": "q"}),
            json!({})
        ]
    );
    let ids: Vec<&str> = answer
        .calls
        .iter()
        .map(|call| call.call_id.as_str())
        .collect();
    assert_eq!(ids, ["a", "b", "call_2", "call_3"], "each has its own");
    assert!(!answer.is_whole());
}

#[tokio::test]
async fn every_finish_reason_and_a_refusal_is_a_stop() {
    let text = json!({"role": "assistant", "content": "x"});
    let refusal = json!({"role": "assistant", "content": null, "refusal": "I will not."});
    let calls =
        json!({"role": "assistant", "content": null, "tool_calls": [called("a", "sql", "{}")]});
    let cases = [
        (text.clone(), "stop", Stop::End, "x"),
        (text.clone(), "length", Stop::Length, "x"),
        (text, "content_filter", Stop::Filter, "x"),
        (refusal, "stop", Stop::Refusal, "I will not."),
        (calls.clone(), "tool_calls", Stop::Calls, ""),
        // Ollama gives it for calls too.
        (calls, "stop", Stop::Calls, ""),
    ];
    for (message, reason, stop, text) in cases {
        let server = Server::start([Reply::json(completion(message, reason))]).await;
        let answer = ask(&model(server.openai()), question("Hi")).await.unwrap();
        assert_eq!(
            (answer.stop, answer.text.as_str()),
            (stop, text),
            "{reason}"
        );
        assert_eq!(answer.usage.input_tokens, 120, "{reason}: it was paid for");
    }
}

#[tokio::test]
async fn structured_output_schema_may_have_open_objects() {
    let server = Server::start([text_answer("{}")]).await;
    let mut request = question("Plan");
    let schema = json!({"type": "object", "properties": {"input": {"type": "object"}}});
    request.output = Some(OutputSchema {
        name: "plan".into(),
        schema: schema.clone(),
    });
    ask(&model(server.openai()), request).await.unwrap();
    assert_eq!(
        server.bodies()[0]["response_format"],
        json!({"type": "json_schema", "json_schema": {"name": "plan", "schema": schema, "strict": false}})
    );
}

#[tokio::test]
async fn extra_fields_of_compatible_servers_are_sent_back() {
    let extra = json!({"id": "c", "type": "function", "function": {"name": "sql", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": "sig"}}});
    let message = json!({"role": "assistant", "content": "", "reasoning_content": "hm", "reasoning_details": [{"type": "reasoning.encrypted", "data": "e"}], "tool_calls": [extra]});
    let server = Server::start([
        Reply::json(completion(message, "tool_calls")),
        text_answer("ok"),
    ])
    .await;
    let model = model(server.openai());
    let mut request = question("Look");
    let answer = ask(&model, request.clone()).await.unwrap();
    let kept: Answer = serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
    request.messages.push(Message::Assistant(kept));
    ask(&model, request).await.unwrap();
    let back = server.bodies()[1]["messages"][2].clone();
    assert_eq!(
        (
            &back["reasoning_content"],
            &back["reasoning_details"][0]["data"]
        ),
        (&json!("hm"), &json!("e"))
    );
    assert_eq!(back["tool_calls"], json!([extra]));
}

#[tokio::test]
async fn inexact_answers_are_parsed() {
    // No usage, parts instead of text (as some reasoning models have), no model.
    let loose = json!({"choices": [{"message": {"content": [
        {"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}}]});
    // Reasoning that is in the total alone.
    let total = json!({"model": "m", "choices": [{"message": {"content": "c"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40}});
    let server = Server::start([Reply::json(loose), Reply::json(total)]).await;
    let model = model(server.openai());
    let answer = ask(&model, question("Hi")).await.unwrap();
    assert_eq!(
        (
            answer.text.as_str(),
            answer.model.as_str(),
            answer.usage.is_estimate
        ),
        ("ab", "gpt-test", true)
    );
    let answer = ask(&model, question("Hi")).await.unwrap();
    assert_eq!(
        (answer.usage.input_tokens, answer.usage.output_tokens),
        (10, 30)
    );
}

#[tokio::test]
async fn missing_usage_is_estimated_from_bytes() {
    let answer = |usage: Value| json!({"model": "m", "choices": [{"message": {"content": "x".repeat(600)}, "finish_reason": "stop"}], "usage": usage});
    let cases = [
        json!(null),
        json!({}),
        json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
        json!({"prompt_tokens": -1, "completion_tokens": "unknown"}),
        json!("none"),
    ];
    for usage in cases {
        let server = Server::start([Reply::json(answer(usage.clone()))]).await;
        let used = ask(&model(server.openai()), question(&"q".repeat(900)))
            .await
            .unwrap()
            .usage;
        let sent = i64::try_from(server.bodies()[0].to_string().len()).unwrap();
        assert!(used.is_estimate, "{usage}");
        assert_eq!(used.input_tokens, (sent + 2) / 3, "{usage}");
        assert!(
            (200..300).contains(&used.output_tokens),
            "{usage}: {used:?}"
        );
    }
    let exact = json!({"prompt_tokens": "12", "completion_tokens": 3.0});
    let server = Server::start([Reply::json(answer(exact))]).await;
    let used = ask(&model(server.openai()), question("Hi"))
        .await
        .unwrap()
        .usage;
    assert_eq!(
        (used.input_tokens, used.output_tokens, used.is_estimate),
        (12, 3, false)
    );
}

#[tokio::test]
async fn a_server_without_a_key_gets_none() {
    let server = Server::start([text_answer("ok")]).await;
    let mut config = server.openai();
    config.openai_api_key = None;
    ask(&model(config), question("Hi")).await.unwrap();
    assert!(!server.asked()[0].head.contains("authorization"));
}

#[tokio::test]
async fn a_conversation_begun_with_another_provider_goes_on() {
    let server = Server::start([text_answer("ok")]).await;
    let mut request = question("Hi");
    request.messages.push(Message::Assistant(Answer {
        provider: "anthropic".into(),
        text: "Thought about it.".into(),
        native: Some(json!({"content": "of another's making"})),
        ..Answer::default()
    }));
    request.messages.push(Message::Assistant(Answer::default()));
    ask(&model(server.openai()), request).await.unwrap();
    assert_eq!(
        server.bodies()[0]["messages"].as_array().unwrap()[2..],
        [json!({"role": "assistant", "content": "Thought about it."})]
    );
}

#[tokio::test]
async fn no_question_has_more_tokens_than_its_bound() {
    let server = Server::start([text_answer("ok")]).await;
    let model = model(server.openai());
    let request = question("Grüße an alle 👋");
    let candidates = model.resolve(None).unwrap();
    let bound = model.input_bound(candidates.current(), &request);
    ask(&model, request).await.unwrap();
    let bytes = u64::try_from(server.asked()[0].bytes).unwrap();
    assert_eq!(bound, bytes, "the database adds what the provider does");
}

/// As OpenAI refuses tools beside reasoning for some of its models.
fn refuses_reasoning() -> Reply {
    let words = "Function tools with reasoning_effort are not supported for gpt-test in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.";
    Reply::status(
        "400 Bad Request",
        json!({"error": {"message": words, "type": "invalid_request_error", "param": "reasoning_effort", "code": null}}),
    )
}

fn with_a_tool() -> llm::Request {
    let mut request = question("Look");
    request.tools = serde_json::from_value(json!([{"name": "sql"}])).unwrap();
    request
}

#[tokio::test]
async fn reasoning_is_disabled_where_refused_with_tools() {
    let server = Server::start([
        refuses_reasoning(),
        text_answer("one"),
        text_answer("two"),
        text_answer("three"),
    ])
    .await;
    let model = model(server.openai());
    let mut caller = model.direct();
    assert_eq!(caller.call(with_a_tool()).await.unwrap().text, "one");
    assert_eq!(caller.call(with_a_tool()).await.unwrap().text, "two");
    assert_eq!(caller.call(question("Hi")).await.unwrap().text, "three");
    let efforts: Vec<Option<Value>> = server
        .bodies()
        .iter()
        .map(|body| body.get("reasoning_effort").cloned())
        .collect();
    assert_eq!(
        efforts,
        [None, Some(json!("none")), Some(json!("none")), None],
        "without tools it may reason"
    );
}

#[tokio::test]
async fn error_for_model_without_tool_calls_suggests_another() {
    let server = Server::start([refuses_reasoning(), refuses_reasoning()]).await;
    let model = model(server.openai());
    let error = ask(&model, with_a_tool()).await.unwrap_err();
    assert!(
        error.to_string().contains("such as gpt-5.4-mini"),
        "{error}"
    );
    assert_eq!(server.asked().len(), 2);
    let words = "Tool calling requires the Responses API.";
    let server = Server::start([Reply::status(
        "400 Bad Request",
        json!({"error": {"message": words}}),
    )])
    .await;
    let error = ask(&crate::server::model(server.openai()), with_a_tool())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("such as gpt-5.4-mini"),
        "{error}"
    );
    assert_eq!((error.code(), server.asked().len()), ("model_refused", 1));
}
