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

use std::collections::{BTreeMap, BTreeSet};

use domain::StepKind;
use domain::plan::Catalogue;
use journal::{Journal, ModelFunction, PlanReview, WithModel};
use llm::LazyModel;
use runtime::{Interrupted, StepContext, Worker};
use serde::Deserialize;
use serde_json::Value;
use store::{ClaimedStep, StepError};
use tasks::{PlanRules, PlanTask, Planned};

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Plan];

/// The function with its worker and model.
pub type Planner = WithModel<PlanSteps>;

/// Plans goals; the model is for plans that no runbook has.
pub struct PlanSteps;

impl ModelFunction for PlanSteps {
    const NAME: &'static str = "planner";
    const KINDS: &'static [StepKind] = KINDS;

    async fn work(
        worker: &Worker,
        model: &LazyModel,
        step: &ClaimedStep,
        context: &StepContext,
    ) -> Result<Value, Interrupted> {
        let mut journal = Journal::open(worker, model, context, step).await?;
        let planned = plan(&mut journal, step).await;
        journal.finish(planned)
    }
}

/// Plans the goal of a step.
async fn plan(journal: &mut Journal<'_>, step: &ClaimedStep) -> Result<Planned, StepError> {
    let mut task: PlanTask = step.context()?;
    let is_about = format!("{}\n{}", task.goal.title, task.goal.description);
    let recalled = memory::initial(journal, &is_about, None).await;
    task.memories = recalled.iter().map(memory::in_words).collect();
    let rules = PlanRules {
        limits: task.limits,
        catalogue: catalogue(&task, step.context()?),
    };
    let review = PlanReview::new(journal.store(), journal.context(), rules);
    Ok(tasks::plan(journal.model(), journal, &task, &review).await?)
}

/// The keys of steps in the context of a plan step, which the model is not sent.
#[derive(Deserialize)]
struct StepKeys {
    /// Those of the run's steps from earlier revisions.
    #[serde(default)]
    taken_keys: BTreeSet<String>,
    /// Those of them whose steps completed.
    #[serde(default)]
    completed_keys: BTreeSet<String>,
}

/// Returns the names that a plan of this run may use, and the keys that are taken.
fn catalogue(task: &PlanTask, keys: StepKeys) -> Catalogue {
    Catalogue {
        agents: task
            .agents
            .iter()
            .map(|agent| (agent.name.clone(), agent.tools.iter().cloned().collect()))
            .collect::<BTreeMap<String, BTreeSet<String>>>(),
        tools: Catalogue::tools_by_name(task.tools.iter().cloned()),
        taken_keys: keys.taken_keys,
        completed_keys: keys.completed_keys,
        criteria: task
            .goal
            .criteria
            .iter()
            .filter_map(|criterion| criterion.get("description")?.as_str())
            .map(str::to_owned)
            .collect(),
    }
}
