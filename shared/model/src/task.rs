//! What the tasks are given: the JSON context of a claimed step, by kind, as types.
//!
//! Fields that a task does not need are left out, unknown ones are ignored, and absent ones are
//! empty, so that an older function can read a newer database's context.

use std::collections::BTreeMap;

use domain::{Limits, Tool, ToolCall};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ask::Answer;

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

/// What holds for all work of a workspace, and where its tools may act.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Workspace {
    /// The time zone in which its people live, as the IANA names it.
    pub time_zone: String,
    /// The currency of amounts that name none; none if that differs.
    pub currency: Option<String>,
    /// Hosts that `webhook` may post to.
    pub webhook_hosts: Vec<String>,
    /// Hosts that `http` may call.
    pub http_hosts: Vec<String>,
    /// Domains that `email` may write to.
    pub email_domains: Vec<String>,
    /// Tables that `table_write` may write, each with what it may do there.
    pub writable_tables: Vec<String>,
}

/// The person who asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Asker {
    /// The name that the person goes by, if the account has one.
    pub name: Option<String>,
    /// The role in the workspace.
    pub role: Option<String>,
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
    /// Similarity of words, from 0 to 1.
    pub score: f64,
    /// The shared words, and how often it succeeded in this workspace.
    pub reasons: Vec<String>,
    /// Words of the question that occur nowhere in the runbook, in their base form.
    pub uncovered: Vec<String>,
    /// Why the asker may not use it, as a sentence for the asker.
    pub refusal: Option<String>,
    /// The parameters that its plan reads.
    pub parameters: Vec<String>,
}

/// A table or a view that the asker may read, as its catalog describes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `table` or `view`.
    pub kind: String,
    /// What its owner states of it.
    pub comment: Option<String>,
    /// Its columns, at most 40.
    pub columns: Vec<Column>,
    /// How many more columns there are.
    pub more_columns: u32,
    /// The columns of its primary key.
    pub primary_key: Vec<String>,
    /// The columns of its other unique keys.
    pub unique_keys: Vec<Vec<String>>,
    /// Its foreign keys to tables that the asker may read.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its short check constraints.
    pub checks: Vec<TableCheck>,
    /// As the planner of the database sees it; none for views and for tables with row-level security.
    pub estimated_rows: Option<f64>,
}

/// A column of a table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as the database prints it.
    pub r#type: String,
    /// True if it must have a value.
    pub not_null: bool,
    /// What its owner states of it.
    pub comment: Option<String>,
    /// The labels of an enum.
    pub values: Vec<String>,
}

/// A foreign key of a table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ForeignKey {
    /// Its columns.
    pub columns: Vec<String>,
    /// The table that it refers to, with its schema, as SQL names it.
    pub references: String,
    /// The columns there, in the same order.
    pub referenced_columns: Vec<String>,
}

/// A check constraint of a table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TableCheck {
    /// The columns that it reads.
    pub columns: Vec<String>,
    /// What must hold, as the database prints it.
    pub expression: String,
}

/// Common values and exact counts of tables, as queries of the asker found them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CommonValues {
    /// Rows of the tables that have no more than 10,000, by their names.
    pub rows: BTreeMap<String, u64>,
    /// Values of short text columns by table and column, the most frequent first.
    pub values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// The goal that a step works for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Goal {
    /// Its id.
    pub goal_id: i64,
    /// For people.
    pub title: String,
    /// What is to be reached.
    pub description: String,
    /// Which kind of goal it is; the name of a runbook when one was matched.
    pub goal_type: Option<String>,
    /// How many goals are above it.
    pub depth: i32,
    /// What must hold at the end, as far as known.
    pub criteria: Vec<Value>,
    /// What it was opened with: of a sub-goal, results of the steps that its step depends on, by key.
    pub context: Value,
}

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
    /// From 0 to 1.
    pub score: f64,
    /// What the score is made of.
    pub reasons: Vec<String>,
    /// Words of the goal that occur nowhere in the runbook, in their base form.
    pub uncovered: Vec<String>,
    /// Whether the asker may use it.
    pub allowed: bool,
    /// Why not, as a sentence for the asker.
    pub refusal: Option<String>,
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

/// The agent that a step was given to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Agent {
    /// Its name.
    pub name: String,
    /// Which version of its configuration.
    pub version: i32,
    /// What it is good at.
    pub role: String,
    /// The model it asks for, if it asks for one.
    pub model: Option<String>,
    /// What it may call.
    pub tools: Vec<String>,
    /// Turns before it must end; kept by the caller.
    pub max_turns: Option<u32>,
}

/// One turn of an `agent` step's work.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkTask {
    /// What the agent is asked to do.
    pub instructions: String,
    /// The question as it was asked.
    pub question: String,
    /// The goal, if the step works for one.
    pub goal: Option<Goal>,
    /// What the caller of the request sent along.
    pub parameters: Value,
    /// Results of the steps it depends on, by key.
    pub steps: Map<String, Value>,
    /// Why steps that it depends on failed, by key.
    pub failed_steps: Map<String, Value>,
    /// How many turns it has.
    pub max_turns: Option<usize>,
    /// Who works.
    pub agent: Option<Agent>,
    /// What may be called.
    pub tools: Vec<Tool>,
    /// What may be read: the tables that fit the step, where there are many.
    pub tables: Vec<Table>,
    /// What stands in them often.
    pub common_values: CommonValues,
    /// How many more tables there are.
    pub more_tables: u32,
    /// The schemas that the asker's queries may name.
    pub readable_schemas: Vec<String>,
    /// What holds for all work of the workspace.
    pub workspace: Workspace,
    /// The person who asked.
    pub asker: Asker,
    /// The database's clock in the workspace's time zone, as text.
    pub local_now: String,
    /// The database's clock, as text.
    pub now: String,
    /// The turns so far, oldest first, over all tries of the step.
    pub turns: Vec<PastTurn>,
    /// What is said to the agent after so many turns: what became of its last try, or what is wrong with its result.
    pub notes: Vec<(usize, String)>,
    /// What is remembered of earlier work, best first.
    pub memories: Vec<String>,
    /// What earlier work taught.
    pub lessons: Vec<String>,
    /// True on the last turn: no tool may be called any more.
    pub must_answer: bool,
    /// So many turns, from the first on, are told as this summary instead of word by word.
    pub summary: Option<(usize, String)>,
}

impl WorkTask {
    /// Bytes of the conversation that the next turn would carry; what is summed up does not count.
    #[must_use]
    pub fn conversation_bytes(&self) -> usize {
        crate::work::conversation_bytes(self)
    }
}

/// A turn that was taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PastTurn {
    /// The answer as it was.
    pub answer: Answer,
    /// The calls of the answer that were recorded, in its order.
    pub calls: Vec<ToolCall>,
}

/// Context of a `judge` step, with only those criteria that need judgement.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JudgeTask {
    /// The question as it was asked.
    pub question: String,
    /// What was to be reached.
    pub goal: Goal,
    /// The criteria to judge; those without a check, and those whose check could not be evaluated.
    pub criteria: Vec<Criterion>,
    /// The report as the asker will read it.
    pub report: String,
    /// The database's clock, as text.
    pub now: String,
    /// What the steps came to.
    pub steps: Vec<StepOutcome>,
}

/// A criterion to judge.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Criterion {
    /// Its number within the goal, from 1.
    pub number: i32,
    /// What must hold.
    pub description: String,
    /// An expression that decides it, if there is one.
    pub check: Option<String>,
}

/// What a step came to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StepOutcome {
    /// Its key.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// For people.
    pub title: String,
    /// Its state.
    pub state: String,
    /// Its result, if it completed.
    pub result: Option<Value>,
    /// Its error, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// Its calls that changed something outside or asked a person, as they were made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Value>,
}
