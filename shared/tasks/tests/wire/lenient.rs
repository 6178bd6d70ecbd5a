//! Answers as other servers write them: read where their meaning is plain, and never taken for whole where it is not.
//! Each test holds for both protocols.

use llm::Stop;
use serde_json::{Value, json};
use tasks::Turn;

use crate::protocol::{BOTH, Protocol, answered, task, with_a_tool};
use crate::server::{Reply, Server, ask, question};
use crate::{anthropic, openai};

fn body(body: &str, content_type: &str) -> Reply {
    Reply::Whole(
        format!("200 OK\r\ncontent-type: {content_type}"),
        body.to_owned(),
    )
}

#[tokio::test]
async fn json_is_parsed_regardless_of_content_type() {
    for protocol in BOTH {
        let whole = protocol.text("ok").to_string();
        for (text, content_type) in [
            (whole.clone(), "text/plain"),
            (whole.clone(), "text/event-stream"),
            (whole.clone(), "application/octet-stream"),
            (
                format!("\u{feff}{whole}"),
                "application/json; charset=utf-8",
            ),
            (format!("\n  {whole}\n"), "text/html"),
        ] {
            let answer = answered(protocol, body(&text, content_type), question("Hi"))
                .await
                .unwrap();
            assert_eq!(answer.text, "ok", "{protocol:?} {content_type}");
        }
    }
}

#[tokio::test]
async fn stream_is_declined_and_named_where_it_comes_anyway() {
    for protocol in BOTH {
        let server = Server::start([body(
            "data: {\"choices\": []}\n\ndata: [DONE]\n\n",
            "text/event-stream",
        )])
        .await;
        let error = ask(&protocol.model(&server), question("Hi"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), server.bodies()[0]["stream"].clone()),
            ("model_malformed", json!(false))
        );
        assert!(
            error.to_string().contains("turn streaming off") && error.usage.is_some(),
            "{error}"
        );
    }
}

#[tokio::test]
async fn lone_surrogates_and_broken_bytes_are_replaced() {
    for protocol in BOTH {
        let text = protocol.text("a!b").to_string().replace("a!b", "a\\ud83db");
        let answer = answered(protocol, body(&text, "application/json"), question("Hi"))
            .await
            .unwrap();
        assert_eq!(answer.text, "a\u{fffd}b", "{protocol:?}");
    }
}

#[tokio::test]
async fn answer_broken_off_is_a_retryable_failure() {
    for protocol in BOTH {
        for reason in [
            "error",
            "a reason of tomorrow",
            "insufficient_system_resource",
            "abort",
        ] {
            let reply = Reply::json(protocol.ended("Half a sen", reason));
            let error = answered(protocol, reply, question("Hi")).await.unwrap_err();
            assert_eq!(
                (error.code(), error.retryable()),
                ("model_unavailable", true),
                "{error}"
            );
            assert!(error.to_string().contains(reason), "{error}");
            let usage = error.usage.unwrap();
            assert_eq!(
                (usage.input_tokens > 0, usage.output_tokens),
                (true, 30),
                "it was paid for"
            );
        }
        for reason in ["STOP", "eos", ""] {
            let reply = Reply::json(protocol.ended("Whole.", reason));
            assert_eq!(
                answered(protocol, reply, question("Hi"))
                    .await
                    .unwrap()
                    .stop,
                Stop::End
            );
        }
    }
}

#[tokio::test]
async fn error_of_a_choice_is_the_failure_it_names() {
    let mut broken = openai::completion(json!({"role": "assistant", "content": "Half a"}), "error");
    broken["choices"][0]["error"] = json!({"code": 502, "message": "the upstream went away"});
    let error = answered(
        Protocol::OpenAi,
        Reply::json(broken.clone()),
        question("Hi"),
    )
    .await
    .unwrap_err();
    assert!(
        error.code() == "model_unavailable" && error.to_string().contains("the upstream went away"),
        "{error}"
    );
    assert_eq!(error.usage.unwrap().output_tokens, 30);
    broken["choices"][0]["error"]["code"] = json!("429");
    let error = answered(Protocol::OpenAi, Reply::json(broken), question("Hi"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "model_rate_limited");
}

#[tokio::test]
async fn unknown_reason_is_whole_only_if_the_schema_proves_it() {
    let schema =
        json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    for protocol in BOTH {
        let mut request = question("Count");
        request.output = Some(llm::OutputSchema {
            name: "count".into(),
            schema: schema.clone(),
        });
        for (text, is_whole) in [
            ("{\"n\": 1}", true),
            ("{\"n\": ", false),
            ("{}", false),
            ("{\"n\": \"1\"}", false),
        ] {
            let reply = Reply::json(protocol.ended(text, "error"));
            let answer = answered(protocol, reply, request.clone()).await;
            assert_eq!(answer.is_ok(), is_whole, "{protocol:?} {text}");
        }
    }
}

#[tokio::test]
async fn call_written_as_text_is_read_as_the_call() {
    let text = "<tool_call>\n{\"name\": \"calculate\", \"arguments\": {\"expression\": \"1+1\"}}\n</tool_call>";
    for protocol in BOTH {
        let server = Server::start([Reply::json(protocol.text(text))]).await;
        let model = protocol.model(&server);
        let turn = tasks::agent::work(&model, &mut model.direct(), &task(Vec::new()))
            .await
            .unwrap();
        let Turn::Calls { answer } = turn else {
            panic!("{protocol:?}: no call")
        };
        assert_eq!(
            (answer.stop, answer.calls[0].arguments.clone()),
            (Stop::Calls, json!({"expression": "1+1"}))
        );
    }
}

#[tokio::test]
async fn call_of_an_unknown_tool_in_text_goes_back() {
    for protocol in BOTH {
        let text = "<tool_call>{\"name\": \"shell\", \"arguments\": {}}</tool_call>";
        let server = Server::start([
            Reply::json(protocol.text(text)),
            Reply::json(protocol.text("Two.")),
        ])
        .await;
        let model = protocol.model(&server);
        let turn = tasks::agent::work(&model, &mut model.direct(), &task(Vec::new()))
            .await
            .unwrap();
        let Turn::Done { result, .. } = turn else {
            panic!("{protocol:?}: a call")
        };
        assert_eq!(result["text"], "Two.");
        assert!(
            server.bodies()[1]
                .to_string()
                .contains("Nothing was called")
        );
    }
}

#[tokio::test]
async fn thinking_is_no_part_of_a_report_or_of_json() {
    for protocol in BOTH {
        for thinking in [
            "<think>The {\"n\": 0} is wrong.</think>\n\n",
            "So {\"n\": 0}?\n</think>\n",
        ] {
            let server = Server::start([
                Reply::json(protocol.text(&format!("{thinking}```json\n{{\"verdicts\": [{{\"number\": 1.0, \"verdict\": \"met\", \"step\": \"look\", \"evidence\": \"so\"}}]}}\n```"))),
                Reply::json(protocol.text(&format!("{thinking}The report."))),
            ])
            .await;
            let model = protocol.model(&server);
            let task_of_judge = tasks::JudgeTask {
                criteria: vec![tasks::Criterion {
                    number: 1,
                    ..tasks::Criterion::default()
                }],
                steps: crate::protocol::looked(),
                ..tasks::JudgeTask::default()
            };
            let verdicts = tasks::judge(&model, &mut model.direct(), &task_of_judge)
                .await
                .unwrap()
                .verdicts;
            assert_eq!(verdicts[0].verdict, domain::Verdict::Met);
            let turn = tasks::agent::work(&model, &mut model.direct(), &task(Vec::new()))
                .await
                .unwrap();
            let Turn::Done { result, .. } = turn else {
                panic!("{protocol:?}: a call")
            };
            assert_eq!(
                (result["text"].clone(), server.asked().len()),
                (json!("The report."), 2)
            );
        }
    }
}

#[tokio::test]
async fn unreadable_answer_is_paid_three_times_and_not_tried_again() {
    for protocol in BOTH {
        let nonsense = || Reply::json(protocol.text("<think>no end"));
        let server = Server::start((0..9).map(|_| nonsense())).await;
        let model = protocol.model(&server);
        let error = tasks::agent::work(&model, &mut model.direct(), &task(Vec::new()))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.retryable(), server.asked().len()),
            ("model_malformed", false, 3)
        );
    }
}

#[tokio::test]
async fn arguments_encoded_twice_are_read_once_more() {
    for protocol in BOTH {
        for arguments in [
            json!("\"{\\\"expression\\\": \\\"1+1\\\"}\""),
            json!("{\"expression\": \"1+1\"}"),
        ] {
            let answer = answered(
                protocol,
                Reply::json(protocol.call("a", arguments)),
                with_a_tool(),
            )
            .await
            .unwrap();
            assert_eq!(
                answer.calls[0].arguments,
                json!({"expression": "1+1"}),
                "{protocol:?}"
            );
            assert!(answer.is_whole());
        }
    }
}

#[tokio::test]
async fn fields_of_other_types_are_read() {
    let message = |content: Value| {
        openai::completion(
            json!({"role": "assistant", "content": content, "tool_calls": null, "refusal": null, "extra": 1}),
            "stop",
        )
    };
    let mut no_model = message(json!("7"));
    no_model["model"] = json!(null);
    no_model["usage"]["prompt_tokens"] = json!("120.0");
    for (value, text) in [
        (
            message(
                json!([{"type": "text", "text": "a"}, "b", {"type": "text", "text": {"value": "c"}}, {"type": "reasoning", "text": "no"}]),
            ),
            "abc",
        ),
        (message(json!(7)), "7"),
        (message(json!({"n": 1})), "{\"n\":1}"),
        (no_model, "7"),
    ] {
        let answer = answered(Protocol::OpenAi, Reply::json(value), question("Hi"))
            .await
            .unwrap();
        assert_eq!(
            (answer.text.as_str(), answer.usage.input_tokens),
            (text, 120)
        );
    }
    let older = json!({"role": "assistant", "content": null, "tool_calls": [], "function_call": {"name": "calculate", "arguments": "{}"}});
    let one =
        json!({"role": "assistant", "tool_calls": {"id": 7, "function": {"name": "calculate"}}});
    for message in [older, one] {
        let reply = Reply::json(openai::completion(message, "function_call"));
        let answer = answered(Protocol::OpenAi, reply, with_a_tool())
            .await
            .unwrap();
        assert_eq!(
            (answer.calls[0].tool.as_str(), answer.stop),
            ("calculate", Stop::Calls)
        );
    }
    let mut plain = anthropic::message(json!("Plain."), "end_turn");
    plain["model"] = json!(null);
    let answer = answered(Protocol::Anthropic, Reply::json(plain), question("Hi"))
        .await
        .unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.model.as_str()),
        ("Plain.", "claude-test")
    );
    let no_id = anthropic::message(
        json!([{"type": "tool_use", "name": "calculate", "input": {}}]),
        "tool_use",
    );
    let answer = answered(Protocol::Anthropic, Reply::json(no_id), with_a_tool())
        .await
        .unwrap();
    assert_eq!(answer.calls[0].call_id, "call_0");
}

#[tokio::test]
async fn sentence_of_any_error_body_is_in_the_error() {
    let bodies = [
        json!({"object": "error", "message": "the tokenizer is missing", "type": "BadRequestError", "code": 400}).to_string(),
        json!({"error": "the tokenizer is missing"}).to_string(),
        json!({"detail": [{"loc": ["body"], "msg": "the tokenizer is missing"}]}).to_string(),
        json!([{"error": {"message": "the tokenizer is missing"}}]).to_string(),
        "the tokenizer is missing".to_owned(),
        "<html><body><h1>400</h1><p>the tokenizer is missing</p></body></html>".to_owned(),
    ];
    for protocol in BOTH {
        for text in &bodies {
            for status in [
                "400 Bad Request",
                "422 Unprocessable Entity",
                "500 Internal Server Error",
                "409 Conflict",
            ] {
                let reply = Reply::Whole(status.to_owned(), text.clone());
                let error = answered(protocol, reply, question("Hi")).await.unwrap_err();
                assert!(
                    error.to_string().contains("the tokenizer is missing"),
                    "{status} {text}: {error}"
                );
            }
        }
        let reply = Reply::Whole("400 Bad Request".into(), String::new());
        let error = answered(protocol, reply, question("Hi")).await.unwrap_err();
        assert!(error.to_string().contains("it gives no reason"), "{error}");
        let reply =
            Reply::json(json!({"object": "error", "message": "the engine is dead", "code": 503}));
        let error = answered(protocol, reply, question("Hi")).await.unwrap_err();
        assert_eq!(error.code(), "model_overloaded");
    }
}
