//! Verdicts on criteria: by the check where there is one, by the model otherwise.

use domain::plan::{CriterionCheck, SqlCheck};
use domain::{CriterionVerdict, DecidedBy, Verdict};
use journal::Journal;
use store::StepError;
use tasks::{Criterion, JudgeTask, Judgement};

use crate::context::Judging;
use crate::report;

/// The verdicts of the checks, and the criteria that they leave open.
#[derive(Default)]
pub(crate) struct Checked<'a> {
    /// Verdicts of people, and on the criteria whose check could be evaluated.
    pub(crate) verdicts: Vec<CriterionVerdict>,
    /// Checks that a query decides, by the number of their criterion.
    pub(crate) queries: Vec<(i32, SqlCheck)>,
    /// The criteria that people decide.
    pub(crate) for_people: Vec<&'a Criterion>,
    /// The other criteria, each with the reason why its check could not be evaluated: mostly it reads a step that
    /// failed.
    pub(crate) open: Vec<(&'a Criterion, Option<String>)>,
}

/// Evaluates the checks of criteria. A verdict that a person has given stays.
pub(crate) fn by_checks(judging: &Judging) -> Checked<'_> {
    let names = judging.names();
    let mut checked = Checked {
        verdicts: judging.given.clone(),
        ..Checked::default()
    };
    for criterion in &judging.criteria {
        let number = criterion.number;
        if judging.given.iter().any(|given| given.number == number) {
            continue;
        }
        let check = criterion.check.as_ref().map(CriterionCheck::read);
        match check.transpose().map(Option::flatten) {
            Ok(None) => checked.open.push((criterion, None)),
            Ok(Some(CriterionCheck::Sql(check))) => checked.queries.push((number, check)),
            Ok(Some(CriterionCheck::Person(_))) => checked.for_people.push(criterion),
            Ok(Some(CriterionCheck::Results(check))) => match check.evaluate(&names) {
                Ok(check) => {
                    let verdict = match check.holds {
                        true => Verdict::Met,
                        false => Verdict::Unmet,
                    };
                    let verdict = CriterionVerdict::of_check(number, verdict, check.evidence);
                    checked.verdicts.push(verdict);
                }
                Err(reason) => checked.open.push((criterion, Some(reason))),
            },
            Err(problem) => checked.open.push((criterion, Some(problem))),
        }
    }
    checked
}

/// Returns the verdicts on criteria that are not judged because the goal has failed already.
pub(crate) fn unjudged(checked: &Checked<'_>) -> Vec<CriterionVerdict> {
    let failed =
        |number: i32| CriterionVerdict::undecided(number, "not judged: the goal had failed");
    let open = checked.open.iter().map(|(criterion, reason)| match reason {
        Some(reason) => {
            CriterionVerdict::of_check(criterion.number, Verdict::Unknown, reason.clone())
        }
        None => failed(criterion.number),
    });
    let queries = checked.queries.iter().map(|(number, _)| failed(*number));
    let for_people = checked.for_people.iter().map(|one| failed(one.number));
    open.chain(queries).chain(for_people).collect()
}

/// Returns the verdicts on criteria that people decide, until they do.
pub(crate) fn left_to_people(checked: &Checked<'_>) -> impl Iterator<Item = CriterionVerdict> {
    let criteria = checked.for_people.iter();
    criteria.map(|criterion| CriterionVerdict::undecided(criterion.number, "a person decides this"))
}

/// Calls the model for the criteria that the checks left open. A criterion that stays unknown shows why its check could
/// not decide.
pub(crate) async fn by_model(
    journal: &mut Journal<'_>,
    judging: &Judging,
    open: &[(&Criterion, Option<String>)],
) -> Result<Judgement, StepError> {
    // Without its check: one that could not be evaluated would mislead.
    let without_check = |criterion: &Criterion| Criterion {
        check: None,
        ..criterion.clone()
    };
    let task = JudgeTask {
        question: judging.question.clone(),
        goal: judging.goal.clone(),
        criteria: open.iter().map(|(one, _)| without_check(one)).collect(),
        report: report::markdown(judging, &[]),
        now: judging.now.clone(),
        steps: judging.steps.clone(),
    };
    let mut judgement = tasks::judge(journal.model(), journal, &task).await?;
    for verdict in &mut judgement.verdicts {
        let found = open.iter().find(|(one, _)| one.number == verdict.number);
        if let (Verdict::Unknown, Some((_, Some(error)))) = (verdict.verdict, found) {
            verdict.evidence.clone_from(error);
            verdict.decided_by = Some(DecidedBy::Check);
        }
    }
    Ok(judgement)
}
