//! The models that one call may go to: the one that is named, then the fallback.

use std::time::Duration;

use crate::error::{Error, Kind};
use crate::request::Candidate;

/// The candidates of one call, in their order, with the error that led to the fallback.
#[derive(Debug, Clone)]
pub struct Candidates {
    current: Candidate,
    fallback: Option<Candidate>,
    first_error: Option<Error>,
    longest_wait: Duration,
}

impl Candidates {
    pub(crate) fn new(
        first: Candidate,
        fallback: Option<Candidate>,
        longest_wait: Duration,
    ) -> Self {
        Self {
            fallback: fallback.filter(|fallback| *fallback != first),
            current: first,
            first_error: None,
            longest_wait,
        }
    }

    /// Returns the candidate to call now.
    #[must_use]
    pub fn current(&self) -> &Candidate {
        &self.current
    }

    /// Returns the current candidate and those that may be called after it.
    pub fn iter(&self) -> impl Iterator<Item = &Candidate> {
        std::iter::once(&self.current).chain(&self.fallback)
    }

    /// Makes the fallback the current candidate, if it is to be called after this error of the current one.
    ///
    /// # Errors
    /// The error of the whole call, if no other candidate is called. After the fallback it is the first candidate's
    /// error: the fallback's gives no time for another attempt.
    pub fn advance(&mut self, error: Error) -> Result<(), Error> {
        if error.kind == Kind::Interrupted {
            return Err(error);
        }
        let can_wait = !self.calls_fallback(&error);
        let first_error = self.first_error.get_or_insert(error);
        match self.fallback.take() {
            Some(fallback) if !can_wait => {
                self.current = fallback;
                Ok(())
            }
            _ => Err(first_error.clone()),
        }
    }

    /// Returns true if the candidate cannot answer now, or asks for a longer wait than is configured.
    fn calls_fallback(&self, error: &Error) -> bool {
        let wait = error.retry_after_seconds().map(Duration::from_secs);
        wait.is_some_and(|wait| wait > self.longest_wait)
            || matches!(
                error.kind,
                Kind::Overloaded { .. }
                    | Kind::Timeout
                    | Kind::Unreachable(_)
                    | Kind::Unavailable(_)
            )
    }
}
