//! The latency of the step's model calls, by which a call is made only if this invocation can probably receive its
//! answer.

use std::time::Duration;

use runtime::StepContext;
use store::TurnRow;

/// The estimate for a step without an answered call.
const UNKNOWN: Duration = Duration::from_millis(250);

/// The latency of a step's model calls so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LatencyEstimate {
    slowest: Duration,
    calls: u32,
}

impl LatencyEstimate {
    pub(crate) fn of(turns: &[TurnRow]) -> Self {
        let answered = turns.iter().filter(|turn| turn.state == "answered");
        let slowest = answered
            .filter_map(|turn| Duration::try_from_secs_f64(turn.seconds?).ok())
            .max();
        Self {
            slowest: slowest.unwrap_or_default().max(UNKNOWN),
            calls: 0,
        }
    }

    /// Adds the time of a call.
    pub(crate) fn add(&mut self, time: Duration) {
        self.slowest = self.slowest.max(time);
        self.calls = self.calls.saturating_add(1);
    }

    /// Returns true if another call would probably be answered in time: twice the slowest call's time is left. The first
    /// call of an invocation with all its time is made in any case: no other invocation will have more.
    pub(crate) fn fits(&self, context: &StepContext) -> bool {
        let is_best_chance = self.calls == 0 && context.has_most_of_its_time();
        !context.is_stopping() && (is_best_chance || context.remaining() >= self.slowest * 2)
    }
}
