//! What colours mean here, and whether there are any.
//!
//! The one thing to know: a colour never says what the words do not; without colours nothing is lost.
//! `NO_COLOR` (<https://no-color.org>), `TERM=dumb` and output that is no terminal turn them off.

use std::io::IsTerminal;

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colours {
    Shown,
    Plain,
}

/// Colours by meaning.
#[derive(Clone, Copy, Debug)]
pub struct Palette(Colours);

/// The place that text is printed to.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Its colours.
    pub palette: Palette,
    /// Columns; wide where nobody says.
    pub width: usize,
    /// Whether lines can be drawn again.
    pub is_terminal: bool,
}

/// Columns of output that is no terminal: lines are for programs and logs then, and rarely cut.
const WIDE: usize = 200;
const NARROWEST: usize = 40;

impl Screen {
    /// The standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::of(std::io::stdout().is_terminal(), &console::Term::stdout())
    }

    /// The standard error.
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
    /// No colours at all.
    pub const PLAIN: Self = Self(Colours::Plain);

    /// Colours for a terminal, unless `NO_COLOR` is set to something.
    pub fn chosen(is_terminal: bool, no_color: Option<&std::ffi::OsStr>) -> Self {
        match is_terminal && no_color.is_none_or(std::ffi::OsStr::is_empty) {
            true => Self(Colours::Shown),
            false => Self(Colours::Plain),
        }
    }

    /// Ended well.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Ended badly, or is wrong.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// Under way.
    pub fn live(self, text: &str) -> String {
        self.paint("36", text)
    }

    /// Waits for the person who looks.
    pub fn asks(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// Of less weight than what stands beside it.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// A heading, or a name.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// By the state of a step, run, goal, request or approval.
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
            Colours::Shown if !text.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            Colours::Shown | Colours::Plain => text.to_owned(),
        }
    }
}

/// The sign in front of something in this state.
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
