//! What is kept of a conversation is what it was.
#![allow(clippy::unwrap_used)]
use serde_json::json;

use domain::{ToolCallRequest, Usage};

use super::*;
use crate::answer::Stop;

#[test]
fn a_request_is_the_same_after_it_was_kept() {
    let answer = Answer {
        provider: "anthropic".into(),
        model: "m".into(),
        text: "t".into(),
        calls: vec![ToolCallRequest {
            call_id: "c".into(),
            tool: "sql".into(),
            arguments: json!({"limit": 3, "ratio": 0.5}),
        }],
        stop: Stop::Calls,
        native: Some(json!([{"type": "thinking", "signature": "s"}])),
        usage: Usage {
            input_tokens: 7,
            reasoning_tokens: 3,
            ..Usage::default()
        },
    };
    let result = ToolResult {
        call_id: "c".into(),
        name: "sql".into(),
        content: "1".into(),
        is_error: false,
    };
    let request = Request {
        purpose: Purpose::Work,
        model: Some("openai/x".into()),
        system: "s".into(),
        messages: vec![
            Message::User {
                content: "u".into(),
            },
            Message::Assistant(answer),
            Message::ToolResults {
                results: vec![result],
            },
        ],
        tools: Vec::new(),
        output: Some(OutputSchema {
            name: "plan".into(),
            schema: json!({"type": "object"}),
        }),
        must_answer: false,
        max_output_tokens: 9,
    };
    let kept = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&kept).unwrap(), request);
    assert!(
        kept.contains(r#""role":"tool_results""#) && kept.contains(r#""purpose":"work""#),
        "{kept}"
    );
    let error = serde_json::from_str::<Message>(r#"{"role": "system"}"#).unwrap_err();
    assert!(error.to_string().contains("must be user"), "{error}");
}

#[test]
fn calls_of_truncated_or_unreadable_answer_are_dropped() {
    let call = |arguments| ToolCallRequest {
        call_id: "c".into(),
        tool: "sql".into(),
        arguments,
    };
    let answer = |stop, arguments| Answer {
        stop,
        calls: vec![call(json!({})), call(arguments)],
        ..Answer::default()
    };
    assert!(answer(Stop::Calls, json!({"a": 1})).is_whole());
    assert!(!answer(Stop::Calls, json!("{\"a\": ")).is_whole());
    for stop in [Stop::Length, Stop::Refusal, Stop::Filter, Stop::Paused] {
        assert!(!answer(stop, json!({})).is_whole(), "{stop:?}");
    }
}

#[test]
fn a_purpose_has_one_word_in_rows_and_in_requests() {
    for purpose in [
        Purpose::Assess,
        Purpose::Plan,
        Purpose::Work,
        Purpose::Judge,
        Purpose::Repair,
        Purpose::Compact,
    ] {
        assert_eq!(
            serde_json::to_value(purpose).unwrap(),
            json!(purpose.as_str())
        );
    }
}
