//! Verdicts on criteria: by the check where there is one, by the model otherwise.

use domain::{CriterionVerdict, Verdict, expression};
use model::{Criterion, JudgeTask, LazyModel};
use runtime::StepContext;
use serde_json::Value;
use store::StepError;

use crate::context::Judging;

/// One verdict per criterion, in their order.
pub(crate) async fn give(
    model: &LazyModel,
    judging: &Judging,
    context: &StepContext,
) -> Result<Vec<CriterionVerdict>, StepError> {
    let names = judging.names();
    let (checked, unchecked): (Vec<&Criterion>, Vec<&Criterion>) = judging
        .criteria
        .iter()
        .partition(|criterion| criterion.check.is_some());
    let mut verdicts: Vec<CriterionVerdict> = checked
        .into_iter()
        .map(|criterion| by_check(criterion, &names))
        .collect();
    if !unchecked.is_empty() {
        verdicts.extend(by_model(model, judging, unchecked, context).await?);
    }
    verdicts.sort_by_key(|verdict| verdict.number);
    Ok(verdicts)
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
async fn by_model(
    model: &LazyModel,
    judging: &Judging,
    criteria: Vec<&Criterion>,
    context: &StepContext,
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
    let model = model.get().await?;
    let mut asker = model.direct();
    let judged = model.judge(&mut asker, &task).await;
    let asked = asker.take_usage().into_iter();
    asked.for_each(|usage| context.record_usage(usage));
    let (given, usage) = judged?;
    usage
        .into_iter()
        .for_each(|usage| context.record_usage(usage));
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
