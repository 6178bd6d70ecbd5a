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
        CostsBy::Model => ("model_costs", "provider,model", DEAREST, "MODEL"),
        CostsBy::AchievedGoal => (
            "achieved_goal_costs",
            "goal_id,goal_type,runbook,version,seconds",
            "goal_id.desc",
            "GOAL",
        ),
        CostsBy::Estimate => (
            "estimate_accuracy",
            "goal_id,goal_type,state,estimated_from,estimated_microusd,least_microusd,most_microusd,is_within",
            "goal_id.desc",
            "GOAL",
        ),
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
    let sums = match arguments.by {
        CostsBy::Estimate => "cost_microusd",
        _ => SUMS,
    };
    let query = [
        ("select", format!("{},{sums}", shown.columns)),
        ("workspace_id", format!("eq.{workspace}")),
        ("order", shown.order.to_owned()),
        ("limit", arguments.limit.to_string()),
    ];
    let rows: Vec<Value> = client.select(shown.view, &query).await?;
    if global.json {
        return print_json(&rows);
    }
    if rows.is_empty() {
        print(match arguments.by {
            CostsBy::AchievedGoal => "No goal is completed yet.",
            CostsBy::Estimate => "No goal with an estimate has ended yet.",
            _ => "No model has been called yet.",
        });
        return Ok(());
    }
    let by = arguments.by;
    let (headings, lines): (Vec<&str>, Vec<Vec<String>>) = if by == CostsBy::Estimate {
        (
            ESTIMATE_HEADINGS.to_vec(),
            rows.iter().map(estimate).collect(),
        )
    } else {
        let mut headings = vec![shown.heading, "CALLS", "TOKENS", "COST", "OF IT ESTIMATED"];
        match by {
            CostsBy::Runbook => headings.extend(["SUCCEEDED", "COST EACH"]),
            CostsBy::AchievedGoal => headings.extend(["SECONDS", "KIND", "RUNBOOK"]),
            _ => {}
        }
        (headings, rows.iter().map(|row| line(row, by)).collect())
    };
    for line in table::lines(Screen::stdout(), &headings, &lines) {
        print(&line);
    }
    Ok(())
}

const ESTIMATE_HEADINGS: [&str; 6] = [
    "GOAL",
    "STATE",
    "ESTIMATED",
    "COST",
    "WITHIN BOUNDS",
    "KIND",
];

fn text(row: &Value, name: &str) -> String {
    match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Returns a goal's estimate and cost, under [`ESTIMATE_HEADINGS`].
fn estimate(row: &Value) -> Vec<String> {
    let cost = |name: &str| row.get(name).and_then(Value::as_i64).map(dollars);
    let is_within = row.get("is_within").and_then(Value::as_bool);
    vec![
        text(row, "goal_id"),
        text(row, "state"),
        cost("estimated_microusd").unwrap_or_default(),
        cost("cost_microusd").unwrap_or_default(),
        if is_within == Some(true) { "yes" } else { "no" }.to_owned(),
        text(row, "goal_type"),
    ]
}

fn line(row: &Value, by: CostsBy) -> Vec<String> {
    let number = |name: &str| row.get(name).and_then(Value::as_i64).unwrap_or_default();
    let text = |name: &str| text(row, name);
    let name = match by {
        CostsBy::Day => text("day"),
        CostsBy::Goal | CostsBy::AchievedGoal | CostsBy::Estimate => text("goal_id"),
        CostsBy::Agent => format!("{} {}", text("agent"), number("version")),
        CostsBy::Runbook => format!("{} {}", text("runbook"), number("version")),
        CostsBy::Person => text("user_id"),
        CostsBy::Model => format!("{} {}", text("provider"), text("model")),
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
    if by == CostsBy::AchievedGoal {
        let runbook = format!("{} {}", text("runbook"), text("version"));
        cells.extend([
            text("seconds"),
            text("goal_type"),
            runbook.trim().to_owned(),
        ]);
    }
    cells
}
