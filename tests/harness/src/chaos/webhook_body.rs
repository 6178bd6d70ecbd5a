//! Body of the webhooks of a run.

use serde::{Deserialize, Serialize};

/// Body of a webhook of this run.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct WebhookBody {
    /// Name of the effect: the step's key, and the number of its call.
    pub(super) effect: String,
    /// Arrivals that are answered with 503 before one is accepted.
    #[serde(default)]
    pub(super) refusals: u32,
    /// Duration of the answer, in milliseconds.
    #[serde(default)]
    pub(super) pause_ms: u32,
    /// True if it is never accepted: 422.
    #[serde(default)]
    pub(super) is_rejected: bool,
}
