//! Shape of a goal of a chaos run: its steps, their order, and the end of each.
//!
//! A shape determines its own end. Nothing in it depends on the stack, so [`predict`](super::predict()) can compute the
//! result beforehand.
//!
//! Keys contain the path to their step (`g17_b_c` is step `c` of the sub-goal that step `b` of goal 17 opened), so they
//! are unique in the whole run, and a server finds the step by the key that it receives.

/// One request of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Number of the goal, from 1.
    pub number: u64,
    /// Question of the request.
    pub question: String,
    /// Result of the assessment.
    pub way: Way,
}

/// Result of an assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Immediate answer.
    Answer,
    /// A few sequential steps without a goal; the last one is the answer.
    Steps(Vec<Step>),
    /// A goal with a plan.
    Planned(Plan),
}

/// Plan of a goal or a sub-goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Title of the goal: `g17`, or the key of the step that opened it.
    pub name: String,
    /// Steps in a topological order.
    pub steps: Vec<Step>,
    /// Criterion of the judge.
    pub criterion: Criterion,
    /// Steps of a second plan, which the first judgement requests; empty: it does not.
    pub again: Vec<Step>,
    /// The model first returns a plan that breaks a rule, and is asked to repair it.
    pub is_refused_once: bool,
}

/// Criterion of a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// No criterion.
    None,
    /// An expression checks that the status of this step is 200.
    Checked(String),
    /// The model decides.
    Judged,
}

/// Node of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Unique in the whole run.
    pub key: String,
    /// Earlier steps of the same plan.
    pub depends_on: Vec<String>,
    /// Approval among them that must have been given.
    pub only_if_approved: Option<String>,
    /// True if the run continues without the step when it fails.
    pub may_fail: bool,
    /// Work of the step.
    pub work: Work,
}

/// Work of a step, with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Webhook that is accepted after this number of 503 answers, at once or after a pause.
    Effect {
        /// Number of 503 answers before.
        refusals: u32,
        /// Time until the server answers, in milliseconds.
        pause_ms: u32,
    },
    /// Webhook that is answered with 422: the step fails.
    RejectedEffect,
    /// Sum that succeeds.
    Sum,
    /// Division by zero: the step fails.
    BadSum,
    /// Agent that calls webhooks in one turn and then completes, or fails when its provider refuses.
    Agent {
        /// Calls of its first turn.
        calls: u32,
        /// True if the next turn is refused.
        gives_up: bool,
    },
    /// Decision of a person.
    Approval {
        /// True if they approve.
        is_approved: bool,
        /// True if the step fails when they reject.
        fails_if_rejected: bool,
    },
    /// Sub-goal.
    Subgoal(Plan),
}

impl Goal {
    /// Returns the plan of this name, at any depth.
    #[must_use]
    pub fn plan(&self, name: &str) -> Option<&Plan> {
        match &self.way {
            Way::Planned(plan) => plan.find(name),
            Way::Answer | Way::Steps(_) => None,
        }
    }

    /// Returns the step of this key, at any depth.
    #[must_use]
    pub fn step(&self, key: &str) -> Option<&Step> {
        match &self.way {
            Way::Answer => None,
            Way::Steps(steps) => find(steps, key),
            Way::Planned(plan) => plan.step(key),
        }
    }

    /// Counts the steps of all its plans.
    #[must_use]
    pub fn step_count(&self) -> u64 {
        match &self.way {
            Way::Answer => 0,
            Way::Steps(steps) => count(steps),
            Way::Planned(plan) => plan.step_count(),
        }
    }
}

impl Plan {
    fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.all_steps().find_map(|step| match &step.work {
            Work::Subgoal(plan) => plan.find(name),
            _ => None,
        })
    }

    fn step(&self, key: &str) -> Option<&Step> {
        find(&self.steps, key).or_else(|| find(&self.again, key))
    }

    fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().chain(&self.again)
    }

    fn step_count(&self) -> u64 {
        count(&self.steps) + count(&self.again)
    }
}

fn find<'a>(steps: &'a [Step], key: &str) -> Option<&'a Step> {
    steps.iter().find_map(|step| match &step.work {
        _ if step.key == key => Some(step),
        Work::Subgoal(plan) => plan.step(key),
        _ => None,
    })
}

fn count(steps: &[Step]) -> u64 {
    let own = |step: &Step| match &step.work {
        Work::Subgoal(plan) => 1 + plan.step_count(),
        _ => 1,
    };
    steps.iter().map(own).sum()
}

/// Returns the number of the goal that a name, a key or a question refers to: its first word of `g` and a number.
#[must_use]
pub(super) fn goal_number(text: &str) -> Option<u64> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .find_map(|word| word.strip_prefix('g')?.parse().ok())
}
