//! Assesses one request: how complex is it, and what follows from that.

use model::{Assess, LazyModel};
use runtime::StepContext;
use serde_json::Value;
use store::{ClaimedStep, StepError};

/// The result of an `assess` step: the decision with its score and reasons.
pub(crate) async fn assess(
    model: &LazyModel,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Value, StepError> {
    let task: Assess = serde_json::from_value(step.context.clone()).map_err(|error| {
        StepError::terminal(
            "context_unreadable",
            format!("the database describes this step in a way this intake does not read ({error}); deploy both from one version"),
        )
    })?;
    let model = model.get().await?;
    let mut asker = model.direct();
    let assessed = model.assess(&mut asker, &task).await;
    let asked = asker.take_usage().into_iter();
    asked.for_each(|usage| context.record_usage(usage));
    let (assessment, usage) = assessed?;
    usage
        .into_iter()
        .for_each(|usage| context.record_usage(usage));
    serde_json::to_value(assessment)
        .map_err(|error| StepError::terminal("assessment_unreadable", error.to_string()))
}
