//! A running server: its readiness, its end, and the remains of an earlier one.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;

/// The longest duration of a start; recovery after a crash with a full log is the slow case.
const START_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// The longest duration of a fast shutdown before all processes are ended: a session that checks for no interrupts
/// would run on. Postgres then recovers from its log at the next start, and loses nothing that was committed.
const FAST_PATIENCE: Duration = Duration::from_secs(5);

/// A server that runs under its watching shell.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) watcher: Child,
    pub(super) data: PathBuf,
    pub(super) port: u16,
}

impl Running {
    /// Waits until the server listens; false if it ended instead.
    pub(super) fn wait_until_ready(&mut self) -> anyhow::Result<bool> {
        let began = Instant::now();
        loop {
            // The eighth line of the pid file becomes "ready" when the server accepts connections.
            let pid_file =
                std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
            if pid_file
                .lines()
                .nth(7)
                .is_some_and(|state| state.trim() == "ready")
            {
                return Ok(true);
            }
            if self
                .watcher
                .try_wait()
                .context("watching Postgres")?
                .is_some()
            {
                return Ok(false);
            }
            if began.elapsed() > START_PATIENCE {
                bail!(
                    "Postgres did not become ready in {} s",
                    START_PATIENCE.as_secs()
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.watcher.try_wait(), Ok(None))
    }

    /// Shuts the server down: sessions are ended, all data is written, nothing needs recovery. If a session does not
    /// end, all processes are ended at once.
    pub(super) fn stop(&mut self) -> anyhow::Result<()> {
        self.signal_server(Signal::SIGINT)?;
        if self.ends_within(FAST_PATIENCE)? {
            return Ok(());
        }
        self.end(Signal::SIGQUIT)
    }

    /// Ends the server at once, as a power cut would: the next start recovers from the log.
    pub(super) fn crash(&mut self) -> anyhow::Result<()> {
        self.end(Signal::SIGQUIT)
    }

    fn end(&mut self, how: Signal) -> anyhow::Result<()> {
        self.signal_server(how)?;
        self.wait_for_end()
    }

    fn signal_server(&mut self, how: Signal) -> anyhow::Result<()> {
        if self.is_running()
            && let Some(pid) = server_pid(&self.data)
        {
            signal(pid, how)?;
        }
        Ok(())
    }

    /// Kills the watcher and not the server, for tests.
    #[cfg(test)]
    pub(super) fn kill_watcher(mut self) {
        let _ = self.watcher.kill();
        let _ = self.watcher.wait();
        // The server's own pipe-watching half must not notice the closed pipe.
        std::mem::forget(self);
    }

    /// Closes the pipe, which ends the server just as the death of its owner would.
    pub(super) fn end_with_owner(&mut self) {
        drop(self.watcher.stdin.take());
        if !self.ends_within(FAST_PATIENCE).unwrap_or(true) {
            let _ = self.end(Signal::SIGQUIT);
        }
    }

    fn wait_for_end(&mut self) -> anyhow::Result<()> {
        if !self.ends_within(STOP_PATIENCE)? {
            bail!("Postgres did not end within {} s", STOP_PATIENCE.as_secs());
        }
        Ok(())
    }

    fn ends_within(&mut self, patience: Duration) -> anyhow::Result<bool> {
        let began = Instant::now();
        while self
            .watcher
            .try_wait()
            .context("waiting for Postgres to end")?
            .is_none()
        {
            if began.elapsed() > patience {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(true)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end_with_owner();
    }
}

/// Removes the remains of an earlier run: a server that outlived its owner is stopped, and a pid file whose number now
/// belongs to another program is removed (Postgres itself would refuse to start).
///
/// The caller holds the cluster's lock, so no living owner is disturbed.
pub(super) fn stop_leftover(data: &Path) -> anyhow::Result<()> {
    let Some(pid) = server_pid(data) else {
        return Ok(());
    };
    if is_postgres_in(pid, data) {
        signal(pid, Signal::SIGINT)?;
        let began = Instant::now();
        let mut was_ended = false;
        while is_postgres_in(pid, data) {
            if !was_ended && began.elapsed() > FAST_PATIENCE {
                signal(pid, Signal::SIGQUIT)?;
                was_ended = true;
            }
            if began.elapsed() > STOP_PATIENCE {
                bail!(
                    "a Postgres of an earlier run (process {pid}) does not stop: end it with `kill -QUIT {pid}`"
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    let file = data.join("postmaster.pid");
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing the stale {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// Returns the process number in the cluster's pid file, if there is one.
pub(super) fn server_pid(data: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines()
        .next()?
        .trim()
        .parse()
        .ok()
        .filter(|pid| *pid > 0)
}

/// Returns true if the process is a Postgres server of this folder; process numbers are used again.
fn is_postgres_in(pid: i32, data: &Path) -> bool {
    let command_line = match std::fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(text) => text,
        Err(_) if cfg!(target_os = "linux") => return false,
        Err(_) => match std::process::Command::new("ps")
            .args(["-o", "command=", "-p"])
            .arg(pid.to_string())
            .output()
        {
            Ok(output) => output.stdout,
            Err(_) => return false,
        },
    };
    let command_line = String::from_utf8_lossy(&command_line).into_owned();
    command_line.contains("postgres") && command_line.contains(&*data.to_string_lossy())
}

fn signal(pid: i32, signal: Signal) -> anyhow::Result<()> {
    match nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => Ok(()),
        Err(error) => {
            Err(error).with_context(|| format!("sending {signal} to Postgres (process {pid})"))
        }
    }
}
