//! Assesses one request: how complex it is, and how it is worked on.

use std::sync::Arc;

use domain::Limits;
use domain::plan::Catalogue;
use journal::{Journal, PlanReview};
use llm::Model;
use memory::Memories;
use runtime::StepContext;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{ClaimedStep, Outcome, StepError};
use tasks::deterministic::rule;
use tasks::{Assess, PlanRules};

use crate::Intake;

/// Assesses through the step's journal, so that an answered model call is not repeated after a crash.
pub(crate) async fn work(intake: Arc<Intake>, step: ClaimedStep, context: StepContext) -> Outcome {
    let model = match intake.model.get().await {
        Ok(model) => model,
        Err(error) => return Outcome::failed(error.into()),
    };
    let mut journal = match Journal::open(intake.worker.store(), model, &context, &step).await {
        Ok(journal) => journal,
        Err(interrupted) => return interrupted.into(),
    };
    let done = assess(&intake, model, &mut journal, &step, &context).await;
    journal.outcome(done)
}

/// Builds the result of an `assess` step: the decision with its score and reasons.
async fn assess(
    intake: &Intake,
    model: &Model,
    journal: &mut Journal<'_>,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Value, StepError> {
    let mut task: Assess = read(step)?;
    let fields: ContextFields = read(step)?;
    if fields.remembers && !model.is_offline() && rule::assess_exact_form(&task).is_none() {
        let memories = Memories::new(intake.worker.store(), model, context);
        let recalled = memories
            .initial(&task.question, journal.is_going_on())
            .await;
        task.memories = recalled.iter().map(memory::in_words).collect();
    }
    let catalogue = Catalogue {
        tools: Catalogue::tools_by_name(task.tools.iter().cloned()),
        ..Catalogue::default()
    };
    let limits = Limits::default();
    let rules = PlanRules { limits, catalogue };
    let review = PlanReview::new(intake.worker.store(), context, rules);
    let assessment = tasks::assess(model, journal, &task, &review).await?;
    serde_json::to_value(assessment)
        .map_err(|error| StepError::terminal("assessment_unreadable", error.to_string()))
}

/// Fields of an assess step's context that the model is not sent.
#[derive(Deserialize)]
struct ContextFields {
    /// True if the workspace has memories that the step may be sent.
    #[serde(default)]
    remembers: bool,
}

fn read<T: DeserializeOwned>(step: &ClaimedStep) -> Result<T, StepError> {
    serde_json::from_value(step.context.clone()).map_err(|error| {
        StepError::terminal(
            "context_unreadable",
            format!("the database describes this step in a way this intake does not read ({error}); deploy both from one version"),
        )
    })
}
