//! Shows a request while it is worked on: redrawn on a terminal, a line per event elsewhere.
//!
//! It reads new events by their sequence three times a second, and the rest only after new events (on a terminal, also
//! once a second, so that running steps show as running).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::{StillRunning, print_error, redraw, stop_signal};
use crate::render::palette::mark;
use crate::render::{Screen, one_line, took, tree};
use client::{Approval, Client, Error, Event, Work};

const PAUSE: Duration = Duration::from_millis(300);
const REDRAW: Duration = Duration::from_secs(1);
/// The longest absence of a project before watching ends.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines of the screen that are left for the prompt.
const LINES_LEFT: usize = 2;

/// The condition at which watching ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// The request has ended.
    Ended,
    /// It has ended, or waits for a decision.
    DecisionNeeded,
}

/// Shows a request's work on standard error until it ends, and returns its last state.
///
/// # Errors
/// [`StillRunning`] after Ctrl-C or the limit.
pub(super) async fn watch(
    client: &Client,
    request_id: i64,
    limit: Option<Duration>,
) -> anyhow::Result<Work> {
    let mut watcher = Watcher::new(client, request_id);
    wait(request_id, limit, watcher.watch(Until::Ended)).await
}

/// Waits for the end of a request, whose work does not depend on the waiting process.
///
/// # Errors
/// [`StillRunning`] after Ctrl-C or the limit.
pub(super) async fn wait(
    request_id: i64,
    limit: Option<Duration>,
    end: impl Future<Output = anyhow::Result<Work>>,
) -> anyhow::Result<Work> {
    let interrupted = stop_signal()?;
    let time_is_up = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = end => ended,
        () = interrupted => Err(StillRunning(still_running(request_id)).into()),
        () = time_is_up => Err(StillRunning(still_running(request_id)).into()),
    }
}

fn still_running(request_id: i64) -> String {
    format!(
        "\nRequest {request_id} goes on without this command.\n\
         Watch it: cargo goalpost request {request_id} --follow\n\
         Stop it:  cargo goalpost cancel --request {request_id}"
    )
}

/// A display of one request; it may be used again after a decision and continues from its last event.
pub(super) struct Watcher<'a> {
    client: &'a Client,
    request_id: i64,
    shown: Shown,
    after: i64,
    away_since: Option<Instant>,
    is_introduced: bool,
}

enum Shown {
    Drawn(Canvas),
    Lines { screen: Screen, announced: Vec<i64> },
}

impl<'a> Watcher<'a> {
    pub(super) fn new(client: &'a Client, request_id: i64) -> Self {
        let screen = Screen::stderr();
        let shown = match screen.is_terminal {
            true => Shown::Drawn(Canvas { screen, lines: 0 }),
            false => Shown::Lines {
                screen,
                announced: Vec::new(),
            },
        };
        Self {
            client,
            request_id,
            shown,
            after: 0,
            away_since: None,
            is_introduced: false,
        }
    }

    pub(super) async fn watch(&mut self, until: Until) -> anyhow::Result<Work> {
        let mut work = self.client.work(self.request_id).await?;
        let mut read_at = Instant::now();
        loop {
            let events = match self.events(&work).await {
                Ok(events) => events,
                Err(error) => {
                    self.tolerate(error)?;
                    VecDeque::new()
                }
            };
            let is_old = read_at.elapsed() >= REDRAW && matches!(self.shown, Shown::Drawn(_));
            if !events.is_empty() || is_old || work.root_run_id().is_none() {
                match self.client.work(self.request_id).await {
                    Ok(newer) => {
                        work = newer;
                        read_at = Instant::now();
                    }
                    Err(error) => self.tolerate(error)?,
                }
            }
            self.show(&work, &events);
            let decides =
                until == Until::DecisionNeeded && work.pending_approvals().next().is_some();
            if (work.has_ended() || decides) && self.is_up_to_date(&work).await {
                self.finish();
                return Ok(work);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn events(&mut self, work: &Work) -> Result<VecDeque<Event>, Error> {
        let Some(root) = work.root_run_id() else {
            return Ok(VecDeque::new());
        };
        let events = self.client.events(root, self.after).await?;
        self.away_since = None;
        self.after = events.last().map_or(self.after, |event| event.sequence);
        Ok(events.into())
    }

    /// Returns true if all events are read: lines are made from events, so those of the end must be there too.
    async fn is_up_to_date(&mut self, work: &Work) -> bool {
        let Ok(events) = self.events(work).await else {
            return true;
        };
        self.show(work, &events);
        true
    }

    /// Tolerates a project that is away for a moment.
    fn tolerate(&mut self, error: Error) -> anyhow::Result<()> {
        let since = *self.away_since.get_or_insert_with(Instant::now);
        if error.is_passing() && since.elapsed() < PATIENCE {
            return Ok(());
        }
        self.finish();
        Err(error.into())
    }

    fn show(&mut self, work: &Work, events: &VecDeque<Event>) {
        match &mut self.shown {
            Shown::Drawn(canvas) => {
                let mut lines = tree::lines(work, canvas.screen, Utc::now());
                lines.extend(decisions(work, canvas.screen));
                canvas.draw(&lines);
            }
            Shown::Lines { screen, announced } => {
                if !self.is_introduced {
                    self.is_introduced = true;
                    print_error(&format!(
                        "request {}: {}",
                        work.request.id,
                        one_line(&work.request.question, 120)
                    ));
                }
                for event in events {
                    if let Some(line) = event_line(event, work, *screen) {
                        print_error(&line);
                    }
                }
                for approval in work.pending_approvals() {
                    if !announced.contains(&approval.id) {
                        announced.push(approval.id);
                        print_error(&format!(
                            "          waits for a decision: {}  ({})",
                            one_line(&approval.question, 100),
                            command_for(approval)
                        ));
                    }
                }
            }
        }
    }

    /// Leaves the drawn lines on the screen.
    fn finish(&mut self) {
        if let Shown::Drawn(canvas) = &mut self.shown {
            canvas.lines = 0;
        }
    }
}

/// Returns the pending decisions, each with the command to type, within the screen's width.
fn decisions(work: &Work, screen: Screen) -> Vec<String> {
    let lines = work.pending_approvals().flat_map(|approval| {
        let question = format!("? {}", one_line(&approval.question, screen.width));
        [
            screen.palette.asks(&question),
            format!("  {}", command_for(approval)),
        ]
    });
    lines
        .map(|line| console::truncate_str(&line, screen.width, "…").into_owned())
        .collect()
}

/// Returns the command that decides.
pub(super) fn command_for(approval: &Approval) -> String {
    let id = approval.id;
    match approval.kind.as_str() {
        "question" => format!("cargo goalpost approve {id} --answer '…'"),
        "outcome_unknown" => format!("cargo goalpost approve {id} --happened | --not-happened"),
        _ => format!("cargo goalpost approve {id} | reject {id}"),
    }
}

/// The area of a terminal where lines are redrawn.
struct Canvas {
    screen: Screen,
    lines: usize,
}

impl Canvas {
    fn draw(&mut self, lines: &[String]) {
        let height = console::Term::stderr()
            .size_checked()
            .map_or(50, |(rows, _)| usize::from(rows));
        let room = height.saturating_sub(LINES_LEFT).max(3);
        let lines = within(lines, room, self.screen);
        redraw(self.lines, &lines);
        self.lines = lines.len();
    }
}

/// Returns the lines that fit on the screen: the head, and the end, where the work is.
fn within(lines: &[String], room: usize, screen: Screen) -> Vec<String> {
    if lines.len() <= room {
        return lines.to_vec();
    }
    let left_out = lines.len() - room + 1;
    let (head, rest) = lines.split_at(lines.len().min(3).min(room));
    let mut shown = head.to_vec();
    shown.push(screen.palette.dim(&format!("   … {left_out} more above")));
    shown.extend(rest.iter().skip(left_out).cloned());
    shown
}

/// Returns an event as a line: `     1.2 s  ✓ missing_rls  Tables without row-level security`.
pub(super) fn event_line(event: &Event, work: &Work, screen: Screen) -> Option<String> {
    let since = took(work.request.created_at, event.created_at);
    let (subject, happened) = event.kind.split_once('.')?;
    let palette = screen.palette;
    let step = work
        .steps
        .iter()
        .find(|step| step.run_id == event.run_id && Some(&step.key) == event.step_key.as_ref());
    // Shown already: by the decision itself, and by the goal that was opened for the request.
    let is_shown = match subject {
        "step" => happened == "completed" && step.is_some_and(|step| step.kind == "approval"),
        "run" => {
            happened == "completed" && event.goal_id.is_none() && work.request.goal_id.is_some()
        }
        _ => false,
    };
    if is_shown {
        return None;
    }
    let description = match (subject, &event.step_key) {
        ("step" | "approval", Some(key)) => {
            let title = step.map(|step| step.title.as_str()).unwrap_or_default();
            let state = if happened == "retried" {
                "failed"
            } else {
                happened
            };
            let state = if happened == "requested" {
                "waiting"
            } else {
                state
            };
            let mark = palette.state(state, mark(state));
            let decision = if subject == "approval" {
                format!(" · {happened}")
            } else {
                String::new()
            };
            format!(
                "{mark} {key:24} {}{decision}{}",
                palette.dim(&one_line(title, 60)),
                note(event)
            )
        }
        ("goal", _) => {
            let goal = work
                .goals
                .iter()
                .find(|goal| Some(goal.id) == event.goal_id);
            let title = goal.map(|goal| goal.title.as_str()).unwrap_or_default();
            format!(
                "● goal {}: {}",
                event.goal_id.unwrap_or_default(),
                one_line(title, 80)
            )
        }
        ("run", _) => {
            let name = match event.goal_id {
                Some(goal) => format!("goal {goal}"),
                None => "request".to_owned(),
            };
            format!(
                "{} {name} {happened}{}",
                palette.state(happened, mark(happened)),
                note(event)
            )
        }
        _ => return None,
    };
    Some(format!("{since:>10}  {description}").trim_end().to_owned())
}

fn note(event: &Event) -> String {
    let text = event
        .data
        .get("message")
        .or_else(|| event.data.get("reason"))
        .and_then(|text| text.as_str());
    text.map(|text| format!(" · {}", one_line(text, 120)))
        .unwrap_or_default()
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
    use local_stack::terminal::Palette;

    #[test]
    fn tall_tree_keeps_its_head_and_end() {
        let screen = Screen {
            palette: Palette::PLAIN,
            width: 80,
            is_terminal: true,
        };
        let lines: Vec<String> = (1..=10).map(|number| number.to_string()).collect();
        let shown = within(&lines, 6, screen);
        assert_eq!(shown, ["1", "2", "3", "   … 5 more above", "9", "10"]);
        assert_eq!(shown.len(), 6);
        assert_eq!(within(&lines, 10, screen), lines);
    }
}
