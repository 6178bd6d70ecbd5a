//! The aggregator judges whether a goal is reached: steps of kind `judge`.
//!
//! When all steps of a plan have ended it compiles their results into a report (Markdown, and JSON for programs) and
//! gives each success criterion a verdict with its evidence: by its check where that can be evaluated, by the model
//! otherwise, and `unknown` where neither can decide. An unmet criterion leads to another plan, within the cap; after
//! that the goal fails with the results it has. An unknown one never completes the goal: the database asks the
//! requester. A run whose step failed for good is judged too, by checks alone, so that its report shows the results,
//! the failures and their reasons. The database then ends run, goal and the parent's step (or the request) together.

pub mod config;
mod context;
mod report;
mod verdicts;

use std::sync::Arc;

use domain::{CriterionVerdict, StepKind, Verdict};
use journal::Journal;
use llm::LazyModel;
use runtime::{Call, Failure, Invocation, StepContext, Worker};
use serde_json::{Value, json};
use store::{ClaimedStep, Outcome};
use tasks::Criterion;

use crate::context::Judging;
use crate::verdicts::Checked;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Judge];

/// The function with its worker and model.
pub struct Aggregator {
    /// Claims and finishes steps, and answers triggers.
    pub worker: Worker,
    /// The model for criteria that code cannot check.
    pub model: LazyModel,
}

/// Handles one invocation.
///
/// # Errors
/// The database cannot be reached; the platform delivers the trigger again, and the sweep finds the work anyway.
pub async fn handle(aggregator: Arc<Aggregator>, invocation: Invocation) -> Result<Value, Failure> {
    match aggregator.worker.decode(&invocation).await? {
        Call::Refused(reply) => Ok(reply),
        Call::Accepted(trigger) => {
            let work = |step, context| work(Arc::clone(&aggregator), step, context);
            aggregator
                .worker
                .handle_trigger(&trigger, &invocation, work)
                .await
        }
    }
}

async fn work(aggregator: Arc<Aggregator>, step: ClaimedStep, context: StepContext) -> Outcome {
    let judging = match Judging::of(&step) {
        Ok(judging) => judging,
        Err(error) => return Outcome::failed(error),
    };
    let Checked { mut verdicts, open } = verdicts::by_checks(&judging);
    if judging.failure.is_some() {
        // The goal has failed: nothing more is paid to judge it, and the report shows the results so far.
        verdicts.extend(open.iter().map(verdicts::unjudged));
    } else if !open.is_empty() {
        match call_model(&aggregator, &step, &context, &judging, &open).await {
            Ok(given) => verdicts.extend(given),
            Err(outcome) => return outcome,
        }
    }
    verdicts.sort_by_key(|verdict| verdict.number);
    Outcome::Completed {
        result: judge(&judging, &verdicts),
    }
}

/// Calls the model for the verdicts through the step's journal, so that an answered call is not repeated after a crash.
async fn call_model(
    aggregator: &Aggregator,
    step: &ClaimedStep,
    context: &StepContext,
    judging: &Judging,
    open: &[(&Criterion, Option<String>)],
) -> Result<Vec<CriterionVerdict>, Outcome> {
    let model = aggregator.model.get().await;
    let model = model.map_err(|error| Outcome::failed(error.into()))?;
    let mut journal = Journal::open(aggregator.worker.store(), model, context, step).await?;
    match verdicts::by_model(model, &mut journal, judging, open).await {
        Ok(verdicts) => Ok(verdicts),
        Err(error) => Err(journal.outcome(Err(error))),
    }
}

/// Builds the result of the step: verdicts, report and decision.
fn judge(judging: &Judging, verdicts: &[CriterionVerdict]) -> Value {
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
        "report": report::markdown(judging),
        "result": report::json(judging),
        "verdicts": verdicts,
    })
}
