//! Derives the times to work by from Lambda's deadline: the end of work, and the length of a lease.

use std::time::Duration;

use tokio::time::Instant;

/// The longest margin kept free before the deadline.
const MAX_MARGIN: Duration = Duration::from_secs(2);
/// The margin's share of short invocations.
const MARGIN_SHARE: u32 = 10;

/// The end of an invocation.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    total: Duration,
    at: Instant,
    margin: Duration,
}

impl Deadline {
    /// Creates a deadline that far from now, with the usual margin: 2 s, or a tenth of an invocation shorter than 20 s.
    #[must_use]
    pub fn after(left: Duration) -> Self {
        Self::after_with_margin(left, MAX_MARGIN.min(left / MARGIN_SHARE))
    }

    /// Creates a deadline with a given margin.
    #[must_use]
    pub fn after_with_margin(left: Duration, margin: Duration) -> Self {
        Self {
            total: left,
            at: Instant::now() + left,
            margin,
        }
    }

    /// Returns this deadline, or one that far from now if that is earlier.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        Self::after(self.remaining().min(limit))
    }

    /// Returns the time that is left.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Returns the time that is left for work, after which unfinished steps are released.
    #[must_use]
    pub fn remaining_for_work(&self) -> Duration {
        self.stop_at().saturating_duration_since(Instant::now())
    }

    /// Returns the time that there was for work at the beginning.
    #[must_use]
    pub fn total_for_work(&self) -> Duration {
        self.total.saturating_sub(self.margin)
    }

    /// Returns when work has to stop so that the margin suffices for releasing it.
    #[must_use]
    pub fn stop_at(&self) -> Instant {
        self.at.checked_sub(self.margin).unwrap_or(self.at)
    }

    /// Returns the end itself.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    pub(crate) fn margin(&self) -> Duration {
        self.margin
    }

    /// Returns the length of a lease: as configured, but not much longer than this sandbox can live, so that steps of a
    /// sandbox that died at its deadline are reclaimed soon.
    #[must_use]
    pub fn lease_seconds(&self, configured: u32) -> u32 {
        let left = u32::try_from(self.remaining().as_secs()).unwrap_or(u32::MAX);
        configured.min(left.saturating_add(1))
    }
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

    #[tokio::test]
    async fn margin_is_two_seconds_or_a_tenth() {
        for (total, margin) in [(900, 2_000), (20, 2_000), (10, 1_000), (3, 300)] {
            let deadline = Deadline::after(Duration::from_secs(total));
            assert_eq!(
                deadline.at().duration_since(deadline.stop_at()),
                Duration::from_millis(margin)
            );
        }
    }

    #[tokio::test]
    async fn past_deadline_leaves_no_time() {
        let deadline = Deadline::after(Duration::ZERO);
        assert_eq!(deadline.remaining_for_work(), Duration::ZERO);
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }

    #[tokio::test]
    async fn lease_is_capped_by_the_deadline() {
        let long = Deadline::after(Duration::from_secs(900));
        assert_eq!(long.lease_seconds(30), 30);
        let short = Deadline::after(Duration::from_millis(9_900));
        assert_eq!(short.lease_seconds(30), 10);
        assert_eq!(Deadline::after(Duration::ZERO).lease_seconds(30), 1);
    }
}
