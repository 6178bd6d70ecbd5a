//! A step that is one call of a tool, with arguments filled in from the results of other steps.

use domain::plan::ToolInput;
use domain::{ToolCall, ToolCallRequest};
use runtime::{Interrupted, StepContext};
use serde_json::{Map, Value};
use store::{ClaimedStep, StepError};

use crate::Executor;
use crate::result_schema::ResultSchema;
use crate::tool_calls::ToolCaller;
use crate::work_context::WorkContext;

/// Makes the call; its result is the step's.
pub(crate) async fn work(
    executor: &Executor,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Value, Interrupted> {
    let work = WorkContext::of(step)?;
    let caller = ToolCaller {
        executor,
        work: &work,
        context,
        result_schema: &ResultSchema::default(),
    };
    let request = request(&caller, step)?;
    let call = caller.call(request).await?;
    let sent_arguments = executor.writes(&call.tool).then(|| sent_arguments(&call));
    let mut result = call.into_result()?;
    if let (Value::Object(result), Some(sent_arguments)) = (&mut result, sent_arguments) {
        result.extend(sent_arguments);
    }
    Ok(result)
}

/// Returns the arguments of a call that writes: a person may have changed them, and reports show them.
fn sent_arguments(call: &ToolCall) -> Map<String, Value> {
    let mut sent_arguments = Map::new();
    sent_arguments.insert("arguments".to_owned(), call.arguments.clone());
    sent_arguments.insert("was_edited".to_owned(), Value::Bool(call.was_edited));
    sent_arguments
}

fn request(caller: &ToolCaller<'_>, step: &ClaimedStep) -> Result<ToolCallRequest, StepError> {
    let input: ToolInput = step.input()?;
    let arguments = Value::Object(input.arguments);
    let names = caller.work.names(&[]);
    let tools = &caller.executor.tools;
    Ok(ToolCallRequest {
        call_id: "tool".to_owned(),
        arguments: tools.render_arguments(&input.tool, &arguments, &names)?,
        tool: input.tool,
    })
}
