//! How long questions of this step take, and so whether another would still be answered in this invocation.

use std::time::Duration;

use runtime::StepContext;
use store::TurnRow;

/// A first question is taken to need so long.
const UNKNOWN: Duration = Duration::from_millis(250);

/// How long questions took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LatencyEstimate {
    slowest: Duration,
    asked: u32,
}

impl LatencyEstimate {
    pub(crate) fn of(turns: &[TurnRow]) -> Self {
        let answered = turns.iter().filter(|turn| turn.state == "answered");
        let slowest = answered
            .filter_map(|turn| Duration::try_from_secs_f64(turn.seconds?).ok())
            .max();
        Self {
            slowest: slowest.unwrap_or_default().max(UNKNOWN),
            asked: 0,
        }
    }

    /// A question took so long.
    pub(crate) fn took(&mut self, time: Duration) {
        self.slowest = self.slowest.max(time);
        self.asked = self.asked.saturating_add(1);
    }

    /// Whether another question would probably be answered in time: twice what the slowest took is left. The first one
    /// of an invocation that has all its time is asked in any case: no other will ever have more.
    pub(crate) fn fits(&self, context: &StepContext) -> bool {
        let is_best_chance = self.asked == 0 && context.has_most_of_its_time();
        !context.is_stopping() && (is_best_chance || context.remaining() >= self.slowest * 2)
    }
}
