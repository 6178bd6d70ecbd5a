//! What is to go wrong: the words of a plan, as tests, the command line and JSON write them.
//!
//! The one thing to know: every number has a meaning of "nothing" at zero, so the default plan is no fault at all.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong, and how often. Everything random comes from `seed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Where all randomness comes from.
    pub seed: u64,
    /// Wakes on their way from the database to a function.
    pub wakes: Delivery,
    /// Queue messages on their way to a function.
    pub messages: Delivery,
    /// Answers to functions' calls.
    pub cuts: Cuts,
    /// What happens to sandboxes. At each point the first rule that hits is carried out.
    pub blows: Vec<BlowRule>,
    /// The most kills of all rules together; none: without limit.
    pub max_kills: Option<u64>,
    /// The most freezes of all rules together; none: without limit.
    pub max_freezes: Option<u64>,
}

/// What happens to things in transit. Probabilities are 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// Lost for good. (SQS itself loses nothing; a wake that was never sent looks the same.)
    pub drop: f64,
    /// Arrives more than once.
    pub duplicate: f64,
    /// The most copies of what is duplicated; 0 and 1 mean 2.
    pub max_copies: u32,
    /// Arrives later; drawn for each copy by itself.
    pub delay: f64,
    /// The longest such delay; how long is drawn evenly from zero.
    pub max_delay: Duration,
    /// So many are held back, and whenever another comes, one of them is let go at random. 0: in order.
    pub reorder_window: usize,
}

/// The share of answers to functions' RPC calls that are cut: the connection is closed instead. Probabilities 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cuts {
    /// Before the call was executed.
    pub before_commit: f64,
    /// After it was executed and committed.
    pub after_commit: f64,
    /// The names of the calls that this is about, as `finish_steps`; empty: all.
    pub calls: Vec<String>,
    /// The most that are cut, before and after together; none: without limit.
    pub at_most: Option<u64>,
    /// Also cuts an answer that hands out a step on its last attempt, which then fails for want of another.
    pub even_on_last_attempt: bool,
}

/// A point in the life of a function's work, as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// A claim arrives and is not executed. For a function that claims nothing: its `fold_statistics` arrives.
    BeforeClaim,
    /// A claim that took steps was executed, its answer not delivered. (Or `fold_statistics`.)
    AfterClaim,
    /// A journal is asked for and not read.
    BeforeReading,
    /// A journal was read, its answer not delivered.
    AfterReading,
    /// A model is about to be asked: it is to be noted, and is not.
    BeforeTurn,
    /// It was noted that a model is about to be asked, the answer not delivered: nobody asks.
    AfterTurnBegun,
    /// A model has answered: reported by a test's model server.
    AfterModelTurn,
    /// What a model answered arrives and is not recorded.
    BeforeTurnEnd,
    /// What a model answered was recorded, the answer not delivered.
    AfterTurnEnd,
    /// Calls that no model asks for arrive and are not frozen.
    BeforeFreezing,
    /// Calls that no model asks for were frozen, the answer not delivered.
    AfterFreezing,
    /// Calls that may not be repeated are to be begun, and are not.
    BeforeCalls,
    /// Calls that may not be repeated were begun, the answer not delivered: nobody makes them.
    AfterCallsBegun,
    /// An effect has happened: a step's query was executed, or a test's effect server says so.
    AfterEffect,
    /// What came of calls that may not be repeated arrives and is not recorded.
    BeforeCallsEnd,
    /// What came of them was recorded, the answer not delivered.
    AfterCallsEnd,
    /// Outcomes arrive and are not recorded.
    BeforeCompletion,
    /// Outcomes were recorded, the answer not delivered.
    AfterCompletion,
}

/// What is done to a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blow {
    /// SIGKILL.
    Kill,
    /// SIGSTOP, and SIGCONT after this time. What it had just sent waits as long.
    Freeze(Duration),
}

/// When a sandbox is struck, and with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlowRule {
    /// Where.
    pub point: Point,
    /// In which function; none: in all.
    #[serde(default)]
    pub function: Option<String>,
    /// How often, 0 to 1.
    pub probability: f64,
    /// The most blows of this rule.
    pub at_most: u64,
    /// So many that would strike pass unharmed first: to strike at the n-th time.
    #[serde(default)]
    pub passes: u64,
    /// What is done.
    pub blow: Blow,
    /// Strikes also when a step in the sandbox is on its last attempt, which then fails for want of another. Without
    /// this, faults never make success impossible.
    #[serde(default)]
    pub even_on_last_attempt: bool,
}

impl FaultPlan {
    /// Says what in it cannot be.
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
        let blows = self.blows.iter().map(|rule| {
            let name = format!("the probability of the blow {}", rule.point);
            (name, rule.probability)
        });
        for (name, share) in named.into_iter().chain(blows) {
            anyhow::ensure!(
                (0.0..=1.0).contains(&share),
                "{name} is {share}; a probability is a number from 0 to 1"
            );
        }
        Ok(())
    }
}

impl Delivery {
    /// Whether everything travels as ever.
    pub(super) fn is_quiet(&self) -> bool {
        self.drop <= 0.0 && self.duplicate <= 0.0 && self.delay <= 0.0 && self.reorder_window == 0
    }
}

impl Cuts {
    pub(super) fn is_about(&self, rpc: &str) -> bool {
        self.calls.is_empty() || self.calls.iter().any(|call| call == rpc)
    }
}

impl BlowRule {
    /// Kills this function the first time it comes to this point, and never again.
    #[must_use]
    pub fn kill_once(point: Point, function: &str) -> Self {
        Self {
            point,
            function: Some(function.to_owned()),
            probability: 1.0,
            at_most: 1,
            passes: 0,
            blow: Blow::Kill,
            even_on_last_attempt: false,
        }
    }

    /// The same, after so many passed.
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

    /// Its name, as in JSON.
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
