//! Reports the phases of long work and records the duration of each.
//!
//! A spinner on a terminal, one plain line per phase elsewhere (a log, CI), nothing at all in tests. The durations are
//! recorded in every variant: the demo prints them.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The display of a [`Progress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Spinner,
    Lines,
    Nothing,
}

/// A reporter that may be cloned and passed down; the clones share their records.
#[derive(Debug, Clone)]
pub struct Progress {
    shown: Shown,
    /// Phases may run concurrently, a line each.
    bars: MultiProgress,
    finished: Arc<Mutex<Vec<(String, Duration)>>>,
}

impl Progress {
    /// Creates a reporter on standard error. `NO_COLOR` (or `TERM=dumb`) selects plain lines even on a terminal.
    #[must_use]
    pub fn stderr() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let shown = if std::io::stderr().is_terminal() && !plain {
            Shown::Spinner
        } else {
            Shown::Lines
        };
        Self::shown_as(shown)
    }

    /// Creates a reporter that shows nothing and still measures.
    #[must_use]
    pub fn quiet() -> Self {
        Self::shown_as(Shown::Nothing)
    }

    fn shown_as(shown: Shown) -> Self {
        Self {
            shown,
            bars: MultiProgress::new(),
            finished: Arc::default(),
        }
    }

    /// Begins a phase, named as an activity ("Fetching Postgres"). It lasts until the guard is dropped or
    /// [`Phase::done`] is called.
    pub fn phase(&self, name: impl Into<String>) -> Phase {
        let name = name.into();
        let bar = match self.shown {
            Shown::Spinner => Some(spinner(&self.bars, &name)),
            Shown::Lines | Shown::Nothing => None,
        };
        Phase {
            progress: self.clone(),
            name,
            bar,
            note: None,
            began: Instant::now(),
            over: false,
        }
    }

    /// Prints a line that is not a phase.
    pub fn print(&self, text: &str) {
        match self.shown {
            // Above the spinners, which are drawn again below it.
            Shown::Spinner => self.bars.suspend(|| print_line(text)),
            Shown::Lines => print_line(text),
            Shown::Nothing => {}
        }
    }

    /// Returns the phases that have ended so far, in order, with their durations.
    #[must_use]
    pub fn durations(&self) -> Vec<(String, Duration)> {
        self.remembered().clone()
    }

    fn remembered(&self) -> MutexGuard<'_, Vec<(String, Duration)>> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running phase.
#[derive(Debug)]
pub struct Phase {
    progress: Progress,
    name: String,
    bar: Option<ProgressBar>,
    note: Option<String>,
    began: Instant,
    over: bool,
}

impl Phase {
    /// Adds a remark ("24 MB") to the phase's line.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} ({note})", self.name));
        }
        self.note = Some(note);
    }

    /// Ends the phase with success.
    pub fn done(mut self) {
        self.finish("✓");
    }

    fn finish(&mut self, mark: &str) {
        if self.over {
            return;
        }
        self.over = true;
        let took = self.began.elapsed();
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let note = self
            .note
            .as_ref()
            .map_or_else(String::new, |note| format!(" ({note})"));
        self.progress.print(&format!(
            "{mark} {}{note}  {:.1} s",
            self.name,
            took.as_secs_f64()
        ));
        self.progress.remembered().push((self.name.clone(), took));
    }
}

impl Drop for Phase {
    /// Marks a phase left by an early return as failed: its error is printed where it is handled.
    fn drop(&mut self) {
        self.finish("✗");
    }
}

fn spinner(bars: &MultiProgress, name: &str) -> ProgressBar {
    let bar = bars.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Prints a line. A closed standard error must not end the work.
fn print_line(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    #[test]
    fn phases_are_recorded_in_order_when_hidden() {
        let progress = Progress::quiet();
        progress.phase("Fetching").done();
        drop(progress.phase("Unpacking"));
        let names: Vec<String> = progress
            .durations()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["Fetching", "Unpacking"]);
    }

    #[test]
    fn phase_is_recorded_once_by_all_clones() {
        let progress = Progress::quiet();
        let clone = progress.clone();
        let mut phase = progress.phase("Fetching");
        phase.note("24 MB");
        assert!(clone.durations().is_empty());
        phase.done();
        assert_eq!(clone.durations().len(), 1);
    }
}
