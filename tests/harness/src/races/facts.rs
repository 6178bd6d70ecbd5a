//! State of a request's tree, read from the rows after the race, and the invariants of every race.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::rpc::Lease;
use super::session::{Call, Session};

const FACTS: &str =
    "select races.facts(array(select jsonb_array_elements_text($1::jsonb)::bigint))";
const ENDED: [&str; 4] = ["completed", "failed", "skipped", "cancelled"];

/// All rows of one request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Facts {
    pub(super) request_id: i64,
    pub(super) request: String,
    pub(super) runs: Vec<Run>,
    pub(super) steps: Vec<Step>,
    pub(super) approvals: Vec<Approval>,
    pub(super) events: Vec<Event>,
    pub(super) attempts: Vec<Attempt>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) state: String,
    pub(super) goal_id: Option<i64>,
    pub(super) goal: Option<String>,
    pub(super) parent_run_id: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Step {
    pub(super) run_id: i64,
    pub(super) key: String,
    pub(super) state: String,
    pub(super) lease_epoch: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Approval {
    pub(super) id: i64,
    pub(super) state: String,
    pub(super) decided_by: Option<String>,
    pub(super) run_id: i64,
    pub(super) step_key: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Event {
    pub(super) sequence: i64,
    pub(super) run_id: i64,
    pub(super) step_key: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Attempt {
    pub(super) run_id: i64,
    pub(super) key: String,
    pub(super) outcome: String,
}

/// Reads the facts of many requests at once, by request.
pub(super) async fn of(
    session: &Session,
    request_ids: &[i64],
) -> anyhow::Result<BTreeMap<i64, Facts>> {
    let read = session
        .get(&Call {
            sql: FACTS,
            argument: json!(request_ids),
        })
        .await?;
    let facts: Vec<Facts> = serde_json::from_value(read)?;
    Ok(facts
        .into_iter()
        .map(|facts| (facts.request_id, facts))
        .collect())
}

impl Facts {
    /// Returns the state of a step; empty if there is no such step.
    pub(super) fn step(&self, run_id: i64, key: &str) -> &str {
        self.find(run_id, key)
            .map_or("", |step| step.state.as_str())
    }

    /// Returns the state of the step of a lease.
    pub(super) fn leased(&self, lease: &Lease) -> &str {
        self.step(lease.run_id, &lease.step_key)
    }

    pub(super) fn find(&self, run_id: i64, key: &str) -> Option<&Step> {
        self.steps
            .iter()
            .find(|step| step.run_id == run_id && step.key == key)
    }

    /// Returns the state of a run; empty if there is no such run.
    pub(super) fn run(&self, run_id: i64) -> &str {
        let run = self.runs.iter().find(|run| run.id == run_id);
        run.map_or("", |run| run.state.as_str())
    }

    /// Returns the state of a goal; empty if there is no such goal.
    pub(super) fn goal(&self, goal_id: i64) -> &str {
        let run = self.runs.iter().find(|run| run.goal_id == Some(goal_id));
        run.and_then(|run| run.goal.as_deref()).unwrap_or_default()
    }

    /// Counts the attempts of a step with this outcome.
    pub(super) fn attempts(&self, run_id: i64, key: &str, outcome: &str) -> usize {
        let attempts = self.attempts.iter();
        attempts
            .filter(|attempt| {
                attempt.run_id == run_id && attempt.key == key && attempt.outcome == outcome
            })
            .count()
    }

    /// Counts the events of this type of a step.
    pub(super) fn events_of(&self, run_id: i64, key: &str, kind: &str) -> usize {
        let events = self.events.iter();
        events
            .filter(|event| {
                event.run_id == run_id
                    && event.step_key.as_deref() == Some(key)
                    && event.kind == kind
            })
            .count()
    }

    /// Returns the violations of the invariants of every tree.
    pub(super) fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.history_is_dense(&mut found);
        for run in &self.runs {
            self.ended_is_ended(run, &mut found);
            self.history_agrees(run, &mut found);
        }
        self.request_agrees(&mut found);
        for step in &self.steps {
            let times = self.attempts(step.run_id, &step.key, "completed");
            if times > 1 {
                found.push(format!(
                    "step {} has {times} completed attempts",
                    named(step)
                ));
            }
        }
        found
    }

    fn history_is_dense(&self, found: &mut Vec<String>) {
        for (event, wanted) in self.events.iter().zip(1..) {
            if event.sequence != wanted {
                found.push(format!(
                    "the history has {} where {wanted} should be",
                    event.sequence
                ));
                return;
            }
        }
    }

    fn ended_is_ended(&self, run: &Run, found: &mut Vec<String>) {
        if let Some(goal) = &run.goal
            && !(goal == &run.state || (goal == "active" && run.state == "running"))
        {
            found.push(format!(
                "run {} is {} and its goal {goal}",
                run.id, run.state
            ));
        }
        if run.state == "running" {
            return;
        }
        let open = self.steps.iter().filter(|step| step.run_id == run.id);
        for step in open.filter(|step| !ENDED.contains(&step.state.as_str())) {
            found.push(format!(
                "run {} is {} and its step {} is {}",
                run.id, run.state, step.key, step.state
            ));
        }
        let waiting = self
            .approvals
            .iter()
            .filter(|approval| approval.run_id == run.id);
        for approval in waiting.filter(|approval| approval.state == "pending") {
            found.push(format!(
                "run {} is {} and its approval {} is pending",
                run.id, run.state, approval.id
            ));
        }
        let below = self
            .runs
            .iter()
            .filter(|below| below.parent_run_id == Some(run.id));
        for below in below.filter(|below| below.state == "running") {
            found.push(format!(
                "run {} is {} and run {} below it is running",
                run.id, run.state, below.id
            ));
        }
    }

    /// Checks the history of one run: ended once unless it was reopened, nothing after its end, and the state of its
    /// last event.
    fn history_agrees(&self, run: &Run, found: &mut Vec<String>) {
        let mut ended_as = None;
        for event in self.events.iter().filter(|event| event.run_id == run.id) {
            match event.kind.as_str() {
                "run.reopened" => ended_as = None,
                kind if ended_as.is_some() => {
                    found.push(format!("run {} has {kind} after its end", run.id));
                    return;
                }
                kind => ended_as = kind.strip_prefix("run."),
            }
        }
        let history = ended_as.unwrap_or("running");
        if history != run.state {
            found.push(format!(
                "run {} is {} and its history gives {history}",
                run.id, run.state
            ));
        }
    }

    /// Checks that the request ends with the root goal of its tree, and not before.
    fn request_agrees(&self, found: &mut Vec<String>) {
        let top = self
            .runs
            .iter()
            .find(|run| run.goal_id.is_some() && run.parent_run_id.is_none());
        let Some(state) = top.map(|run| run.state.as_str()) else {
            return;
        };
        let wanted = match state {
            "completed" => "answered",
            "running" => "accepted",
            other => other,
        };
        if self.request != wanted {
            found.push(format!(
                "the goal's run is {state} and the request {}",
                self.request
            ));
        }
    }
}

fn named(step: &Step) -> String {
    format!("{} of run {}", step.key, step.run_id)
}
