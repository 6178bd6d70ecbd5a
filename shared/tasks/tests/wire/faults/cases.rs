//! Faults of providers' servers and the errors that they have to become.

use llm::Charged;
use serde_json::{Value, json};

use crate::anthropic;
use crate::server::Reply;

/// The error that a fault has to become.
pub(super) struct Case {
    pub(super) reply: Reply,
    pub(super) code: &'static str,
    pub(super) retryable: bool,
    pub(super) after: Option<u64>,
    pub(super) charged: Charged,
    /// Part of the sentence.
    pub(super) mentions: &'static str,
}

fn case(reply: Reply, code: &'static str) -> Case {
    let terminal = ["model_wrong_key", "model_no_credit", "model_refused"];
    let unknown = ["model_unavailable", "model_timeout", "model_malformed"];
    Case {
        reply,
        code,
        retryable: !terminal.contains(&code),
        after: None,
        charged: if unknown.contains(&code) {
            Charged::Unknown
        } else {
            Charged::No
        },
        mentions: "",
    }
}

impl Case {
    fn after(self, seconds: u64) -> Self {
        Self {
            after: Some(seconds),
            ..self
        }
    }

    fn mentions(self, mentions: &'static str) -> Self {
        Self { mentions, ..self }
    }
}

/// OpenAI's form of an error.
pub(super) fn theirs(message: &str, code: Value) -> Value {
    json!({"error": {"message": message, "type": "x", "param": null, "code": code}})
}

/// Anthropic's form of an error.
pub(super) fn error_body(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})
}

/// What both have in common, whatever the body.
pub(super) fn common() -> Vec<Case> {
    let plain = |head: &str| Reply::status(head, json!({"error": {"message": "m"}}));
    let text = |content_type: &str, body: &str| {
        Reply::Whole(
            format!("200 OK\r\ncontent-type: {content_type}"),
            body.into(),
        )
    };
    let dated = "429 Too Many Requests\r\ndate: Sun, 22 Nov 2026 12:00:00 GMT\r\nretry-after: Sun, 22 Nov 2026 12:01:30 GMT";
    let past = "429 Too Many Requests\r\ndate: Sun, 22 Nov 2026 12:00:00 GMT\r\nretry-after: Sun, 22 Nov 2026 11:00:00 GMT";
    vec![
        case(plain("401 Unauthorized"), "model_wrong_key").mentions("401"),
        case(plain("403 Forbidden"), "model_wrong_key").mentions("403"),
        case(plain("402 Payment Required"), "model_no_credit").mentions("no credit"),
        case(plain("429 Too Many Requests"), "model_rate_limited"),
        case(
            plain("429 Too Many Requests\r\nretry-after: 7"),
            "model_rate_limited",
        )
        .after(7),
        case(
            plain("429 Too Many Requests\r\nretry-after: 6.2"),
            "model_rate_limited",
        )
        .after(7),
        case(
            plain("429 Too Many Requests\r\nretry-after: 999999999"),
            "model_rate_limited",
        )
        .after(86_400),
        case(
            plain("429 Too Many Requests\r\nretry-after: -3"),
            "model_rate_limited",
        ),
        case(
            plain("429 Too Many Requests\r\nretry-after: soon"),
            "model_rate_limited",
        ),
        case(plain(dated), "model_rate_limited").after(90),
        case(plain(past), "model_rate_limited").after(0),
        case(
            plain("503 Service Unavailable\r\nretry-after: 3"),
            "model_overloaded",
        )
        .after(3),
        case(plain("529 Overloaded"), "model_overloaded"),
        case(plain("500 Internal Server Error"), "model_unavailable").mentions("500"),
        case(
            Reply::Whole("502 Bad Gateway".into(), "<html>".into()),
            "model_unavailable",
        )
        .mentions("502"),
        case(plain("504 Gateway Timeout"), "model_timeout"),
        case(plain("408 Request Timeout"), "model_timeout"),
        case(plain("409 Conflict"), "model_unavailable"),
        case(plain("400 Bad Request"), "model_refused").mentions("400 Bad Request: m"),
        case(
            plain("500 Internal Server Error\r\nrequest-id: req_011"),
            "model_unavailable",
        )
        .mentions("(request req_011)"),
        case(
            plain("400 Bad Request\r\nx-request-id: 0a-1b"),
            "model_refused",
        )
        .mentions("(request 0a-1b): m"),
        case(
            plain("400 Bad Request\r\nx-request-id: <b>no id</b>"),
            "model_refused",
        )
        .mentions("400 Bad Request: m"),
        case(plain("404 Not Found"), "model_refused").mentions("check the model's name"),
        case(plain("413 Payload Too Large"), "model_refused").mentions("larger than it takes"),
        case(plain("422 Unprocessable Entity"), "model_refused"),
        case(
            plain("302 Found\r\nlocation: http://127.0.0.1:1/"),
            "model_refused",
        )
        .mentions("names another place"),
        case(
            plain("308 Permanent Redirect\r\nlocation: http://127.0.0.1:1/"),
            "model_refused",
        ),
        case(
            text("text/html; charset=utf-8", "<p>Sign in</p>"),
            "model_malformed",
        )
        .mentions("check its base URL"),
        case(text("application/json", "not json"), "model_malformed").mentions("no JSON"),
        case(text("application/json", "{}"), "model_malformed"),
        case(text("application/json", "[]"), "model_malformed"),
        case(text("application/json", ""), "model_malformed"),
        case(Reply::Cut("{\"id\": ".into()), "model_unavailable"),
        case(Reply::Endless, "model_malformed").mentions("larger than 4194304 bytes"),
        case(
            Reply::json(json!({"pad": "x".repeat(5 << 20)})),
            "model_malformed",
        )
        .mentions("larger than"),
    ]
}

pub(super) fn of_openai() -> Vec<Case> {
    let quota = theirs(
        "You exceeded your current quota",
        json!("insufficient_quota"),
    );
    let limit = theirs("Rate limit reached", json!("rate_limit_exceeded"));
    let length = theirs(
        "maximum context length is 128000 tokens",
        json!("context_length_exceeded"),
    );
    let late = |code: Value| Reply::json(json!({"error": {"message": "upstream", "code": code}}));
    let no_choice = json!({"id": "x", "model": "m", "choices": []});
    vec![
        case(
            Reply::status("429 Too Many Requests", quota),
            "model_no_credit",
        ),
        case(
            Reply::status("429 Too Many Requests", limit),
            "model_rate_limited",
        ),
        case(Reply::status("400 Bad Request", length), "model_refused")
            .mentions("maximum context length"),
        case(Reply::json(no_choice), "model_malformed").mentions("no choices"),
        // A router that answers 200 first.
        case(late(json!(429)), "model_rate_limited"),
        case(late(json!(401)), "model_wrong_key"),
        case(late(json!("odd")), "model_unavailable").mentions("upstream"),
        case(
            Reply::status("400 Bad Request", json!({"error": "just words"})),
            "model_refused",
        )
        .mentions("just words"),
    ]
}

pub(super) fn of_anthropic() -> Vec<Case> {
    let low = error_body(
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API.",
    );
    let no_id = anthropic::message(json!([{"type": "tool_use", "input": {}}]), "tool_use");
    vec![
        case(
            Reply::status(
                "529 \r\nretry-after: 12",
                error_body("overloaded_error", "Overloaded"),
            ),
            "model_overloaded",
        )
        .after(12),
        case(
            Reply::status(
                "500 Internal Server Error",
                error_body("overloaded_error", "Overloaded"),
            ),
            "model_overloaded",
        ),
        case(
            Reply::status(
                "429 Too Many Requests\r\nretry-after: 4",
                error_body("rate_limit_error", "m"),
            ),
            "model_rate_limited",
        )
        .after(4),
        case(Reply::status("400 Bad Request", low), "model_no_credit"),
        case(
            Reply::status("402 Payment Required", error_body("billing_error", "m")),
            "model_no_credit",
        ),
        case(
            Reply::status(
                "401 Unauthorized",
                error_body("authentication_error", "invalid x-api-key"),
            ),
            "model_wrong_key",
        ),
        case(
            Reply::status("403 Forbidden", error_body("permission_error", "m")),
            "model_wrong_key",
        ),
        case(
            Reply::status(
                "404 Not Found",
                error_body("not_found_error", "model: claude-x"),
            ),
            "model_refused",
        )
        .mentions("claude-x"),
        case(
            Reply::status("504 Gateway Timeout", error_body("timeout_error", "m")),
            "model_timeout",
        ),
        case(Reply::json(no_id), "model_malformed").mentions("tool_use"),
    ]
}
