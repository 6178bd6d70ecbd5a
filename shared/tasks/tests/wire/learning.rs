//! What a server refuses is learned, asked for in another way, and known for the next call. Refusals cost nothing.
//! Each test holds for both protocols where both have what it is about.

use llm::{Model, ModelCaller as _, ModelConfig, OutputSchema, Request};
use serde_json::{Value, json};
use tasks::{Assess, JudgeTask, PlanTask, Turn};

use crate::protocol::{BOTH, Protocol, task, with_a_tool};
use crate::server::{Reply, Server, ask, model, question};
use crate::tasks::rules;
use crate::{anthropic, openai};

fn refused(message: &str) -> Reply {
    Reply::status(
        "400 Bad Request",
        json!({"error": {"message": message, "type": "invalid_request_error", "code": null}}),
    )
}

fn structured() -> Request {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": false});
    Request {
        output: Some(OutputSchema {
            name: "count".into(),
            schema,
        }),
        ..question("Count")
    }
}

/// The form in which a body asks for JSON.
fn form(protocol: Protocol, body: &Value) -> &'static str {
    let in_words = body.to_string().contains("of this JSON Schema");
    let format = match protocol {
        Protocol::OpenAi => body["response_format"]["type"].as_str(),
        Protocol::Anthropic if body["tools"][0]["name"] == "count" => Some("json_object"),
        Protocol::Anthropic => body["output_config"]["format"]["type"].as_str(),
    };
    match (format, in_words, protocol) {
        (Some("json_schema"), false, _) => "json_schema",
        (Some("json_object"), true, Protocol::OpenAi)
        | (Some("json_object"), false, Protocol::Anthropic) => "json_object",
        (None, true, _) => "prompt",
        _ => "another",
    }
}

#[tokio::test]
async fn refused_format_weakens_and_stays_weaker() {
    for protocol in BOTH {
        let answer = || Reply::json(protocol.text("{\"n\": 1}"));
        let server = Server::start([
            refused("This response_format type is unavailable now"),
            answer(),
            answer(),
            refused("output_config / response_format is not supported"),
            answer(),
        ])
        .await;
        let model = protocol.model(&server);
        let mut caller = model.direct();
        for _ in 0..3 {
            assert_eq!(caller.call(structured()).await.unwrap().text, "{\"n\": 1}");
        }
        let bodies = server.bodies();
        let forms: Vec<&str> = bodies.iter().map(|body| form(protocol, body)).collect();
        let expected = [
            "json_schema",
            "json_object",
            "json_object",
            "json_object",
            "prompt",
        ];
        assert_eq!(forms, expected, "{protocol:?}");
    }
}

#[tokio::test]
async fn every_task_goes_on_without_response_formats() {
    let none = || refused("json_schema is not supported by this model");
    let answers = [
        r#"{"decision": "answer", "text": "An aim.", "score": 0.2, "reasons": []}"#,
        r#"{"impossible": "no tool does that"}"#,
        r#"{"verdicts": [{"number": 1, "verdict": "met", "step": "look", "evidence": "so"}]}"#,
    ];
    for (which, answer) in answers.into_iter().enumerate() {
        let server = Server::start([none(), none(), openai::text_answer(answer)]).await;
        let model = model(server.openai());
        let mut asker = model.direct();
        match which {
            0 => {
                let task = Assess {
                    question: "What is a goal?".into(),
                    ..Assess::default()
                };
                tasks::assess(&model, &mut asker, &task, &rules())
                    .await
                    .unwrap();
            }
            1 => {
                let error = tasks::plan(&model, &mut asker, &PlanTask::default(), &rules())
                    .await
                    .unwrap_err();
                assert_eq!(error.code(), "goal_impossible");
            }
            _ => {
                let task = JudgeTask {
                    criteria: vec![tasks::Criterion {
                        number: 1,
                        ..tasks::Criterion::default()
                    }],
                    steps: crate::protocol::looked(),
                    ..JudgeTask::default()
                };
                tasks::judge(&model, &mut asker, &task).await.unwrap();
            }
        }
        assert!(server.bodies()[2].get("response_format").is_none());
        assert_eq!(server.asked().len(), 3);
    }
}

#[tokio::test]
async fn name_of_the_limit_is_learned_in_both_directions() {
    let azure_like = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    let older = "body.max_completion_tokens: Extra inputs are not permitted";
    let server = Server::start([
        refused(azure_like),
        openai::text_answer("a"),
        openai::text_answer("b"),
        refused(older),
        openai::text_answer("c"),
    ])
    .await;
    let model = model(server.openai());
    let mut caller = model.direct();
    for text in ["a", "b", "c"] {
        assert_eq!(caller.call(question("Hi")).await.unwrap().text, text);
    }
    let names: Vec<bool> = server
        .bodies()
        .iter()
        .map(|body| body.get("max_tokens").is_some())
        .collect();
    assert_eq!(names, [true, false, false, false, true]);
    assert!(server.bodies()[1]["max_completion_tokens"] == 77);
}

#[tokio::test]
async fn limit_of_an_answer_is_learned() {
    for protocol in BOTH {
        let too_large = "max_tokens is too large: 32000. This model supports at most 16384 completion tokens, whereas you provided 32000.";
        let answer = || Reply::json(protocol.text("ok"));
        let server = Server::start([refused(too_large), answer(), answer(), answer()]).await;
        let model = protocol.model(&server);
        let mut caller = model.direct();
        for tokens in [32_000, 20_000, 100] {
            caller
                .call(Request {
                    max_output_tokens: tokens,
                    ..question("Hi")
                })
                .await
                .unwrap();
        }
        let asked: Vec<u64> = server
            .bodies()
            .iter()
            .map(|body| body["max_tokens"].as_u64().unwrap())
            .collect();
        assert_eq!(asked, [32_000, 16_384, 16_384, 100], "{protocol:?}");
    }
}

/// A conversation whose results have so many bytes each.
fn long(results: &[usize]) -> Request {
    let results = results.iter().map(|bytes| {
        json!({"call_id": "c", "name": "calculate", "is_error": false,
        "content": format!("<data name=\"result\">\n{}\n</data>", "x".repeat(*bytes))})
    });
    let calls: Vec<Value> = results
        .clone()
        .map(|_| json!({"call_id": "c", "tool": "calculate", "arguments": {}}))
        .collect();
    let mut request = with_a_tool();
    for sent in [
        json!({"role": "assistant", "provider": "openai", "model": "m", "calls": calls, "stop": "calls", "usage": domain::Usage::default()}),
        json!({"role": "tool_results", "results": results.collect::<Vec<_>>()}),
    ] {
        request.messages.push(serde_json::from_value(sent).unwrap());
    }
    request
}

const TOO_LONG: [&str; 6] = [
    "This model's maximum context length is 100000 tokens. However, your messages resulted in 140000 tokens. Please reduce the length of the messages.",
    "prompt is too long: 208310 tokens > 200000 maximum",
    "Input is too long for requested model.",
    "the request exceeds the available context size, try increasing it",
    "The input token count (1048590) exceeds the maximum number of tokens allowed (1048576).",
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
];

#[tokio::test]
async fn largest_results_are_cut_where_the_context_is_exceeded() {
    for protocol in BOTH {
        for words in TOO_LONG {
            let server = Server::start([
                refused(words),
                refused(words),
                Reply::json(protocol.text("ok")),
            ])
            .await;
            let answer = ask(&protocol.model(&server), long(&[150_000, 400]))
                .await
                .unwrap();
            assert_eq!(answer.text, "ok");
            let bodies: Vec<String> = server.bodies().iter().map(Value::to_string).collect();
            assert!(
                bodies[2].len() * 3 < bodies[0].len(),
                "{protocol:?} {words}"
            );
            assert!(bodies[2].contains("… (cut from ") && bodies[2].contains(&"x".repeat(400)));
        }
    }
}

#[tokio::test]
async fn question_too_long_in_itself_ends_after_few_refusals() {
    for protocol in BOTH {
        let server = Server::start((0..30).map(|_| refused(TOO_LONG[2]))).await;
        let error = ask(&protocol.model(&server), long(&[150_000]))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.retryable(), error.usage.clone()),
            ("model_refused", false, None)
        );
        assert!(server.asked().len() <= 9, "{}", server.asked().len());
        let server = Server::start([refused(TOO_LONG[2])]).await;
        ask(&protocol.model(&server), question("Hi"))
            .await
            .unwrap_err();
        assert_eq!(server.asked().len(), 1, "nothing is left to cut");
    }
}

#[tokio::test]
async fn body_too_large_for_a_proxy_is_cut_too() {
    for protocol in BOTH {
        let too_large = Reply::Whole("413 Payload Too Large".into(), "<html>413</html>".into());
        let server = Server::start([too_large, Reply::json(protocol.text("ok"))]).await;
        assert_eq!(
            ask(&protocol.model(&server), long(&[150_000]))
                .await
                .unwrap()
                .text,
            "ok"
        );
    }
}

#[tokio::test]
async fn known_context_is_not_exceeded_again() {
    for protocol in BOTH {
        let words = "This model's maximum context length is 8192 tokens. However, you requested 40000 tokens (8000 in the messages, 32000 in the completion).";
        let ok = || Reply::json(protocol.text("ok"));
        let server = Server::start([refused(words), ok(), ok()]).await;
        let model = protocol.model(&server);
        let mut caller = model.direct();
        let few = Request {
            max_output_tokens: 32_000,
            ..question("Hi")
        };
        caller.call(few).await.unwrap();
        caller.call(long(&[90_000])).await.unwrap();
        let bodies = server.bodies();
        assert_eq!(
            bodies[1]["max_tokens"], 2_048,
            "a quarter of the context is for the answer"
        );
        assert!(
            bodies[2].to_string().len() < 8_192 * 4,
            "{protocol:?}: {}",
            bodies[2].to_string().len()
        );
        assert_eq!(bodies.len(), 3);
    }
}

#[tokio::test]
async fn unsupported_tool_is_omitted_with_note() {
    for protocol in BOTH {
        let mut request = with_a_tool();
        let odd = json!({"name": "odd", "parameters": {"anyOf": [{"type": "string"}]}});
        let either = json!({"name": "either", "parameters": {"anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"required": ["b"], "properties": {"b": {"type": ["array", "null"]}}}]}});
        request
            .tools
            .extend([odd, either].map(|tool| serde_json::from_value(tool).unwrap()));
        let server = Server::start([
            refused("Invalid schema for function 'either': it is not liked"),
            Reply::json(protocol.text("ok")),
        ])
        .await;
        ask(&protocol.model(&server), request).await.unwrap();
        let names = |body: &Value| -> Vec<String> {
            let tools = body["tools"].as_array().unwrap().iter();
            tools
                .map(|tool| {
                    tool.pointer("/function/name")
                        .unwrap_or(&tool["name"])
                        .as_str()
                        .unwrap()
                        .to_owned()
                })
                .collect()
        };
        let bodies = server.bodies();
        assert_eq!(
            (names(&bodies[0]), names(&bodies[1])),
            (
                vec!["calculate".into(), "either".to_owned()],
                vec!["calculate".to_owned()]
            )
        );
        assert!(
            bodies[0]
                .to_string()
                .contains("The tool odd cannot be called now")
        );
        assert!(
            bodies[1]
                .to_string()
                .contains("The tool either cannot be called now")
        );
        let either = &bodies[0]["tools"][1];
        let schema = either
            .pointer("/function/parameters")
            .unwrap_or(&either["input_schema"]);
        assert_eq!(
            schema,
            &json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {"type": "string"}}}})
        );
    }
}

#[tokio::test]
async fn other_refusals_end_the_call_at_once() {
    for protocol in BOTH {
        for words in [
            "messages: roles must alternate",
            "The model `m` does not exist",
            "",
        ] {
            let server = Server::start([refused(words)]).await;
            let error = ask(&protocol.model(&server), structured())
                .await
                .unwrap_err();
            assert_eq!(
                (error.code(), server.asked().len()),
                ("model_refused", 1),
                "{words}"
            );
        }
    }
}

/// A first model with a fallback on another server.
fn pair(protocol: Protocol, first: &Server, second: &Server) -> Model {
    let (first, second_url) = (protocol.config(first), second.url.clone());
    model(match protocol {
        Protocol::OpenAi => ModelConfig {
            anthropic_base_url: Some(second_url),
            fallback_model: Some("anthropic/spare".into()),
            ..first
        },
        Protocol::Anthropic => ModelConfig {
            openai_base_url: Some(format!("{second_url}/v1")),
            fallback_model: Some("openai/spare".into()),
            ..first
        },
    })
}

#[tokio::test]
async fn long_wait_goes_to_the_fallback_and_a_short_one_waits() {
    for protocol in BOTH {
        for (wait, asks_fallback) in [("21600", true), ("31", true), ("30", false), ("2", false)] {
            let limited = Reply::status(
                &format!("429 Too Many Requests\r\nretry-after: {wait}"),
                json!({}),
            );
            let first = Server::start([limited]).await;
            let other = match protocol {
                Protocol::OpenAi => anthropic::text_answer("spare"),
                Protocol::Anthropic => openai::text_answer("spare"),
            };
            let second = Server::start([other]).await;
            let answer = ask(&pair(protocol, &first, &second), question("Hi")).await;
            assert_eq!(answer.is_ok(), asks_fallback, "{protocol:?} {wait}");
            let waits = answer.err().and_then(|error| error.retry_after_seconds());
            assert_eq!(waits, (!asks_fallback).then(|| wait.parse().unwrap()));
        }
    }
}

#[tokio::test]
async fn longest_wait_is_configured_and_needs_a_fallback() {
    let limited = || Reply::status("429 Too Many Requests\r\nretry-after: 100", json!({}));
    let (first, second) = (
        Server::start([limited(), limited()]).await,
        Server::start([anthropic::text_answer("spare")]).await,
    );
    let config = ModelConfig {
        anthropic_base_url: Some(second.url.clone()),
        fallback_model: Some("anthropic/spare".into()),
        longest_wait: std::time::Duration::from_secs(100),
        ..first.openai()
    };
    assert!(ask(&model(config), question("Hi")).await.is_err());
    let error = ask(&model(first.openai()), question("Hi"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.retry_after_seconds()),
        ("model_rate_limited", Some(100))
    );
    assert!(second.asked().is_empty());
}

#[tokio::test]
async fn agent_continues_after_oversized_result() {
    for protocol in BOTH {
        let ok = Reply::json(protocol.text("Two."));
        let server = Server::start([
            Reply::json(protocol.call("a", json!({"expression": "1+1"}))),
            refused(TOO_LONG[2]),
            ok,
        ])
        .await;
        let model = protocol.model(&server);
        let Turn::Calls { answer } =
            tasks::agent::work(&model, &mut model.direct(), &task(Vec::new()))
                .await
                .unwrap()
        else {
            panic!("no call")
        };
        let call =
            json!({"call_id": "a", "tool": "calculate", "result": {"text": "y".repeat(19_000)}});
        let turn = tasks::PastTurn {
            answer,
            calls: vec![serde_json::from_value(call).unwrap()],
        };
        let done = tasks::agent::work(&model, &mut model.direct(), &task(vec![turn]))
            .await
            .unwrap();
        assert!(matches!(done, Turn::Done { .. }));
    }
}

#[tokio::test]
async fn endpoint_names_the_place_without_secrets() {
    let config = ModelConfig {
        openai_base_url: Some("https://me:secret@models.example:8443/v1/?key=secret".into()),
        model: Some("m".into()),
        anthropic_api_key: Some("k".to_owned().into()),
        ..ModelConfig::default()
    };
    let model = model(config);
    let endpoints = ["openai/m", "anthropic/m"]
        .map(|name| model.endpoint(model.resolve(Some(name)).unwrap().current()));
    assert_eq!(
        endpoints,
        [
            "https://models.example:8443/v1",
            "https://api.anthropic.com"
        ]
    );
}
