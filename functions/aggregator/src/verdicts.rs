//! Verdicts on criteria: by the check where there is one, by the model otherwise.

use domain::{CriterionVerdict, Verdict, expression};
use journal::Journal;
use model::{Criterion, JudgeTask, Model};
use serde_json::Value;
use store::StepError;

use crate::context::Judging;

/// Verdicts on the criteria that have a check, and the others.
pub(crate) fn by_checks(judging: &Judging) -> (Vec<CriterionVerdict>, Vec<&Criterion>) {
    let names = judging.names();
    let (checked, unchecked): (Vec<&Criterion>, Vec<&Criterion>) = judging
        .criteria
        .iter()
        .partition(|criterion| criterion.check.is_some());
    let verdicts = checked
        .into_iter()
        .map(|criterion| by_check(criterion, &names));
    (verdicts.collect(), unchecked)
}

/// Returns the verdict on a criterion that is not judged because the goal has failed already.
pub(crate) fn unjudged(criterion: &Criterion) -> CriterionVerdict {
    CriterionVerdict {
        number: criterion.number,
        verdict: Verdict::Unknown,
        evidence: "not judged: the goal had failed".to_owned(),
    }
}

fn by_check(criterion: &Criterion, names: &Value) -> CriterionVerdict {
    let check = criterion.check.as_deref().unwrap_or_default();
    let (verdict, evidence) = match expression::evaluate_check(check, names) {
        Ok(check) if check.holds => (Verdict::Met, check.evidence),
        Ok(check) => (Verdict::Unmet, check.evidence),
        // What it looks at is not there, mostly because a step failed: that is not knowing, not failing.
        Err(error) => (Verdict::Unknown, error.to_string()),
    };
    CriterionVerdict {
        number: criterion.number,
        verdict,
        evidence,
    }
}

/// A criterion that the model says nothing about stays unknown.
pub(crate) async fn by_model(
    model: &Model,
    journal: &mut Journal<'_>,
    judging: &Judging,
    criteria: Vec<&Criterion>,
) -> Result<Vec<CriterionVerdict>, StepError> {
    let task = JudgeTask {
        question: judging.question.clone(),
        goal: judging.goal.clone(),
        criteria: criteria
            .iter()
            .map(|criterion| (*criterion).clone())
            .collect(),
        steps: judging.steps.clone(),
    };
    let given = model.judge(journal, &task).await?;
    let verdict_on = |criterion: &&Criterion| {
        let verdict = given
            .iter()
            .find(|verdict| verdict.number == criterion.number)
            .cloned();
        verdict.unwrap_or_else(|| CriterionVerdict {
            number: criterion.number,
            verdict: Verdict::Unknown,
            evidence: "no verdict was given".to_owned(),
        })
    };
    Ok(criteria.iter().map(verdict_on).collect())
}
