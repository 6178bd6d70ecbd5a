//! Identifiers of invocations and sandboxes.
//!
//! Both are random, so a sandbox cannot guess another one's Runtime API path.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// One invocation. Retries of an `Event` keep it, as on AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(Uuid);

/// One execution environment: a process that runs a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SandboxId(Uuid);

/// One of possibly several open polls for work of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PollId(pub(super) u64);

impl RequestId {
    pub(super) fn fresh() -> Self {
        Self(Uuid::new_v4())
    }
}

impl SandboxId {
    pub(super) fn fresh() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Display for SandboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

impl FromStr for RequestId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl FromStr for SandboxId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
