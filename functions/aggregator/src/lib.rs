//! The aggregator judges whether a goal is reached: steps of kind `judge`.
//!
//! When all steps of a plan have ended it compiles their results into a report (Markdown, and JSON for programs) and
//! gives each success criterion a verdict with its evidence: by its check where that can be evaluated, by the model
//! otherwise, and `unknown` where neither can decide or a person has to. An unmet criterion leads to another plan, within the cap; after
//! that the goal fails with the results it has. An unknown one never completes the goal: the database asks the
//! requester, or the role that the check names. A run whose step failed for good is judged too, by checks alone, so that its report shows the results,
//! the failures and their reasons. The database then ends run, goal and the parent's step (or the request) together.

mod context;
mod queries;
mod report;
mod verdicts;

use domain::{Contradiction, CriterionVerdict, StepKind, Verdict};
use journal::{Journal, ModelFunction, WithModel};
use llm::LazyModel;
use runtime::{Interrupted, StepContext, Worker};
use serde_json::{Value, json};
use store::ClaimedStep;

use crate::context::Judging;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Judge];

/// The function with its worker and model.
pub type Aggregator = WithModel<JudgeSteps>;

/// Judges goals; the model is for criteria that code cannot check.
pub struct JudgeSteps;

impl ModelFunction for JudgeSteps {
    const NAME: &'static str = "aggregator";
    const KINDS: &'static [StepKind] = KINDS;

    async fn work(
        worker: &Worker,
        model: &LazyModel,
        step: &ClaimedStep,
        context: &StepContext,
    ) -> Result<Value, Interrupted> {
        let judging: Judging = step.context()?;
        let mut checked = verdicts::by_checks(&judging);
        let mut verdicts = std::mem::take(&mut checked.verdicts);
        if judging.failure.is_some() {
            // A goal that has failed is not judged for money; the report shows the results so far.
            verdicts.extend(verdicts::unjudged(&checked));
            return Ok(judge(&judging, verdicts, &[]));
        }
        let mut contradictions = Vec::new();
        if !checked.open.is_empty() {
            let mut journal = Journal::open(worker, model, context, step).await?;
            let judgement = verdicts::by_model(&mut journal, &judging, &checked.open).await;
            let judgement = journal.close(judgement)?;
            verdicts.extend(judgement.verdicts);
            contradictions = judgement.contradictions;
        }
        let store = worker.store();
        verdicts.extend(queries::verdicts(store, context, &judging, &checked.queries).await?);
        verdicts.extend(verdicts::left_to_people(&checked));
        Ok(judge(&judging, verdicts, &contradictions))
    }
}

/// Builds the result of the step: verdicts, report and decision.
fn judge(
    judging: &Judging,
    mut verdicts: Vec<CriterionVerdict>,
    contradictions: &[Contradiction],
) -> Value {
    verdicts.sort_by_key(|verdict| verdict.number);
    let unmet: Vec<String> = verdicts
        .iter()
        .filter(|verdict| verdict.verdict == Verdict::Unmet)
        .map(|verdict| judging.description_of(verdict.number))
        .collect();
    let decision = match (&judging.failure, unmet.is_empty()) {
        (Some(_), _) => "fail",
        (None, true) => "complete",
        (None, false) if judging.may_plan_again() => "replan",
        (None, false) => "fail",
    };
    let unmet = (!unmet.is_empty()).then(|| format!("not met: {}", unmet.join("; ")));
    let reason = judging.failure.clone().or(unmet);
    json!({
        "decision": decision,
        "reason": reason,
        "report": report::markdown(judging, contradictions),
        "result": report::json(judging, contradictions),
        "verdicts": verdicts,
    })
}
