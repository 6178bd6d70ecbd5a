//! Handles outcomes after their report has returned: counts, replaces, repeats or abandons them.

use std::future::Future;
use std::time::Duration;

use store::{ClaimedStep, Error, Judged, Outcome, StepError, Verdict};

use super::{Drain, Report};
use crate::StepContext;
use crate::drain::outbox::{Delivery, Pending};

/// The pause between two attempts of a report that failed, besides the repeats within the store.
const PAUSE: Duration = Duration::from_millis(500);

impl<W, F> Drain<'_, W>
where
    W: Fn(ClaimedStep, StepContext) -> F,
    F: Future<Output = Outcome> + Send + 'static,
{
    /// Applies a reply. Returns the pause before the next attempt if there was none.
    pub(super) fn apply_reply(&mut self, report: Report) -> Option<Duration> {
        self.reply_was_lost = report.reply.as_ref().is_err_and(is_transient);
        let reply = match report.reply {
            Ok(reply) => reply,
            Err(error) if is_transient(&error) && !report.sent.is_empty() => {
                tracing::warn!(%error, "outcomes could not be reported; trying again");
                self.retry_later(report.sent);
                return Some(PAUSE);
            }
            Err(error) => {
                self.may_claim &= !matches!(error, Error::Malformed { .. });
                self.isolate_rejected(report.sent, &error);
                // This was only a claim: the next wake repeats it.
                self.may_be_more = false;
                return None;
            }
        };
        // In the order in which they were sent: one step can be among them under two epochs.
        let mut verdicts = reply.outcomes.into_iter();
        for pending in report.sent {
            self.apply_verdict(pending, verdicts.next());
        }
        self.may_be_more &= report.limit == 0;
        self.begin(reply.claimed, report.sent_at);
        None
    }

    fn apply_verdict(&mut self, pending: Pending, judged: Option<Judged>) {
        let lease = &pending.finished.lease;
        let verdict = judged
            .filter(|judged| judged.run_id == lease.run_id && judged.step_key == lease.step_key);
        match verdict.as_ref().map(|judged| judged.verdict) {
            Some(Verdict::Accepted | Verdict::Repeated) => {
                self.counts.accepted(&pending.finished.outcome);
            }
            Some(Verdict::LeaseLost) => self.counts.lost(lease),
            Some(Verdict::Refused) if pending.delivery != Delivery::Replacement => {
                let reason = verdict.and_then(|judged| judged.message);
                let reason = reason.unwrap_or_else(|| "no reason given".to_owned());
                self.outbox
                    .replace(pending, StepError::terminal("refused", reason));
                return;
            }
            Some(Verdict::Refused) | None => {
                self.abandon(&pending, "the database has no such step")
            }
        }
        self.leases.remove(&pending.finished.lease);
    }

    /// Keeps outcomes for another attempt, but not beyond their leases: other workers may have these steps by then.
    fn retry_later(&mut self, sent: Vec<Pending>) {
        for pending in sent {
            if self.leases.is_held(&pending.finished.lease) {
                self.outbox.put_back(pending);
            } else {
                self.abandon(&pending, "its lease ended before it could be reported");
            }
        }
    }

    /// Isolates the outcomes of a rejected report. One outcome can spoil a whole call, for example by text that
    /// Postgres cannot store: each is then sent alone, and one that is rejected again becomes a failure with the
    /// reason.
    fn isolate_rejected(&mut self, sent: Vec<Pending>, error: &Error) {
        let is_single = sent.len() == 1;
        for mut pending in sent {
            match pending.delivery {
                Delivery::Replacement => self.abandon(&pending, &error.to_string()),
                Delivery::Together | Delivery::Alone if is_single => {
                    tracing::error!(%error, "an outcome was rejected; reporting a failure in its place");
                    let reason = format!("the database did not take the outcome: {error}");
                    self.outbox
                        .replace(pending, StepError::terminal("outcome_rejected", reason));
                }
                Delivery::Together | Delivery::Alone => {
                    pending.delivery = Delivery::Alone;
                    self.outbox.put_back(pending);
                }
            }
        }
    }

    pub(super) fn abandon(&mut self, pending: &Pending, reason: &str) {
        let lease = &pending.finished.lease;
        self.leases.remove(lease);
        self.abandoned.push(lease.clone());
        if self.counts.is_lost(lease) {
            return;
        }
        tracing::error!(
            run_id = lease.run_id.0,
            step_key = %lease.step_key,
            reason,
            "an outcome could not be reported; the sweep will take the step back"
        );
        self.counts.report.abandoned = self.counts.report.abandoned.saturating_add(1);
    }
}

/// Returns true if the same report may be accepted later. A refused token is such a case: the next one is renewed.
fn is_transient(error: &Error) -> bool {
    error.is_retryable() || matches!(error, Error::Unauthorized { .. })
}
