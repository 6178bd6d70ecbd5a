//! A step that is one call of a tool, with arguments filled in from the results of other steps.

use domain::plan::ToolInput;
use runtime::StepContext;
use serde_json::Value;
use store::{ClaimedStep, StepError};

use crate::Executor;
use crate::work_context::WorkContext;

/// Makes the call; its result is the step's.
pub(crate) async fn work(
    executor: &Executor,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Value, StepError> {
    let told = WorkContext::of(step)?;
    let input: ToolInput = serde_json::from_value(step.input.clone()).map_err(|error| {
        StepError::terminal(
            "input_unreadable",
            format!("the step names no tool and arguments: {error}"),
        )
    })?;
    let arguments = Value::Object(input.arguments);
    let arguments = executor
        .tools
        .render_arguments(&input.tool, &arguments, &told.names(&[]))?;
    let call_context = told.for_call(executor.worker.store(), context, None);
    Ok(executor
        .tools
        .call(&input.tool, &arguments, &call_context)
        .await?)
}
