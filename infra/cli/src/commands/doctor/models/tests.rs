//! Tests of doctor's checks of models, against a server with both wire formats.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::*;
use crate::commands::doctor::check::Outcome;

async fn completion() -> Json<Value> {
    Json(
        json!({"model": "m", "choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 2}}),
    )
}

async fn message(headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    if headers.get("x-api-key").is_none_or(|key| key != "right") {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(Json(
        json!({"model": "m", "content": [{"type": "text", "text": "Yes."}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 9, "output_tokens": 1}}),
    ))
}

async fn serve() -> String {
    let router = Router::new()
        .route("/v1/chat/completions", post(completion))
        .route("/v1/messages", post(message));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn models(environment: &[(&str, &str)], keys: &[&str]) -> Models {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Models {
        environment: environment.iter().map(own).collect(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    }
}

async fn checked(models: &Models, key: Option<&str>) -> Vec<(Outcome, String)> {
    let checks = check_with(models, |_| key.map(str::to_owned)).await;
    let shown = |check: Check| (check.outcome, format!("{} {}", check.seen, check.advice));
    checks.into_iter().map(shown).collect()
}

#[tokio::test]
async fn offline_model_is_reported_without_a_key() {
    let checks = checked(
        &Models::default(),
        Some("a key that the functions do not have"),
    )
    .await;
    assert_eq!((checks[0].0, checks[1].0), (Outcome::Note, Outcome::Good));
    assert!(
        checks[0].1.contains("offline") && checks[0].1.contains("ANTHROPIC_API_KEY"),
        "{checks:?}"
    );
    assert!(checks[1].1.contains("lexical-1"), "{checks:?}");
}

#[tokio::test]
async fn model_and_fallback_are_called() {
    let url = serve().await;
    let models = models(
        &[
            ("ANTHROPIC_BASE_URL", &url),
            ("OPENAI_BASE_URL", &format!("{url}/v1")),
            ("GOALPOST_MODEL", "claude-a"),
            ("GOALPOST_FALLBACK_MODEL", "openai/b"),
        ],
        &[ANTHROPIC_KEY],
    );
    let good = checked(&models, Some("right")).await;
    assert_eq!(good[0].0, Outcome::Good, "{good:?}");
    let words = &good[0].1;
    assert!(
        words.contains("anthropic/claude-a answers (") && words.contains(" 10 tokens)"),
        "{words}"
    );
    assert!(
        words.contains("fallback openai/b answers (") && words.contains(" 22 tokens)"),
        "{words}"
    );

    let wrong = checked(&models, Some("wrong")).await;
    assert_eq!(wrong[0].0, Outcome::Bad);
    assert!(wrong[0].1.contains("check ANTHROPIC_API_KEY"), "{wrong:?}");

    let unknown = checked(&models, None).await;
    assert_eq!(unknown[0].0, Outcome::Note);
    assert!(
        unknown[0]
            .1
            .contains("Set ANTHROPIC_API_KEY for doctor too"),
        "{unknown:?}"
    );
}

#[test]
fn paid_models_are_chat_and_embedding_models() {
    let of_openai = models(&[("GOALPOST_FALLBACK_MODEL", "gpt-b")], &[OPENAI_KEY]);
    let named: Vec<String> = paid(&of_openai)
        .into_iter()
        .map(|one| format!("{}/{}", one.provider, one.model))
        .collect();
    assert_eq!(
        named,
        [
            "openai/gpt-5.4-mini",
            "openai/gpt-b",
            "openai/text-embedding-3-small"
        ]
    );
    assert_eq!(paid(&Models::default()), []);
}

#[tokio::test]
async fn wrong_settings_are_reported() {
    let url = serve().await;
    let cases: [(&[(&str, &str)], &str); 4] = [
        (
            &[("GOALPOST_MAX_OUTPUT_TOKENS", "many")],
            "GOALPOST_MAX_OUTPUT_TOKENS is not a number",
        ),
        (&[("OPENAI_BASE_URL", &url)], "set GOALPOST_MODEL"),
        (
            &[("OPENAI_BASE_URL", &url), ("GOALPOST_MODEL", "anthropic/x")],
            "ANTHROPIC_API_KEY",
        ),
        (
            &[
                ("OPENAI_BASE_URL", "http://127.0.0.1:1"),
                ("GOALPOST_MODEL", "x"),
            ],
            "cannot be reached",
        ),
    ];
    for (environment, expected) in cases {
        let checks = checked(&models(environment, &[]), None).await;
        assert_eq!(checks[0].0, Outcome::Bad, "{checks:?}");
        assert!(checks[0].1.contains(expected), "{checks:?}");
    }
    let checks = checked(
        &models(&[("GOALPOST_EMBEDDING_MODEL", "anthropic/x")], &[]),
        None,
    )
    .await;
    assert_eq!(checks[1].0, Outcome::Bad, "{checks:?}");
}

#[test]
fn settings_of_models_are_kept_without_keys() {
    let mut options = StackOptions::for_tests();
    options.anthropic_api_key = Some("sk-ant-secret".to_owned().into());
    options.environment =
        models(&[("GOALPOST_MODEL", "m"), ("GOALPOST_BATCH", "3")], &[]).environment;
    let kept = of(&options);
    assert_eq!(kept.keys, [ANTHROPIC_KEY]);
    assert_eq!(
        kept.environment.into_iter().collect::<Vec<_>>(),
        [("GOALPOST_MODEL".to_owned(), "m".to_owned())]
    );
}
