//! The evidence of an analysis, as `read_evidence` describes it.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What happened in a workspace.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Evidence {
    /// Goals that a model planned and that were reached, the newest first.
    pub(crate) runs: Vec<Run>,
    /// The tables that the workspace may read.
    pub(crate) tables: Vec<tasks::Table>,
    /// How people decided on the calls of each tool.
    pub(crate) decisions: Vec<Decisions>,
    /// People's edits of calls.
    pub(crate) corrections: Vec<Correction>,
    /// Failed calls that a later call made good.
    pub(crate) failures: Vec<Failure>,
    /// Bad ratings with a remark.
    pub(crate) ratings: Vec<Rating>,
    /// Lessons of agents that were tried.
    pub(crate) trials: Vec<Trial>,
    /// The agents that work.
    pub(crate) agents: Vec<Agent>,
    /// What people should look at.
    pub(crate) findings: Vec<Finding>,
    /// The runs behind runbooks that were taken back.
    pub(crate) reverted: Vec<Reverted>,
    /// Fingerprints of improvements that are pending, in effect, or rejected lately.
    pub(crate) known: Vec<String>,
}

/// A goal that was reached.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    pub(crate) run_id: i64,
    pub(crate) user_id: String,
    pub(crate) question: String,
    /// The workspace's local time when it was asked, as text with `YYYY-MM-DD`.
    pub(crate) local_now: String,
    pub(crate) title: String,
    pub(crate) goal_type: String,
    pub(crate) plan: Value,
    pub(crate) steps: Vec<Step>,
    /// With the assessment, the planning and the judgement.
    pub(crate) model_calls: f64,
    pub(crate) cost_microusd: f64,
    pub(crate) seconds: f64,
    /// When it was asked, in seconds since 1970.
    pub(crate) asked_at: f64,
}

/// A runbook that was taken back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reverted {
    /// The runs from which it was derived.
    pub(crate) runs: Vec<i64>,
    /// When, in seconds since 1970.
    pub(crate) at: f64,
}

/// A step of a run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Step {
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) result: Value,
    pub(crate) calls: Vec<Call>,
}

/// A call of a tool, with its frozen arguments.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) arguments: Value,
    pub(crate) writes: bool,
    pub(crate) was_edited: bool,
    /// None if it is too large to compare.
    pub(crate) result: Option<Value>,
}

/// Counts of people's decisions on the calls of one tool.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Decisions {
    pub(crate) tool: String,
    pub(crate) approved: u32,
    pub(crate) edited: u32,
    pub(crate) rejected: u32,
    pub(crate) approvals: Vec<i64>,
}

/// A person's edit of a call.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Correction {
    pub(crate) approval_id: i64,
    pub(crate) tool: String,
    pub(crate) proposed: Value,
    pub(crate) corrected: Value,
}

/// A failed call that a later call of the same tool made good.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Failure {
    pub(crate) run_id: i64,
    pub(crate) tool: String,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// A bad rating with a remark.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Rating {
    pub(crate) goal_id: i64,
    /// The question of the goal's request: a person's words.
    pub(crate) question: String,
    pub(crate) comment: String,
}

/// A lesson that an agent wrote for others and that five requests received, with the outcomes of their goals and of
/// other goals of the same types.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Trial {
    pub(crate) memory_id: i64,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) trust: String,
    pub(crate) uses: u32,
    pub(crate) successes: u32,
    pub(crate) other_uses: u32,
    pub(crate) other_successes: u32,
    /// How probable it is that the lesson raises the success rate, 0 to 1.
    pub(crate) probability: f64,
}

/// The version of an agent that works, and how it works.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Agent {
    pub(crate) name: String,
    pub(crate) version: i32,
    /// As `apply_agent` takes it.
    pub(crate) definition: Map<String, Value>,
    pub(crate) steps: u32,
    /// The steps that used all their turns.
    pub(crate) exhausted: u32,
    /// The tools that it called.
    pub(crate) tools: Vec<String>,
}

/// Something for people to look at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Finding {
    /// What it is about, the same at every analysis.
    pub(crate) subject: String,
    pub(crate) title: String,
    pub(crate) evidence: Value,
}
