//! Ends of the steps of one plan, in their order, and the steps that end the run early.

use std::collections::{BTreeMap, BTreeSet};

use super::end::{Certainty, End};
use crate::chaos::shape::{Step, Work};

/// End of each step if the run were not ended early, and the steps that end it.
pub(super) struct Course<'a> {
    steps: &'a [Step],
    ends: BTreeMap<&'a str, End>,
    /// All direct and indirect dependencies of a step.
    ancestors: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Steps that end the run and do not depend on another such step.
    fatal: Vec<&'a str>,
}

impl<'a> Course<'a> {
    pub(super) fn of(steps: &'a [Step]) -> Self {
        let mut course = Self {
            steps,
            ends: BTreeMap::new(),
            ancestors: BTreeMap::new(),
            fatal: Vec::new(),
        };
        for step in steps {
            let mut above = BTreeSet::new();
            for key in &step.depends_on {
                above.insert(key.as_str());
                above.extend(course.ancestors.get(key.as_str()).into_iter().flatten());
            }
            let end = course.end_of(step);
            let is_blocked = above.iter().any(|key| course.fatal.contains(key));
            if end == End::Failed && !step.may_fail && !is_blocked {
                course.fatal.push(&step.key);
            }
            course.ends.insert(&step.key, end);
            course.ancestors.insert(&step.key, above);
        }
        course
    }

    /// Returns the end of the run, as far as these steps decide it.
    pub(super) fn end(&self) -> End {
        match self.fatal.is_empty() {
            true => End::Completed,
            false => End::Failed,
        }
    }

    /// Returns the certainty that the step which ends the run leads to another plan: its tool refused, not a person or
    /// a provider. `Possible`: it depends on the order of several such steps. None: it does not.
    pub(super) fn leads_to_another_plan(&self) -> Option<Certainty> {
        let fatal = self
            .steps
            .iter()
            .filter(|step| self.fatal.contains(&step.key.as_str()));
        let leads: BTreeSet<bool> = fatal
            .map(|step| matches!(step.work, Work::RejectedEffect | Work::BadSum))
            .collect();
        match (leads.contains(&true), leads.contains(&false)) {
            (true, false) => Some(Certainty::Certain),
            (true, true) => Some(Certainty::Possible),
            (false, _) => None,
        }
    }

    fn end_of(&self, step: &Step) -> End {
        let completed = |key: &String| self.ends.get(key.as_str()) == Some(&End::Completed);
        if !step.depends_on.is_empty() && !step.depends_on.iter().any(completed) {
            return End::Skipped;
        }
        let is_unmet = |key: &String| !(completed(key) && self.was_approved(key));
        if step.only_if_approved.as_ref().is_some_and(is_unmet) {
            return End::Skipped;
        }
        own_end(&step.work)
    }

    fn was_approved(&self, key: &str) -> bool {
        let approved = |step: &&Step| {
            matches!(
                step.work,
                Work::Approval {
                    is_approved: true,
                    ..
                }
            )
        };
        self.steps
            .iter()
            .find(|step| step.key == key)
            .as_ref()
            .is_some_and(approved)
    }

    /// Predicts the end of a step.
    pub(super) fn prediction(&self, step: &Step, certainty: Certainty) -> (End, Certainty) {
        let end = self
            .ends
            .get(step.key.as_str())
            .copied()
            .unwrap_or(End::Cancelled);
        let above = self.ancestors.get(step.key.as_str());
        let waits_for = |key: &&str| above.is_some_and(|above| above.contains(*key));
        if self.fatal.iter().any(waits_for) {
            return (End::Cancelled, certainty);
        }
        // Dependencies of all fatal steps have ended before, whichever of these comes first.
        let is_before_all = !self.fatal.is_empty()
            && self.fatal.iter().all(|fatal| {
                let above = self.ancestors.get(fatal);
                above.is_some_and(|above| above.contains(step.key.as_str()))
            });
        let is_the_only_fatal = self.fatal == [step.key.as_str()];
        if self.fatal.is_empty() || is_before_all || is_the_only_fatal {
            (end, certainty)
        } else {
            (end, Certainty::Possible)
        }
    }
}

/// Returns the end of work that has begun.
fn own_end(work: &Work) -> End {
    let is_failure = match work {
        Work::Effect { .. } | Work::Sum => false,
        Work::RejectedEffect | Work::BadSum => true,
        Work::Agent { gives_up, .. } => *gives_up,
        Work::Approval {
            is_approved,
            fails_if_rejected,
        } => !is_approved && *fails_if_rejected,
        Work::Subgoal(plan) => {
            let fails = |steps: &[Step]| Course::of(steps).end() == End::Failed;
            fails(&plan.steps) || fails(&plan.again)
        }
    };
    match is_failure {
        true => End::Failed,
        false => End::Completed,
    }
}
