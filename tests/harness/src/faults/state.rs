//! Decisions about faults, and the state they depend on.
//!
//! A decision is drawn before any other condition is checked, so that a withheld fault (a last attempt, an exhausted
//! rule) does not shift later decisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use local_stack::fault_hook::SandboxControl;

use super::counts::Kind;
use super::held::Held;
use super::place_rngs::{PlaceRngs, hits};
use super::transit::{Fate, Transit};
use super::{Delivery, FaultCounts, FaultPlan, Point, SandboxFault};

#[derive(Default)]
pub(super) struct State {
    pub(super) plan: FaultPlan,
    rngs: PlaceRngs,
    pub(super) counts: FaultCounts,
    pub(super) held: Held,
    /// Faults injected and passes by rule, and the number of cut answers.
    struck: Vec<u64>,
    passed: Vec<u64>,
    cut: u64,
    /// Sandbox faults of all rules together.
    kills: u64,
    freezes: u64,
    pub(super) sandboxes: Option<Arc<dyn SandboxControl>>,
    /// Stopped sandboxes.
    pub(super) frozen: Vec<String>,
}

impl State {
    /// Replaces the plan and resets the counters.
    pub(super) fn begin(&mut self, plan: FaultPlan) {
        self.struck = vec![0; plan.sandbox_faults.len()];
        self.passed = vec![0; plan.sandbox_faults.len()];
        (self.cut, self.kills, self.freezes) = (0, 0, 0);
        self.rngs = PlaceRngs::default();
        self.plan = plan;
    }

    /// Decides the fate of the next thing at this place; `None`: the plan has no faults for its kind.
    pub(super) fn fate(
        &mut self,
        kind: Kind,
        place: &str,
        delivery: &Delivery,
        transit: &Arc<Transit>,
    ) -> Option<Fate> {
        if delivery.is_quiet() {
            return None;
        }
        let mut rng = self.rngs.next(self.plan.seed, place);
        let fate = Fate::draw(delivery, &mut rng, transit);
        self.counts.of(kind).count(&fate);
        Some(fate)
    }

    /// Returns the fault of the first matching rule, unless it would take a last attempt.
    pub(super) fn choose_sandbox_fault(
        &mut self,
        point: Point,
        function: &str,
        sandbox: &str,
    ) -> Option<SandboxFault> {
        let is_last = self.held.has_last_attempt(sandbox);
        for (number, rule) in self.plan.sandbox_faults.iter().enumerate() {
            if !rule.is_about(point, function) {
                continue;
            }
            let place = format!("blow:{point}:{function}:{number}");
            let mut rng = self.rngs.next(self.plan.seed, &place);
            let is_hit = hits(&mut rng, rule.probability);
            let (made, max) = match rule.fault {
                SandboxFault::Kill => (&mut self.kills, self.plan.max_kills),
                SandboxFault::Freeze(_) => (&mut self.freezes, self.plan.max_freezes),
            };
            let struck = self.struck.get_mut(number)?;
            if !is_hit || *struck >= rule.at_most || max.is_some_and(|max| *made >= max) {
                continue;
            }
            let passed = self.passed.get_mut(number)?;
            if *passed < rule.passes {
                *passed += 1;
                continue;
            }
            if is_last && !rule.even_on_last_attempt {
                self.counts.spared += 1;
                continue;
            }
            *struck += 1;
            *made += 1;
            let counts = match rule.fault {
                SandboxFault::Kill => &mut self.counts.kills,
                SandboxFault::Freeze(_) => &mut self.counts.freezes,
            };
            count_sandbox_fault(counts, point, function);
            return Some(rule.fault);
        }
        None
    }

    /// Decides whether this answer is cut.
    pub(super) fn cuts(&mut self, rpc: &str, is_after: bool, handed_out_last: bool) -> bool {
        let cuts = &self.plan.cuts;
        let (share, when) = match is_after {
            true => (cuts.after_commit, "after"),
            false => (cuts.before_commit, "before"),
        };
        if share <= 0.0 || !cuts.is_about(rpc) {
            return false;
        }
        let place = format!("cut:{rpc}:{when}");
        let is_hit = hits(&mut self.rngs.next(self.plan.seed, &place), share);
        if !is_hit || cuts.at_most.is_some_and(|most| self.cut >= most) {
            return false;
        }
        if handed_out_last && !cuts.even_on_last_attempt {
            self.counts.spared += 1;
            return false;
        }
        self.cut += 1;
        let counted = match is_after {
            true => &mut self.counts.answers_cut_after,
            false => &mut self.counts.answers_cut_before,
        };
        *counted.entry(rpc.to_owned()).or_default() += 1;
        true
    }
}

fn count_sandbox_fault(
    counts: &mut BTreeMap<String, BTreeMap<Point, u64>>,
    point: Point,
    function: &str,
) {
    *counts
        .entry(function.to_owned())
        .or_default()
        .entry(point)
        .or_default() += 1;
}
