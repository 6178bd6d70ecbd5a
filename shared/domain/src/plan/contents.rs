//! The rules for the contents of a plan's steps: arguments, templates, checks and schemas.
//!
//! SQL carries out neither minijinja nor all of JSON Schema, so these are not among the rules that both sides share.
//! They find what would otherwise fail when the step runs. Plans that a model has written are checked by them; runbooks
//! are checked when they are published.
//!
//! | Code | Found when |
//! |---|---|
//! | `bad_arguments` | the arguments of a call do not fit the tool's schema. A string with a tag stands for an undetermined value: one that is exactly one `{{ expression }}` for any value, any other for a text |
//! | `bad_expression` | a template or check cannot be read, uses a filter or test that does not exist, or holds more than paths where only paths are filled in (`question`, `content`, `title` and `description`); or agent's `instructions` hold a tag, which is not filled in |
//! | `unknown_name` | a template or check reads a name that will be undefined: an unknown root, a step that the step does not depend on, a field that the step's result does not have |
//! | `bad_check` | the pattern or the schema of a check cannot be used |
//! | `unknown_criterion` | a later plan has a criterion that the first one does not have: its check would be lost |
//! | `bad_output_schema` | `output_schema` of an agent cannot be used |
//!
//! The database decides whether a query can run; [`queries`] returns those that it can check.

mod arguments;
mod found;
mod names;

use serde_json::{Map, Value};

use super::read::{Step, present, steps_of, text};
use super::{Catalogue, CriterionCheck, Problem, ProblemCode, ResultCheck};
use crate::json_schema::result_problem;
use crate::nearest::suggestion;
use crate::state::StepKind;
use found::Found;
use names::{Scope, Steps};

/// A query of a plan that holds no template, and can so be checked before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanQuery {
    /// The key of its step; none for the check of a criterion.
    pub step_key: Option<String>,
    /// One SELECT.
    pub sql: String,
}

/// Finds the problems of the contents of a plan's steps, its checks and its report.
#[must_use]
pub fn check_contents(plan: &Value, catalogue: &Catalogue) -> Vec<Problem> {
    let steps: Vec<Step<'_>> = steps_of(plan).iter().map(Step::read).collect();
    let known = Steps::new(&steps, catalogue);
    let mut problems = Vec::new();
    for step in &steps {
        let found = match step.kind {
            Some(StepKind::Tool) => {
                check_call(step.input, &Scope::of_step(step, &known), catalogue)
            }
            Some(StepKind::Agent) => check_agent(step, &known, catalogue),
            Some(StepKind::Approval) => check_approval(step, &known, catalogue),
            Some(StepKind::Subgoal) => check_texts(step, &["title", "description"], &known),
            _ => Vec::new(),
        };
        let found = found
            .into_iter()
            .chain(names::check_condition(step, &known));
        problems.extend(found.map(|(code, message)| problem(code, step.key, message)));
    }
    problems.extend(check_ends(plan, &known));
    problems.extend(check_criteria(plan, catalogue));
    problems
}

/// Returns the queries of tool steps, procedures and checks that hold no template.
#[must_use]
pub fn queries(plan: &Value) -> Vec<PlanQuery> {
    let steps = steps_of(plan).iter().map(Step::read);
    let calls = steps.flat_map(|step| {
        let key = step.key.unwrap_or_default();
        let own = step.input.filter(|_| step.kind == Some(StepKind::Tool));
        let procedure = step
            .procedure()
            .filter(|_| step.kind == Some(StepKind::Agent));
        let calls: Vec<_> = own.into_iter().chain(procedure).collect();
        calls.into_iter().map(move |call| (key, call))
    });
    let of_steps = calls
        .filter(|(_, call)| text(Some(call), "tool") == Some("sql"))
        .filter_map(|(key, call)| {
            Some(PlanQuery {
                step_key: Some(key.to_owned()),
                sql: call.get("arguments")?.get("query")?.as_str()?.to_owned(),
            })
        });
    let of_checks = checks_of(plan).filter_map(|check| match check {
        CriterionCheck::Sql(check) => Some(PlanQuery {
            step_key: None,
            sql: check.query,
        }),
        _ => None,
    });
    of_steps
        .chain(of_checks)
        .filter(|query| !crate::expression::is_template(&query.sql))
        .collect()
}

/// Returns the checks of the criteria that can be read; the others are found by the shared rules.
fn checks_of(plan: &Value) -> impl Iterator<Item = CriterionCheck> {
    let criteria = plan.get("criteria").and_then(Value::as_array);
    criteria
        .into_iter()
        .flatten()
        .filter_map(|criterion| CriterionCheck::read(criterion.get("check")?).ok()?)
}

fn problem(code: ProblemCode, step_key: Option<&str>, message: String) -> Problem {
    Problem {
        code,
        step_key: step_key.map(str::to_owned),
        message,
    }
}

/// Checks one call: `{"tool", "arguments"}`.
fn check_call(
    call: Option<&Map<String, Value>>,
    scope: &Scope<'_>,
    catalogue: &Catalogue,
) -> Vec<Found> {
    let tool = text(call, "tool").and_then(|name| catalogue.tools.get(name));
    let (Some(tool), Some(arguments)) = (tool, present(call, "arguments")) else {
        // Found by the shared rules.
        return Vec::new();
    };
    let mut found = arguments::check(tool, arguments);
    found.extend(names::check_arguments(tool, arguments, scope));
    found
}

fn check_agent(step: &Step<'_>, known: &Steps<'_>, catalogue: &Catalogue) -> Vec<Found> {
    let mut found = Vec::new();
    if text(step.input, "instructions").is_some_and(crate::expression::is_template) {
        let message = "input.instructions are not filled in; the agent is given the results of the steps in depends_on, so name them in words";
        found.push((ProblemCode::BadExpression, message.to_owned()));
    }
    let scope = Scope::of_procedure(step, known);
    found.extend(
        step.procedure()
            .flat_map(|call| check_call(Some(call), &scope, catalogue)),
    );
    if let Some(problem) = present(step.input, "output_schema").and_then(result_problem) {
        let message = format!(
            "input.output_schema cannot be used: {problem}; write a simpler schema or leave it out"
        );
        found.push((ProblemCode::BadOutputSchema, message));
    }
    found
}

/// Checks the input of an approval. Content with the fields of a call approves that call, so it has to fit the tool.
fn check_approval(step: &Step<'_>, known: &Steps<'_>, catalogue: &Catalogue) -> Vec<Found> {
    let mut found = check_texts(step, &["question"], known);
    let Some(content) = present(step.input, "content") else {
        return found;
    };
    let scope = Scope::of_step(step, known);
    names::for_each_string("input.content", content, &mut |place, text| {
        found.extend(names::check_paths(place, text, &scope));
    });
    if let Some(arguments) = content.get("arguments").filter(|value| value.is_object())
        && let Some(tool) = text(content.as_object(), "tool")
    {
        match catalogue.tools.get(tool) {
            Some(tool) => found.extend(arguments::check(tool, arguments)),
            None => {
                let near = suggestion(tool, catalogue.tools.keys().map(String::as_str));
                let message = format!("input.content: there is no tool `{tool}`{near}");
                found.push((ProblemCode::UnknownTool, message));
            }
        }
    }
    found
}

/// Checks texts that people read, into which results are filled by their path.
fn check_texts(step: &Step<'_>, fields: &[&str], known: &Steps<'_>) -> Vec<Found> {
    let scope = Scope::of_step(step, known);
    let texts = fields
        .iter()
        .filter_map(|field| text(step.input, field).map(|text| (field, text)));
    texts
        .flat_map(|(field, text)| names::check_paths(&format!("input.{field}"), text, &scope))
        .collect()
}

/// Checks the criteria and the report, which may read every step.
fn check_ends(plan: &Value, known: &Steps<'_>) -> Vec<Problem> {
    let scope = Scope::of_ends(known);
    let mut found: Vec<Found> = checks_of(plan)
        .flat_map(|check| check_criterion(&check, &scope))
        .collect();
    let report = plan.get("report").and_then(Value::as_object);
    for field in ["title", "body"] {
        if let Some(template) = text(report, field) {
            found.extend(names::check_template(
                &format!("report.{field}"),
                template,
                &scope,
            ));
        }
    }
    found
        .into_iter()
        .map(|(code, message)| problem(code, None, message))
        .collect()
}

/// Checks the names that a check reads, its pattern and its schema.
fn check_criterion(check: &CriterionCheck, scope: &Scope<'_>) -> Vec<Found> {
    match check {
        CriterionCheck::Results(ResultCheck::Expression(check)) => {
            names::check_expression(check, scope)
        }
        CriterionCheck::Results(check) => {
            let value = check.value();
            let mut found: Vec<Found> = check.problem().into_iter().collect();
            found.extend(
                value
                    .into_iter()
                    .flat_map(|value| names::check_value("check", value, scope)),
            );
            found
        }
        CriterionCheck::Sql(check) => names::check_template("check.sql", &check.query, scope),
        CriterionCheck::Person(_) => Vec::new(),
    }
}

/// Checks that a later plan refers to criteria that the goal has.
fn check_criteria(plan: &Value, catalogue: &Catalogue) -> Vec<Problem> {
    if catalogue.criteria.is_empty() {
        return Vec::new();
    }
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    let given = plan
        .get("criteria")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let described = given.filter_map(|criterion| {
        let described = criterion.get("description").unwrap_or(criterion);
        described.as_str()
    });
    let unknown =
        described.filter(|text| !catalogue.criteria.iter().any(|known| same(known, text)));
    let known: Vec<String> = catalogue
        .criteria
        .iter()
        .map(|text| format!("{text:?}"))
        .collect();
    unknown
        .map(|text| {
            let message = format!(
                "the goal has no criterion {text:?}; repeat one of these unchanged, with a check over the steps of this plan: {}",
                known.join(", ")
            );
            problem(ProblemCode::UnknownCriterion, None, message)
        })
        .collect()
}

#[cfg(test)]
mod tests;
