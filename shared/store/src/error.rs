//! Errors of the database, mapped once from SQLSTATE to variants.
//!
//! No variant holds a token or a request's body. `message` is the SQL function's message, shortened; Postgres's
//! `details` can quote a row, so they are kept for code to read and left out of every printed form.

use serde::Deserialize;
use serde_json::Value;

/// SQLSTATE of a statement that ran into a time limit outside the query's own.
const QUERY_CANCELED: &str = "57014";

/// The possible effect of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It never reached the database, or its transaction was rolled back: repeating it is free.
    None,
    /// Undetermined: only calls that are safe to repeat may be repeated.
    Unknown,
}

/// The error of a call. Variants exist because a caller branches on them.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// ZG001: no such row, or none that this caller may see.
    #[error("not found: {message}")]
    NotFound {
        /// The missing row.
        message: String,
    },
    /// ZG002 and 42501: the caller may not do this.
    #[error("not allowed: {message}")]
    NotAllowed {
        /// The missing right.
        message: String,
    },
    /// ZG003: an argument is wrong; repeating it is of no use.
    #[error("invalid input: {message}")]
    InvalidInput {
        /// The argument, and a correct form of it.
        message: String,
    },
    /// ZG004: the row is in a state in which this cannot happen.
    #[error("conflict with the present state: {message}")]
    Conflict {
        /// The state of the row.
        message: String,
    },
    /// ZG005: the plan breaks a rule; plan again with the problems as feedback.
    #[error("plan refused: {message}")]
    PlanRefused {
        /// The refusal in one sentence.
        message: String,
        /// Each broken rule.
        problems: Vec<String>,
    },
    /// ZG006: too many open requests; try again later.
    #[error("too many requests: {message}")]
    TooManyRequests {
        /// The limit.
        message: String,
    },
    /// ZG007: a payload is larger than its cap.
    #[error("payload too large: {message}")]
    PayloadTooLarge {
        /// The cap.
        message: String,
    },
    /// ZG008: the `sql` tool's query is not allowed or ran into a cap.
    #[error("query refused: {message}")]
    QueryRefused {
        /// The reason, for the model to correct the query.
        message: String,
    },
    /// ZG011: the `sql` tool's query ran into its time limit, and would again.
    #[error("query timed out: {message}")]
    QueryTimedOut {
        /// The limit, and how to narrow the query.
        message: String,
    },
    /// As many queries of askers run as the project or the workspace allows.
    #[error("as many queries run as may; try again in {seconds} s")]
    QueriesBusy {
        /// The pause before the next try.
        seconds: u32,
    },
    /// The step waits for a person and continues after their decision.
    #[error("the step waits for a person: {kind}")]
    WaitsForPerson {
        /// The kind of the approval.
        kind: String,
    },
    /// ZG009: another worker has the step now. Normal: stop working on it, change nothing.
    #[error("lease lost: {message}")]
    LeaseLost {
        /// The step.
        message: String,
    },
    /// 401: the token is missing, wrong or expired. A worker's token has been renewed once already.
    #[error("unauthorized: {message}")]
    Unauthorized {
        /// The API's message on the token.
        message: String,
    },
    /// The database or the way to it does not serve at this moment; try again later.
    #[error("the database is unavailable: {message}")]
    Unavailable {
        /// The SQLSTATE or `PGRST…` code, if there was an answer with one.
        code: Option<String>,
        /// The fault.
        message: String,
        /// The possible effect of the call.
        effect: Effect,
    },
    /// No worker token is available.
    #[error("no worker token: {message}")]
    NoToken {
        /// The missing part and the next action.
        message: String,
    },
    /// Any other answer of the database: a bug in Goalpost, or a migration that is missing.
    #[error("rejected with {code}: {message}")]
    Rejected {
        /// The SQLSTATE or `PGRST…` code, or `http_<status>` if there was none.
        code: String,
        /// The database's message.
        message: String,
        /// Its `details`; may quote a row, so it is in no printed form.
        details: Option<String>,
        /// Its `hint`.
        hint: Option<String>,
    },
    /// The reply is not what the function is documented to return: versions differ, or something sits in between.
    #[error(
        "{function} returned something else than it documents ({reason}); apply the migrations of this version"
    )]
    Malformed {
        /// The SQL function.
        function: &'static str,
        /// The position at which reading stopped; nothing of the content.
        reason: String,
    },
    /// An object is not the one that was stored: its size, its hash or its form differs. The step cannot continue with
    /// it.
    #[error("the object {path} is damaged: {reason}")]
    ObjectDamaged {
        /// Its name within the bucket.
        path: String,
        /// The difference; nothing of the content.
        reason: String,
    },
    /// The configuration cannot be used at all.
    #[error("misconfigured: {message}")]
    Misconfigured {
        /// The setting to change.
        message: String,
    },
}

impl Error {
    /// Returns true if the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::NoToken { .. } | Self::QueriesBusy { .. }
        )
    }

    /// Returns true if a query may still run, or ran into a time limit outside its own: a repeat would take as long again.
    #[must_use]
    pub fn is_query_timeout(&self) -> bool {
        matches!(self, Self::Unavailable { code: Some(code), .. } if code == QUERY_CANCELED || code == crate::NO_REPLY)
    }

    /// Returns a stable word for logs and alarms.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::NotAllowed { .. } => "not_allowed",
            Self::InvalidInput { .. } => "invalid_input",
            Self::Conflict { .. } => "conflict",
            Self::PlanRefused { .. } => "plan_refused",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::PayloadTooLarge { .. } => "payload_too_large",
            Self::QueryRefused { .. } => "query_refused",
            Self::QueryTimedOut { .. } => "query_timed_out",
            Self::QueriesBusy { .. } => "queries_busy",
            Self::WaitsForPerson { .. } => "waits_for_person",
            Self::LeaseLost { .. } => "lease_lost",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Unavailable { .. } => "database_unavailable",
            Self::NoToken { .. } => "no_worker_token",
            Self::Rejected { .. } => "database_rejected",
            Self::Malformed { .. } => "database_reply_malformed",
            Self::ObjectDamaged { .. } => "object_damaged",
            Self::Misconfigured { .. } => "misconfigured",
        }
    }

    pub(crate) fn unavailable(message: &str, effect: Effect) -> Self {
        Self::Unavailable {
            code: None,
            message: message.to_owned(),
            effect,
        }
    }
}

/// Converts to the error of a step that cannot continue because of the database.
impl From<Error> for domain::StepError {
    fn from(error: Error) -> Self {
        let (code, message) = (error.code(), error.to_string());
        // A refused token is renewed; another attempt uses the new one.
        if error.is_retryable() || matches!(error, Error::Unauthorized { .. }) {
            Self::retryable(code, message).keeping_answers()
        } else if matches!(error, Error::Malformed { .. }) {
            Self::terminal(code, message).keeping_answers()
        } else {
            Self::terminal(code, message)
        }
    }
}

/// Prints the same as `Display`: the derived form would show `details`.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {self}", self.code())
    }
}

#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    details: Option<Value>,
    #[serde(default)]
    hint: Option<String>,
}

/// Reads an answer that is no success. The code decides and the status only where there is no code: PostgREST sends a
/// serialization failure as 500 and an expected refusal as 400.
pub(crate) fn from_reply(status: u16, body: &[u8]) -> Error {
    let body: Body = serde_json::from_slice(body).unwrap_or_default();
    let message = shortened(body.message.as_deref().unwrap_or("no reason given"));
    let code = body.code.as_deref().unwrap_or_default();
    match code {
        "ZG001" => Error::NotFound { message },
        "ZG002" | "42501" => Error::NotAllowed { message },
        "ZG003" => Error::InvalidInput { message },
        "ZG004" => Error::Conflict { message },
        "ZG005" => Error::PlanRefused {
            message,
            problems: problems(body.details.as_ref()),
        },
        "ZG006" => Error::TooManyRequests { message },
        "ZG007" => Error::PayloadTooLarge { message },
        "ZG008" => Error::QueryRefused { message },
        "ZG011" => Error::QueryTimedOut { message },
        "ZG009" => Error::LeaseLost { message },
        "PGRST301" | "PGRST302" | "PGRST303" => Error::Unauthorized { message },
        _ if status == 401 => Error::Unauthorized { message },
        _ => match effect_of_failure(status, code) {
            Some(effect) => Error::Unavailable {
                code: Some(code.to_owned()).filter(|code| !code.is_empty()),
                message: format!("{} ({message})", name(status, code)),
                effect,
            },
            None => Error::Rejected {
                code: name(status, code),
                message,
                details: body.details.as_ref().map(text),
                hint: body.hint,
            },
        },
    }
}

/// Returns the possible effect of a transient fault; `None` for a permanent one.
fn effect_of_failure(status: u16, code: &str) -> Option<Effect> {
    // Rolled back by Postgres, or refused before a transaction began.
    let is_without_effect = matches!(
        code,
        "40001" | "40P01" | "55P03" | "57014" | "PGRST000" | "PGRST001" | "PGRST002" | "PGRST003"
    ) || code.starts_with("53");
    if is_without_effect || status == 429 {
        return Some(Effect::None);
    }
    // A lost connection or a shutdown can hide a commit.
    let is_lost = code.starts_with("08") || code.starts_with("57P");
    let is_nameless = code.is_empty() && (500..600).contains(&status);
    (is_lost || is_nameless || matches!(status, 502..=504)).then_some(Effect::Unknown)
}

fn name(status: u16, code: &str) -> String {
    if code.is_empty() {
        format!("http_{status}")
    } else {
        shortened(code)
    }
}

/// Returns the broken rules: a JSON list in `details` (of texts, or of objects with a `message`), or one per line.
fn problems(details: Option<&Value>) -> Vec<String> {
    let Some(details) = details else {
        return Vec::new();
    };
    let listed = match details {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    if let Value::Array(items) = listed {
        return items
            .iter()
            .map(|item| text(item.get("message").unwrap_or(item)))
            .collect();
    }
    text(details)
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Shortens a message to 500 characters: messages are for people, and a longer one may be data.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(500).collect()
}
