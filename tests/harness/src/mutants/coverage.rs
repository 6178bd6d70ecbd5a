//! Measures the functions that each test file calls: a file cannot detect a mutant of a function that it does not call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::bail;
use local_stack::postgres::Server;

use super::files::TestFile;
use super::sandbox::{PATIENCE, Sandbox, Verdict};

/// Calls and duration of one file.
#[derive(Debug, Clone, Default)]
pub(super) struct FileCoverage {
    pub(super) functions: BTreeSet<u32>,
    pub(super) seconds: f64,
}

/// Runs every file against the original.
///
/// # Errors
/// A file fails, and so would prove nothing about a mutant.
pub(super) async fn measure(
    server: &'static Server,
    setup: &Arc<Vec<TestFile>>,
    files: &Arc<Vec<TestFile>>,
    jobs: usize,
) -> anyhow::Result<Vec<FileCoverage>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut lanes = Vec::new();
    for _ in 0..jobs {
        let (files, next, setup) = (Arc::clone(files), Arc::clone(&next), Arc::clone(setup));
        lanes.push(tokio::spawn(async move {
            let mut sandbox = Sandbox::create(server, setup).await?;
            let mut found = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = files.get(place) else { break };
                found.push((place, measure_one(&mut sandbox, file).await?));
            }
            sandbox.remove().await?;
            anyhow::Ok(found)
        }));
    }
    let mut covered = vec![FileCoverage::default(); files.len()];
    for lane in lanes {
        for (place, of_file) in lane.await?? {
            if let Some(slot) = covered.get_mut(place) {
                *slot = of_file;
            }
        }
    }
    Ok(covered)
}

async fn measure_one(sandbox: &mut Sandbox, file: &TestFile) -> anyhow::Result<FileCoverage> {
    let before = sandbox.calls().await?;
    let began = Instant::now();
    match sandbox.run("", file, PATIENCE).await? {
        Verdict::Passed => {}
        Verdict::Failed(failure) | Verdict::NotViable(failure) => {
            bail!("{} fails without a mutant: {failure}", file.name)
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = sandbox.calls().await?;
    let functions = after
        .into_iter()
        .filter(|(function, calls)| before.get(function).is_none_or(|earlier| calls > earlier))
        .map(|(function, _)| function)
        .collect();
    Ok(FileCoverage { functions, seconds })
}
