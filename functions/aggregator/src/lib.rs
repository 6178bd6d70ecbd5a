//! The aggregator says whether a goal is reached: steps of kind `judge`.
//!
//! When all steps of a plan have ended it compiles their results into a report (Markdown, and JSON for programs) and
//! gives each success criterion a verdict with its evidence: by its check where it has one, by the model otherwise,
//! and `unknown` where nobody can tell. An unmet criterion asks for another plan, within the cap; after that the goal
//! fails with the best there is. The database then ends run, goal and the parent's step (or the request) together.

pub mod config;
mod context;
mod report;
mod verdicts;

use std::sync::Arc;

use domain::{StepKind, Verdict};
use model::LazyModel;
use runtime::{Call, Failure, Invocation, StepContext, Worker};
use serde_json::{Value, json};
use store::{ClaimedStep, Outcome, StepError};

use crate::context::Judging;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Judge];

/// The function with everything it works with.
pub struct Aggregator {
    /// Claims, finishes, answers.
    pub worker: Worker,
    /// Who judges criteria that code cannot check.
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
                .work_off(&trigger, &invocation, work)
                .await
        }
    }
}

async fn work(aggregator: Arc<Aggregator>, step: ClaimedStep, context: StepContext) -> Outcome {
    match judge(&aggregator, &step, &context).await {
        Ok(result) => Outcome::Completed { result },
        Err(error) => Outcome::failed(error),
    }
}

/// Verdicts, report and decision: the result of the step.
async fn judge(
    aggregator: &Aggregator,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Value, StepError> {
    let judging = Judging::of(step)?;
    let verdicts = verdicts::give(&aggregator.model, &judging, context).await?;
    let unmet: Vec<String> = verdicts
        .iter()
        .filter(|verdict| verdict.verdict == Verdict::Unmet)
        .map(|verdict| judging.description_of(verdict.number))
        .collect();
    let decision = match unmet.is_empty() {
        true => "complete",
        false if judging.may_plan_again() => "replan",
        false => "fail",
    };
    let reason = (!unmet.is_empty()).then(|| format!("not met: {}", unmet.join("; ")));
    Ok(json!({
        "decision": decision,
        "reason": reason,
        "report": report::markdown(&judging, &verdicts),
        "result": report::json(&judging),
        "verdicts": verdicts,
    }))
}
