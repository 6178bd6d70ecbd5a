//! The start and end of a command: its log, its runtime, its lines of output, its exit code.

use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::escape::{self, for_terminal};
use super::palette::Screen;

/// The variable that selects log lines; functions' own logs are files (`goalpost logs`).
const LOG_FILTER: &str = "GOALPOST_LOG";

/// The wrong use of a command, which has another exit code (2) than work that failed (1).
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// A command that stopped watching while the work continues, which has an exit code of its own (3). Holds the printed
/// text.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StillRunning(pub String);

/// Runs a command to its end and returns the exit code.
#[must_use]
pub fn run(command: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let filter = EnvFilter::try_from_env(LOG_FILTER).unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime");
    let ended = runtime.and_then(|runtime| {
        let ended = runtime.block_on(command);
        // Background tasks have been stopped already; a second wait would only delay the exit.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

fn report(error: &anyhow::Error) -> ExitCode {
    let palette = Screen::stderr().palette;
    if error.downcast_ref::<StillRunning>().is_some() {
        print_error(&error.to_string());
    } else {
        print_error(&format!("{} {error:#}", palette.bad("error:")));
    }
    ExitCode::from(code_of(error))
}

pub(super) fn code_of(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<Usage>().is_some() {
        2
    } else if error.downcast_ref::<StillRunning>().is_some() {
        3
    } else {
        1
    }
}

/// Resolves at Ctrl-C, or when `down` (or a shutdown of the system) sends SIGTERM.
///
/// # Errors
/// No handler of the signals can be installed.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for signals")?;
    let mut hang_up = signal(SignalKind::hangup()).context("listening for signals")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

/// Prints a line of output, with control characters made visible (see [`escape`]). A reader that went away (`| head`) ends the output, not the command.
pub fn print(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{}", for_terminal(line));
}

/// Prints a line beside the output, in the same way: progress and errors.
pub fn print_error(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{}", for_terminal(line));
}

/// Replaces the last `drawn` lines of the terminal, which [`redraw`] printed before.
pub fn redraw(drawn: usize, lines: &[String]) {
    use std::io::Write;
    let mut text = String::new();
    if drawn > 0 {
        text.push_str(&format!("\x1b[{drawn}A"));
    }
    for line in lines {
        // A line break within a line would be one that is not counted.
        let line = line.replace('\n', " ");
        text.push_str(&format!("\r\x1b[2K{}\n", for_terminal(&line)));
    }
    text.push_str("\x1b[J");
    // One write, against flicker. An error is dropped: a closed terminal must not end the work.
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints a value for programs.
///
/// # Errors
/// The value cannot be represented in JSON.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&json_text(value)?);
    Ok(())
}

/// Returns a value as JSON text without a control character but line breaks.
pub(super) fn json_text(value: &impl serde::Serialize) -> anyhow::Result<String> {
    let text = serde_json::to_string_pretty(value).context("writing JSON")?;
    Ok(escape::json(&text).into_owned())
}
