//! Whatever a step has been through, both providers take the conversation that is made of it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value
)]

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use domain::{ToolCall, ToolCallRequest};

use super::*;
use llm::{ANTHROPIC, Answer, Candidate, Model, ModelConfig, OPENAI};

/// Ids as providers give them, and some as they should not.
const IDS: [&str; 4] = ["call_1", "toolu_x", "call.0", ""];

/// `seed` makes the ids of a provider that keeps its own promises unique.
fn answer(provider: &'static str, text: String, ids: Vec<usize>, seed: u32) -> Answer {
    let is_native = provider == ANTHROPIC;
    let id = |id: usize| {
        if is_native {
            format!("toolu_{seed}_{id}")
        } else {
            IDS[id].to_owned()
        }
    };
    let calls: Vec<ToolCallRequest> = ids
        .into_iter()
        .map(|number| ToolCallRequest {
            call_id: id(number),
            tool: "crm.find".to_owned(),
            arguments: json!({"n": number}),
        })
        .collect();
    let native = is_native.then(|| {
        let mut blocks = vec![json!({"type": "thinking", "thinking": "t", "signature": "s"})];
        blocks.extend(calls.iter().map(
            |call| json!({"type": "tool_use", "id": call.call_id, "name": "crm_find", "input": {}}),
        ));
        Value::Array(blocks)
    });
    Answer {
        provider: provider.to_owned(),
        text,
        calls,
        native,
        ..Answer::default()
    }
}

fn turn() -> impl Strategy<Value = PastTurn> {
    let provider = prop_oneof![Just(OPENAI), Just(ANTHROPIC)];
    let ids = prop::sample::subsequence(vec![0, 1, 2, 3], 0..=4).prop_shuffle();
    let made = prop::collection::vec(any::<bool>(), 0..4);
    (provider, "[ a]{0,3}", ids, made, any::<u32>()).prop_map(
        |(provider, text, ids, made, seed)| PastTurn {
            answer: answer(provider, text, ids, seed),
            calls: made
                .into_iter()
                .map(|worked| ToolCall {
                    tool: "crm.find".to_owned(),
                    result: worked.then(|| json!(1)),
                    ..ToolCall::default()
                })
                .collect(),
        },
    )
}

fn task() -> impl Strategy<Value = WorkTask> {
    let notes = prop::collection::vec((0..7_usize, "[ n]{0,2}"), 0..4);
    let summary = prop::option::of((0..7_usize, "s{0,2}"));
    (prop::collection::vec(turn(), 0..6), notes, summary).prop_map(|(turns, notes, summary)| {
        WorkTask {
            turns,
            notes,
            summary,
            tools: serde_json::from_value(json!([{"name": "crm.find"}])).unwrap(),
            ..WorkTask::default()
        }
    })
}

/// The fields of one kind of block.
fn fields<'a>(message: &'a Value, kind: &str, field: &str) -> Vec<&'a str> {
    let blocks = message["content"].as_array().unwrap().iter();
    blocks
        .filter(|block| block["type"] == kind)
        .map(|block| block[field].as_str().unwrap())
        .collect()
}

/// The next turn's call as the provider's server receives it.
fn body(provider: &str, task: &WorkTask) -> Value {
    let address = Some("http://127.0.0.1:9/v1".to_owned());
    let model = Model::new(ModelConfig {
        anthropic_base_url: address.clone(),
        openai_base_url: address,
        ..ModelConfig::default()
    })
    .unwrap();
    let candidate = Candidate {
        provider: provider.to_owned(),
        model: "m".to_owned(),
    };
    model.request_body(&candidate, &request(task)).unwrap()
}

proptest! {
    #[test]
    fn anthropic_takes_the_conversation_of_every_task(task in task()) {
        let body = body(ANTHROPIC, &task);
        let messages = body["messages"].as_array().unwrap();
        let mut seen = HashSet::new();
        for (at, message) in messages.iter().enumerate() {
            let role = if at % 2 == 0 { "user" } else { "assistant" };
            prop_assert_eq!(&message["role"], role, "roles alternate");
            let thoughts = fields(message, "thinking", "signature").len();
            prop_assert!(thoughts == 0 || (thoughts == 1 && message["content"][0]["type"] == "thinking"), "what was thought comes first");
            let blocks = message["content"].as_array().unwrap();
            prop_assert!(!blocks.is_empty());
            for text in fields(message, "text", "text") {
                prop_assert!(!text.trim().is_empty());
            }
            let calls = fields(message, "tool_use", "id");
            for id in &calls {
                prop_assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{} is no id", id);
                prop_assert!(seen.insert((*id).to_owned()), "{} comes twice", id);
            }
            if !calls.is_empty() {
                let next = &messages[at + 1];
                prop_assert_eq!(&fields(next, "tool_result", "tool_use_id"), &calls, "each call has its result, next");
                let kinds: Vec<bool> = next["content"].as_array().unwrap().iter().map(|block| block["type"] == "tool_result").collect();
                prop_assert!(kinds.is_sorted_by(|before, after| before >= after), "results come first");
            }
        }
        prop_assert_eq!(messages.len() % 2, 1, "the last word is not the model's");
    }

    #[test]
    fn openai_takes_the_conversation_of_every_task(task in task()) {
        let body = body(OPENAI, &task);
        let messages = body["messages"].as_array().unwrap();
        let mut open: Vec<String> = Vec::new();
        for message in messages {
            if message["role"] == "tool" {
                prop_assert!(!open.is_empty());
                prop_assert_eq!(message["tool_call_id"].as_str().unwrap(), open.remove(0));
                continue;
            }
            prop_assert!(open.is_empty(), "each call has its result, next: {}", message);
            let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
            open = calls.iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect();
            prop_assert!(message["content"].is_string() || !open.is_empty());
        }
        prop_assert!(open.is_empty());
        prop_assert_ne!(&messages.last().unwrap()["role"], "assistant");
    }
}

#[test]
fn results_belong_to_calls_by_their_place() {
    let long = "c".repeat(300);
    let asked = |tool: &str| ToolCallRequest {
        call_id: long.clone(),
        tool: tool.to_owned(),
        arguments: json!({}),
    };
    let made = |number: i32| ToolCall {
        // As the database cuts it.
        call_id: Some("c".repeat(200)),
        result: Some(json!({"number": number})),
        ..ToolCall::default()
    };
    let turn = PastTurn {
        answer: Answer {
            calls: vec![asked("first"), asked("second"), asked("third")],
            ..Answer::default()
        },
        calls: vec![made(1), made(2)],
    };
    let [Message::Assistant(_), Message::ToolResults { results }] = &replay_turn(&turn)[..] else {
        unreachable!("an answer and its results");
    };
    let handed_back: Vec<(bool, bool)> = results
        .iter()
        .map(|result| (result.call_id == long, result.is_error))
        .collect();
    assert_eq!(handed_back, [(true, false), (true, false), (true, true)]);
    assert!(results[1].content.contains("2"), "{}", results[1].content);
    assert!(results[2].content.contains("not_called"));
}
