//! Small values that steps produce: verdicts on criteria, usage of model calls, errors of attempts.

use serde::{Deserialize, Serialize};

use crate::state::words;

words! {
    /// The verdict on a success criterion.
    Verdict {
        /// The evidence shows that it holds.
        Met = "met",
        /// The evidence shows that it does not hold; the goal is planned again, within its cap.
        Unmet = "unmet",
        /// Undecided; it neither completes nor fails a goal, and the report shows it.
        Unknown = "unknown",
    }
}

words! {
    /// The author of a verdict.
    DecidedBy {
        /// The criterion's check.
        Check = "check",
        /// A language model.
        Model = "model",
        /// A person.
        Person = "person",
    }
}

/// The verdict on one success criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionVerdict {
    /// The criterion's number within its goal, from 1.
    pub number: i32,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason, in a sentence or as the value that decided it.
    #[serde(default)]
    pub evidence: String,
    /// The key of the step that the evidence rests on, where a model gave the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The author; none for a verdict that neither a check nor a model could give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<DecidedBy>,
}

impl CriterionVerdict {
    /// Creates the verdict that a criterion's check gives.
    #[must_use]
    pub fn of_check(number: i32, verdict: Verdict, evidence: String) -> Self {
        Self {
            number,
            verdict,
            evidence,
            step: None,
            decided_by: Some(DecidedBy::Check),
        }
    }

    /// Creates the verdict on a criterion that nothing could decide.
    #[must_use]
    pub fn undecided(number: i32, evidence: impl Into<String>) -> Self {
        Self {
            number,
            verdict: Verdict::Unknown,
            evidence: evidence.into(),
            step: None,
            decided_by: None,
        }
    }
}

/// Results of steps that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// The keys of the steps.
    pub steps: Vec<String>,
    /// The difference, in a sentence.
    pub difference: String,
}

/// Tokens that one chat or embedding call used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// The provider: `openai` or `anthropic`.
    pub provider: String,
    /// The model as the provider names it.
    pub model: String,
    /// Tokens sent, cached ones included.
    #[serde(default)]
    pub input_tokens: i64,
    /// Tokens received, those of reasoning included.
    #[serde(default)]
    pub output_tokens: i64,
    /// Tokens sent that the provider had cached.
    #[serde(default)]
    pub cached_tokens: i64,
    /// Tokens sent that the provider put into its cache, where that has a price of its own.
    #[serde(default)]
    pub cache_write_tokens: i64,
    /// Tokens received that were reasoning and not the answer, where the provider counts them separately.
    #[serde(default)]
    pub reasoning_tokens: i64,
    /// True where the provider did not report all of it and the rest is estimated from bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_estimate: bool,
}

/// The error of a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// A stable word in `snake_case`.
    pub code: String,
    /// The event and the next action, for people.
    pub message: String,
    /// True if another attempt may help; bounded by the step's `max_attempts` anyway.
    pub retryable: bool,
    /// The earliest useful time for the next attempt, if the other side gave one. Otherwise SQL decides.
    #[serde(default)]
    pub retry_after_seconds: Option<u32>,
    /// The failure is no fault of the answers that the step has: its next attempt continues with them. Otherwise they
    /// led to the failure, and the next attempt starts over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_answers: bool,
}

impl StepError {
    /// Creates an error that another attempt may avoid.
    #[must_use]
    pub fn retryable(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            retryable: true,
            retry_after_seconds: None,
            keeps_answers: false,
        }
    }

    /// Creates an error that every further attempt would meet again.
    #[must_use]
    pub fn terminal(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            retryable: false,
            retry_after_seconds: None,
            keeps_answers: false,
        }
    }

    /// Returns the same error, as one that the step's answers did not lead to.
    #[must_use]
    pub fn keeping_answers(self) -> Self {
        Self {
            keeps_answers: true,
            ..self
        }
    }
}
