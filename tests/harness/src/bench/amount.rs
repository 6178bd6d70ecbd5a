//! Amount of a workload.

/// Amount of a workload: runs per repetition, and repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Runs (goals) of one repetition; see [`super::Workload::usual_runs`].
    pub runs: usize,
    /// Repetitions; the one with the median time per step is reported.
    pub repetitions: usize,
}
