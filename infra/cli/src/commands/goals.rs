//! `goalpost goals`, `goal ID` and `request ID`: lists goals and shows their progress.

mod why;

use chrono::Utc;

use super::arguments::{self, Global};
use super::{answer, connect, print, print_json, watch};
use crate::render::palette::mark;
use crate::render::{Screen, age, table, took, tree};
use client::{Client, Work};

pub(super) async fn list(arguments: &arguments::Goals, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let goals = client.goals(arguments.limit).await?;
    let ids: Vec<i64> = goals.iter().map(|goal| goal.id).collect();
    let progress = client.progress(&ids).await?;
    if global.json {
        let with_progress = |goal: &client::Goal| serde_json::json!({"goal": goal, "progress": progress.iter().find(|progress| progress.goal_id == goal.id)});
        return print_json(&goals.iter().map(with_progress).collect::<Vec<_>>());
    }
    if goals.is_empty() {
        print("There are no goals yet. Set one: cargo goalpost ask \"Audit my database\" --wait");
        return Ok(());
    }
    let (screen, now) = (Screen::stdout(), Utc::now());
    let row = |goal: &client::Goal| {
        let progress = progress.iter().find(|progress| progress.goal_id == goal.id);
        let percent = progress
            .and_then(|progress| progress.progress)
            .unwrap_or_default()
            * 100.0;
        [
            goal.id.to_string(),
            screen.palette.state(
                &goal.state,
                &format!("{} {}", mark(&goal.state), goal.state),
            ),
            format!("{percent:.0} %"),
            age(goal.created_at, now),
            took(goal.created_at, goal.ended_at.unwrap_or(now)),
            goal.title.clone(),
        ]
    };
    let shown = columns(screen.width);
    let pick = |row: [String; 6]| -> Vec<String> {
        let cells = row.into_iter().zip(shown);
        cells
            .filter(|(_, is_shown)| *is_shown)
            .map(|(cell, _)| cell)
            .collect()
    };
    let headings = pick(HEADINGS.map(str::to_owned));
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = goals.iter().map(|goal| pick(row(goal))).collect();
    for line in table::lines(screen, &headings, &rows) {
        print(&line);
    }
    Ok(())
}

const HEADINGS: [&str; 6] = ["GOAL", "STATE", "DONE", "SET", "TOOK", "TITLE"];
/// The width from which all columns leave room for a title.
const WIDE: usize = 76;

/// Returns the columns that fit a screen: a narrow one leaves the times out, so that titles can be read.
fn columns(width: usize) -> [bool; 6] {
    let is_wide = width >= WIDE;
    [true, true, true, is_wide, is_wide, true]
}

pub(super) async fn show(arguments: &arguments::Goal, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let goal = client.goal(arguments.id).await?;
    if arguments.why {
        return why::show(&client, goal.id, global).await;
    }
    // A sub-goal is shown alone; the whole tree is its request's.
    let only = goal.parent_goal_id.map(|_| goal.id);
    show_work(&client, goal.request_id, only, arguments, global).await
}

pub(super) async fn show_request(
    arguments: &arguments::Goal,
    global: &Global,
) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    show_work(&client, arguments.id, None, arguments, global).await
}

async fn show_work(
    client: &Client,
    request_id: i64,
    only_goal: Option<i64>,
    arguments: &arguments::Goal,
    global: &Global,
) -> anyhow::Result<()> {
    if arguments.follow && !global.json {
        let work = watch::watch(client, request_id, None).await?;
        return answer::print_outcome(client, &work).await;
    }
    let work = client.work(request_id).await?;
    if global.json {
        return print_json(&work);
    }
    let (screen, now) = (Screen::stdout(), Utc::now());
    let lines = match only_goal {
        Some(goal) => tree::lines_of_goal(&work, goal, screen, now),
        None => tree::lines(&work, screen, now),
    };
    lines.iter().for_each(|line| print(line));
    let report = match only_goal {
        Some(id) => work
            .goals
            .iter()
            .find(|goal| goal.id == id)
            .and_then(|goal| goal.report.as_deref()),
        None => work.outcome(),
    };
    if let Some(report) = report {
        print("");
        answer::print_text(report);
    }
    if only_goal.is_none() {
        answer::print_criteria(&work);
    }
    advise(&work, screen);
    Ok(())
}

/// Prints the commands that may be typed next.
fn advise(work: &Work, screen: Screen) {
    let mut advice = Vec::new();
    for approval in work.pending_approvals() {
        advice.push(format!("approval {}: {}", approval.id, approval.question));
        advice.push(format!("  {}", watch::command_for(approval)));
    }
    for letter in work
        .dead_letters
        .iter()
        .filter(|letter| letter.may_be_retried())
    {
        advice.push(format!(
            "{} failed for good; try it again: cargo goalpost retry {}",
            letter.step_key, letter.id
        ));
    }
    if !advice.is_empty() {
        print("");
    }
    advice
        .iter()
        .for_each(|line| print(&screen.palette.asks(line)));
}
