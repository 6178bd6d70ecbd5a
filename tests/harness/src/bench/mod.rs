//! `harness bench`: the cost of work, measured on the complete system.
//!
//! A stage (`stage`) is a complete stack on a server of its own, with the settings that the peers are measured with. A
//! workload (`workload`) submits runs of trivial steps as a person does, and waits for their end at the Lambda host,
//! where waiting costs the database nothing. Counters are read before and after (`counters`), and the cost of an idle
//! window of the same length is subtracted (`window`). `figures` has the arithmetic.
//!
//! Neither the functions nor the database contain code for the bench. Only caps are raised, as an operator would raise
//! them, because one goal here has more steps than the default allows.

mod amount;
pub mod cold;
mod counters;
pub mod figures;
pub mod growth;
mod measured;
mod model;
mod processor;
pub mod report;
pub mod stage;
pub mod wal;
mod window;
mod workload;

pub use amount::Amount;
pub use measured::{CallFigures, Measured, Repetitions, Written};
pub use stage::{Settings, Stage};
pub use workload::Workload;

use figures::median_by;

/// Measures one workload on a stage.
///
/// # Errors
/// A run does not complete, or a part of the stack does not answer.
pub async fn measure(
    stage: &Stage,
    workload: Workload,
    amount: Amount,
) -> anyhow::Result<Repetitions> {
    workload.publish(stage).await?;
    workload.warm_up(stage, amount).await?;
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
