//! Colours by meaning, and whether to use them.
//!
//! A colour never adds information to the text; without colours nothing is lost. `NO_COLOR` (<https://no-color.org>),
//! `TERM=dumb` and output that is no terminal turn them off.

use std::io::IsTerminal;

use super::escape::colour;

/// The use of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colours {
    Shown,
    Plain,
}

/// Colours by meaning.
#[derive(Clone, Copy, Debug)]
pub struct Palette(Colours);

/// The target of printed text.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Its colours.
    pub palette: Palette,
    /// The number of columns; wide if it is unknown.
    pub width: usize,
    /// True if lines can be redrawn.
    pub is_terminal: bool,
}

/// Columns of output that is no terminal: lines are for programs and logs then, and rarely cut.
const WIDE: usize = 200;
const NARROWEST: usize = 40;

impl Screen {
    /// Returns the standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::of(std::io::stdout().is_terminal(), &console::Term::stdout())
    }

    /// Returns the standard error.
    #[must_use]
    pub fn stderr() -> Self {
        Self::of(std::io::stderr().is_terminal(), &console::Term::stderr())
    }

    fn of(is_terminal: bool, terminal: &console::Term) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let width = terminal
            .size_checked()
            .map_or(WIDE, |(_, columns)| usize::from(columns));
        Self {
            palette: Palette::chosen(
                is_terminal && !is_dumb,
                std::env::var_os("NO_COLOR").as_deref(),
            ),
            width: if is_terminal {
                width.max(NARROWEST)
            } else {
                WIDE
            },
            is_terminal: is_terminal && !is_dumb,
        }
    }
}

impl Palette {
    /// A palette without colours.
    pub const PLAIN: Self = Self(Colours::Plain);

    /// Returns colours for a terminal, unless `NO_COLOR` is set to a non-empty value.
    pub fn chosen(is_terminal: bool, no_color: Option<&std::ffi::OsStr>) -> Self {
        match is_terminal && no_color.is_none_or(std::ffi::OsStr::is_empty) {
            true => Self(Colours::Shown),
            false => Self(Colours::Plain),
        }
    }

    /// Colours a good end.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Colours a bad end, or an error.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// Colours work in progress.
    pub fn live(self, text: &str) -> String {
        self.paint("36", text)
    }

    /// Colours a text that requires the reader's decision.
    pub fn asks(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// Colours a text of less weight than its surroundings.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Colours a heading, or a name.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Colours by the state of a step, run, goal, request or approval.
    pub fn state(self, state: &str, text: &str) -> String {
        match state {
            "completed" | "answered" | "approved" => self.good(text),
            "failed" | "rejected" | "expired" => self.bad(text),
            "running" | "active" | "accepted" => self.live(text),
            "waiting" => self.asks(text),
            "pending" | "skipped" | "cancelled" | "submitted" => self.dim(text),
            _ => text.to_owned(),
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self.0 {
            Colours::Shown if !text.is_empty() => {
                format!("{}{text}{}", colour(code), colour("0"))
            }
            Colours::Shown | Colours::Plain => text.to_owned(),
        }
    }
}

/// Returns the sign of a state.
pub fn mark(state: &str) -> &'static str {
    match state {
        "completed" | "answered" | "approved" => "✓",
        "failed" | "rejected" | "expired" => "✗",
        "running" | "active" | "accepted" => "●",
        "waiting" => "?",
        "skipped" => "–",
        "cancelled" => "⊘",
        _ => "○",
    }
}
