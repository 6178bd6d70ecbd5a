//! What a goal of a chaos run is made of: which steps, in which order, and how each is going to end.
//!
//! The one thing to know: a shape knows its own end. Nothing in it depends on what the stack does, so that
//! [`predict`](super::predict()) can say beforehand what must come of it.
//!
//! Keys carry the way to their step (`g17_b_c` is step `c` of the sub-goal that step `b` of goal 17 opened), so that
//! they are unique in the whole run, and a server that is told a key knows all about the step.

/// One request of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// From 1.
    pub number: u64,
    /// As it is asked.
    pub question: String,
    /// What the assessment makes of it.
    pub way: Way,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// An answer at once.
    Answer,
    /// A few steps in a row, without a goal; the last one is the answer.
    Steps(Vec<Step>),
    /// A goal with a plan.
    Planned(Plan),
}

/// A plan, of a goal or of a sub-goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The goal's title: `g17`, or the key of the step that opened it.
    pub name: String,
    /// In an order in which each comes after all that it depends on.
    pub steps: Vec<Step>,
    /// What is judged at the end.
    pub criterion: Criterion,
    /// The steps of a second plan, which the first judgement asks for; empty: it does not.
    pub again: Vec<Step>,
    /// The model first gives a plan that breaks a rule, and is told so.
    pub is_refused_once: bool,
}

/// What has to hold at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// Nothing is judged.
    None,
    /// This step's status is 200, which an expression finds out.
    Checked(String),
    /// The model says so.
    Judged,
}

/// A node of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Unique in the whole run.
    pub key: String,
    /// Earlier steps of the same plan.
    pub depends_on: Vec<String>,
    /// An approval among them that must have been given.
    pub only_if_approved: Option<String>,
    /// The run goes on without it, should it fail.
    pub may_fail: bool,
    /// What is done.
    pub work: Work,
}

/// The work of a step, with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A webhook that is taken, after so many answers of 503; at once, or after a while.
    Effect {
        /// Answers of 503 before.
        refusals: u32,
        /// How long the server thinks, in milliseconds.
        pause_ms: u32,
    },
    /// A webhook that is answered with 422: the step fails.
    RejectedEffect,
    /// A sum.
    Sum,
    /// A division by zero: the step fails.
    BadSum,
    /// An agent that makes so many webhooks in one turn, then is done, or (when its provider refuses) fails.
    Agent {
        /// Calls of its first turn.
        calls: u32,
        /// Whether the turn after that is refused.
        gives_up: bool,
    },
    /// A person's decision.
    Approval {
        /// What they decide.
        is_approved: bool,
        /// Whether the step fails when they reject.
        fails_if_rejected: bool,
    },
    /// A goal of its own.
    Subgoal(Plan),
}

impl Goal {
    /// The plan of this name, wherever it is.
    #[must_use]
    pub fn plan(&self, name: &str) -> Option<&Plan> {
        match &self.way {
            Way::Planned(plan) => plan.find(name),
            Way::Answer | Way::Steps(_) => None,
        }
    }

    /// The step of this key, wherever it is.
    #[must_use]
    pub fn step(&self, key: &str) -> Option<&Step> {
        match &self.way {
            Way::Answer => None,
            Way::Steps(steps) => find(steps, key),
            Way::Planned(plan) => plan.step(key),
        }
    }

    /// All steps of all its plans.
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

/// The number of the goal that a name, a key or a question speaks of: the first word that is `g` and a number.
#[must_use]
pub(super) fn goal_number(text: &str) -> Option<u64> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .find_map(|word| word.strip_prefix('g')?.parse().ok())
}
