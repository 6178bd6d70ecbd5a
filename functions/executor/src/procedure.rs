//! A procedure: a fixed list of calls, made one after the other. No model is called, and no provider's key is needed.

use domain::ToolCallRequest;
use domain::plan::ToolInput;
use runtime::Interrupted;
use serde_json::Value;
use store::StepError;
use tasks::deterministic::rule;

use crate::tool_calls::ToolCaller;

/// Makes the calls of a procedure; the result of the last one is the step's.
pub(crate) async fn work(
    caller: &ToolCaller<'_>,
    procedure: &[ToolInput],
) -> Result<Value, Interrupted> {
    let mut results = Vec::new();
    for (number, next) in (1_u32..).zip(procedure) {
        let names = caller.work.names(&results);
        let arguments = Value::Object(next.arguments.clone());
        let tools = &caller.executor.tools;
        let arguments = tools.render_arguments(&next.tool, &arguments, &names);
        let request = ToolCallRequest {
            call_id: format!("procedure/{number}"),
            tool: next.tool.clone(),
            arguments: arguments.map_err(StepError::from)?,
        };
        results.push(caller.call(request).await?.into_result()?);
    }
    let result = Value::Object(rule::result_of(results.last(), None));
    caller.result_schema.check(&result)?;
    Ok(result)
}
