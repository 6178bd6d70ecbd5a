//! Says what long work is doing, and remembers how long each part of it took.
//!
//! A spinner where a person watches a terminal, one plain line per phase otherwise (a log, CI), nothing at all
//! in tests. The durations are kept in every variant: the demo prints where the time went.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How a [`Progress`] shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Spinner,
    Lines,
    Nothing,
}

/// A reporter that may be cloned and handed down; the clones share what they remember.
#[derive(Debug, Clone)]
pub struct Progress {
    shown: Shown,
    /// Phases may be under way side by side, a line each.
    bars: MultiProgress,
    finished: Arc<Mutex<Vec<(String, Duration)>>>,
}

impl Progress {
    /// Reports on standard error. `NO_COLOR` (or `TERM=dumb`) asks for plain lines even on a terminal.
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

    /// Reports nothing, and still measures.
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

    /// Says one thing that is not a phase, on a line of its own.
    pub fn say(&self, text: &str) {
        match self.shown {
            // Above the spinners, which are drawn again below it.
            Shown::Spinner => self.bars.suspend(|| print_line(text)),
            Shown::Lines => print_line(text),
            Shown::Nothing => {}
        }
    }

    /// The phases that have ended so far, in order, with how long each took.
    #[must_use]
    pub fn durations(&self) -> Vec<(String, Duration)> {
        self.remembered().clone()
    }

    fn remembered(&self) -> MutexGuard<'_, Vec<(String, Duration)>> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A phase that is under way.
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
    /// Adds what is happening just now ("24 MB") to the phase's line.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} ({note})", self.name));
        }
        self.note = Some(note);
    }

    /// Ends the phase well.
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
        self.progress.say(&format!(
            "{mark} {}{note}  {:.1} s",
            self.name,
            took.as_secs_f64()
        ));
        self.progress.remembered().push((self.name.clone(), took));
    }
}

impl Drop for Phase {
    /// A phase left by an early return failed: its error is printed by whoever handles it.
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

/// A closed standard error must not end the work that is reported on.
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
    fn phases_are_remembered_in_order_even_when_nothing_is_shown() {
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
    fn a_phase_is_counted_once_and_by_all_clones() {
        let progress = Progress::quiet();
        let clone = progress.clone();
        let mut phase = progress.phase("Fetching");
        phase.note("24 MB");
        assert!(clone.durations().is_empty());
        phase.done();
        assert_eq!(clone.durations().len(), 1);
    }
}
