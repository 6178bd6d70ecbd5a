//! Language models behind typed tasks: the only crate that knows a provider.
//!
//! The caller says what it wants ([`Assess`], [`PlanTask`], [`WorkTask`], [`JudgeTask`]) and gets a
//! typed answer with what it used; prompts, wire formats and repairs stay in here. What comes back is
//! untrusted: plans and steps must pass [`domain::plan::check`], calls the tools' own checks.
//!
//! Without a key there is no language model, and [`Model::Offline`] says so: it follows runbooks,
//! procedures and a short written rule ([`catalogue`]), and refuses everything else. Whichever it is,
//! what needs no model is decided first and the same way ([`rule`]).

mod answer;
mod ask;
pub mod catalogue;
mod config;
mod error;
mod lazy;
mod offline;
mod openai;
pub mod rule;
mod task;

use domain::{CriterionVerdict, Usage};

pub use answer::{Assessment, CallOrigin, Decision, NewGoal, Planned, ToolCall, Turn};
pub use ask::{
    Answer, Ask, AskedCall, Candidate, Message, OutputSchema, Purpose, Request, Stop, ToolResult,
};
pub use config::ModelConfig;
pub use error::{Charged, Error, Kind};
pub use lazy::{KeyReader, LazyModel};
pub use openai::OpenAi;
pub use task::{
    Agent, AgentOffer, Assess, CallOutcome, Column, Criterion, Goal, JudgeTask, PastTurn, PlanTask,
    RunbookMatch, RunbookOffer, StepOutcome, Table, WorkTask,
};

/// What answers the tasks: a provider, or nobody.
#[derive(Debug, Clone)]
pub enum Model {
    /// No language model is configured.
    Offline,
    /// A provider that speaks OpenAI's Chat Completions.
    OpenAi(OpenAi),
}

impl Model {
    /// Chooses by configuration: a key or a base URL means a provider, neither means none.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] when no HTTP client can be made.
    pub fn new(config: ModelConfig) -> Result<Self, Error> {
        if config.openai_api_key.is_none() && config.openai_base_url.is_none() {
            return Ok(Self::Offline);
        }
        OpenAi::new(config).map(Self::OpenAi)
    }

    /// The provider and model that usage is recorded under.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Offline => offline::PROVIDER,
            Self::OpenAi(openai) => openai.model(),
        }
    }

    /// Decides whether to answer at once, work in a few steps, or make a goal.
    ///
    /// # Errors
    /// See [`Kind`]; the usage of calls that were made is in the error.
    pub async fn assess(&self, task: &Assess) -> Result<(Assessment, Vec<Usage>), Error> {
        if let Some(assessment) = rule::assess(task) {
            return Ok((assessment, Vec::new()));
        }
        match self {
            Self::Offline => offline::assess(task),
            Self::OpenAi(openai) => openai.assess(task).await,
        }
    }

    /// Turns a goal into a plan, from a runbook where one fits.
    ///
    /// # Errors
    /// See [`Kind`]; [`Kind::RunbookNotAllowed`] when the one that fits may not be used by the asker.
    pub async fn plan(&self, task: &PlanTask) -> Result<(Planned, Vec<Usage>), Error> {
        if let Some(planned) = rule::plan(task)? {
            return Ok((planned, Vec::new()));
        }
        match self {
            Self::Offline => offline::plan(task),
            Self::OpenAi(openai) => openai.plan(task).await,
        }
    }

    /// Takes one turn of an agent's work: the next calls, or the end.
    ///
    /// A procedure that was worked out beforehand is followed call by call and needs no model.
    ///
    /// # Errors
    /// See [`Kind`]; [`Kind::ProcedureFailed`] when a call of the procedure failed.
    pub async fn work(&self, task: &WorkTask) -> Result<(Turn, Vec<Usage>), Error> {
        if !task.procedure.is_empty() {
            return rule::follow(&task.procedure, &task.turns).map(|turn| (turn, Vec::new()));
        }
        match self {
            Self::Offline => offline::work(task),
            Self::OpenAi(openai) => openai.work(task).await,
        }
    }

    /// Gives a verdict on each criterion of the task; the caller has evaluated those with a check.
    ///
    /// # Errors
    /// See [`Kind`].
    pub async fn judge(
        &self,
        task: &JudgeTask,
    ) -> Result<(Vec<CriterionVerdict>, Vec<Usage>), Error> {
        if task.criteria.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        match self {
            Self::Offline => Ok(offline::judge(task)),
            Self::OpenAi(openai) => openai.judge(task).await,
        }
    }
}
