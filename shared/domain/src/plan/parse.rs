//! Converts JSON to [`Plan`]. Runs only after [`check()`] found nothing, so it decides nothing about validity.

use serde_json::{Map, Value};

use super::check;
use super::read::{integer, planned_kind, present, steps_of, text};
use super::{
    Catalogue, CriterionCheck, Limits, OnFailure, Plan, PlanCriterion, PlanStep, Problem,
    ProblemCode, ReportTemplate,
};

/// Attempts of a step that gives no number.
const DEFAULT_MAX_ATTEMPTS: i32 = 3;
/// Wall clock of one attempt of a step that gives no limit.
const DEFAULT_TIMEOUT_SECONDS: i32 = 300;

impl Plan {
    /// Checks a plan and reads it with the defaults filled in.
    ///
    /// # Errors
    /// Every problem that [`check()`] found; never an empty list.
    pub fn parse(
        plan: &Value,
        limits: &Limits,
        catalogue: &Catalogue,
    ) -> Result<Self, Vec<Problem>> {
        let problems = check(plan, limits, catalogue);
        if !problems.is_empty() {
            return Err(problems);
        }
        let fields = plan.as_object();
        let steps = steps_of(plan).iter().map(|step| {
            // Cannot fail after the check; if the two ever disagree, refusing is the safe answer.
            parse_step(step).ok_or_else(|| {
                let message = "the step cannot be read".to_owned();
                vec![Problem {
                    code: ProblemCode::BadKey,
                    step_key: None,
                    message,
                }]
            })
        });
        Ok(Self {
            summary: text(fields, "summary").unwrap_or_default().to_owned(),
            criteria: parse_criteria(fields),
            steps: steps.collect::<Result<_, _>>()?,
            report: parse_report(fields),
        })
    }
}

fn parse_step(step: &Value) -> Option<PlanStep> {
    let fields = step.as_object();
    let key = text(fields, "key")?;
    let depends_on = present(fields, "depends_on").and_then(Value::as_array);
    let number = |name, default| {
        let value = present(fields, name).and_then(integer);
        value
            .and_then(|number| i32::try_from(number).ok())
            .unwrap_or(default)
    };
    let on_failure = text(fields, "on_failure");
    Some(PlanStep {
        kind: planned_kind(present(fields, "kind")?)?,
        agent: text(fields, "agent").map(str::to_owned),
        title: text(fields, "title").unwrap_or(key).to_owned(),
        depends_on: depends_on
            .into_iter()
            .flatten()
            .map(|name| name.as_str()?.parse().ok())
            .collect::<Option<_>>()?,
        input: present(fields, "input")?.as_object()?.clone(),
        condition: present(fields, "condition")
            .and_then(Value::as_object)
            .cloned(),
        on_failure: if on_failure == Some("continue") {
            OnFailure::Continue
        } else {
            OnFailure::Fail
        },
        max_attempts: number("max_attempts", DEFAULT_MAX_ATTEMPTS),
        timeout_seconds: number("timeout_seconds", DEFAULT_TIMEOUT_SECONDS),
        key: key.parse().ok()?,
    })
}

fn parse_criteria(plan: Option<&Map<String, Value>>) -> Vec<PlanCriterion> {
    let list = present(plan, "criteria").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(parse_criterion)
        .collect()
}

fn parse_criterion(criterion: &Value) -> Option<PlanCriterion> {
    if let Some(description) = criterion.as_str().filter(|text| !text.is_empty()) {
        return Some(PlanCriterion {
            description: description.to_owned(),
            check: None,
        });
    }
    let fields = criterion.as_object();
    Some(PlanCriterion {
        description: text(fields, "description")?.to_owned(),
        check: present(fields, "check")
            .and_then(|check| CriterionCheck::read(check).ok())
            .flatten(),
    })
}

fn parse_report(plan: Option<&Map<String, Value>>) -> Option<ReportTemplate> {
    let fields = present(plan, "report").and_then(Value::as_object);
    Some(ReportTemplate {
        title: text(fields, "title").unwrap_or_default().to_owned(),
        body: text(fields, "body")?.to_owned(),
    })
}
