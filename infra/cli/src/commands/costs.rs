//! `goalpost costs`: adds up what the work has cost.

use serde_json::Value;

use super::arguments::{Costs, CostsBy, Global};
use super::raise::dollars;
use super::{ask, connect, print, print_json};
use crate::render::{Screen, table};

/// How a view of costs is read and shown.
struct Shown {
    view: &'static str,
    columns: &'static str,
    order: &'static str,
    heading: &'static str,
}

const fn shown(by: CostsBy) -> Shown {
    const DEAREST: &str = "cost_microusd.desc";
    let (view, columns, order, heading) = match by {
        CostsBy::Day => ("day_costs", "day", "day.desc", "DAY"),
        CostsBy::Goal => ("goal_costs", "goal_id", "goal_id.desc", "GOAL"),
        CostsBy::Agent => ("agent_costs", "agent,version", DEAREST, "AGENT"),
        CostsBy::Runbook => (
            "runbook_costs",
            "runbook,version,runs,successes,microusd_per_success",
            DEAREST,
            "RUNBOOK",
        ),
        CostsBy::Person => ("user_costs", "user_id", DEAREST, "PERSON"),
    };
    Shown {
        view,
        columns,
        order,
        heading,
    }
}

const SUMS: &str = "calls,input_tokens,output_tokens,cost_microusd,estimated_microusd";

pub(super) async fn run(arguments: &Costs, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let shown = shown(arguments.by);
    let query = [
        ("select", format!("{},{SUMS}", shown.columns)),
        ("workspace_id", format!("eq.{workspace}")),
        ("order", shown.order.to_owned()),
        ("limit", arguments.limit.to_string()),
    ];
    let rows: Vec<Value> = client.select(shown.view, &query).await?;
    if global.json {
        return print_json(&rows);
    }
    if rows.is_empty() {
        print("No model has been called yet.");
        return Ok(());
    }
    let mut headings = vec![shown.heading, "CALLS", "TOKENS", "COST", "OF IT ESTIMATED"];
    if arguments.by == CostsBy::Runbook {
        headings.extend(["SUCCEEDED", "COST EACH"]);
    }
    let lines: Vec<Vec<String>> = rows.iter().map(|row| line(row, arguments.by)).collect();
    for line in table::lines(Screen::stdout(), &headings, &lines) {
        print(&line);
    }
    Ok(())
}

fn line(row: &Value, by: CostsBy) -> Vec<String> {
    let number = |name: &str| row.get(name).and_then(Value::as_i64).unwrap_or_default();
    let text = |name: &str| match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let name = match by {
        CostsBy::Day => text("day"),
        CostsBy::Goal => text("goal_id"),
        CostsBy::Agent => format!("{} {}", text("agent"), number("version")),
        CostsBy::Runbook => format!("{} {}", text("runbook"), number("version")),
        CostsBy::Person => text("user_id"),
    };
    let mut cells = vec![
        name,
        number("calls").to_string(),
        number("input_tokens")
            .saturating_add(number("output_tokens"))
            .to_string(),
        dollars(number("cost_microusd")),
        dollars(number("estimated_microusd")),
    ];
    if by == CostsBy::Runbook {
        let each = row.get("microusd_per_success").and_then(Value::as_i64);
        cells.push(format!("{} of {}", number("successes"), number("runs")));
        cells.push(each.map_or_else(|| "–".to_owned(), dollars));
    }
    cells
}
