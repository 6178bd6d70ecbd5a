//! `harness bench`: what work costs, measured on the real thing.
//!
//! The story of one figure: a stage (`stage`) is a whole stack on a server of its own, with the settings that the
//! peers are measured with. A workload (`workload`) submits runs of steps that do nothing as a person does, and waits
//! for their end where that costs the database nothing: at the Lambda host. Around it counters are read (`counters`),
//! and what an idle window of the same length costs is taken off (`window`). The rest is arithmetic (`figures`).
//!
//! The one thing to know: nothing in the functions or in the database knows of it. What is measured is what runs;
//! only caps are raised, as an operator would, because one goal here has more steps than a careful default allows.

pub mod cold;
mod counters;
pub mod figures;
pub mod growth;
mod model;
mod processor;
pub mod report;
pub mod stage;
pub mod wal;
mod window;
mod workload;

pub use report::{Measured, Repetitions};
pub use stage::{Settings, Stage};
pub use workload::Workload;

use figures::median_by;

/// How much of a workload is measured, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Runs (goals) of one repetition; see [`Workload::usual_runs`].
    pub runs: usize,
    /// Repetitions; the one with the median time per step is reported.
    pub repetitions: usize,
}

/// Measures one workload on a stage.
///
/// # Errors
/// A run that does not end well, or a part of the stack that does not answer.
pub async fn measure(
    stage: &Stage,
    workload: Workload,
    amount: Amount,
) -> anyhow::Result<Repetitions> {
    stage.prepare(workload).await?;
    stage.warm_up(workload, amount).await?;
    let mut all = Vec::new();
    for _ in 0..amount.repetitions.max(1) {
        stage.tidy().await?;
        all.push(window::measure(stage, workload, amount.runs).await?);
    }
    let median = median_by(&all, |one| one.ms_per_step);
    let Some(median) = median.cloned() else {
        anyhow::bail!("nothing was measured: ask for at least one repetition");
    };
    Ok(Repetitions {
        median,
        all,
        wal_by_table: Vec::new(),
    })
}
