//! What the tasks give back. All of it is untrusted until it has been checked.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ask::Answer;

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

/// A plan and where it comes from, in the form of a `plan` step's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// To be checked before anything is made of it.
    pub plan: Value,
    /// The runbook that it is, if it is one.
    pub runbook_id: Option<i64>,
    /// Why, by name.
    pub reasons: Vec<String>,
    /// The model that wrote it; none where it is a runbook's or a rule's. A failed step of such a plan leads to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
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
