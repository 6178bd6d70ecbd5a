//! `goalpost down`: stops the running `up`, and waits until it has ended.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use local_stack::home::Home;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{print_error, state};

/// Postgres may take this long to write its data.
const PATIENCE: Duration = Duration::from_secs(40);

pub(super) async fn run() -> anyhow::Result<()> {
    let home = Home::open()?;
    let Some(state) = state::running(&home)? else {
        print_error("The local stack is not running.");
        return Ok(());
    };
    // The lock is held, so the process lives and the pid is its own.
    kill(Pid::from_raw(state.pid), Signal::SIGTERM).with_context(|| {
        format!(
            "asking the process {} to stop (is it another user's?)",
            state.pid
        )
    })?;
    let began = Instant::now();
    while state::claim(&home)?.is_none() {
        if began.elapsed() > PATIENCE {
            bail!(
                "the process {} does not stop: check its terminal, or end it with `kill -KILL {}`",
                state.pid,
                state.pid
            );
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    print_error("Stopped. Nothing is left running.");
    Ok(())
}
