//! A procedure that was worked out beforehand: its calls, one after the other, without a model.
//!
//! Each call is frozen in the journal before it is made, as every call that a model asks for is: what it reads then counts
//! for the decision on the next one, and for every step that the result is handed to.

use journal::Journal;
use model::{CallOrigin, CallOutcome, PastTurn, ToolCall, WorkTask};
use serde_json::Value;
use store::{AskedFor, StepError};
use tools::ToolError;

use crate::calls::{self, Caller};

/// Makes the next calls of the procedure.
pub(crate) async fn follow(
    caller: &Caller<'_>,
    task: &mut WorkTask,
    journal: &mut Journal<'_>,
    asked: Vec<ToolCall>,
) -> Result<(), StepError> {
    let before = task.turns.iter().flat_map(|turn| &turn.calls);
    let results: Vec<Value> = before.filter_map(|call| call.result.clone()).collect();
    let mut number: usize = task.turns.iter().map(|turn| turn.calls.len()).sum();
    let mut made = Vec::new();
    for call in asked {
        number += 1;
        made.push(make(caller, journal, call, &results, number).await?);
    }
    task.turns.push(PastTurn {
        answer: None,
        calls: made,
    });
    Ok(())
}

async fn make(
    caller: &Caller<'_>,
    journal: &mut Journal<'_>,
    call: ToolCall,
    results: &[Value],
    number: usize,
) -> Result<CallOutcome, StepError> {
    let arguments = match arguments(caller, &call, results) {
        Ok(arguments) => arguments,
        Err(error) => return Ok(failed(call, error)),
    };
    let asked = AskedFor {
        call_id: format!("procedure/{number}"),
        tool: call.name,
        arguments,
    };
    let row = journal.calls().freeze(asked).await;
    let row = row.map_err(|why| journal.put_back(why))?;
    let rows = caller.make(journal, vec![row]).await?;
    let outcome = rows.first().map(calls::outcome).unwrap_or_default();
    // It has no name of a model's: its order tells which call it was.
    Ok(CallOutcome {
        id: None,
        ..outcome
    })
}

fn arguments(caller: &Caller<'_>, call: &ToolCall, results: &[Value]) -> Result<Value, ToolError> {
    if !caller.told.agent_may_call(&call.name) {
        return Err(calls::not_allowed(&call.name));
    }
    match call.origin {
        CallOrigin::Procedure => {
            let names = caller.told.names(results);
            caller
                .executor
                .tools
                .render_arguments(&call.name, &call.arguments, &names)
        }
        CallOrigin::Model => Ok(call.arguments.clone()),
    }
}

fn failed(call: ToolCall, error: ToolError) -> CallOutcome {
    CallOutcome {
        name: call.name,
        arguments: call.arguments,
        error_code: Some(error.code.into_owned()),
        error: Some(error.message),
        retryable: error.retryable,
        ..CallOutcome::default()
    }
}
