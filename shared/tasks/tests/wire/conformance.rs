//! Servers that speak the protocols, each with a deviation and the report or page that describes it:
//! every task that meets it comes to its result.

use llm::Model;
use serde_json::{Value, json};
use tasks::{Assess, Criterion, JudgeTask, PastTurn, PlanTask, Turn};

use crate::openai;
use crate::protocol::{Protocol, task};
use crate::server::{Reply, Server};
use crate::tasks::rules;

mod deviations;

use deviations::{Deviation, Does, deviations};

/// The answer of a task to its question, as the protocol writes it.
fn plain(protocol: Protocol, task: char) -> Value {
    match task {
        'a' => protocol
            .text(r#"{"decision": "answer", "text": "An aim.", "score": 0.2, "reasons": []}"#),
        'p' => protocol.text(r#"{"impossible": "no tool does that"}"#),
        'j' => protocol.text(
            r#"{"verdicts": [{"number": 1, "verdict": "met", "step": "look", "evidence": "so"}]}"#,
        ),
        _ => protocol.call(
            "call_1",
            match protocol {
                Protocol::OpenAi => json!("{\"expression\": \"1+1\"}"),
                Protocol::Anthropic => json!({"expression": "1+1"}),
            },
        ),
    }
}

/// A turn before, with a result that is as long as any.
fn past(protocol: Protocol) -> PastTurn {
    let answer = json!({"provider": match protocol { Protocol::OpenAi => "openai", Protocol::Anthropic => "anthropic" }, "model": "m",
        "calls": [{"call_id": "call_0", "tool": "calculate", "arguments": {"expression": "0"}}], "stop": "calls", "usage": domain::Usage::default()});
    let call =
        json!({"call_id": "call_0", "tool": "calculate", "result": {"text": "y".repeat(19_000)}});
    PastTurn {
        answer: serde_json::from_value(answer).unwrap(),
        calls: vec![serde_json::from_value(call).unwrap()],
    }
}

/// Runs a task to its result.
async fn run(model: &Model, protocol: Protocol, which: char) -> Result<(), String> {
    let mut asker = model.direct();
    let done = match which {
        'a' => {
            let task = Assess {
                question: "What is a goal?".into(),
                ..Assess::default()
            };
            tasks::assess(model, &mut asker, &task, &rules())
                .await
                .map(|_| true)
        }
        'p' => match tasks::plan(model, &mut asker, &PlanTask::default(), &rules()).await {
            Err(error) if error.code() == "goal_impossible" => Ok(true),
            planned => planned.map(|_| false),
        },
        'j' => {
            let task = JudgeTask {
                criteria: vec![Criterion {
                    number: 1,
                    ..Criterion::default()
                }],
                steps: crate::protocol::looked(),
                ..JudgeTask::default()
            };
            tasks::judge(model, &mut asker, &task)
                .await
                .map(|judgement| judgement.verdicts[0].verdict == domain::Verdict::Met)
        }
        _ => tasks::agent::work(model, &mut asker, &task(vec![past(protocol)]))
            .await
            .map(|turn| match turn {
                Turn::Calls { answer } => answer.calls[0].arguments == json!({"expression": "1+1"}),
                Turn::Done { .. } => false,
            }),
    };
    match done {
        Ok(true) => Ok(()),
        Ok(false) => Err("another result".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn every_task_comes_to_its_result_on_every_server() {
    let mut failures = Vec::new();
    let mut servers: Vec<&str> = Vec::new();
    for deviation in deviations() {
        let Deviation {
            server: name,
            protocol,
            what,
            source,
            does,
            tasks,
        } = deviation;
        servers.push(name);
        assert!(source.contains('/'), "{name}: {what} is reported somewhere");
        for which in tasks.chars() {
            let answer = plain(protocol, which);
            let (replies, expected) = match does {
                Does::Refuses(status, body) => {
                    let refusal = Reply::Whole(
                        format!("{status}\r\ncontent-type: application/json"),
                        body.to_owned(),
                    );
                    // A tool that was left out cannot be called: then a text is the answer.
                    (vec![refusal, Reply::json(answer)], 2)
                }
                Does::Answers(form) => (vec![Reply::json(form(answer))], 1),
            };
            let server = Server::start(replies).await;
            let done = run(&protocol.model(&server), protocol, which).await;
            let asked = server.asked().len();
            if done.is_err() || asked != expected {
                failures.push(format!(
                    "{name}: {what} ({source}), task {which}: {done:?} after {asked} calls"
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    servers.dedup();
    let expected = [
        "OpenAI",
        "Azure",
        "Anthropic",
        "Bedrock",
        "Gemini",
        "Mistral",
        "DeepSeek",
        "OpenRouter",
        "LiteLLM",
        "vLLM",
        "llama.cpp",
        "Ollama",
        "a compatible server",
    ];
    assert_eq!(servers, expected);
}

#[tokio::test]
async fn call_ids_have_mistral_format() {
    // Reported in anomalyco/opencode#1680: other ids than nine letters and digits are refused.
    let server = Server::start([openai::text_answer("Two.")]).await;
    let model = Protocol::OpenAi.model(&server);
    let turn = tasks::agent::work(
        &model,
        &mut model.direct(),
        &task(vec![past(Protocol::Anthropic)]),
    )
    .await
    .unwrap();
    assert!(matches!(turn, Turn::Done { .. }));
    let id = server.bodies()[0]["messages"][2]["tool_calls"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{id}"
    );
}
