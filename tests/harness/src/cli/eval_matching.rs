//! `harness eval matching`: how well questions are matched to runbooks.

use local_stack::postgres::Server;
use local_stack::terminal::{Screen, table};

use super::arguments::{EvalMatching, Global};
use super::{print, print_json};
use crate::eval::{self, MatchingReport, Shares};

pub(super) async fn run(arguments: &EvalMatching, global: &Global) -> anyhow::Result<()> {
    let report = eval::run_matching(Server::shared_by_tests().await?).await?;
    if global.json {
        return print_json(&report);
    }
    let row = |name: &str, shares: Shares| {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        vec![
            name.to_owned(),
            shares.questions.to_string(),
            percent(shares.top_1),
            percent(shares.recall_3),
            percent(shares.used),
            percent(shares.false_use),
        ]
    };
    let rows = [
        row("tuning", report.tuning),
        row("held out", report.held_out),
        row("held out, with history", report.held_out_with_history),
    ];
    let headings = [
        "QUESTIONS",
        "NUMBER",
        "BEST IS RIGHT",
        "AMONG THREE",
        "USED",
        "USED WRONGLY",
    ];
    table::lines(Screen::stdout(), &headings, &rows)
        .iter()
        .for_each(|line| print(line));
    print(&format!(
        "median {:.1} ms per question",
        report.median_millis
    ));
    if arguments.misses {
        show_misses(&report);
    }
    Ok(())
}

fn show_misses(report: &MatchingReport) {
    let misses = report.matches.iter().filter(|one| {
        let is_best = one.wants.is_none() || one.ranked.first() == one.wants.as_ref();
        let is_used_wrongly = one.used.is_some() && one.used != one.wants;
        !is_best || is_used_wrongly
    });
    let row = |one: &eval::Matched| {
        vec![
            one.question.clone(),
            one.wants.clone().unwrap_or_else(|| "none".to_owned()),
            one.ranked
                .first()
                .cloned()
                .unwrap_or_else(|| "none".to_owned()),
            one.used.clone().unwrap_or_default(),
            one.uncovered.join(", "),
        ]
    };
    let rows: Vec<Vec<String>> = misses.map(row).collect();
    let headings = ["QUESTION", "RIGHT", "BEST", "USED", "NOT COVERED"];
    table::lines(Screen::stdout(), &headings, &rows)
        .iter()
        .for_each(|line| print(line));
}
