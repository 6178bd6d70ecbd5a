//! Fault plans, as tests, the command line and JSON write them.
//!
//! Zero means none for every number, so the default plan has no fault.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Kinds and frequencies of faults. All randomness derives from `seed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Seed of all randomness.
    pub seed: u64,
    /// Wakes on their way from the database to a function.
    pub wakes: Delivery,
    /// Queue messages on their way to a function.
    pub messages: Delivery,
    /// Answers to functions' calls.
    pub cuts: Cuts,
    /// Faults of sandboxes. At each point the first matching rule is carried out.
    #[serde(rename = "blows")]
    pub sandbox_faults: Vec<SandboxFaultRule>,
    /// Maximum number of kills of all rules together; none: unlimited.
    pub max_kills: Option<u64>,
    /// Maximum number of freezes of all rules together; none: unlimited.
    pub max_freezes: Option<u64>,
}

/// Faults of things in transit. Probabilities are 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// Probability of a loss. (SQS itself loses nothing; a wake that was never sent looks the same.)
    pub drop: f64,
    /// Probability of a duplicate.
    pub duplicate: f64,
    /// Maximum number of copies of a duplicate; 0 and 1 mean 2.
    pub max_copies: u32,
    /// Probability of a delay, drawn for each copy.
    pub delay: f64,
    /// Maximum delay; the delay is drawn uniformly from zero.
    pub max_delay: Duration,
    /// Number of things held back; each further one releases one of them at random. 0: in order.
    pub reorder_window: usize,
}

/// Share of answers to functions' RPC calls that are cut: the connection is closed instead. Probabilities 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cuts {
    /// Before the call was executed.
    pub before_commit: f64,
    /// After it was executed and committed.
    pub after_commit: f64,
    /// Names of the affected calls, as `finish_steps`; empty: all.
    pub calls: Vec<String>,
    /// Maximum number of cuts, before and after together; none: unlimited.
    pub at_most: Option<u64>,
    /// Also cuts an answer that hands out a step on its last attempt, which then fails.
    pub even_on_last_attempt: bool,
}

/// Point in the life of a function's work, as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// A claim arrives and is not executed. For a function without claims: its `fold_statistics` arrives.
    BeforeClaim,
    /// A claim that took steps was executed, its answer not delivered. (Or `fold_statistics`.)
    AfterClaim,
    /// A journal is requested and not read.
    BeforeReading,
    /// A journal was read, its answer not delivered.
    AfterReading,
    /// The begin of a model call arrives and is not recorded.
    BeforeTurn,
    /// The begin of a model call was recorded, its answer not delivered: the call is not made.
    AfterTurnBegun,
    /// A model has answered: reported by a test's model server.
    AfterModelTurn,
    /// The end of a model call arrives and is not recorded.
    BeforeTurnEnd,
    /// The end of a model call was recorded, the answer not delivered.
    AfterTurnEnd,
    /// Calls outside a model turn arrive and are not frozen.
    BeforeFreezing,
    /// Calls outside a model turn were frozen, the answer not delivered.
    AfterFreezing,
    /// The begin of calls that may not be repeated arrives and is not recorded.
    BeforeCalls,
    /// The begin of calls that may not be repeated was recorded, the answer not delivered: they are not made.
    AfterCallsBegun,
    /// An effect has happened: a step's query was executed, or a test's effect server reports it.
    AfterEffect,
    /// The results of calls that may not be repeated arrive and are not recorded.
    BeforeCallsEnd,
    /// The results of these calls were recorded, the answer not delivered.
    AfterCallsEnd,
    /// Outcomes arrive and are not recorded.
    BeforeCompletion,
    /// Outcomes were recorded, the answer not delivered.
    AfterCompletion,
}

/// Fault of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SandboxFault {
    /// SIGKILL.
    Kill,
    /// SIGSTOP, and SIGCONT after this time. Calls that it had just sent wait as long.
    Freeze(Duration),
}

/// Rule that injects a fault into sandboxes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxFaultRule {
    /// Point of the fault.
    pub point: Point,
    /// Function; none: all.
    #[serde(default)]
    pub function: Option<String>,
    /// Probability, 0 to 1.
    pub probability: f64,
    /// Maximum number of faults of this rule.
    pub at_most: u64,
    /// Number of matches that pass unharmed first: to inject the fault at the n-th time.
    #[serde(default)]
    pub passes: u64,
    /// Fault to inject.
    #[serde(rename = "blow")]
    pub fault: SandboxFault,
    /// Injects the fault also when a step in the sandbox is on its last attempt, which then fails. Without this, faults
    /// never make success impossible.
    #[serde(default)]
    pub even_on_last_attempt: bool,
}

impl FaultPlan {
    /// Checks the plan.
    ///
    /// # Errors
    /// A probability is outside of 0 to 1; the message names it.
    pub fn check(&self) -> anyhow::Result<()> {
        let (wakes, messages) = (&self.wakes, &self.messages);
        let fixed = [
            ("wakes.drop", wakes.drop),
            ("wakes.duplicate", wakes.duplicate),
            ("wakes.delay", wakes.delay),
            ("messages.drop", messages.drop),
            ("messages.duplicate", messages.duplicate),
            ("messages.delay", messages.delay),
            ("cuts.before_commit", self.cuts.before_commit),
            ("cuts.after_commit", self.cuts.after_commit),
        ];
        let named = fixed.map(|(name, share)| (name.to_owned(), share));
        let rules = self.sandbox_faults.iter().map(|rule| {
            let name = format!("the probability of the sandbox fault {}", rule.point);
            (name, rule.probability)
        });
        for (name, share) in named.into_iter().chain(rules) {
            anyhow::ensure!(
                (0.0..=1.0).contains(&share),
                "{name} is {share}; a probability is a number from 0 to 1"
            );
        }
        Ok(())
    }
}

impl Delivery {
    /// Returns true if everything is delivered as usual.
    pub(super) fn is_quiet(&self) -> bool {
        self.drop <= 0.0 && self.duplicate <= 0.0 && self.delay <= 0.0 && self.reorder_window == 0
    }
}

impl Cuts {
    pub(super) fn is_about(&self, rpc: &str) -> bool {
        self.calls.is_empty() || self.calls.iter().any(|call| call == rpc)
    }
}

impl SandboxFaultRule {
    /// Kills this function the first time it reaches this point, and never again.
    #[must_use]
    pub fn kill_once(point: Point, function: &str) -> Self {
        Self {
            point,
            function: Some(function.to_owned()),
            probability: 1.0,
            at_most: 1,
            passes: 0,
            fault: SandboxFault::Kill,
            even_on_last_attempt: false,
        }
    }

    /// Lets the first `passes` matches pass unharmed.
    #[must_use]
    pub fn after(self, passes: u64) -> Self {
        Self { passes, ..self }
    }

    pub(super) fn is_about(&self, point: Point, function: &str) -> bool {
        self.point == point && self.function.as_deref().is_none_or(|only| only == function)
    }
}

impl Point {
    /// All points, in the order in which a function passes them.
    pub const ALL: [Self; 18] = [
        Self::BeforeClaim,
        Self::AfterClaim,
        Self::BeforeReading,
        Self::AfterReading,
        Self::BeforeTurn,
        Self::AfterTurnBegun,
        Self::AfterModelTurn,
        Self::BeforeTurnEnd,
        Self::AfterTurnEnd,
        Self::BeforeFreezing,
        Self::AfterFreezing,
        Self::BeforeCalls,
        Self::AfterCallsBegun,
        Self::AfterEffect,
        Self::BeforeCallsEnd,
        Self::AfterCallsEnd,
        Self::BeforeCompletion,
        Self::AfterCompletion,
    ];

    /// Returns its name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BeforeClaim => "before_claim",
            Self::AfterClaim => "after_claim",
            Self::BeforeReading => "before_reading",
            Self::AfterReading => "after_reading",
            Self::BeforeTurn => "before_turn",
            Self::AfterTurnBegun => "after_turn_begun",
            Self::AfterModelTurn => "after_model_turn",
            Self::BeforeTurnEnd => "before_turn_end",
            Self::AfterTurnEnd => "after_turn_end",
            Self::BeforeFreezing => "before_freezing",
            Self::AfterFreezing => "after_freezing",
            Self::BeforeCalls => "before_calls",
            Self::AfterCallsBegun => "after_calls_begun",
            Self::BeforeCallsEnd => "before_calls_end",
            Self::AfterCallsEnd => "after_calls_end",
            Self::AfterEffect => "after_effect",
            Self::BeforeCompletion => "before_completion",
            Self::AfterCompletion => "after_completion",
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Point {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|point| point.as_str() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            anyhow::anyhow!("there is no point {text:?}; write one of {names}")
        })
    }
}
