//! The tasks of a goal: assess a request, plan a goal, take an agent's turns, judge criteria.
//!
//! A task builds a model call ([`llm::Request`]) from the context of a claimed step, sends it through an
//! [`llm::ModelCaller`], and parses the answer; prompt, schema and parsing of one task are in one module. Answers are
//! untrusted: plans and steps must pass [`domain::plan::check`], calls the tools' own checks.
//!
//! Exact forms of questions are decided without a model, by [`deterministic`]. Where no model is configured, it also
//! follows runbooks that cover a whole question, and refuses everything else.

pub mod agent;
mod assess;
mod blocks;
mod conversation;
mod data_block;
pub mod deterministic;
mod error;
mod inputs;
mod judge;
pub mod parameters;
mod plan;
mod results;
mod review;
mod signatures;
mod tables;

pub use agent::{Agent, PastTurn, Turn, WorkTask};
pub use assess::{Assess, Assessment, Decision, NewGoal, RunbookMatch, assess};
pub use error::Error;
pub use inputs::{
    Asker, Column, CommonValues, Fit, ForeignKey, Goal, Table, TableCheck, Workspace,
};
pub use judge::{Criterion, JudgeTask, Judgement, StepOutcome, judge};
pub use plan::{AgentOffer, PlanTask, Planned, RunbookOffer, plan};
pub use review::{PlanRules, ReviewPlan};
