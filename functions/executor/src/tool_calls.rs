//! Calls that an agent's answer asks for, as the journal has them: made, and told to the model.

use journal::{Interrupted, Journal, Made, Memories};
use model::{Answer, AskedCall, CallOutcome, Model};
use runtime::StepContext;
use serde_json::{Value, json};
use store::{CallRow, CallState, StepError};
use tools::ToolError;

use crate::Executor;
use crate::form::{Form, SUBMIT_RESULT};
use crate::work_context::WorkContext;

/// What calls of one step are made with.
pub(crate) struct Caller<'a> {
    pub(crate) executor: &'a Executor,
    pub(crate) model: &'a Model,
    pub(crate) told: &'a WorkContext,
    pub(crate) context: &'a StepContext,
    pub(crate) form: &'a Form,
}

impl Caller<'_> {
    /// Makes those that are to be made. The step waits if one of them does.
    pub(crate) async fn make(
        &self,
        journal: &mut Journal<'_>,
        rows: Vec<CallRow>,
    ) -> Result<Vec<CallRow>, StepError> {
        let made = journal
            .calls()
            .make(rows, |row| self.make_one(row.clone()))
            .await;
        let rows = made.map_err(|why| journal.put_back(why))?;
        let waits = |row: &CallRow| matches!(row.state, CallState::Waiting | CallState::Unknown);
        if rows.iter().any(waits) {
            return Err(journal.put_back(Interrupted::ForOthers));
        }
        Ok(rows)
    }

    /// The agent's row says what it may call, whatever the model asks for and the journal holds.
    async fn make_one(&self, row: CallRow) -> Made {
        if row.tool == SUBMIT_RESULT {
            return match self.form.problem(&row.arguments) {
                None => Made::Result(row.arguments),
                Some(problem) => Made::Failed(StepError::terminal("result_does_not_fit", problem)),
            };
        }
        if !self.told.agent_may_call(&row.tool) {
            return Made::Failed(not_allowed(&row.tool).into());
        }
        match row.tool.as_str() {
            REMEMBER => return self.remember(&row).await,
            RECALL => return self.recall(&row).await,
            _ => {}
        }
        let store = self.executor.worker.store();
        let context =
            self.told
                .for_call(store, self.context, row.idempotency_key.clone(), row.number);
        let called = self
            .executor
            .tools
            .call(&row.tool, &row.arguments, &context);
        made(called.await)
    }
}

/// Tools that write down, and tell, what is remembered.
const REMEMBER: &str = "remember";
const RECALL: &str = "recall";

impl Caller<'_> {
    fn memories(&self) -> Memories<'_> {
        Memories::new(self.executor.worker.store(), self.model, self.context)
    }

    async fn remember(&self, row: &CallRow) -> Made {
        let text = text_of(row, "text");
        if text.trim().is_empty() {
            return Made::Failed(StepError::terminal(
                "invalid_arguments",
                "`text` says what is to be remembered",
            ));
        }
        match self.memories().remember(row.number, text).await {
            Ok(memory_id) => Made::Result(json!({"memory_id": memory_id})),
            Err(error) => failed(error),
        }
    }

    /// What came from content of others says so: whoever reads it has read untrusted content.
    async fn recall(&self, row: &CallRow) -> Made {
        let limit = row.arguments.get("limit").and_then(Value::as_u64);
        match self
            .memories()
            .recall(row.number, text_of(row, "query"), limit)
            .await
        {
            Ok(memories) => {
                let is_untrusted = memories.iter().any(|memory| memory.trust != "trusted");
                Made::Result(json!({"memories": memories, "untrusted": is_untrusted}))
            }
            Err(error) => failed(error),
        }
    }
}

fn text_of<'a>(row: &'a CallRow, name: &str) -> &'a str {
    row.arguments
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn failed(error: store::Error) -> Made {
    match error.is_retryable() {
        true => Made::Later(error.into()),
        false => Made::Failed(error.into()),
    }
}

/// What came of a call, as the journal takes it.
pub(crate) fn made(called: Result<Value, ToolError>) -> Made {
    match called {
        Ok(result) => Made::Result(result),
        // A call that may be repeated is made again; another one's outcome is asked of a person.
        Err(error) if error.retryable || error.code == tools::OUTCOME_UNKNOWN => {
            Made::Later(error.into())
        }
        Err(error) => Made::Failed(error.into()),
    }
}

pub(crate) fn not_allowed(tool: &str) -> ToolError {
    ToolError::terminal(
        "tool_not_allowed",
        format!("this agent may not call {tool}; its tools are listed in its row"),
    )
}

/// The result that the agent submitted, if it did and it fits.
pub(crate) fn submitted(rows: &[CallRow]) -> Option<Value> {
    let submitted = |row: &&CallRow| row.tool == SUBMIT_RESULT && row.state == CallState::Done;
    rows.iter().find(submitted)?.result.clone()
}

/// A word for the model about calls whose arguments a person changed.
pub(crate) fn edits(rows: &[CallRow]) -> Option<String> {
    let edited = rows.iter().filter(|row| row.was_edited);
    let said: Vec<String> = edited
        .map(|row| {
            format!(
                "A person changed the arguments of your call to {} before it was made; they were {}.",
                row.tool, row.arguments
            )
        })
        .collect();
    (!said.is_empty()).then(|| said.join("\n"))
}

/// What came of each call of an answer, in its order.
pub(crate) fn outcomes(answer: &Answer, rows: &[CallRow]) -> Vec<CallOutcome> {
    let of = |(place, call): (usize, &AskedCall)| {
        let named = |row: &&CallRow| row.call_id.as_deref() == Some(call.id.as_str());
        // A model may give two calls one name; then their order tells.
        let at_its_place = rows.get(place).filter(named);
        at_its_place
            .or_else(|| rows.iter().find(named))
            .map_or_else(
                || CallOutcome {
                    id: Some(call.id.clone()),
                    name: call.name.clone(),
                    arguments: call.arguments.clone(),
                    error_code: Some("too_many_calls".to_owned()),
                    error: Some(
                        "this call was not made: an answer may ask for 16; ask for it again"
                            .to_owned(),
                    ),
                    ..CallOutcome::default()
                },
                outcome,
            )
    };
    answer.calls.iter().enumerate().map(of).collect()
}

/// What came of one call.
pub(crate) fn outcome(row: &CallRow) -> CallOutcome {
    let (code, message, retryable) = match &row.error {
        Some(error) => (
            Some(error.code.clone()),
            Some(error.message.clone()),
            error.retryable,
        ),
        None => (None, None, false),
    };
    CallOutcome {
        id: row.call_id.clone(),
        name: row.tool.clone(),
        arguments: row.arguments.clone(),
        result: row.result.clone(),
        error_code: code,
        error: message,
        retryable,
    }
}
