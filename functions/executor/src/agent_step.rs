//! A step that an agent works on: turns of a model, calls of tools, until the model is done.

use std::time::Duration;

use domain::plan::AgentInput;
use futures::future::join_all;
use model::{CallOrigin, CallOutcome, PastTurn, ToolCall, Turn, WorkTask};
use runtime::StepContext;
use serde_json::Value;
use store::{ClaimedStep, StepError};
use tools::{CallContext, ToolError};

use crate::Executor;
use crate::work_context::WorkContext;

/// Below this, no further turn is begun: it would not end in time.
const LEAST_TIME_FOR_A_TURN: Duration = Duration::from_millis(500);

/// Lets the agent work; its last word is the step's result.
pub(crate) async fn work(
    executor: &Executor,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Value, StepError> {
    let told = WorkContext::of(step)?;
    let input: AgentInput = serde_json::from_value(step.input.clone()).map_err(|error| {
        StepError::terminal(
            "input_unreadable",
            format!("the step has no instructions: {error}"),
        )
    })?;
    let agent = told.agent.clone().ok_or_else(|| {
        StepError::terminal(
            "agent_missing",
            "the step's agent is gone; plan again with an agent that is there",
        )
    })?;
    let max_turns = agent.max_turns.unwrap_or(DEFAULT_TURNS);
    let mut task = WorkTask {
        instructions: input.instructions,
        procedure: input.procedure,
        question: told.question.clone(),
        goal: told.goal(),
        parameters: Value::Object(told.parameters.clone()),
        steps: told.steps.clone(),
        agent: Some(agent),
        tools: told.tools.clone(),
        now: told.now.clone(),
        ..WorkTask::default()
    };

    let model = executor.model.get().await?;
    for _ in 0..max_turns {
        if context.remaining() < LEAST_TIME_FOR_A_TURN {
            return Err(StepError::retryable(
                "out_of_time",
                "there is not enough time left for another turn",
            ));
        }
        let mut asker = model.direct();
        let taken = model.work(&mut asker, &task).await;
        let asked = asker.take_usage().into_iter();
        asked.for_each(|usage| context.record_usage(usage));
        let (turn, usage) = taken?;
        usage
            .into_iter()
            .for_each(|usage| context.record_usage(usage));
        match turn {
            Turn::Done { result, .. } => return Ok(Value::Object(result)),
            Turn::Calls { calls, answer } => {
                let calls = call_all(executor, &told, &task, calls, context).await;
                task.turns.push(PastTurn { answer, calls });
            }
        }
    }
    Err(StepError::terminal(
        "too_many_turns",
        format!(
            "the agent was not done after {max_turns} turns; give it a smaller task or raise max_turns"
        ),
    ))
}

/// Turns of an agent whose row does not say.
const DEFAULT_TURNS: u32 = 8;

/// Makes the calls of one turn at once; each answers for itself.
async fn call_all(
    executor: &Executor,
    told: &WorkContext,
    task: &WorkTask,
    calls: Vec<ToolCall>,
    context: &StepContext,
) -> Vec<CallOutcome> {
    let results: Vec<Value> = task
        .turns
        .iter()
        .flat_map(|turn| &turn.calls)
        .filter_map(|call| call.result.clone())
        .collect();
    let names = told.names(&results);
    let made_before: usize = task.turns.iter().map(|turn| turn.calls.len()).sum();
    join_all(calls.into_iter().enumerate().map(|(at, call)| {
        let call_context =
            told.for_call(executor.worker.store(), context, Some(made_before + at + 1));
        make_call(executor, told, &names, call, call_context)
    }))
    .await
}

async fn make_call(
    executor: &Executor,
    told: &WorkContext,
    names: &Value,
    call: ToolCall,
    context: CallContext,
) -> CallOutcome {
    let called = try_call(executor, told, names, &call, &context).await;
    let mut outcome = CallOutcome {
        id: call.id,
        name: call.name,
        arguments: call.arguments,
        ..CallOutcome::default()
    };
    match called {
        Ok(result) => outcome.result = Some(result),
        Err(error) => {
            outcome.error_code = Some(error.code.into_owned());
            outcome.error = Some(error.message);
            outcome.retryable = error.retryable;
        }
    }
    outcome
}

/// The agent's row says what it may call, whatever the model asks for.
async fn try_call(
    executor: &Executor,
    told: &WorkContext,
    names: &Value,
    call: &ToolCall,
    context: &CallContext,
) -> Result<Value, ToolError> {
    if !told.agent_may_call(&call.name) {
        return Err(ToolError::terminal(
            "tool_not_allowed",
            format!(
                "this agent may not call {}; its tools are listed in its row",
                call.name
            ),
        ));
    }
    let arguments = match call.origin {
        CallOrigin::Procedure => {
            executor
                .tools
                .render_arguments(&call.name, &call.arguments, names)?
        }
        CallOrigin::Model => call.arguments.clone(),
    };
    executor.tools.call(&call.name, &arguments, context).await
}
