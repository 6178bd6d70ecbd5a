//! Settings of a chaos run, and the configuration of the stack that follows from them.
//!
//! The settings give the number of sandbox faults, not their probability: the probability follows from the amount of
//! work, with a margin, and the number is a limit over all points together. A run that injects fewer fails and reports
//! it.

use std::collections::BTreeMap;
use std::time::Duration;

use local_stack::binaries::FUNCTIONS;
use local_stack::stack::{DEMO_WORKSPACE, FunctionLimits, StackOptions, Switch};
use serde::Serialize;

use super::generate::generate;
use crate::faults::{Cuts, Delivery, FaultPlan, Faults, Point, SandboxFault, SandboxFaultRule};

/// Short, so that many leases end in a run. The shortest that the functions accept.
pub const SHORTEST_LEASE_SECONDS: u64 = 5;
/// Interval of the outside schedule of each function.
const OUTSIDE_PERIOD: Duration = Duration::from_secs(3);
/// Duration of a freeze beyond the lease: the sandbox resumes with work that another has claimed.
const FREEZE_BEYOND_LEASE: Duration = Duration::from_secs(3);
/// Longest delay of a wake.
const MAX_DELAY: Duration = Duration::from_secs(2);
/// Upper bound of the probability at each point, or no work would complete.
const MAX_PROBABILITY: f64 = 0.12;
/// Steps that one executor works on at a time, which one fault takes. The other functions work on one: their steps have
/// three attempts, and a fault on account of one step must not take the last attempt of another.
const EXECUTOR_BATCH: i32 = 4;
/// Sandboxes of each function: stopped and restarting ones must not be all of them.
const MAX_SANDBOXES: usize = 12;

/// Requested run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Seed of the goals' shapes and of the faults' decisions.
    pub seed: u64,
    /// Number of goals.
    pub goals: u64,
    /// Number of goals open at once.
    pub parallel: u64,
    /// Maximum number of requests per minute; none: limited by `parallel` alone.
    pub per_minute: Option<u64>,
    /// Lease of a claimed step, in seconds.
    pub lease_seconds: u64,
    /// Number of sandboxes to kill.
    pub kills: u64,
    /// Number of sandboxes to stop for longer than a lease.
    pub freezes: u64,
    /// Share of wakes that are lost.
    pub drop_wakes: f64,
    /// Share of wakes that arrive more than once.
    pub duplicate_wakes: f64,
    /// Share of wakes that are late.
    pub delay_wakes: f64,
    /// Share of answers to functions that are cut: half of them before the call is executed, half after.
    pub cut_answers: f64,
    /// Number of crashes of Postgres.
    pub crash_postgres: u64,
    /// Number of analyses of the workspace, spread over the goals.
    pub analyses: u64,
    /// Sweeper that does not run.
    pub stop_sweeper: Option<Sweeper>,
    /// Other programs kill processes of this run, which may take a step's last attempt.
    pub is_struck_from_outside: bool,
}

/// One of the two sweepers that find work without a wake.
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
            analyses: 0,
            stop_sweeper: None,
            is_struck_from_outside: false,
        }
    }

    /// Checks that the settings are possible.
    ///
    /// # Errors
    /// A sentence that names the problem.
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
                        database reaches functions by wakes alone. Drop fewer wakes, or stop the sweeper inside."
                .into());
        }
        Ok(())
    }

    /// Returns the faults of these settings.
    pub(super) fn fault_plan(&self) -> FaultPlan {
        let cut = self.cut_answers / 2.0;
        let freeze = Duration::from_secs(self.lease_seconds) + FREEZE_BEYOND_LEASE;
        let mut sandbox_faults = self.sandbox_fault_rules(SandboxFault::Kill, self.kills);
        sandbox_faults.extend(self.sandbox_fault_rules(SandboxFault::Freeze(freeze), self.freezes));
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
            sandbox_faults,
            max_kills: Some(self.kills),
            max_freezes: Some(self.freezes),
        }
    }

    /// Returns a rule for each point; together they inject the requested number of faults, equally spread.
    fn sandbox_fault_rules(&self, fault: SandboxFault, wanted: u64) -> Vec<SandboxFaultRule> {
        #[expect(clippy::cast_precision_loss, reason = "numbers of faults are small")]
        let share = wanted as f64 / Point::ALL.len() as f64;
        let steps = self.steps();
        let rule = |point| SandboxFaultRule {
            point,
            function: None,
            probability: probability(share, steps, point),
            at_most: u64::MAX,
            passes: 0,
            fault,
            even_on_last_attempt: false,
        };
        let rules = Point::ALL.into_iter().map(rule);
        rules.filter(|rule| rule.probability > 0.0).collect()
    }

    /// Estimates the steps of all goals, including the engine's own.
    fn steps(&self) -> u64 {
        let planned: u64 = (1..=self.goals)
            .map(|number| generate(self.seed, number).step_count())
            .sum();
        planned + 3 * self.goals
    }

    /// Returns true with faults that may take a step's last attempt: a crash of Postgres, a sandbox that is stopped
    /// while it claims (the claim is executed when its worker no longer waits for it), and kills by other programs.
    pub(super) fn may_wear_out(&self) -> bool {
        self.crash_postgres > 0 || self.freezes > 0 || self.is_struck_from_outside
    }

    /// Adds the requirements of this run to the options of a stack.
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

/// Returns the probability of a fault at a point that gives the requested number among these steps. It is twice the
/// value that the counted passes of each point suggest, so that the number is reached before the work ends. (A drain
/// claims most of its steps while it reports others, so separate claims are few.)
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
        // Only a step that is claimed again reads a journal, and every tool of these goals may be repeated.
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
        reason = "numbers of goals and faults are small"
    )]
    let share = 2.0 * wanted / (steps as f64 * passes_per_step);
    share.min(MAX_PROBABILITY)
}
