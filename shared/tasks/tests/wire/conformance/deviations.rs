//! The deviations, by server, each with the report or page that describes it.

use serde_json::{Value, json};

use crate::protocol::Protocol;

/// What a server does before or instead of a plain answer.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// Refuses first, with a status and a body.
    Refuses(&'static str, &'static str),
    /// Gives each answer in another form.
    Answers(fn(Value) -> Value),
}

pub(super) struct Deviation {
    pub(super) server: &'static str,
    pub(super) protocol: Protocol,
    pub(super) what: &'static str,
    pub(super) source: &'static str,
    pub(super) does: Does,
    /// The tasks that meet it: a - assess, p - plan, w - work, j - judge.
    pub(super) tasks: &'static str,
}

fn refuses(
    server: &'static str,
    protocol: Protocol,
    what: &'static str,
    source: &'static str,
    reply: (&'static str, &'static str),
    tasks: &'static str,
) -> Deviation {
    Deviation {
        server,
        protocol,
        what,
        source,
        does: Does::Refuses(reply.0, reply.1),
        tasks,
    }
}

fn answers(
    server: &'static str,
    protocol: Protocol,
    what: &'static str,
    source: &'static str,
    form: fn(Value) -> Value,
) -> Deviation {
    Deviation {
        server,
        protocol,
        what,
        source,
        does: Does::Answers(form),
        tasks: "apwj",
    }
}

const BAD: &str = "400 Bad Request";

pub(super) fn deviations() -> Vec<Deviation> {
    use Protocol::{Anthropic, OpenAi};
    vec![
        answers(
            "OpenAI",
            OpenAi,
            "calls with finish_reason stop",
            "ENTERPILOT/GoModel PR#124",
            |answer| with_reason(answer, json!("stop")),
        ),
        refuses(
            "OpenAI",
            OpenAi,
            "an answer's limit above the model's",
            "enoch3712/ExtractThinker#346",
            (
                BAD,
                r#"{"error": {"message": "max_tokens is too large: 32000. This model supports at most 1024 completion tokens, whereas you provided 32000.", "type": "invalid_request_error", "param": "max_tokens", "code": null}}"#,
            ),
            "apwj",
        ),
        refuses(
            "Azure",
            OpenAi,
            "max_completion_tokens from a host of one's own",
            "anomalyco/opencode#37964",
            (
                BAD,
                r#"{"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter"}}"#,
            ),
            "apwj",
        ),
        refuses(
            "Anthropic",
            Anthropic,
            "no combination at the top of a tool's schema",
            "anthropics/claude-code#40075",
            (
                BAD,
                r#"{"type": "error", "error": {"type": "invalid_request_error", "message": "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"}}"#,
            ),
            "w",
        ),
        refuses(
            "Anthropic",
            Anthropic,
            "a prompt longer than the context",
            "crewAIInc/crewAI PR#4371",
            (
                BAD,
                r#"{"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 210094 tokens > 200000 maximum"}}"#,
            ),
            "w",
        ),
        refuses(
            "Anthropic",
            Anthropic,
            "prompt and limit together above the context",
            "kortix-ai/suna#172",
            (
                BAD,
                r#"{"type": "error", "error": {"type": "invalid_request_error", "message": "input length and `max_tokens` exceed context limit: 11000 + 4000 > 12000, decrease input length or `max_tokens` and try again"}}"#,
            ),
            "apwj",
        ),
        refuses(
            "Bedrock",
            Anthropic,
            "an answer's limit above the model's, in a sentence alone",
            "sigoden/aichat PR#813",
            (
                BAD,
                r#"{"message": "The maximum tokens you requested exceeds the model limit of 1024. Try again with a maximum tokens value that is lower than 1024."}"#,
            ),
            "apwj",
        ),
        refuses(
            "Bedrock",
            OpenAi,
            "a context without a number",
            "aws-samples/assessment-generator#2",
            (
                BAD,
                r#"{"message": "Input is too long for requested model."}"#,
            ),
            "w",
        ),
        refuses(
            "Gemini",
            OpenAi,
            "errors in a list, tools by their place",
            "TokenRhythm/opensquilla#1263, the list in Simpleyyt/ai-manus#101",
            (
                BAD,
                r#"[{"error": {"code": 400, "message": "* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties[rows].items.items: missing field.\n", "status": "INVALID_ARGUMENT"}}]"#,
            ),
            "w",
        ),
        answers(
            "Gemini",
            OpenAi,
            "ends in capitals behind a gateway",
            "QwenLM/qwen-code#9882",
            |answer| with_reason(answer, json!("STOP")),
        ),
        refuses(
            "Mistral",
            OpenAi,
            "no additional fields",
            "Gage-Technologies/mistral-go#3",
            (
                "422 Unprocessable Entity",
                r#"{"object": "error", "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "response_format", "json_schema", "strict"], "msg": "Extra inputs are not permitted"}]}, "type": "invalid_request_error"}"#,
            ),
            "apj",
        ),
        refuses(
            "Mistral",
            OpenAi,
            "problems in a list",
            "partITech/php-mistral#76",
            (
                "422 Unprocessable Entity",
                r#"{"detail": [{"type": "extra_forbidden", "loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}]}"#,
            ),
            "apj",
        ),
        answers(
            "Mistral",
            OpenAi,
            "thinking as a part of the content",
            "docs.mistral.ai/capabilities/reasoning",
            |mut answer| {
                let text = answer["choices"][0]["message"]["content"].take();
                let parts = json!([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": text}]);
                answer["choices"][0]["message"]["content"] =
                    if text.is_null() { text } else { parts };
                answer
            },
        ),
        refuses(
            "DeepSeek",
            OpenAi,
            "no json_schema",
            "llm-exe/llm-exe#662",
            (
                BAD,
                r#"{"error": {"message": "This response_format type is unavailable now", "type": "invalid_request_error", "param": null, "code": "invalid_request_error"}}"#,
            ),
            "apj",
        ),
        refuses(
            "DeepSeek",
            OpenAi,
            "a range of an answer's limit",
            "deepseek-ai/DeepSeek-V3#69",
            (
                BAD,
                r#"{"error": {"message": "Invalid max_tokens value, the valid range of max_tokens is [1, 1024]", "type": "invalid_request_error"}}"#,
            ),
            "apwj",
        ),
        answers(
            "DeepSeek",
            OpenAi,
            "thinking in a field of its own",
            "api-docs.deepseek.com/guides/thinking_mode",
            |mut answer| {
                answer["choices"][0]["message"]["reasoning_content"] = json!("hm");
                answer
            },
        ),
        refuses(
            "OpenRouter",
            OpenAi,
            "the upstream's words in metadata",
            "reVrost/go-openrouter PR#21",
            (
                BAD,
                r#"{"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "{\"error\": {\"message\": \"json_schema is not supported\"}}", "provider_name": "x"}}}"#,
            ),
            "apj",
        ),
        refuses(
            "OpenRouter",
            OpenAi,
            "a refusal in the body of a 200",
            "openrouter.ai/docs/api/reference/errors-and-debugging",
            (
                "200 OK",
                r#"{"error": {"message": "response_format is not supported by this endpoint", "code": 400}}"#,
            ),
            "apj",
        ),
        refuses(
            "LiteLLM",
            OpenAi,
            "the upstream's body within a sentence",
            "OpenHands/OpenHands#5350",
            (
                BAD,
                r#"{"error": {"message": "litellm.ContextWindowExceededError: AnthropicError - {\"type\":\"error\",\"error\":{\"message\":\"prompt is too long: 209303 tokens > 200000 maximum\"}}", "type": null, "param": null, "code": "400"}}"#,
            ),
            "w",
        ),
        refuses(
            "vLLM",
            OpenAi,
            "an error without `error`",
            "vllm-project/vllm#12886",
            (
                BAD,
                r#"{"object": "error", "message": "This model's maximum context length is 12000 tokens. However, you requested 14000 tokens (10000 in the messages, 4000 in the completion).", "type": "BadRequestError", "param": null, "code": 400}"#,
            ),
            "apwj",
        ),
        answers(
            "vLLM",
            OpenAi,
            "thinking in the text",
            "triton-inference-server/perf_analyzer PR#433",
            |mut answer| {
                let content = &mut answer["choices"][0]["message"]["content"];
                if let Some(text) = content.as_str() {
                    *content = json!(format!("<think>\nhm {{}}\n</think>\n\n{text}"));
                }
                answer
            },
        ),
        answers(
            "vLLM",
            OpenAi,
            "thinking that ends and does not begin",
            "vllm-project/vllm#12999",
            |mut answer| {
                let content = &mut answer["choices"][0]["message"]["content"];
                if let Some(text) = content.as_str() {
                    *content = json!(format!("hm {{}}\n</think>\n\n{text}"));
                }
                answer
            },
        ),
        refuses(
            "llama.cpp",
            OpenAi,
            "a context exceeded with status 500",
            "ggml-org/llama.cpp PR#15780",
            (
                "500 Internal Server Error",
                r#"{"error": {"code": 500, "message": "the request exceeds the available context size. try increasing the context size or enable context shift", "type": "exceed_context_size_error", "n_prompt_tokens": 14070, "n_ctx": 12000}}"#,
            ),
            "w",
        ),
        answers(
            "llama.cpp",
            OpenAi,
            "a call left in the text",
            "ggml-org/llama.cpp#15012",
            |mut answer| {
                let message = &mut answer["choices"][0]["message"];
                if let Some(function) = message["tool_calls"][0].get("function").cloned() {
                    let arguments: Value =
                        serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
                    let call = json!({"name": function["name"], "arguments": arguments});
                    *message = json!({"role": "assistant", "content": format!("<tool_call>\n{call}\n</tool_call>")});
                    return with_reason(answer, json!("stop"));
                }
                answer
            },
        ),
        answers(
            "Ollama",
            OpenAi,
            "no reason for the end",
            "ollama/ollama openai/openai.go",
            |answer| with_reason(answer, json!(null)),
        ),
        refuses(
            "Ollama",
            OpenAi,
            "an error as a text",
            "docs.ollama.com/api/errors",
            (BAD, r#"{"error": "invalid json_schema in format"}"#),
            "apj",
        ),
        refuses(
            "Ollama",
            OpenAi,
            "a schema refused with status 500",
            "datalab-to/marker#984",
            (
                "500 Internal Server Error",
                r#"{"error": {"message": "invalid JSON schema in format", "type": "api_error", "param": null, "code": null}}"#,
            ),
            "apj",
        ),
        answers(
            "a compatible server",
            OpenAi,
            "no usage",
            "SocialGouv/iterion#473",
            |mut answer| {
                answer["usage"] = json!(null);
                answer
            },
        ),
        answers(
            "a compatible server",
            OpenAi,
            "calls without an id",
            "awaescher/OllamaSharp#97",
            |mut answer| {
                if let Some(call) = answer.pointer_mut("/choices/0/message/tool_calls/0") {
                    call["id"] = json!("");
                }
                answer
            },
        ),
    ]
}

fn with_reason(mut answer: Value, reason: Value) -> Value {
    answer["choices"][0]["finish_reason"] = reason;
    answer
}
