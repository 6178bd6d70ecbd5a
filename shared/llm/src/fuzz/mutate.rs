//! Mutations of good answers, by a seed: nulls, fractions, missing and additional fields, other types, ends, content
//! types, byte order marks, halves of surrogate pairs, ids, and errors of every form. The same seed gives the same case.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Returns the generator of one case.
pub(crate) fn generator(seed: u64) -> Rng {
    // The first numbers of neighbouring seeds are correlated; those of their forks are not.
    Rng::with_seed(seed).fork()
}

/// A mutated answer.
pub(crate) struct Case {
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// True if the model's text or calls may have been changed, and not only the fields around them.
    pub(crate) touches_content: bool,
}

/// Answers with all fields of the reference, of one protocol: a text, two calls with a text, and a text as JSON.
pub(crate) fn originals(is_anthropic: bool) -> Vec<Value> {
    let texts = ["The whole report, with every number.", "{\"verdicts\": []}"];
    if is_anthropic {
        let usage = json!({"input_tokens": 120, "output_tokens": 30, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 0});
        let message = |content: Value, reason: &str| {
            json!({"id": "msg_1", "type": "message", "role": "assistant",
            "model": "m", "content": content, "stop_reason": reason, "stop_sequence": null, "usage": usage})
        };
        let call = |id: &str, expression: &str| json!({"type": "tool_use", "id": id, "name": "calculate", "input": {"expression": expression}});
        let mut all: Vec<Value> = texts
            .iter()
            .map(|text| message(json!([{"type": "text", "text": text}]), "end_turn"))
            .collect();
        all.push(message(json!([{"type": "text", "text": "Two looks."}, call("toolu_1", "1+1"), call("toolu_2", "2+2")]), "tool_use"));
        return all;
    }
    let completion = |message: Value, reason: &str| {
        json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "m",
        "system_fingerprint": "fp", "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": reason}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150, "prompt_tokens_details": {"cached_tokens": 64}}})
    };
    let call = |id: &str, expression: &str| {
        json!({"id": id, "type": "function", "function": {"name": "calculate",
        "arguments": json!({"expression": expression}).to_string()}})
    };
    let mut all: Vec<Value> = texts
        .iter()
        .map(|text| {
            completion(
                json!({"role": "assistant", "content": text, "refusal": null}),
                "stop",
            )
        })
        .collect();
    all.push(completion(json!({"role": "assistant", "content": "Two looks.", "tool_calls": [call("call_1", "1+1"), call("call_2", "2+2")]}), "tool_calls"));
    all
}

/// Mutates one answer one to four times.
pub(crate) fn mutated(original: &Value, rng: &mut Rng) -> Case {
    let mut value = original.clone();
    let mut touches_content = false;
    for _ in 0..=rng.usize(..3) {
        touches_content |= mutate(&mut value, false, rng);
    }
    let mut body = value.to_string().into_bytes();
    touches_content |= disturb(&mut body, rng);
    let content_types = [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "text/event-stream",
        "text/html",
        "",
    ];
    Case {
        content_type: rng.choice(content_types).unwrap_or_default(),
        body,
        touches_content,
    }
}

/// An error's body in some form, and a status for it.
pub(crate) fn error(rng: &mut Rng) -> (&'static str, Vec<u8>) {
    let sentences = [
        "This response_format type is unavailable now",
        "max_tokens is too large: 32000. This model supports at most 70 completion tokens",
        "Use 'max_completion_tokens' instead of 'max_tokens', which is not supported",
        "This model's maximum context length is 8192 tokens",
        "tools.0.custom.input_schema: no such word",
        "prompt is too long: 9 tokens > \u{221e}",
        "something else",
        "",
    ];
    let sentence = rng.choice(sentences).unwrap_or_default();
    let forms = [
        json!({"error": {"message": sentence, "type": "t", "code": 400}}),
        json!({"type": "error", "error": {"type": "invalid_request_error", "message": sentence}}),
        json!({"object": "error", "message": sentence}),
        json!({"error": sentence}),
        json!({"detail": [{"loc": ["body", 1, null], "msg": sentence}]}),
        json!([{"error": {"message": sentence}}]),
        json!(sentence),
        json!({"error": {"error": {"error": {"error": {"error": {"error": {"error": sentence}}}}}}}),
        json!(null),
    ];
    let status = rng.choice([
        "400 Bad Request",
        "422 Unprocessable Entity",
        "413 Payload Too Large",
        "500 Internal Server Error",
        "404 Not Found",
    ]);
    let mut body = rng
        .choice(forms)
        .unwrap_or_default()
        .to_string()
        .into_bytes();
    match rng.usize(..4) {
        0 => body = format!("<html><head><style>{sentence}</head><body>{sentence}<").into_bytes(),
        1 => body = sentence.as_bytes().to_vec(),
        _ => {
            disturb(&mut body, rng);
        }
    }
    (status.unwrap_or("400 Bad Request"), body)
}

/// Fields that hold the model's own content.
const CONTENT: [&str; 10] = [
    "content",
    "text",
    "tool_calls",
    "function",
    "arguments",
    "input",
    "name",
    "type",
    "message",
    "choices",
];

/// Mutates one place of the value; true if it is within the model's own content.
fn mutate(value: &mut Value, is_content: bool, rng: &mut Rng) -> bool {
    let goes_deeper = rng.usize(..4) != 0;
    match value {
        Value::Object(fields) if goes_deeper && !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = rng.choice(names).unwrap_or_default();
            let is_part = CONTENT.contains(&name.as_str());
            // Within a message or a choice only some fields are the model's content; the field as a whole is.
            let is_frame = ["message", "choices"].contains(&name.as_str());
            match rng.usize(..6) {
                0 => {
                    fields.remove(&name);
                    is_content || is_part
                }
                1 => {
                    add(fields, rng);
                    is_content
                }
                _ => match fields.get_mut(&name) {
                    Some(inner)
                        if is_frame
                            && (inner.is_object() || inner.is_array())
                            && rng.usize(..8) != 0 =>
                    {
                        mutate_inside(inner, is_content, rng)
                    }
                    Some(inner) if name.ends_with("_reason") => {
                        *inner = end(rng);
                        is_content
                    }
                    Some(inner) => mutate(inner, is_content || is_part, rng),
                    None => is_content,
                },
            }
        }
        Value::Array(items) if goes_deeper && !items.is_empty() => match rng.choice(items) {
            Some(item) => mutate(item, is_content, rng),
            None => is_content,
        },
        value => {
            replace(value, rng);
            is_content
        }
    }
}

/// Mutates within an object or a list, and never the whole of it.
fn mutate_inside(value: &mut Value, is_content: bool, rng: &mut Rng) -> bool {
    match value {
        Value::Array(items) => match items.first_mut() {
            Some(first) if first.is_object() => mutate_inside(first, is_content, rng),
            _ => is_content,
        },
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = rng.choice(names).unwrap_or_default();
            let mut one = Value::Object(
                fields
                    .remove(&name)
                    .map(|inner| (name, inner))
                    .into_iter()
                    .collect(),
            );
            let touched = mutate(&mut one, is_content, rng);
            match one {
                Value::Object(one) => fields.extend(one),
                // The field as a whole became something else: it is missing.
                _ => return true,
            }
            touched
        }
        _ => is_content,
    }
}

fn end(rng: &mut Rng) -> Value {
    let ends = [
        json!("error"),
        json!("stop"),
        json!("STOP"),
        json!("end_turn"),
        json!("length"),
        json!("max_tokens"),
        json!("content_filter"),
        json!("refusal"),
        json!("pause_turn"),
        json!("tool_calls"),
        json!("tool_use"),
        json!("abort"),
        json!("?"),
        json!(null),
        json!(1.5),
        json!(["stop"]),
        json!(""),
    ];
    rng.choice(ends).unwrap_or_default()
}

fn add(fields: &mut Map<String, Value>, rng: &mut Rng) {
    let names = [
        "extra",
        "error",
        "object",
        "reasoning_content",
        "refusal_reason",
        "x_groq",
        "usage_metadata",
        "\u{0}",
    ];
    let name = rng.choice(names).unwrap_or_default();
    let mut value = Value::Null;
    replace(&mut value, rng);
    fields.entry(name).or_insert(value);
}

fn replace(value: &mut Value, rng: &mut Rng) {
    let long = "x".repeat(300);
    let others = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-7),
        json!(1.5),
        json!(1e300),
        json!(9_007_199_254_740_993_u64),
        json!(""),
        json!("text"),
        json!(long),
        json!("\u{0}\u{fffd}"),
        json!([]),
        json!({}),
        json!([null]),
        json!({"message": "m"}),
        json!([[[[]]]]),
        json!("<think>so"),
        json!("{\"name\": \"calculate\", \"arguments\": {\"expression\": \"9\"}}"),
        json!("{"),
        json!("error"),
    ];
    *value = match (&*value, rng.usize(..3)) {
        (Value::Number(number), 0) => json!(number.to_string()),
        (Value::Number(number), 1) => json!(number.as_f64().unwrap_or_default() + 0.0),
        (Value::String(text), 0) => json!([text]),
        _ => rng.choice(others).unwrap_or_default(),
    };
}

/// Changes bytes; true if a text may have another content after it.
fn disturb(body: &mut Vec<u8>, rng: &mut Rng) -> bool {
    match rng.usize(..12) {
        0 => {
            body.splice(0..0, *b"\xef\xbb\xbf");
            false
        }
        1 => {
            body.splice(0..0, *b"\n \t");
            body.extend_from_slice(b"\r\n");
            false
        }
        2 => {
            body.truncate(rng.usize(..body.len()));
            true
        }
        3 => {
            let at = rng.usize(..body.len());
            body.splice(at..at, *b"\\ud83d");
            true
        }
        4 => {
            let at = rng.usize(..body.len());
            if let Some(byte) = body.get_mut(at) {
                *byte = b'\xff';
            }
            true
        }
        5 => {
            body.splice(0..0, *b"data: ");
            true
        }
        _ => false,
    }
}
