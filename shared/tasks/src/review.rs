//! What is done with a plan that cannot run: it goes back to the model with everything that is wrong, at once.

use std::future::Future;

use domain::plan::{self, Catalogue};
use domain::{Limits, Problem};
use serde_json::Value;

use crate::assess::{Assess, Assessment, Decision, NewGoal};

/// Finds what keeps a plan from running.
pub trait ReviewPlan: Sync {
    /// Returns the problems that the plan's own text shows, by the rules that the database has too.
    fn check(&self, plan: &Value) -> Vec<Problem>;

    /// Returns all problems that can be found before it runs, in the database as well.
    fn review(&self, plan: &Value) -> impl Future<Output = Vec<Problem>> + Send;
}

/// Reviews plans by the rules that need no database.
#[derive(Debug, Clone, Default)]
pub struct PlanRules {
    /// The caps that a plan keeps.
    pub limits: Limits,
    /// The names that it may use.
    pub catalogue: Catalogue,
}

impl ReviewPlan for PlanRules {
    fn check(&self, plan: &Value) -> Vec<Problem> {
        plan::check(plan, &self.limits, &self.catalogue)
    }

    async fn review(&self, plan: &Value) -> Vec<Problem> {
        let mut problems = self.check(plan);
        problems.extend(plan::check_contents(plan, &self.catalogue));
        problems
    }
}

/// The most characters of a goal's title.
const MAX_TITLE_CHARS: usize = 120;

/// Returns the message to the model about a plan that cannot run.
pub(crate) fn objection(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("- {problem}"))
        .collect();
    format!(
        "That cannot run:\n{}\nReply with the whole JSON object again, with every one of these problems solved, and nothing else.",
        lines.join("\n")
    )
}

/// Returns problems as one sentence for people.
pub(crate) fn in_words(problems: &[Problem]) -> String {
    let sentences: Vec<String> = problems.iter().map(ToString::to_string).collect();
    sentences.join("; ")
}

/// Returns the goal that a question becomes whose steps could not be mended: a planner has more room.
pub(crate) fn goal_instead(
    assessment: Assessment,
    task: &Assess,
    problems: &[Problem],
) -> Assessment {
    let title = task.question.chars().take(MAX_TITLE_CHARS).collect();
    let goal = NewGoal {
        title,
        description: task.question.clone(),
        ..NewGoal::default()
    };
    let mut reasons = assessment.reasons;
    reasons.push(format!("its steps could not run: {}", in_words(problems)));
    Assessment {
        decision: Decision::Goal { goal },
        reasons,
        ..assessment
    }
}
