//! Why a task has no answer, and whether asking again can help.

use domain::{StepError, Usage};

use crate::provider_names::ANTHROPIC;

/// A task or a model call without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    /// What happened.
    pub kind: Kind,
    /// What the call used all the same, as the provider reports it or as estimated from bytes; none where it cost nothing
    /// or where even that is not known.
    pub usage: Option<Box<Usage>>,
}

/// What happened, by what the caller does about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Kind {
    /// Nothing covers the task without a language model. Ends the work; a person sets a key.
    #[error(
        "no language model configured; set OPENAI_API_KEY or ANTHROPIC_API_KEY (and GOALPOST_MODEL), or ask something a runbook covers: {}",
        names(.runbooks)
    )]
    NoLanguageModel {
        /// The runbooks that there are.
        runbooks: Vec<String>,
    },
    /// The question is a statement of SQL that changes something, which no rule carries out. Ends the work.
    #[error(
        "a question may be one SELECT; {0} is not run. With a model configured, ask for the change in plain words: it is made by table_write in tables that the workspace lists, or run it yourself"
    )]
    StatementNotRun(String),
    /// A server other than OpenAI is configured without the name of a model. Ends the work.
    #[error("no model is named; set GOALPOST_MODEL to one that the server at OPENAI_BASE_URL has")]
    NoModelNamed,
    /// A model is named whose provider has no key. Ends the work; a person sets the key or names another model.
    #[error(
        "{named_by} names the model {model}, and no key for {provider} is set; set {} (secret {}){}, or name another model",
        key_variable(.provider), key_secret(.provider), or_router(.provider, .model)
    )]
    ProviderNotConfigured {
        /// Who asks for it: the agent's row, or a variable.
        named_by: String,
        /// As it was named.
        model: String,
        /// Whose model it is.
        provider: String,
    },
    /// The runbook that fits is not for this asker. Ends the work with the runbook's own sentence.
    #[error("{0}")]
    RunbookNotAllowed(String),
    /// No plan was found that can run: the runbook's cannot, or the model's after every repair. Ends the work.
    #[error("no plan was found that can run: {0}")]
    PlanRefused(String),
    /// The model's answer to a plan: nothing can reach the goal. Ends the work.
    #[error("no plan can reach this goal: {0}")]
    Impossible(String),
    /// The provider asks for a pause; the step goes back with a time to come again.
    #[error("the model's provider limits how often it is asked; it will be asked again later")]
    RateLimited {
        /// How long, if the provider gives a time.
        retry_after_seconds: Option<u64>,
    },
    /// The provider has too much to do; the step goes back.
    #[error("the model's provider is overloaded; it will be asked again later")]
    Overloaded {
        /// How long, if the provider gives a time.
        retry_after_seconds: Option<u64>,
    },
    /// No full answer within the time for one call.
    #[error("the model did not answer in time")]
    Timeout,
    /// The key is wrong, or may not use the model. Ends the work; a person sets another key.
    #[error(
        "the model's provider does not accept the key ({provider} answered {status}); check {} (secret {}) and what it may use",
        key_variable(.provider), key_secret(.provider)
    )]
    WrongKey {
        /// Who refused.
        provider: String,
        /// With which HTTP status.
        status: String,
    },
    /// The account has no credit left. Ends the work; a person pays.
    #[error("the account at {0} has no credit left; check its billing")]
    NoCredit(String),
    /// The provider refuses the request itself, or the model declines to answer. Ends the work.
    #[error("the model refuses: {0}")]
    Refused(String),
    /// The answer was longer than it may be, also with more room.
    #[error(
        "the model's answer was cut off at its length limit; ask for something smaller, or raise GOALPOST_MAX_OUTPUT_TOKENS"
    )]
    Truncated,
    /// The response is not of the protocol's form.
    #[error("the model's answer cannot be read: {0}")]
    Malformed(String),
    /// The answer was not of the form asked for, also after two repairs. Ends the work: another try would pay for the same
    /// again.
    #[error("the model's answer cannot be read, also after two repairs: {0}")]
    Unreadable(String),
    /// The provider's filter held the answer back. Ends the work: the same would be held back again.
    #[error(
        "the provider's content filter held the model's answer back; ask for it in other words"
    )]
    Filtered,
    /// No connection to the provider: nothing was asked.
    #[error("the model's provider cannot be reached: {0}")]
    Unreachable(String),
    /// The provider answers with a fault of its own, or breaks off.
    #[error("the model's provider is not available: {0}")]
    Unavailable(String),
    /// A limit refuses the call before it is made: money, turns. Code and sentence are the limit's.
    #[error("{message}")]
    NotAsked {
        /// The limit's code.
        code: String,
        /// The limit's sentence.
        message: String,
        /// Whether it may be different later.
        retryable: bool,
    },
    /// The caller was stopped before the call: the step waits, or another worker has it. Never shown.
    #[error("the work was put back before the model was asked")]
    Interrupted,
}

/// Whether a question without an answer may have cost money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// Surely not: it never got to a model.
    No,
    /// Unknown; it counts as spent.
    Unknown,
}

impl Error {
    /// Returns true if the same task may be answered later.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match &self.kind {
            Kind::NoLanguageModel { .. }
            | Kind::StatementNotRun(_)
            | Kind::RunbookNotAllowed(_)
            | Kind::PlanRefused(_)
            | Kind::Impossible(_)
            | Kind::NoModelNamed
            | Kind::ProviderNotConfigured { .. }
            | Kind::WrongKey { .. }
            | Kind::NoCredit(_)
            | Kind::Refused(_)
            | Kind::Unreadable(_)
            | Kind::Filtered => false,
            Kind::NotAsked { retryable, .. } => *retryable,
            Kind::RateLimited { .. }
            | Kind::Overloaded { .. }
            | Kind::Timeout
            | Kind::Truncated
            | Kind::Malformed(_)
            | Kind::Unreachable(_)
            | Kind::Unavailable(_)
            | Kind::Interrupted => true,
        }
    }

    /// Returns whether the call may have been paid for. Only a certain refusal was not.
    #[must_use]
    pub fn was_charged(&self) -> Charged {
        match &self.kind {
            Kind::NoLanguageModel { .. }
            | Kind::StatementNotRun(_)
            | Kind::RunbookNotAllowed(_)
            | Kind::PlanRefused(_)
            | Kind::Impossible(_)
            | Kind::RateLimited { .. }
            | Kind::Overloaded { .. }
            | Kind::NoModelNamed
            | Kind::ProviderNotConfigured { .. }
            | Kind::WrongKey { .. }
            | Kind::NoCredit(_)
            | Kind::Refused(_)
            | Kind::Unreachable(_)
            | Kind::NotAsked { .. }
            | Kind::Interrupted => Charged::No,
            Kind::Timeout
            | Kind::Truncated
            | Kind::Malformed(_)
            | Kind::Unreadable(_)
            | Kind::Filtered
            | Kind::Unavailable(_) => Charged::Unknown,
        }
    }

    /// Returns true if another model may be called at once, since this one cannot answer now.
    #[must_use]
    pub fn asks_for_another(&self) -> bool {
        matches!(
            self.kind,
            Kind::Overloaded { .. } | Kind::Timeout | Kind::Unreachable(_) | Kind::Unavailable(_)
        )
    }

    /// The stable word that the step's error is recorded under.
    #[must_use]
    pub fn code(&self) -> &str {
        match &self.kind {
            Kind::NoLanguageModel { .. } => "no_language_model",
            Kind::StatementNotRun(_) => "statement_not_run",
            Kind::RunbookNotAllowed(_) => "runbook_not_allowed",
            Kind::PlanRefused(_) => "plan_refused",
            Kind::Impossible(_) => "goal_impossible",
            Kind::NotAsked { code, .. } => code,
            Kind::RateLimited { .. } => "model_rate_limited",
            Kind::Overloaded { .. } => "model_overloaded",
            Kind::Timeout => "model_timeout",
            Kind::NoModelNamed => "model_not_named",
            Kind::ProviderNotConfigured { .. } => "model_not_configured",
            Kind::WrongKey { .. } => "model_wrong_key",
            Kind::NoCredit(_) => "model_no_credit",
            Kind::Refused(_) => "model_refused",
            Kind::Truncated => "model_truncated",
            Kind::Malformed(_) | Kind::Unreadable(_) => "model_malformed",
            Kind::Filtered => "model_filtered",
            Kind::Unreachable(_) | Kind::Unavailable(_) => "model_unavailable",
            Kind::Interrupted => "interrupted",
        }
    }

    /// Returns whether the failure is one of the provider, the configuration or a limit, and not of what was answered so
    /// far: a step that fails with it goes on with its answers.
    #[must_use]
    pub fn keeps_answers(&self) -> bool {
        match &self.kind {
            Kind::NoLanguageModel { .. }
            | Kind::StatementNotRun(_)
            | Kind::NotAsked { .. }
            | Kind::RateLimited { .. }
            | Kind::Overloaded { .. }
            | Kind::Timeout
            | Kind::NoModelNamed
            | Kind::ProviderNotConfigured { .. }
            | Kind::WrongKey { .. }
            | Kind::NoCredit(_)
            | Kind::Unreachable(_)
            | Kind::Unavailable(_)
            | Kind::Interrupted => true,
            Kind::RunbookNotAllowed(_)
            | Kind::PlanRefused(_)
            | Kind::Impossible(_)
            | Kind::Refused(_)
            | Kind::Truncated
            | Kind::Malformed(_)
            | Kind::Unreadable(_)
            | Kind::Filtered => false,
        }
    }

    /// How long the provider asked us to wait.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        match &self.kind {
            Kind::RateLimited {
                retry_after_seconds,
            }
            | Kind::Overloaded {
                retry_after_seconds,
            } => *retry_after_seconds,
            _ => None,
        }
    }
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            retryable: error.retryable(),
            retry_after_seconds: error
                .retry_after_seconds()
                .and_then(|seconds| u32::try_from(seconds).ok()),
            keeps_answers: error.keeps_answers(),
        }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind, usage: None }
    }
}

impl Error {
    /// Adds what the call used.
    pub(crate) fn with_usage(self, usage: Usage) -> Self {
        Self {
            usage: Some(Box::new(usage)),
            ..self
        }
    }
}

/// The variable that a person sets, locally or in the environment of the command line.
fn key_variable(provider: &str) -> &'static str {
    if provider == ANTHROPIC {
        "ANTHROPIC_API_KEY"
    } else {
        "OPENAI_API_KEY"
    }
}

/// The name of the same key in the parameter store.
fn key_secret(provider: &str) -> &'static str {
    if provider == ANTHROPIC {
        "anthropic_api_key"
    } else {
        "openai_api_key"
    }
}

/// How to name a model that a router serves under its maker's name.
fn or_router(provider: &str, model: &str) -> String {
    if provider == ANTHROPIC {
        format!(", name it openai/{model} if the server at OPENAI_BASE_URL has it")
    } else {
        String::new()
    }
}

fn names(runbooks: &[String]) -> String {
    if runbooks.is_empty() {
        "(none)".into()
    } else {
        runbooks.join(", ")
    }
}
