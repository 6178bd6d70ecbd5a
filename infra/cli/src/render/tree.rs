//! Formats a request as a tree: the request, its goal, steps, and sub-goals below the step that waits for them.
//!
//! The input is one reading of the rows and one moment ("now"), so that the same rows always give the same lines.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::palette::mark;
use super::{Screen, one_line, took};
use client::{Goal, Run, Step, Work};

/// Cells of a progress bar.
const BAR: usize = 16;
/// Titles are padded to the longest, up to this.
const TITLE_AT_MOST: usize = 46;
/// No title is cut to less than this.
const TITLE_AT_LEAST: usize = 10;
/// Columns that the branch, the mark, the gaps and the usual remark take.
const BESIDE_TITLES: usize = 36;

/// Returns the lines of a whole request.
pub(crate) fn lines(work: &Work, screen: Screen, now: DateTime<Utc>) -> Vec<String> {
    let mut tree = Tree {
        work,
        screen,
        now,
        lines: Vec::new(),
    };
    tree.request();
    tree.lines
        .iter()
        .map(|line| console::truncate_str(line, screen.width, "…").into_owned())
        .collect()
}

/// Returns the lines of one goal, with everything below it.
pub(crate) fn lines_of_goal(
    work: &Work,
    goal_id: i64,
    screen: Screen,
    now: DateTime<Utc>,
) -> Vec<String> {
    let mut tree = Tree {
        work,
        screen,
        now,
        lines: Vec::new(),
    };
    if let Some(goal) = work.goals.iter().find(|goal| goal.id == goal_id) {
        tree.goal(goal, "", "", "");
    }
    tree.lines
        .iter()
        .map(|line| console::truncate_str(line, screen.width, "…").into_owned())
        .collect()
}

struct Tree<'a> {
    work: &'a Work,
    screen: Screen,
    now: DateTime<Utc>,
    lines: Vec<String>,
}

impl<'a> Tree<'a> {
    fn request(&mut self) {
        let palette = self.screen.palette;
        let request = &self.work.request;
        let duration = took(request.created_at, request.ended_at.unwrap_or(self.now));
        let tail = format!("request {} · {} · {duration}", request.id, request.state);
        let room = self.screen.width.saturating_sub(tail.chars().count() + 4);
        self.lines.push(format!(
            "{} {}  {}",
            palette.state(&request.state, mark(&request.state)),
            palette.strong(&one_line(&request.question, room)),
            palette.dim(&tail)
        ));
        let work = self.work;
        let Some(root) = work.runs.first() else {
            return;
        };
        let goal = work.goals.iter().find(|goal| goal.parent_goal_id.is_none());
        let followed_by_goal = if goal.is_some() { Last::No } else { Last::Yes };
        // A runbook that was started by name has only its goal's run.
        if goal.is_none() || root.goal_id.is_none() {
            self.steps(root, "", followed_by_goal);
        }
        if let Some(goal) = goal {
            self.goal(goal, "", "└─ ", "   ");
        }
    }

    fn goal(&mut self, goal: &'a Goal, before: &str, branch: &str, below: &str) {
        let palette = self.screen.palette;
        let duration = took(goal.created_at, goal.ended_at.unwrap_or(self.now));
        self.lines.push(format!(
            "{before}{branch}{} {}  {}",
            palette.state(&goal.state, mark(&goal.state)),
            palette.strong(&goal.title),
            palette.dim(&format!("goal {} · {} · {duration}", goal.id, goal.state))
        ));
        let before = format!("{before}{below}");
        let work = self.work;
        if let Some(progress) = work
            .progress
            .iter()
            .find(|progress| progress.goal_id == goal.id)
        {
            let bar = bar(progress.progress.unwrap_or_default());
            let bar = palette.state(&goal.state, &bar);
            let estimated = progress.estimated().filter(|_| goal.state == "active");
            let estimated = estimated.map_or_else(String::new, |cost| format!(", {cost}"));
            self.lines.push(format!(
                "{before}{bar}  {}",
                palette.dim(&format!("{}{estimated}", progress.explanation))
            ));
        }
        if let Some(reason) = goal.reason.as_deref().filter(|_| goal.state == "failed") {
            self.lines.push(format!(
                "{before}{}",
                palette.bad(&one_line(reason, self.screen.width))
            ));
        }
        let Some(run) = work.runs.iter().find(|run| run.goal_id == Some(goal.id)) else {
            return;
        };
        self.steps(run, &before, Last::Yes);
    }

    /// Adds the steps of a run; `last` is whether more lines follow at the same depth.
    fn steps(&mut self, run: &Run, before: &str, last: Last) {
        let steps = in_order(self.work, run.id);
        let columns = Columns::of(
            &steps,
            self.screen.width.saturating_sub(before.chars().count()),
        );
        for (number, step) in steps.iter().enumerate() {
            let is_last = number + 1 == steps.len() && last == Last::Yes;
            let (branch, below) = if is_last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            self.step(step, before, branch, &columns);
            let is_under = |goal: &&Goal| {
                goal.parent_run_id == Some(run.id)
                    && goal.parent_step_key.as_deref() == Some(&step.key)
            };
            let work = self.work;
            if let Some(goal) = work.goals.iter().find(is_under) {
                self.goal(goal, &format!("{before}{below}"), "└─ ", "   ");
            }
        }
    }

    fn step(&mut self, step: &Step, before: &str, branch: &str, columns: &Columns) {
        let palette = self.screen.palette;
        let title = one_line(&step.title, columns.titles);
        let line = format!(
            "{before}{branch}{} {:keys$}  {}{}  {}",
            palette.state(&step.state, mark(&step.state)),
            step.key,
            palette.dim(&title),
            " ".repeat(columns.titles.saturating_sub(title.chars().count())),
            self.remark(step),
            keys = columns.keys,
        );
        self.lines.push(line.trim_end().to_owned());
    }

    /// Returns the remark beside a step's title.
    fn remark(&self, step: &Step) -> String {
        let palette = self.screen.palette;
        let text = match step.state.as_str() {
            "completed" | "failed" => spent(step, self.now).unwrap_or_default(),
            "running" => format!("running {}", spent(step, self.now).unwrap_or_default()),
            "waiting" => self.awaited(step),
            "ready" => match step.run_after.filter(|after| *after > self.now) {
                Some(after) => format!("again in {}", took(self.now, after)),
                None => "ready".to_owned(),
            },
            other => other.to_owned(),
        };
        let tries = match step.attempt {
            1 => String::new(),
            attempt => format!(" · try {attempt} of {}", step.max_attempts),
        };
        let text = palette.state(&step.state, &format!("{text}{tries}"));
        let message = step
            .error
            .get("message")
            .and_then(|message| message.as_str());
        match message.filter(|_| step.state != "completed") {
            Some(message) => format!(
                "{text} · {}",
                palette.bad(&one_line(message, self.screen.width))
            ),
            None => text,
        }
    }

    fn awaited(&self, step: &Step) -> String {
        let approval = self
            .work
            .pending_approvals()
            .find(|approval| approval.run_id == step.run_id && approval.step_key == step.key);
        match approval {
            Some(approval) => format!("approval {} · role {}", approval.id, approval.required_role),
            None if step.kind == "subgoal" => "waits for its sub-goal".to_owned(),
            None => match step.run_after {
                Some(after) => format!("goes on in {}", took(self.now, after)),
                None => "waiting".to_owned(),
            },
        }
    }
}

fn spent(step: &Step, now: DateTime<Utc>) -> Option<String> {
    Some(took(step.started_at?, step.ended_at.unwrap_or(now)))
}

/// Returns a progress bar: `██████░░░░  60 %`.
pub(crate) fn bar(progress: f64) -> String {
    let progress = progress.clamp(0.0, 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped above"
    )]
    let (full, percent) = (
        (progress * BAR as f64) as usize,
        (progress * 100.0).round() as usize,
    );
    format!(
        "{}{} {percent:3} %",
        "█".repeat(full),
        "░".repeat(BAR - full)
    )
}

/// The position among siblings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Yes,
    No,
}

/// The column widths for the steps of one run.
struct Columns {
    keys: usize,
    titles: usize,
}

impl Columns {
    /// Computes the widths; titles are cut first, so that the remarks can be read.
    fn of(steps: &[&Step], width: usize) -> Self {
        let keys = steps
            .iter()
            .map(|step| step.key.len())
            .max()
            .unwrap_or_default();
        let titles = steps
            .iter()
            .map(|step| step.title.chars().count())
            .max()
            .unwrap_or_default();
        let room = width
            .saturating_sub(BESIDE_TITLES + keys)
            .max(TITLE_AT_LEAST);
        Self {
            keys,
            titles: titles.min(TITLE_AT_MOST).min(room),
        }
    }
}

/// Returns the steps of a run, dependencies first: by plan, then by the longest path to them, then by name.
fn in_order(work: &Work, run_id: i64) -> Vec<&Step> {
    let mut steps: Vec<&Step> = work
        .steps
        .iter()
        .filter(|step| step.run_id == run_id)
        .collect();
    let mut levels: BTreeMap<&str, usize> = BTreeMap::new();
    // After as many rounds as there are steps every chain has ended; a plan has no cycles.
    for _ in 0..steps.len() {
        let mut changed = false;
        for step in &steps {
            let before = step.depends_on.iter();
            let level = before
                .map(|key| levels.get(key.as_str()).map_or(0, |level| level + 1))
                .max()
                .unwrap_or_default();
            changed |= levels.insert(&step.key, level) != Some(level);
        }
        if !changed {
            break;
        }
    }
    let level = |step: &Step| levels.get(step.key.as_str()).copied().unwrap_or_default();
    // A plan step has the revision that it creates, or the one before; it stands above that revision's steps.
    steps.sort_by_key(|step| (rank(step), level(step), step.key.clone()));
    steps
}

fn rank(step: &Step) -> (i32, i32) {
    match step.kind.as_str() {
        "assess" => (-1, 0),
        "plan" => (plan_number(&step.key), 0),
        "judge" => (plan_number(&step.key), 2),
        _ => (step.revision.max(1), 1),
    }
}

/// Returns the number of a plan: `plan` and `judge` belong to the first, `plan_2` and `judge_2` to the second.
fn plan_number(key: &str) -> i32 {
    key.rsplit_once('_')
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or(1)
}
