//! Receiver of webhooks: follows the body of the webhook, with one effect per idempotency key.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::SharedState;
use crate::faults::Point;

/// Body of a webhook of this run.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(in crate::chaos) struct WebhookBody {
    /// Name of the effect: the step's key, and the number of its call.
    pub(in crate::chaos) effect: String,
    /// Arrivals that are answered with 503 before one is accepted.
    #[serde(default)]
    pub(in crate::chaos) refusals: u32,
    /// Duration of the answer, in milliseconds.
    #[serde(default)]
    pub(in crate::chaos) pause_ms: u32,
    /// True if it is never accepted: 422.
    #[serde(default)]
    pub(in crate::chaos) is_rejected: bool,
}

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
