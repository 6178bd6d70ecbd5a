//! A step that is one call of a tool, with arguments filled in from the results of other steps.
//!
//! A call that only reads is its own journal: whoever does the step again makes it again. One that writes is frozen
//! first, with the arguments that it keeps at every try.

use domain::plan::ToolInput;
use journal::Interrupted;
use runtime::StepContext;
use serde_json::Value;
use store::{AskedFor, CallRow, CallState, ClaimedStep, Outcome, StepError};

use crate::Executor;
use crate::calls;
use crate::work_context::WorkContext;

/// Makes the call; its result is the step's.
pub(crate) async fn work(
    executor: &Executor,
    step: &ClaimedStep,
    context: &StepContext,
) -> Outcome {
    match prepare(executor, step) {
        Ok((told, tool, arguments)) if !executor.writes(&tool) && !told.journaled => {
            let key = told.call_key(None);
            let call_context = told.for_call(executor.worker.store(), context, key, 0);
            let called = executor.tools.call(&tool, &arguments, &call_context);
            match called.await {
                Ok(result) => Outcome::Completed { result },
                Err(error) => match calls::interruption(&error) {
                    Some(why) => why.into(),
                    None => Outcome::failed(error.into()),
                },
            }
        }
        Ok((told, tool, arguments)) => {
            let call = AskedFor {
                call_id: "tool".to_owned(),
                tool,
                arguments,
            };
            match journaled(executor, &told, context, call).await {
                Ok(Ok(result)) => Outcome::Completed { result },
                Ok(Err(error)) => Outcome::failed(error),
                Err(interrupted) => interrupted.into(),
            }
        }
        Err(error) => Outcome::failed(error),
    }
}

fn prepare(
    executor: &Executor,
    step: &ClaimedStep,
) -> Result<(WorkContext, String, Value), StepError> {
    let told = WorkContext::of(step)?;
    let input: ToolInput = serde_json::from_value(step.input.clone()).map_err(|error| {
        StepError::terminal(
            "input_unreadable",
            format!("the step names no tool and arguments: {error}"),
        )
    })?;
    let arguments = Value::Object(input.arguments);
    let names = told.names(&[]);
    let arguments = executor
        .tools
        .render_arguments(&input.tool, &arguments, &names)?;
    Ok((told, input.tool, arguments))
}

async fn journaled(
    executor: &Executor,
    told: &WorkContext,
    context: &StepContext,
    call: AskedFor,
) -> Result<Result<Value, StepError>, Interrupted> {
    let store = executor.worker.store();
    let calls = journal::Calls::new(store, context);
    let row = calls.freeze(call).await?;
    let make = |row: &CallRow| {
        let row = row.clone();
        let call_context = told.for_call(store, context, row.idempotency_key.clone(), row.number);
        async move {
            let called = executor
                .tools
                .call(&row.tool, &row.arguments, &call_context);
            calls::made(called.await)
        }
    };
    let rows = calls.make(vec![row], make).await?;
    let row = rows.into_iter().next();
    Ok(match row.map(|row| (row.state, row.result, row.error)) {
        Some((CallState::Done, result, _)) => Ok(result.unwrap_or_default()),
        Some((CallState::Waiting | CallState::Unknown, ..)) => return Err(Interrupted::ForOthers),
        Some((_, _, Some(error))) => Err(error),
        _ => Err(StepError::retryable(
            "call_not_made",
            "the call could not be made; it will be tried again",
        )),
    })
}
