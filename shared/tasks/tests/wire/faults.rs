//! Everything that can go wrong between us and a provider: each has its code, and whether and when another attempt can succeed,
//! whether it may have cost something, and holds no key.

use std::time::Duration;

use llm::{Charged, Error, Model, ModelConfig};
use serde_json::json;

use crate::openai;
use crate::server::{KEY, Reply, Server, ask, model, question};

mod cases;

use cases::{Case, common, of_anthropic, of_openai};

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
        assert!(words.contains(case.mentions), "{}: {words}", case.mentions);
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
async fn wrong_key_names_variable_and_secret() {
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
async fn key_invalid_in_header_is_wrong_key() {
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
async fn key_with_trailing_newline_works() {
    let server = Server::start([openai::text_answer("ok")]).await;
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
    let elsewhere = Server::start([openai::text_answer("stolen")]).await;
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

/// The address of a server that is gone.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn unreachable_server_costs_nothing() {
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
            Server::start([openai::text_answer("spare")]).await,
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
async fn fallback_is_not_called_after_a_refusal() {
    for (head, code) in [
        ("401 Unauthorized", "model_wrong_key"),
        ("400 Bad Request", "model_refused"),
        ("402 Payment Required", "model_no_credit"),
        ("429 Too Many Requests", "model_rate_limited"),
    ] {
        let first = Server::start([Reply::status(head, json!({}))]).await;
        let second = Server::start([openai::text_answer("spare")]).await;
        let error = ask(&pair(&first, &second), question("Hi"))
            .await
            .unwrap_err();
        assert_eq!((error.code(), second.asked().len()), (code, 0));
    }
}

#[tokio::test]
async fn failing_fallback_leaves_the_first_error() {
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
async fn unreadable_answer_reports_its_usage() {
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
