//! `goalpost goal ID --why`: the runbooks that were considered for the plans of a goal.

use serde::{Deserialize, Serialize};

use super::super::arguments::Global;
use super::super::{print, print_json};
use crate::render::{Screen, table};
use client::Client;

/// A row of `runbook_matches`, with the runbook's name.
#[derive(Debug, Serialize, Deserialize)]
struct Match {
    revision: i32,
    position: i32,
    runbooks: Named,
    relevance: f64,
    relevance_by_words: f64,
    /// None if the question was matched by words alone.
    relevance_by_meaning: Option<f64>,
    type_prior: f64,
    success: f64,
    cost_factor: f64,
    score: f64,
    is_explored: bool,
    fit: String,
    uncovered: Vec<String>,
    refusal: Option<String>,
    is_chosen: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Named {
    name: String,
    version: i32,
}

/// A row of `plan_revisions`.
#[derive(Debug, Serialize, Deserialize)]
struct Revision {
    revision: i32,
    run_id: i64,
    reasons: Vec<String>,
    runbook_id: Option<i64>,
}

/// Prints every plan's reasons, and the runbooks that were considered for it.
pub(super) async fn show(client: &Client, goal_id: i64, global: &Global) -> anyhow::Result<()> {
    let query = [
        (
            "select",
            "revision,run_id,reasons,runbook_id,workflow_runs!inner(goal_id)".to_owned(),
        ),
        ("workflow_runs.goal_id", format!("eq.{goal_id}")),
        ("order", "revision.asc".to_owned()),
    ];
    let revisions: Vec<Revision> = client.select("plan_revisions", &query).await?;
    let Some(run) = revisions.first().map(|one| one.run_id) else {
        print("It has no plan yet.");
        return Ok(());
    };
    let query = [
        (
            "select",
            "revision,position,runbooks(name,version),relevance,relevance_by_words,relevance_by_meaning,type_prior,success,cost_factor,score,is_explored,fit,uncovered,refusal,is_chosen".to_owned(),
        ),
        ("run_id", format!("eq.{run}")),
        ("order", "revision.asc,position.asc".to_owned()),
    ];
    let matches: Vec<Match> = client.select("runbook_matches", &query).await?;
    if global.json {
        return print_json(&serde_json::json!({"plans": revisions, "considered": matches}));
    }
    let screen = Screen::stdout();
    for plan in &revisions {
        print(&screen.palette.strong(&format!("plan {}", plan.revision)));
        plan.reasons
            .iter()
            .for_each(|reason| print(&format!("  {reason}")));
        let considered = matches.iter().filter(|one| one.revision == plan.revision);
        let rows: Vec<Vec<String>> = considered.map(row).collect();
        if rows.is_empty() {
            let why = match plan.runbook_id {
                Some(_) => "  It was asked for by name.",
                None => "  No runbook is near the question.",
            };
            print(&screen.palette.dim(why));
            continue;
        }
        let headings = [
            "",
            "RUNBOOK",
            "SCORE",
            "RELEVANCE",
            "WORDS",
            "MEANING",
            "TYPE",
            "SUCCESS",
            "COST",
            "FIT",
            "NOTE",
        ];
        table::lines(screen, &headings, &rows)
            .iter()
            .for_each(|line| print(line));
    }
    let formula = "score = relevance × type^0.1 × success^0.3 × cost^0.1; relevance is the greater of words and meaning; success is the lower bound of the success rate here";
    print(&screen.palette.dim(formula));
    Ok(())
}

fn row(one: &Match) -> Vec<String> {
    let note = match (&one.refusal, one.uncovered.as_slice()) {
        (Some(refusal), _) => refusal.clone(),
        (None, []) if one.is_explored => "a candidate on trial".to_owned(),
        (None, []) => String::new(),
        (None, words) => format!("does not cover: {}", words.join(", ")),
    };
    let share = |number: f64| format!("{number:.2}");
    vec![
        if one.is_chosen {
            "→".to_owned()
        } else {
            String::new()
        },
        format!("{} {}", one.runbooks.name, one.runbooks.version),
        share(one.score),
        share(one.relevance),
        share(one.relevance_by_words),
        one.relevance_by_meaning
            .map_or_else(|| "–".to_owned(), share),
        share(one.type_prior),
        share(one.success),
        share(one.cost_factor),
        one.fit.clone(),
        note,
    ]
}
