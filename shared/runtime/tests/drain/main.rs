//! Order and timing of a drain, against a scripted API. The database's part in these calls is tested where there is a
//! database; these tests cover cases that are hard to cause there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod claims;
mod heartbeat;
mod leases;
mod reports;
mod steps;
#[path = "../../../store/tests/support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::StepKind;
use runtime::{Deadline, DrainOptions, DrainReport, StepContext, drain};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{ClaimedStep, Config, Outcome, Store};
use support::{Received, Reply, Server};

const MINUTE: Duration = Duration::from_secs(60);

fn step(key: &str) -> Value {
    json!({"run_id": 1, "step_key": key, "kind": "tool", "title": key, "lease_epoch": 3, "attempt": 1,
        "max_attempts": 3, "timeout_seconds": 300, "workspace_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "goal_id": null, "request_id": 5, "input": {}, "context": {}})
}

/// A project that returns these steps, one batch per claim with capacity, and judges each outcome by `verdict`.
struct Project {
    batches: Mutex<Vec<Vec<Value>>>,
    verdict: fn(&Value) -> (&'static str, Option<&'static str>),
    is_held: bool,
}

impl Project {
    fn with(batches: Vec<Vec<Value>>) -> Self {
        Self {
            batches: Mutex::new(batches),
            verdict: |_| ("accepted", None),
            is_held: true,
        }
    }

    fn next_batch(&self, request: &Received) -> Value {
        let mut batches = self.batches.lock().unwrap();
        if request.body["p_limit"] == 0 || batches.is_empty() {
            return json!([]);
        }
        json!(batches.remove(0))
    }

    fn answer(&self, request: &Received) -> Reply {
        let reply = match request.function() {
            "claim_steps" => self.next_batch(request),
            "finish_steps" => json!({"outcomes": self.judge(request), "claimed": self.next_batch(request)}),
            "heartbeat_steps" => list(&request.body["p_leases"])
                .map(|lease| {
                    json!({"run_id": lease["run_id"], "step_key": lease["step_key"], "held": self.is_held})
                })
                .collect(),
            other => panic!("unexpected call of {other}"),
        };
        Reply::Json(200, reply)
    }

    fn judge(&self, request: &Received) -> Value {
        list(&request.body["p_outcomes"])
            .map(|outcome| {
                let (verdict, message) = (self.verdict)(outcome);
                json!({"run_id": outcome["run_id"], "step_key": outcome["step_key"], "verdict": verdict,
                    "message": message})
            })
            .collect()
    }

    async fn start(self) -> Server {
        let project = Arc::new(self);
        Server::start(move |request| {
            let reply = project.answer(&request);
            async move { reply }
        })
        .await
    }
}

fn list(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().unwrap().iter()
}

fn options(deadline: Deadline) -> DrainOptions {
    DrainOptions {
        kinds: vec![StepKind::Tool],
        batch: 10,
        lease_seconds: 30,
        worker_name: "test".to_owned(),
        wake_id: None,
        run_id: None,
        deadline,
    }
}

fn store_at(server: &Server) -> Store {
    let config = Config::new(server.url.clone(), "sb_publishable_local".to_owned());
    let token = |_| async { Ok(SecretString::from("worker.token")) };
    Store::new(config, Arc::new(token)).unwrap()
}

async fn drain_with<W, F>(server: &Server, options: DrainOptions, work: W) -> DrainReport
where
    W: Fn(ClaimedStep, StepContext) -> F,
    F: Future<Output = Outcome> + Send + 'static,
{
    drain(&store_at(server), options, work).await.unwrap()
}

fn completed() -> Outcome {
    Outcome::Completed {
        result: json!({"text": "done"}),
    }
}

/// Returns the outcomes of each report, as (step, outcome) in the order of the steps.
fn reports(server: &Server) -> Vec<Vec<(String, String)>> {
    finish_calls(server)
        .iter()
        .map(|call| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let mut outcomes: Vec<_> = list(&call["p_outcomes"])
                .map(|outcome| (text(&outcome["step_key"]), text(&outcome["outcome"])))
                .collect();
            outcomes.sort();
            outcomes
        })
        .collect()
}

fn finish_calls(server: &Server) -> Vec<Value> {
    let received = server.received();
    let calls = received.iter();
    calls
        .filter(|request| request.function() == "finish_steps")
        .map(|request| request.body.clone())
        .collect()
}

fn pair(key: &str, outcome: &str) -> (String, String) {
    (key.to_owned(), outcome.to_owned())
}
