//! The context of a planning task, and its result.

use domain::{Limits, Tool};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::inputs::{Asker, Fit, Goal, Table, Workspace};

/// Context of a `plan` step, with what came of an earlier try in the same step.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanTask {
    /// The question as it was asked.
    pub question: String,
    /// What is to be planned.
    pub goal: Goal,
    /// Titles of the goals above a sub-goal, from the first.
    pub goals_above: Vec<String>,
    /// Runbooks by how well they match.
    pub runbooks: Vec<RunbookOffer>,
    /// Who may work.
    pub agents: Vec<AgentOffer>,
    /// What may be called.
    pub tools: Vec<Tool>,
    /// What may be read: the tables that fit the goal, where there are many.
    pub tables: Vec<Table>,
    /// How many more tables there are.
    pub more_tables: u32,
    /// The schemas that the asker's queries may name.
    pub readable_schemas: Vec<String>,
    /// The caps that the plan must keep.
    pub limits: Limits,
    /// Which plan of the goal this will be, from 1.
    pub revision: i32,
    /// What came of the last revision.
    pub previous: Option<Value>,
    /// What is remembered of earlier work, best first.
    pub memories: Vec<String>,
    /// What holds for all work of the workspace.
    pub workspace: Workspace,
    /// The person who asked.
    pub asker: Asker,
    /// The database's clock in the workspace's time zone, as text.
    pub local_now: String,
    /// The database's clock, as text.
    pub now: String,
}

/// A runbook that may become the plan.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunbookOffer {
    /// Its id.
    pub runbook_id: i64,
    /// Its name, which is also the type of its goals.
    pub name: String,
    /// Which version of it.
    pub version: i32,
    /// For people.
    pub title: String,
    /// Its purpose.
    pub description: String,
    /// Its relevance with its success, cost and frequency in this workspace, from 0 to 1.
    pub score: f64,
    /// Similarity of words, from 0 to 1.
    pub relevance: f64,
    /// How much of it the runbook covers.
    pub fit: Fit,
    /// What the score is made of.
    pub reasons: Vec<String>,
    /// Words of the goal that occur nowhere in the runbook, in their base form.
    pub uncovered: Vec<String>,
    /// Whether the asker may use it.
    pub allowed: bool,
    /// Why not, as a sentence for the asker.
    pub refusal: Option<String>,
    /// The JSON Schema of its parameters.
    pub parameters: Value,
    /// Its plan.
    pub plan: Value,
}

/// An agent that steps may name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentOffer {
    /// Its name.
    pub name: String,
    /// What it is good at.
    pub role: String,
    /// What it may call.
    pub tools: Vec<String>,
}

/// A plan and where it comes from, in the form of a `plan` step's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// To be checked before anything is made of it.
    pub plan: Value,
    /// The runbook that it is, if it is one.
    pub runbook_id: Option<i64>,
    /// The runbook's parameters that typed rules found in the question.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// Why, by name.
    pub reasons: Vec<String>,
    /// The model that wrote it; none where it is a runbook's or a rule's. A failed step of such a plan leads to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}
