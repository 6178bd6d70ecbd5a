//! `goalpost report`: the whole report of a goal, or of a period of a workspace, as Markdown, JSON, or one HTML file; or
//! the queries behind its numbers.

mod data;
mod html;
mod markdown;
mod page;
mod period;
mod plots;
mod queries;

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use chrono::Utc;
use serde::Serialize;
use serde_json::json;

use super::arguments::{Global, Report as Arguments, Since};
use super::{answer, ask, connect, print, print_json};
use data::Report;
use queries::Query;

pub(super) async fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    match (arguments.goal, arguments.since) {
        (Some(goal), _) => of_goal(goal, arguments, global).await,
        (None, Some(since)) => of_period(since, arguments, global).await,
        // clap requires one of them.
        (None, None) => Ok(()),
    }
}

async fn of_goal(goal: i64, arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    if arguments.sql {
        return print_queries(&queries::of_goal(goal), global);
    }
    let client = connect::client(global).await?;
    let report: Report = client
        .call("read_report", &json!({"p_goal_id": goal}))
        .await?;
    let html = arguments.html.as_deref();
    show(&report, html, global, html::page, markdown::text)
}

async fn of_period(since: Since, arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let now = Utc::now();
    let until = arguments.until.map_or(now, |until| until.before(now));
    let since = since.before(now);
    if arguments.sql {
        return print_queries(&queries::of_period(workspace, since, until), global);
    }
    let call = json!({"p_workspace_id": workspace, "p_since": since, "p_until": until});
    let report: period::Report = client.call("read_period_report", &call).await?;
    let html = arguments.html.as_deref();
    show(&report, html, global, period::page, period::text)
}

/// Writes the report as HTML, or prints it as JSON or Markdown.
fn show<R: Serialize>(
    report: &R,
    path: Option<&Path>,
    global: &Global,
    page: impl Fn(&R) -> String,
    text: impl Fn(&R) -> String,
) -> anyhow::Result<()> {
    if let Some(path) = path {
        fs::write(path, page(report)).with_context(|| format!("writing {}", path.display()))?;
        if !global.json {
            print(&format!("Wrote {}.", path.display()));
        }
        return Ok(());
    }
    if global.json {
        return print_json(report);
    }
    answer::print_text(&text(report));
    Ok(())
}

fn print_queries(queries: &[Query], global: &Global) -> anyhow::Result<()> {
    if global.json {
        return print_json(&queries);
    }
    for line in queries::lines(queries) {
        print(&line);
    }
    Ok(())
}
