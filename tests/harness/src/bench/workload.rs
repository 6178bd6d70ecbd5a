//! The workloads: their runbooks, the number of runs, their submission, and the detection of their end.
//!
//! Waiting does not query the database. A run ends in a drain, so when no function is running any more, one query
//! counts the open requests. These polls are counted and subtracted.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::amount::Amount;
use super::model;
use super::stage::{Ended, Stage};

/// Longest time for a run, or for a burst of runs.
const PATIENCE: Duration = Duration::from_secs(600);
/// Text by which the offline model finds the runbook of [`Workload::Goal`].
const QUESTION: &str = "Please go through the three small steps of the bench";

/// Workloads of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// 20 sequential steps; runs one after the other.
    Chain,
    /// One step, 100 side by side, one that depends on all of them; runs one after the other.
    Fanout,
    /// Runs of 5 steps (0 → 1 → 2 and 3 → 4), all submitted at once.
    Throughput,
    /// A question through intake's URL, worked by a runbook of three steps, judged and reported.
    Goal,
    /// One run of 5,000 steps: 100 chains of 50, side by side. Part of `growth`.
    Large,
    /// One agent's step of 8 model calls, each turn but the last with one tool call; runs one after the other. Its
    /// figures are per model call, and it needs a stage with a model ([`Stage::with_model`]).
    Agent,
}

/// Result of a workload.
pub(super) struct Worked {
    /// Time from the first submission to the last end, as the submitter measures it.
    pub(super) wall: Duration,
    /// Latencies of the percentiles; see [`Workload::latency_of`].
    pub(super) latencies_ms: Vec<f64>,
    /// Duration of each run.
    pub(super) runs_ms: Vec<f64>,
    /// Completed steps; for [`Workload::Agent`], model calls.
    pub(super) steps: u64,
    /// Polls of the database for the end, of one transaction each.
    pub(super) polls: u32,
    /// Requests to the API that were not made by functions.
    pub(super) submissions: u64,
    /// Model calls.
    pub(super) model_calls: u64,
}

impl Workload {
    /// Returns the name on the command line and in the JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Fanout => "fanout",
            Self::Throughput => "throughput",
            Self::Goal => "goal",
            Self::Large => "large",
            Self::Agent => "agent",
        }
    }

    /// Returns the default number of runs per repetition.
    #[must_use]
    pub fn usual_runs(self) -> usize {
        match self {
            Self::Chain | Self::Goal | Self::Agent => 20,
            Self::Fanout => 5,
            Self::Throughput => 500,
            Self::Large => 1,
        }
    }

    /// Returns the subject of `p50_ms` and `p95_ms`.
    #[must_use]
    pub fn latency_of(self) -> &'static str {
        match self {
            Self::Chain => {
                "a step: from the end of the one before it (or the submission) to its own"
            }
            Self::Fanout => "a run: from its submission to its end",
            Self::Throughput => "a run: from the submission of all to its end",
            Self::Goal => "a goal: from the question to its report",
            Self::Agent => "a run of 8 model calls: from its submission to its end",
            Self::Large => "a step: from the submission of all to its end",
        }
    }

    fn runbook(self) -> &'static str {
        match self {
            Self::Chain => "bench-chain",
            Self::Fanout => "bench-fanout",
            Self::Throughput => "bench-throughput",
            Self::Goal => "bench-goal",
            Self::Large => "bench-large",
            Self::Agent => "bench-agent",
        }
    }

    /// Returns the plan of its runbook.
    #[must_use]
    pub fn plan(self) -> Value {
        match self {
            Self::Chain => json!({"steps": chain(20)}),
            Self::Fanout => json!({"steps": fan(100)}),
            Self::Throughput => json!({"steps": [
                step("s0", &[]), step("s1", &["s0"]), step("s2", &["s1"]), step("s3", &["s1"]),
                step("s4", &["s2", "s3"]),
            ]}),
            Self::Goal => json!({
                "summary": "Three steps in a row.",
                "criteria": [{"description": "The third step was taken.", "check": "steps.s02 is defined"}],
                "steps": chain(3),
                "report": {"title": "Three small steps", "body": "The last one said: {{ steps.s02.text }}"},
            }),
            Self::Large => json!({"steps": layers(50, 100)}),
            Self::Agent => json!({"steps": [{
                "key": "work", "kind": "agent", "agent": model::AGENT, "depends_on": [],
                "input": {"instructions": "Add one to one, seven times."},
            }]}),
        }
    }

    /// Runs a few goals, so that sandboxes, connections and plans exist. The checkpoint before makes the touched pages
    /// log their full images before anything is counted.
    pub(super) async fn warm_up(self, stage: &Stage, amount: Amount) -> anyhow::Result<()> {
        stage.reader.checkpoint().await?;
        let runs = match self {
            Self::Chain | Self::Fanout | Self::Goal | Self::Large | Self::Agent => 2,
            Self::Throughput => 100,
        };
        self.work(stage, runs.min(amount.runs)).await?;
        Ok(())
    }

    /// Publishes its runbook in the stage's workspace, as the owner of the database.
    pub(super) async fn publish(self, stage: &Stage) -> anyhow::Result<()> {
        let insert = "insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, examples, plan)
                      values ($1::text::uuid, $2, $2, $3, 'bench', array[$3], $4)
                      on conflict on constraint one_version_of_a_runbook do nothing";
        // Only the runbook of the goal must be found by its words.
        let description = match self {
            Self::Goal => QUESTION,
            Self::Chain | Self::Fanout | Self::Throughput | Self::Large | Self::Agent => {
                self.runbook()
            }
        };
        let workspace = stage.workspace.to_string();
        let plan = self.plan();
        stage
            .owner
            .execute(insert, &[&workspace, &self.runbook(), &description, &plan])
            .await
            .with_context(|| format!("publishing the runbook {}", self.runbook()))?;
        Ok(())
    }

    /// Submits this number of runs, and waits for their end.
    pub(super) async fn work(self, stage: &Stage, runs: usize) -> anyhow::Result<Worked> {
        let newest = stage.newest_request().await?;
        let began = Instant::now();
        let mut polls = 0;
        let mut submitted_at = Vec::new();
        let mut runs_ms = Vec::new();
        let bursts = match self {
            Self::Throughput => 1,
            Self::Chain | Self::Fanout | Self::Goal | Self::Large | Self::Agent => runs,
        };
        for _ in 0..bursts {
            let invocations = stage.invocations();
            let run_began = Instant::now();
            submitted_at.push(now_ms());
            self.submit(stage, runs).await?;
            polls += until_ended(stage, invocations).await?;
            runs_ms.push(milliseconds(run_began.elapsed()));
        }
        let wall = began.elapsed();
        let rows = stage.ended_after(newest, runs).await?;
        Ok(Worked {
            wall,
            latencies_ms: self.latencies(&rows, &submitted_at, &runs_ms),
            runs_ms,
            steps: match self {
                Self::Agent => rows.model_calls,
                Self::Chain | Self::Fanout | Self::Throughput | Self::Goal | Self::Large => {
                    rows.steps
                }
            },
            polls,
            submissions: match self {
                Self::Goal => 0,
                Self::Chain | Self::Fanout | Self::Throughput | Self::Large | Self::Agent => {
                    bursts as u64
                }
            },
            model_calls: rows.model_calls,
        })
    }

    async fn submit(self, stage: &Stage, runs: usize) -> anyhow::Result<()> {
        let one = json!({"question": self.name(), "runbook": self.runbook()});
        match self {
            Self::Goal => {
                let body = json!({"workspace_id": stage.workspace, "question": QUESTION});
                stage.person.post(&body, None).await?.into_body()?;
            }
            Self::Throughput => {
                let requests = vec![one; runs];
                let arguments = json!({"p_workspace_id": stage.workspace, "p_requests": requests});
                let answer = stage.person.rpc("accept_requests", &arguments).await?;
                answer.into_body()?;
            }
            Self::Chain | Self::Fanout | Self::Large | Self::Agent => {
                let arguments = json!({
                    "p_workspace_id": stage.workspace, "p_question": self.name(), "p_idempotency_key": null,
                    "p_context": {}, "p_runbook": self.runbook(), "p_parameters": {},
                });
                let answer = stage.person.rpc("accept_request", &arguments).await?;
                answer.into_body()?;
            }
        }
        Ok(())
    }

    fn latencies(self, rows: &Ended, submitted_at: &[f64], runs_ms: &[f64]) -> Vec<f64> {
        match self {
            Self::Chain => {
                let runs = rows.step_ends_ms.iter().zip(submitted_at);
                runs.flat_map(|(ends, began)| super::figures::gaps(*began, ends))
                    .collect()
            }
            Self::Fanout | Self::Goal | Self::Agent => runs_ms.to_vec(),
            Self::Throughput => {
                let began = submitted_at.first().copied().unwrap_or_default();
                rows.request_ends_ms.iter().map(|end| end - began).collect()
            }
            Self::Large => {
                let began = submitted_at.first().copied().unwrap_or_default();
                rows.step_ends_ms
                    .iter()
                    .flatten()
                    .map(|end| end - began)
                    .collect()
            }
        }
    }
}

/// Waits until no function is running and no request is open; returns the number of polls.
async fn until_ended(stage: &Stage, mut invocations: u64) -> anyhow::Result<u32> {
    let waited = async {
        let mut polls = 0;
        loop {
            let idle = stage
                .stack
                .host()
                .wait_for_all(|functions| {
                    let is_busy = functions
                        .iter()
                        .any(|f| f.running > 0 || f.waiting_callers > 0 || f.waiting_events > 0);
                    let ended: u64 = functions.iter().map(|f| f.invocations).sum();
                    !is_busy && ended > invocations
                })
                .await
                .context("the Lambda host has ended")?;
            polls += 1;
            if stage.open_requests().await? == 0 {
                return anyhow::Ok(polls);
            }
            invocations = idle.iter().map(|f| f.invocations).sum();
        }
    };
    match tokio::time::timeout(PATIENCE, waited).await {
        Ok(polls) => polls,
        Err(_) => bail!(
            "the runs did not end within {} s; the functions' logs are in {}",
            PATIENCE.as_secs(),
            stage.stack.log_folder().display()
        ),
    }
}

/// Returns a trivial step that results in 200 bytes of JSON.
fn step(key: &str, depends_on: &[&str]) -> Value {
    json!({
        "key": key, "kind": "tool", "depends_on": depends_on,
        "input": {"tool": "template", "arguments": {"template": "{{ 'x' * 188 }}"}},
    })
}

fn chain(length: usize) -> Vec<Value> {
    let key = |at: usize| format!("s{at:02}");
    (0..length)
        .map(|at| match at.checked_sub(1) {
            None => step(&key(at), &[]),
            Some(before) => step(&key(at), &[&key(before)]),
        })
        .collect()
}

fn fan(width: usize) -> Vec<Value> {
    let keys: Vec<String> = (0..width).map(|at| format!("side{at:03}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let sides = keys.iter().map(|key| step(key, &["first"]));
    std::iter::once(step("first", &[]))
        .chain(sides)
        .chain(std::iter::once(step("last", &keys)))
        .collect()
}

/// Returns `width` chains of `depth` steps side by side, between a first and a last step.
fn layers(depth: usize, width: usize) -> Vec<Value> {
    let key = |layer: usize, at: usize| format!("layer{layer:02}_{at:03}");
    let mut steps = vec![step("first", &[])];
    for layer in 0..depth {
        for at in 0..width {
            let before = layer
                .checked_sub(1)
                .map_or("first".to_owned(), |before| key(before, at));
            steps.push(step(&key(layer, at), &[&before]));
        }
    }
    let ends: Vec<String> = (0..width).map(|at| key(depth - 1, at)).collect();
    let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
    steps.push(step("last", &ends));
    steps
}

fn now_ms() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    milliseconds(now.unwrap_or_default())
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    fn steps(workload: Workload) -> Vec<Value> {
        workload.plan()["steps"].as_array().unwrap().clone()
    }

    #[test]
    fn workloads_have_the_shapes_of_the_peers() {
        assert_eq!(steps(Workload::Chain).len(), 20);
        assert_eq!(steps(Workload::Chain)[19]["depends_on"], json!(["s18"]));
        let fan = steps(Workload::Fanout);
        assert_eq!(fan.len(), 102);
        assert_eq!(fan[101]["depends_on"].as_array().unwrap().len(), 100);
        assert!(
            fan[1..101]
                .iter()
                .all(|side| side["depends_on"] == json!(["first"]))
        );
        let five = steps(Workload::Throughput);
        assert_eq!(five.len(), 5);
        assert_eq!(five[4]["depends_on"], json!(["s2", "s3"]));
        assert_eq!(steps(Workload::Goal).len(), 3);
        let large = steps(Workload::Large);
        assert_eq!(large.len(), 5002);
        assert_eq!(large[101]["depends_on"], json!(["layer00_000"]));
    }
}
