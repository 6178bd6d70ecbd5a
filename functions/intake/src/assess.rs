//! Assesses one request: how complex is it, and what follows from that.

use journal::Journal;
use model::{Assess, Model};
use runtime::StepContext;
use serde_json::Value;
use store::{ClaimedStep, Outcome, StepError};

use crate::Intake;

/// Assesses by way of the step's journal: what was answered to a worker that died is not asked again.
pub(crate) async fn work(intake: &Intake, step: &ClaimedStep, context: &StepContext) -> Outcome {
    let model = match intake.model.get().await {
        Ok(model) => model,
        Err(error) => return Outcome::failed(error.into()),
    };
    let mut journal = match Journal::open(intake.worker.store(), model, context, step).await {
        Ok(journal) => journal,
        Err(interrupted) => return interrupted.into(),
    };
    let done = assess(model, &mut journal, step).await;
    journal.outcome(done)
}

/// The result of an `assess` step: the decision with its score and reasons.
async fn assess(
    model: &Model,
    journal: &mut Journal<'_>,
    step: &ClaimedStep,
) -> Result<Value, StepError> {
    let task: Assess = serde_json::from_value(step.context.clone()).map_err(|error| {
        StepError::terminal(
            "context_unreadable",
            format!("the database describes this step in a way this intake does not read ({error}); deploy both from one version"),
        )
    })?;
    let assessment = model.assess(journal, &task).await?;
    serde_json::to_value(assessment)
        .map_err(|error| StepError::terminal("assessment_unreadable", error.to_string()))
}
