//! The rows that the command line reads from the API.
//!
//! `--json` prints these structs, so renaming a field changes the output for its users.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A question with everything that may be sent with it: the body of intake's POST.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Question {
    /// The workspace that it belongs to.
    pub workspace_id: Uuid,
    /// The question.
    pub question: String,
    /// The key under which a repeated question gives the same request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Material for the models.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
    /// The runbook to start instead of assessing the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// The parameters of that runbook.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// The cap on its cost, and the behaviour at the cap.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub budget: Map<String, Value>,
}

impl Question {
    /// Creates a question with no options.
    #[must_use]
    pub fn new(workspace_id: Uuid, question: &str) -> Self {
        Self {
            workspace_id,
            question: question.to_owned(),
            ..Self::default()
        }
    }
}

/// The answer of `accept_request`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// The request.
    pub request_id: i64,
    /// The id of its root run.
    pub run_id: Option<i64>,
    /// The request's state.
    pub state: String,
    /// True if this idempotency key had been used before.
    #[serde(default)]
    pub repeated: bool,
}

/// The answer of intake to a caller who waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// The request.
    pub request_id: i64,
    /// Its state; `accepted` when the wait was too short.
    pub state: String,
    /// The reason of its failure.
    pub reason: Option<String>,
    /// The answer in Markdown.
    pub answer_text: Option<String>,
}

/// A tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Workspace {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// A request: a person's question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: i64,
    /// The tenant.
    pub workspace_id: Uuid,
    /// The question.
    pub question: String,
    /// submitted, accepted, answered, failed, cancelled.
    pub state: String,
    /// The reason of its final state.
    pub reason: Option<String>,
    /// 0 (answer at once) to 1.
    #[serde(default, deserialize_with = "number")]
    pub complexity_score: Option<f64>,
    /// The parts of the score.
    #[serde(default)]
    pub complexity_reasons: Value,
    /// The goal that was opened for it, if it took more than an answer.
    pub goal_id: Option<i64>,
    /// The answer in Markdown.
    pub answer_text: Option<String>,
    /// The time of the question.
    pub created_at: DateTime<Utc>,
    /// The time of its end.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Work that takes more than an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Goal {
    /// Its id.
    pub id: i64,
    /// The request it came from.
    pub request_id: i64,
    /// The goal it is a part of.
    pub parent_goal_id: Option<i64>,
    /// The run whose step it completes.
    pub parent_run_id: Option<i64>,
    /// That step.
    pub parent_step_key: Option<String>,
    /// A title of a few words.
    pub title: String,
    /// Its kind, as `database-audit`.
    pub goal_type: String,
    /// active, completed, failed, cancelled.
    pub state: String,
    /// The reason of its final state.
    pub reason: Option<String>,
    /// The report in Markdown.
    pub report: Option<String>,
    /// The time of its start.
    pub created_at: DateTime<Utc>,
    /// The time of its end.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A criterion by which a goal is judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Criterion {
    /// Its goal.
    pub goal_id: i64,
    /// Its number within the goal, from 1.
    pub number: i32,
    /// The condition.
    pub description: String,
    /// open, met, unmet, unknown.
    pub verdict: String,
    /// The evidence of the verdict.
    pub evidence: Option<String>,
    /// The step that the evidence rests on, where a model gave the verdict.
    #[serde(default)]
    pub evidence_step: Option<String>,
    /// check, model, person; none for an open verdict, and for one that neither a check nor a model could give.
    #[serde(default)]
    pub decided_by: Option<String>,
}

/// One execution of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: i64,
    /// The request it belongs to.
    pub request_id: i64,
    /// The goal it works on; none for the request's own run.
    pub goal_id: Option<i64>,
    /// The first run of the tree.
    pub root_run_id: i64,
    /// running, completed, failed, cancelled.
    pub state: String,
    /// The reason of its final state.
    pub reason: Option<String>,
    /// The number of plans that were accepted for it.
    pub revision: i32,
    /// The runbook of its plan.
    pub runbook_id: Option<i64>,
    /// The time of its start.
    pub created_at: DateTime<Utc>,
    /// The time of its end.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A node of a run, without its result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// The run.
    pub run_id: i64,
    /// Its name in the run.
    pub key: String,
    /// assess, plan, agent, tool, approval, subgoal, judge.
    pub kind: String,
    /// A title of a few words.
    pub title: String,
    /// The revision of the plan that added it.
    pub revision: i32,
    /// The keys of the steps that must end first.
    pub depends_on: Vec<String>,
    /// pending, ready, running, waiting, completed, failed, skipped, cancelled.
    pub state: String,
    /// The number of this attempt, from 1.
    pub attempt: i32,
    /// The greatest number of attempts.
    pub max_attempts: i32,
    /// The earliest time of the next attempt.
    pub run_after: Option<DateTime<Utc>>,
    /// The time of the first claim.
    pub started_at: Option<DateTime<Utc>>,
    /// The time of its end.
    pub ended_at: Option<DateTime<Utc>>,
    /// The reason of its failure.
    #[serde(default)]
    pub error: Value,
}

/// A decision that is required of a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: i64,
    /// The goal it belongs to.
    pub goal_id: Option<i64>,
    /// The run of its step.
    pub run_id: i64,
    /// Its step.
    pub step_key: String,
    /// step, plan, tool_call, budget, outcome_unknown, question, verdict, renewal.
    #[serde(default)]
    pub kind: String,
    /// The question.
    pub question: String,
    /// The results of earlier steps, as the person reads them.
    #[serde(default)]
    pub shown: Value,
    /// The role that may decide.
    pub required_role: String,
    /// pending, approved, rejected, expired, cancelled.
    pub state: String,
    /// The time of the question.
    pub requested_at: DateTime<Utc>,
    /// The time at which it expires undecided.
    pub expires_at: DateTime<Utc>,
    /// The comment of the decision.
    pub comment: Option<String>,
}

/// A pending approval that the caller may decide.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inbox {
    /// The approval.
    pub approval_id: i64,
    /// The goal it belongs to.
    pub goal_id: Option<i64>,
    /// That goal's title.
    pub goal_title: Option<String>,
    /// The question.
    pub question: String,
    /// The results of earlier steps, as the person reads them.
    #[serde(default)]
    pub shown: Value,
    /// The role that may decide.
    pub required_role: String,
    /// The time of the question.
    pub requested_at: DateTime<Utc>,
    /// The time at which it expires undecided.
    pub expires_at: DateTime<Utc>,
    /// step, plan, tool_call, budget, outcome_unknown, question, verdict.
    #[serde(default = "step")]
    pub kind: String,
    /// The tool of the call in question.
    #[serde(default)]
    pub tool: Option<String>,
    /// The exact subject of the decision: arguments, a plan, a cap.
    #[serde(default)]
    pub subject: Option<Value>,
    /// The subject's sha256 in hex: its version.
    #[serde(default)]
    pub subject_hash: Option<String>,
    /// The original, where another person edited it; with `subject`, it gives the difference.
    #[serde(default)]
    pub original: Option<Value>,
    /// The person who edited it, or supplied the proposed result.
    #[serde(default)]
    pub edited_by: Option<String>,
    /// The result of a call that another person supplied, to be confirmed.
    #[serde(default)]
    pub proposed_answer: Option<Value>,
    /// `requester`, or the role whose decision is required next.
    #[serde(default)]
    pub waits_for: Option<String>,
    /// The JSON schema of an answer.
    #[serde(default)]
    pub answer_schema: Option<Value>,
    /// The number of different people who have to approve.
    #[serde(default = "one")]
    pub quorum: i64,
    /// The number of approvals so far.
    #[serde(default)]
    pub votes: i64,
}

fn step() -> String {
    "step".to_owned()
}

fn one() -> i64 {
    1
}

/// A row of history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Its sequence number in the tree's history, from 1, without gaps.
    pub sequence: i64,
    /// The run of the event.
    pub run_id: i64,
    /// The run's goal.
    pub goal_id: Option<i64>,
    /// The step of the event.
    pub step_key: Option<String>,
    /// The event's kind, as `step.completed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Details.
    #[serde(default)]
    pub data: Value,
    /// The time of the event.
    pub created_at: DateTime<Utc>,
}

/// The progress of a goal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// The goal.
    pub goal_id: i64,
    /// The progress from 0 to 1.
    #[serde(default, deserialize_with = "number")]
    pub progress: Option<f64>,
    /// The number of steps that ended.
    pub steps_ended: i64,
    /// The number of steps.
    pub steps_total: i64,
    /// The progress in words.
    pub explanation: String,
    /// The estimate for its newest plan: micro-dollars in `cost_microusd`, and the source of the number.
    #[serde(default)]
    pub estimate: Option<Value>,
}

impl Progress {
    /// Returns the estimated cost in dollars, for people; none without an estimate.
    #[must_use]
    pub fn estimated(&self) -> Option<String> {
        let microusd = self.estimate.as_ref()?.get("cost_microusd")?.as_f64()?;
        Some(format!("estimated at ${:.2}", microusd / 1e6))
    }
}

/// The usage of one model call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Usage {
    /// The run it was for.
    pub run_id: i64,
    /// The step it was for.
    pub step_key: String,
    /// The provider of the model.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Tokens sent.
    pub input_tokens: i64,
    /// Tokens received.
    pub output_tokens: i64,
    /// Millionths of a dollar.
    pub cost_microusd: i64,
    /// True if the cost is an estimate: the model has no price, or its server reported no usage.
    #[serde(default)]
    pub is_estimate: bool,
}

/// A step that failed permanently and requires a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id, for `retry`.
    pub id: i64,
    /// The run of the step.
    pub run_id: i64,
    /// The step.
    pub step_key: String,
    /// The reason of its failure.
    #[serde(default)]
    pub error: Value,
    /// The time at which a person retried it.
    pub retried_at: Option<DateTime<Utc>>,
}

/// Codes of permanent errors that a person can correct: a key, a name, credit, a cap, a limit of the workspace.
const MENDABLE: [&str; 8] = [
    "no_language_model",
    "model_not_named",
    "model_not_configured",
    "model_wrong_key",
    "model_no_credit",
    "budget_exhausted",
    "runbook_not_allowed",
    "tool_denied",
];

impl DeadLetter {
    /// Returns true if another attempt can end otherwise: the cause passes by itself, or a person can correct it. A
    /// malformed or rejected request fails again.
    #[must_use]
    pub fn may_be_retried(&self) -> bool {
        let code = self.error.get("code").and_then(Value::as_str);
        let is_passing = self.error.get("retryable") == Some(&Value::Bool(true));
        self.retried_at.is_none()
            && (is_passing || code.is_some_and(|code| MENDABLE.contains(&code)))
    }
}

/// Decodes Postgres' `numeric`, which is a number or, where digits must not be lost, text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_f64().or_else(|| value.as_str()?.parse().ok()))
}
