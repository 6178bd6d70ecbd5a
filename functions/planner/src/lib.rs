//! The planner breaks a goal into steps: steps of kind `plan`.
//!
//! A runbook that the goal names comes first. Otherwise the model writes a plan or chooses a runbook. A plan that the
//! model writes is reviewed before it is submitted: by the rules of `domain::plan`, by the schemas of tools, by reading
//! its templates, and its queries by the database as the asker; all problems go back to the model at once, at most
//! twice. Then the database checks the shared rules again and accepts the plan whole or not at all: steps,
//! dependencies, criteria, revision, and the judge that waits at the end. A goal whose criteria were not met, or a step
//! of which failed for good, is planned again the same way, with the outcome so far in the prompt.
//!
//! The model is called through the step's journal, so that an answered call is not repeated after a crash.

pub mod config;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::StepKind;
use domain::plan::Catalogue;
use journal::{Journal, PlanReview};
use llm::{LazyModel, Model};
use memory::Memories;
use runtime::{Call, Failure, Invocation, StepContext, Worker};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{ClaimedStep, Outcome, StepError};
use tasks::{PlanRules, PlanTask, Planned};

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Plan];

/// The function with its worker and model.
pub struct Planner {
    /// Claims and finishes steps, and answers triggers.
    pub worker: Worker,
    /// The model for plans that no runbook has.
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
            planner
                .worker
                .handle_trigger(&trigger, &invocation, work)
                .await
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
    journal.outcome(planned.and_then(|planned| {
        serde_json::to_value(planned)
            .map_err(|error| StepError::terminal("plan_unreadable", error.to_string()))
    }))
}

/// Plans the goal of a step.
async fn plan(
    planner: &Planner,
    model: &Model,
    journal: &mut Journal<'_>,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Planned, StepError> {
    let mut task: PlanTask = read(step)?;
    let fields: ContextFields = read(step)?;
    if fields.remembers && !model.is_offline() {
        let memories = Memories::new(planner.worker.store(), model, context);
        let is_about = format!("{}\n{}", task.goal.title, task.goal.description);
        let recalled = memories.initial(&is_about, journal.is_going_on()).await;
        task.memories = recalled.iter().map(memory::in_words).collect();
    }
    let rules = PlanRules {
        limits: task.limits,
        catalogue: catalogue(&task, fields),
    };
    let review = PlanReview::new(planner.worker.store(), context, rules);
    Ok(tasks::plan(model, journal, &task, &review).await?)
}

/// Fields of a plan step's context that the model is not sent.
#[derive(Deserialize)]
struct ContextFields {
    /// True if the workspace has memories that the step may be sent.
    #[serde(default)]
    remembers: bool,
    /// Keys of the run's steps from earlier revisions.
    #[serde(default)]
    taken_keys: BTreeSet<String>,
    /// Those of them whose steps completed.
    #[serde(default)]
    completed_keys: BTreeSet<String>,
}

fn read<T: DeserializeOwned>(step: &ClaimedStep) -> Result<T, StepError> {
    serde_json::from_value(step.context.clone()).map_err(|error| {
        StepError::terminal(
            "context_unreadable",
            format!("the database describes this step in a way this planner does not read ({error}); deploy both from one version"),
        )
    })
}

/// Returns the names that a plan of this run may use, and the keys that are taken.
fn catalogue(task: &PlanTask, fields: ContextFields) -> Catalogue {
    Catalogue {
        agents: task
            .agents
            .iter()
            .map(|agent| (agent.name.clone(), agent.tools.iter().cloned().collect()))
            .collect::<BTreeMap<String, BTreeSet<String>>>(),
        tools: Catalogue::tools_by_name(task.tools.iter().cloned()),
        taken_keys: fields.taken_keys,
        completed_keys: fields.completed_keys,
        criteria: task
            .goal
            .criteria
            .iter()
            .filter_map(|criterion| criterion.get("description")?.as_str())
            .map(str::to_owned)
            .collect(),
    }
}
