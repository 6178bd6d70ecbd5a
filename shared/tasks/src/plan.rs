//! Plans a goal: a runbook that fits, or a plan that the model writes.

mod language;
mod parse;
mod prompt;
mod task;

use llm::{Answer, Model, ModelCaller, TaskMethod};
use serde_json::Map;

use crate::conversation::{self, Conversation};
use crate::deterministic::{self, rule};
use crate::error::Error;
use crate::review::{self, ReviewPlan};

pub(crate) use language::{describe, step_schema};

pub use task::{AgentOffer, PlanTask, Planned, RunbookOffer};

/// Turns a goal into a plan, from a runbook where one fits. A plan that cannot run goes back to the model with what
/// is wrong.
///
/// # Errors
/// See [`Error`].
pub async fn plan<A: ModelCaller, R: ReviewPlan>(
    model: &Model,
    caller: &mut A,
    task: &PlanTask,
    review: &R,
) -> Result<Planned, Error> {
    let by_rule = match rule::plan_by_name(task)? {
        None if model.task_method() == TaskMethod::Rules => Some(deterministic::plan(task)?),
        by_rule => by_rule,
    };
    if let Some(planned) = by_rule {
        let problems = review.check(&planned.plan);
        if problems.is_empty() {
            return Ok(planned);
        }
        return Err(Error::PlanRefused(review::in_words(&problems)));
    }
    let read = |answer: &Answer| conversation::json(answer, |value| parse::plan(value, task));
    let mut conversation = Conversation::new(prompt::request(task), model.max_output_tokens());
    loop {
        let (plan, answer) = conversation.answer(caller, read).await?;
        let (planned, problems) = match plan {
            parse::PlanAnswer::Impossible(reason) => return Err(Error::Impossible(reason)),
            parse::PlanAnswer::Runbook(runbook) => {
                let mut planned = rule::planned(task, runbook)?;
                planned.reasons.push(format!("chosen by {}", answer.model));
                let problems = review.check(&planned.plan);
                (planned, problems)
            }
            parse::PlanAnswer::Plan(plan) => {
                let problems = review.review(&plan).await;
                let reasons = vec![format!("planned by {}", answer.model)];
                (
                    Planned {
                        plan,
                        runbook_id: None,
                        parameters: Map::new(),
                        reasons,
                        model: Some(answer.model.clone()),
                    },
                    problems,
                )
            }
        };
        if problems.is_empty() {
            return Ok(planned);
        }
        if !conversation.reject(answer, review::objection(&problems)) {
            return Err(Error::PlanRefused(review::in_words(&problems)));
        }
    }
}
