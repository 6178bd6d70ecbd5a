//! The states of requests, goals, runs, steps and approvals, and the kinds of steps.
//!
//! The words are the same in SQL, in JSON, in logs and on the screen. These types only read and write them: no Rust
//! code moves anything from one state to another, SQL functions do.

use serde::{Deserialize, Serialize};

/// Defines an enum whose JSON form, `as_str` and `Display` are the same lower-case word.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in the order in which it is documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the word as SQL and JSON spell it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    )+};
}

pub(crate) use words;

words! {
    /// The work of a step, which decides the function that claims it.
    StepKind {
        /// Decides whether to answer now, work in a few steps, or make a goal; intake claims it.
        Assess = "assess",
        /// Turns a goal into a plan; the planner claims it.
        Plan = "plan",
        /// An agent works with its tools; the executor claims it.
        Agent = "agent",
        /// One tool call; the executor claims it.
        Tool = "tool",
        /// Waits for a person's decision; moved by SQL alone.
        Approval = "approval",
        /// Waits for a sub-goal to end; moved by SQL alone.
        Subgoal = "subgoal",
        /// Compiles the results and gives each criterion its verdict; the aggregator claims it.
        Judge = "judge",
        /// Reads what happened in a workspace and proposes improvements; the analyzer claims it. Part of no plan.
        Analyze = "analyze",
    }
    /// The state of a step.
    StepState {
        /// Waits for the steps it depends on.
        Pending = "pending",
        /// May be claimed, once its run-after time has come.
        Ready = "ready",
        /// A worker holds its lease.
        Running = "running",
        /// Waits for a person, a sub-goal or a time, without a lease.
        Waiting = "waiting",
        /// Has a result; final.
        Completed = "completed",
        /// Used up its attempts or met a terminal error; final unless its dead letter is retried.
        Failed = "failed",
        /// Its condition was not met, or nothing it depends on completed; final.
        Skipped = "skipped",
        /// Its run ended before it did; final.
        Cancelled = "cancelled",
    }
    /// The state of a run.
    RunState {
        /// Has steps that are not final.
        Running = "running",
        /// Its result is written; final.
        Completed = "completed",
        /// A step failed for good, or a time limit passed; final unless a dead letter is retried.
        Failed = "failed",
        /// A person ended it, or its parent did; final.
        Cancelled = "cancelled",
    }
    /// The state of a goal.
    GoalState {
        /// Is planned, worked on or judged.
        Active = "active",
        /// Its report is written; final.
        Completed = "completed",
        /// It ended with a reason; final.
        Failed = "failed",
        /// A person ended it, or its parent did; final.
        Cancelled = "cancelled",
    }
    /// The state of a request.
    RequestState {
        /// A row was inserted and waits to be accepted.
        Submitted = "submitted",
        /// Has a run.
        Accepted = "accepted",
        /// Its answer or its goal's report is written; final.
        Answered = "answered",
        /// It ended with a reason; final.
        Failed = "failed",
        /// A person ended it; final.
        Cancelled = "cancelled",
    }
    /// The state of an approval.
    ApprovalState {
        /// Waits for a person of the required role.
        Pending = "pending",
        /// A person approved it; final.
        Approved = "approved",
        /// A person rejected it; final.
        Rejected = "rejected",
        /// The time for a decision ran out; final.
        Expired = "expired",
        /// Its run ended first; final.
        Cancelled = "cancelled",
    }
}

impl StepKind {
    /// Returns true if a plan may contain this kind; the others are the engine's own.
    #[must_use]
    pub fn may_be_planned(self) -> bool {
        matches!(
            self,
            Self::Agent | Self::Tool | Self::Approval | Self::Subgoal
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    use super::*;

    #[test]
    fn every_kind_and_state_round_trips() {
        for kind in StepKind::ALL {
            let json = serde_json::to_string(kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
            assert_eq!(serde_json::from_str::<StepKind>(&json).unwrap(), *kind);
        }
        assert_eq!(StepState::ALL.len(), 8);
        assert_eq!(StepState::Waiting.as_str(), "waiting");
    }
}
