//! Assesses a request: answer it, work in a few steps, or make a goal.

mod parse;
mod prompt;
mod task;

use llm::{Answer, Model, ModelCaller, TaskMethod};
use serde_json::json;

use crate::conversation::{self, Conversation};
use crate::deterministic::{self, rule};
use crate::error::Error;
use crate::review::{self, ReviewPlan};

pub use task::{Assess, Assessment, Decision, NewGoal, RunbookMatch};

/// Decides whether to answer at once, work in a few steps, or make a goal. Steps that cannot run go back to the
/// model with what is wrong; if they still cannot, the question becomes a goal.
///
/// # Errors
/// See [`Error`].
pub async fn assess<A: ModelCaller, R: ReviewPlan>(
    model: &Model,
    caller: &mut A,
    task: &Assess,
    review: &R,
) -> Result<Assessment, Error> {
    if let Some(assessment) = rule::assess_exact_form(task) {
        return Ok(assessment);
    }
    if model.task_method() == TaskMethod::Rules {
        return deterministic::assess(task);
    }
    let read = |answer: &Answer| conversation::json(answer, |value| parse::assessment(value, task));
    let mut conversation = Conversation::new(prompt::request(task), model.max_output_tokens());
    loop {
        let (mut assessment, answer) = conversation.answer(caller, read).await?;
        assessment.model = Some(answer.model.clone());
        let Decision::Steps { steps } = &assessment.decision else {
            return Ok(assessment);
        };
        let problems = review.review(&json!({"steps": steps})).await;
        if problems.is_empty() {
            return Ok(assessment);
        }
        if !conversation.reject(answer, review::objection(&problems)) {
            return Ok(review::goal_instead(assessment, task, &problems));
        }
    }
}
