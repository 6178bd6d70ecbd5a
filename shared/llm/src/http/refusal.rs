//! The provider's sentence in the body of a failure, whatever the body's form.
//!
//! Forms that are read: an object `error` with a message and codes (OpenAI, Anthropic), a list of such objects (Gemini),
//! a text under `error` (Ollama), `object: error` with a message (vLLM), `detail` as a text or a list with places
//! (FastAPI, Mistral), an upstream's own body in `metadata.raw` (OpenRouter), plain text, and HTML.

use serde_json::Value;

use crate::json_text;

/// Characters of the sentence that are passed on.
const SENTENCE_CHARS: usize = 300;

/// Characters of the sentence that are looked at.
const MESSAGE_CHARS: usize = 4_000;

/// Levels of a body that are looked at.
const MAX_DEPTH: usize = 6;

/// Fields that hold a sentence or lead to one, the most specific first.
const SENTENCES: [&str; 9] = [
    "message", "Message", "msg", "detail", "details", "errors", "error", "title", "reason",
];

/// A provider's description of a failure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusal {
    /// The sentence, whole as far as a bound permits.
    pub(crate) message: String,
    /// Words for programs: types, codes, and the parameter's name.
    pub(crate) codes: Vec<String>,
    /// The size of the context, where a field of its own holds it.
    pub(crate) context_tokens: Option<u64>,
    /// True if the status means that the body is too large.
    pub(crate) is_too_large: bool,
}

impl Refusal {
    /// Reads a body.
    pub(crate) fn read(body: &[u8]) -> Self {
        match json_text::parse(body) {
            Ok(value) => Self::of(&value),
            Err(_) => Self {
                message: cut(&plain_text(&String::from_utf8_lossy(body)), MESSAGE_CHARS),
                ..Self::default()
            },
        }
    }

    /// Reads a body that is JSON, or the error in it.
    pub(crate) fn of(body: &Value) -> Self {
        let mut message = sentence(body, 0).unwrap_or_default();
        let error = error_in(body);
        // The upstream's body is more precise than the router's own sentence.
        let upstream = match error.pointer("/metadata/raw") {
            Some(Value::String(raw)) => Self::read(raw.as_bytes()).message,
            Some(raw) => sentence(raw, 0).unwrap_or_default(),
            None => String::new(),
        };
        if !upstream.is_empty() && !message.contains(&upstream) {
            message = format!("{message}: {upstream}");
        }
        let codes = [error, body].into_iter().flat_map(|fields| {
            let names = ["type", "code", "status", "param", "__type"].into_iter();
            names.filter_map(|name| match fields.get(name)? {
                Value::String(word) => Some(word.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
        });
        Self {
            message: cut(&plain_text(&message), MESSAGE_CHARS),
            codes: codes.collect(),
            context_tokens: error.get("n_ctx").and_then(Value::as_u64),
            is_too_large: false,
        }
    }

    /// The sentence as it is passed on.
    pub(crate) fn sentence(&self) -> String {
        cut(&self.message, SENTENCE_CHARS)
    }

    pub(crate) fn has_code(&self, words: &[&str]) -> bool {
        self.codes.iter().any(|code| words.contains(&code.as_str()))
    }

    /// OpenAI's codes, Anthropic's type, and Anthropic's sentence under `invalid_request_error`.
    pub(crate) fn has_no_credit(&self) -> bool {
        self.has_code(&[
            "insufficient_quota",
            "billing_error",
            "billing_hard_limit_reached",
        ]) || self.message.contains("credit balance is too low")
    }
}

/// The error of a body that succeeded by its status; none of one without an error.
pub(crate) fn late_error(body: &Value) -> Option<&Value> {
    let is_error = |name: &str| body.get(name).and_then(Value::as_str) == Some("error");
    match body.get("error") {
        None | Some(Value::Null | Value::Bool(false)) => {
            (is_error("object") || is_error("type")).then_some(body)
        }
        Some(Value::String(text)) if text.is_empty() => None,
        Some(error) => Some(error),
    }
}

fn error_in(body: &Value) -> &Value {
    let body = match body {
        Value::Array(items) => items.first().unwrap_or(body),
        body => body,
    };
    match body.get("error") {
        Some(error @ Value::Object(_)) => error,
        _ => body,
    }
}

fn sentence(value: &Value, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.trim().to_owned()),
        Value::Array(items) => {
            let sentences = items
                .iter()
                .take(5)
                .filter_map(|item| sentence(item, depth + 1));
            let all = sentences.collect::<Vec<_>>().join("; ");
            (!all.is_empty()).then_some(all)
        }
        Value::Object(fields) => {
            // The innermost error is more precise than a field beside it.
            let inner = fields.get("error").filter(|error| !error.is_string());
            let found = inner
                .and_then(|inner| sentence(inner, depth + 1))
                .or_else(|| {
                    let mut named = SENTENCES.iter().filter_map(|name| fields.get(*name));
                    named.find_map(|value| sentence(value, depth + 1))
                })?;
            let place = fields.get("loc").and_then(Value::as_array);
            let place = place.map(|parts| parts.iter().map(word).collect::<Vec<_>>().join("."));
            Some(match place {
                Some(place) => format!("{place}: {found}"),
                None => found,
            })
        }
        _ => None,
    }
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A text without tags, scripts and line ends.
fn plain_text(text: &str) -> String {
    let start = text.trim_start().to_lowercase();
    let is_html =
        start.starts_with("<!doctype") || start.starts_with("<html") || start.contains("</");
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<').filter(|_| is_html) {
        kept.push_str(before);
        kept.push(' ');
        let name: String = tag.chars().take(6).collect::<String>().to_lowercase();
        let hidden = [("script", "</script>"), ("style", "</style>")];
        let end = hidden.iter().find(|(start, _)| name.starts_with(start));
        let after = match end {
            Some((_, end)) => tag.split_once(end),
            None => tag.split_once('>'),
        };
        rest = after.map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sentence_is_found_in_every_form() {
        let forms = [
            json!({"error": {"message": "too long", "type": "x", "code": null}}),
            json!({"type": "error", "error": {"type": "x", "message": "too long"}}),
            json!([{"error": {"code": 400, "message": "too long", "status": "INVALID_ARGUMENT"}}]),
            json!({"error": "too long"}),
            json!({"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}),
            json!({"detail": "too long"}),
            json!({"message": {"detail": [{"msg": "too long"}]}}),
            json!({"__type": "ValidationException", "Message": "too long"}),
            json!({"status": 400, "error": "Bad Request", "message": "too long"}),
            json!({"error": {"error": {"message": "too long"}}}),
            json!({"errors": [{"message": "too long"}]}),
            json!("too long"),
        ];
        for form in forms {
            assert_eq!(
                Refusal::read(form.to_string().as_bytes()).message,
                "too long",
                "{form}"
            );
        }
        for (text, expected) in [
            ("too\n long", "too long"),
            (
                "<html><head><style>a{}</style><title>413</title></head><body><h1>too long</h1></body>",
                "413 too long",
            ),
            ("context is 5 < 7", "context is 5 < 7"),
            ("", ""),
            ("{}", ""),
            ("[null, 7]", ""),
        ] {
            assert_eq!(Refusal::read(text.as_bytes()).message, expected);
        }
    }

    #[test]
    fn places_and_upstreams_are_named() {
        let body =
            json!({"detail": [{"loc": ["body", "x", 0], "msg": "Extra inputs are not permitted"}]});
        assert_eq!(
            Refusal::of(&body).message,
            "body.x.0: Extra inputs are not permitted"
        );
        let body = json!({"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "{\"error\":{\"message\":\"no such field\"}}"}}});
        let refusal = Refusal::of(&body);
        assert_eq!(refusal.message, "Provider returned error: no such field");
        assert!(refusal.has_code(&["400"]));
    }

    #[test]
    fn body_without_an_error_has_none() {
        for body in [
            json!({"error": null}),
            json!({"object": "chat.completion"}),
            json!({"error": ""}),
            json!({"error": false}),
        ] {
            assert_eq!(late_error(&body), None, "{body}");
        }
        assert!(late_error(&json!({"object": "error", "message": "m"})).is_some());
    }
}
