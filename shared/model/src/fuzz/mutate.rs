//! Mutations of good answers, by a seed: nulls, fractions, missing and additional fields, other types, ends, content
//! types, byte order marks, halves of surrogate pairs, ids, and errors of every form. The same seed gives the same case.

use serde_json::{Map, Value, json};

/// Numbers of a seed (splitmix64).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        number ^ (number >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    fn one_of<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let place = self.below(from.len());
        from.get(place).cloned()
    }
}

/// A mutated answer.
pub(crate) struct Case {
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// True if what the model said, or its calls, may have been changed, and not only what stands around them.
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
pub(crate) fn mutated(original: &Value, numbers: &mut Numbers) -> Case {
    let mut value = original.clone();
    let mut touches_content = false;
    for _ in 0..=numbers.below(3) {
        touches_content |= mutate(&mut value, false, numbers);
    }
    let mut body = value.to_string().into_bytes();
    touches_content |= disturb(&mut body, numbers);
    let content_types = [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "text/event-stream",
        "text/html",
        "",
    ];
    Case {
        content_type: numbers.one_of(&content_types).unwrap_or_default(),
        body,
        touches_content,
    }
}

/// An error's body in some form, and a status for it.
pub(crate) fn error(numbers: &mut Numbers) -> (&'static str, Vec<u8>) {
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
    let said = numbers.one_of(&sentences).unwrap_or_default();
    let forms = [
        json!({"error": {"message": said, "type": "t", "code": 400}}),
        json!({"type": "error", "error": {"type": "invalid_request_error", "message": said}}),
        json!({"object": "error", "message": said}),
        json!({"error": said}),
        json!({"detail": [{"loc": ["body", 1, null], "msg": said}]}),
        json!([{"error": {"message": said}}]),
        json!(said),
        json!({"error": {"error": {"error": {"error": {"error": {"error": {"error": said}}}}}}}),
        json!(null),
    ];
    let status = numbers.one_of(&[
        "400 Bad Request",
        "422 Unprocessable Entity",
        "413 Payload Too Large",
        "500 Internal Server Error",
        "404 Not Found",
    ]);
    let mut body = numbers
        .one_of(&forms)
        .unwrap_or_default()
        .to_string()
        .into_bytes();
    match numbers.below(4) {
        0 => body = format!("<html><head><style>{said}</head><body>{said}<").into_bytes(),
        1 => body = said.as_bytes().to_vec(),
        _ => {
            disturb(&mut body, numbers);
        }
    }
    (status.unwrap_or("400 Bad Request"), body)
}

/// Fields whose contents are what the model said.
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

/// Mutates one place of the value; true if it is within what the model said.
fn mutate(value: &mut Value, is_content: bool, numbers: &mut Numbers) -> bool {
    let goes_deeper = numbers.below(4) != 0;
    match value {
        Value::Object(fields) if goes_deeper && !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = numbers.one_of(&names).unwrap_or_default();
            let is_part = CONTENT.contains(&name.as_str());
            // Within a message or a choice only some fields are what was said; the field as a whole is.
            let is_frame = ["message", "choices"].contains(&name.as_str());
            match numbers.below(6) {
                0 => {
                    fields.remove(&name);
                    is_content || is_part
                }
                1 => {
                    add(fields, numbers);
                    is_content
                }
                _ => match fields.get_mut(&name) {
                    Some(inner)
                        if is_frame
                            && (inner.is_object() || inner.is_array())
                            && numbers.below(8) != 0 =>
                    {
                        mutate_inside(inner, is_content, numbers)
                    }
                    Some(inner) if name.ends_with("_reason") => {
                        *inner = end(numbers);
                        is_content
                    }
                    Some(inner) => mutate(inner, is_content || is_part, numbers),
                    None => is_content,
                },
            }
        }
        Value::Array(items) if goes_deeper && !items.is_empty() => {
            let place = numbers.below(items.len());
            match items.get_mut(place) {
                Some(item) => mutate(item, is_content, numbers),
                None => is_content,
            }
        }
        value => {
            replace(value, numbers);
            is_content
        }
    }
}

/// Mutates within an object or a list, and never the whole of it.
fn mutate_inside(value: &mut Value, is_content: bool, numbers: &mut Numbers) -> bool {
    match value {
        Value::Array(items) => match items.first_mut() {
            Some(first) if first.is_object() => mutate_inside(first, is_content, numbers),
            _ => is_content,
        },
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = numbers.one_of(&names).unwrap_or_default();
            let mut one = Value::Object(
                fields
                    .remove(&name)
                    .map(|inner| (name, inner))
                    .into_iter()
                    .collect(),
            );
            let touched = mutate(&mut one, is_content, numbers);
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

fn end(numbers: &mut Numbers) -> Value {
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
    numbers.one_of(&ends).unwrap_or_default()
}

fn add(fields: &mut Map<String, Value>, numbers: &mut Numbers) {
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
    let name = numbers.one_of(&names).unwrap_or_default();
    let mut value = Value::Null;
    replace(&mut value, numbers);
    fields.entry(name).or_insert(value);
}

fn replace(value: &mut Value, numbers: &mut Numbers) {
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
    *value = match (&*value, numbers.below(3)) {
        (Value::Number(number), 0) => json!(number.to_string()),
        (Value::Number(number), 1) => json!(number.as_f64().unwrap_or_default() + 0.0),
        (Value::String(text), 0) => json!([text]),
        _ => numbers.one_of(&others).unwrap_or_default(),
    };
}

/// Changes bytes; true if a text may have another content after it.
fn disturb(body: &mut Vec<u8>, numbers: &mut Numbers) -> bool {
    match numbers.below(12) {
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
            body.truncate(numbers.below(body.len()));
            true
        }
        3 => {
            let at = numbers.below(body.len());
            body.splice(at..at, *b"\\ud83d");
            true
        }
        4 => {
            let at = numbers.below(body.len());
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
