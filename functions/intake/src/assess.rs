//! Assesses one request: how complex it is, and how it is worked on.

use domain::Limits;
use domain::plan::Catalogue;
use journal::{Journal, PlanReview};
use runtime::{Interrupted, StepContext};
use serde_json::Value;
use store::{ClaimedStep, StepError};
use tasks::deterministic::rule;
use tasks::{Assess, Assessment, PlanRules};

use crate::Intake;

/// Assesses through the step's journal, so that an answered model call is not repeated after a crash.
pub(crate) async fn work(
    intake: &Intake,
    step: &ClaimedStep,
    context: &StepContext,
) -> Result<Value, Interrupted> {
    let mut journal = Journal::open(&intake.worker, &intake.model, context, step).await?;
    let assessed = assess(&mut journal, step).await;
    journal.finish(assessed)
}

/// Builds the result of an `assess` step: the decision with its score and reasons.
async fn assess(journal: &mut Journal<'_>, step: &ClaimedStep) -> Result<Assessment, StepError> {
    let mut task: Assess = step.context()?;
    if rule::assess_exact_form(&task).is_none() {
        let space = task.question_space.as_deref();
        let question = memory::match_question(journal, &task.question, space).await;
        let (embedding, runbooks) = question.map_or((None, None), |question| {
            (Some(question.embedding), question.runbooks)
        });
        if let Some(runbooks) = runbooks {
            task.runbooks = serde_json::from_value(runbooks).map_err(|error| {
                StepError::terminal("bad_context", format!("candidate runbooks: {error}"))
            })?;
        }
        let recalled = memory::initial(journal, &task.question, embedding).await;
        task.memories = recalled.iter().map(memory::in_words).collect();
    }
    let catalogue = Catalogue {
        tools: Catalogue::tools_by_name(task.tools.iter().cloned()),
        ..Catalogue::default()
    };
    let limits = Limits::default();
    let rules = PlanRules { limits, catalogue };
    let review = PlanReview::new(journal.store(), journal.context(), rules);
    Ok(tasks::assess(journal.model(), journal, &task, &review).await?)
}
