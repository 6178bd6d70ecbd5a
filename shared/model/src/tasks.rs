//! The tasks. What the rules cover is decided without a model call; the offline model refuses the rest, and a configured one
//! is called through an [`Ask`], which records the call and what it used. Plans and steps that a model writes pass a
//! [`ReviewPlan`] before they are returned.

use domain::CriterionVerdict;
use domain::plan::ToolInput;
use serde_json::json;

use crate::answer::{Assessment, Decision, Planned, Turn};
use crate::ask::{Answer, Ask};
use crate::converse::Conversation;
use crate::error::{Error, Kind};
use crate::review::{self, ReviewPlan};
use crate::task::{Assess, JudgeTask, PlanTask, WorkTask};
use crate::{Model, converse, offline, prompt, read, rule, work};

impl Model {
    /// Decides whether to answer at once, work in a few steps, or make a goal. Steps that cannot run go back to the
    /// model with what is wrong; if they still cannot, the question becomes a goal.
    ///
    /// # Errors
    /// See [`Kind`].
    pub async fn assess<A: Ask, R: ReviewPlan>(
        &self,
        asker: &mut A,
        task: &Assess,
        review: &R,
    ) -> Result<Assessment, Error> {
        if let Some(assessment) = rule::assess_exact_form(task) {
            return Ok(assessment);
        }
        if self.is_offline() {
            return offline::assess(task);
        }
        let read = |answer: &Answer| converse::json(answer, |value| read::assessment(value, task));
        let mut conversation = Conversation::new(prompt::assess(task), self.max_output_tokens);
        loop {
            let (mut assessment, answer) = conversation.answer(asker, read).await?;
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

    /// Turns a goal into a plan, from a runbook where one fits. A plan that cannot run goes back to the model with what
    /// is wrong.
    ///
    /// # Errors
    /// See [`Kind`]; [`Kind::RunbookNotAllowed`] when the one that fits may not be used by the asker,
    /// [`Kind::PlanRefused`] when no plan was found that can run.
    pub async fn plan<A: Ask, R: ReviewPlan>(
        &self,
        asker: &mut A,
        task: &PlanTask,
        review: &R,
    ) -> Result<Planned, Error> {
        let by_rule = match rule::plan_by_name(task)? {
            None if self.is_offline() => Some(offline::plan(task)?),
            by_rule => by_rule,
        };
        if let Some(planned) = by_rule {
            let problems = review.check(&planned.plan);
            if problems.is_empty() {
                return Ok(planned);
            }
            return Err(Kind::PlanRefused(review::in_words(&problems)).into());
        }
        let read = |answer: &Answer| converse::json(answer, |value| read::plan(value, task));
        let mut conversation = Conversation::new(prompt::plan(task), self.max_output_tokens);
        loop {
            let (plan, answer) = conversation.answer(asker, read).await?;
            let (planned, problems) = match plan {
                read::PlanAnswer::Impossible(reason) => return Err(Kind::Impossible(reason).into()),
                read::PlanAnswer::Runbook(runbook) => {
                    let mut planned = rule::planned(runbook)?;
                    planned.reasons.push(format!("chosen by {}", answer.model));
                    let problems = review.check(&planned.plan);
                    (planned, problems)
                }
                read::PlanAnswer::Plan(plan) => {
                    let problems = review.review(&plan).await;
                    let reasons = vec![format!("planned by {}", answer.model)];
                    (
                        Planned {
                            plan,
                            runbook_id: None,
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
                return Err(Kind::PlanRefused(review::in_words(&problems)).into());
            }
        }
    }

    /// Returns the calls that answer an agent's instructions where no language model is configured.
    ///
    /// # Errors
    /// [`Kind::NoLanguageModel`] for instructions that the catalogue rule does not cover.
    pub fn procedure(&self, task: &WorkTask) -> Result<Vec<ToolInput>, Error> {
        offline::procedure(task)
    }

    /// Takes one turn of an agent's work: the next calls, or the end.
    ///
    /// # Errors
    /// See [`Kind`].
    pub async fn work<A: Ask>(&self, asker: &mut A, task: &WorkTask) -> Result<Turn, Error> {
        let read = |answer: &Answer| read::turn(answer);
        let most = self.max_output_tokens;
        let (turn, _) = converse::until_read(asker, work::request(task), most, read).await?;
        Ok(turn)
    }

    /// The first `turns` turns of an agent's work as a short text, for [`WorkTask::summary`].
    ///
    /// # Errors
    /// See [`Kind`]; nothing is summed up without a model.
    pub async fn compact<A: Ask>(
        &self,
        asker: &mut A,
        task: &WorkTask,
        turns: usize,
    ) -> Result<String, Error> {
        let read = |answer: &Answer| match answer.text.trim() {
            "" => Err("You wrote nothing. Write the summary.".to_owned()),
            text => Ok(text.to_owned()),
        };
        let most = self.max_output_tokens;
        let request = work::compact(task, turns);
        let (summary, _) = converse::until_read(asker, request, most, read).await?;
        Ok(summary)
    }

    /// Gives a verdict on each criterion of the task; the caller has evaluated those with a check.
    ///
    /// # Errors
    /// See [`Kind`].
    pub async fn judge<A: Ask>(
        &self,
        asker: &mut A,
        task: &JudgeTask,
    ) -> Result<Vec<CriterionVerdict>, Error> {
        if task.criteria.is_empty() {
            return Ok(Vec::new());
        }
        if self.is_offline() {
            return Ok(offline::judge(task));
        }
        let read = |answer: &Answer| converse::json(answer, |value| read::verdicts(value, task));
        let most = self.max_output_tokens;
        let (verdicts, _) = converse::until_read(asker, prompt::judge(task), most, read).await?;
        Ok(verdicts)
    }
}
