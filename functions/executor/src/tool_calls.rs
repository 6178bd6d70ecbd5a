//! Tool calls of a step: every path makes them here.
//!
//! A model's answer, a procedure and a tool's step differ in where the request comes from. All of them go through
//! [`ToolCaller::make`]: the journal records the call, policy and limits decide on it in the database, and
//! [`ToolCaller::perform`] makes it.

use domain::{ToolCall, ToolCallRequest, ToolCallResult, ToolCallState};
use journal::ToolCalls;
use llm::Model;
use memory::Memories;
use runtime::{Interrupted, StepContext};
use serde_json::{Value, json};
use store::StepError;
use tools::{EMBED_MEMORIES, ToolError};

use crate::Executor;
use crate::result_schema::{ResultSchema, SUBMIT_RESULT};
use crate::work_context::WorkContext;

/// The tool calls of one step, with the store, registry and lease that they need.
pub(crate) struct ToolCaller<'a> {
    pub(crate) executor: &'a Executor,
    pub(crate) work: &'a WorkContext,
    pub(crate) context: &'a StepContext,
    pub(crate) result_schema: &'a ResultSchema,
}

impl<'a> ToolCaller<'a> {
    fn calls(&self) -> ToolCalls<'a> {
        ToolCalls::new(self.executor.worker.store(), self.context)
    }

    /// Makes a call that does not come from a model.
    ///
    /// # Errors
    /// As [`ToolCaller::make`].
    pub(crate) async fn call(&self, request: ToolCallRequest) -> Result<ToolCall, Interrupted> {
        let call = match self.is_recorded_first(&request.tool) {
            true => self.calls().freeze(request).await?,
            false => ToolCall::unrecorded(request, self.work.step_name().to_owned()),
        };
        let made = self.make(vec![call.clone()]).await?;
        Ok(made.into_iter().next().unwrap_or(call))
    }

    /// Returns true if the call is recorded before it is made. All are, except the call of a tool's step that only
    /// reads and that no policy or limit concerns: the step's own row describes it.
    fn is_recorded_first(&self, tool: &str) -> bool {
        self.work.agent.is_some() || self.work.journaled || self.executor.writes(tool)
    }

    /// Makes the open calls among `calls` and returns all of them with their current state.
    ///
    /// # Errors
    /// [`Interrupted`]; the step waits if one of its calls does.
    pub(crate) async fn make(&self, calls: Vec<ToolCall>) -> Result<Vec<ToolCall>, Interrupted> {
        let perform = |call: &ToolCall| self.perform(call.clone());
        self.calls().make(calls, perform).await
    }

    /// Makes one call. The agent's row decides which tools it may call, whatever a model requests and the journal
    /// holds.
    async fn perform(&self, call: ToolCall) -> Result<ToolCallResult, Interrupted> {
        if self.work.agent.is_some() {
            if call.tool == SUBMIT_RESULT {
                return Ok(match self.result_schema.check(&call.arguments) {
                    Ok(()) => ToolCallResult::Done(call.arguments),
                    Err(error) => ToolCallResult::Failed(error),
                });
            }
            if !self.work.agent_may_call(&call.tool) {
                return Ok(ToolCallResult::Failed(not_allowed(&call.tool).into()));
            }
            if matches!(call.tool.as_str(), REMEMBER | RECALL) {
                return Ok(self.use_memory(&call).await);
            }
        }
        if call.tool == EMBED_MEMORIES {
            return self.embed_memories(&call).await;
        }
        let key = call.idempotency_key.clone();
        let store = self.executor.worker.store();
        let context = self.work.for_call(store, self.context, key, call.number);
        let tools = &self.executor.tools;
        match tools.call(&call.tool, &call.arguments, &context).await {
            Ok(result) => Ok(ToolCallResult::Done(result)),
            Err(error) => match interruption(&error) {
                Some(interrupted) => Err(interrupted),
                // A call that may be repeated is made again; for any other, a person decides.
                None if error.retryable || error.code == tools::OUTCOME_UNKNOWN => {
                    Ok(ToolCallResult::Retry(error.into()))
                }
                None => Ok(ToolCallResult::Failed(error.into())),
            },
        }
    }
}

/// Returns the interruption of the step for a call that cannot be made yet.
pub(crate) fn interruption(error: &ToolError) -> Option<Interrupted> {
    match error.code.as_ref() {
        tools::WAITS_FOR_PERSON => Some(Interrupted::Suspended),
        tools::QUERIES_BUSY => Some(Interrupted::Wait {
            seconds: error
                .retry_after_seconds
                .and_then(|seconds| u32::try_from(seconds).ok())
                .unwrap_or(1),
        }),
        _ => None,
    }
}

/// Tools that write and read memories.
const REMEMBER: &str = "remember";
const RECALL: &str = "recall";

impl ToolCaller<'_> {
    fn memories<'a>(&'a self, model: &'a Model) -> Memories<'a> {
        Memories::new(self.executor.worker.store(), model, self.context)
    }

    async fn use_memory(&self, call: &ToolCall) -> ToolCallResult {
        let tools = &self.executor.tools;
        match tools.check_arguments(&call.tool, &call.arguments) {
            Err(error) => ToolCallResult::Failed(error.into()),
            Ok(()) if call.tool == REMEMBER => self.remember(call).await,
            Ok(()) => self.recall(call).await,
        }
    }

    async fn remember(&self, row: &ToolCall) -> ToolCallResult {
        let text = text_of(row, "text");
        if text.trim().is_empty() {
            return ToolCallResult::Failed(StepError::terminal(
                "invalid_arguments",
                "`text` is the content to remember",
            ));
        }
        let model = match self.executor.model.get().await {
            Ok(model) => model,
            Err(error) => return ToolCallResult::Retry(error.into()),
        };
        match self.memories(model).remember(row.number, text).await {
            Ok(memory_id) => ToolCallResult::Done(json!({"memory_id": memory_id})),
            Err(error) => failed(error),
        }
    }

    /// Recalls memories. Those with content from outside are marked: the step that receives them has read untrusted
    /// content.
    async fn recall(&self, row: &ToolCall) -> ToolCallResult {
        let limit = row.arguments.get("limit").and_then(Value::as_u64);
        let model = match self.executor.model.get().await {
            Ok(model) => model,
            Err(error) => return ToolCallResult::Retry(error.into()),
        };
        match self
            .memories(model)
            .recall(row.number, text_of(row, "query"), limit)
            .await
        {
            Ok(memories) => {
                let is_untrusted = memories.iter().any(|memory| memory.trust != "trusted");
                ToolCallResult::Done(json!({"memories": memories, "untrusted": is_untrusted}))
            }
            Err(error) => failed(error),
        }
    }
}

impl ToolCaller<'_> {
    /// Moves the workspace's memories into the space of the configured embedding model.
    async fn embed_memories(&self, call: &ToolCall) -> Result<ToolCallResult, Interrupted> {
        let tools = &self.executor.tools;
        if let Err(error) = tools.check_arguments(&call.tool, &call.arguments) {
            return Ok(ToolCallResult::Failed(error.into()));
        }
        let model = match self.executor.model.get().await {
            Ok(model) => model,
            Err(error) => return Ok(ToolCallResult::Retry(error.into())),
        };
        let in_space = self.memories(model).embed_all(call.number).await?;
        Ok(ToolCallResult::Done(json!(in_space)))
    }
}

fn text_of<'a>(row: &'a ToolCall, name: &str) -> &'a str {
    row.arguments
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn failed(error: store::Error) -> ToolCallResult {
    match error.is_retryable() {
        true => ToolCallResult::Retry(error.into()),
        false => ToolCallResult::Failed(error.into()),
    }
}

fn not_allowed(tool: &str) -> ToolError {
    ToolError::terminal(
        "tool_not_allowed",
        format!("this agent may not call {tool}; its tools are listed in its row"),
    )
}

/// Returns the result that the agent submitted, if it did and it fits.
pub(crate) fn submitted(rows: &[ToolCall]) -> Option<Value> {
    let submitted = |row: &&ToolCall| row.tool == SUBMIT_RESULT && row.state == ToolCallState::Done;
    rows.iter().find(submitted)?.result.clone()
}

/// Returns a note for the model on calls whose arguments a person changed.
pub(crate) fn edits(rows: &[ToolCall]) -> Option<String> {
    let edited = rows.iter().filter(|row| row.was_edited);
    let edits: Vec<String> = edited
        .map(|row| {
            format!(
                "A person changed the arguments of your call to {} before it was made; they were {}.",
                row.tool, row.arguments
            )
        })
        .collect();
    (!edits.is_empty()).then(|| edits.join("\n"))
}
