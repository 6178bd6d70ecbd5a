//! A step that an agent works on: turns of a model, calls of tools, until the model is done.
//!
//! The one thing to know: it is written as if it ran once. Whatever was answered or done before, under another claim,
//! comes out of the journal in the same order, so that a step that takes hours is the same code as one that takes a
//! second.

use domain::plan::AgentInput;
use journal::{Journal, Memories, PastWork, memory};
use model::{Answer, Model, PastTurn, Turn, WorkTask};
use runtime::StepContext;
use serde_json::Value;
use store::{ClaimedStep, Outcome, StepError};

use crate::calls::{self, Caller};
use crate::form::Form;
use crate::work_context::WorkContext;
use crate::{Executor, procedure};

/// Turns of an agent whose row does not say.
const DEFAULT_TURNS: u32 = 8;

/// Lets the agent work; its last word, or what it submits, is the step's result.
pub(crate) async fn work(
    executor: &Executor,
    step: &ClaimedStep,
    context: &StepContext,
) -> Outcome {
    let model = match executor.model.get().await {
        Ok(model) => model,
        Err(error) => return Outcome::failed(error.into()),
    };
    let mut journal = match Journal::open(executor.worker.store(), model, context, step).await {
        Ok(journal) => journal,
        Err(interrupted) => return interrupted.into(),
    };
    let done = converse(executor, step, context, model, &mut journal).await;
    journal.outcome(done)
}

async fn converse(
    executor: &Executor,
    step: &ClaimedStep,
    context: &StepContext,
    model: &Model,
    journal: &mut Journal<'_>,
) -> Result<Value, StepError> {
    let told = WorkContext::of(step)?;
    let input: AgentInput = serde_json::from_value(step.input.clone()).map_err(|error| {
        StepError::terminal(
            "input_unreadable",
            format!("the step has no instructions: {error}"),
        )
    })?;
    let form = Form::of(input.output_schema.clone());
    let mut task = task(&told, input, &form)?;
    let caller = Caller {
        executor,
        model,
        told: &told,
        context,
        form: &form,
    };
    if told.remembers {
        let memories = Memories::new(executor.worker.store(), model, context);
        let is_about = format!("{}\n{}", told.question, task.instructions);
        for memory in memories.tell(&is_about, journal.is_going_on()).await {
            match memory.kind.as_str() {
                "lesson" => task.lessons.push(memory::in_words(&memory)),
                _ => task.memories.push(memory::in_words(&memory)),
            }
        }
    }
    let past = journal.take_past_work();
    let begun_at = past.turns_summed_up;
    if let Some(result) = go_on_from(past, &caller, &mut task, journal).await? {
        return Ok(result);
    }

    let max_turns = max_turns(&task);
    for _ in begun_at..max_turns {
        sum_up_if_long(executor, model, journal, &mut task).await?;
        let turn = model.work(journal, &task).await?;
        match turn {
            Turn::Done { result, answer } => match form.last_word(result) {
                Ok(result) => return Ok(result),
                Err(problem) => {
                    let calls = Vec::new();
                    task.turns.push(PastTurn { answer, calls });
                    task.notes.push((task.turns.len(), problem));
                }
            },
            Turn::Calls { calls, answer } => match answer {
                None => procedure::follow(&caller, &mut task, journal, calls).await?,
                Some(answer) => {
                    let rows = journal.asked_for().to_vec();
                    if let Some(result) = caller.turn(&mut task, journal, answer, rows).await? {
                        return Ok(result);
                    }
                }
            },
        }
    }
    Err(StepError::terminal(
        "too_many_turns",
        format!(
            "the agent was not done after {max_turns} turns; give it a smaller task or raise max_turns"
        ),
    ))
}

/// The task as its first turn sees it.
fn task(told: &WorkContext, input: AgentInput, form: &Form) -> Result<WorkTask, StepError> {
    let mut agent = told.agent.clone().ok_or_else(|| {
        StepError::terminal(
            "agent_missing",
            "the step's agent is gone; plan again with an agent that is there",
        )
    })?;
    let mut tools = told.tools.clone();
    if let Some(tool) = form.tool() {
        tools.retain(|other| other.name != tool.name);
        if !agent.tools.contains(&tool.name) {
            agent.tools.push(tool.name.clone());
        }
        tools.push(tool);
    }
    Ok(WorkTask {
        instructions: input.instructions,
        procedure: input.procedure,
        question: told.question.clone(),
        goal: told.goal(),
        parameters: Value::Object(told.parameters.clone()),
        steps: told.steps.clone(),
        agent: Some(agent),
        tools,
        now: told.now.clone(),
        ..WorkTask::default()
    })
}

fn max_turns(task: &WorkTask) -> usize {
    let agent = task.agent.as_ref();
    let turns = agent.and_then(|agent| agent.max_turns);
    usize::try_from(turns.unwrap_or(DEFAULT_TURNS)).unwrap_or(usize::MAX)
}

/// Puts what was done before into the conversation: the summary, the turns of tries that failed, and a word on each.
async fn go_on_from(
    past: PastWork,
    caller: &Caller<'_>,
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
        .extend(reflections.map(|said| (said.after, said.text)));
    Ok(None)
}

/// Makes a summary of a conversation that has become long, and goes on from it. The rows keep the original.
async fn sum_up_if_long(
    executor: &Executor,
    model: &Model,
    journal: &mut Journal<'_>,
    task: &mut WorkTask,
) -> Result<(), StepError> {
    let is_worth_it = task.turns.len() > 1 && task.procedure.is_empty() && !model.is_offline();
    if !is_worth_it || task.conversation_bytes() <= executor.longest_conversation_bytes {
        return Ok(());
    }
    let summary = model.compact(journal, task, task.turns.len()).await?;
    task.turns.clear();
    task.notes.clear();
    task.summary = Some((0, summary));
    Ok(())
}

impl Caller<'_> {
    /// Makes what is still to be made of an answer's calls, and puts all of it into the conversation. A submitted
    /// result ends the step.
    async fn turn(
        &self,
        task: &mut WorkTask,
        journal: &mut Journal<'_>,
        answer: Answer,
        rows: Vec<store::CallRow>,
    ) -> Result<Option<Value>, StepError> {
        let rows = self.make(journal, rows).await?;
        if let Some(result) = calls::submitted(&rows) {
            return Ok(Some(result));
        }
        let said = calls::edits(&rows);
        let calls = calls::outcomes(&answer, &rows);
        task.turns.push(PastTurn {
            answer: Some(answer),
            calls,
        });
        if let Some(said) = said {
            task.notes.push((task.turns.len(), said));
        }
        Ok(None)
    }
}
