//! Prediction of a goal's end under any faults: a pure function of its shape.
//!
//! It repeats the rules of the engine: a step runs when all its dependencies have ended; it is skipped when none of
//! them completed or its condition is not met; a step that fails ends its run unless it may fail, and then the run
//! continues without it. A step that ran beside the one that ended the run may have ended before, or not: only that is
//! uncertain. A tool that refuses leads to another plan, which the provider refuses to make, so the run fails all the
//! same.

mod course;
mod end;

use std::collections::BTreeMap;

use super::shape::{Criterion, Goal, Plan, Step, Way, Work};
use course::Course;

pub use end::{Certainty, End};

/// Necessity of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Necessity {
    /// Exactly once.
    Must,
    /// At most once.
    May,
    /// Never: it is requested and refused.
    Refused,
    /// Never: it is not requested.
    Never,
}

/// Prediction of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepPrediction {
    /// Predicted end.
    pub end: End,
    /// Certainty of the end.
    pub certainty: Certainty,
    /// Model answers in its journal: one per model call, however many workers died over it.
    pub model_calls: u32,
}

/// Prediction of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPrediction {
    /// Title of the goal; none: the run of the request itself.
    pub goal: Option<String>,
    /// Predicted end.
    pub end: End,
    /// Certainty of the end.
    pub certainty: Certainty,
    /// All its steps.
    pub steps: BTreeMap<String, StepPrediction>,
}

/// Prediction of everything that follows from one goal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prediction {
    /// True if the request is answered; it fails otherwise.
    pub is_answered: bool,
    /// Its runs.
    pub runs: Vec<RunPrediction>,
    /// Every effect of its steps, by name (`g17_b/1`).
    pub effects: BTreeMap<String, Necessity>,
}

/// Predicts the end of a goal.
#[must_use]
pub fn predict(goal: &Goal) -> Prediction {
    let mut prediction = Prediction::default();
    let assessed = own_step(End::Completed, Certainty::Certain, 1);
    let mut request_run = RunPrediction {
        goal: None,
        end: End::Completed,
        certainty: Certainty::Certain,
        steps: BTreeMap::from([("assess".to_owned(), assessed)]),
    };
    prediction.is_answered = match &goal.way {
        Way::Answer => true,
        Way::Steps(steps) => {
            let part = predict_steps(steps, Certainty::Certain, &mut prediction);
            request_run.steps.extend(part.steps);
            request_run.end = part.end;
            if part.planned_again.is_some() {
                // The request becomes a goal, whose plan is refused.
                request_run.end = End::Completed;
                prediction.runs.push(RunPrediction {
                    goal: Some(goal.question.clone()),
                    end: End::Failed,
                    certainty: Certainty::Certain,
                    steps: BTreeMap::from([(
                        "plan".to_owned(),
                        own_step(End::Failed, Certainty::Certain, 0),
                    )]),
                });
            }
            part.end == End::Completed
        }
        Way::Planned(plan) => {
            predict_plan(plan, Certainty::Certain, &mut prediction) == End::Completed
        }
    };
    prediction.runs.insert(0, request_run);
    prediction
}

fn own_step(end: End, certainty: Certainty, model_calls: u32) -> StepPrediction {
    StepPrediction {
        end,
        certainty,
        model_calls,
    }
}

/// Adds the runs and effects of a plan, and returns the end of its goal.
fn predict_plan(plan: &Plan, certainty: Certainty, into: &mut Prediction) -> End {
    let first = predict_steps(&plan.steps, certainty, into);
    let mut steps = first.steps;
    let mut end = first.end;
    let judged = u32::from(plan.criterion == Criterion::Judged);
    let plan_calls = 1 + u32::from(plan.is_refused_once);
    steps.insert(
        "plan".into(),
        own_step(End::Completed, certainty, plan_calls),
    );
    judge_or_plan_again(
        &first.planned_again,
        (end, certainty, judged),
        1,
        &mut steps,
    );
    if end == End::Completed && !plan.again.is_empty() {
        let second = predict_steps(&plan.again, certainty, into);
        end = second.end;
        steps.extend(second.steps);
        steps.insert("plan_2".into(), own_step(End::Completed, certainty, 1));
        judge_or_plan_again(
            &second.planned_again,
            (end, certainty, judged),
            2,
            &mut steps,
        );
    } else {
        // This plan is never made, so its effects are never requested.
        never(&plan.again, into);
    }
    into.runs.push(RunPrediction {
        goal: Some(plan.name.clone()),
        end,
        certainty,
        steps,
    });
    end
}

/// Adds the successor of a plan's steps: its judge, or, where a step led to another plan, that plan and a cancelled
/// judge.
fn judge_or_plan_again(
    planned_again: &Option<Certainty>,
    (end, certainty, judged): (End, Certainty, u32),
    revision: u32,
    steps: &mut BTreeMap<String, StepPrediction>,
) {
    let judge = match revision {
        1 => "judge".to_owned(),
        revision => format!("judge_{revision}"),
    };
    let Some(how) = planned_again else {
        steps.insert(judge, judge_after(end, certainty, judged));
        return;
    };
    let plan = format!("plan_{}", revision + 1);
    let is_certain = certainty == Certainty::Certain && *how == Certainty::Certain;
    match is_certain {
        true => {
            steps.insert(judge, own_step(End::Cancelled, certainty, 0));
            steps.insert(plan, own_step(End::Failed, certainty, 0));
        }
        false => {
            steps.insert(judge, own_step(End::Completed, Certainty::Possible, 0));
            steps.insert(plan, own_step(End::Failed, Certainty::Possible, 0));
        }
    }
}

/// Predicts the judge's end. A judge also reports on a failed run, but calls no model for it.
fn judge_after(end: End, certainty: Certainty, calls: u32) -> StepPrediction {
    let calls = if end == End::Completed { calls } else { 0 };
    own_step(End::Completed, certainty, calls)
}

struct Part {
    end: End,
    /// Certainty that the run leads to another plan.
    planned_again: Option<Certainty>,
    steps: BTreeMap<String, StepPrediction>,
}

fn predict_steps(steps: &[Step], certainty: Certainty, into: &mut Prediction) -> Part {
    let course = Course::of(steps);
    let mut predictions = BTreeMap::new();
    for step in steps {
        let (end, certainty) = course.prediction(step, certainty);
        predictions.insert(
            step.key.clone(),
            own_step(end, certainty, model_calls(&step.work)),
        );
        add_effects(step, end, certainty, into);
    }
    Part {
        end: course.end(),
        planned_again: course.leads_to_another_plan(),
        steps: predictions,
    }
}

fn model_calls(work: &Work) -> u32 {
    match work {
        // A refused turn costs nothing.
        Work::Agent { calls, gives_up } => u32::from(*calls > 0) + u32::from(!gives_up),
        _ => 0,
    }
}

fn add_effects(step: &Step, end: End, certainty: Certainty, into: &mut Prediction) {
    if matches!(end, End::Skipped | End::Cancelled) {
        return never(std::slice::from_ref(step), into);
    }
    let happens = match certainty {
        Certainty::Certain => Necessity::Must,
        Certainty::Possible => Necessity::May,
    };
    match &step.work {
        Work::Subgoal(plan) => {
            predict_plan(plan, certainty, into);
        }
        Work::RejectedEffect => {
            into.effects
                .insert(effect_name(&step.key, 1), Necessity::Refused);
        }
        work => {
            let names = (1..=calls_of(work)).map(|call| (effect_name(&step.key, call), happens));
            into.effects.extend(names);
        }
    }
}

/// Marks the effects of steps that never begin.
fn never(steps: &[Step], into: &mut Prediction) {
    for step in steps {
        if let Work::Subgoal(plan) = &step.work {
            never(&plan.steps, into);
            never(&plan.again, into);
        }
        let names = (1..=calls_of(&step.work)).map(|call| effect_name(&step.key, call));
        into.effects
            .extend(names.map(|name| (name, Necessity::Never)));
    }
}

fn calls_of(work: &Work) -> u32 {
    match work {
        Work::Effect { .. } | Work::RejectedEffect => 1,
        Work::Agent { calls, .. } => *calls,
        Work::Sum | Work::BadSum | Work::Approval { .. } | Work::Subgoal(_) => 0,
    }
}

/// Returns the name of a step's n-th effect.
#[must_use]
pub(super) fn effect_name(key: &str, call: u32) -> String {
    format!("{key}/{call}")
}
