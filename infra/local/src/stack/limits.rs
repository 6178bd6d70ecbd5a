//! The limits of the functions on the Lambda host.
//!
//! They are those of a small deployment on a small machine; a deployment has its own in `infra/aws`.

use std::collections::BTreeMap;
use std::time::Duration;

/// The behaviour of a function's sandboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandboxes {
    /// As default functions: one invocation at a time, stopped between invocations, killed by a timeout.
    Frozen,
    /// As Lambda Managed Instances: several concurrent invocations, never stopped.
    Managed {
        /// Concurrent invocations of one sandbox; at least 2.
        invocations: usize,
    },
}

/// The limits of one function.
#[derive(Clone, Debug)]
pub struct FunctionLimits {
    /// The time limit of one invocation.
    pub timeout: Duration,
    /// The largest number of sandboxes.
    pub max_sandboxes: usize,
    /// The number of callers that may wait once all are busy. AWS allows none; wakes then are lost to a 429, and the
    /// sweep finds their work.
    pub max_waiting: usize,
    /// The behaviour of its sandboxes.
    pub sandboxes: Sandboxes,
    /// The number of steps that one invocation works on concurrently.
    pub batch_size: i32,
    /// The largest number of invocations that one transaction of the database may request.
    pub max_wakes: i32,
    /// More environment variables of this function.
    pub environment: BTreeMap<String, String>,
}

impl FunctionLimits {
    /// Returns the usual limits of a function.
    #[must_use]
    pub fn of(function: &str) -> Self {
        let usual = Self {
            timeout: Duration::from_secs(60),
            max_sandboxes: 4,
            max_waiting: 0,
            sandboxes: Sandboxes::Frozen,
            batch_size: 10,
            max_wakes: 4,
            environment: BTreeMap::new(),
        };
        match function {
            // People wait in it, up to 25 s each: 50 at once, beside its drains and wakes whose answer is under way.
            // AWS answers callers above that, before the function's code runs.
            "intake" => Self {
                max_sandboxes: 64,
                ..usual
            },
            // Its steps mostly wait, and simultaneous wakes share one invocation.
            "executor" => Self {
                timeout: Duration::from_secs(120),
                max_sandboxes: 8,
                batch_size: 64,
                ..usual
            },
            _ => usual,
        }
    }
}

/// Returns the limits in use for a function.
pub(super) fn limits(function: &str, given: &BTreeMap<String, FunctionLimits>) -> FunctionLimits {
    given
        .get(function)
        .cloned()
        .unwrap_or_else(|| FunctionLimits::of(function))
}
