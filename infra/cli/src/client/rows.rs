//! The rows that people read, as far as the command line shows them.
//!
//! The one thing to know: `--json` prints these very shapes, so a renamed field is a change for its users.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A question with all that may be given with it: the body of intake's POST.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Question {
    /// The workspace that it belongs to.
    pub workspace_id: Uuid,
    /// The question.
    pub question: String,
    /// Makes asking again safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Material that models are sent.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
    /// The runbook to start instead of assessing the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// The parameters of that runbook.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// What it may cost, and what happens at the cap.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub budget: Map<String, Value>,
}

impl Question {
    /// Creates a question with nothing beside it.
    #[must_use]
    pub fn new(workspace_id: Uuid, question: &str) -> Self {
        Self {
            workspace_id,
            question: question.to_owned(),
            ..Self::default()
        }
    }
}

/// What `accept_request` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// The request.
    pub request_id: i64,
    /// Its first run, the root of all that follows from it.
    pub run_id: Option<i64>,
    /// The request's state.
    pub state: String,
    /// Whether this idempotency key had been used before.
    #[serde(default)]
    pub repeated: bool,
}

/// What intake answers to somebody who waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// The request.
    pub request_id: i64,
    /// Its state; `accepted` when the wait was too short.
    pub state: String,
    /// Why it failed.
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

/// What a person asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: i64,
    /// The tenant.
    pub workspace_id: Uuid,
    /// As it was asked.
    pub question: String,
    /// submitted, accepted, answered, failed, cancelled.
    pub state: String,
    /// Why it ended as it did.
    pub reason: Option<String>,
    /// 0 (answer at once) to 1.
    #[serde(default, deserialize_with = "number")]
    pub complexity_score: Option<f64>,
    /// What the score is made of.
    #[serde(default)]
    pub complexity_reasons: Value,
    /// The goal that was made of it, if it took more than an answer.
    pub goal_id: Option<i64>,
    /// The answer in Markdown.
    pub answer_text: Option<String>,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
    /// When it ended.
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
    /// In a few words.
    pub title: String,
    /// Its kind, as `database-audit`.
    pub goal_type: String,
    /// active, completed, failed, cancelled.
    pub state: String,
    /// Why it ended as it did.
    pub reason: Option<String>,
    /// The report in Markdown.
    pub report: Option<String>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What a goal is judged by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Criterion {
    /// Its goal.
    pub goal_id: i64,
    /// Its number within the goal, from 1.
    pub number: i32,
    /// What must hold.
    pub description: String,
    /// open, met, unmet, unknown.
    pub verdict: String,
    /// What decided it.
    pub evidence: Option<String>,
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
    /// Why it ended as it did.
    pub reason: Option<String>,
    /// How many plans were accepted for it.
    pub revision: i32,
    /// The runbook its plan came from.
    pub runbook_id: Option<i64>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ended.
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
    /// In a few words.
    pub title: String,
    /// Which plan brought it.
    pub revision: i32,
    /// The keys of the steps that must end first.
    pub depends_on: Vec<String>,
    /// pending, ready, running, waiting, completed, failed, skipped, cancelled.
    pub state: String,
    /// Which try this is, from 1.
    pub attempt: i32,
    /// How many there may be.
    pub max_attempts: i32,
    /// The earliest time of the next try.
    pub run_after: Option<DateTime<Utc>>,
    /// When it was first claimed.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed.
    #[serde(default)]
    pub error: Value,
}

/// A decision that a person owes.
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
    /// What is asked.
    pub question: String,
    /// What the person is shown: the results of the steps before.
    #[serde(default)]
    pub shown: Value,
    /// Who may decide.
    pub required_role: String,
    /// pending, approved, rejected, expired, cancelled.
    pub state: String,
    /// When it was asked.
    pub requested_at: DateTime<Utc>,
    /// When it expires undecided.
    pub expires_at: DateTime<Utc>,
    /// What was said with the decision.
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
    /// What is asked.
    pub question: String,
    /// What the person is shown.
    #[serde(default)]
    pub shown: Value,
    /// Who may decide.
    pub required_role: String,
    /// When it was asked.
    pub requested_at: DateTime<Utc>,
    /// When it expires undecided.
    pub expires_at: DateTime<Utc>,
    /// step, plan, tool_call, budget, outcome_unknown, question, verdict.
    #[serde(default = "step")]
    pub kind: String,
    /// The tool whose call it is about.
    #[serde(default)]
    pub tool: Option<String>,
    /// Exactly what is decided on: arguments, a plan, a cap.
    #[serde(default)]
    pub subject: Option<Value>,
    /// Its sha256 in hex: the version.
    #[serde(default)]
    pub subject_hash: Option<String>,
    /// The original, where another person edited it: with `subject`, the difference.
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
    /// What an answer has to be, as a JSON schema.
    #[serde(default)]
    pub answer_schema: Option<Value>,
    /// How many different people have to approve.
    #[serde(default = "one")]
    pub quorum: i64,
    /// How many have.
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
    /// Its place in the tree's history, from 1, without gaps.
    pub sequence: i64,
    /// The run it happened in.
    pub run_id: i64,
    /// The run's goal.
    pub goal_id: Option<i64>,
    /// The step it happened to.
    pub step_key: Option<String>,
    /// What happened, as `step.completed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// More about it.
    #[serde(default)]
    pub data: Value,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// How far a goal is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// The goal.
    pub goal_id: i64,
    /// 0 to 1.
    #[serde(default, deserialize_with = "number")]
    pub progress: Option<f64>,
    /// Steps that ended.
    pub steps_ended: i64,
    /// Steps there are.
    pub steps_total: i64,
    /// The same in words.
    pub explanation: String,
    /// What its newest plan was thought to cost: micro-dollars in `cost_microusd`, and where that comes from.
    #[serde(default)]
    pub estimate: Option<Value>,
}

impl Progress {
    /// What it was thought to cost, in dollars, for people; nothing where there is no estimate.
    #[must_use]
    pub fn estimated(&self) -> Option<String> {
        let microusd = self.estimate.as_ref()?.get("cost_microusd")?.as_f64()?;
        Some(format!("estimated at ${:.2}", microusd / 1e6))
    }
}

/// What one model call used.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Usage {
    /// The run it was for.
    pub run_id: i64,
    /// The step it was for.
    pub step_key: String,
    /// Whose model.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// Tokens sent.
    pub input_tokens: i64,
    /// Tokens received.
    pub output_tokens: i64,
    /// Millionths of a dollar.
    pub cost_microusd: i64,
    /// Whether the cost is an estimate: the model has no price, or its server reported no usage.
    #[serde(default)]
    pub is_estimate: bool,
}

/// A step that failed for good and waits for a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id, for `retry`.
    pub id: i64,
    /// The run of the step.
    pub run_id: i64,
    /// The step.
    pub step_key: String,
    /// Why it failed.
    #[serde(default)]
    pub error: Value,
    /// When a person tried it again.
    pub retried_at: Option<DateTime<Utc>>,
}

/// Codes of errors that end a step for good and that a person can mend: a key, a name, credit, a cap, a limit of the
/// workspace.
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
    /// Returns true if another attempt can end otherwise: the cause passes by itself, or a person can mend it. What was
    /// asked for wrongly, or rejected, fails again.
    #[must_use]
    pub fn may_be_retried(&self) -> bool {
        let code = self.error.get("code").and_then(Value::as_str);
        let is_passing = self.error.get("retryable") == Some(&Value::Bool(true));
        self.retried_at.is_none()
            && (is_passing || code.is_some_and(|code| MENDABLE.contains(&code)))
    }
}

/// Postgres' `numeric` comes as a number or, where digits must not be lost, as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_f64().or_else(|| value.as_str()?.parse().ok()))
}
