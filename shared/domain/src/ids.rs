//! Ids as newtypes, so that a goal cannot be passed where a run is meant.
//!
//! Numbers come from the database and are never made here. Texts ([`StepKey`], [`WorkspaceId`],
//! [`UserId`]) are checked once, when they are parsed; a value of the type is always well formed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Defines a newtype over a number that the database assigns.
macro_rules! number {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl From<$inner> for $name {
            fn from(number: $inner) -> Self {
                Self(number)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

number! {
    /// One execution of a plan: a row of `workflow_runs`.
    RunId(i64);
    /// A goal or sub-goal.
    GoalId(i64);
    /// A request as a person or system sent it.
    RequestId(i64);
    /// A decision that a person has to make.
    ApprovalId(i64);
    /// One version of a runbook.
    RunbookId(i64);
    /// A hint that work is ready; losing one costs latency, never work.
    WakeId(i64);
    /// Work that used up its attempts and waits for a person.
    DeadLetterId(i64);
    /// The fencing token of a step: every claim raises it, and only its holder may finish the step.
    LeaseEpoch(i64);
    /// One attempt of a step, counted from 1; rises on failure or an expired lease only.
    Attempt(i32);
}

/// The reason why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not a step key; a plan with it is refused with `bad_key`.
    #[error("`{0}` is not a step key: use a lower-case letter, then at most 62 of a-z, 0-9 and _")]
    StepKey(String),
    /// The text is not a uuid; the row or token it came from is not from Goalpost.
    #[error("`{0}` is not a uuid: expected 8-4-4-4-12 hexadecimal digits")]
    Uuid(String),
}

/// Defines a newtype over a text which is checked when it is parsed.
macro_rules! text {
    ($($(#[$doc:meta])* $name:ident, $check:path, $error:path;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                if $check(&text) { Ok(Self(text)) } else { Err($error(text)) }
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )+};
}

text! {
    /// The name of a step within its run.
    StepKey, is_step_key, Error::StepKey;
    /// The tenant; every row belongs to one.
    WorkspaceId, is_uuid, Error::Uuid;
    /// A person, as in Supabase's auth.
    UserId, is_uuid, Error::Uuid;
}

impl StepKey {
    /// Returns true if the engine keeps this key for its own steps, so that no plan may use it.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        is_reserved(&self.0)
    }
}

/// Returns true for `^[a-z][a-z0-9_]{0,62}$`.
pub(crate) fn is_step_key(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
        && text.len() <= 63
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Returns true for `^(assess|plan|judge|(plan|judge)_[0-9]+)$`.
pub(crate) fn is_reserved(text: &str) -> bool {
    if matches!(text, "assess" | "plan" | "judge") {
        return true;
    }
    let number = text
        .strip_prefix("plan_")
        .or_else(|| text.strip_prefix("judge_"));
    number.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns true for the usual text form, either case: 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(position, byte)| match position {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
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
    fn step_key_starts_with_letter_within_63_characters() {
        let longest = format!("a{}", "b".repeat(62));
        for good in ["a", "missing_rls", "x9", "a__", longest.as_str()] {
            assert!(good.parse::<StepKey>().is_ok(), "{good}");
        }
        let too_long = format!("a{}", "b".repeat(63));
        for bad in [
            "",
            "A",
            "9a",
            "_a",
            "a-b",
            "a b",
            "ä",
            "a\n",
            too_long.as_str(),
        ] {
            assert!(bad.parse::<StepKey>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_engine_keys_are_reserved() {
        for reserved in ["assess", "plan", "judge", "plan_2", "judge_17"] {
            assert!(
                reserved.parse::<StepKey>().unwrap().is_reserved(),
                "{reserved}"
            );
        }
        for free in ["plan_", "plan_b", "assess_1", "planning", "judge_1a"] {
            assert!(!free.parse::<StepKey>().unwrap().is_reserved(), "{free}");
        }
    }

    #[test]
    fn workspace_id_from_text_or_json_is_uuid() {
        let json = "\"3f2504e0-4f89-41d3-9a0c-0305e82c3301\"";
        let id: WorkspaceId = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), json);
        for bad in [
            "\"\"",
            "\"3f2504e04f8941d39a0c0305e82c3301\"",
            "\"'; drop\"",
            "7",
        ] {
            assert!(serde_json::from_str::<WorkspaceId>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn number_id_is_a_plain_json_number() {
        assert_eq!(serde_json::to_string(&RunId(12)).unwrap(), "12");
        assert_eq!(serde_json::from_str::<RunId>("12").unwrap(), RunId(12));
        assert_eq!("12".parse::<GoalId>().unwrap().to_string(), "12");
    }
}
