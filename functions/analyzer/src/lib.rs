//! The analyzer learns from what happened: steps of kind `analyze`, and the statistics.
//!
//! An analysis reads the evidence of its workspace in one call: goals that were reached, decisions, edits, ratings and
//! failures. Code alone derives improvements from it, so that an analysis costs nothing: a runbook from goals that made
//! the same calls (`induction`), verified against each of them; lessons from edits, ratings and errors; other limits and tools of agents; policies from
//! decisions that are always the same; findings for people. The database checks each proposal, opens the approval that
//! decides on it, and measures those in effect.
//!
//! Its schedule also deletes what is past its retention (`retention`).
//!
//! Before it works on steps the analyzer folds appended rows into the statistics, or its sweep does. A row is added and
//! deleted in one transaction, so a fold that is repeated, or lost, counts nothing twice.

mod agents;
mod evidence;
mod induction;
mod proposals;
mod retention;

use std::error::Error;
use std::sync::Arc;

use domain::StepKind;
use runtime::{
    Config, Environment, Failure, Function, Interrupted, Invocation, StepContext, Worker,
};
use serde_json::{Value, json};
use store::{ClaimedStep, StepError};
use trigger::Trigger;

use crate::evidence::Evidence;
use crate::proposals::Improvement;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Analyze];

/// The function with its worker.
pub struct Analyzer(Worker);

impl Function for Analyzer {
    const NAME: &'static str = "analyzer";
    const KINDS: &'static [StepKind] = KINDS;
    type Config = ();

    fn configure(_: &mut Environment, _: &Config) {}

    fn new(worker: Worker, (): ()) -> Result<Self, Box<dyn Error>> {
        Ok(Self(worker))
    }

    fn worker(&self) -> &Worker {
        &self.0
    }

    async fn work(
        self: Arc<Self>,
        step: ClaimedStep,
        _: StepContext,
    ) -> Result<Value, Interrupted> {
        let evidence = self.0.store().read_evidence(&step.lease()).await;
        let evidence: Evidence = evidence.map_err(StepError::from)?;
        Ok(analyze(&evidence))
    }

    async fn handle(
        self: Arc<Self>,
        trigger: Trigger,
        invocation: Invocation,
    ) -> Result<Value, Failure> {
        // The sweep of a schedule folds too.
        if !matches!(trigger, Trigger::Schedule(_)) {
            let folded = fold(&self.0, &invocation).await?;
            tracing::info!(folded, "folded the statistics");
            return runtime::work_on_steps(self, &trigger, &invocation).await;
        }
        let worked = runtime::work_on_steps(Arc::clone(&self), &trigger, &invocation).await?;
        let forgotten = retention::forget(&self.0, &invocation).await?;
        tracing::info!(forgotten, "deleted requests past their retention");
        Ok(worked)
    }
}

/// Builds the result of the step: the improvements that are not known yet, and a text for people.
fn analyze(evidence: &Evidence) -> Value {
    let (mut improvements, without) = induction::runbooks(evidence);
    improvements.extend(proposals::corrections(evidence));
    improvements.extend(proposals::policies(evidence));
    improvements.extend(proposals::failures(evidence));
    improvements.extend(proposals::ratings(evidence));
    improvements.extend(proposals::trials(evidence));
    improvements.extend(agents::changes(evidence));
    improvements.extend(proposals::findings(evidence));
    improvements.retain(|one| !evidence.known.contains(&one.fingerprint()));
    let text = text(evidence, &improvements, &without);
    let improvements: Vec<Value> = improvements.iter().map(Improvement::to_json).collect();
    json!({"text": text, "improvements": improvements})
}

/// Returns a Markdown text: what was read, what is proposed, and which repeated goals have no runbook and why.
fn text(evidence: &Evidence, improvements: &[Improvement], without: &[String]) -> String {
    let mut text = format!(
        "# Analysis\n\nRead: {} goals that a model planned and reached, {} edits, {} ratings with a remark.\n",
        evidence.runs.len(),
        evidence.corrections.len(),
        evidence.ratings.len()
    );
    text.push_str(match improvements {
        [] => "\nNothing new to propose.\n",
        _ => "\n## Proposed\n\n",
    });
    for improvement in improvements {
        text.push_str(&format!("- {}\n", improvement.title));
    }
    if !without.is_empty() {
        text.push_str("\n## Repeated, without a runbook\n\n");
    }
    for reason in without {
        text.push_str(&format!("- {reason}\n"));
    }
    text
}

/// Folds until no appended row is left, or the deadline comes near; returns the number of rows.
async fn fold(worker: &Worker, invocation: &Invocation) -> Result<i64, Failure> {
    let mut folded = 0_i64;
    loop {
        let report = worker.store().fold_statistics().await?;
        folded = folded.saturating_add(report.folded);
        if !report.more || invocation.deadline.remaining_for_work().is_zero() {
            return Ok(folded);
        }
    }
}
