//! Errors of calls to the API, each with the advice for the person.
//!
//! Callers branch on the variant and on the database's own code (`ZG…`), never on text.

use serde_json::Value;

/// The kind of project, which decides the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The stack of `goalpost up` on this machine.
    LocalStack,
    /// A project named by `--url` or `SUPABASE_URL`.
    GivenUrl,
}

/// An error of a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server did not answer.
    #[error("nothing answers at {url} ({reason}).\n{}", next_when_unreachable(*.place))]
    Unreachable {
        /// The address that was tried.
        url: String,
        /// The system's message.
        reason: String,
        /// Decides the advice.
        place: Place,
    },
    /// The key or the token was not accepted (401).
    #[error("you are not signed in: {message}.\n{}", next_when_not_signed_in(*.place))]
    NotSignedIn {
        /// The server's message.
        message: String,
        /// Decides the advice.
        place: Place,
    },
    /// The object does not exist, or this person may not read it.
    #[error(
        "not found: {message}.\nIt does not exist, or it is another workspace's. `cargo goalpost goals` lists yours."
    )]
    NotFound {
        /// The server's message.
        message: String,
    },
    /// The database has no Goalpost, or does not expose it.
    #[error(
        "this project does not serve Goalpost: {message}.\nApply supabase/migrations to it, and expose the schemas goalpost and goalpost_worker (Project Settings, API)."
    )]
    NotInstalled {
        /// The server's message.
        message: String,
    },
    /// The call was refused for the reason in the message.
    #[error("{message}{}", hint.as_ref().map(|hint| format!("\n{hint}")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's code, as `ZG004`.
        code: String,
        /// The message, a sentence.
        message: String,
        /// The advice, if the server sends one.
        hint: Option<String>,
    },
    /// The answer cannot be decoded.
    #[error("{message}.\nIs this the address of a Supabase project?")]
    Unexpected {
        /// A description of the defect.
        message: String,
    },
}

fn next_when_unreachable(place: Place) -> &'static str {
    match place {
        Place::LocalStack => "Is the stack up? Run `cargo goalpost up` in another terminal.",
        Place::GivenUrl => {
            "Check --url (SUPABASE_URL) and your network; leave it out to use the local stack."
        }
    }
}

fn next_when_not_signed_in(place: Place) -> &'static str {
    match place {
        Place::LocalStack => {
            "Choose a person with --as owner, approver or stranger; leave --token and --key out for the local stack."
        }
        Place::GivenUrl => {
            "Run `cargo goalpost login`, or give --token (GOALPOST_TOKEN); check --key as well."
        }
    }
}

impl Error {
    /// Decodes an error response of PostgREST, Auth, a function or a gateway.
    #[must_use]
    pub fn of_answer(status: u16, body: &[u8], place: Place) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let code = first_text(&body, &["code", "error_code", "error"]).unwrap_or_default();
        let message = first_text(
            &body,
            &["message", "msg", "error_description", "error", "Message"],
        )
        .unwrap_or_else(|| format!("the server answered {status}"));
        let message = message.trim_end_matches('.').to_owned();
        match (status, code.as_str()) {
            (_, "ZG001") => Self::NotFound { message },
            (_, "PGRST106" | "PGRST202" | "PGRST205") => Self::NotInstalled { message },
            (401, _) => Self::NotSignedIn { message, place },
            (404, _) => Self::NotFound { message },
            _ => {
                let hint = first_text(&body, &["hint"]).or_else(|| own_hint(status, &code));
                Self::Refused {
                    status,
                    code,
                    message,
                    hint,
                }
            }
        }
    }

    /// Returns true if the same call may succeed a little later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}

/// Returns the first of these members that is a non-empty text. A function may nest them under `error`.
fn first_text(body: &Value, names: &[&str]) -> Option<String> {
    let nested = body.get("error").filter(|error| error.is_object());
    names
        .iter()
        .filter_map(|name| {
            nested
                .and_then(|error| error.get(*name))
                .or_else(|| body.get(*name))
        })
        .find_map(|value| match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
}

fn own_hint(status: u16, code: &str) -> Option<String> {
    let hint = match (status, code) {
        (_, "ZG002" | "42501") | (403, _) => {
            "Ask a person whose role allows it; on the local stack try --as owner or --as approver."
        }
        (_, "ZG006") | (429, _) => {
            "Too much is open or under way: wait for some of it to end, then try again."
        }
        (_, "ZG007") | (413, _) => "Ask with less text.",
        (500.., _) => "Try again; `cargo goalpost doctor` checks the local stack.",
        _ => return None,
    };
    Some(hint.to_owned())
}
