//! The context of a judgement.

use domain::{Contradiction, CriterionVerdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inputs::Goal;

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

/// What a judgement came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// One for each criterion of the task.
    pub verdicts: Vec<CriterionVerdict>,
    /// Results that contradict each other.
    pub contradictions: Vec<Contradiction>,
}

/// A criterion to judge.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Criterion {
    /// Its number within the goal, from 1.
    pub number: i32,
    /// What must hold.
    pub description: String,
    /// The check that decides it, as the plan has it, if there is one.
    pub check: Option<Value>,
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
