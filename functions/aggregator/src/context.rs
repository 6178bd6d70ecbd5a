//! The context of a claimed judge step, and the names that templates and checks may use.

use std::collections::BTreeMap;

use domain::CriterionVerdict;
use domain::plan::ReportTemplate;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tasks::{Criterion, Goal, StepOutcome};

/// The context of kind `judge`, as `goalpost_private.context_to_judge` writes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Judging {
    #[serde(default)]
    pub(crate) goal: Goal,
    #[serde(default)]
    pub(crate) question: String,
    #[serde(default)]
    pub(crate) parameters: Value,
    #[serde(default)]
    pub(crate) now: String,
    #[serde(default)]
    pub(crate) criteria: Vec<Criterion>,
    /// The verdicts that people have given, which stay.
    #[serde(default)]
    pub(crate) given: Vec<CriterionVerdict>,
    /// The schemas that queries of checks may read.
    #[serde(default)]
    pub(crate) readable_schemas: Vec<String>,
    #[serde(default)]
    pub(crate) steps: Vec<StepOutcome>,
    #[serde(default)]
    pub(crate) report: Option<ReportTemplate>,
    /// The reason why the run fails whatever the verdicts are; `None` while it can still succeed.
    #[serde(default)]
    pub(crate) failure: Option<String>,
    #[serde(default)]
    pub(crate) revision: i32,
    #[serde(default)]
    pub(crate) max_revisions: i32,
}

impl Judging {
    /// Returns true if the cap leaves room for another plan.
    pub(crate) fn may_plan_again(&self) -> bool {
        self.revision <= self.max_revisions
    }

    pub(crate) fn description_of(&self, number: i32) -> String {
        let criterion = self
            .criteria
            .iter()
            .find(|criterion| criterion.number == number);
        criterion.map_or_else(
            || format!("criterion {number}"),
            |criterion| criterion.description.clone(),
        )
    }

    /// Returns the results of the steps that completed, by key.
    pub(crate) fn results(&self) -> Map<String, Value> {
        let results = self.steps.iter().filter(|step| step.state == "completed");
        results
            .map(|step| (step.key.clone(), step.result.clone().unwrap_or(Value::Null)))
            .collect()
    }

    /// Returns the error messages of the steps that failed, by key.
    pub(crate) fn failures(&self) -> BTreeMap<&str, &str> {
        let failed = self.steps.iter().filter(|step| step.state == "failed");
        failed
            .map(|step| {
                let message = step
                    .error
                    .as_ref()
                    .and_then(|error| error.get("message"))
                    .and_then(Value::as_str);
                (step.key.as_str(), message.unwrap_or("no reason given"))
            })
            .collect()
    }

    /// Returns the names that the report's template and the checks may use.
    pub(crate) fn names(&self) -> Value {
        json!({
            "goal": {
                "title": self.goal.title,
                "description": self.goal.description,
                "goal_type": self.goal.goal_type,
                "question": self.question,
            },
            "question": self.question,
            "parameters": self.parameters,
            "now": self.now,
            "steps": self.results(),
            "failures": self.failures(),
            "criteria": self.criteria,
        })
    }
}
