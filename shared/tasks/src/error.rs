//! The errors of tasks, with what a step does about each.

use domain::StepError;

/// The reason why a task has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The model call failed, or was not made.
    #[error(transparent)]
    ModelCall(#[from] llm::Error),
    /// Without a language model, no rule and no runbook covers the task. A person sets a key.
    #[error(
        "no language model configured; set OPENAI_API_KEY or ANTHROPIC_API_KEY (and GOALPOST_MODEL), or ask something a runbook covers: {}",
        names(.runbooks)
    )]
    NoLanguageModel {
        /// The runbooks that there are.
        runbooks: Vec<String>,
    },
    /// The question is a statement of SQL that changes something, which no rule carries out.
    #[error(
        "a question may be one SELECT; {0} is not run. With a model configured, ask for the change in plain words: it is made by table_write in tables that the workspace lists, or run it yourself"
    )]
    StatementNotRun(String),
    /// The runbook that fits is not for this asker; contains the runbook's own sentence.
    #[error("{0}")]
    RunbookNotAllowed(String),
    /// No plan was found that can run: the runbook's cannot, or the model's after every repair.
    #[error("no plan was found that can run: {0}")]
    PlanRefused(String),
    /// The model's answer to a plan: nothing can reach the goal.
    #[error("no plan can reach this goal: {0}")]
    Impossible(String),
    /// The model declines to answer.
    #[error("the model refuses: {0}")]
    Declined(String),
    /// The answer was longer than it may be, also with more room.
    #[error(
        "the model's answer was cut off at its length limit; ask for something smaller, or raise GOALPOST_MAX_OUTPUT_TOKENS"
    )]
    Truncated,
    /// The answer did not have the form that was requested, also after two repairs: another attempt would pay for the
    /// same again.
    #[error("the model's answer cannot be read, also after two repairs: {0}")]
    Unreadable(String),
    /// The provider's filter held the answer back.
    #[error(
        "the provider's content filter held the model's answer back; ask for it in other words"
    )]
    Filtered,
}

impl Error {
    /// Returns true if another attempt of the same task may have a result.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::ModelCall(error) => error.retryable(),
            other => *other == Self::Truncated,
        }
    }

    /// Returns the stable word under which the step's error is recorded.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::ModelCall(error) => error.code(),
            Self::NoLanguageModel { .. } => "no_language_model",
            Self::StatementNotRun(_) => "statement_not_run",
            Self::RunbookNotAllowed(_) => "runbook_not_allowed",
            Self::PlanRefused(_) => "plan_refused",
            Self::Impossible(_) => "goal_impossible",
            Self::Declined(_) => "model_refused",
            Self::Truncated => "model_truncated",
            Self::Unreadable(_) => "model_malformed",
            Self::Filtered => "model_filtered",
        }
    }
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        match error {
            Error::ModelCall(error) => error.into(),
            error => Self {
                code: error.code().to_owned(),
                message: error.to_string(),
                retryable: error.retryable(),
                retry_after_seconds: None,
                // The configuration failed, not the answers so far.
                keeps_answers: matches!(
                    error,
                    Error::NoLanguageModel { .. } | Error::StatementNotRun(_)
                ),
            },
        }
    }
}

fn names(runbooks: &[String]) -> String {
    match runbooks {
        [] => "(none)".to_owned(),
        names => names.join(", "),
    }
}
