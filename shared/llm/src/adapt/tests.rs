#![allow(clippy::unwrap_used)]
use domain::{OutputFormat, Tool};
use serde_json::json;

use super::*;
use crate::request::{Message, OutputSchema, Purpose, ToolResult};

fn request() -> Request {
    Request {
        purpose: Purpose::Work,
        model: None,
        system: String::new(),
        messages: vec![Message::ToolResults {
            results: vec![ToolResult {
                call_id: "c".to_owned(),
                name: "sql".to_owned(),
                content: "x".repeat(9_000),
                is_error: false,
            }],
        }],
        tools: ["sql", "crm.find"]
            .map(|name| Tool {
                name: name.to_owned(),
                ..Tool::default()
            })
            .into(),
        output: Some(OutputSchema {
            name: "plan".to_owned(),
            schema: json!({}),
        }),
        must_answer: false,
        max_output_tokens: 32_000,
    }
}

const WRITTEN: Written = Written {
    limit: Some(LimitParameter::MaxTokens),
    can_stop_reasoning: true,
};

fn refusal(message: &str) -> Refusal {
    Refusal {
        message: message.to_owned(),
        ..Refusal::default()
    }
}

/// What is learned of one refusal, and whether the call is sent again.
fn learned(message: &str) -> (Capabilities, bool) {
    let mut known = Capabilities::default();
    let again = Rewrites::default().after(&refusal(message), WRITTEN, &mut request(), &mut known);
    (known, again)
}

#[test]
fn output_limit_is_read_in_every_wording() {
    for (message, most) in [
        (
            "max_tokens is too large: 32000. This model supports at most 16384 completion tokens, whereas you provided 32000.",
            16_384,
        ),
        (
            "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet-20241022",
            8_192,
        ),
        (
            "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
            8_192,
        ),
        (
            "`max_tokens` must be less than or equal to `8,192`, the maximum value for this model",
            8_192,
        ),
        (
            "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.",
            4_096,
        ),
    ] {
        assert_eq!(
            learned(message).0.max_output_tokens,
            Some(most),
            "{message}"
        );
    }
}

#[test]
fn context_size_is_read_in_every_wording() {
    for (message, tokens) in [
        (
            "This model's maximum context length is 8192 tokens. However, you requested 40000 tokens (8000 in the messages, 32000 in the completion).",
            8_192,
        ),
        (
            "prompt is too long: 208310 tokens > 200000 maximum",
            200_000,
        ),
        (
            "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again",
            200_000,
        ),
        (
            "The input token count (1048590) exceeds the maximum number of tokens allowed (1048576).",
            1_048_576,
        ),
        (
            "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            32_768,
        ),
        (
            "This endpoint's maximum context length is 32,768 tokens. However, you requested about 60000 tokens",
            32_768,
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is 8192 tokens and your request has 30 input tokens",
            8_192,
        ),
    ] {
        let (known, again) = learned(message);
        assert_eq!(
            (known.context_tokens, again, known.max_output_tokens),
            (Some(tokens), true, None),
            "{message}"
        );
    }
    let mut known = Capabilities::default();
    let of_field = Refusal {
        codes: vec!["exceed_context_size_error".to_owned()],
        context_tokens: Some(4_096),
        ..refusal("the request exceeds the available context size, try increasing it")
    };
    assert!(Rewrites::default().after(&of_field, WRITTEN, &mut request(), &mut known));
    assert_eq!(known.context_tokens, Some(4_096));
}

#[test]
fn results_are_cut_a_bounded_number_of_times() {
    let (mut rewrites, mut request, mut known) =
        (Rewrites::default(), request(), Capabilities::default());
    let too_long = refusal("Input is too long for requested model.");
    let again = (0..20)
        .take_while(|_| rewrites.after(&too_long, WRITTEN, &mut request, &mut known))
        .count();
    assert!((2..=MAX_CUTS).contains(&again), "{again}");
    assert_eq!(known, Capabilities::default(), "no size is named");
}

#[test]
fn parameter_is_renamed_once() {
    for message in [
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead. (gpt-5-2025-08-07)",
        "body.max_tokens: Extra inputs are not permitted",
        "Unrecognized request argument supplied: max_tokens",
    ] {
        let expected = Capabilities {
            limit_parameter: Some(LimitParameter::MaxCompletionTokens),
            ..Capabilities::default()
        };
        assert_eq!(learned(message), (expected, true), "{message}");
    }
    let mut rewrites = Rewrites::default();
    let refused = refusal("max_tokens and max_completion_tokens are unknown");
    let (mut request, mut known) = (request(), Capabilities::default());
    request.tools.clear();
    assert!(rewrites.after(&refused, WRITTEN, &mut request, &mut known));
    let renamed = Written {
        limit: Some(LimitParameter::MaxCompletionTokens),
        ..WRITTEN
    };
    assert!(!rewrites.after(&refused, renamed, &mut request, &mut known));
}

#[test]
fn form_of_the_answer_weakens_step_by_step() {
    let (mut rewrites, mut request, mut known) =
        (Rewrites::default(), request(), Capabilities::default());
    let refused = refusal("This response_format type is unavailable now");
    for format in [OutputFormat::JsonObject, OutputFormat::Prompt] {
        assert!(rewrites.after(&refused, WRITTEN, &mut request, &mut known));
        assert_eq!(known.output_format, Some(format));
    }
    request.tools.clear();
    assert!(!rewrites.after(&refused, WRITTEN, &mut request, &mut known));
}

#[test]
fn refused_tool_is_left_out_with_a_note() {
    for message in [
        "Invalid schema for function 'crm_find': array schema missing items",
        "tools.1.custom.input_schema: input_schema does not support oneOf",
        "GenerateContentRequest.tools[1].function_declarations[0].parameters: should be non-empty",
    ] {
        let mut request = request();
        let again = Rewrites::default().after(
            &refusal(message),
            WRITTEN,
            &mut request,
            &mut Capabilities::default(),
        );
        let names: Vec<&str> = request
            .tools
            .iter()
            .map(|tool| tool.name.as_str())
            .collect();
        assert_eq!((again, names), (true, vec!["sql"]), "{message}");
        assert!(
            request
                .system
                .contains("The tool crm.find cannot be called now")
        );
    }
}

#[test]
fn refusal_of_anything_else_changes_nothing() {
    for message in [
        "",
        "The model `m` does not exist",
        "messages: roles must alternate",
        "16k tokens per minute",
    ] {
        assert_eq!(
            learned(message),
            (Capabilities::default(), false),
            "{message}"
        );
    }
}
