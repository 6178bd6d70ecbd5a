//! What a chaos run is told, and what follows from it for the stack.
//!
//! The number of blows is asked for, not the probability of each: the probability follows from the amount of work, with
//! a margin, and the number is a limit over all points together. A run that makes fewer says so and fails.

use std::collections::BTreeMap;
use std::time::Duration;

use local_stack::binaries::FUNCTIONS;
use local_stack::stack::{DEMO_WORKSPACE, FunctionLimits, StackOptions, Switch};
use serde::Serialize;

use super::generate::generate;
use crate::faults::{Blow, BlowRule, Cuts, Delivery, FaultPlan, Faults, Point};

/// Short, so that a run sees many leases end. The shortest that the functions accept.
pub const SHORTEST_LEASE_SECONDS: u64 = 5;
/// How often each function is woken from outside the database.
const OUTSIDE_PERIOD: Duration = Duration::from_secs(3);
/// How much longer than a lease a sandbox is stopped: it comes back to work that is no longer its own.
const FREEZE_BEYOND_LEASE: Duration = Duration::from_secs(3);
/// The longest that a wake is late.
const MAX_DELAY: Duration = Duration::from_secs(2);
/// No point is struck more often than this share of the time, or nothing would ever be done.
const MAX_PROBABILITY: f64 = 0.12;
/// Steps that one executor works on at once: what one blow takes. The other functions work on one: their steps have but
/// three attempts, and a blow on account of one step must not take another's last, just claimed beside it.
const EXECUTOR_BATCH: i32 = 4;
/// Sandboxes of each function: sandboxes that are stopped, or start anew after a kill, must not be all there are.
const MAX_SANDBOXES: usize = 12;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Where the goals' shapes and the faults' decisions come from.
    pub seed: u64,
    /// How many goals.
    pub goals: u64,
    /// How many of them are open at once.
    pub parallel: u64,
    /// How many of them are asked in a minute at most; none: as many as may be open.
    pub per_minute: Option<u64>,
    /// The lease of a claimed step, in seconds.
    pub lease_seconds: u64,
    /// Sandboxes to kill.
    pub kills: u64,
    /// Sandboxes to stop for longer than a lease.
    pub freezes: u64,
    /// Share of wakes that are lost.
    pub drop_wakes: f64,
    /// Share of wakes that arrive more than once.
    pub duplicate_wakes: f64,
    /// Share of wakes that are late.
    pub delay_wakes: f64,
    /// Share of answers to functions that are cut: half of them before the call was executed, half after.
    pub cut_answers: f64,
    /// Crashes of Postgres.
    pub crash_postgres: u64,
    /// The sweeper that does not run.
    pub stop_sweeper: Option<Sweeper>,
    /// Other programs kill processes of this run: a step's last attempt may be among what they take.
    pub is_struck_from_outside: bool,
}

/// One of the two that find what no wake reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Sweeper {
    /// `pg_cron`, in the database; it reaches functions by wakes alone.
    Inside,
    /// Schedules, which invoke the functions themselves.
    Outside,
}

impl Settings {
    /// Returns settings without any fault, all goals open at once.
    #[must_use]
    pub fn without_faults(seed: u64, goals: u64) -> Self {
        Self {
            seed,
            goals,
            parallel: goals,
            per_minute: None,
            lease_seconds: SHORTEST_LEASE_SECONDS,
            kills: 0,
            freezes: 0,
            drop_wakes: 0.0,
            duplicate_wakes: 0.0,
            delay_wakes: 0.0,
            cut_answers: 0.0,
            crash_postgres: 0,
            stop_sweeper: None,
            is_struck_from_outside: false,
        }
    }

    /// What cannot be, in a sentence.
    ///
    /// # Errors
    /// See there.
    pub fn check(&self) -> Result<(), String> {
        if self.goals == 0 || self.parallel == 0 || self.per_minute == Some(0) {
            return Err(
                "there is nothing to do: give --goals, --parallel and --per-minute at least 1."
                    .into(),
            );
        }
        if self.lease_seconds < SHORTEST_LEASE_SECONDS {
            return Err(format!(
                "the functions accept no lease below {SHORTEST_LEASE_SECONDS} s: give --lease-seconds at least that."
            ));
        }
        if self.stop_sweeper == Some(Sweeper::Outside) && self.drop_wakes >= 1.0 {
            return Err("with --drop-wakes 1 and --stop-sweeper outside nothing reaches a function: the sweeper inside the \
                        database rings by wakes alone. Drop fewer wakes, or stop the sweeper inside."
                .into());
        }
        Ok(())
    }

    /// The same as faults.
    pub(super) fn fault_plan(&self) -> FaultPlan {
        let cut = self.cut_answers / 2.0;
        let freeze = Duration::from_secs(self.lease_seconds) + FREEZE_BEYOND_LEASE;
        let mut blows = self.blows(Blow::Kill, self.kills);
        blows.extend(self.blows(Blow::Freeze(freeze), self.freezes));
        FaultPlan {
            seed: self.seed,
            wakes: Delivery {
                drop: self.drop_wakes,
                duplicate: self.duplicate_wakes,
                max_copies: 3,
                delay: self.delay_wakes,
                max_delay: MAX_DELAY,
                reorder_window: 0,
            },
            messages: Delivery::default(),
            cuts: Cuts {
                before_commit: cut,
                after_commit: cut,
                ..Cuts::default()
            },
            blows,
            max_kills: Some(self.kills),
            max_freezes: Some(self.freezes),
        }
    }

    /// Returns a rule for each point, each as likely as an equal share of the blows requires.
    fn blows(&self, blow: Blow, wanted: u64) -> Vec<BlowRule> {
        #[expect(clippy::cast_precision_loss, reason = "numbers of blows are small")]
        let share = wanted as f64 / Point::ALL.len() as f64;
        let steps = self.steps();
        let rule = |point| BlowRule {
            point,
            function: None,
            probability: probability(share, steps, point),
            at_most: u64::MAX,
            passes: 0,
            blow,
            even_on_last_attempt: false,
        };
        let rules = Point::ALL.into_iter().map(rule);
        rules.filter(|rule| rule.probability > 0.0).collect()
    }

    /// All steps of all goals, the engine's own included, roughly.
    fn steps(&self) -> u64 {
        let planned: u64 = (1..=self.goals)
            .map(|number| generate(self.seed, number).step_count())
            .sum();
        planned + 3 * self.goals
    }

    /// Returns true with faults that take an attempt though it may be a step's last: a crash of Postgres, a sandbox that
    /// is stopped while it claims (the claim is executed when its worker no longer waits for it), and kills by others.
    pub(super) fn may_wear_out(&self) -> bool {
        self.crash_postgres > 0 || self.freezes > 0 || self.is_struck_from_outside
    }

    /// Turns what a stack is to be into what this run needs.
    pub(super) fn put_into(
        &self,
        options: &mut StackOptions,
        faults: &Faults,
        model_url: String,
        private_host: &str,
    ) {
        options.faults = faults.hook();
        options.pg_net = Switch::On;
        options.cron = match self.stop_sweeper {
            Some(Sweeper::Inside) => Switch::Off,
            _ => Switch::On,
        };
        options.outside_schedules = match self.stop_sweeper {
            Some(Sweeper::Outside) => None,
            _ => Some(OUTSIDE_PERIOD),
        };
        options.openai_api_key = Some("sk-chaos".to_owned().into());
        options.anthropic_api_key = None;
        options.environment = BTreeMap::from([
            ("OPENAI_BASE_URL".to_owned(), model_url),
            ("GOALPOST_MODEL".to_owned(), super::wire::MODEL.to_owned()),
            (
                "GOALPOST_PRIVATE_HOSTS".to_owned(),
                format!("{private_host}={DEMO_WORKSPACE}"),
            ),
            (
                "GOALPOST_LEASE_SECONDS".to_owned(),
                self.lease_seconds.to_string(),
            ),
        ]);
        options.limits = FUNCTIONS
            .iter()
            .map(|function| ((*function).to_owned(), limits(function)))
            .collect();
    }
}

fn limits(function: &str) -> FunctionLimits {
    let usual = FunctionLimits::of(function);
    FunctionLimits {
        batch_size: if function == "executor" {
            EXECUTOR_BATCH
        } else {
            1
        },
        max_sandboxes: MAX_SANDBOXES.max(usual.max_sandboxes),
        ..usual
    }
}

/// How likely a blow at a point has to be for so many of them among so many steps: twice as likely as what was counted
/// of passes at each point would ask for, so that the number is reached before the work is over. (A drain claims most
/// of its steps while it reports others, so that claims of their own are few.)
fn probability(wanted: f64, steps: u64, point: Point) -> f64 {
    let passes_per_step = match point {
        Point::AfterClaim => 0.15,
        Point::BeforeClaim => 0.2,
        Point::BeforeTurn
        | Point::AfterTurnBegun
        | Point::AfterModelTurn
        | Point::BeforeTurnEnd
        | Point::AfterTurnEnd
        | Point::AfterEffect => 0.3,
        Point::BeforeFreezing | Point::AfterFreezing => 0.2,
        // Only what is claimed again reads a journal, and no tool of these goals may not be repeated.
        Point::BeforeReading
        | Point::AfterReading
        | Point::BeforeCalls
        | Point::AfterCallsBegun
        | Point::BeforeCallsEnd
        | Point::AfterCallsEnd => 0.05,
        Point::BeforeCompletion | Point::AfterCompletion => 0.5,
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of goals and blows are small"
    )]
    let share = 2.0 * wanted / (steps as f64 * passes_per_step);
    share.min(MAX_PROBABILITY)
}
