//! Receiver of webhooks: follows the body of the webhook, with one effect per idempotency key.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::shared::SharedState;
use crate::chaos::webhook_body::WebhookBody;
use crate::faults::Point;

pub(super) async fn receive(
    State(known): State<SharedState>,
    headers: HeaderMap,
    Json(sent): Json<WebhookBody>,
) -> Response {
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let Some(key) = key else {
        let sentence = format!(
            "the effect {} arrived without an idempotency key",
            sent.effect
        );
        known.effects().unreadable.push(sentence);
        return StatusCode::BAD_REQUEST.into_response();
    };
    let step_key = sent.effect.split('/').next().unwrap_or_default();
    let sender = known.faults.holder_of(step_key);
    let arrivals = known.effects().note(key, &sent.effect, sender.clone());
    if sent.is_rejected {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    if arrivals <= sent.refusals {
        return (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "0")]).into_response();
    }
    known.effects().take(key);
    if let Some(sender) = sender {
        known.faults.reached(Point::AfterEffect, &sender);
    }
    tokio::time::sleep(Duration::from_millis(sent.pause_ms.into())).await;
    Json(json!({"effect": sent.effect, "arrivals": arrivals})).into_response()
}
