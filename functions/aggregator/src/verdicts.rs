//! Verdicts on criteria: by the check where there is one, by the model otherwise.

use domain::{CriterionVerdict, Verdict, expression};
use journal::Journal;
use store::StepError;
use tasks::{Criterion, JudgeTask};

use crate::context::Judging;
use crate::report;

/// The verdicts of the checks, and the criteria that they leave open.
#[derive(Default)]
pub(crate) struct Checked<'a> {
    /// Verdicts on the criteria whose check could be evaluated.
    pub(crate) verdicts: Vec<CriterionVerdict>,
    /// The other criteria, each with the reason why its check could not be evaluated: mostly it reads a step that
    /// failed.
    pub(crate) open: Vec<(&'a Criterion, Option<String>)>,
}

/// Evaluates the checks of criteria.
pub(crate) fn by_checks(judging: &Judging) -> Checked<'_> {
    let names = judging.names();
    let mut checked = Checked::default();
    for criterion in &judging.criteria {
        let evaluated = criterion.check.as_deref();
        match evaluated.map(|check| expression::evaluate_check(check, &names)) {
            None => checked.open.push((criterion, None)),
            Some(Err(error)) => checked.open.push((criterion, Some(error.to_string()))),
            Some(Ok(check)) => checked.verdicts.push(CriterionVerdict {
                number: criterion.number,
                verdict: if check.holds {
                    Verdict::Met
                } else {
                    Verdict::Unmet
                },
                evidence: check.evidence,
            }),
        }
    }
    checked
}

/// Returns the verdict on a criterion that is not judged because the goal has failed already.
pub(crate) fn unjudged((criterion, error): &(&Criterion, Option<String>)) -> CriterionVerdict {
    let evidence = error.clone();
    CriterionVerdict {
        number: criterion.number,
        verdict: Verdict::Unknown,
        evidence: evidence.unwrap_or_else(|| "not judged: the goal had failed".to_owned()),
    }
}

/// Calls the model for the criteria that the checks left open. A criterion that stays unknown shows why its check could
/// not decide.
pub(crate) async fn by_model(
    journal: &mut Journal<'_>,
    judging: &Judging,
    open: &[(&Criterion, Option<String>)],
) -> Result<Vec<CriterionVerdict>, StepError> {
    // Without its check: one that could not be evaluated would mislead.
    let without_check = |criterion: &Criterion| Criterion {
        check: None,
        ..criterion.clone()
    };
    let task = JudgeTask {
        question: judging.question.clone(),
        goal: judging.goal.clone(),
        criteria: open.iter().map(|(one, _)| without_check(one)).collect(),
        report: report::markdown(judging),
        now: judging.now.clone(),
        steps: judging.steps.clone(),
    };
    let mut given = tasks::judge(journal.model(), journal, &task).await?;
    for verdict in &mut given {
        let found = open.iter().find(|(one, _)| one.number == verdict.number);
        if let (Verdict::Unknown, Some((_, Some(error)))) = (verdict.verdict, found) {
            verdict.evidence.clone_from(error);
        }
    }
    Ok(given)
}
