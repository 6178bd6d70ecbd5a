//! A look at a plan's templates and checks before anything runs.
//!
//! Only syntax is checked: whether a name exists is known when the step runs. SQL cannot read
//! minijinja, so this is not among the rules that both sides share; the planner asks it besides
//! [`check()`](super::check()), to spare a model's mistake the way through the database.

use serde_json::Value;

use super::{Plan, PlanStep, Problem, ProblemCode};
use crate::expression;
use crate::state::StepKind;

/// Finds templates and checks that cannot be read.
#[must_use]
pub fn check_expressions(plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    for criterion in &plan.criteria {
        let Some(check) = &criterion.check else {
            continue;
        };
        if let Err(error) = expression::check_expression(check) {
            problems.push(problem(None, format!("the check `{check}`: {error}")));
        }
    }
    if let Some(Err(error)) = plan
        .report
        .as_ref()
        .map(|report| expression::check_template(&report.body))
    {
        problems.push(problem(None, format!("the report: {error}")));
    }
    for step in &plan.steps {
        let mut texts = Vec::new();
        for arguments in arguments_of(step) {
            collect(arguments, &mut texts);
        }
        for text in texts {
            if let Err(error) = expression::check_template(text) {
                problems.push(problem(Some(step), error.to_string()));
            }
        }
    }
    problems
}

fn problem(step: Option<&PlanStep>, message: String) -> Problem {
    let step_key = step.map(|step| step.key.to_string());
    Problem {
        code: ProblemCode::BadExpression,
        step_key,
        message,
    }
}

/// The arguments of a tool step, or of each call of an agent's procedure.
fn arguments_of(step: &PlanStep) -> Vec<&Value> {
    match step.kind {
        StepKind::Tool => step.input.get("arguments").into_iter().collect(),
        StepKind::Agent => {
            let procedure = step.input.get("procedure").and_then(Value::as_array);
            procedure
                .into_iter()
                .flatten()
                .filter_map(|call| call.get("arguments"))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn collect<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, texts)),
        _ => {}
    }
}
