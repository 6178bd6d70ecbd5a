//! The turn of an agent: its context, its outcome, and the turns before it.

use domain::{Tool, ToolCall};
use llm::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::inputs::{Asker, CommonValues, Goal, Table, Workspace};

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
    /// Notes to the agent after so many turns: the end of its last attempt, or a problem of its result.
    pub notes: Vec<(usize, String)>,
    /// What is remembered of earlier work, best first.
    pub memories: Vec<String>,
    /// What earlier work taught.
    pub lessons: Vec<String>,
    /// True on the last turn: no tool may be called any more.
    pub must_answer: bool,
    /// The summary that stands for so many turns, from the first on.
    pub summary: Option<(usize, String)>,
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

/// What an agent does next. The answer belongs into the [`crate::PastTurn`] that is made of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// Calls to be made, before the next turn is asked for.
    Calls {
        /// Contains the calls, in their order.
        answer: Answer,
    },
    /// The work is done.
    Done {
        /// The step's result, with a `text`.
        result: Map<String, Value>,
        /// The last answer.
        answer: Answer,
    },
}
