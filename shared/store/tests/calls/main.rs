//! Calls against an API that answers as PostgREST documents, and against one that does not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod faults;
mod repeats;
mod shapes;
#[path = "../support/mod.rs"]
mod support;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use domain::{LeaseEpoch, RunId, StepKind};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use store::{Claim, Config, Freshness, Lease, NewRequest, Store};

const CLAIM: Claim<'static> = Claim {
    kinds: &[StepKind::Agent, StepKind::Tool],
    limit: 10,
    lease_seconds: 30,
    worker: "executor/1",
    holding: &[],
    reply_was_lost: false,
    run_id: None,
};

fn store_at(url: &str) -> Store {
    store_with(url, Duration::from_secs(10), |_| "worker.token".to_owned())
}

fn store_with(
    url: &str,
    timeout: Duration,
    token: impl Fn(Freshness) -> String + Send + Sync + 'static,
) -> Store {
    let mut config = Config::new(url.to_owned(), "sb_publishable_local".to_owned());
    config.timeout = timeout;
    config.claim_timeout = timeout;
    let source = move |freshness| {
        let token = token(freshness);
        async move { Ok(SecretString::from(token)) }
    };
    Store::new(config, Arc::new(source)).unwrap()
}

fn refusal(code: &str) -> Value {
    json!({"code": code, "message": "a reason", "details": "row (secret)", "hint": "do so"})
}

fn lease() -> Lease {
    Lease {
        run_id: RunId(12),
        step_key: "collect".parse().unwrap(),
        lease_epoch: LeaseEpoch(3),
    }
}

fn request(key: Option<&str>) -> NewRequest {
    NewRequest {
        workspace_id: "3f2504e0-4f89-41d3-9a0c-0305e82c3301".parse().unwrap(),
        question: "How many orders?".to_owned(),
        idempotency_key: key.map(str::to_owned),
        context: Map::new(),
        runbook: None,
        parameters: Map::new(),
        budget: Map::new(),
    }
}
