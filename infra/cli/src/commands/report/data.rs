//! The rows of a report.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use domain::Contradiction;

use crate::commands::answer::decided_by;
use crate::commands::raise::dollars;

/// The answer of `read_report`. Costs in micro-dollars.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) goal: Goal,
    pub(super) question: Option<String>,
    pub(super) plan: Option<Plan>,
    pub(super) criteria: Vec<Criterion>,
    /// The text of the goal's report names them too.
    #[serde(default)]
    pub(super) contradictions: Vec<Contradiction>,
    pub(super) steps: Vec<Step>,
    pub(super) approvals: Vec<Approval>,
    pub(super) feedback: Vec<Feedback>,
    pub(super) usage: Usage,
    pub(super) estimate: Option<Value>,
    pub(super) history: Vec<Earlier>,
    pub(super) suggestions: Vec<Suggestion>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Goal {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) goal_type: String,
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) seconds: Option<f64>,
    pub(super) report: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) revision: i32,
    pub(super) reasons: Vec<String>,
    pub(super) runbook: Option<String>,
    pub(super) version: Option<i32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Criterion {
    pub(super) description: String,
    pub(super) verdict: String,
    pub(super) evidence: Option<String>,
    #[serde(default)]
    pub(super) evidence_step: Option<String>,
    #[serde(default)]
    pub(super) decided_by: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) goal_id: i64,
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) state: String,
    pub(super) agent: Option<String>,
    pub(super) agent_version: Option<i32>,
    pub(super) attempts: i64,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) seconds: Option<f64>,
    pub(super) calls: i64,
    pub(super) tokens: i64,
    pub(super) cost_microusd: i64,
    pub(super) error: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Approval {
    pub(super) kind: String,
    pub(super) question: String,
    pub(super) state: String,
    pub(super) was_edited: bool,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Feedback {
    pub(super) step_key: String,
    pub(super) rating: String,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Usage {
    pub(super) all: Total,
    pub(super) agents: Vec<OfAgent>,
    pub(super) models: Vec<OfModel>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Total {
    pub(super) calls: i64,
    pub(super) input_tokens: i64,
    pub(super) output_tokens: i64,
    pub(super) cost_microusd: i64,
    pub(super) estimated_microusd: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OfAgent {
    pub(super) agent: String,
    pub(super) version: i32,
    pub(super) calls: i64,
    pub(super) tokens: i64,
    pub(super) cost_microusd: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OfModel {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) calls: i64,
    pub(super) tokens: i64,
    pub(super) cost_microusd: i64,
}

/// An ended goal of the same kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Earlier {
    pub(super) goal_id: i64,
    pub(super) state: String,
    pub(super) ended_at: DateTime<Utc>,
    pub(super) seconds: f64,
    pub(super) calls: i64,
    pub(super) cost_microusd: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Suggestion {
    pub(super) code: String,
    pub(super) message: String,
}

impl Report {
    /// Returns the estimated cost in micro-dollars; none without an estimate.
    pub(super) fn estimated(&self) -> Option<f64> {
        self.estimate.as_ref()?.get("cost_microusd")?.as_f64()
    }
}

impl Report {
    /// Returns the criteria as cells, under [`CRITERION_HEADINGS`].
    pub(super) fn criteria_rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.criteria.iter().map(|one| {
            vec![
                one.verdict.clone(),
                one.description.clone(),
                decided_by(one.decided_by.as_deref(), one.evidence_step.as_deref()),
                one.evidence.clone().unwrap_or_default(),
            ]
        })
    }

    /// Returns the steps as cells, under [`STEP_HEADINGS`].
    pub(super) fn step_rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.steps.iter().map(|step| {
            let by = step.agent.as_ref().map_or_else(
                || step.kind.clone(),
                |name| format!("{name} {}", step.agent_version.unwrap_or_default()),
            );
            vec![
                step.key.clone(),
                step.state.clone(),
                by,
                step.attempts.to_string(),
                step.seconds.map_or_else(String::new, seconds),
                step.calls.to_string(),
                dollars(step.cost_microusd),
            ]
        })
    }

    /// Returns the approvals as cells: kind, state, question, remark.
    pub(super) fn approval_rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.approvals.iter().map(|one| {
            let edited = if one.was_edited { " (edited)" } else { "" };
            vec![
                one.kind.clone(),
                format!("{}{edited}", one.state),
                one.question.clone(),
                one.comment.clone().unwrap_or_default(),
            ]
        })
    }
}

/// The headings of [`Report::criteria_rows`].
pub(super) const CRITERION_HEADINGS: [&str; 4] = ["Verdict", "Criterion", "By", "Evidence"];

/// The headings of [`Report::step_rows`].
pub(super) const STEP_HEADINGS: [&str; 7] = [
    "Step", "State", "By", "Attempts", "Seconds", "Calls", "Cost",
];

/// Returns a duration with one decimal.
pub(super) fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}
