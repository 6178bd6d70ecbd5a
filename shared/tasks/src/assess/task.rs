//! The context of an assessment, and its result.

use domain::Tool;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inputs::{Asker, Fit, Table, Workspace};

/// Context of an `assess` step.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Assess {
    /// The question as it was asked.
    pub question: String,
    /// What the caller sent along.
    pub context: Value,
    /// Runbooks by how well they match.
    pub runbooks: Vec<RunbookMatch>,
    /// The embedding space in which an earlier attempt matched the question, if any.
    pub question_space: Option<String>,
    /// Names of runbooks that there are, at most ten, whether they match or not.
    pub runbook_names: Vec<String>,
    /// The tools that a step may call.
    pub tools: Vec<Tool>,
    /// The tables that the asker may read: those that fit the question, where there are many.
    pub tables: Vec<Table>,
    /// How many more tables there are.
    pub more_tables: u32,
    /// The schemas that the asker's queries may name.
    pub readable_schemas: Vec<String>,
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

/// A candidate runbook of a question, as `match_runbooks` describes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunbookMatch {
    /// Its id.
    pub runbook_id: i64,
    /// Its name, which is also the type of its goals.
    pub name: String,
    /// For people.
    pub title: String,
    /// Its purpose.
    pub description: String,
    /// Its relevance with its success, cost and frequency in this workspace, from 0 to 1.
    pub score: f64,
    /// Similarity by words or by meaning, the greater, from 0 to 1.
    pub relevance: f64,
    /// How much of it the runbook covers.
    pub fit: Fit,
    /// The shared words, and how often it succeeded in this workspace.
    pub reasons: Vec<String>,
    /// Words of the question that occur nowhere in the runbook, in their base form.
    pub uncovered: Vec<String>,
    /// Why the asker may not use it, as a sentence for the asker.
    pub refusal: Option<String>,
    /// The JSON Schema of its parameters.
    pub parameters: Value,
}

/// What to do with a request, in the form of an `assess` step's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// What to do.
    #[serde(flatten)]
    pub decision: Decision,
    /// How complex the question is, from 0 to 1.
    pub score: f64,
    /// Why, by name.
    pub reasons: Vec<String>,
    /// The model that decided; none where a rule did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// The three ways on from a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// The answer is known already.
    Answer {
        /// The answer, Markdown.
        text: String,
    },
    /// A few steps give the answer; the last one's result is it.
    Steps {
        /// Steps as in a plan; to be checked like one.
        steps: Vec<Value>,
    },
    /// It needs a plan: a new one, or that of the runbook which the goal's type names.
    Goal {
        /// The goal to make.
        goal: NewGoal,
    },
}

/// A goal to make.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NewGoal {
    /// For people.
    pub title: String,
    /// What is to be reached.
    pub description: String,
    /// Which kind of goal it is; the name of a runbook when one was matched.
    #[serde(default)]
    pub goal_type: Option<String>,
    /// Values for the runbook, beside what the request brought; null without any.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub parameters: Value,
}
