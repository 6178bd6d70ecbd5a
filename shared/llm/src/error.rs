//! The errors of model calls, and whether another call can help.

use domain::{StepError, Usage};

use crate::provider_names::ANTHROPIC;

/// A model call without an answer.
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
    /// No provider is configured. Ends the work; a person sets a key.
    #[error(
        "no language model configured; set OPENAI_API_KEY or ANTHROPIC_API_KEY (and GOALPOST_MODEL)"
    )]
    NoLanguageModel,
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
    /// The provider refuses the request itself. Ends the work.
    #[error("the model refuses: {0}")]
    Refused(String),
    /// The response is not of the protocol's form.
    #[error("the model's answer cannot be read: {0}")]
    Malformed(String),
    /// No connection to the provider: nothing was asked.
    #[error("the model's provider cannot be reached: {0}")]
    Unreachable(String),
    /// The provider answers with a fault of its own, or breaks off.
    #[error("the model's provider is not available: {0}")]
    Unavailable(String),
    /// A limit refuses the call before it is made: money, turns. Code and sentence are the limit's.
    #[error("{message}")]
    NotCalled {
        /// The limit's code.
        code: String,
        /// The limit's sentence.
        message: String,
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
    /// Returns true if the same call may be answered later.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(
            self.kind,
            Kind::RateLimited { .. }
                | Kind::Overloaded { .. }
                | Kind::Timeout
                | Kind::Malformed(_)
                | Kind::Unreachable(_)
                | Kind::Unavailable(_)
                | Kind::Interrupted
        )
    }

    /// Returns whether the call may have been paid for. Only a certain refusal was not.
    #[must_use]
    pub fn was_charged(&self) -> Charged {
        match self.kind {
            Kind::Timeout | Kind::Malformed(_) | Kind::Unavailable(_) => Charged::Unknown,
            _ => Charged::No,
        }
    }

    /// Returns the stable word under which the step's error is recorded.
    #[must_use]
    pub fn code(&self) -> &str {
        match &self.kind {
            Kind::NoLanguageModel => "no_language_model",
            Kind::NotCalled { code, .. } => code,
            Kind::RateLimited { .. } => "model_rate_limited",
            Kind::Overloaded { .. } => "model_overloaded",
            Kind::Timeout => "model_timeout",
            Kind::NoModelNamed => "model_not_named",
            Kind::ProviderNotConfigured { .. } => "model_not_configured",
            Kind::WrongKey { .. } => "model_wrong_key",
            Kind::NoCredit(_) => "model_no_credit",
            Kind::Refused(_) => "model_refused",
            Kind::Malformed(_) => "model_malformed",
            Kind::Unreachable(_) | Kind::Unavailable(_) => "model_unavailable",
            Kind::Interrupted => "interrupted",
        }
    }

    /// Returns true if the provider, the configuration or a limit failed, and not the answers so far: a step that fails
    /// with it continues with its answers.
    #[must_use]
    pub fn keeps_answers(&self) -> bool {
        !matches!(self.kind, Kind::Refused(_) | Kind::Malformed(_))
    }

    /// Returns the pause that the provider asks for.
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
