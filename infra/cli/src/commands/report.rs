//! `goalpost report ID`: the whole report of a goal as Markdown, JSON, or one HTML file.

mod data;
mod html;
mod markdown;

use std::fs;

use anyhow::Context as _;
use serde_json::json;

use super::arguments::{Global, Report as Arguments};
use super::{answer, connect, print, print_json};
use data::Report;

pub(super) async fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let report: Report = client
        .call("read_report", &json!({"p_goal_id": arguments.goal}))
        .await?;
    if let Some(path) = &arguments.html {
        fs::write(path, html::page(&report))
            .with_context(|| format!("writing {}", path.display()))?;
        if !global.json {
            print(&format!("Wrote {}.", path.display()));
        }
        return Ok(());
    }
    if global.json {
        return print_json(&report);
    }
    answer::print_text(&markdown::text(&report));
    Ok(())
}
