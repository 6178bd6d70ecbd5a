//! The state of one drain and its loop. At most one report is under way at a time; outcomes that arrive meanwhile are
//! sent together in the next one, while the other steps continue.

mod replies;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use store::{ClaimedStep, Error, FinishReply, FinishedStep, Lease, Outcome, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tracing::Instrument as _;

use super::heartbeat::{Heartbeat, Leases};
use super::options::DrainOptions;
use super::outbox::{Outbox, Pending};
use super::report::{Counts, DrainReport};
use super::step::{self, PendingRecords, Records, StepContext};

/// Time left unused before the deadline itself.
const LAST_MOMENT: Duration = Duration::from_millis(50);

/// A report with its reply, or its error.
struct Report {
    sent: Vec<Pending>,
    limit: usize,
    sent_at: Instant,
    reply: Result<FinishReply, Error>,
}

type Reporting = Pin<Box<dyn Future<Output = Report> + Send>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Working,
    /// Steps have received the signal to stop.
    Stopping,
    /// Steps that did not stop have been aborted.
    Stopped,
}

pub(super) struct Drain<'a, W> {
    store: &'a Store,
    options: DrainOptions,
    work: W,
    phase: Phase,
    stopping: watch::Sender<bool>,
    tasks: JoinSet<(Lease, Outcome)>,
    running: HashMap<Lease, PendingRecords>,
    outbox: Outbox,
    leases: Leases,
    lost: mpsc::UnboundedReceiver<Lease>,
    heartbeat: Heartbeat,
    /// True if the last claim returned steps: then there may be more.
    may_be_more: bool,
    /// False once a reply could not be read (its claims would be lost, and so would the next), once a step was released
    /// for want of time, and from the beginning for a single run.
    may_claim: bool,
    /// True if a reply was lost since the last one that came: the database may have leased more steps to this worker
    /// than it knows of.
    reply_was_lost: bool,
    /// Claims given up although the database may still hold them for this worker: they must not be returned to it
    /// again.
    abandoned: Vec<Lease>,
    counts: Counts,
}

impl<'a, W, F> Drain<'a, W>
where
    W: Fn(ClaimedStep, StepContext) -> F,
    F: Future<Output = Outcome> + Send + 'static,
{
    pub(super) fn new(store: &'a Store, options: DrainOptions, work: W) -> Self {
        let leases = Leases::default();
        let (lost_sender, lost) = mpsc::unbounded_channel();
        let heartbeat = Heartbeat::start(store, leases.clone(), options.lease_seconds, lost_sender);
        let mut counts = Counts::default();
        counts.report.rpc_calls = 1;
        Self {
            store,
            work,
            phase: Phase::Working,
            stopping: watch::Sender::new(false),
            tasks: JoinSet::new(),
            running: HashMap::new(),
            outbox: Outbox::default(),
            leases,
            lost,
            heartbeat,
            may_be_more: false,
            may_claim: options.run_id.is_none(),
            reply_was_lost: false,
            abandoned: Vec::new(),
            counts,
            options,
        }
    }

    /// Starts work on steps that were just claimed.
    pub(super) fn begin(&mut self, steps: Vec<ClaimedStep>, claimed_at: Instant) {
        self.may_be_more |= !steps.is_empty();
        self.counts.report.claimed = self.counts.report.claimed.saturating_add(steps.len());
        for step in steps {
            self.begin_one(step, claimed_at);
        }
    }

    fn begin_one(&mut self, step: ClaimedStep, claimed_at: Instant) {
        let lease = step.lease();
        if self.phase != Phase::Working {
            // Claimed by a report that was under way when time ran out.
            self.outbox
                .push(lease, Outcome::Released, Records::default());
            return;
        }
        let records = PendingRecords::default();
        let context = StepContext::new(
            &step,
            &self.options.deadline,
            self.stopping.subscribe(),
            records.clone(),
        );
        let span = tracing::info_span!(
            "step",
            run_id = step.run_id.0,
            step_key = step.step_key.as_str(),
            attempt = step.attempt.0,
            goal_id = step.goal_id.map(|goal_id| goal_id.0),
            kind = step.kind.as_str(),
        );
        let timeout_seconds = step.timeout_seconds;
        let work = &self.work;
        let outcome = span.in_scope(|| step::run(|| work(step, context), timeout_seconds));
        let name = lease.clone();
        let task = self
            .tasks
            .spawn(async move { (name, outcome.await) }.instrument(span));
        let until = claimed_at + self.options.lease_length();
        self.leases.insert(lease.clone(), until, task);
        self.running.insert(lease, records);
    }

    pub(super) async fn run(mut self) -> DrainReport {
        let mut reporting: Option<Reporting> = None;
        let mut pause_until: Option<Instant> = None;
        loop {
            if reporting.is_none() && pause_until.is_none() {
                reporting = self.next_report();
                if reporting.is_none() && self.running.is_empty() {
                    break;
                }
            }
            let next_phase_at = self.next_phase_at();
            tokio::select! {
                Some(joined) = self.tasks.join_next() => self.collect(joined).await,
                Some(lease) = self.lost.recv() => self.on_lease_lost(&lease),
                report = arrival(&mut reporting) => {
                    reporting = None;
                    pause_until = self.apply_reply(report).map(|pause| Instant::now() + pause);
                }
                () = reached(pause_until) => pause_until = None,
                () = sleep_until(next_phase_at) => {
                    if self.phase == Phase::Stopped {
                        break;
                    }
                    self.advance_phase();
                }
            }
        }
        self.end(reporting).await
    }

    /// Collects a step that ended, and all others that ended at the same moment.
    async fn collect(&mut self, first: Result<(Lease, Outcome), JoinError>) {
        self.finish(first);
        // Lets steps that are just ending be part of the report.
        tokio::task::yield_now().await;
        while let Some(joined) = self.tasks.try_join_next() {
            self.finish(joined);
        }
    }

    fn finish(&mut self, joined: Result<(Lease, Outcome), JoinError>) {
        // An aborted step was handled where it was aborted.
        let Ok((lease, outcome)) = joined else { return };
        let Some(records) = self.running.remove(&lease) else {
            return;
        };
        // The step had too little time left for its next action. Claimed again by this very drain it would have less.
        self.may_claim &= outcome != Outcome::Released;
        self.outbox.push(lease, outcome, records.snapshot());
    }

    /// Drops a step whose work the heartbeat has aborted. The step's next worker settles its unfinished model calls.
    fn on_lease_lost(&mut self, lease: &Lease) {
        tracing::info!(run_id = lease.run_id.0, step_key = %lease.step_key, "lease lost");
        self.counts.lost(lease);
        self.running.remove(lease);
    }

    fn next_phase_at(&self) -> Instant {
        let deadline = &self.options.deadline;
        match self.phase {
            Phase::Working => deadline.stop_at(),
            // Half of the margin to stop in, the other half to report.
            Phase::Stopping => deadline.stop_at() + deadline.margin() / 2,
            Phase::Stopped => deadline
                .at()
                .checked_sub(LAST_MOMENT)
                .unwrap_or(deadline.at()),
        }
    }

    fn advance_phase(&mut self) {
        if self.phase == Phase::Working {
            self.phase = Phase::Stopping;
            self.stopping.send_replace(true);
            return;
        }
        self.phase = Phase::Stopped;
        self.tasks.abort_all();
        for (lease, records) in std::mem::take(&mut self.running) {
            self.outbox
                .push(lease, Outcome::Released, records.snapshot());
        }
    }

    /// Returns the next call, if one is due: outcomes to report, or one more claim.
    fn next_report(&mut self) -> Option<Reporting> {
        let is_idle = self.running.is_empty() && self.outbox.is_empty();
        let must_claim =
            is_idle && self.may_be_more && self.may_claim && self.phase == Phase::Working;
        if self.outbox.is_empty() && !must_claim {
            return None;
        }
        let sent = self.outbox.next_load();
        let limit = match self.phase {
            Phase::Working if self.may_claim => {
                self.options.batch.saturating_sub(self.running.len())
            }
            Phase::Working | Phase::Stopping | Phase::Stopped => 0,
        };
        self.counts.report.rpc_calls = self.counts.report.rpc_calls.saturating_add(1);
        let (store, options) = (self.store.clone(), self.options.clone());
        let reply_was_lost = self.reply_was_lost;
        let holding = self.holding();
        Some(Box::pin(async move {
            let sent_at = Instant::now();
            let outcomes: Vec<FinishedStep> = sent
                .iter()
                .map(|pending| pending.finished.clone())
                .collect();
            let claim = options.claim(limit, &holding, reply_was_lost);
            let reply = store.finish_steps(&outcomes, &claim).await;
            Report {
                sent,
                limit,
                sent_at,
                reply,
            }
        }))
    }

    /// Returns the leases that this worker holds, besides those of the next call.
    fn holding(&self) -> Vec<Lease> {
        let known = self.running.keys().chain(self.outbox.leases());
        known.chain(&self.abandoned).cloned().collect()
    }

    async fn end(mut self, reporting: Option<Reporting>) -> DrainReport {
        // Only at the deadline is anything left here. A report under way may or may not have arrived.
        if reporting.is_some() {
            tracing::error!("the deadline came while outcomes were being reported");
        }
        for pending in self.outbox.take_all() {
            self.abandon(&pending, "the deadline came first");
        }
        self.heartbeat.end().await;
        let heartbeats = self.leases.calls();
        let mut report = self.counts.report;
        report.rpc_calls = report.rpc_calls.saturating_add(heartbeats);
        report
    }
}

async fn arrival(reporting: &mut Option<Reporting>) -> Report {
    match reporting {
        Some(reporting) => reporting.await,
        None => std::future::pending().await,
    }
}

async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
