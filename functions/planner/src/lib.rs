//! The planner breaks a goal into steps: steps of kind `plan`.
//!
//! A runbook that fits comes first: what worked before is not invented again. Otherwise the model writes a plan.
//! Either way it is checked here by the rules of `domain::plan`, and what is wrong goes back to the model, at most
//! twice. Then the database checks the same rules again and accepts the plan whole or not at all: steps,
//! dependencies, criteria, revision, and the judge that waits at the end. A goal whose criteria were not met is
//! planned again the same way, knowing what came of the last plan.
//!
//! The model is asked by way of the step's journal: what it answered to a worker that died is not asked again.

pub mod config;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::StepKind;
use domain::plan::{Catalogue, Problem, check, check_output_schemas};
use journal::{Journal, Memories, memory};
use model::{LazyModel, Model, PlanTask, Planned};
use runtime::{Call, Failure, Invocation, StepContext, Worker};
use serde_json::{Value, json};
use store::{ClaimedStep, Outcome, StepError};

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Plan];

/// How often a refused plan goes back to the model.
const REPAIRS: usize = 2;

/// The function with everything it works with.
pub struct Planner {
    /// Claims, finishes, answers.
    pub worker: Worker,
    /// Who writes plans that no runbook has.
    pub model: LazyModel,
}

/// Handles one invocation.
///
/// # Errors
/// The database cannot be reached; the platform delivers the trigger again, and the sweep finds the work anyway.
pub async fn handle(planner: Arc<Planner>, invocation: Invocation) -> Result<Value, Failure> {
    match planner.worker.decode(&invocation).await? {
        Call::Refused(reply) => Ok(reply),
        Call::Accepted(trigger) => {
            let work = |step, context| work(Arc::clone(&planner), step, context);
            planner.worker.work_off(&trigger, &invocation, work).await
        }
    }
}

async fn work(planner: Arc<Planner>, step: ClaimedStep, context: StepContext) -> Outcome {
    let model = match planner.model.get().await {
        Ok(model) => model,
        Err(error) => return Outcome::failed(error.into()),
    };
    let mut journal = match Journal::open(planner.worker.store(), model, &context, &step).await {
        Ok(journal) => journal,
        Err(interrupted) => return interrupted.into(),
    };
    let planned = plan(&planner, model, &mut journal, &step, &context).await;
    journal.outcome(planned.map(|planned| {
        json!({"plan": planned.plan, "runbook_id": planned.runbook_id, "reasons": planned.reasons})
    }))
}

/// Asks for a plan until it passes the check, within the repairs.
async fn plan(
    planner: &Planner,
    model: &Model,
    journal: &mut Journal<'_>,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Planned, StepError> {
    let mut task: PlanTask = serde_json::from_value(step.context.clone()).map_err(|error| {
        StepError::terminal(
            "context_unreadable",
            format!("the database describes this step in a way this planner does not read ({error}); deploy both from one version"),
        )
    })?;
    let remembers = step.context.get("remembers") == Some(&Value::Bool(true));
    if remembers && !model.is_offline() {
        let memories = Memories::new(planner.worker.store(), model, context);
        let is_about = format!("{}\n{}", task.goal.title, task.goal.description);
        let told = memories.tell(&is_about, journal.is_going_on()).await;
        task.memories = told.iter().map(memory::in_words).collect();
    }
    let catalogue = catalogue(&task, step);
    for _ in 0..=REPAIRS {
        let planned = model.plan(journal, &task).await?;
        let mut problems = check(&planned.plan, &task.limits, &catalogue);
        problems.extend(check_output_schemas(&planned.plan));
        if problems.is_empty() {
            return Ok(planned);
        }
        tracing::info!(problems = problems.len(), "the plan goes back");
        task.rejected = Some(planned.plan);
        task.problems = problems;
    }
    Err(StepError::terminal(
        "plan_refused",
        format!(
            "the plan breaks rules that {REPAIRS} repairs did not mend: {}",
            in_words(&task.problems)
        ),
    ))
}

/// The names that a plan of this run may use, and the keys it may not.
fn catalogue(task: &PlanTask, step: &ClaimedStep) -> Catalogue {
    let taken_keys = step.context.get("taken_keys").and_then(Value::as_array);
    Catalogue {
        agents: task
            .agents
            .iter()
            .map(|agent| (agent.name.clone(), agent.tools.iter().cloned().collect()))
            .collect::<BTreeMap<String, BTreeSet<String>>>(),
        tools: task.tools.iter().map(|tool| tool.name.clone()).collect(),
        taken_keys: taken_keys
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    }
}

fn in_words(problems: &[Problem]) -> String {
    let sentences: Vec<String> = problems.iter().map(ToString::to_string).collect();
    sentences.join("; ")
}
