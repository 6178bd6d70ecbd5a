//! Everything that can go wrong between us and a provider: each has its code, says whether to come again and when,
//! whether it may have cost something, and holds no key.

use std::time::Duration;

use llm::{Charged, Error, Model, ModelConfig};
use serde_json::{Value, json};

use crate::server::{KEY, Reply, Server, ask, model, question};
use crate::{anthropic, openai};

/// What a fault is told as.
struct Case {
    reply: Reply,
    code: &'static str,
    retryable: bool,
    after: Option<u64>,
    charged: Charged,
    /// Part of the sentence.
    says: &'static str,
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
        says: "",
    }
}

impl Case {
    fn after(self, seconds: u64) -> Self {
        Self {
            after: Some(seconds),
            ..self
        }
    }

    fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }
}

/// OpenAI's form of an error.
fn theirs(message: &str, code: Value) -> Value {
    json!({"error": {"message": message, "type": "x", "param": null, "code": code}})
}

/// Anthropic's form of an error.
fn told(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})
}

/// What both have in common, whatever the body.
fn common() -> Vec<Case> {
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
        case(plain("401 Unauthorized"), "model_wrong_key").says("401"),
        case(plain("403 Forbidden"), "model_wrong_key").says("403"),
        case(plain("402 Payment Required"), "model_no_credit").says("no credit"),
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
        case(plain("500 Internal Server Error"), "model_unavailable").says("500"),
        case(
            Reply::Whole("502 Bad Gateway".into(), "<html>".into()),
            "model_unavailable",
        )
        .says("502"),
        case(plain("504 Gateway Timeout"), "model_timeout"),
        case(plain("408 Request Timeout"), "model_timeout"),
        case(plain("409 Conflict"), "model_unavailable"),
        case(plain("400 Bad Request"), "model_refused").says("400 Bad Request: m"),
        case(
            plain("500 Internal Server Error\r\nrequest-id: req_011"),
            "model_unavailable",
        )
        .says("(request req_011)"),
        case(
            plain("400 Bad Request\r\nx-request-id: 0a-1b"),
            "model_refused",
        )
        .says("(request 0a-1b): m"),
        case(
            plain("400 Bad Request\r\nx-request-id: <b>no id</b>"),
            "model_refused",
        )
        .says("400 Bad Request: m"),
        case(plain("404 Not Found"), "model_refused").says("check the model's name"),
        case(plain("413 Payload Too Large"), "model_refused").says("larger than it takes"),
        case(plain("422 Unprocessable Entity"), "model_refused"),
        case(
            plain("302 Found\r\nlocation: http://127.0.0.1:1/"),
            "model_refused",
        )
        .says("names another place"),
        case(
            plain("308 Permanent Redirect\r\nlocation: http://127.0.0.1:1/"),
            "model_refused",
        ),
        case(
            text("text/html; charset=utf-8", "<p>Sign in</p>"),
            "model_malformed",
        )
        .says("check its base URL"),
        case(text("application/json", "not json"), "model_malformed").says("no JSON"),
        case(text("application/json", "{}"), "model_malformed"),
        case(text("application/json", "[]"), "model_malformed"),
        case(text("application/json", ""), "model_malformed"),
        case(Reply::Cut("{\"id\": ".into()), "model_unavailable"),
        case(Reply::Endless, "model_malformed").says("larger than 4194304 bytes"),
        case(
            Reply::json(json!({"pad": "x".repeat(5 << 20)})),
            "model_malformed",
        )
        .says("larger than"),
    ]
}

fn of_openai() -> Vec<Case> {
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
            .says("maximum context length"),
        case(Reply::json(no_choice), "model_malformed").says("no choices"),
        // A router that answers 200 first.
        case(late(json!(429)), "model_rate_limited"),
        case(late(json!(401)), "model_wrong_key"),
        case(late(json!("odd")), "model_unavailable").says("upstream"),
        case(
            Reply::status("400 Bad Request", json!({"error": "just words"})),
            "model_refused",
        )
        .says("just words"),
    ]
}

fn of_anthropic() -> Vec<Case> {
    let low = told(
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API.",
    );
    let no_id = anthropic::message(json!([{"type": "tool_use", "input": {}}]), "tool_use");
    vec![
        case(
            Reply::status(
                "529 \r\nretry-after: 12",
                told("overloaded_error", "Overloaded"),
            ),
            "model_overloaded",
        )
        .after(12),
        case(
            Reply::status(
                "500 Internal Server Error",
                told("overloaded_error", "Overloaded"),
            ),
            "model_overloaded",
        ),
        case(
            Reply::status(
                "429 Too Many Requests\r\nretry-after: 4",
                told("rate_limit_error", "m"),
            ),
            "model_rate_limited",
        )
        .after(4),
        case(Reply::status("400 Bad Request", low), "model_no_credit"),
        case(
            Reply::status("402 Payment Required", told("billing_error", "m")),
            "model_no_credit",
        ),
        case(
            Reply::status(
                "401 Unauthorized",
                told("authentication_error", "invalid x-api-key"),
            ),
            "model_wrong_key",
        ),
        case(
            Reply::status("403 Forbidden", told("permission_error", "m")),
            "model_wrong_key",
        ),
        case(
            Reply::status("404 Not Found", told("not_found_error", "model: claude-x")),
            "model_refused",
        )
        .says("claude-x"),
        case(
            Reply::status("504 Gateway Timeout", told("timeout_error", "m")),
            "model_timeout",
        ),
        case(Reply::json(no_id), "model_malformed").says("tool_use"),
    ]
}

async fn check(cases: Vec<Case>, config: fn(&Server) -> ModelConfig) {
    for case in cases {
        let server = Server::start([case.reply.clone()]).await;
        let error = ask(&model(config(&server)), question("Hi"))
            .await
            .unwrap_err();
        let words = error.to_string();
        assert_eq!(
            (
                error.code(),
                error.retryable(),
                error.retry_after_seconds(),
                error.was_charged()
            ),
            (case.code, case.retryable, case.after, case.charged),
            "{words}"
        );
        let keeps_answers = !["model_refused", "model_malformed"].contains(&case.code);
        assert_eq!(
            domain::StepError::from(error.clone()).keeps_answers,
            keeps_answers,
            "{words}"
        );
        assert!(words.contains(case.says), "{}: {words}", case.says);
        is_clean(&error);
        assert_eq!(server.asked().len(), 1, "no hidden retry: {words}");
    }
}

/// Neither the key nor where it would have gone.
fn is_clean(error: &Error) {
    let words = format!("{error} {error:?}");
    assert!(
        !words.contains(KEY) && !words.contains("127.0.0.1"),
        "{words}"
    );
}

#[tokio::test]
async fn every_failure_of_a_chat_completion_has_its_code() {
    check(common(), Server::openai).await;
    check(of_openai(), Server::openai).await;
}

#[tokio::test]
async fn every_failure_of_a_message_has_its_code() {
    check(common(), Server::anthropic).await;
    check(of_anthropic(), Server::anthropic).await;
}

#[tokio::test]
async fn a_wrong_key_says_which_variable_and_secret_to_set() {
    let wrong = || Reply::status("401 Unauthorized", json!({}));
    let server = Server::start([wrong(), wrong()]).await;
    let error = ask(&model(server.openai()), question("Hi"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("OPENAI_API_KEY (secret openai_api_key)"),
        "{error}"
    );
    let error = ask(&model(server.anthropic()), question("Hi"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("ANTHROPIC_API_KEY (secret anthropic_api_key)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_a_wrong_key() {
    let server = Server::start([]).await;
    let config = |mut config: ModelConfig| {
        config.openai_api_key = config.openai_api_key.map(|_| "a\nb".to_owned().into());
        config.anthropic_api_key = config.anthropic_api_key.map(|_| "a\nb".to_owned().into());
        config
    };
    for config in [config(server.openai()), config(server.anthropic())] {
        let error = ask(&model(config), question("Hi")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.was_charged()),
            ("model_wrong_key", Charged::No)
        );
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_key_that_was_pasted_with_its_line_end_works() {
    let server = Server::start([openai::says("ok")]).await;
    let config = ModelConfig {
        openai_api_key: Some(format!("{KEY}\n").into()),
        ..server.openai()
    };
    ask(&model(config), question("Hi")).await.unwrap();
    assert!(
        server.asked()[0]
            .head
            .contains(&format!("authorization: bearer {KEY}\r\n"))
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = Server::start([openai::says("stolen")]).await;
    let head = format!(
        "307 Temporary Redirect\r\nlocation: {}/v1/chat/completions",
        elsewhere.url
    );
    let server = Server::start([Reply::status(&head, json!({}))]).await;
    let error = ask(&model(server.openai()), question("Hi"))
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("model_refused", false));
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    let server = Server::start([Reply::Silence, Reply::Silence]).await;
    let short = |mut config: ModelConfig| {
        config.timeout = Duration::from_millis(200);
        config
    };
    for config in [short(server.openai()), short(server.anthropic())] {
        let error = ask(&model(config), question("Hi")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.retryable(), error.was_charged()),
            ("model_timeout", true, Charged::Unknown)
        );
    }
}

#[tokio::test]
async fn whoever_asks_may_have_less_time() {
    let server = Server::start([Reply::Silence]).await;
    let model = model(server.openai());
    let candidate = model.resolve(None).unwrap().remove(0);
    let time = Duration::from_millis(100);
    let asked = model.ask_within(&candidate, &question("Hi"), time).await;
    let error = asked.unwrap_err();
    assert_eq!(
        (error.code(), error.was_charged()),
        ("model_timeout", Charged::Unknown)
    );
}

/// The address of a server that is gone.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_server_that_is_not_there_was_surely_not_paid() {
    let url = nowhere().await;
    let config = ModelConfig {
        openai_base_url: Some(url),
        model: Some("m".into()),
        ..ModelConfig::default()
    };
    let error = ask(&model(config), question("Hi")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.retryable(), error.was_charged()),
        ("model_unavailable", true, Charged::No)
    );
    is_clean(&error);
}

/// Anthropic first, an OpenAI-compatible server as the fallback.
fn pair(first: &Server, second: &Server) -> Model {
    model(ModelConfig {
        fallback_model: Some("openai/spare".into()),
        openai_base_url: second.openai().openai_base_url,
        ..first.anthropic()
    })
}

#[tokio::test]
async fn the_fallback_answers_where_the_first_cannot_now() {
    let cannot = [
        Reply::status("529 Overloaded", json!({})),
        Reply::status("500 Internal Server Error", json!({})),
        Reply::status("504 Gateway Timeout", json!({})),
        Reply::Cut("{".into()),
    ];
    for reply in cannot {
        let (first, second) = (
            Server::start([reply]).await,
            Server::start([openai::says("spare")]).await,
        );
        let answer = ask(&pair(&first, &second), question("Hi")).await.unwrap();
        assert_eq!(
            (answer.text.as_str(), answer.provider.as_str()),
            ("spare", "openai")
        );
        assert_eq!(second.bodies()[0]["model"], "spare");
    }
}

#[tokio::test]
async fn the_fallback_is_not_asked_where_the_first_says_no() {
    for (head, code) in [
        ("401 Unauthorized", "model_wrong_key"),
        ("400 Bad Request", "model_refused"),
        ("402 Payment Required", "model_no_credit"),
        ("429 Too Many Requests", "model_rate_limited"),
    ] {
        let first = Server::start([Reply::status(head, json!({}))]).await;
        let second = Server::start([openai::says("spare")]).await;
        let error = ask(&pair(&first, &second), question("Hi"))
            .await
            .unwrap_err();
        assert_eq!((error.code(), second.asked().len()), (code, 0));
    }
}

#[tokio::test]
async fn a_fallback_that_fails_leaves_the_first_ones_word() {
    let first = Server::start([Reply::status("529 Overloaded\r\nretry-after: 9", json!({}))]).await;
    let second = Server::start([Reply::status("401 Unauthorized", json!({}))]).await;
    let error = ask(&pair(&first, &second), question("Hi"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.retry_after_seconds(), error.retryable()),
        ("model_overloaded", Some(9), true)
    );
    assert_eq!(second.asked().len(), 1);
}

#[test]
fn the_keys_do_not_show_in_debug_output() {
    let config = ModelConfig {
        openai_api_key: Some(KEY.to_owned().into()),
        anthropic_api_key: Some(KEY.to_owned().into()),
        ..ModelConfig::default()
    };
    assert!(!format!("{config:?}").contains(KEY));
    assert!(!format!("{:?}", model(config)).contains(KEY));
}

#[tokio::test]
async fn unreadable_answers_carry_what_they_used() {
    let report = json!({"prompt_tokens": 120, "completion_tokens": 30});
    let reported = [
        Reply::json(json!({"choices": [], "usage": report})),
        Reply::json(json!({"choices": "none", "usage": report})),
        Reply::json(json!({"error": {"message": "it broke"}, "usage": report})),
    ];
    for reply in reported {
        let server = Server::start([reply]).await;
        let error = ask(&model(server.openai()), question("Hi"))
            .await
            .unwrap_err();
        let usage = error.usage.unwrap();
        assert_eq!(
            (usage.input_tokens, usage.output_tokens, usage.is_estimate),
            (120, 30, false)
        );
    }
    let server =
        Server::start([Reply::json(json!({"choices": [], "note": "x".repeat(300)}))]).await;
    let error = ask(&model(server.openai()), question("Hi"))
        .await
        .unwrap_err();
    let usage = error.usage.unwrap();
    assert!(
        usage.is_estimate && (100..120).contains(&usage.output_tokens),
        "{usage:?}"
    );
}

#[tokio::test]
async fn refused_calls_carry_no_usage() {
    let limited =
        json!({"error": {"code": 429, "message": "slow down"}, "usage": {"prompt_tokens": 9}});
    for reply in [
        Reply::json(limited),
        Reply::status("401 Unauthorized", json!({})),
        Reply::status(
            "500 Internal Server Error",
            json!({"usage": {"prompt_tokens": 9}}),
        ),
    ] {
        let server = Server::start([reply]).await;
        let error = ask(&model(server.openai()), question("Hi"))
            .await
            .unwrap_err();
        assert_eq!(error.usage, None, "{error}");
    }
}
