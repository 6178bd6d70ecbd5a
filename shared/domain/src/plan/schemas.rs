//! Checks the JSON Schemas that a plan holds, before anything runs.
//!
//! SQL does not carry out all of JSON Schema, so this is not among the rules that both sides share.

use super::read::{Step, present, steps_of};
use super::{Problem, ProblemCode};
use crate::json_schema::JsonSchema;
use crate::state::StepKind;

/// Finds schemas of results that cannot be used.
#[must_use]
pub fn check_output_schemas(plan: &serde_json::Value) -> Vec<Problem> {
    let steps = steps_of(plan).iter().map(Step::read);
    let agents = steps.filter(|step| step.kind == Some(StepKind::Agent));
    agents.filter_map(|step| problem(&step)).collect()
}

fn problem(step: &Step<'_>) -> Option<Problem> {
    let schema = present(step.input, "output_schema")?;
    let problem = JsonSchema::parse(schema).err()?;
    Some(Problem {
        code: ProblemCode::BadOutputSchema,
        step_key: step.key.map(str::to_owned),
        message: format!(
            "input.output_schema cannot be used: {problem}; write a simpler schema or leave it out"
        ),
    })
}
