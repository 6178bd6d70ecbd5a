//! `bench cold`: the time from the start of a function's process to its first request for work, its size, and its
//! memory after the first invocation.
//!
//! The Lambda host starts each sandbox as usual, for a tick of a schedule, and the bench kills it afterwards. The time
//! therefore includes the process, its configuration and its clients.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use local_stack::binaries::{Binaries, FUNCTIONS};
use local_stack::terminal::{Screen, table};
use serde::Serialize;
use serde_json::json;

use super::figures::{median, percentile, rounded};
use super::report::Aim;
use super::{Stage, processor, workload};

/// Longest time for a killed sandbox to exit.
const PATIENCE: Duration = Duration::from_secs(10);
const START: Aim = Aim::AtMost(12.0);
const SIZE: Aim = Aim::AtMost(10.0);
const MEMORY: Aim = Aim::AtMost(25.0);
const MEGABYTE: f64 = 1_000_000.0;

/// Figures of one function.
#[derive(Clone, Debug, Serialize)]
pub struct Cold {
    /// Name of the function.
    pub function: String,
    /// Number of starts.
    pub starts: usize,
    /// Median time from the start of the process to its first request for work.
    pub first_poll_ms: f64,
    /// 95th percentile of the same time.
    pub first_poll_p95_ms: f64,
    /// Size of the stripped program, as deployed.
    pub program_bytes: u64,
    /// Median resident memory after the first invocation.
    pub resident_bytes: u64,
}

/// Starts each function `starts` times and measures every start.
///
/// # Errors
/// A function does not start, or does not answer.
pub async fn measure(
    stage: &Stage,
    binaries: &Binaries,
    starts: usize,
) -> anyhow::Result<Vec<Cold>> {
    let mut all = Vec::new();
    for function in FUNCTIONS {
        all.push(measure_one(stage, function, binaries, starts).await?);
    }
    Ok(all)
}

async fn measure_one(
    stage: &Stage,
    function: &str,
    binaries: &Binaries,
    starts: usize,
) -> anyhow::Result<Cold> {
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        end_sandboxes(stage, function).await?;
        let tick = json!({
            "version": "0", "id": uuid::Uuid::new_v4(), "detail-type": "Scheduled Event", "source": "aws.scheduler",
            "account": "000000000000", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
            "resources": ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/bench"], "detail": "{}",
        });
        stage.stack.invoke(function, &tick).await?;
        let stats = stage.stack.host().stats();
        let stats = stats.iter().find(|stats| stats.name == function);
        let stats = stats.with_context(|| format!("there is no function {function}"))?;
        times.push(workload::milliseconds(stats.last_init));
        let sandbox = stats
            .sandboxes
            .first()
            .context("the sandbox is gone already")?;
        if let Some(bytes) = processor::resident_bytes(sandbox.process_id) {
            #[expect(clippy::cast_precision_loss, reason = "bytes of one process")]
            sizes.push(bytes as f64);
        }
    }
    let program = binaries
        .get(function)
        .with_context(|| format!("no program of {function}"))?;
    let program_bytes = std::fs::metadata(program)
        .with_context(|| format!("looking at {}", program.display()))?
        .len();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was a number of bytes"
    )]
    let resident_bytes = median(&sizes) as u64;
    Ok(Cold {
        function: function.to_owned(),
        starts,
        first_poll_ms: rounded(median(&times), 2),
        first_poll_p95_ms: rounded(percentile(&times, 95.0), 2),
        program_bytes,
        resident_bytes,
    })
}

/// Ends the function's sandboxes and waits for them to exit.
async fn end_sandboxes(stage: &Stage, function: &str) -> anyhow::Result<()> {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let host = stage.stack.host();
    for stats in host.stats().iter().filter(|stats| stats.name == function) {
        for sandbox in &stats.sandboxes {
            // The process may have ended by itself, so an error is ignored.
            let _ = kill(Pid::from_raw(sandbox.process_id), Signal::SIGKILL);
        }
    }
    let gone = host.wait_for(function, |stats| stats.sandboxes.is_empty());
    let gone = tokio::time::timeout(PATIENCE, gone).await;
    ensure!(gone.is_ok(), "the sandboxes of {function} do not end");
    Ok(())
}

/// Formats the figures as a table beside the targets.
pub(crate) fn lines(screen: Screen, all: &[Cold]) -> Vec<String> {
    let marked = |aim: Aim, value: f64, text: String| match aim.is_met(value) {
        true => screen.palette.good(&format!("{text} ✓")),
        false => screen.palette.bad(&format!("{text} ✗")),
    };
    #[expect(clippy::cast_precision_loss, reason = "bytes of one program")]
    let megabytes = |bytes: u64| bytes as f64 / MEGABYTE;
    let mut rows: Vec<Vec<String>> = all
        .iter()
        .map(|cold| {
            let (size, memory) = (
                megabytes(cold.program_bytes),
                megabytes(cold.resident_bytes),
            );
            vec![
                cold.function.clone(),
                marked(
                    START,
                    cold.first_poll_ms,
                    format!("{:.1}", cold.first_poll_ms),
                ),
                format!("{:.1}", cold.first_poll_p95_ms),
                marked(SIZE, size, format!("{size:.1}")),
                marked(MEMORY, memory, format!("{memory:.1}")),
            ]
        })
        .collect();
    rows.push(vec![
        "aim".to_owned(),
        START.words(),
        String::new(),
        SIZE.words(),
        MEMORY.words(),
    ]);
    let headings = [
        "FUNCTION",
        "FIRST POLL MS",
        "P95",
        "PROGRAM MB",
        "RESIDENT MB",
    ];
    table::lines(screen, &headings, &rows)
}

/// Returns the figures by function, as JSON.
pub(crate) fn in_json(all: &[Cold]) -> serde_json::Value {
    let functions: BTreeMap<&str, &Cold> = all
        .iter()
        .map(|cold| (cold.function.as_str(), cold))
        .collect();
    json!({"workload": "cold", "functions": functions})
}
