//! A step that an agent works on: turns of a model, calls of tools, until the model is done.
//!
//! The code is written as if it ran once. Model answers and tool results of earlier claims come out of the journal in
//! the same order, so a step that takes hours is the same code as one that takes a second.

use domain::ToolCall;
use domain::plan::AgentInput;
use journal::{Journal, PastWork};
use llm::{Answer, Model};
use runtime::{Interrupted, StepContext};
use serde_json::Value;
use store::{ClaimedStep, StepError};
use tasks::{CommonValues, PastTurn, Turn, WorkTask};

use crate::result_schema::ResultSchema;
use crate::tool_calls::{self, ToolCaller};
use crate::turns::{self, max_turns};
use crate::work_context::WorkContext;
use crate::{Executor, procedure};

/// Runs the agent; its final answer, or the result it submits, is the step's result. A procedure runs without a model.
pub(crate) async fn work(
    executor: &Executor,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Value, Interrupted> {
    let work = WorkContext::of(step)?;
    let mut input: AgentInput = step.input()?;
    let result_schema = ResultSchema::parse(input.output_schema.take())?;
    let caller = ToolCaller {
        executor,
        work: &work,
        context,
        result_schema: &result_schema,
    };
    let procedure = std::mem::take(&mut input.procedure);
    let task = task(&work, input, &result_schema)?;
    if !procedure.is_empty() {
        return procedure::work(&caller, &procedure).await;
    }
    let model = executor.model.get().await.map_err(StepError::from)?;
    if let Some(procedure) = tasks::agent::procedure(model, &task).map_err(StepError::from)? {
        return procedure::work(&caller, &procedure).await;
    }
    let mut journal = Journal::open(&executor.worker, &executor.model, context, step).await?;
    let worked = converse(&caller, task, &mut journal).await;
    journal.finish(worked)
}

async fn converse(
    caller: &ToolCaller<'_>,
    mut task: WorkTask,
    journal: &mut Journal<'_>,
) -> Result<Value, StepError> {
    let (executor, model, work) = (caller.executor, journal.model(), caller.work);
    let is_about = format!("{}\n{}", work.question, task.instructions);
    for memory in memory::initial(journal, &is_about, None).await {
        match memory.kind.as_str() {
            "lesson" => task.lessons.push(memory::in_words(&memory)),
            _ => task.memories.push(memory::in_words(&memory)),
        }
    }
    if work.reads_values {
        task.common_values = common_values(caller).await;
    }
    let past = journal.take_past_work();
    let begun_at = past.turns_summed_up;
    if let Some(result) = replay(past, caller, &mut task, journal).await? {
        return Ok(result);
    }

    let max_turns = max_turns(&task);
    task.max_turns = Some(max_turns);
    for turn in begun_at..max_turns {
        let turns_left = max_turns.saturating_sub(turn);
        summarize_if_long(executor, model, journal, &mut task).await?;
        turns::announce(&mut task, turns_left, max_turns, caller.result_schema);
        match tasks::agent::work(model, journal, &task).await? {
            Turn::Done { result, .. } if task.must_answer => return Ok(turns::marked(result)),
            Turn::Done { result, answer } => {
                match caller.result_schema.parse_final_answer(result) {
                    Ok(result) => return Ok(result),
                    Err(problem) => {
                        let calls = Vec::new();
                        task.turns.push(PastTurn { answer, calls });
                        task.notes.push((task.turns.len(), problem));
                    }
                }
            }
            Turn::Calls { answer } => {
                let calls = journal.requested_calls().to_vec();
                if turns_left == 1 && !turns::may_be_made_last(&calls, max_turns) {
                    // Results of calls made now would reach no turn. The step's failure closes the calls.
                    let calls = Vec::new();
                    task.turns.push(PastTurn { answer, calls });
                    break;
                }
                if let Some(result) = caller.turn(&mut task, journal, answer, calls).await? {
                    return Ok(result);
                }
            }
        }
    }
    Err(turns::exhausted(&task, max_turns))
}

/// Reads common values of the tables that fit the step. Returns none where they cannot be read, since they are
/// optional.
async fn common_values(caller: &ToolCaller<'_>) -> CommonValues {
    let store = caller.executor.worker.store();
    match store.read_common_values(caller.context.lease()).await {
        Ok(found) => serde_json::from_value(found).unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%error, "the agent is sent no values of tables");
            CommonValues::default()
        }
    }
}

/// Builds the task of the first turn.
fn task(
    work: &WorkContext,
    input: AgentInput,
    result_schema: &ResultSchema,
) -> Result<WorkTask, StepError> {
    let mut agent = work.agent.clone().ok_or_else(|| {
        StepError::terminal(
            "agent_missing",
            "the step's agent is gone; plan again with an agent that is there",
        )
    })?;
    let mut tools = work.tools.clone();
    if let Some(tool) = result_schema.tool() {
        tools.retain(|other| other.name != tool.name);
        if !agent.tools.contains(&tool.name) {
            agent.tools.push(tool.name.clone());
        }
        tools.push(tool);
    }
    Ok(WorkTask {
        instructions: input.instructions,
        question: work.question.clone(),
        goal: work.goal(),
        parameters: Value::Object(work.parameters.clone()),
        steps: work.steps.clone(),
        failed_steps: work.failed_steps.clone(),
        agent: Some(agent),
        tools,
        tables: work.tables.clone(),
        more_tables: work.more_tables,
        readable_schemas: work.readable_schemas.clone(),
        workspace: work.workspace.clone(),
        asker: work.asker.clone(),
        local_now: work.local_now.clone(),
        now: work.now.clone(),
        ..WorkTask::default()
    })
}

/// Adds earlier work to the conversation: the summary, the turns of failed attempts, and the reflection on each
/// failure.
async fn replay(
    past: PastWork,
    caller: &ToolCaller<'_>,
    task: &mut WorkTask,
    journal: &mut Journal<'_>,
) -> Result<Option<Value>, StepError> {
    task.summary = past.summary.map(|summary| (0, summary));
    for turn in past.turns {
        let result = caller.turn(task, journal, turn.answer, turn.calls).await?;
        if result.is_some() {
            return Ok(result);
        }
    }
    let reflections = past.reflections.into_iter();
    task.notes
        .extend(reflections.map(|reflection| (reflection.after, reflection.text)));
    Ok(None)
}

/// Summarizes a conversation that has become long, and continues from the summary. The rows keep the original.
async fn summarize_if_long(
    executor: &Executor,
    model: &Model,
    journal: &mut Journal<'_>,
    task: &mut WorkTask,
) -> Result<(), StepError> {
    let can_shrink = task.turns.len() > 1;
    if !can_shrink || task.conversation_bytes() <= executor.longest_conversation_bytes {
        return Ok(());
    }
    let summary = tasks::agent::compact(model, journal, task, task.turns.len()).await?;
    task.turns.clear();
    task.notes.clear();
    task.summary = Some((0, summary));
    Ok(())
}

impl ToolCaller<'_> {
    /// Makes the calls of an answer that are still open, and adds the turn to the conversation. A submitted result ends
    /// the step.
    async fn turn(
        &self,
        task: &mut WorkTask,
        journal: &mut Journal<'_>,
        answer: Answer,
        calls: Vec<ToolCall>,
    ) -> Result<Option<Value>, StepError> {
        let calls = self.make(calls).await;
        let calls = calls.map_err(|interrupted| journal.put_back(interrupted))?;
        if let Some(result) = tool_calls::submitted(&calls) {
            return Ok(Some(result));
        }
        let note = tool_calls::edits(&calls);
        task.turns.push(PastTurn { answer, calls });
        if let Some(note) = note {
            task.notes.push((task.turns.len(), note));
        }
        Ok(None)
    }
}
